"""Jacobians: the local derivative of a small operation, drawn as the matrix it is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.engine.graph import Node, topological_order
from autograd.formulas.names import Names, elements_of
from autograd.formulas.plain import number as written
from autograd.support.publishing import publish
from autograd.views.canvas.sheet import Rules, Sheet, safe
from autograd.views.canvas.theme import LIGHT, THEMES

LARGEST = 64
"""Rows and columns of a matrix that is drawn."""

PRINTED = 16
"""Rows and columns of a matrix whose numbers are printed."""

RULES: Rules = {
    ".label": "fill: {faint}; font: 12px Helvetica, Arial, sans-serif",
    ".zero": "fill: {faint}; fill-opacity: 0.55",
    ".odd": "fill: {frame_line}",
    ".grid": "stroke: {frame_line}; stroke-width: 0.5; stroke-opacity: 0.5",
    ".block": "stroke: {text}; stroke-width: 1.4; fill: none",
}

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def jacobian_picture(
    node: Node, parent: Node, *, digits: int = 3, theme: str = "auto"
) -> JacobianPicture:
    """Draw ∂node/∂parent, the dense Jacobian of one small operation, with its structure visible.

    Output and argument are flattened row by row: entry (i, j) is the derivative of the output's i-th
    number by the argument's j-th. Zeros are faint; the others are shaded by sign and size, and printed
    where there is room. Thick lines part the blocks. The title says the kind of Jacobian and, where
    there is one, the structure: ``diagonal``, ``W``, ``I₂ ⊗ xᵀ`` (the derivative of ``W x`` by ``W``).
    Where an argument is used twice, as in ``x * x``, the matrix is the sum over its uses.

    Args:
        node: a node that was computed, not a leaf.
        parent: one of ``node.parents``.
        digits: significant digits of the numbers.
        theme: ``"light"``, ``"dark"`` or ``"auto"``, as in `draw`.

    Raises:
        TypeError: for anything but nodes.
        ValueError: `parent` is not a parent of `node`, or the matrix has more than 64 rows or columns.

    >>> import autograd
    >>> W, x = autograd.Tensor([[1.0, 2.0], [3.0, 4.0]], "W"), autograd.Tensor([5.0, 6.0], "x")
    >>> jacobian_picture(W @ x, W)
    <JacobianPicture of ∂(W @ x)/∂W: multilinear, 2×4, I₂ ⊗ xᵀ: .save("jacobian.svg"), .svg>
    """
    for each in (node, parent):
        if not isinstance(each, Node):
            raise TypeError(f"jacobian_picture() takes two nodes, got {type(each).__name__}")
    if theme not in THEMES:
        raise ValueError(f"theme is one of {', '.join(THEMES)}, not {theme!r}")
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= 17:
        raise ValueError(f"digits is a whole number from 1 to 17, not {digits!r}")
    slots = [slot for slot, each in enumerate(node.parents) if each is parent]
    if not slots:
        known = _names(node, parent)
        names = ", ".join(
            _called(each, f"parent {i}", known) for i, each in enumerate(node.parents[:8])
        )
        raise ValueError(
            f"{_called(parent, 'that node', known)} is not a parent of "
            f"{_called(node, 'the node', known)}; "
            f"its parents are {names or 'none'}"
        )
    rows, columns = math.prod(node.shape), math.prod(parent.shape)
    if max(rows, columns) > LARGEST or not rows or not columns:
        raise ValueError(
            f"jacobian_picture() draws matrices from 1 to {LARGEST} rows and columns; this one is "
            f"{rows} x {columns} ({rows * columns:,} numbers)"
        )
    matrix = np.zeros((rows, columns))
    derivatives = node._local_derivatives
    for slot in slots:
        derivative = derivatives[slot]
        matrix += derivative if isinstance(derivative, float | int) else derivative.matrix()
    first = derivatives[slots[0]]
    kind = "number" if isinstance(first, float | int) else first.kind
    return JacobianPicture(node, parent, matrix, kind, digits, theme)


class JacobianPicture(Sheet):
    """The picture of one Jacobian, made by `jacobian_picture`. A notebook shows it; `save` writes it.

    Attributes:
        matrix: the numbers.
        kind: the kind of Jacobian, in the words of `LocalDerivative`.
        structure: how it is built, as a formula; empty where nothing was recognised.
        title: all of this in a line.
    """

    def __init__(
        self, node: Node, parent: Node, matrix: Any, kind: str, digits: int, theme: str
    ) -> None:
        if not (isinstance(node, Node) and isinstance(parent, Node) and np.ndim(matrix) == 2):
            raise TypeError("a JacobianPicture is made by jacobian_picture(node, parent)")
        self.matrix, self.kind = matrix, kind
        self.structure, self._block = structure(node, parent, matrix)
        rows, columns = matrix.shape
        words = [f"{kind}, {rows}×{columns}"]
        if self.structure and self.structure != kind:
            words.append(self.structure)
        names = _names(node)
        formula = _formula(node, names)
        below = _called(parent, "x", names)
        above = f"({formula})" if " " in formula else formula
        self.title = f"∂{above}/∂{below}: {', '.join(words)}"
        super().__init__(
            *_drawn(self, node, parent, digits),
            f"Jacobian {self.title}",
            what="Jacobian",
            rules=RULES,
            theme=theme,
        )

    def __repr__(self) -> str:
        return f'<JacobianPicture of {self.title}: .save("jacobian.svg"), .svg>'


# --- structure ------------------------------------------------------------------------------------


def structure(node: Node, parent: Node, matrix: Any) -> tuple[str, tuple[int, int]]:
    """How a matrix is built, and the size of its blocks.

    Tried in turn: the identity and its multiples, a diagonal, equal blocks along the diagonal (I ⊗ B),
    a block of multiples of the identity (A ⊗ I), and one of the operation's arguments as it is.
    """
    rows, columns = matrix.shape
    whole = (rows, columns)
    if rows == columns and not np.any(matrix - np.diag(np.diag(matrix))):
        diagonal = np.diag(matrix)
        if rows > 1 and np.all(diagonal == diagonal[0]) and diagonal[0]:
            factor = "" if diagonal[0] == 1 else f"{written(diagonal[0], 3)} "
            return f"{factor}I{_small(rows)}", (1, 1)
        if rows > 1:
            return "diagonal", (1, 1)
    for count in range(math.gcd(rows, columns), 1, -1):
        if rows % count or columns % count:
            continue
        tall, wide = rows // count, columns // count
        blocks = matrix.reshape(count, tall, count, wide).transpose(0, 2, 1, 3)
        if _is_kronecker(blocks, np.eye(count)):
            return f"I{_small(count)} ⊗ {_named(node, parent, blocks[0, 0], 'B')}", (tall, wide)
        inner = matrix.reshape(tall, count, wide, count).transpose(1, 3, 0, 2)
        if _is_kronecker(inner, np.eye(count)):
            return f"{_named(node, parent, inner[0, 0], 'A')} ⊗ I{_small(count)}", (count, count)
    return _named(node, parent, matrix, ""), _leading(node.shape, parent.shape, whole)


def _is_kronecker(blocks: Any, pattern: Any) -> bool:
    """Whether the blocks on the diagonal are one and the same, not zero, and the others are zero."""
    first = blocks[0, 0]
    expected = pattern[:, :, None, None] * first
    return bool(np.any(first)) and bool(np.array_equal(blocks, expected))


def _leading(
    output: tuple[int, ...], argument: tuple[int, ...], whole: tuple[int, int]
) -> tuple[int, int]:
    """Blocks by the first axis of output and argument."""
    tall = math.prod(output[1:]) if len(output) > 1 else whole[0]
    wide = math.prod(argument[1:]) if len(argument) > 1 else whole[1]
    return tall, wide


def _named(node: Node, parent: Node, block: Any, otherwise: str) -> str:
    """The argument of the operation that a block is, or that a transposed block is."""
    if min(block.shape) == 1 < block.size and np.all(block == 1):
        return "1ᵀ" if block.shape[0] == 1 else "1"
    names = _names(node)
    for letter, x in zip("xyzuv", node.arguments, strict=False):
        data = np.asarray(x._raw if isinstance(x, Node) else x)
        if data.dtype.kind not in "biuf" or data.size != block.size or data.ndim > 2:
            continue
        name = _called(x, letter, names) if isinstance(x, Node) else letter
        row = np.atleast_2d(data)
        if data.ndim == 2 and np.array_equal(data, block):
            return name
        if np.array_equal(row.T, block) and block.shape[1] == 1:
            return name
        if np.array_equal(row.T if data.ndim == 2 else row, block) and block.size > 1:
            return f"{name}ᵀ"
    return otherwise


def _names(*nodes: Node) -> Names:
    """What nodes and their arguments are called."""
    near = [x for node in nodes for x in (node, *node.arguments) if isinstance(x, Node)]
    return Names(list(dict.fromkeys(near)), topological_order(nodes, arguments=True))


def _small(count: int) -> str:
    return str(count).translate(SUBSCRIPTS)


def _called(node: Node, otherwise: str, names: Names) -> str:
    symbol = names.symbols.get(node)
    return otherwise if symbol is None else symbol.text


def _formula(node: Node, names: Names) -> str:
    if node in names.symbols:
        return names.symbols[node].text
    primitive = node.primitive
    parts = [
        _called(x, letter, names) if isinstance(x, Node) else letter
        for letter, x in zip("xyzuv", node.arguments, strict=False)
    ]
    if primitive is None or len(node.arguments) > len(parts):
        return "out"
    if len(parts) == 2 and len(primitive.symbol) == 1 and not primitive.symbol.isalpha():
        return f"{parts[0]} {primitive.symbol} {parts[1]}"
    return f"{primitive.name}({', '.join(parts)})"


# --- the drawing ----------------------------------------------------------------------------------


def _drawn(
    picture: JacobianPicture, node: Node, parent: Node, digits: int
) -> tuple[list[str], tuple[int, int]]:
    """The shapes, and the size they take."""
    matrix = picture.matrix
    rows, columns = matrix.shape
    printed = max(rows, columns) <= PRINTED
    texts = [[written(x, digits) for x in row] for row in matrix] if printed else []
    widest = max((len(text) for row in texts for text in row), default=0)
    cell = (max(36, 8 * widest + 10), 30) if printed else (max(8, 720 // columns),) * 2
    down = _labels(node, "out", node)
    along = _labels(parent, "x", node)
    upright = printed and max(map(len, along)) * 7 < cell[0]
    left = 16 + 7 * max(map(len, down))
    top = 40 + (22 if upright else 10 + 7 * max(map(len, along)))
    width = max(left + columns * cell[0] + 16, 20 + int(8.2 * len(picture.title)))
    height = top + rows * cell[1] + 16
    out = [f'<text class="title" x="12" y="24">{safe(picture.title)}</text>']
    skip_rows, skip_columns = (max(1, math.ceil(16 / size)) for size in (cell[1], cell[0]))
    for i, label in enumerate(down):
        if i % skip_rows == 0:
            y = top + (i + 0.5) * cell[1] + 4
            out.append(
                f'<text class="label" x="{left - 8}" y="{y:g}" text-anchor="end">{safe(label)}</text>'
            )
    for j, label in enumerate(along):
        x = left + (j + 0.5) * cell[0]
        if upright:
            place = f'x="{x:g}" y="{top - 8}" text-anchor="middle"'
        elif j % skip_columns == 0:
            place = f'transform="translate({x + 4:g} {top - 8}) rotate(-90)"'
        else:
            continue
        out.append(f'<text class="label" {place}>{safe(label)}</text>')
    out += _cells(matrix, texts, left, top, cell)
    out += _lines(matrix.shape, picture._block, left, top, cell)
    return out, (width, height)


def _cells(matrix: Any, texts: Any, left: int, top: int, cell: tuple[int, int]) -> list[str]:
    finite = np.abs(matrix[np.isfinite(matrix)])
    scale = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    out = []
    for (i, j), x in np.ndenumerate(matrix):
        place = f'x="{left + j * cell[0]}" y="{top + i * cell[1]}"'
        size = f'width="{cell[0]}" height="{cell[1]}"'
        if np.isnan(x):
            out.append(f'<rect class="odd" {place} {size}/>')
        elif x:
            strength = 0.15 + 0.55 * min(abs(float(x)) / scale, 1.0)
            fill = LIGHT.positive if x > 0 else LIGHT.negative
            out.append(f'<rect {place} {size} fill="{fill}" fill-opacity="{strength:.3g}"/>')
        if texts:
            middle = f'x="{left + (j + 0.5) * cell[0]:g}" y="{top + (i + 0.5) * cell[1] + 4.5:g}"'
            kind = "number" if x else "zero"
            out.append(f'<text class="{kind}" {middle} text-anchor="middle">{texts[i][j]}</text>')
    return out


def _lines(
    shape: tuple[int, int], block: tuple[int, int], left: int, top: int, cell: tuple[int, int]
) -> list[str]:
    """A grid of thin lines, thicker ones between blocks, and a frame."""
    right, bottom = left + shape[1] * cell[0], top + shape[0] * cell[1]
    out = []
    for count, step, wide in ((shape[0], cell[1], False), (shape[1], cell[0], True)):
        part = block[1] if wide else block[0]
        for k in range(1, count):
            thick = k % part == 0 and 1 < part < count
            kind = "block" if thick else "grid"
            if wide:
                out.append(f'<path class="{kind}" d="M{left + k * step} {top}V{bottom}"/>')
            else:
                out.append(f'<path class="{kind}" d="M{left} {top + k * step}H{right}"/>')
    out.append(f'<path class="block" d="M{left} {top}H{right}V{bottom}H{left}Z"/>')
    return out


def _labels(node: Node, otherwise: str, output: Node) -> list[str]:
    labels = elements_of(node, otherwise, topological_order(output, arguments=True))
    return [each if len(each) <= 16 else f"{each[:9]}…{each[-6:]}" for each in labels]


__all__ = ["JacobianPicture", "jacobian_picture"]
publish(__name__)
