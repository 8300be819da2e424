"""What the nodes of a graph compute, as a derivation reads it: class indices as distributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.engine.graph import Node
from autograd.engine.letters import Letter, fold
from autograd.engine.primitive import Primitive, registry
from autograd.formulas.algebra import inverse


class NodeOperation(NamedTuple):
    """A primitive and what it was called with."""

    primitive: Primitive | None
    arguments: Sequence[Any]
    options: dict[str, Any]


def is_constant(node: Node) -> bool:
    """Whether a node is data: drawn at random, or computed by what has no derivative at all.

    No gradient flows through it, and computing it again could give other numbers: its value counts.
    """
    primitive = node.primitive
    if primitive is None or node.requires_grad:
        return False
    if primitive.impure is not None and primitive.impure(node.options):
        return True
    slots = range(primitive.arity or 0)
    return len(slots) > 0 and not any(map(primitive.differentiable, slots))


class Operations:
    """The operations of a graph's nodes; `operations[node]` is a `NodeOperation`.

    The cross-entropy of class indices is that of the distributions they stand for, an array, and
    their mean is a mean where each instance counts once.

    Attributes:
        targets: these arrays, and those in the derivative of a margin loss, for each node that has any.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.targets: dict[Node, list[Any]] = {}
        self._recast: dict[Node, NodeOperation] = {}
        self._known: dict[Any, Any] = {}
        for node in nodes:
            name = "" if node.primitive is None else node.primitive.name
            if name == "class_cross_entropy":
                target = self._target(node, node.options)
                cross_entropy = registry["softmax_cross_entropy"]
                arguments = (node.arguments[0], target)
                self._recast[node] = NodeOperation(cross_entropy, arguments, cross_entropy.options)
            elif name == "class_mean" and _count(node) == np.size(_data(node.arguments[0])):
                mean = registry["mean"]
                self._recast[node] = NodeOperation(mean, node.arguments[:1], mean.options)
            elif name == "multiclass_hinge":
                self._target(node, {})
                if node.options["weight"] is not None:
                    self._target(node, {"weight": node.options["weight"]})

    def __getitem__(self, node: Node) -> NodeOperation:
        found = self._recast.get(node)
        return found or NodeOperation(node.primitive, node.arguments, node.options)

    def _target(self, node: Node, options: dict[str, Any]) -> Any:
        """The distributions that a node's class indices stand for: one array for the same indices."""
        x, indices = node.arguments
        key = (id(indices), np.shape(_data(x)), repr(options))
        if key not in self._known:
            given = registry["class_targets"].options | options
            self._known[key] = registry["class_targets"].array(_data(x), _data(indices), **given)
        target = self._known[key]
        self.targets.setdefault(node, []).append(target)
        return target

    def named(self, node: Node, formula: Any, names: dict[int, str]) -> Any:
        """A formula of a rule in which targets and counts are the arrays and numbers that they are."""

        def replaced(x: Letter, parts: list[Any]) -> Any:
            if x.function == "class_targets":
                for target in self.targets.get(node, []):
                    if np.array_equal(target, x.sample):
                        return Letter(names[id(target)], sample=target)
            if x.function == "class_count":
                return x.sample.item()
            bottom = x.arguments[-1]
            if x.function == "div" and getattr(bottom, "function", "") == "class_count":
                top, n = parts
                factor = inverse(int(n)) if float(n).is_integer() and n > 1 else 1 / n
                return Letter("mul", (factor, top), sample=x.sample)
            return x.with_arguments(parts)

        return fold(formula, lambda x: x, replaced)


def _data(x: Any) -> Any:
    return np.asarray(x._raw if isinstance(x, Node) else x)


def _count(node: Node) -> float:
    x, indices = node.arguments
    return float(registry["class_count"].array(_data(x), _data(indices), **node.options))
