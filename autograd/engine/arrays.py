"""The gate for arrays that users give: what a masked array or a matrix means must not get lost."""

from __future__ import annotations

from typing import Any

import numpy as np

ndarray = np.ndarray

ORDINARY = frozenset(
    {ndarray, float, int, bool, np.float64, np.float32, np.int64, np.bool_, str, type(None)}
)
"""Classes that need no look at all."""

OPERATIONS = ("__array_ufunc__", "__array_function__", "__mul__", "__add__", "__getitem__")
"""What a subclass of ndarray may define anew: then its numbers alone are not what it means.

`numpy.memmap` defines an indexing of its own that means the same.
"""

DEEPEST = 64
"""NumPy's arrays have at most so many axes: a list nested deeper is its to refuse."""


def check_array(x: Any, what: str) -> Any:
    """x itself, if its numbers are all that it says; a list is looked through.

    A masked array would lose its mask, ``*`` of a ``numpy.matrix`` is a matrix product, an array with
    units has units: whatever subclass of ndarray has arithmetic of its own is refused where it enters.
    A subclass without (``numpy.memmap``) is an array like any other.

    Raises:
        TypeError: such an array; the message says what to give in its place.

    >>> import numpy as np
    >>> check_array([1.0, 2.0], "the target")
    [1.0, 2.0]
    >>> check_array(np.ma.array([1.0, 2.0], mask=[False, True]), "the target")
    Traceback (most recent call last):
        ...
    TypeError: the target is an ordinary array, not a MaskedArray, whose masked places would count as \
numbers: give x.filled(number), or weights that are 0 there
    """
    kind = x.__class__
    if kind in ORDINARY:
        return x
    if isinstance(x, ndarray):
        if kind not in plain_kinds:
            check_kind(kind, what)
    elif isinstance(x, list | tuple):
        look_through(x, what, DEEPEST)
    return x


plain_kinds: set[type] = {np.memmap}
"""Subclasses of ndarray that were looked at, and have no arithmetic of their own."""


def check_kind(kind: type, what: str) -> None:
    """Raise for a subclass of ndarray whose operations are not ndarray's."""
    if issubclass(kind, np.ma.MaskedArray):
        way = (
            "whose masked places would count as numbers: give x.filled(number), or weights that are "
            "0 there"
        )
    elif issubclass(kind, np.matrix):
        way = "whose * is a matrix product: give np.asarray(x)"
    elif any(getattr(kind, name) is not getattr(ndarray, name) for name in OPERATIONS):
        way = "whose arithmetic is its own: give np.asarray(x) if its numbers are all that counts"
    else:
        plain_kinds.add(kind)
        return
    name = kind.__name__ if kind is not type(np.ma.masked) else "MaskedArray"
    raise TypeError(f"{what} is an ordinary array, not a {name}, {way}")


def look_through(x: Any, what: str, depth: int) -> None:
    """Check the arrays in nested lists; most lists hold floats, and are done with at a glance."""
    if ORDINARY.issuperset(map(type, x)):
        return
    for each in x:
        if isinstance(each, ndarray):
            check_array(each, what)
        elif depth and isinstance(each, list | tuple):
            look_through(each, what, depth - 1)
