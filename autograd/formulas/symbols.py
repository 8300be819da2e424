"""Symbols: a short, unique name for every node of a graph, as text and as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine.graph import Node, topological_order
from autograd.formulas.names import Names, formula_of, subscripted
from autograd.formulas.notation import Formula


class Symbols:
    """The symbols of a graph's nodes, the same on every run.

    A node is written by its name, as `Names` has it; one without a name is v₁, v₂, ... in the order in
    which the nodes were made, and the output, if it has no name, is L. Arrays that take part as
    constants are c₁, c₂, ... `symbols[node]` is a `Formula`: its ``text`` and its ``latex``.

    Args:
        root: the node, or nodes, whose graph it is.
        output: how a single output without a name is written; ``None`` numbers it like any other.

    Attributes:
        names: those that have a name, and the symbols of all by their text.

    >>> import autograd
    >>> x = autograd.Value(2.0, "x1")
    >>> y = (x * 3.0).tanh()
    >>> symbols = Symbols(y)
    >>> symbols[x].latex, symbols[y.parents[0]].latex, symbols[y].text
    ('x_{1}', 'v_{1}', 'L')
    """

    def __init__(self, root: Node | Sequence[Node], *, output: str | None = "L") -> None:
        self._arrays: dict[int, tuple[Any, Formula]] = {}
        nodes = topological_order(root, arguments=True)
        self.names = names = Names(nodes)
        self.by_text = names.by_text
        if isinstance(root, Node) and root not in names.symbols and output is not None:
            symbol = formula_of(output)
            if not names.has(symbol):
                names.add(root, output, symbol)
        number = 0
        for node in nodes:
            if node not in names.symbols:
                number += 1
                while names.has(symbol := subscripted(Formula("v", "v"), str(number))):
                    number += 1
                names.add(node, f"v{number}", symbol)
        for node in nodes:
            if node.shape:
                for operand in node.arguments:
                    if isinstance(operand, np.ndarray) and operand.ndim:
                        self._array(operand)

    def __getitem__(self, operand: Any) -> Formula:
        """The symbol of a node, or of an array that takes part as a constant."""
        if isinstance(operand, Node):
            return self.names.symbols[operand]
        return self._array(operand)

    def _array(self, operand: Any) -> Formula:
        known = self._arrays.get(id(operand))
        if known is None:
            number = len(self._arrays) + 1
            while self.names.has(symbol := subscripted(Formula("c", "c"), str(number))):
                number += 1
            known = self._arrays[id(operand)] = (operand, symbol)  # holds it: an id may be reused
            self.names.reserve(symbol)
        return known[1]
