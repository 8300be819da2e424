"""Checking: gradcheck finds wrong derivatives, detect_anomaly the place where numbers break."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import autograd
from autograd import AnomalyError, GradientError, Tensor, Value, detect_anomaly, gradcheck


@pytest.fixture
def wrong_row():
    row = autograd.elementwise(
        "wrong_square", lambda x: x * x, np.square, lambda out, x: 3 * x, doc="x², badly."
    )
    yield row
    del autograd.registry["wrong_square"]


@pytest.fixture
def wrong_second_row():
    def raw_rule(out, x):
        return 2 * (x.detach() if isinstance(x, autograd.Node) else x)  # no derivative flows

    row = autograd.elementwise("constant_slope", lambda x: x * x, np.square, raw_rule)
    yield row
    del autograd.registry["constant_slope"]


# --- gradcheck ----------------------------------------------------------------------------------


def test_right_derivatives_pass_to_second_order():
    rng = np.random.default_rng(0)
    W, x = rng.normal(size=(2, 3)), rng.normal(size=3)
    assert gradcheck(lambda W, x: autograd.softmax(W @ x), (W, x), order=2) is True
    assert gradcheck(lambda v: v.exp() * v, 0.3, order=2) is True
    assert gradcheck(lambda p: p["a"] * p["b"], ({"a": 2.0, "b": x},), order=2) is True
    assert gradcheck(lambda x: x * x, Value(2.0)) is True


@pytest.mark.parametrize("x", [1.5, np.array([0.5, 2.0])])
def test_a_wrong_rule_is_found_with_both_numbers_and_the_primitive(wrong_row, x):
    with pytest.raises(GradientError) as caught:
        gradcheck(lambda x: autograd.sum(autograd.tanh(x) + wrong_row(x)), (x,))
    text = str(caught.value)
    assert "analytic" in text
    assert "numeric" in text
    assert "relative error" in text
    assert "primitive 'wrong_square'" in text
    assert __file__ in text


def test_the_worst_entry_is_the_one_shown(wrong_row):
    with pytest.raises(GradientError, match=r"input 0\[1\]"):
        gradcheck(
            lambda x: x * x + autograd.where(np.array([False, True]), wrong_row(x), 0.0),
            (np.array([0.5, 2.0]),),
        )


def test_a_wrong_second_derivative_is_found(wrong_second_row):
    x = np.array([0.5, 2.0])
    assert gradcheck(lambda x: wrong_second_row(x) * x, (x,)) is True
    with pytest.raises(GradientError, match="gradient of the gradient"):
        gradcheck(lambda x: wrong_second_row(x) * x, (x,), order=2)


def test_a_part_that_is_not_recorded_is_found():
    with pytest.raises(GradientError, match="not recorded"):
        gradcheck(lambda x: x * x.detach(), (2.0,))


def test_gradcheck_changes_no_input_and_takes_float32():
    x = np.array([1.0, 2.0], dtype=np.float32)
    t = Tensor([1.0, 2.0])
    assert gradcheck(lambda x, t: x * t, (x, t))
    assert x.tolist() == [1.0, 2.0]
    assert t.grad is None


def test_bad_calls_are_refused():
    with pytest.raises(ValueError, match="order is 1 or 2"):
        gradcheck(lambda x: x, 1.0, order=3)
    with pytest.raises(ValueError, match="no numbers"):
        gradcheck(lambda x: [], 1.0)


# --- detect_anomaly -----------------------------------------------------------------------------


def line_of(text):
    """The number of the line of this file that holds `text` first."""
    source = inspect.getsource(inspect.getmodule(line_of)).splitlines()
    return next(i for i, line in enumerate(source, 1) if text in line)


def test_a_nan_forward_names_the_primitive_the_shapes_and_the_line():
    with detect_anomaly():
        t = Tensor([[1.0, -1.0]], "t")
        with (
            pytest.raises(AnomalyError) as caught,
            pytest.warns(RuntimeWarning, match="invalid value"),
        ):
            autograd.log(t)  # here
    text = str(caught.value)
    assert "log gave nan at [0, 1]" in text
    assert "shape (1, 2)" in text
    assert "'t'" in text
    assert f'{__file__}", line {line_of("autograd.log(t)  # here")}' in text


def test_an_infinity_forward_is_found_on_values():
    with detect_anomaly(), pytest.raises(AnomalyError, match="div gave inf"):
        Value(1.0) / Value(0.0)


def test_it_is_also_found_without_recording():
    with detect_anomaly(), autograd.no_grad(), pytest.raises(AnomalyError, match="exp gave inf"):
        Value(1000.0).exp()


@pytest.mark.parametrize("kind", [Value, lambda x: Tensor([x])])
def test_an_infinity_backward_names_the_primitive_and_the_parent(kind):
    x = kind(0.0)
    x.name = "x"
    with detect_anomaly():
        y = autograd.sqrt(x)
        with pytest.raises(AnomalyError, match=r"backward pass of sqrt gave inf.*'x'") as caught:
            y.backward()
    assert __file__ in str(caught.value)
    assert x.grad is None


def test_a_graph_recorded_before_is_checked_backward_too():
    x = Value(0.0, "x")
    y = x.sqrt()
    with detect_anomaly(), pytest.raises(AnomalyError, match="backward pass of sqrt"):
        y.backward()
    y.backward()
    assert x.grad == float("inf")


@pytest.mark.parametrize("inside", [True, False])
def test_a_write_behind_the_graphs_back_is_found(inside):
    t, u = Tensor([1.0, 2.0], "t"), Tensor([3.0, 4.0], "u")
    if inside:
        with detect_anomaly():
            y = (t * u).sum()
            t.data[0] = 7.0
            with pytest.raises(AnomalyError, match="'t' was written after mul"):
                y.backward()
    else:
        y = (t * u).sum()
        t.data[0] = 7.0
        with detect_anomaly(), pytest.raises(AnomalyError, match=r"'t'.* was written after mul"):
            y.backward()
    assert t.grad is None


def test_a_write_into_a_constant_array_is_found():
    t, a = Tensor([1.0, 2.0]), np.array([3.0, 0.0])
    with detect_anomaly():
        y = (t * a).sum()
        a[1] = 5.0
        with pytest.raises(AnomalyError, match="a constant array"):
            y.backward()


def test_a_healthy_graph_passes_and_numbers_are_the_same():
    t = Tensor([1.0, 2.0])
    with detect_anomaly():
        (autograd.tanh(t) ** 2).sum().backward()
    inside, t.grad = t.grad, None
    (autograd.tanh(t) ** 2).sum().backward()
    assert inside.tolist() == t.grad.tolist()


def test_n_ary_nodes_are_checked_too():
    v = autograd.values([1.0, 2.0])
    y = autograd.var(v)
    with detect_anomaly():
        y.backward()
        with pytest.raises(AnomalyError, match="sum gave inf"):
            autograd.sum(autograd.values([1e308, 1e308]))


def test_numpy_numbers_are_operands_like_others():
    with detect_anomaly():
        y = (Tensor([1.0, 2.0]) * np.float64(2)).sum() * (Value(2.0) * np.float32(3))
        y.backward()
    assert gradcheck(lambda x: x.tanh(), (np.float64(0.5),))


def test_the_index_of_take_along_axis_may_change_later():
    x, index = Tensor([[1.0, 2.0], [3.0, 4.0]]), np.array([[0], [0]])
    y = autograd.take_along_axis(x, index, 1).sum()
    index[:] = 1
    y.backward()
    assert x.grad.tolist() == [[1.0, 0.0], [1.0, 0.0]]
