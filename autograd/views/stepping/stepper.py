"""The stepper: a backward pass in a notebook or a page, one chain-rule product at a time."""

from __future__ import annotations

import base64
import html
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from autograd.engine.graph import Node, reachable, topological_order
from autograd.formulas.mathml import row
from autograd.support.late import import_late
from autograd.support.publishing import publish
from autograd.support.saving import write_as
from autograd.views.canvas.page import fingerprint, html_page
from autograd.views.canvas.theme import THEMES, page_style
from autograd.views.stepping.diagram import DERIVATIVE, FONT, UNKNOWN, Card, Diagram, printable
from autograd.views.stepping.grouping import GroupedTimeline
from autograd.views.stepping.timeline import Moment, Timeline

if TYPE_CHECKING:
    from pathlib import Path

FORMULAS = ("numbers", "symbols", "both")


@cache
def _assets() -> tuple[str, str, str]:
    """The script, the style sheet, and a key that only this version of them has."""
    from importlib.resources import files

    folder = files("autograd.views") / "assets"
    script = (folder / "stepper.js").read_text(encoding="utf-8")
    style = page_style("stepper") + "\n" + (folder / "stepper.css").read_text(encoding="utf-8")
    key = fingerprint(script + style, 12)
    return script.replace("KEY-OF-THIS-VERSION", key), style, key


class Stepper:
    """The passes over a node's graph to step through: in a notebook by showing it, or as a page.

    The picture shows every node with its value and its gradient, and every edge with its local
    derivative. Going forward the values appear, each with the formula that gave it; going backward,
    beginning with the seed,

        ∂L/∂parent += ∂L/∂node · ∂node/∂parent

    one product at a time, in the order of `backward()`, so that the numbers at the end are those it
    leaves. A number that has not been computed is a question mark, and nothing ever moves.

    The block needs no network, no kernel and no other file. Keys act while it has the focus: → and
    PageDown go on, ← and PageUp back, ↑ or Home to the start, ↓ or End to the end, Space plays.
    + and − change the size, 0 fits the whole into the window, and again goes back to text that can be
    read. Clicking a node goes to where its gradient is complete. Where scripts do not run the picture
    and a table of all steps remain. Graphs are only read: no gradient is written.

    Args:
        node: a Value, or a Tensor of one element (of more with a `seed`).
        start: the position shown first: 0 is before anything has been computed, −1 the end, and
            ``"backward"`` the seed of the backward pass.
        digits: significant digits of the numbers.
        formula: ``"numbers"``, ``"symbols"`` or ``"both"``.
        max_steps: of a pass of more steps, groups are shown instead, by module where there are modules;
            the block says so.
        ask: whether each new number is hidden until the next key, for a class to answer first.
        seed: the cotangent to start from; 1 if it is left out.
        theme: ``"light"``, ``"dark"``, or ``"auto"``: as the notebook or the browser is.
        title: what stands above the picture, and is the title of a page; when left out a page is called
            by the node that the pass begins at.

    Raises:
        TypeError: for anything but a node, or an option of another type.
        ValueError: a node without a gradient, or an option with a value it cannot have.
        StaleGraphError: data was assigned after it had been used.

    >>> import autograd
    >>> x, w = autograd.Value(2.0, "x"), autograd.Value(-3.0, "w")
    >>> stepper = Stepper((w * x).tanh())
    >>> stepper
    <Stepper of 3 backward steps, 7 positions: .save("step.html"), .html>
    >>> x.grad is None
    True
    """

    def __init__(
        self,
        node: Node,
        *,
        start: int | str = 0,
        digits: int = 3,
        formula: str = "both",
        max_steps: int = 300,
        ask: bool = False,
        seed: Any = None,
        theme: str = "auto",
        title: str | None = None,
    ) -> None:
        if not isinstance(node, Node):
            raise TypeError(f"Stepper takes a Value or a Tensor, got {type(node).__name__}")
        if not node.requires_grad:
            raise ValueError(
                f"Stepper of {node!r}: it was computed without recording, or from nothing that "
                "requires a gradient, so there is nothing to step through"
            )
        _check_number("digits", digits, 1, 17)
        _check_number("max_steps", max_steps, 4, None)
        if formula not in FORMULAS:
            raise ValueError(f"formula is one of {', '.join(FORMULAS)}, not {formula!r}")
        if theme not in THEMES:
            raise ValueError(f"theme is one of {', '.join(THEMES)}, not {theme!r}")
        if title is not None and not isinstance(title, str):
            raise TypeError(f"title is a text, not {title!r:.60}")
        self._heading = printable(title or "").strip()
        self._options = {"formula": formula, "ask": bool(ask), "theme": theme}
        _, interior = reachable([node])
        self._count = sum(len(each.parents) for each in interior)
        operations = sum(not each.is_leaf for each in topological_order(node, arguments=True))
        self._notice = ""
        timeline: Timeline | GroupedTimeline
        if max(self._count, operations) <= max_steps:
            timeline = Timeline(node, digits=digits, seed=seed)
        else:
            timeline = GroupedTimeline(
                node,
                digits=digits,
                seed=seed,
                max_steps=max_steps,
                count=max(self._count, operations),
            )
            self._notice = timeline.notice
        self._timeline = timeline
        self._start = self._position(start)
        name = timeline.outline.names.labels.get(node, "a graph")
        self._title = self._heading or printable(f"Backward pass of {name}")
        words = timeline.outline.words(digits)
        self._told = f"{self._title}: every node with its value and its gradient; {words}"
        self._diagram = Diagram(timeline.cards, timeline.arrows, self._title, self._told)

    def _position(self, start: int | str) -> int:
        moments = self._timeline.moments
        if start == "backward":
            return next(k for k, moment in enumerate(moments) if moment.phase == "seed")
        if isinstance(start, bool) or not isinstance(start, int):
            raise TypeError(f'start is a whole number or "backward", not {start!r}')
        if not -len(moments) <= start < len(moments):
            raise ValueError(
                f"start is a position from 0 to {len(moments) - 1}, or one from the end as a "
                f"negative number, not {start}"
            )
        return start % len(moments)

    def __repr__(self) -> str:
        return (
            f"<Stepper of {self._count:,} backward steps, {len(self._timeline.moments)} positions: "
            '.save("step.html"), .html>'
        )

    @property
    def html(self) -> str:
        """The block: one self-contained piece of HTML, the same for the same graph."""
        script, style, key = _assets()
        picture = base64.b64encode(self._diagram.svg.encode()).decode()
        data = import_late("json").dumps(
            self._data(style), ensure_ascii=False, separators=(",", ":")
        )
        # What is data stays data: no text in it can end the element that holds it.
        for c in "<>&\u2028\u2029":
            data = data.replace(c, f"\\u{ord(c):04x}")
        notice = f"<p>{html.escape(self._notice)}</p>" if self._notice else ""
        return (
            f'<div data-stepper="{key}" data-lm-suppress-shortcuts="true">{notice}'
            f'<img alt="{html.escape(self._told)}" '
            'style="max-width: 100%; background: white" '
            f'src="data:image/svg+xml;base64,{picture}">'
            f"<details><summary>All {len(self._timeline.moments)} positions, step by step</summary>"
            f"{self._table()}</details>"
            f'<script type="application/json" data-steps>{data}</script></div>\n'
            f"<script>{script}</script>"
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a page that holds the block, and nothing else is needed to open it.

        Raises:
            ValueError: the name does not end in .html or .htm.
            OSError: the file cannot be written.
        """

        def page() -> bytes:
            style = "html, body { margin: 0 }"
            return html_page(self._title, self.html, style=style, marks="data-stepper-page")

        return write_as(path, "a stepper", {".html": page, ".htm": page})

    # --- what the script reads ----------------------------------------------------------------------

    def _data(self, style: str) -> dict[str, Any]:
        places: dict[tuple[str, str], int] = {}
        moments = [
            self._moment(moment, places.setdefault(moment.where, len(places)))
            for moment in self._timeline.moments
        ]
        return {
            **self._options,
            "title": self._title,
            "heading": self._heading,
            "inputs": self._inputs(),
            "legend": self._notice
            or "in each box the value, and below it ∂, the gradient; "
            "on each edge the local derivative",
            "font": FONT,
            "start": self._start,
            "cards": [
                _blank(card, complete)
                for card, complete in zip(
                    self._timeline.cards, self._timeline.complete, strict=True
                )
            ],
            "arrows": [[arrow.tail, arrow.head] for arrow in self._timeline.arrows],
            "moments": moments,
            "places": [list(place) for place in places],
            "css": style,
        }

    def _inputs(self) -> list[int]:
        """The cards that are seen first: the inputs; without them what the first is computed from."""
        timeline = self._timeline
        if inputs := [i for i, card in enumerate(timeline.cards) if card.kind == "leaf"]:
            return inputs
        first = [m.target for m in timeline.moments if m.target is not None][:1]
        return [arrow.tail for arrow in timeline.arrows if arrow.head in first] or first

    def _moment(self, moment: Moment, place: int) -> dict[str, Any]:
        numbers = moment.numbers
        if self._options["formula"] == "numbers" and numbers and moment.symbols:
            # Without the line of symbols the numbers say themselves what they are.
            numbers = row(row(*moment.symbols[1][1:]), ["mo", "="], numbers)
        return {
            "phase": moment.phase,
            "sets": moment.sets,
            "source": moment.source,
            "target": moment.target,
            "edge": moment.edge,
            "symbols": moment.symbols,
            "numbers": numbers,
            "note": moment.note,
            "where": place,
        }

    def _table(self) -> str:
        """All positions as rows, for every reader."""
        rows = []
        for k, moment in enumerate(self._timeline.moments):
            cells = (str(k), moment.phase, moment.say, moment.text, moment.result, moment.where[1])
            # Notebooks set tables to the right, which suits numbers and not formulas.
            left, hidden = ' style="text-align:left"', ' class="number"'
            kinds = ("", "", left, hidden, hidden, left)
            texts = (html.escape(printable(cell)) for cell in cells)
            rows.append(
                "<tr>"
                + "".join(f"<td{kind}>{text}</td>" for kind, text in zip(kinds, texts, strict=True))
                + "</tr>"
            )
        head = "".join(
            f"<th>{h}</th>" for h in ("", "pass", "step", "in numbers", "result", "line")
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"

    # --- how a notebook shows it --------------------------------------------------------------------

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": repr(self)}


def _blank(card: Card, complete: int) -> dict[str, Any]:
    """A card before its numbers are there: the same number of lines."""
    value, gradient = len(card.value), len(card.gradient)
    return {
        "name": printable(card.name),
        "value": ([card.label + UNKNOWN] + [""] * (value - 1))[:value],
        "gradient": ([DERIVATIVE + UNKNOWN] + [""] * (gradient - 1))[:gradient],
        "complete": complete,
    }


def _check_number(name: str, x: Any, least: int, most: int | None) -> None:
    if isinstance(x, bool) or not isinstance(x, int):
        raise TypeError(f"{name} is a whole number, not {x!r}")
    if x < least or (most is not None and x > most):
        limits = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise ValueError(f"{name} is a whole number {limits}, not {x}")


__all__ = ["Stepper"]
publish(__name__)
