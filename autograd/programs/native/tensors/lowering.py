"""A tensor plan as loops over arrays, matrix products and calls: what the native executor runs."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.programs.native.mathematics import HEAVY, ROWS
from autograd.programs.native.tensors.builder import Builder
from autograd.programs.native.tensors.operations import (
    FLOATS,
    REAL,
    TERMS,
    Number,
    Operation,
    Root,
    View,
    contiguous,
    spread,
)
from autograd.programs.native.tensors.rules import RULES
from autograd.programs.planning.parts import taken_apart
from autograd.programs.planning.plan import OWN, TOTAL, Instruction, Plan, row_of

VIEWS = ("reshape", "transpose", "broadcast_to", "getitem")
"""Rows whose result can be a view of their argument's memory."""


def is_wide(terms: float, functions: set[str]) -> bool:
    """Whether so many numbers come together in one that what lies between is float64.

    Then nothing need be rounded on the way; only exponentials and the like are slower.
    """
    return terms > TERMS and functions.isdisjoint(HEAVY)


@dataclass(slots=True)
class Lowering:
    """The operations of both directions, and where each register lies."""

    plan: Plan
    extra: tuple[int, ...] = ()
    builder: Builder = field(default_factory=Builder)
    views: dict[int, Any] = field(default_factory=dict)
    forward: list[Operation] = field(default_factory=list)
    backward: list[Operation] = field(default_factory=list)
    outputs: list[View] = field(default_factory=list)
    gradients: list[View] = field(default_factory=list)
    uses: Counter[int] = field(default_factory=Counter)
    rectified: dict[View, View] = field(default_factory=dict)

    @property
    def roots(self) -> list[Root]:
        """The memory that the operations work on."""
        return self.builder.roots

    def run(self) -> Lowering:
        """Lower the whole plan."""
        plan = self.plan = taken_apart(self.plan, self.knows, is_wide)
        for step in plan.forward + plan.backward:
            self.uses.update(step.arguments)
        self.uses.update([plan.output, *self.extra, *(r for _, r in plan.gradients)])
        given = [*plan.inputs, *plan.parameters, *([plan.seed] if plan.seed >= 0 else [])]
        for slot, r in enumerate(given):
            register = plan.registers[r]
            size = math.prod(register.shape)
            root = self.builder.root("given", register.dtype, size, slot=slot)
            self.views[r] = View(root, 0, register.shape, contiguous(register.shape))
        self.builder.into = self.forward
        for step in plan.forward:
            self.lower(step)
        self.outputs = [self.settled(r) for r in (plan.output, *self.extra)]
        made = {operation.out for operation in self.forward}
        self.builder.into = self.backward
        for step in plan.backward:
            self.lower(step)
        for _, r in plan.gradients:
            view = self.view(r)
            whole = isinstance(view, View) and self.builder.is_whole(view)
            if not whole or view.root in made or self.roots[view.root].kind != "result":
                view = self.builder.copy(view, plan.registers[r].shape, plan.registers[r].dtype)
            made.add(view.root)
            self.gradients.append(view)
        self.drop()
        return self

    def drop(self) -> None:
        """Leave out what nothing reads."""
        needed = {view.root for view in self.outputs + self.gradients}
        for operations in (self.backward, self.forward):
            kept = []
            for operation in reversed(operations):
                impure = operation.step is not None and operation.step.is_impure
                if operation.out in needed or impure:
                    kept.append(operation)
                    needed.update(operation.reads)
            operations[:] = reversed(kept)

    def view(self, r: int) -> Any:
        """Where a register lies: a view, a number, or what else a constant is."""
        if r not in self.views:
            self.views[r] = self.builder.constant(self.plan.registers[r].holds)
        return self.views[r]

    def settled(self, r: int) -> View:
        """A register in memory of its own, whatever else it is."""
        view, register = self.view(r), self.plan.registers[r]
        if isinstance(view, View) and self.roots[view.root].kind == "result":
            return view
        return self.builder.copy(view, register.shape, register.dtype)

    # --- instructions -----------------------------------------------------------------------------

    def knows(self, step: Instruction) -> bool:
        """Whether an instruction has a form here, or is to be called as a whole."""
        row, name = row_of(step.name), step.name
        if row.passes or row.is_impure(step.options):
            return True
        return name in VIEWS or name in RULES or name in ROWS or name in OWN

    def lower(self, step: Instruction) -> None:
        """Add the operations of one instruction."""
        register = self.plan.registers[step.out]
        shape, dtype = register.shape, register.dtype
        arguments = [self.view(r) for r in step.arguments]
        plain = all(self.is_plain(x) for x in arguments) and (dtype in FLOATS or dtype.kind == "b")
        made: Any = None
        if not step.is_impure and row_of(step.name).passes:
            made = arguments[0]  # whatever the others are
        elif plain and not step.is_impure and step.name != TOTAL:
            if step.name in VIEWS:
                made = self.viewed(step, arguments[0], shape, dtype)
            elif step.name in ROWS and len(arguments) == ROWS[step.name][0]:
                made = self.elementwise(step, arguments, shape, dtype)
            elif dtype in FLOATS and step.name in RULES:
                made = RULES[step.name](self.builder, step, arguments, shape, dtype)
        self.views[step.out] = self.called(step, shape, dtype) if made is None else made

    def is_plain(self, x: Any) -> bool:
        if isinstance(x, View):
            dtype = self.roots[x.root].dtype
            return (dtype in FLOATS and dtype.isnative) or dtype.kind == "b"
        return isinstance(x, Number)

    def called(self, step: Instruction, shape: tuple[int, ...], dtype: Any) -> View:
        """A call of the row itself, on arrays."""
        arguments = []
        for r in step.arguments:
            x = self.view(r)
            if (
                isinstance(x, View)
                and self.roots[x.root].kind != "result"
                and not self.builder.is_whole(x)
            ):
                x = self.builder.copy(x, x.shape, self.roots[x.root].dtype)
            elif isinstance(x, Number):
                x = self.plan.registers[r].holds
            arguments.append(x)
        out = self.builder.result(shape, dtype)
        self.builder.into.append(
            Operation("call", step.name, out.root, tuple(arguments), step=step)
        )
        return out

    def viewed(self, step: Instruction, x: Any, shape: tuple[int, ...], dtype: Any) -> Any:
        """A view of a view, or a copy in another order; None for what is neither."""
        if isinstance(x, Number):
            return self.builder.point("identity", [x], shape, dtype)
        root = self.roots[x.root]
        memory = np.empty(root.size, root.dtype)
        size = root.dtype.itemsize
        steps = tuple(n * size for n in x.strides)
        array = (
            np.ndarray(x.shape, root.dtype, memory, x.offset * size, steps) if root.size else None
        )
        if array is None:
            return self.builder.result(shape, dtype) if not math.prod(shape) else None
        view = row_of(step.name).array(array, **step.options)
        if np.may_share_memory(view, memory):
            start = view.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
            return View(x.root, start // size, view.shape, tuple(n // size for n in view.strides))
        if step.name != "reshape":
            return self.builder.result(shape, dtype) if not math.prod(shape) else None
        out = self.builder.copy(x, x.shape, dtype)
        return View(out.root, 0, shape, contiguous(shape))

    def elementwise(
        self, step: Instruction, arguments: list[Any], shape: tuple[int, ...], dtype: Any
    ) -> View:
        name = step.name
        if name == "add" and (sum_ := self.accumulated(step, shape, dtype)):
            return sum_
        if name == "greater" and arguments[1] == Number(0.0) and arguments[0] in self.rectified:
            arguments = [self.rectified[arguments[0]], arguments[1]]  # the same, without keeping x
        if name == "indicator":
            arguments = [arguments[0], Number(0.0)]  # of the second only the dtype counts
        if name == "pow" and isinstance(arguments[1], Number):
            return self.power(arguments[0], arguments[1].value, arguments, shape, dtype)
        out = self.builder.point(name, arguments, shape, dtype)
        if name == "relu" and isinstance(arguments[0], View):
            self.rectified[arguments[0]] = out
        return out

    def power(
        self, x: Any, exponent: float, arguments: list[Any], shape: tuple[int, ...], dtype: Any
    ) -> View:
        """x to a power that is known, by products where that is exact enough."""
        known = {1: "identity", 0.5: "half_power", -1: "reciprocal", 2: "square"}
        if exponent in known:
            return self.builder.point(known[exponent], [x], shape, dtype)
        if exponent == 0:
            return self.builder.point("identity", [Number(1.0)], shape, dtype)
        if exponent in (3, 4) and dtype == REAL:
            square = self.builder.point("square", [x], shape, dtype)
            pair = [square, x] if exponent == 3 else [square, square]
            return self.builder.point("mul", pair, shape, dtype)
        return self.builder.point("pow", arguments, shape, dtype)

    # --- products ---------------------------------------------------------------------------------

    def accumulated(self, step: Instruction, shape: tuple[int, ...], dtype: Any) -> View | None:
        """A sum with a matrix product that nothing else needs: the product on top of the other term."""
        for i, r in enumerate(step.arguments):
            product = self.builder.products.get(r)
            if product is None or self.uses[r] != 1 or self.plan.registers[r].shape != shape:
                continue
            if not any(each is product for each in self.builder.into):
                continue  # of the other direction
            other = self.view(step.arguments[1 - i])
            if step.arguments[1 - i] == r or self.plan.registers[r].dtype != dtype:
                continue
            if not isinstance(other, View) or 0 in spread(other, shape):
                continue  # a bias, say, is cheaper to add in the loop that comes next
            self.builder.into[:] = [each for each in self.builder.into if each is not product]
            out = self.builder.copy(other, shape, dtype)
            size = math.prod(shape)
            whole = View(out.root, 0, (size,), (1,))
            product.out, product.arguments = out.root, (*product.arguments[:2], whole)
            self.builder.into.append(product)
            del self.builder.products[r]
            return out
        return None
