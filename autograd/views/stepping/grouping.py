"""The timeline of a graph that is too large to step through node by node: modules, or runs of nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine.graph import Node
from autograd.formulas.plain import number
from autograd.views.outline import Frame, Outline
from autograd.views.stepping.diagram import Card, CardEdge
from autograd.views.stepping.steps import forward_steps, steps
from autograd.views.stepping.timeline import Moment, in_one_line, lines_of, one_line_of, place_of

MOST = 40
"""Groups that a picture shows: more could not be read."""

LONGEST = 22


class GroupedTimeline:
    """Positions of a large graph: one for each group of nodes, forward and then backward.

    Interior nodes are grouped by the module that made them, as long as that makes few enough groups,
    and else by equal runs; a group is a run in order of creation, so that no group needs another that
    comes later. Leaves stand with the first group that takes them.

    Attributes:
        cards, arrows, moments, complete: as on `Timeline`.
        notice: how it was grouped, in words.
    """

    def __init__(self, root: Node, *, digits: int, seed: Any, max_steps: int, count: int) -> None:
        self.root, self.digits = root, digits
        self.outline = Outline([root])
        limit = max(1, min(MOST, (max_steps - 2) // 2))
        interior = [node for node in self.outline.nodes if not node.is_leaf]
        self.titles, groups, how = self._grouped(interior, limit)
        self.kinds = ["folded"] * len(groups)
        self.inner = len(groups)
        self.home = {node: g for g, group in enumerate(groups) for node in group}
        self.groups = groups
        self._add_leaves()
        self.notice = (
            f"{count:,} steps are more than {max_steps:,}: each position stands for a group of them, "
            f"{how}. Stepper(..., max_steps={count}) shows every one."
        )
        self.sums: dict[Node, Any] = {root: root._seed(seed, False)}
        self.turns: dict[Node, int] = {root: self.home[root]}
        self.products = [0] * len(groups)
        for step in steps(root, seed=seed, digits=digits):
            self.sums[step.parent] = step.after
            turn = self.home[step.node]
            self.turns[step.parent] = min(self.turns.get(step.parent, turn), turn)
            self.products[self.home[step.node]] += 1
        for _ in forward_steps(root, digits=digits):
            break  # raises if data was assigned since
        self.norms = [self._norm(g) for g in range(len(self.groups))]
        self.cards = [self._card(g) for g in range(len(self.groups))]
        self.arrows: list[CardEdge] = []
        self._join()
        self.moments = self._moments()
        self.complete = [0] * len(self.cards)
        for k, moment in enumerate(self.moments):
            for kind, g, _, _ in moment.sets:
                if kind != "local":
                    self.complete[g] = k

    # --- groups -----------------------------------------------------------------------------------

    def _grouped(self, interior: list[Node], limit: int) -> tuple[list[str], list[list[Node]], str]:
        frames = [self.outline.frame(node) for node in interior]
        for depth in range(max((len(frame) for frame in frames), default=0), 0, -1):
            titles: list[str] = []
            modules: list[Frame] = []
            groups: list[list[Node]] = []
            before: Any = None
            for node, frame in zip(interior, frames, strict=True):
                here = frame[:depth]
                if here != before or not groups:
                    titles.append(self.outline.title(here) if here else "outside modules")
                    modules.append(here)
                    groups.append([])
                before = here
                groups[-1].append(node)
            if 1 < len(groups) <= limit:
                return titles, groups, "by module"
            merged = self._merged(titles, modules, groups)
            if merged is not None and 1 < len(merged[0]) <= limit:
                return *merged, "by module, all calls of a module together"
        size = -(-len(interior) // limit)
        groups = [interior[i : i + size] for i in range(0, len(interior), size)]
        titles, at = [], 1
        for group in groups:
            last = at + len(group) - 1
            titles.append(f"nodes {at:,}–{last:,}" if last > at else f"node {at:,}")
            at = last + 1
        return titles, groups, f"in runs of {size:,} node{'' if size == 1 else 's'}"

    @staticmethod
    def _merged(
        titles: list[str], modules: list[Frame], groups: list[list[Node]]
    ) -> tuple[list[str], list[list[Node]]] | None:
        """Groups of one module as one, in an order of arguments first; ``None`` where there is none.

        There is none where a module is fed with what came of its own output, as in a recurrent network.
        """
        called = dict(zip(modules, titles, strict=True))
        together: dict[Frame, list[Node]] = {}
        for module, group in zip(modules, groups, strict=True):
            together.setdefault(module, []).extend(group)
        home = {node: module for module, group in together.items() for node in group}
        needs: dict[Frame, set[Frame]] = {module: set() for module in together}
        for node, module in home.items():
            needs[module].update(
                home[x]
                for x in node.arguments
                if isinstance(x, Node) and x in home and home[x] != module
            )
        order: list[Frame] = []
        while needs:
            ready = next((module for module, before in needs.items() if not before), None)
            if ready is None:
                return None
            order.append(ready)
            del needs[ready]
            for before in needs.values():
                before.discard(ready)
        return [called[module] for module in order], [together[module] for module in order]

    def _add_leaves(self) -> None:
        """Leaves go with the first group that takes them: parameters, and the others."""
        beside: dict[tuple[int, str], int] = {}
        for g in range(self.inner):
            for node in self.groups[g]:
                for leaf in node.arguments:
                    if not isinstance(leaf, Node) or leaf in self.home:
                        continue
                    kind = self.outline.kind(leaf)
                    if (g, kind) not in beside:
                        beside[g, kind] = len(self.groups)
                        self.groups.append([])
                        self.titles.append("")
                        self.kinds.append(kind)
                    self.home[leaf] = beside[g, kind]
                    self.groups[beside[g, kind]].append(leaf)

    def _value(self, node: Node) -> list[str]:
        return lines_of(node._raw, self.digits)

    def _norm(self, g: int) -> str | None:
        """The length of the gradients of a group, taken together."""
        reached = [np.ravel(self.sums[node]) for node in self.groups[g] if node in self.sums]
        if not reached:
            return None
        gradients = np.abs(np.concatenate(reached), dtype=np.float64)
        with np.errstate(all="ignore"):  # of squares that neither overflow nor vanish
            largest = gradients.max()
            scale = largest if 0.0 < largest < np.inf else 1.0
            return number(np.sqrt(np.sum(np.square(gradients / scale))) * scale, self.digits)

    # --- the board --------------------------------------------------------------------------------

    def _card(self, g: int) -> Card:
        group, kind, norm = self.groups[g], self.kinds[g], self.norms[g]
        numbers = sum(int(np.prod(node.shape)) for node in group)
        words = {"parameter": "parameter", "leaf": "input", "constant": "constant"}
        word = words.get(kind, "value")
        value = f"{numbers:,} {word}{'' if numbers == 1 else 's'}"
        if len(group) == 1 and numbers == 1:
            value = self._value(group[0])[0]
        gradient = [] if norm is None else [f"norm {norm}" if numbers > 1 else norm]
        title = self.titles[g]
        short = title if len(title) <= LONGEST else f"{title[: LONGEST - 1]}…"
        return Card(kind, title or value, short, "", [value], gradient)

    def _join(self) -> None:
        between: dict[tuple[int, int], int] = {}
        for g in range(self.inner):
            for node in self.groups[g]:
                for argument in node.arguments:
                    if isinstance(argument, Node) and self.home[argument] != g:
                        ends = (self.home[argument], g)
                        between[ends] = between.get(ends, 0) + 1
        for (tail, head), edges in between.items():
            self.arrows.append(CardEdge(tail, head, f"{edges:,}" if edges > 1 else ""))

    # --- the positions ----------------------------------------------------------------------------

    def _moments(self) -> list[Moment]:
        given = [
            ("value", g, card.value_lines(), True)
            for g, card in enumerate(self.cards)
            if g >= self.inner
        ]
        moments = [Moment("start", sets=given, say="The numbers that are given.", note=self.notice)]
        for g in range(self.inner):
            value = in_one_line(self._value(self.groups[g][-1]))
            moments.append(
                Moment(
                    "forward",
                    sets=[("value", g, self.cards[g].value_lines(), True), *self._locals(g)],
                    target=g,
                    say=f"{self.titles[g]}: {len(self.groups[g]):,} operations",
                    result=value,
                    where=place_of(self.groups[g][0]),
                )
            )
        last = self.home[self.root]
        seed = one_line_of(self.sums[self.root], self.digits)
        moments.append(
            Moment(
                "seed",
                sets=self._gradients(last) if len(self.groups[last]) == 1 else [],
                source=last,
                say="The backward pass begins at the output",
                result=seed,
                where=place_of(self.root),
            )
        )
        for g in range(self.inner - 1, -1, -1):
            sets = [each for other in self._completed_by(g) for each in self._gradients(other)]
            names = [self.cards[i].name for _, i, _, _ in sets]
            norms = [f"{self.cards[i].name}: {self.norms[i]}" for _, i, _, _ in sets]
            moments.append(
                Moment(
                    "backward",
                    sets=sets,
                    source=g,
                    target=sets[0][1] if sets else None,
                    say=f"{self.titles[g]}: {self.products[g]:,} products; norms of the gradients",
                    result=", ".join(norms) or "none complete yet",
                    note=f"complete now: {', '.join(names)}" if names else "",
                    where=place_of(self.groups[g][-1]),
                )
            )
        return moments

    def _locals(self, g: int) -> list[tuple[str, int, list[str], bool]]:
        edges = enumerate(self.arrows)
        return [("local", e, [a.label], True) for e, a in edges if a.head == g and a.label]

    def _gradients(self, g: int) -> list[tuple[str, int, list[str], bool]]:
        lines = self.cards[g].gradient_lines()
        return [("gradient", g, lines, True)] if lines else []

    def _completed_by(self, g: int) -> list[int]:
        """The groups whose last gradient becomes complete in the turn of group `g`."""
        turns = []
        for other, group in enumerate(self.groups):
            last = [self.turns[node] for node in group if node in self.turns]
            # Turns run backward. The seed completes the output before any turn.
            if last and min(last) == g and not (len(group) == 1 and group[0] is self.root):
                turns.append(other)
        return turns
