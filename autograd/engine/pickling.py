"""Copies and pickles of a graph: flat, so that no depth of graph needs recursion.

A leaf is pickled on its own, so leaves keep their identity within one pickle. An interior node is
pickled as the list of interior nodes below it, in order, with arguments given by their place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.context.exits import leaving
from autograd.context.modes import under_way
from autograd.context.sites import Site
from autograd.engine.graph import Node, reachable, tick, topological_order

Record = tuple[Any, ...]


def reduce_node(node: Node) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """What ``Node.__reduce_ex__`` returns."""
    if node.primitive is None:
        return restore_leaf, (type(node), node._state(plain_grad(node), node.site))
    leaves, interior = reachable([node], arguments=True)
    places: dict[Node, int] = {each: place for place, each in enumerate([*leaves, *interior])}
    sites: dict[Any, Site | None] = {}
    records: list[Record] = []
    newest_stale = -1
    for place, each in enumerate(interior):
        if each._stale_argument(False) is not None:
            newest_stale = place
        key = (each._code, each._lasti)
        if key not in sites:
            sites[key] = each.site
        arguments = [
            (True, places[x]) if isinstance(x, Node) else (False, x) for x in each.arguments
        ]
        state = each._state(plain_grad(each), sites[key])
        records.append((type(each), each.primitive, arguments, state))
    return restore_graph, (leaves, records, newest_stale)


def plain_grad(node: Node) -> Any:
    """The gradient as numbers: pickling one graph should not drag in the graph of its gradient."""
    grad = node.grad
    return grad._raw if isinstance(grad, Node) else grad


def restore_leaf(kind: type[Node], state: Record) -> Node:
    """A leaf, from its state."""
    return kind._restore(None, (), state, tick())


def restore_graph(leaves: list[Node], records: list[Record], newest_stale: int) -> Node:
    """The last of the interior nodes that `records` lists."""
    nodes = list(leaves)
    for place, (kind, primitive, arguments, state) in enumerate(records):
        # A node that was stale stays so: it gets a number from before all assignments.
        number = tick() if place > newest_stale else place - newest_stale - 1
        inputs = tuple(nodes[x] if is_node else x for is_node, x in arguments)
        nodes.append(kind._restore(primitive, inputs, state, number))
    return nodes[-1]


class Copyable(Node):
    """A node that is copied and pickled with what it was computed from."""

    __slots__ = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> Node:
        if under_way:
            leaving(self, "a copy of it")
        for node in topological_order(self, arguments=True):
            if id(node) not in memo:
                memo[id(node)] = node._clone(memo)
        copy: Node = memo[id(self)]
        return copy

    def __copy__(self) -> Node:
        if under_way and self._primitive is None:  # a copy of another node has the same arguments
            leaving(self, "a copy of it")
        return self._clone({})

    def __reduce_ex__(self, protocol: Any) -> Any:
        if under_way:
            leaving(self, "its pickle")
        return reduce_node(self)
