"""Embedding: what a notebook is given of a picture, so that each front end shows it."""

from __future__ import annotations

import base64
import html
import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from autograd.support.publishing import Listed
from autograd.support.saving import write_as
from autograd.views.canvas.assets import asset
from autograd.views.canvas.page import html_page
from autograd.views.canvas.theme import ground

if TYPE_CHECKING:
    from pathlib import Path

READABLE = 9.0
"""The size, in pixels, that text in a picture has at least in a page, however narrow this is."""

SCREEN = 660.0
"""The height, in pixels, that a picture takes of a page."""

SIZES = (re.compile(r'font-size="([\d.]+)'), re.compile(r"font:[^;}]*?([\d.]+)px"))


class Embedded(metaclass=Listed):
    """A picture as SVG that shows itself in a notebook.

    A subclass gives the SVG and what it shows in words. A notebook stores one picture: an image in a box
    that scrolls, as HTML. A notebook that is not trusted drops SVG and scripts but keeps images; and as
    an image it cannot clash with the page around it. A picture that is wider than the page shrinks with
    it until its text is `READABLE`. Where scripts run there are buttons to zoom.
    """

    _contents: str
    """What the picture shows, in words."""

    _what: str
    """What the picture is called where it cannot be saved."""

    _theme: str
    """``"light"``, ``"dark"`` or ``"auto"``."""

    @property
    def svg(self) -> str:
        """The picture as SVG."""
        raise TypeError(f"{type(self).__name__} draws nothing")

    def _formats(self) -> Mapping[str, Callable[[], bytes]]:
        """What makes a file, by its ending."""
        return {
            ".svg": lambda: self.svg.encode(),
            ".png": lambda: self._printed("png"),
            ".pdf": lambda: self._printed("pdf"),
            ".tex": self._tex,
            ".html": self._page,
            ".htm": self._page,
        }

    def _printed(self, format: str) -> bytes:
        from autograd.views.canvas.printing import printed

        return printed(self.svg, format)

    def _tex(self) -> bytes:
        from autograd.views.canvas.tikz import tikz

        return tikz([self.svg], self._formulas()).encode()

    def _formulas(self) -> Mapping[str, str]:
        """The LaTeX of those texts in the picture that are formulas."""
        return {}

    def _page(self) -> bytes:
        style = f"{ground(self._theme)} body {{ margin: 16px }}"
        return html_page(self._contents.partition(":")[0], self._repr_html_(), style=style)

    def save(self, path: str | os.PathLike[str]) -> Path:
        r"""Write the picture in the format that the ending of the name says, and return the path.

        - ``.svg``: as a notebook shows it, light or dark as the browser is where the theme is "auto".
        - ``.png`` and ``.pdf``, light where the theme is "auto": of a graph by Graphviz, or matplotlib
          where there is none; of every other picture by matplotlib.
        - ``.html``: a page that needs no other file, on which the picture is zoomed as in a notebook.
        - ``.tex``: a document for ``pdflatex`` (with TikZ and the class standalone), its text in
          LaTeX's fonts and its names and formulas as mathematics.
        - ``.dot`` or ``.gv``, of a graph: its source for Graphviz.

        Raises:
            ValueError: another ending.
            RenderingError: a graph shall be ``.png`` or ``.pdf``, and there is neither a Graphviz that
                makes it nor matplotlib; the message says what to install.
            ImportError: the same of another picture, and there is no matplotlib.
            OSError: the file cannot be written.

        >>> import autograd, tempfile
        >>> y = autograd.Value(2.0, "x1") ** 2
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = autograd.draw(y).save(f"{folder}/square.tex")
        ...     "$x_{1}$" in path.read_text()
        True
        """
        return write_as(path, f"a {self._what}", self._formats())

    def _repr_html_(self) -> str:
        svg = self.svg
        picture = base64.b64encode(svg.encode()).decode()
        label = html.escape(self._contents)
        width, height, text = measures(svg)
        least = width * READABLE / text
        # What is too high shrinks as well, if it can be read then.
        most = width * SCREEN / height if height else width
        fits = least <= most
        shown = max(least, min(width, most)) if fits else width
        box = "overflow: auto; max-width: 100%" + ("" if fits else f"; max-height: {SCREEN:.0f}px")
        # Of an image without a width SVG fills the page: a small picture would be blown up.
        size = f"width: 100%; max-width: {shown:.0f}px; min-width: {least:.0f}px; height: auto"
        return (
            f'<div data-zoom-picture="{width:.0f}" style="{box}"><img alt="{label}" '
            f'style="display: block; {size}" src="data:image/svg+xml;base64,{picture}"></div>'
            f"<script>{asset('zoom.js')}</script>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        makers = {"text/html": self._repr_html_, "text/plain": self.__repr__}
        return {
            mime: make()
            for mime, make in makers.items()
            if (include is None or mime in include) and (exclude is None or mime not in exclude)
        }


def measures(svg: str) -> tuple[float, float, float]:
    """The width and height of a picture in pixels, and the size of its smallest text."""
    head = svg[: svg.index(">")]
    width, height = (
        float(found[1]) if (found := re.search(rf'\s{side}="([\d.]+)"', head)) else 0.0
        for side in ("width", "height")
    )
    box = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) [\d.]+"', head)
    scale = width / float(box[1]) if box else 1.0
    sizes = {float(size) for pattern in SIZES for size in pattern.findall(svg)}
    return width, height, max(scale * min(sizes, default=READABLE / scale), READABLE)


Listed.answer(Embedded, "Drawing")
