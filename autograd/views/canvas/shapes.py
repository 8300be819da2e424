"""Shapes: what a picture consists of, read from its SVG, for what makes other files of it.

Every picture of the library is SVG first: rectangles, circles, paths of lines and Bézier curves, and
text, with their style in attributes and classes. Anything else is an error, not left out.
"""

from __future__ import annotations

import cmath
import math
import re
from itertools import pairwise
from typing import NamedTuple
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"

Command = tuple[str, tuple[complex, ...]]
"""M and L with a point, C with two that pull and one to go to, Z with none: x + iy, in pixels."""

Style = dict[str, str]


class Contour(NamedTuple):
    """A line or an area; of `fill` and `line` either is a colour or ``""``. `part` is what it is of."""

    path: tuple[Command, ...]
    fill: str
    line: str
    width: float
    dashes: tuple[float, ...]
    fill_opacity: float
    line_opacity: float
    part: str


class Label(NamedTuple):
    """A line of text; `anchor` is ``start``, ``middle`` or ``end``, and `angle` turns it clockwise.

    `halo` is the colour around its letters, or ``""``, and `around` how far that reaches. A formula
    has its `latex`, and its `width` in the picture.
    """

    text: str
    at: complex
    size: float
    anchor: str
    bold: bool
    italic: bool
    serif: bool
    colour: str
    opacity: float
    angle: float
    halo: str
    around: float
    part: str
    latex: str = ""
    width: float = 0.0


class Shapes(NamedTuple):
    """A picture: its size in pixels, and its shapes from the back to the front."""

    width: float
    height: float
    parts: list[Contour | Label]


def shapes(svg: str, *, formulas: bool = False) -> Shapes:
    """The shapes of a picture, in the colours it has without a browser that asks for dark ones.

    Args:
        formulas: whether a formula is one label with its LaTeX, and not letters and lines.

    Raises:
        ValueError: there is an element in it that no picture of the library has.

    >>> svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>'
    >>> shapes(svg).parts[0].path[0]
    ('M', ((4+0j),))
    """
    root = ElementTree.fromstring(svg)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    box = [float(x) for x in root.get("viewBox", f"0 0 {width} {height}").split()]
    scale = complex(width / box[2])
    reader = _SvgReader(_rules(root), formulas)
    reader.children(
        root, [], INITIAL | _declared(root.attrib), (scale, -scale * complex(*box[:2])), ""
    )
    return Shapes(width, height, reader.found)


# --- style ------------------------------------------------------------------------------------------

INITIAL: Style = {
    "fill": "#000000",
    "stroke": "none",
    "stroke-width": "1",
    "stroke-dasharray": "none",
    "font-family": "sans-serif",
    "font-size": "13",
    "font-style": "normal",
    "font-weight": "normal",
    "opacity": "1",
    "text-anchor": "start",
}
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
FONT = re.compile(r"(?:(bold|italic|normal|\d00) )?([\d.]+)px (.*)")
BOLD = ("bold", "600", "700")


class _Rule(NamedTuple):
    """A rule of a style sheet: tags and classes from the outside in, and what it declares."""

    where: list[str]
    style: Style

    @property
    def weight(self) -> tuple[int, int]:
        """What wins: more classes, then more tags."""
        classes = sum(each.count(".") + each.count(":") for each in self.where)
        return classes, sum(each[0] not in ".:" for each in self.where)


def _rules(root: ElementTree.Element) -> list[_Rule]:
    """The rules in the order in which they overrule one another; those for dark pages are left out."""
    found = []
    for style in root.iter(f"{SVG}style"):
        text = (style.text or "").partition("@media")[0]
        for selectors, declarations in RULE.findall(text):
            pairs = (each.partition(":") for each in declarations.split(";") if each.strip())
            declared = _declared({key.strip(): value.strip() for key, _, value in pairs})
            for selector in selectors.split(","):
                found.append(_Rule([x for x in selector.split() if x[0] != "#"], declared))
    return sorted(found, key=lambda rule: rule.weight)


def _declared(given: Style) -> Style:
    """Attributes or declarations, with the font's in single ones."""
    style = {key: value.removesuffix("px") for key, value in given.items() if key in LOOKS}
    if font := FONT.match(given.get("font", "")):
        kind = font[1] or "normal"
        style |= {"font-size": font[2], "font-family": font[3]}
        style |= {"font-style" if kind == "italic" else "font-weight": kind}
    return style


LOOKS = {*INITIAL, "fill-opacity", "stroke-opacity", "paint-order"}

Around = list[tuple[str, list[str], bool]]
"""An element and those around it, the outermost first: tags, classes, whether the first of its tag."""


def _matches(rule: _Rule, around: Around) -> bool:
    """Whether a rule is for the last element."""
    *outer, last = rule.where
    if not _is(last, around[-1]):
        return False
    at = iter(around[:-1])
    return all(any(_is(each, element) for element in at) for each in outer)


def _is(selector: str, element: tuple[str, list[str], bool]) -> bool:
    simple, _, pseudo = selector.partition(":")
    tag, *classes = simple.split(".")
    name, own, first = element
    return tag in ("", name) and set(classes) <= set(own) and (first or not pseudo)


# --- elements ---------------------------------------------------------------------------------------

Transform = tuple[complex, complex]
"""z ↦ a z + b: pictures are moved, turned and made larger, and never skewed."""

DRAWN = ("node", "edge", "cluster")
"""The classes of groups that are a part of a graph, which their title names."""

TURN = 4 / 3 * (math.sqrt(2) - 1)
"""How far along a quarter of a circle the points lie that pull a Bézier curve into it."""

TOKEN = re.compile(r"[A-Za-z]|-?\.?\d[\d.]*(?:e-?\d+)?")
COUNTS = {"M": 1, "L": 1, "C": 3, "Z": 0}


class _SvgReader:
    def __init__(self, rules: list[_Rule], formulas: bool) -> None:
        self.rules, self.formulas = rules, formulas
        self.found: list[Contour | Label] = []

    def children(
        self, group: ElementTree.Element, around: Around, style: Style, place: Transform, part: str
    ) -> None:
        seen: set[str] = set()
        for each in group:
            tag = each.tag.removeprefix(SVG)
            if tag not in ("title", "style"):
                names = each.get("class", "").split()
                self.element(each, [*around, (tag, names, tag not in seen)], style, place, part)
            seen.add(tag)

    def element(
        self,
        element: ElementTree.Element,
        around: Around,
        outer: Style,
        place: Transform,
        part: str,
    ) -> None:
        tag, names, _ = around[-1]
        style = outer | _declared(element.attrib)
        for rule in self.rules:
            if _matches(rule, around):
                style |= rule.style
        if style["opacity"] is not outer["opacity"]:
            style["opacity"] = str(float(style["opacity"]) * float(outer["opacity"]))
        place = _moved(place, element.get("transform", ""))
        if tag == "g" and self.formulas and "data-latex" in element.attrib:
            label = _label(element, style, place, part)
            width = _number(element, "data-width") * abs(place[0])
            self.found.append(label._replace(latex=element.attrib["data-latex"], width=width))
        elif tag == "g":
            if set(names) & set(DRAWN):
                part = element.findtext(f"{SVG}title", part)
            self.children(element, around, style, place, part)
        elif tag == "text":
            self.found.append(_label(element, style, place, part))
        else:
            self.found.append(_contour(tag, element, style, place, part))


def _moved(place: Transform, transform: str) -> Transform:
    a, b = place
    for name, text in re.findall(r"(\w+)\(([^)]*)\)", transform):
        numbers = [float(x) for x in re.split(r"[\s,]+", text.strip())]
        if name == "translate":
            b += a * complex(*numbers)
        elif name == "rotate" and len(numbers) == 1:
            a *= cmath.rect(1.0, math.radians(numbers[0]))
        elif name == "scale" and len(set(numbers)) == 1:
            a *= numbers[0]
        else:
            raise ValueError(f"a picture has no transform {name}({text})")
    return a, b


def _number(element: ElementTree.Element, name: str) -> float:
    return float(element.get(name, "0"))


def _colour(style: Style, name: str) -> str:
    return "" if style[name] in ("none", "transparent") else style[name]


def _label(element: ElementTree.Element, style: Style, place: Transform, part: str) -> Label:
    a, b = place
    halo = _colour(style, "stroke") if style.get("paint-order") == "stroke" else ""
    return Label(
        element.text or "",
        a * complex(_number(element, "x"), _number(element, "y")) + b,
        float(style["font-size"]) * abs(a),
        style["text-anchor"],
        style["font-weight"] in BOLD,
        style["font-style"] == "italic",
        style["font-family"].endswith(" serif"),
        style["fill"],
        float(style.get("fill-opacity", "1")) * float(style["opacity"]),
        math.degrees(cmath.phase(a)),
        halo,
        float(style["stroke-width"]) / 2 * abs(a) if halo else 0.0,
        part,
    )


def _contour(
    tag: str, element: ElementTree.Element, style: Style, place: Transform, part: str
) -> Contour:
    a, b = place
    dashes = style["stroke-dasharray"]
    return Contour(
        tuple(
            (command, tuple(a * z + b for z in points)) for command, points in _path(tag, element)
        ),
        _colour(style, "fill"),
        _colour(style, "stroke"),
        float(style["stroke-width"]) * abs(a),
        () if dashes == "none" else tuple(float(x) * abs(a) for x in re.split(r"[ ,]+", dashes)),
        float(style.get("fill-opacity", "1")) * float(style["opacity"]),
        float(style.get("stroke-opacity", "1")) * float(style["opacity"]),
        part,
    )


def _path(tag: str, element: ElementTree.Element) -> list[Command]:
    if tag in ("circle", "ellipse"):
        across, down = ("r", "r") if tag == "circle" else ("rx", "ry")
        return _ellipse(*(_number(element, name) for name in ("cx", "cy", across, down)))
    if tag == "rect":
        return _rectangle(*(_number(element, x) for x in ("x", "y", "width", "height", "rx")))
    if tag in ("polygon", "polyline"):
        numbers = [float(x) for x in re.split(r"[\s,]+", element.get("points", "").strip())]
        points = [complex(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]
        path: list[Command] = [("M" if k == 0 else "L", (z,)) for k, z in enumerate(points)]
        return [*path, ("Z", ())] if tag == "polygon" else path
    if tag != "path":
        raise ValueError(f"a picture has no element {tag!r}")
    return _commands(element.get("d", ""))


def _ellipse(x: float, y: float, across: float, down: float) -> list[Command]:
    points = [complex(x + across * z.real, y + down * z.imag) for z in (1, 1j, -1, -1j, 1)]
    path: list[Command] = [("M", (points[0],))]
    for k, (start, end) in enumerate(pairwise(points)):
        path.append(("C", _quarter(start, end, bool(k % 2))))
    return [*path, ("Z", ())]


def _quarter(start: complex, end: complex, across: bool) -> tuple[complex, complex, complex]:
    """A quarter of an ellipse as a Bézier curve that begins across the picture, or down it."""
    corner = complex(end.real, start.imag) if across else complex(start.real, end.imag)
    return start + TURN * (corner - start), end + TURN * (corner - end), end


def _rectangle(x: float, y: float, width: float, height: float, r: float) -> list[Command]:
    r = min(r, width / 2, height / 2)
    corners = [complex(x, y), complex(x + width, y), complex(x + width, y + height)]
    corners.append(complex(x, y + height))
    if not r:
        path: list[Command] = [("M" if k == 0 else "L", (z,)) for k, z in enumerate(corners)]
        return [*path, ("Z", ())]
    path = []
    for k, (corner, way) in enumerate(zip(corners, (1, 1j, -1, -1j), strict=True)):
        start, end = corner + 1j * r * way, corner + r * way
        path += [("M" if k == 0 else "L", (start,)), ("C", _quarter(start, end, bool(k % 2)))]
    return [*path, ("Z", ())]


def _commands(text: str) -> list[Command]:
    """The path that SVG writes, with lines and curves to absolute places."""
    path: list[Command] = []
    tokens = TOKEN.findall(text)[::-1]
    at = start = 0j
    command = ""
    while tokens:
        if tokens[-1].isalpha():
            command = tokens.pop()
        kind, base = command.upper(), at if command.islower() else 0j
        if kind == "Z":
            path.append(("Z", ()))
            at = start
            continue
        if kind in "HV":
            number = float(tokens.pop())
            across = base.real + number if kind == "H" else at.real
            points = [complex(across, base.imag + number if kind == "V" else at.imag)]
            kind = "L"
        elif kind == "A":
            rx, ry, _, large, sweep, x, y = (float(tokens.pop()) for _ in range(7))
            step = complex(x, y) + base - at
            if not math.isclose(rx, ry) or large or abs(abs(step.real) - rx) > 1e-6 * rx + 0.01:
                raise ValueError(
                    f"a picture has quarters of circles, and no other arcs: {text!r:.60}"
                )
            points = list(_quarter(at, at + step, (step.real * step.imag > 0) == bool(sweep)))
            kind = "C"
        elif kind in COUNTS:
            points = [
                base + complex(float(tokens.pop()), float(tokens.pop()))
                for _ in range(COUNTS[kind])
            ]
        else:
            raise ValueError(f"a picture has no command {command!r} in a path: {text!r:.60}")
        path.append((kind, tuple(points)))
        at = points[-1]
        if kind == "M":
            start, command = at, "l" if command == "m" else "L"
    return path
