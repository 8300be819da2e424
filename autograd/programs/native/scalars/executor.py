"""The native executor of scalar plans: one compiled sweep over the instances."""

from __future__ import annotations

import functools
import itertools
import os
import struct
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from autograd.engine.vector import Vector
from autograd.programs.native import heads
from autograd.programs.native.cores import cores
from autograd.programs.native.machine import (
    Machine,
    NotNativeError,
    available,
    machine_code,
    vector_width,
)
from autograd.programs.native.scalars.bytecode import BLOCK, Bytecode
from autograd.programs.native.scalars.driver import CHANGING, FIELDS, driver
from autograd.programs.native.scalars.interpreter import interpreter
from autograd.programs.native.scalars.lowering import Lowered, lower, shorten
from autograd.programs.native.scalars.straight_line import StraightLine
from autograd.programs.planning.plan import Plan
from autograd.support.caching import cached_property
from autograd.support.collecting import uncollected

Array = np.ndarray[Any, np.dtype[np.float64]]
FLOAT64: np.dtype[Any] = np.dtype(np.float64)

STRAIGHT_LIMIT = 16_000
"""Operands up to which a plan is compiled by itself; beyond, it becomes bytecode."""
VECTORS = 4
"""Vectors in a block of straight-line code."""
TERMS = 96
"""Terms of a sum in straight-line code; LLVM's time grows with the square of what hangs together."""
ENOUGH = 16_000_000
"""Operands times instances from which on a second thread pays.

Measured with two networks of Values (16 units, straight-line code; 64, bytecode) over batches of 128 to
10,000 instances, forward and backward, one thread and two in turn, the fastest 2% of 7,000 rounds each.
A second thread costs about 30 µs to call. Where the other core is free both take as long at 8 to 10
million; two are 1.2 to 1.3 times as fast at 16 million, 1.5 at 31 and 1.9 at 63. Where it is not free
all that is lost are those 30 µs, at 16 million a tenth.
"""


def executor_of(plan: Plan, extra: Sequence[int], threads: int | None) -> ScalarExecutor:
    """The executor of a plan."""
    return ScalarExecutor(plan, extra, threads=threads)


class ScalarExecutor:
    """A scalar plan as machine code, for any number of instances.

    Each direction is compiled when it is first asked for; the backward one computes the losses on its
    way, block by block, so that nothing is kept between the two.

    Args:
        plan: What to run.
        extra: Registers whose numbers `forward` gives as well.
        threads: How many blocks may run at once, where there is enough work; None for two, if there
            are two cores.

    Raises:
        NotNativeError: The plan has no native form.
    """

    name = "native"
    gives = True

    def __init__(
        self, plan: Plan, extra: Sequence[int] = (), *, threads: int | None = None
    ) -> None:
        threads = min(2, cores()) if threads is None else threads
        reason = available()
        if reason is not None:
            raise NotNativeError(reason)
        self._plan, self._threads, self._extra = plan, threads, tuple(extra)
        # What cannot be lowered is found out now, and what can be is kept until it is compiled.
        self._lowered = lower(plan, backward=True)
        self.at_once = not extra  # which the backward direction does not give
        self.places: dict[int, Any] = {}  # no row here draws

    def at(self, instances: int | None) -> ScalarExecutor:
        """The code, which takes any number of instances."""
        return self

    @cached_property
    def _vector(self) -> Vector | None:
        return Vector(self._plan.leaves) if self._plan.parameters else None

    def leaves(self) -> Array:
        """The parameters as one array, (P,), in the order of ``plan.parameters``."""
        return NOTHING if self._vector is None else self._vector.data

    @cached_property
    @uncollected()
    def _forward(self) -> _Engine:
        return _Engine(self._plan, lower(self._plan, self._extra, backward=False), self._threads)

    @cached_property
    @uncollected()
    def _backward(self) -> _Engine:
        lowered = vars(self).pop("_lowered", None)  # which an engine works on: it has its own
        return _Engine(self._plan, lowered or lower(self._plan, backward=True), self._threads)

    def forward(self, inputs: Sequence[Any], leaves: Array) -> Sequence[Array]:
        """The loss of every instance and the numbers of each extra register, (M,) each.

        Args:
            inputs: float64, (M,) each, or () for a number that all instances share.
            leaves: float64, (P,).
        """
        losses, extra, _ = self._forward(inputs, leaves, None)
        return [losses, *extra] if self._extra else [losses]

    def refresh(self, inputs: Sequence[Any], leaves: Array) -> Sequence[Array]:
        """Nothing, as `backward` needs nothing."""
        return ()

    def backward(self, inputs: Sequence[Any], leaves: Array, seed: Any) -> Array:
        """The gradients of Σ seed · loss in the order of ``plan.gradients``.

        Args:
            inputs: As for `forward`.
            leaves: As for `forward`.
            seed: float64, (M,), or () for one that all instances share.
        """
        return self._backward(inputs, leaves, seed)[2]

    def both(
        self, inputs: Sequence[Any], leaves: Array, seed: Any
    ) -> tuple[Sequence[Array], Array]:
        """The losses, (M,), and what `backward` gives."""
        losses, _, gradients = self._backward(inputs, leaves, seed)
        return [losses], gradients

    def forget(self) -> None:
        """What is given comes anew with each run: there is nothing to forget."""

    @property
    def buffer_bytes(self) -> int:
        """The memory that the directions compiled so far work in; it does not grow with instances."""
        engines = [self.__dict__.get(name) for name in ("_forward", "_backward")]
        return sum(engine.buffer_bytes for engine in engines if engine is not None)

    def describe(self) -> dict[str, Any]:
        """What was compiled so far, by direction: the engine, operands, seconds, whether from disk."""
        done = {name: self.__dict__.get(f"_{name}") for name in ("forward", "backward")}
        return {name: engine.facts for name, engine in done.items() if engine is not None}


# --- one direction --------------------------------------------------------------------------------


NOTHING: Array = np.zeros(0)


def _aligned(count: int) -> Array:
    """Memory for numbers that starts where a cache line does."""
    memory = np.zeros(count + 8)
    start = -(memory.ctypes.data // 8) % 8
    return memory[start : start + count]


class _Engine:
    """One direction of a plan, compiled, with the memory that it works in."""

    def __init__(self, plan: Plan, lowered: Lowered, threads: int) -> None:
        self._lowered = lowered
        size = lowered.size
        straight = size <= STRAIGHT_LIMIT
        if straight:
            shorten(lowered, TERMS)
            size = lowered.size
        places = _places(lowered)
        self._seeded = plan.seed in lowered.inputs
        given = list(lowered.inputs)
        self._varying = [i for i, register in enumerate(given) if lowered.varies[register]]
        self._uniform_inputs = [
            (i, places[register])
            for i, register in enumerate(given)
            if not lowered.varies[register] and register in places
        ]
        lowered.inputs = [given[i] for i in self._varying]
        self._given = len(given)
        self._uniform = _aligned(max(places.values(), default=0) + 1)
        for register, number in lowered.constants.items():
            self._uniform[places[register]] = number
        started = time.perf_counter()
        self._block, code, registers, found, words = _compiled(lowered, places, straight)
        machine = Machine(code)
        self._machine = machine
        self._run, self._first = machine.function("run"), machine.function("first")
        self._blocks, self._last = machine.function("blocks"), machine.function("last")
        self.facts = {
            "engine": "bytecode" if words else "straight line",
            "operands": size,
            "seconds": time.perf_counter() - started,
            "cached": found,
        }
        self._words = words or [np.zeros(1, np.int32)] * 3
        self._gradient_places = np.array([places[g] for g in lowered.gradients] or [0])
        self._lanes = 0 if words else vector_width()
        self._threads = max(1, threads)
        self._registers = registers
        self._bytecode = bool(words)
        self._outs = len(lowered.outputs)
        self._changing = struct.Struct(f"{len(CHANGING) + 2 * len(self._varying) + self._outs}q")
        self._offset = 8 * (len(FIELDS) - len(CHANGING))
        self._work = max(1, sum(len(op.arguments) for op in lowered.sweep))
        self._pack = self._changing.pack_into
        self._parameters, self._gradients = (len(lowered.parameters),), len(lowered.gradients)
        self._state = self._new_state(0)
        self._states = [self._state]
        self._lock = threading.Lock()
        engines.add(self)

    def _new_state(self, number: int) -> _State:
        """The memory of one thread; the first adds up totals where the uniform code reads them."""
        lowered, inputs, outs = self._lowered, len(self._varying), self._outs
        fields = np.zeros(len(FIELDS) + 2 * inputs + outs, dtype=np.int64)
        base = fields.ctypes.data + 8 * len(FIELDS)
        totals, lanes = len(lowered.totals), self._lanes or 1
        file = _aligned(max(1, self._registers) * self._block)
        if self._bytecode:
            block, out = file, file[inputs * self._block :]
        else:
            block, out = _aligned(inputs * self._block + 1), _aligned(outs * self._block)
        acc = _aligned(totals * lanes + 8)
        sums = self._uniform[len(lowered.parameters) :] if number == 0 else _aligned(totals + 1)
        known = {
            "parameter_count": len(lowered.parameters),
            "uniform": self._uniform.ctypes.data,
            "input_count": inputs,
            "outs": base,
            "inputs": base + 8 * outs,
            "strides": base + 8 * (outs + inputs),
            "block": block.ctypes.data,
            "out": out.ctypes.data,
            "out_count": outs,
            "acc": acc.ctypes.data,
            "total_count": totals,
            "sums": sums.ctypes.data,
            "gradient_count": len(lowered.gradients),
            "gradient_places": self._gradient_places.ctypes.data,
            "file": file.ctypes.data,
            "code_before": self._words[0].ctypes.data,
            "code_sweep": self._words[1].ctypes.data,
            "code_after": self._words[2].ctypes.data,
        }
        for i, name in enumerate(FIELDS):
            fields[i] = known.get(name, 0)
        return _State(
            fields, fields.data.cast("B"), fields.ctypes.data, sums, (file, block, out, acc)
        )

    def __call__(
        self, inputs: Sequence[Any], parameters: Any, seed: Any
    ) -> tuple[Array, Array, Array]:
        given = [*inputs, seed] if self._seeded else list(inputs)
        if len(given) != self._given:
            raise ValueError(f"expected {self._given} inputs, got {len(given)}")
        arrays = given if not self._uniform_inputs else [given[i] for i in self._varying]
        shape: tuple[int, ...] = ()
        strides: list[int] = []
        for i, x in enumerate(arrays):
            if x.__class__ is not np.ndarray or x.dtype is not FLOAT64:
                x = arrays[i] = np.asarray(x, dtype=FLOAT64)
            if x.shape == shape:
                strides += x.strides or (0,)
            elif not x.shape:
                strides.append(0)
            elif shape or len(x.shape) != 1:
                raise ValueError(f"expected one number for each instance, got {x.shape}, {shape}")
            else:
                shape = x.shape
                strides += x.strides
        count = shape[0] if shape else 1
        if parameters.__class__ is not np.ndarray or parameters.dtype is not FLOAT64:
            parameters = np.asarray(parameters, dtype=FLOAT64)
        if parameters.shape != self._parameters:
            raise ValueError(f"expected parameters {self._parameters}, got {parameters.shape}")
        if parameters.strides != (8,):
            parameters = np.ascontiguousarray(parameters)
        losses, gradients, extra = np.empty(count), np.empty(self._gradients), NOTHING
        every = [parameters, gradients, losses]
        if self._outs > 1:
            extra = np.empty((self._outs - 1, count))
            every += list(extra)
        every += arrays
        if heads.READABLE:
            addresses: Iterable[int] = map(id, every)
        else:
            addresses, _kept = zip(*map(heads.stand_in, every), strict=True)
        with self._lock:
            for i, place in self._uniform_inputs:
                # The seed of a loss that no instance changes: its weights count together.
                self._uniform[place] = np.sum(given[i])
            if self._threads > 1 and count > self._block and count * self._work >= ENOUGH:
                self._share(count, (*addresses, *strides))
            else:
                self._pack(self._state.view, self._offset, 0, count, *addresses, *strides)
                self._run(self._state.address)
        return losses, extra, gradients

    @property
    def buffer_bytes(self) -> int:
        """The memory that this direction works in."""
        memory = [array for state in self._states for array in state.memory]
        return int(sum(array.nbytes for array in [self._uniform, *memory, *self._words]))

    def _share(self, count: int, changing: tuple[int, ...]) -> None:
        """The sweep in several threads, each with totals of its own, which are added in order."""
        blocks = -(-count // self._block)
        threads = min(self._threads, blocks)  # each has a block at least
        while len(self._states) < threads:
            self._states.append(self._new_state(len(self._states)))
        edges = [min(count, i * blocks // threads * self._block) for i in range(threads)] + [count]
        states = self._states[:threads]
        for state, (low, high) in zip(states, itertools.pairwise(edges), strict=True):
            self._pack(state.view, self._offset, low, high, *changing)
        self._first(states[0].address)
        waiting = [_pool(threads).submit(self._blocks, state.address) for state in states[1:]]
        self._blocks(states[0].address)
        totals = len(self._lowered.totals)
        for done, state in zip(waiting, states[1:], strict=True):
            done.result()
            states[0].sums[:totals] += state.sums[:totals]
        self._last(states[0].address)


class _State(NamedTuple):
    """The fields that a thread's calls get, and the memory they point to."""

    fields: Any
    view: memoryview
    address: int
    sums: Array
    memory: tuple[Array, ...]


@functools.cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads - 1, thread_name_prefix="chalkgrad")


engines: weakref.WeakSet[_Engine] = weakref.WeakSet()


def _forked() -> None:
    """A child process has none of its parent's threads, nor what they were about."""
    _pool.cache_clear()
    for engine in engines:
        engine._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _places(lowered: Lowered) -> dict[int, int]:
    """Where uniform numbers lie: parameters, totals, and then the others."""
    order = [*lowered.parameters, *lowered.totals, *lowered.constants]
    order += [register for register in lowered.inputs if not lowered.varies[register]]
    order += [op.out for op in lowered.before] + [op.out for op in lowered.after]
    return {register: place for place, register in enumerate(dict.fromkeys(order))}


def _compiled(
    lowered: Lowered, places: dict[int, int], straight: bool
) -> tuple[int, bytes, int, bool, list[Any]]:
    """Instances in a block, object code, registers in its file, whether cached, and bytecode if any."""
    lanes = vector_width()
    if straight:
        line = StraightLine(lowered, places, lanes, VECTORS)
        code, found = machine_code(driver(lanes, line.block, lanes) + line.text, effort=1)
        return line.block, code, line.spilled, found, []
    bytecode = Bytecode(lowered, places)
    used = [frozenset(each.values()) for each in (bytecode.varying, bytecode.uniform)]
    code, found = _interpreter(lanes, *used)
    words = [bytecode.before, bytecode.sweep, bytecode.after]
    return BLOCK, code, bytecode.registers, found, words


@functools.cache
def _interpreter(
    lanes: int, varying: frozenset[int], uniform: frozenset[int]
) -> tuple[bytes, bool]:
    return machine_code(driver(lanes, BLOCK, 0) + interpreter(lanes, varying, uniform))
