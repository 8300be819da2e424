"""Graphs that nobody thought of: hypothesis builds them, and a replay is their eager pass."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume, given, strategies as st
from programs.replays import check_gradients, gradients, near

import autograd
from autograd import Node, Tensor, Value
from tests.engine.test_random_graphs import LEAVES, Program, nodes, quick, run, steps

VALUES = ("x", "y", "z")

UNARY: dict[str, Any] = {
    "tanh": autograd.tanh,
    "sigmoid": autograd.sigmoid,
    "relu": autograd.relu,
    "abs": abs,
    "square": lambda x: x**2,
    "negative": lambda x: -x,
    "root": lambda x: autograd.sqrt(1 + x * x),
    "gauss": lambda x: autograd.exp(-x * x),
    "softplus": autograd.softplus,
    "half": lambda x: 0.5 * x - 1,
}
BINARY: dict[str, Any] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / (1.5 + y * y),
    "maximum": autograd.maximum,
    "pow": lambda x, y: autograd.sigmoid(x) ** y,
    "hypot": autograd.hypot,
    "logaddexp": autograd.logaddexp,
}
MANY: dict[str, Any] = {
    "sum": autograd.sum,
    "mean": autograd.mean,
    "logsumexp": autograd.logsumexp,
    "max": autograd.max,
    "prod": autograd.prod,
    "var": autograd.var,
    "norm": autograd.norm,
    "dot": lambda xs: autograd.dot(xs, xs[::-1]),
    "softmax": lambda xs: autograd.softmax(xs)[0],
}


@st.composite
def scalar_programs(draw: Any) -> list[tuple[str, list[int]]]:
    """Which function, and how far back in the pool its operands lie."""
    place = st.integers(0, 12)
    step = st.tuples(
        st.sampled_from([*UNARY, *BINARY, *MANY]), st.lists(place, min_size=2, max_size=5)
    )
    return draw(st.lists(step, min_size=1, max_size=14))


def computed(program: list[tuple[str, list[int]]], leaves: list[Any], weights: list[Any]) -> Any:
    """The number that a program computes from its leaves and from weights."""
    pool = [*leaves, *weights]
    for name, places in program:
        chosen = [pool[-1 - place % len(pool)] for place in places]
        if name in UNARY:
            out = UNARY[name](chosen[0])
        elif name in BINARY:
            out = BINARY[name](*chosen[:2])
        else:
            out = MANY[name](np.array(chosen, dtype=object))
        out = autograd.tanh(out) * 2.0  # so that nothing grows
        pool.append(out)
    return pool[-1] * weights[0] + pool[-2] + sum(leaves)


@quick
@given(scalar_programs(), st.integers(1, 6))
def test_a_replay_of_a_random_graph_of_values_is_the_eager_pass_for_every_instance(
    program: list[tuple[str, list[int]]], instances: int
) -> None:
    points = np.random.default_rng(len(program)).normal(size=(instances, 3))
    leaves = [Value(0.5 + i, name) for i, name in enumerate(VALUES)]
    weights = [Value(0.7, "v"), Value(-1.1, "w")]
    compiled = autograd.compile(computed(program, leaves, weights), inputs=leaves)
    seed = np.linspace(-1.0, 1.0, instances)
    outputs, sums = [], [0.0] * 3
    for point, g in zip(points.tolist(), seed.tolist(), strict=True):
        eager = [Value(x) for x in point]
        out = computed(program, eager, weights)
        out.backward(g)
        outputs.append(out.data)
        sums = [a + (x.grad or 0.0) for a, x in zip(sums, eager, strict=True)]
    expected = gradients(weights)
    near(compiled(*points.T), outputs, 1e-11, 1.0)
    compiled.backward(seed)
    scale = 1.0 + max(np.max(np.abs(sums)), *(0.0 if g is None else abs(g) for g in expected))
    check_gradients(gradients(weights), expected, 1e-11, scale)
    near([x.grad for x in leaves], sums, 1e-11, scale)


@quick
@given(steps())
def test_a_replay_of_a_random_graph_of_both_kinds_is_the_eager_pass(program: Program) -> None:
    leaves = nodes()
    out = run(program, leaves)
    assume(isinstance(out, Node) and out.requires_grad)
    below = set(map(id, autograd.topological_order(out, arguments=True)))
    places = [i for i, x in enumerate(leaves) if id(x) in below]
    inputs = [leaves[i] for i in places]
    scalar = all(isinstance(x, Value) for x in autograd.topological_order(out, arguments=True))
    compiled = autograd.compile(out, inputs=inputs)
    # The same points: a graph that was recorded elsewhere may lie on another side of a kink.
    moved = [np.asarray(LEAVES[i]) * (1 + 1e-7) for i in places]
    others = nodes()
    for i, x in zip(places, moved, strict=True):
        others[i] = Value(float(x)) if isinstance(leaves[i], Value) else Tensor(x)
    expected = run(program, others)
    expected.backward()
    result = compiled(*(np.atleast_1d(x) if scalar else x for x in moved))
    compiled.backward()
    scale = 1.0 + max(
        float(np.max(np.abs(x.grad), initial=0.0)) for x in others if x.grad is not None
    )
    near(np.reshape(result, ()), np.asarray(expected.data), 1e-11, scale)
    for one, other in zip(leaves, others, strict=True):
        assert (one.grad is None) == (other.grad is None)
        if other.grad is not None:
            near(one.grad, other.grad, 1e-11, scale)
