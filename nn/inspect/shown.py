"""A matplotlib Figure that a notebook shows, whether or not pyplot has been set up there."""

from __future__ import annotations

import base64
import html
import os
from io import BytesIO
from typing import Any

from matplotlib import rcParams
from matplotlib.figure import Figure

from autograd import write_whole


class ShownFigure(Figure):
    """A Figure with a picture of its own: IPython knows those of pyplot only."""

    def savefig(self, fname: Any, **options: Any) -> None:
        """Matplotlib's, but that a file is written whole or not at all."""
        if not isinstance(fname, str | os.PathLike):
            super().savefig(fname, **options)
            return
        name = os.fspath(fname)
        ending = os.path.splitext(name)[1][1:]
        if options.get("format") is None:
            options["format"] = ending or rcParams["savefig.format"]
            name = name if ending else f"{name}.{options['format']}"
        picture = BytesIO()
        super().savefig(picture, **options)
        write_whole(name, picture.getvalue())

    def _repr_png_(self) -> bytes | None:
        if not self.axes:
            return None
        picture = BytesIO()
        options: dict[str, Any] = {"format": "png", "bbox_inches": "tight"}
        self.savefig(picture, **options)
        return picture.getvalue()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """The image with its alternative text beside it, and as HTML for who looks for none there."""
        shown = self._repr_png_()
        if shown is None:
            return None
        data, alt = base64.b64encode(shown).decode(), described(self)
        page = f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'
        return {"image/png": data, "text/html": page}, {"image/png": {"alt": alt}}


def described(figure: Figure) -> str:
    """A figure in words: its title, and of each panel the title, the axes, the lines and what is shown.

    >>> figure = ShownFigure()
    >>> axes = figure.subplots()
    >>> _ = axes.plot([0, 1], [2.0, 0.5], label="loss")
    >>> _ = axes.set(title="training", xlabel="epoch", ylabel="loss")
    >>> described(figure)
    'Figure: training: loss by epoch, 1 line: loss from 2 to 0.5'
    """
    panels = [axes for axes in figure.axes if axes.get_visible() and axes.axison]
    head = figure.get_suptitle()
    shared = [figure.get_supxlabel(), figure.get_supylabel()]
    told = [_panel(axes, *shared) for axes in panels[:PANELS] if axes.get_label() != "<colorbar>"]
    more = [f"and {len(panels) - PANELS} panels more"] if len(panels) > PANELS else []
    count = f" of {len(panels)} panels" if len(panels) > 1 else ""
    return f"Figure{count}: " + "; ".join(filter(None, [_words(head), *told, *more]))


PANELS, LINES = 12, 6
"""Panels, and lines of one, that the words on a figure name."""


def _words(text: str) -> str:
    return " ".join(text.split())


def _panel(axes: Any, across: str, up: str) -> str:
    """One panel in words."""
    along, above = _words(axes.get_xlabel() or across), _words(axes.get_ylabel() or up)
    title = _words(axes.get_title() or axes.get_title("left"))
    parts = [f"{above} by {along}" if along and above else along or above]
    lines = [line for line in axes.get_lines() if len(line.get_ydata()) > 1]
    named = [line for line in lines if not str(line.get_label()).startswith("_")]
    if lines:
        ends = [
            f"{_words(str(line.get_label()))} from {float(y[0]):.3g} to {float(y[-1]):.3g}"
            for line in named[:LINES]
            for y in [line.get_ydata()]
        ]
        parts.append(
            f"{len(lines)} line{'s' * (len(lines) != 1)}" + (": " if ends else "") + ", ".join(ends)
        )
    if axes.images:
        parts.append("an image")
    if axes.collections:
        parts.append("points or coloured regions")
    if axes.patches:
        parts.append("bars")
    return ": ".join(filter(None, [title, ", ".join(filter(None, parts))]))
