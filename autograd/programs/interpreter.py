"""Bytecode for large plans, and the text of the loop that runs it over a block of instances.

The loop is the same for every plan, so that it is compiled once for a processor. An instruction is a row
of 32-bit numbers: the operation, the places of its result and its operands, or a count and a list of
operands. A varying register is a block of numbers, a uniform one a single number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograd.programs.driver import loop
from autograd.programs.llvm import Code, symbols
from autograd.programs.lowering import DOT, SUM, Lowered, Operation
from autograd.programs.mathematics import COMPARISONS, ROWS
from autograd.programs.plan import TOTAL

__all__ = ["BLOCK", "Bytecode", "interpreter"]

BLOCK = 64
"""Instances in a block: enough to pay for reading an instruction, few enough to stay in cache."""
TILE = 4
"""Vectors of a long sum that are kept in registers at a time."""

MIXED = ("add", "sub", "mul", "div", "maximum", "minimum", *COMPARISONS)
"""Rows of two numbers of which one may be uniform; elsewhere a uniform number is spread first."""


def _variants() -> Iterator[tuple[str, str]]:
    for name, (arity, _) in ROWS.items():
        yield name, "V" * arity
        if name in MIXED:
            yield name, "VU"
            yield name, "UV"
    yield "identity", "U"
    yield "fma", "VUV"
    yield "where", "VVU"
    yield "where", "VUV"
    yield SUM, "V*"
    yield DOT, "VV*"
    yield DOT, "UV*"
    yield TOTAL, "V"
    yield TOTAL, "VV*"


OPERATIONS = {variant: number for number, variant in enumerate(_variants(), start=1)}
"""Row and kinds of its operands: V for varying, U for uniform, * for a list. 0 ends the code."""


# --- the loop -------------------------------------------------------------------------------------


def interpreter(lanes: int) -> str:
    """LLVM text of ``before``, ``after`` and ``body`` for the `driver`."""
    writer = _Writer(lanes)
    text = [writer.machine(lanes), writer.machine(0), _ENTRIES.format(lanes=lanes, up=lanes - 1)]
    return symbols(writer.called) + "".join(text)


_ENTRIES = """
define internal void @before(ptr %u, ptr %code) {{
  call void @interpret.0(ptr %code, ptr %u, ptr %u, ptr %u, i64 1, i64 1)
  ret void
}}
define internal void @after(ptr %u, ptr %code) {{
  call void @interpret.0(ptr %code, ptr %u, ptr %u, ptr %u, i64 1, i64 1)
  ret void
}}
define internal void @body(ptr %in, ptr %file, ptr %acc, ptr %out, ptr %u, ptr %code, i64 %count) {{
  %up = add i64 %count, {up}
  %vectors = sdiv i64 %up, {lanes}
  call void @interpret.{lanes}(ptr %code, ptr %file, ptr %u, ptr %acc, i64 %count, i64 %vectors)
  ret void
}}
"""
HEAD = "ptr %pc, ptr %file, ptr %u, ptr %acc, i64 %count, i64 %vectors"


class _Writer:
    def __init__(self, lanes: int) -> None:
        self.called: set[str] = set()

    def machine(self, lanes: int) -> str:
        """The loop, and a function for each operation, on vectors or on single numbers."""
        functions, names = [], ["ptr null"]
        for (name, kinds), number in OPERATIONS.items():
            # On single numbers all are of one kind.
            if not lanes and ("U" in kinds or name == TOTAL):
                names.append("ptr null")
                continue
            write = self._listed if kinds.endswith("*") else self._plain
            functions.append(
                f"define internal ptr @op.{lanes}.{number}({HEAD}) nounwind {{\n"
                f"{write(Code(lanes), name, kinds)}}}\n"
            )
            names.append(f"ptr @op.{lanes}.{number}")
        table = f"@table.{lanes} = internal constant [{len(names)} x ptr] [{', '.join(names)}]\n"
        arguments = "ptr %file, ptr %u, ptr %acc, i64 %count, i64 %vectors"
        return f"""{"".join(functions)}{table}
define internal void @interpret.{lanes}({HEAD}) nounwind {{
  br label %next
next:
  %at = phi ptr [ %pc, %0 ], [ %then, %run ]
  %op = load i32, ptr %at
  %ended = icmp eq i32 %op, 0
  br i1 %ended, label %end, label %run
run:
  %place = getelementptr ptr, ptr @table.{lanes}, i32 %op
  %function = load ptr, ptr %place
  %then = call ptr %function(ptr %at, {arguments})
  br label %next
end:
  ret void
}}
"""

    def _plain(self, code: Code, name: str, kinds: str) -> str:
        """One number or vector after the other, through a row."""
        if name == TOTAL:
            return self._total(code)
        block = BLOCK if code.lanes else 1
        out = _register(code, "%file", _word(code, "%pc", 1), block)
        operands = [_word(code, "%pc", 2 + i) for i in range(len(kinds))]
        sources = [
            _register(code, "%file", x, block)
            if kind == "V"
            else code.load_spread(_register(code, "%u", x, 1))
            for kind, x in zip(kinds, operands, strict=True)
        ]
        before, code.lines = code.lines, []
        step = "%i" if code.lanes else "0"
        xs = [
            code.load(_vector(code, source, step)) if kind == "V" else source
            for kind, source in zip(kinds, sources, strict=True)
        ]
        code.store(ROWS[name][1](code, *xs), _vector(code, out, step))
        self.called |= code.called
        body = _text(code.lines)
        each = loop("i", "%vectors", body) if code.lanes else body
        return _text(before) + each + _advance(2 + len(kinds))

    def _listed(self, code: Code, name: str, kinds: str) -> str:
        """A sum, or a sum of products, over a list of operands."""
        if name == TOTAL:
            return self._totals(code)
        width = len(kinds) - 1
        block = BLOCK if code.lanes else 1
        out = _register(code, "%file", _word(code, "%pc", 1), block)
        n = code.put(f"sext i32 {_word(code, '%pc', 2)} to i64")
        head = _text(code.lines)
        if not code.lanes:
            inner = self._accumulated(code, name, kinds, "0", 1, out)
            return head + inner.replace("%N", n) + _after_list(n, width, 3)
        tiled = self._accumulated(code, name, kinds, "%t", TILE, out)
        single = self._accumulated(code, name, kinds, "%s", 1, out)
        # A block that is not full is taken vector by vector: it may hold one instance alone.
        text = f"""{head}  %tiles = sdiv i64 %vectors, {TILE}
  %tiled = mul i64 %tiles, {TILE}
  %rest = sub i64 %vectors, %tiled
{loop("tile", "%tiles", f"  %t = mul i64 %tile, {TILE}{chr(10)}" + tiled)}
{loop("single", "%rest", "  %s = add i64 %tiled, %single" + chr(10) + single)}"""
        return text.replace("%N", n) + _after_list(n, width, 3)

    def _accumulated(
        self, code: Code, name: str, kinds: str, first: str, tile: int, out: str
    ) -> str:
        """Text that sums a list for the vectors from `first` on, and stores them."""
        code.lines = []
        width, block = len(kinds) - 1, BLOCK if code.lanes else 1
        tag = f"e{tile}"
        at = code.put(f"mul i64 %{tag}, {width}")
        at = code.put(f"add i64 {at}, 3")
        words = [
            code.put(f"add i64 {at}, {i}") if i else at for i in range(width)
        ]
        loaded = []
        for kind, word in zip(kinds, words, strict=False):
            place = code.put(f"getelementptr i32, ptr %pc, i64 {word}")
            index = code.put(f"load i32, ptr {place}")
            if kind == "U":
                x = code.load_spread(_register(code, "%u", index, 1))
                loaded.append([x] * tile)
                continue
            base = _vector(code, _register(code, "%file", index, block), first)
            loaded.append([code.load(_vector(code, base, str(k))) for k in range(tile)])
        sums = []
        for k in range(tile):
            x = [each[k] for each in loaded]
            s = f"%{tag}.sum{k}"
            sums.append(code.fma(x[0], x[1], s) if width == 2 else code.add(x[0], s))
        self.called |= code.called
        body = _text(code.lines)
        zero = "zeroinitializer" if code.lanes else "0.0"
        phis = "".join(
            f"  %{tag}.sum{k} = phi {code.real} [ {zero}, %{tag}.top ], [ {s}, %{tag}.last ]\n"
            for k, s in enumerate(sums)
        )
        text = loop(tag, "%N", body).replace(
            f"  %{tag}.more =", f"{phis}  %{tag}.more ="
        )
        code.lines = []
        base = _vector(code, out, first)
        for k in range(tile):
            code.store(f"%{tag}.sum{k}", _vector(code, base, str(k)))
        return text + _text(code.lines)

    def _total(self, code: Code) -> str:
        x = _register(code, "%file", _word(code, "%pc", 1), BLOCK)
        place = _register(code, "%acc", _word(code, "%pc", 2), 1)
        head = _text(code.lines)
        code.lines = []
        value = code.load(_vector(code, x, "%i"))
        added = code.select(_real(code), code.add("%i.sum", value), "%i.sum")
        return head + _summed(code, "i", added) + _added(code, "i", place) + _advance(3)

    def _totals(self, code: Code) -> str:
        """Totals of the products of one register with others."""
        x = _register(code, "%file", _word(code, "%pc", 1), BLOCK)
        n = code.put(f"sext i32 {_word(code, '%pc', 2)} to i64")
        head = _text(code.lines)
        code.lines = []
        at = code.put(f"getelementptr [2 x i32], ptr %pc, i64 %e, i64 3")
        y = _register(code, "%file", _word(code, at, 0), BLOCK)
        place = _register(code, "%acc", _word(code, at, 1), 1)
        inner = _text(code.lines)
        code.lines = []
        product = code.fma(code.load(_vector(code, x, "%i")), code.load(_vector(code, y, "%i")), "%i.sum")
        added = code.select(_real(code), product, "%i.sum")
        self.called |= code.called
        inner += _summed(code, "i", added) + _added(code, "i", place)
        return head + loop("e", n, inner) + _after_list(n, 2, 3)


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _word(code: Code, base: str, index: int) -> str:
    place = code.put(f"getelementptr i32, ptr {base}, i64 {index}")
    return code.put(f"load i32, ptr {place}")


def _register(code: Code, base: str, index: str, block: int) -> str:
    wide = code.put(f"sext i32 {index} to i64")
    return code.put(f"getelementptr [{block} x double], ptr {base}, i64 {wide}")


def _vector(code: Code, base: str, index: str) -> str:
    return base if index == "0" else code.put(f"getelementptr {code.real}, ptr {base}, i64 {index}")


def _real(code: Code) -> str:
    """Which lanes of vector ``%i`` are instances."""
    first = code.put(f"mul i64 %i, {code.lanes}")
    left = code.put(f"sub i64 %count, {first}")
    one = code.put(f"insertelement {code.whole} poison, i64 {left}, i32 0")
    zeros = f"<{code.lanes} x i32> zeroinitializer"
    all_ = code.put(f"shufflevector {code.whole} {one}, {code.whole} poison, {zeros}")
    each = ", ".join(f"i64 {lane}" for lane in range(code.lanes))
    return code.put(f"icmp slt {code.whole} <{each}>, {all_}")


def _summed(code: Code, tag: str, added: str) -> str:
    phi = (
        f"  %{tag}.sum = phi {code.real} [ zeroinitializer, %{tag}.top ], [ {added}, %{tag}.last ]\n"
    )
    text = loop(tag, "%vectors", _text(code.lines))
    return text.replace(f"  %{tag}.more =", f"{phi}  %{tag}.more =")


def _added(code: Code, tag: str, place: str) -> str:
    code.lines = []
    code.called.add(f"llvm.vector.reduce.fadd.{code.suffix}")
    lanes = code.put(
        f"call reassoc double @llvm.vector.reduce.fadd.{code.suffix}"
        f"(double -0.0, {code.real} %{tag}.sum)"
    )
    known = code.put(f"load double, ptr {place}")
    total = code.put(f"fadd double {known}, {lanes}")
    code.lines.append(f"  store double {total}, ptr {place}")
    return _text(code.lines)


def _advance(words: int) -> str:
    return f"  %after = getelementptr i32, ptr %pc, i64 {words}\n  ret ptr %after\n"


def _after_list(n: str, width: int, start: int) -> str:
    return f"""  %after.list = mul i64 {n}, {width}
  %after.all = add i64 %after.list, {start}
  %after = getelementptr i32, ptr %pc, i64 %after.all
  ret ptr %after
"""


# --- the code -------------------------------------------------------------------------------------


class Bytecode:
    """A plan as bytecode: three lists of words, and how many registers the sweep needs at once."""

    def __init__(self, lowered: Lowered, places: dict[int, int]) -> None:
        self._lowered, self._places = lowered, places
        self._totals = {register: i for i, register in enumerate(lowered.totals)}
        self._uses = Counter(lowered.outputs + lowered.gradients)
        for part in (lowered.before, lowered.sweep, lowered.after):
            for operation in part:
                self._uses.update(operation.arguments)
        self.before = self._uniform(lowered.before)
        self.after = self._uniform(lowered.after)
        self.registers = 0
        self.sweep = self._sweep()

    def _fused(self, operations: Sequence[Operation]) -> list[Operation]:
        """Products that only one sum or total reads become part of it."""
        products = {
            op.out: op.arguments for op in operations if op.name == "mul" and self._uses[op.out] == 1
        }
        out: list[Operation] = []
        taken: set[int] = set()
        for op in operations:
            if op.name == TOTAL and op.arguments[0] in products:
                x = op.arguments[0]
                taken.add(x)
                op = Operation(TOTAL, products[x], op.out)
            elif op.name == "add":
                x, y = op.arguments
                if x not in products and y in products:
                    x, y = y, x
                if x in products:
                    taken.add(x)
                    op = Operation("fma", (*products[x], y), op.out)
            out.append(op)
        return [op for op in out if op.out not in taken]

    def _uniform(self, operations: Sequence[Operation]) -> np.ndarray[Any, Any]:
        words: list[int] = []
        for op in self._fused(operations):
            xs = [self._places[x] for x in op.arguments]
            if op.name in (SUM, DOT):
                n = len(xs) // 2 if op.name == DOT else len(xs)
                words += [OPERATIONS[op.name, "VV*" if op.name == DOT else "V*"]]
                words += [self._places[op.out], n]
                words += [x for pair in zip(xs[:n], xs[n:]) for x in pair] if op.name == DOT else xs
            else:
                words += [OPERATIONS[op.name, "V" * len(xs)], self._places[op.out], *xs]
        return np.array([*words, 0], dtype=np.int32)

    def _sweep(self) -> np.ndarray[Any, Any]:
        return _Sweep(self, self._lowered, self._places, self._totals).words()


class _Sweep:
    """Words of the sweep, with registers used again once nothing reads them any more."""

    def __init__(
        self,
        code: Bytecode,
        lowered: Lowered,
        places: dict[int, int],
        totals: dict[int, int],
    ) -> None:
        self._code, self._varies, self._places, self._totals = code, list(lowered.varies), places, totals
        self._outputs = lowered.outputs
        self._out: list[int] = []
        self._slots = {register: i for i, register in enumerate(lowered.inputs)}
        self._count = len(lowered.inputs) + len(lowered.outputs)
        self._first_out = len(lowered.inputs)
        self._free: list[int] = []
        self._operations = code._fused(lowered.sweep)
        self._last: dict[int, int] = {}

    def words(self) -> np.ndarray[Any, Any]:
        """The code of the sweep, and of copying its outputs to where the driver finds them."""
        for number, op in enumerate(self._operations):
            for x in op.arguments:
                self._last[x] = number
        self._last |= dict.fromkeys(self._outputs, len(self._operations))
        number = 0
        while number < len(self._operations):
            op = self._operations[number]
            if op.name == TOTAL and len(op.arguments) == 2:
                number = self._products(number)
                continue
            self._spread: list[int] = []
            self._put(op)
            self._release(op, number)
            number += 1
        for i, register in enumerate(self._outputs):
            kind = "V" if self._varies[register] else "U"
            place = self._slots[register] if kind == "V" else self._places[register]
            self._out += [OPERATIONS["identity", kind], self._first_out + i, place]
        self._code.registers = self._count
        return np.array([*self._out, 0], dtype=np.int32)

    def _release(self, op: Operation, number: int) -> None:
        for x in set(op.arguments):
            if self._varies[x] and self._last[x] == number:
                self._free.append(self._slots.pop(x))
        self._free += self._spread
        if op.name != TOTAL and op.out not in self._last:
            self._free.append(self._slots.pop(op.out))

    def _slot(self) -> int:
        if self._free:
            return self._free.pop()
        self._count += 1
        return self._count - 1

    def _varying(self, x: int) -> int:
        """Where a register lies in the file; a uniform one is spread over a block first."""
        if self._varies[x]:
            return self._slots[x]
        slot = self._slot()
        self._out += [OPERATIONS["identity", "U"], slot, self._places[x]]
        self._spread.append(slot)
        return slot

    def _place(self, x: int) -> int:
        return self._slots[x] if self._varies[x] else self._places[x]

    def _put(self, op: Operation) -> None:
        xs = op.arguments
        if op.name == TOTAL:
            self._out += [OPERATIONS[TOTAL, "V"], self._varying(xs[0]), self._totals[op.out]]
        elif op.name == SUM:
            places = [self._varying(x) for x in xs]
            self._slots[op.out] = self._slot()
            self._out += [OPERATIONS[SUM, "V*"], self._slots[op.out], len(xs), *places]
        elif op.name == DOT:
            self._dot(xs, op.out)
        else:
            if op.name == "fma" and not self._varies[xs[0]]:
                xs = (xs[1], xs[0], xs[2])
            kinds = "".join("V" if self._varies[x] else "U" for x in xs)
            if (op.name, kinds) in OPERATIONS:
                places = [self._place(x) for x in xs]
            else:
                kinds, places = "V" * len(xs), [self._varying(x) for x in xs]
            self._slots[op.out] = self._slot()
            self._out += [OPERATIONS[op.name, kinds], self._slots[op.out], *places]

    def _dot(self, xs: tuple[int, ...], out: int) -> None:
        n = len(xs) // 2
        uniform, varying = [], []
        for x, y in zip(xs[:n], xs[n:], strict=True):
            if self._varies[x] and self._varies[y]:
                varying += [self._slots[x], self._slots[y]]
            else:
                x, y = (y, x) if self._varies[x] else (x, y)
                uniform += [self._places[x], self._varying(y)]
        parts = [part for part in (("UV*", uniform), ("VV*", varying)) if part[1]] or [("UV*", [])]
        slots = []
        for kinds, words in parts:
            slots.append(self._slot())
            self._out += [OPERATIONS[DOT, kinds], slots[-1], len(words) // 2, *words]
        if len(slots) == 2:
            self._out += [OPERATIONS["add", "VV"], slots[0], *slots]
            self._spread.append(slots[1])
        self._slots[out] = slots[0]

    def _products(self, number: int) -> int:
        """Totals of products with a common factor, as far as they follow each other, in one list."""
        operations = self._operations
        first = operations[number]
        common = set(first.arguments)
        end = number
        while end < len(operations):
            op = operations[end]
            if op.name != TOTAL or len(op.arguments) != 2 or not common & set(op.arguments):
                break
            common &= set(op.arguments)
            end += 1
        factor = next(iter(sorted(common)))
        self._spread = []
        pairs: list[int] = []
        place = self._varying(factor)
        for op in operations[number:end]:
            x, y = op.arguments
            pairs += [self._varying(y if x == factor else x), self._totals[op.out]]
        self._out += [OPERATIONS[TOTAL, "VV*"], place, len(pairs) // 2, *pairs]
        group = Operation(TOTAL, tuple({x for op in operations[number:end] for x in op.arguments}), -1)
        released = {x for x in group.arguments if number <= self._last[x] < end}
        self._free += [self._slots.pop(x) for x in released if self._varies[x]]
        self._free += self._spread
        return end
