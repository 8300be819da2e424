"""Embedding: what a notebook is given of a picture, so that each front end shows it."""

from __future__ import annotations

import base64
import html
import itertools
import re
from typing import Any

__all__ = ["Embedded"]

shown = itertools.count(1).__next__
"""Numbers the pictures that are put into a page, so that no two on it share an id."""


class Embedded:
    """A picture as SVG that shows itself in a notebook.

    A subclass gives the SVG, the text that its ids begin with, and what it shows in words. A notebook
    that is not trusted drops SVG but keeps images, so the picture comes as an image first; as an image
    it also cannot clash with the page around it. SVG is for other readers.
    """

    _contents: str
    """What the picture shows, in words."""

    @property
    def svg(self) -> str:
        """The picture as SVG."""
        raise TypeError(f"{type(self).__name__} draws nothing")

    def _prefix(self) -> str:
        """What the ids begin with: other pictures have other ones."""
        raise TypeError(f"{type(self).__name__} has no ids")

    def _repr_html_(self) -> str:
        picture = base64.b64encode(self.svg.encode()).decode()
        label = html.escape(self._contents)
        # As an image, SVG without a width fills the page: a small picture would be blown up.
        natural = re.search(r"max-width: (\d+)px", self.svg)
        width = f"width: {natural[1]}px; " if natural else ""
        return (
            f'<img alt="{label}" style="{width}max-width: 100%; height: auto" '
            f'src="data:image/svg+xml;base64,{picture}">'
        )

    def _repr_svg_(self) -> str:
        """The SVG with ids that no other picture on the page has, not even one of the same graph."""
        prefix = self._prefix()
        return self.svg.replace(prefix, f"{prefix}{shown()}-")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        makers = {
            "text/html": self._repr_html_,
            "image/svg+xml": self._repr_svg_,
            "text/plain": self.__repr__,
        }
        return {
            mime: make()
            for mime, make in makers.items()
            if (include is None or mime in include) and (exclude is None or mime not in exclude)
        }
