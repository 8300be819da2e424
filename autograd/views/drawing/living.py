"""Living drawings: the picture of a graph of Values whose numbers can be changed, and all follow."""

from __future__ import annotations

import base64
import html
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd.engine.graph import Node
from autograd.engine.value import Value
from autograd.support.late import import_late
from autograd.support.saving import write_as
from autograd.views.canvas.assets import asset, inert, script
from autograd.views.canvas.embedding import READABLE, measures
from autograd.views.canvas.page import fingerprint, html_page
from autograd.views.canvas.theme import LIGHT, style_sheet
from autograd.views.drawing.painting import SMALL, Painting
from autograd.views.drawing.picture import Picture, Use
from autograd.views.living.graph import SCRIPTS, LiveGraph, live_style

if TYPE_CHECKING:
    from pathlib import Path

TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")


class LivePicture(Picture):
    """A picture with marks in the place of numbers."""

    def __init__(self, graph: LiveGraph, **options: Any) -> None:
        self.graph = graph
        super().__init__(**options)

    def _data(self, node: Node) -> list[list[str]]:
        mark = self.graph.marks("value", self.graph.place[node])
        return [[f"data {mark}"]] if self.values else []

    def _gradient(self, node: Node) -> list[list[str]]:
        if not self.show_gradients or node not in self.graph.gradients:
            return super()._gradient(node)
        return [[f"grad {self.graph.marks('gradient', self.graph.place[node])}"]]

    def _label(self, uses: Sequence[Use]) -> str:
        (use, *more) = uses
        if more or use.slot is None or use.derivative is None or not self.local_derivatives:
            return super()._label(uses)
        return self.graph.marks("local", self.graph.step[use.node, use.slot])


class LiveDrawing:
    """A drawing that is alive, made by `Drawing.live`. A notebook shows it; `save` writes a page.

    >>> import autograd
    >>> x, w = autograd.Value(2.0, "x"), autograd.Value(-3.0, "w")
    >>> live = autograd.draw((w * x).tanh()).live()
    >>> live
    <LiveDrawing of 4 nodes and 3 edges: .save("page.html"), .html>
    >>> "<script>" in live.html
    True
    """

    def __init__(
        self, drawing: Any, still: Painting, *, theme: str, train: Sequence[Value] | None
    ) -> None:
        self._size, self._contents, self._theme = drawing._size, drawing._contents, theme
        options = still.picture.options
        (root,) = options["roots"]
        self._graph = LiveGraph(root, digits=options["digits"], avoid=drawing.svg, train=train)
        self._painting = Painting(LivePicture(self._graph, **options), still.rankdir)
        name = self._graph.symbols[root].text
        self._title = f"{name}, and what it is computed from"

    def __repr__(self) -> str:
        return f'<LiveDrawing of {self._size}: .save("page.html"), .html>'

    @property
    def html(self) -> str:
        """The block: one self-contained piece of HTML, the same for the same graph."""
        graph, painting = self._graph, self._painting
        parts = [*map(asset, ("blocks.js", *SCRIPTS, "live_drawing.js"))]
        marked = painting.svg(LIGHT, "auto", "")
        key = fingerprint("".join([*parts, graph.code, marked, self._theme]), 12)
        prefix = f"g{key}-"
        marked = painting.svg(LIGHT, "auto", prefix)
        width, height, _ = measures(marked)
        texts = [m[1] for m in TEXT.finditer(marked)]
        boxes = {node: f"{prefix}{name}" for node, name in painting.picture.node_ids.items()}
        data = {
            "live": graph.data(boxes),
            "title": self._title,
            "theme": self._theme,
            "width": width,
            "height": height,
            "least": width * READABLE / SMALL,
            "texts": [
                [i, html.unescape(text)]
                for i, text in enumerate(texts)
                if graph.marks.pattern.search(text)
            ],
            "css": "\n".join(
                [live_style("living", "controls.css"), style_sheet(f"{prefix}graph", "page")]
            ),
        }
        words = import_late("json").dumps(data, ensure_ascii=False, separators=(",", ":"))
        picture = base64.b64encode(graph.still(marked).encode()).decode()
        start = f"begin('[data-drawing=\"{key}\"]', (host) => new LiveDrawing(host));"
        return (
            f'<div data-drawing="{key}" data-lm-suppress-shortcuts="true">'
            f'<img alt="{html.escape(self._contents)}" style="max-width: 100%" '
            f'src="data:image/svg+xml;base64,{picture}">'
            f'<script type="application/json" data-drawing-data>{inert(words)}</script></div>\n'
            f"<script>{script(*parts, start, code=graph.code)}</script>"
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a page that holds the block, and nothing else is needed to open it.

        Raises:
            ValueError: the name does not end in .html or .htm.
            OSError: the file cannot be written.
        """

        def page() -> bytes:
            style = "html, body { margin: 0 }"
            return html_page(self._title, self.html, style=style, marks="data-live-page")

        return write_as(path, "a live drawing", {".html": page, ".htm": page})

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": repr(self)}
