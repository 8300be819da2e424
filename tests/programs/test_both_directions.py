"""A program that is trained runs both directions in one call, and nobody can tell."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from programs.replays import near
from samples import numbers

import autograd
from autograd import Tensor

if not all(importlib.util.find_spec(name) for name in ("llvmlite", "scipy")):
    pytest.skip("needs the extra fast", allow_module_level=True)

Array = np.ndarray[Any, Any]


def trained(dtype: Any = np.float64) -> tuple[autograd.Program, Tensor, list[Tensor], Array]:
    """A program that has been trained for two steps, so that it runs both directions in one call."""
    data = numbers(6, 4).astype(dtype)
    x = Tensor(data, requires_grad=False, dtype=dtype)
    weights = [Tensor(numbers(4, 5), dtype=dtype), Tensor(numbers(5), dtype=dtype)]
    loss = (autograd.tanh(x @ weights[0] + weights[1]) ** 2).sum()
    program = autograd.compile(loss, inputs=[x], executor="native")
    for _ in range(2):
        program(data)
        program.backward()
        for w in weights:
            w.data -= 0.01 * w.grad
            w.grad = None
    assert program.trains
    return program, x, weights, data


def eager_gradients(weights: list[Tensor], data: Array) -> list[Array]:
    """The gradients that an eager pass gives at these weights."""
    fresh = [Tensor(w.data) for w in weights]
    (autograd.tanh(data @ fresh[0] + fresh[1]) ** 2).sum().backward()
    return [w.grad for w in fresh]


def test_both_directions_in_one_call_give_what_two_calls_give() -> None:
    program, _, weights, data = trained()
    expected = eager_gradients(weights, data[::-1].copy())
    program(data[::-1].copy())
    assert program.ahead is not None
    assert all(w.grad is None for w in weights)
    program.backward()
    for w, g in zip(weights, expected, strict=True):
        near(w.grad, g)
    program.backward()  # adds the same again
    for w, g in zip(weights, expected, strict=True):
        near(w.grad, 2 * g)


def test_a_seed_after_both_directions_have_run_counts() -> None:
    program, _, weights, data = trained()
    expected = eager_gradients(weights, data)
    program(data)
    program.backward(seed=3.0)
    for w, g in zip(weights, expected, strict=True):
        near(w.grad, 3 * g)


def test_gradients_that_somebody_keeps_or_changes_are_theirs() -> None:
    program, _, weights, data = trained()
    program(data)
    program.backward()
    kept = [w.grad for w in weights]
    copies = [g.copy() for g in kept]
    for w in weights:
        w.data -= 0.1 * w.grad
        w.grad = None
    expected = eager_gradients(weights, data)
    program(data)
    program.backward()
    for g, copy in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(g, copy)
    for w in weights:
        w.grad *= 0.0  # as clipping does, in place
    program.backward()
    for w, g in zip(weights, expected, strict=True):
        near(w.grad, g)


def test_an_input_written_into_after_both_directions_have_run_changes_nothing() -> None:
    program, _, weights, data = trained()
    expected = eager_gradients(weights, data)
    batch = data.copy()
    program(batch)
    batch[:] = 0.0
    program.backward()
    program.backward()
    for w, g in zip(weights, expected, strict=True):
        near(w.grad, 2 * g)
