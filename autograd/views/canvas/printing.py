"""Printing: the SVG of pictures as PNG or as the pages of a PDF, by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from autograd.support.installing import install_hint
from autograd.views.canvas.shapes import Contour, Label, Shapes, shapes

PIXEL = 0.75
"""Points in a pixel."""

NARROWED = {False: 0.9, True: 0.84}
"""Text, and bold text, against its size in SVG: matplotlib's font has the mathematics, and is broader
than Helvetica."""

SERIF = {"fontfamily": "STIXGeneral"}
"""The font of formulas, which comes with matplotlib as well, and is as broad as Times."""

ANCHORS = {"start": "left", "middle": "center", "end": "right"}


def printed(svg: str | Sequence[str], format: str) -> bytes:
    """The bytes of a picture, or of several as the pages of a PDF.

    The colours are those that it has without a browser that asks for dark ones.

    Raises:
        ImportError: there is no matplotlib.

    >>> from autograd.views.canvas.sheet import Sheet
    >>> sheet = Sheet([], (20, 20), "empty", what="picture", rules={}, theme="light")
    >>> printed(sheet.svg, "png")[1:4]
    b'PNG'
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.backends.backend_pdf import PdfPages
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            f"such a picture becomes {format.upper()} by matplotlib, which is missing: "
            f"{install_hint('plot')}, or save it as .svg, which needs none ({error})"
        ) from None

    def figure(svg: str) -> Any:
        picture = shapes(svg)
        figure = Figure(figsize=(picture.width / 96, picture.height / 96))
        FigureCanvasAgg(figure)
        _draw(figure, picture)
        return figure

    packed = BytesIO()
    if format == "pdf":
        # No date: the same picture has the same bytes.
        with PdfPages(packed, metadata={"CreationDate": None}) as pages:
            for page in [svg] if isinstance(svg, str) else svg:
                picture = figure(page)
                pages.savefig(picture)
    else:
        figure(svg if isinstance(svg, str) else svg[0]).savefig(packed, format=format, dpi=192)
    return packed.getvalue()


def _draw(figure: Any, picture: Shapes) -> None:
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, picture.width)
    axes.set_ylim(picture.height, 0)
    for depth, each in enumerate(picture.parts):
        if isinstance(each, Contour):
            _add_contour(axes, each, depth)
        else:
            _add_label(axes, each, depth)


def _add_contour(axes: Any, contour: Contour, depth: int) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    codes = {"M": [Path.MOVETO], "L": [Path.LINETO], "C": [Path.CURVE4] * 3, "Z": [Path.CLOSEPOLY]}
    vertices = [z for command, points in contour.path for z in points or (0j,)]
    patch = PathPatch(
        Path(
            [(z.real, z.imag) for z in vertices],
            [code for command, _ in contour.path for code in codes[command]],
        ),
        facecolor=(contour.fill, contour.fill_opacity) if contour.fill else "none",
        edgecolor=(contour.line, contour.line_opacity) if contour.line else "none",
        linewidth=contour.width * PIXEL if contour.line else 0,
        capstyle="butt",
        zorder=depth,
    )
    if contour.dashes and contour.line and contour.width:
        # Matplotlib measures dashes in the width of the line.
        patch.set_linestyle((0, [dash / contour.width for dash in contour.dashes]))
    axes.add_artist(patch)


def _add_label(axes: Any, label: Label, depth: int) -> None:
    text = axes.text(
        label.at.real,
        label.at.imag,
        label.text,
        parse_math=False,
        size=label.size * PIXEL * (1.0 if label.serif else NARROWED[label.bold]),
        weight="bold" if label.bold else "normal",
        style="italic" if label.italic else "normal",
        color=(label.colour, label.opacity),
        ha=ANCHORS[label.anchor],
        va="baseline",
        rotation=-label.angle,
        rotation_mode="anchor",
        zorder=depth,
        **(SERIF if label.serif else {}),
    )
    if label.halo:
        from matplotlib.patheffects import withStroke

        halo = withStroke(linewidth=2 * label.around * PIXEL, foreground=label.halo)
        text.set_path_effects([halo])
