"""Which axis of each array of a graph instances lie along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine.families import Elementwise
from autograd.engine.graph import Node
from autograd.views.derivation.operations import Operations


def instance_axes(
    nodes: Sequence[Node], operations: Operations, known: Sequence[Node] = ()
) -> dict[Any, int | None]:
    """The axis of instances of nodes, and of arrays by their id; absent or ``None`` where there is none.

    The data of the first affine map, or of the first product with data on its left, has instances as
    rows; what is computed from it row by row has them too, and an array that is combined with such a
    node element by element, or is its target.

    Args:
        nodes: in order of creation, arguments before outputs.
        operations: what they compute.
        known: what is known to have instances as rows.
    """
    axes: dict[Any, int | None] = dict.fromkeys(known, 0)
    found = bool(axes)
    for node in nodes:
        primitive, arguments, options = operations[node]
        if primitive is None:
            continue
        name = primitive.name
        keys = [x if isinstance(x, Node) else id(x) for x in arguments]
        shapes = [np.shape(getattr(x, "_raw", x)) for x in arguments]
        if name in ("linear", "matmul") and not found and len(shapes[0]) == 2:
            first = arguments[0]
            data = not isinstance(first, Node) or (first.is_leaf and not first.requires_grad)
            if (data or (name == "linear" and first.is_leaf)) and isinstance(
                first, Node | np.ndarray
            ):
                axes[keys[0]], found = 0, True
        own = [axes.get(key) for key in keys]
        if own and own[0] == 0:
            axes.update((id(target), 0) for target in operations.targets.get(node, []))
        if name in ("linear", "matmul"):
            rows = own[0] == 0 and len(shapes[0]) == 2 and len(node.shape) in (1, 2)
            if rows:
                axes[node] = 0
            elif name == "matmul" and own[1] == 1 and len(node.shape) == 2:
                axes[node] = 1
        elif name == "transpose" and own[0] is not None and len(node.shape) == 2:
            axes[node] = 1 - own[0]
        elif isinstance(primitive, Elementwise) or name in ("softmax_cross_entropy",):
            given = [
                (axis - len(shape))
                for axis, shape in zip(own, shapes, strict=True)
                if axis is not None
            ]
            if given:
                place = given[0]
                if name == "softmax_cross_entropy":
                    axes[node] = 0 if node.shape else None
                else:
                    axes[node] = place + len(node.shape)
                length = next(s[a] for s, a in zip(shapes, own, strict=True) if a is not None)
                for key, shape, x in zip(keys, shapes, arguments, strict=True):
                    fits = len(shape) >= -place and shape[place] == length if shape else False
                    leaf = not isinstance(x, Node) or (x.is_leaf and not x.requires_grad)
                    if fits and key not in axes and leaf and isinstance(x, Node | np.ndarray):
                        axes[key] = place + len(shape)
        elif own and own[0] is not None and len(shapes[0]) == len(node.shape):
            if node.shape[own[0]] == shapes[0][own[0]]:
                axes[node] = own[0]
        elif own and own[0] == 0 and node.shape and node.shape[0] == shapes[0][0]:
            axis = options.get("axis")
            gone = np.atleast_1d(() if axis is None else axis) % len(shapes[0])
            if name == "reshape" or (axis is not None and 0 not in gone):
                axes[node] = 0
        elif own and own[0] == 1 and len(node.shape) == 1 and options.get("axis") in (0, -2):
            axes[node] = 0
    return {key: axis for key, axis in axes.items() if axis is not None}
