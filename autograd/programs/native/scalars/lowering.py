"""A scalar plan as elementary operations in the three phases of one sweep over the instances.

What no instance changes is computed once, before the sweep; the sweep computes the rest, block by
block, and adds up the totals; what depends on totals is computed once, after it. Rows are taken apart
into sums, dot products and elementwise operations, of which `mathematics` knows every one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from autograd.programs.native.machine import NotNativeError
from autograd.programs.native.mathematics import ROWS
from autograd.programs.planning.parts import taken_apart
from autograd.programs.planning.plan import TOTAL, Instruction, Plan

SUM = "sum"
"""Σ of any number of numbers."""
DOT = "matmul"
"""x₁ y₁ + ... + xₙ yₙ, with the arguments x₁ ... xₙ, y₁ ... yₙ."""


FOLDS = {"prod": ("mul", 1.0), "max": ("maximum", None), "min": ("minimum", None)}
"""Reductions that are a function of two numbers, one after the other, and what that is of none."""

ELEMENTARY = {*ROWS, SUM, DOT} - {"pow"}
"""The instructions that are operations as they are."""
KNOWN = {*ELEMENTARY, *FOLDS, "pow", TOTAL}
"""The instructions that have a native form; those of other rows are taken apart into these."""


@dataclass(slots=True, eq=False)
class ScalarOperation:
    """``registers[out] = name(*arguments)``, without options."""

    name: str
    arguments: tuple[int, ...]
    out: int


Operation = ScalarOperation | Instruction
"""An elementary operation: an instruction of the plan, where it is one already."""


@dataclass(slots=True)
class Lowered:
    """Elementary operations on registers, of which one that varies holds a number per instance."""

    varies: list[bool]
    constants: dict[int, float] = field(default_factory=dict)
    inputs: list[int] = field(default_factory=list)
    parameters: list[int] = field(default_factory=list)
    before: list[Operation] = field(default_factory=list)
    sweep: list[Operation] = field(default_factory=list)
    after: list[Operation] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    gradients: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The number of arguments of all operations: what compiling takes time for."""
        parts = (self.before, self.sweep, self.after)
        return sum(len(operation.arguments) for part in parts for operation in part)


class _Expansion:
    """Writes operations one after the other, and makes registers for what lies between."""

    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self.operations: list[Operation] = []
        self._known = {_key(number): index for index, number in lowered.constants.items()}

    def constant(self, number: float) -> int:
        """The register of a constant."""
        index = self._known.get(_key(number))
        if index is None:
            index = self._known[_key(number)] = len(self.lowered.varies)
            self.lowered.varies.append(False)
            self.lowered.constants[index] = number
        return index

    def put(self, name: str, *arguments: int, out: int | None = None) -> int:
        """Add an operation; without `out`, its result goes to a new register."""
        varies = self.lowered.varies
        if out is None:
            out = len(varies)
            varies.append(any(varies[x] for x in arguments))
        self.operations.append(ScalarOperation(name, arguments, out))
        return out

    def expand(self, instruction: Instruction) -> None:
        """Add an instruction as elementary operations."""
        name, xs, out = instruction.name, instruction.arguments, instruction.out
        if name in ELEMENTARY:
            self.operations.append(instruction)
        elif name == TOTAL:
            (x,) = xs
            if not self.lowered.varies[x]:
                x = len(self.lowered.varies)
                self.lowered.varies.append(True)
                self.operations.append(ScalarOperation("identity", xs, x))
            self.operations.append(ScalarOperation(TOTAL, (x,), out))
        elif name != "pow":
            self._fold(name, list(xs), out)
        elif xs[1] in self.lowered.constants:
            self._power(xs[0], xs[1], out)
        else:
            self.operations.append(instruction)

    def _fold(self, name: str, xs: list[int], out: int) -> None:
        """A function of two numbers over many, in pairs: it waits for log n results and not n."""
        name, neutral = FOLDS[name]
        if not xs:
            if neutral is None:
                raise NotNativeError(f"the {name} of nothing")
            xs = [self.constant(neutral)]
        while len(xs) > 2:
            rest = xs[len(xs) & ~1 :]
            pairs = zip(xs[::2], xs[1::2], strict=False)
            xs = [self.put(name, x, y) for x, y in pairs] + rest
        self.put(name if len(xs) == 2 else "identity", *xs, out=out)

    def _power(self, x: int, y: int, out: int) -> None:
        """x to a power that is known: products, a reciprocal or a root where that is exact enough."""
        exponent = self.lowered.constants[y]
        if exponent == 0:
            self.put("identity", self.constant(1.0), out=out)
        elif exponent == 1:
            self.put("identity", x, out=out)
        elif exponent == 0.5:
            self.put("half_power", x, out=out)
        elif exponent == -1:
            self.put("reciprocal", x, out=out)
        elif exponent == 2:
            self.put("square", x, out=out)
        elif exponent == 3:
            self.put("mul", self.put("square", x), x, out=out)
        elif exponent == 4:
            self.put("square", self.put("square", x), out=out)
        else:
            self.put("pow", x, y, out=out)


def _key(number: float) -> tuple[float, float]:
    """Tells −0 from 0 and finds nan again."""
    if number != number:
        return 0.0, 2.0
    return number, math.copysign(1.0, number)


# --- the plan -------------------------------------------------------------------------------------


def lower(plan: Plan, extra: Iterable[int] = (), *, backward: bool) -> Lowered:
    """The operations that the output, the registers `extra` and, if asked for, the gradients need.

    Raises:
        NotNativeError: The plan has a row or a dependency that has no native form.
    """
    if not plan.scalar:
        raise NotNativeError("the plan holds arrays")
    for step in plan.impure:
        raise NotNativeError(f"{step.name!r} has no native function")
    plan = taken_apart(plan, lambda step: step.name in KNOWN, lambda *_: False)
    registers = plan.registers
    lowered = Lowered([register.varies for register in registers])
    lowered.outputs = [plan.output, *extra]
    lowered.parameters = list(plan.parameters)
    lowered.inputs = list(plan.inputs)
    lowered.constants = {r.index: float(r.holds) for r in registers if r.kind == "constant"}
    instructions = list(plan.forward)
    if backward:
        lowered.gradients = [register for _, register in plan.gradients]
        lowered.inputs += [plan.seed] if plan.seed >= 0 else []
        instructions += plan.backward
        if any(lowered.varies[register] for register in lowered.gradients):
            raise NotNativeError("a gradient that varies from instance to instance")
    expansion = _Expansion(lowered)
    for instruction in _needed(instructions, [*lowered.outputs, *lowered.gradients]):
        if instruction.name not in KNOWN:
            raise NotNativeError(f"{instruction.name!r} has no native function")
        expansion.expand(instruction)
    _phases(lowered, _joined(lowered, expansion.operations))
    return lowered


def _needed(instructions: list[Instruction], wanted: Iterable[int]) -> list[Instruction]:
    needed, kept = set(wanted), []
    for instruction in reversed(instructions):
        if instruction.out in needed:
            kept.append(instruction)
            needed.update(instruction.arguments)
    return kept[::-1]


def uses_of(lowered: Lowered, *parts: Sequence[Operation]) -> list[int]:
    """How often each register is read: by operations, and as a result."""
    read = chain(lowered.outputs, lowered.gradients, *(each.arguments for each in chain(*parts)))
    places = np.fromiter(read, dtype=np.int64)
    counts: list[int] = np.bincount(places, minlength=len(lowered.varies)).tolist()
    return counts


def products_of(operations: Sequence[Operation], uses: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """The factors of each product that is read once."""
    return {
        operation.out: operation.arguments
        for operation in operations
        if operation.name == "mul" and uses[operation.out] == 1
    }


def _joined(lowered: Lowered, operations: list[Operation]) -> list[Operation]:
    """Sums of products that nothing else reads become dot products.

    A cotangent that comes from many places is such a sum, and its products would all wait for it.
    """
    products = products_of(operations, uses_of(lowered, operations))
    varies = lowered.varies
    out: list[Operation] = []
    taken: set[int] = set()
    for operation in operations:
        pairs = []
        if operation.name == SUM:
            pairs = [x for x in operation.arguments if x in products]
        if len(pairs) < 2:
            out.append(operation)
            continue
        taken.update(pairs)
        factors = [*(products[x][0] for x in pairs), *(products[x][1] for x in pairs)]
        rest = [x for x in operation.arguments if x not in products]
        place = operation.out
        if rest:
            place = len(varies)
            varies.append(any(varies[x] for x in factors))
        out.append(ScalarOperation(DOT, tuple(factors), place))
        if rest:
            out.append(ScalarOperation(SUM, (place, *rest), operation.out))
    return [operation for operation in out if operation.out not in taken]


def shorten(lowered: Lowered, most: int) -> None:
    """Take long sums apart into sums of at most so many terms, each an operation of its own."""
    for part in (lowered.before, lowered.sweep, lowered.after):
        waiting = part[::-1]
        part.clear()
        while waiting:
            operation = waiting.pop()
            xs = operation.arguments
            n = len(xs) // 2 if operation.name == DOT else len(xs)
            if operation.name not in (SUM, DOT) or n <= most:
                part.append(operation)
                continue
            partial = []
            for start in range(0, n, most):
                end = min(start + most, n)
                terms = xs[start:end] + (xs[n + start : n + end] if operation.name == DOT else ())
                partial.append(len(lowered.varies))
                # A part that no instance changes is still computed beside the others.
                lowered.varies.append(part is lowered.sweep)
                part.append(ScalarOperation(operation.name, terms, partial[-1]))
            waiting.append(ScalarOperation(SUM, tuple(partial), operation.out))


def _phases(lowered: Lowered, operations: list[Operation]) -> None:
    late: set[int] = set()  # what depends on a total
    for operation in operations:
        after = not late.isdisjoint(operation.arguments)
        if operation.name == TOTAL:
            lowered.totals.append(operation.out)
        if lowered.varies[operation.out] or operation.name == TOTAL:
            if after:
                raise NotNativeError("a number of each instance that depends on a total over all")
            lowered.sweep.append(operation)
        else:
            (lowered.after if after else lowered.before).append(operation)
        if after or operation.name == TOTAL:
            late.add(operation.out)
    if not late.isdisjoint(lowered.outputs):
        raise NotNativeError("an output that depends on a total over all instances")
