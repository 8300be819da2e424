"""Levels: the instructions of a scalar plan that can be computed together, as groups of one row.

A network of Values does the same thing many times over: for each neuron, each text, each weight. An
instruction's level is one above the highest of its arguments: none of a level depends on another. Those
with the same row and options are a group, which one NumPy call computes. The results of a group lie side
by side, and what takes them finds them mostly at regular distances: then an operand is a view of memory,
and else it is gathered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.engine.families import Elementwise, Reduction
from autograd.programs.planning.emitting import key_of
from autograd.programs.planning.plan import TOTAL, Instruction, Plan, row_of

Places = np.ndarray[Any, np.dtype[np.intp]]

CALL, CALL_ALONE = 0.5, 0.55
"""Microseconds for a group's call, and for one on its own, whose operands have names.

Measured as the next with NumPy 2.4 on six graphs (a network, blocks of a long expression, a chain, and
random ones of 4, 30 and 300 nodes side by side) and 1 to 10,000 instances. By these estimates what is
taken was the faster one, or slower by a tenth, and by a third for the network and 10,000 instances.
Groups were 40 to 80 times as fast for one instance of the network and the blocks and 1.5 times where
nearly nothing is alike; from about 1,000 instances on there they were slower, up to twice.
"""

NUMBER_NEAR, NUMBER_FAR = 0.3e-3, 0.55e-3
"""Microseconds for each number that is read: from the processor's cache, as a register is that was
computed just now, or from a table that is larger than it."""

CACHE = 1_000_000
"""Bytes of a table up to which its numbers stay in the cache."""

EXACT = 2**53
"""Whole numbers up to which a float is the same number."""

DEEP = 4
"""Axes that an operand may have, beside those of a row's numbers and of the instances."""


@dataclass(slots=True, eq=False)
class TableRows:
    """Where one argument, or several in a row, of each instruction of a group lie.

    Attributes:
        varies: whether in the table with a number for each instance, or in that of single numbers.
        places: rows of that table: (k,) for k instructions, (k, n) for n arguments of each.
        nest: the distances between the first of them, as (count, distance) from the innermost axis;
            None where they are not regular.
    """

    varies: bool
    places: Places
    nest: list[tuple[int, int]] | None

    def columns(self) -> list[TableRows]:
        """The arguments in a row, each by itself."""
        return [TableRows(self.varies, column, nest_of(column)) for column in self.places.T]

    @property
    def is_shared(self) -> bool:
        """Whether all instructions have the same."""
        return self.nest is not None and all(distance == 0 for _, distance in self.nest)


@dataclass(slots=True, eq=False)
class InstructionGroup:
    """Instructions that are computed together: their results are rows of a table, from `start` on."""

    name: str
    options: dict[str, Any]
    varies: bool
    start: int
    count: int
    operands: list[TableRows]


class Levels:
    """A scalar plan as groups, and the rows of two tables in which its registers lie.

    Attributes:
        forward, backward: the groups of each direction, in order.
        places: the row of each register, in the table that `varies` says.
        rows: how many each table has, of single numbers and of those with one for each instance.
        constants: the rows of constants, and what they hold.
    """

    def __init__(self, plan: Plan, extra: Sequence[int]) -> None:
        self.plan = plan
        self.varies = [register.varies for register in plan.registers]
        self.places: Places = np.zeros(len(plan.registers), np.intp)
        self.rows = [0, 0]
        self.free: list[dict[int, list[int]]] = [{}, {}]
        held = [r.index for r in plan.registers if r.kind == "constant"]
        for registers in (
            plan.parameters,
            held,
            plan.inputs,
            [plan.seed] if plan.seed >= 0 else [],
        ):
            for r in registers:
                self.places[r] = self.rows[self.varies[r]]
                self.rows[self.varies[r]] += 1
        self.constants = self.places[held], np.array([float(plan.registers[r].holds) for r in held])
        collected = [leveled(steps, self.varies) for steps in (plan.forward, plan.backward)]
        self.forward, self.backward = self.placed(collected, [plan.output, *extra])

    def placed(
        self, collected: Sequence[list[list[Instruction]]], kept: Sequence[int]
    ) -> list[list[InstructionGroup]]:
        """The groups of some instructions; rows are used again once nothing needs them."""
        every = [members for part in collected for members in part]
        arguments = [np.array([step.arguments for step in members]) for members in every]
        results = [np.array([step.out for step in members]) for members in every]
        never = len(every)
        last = np.zeros(len(self.places), np.intp)
        for i, registers in enumerate(arguments):
            last[registers] = i
        last[[*kept, *(r for _, r in self.plan.gradients)]] = never
        dying: dict[int, list[tuple[bool, int, int]]] = {}
        found = []
        for i, members in enumerate(every):
            step, registers, outs = members[0], arguments[i], results[i]
            varies = [self.varies[r] for r in step.arguments]
            registers, outs, operands = self.ordered(step, registers, outs, varies)
            count, table = len(outs), self.varies[step.out]
            start = self.room(table, count)
            self.places[outs] = np.arange(start, start + count)
            end = int(last[outs].max())
            dying.setdefault(max(end, i), []).append((table, count, start))
            for each, size, row in dying.pop(i, ()):
                self.free[each].setdefault(size, []).append(row)
            found.append(InstructionGroup(step.name, step.options, table, start, count, operands))
        forward = len(collected[0])
        return [found[:forward], found[forward:]]

    @staticmethod
    def can(plan: Plan) -> bool:
        """Whether a plan is one of numbers, which are not drawn, and of rows with a form on tables."""
        names = {step.name for step in plan.forward + plan.backward}
        if not plan.scalar or plan.impure or not all(map(is_known, names)):
            return False
        constants = [r.holds for r in plan.registers if r.kind == "constant"]
        return all(
            x.__class__ is float or (x.__class__ is int and abs(x) <= EXACT) for x in constants
        )

    def pays(self, instances: int) -> bool:
        """Whether groups are faster for this many instances than one instruction after another."""
        plan = self.plan
        read = sum(
            len(step.arguments)
            for step in plan.forward + plan.backward
            if any(self.varies[r] for r in step.arguments)
        )
        every = self.forward + self.backward
        calls = len(every) + sum(x.nest is None for group in every for x in group.operands)
        fits = 8 * self.rows[True] * instances <= CACHE
        read *= instances
        alone = CALL_ALONE * (len(plan.forward) + len(plan.backward)) + NUMBER_NEAR * read
        return CALL * calls + (NUMBER_NEAR if fits else NUMBER_FAR) * read < alone

    def room(self, table: bool, count: int) -> int:
        """The first of so many rows that nothing else needs."""
        if free := self.free[table].get(count):
            return free.pop()
        self.rows[table] += count
        return self.rows[table] - count

    def ordered(
        self, step: Instruction, registers: Places, outs: Places, varies: Sequence[bool]
    ) -> tuple[Places, Places, list[TableRows]]:
        """A group's instructions in the order in which its operands are the most regular."""
        best = None
        for order in orders(self.places[registers]):
            operands = list(operands_of(step, self.places[registers[order]], varies))
            gathered = sum(x.places.size for x in operands if x.nest is None)
            if best is None or gathered < best[0]:
                best = gathered, registers[order], outs[order], operands
            if not gathered:
                break
        assert best is not None  # there is one order at least
        return best[1:]


def is_known(name: str) -> bool:
    """Whether several instructions of a row can be computed in one call."""
    return name in (TOTAL, "matmul") or isinstance(row_of(name), Elementwise | Reduction)


def leveled(steps: Sequence[Instruction], varies: Sequence[bool]) -> list[list[Instruction]]:
    """The instructions that are computed together, level by level."""
    levels = [0] * len(varies)
    options: dict[int, Any] = {}  # by what they are, of which a plan has few
    groups: dict[Any, list[Instruction]] = {}
    for step in steps:
        arguments = step.arguments
        level = levels[step.out] = 1 + max([levels[r] for r in arguments])
        chosen = step.options
        if chosen and id(chosen) not in options:
            options[id(chosen)] = key_of(chosen)
        tables = tuple([varies[r] for r in arguments])
        key = (level, step.name, tables, options[id(chosen)] if chosen else ())
        if key in groups:
            groups[key].append(step)
        else:
            groups[key] = [step]
    return [groups[key] for key in sorted(groups, key=lambda key: key[0])]


def orders(places: Places) -> Iterator[Any]:
    """Orders that a group may be computed in: as it came, or by one of its arguments before others."""
    yield slice(None)
    if len(places) > 1:
        columns = places.T
        yield np.lexsort(columns[::-1])
        yield np.lexsort(columns)


def operands_of(step: Instruction, places: Places, varies: Sequence[bool]) -> Iterator[TableRows]:
    """The operands of a group: an argument by itself, or for a row of many numbers those in a row."""
    if step.name == TOTAL or isinstance(row_of(step.name), Elementwise):
        for column, varied in zip(places.T, varies, strict=True):
            yield TableRows(varied, column, nest_of(column))
        return
    n = len(varies)
    start = 0
    for stop in range(1, n + 1):
        if stop == n or varies[stop] != varies[start] or (step.name == "matmul" and 2 * stop == n):
            yield TableRows(
                varies[start], places[:, start:stop], nest_of_many(places[:, start:stop])
            )
            start = stop


def nest_of(places: Places) -> list[tuple[int, int]] | None:
    """The axes of places at regular distances, as (count, distance) from the innermost, or None."""
    nest: list[tuple[int, int]] = []
    while len(places) > 1:
        if len(nest) == DEEP:
            return None
        steps = np.diff(places)
        other = np.flatnonzero(steps != steps[0])
        count = int(other[0]) + 1 if len(other) else len(places)
        if len(places) % count:
            return None
        axis = places.reshape(-1, count)
        if (np.diff(axis) != steps[0]).any():
            return None
        nest.append((count, int(steps[0])))
        places = axis[:, 0]
    return nest


def nest_of_many(places: Places) -> list[tuple[int, int]] | None:
    """The nest of the first ones, if those beside them are at the same regular distances for all."""
    beside = np.diff(places)
    if beside.size and (beside != beside[0, 0]).any():
        return None
    return nest_of(places[:, 0])
