"""Drawing: the graph below a node as a picture, with data, gradients and local derivatives."""

from __future__ import annotations

import base64
import hashlib
import html
import os
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import graphviz
import numpy as np

from autograd.graph import Node, topological_order
from autograd.recording import Scope
from autograd.views.rendering import render

__all__ = ["Drawing", "draw"]

# --- what things look like ------------------------------------------------------------------------

# Hues of the Okabe-Ito palette, which colour-blind readers can tell apart, as a tint and a dark line.
# The kinds differ in their lines too (constants dashed, the output bold), so that grey prints read.
LEAF = {"fillcolor": "#FFF1D0", "color": "#A86A00"}
INTERIOR = {"fillcolor": "#E4F1FA", "color": "#0068A5"}
OUTPUT = {"fillcolor": "#D8F0E5", "color": "#00694D", "penwidth": "2.2"}
CONSTANT = {"fillcolor": "#F3F3F3", "color": "#767676", "style": "rounded,filled,dashed"}
HIDDEN = {"color": "#767676", "style": "dashed", "shape": "box", "height": "0.3"}

FONT = {"fontname": "Helvetica,Arial,sans-serif", "fontcolor": "#1A1A1A"}
# The background is stated because a notebook's may be dark.
GRAPH = {"bgcolor": "white", "pad": "0.15", "nodesep": "0.22", "ranksep": "0.45", **FONT}
NODE = {
    "shape": "record",
    "style": "rounded,filled",
    "fontsize": "12",
    "margin": "0.12,0.05",
} | FONT
EDGE = {"color": "#4D4D4D", "fontsize": "10", "arrowsize": "0.7"} | FONT
CLUSTER = {"style": "rounded", "color": "#8C8C8C", "bgcolor": "#FAFAFA", "labeljust": "l"}
CLUSTER |= {"fontsize": "11", "fontcolor": "#4D4D4D"}
HALO = "#ID .edge text { paint-order: stroke; stroke: white; stroke-width: 3px }"
"""Keeps the label of an edge legible where a line runs through it."""
PASSIVE = {"style": "dashed", "color": "#8C8C8C"}

STRAIGHT = {"splines": "line", "nslimit": "1", "nslimit1": "1", "mclimit": "0.1"}
TANGLED = 1000
"""Ranks that edges pass by, all together, beyond which they are drawn straight: the time Graphviz takes
to bend them around boxes grows with the square of it, and reaches minutes."""

SMALL = 3
"""Arrays up to 3 x 3 are written out."""

LONGEST = 48
"""Characters of a name or option that are shown."""

MANY = 8
"""More constants than this on one node share a box."""

SUFFIXES = (".svg", ".png", ".pdf", ".dot", ".gv")
"""The endings of files that a drawing can be saved as."""

RANKDIRS = ("LR", "RL", "TB", "BT")


def draw(
    node: Node | Sequence[Node],
    *,
    rankdir: str = "LR",
    digits: int = 4,
    max_nodes: int | None = 400,
) -> Drawing:
    """Draw the graph that a node was computed by.

    A box holds a node's operation or name, its data and, once a backward pass has reached it, its
    gradient. The label of an edge is the local derivative ∂output/∂argument: the number itself between
    Values, the shape of the Jacobian between tensors (``diagonal 6×6``). The gradient of a node is the
    sum over the edges that leave it of (label × gradient at the edge's end), which is all that a
    backward pass computes. Dashed edges carry no gradient. Nodes made inside a module are framed.

    The drawing shows the graph as it is now. Nothing is rendered until it is shown or saved.

    Args:
        node: a Value or a Tensor, or several of them.
        rankdir: where the outputs are: ``"LR"`` right, ``"RL"`` left, ``"TB"`` bottom, ``"BT"`` top.
        digits: significant digits of the numbers.
        max_nodes: of a larger graph only the nodes nearest the output are drawn, and a box says how
            many are not; ``None`` draws all.

    Raises:
        TypeError: for anything but nodes.
        ValueError: for an option with a value it cannot have.

    >>> import autograd
    >>> x, w = autograd.Value(2.0, "x"), autograd.Value(-3.0, "w")
    >>> y = (w * x).tanh()
    >>> y.backward()
    >>> drawing = autograd.draw(y)
    >>> drawing
    <Drawing of 4 nodes and 3 edges: .save("graph.svg"), .svg, .source>
    >>> "w|data -3|grad" in drawing.source
    True
    """
    roots = _roots(node)
    if rankdir not in RANKDIRS:
        raise ValueError(f"rankdir is one of {', '.join(RANKDIRS)}, not {rankdir!r}")
    if not isinstance(digits, int) or not 1 <= digits <= 17:
        raise ValueError(f"digits is a whole number from 1 to 17, not {digits!r}")
    if max_nodes is not None and (not isinstance(max_nodes, int) or max_nodes < 1):
        raise ValueError(f"max_nodes is a positive whole number or None, not {max_nodes!r}")
    return _Picture(roots, rankdir, digits, max_nodes).drawing()


def _roots(node: Any) -> list[Node]:
    if isinstance(node, Node):
        return [node]
    if isinstance(node, np.ndarray) and node.dtype == object:
        node = node.ravel().tolist()
    if not isinstance(node, list | tuple):
        raise TypeError(f"draw() takes a Value or a Tensor, or a list of them, not {_kind(node)}")
    for each in node:
        if not isinstance(each, Node):
            raise TypeError(f"draw() takes a list of Values and Tensors; one item is {_kind(each)}")
    if not node:
        raise ValueError("draw() takes at least one Value or Tensor, got an empty list")
    return list(dict.fromkeys(node))


def _kind(x: Any) -> str:
    return f"{type(x).__name__} ({x!r:.40})"


# --- text -------------------------------------------------------------------------------------------

ENTITIES = {ord(c): f"&#{ord(c)};" for c in '&<>"{}|'} | {ord("\\"): "\\\\"}
"""What has a meaning in DOT, in a record or in an entity, and how it is written to have none."""


def _escaped(text: str) -> str:
    """Any text as (part of) a label: it shows as it is, what cannot be printed as Python escapes it."""
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    printable = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return "".join(printable).translate(ENTITIES)


def _number(x: Any, digits: int) -> str:
    if isinstance(x, bool | np.bool_):
        return str(bool(x))
    return f"{float(x) + 0.0:.{digits}g}"  # adding 0 turns -0.0, a puzzle to readers, into 0.0


def _data(x: Any, digits: int) -> str:
    """Data, a gradient or a constant as a label: numbers if they are few, else shape and dtype."""
    if isinstance(x, Node):
        x = x.data
    if isinstance(x, bool | int | float | np.bool_ | np.number):
        return _number(x, digits)
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "biuf":
        return _escaped(x if isinstance(x, str) else repr(x))
    if x.ndim == 0:
        return _number(x[()], digits)
    if x.ndim > 2 or x.size == 0 or max(x.shape) > SMALL:
        return f"{x.shape} {x.dtype}"
    rows = [", ".join(_number(each, digits) for each in row) for row in np.atleast_2d(x)]
    if x.ndim == 1:
        return f"[{rows[0]}]"
    return "\\n[" + ",\\n".join(f"[{row}]" for row in rows) + "]"


def _operation(node: Node) -> str:
    """The sign of the primitive, and the options that were not left at their defaults."""
    primitive = node.primitive
    if primitive is None:
        return ""
    words = [primitive.symbol]
    for key, value in node.options.items():
        # Compared as text, for an option may hold arrays.
        if repr(value) != repr(primitive.options.get(key)):
            words.append(f"{key}={value!r}")
    return _escaped(" ".join(words))


def _title(scope: Scope) -> str:
    return _escaped(f"{scope.path} ({scope.kind})" if scope.path else scope.kind)


# --- from the graph to DOT -----------------------------------------------------------------------------

Frame = tuple[tuple[str, str], ...]
"""The module scopes around a node, outermost first: (path, kind)."""


class _Edge(NamedTuple):
    argument: Any
    label: str | None  # None where no gradient flows


class _Picture:
    """One drawing in the making: which nodes are shown, under which ids, in which frames."""

    def __init__(self, roots: list[Node], rankdir: str, digits: int, max_nodes: int | None) -> None:
        order = topological_order(roots, arguments=True)
        if max_nodes is not None and len(order) > max_nodes:
            near = _nearest(roots, max_nodes)
            self.hidden = len(order) - len(near)
            order = [node for node in order if node in near]
        else:
            self.hidden = 0
        self.digits = digits
        self.vertical = rankdir in ("TB", "BT")
        self.roots = set(roots)
        self.ids = {node: f"n{i}" for i, node in enumerate(order)}
        self.arrays: dict[int, str] = {}  # constants that are one object are one box
        self.constants = 0
        self.frames: dict[Frame, Any] = {}
        self.counts: Counter[str] = Counter(nodes=len(order))
        self.graph = graphviz.Digraph(
            graph_attr=GRAPH | {"rankdir": rankdir}, node_attr=NODE, edge_attr=EDGE
        )

    def drawing(self) -> Drawing:
        homes = self.homes()
        for node, home in homes.items():
            self.box(node, self.frame(home))
        for node in self.ids:
            self.join(node, homes[node])
        if self.passed_by() > TANGLED:
            self.graph.attr("graph", **STRAIGHT)
        for frame in sorted(self.frames, key=len, reverse=True):
            # Inner frames first: a frame is copied into the one around it. Sorting is stable.
            around = self.frames.get(frame[:-1], self.graph)
            around.subgraph(self.frames[frame])
        return Drawing(self.graph.source, self.counts["nodes"], self.counts["edges"], self.hidden)

    # Frames.

    def homes(self) -> dict[Node, Frame]:
        """The frame each node is drawn in: its own, and for a parameter that of its module."""
        homes = {node: _frame_of(node.scope) for node in self.ids}
        for node in self.ids:
            frame = homes[node]
            for leaf in node.arguments:
                if isinstance(leaf, Node) and leaf.is_leaf and leaf.name and leaf in homes:
                    # Parameters are named by their path, which begins with that of their module.
                    depth = [leaf.name.startswith(f"{path}.") for path, _ in frame]
                    if any(depth) and not homes[leaf]:
                        homes[leaf] = frame[: len(depth) - depth[::-1].index(True)]
        return homes

    def frame(self, frame: Frame) -> Any:
        """The cluster of a frame, made with all those around it when first asked for."""
        if not frame:
            return self.graph
        for depth in range(1, len(frame) + 1):
            part = frame[:depth]
            if part not in self.frames:
                path, kind = part[-1]
                self.frames[part] = graphviz.Digraph(
                    name=f"cluster_{len(self.frames)}",
                    graph_attr=CLUSTER | {"label": _title(Scope(path, kind))},
                )
        return self.frames[frame]

    # Boxes.

    def record(self, rows: Iterable[str]) -> str:
        """Rows from top to bottom. In a graph that runs left to right Graphviz turns records round."""
        text = "|".join(rows)
        return f"{{{text}}}" if self.vertical else text

    def box(self, node: Node, into: Any) -> None:
        cells = [_operation(node)] if node.primitive is not None else []
        if node.name:
            cells.append(_escaped(node.name))
        rows = [f"{{{'|'.join(cells)}}}"] if len(cells) == 2 else cells
        rows.append(f"data {_data(node.data, self.digits)}")
        if node.grad is not None:
            rows.append(f"grad {_data(node.grad, self.digits)}")
        look = INTERIOR if node.primitive is not None else LEAF
        if not node.requires_grad:
            look = CONSTANT
        into.node(self.ids[node], self.record(rows), **(OUTPUT if node in self.roots else look))

    def constant(self, text: str, into: Any) -> str:
        name = f"c{self.constants}"
        self.constants += 1
        into.node(name, text, fontsize="11", height="0.25", width="0.3", **CONSTANT)
        return name

    # Edges.

    def join(self, node: Node, home: Frame) -> None:
        """The edges into a node, and the boxes of the constants among its arguments."""
        edges = self.edges(node)
        numbers = [edge for edge in edges if not isinstance(edge.argument, Node)]
        if len(numbers) > MANY:
            text = f"{len(numbers)} constants"
            self.edge(self.constant(text, self.frame(home)), node, None)
            edges = [edge for edge in edges if isinstance(edge.argument, Node)]
        hides = False
        for argument, label in edges:
            if not isinstance(argument, Node):
                self.edge(self.constant_of(argument, home), node, None)
            elif argument in self.ids:
                self.edge(self.ids[argument], node, label)
            else:
                hides = True
        if hides:
            if not self.counts["hidden"]:
                self.counts["hidden"] = 1
                self.graph.node("hidden", f"… {self.hidden} hidden", **HIDDEN)
            self.edge("hidden", node, None)

    def edges(self, node: Node) -> list[_Edge]:
        """The arguments in order, with a label where a gradient flows."""
        derivatives = zip(node.parents, node.local_derivatives, strict=True)
        parent, derivative = next(derivatives, (None, None))
        edges = []
        for argument in node.arguments:
            # Parents are a part of the arguments in the same order, so one look ahead suffices.
            if parent is not None and argument is parent:
                edges.append(_Edge(argument, self.derivative(derivative)))
                parent, derivative = next(derivatives, (None, None))
            else:
                edges.append(_Edge(argument, None))
        return edges

    def derivative(self, derivative: Any) -> str:
        if isinstance(derivative, float | int):
            return _number(derivative, self.digits)
        rows, columns = derivative.shape
        return f"{derivative.kind} {rows}×{columns}"

    def constant_of(self, argument: Any, home: Frame) -> str:
        text = _data(argument, self.digits).removeprefix("\\n")
        if not isinstance(argument, np.ndarray):
            return self.constant(text, self.frame(home))
        # An array is likely data that comes from outside, so it stands outside the frames.
        if id(argument) not in self.arrays:
            self.arrays[id(argument)] = self.constant(text, self.graph)
        return self.arrays[id(argument)]

    def edge(self, tail: str, node: Node, label: str | None) -> None:
        self.counts["edges"] += 1
        if label is None:
            self.graph.edge(tail, self.ids[node], **PASSIVE)
        else:
            self.graph.edge(tail, self.ids[node], label=f" {label} ")

    def passed_by(self) -> int:
        """How many ranks of boxes the edges pass by: 0 where every edge leads to the next rank."""
        rank: dict[Node | None, int] = {}
        edges: list[tuple[Node | None, int]] = []
        for node in self.ids:
            if not node.is_leaf:
                inputs = self.inputs(node)
                rank[node] = 1 + max((rank[x] for x in inputs if x in rank), default=0)
                edges += ((x, rank[node]) for x in inputs)
        # A leaf, and the box of what is hidden, stand just before the first node that takes them.
        first: dict[Node | None, int] = {}
        for x, end in edges:
            if x not in rank:
                first[x] = min(first.get(x, end), end)
        rank |= {x: end - 1 for x, end in first.items()}
        return sum(end - rank[x] - 1 for x, end in edges)

    def inputs(self, node: Node) -> list[Node | None]:
        """The nodes among the arguments, hidden ones as None."""
        nodes = (x for x in node.arguments if isinstance(x, Node))
        return [x if x in self.ids else None for x in nodes]


def _nearest(roots: Sequence[Node], limit: int) -> set[Node]:
    """The `limit` nodes with the fewest edges between them and a root, in order of arguments."""
    near = set(roots[:limit])
    queue = deque(roots[:limit])
    while queue:
        for argument in queue.popleft().arguments:
            if len(near) == limit:
                return near
            if isinstance(argument, Node) and argument not in near:
                near.add(argument)
                queue.append(argument)
    return near


def _frame_of(scope: Scope | None) -> Frame:
    frame = []
    while scope is not None:
        frame.append((scope.path, scope.kind))
        scope = scope.parent
    return tuple(reversed(frame))


# --- the picture ------------------------------------------------------------------------------------

drawn: Counter[str] = Counter()
"""How often each source has been rendered, so that two pictures on one page share no id."""


class Drawing:
    """The picture of a graph, made by `draw`. A notebook shows it; `save` writes it.

    Attributes:
        source: the picture in Graphviz's DOT language, which needs no Graphviz to be there.

    >>> import autograd
    >>> drawing = autograd.draw(autograd.Value(2.0, "x") ** 2)
    >>> drawing.source.startswith("digraph")
    True
    """

    def __init__(self, source: str, nodes: int, edges: int, hidden: int = 0) -> None:
        self.source = source
        self._svg: str | None = None
        self._contents = f"{nodes} nodes and {edges} edges"
        if hidden:
            self._contents += f" ({hidden} nodes hidden)"

    def __repr__(self) -> str:
        return f'<Drawing of {self._contents}: .save("graph.svg"), .svg, .source>'

    @property
    def svg(self) -> str:
        """The picture as SVG, rendered when first asked for. Its ids are its own.

        Raises:
            RenderingError: there is no Graphviz; the message says what to install.
        """
        if self._svg is None:
            picture = render(self.source, "svg").decode()
            picture = picture[picture.index("<svg") :]  # without the address of a DTD
            key = hashlib.sha256(self.source.encode()).hexdigest()[:8]
            drawn[key] += 1
            prefix = f"graph-{key}-{drawn[key]}-"
            # Text in an SVG has its < and " escaped, so only Graphviz's own ids match.
            picture = picture.replace('<g id="', f'<g id="{prefix}')
            halo = HALO.replace("ID", f"{prefix}graph0")
            self._svg = picture.replace("</svg>", f"<style>{halo}</style>\n</svg>")
        return self._svg

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture into a file: ``.svg``, ``.png``, ``.pdf``, or ``.dot`` / ``.gv`` source.

        Raises:
            ValueError: another ending.
            RenderingError: there is no Graphviz, or none that makes this format.
            OSError: the file cannot be written.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise ValueError(
                f"cannot save a drawing as {path.name!r}: the name ends in {', '.join(SUFFIXES)}"
            )
        if suffix == ".svg":
            content = self.svg.encode()
        elif suffix in (".dot", ".gv"):
            content = self.source.encode()
        else:
            content = render(self.source, suffix[1:])
        path.write_bytes(content)
        return path

    # A notebook that is not trusted drops SVG but keeps images, so the picture comes as an image
    # first; as an image it also cannot clash with the page around it. SVG is for other readers.

    def _repr_html_(self) -> str:
        picture = base64.b64encode(self.svg.encode()).decode()
        label = html.escape(f"graph of {self._contents}")
        return (
            '<div style="overflow-x: auto">'
            f'<img alt="{label}" style="max-width: none" src="data:image/svg+xml;base64,{picture}">'
            "</div>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {
            "text/html": self._repr_html_(),
            "image/svg+xml": self.svg,
            "text/plain": repr(self),
        }
