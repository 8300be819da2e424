"""The NumPy executor: a plan as straight-line Python, each line one NumPy call into a buffer.

A plan of numbers has many small instructions, which are stacked where that is faster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.engine.vector import Vector
from autograd.programs.by_numpy.levels import Levels
from autograd.programs.by_numpy.stacked import StackedCode
from autograd.programs.by_numpy.writing import NumpyWriter
from autograd.programs.planning.plan import Plan
from autograd.support.caching import cached_property

PART = 2000
"""Lines that are compiled as one function."""

KEPT = 8
"""Batch sizes whose code and buffers a scalar program keeps."""


class NumpyExecutor:
    """Runs a plan. A scalar plan is run on arrays that hold one number per instance.

    Args:
        plan: what to run.
        extra: registers that `forward` gives besides the output.
        reuse: whether registers share memory where their lives do not overlap. Else each keeps what it
            holds, and instructions run one after another.
    """

    name = "numpy"
    gives = at_once = False

    def __init__(self, plan: Plan, extra: Sequence[int] = (), *, reuse: bool = True) -> None:
        self.plan = plan
        self.parameters = plan.leaves
        self.extra = tuple(extra)
        self.reuse = reuse
        self.compiled: dict[int | None, NumpyCode | StackedCode] = {}

    def at(self, instances: int | None) -> NumpyCode | StackedCode:
        """The code and the buffers for this many instances, or (None) for a plan on arrays."""
        found = self.compiled.get(instances)
        if found is None:
            if len(self.compiled) >= KEPT:
                del self.compiled[next(iter(self.compiled))]
            found = self.made(instances)
        elif len(self.compiled) > 1:
            del self.compiled[instances]  # the one that was used last is the last to go
        self.compiled[instances] = found
        return found

    def made(self, instances: int | None) -> NumpyCode | StackedCode:
        """The code for this many instances, anew."""
        levels = self.levels
        if levels is not None and instances is not None and levels.pays(instances):
            return StackedCode(levels, self.extra, instances)
        return NumpyCode(self.plan, self.extra, instances, self.reuse)

    @cached_property
    def levels(self) -> Levels | None:
        """The instructions of a plan of numbers in groups, if it has such."""
        return Levels(self.plan, self.extra) if self.reuse and Levels.can(self.plan) else None

    @cached_property
    def vector(self) -> Vector | None:
        """The parameters of a plan of numbers."""
        return Vector(self.parameters) if self.plan.scalar and self.parameters else None

    def leaves(self) -> Any:
        """The parameters' own arrays, or one of all their numbers."""
        return [leaf._raw for leaf in self.parameters] if self.vector is None else self.vector.data

    def forget(self) -> None:
        """What is given comes anew with each run: there is nothing to forget."""

    @property
    def buffer_bytes(self) -> int:
        """Memory held for intermediate results."""
        return sum(each.buffer_bytes for each in self.compiled.values())


class NumpyCode:
    """Straight-line code for one size, with its buffers.

    ``forward(inputs, leaves)`` gives the output and the extra registers, copied;
    ``backward(inputs, leaves, seed)`` gives the gradients in the plan's order, in memory that the next
    run writes into. It uses what `forward` left, once; ``refresh`` leaves the same again, without the
    effects: what was drawn stays.
    """

    forward: Callable[[Sequence[Any], Sequence[Any]], tuple[Any, ...]]
    refresh: Callable[[Sequence[Any], Sequence[Any]], tuple[Any, ...]]
    backward: Callable[[Sequence[Any], Sequence[Any], Any], tuple[Any, ...]]

    def __init__(
        self, plan: Plan, extra: Sequence[int], instances: int | None, reuse: bool
    ) -> None:
        writer = NumpyWriter(plan, extra, instances, reuse)
        self.lines = forward, backward = writer.lines(plan.forward), writer.lines(plan.backward)
        returned = [self.given_back(r, writer) for r in (plan.output, *extra)]
        gradients = [writer.name(r) for _, r in plan.gradients]
        leaf = "leaves.item({})" if plan.scalar else "leaves[{}]"
        bound = [f"r{r} = inputs[{i}]" for i, r in enumerate(plan.inputs)]
        bound += [f"r{r} = {leaf.format(i)}" for i, r in enumerate(plan.parameters)]
        seeded = [*bound, f"r{plan.seed} = seed"] if plan.seed >= 0 else bound
        self.forward = self.function("inputs, leaves", [*bound, *forward], returned, writer)
        self.places = writer.fixed
        pure = [line for line in forward if line not in writer.effects]
        self.refresh = (
            self.function("inputs, leaves", [*bound, *pure], returned, writer)
            if writer.effects
            else self.forward
        )
        self.backward = self.function(
            "inputs, leaves, seed", [*seeded, *backward], gradients, writer
        )
        self.buffer_bytes = writer.buffer_bytes

    def both(
        self, inputs: Sequence[Any], leaves: Sequence[Any], seed: Any
    ) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """What `forward` gives, and what `backward` gives."""
        return self.forward(inputs, leaves), self.backward(inputs, leaves, seed)

    @staticmethod
    def given_back(r: int, writer: NumpyWriter) -> str:
        """A copy of a register; of one that no instance changes, one number for each of them."""
        if writer.instances is None or writer.plan.registers[r].varies:
            return f"array({writer.name(r)})"
        full = writer.bind(np.full, "full")
        return f"{full}({writer.instances}, {writer.name(r)}, float)"

    def function(
        self, arguments: str, lines: Sequence[str], returned: Sequence[str], writer: NumpyWriter
    ) -> Any:
        """Lines as a function. What they assign is global in a scope of its own, and stays."""
        result = f"return ({''.join(f'{each}, ' for each in returned)})"
        quiet = np.errstate(all="ignore")
        if len(lines) <= PART:
            return quiet(self.part(arguments, [*lines, result], writer))
        # Python takes more than twice as long to compile twice as many lines.
        parts = [
            self.part(arguments, lines[start : start + PART], writer)
            for start in range(0, len(lines), PART)
        ]
        last = self.part(arguments, [result], writer)

        def run(*given: Any) -> Any:
            for part in parts:
                part(*given)
            return last(*given)

        return quiet(run)

    @staticmethod
    def part(arguments: str, lines: Sequence[str], writer: NumpyWriter) -> Any:
        """Lines as one function."""
        names = sorted({line.partition(" = ")[0] for line in lines if " = " in line})
        names = [name for name in names if name.isidentifier()]
        body = [f"global {', '.join(names)}"] if names else []
        text = "\n    ".join([f"def run({arguments}):", *body, *lines])
        exec(compile(text, "<program>", "exec"), writer.scope)
        return writer.scope.pop("run")
