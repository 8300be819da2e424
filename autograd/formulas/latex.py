"""Printing a formula of letters as mathematics: as LaTeX, and as plain text in Unicode.

The LaTeX keeps to what both KaTeX and MathJax know.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd.engine.letters import Letter, Piece
from autograd.formulas.names import escaped
from autograd.formulas.notation import (
    LATEX_SIGNS,
    LATEX_WORDS,
    PLAIN_SIGNS,
    Formula,
    word_of,
)
from autograd.formulas.plain import significant
from autograd.formulas.writing import ATOM, CASES, FRACTION, POWER, PRODUCT, Writer, is_whole

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
TALL = (r"\frac", r"\sqrt", r"\begin", r"\sum", r"\prod", r"\left")
LAYERED = re.compile(r"([A-Za-z]|\\[A-Za-z]+)\^\{\(([^{}]*)\)\}")
POWER_OF_TEN = re.compile(r"(-?[\d.]+)e([+-]\d+)")
LONGEST_EXPONENT = 40
"""Characters of LaTeX that still read well as an exponent."""


def number(x: float, digits: int = 4) -> Formula:
    """A number to so many significant digits, as text and as LaTeX.

    >>> number(-0.00001234, 3)
    Formula(text='−1.23e−05', latex='-1.23\\\\times 10^{-5}')
    """
    return Formula(Plain(digits).number(x).text, Latex(digits).number(x).text)


def rounded(x: float, digits: int, *, literal: bool) -> float:
    """The number that a reader sees: rounded, unless a rule's own number is written exactly."""
    if literal and Plain(digits).exact(x) is not None:
        return x
    return float(significant(x, digits))


def write(
    tree: Any,
    names: Mapping[str, Formula] | None = None,
    *,
    digits: int = 4,
    numbers: bool = False,
    hadamard: bool = False,
) -> Formula:
    """A tree of letters and numbers as text and as LaTeX.

    Args:
        tree: what a rule returned for letters: a letter or a number.
        names: how the letters are written; one that is not here is written by its own name.
        digits: significant digits of the numbers.
        numbers: write each letter as the number it stands for.
        hadamard: write products of arrays, element by element, with ⊙.

    >>> out, x = Letter("out", sample=0.5), Letter("x", sample=2.0)
    >>> write(1 - out * out)
    Formula(text='1 − out²', latex='1 - \\\\text{out}^{2}')
    >>> write((x - 1) / (x + 1), numbers=True).text
    '(2 − 1) / (2 + 1)'
    """
    known = {} if names is None else names
    plain = Plain(digits, lambda name: known[name].text if name in known else name)
    latex = Latex(digits, lambda name: known[name].latex if name in known else _italic(name))
    for writer in (plain, latex):
        writer.numbers, writer.hadamard = numbers, hadamard
    with np.errstate(all="ignore"):
        return Formula(plain.write(tree).text, latex.write(tree).text)


def _italic(name: str) -> str:
    return name if len(name) == 1 and name.isalpha() else escaped(name)


class Plain(Writer):
    """Plain text in Unicode: a · b, x², √(x), 𝟙[x > 0]."""

    signs = PLAIN_SIGNS

    def number(self, x: Any) -> Piece:
        text = shown_number(x, self.digits, 0)
        return Piece(text.replace("-", "−"), PRODUCT if text[0] == "-" else ATOM)

    def known(self, formula: Formula) -> str:
        return formula.text

    def bracketed(self, text: str) -> str:
        return f"({text})"

    def fraction(self, top: Any, bottom: Any) -> Piece:
        return Piece(f"{self.at_least(PRODUCT, top)} / {self.at_least(FRACTION, bottom)}", PRODUCT)

    def power(self, base: Piece, exponent: Any) -> Piece:
        below = self.at_least(ATOM, base)
        if is_whole(exponent, 2, 1_000_000):
            return Piece(below + str(int(exponent)).translate(SUPERSCRIPTS), POWER)
        return Piece(f"{below}^{self.at_least(ATOM, exponent)}", POWER)

    def times(self, left: Any, right: Any) -> str:
        return " ⊙ " if self.dotted(left) and self.dotted(right) else " · "

    def call(self, name: str, arguments: list[str], options: Mapping[str, Any]) -> Piece:
        named = [f"{key}={text}" for key, text in self.shown(options).items()]
        if not arguments and not named:
            return Piece(name, ATOM)
        return Piece(f"{word_of(name)}({', '.join(arguments + named)})", ATOM)

    def cases(self, condition: Any, x: Any, y: Any) -> Piece:
        parts = (self.write(part).text for part in (x, condition, y))
        return Piece("({} if {} else {})".format(*parts), ATOM)

    def transposed(self, piece: Piece) -> Piece:
        text = piece.text if piece.text.endswith("⁾") else self.at_least(ATOM, piece)
        return Piece(f"{text}ᵀ", POWER)


class Latex(Writer):
    r"""LaTeX: a\cdot b, x^{2}, \sqrt{x}, \mathbb{1}[x > 0]."""

    signs = LATEX_SIGNS
    minus = " - "

    def number(self, x: Any) -> Piece:
        text = shown_number(x, self.digits, 1)
        shown = with_power_of_ten(text)
        return Piece(shown, PRODUCT if text[0] == "-" or shown != text else ATOM)

    def known(self, formula: Formula) -> str:
        return formula.latex

    def bracketed(self, text: str) -> str:
        # Brackets that grow have space around them, which is right only where they have grown.
        return rf"\left({text}\right)" if any(sign in text for sign in TALL) else f"({text})"

    def fraction(self, top: Any, bottom: Any) -> Piece:
        return Piece(rf"\frac{{{self.write(top).text}}}{{{self.write(bottom).text}}}", FRACTION)

    def power(self, base: Piece, exponent: Any) -> Piece:
        above = self.write(exponent).text
        return Piece(f"{self.at_least(ATOM, base)}^{{{above}}}", POWER)

    def times(self, left: Any, right: Any) -> str:
        return r" \odot " if self.dotted(left) and self.dotted(right) else r" \cdot "

    def call(self, name: str, arguments: list[str], options: Mapping[str, Any]) -> Piece:
        word = word_of(name)
        shown = LATEX_WORDS.get(word) or function_called(word)
        named = [f"{escaped(key)} = {x}" for key, x in self.shown(options).items()]
        if not arguments and not named:
            return Piece(escaped(name), ATOM)
        return Piece(shown + self.bracketed(", ".join(arguments + named)), ATOM)

    def _exp(self, tree: Letter) -> Piece:
        exponent = self.write(tree.arguments[0]).text
        if len(exponent) > LONGEST_EXPONENT or r"\frac" in exponent:
            return Piece(r"\exp" + self.bracketed(exponent), ATOM)
        return Piece(f"e^{{{exponent}}}", POWER)

    def subscript(self, text: str, inner: str) -> str:
        return f"{{{text}}}_{{{inner}}}"

    def word(self, text: str) -> str:
        return escaped(text)

    def decimal(self, x: float) -> str:
        return with_power_of_ten(str(x)) if math.isfinite(x) else self.number(x).text

    def cases(self, condition: Any, x: Any, y: Any) -> Piece:
        parts = (self.write(part).text for part in (x, condition, y))
        chosen = r"{} & \text{{if }} {} \\ {} & \text{{otherwise}}".format(*parts)
        return Piece(rf"\begin{{cases}} {chosen} \end{{cases}}", CASES)

    def transposed(self, piece: Piece) -> Piece:
        if (match := LAYERED.fullmatch(piece.text)) is not None:  # one exponent, not two
            return Piece(rf"{match[1]}^{{({match[2]})\top}}", POWER)
        return Piece(rf"{self.at_least(ATOM, piece)}^{{\top}}", POWER)


def shown_number(x: Any, digits: int, way: int) -> str:
    """A number as Python writes it, but for those that mathematics has a sign for."""
    x = float(x)
    if math.isinf(x):
        return ("-" if x < 0 else "") + ("∞", r"\infty")[way]
    if math.isnan(x):
        return ("nan", r"\text{nan}")[way]
    return significant(x, digits)


def function_called(name: str) -> str:
    r"""A function's name, upright; one that is no word is text like any other.

    >>> function_called("log_softmax"), function_called("a-b")
    ('\\operatorname{log\\_softmax}', '\\text{a-b}')
    """
    shown = name.replace("_", r"\_")
    return rf"\operatorname{{{shown}}}" if name.replace("_", "").isalnum() else escaped(name)


def with_power_of_ten(text: str) -> str:
    """A number as Python writes it, as LaTeX."""
    power = POWER_OF_TEN.fullmatch(text)
    return text if power is None else rf"{power[1]}\times 10^{{{int(power[2])}}}"
