"""The passes over a graph: cotangents travel backward (`walk_back`), tangents forward.

There is one walk back, for whatever travels; `Value.backward` alone has it written out for floats, three
times as fast, and a test holds the two equal. State lives in the pass and not in the nodes: the
cotangents are in a dictionary that dies with it. What a pass leaves on nodes is written in one step
after it has succeeded.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from autograd.context.exits import depends
from autograd.context.grad_modes import aside, enable_grad
from autograd.context.modes import current_mode
from autograd.engine import graph
from autograd.engine.core import core
from autograd.engine.graph import LOCK, Node, StaleGraphError, describe, reachable
from autograd.support.publishing import option_advice

UNCHANGED = nullcontext()
"""The mode of a pass over numbers, which records nothing as it meets no nodes."""


def check_fresh(nodes: Sequence[Node], what: str, *, numbers: bool = False) -> None:
    """Raise when data was assigned after one of `nodes`, in order, had been computed from it."""
    if not nodes or nodes[0]._serial > graph.latest_change:
        return
    for node in nodes:
        stale = node._stale_argument(numbers)
        if stale is not None:
            primitive = node._primitive
            raise StaleGraphError(
                f"{what} through an old graph: the data of {describe(stale)} was assigned after "
                f"{primitive.name if primitive else 'it'} had been computed from it "
                f"(at {node.site}). Compute the result again from the new data."
            )


# --- the walk back --------------------------------------------------------------------------------


def walk_back(
    order: Sequence[Node], sums: dict[Node, Any], kept: Container[Node] | None = ()
) -> Iterator[tuple[Node, Any]]:
    """The walk back: each node in its turn, from the last one, with its cotangent.

    The cotangent is complete by then, because all uses of a node were made after it and have had their
    turn: that is why the order matters. Whoever walks adds what the node passes on to the parents' sums
    (`add_up`), and may do so with whatever can be added up: numbers and arrays, nodes (for derivatives
    of derivatives), registers of a program, letters of a formula, numbers of paths. Nodes without a sum
    have no turn.

    Args:
        order: the nodes that pass something on, arguments before outputs.
        sums: the cotangent to begin with, by its node. What nobody asks for any more is let go, so that
            its memory is used again.
        kept: nodes whose sums stay; None stands for those that retain their gradient.

    >>> import autograd
    >>> x = autograd.Value(3.0, "x")
    >>> y = x * x
    >>> sums = {y: 1.0}
    >>> for node, g in walk_back([y], sums):
    ...     add_up(sums, [(parent, g * d) for parent, d in zip(node.parents, node.local_derivatives)])
    >>> sums[x]
    6.0
    """
    get, pop = sums.get, sums.pop
    for node in reversed(order):
        g = get(node) if (node._retain if kept is None else node in kept) else pop(node, None)
        if g is not None:
            yield node, g


def add_up(
    sums: dict[Node, Any],
    contributions: Iterable[tuple[Node, Any]],
    among: Container[Node] | None = None,
) -> None:
    """Add each parent's contribution to its sum; with `among` that of these parents alone."""
    get = sums.get
    for parent, contribution in contributions:
        if among is None or parent in among:
            before = get(parent)
            sums[parent] = contribution if before is None else before + contribution


def leading(order: Iterable[Node], targets: Iterable[Node]) -> set[Node]:
    """The nodes that lead to a target: the targets, and of `order` what was computed from one."""
    found = set(targets)
    for node in order:
        if node not in found and not found.isdisjoint(node._parents):
            found.add(node)
    return found


def with_leaves(order: Iterable[Node]) -> list[Node]:
    """An order in which leaves have a turn as well: as soon as their cotangents are complete."""
    found: dict[Node, None] = {}
    for node in order:
        found.update((parent, None) for parent in reversed(node._parents) if parent.is_leaf)
        found[node] = None
    return list(found)


def cotangents(
    seeds: dict[Node, Any],
    *,
    create_graph: bool = False,
    wrt: Iterable[Node] | None = None,
    stop: Iterable[Node] = (),
    retain: bool = False,
) -> dict[Node, Any]:
    """One backward pass: the cotangents of the nodes `wrt`, or of every node that keeps a gradient.

    Nothing is passed on below the nodes `stop`.
    """
    anomaly = current_mode().anomaly
    if core is not None and wrt is None and not (stop or retain or create_graph or anomaly):
        with np.errstate(all="ignore"):
            left: dict[Node, Any] | None = core.walk_back(seeds, graph.latest_change)
        if left is not None:  # all nodes are Tensors, and none is stale
            return left
    _, interior = reachable(seeds)
    targets = leads = None
    if wrt is not None:
        # Walk only the nodes that lead to a target, and do not go below one unless another is there.
        targets = set(wrt)
        leads = leading(interior, targets)
        interior = [
            node
            for node in interior
            if node in leads and any(parent in leads for parent in node._parents)
        ]
    if stop:
        ends = set(stop)
        interior = [node for node in interior if node not in ends]
    check_fresh(interior, "a backward pass", numbers=not create_graph)
    if anomaly is not None:
        for node in interior:
            anomaly.check_untouched(node)
    kept = set(interior) if retain and targets is None else targets
    plain = not create_graph and leads is None and anomaly is None

    sums = dict(seeds)
    with np.errstate(all="ignore"), enable_grad() if create_graph else UNCHANGED:
        for node, g in walk_back(interior, sums, kept):
            if plain:
                node._spread(g, sums)
                continue
            found = node._recorded_contributions(g) if create_graph else node._contributions(g)
            if anomaly is not None:
                for parent, c in found:
                    if leads is None or parent in leads:
                        anomaly.check_backward(node, parent, c)
            add_up(sums, found, leads)
    return sums if targets is None else {node: sums[node] for node in targets if node in sums}


# --- what a pass leaves ---------------------------------------------------------------------------


def leave_gradients(root: Node, seed: Any, create_graph: bool) -> None:
    """Run one pass, then write every gradient in one step: a pass that fails changes nothing."""
    sums = cotangents({root: seed}, create_graph=create_graph, retain=current_mode().retain)
    shared = len(set(map(id, sums.values()))) < len(sums)
    with LOCK:
        for node, g in sums.items():
            node._receive(g, shared)


def leave_recorded_gradients(root: Node, seed: Any, create_graph: bool, notes: Any) -> None:
    """The same while a program is recorded, and so is the pass: reading a gradient is noted."""
    sums = cotangents({root: seed}, create_graph=True, retain=current_mode().retain)
    numbers = {node: g if create_graph else g._raw for node, g in sums.items()}
    shared = len({id(g) for g in numbers.values()}) < len(sums)
    with LOCK, aside():
        for node, g in numbers.items():
            earlier = notes.gradients.get(node, []) if node._primitive is None else []
            node._receive(g, shared)
            notes.gradients[node] = [*earlier, sums[node]]


# --- forward --------------------------------------------------------------------------------------


def tangents(seeds: dict[Node, Any], outputs: Sequence[Node], *, recorded: bool) -> list[Any]:
    """One forward pass: the tangents of `outputs` (``None`` where none depends on a seed)."""
    _, interior = reachable(outputs)
    sums = dict(seeds)
    with np.errstate(all="ignore"), enable_grad() if recorded else UNCHANGED:
        for node in interior:
            if node not in sums and any(parent in sums for parent in node._parents):
                check_fresh((node,), "a forward-mode pass")
                sums[node] = node._tangent(sums, recorded)
    return [sums.get(node) for node in outputs]


class Differentiable(Node):
    """A node from which a backward pass can start."""

    __slots__ = ()

    def backward(
        self, seed: Any = None, *, create_graph: bool = False, **torch_options: Any
    ) -> None:
        """Leave the gradient of this node on every leaf it was computed from.

        Leaves **add** it to what they hold (`zero_grad` clears it); interior Values, and interior
        tensors that retain it, hold this pass's gradient alone, so a second call is right.

        Args:
            seed: the cotangent to start from, of this node's shape. A one-element node needs none.
            create_graph: record the pass itself, so that gradients are nodes.

        Raises:
            StaleGraphError: data was assigned after it had been used. Nothing is changed.
            ValueError: no seed where one is needed, or one of the wrong shape.
            TypeError: a seed that is not made of real numbers, or PyTorch's ``gradient=`` or
                ``retain_graph=``: here the seed is ``seed=``, and graphs are always kept.
        """
        if torch_options:
            raise TypeError(
                f"backward() has no option {', '.join(map(repr, torch_options))}: it takes `seed=`, the "
                "cotangent to start from, and `create_graph=`, and graphs are always kept"
                + option_advice(torch_options, ("seed", "create_graph"))
            )
        if not self._requires_grad:
            raise ValueError(
                f"backward() from {self!r}: it was computed without recording, or from nothing that "
                "requires a gradient, so there is nothing to differentiate"
            )
        mode = current_mode()
        if mode.transforming and not create_graph and depends(self, mode.transforming):
            raise TypeError(
                "backward() under a transform leaves plain numbers, which the transform cannot "
                "differentiate: use autograd.grad, or backward(create_graph=True)"
            )
        if mode.notes is None:
            leave_gradients(self, self._seed(seed, create_graph), create_graph)
        else:
            leave_recorded_gradients(self, self._seed(seed, True), create_graph, mode.notes)
