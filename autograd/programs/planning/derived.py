"""Deriving: arrays that were computed from an input array, or from nodes, while a graph was recorded."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any, NoReturn

import numpy as np

from autograd.context.notes import Made
from autograd.engine.graph import Node
from autograd.engine.primitive import registry


class Derived:
    """What was made of the input arrays, as whole numbers that became floats, and of nodes.

    An array that is no node is found by its identity, which a copy of another dtype has lost. A
    recording knows which array was made of which, so that a program makes it again. A view is found by
    its memory.

    Args:
        inputs: what a program is given: nodes, and arrays.
        made: what was made while recording, in that order.
    """

    def __init__(self, inputs: Sequence[Any], made: Sequence[Made]) -> None:
        self.inputs = [x for x in inputs if isinstance(x, np.ndarray)]
        self.names = {id(x): i for i, x in enumerate(inputs) if isinstance(x, np.ndarray)}
        self.arrays = {id(x): x for x in self.inputs}
        self.made: dict[int, Made] = {}
        self.views: dict[int, Made] = {}
        for each in made:
            if any(isinstance(x, Node) or self.comes_from(x) is not None for x in each.arguments):
                self.made[id(each.out)] = each
                self.arrays[id(each.out)] = each.out

    @property
    def nodes(self) -> list[Node]:
        """The nodes that something was made of."""
        return [x for each in self.made.values() for x in each.arguments if isinstance(x, Node)]

    def comes_from(self, x: Any) -> int | None:
        """The identity of the array in here that x is, or is a view of."""
        view = x
        while isinstance(view, np.ndarray):
            if id(view) in self.names or id(view) in self.made:
                return id(view)
            view = view.base
        if isinstance(x, np.ndarray):
            for each in self.inputs:  # another view of what an input is a view of
                if np.may_share_memory(x, each) and np.shares_memory(x, each):
                    return id(each)
        return None

    def depends(self, x: Any, inputs: Sequence[Any]) -> bool:
        """Whether a node or an array is computed from inputs."""
        given, stack, seen = {id(each) for each in inputs}, [x], set()
        while stack:
            x = stack.pop()
            if id(x) in given:
                return True
            if id(x) in seen:
                continue
            seen.add(id(x))
            if isinstance(x, Node):
                stack += x.arguments
            elif (at := self.comes_from(x)) is not None:
                stack += self.made[at].arguments if at in self.made else (self.arrays[at],)
        return False

    def steps(self, x: Any, known: Container[int] = ()) -> list[Made]:
        """What computes x, an array or a view of one, in order; without the arrays that are known."""
        found: list[Made] = []
        done: set[int] = set()
        stack = [(x, False)]
        while stack:
            each, ready = stack.pop()
            key = id(each)
            if key in done or key in known or key in self.names or isinstance(each, Node):
                continue
            if self.comes_from(each) is None:
                continue
            made = self.made.get(key) or self.as_view(each)
            if ready:
                done.add(key)
                found.append(made)
                continue
            stack.append((each, True))
            stack += [(y, False) for y in reversed(made.arguments)]
        return found

    def as_view(self, x: Any) -> Made:
        """A view of an array in here, as what a row makes of it."""
        if id(x) in self.views:
            return self.views[id(x)]
        base = self.arrays[self.comes_from(x) or 0]
        same = base.size == x.size and base.dtype == x.dtype
        start = x.__array_interface__["data"] == base.__array_interface__["data"]
        if same and start and base.flags.c_contiguous and x.flags.c_contiguous:
            row = registry["reshape"]
            found = Made(x, row, (base,), row.options | {"shape": x.shape})
        else:
            row = registry["getitem_at"]
            found = Made(x, row, (base, self.places(x, base)), row.options)
        self.views[id(x)] = found
        return found

    def places(self, x: Any, base: Any) -> Any:
        """Where the elements of a view of an array are in it, counted through."""
        if x.dtype != base.dtype:
            self.refuse(x, f"a view of its memory as {x.dtype} is a constant here")
        there = addresses(base)
        order = np.argsort(there)
        wanted = addresses(x)
        found = np.searchsorted(there[order], wanted)
        found = order[np.minimum(found, len(order) - 1)]
        if not np.array_equal(there[found], wanted):
            self.refuse(x, "an array that shows other memory besides its own is a constant here")
        return found.reshape(x.shape)

    def check_options(self, options: Any) -> None:
        """Raise where an option, as an index, is made of an input: a program could not replace it."""
        stack = [options]
        while stack:
            x = stack.pop()
            if isinstance(x, dict):
                stack.extend(x.values())
            elif isinstance(x, tuple | list):
                stack.extend(x)
            elif self.comes_from(x) is not None:
                self.refuse(x, "as an index it is part of the graph, and stays what it was")

    def refuse(self, x: Any, why: str) -> NoReturn:
        """Raise, with the number of the input that x comes from."""
        at = self.comes_from(x)
        while at in self.made:
            at = next(
                (
                    found
                    for each in self.made[at].arguments
                    if (found := self.comes_from(each)) is not None
                ),
                None,
            )
        place = self.names.get(at or 0)
        raise ValueError(
            f"input {place} is an array that is no Tensor, and a replay cannot give another one: {why}. "
            "Let @autograd.compile record a function of it, which follows what NumPy makes of its "
            "arguments, or give what it selects as an input of its own"
        )


def addresses(x: Any) -> Any:
    """Where in memory each element of an array lies."""
    flat = np.full(x.shape, x.__array_interface__["data"][0], np.int64)
    for axis, (n, stride) in enumerate(zip(x.shape, x.strides, strict=True)):
        flat += (np.arange(n) * stride).reshape([-1 if i == axis else 1 for i in range(x.ndim)])
    return flat.reshape(-1)
