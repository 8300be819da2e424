"""A trial: a model is run once, and left as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import autograd
from autograd import Node, Tensor


@contextmanager
def untouched(model: Any) -> Iterator[None]:
    """Leave a model as it was: its gradients, running averages, counters and random generators."""
    leaves = [x for _, x in model._named_leaves()]
    nodes = [x for leaf in leaves for x in (leaf.flat if isinstance(leaf, np.ndarray) else [leaf])]
    nodes = [x for x in nodes if isinstance(x, Node)]
    grads = [(x, x.grad) for x in nodes]
    buffers = [(x, np.array(x.data)) for x in nodes if not x.requires_grad]
    attributes = [(module, dict(vars(module))) for module in model.modules()]
    generators = [
        (x, x.bit_generator.state)
        for _, own in attributes
        for x in own.values()
        if isinstance(x, np.random.Generator)
    ]
    try:
        yield
    finally:
        for module, own in attributes:
            vars(module).clear()
            vars(module).update(own)
        for x, old in buffers:
            if not np.array_equal(x.data, old, equal_nan=True):
                x.data = old if isinstance(x, Tensor) else float(old)
        for x, grad in grads:
            x.grad = grad
        for rng, state in generators:
            rng.bit_generator.state = state


def as_input(model: Any, x: Any, dtype: Any) -> Any:
    """What a model of Tensors is given: a node, so that a graph is recorded even where all its weights
    are frozen; or the indices that it takes."""
    if isinstance(x, Node) or any(module._takes_indices for module in model.modules()):
        return x
    return Tensor(x, dtype=dtype)


def run_once(model: Any, x: Any = None) -> tuple[list[Node], dict[str, tuple[str, str]]]:
    """(the nodes that a model gives, by path what each module computes itself and the shape it gives).

    The model is in evaluation mode.

    Without an x the model is run on one instance of ones, as many as its first layer takes.

    Raises:
        ValueError: there is no x, and no layer tells how many numbers the model takes.
        ValueError: a network of Values is given anything but one instance.
        TypeError: the model gives no node.
    """
    tensors = [leaf for _, leaf in model._named_leaves() if isinstance(leaf, Tensor)]
    if x is None:
        taken = next((n for m in model.modules() if (n := m._takes()) is not None), None)
        if taken is None:
            raise ValueError(
                f"no layer of {type(model).__name__} tells how many numbers it takes: give an input, "
                "draw(model, x)"
            )
        x = [1.0] * taken
    if tensors:
        x = as_input(model, x, tensors[0].dtype)
    elif not isinstance(x, Node):
        shape = np.shape(np.asarray(x, dtype=object))
        if len(shape) != 1:
            raise ValueError(
                "a network of Values is drawn with one instance, a list of its inputs, "
                f"got shape {shape}"
            )
        x = list(x)
    with untouched(model), autograd.enable_grad():
        output = model.eval()(x)
    found = [output] if isinstance(output, Node) else np.asarray(output, dtype=object).flat
    outputs = [each for each in found if isinstance(each, Node)]
    if not outputs:
        raise TypeError(
            f"{type(model).__name__} computed no node, but {type(output).__name__} ({output!r:.60})"
        )
    own: dict[str, Counter[str]] = {}
    gives: dict[str, str] = {}
    for node in autograd.topological_order(outputs, arguments=True):
        scope = node.scope
        if node.primitive is None or scope is None:
            continue
        own.setdefault(scope.path, Counter())[node.primitive.name] += 1
        while scope is not None:
            own.setdefault(scope.path, Counter())
            gives[scope.path] = str(node.shape) if isinstance(node, Tensor) else ""
            scope = scope.parent
    return outputs, {
        path: (", ".join(name if n == 1 else f"{name} ×{n}" for name, n in c.items()), gives[path])
        for path, c in own.items()
    }
