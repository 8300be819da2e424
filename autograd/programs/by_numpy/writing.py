"""Writing a plan's instructions as NumPy calls, with buffers that are used again when they are free."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.engine.axes import normalise_axes
from autograd.engine.families import Elementwise, Reduction
from autograd.engine.primitive import Primitive, registry
from autograd.programs.planning.plan import TOTAL, Instruction, Plan, row_of

Array = np.ndarray[Any, Any]

VIEWS = ("reshape", "transpose", "broadcast_to", "getitem")
"""Rows whose result can be a view of their argument's memory."""

FEW = 65_536
"""Elements of an array up to which a call, and not memory, is what takes time."""

SHORT = 64
"""Elements of an array up to which a copy under a mask is the fastest choice."""

AXES = ("axis", "keepdims")
"""The options of a reduction that a ufunc's ``reduce`` knows."""

LINE = 64
"""Bytes in a line of the processor's cache, which buffers are aligned to."""


class OneCall(NamedTuple):
    """A ufunc, or its ``reduce``, that is all of a row's function.

    An input is the place of an argument, or something else in a tuple of its own.
    """

    function: np.ufunc
    method: str
    inputs: tuple[Any, ...]
    options: dict[str, Any]


class Shown:
    """An argument of a row's function, which shows the ufunc that it is given to."""

    def __init__(self, place: int) -> None:
        self.place = place

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        places = tuple(x.place if isinstance(x, Shown) else (x,) for x in inputs)
        return OneCall(ufunc, method, places, options)


def one_call(row: Primitive, options: dict[str, Any]) -> OneCall | None:
    """The one ufunc that a row's function is with these options; None for more than that."""
    if isinstance(row.array, np.ufunc):
        return OneCall(row.array, "__call__", tuple(range(row.arity or 0)), {})
    try:
        found = row.array(*map(Shown, range(row.arity or 0)), **options)
    except Exception:  # whatever a user's function does where it is given no number
        return None
    if not isinstance(found, OneCall):
        return None
    known = {} if found.method == "__call__" else {key: options.get(key) for key in AXES}
    return found if found.options == known else None


class NumpyWriter:
    """One walk over a plan: where each register lives, and the line that computes it.

    A register is a name ``r7`` in `scope`. A result lives in a buffer that is made here, once, or it is
    a view of one, which needs no line at all; only what comes anew with each run, and numbers, are
    assigned while it runs.
    """

    def __init__(
        self, plan: Plan, extra: Sequence[int], instances: int | None, reuse: bool
    ) -> None:
        self.plan = plan
        self.instances = instances
        self.reuse = reuse
        self.scope: dict[str, Any] = {"array": np.array, "copyto": np.copyto, "dot": np.dot}
        self.fixed: dict[int, Array] = {}  # registers in memory that stays
        self.owners: dict[int, Array] = {}  # the memory itself, by the register that has it
        self.free: dict[int, list[Array]] = {}
        self.buffer_bytes = 0
        self.constants: dict[Any, str] = {}  # numbers of rank 0
        self.effects: set[str] = set()  # the lines that do more than compute
        self.now = 0
        self.ends = self._ends(extra)
        self.dying: dict[int, list[int]] = {}
        for r, end in self.ends.items():
            self.dying.setdefault(end, []).append(r)

    def _ends(self, extra: Sequence[int]) -> dict[int, int]:
        """The last instruction that needs each register's memory, views of it included."""
        steps = self.plan.forward + self.plan.backward
        never = len(steps) + 1
        ends = {r: never for _, r in self.plan.gradients}
        # What was drawn is still needed by a second backward pass.
        ends |= {step.out: never for step in self.plan.forward if step.is_impure}
        boundary = len(self.plan.forward)
        for r in (self.plan.output, *extra):
            ends[r] = max(ends.get(r, 0), boundary)
        for i in reversed(range(len(steps))):
            step = steps[i]
            for r in step.arguments:
                ends[r] = max(ends.get(r, 0), i)
                if step.name in VIEWS:
                    ends[r] = max(ends[r], ends.get(step.out, i))
        return ends

    # --- registers --------------------------------------------------------------------------------

    def name(self, r: int) -> str:
        """How a register is written: a number is written out."""
        register = self.plan.registers[r]
        if register.kind == "constant":
            x = register.holds
            if x.__class__ in (int, float) and math.isfinite(x):
                return repr(x) if x >= 0 else f"({x!r})"
            self.scope[f"r{r}"] = x
        return f"r{r}"

    def shape(self, r: int) -> tuple[int, ...]:
        """The shape that a register has here: one number per instance, where it varies."""
        register = self.plan.registers[r]
        if self.instances is not None:
            return (self.instances,) if register.varies else ()
        return register.shape

    def allocate(self, shape: tuple[int, ...], dtype: Any, alone: bool = False) -> Array:
        """Memory for an array, used before if any is free; with `alone`, memory of its own."""
        size = max(LINE, -(-math.prod(shape) * dtype.itemsize // LINE) * LINE)
        if not alone and self.free.get(size):
            memory = self.free[size].pop()
        else:
            self.buffer_bytes += size
            room = np.empty(size + LINE, np.uint8)
            start = -room.ctypes.data % LINE
            memory = room[start : start + size]
        return memory

    def buffer(self, step: Instruction, inplace: bool) -> str:
        """A buffer for an instruction's result; with `inplace` an argument's that ends here."""
        r = step.out
        shape, dtype = self.shape(r), self.plan.registers[r].dtype
        memory = None
        if inplace and self.reuse:
            for x in step.arguments:
                alike = x in self.owners and self.fixed[x].shape == shape
                if alike and self.ends[x] == self.now and self.fixed[x].dtype == dtype:
                    memory = self.owners.pop(x)
                    break
        if memory is None:
            # What was drawn stays when the pass is run again: nothing before it may be written there.
            memory = self.allocate(shape, dtype, alone=step.is_impure)
        self.owners[r] = memory
        self.fixed[r] = np.ndarray(shape, dtype, buffer=memory)
        self.scope[f"r{r}"] = self.fixed[r]
        return f"r{r}"

    def release(self) -> None:
        """Give back the memory of registers that the current instruction was the last to need."""
        for r in self.dying.get(self.now, ()):
            if r in self.owners and self.reuse:
                memory = self.owners.pop(r)
                self.free.setdefault(memory.size, []).append(memory)

    def bind(self, x: Any, hint: str) -> str:
        """A name in the scope for a function, an option or an array."""
        name = hint
        while name in self.scope:
            held = self.scope[name]
            if held is x or (callable(x) and held == x):
                return name
            name += "_"
        self.scope[name] = x
        return name

    # --- lines ------------------------------------------------------------------------------------

    def lines(self, steps: Sequence[Instruction]) -> list[str]:
        """The lines of some instructions, those of `forward` before those of `backward`."""
        lines = []
        for step in steps:
            lines += self.written(step)
            self.release()
            self.now += 1
        return lines

    def written(self, step: Instruction) -> list[str]:
        names = [self.name(r) for r in step.arguments]
        if step.name == TOTAL:
            return [f"r{step.out} = {self.bind(np.add.reduce, 'total')}({names[0]})"]
        if step.is_impure:
            line = self.told(step, names)
            self.effects.add(line)
            return [line]
        if self.instances is not None:
            return self.scalar(step, names)
        if step.name in VIEWS and (view := self.view(step, names)) is not None:
            return view
        return self.array(step, names)

    def computed(self, step: Instruction, names: Sequence[str]) -> str | None:
        """One ufunc on whole arrays; None for a row that is more than that."""
        row = row_of(step.name)
        if not isinstance(row, Elementwise):
            return None
        if isinstance(row.array, np.ufunc):  # as for most
            function, out = row.array, self.buffer(step, True)
            words = self.as_arrays(step, names)
        elif (call := one_call(row, step.options)) is not None:
            function, out = call.function, self.buffer(step, True)
            names = self.as_arrays(step, names)
            words = [
                names[x] if x.__class__ is int else self.held(step, function, i, *x)
                for i, x in enumerate(call.inputs)
            ]
        else:
            return None
        if function in (np.maximum, np.minimum):
            out = f"out={out}"  # NumPy wants it said
        return f"{self.bind(function, function.__name__)}({', '.join(words)}, {out})"

    def held(self, step: Instruction, function: np.ufunc, i: int, x: Any) -> str:
        """A name for what else a row's function gives to its ufunc."""
        like = self.fixed[step.out]
        if function in (np.maximum, np.minimum) and like.size <= FEW and np.ndim(x) == 0:
            # NumPy compares two arrays about twice as fast as an array and a number.
            x = np.full(like.shape, x, like.dtype)
        return self.bind(x, f"held{step.out}_{i}")

    def as_arrays(self, step: Instruction, names: Sequence[str]) -> list[str]:
        """The names, with numbers as arrays of rank 0: a ufunc takes those 0.2 µs faster."""
        registers = [self.plan.registers[r] for r in step.arguments]
        dtypes = {register.dtype for register in registers if register.kind != "constant"}
        if len(dtypes) != 1:
            return list(names)
        (dtype,) = dtypes
        if dtype.kind != "f":
            return list(names)
        written = list(names)
        for i, register in enumerate(registers):
            if register.kind == "constant" and register.holds.__class__ in (int, float):
                number = np.asarray(register.holds, dtype)
                written[i] = self.bind_number(number)
        return written

    def bind_number(self, number: Array) -> str:
        """A name for a number of rank 0, the same one for the same number."""
        key = (number.dtype.str, number.tobytes())
        if key not in self.constants:
            self.constants[key] = self.bind(number, f"n{len(self.constants)}")
        return self.constants[key]

    def told(self, step: Instruction, names: Sequence[str]) -> str:
        """An instruction with an effect; of a scalar plan, for every instance."""
        row = registry[step.name]
        if self.instances is not None:
            shape = (self.instances,)
            spread = self.bind(np.broadcast_to, "broadcast_to")
            names = [f"{spread}({name}, {shape})" for name in names]
        if row.passes:
            words = [f"{key}={self.option(key, x)}" for key, x in step.options.items()]
            return f"{self.bind(row.array, step.name)}({', '.join([*names, *words])})"
        return self.called(step, names)

    def called(self, step: Instruction, names: Sequence[str]) -> str:
        """The row's own function, whose result is copied into the buffer."""
        function = self.bind(row_of(step.name).array, step.name)
        words = list(names)
        words += [f"{key}={self.option(key, x)}" for key, x in step.options.items()]
        return f"copyto({self.buffer(step, False)}, {function}({', '.join(words)}), 'unsafe')"

    def option(self, key: str, x: Any) -> str:
        if x is None or x.__class__ in (bool, int, str):
            return repr(x)
        return self.bind(x, f"{key}_")

    def view(self, step: Instruction, names: Sequence[str]) -> list[str] | None:
        """A view: made once where the memory stays, else with each run. None if it must be a copy."""
        (r,) = step.arguments
        row = registry[step.name]
        if r in self.fixed:
            view = row.array(self.fixed[r], **step.options)
            if not np.may_share_memory(view, self.fixed[r]):
                return None
            self.fixed[step.out] = view
            self.scope[f"r{step.out}"] = view
            return []
        if self.plan.registers[r].kind == "constant":
            self.scope[f"r{step.out}"] = row.array(self.plan.registers[r].holds, **step.options)
            return []
        words = [f"{key}={self.option(key, x)}" for key, x in step.options.items()]
        if step.name == "transpose" and step.options.get("axes") is None:
            return [f"r{step.out} = {names[0]}.T"]
        function = self.bind(row.array, step.name)
        return [f"r{step.out} = {function}({', '.join([*names, *words])})"]

    def array(self, step: Instruction, names: Sequence[str]) -> list[str]:
        """One instruction on arrays."""
        options = step.options
        if (line := self.computed(step, names)) is not None:
            return [line]
        write = getattr(self, f"write_{step.name}", None)
        lines: list[str] | None = None if write is None else write(step, names, **options)
        if lines is None and isinstance(row := registry.get(step.name), Reduction):
            call = one_call(row, options)
            if call is not None and call.method == "reduce":
                return [self.reduced(step, names, call.function, **call.options)]
        return [self.called(step, names)] if lines is None else lines

    # Forms with a buffer or BLAS that no row's own function has: a row is faster so, and right without.

    def write_indicator(self, step: Instruction, names: Sequence[str]) -> list[str] | None:
        if self.plan.registers[step.arguments[0]].dtype.kind != "b":
            return None
        return [f"copyto({self.buffer(step, False)}, {names[0]})"]

    def write_where(self, step: Instruction, names: Sequence[str]) -> list[str] | None:
        if self.plan.registers[step.arguments[0]].dtype.kind != "b":
            return None
        if lines := self.kept(step):
            return lines
        out = self.buffer(step, False)
        return [
            f"copyto({out}, {names[2]}, 'unsafe')",
            f"copyto({out}, {names[1]}, 'unsafe', {names[0]})",
        ]

    def kept(self, step: Instruction) -> list[str] | None:
        """A choice between numbers and 0, by bits (see `choices.kept`); None for another choice."""
        mask, x, other = step.arguments
        registers, shape = self.plan.registers, self.shape(step.out)
        zero = registers[other].kind == "constant" and registers[other].holds.__class__ in (
            int,
            float,
        )
        if not zero or registers[other].holds != 0 or math.prod(shape) <= SHORT:
            return None
        if mask not in self.fixed or x not in self.fixed or self.fixed[x].shape != shape:
            return None
        dtype = self.fixed[x].dtype
        if dtype != registers[step.out].dtype or dtype.kind != "f":
            return None
        integers = np.dtype(f"i{dtype.itemsize}")
        truths, numbers = self.fixed[mask], self.fixed[x].view(integers)
        memory = self.allocate(truths.shape, np.dtype(np.int8))
        bits = self.bind(np.ndarray(truths.shape, np.int8, buffer=memory), f"bits{step.out}")
        self.buffer(step, True)
        self.free.setdefault(memory.size, []).append(memory)
        negative, both = (
            self.bind(np.negative, "negative"),
            self.bind(np.bitwise_and, "bitwise_and"),
        )
        given = self.bind(truths.view(np.int8), f"mask{step.out}")
        words = self.bind(numbers, f"words{step.out}")
        out = self.bind(self.fixed[step.out].view(integers), f"kept{step.out}")
        return [f"{negative}({given}, {bits})", f"{both}({words}, {bits}, {out})"]

    def write_matmul(self, step: Instruction, names: Sequence[str]) -> list[str]:
        plain = all(len(self.shape(r)) in (1, 2) for r in step.arguments)
        out = self.buffer(step, False)
        function = "dot" if plain else self.bind(np.matmul, "matmul")
        return [f"{function}({', '.join(names)}, {out})"]

    def reduced(
        self, step: Instruction, names: Sequence[str], function: np.ufunc, axis: Any, keepdims: bool
    ) -> str:
        axis = self.option("axis", axis)
        reduce = self.bind(function.reduce, f"{function.__name__}_reduce")
        return f"{reduce}({names[0]}, {axis}, None, {self.buffer(step, False)}, {keepdims})"

    def write_sum(
        self, step: Instruction, names: Sequence[str], axis: Any, keepdims: bool
    ) -> list[str]:
        return [
            self.weighed(step, names, axis, 1) or self.reduced(step, names, np.add, axis, keepdims)
        ]

    def write_mean(
        self, step: Instruction, names: Sequence[str], axis: Any, keepdims: bool
    ) -> list[str]:
        n = math.prod(self.shape(step.arguments[0])) // (math.prod(self.shape(step.out)) or 1)
        if n == 0:
            return [self.called(step, names)]
        if line := self.weighed(step, names, axis, n):
            return [line]
        line = self.reduced(step, names, np.add, axis, keepdims)
        return [line, f"{self.bind(np.divide, 'divide')}(r{step.out}, {n}, r{step.out})"]

    def weighed(self, step: Instruction, names: Sequence[str], axis: Any, n: int) -> str | None:
        """A sum divided by n, as a product with a vector: BLAS adds up small arrays 3 to 6 times faster.

        None where that does not apply: the array is large, or the axes are not one end of its shape.
        """
        (r,) = step.arguments
        x = self.fixed.get(r)
        shape, dtype = self.shape(r), self.plan.registers[r].dtype
        if dtype.kind != "f" or not 0 < math.prod(shape) <= FEW:
            return None
        axes = normalise_axes(axis, len(shape))
        if not axes:
            return None
        if axes == tuple(range(len(shape))):
            if x is None or not x.flags.c_contiguous:
                return None
            operand = self.bind(x.reshape(-1), f"flat{r}")
            count, left = math.prod(shape), True
        elif len(shape) == 2:
            operand, (count,), left = names[0], (shape[axes[0]],), axes == (0,)
        else:
            return None
        weights = self.bind_weights(count, dtype, n)
        out = self.buffer(step, False)
        result = self.fixed[step.out]
        if result.ndim > 1 or (result.ndim == 1 and axes == tuple(range(len(shape)))):
            room = result.reshape(() if axes == tuple(range(len(shape))) else -1)
            out = self.bind(room, f"room{step.out}")
        pair = f"{weights}, {operand}" if left else f"{operand}, {weights}"
        return f"dot({pair}, {out})"

    def bind_weights(self, count: int, dtype: np.dtype[Any], n: int) -> str:
        """A vector that is 1/n everywhere."""
        key = ("weights", count, dtype.str, n)
        if key not in self.constants:
            self.constants[key] = self.bind(np.full(count, 1 / n, dtype), f"w{len(self.constants)}")
        return self.constants[key]

    def write_sum_squares(
        self, step: Instruction, names: Sequence[str], axis: Any, keepdims: bool
    ) -> list[str] | None:
        if axis is not None or keepdims:
            return None
        return [
            f"{self.buffer(step, False)}[()] = {self.bind(np.vdot, 'vdot')}({names[0]}, {names[0]})"
        ]

    def write_concatenate_all(
        self, step: Instruction, names: Sequence[str], axis: Any, starts: Any
    ) -> list[str]:
        out = self.buffer(step, False)
        joined = self.bind(np.concatenate, "concatenate")
        return [f"{joined}(({', '.join(names)},), {axis}, {out}, casting='unsafe')"]

    # --- scalar plans -----------------------------------------------------------------------------

    def scalar(self, step: Instruction, names: Sequence[str]) -> list[str]:
        """One instruction of a scalar plan, on one number per instance or on plain numbers."""
        varies = self.plan.registers[step.out].varies
        row = row_of(step.name)
        words = [f"{key}={self.option(key, x)}" for key, x in step.options.items()]
        function: Any
        if isinstance(row, Elementwise):
            if varies and (line := self.computed(step, names)) is not None:
                return [line]
            call = f"{self.bind(row.array, step.name)}({', '.join([*names, *words])})"
            if not varies:
                return [f"r{step.out} = {call}"]
            return [f"copyto({self.buffer(step, False)}, {call}, 'unsafe')"]
        if varies and step.name == "matmul":
            return self.products(step, names)
        if varies and step.name == "sum":
            out = self.buffer(step, False)
            add = self.bind(np.add, "add")
            lines = [f"{add}({names[0]}, {names[1] if len(names) > 1 else '0'}, {out})"]
            return lines + [f"{add}({out}, {x}, {out})" for x in names[2:]]
        function = self.bind(many, "many")
        listed = f"({', '.join(names)},)"
        options = self.bind(step.options, f"options{step.out}")
        call = f"{function}({self.bind(row, f'{step.name}_row')}, {listed}, {options})"
        if varies:
            return [f"copyto({self.buffer(step, False)}, {call})"]
        return [f"r{step.out} = {call}"]

    def products(self, step: Instruction, names: Sequence[str]) -> list[str]:
        """An n-ary matmul: Σ xᵢ yᵢ."""
        n = len(names) // 2
        out = self.buffer(step, False)
        multiply, add = self.bind(np.multiply, "multiply"), self.bind(np.add, "add")
        lines = [f"{multiply}({names[0]}, {names[n]}, {out})"]
        if n > 1:
            shape, dtype = self.shape(step.out), self.plan.registers[step.out].dtype
            memory = self.allocate(shape, dtype)
            self.free.setdefault(memory.size, []).append(memory)
            room = self.bind(np.ndarray(shape, dtype, buffer=memory), f"room{step.out}")
            for x, y in zip(names[1:n], names[n + 1 :], strict=True):
                lines += [f"{multiply}({x}, {y}, {room})", f"{add}({out}, {room}, {out})"]
        return lines


def many(row: Any, numbers: Sequence[Any], options: dict[str, Any]) -> Any:
    """A row of many numbers, for all instances."""
    table = np.stack(np.broadcast_arrays(*numbers))
    if table.ndim == 1:
        return row.on_numbers(table, options)
    if row.family == "row":
        return row.array(table, **{**options, "axis": 0, "keepdims": False})
    return np.array([row.on_numbers(column, options) for column in table.T])
