"""The stepper: a backward pass in a notebook or a page, one chain-rule product at a time."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from autograd.engine.graph import Node, reachable, topological_order
from autograd.formulas.mathml import row
from autograd.support.late import import_late, importing
from autograd.support.publishing import publish
from autograd.support.saving import write_as
from autograd.views.canvas.assets import asset, inert, script
from autograd.views.canvas.page import fingerprint, html_page
from autograd.views.canvas.theme import THEMES, page_style
from autograd.views.stepping.diagram import DERIVATIVE, FONT, UNKNOWN, Card, Diagram, printable
from autograd.views.stepping.grouping import GroupedTimeline
from autograd.views.stepping.timeline import Moment, Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from autograd.engine.value import Value
    from autograd.views.stepping.living import LiveGroupedTimeline, LiveTimeline

STYLES = ("controls.css", "stepper.css")
FORMULAS = ("numbers", "symbols", "both")


@cache
def _assets() -> tuple[str, str, str]:
    """The script, the style sheet, and a key that only this version of them has."""
    style = "\n".join([page_style("stepper"), *map(asset, STYLES)])
    return _started("Stepper", (), style)


def _started(name: str, more: Sequence[str], style: str, code: str = "") -> tuple[str, str, str]:
    """The script that starts a class of stepper, the style sheet, and a key that only they have."""
    parts = [*map(asset, ("blocks.js", "stepper.js", *more))]
    key = fingerprint("".join([code, *parts, style]), 12)
    start = f"begin('[data-stepper=\"{key}\"]', (host) => new {name}(host));"
    return script(*parts, start, code=code), style, key


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
            ``"backward"`` the seed of the backward pass. When left out it is 0, and the end of a live
            one, so that all numbers can be seen to follow.
        digits: significant digits of the numbers.
        formula: ``"numbers"``, ``"symbols"`` or ``"both"``.
        max_steps: of a pass of more steps, groups are shown instead, by module where there are modules;
            the block says so.
        ask: whether each new number is hidden until the next key, for a class to answer first.
        seed: the cotangent to start from; 1 if it is left out.
        theme: ``"light"``, ``"dark"``, or ``"auto"``: as the notebook or the browser is.
        title: what stands above the picture, and is the title of a page; when left out a page is called
            by the node that the pass begins at.
        live: whether leaves can be changed, and all numbers follow, in the page itself: by dragging a
            leaf's box sideways, by the arrow keys while it has the focus (with Shift in fine steps, by
            PageUp and PageDown in coarse ones), by typing a number, or by the slider below the picture.
            There are gradient steps too, with their curve, and the code that runs. Of a graph of Values.
        train: of a live one the leaves that a gradient step moves; it can be chosen in the page as
            well. When left out the parameters of modules, and where there are none the leaves that
            require a gradient and are not called as data are: x, x1, y, t, target and the like.

    Raises:
        TypeError: for anything but a node, or an option of another type; a live one of Tensors.
        ValueError: a node without a gradient, or an option with a value it cannot have; a live one of a
            graph with a row that a page cannot compute.
        StaleGraphError: data was assigned after it had been used.

    >>> import autograd
    >>> x, w = autograd.Value(2.0, "x"), autograd.Value(-3.0, "w")
    >>> stepper = Stepper((w * x).tanh())
    >>> stepper
    <Stepper of 3 backward steps, 7 positions: .save("step.html"), .html>
    >>> x.grad is None
    True
    >>> Stepper((w * x).tanh(), live=True, train=[w])
    <Stepper of 3 backward steps, 7 positions: .save("step.html"), .html>
    """

    def __init__(
        self,
        node: Node,
        *,
        start: int | str | None = None,
        digits: int = 3,
        formula: str = "both",
        max_steps: int = 300,
        ask: bool = False,
        seed: Any = None,
        theme: str = "auto",
        title: str | None = None,
        live: bool = False,
        train: Sequence[Value] | None = None,
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
        options: dict[str, Any] = {"digits": digits, "seed": seed}
        if max(self._count, operations) <= max_steps:
            timeline = Timeline(node, **options)
        else:
            options |= {"max_steps": max_steps, "count": max(self._count, operations)}
            timeline = GroupedTimeline(node, **options)
            self._notice = timeline.notice
        self._timeline = timeline
        self._start = self._position((-1 if live else 0) if start is None else start)
        name = timeline.outline.names.labels.get(node, "a graph")
        self._title = self._heading or printable(f"Backward pass of {name}")
        words = timeline.outline.words(digits)
        self._told = f"{self._title}: every node with its value and its gradient; {words}"
        self._live: LiveTimeline | LiveGroupedTimeline | None = None
        if live:
            self._live = self._enlivened(seed, train, options)
        elif train is not None:
            raise TypeError("train is for a live stepper: Stepper(..., live=True, train=[...])")
        drawn = self._live or timeline
        self._diagram = Diagram(drawn.cards, drawn.arrows, self._title, self._told)
        if self._live is not None:  # what is laid out has room for other numbers, and shows its own
            self._diagram.svg = self._live.graph.still(self._diagram.svg, self._live.groups)

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

    def _enlivened(
        self, seed: Any, train: Sequence[Value] | None, options: dict[str, Any]
    ) -> LiveTimeline | LiveGroupedTimeline:
        """The timeline again, with marks in the place of numbers."""
        with importing():  # here, so that nobody waits for these files whose pages are still
            from autograd.views.living.graph import LiveGraph
            from autograd.views.stepping.living import LiveGroupedTimeline, LiveTimeline

        still = self._timeline
        texts = repr((still.cards, still.moments))
        graph = LiveGraph(still.root, digits=still.digits, avoid=texts, seed=seed, train=train)
        grouped = isinstance(still, GroupedTimeline)
        return (LiveGroupedTimeline if grouped else LiveTimeline)(graph, **options)

    def _carried(self) -> tuple[str, str, str]:
        """What the block carries: see `_assets`."""
        if self._live is None:
            return _assets()
        from autograd.views.living.graph import SCRIPTS, live_style

        more, style = (*SCRIPTS, "live_stepper.js"), live_style("stepper", *STYLES)
        return _started("LiveStepper", more, style, self._live.graph.code)

    @property
    def html(self) -> str:
        """The block: one self-contained piece of HTML, the same for the same graph."""
        script, style, key = self._carried()
        picture = base64.b64encode(self._diagram.svg.encode()).decode()
        read = self._data(style, self._live or self._timeline)
        if self._live is not None:
            read["live"] = self._live.data()
        data = import_late("json").dumps(read, ensure_ascii=False, separators=(",", ":"))
        notice = f"<p>{html.escape(self._notice)}</p>" if self._notice else ""
        return (
            f'<div data-stepper="{key}" data-lm-suppress-shortcuts="true">{notice}'
            f'<img alt="{html.escape(self._told)}" '
            'style="max-width: 100%; background: white" '
            f'src="data:image/svg+xml;base64,{picture}">'
            f"<details><summary>All {len(self._timeline.moments)} positions, step by step</summary>"
            f"{self._table()}</details>"
            f'<script type="application/json" data-steps>{inert(data)}</script></div>\n'
            f"<script>{script}</script>"
        )

    def save(
        self, path: str | os.PathLike[str], positions: Iterable[int | str] | None = None
    ) -> Path:
        """Write the stepper in the format that the ending of the name says.

        - ``.html``: a page that holds the block, and nothing else is needed to open it.
        - ``.pdf``: slides, a page for each position, with its formulas below the picture; by matplotlib.
        - ``.tex``: the same for ``pdflatex``, the formulas set by LaTeX.
        - ``.svg``: the same as numbered files, ``lesson-000.svg`` and so on for ``lesson.svg``; those
          of an earlier, longer lesson stay beside them.

        All slides are of one size, so that nothing moves from one to the next. With ``ask=True`` each
        new number has two: one that asks for it, and one that shows it.

        Args:
            path: the file.
            positions: those to make slides of, in this order, each as `start` has it; all when left out.

        Returns:
            the file; of numbered ones the first.

        Raises:
            ValueError: another ending, or a position that there is not.
            TypeError: positions for a page, which has all of them.
            ImportError: slides shall be a PDF, and there is no matplotlib; the message says how to
                install it.
            OSError: the file cannot be written; of numbered ones none is.

        >>> import autograd, tempfile
        >>> stepper = Stepper(autograd.Value(2.0, "x") ** 2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     stepper.save(f"{folder}/square.svg", positions=[0, "backward", -1]).name
        'square-000.svg'
        """
        chosen = range(len(self._timeline.moments)) if positions is None else positions
        if isinstance(chosen, str) or not isinstance(chosen, Iterable):
            raise TypeError(f"positions is a list of positions, not {positions!r:.60}")
        order = [self._position(each) for each in chosen]
        if not order:
            raise ValueError("positions is a list of at least one position, got an empty one")

        def page() -> bytes:
            if positions is not None:
                raise TypeError(
                    "positions are for slides (.svg, .pdf, .tex): a page has all of them"
                )
            style = "html, body { margin: 0 }"
            return html_page(self._title, self.html, style=style, marks="data-stepper-page")

        def slides() -> list[str]:
            made = import_late("autograd.views.stepping.slides").slides
            still, diagram = self._timeline, self._diagram
            if self._live is not None:  # whose diagram has room for numbers that may come
                diagram = Diagram(still.cards, still.arrows, self._title, self._told)
            pages = made(diagram, self._data("", still), still.moments, order)
            return [page.svg for page in pages]

        def pdf() -> bytes:
            printed: bytes = import_late("autograd.views.canvas.printing").printed(slides(), "pdf")
            return printed

        def tex() -> bytes:
            written: str = import_late("autograd.views.canvas.tikz").tikz(slides(), {})
            return written.encode()

        def numbered() -> list[bytes]:
            return [svg.encode() for svg in slides()]

        formats: dict[str, Callable[[], bytes | list[bytes]]] = {
            ".html": page,
            ".htm": page,
            ".pdf": pdf,
            ".tex": tex,
            ".svg": numbered,
        }
        return write_as(path, "a stepper", formats)

    # --- what the script reads ----------------------------------------------------------------------

    def _data(
        self,
        style: str,
        timeline: Timeline | GroupedTimeline | LiveTimeline | LiveGroupedTimeline,
    ) -> dict[str, Any]:
        places: dict[tuple[str, str], int] = {}
        moments = [
            self._moment(moment, places.setdefault(moment.where, len(places)))
            for moment in timeline.moments
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
                for card, complete in zip(timeline.cards, timeline.complete, strict=True)
            ],
            "arrows": [[arrow.tail, arrow.head] for arrow in timeline.arrows],
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
