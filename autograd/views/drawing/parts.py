"""Parts: a loss that is one operation, drawn as the lectures do: probabilities and the loss of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.context.grad_modes import enable_grad
from autograd.engine.graph import Node, reachable, topological_order
from autograd.engine.passes import add_up, check_fresh, walk_back
from autograd.engine.primitive import registry
from autograd.engine.tensor import Tensor

Named = list[tuple[str, Node]]


def taken_apart(roots: Sequence[Node]) -> tuple[list[Node], dict[Node, Any] | None]:
    """The same outputs computed by the parts of their losses, and the gradients of a pass that was made.

    Nodes above a fused loss are computed anew beside it, those below it are the graph's own; no node of
    it is changed. A loss of logits becomes softmax (or the sigmoid), which is called p, and a loss of p,
    which is called l; a penalty is called r and the whole J, where these have no name and none is taken.
    """
    order = topological_order(roots, arguments=True)
    check_fresh([node for node in order if not node.is_leaf], "a drawing by parts")
    summands = _summands(roots[0]) if len(roots) == 1 else []
    renamed = {node for _, node in summands if node.name is None}
    new: dict[Node, Node] = {}
    named: Named = []
    with enable_grad(), np.errstate(all="ignore"):
        for node in order:
            if not isinstance(node, Tensor) or node.primitive is None:
                continue
            arguments = [new.get(x, x) if isinstance(x, Node) else x for x in node.arguments]
            rule = LOSSES.get(node.primitive.name)
            made = rule(node, arguments, named) if rule is not None else None
            others = any(a is not b for a, b in zip(arguments, node.arguments, strict=True))
            if made is None and (others or node in renamed):
                made = node.primitive(*arguments, **node.options)
                made._scope = node._scope
            if made is not None:
                new[node] = made
                if made.name is None and node.name is not None:
                    made.name = node.name
    if not new:
        return list(roots), None
    taken = {node.name for node in order}
    for name, node in [*named, *((name, new[node]) for name, node in summands if node in new)]:
        if node.name is None and name not in taken:
            node.name = name
            taken.add(name)
    ends = [new.get(root, root) for root in roots]
    passed = any(node.is_leaf and node._grad is not None for node in order)
    return ends, _gradients(ends, set(order)) if passed else None


def _gradients(roots: Sequence[Node], own: set[Node]) -> dict[Node, Any]:
    """The gradients of the graph's own nodes where they have one, and of all others by a pass."""
    _, interior = reachable(roots)
    every = topological_order(roots, arguments=True)
    sums: dict[Node, Any] = {root: root._seed(None, False) for root in roots if not root.shape}
    with np.errstate(all="ignore"):
        for node, g in walk_back(interior, sums, kept=set(every)):
            add_up(sums, node._contributions(g))
    own_ones = {node: node._grad for node in every if node in own and node._grad is not None}
    return sums | own_ones


# --- what losses are made of ------------------------------------------------------------------------


def _of_classes(node: Node, arguments: Sequence[Any], named: Named) -> Node:
    """−log of the probability of the class; with weights, smoothing or instances left out −Σ d log p."""
    logits, indices = arguments
    p = registry["softmax"](logits, axis=-1)
    options = node.options
    given = np.asarray(indices._raw if isinstance(indices, Node) else indices)
    loss: Node
    plain = options["weight"] is None and not options["smoothing"]
    if plain and not (given == options["ignore"]).any():
        chosen = registry["class_score"](p, indices)
        named.append(("p_y", chosen))
        loss = -registry["log"](chosen)
    else:
        d = registry["class_targets"](p._raw, indices, **options)
        loss = -registry["sum"](registry["xlogy"](d, p), axis=-1)
    named += [("p", p), ("l", loss)]
    return loss


def _of_distributions(node: Node, arguments: Sequence[Any], named: Named) -> Node:
    """−Σ d log p, or the divergence of p from the target d."""
    logits, target = arguments
    loss: Node
    p = registry["softmax"](logits, axis=-1)
    if node.options["entropy"]:
        loss = registry["sum"](registry["kl_divergence"](p, target), axis=-1)
    else:
        loss = -registry["sum"](registry["xlogy"](target, p), axis=-1)
    named += [("p", p), ("l", loss)]
    return loss


def _of_two(node: Node, arguments: Sequence[Any], named: Named) -> Node | None:
    """The binary cross-entropy of the sigmoid; none where positive instances have a weight."""
    logits, target, weight = arguments
    if isinstance(weight, Node) or np.any(np.asarray(weight) != 1):
        return None
    p = registry["sigmoid"](logits)
    loss: Node = registry["binary_cross_entropy"](p, target, **node.options)
    named += [("p", p), ("l", loss)]
    return loss


def _mean(node: Node, arguments: Sequence[Any], named: Named) -> Node | None:
    """The mean over instances: of one instance its loss; none where instances have weights."""
    losses, indices = arguments
    if node.options["weight"] is not None or isinstance(indices, Node):
        return None
    if (np.asarray(indices) == node.options["ignore"]).any():
        return None
    mean: Node = losses if not losses.shape else registry["mean"](losses)
    return mean


LOSSES: dict[str, Callable[[Node, Sequence[Any], Named], Node | None]] = {
    "class_cross_entropy": _of_classes,
    "softmax_cross_entropy": _of_distributions,
    "logistic_cross_entropy": _of_two,
    "class_mean": _mean,
}
"""What makes the parts of a loss, by its row."""


def _summands(root: Node) -> Named:
    """J, where it is the sum of a loss and λ times a penalty r, which depends on parameters alone."""
    named: Named = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node.primitive is None or node.primitive.name != "add" or node.shape:
            continue
        for x in node.arguments:
            if isinstance(x, Node) and x.primitive is not None and x.primitive.name == "mul":
                factors = [y for y in x.arguments if isinstance(y, Node)]
                if len(factors) == 1 and len(x.arguments) == 2 and _of_parameters(factors[0]):
                    named.append(("r", factors[0]))
            if isinstance(x, Node):
                stack.append(x)
    return [*named, ("J", root)] if named else []


def _of_parameters(node: Node) -> bool:
    """Whether a node is computed from leaves that want a gradient, and from numbers."""
    every = topological_order([node], arguments=True)
    arrays = [x for each in every for x in each.arguments if isinstance(x, np.ndarray) and x.ndim]
    return not node.is_leaf and not arrays and all(x.requires_grad for x in every)
