"""Alternative texts: every picture says in words what it shows, where a reader of the screen looks."""

from __future__ import annotations

import html
import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import autograd
import nn
from autograd import Stepper, Tensor, Value, draw


def tanh() -> Value:
    x, w = Value(2.0, "x"), Value(-3.0, "w")
    y = (w * x + 1.0).tanh()
    y.name = "L"
    return y


def pictures() -> dict[str, tuple[Any, list[str]]]:
    """Pictures, and words that their texts have."""
    model = nn.MLP(2, [3, 2], rng=0)
    z = Tensor([1.0, -2.0, 3.0], "z")
    graph = ["leaves x, w", "operations ×, +, tanh", "output L = −0.9999"]
    loss = nn.cross_entropy(model(np.ones((4, 2))), [0, 1, 0, 1])
    return {
        "values": (draw(tanh()), graph),
        "tensors": (
            draw(loss),
            ["leaves W⁽¹⁾, b⁽¹⁾", "Wx + b (2 times), ReLU", "output mean = 0.80"],
        ),
        "parts": (draw(loss, parts=True), ["softmax", "output mean"]),
        "model": (draw(model), ["layer 1: Linear(2, 3), ReLU(), layer 2: Linear(3, 2)"]),
        "network": (draw(model, view="network"), ["network MLP 2-3-2", "hidden 3 units"]),
        "jacobian": (autograd.jacobian_picture(autograd.tanh(z), z), ["∂tanh(z)/∂z", "diagonal"]),
        "influence": (autograd.influence_diagram(autograd.tanh(z), z), ["∂y₁/∂z₁ = 0.42"]),
    }


@pytest.mark.parametrize("name", pictures())
def test_a_picture_says_what_it_shows_in_its_svg_and_as_an_image_of_a_page(name: str) -> None:
    picture, expected = pictures()[name]
    root = ElementTree.fromstring(picture.svg)
    assert root.get("role") == "img"
    label = root.get("aria-label") or root.findtext("{http://www.w3.org/2000/svg}title") or ""
    (alt,) = re.findall(r'<img[^>]*? alt="([^"]*)"', picture._repr_html_())
    for text in (label, html.unescape(alt)):
        assert all(each in text for each in expected), text


def test_a_stepper_says_what_is_stepped_through() -> None:
    page = Stepper(tanh()).html
    (alt,) = re.findall(r'<img[^>]*? alt="([^"]*)"', page)
    for each in ("Backward pass of L", "leaves x, w", "operations ×, +, tanh", "output L"):
        assert each in alt
    root = ElementTree.fromstring(Stepper(tanh())._diagram.svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == alt


def test_names_cannot_leave_the_text() -> None:
    x = Value(2.0, '"><b>')
    svg = draw(x * x).svg
    assert "<b>" not in svg
    assert '"><b>' in (ElementTree.fromstring(svg).get("aria-label") or "")


def test_no_option_that_repeats_a_shape_is_told() -> None:
    loss = nn.cross_entropy(Tensor(np.ones((4, 3)), "s"), [0, 1, 0, 1])
    assert "classes" not in draw(loss).source


def test_figures_have_their_words_beside_the_image_and_around_it() -> None:
    pytest.importorskip("matplotlib", reason="figures")
    model = nn.MLP(2, [3, 2], rng=0)
    x, y = nn.data.two_moons(40, rng=0)
    figures = [
        (
            nn.inspect.histograms(nn.inspect.observe(model, x)),
            ["3 panels", "fraction by activation"],
        ),
        (nn.inspect.decision_boundary(model, x, y), ["right", "x₂ by x₁"]),
        (
            nn.inspect.learning_curve({"training": [1.0, 0.25]}, {"training": [0.5, 0.75]}),
            ["training from 1 to 0.25", "epoch"],
        ),
    ]
    for figure, expected in figures:
        shown, beside = figure._repr_mimebundle_()
        told = beside["image/png"]["alt"]
        assert all(each in told for each in expected), told
        start = f'<img alt="{html.escape(told)}" src="data:image/png;base64,'
        assert shown["text/html"] == f'{start}{shown["image/png"]}">'
        assert figure._repr_png_().startswith(b"\x89PNG")
