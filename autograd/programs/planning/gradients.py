"""Leaving the gradients of a program on its leaves: tensors get parts of one flat array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine import graph
from autograd.engine.flat import Flat
from autograd.engine.tensor import Tensor
from autograd.engine.value import Value
from autograd.engine.vector import Vector
from autograd.programs.planning.plan import Plan


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
        self.flats = [(i, Flat([own[k] for k in i])) for i in tensors.values()]
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
                flat.add_to_grad([gradients[i] for i in places])
            for i in self.others:
                leaf, g = leaves[i][0], gradients[i]
                held = leaf.grad
                if isinstance(leaf, Value):
                    leaf.grad = float(g) if held is None else held + float(g)
                else:
                    leaf._grad = np.array(g) if held is None else held + g
