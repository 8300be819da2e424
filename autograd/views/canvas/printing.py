"""Printing: the SVG of a `Sheet` as PNG or PDF, by matplotlib.

Only what sheets are made of is understood: rectangles, circles, paths of lines and Bézier curves,
and text, with their style in classes. Anything else is an error, not left out.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

from autograd.support.installing import install_hint

SVG = "{http://www.w3.org/2000/svg}"
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
TOKEN = re.compile(r"[A-Za-z]|-?[\d.]+(?:e-?\d+)?")
PIXEL = 0.75
"""Points in a pixel."""

INHERITED = {"fill": "#000000", "stroke": "none", "stroke-width": "1", "font": "13px sans-serif"}


def printed(svg: str, format: str) -> bytes:
    """The bytes of a picture, in its light or dark colours as it is without a browser that asks.

    Raises:
        ImportError: there is no matplotlib.

    >>> from autograd.views.canvas.sheet import Sheet
    >>> sheet = Sheet([], (20, 20), "empty", what="picture", rules={}, theme="light")
    >>> printed(sheet.svg, "png")[1:4]
    b'PNG'
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            f"a picture that is no graph becomes {format.upper()} by matplotlib, which is missing: "
            f"{install_hint('plot')}, or save it as .svg ({error})"
        ) from None
    root = ElementTree.fromstring(svg)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    figure = Figure(figsize=(width / 96, height / 96))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    rules = _rules(root)
    for each in root:
        _draw(axes, each, rules, INHERITED)
    picture = BytesIO()
    # No date: the same picture has the same bytes.
    metadata = {"CreationDate": None} if format == "pdf" else None
    figure.savefig(picture, format=format, dpi=192, metadata=metadata)
    return picture.getvalue()


def _rules(root: ElementTree.Element) -> dict[str, dict[str, str]]:
    """Declarations by tag or by .class, in order; those for dark pages are passed over."""
    found: dict[str, dict[str, str]] = {}
    for style in root.iter(f"{SVG}style"):
        text = (style.text or "").partition("@media")[0]
        for selectors, declarations in RULE.findall(text):
            parts = [each.partition(":") for each in declarations.split(";") if each.strip()]
            for selector in selectors.split(","):
                of = found.setdefault(selector.split()[-1], {})
                of |= {key.strip(): value.strip() for key, _, value in parts}
    return found


def _draw(
    axes: Any,
    element: ElementTree.Element,
    rules: dict[str, dict[str, str]],
    around: dict[str, str],
) -> None:
    tag = element.tag.removeprefix(SVG)
    if tag in ("title", "style"):
        return
    own = {key: x for key, x in element.attrib.items() if key not in ("x", "y", "class")}
    style = around | own | rules.get(tag, {})
    for name in element.get("class", "").split():
        style |= rules.get(f".{name}", {})
    if tag == "g":
        for each in element:
            _draw(axes, each, rules, style)
        return
    if tag == "text":
        _write(axes, element, style)
        return
    from matplotlib.patches import PathPatch

    fill, stroke = style["fill"], style["stroke"]
    axes.add_patch(
        PathPatch(
            _path(tag, element),
            facecolor=_colour(fill, style.get("fill-opacity")),
            edgecolor=_colour(stroke, style.get("stroke-opacity")),
            linewidth=float(style["stroke-width"]) * PIXEL if stroke != "none" else 0,
            capstyle="butt",
        )
    )


def _colour(colour: str, opacity: str | None) -> Any:
    return "none" if colour == "none" else (colour, float(opacity or 1))


def _path(tag: str, element: ElementTree.Element) -> Any:
    from matplotlib.path import Path

    def number(name: str) -> float:
        return float(element.get(name, "0"))

    if tag == "circle":
        return Path.circle((number("cx"), number("cy")), number("r"))
    if tag == "rect":
        x, y, w, h, r = (number(name) for name in ("x", "y", "width", "height", "rx"))
        if not r:
            return Path([(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)], closed=True)
        from matplotlib.patches import FancyBboxPatch

        style = f"round,pad=0,rounding_size={r}"
        return FancyBboxPatch((x, y), w, h, boxstyle=style).get_path()
    if tag != "path":
        raise ValueError(f"a sheet has no element {tag!r}")
    vertices: list[tuple[float, float]] = []
    codes: list[Any] = []
    tokens = TOKEN.findall(element.get("d", ""))
    at = (0.0, 0.0)
    start = at
    command = ""
    while tokens:
        if tokens[0].isalpha():
            command = tokens.pop(0)
        if command == "Z":
            vertices.append(start)
            codes.append(Path.CLOSEPOLY)
            continue
        count = {"M": 2, "L": 2, "C": 6, "H": 1, "V": 1}[command]
        numbers, tokens = [float(each) for each in tokens[:count]], tokens[count:]
        if command == "H":
            numbers.append(at[1])
        elif command == "V":
            numbers.insert(0, at[0])
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        at = points[-1]
        if command == "M":
            start, command = at, "L"
            codes.append(Path.MOVETO)
        else:
            codes += [Path.CURVE4] * 3 if len(points) == 3 else [Path.LINETO]
        vertices += points
    return Path(vertices, codes)


FONTS = re.compile(r"(?:(bold|italic) )?([\d.]+)px")


def _write(axes: Any, element: ElementTree.Element, style: dict[str, str]) -> None:
    """A line of text, in matplotlib's font: it has the mathematics, and is broader than Helvetica."""
    font = FONTS.search(style["font"])
    kind, size = (font[1], float(font[2])) if font else (None, 13.0)
    x, y, angle = float(element.get("x", "0")), float(element.get("y", "0")), 0.0
    if turned := re.fullmatch(
        r"translate\(([\d.-]+) ([\d.-]+)\) rotate\(([\d.-]+)\)", style.get("transform", "")
    ):
        x, y, angle = float(turned[1]), float(turned[2]), -float(turned[3])
    axes.text(
        x,
        y,
        element.text or "",
        parse_math=False,
        size=size * PIXEL * 0.9,
        weight="bold" if kind == "bold" else "normal",
        color=_colour(style["fill"], style.get("fill-opacity")),
        ha={"middle": "center", "end": "right"}.get(style.get("text-anchor", ""), "left"),
        va="baseline",
        rotation=angle,
        rotation_mode="anchor",
    )
