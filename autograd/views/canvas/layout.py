"""Layered layout: where the boxes and edges of a graph go, in plain Python.

Boxes stand in columns, arguments left of what is computed from them (K. Sugiyama, S. Tagawa, M. Toda,
"Methods for visual understanding of hierarchical system structures", IEEE SMC 11, 1981): columns by the
longest path, order in a column by the mean place of the neighbours, and heights by least squares under
the order. It needs no Graphviz, and the same graph gives the same picture on every machine.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from autograd.support.caching import cached_property

# --- text -------------------------------------------------------------------------------------------

NARROW = frozenset("ijl.,:;|'`!()[]{}tfrI -")
BROAD = frozenset("mMWQO@%—…∇Σ")
SIGNS = frozenset("−+=<>×±")


def text_width(text: str, size: float) -> float:
    """About how wide a line is in a common sans-serif font of a size; rather too much than too little.

    >>> text_width("−0.123", 20.0) > text_width("0.123", 20.0)
    True
    """
    width = 0.0
    for c in text:
        if unicodedata.combining(c):
            continue
        if unicodedata.east_asian_width(c) in "WF":
            width += 1.1
        elif unicodedata.decomposition(c).startswith(("<super>", "<sub>")):
            width += 0.37
        elif c in NARROW:
            width += 0.34
        elif c in SIGNS:
            width += 0.585
        elif c in BROAD or c.isupper():
            width += 0.8 if c in BROAD else 0.68
        else:
            width += 0.57
    return width * size


# --- what comes in and what goes out ----------------------------------------------------------------


class BoxSize(NamedTuple):
    """The size of a box; ``leaf`` boxes stand just left of the first box that takes them."""

    width: float
    height: float
    leaf: bool = False


class Link(NamedTuple):
    """An edge from one box to another, by their places in the list, and the width of its label.

    Where a box holds several, ``leaves`` and ``meets`` say where in it the edge begins and ends, as a
    distance below the middle and half the width there, and ``room`` and ``start`` how high the boxes
    are that it meets and leaves.
    ``thick`` is the height of the label, 0 where there is a common one.
    """

    tail: int
    head: int
    label: float
    leaves: tuple[float, float] | None = None
    meets: tuple[float, float] | None = None
    room: float | None = None
    thick: float = 0.0
    start: float | None = None


class Edge(NamedTuple):
    """Where an edge runs, as an SVG path, where it ends, whether downwards, and its label's middle."""

    path: str
    end: tuple[float, float]
    label: tuple[float, float]
    down: bool = False


Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom."""


class Layout(NamedTuple):
    """The centre of each box, each edge, the size of the whole, and the frames that stand apart."""

    centres: list[tuple[float, float]]
    edges: list[Edge]
    width: float
    height: float
    frames: Mapping[Any, Rectangle] = {}


class Framing(NamedTuple):
    """Frames around boxes: for each box the frame it is in, as a tuple that those around it begin.

    ``titles`` are the widths of their titles, ``pad`` is around what is in them, and ``heading`` the
    room for a title: before the first column of a frame, and above its first box.
    """

    of: Sequence[tuple[Any, ...]]
    titles: Mapping[Any, float]
    pad: float
    heading: tuple[float, float]


PAD = 10.0
"""Around the whole."""

GAP = 7.0
"""Between boxes of a column."""

THIN = 8.0
"""The height that an edge takes where it passes a column."""

LINE = 22.0
"""The height of a label."""

SWEEPS = 12
"""Rounds of ordering and of straightening; a few are enough, more change nothing one would see."""

REACH = 24.0
"""What a gap between columns has at least beside its widest label."""

BENDS = 2000
"""Columns that edges bend in, all together; where they pass more, each bends in some of them only. In
a picture of that size nobody follows an edge, and its text would be most of a page."""


FEWER = 0.75
"""The part of the crossings that may be left where boxes leave the order they were computed in."""


TOGETHER = 40.0
"""How much more than others an edge inside a frame straightens."""


def lay_out(
    boxes: Sequence[BoxSize],
    links: Sequence[Link],
    reach: float = REACH,
    framing: Framing | None = None,
) -> Layout:
    """Place boxes and route edges from left to right.

    Every link leads from a box to one that stands later in the list, save that a leaf may stand
    anywhere. `reach` is what a gap between columns has beside its widest label. Of the frames in
    `framing` the layout has those that hold no box from outside and cross no other.

    >>> layout = lay_out([BoxSize(50, 20, True), BoxSize(50, 20)], [Link(0, 1, 30.0)])
    >>> layout.centres[0][0] < layout.edges[0].label[0] < layout.centres[1][0]
    True
    """
    return _Draft(boxes, links, reach, framing).layout()


def length(
    boxes: Sequence[BoxSize], links: Sequence[Link], reach: float, framing: Framing | None
) -> float:
    """How wide the layout will be, without making it."""
    plan = _Draft(boxes, links, reach, framing)
    return plan.across(max(plan.rank, default=-1) + 1)[2] + PAD


def breadth(
    boxes: Sequence[BoxSize], links: Sequence[Link], reach: float, framing: Framing | None
) -> float:
    """About how high the layout will be: as its fullest column."""
    plan = _Draft(boxes, links, reach, framing)
    heights = [0.0] * (max(plan.rank, default=-1) + 1)
    for rank, height in zip(plan.rank, plan.heights, strict=True):
        heights[rank] += height + GAP
    return max(heights, default=0.0) + 2 * PAD


class _Draft:
    """One layout in the making. Places are boxes, and behind them the bends of long edges."""

    def __init__(
        self, boxes: Sequence[BoxSize], links: Sequence[Link], reach: float, framing: Framing | None
    ) -> None:
        self.reach = reach
        self.boxes = boxes
        self.links = links
        self.framing = framing or Framing([()] * len(boxes), {}, 0.0, (0.0, 0.0))
        self.ranks = _ranks(boxes, links, self.framing.of)
        self.heights = [box.height for box in boxes]
        self.members: dict[
            tuple[Any, ...], list[int]
        ] = {}  # the boxes in each frame, innermost last
        for i, frame in enumerate(self.framing.of):
            for depth in range(1, len(frame) + 1):
                self.members.setdefault(frame[:depth], []).append(i)
        self.spans = {
            frame: (min(self.ranks[i] for i in inside), max(self.ranks[i] for i in inside))
            for frame, inside in self.members.items()
        }
        if self.framing.heading[0]:
            # A title lies across: where a box has a frame to itself it takes at least its room.
            for frame, inside in self.members.items():
                if len(inside) == 1:
                    (i,) = inside
                    self.heights[i] = max(self.heights[i], self.framing.titles.get(frame, 0.0))
        self.rank = list(self.ranks)
        self.routes: list[list[int]] = []  # for each link its places from tail to head
        for link in links:
            route = [link.tail]
            for rank in range(self.rank[link.tail] + 1, self.rank[link.head]):
                route.append(len(self.rank))
                self.rank.append(rank)
                self.heights.append(THIN)
            self.routes.append([*route, link.head])
        self.frame = [*self.framing.of, *self._frames_of_bends()]
        self.before: list[list[int]] = [[] for _ in self.rank]
        self.after: list[list[int]] = [[] for _ in self.rank]
        for route in self.routes:
            for a, b in pairwise(route):
                self.after[a].append(b)
                self.before[b].append(a)

    def layout(self) -> Layout:
        columns = self.ordered(self.first_order())
        y = self.levels(columns)
        left, widths, right = self.across(len(columns))
        centres = [(left[rank] + widths[rank] / 2, y[i]) for i, rank in enumerate(self.ranks)]
        frames = self.rectangles(centres, y)
        top = min((y[i] - self.heights[i] / 2 for i in range(len(y))), default=0.0)
        top = min([top, *(rectangle[1] for rectangle in frames.values())])
        y = [each - top + PAD for each in y]
        centres = [(x, level - top + PAD) for x, level in centres]
        frames = {
            frame: (x, above - top + PAD, end, below - top + PAD)
            for frame, (x, above, end, below) in frames.items()
        }
        bottom = max((y[i] + self.heights[i] / 2 for i in range(len(y))), default=0.0)
        bottom = max([bottom, *(rectangle[3] for rectangle in frames.values())])
        right = max([right, *(rectangle[2] for rectangle in frames.values())])
        edges = self.edges(centres, y, left, widths)
        return Layout(centres, edges, right + PAD, bottom + PAD, frames)

    # Frames.

    def _frames_of_bends(self) -> list[tuple[Any, ...]]:
        """What an edge passes through on its way: the frames around its head that reach so far."""
        out: list[tuple[Any, ...]] = []
        for route in self.routes:
            frame = self.framing.of[route[-1]]
            for place in route[1:-1]:
                depth = len(frame)
                while depth and self.spans[frame[:depth]][0] > self.rank[place]:
                    depth -= 1
                out.append(frame[:depth])
        return out

    def gap(self, above: int, below: int) -> float:
        """The room between two places of a column, with that of the frames that end and begin there."""
        a, b = self.frame[above], self.frame[below]
        if a == b:
            return GAP if min(above, below) < len(self.boxes) or not self.members else 0.0
        common = 0
        while common < min(len(a), len(b)) and a[common] == b[common]:
            common += 1
        opened = len(b) - common
        framing = self.framing
        return GAP + framing.pad * (len(a) - common + opened) + framing.heading[1] * opened

    def rectangles(
        self, centres: Sequence[tuple[float, float]], y: Sequence[float]
    ) -> dict[Any, Rectangle]:
        """The frames that can be drawn, those around others first."""
        pad, heading = self.framing.pad, self.framing.heading
        sides = [
            (x - box.width / 2, level - height / 2, x + box.width / 2, level + height / 2)
            for (x, level), box, height in zip(centres, self.boxes, self.heights, strict=False)
        ]
        # An edge that passes through a frame on its way into it has its place there.
        passing: dict[Any, list[int]] = {}
        for place in range(len(self.boxes), len(self.frame)):
            frame = self.frame[place]
            for depth in range(1, len(frame) + 1):
                passing.setdefault(frame[:depth], []).append(place)
        found: dict[Any, Rectangle] = {}
        for frame in sorted(self.members, key=len, reverse=True):
            parts = [sides[i] for i in self.members[frame]]
            parts += [r for inner, r in found.items() if inner[: len(frame)] == frame]
            left, top, right, bottom = (
                pick(part[k] for part in parts) for k, pick in enumerate((min, min, max, max))
            )
            top = min([top, *(y[i] - THIN / 2 for i in passing.get(frame, ()))])
            bottom = max([bottom, *(y[i] + THIN / 2 for i in passing.get(frame, ()))])
            left, top = left - pad - heading[0], top - pad - heading[1]
            right, bottom = right + pad, bottom + pad
            if heading[0]:
                bottom = max(bottom, top + self.framing.titles.get(frame, 0.0))
            else:
                right = max(right, left + self.framing.titles.get(frame, 0.0))
            mine = (left, top, right, bottom)
            others = [sides[i] for i, of in enumerate(self.framing.of) if of[: len(frame)] != frame]
            others += [r for inner, r in found.items() if inner[: len(frame)] != frame]
            if not any(_overlap(mine, other) for other in others):
                found[frame] = mine
        return {frame: found[frame] for frame in sorted(found, key=len)}

    @cached_property
    def near(self) -> list[list[tuple[int, float]]]:
        """The neighbours of each place, and how much each pulls: the most where they share a frame."""
        frame = self.frame
        return [
            [(j, TOGETHER if frame[i] and frame[j] == frame[i] else 1.0) for j in (*before, *after)]
            for i, (before, after) in enumerate(zip(self.before, self.after, strict=True))
        ]

    # Order.

    def first_order(self) -> list[list[int]]:
        """Columns in the order in which a walk from the outputs meets the places."""
        columns: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        seen = [False] * len(self.rank)
        roots = [i for i in range(len(self.boxes)) if not self.after[i]]
        for root in roots:
            stack = [root]
            while stack:
                i = stack.pop()
                if not seen[i]:
                    seen[i] = True
                    columns[self.rank[i]].append(i)
                    stack += reversed(self.before[i])
        return columns

    def ordered(self, columns: list[list[int]]) -> list[list[int]]:
        """The order with the fewest crossings that sweeping to and fro has met."""
        best, fewest = [list(column) for column in columns], self.crossings(columns)
        worth = FEWER * fewest  # order tells a reader more than a few crossings cost
        for sweep in range(SWEEPS):
            if fewest == 0:
                break
            forward = sweep % 2 == 0
            order = range(1, len(columns)) if forward else range(len(columns) - 2, -1, -1)
            for rank in order:
                fixed = columns[rank - 1 if forward else rank + 1]
                place = {i: float(k) for k, i in enumerate(fixed)}
                near = self.before if forward else self.after
                mean = {
                    i: sum(place[j] for j in near[i]) / len(near[i]) if near[i] else float(k)
                    for k, i in enumerate(columns[rank])
                }
                columns[rank].sort(key=mean.__getitem__)
            count = self.crossings(columns)
            if count < fewest and count <= worth:
                best, fewest = [list(column) for column in columns], count
        return best

    def crossings(self, columns: list[list[int]]) -> int:
        """How often edges cross, by counting inversions with a binary indexed tree."""
        total = 0
        for left, right in pairwise(columns):
            place = {i: k for k, i in enumerate(right)}
            tree = [0] * (len(right) + 1)
            drawn = 0
            for i in left:
                ends = sorted(place[j] for j in self.after[i])
                for end in ends:
                    k, below = end + 1, 0
                    while k:
                        below += tree[k]
                        k -= k & -k
                    total += drawn - below
                for end in ends:
                    k = end + 1
                    while k <= len(right):
                        tree[k] += 1
                        k += k & -k
                drawn += len(ends)
        return total

    # Heights.

    def levels(self, columns: list[list[int]]) -> list[float]:
        """A height for every place: near its neighbours, in the order, without overlap."""
        y = [0.0] * len(self.rank)
        for column in columns:
            at = 0.0
            for i in column:
                y[i] = at + self.heights[i] / 2
                at += self.heights[i] + GAP
            for i in column:
                y[i] -= at / 2
        for sweep in range(2 * SWEEPS):
            order = columns if sweep % 2 else columns[::-1]
            for column in order:
                wish = []
                for i in column:
                    near = self.near[i]
                    total = sum(weight for _, weight in near)
                    wish.append(sum(y[j] * weight for j, weight in near) / total if near else y[i])
                for i, level in zip(column, self.apart(column, wish), strict=True):
                    y[i] = level
        return y

    def apart(self, column: list[int], wish: list[float]) -> list[float]:
        """The heights nearest to those wished for that keep order and distance.

        With the distances taken off it is isotonic regression, solved by pooling neighbours that
        would stand the wrong way round.
        """
        offset, offsets = 0.0, []
        for k, i in enumerate(column):
            if k:
                above = column[k - 1]
                offset += (self.heights[above] + self.heights[i]) / 2 + self.gap(above, i)
            offsets.append(offset)
        pools: list[tuple[float, int]] = []  # (sum, count)
        for w, o in zip(wish, offsets, strict=True):
            total, count = w - o, 1
            while pools and pools[-1][0] / pools[-1][1] > total / count:
                more, many = pools.pop()
                total, count = total + more, count + many
            pools.append((total, count))
        levels = [total / count for total, count in pools for _ in range(count)]
        return [level + o for level, o in zip(levels, offsets, strict=True)]

    # Across.

    def across(self, columns: int) -> tuple[list[float], list[float], float]:
        """The left side and the width of each column, and the right end of the last."""
        widths = [0.0] * columns
        for box, rank in zip(self.boxes, self.ranks, strict=True):
            widths[rank] = max(widths[rank], box.width)
        pad, heading = self.framing.pad, self.framing.heading[0]
        opened, closed = [0] * (columns + 1), [0] * (columns + 1)  # how deep, at each column
        for frame, (first, last) in self.spans.items():
            outer = frame[:-1]
            starts = ends = 1
            while outer:
                starts += self.spans[outer][0] == first
                ends += self.spans[outer][1] == last
                outer = outer[:-1]
            opened[first], closed[last] = max(opened[first], starts), max(closed[last], ends)
            if first == last and not heading:
                title = self.framing.titles.get(frame, 0.0) - 2 * pad
                widths[first] = max(widths[first], title)
        gaps = [self.reach] * columns
        crowd = [0] * columns
        for link in self.links:
            gaps[self.rank[link.tail]] = max(gaps[self.rank[link.tail]], link.label + self.reach)
            crowd[self.rank[link.tail]] += 1
        left, at = [], PAD
        for k, (width, gap, edges) in enumerate(zip(widths, gaps, crowd, strict=True)):
            at += (pad + heading) * opened[k]
            left.append(at)
            # Where many edges cross, labels need room to stand beside each other; lying, they have it.
            room = 0.0 if heading else min(0.08 * max(edges - 3, 0), 0.5)
            at += width + gap * (1.0 + room) + pad * closed[k]
            end = left[-1] + width
        return left, widths, end if columns else PAD

    def edges(
        self,
        centres: list[tuple[float, float]],
        y: list[float],
        left: list[float],
        widths: list[float],
    ) -> list[Edge]:
        ports = self.ports(y)
        taken = [
            (x - box.width / 2, level - box.height / 2, x + box.width / 2, level + box.height / 2)
            for (x, level), box in zip(centres, self.boxes, strict=True)
        ]
        curves = []
        aside = self.aside(ports)
        every = 1 + sum(len(route) - 2 for route in self.routes) // BENDS
        for e, route in enumerate(self.routes):
            link = self.links[e]
            tail, head = link.tail, link.head
            below, half = link.leaves or (0.0, self.boxes[tail].width / 2)
            points = [(centres[tail][0] + half, y[tail] + below + aside[e])]
            for place in route[every:-1:every]:
                rank = self.rank[place]
                points += [(left[rank], y[place]), (left[rank] + widths[rank], y[place])]
            half = link.meets[1] if link.meets else self.boxes[head].width / 2
            points.append((centres[head][0] - half, ports[e]))
            curves.append(points)
        labels: dict[int, tuple[float, float]] = {}
        # Short edges have the fewest places for a label, so they choose first.
        for e in sorted(range(len(curves)), key=lambda e: (len(curves[e]), e)):
            link = self.links[e]
            labels[e] = _place(curves[e], link.label, link.thick or LINE, taken)
        return [Edge(_path(points), points[-1], labels[e]) for e, points in enumerate(curves)]

    def ports(self, y: list[float]) -> list[float]:
        """Where each edge meets the left side of its head: spread out, in the order they come in."""
        arriving: dict[tuple[int, float], list[int]] = {}
        for e, link in enumerate(self.links):
            below = link.meets[0] if link.meets else 0.0
            arriving.setdefault((link.head, below), []).append(e)
        ports = [0.0] * len(self.links)
        for (head, below), edges in arriving.items():
            edges.sort(key=lambda e: (y[self.routes[e][-2]], e))
            room = (self.links[edges[0]].room or self.boxes[head].height) - 16.0
            # The edges of x · x run side by side, and their labels one above the other.
            twice = any(e in self.parallel and self.links[e].label for e in edges)
            thick = max(self.links[e].thick or LINE for e in edges)
            apart = min(thick + 2.0 if twice else 16.0, room / max(len(edges) - 1, 1))
            for k, e in enumerate(edges):
                ports[e] = y[head] + below + (k - (len(edges) - 1) / 2) * apart
        return ports

    @cached_property
    def parallel(self) -> dict[int, list[int]]:
        """The edges that lead from one box to one other with another edge, each with all of these."""
        ends: dict[tuple[int, int], list[int]] = {}
        for e, link in enumerate(self.links):
            ends.setdefault((link.tail, link.head), []).append(e)
        return {e: edges for edges in ends.values() if len(edges) > 1 for e in edges}

    def aside(self, ports: list[float]) -> list[float]:
        """How far beside the middle of its tail an edge begins: where it has a parallel, as it ends."""
        shifts = [0.0] * len(self.links)
        for e, edges in self.parallel.items():
            middle = sum(ports[other] for other in edges) / len(edges)
            height = self.links[e].start or self.boxes[self.links[e].tail].height
            most = max(height / 2 - 4.0, 0.0)
            shifts[e] = max(-most, min(most, ports[e] - middle))
        return shifts


def _ranks(
    boxes: Sequence[BoxSize], links: Sequence[Link], frames: Sequence[tuple[Any, ...]]
) -> list[int]:
    rank: list[float] = [0] * len(boxes)
    arriving: list[list[int]] = [[] for _ in boxes]
    for link in links:
        arriving[link.head].append(link.tail)
    for i, box in enumerate(boxes):
        if not box.leaf:
            rank[i] = 1 + max((rank[j] for j in arriving[i] if not boxes[j].leaf), default=0)
    first: dict[int, float] = {}
    for link in links:
        if boxes[link.tail].leaf:
            first[link.tail] = min(first.get(link.tail, rank[link.head]), rank[link.head])
    for i, head in first.items():
        rank[i] = head - 1
    # A leaf stands in a column of its own where the one before its user has boxes of other frames: so a
    # module is a block of columns, and nothing from outside stands in it.
    held: dict[float, set[Any]] = {}
    for i, frame in enumerate(frames):
        if not boxes[i].leaf:
            held.setdefault(rank[i], set()).add(frame)
    inputs = {rank[i] for i in first if not frames[i]}
    for i, frame in enumerate(frames):
        if i in first:
            here = held.get(rank[i], set())
            beside = rank[i] in inputs and not here  # the data stand before the first parameters
            if (here - {()} and frame not in here) or (frame and (beside or here == {()})):
                rank[i] += 0.5
    # A graph without leaves begins at 0 too.
    used = {each: k for k, each in enumerate(sorted(set(rank)))}
    return [used[each] for each in rank]


# --- curves -----------------------------------------------------------------------------------------


def _number(x: float) -> str:
    return f"{x:.1f}".removesuffix(".0")


def _path(points: Sequence[tuple[float, float]]) -> str:
    """A path of bends between columns and straight lines across them; the arrow head comes after."""
    parts = [f"M{_number(points[0][0])} {_number(points[0][1])}"]
    across = ""  # what waits for a bend: lines across and bends that are level are one
    for k in range(1, len(points)):
        (x0, y0), (x1, y1) = points[k - 1], points[k]
        if k == len(points) - 1:
            x1 -= 7.0
        if k % 2 == 0 or _number(y0) == _number(y1):
            across = f"H{_number(x1)}"
            continue
        middle = (x0 + x1) / 2
        numbers = (middle, y0, middle, y1, x1, y1)
        parts.append(across + "C" + " ".join(map(_number, numbers)))
        across = ""
    parts.append(across)
    return "".join(parts)


def _on(p: tuple[float, float], q: tuple[float, float], t: float) -> tuple[float, float]:
    """A point of the bend from p to q."""
    (x0, y0), (x1, y1) = p, q
    s = 1 - t
    x = s**3 * x0 + 3 * s * t * (x0 + x1) / 2 + t**3 * x1
    return x, (s**3 + 3 * s * s * t) * y0 + (3 * s * t * t + t**3) * y1


PLACES = (0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72, 0.22, 0.8)


def _place(
    points: Sequence[tuple[float, float]], width: float, height: float, taken: list[Rectangle]
) -> tuple[float, float]:
    """The first place along an edge where its label overlaps nothing, or the one with the least."""
    candidates: Iterable[tuple[float, float]] = (
        _on(points[k], points[k + 1], t) for k in range(0, len(points) - 1, 2) for t in PLACES
    )
    best, least, rectangle = points[0], float("inf"), (0.0, 0.0, 0.0, 0.0)
    for x, y in candidates:
        here = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        overlap = sum(_overlap(here, other) for other in taken) if width else 0.0
        if overlap < least:
            best, least, rectangle = (x, y), overlap, here
        if not overlap:
            break
    if width:
        taken.append(rectangle)
    return best


def _overlap(a: Rectangle, b: Rectangle) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0
