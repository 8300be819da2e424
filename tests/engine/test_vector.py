"""A Vector of Values reads and writes what the Values themselves hold."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import autograd
from autograd import Value, Vector


def made(n: int = 3) -> tuple[list[Value], Vector]:
    values = [Value(float(i), f"v{i}") for i in range(n)]
    return values, Vector(values)


def test_data_is_what_the_values_hold_also_after_one_was_assigned() -> None:
    values, vector = made()
    assert vector.data.tolist() == [0.0, 1.0, 2.0]
    values[1].data = 7.0
    assert vector.data.tolist() == [0.0, 7.0, 2.0]


def test_assigning_data_assigns_every_value_and_makes_old_graphs_stale() -> None:
    values, vector = made()
    y = values[0] * values[1]
    vector.data = np.array([3.0, 4.0, 5.0])
    assert [v.data for v in values] == [3.0, 4.0, 5.0]
    with pytest.raises(autograd.StaleGraphError):
        y.backward(create_graph=True)


def test_the_given_array_stays_the_users() -> None:
    _, vector = made()
    mine = np.array([3.0, 4.0, 5.0])
    vector.data = mine
    mine[0] = 100.0
    assert vector.data.tolist() == [3.0, 4.0, 5.0]
    with pytest.raises(ValueError, match="read-only"):
        vector.data[0] = 1.0


def test_gradients_are_left_added_read_and_cleared_together() -> None:
    values, vector = made()
    assert vector.grad is None
    vector.add_to_grad([1.0, 2.0, 3.0])
    assert [v.grad for v in values] == [1.0, 2.0, 3.0]
    vector.add_to_grad([1.0, 2.0, 3.0])
    assert vector.grad is not None
    assert vector.grad.tolist() == [2.0, 4.0, 6.0]
    vector.grad = None
    assert [v.grad for v in values] == [None] * 3


def test_a_backward_pass_adds_to_gradients_that_a_vector_left() -> None:
    values, vector = made()
    vector.add_to_grad([1.0, 2.0, 3.0])
    (values[0] * 10 + values[1] * 20).backward()
    assert [v.grad for v in values] == [11.0, 22.0, 3.0]
    assert vector.grad is not None
    assert vector.grad.tolist() == [11.0, 22.0, 3.0]
    vector.add_to_grad([1.0, 1.0, 1.0])
    assert [v.grad for v in values] == [12.0, 23.0, 4.0]


def test_a_backward_pass_after_clearing_starts_anew() -> None:
    values, vector = made()
    vector.add_to_grad([1.0, 2.0, 3.0])
    vector.grad = None
    (values[0] * 10).backward()
    assert [v.grad for v in values] == [10.0, None, None]
    assert vector.grad is None
    vector.add_to_grad([1.0, 1.0, 1.0])
    assert [v.grad for v in values] == [11.0, 1.0, 1.0]


def test_an_assigned_gradient_is_seen() -> None:
    values, vector = made()
    vector.add_to_grad([1.0, 2.0, 3.0])
    values[2].grad = -1.0
    assert vector.grad is not None
    assert vector.grad.tolist() == [1.0, 2.0, -1.0]
    values[2].grad = None
    assert vector.grad is None


def test_gradients_that_are_nodes_stay_nodes() -> None:
    values, vector = made(1)
    (values[0] ** 3).backward(create_graph=True)
    vector.add_to_grad([5.0])
    assert isinstance(values[0].grad, Value)
    assert values[0].grad.data == 5.0
    assert vector.grad is not None
    assert vector.grad.tolist() == [5.0]


def test_vectors_of_the_same_values_in_another_order_agree() -> None:
    values, vector = made()
    backwards = Vector(values[::-1])
    backwards.data = [10.0, 20.0, 30.0]
    assert [v.data for v in values] == [30.0, 20.0, 10.0]
    assert vector.data.tolist() == [30.0, 20.0, 10.0]
    backwards.add_to_grad([1.0, 2.0, 3.0])
    assert vector.grad is not None
    assert vector.grad.tolist() == [3.0, 2.0, 1.0]
    assert [v.grad for v in values] == [3.0, 2.0, 1.0]


def test_vectors_that_share_some_values_agree() -> None:
    values, vector = made()
    pair = Vector(values[:2])
    vector.add_to_grad([1.0, 2.0, 3.0])
    pair.add_to_grad([10.0, 10.0])
    assert [v.grad for v in values] == [11.0, 12.0, 3.0]
    vector.add_to_grad([1.0, 1.0, 1.0])
    assert pair.grad is not None
    assert pair.grad.tolist() == [12.0, 13.0]
    pair.data = [5.0, 6.0]
    assert vector.data.tolist() == [5.0, 6.0, 2.0]


def test_copies_and_pickles_of_a_value_take_its_number_along() -> None:
    values, vector = made()
    vector.add_to_grad([1.0, 2.0, 3.0])
    assert copy.deepcopy(values[1]).grad == 2.0
    assert pickle.loads(pickle.dumps(values[1])).grad == 2.0
    assert "grad=2.0" in repr(values[1])


def test_values_go_without_the_garbage_collector() -> None:
    values, vector = made()
    vector.add_to_grad([1.0, 2.0, 3.0])
    gone = weakref.ref(values[0])
    gc.disable()
    try:
        del values, vector
        assert gone() is None
    finally:
        gc.enable()


def test_what_is_no_leaf_value_is_refused() -> None:
    a = Value(1.0)
    with pytest.raises(TypeError, match="takes Values, got float"):
        Vector([a, 1.0])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="takes leaves"):
        Vector([a * 2])
    with pytest.raises(ValueError, match="twice"):
        Vector([a, a])
    with pytest.raises(ValueError, match=r"data of shape \(1,\) was expected, got \(2,\)"):
        Vector([a]).data = [1.0, 2.0]
    with pytest.raises(ValueError, match="a gradient of shape"):
        Vector([a]).add_to_grad([1.0, 2.0])
