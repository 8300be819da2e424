"""A group of operations as one LLVM function: a nest of loops over vectors of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.programs.native.llvm import Code, literal
from autograd.programs.native.mathematics import HEAVY, ROWS, SINGLE, maximum
from autograd.programs.native.tensors.fusing import Group, is_element
from autograd.programs.native.tensors.lowering import Lowering
from autograd.programs.native.tensors.operations import (
    HALF,
    NEUTRAL,
    TERMS,
    Number,
    Operand,
    Operation,
    contiguous,
)
from autograd.programs.native.tensors.tails import load_part, store_part

UNROLLED = 4
"""Vectors of a row up to which the innermost loop is written out."""
HELD = 12
"""Vectors that are the same in every row and are kept in registers."""
LIGHT = 16
"""Operations of a loop that takes several vectors at a time."""

COMBINE: dict[str, Callable[[Code, Any, Any], str]] = {
    "sum": Code.add,
    "prod": Code.mul,
    "max": lambda c, x, y: maximum(c, x, y),
    "min": lambda c, x, y: maximum(c, x, y, "olt"),
}


class LoopWriter:
    """Writes one group.

    Args:
        lowering: The roots.
        group: What to write.
        kept: The roots that are written to memory.
        address: Writes, into a code, the address of a root.
        width: How many numbers a vector has at most.
    """

    def __init__(
        self,
        lowering: Lowering,
        group: Group,
        kept: set[int],
        address: Callable[[Code, int], str],
        width: int,
    ) -> None:
        self.roots, self.group = lowering.roots, group
        self.stores = [
            Operand(root, 0, contiguous(group.space)) for root in sorted(group.points & kept)
        ]
        self.results = {
            each: Operand(each.out, 0, each.strides)
            for each in group.operations
            if each.kind == "reduce"
        }
        self.regions = [each.region for each in group.operations if each.region is not None]
        self.loads = self._loads()
        self.space = self._merged(group.space)
        self.last = len(self.space) - 1
        inner = self.space[-1] if self.space else 1
        self.single = self._single()
        width *= 1 + self.single
        self.lanes = min(width, 1 << max(0, inner - 1).bit_length()) if inner > 1 else 0
        self.step = max(1, self.lanes)
        self.code = Code(self.lanes, kind="float" if self.single else "double")
        self.address = address
        self.pointers: dict[Operand, str] = {}
        self.held: dict[tuple[Operand, int], str] = {}
        self.shorter: dict[str, str] = {}  # numbers of float32 that were rounded, as such
        self.labels = 0
        full, self.tail = divmod(inner, self.step)
        blocks = full + (self.tail > 0)
        heavy = sum(each.name in HEAVY for each in group.operations)
        self.full = full
        self.flat = blocks <= (UNROLLED if heavy <= 1 else 1 + (heavy <= 3))
        light = not heavy and len(group.operations) <= LIGHT
        self.copies = 4 if light and full >= 8 else 1
        self.totals: dict[tuple[Operation, int], str] = {}
        self.columns = self._columns(blocks)

    # --- the space --------------------------------------------------------------------------------

    def _loads(self) -> list[Operand]:
        """What is read from memory, each once."""
        points, found = self.group.points, {}
        for each in self.group.operations:
            for x in each.arguments:
                if isinstance(x, Operand) and x.root not in points:
                    found[x] = x
        return list(found)

    def _single(self) -> bool:
        """Whether all is arithmetic on float32, which then need not be done in float64."""
        roots = {each.out for each in self.group.operations} | {x.root for x in self.loads}
        short = all(
            math.prod(self.group.space) <= TERMS * self.roots[each.out].size
            for each in self.results
        )
        known = all(each.kind == "reduce" or each.name in SINGLE for each in self.group.operations)
        given = [x for each in self.group.operations for x in each.arguments]
        exact = all(
            x.weak or x.value == np.float32(x.value) for x in given if isinstance(x, Number)
        )
        held = all(self.roots[r].dtype in (HALF, bool) for r in roots)
        return short and known and exact and held

    def _columns(self, blocks: int) -> list[tuple[Operation, int]]:
        """The sums of whole rows that are kept in registers, by vectors."""
        found: list[tuple[Operation, int]] = []
        for each, out in self.results.items():
            if each.into and self.flat and self.depth(out) < 0 and len(found) + blocks <= HELD:
                found += [(each, block) for block in range(blocks)]
        return found

    def _merged(self, space: tuple[int, ...]) -> tuple[int, ...]:
        """The space with neighbouring axes joined where no operand can tell; operands follow."""
        every = [*self.loads, *self.stores, *self.results.values(), *self.regions]
        shape = list(space)
        steps = [list(x.strides) for x in every]
        for i in range(len(space) - 2, -1, -1):
            if all(each[i] == each[i + 1] * shape[i + 1] for each in steps):
                shape[i : i + 2] = [shape[i] * shape[i + 1]]
                for each in steps:
                    del each[i]
        self.walks = {x: tuple(each) for x, each in zip(every, steps, strict=True)}
        return tuple(shape)

    # --- the function -----------------------------------------------------------------------------

    def text(self, name: str) -> str:
        """The function's text."""
        code = self.code
        for x in self.walks:
            if x not in self.pointers:
                base = self.address(code, x.root)
                self.pointers[x] = self._moved(base, x, str(x.offset)) if x.offset else base
        if not self.space:
            self.hold(-1)
            self.totals = {}
            self.body([0], 0)
        else:
            self.level(0)
        body = "\n".join(code.lines)
        return f"define internal void @{name}(ptr %table) noinline {{\n{body}\n  ret void\n}}\n"

    def _moved(self, base: str, x: Operand, index: str) -> str:
        return self.code.put(f"getelementptr {self.kind(x.root)}, ptr {base}, i64 {index}")

    def kind(self, root: int) -> str:
        """How LLVM calls the elements of a root in memory."""
        dtype = self.roots[root].dtype
        return "i8" if dtype.kind == "b" else "float" if dtype == HALF else "double"

    def loop(self, count: int, body: Callable[[str], None], carried: list[Any]) -> None:
        """Run a body for an index from 0 below `count`; `carried` totals go from one to the next."""
        code = self.code
        self.labels += 1
        top, test = f"top{self.labels}", f"loop{self.labels}"
        index = f"%i{self.labels}"
        code.lines += [f"  br label %{top}", f"{top}:", f"  br label %{test}", f"{test}:"]
        place = len(code.lines)
        first = {key: self.totals[key] for key in carried}
        names = {key: f"%t{self.labels}.{i}" for i, key in enumerate(carried)}
        self.totals |= names
        body(index)
        done = f"done{self.labels}_{place}"
        code.lines += [f"  br label %{done}", f"{done}:"]
        code.lines += [
            f"  {index}.{place} = add i64 {index}, 1",
            f"  {index}.more{place} = icmp slt i64 {index}.{place}, {count}",
            f"  br i1 {index}.more{place}, label %{test}, label %end{place}",
            f"end{place}:",
        ]
        phis = [f"  {index} = phi i64 [ 0, %{top} ], [ {index}.{place}, %{done} ]"]
        phis += [
            f"  {names[key]} = phi {code.real} [ {first[key]}, %{top} ], "
            f"[ {self.totals[key]}, %{done} ]"
            for key in carried
        ]
        code.lines[place:place] = phis

    def level(self, k: int) -> None:
        """The loop over axis k, and those inside it."""
        before, held = dict(self.pointers), dict(self.held)
        starting = [each for each in self.results if self.starts(each) == k]
        for each in starting:
            for copy in range(self.copies):
                self.totals[each, copy] = self.code.operand(NEUTRAL[each.name])
        if k == 0:
            self.hold(-1)
            for each, block in self.columns:
                out = self.results[each]
                width = self.tail if block == self.full else 0
                self.totals[each, block] = self.load(out, self.pointers[out], block, width)
        if k == self.last:
            self.inner()
        else:
            carried = list(self.totals)

            def body(index: str) -> None:
                for x, steps in self.walks.items():
                    if steps[k]:
                        offset = index
                        if steps[k] != 1:
                            offset = self.code.put(f"mul i64 {index}, {steps[k]}")
                        self.pointers[x] = self._moved(self.pointers[x], x, offset)
                self.hold(k)
                self.level(k + 1)

            self.loop(self.space[k], body, carried)
        self.pointers, self.held = before, held
        for each in starting:
            self.finish(each)
        if k == 0:
            for each, block in self.columns:
                width = self.tail if block == self.full else 0
                self.store(self.results[each], self.totals.pop((each, block)), block, width)

    def starts(self, each: Operation) -> int:
        """The loop before which a reduction starts, if it ends in registers; else beyond all loops."""
        if each.into:
            return len(self.space)
        steps = self.walks[self.results[each]]
        k = len(steps)
        while k and steps[k - 1] == 0:
            k -= 1
        return k

    def depth(self, x: Operand) -> int:
        """The innermost axis, but the last, along which an operand changes."""
        steps = self.walks[x]
        return max((i for i in range(self.last) if steps[i]), default=-1)

    def hold(self, k: int) -> None:
        """Load what does not change in the loops inside axis k."""
        for x in self.loads:
            steps = self.walks[x]
            if self.depth(x) != k:
                continue
            if not steps or steps[-1] == 0:
                self.held[x, -1] = self.load(x, self.pointers[x], 0, 0)
            elif self.flat and k < self.last - 1:
                blocks = self.full + (self.tail > 0)
                if len(self.held) + blocks > HELD:
                    continue
                for block in range(blocks):
                    width = self.tail if block == self.full else 0
                    self.held[x, block] = self.load(x, self.pointers[x], block, width)

    # --- the innermost loop -----------------------------------------------------------------------

    def inner(self) -> None:
        """All vectors of a row."""
        if self.flat:
            for block in range(self.full):
                self.body([block], 0)
        else:
            copies = self.copies
            rounds, rest = divmod(self.full, copies)
            carried = list(self.totals)
            held = self.pointers

            def body(index: str) -> None:
                self.pointers = dict(held)
                for x, steps in self.walks.items():
                    if steps[-1]:
                        offset = self.code.put(f"mul i64 {index}, {steps[-1] * self.step * copies}")
                        self.pointers[x] = self._moved(held[x], x, offset)
                self.body(list(range(copies)), 0)

            if rounds:
                self.loop(rounds, body, carried)
            self.pointers = held
            for block in range(rounds * copies, rounds * copies + rest):
                self.body([block], 0)
        if self.tail:
            self.body([self.full], self.tail)

    def body(self, blocks: Sequence[int], width: int) -> None:
        """The operations on some vectors, the last of a row with only `width` lanes."""
        for copy, block in enumerate(blocks):
            values: dict[int, str] = {}
            for each in self.group.operations:
                if each.region is not None:
                    self.store(each.region, self.point(each, values, block, width), block, width)
                elif each.kind == "point":
                    values[each.out] = self.point(each, values, block, width)
                else:
                    self.combine(each, values, block, width, copy)
            for x in self.stores:
                self.store(x, values[x.root], block, width)

    def value(self, x: Any, values: dict[int, str], block: int, width: int, half: bool) -> Any:
        if isinstance(x, Number):
            return float(np.float32(x.value)) if half and x.weak else x.value
        if x.root in values and is_element(x, self.group.space):
            return values[x.root]
        for key in ((x, -1), (x, block)):
            if key in self.held:
                return self.held[key]
        return self.load(x, self.pointers[x], block, width)

    def point(self, each: Operation, values: dict[int, str], block: int, width: int) -> str:
        code = self.code
        operands = [self.value(x, values, block, width, each.half) for x in each.arguments]
        out = code.operand(ROWS[each.name][1](code, *operands))
        if self.roots[each.out].dtype == HALF and not self.single:
            kind = f"<{self.lanes} x float>" if self.lanes else "float"
            short = code.put(f"fptrunc {code.real} {out} to {kind}")
            out = code.put(f"fpext {kind} {short} to {code.real}")
            self.shorter[out] = short
        elif self.roots[each.out].dtype.kind == "b" and out not in code._truths:
            out = code.indicator(code.truth(out))
        return out

    # --- memory -----------------------------------------------------------------------------------

    def mask(self, width: int) -> str:
        lanes = ", ".join(f"i1 {int(lane < width)}" for lane in range(self.lanes))
        return f"<{self.lanes} x i1> <{lanes}>"

    def vector(self, kind: str) -> tuple[str, int]:
        """A vector's type in memory, and the bytes of an element."""
        return f"<{self.lanes} x {kind}>", {"double": 8, "float": 4, "i8": 1}[kind]

    def load(self, x: Operand, pointer: str, block: int, width: int) -> str:
        """The numbers of a vector, or of one lane in all lanes."""
        code, kind = self.code, self.kind(x.root)
        steps = self.walks[x]
        step = steps[-1] if steps else 0
        size = self.vector(kind)[1]
        if not self.lanes or step == 0:
            place = self._moved(pointer, x, str(block * step)) if block * step else pointer
            return self.spread(code.put(f"load {kind}, ptr {place}, align {size}"), kind)
        typed, size = self.vector(kind)
        if step != 1:
            out = "poison"
            for lane in range(width or self.lanes):
                at = (block * self.step + lane) * step
                place = self._moved(pointer, x, str(at)) if at else pointer
                number = code.put(f"load {kind}, ptr {place}, align {size}")
                out = code.put(f"insertelement {typed} {out}, {kind} {number}, i32 {lane}")
        else:
            at = block * self.step
            place = self._moved(pointer, x, str(at)) if at else pointer
            if width:
                out = load_part(code, kind, size, place, width, beyond=1)
            else:
                out = code.put(f"load {typed}, ptr {place}, align {size}")
        return self.wide(out, kind, typed)

    def wide(self, x: str, kind: str, typed: str) -> str:
        """What was loaded, as numbers of the kind that is computed with."""
        code = self.code
        if kind == "i8":
            return code.indicator(code.put(f"icmp ne {typed} {x}, zeroinitializer"))
        return code.put(f"fpext {typed} {x} to {code.real}") if kind != code.kind else x

    def spread(self, number: str, kind: str) -> str:
        """One element in every lane."""
        code = self.code
        if kind == "i8":
            truth = code.put(f"icmp ne i8 {number}, 0")
            one, nothing = literal(1), literal(0)
            number = code.put(f"select i1 {truth}, {code.kind} {one}, {code.kind} {nothing}")
        elif kind != code.kind:
            number = code.put(f"fpext float {number} to double")
        out = code.spread(number)
        return code.indicator(code.compare("une", out, 0.0)) if kind == "i8" else out

    def store(self, x: Operand, value: str, block: int, width: int) -> None:
        code, kind = self.code, self.kind(x.root)
        typed, size = self.vector(kind)
        if not self.lanes:
            typed = kind
        if kind == "i8":
            value = code.put(f"zext {code.truth_type} {code.truth(value)} to {typed}")
        elif kind != code.kind:
            value = self.shorter.get(value) or code.put(f"fptrunc {code.real} {value} to {typed}")
        step = self.walks[x][-1] if self.lanes else 1
        at = block * self.step * step
        place = self._moved(self.pointers[x], x, str(at)) if at else self.pointers[x]
        if step != 1:
            for lane in range(width or self.lanes):
                number = code.put(f"extractelement {typed} {value}, i32 {lane}")
                place = self._moved(self.pointers[x], x, str(at + lane * step))
                code.lines.append(f"  store {kind} {number}, ptr {place}, align {size}")
        elif width:
            store_part(code, kind, size, value, place, width)
        else:
            code.lines.append(f"  store {typed} {value}, ptr {place}, align {size}")

    # --- reductions -------------------------------------------------------------------------------

    def combine(
        self, each: Operation, values: dict[int, str], block: int, width: int, copy: int
    ) -> None:
        """Take one vector into a reduction."""
        code, join = self.code, COMBINE[each.name]
        value = self.value(each.arguments[0], values, block, width, False)
        value = code.operand(value)
        if (each, block) in self.columns:
            self.totals[each, block] = join(code, value, self.totals[each, block])
            return
        if each.into:  # one total for each element of a row, in memory
            out = self.results[each]
            total = self.load(out, self.pointers[out], block, width)
            self.store(out, join(code, value, total), block, width)
            return
        if width:
            neutral = code.operand(NEUTRAL[each.name])
            mask = self.mask(width)
            value = code.put(f"select {mask}, {code.real} {value}, {code.real} {neutral}")
        self.totals[each, copy] = join(code, value, self.totals[each, copy])

    def finish(self, each: Operation) -> None:
        """The lanes of a reduction as one number, in memory."""
        code, join = self.code, COMBINE[each.name]
        total = self.totals.pop((each, 0))
        for copy in range(1, self.copies):
            total = join(code, self.totals.pop((each, copy)), total)
        lanes = self.lanes
        while lanes > 1:
            lanes //= 2
            places = ", ".join(
                f"i32 {lane + lanes if lane < lanes else 0}" for lane in range(self.lanes)
            )
            moved = code.put(
                f"shufflevector {code.real} {total}, {code.real} poison, "
                f"<{self.lanes} x i32> <{places}>"
            )
            total = join(code, total, moved)
        if self.lanes:
            total = code.put(f"extractelement {code.real} {total}, i32 0")
        out = self.results[each]
        kind = self.kind(out.root)
        if kind != code.kind:
            total = code.put(f"fptrunc double {total} to float")
        size = self.vector(kind)[1]
        code.lines.append(f"  store {kind} {total}, ptr {self.pointers[out]}, align {size}")
