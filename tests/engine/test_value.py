"""Value: one float with its operators, its errors and its local derivatives."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value

# --- making one ---------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [2, 2.0, True, np.float32(2), np.int64(2), np.array(2.0)])
def test_any_real_number_makes_a_value_that_holds_a_float(data):
    assert type(Value(data).data) is float


@pytest.mark.parametrize(
    "data", ["2", None, 2j, [2.0], np.array([2.0]), np.complex128(1), {"a": 1}, object()]
)
def test_anything_else_is_refused_with_what_came(data):
    with pytest.raises(TypeError, match=f"real number.*{type(data).__name__}"):
        Value(data)


def test_a_node_inside_a_node_is_refused_with_advice():
    with pytest.raises(TypeError, match="detach"):
        Value(Value(1.0))


def test_micrograds_operation_gets_advice():
    with pytest.raises(TypeError, match="the operators record it"):
        Value(2.0, _op="+")


def test_micrograds_children_get_advice():
    with pytest.raises(TypeError, match="name, a string"):
        Value(2.0, (Value(1.0),))


# --- Python's protocols -------------------------------------------------------------------------


def test_repr_says_what_there_is_to_say():
    x = Value(2.0, "x")
    y = x * 3
    y.backward()
    assert repr(x) == "Value(2.0, name='x', grad=3.0)"
    assert repr(y) == "Value(6.0, primitive=mul, grad=1.0)"
    assert repr(Value(1.0, requires_grad=False)) == "Value(1.0, requires_grad=False)"
    assert f"{y:.2f}" == "6.00"
    assert f"{y}" == repr(y)


def test_a_value_is_a_number_to_python():
    v = Value(2.5)
    assert float(v) == 2.5
    assert int(v) == 2
    assert math.exp(v) == math.exp(2.5)
    assert bool(v)
    assert not Value(0.0)
    assert v.item() == 2.5
    assert v.numpy() == 2.5
    array = np.zeros(2)
    array[0] = v
    assert array[0] == 2.5


def test_comparisons_are_plain_booleans_and_hash_is_by_identity():
    a, b = Value(1.0), Value(1.0)
    for result in (a == b, a <= 1, a < np.float64(2), a > 0.5, a != 2, a >= b, not (a > b)):
        assert result is True
    assert len({a, b}) == 2
    assert (a == "x") is False
    with pytest.raises(TypeError):
        _ = a < "x"
    assert (a < np.array([0.0, 2.0])).tolist() == [False, True]


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "//", "%", "**"])
def test_an_unknown_operand_gets_pythons_error(symbol):
    with pytest.raises(TypeError, match=r"unsupported operand|can't multiply"):
        eval(f"v {symbol} 'a'", {"v": Value(1.0)})


def test_a_value_is_not_iterable_or_complex():
    with pytest.raises(TypeError, match="iterated"):
        list(Value(1.0))
    with pytest.raises(TypeError, match="real"):
        complex(Value(1.0))
    with pytest.raises(TypeError, match="expected real numbers, got complex"):
        autograd.exp(np.complex128(1j))


def test_in_place_operators_on_an_interior_node_rebind():
    a = Value(2.0)
    x = a + 1
    x *= 3
    x.backward()
    assert x.data == 9.0
    assert a.data == 2.0
    assert a.grad == 3.0


def test_sum_and_min_of_python_work():
    vs = [Value(3.0), Value(1.0)]
    total = sum(vs)
    total.backward()
    assert [v.grad for v in vs] == [1.0, 1.0]
    assert min(vs) is vs[1]


# --- local derivatives --------------------------------------------------------------------------

OPERATORS = {
    "add": (operator.add, lambda x, y: 1.0, lambda x, y: 1.0),
    "sub": (operator.sub, lambda x, y: 1.0, lambda x, y: -1.0),
    "mul": (operator.mul, lambda x, y: y, lambda x, y: x),
    "div": (operator.truediv, lambda x, y: 1 / y, lambda x, y: -x / y**2),
    "floor_divide": (operator.floordiv, lambda x, y: 0.0, lambda x, y: 0.0),
    "remainder": (operator.mod, lambda x, y: 1.0, lambda x, y: -math.floor(x / y)),
    "pow": (operator.pow, lambda x, y: y * x ** (y - 1), lambda x, y: x**y * math.log(x)),
}


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize(("x", "y"), [(1.7, 0.6), (3.0, 2.0), (0.4, -1.3)])
def test_the_number_on_each_edge_is_the_derivative_in_every_mixed_form(name, x, y):
    compute, by_x, by_y = OPERATORS[name]
    both = compute(Value(x), Value(y))
    assert both.data == compute(x, y)
    assert both.primitive.name == name
    assert both.local_derivatives == pytest.approx((by_x(x, y), by_y(x, y)))
    left, right = compute(Value(x), y), compute(x, Value(y))
    numpy_left, numpy_right = compute(Value(x), np.float64(y)), compute(np.float64(x), Value(y))
    for node, d in ((left, by_x), (right, by_y), (numpy_left, by_x), (numpy_right, by_y)):
        assert isinstance(node, Value)
        assert node.data == compute(x, y)
        assert node.local_derivatives == pytest.approx((d(x, y),))
        assert len(node.arguments) == 2
    constant = compute(Value(x), Value(y, requires_grad=False))
    assert constant.local_derivatives == pytest.approx((by_x(x, y),))


def test_a_square_has_one_parent_twice_and_a_constant_power_takes_no_logarithm():
    x = Value(-2.0)
    y = x**3
    assert (y.data, y.local_derivatives, y.arguments) == (-8.0, (12.0,), (x, 3.0))


def test_the_written_operators_come_from_the_rows():
    from autograd.primitives.methods import source

    assert "dx = 1.0 - out * out" in source("tanh")
    assert "dy = x" in source("mul")
    with pytest.raises(ValueError, match="not a unary or binary"):
        source("sum")


def test_errors_inside_a_method_show_its_text():
    import linecache

    assert "node._dx = dx" in "".join(linecache.getlines("<autograd.Value.tanh>"))


# --- IEEE ---------------------------------------------------------------------------------------


def test_where_python_raises_a_value_follows_ieee():
    zero = Value(0.0)
    assert (1 / zero).data == math.inf
    assert (zero / 0).data != (zero / 0).data
    assert (-1 / zero).data == -math.inf
    assert Value(1000.0).exp().data == math.inf
    assert zero.log().data == -math.inf
    assert math.isnan(Value(-1.0).log().data)
    assert math.isnan(Value(math.inf).sin().data)
    assert (zero**-1).data == math.inf
    assert math.isnan((Value(-8.0) ** (1 / 3)).data)
    assert math.isnan(((-8.0) ** Value(1 / 3)).data)
    assert (zero**0).data == 1.0
    assert (Value(2.0) ** 5000).data == math.inf
    assert math.isnan((zero % 0).data)
    assert zero.sqrt().local_derivatives == (math.inf,)


# --- arrays of Values ---------------------------------------------------------------------------


def test_values_makes_an_object_array_with_names():
    w = autograd.values(np.arange(6).reshape(2, 3), "w")
    assert w.shape == (2, 3)
    assert w.dtype == object
    assert w[1, 2].name == "w[1, 2]"
    assert autograd.values(3.0, "b").name == "b"
    with pytest.raises(TypeError, match="real numbers"):
        autograd.values(["a"])


def test_a_reduction_over_values_is_one_n_ary_node():
    v = autograd.values([1.0, 2.0, 3.0])
    total = autograd.sum(v)
    assert isinstance(total, Value)
    assert [x is y for x, y in zip(total.parents, v, strict=True)] == [True] * 3
    assert total.local_derivatives == (1.0, 1.0, 1.0)
    product = autograd.matmul(v, np.array([4.0, 5.0, 6.0]))
    assert product.data == 32.0
    assert product.local_derivatives == (4.0, 5.0, 6.0)
    square = autograd.matmul(v, v)
    square.backward()
    assert [x.grad for x in v] == [2.0, 4.0, 6.0]


def test_second_derivatives_go_through_n_ary_nodes():
    v = autograd.values([1.0, 2.0, 3.0])
    f = autograd.logsumexp(v) * autograd.prod(v)
    f.backward(create_graph=True)
    first = v[0].grad
    for x in v:
        x.grad = None
    first.backward()

    def g(t):
        return autograd.logsumexp(t) * autograd.prod(t)

    expected = autograd.hessian(g)(np.array([1.0, 2.0, 3.0]))[0]
    np.testing.assert_allclose([x.grad for x in v], expected, rtol=1e-12)


def test_a_value_and_a_tensor_make_a_tensor_and_the_value_gets_a_float():
    v, t = Value(2.0), Tensor([1.0, 2.0])
    y = (v * t + t / v).sum()
    assert isinstance(v * t, Tensor)
    y.backward()
    assert type(v.grad) is float
    assert v.grad == pytest.approx(3.0 - 3.0 / 4)
    np.testing.assert_allclose(t.grad, [2.5, 2.5])


def test_an_array_of_values_and_a_tensor_do_not_mix():
    with pytest.raises(TypeError, match="to_scalars"):
        autograd.values([1.0, 2.0]) * Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match="to_scalars"):
        Tensor([Value(1.0)])
    with pytest.raises(TypeError, match="to_scalars"):
        Tensor([1.0, 2.0]) + [Value(1.0), Value(2.0)]


def test_the_seed_of_a_value_is_one_number():
    y = Value(2.0) * 3
    y.backward(0.5)
    assert y.parents[0].grad == 1.5
    with pytest.raises(TypeError, match="seed of a Value"):
        y.backward([1.0, 2.0])
    with pytest.raises(TypeError, match="seed of a Value"):
        y.backward("1")


def test_arguments_in_the_order_of_micrograds_are_answered_whatever_comes_with_them() -> None:
    a, b = Value(1.0), Value(2.0)
    for options in ({}, {"label": "q"}):
        with pytest.raises(TypeError, match="parents are recorded by the operators"):
            Value(1.0, (a, b), "+", **options)
    with pytest.raises(TypeError, match="a string, not 3 arguments"):
        Value(1.0, "a", "b")
    with pytest.raises(TypeError, match="a string, not int"):
        Value(1.0, label=3)
