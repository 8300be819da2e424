"""The diagram: the picture of a small graph in which every number has its place before it is known.

Unlike `draw`, it needs no Graphviz, its texts are large against the whole (it is made for a wall), and
the parts that change from step to step can be found: ``data-box`` and ``data-edge`` count them.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field

from autograd.formulas.plain import JOINERS
from autograd.views.canvas.layout import BoxSize, Layout, Link, text_width
from autograd.views.canvas.stacking import fitted
from autograd.views.canvas.theme import LIGHT

FONT = 19.0
"""The size of all text. A picture is never shown smaller than that on a wall."""

FAMILY = "Helvetica Neue,Helvetica,Arial,Liberation Sans,sans-serif"
LINE = 21.0
MARGIN = 7.0
DERIVATIVE = "∂ "
"""What stands before a gradient."""

UNKNOWN = "?"
"""What stands where a number has not been computed."""


def printable(text: str) -> str:
    """Any text as characters that XML and HTML may hold."""
    return "".join(c if c.isprintable() or c in JOINERS else " " for c in text)


def _xml(text: str) -> str:
    return html.escape(printable(text))


@dataclass(slots=True)
class Card:
    """What one box shows: a heading, lines for the value, and lines for the gradient.

    ``kind`` is one of `looks.Theme.kinds`. ``label`` stands before the first value line. ``gradient`` is
    empty where none can flow; ``drafts`` are what stands there until it is complete.
    """

    kind: str
    name: str
    heading: str
    label: str
    value: list[str]
    gradient: list[str]
    drafts: list[str] = field(default_factory=list)

    def value_lines(self) -> list[str]:
        """The value with its label."""
        return [self.label + self.value[0], *self.value[1:]] if self.value else []

    def gradient_lines(self) -> list[str]:
        """The gradient with its sign."""
        return [DERIVATIVE + self.gradient[0], *self.gradient[1:]] if self.gradient else []

    def size(self) -> BoxSize:
        """How large the box is; it does not change as numbers appear."""
        lines = [self.heading] if self.heading else []
        lines += [*self.value_lines(), *self.gradient_lines()]
        lines += [DERIVATIVE + draft for draft in self.drafts]
        rows = len(lines) - len(self.drafts)
        width = max((text_width(line, FONT) for line in lines), default=0.0) + 2 * MARGIN
        return BoxSize(max(width, 56.0), LINE * rows + 7.0, self.kind in LEAVES)


LEAVES = ("leaf", "parameter", "constant")


@dataclass(slots=True)
class CardEdge:
    """An edge between two cards, by their places, and the local derivative on it."""

    tail: int
    head: int
    label: str
    passive: bool = False


@dataclass(slots=True)
class Diagram:
    """Cards and arrows, laid out.

    Attributes:
        told: what is drawn, for who does not see it.
        svg: the picture with all its numbers.
        width, height: its natural size in pixels, at which text has its full size.
    """

    cards: Sequence[Card]
    arrows: Sequence[CardEdge]
    title: str
    told: str = ""
    svg: str = field(init=False)
    width: float = field(init=False)
    height: float = field(init=False)

    def __post_init__(self) -> None:
        heads = {arrow.head for arrow in self.arrows}  # a constant that was computed is no leaf
        sizes = [card.size() for card in self.cards]
        boxes = [x._replace(leaf=x.leaf and i not in heads) for i, x in enumerate(sizes)]
        links = [
            Link(a.tail, a.head, text_width(a.label, FONT) + 6.0 if a.label else 0.0)
            for a in self.arrows
        ]
        layout = fitted(boxes, links)
        self.width, self.height = layout.width, layout.height
        self.svg = self._draw(boxes, layout)

    def _draw(self, boxes: Sequence[BoxSize], layout: Layout) -> str:
        width, height = f"{self.width:.0f}", f"{self.height:.0f}"
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" font-family="{FAMILY}" font-size="{FONT:g}" '
            f'text-anchor="middle" fill="{LIGHT.text}" role="img" aria-label="{_xml(self.told)}">'
            f"<title>{_xml(self.title)}</title>"
            f'<rect class="paper" width="{width}" height="{height}" fill="{LIGHT.background}"/>'
        ]
        parts.append(f'<g fill="none" stroke="{LIGHT.line}" stroke-width="1.4">')
        for i, (arrow, edge) in enumerate(zip(self.arrows, layout.edges, strict=True)):
            x, y = edge.end
            tip = "l-4.5-10h9z" if edge.down else "l-10-4.5v9z"
            dashed = ' stroke-dasharray="5 4"' if arrow.passive else ""
            parts.append(
                f'<g class="edge{" passive" if arrow.passive else ""}" data-edge="{i}">'
                f'<path class="line" d="{edge.path}"{dashed}/>'
                f'<path class="tip" d="M{x:.1f} {y:.1f}{tip}" fill="{LIGHT.line}"/></g>'
            )
        parts.append("</g>")
        for i, (card, box, centre) in enumerate(
            zip(self.cards, boxes, layout.centres, strict=True)
        ):
            parts.append(self._card(i, card, box, *centre))
        # Labels come last: the halo around each keeps it legible where a line runs through it.
        parts.append(
            f'<g stroke="{LIGHT.background}" stroke-width="8" stroke-linejoin="round" '
            'paint-order="stroke">'
        )
        for i, (arrow, edge) in enumerate(zip(self.arrows, layout.edges, strict=True)):
            if arrow.label:
                x, y = edge.label
                parts.append(
                    f'<text class="local" data-label="{i}" x="{x:.1f}" y="{y + 6.5:.1f}">'
                    f"{_xml(arrow.label)}</text>"
                )
        return "".join([*parts, "</g></svg>"])

    def _card(self, i: int, card: Card, box: BoxSize, x: float, y: float) -> str:
        fill, line = LIGHT.kinds[card.kind]
        w, h = box.width, box.height
        round_ = 0 if card.kind in LEAVES else 9
        thick = 2.6 if card.kind in ("parameter", "output") else 1.4
        dashed = ' stroke-dasharray="5 3"' if card.kind in ("constant", "folded") else ""
        outline = (
            f'x="{-w / 2:.1f}" y="{-h / 2:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{round_}"'
        )
        gradient = card.gradient_lines()
        parts = [
            f'<g class="card {card.kind}" data-box="{i}" transform="translate({x:.1f} {y:.1f})">'
            f"<title>{_xml(card.name)}</title>"
            f'<rect class="box" {outline} fill="{fill}" stroke="{line}" stroke-width="{thick}"'
            f"{dashed}/>"
            # What lights up is always there, so that lighting moves nothing.
            f'<rect class="ring" x="{-w / 2 - 4:.1f}" y="{-h / 2 - 4:.1f}" width="{w + 8:.1f}" '
            f'height="{h + 8:.1f}" rx="{round_ + 3}" fill="none"/>'
        ]
        if gradient:
            # The gradient has a field of its own: the value above the rule, the gradient below.
            top = h / 2 - LINE * len(gradient) - 4.0
            parts.append(
                f'<path class="rule" d="M{-w / 2:.1f} {top:.1f}h{w:.1f}" stroke="{line}" '
                'stroke-width="1" stroke-opacity=".45"/>'
            )
        at = -h / 2 + 4.0 + LINE * 0.78
        if card.heading:
            parts.append(
                f'<text class="heading" y="{at:.1f}" font-weight="600">{_xml(card.heading)}</text>'
            )
            at += LINE
        for kind, lines in (("value", card.value_lines()), ("gradient", gradient)):
            for text in lines:
                parts.append(f'<text class="{kind}" y="{at:.1f}">{_xml(text)}</text>')
                at += LINE
        return "".join([*parts, "</g>"])
