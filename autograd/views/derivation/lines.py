"""A line of a derivation, and what a derivation is made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.formulas.notation import Formula
from autograd.formulas.typeset import equations, in_page, without_marks


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    r"""One equation: as LaTeX, as plain text, and as NumPy.

    Attributes:
        name: the Python name that the line gives a value to.
        python: a NumPy expression over `Derivation.names` and the names of earlier lines.
        text: the equation in Unicode.
        latex: the equation, with ``&`` before its sign of equality.
        shape: the shape of the result; of one instance, where the layout has one.
        section: the part of the derivation that the line stands in.
        numbers: on Values, the gradient as Python made of numbers alone.
        also: the same with diag(·) instead of ⊙, on the line of an elementwise layer.
    """

    name: str
    python: str
    text: str
    latex: str
    shape: tuple[int, ...]
    section: str
    also: Line | None = None
    numbers: str | None = None

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return in_page(equations([self.latex]), self._repr_latex_())

    def _repr_latex_(self) -> str:
        return "$\\displaystyle " + without_marks(self.latex) + "$"


@dataclass
class Written:
    """The parts of a derivation, as they are collected."""

    lines: Sequence[Line] = ()
    names: dict[str, Any] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    transposed: set[str] = field(default_factory=set)
    notes: list[Formula] = field(default_factory=list)
    parts: list[tuple[int, int]] = field(default_factory=list)  # where each section of lines lies
    paths: dict[str, int] = field(default_factory=dict)
    back: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
