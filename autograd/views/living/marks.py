"""Marks: what stands in a text in the place of a number, so that a script finds where it belongs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from autograd.formulas.plain import number
from autograd.views.canvas.layout import text_width

KINDS = ("value", "gradient", "local", "after", "product", "norm")
"""What a mark may stand for: of a node its value or gradient; of a step its local derivative, the sum
after it, or the contribution; of a group of nodes the norm of its gradients."""

LOOKS = ("plain", "bracketed", "typeset", "wide", "minus", "absolute", "sign", "open", "close")
"""How a number is written at its place. As text: ``plain``, or ``bracketed`` if it is negative. As
mathematics, with powers of ten: ``typeset``, ``wide`` in brackets if it is negative or has a power of
ten, ``minus`` in brackets if it is negative, ``absolute`` where its minus has become the sign before
it. Or what depends on it: that ``sign``, and brackets around a term that it begins."""

BASE = 64
"""Letters of a mark's alphabet, and how far a digit of it counts."""

ALPHABETS = [
    *range(0x2800, 0x2900, BASE),
    *range(0x1401, 0x1641, BASE),
    *range(0xA000, 0xA480, BASE),
]
"""Where an alphabet may begin: Braille, Canadian syllables, Yi. Each is printable, and no wider than
digits, as far as the layout is concerned, or wider."""

EXTREME = -8.888888888888889e-308
"""The number that is widest when it is written."""


class Marks:
    """The marks for texts of a graph whose numbers have so many significant digits.

    A mark is as wide as the widest number that can come in its place, so that a picture laid out with
    marks has room for every number.

    Args:
        digits: significant digits of the numbers.
        avoid: all texts in which marks will stand, with numbers: no letter of a mark is in them.

    >>> marks = Marks(3, "w = −3")
    >>> text = f"w = {marks('value', 7)}"
    >>> marks.filled(text, lambda kind, place: place / 2)
    'w = 3.5'
    """

    def __init__(self, digits: int, avoid: str) -> None:
        self.digits = digits
        used = set(avoid)
        self.start = next(
            start for start in ALPHABETS if used.isdisjoint(map(chr, range(start, start + BASE)))
        )
        widest = text_width(number(EXTREME, digits), 1.0)
        self.length = max(5, math.ceil(widest / text_width(chr(self.start), 1.0)))
        self.pattern = re.compile(
            f"[{chr(self.start)}-{chr(self.start + BASE - 1)}]{{{self.length}}}"
        )

    def __call__(self, kind: str, index: int, look: str = "plain") -> str:
        """The mark of a number, by its kind and its place among those of the kind."""
        parts = [KINDS.index(kind), LOOKS.index(look)]
        for _ in range(3):
            parts.append(index % BASE)
            index //= BASE
        if index:
            raise ValueError(f"a mark counts up to {BASE**3:,}")
        parts += [0] * (self.length - len(parts))
        return "".join(chr(self.start + part) for part in parts)

    def looking(self, mark: str, look: str) -> str:
        """The same mark with another look."""
        return f"{mark[0]}{chr(self.start + LOOKS.index(look))}{mark[2:]}"

    def filled(self, text: str, number_of: Callable[[str, int], float]) -> str:
        """A text of plain marks with numbers in their places, by their kinds and places."""

        def one(match: re.Match[str]) -> str:
            kind, _, *places = (ord(c) - self.start for c in match[0])
            place = places[0] + BASE * (places[1] + BASE * places[2])
            return number(number_of(KINDS[kind], place), self.digits)

        return self.pattern.sub(one, text)

    def data(self) -> dict[str, Any]:
        """What the script needs to read marks."""
        return {
            "start": self.start,
            "base": BASE,
            "length": self.length,
            "digits": self.digits,
            "kinds": KINDS,
            "looks": LOOKS,
        }
