"""What a program is given: inputs and seeds, checked, as arrays that are its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine.arrays import check_array
from autograd.engine.graph import Node
from autograd.programs.planning.plan import Plan
from autograd.programs.runs import Run

FLOAT64: np.dtype[Any] = np.dtype(np.float64)
OWN = 1 << 20
"""Bytes up to which an input is copied in every run, so that it may be written into before the backward
pass. (A copy of 400 kB takes 10 µs, one of 1.2 MB 60.) A larger one is not where the run computes the
gradients as well: nothing is read again then.
"""


class Inputs:
    """The inputs of a program, which each call gives anew."""

    def __init__(self, plan: Plan, inputs: Sequence[Any]) -> None:
        self.names = [_name(x, i) for i, x in enumerate(inputs)]
        self.registers = [plan.registers[r] for r in plan.inputs]
        self.scalar = plan.scalar

    def take(self, run: Run, arrays: Sequence[Any], borrow: bool) -> None:
        """Give a run its inputs: copies, but (with `borrow`) of large ones."""
        if len(arrays) != len(self.names):
            raise TypeError(
                f"the program takes {len(self.names)} inputs ({', '.join(self.names)}), "
                f"got {len(arrays)}"
            )
        if self.scalar:
            numbers, alone = self.numbers(arrays)
            run.begun, run.done, run.alone = True, False, alone
            run.given, run.instances = numbers, len(numbers[0]) if numbers else 1
            return
        given: list[Any] = []
        same = []
        for x, register, name in zip(arrays, self.registers, self.names, strict=True):
            if (
                x.__class__ is np.ndarray
                and x.dtype is register.dtype
                and x.shape == register.shape
            ):
                same.append(len(given))
                given.append(x)
                continue
            array = as_array(x, name)
            if array.shape != register.shape:
                raise ValueError(
                    f"input {name} has shape {register.shape} in this program, got {array.shape}"
                )
            if array.dtype != register.dtype:
                whole = array.dtype.kind in "biu" and register.dtype.kind == "f"
                if not whole and not np.can_cast(array.dtype, register.dtype):
                    raise TypeError(
                        f"input {name} has dtype {register.dtype} in this program, got {array.dtype}"
                    )
                given.append(array.astype(register.dtype))
            else:
                given.append(copied(array, x))
        run.begun, run.done, run.borrowed = True, False, []
        if run.kept is not None:
            if run.kept() is not None:  # whose inputs are in these rooms
                run.rooms = [None] * len(given)
            run.kept = None
        rooms = run.rooms
        for i in same:  # now that all fit: what is here belongs to the last run
            x = given[i]
            if borrow and x.nbytes > OWN:
                run.borrowed.append(self.names[i])
                continue
            room = rooms[i]
            if room is None:
                room = rooms[i] = np.empty_like(x, order="C", subok=False)
            room[...] = x
            given[i] = room
        run.given = given

    def numbers(self, arrays: Sequence[Any]) -> tuple[list[Any], bool]:
        """The inputs of a graph of Values, a number per instance each, and whether all were numbers."""
        if (columns := copied_columns(arrays)) is not None:
            return columns, False
        given = []
        instances = None
        for x, name in zip(arrays, self.names, strict=True):
            array = as_array(x, name)
            if array.dtype.kind not in "biuf" or array.ndim > 1:
                raise TypeError(
                    f"input {name} is a number, or a vector with one for each instance, got "
                    f"{array.dtype} of shape {array.shape}"
                )
            if array.ndim:
                if instances not in (None, len(array)):
                    raise ValueError(
                        f"input {name} has {len(array)} instances, the inputs before it {instances}"
                    )
                instances = len(array)
            given.append(array)
        m = 1 if instances is None else instances
        if m == 0:
            raise ValueError("the inputs of a program hold at least one instance, got none")
        return [
            np.full(m, x, float)
            if x.ndim == 0
            else copied(x, y)
            if x.dtype == np.float64 and x.flags.c_contiguous
            else x.astype(float)
            for x, y in zip(given, arrays, strict=True)
        ], instances is None


class Seeds:
    """The cotangents that a backward pass may begin with: of the output, or weights of the instances."""

    def __init__(self, plan: Plan) -> None:
        self.register = plan.registers[plan.seed] if plan.seed >= 0 and plan.gradients else None
        self.even = np.empty(0)  # the default seed of a graph of Values, and that of one of tensors
        self.one: Any = None

    def of(self, seed: Any, instances: int | None) -> Any:
        """A seed as an array of the output's shape, or with a weight for each instance."""
        register = self.register
        if register is None:
            raise ValueError("there is nothing to differentiate: the output needs no gradient")
        if instances is not None:
            if seed is None:
                return self.evenly(instances)
            weights = as_seed(seed, np.dtype(float))
            if weights.shape not in ((), (instances,)):
                raise ValueError(
                    f"the seed is one weight for each of {instances} instances, got {weights.shape}"
                )
            return np.ascontiguousarray(np.broadcast_to(weights, instances))
        if seed is None:
            if register.shape != () and int(np.prod(register.shape)) != 1:
                raise ValueError(
                    f"backward() from an output of shape {register.shape} needs a seed of that shape"
                )
            if self.one is None:
                self.one = np.ones(register.shape, register.dtype)
            return self.one
        array = as_seed(seed, register.dtype)
        if array.shape != register.shape:
            raise ValueError(f"a seed of shape {register.shape} was expected, got {array.shape}")
        return array

    def evenly(self, instances: int) -> Any:
        """The default seed of a scalar plan: the gradients are those of the mean."""
        if len(self.even) != instances:
            self.even = np.full(instances, 1 / instances)
        return self.even


def as_seed(seed: Any, dtype: Any) -> Any:
    """A seed as an array of the output's dtype."""
    array = np.asarray(seed._raw if isinstance(seed, Node) else check_array(seed, "a seed"))
    if array.dtype.kind not in "biuf":
        raise TypeError(f"a seed is made of real numbers, got {array.dtype}")
    return array.astype(dtype, copy=False)


def as_array(x: Any, name: str) -> Any:
    """What was given for an input, as an array of whatever it holds."""
    try:
        return np.asarray(x._raw if isinstance(x, Node) else check_array(x, f"input {name}"))
    except ValueError as error:  # a list of lists of several lengths
        raise ValueError(f"input {name} is no array: {error}") from None


def copied_columns(arrays: Sequence[Any]) -> list[Any] | None:
    """Copies of vectors of doubles that are equally long, as they mostly are; None if these are not."""
    shape: Any = None
    for x in arrays:
        if x.__class__ is not np.ndarray or x.dtype is not FLOAT64:
            return None
        if x.shape != shape:
            if shape is not None or x.ndim != 1 or not x.size:
                return None
            shape = x.shape
    return None if shape is None else [x.copy() for x in arrays]


def copied(x: Any, given: Any) -> Any:
    """An input that nobody else writes into: a copy, unless it was made of what was given just now."""
    fresh = isinstance(given, list | tuple | int | float | np.generic)
    return x if fresh else np.array(x)


def _name(x: Any, i: int) -> str:
    name = getattr(x, "name", None)
    return repr(name) if name else str(i)
