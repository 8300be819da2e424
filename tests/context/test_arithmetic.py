"""A gradient that is None: arithmetic with it says why it is None, and everything else gets None."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value

ARITHMETIC = [
    *("p.data -= 0.1 * p.grad", "p.data = p.data - p.grad * 0.1", "p.data += p.grad", "-p.grad"),
    *("rate * p.grad / 2 + 1", "p.data - rate * (p.grad + decay * p.data)", "np.ones(2) * p.grad"),
    *(
        "p.grad ** 2",
        "2 ** p.grad",
        "p.grad // 2",
        "p.data @ p.grad",
        "p.data - rate * holder.p.grad",
    ),
    *("p.grad + p.grad", "rate * -p.grad", "1 - (rate + 2) * p.grad"),
]

NO_ARITHMETIC = {
    "p.grad is None": True,
    "'%s' % p.grad": "None",
    "f'{p.grad}'": "None",
    "(p.grad or 0.0) * 2": 0.0,
    "[p.grad, 2 * 3]": [None, 6],
    "(p.grad, -rate)": (None, -0.5),
    "rate * (0.0 if p.grad is None else p.grad)": 0.0,
    "str(p.grad) + '!'": "None!",
    "getattr(p, 'grad')": None,
    "p.grad == 2 * rate": False,
    "(lambda g: g)(p.grad)": None,
    "{'w': p.grad}['w']": None,
    "[q.grad for q in (p, p)]": [None, None],
}


class Holder:
    def __init__(self, p: Any) -> None:
        self.p = p


def names(p: Any) -> dict[str, Any]:
    return {"p": p, "rate": 0.5, "decay": 0.1, "np": np, "holder": Holder(p)}


def leaves() -> list[Any]:
    return [Value(1.0, "w"), Tensor([1.0, 2.0], "w")]


@pytest.mark.parametrize("code", ARITHMETIC)
@pytest.mark.parametrize("inside", [False, True])
def test_arithmetic_with_no_gradient_says_that_no_pass_has_reached_the_leaf(
    code: str, inside: bool
) -> None:
    for p in leaves():
        before = np.array(p.data)
        line = (
            f"def step(p, rate, decay, np, holder):\n    {code}\nstep(p, rate, decay, np, holder)"
        )
        with pytest.raises(TypeError, match=f"no backward pass has reached {type(p).__name__} 'w'"):
            exec(line if inside else code, names(p))
        assert np.array_equal(p.data, before)


@pytest.mark.parametrize("code", NO_ARITHMETIC)
def test_without_arithmetic_a_gradient_that_is_none_is_none(code: str) -> None:
    for p in leaves():
        assert eval(code, names(p)) == NO_ARITHMETIC[code]


def test_what_has_a_gradient_is_computed_with() -> None:
    for p in leaves():
        autograd.sum(p * 3.0).backward()
        before = np.array(p.data)
        p.data -= 0.5 * p.grad
        np.testing.assert_array_equal(p.data, before - 1.5)


def test_a_parameter_that_the_loss_does_not_depend_on_is_told_by_its_name() -> None:
    model = nn.scalar.MLP(2, [2, 1])
    model([1.0, 2.0]).backward()

    def step() -> None:
        for p in (*model.parameters(), Value(1.0, "unused")):
            p.data -= 0.1 * p.grad

    with pytest.raises(TypeError, match=r"Value 'unused'.*does not depend"):
        step()


def test_a_computed_tensor_and_a_constant_say_why_they_have_none() -> None:
    with pytest.raises(TypeError, match=r"result of mul.* is not kept: call its retain_grad\(\)"):
        0.1 * (Tensor([1.0]) * 2).grad
    with pytest.raises(TypeError, match="'c' has requires_grad=False"):
        0.1 * Tensor([1.0], "c", requires_grad=False).grad
