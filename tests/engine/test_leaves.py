"""Leaves of either kind are read, changed and given gradients by the same calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Flat, StaleGraphError, Tensor, Value, Vector


def of_tensors() -> Flat:
    return Flat([Tensor([1.0, 2.0], "a"), Tensor([[3.0], [4.0]], "b")])


def of_values() -> Vector:
    return Vector([Value(float(i), f"v{i}") for i in range(1, 5)])


BOTH = pytest.mark.parametrize("make", [of_tensors, of_values], ids=["Flat", "Vector"])
Make = Callable[[], Any]


def total(leaves: Any) -> Any:
    """1·x₁² + 2·x₂² + 3·x₃² + 4·x₄², whose gradient is 2·i·xᵢ."""
    each = [y for x in leaves.leaves for y in (x.reshape(-1) if isinstance(x, Tensor) else [x])]
    return sum(i * y * y for i, y in enumerate(each, 1))


@BOTH
def test_the_numbers_and_gradients_are_those_of_the_leaves(make: Make) -> None:
    leaves = make()
    assert leaves.data.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert leaves.grad is None
    total(leaves).backward()
    assert leaves.grad.tolist() == [2.0, 8.0, 18.0, 32.0]
    assert (leaves.size, leaves.dtype) == (4, np.float64)
    assert [part.shape for part in leaves.split(leaves.grad)] == leaves.shapes


@BOTH
def test_a_gradient_is_added_to_what_a_leaf_holds(make: Make) -> None:
    leaves = make()
    gradients = leaves.split(np.array([1.0, 2.0, 3.0, 4.0]))
    leaves.add_to_grad(gradients if isinstance(leaves, Flat) else [float(g) for g in gradients])
    assert leaves.grad.tolist() == [1.0, 2.0, 3.0, 4.0]
    total(leaves).backward()
    assert leaves.grad.tolist() == [3.0, 10.0, 21.0, 36.0]


@BOTH
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_change_is_subtracted_from_all_leaves_at_one_date(make: Make, scale: float) -> None:
    leaves = make()
    old = total(leaves)
    leaves.subtract(np.array([1.0, 1.0, 2.0, 2.0]), scale)
    expected = [1 - scale, 2 - scale, 3 - 2 * scale, 4 - 2 * scale]
    assert leaves.data.tolist() == expected
    numbers = [n for x in leaves.leaves for n in np.ravel(x.data).tolist()]
    assert numbers == expected
    with pytest.raises(StaleGraphError):
        old.backward(create_graph=True)


@BOTH
def test_what_is_subtracted_may_be_computed_in_the_spare_array(make: Make) -> None:
    leaves = make()
    change = np.multiply(leaves.data, 1.0, out=leaves.spare)
    leaves.subtract(change)
    assert leaves.data.tolist() == [0.0] * 4


@BOTH
def test_leaves_are_frozen_as_soon_as_one_of_them_is(make: Make) -> None:
    leaves = make()
    assert not leaves.frozen
    leaves.leaves[-1].requires_grad = False
    assert leaves.frozen
    leaves.leaves[-1].requires_grad = True
    assert not leaves.frozen


@BOTH
def test_a_recording_notes_that_their_numbers_leave(make: Make) -> None:
    leaves = make()
    with autograd.recording() as r:
        leaves.data  # noqa: B018
    assert len(r.notes) == len(leaves)


def test_what_is_left_on_tensors_is_one_array_which_is_used_again_once_nobody_holds_it() -> None:
    flat = of_tensors()
    parts = [np.ones(2), np.ones((2, 1))]
    flat.add_to_grad(parts)
    first = flat.tensors[0].grad.base
    assert first is flat.tensors[1].grad.base
    assert flat.grad.base is first
    held = flat.tensors[0].grad
    for x in flat.tensors:
        x.grad = None
    flat.add_to_grad([2 * part for part in parts])
    assert held.tolist() == [1.0, 1.0], "who holds a gradient keeps what it had"
    assert flat.tensors[0].grad.base is not first
    second = id(flat.tensors[0].grad.base)
    for x in flat.tensors:
        x.grad = None
    flat.add_to_grad(parts)
    assert id(flat.tensors[0].grad.base) == second


def test_flat_data_and_gradients_are_not_assigned() -> None:
    flat = of_tensors()
    with pytest.raises(AttributeError, match="subtract a change"):
        flat.data = np.zeros(4)
    with pytest.raises(AttributeError, match=r"Flat\.grad is not assigned"):
        flat.grad = np.zeros(4)
