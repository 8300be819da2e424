"""Vectors: what an n-ary row of Values is a rule on.

In a graph of Values the rule is written down with letters and becomes instructions on single numbers;
in a graph of tensors the numbers are joined to vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from autograd.engine.axes import normalise_axes
from autograd.engine.families import Multilinear, Reduction
from autograd.engine.graph import Node
from autograd.engine.letters import Letter, fold
from autograd.engine.primitive import Primitive, registry
from autograd.programs.planning.emitting import Emitter, PlanWriter

MOVES = ("reshape", "transpose", "getitem", "broadcast_to", "concatenate_all", "roll")
"""Rows that only move numbers: on arrays of registers they do what they do on arrays of numbers."""


class Scalariser:
    """What one n-ary node of Values does, and its contributions: its row is a rule on vectors."""

    def __init__(self, emitter: PlanWriter, primitive: Primitive, options: dict[str, Any]) -> None:
        self.emitter = emitter
        self.primitive = primitive
        self.options = options
        self.known: dict[str, np.ndarray[Any, Any]] = {}

    def contributions(
        self, node: Node, out_place: int, g: int, places: Sequence[int], slots: Sequence[int]
    ) -> list[int]:
        """The registers of the contributions to the arguments in `slots`."""
        out, letters = self.written(node, out_place, places)
        self.known["g"] = registers_of([g], ())
        cotangent = Letter("g", sample=np.float64(1))
        return self.in_slots(
            slots,
            letters,
            lambda i: self.primitive.vjp(i, cotangent, out, letters, self.options),
        )

    def derivatives(
        self, node: Node, out_place: int, places: Sequence[int], slots: Sequence[int]
    ) -> list[int]:
        """The registers of the local derivatives by the arguments in `slots`."""
        row = self.primitive
        out, letters = self.written(node, out_place, places)
        if isinstance(row, Reduction):
            rest = {key: x for key, x in self.options.items() if key not in ("axis", "keepdims")}
            return self.in_slots(slots, letters, lambda i: row.row(out, letters[i], (0,), **rest))
        return self.in_slots(slots, letters, lambda i: row.vjp(i, 1.0, out, letters, self.options))

    def written(
        self, node: Node, out_place: int, places: Sequence[int]
    ) -> tuple[Letter, list[Letter]]:
        """Letters for the output and for the vectors that the row takes."""
        vectors = 1
        if isinstance(self.primitive, Multilinear):
            vectors = self.primitive.arity or 1
        elif not isinstance(self.primitive, Reduction):
            raise TypeError(f"{self.primitive.name} cannot be compiled on Values")
        n = len(places) // vectors
        self.known = {"out": registers_of([out_place], ())}
        numbers = [getattr(x, "_raw", x) for x in node.arguments]
        letters = []
        for i in range(vectors):
            self.known[f"x{i}"] = registers_of(places[i * n : i * n + n], (n,))
            letters.append(Letter(f"x{i}", sample=np.array(numbers[i * n : i * n + n], float)))
        return Letter("out", sample=node._raw), letters

    def in_slots(
        self, slots: Sequence[int], letters: Sequence[Letter], formula: Callable[[int], Any]
    ) -> list[int]:
        """The registers of some elements of formulas, one for each vector; of needed ones alone."""
        wanted = set(slots)
        found: dict[int, int] = {}
        for i, (n,) in enumerate(x.shape for x in letters):
            mine = [slot for slot in range(i * n, i * n + n) if slot in wanted]
            if mine:
                registers = np.broadcast_to(self.lowered(formula(i)), (n,))
                found |= {slot: int(registers[slot - i * n]) for slot in mine}
        return [found[slot] for slot in slots]

    def lowered(self, formula: Any) -> np.ndarray[Any, Any]:
        """The registers of a formula on vectors, one for each of its elements."""
        return fold(formula, self.leaf, self.apply)

    def leaf(self, x: Any) -> np.ndarray[Any, Any]:
        """The registers of a symbol, or of numbers."""
        if isinstance(x, Letter):
            return self.known[x.function]
        numbers = np.asarray(x, float)
        return registers_of(map(self.emitter.constant, numbers.ravel().tolist()), numbers.shape)

    def apply(self, x: Letter, operands: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
        row = registry[x.function]
        options = row.options | x.options
        emit = self.emitter.emit
        if x.function in MOVES:
            return np.asarray(row.array(*operands, **options))
        if isinstance(row, Reduction):
            axes = normalise_axes(options["axis"], operands[0].ndim)
            rest = tuple(i for i in range(operands[0].ndim) if i not in axes)
            moved = operands[0].transpose(rest + axes)
            groups = moved.reshape([*moved.shape[: len(rest)], -1])
            flat = options | {"axis": None, "keepdims": False}
            out = np.empty(groups.shape[:-1], dtype=object)
            for place in np.ndindex(out.shape):
                out[place] = emit(row.name, groups[place].tolist(), flat)
            return out.reshape(x.shape)
        if x.function == "cumsum":
            line = np.moveaxis(operands[0], options["axis"], 0).copy()
            for i in range(1, len(line)):
                for place in np.ndindex(line.shape[1:]):
                    line[(i, *place)] = emit("add", (line[(i - 1, *place)], line[(i, *place)]), {})
            return np.moveaxis(line, 0, options["axis"])
        if x.function == "matmul" and max(each.ndim for each in operands) == 1:
            return registers_of([emit("matmul", [*operands[0], *operands[1]], options)], ())
        if row.family != "diagonal":
            raise TypeError(f"{row.name} has no form on single numbers")
        columns = np.broadcast_arrays(*operands)
        out = np.empty(columns[0].shape, dtype=object)
        for place in np.ndindex(out.shape):
            out[place] = emit(x.function, [int(each[place]) for each in columns], options)
        return out


def registers_of(places: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Registers as an array of a shape."""
    out = np.empty(shape, dtype=object)
    out.reshape(-1)[:] = list(places)
    return out


# --- joined, in a graph of tensors ---------------------------------------------------------------


def joined(emitter: Emitter, node: Node, primitive: Primitive) -> list[Letter]:
    """The many numbers of a node, joined to the vectors that its row takes."""
    reshape, concatenate = registry["reshape"], registry["concatenate_all"]
    n = (primitive.arity or 1) if isinstance(primitive, Multilinear) else 1
    numbers = [float(x._raw if isinstance(x, Node) else x) for x in node.arguments]
    alone = reshape.options | {"shape": (1,)}
    parts = [
        emitter.emit(reshape.name, [emitter.place(x)], alone, np.array([number]))
        for x, number in zip(node.arguments, numbers, strict=True)
    ]
    length = len(parts) // n
    letters = []
    for start in range(0, len(parts), length):
        sample = np.array(numbers[start : start + length])
        together = concatenate.options | {"axis": 0}
        r = emitter.emit(concatenate.name, parts[start : start + length], together, sample)
        letters.append(Letter(f"r{r}", sample=sample))
    return letters


def joined_contributions(
    emitter: Emitter,
    node: Node,
    primitive: Primitive,
    cotangent: Letter,
    wanted: Iterable[tuple[int, Any]],
    options: dict[str, Any],
) -> list[tuple[Any, Any]]:
    """(parent, formula of its contribution): elements of what the row's rule gives for its vectors."""
    letters = joined(emitter, node, primitive)
    out = Letter(f"r{emitter.places[node]}", sample=node._raw)
    length = len(node.arguments) // len(letters)
    vectors: dict[int, Any] = {}
    found = []
    for slot, x in wanted:
        i = slot // length
        if i not in vectors:
            vectors[i] = primitive.vjp(i, cotangent, out, letters, options)
        found.append((x, vectors[i][slot % length]))
    return found
