"""Arguments: what users give as options, checked once and for all.

Each function takes an argument and what messages call it (``"p of Dropout"``), and returns the argument
as a plain Python object; or it raises a TypeError where the argument is of another kind, a ValueError
where it is out of range. Both say what was expected and what came.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

import autograd
from autograd import Node

MOST = 2**40
"""So many units are a mistake: an array of them would be refused in the words of its allocation."""


def came(x: Any) -> str:
    """What came in place of what was expected, for a message."""
    return f"{type(x).__name__} ({x!r:.60})"


# --- whole numbers ----------------------------------------


def whole(x: Any, what: str, least: int = 1) -> int:
    """A whole number of `least` or more.

    >>> whole(3, "n")
    3
    """
    if isinstance(x, bool) or not isinstance(x, int | np.integer):
        raise TypeError(f"{what} is a whole number of {least} or more, got {came(x)}")
    if x < least:
        raise ValueError(f"{what} is a whole number of {least} or more, got {x}")
    return int(x)


def width(x: Any, what: str) -> int:
    """A number of units: whole, 1 or more, and not more than any memory holds."""
    x = whole(x, what)
    if x >= MOST:
        raise ValueError(f"{what} is more than any memory holds: {x}")
    return int(x)


def count(x: Any, what: str) -> int:
    """A whole number of 1 or more, which may come as a float: 1e3."""
    if isinstance(x, float | np.floating) and x % 1 == 0:  # not so for inf and nan
        x = int(x)
    return whole(x, what)


# --- real numbers ----------------------------------------


def span(low: float, high: float, below: bool, above: bool) -> str:
    """A range in words."""
    if high < math.inf:
        start = f"above {low:g}, up" if above else f"from {low:g}"
        return f"{start} to {'below ' if below else ''}{high:g}"
    if low == -math.inf:
        return "finite"
    return f"above {low:g}" if above else f"finite and {low:g} or more"


def number(
    x: Any,
    what: str,
    low: float = 0.0,
    high: float = math.inf,
    *,
    below: bool = False,
    above: bool = False,
) -> float:
    """A finite real number from `low` to `high`; with ``below`` or ``above`` without that end.

    >>> number(1, "lr"), number(0.5, "momentum", high=1, below=True)
    (1.0, 0.5)
    """
    if x.__class__ is not float and (
        isinstance(x, bool) or not isinstance(x, int | float | np.integer | np.floating)
    ):
        raise TypeError(f"{what} is a number, got {came(x)}")
    inside = low < x if above else low <= x
    if not inside or not (x < high if below else x <= high) or not -math.inf < x < math.inf:
        raise ValueError(f"{what} is {span(low, high, below, above)}, got {x}")
    try:
        return float(x)
    except OverflowError:
        raise ValueError(f"{what}: a whole number is too large for a float") from None


def non_negative(x: Any, what: str) -> float:
    """A finite number of 0 or more."""
    return number(x, what)


def positive(x: Any, what: str) -> float:
    """A finite number above 0."""
    return number(x, what, above=True)


def fraction(x: Any, what: str) -> float:
    """A number from 0 to below 1."""
    return number(x, what, high=1.0, below=True)


def share(x: Any, what: str) -> float:
    """A number from 0 to 1."""
    if x.__class__ is float and 0.0 <= x <= 1.0:  # losses ask in every step
        return x
    return number(x, what, high=1.0)


def pair_of_fractions(x: Any, what: str) -> tuple[float, float]:
    """Two numbers from 0 to below 1."""
    if not isinstance(x, tuple | list) or len(x) != 2:
        raise TypeError(f"{what} is a pair of numbers, got {x!r:.60}")
    return fraction(x[0], f"{what}[0]"), fraction(x[1], f"{what}[1]")


def single(x: Any, what: str) -> Any:
    """One real number, which may be a node; one of NumPy's as Python's, as it widens no float32."""
    x = option(x)
    if isinstance(x, int | float) or (isinstance(x, Node) and not np.shape(x)):
        return x
    raise TypeError(f"{what} is a number, got {came(x)}")


def real(x: Any, what: str) -> float:
    """One real number as a float, whatever its size."""
    return float(single(x, what))


def option(x: Any) -> Any:
    """A NumPy number as Python's: `np.float64(0.1)` then widens float32 no more than 0.1 does."""
    return x.item() if isinstance(x, np.number) else x


# --- arrays and axes ----------------------------------------


def operand(x: Any) -> Any:
    """A list as an array, anything else as it is, so that operators work on it."""
    if not isinstance(x, list | tuple):
        return x
    array = np.asarray(autograd.check_array(x, "the input of an activation"))
    if array.dtype.kind not in "biufO":
        raise TypeError(f"an activation takes real numbers, got {array.dtype} ({x!r:.60})")
    return array


def length_along(x: Any, axis: int, what: str) -> tuple[tuple[int, ...], int]:
    """The shape of x, and an axis of it counted from the left."""
    shape: tuple[int, ...] = np.shape(x)
    if not isinstance(axis, int | np.integer) or not -len(shape) <= axis < len(shape):
        raise ValueError(f"{what}: axis {axis} is not an axis of shape {shape}")
    return shape, axis % len(shape)


# --- words, flags, lists and dtypes ----------------------------------------


def one_of(x: Any, allowed: Sequence[str], what: str) -> str:
    """One of a few words.

    >>> one_of("sum", ("mean", "sum"), "reduction")
    'sum'
    """
    if not isinstance(x, str) or x not in allowed:
        words = [repr(word) for word in allowed]
        told = f"{', '.join(words[:-1])} or {words[-1]}"
        raise ValueError(f"{what} is {told}, got {x!r:.60}")
    return x


def flag(x: Any, what: str) -> bool:
    """True or False."""
    if not isinstance(x, bool | np.bool_):
        raise TypeError(f"{what} is True or False, got {came(x)}")
    return bool(x)


def listed(x: Any, what: str) -> list[Any]:
    """What is to be gone through one after another, as a list; an array's elements one by one."""
    try:
        return list(x.flat if isinstance(x, np.ndarray) else x)
    except TypeError:
        raise TypeError(f"{what} is a list, got {came(x)}") from None


def float_type(dtype: Any, what: str) -> np.dtype[Any]:
    """float32 or float64, as a dtype."""
    known: np.dtype[Any] | None = None
    with suppress(TypeError, ValueError, SyntaxError):  # what NumPy says about what is no dtype
        known = np.dtype(dtype)
    if known is None or known not in (np.float32, np.float64):
        raise TypeError(f"dtype of {what} is float32 or float64, got {known or dtype!r:.60}")
    return known
