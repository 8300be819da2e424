"""LLVM text: a small writer of instructions on numbers, or on vectors of numbers, one per lane."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence

Operand = str | float
"""The name of a result, or a number."""

LIBRARY: dict[str, int] = {
    **dict.fromkeys(("acosh", "acos", "asinh", "asin", "atanh", "atan", "cbrt", "cosh"), 1),
    **dict.fromkeys(("sinh", "sin", "cos", "tan"), 1),
    **dict.fromkeys(("atan2", "fmod", "hypot", "pow"), 2),
}
"""Functions of the C library that are called lane by lane, and how many numbers each takes."""


def literal(number: float, kind: str = "double") -> str:
    """A number as LLVM writes it: the bits as a double, so that nothing is lost but by rounding."""
    if kind == "float":
        number = ctypes.c_float(number).value
    return f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"


class Code:
    """The text of one basic block or more; every method adds an instruction and names its result.

    With ``lanes=0`` a result is a number; otherwise it is a vector of that many. Functions of the
    C library take doubles.
    """

    def __init__(self, lanes: int, prefix: str = "v", kind: str = "double") -> None:
        self.lanes, self.kind = lanes, kind
        self.lines: list[str] = []
        self.called: set[str] = set()
        self._prefix = prefix
        self._count = 0
        self._truths: dict[str, str] = {}
        self.real = f"<{lanes} x {kind}>" if lanes else kind
        self.integral = "i32" if kind == "float" else "i64"
        self.whole = f"<{lanes} x {self.integral}>" if lanes else self.integral
        self.truth_type = f"<{lanes} x i1>" if lanes else "i1"
        self.suffix = "f32" if kind == "float" else "f64"
        if lanes:
            self.suffix = f"v{lanes}{self.suffix}"

    # --- writing ----------------------------------------------------------------------------------

    def put(self, text: str) -> str:
        """Add an instruction that has a result."""
        self._count += 1
        name = f"%{self._prefix}{self._count}"
        self.lines.append(f"  {name} = {text}")
        return name

    def operand(self, x: Operand) -> str:
        """A result's name, or a number in every lane."""
        if isinstance(x, str):
            return x
        number = literal(x, self.kind)
        return f"splat ({self.kind} {number})" if self.lanes else number

    def integer(self, n: int) -> str:
        """A whole number in every lane."""
        return f"splat ({self.integral} {n})" if self.lanes else str(n)

    def two(self, operation: str, x: Operand, y: Operand) -> str:
        """An instruction on two numbers."""
        return self.put(f"{operation} {self.real} {self.operand(x)}, {self.operand(y)}")

    def call(self, function: str, *arguments: Operand) -> str:
        """A call of a function on this code's kind of numbers."""
        self.called.add(function)
        passed = ", ".join(f"{self.real} {self.operand(x)}" for x in arguments)
        return self.put(f"call contract {self.real} @{function}({passed})")

    def intrinsic(self, name: str, *arguments: Operand) -> str:
        """A call of one of LLVM's own functions."""
        return self.call(f"llvm.{name}.{self.suffix}", *arguments)

    def library(self, name: str, *arguments: Operand) -> str:
        """A call of the C library's function for every lane."""
        return self.call(f"lanes.{name}.{self.suffix}", *arguments)

    # --- arithmetic -------------------------------------------------------------------------------
    # `contract` lets LLVM join a product with a sum, and nothing else: inf and nan stay as in IEEE 754.

    def add(self, x: Operand, y: Operand) -> str:
        """x + y."""
        return self.two("fadd contract", x, y)

    def sub(self, x: Operand, y: Operand) -> str:
        """x − y."""
        return self.two("fsub contract", x, y)

    def mul(self, x: Operand, y: Operand) -> str:
        """x · y."""
        return self.two("fmul contract", x, y)

    def div(self, x: Operand, y: Operand) -> str:
        """x / y."""
        return self.two("fdiv contract", x, y)

    def neg(self, x: Operand) -> str:
        """−x."""
        return self.put(f"fneg {self.real} {self.operand(x)}")

    def fma(self, x: Operand, y: Operand, z: Operand) -> str:
        """x · y + z, rounded once where the processor can."""
        return self.intrinsic("fmuladd", x, y, z)

    def polynomial(self, x: Operand, coefficients: Sequence[float]) -> Operand:
        """Σ cᵢ xⁱ by Horner's rule."""
        out: Operand = coefficients[-1]
        for c in reversed(coefficients[:-1]):
            out = self.fma(x, out, c)
        return out

    # --- truth ------------------------------------------------------------------------------------

    def compare(self, predicate: str, x: Operand, y: Operand) -> str:
        """A truth value; predicates that start with u are true of nan."""
        return self.put(f"fcmp {predicate} {self.real} {self.operand(x)}, {self.operand(y)}")

    def select(self, truth: str, x: Operand, y: Operand) -> str:
        """x where true, else y."""
        real = self.real
        return self.put(
            f"select {self.truth_type} {truth}, {real} {self.operand(x)}, {real} {self.operand(y)}"
        )

    def indicator(self, truth: str) -> str:
        """1 where true, else 0; it remembers the truth value that it came from."""
        out = self.select(truth, 1.0, 0.0)
        self._truths[out] = truth
        return out

    def truth(self, x: Operand) -> str:
        """Whether a number is not 0, as Python and NumPy see it: nan is true."""
        known = self._truths.get(x) if isinstance(x, str) else None
        return known or self.compare("une", x, 0.0)

    def both(self, operation: str, a: str, b: str) -> str:
        """``and`` or ``or`` of truth values."""
        return self.put(f"{operation} {self.truth_type} {a}, {b}")

    # --- bits -------------------------------------------------------------------------------------

    def bits(self, x: Operand) -> str:
        """The bits of a number as a whole number."""
        return self.put(f"bitcast {self.real} {self.operand(x)} to {self.whole}")

    def number(self, bits: str) -> str:
        """The number that has these bits."""
        return self.put(f"bitcast {self.whole} {bits} to {self.real}")

    def whole_two(self, operation: str, x: str, y: str | int) -> str:
        """An instruction on two whole numbers."""
        second = y if isinstance(y, str) else self.integer(y)
        return self.put(f"{operation} {self.whole} {x}, {second}")

    # --- memory -----------------------------------------------------------------------------------

    def place(self, base: str, index: int) -> str:
        """The address of the double at a fixed index."""
        return self.put(f"getelementptr double, ptr {base}, i64 {index}") if index else base

    def load(self, address: str) -> str:
        """The number, or vector, at an address."""
        return self.put(f"load {self.real}, ptr {address}, align {8 * max(1, self.lanes)}")

    def store(self, x: Operand, address: str) -> None:
        """Write a number, or vector, to an address."""
        align = 8 * max(1, self.lanes)
        self.lines.append(f"  store {self.real} {self.operand(x)}, ptr {address}, align {align}")

    def spread(self, number: str) -> str:
        """One number in every lane."""
        if not self.lanes:
            return number
        first = self.put(f"insertelement {self.real} poison, {self.kind} {number}, i32 0")
        zeros = f"<{self.lanes} x i32> zeroinitializer"
        return self.put(f"shufflevector {self.real} {first}, {self.real} poison, {zeros}")

    def load_spread(self, address: str) -> str:
        """The one number at an address, in every lane."""
        return self.spread(self.put(f"load double, ptr {address}, align 8"))


def _by_lanes(name: str, arity: int, lanes: int) -> str:
    """A function on vectors that calls the C library for each lane."""
    code = Code(lanes)
    names = [f"%x{i}" for i in range(arity)]
    if not lanes:
        out = code.put(f"call double @{name}({', '.join(f'double {x}' for x in names)})")
    else:
        out = "poison"
        for lane in range(lanes):
            each = [code.put(f"extractelement {code.real} {x}, i32 {lane}") for x in names]
            y = code.put(f"call double @{name}({', '.join(f'double {x}' for x in each)})")
            out = code.put(f"insertelement {code.real} {out}, double {y}, i32 {lane}")
    head = ", ".join(f"{code.real} {x}" for x in names)
    body = "\n".join(code.lines)
    return (
        f"define internal {code.real} @lanes.{name}.{code.suffix}({head}) noinline {{\n"
        f"{body}\n  ret {code.real} {out}\n}}\n"
    )


def symbols(called: set[str]) -> str:
    """Declarations of LLVM's functions that were called, and definitions of those by lanes."""
    text, needed = [], set()
    for function in sorted(called):
        kind, _, rest = function.partition(".")
        name, _, suffix = rest.rpartition(".")
        lanes = int(suffix[1:-3]) if suffix.startswith("v") else 0
        number = "float" if suffix.endswith("f32") else "double"
        real = f"<{lanes} x {number}>" if lanes else number
        if kind == "llvm":
            arity = {"fmuladd": 3, "copysign": 2}.get(name, 1)
            text.append(f"declare {real} @{function}({', '.join([real] * arity)})\n")
        elif kind == "lanes":
            needed.add(name)
            text.append(_by_lanes(name, LIBRARY[name], lanes))
    for name in sorted(needed):
        text.append(f"declare double @{name}({', '.join(['double'] * LIBRARY[name])})\n")
    return "".join(text)
