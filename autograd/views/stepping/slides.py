"""Slides: the positions of a stepper as pictures, for a lecture without a browser."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from autograd.formulas.mathml import Tree
from autograd.views.canvas.layout import text_width
from autograd.views.canvas.shapes import SVG
from autograd.views.canvas.sheet import Rules, Sheet, safe
from autograd.views.canvas.theme import SHAPES
from autograd.views.canvas.typesetting import RULES as FORMULA, Typeset, as_svg, set_formula
from autograd.views.stepping.diagram import FAMILY, FONT, Diagram
from autograd.views.stepping.timeline import Moment

PAD = 16.0
HEAD = 40.0
"""The height of the line above the picture."""

FOOT = 26.0
"""The height of a line of words below the formulas."""

GAP = 8.0
"""Between formulas."""

LEAST = 640.0
"""What a page is wide at least, in pixels."""

SMALLEST = 0.6
"""How much smaller a formula becomes to be no broader than the page; beyond that the page is broader."""

ASKED = "What is the number?"

RULES: Rules = {
    ".name": f"font: bold {FONT:g}px {FAMILY}",
    ".count": f"font: {FONT:g}px {FAMILY}; text-anchor: end",
    ".strip": "fill: {frame}",
    ".note": f"font: 16px {FAMILY}",
    ".where": f"font: 14px {FAMILY}; fill: {{faint}}",
    ".card text": f"font: {FONT:g}px {FAMILY}; text-anchor: middle",
    ".card .heading": "font-weight: bold",
    **{f".{kind} .box": f"fill: {{{kind}}}; stroke: {{{kind}_line}}" for kind in SHAPES},
    **{f".{kind} .rule": f"stroke: {{{kind}_line}}" for kind in SHAPES},
    ".edge .line": "fill: none; stroke: {line}",
    ".edge .tip": "fill: {line}; stroke: none",
    ".now .line, .feeds .line": "stroke: {local}; stroke-width: 4",
    ".now .tip, .feeds .tip": "fill: {local}; stroke: none",
    ".now .line": "stroke: {local}; stroke-width: 4; stroke-dasharray: 11 5",
    ".from .ring": "stroke: {cotangent}; stroke-width: 4",
    ".to .ring": "stroke: {gradient}; stroke-width: 4",
    ".card .unknown": "fill-opacity: 0.6",
    ".card .partial": "font-style: italic",
    ".card.from .gradient, .card.from .gradient.fresh": "fill: {cotangent}; font-weight: bold",
    ".card .fresh": "fill: {gradient}; font-weight: bold",
    ".local": f"font: {FONT:g}px {FAMILY}; text-anchor: middle; stroke: {{background}}; "
    "stroke-width: 8; stroke-linejoin: round; paint-order: stroke",
    ".local.now": "fill: {local}; font-weight: bold",
    **FORMULA,
}
"""What the style sheet of the page has for the same classes."""


def slides(
    diagram: Diagram, data: Mapping[str, Any], moments: Sequence[Moment], positions: Sequence[int]
) -> Iterator[Sheet]:
    """A picture of each position, all of one size; with ``ask`` two of it, a question and its answer.

    Args:
        diagram: the picture with all its numbers.
        data: what the script of the page reads: it shows the same.
        moments: the positions of the timeline.
        positions: those to show, in this order.
    """
    return _Slides(diagram, data, moments, positions).pages()


class _Slides:
    def __init__(
        self,
        diagram: Diagram,
        data: Mapping[str, Any],
        moments: Sequence[Moment],
        positions: Sequence[int],
    ) -> None:
        self.diagram, self.data, self.moments, self.positions = diagram, data, moments, positions
        self.root = ElementTree.fromstring(diagram.svg)
        self.formulas = {k: self._formulas(k) for k in set(positions)}
        widest = max((s.width for each in self.formulas.values() for _, s, _ in each), default=0.0)
        told = max(
            (text_width(line, 16.0) for k in positions for line in self._words(k)), default=0.0
        )
        self.width = max(diagram.width, SMALLEST * widest, told * 0.9, LEAST) + 2 * PAD
        self.strip = max((self._height(each) for each in self.formulas.values()), default=0.0)
        self.height = HEAD + diagram.height + PAD + self.strip + 2 * FOOT + PAD

    def pages(self) -> Iterator[Sheet]:
        for k in self.positions:
            # Nothing is computed before the first: there is nothing to ask for.
            for hidden in (True, False) if self.data["ask"] and k else (False,):
                yield self._page(k, hidden)

    # --- the picture --------------------------------------------------------------------------------

    def _page(self, k: int, hidden: bool) -> Sheet:
        count, words = self._count(k), [ASKED, self._words(k)[1]] if hidden else self._words(k)
        shapes = [
            f'<text class="name" x="{PAD:g}" y="{HEAD - 14:g}">{safe(self.data["heading"])}</text>',
            f'<text class="count" x="{self.width - PAD:.1f}" y="{HEAD - 14:g}">{count}</text>',
            f'<g transform="translate({(self.width - self.diagram.width) / 2:.1f} {HEAD:g})">',
            *self._drawn(k, hidden),
            "</g>",
        ]
        y = HEAD + self.diagram.height + PAD / 2
        rest = self.height - y
        shapes.append(
            f'<rect class="strip" y="{y:.1f}" width="{self.width:.1f}" height="{rest:.1f}"/>'
        )
        y += PAD / 2
        for tree, setting, number in self.formulas[k]:
            scale = self._scale(setting)
            y += setting.above * scale
            if not (number and hidden):
                shapes.append(as_svg(setting, tree, PAD, y, scale))
            y += setting.below * scale + GAP
        y = self.height - PAD - FOOT
        for line, kind in zip(words, ("note", "where"), strict=True):
            shapes.append(f'<text class="{kind}" x="{PAD:g}" y="{y:.1f}">{safe(line)}</text>')
            y += FOOT
        title = f"{self.data['title']}, {count}"
        return Sheet(
            shapes,
            (self.width, self.height),
            title,
            what="slide",
            rules=RULES,
            theme=self.data["theme"],
        )

    def _drawn(self, k: int, hidden: bool) -> Iterator[str]:
        """The diagram as the page shows it at a position, or before the answer to it."""
        cards, moment = self.data["cards"], self.data["moments"][k]
        known: dict[tuple[str, int], tuple[list[str], bool | None]] = {}
        for earlier in self.data["moments"][: k + (not hidden)]:
            for kind, i, lines, final in earlier["sets"]:
                known[kind, i] = lines, final
        fresh = {(kind, i) for kind, i, _, _ in moment["sets"]} if k else set()
        for element in copy.deepcopy(self.root):
            if element.get("class") == "paper" or element.tag == f"{SVG}title":
                continue
            for each in element.iter():
                if (box := each.get("data-box")) is not None:
                    i = int(box)
                    _mark(each, "from", moment["source"] == i)
                    _mark(each, "to", moment["target"] == i)
                    for kind in ("value", "gradient"):
                        lines, final = known.get((kind, i), (cards[i][kind], None))
                        texts = [text for text in each if text.get("class") == kind]
                        for n, text in enumerate(texts):
                            text.text = lines[n] if n < len(lines) else ""
                            _mark(text, "unknown", final is None)
                            _mark(text, "partial", final is False)
                            _mark(text, "fresh", (kind, i) in fresh)
                elif (edge := each.get("data-edge")) is not None:
                    e = int(edge)
                    feeds = self.data["arrows"][e][1] == moment["target"]
                    _mark(each, "now", moment["edge"] == e)
                    _mark(each, "feeds", moment["phase"] == "forward" and feeds)
                elif (label := each.get("data-label")) is not None:
                    each.text = known.get(("local", int(label)), ([""], True))[0][0]
                    _mark(each, "now", moment["edge"] == int(label))
            written = ElementTree.tostring(element, encoding="unicode")
            yield written.replace("ns0:", "").replace(f' xmlns:ns0="{SVG[1:-1]}"', "")

    # --- the words ----------------------------------------------------------------------------------

    def _count(self, k: int) -> str:
        turn = next(i for i, moment in enumerate(self.moments) if moment.phase == "seed")
        last = len(self.moments) - 1
        return {
            "start": "Start",
            "forward": f"Forward {k} of {turn - 1}",
            "seed": "Backward: the seed",
            "backward": f"Backward {k - turn} of {last - turn}",
        }[self.moments[k].phase]

    def _words(self, k: int) -> list[str]:
        moment = self.moments[k]
        return [moment.note, "  ".join(filter(None, moment.where))]

    def _formulas(self, k: int) -> list[tuple[Tree, Typeset, bool]]:
        """The formulas of a position, and whether they hold the number that is asked for."""
        form, moment = self.data["formula"], self.data["moments"][k]
        symbols, numbers = moment["symbols"], moment["numbers"]
        lines = []
        if symbols and (form != "numbers" or not numbers):
            lines.append((symbols, False))
        if numbers and form != "symbols":
            lines.append((numbers, True))
        if not lines and (numbers or symbols):
            lines.append((numbers or symbols, True))
        if not lines:
            told = self.moments[k]
            lines = [(["mtext", told.say], False)]
            if told.result:
                lines.append((["mtext", told.result], True))
        return [(tree, set_formula(tree), number) for tree, number in lines]

    def _scale(self, setting: Typeset) -> float:
        return min(1.0, (self.width - 2 * PAD) / max(setting.width, 1.0))

    def _height(self, formulas: Sequence[tuple[Tree, Typeset, bool]]) -> float:
        return sum((s.above + s.below) * self._scale(s) + GAP for _, s, _ in formulas)


def _mark(element: ElementTree.Element, kind: str, so: bool) -> None:
    if so:
        element.set("class", f"{element.get('class', '')} {kind}")
