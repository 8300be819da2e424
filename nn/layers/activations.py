"""Activations by name: what an ``activation=`` argument may be, and the module it stands for.

The functions live in `nn.functional` and the modules in `nn.layers.activation`; both are offered here.
Each acts on one element at a time, but for softmax, log-softmax and maxout, which act along an axis.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from nn.functional import (
    binary_step,
    elu,
    gelu,
    hardtanh,
    identity,
    leaky_relu,
    log_softmax,
    maxout,
    mish,
    prelu,
    relu,
    rrelu,
    selu,
    sigmoid,
    silu,
    smht,
    softmax,
    softplus,
    swish,
    tanh,
)
from nn.layers.activation import (
    ELU,
    GELU,
    SELU,
    SMHT,
    Activation,
    BinaryStep,
    Hardtanh,
    Identity,
    LeakyReLU,
    LogSoftmax,
    Maxout,
    Mish,
    PReLU,
    ReLU,
    RReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Swish,
    Tanh,
)
from nn.module import Module
from nn.randomness import Seed, generator

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "SMHT",
    "Activation",
    "BinaryStep",
    "Hardtanh",
    "Identity",
    "LeakyReLU",
    "LogSoftmax",
    "Maxout",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Swish",
    "Tanh",
    "activation_module",
    "binary_step",
    "elu",
    "gelu",
    "hardtanh",
    "identity",
    "leaky_relu",
    "log_softmax",
    "maxout",
    "mish",
    "prelu",
    "relu",
    "rrelu",
    "selu",
    "sigmoid",
    "silu",
    "smht",
    "softmax",
    "softplus",
    "swish",
    "tanh",
]

BY_NAME: dict[str, type[Module]] = {
    "binary_step": BinaryStep,
    "elu": ELU,
    "gelu": GELU,
    "hardtanh": Hardtanh,
    "identity": Identity,
    "leaky_relu": LeakyReLU,
    "log_softmax": LogSoftmax,
    "mish": Mish,
    "prelu": PReLU,
    "relu": ReLU,
    "rrelu": RReLU,
    "selu": SELU,
    "sigmoid": Sigmoid,
    "silu": SiLU,
    "smht": SMHT,
    "softmax": Softmax,
    "softplus": Softplus,
    "swish": Swish,
    "tanh": Tanh,
}
"""`Maxout` is not among them: it changes the width, which the layer after it would have to know."""

RECTIFIERS = (ReLU, LeakyReLU, PReLU, RReLU)
"""Activations that pass about half of a centred signal: He's initialisation is made for them."""


def activation_module(
    activation: str | Module | type[Module] | Callable[[Any], Any],
    dtype: Any = np.float64,
    rng: Seed = None,
) -> Module:
    """A module of its own for an ``activation`` argument.

    Args:
        activation: a name (``"relu"``), a Module (it is copied, so that layers share nothing; a copy
            of one that draws numbers draws others), a Module class, or any function of one argument.
        dtype: of what it learns, where it is made from a name or a class.
        rng: where it draws numbers from, the same: a stream spawned from this one.

    >>> activation_module("tanh"), activation_module(LeakyReLU(0.1))
    (Tanh(), LeakyReLU(0.1))
    """
    if isinstance(activation, str):
        if activation not in BY_NAME:
            raise ValueError(f"no activation {activation!r}; there are {', '.join(BY_NAME)}")
        return made(BY_NAME[activation], dtype, rng)
    if isinstance(activation, Module):
        return copied(activation)
    if isinstance(activation, type) and issubclass(activation, Module):
        return made(activation, dtype, rng)
    if not callable(activation):
        raise TypeError(
            f"an activation is a name ({', '.join(BY_NAME)}), a Module or a function, "
            f"got {type(activation).__name__} ({activation!r:.60})"
        )
    name = getattr(activation, "__name__", "")
    if name in BY_NAME and activation in (globals()[name], getattr(autograd, name, None)):
        return made(BY_NAME[name], dtype, rng)
    return Activation(activation)


def made(kind: type[Module], dtype: Any, rng: Seed) -> Module:
    """A module of a class, told of its surroundings where it learns or draws."""
    if kind is PReLU:
        return PReLU(dtype=dtype)
    if kind is RReLU:
        # A stream of its own, which leaves the numbers that the other one draws as they were.
        return RReLU(rng=None if rng is None else generator(rng).spawn(1)[0])
    return kind()


def copied(module: Module) -> Module:
    """A copy that shares nothing: not its random numbers either."""
    copy_of_it = copy.deepcopy(module)
    for original, each in zip(module.modules(), copy_of_it.modules(), strict=True):
        if isinstance(original, RReLU) and isinstance(each, RReLU):
            each.rng = original.rng.spawn(1)[0]
    return copy_of_it


autograd.publish(__name__)
