"""Who is to blame: the first primitive that gave a number which is not finite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd
from autograd import AnomalyError, Node


def finite(x: Any) -> bool:
    """Whether all numbers of an argument are finite; options and masks count as such."""
    data = np.asarray(x.data if isinstance(x, Node) else x)
    if data.dtype == object:
        return all(finite(each) for each in data.flat)
    return data.dtype.kind not in "fc" or bool(np.isfinite(data).all())


def first_bad(loss: Node) -> tuple[str, str | None]:
    """(a description, the name) of the first primitive on the way to a loss that is not finite.

    Only what reached the loss counts: an infinity that was masked away is not to blame.
    """
    chain = {loss}
    stack = [loss]
    while stack:
        for argument in stack.pop().arguments:
            if isinstance(argument, Node) and argument not in chain and not finite(argument):
                chain.add(argument)
                stack.append(argument)
    order = [node for node in autograd.topological_order(loss, arguments=True) if node in chain]
    for node in order:
        if node.primitive is not None:
            inputs = ", ".join(told(x) for x in node.arguments)
            scope = "" if node.scope is None else f" in {node.scope.path or 'the model'}"
            scope += "" if node.scope is None else f" ({node.scope.kind})"
            return (
                f"{node.primitive.name}{scope} was the first to give {worst(node.data)}, from {inputs}"
                f"\n  at {node.site}",
                node.primitive.name,
            )
    return f"it is {told(loss)}, which no primitive made", None


def bad_backward(loss: Node, parameters: Sequence[Any]) -> tuple[str, str | None]:
    """The same for a backward pass from a finite loss: it runs once more, watched."""
    names = {node.primitive.name for node in autograd.topological_order(loss) if node.primitive}
    held = [(p, p.grad) for p in parameters]
    try:
        with autograd.detect_anomaly():
            loss.backward()
    except AnomalyError as error:
        text = str(error)
        # "the backward pass of log gave inf ...": the name is a primitive's of this graph.
        told_name = text.removeprefix("the backward pass of ").split(" ", 1)[0]
        return text, told_name if told_name in names else None
    finally:
        for p, grad in held:
            p.grad = grad
    return "each contribution to it is finite, but their sum is not", None


def worst(x: Any) -> str:
    """What is not finite in numbers, nan before infinities, and how many are not."""
    data = np.asarray(x)
    bad = ~np.isfinite(data)
    what = "nan" if np.isnan(data).any() else "inf" if (data == np.inf).any() else "-inf"
    return what if not data.shape else f"{what} ({int(bad.sum())} of {data.size} not finite)"


def told(x: Any) -> str:
    """An argument for a message: its name, kind, shape and range, and whether it is finite."""
    kind = type(x).__name__ if isinstance(x, Node) else "a constant"
    name = f" {x.name!r}" if isinstance(x, Node) and x.name else ""
    data = np.asarray(x.data if isinstance(x, Node) else x)
    if data.dtype == object or data.dtype.kind not in "biuf":
        return kind + name
    if not finite(data):
        return f"{kind}{name} with {worst(data)}"
    if not data.size:
        return f"{kind}{name} of shape {data.shape}"
    if not data.shape:
        return f"{kind}{name} {data.item():.6g}"
    return f"{kind}{name} of shape {data.shape} in [{data.min():.6g}, {data.max():.6g}]"
