"""Leaving the gradients of a program's tensors: parts of one flat array, used again when it is free."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.graph import Node

__all__ = ["FlatGradients"]

Array = np.ndarray[Any, Any]


class FlatGradients:
    """The gradients of some tensors, all of one dtype, one after another in one array.

    An optimiser takes such gradients as one. The array is used again in the next pass if nobody holds a
    part of it any more, or a view of one; who does keeps what it had.
    """

    def __init__(self, leaves: Sequence[Node]) -> None:
        self.leaves = list(leaves)
        self.shapes = [leaf.shape for leaf in leaves]
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes]).tolist()
        self.places = [slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
        self.size: int = ends[-1] if ends else 0
        self.dtype: np.dtype[Any] = leaves[0].data.dtype
        self.flat: Array = np.empty(0, self.dtype)
        self.parts: list[Array] = []
        self.alone = 0
        self.allocate()

    def allocate(self) -> None:
        """A new array, for somebody may still look at the old one."""
        self.flat = np.empty(self.size, self.dtype)
        pairs = zip(self.places, self.shapes, strict=True)
        self.parts = [self.flat[place].reshape(shape) for place, shape in pairs]
        self.alone = sys.getrefcount(self.flat)

    def leave(self, gradients: Sequence[Any]) -> None:
        """Add each gradient to what its leaf holds."""
        helds = [leaf._grad for leaf in self.leaves]
        if all(held is None for held in helds):
            helds.clear()
            # Of each part there are: the list's reference, that of the loop, and the argument's.
            if sys.getrefcount(self.flat) != self.alone or any(
                sys.getrefcount(part) > 3 for part in self.parts
            ):
                self.allocate()
            for leaf, part, g in zip(self.leaves, self.parts, gradients, strict=True):
                np.copyto(part, g)
                leaf._grad = part
            return
        for leaf, held, g in zip(self.leaves, helds, gradients, strict=True):
            leaf.grad = np.array(g, self.dtype) if held is None else held + g
