"""The plan of a program: instructions on registers, one list forward and one list backward."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograd.engine.followed import ANY_FUNCTION
from autograd.engine.graph import Node
from autograd.engine.primitive import Primitive, registry

TOTAL = "total"
"""The sum of a number over all instances."""

OWN = {
    row.name: row
    for row in (
        ANY_FUNCTION,
        Primitive(TOTAL, np.sum, arity=1, options={}, doc="The sum over all.", registered=False),
    )
}
"""Rows that only programs have."""


def row_of(name: str) -> Primitive:
    """The row of an instruction."""
    return registry.get(name) or OWN[name]


@dataclass(slots=True, eq=False)
class Register:
    """A place for a number or an array: of an input, a parameter, a constant, the seed, or a result.

    In a scalar plan every shape is ``()``; a register that varies holds one number per instance, and
    one that does not is the same for all.
    """

    index: int
    kind: str  # "input", "parameter", "constant", "seed", "result"
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    varies: bool
    holds: Any = None  # the leaf of an input or a parameter, the number or array of a constant
    node: Node | None = None  # the recorded node whose data, or whose gradient, this is


@dataclass(slots=True, eq=False)
class Instruction:
    """One call of a row: ``registers[out] = name(*arguments, **options)``.

    `name` is a row's: also `TOTAL`, or that of any function of NumPy, which the options hold. In a
    scalar plan a reduction (``sum``, ``max``, ``logsumexp`` ...) takes its numbers one by one, and
    ``matmul`` the numbers of both vectors, x₁ ... xₙ, y₁ ... yₙ.
    """

    name: str
    arguments: tuple[int, ...]
    out: int
    options: dict[str, Any]
    node: Node | None  # the node that this computes, or whose derivative it belongs to

    @property
    def is_impure(self) -> bool:
        """Whether this does more than compute: see `Primitive.is_impure`."""
        row = row_of(self.name)
        return row.impure is not None and row.is_impure(self.options)


@dataclass(slots=True)
class Plan:
    """What a program does, before an executor makes it fast."""

    scalar: bool
    registers: list[Register] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    parameters: list[int] = field(default_factory=list)
    forward: list[Instruction] = field(default_factory=list)
    backward: list[Instruction] = field(default_factory=list)
    output: int = -1
    seed: int = -1
    gradients: list[tuple[Node, int]] = field(default_factory=list)
    """Leaf, and the register of its gradient: in a scalar plan one that does not vary."""
    folded: int = 0
    """Instructions on constants alone, computed when the plan was made."""
    shared: int = 0
    """Instructions that were there already."""
    dropped: int = 0
    """Instructions whose result nothing needed."""

    @property
    def leaves(self) -> list[Any]:
        """The leaves that are read at each run, in the order of `parameters`."""
        return [self.registers[r].holds for r in self.parameters]

    @property
    def impure(self) -> list[Instruction]:
        """The instructions that do more than compute."""
        names = {step.name for step in self.forward}
        told = {name for name in names if row_of(name).impure is not None}
        return [step for step in self.forward if step.name in told and step.is_impure]

    def purified(self) -> Plan:
        """This plan without its effects: what was drawn are further inputs, in the order of `impure`."""
        drawn = [step.out for step in self.impure if not registry[step.name].passes]
        return replace(
            self,
            inputs=[*self.inputs, *drawn],
            forward=[step for step in self.forward if not step.is_impure],
        )
