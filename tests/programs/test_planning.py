"""Plans: what is shared, folded and dropped, and graphs of 100,000 nodes with little work and memory."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from counting import grows_with
from programs.replays import near

import autograd
import nn
from autograd import Tensor, Value


def made(graph: tuple[Any, list[Any]]) -> autograd.Program:
    """A program of an output and its inputs."""
    output, inputs = graph
    return autograd.compile(output, inputs=inputs, executor="numpy", verify=False)


def chain(n: int) -> tuple[Any, list[Any]]:
    """n operations one after the other."""
    x = Value(0.5, "x")
    out: Any = x
    for _ in range(n // 2):
        out = out * 0.999 + x
    return out, [x]


def fan(n: int) -> tuple[Any, list[Any]]:
    """n operations side by side, and a sum."""
    x = Value(0.5, "x")
    return autograd.sum(np.array([autograd.tanh(x * (i / n)) for i in range(n // 2)])), [x]


@pytest.mark.parametrize("graph", [chain, fan])
def test_a_graph_of_100_000_values_is_planned_and_the_work_grows_as_it_does(graph: Any) -> None:
    assert made(graph(100_000)).stats.recorded >= 99_000
    assert grows_with(made, graph(2_000), graph(8_000), 4)


def test_a_deep_chain_is_replayed() -> None:
    out, inputs = chain(20_000)
    program = made((out, inputs))
    near(program(np.array([0.5]))[0], np.asarray(out.data))
    out.backward()
    expected = inputs[0].grad
    inputs[0].grad = None
    program.backward()
    near(inputs[0].grad, expected)


def test_memory_grows_as_the_graph_does() -> None:
    peaks = []
    for n in (4_000, 16_000):
        out, inputs = chain(n)
        tracemalloc.start()
        program = made((out, inputs))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert program.stats.recorded == n
    assert peaks[1] < 5.5 * peaks[0]


def test_a_network_of_40_000_values_is_planned() -> None:
    model = nn.MLP(784, [50, 10], activation="relu", rng=0).to_scalars()
    x = autograd.values(np.random.default_rng(0).normal(size=784), name="x")
    t = autograd.values(np.eye(10)[3], name="t")
    loss = nn.cross_entropy(model(x), t)
    program = made((loss, [*x, *t]))
    assert len(program.leaves) == 784 * 50 + 50 + 50 * 10 + 10


# --- what a plan saves ----------------------------------------------------------------------------


def test_equal_expressions_are_computed_once() -> None:
    x = Value(0.5, "x")
    once = autograd.compile(autograd.tanh(x), inputs=[x])
    twice = autograd.compile(autograd.tanh(x) * autograd.tanh(x), inputs=[x])
    assert twice.stats.forward == once.stats.forward + 1
    assert twice.stats.shared >= 1


def test_operations_on_constants_are_folded() -> None:
    x, c = Tensor([1.0, 2.0], "x"), np.array([2.0, 3.0])
    with autograd.recording():
        two = autograd.exp(Tensor(c, requires_grad=False) * 0.0)
        out = x * autograd.sum(two)
    program = autograd.compile((x * 3.0) * 1.0, inputs=[x])
    assert program.stats.folded >= 1
    near(autograd.compile(out, inputs=[x])(np.ones(2)), [2.0, 2.0])


def test_what_nothing_needs_is_dropped() -> None:
    x = Value(0.5, "x")
    factors = [x, *(Value(2.0 + i, requires_grad=False) for i in range(5))]
    program = autograd.compile(autograd.prod(np.array(factors)), inputs=[x])
    assert program.stats.dropped >= 1  # the products that only the derivatives by others need
    program(np.ones(3))
    program.backward()
    near(x.grad, 720.0)


def test_an_output_without_a_gradient_is_replayed_and_not_differentiated() -> None:
    x = Value(0.5, "x", requires_grad=False)
    with autograd.recording():
        out = autograd.exp(x) * 2.0
    program = autograd.compile(out, inputs=[x])
    near(program(np.array([0.0, 1.0])), [2.0, 2.0 * np.e])
    with pytest.raises(ValueError, match="nothing to differentiate"):
        program.backward()


def test_a_mixed_graph_joins_the_numbers_of_its_values() -> None:
    w = [Value(1.0, "a"), Value(-2.0, "b"), Value(0.5, "c")]
    t = Tensor([1.0, 2.0], "t")

    def function(ws: list[Any], x: Any) -> Any:
        n = autograd.logsumexp(np.array(ws)) * autograd.dot(np.array(ws[:2]), np.array(ws[1:]))
        return (autograd.tanh(x * n) * ws[0]).sum() + autograd.max(np.array(ws))

    program = autograd.compile(function(w, t), inputs=[t])
    twins, x = [Value(v.data) for v in w], Tensor([0.3, -0.7])
    expected = function(twins, x)
    expected.backward()
    near(program(np.array([0.3, -0.7])), np.asarray(expected.data))
    program.backward()
    near(t.grad, x.grad)
    for one, other in zip(w, twins, strict=True):
        near(one.grad, other.grad)
