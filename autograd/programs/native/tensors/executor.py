"""The native executor of tensor plans: fused loops and matrix products, one call for each direction."""

from __future__ import annotations

import functools
import math
import operator
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.engine.flat import holders
from autograd.programs.native import heads
from autograd.programs.native.llvm import Code, symbols
from autograd.programs.native.machine import (
    Machine,
    NotNativeError,
    available,
    machine_code,
    vector_width,
)
from autograd.programs.native.tensors import blas
from autograd.programs.native.tensors.fusing import Group, Memory, grouped
from autograd.programs.native.tensors.loops import LoopWriter
from autograd.programs.native.tensors.lowering import Lowering
from autograd.programs.native.tensors.operations import FLOATS, Operation, View, contiguous
from autograd.programs.native.tensors.tails import declarations
from autograd.programs.native.tensors.tiles import tiles
from autograd.programs.planning.plan import Plan, row_of

Array = np.ndarray[Any, Any]

MOST = 5000
"""Instructions that are compiled; LLVM takes about a third of a millisecond for each."""
ARENA = 0
GRADIENTS = {dtype.str: 1 + i for i, dtype in enumerate(FLOATS)}
PRODUCTS = 1 + len(FLOATS)
CONSTANTS = PRODUCTS + len(blas.FUNCTIONS)
"""Slots of the table that the code gets: addresses of memory, of functions, and of what is given."""


def obstacle(plan: Plan) -> str | None:
    """Why a plan is not compiled, or None."""
    if plan.scalar:
        return "the plan holds numbers, not arrays"
    if (reason := available() or blas.available()) is not None:
        return reason
    steps = plan.forward + plan.backward
    if len(steps) > MOST:
        return f"{len(steps)} instructions on arrays: at most {MOST} are compiled"
    for r in {r for step in steps for r in (*step.arguments, step.out)}:
        register = plan.registers[r]
        if register.kind != "constant" and register.dtype.kind not in "biuf":
            return f"arrays of {register.dtype}"
        if register.kind != "constant" and not register.dtype.isnative:
            return "arrays whose bytes are in another order"
    lowered = Lowering(plan).run()
    operations = lowered.forward + lowered.backward
    called = [each.name for each in operations if each.kind == "call"]
    if 2 * len(called) > len(operations):
        return f"mostly rows without a native form: {', '.join(sorted(set(called)))}"
    return None


class TensorExecutor:
    """Compiles a plan on arrays when it is first run.

    Args:
        plan: A plan that `obstacle` has nothing against.
        extra: Registers that `forward` gives besides the output.
    """

    name = "native"
    gives = at_once = True

    def __init__(self, plan: Plan, extra: Sequence[int] = ()) -> None:
        self.plan, self.extra, self.parameters = plan, tuple(extra), plan.leaves
        self.compiled: TensorCode | None = None

    def at(self, instances: int | None) -> TensorCode:
        """The machine code; a plan on arrays has one size."""
        if self.compiled is None:
            self.compiled = TensorCode(self.plan, self.extra)
        return self.compiled

    def leaves(self) -> list[Any]:
        """The parameters' own numbers and arrays."""
        return [leaf._raw for leaf in self.parameters]

    def forget(self) -> None:
        """Forget what was given last: in a forked process, another thread may have been half done."""
        if self.compiled is not None:
            self.compiled.given = [None] * len(self.compiled.given)

    @property
    def buffer_bytes(self) -> int:
        """Memory held for intermediate results."""
        return 0 if self.compiled is None else self.compiled.buffer_bytes


def executor_of(plan: Plan, extra: Sequence[int], threads: int | None) -> TensorExecutor:
    """The executor of a plan; as many threads take part as the BLAS is set to use.

    Raises:
        NotNativeError: The plan has no native form.
    """
    if (reason := obstacle(plan)) is not None:
        raise NotNativeError(reason)
    return TensorExecutor(plan, extra)


class TensorCode:
    """A plan on arrays as machine code, and the memory that it works in.

    ``forward(inputs, leaves)`` gives the output and the extra registers, copied;
    ``backward(inputs, leaves, seed)`` gives the gradients in the plan's order. It uses what `forward`
    left, once; ``refresh`` leaves the same again, without the effects. Rows without a native form, and
    those with an effect, are called between two stretches of native code. A caller sees to it that
    only one thread at a time is inside.

    The gradients of one dtype are views of one array, in the plan's order: `flat` gives it. They
    belong to the caller: memory is used again only when nobody holds any of them.

    Args:
        plan: A plan that `obstacle` has nothing against.
        extra: Registers that `forward` gives besides the output.
    """

    def __init__(self, plan: Plan, extra: Sequence[int] = ()) -> None:
        started = time.perf_counter()
        self.lowering = lowering = Lowering(plan, tuple(extra)).run()
        self.plan = lowering.plan
        self.parts = [grouped(lowering, each) for each in (lowering.forward, lowering.backward)]
        # Whether both directions are native code throughout, so that one call can run them.
        self.alone = all(group.kind != "call" for part in self.parts for group in part)
        self.memory = memory = Memory(lowering, *self.parts)
        self.constants = [root for root in lowering.roots if root.kind == "constant"]
        given = sum(root.kind == "given" for root in lowering.roots)
        self.first = CONSTANTS + len(self.constants)
        self.tiles: dict[Any, tuple[str, int]] = {}  # the functions of products, by sizes
        text = self.text()
        size = memory.size + max((room for _, room in self.tiles.values()), default=0)
        room = np.empty(size + 64, np.uint8)
        start = -room.ctypes.data % 64
        self.arena = room[start : start + size]
        self.table = np.zeros(self.first + given, np.int64)
        self.table[ARENA] = self.arena.ctypes.data
        self.table[PRODUCTS:CONSTANTS] = blas.addresses()
        for i, root in enumerate(self.constants):
            self.table[CONSTANTS + i] = root.holds.ctypes.data
        self.cells: Any = memoryview(self.table.data)
        self.at_table = self.table.ctypes.data
        code, self.cached = machine_code(text, effort=1)
        self.machine = Machine(code)
        self.given: list[Any] = [None] * given
        self.arrays: list[Any] = [None] * given
        self.keep: list[Any] = [None] * given
        self.dtypes = {root.slot: root.dtype for root in lowering.roots if root.kind == "given"}
        self.places: dict[int, Array] = {}
        self.forward_steps = self.steps(0)
        self.pure_steps = self.steps(0, pure=True)
        self.backward_steps = self.steps(1)
        self.both_steps = [*self.forward_steps, *self.backward_steps]
        if self.alone:
            self.both_steps = [functools.partial(self.machine.function("both"), self.at_table)]
        self.outputs = [self.array(view) for view in lowering.outputs]
        self.buffer_bytes = int(self.arena.nbytes)
        self.sets: list[tuple[dict[str, Array], list[Array]]] = []
        self.flat: dict[str, Array] = {}
        self.unheld: Any = None
        self.seconds = time.perf_counter() - started

    # --- the code ---------------------------------------------------------------------------------

    def address(self, code: Code, root: int) -> str:
        """Write the address of a root's memory."""
        it = self.lowering.roots[root]
        if root in self.memory.gradients:
            start = self.memory.gradients[root] * it.dtype.itemsize
            return self.slot(code, GRADIENTS[it.dtype.str], start)
        if it.kind == "constant":
            return self.slot(code, CONSTANTS + self.constants.index(it), 0)
        if it.kind == "given":
            # In the head of an array stands where its data is.
            head = self.slot(code, self.first + it.slot, heads.HEAD)
            return code.put(f"load ptr, ptr {head}, align 8")
        return self.slot(code, ARENA, self.memory.places[root])

    @staticmethod
    def slot(code: Code, slot: int, offset: int) -> str:
        cell = code.put(f"getelementptr i64, ptr %table, i64 {slot}")
        at = code.put(f"load ptr, ptr {cell}, align 8")
        return code.put(f"getelementptr i8, ptr {at}, i64 {offset}") if offset else at

    def text(self) -> str:
        """The module: a function for each group, and one for each stretch between two calls."""
        called: set[str] = set()
        texts: list[str] = []
        self.tiles.clear()
        for part, groups in enumerate(self.parts):
            for number, group in enumerate(groups):
                name = f"group{part}.{number}"
                if group.kind == "loop":
                    writer = LoopWriter(
                        self.lowering, group, self.memory.kept, self.address, vector_width()
                    )
                    texts.append(writer.text(name))
                    called |= writer.code.called
                elif group.kind == "product":
                    texts.append(self.product(name, group.operations[0], called))
            for number, (start, end) in enumerate(self.stretches(groups)):
                calls = "".join(
                    f"  call void @group{part}.{each}(ptr %table)\n" for each in range(start, end)
                )
                head = f"define void @part{part}.{number}(ptr %table)"
                texts.append(f"{head} {{\n{calls}  ret void\n}}\n")
        if self.alone:
            calls = "".join(
                f"  call void @part{part}.0(ptr %table)\n" for part in (0, 1) if self.parts[part]
            )
            texts.append(f"define void @both(ptr %table) {{\n{calls}  ret void\n}}\n")
        text = "".join(texts)
        return declarations(text) + symbols(called) + text

    def product(self, name: str, operation: Operation, called: set[str]) -> str:
        """The function of a matrix product."""
        onto = len(operation.arguments) == 3
        x, y = operation.arguments[:2]
        code, half, before = Code(0), operation.half, ""
        pairs = [(each, self.element(code, each)) for each in (x, y)]
        out = self.address(code, operation.out)
        if operation.name == "tiles":
            key = (x.shape, x.strides, y.shape, y.strides, half, onto)
            if key not in self.tiles:
                function = f"tiles{len(self.tiles)}"
                before, needed, room = tiles(function, half, vector_width(), x, y, onto)
                called |= needed
                self.tiles[key] = function, room
            at = self.slot(code, ARENA, self.memory.size)
            passed = f"ptr {pairs[0][1]}, ptr {pairs[1][1]}, ptr {out}, ptr {at}"
            code.lines.append(f"  call void @{self.tiles[key][0]}({passed})")
        else:
            function = self.slot(code, PRODUCTS + half, 0)
            m, n, k = operation.space
            blas.product(code, function, half, (m, n, k), (pairs[0], pairs[1]), out, onto)
        body = "\n".join(code.lines)
        head = f"define internal void @{name}(ptr %table) noinline"
        return f"{before}{head} {{\n{body}\n  ret void\n}}\n"

    def element(self, code: Code, view: View) -> str:
        """The address of a view's first element."""
        base = self.address(code, view.root)
        offset = view.offset * self.lowering.roots[view.root].dtype.itemsize
        return code.put(f"getelementptr i8, ptr {base}, i64 {offset}") if offset else base

    @staticmethod
    def stretches(groups: Sequence[Group]) -> list[tuple[int, int]]:
        """From where to where native code runs without a call of a row."""
        found, start = [], 0
        for at, group in enumerate([*groups, Group("call", ())]):
            if group.kind == "call":
                if at > start:
                    found.append((start, at))
                start = at + 1
        return found

    # --- running ----------------------------------------------------------------------------------

    def steps(self, part: int, pure: bool = False) -> list[Callable[[], None]]:
        """What a direction runs, in order."""
        starts = {
            start: f"part{part}.{number}"
            for number, (start, _) in enumerate(self.stretches(self.parts[part]))
        }
        found: list[Callable[[], None]] = []
        for at, group in enumerate(self.parts[part]):
            if at in starts:
                found.append(functools.partial(self.machine.function(starts[at]), self.at_table))
            if group.kind == "call":
                operation = group.operations[0]
                impure = operation.step is not None and operation.step.is_impure
                if not (impure and pure):
                    found.append(self.caller(operation))
        return found

    def caller(self, operation: Operation) -> Callable[[], None]:
        """A call of a row on arrays, whose result goes where it is expected."""
        step = operation.step
        assert step is not None  # as in every call
        row = row_of(step.name)
        function = row.array
        shape, place = self.plan.registers[step.out].shape, operation.out
        whole = View(place, 0, shape, contiguous(shape))
        # What passes its argument on is read there.
        passes = row.passes
        target = None if passes else self.fetcher(whole)
        if target is not None and place in self.memory.places:
            self.places[step.out] = self.array(whole)
        fetch = [self.fetcher(x) for x in operation.arguments]
        options = step.options

        def call() -> None:
            result = function(*[each() for each in fetch], **options)
            if target is not None:
                np.copyto(target(), result, "unsafe")

        return call

    def fetcher(self, x: Any) -> Callable[[], Any]:
        """What gives an argument of a row when it is called."""
        if not isinstance(x, View):
            return lambda: x
        root = self.lowering.roots[x.root]
        if root.kind == "given":
            slot, shape = root.slot, x.shape

            def given() -> Any:
                array = self.arrays[slot]
                return array if array.shape == shape else array.reshape(shape)

            return given
        if x.root in self.memory.gradients:
            start = self.memory.gradients[x.root]
            flat, size = root.dtype.str, root.size
            return lambda: self.strided(self.flat[flat][start : start + size], x)
        array = self.array(x)
        return lambda: array

    def array(self, view: View) -> Array:
        """A view of memory that stays."""
        root = self.lowering.roots[view.root]
        if root.kind == "constant":
            return self.strided(root.holds.reshape(-1), view)
        start = self.memory.places[view.root] if root.size else 0
        size = root.size * root.dtype.itemsize
        return self.strided(self.arena[start : start + size].view(root.dtype), view)

    @staticmethod
    def strided(memory: Array, view: View) -> Array:
        if math.prod(view.shape) == 0:
            return np.zeros(view.shape, memory.dtype)
        size = memory.dtype.itemsize
        steps = tuple(n * size for n in view.strides)
        return np.ndarray(view.shape, memory.dtype, memory, view.offset * size, steps)

    def take(self, slot: int, x: Any) -> None:
        """Use another array, from now on, for what is given in a slot."""
        dtype = self.dtypes[slot]
        array = x
        if x.__class__ is not np.ndarray or x.dtype != dtype or not x.flags.c_contiguous:
            array = np.array(x, dtype, order="C")
            # What was copied may have changed by the next time.
            self.given[slot] = None
        else:
            self.given[slot] = x
        self.arrays[slot] = array
        if heads.READABLE:
            self.cells[self.first + slot] = id(array)
        else:
            self.cells[self.first + slot], self.keep[slot] = heads.stand_in(array)

    def bind(self, given: Sequence[Any]) -> None:
        """Use these inputs, leaves and seed, most of which are those of last time."""
        known = self.given
        if all(map(operator.is_, given, known)):
            return
        for slot, x in enumerate(given):
            if x is not known[slot]:
                self.take(slot, x)

    def run(self, steps: Sequence[Callable[[], None]]) -> None:
        """Take some steps; only rows that are called by themselves could warn."""
        if self.alone:
            for step in steps:
                step()
            return
        with np.errstate(all="ignore"):
            for step in steps:
                step()

    def forward(self, inputs: Sequence[Any], leaves: Sequence[Any]) -> tuple[Any, ...]:
        """The output and the extra registers."""
        self.bind((*inputs, *leaves))
        self.run(self.forward_steps)
        return tuple([each.copy() for each in self.outputs])

    def refresh(self, inputs: Sequence[Any], leaves: Sequence[Any]) -> tuple[Any, ...]:
        """As `forward`, with what was drawn before."""
        self.bind((*inputs, *leaves))
        self.run(self.pure_steps)
        return tuple([each.copy() for each in self.outputs])

    def backward(self, inputs: Sequence[Any], leaves: Sequence[Any], seed: Any) -> list[Array]:
        """The gradients, in the plan's order."""
        self.bind((*inputs, *leaves, seed))
        gradients = self.room()
        self.run(self.backward_steps)
        return gradients

    def both(
        self, inputs: Sequence[Any], leaves: Sequence[Any], seed: Any
    ) -> tuple[tuple[Any, ...], list[Array]]:
        """What `forward` gives, and what `backward` gives."""
        self.bind((*inputs, *leaves, seed))
        gradients = self.room()
        self.run(self.both_steps)
        return tuple([each.copy() for each in self.outputs]), gradients

    def room(self) -> list[Array]:
        """Memory for the gradients that nobody else holds."""
        for flat, views in self.sets:
            if holders([*flat.values()], views) == self.unheld:
                break
        else:
            flat, views = self.new_room()
            self.unheld = holders([*flat.values()], views)
            self.sets = [*self.sets[-1:], (flat, views)]
        if flat is not self.flat:
            self.flat = flat
            for key, array in flat.items():
                self.table[GRADIENTS[key]] = array.ctypes.data
        return list(views)

    def new_room(self) -> tuple[dict[str, Array], list[Array]]:
        flat = {key: np.empty(size, key) for key, size in self.memory.totals.items()}
        views = []
        for view in self.lowering.gradients:
            key = self.lowering.roots[view.root].dtype.str
            start = self.memory.gradients[view.root]
            size = math.prod(view.shape)
            views.append(flat[key][start : start + size].reshape(view.shape))
        return flat, views
