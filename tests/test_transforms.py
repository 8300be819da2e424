"""Transforms: gradients of numbers, arrays and nested structures, to any order."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp


def f(x):
    return autograd.sin(x) * x**2


X = np.array([0.3, -1.2, 2.0])
M = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]])

# --- what goes in and what comes out ------------------------------------------------------------


def test_a_float_in_gives_a_float_out():
    slope = grad(f)(0.7)
    assert type(slope) is float
    assert slope == pytest.approx(math.cos(0.7) * 0.49 + 2 * 0.7 * math.sin(0.7))
    value, slope = value_and_grad(f)(2)
    assert (type(value), type(slope)) == (float, float)


def test_an_array_in_gives_an_array_out_of_its_shape_and_dtype():
    g = grad(lambda x: autograd.sum(f(x)))(X)
    assert type(g) is np.ndarray
    np.testing.assert_allclose(g, np.cos(X) * X**2 + 2 * X * np.sin(X))
    assert grad(lambda x: (x * x).sum())(X.astype(np.float32)).dtype == np.float32
    assert grad(lambda x: (x * x).sum())(np.arange(3)).dtype == np.float64


def test_structures_come_back_as_they_were():
    def loss(model, scale):
        (w, b), extra = model["layer"], model["extra"]
        return autograd.sum((M @ w + b) * scale[0]) + extra * scale[1]

    model = {"layer": [X, np.array([1.0, 2.0])], "extra": 5.0, "unused": None}
    by_model, by_scale = grad(loss, argnums=(0, 1))(model, (2.0, 3.0))
    np.testing.assert_allclose(by_model["layer"][0], 2 * M.sum(axis=0))
    np.testing.assert_allclose(by_model["layer"][1], [2.0, 2.0])
    assert by_model["extra"] == 3.0
    assert by_model["unused"] is None
    assert isinstance(by_model["layer"], list)
    assert isinstance(by_scale, tuple)
    assert by_scale == pytest.approx(((M @ X + [1.0, 2.0]).sum(), 5.0))


def test_plain_arguments_are_passed_on_untouched():
    seen = []

    def loss(x, data, *, power):
        seen.append((data, power))
        return x**power

    assert grad(loss)(2.0, "data", power=3) == 12.0
    assert grad(loss, argnums=-2)(2.0, "data", power=3) == 12.0
    assert seen[0] == ("data", 3)


def test_has_aux_hands_on_what_the_function_gives_beside():
    gradient, aux = grad(lambda x: (x**2, {"twice": 2 * x}), has_aux=True)(3.0)
    assert (gradient, aux) == (6.0, {"twice": 6.0})


def test_nothing_is_left_on_nodes_or_recorded_outside():
    w = Value(3.0)
    assert grad(lambda x: x * w)(2.0) == 3.0
    assert w.grad is None
    with autograd.no_grad():
        assert grad(lambda x: x * x)(2.0) == 4.0


def test_a_node_in_gives_a_node_out():
    x = Value(2.0)
    slope = grad(lambda x: x**3)(x)
    assert isinstance(slope, Value)
    slope.backward()
    assert x.grad == 12.0
    t = Tensor(X)
    gradient = grad(lambda t: (t**3).sum())(t)
    gradient.sum().backward()
    np.testing.assert_allclose(t.grad, 6 * X)


def test_a_constant_function_has_gradient_zero():
    assert grad(lambda x: 5.0)(2.0) == 0.0
    assert grad(lambda x: (x > 0) * 1.0)(2.0) == 0.0
    assert grad(lambda x: autograd.sum(Tensor(X)))(X).tolist() == [0.0, 0.0, 0.0]
    assert hessian(lambda x: 3.0 * x)(2.0) == 0.0


# --- higher orders ------------------------------------------------------------------------------


def test_gradients_of_gradients_to_the_fifth_order():
    derivatives = [lambda x: x**6]
    for _ in range(5):
        derivatives.append(grad(derivatives[-1]))
    for k, d in enumerate(derivatives):
        assert d(1.5) == pytest.approx(math.perm(6, k) * 1.5 ** (6 - k))


def test_a_derivative_inside_a_derivative_is_not_confused_with_it():
    # d/dx [x · d/dy (x + y)] = 1: the inner derivative is by y alone.
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(2.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(x))(3.0) == 6.0
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (2.0,), (1.0,))[1] == 1.0


def test_the_inner_derivative_at_the_outer_variable_counts_both_ways():
    # g(x) = ∂/∂y (x y²) at y = x is 2x², so g'(x) = 4x.
    assert grad(lambda x: grad(lambda y: x * y**2)(x))(3.0) == 12.0


def test_forward_over_reverse_equals_reverse_over_forward():
    def h(x):
        return autograd.sum(autograd.tanh(M @ x) ** 2)

    t = np.array([1.0, -0.5, 2.0])
    forward_over_reverse = jvp(grad(h), (X,), (t,))[1]
    reverse_over_forward = grad(lambda x: jvp(h, (x,), (t,))[1])(X)
    np.testing.assert_allclose(forward_over_reverse, hessian(h)(X) @ t)
    np.testing.assert_allclose(reverse_over_forward, hessian(h)(X) @ t)
    np.testing.assert_allclose(hvp(h, (X,), (t,)), hessian(h)(X) @ t)


# --- vjp, jvp, jacobian, hessian ----------------------------------------------------------------


def test_vjp_and_jvp_are_the_matrix_from_either_side():
    def h(x, y):
        return {"a": M @ x * y, "b": autograd.sum(x)}

    out, pull = vjp(h, X, 2.0)
    np.testing.assert_allclose(out["a"], 2 * M @ X)
    g = {"a": np.array([1.0, -1.0]), "b": 3.0}
    by_x, by_y = pull(g)
    np.testing.assert_allclose(by_x, 2 * (M[0] - M[1]) + 3.0)
    assert by_y == pytest.approx((M @ X) @ g["a"])
    out, tangent = jvp(h, (X, 2.0), (np.ones(3), 1.0))
    np.testing.assert_allclose(tangent["a"], 2 * M.sum(axis=1) + M @ X)
    assert tangent["b"] == 3.0
    assert pull(g)[1] == by_y


def test_jacobians_have_the_shape_of_the_output_and_then_of_the_input():
    J = jacobian(lambda x: M @ x)(X)
    np.testing.assert_allclose(J, M)
    J = jacobian(lambda w: autograd.outer(w, w))(X)
    assert J.shape == (3, 3, 3)
    np.testing.assert_allclose(J[0, 1], [X[1], X[0], 0.0])
    assert jacobian(f)(0.5) == grad(f)(0.5)
    by_x, by_y = jacobian(lambda x, y: x * y, argnums=(0, 1))(X, 2.0)
    np.testing.assert_allclose(by_x, 2 * np.eye(3))
    np.testing.assert_allclose(by_y, X)
    blocks = jacobian(lambda xs: [xs[0] * xs[1], xs[1]])([2.0, 3.0])
    assert blocks == [[3.0, 2.0], [0.0, 1.0]]


def test_hessians_are_symmetric_and_right():
    H = hessian(lambda x: autograd.prod(x))(X)
    expected = np.array([[0.0, X[2], X[1]], [X[2], 0.0, X[0]], [X[1], X[0], 0.0]])
    np.testing.assert_allclose(H, expected)
    H = hessian(lambda p: p["a"] ** 2 * p["b"])({"a": 2.0, "b": 3.0})
    assert H == {"a": {"a": 6.0, "b": 4.0}, "b": {"a": 4.0, "b": 0.0}}
    (aa, ab), (ba, bb) = hessian(lambda a, b: a**2 * b, argnums=(0, 1))(2.0, 3.0)
    assert (aa, ab, ba, bb) == (6.0, 4.0, 4.0, 0.0)


def test_a_jacobian_inside_a_gradient_is_a_node():
    def trace_of_squares(x):
        return autograd.sum(jacobian(lambda y: y**3)(x))

    np.testing.assert_allclose(grad(trace_of_squares)(X), 6 * X)


def test_an_output_returned_twice_is_counted_twice():
    def twice(x):
        y = x * x
        return [y, y]

    assert vjp(twice, 3.0)[1]([1.0, 10.0]) == (66.0,)
    assert jacobian(twice)(3.0) == [6.0, 6.0]


def test_the_input_itself_may_be_the_output():
    assert grad(lambda x: x)(3.0) == 1.0
    assert jvp(lambda x: x, (3.0,), (2.0,)) == (3.0, 2.0)
    np.testing.assert_allclose(jacobian(lambda x: x)(X), np.eye(3))


def test_create_graph_leaves_nodes_as_gradients():
    x = Value(2.0)
    (x**3).backward(create_graph=True)
    first = x.grad
    x.grad = None
    first.backward(create_graph=True)
    assert x.grad.data == 12.0
    x.grad = None
    t = Tensor(X)
    (t**3).sum().backward(create_graph=True)
    first, t.grad = t.grad, None
    first.sum().backward()
    np.testing.assert_allclose(t.grad, 6 * X)
    t.grad = None


# --- bad input ----------------------------------------------------------------------------------


def test_bad_calls_are_refused_with_what_was_expected():
    with pytest.raises(TypeError, match="takes a function"):
        grad(3.0)
    with pytest.raises(TypeError, match="one number"):
        grad(lambda x: x * 2)(X)
    with pytest.raises(TypeError, match="one number"):
        grad(lambda x: [x, x])(1.0)
    with pytest.raises(ValueError, match="given 1 arguments"):
        grad(f, argnums=1)(1.0)
    with pytest.raises(TypeError, match="argnums is an int"):
        grad(f, argnums="x")(1.0)
    with pytest.raises(ValueError, match="twice"):
        grad(lambda a: a, argnums=(0, 0))(1.0)
    with pytest.raises(TypeError, match="real number"):
        grad(f)("x")
    with pytest.raises(ValueError, match="2 primals, but 1 tangents"):
        jvp(lambda x, y: x * y, (1.0, 2.0), (1.0,))
    with pytest.raises(ValueError, match="expected one number or array"):
        vjp(f, 1.0)[1]([1.0, 2.0])
    with pytest.raises(ValueError, match=r"shape \(3,\) was expected"):
        jvp(lambda x: x * 2, (X,), (np.ones(2),))


def test_dicts_are_matched_by_key_and_other_structures_must_agree():
    pull = vjp(lambda p: {"a": p * 3, "b": p * 5}, 2.0)[1]
    assert pull({"b": 1.0, "a": 0.0}) == (5.0,)
    with pytest.raises(ValueError, match=r"expected the keys \['a', 'b'\]"):
        pull({"a": 1.0, "c": 0.0})
    with pytest.raises(ValueError, match="expected a dict of 2, got list"):
        pull([1.0, 0.0])
    tangent = jvp(lambda p: p["a"] * 3 + p["b"] * 5, ({"a": 2.0, "b": 1.0},), ({"b": 1.0, "a": 0},))
    assert tangent[1] == 5.0
    with pytest.raises(ValueError, match="expected a list of 2, got tuple"):
        jvp(lambda x: x[0] * x[1], ([1.0, 2.0],), ((3.0, 4.0),))


def test_a_function_from_a_float_to_an_array_has_arrays_as_results():
    def scaled(s):
        return s * np.array([1.0, 2.0])

    out, pull = vjp(scaled, 2.0)
    assert out.dtype == jacobian(scaled)(2.0).dtype == np.float64
    assert pull(np.array([1.0, 10.0])) == (21.0,)
    assert jacobian(scaled)(2.0).tolist() == [1.0, 2.0]
    assert jvp(scaled, (2.0,), (1.0,))[1].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("result", [None, "a", {}])
def test_a_function_that_returns_no_number_is_told_so(result):
    with pytest.raises(TypeError, match="one number"):
        grad(lambda x: result)(1.0)
