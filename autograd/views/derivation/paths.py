"""The paths of an influence diagram: how many there are, and which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from autograd.engine.graph import Node
from autograd.engine.passes import add_up, walk_back


class PathEdge(NamedTuple):
    """One use of a node: the output, and the place among the output's parents."""

    output: Node
    place: int


def count_paths(order: Sequence[Node], targets: Iterable[Node]) -> dict[Node, int]:
    """The exact number of paths from the last node of `order` to each target.

    One pass from the output back adds them up, so that their number costs no more than the graph,
    however large it is.

    >>> import autograd
    >>> x = y = autograd.Value(1.0)
    >>> for _ in range(100):
    ...     y = y + y
    >>> count_paths(autograd.topological_order(y), [x])[x] == 2 ** 100
    True
    """
    wanted = set(targets)
    found = dict.fromkeys(wanted & set(order), 0)
    counts = {order[-1]: 1}
    for node, count in walk_back(order, counts):
        if node in found:
            found[node] = count
        add_up(counts, [(parent, count) for parent in node.parents])
    return found


def children_of(order: Sequence[Node]) -> dict[Node, list[PathEdge]]:
    """The uses of each node, in order of creation."""
    children: dict[Node, list[PathEdge]] = {node: [] for node in order}
    for node in order:
        for place, parent in enumerate(node.parents):
            children[parent].append(PathEdge(node, place))
    return children


def paths_to(
    target: Node, root: Node, children: dict[Node, list[PathEdge]], most: int
) -> list[list[PathEdge]] | None:
    """Every path from `root` to `target`, as edges from the root on; ``None`` above `most` edges.

    The walk goes up from the target, where every way leads to the root.
    """
    paths: list[list[PathEdge]] = []
    length = 0
    way: list[PathEdge] = []
    stack = [(0, edge) for edge in reversed(children[target])]
    if target is root:
        return [[]]
    while stack:
        depth, edge = stack.pop()
        del way[depth:]
        way.append(edge)
        if len(way) + length > most:
            return None
        if edge.output is root:
            paths.append(way[::-1])
            length += len(way)
        else:
            stack.extend((depth + 1, above) for above in reversed(children[edge.output]))
    return paths
