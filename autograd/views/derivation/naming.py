"""Names in a derivation on tensors: the lectures' letters, X, W₁, b₁, s₁, h, for a graph's arrays."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd.engine.families import Elementwise
from autograd.engine.graph import Node
from autograd.formulas.names import (
    Names,
    formula_of,
    identifier,
    in_layer,
    layers_around,
    lowered,
    one_line,
    placed,
    subscripted,
)
from autograd.formulas.notation import Formula
from autograd.views.derivation.conventions import Convention
from autograd.views.derivation.normalisation import Normalisation
from autograd.views.derivation.operations import Operations, is_constant

TARGETS = {
    "softmax_cross_entropy": 1,
    "logistic_cross_entropy": 1,
    "binary_cross_entropy": 1,
    "kl_divergence": 1,
    "xlogy": 0,
    "sub": 1,
}
"""Operations that compare with a target, and which argument it is."""

OF_LOGITS = ("softmax_cross_entropy", "class_cross_entropy", "logistic_cross_entropy")
"""Losses that make probabilities of what they take."""

ACCENTS = {"hat": "\u0302", "tilde": "\u0303"}
"""Signs above a letter."""

PATHS = re.compile(r"(.*\.)?(weight|bias)")


class Naming:
    """The name of every node and constant array of a graph, as Python, text and LaTeX.

    A name that the user gave stays, and a module's parameters are called as in every view: W⁽¹⁾. An
    affine layer's own parameters are W and b, and the data are x; what a layer computes, and what a
    loss compares it with, has the `Letters` of the layout. They are numbered when there are several,
    as the parameters are, and capitals where instances are rows or columns of a matrix.

    Args:
        nodes: in order of creation, arguments before outputs.
        layout: whose letters they are.
        operations: what the nodes compute, as it is to be read.
        normal: the batch normalisations.

    Attributes:
        moments: for each normalisation the names of μ_b, v_b and V_b.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        layout: Convention,
        operations: Operations,
        normal: Mapping[Node, Normalisation],
    ) -> None:
        self.single, self.letters, above = layout.single, layout.letters, layout.above
        self.operations = operations
        self.symbols: dict[str, Formula] = {}
        self._texts: set[str] = set()  # how they look: no two alike
        self.nodes: dict[Node, str] = {}
        self.arrays: dict[int, str] = {}
        self.held: list[Any] = []  # so that an id stays one array's
        self._nodes = nodes
        self._called = Names(nodes)
        self._layered = above and any(map(in_layer, self._called.symbols.values()))
        self._roles: dict[Any, str] = {}
        self._depths: dict[Any, int] = {}  # which layer what has a letter of one belongs to
        self._compared: set[int] = set()  # the targets
        self.inlined: set[Node] = set()  # parts of a layer that are written where they are used
        self.normal = normal
        self._uses = Counter(x for node in nodes for x in node.arguments if isinstance(x, Node))
        self._places: dict[Any, int] = {}
        for node in nodes:
            for x in (*operations[node].arguments, *operations.targets.get(node, ()), node):
                self._places.setdefault(x if isinstance(x, Node) else id(x), len(self._places))
        self._find_roles()
        if self.letters.output:
            self._find_output()
        layers = self._layers()
        for node in nodes:
            if (symbol := self._called.symbols.get(node)) is not None and node not in self._roles:
                path = node.is_leaf and PATHS.fullmatch(str(node.name))
                if path and layers:
                    symbol = formula_of(one_line(str(node.name)), layers, array=True)
                key = symbol.text if path else self._called.keys[node]
                self.nodes[node] = self.add(key, symbol if above else lowered(symbol))
        counts: dict[str, int] = {}
        for role in self._roles.values():
            counts[role] = counts.get(role, 0) + 1
        given: dict[str, int] = {}
        for key, role in sorted(self._roles.items(), key=self._order):
            given[role] = given.get(role, 0) + 1
            number = given[role] if counts[role] > 1 else None
            if self.letters.counted and key in self._depths and role != self.letters.output:
                number = self._depths[key] if max(self._depths.values()) > 1 else None
            name = self.add(*self._numbered(role, number))
            if isinstance(key, Node):
                self.nodes[key] = name
            else:
                self.arrays[key] = name
        self.moments = {node: self._moments(node, i + 1) for i, node in enumerate(normal)}
        if nodes[-1] not in self.nodes:
            self.nodes[nodes[-1]] = self.add(layout.loss)

    def _order(self, item: tuple[Any, str]) -> int:
        """Where something stands in the graph: an array where it is used first."""
        return self._places[item[0]]

    def _role(self, key: Any, letter: str) -> None:
        if isinstance(key, Node):
            if not self._is_named(key) and key is not self._nodes[-1]:
                self._roles.setdefault(key, letter)
        elif isinstance(key, np.ndarray) and key.ndim:
            self.held.append(key)
            self._roles.setdefault(id(key), letter)

    def _is_named(self, node: Node) -> bool:
        """Whether a node has a name of its own: not that which every layer by itself has."""
        return node in self._called.symbols and node.name not in ("weight", "bias")

    def _matrix(self, key: Any, letter: str) -> str:
        """A capital for a matrix, but where letters are those of one instance."""
        return (
            letter.upper() if np.ndim(getattr(key, "data", key)) > 1 and not self.single else letter
        )

    def _find_roles(self) -> None:
        first = True
        depth = 0
        for node in self._nodes:
            primitive, arguments, _ = self.operations[node]
            if primitive is None:
                continue
            name = primitive.name
            if node in self.normal:
                self._normalised(node, depth)
            elif name in ("linear", "matmul"):
                x, weight = arguments[:2]
                for turned in node.parents:
                    if turned.primitive is not None and turned.primitive.name == "transpose":
                        self._inline(turned)
                data = not isinstance(x, Node) or (x.is_leaf and not x.requires_grad)
                if (first and name == "linear" and getattr(x, "is_leaf", True)) or data:
                    self._role(x, self._matrix(x, "x"))
                first = False
                if isinstance(x, Node) and isinstance(x.primitive, Elementwise):
                    self._role(x, self._matrix(x, self.letters.activation))
                    self._depths[x] = depth
                if name == "linear":
                    self._role(weight, "W")
                    if len(arguments) > 2:
                        self._role(arguments[2], "b")
                depth += 1
                self._depths[node] = depth
                self._role(node, self._matrix(node, self.letters.sum))
            elif name == "add" and self._is_layer(node):
                self._inline(node.arguments[0])
                self._role(node.arguments[1], "b")
                self._depths[node] = self._depths.pop(node.arguments[0])
                self._role(node, self._matrix(node, self.letters.sum))
            elif name == "softmax":
                self._role(node, self._matrix(node, self.letters.probabilities))
                self._depths[node] = depth
            elif name in TARGETS and (node.shape or name == "softmax_cross_entropy"):
                target = arguments[TARGETS[name]]
                array = isinstance(target, np.ndarray) and target.dtype.kind == "f"
                if array or (isinstance(target, Node) and not target.requires_grad):
                    self._compared.add(id(target))
                    self._role(target, self._matrix(target, self.letters.target))
            elif is_constant(node):
                letter = self.letters.target if name == "class_targets" else "m"
                self._role(node, self._matrix(node, letter))
            for target in self.operations.targets.get(node, []):
                self._role(target, self._matrix(target, self.letters.target))
        for node in self._nodes:
            if node.primitive is None:
                shape = len(node.shape)
                self._role(node, "W" if shape > 1 else "w" if shape else "a")
                continue
            for x in self.operations[node].arguments:
                if isinstance(x, np.ndarray) and x.ndim:
                    self._role(x, self._matrix(x, self._data(x, len(node.shape))))
            if isinstance(node.primitive, Elementwise) and node.shape and self._activation(node):
                self._role(node, self._matrix(node, self.letters.activation))
                self._depths[node] = self._depths.get(node.arguments[0], depth)
            self._role(node, self._matrix(node, "v"))

    def _find_output(self) -> None:
        """Give what the network says in the end, which no other layer takes, the letter of the output.

        It is what a loss compares with a target. What a loss takes as logits is not it: the
        probabilities are, which the loss makes of them.
        """
        layers = set(self._depths) & {x for x in self._roles if isinstance(x, Node)}
        compared, ends = [], []
        inside = set[Node]()  # what a layer is computed from
        for node in reversed(self._nodes):
            name = "" if node.primitive is None else node.primitive.name
            taken = node in layers or node in inside or name in OF_LOGITS
            inside.update(x for x in node.arguments if taken and isinstance(x, Node))
            if node in inside or node.primitive is None:
                continue
            if node in layers:
                ends.append(node)
            if name in TARGETS and id(node.arguments[TARGETS[name]]) in self._compared:
                compared += [x for x in node.parents if x in self._roles and not x.is_leaf]
        for node in [x for x in compared if x not in inside] or ends:
            self._roles[node] = self.letters.output

    def _inline(self, node: Node) -> None:
        """Write a vector or a matrix that is used once, and has no name, where it is used."""
        if len(node.shape) <= 2 and self._uses[node] == 1 and node not in self._called.symbols:
            self.inlined.add(node)
            self._roles[node] = "v"

    def _normalised(self, node: Node, depth: int) -> None:
        """ŝ, s̃ = γ ⊙ ŝ + β, and what lies between s and ŝ where it was written by hand."""
        found = self.normal[node]
        letter = self._matrix(node, self.letters.sum)
        self._depths[node] = depth
        self._role(node, f"{letter}_hat")
        for each in found.inner - {found.mean, found.variance}:
            self._roles[each] = "inner"
        for moment, role in ((found.mean, "mu_b"), (found.variance, "v_b")):
            if moment is not None:
                self._role(moment, role)
        last = node
        for name, role in (("mul", "gamma"), ("add", "beta")):
            user = self._user_of(last, name)
            if user is None or (parameter := self._parameter(user, last)) is None:
                break
            self._roles[parameter] = role
            if last is not node:
                self._inline(last)
            last = user
        if last is not node:
            self._depths[last] = depth
            self._role(last, f"{letter}_tilde")

    def _layers(self) -> dict[str, int]:
        """The numbers of the layers, where a normalisation between them is not counted as one."""
        scaled = (x for x, role in self._roles.items() if role in ("gamma", "beta"))
        norms = {str(x.name).rpartition(".")[0] for x in scaled if x.name is not None}
        if not norms:
            return {}
        layers = layers_around(self._nodes)
        kept = sorted(layers.keys() - norms, key=layers.__getitem__)
        return {path: i + 1 for i, path in enumerate(kept)}

    def _user_of(self, node: Node, name: str) -> Node | None:
        """The one node that uses another, if it is of an operation."""
        users = [x for x in self._nodes if any(y is node for y in x.parents)]
        named = len(users) == 1 and users[0].primitive is not None and users[0].primitive.name
        return users[0] if named == name else None

    def _parameter(self, node: Node, other: Node) -> Node | None:
        """The vector of parameters that a node combines with another one, unless the user named it."""
        for x in node.arguments:
            if x is not other and isinstance(x, Node) and x.is_leaf and len(x.shape) == 1:
                given = x in self._called.symbols and not PATHS.fullmatch(str(x.name))
                return None if given else x
        return None

    def _moments(self, node: Node, place: int) -> tuple[str, str, str]:
        found, number = self.normal[node], place if len(self.normal) > 1 else None
        mean, variance, matrix = (
            self.nodes[known] if known is not None else self.add(*self._numbered(role, number))
            for known, role in ((found.mean, "mu_b"), (found.variance, "v_b"), (None, "V_b"))
        )
        return mean, variance, matrix

    def _is_layer(self, node: Node) -> bool:
        """Whether a sum is W x + b, written by hand: of a product used once, and a vector of weights."""
        product, bias = node.arguments
        return (
            isinstance(product, Node)
            and product.primitive is not None
            and product.primitive.name == "matmul"
            and product in self._depths
            and self._uses[product] == 1
            and product not in self._called.symbols
            and isinstance(bias, Node)
            and bias.is_leaf
            and bias.requires_grad
            and node.shape == product.shape
            and bias.shape == node.shape[-1:]
        )

    def _data(self, x: Any, rank: int) -> str:
        """The letter of data: y, m for a mask, c for indices and what is 1 − y or has another rank."""
        if x.dtype == bool:
            return "m"
        if x.dtype.kind in "iu":
            return "c"
        alike = (y for y in self.held if y.shape == x.shape and y.dtype.kind == "f")
        if x.ndim != rank or any(np.array_equal(x, 1 - y) for y in alike):
            return "c"
        return self.letters.target

    def _activation(self, node: Node) -> bool:
        """Whether a node is an activation: a function of s alone, or what the next layer takes."""
        primitive = node.primitive
        if primitive is None or primitive.arity != 1 or primitive.name in ("neg", "square"):
            return False
        return node.arguments[0] in self._depths

    def is_activation(self, node: Node) -> bool:
        """Whether a node is what a function makes of one that a layer computes."""
        return node in self._depths and not node.is_leaf and node.parents[0] in self._depths

    def _numbered(self, role: str, number: int | None) -> tuple[str, Formula]:
        """A role's letter with its number: above it, where the layers have theirs there."""
        letter, _, accent = role.partition("_")
        if accent in ACCENTS:
            text = unicodedata.normalize("NFC", letter + ACCENTS[accent])
            symbol = Formula(text, rf"\{accent}{{{letter}}}")
            if number is None:
                return role, symbol
            if self._layered:
                return f"{role}{number}", placed(symbol, number)
            return f"{role}{number}", subscripted(symbol, str(number))
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
        symbol = formula_of(name) if symbol is None else symbol
        while plain in self.symbols or symbol.text in self._texts:
            count += 1
            plain, symbol = f"{base}_{count}", formula_of(f"{name}_{count}")
        self.symbols[plain] = symbol
        self._texts.add(symbol.text)
        return plain

    def has(self, text: str) -> bool:
        """Whether something is already written so."""
        return text in self._texts

    def of(self, x: Any) -> str | None:
        """The name of a node or an array; ``None`` of what has none."""
        return self.nodes.get(x) if isinstance(x, Node) else self.arrays.get(id(x))
