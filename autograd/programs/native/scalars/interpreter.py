"""LLVM text of the loop that runs bytecode over a block of instances.

It is the same for all plans of the same operations, so that it is compiled once for them.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from autograd.programs.native.llvm import Code, symbols
from autograd.programs.native.mathematics import ROWS
from autograd.programs.native.scalars.bytecode import BLOCK, OPERATIONS
from autograd.programs.native.scalars.driver import loop
from autograd.programs.planning.plan import TOTAL

TILE = 4
"""Vectors of a long sum that are kept in registers at a time."""


def interpreter(lanes: int, varying: Container[int], uniform: Container[int]) -> str:
    """LLVM text of ``before``, ``after`` and ``body`` for the `driver`.

    Args:
        lanes: Numbers in a vector.
        varying, uniform: The `OPERATIONS` of ``body``, and those of the other two.
    """
    writer = _LoopText()
    text = [
        writer.machine(lanes, varying),
        writer.machine(0, uniform),
        _ENTRIES.format(lanes=lanes, up=lanes - 1),
    ]
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


class _LoopText:
    def __init__(self) -> None:
        self.called: set[str] = set()

    def machine(self, lanes: int, used: Container[int]) -> str:
        """The loop, and a function for each operation used, on vectors or on single numbers."""
        functions, names = [], ["ptr null"]
        for (name, kinds), number in OPERATIONS.items():
            if number not in used:
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
        before = _text(code.lines)
        code.lines = []
        step = "%i" if code.lanes else "0"
        xs = [
            code.load(_vector(code, source, step)) if kind == "V" else source
            for kind, source in zip(kinds, sources, strict=True)
        ]
        code.store(ROWS[name][1](code, *xs), _vector(code, out, step))
        self.called |= code.called
        body = _text(code.lines)
        each = loop("i", "%vectors", body) if code.lanes else body
        return before + each + _advance(2 + len(kinds))

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
        words = [code.put(f"add i64 {at}, {i}") if i else at for i in range(width)]
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
            term = [each[k] for each in loaded]
            s = f"%{tag}.sum{k}"
            sums.append(code.fma(term[0], term[1], s) if width == 2 else code.add(term[0], s))
        self.called |= code.called
        body = _text(code.lines)
        zero = "zeroinitializer" if code.lanes else "0.0"
        phis = "".join(
            f"  %{tag}.sum{k} = phi {code.real} [ {zero}, %{tag}.top ], [ {s}, %{tag}.last ]\n"
            for k, s in enumerate(sums)
        )
        text = loop(tag, "%N", body).replace(f"  %{tag}.more =", f"{phis}  %{tag}.more =")
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
        at = code.put("getelementptr [2 x i32], ptr %pc, i64 %e, i64 3")
        y = _register(code, "%file", _word(code, at, 0), BLOCK)
        place = _register(code, "%acc", _word(code, at, 1), 1)
        inner = _text(code.lines)
        code.lines = []
        product = code.fma(
            code.load(_vector(code, x, "%i")), code.load(_vector(code, y, "%i")), "%i.sum"
        )
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
    phi = f"  %{tag}.sum = phi {code.real} [ zeroinitializer, %{tag}.top ], [ {added}, %{tag}.last ]\n"
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
