"""Small matrix products as a loop that keeps a tile of the result in registers."""

from __future__ import annotations

from autograd.programs.llvm import Code
from autograd.programs.tensor_operations import View
from autograd.programs.tensor_tails import load_part, store_part

__all__ = ["SMALL", "small_product"]

SMALL = 32_768
"""Multiply-adds up to which such a loop is faster than preparing a call of BLAS."""
TILE = 8
"""Vectors of the result that are added up at once: as many as hide the time that each takes."""


def small_product(
    name: str, code: Code, x: tuple[View, str], y: tuple[View, str], out: str, onto: bool
) -> str:
    """A function's text.

    Args:
        name: Of the function.
        code: What the addresses were written into; its lanes are those of a vector.
        x: A matrix (m, k) of float64, and the address of its first element.
        y: A matrix (k, n) without gaps in its rows, and its address.
        out: The address of the result, (m, n) without gaps.
        onto: Whether the product is added to what is there.
    """
    writer = _Writer(code, x, y, out, onto)
    (m, _), n = x[0].shape, y[0].shape[1]
    rows = max(1, TILE // -(-n // code.lanes))
    full, rest = divmod(m, rows)
    if full:
        writer.loop(full, rows)
    if rest:
        writer.tile(str(full * rows), rest)
    body = "\n".join(code.lines)
    return f"define internal void @{name}(ptr %table) noinline {{\n{body}\n  ret void\n}}\n"


class _Writer:
    def __init__(
        self, code: Code, x: tuple[View, str], y: tuple[View, str], out: str, onto: bool
    ) -> None:
        self.code, self.out, self.onto = code, out, onto
        (self.x, self.x_at), (self.y, self.y_at) = x, y
        self.n = self.y.shape[1]
        full, self.rest = divmod(self.n, code.lanes)
        self.blocks = full + (self.rest > 0)
        self.full = full
        self.labels = 0

    def at(self, base: str, index: str) -> str:
        return self.code.put(f"getelementptr double, ptr {base}, i64 {index}")

    def times(self, index: str, n: int) -> str:
        return self.code.put(f"mul i64 {index}, {n}")

    def load(self, base: str, block: int) -> str:
        """A vector of a row."""
        code = self.code
        place = self.at(base, str(block * code.lanes)) if block else base
        if block < self.full:
            return code.put(f"load {code.real}, ptr {place}, align 8")
        return load_part(code, "double", 8, place, self.rest)

    def store(self, value: str, base: str, block: int) -> None:
        code = self.code
        place = self.at(base, str(block * code.lanes)) if block else base
        if block < self.full:
            code.lines.append(f"  store {code.real} {value}, ptr {place}, align 8")
            return
        store_part(code, "double", 8, value, place, self.rest)

    def loop(self, count: int, rows: int) -> None:
        """Tiles of so many rows, one after another."""
        lines = self.code.lines
        lines += ["  br label %top", "top:", "  br label %tiles", "tiles:"]
        lines.append("  %tile = phi i64 [ 0, %top ], [ %tile.next, %tile.done ]")
        self.tile(self.times("%tile", rows), rows)
        lines += [
            "  br label %tile.done",
            "tile.done:",
            "  %tile.next = add i64 %tile, 1",
            f"  %tile.more = icmp slt i64 %tile.next, {count}",
            "  br i1 %tile.more, label %tiles, label %tiles.end",
            "tiles.end:",
        ]

    def tile(self, row: str, rows: int) -> None:
        """Some rows of the result, from one on."""
        code, lines = self.code, self.code.lines
        self.labels += 1
        tag = f"sum{self.labels}"
        first = self.at(self.x_at, self.times(row, self.x.strides[0]))
        starts = [self.at(first, str(i * self.x.strides[0])) if i else first for i in range(rows)]
        result = self.at(self.out, self.times(row, self.n))
        results = [self.at(result, str(i * self.n)) if i else result for i in range(rows)]
        tiles = [(i, block) for i in range(rows) for block in range(self.blocks)]
        begin = [
            self.load(results[i], block) if self.onto else code.operand(0.0) for i, block in tiles
        ]
        names = [f"%{tag}.{i}.{block}" for i, block in tiles]
        lines += [f"  br label %{tag}.top", f"{tag}.top:", f"  br label %{tag}", f"{tag}:"]
        place = len(lines)
        down = self.at(self.y_at, self.times(f"%{tag}.k", self.y.strides[0]))
        across = self.times(f"%{tag}.k", self.x.strides[1])
        vectors = [self.load(down, block) for block in range(self.blocks)]
        totals = []
        for i in range(rows):
            factor = code.load_spread(self.at(starts[i], across))
            for block in range(self.blocks):
                total = names[i * self.blocks + block]
                totals.append(code.fma(factor, vectors[block], total))
        lines += [
            f"  %{tag}.next = add i64 %{tag}.k, 1",
            f"  %{tag}.more = icmp slt i64 %{tag}.next, {self.x.shape[1]}",
            f"  br i1 %{tag}.more, label %{tag}, label %{tag}.end",
            f"{tag}.end:",
        ]
        phis = [f"  %{tag}.k = phi i64 [ 0, %{tag}.top ], [ %{tag}.next, %{tag} ]"]
        phis += [
            f"  {total} = phi {code.real} [ {start}, %{tag}.top ], [ {end}, %{tag} ]"
            for total, start, end in zip(names, begin, totals, strict=True)
        ]
        lines[place:place] = phis
        for (i, block), total in zip(tiles, totals, strict=True):
            self.store(total, results[i], block)
