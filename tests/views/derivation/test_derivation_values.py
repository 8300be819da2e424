"""Derivations on Values: what is printed, evaluated, is what backward() leaves."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, derivation

Graph = Callable[[], Any]


def logarithm() -> Any:
    x = Value(3.0, "x")
    return (1 + x**2).log()


def square_of_a_logarithm() -> Any:
    x = Value(3.0, "x")
    return (1 + (x**3).log()) ** 2


def neuron_whose_input_is_shared() -> Any:
    w, x, b = Value(-0.5, "w"), Value(0.3, "x"), Value(0.1, "b")
    return (w * x + b + x * x).tanh()


def small_network() -> Any:
    model = nn.MLP(2, [2, 1], activation="sigmoid", rng=0).to_scalars()
    return nn.l2_divergence(model([1.0, 2.0]), [1.0])


def small_classifier() -> Any:
    model = nn.MLP(2, [2, 2], activation="tanh", rng=0).to_scalars()
    return nn.cross_entropy(model([1.0, 2.0]), [0, 1])


def division_and_powers() -> Any:
    x, y = Value(1.5, "x"), Value(-2.0, "y")
    return x / y - (x**y) / (1 - x) + autograd.maximum(x, y) * y.abs()


GRAPHS = [
    logarithm,
    square_of_a_logarithm,
    neuron_whose_input_is_shared,
    small_network,
    small_classifier,
    division_and_powers,
]


def leaves_of(root: Any) -> list[Any]:
    return [x for x in autograd.topological_order(root) if x.is_leaf]


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_lines_evaluated_give_the_gradients_of_backward(graph: Graph) -> None:
    root = graph()
    gradients = derivation(root).gradients()
    root.backward()
    assert len(gradients) == len(leaves_of(root))
    for gradient, leaf in zip(gradients.values(), leaves_of(root), strict=True):
        assert math.isclose(float(gradient), leaf.grad, rel_tol=1e-12, abs_tol=1e-15)


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_numbers_of_paths_and_of_the_factored_form_give_the_gradient(graph: Graph) -> None:
    root = graph()
    lines = {line.name: line for line in derivation(root).lines}
    root.backward()
    results = derivation(root).results
    for leaf, result in zip(leaves_of(root), results.values(), strict=True):
        for name in (result, f"{result}_paths"):
            numbers = lines[name].numbers
            assert numbers is not None
            assert not re.search(r"[a-df-z]", numbers.replace("np.", ""))
            assert math.isclose(eval(numbers), leaf.grad, rel_tol=1e-12, abs_tol=1e-15)


@pytest.mark.parametrize("graph", GRAPHS[:3])
def test_the_printed_numeric_rows_evaluate_to_the_gradient(graph: Graph) -> None:
    root = graph()
    text = str(derivation(root, digits=15))
    root.backward()
    by_name = {leaf.name: leaf.grad for leaf in leaves_of(root)}
    checked = 0
    for block in re.split(r"\n  (?=d|∂)", text):
        rows = [row.strip() for row in re.split(r"\n\n", block)[0].split("\n")]
        match = re.match(r"(?:dL/d|∂L/∂)(\w+) = ", rows[0])
        if match is None or match[1] not in by_name:
            continue
        for row in [row.removeprefix("= ") for row in rows[1:]]:
            python = row.replace("·", "*").replace("−", "-").replace("²", "**2").replace("³", "**3")
            if not re.search(r"[A-Za-df-z∂]", python):
                assert math.isclose(eval(python), by_name[match[1]], rel_tol=1e-9), row
                checked += 1
    assert checked >= 2 * len(by_name)


def test_a_chain_is_written_as_one_product() -> None:
    text = str(derivation(logarithm()))
    assert "dL/dx = ∂L/∂v₂ · ∂v₂/∂v₁ · ∂v₁/∂x" in text
    assert "= 0.6" in text


def test_softmax_and_cross_entropy_leave_the_error_of_the_prediction() -> None:
    root = small_classifier()
    model_outputs: list[Any] = [
        x for x in autograd.topological_order(root) if x.primitive is not None
    ]
    logits = [x for x in model_outputs if x.primitive.name == "matmul"][-2:]
    p = autograd.softmax(np.array([z.data for z in logits]))
    gradients = derivation(root, wrt=logits).gradients()
    np.testing.assert_allclose(list(gradients.values()), p - [0, 1], rtol=1e-12)


def test_two_uses_are_two_paths_and_three_are_three() -> None:
    d = derivation(neuron_whose_input_is_shared())
    assert dict(d.paths) == {"w": 1, "x": 3, "b": 1}


def test_very_many_paths_are_counted_and_not_listed() -> None:
    x = y = Value(1.0, "x")
    for _ in range(200):
        y = y + y
    d = derivation(y)
    assert d.paths["x"] == 2**200
    assert f"{2**200:,}" in str(d)
    assert float(d.gradients()["x"]) == 2.0**200
    assert x.grad is None


def test_a_limit_of_paths_is_a_limit() -> None:
    root = neuron_whose_input_is_shared()
    assert "a sum over 3 paths, counted" in str(derivation(root, max_paths=2))
    assert "counted" not in str(derivation(root, max_paths=3))


def test_a_chain_of_many_nodes_needs_no_recursion() -> None:
    x = y = Value(0.5, "x")
    for _ in range(30_000):
        y = y + 0.0
    d = derivation(y, wrt=x)
    assert d.paths == {"x": 1}
    assert "more lines" in str(d)
    assert len(str(d)) < 100_000
    assert "more lines" in d.latex


def test_an_interior_node_can_be_asked_for() -> None:
    x = Value(2.0, "x")
    h = x * x
    h.name = "h"
    root = h.exp()
    assert math.isclose(float(derivation(root, wrt=h).gradients()["h"]), math.exp(4.0))
    assert float(derivation(root, wrt=root).gradients()["L"]) == 1.0


def test_nothing_is_written_into_the_graph() -> None:
    root = small_network()
    before = [(x.grad, x.name) for x in autograd.topological_order(root)]
    str(derivation(root))
    assert [(x.grad, x.name) for x in autograd.topological_order(root)] == before


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: derivation(cast(Any, 3.0)), TypeError, "takes a node"),
        (lambda: derivation(Value(1.0, requires_grad=False)), ValueError, "requires no gradient"),
        (lambda: derivation(logarithm(), wrt=Value(1.0)), ValueError, "does not depend"),
        (lambda: derivation(logarithm(), wrt=cast(Any, [1.0])), TypeError, "wrt is a node"),
        (lambda: derivation(logarithm(), wrt=[]), ValueError, "empty"),
        (lambda: derivation(logarithm(), layout="pytorch"), ValueError, "layout is one of"),
        (lambda: derivation(logarithm(), max_paths=-1), ValueError, "max_paths"),
        (lambda: derivation(autograd.Tensor([1.0, 2.0])), ValueError, "reduce it to one number"),
    ],
)
def test_errors_say_what_was_expected(
    call: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


def test_an_old_graph_is_refused() -> None:
    x = Value(2.0, "x")
    y = x * x
    x.data = 3.0
    with pytest.raises(autograd.StaleGraphError):
        derivation(y)
