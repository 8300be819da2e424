"""Painting: a picture as SVG, in plain Python, boxes standing where the layered layout puts them.

Neurons, weights and inputs stand in the order they were computed with, which Graphviz gives up for the
frames of modules; and it runs where there is no Graphviz and no process can be started.
"""

from __future__ import annotations

import heapq
import math
import re
import textwrap

from autograd.formulas.plain import shown
from autograd.support.caching import cached_property
from autograd.views.canvas import theme as looks
from autograd.views.canvas.embedding import READABLE, SCREEN
from autograd.views.canvas.layout import (
    BoxSize as Size,
    Framing,
    Layout,
    Link,
    breadth,
    lay_out,
    length,
    text_width,
)
from autograd.views.canvas.theme import Theme
from autograd.views.drawing.picture import Box, Picture
from autograd.views.outline import Frame

FONT = 13.0
"""The size of text, in pixels."""

SMALL = 12.0
"""That of labels on arrows, of constants and of titles."""

ROW = 17.0
"""The height of a line of text in a box."""

MARGIN = 7.0
"""Between text and the sides of its box."""

REACH = 18.0
"""What a gap between columns has beside its widest label."""

CLOSE = 12.0
"""What one has between rows, beside the height of a label."""

PAD = 9.0
"""Between a frame and what is in it."""

TITLE = 15.0
"""The height of a frame's title."""

TIP = (8.0, 3.5)
"""The length of an arrow's head, and half its width."""

PAGE = 980.0
"""What a column of a page is wide, in pixels."""

WIDEST = PAGE * SMALL / READABLE
HIGHEST = SCREEN * SMALL / READABLE
"""What a picture may be wide, or high, to be readable in such a column without scrolling."""

POINT = 0.75
"""A pixel of CSS in points."""

LEAVES = ("leaf", "parameter")
"""The kinds of box with sharp corners."""

DASHES = {"constant": "5 3", "folded": "1.5 3"}


class Painting:
    """One picture, laid out and painted.

    Args:
        rankdir: where the outputs are; when left out, right where that can be read in a page or is not
            wider than from top to bottom, and else below.

    >>> import autograd
    >>> painting = Painting(Picture([autograd.Value(2.0, "x") ** 2]))
    >>> painting.rankdir, "<svg" in painting.svg(looks.LIGHT, "auto", "g-")
    ('LR', True)
    """

    def __init__(self, picture: Picture, rankdir: str | None = None) -> None:
        self.picture = picture
        self.boxes = _sorted(picture)
        self.sizes = [_size(box) for box in self.boxes]
        places = {box.name: i for i, box in enumerate(self.boxes)}
        self.ends = [(places[arrow.tail], places[arrow.head]) for arrow in picture.arrows]
        self.rankdir = rankdir or self._direction()

    def _direction(self) -> str:
        wide = length(*self._plan("LR"))
        return "LR" if wide <= WIDEST or wide <= breadth(*self._plan("TB")) else "TB"

    def title(self, frame: Frame) -> str:
        """What stands at the head of a frame."""
        return shown(self.picture.outline.title(frame))

    def _plan(self, rankdir: str) -> tuple[list[Size], list[Link], float, Framing]:
        """What the layout is given. It knows one direction: from top to bottom, all lies on its side."""
        picture = self.picture
        lying = rankdir in ("TB", "BT")
        heads = {head for _, head in self.ends}
        boxes = []
        for i, (width, height) in enumerate(self.sizes):
            size = (height, width) if lying else (width, height)
            boxes.append(Size(*size, leaf=i not in heads))
        links = []
        for (tail, head), arrow in zip(self.ends, picture.arrows, strict=True):
            wide = text_width(arrow.label, SMALL) + 6.0 if arrow.label else 0.0
            along, across = (SMALL + 5.0 if wide else 0.0, wide) if lying else (wide, SMALL + 5.0)
            links.append(Link(tail, head, along, thick=across))
        frames = [box.frame for box in self.boxes]
        around = {frame[:k] for frame in frames for k in range(1, len(frame) + 1)}
        titles = {frame: text_width(self.title(frame), SMALL) + 2 * PAD for frame in around}
        heading = (TITLE, 0.0) if lying else (0.0, TITLE)
        reach = CLOSE if lying else REACH
        return boxes, links, reach, Framing(frames, titles, PAD, heading)

    @cached_property
    def layout(self) -> Layout:
        """Where all is, on its side if it runs from top to bottom."""
        return lay_out(*self._plan(self.rankdir))

    def place(self, along: float, across: float) -> tuple[float, float]:
        """A point of the layout in the picture."""
        if self.rankdir in ("RL", "BT"):
            along = self.layout.width - along
        return (across, along) if self.rankdir in ("TB", "BT") else (along, across)

    @cached_property
    def size(self) -> tuple[float, float]:
        """Width and height of the boxes and arrows, without the caption."""
        size = self.layout.width, self.layout.height
        return (size[1], size[0]) if self.rankdir in ("TB", "BT") else size

    @property
    def fits(self) -> bool:
        """Whether all of it can be read on a screen at once."""
        return self.size[0] <= WIDEST and self.size[1] <= HIGHEST

    def places(self) -> dict[str, dict[str, str]]:
        """Where everything is, as attributes of DOT: in points, and upwards."""
        down = self.size[1]

        def at(*place: float) -> str:
            x, y = self.place(*place)
            return f"{x * POINT:.2f},{(down - y) * POINT:.2f}"

        out = {"graph": {"bb": f"0,0,{self.size[0] * POINT:.2f},{down * POINT:.2f}"}}
        for box, (w, h), centre in zip(self.boxes, self.sizes, self.layout.centres, strict=True):
            size = {"width": f"{w * POINT / 72:.4f}", "height": f"{h * POINT / 72:.4f}"}
            out[box.name] = {"pos": at(*centre), "fixedsize": "true", **size}
        for arrow, edge in zip(self.picture.arrows, self.layout.edges, strict=True):
            out[arrow.name] = {
                "pos": " ".join([f"e,{at(*edge.end)}", *(at(*p) for p in _curve(edge.path))])
            }
            if arrow.label:
                out[arrow.name]["lp"] = at(*edge.label)
        for frame, (left, top, right, bottom) in self.layout.frames.items():
            (x0, y0), (x1, y1) = self.place(left, top), self.place(right, bottom)
            (x0, x1), (y0, y1) = sorted((x0, x1)), sorted((y0, y1))
            box_ = [x0, down - y1, x1, down - y0]
            title_ = x0 + PAD + text_width(self.title(frame), SMALL) / 2, down - y0 - TITLE * 0.7
            out[f"frame {frame}"] = {
                "bb": ",".join(f"{side * POINT:.2f}" for side in box_),
                "lp": ",".join(f"{side * POINT:.2f}" for side in title_),
            }
        return out

    # --- the text -----------------------------------------------------------------------------------

    def svg(self, theme: Theme, mode: str, prefix: str) -> str:
        """The picture, its ids beginning with `prefix`; `mode` is the theme's name as `draw` has it."""
        width, height = self.size
        caption = textwrap.wrap(self.picture.caption, max(48, int(width / 6.0)))
        width = max([width, *(text_width(line, SMALL) + 2 * PAD for line in caption)])
        across, down = math.ceil(width), math.ceil(height + len(caption) * ROW)
        page = f"0,0 0,{down} {across},{down} {across},0"
        parts = [
            f'<svg viewBox="0 0 {across} {down}" width="{across}" height="{down}" '
            f'xmlns="http://www.w3.org/2000/svg" font-family="Helvetica,Arial,sans-serif" '
            f'font-size="{FONT:g}" text-anchor="middle" fill="{theme.text}">',
            f"<style>{looks.style_sheet(f'{prefix}graph', mode)}</style>",
            f'<g id="{prefix}graph" class="graph">',
            f'<polygon fill="{theme.background}" points="{page}"/>',
        ]
        for k, line in enumerate(caption):
            y = height + ROW * (k + 0.5)
            parts.append(
                f'<text x="{PAD:g}" y="{y:.1f}" text-anchor="start" font-size="{SMALL:g}">'
                f"{_xml(line)}</text>"
            )
        frames, headings = self._frames(theme, prefix)
        parts += frames
        parts += self._arrows(theme, prefix)
        for i, box in enumerate(self.boxes):
            parts.append(self._box(i, box, theme, prefix))
        # Text comes last: the halo around it keeps it legible where a line runs through it.
        parts += headings
        for arrow, edge in zip(self.picture.arrows, self.layout.edges, strict=True):
            if arrow.label:
                x, y = self.place(*edge.label)
                parts.append(
                    f'<g id="{prefix}{arrow.name}-label" class="label"><text x="{x:.1f}" '
                    f'y="{y + SMALL * 0.36:.1f}" font-size="{SMALL:g}">{_xml(arrow.label)}</text></g>'
                )
        return "\n".join([*parts, "</g>", "</svg>", ""])

    def _frames(self, theme: Theme, prefix: str) -> tuple[list[str], list[str]]:
        """The frames of modules, and what stands above them."""
        parts, headings = [], []
        for k, (frame, (left, top, right, bottom)) in enumerate(self.layout.frames.items()):
            (x0, y0), (x1, y1) = self.place(left, top), self.place(right, bottom)
            (x0, x1), (y0, y1) = sorted((x0, x1)), sorted((y0, y1))
            parts.append(
                f'<g id="{prefix}frame{k}" class="cluster"><title>cluster_{k}</title>'
                f'<path fill="{theme.frame}" stroke="{theme.frame_line}" '
                f'd="{_rounded(x0, y0, x1 - x0, y1 - y0, 9.0)}"/></g>'
            )
            headings.append(
                f'<g id="{prefix}frame{k}-heading" class="heading"><title>cluster_{k}</title>'
                f'<text x="{x0 + PAD:.1f}" y="{y0 + TITLE:.1f}" text-anchor="start" '
                f'font-size="{SMALL:g}" fill="{theme.faint}">{_xml(self.title(frame))}</text></g>'
            )
        return parts, headings

    def _arrows(self, theme: Theme, prefix: str) -> list[str]:
        parts = []
        long, half = TIP
        for arrow, edge in zip(self.picture.arrows, self.layout.edges, strict=True):
            x, y = edge.end
            corners = ((x, y), (x - long, y - half), (x - long, y + half))
            tip = " ".join("{:.1f},{:.1f}".format(*self.place(*corner)) for corner in corners)
            dashed = ' stroke-dasharray="5 3"' if arrow.passive else ""
            more = " passive" if arrow.passive else ""
            parts.append(
                f'<g id="{prefix}{arrow.name}" class="edge{more}">'
                f"<title>{arrow.tail}-&gt;{arrow.head}</title>"
                f'<path fill="none" stroke="{theme.line}"{dashed} d="{self._path(edge.path)}"/>'
                f'<polygon fill="{theme.line}" stroke="{theme.line}" points="{tip}"/></g>'
            )
        return parts

    def _path(self, path: str) -> str:
        """A path of the layout in the picture."""
        if self.rankdir == "LR":
            return path
        parts, at = [], (0.0, 0.0)
        for command, text in re.findall(r"([MCH])([^MCH]*)", path):
            numbers = [float(number) for number in text.split()]
            if command == "H":
                numbers = [numbers[0], at[1]]
                command = "L"
            points = list(zip(numbers[::2], numbers[1::2], strict=True))
            at = points[-1]
            placed = (self.place(*point) for point in points)
            parts.append(command + " ".join(f"{x:.1f} {y:.1f}" for x, y in placed))
        return "".join(parts)

    def _box(self, i: int, box: Box, theme: Theme, prefix: str) -> str:
        (w, h), (x, y) = self.sizes[i], self.place(*self.layout.centres[i])
        left, top = x - w / 2, y - h / 2
        fill, line = theme.kinds[box.kind]
        thick = looks.SHAPES[box.kind].get("penwidth", "1")
        style = f'fill="{fill}" stroke="{line}" stroke-width="{thick}"'
        if dashes := DASHES.get(box.kind):
            style += f' stroke-dasharray="{dashes}"'
        if box.kind in LEAVES:
            corners = f"{left:.1f},{top:.1f} {left:.1f},{top + h:.1f} {left + w:.1f},{top + h:.1f} "
            outline = f'<polygon {style} points="{corners}{left + w:.1f},{top:.1f}"/>'
        else:
            outline = f'<path {style} d="{_rounded(left, top, w, h, 7.0)}"/>'
        parts = [f'<g id="{prefix}{box.name}" class="node {box.kind}"><title>{box.name}</title>']
        parts.append(outline)
        rules, texts = [], []
        at = top + 2.0
        size = f' font-size="{SMALL:g}"' if box.small else ""
        widths = [text_width(cell, FONT) * BOLD + 2 * MARGIN for cell in box.cells]
        if widths:
            spare = (w - sum(widths)) / len(widths)
            x0 = left
            for k, (cell, width) in enumerate(zip(box.cells, widths, strict=True)):
                if k:
                    rules.append((x0, top, x0, at + ROW))
                texts.append((x0 + (width + spare) / 2, at, cell))
                x0 += width + spare
            at += ROW
        for lines in box.rows:
            if texts and not box.small:
                rules.append((left, at, left + w, at))
            for text in lines:
                texts.append((x, at, text))
                at += ROW
        for x0, y0, x1, y1 in rules:
            parts.append(
                f'<polyline fill="none" stroke="{line}" stroke-opacity="0.55" '
                f'points="{x0:.1f},{y0:.1f} {x1:.1f},{y1:.1f}"/>'
            )
        for x0, y0, text in texts:
            parts.append(f'<text x="{x0:.1f}" y="{y0 + 12.8:.1f}"{size}>{_xml(text)}</text>')
        return "".join([*parts, "</g>"])


def _curve(path: str) -> list[tuple[float, float]]:
    """The points of a path of the layout as one of cubic curves, lines too."""
    points: list[tuple[float, float]] = []
    for command, text in re.findall(r"([MCH])([^MCH]*)", path):
        numbers = [float(number) for number in text.split()]
        if command == "H":
            (x0, y0), x1 = points[-1], numbers[0]
            step = (x1 - x0) / 3
            points += [(x0 + step, y0), (x0 + 2 * step, y0), (x1, y0)]
        else:
            points += zip(numbers[::2], numbers[1::2], strict=True)
    return points


def _sorted(picture: Picture) -> list[Box]:
    """The boxes, each after those it takes something from, else in their order."""
    waiting = {box.name: 0 for box in picture.boxes}
    onward: dict[str, list[str]] = {}
    for arrow in picture.arrows:
        waiting[arrow.head] += 1
        onward.setdefault(arrow.tail, []).append(arrow.head)
    place = {box.name: i for i, box in enumerate(picture.boxes)}
    ready = [place[name] for name, count in waiting.items() if not count]
    heapq.heapify(ready)
    out = []
    while ready:
        box = picture.boxes[heapq.heappop(ready)]
        out.append(box)
        for head in onward.get(box.name, ()):
            waiting[head] -= 1
            if not waiting[head]:
                heapq.heappush(ready, place[head])
    return out


BOLD = 1.08
"""How much wider bold text is."""


def _size(box: Box) -> tuple[float, float]:
    font = SMALL if box.small else FONT
    head = sum(text_width(cell, FONT) * BOLD + 2 * MARGIN for cell in box.cells)
    lines = [line for row in box.rows for line in row]
    widths = [text_width(line, font) + 2 * MARGIN for line in lines]
    if not box.cells and widths:
        widths[0] *= BOLD  # the first text is bold
    rows = len(lines) + bool(box.cells)
    return max([head, *widths, 24.0]), ROW * rows + 4.0


def _rounded(x: float, y: float, w: float, h: float, r: float) -> str:
    r = min(r, w / 2, h / 2)
    return (
        f"M{x + r:.1f} {y:.1f}h{w - 2 * r:.1f}a{r:g} {r:g} 0 0 1 {r:g} {r:g}v{h - 2 * r:.1f}"
        f"a{r:g} {r:g} 0 0 1 -{r:g} {r:g}h{2 * r - w:.1f}a{r:g} {r:g} 0 0 1 -{r:g} -{r:g}"
        f"v{2 * r - h:.1f}a{r:g} {r:g} 0 0 1 {r:g} -{r:g}z"
    )


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
