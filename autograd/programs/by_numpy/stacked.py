"""Stacked: a scalar plan's groups as NumPy calls on two tables, of single numbers and of instances."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.engine.families import Elementwise
from autograd.programs.by_numpy.levels import InstructionGroup, Levels, TableRows
from autograd.programs.by_numpy.writing import LINE, Array, one_call
from autograd.programs.planning.plan import TOTAL, row_of

Call = tuple[Callable[..., Any], tuple[Any, ...]]

RUN = 8
"""Numbers that lie beside each other from which on a view is read faster than it is gathered."""

FEW_TERMS = 4
"""Terms of a sum up to which they are added one after another, each where it lies."""

WIDE = 4096
"""Numbers of a sum from which on that is faster for any terms that do not lie side by side."""


class StackedCode:
    """Groups as calls on tables for one number of instances: see `executor.PlanCode`.

    The table of single numbers begins with the leaves and the constants, that of instances with the
    inputs and the seed.
    """

    def __init__(self, levels: Levels, extra: Sequence[int], instances: int) -> None:
        plan = levels.plan
        self.instances = instances
        self.places: dict[int, Any] = {}  # no group draws
        singles, several = levels.rows
        self.numbers = aligned((singles,))
        self.columns = aligned((several, instances))
        places, numbers = levels.constants
        self.numbers[places] = numbers
        self.leaves = self.numbers[: len(plan.parameters)]
        self.inputs = [self.columns[i] for i in range(len(plan.inputs))]
        self.seed = self.columns[len(plan.inputs)] if plan.seed >= 0 else None
        writer = CallWriter(self.numbers, self.columns)
        self.calls = [
            [call for group in groups for call in writer.calls(group)]
            for groups in (levels.forward, levels.backward)
        ]
        shown = [(levels.varies[r], int(levels.places[r])) for r in (plan.output, *extra)]
        self.shown = [
            self.columns[place] if varies else self.numbers[place : place + 1]
            for varies, place in shown
        ]
        self.gradients = levels.places[[r for _, r in plan.gradients]].astype(np.intp)
        self.buffer_bytes = self.numbers.nbytes + self.columns.nbytes + writer.scratch_bytes

    @np.errstate(all="ignore")
    def forward(self, inputs: Sequence[Any], leaves: Any) -> tuple[Any, ...]:
        """The output and the extra registers, which are the caller's."""
        self.leaves[...] = leaves
        for row, x in zip(self.inputs, inputs, strict=True):
            row[...] = x
        for function, arguments in self.calls[0]:
            function(*arguments)
        return tuple([self.given_back(x) for x in self.shown])

    refresh = forward

    def given_back(self, x: Array) -> Array:
        """A copy of a register's numbers, one for each instance."""
        return np.array(np.broadcast_to(x, (self.instances,)))

    @np.errstate(all="ignore")
    def backward(self, inputs: Sequence[Any], leaves: Any, seed: Any) -> Any:
        """The gradients in the plan's order, by what `forward` left, once."""
        if self.seed is not None:
            self.seed[...] = seed
        for function, arguments in self.calls[1]:
            function(*arguments)
        return self.numbers.take(self.gradients)

    def both(self, inputs: Sequence[Any], leaves: Any, seed: Any) -> tuple[tuple[Any, ...], Any]:
        """What `forward` gives, and what `backward` gives."""
        return self.forward(inputs, leaves), self.backward(inputs, leaves, seed)


class CallWriter:
    """Writes each group as calls of NumPy's functions on views of the tables."""

    def __init__(self, numbers: Array, columns: Array) -> None:
        self.numbers = numbers
        self.columns = columns
        self.lanes = columns.shape[1]
        self.scratch: list[Array] = []
        self.scratch_bytes = 0

    def calls(self, group: InstructionGroup) -> list[Call]:
        """The calls of one group."""
        self.into: list[Call] = []
        self.group = group
        self.used = 0
        row = row_of(group.name)
        operands = group.operands
        self.axes = self.common(operands)
        self.out = self.rows(group.start, self.contiguous())
        if group.name == TOTAL:
            (x,) = (self.operand(each, True) for each in operands)
            self.put(np.add.reduce, x, -1, None, self.out)
        elif isinstance(row, Elementwise):
            self.elementwise(row, [self.operand(each, group.varies) for each in operands])
        elif group.name == "matmul":
            self.products()
        else:
            self.reduction(row)
        return self.into

    def put(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.into.append((function, arguments))

    # --- views --------------------------------------------------------------------------------------

    def common(self, operands: Sequence[TableRows]) -> list[int]:
        """The axes, innermost first, in which most operands are views; what is not, is gathered."""
        count = self.group.count
        bounds = {1, count}
        for x in operands:
            if x.nest is None:
                continue
            run = (self.lanes if x.varies else 1) * (x.nest[0][0] if x.nest else 1)
            if len(x.nest) > 1 and run < RUN:
                continue
            mine = set(itertools.accumulate((n for n, _ in x.nest), int.__mul__, initial=1))
            together = sorted(bounds | mine)
            if all(b % a == 0 for a, b in itertools.pairwise(together)):
                bounds |= mine
        return [b // a for a, b in itertools.pairwise(sorted(bounds))]

    def contiguous(self) -> list[int]:
        """The distances of rows one after another, innermost first."""
        return list(itertools.accumulate([1, *self.axes], int.__mul__))[: len(self.axes)]

    def distances(self, x: TableRows) -> list[int] | None:
        """An operand's distances along the common axes, innermost first; None where they do not fit."""
        if x.nest is None:
            return None
        nest, found = list(x.nest), []
        for size in self.axes:
            if not nest:
                return None
            count, distance = nest[0]
            if count % size:
                return None
            found.append(distance)
            nest[0] = (count // size, distance * size)
            if count == size:
                del nest[0]
        return found

    def rows(
        self,
        start: int,
        distances: Sequence[int],
        beside: tuple[int, int] | None = None,
        table: bool | None = None,
        varies: bool | None = None,
    ) -> Array:
        """A view of rows of a table, axis by axis; the last axis is that of the instances, if any."""
        table = self.group.varies if table is None else table
        varies = self.group.varies if varies is None else varies
        memory = self.columns if table else self.numbers
        width = memory.strides[0]
        shape = [*self.axes[::-1]]
        strides = [each * width for each in distances[::-1]]
        if beside is not None:
            shape.append(beside[0])
            strides.append(beside[1] * width)
        if varies:
            shape.append(self.lanes if table else 1)
            strides.append(memory.itemsize if table else 0)
        return np.ndarray(shape, memory.dtype, memory, start * width, strides)

    def operand(self, x: TableRows, varies: bool) -> Array:
        """An operand as an array that fits to the common axes, and the instances if these vary."""
        if x.places.ndim == 1 and x.is_shared and not x.varies:
            return self.numbers[x.places[0] : x.places[0] + 1].reshape(())
        beside = None
        if x.places.ndim == 2:
            n = x.places.shape[1]
            beside = n, int(x.places[0, 1] - x.places[0, 0]) if n > 1 else 0
        distances = self.distances(x)
        if distances is not None:
            start = int(x.places[0, 0] if beside else x.places[0])
            return self.rows(start, distances, beside, x.varies, varies)
        room = self.room((*x.places.shape, self.lanes) if x.varies else x.places.shape)
        flat = np.ascontiguousarray(x.places).reshape(-1)
        if x.varies:
            self.put(self.columns.take, flat, 0, room.reshape(-1, self.lanes), "clip")
        else:
            self.put(self.numbers.take, flat, None, room.reshape(-1), "clip")
        tail = room.shape[1:] if x.varies or not varies else (*room.shape[1:], 1)
        return room.reshape(*self.axes[::-1], *tail)

    def room(self, shape: tuple[int, ...]) -> Array:
        """Memory for what is needed only until the group is computed."""
        size = math.prod(shape)
        if self.used == len(self.scratch):
            self.scratch.append(np.empty(0))
        held = self.scratch[self.used]
        if held.size < size:  # calls that are written already keep the smaller one
            held = self.scratch[self.used] = aligned((max(size, 2 * held.size),))
            self.scratch_bytes += held.nbytes
        self.used += 1
        return held[:size].reshape(shape)

    # --- rows -----------------------------------------------------------------------------------------

    def elementwise(self, row: Elementwise, operands: list[Array]) -> None:
        """One ufunc on whole arrays, or the row's own function."""
        options, out = self.group.options, self.out
        call = one_call(row, options)
        if call is None or call.method != "__call__":
            self.put(assign, row.array, operands, options, out)
            return
        words = [
            operands[x] if x.__class__ is int else self.held(call.function, *x) for x in call.inputs
        ]
        if call.function in (np.maximum, np.minimum):  # NumPy wants it said
            self.put(functools.partial(call.function, out=out), *words)
        else:
            self.put(call.function, *words, out)

    def held(self, function: np.ufunc, x: Any) -> Any:
        """What else a row's function gives to its ufunc, as an array."""
        if function in (np.maximum, np.minimum) and np.ndim(x) == 0:
            # NumPy compares two arrays about twice as fast as an array and a number.
            room = np.full(self.out.shape[-1:], x, float)
            return np.broadcast_to(room, self.out.shape)
        return np.asarray(x, float) if x.__class__ in (int, float) else x

    def table(self, operands: Sequence[TableRows]) -> Array:
        """Numbers side by side for each instruction; or once for all, where others tell them apart."""
        varies = self.group.varies
        if len(operands) == 1:
            return self.operand(operands[0], varies)
        n = sum(x.places.shape[1] for x in operands)
        shared = len(operands) < len(self.group.operands) and all(x.is_shared for x in operands)
        shape = tuple(1 if shared else size for size in self.axes[::-1])
        room = self.room((*shape, n, *((self.lanes,) if varies else ())))
        start = 0
        for x in operands:
            stop = start + x.places.shape[1]
            part = self.operand(x, varies)
            if shared:
                part = part[(slice(1),) * len(shape)]
            self.put(np.copyto, room[(*(slice(None),) * len(shape), slice(start, stop))], part)
            start = stop
        return room

    def reduction(self, row: Any) -> None:
        """A row of many numbers, along the axis in which they lie side by side."""
        group, out = self.group, self.out
        axis = len(self.axes)
        if row.name == "sum":
            columns = [column for x in group.operands for column in x.columns()]
            scattered = any(x.nest is None for x in group.operands)
            if len(columns) <= FEW_TERMS or (scattered and out.size >= WIDE):
                self.added(columns)
            else:
                self.put(np.add.reduce, self.table(group.operands), axis, None, out)
            return
        table = self.table(group.operands)
        options = {**group.options, "axis": axis, "keepdims": False}
        self.put(assign, row.array, (table,), options, out)

    def added(self, columns: Sequence[TableRows]) -> None:
        """A sum, one term after another."""
        first, *others = columns
        total: Array = self.operand(first, self.group.varies)
        for each in others:
            term = self.operand(each, self.group.varies)
            self.put(np.add, total, term, self.out)
            total = self.out
            self.used = 0  # what was gathered has been added
        if not others:
            self.put(np.copyto, self.out, total)

    def products(self) -> None:
        """Σ xᵢ yᵢ, of which all instructions may share one of the vectors."""
        operands, out = self.group.operands, self.out
        half = sum(x.places.shape[1] for x in operands) // 2
        counts = list(itertools.accumulate(x.places.shape[1] for x in operands))
        middle = counts.index(half) + 1
        x, y = self.table(operands[:middle]), self.table(operands[middle:])
        if not self.group.varies:
            self.put(np.vecdot, x, y, out)
            return
        room = self.room((*self.axes[::-1], half, self.lanes))
        self.put(np.multiply, x, y, room)
        self.put(np.add.reduce, room, len(self.axes), None, out)


def assign(
    function: Callable[..., Any], operands: Sequence[Any], options: dict[str, Any], out: Array
) -> None:
    """Call a function that gives a new array, and keep its numbers."""
    np.copyto(out, function(*operands, **options), "unsafe")


def aligned(shape: tuple[int, ...]) -> Array:
    """Memory for numbers that starts where a cache line does."""
    size = math.prod(shape)
    room = np.zeros(size + LINE // 8)
    start = -room.ctypes.data % LINE // 8
    return room[start : start + size].reshape(shape)
