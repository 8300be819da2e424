"""Influence diagrams: the edges are the derivatives that central differences give."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value, influence_diagram

RNG = np.random.default_rng(3)


def edges(picture: Any) -> dict[str, str]:
    """The words of each edge: ∂y₂/∂z₁ and its number."""
    svg = ElementTree.fromstring(picture.svg)
    told = [
        each.findtext("{*}title") or "" for each in svg.iter("{http://www.w3.org/2000/svg}path")
    ]
    return dict(each.split(" = ") for each in told)


def differences(function: Callable[[Any], Any], z: Any, step: float = 1e-6) -> Any:
    """∂function/∂z by central differences."""
    columns = []
    for place in np.ndindex(z.shape):
        up, down = z.copy(), z.copy()
        up[place] += step
        down[place] -= step
        columns.append((np.ravel(function(up)) - np.ravel(function(down))) / (2 * step))
    return np.array(columns).T


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


W = RNG.normal(size=(3, 5))
FUNCTIONS: dict[str, tuple[Any, Any, int]] = {
    "tanh": (autograd.tanh, np.tanh, 4),
    "softmax": (autograd.softmax, softmax, 4),
    "affine": (lambda z: W @ z, lambda z: W @ z, 5),
    "pairs": (lambda z: z[::2] * z[1::2], lambda z: z[::2] * z[1::2], 6),
    "pooling": (
        lambda z: autograd.max(z.reshape(2, 3), axis=1),
        lambda z: z.reshape(2, 3).max(axis=1),
        6,
    ),
    "network": (
        lambda z: autograd.softmax(W @ autograd.tanh(z)),
        lambda z: softmax(W @ np.tanh(z)),
        5,
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_edges_are_the_derivatives_that_are_not_zero(name: str) -> None:
    ours, plain, count = FUNCTIONS[name]
    numbers = RNG.normal(size=count)
    z = Tensor(numbers, "z")
    picture = influence_diagram(ours(z), z, digits=6)
    expected = differences(plain, numbers)
    np.testing.assert_allclose(picture.matrix, expected, atol=1e-8)
    below = "₁₂₃₄₅₆"
    told = {
        f"∂y{below[j]}/∂z{below[i]}": expected[j, i]
        for j, i in np.ndindex(expected.shape)
        if abs(expected[j, i]) > 1e-7
    }
    found = {edge: float(text.replace("−", "-")) for edge, text in edges(picture).items()}
    assert found == pytest.approx(told, rel=1e-4, abs=1e-6)


def test_values_and_tensors_give_the_same_picture() -> None:
    numbers = RNG.normal(size=3)
    values = [Value(x, f"z{i + 1}") for i, x in enumerate(numbers)]
    z = Tensor(numbers, "z")
    scalar = influence_diagram(list(autograd.softmax(np.array(values))), values)
    assert edges(scalar) == edges(influence_diagram(autograd.softmax(z), z))
    assert len(edges(scalar)) == 9


def test_one_instance_of_a_batch_is_counted_along_its_row() -> None:
    z = Tensor(RNG.normal(size=(1, 4)), "z")
    assert list(edges(influence_diagram(nn.PairProduct()(z), z))) == [
        "∂y₁/∂z₁",
        "∂y₁/∂z₂",
        "∂y₂/∂z₃",
        "∂y₂/∂z₄",
    ]


def test_a_zero_has_an_edge_when_it_is_asked_for() -> None:
    z = Tensor([1.0, -2.0, 3.0], "z")
    y = autograd.relu(z)
    assert edges(influence_diagram(y, z)) == {"∂y₁/∂z₁": "1", "∂y₃/∂z₃": "1"}
    assert list(edges(influence_diagram(y, z, zeros=True)).values()).count("0") == 7


def test_inputs_that_depend_on_one_another_are_taken_as_independent() -> None:
    a = Value(2.0, "a")
    b = a * 3.0
    b.name = "b"
    y = a * b
    assert edges(influence_diagram(y, [a, b])) == {"∂y₁/∂a": "6", "∂y₁/∂b": "2"}
    assert edges(influence_diagram([b], [b])) == {"∂b/∂b": "1"}


def test_the_names_are_those_of_all_views() -> None:
    model = nn.MLP(2, [2, 1], activation="tanh", rng=0)
    x = Tensor([0.5, -1.0], "x")
    y = model(x)
    assert list(edges(influence_diagram(y, model.layers[2].weight))) == [
        "∂y₁/∂w⁽²⁾₁₁",
        "∂y₁/∂w⁽²⁾₁₂",
    ]


@pytest.mark.parametrize("count", [2, 5, 8])
def test_the_numbers_of_all_pairs_can_be_read(count: int) -> None:
    z = Tensor(RNG.normal(size=count), "z")
    svg = influence_diagram(autograd.softmax(z), z).svg
    places = [
        (float(x), float(y)) for x, y in re.findall(r'class="local" x="([\d.]+)" y="([\d.]+)"', svg)
    ]
    assert len(places) == count**2
    heights = sorted(y for _, y in places)
    assert min(np.diff(heights)) >= 14
    circles = [float(x) for x in re.findall(r'class="in" cx="([\d.]+)"', svg)]
    assert all(x - max(circles) > 17 + 10 for x, _ in places)


def test_what_cannot_be_drawn_is_refused_with_advice() -> None:
    z = Tensor(np.ones(3), "z")
    y = autograd.softmax(z)
    with pytest.raises(ValueError, match="y was not computed from z"):
        influence_diagram(y, Tensor(np.ones(3)))
    with pytest.raises(
        TypeError, match="the outputs are a Tensor, a Value or a list of Values, got int"
    ):
        influence_diagram(3, z)
    with pytest.raises(TypeError, match="the inputs are a Tensor"):
        influence_diagram(y, [1.0, 2.0])
    for wide, told in (
        (20, "from 1 to 16 outputs, and here are 20"),
        (12, "144 edges cannot be read"),
    ):
        x = Tensor(np.ones(wide))
        with pytest.raises(ValueError, match=f"{told}.*jacobian_picture"):
            influence_diagram(autograd.softmax(x), x)
    with pytest.raises(ValueError, match="theme is one of"):
        influence_diagram(y, z, theme="pink")


def test_it_says_what_it_shows_and_is_saved(tmp_path: Any) -> None:
    z = Tensor([1.0, -2.0], "z")
    picture = influence_diagram(autograd.tanh(z), z)
    assert "∂y₁/∂z₁ = 0.42" in (ElementTree.fromstring(picture.svg).findtext("{*}title") or "")
    assert 'alt="Influence diagram ∂y/∂z: 2 of 4' in picture._repr_html_()
    assert picture.save(tmp_path / "a.svg").read_text(encoding="utf-8") == picture.svg
    pytest.importorskip("matplotlib", reason="pictures of other formats")
    assert picture.save(tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
