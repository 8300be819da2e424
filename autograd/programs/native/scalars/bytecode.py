"""Bytecode of large plans: instructions as rows of 32-bit numbers.

A row is the operation, the places of its result and of its operands, or a count and a list of operands.
A varying register is a block of numbers, a uniform one a single number.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograd.programs.native.mathematics import COMPARISONS, ROWS
from autograd.programs.native.scalars.lowering import (
    DOT,
    SUM,
    Lowered,
    Operation,
    ScalarOperation,
    products_of,
    uses_of,
)
from autograd.programs.planning.plan import TOTAL

BLOCK = 64
"""Instances in a block: enough to pay for reading an instruction, few enough to stay in cache."""
MIXED = ("add", "sub", "mul", "div", "maximum", "minimum", *COMPARISONS)
"""Rows of two numbers of which one may be uniform; elsewhere a uniform number is spread first."""


def _variants() -> Iterator[tuple[str, str]]:
    for name, (arity, _) in ROWS.items():
        yield name, "V" * arity
        if name in MIXED:
            yield name, "VU"
            yield name, "UV"
    yield "identity", "U"
    yield "fma", "VUV"
    yield "where", "VVU"
    yield "where", "VUV"
    yield SUM, "V*"
    yield DOT, "VV*"
    yield DOT, "UV*"
    yield TOTAL, "V"
    yield TOTAL, "VV*"


OPERATIONS = {variant: number for number, variant in enumerate(_variants(), start=1)}
"""Row and kinds of its operands: V for varying, U for uniform, * for a list. 0 ends the code."""


class Used(dict[tuple[str, str], int]):
    """The numbers of those `OPERATIONS` that were asked for."""

    def __missing__(self, variant: tuple[str, str]) -> int:
        number = self[variant] = OPERATIONS[variant]
        return number


class Bytecode:
    """A plan as bytecode: three lists of words, and how many registers the sweep needs at once.

    Attributes:
        uniform, varying: the operations in the code before and after the sweep, and in it.
    """

    def __init__(self, lowered: Lowered, places: dict[int, int]) -> None:
        self._lowered, self._places = lowered, places
        self.uniform, self.varying = Used(), Used()
        self._totals = {register: i for i, register in enumerate(lowered.totals)}
        self._uses = uses_of(lowered, lowered.before, lowered.sweep, lowered.after)
        self.before = self._uniform(lowered.before)
        self.after = self._uniform(lowered.after)
        self.registers = 0
        self.sweep = self._sweep()

    def _fused(self, operations: Sequence[Operation]) -> list[Operation]:
        """Products that only one sum or total reads become part of it."""
        products = products_of(operations, self._uses)
        out: list[Operation] = []
        taken: set[int] = set()
        for op in operations:
            if op.name == TOTAL and op.arguments[0] in products:
                x = op.arguments[0]
                taken.add(x)
                op = ScalarOperation(TOTAL, products[x], op.out)
            elif op.name == "add":
                x, y = op.arguments
                if x not in products and y in products:
                    x, y = y, x
                if x in products:
                    taken.add(x)
                    op = ScalarOperation("fma", (*products[x], y), op.out)
            out.append(op)
        return [op for op in out if op.out not in taken]

    def _uniform(self, operations: Sequence[Operation]) -> np.ndarray[Any, Any]:
        words: list[int] = []
        places, used = self._places, self.uniform
        for op in self._fused(operations):
            xs = [places[x] for x in op.arguments]
            out = places[op.out]
            if op.name == SUM:
                words += [used[SUM, "V*"], out, len(xs), *xs]
            elif op.name == DOT:
                n = len(xs) // 2
                pairs = zip(xs[:n], xs[n:], strict=True)
                words += [used[DOT, "VV*"], out, n, *itertools.chain.from_iterable(pairs)]
            else:
                words += [used[op.name, "V" * len(xs)], out, *xs]
        return np.array([*words, 0], dtype=np.int32)

    def _sweep(self) -> np.ndarray[Any, Any]:
        return _Sweep(self, self._lowered, self._places, self._totals).words()


class _Sweep:
    """Words of the sweep, with registers used again once nothing reads them any more."""

    def __init__(
        self,
        code: Bytecode,
        lowered: Lowered,
        places: dict[int, int],
        totals: dict[int, int],
    ) -> None:
        self._code, self._varies, self._places, self._totals = (
            code,
            list(lowered.varies),
            places,
            totals,
        )
        self._used = code.varying
        self._outputs = lowered.outputs
        self._out: list[int] = []
        self._slots = {register: i for i, register in enumerate(lowered.inputs)}
        self._count = len(lowered.inputs) + len(lowered.outputs)
        self._first_out = len(lowered.inputs)
        self._free: list[int] = []
        self._operations = code._fused(lowered.sweep)
        self._last: dict[int, int] = {}

    def words(self) -> np.ndarray[Any, Any]:
        """The code of the sweep, and of copying its outputs to where the driver finds them."""
        for number, op in enumerate(self._operations):
            for x in op.arguments:
                self._last[x] = number
        self._last |= dict.fromkeys(self._outputs, len(self._operations))
        number = 0
        while number < len(self._operations):
            op = self._operations[number]
            if op.name == TOTAL and len(op.arguments) == 2:
                number = self._products(number)
                continue
            self._spread: list[int] = []
            self._put(op)
            self._release(op, number)
            number += 1
        for i, register in enumerate(self._outputs):
            kind = "V" if self._varies[register] else "U"
            place = self._slots[register] if kind == "V" else self._places[register]
            self._out += [self._used["identity", kind], self._first_out + i, place]
        self._code.registers = self._count
        return np.array([*self._out, 0], dtype=np.int32)

    def _release(self, op: Operation, number: int) -> None:
        varies, last = self._varies, self._last
        for x in {x for x in op.arguments if last[x] == number and varies[x]}:
            self._free.append(self._slots.pop(x))
        self._free += self._spread
        if op.name != TOTAL and op.out not in self._last:
            self._free.append(self._slots.pop(op.out))

    def _slot(self) -> int:
        if self._free:
            return self._free.pop()
        self._count += 1
        return self._count - 1

    def _varying(self, x: int) -> int:
        """Where a register lies in the file; a uniform one is spread over a block first."""
        if self._varies[x]:
            return self._slots[x]
        slot = self._slot()
        self._out += [self._used["identity", "U"], slot, self._places[x]]
        self._spread.append(slot)
        return slot

    def _place(self, x: int) -> int:
        return self._slots[x] if self._varies[x] else self._places[x]

    def _put(self, op: Operation) -> None:
        xs = op.arguments
        if op.name == TOTAL:
            self._out += [self._used[TOTAL, "V"], self._varying(xs[0]), self._totals[op.out]]
        elif op.name == SUM:
            places = [self._varying(x) for x in xs]
            self._slots[op.out] = self._slot()
            self._out += [self._used[SUM, "V*"], self._slots[op.out], len(xs), *places]
        elif op.name == DOT:
            self._dot(xs, op.out)
        else:
            if op.name == "fma" and not self._varies[xs[0]]:
                xs = (xs[1], xs[0], xs[2])
            varies = self._varies
            kinds = "".join(["V" if varies[x] else "U" for x in xs])
            if (op.name, kinds) in OPERATIONS:
                places = [self._place(x) for x in xs]
            else:
                kinds, places = "V" * len(xs), [self._varying(x) for x in xs]
            self._slots[op.out] = self._slot()
            self._out += [self._used[op.name, kinds], self._slots[op.out], *places]

    def _dot(self, xs: tuple[int, ...], out: int) -> None:
        n = len(xs) // 2
        uniform, varying = [], []
        for x, y in zip(xs[:n], xs[n:], strict=True):
            if self._varies[x] and self._varies[y]:
                varying += [self._slots[x], self._slots[y]]
            else:
                x, y = (y, x) if self._varies[x] else (x, y)
                uniform += [self._places[x], self._varying(y)]
        parts = [part for part in (("UV*", uniform), ("VV*", varying)) if part[1]] or [("UV*", [])]
        slots = []
        for kinds, words in parts:
            slots.append(self._slot())
            self._out += [self._used[DOT, kinds], slots[-1], len(words) // 2, *words]
        if len(slots) == 2:
            self._out += [self._used["add", "VV"], slots[0], *slots]
            self._spread.append(slots[1])
        self._slots[out] = slots[0]

    def _products(self, number: int) -> int:
        """Totals of products with a common factor, as far as they follow each other, in one list."""
        operations = self._operations
        first = operations[number]
        common = set(first.arguments)
        end = number
        while end < len(operations):
            op = operations[end]
            if op.name != TOTAL or len(op.arguments) != 2 or not common & set(op.arguments):
                break
            common &= set(op.arguments)
            end += 1
        factor = next(iter(sorted(common)))
        self._spread = []
        pairs: list[int] = []
        place = self._varying(factor)
        for op in operations[number:end]:
            x, y = op.arguments
            pairs += [self._varying(y if x == factor else x), self._totals[op.out]]
        self._out += [self._used[TOTAL, "VV*"], place, len(pairs) // 2, *pairs]
        group = ScalarOperation(
            TOTAL, tuple({x for op in operations[number:end] for x in op.arguments}), -1
        )
        released = {x for x in group.arguments if number <= self._last[x] < end}
        self._free += [self._slots.pop(x) for x in released if self._varies[x]]
        self._free += self._spread
        return end
