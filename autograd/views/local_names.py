"""Local names: nodes in local variables learn what these are called."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine.graph import Node
from autograd.support.publishing import publish


def name(**nodes: Any) -> None:
    """Name nodes after variables: ``autograd.name(h=h, loss=loss)``, or ``autograd.name(**locals())``.

    Lists, tuples and object arrays of nodes get ``h[0]``, ``h[0][1]`` and ``h[0, 1]``. A node that has
    a name keeps it (a parameter stays ``layers.0.weight``); of two variables for one node the first
    counts. Whatever is no node is passed over, and so are variables that begin with an underscore,
    where notebooks keep their outputs.

    >>> import autograd
    >>> def f(x):
    ...     squares = [x * x, x * x * x]
    ...     total = squares[0] + squares[1]
    ...     autograd.name(**locals())
    ...     return total
    >>> y = f(autograd.Value(2.0))
    >>> y.name, [node.name for node in y.parents]
    ('total', ['squares[0]', 'squares[1]'])
    """
    seen: set[int] = set()
    # Plain variables come first: `h = layers[0]` is h, whatever list it is in.
    later = []
    for key, x in nodes.items():
        if not key.startswith("_"):
            if isinstance(x, Node):
                _name_node(x, key)
            else:
                later.append((key, x))
    stack = later[::-1]
    while stack:
        key, x = stack.pop()
        if isinstance(x, Node):
            _name_node(x, key)
            continue
        items: list[tuple[str, Any]] = []
        if isinstance(x, list | tuple):
            items = [(f"{key}[{i}]", each) for i, each in enumerate(x)]
        elif isinstance(x, np.ndarray) and x.dtype == object:
            for place in np.ndindex(x.shape):
                index = f"[{', '.join(map(str, place))}]" if place else ""
                items.append((f"{key}{index}", x[place]))
        if items and id(x) not in seen:
            seen.add(id(x))
            stack += items[::-1]


def _name_node(node: Node, text: str) -> None:
    if node.name is None:
        node.name = text


__all__ = ["name"]
publish(__name__)
