"""Dropout: units left out at random in training."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Node, Tensor
from nn.layers.linear import plain_input
from nn.module import Module
from nn.randomness import Seed, generator

__all__ = ["Dropout"]


class Dropout(Module):
    """Each number is 0 with probability p in training, and otherwise divided by 1 − p.

    So its expectation is what went in (inverted dropout), and after `eval()` nothing is left to do:
    the layer then gives x itself. In training y = m x, where each mᵢ is 0 with probability p, else
    1/(1 − p); a new m is drawn in every call, and the derivative is m.

    Args:
        p: the probability to leave a number out, from 0 to 1; with 1 nothing is left.
        rng: a Generator, an int to seed one, or None.

    Shapes: any; y has the shape and dtype of x.

    >>> import numpy as np
    >>> layer = Dropout(0.5, rng=0)
    >>> sorted(set(np.asarray(layer(np.ones(100))).tolist()))
    [0.0, 2.0]
    >>> layer.eval()([1.0, 2.0]).tolist()
    [1.0, 2.0]

    Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout", JMLR 2014; inverted
    as in KTH DD2424, lecture 4.
    """

    def __init__(self, p: float = 0.5, rng: Seed = None) -> None:
        if isinstance(p, bool) or not isinstance(p, int | float | np.number):
            raise TypeError(f"p of Dropout is a probability, got {type(p).__name__} ({p!r:.60})")
        if not 0 <= p <= 1:
            raise ValueError(f"p of Dropout is a probability, from 0 to 1, got {p}")
        self.p = float(p)
        self.rng = generator(rng)

    def forward(self, x: Any) -> Any:
        if not isinstance(x, Node):
            array = np.asarray(x)
            # Arrays keep a float dtype of their own; whole numbers become doubles.
            x = array if array.dtype == object else plain_input(array, float_of(array))
        if not self.training or self.p == 0:
            return x
        kept = self.rng.random(np.shape(x) if not isinstance(x, Tensor) else x.shape) >= self.p
        dtype = x.dtype if isinstance(x, Tensor | np.ndarray) and x.dtype != object else np.float64
        # No number is kept when p is 1, so whatever they are divided by does not show.
        mask = kept / np.asarray(1 - self.p or 1, dtype=dtype)
        return x * (mask if mask.ndim or isinstance(x, Tensor) else float(mask))

    def describe(self) -> str:
        return f"{self.p:g}"


def float_of(array: np.ndarray[Any, Any]) -> np.dtype[Any]:
    """The dtype that a network computes an array in."""
    single = array.dtype in (np.dtype(np.float32), np.dtype(np.float16))
    return np.dtype(np.float32 if single else np.float64)
