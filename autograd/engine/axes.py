"""Shapes and axes: what an ``axis=`` option may be, counted from the front, or an error that says so."""

from __future__ import annotations

import operator
import string
from typing import Any

import numpy as np


def normalise_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """An ``axis`` option as a tuple of axes counted from the front, in the order of the shape."""
    if axis is None:
        return tuple(range(ndim))
    if axis.__class__ is int and -ndim <= axis < ndim:
        return (axis % ndim,)
    if ndim == 0 and axis in (0, -1):  # NumPy allows it
        return ()
    if isinstance(axis, tuple):
        if len(axis) == 1 and axis[0].__class__ is int and 0 <= axis[0] < ndim:
            return axis
        return tuple(sorted(axis_tuple(axis, ndim)))
    return (axis_index(axis, ndim),)


MOST_AXES = 64
"""NumPy's arrays have no more."""


LARGEST = 2**62
"""No array is longer, and NumPy's whole numbers reach a little farther."""


def whole_number(x: Any, what: str) -> int:
    """A whole number, of any class that stands for one, that NumPy can count to; True is none."""
    try:
        if isinstance(x, bool | np.bool_):
            raise TypeError
        number: int = operator.index(x)
    except TypeError:
        raise TypeError(f"{what} is a whole number, got {type(x).__name__} ({x!r:.60})") from None
    if not -LARGEST < number < LARGEST:
        raise ValueError(f"{what} is out of range: got one of {number.bit_length()} bits")
    return number


def axis_index(axis: Any, ndim: int, name: str | None = None) -> int:
    """An axis counted from the front; any whole number that is none raises NumPy's AxisError."""
    number = whole_number(axis, "an axis" if name is None else f"the axis of {name}")
    if not -ndim <= number < ndim:
        raise np.exceptions.AxisError(number, ndim, name)
    return number % ndim


def axis_tuple(axes: Any, ndim: int, name: str | None = None) -> tuple[int, ...]:
    """One axis, or several in a tuple or list, counted from the front, each once."""
    several = axes if isinstance(axes, tuple | list) else (axes,)
    found = tuple(axis_index(axis, ndim, name) for axis in several)
    if len(set(found)) < len(found):
        raise ValueError(f"{name or 'axis'}: an axis is named twice in {axes!r:.60}")
    return found


def check_flag(x: Any, what: str) -> None:
    """Raise unless x is True or False, of Python's or of NumPy's."""
    if not isinstance(x, bool | np.bool_):
        raise TypeError(f"{what} is True or False, got {type(x).__name__} ({x!r:.60})")


def check_axes(axis: Any, what: str) -> None:
    """Raise unless an axis is a whole number, or a tuple of those."""
    for each in axis if isinstance(axis, tuple) else (axis,):
        if each.__class__ is int and -MOST_AXES <= each < MOST_AXES:
            continue
        if not -MOST_AXES <= whole_number(each, what) < MOST_AXES:
            raise ValueError(
                f"{what} is out of range: an array has at most {MOST_AXES}, got {each}"
            )


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an array, node or letter; ``()`` for a number."""
    shape: tuple[int, ...] = getattr(x, "shape", ())
    return shape


def explicit_subscripts(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """The subscripts of each operand and of the output, without ellipses or implicit outputs."""
    subscripts = subscripts.replace(" ", "")
    left, arrow, output = subscripts.partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise ValueError(f"einsum: {subscripts!r} names {len(terms)} operands, got {len(ranks)}")
    spare = [letter for letter in string.ascii_letters if letter not in subscripts]
    hidden = [
        rank - len(term.replace("...", "")) if "..." in term else 0
        for term, rank in zip(terms, ranks, strict=True)
    ]
    if any(n < 0 for n in hidden):
        raise ValueError(f"einsum: {subscripts!r} names more axes than an operand has")
    ellipsis = "".join(spare[: max(hidden, default=0)])
    terms = [
        term.replace("...", ellipsis[len(ellipsis) - n :])
        for term, n in zip(terms, hidden, strict=True)
    ]
    for term, rank in zip(terms, ranks, strict=True):
        if len(term) != rank:
            raise ValueError(f"einsum: {term!r} names {len(term)} axes of an operand with {rank}")
    if not arrow:
        every = "".join(terms)
        once = sorted(c for c in set(every) if every.count(c) == 1 and c not in ellipsis)
        return terms, ellipsis + "".join(once)
    return terms, output.replace("...", ellipsis)
