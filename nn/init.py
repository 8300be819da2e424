"""Initialisation: functions ``(shape, rng) -> array`` that draw a layer's first weights.

A weight has shape (out, in), so ``n_in = shape[1]`` and ``n_out = shape[0]``. The aim of every rule
with a name is that signals, or gradients, keep their variance from layer to layer: the sum of n_in
products of independent inputs and weights has n_in times the variance of one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nn.randomness import Seed, generator

__all__ = [
    "constant",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "initialiser",
    "normal",
    "pytorch_uniform",
    "uniform",
    "zeros",
]

Array = np.ndarray[Any, Any]
Initialiser = Callable[[tuple[int, ...], Any], Any]


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """(n_in, n_out) of a weight of shape (out, in)."""
    if len(shape) != 2 or min(shape) < 1:
        raise ValueError(f"a weight has shape (out, in), got {tuple(shape)}")
    return shape[1], shape[0]


def zeros(shape: Sequence[int], rng: Seed = None) -> Array:
    """All zeros: right for biases, and a pathology for weights, whose units then all stay equal.

    >>> zeros((2, 3)).sum()
    np.float64(0.0)
    """
    return np.zeros(shape)


def constant(shape: Sequence[int], rng: Seed = None, *, value: float = 0.0) -> Array:
    """One number everywhere.

    >>> constant((1, 2), value=0.1).tolist()
    [[0.1, 0.1]]
    """
    return np.full(shape, float(value))


def normal(shape: Sequence[int], rng: Seed = None, *, std: float = 0.01) -> Array:
    """N(0, std²)."""
    return generator(rng).normal(0.0, std, shape)


def uniform(shape: Sequence[int], rng: Seed = None, *, bound: float = 0.01) -> Array:
    """U(−bound, bound)."""
    return generator(rng).uniform(-bound, bound, shape)


def he_normal(shape: Sequence[int], rng: Seed = None) -> Array:
    """N(0, 2 / n_in): keeps the second moment of signals through rectifiers, which halve it.

    >>> bool(abs(he_normal((500, 200), 0).std() - (2 / 200) ** 0.5) < 1e-3)
    True

    Source: He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015; KTH DD2424, lecture 4.
    """
    n_in, _ = fans(shape)
    return normal(shape, rng, std=math.sqrt(2 / n_in))


def he_uniform(shape: Sequence[int], rng: Seed = None) -> Array:
    """U(±√(6 / n_in)): the variance of `he_normal`, with bounded weights."""
    n_in, _ = fans(shape)
    return uniform(shape, rng, bound=math.sqrt(6 / n_in))


def glorot_normal(shape: Sequence[int], rng: Seed = None) -> Array:
    """N(0, 2 / (n_in + n_out)): between keeping the variance of signals and that of gradients.

    >>> bool(abs(glorot_normal((300, 500), 0).std() - (2 / 800) ** 0.5) < 1e-3)
    True

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010.
    """
    n_in, n_out = fans(shape)
    return normal(shape, rng, std=math.sqrt(2 / (n_in + n_out)))


def glorot_uniform(shape: Sequence[int], rng: Seed = None) -> Array:
    """U(±√(6 / (n_in + n_out))): the variance of `glorot_normal`, with bounded weights."""
    n_in, n_out = fans(shape)
    return uniform(shape, rng, bound=math.sqrt(6 / (n_in + n_out)))


def pytorch_uniform(shape: Sequence[int], rng: Seed = None) -> Array:
    """U(±1/√n_in): what PyTorch's ``nn.Linear`` draws its weights from, and its biases too."""
    n_in, _ = fans(shape)
    return uniform(shape, rng, bound=1 / math.sqrt(n_in))


BY_NAME: dict[str, Initialiser] = {
    "glorot_normal": glorot_normal,
    "glorot_uniform": glorot_uniform,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "normal": normal,
    "pytorch": pytorch_uniform,
    "uniform": uniform,
    "zeros": zeros,
}


def initialiser(init: str | Initialiser) -> Initialiser:
    """The function that an ``init`` argument stands for: a name, or a function (shape, rng) -> array.

    >>> initialiser("he_normal") is he_normal
    True
    """
    if isinstance(init, str):
        if init not in BY_NAME:
            raise ValueError(f"init: no initialisation {init!r}; there are {', '.join(BY_NAME)}")
        return BY_NAME[init]
    if not callable(init):
        raise TypeError(
            f"init is a name ({', '.join(BY_NAME)}) or a function (shape, rng) -> array, "
            f"got {type(init).__name__}"
        )
    return init
