"""DOT: a picture as text in Graphviz's language."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from autograd.formulas.plain import shown
from autograd.views.canvas import theme as looks
from autograd.views.canvas.theme import Theme
from autograd.views.drawing.picture import Arrow, Box, Picture
from autograd.views.outline import Frame

ENTITIES = {ord(c): f"&#{ord(c)};" for c in '&<>"{}|'} | {ord("\\"): "\\\\"}
"""What has a meaning in DOT, in a record or in an entity, and how it is written to have none."""

DOOR = "door"
"""What the points begin with that arrows into a module pass through; the SVG has none of them."""

STRAIGHT = {"splines": "line", "nslimit": "1", "nslimit1": "1", "mclimit": "0.1"}
TANGLED = 1000
"""Ranks that edges pass by, all together, beyond which they are drawn straight: the time Graphviz takes
to bend them around boxes grows with the square of it, and reaches minutes."""

PORTS = {"LR": ("w", "e"), "RL": ("e", "w"), "TB": ("n", "s"), "BT": ("s", "n")}
"""The sides of a box that arrows come in by and go out by."""

WIDTH = 100
"""Characters in a line of the caption."""


def dot_source(
    picture: Picture,
    rankdir: str,
    theme: Theme,
    fontsize: float,
    places: Mapping[str, dict[str, str]] | None = None,
) -> str:
    """The DOT source of a picture.

    `places` are more attributes by the id of a box or an arrow, by ``"graph"``, and by the title of a
    frame: where each of them is, for a picture that was laid out already.

    >>> import autograd
    >>> picture = Picture([autograd.Value(2.0, "x") ** 2])
    >>> dot_source(picture, "LR", looks.LIGHT, 12.0).startswith("digraph {")
    True
    """
    return _DotText(picture, rankdir, theme, fontsize, places).text()


class _DotText:
    """One text in the making."""

    def __init__(
        self,
        picture: Picture,
        rankdir: str,
        theme: Theme,
        fontsize: float,
        places: Mapping[str, dict[str, str]] | None,
    ) -> None:
        self.picture, self.rankdir, self.theme, self.fontsize = picture, rankdir, theme, fontsize
        self.places = places or {}
        self.boxes: dict[Frame, list[str]] = {}
        self.arrows: list[str] = []
        self.doors: dict[tuple[str, Frame, bool], str] = {}
        for box in picture.boxes:
            self._box(box)
        for arrow in picture.arrows:
            self._arrow(arrow)

    def _box(self, box: Box) -> None:
        rows = [escaped("\n".join(lines)).replace("\n", "\\n") for lines in box.rows]
        cells = [escaped(cell) for cell in box.cells]
        style = {"id": box.name} | looks.box_style(box.kind, self.theme)
        if box.small:
            size = {"fontsize": f"{self.fontsize * 12 / 13:.4g}", "height": "0.25", "width": "0.3"}
            style |= {"label": "\\n".join(rows)} | size
        else:
            style["label"] = self._record(cells, rows)
        text = looks.attributes(style | self.places.get(box.name, {}))
        self.boxes.setdefault(box.frame, []).append(f"{box.name} [{text}]")

    def _record(self, cells: Sequence[str], rows: Sequence[str]) -> str:
        """Cells side by side above rows. In a graph that runs left to right DOT turns records round."""
        head = [f"{{{'|'.join(cells)}}}"] if len(cells) > 1 else list(cells)
        text = "|".join([*head, *rows])
        return f"{{{text}}}" if self.rankdir in ("TB", "BT") else text

    def _arrow(self, arrow: Arrow) -> None:
        style = {"id": arrow.name}
        if arrow.label:
            style["label"] = f" {arrow.label} "
        line = looks.PASSIVE if arrow.passive else {}
        tail = arrow.tail
        if arrow.enters and not self.places:
            tail = self._door(tail, arrow.enters, line)
            style["tailport"] = PORTS[self.rankdir][1]
        style |= line | self.places.get(arrow.name, {})
        self.arrows.append(f"{tail} -> {arrow.head} [{looks.attributes(style)}]")

    def _door(self, tail: str, frame: Frame, line: Mapping[str, str]) -> str:
        """A point among a module's parameters that all arrows from a box outside pass through.

        Without it Graphviz leads each of them around the frame.
        """
        key = (tail, frame, bool(line))
        if key not in self.doors:
            name = self.doors[key] = f"{DOOR}{len(self.doors)}"
            point = looks.attributes(looks.POINT | {"color": self.theme.line})
            self.boxes.setdefault(frame, []).append(f"{name} [{point}]")
            ends = {"headport": PORTS[self.rankdir][0], "tailport": PORTS[self.rankdir][1]}
            style = {"arrowhead": "none", "weight": "2", **ends, **line}
            self.arrows.append(f"{tail} -> {name} [{looks.attributes(style)}]")
        return self.doors[key]

    def text(self) -> str:
        style = looks.graph_style(self.theme, self.fontsize)
        style["graph"] |= {"id": "graph", "rankdir": self.rankdir}
        if self.picture.caption:
            caption = {"label": escaped_lines(self.picture.caption), "labelloc": "b"}
            style["graph"] |= caption | {"labeljust": "l"}
        style["graph"] |= self.places.get("graph", {})
        if self._passed_by() > TANGLED and not self.places:
            style["graph"] |= STRAIGHT
        lines = ["digraph {"]
        lines += (f"\t{part} [{looks.attributes(each)}]" for part, each in style.items())
        self._write_frames(lines)
        lines += (f"\t{arrow}" for arrow in self.arrows)
        return "\n".join([*lines, "}", ""])

    def _write_frames(self, lines: list[str]) -> None:
        """The boxes, in nested clusters."""
        inner: dict[Frame, list[Frame]] = {}
        for frame in self.boxes:
            for depth in range(len(frame), 0, -1):
                siblings = inner.setdefault(frame[: depth - 1], [])
                if frame[:depth] in siblings:
                    break
                siblings.append(frame[:depth])
        style = looks.frame_style(self.theme, self.fontsize)
        lines += (f"\t{box}" for box in self.boxes.get((), ()))
        made = 0
        work: list[Frame | None] = list(reversed(inner.get((), [])))
        depth = 1
        while work:
            frame_ = work.pop()
            if frame_ is None:  # all that is in the frame has been written
                depth -= 1
                lines.append("\t" * depth + "}")
                continue
            tab = "\t" * depth
            label = {
                "id": f"frame{made}",
                "label": escaped(shown(self.picture.outline.title(frame_))),
            }
            lines.append(f"{tab}subgraph cluster_{made} {{")
            if self.places and (place := self.places.get(f"frame {frame_}")):
                label |= place
            elif self.places:
                label |= {"label": "", "style": "invis"}  # its boxes do not stand together
            lines.append(f"{tab}\tgraph [{looks.attributes(style | label)}]")
            # From left to right Graphviz fills a frame from below: the first shall stand on top.
            upwards = -1 if self.rankdir in ("LR", "RL") else 1
            lines += (f"{tab}\t{box}" for box in self.boxes.get(frame_, [])[::upwards])
            made += 1
            depth += 1
            work.append(None)
            work += reversed(inner.get(frame_, []))

    def _passed_by(self) -> int:
        """How many ranks of boxes the arrows pass by: 0 where every arrow leads to the next rank."""
        ends = [(arrow.tail, arrow.head) for arrow in self.picture.arrows]
        into: dict[str, list[str]] = {}
        for tail, head in ends:
            into.setdefault(head, []).append(tail)
        rank: dict[str, int] = {}
        total = 0
        for head in ordered(into):
            rank[head] = 1 + max((rank.get(tail, 0) for tail in into[head]), default=0)
        # What nothing leads into stands just before the first box that takes it.
        first: dict[str, int] = {}
        for tail, head in ends:
            if tail not in rank:
                first[tail] = min(first.get(tail, rank[head]), rank[head])
        for tail, head in ends:
            start = rank[tail] if tail in rank else first[tail] - 1
            total += max(0, rank[head] - start - 1)
        return total


def escaped_lines(text: str) -> str:
    """A caption as a label, in lines of a readable width."""
    return "".join(f"{escaped(line)}\\l" for line in textwrap.wrap(text, WIDTH))


def ordered(into: Mapping[str, Sequence[str]]) -> list[str]:
    """The boxes that something leads into, tails before heads."""
    waiting = {head: sum(tail in into for tail in tails) for head, tails in into.items()}
    out: dict[str, list[str]] = {}
    for head, tails in into.items():
        for tail in tails:
            out.setdefault(tail, []).append(head)
    ready = [head for head, count in waiting.items() if not count]
    for box in ready:
        for head in out.get(box, ()):
            waiting[head] -= 1
            if not waiting[head]:
                ready.append(head)
    return ready


def escaped(text: str) -> str:
    """Text in a label of DOT: it shows as it is."""
    return text.translate(ENTITIES)
