"""Strided arrays: where elements lie in a flat array, and the loops that go through them.

NumPy itself says where: an array of bytes of the same shape is sliced, transposed and broadcast as the
array would be, and its strides are the steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

LOOPS = ("i", "j", "k", "l", "i5", "i6", "i7", "i8", "i9")
"""The variables of loops, from the outermost."""

Shape = tuple[int, ...]


class Strided:
    """An array as elements of a flat one.

    Attributes:
        word: the name of the flat array, or the number that all elements are.
        view: bytes in the places of the elements.
        base: bytes in those of all of the flat array; None for a number.
    """

    def __init__(self, word: str, view: Any, base: Any = None) -> None:
        self.word = word
        self.view = view
        self.base = base

    @property
    def shape(self) -> Shape:
        """The shape in which the elements are seen."""
        shape: Shape = self.view.shape
        return shape

    @property
    def steps(self) -> Shape:
        """How far the next element along each axis is."""
        steps: Shape = self.view.strides
        return steps

    @property
    def start(self) -> int:
        """Where in the flat array the first element is."""
        if self.base is None or not self.view.size:
            return 0
        return address(self.view) - address(self.base)

    @property
    def whole(self) -> bool:
        """Whether the elements are all of a flat array, in its order."""
        if self.base is None or self.view.size != self.base.size:
            return False
        return bool(self.view.flags.c_contiguous) and not self.start

    def seen(self, view: Any) -> Strided:
        """The same flat array in another way."""
        return Strided(self.word, view, self.base)

    def broadcast(self, shape: Shape) -> Strided:
        """Repeated along new or length-1 axes."""
        return self.seen(np.broadcast_to(self.view, shape))

    def reshaped(self, shape: Shape) -> Strided | None:
        """In another shape; None where the elements do not lie so that there are steps for it."""
        try:
            return self.seen(np.reshape(self.view, shape, copy=False))
        except ValueError:
            return None

    def at(self, steps: Sequence[int], variables: Sequence[str]) -> str:
        """The element at variables, each of which goes so many elements on."""
        if self.base is None:
            return self.word
        return f"{self.word}[{index(self.start, steps, variables)}]"


def address(view: Any) -> int:
    """Where in memory an array starts."""
    start: int = view.__array_interface__["data"][0]
    return start


def array_at(word: str, shape: Shape) -> Strided:
    """A flat array, row after row."""
    base = np.empty(shape, np.int8)
    return Strided(word, base, base)


def number_at(word: str, shape: Shape = ()) -> Strided:
    """One number in the place of each element."""
    return Strided(word, np.broadcast_to(np.int8(0), shape))


def index(start: int, steps: Sequence[int], variables: Sequence[str]) -> str:
    """A place in a flat array.

    >>> index(2, [3, -1], ["i", "j"])
    '2 + 3 * i - j'
    """
    text = str(start) if start else ""
    for step, variable in zip(steps, variables, strict=True):
        if step:
            sign = " - " if step < 0 else " + " if text else ""
            text += sign + (variable if abs(step) == 1 else f"{abs(step)} * {variable}")
    return text.strip() or "0"


def nest(
    shape: Shape, steps: Sequence[Sequence[int]], first: int = 0
) -> tuple[list[str], list[str], list[list[int]]]:
    """Loops through arrays of one shape together.

    Axes that lie behind each other in all arrays are one loop.

    Args:
        shape: that of all arrays.
        steps: those of each array, by axis.
        first: how many loops are around these.

    Returns:
        The heads of the loops, their variables, and the steps of each array by variable.

    >>> nest((4, 5), [(5, 1), (5, 1)])
    (['for (let i = 0; i < 20; i++)'], ['i'], [[1], [1]])
    >>> nest((4, 5), [(5, 1), (1, 4)])[1:]
    (['i', 'j'], [[5, 1], [1, 4]])
    """
    merged: list[tuple[int, list[int]]] = []
    for axis, n in enumerate(shape):
        own = [each[axis] for each in steps]
        if n == 1:
            continue
        if merged and all(x == y * n for x, y in zip(merged[-1][1], own, strict=True)):
            merged[-1] = (merged[-1][0] * n, own)
        else:
            merged.append((n, own))
    variables = list(LOOPS[first : first + len(merged)])
    heads = [
        f"for (let {x} = 0; {x} < {n}; {x}++)" for x, (n, _) in zip(variables, merged, strict=True)
    ]
    return heads, variables, [[own[i] for _, own in merged] for i in range(len(steps))]


def table_along(index: Any, shape: Shape) -> tuple[Any, int, np.ndarray[Any, Any]] | None:
    """(the slices of an index, the axis that they leave for its table, the table), where an index is
    made of slices and one array of places along one axis; else None.

    >>> table_along((slice(1, 3), [0, -1]), (5, 4))
    ((slice(1, 3, None), slice(None, None, None)), 1, array([0, 3]))
    """
    parts = list(index) if isinstance(index, tuple) else [index]
    tables = [i for i, x in enumerate(parts) if isinstance(x, list | np.ndarray)]
    others = [x for i, x in enumerate(parts) if i not in tables]
    slices = all(x is None or x is Ellipsis or isinstance(x, slice) for x in others)
    if len(tables) != 1 or not slices:
        return None
    at = tables[0]
    hidden = len(shape) - sum(x is not None and x is not Ellipsis for x in parts)
    before = [hidden if x is Ellipsis else 1 for x in parts[:at]]
    axis = sum(n for n, x in zip(before, parts, strict=False) if x is not None)
    table = np.asarray(parts[at])
    if table.ndim != 1 or not table.size:
        return None
    table = np.flatnonzero(table) if table.dtype == bool else table % shape[axis]
    parts[at] = slice(None)
    return tuple(parts), sum(before), table
