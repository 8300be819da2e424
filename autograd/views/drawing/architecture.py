"""The architecture of a model: its modules as boxes in boxes, with their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograd.views.canvas.layout import text_width
from autograd.views.canvas.sheet import ModelPicture, Rules, safe

RULES: Rules = {
    ".name": "font: bold 13px Helvetica, Arial, sans-serif",
    ".frame": "fill: {frame}; stroke: {frame_line}; stroke-width: 1",
    ".layer": "fill: {parameter}; stroke: {parameter_line}; stroke-width: 1.6",
    ".plain": "fill: {operation}; stroke: {operation_line}; stroke-width: 1",
    ".many": "fill: {folded}; stroke: {folded_line}; stroke-width: 1.2",
    ".arrow": "fill: none; stroke: {line}; stroke-width: 1.2",
    ".tip": "fill: {line}",
}

NAMED = 12
"""Modules that the words on the whole picture name."""

LINE = 17.0
ARROW = 22.0
GAP = 8.0
PAD = 14.0


class Part:
    """One module: the lines of its box, the modules in it, and how many of its kind it stands for."""

    def __init__(self, row: Mapping[str, Any], computes: str, gives: str) -> None:
        self.path, self.title = row["path"], row["title"]
        self.parameters, self.count, self.flows = row["parameters"], row["count"], row["row"]
        self.computes, self.gives = computes, gives
        self.layer: int | None = None  # the number that the views give it
        self.inner: list[Part] = []
        self.last = self  # of several alike
        self.alike = 1
        self.folded = 0

    def total(self) -> int:
        """The parameters of the module and all in it."""
        return int(self.count) + sum(part.alike * part.total() for part in self.inner)

    def like(self, other: Part) -> bool:
        """Whether two modules look the same but for their paths."""
        mine, others = (
            (each.title, each.parameters, each.count, each.gives, len(each.inner))
            for each in (self, other)
        )
        return mine == others and all(
            a.alike == b.alike and a.like(b) for a, b in zip(self.inner, other.inner, strict=True)
        )

    def fold(self, depth: int | None) -> None:
        """Close what lies deeper, and put neighbours that are alike into one box."""
        if depth == 0 and self.inner:
            self.folded = sum(1 + part.size() for part in self.inner)
            self.count, self.inner, self.computes = self.total(), [], ""
            self.parameters = f"{self.folded} module{'s' * (self.folded != 1)} inside"
        kept: list[Part] = []
        for part in self.inner:
            part.fold(None if depth is None else depth - 1)
            if kept and kept[-1].like(part):
                kept[-1].alike += 1
                kept[-1].last = part
            else:
                kept.append(part)
        self.inner = kept

    def size(self) -> int:
        """How many modules are in it."""
        return sum(1 + part.size() for part in self.inner)

    # --- its box ----------------------------------------------------------------------------------

    def lines(self) -> list[tuple[str, str, str]]:
        """(class, what stands left, what stands right) of each line."""
        times = f"{self.alike} × " if self.alike > 1 else ""
        total = self.total()
        counted = f"{times}{total:,} = {self.alike * total:,}" if times else f"{total:,}"
        last = self.last.path.rpartition(".")[2]
        where = self.path if self.alike == 1 else f"{self.path} … {last}"
        counted = counted if total else ""
        gives = f"→ {self.gives}" if self.gives else ""
        words = " · ".join(filter(None, (where, self.parameters)))
        name = f"{self._layers()}{times}{self.title}"
        if words:
            lines = [("name", name, counted), ("faint", words, gives)]
        else:
            lines = [("name", name, f"{counted} {gives}".strip())]
        if self.computes and self.inner:
            lines.append(("faint", f"own operations: {self.computes}", ""))
        return lines

    def _layers(self) -> str:
        """The number of the layer that it is, or the numbers of those that it stands for."""
        first, last = self.layer, self.last.layer
        if not first or not last:
            return ""
        return f"layer {first}: " if first == last else f"layers {first}–{last}: "

    def width(self) -> float:
        """How wide its box has to be."""
        own = max(
            text_width(left, 13) * (1.08 if kind == "name" else 0.95) + text_width(right, 12) + 50
            for kind, left, right in self.lines()
        )
        return max([own, *(part.width() + 2 * PAD for part in self.inner)])

    def height(self) -> float:
        """How high it is."""
        own = LINE * len(self.lines()) + 12
        if not self.inner:
            return own
        return (
            own
            + sum(part.height() for part in self.inner)
            + self.between() * (len(self.inner) - 1)
            + PAD
        )

    def between(self) -> float:
        """How far apart the boxes in it stand."""
        return ARROW if self.flows else GAP

    def draw(self, out: list[str], x: float, y: float, width: float) -> None:
        """Its shapes, with the left upper corner at (x, y)."""
        many = self.alike > 1 or self.folded
        kind = "frame" if self.inner else "many" if many else "layer" if self.count else "plain"
        height = self.height()
        corner = 13 if kind == "plain" else 4
        out.append(
            f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:.0f}" height="{height:g}" '
            f'rx="{corner}"/>'
        )
        for k, (style, left, right) in enumerate(self.lines()):
            base = y + 6 + LINE * (k + 1) - 4
            out.append(f'<text class="{style}" x="{x + 12:g}" y="{base:g}">{safe(left)}</text>')
            if right:
                out.append(
                    f'<text class="faint" x="{x + width - 12:.0f}" y="{base:g}" '
                    f'text-anchor="end">{right}</text>'
                )
        y += LINE * len(self.lines()) + 12
        for k, part in enumerate(self.inner):
            part.draw(out, x + PAD, y, width - 2 * PAD)
            y += part.height()
            if self.flows and k + 1 < len(self.inner):
                middle = x + width / 2
                out.append(f'<path class="arrow" d="M{middle:.1f} {y:g}V{y + ARROW - 6:g}"/>')
                out.append(
                    f'<path class="tip" d="M{middle - 4:.1f} {y + ARROW - 8:g}H{middle + 4:.1f}'
                    f'L{middle:.1f} {y + ARROW:g}Z"/>'
                )
            y += self.between()


def architecture_picture(
    rows: Sequence[Mapping[str, Any]],
    computed: Mapping[str, tuple[str, str]],
    layers: Mapping[str, int],
    *,
    depth: int | None,
    note: str,
    theme: str,
) -> ModelPicture:
    """Draw modules, those around others first, as boxes in boxes, from top to bottom.

    Args:
        rows: of each module its ``path``, ``title``, ``parameters``, ``count`` and ``row``.
        computed: by path what each computes itself, and the shape of what it gives.
        layers: the numbers of those that are layers, by path.
        depth: how many levels of modules are shown open, ``None`` for all.
        note: what stands below the picture.
        theme: as in `draw`.
    """
    parts: dict[str, Part] = {}
    for row in rows:
        part = Part(row, *computed.get(row["path"], ("", "")))
        part.layer = layers.get(row["path"])
        around = row["path"]
        while around:
            around = around.rpartition(".")[0]
            if around in parts:
                parts[around].inner.append(part)
                break
        parts[part.path] = part
    root = parts[rows[0]["path"]]
    total = root.total()
    root.fold(depth)
    title = f"{root.title.partition('(')[0]}: {total:,} parameter{'s' * (total != 1)}"
    legend = "sharp corners: with parameters, and at the right how many; round: without"
    notes = [each for each in (legend, note) if each]
    width = max(
        root.width(), text_width(title, 15) * 1.06 + 8, *(text_width(each, 12) for each in notes)
    )
    out = [f'<text class="title" x="16" y="26">{safe(title)}</text>']
    root.draw(out, 16, 42, width)
    bottom = 42 + root.height() + 22
    for k, each in enumerate(notes):
        out.append(f'<text class="faint" x="16" y="{bottom + LINE * k:g}">{safe(each)}</text>')
    size = width + 32, bottom + LINE * len(notes)
    modules = [parts[row["path"]] for row in rows[1:]]
    names = [module.lines()[0][1] for module in modules[:NAMED]]
    more = f" and {len(modules) - NAMED:,} more" if len(modules) > NAMED else ""
    told = f"modules of {title}: {', '.join(names)}{more}" if names else f"modules of {title}"
    return ModelPicture(out, size, title, what="model", rules=RULES, theme=theme, told=told)
