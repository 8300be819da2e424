"""Formulas with marks in the place of numbers: brackets and signs come as the numbers ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from autograd.engine.letters import Letter, Piece
from autograd.formulas.latex import Latex, Plain
from autograd.formulas.writing import PRODUCT, Writer
from autograd.views.living.marks import Marks

# What a writer knows of a number is whether it begins with a minus and how strongly it holds together.
# Both are settled by whoever fills the mark in, so a mark is taken to hold a product's strength, and
# where more is asked for it gets a look that has brackets where they are needed.


class Marked(Writer):
    """A writer of numbers that has marks for the letters in `marked`."""

    marks: Marks
    marked: Mapping[str, str]
    looks: ClassVar[dict[str, str]] = {"": "plain", "wide": "bracketed", "minus": "bracketed"}

    def mark(self, mark: str, look: str = "") -> str:
        """A mark as it stands in this writer's text."""
        return self.marks.looking(mark, self.looks.get(look, look))

    def lead(self, piece: Piece) -> str | None:
        """The mark that a piece begins with, when its number's minus would be the piece's."""
        start = piece.text.removeprefix(self.opening)
        found = self.marks.pattern.match(start)
        if (
            piece.level != PRODUCT
            or found is None
            or found[0] != self.marks.looking(found[0], self.looks[""])
        ):
            return None
        return found[0]

    opening = ""
    """What stands before a mark."""

    def write(self, tree: Any) -> Piece:
        mark = self.marked.get(tree.function) if isinstance(tree, Letter) else None
        if mark is not None and not tree.arguments and not tree.options:
            return Piece(self.mark(mark), PRODUCT)
        return super().write(tree)

    def at_least(self, level: int, tree: Any) -> str:
        piece = tree if isinstance(tree, Piece) else self.write(tree)
        lead = self.lead(piece)
        if lead is not None and piece.text == self.mark(lead):
            return self.mark(lead, "wide" if level > PRODUCT else "")
        return super().at_least(level, piece)

    def guarded(self, piece: Piece) -> str:
        lead = self.lead(piece)
        if lead is None:
            return super().guarded(piece)
        if piece.text == self.mark(lead):
            return self.mark(lead, "minus")
        return f"{self.mark(lead, 'open')}{piece.text}{self.mark(lead, 'close')}"

    def term(self, piece: Piece, negative: bool, first: bool) -> tuple[str, str]:
        lead = self.lead(piece)
        if lead is None:
            return super().term(piece, negative, first)
        if negative:
            return self.minus.strip() if first else self.minus, self.guarded(piece)
        if first:
            return "", piece.text
        return self.mark(lead, "sign"), piece.text.replace(
            self.mark(lead), self.mark(lead, "absolute"), 1
        )


class MarkedPlain(Marked, Plain):
    """Plain text with marks."""


class MarkedLatex(Marked, Latex):
    r"""LaTeX with marks, each in braces as a text of its own."""

    looks: ClassVar[dict[str, str]] = {"": "typeset"}
    opening = r"{\text{"

    def mark(self, mark: str, look: str = "") -> str:
        return rf"{self.opening}{super().mark(mark, look)}}}}}"


def marked(
    tree: Any, leaf: Mapping[str, Any], marks: Marks, letters: Mapping[str, str]
) -> tuple[str, str]:
    """A tree in numbers as text and LaTeX, with the marks of `letters` in the place of their numbers.

    Args:
        tree: a tree of letters, see `Formulas`.
        leaf: the symbols of letters that have no mark, by their text.
        marks: what they were made by.
        letters: the marks, by the letters' names.

    >>> marks = Marks(3, "")
    >>> a, b = marks("value", 0), marks("value", 1)
    >>> text, _ = marked(Letter("x", sample=2.0) + Letter("y", sample=1.0), {}, marks, {"x": a, "y": b})
    >>> text == f"{a}{marks('value', 1, 'sign')}{marks('value', 1, 'absolute')}"
    True
    """
    texts = []
    for kind, form in ((MarkedPlain, "text"), (MarkedLatex, "latex")):

        def called(name: str, form: str = form) -> str:
            return getattr(leaf[name], form) if name in leaf else name

        writer = kind(marks.digits, called)
        writer.marks, writer.marked, writer.numbers = marks, letters, True
        texts.append(writer.write(tree).text)
    return texts[0], texts[1]
