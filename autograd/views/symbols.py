"""Symbols: a short, unique name for every node of a graph, as text and as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.graph import Node, topological_order
from autograd.views.looks import JOINERS
from autograd.views.notation import Formula

__all__ = ["Symbols", "latex_name"]

GREEK = {
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
    *("omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi"),
    *("Psi", "Omega"),
}

PARAMETERS = {"weight": ("W", "w"), "bias": ("b", "b")}
"""How the lectures write a layer's parameters: the array, and one element of it."""

CONTAINERS = {"layers", "modules", "blocks"}
"""Parts of a module's path that say nothing beside the number that follows."""

ESCAPES = {
    "\\": r"\backslash ",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "^": r"\wedge ",
    "~": r"\sim ",
    "<": r"\lt ",
    ">": r"\gt ",
}
"""What LaTeX gives a meaning to, written so that both KaTeX and MathJax show the character."""

INDEXED = re.compile(r"(?P<name>.*?)\[(?P<index>-?\d+(?:, ?-?\d+)*)\]")
WORD = re.compile(r"(?P<letters>[A-Za-z]+?)_?(?P<digits>\d*)(?P<primes>'*)")
LONGEST = 60
"""Characters of a name that are shown."""


def escaped(text: str) -> str:
    """Any text as LaTeX that shows it and does nothing else."""
    shown, plain = "", ""
    for c in text:
        if c in ESCAPES:
            shown += (rf"\text{{{plain}}}" if plain else "") + ESCAPES[c]
            plain = ""
        else:
            plain += c
    return shown + (rf"\text{{{plain}}}" if plain else "")


def _letter(word: str) -> str | None:
    """A word that mathematics writes as one letter, or ``None``."""
    if word in GREEK:
        return rf"\{word}"
    return word if len(word) == 1 and word.isascii() and word.isalpha() else None


def _simple(word: str) -> tuple[str, str] | None:
    """A word such as ``x``, ``x1``, ``theta_2``, ``h_prev`` as a letter and its subscript."""
    if (match := WORD.fullmatch(word)) and (letter := _letter(match["letters"])):
        return letter + match["primes"], match["digits"]
    head, _, tail = word.partition("_")
    if (letter := _letter(head)) and tail.isalnum():
        return letter, tail if tail.isdigit() or len(tail) == 1 else escaped(tail)
    return None


def latex_name(name: str) -> str:
    r"""A name as LaTeX: letters, Greek letters and parameters' paths as mathematics, the rest as text.

    Indices are those of the name itself, counted from 0 as in Python: ``layers.0.weight[3, 1]`` is
    w with the layer 0 above and row 3, column 1 below.

    >>> latex_name("x1"), latex_name("theta"), latex_name("w[3, 1]")
    ('x_{1}', '\\theta', 'w_{3,1}')
    >>> latex_name("layers.0.weight[3, 1]"), latex_name("layers.2.bias")
    ('w^{(0)}_{3,1}', 'b^{(2)}')
    >>> latex_name("50% <b>")
    '\\text{50}\\%\\text{ }\\lt \\text{b}\\gt '
    """
    indexed = INDEXED.fullmatch(name)
    index = indexed["index"].replace(" ", "") if indexed else ""
    path = (indexed["name"] if indexed else name).split(".")
    last = path.pop()
    if last in PARAMETERS:
        simple: tuple[str, str] | None = (PARAMETERS[last][bool(index)], "")
    else:
        simple = _simple(last)
    known = [part for part in path if part not in CONTAINERS]
    if simple is None or not all(re.fullmatch(r"\w+", part) for part in path):
        return escaped(name)
    letter, below = simple
    below = ",".join(part for part in (below, index) if part)
    above = ".".join(part if part.isdigit() else escaped(part) for part in known)
    return (
        letter + (f"^{{({above})}}" if above else "") + (f"_{{{below}}}" if below else "")
    ).replace("'^", "'{}^")


def text_name(name: str) -> str:
    """A name on one line, and not too long."""
    line = " ".join("".join(c if c.isprintable() or c in JOINERS else " " for c in name).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


class Symbols:
    """The symbols of a graph's nodes, the same on every run.

    A node is written by its name; one without a name is v1, v2, ... in the order in which the nodes
    were made, and the output, if it has no name, is L. Arrays that take part as constants are c1, c2,
    ... A name that several nodes share is followed by #2, #3, ... from the second on. `symbols[node]`
    is a `Formula`: its ``text`` and its ``latex``.

    Args:
        root: the node, or nodes, whose graph it is.
        output: how a single output without a name is written; ``None`` numbers it like any other.

    >>> import autograd
    >>> x = autograd.Value(2.0, "x1")
    >>> y = (x * 3.0).tanh()
    >>> symbols = Symbols(y)
    >>> symbols[x].latex, symbols[y.parents[0]].latex, symbols[y].text
    ('x_{1}', 'v_{1}', 'L')
    """

    def __init__(self, root: Node | Sequence[Node], *, output: str | None = "L") -> None:
        self._symbols: dict[Any, Formula] = {}
        self._arrays: dict[int, tuple[Any, Formula]] = {}
        self.by_text: dict[str, Formula] = {}
        self._latexes: set[str] = set()
        nodes = topological_order(root, arguments=True)
        for node in nodes:
            if node.name and (text := text_name(node.name)):
                self._symbols[node] = self._unique(text, latex_name(text))
        if isinstance(root, Node) and root not in self._symbols and output is not None:
            latex = latex_name(output)
            if output not in self.by_text and latex not in self._latexes:
                self._symbols[root] = self._unique(output, latex)
        number = 0
        for node in nodes:
            if node in self._symbols:
                continue
            number += 1
            while f"v{number}" in self.by_text or f"v_{{{number}}}" in self._latexes:
                number += 1
            self._symbols[node] = self._unique(f"v{number}", f"v_{{{number}}}")
        for node in nodes:
            if node.shape:
                for operand in node.arguments:
                    if isinstance(operand, np.ndarray) and operand.ndim:
                        self._array(operand)

    def _unique(self, text: str, latex: str) -> Formula:
        """The symbol, with a number after it where another node has it already."""
        if latex in self._latexes and text not in self.by_text:
            latex = escaped(text)  # x_1 beside x1
        count, base = 1, (text, latex)
        while text in self.by_text or latex in self._latexes:
            count += 1
            text, latex = f"{base[0]}#{count}", rf"{{{base[1]}}}_{{\#{count}}}"
        self._latexes.add(latex)
        self.by_text[text] = symbol = Formula(text, latex)
        return symbol

    def __getitem__(self, operand: Any) -> Formula:
        """The symbol of a node, or of an array that takes part as a constant."""
        if isinstance(operand, Node):
            return self._symbols[operand]
        return self._array(operand)

    def _array(self, operand: Any) -> Formula:
        known = self._arrays.get(id(operand))
        if known is None:
            number = len(self._arrays) + 1
            symbol = self._unique(f"c{number}", f"c_{{{number}}}")
            known = self._arrays[id(operand)] = (operand, symbol)  # holds it: an id may be reused
        return known[1]
