"""Matrix products of known sizes: loops that keep a tile of the result in registers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from autograd.programs.native.llvm import Code
from autograd.programs.native.tensors.operations import View
from autograd.programs.native.tensors.tails import load_part, store_part

LONG = 192
"""Terms from which a product of rows with rows is added up along them, a vector at a time."""
BLOCK = 1024
"""Terms that are added up at once: what they are of stays in cache."""
MOST = 8
"""Blocks that are written out."""

# The sizes are known when the code is written, and tiles are chosen to fit them. BLAS pads what is left
# over and copies both matrices first: a third of its time, or more, at the widths of small networks.


def registers(lanes: int, size: int) -> int:
    """How many vectors the processor holds."""
    return 32 if lanes * size == 64 else 16


def by_rows(x: View, y: View) -> bool:
    """Whether the terms of every sum lie side by side in both matrices."""
    (m, k), n = x.shape, y.shape[1]
    few = m < 24 or n < 12  # too few for it to pay that columns are turned into rows
    return x.strides[1] == 1 and y.strides[0] == 1 and (k >= LONG or (few and k >= LONG // 2))


def is_turned(y: View) -> bool:
    """Whether the columns of a matrix lie in memory as rows should."""
    return y.strides[0] == 1 and y.strides[1] != 1


def suits(x: View, y: View) -> bool:
    """Whether these loops multiply such matrices well."""
    (m, k), n = x.shape, y.shape[1]
    return k <= BLOCK * MOST and (by_rows(x, y) or (1 in y.strides and m > 3 and n > 1))


def cycles(m: int, v: int, r: int) -> int:
    """Roughly how long a panel of v vectors takes for a term, in tiles of r rows."""
    full, rest = divmod(m, r)
    return sum(
        count * (max(rows * v, v + rows // 2, 6) + 1)
        for rows, count in ((r, full), (rest, rest > 0))
    )


def rows_of(m: int, v: int, most: int) -> int:
    """How many rows a tile of v vectors has."""
    return min(range(1, max(2, (most - 1 - v) // v + 1)), key=lambda r: (cycles(m, v, r), -r))


def width_of(m: int, blocks: int, most: int) -> int:
    """How many vectors a panel has, for a matrix of so many vectors."""

    def time(v: int) -> int:
        full, rest = divmod(blocks, v)
        last = cycles(m, rest, rows_of(m, rest, most)) if rest else 0
        return full * cycles(m, v, rows_of(m, v, most)) + last

    return min((v for v in range(1, 5) if v <= blocks), key=lambda v: (time(v), -v))


def panel_bytes(x: View, y: View, lanes: int, size: int) -> int:
    """The memory that a product needs to work in."""
    if by_rows(x, y):
        return 0
    blocks = -(-y.shape[1] // lanes)
    v = width_of(x.shape[0], blocks, registers(lanes, size))
    packed = v < blocks or is_turned(y)
    return min(BLOCK, x.shape[1]) * v * lanes * size if packed else 0


def tiles(
    name: str, half: bool, width: int, x: View, y: View, onto: bool
) -> tuple[str, set[str], int]:
    """A function of four addresses (x, y, the result, room to work in), and what it needs.

    Args:
        name: Of the function.
        half: Whether the matrices are of float32.
        width: How many numbers of float64 a vector of the processor holds.
        x, y: The matrices, (m, k) and (k, n), wherever they lie.
        onto: Whether the product is added to what is there.

    Returns:
        Its text, LLVM's functions that it calls, and how many bytes of room.
    """
    count = x.shape[1] if by_rows(x, y) else y.shape[1]
    lanes = max(2, min((1 + half) * width, 1 << (count - 1).bit_length()))
    kind, size = ("float", 4) if half else ("double", 8)
    code = Code(lanes)
    TileWriter(code, kind, (x, "%x"), (y, "%y"), "%out", "%room", onto).write()
    head = f"define internal void @{name}(ptr %x, ptr %y, ptr %out, ptr %room)"
    body = "\n".join(code.lines)
    room = panel_bytes(x, y, lanes, size)
    return f"{head} noinline {{\n{body}\n  ret void\n}}\n", code.called, room


class TileWriter:
    """Writes the body of one product.

    Args:
        code: Where to write; its lanes are those of a vector of `kind`.
        kind: ``"double"`` or ``"float"``.
        x, y: The matrices, (m, k) and (k, n), and the addresses of their first elements.
        out: The address of the result, (m, n) without gaps.
        room: The address of as many bytes as `panel_bytes` says.
        onto: Whether the product is added to what is there.
    """

    def __init__(
        self,
        code: Code,
        kind: str,
        x: tuple[View, str],
        y: tuple[View, str],
        out: str,
        room: str,
        onto: bool,
    ) -> None:
        self.code, self.kind, self.out, self.room, self.onto = code, kind, out, room, onto
        (self.x, self.x_at), (self.y, self.y_at) = x, y
        (self.m, self.k), self.n = self.x.shape, self.y.shape[1]
        self.lanes, self.size = code.lanes, 8 if kind == "double" else 4
        self.vector = f"<{self.lanes} x {kind}>"
        self.most = registers(self.lanes, self.size)
        self.suffix = f"v{self.lanes}f{8 * self.size}"
        self.labels = 0

    def write(self) -> None:
        """The whole product."""
        if by_rows(self.x, self.y):
            self.along()
        else:
            self.across()

    # --- instructions -----------------------------------------------------------------------------

    def at(self, base: str, index: str | int) -> str:
        if index == 0:
            return base
        return self.code.put(f"getelementptr {self.kind}, ptr {base}, i64 {index}")

    def times(self, index: str, n: int) -> str:
        return index if n == 1 else self.code.put(f"mul i64 {index}, {n}")

    def load(self, place: str, width: int = 0) -> str:
        """A vector, of which only `width` lanes are there if that is not 0."""
        if width:
            return load_part(self.code, self.kind, self.size, place, width)
        return self.code.put(f"load {self.vector}, ptr {place}, align {self.size}")

    def store(self, value: str, place: str, width: int = 0) -> None:
        if width:
            store_part(self.code, self.kind, self.size, value, place, width)
        else:
            text = f"  store {self.vector} {value}, ptr {place}, align {self.size}"
            self.code.lines.append(text)

    def spread(self, place: str) -> str:
        """The number at an address in every lane."""
        number = self.code.put(f"load {self.kind}, ptr {place}, align {self.size}")
        first = self.code.put(f"insertelement {self.vector} poison, {self.kind} {number}, i32 0")
        zeros = f"<{self.lanes} x i32> zeroinitializer"
        return self.code.put(f"shufflevector {self.vector} {first}, {self.vector} poison, {zeros}")

    def fma(self, x: str, y: str, z: str) -> str:
        name, typed = f"llvm.fmuladd.{self.suffix}", self.vector
        self.code.called.add(name)
        passed = f"{typed} {x}, {typed} {y}, {typed} {z}"
        return self.code.put(f"call contract {typed} @{name}({passed})")

    def add(self, x: str, y: str) -> str:
        return self.code.put(f"fadd {self.vector} {x}, {y}")

    def loop(
        self, count: int, body: Callable[[str, list[str]], list[str]], first: Sequence[str] = ()
    ) -> list[str]:
        """Run a body for an index below `count`, which takes totals on; gives what they end as."""
        lines = self.code.lines
        self.labels += 1
        name = f"loop{self.labels}"
        lines += [f"  br label %{name}.top", f"{name}.top:", f"  br label %{name}", f"{name}:"]
        place = len(lines)
        totals = [f"%{name}.t{i}" for i in range(len(first))]
        ends = body(f"%{name}.i", totals)
        lines += [
            f"  br label %{name}.last",
            f"{name}.last:",
            f"  %{name}.next = add i64 %{name}.i, 1",
            f"  %{name}.more = icmp slt i64 %{name}.next, {count}",
            f"  br i1 %{name}.more, label %{name}, label %{name}.end",
            f"{name}.end:",
        ]
        phis = [f"  %{name}.i = phi i64 [ 0, %{name}.top ], [ %{name}.next, %{name}.last ]"]
        phis += [
            f"  {total} = phi {self.vector} [ {start}, %{name}.top ], [ {end}, %{name}.last ]"
            for total, start, end in zip(totals, first, ends, strict=True)
        ]
        lines[place:place] = phis
        return ends

    def pieces(self, count: int, length: int, body: Callable[[str, int], None]) -> None:
        """Run a body for `count` things, `length` at a time: with the first's index, and how many."""
        full, rest = divmod(count, length)

        def each(index: str, _: list[str]) -> list[str]:
            body(self.times(index, length), length)
            return []

        if full:
            self.loop(full, each)
        if rest:
            body(str(full * length), rest)

    # --- columns times rows: a number of x times a vector of y ------------------------------------

    def across(self) -> None:
        """Panels of columns, one after another, for some terms after others."""
        blocks = -(-self.n // self.lanes)
        v = width_of(self.m, blocks, self.most)
        full, rest = divmod(self.n, v * self.lanes)
        packed = v < blocks or is_turned(self.y)
        for start in range(0, self.k, BLOCK):
            count = min(BLOCK, self.k - start)

            def each(index: str, _: list[str], start: int = start, count: int = count) -> list[str]:
                self.panel(self.times(index, v * self.lanes), v, 0, packed, start, count)
                return []

            if full:
                self.loop(full, each)
            if rest:
                column, width = str(full * v * self.lanes), rest % self.lanes
                self.panel(column, -(-rest // self.lanes), width, packed, start, count)

    def panel(self, column: str, v: int, width: int, packed: bool, start: int, count: int) -> None:
        """Terms of the columns from one on: v vectors, with `width` lanes in the last if not all."""
        (step, along), (down, right) = self.y.strides, self.x.strides
        y = self.at(self.at(self.y_at, self.times(column, along)), start * step)
        x = self.at(self.x_at, start * right)
        widths = [0] * (v - 1) + [width]
        if packed:
            if is_turned(self.y):
                self.turn(y, widths, count)
            else:
                self.pack(y, widths, count)
            y, step = self.room, v * self.lanes
        inside = [0] * v if packed else widths

        def tile(row: str, rows: int) -> None:
            first = self.at(x, self.times(row, down))
            starts = [self.at(first, i * down) for i in range(rows)]
            result = self.at(self.at(self.out, self.times(row, self.n)), column)
            cells = [(i, b) for i in range(rows) for b in range(v)]
            places = [self.at(result, i * self.n + b * self.lanes) for i, b in cells]
            begin = ["zeroinitializer"] * len(cells)
            if self.onto or start:
                begin = [self.load(at, widths[b]) for at, (_, b) in zip(places, cells, strict=True)]

            def term(p: str, totals: list[str]) -> list[str]:
                there, offset = self.at(y, self.times(p, step)), self.times(p, right)
                vectors = [self.load(self.at(there, b * self.lanes), inside[b]) for b in range(v)]
                factors = [self.spread(self.at(each, offset)) for each in starts]
                return [
                    self.fma(factors[i], vectors[b], total)
                    for total, (i, b) in zip(totals, cells, strict=True)
                ]

            ends = self.loop(count, term, begin)
            for end, at, (_, b) in zip(ends, places, cells, strict=True):
                self.store(end, at, widths[b])

        self.pieces(self.m, rows_of(self.m, v, self.most), tile)

    def pack(self, y: str, widths: list[int], count: int) -> None:
        """Move a panel together: rows far apart would evict each other from the cache."""

        def move(p: str, _: list[str]) -> list[str]:
            source = self.at(y, self.times(p, self.y.strides[0]))
            target = self.at(self.room, self.times(p, len(widths) * self.lanes))
            for b, width in enumerate(widths):
                there = self.load(self.at(source, b * self.lanes), width)
                self.store(there, self.at(target, b * self.lanes))
            return []

        self.loop(count, move)

    def turn(self, y: str, widths: list[int], count: int) -> None:
        """Move a panel together whose columns lie in memory as rows: squares, turned in registers."""
        lanes = self.lanes

        def square(p: str, terms: int, b: int, rows: list[str]) -> None:
            vectors = [self.load(self.at(row, p), terms % lanes) for row in rows]
            size = 1
            while size < lanes:  # exchange what is off the diagonal, in squares of 2, 4, 8 ...
                low = [i if i & size == 0 else lanes + i - size for i in range(lanes)]
                high = [i + size if i & size == 0 else lanes + i for i in range(lanes)]
                for i in (i for i in range(lanes) if i & size == 0):
                    pair = vectors[i], vectors[i + size]
                    vectors[i], vectors[i + size] = self.mixed(*pair, low), self.mixed(*pair, high)
                size *= 2
            target = self.at(self.room, self.times(p, len(widths) * lanes))
            for i in range(terms):
                self.store(vectors[i], self.at(target, (i * len(widths) + b) * lanes))

        for b, width in enumerate(widths):
            # Where there are no more columns, the last one is taken again.
            columns = [b * lanes + min(i, (width or lanes) - 1) for i in range(lanes)]
            rows = [self.at(y, column * self.y.strides[1]) for column in columns]
            self.pieces(count, lanes, lambda p, terms: square(p, terms, b, rows))  # noqa: B023

    def mixed(self, x: str, y: str, places: list[int]) -> str:
        """The lanes at `places` of two vectors, one after the other."""
        chosen = ", ".join(f"i32 {place}" for place in places)
        typed = f"{self.vector} {x}, {self.vector} {y}"
        return self.code.put(f"shufflevector {typed}, <{len(places)} x i32> <{chosen}>")

    # --- rows times rows: a vector of x times a vector of y ---------------------------------------

    def along(self) -> None:
        """All tiles, for some terms after others."""
        side = math.isqrt(self.most - 6)
        high, wide = fitting(self.m, side), fitting(self.n, side)
        for start in range(0, self.k, BLOCK):

            def tile(row: str, rows: int, column: str, columns: int, start: int = start) -> None:
                self.sums(row, rows, column, columns, start, min(BLOCK, self.k - start))

            # The larger matrix is read once, the smaller one again and again, from the nearer cache.
            if self.m > self.n:
                self.pieces(
                    self.m,
                    high,
                    lambda row, rows: self.pieces(
                        self.n, wide, lambda column, columns: tile(row, rows, column, columns)
                    ),
                )
            else:
                self.pieces(
                    self.n,
                    wide,
                    lambda column, columns: self.pieces(
                        self.m, high, lambda row, rows: tile(row, rows, column, columns)
                    ),
                )

    def sums(self, row: str, rows: int, column: str, columns: int, start: int, count: int) -> None:
        """Some rows of the result at some columns, of `count` terms from `start` on."""
        down, right = self.x.strides[0], self.y.strides[1]
        x = self.at(self.at(self.x_at, self.times(row, down)), start)
        y = self.at(self.at(self.y_at, self.times(column, right)), start)
        xs = [self.at(x, i * down) for i in range(rows)]
        ys = [self.at(y, j * right) for j in range(columns)]

        def terms(offset: str | int, totals: list[str], width: int) -> list[str]:
            right = [self.load(self.at(each, offset), width) for each in ys]
            ends = []
            for i, each in enumerate(xs):
                left = self.load(self.at(each, offset), width)
                for j in range(columns):
                    ends.append(self.fma(left, right[j], totals[i * columns + j]))
            return ends

        full, rest = divmod(count, self.lanes)
        totals = ["zeroinitializer"] * (rows * columns)
        if full:
            body = lambda p, held: terms(self.times(p, self.lanes), held, 0)  # noqa: E731
            totals = self.loop(full, body, totals)
        if rest:
            totals = terms(full * self.lanes, totals, rest)
        result = self.at(self.at(self.out, self.times(row, self.n)), column)
        added = self.onto or start > 0
        for first in range(0, len(totals), self.lanes):
            some = totals[first : first + self.lanes]
            sums = self.summed(some)
            for lane in range(len(some)):
                i, j = divmod(first + lane, columns)
                place = self.at(result, i * self.n + j)
                number = self.code.put(f"extractelement {self.vector} {sums}, i32 {lane}")
                if added:
                    held = self.code.put(f"load {self.kind}, ptr {place}, align {self.size}")
                    number = self.code.put(f"fadd {self.kind} {held}, {number}")
                self.code.lines.append(
                    f"  store {self.kind} {number}, ptr {place}, align {self.size}"
                )

    def summed(self, vectors: list[str]) -> str:
        """The sum of the lanes of each vector, side by side in one."""
        level = vectors + [vectors[-1]] * (self.lanes - len(vectors))
        evens, odds = list(range(0, 2 * self.lanes, 2)), list(range(1, 2 * self.lanes, 2))
        while len(level) > 1:
            made: dict[tuple[str, str], str] = {}
            for pair in zip(level[::2], level[1::2], strict=True):
                if pair not in made:
                    made[pair] = self.add(self.mixed(*pair, evens), self.mixed(*pair, odds))
            level = [made[pair] for pair in zip(level[::2], level[1::2], strict=True)]
        return level[0]


def fitting(count: int, most: int) -> int:
    """How many at a time, so that little is left over."""
    return min(range(1, most + 1), key=lambda r: (-(-count // r) * (r + 2) + (count % r > 0), -r))
