"""Pictures that are printed look as a browser shows them, and their pages work as a notebook does."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, Value, draw, jacobian_picture
from autograd.views.canvas.printing import printed

Open = Callable[..., Any]

COARSE = 8
"""Pixels that are taken together: so many apart letters of two fonts may stand."""


def neuron(theme: str) -> Any:
    x = Value(2.0, "x1")
    y = (x * Value(-3.0, "w1") + Value(6.88, "b")).tanh()
    y.backward()
    return draw(y, theme=theme)


def tensors(theme: str) -> Any:
    model = nn.MLP(3, [4, 2], rng=0)
    return draw(nn.cross_entropy(model(np.ones((5, 3))), np.zeros(5, int)), theme=theme)


def network(theme: str) -> Any:
    return draw(nn.MLP(3, [4, 2], rng=0), np.ones(3), view="network", theme=theme)


def jacobian(theme: str) -> Any:
    t = Tensor([1.0, 2.0, -1.0], "t")
    return jacobian_picture(t.softmax(), t, theme=theme)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("make", [neuron, tensors, network, jacobian])
def test_a_printed_picture_is_what_a_browser_shows(
    open_page: Open, tmp_path: Path, make: Callable[[str], Any], theme: str
) -> None:
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("matplotlib")
    svg = make(theme).svg
    ours = image.open(io.BytesIO(printed(svg, "png"))).convert("RGB")
    width, height = (side // 2 for side in ours.size)
    path = tmp_path / "page.html"
    path.write_text(f'<meta charset="utf-8"><body style="margin: 0">{svg}', "utf-8")
    page = open_page(path, size=(width, height), device_scale_factor=2)
    clip = {"x": 0, "y": 0, "width": width, "height": height}
    seen = image.open(io.BytesIO(page.screenshot(clip=clip)))
    coarse = (2 * width // COARSE, 2 * height // COARSE)
    a, b = (
        np.asarray(each.convert("RGB").resize(coarse, image.Resampling.BOX), float)
        for each in (ours, seen)
    )
    apart = np.abs(a - b).max(axis=2)
    assert apart.mean() < 6.0
    assert np.mean(apart > 60.0) < 0.02  # of 255: a box, an arrow, a text that is not there


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1440])
def test_a_page_has_the_picture_on_its_own_ground_and_zooms(
    open_page: Open, tmp_path: Path, width: int, dark: bool
) -> None:
    path = tensors("auto").save(tmp_path / "graph.html")
    page = open_page(path, size=(width, 800), color_scheme="dark" if dark else "light")
    page.wait_for_load_state()
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == ("rgb(22, 24, 29)" if dark else "rgb(255, 255, 255)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    image = page.locator("[data-zoom-picture] img")
    before = image.bounding_box()["width"]
    page.locator("button", has_text="+").click()
    assert image.bounding_box()["width"] == pytest.approx(1.25 * before, abs=1)
    assert page.title() == draw_title(page)


def draw_title(page: Any) -> str:
    return str(page.locator("img").get_attribute("alt").partition(":")[0])
