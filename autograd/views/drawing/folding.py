"""Folding: which nodes of a large graph share a box.

A fold is sound when no path leaves it and comes back, for then the boxes form a graph without cycles
and every arrow between two of them points the way the numbers flow. Each step below says why it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.engine.graph import Node
from autograd.views.drawing.describing import module_lines, run_lines
from autograd.views.outline import Frame, Outline

RUN = 6
"""Like nodes in a row, or side by side, that are worth a box of their own."""

READABLE = 30
"""Boxes of a graph without order in it that are shown at most."""

TANGLED = 250
"""Arrows between boxes beyond which folding goes on."""

CROWDED = 3
"""Times `max_nodes` arrows that a graph of no more than so many nodes may have before it is folded."""

MANY = 8
"""More constants than this on one node share a box."""

SHOWN = 2
"""How many of them stay visible at an end, to show what the others are like."""


@dataclass(slots=True)
class Fold:
    """Nodes that share a box: the lines on it, the frame it stands in, and what to call them."""

    nodes: list[Node]
    lines: list[str]
    frame: Frame
    words: str
    module: str = ""  # the path of the module that it is


def crowd(outline: Outline) -> int:
    """How many boxes a graph has, or a third of its arrows if that is more."""
    return max(len(outline.nodes), sum(map(len, outline.arguments)) // CROWDED)


def fold(
    outline: Outline, depth: int | None, unfold: Sequence[str], max_nodes: int | None
) -> list[Fold]:
    """The boxes that hold several nodes: what `depth` asks for, and what `max_nodes` takes."""
    deepest = max(map(len, outline.frames), default=0)
    if depth is None and (max_nodes is None or crowd(outline) <= max_nodes):
        return []
    plan = _Partition(outline, unfold)
    too_many = max_nodes is not None and (
        len(outline.nodes) > max_nodes or plan.arrows() > CROWDED * max_nodes
    )
    if depth is not None:
        plan.fold_modules(depth)
        deepest = min(deepest, depth)
    if max_nodes is not None and too_many:
        for level in range(deepest - 1, 0, -1):
            if plan.fits(max_nodes):
                break
            plan.fold_modules(level)
        repeated: list[Callable[[], None]] = [plan.fold_runs, plan.fold_siblings]
        steps = repeated * 3
        steps += [plan.fold_any_runs, *repeated, plan.fold_levels]
        sizes = [len(outline.nodes)]
        for step in steps:
            if plan.fits(max_nodes):
                break
            again = len(sizes) > 2 and sizes[-3] < 1.2 * sizes[-1]
            if again and step in repeated:
                continue  # another round of what brought little
            step()
            sizes.append(plan.size())
        room = max_nodes if plan.size() > max_nodes else 2 * READABLE
        while not plan.fits(max_nodes) and (plan.size() > max_nodes or room > 2):
            room = min(room, 2 * READABLE) // 2
            plan.fold_rest(min(room, max_nodes))
    return plan.folds()


class _Partition:
    """A partition of the nodes into boxes, which each step makes coarser.

    ``box[i]`` is the number of the box that node i is in: that of the first node in it.
    """

    def __init__(self, outline: Outline, unfold: Sequence[str]) -> None:
        self.outline = outline
        nodes, index = outline.nodes, outline.index
        self.count = len(nodes)
        self.box = np.arange(self.count)
        self.inputs: list[int] = []  # how many arguments of each node are nodes
        tails: list[int] = []
        heads: list[int] = []
        for i, arguments in enumerate(outline.arguments):
            inputs = [index[x] for x in arguments if isinstance(x, Node)]
            tails += inputs
            heads += [i] * len(inputs)
            self.inputs.append(len(inputs))
        self.tails, self.heads = np.array(tails, dtype=int), np.array(heads, dtype=int)
        self.roots = np.zeros(self.count, dtype=bool)
        self.roots[[index[root] for root in outline.roots]] = True
        self.open = {p[:k] for p in map(_parts, unfold) for k in range(len(p) + 1)}
        self.alike = self._likeness()
        self.constants = self._constants()
        self._known: tuple[Any, Any, Any] | None = None  # the partition, and its links
        self.modules: dict[int, Frame] = {}  # the frame of each box that is a module
        self.runs: set[int] = set()
        self.ends: dict[int, int] = {}  # a box shown as the beginning of a run, and the run

    def _likeness(self) -> np.ndarray[Any, Any]:
        """A number for each node; like nodes have the same."""
        numbers: dict[Any, int] = {}
        out = np.empty(self.count, dtype=int)
        for i, node in enumerate(self.outline.nodes):
            primitive = node.primitive
            key = (primitive, node.shape, node.requires_grad, id(node.scope) if primitive else 0)
            out[i] = numbers.setdefault(key, len(numbers))
        return out

    # --- the boxes as they are ---------------------------------------------------------------------

    def size(self) -> int:
        """How many boxes there are, those of constants included."""
        members = np.bincount(self.box, minlength=self.count)
        return int(np.count_nonzero(members) + self.constants[members[self.box] == 1].sum())

    def arrows(self) -> int:
        """How many pairs of boxes there is an arrow between."""
        return sum(map(len, self._links()[0].values()))

    def fits(self, max_nodes: int) -> bool:
        """Whether there are few enough boxes, and no more arrows than an eye can follow."""
        return self.size() <= max_nodes and self.arrows() <= max(TANGLED, max_nodes)

    def _constants(self) -> np.ndarray[Any, Any]:
        """How many boxes the constants of each node take when it has one of its own."""
        loose = [
            len(arguments) - inputs
            for arguments, inputs in zip(self.outline.arguments, self.inputs, strict=True)
        ]
        out = np.array(loose)
        out[out > MANY] = 1
        return out

    def _links(self) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        """The boxes each box leads to, and those that lead to it, without repeats."""
        if self._known is not None and self._known[0] is self.box:
            return self._known[1], self._known[2]
        tails, heads = self.box[self.tails], self.box[self.heads]
        between = tails != heads
        pairs = np.unique(tails[between] * self.count + heads[between])
        tails, heads = pairs // self.count, pairs % self.count
        onward = _grouped(tails, heads)
        by_head = np.argsort(heads, kind="stable")
        back = _grouped(heads[by_head], tails[by_head])
        self._known = (self.box, onward, back)
        return onward, back

    def _order(self) -> tuple[list[int], set[int]]:
        """The boxes, tails before heads, and those that a cycle of boxes keeps out of the order."""
        onward, back = self._links()
        boxes = np.unique(self.box).tolist()
        waiting = {box: len(back.get(box, ())) for box in boxes}
        ready = [box for box in boxes if not waiting[box]]
        for box in ready:
            for head in onward.get(box, ()):
                waiting[head] -= 1
                if not waiting[head]:
                    ready.append(head)
        return ready, set(boxes).difference(ready) if len(ready) < len(boxes) else set()

    def _join(self, parts: Iterable[Sequence[int]], beginnings: Sequence[int] = ()) -> None:
        """Make one box of the boxes in each part, and put into it whatever is used by it alone.

        No path leads from such a box to any but the run, so the run grows no way back to itself. The
        last box shown before a run, one of `beginnings`, stays outside.
        """
        parts = [part for part in parts if part]
        if not parts:
            return
        onward, _ = self._links()
        order, _ = self._order()
        kept = set(self.box[self.roots].tolist())
        gone = {box for part in parts for box in part}
        into = list(range(self.count))
        for box in gone:
            self.modules.pop(box, None)
        self.runs -= gone
        self.ends = {b: run for b, run in self.ends.items() if b not in gone and run not in gone}
        for k, part in enumerate(parts):
            first = min(part)
            for box in part:
                into[box] = first
            self.runs.add(first)
            if beginnings:
                self.ends[beginnings[k]] = first
        for box in reversed(order):
            heads = onward.get(box)
            if not heads or box in gone or box in kept:
                continue
            run = into[heads[0]]
            if run not in self.runs or run == self.ends.get(box):
                continue
            if all(into[head] == run for head in heads):
                into[box] = run
                self.modules.pop(box, None)
                self.runs.discard(box)
        # The number of a box is that of its first node, which may be one that came just now.
        moved = np.array(into)[self.box]
        firsts = np.full(self.count, self.count)
        np.minimum.at(firsts, moved, np.arange(self.count))
        self.modules = {int(firsts[box]): frame for box, frame in self.modules.items()}
        self.runs = {int(firsts[box]) for box in self.runs}
        self.ends = {
            int(firsts[box]): int(firsts[run])
            for box, run in self.ends.items()
            if into[box] == box and into[run] == run
        }
        self.box = firsts[moved]

    def _like(self, box: int) -> Any:
        """Boxes that are alike have the same; a box that is a run is like no other."""
        if box in self.modules:
            return self.modules[box]
        return -1 - box if box in self.runs else int(self.alike[box])

    # --- modules ----------------------------------------------------------------------------------

    def fold_modules(self, depth: int) -> None:
        """One box for each module with so many modules around it, and for one with none inside.

        Where a module feeds itself by way of others (a cell that is called in turn with another), each
        stretch of its nodes in the order of creation is a box: arguments are older than outputs, so no
        path leaves a stretch and comes back.
        """
        frames = self.outline.frames
        inner = {frame[:k] for frame in set(frames) for k in range(1, len(frame))}
        home: list[Frame | None] = []
        folded: dict[Frame, Frame | None] = {(): None}
        for frame in frames:
            if frame not in folded:
                folded[frame] = self._folded(frame, depth, inner)
            home.append(folded[frame])
        self._lone_leaves(home)
        first: dict[Any, int] = {}
        box = np.arange(self.count)
        for i, frame_ in enumerate(home):
            if frame_ is not None:
                box[i] = first.setdefault(frame_, i)
        self.box = box.copy()
        _, tangled = self._order()
        if tangled:
            self._split(home, first, tangled)
        self.modules = {
            i: frame_ for i, frame_ in enumerate(home) if frame_ is not None and self.box[i] == i
        }

    def _split(self, home: list[Frame | None], first: dict[Any, int], tangled: set[int]) -> None:
        """Make a box of each stretch of the modules in `tangled`; their leaves stand by themselves."""
        stretch = 0
        before: Frame | None = None
        starts: dict[Any, int] = {}
        box = self.box.copy()
        for i, frame in enumerate(home):
            leaf = self.outline.nodes[i].is_leaf
            if not leaf:
                stretch += frame != before
                before = frame
            if frame is not None and first[frame] in tangled:
                if leaf:
                    box[i], home[i] = i, None
                else:
                    box[i] = starts.setdefault((frame, stretch), i)
        self.box = box

    def _folded(self, frame: Frame, depth: int, inner: set[Frame]) -> Frame | None:
        """The outermost module around a frame that is to be one box."""
        for k in range(1, len(frame) + 1):
            lone = frame[:k] not in inner
            if (k > depth or (k == depth and lone)) and _parts(frame[k - 1][0]) not in self.open:
                return frame[:k]
        return None

    def _lone_leaves(self, home: list[Frame | None]) -> None:
        """Leave out of a module's box the leaves that others use too, or that are no part of it."""
        for tail, head in zip(self.tails.tolist(), self.heads.tolist(), strict=True):
            elsewhere = home[tail] is not None and home[tail] != home[head]
            if elsewhere and self.outline.nodes[tail].is_leaf:
                home[tail] = None

    # --- runs -------------------------------------------------------------------------------------

    def fold_runs(self) -> None:
        """Chains of like nodes, each used by the next alone, keep two boxes at either end.

        All that leaves such a chain leaves its last node, so nothing comes back.
        """
        self._fold_chains(alike=True)

    def fold_any_runs(self) -> None:
        """The same with nodes of any kind."""
        self._fold_chains(alike=False)

    def _fold_chains(self, alike: bool) -> None:
        onward, back = self._links()
        kept = set(self.box[self.roots].tolist())
        before: dict[int, int] = {}
        after: dict[int, int] = {}
        for box, tails in back.items():
            sole = [
                tail
                for tail in tails
                if len(onward[tail]) == 1 and tail in back and tail not in kept
            ]
            same = [tail for tail in sole if self._like(tail) == self._like(box)]
            chosen = same or ([] if alike else sole)
            if chosen and (same or len(chosen) == 1):
                before[box] = chosen[-1]
                after[chosen[-1]] = box
        parts, beginnings = [], []
        for start in after:
            if start not in before:
                chain = [start]
                while chain[-1] in after:
                    chain.append(after[chain[-1]])
                if len(chain) >= RUN:
                    parts.append(chain[SHOWN:-SHOWN])
                    beginnings.append(chain[SHOWN - 1])
        self._join(parts, beginnings)

    def fold_siblings(self) -> None:
        """Like nodes that are used by the same boxes keep two of them.

        A path from one to another would have to pass through one of their users, which would then
        come both before and after it.
        """
        onward, _ = self._links()
        kept = set(self.box[self.roots].tolist())
        classes: dict[Any, list[int]] = {}
        for box in np.unique(self.box).tolist():
            if box not in kept:
                key = (self._like(box), tuple(onward.get(box, ())))
                classes.setdefault(key, []).append(box)
        self._join(part[SHOWN:] for part in classes.values() if len(part) >= RUN)

    def fold_levels(self) -> None:
        """Like nodes on the same level: as many steps from the leaves, or to what uses a leaf.

        Every arrow leads to a higher level, so none leads back.
        """
        level, kept = self._levels(), set(self.box[self.roots].tolist())
        classes: dict[Any, list[int]] = {}
        for box in np.unique(self.box).tolist():
            if box not in kept:
                like = "run" if box in self.runs else self._like(box)
                classes.setdefault((level[box], like), []).append(box)
        self._join(part[1:] for part in classes.values() if len(part) > 2)

    def _levels(self) -> dict[int, int]:
        onward, back = self._links()
        order, _ = self._order()
        level: dict[int, int] = {}
        for box in order:
            level[box] = 1 + max((level[tail] for tail in back.get(box, ())), default=-1)
        for box in order:
            if box not in back and box in onward:
                level[box] = min(level[head] for head in onward[box]) - 1
        return level

    def fold_rest(self, max_nodes: int) -> None:
        """One box for all below a level, so that what is left is no more than `max_nodes`.

        Every arrow leads to a higher level, so none leads back below.
        """
        if max_nodes < 2:
            self._join([np.unique(self.box).tolist()])
            return
        level = self._levels()
        members = np.bincount(self.box, minlength=self.count)
        shelves: dict[int, list[int]] = {}
        for box in np.unique(self.box).tolist():
            shelves.setdefault(level[box], []).append(box)
        room = limit = max_nodes - 1
        parts: list[list[int]] = []
        below: list[int] = []
        for height in sorted(shelves, reverse=True):
            shelf = sorted(shelves[height], key=lambda box: not self.roots[box])
            weights = [1 + (self.constants[b] if members[b] == 1 else 0) for b in shelf]
            if not below and sum(weights) <= room:
                room -= sum(weights)
            elif not below and room == limit:  # a top level that is itself too wide
                fitting = int(np.searchsorted(np.cumsum(weights), room - 1, side="right"))
                parts.append(shelf[fitting:])
                room = 0
            else:
                below += shelf
        self._join([*parts, below] if below else parts)

    # --- the result -------------------------------------------------------------------------------

    def _first_operation(self, group: Sequence[int]) -> int:
        return next((i for i in group if self.outline.nodes[i].primitive is not None), group[0])

    def folds(self) -> list[Fold]:
        """The boxes of modules and those of several nodes, in order of their first nodes."""
        outline = self.outline
        members: dict[int, list[int]] = {}
        for i, box in enumerate(self.box.tolist()):
            members.setdefault(box, []).append(i)
        folds = []
        # In order of their first operations, as the numbers were computed.
        for box, group in sorted(members.items(), key=lambda item: self._first_operation(item[1])):
            if len(group) > 1 or box in self.modules:
                nodes = [outline.nodes[i] for i in group]
                if box in self.modules:
                    frame = self.modules[box]
                    lines, words = module_lines(outline, frame, nodes)
                    folds.append(Fold(nodes, lines, frame[:-1], words, frame[-1][0]))
                else:
                    lines, words = run_lines(outline, nodes)
                    folds.append(Fold(nodes, lines, _common(outline.frames, group), words))
        return folds


def _grouped(keys: Any, items: Any) -> dict[int, list[int]]:
    """The items of each key, where equal keys stand together."""
    if not len(keys):
        return {}
    distinct, starts = np.unique(keys, return_index=True)
    ends = [*starts[1:].tolist(), len(items)]
    listed = items.tolist()
    return {
        key: listed[start:end]
        for key, start, end in zip(distinct.tolist(), starts.tolist(), ends, strict=True)
    }


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split(".")) if path else ()


def _common(frames: Sequence[Frame], group: Sequence[int]) -> Frame:
    """The innermost frame that holds all of a group, leaves of no frame aside."""
    held = {frames[i] for i in group if frames[i]} or {()}
    shared = min(held, key=len)
    while any(frame[: len(shared)] != shared for frame in held):
        shared = shared[:-1]
    return shared
