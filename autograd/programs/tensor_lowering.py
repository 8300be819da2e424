"""A tensor plan as loops over arrays, matrix products and calls: what the native executor runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.dispatch import registry
from autograd.primitive import normalise_axes
from autograd.programs.mathematics import ROWS
from autograd.programs.plan import TOTAL, Instruction, Plan

__all__ = ["Lowering", "Number", "Operand", "Operation", "Root", "View", "contiguous"]

VIEWS = ("reshape", "transpose", "broadcast_to", "getitem")
"""Rows whose result can be a view of their argument's memory."""
FEW = 32_768
"""Multiply-adds up to which a product with a vector, or a thin one, is a loop of its own."""
THIN = 4
"""Terms of a matrix product that are written out as multiply-adds."""
NARROW = 32
"""Columns up to which a loop keeps a whole row of a strided operand in registers."""
REAL = np.dtype(np.float64)
HALF = np.dtype(np.float32)
FLOATS = (REAL, HALF)
NEUTRAL = {"sum": 0.0, "prod": 1.0, "max": -math.inf, "min": math.inf}
"""What the reductions start from."""


@dataclass(frozen=True, slots=True)
class View:
    """Where the elements of an array lie in the memory of a root; offset and strides in elements."""

    root: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A number that is written into the code; a `weak` one takes the dtype of the arrays beside it."""

    value: float
    weak: bool = True


@dataclass(frozen=True, slots=True)
class Operand:
    """A root's elements as a loop walks over them: strides by the axes of its space."""

    root: int
    offset: int
    strides: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Root:
    """Memory of its own: a result's, a given array's (input, leaf, seed) or a constant's."""

    kind: str  # "result", "given", "constant"
    dtype: np.dtype[Any]
    size: int
    slot: int = -1  # of what is given: its place among inputs, leaves and the seed
    holds: Any = None  # the array of a constant


@dataclass(slots=True, eq=False)
class Operation:
    """One step on roots.

    ``"point"`` computes every element of `out`, ``"reduce"`` combines the elements of its one argument
    along the axes of `space` in which `strides` is 0, ``"product"`` is a matrix product of two views, on
    top of what `out` holds if there is a third argument, and ``"call"`` calls the row itself.
    """

    kind: str
    name: str
    out: int
    arguments: tuple[Any, ...]
    space: tuple[int, ...] = ()
    half: bool = False  # whether numbers are rounded to float32 first
    strides: tuple[int, ...] = ()
    into: bool = False  # of a reduction: whether it goes on from what `out` holds
    step: Instruction | None = None

    @property
    def reads(self) -> list[int]:
        """The roots that are read."""
        return [x.root for x in self.arguments if isinstance(x, View | Operand)]


def contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    """The strides of an array in row order, in elements."""
    strides, size = [], 1
    for n in reversed(shape):
        strides.append(size)
        size *= n
    return tuple(reversed(strides))


def spread(view: View, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides by which a view is broadcast to a shape, axes of length 1 left out."""
    lead = len(shape) - len(view.shape)
    return tuple(
        0 if i < lead or view.shape[i - lead] == 1 else view.strides[i - lead]
        for i, n in enumerate(shape)
        if n != 1
    )


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
        self, name: str, arguments: Sequence[Any], shape: tuple[int, ...], dtype: Any = None
    ) -> View:
        """An elementwise operation."""
        floats = [
            self.roots[x.root].dtype
            for x in arguments
            if isinstance(x, View) and self.roots[x.root].dtype != bool
        ]
        strong = any(isinstance(x, Number) and not x.weak for x in arguments)
        half = bool(floats) and not strong and all(each == HALF for each in floats)
        dtype = np.dtype((HALF if half else REAL) if dtype is None else dtype)
        out = self.result(shape, dtype)
        operands = tuple(
            Operand(x.root, x.offset, spread(x, shape)) if isinstance(x, View) else x
            for x in arguments
        )
        if math.prod(shape):
            space = tuple(n for n in shape if n != 1)
            self.into.append(Operation("point", name, out.root, operands, space, half))
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
        strides = spread(View(-1, 0, shape, contiguous(shape)), x.shape)
        space = tuple(m for m in x.shape if m != 1)
        reduced = [i in axes for i, m in enumerate(x.shape) if m != 1]
        if not any(reduced):
            out = self.point("identity", [x], shape, dtype)
            if n != 1:
                out = self.point("div", [out, Number(float(n))], shape, dtype)
            return View(out.root, 0, final, contiguous(final))
        steps = spread(x, x.shape)
        order = self.order(steps, reduced)
        space, strides, steps, reduced = (
            tuple(every[i] for i in order) for every in (space, strides, steps, reduced)
        )
        operand = Operand(x.root, x.offset, steps)
        leading = reduced[0] and not reduced[-1]
        # What is added up row by row is kept in float64, and divided at the end.
        direct = dtype == REAL and n == 1
        out = self.result(shape, REAL if leading else dtype)
        if leading:
            self.fill(out, NEUTRAL[name])
        last = () if leading else (Number(float(n)),)
        self.into.append(
            Operation(
                "reduce", name, out.root, (operand, *last), space, strides=strides, into=leading
            )
        )
        if leading and not direct:
            out = self.point("div" if n != 1 else "identity", [out, Number(float(n))][: 1 + (n != 1)], shape, dtype)
        return View(out.root, 0, final, contiguous(final))

    @staticmethod
    def order(steps: Sequence[int], reduced: Sequence[bool]) -> list[int]:
        """The order of axes: that of memory, if the reduced ones come first or last, else them last."""
        axes = range(len(steps))
        for order in (sorted(axes, key=lambda i: -abs(steps[i])), list(axes)):
            flags = [reduced[i] for i in order]
            kept = [i for i in order if not reduced[i]]
            # As long as the kept axes stay in order, the result is written in order.
            if kept == sorted(kept) and (flags == sorted(flags) or flags == sorted(flags)[::-1]):
                if all(steps) or order == list(axes):
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
        plain = all(self.is_plain(x) for x in arguments) and (dtype in FLOATS or dtype == bool)
        made: Any = None
        if plain and not step.is_impure and step.name != TOTAL:
            if step.name in VIEWS:
                made = self.viewed(step, arguments[0], shape, dtype)
            elif step.name in ROWS and len(arguments) == ROWS[step.name][0]:
                made = self.elementwise(step, arguments, shape, dtype)
            elif dtype in FLOATS and (rule := getattr(self, f"lower_{step.name}", None)):
                made = rule(step, arguments, shape, dtype)
        self.views[step.out] = self.called(step, shape, dtype) if made is None else made

    def is_plain(self, x: Any) -> bool:
        if isinstance(x, View):
            dtype = self.roots[x.root].dtype
            return (dtype in FLOATS and dtype.isnative) or dtype == bool
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
        array = np.ndarray(x.shape, root.dtype, memory, x.offset * size, steps) if root.size else None
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

    def lower_astype(self, step: Instruction, xs: list[Any], shape: Any, dtype: Any) -> View:
        return self.point("identity", xs, shape, dtype)

    # --- reductions -------------------------------------------------------------------------------

    def reduction(self, step: Instruction, x: Any, dtype: Any) -> tuple[View, list[int]] | None:
        """The argument and the axes of a reduction, if it is one of an array of floats."""
        if not isinstance(x, View) or self.roots[x.root].dtype != dtype:
            return None
        return x, list(normalise_axes(step.options.get("axis"), len(x.shape)))

    def simple(self, step: Instruction, xs: list[Any], dtype: Any, name: str) -> View | None:
        found = self.reduction(step, xs[0], dtype)
        return found and self.reduce(name, *found, step.options["keepdims"], dtype)

    def lower_sum(self, step: Instruction, xs: list[Any], shape: Any, dtype: Any) -> View | None:
        return self.simple(step, xs, dtype, "sum")

    def lower_prod(self, step: Instruction, xs: list[Any], shape: Any, dtype: Any) -> View | None:
        return self.simple(step, xs, dtype, "prod")

    def lower_max(self, step: Instruction, xs: list[Any], shape: Any, dtype: Any) -> View | None:
        return self.simple(step, xs, dtype, "max")

    def lower_min(self, step: Instruction, xs: list[Any], shape: Any, dtype: Any) -> View | None:
        return self.simple(step, xs, dtype, "min")

    def lower_mean(self, step: Instruction, xs: list[Any], shape: Any, dtype: Any) -> View | None:
        found = self.reduction(step, xs[0], dtype)
        if found is None:
            return None
        n = math.prod(found[0].shape[i] for i in found[1])
        return self.reduce("sum", *found, step.options["keepdims"], dtype, n)

    def lower_sum_squares(
        self, step: Instruction, xs: list[Any], shape: Any, dtype: Any
    ) -> View | None:
        found = self.reduction(step, xs[0], dtype)
        if found is None:
            return None
        x, axes = found
        square = self.point("square", [x], x.shape, REAL)
        return self.reduce("sum", square, axes, step.options["keepdims"], dtype)

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
            self.into[:] = [each for each in self.into if each is not product]
            out = self.copy(other, shape, dtype)
            size = math.prod(shape)
            whole = View(out.root, 0, (size,), (1,))
            product.out, product.arguments = out.root, (*product.arguments[:2], whole)
            self.into.append(product)
            del self.products[r]
            return out
        return None

    def lower_matmul(self, step: Instruction, xs: list[Any], shape: Any, dtype: Any) -> View | None:
        x, y = xs
        if not (isinstance(x, View) and isinstance(y, View)):
            return None
        if any(self.roots[each.root].dtype != dtype for each in xs):
            return None
        if len(x.shape) not in (1, 2) or len(y.shape) not in (1, 2):
            return None
        if len(x.shape) == 1:
            x = View(x.root, x.offset, (1, *x.shape), (0, *x.strides))
        if len(y.shape) == 1:
            y = View(y.root, y.offset, (*y.shape, 1), (*y.strides, 0))
        (m, k), n = x.shape, y.shape[1]
        if m * n == 0:
            return self.result(shape, dtype)
        if k == 0:
            return self.point("identity", [Number(0.0)], shape, dtype)
        out = self.product(step, x, y, m, n, k, dtype)
        return View(out.root, 0, shape, contiguous(shape))

    def product(
        self, step: Instruction, x: View, y: View, m: int, n: int, k: int, dtype: Any
    ) -> View:
        """A product of matrices, (m, k) and (k, n)."""
        if n == 1 and self.is_ones(y):
            return self.reduce("sum", x, [1], True, dtype)
        if m == 1 and self.is_ones(x):
            return self.reduce("sum", y, [0], True, dtype)
        if k == 1:
            return self.point("mul", [x, y], (m, n), dtype)
        if (m == 1 or n == 1) and m * n * k <= FEW:
            matrix, vector = (x, y) if n == 1 else (transposed(y), transposed(x))
            if abs(matrix.strides[0]) >= abs(matrix.strides[1]):
                terms = self.point("mul", [matrix, transposed(vector)], matrix.shape, REAL)
                return self.reduce("sum", terms, [1], True, dtype)
            matrix = transposed(matrix)
            terms = self.point("mul", [matrix, vector], matrix.shape, REAL)
            return self.reduce("sum", terms, [0], True, dtype)
        if k <= THIN and m * n * k <= FEW and (n <= NARROW or y.strides[1] == 1):
            out = None
            for i in range(k):
                column = View(x.root, x.offset + i * x.strides[1], (m, 1), (x.strides[0], 0))
                row = View(y.root, y.offset + i * y.strides[0], (1, n), (0, y.strides[1]))
                pair = [column, row]
                last = dtype if i == k - 1 else REAL
                out = (
                    self.point("mul", pair, (m, n), REAL)
                    if out is None
                    else self.point("fma", [*pair, out], (m, n), last)
                )
            assert out is not None  # k is not 0
            return out
        out = self.result((m, n), dtype)
        x, y = self.usable(x), self.usable(y)
        operation = Operation("product", "matmul", out.root, (x, y), (m, n, k), dtype == HALF)
        self.into.append(operation)
        self.products[step.out] = operation
        return out

    def is_ones(self, view: View) -> bool:
        holds = self.roots[view.root].holds
        return holds is not None and self.is_whole(view) and bool(np.all(holds == 1))

    def usable(self, view: View) -> View:
        """A matrix as BLAS takes it: one of its axes without gaps."""
        (m, n), (down, right) = view.shape, view.strides
        if (right == 1 or n == 1) and (down >= n or m == 1):
            return View(view.root, view.offset, view.shape, (max(down, n) if m > 1 else n, 1))
        if (down == 1 or m == 1) and (right >= m or n == 1):
            return View(view.root, view.offset, view.shape, (1, max(right, m) if n > 1 else m))
        return self.copy(view, view.shape, self.roots[view.root].dtype)


def transposed(view: View) -> View:
    """A matrix with its axes exchanged."""
    return View(view.root, view.offset, view.shape[::-1], view.strides[::-1])
