"""Sheet: a picture that is drawn shape by shape, as SVG, without Graphviz."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograd.formulas.plain import visible
from autograd.views.canvas.embedding import Embedded
from autograd.views.canvas.page import fingerprint
from autograd.views.canvas.theme import DARK, LIGHT, Theme

Rules = Mapping[str, str]
"""CSS by selector: what follows ``#id ``, and declarations in which ``{text}``, ``{leaf_line}`` and
the other colours of a `Theme` stand for themselves."""

FONT = "Helvetica, Arial, sans-serif"

BASE: Rules = {
    ".page": "fill: {background}",
    "text": f"fill: {{text}}; font: 13px {FONT}",
    ".title": f"font: bold 15px {FONT}",
    ".faint": f"fill: {{faint}}; font: 12px {FONT}",
}
"""What every sheet has: a background of its own, and text that reads on it."""


class Sheet(Embedded):
    """A picture of shapes that this library placed. A notebook shows it; `save` writes it.

    Args:
        shapes: SVG elements in order; text in them is `safe`.
        size: width and height in pixels.
        title: what it shows, in words.
        told: the same for who does not see it, where that takes more words.
        what: what it is called where it cannot be saved, and its ids begin with it.
        rules: the style of the shapes' classes.
        theme: ``"light"``, ``"dark"`` or ``"auto"``.
    """

    def __init__(
        self,
        shapes: Sequence[str],
        size: tuple[float, float],
        title: str,
        *,
        what: str,
        rules: Rules,
        theme: str,
        told: str = "",
    ) -> None:
        self._what, self._theme = what, theme
        self._contents, self._title = told or title, title
        width, height = (round(x) for x in size)
        body = "\n".join([f'<rect class="page" width="{width}" height="{height}"/>', *shapes])
        name = f"{self._prefix()}{fingerprint(f'{theme} {body}')}"
        self._svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" id="{name}">\n'
            f"<title>{safe(self._contents)}</title>\n"
            f"<style>{_style(name, rules, theme)}</style>\n{body}\n</svg>"
        )

    @property
    def svg(self) -> str:
        """The picture as SVG, in its natural size; the same picture has the same bytes."""
        return self._svg

    def _prefix(self) -> str:
        return f"{self._what.split()[-1].lower()}-"


class ModelPicture(Sheet):
    """The picture of a model, made by `draw`. A notebook shows it; `save` writes it."""

    def __repr__(self) -> str:
        return f'<ModelPicture of {self._title}: .save("model.svg"), .svg>'


def _style(name: str, rules: Rules, theme: str) -> str:
    def resolved(of: Theme) -> list[str]:
        return [
            ", ".join(f"#{name} {each.strip()}" for each in selector.split(","))
            + f" {{ {declarations.format(**of.colours)} }}"
            for selector, declarations in {**BASE, **rules}.items()
        ]

    text = "\n".join(resolved(DARK if theme == "dark" else LIGHT))
    if theme == "auto":
        dark = " ".join(resolved(DARK))
        text += f"\n@media (prefers-color-scheme: dark) {{ {dark} }}"
    return text


def safe(text: str) -> str:
    """Any text inside an element or an attribute; what XML cannot hold as Python escapes it."""
    for c, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(c, entity)
    return visible(text)
