"""What the native executor of tensor plans runs: steps on views of memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.programs.planning.plan import Instruction

REAL: np.dtype[Any] = np.dtype(np.float64)
HALF: np.dtype[Any] = np.dtype(np.float32)
FLOATS: tuple[np.dtype[Any], ...] = (REAL, HALF)
TERMS = 1024
"""Terms up to which a sum of numbers of float32 is kept in float32, as eagerly."""
NEUTRAL = {"sum": 0.0, "prod": 1.0, "max": -np.inf, "min": np.inf}
"""What the reductions start from."""


@dataclass(frozen=True, slots=True)
class View:
    """Where the elements of an array lie in the memory of a root; offset and strides in elements."""

    root: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A number that is written into the code; a `weak` one takes the dtype of the arrays beside it."""

    value: float
    weak: bool = True


@dataclass(frozen=True, slots=True)
class Operand:
    """A root's elements as a loop walks over them: strides by the axes of its space."""

    root: int
    offset: int
    strides: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Root:
    """Memory of its own: a result's, a given array's (input, leaf, seed) or a constant's."""

    kind: str  # "result", "given", "constant"
    dtype: np.dtype[Any]
    size: int
    slot: int = -1  # of what is given: its place among inputs, leaves and the seed
    holds: Any = None  # the array of a constant


@dataclass(slots=True, eq=False)
class Operation:
    """One step on roots.

    ``"point"`` computes every element of `out`, or of a `region` of it; ``"reduce"`` combines the
    elements of its one argument along the axes of `space` in which `strides` is 0; ``"product"`` is a
    matrix product of two views, on top of what `out` holds if there is a third argument; ``"call"``
    calls the row itself.
    """

    kind: str
    name: str
    out: int
    arguments: tuple[Any, ...]
    space: tuple[int, ...] = ()
    half: bool = False  # whether numbers are rounded to float32 first
    strides: tuple[int, ...] = ()
    into: bool = False  # of a reduction: whether it goes on from what `out` holds
    step: Instruction | None = None
    region: Operand | None = None

    @property
    def reads(self) -> list[int]:
        """The roots that are read."""
        return [x.root for x in self.arguments if isinstance(x, View | Operand)]


def contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    """The strides of an array in row order, in elements."""
    strides, size = [], 1
    for n in reversed(shape):
        strides.append(size)
        size *= n
    return tuple(reversed(strides))


def spread(view: View, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides by which a view is broadcast to a shape, axes of length 1 left out."""
    lead = len(shape) - len(view.shape)
    return tuple(
        0 if i < lead or view.shape[i - lead] == 1 else view.strides[i - lead]
        for i, n in enumerate(shape)
        if n != 1
    )


def transposed(view: View) -> View:
    """A matrix with its axes exchanged."""
    return View(view.root, view.offset, view.shape[::-1], view.strides[::-1])
