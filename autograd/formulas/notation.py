"""How functions, relations and well-known numbers are written: the mathematician's signs."""

from __future__ import annotations

import math
import unicodedata
from typing import Any, NamedTuple

from autograd.engine.letters import Letter
from autograd.engine.primitive import Primitive, registry, relations


class Formula(NamedTuple):
    """A piece of mathematics, written in two ways."""

    text: str
    latex: str


DOTS = "\0…"
"""The letter that stands for arguments left out; no node's symbol is this."""

PLAIN_SIGNS = {
    **{row.name: row.symbol for row in relations.values()},
    "matmul": " @ ",
    "@abs": "|@|",
    "@norm": "‖@‖",
    "@floor": "⌊@⌋",
    "@ceil": "⌈@⌉",
    "@indicator": "𝟙[@]",
    "True": "true",
    "False": "false",
    DOTS: "…",
    "ones": "𝟏",
}
"""Relations and operators in Unicode; ``@`` stands for what is between two signs."""

LATEX_SIGNS = PLAIN_SIGNS | {
    "less": r"\lt",
    "less_equal": r"\le",
    "greater_equal": r"\ge",
    "not_equal": r"\ne",
    "logical_and": r"\land",
    "logical_or": r"\lor",
    "matmul": r"\, ",
    "@abs": r"\left|@\right|",
    "@norm": r"\left\|@\right\|",
    "@floor": r"\left\lfloor @\right\rfloor",
    "@ceil": r"\left\lceil @\right\rceil",
    "@indicator": r"\mathbb{1}[@]",
    "@sqrt": r"\sqrt{@}",
    "@cbrt": r"\sqrt[3]{@}",
    "True": r"\text{true}",
    "False": r"\text{false}",
    DOTS: r"\dots",
    "ones": r"\mathbf{1}",
}

LATEX_WORDS = {
    **{word: rf"\{word}" for word in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min")},
    **{word: rf"\{word}" for word in ("arcsin", "arccos", "arctan", "exp", "ln")},
    "log2": r"\log_{2}",
    "log10": r"\log_{10}",
    "σ": r"\sigma",
    "Σ": r"\sum",
    "Π": r"\prod",
}
"""Words and signs of functions that LaTeX has a command for."""


def word_of(name: str) -> str:
    """What a function is called in a formula: a row by its symbol, if that is a word or a root."""
    symbol = registry[name].symbol if name in registry else name
    is_word = symbol.isidentifier() and unicodedata.normalize("NFKC", symbol) == symbol
    return symbol if is_word or symbol in ("√", "∛") else name


def read_as(name: str) -> str:
    """The row that a formula names in the place of one that differs only in how it is rounded."""
    formula = registry[name].formula if name in registry else None
    return formula.name if isinstance(formula, Primitive) else name


def expanded(tree: Letter) -> Any:
    """A call of a row as the formula of others that mathematics writes; as it is where it has none."""
    row = registry.get(tree.function)
    if row is None or row.formula is None or len(tree.arguments) > (row.arity or 0):
        return tree
    return row.formula(*tree.arguments, **(row.options | tree.options))


CONSTANTS = {
    math.log(2): Formula("ln(2)", r"\ln 2"),
    math.log(10): Formula("ln(10)", r"\ln 10"),
    2 / math.sqrt(math.pi): Formula("2/√(π)", r"\frac{2}{\sqrt{\pi}}"),
    math.pi: Formula("π", r"\pi"),
    math.e: Formula("e", "e"),
}
"""Numbers that have a sign of their own."""
