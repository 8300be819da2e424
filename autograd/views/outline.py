"""Outline: what the views need to know of a graph before they draw it, found in one walk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from typing import Any

from autograd.context.scopes import Scope
from autograd.engine.graph import Node, topological_order
from autograd.formulas.names import Names
from autograd.formulas.plain import number, visible
from autograd.views.labels import sign

Frame = tuple[tuple[str, str], ...]
"""The module scopes around a node, outermost first: (path, kind)."""


NAMED = 12
"""Leaves and operations that the words on a whole graph name."""


def frame_of(scope: Scope | None) -> Frame:
    """The frame of a scope."""
    frame = []
    while scope is not None:
        frame.append((scope.path, scope.kind))
        scope = scope.parent
    return tuple(reversed(frame))


class Outline:
    """The nodes below some roots, in order, with their arguments, frames and kinds.

    Attributes:
        nodes: in topological order, leaves first; also those that no gradient reaches.
        index: the place of each node in it.
        arguments: those of each node.
        frames: the module scopes each node is drawn in: its own, and for a parameter that of its module.
        parameters: the leaves that live in a module.
        names: what the nodes are called.
    """

    def __init__(self, roots: Sequence[Node]) -> None:
        self.roots = set(roots)
        self.nodes = topological_order(roots, arguments=True)
        self.index = {node: i for i, node in enumerate(self.nodes)}
        self.arguments: list[tuple[Any, ...]] = [node.arguments for node in self.nodes]
        frames: dict[int, Frame] = {}  # scopes are shared by the nodes of a call
        self.frames: list[Frame] = []
        for node in self.nodes:
            scope = node.scope
            if id(scope) not in frames:
                frames[id(scope)] = frame_of(scope)
            self.frames.append(frames[id(scope)])
        self.names = Names(self.nodes)
        self.parameters: set[Node] = set()
        self._users: dict[Node, list[Node]] | None = None  # made when first asked for
        self._find_parameters()

    def _find_parameters(self) -> None:
        """Parameters are named by their path, which begins with that of their module.

        Those of an outermost module have no path before them, and are known by the module itself.
        """
        index, frames = self.index, self.frames
        held = self._held_by_outermost()
        for i, arguments in enumerate(self.arguments):
            frame = frames[i]
            if not frame:
                continue
            for leaf in arguments:
                if not isinstance(leaf, Node) or not leaf.is_leaf or frames[index[leaf]]:
                    continue
                depth = _depth_of(frame, leaf.name or "") or (1 if leaf in held else 0)
                if depth:
                    frames[index[leaf]] = frame[:depth]
                    if leaf.requires_grad:
                        self.parameters.add(leaf)

    def _held_by_outermost(self) -> set[Node]:
        """The parameters of the outermost modules that are still there."""
        outermost: dict[int, Scope] = {}
        seen: set[int] = set()
        for node in self.nodes:
            scope = node.scope
            while scope is not None and id(scope) not in seen:
                seen.add(id(scope))
                if scope.parent is None and not scope.path:
                    outermost[id(scope)] = scope
                scope = scope.parent
        return {x for scope in outermost.values() for x in scope.parameters()}

    def frame(self, node: Node) -> Frame:
        """The frame a node is drawn in."""
        return self.frames[self.index[node]]

    def title(self, frame: Frame) -> str:
        """What the module of a frame is called: by its layer, ``layer 1 (Linear)``."""
        return self.names.layers.title(*frame[-1])

    def place(self, node: Node) -> str:
        """What the module that a node was made in is called; nothing where it was made in none."""
        scope = node.scope
        return self.names.layers.title(scope.path, scope.kind) if scope is not None else ""

    def words(self, digits: int) -> str:
        """The graph for who does not see its picture: its leaves, operations and outputs."""
        labels = self.names.labels
        leaves = [labels.get(node, "one without a name") for node in self.nodes if node.is_leaf]
        signs = Counter(sign(node) for node in self.nodes if node.primitive is not None)
        done = [f"{each} ({count} times)" if count > 1 else each for each, count in signs.items()]
        ends = []
        for node in self.nodes:
            if node in self.roots:
                value = node._raw if not node.shape else None
                told = (
                    f" = {number(value, digits)}"
                    if value is not None
                    else f" of shape {node.shape}"
                )
                ends.append(f"{labels.get(node, sign(node) or 'a number')}{told}")
        parts = []
        for word, words, items in (
            ("leaf", "leaves", leaves),
            ("operation", "operations", done),
            ("output", "outputs", ends),
        ):
            if items:
                more = f" and {len(items) - NAMED:,} more" if len(items) > NAMED else ""
                called = word if len(items) == 1 else words
                parts.append(f"{called} {', '.join(items[:NAMED])}{more}")
        return visible("; ".join(parts))

    def leaves(self, node: Node, inside: Set[Node]) -> bool:
        """Whether something outside a set of nodes uses a node of it."""
        if self._users is None:
            self._users = {}
            for user, arguments in zip(self.nodes, self.arguments, strict=True):
                for x in arguments:
                    if isinstance(x, Node):
                        self._users.setdefault(x, []).append(user)
        return any(user not in inside for user in self._users.get(node, ()))

    def kind(self, node: Node) -> str:
        """What a node is drawn as."""
        if node in self.roots and node.primitive is not None:
            return "output"
        if not node.requires_grad:
            return "constant"
        if node.primitive is not None:
            return "operation"
        return "parameter" if node in self.parameters else "leaf"


def _depth_of(frame: Frame, name: str) -> int:
    """How deep in a frame the module stands whose path a name begins with; 0 where there is none."""
    for depth in range(len(frame), 0, -1):
        path = frame[depth - 1][0]
        if path and name.startswith(f"{path}."):
            return depth
    return 0
