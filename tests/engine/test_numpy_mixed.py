"""Operators between nodes, numbers and arrays, and NumPy on arrays of Values."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numerics import check_close
from samples import UNARY, numbers

import autograd
from autograd import Tensor, Value

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
SCALARS = [3.0, 3, True, np.float64(3.0), np.float32(3.0), np.int64(3), np.array(3.0)]
over_operators = pytest.mark.parametrize("sign", OPERATORS)


@over_operators
@pytest.mark.parametrize("scalar", SCALARS, ids=lambda x: type(x).__name__)
def test_a_value_works_with_every_kind_of_number_on_either_side(sign: str, scalar: Any) -> None:
    function, v, plain = OPERATORS[sign], Value(2.5), float(scalar)
    right, left = function(v, scalar), function(scalar, v)
    assert [right.item(), left.item()] == [function(2.5, plain), function(plain, 2.5)]
    for out in (right, left):
        assert isinstance(out, Value)
        out.backward()
        assert v.grad is not None


@over_operators
@pytest.mark.parametrize("scalar", SCALARS, ids=lambda x: type(x).__name__)
def test_a_tensor_works_with_every_kind_of_number_on_either_side(sign: str, scalar: Any) -> None:
    function, t = OPERATORS[sign], Tensor([2.5, 0.5])
    for out, plain in (
        (function(t, scalar), function(t.data, scalar)),
        (function(scalar, t), function(scalar, t.data)),
    ):
        assert isinstance(out, Tensor)
        np.testing.assert_array_equal(out.data, plain)
        out.sum().backward()
        assert t.grad.shape == (2,)


@over_operators
def test_an_array_and_a_tensor_make_a_tensor(sign: str) -> None:
    function, a, t = OPERATORS[sign], numbers(2, 3, low=1), Tensor(numbers(3, low=1))
    for out, plain in (
        (function(a, t), function(a, t.data)),
        (function(t, a), function(t.data, a)),
    ):
        assert isinstance(out, Tensor)
        np.testing.assert_array_equal(out.data, plain)


@over_operators
def test_a_value_and_a_tensor_make_a_tensor(sign: str) -> None:
    function, v, t = OPERATORS[sign], Value(1.5), Tensor(numbers(3, low=1))
    for out, plain in (
        (function(v, t), function(1.5, t.data)),
        (function(t, v), function(t.data, 1.5)),
    ):
        assert isinstance(out, Tensor)
        np.testing.assert_array_equal(out.data, plain)
        v.grad = None
        out.sum().backward()
        assert type(v.grad) is float


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_the_powers_that_people_write(kind: type) -> None:
    for power, out, slope in (
        (lambda v: v**3, 8.0, 12.0),
        (lambda v: 2.0**v, 4.0, 4 * math.log(2)),
        (lambda v: v**v, 4.0, 4 * (math.log(2) + 1)),
        (lambda v: 3 / v, 1.5, -0.75),
        (lambda v: v**-1, 0.5, -0.25),
        (lambda v: v**0.5, math.sqrt(2), 0.5 / math.sqrt(2)),
        (lambda v: pow(v, 2), 4.0, 4.0),
        (lambda v: -v + abs(v), 0.0, 0.0),
        (lambda v: +v, 2.0, 1.0),
    ):
        v = kind(2.0)
        result = power(v)
        result.backward()
        assert result.item() == pytest.approx(out, rel=1e-15)
        assert float(v.grad) == pytest.approx(slope, rel=1e-14)


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_an_in_place_operator_gives_the_name_a_new_node(kind: type) -> None:
    v = kind(2.0)
    w = v + 1
    w *= v
    w -= 0.5
    w /= 2
    w **= 2
    assert v.item() == 2.0
    w.backward()
    assert float(v.grad) == pytest.approx(2 * 2.75 * 2.5)


@pytest.mark.parametrize("other", ["3", None, {}, 1j, object], ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("kind", [Value, Tensor])
def test_an_operand_that_is_no_number_is_a_type_error(kind: type, other: Any) -> None:
    v = kind(2.0)
    with pytest.raises(TypeError):
        v + other
    with pytest.raises(TypeError):
        other * v


def test_the_matrix_product_works_between_every_two_kinds() -> None:
    a, t = numbers(2, 3), Tensor(numbers(3, 2))
    np.testing.assert_array_equal((a @ t).data, a @ t.data)
    np.testing.assert_array_equal((t @ a).data, t.data @ a)
    np.testing.assert_array_equal((a.tolist() @ t).data, a @ t.data)
    values = autograd.values(numbers(3))
    check_close((a @ values).astype(float), a @ numbers(3), 1e-15)
    assert float(values @ numbers(3)) == pytest.approx(numbers(3) @ numbers(3))


def test_float32_arrays_stay_float32_beside_numbers_of_python_and_values() -> None:
    t = Tensor([1.0, 2.0], dtype=np.float32)
    for out in (t * 2, 2.5 / t, t**2, t + True, np.maximum(t, 0.5), np.where(t > 1, t, 0.0), t - 1):
        assert out.dtype == np.float32
    assert (t * np.ones(2)).dtype == np.float64  # an array brings its own dtype, as in NumPy


# --- writing into arrays of numbers ---------------------------------------------------------------


@pytest.mark.parametrize(
    "node", [Value(2.0), Tensor(2.0), Tensor([1.0, 2.0])], ids=lambda x: type(x).__name__
)
def test_adding_a_node_in_place_to_an_array_of_numbers_is_an_error(node: Any) -> None:
    a = np.zeros(2)
    with pytest.raises(TypeError, match=r"np\.add cannot write a recorded result"):
        a += node
    np.testing.assert_array_equal(a, [0, 0])


def test_adding_in_place_to_an_array_of_values_records() -> None:
    values, v = autograd.values([1.0, 2.0]), Value(3.0)
    total = values.copy()
    total += v
    total[0].backward()
    assert (values[0].grad, v.grad) == (1.0, 1.0)


def test_a_value_assigned_into_an_array_of_floats_is_its_number() -> None:
    a = np.zeros(2)
    a[0] = Value(3.0)
    assert a.tolist() == [3.0, 0.0]
    assert math.exp(Value(0.0)) == 1.0


# --- NumPy on arrays of Values --------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [name for name in UNARY if isinstance(getattr(np, name, 0), np.ufunc)]
)
def test_numpys_unary_functions_call_the_method_of_each_value(name: str) -> None:
    low, high = UNARY[name]
    x = numbers(2, 2, low=low, high=high)
    values, t = autograd.values(x), Tensor(x)
    out = getattr(np, name)(values)
    if name in ("sign", "floor", "ceil"):
        # NumPy decides these by comparing or rounding itself; their derivative is 0 either way.
        check_close(out.astype(float), getattr(np, name)(x), 1e-15)
        return
    check_close(out.astype(float), getattr(np, name)(x), 1e-14)
    out.sum().backward()
    getattr(np, name)(t).sum().backward()
    check_close([[v.grad for v in row] for row in values], t.grad, 1e-13)


ARRAY_FUNCTIONS: list[tuple[str, Callable[..., Any]]] = [
    ("+", lambda w, x: w + x),
    ("-", lambda w, x: x - w),
    ("*", lambda w, x: 2.0 * w * x),
    ("/", lambda w, x: x / w),
    ("**", lambda w, x: w**2 + 2.0**w),
    ("@", lambda w, x: w @ x.T),
    ("@ vector", lambda w, x: x @ w[0]),
    ("vector @ vector", lambda w, x: w[0] @ x[0]),
    ("dot", lambda w, x: np.dot(w, x.T)),
    ("dot method", lambda w, x: w.dot(x[0])),
    ("einsum", lambda w, x: np.einsum("ij,kj->ik", w, x)),
    ("sum", lambda w, x: (w * x).sum()),
    ("sum over an axis", lambda w, x: np.sum(w * x, axis=0)),
    ("mean", lambda w, x: (w * x).mean()),
    ("mean over an axis", lambda w, x: np.mean(w * x, axis=1, keepdims=True)),
    ("indexing", lambda w, x: w[:, ::-1] * x),
    ("transpose", lambda w, x: w.T * x.T),
    ("a network", lambda w, x: np.tanh(x @ np.exp(w).T).sum(axis=0)),
]


@pytest.mark.parametrize(
    "function", [f for _, f in ARRAY_FUNCTIONS], ids=[n for n, _ in ARRAY_FUNCTIONS]
)
def test_numpy_on_an_array_of_values_is_numpy_on_a_tensor(function: Callable[..., Any]) -> None:
    w, x = numbers(2, 3, low=0.5), numbers(2, 3, low=-1.0)
    values, t = autograd.values(w), Tensor(w)
    out, expected = function(values, x), function(t, x)
    check_close(np.asarray(out, dtype=object).astype(float), expected.data, 1e-14)
    total = np.sum(out)
    total.backward()
    expected.sum().backward()
    check_close([[v.grad or 0.0 for v in row] for row in values], t.grad, 1e-12)


def test_a_list_of_values_is_an_array_of_values() -> None:
    v, w = Value(1.0), Value(2.0)
    assert np.array([v, w]).dtype == object
    np.sum([v, w]).backward()
    assert (v.grad, w.grad) == (1.0, 1.0)
    joined = np.stack([v, w])
    assert [each.data for each in joined] == [1.0, 2.0]
    autograd.mean([v, w]).backward()
    assert (v.grad, w.grad) == (1.5, 1.5)


def test_a_tensor_and_an_array_of_values_do_not_mix() -> None:
    with pytest.raises(TypeError, match="a Tensor and an array of Values do not mix"):
        Tensor([1.0, 2.0]) * autograd.values([1.0, 2.0])
    with pytest.raises(TypeError, match="do not mix"):
        autograd.values([1.0, 2.0]) * Tensor([1.0, 2.0])


@pytest.mark.parametrize("dtype", ["?", "b", "B", "h", "H", "i", "I", "l", "e", "f", "d"])
@pytest.mark.parametrize("sign", ["+", "*", "/", "**"])
def test_a_value_with_an_array_has_the_dtype_that_a_float_has_with_it(
    sign: str, dtype: str
) -> None:
    array = np.array([1, 1, 1], dtype)
    expected = (2.0 + array).dtype if dtype != "e" else np.float32  # no Tensor is a float16
    for out in (OPERATORS[sign](Value(2.0), array), OPERATORS[sign](array, Value(2.0))):
        assert isinstance(out, Tensor)
        assert out.dtype == expected
    assert autograd.where(array > 0, Value(2.0), array).dtype == expected


@pytest.mark.parametrize(
    "function",
    [
        lambda v: autograd.scatter(v, index=(), shape=()),
        lambda v: autograd.scatter(v, index=0, shape=(2,))[0],
        lambda v: autograd.scatter(v, index=(0, 1), shape=(2, 2))[0, 1],
        lambda v: autograd.reshape(autograd.reshape(v, shape=(1, 1)), shape=()),
        lambda v: autograd.transpose(v),
    ],
)
def test_one_value_that_is_moved_about_is_still_a_value(function: Callable[[Any], Any]) -> None:
    v = Value(2.0)
    out = function(v)
    assert isinstance(out, Value)
    (out * 3).backward()
    assert v.grad == 3.0


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "layer_norm", "rms_norm"])
@pytest.mark.parametrize("axis", [0, -1])
def test_one_value_has_an_axis_0_and_an_axis_minus_1_as_a_tensor_without_axes(name, axis):
    v, t = Value(0.75), Tensor(0.75)
    by_value, by_tensor = (getattr(autograd, name)(x, axis=axis) for x in (v, t))
    assert by_value.data == pytest.approx(by_tensor.item())
    by_value.backward()
    by_tensor.backward()
    assert v.grad == pytest.approx(float(t.grad))
