"""Operations of ONNX, written one after another: their names, and what they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.engine.graph import Node
from autograd.programs.planning.plan import Register

Array = np.ndarray[Any, Any]


class OnnxOperation(NamedTuple):
    """One operation of ONNX.

    Attributes:
        kind: what ONNX calls it.
        inputs: names of what was computed before, or arrays, which are constants.
        out: the name of its result.
        attributes: its options.
        node: the recorded node that it belongs to.
    """

    kind: str
    inputs: tuple[Any, ...]
    out: str
    attributes: dict[str, Any]
    node: Node | None

    def renamed(self, old: str, new: str) -> OnnxOperation:
        """This operation, a name being another one."""
        inputs = tuple([new if isinstance(x, str) and x == old else x for x in self.inputs])
        return self._replace(inputs=inputs, out=new if self.out == old else self.out)


class OnnxOperand(NamedTuple):
    """What an instruction is given: a name or an array, its shape, and the letter of its dtype."""

    ref: Any
    shape: tuple[int, ...]
    kind: str

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


class OnnxOperations:
    """Operations for what is in the registers of a plan, in their order.

    Attributes:
        dtype: what every float is written as.
        operations: the operations.
        named: the names of the registers that have one.
        about: the recorded node that operations are added for.
    """

    def __init__(
        self, registers: Sequence[Register], names: Mapping[int, str], dtype: np.dtype[Any]
    ) -> None:
        self.registers = registers
        self.dtype = dtype
        self.operations: list[OnnxOperation] = []
        self.named: dict[int, Any] = dict(names)
        self.taken = set(names.values())
        self.counts: dict[str, int] = {}
        self.about: Node | None = None

    def operand(self, r: int) -> OnnxOperand:
        """What is in a register."""
        register = self.registers[r]
        if r in self.named:
            return OnnxOperand(self.named[r], register.shape, register.dtype.kind)
        x = np.asarray(register.holds)
        return OnnxOperand(x, x.shape, x.dtype.kind)

    def cast(self, x: OnnxOperand, dtype: Any) -> Any:
        """An operand in another dtype, where it has another."""
        dtype = np.dtype(dtype)
        if isinstance(x.ref, np.ndarray):
            return x.ref.astype(dtype)
        if x.kind == dtype.kind:
            return x.ref
        return self.put("Cast", x.ref, to=dtype)

    def number(self, x: OnnxOperand) -> Any:
        """An operand as floats."""
        return self.cast(x, self.dtype)

    def truth(self, x: OnnxOperand) -> Any:
        """An operand as truth values."""
        return self.cast(x, bool)

    def whole(self, x: OnnxOperand) -> Any:
        """An operand as whole numbers."""
        return self.cast(x, np.int64)

    def put(self, kind: str, *inputs: Any, **attributes: Any) -> str:
        """Add an operation; the name of its result."""
        scope = None if self.about is None else self.about.scope
        name = f"{scope.path}/{kind}" if scope is not None and scope.path else kind
        out = free(name, self.taken, self.counts)
        self.operations.append(OnnxOperation(kind, inputs, out, attributes, self.about))
        return out

    def give(self, registers: Sequence[int], names: Sequence[str]) -> None:
        """Call what is in some registers by these names, which are free."""
        for r, name in zip(registers, names, strict=True):
            ref, made = self.operand(r).ref, [each.out for each in self.operations]
            if isinstance(ref, str) and ref in made and ref not in names:
                self.operations = [each.renamed(ref, name) for each in self.operations]
                self.named = {
                    key: name if isinstance(x, str) and x == ref else x
                    for key, x in self.named.items()
                }
            else:
                self.operations.append(
                    OnnxOperation("Identity", (self.number(self.operand(r)),), name, {}, self.about)
                )


def vector(*numbers: int) -> Array:
    """A vector of whole numbers."""
    return np.array(numbers, np.int64)


def free(name: str, taken: set[str], counts: dict[str, int]) -> str:
    """A name, or where it is taken the name with a number."""
    found = name
    while found in taken:
        counts[name] = counts.get(name, 1) + 1
        found = f"{name}_{counts[name]}"
    taken.add(found)
    return found


def place_of(node: Node | None) -> str:
    """Where the user's code made a node, as the end of a message."""
    return "" if node is None or node.site is None else f" ({node.site})"
