"""Timelines with marks in the place of numbers, which the script of a live stepper fills in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.engine.graph import Node
from autograd.formulas.mathml import Tree, mathml
from autograd.support.caching import cached_property
from autograd.views.living.formulas import marked
from autograd.views.living.graph import LiveGraph
from autograd.views.stepping.grouping import GroupedTimeline
from autograd.views.stepping.steps import ForwardStep, Step
from autograd.views.stepping.timeline import Timeline


def data_of(timeline: LiveTimeline | LiveGroupedTimeline, boxes: dict[Node, int]) -> dict[str, Any]:
    """What the script of a live stepper reads."""
    words = [
        {"say": moment.say, "text": moment.text, "result": moment.result}
        for moment in timeline.moments
    ]
    return {**timeline.graph.data(boxes, timeline.groups), "words": words}


class LiveTimeline(Timeline):
    """The timeline of a graph of Values, whatever numbers its leaves have."""

    anywhere = True
    groups: Sequence[list[Node]] = ()

    def __init__(self, graph: LiveGraph, *, digits: int, seed: Any = None) -> None:
        self.graph, self.mark = graph, graph.marks
        super().__init__(graph.root, digits=digits, seed=seed)

    @cached_property
    def _earlier(self) -> dict[int, int]:
        """For each step the one before it that added to the same sum."""
        last: dict[Node, int] = {}
        earlier = {}
        for step in self.steps:
            if step.parent in last:
                earlier[step.index] = last[step.parent]
            last[step.parent] = step.index
        return earlier

    @cached_property
    def _letters(self) -> dict[str, str]:
        """The mark of each letter of a formula."""
        return {self.symbols[x].text: self.mark("value", i) for x, i in self.graph.place.items()}

    def data(self) -> dict[str, Any]:
        """What the script reads."""
        return data_of(self, self.index)

    def _value(self, node: Node) -> list[str]:
        return [self.mark("value", self.graph.place[node])]

    def _gradient(self, node: Node) -> list[str]:
        return [self.mark("gradient", self.graph.place[node])] if node in self.gradients else []

    def _local(self, node: Node, slot: int) -> str:
        return self.mark("local", self.graph.step[node, slot])

    def _after(self, step: Step) -> list[str]:
        return [self.mark("after", step.index)]

    def _before(self, step: Step) -> str:
        return self.mark("after", self._earlier[step.index])

    def _factors(self, step: Step) -> tuple[str, str]:
        g = self.mark("gradient", self.graph.place[step.node])
        return g, self.mark("local", step.index, "bracketed")

    def _written(self, node: Node) -> tuple[str, str]:
        """The operation in numbers, as text and as LaTeX."""
        tree = self.formulas.operation_tree(node)
        return marked(tree, self.symbols.by_text, self.mark, self._letters)

    def _put_in(self, node: Node) -> Tree:
        return mathml(self._written(node)[1])

    def _in_line(self, step: ForwardStep | Step) -> str:
        if isinstance(step, ForwardStep):
            text, _ = self._written(step.node)
            return f"{text} = {self._value(step.node)[0]}"
        g, d = self._factors(step)
        return f"{g} · {d} = {self.mark('product', step.index)}"


class LiveGroupedTimeline(GroupedTimeline):
    """The timeline of a large graph of Values, whatever numbers its leaves have."""

    def __init__(self, graph: LiveGraph, **options: Any) -> None:
        self.graph, self.mark = graph, graph.marks
        super().__init__(graph.root, **options)

    def data(self) -> dict[str, Any]:
        """What the script reads."""
        alone = {group[0]: g for g, group in enumerate(self.groups) if len(group) == 1}
        return data_of(self, alone)

    def _value(self, node: Node) -> list[str]:
        return [self.mark("value", self.graph.place[node])]

    def _norm(self, g: int) -> str | None:
        reached = any(node in self.sums for node in self.groups[g])
        return self.mark("norm", g) if reached else None
