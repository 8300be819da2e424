"""Straight-line LLVM text of a small plan: every register a name, every instruction written once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from autograd.programs.native.llvm import Code, Operand, symbols
from autograd.programs.native.mathematics import HEAVY, ROWS
from autograd.programs.native.scalars.driver import loop
from autograd.programs.native.scalars.lowering import (
    DOT,
    SUM,
    Lowered,
    Operation,
    products_of,
    uses_of,
)
from autograd.programs.planning.plan import TOTAL

CHUNK = 400
"""Operands in one function: LLVM's time grows faster than the length of a block."""
COPIES = 4
"""Names for the one address of the uniform numbers: see `_Section._uniform`."""
NEAR = 24
"""A uniform number is kept in a vector register for as many operations."""
INLINE = 24
"""As many uses of a heavy row are written out; where there are more, they call a function."""
GROUP = 16
"""Totals in a basic block: LLVM keeps no register busy from one to the next."""


class StraightLine:
    """How many numbers a plan keeps where, and its text.

    The sweep takes one vector of instances at a time, and writes what the totals are made of to a file.
    Totals are added up for several vectors at once: a gradient is a number in memory, and reading and
    writing it costs more than the products that it adds up.

    Args:
        lowered: The operations.
        places: Where the uniform registers lie.
        lanes: Numbers in a vector.
        vectors: Vectors in a block.
    """

    def __init__(self, lowered: Lowered, places: dict[int, int], lanes: int, vectors: int) -> None:
        self.lowered, self.places = lowered, places
        self.lanes, self.vectors = lanes, vectors
        self.block = lanes * vectors
        self.spilled = 0
        self.called: set[str] = set()
        self.functions: list[str] = []
        self.totals, self.flow = _parted(lowered)
        uses = Counter(operation.name for operation in self.flow)
        self.outside = {name for name in HEAVY if uses[name] > INLINE}
        self.text = self._text()

    def _text(self) -> str:
        lowered = self.lowered
        first = _chunks(lowered.before)
        middle = _chunks(self.flow) or [[]]
        last = _chunks(lowered.after)
        uses: dict[int, int] = {}  # the last chunk of all that reads a register
        for number, chunk in enumerate([*first, *middle, *last]):
            for operation in chunk:
                for x in operation.arguments:
                    uses[x] = number
        end = len(first) + len(middle) + len(last)
        uses |= dict.fromkeys([*lowered.outputs, *lowered.gradients], end)
        uses |= dict.fromkeys((x for _, factors in self.totals for x in factors), end)
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
            section = _Section(self, 0)
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
        copies = ", ".join(f"ptr noalias %u{i}" for i in range(COPIES))
        head = f"ptr noalias %in, ptr noalias %file, ptr noalias %out, {copies}"
        kept: dict[int, int] = {}  # where in the file a register of an earlier chunk lies
        free: list[int] = []
        calls = []
        for number, chunk in enumerate(chunks, start):
            section = _Section(self, self.lanes, kept)
            for operation in chunk:
                section.operation(operation)
                out = operation.out
                if uses.get(out, -1) > number:
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
        passed = ", ".join(["ptr %s.in", "ptr %s.file", "ptr %s.out"] + ["ptr %u"] * COPIES)
        flow = _moved("s", self.lanes, "in", "file", "out")
        flow += "".join(f"  call void @{each}({passed})\n" for each in calls)
        self.functions.append(
            "define internal void @body(ptr %in, ptr %file, ptr %acc, ptr %out, ptr %u, ptr %code, "
            f"i64 %count) {{\n  %up = add i64 %count, {self.lanes - 1}\n"
            f"  %vectors = sdiv i64 %up, {self.lanes}\n"
            f"{loop('s', '%vectors', flow)}{self._totals(kept)}  ret void\n}}\n"
        )

    def _totals(self, kept: dict[int, int]) -> str:
        """Text that calls for the totals of a whole block, or of one vector after the other."""
        if not self.totals:
            return ""
        copies = ", ".join(f"ptr noalias %u{i}" for i in range(COPIES))
        head = f"ptr noalias %in, ptr noalias %file, ptr noalias %acc, {copies}, i64 %count"
        same = ", ".join(["ptr %u"] * COPIES)
        calls: dict[str, str] = {}
        for name, vectors in (("whole", self.vectors), ("part", 1)):
            calls[name] = ""
            for start in range(0, len(self.totals), CHUNK):
                section = _Section(self, self.lanes, kept, vectors)
                for number in range(start, min(start + CHUNK, len(self.totals))):
                    section.total(number, masked=name == "part")
                function = self._defined(f"totals.{name}.{start}", head, section)
                passed = f"ptr %in, ptr %file, ptr %acc, {same}, i64 %count"
                if name == "part":
                    passed = f"ptr %r.in, ptr %r.file, ptr %acc, {same}, i64 %r.left"
                calls[name] += f"  call void @{function}({passed})\n"
        each = _moved("r", self.lanes, "in", "file")
        each += f"  %r.left = sub i64 %count, %r.lanes\n{calls['part']}"
        return f"""  %whole = icmp eq i64 %count, {self.block}
  br i1 %whole, label %together, label %apart
together:
{calls["whole"]}  ret void
apart:
{loop("r", "%vectors", each)}"""

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


def _parted(lowered: Lowered) -> tuple[list[tuple[int, tuple[int, ...]]], list[Operation]]:
    """The totals, each with the registers whose product it adds up, and the other operations."""
    products = products_of(lowered.sweep, uses_of(lowered, lowered.sweep))
    totals: list[tuple[int, tuple[int, ...]]] = []
    taken: set[int] = set()
    for operation in lowered.sweep:
        if operation.name == TOTAL:
            (x,) = operation.arguments
            totals.append((operation.out, products.get(x, (x,))))
            taken |= {operation.out, x} if x in products else {operation.out}
    return totals, [operation for operation in lowered.sweep if operation.out not in taken]


def _moved(name: str, lanes: int, *pointers: str) -> str:
    """Text that moves pointers to vector ``%<name>`` of a block."""
    text = f"  %{name}.lanes = mul i64 %{name}, {lanes}\n"
    for pointer in pointers:
        text += f"  %{name}.{pointer} = getelementptr double, ptr %{pointer}, i64 %{name}.lanes\n"
    return text


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
        self, line: StraightLine, lanes: int, kept: dict[int, int] | None = None, vectors: int = 1
    ) -> None:
        self.line, self.kept = line, kept or {}
        self.code = Code(lanes)
        self.unroll = vectors
        self.results: dict[int, list[Operand]] = {}
        self._near: dict[int, tuple[int, str]] = {}
        self._copy: Counter[int] = Counter()
        self._done = 0
        self._real = ""
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
            self.code.store(x, self.code.place(base, slot * self.line.block + u * self.code.lanes))

    def operation(self, operation: Operation) -> None:
        """Write one operation."""
        self._done += 1
        name, code = operation.name, self.code
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

    def total(self, number: int, *, masked: bool) -> None:
        """Write one of the totals: what is there, and a product for each vector."""
        _, factors = self.line.totals[number]
        code = self.code
        if self._done >= GROUP:
            # What is loaded before a label is not merged with what is loaded after it.
            label = f"totals.{number}"
            code.lines += [f"  br label %{label}", f"{label}:"]
            self._done, self.results = 0, {}
            self._near.clear()
        self._done += 1
        address = code.place("%acc", number * code.lanes)
        total = code.load(address)
        for xs in zip(*(self.read(x) for x in factors), strict=True):
            added = code.fma(*xs, total) if len(xs) == 2 else code.add(xs[0], total)
            # Lanes beyond the last instance do not count, whatever number they hold.
            total = code.select(self._mask(), added, total) if masked else added
        code.store(total, address)

    def _mask(self) -> str:
        """Which lanes are instances."""
        code, lanes = self.code, self.code.lanes
        if not self._real:
            first = code.put(f"insertelement {code.whole} poison, i64 %count, i32 0")
            zeros = f"<{lanes} x i32> zeroinitializer"
            counts = code.put(f"shufflevector {code.whole} {first}, {code.whole} poison, {zeros}")
            each = ", ".join(f"i64 {lane}" for lane in range(lanes))
            self._real = code.put(f"icmp slt {code.whole} <{each}>, {counts}")
        return self._real

    def _dot(self, arguments: tuple[int, ...]) -> list[Operand]:
        n, code = len(arguments) // 2, self.code
        chains = _chain_count(n)
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
        chains = _chain_count(len(arguments))
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


def _chain_count(n: int) -> int:
    """In how many partial sums to add, so that one addition need not wait for the last."""
    return 1 if n < 8 else 2 if n < 32 else 4
