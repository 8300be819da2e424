"""Deriving: arrays that the library computed from an input array while a graph was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from autograd.dispatch import registry
from autograd.graph import Node
from autograd.recording import Made
from autograd.tensor import Tensor

if TYPE_CHECKING:
    from autograd.programs.planning import Planner

__all__ = ["Derived", "as_recorded", "made_again"]


class Derived:
    """What was made of the input arrays, as whole numbers that became floats.

    An input that is no node is found by its identity, which a copy of another dtype has lost. A
    recording knows which array a row made of which, so that a program makes it again.

    Args:
        inputs: what a program is given: nodes, and arrays.
        made: what rows made of arrays, in that order.
    """

    def __init__(self, inputs: Sequence[Any], made: Sequence[Made]) -> None:
        self.names = {id(x): i for i, x in enumerate(inputs) if isinstance(x, np.ndarray)}
        self.made: dict[int, Made] = {}
        for each in made:
            if any(self.comes_from(x) is not None for x in each.arguments):
                self.made[id(each.out)] = each

    def comes_from(self, x: Any) -> int | None:
        """The identity of the array in here that x is, or is a view of."""
        while isinstance(x, np.ndarray):
            if id(x) in self.names or id(x) in self.made:
                return id(x)
            x = x.base
        return None

    def before(self, x: Any) -> Iterable[Made]:
        """What has to be computed for x, in order, and x itself."""
        needed, stack = set(), [x]
        while stack:
            each = stack.pop()
            at = self.comes_from(each)
            if at is None or at in needed:
                continue
            needed.add(at)
            if id(each) != at:
                needed.add(id(each))
            stack.extend(self.made[at].arguments if at in self.made else ())
        return [each for key, each in self.made.items() if key in needed]

    def steps(self, x: Any) -> list[Made]:
        """What computes x, an array or a view of one, from the inputs."""
        found = list(self.before(x))
        return found if id(x) in self.made or id(x) in self.names else [*found, self.as_reshaped(x)]

    def as_reshaped(self, x: Any) -> Made:
        """A view of an array in here, as what a row makes of it."""
        base = x
        while id(base) not in self.names and id(base) not in self.made:
            base = base.base
        same = base.size == x.size and base.dtype == x.dtype
        if not (same and base.flags.c_contiguous and x.flags.c_contiguous):
            self.refuse(base, "a part of it, or its numbers in another order, is a constant here")
        row = registry["reshape"]
        return Made(x, row, (base,), row.options | {"shape": x.shape})

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
                found
                for each in self.made[at].arguments
                if (found := self.comes_from(each)) is not None
            )
        place = self.names.get(at or 0)
        raise ValueError(
            f"input {place} is an array that is no Tensor, and a replay cannot give another one: {why}. "
            "Give what it selects as an input of floats, such as a one-hot array"
        )


def made_again(planner: Planner, x: Any) -> int:
    """The register of an array that was made of an input array."""
    for each in planner.derived.steps(x):
        if id(each.out) not in planner.arrays:
            places = [planner.place(y) for y in each.arguments]
            r = planner.emit(each.row.name, places, each.options, each.out)
            planner.arrays[id(each.out)] = r
    return planner.arrays[id(x)]


def as_recorded(planner: Planner, node: Node, arguments: list[int]) -> list[int]:
    """The arguments' registers, whole numbers as the floats that they became when recording."""
    if not isinstance(node, Tensor):
        return arguments
    cast = registry["astype"]
    found = list(arguments)
    for i, (r, x) in enumerate(zip(arguments, node._arrays, strict=True)):
        held = planner.plan.registers[r].dtype
        if isinstance(x, np.ndarray) and x.dtype != held and held.kind in "biu":
            found[i] = planner.emit(cast.name, [r], {"dtype": x.dtype}, x)
    return found
