"""Describing: the words on a box that stands for many nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine.graph import Node
from autograd.views.labels import given_numbers, sign
from autograd.views.outline import Frame, Outline

PLURALS = {"leaf": "leaves", "parameter": "parameters", "constant": "constants"}

KINDS = 3
"""How many kinds of operation are named before the others are only counted."""


def module_lines(outline: Outline, frame: Frame, nodes: Sequence[Node]) -> tuple[list[str], str]:
    """What a module is called, the shapes that go in and come out, and how many parameters it has."""
    inside = set(nodes)
    taken: dict[Any, str] = {}
    given: dict[int, str] = {}
    uses: Counter[Node] = Counter()  # of each parameter
    for node in nodes:
        for x in outline.arguments[outline.index[node]]:
            if isinstance(x, Node):
                if x in outline.parameters:
                    uses[x] += 1
                elif x not in inside:
                    taken[id(x)] = str(x.shape)
            elif isinstance(x, np.ndarray) and x.ndim:
                taken[id(x)] = str(x.shape)
        # Neurons side by side are given the same numbers, each of which comes in once.
        numbers = given_numbers(node)
        taken |= {(numbers, k): "()" for k in range(len(numbers))}
        if node.primitive is not None and (node in outline.roots or outline.leaves(node, inside)):
            given[id(node)] = str(node.shape)
    # A network of Values is called once for each instance, and uses each parameter once in a call.
    calls = uses.most_common(1)[0][1] if len(set(uses.values())) == 1 else 1
    scalar = set(taken.values()) | set(given.values()) == {"()"}
    if not scalar or len(taken) % calls or len(given) % calls:
        calls = 1
    ends = (_shapes(list(each.values())[::calls]) for each in (taken, given))
    lines = [outline.title(frame), " → ".join(ends) + (f", {calls:,} times" if calls > 1 else "")]
    # A parameter that is used elsewhere too has a box of its own, and counts all the same.
    own = {
        x
        for node in nodes
        for x in outline.arguments[outline.index[node]]
        if isinstance(x, Node) and x in outline.parameters
        if outline.frame(x)[: len(frame)] == frame
    }
    size = sum(map(_size, own))
    operations = sum(node.primitive is not None for node in nodes)
    lines.append(f"{size:,} parameter{'s' * (size != 1)}")
    words = f"{outline.title(frame)}: {operations:,} operation{'s' * (operations != 1)}"
    return lines, words


def run_lines(outline: Outline, nodes: Sequence[Node]) -> tuple[list[str], str]:
    """How many more nodes there are, and of what kinds."""
    kinds = Counter(
        sign(node).partition(" axis")[0]
        if node.primitive is not None
        else PLURALS[outline.kind(node)]
        for node in nodes
    )
    common = kinds.most_common()
    total = f"… {len(nodes):,} more"
    parts = [f"{count:,} {kind}" for kind, count in common[:KINDS]]
    if len(common) > KINDS:
        parts.append(f"{sum(count for _, count in common[KINDS:]):,} others")
    if len(common) == 1:
        lines = [f"{total} {common[0][0]}"]
        words = f"{len(nodes):,} {common[0][0]}"
    else:
        lines = [total, ", ".join(parts)]
        words = f"{len(nodes):,} in one box: {', '.join(parts)}"
    labels = outline.names.labels
    names = [labels[node] for node in nodes if node in labels]
    if len(names) == len(nodes):
        lines.append(f"{_brief(names[0])} … {_brief(names[-1])}")
    outputs = sum(node in outline.roots for node in nodes)
    if outputs:
        lines.append(f"{outputs:,} outputs among them")
    shapes = {node.shape for node in nodes}
    if len(shapes) == 1 and (shape := shapes.pop()):
        lines.append(f"each {shape}")
    return lines, words


def _brief(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:9]}…{name[-9:]}"


def _size(node: Node) -> int:
    return int(np.prod(node.shape, dtype=int))


def _shapes(shapes: object) -> str:
    """Shapes as text: a number of Values, or the shapes of tensors, repeats counted."""
    counts = Counter(shapes)  # type: ignore[call-overload]
    if not counts:
        return "nothing"
    parts = []
    for shape, count in list(counts.items())[:3]:
        if shape == "()":
            parts.append(f"{count:,} number{'s' * (count != 1)}")
        else:
            parts.append(shape if count == 1 else f"{count:,} of {shape}")
    if len(counts) > 3:
        parts.append("…")
    return ", ".join(parts)
