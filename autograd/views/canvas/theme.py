"""The theme: colours and lines of every picture and page, for the light and for the dark.

No colour is written anywhere else, apart from black, white and the colour maps of matplotlib: Graphviz
and SVG are given these, style sheets have them as variables (``var(--faint)``), and the figures of `nn`
take them from `autograd.LIGHT`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

# --- colours --------------------------------------------------------------------------------------


SERIES = ("#0068A5", "#C25A00", "#00805E", "#A6538A", "#4D4D4D", "#8A7A00", "#3C9BC9")
"""The colours of curves and of classes, in turn."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one theme. A kind of box has a tint to fill it and a line around it.

    The hues are those of the Okabe-Ito palette, which colour-blind readers can tell apart. Each theme
    states its own background, so a picture reads on any page.

    >>> LIGHT.colours["faint"], LIGHT.colours["leaf_line"]
    ('#555B63', '#A86A00')
    >>> LIGHT.variables()[:22]
    '--background: #FFFFFF;'
    """

    background: str
    frame: str
    frame_line: str
    text: str
    faint: str
    line: str
    rule: str  # between parts of a page, and behind a curve
    button: str
    hover: str
    cotangent: str  # what travels back, the local derivative it meets, and what comes of it
    local: str
    gradient: str
    gradient_tint: str
    positive: str
    negative: str
    kinds: dict[str, tuple[str, str]]
    series: tuple[str, ...] = SERIES

    @property
    def colours(self) -> dict[str, str]:
        """The colours by their names; those of a kind of box are ``leaf`` and ``leaf_line``."""
        own = {key: getattr(self, key) for key in Theme.__slots__ if key not in ("series", "kinds")}
        for kind, (fill, line) in self.kinds.items():
            own |= {kind: fill, f"{kind}_line": line}
        return own

    def variables(self) -> str:
        """The colours as variables of CSS."""
        return " ".join(f"--{key.replace('_', '-')}: {x};" for key, x in self.colours.items())


LIGHT = Theme(
    background="#FFFFFF",
    frame="#F6F7F9",
    frame_line="#A9AFB8",
    text="#1A1A1A",
    faint="#555B63",
    line="#4D4D4D",
    rule="#D5D9DF",
    button="#FFFFFF",
    hover="#E9EDF2",
    cotangent="#B34D00",
    local="#0068A5",
    gradient="#00694D",
    gradient_tint="#D2F2E4",
    positive="#D55E00",
    negative="#0072B2",
    kinds={
        "leaf": ("#FFF1D0", "#A86A00"),
        "parameter": ("#FBE9F3", "#A0437B"),
        "operation": ("#E4F1FA", "#0068A5"),
        "output": ("#D8F0E5", "#00694D"),
        "constant": ("#F3F3F3", "#767676"),
        "folded": ("#ECECF6", "#5A5A8C"),
    },
)

DARK = Theme(
    background="#16181D",
    frame="#1E2127",
    frame_line="#5F6672",
    text="#ECECEC",
    faint="#A9AFB8",
    line="#B4B9C2",
    rule="#3A3F48",
    button="#262A31",
    hover="#343A44",
    cotangent="#FFA657",
    local="#6CC0F0",
    gradient="#3FD6A9",
    gradient_tint="#0F3D30",
    positive="#F0883E",
    negative="#4FA8E0",
    kinds={
        "leaf": ("#3B2E12", "#E6A63A"),
        "parameter": ("#3B2032", "#E58FC0"),
        "operation": ("#142B3D", "#5BB5EA"),
        "output": ("#10352A", "#2FC99C"),
        "constant": ("#2A2C31", "#9DA1A8"),
        "folded": ("#292A40", "#A6A6E0"),
    },
)

THEMES = ("auto", "light", "dark")
"""``"auto"`` is light, and dark where the reader's browser asks for it."""

SHAPES: dict[str, dict[str, str]] = {
    "leaf": {"style": "filled"},
    "parameter": {"style": "filled", "penwidth": "2.4"},
    "operation": {"style": "rounded,filled"},
    "output": {"style": "rounded,filled", "penwidth": "2.4"},
    "constant": {"style": "rounded,filled,dashed"},
    "folded": {"style": "rounded,filled,dotted", "penwidth": "1.6"},
}
"""Lines tell the kinds apart without colour: corners are sharp on what the user made and round on what
was computed; thick lines mark parameters among the one and outputs among the other."""


PASSIVE = {"style": "dashed", "class": "passive"}
"""The arrow of what carries no gradient."""


POINT = {"shape": "point", "width": "0.05", "label": ""}
"""A point that arrows pass through."""


def attributes(of: Mapping[str, str]) -> str:
    """DOT attributes as text. Labels have their quotes escaped already; no other value has any."""
    return ", ".join(f'{key}="{value}"' for key, value in of.items())


def box_style(kind: str, theme: Theme) -> dict[str, str]:
    """The DOT attributes of a box."""
    fill, line = theme.kinds[kind]
    return {"class": kind, "fillcolor": fill, "color": line, **SHAPES[kind]}


def graph_style(theme: Theme, fontsize: float) -> dict[str, dict[str, str]]:
    """The DOT attributes that hold for the graph, all its boxes and all its edges."""
    font = {"fontname": "Helvetica,Arial,sans-serif", "fontcolor": theme.text}
    return {
        "graph": {
            "bgcolor": theme.background,
            "pad": "0.15",
            "nodesep": "0.2",
            "ranksep": "0.5",
            "fontsize": f"{fontsize:g}",
            **font,
        },
        "node": {"shape": "record", "fontsize": f"{fontsize:g}", "margin": "0.12,0.05", **font},
        "edge": {
            "color": theme.line,
            "fontsize": f"{fontsize * 12 / 13:.4g}",
            "arrowsize": "0.7",
            **font,
        },
    }


def frame_style(theme: Theme, fontsize: float) -> dict[str, str]:
    """The DOT attributes of a module's frame."""
    return {
        "style": "rounded",
        "color": theme.frame_line,
        "bgcolor": theme.frame,
        "labeljust": "l",
        "labelloc": "t",
        "fontsize": f"{fontsize:g}",
        "fontcolor": theme.faint,
    }


def _variables() -> Theme:
    names = [field.name for field in fields(Theme) if field.name not in ("series", "kinds")]
    own: dict[str, Any] = {name: f"var(--{name.replace('_', '-')})" for name in names}
    return Theme(
        **own, kinds={kind: (f"var(--{kind})", f"var(--{kind}-line)") for kind in LIGHT.kinds}
    )


VARIABLES = _variables()
"""The colours as `page_style` gives them, whichever theme it is."""


def style_sheet(scope: str, theme: str) -> str:
    """CSS for the SVG, held to the element with id `scope`: weights and halos, and the themes.

    The theme ``"page"`` is that of the page around it, see `page_style`.
    """
    base = DARK if theme == "dark" else LIGHT
    rules = [
        f"#{scope} .edge text, #{scope} .label text {{ paint-order: stroke; stroke: {base.background}; "
        "stroke-width: 3px; stroke-linejoin: round }",
        f"#{scope} .heading text {{ paint-order: stroke; stroke: {base.frame}; stroke-width: 3px; "
        "stroke-linejoin: round }",
        f"#{scope} .node text:first-of-type {{ font-weight: bold }}",
    ]
    if theme == "auto":
        dark = " ".join(_colour_rules(scope, DARK))
        rules.append(f"@media (prefers-color-scheme: dark) {{ {dark} }}")
    elif theme == "page":
        rules += _colour_rules(scope, VARIABLES)
    return "\n".join(rules)


def _colour_rules(scope: str, theme: Theme) -> list[str]:
    """CSS that gives an SVG other colours than it was drawn in."""
    rules = [
        f"#{scope} > polygon {{ fill: {theme.background} }}",
        f"#{scope} text {{ fill: {theme.text} }}",
        f"#{scope} .edge text, #{scope} .label text {{ stroke: {theme.background} }}",
        f"#{scope} .edge path {{ stroke: {theme.line} }}",
        f"#{scope} .edge polygon {{ stroke: {theme.line}; fill: {theme.line} }}",
        f"#{scope} .cluster > path {{ fill: {theme.frame}; stroke: {theme.frame_line} }}",
        f"#{scope} .heading text {{ fill: {theme.faint}; stroke: {theme.frame} }}",
    ]
    for kind, (fill, line) in theme.kinds.items():
        outline = f"#{scope} .{kind} polygon, #{scope} .{kind} path"
        rules.append(f"{outline} {{ fill: {fill}; stroke: {line} }}")
        rules.append(f"#{scope} .{kind} polyline {{ stroke: {line} }}")
    return rules


def ground(theme: str) -> str:
    """CSS for a page that holds nothing but a picture of a theme."""

    def of(colours: Theme) -> str:
        return f"html {{ background: {colours.background}; color: {colours.text} }}"

    if theme != "auto":
        return of(DARK if theme == "dark" else LIGHT)
    return f"{of(LIGHT)} @media (prefers-color-scheme: dark) {{ {of(DARK)} }}"


def page_style(block: str) -> str:
    """CSS that gives the elements of a class the colours as variables, in both themes.

    The boxes in it have those of their kind. The theme is that of ``data-theme``, which a script sets.
    """
    boxes = (
        f".{kind} .box {{ fill: var(--{kind}); stroke: var(--{kind}-line); }}" for kind in SHAPES
    )
    return "\n".join(
        [
            f".{block} {{ {LIGHT.variables()} }}",
            f'.{block}[data-theme="dark"] {{ {DARK.variables()} color-scheme: dark; }}',
            *boxes,
        ]
    )
