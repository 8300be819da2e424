"""Every row of the registry computes in a program what it computes eagerly, forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs.replays import EXECUTORS, check_tensors, check_values
from samples import ALL, BINARY, ELEMENTWISE, SAMPLES, UNARY, Sample, numbers

import autograd
from autograd.engine.families import Relation

COMPILED = [sample for sample in ALL if sample.slots]
EDGES = ("arcsin", "arccos", "arctanh", "arccosh")


def moved(sample: Sample, arrays: list[Any]) -> list[Any]:
    """Other numbers on the same side of every kink; where the point itself matters, the same ones."""
    if not sample.smooth or sample.primitive in EDGES:
        return arrays
    return [np.asarray(x * x.dtype.type(1.125), x.dtype) for x in arrays]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sample", COMPILED, ids=repr)
def test_a_replay_of_a_row_is_the_eager_pass(sample: Sample, dtype: Any) -> None:
    arrays = [np.asarray(x, dtype) for x in sample.arrays]
    # A difference of large numbers is as exact as they are.
    largest = max(
        (float(np.max(np.abs(x[np.isfinite(x)]), initial=1.0)) for x in arrays), default=1.0
    )
    tolerance = 1e-12 if dtype is np.float64 else 1e-5
    check_tensors(sample, arrays, moved(sample, arrays), tolerance, scale=largest)


def interval(name: str, slot: int) -> tuple[float, float]:
    """Where an argument of an elementwise row is tried."""
    if name in UNARY:
        return UNARY[name]
    return BINARY[name][2 * slot : 2 * slot + 2] if name in BINARY else (0.2, 0.8)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if name != "random_like"])
def test_an_elementwise_row_of_values_is_the_eager_pass_for_every_instance(
    name: str, executor: str
) -> None:
    row = autograd.registry[name]
    columns = []
    for slot in range(row.arity or 1):
        low, high = interval(name, slot)
        columns.append(low + (high - low) * ((np.arange(7) * (0.618 + 0.1 * slot)) % 1))

    def function(*xs: Any) -> Any:
        out = row(*(x if row.differentiable(slot) else True for slot, x in enumerate(xs)))
        return out * 1.5 + sum(xs)

    if executor == "native" and not has_native(name):
        pytest.skip("no native form")
    check_values(function, columns, executor=executor)


def has_native(name: str) -> bool:
    """Whether the native executor knows a row."""
    from autograd.programs.native.mathematics import ROWS

    return name in ROWS or autograd.registry[name].composite is not None


REDUCTIONS = [name for name, row in autograd.registry.items() if row.family == "row"]


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_reduction_of_values_is_the_eager_pass_for_every_instance(
    name: str, executor: str
) -> None:
    row = autograd.registry[name]
    columns = [numbers(5, low=-1.0 + 0.3 * i, high=1.1 + 0.4 * i) for i in range(4)]

    def function(*xs: Any) -> Any:
        array = np.array([x * 1.25 for x in xs], dtype=object)
        return row(array) * xs[0] + row(array[:1])

    check_values(function, columns, executor=executor)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("ties", ["share", "first"])
@pytest.mark.parametrize("name", ["max", "min", "maximum", "minimum"])
def test_ties_in_a_replay_are_shared_as_eagerly(name: str, ties: str, executor: str) -> None:
    row = autograd.registry[name]
    one, other = np.array([1.0, 2.0, 3.0, 2.0]), np.array([1.0, 3.0, 2.0, 2.0])

    def function(x: Any, y: Any) -> Any:
        if row.family == "row":
            return row(np.array([x, y, x * 1.0], dtype=object), ties=ties)
        return row(x, y, ties=ties)

    check_values(function, [one, other], executor=executor)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_products_of_values_are_the_eager_pass_for_every_instance(executor: str) -> None:
    weights = autograd.values(numbers(3, 4), name="w")
    bias = autograd.values(numbers(3), name="b")

    def function(*xs: Any) -> Any:
        x = np.array(xs, dtype=object)
        hidden = autograd.tanh(autograd.linear(x, weights, bias))
        return autograd.dot(hidden, hidden) + autograd.matmul(weights[0], x)

    columns = [numbers(6, low=-1.0 - i, high=1.3) for i in range(4)]
    check_values(function, columns, [*weights.flat, *bias.flat], executor=executor)


LOSSES: list[Any] = [
    autograd.kl_divergence,
    autograd.binary_cross_entropy,
    lambda x, target: autograd.binary_cross_entropy(x, target, entropy=True),
    lambda x, target: autograd.logistic_cross_entropy(x, target, 2.0, entropy=True),
]


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("target", [0.5, 0.0, 1.0])
def test_a_loss_of_values_with_a_constant_target_is_the_eager_pass(
    target: float, loss: Any, executor: str
) -> None:
    check_values(lambda x: loss(x, target), [np.array([0.2, 0.3, 0.9])], executor=executor)


def test_the_samples_reach_every_row_with_a_derivative() -> None:
    reached = {sample.primitive for sample in COMPILED}
    constant = {"compare", "sign", "indicator", "random_like", "class_targets", "class_count"}
    relations = {row.name for row in autograd.registry.values() if isinstance(row, Relation)}
    assert set(SAMPLES) - reached <= constant | relations
