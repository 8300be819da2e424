"""Picture: what stands in the boxes, on the arrows and in the frames of a graph's drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from autograd.engine.graph import Node
from autograd.formulas.plain import described, number, shape_of, shown
from autograd.views.drawing.folding import MANY, Fold, fold
from autograd.views.labels import Expressions, given_numbers, has_bias, sign
from autograd.views.outline import Frame, Outline

ARROWS = 4
"""More edges than this between the same two nodes share an arrow; those of a folded box always do."""

NAMED = 6
"""How many folded boxes the caption names."""


class Use(NamedTuple):
    """One argument of a node: its place among the parents, and the local derivative by it."""

    node: Node
    argument: Any
    slot: int | None  # None where no gradient flows
    derivative: Any
    place: int  # among all arguments


@dataclass(slots=True)
class Box:
    """One box: its id, its kind, cells side by side at its head, and rows of lines below them."""

    name: str
    kind: str
    cells: list[str]
    rows: list[list[str]]
    frame: Frame
    node: Node | None = None
    small: bool = False


@dataclass(slots=True)
class Arrow:
    """One arrow: its id, the ids of its boxes, its label, and whether no gradient comes back by it.

    ``enters`` is the frame that it leads into where it brings an input to a module's parameters.
    """

    name: str
    tail: str
    head: str
    label: str
    passive: bool
    enters: Frame = ()


DETAILS = ("dtype", "data", "grad")
"""What a tensor's box can tell beside its name and shape."""

WRITTEN = 3
"""Numbers of a tensor that are written out unasked."""


class Picture:
    """One drawing in the making: its boxes and arrows, and which of them stands for what.

    A box shows the numbers of `gradients` where these are given, and else each node's ``grad``. The
    other options are those of `draw`.

    Attributes:
        boxes, arrows: what is drawn, in order.
        node_ids: the id of the element of each node that has a box of its own.
        edge_ids: the id of the arrow for each (node, place among its parents) that has one.
        folded: for each node that shares a box with others, the id of that box.
        options: those it was made with, by their names.
        nodes, edges: how many are drawn as a box or an arrow of their own.
        caption: what was left out, in words; empty when nothing was.

    >>> import autograd
    >>> x = autograd.Value(2.0, "x")
    >>> y = x * x
    >>> picture = Picture([y])
    >>> picture.node_ids[x], picture.edge_ids[y, 1]
    ('n0', 'e1')
    """

    def __init__(
        self,
        roots: Sequence[Node],
        *,
        digits: int = 4,
        details: Sequence[str] = (),
        gradients: Mapping[Node, Any] | None = None,
        values: bool = True,
        show_gradients: bool = True,
        local_derivatives: bool = True,
        depth: int | None = None,
        unfold: Sequence[str] = (),
        max_nodes: int | None = 300,
    ) -> None:
        self.options: dict[str, Any] = {
            "roots": roots,
            "digits": digits,
            "details": details,
            "gradients": gradients,
            "values": values,
            "show_gradients": show_gradients,
            "local_derivatives": local_derivatives,
            "unfold": unfold,
            "depth": depth,
            "max_nodes": max_nodes,
        }
        self.outline = Outline(roots)
        self.digits, self.details, self.max_nodes = digits, details, max_nodes
        self.gradients = gradients
        self.values, self.show_gradients = values, show_gradients
        self.local_derivatives = local_derivatives
        self.folds: list[Fold] = fold(self.outline, depth, unfold, max_nodes)
        self.folded = {node: f"f{k}" for k, each in enumerate(self.folds) for node in each.nodes}
        shown = [node for node in self.outline.nodes if node not in self.folded]
        self.node_ids = {node: f"n{i}" for i, node in enumerate(shown)}
        self.edge_ids: dict[tuple[Node, int], str] = {}
        self.nodes, self.edges = len(shown), 0
        # Whether a pass has been here: only then can a missing gradient be one that was let go.
        self.passed = any(node.is_leaf and node.grad is not None for node in self.outline.nodes)
        self.caption = self._caption()
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self._constants: dict[Any, str] = {}
        self._draw_boxes()
        self._draw_arrows()

    def folded_to(self, depth: int, max_nodes: int) -> Picture:
        """The same with modules open to a depth, and no more boxes than so many."""
        return Picture(**(self.options | {"depth": depth, "max_nodes": max_nodes}))

    # --- boxes ------------------------------------------------------------------------------------

    def _draw_boxes(self) -> None:
        for k, each in enumerate(self.folds):
            rows = [[shown(line)] for line in each.lines]
            self.boxes.append(Box(f"f{k}", "folded", [], rows, each.frame))
        expressions = Expressions(self.digits, self.outline.names)
        for node, name in self.node_ids.items():
            cells = [] if node.primitive is None else [shown(sign(node))]
            formula = expressions.of(node)
            if name_or_formula := self.outline.names.labels.get(node) or formula:
                cells.append(shown(name_or_formula))
            rows = self._shape(node._raw) + self._data(node) + self._gradient(node)
            frame, kind = self.outline.frame(node), self.outline.kind(node)
            self.boxes.append(Box(name, kind, cells, rows, frame, node))

    def _shape(self, data: Any) -> list[list[str]]:
        if not isinstance(data, np.ndarray):
            return []
        return [[shape_of(data) if "dtype" in self.details else str(data.shape)]]

    def _told(self, what: str, x: Any) -> bool:
        """Whether data or a gradient is written: always of a Value, of a tensor if asked or short."""
        return not isinstance(x, np.ndarray) or what in self.details or 0 < x.size <= WRITTEN

    def _data(self, node: Node) -> list[list[str]]:
        told = self.values and self._told("data", node._raw)
        return [self._lines("data", node._raw)] if told else []

    def _gradient(self, node: Node) -> list[list[str]]:
        if not self.show_gradients or not node.requires_grad:
            return []
        if not self._told("grad", node._raw):
            return []
        gradient = node.grad if self.gradients is None else self.gradients.get(node)
        if gradient is not None:
            lines = self._lines("grad", gradient)
            if isinstance(gradient, np.ndarray) and lines[0].startswith("grad min"):
                with np.errstate(all="ignore"):
                    norm = np.linalg.norm(gradient.ravel().astype(np.float64))
                lines = [f"grad norm {number(norm, self.digits)}", lines[0].removeprefix("grad ")]
            return [lines]
        let_go = self.passed and self.gradients is None and not node.is_leaf and not node._retain
        return [["grad not kept" if let_go else "grad not computed"]]

    def _lines(self, word: str, x: Any) -> list[str]:
        lines = described(x, self.digits)
        return [f"{word} {lines[0]}"] if len(lines) == 1 else [word, *lines]

    def _constant(self, key: Any, lines: list[list[str]], frame: Frame) -> str:
        """The box of a constant, made when first asked for."""
        if key not in self._constants:
            name = self._constants[key] = f"c{len(self._constants)}"
            self.boxes.append(Box(name, "constant", [], lines, frame, small=True))
        return self._constants[key]

    # --- arrows -----------------------------------------------------------------------------------

    def _box(self, node: Node) -> str:
        return self.node_ids.get(node) or self.folded[node]

    def _draw_arrows(self) -> None:
        between: dict[tuple[str, str], list[Use]] = {}
        arrays = self._arrays_into_folds()
        for node, arguments in zip(self.outline.nodes, self.outline.arguments, strict=True):
            head = self._box(node)
            inside = node in self.folded
            if inside and all(
                self.folded.get(x) == head if isinstance(x, Node) else id(x) not in arrays
                for x in arguments
            ):
                continue
            for use in self._uses(node, arguments):
                if isinstance(use.argument, Node):
                    tail: str | None = self._box(use.argument)
                elif not inside or id(use.argument) in arrays:
                    tail = self._constant_of(use, arguments)
                else:
                    continue
                if tail != head and tail:
                    between.setdefault((tail, head), []).append(use)
        folds = set(self.folded.values())
        for (tail, head), uses in between.items():
            shared = len(uses) > (1 if {tail, head} & folds else ARROWS)
            for together in [uses] if shared else [[use] for use in uses]:
                self._arrow(tail, head, together)

    def _arrays_into_folds(self) -> set[int]:
        """The arrays that folded boxes take, unless these are many: then they are folded too."""
        found = {
            id(x)
            for node in self.folded
            for x in self.outline.arguments[self.outline.index[node]]
            if isinstance(x, np.ndarray) and x.ndim
        }
        return found if len(found) <= MANY else set()

    def _uses(self, node: Node, arguments: Sequence[Any]) -> list[Use]:
        """The arguments in order, with the local derivative where a gradient flows."""
        parents = node.parents
        derivatives = node._local_derivatives if node in self.node_ids else ()
        slot, uses = 0, []
        for place, argument in enumerate(arguments):
            # Parents are a part of the arguments in the same order, so one look ahead suffices.
            if slot < len(parents) and argument is parents[slot]:
                derivative = derivatives[slot] if derivatives else None
                uses.append(Use(node, argument, slot, derivative, place))
                slot += 1
            else:
                uses.append(Use(node, argument, None, None, place))
        return uses

    def _constant_of(self, use: Use, arguments: Sequence[Any]) -> str | None:
        node, argument = use.node, use.argument
        if isinstance(argument, np.ndarray) and argument.ndim:
            # An array is likely data that comes from outside, so it stands outside the frames. It is
            # one box however often it is used.
            lines = self._shape(argument)
            if self._told("data", argument):
                lines.append(described(argument, self.digits))
            return self._constant(id(argument), lines, ())
        if has_bias(node) and argument is arguments[len(arguments) // 2 - 1]:
            return None  # the 1 that multiplies the bias: the sign says + b
        frame = self.outline.frame(node)
        numbers = sum(not isinstance(x, Node) for x in arguments)
        key: Any = (node, len(self._constants))
        if given := self._given(node):
            # Neurons side by side take the same numbers: these come from outside, and are one box each.
            frame, numbers = (), len(given)
            key = (self.outline.frame(node)[:1], given, use.place)
        if numbers > MANY:
            return self._constant(key[:2] if given else (node,), [[f"{numbers} constants"]], frame)
        return self._constant(key, [described(argument, self.digits)[:1]], frame)

    def _given(self, node: Node) -> tuple[float, ...]:
        """The plain numbers that a module of Values was given for a neuron in it."""
        return given_numbers(node) if self.outline.frame(node) else ()

    def _arrow(self, tail: str, head: str, uses: Sequence[Use]) -> None:
        name = f"e{self.edges}"
        self.edges += 1
        for use in uses:
            if use.slot is not None:
                self.edge_ids[use.node, use.slot] = name
        passive = all(use.slot is None for use in uses)
        inside = self._comes_from_outside(uses[0])
        enters = self.outline.frame(uses[0].node) if inside else ()
        self.arrows.append(Arrow(name, tail, head, self._label(uses), passive, enters))

    def _comes_from_outside(self, use: Use) -> bool:
        """Whether an input enters a module that has parameters, and stands before these."""
        outline, x = self.outline, use.argument
        if isinstance(x, Node):
            outside = x.is_leaf and not outline.frame(x)
        else:
            outside = (isinstance(x, np.ndarray) and x.ndim > 0) or bool(self._given(use.node))
        if not outside or use.node not in self.node_ids or not outline.frame(use.node):
            return False
        return any(x in outline.parameters for x in use.node.arguments if isinstance(x, Node))

    def _label(self, uses: Sequence[Use]) -> str:
        if len(uses) > 1:
            return f"{len(uses):,} edges" if isinstance(uses[0].argument, Node) else ""
        derivative = uses[0].derivative
        if derivative is None or not self.local_derivatives:
            return ""
        if isinstance(derivative, float | int):
            return number(derivative, self.digits)
        rows, columns = derivative.shape
        return f"{derivative.kind} {rows}×{columns}"

    # --- the whole --------------------------------------------------------------------------------

    def _caption(self) -> str:
        if not self.folds:
            return ""
        total = len(self.outline.nodes)
        words = [each.words for each in self.folds[:NAMED]]
        if len(self.folds) > NAMED:
            words.append(f"and {len(self.folds) - NAMED:,} boxes more")
        left_out = f"Left out: {len(self.folded):,} of {total:,} nodes ({'; '.join(words)})."
        return f"{left_out} {self._how_to_open()}"

    def _how_to_open(self) -> str:
        """What to write to see more."""
        paths = [each.module for each in self.folds if each.module]
        whole = f"depth={1 + max(map(len, self.outline.frames))}" if paths else ""
        if self.max_nodes is not None and len(self.outline.nodes) > self.max_nodes:
            whole = f"{whole}, max_nodes=None" if whole else "max_nodes=None"
        opens = f"draw(…, {whole}) opens all" if whole else ""
        if paths and opens:
            opens += f', unfold=("{paths[0]}",) one'
        return f"{opens}." if opens else ""
