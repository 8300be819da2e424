"""Picture: a graph as text in Graphviz's language, with the ids of what stands for each node."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.graph import Node
from autograd.views import looks
from autograd.views.describing import title
from autograd.views.folding import MANY, Fold, fold
from autograd.views.looks import described, escaped, number
from autograd.views.outline import Frame, Outline
from autograd.views.signs import Expressions, has_bias, sign

__all__ = ["DOOR", "Picture"]

DOOR = "door"
"""What the points begin with that arrows into a module pass through; the SVG has none of them."""

STRAIGHT = {"splines": "line", "nslimit": "1", "nslimit1": "1", "mclimit": "0.1"}
TANGLED = 1000
"""Ranks that edges pass by, all together, beyond which they are drawn straight: the time Graphviz takes
to bend them around boxes grows with the square of it, and reaches minutes."""

PORTS = {"LR": ("w", "e"), "RL": ("e", "w"), "TB": ("n", "s"), "BT": ("s", "n")}
"""The sides of a box that arrows come in by and go out by."""

ARROWS = 4
"""More edges than this between the same two boxes share an arrow."""


WIDTH = 100
"""Characters in a line of the caption."""


NAMED = 6
"""How many folded boxes the caption names."""


class Use(NamedTuple):
    """One argument of a node: its place among the parents, and the local derivative by it."""

    node: Node
    argument: Any
    slot: int | None  # None where no gradient flows
    derivative: Any


class Picture:
    """One drawing in the making: the DOT source, and which element stands for what.

    A box shows the numbers of `gradients` where these are given, and else each node's ``grad``. The
    other options are those of `draw`.

    Attributes:
        source: the picture in the DOT language.
        node_ids: the id of the element of each node that has a box of its own.
        edge_ids: the id of the arrow for each (node, place among its parents) that has one.
        folded: for each node that shares a box with others, the id of that box.
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
        rankdir: str = "LR",
        digits: int = 4,
        gradients: Mapping[Node, Any] | None = None,
        values: bool = True,
        show_gradients: bool = True,
        local_derivatives: bool = True,
        depth: int | None = None,
        unfold: Sequence[str] = (),
        max_nodes: int | None = 300,
        theme: str = "light",
        fontsize: float = 12,
    ) -> None:
        self.outline = Outline(roots)
        self.theme = looks.DARK if theme == "dark" else looks.LIGHT
        self.rankdir, self.digits, self.fontsize = rankdir, digits, fontsize
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
        self._boxes: dict[Frame, list[str]] = {}
        self._arrows: list[str] = []
        self._ends: list[tuple[str, str]] = []
        self._constants: dict[Any, str] = {}
        self._doors: dict[tuple[str, Frame, bool], str] = {}
        self._draw_boxes()
        self._draw_arrows()
        self.source = self._text()

    # --- boxes ------------------------------------------------------------------------------------

    def _draw_boxes(self) -> None:
        outline = self.outline
        for k, each in enumerate(self.folds):
            self._place(each.frame, f"f{k}", self._record([], map(escaped, each.lines)), "folded")
        expressions = Expressions(self.digits, self.outline.names)
        for node, name in self.node_ids.items():
            cells = [] if node.primitive is None else [escaped(sign(node))]
            formula = expressions.of(node)
            if name_or_formula := self.outline.names.labels.get(node) or formula:
                cells.append(escaped(name_or_formula))
            rows = self._data(node) + self._gradient(node)
            self._place(outline.frame(node), name, self._record(cells, rows), outline.kind(node))

    def _record(self, cells: Sequence[str], rows: Iterable[str]) -> str:
        """Cells side by side above rows. In a graph that runs left to right DOT turns records round."""
        head = [f"{{{'|'.join(cells)}}}"] if len(cells) > 1 else list(cells)
        text = "|".join([*head, *rows])
        return f"{{{text}}}" if self.rankdir in ("TB", "BT") else text

    def _place(self, frame: Frame, name: str, label: str, kind: str, **more: str) -> None:
        style = {"id": name, "label": label} | looks.box_style(kind, self.theme) | more
        text = looks.attributes(style)
        self._boxes.setdefault(frame, []).append(f"{name} [{text}]")

    def _data(self, node: Node) -> list[str]:
        data = node._raw
        rows = [looks.shape_of(data)] if isinstance(data, np.ndarray) else []
        return [*rows, self._lines("data", data)] if self.values else rows

    def _gradient(self, node: Node) -> list[str]:
        if not self.show_gradients or not node.requires_grad:
            return []
        gradient = node.grad if self.gradients is None else self.gradients.get(node)
        if gradient is not None:
            return [self._lines("grad", gradient)]
        let_go = self.passed and self.gradients is None and not node.is_leaf and not node._retain
        return ["grad not kept" if let_go else "grad not computed"]

    def _lines(self, word: str, x: Any) -> str:
        lines = described(x, self.digits)
        return f"{word} {lines[0]}" if len(lines) == 1 else "\\n".join([word, *lines])

    def _constant(self, key: Any, text: str, frame: Frame) -> str:
        """The box of a constant, made when first asked for."""
        if key not in self._constants:
            name = self._constants[key] = f"c{len(self._constants)}"
            size = {"fontsize": f"{self.fontsize - 1:g}", "height": "0.25", "width": "0.3"}
            self._place(frame, name, text, "constant", **size)
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
        for (tail, head), uses in between.items():
            shared = len(uses) > ARROWS
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
        for argument in arguments:
            # Parents are a part of the arguments in the same order, so one look ahead suffices.
            if slot < len(parents) and argument is parents[slot]:
                derivative = derivatives[slot] if derivatives else None
                uses.append(Use(node, argument, slot, derivative))
                slot += 1
            else:
                uses.append(Use(node, argument, None, None))
        return uses

    def _constant_of(self, use: Use, arguments: Sequence[Any]) -> str | None:
        node, argument = use.node, use.argument
        if isinstance(argument, np.ndarray) and argument.ndim:
            # An array is likely data that comes from outside, so it stands outside the frames. It is
            # one box however often it is used.
            text = f"{looks.shape_of(argument)}\\n" + "\\n".join(described(argument, self.digits))
            return self._constant(id(argument), text, ())
        if has_bias(node) and argument is arguments[len(arguments) // 2 - 1]:
            return None  # the 1 that multiplies the bias: the sign says + b
        frame = self.outline.frame(node)
        numbers = sum(not isinstance(x, Node) for x in arguments)
        if numbers > MANY:
            return self._constant((node,), f"{numbers} constants", frame)
        key = (node, len(self._constants))
        return self._constant(key, described(argument, self.digits)[0], frame)

    def _arrow(self, tail: str, head: str, uses: Sequence[Use]) -> None:
        name = f"e{self.edges}"
        self.edges += 1
        style = {"id": name}
        for use in uses:
            if use.slot is not None:
                self.edge_ids[use.node, use.slot] = name
        if label := self._label(uses):
            style["label"] = f" {label} "
        line = looks.PASSIVE if all(use.slot is None for use in uses) else {}
        self._ends.append((tail, head))
        if self._comes_from_outside(uses[0]):
            tail = self._door(tail, self.outline.frame(uses[0].node), line)
            style["tailport"] = PORTS[self.rankdir][1]
        self._arrows.append(f"{tail} -> {head} [{looks.attributes(style | line)}]")

    def _door(self, tail: str, frame: Frame, line: Mapping[str, str]) -> str:
        """A point among a module's parameters that all arrows from a box outside pass through.

        Without it Graphviz leads each of them around the frame.
        """
        key = (tail, frame, bool(line))
        if key not in self._doors:
            name = self._doors[key] = f"{DOOR}{len(self._doors)}"
            point = looks.attributes(looks.POINT | {"color": self.theme.line})
            self._boxes.setdefault(frame, []).append(f"{name} [{point}]")
            ends = {"headport": PORTS[self.rankdir][0], "tailport": PORTS[self.rankdir][1]}
            style = {"arrowhead": "none", "weight": "2", **ends, **line}
            self._arrows.append(f"{tail} -> {name} [{looks.attributes(style)}]")
        return self._doors[key]

    def _comes_from_outside(self, use: Use) -> bool:
        """Whether an input enters a module that has parameters, and stands before these."""
        outline, x = self.outline, use.argument
        if isinstance(x, Node):
            outside = x.is_leaf and not outline.frame(x)
        else:
            outside = isinstance(x, np.ndarray) and x.ndim > 0
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
        return f"Left out: {len(self.folded):,} of {total:,} nodes ({'; '.join(words)})."

    def _text(self) -> str:
        style = looks.graph_style(self.theme, self.fontsize)
        style["graph"] |= {"id": "graph", "rankdir": self.rankdir}
        if self.caption:
            label = {"label": escaped_lines(self.caption), "labelloc": "b", "labeljust": "l"}
            style["graph"] |= label
        if self._passed_by() > TANGLED:
            style["graph"] |= STRAIGHT
        lines = ["digraph {"]
        lines += (f"\t{part} [{looks.attributes(each)}]" for part, each in style.items())
        self._write_frames(lines)
        lines += (f"\t{arrow}" for arrow in self._arrows)
        return "\n".join([*lines, "}", ""])

    def _write_frames(self, lines: list[str]) -> None:
        """The boxes, in nested clusters."""
        inner: dict[Frame, list[Frame]] = {}
        for frame in self._boxes:
            for depth in range(len(frame), 0, -1):
                siblings = inner.setdefault(frame[: depth - 1], [])
                if frame[:depth] in siblings:
                    break
                siblings.append(frame[:depth])
        style = looks.frame_style(self.theme, self.fontsize)
        lines += (f"\t{box}" for box in self._boxes.get((), ()))
        made = 0
        work: list[Frame | None] = list(reversed(inner.get((), [])))
        depth = 1
        while work:
            frame_ = work.pop()
            if frame_ is None:  # all that is in the frame has been written
                depth -= 1
                lines.append("\t" * depth + "}")
                continue
            tab = "\t" * depth
            label = {"id": f"frame{made}", "label": escaped(title(frame_))}
            lines.append(f"{tab}subgraph cluster_{made} {{")
            lines.append(f"{tab}\tgraph [{looks.attributes(label | style)}]")
            # From left to right Graphviz fills a frame from below: the first shall stand on top.
            upwards = -1 if self.rankdir in ("LR", "RL") else 1
            lines += (f"{tab}\t{box}" for box in self._boxes.get(frame_, [])[::upwards])
            made += 1
            depth += 1
            work.append(None)
            work += reversed(inner.get(frame_, []))

    def _passed_by(self) -> int:
        """How many ranks of boxes the arrows pass by: 0 where every arrow leads to the next rank."""
        into: dict[str, list[str]] = {}
        for tail, head in self._ends:
            into.setdefault(head, []).append(tail)
        rank: dict[str, int] = {}
        total = 0
        for head in ordered(into):
            rank[head] = 1 + max((rank.get(tail, 0) for tail in into[head]), default=0)
        # What nothing leads into stands just before the first box that takes it.
        first: dict[str, int] = {}
        for tail, head in self._ends:
            if tail not in rank:
                first[tail] = min(first.get(tail, rank[head]), rank[head])
        for tail, head in self._ends:
            start = rank[tail] if tail in rank else first[tail] - 1
            total += max(0, rank[head] - start - 1)
        return total


def escaped_lines(text: str) -> str:
    """A caption as a label, in lines of a readable width."""
    return "".join(f"{escaped(line, None)}\\l" for line in textwrap.wrap(text, WIDTH))


def ordered(into: Mapping[str, Sequence[str]]) -> list[str]:
    """The boxes that something leads into, tails before heads."""
    waiting = {head: sum(tail in into for tail in tails) for head, tails in into.items()}
    out: dict[str, list[str]] = {}
    for head, tails in into.items():
        for tail in tails:
            out.setdefault(tail, []).append(head)
    ready = [head for head, count in waiting.items() if not count]
    for box in ready:
        for head in out.get(box, ()):
            waiting[head] -= 1
            if not waiting[head]:
                ready.append(head)
    return ready
