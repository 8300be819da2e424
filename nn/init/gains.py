"""Gains: by how much weights are scaled up because an activation shrinks what passes it."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from nn import functional
from nn.arguments import came, real
from nn.module import Module

PYTORCH: dict[str, float] = {
    "identity": 1.0,
    "linear": 1.0,
    "prelu": math.sqrt(2 / (1 + 0.25**2)),
    "relu": math.sqrt(2),
    "selu": 3 / 4,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
}
"""The gains of PyTorch's table, which are custom rather than computed for tanh and SELU; and of PReLU
with the slope that it starts from."""


def gain(activation: str | Any | Callable[[Any], Any], slope: float | None = None) -> float:
    """The factor on the standard deviation 1/√n_in that an activation asks for.

    Args:
        activation: a name, a Module, or a function of one argument. ``"linear"``, ``"sigmoid"``,
            ``"tanh"`` (5/3), ``"relu"`` (√2), ``"leaky_relu"`` (√(2/(1 + slope²))) and ``"selu"`` (3/4)
            are PyTorch's; any other is computed: 1/√E[f(z)²] for z from N(0, 1), which keeps the second
            moment of a signal and is √2 for a rectifier too.
        slope: of ``"leaky_relu"``, 0.01 when left out.

    >>> gain("relu") == 2**0.5, gain("tanh") == 5 / 3
    (True, True)
    >>> round(gain(lambda z: z * (z > 0)), 6)
    1.414214

    Source: He et al., ICCV 2015, for rectifiers; PyTorch's ``torch.nn.init.calculate_gain``.
    """
    if slope is not None:
        slope = real(slope, "slope of gain")
        if not isinstance(activation, str) or activation != "leaky_relu":
            raise TypeError(
                f"only the gain of 'leaky_relu' depends on a slope, got {activation!r:.60}"
            )
    if isinstance(activation, str) and activation == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if slope is None else float(slope)) ** 2))
    if isinstance(activation, str) and activation in PYTORCH:
        return PYTORCH[activation]
    return computed_gain(function_of(activation))


def function_of(activation: Any) -> Callable[[Any], Any]:
    """What an ``activation`` argument does to a number, as it does in use and not in training."""
    if isinstance(activation, type) and issubclass(activation, Module):
        activation = activation()
    if isinstance(activation, Module):
        return copy.deepcopy(activation).eval()
    if isinstance(activation, str):
        known = [name for name in dir(functional) if takes_one(getattr(functional, name))]
        if activation not in known:
            raise ValueError(f"no activation {activation!r}; there are {', '.join(sorted(known))}")
        return getattr(functional, activation)  # type: ignore[no-any-return]
    if not callable(activation):
        raise TypeError(f"an activation is a name, a Module or a function, got {came(activation)}")
    return activation  # type: ignore[no-any-return]


def takes_one(function: Any) -> bool:
    """Whether a function can be called with one argument."""
    taken = inspect.signature(function).parameters.values()
    return sum(each.default is each.empty for each in taken) == 1


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """`gain`, under PyTorch's name and with its argument names.

    >>> calculate_gain("leaky_relu", 0.2) == (2 / 1.04) ** 0.5
    True
    """
    return gain(nonlinearity, param)


def computed_gain(activation: Callable[[Any], Any]) -> float:
    """1/√E[f(z)²] for z from N(0, 1), by the trapezoidal rule, to eight digits.

    An even number of points keeps clear of 0, where many activations have a kink or a jump.
    """
    z, step = np.linspace(-12, 12, 100_000, retstep=True)
    with autograd.no_grad():
        y, part = activation(z), activation(z[::1000])
    numbers = np.asarray(autograd.recording.look(y), dtype=np.float64)
    alone = np.asarray(autograd.recording.look(part), dtype=np.float64)
    # Softmax keeps the shape, but mixes the numbers: what it gives for some depends on the others.
    if numbers.shape != z.shape or not np.allclose(numbers[::1000], alone, equal_nan=True):
        raise ValueError(f"a gain is that of a function of one number, got {activation!r:.60}")
    density = np.exp(-np.square(z) / 2) / math.sqrt(2 * math.pi)
    moment = float(step * np.sum(np.square(numbers) * density))
    if not 0 < moment < math.inf:
        raise ValueError(f"{activation!r:.60} has no gain: E[f(z)²] is {moment:g}")
    return 1 / math.sqrt(moment)
