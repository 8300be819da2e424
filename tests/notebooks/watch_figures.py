"""Run by a kernel before a notebook's first cell: notes what is missing from each figure it shows.

The complaints go into the file that ``CHALKGRAD_FIGURES`` names, one JSON list per figure.
"""

import json
import os

from matplotlib.backend_bases import FigureCanvasBase

MANY = 6


def text_of(artist):
    """The text of a title or label that may not be there."""
    return artist.get_text().strip() if artist is not None else ""


def named(axes, which):
    """Whether an axis has a label: its own, the figure's, or that of axes in its column or row.

    In a grid of many small panels one label may stand for all.
    """
    figures, figure = [], axes.get_figure()
    while figure is not None and figure not in figures:
        figures.append(figure)
        figure = getattr(figure, "_parent", None)
    group = getattr(axes, f"get_shared_{which}_axes")().get_siblings(axes)
    place = axes.get_subplotspec()
    for other in axes.figure.axes:
        spot = other.get_subplotspec()
        if place and spot and spot.get_gridspec() is place.get_gridspec():
            aligned = spot.colspan == place.colspan or spot.rowspan == place.rowspan
            group += [other] * (aligned or len(axes.figure.axes) > MANY)
    return any(getattr(each, f"get_{which}label")().strip() for each in group) or any(
        text_of(getattr(each, f"_sup{which}label", None)) for each in figures
    )


def complaints(figure):
    """What a reader misses: a title, the name of an axis, a legend."""
    found = []
    shown = [axes for axes in figure.axes if axes.get_visible() and axes.axison]
    shown = [a for a in shown if a.has_data() and a.get_label() != "<colorbar>"]
    subfigures = getattr(figure, "subfigs", [])
    titles = [text_of(getattr(each, "_suptitle", None)) for each in (figure, *subfigures)]
    titles += [
        axes.get_title(where) for axes in figure.axes for where in ("left", "center", "right")
    ]
    if not any(title.strip() for title in titles):
        found.append("no title")
    legends = bool(figure.legends) or any(each.legends for each in subfigures)
    for number, axes in enumerate(shown, start=1):
        if hasattr(axes, "zaxis"):
            continue
        for which in "xy":
            ticks = getattr(axes, f"get_{which}ticks")()
            if len(ticks) and not named(axes, which):
                found.append(f"axes {number}: no {which} label")
        labels = axes.get_legend_handles_labels()[1]
        if len(labels) > 1 and not legends and not any(a.get_legend() for a in figure.axes):
            found.append(f"axes {number}: no legend for {', '.join(labels)}")
    return found


def watched(canvas, *arguments, print_figure=FigureCanvasBase.print_figure, **options):
    """Draws as before, and notes."""
    if os.environ.get("CHALKGRAD_FIGURES"):
        with open(os.environ["CHALKGRAD_FIGURES"], "a", encoding="utf-8") as file:
            file.write(json.dumps(complaints(canvas.figure)) + "\n")
    return print_figure(canvas, *arguments, **options)


FigureCanvasBase.print_figure = watched
