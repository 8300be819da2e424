"""Plain text: numbers, arrays and names in as few characters as a picture has room for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.engine.graph import Node

LONGEST = 48
"""Characters of a name or option that are shown."""

JOINERS = "\u200c\u200d"
"""What is between the letters of some scripts and the parts of some emoji."""

HYPHEN = re.compile(r"(?<!\w)-(?=[\d.]|inf)|(?<=\de)-(?=\d)")


def shown(text: str) -> str:
    """Any text as (part of) a label: not too long, and what cannot be printed as Python escapes it."""
    return visible(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


def visible(text: str) -> str:
    """Any text as characters that XML can hold: what cannot be printed as Python escapes it."""
    return "".join(
        c if c.isprintable() or c in JOINERS else c.encode("unicode_escape").decode() for c in text
    )


def significant(x: Any, digits: int) -> str:
    """A number with so many significant digits, as Python writes it.

    >>> significant(-1234.5, 3), significant(-0.0, 3)
    ('-1.23e+03', '0')
    """
    return f"{float(x) + 0.0:.{digits}g}"  # adding 0 turns -0.0, a puzzle to readers, into 0.0


def number(x: Any, digits: int) -> str:
    """A number with so many significant digits and a minus, which is no hyphen; a bool as a word."""
    if isinstance(x, bool | np.bool_):
        return str(bool(x))
    return significant(x, digits).replace("-", "−")


def typeset(text: str) -> str:
    """Any text of Python, with a minus before its numbers where it has a hyphen.

    >>> typeset("axis=-1 'a-1'"), typeset("[-0.5, 1e-05]")
    ("axis=−1 'a-1'", '[−0.5, 1e−05]')
    """
    return HYPHEN.sub("−", text)


def described(x: Any, digits: int) -> list[str]:
    """Data, a gradient or a constant as lines: the number, few numbers, or what they lie between."""
    if isinstance(x, Node):
        x = x._raw
    if isinstance(x, bool | int | float | np.bool_ | np.number):
        return [number(x, digits)]
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "biuf":
        return [shown(x if isinstance(x, str) else repr(x))]
    if x.ndim == 0:
        return [number(x[()], digits)]
    if x.size == 0:
        return ["empty"]
    if is_small(x):
        return listed(x, lambda each: number(each, digits)).replace("], ", "],\n").split("\n")
    low, mean, high = extent(x, digits)
    return [f"min {low}, mean {mean}, max {high}"]


def is_small(x: Any) -> bool:
    """Whether an array is written out, up to 3 x 3."""
    return x.ndim <= 2 and max(x.shape, default=0) <= 3


def listed(x: Any, entry: Callable[[Any], str]) -> str:
    """An array in square brackets, row by row."""
    return f"[{', '.join(listed(row, entry) if row.ndim else entry(row.item()) for row in x)}]"


def extent(x: Any, digits: int) -> list[str]:
    """The least number of an array, the mean and the greatest, with at most three digits."""
    with np.errstate(all="ignore"):
        return [number(y, min(digits, 3)) for y in (x.min(), x.mean(dtype=np.float64), x.max())]


def shape_of(x: Any) -> str:
    """The shape and dtype of an array, as text."""
    return f"{x.shape} {x.dtype}"
