"""Activations: the nonlinear functions between layers, as functions and as modules.

Each acts on one element at a time, but for softmax and log-softmax, which act along an axis.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import autograd
from autograd import identity, log_softmax, relu, sigmoid, softmax, softplus, tanh
from nn.module import Module

__all__ = [
    "Activation",
    "Identity",
    "LeakyReLU",
    "LogSoftmax",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "activation_module",
    "identity",
    "leaky_relu",
    "log_softmax",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
]


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """x where x > 0, slope · x elsewhere; the derivative at 0 is `slope`, as in PyTorch.

    >>> import numpy as np
    >>> leaky_relu(np.array([-2.0, 0.0, 3.0])).tolist()
    [-0.02, 0.0, 3.0]

    Source: Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013.
    """
    # The larger of two lines through the origin, or the smaller when the left one is the steeper. On
    # the kink the first argument of a tie gets the cotangent: the left line, whose slope is `slope`.
    choose = autograd.maximum if slope <= 1 else autograd.minimum
    return choose(autograd.mul(x, slope), x, ties="first")


class Activation(Module):
    """A function of one argument as a module.

    >>> import autograd
    >>> Activation(autograd.sin)
    Activation(sin)
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        if not callable(function):
            raise TypeError(f"Activation takes a function, got {type(function).__name__}")
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x)

    def describe(self) -> str:
        return getattr(self.function, "__name__", type(self.function).__name__)


class Identity(Module):
    """x itself."""

    def forward(self, x: Any) -> Any:
        return x


class ReLU(Module):
    """max(x, 0); the derivative at 0 is 0."""

    def forward(self, x: Any) -> Any:
        return relu(x)


class LeakyReLU(Module):
    """x where x > 0, slope · x elsewhere: see `leaky_relu`."""

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = float(slope)

    def forward(self, x: Any) -> Any:
        return leaky_relu(x, self.slope)

    def describe(self) -> str:
        return f"{self.slope}"


class Sigmoid(Module):
    """1 / (1 + e⁻ˣ), with derivative σ(1 − σ)."""

    def forward(self, x: Any) -> Any:
        return sigmoid(x)


class Tanh(Module):
    """(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), with derivative 1 − tanh²."""

    def forward(self, x: Any) -> Any:
        return tanh(x)


class Softplus(Module):
    """ln(1 + eˣ), with derivative σ(x)."""

    def forward(self, x: Any) -> Any:
        return softplus(x)


class Softmax(Module):
    """eˣ / Σ eˣ along an axis: a probability for each class, from logits."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return softmax(x, axis=self.axis)


class LogSoftmax(Module):
    """x − ln Σ eˣ along an axis: the logarithm of `Softmax`, without its rounding."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return log_softmax(x, axis=self.axis)


BY_NAME: dict[str, type[Module]] = {
    "identity": Identity,
    "leaky_relu": LeakyReLU,
    "log_softmax": LogSoftmax,
    "relu": ReLU,
    "sigmoid": Sigmoid,
    "softmax": Softmax,
    "softplus": Softplus,
    "tanh": Tanh,
}
RECTIFIERS = (ReLU, LeakyReLU)
"""Activations that pass about half of a centred signal: He's initialisation is made for them."""


def activation_module(activation: str | Module | type[Module] | Callable[[Any], Any]) -> Module:
    """A module of its own for an ``activation`` argument.

    Args:
        activation: a name (``"relu"``), a Module (it is copied, so that layers share nothing), a
            Module class, or any function of one argument.

    >>> activation_module("tanh"), activation_module(LeakyReLU(0.1))
    (Tanh(), LeakyReLU(0.1))
    """
    if isinstance(activation, str):
        if activation not in BY_NAME:
            raise ValueError(f"no activation {activation!r}; there are {', '.join(BY_NAME)}")
        return BY_NAME[activation]()
    if isinstance(activation, Module):
        return copy.deepcopy(activation)
    if isinstance(activation, type) and issubclass(activation, Module):
        return activation()
    if not callable(activation):
        raise TypeError(
            f"an activation is a name ({', '.join(BY_NAME)}), a Module or a function, "
            f"got {type(activation).__name__} ({activation!r:.60})"
        )
    name = getattr(activation, "__name__", "")
    if name in BY_NAME and activation is globals()[name]:
        return BY_NAME[name]()
    return Activation(activation)
