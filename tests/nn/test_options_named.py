"""Options of activations, losses, optimisers and initialisers that are of no use are named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, Value

NUMBERS: dict[str, Callable[[Any], Any]] = {
    "at_zero of BinaryStep": lambda x: nn.BinaryStep(x),
    "at_zero of binary_step": lambda x: nn.binary_step(0.5, x),
    "slope of LeakyReLU": lambda x: nn.LeakyReLU(x),
    "slope of leaky_relu": lambda x: nn.leaky_relu(0.5, x),
    "lower of RReLU": lambda x: nn.RReLU(x),
    "upper of rrelu": lambda x: nn.rrelu(0.5, 0.1, x),
    "init of PReLU": lambda x: nn.PReLU(init=x),
    "min_val of Hardtanh": lambda x: nn.Hardtanh(x),
    "max_val of hardtanh": lambda x: nn.hardtanh(0.5, -1.0, x),
    "alpha of ELU": lambda x: nn.ELU(x),
    "a scale of SMHT": lambda x: nn.SMHT(x),
    "a scale of smht": lambda x: nn.smht(0.5, 1.0, x),
    "beta of Softplus": lambda x: nn.Softplus(x),
    "beta of softplus": lambda x: nn.softplus(0.5, x),
    "beta of Swish": lambda x: nn.Swish(x),
}
WORDS: dict[str, Callable[[Any], Any]] = {
    "approximate of GELU": lambda x: nn.GELU(x),
    "approximate of gelu": lambda x: nn.gelu(0.5, x),
    "reduction": lambda x: nn.mse([0.5], [0.5], x),
}
JUNK = [np.ones(2), np.ones((2, 3)), np.array([]), Tensor([1.0, 2.0]), "a", [1.0], {}, 1j, object()]


@pytest.mark.parametrize("what", NUMBERS)
def test_an_option_that_is_no_number_is_named(what: str) -> None:
    for junk in JUNK:
        with pytest.raises(TypeError, match=f"{what} is a number, got {type(junk).__name__}"):
            NUMBERS[what](junk)


@pytest.mark.parametrize("what", WORDS)
def test_an_option_that_is_no_word_is_named(what: str) -> None:
    for junk in JUNK:
        with pytest.raises(ValueError, match=f"{what} is '"):
            WORDS[what](junk)


def test_a_number_of_any_class_is_one() -> None:
    for number in (2, 2.0, np.float32(2), np.int8(2), Value(2.0)):
        assert float(nn.softplus(0.5, number)) == pytest.approx(nn.softplus(0.5, 2.0))


def optimizer() -> Any:
    return nn.optim.SGD([Tensor([1.0])], lr=0.1)


LISTS: dict[str, Callable[[Any], Any]] = {
    "parameters of SGD": lambda x: nn.optim.SGD(x, lr=0.1),
    "parameters of Adam": lambda x: nn.optim.Adam(x),
    "params of a group of SGD": lambda x: nn.optim.SGD([{"params": x}], lr=0.1),
    "parameters of clip_grad_norm": lambda x: nn.clip_grad_norm_(x, 1.0),
    "milestones of MultiStepLR": lambda x: nn.schedules.MultiStepLR(optimizer(), x),
}


@pytest.mark.parametrize("what", LISTS)
@pytest.mark.parametrize("junk", [3, 1.0, None, slice(1), object()])
def test_what_is_no_list_is_named(what: str, junk: Any) -> None:
    with pytest.raises(TypeError, match=rf"{what}_? is a list, got {type(junk).__name__}"):
        LISTS[what](junk)


def test_bounds_and_activations_of_initialisers_are_named() -> None:
    for junk in (np.ones(2), "a", abs, True):
        with pytest.raises(TypeError, match="a bound of uniform_ is a number, got"):
            nn.init.uniform_(Tensor([1.0]), junk)
    with pytest.raises((TypeError, ValueError), match="activation"):
        nn.init.gain(np.ones(3))
