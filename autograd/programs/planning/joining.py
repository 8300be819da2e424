"""Joining: an n-ary node of Values inside a graph of tensors, as one instruction on vectors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd.engine.families import Multilinear
from autograd.engine.graph import Node
from autograd.engine.letters import Letter
from autograd.engine.primitive import Primitive, registry
from autograd.programs.planning.emitting import Emitter


def joined(emitter: Emitter, node: Node, primitive: Primitive) -> list[Letter]:
    """The many numbers of a node, joined to the vectors that its row takes."""
    reshape, concatenate = registry["reshape"], registry["concatenate_all"]
    n = (primitive.arity or 1) if isinstance(primitive, Multilinear) else 1
    numbers = [float(x._raw if isinstance(x, Node) else x) for x in node.arguments]
    alone = reshape.options | {"shape": (1,)}
    parts = [
        emitter.emit(reshape.name, [emitter.place(x)], alone, np.array([number]))
        for x, number in zip(node.arguments, numbers, strict=True)
    ]
    length = len(parts) // n
    letters = []
    for start in range(0, len(parts), length):
        sample = np.array(numbers[start : start + length])
        together = concatenate.options | {"axis": 0}
        r = emitter.emit(concatenate.name, parts[start : start + length], together, sample)
        letters.append(Letter(f"r{r}", sample=sample))
    return letters


def joined_contributions(
    emitter: Emitter,
    node: Node,
    primitive: Primitive,
    cotangent: Letter,
    wanted: Iterable[tuple[int, Any]],
    options: dict[str, Any],
) -> list[tuple[Any, Any]]:
    """(parent, formula of its contribution): elements of what the row's rule gives for its vectors."""
    letters = joined(emitter, node, primitive)
    out = Letter(f"r{emitter.places[node]}", sample=node._raw)
    length = len(node.arguments) // len(letters)
    vectors: dict[int, Any] = {}
    found = []
    for slot, x in wanted:
        i = slot // length
        if i not in vectors:
            vectors[i] = primitive.vjp(i, cotangent, out, letters, options)
        found.append((x, vectors[i][slot % length]))
    return found
