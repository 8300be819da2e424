"""Signs: what an operation is called in a picture, and the short formula of an unnamed node."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine.graph import Node
from autograd.engine.primitive import Unsaid
from autograd.engine.value import Value
from autograd.formulas.names import Names
from autograd.formulas.plain import number, typeset

INFIX = {"add": 1, "sub": 1, "mul": 2, "div": 2, "matmul": 2, "pow": 3}
"""The binary signs, and how strongly they bind."""

SHORT = 22
"""Characters of a formula that still fit a box."""

ATOM = 9

COUNTED = {"classes"}
"""Options that only repeat what a shape says, as the losses of this library give them."""


def has_bias(node: Node) -> bool:
    """Whether a sum of products of Values ends with 1 times a bias, as a layer of Values records it."""
    if not isinstance(node, Value) or node.primitive is None or node.primitive.symbol != "@":
        return False
    arguments = node.arguments
    last = arguments[len(arguments) // 2 - 1]
    return not isinstance(last, Node) and last == 1.0 and isinstance(arguments[-1], Node)


def given_numbers(node: Node) -> tuple[float, ...]:
    """The plain numbers that a neuron of Values is given as its inputs, in order."""
    if not has_bias(node):
        return ()
    inputs = node.arguments[: len(node.arguments) // 2 - 1]
    return tuple(x for x in inputs if not isinstance(x, Node))


def sign(node: Node) -> str:
    """The sign of the primitive, and the options that were not left at their defaults; no functions."""
    primitive = node.primitive
    if primitive is None:
        return ""
    if isinstance(node, Value) and primitive.symbol == "@":  # of numbers, a sum of products
        return "Σ w·x + b" if has_bias(node) else "Σ x·y"
    words = [primitive.symbol]
    for key, value in node.options.items():
        if key in COUNTED:
            continue
        # Compared as text, for an option may hold arrays.
        if (
            not callable(value)
            and not isinstance(value, Unsaid)
            and repr(value) != repr(primitive.options.get(key))
        ):
            array = isinstance(value, np.ndarray)
            words.append(typeset(f"{key}={value.tolist() if array else value!r}"))
    return " ".join(words)


class Expressions:
    """The formulas of nodes in terms of the names below them, for those that are short.

    Ask for arguments before outputs: a formula is made of those that were asked for before.
    """

    def __init__(self, digits: int, names: Names) -> None:
        self.digits, self.names = digits, names
        self.known: dict[Node, tuple[str, int]] = {}

    def of(self, node: Node) -> str:
        """The formula of an unnamed node, or an empty text where it is long or has no name in it."""
        text, strength = self._text(node)
        if text:
            self.known[node] = text, strength
        return "" if node.primitive is None or node in self.names.symbols else text

    def _text(self, node: Node) -> tuple[str, int]:
        if (name := self.names.symbols.get(node)) is not None:
            return (name.text, ATOM) if len(name.text) <= SHORT else ("", ATOM)
        primitive = node.primitive
        if primitive is None or len(node.arguments) != primitive.arity or node.options:
            return "", ATOM
        parts = [self._part(x) for x in node.arguments]
        if not all(text for text, _ in parts):
            return "", ATOM
        strength = INFIX.get(primitive.name, ATOM)
        if strength == ATOM:
            text = self._called(primitive, [text for text, _ in parts])
            strength = 2 if primitive.name == "neg" else ATOM
        else:
            left, right = parts
            first = f"({left[0]})" if left[1] < strength + (strength == 3) else left[0]
            second = f"({right[0]})" if right[1] <= strength else right[0]
            symbol = primitive.symbol
            text = f"{first}^{second}" if symbol == "^" else f"{first} {symbol} {second}"
        return (text, strength) if len(text) <= SHORT else ("", ATOM)

    def _called(self, primitive: Any, parts: list[str]) -> str:
        if primitive.name == "neg":
            return f"−({parts[0]})" if " " in parts[0] else f"−{parts[0]}"
        return f"{primitive.name}({', '.join(parts)})"

    def _part(self, x: Any) -> tuple[str, int]:
        if isinstance(x, Node):
            return self.known.get(x, ("", ATOM))
        if isinstance(x, bool | int | float):
            return number(x, self.digits), ATOM if x >= 0 else 1
        return "", ATOM
