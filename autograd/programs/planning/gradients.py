"""Leaving the gradients of a program on its leaves: tensors get parts of one flat array."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine import graph
from autograd.engine.graph import Node
from autograd.engine.tensor import Tensor
from autograd.engine.value import Value
from autograd.engine.vector import Vector
from autograd.programs.planning.plan import Plan

Array = np.ndarray[Any, Any]


class Leaving:
    """How the gradients of a plan, in its order, come to their leaves.

    Args:
        plan: Whose gradients these are; those of `given` come last.
        given: The inputs that are nodes.
        gives: Whether the executor gives arrays that nothing else will write into.
    """

    def __init__(self, plan: Plan, given: set[Any], gives: bool) -> None:
        self.plan = plan
        own: list[Any] = [leaf for leaf, _ in plan.gradients if leaf not in given]
        self.vector = Vector(own) if plan.scalar and own else None
        taken: set[int] = set()
        if gives:
            taken = {i for i, (leaf, _) in enumerate(plan.gradients) if isinstance(leaf, Tensor)}
        self.taken = sorted(taken)
        tensors: dict[Any, list[int]] = {}
        for i, leaf in enumerate(own):
            if isinstance(leaf, Tensor) and i not in taken:
                tensors.setdefault(leaf.dtype, []).append(i)
        self.flats = [(i, FlatGradients([own[k] for k in i])) for i in tensors.values()]
        done = taken.union(*tensors.values(), range(len(own)) if plan.scalar else ())
        self.others = [i for i in range(len(plan.gradients)) if i not in done]

    def leave(self, gradients: Sequence[Any]) -> None:
        """Add each gradient to what its leaf holds, all in one step."""
        leaves = self.plan.gradients
        with graph.LOCK:
            if self.vector is not None:
                self.vector.add_to_grad(np.asarray(gradients)[: len(self.vector)])
            for i in self.taken:
                leaf: Any = leaves[i][0]
                leaf._grad = gradients[i] if leaf._grad is None else leaf._grad + gradients[i]
            for places, flat in self.flats:
                flat.leave([gradients[i] for i in places])
            for i in self.others:
                leaf, g = leaves[i][0], gradients[i]
                held = leaf.grad
                if isinstance(leaf, Value):
                    leaf.grad = float(g) if held is None else held + float(g)
                else:
                    leaf._grad = np.array(g) if held is None else held + g


class FlatGradients:
    """The gradients of some tensors, all of one dtype, one after another in one array.

    An optimiser takes such gradients as one. The array is used again in the next pass if nobody holds a
    part of it any more, or a view of one; who does keeps what it had.
    """

    def __init__(self, leaves: Sequence[Node]) -> None:
        self.leaves = list(leaves)
        self.shapes = [leaf.shape for leaf in leaves]
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes]).tolist()
        self.places = [slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
        self.size: int = ends[-1] if ends else 0
        self.dtype: np.dtype[Any] = leaves[0]._raw.dtype
        self.flat: Array = np.empty(0, self.dtype)
        self.parts: list[Array] = []
        self.alone: Any = None
        self.allocate()

    def allocate(self) -> None:
        """A new array, for somebody may still look at the old one."""
        self.flat = np.empty(self.size, self.dtype)
        pairs = zip(self.places, self.shapes, strict=True)
        self.parts = [self.flat[place].reshape(shape) for place, shape in pairs]
        self.alone = holders([self.flat], self.parts)

    def leave(self, gradients: Sequence[Any]) -> None:
        """Add each gradient to what its leaf holds."""
        helds = [leaf._grad for leaf in self.leaves]
        if all(held is None for held in helds):
            helds.clear()
            if holders([self.flat], self.parts) != self.alone:
                self.allocate()
            for leaf, part, g in zip(self.leaves, self.parts, gradients, strict=True):
                np.copyto(part, g)
                leaf._grad = part
            return
        for leaf, held, g in zip(self.leaves, helds, gradients, strict=True):
            leaf.grad = np.array(g, self.dtype) if held is None else held + g


def holders(flats: Sequence[Array], views: Sequence[Array]) -> Any:
    """How many references there are to arrays, which are views of flat ones, and to those.

    What is a reference differs between versions of Python (3.14 borrows local variables), so this is
    only to be compared with what it gave when nobody held any.
    """
    return set(map(sys.getrefcount, views)), list(map(sys.getrefcount, flats))
