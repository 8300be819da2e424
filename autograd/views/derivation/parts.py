"""A loss of logits as a lecture that teaches its parts has it: the output, and a loss of that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.context.grad_modes import aside, enable_grad
from autograd.engine.graph import Node, topological_order
from autograd.engine.primitive import registry


def in_parts(root: Node) -> tuple[Node, dict[Node, Node]]:
    """The same value from the same leaves, with an output of its own for each loss of logits.

    Cross-entropy of logits z becomes that of Y = softmax(z), or of Y = σ(z): what follows from it is
    computed again, and what it follows from stays. A loss stays whole where its parts have no numbers:
    where a probability that counts has been rounded to 0, or to 1, or where the target is a variable.

    Returns:
        The root, and for each node that was computed again the new one.
    """
    new: dict[Node, Node] = {}
    order = topological_order(root)
    if not any(node.primitive is not None and node.primitive.name in PARTS for node in order):
        return root, new
    with aside(), enable_grad():
        for node in order:
            primitive, parts = node.primitive, None
            if primitive is None:
                continue
            arguments = [new.get(x, x) if isinstance(x, Node) else x for x in node.arguments]
            if primitive.name in PARTS and not _varies(arguments[1]):
                with np.errstate(all="ignore"):
                    parts = PARTS[primitive.name](*arguments, **node.options)
            if parts is None and not any(x in new for x in node.parents):
                continue
            if primitive.impure is not None and primitive.impure(node.options):
                return root, {}  # computed again it may be another
            again = primitive(*arguments, **node.options) if parts is None else parts
            again.name = node.name
            new[node] = again
    return new.get(root, root), new


def _varies(target: Any) -> bool:
    return isinstance(target, Node) and target.requires_grad


def _cross_entropy(z: Any, target: Any, entropy: bool = False) -> Any:
    y, d = registry["softmax"](z), np.asarray(getattr(target, "_raw", target))
    if not np.all((d == 0) | (y._raw > 0)):
        return None
    if entropy:
        return registry["sum"](registry["kl_divergence"](y, target), axis=-1)
    return registry["sum"](-registry["xlogy"](target, y), axis=-1)


def _of_classes(z: Any, indices: Any, **options: Any) -> Any:
    target = registry["class_targets"].array(
        z._raw, np.asarray(getattr(indices, "_raw", indices)), **options
    )
    return _cross_entropy(z, target)


def _logistic(z: Any, target: Any, weight: Any, entropy: bool = False) -> Any:
    y = registry["sigmoid"](z)
    if (
        np.ndim(getattr(weight, "_raw", weight))
        or weight != 1
        or not np.all((y._raw > 0) & (y._raw < 1))
    ):
        return None
    return registry["binary_cross_entropy"](y, target, entropy=entropy)


PARTS: dict[str, Callable[..., Any]] = {
    "softmax_cross_entropy": _cross_entropy,
    "class_cross_entropy": _of_classes,
    "logistic_cross_entropy": _logistic,
}
"""Losses of logits, and what makes them of their parts, or ``None``."""
