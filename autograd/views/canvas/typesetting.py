"""Typesetting: a formula as letters and lines of SVG, for pictures that no browser shows.

A page shows formulas as MathML, which only browsers set. Here the same tree is set as text in a serif
font, with fractions, indices, roots and brackets where they belong; the widths are those of Times.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from itertools import count
from typing import NamedTuple

from autograd.formulas.mathml import Tree
from autograd.formulas.tex import KINDS, tree_in_tex
from autograd.views.canvas.sheet import Rules, safe

SIZES = (24.0, 17.0, 13.0)
"""Of letters, of their indices, and of indices of these, in pixels."""

FAMILY = "Times New Roman, Times, STIXGeneral, Liberation Serif, serif"

RULES: Rules = {
    ".formula": f"fill: {{text}}; font: {SIZES[0]:g}px {FAMILY}; text-anchor: start",
    **{f".s{k}": f"font: {size:g}px {FAMILY}; text-anchor: middle" for k, size in enumerate(SIZES)},
    ".i": "font-style: italic",
    ".bar": "fill: none; stroke: {text}; stroke-width: 1.2",
    **{f".{kind}": f"fill: {{{colour}}}" for kind, colour in KINDS.items()},
    **{f".bar.{kind}": f"fill: none; stroke: {{{colour}}}" for kind, colour in KINDS.items()},
}
"""The style of a formula's classes in a `Sheet`."""

WIDTHS = {
    c: width / 1000
    for width, letters in {
        200: "|",
        250: " .,",
        278: "/\\ijlt:;",
        333: "()[]-fIr!`",
        389: "Js",
        408: '"',
        444: "acez?",
        469: "^",
        480: "{}",
        541: "~",
        556: "FPS",
        564: "<=>+",
        611: "ELTZ",
        667: "BCR",
        722: "ADGHKNOQUVXYw",
        778: "m&",
        833: "%",
        889: "M",
        921: "@",
        944: "W",
        180: "'",
        685: "−×±→∑∏⊙",
    }.items()
    for c in letters
}
"""How broad the letters of Times are, against their size; those that are not here half of it."""

AXIS = 0.26
"""How far above the line the bar of a fraction is, against the size."""

INFIX = frozenset("=+−·×⊙<>≤≥≠∧∨→←") | {"+="}
"""Signs with room around them."""


class Mark(NamedTuple):
    """A text (with its middle and its baseline), or a line (as a path), from the start of a formula."""

    x: float
    y: float
    classes: str
    text: str
    path: str = ""


class Typeset(NamedTuple):
    """A formula, or a part of one: how much room it takes, and its marks."""

    width: float
    above: float
    below: float
    marks: list[Mark]

    def moved(self, x: float, y: float) -> list[Mark]:
        return [mark._replace(x=mark.x + x, y=mark.y + y) for mark in self.marks]


def set_formula(tree: Tree) -> Typeset:
    """A formula of `mathml` with its letters in their places.

    >>> setting = set_formula(["mfrac", ["mi", "x"], ["mn", "2"]])
    >>> [mark.text for mark in setting.marks]
    ['x', '2', '']
    """
    return _set(tree, 0, "")


def as_svg(setting: Typeset, tree: Tree, x: float, y: float, scale: float) -> str:
    """A formula as SVG, which begins at a point of its baseline; its LaTeX is with it."""
    parts = []
    for mark in setting.marks:
        if mark.path:
            place = f'transform="translate({mark.x:.1f} {mark.y:.1f})"'
            parts.append(f'<path class="bar {mark.classes}" {place} d="{mark.path}"/>')
        else:
            place = f'x="{mark.x:.1f}" y="{mark.y:.1f}"'
            parts.append(f'<text class="{mark.classes}" {place}>{safe(mark.text)}</text>')
    return (
        f'<g class="formula" data-latex="{safe(tree_in_tex(tree))}" '
        f'data-width="{setting.width:.1f}" transform="translate({x:.1f} {y:.1f}) '
        f'scale({scale:.3f})">{"".join(parts)}</g>'
    )


def width_of(text: str, level: int) -> float:
    """How broad a text is in the font of formulas."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return SIZES[level] * (sum(WIDTHS.get(c, 0.5) for c in text) + 0.5 * wide)


def _set(tree: Tree, level: int, kind: str) -> Typeset:
    tag, _, more = tree[0].partition(".")
    if tag == "mrow":
        return _row(tree[1:], level, more or kind)
    if tag in LEAVES:
        return _letters(tree[1], level, kind, italic=tag == "mi" and not more and len(tree[1]) == 1)
    if tag not in LAYOUTS:
        raise ValueError(f"a formula has no {tag!r}")
    return LAYOUTS[tag](tree[1:], level, kind)


LEAVES = ("mi", "mn", "mo", "mtext")


def _letters(text: str, level: int, kind: str, italic: bool = False) -> Typeset:
    width, size = width_of(text, level), SIZES[level]
    classes = " ".join(filter(None, (f"s{level}", "i" if italic else "", kind)))
    return Typeset(width, 0.7 * size, 0.22 * size, [Mark(width / 2, 0.0, classes, text)])


def _row(children: Sequence[Tree], level: int, kind: str) -> Typeset:
    """Side by side: a sign has room around it, and brackets are as high as what is in them."""
    size = SIZES[level]
    pieces = [_set(child, level, kind) for child in children]
    tags = [child[0].partition(".")[0] for child in children]
    words = [
        str(child[1]) if tag in LEAVES else "" for tag, child in zip(tags, children, strict=True)
    ]
    for start, end in _brackets(tags, words):
        inside = pieces[start + 1 : end]
        above = max((each.above for each in inside), default=0.0)
        below = max((each.below for each in inside), default=0.0)
        if above + below > 1.25 * size:
            pieces[start] = _bracket(above, below, size, kind, opens=True)
            pieces[end] = _bracket(above, below, size, kind, opens=False)
    x, marks = 0.0, []
    for k, (piece, child) in enumerate(zip(pieces, children, strict=True)):
        sign = tags[k] == "mo" and child[0] != "mo.prefix" and words[k] in INFIX and k > 0
        room = after = (0.26 if level == 0 else 0.08) * size if sign else 0.0
        called = child[0] == "mi.upright" and words[k + 1 : k + 2] not in ([], ["("], ["["])
        if called or words[k] == ",":
            after = 0.17 * size
        marks += piece.moved(x + room, 0.0)
        x += room + piece.width + after
    above = max((each.above for each in pieces), default=0.0)
    below = max((each.below for each in pieces), default=0.0)
    return Typeset(x, above, below, marks)


def _brackets(tags: Sequence[str], words: Sequence[str]) -> list[tuple[int, int]]:
    pairs, opened = [], []
    for k, (tag, word) in enumerate(zip(tags, words, strict=True)):
        if tag == "mo" and word == "(":
            opened.append(k)
        elif tag == "mo" and word == ")" and opened:
            pairs.append((opened.pop(), k))
    return pairs


def _bracket(above: float, below: float, size: float, kind: str, opens: bool) -> Typeset:
    near, far = (0.28, 0.02) if opens else (0.05, 0.31)
    path = (
        f"M{near * size:.1f} {-above:.1f}C{far * size:.1f} {-above / 2 + below / 4:.1f} "
        f"{far * size:.1f} {below / 2 - above / 4:.1f} {near * size:.1f} {below:.1f}"
    )
    return Typeset(0.333 * size, above, below, [Mark(0.0, 0.0, kind, "", path)])


def _scripts(base: Typeset, low: Typeset | None, high: Typeset | None, size: float) -> Typeset:
    marks, above, below, broad = list(base.marks), base.above, base.below, 0.0
    if high is not None:
        up = max(base.above - 0.3 * size, 0.36 * size)
        marks += high.moved(base.width + 0.03 * size, -up)
        above, broad = max(above, up + high.above), high.width
    if low is not None:
        down = max(base.below - 0.06 * size, 0.16 * size)
        marks += low.moved(base.width, down)
        below, broad = max(below, down + low.below), max(broad, low.width)
    return Typeset(base.width + broad + 0.05 * size, above, below, marks)


def _next(level: int) -> int:
    return min(level + 1, len(SIZES) - 1)


def _below(trees: Sequence[Tree], level: int, kind: str) -> Typeset:
    base, low = _set(trees[0], level, kind), _set(trees[1], _next(level), kind)
    return _scripts(base, low, None, SIZES[level])


def _above(trees: Sequence[Tree], level: int, kind: str) -> Typeset:
    base, high = _set(trees[0], level, kind), _set(trees[1], _next(level), kind)
    return _scripts(base, None, high, SIZES[level])


def _both(trees: Sequence[Tree], level: int, kind: str) -> Typeset:
    base, low, high = (
        _set(tree, level if k == 0 else _next(level), kind) for k, tree in zip(count(), trees)
    )
    return _scripts(base, low, high, SIZES[level])


def _fraction(trees: Sequence[Tree], level: int, kind: str) -> Typeset:
    size = SIZES[level]
    top, bottom = (_set(tree, level if level == 0 else _next(level), kind) for tree in trees)
    width = max(top.width, bottom.width) + 0.2 * size
    axis, gap = -AXIS * size, 0.1 * size
    up, down = axis - gap - top.below, axis + gap + bottom.above
    marks = top.moved((width - top.width) / 2, up) + bottom.moved((width - bottom.width) / 2, down)
    marks.append(Mark(0.0, axis, kind, "", f"M0 0H{width:.1f}"))
    around = 0.06 * size
    marks = [mark._replace(x=mark.x + around) for mark in marks]
    return Typeset(width + 2 * around, top.above - up, bottom.below + down, marks)


def _root(trees: Sequence[Tree], level: int, kind: str) -> Typeset:
    size = SIZES[level]
    inside = _set(trees[0], level, kind)
    start, top, low = 0.55 * size, inside.above + 0.12 * size, inside.below
    path = (
        f"M0 {-0.3 * size:.1f}L{0.12 * size:.1f} {-0.36 * size:.1f}L{0.3 * size:.1f} {low:.1f}"
        f"L{start:.1f} {-top:.1f}H{start + inside.width + 0.08 * size:.1f}"
    )
    marks = [*inside.moved(start, 0.0), Mark(0.0, 0.0, kind, "", path)]
    if len(trees) > 1:
        degree = _set(trees[1], len(SIZES) - 1, kind)
        marks += degree.moved(0.0, -0.45 * size)
    return Typeset(start + inside.width + 0.12 * size, top + 0.05 * size, low, marks)


def _under(trees: Sequence[Tree], level: int, kind: str) -> Typeset:
    base, low = _set(trees[0], level, kind), _set(trees[1], _next(level), kind)
    width = max(base.width, low.width)
    down = base.below + low.above
    marks = base.moved((width - base.width) / 2, 0.0) + low.moved((width - low.width) / 2, down)
    return Typeset(width, base.above, down + low.below, marks)


def _over(trees: Sequence[Tree], level: int, kind: str) -> Typeset:
    base, sign = _set(trees[0], level, kind), _set(trees[1], level, kind)
    up = -0.12 * SIZES[level]
    marks = [*base.marks, *sign.moved((base.width - sign.width) / 2, up)]
    return Typeset(base.width, base.above + 0.2 * SIZES[level], base.below, marks)


LAYOUTS: dict[str, Callable[[Sequence[Tree], int, str], Typeset]] = {
    "msub": _below,
    "msup": _above,
    "msubsup": _both,
    "mfrac": _fraction,
    "msqrt": _root,
    "mroot": _root,
    "munder": _under,
    "mover": _over,
}
