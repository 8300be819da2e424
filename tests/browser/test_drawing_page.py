"""Drawings in a page: text that can be read at every width, and buttons to zoom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, draw

Open = Callable[..., Any]

PAGE = """<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"><body style="margin: 8px">{}</body>"""

SMALLEST = 12.0
"""Pixels of the smallest text of a drawing in its natural size."""


def pictures() -> list[Any]:
    x = Value(2.0, "x")
    model = nn.MLP(64, [32, 10], rng=0)
    return [
        draw((x * 3.0).tanh()),
        draw(nn.scalar.MLP(3, [4, 4, 1], rng=0)([1.0, 2.0, 3.0])),
        draw(nn.cross_entropy(model(np.ones((8, 64))), np.zeros(8, int))),
    ]


@pytest.mark.parametrize("width", [390, 1366])
@pytest.mark.parametrize("scripts", [True, False])
def test_text_has_nine_pixels_or_more_and_the_page_is_no_wider_than_the_window(
    open_page: Open, tmp_path: Path, width: int, scripts: bool
) -> None:
    path = tmp_path / "page.html"
    path.write_text(PAGE.format("".join(each._repr_html_() for each in pictures())), "utf-8")
    page = open_page(path, size=(width, 768), java_script_enabled=scripts)
    page.wait_for_load_state()
    boxes = page.locator("[data-zoom-picture]")
    for i in range(boxes.count()):
        natural = float(boxes.nth(i).get_attribute("data-zoom-picture"))
        image = boxes.nth(i).locator("img").bounding_box()
        assert SMALLEST * image["width"] / natural >= 8.9
        assert image["width"] <= natural + 1
        assert boxes.nth(i).bounding_box()["width"] <= width
        assert boxes.nth(i).bounding_box()["height"] <= 665
    assert page.locator("button").count() == (4 * boxes.count() if scripts else 0)


def test_the_buttons_zoom(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(PAGE.format(pictures()[1]._repr_html_()), "utf-8")
    page = open_page(path, size=(1000, 768))
    box = page.locator("[data-zoom-picture]")
    natural = float(box.get_attribute("data-zoom-picture"))

    def width_after(button: str) -> float:
        page.locator("button", has_text=button).click()
        return float(box.locator("img").bounding_box()["width"])

    assert width_after("1:1") == pytest.approx(natural, abs=1)
    assert width_after("+") == pytest.approx(1.25 * natural, abs=1)
    assert width_after("−") == pytest.approx(natural, abs=1)
    width_after("fit")
    image, around = box.locator("img").bounding_box(), box.bounding_box()
    assert image["width"] <= around["width"] + 1
    assert image["height"] <= around["height"] + 1
