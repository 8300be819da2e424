"""Graphs that nobody thought of: hypothesis builds them, finite differences judge them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, given, settings, strategies as st
from numerics import central_differences, check_close
from samples import numbers

import autograd
from autograd import Tensor, Value

# What a graph starts from: two Values, and tensors of several shapes.
LEAVES: list[Any] = [0.7, -1.3, numbers(3), numbers(2, 3, low=-1.5), numbers(2, 1), np.array(0.4)]
CONSTANTS: list[Any] = [0.5, -2, np.array([0.3, -0.8, 1.1]), np.array([[0.6], [-0.9]])]
POOL = [*LEAVES, *CONSTANTS]

Program = list[tuple[str, int, int]]


def plain(x: Any) -> np.ndarray:
    """The numbers of anything."""
    return np.asarray(autograd.recording.look(x), dtype=float)


def away_from_0(x: Any) -> Any:
    """x, where a kink at 0 is out of reach of the differences."""
    assume(bool(np.all(np.abs(plain(x)) > 1e-3)))
    return x


def last_axis(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """A function along the last axis; what has no axis stays as it is."""
    return lambda x: function(x) if np.ndim(plain(x)) else x


UNARY: dict[str, Callable[[Any], Any]] = {
    "sin": autograd.sin,
    "tanh": autograd.tanh,
    "sigmoid": autograd.sigmoid,
    "softplus": autograd.softplus,
    "gauss": lambda x: autograd.exp(-x * x),
    "arctan": autograd.arctan,
    "square": lambda x: x**2,
    "negative": lambda x: -x,
    "root": lambda x: autograd.sqrt(1 + x * x),
    "log1p": lambda x: autograd.log1p(x * x),
    "erf": autograd.erf,
    "erfc": autograd.erfc,
    "relu": lambda x: autograd.relu(away_from_0(x)),
    "abs": lambda x: abs(away_from_0(x)),
    "reciprocal": lambda x: 1 / (1.5 + x * x),
    "sum": autograd.sum,
    "mean": last_axis(lambda x: autograd.mean(x, axis=-1, keepdims=True)),
    "logsumexp": last_axis(lambda x: autograd.logsumexp(x, axis=-1)),
    "softmax": last_axis(autograd.softmax),
    "cumsum": last_axis(lambda x: autograd.cumsum(x, axis=-1)),
    "backwards": last_axis(lambda x: autograd.getitem(x, index=(..., slice(None, None, -1)))),
    "twice": last_axis(lambda x: autograd.concatenate([x, x], axis=-1)),
    "pick": last_axis(lambda x: autograd.getitem(x, index=(..., [0, 0, -1]))),
    "transpose": last_axis(autograd.transpose),
    "gram": last_axis(lambda x: autograd.matmul(x, autograd.transpose(x))),
    "column": last_axis(lambda x: autograd.reshape(x, shape=(-1, 1))),
    "var": autograd.var,
}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / (1.5 + y * y),
    "pow": lambda x, y: autograd.sigmoid(x) ** y,
    "maximum": lambda x, y: autograd.maximum(x, away_from_0(x - y) + y),
    "arctan2": lambda x, y: autograd.arctan2(x, 1.5 + y * y),
    "logaddexp": autograd.logaddexp,
    "where": lambda x, y: autograd.where(plain(away_from_0(x)) > 0, x, y),
}


def steps() -> st.SearchStrategy[Program]:
    """A program: which function, and how far back in the pool its operands lie."""
    places = st.integers(0, 30)
    step = st.tuples(st.sampled_from([*UNARY, *BINARY]), places, places)
    return st.lists(step, min_size=1, max_size=14)


def run(program: Program, leaves: Sequence[Any]) -> Any:
    """The number that a program computes from its leaves: of nodes a node, of numbers a number."""
    pool = [*leaves, *CONSTANTS]
    kinds = ["value", "value", *["tensor"] * 4, "number", "number", "array", "array"]
    for name, i, j in program:
        i, j = -1 - i % len(pool), -1 - j % len(pool)
        x, y, operands = pool[i], pool[j], {kinds[i], kinds[j]}
        if name in UNARY:
            out, operands = UNARY[name](x), {kinds[i]}
        else:
            if operands == {"value", "array"}:  # an array of Values, which is another test's
                continue
            try:
                np.broadcast_shapes(np.shape(plain(x)), np.shape(plain(y)))
            except ValueError:
                continue
            out = BINARY[name](x, y)
        assume(np.size(plain(out)) <= 64)
        assume(bool(np.all(np.abs(plain(out)) < 30)))
        pool.append(out)
        kinds.append(next(k for k in ("tensor", "array", "value", "number") if k in operands))
    total = 0.0
    for weight, node in enumerate(pool[-4:], start=1):
        total = total + autograd.sum(node) * (weight / 4)
    return total


def nodes() -> list[Any]:
    """The leaves as nodes: floats as Values, arrays as Tensors."""
    return [Value(x) if isinstance(x, float) else Tensor(x) for x in LEAVES]


def gradients_at(program: Program, points: Sequence[Any]) -> list[np.ndarray]:
    """The gradient by every leaf, 0 where the program does not use it."""
    leaves = [
        Value(x.item()) if i < 2 else Tensor(x) for i, x in enumerate(map(np.asarray, points))
    ]
    out = run(program, leaves)
    if isinstance(out, autograd.Node) and out.requires_grad:
        out.backward()
    return [
        np.zeros(np.shape(x)) if v.grad is None else np.asarray(v.grad)
        for x, v in zip(points, leaves, strict=True)
    ]


def as_numbers(points: Sequence[Any]) -> list[Any]:
    """Plain operands: floats and arrays."""
    return [float(x) if np.ndim(x) == 0 else x for x in points]


quick = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


@quick
@given(steps())
def test_the_gradient_of_a_random_graph_is_that_of_central_differences(program: Program) -> None:
    slopes = central_differences(
        lambda *xs: float(plain(run(program, as_numbers(xs)))), LEAVES, step=1e-6
    )
    for gradient, slope in zip(gradients_at(program, LEAVES), slopes, strict=True):
        check_close(gradient, slope, 1e-4)


@quick
@given(steps())
def test_a_second_pass_over_a_random_graph_leaves_the_same_again(program: Program) -> None:
    leaves = nodes()
    out = run(program, leaves)
    assume(isinstance(out, autograd.Node) and out.requires_grad)
    out.backward()
    once = [None if v.grad is None else np.array(v.grad) for v in leaves]
    out.backward()
    for v, first in zip(leaves, once, strict=True):
        assert (v.grad is None) == (first is None)
        if first is not None:
            np.testing.assert_array_equal(v.grad, 2 * first)


@quick
@given(steps())
def test_the_second_derivative_of_a_random_graph_is_the_difference_of_the_first(
    program: Program,
) -> None:
    directions = [0.3 + np.abs(numbers(*np.shape(x))) for x in LEAVES]

    def slope(*points: Any) -> float:
        each = gradients_at(program, points)
        return float(sum(np.sum(g * v) for g, v in zip(each, directions, strict=True)))

    leaves = nodes()
    out = run(program, leaves)
    assume(isinstance(out, autograd.Node) and out.requires_grad)
    out.backward(create_graph=True)
    total: Any = 0.0
    for v, direction in zip(leaves, directions, strict=True):
        if v.grad is not None:
            weight = direction.item() if isinstance(v, Value) else direction
            total = total + autograd.sum(v.grad * weight)
            v.grad = None
    if total.requires_grad:
        total.backward()
    expected = central_differences(slope, LEAVES, step=1e-5)
    for v, by_differences in zip(leaves, expected, strict=True):
        second = np.zeros(v.shape) if v.grad is None else v.grad
        check_close(second, by_differences, 2e-4)


@quick
@given(steps())
def test_forward_and_backward_agree_on_a_random_graph(program: Program) -> None:
    def f(*xs: Any) -> Any:
        out = run(program, xs)
        return out if isinstance(out, autograd.Node) else Value(float(out), requires_grad=False)

    tangents = [0.3 + np.abs(numbers(*np.shape(x))) for x in LEAVES]
    tangents[:2] = [t.item() for t in tangents[:2]]
    _, forward = autograd.jvp(f, LEAVES, tangents)
    _, pull = autograd.vjp(f, *LEAVES)
    backward = sum(np.sum(g * t) for g, t in zip(pull(1.0), tangents, strict=True))
    check_close(float(forward), float(backward), 1e-9)


@quick
@given(steps())
def test_the_gradient_reaches_exactly_the_leaves_below(program: Program) -> None:
    leaves = nodes()
    out = run(program, leaves)
    assume(isinstance(out, autograd.Node) and out.requires_grad)
    below = set(map(id, autograd.topological_order(out)))
    out.backward()
    assert [v.grad is not None for v in leaves] == [id(v) in below for v in leaves]
