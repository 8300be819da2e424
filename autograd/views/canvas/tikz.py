r"""TikZ: the SVG of pictures as a LaTeX file that ``pdflatex`` makes a PDF of, and that others take in.

Text is LaTeX's, in its own fonts, and formulas are set as mathematics.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

from autograd.formulas.tex import KINDS, PREAMBLE, in_ascii, text_in_tex
from autograd.views.canvas.layout import text_width
from autograd.views.canvas.shapes import Contour, Label, Shapes, shapes
from autograd.views.canvas.theme import DARK, LIGHT

PIXEL = 0.75
"""Big points, 72 to the inch, in a pixel."""

COMMANDS = "\n".join(
    rf"\providecommand{{\chalk{kind}}}[1]{{{{\color{{chalk-{kind}}}#1}}}}"
    for kind in KINDS.values()
)
"""The parts of formulas that have a colour of their own."""

HEAD = rf"""% pdflatex makes a PDF of this file, a page for each picture. Another document takes a
% tikzpicture as it is, with \usepackage{{tikz}} and the lines above \begin{{document}}.
\documentclass[tikz]{{standalone}}
{PREAMBLE}{COMMANDS}
%% A text that is no broader than the place it has.
\providecommand{{\fitted}}[2]{{%
  \sbox0{{#2}}\ifdim\wd0>#1\relax\resizebox{{#1}}{{!}}{{\usebox0}}\else\usebox0\fi}}
""".replace("%%", "%")

OPTIONS = (
    f"x={PIXEL}bp, y=-{PIXEL}bp, "
    r"every node/.style={font=\sffamily, inner sep=0pt, outer sep=0pt}"
)
ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}
BOLD, MARGIN = 1.08, 6.0
"""How much broader a text may be than in a common font: by as much as bold text is, and by what a box
has beside it, in pixels."""

BODY = 10.0 / 72 * 96
"""The size of LaTeX's text, in pixels: others are scaled, for its fonts are not there in any size."""


def tikz(pictures: Sequence[str], formulas: Mapping[str, str]) -> str:
    r"""A LaTeX file of pictures.

    The boxes of a graph are nodes to draw on: ``n0`` is what the SVG calls so.

    Args:
        pictures: as SVG.
        formulas: the LaTeX of those of their texts that are formulas.

    >>> from autograd.views.canvas.sheet import Sheet
    >>> sheet = Sheet([], (20, 20), "empty", what="picture", rules={}, theme="light")
    >>> tikz([sheet.svg], {}).splitlines()[-3]
    '\\path[fill=chalk-background] (0,0) -- (20,0) -- (20,20) -- (0,20) -- cycle;'
    """
    colours = _Colours()
    bodies = [_picture(shapes(svg, formulas=True), formulas, colours) for svg in pictures]
    if any(r"\chalk" in body for body in bodies):
        theme = DARK if colours.used.get("chalk-background") == DARK.background[1:] else LIGHT
        for kind in KINDS.values():
            colours.name(getattr(theme, kind))
    return "\n".join([HEAD + colours.text(), r"\begin{document}", *bodies, r"\end{document}", ""])


class _Colours:
    """The colours of a file by their names: those that the theme has, and others by their numbers."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        for theme in (LIGHT, DARK):
            for name, colour in theme.colours.items():
                self.known.setdefault(colour.upper(), f"chalk-{name.replace('_', '-')}")
        self.used: dict[str, str] = {}

    def name(self, colour: str) -> str:
        code = colour.upper().removeprefix("#")
        if re.fullmatch("[0-9A-F]{3}", code):
            code = "".join(2 * c for c in code)
        if not re.fullmatch("[0-9A-F]{6}", code):
            raise ValueError(f"a colour of a picture is #RRGGBB, not {colour!r}")
        name = self.known.get(f"#{code}", f"chalk-{code}")
        if self.used.setdefault(name, code) != code:
            name = f"chalk-{code}"
            self.used[name] = code
        return name

    def text(self) -> str:
        lines = (rf"\definecolor{{{name}}}{{HTML}}{{{code}}}" for name, code in self.used.items())
        return "\n".join(lines)


def _picture(picture: Shapes, formulas: Mapping[str, str], colours: _Colours) -> str:
    lines = [rf"\begin{{tikzpicture}}[{OPTIONS}]"]
    corner = f"({_number(picture.width)},{_number(picture.height)})"
    lines.append(rf"\useasboundingbox (0,0) rectangle {corner};")
    for part, found in itertools.groupby(picture.parts, lambda each: each.part):
        drawn = [
            _contour(each, colours)
            if isinstance(each, Contour)
            else _label(each, formulas, colours)
            for each in found
        ]
        if re.fullmatch("[a-z]+[0-9]+", part):
            drawn = [rf"\begin{{scope}}[local bounding box={part}]", *drawn, r"\end{scope}"]
        elif part:
            drawn.insert(0, f"% {part.encode('unicode_escape').decode()}")
        lines += drawn
    return "\n".join([*lines, r"\end{tikzpicture}"])


def _contour(contour: Contour, colours: _Colours) -> str:
    options = []
    if contour.fill:
        options.append(f"fill={colours.name(contour.fill)}")
        if contour.fill_opacity != 1:
            options.append(f"fill opacity={contour.fill_opacity:.3g}")
    if contour.line and contour.width:
        options.append(f"draw={colours.name(contour.line)}, line width={_points(contour.width)}")
        if contour.line_opacity != 1:
            options.append(f"draw opacity={contour.line_opacity:.3g}")
        if contour.dashes:
            pairs = zip(itertools.cycle(("on", "off")), contour.dashes)
            pattern = " ".join(f"{word} {_points(dash)}" for word, dash in pairs)
            options.append(f"dash pattern={pattern}")
    path = []
    for command, points in contour.path:
        places = [_place(z) for z in points]
        path.append(
            {"M": "{}", "L": "-- {}", "C": ".. controls {} and {} .. {}", "Z": "-- cycle"}[
                command
            ].format(*places)
        )
    return rf"\path[{', '.join(options)}] {' '.join(path)};"


def _label(label: Label, formulas: Mapping[str, str], colours: _Colours) -> str:
    scale = label.size / BODY
    options = [f"anchor={ANCHORS[label.anchor]}, scale={scale:.3g}"]
    options.append(f"text={colours.name(label.colour)}")
    if label.opacity != 1:
        options.append(f"opacity={label.opacity:.3g}")
    if label.angle:
        options.append(f"rotate={_number(-label.angle)}")
    if label.halo:
        options.append(f"fill={colours.name(label.halo)}, inner sep={_points(label.around / 2)}")
    if label.latex:
        text = rf"\rmfamily $\displaystyle {label.latex}$"
    elif label.text in formulas:
        text = f"${in_ascii(formulas[label.text])}$"
    else:
        text = text_in_tex(label.text.strip())
    if label.italic:
        text = rf"\itshape {text}"
    if label.bold:
        text = rf"\bfseries\boldmath {text}"
    width = label.width or text_width(label.text.strip(), label.size)
    width = width * BOLD + MARGIN
    options_ = ", ".join(options)
    return rf"\node[{options_}] at {_place(label.at)} {{\fitted{{{_points(width / scale)}}}{{{text}}}}};"


def _number(x: float) -> str:
    return f"{x:.2f}".rstrip("0").rstrip(".").replace("-0", "0" if abs(x) < 0.005 else "-0")


def _place(z: complex) -> str:
    return f"({_number(z.real)},{_number(z.imag)})"


def _points(x: float) -> str:
    return f"{_number(PIXEL * x)}bp"
