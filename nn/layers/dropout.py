"""Dropout: units left out at random in training."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import autograd
from autograd import Followed, Node, Tensor
from nn.arguments import share
from nn.layers.linear import plain_input
from nn.module import Module
from nn.randomness import Seed, generator


class Dropout(Module):
    """Each number is 0 with probability p in training, and otherwise divided by 1 − p.

    So its expectation is what went in (inverted dropout), and after `eval()` nothing is left to do:
    the layer then gives x itself. In training y = m x, where each mᵢ is 0 with probability p, else
    1/(1 − p); a new m is drawn in every call, and the derivative is m.

    Args:
        p: the probability to leave a number out, from 0 to 1; with 1 nothing is left.
        rng: a Generator, an int to seed one, or None. Two layers with the same int leave out the same
            places: give both one Generator.

    Shapes: any; y has the shape and dtype of x.

    >>> import numpy as np
    >>> layer = Dropout(0.5, rng=0)
    >>> sorted(set(np.asarray(layer(np.ones(100))).tolist()))
    [0.0, 2.0]
    >>> layer.eval()([1.0, 2.0]).tolist()
    [1.0, 2.0]

    Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout", JMLR 2014;
    divided by what is kept in training and not multiplied by it in testing, as in PyTorch.
    """

    def __init__(self, p: float = 0.5, rng: Seed = None) -> None:
        self.p = share(p, "p of Dropout, a probability,")
        self.rng = generator(rng)

    def forward(self, x: Any) -> Any:
        if not isinstance(x, Node):
            array: Any = x
            if not isinstance(x, Followed):
                array = np.asarray(autograd.check_array(x, "the input of Dropout"))
            # Arrays keep a float dtype of their own; whole numbers become doubles.
            x = array if array.dtype == object else plain_input(array, float_of(array))
        if not self.training or self.p == 0:
            return x
        if isinstance(x, np.ndarray):
            x = np.ascontiguousarray(
                x
            )  # Values are drawn for one by one, in the order of their places
        dtype = (
            x.dtype
            if isinstance(x, Tensor | Followed | np.ndarray) and x.dtype != object
            else np.float64
        )
        drawn = functools.partial(mask, self.rng, self.p, np.dtype(dtype))
        return x * autograd.random_like(x, sample=drawn)

    def describe(self) -> str:
        return f"{self.p:g}"


def mask(
    rng: np.random.Generator, p: float, dtype: np.dtype[Any], shape: tuple[int, ...]
) -> np.ndarray[Any, Any]:
    """Zeros with probability p, and else 1/(1 − p)."""
    kept = rng.random(shape) >= p
    # No number is kept when p is 1, so whatever they are divided by does not show.
    return np.asarray(kept / np.asarray(1 - p or 1, dtype=dtype))


def float_of(array: np.ndarray[Any, Any]) -> np.dtype[Any]:
    """The dtype that a network computes an array in."""
    single = array.dtype in (np.dtype(np.float32), np.dtype(np.float16))
    return np.dtype(np.float32 if single else np.float64)
