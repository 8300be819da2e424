"""Influence: which outputs of a vector function depend on which inputs, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine.graph import Node, reachable, topological_order
from autograd.engine.passes import add_up, check_fresh, walk_back
from autograd.engine.value import Value
from autograd.formulas.names import Names, elements_of, formula_of
from autograd.formulas.plain import number
from autograd.support.publishing import publish
from autograd.views.canvas.layout import text_width
from autograd.views.canvas.sheet import Rules, Sheet, safe
from autograd.views.drawing.drawing import check_looks

Array = np.ndarray[Any, Any]

LARGEST = 16
"""Units on a side that are drawn."""

MOST = 64
"""Edges whose numbers can be read."""

LISTED = 12
"""Derivatives that the picture's description names."""

LINE = 15.0
"""The height that a number on an edge takes."""

RULES: Rules = {
    ".head": "font: bold 13px Helvetica, Arial, sans-serif",
    ".value": "font: 11px Helvetica, Arial, sans-serif",
    ".local": "font: 12px Helvetica, Arial, sans-serif",
    ".none": "stroke: {faint}; stroke-dasharray: 3 4; stroke-width: 0.8",
    ".in": "fill: {leaf}; stroke: {leaf_line}; stroke-width: 1.2",
    ".out": "fill: {output}; stroke: {output_line}; stroke-width: 1.8",
    ".up": "stroke: {positive}",
    ".down": "stroke: {negative}",
}


def influence_diagram(
    y: Any, z: Any, *, zeros: bool = False, digits: int = 3, theme: str = "auto"
) -> InfluenceDiagram:
    """Draw which numbers of y depend on which numbers of z: an edge for each, with ∂yⱼ/∂zᵢ on it.

    The inputs stand at the left, the outputs at the right, each with its value. A scalar activation has
    an edge from each zᵢ to its own yᵢ alone, a maximum one edge for each output, softmax an edge for
    each pair, and an affine map its weights. What lies between y and z is passed over, be it one
    operation or many: the number on an edge is the whole derivative along all paths between the two,
    where the numbers of z are taken as independent of one another.

    Args:
        y: the outputs: a Tensor, a Value, or a list of Values.
        z: the inputs, likewise, from which y was computed.
        zeros: whether a derivative that is 0 has an edge too, a dashed one.
        digits: significant digits of the numbers.
        theme: ``"light"``, ``"dark"`` or ``"auto"``, as in `draw`.

    Raises:
        TypeError: for anything but nodes.
        ValueError: y was not computed from z, or there are more than 16 numbers on a side or 64 edges:
            draw a part, ``influence_diagram(y[:4], z)``, or the matrix by `jacobian_picture`.
        StaleGraphError: data was assigned after it had been used.

    >>> import autograd
    >>> z = autograd.Tensor([1.0, -2.0, 3.0], "z")
    >>> influence_diagram(autograd.relu(z), z)
    <InfluenceDiagram of ∂y/∂z: 2 of 9 derivatives are not 0, each output has one input of its own: \
.save("influence.svg"), .svg>
    >>> influence_diagram(autograd.softmax(z), z).matrix.shape
    (3, 3)

    Source: CMU 11-785, lecture 5, "Influence diagram".
    """
    check_looks(theme, digits, None)
    outputs, inputs = _side(y, "the outputs"), _side(z, "the inputs")
    counts = [sum(int(np.prod(node.shape)) for node in side) for side in (outputs, inputs)]
    for count, what in zip(counts, ("outputs", "inputs"), strict=True):
        if not 0 < count <= LARGEST:
            raise ValueError(
                f"influence_diagram draws from 1 to {LARGEST} {what}, and here are {count:,}: draw a "
                "part of them, influence_diagram(y[:4], z), or the matrix, jacobian_picture(y, z)"
            )
    matrix = derivatives(outputs, inputs)
    drawn = matrix.size if zeros else int(np.count_nonzero(matrix))
    if drawn > MOST:
        raise ValueError(
            f"{drawn} edges cannot be read, influence_diagram draws up to {MOST}: draw a part, "
            "influence_diagram(y[:4], z), or the matrix, jacobian_picture(y, z)"
        )
    return InfluenceDiagram(outputs, inputs, matrix, zeros, digits, theme)


def _side(x: Any, what: str) -> list[Node]:
    """The nodes of one side: one Tensor, or Values in order."""
    if isinstance(x, Node):
        return [x]
    nodes = list(x) if isinstance(x, list | tuple) else None
    if isinstance(x, np.ndarray) and x.dtype == object:
        nodes = x.ravel().tolist()
    if nodes is None or not all(isinstance(each, Value) for each in nodes):
        raise TypeError(
            f"influence_diagram(y, z): {what} are a Tensor, a Value or a list of Values, got "
            f"{type(x).__name__} ({x!r:.40})"
        )
    return nodes


def derivatives(outputs: Sequence[Node], inputs: Sequence[Node]) -> Array:
    """∂outputs/∂inputs, all their numbers in a row: one walk back for each output.

    The walk ends at the inputs, so that one which was computed from another is independent of it.
    """
    rows = []
    wanted = set(inputs)
    met = False
    for output in outputs:
        leaves, interior = reachable([output])
        met = met or not wanted.isdisjoint([*leaves, *interior])
        check_fresh(interior, "an influence diagram")
        for place in np.ndindex(output.shape):
            seed: Any = 1.0
            if not isinstance(output, Value):
                seed = np.zeros(output.shape, dtype=output._raw.dtype)
                seed[place] = 1.0
            sums: dict[Node, Any] = {output: seed}
            found: dict[Node, Any] = {}
            if output in wanted:
                found[output] = sums.pop(output)
            with np.errstate(all="ignore"):
                for node, g in walk_back(interior, sums, kept=wanted):
                    if node not in wanted:
                        add_up(sums, node._contributions(g))
            found |= {node: sums[node] for node in inputs if node in sums}
            rows.append(
                np.concatenate(
                    [np.ravel(found.get(node, np.zeros(node.shape))) for node in inputs]
                ).astype(np.float64)
            )
    if not met:
        raise ValueError(
            "influence_diagram(y, z): y was not computed from z, or without recording; z is a node that "
            "y depends on, as the argument of an activation"
        )
    return np.array(rows)


def _words(matrix: Array) -> str:
    """What kind of dependence a matrix is."""
    some = matrix != 0
    words = f"{np.count_nonzero(some)} of {matrix.size} derivatives are not 0"
    if some.all() and matrix.size > 1:
        return f"{words}, every output depends on every input"
    square = matrix.shape[0] == matrix.shape[1]
    if square and len(matrix) > 1 and not some[~np.eye(len(matrix), dtype=bool)].any():
        return f"{words}, each output has one input of its own"
    if len(matrix) > 1 and (some.sum(axis=1) == 1).all():
        return f"{words}, each output depends on one input"
    return words


class InfluenceDiagram(Sheet):
    """The picture of a vector function's derivatives, made by `influence_diagram`.

    A notebook shows it; `save` writes it as ``.svg``, or by matplotlib as ``.png`` or ``.pdf``.

    Attributes:
        matrix: the derivatives: a row for each output, a column for each input.
        title: what it shows, in a line.
    """

    def __init__(
        self,
        outputs: Sequence[Node],
        inputs: Sequence[Node],
        matrix: Any,
        zeros: bool,
        digits: int,
        theme: str,
    ) -> None:
        if np.ndim(matrix) != 2:
            raise TypeError("an InfluenceDiagram is made by influence_diagram(y, z)")
        self.matrix = matrix
        graph = topological_order(outputs, arguments=True)
        names = Names(graph)
        right, left = _labels(outputs, "y", names, graph), _labels(inputs, "z", names, graph)
        above, below = _called(outputs, "y", names), _called(inputs, "z", names)
        self.title = f"∂{above}/∂{below}: {_words(matrix)}"
        shapes, size = _drawn(
            self.title, (left, _numbers(inputs)), (right, _numbers(outputs)), matrix, zeros, digits
        )
        listed = [
            f"∂{right[j]}/∂{left[i]} = {number(float(matrix[j, i]), digits)}"
            for j, i in np.argwhere(matrix != 0)
        ]
        more = f", and {len(listed) - LISTED} more" if len(listed) > LISTED else ""
        super().__init__(
            shapes,
            size,
            f"Influence diagram {self.title}; {', '.join(listed[:LISTED])}{more}",
            what="influence",
            rules=RULES,
            theme=theme,
        )

    def __repr__(self) -> str:
        return f'<InfluenceDiagram of {self.title}: .save("influence.svg"), .svg>'


def _numbers(nodes: Sequence[Node]) -> list[float]:
    return [float(x) for node in nodes for x in np.ravel(node._raw)]


def _labels(
    nodes: Sequence[Node], otherwise: str, names: Names, graph: Sequence[Node]
) -> list[str]:
    """What the numbers of one side are called; those of one row are counted along it."""
    labels = []
    for k, node in enumerate(nodes):
        if isinstance(node, Value):
            label = names.labels.get(node)
            labels.append(label or elements_of(node, f"{otherwise}{k + 1}")[0])
            continue
        base = node.name or otherwise
        if "." not in base and len(node.shape) > 1 and max(node.shape) == node._raw.size:
            # One instance in a batch is counted along its row.
            labels += [formula_of(f"{base}[{i}]", array=False).text for i in range(max(node.shape))]
        else:
            labels += elements_of(node, base, graph)
    return [label if len(label) <= 16 else f"{label[:9]}…{label[-6:]}" for label in labels]


def _called(nodes: Sequence[Node], otherwise: str, names: Names) -> str:
    """What one side is called as a whole."""
    if len(nodes) == 1:
        return names.labels.get(nodes[0], otherwise)
    given = {(node.name or "").partition("[")[0].rstrip("0123456789_") for node in nodes}
    (word,) = given if len(given) == 1 else ("",)
    return formula_of(word).text if word.isidentifier() else otherwise


# --- the drawing ------------------------------------------------------------------------------------

RADIUS, TOP = 17.0, 66.0
ACROSS = 300.0
"""Pixels between the two sides, at least."""


def _drawn(
    title: str,
    inputs: tuple[list[str], list[float]],
    outputs: tuple[list[str], list[float]],
    matrix: Array,
    zeros: bool,
    digits: int,
) -> tuple[list[str], tuple[float, float]]:
    """The shapes, and the size they take."""
    edges = [(i, j) for j, i in np.ndindex(matrix.shape) if zeros or matrix[j, i]]
    height, part = _room(edges, len(inputs[0]), len(outputs[0]))
    sides = [
        [TOP + (k + 0.5) * height / len(labels) for k in range(len(labels))]
        for labels, _ in (inputs, outputs)
    ]
    head, _, words = title.partition(": ")
    lines = words.split(", ")
    wide = [max(text_width(label, 13) for label in labels) for labels, _ in (inputs, outputs)]
    left = 24.0 + max(wide[0], 24.0) + RADIUS
    broadest = max(
        (text_width(number(float(matrix[j, i]), digits), 12) for i, j in edges), default=0
    )
    right = left + max(ACROSS, (RADIUS + broadest / 2 + 10) / part)  # beside the circles
    width = max(right + RADIUS + wide[1] + 24, *(text_width(line, 12) + 32 for line in lines))
    out = [f'<text class="title" x="16" y="26">{safe(head)}</text>']
    out += [
        f'<text class="faint" x="16" y="{44 + 15 * k}">{safe(line)}</text>'
        for k, line in enumerate(lines)
    ]
    finite = np.abs(matrix[np.isfinite(matrix)])
    scale = float(finite.max(initial=0.0)) or 1.0
    told = []
    for i, j in edges:
        d = float(matrix[j, i])
        (x0, y0), (x1, y1) = (left, sides[0][i]), (right, sides[1][j])
        slope = (y1 - y0) / (x1 - x0)
        start, end = (x0 + RADIUS, y0 + slope * RADIUS), (x1 - RADIUS, y1 - slope * RADIUS)
        strength = min(abs(d) / scale, 1.0) if np.isfinite(d) else 1.0
        kind = "none" if not d else "up" if d > 0 else "down"
        drawn = f' stroke-width="{0.8 + 2.4 * strength:.2f}"' if d else ""
        text = number(d, digits)
        name = f"∂{outputs[0][j]}/∂{inputs[0][i]} = {text}"
        out.append(
            f'<path class="{kind}" d="M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}"'
            f"{drawn}><title>{safe(name)}</title></path>"
        )
        x, y = x0 + part * (x1 - x0), y0 + part * (y1 - y0) + 4
        across = text_width(text, 12) + 6
        told.append(
            f'<rect class="page" x="{x - across / 2:.1f}" y="{y - 11:.1f}" width="{across:.1f}" '
            'height="13.5"/>'
            f'<text class="local" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{safe(text)}</text>'
        )
    out += told
    for x, (labels, values), ys, kind, side in (
        (left, inputs, sides[0], "in", -1),
        (right, outputs, sides[1], "out", 1),
    ):
        for label, value, y in zip(labels, values, ys, strict=True):
            texts = (number(value, few) for few in (3, 2, 1))
            short = next((each for each in texts if text_width(each, 11) < 2 * RADIUS - 4), "")
            anchor = "end" if side < 0 else "start"
            out.append(
                f"<g><title>{safe(f'{label} = {number(value, digits)}')}</title>"
                f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS:g}"/>'
                f'<text class="value" x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{short}</text>'
                f'<text x="{x + side * (RADIUS + 7):.1f}" y="{y + 4.5:.1f}" '
                f'text-anchor="{anchor}">{safe(label)}</text></g>'
            )
    return out, (width, TOP + height + 16)


def _room(edges: Sequence[tuple[int, int]], left: int, right: int) -> tuple[float, float]:
    """How high the sides are, and how far along the edges their numbers stand, so that all can be read.

    The numbers stand in a column, each on its edge. Near the inputs, one part in one more than these of
    the way, no two of all the edges are at the same height.
    """
    least = (2 * RADIUS + 12) * max(left, right)
    parts = (0.5, 0.4, 1 / 3, 0.28, 1 / (left + 1), 1 / (left + 2))
    most = LINE * right * (left + 2)
    found = []
    for part in parts:
        places = sorted((1 - part) * (i + 0.5) / left + part * (j + 0.5) / right for i, j in edges)
        apart = min(np.diff(places), default=1.0)
        if apart > 1e-9:
            found.append((max(least, LINE / apart), -part))
    height, part = min(found, default=(max(least, most), -1 / (left + 1)))
    return height, max(-part, 0.22) if left <= 2 else -part


__all__ = ["InfluenceDiagram", "influence_diagram"]
publish(__name__)
