"""The end of a row, shorter than a vector: it is read and written without what lies beyond."""

from __future__ import annotations

from collections.abc import Iterator

from autograd.programs.native.llvm import Code

SHORT = {"double": "f64", "float": "f32", "i8": "i8"}
"""How the names of LLVM's functions call elements."""

# Masked stores do the same in one instruction, which some processors take long for: on the one these
# were measured on, pieces made loops over rows of 10 numbers up to three times faster.


def pieces(width: int) -> Iterator[tuple[int, int]]:
    """Where each piece begins, and its length, a power of two."""
    start = 0
    while start < width:
        length = 1 << ((width - start).bit_length() - 1)
        yield start, length
        start += length


def shuffle(code: Code, kind: str, size: int, x: str, y: str, places: list[int]) -> str:
    """The lanes at `places` of two vectors of this size, one after the other."""
    lanes = ", ".join(f"i32 {place}" for place in places)
    typed = f"<{size} x {kind}>"
    return code.put(f"shufflevector {typed} {x}, {typed} {y}, <{len(places)} x i32> <{lanes}>")


def load_part(code: Code, kind: str, size: int, pointer: str, width: int, beyond: int = 0) -> str:
    """The first `width` lanes of a vector from memory.

    Args:
        code: Where to write, whose lanes are those of the vector.
        kind: How LLVM calls an element.
        size: The bytes of one.
        pointer: Where they are.
        width: How many there are.
        beyond: The number in the other lanes.
    """
    # In pieces, which are padded then, this goes wrong: LLVM 20 loses lanes of some such shuffles,
    # and takes 0 · x for 0 in lanes that are padded with 0, whatever x is. Where a processor has no
    # masked loads it makes pieces of this one too: what is divided by needs other numbers there.
    lanes, typed = code.lanes, f"<{code.lanes} x {kind}>"
    mask = ", ".join(f"i1 {int(lane < width)}" for lane in range(lanes))
    rest = ", ".join([f"{kind} {beyond if kind == 'i8' else float(beyond)}"] * lanes)
    return code.put(
        f"call {typed} @{masked(kind, lanes)}(ptr {pointer}, i32 {size}, "
        f"<{lanes} x i1> <{mask}>, {typed} <{rest}>)"
    )


def masked(kind: str, lanes: int) -> str:
    """The name of LLVM's function that reads some lanes of a vector."""
    return f"llvm.masked.load.v{lanes}{SHORT[kind]}.p0"


def declarations(text: str) -> str:
    """Declarations of the functions of `load_part` that a text calls."""
    found = ""
    for kind in SHORT:
        for lanes in (2, 4, 8, 16):
            typed = f"<{lanes} x {kind}>"
            if masked(kind, lanes) in text:
                found += (
                    f"declare {typed} @{masked(kind, lanes)}(ptr, i32, <{lanes} x i1>, {typed})\n"
                )
    return found


def store_part(code: Code, kind: str, size: int, value: str, pointer: str, width: int) -> None:
    """Write the first `width` lanes of a vector; the arguments are as for `load_part`."""
    for start, length in pieces(width):
        place = pointer
        if start:
            place = code.put(f"getelementptr {kind}, ptr {pointer}, i64 {start}")
        spots = list(range(start, start + length))
        part = shuffle(code, kind, code.lanes, value, "poison", spots)
        code.lines.append(f"  store <{length} x {kind}> {part}, ptr {place}, align {size}")
