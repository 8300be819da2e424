"""Straight-line LLVM text of a small plan: every register a name, every instruction written once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from autograd.programs.llvm import Code, Operand, symbols
from autograd.programs.lowering import DOT, SUM, Lowered, Operation
from autograd.programs.mathematics import HEAVY, ROWS
from autograd.programs.plan import TOTAL

__all__ = ["StraightLine", "written_engine"]

CHUNK = 2500
"""Operands in one function: LLVM's time grows faster than the length of a block."""
COPIES = 4
"""Names for the one address of the uniform numbers: see `_Section.uniform`."""
NEAR = 24
"""A uniform number is kept in a vector register for as many operations."""
INLINE = 24
"""As many uses of a heavy row are written out; where there are more, they call a function."""


class StraightLine:
    """How many numbers a plan keeps where, and its text."""

    def __init__(self, lowered: Lowered, places: dict[int, int], lanes: int, unroll: int) -> None:
        self.lowered, self.places = lowered, places
        self.lanes, self.unroll = lanes, unroll
        self.block = lanes * unroll
        self.spilled = 0
        self.totals = {register: i for i, register in enumerate(lowered.totals)}
        uses = Counter(operation.name for operation in lowered.sweep)
        self.outside = {name for name in HEAVY if uses[name] * unroll > INLINE}
        self.called: set[str] = set()
        self.functions: list[str] = []
        self.text = self._text()

    def _text(self) -> str:
        lowered = self.lowered
        first = _chunks(lowered.before)
        middle = _chunks(lowered.sweep) or [[]]
        last = _chunks(lowered.after)
        uses: dict[int, int] = {}  # the last chunk of all that reads a register
        for number, chunk in enumerate([*first, *middle, *last]):
            for operation in chunk:
                for x in operation.arguments:
                    uses[x] = number
        end = len(first) + len(middle) + len(last)
        uses |= dict.fromkeys([*lowered.outputs, *lowered.gradients], end)
        self._uniform("before", first, 0, uses)
        self._sweep(middle, len(first), uses)
        self._uniform("after", last, len(first) + len(middle), uses)
        for name in sorted(self.outside):
            self.functions.append(self._function(name))
        return symbols(self.called) + "".join(self.functions)

    def _uniform(
        self, name: str, chunks: list[list[Operation]], start: int, uses: dict[int, int]
    ) -> None:
        calls = []
        for number, chunk in enumerate(chunks, start):
            section = _Section(self, 0, "ptr %u")
            for operation in chunk:
                section.operation(operation)
                if uses.get(operation.out, -1) > number:
                    address = section.code.place("%u", self.places[operation.out])
                    section.code.store(section.results[operation.out][0], address)
            calls.append(self._defined(f"{name}.{number}", "ptr %u", section))
        body = "".join(f"  call void @{each}(ptr %u)\n" for each in calls)
        self.functions.append(
            f"define internal void @{name}(ptr %u, ptr %code) {{\n{body}  ret void\n}}\n"
        )

    def _sweep(self, chunks: list[list[Operation]], start: int, uses: dict[int, int]) -> None:
        copies = [f"%u{i}" for i in range(COPIES)]
        head = ", ".join(
            ["ptr noalias %in", "ptr noalias %file", "ptr noalias %acc", "ptr noalias %out"]
            + [f"ptr noalias {copy}" for copy in copies]
            + ["i64 %count"]
        )
        kept: dict[int, int] = {}  # where in the file a register of an earlier chunk lies
        free: list[int] = []
        calls = []
        for number, chunk in enumerate(chunks, start):
            section = _Section(self, self.lanes, head, kept)
            for operation in chunk:
                section.operation(operation)
                out = operation.out
                if operation.name != TOTAL and uses.get(out, -1) > number:
                    if not free:
                        free.append(self.spilled)
                        self.spilled += 1
                    kept[out] = free.pop()
                    section.write("%file", kept[out], section.results[out])
            if number == start + len(chunks) - 1:
                for i, output in enumerate(self.lowered.outputs):
                    section.write("%out", i, section.read(output))
            calls.append(self._defined(f"sweep.{number}", head, section))
            for register in [r for r in kept if uses[r] <= number]:
                free.append(kept.pop(register))
        passed = ", ".join(["ptr %in", "ptr %file", "ptr %acc", "ptr %out"] + ["ptr %u"] * COPIES)
        body = "".join(f"  call void @{each}({passed}, i64 %count)\n" for each in calls)
        self.functions.append(
            "define internal void @body(ptr %in, ptr %file, ptr %acc, ptr %out, ptr %u, ptr %code, "
            f"i64 %count) {{\n{body}  ret void\n}}\n"
        )

    def _defined(self, name: str, head: str, section: _Section) -> str:
        self.called |= {each for each in section.code.called if not each.startswith("row.")}
        lines = "\n".join(section.code.lines)
        self.functions.append(
            f"define internal void @{name}({head}) noinline nounwind {{\n{lines}\n  ret void\n}}\n"
        )
        return name

    def _function(self, name: str) -> str:
        code = Code(self.lanes)
        arity, write = ROWS[name]
        names = [f"%x{i}" for i in range(arity)]
        out = write(code, *names)
        self.called |= code.called
        head = ", ".join(f"{code.real} {x}" for x in names)
        return (
            f"define internal {code.real} @row.{name}({head}) noinline nounwind {{\n"
            + "\n".join(code.lines)
            + f"\n  ret {code.real} {out}\n}}\n"
        )


def _chunks(operations: Sequence[Operation]) -> list[list[Operation]]:
    chunks: list[list[Operation]] = []
    size = CHUNK
    for operation in operations:
        if size >= CHUNK:
            chunks.append([])
            size = 0
        chunks[-1].append(operation)
        size += len(operation.arguments)
    return chunks


class _Section:
    """One function in the making: registers are names, several to a register where it is unrolled."""

    def __init__(
        self, line: StraightLine, lanes: int, head: str, kept: dict[int, int] | None = None
    ) -> None:
        self.line, self.kept = line, kept or {}
        self.code = Code(lanes)
        self.unroll = line.unroll if lanes else 1
        self.results: dict[int, list[Operand]] = {}
        self._near: dict[int, tuple[int, str]] = {}
        self._copy: Counter[int] = Counter()
        self._done = 0
        self._masks: list[str] = []
        self._slots = {register: i for i, register in enumerate(line.lowered.inputs)}

    def read(self, register: int) -> list[Operand]:
        """The names of a register's numbers, loaded if need be."""
        if register in self.results:
            return self.results[register]
        lowered, code = self.line.lowered, self.code
        if register in lowered.constants:
            return [lowered.constants[register]] * self.unroll
        if not lowered.varies[register]:
            return self._uniform(register)
        base, slot = ("%in", self._slots.get(register, -1))
        if slot < 0:
            base, slot = "%file", self.kept[register]
        block, lanes = self.line.block, self.code.lanes
        self.results[register] = [
            code.load(code.place(base, slot * block + u * lanes)) for u in range(self.unroll)
        ]
        return self.results[register]

    def _uniform(self, register: int) -> list[Operand]:
        code, place = self.code, self.line.places[register]
        if not code.lanes:
            self.results[register] = [code.load(code.place("%u", place))]
            return self.results[register]
        done, name = self._near.get(register, (-NEAR - 1, ""))
        if self._done - done > NEAR:
            # Loaded again where it is needed again: a copy in memory costs less than a vector register
            # kept, or spilled, in between. LLVM would merge loads from one address; so it has several.
            self._copy[register] += 1
            base = f"%u{self._copy[register] % COPIES}"
            name = code.load_spread(code.place(base, place))
            self._near[register] = (self._done, name)
        return [name] * self.unroll

    def write(self, base: str, slot: int, values: Sequence[Operand]) -> None:
        """Store a register's numbers."""
        for u, x in enumerate(values):
            self.code.store(
                x, self.code.place(base, slot * self.line.block + u * self.code.lanes)
            )

    def operation(self, operation: Operation) -> None:
        """Write one operation."""
        self._done += 1
        name, code = operation.name, self.code
        if name == TOTAL:
            self._total(operation)
            return
        if name == DOT:
            out = self._dot(operation.arguments)
        elif name == SUM:
            out = self._sum(operation.arguments)
        else:
            columns = [self.read(x) for x in operation.arguments]
            if code.lanes and name in self.line.outside:
                out = [code.call(f"row.{name}", *xs) for xs in zip(*columns, strict=True)]
            else:
                write = ROWS[name][1]
                out = [write(code, *xs) for xs in zip(*columns, strict=True)]
        self.results[operation.out] = out

    def _total(self, operation: Operation) -> None:
        code, lanes = self.code, self.code.lanes
        address = code.place("%acc", self.line.totals[operation.out] * lanes)
        total = code.load(address)
        for u, x in enumerate(self.read(operation.arguments[0])):
            # Lanes beyond the last instance do not count, whatever number they hold.
            total = code.select(self._mask(u), code.add(total, x), total)
        code.store(total, address)

    def _mask(self, u: int) -> str:
        code, lanes = self.code, self.code.lanes
        if not self._masks:
            first = code.put(f"insertelement {code.whole} poison, i64 %count, i32 0")
            zeros = f"<{lanes} x i32> zeroinitializer"
            counts = code.put(f"shufflevector {code.whole} {first}, {code.whole} poison, {zeros}")
            for v in range(self.unroll):
                each = ", ".join(f"i64 {v * lanes + lane}" for lane in range(lanes))
                self._masks.append(code.put(f"icmp slt {code.whole} <{each}>, {counts}"))
        return self._masks[u]

    def _dot(self, arguments: tuple[int, ...]) -> list[Operand]:
        n, code = len(arguments) // 2, self.code
        chains = _chain_count(n, self.unroll)
        sums: list[list[Operand]] = [[] for _ in range(chains)]
        for i in range(n):
            pairs = zip(self.read(arguments[i]), self.read(arguments[n + i]), strict=True)
            chain = sums[i % chains]
            self._done += 1
            if chain:
                chain[:] = [code.fma(x, y, s) for (x, y), s in zip(pairs, chain, strict=True)]
            else:
                chain[:] = [code.mul(x, y) for x, y in pairs]
        return self._joined(sums)

    def _sum(self, arguments: tuple[int, ...]) -> list[Operand]:
        chains = _chain_count(len(arguments), self.unroll)
        sums: list[list[Operand]] = [[] for _ in range(chains)]
        for i, x in enumerate(arguments):
            chain, each = sums[i % chains], self.read(x)
            self._done += 1
            if chain:
                chain[:] = [self.code.add(s, y) for s, y in zip(chain, each, strict=True)]
            else:
                chain[:] = each
        return self._joined(sums)

    def _joined(self, sums: list[list[Operand]]) -> list[Operand]:
        sums = [chain for chain in sums if chain] or [[0.0] * self.unroll]
        while len(sums) > 1:
            x, y, *rest = sums
            sums = [*rest, [self.code.add(a, b) for a, b in zip(x, y, strict=True)]]
        return sums[0]


def _chain_count(n: int, unroll: int) -> int:
    """In how many partial sums to add, so that one addition need not wait for the last."""
    return 1 if n < 8 else 2 if unroll > 1 or n < 32 else 4
