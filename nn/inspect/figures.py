"""Figures: what all pictures share. Each is a matplotlib Figure that belongs to no window.

`figure.savefig("x.svg")` writes one, and a notebook shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import autograd
from nn.arguments import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure


COLOURS = autograd.LIGHT.series
BLUE, ORANGE = COLOURS[:2]
GREY, RULE = autograd.LIGHT.line, autograd.LIGHT.rule


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    for x, what in ((width, "width"), (height, "height")):
        number(x, f"{what}, in inches,", high=1000, above=True)
    try:
        import matplotlib.figure  # noqa: F401  (what is missing is told here, also the second time)

        from nn.inspect.shown import ShownFigure
    except ImportError as error:
        raise ImportError(
            f"this picture is drawn with matplotlib: {autograd.install_hint('plot')} ({error})"
        ) from None
    return ShownFigure(figsize=(width, height), layout="constrained")


def plain(axes: Any) -> None:
    """Only the axes that are read."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=GREY)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
