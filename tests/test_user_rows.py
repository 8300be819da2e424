"""Rows declared in a user's module: what their rules may hold, and what is said when they are wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value, gradcheck


@pytest.fixture(autouse=True)
def the_registry_is_left_as_it_was() -> Iterator[None]:
    before = dict(autograd.registry)
    yield
    for name in set(autograd.registry) - set(before):
        del autograd.registry[name]


RULES = {
    "a NumPy number": lambda out, x: autograd.cos(x) * np.sqrt(4.0) / np.sqrt(4.0),
    "an array": lambda out, x: autograd.cos(x) * np.array(1.0),
    "an infinity": lambda out, x: autograd.where(x < math.inf, autograd.cos(x), 0.0),
    "a NumPy function": lambda out, x: np.cos(x),
}


@pytest.mark.parametrize("what", RULES)
@pytest.mark.parametrize("x", [0.5, np.array([0.5, 2.0])])
def test_a_rule_may_hold(what, x):
    row = autograd.elementwise(f"user's {what}", math.sin, np.sin, RULES[what])
    assert gradcheck(row, (x,), order=2)


def test_the_function_on_arrays_may_need_an_array():
    row = autograd.elementwise(
        "user_sin", math.sin, lambda x: np.sin(x.copy()), lambda out, x: autograd.cos(x)
    )
    t = Tensor([0.5])
    row(t).backward()
    assert t.grad[0] == pytest.approx(math.cos(0.5))


def test_options_of_any_number_type_reach_the_rule():
    row = autograd.elementwise(
        "user_scale",
        lambda x, slope=1.0: x * slope,
        lambda x, slope=1.0: x * slope,
        lambda out, x, slope=1.0: slope,
        slope=1.0,
    )
    t = Tensor([1.0, 2.0])
    row(t, slope=np.float64(0.3)).sum().backward()
    assert t.grad.tolist() == [0.3, 0.3]
    v = Value(2.0)
    row(v, slope=0.3).backward()
    assert v.grad == 0.3


def test_a_row_does_not_take_over_the_numpy_function_it_uses():
    autograd.elementwise("user_exp", math.exp, np.exp, lambda out, x: 0)
    assert np.exp(Tensor([0.0])).primitive is autograd.exp


def test_a_transpose_of_the_wrong_shape_is_named():
    total = autograd.linear_map("user_total", lambda x: x.sum(0), lambda g, x: g)
    t = Tensor(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"transpose of user_total gave .* shape \(3,\)"):
        total(t).sum().backward()
    assert t.grad is None
    with pytest.raises(ValueError, match="one argument"):
        autograd.linear_map("user_two", lambda x, y: x + y, lambda g, x, y: g, arity=2)


def test_a_name_can_be_taken_once():
    with pytest.raises(ValueError, match="exists already"):
        autograd.elementwise("tanh", math.tanh, np.tanh, lambda out, x: 1 - out * out)


def test_constants_of_small_integers_lose_no_precision():
    e = Tensor([2.5, 2.5])
    (np.array([7, 3], np.uint8) ** e).sum().backward()
    np.testing.assert_allclose(e.grad, [7**2.5 * math.log(7), 3**2.5 * math.log(3)], rtol=1e-12)
