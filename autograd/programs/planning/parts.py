"""Parts: instructions of rows that an executor has no form of, as instructions of what they are made of.

NumPy runs a row's own function. Machine code has forms of the few functions that a processor is asked
for one by one; every other row says what it is made of: by its `composite`, or by its function itself,
which is called with letters and so writes itself down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.engine.families import Elementwise, Multilinear, Reduction
from autograd.engine.letters import Letter, fold
from autograd.engine.primitive import Primitive
from autograd.programs.planning.emitting import FLOAT64, PlanWriter, dtype_of
from autograd.programs.planning.plan import Instruction, Plan, row_of
from autograd.programs.planning.vectors import Scalariser, registers_of

Known = Callable[[Instruction], bool]
Wide = Callable[[float, set[str]], bool]
Formulas = Mapping[str, Callable[..., Any]]


NONE: Formulas = {}


class WholeError(Exception):
    """A row that cannot be taken apart."""


def taken_apart(plan: Plan, known: Known, wide: Wide, formulas: Formulas = NONE) -> Plan:
    """A plan with the instructions that are not `known` taken apart, where all their parts are.

    What cannot be taken apart stays as it is. Registers keep their numbers; those of the parts follow.
    `wide` says of an instruction on arrays, by how many numbers come together in one of its result and
    by the functions that it is made of, whether what lies between these is float64. A row that is in
    `formulas` is made of what these say, and not of its composite.
    """
    if all(map(known, plan.forward)) and all(map(known, plan.backward)):
        return plan
    parts: _TakingApart = (
        _OfNumbers(plan, known, formulas) if plan.scalar else _OfArrays(plan, known, wide, formulas)
    )
    return replace(
        plan,
        registers=parts.registers,
        forward=parts.of(plan.forward),
        backward=parts.of(plan.backward),
    )


def written_value(
    row: Primitive, letters: Sequence[Any], options: dict[str, Any], formulas: Formulas = NONE
) -> Letter:
    """What a row is made of, as a formula of letters: by `formulas`, its composite, or its functions.

    Raises:
        WholeError: None of them can be written with letters.
    """
    functions = [formulas.get(row.name), getattr(row, "composite", None)]
    functions += [row.array, getattr(row, "scalar", None)]
    for function in functions:
        if function is None:
            continue
        try:
            with np.errstate(all="ignore"):
                formula = function(*letters, **options)
        except Exception:  # whatever a user's function does where it is given no number
            continue
        if isinstance(formula, Letter):
            return formula
    raise WholeError(row.name)


def functions_in(formula: Letter) -> set[str]:
    """The names of the functions that a formula is made of."""
    found: set[str] = set()
    fold(formula, lambda x: None, lambda x, operands: found.add(x.function))
    return found


class _TakingApart(PlanWriter):
    """Takes instructions apart, and makes registers for what lies between."""

    def __init__(self, plan: Plan, known: Known, formulas: Formulas) -> None:
        super().__init__(list(plan.registers), [])
        self.known = known
        self.formulas = formulas
        self.open: list[str] = []  # the rows that are being taken apart

    def of(self, steps: Sequence[Instruction]) -> list[Instruction]:
        """The instructions, those that are not known in parts."""
        self.into = []
        for step in steps:
            if self.known(step):
                self.into.append(step)
                continue
            before = len(self.into), len(self.registers)
            try:
                self.put(step)
            except (WholeError, TypeError):
                self.open.clear()
                del self.into[before[0] :], self.registers[before[1] :]
                self.constants = {k: r for k, r in self.constants.items() if r < before[1]}
                self.into.append(step)
        return self.into

    def put(self, step: Instruction) -> None:
        """Add one instruction, or its parts."""
        if self.known(step):
            self.into.append(step)
            return
        row = row_of(step.name)
        if row.is_impure(step.options) or step.name in self.open:
            raise WholeError(step.name)
        self.open.append(step.name)
        outer, self.about = self.about, step.node
        start = len(self.into)
        out = self.value(row, step)
        last = self.into[-1] if len(self.into) > start else None
        if last is not None and last.out == out:
            last.out = step.out
        else:  # an argument or a number as it is
            self.into.append(Instruction("identity", (out,), step.out, {}, step.node))
        self.about = outer
        self.open.pop()

    def value(self, row: Primitive, step: Instruction) -> int:
        """The register of what a row is made of, on the arguments of an instruction."""
        raise NotImplementedError

    def emit(
        self, name: str, arguments: Sequence[int], options: dict[str, Any], sample: Any = None
    ) -> int:
        varies = any(self.registers[r].varies for r in arguments)
        out = self.register("result", np.shape(sample), dtype_of(sample), varies=varies)
        self.put(Instruction(name, tuple(arguments), out.index, options, self.about))
        return out.index


class _OfNumbers(_TakingApart):
    """The parts of instructions on single numbers."""

    def value(self, row: Primitive, step: Instruction) -> int:
        places = step.arguments
        count = len(places)
        shape: tuple[int, ...] = ()
        if isinstance(row, Reduction | Multilinear):
            count = (row.arity or 1) if isinstance(row, Multilinear) else 1
            shape = (len(places) // count,)
        elif not isinstance(row, Elementwise):
            raise WholeError(row.name)
        n = len(places) // count
        scalariser = Scalariser(self, row, step.options)
        letters = [Letter(f"x{i}", sample=np.full(shape, 0.5)) for i in range(count)]
        scalariser.known = {
            f"x{i}": registers_of(places[i * n : i * n + n], shape) for i in range(count)
        }
        formula = written_value(row, letters, row.options | step.options, self.formulas)
        return int(scalariser.lowered(formula).item())


class _OfArrays(_TakingApart):
    """The parts of instructions on arrays of floats of one dtype."""

    def __init__(self, plan: Plan, known: Known, wide: Wide, formulas: Formulas) -> None:
        super().__init__(plan, known, formulas)
        self.wide = wide

    def value(self, row: Primitive, step: Instruction) -> int:
        expected = self.registers[step.out]
        formula = self.formula(row, step, expected.dtype)
        if formula.shape != expected.shape or formula.dtype != expected.dtype:
            raise WholeError(row.name)
        sizes = [math.prod(self.registers[r].shape) for r in step.arguments]
        terms = max(sizes) / (math.prod(expected.shape) or 1)
        if expected.dtype != FLOAT64 and self.wide(terms, functions_in(formula)):
            formula = self.formula(row, step, FLOAT64)
        return self.lowered(formula)

    def formula(self, row: Primitive, step: Instruction, between: Any) -> Letter:
        """What the row is made of, with letters of this dtype."""
        dtype = self.registers[step.out].dtype
        operands = [self.operand(r, dtype, between) for r in step.arguments]
        return written_value(row, operands, row.options | step.options, self.formulas)

    def operand(self, r: int, dtype: Any, between: Any) -> Any:
        """A letter for an array of floats; a number as it is."""
        register = self.registers[r]
        if register.kind == "constant" and register.holds.__class__ in (float, int):
            return register.holds
        if register.dtype not in (dtype, bool) or 0 in register.shape:
            raise WholeError(f"arrays of {register.dtype} and shape {register.shape}")
        dtype = between if register.dtype == dtype else register.dtype
        return Letter(f"r{r}", sample=np.ones(register.shape, dtype))

    def lowered(self, formula: Any) -> int:
        """The register of a formula: its operations, innermost first, as instructions."""
        return fold(formula, self.leaf, self.applied)

    def leaf(self, x: Any) -> int:
        return int(x.function[1:]) if isinstance(x, Letter) else self.constant(x)

    def applied(self, x: Letter, places: list[int]) -> int:
        return self.emit(x.function, places, row_of(x.function).options | x.options, x.sample)
