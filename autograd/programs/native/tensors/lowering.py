"""A tensor plan as loops over arrays, matrix products and calls: what the native executor runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.engine.dispatch import registry
from autograd.programs.native.mathematics import ROWS
from autograd.programs.native.tensors.operations import (
    FLOATS,
    HALF,
    NEUTRAL,
    REAL,
    TERMS,
    Number,
    Operand,
    Operation,
    Root,
    View,
    contiguous,
    spread,
)
from autograd.programs.native.tensors.rules import RULES
from autograd.programs.planning.plan import TOTAL, Instruction, Plan

VIEWS = ("reshape", "transpose", "broadcast_to", "getitem")
"""Rows whose result can be a view of their argument's memory."""


@dataclass(slots=True)
class Lowering:
    """The operations of both directions, and where each register lies."""

    plan: Plan
    extra: tuple[int, ...] = ()
    roots: list[Root] = field(default_factory=list)
    views: dict[int, Any] = field(default_factory=dict)
    forward: list[Operation] = field(default_factory=list)
    backward: list[Operation] = field(default_factory=list)
    outputs: list[View] = field(default_factory=list)
    gradients: list[View] = field(default_factory=list)
    into: list[Operation] = field(default_factory=list)
    uses: Counter[int] = field(default_factory=Counter)
    rectified: dict[View, View] = field(default_factory=dict)
    products: dict[int, Operation] = field(default_factory=dict)

    def run(self) -> Lowering:
        """Lower the whole plan."""
        plan = self.plan
        for step in plan.forward + plan.backward:
            self.uses.update(step.arguments)
        self.uses.update([plan.output, *self.extra, *(r for _, r in plan.gradients)])
        given = [*plan.inputs, *plan.parameters, *([plan.seed] if plan.seed >= 0 else [])]
        for slot, r in enumerate(given):
            register = plan.registers[r]
            size = math.prod(register.shape)
            root = self.root("given", register.dtype, size, slot=slot)
            self.views[r] = View(root, 0, register.shape, contiguous(register.shape))
        self.into = self.forward
        for step in plan.forward:
            self.lower(step)
        self.outputs = [self.settled(r) for r in (plan.output, *self.extra)]
        made = {operation.out for operation in self.forward}
        self.into = self.backward
        for step in plan.backward:
            self.lower(step)
        for _, r in plan.gradients:
            view = self.view(r)
            whole = isinstance(view, View) and self.is_whole(view)
            if not whole or view.root in made or self.roots[view.root].kind != "result":
                view = self.copy(view, plan.registers[r].shape, plan.registers[r].dtype)
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

    # --- roots and views --------------------------------------------------------------------------

    def root(self, kind: str, dtype: Any, size: int, **more: Any) -> int:
        self.roots.append(Root(kind, np.dtype(dtype), size, **more))
        return len(self.roots) - 1

    def result(self, shape: tuple[int, ...], dtype: Any) -> View:
        """New memory for an array."""
        return View(self.root("result", dtype, math.prod(shape)), 0, shape, contiguous(shape))

    def view(self, r: int) -> Any:
        """Where a register lies: a view, a number, or what else a constant is."""
        if r not in self.views:
            self.views[r] = self.constant(self.plan.registers[r].holds)
        return self.views[r]

    def constant(self, x: Any) -> Any:
        if isinstance(x, bool | int | float | np.generic) and np.asarray(x).dtype.kind in "biuf":
            return Number(float(x), weak=not isinstance(x, np.generic))
        if not isinstance(x, np.ndarray) or x.dtype.kind not in "biuf":
            return x
        if x.ndim == 0:
            return Number(float(x), weak=False)
        if x.dtype not in FLOATS and x.dtype != bool and x.dtype.isnative:
            return x
        array = np.ascontiguousarray(x, dtype=x.dtype.newbyteorder("="))
        root = self.root("constant", array.dtype, array.size, holds=array)
        return View(root, 0, x.shape, contiguous(x.shape))

    def is_whole(self, view: View) -> bool:
        """Whether a view is all of its root in order."""
        space = tuple(n for n in view.shape if n != 1)
        whole = view.offset == 0 and self.roots[view.root].size == math.prod(view.shape)
        return whole and spread(view, view.shape) == contiguous(space)

    def settled(self, r: int) -> View:
        """A register in memory of its own, whatever else it is."""
        view, register = self.view(r), self.plan.registers[r]
        if isinstance(view, View) and self.roots[view.root].kind == "result":
            return view
        return self.copy(view, register.shape, register.dtype)

    def copy(self, x: Any, shape: tuple[int, ...], dtype: Any) -> View:
        if isinstance(x, np.ndarray):
            x = self.constant(x.astype(dtype))
        return self.point("identity", [x], shape, dtype)

    # --- operations -------------------------------------------------------------------------------

    def point(
        self,
        name: str,
        arguments: Sequence[Any],
        shape: tuple[int, ...],
        dtype: Any,
        into: View | None = None,
    ) -> View:
        """An elementwise operation, whose result is new, or a part of what there is."""
        floats = [
            self.roots[x.root].dtype
            for x in arguments
            if isinstance(x, View) and self.roots[x.root].dtype != bool
        ]
        strong = any(isinstance(x, Number) and not x.weak for x in arguments)
        half = bool(floats) and not strong and all(each == HALF for each in floats)
        out = self.result(shape, dtype) if into is None else into
        region = None if into is None else Operand(into.root, into.offset, spread(into, shape))
        operands = tuple(
            Operand(x.root, x.offset, spread(x, shape)) if isinstance(x, View) else x
            for x in arguments
        )
        if math.prod(shape):
            space = tuple(n for n in shape if n != 1)
            self.into.append(
                Operation("point", name, out.root, operands, space, half, region=region)
            )
        return out

    def reduce(
        self, name: str, x: Any, axes: Sequence[int], keepdims: bool, dtype: Any, n: float = 1.0
    ) -> View:
        """A reduction of a view, divided by n."""
        shape = tuple(1 if i in axes else m for i, m in enumerate(x.shape))
        kept = tuple(m for i, m in enumerate(x.shape) if i not in axes)
        final = shape if keepdims else kept
        if math.prod(x.shape) == 0:
            out = self.point("identity", [Number(NEUTRAL[name])], shape, dtype)
            if n != 1:
                out = self.point("div", [out, Number(float(n))], shape, dtype)
            return View(out.root, 0, final, contiguous(final))
        space = tuple(m for m in x.shape if m != 1)
        flags = [i in axes for i, m in enumerate(x.shape) if m != 1]
        if not any(flags):
            # A sum begins with 0, as NumPy's does: that of −0 alone is 0.
            alone = ("add", [x, Number(0.0)]) if name == "sum" else ("identity", [x])
            out = self.point(*alone, shape, dtype)
            if n != 1:
                out = self.point("div", [out, Number(float(n))], shape, dtype)
            return View(out.root, 0, final, contiguous(final))
        steps = spread(x, x.shape)
        order = self.order(steps, flags)
        outward = spread(View(-1, 0, shape, contiguous(shape)), x.shape)
        space, strides = tuple(space[i] for i in order), tuple(outward[i] for i in order)
        reduced = [flags[i] for i in order]
        operand = Operand(x.root, x.offset, tuple(steps[i] for i in order))
        leading = reduced[0] and not reduced[-1]
        # What is added up row by row is divided at the end; a sum of many rows is kept in float64.
        many = math.prod(x.shape) > TERMS * math.prod(shape)
        kept_as = REAL if leading and many else dtype
        direct = dtype == kept_as and n == 1
        out = self.result(shape, kept_as)
        if leading:
            self.fill(out, NEUTRAL[name])
        last = () if leading else (Number(float(n)),)
        self.into.append(
            Operation(
                "reduce", name, out.root, (operand, *last), space, strides=strides, into=leading
            )
        )
        if leading and not direct:
            out = self.point(
                "div" if n != 1 else "identity",
                [out, Number(float(n))][: 1 + (n != 1)],
                shape,
                dtype,
            )
        return View(out.root, 0, final, contiguous(final))

    @staticmethod
    def order(steps: Sequence[int], reduced: Sequence[bool]) -> list[int]:
        """The order of axes: that of memory, if the reduced ones come first or last, else them last."""
        axes = range(len(steps))
        for order in (sorted(axes, key=lambda i: -abs(steps[i])), list(axes)):
            flags = [reduced[i] for i in order]
            kept = [i for i in order if not reduced[i]]
            # As long as the kept axes stay in order, the result is written in order.
            together = flags == sorted(flags) or flags == sorted(flags)[::-1]
            natural = order == list(axes)
            if kept == sorted(kept) and together and (all(steps) or natural):
                return order
        return [i for i in axes if not reduced[i]] + [i for i in axes if reduced[i]]

    def fill(self, out: View, number: float) -> None:
        space = tuple(n for n in out.shape if n != 1)
        self.into.append(Operation("point", "identity", out.root, (Number(number),), space))

    # --- instructions -----------------------------------------------------------------------------

    def lower(self, step: Instruction) -> None:
        """Add the operations of one instruction."""
        register = self.plan.registers[step.out]
        shape, dtype = register.shape, register.dtype
        arguments = [self.view(r) for r in step.arguments]
        plain = all(self.is_plain(x) for x in arguments) and (dtype in FLOATS or dtype.kind == "b")
        made: Any = None
        if not step.is_impure and step.name in registry and registry[step.name].passes:
            made = arguments[0]  # whatever the others are
        elif plain and not step.is_impure and step.name != TOTAL:
            if step.name in VIEWS:
                made = self.viewed(step, arguments[0], shape, dtype)
            elif step.name in ROWS and len(arguments) == ROWS[step.name][0]:
                made = self.elementwise(step, arguments, shape, dtype)
            elif dtype in FLOATS and step.name in RULES:
                made = RULES[step.name](self, step, arguments, shape, dtype)
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
            if isinstance(x, View) and self.roots[x.root].kind != "result" and not self.is_whole(x):
                x = self.copy(x, x.shape, self.roots[x.root].dtype)
            elif isinstance(x, Number):
                x = self.plan.registers[r].holds
            arguments.append(x)
        out = self.result(shape, dtype)
        self.into.append(Operation("call", step.name, out.root, tuple(arguments), step=step))
        return out

    def viewed(self, step: Instruction, x: Any, shape: tuple[int, ...], dtype: Any) -> Any:
        """A view of a view, or a copy in another order; None for what is neither."""
        if isinstance(x, Number):
            return self.point("identity", [x], shape, dtype)
        root = self.roots[x.root]
        memory = np.empty(root.size, root.dtype)
        size = root.dtype.itemsize
        steps = tuple(n * size for n in x.strides)
        array = (
            np.ndarray(x.shape, root.dtype, memory, x.offset * size, steps) if root.size else None
        )
        if array is None:
            return self.result(shape, dtype) if not math.prod(shape) else None
        view = registry[step.name].array(array, **step.options)
        if np.may_share_memory(view, memory):
            start = view.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
            return View(x.root, start // size, view.shape, tuple(n // size for n in view.strides))
        if step.name != "reshape":
            return self.result(shape, dtype) if not math.prod(shape) else None
        out = self.copy(x, x.shape, dtype)
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
        out = self.point(name, arguments, shape, dtype)
        if name == "relu" and isinstance(arguments[0], View):
            self.rectified[arguments[0]] = out
        return out

    def power(
        self, x: Any, exponent: float, arguments: list[Any], shape: tuple[int, ...], dtype: Any
    ) -> View:
        """x to a power that is known, by products where that is exact enough."""
        known = {1: "identity", 0.5: "half_power", -1: "reciprocal", 2: "square"}
        if exponent in known:
            return self.point(known[exponent], [x], shape, dtype)
        if exponent == 0:
            return self.point("identity", [Number(1.0)], shape, dtype)
        if exponent in (3, 4) and dtype == REAL:
            square = self.point("square", [x], shape, dtype)
            pair = [square, x] if exponent == 3 else [square, square]
            return self.point("mul", pair, shape, dtype)
        return self.point("pow", arguments, shape, dtype)

    # --- products ---------------------------------------------------------------------------------

    def accumulated(self, step: Instruction, shape: tuple[int, ...], dtype: Any) -> View | None:
        """A sum with a matrix product that nothing else needs: the product on top of the other term."""
        for i, r in enumerate(step.arguments):
            product = self.products.get(r)
            if product is None or self.uses[r] != 1 or self.plan.registers[r].shape != shape:
                continue
            if not any(each is product for each in self.into):
                continue  # of the other direction
            other = self.view(step.arguments[1 - i])
            if step.arguments[1 - i] == r or self.plan.registers[r].dtype != dtype:
                continue
            if not isinstance(other, View) or 0 in spread(other, shape):
                continue  # a bias, say, is cheaper to add in the loop that comes next
            self.into[:] = [each for each in self.into if each is not product]
            out = self.copy(other, shape, dtype)
            size = math.prod(shape)
            whole = View(out.root, 0, (size,), (1,))
            product.out, product.arguments = out.root, (*product.arguments[:2], whole)
            self.into.append(product)
            del self.products[r]
            return out
        return None
