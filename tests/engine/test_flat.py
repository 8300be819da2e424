"""A Flat of Tensors reads their gradients, and changes them, as one array."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from samples import numbers

import autograd
from autograd import Flat, StaleGraphError, Tensor, Value
from autograd.engine import flat as module

SHAPES = ((3,), (2, 4), (), (5, 1))


def made(dtype: Any = np.float64) -> tuple[list[Tensor], Flat]:
    tensors = [Tensor(numbers(*shape), dtype=dtype) for shape in SHAPES]
    return tensors, Flat(tensors)


def flattened(arrays: Any) -> Any:
    return np.concatenate([np.ravel(x) for x in arrays])


def test_the_numbers_and_the_gradients_are_those_of_the_tensors_in_order() -> None:
    tensors, flat = made()
    assert flat.size == 17
    assert flat.grad is None
    np.testing.assert_array_equal(flat.data, flattened([x.data for x in tensors]))
    loss = sum((x * x * (i + 1.0)).sum() for i, x in enumerate(tensors))
    loss.backward()
    np.testing.assert_array_equal(flat.grad, flattened([x.grad for x in tensors]))
    tensors[1].grad = None
    assert flat.grad is None


def test_gradients_that_are_parts_of_one_array_are_not_copied() -> None:
    tensors, flat = made()
    whole = numbers(20)
    for x, part in zip(tensors, flat.split(whole[2:19]), strict=True):
        x.grad = part
    for _ in range(2):
        assert np.shares_memory(flat.grad, whole)
        np.testing.assert_array_equal(flat.grad, whole[2:19])
    tensors[0].grad, tensors[3].grad = np.ones(3), np.zeros((5, 1))
    assert not np.shares_memory(flat.grad, whole)
    np.testing.assert_array_equal(flat.grad, [1, 1, 1, *whole[5:14], 0, 0, 0, 0, 0])


def test_parts_in_another_order_are_copied_in_the_order_of_the_tensors() -> None:
    a, b = Tensor(np.zeros(2)), Tensor(np.zeros(2))
    whole = np.arange(4.0)
    a.grad, b.grad = whole[2:], whole[:2]
    assert Flat([a, b]).grad.tolist() == [2.0, 3.0, 0.0, 1.0]


def test_a_number_or_a_list_beside_parts_of_one_array_is_a_gradient_too() -> None:
    a, b, c = Tensor([1.0, 2.0]), Tensor(3.0), Tensor([4.0, 5.0])
    a.grad, b.grad, c.grad = np.arange(5.0)[:2], 2.0, [3.0, 4.0]
    assert Flat([a, b, c]).grad.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_whole_numbers_in_the_memory_of_floats_are_read_as_whole_numbers() -> None:
    a, b = Tensor(np.zeros(2)), Tensor(np.zeros(2))
    whole = np.zeros(4).view(np.int64)
    whole[:] = 1, 2, 3, 4
    a.grad, b.grad = whole[:2], whole[2:]
    assert Flat([a, b]).grad.tolist() == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1.0, 0.25])
@pytest.mark.parametrize("large", [1, 10**9])
def test_a_change_is_subtracted_from_every_tensor(
    dtype: Any, scale: float, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE", large)
    tensors, flat = made(dtype)
    before, change = flat.data, numbers(17).astype(dtype)
    kept = change.copy()
    flat.subtract(change, scale)
    np.testing.assert_allclose(flat.data, before - scale * change, 1e-6, 1e-7)
    np.testing.assert_array_equal(change, kept)
    assert all(x.dtype == dtype for x in tensors)


@pytest.mark.parametrize("large", [1, 10**9])
def test_a_tensor_that_lies_in_another_order_is_changed_as_well(
    large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE", large)
    x = Tensor(np.asfortranarray(numbers(3, 4)))
    before = x.data.copy()
    flat = Flat([x])
    flat.spare[:] = np.arange(12.0)
    flat.subtract(flat.spare, 0.5)
    np.testing.assert_allclose(x.data, before - 0.5 * np.arange(12.0).reshape(3, 4), 1e-15)


def test_graphs_recorded_before_a_change_are_stale() -> None:
    tensors, flat = made()
    loss = sum((x * x).sum() for x in tensors)
    flat.subtract(np.ones(17))
    with pytest.raises(StaleGraphError):
        loss.backward()


def test_a_gradient_that_is_a_node_counts_by_its_numbers() -> None:
    x = Tensor([1.0, 2.0])
    (x * x * x).sum().backward(create_graph=True)
    assert Flat([x]).grad.tolist() == [3.0, 12.0]


def test_what_is_no_leaf_tensor_of_the_same_dtype_is_refused() -> None:
    a = Tensor([1.0], "a")
    with pytest.raises(TypeError, match="takes Tensors, got Value"):
        Flat([a, Value(1.0)])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="takes leaves"):
        Flat([a * 2])
    with pytest.raises(ValueError, match="got none"):
        Flat([])
    with pytest.raises(TypeError, match="one dtype, got float32, float64"):
        Flat([a, Tensor(np.zeros(2, np.float32))])
    a.grad = np.zeros(1)
    a.grad.resize(2)
    with pytest.raises(ValueError, match=r"the gradient of 'a' has shape \(2,\), expected \(1,\)"):
        _ = Flat([a]).grad


def test_a_program_leaves_gradients_that_are_one_array_already() -> None:
    tensors, flat = made()
    loss = sum((x * x).sum() for x in tensors)
    program = autograd.compile(loss, inputs=[])
    program()
    program.backward()
    np.testing.assert_allclose(flat.grad, 2 * flat.data, 1e-15)
    if program.stats.executor == "native":
        assert np.shares_memory(flat.grad, tensors[0].grad)
