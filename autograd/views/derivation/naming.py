"""Names in a derivation on tensors: the lectures' letters, X, W₁, b₁, s₁, h, for a graph's arrays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine.families import Elementwise
from autograd.engine.graph import Node
from autograd.formulas.names import Names, formula_of, identifier, in_layer, lowered
from autograd.formulas.notation import Formula
from autograd.views.derivation.operations import Operations, is_constant

PATHS = re.compile(r"(.*\.)?(weight|bias)")


class Naming:
    """The name of every node and constant array of a graph, as Python, text and LaTeX.

    A name that the user gave stays, and a module's parameters are called as in every view: W⁽¹⁾. An
    affine layer's own parameters are W and b, what it computes is s, what an activation computes is h,
    softmax computes p, and the data are x and y: numbered when there are several, as the parameters
    are, and capitals where instances are rows or columns of a matrix.

    Args:
        nodes: in order of creation, arguments before outputs.
        loss: how the last one is called when it has no name.
        single: whether letters stand for one instance, and are small.
        above: whether the number of a layer stands above a letter, W⁽¹⁾, or below it, W₁.
        operations: what the nodes compute, as it is to be read.
        batch: whether a node or array has instances along an axis.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        loss: str,
        *,
        single: bool,
        above: bool,
        operations: Operations,
    ) -> None:
        self.single = single
        self.operations = operations
        self.symbols: dict[str, Formula] = {}
        self.nodes: dict[Node, str] = {}
        self.arrays: dict[int, str] = {}
        self.held: list[Any] = []  # so that an id stays one array's
        self._nodes = nodes
        self._called = Names(nodes)
        self._layered = above and any(map(in_layer, self._called.symbols.values()))
        self._roles: dict[Any, str] = {}
        self._find_roles()
        for node in nodes:
            if (symbol := self._called.symbols.get(node)) is not None and node not in self._roles:
                path = node.is_leaf and PATHS.fullmatch(str(node.name))
                key = symbol.text if path else self._called.keys[node]
                self.nodes[node] = self.add(key, symbol if above else lowered(symbol))
        counts: dict[str, int] = {}
        for role in self._roles.values():
            counts[role] = counts.get(role, 0) + 1
        given: dict[str, int] = {}
        for key, role in self._roles.items():
            given[role] = given.get(role, 0) + 1
            name = self.add(*self._numbered(role, given[role] if counts[role] > 1 else None))
            if isinstance(key, Node):
                self.nodes[key] = name
            else:
                self.arrays[key] = name
        if nodes[-1] not in self.nodes:
            self.nodes[nodes[-1]] = self.add(loss)

    def _role(self, key: Any, letter: str) -> None:
        if isinstance(key, Node):
            if key not in self._called.symbols and key is not self._nodes[-1]:
                self._roles.setdefault(key, letter)
        elif isinstance(key, np.ndarray) and key.ndim:
            self.held.append(key)
            self._roles.setdefault(id(key), letter)

    def _matrix(self, key: Any, letter: str) -> str:
        """A capital for a matrix, but where letters are those of one instance."""
        return (
            letter.upper() if np.ndim(getattr(key, "data", key)) > 1 and not self.single else letter
        )

    def _find_roles(self) -> None:
        first = True
        for node in self._nodes:
            primitive, arguments, _ = self.operations[node]
            if primitive is None:
                continue
            name = primitive.name
            if name in ("linear", "matmul"):
                x, weight = arguments[:2]
                data = not isinstance(x, Node) or (x.is_leaf and not x.requires_grad)
                if (first and name == "linear" and getattr(x, "is_leaf", True)) or data:
                    self._role(x, self._matrix(x, "x"))
                first = False
                if isinstance(x, Node) and isinstance(x.primitive, Elementwise):
                    self._role(x, self._matrix(x, "h"))
                if name == "linear":
                    self._role(weight, "W")
                    if len(arguments) > 2:
                        self._role(arguments[2], "b")
                self._role(node, self._matrix(node, "s"))
            elif name == "softmax":
                self._role(node, self._matrix(node, "p"))
            elif name in ("softmax_cross_entropy", "sub") and node.shape != ():
                target = arguments[1]
                if not isinstance(target, Node) or not target.requires_grad:
                    self._role(target, self._matrix(target, "y"))
            elif is_constant(node):
                self._role(node, self._matrix(node, "y" if name == "class_targets" else "m"))
            for target in self.operations.targets.get(node, []):
                self._role(target, self._matrix(target, "y"))
        for node in self._nodes:
            if node.primitive is None:
                shape = len(node.shape)
                self._role(node, "W" if shape > 1 else "w" if shape else "a")
                continue
            for x in self.operations[node].arguments:
                if isinstance(x, np.ndarray) and x.ndim:
                    self._role(x, self._matrix(x, self._data(x, len(node.shape))))
            if isinstance(node.primitive, Elementwise) and node.shape and self._activation(node):
                self._role(node, self._matrix(node, "h"))
            self._role(node, self._matrix(node, "v"))

    def _data(self, x: Any, rank: int) -> str:
        """The letter of data: y, m for a mask, c for indices and what is 1 − y or has another rank."""
        if x.dtype == bool:
            return "m"
        if x.dtype.kind in "iu":
            return "c"
        alike = (y for y in self.held if y.shape == x.shape and y.dtype.kind == "f")
        return "c" if x.ndim != rank or any(np.array_equal(x, 1 - y) for y in alike) else "y"

    def _activation(self, node: Node) -> bool:
        """Whether a node is an activation: a function of s alone, or what the next layer takes."""
        primitive = node.primitive
        if primitive is None or primitive.arity != 1 or primitive.name in ("neg", "square"):
            return False
        return self._roles.get(node.arguments[0], "").lower() == "s"

    def _numbered(self, role: str, number: int | None) -> tuple[str, Formula]:
        """A role's letter with its number: above it, where the layers have theirs there."""
        if number is None:
            return role, formula_of(role)
        if self._layered:
            return f"{role}{number}", formula_of(
                f"layers.0.{role}", {"layers.0": number}, array=True
            )
        return f"{role}{number}", formula_of(f"{role}{number}")

    def add(self, name: str, symbol: Formula | None = None) -> str:
        """A new name, as close to the given one as Python and the names before allow."""
        plain = identifier(name)
        base, count = plain, 1
        while plain in self.symbols:
            count += 1
            plain = f"{base}_{count}"
        if symbol is None or count > 1:
            shown = name if count == 1 else f"{name}_{count}"
            symbol = formula_of(shown)
        self.symbols[plain] = symbol
        return plain

    def of(self, x: Any) -> str | None:
        """The name of a node or an array; ``None`` of what has none."""
        return self.nodes.get(x) if isinstance(x, Node) else self.arrays.get(id(x))
