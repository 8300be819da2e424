"""A Value beside an array of numbers makes one Tensor; beside an array of Values, Values."""

from __future__ import annotations

import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from samples import SAMPLES

import autograd
import nn
from autograd import Tensor, Value, grad, hessian, jvp
from autograd.engine.families import Elementwise

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
ARRAYS: dict[str, Any] = {
    "vector": np.array([1.0, 2.0]),
    "matrix": np.array([[0.7, 2.0], [3.2, 1.1]]),
    "one number in a vector": np.array([2.0]),
    "no numbers": np.zeros((0, 2)),
    "float32": np.array([1.0, 2.0], np.float32),
    "whole numbers": np.array([1, 2]),
    "list": [1.0, 2.0],
    "nested list": [[1.0], [2.0]],
    "tuple": (1, 2.5),
}
over_arrays = pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
over_operators = pytest.mark.parametrize("sign", OPERATORS)


def total(x: Any) -> Any:
    return np.sum(x)


@over_arrays
@over_operators
def test_a_value_and_an_array_of_numbers_make_a_tensor(sign: str, array: Any) -> None:
    function, plain = OPERATORS[sign], np.asarray(array)
    for write, t in ((function, 1.5), (lambda x, y: function(y, x), 1.5)):
        v = Value(t)
        out = write(v, array)
        want = write(t, plain)
        assert type(out) is Tensor
        assert out.dtype == (np.float32 if plain.dtype == np.float32 else np.float64)
        np.testing.assert_allclose(out.data, want, rtol=1e-6)
        (out * 1.0).sum().backward()
        step, wide = 1e-6, plain.astype(float)
        slope = (np.sum(write(t + step, wide)) - np.sum(write(t - step, wide))) / (2 * step)
        assert type(v.grad) is float
        np.testing.assert_allclose(v.grad, slope, rtol=1e-6)


PAIRS = [
    (name, row)
    for name, row in autograd.registry.items()
    if isinstance(row, Elementwise) and row.arity in (2, 3) and name in SAMPLES
]


@pytest.mark.parametrize("name", [name for name, _ in PAIRS])
def test_every_row_with_a_value_in_one_slot_and_arrays_in_the_others_makes_a_tensor(
    name: str,
) -> None:
    row = autograd.registry[name]
    rng = np.random.default_rng(3)
    for slot in range(row.arity or 0):
        if not row.differentiable(slot):
            continue
        arrays = [rng.uniform(0.2, 0.8, 3) for _ in range(row.arity or 0)]
        v, t = Value(0.45), Tensor(0.45)
        given = [v if i == slot else x for i, x in enumerate(arrays)]
        as_tensor = [t if i == slot else x for i, x in enumerate(arrays)]
        out, want = row(*given), row(*as_tensor)
        assert type(out) is Tensor
        np.testing.assert_array_equal(out.data, want.data)
        out.sum().backward()
        want.sum().backward()
        np.testing.assert_allclose(v.grad, t.grad, rtol=1e-14)


JOINS: dict[str, Callable[[Any, Any], Any]] = {
    "hstack": lambda v, a: np.hstack([v, a]),
    "hstack, the array first": lambda v, a: np.hstack([a, v]),
    "concatenate, flattened": lambda v, a: np.concatenate([v, a], axis=None),
    "outer": lambda v, a: np.outer(v, a),
    "outer, the array first": lambda v, a: np.outer(a, v),
    "tensordot": lambda v, a: np.tensordot(v, a, 0),
    "dot": lambda v, a: np.dot(v, a),
    "inner": lambda v, a: np.inner(a, v),
    "einsum": lambda v, a: np.einsum(",i->i", v, a),
    "where": lambda v, a: np.where(np.array([True, False]), v, a),
    "clip": lambda v, a: np.clip(a, v, 5.0),
    "autograd.maximum": lambda v, a: autograd.maximum(v, a),
    "nn.mse": lambda v, a: nn.mse(v * np.ones(2), a),
    "nn.prelu": lambda v, a: nn.prelu(-a, v),
}


@pytest.mark.parametrize("kind", [np.asarray, lambda a: Tensor(a, requires_grad=False)])
@pytest.mark.parametrize("join", JOINS.values(), ids=JOINS)
def test_composites_too_beside_an_array_and_beside_a_tensor(
    join: Callable[[Any, Any], Any], kind: Any
) -> None:
    a = np.array([1.25, 2.0])
    v = Value(1.5)
    out = join(v, kind(a))
    assert type(out) is Tensor
    np.testing.assert_allclose(out.data, join(Tensor(1.5), a).data, rtol=1e-15)
    assert autograd.gradcheck(lambda s: total(join(s, kind(a))), (1.5,), order=2)


def test_a_value_stacked_with_a_tensor_of_no_axes_is_a_tensor() -> None:
    v, t = Value(2.0), Tensor([1.0, 2.0])
    out = np.stack([v, t.sum()])
    assert type(out) is Tensor
    (out * np.array([3.0, 5.0])).sum().backward()
    assert v.grad == 3.0
    np.testing.assert_array_equal(t.grad, [5.0, 5.0])


@over_operators
def test_arrays_of_values_stay_arrays_of_values(sign: str) -> None:
    function, w = OPERATORS[sign], autograd.values([1.5, 2.0])
    numbers = np.array([1.5, 2.0])
    for other, plain in ((Value(3.0), 3.0), (np.array([2.0, 0.5]), np.array([2.0, 0.5]))):
        for out, want in (
            (function(w, other), function(numbers, plain)),
            (function(other, w), function(plain, numbers)),
        ):
            assert (type(out), out.dtype) == (np.ndarray, np.dtype(object))
            assert all(type(each) is Value for each in out)
            np.testing.assert_array_equal(out.astype(float), want)
    mixed = autograd.where(np.array([True, False]), Value(1.0), w)
    assert [type(each) for each in mixed] == [Value, Value]
    joined = np.stack([Value(1.0), Value(2.0)])
    assert type(joined) is np.ndarray


@over_operators
@pytest.mark.parametrize(
    "one", [np.array(3.0), np.float64(3.0), np.float32(3.0), np.int8(3)], ids=repr
)
def test_an_array_without_axes_is_a_number(sign: str, one: Any) -> None:
    for out in (OPERATORS[sign](Value(2.5), one), OPERATORS[sign](one, Value(2.5))):
        assert type(out) is Value
    assert type(autograd.where(np.array(True), Value(1.0), 2.0)) is Value


def test_comparisons_give_plain_truth_values() -> None:
    v, a = Value(1.5), np.array([1.0, 2.0])
    assert (v < a).tolist() == (a > v).tolist() == [False, True]
    assert (v == a).tolist() == [False, False]
    assert np.isnan(v * a).tolist() == [False, False]


# --- everything that one does with a graph --------------------------------------------------------


def work(s: Any) -> Any:
    """A function of a number with arrays inside: its first and second derivative are told apart."""
    x = s * np.arange(1.0, 4.0)
    return np.sum(x**3) + np.std(x) + np.logaddexp(x, 1.0).sum() + np.var(x) * s


def test_gradients_of_a_number_through_arrays_of_every_order_and_direction() -> None:
    assert autograd.gradcheck(work, (1.3,), order=2)
    second = hessian(work)(1.3)
    _, tangent = jvp(grad(work), (1.3,), (1.0,))
    assert isinstance(second, float)
    assert tangent == pytest.approx(second)
    assert float(grad(grad(work))(1.3)) == pytest.approx(second)


def test_a_number_times_many_is_one_node() -> None:
    v = Value(1.3)
    y = np.sum((v * np.ones(100_000)) ** 2)
    assert len(autograd.topological_order(y)) == 4
    y.backward()
    assert v.grad == pytest.approx(260_000)


def test_the_norm_of_a_scaled_zero_vector_has_gradient_0() -> None:
    assert grad(lambda s: np.linalg.norm(s * np.zeros(2)))(1.3) == 0


def test_a_mixed_graph_is_drawn_pickled_copied_watched_and_compiled() -> None:
    v = Value(1.3, "v")
    y = work(v)
    y.backward()
    assert "v" in autograd.draw(y).source
    assert autograd.steps(y)
    again = pickle.loads(pickle.dumps(y))
    assert again.item() == y.item()
    again.backward()
    program = autograd.compile(work)
    for s in (1.3, 0.7):
        np.testing.assert_allclose(np.asarray(program(s)).item(), work(s), rtol=1e-12)


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "std", "var"])
def test_numpy_reduces_a_list_of_values(name: str) -> None:
    function = getattr(np, name)
    out = function([Value(2.0), Value(5.0)])
    assert out.data == pytest.approx(function([2.0, 5.0]))
    assert autograd.gradcheck(lambda x: function([x, x * x]), (2.0,))


def test_a_network_of_values_stays_one_when_it_is_given_an_array_of_numbers() -> None:
    model = nn.Sequential(nn.PReLU(), nn.Linear(3, 2, rng=0), nn.PReLU(2), nn.Linear(2, 1, rng=1))
    x = np.array([[0.5, -1.0, 2.0], [-0.5, 0.25, 1.0]])
    for given in (x, x[0], x[0].tolist()):
        out = model.to_scalars()(given)
        assert {type(each) for each in np.ravel(out)} == {Value}
        np.testing.assert_allclose(np.asarray(out, float), model(given).data, rtol=1e-12)


@pytest.mark.parametrize("row", ["pad", "scatter", "scatter_at"])
def test_zeros_among_values_are_floats(row: str) -> None:
    """A whole number of NumPy's would be divided, and raised to powers, as a whole number."""
    x = autograd.values(np.array([2.0, 4.0]), "x")
    calls: dict[str, Callable[[], Any]] = {
        "pad": lambda: autograd.pad(x, pad_width=1),
        "scatter": lambda: autograd.scatter(x, index=np.array([0, 2]), shape=(3,)),
        "scatter_at": lambda: autograd.scatter_at(x, np.array([0, 2]), shape=(3,)),
    }
    for node in calls[row]():
        assert isinstance(node, Value | float)
    inverse = autograd.reciprocal(calls[row]())
    assert sorted(map(float, inverse))[:2] == [0.25, 0.5]
    assert max(map(float, inverse)) == np.inf


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8])
@pytest.mark.parametrize("name", ["reciprocal", "sigmoid", "softplus", "tanh", "hinge"])
def test_whole_numbers_are_computed_as_the_floats_that_they_are(name: str, kind: Any) -> None:
    row = getattr(autograd, name)
    x = np.array([1, 3, 7], kind)
    given = (x, x) if name == "hinge" else (x,)
    np.testing.assert_allclose(row(*given), row(*(each.astype(float) for each in given)), rtol=1e-3)
