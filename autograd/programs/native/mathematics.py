"""The elementwise rows as LLVM instructions: what each computes, to a few units in the last place."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from autograd.programs.native.llvm import Code, Operand

inf, nan = math.inf, math.nan
LN2, LN10 = math.log(2), math.log(10)
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
"""ln 2 in two parts, the first with zeros at the end, so that its whole multiples are exact."""

MAGIC = 1.5 * 2.0**52
"""Added to a number, it rounds it to a whole one, which then stands in the low bits."""
MAGIC_BITS = 0x4338000000000000
ROOT_HALF_BITS = 0x3FE6A09E667F3BCD

EXPONENTIAL = [1 / math.factorial(n) for n in range(2, 14)]
"""(eʳ − 1 − r) / r² for |r| ≤ ½ ln 2, by Taylor's series."""


class Format(NamedTuple):
    """What exponentials need to know of numbers of one kind."""

    magic: float
    magic_bits: int
    bias: int
    shift: int
    high: float  # ln 2 in two parts, again
    low: float
    terms: int  # of the series
    least: float  # from where eˣ is 0, and infinite
    most: float


FORMATS = {
    "double": Format(MAGIC, MAGIC_BITS, 1023, 52, LN2_HIGH, LN2_LOW, 12, -746.0, 710.0),
    "float": Format(
        1.5 * 2.0**23, 0x4B400000, 127, 23, 0.693359375, -2.12194440e-4, 6, -104.0, 89.0
    ),
}
LOGARITHM = [
    *(6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01),
    *(2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01),
    1.479819860511658591e-01,
]
"""fdlibm's polynomial for ln((1 + s) / (1 − s)), by s²."""

ERROR_NEAR = [
    2 / math.sqrt(math.pi) * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(18)
]
"""erf(x) / x for |x| ≤ 1, by Taylor's series in x²."""
ERROR_FAR = [
    *(0.25539567631050575, -0.4271858474139599, 0.24165819424254123, -0.07897858101565235),
    *(0.0037328923963321973, 0.00699746174933298, -0.0008471429567511928, -0.0009819776966060404),
    *(4.355076691221717e-05, 0.0001743754564957126, 2.756253987420967e-05, -2.7718632878274524e-05),
    *(-1.407789182013879e-05, 2.0279259568465804e-06, 3.743498418233282e-06),
]
"""exp(x²) erfc(x) for 1 ≤ x ≤ 6, interpolated at Chebyshev's points of (x − 2) / (x + 2)."""


ERROR_FARTHER = [
    *(0.15719428104730335, -0.18881965316755436, 0.0652694225202616, -0.015229556143616606),
    *(0.0014973422133469836, 0.00033722761805261175, -0.000107670300437346),
    *(-1.228235328331329e-05, 7.3203799061284364e-06, 9.892399662012185e-07),
    *(-5.42654691877343e-07, -1.279887187845525e-07, 3.72233780412823e-08),
    *(1.7677384730912668e-08, -1.141863886909004e-09, -2.171502178819116e-09),
    *(-2.9419498565747864e-10, 2.0421458042691747e-10, 7.449665169337323e-11),
    *(-1.0739235953341692e-11, -7.494036283480008e-12),
]
"""The same for 1 ≤ x ≤ 28, where erfc ends, by (5/3) (x − 2) / (x + 2) − 4/9."""


# --- exponentials ---------------------------------------------------------------------------------


def _limited(c: Code, x: Operand, low: float, high: float) -> str:
    x = c.select(c.compare("ogt", x, high), high, x)
    return c.select(c.compare("olt", x, low), low, x)


def _power_of_two(c: Code, k: str) -> str:
    form = FORMATS[c.kind]
    return c.number(c.whole_two("shl", c.whole_two("add", k, form.bias), form.shift))


def _split(c: Code, x: Operand) -> tuple[str, str]:
    """k and eʳ − 1, where x = k ln 2 + r."""
    form = FORMATS[c.kind]
    shifted = c.fma(x, 1 / LN2, form.magic)
    n = c.sub(shifted, form.magic)
    r = c.fma(n, -form.low, c.fma(n, -form.high, x))
    k = c.whole_two("sub", c.bits(shifted), form.magic_bits)
    return k, c.fma(c.mul(r, r), c.polynomial(r, EXPONENTIAL[: form.terms]), r)


def _scaled(c: Code, x: str, k: str) -> str:
    """x 2ᵏ in two steps, so that what overflows or is subnormal is rounded once."""
    half = c.whole_two("ashr", k, 1)
    return c.mul(c.mul(x, _power_of_two(c, half)), _power_of_two(c, c.whole_two("sub", k, half)))


def exp(c: Code, x: Operand) -> str:
    """eˣ."""
    k, p = _split(c, _limited(c, x, FORMATS[c.kind].least, FORMATS[c.kind].most))
    return _scaled(c, c.add(p, 1.0), k)


def exp2(c: Code, x: Operand) -> str:
    """2ˣ."""
    x = _limited(c, x, -1076.0, 1025.0)
    shifted = c.add(x, MAGIC)
    k = c.whole_two("sub", c.bits(shifted), MAGIC_BITS)
    r = c.mul(c.sub(x, c.sub(shifted, MAGIC)), LN2)
    p = c.fma(c.mul(r, r), c.polynomial(r, EXPONENTIAL), r)
    return _scaled(c, c.add(p, 1.0), k)


def expm1(c: Code, x: Operand) -> str:
    """eˣ − 1."""
    k, p = _split(c, _limited(c, x, -746.0, 710.0))
    large = c.sub(_scaled(c, c.add(p, 1.0), k), 1.0)
    scale = _power_of_two(c, k)
    near = c.fma(p, scale, c.sub(scale, 1.0))
    out = c.select(c.compare("olt", c.intrinsic("fabs", x), 30.0), near, large)
    return c.select(c.compare("oeq", x, 0.0), x, out)  # −0 stays −0


def _small_expm1(c: Code, x: Operand) -> str:
    """eˣ − 1 for x in [−50, 0]."""
    k, p = _split(c, x)
    scale = _power_of_two(c, k)
    return c.fma(p, scale, c.sub(scale, 1.0))


def tanh(c: Code, x: Operand) -> str:
    """tanh |x| = −t / (2 + t) with t = e⁻²ˣ − 1."""
    size = c.intrinsic("fabs", x)
    size = c.select(c.compare("ogt", size, 25.0), 25.0, size)
    t = _small_expm1(c, c.mul(size, -2.0))
    return c.intrinsic("copysign", c.div(t, c.add(t, 2.0)), x)


def sigmoid(c: Code, x: Operand) -> str:
    """1 / (1 + e⁻ˣ)."""
    e = exp(c, c.neg(c.intrinsic("fabs", x)))
    return c.div(c.select(c.compare("ogt", x, 0.0), 1.0, e), c.add(e, 1.0))


def erf(c: Code, x: Operand) -> str:
    """A series near 0; farther out 1 − exp(−x²) times a polynomial. Beyond 6 it is 1."""
    size = c.intrinsic("fabs", x)
    size = c.select(c.compare("ogt", size, 6.0), 6.0, size)
    square = c.mul(size, size)
    near = c.mul(c.polynomial(square, ERROR_NEAR), size)
    t = c.div(c.sub(size, 2.0), c.add(size, 2.0))
    k, p = _split(c, c.neg(square))
    falling = c.fma(p, _power_of_two(c, k), _power_of_two(c, k))
    far = c.sub(1.0, c.mul(falling, c.polynomial(t, ERROR_FAR)))
    out = c.select(c.compare("olt", size, 1.0), near, far)
    return c.intrinsic("copysign", out, x)


def erfc(c: Code, x: Operand) -> str:
    """1 − erf x near 0; farther out exp(−x²) times a polynomial, x² being taken to twice the digits."""
    size = c.intrinsic("fabs", x)
    size = c.select(c.compare("ogt", size, 28.0), 28.0, size)
    square = c.mul(size, size)
    signed = c.intrinsic("copysign", size, x)
    near = c.sub(1.0, c.mul(c.polynomial(square, ERROR_NEAR), signed))
    lost = c.fma(size, size, c.neg(square))
    falling = exp(c, c.neg(square))
    falling = c.sub(falling, c.mul(falling, lost))
    t = c.fma(c.div(c.sub(size, 2.0), c.add(size, 2.0)), 5 / 3, -4 / 9)
    far = c.mul(falling, c.polynomial(t, ERROR_FARTHER))
    far = c.select(c.compare("olt", x, 0.0), c.sub(2.0, far), far)
    return c.select(c.compare("olt", size, 1.0), near, far)


# --- logarithms -----------------------------------------------------------------------------------


def _log_parts(c: Code, x: Operand) -> tuple[str, str, str, str]:
    """k, f, f²/2 and s (f²/2 + R), where x = 2ᵏ (1 + f) and ln(1 + f) = f − f²/2 + s (f²/2 + R)."""
    tiny = c.compare("olt", x, 2.0**-1022)
    bits = c.bits(c.select(tiny, c.mul(x, 2.0**54), x))
    k = c.whole_two("ashr", c.whole_two("sub", bits, ROOT_HALF_BITS), 52)
    m = c.number(c.whole_two("sub", bits, c.whole_two("shl", k, 52)))
    n = c.sub(c.number(c.whole_two("add", k, MAGIC_BITS)), MAGIC)
    n = c.sub(n, c.select(tiny, 54.0, 0.0))
    f = c.sub(m, 1.0)
    s = c.div(f, c.add(f, 2.0))
    z = c.mul(s, s)
    half = c.mul(c.mul(f, f), 0.5)
    return n, f, half, c.mul(s, c.fma(z, c.polynomial(z, LOGARITHM), half))


def _log_edges(c: Code, x: Operand, out: str) -> str:
    out = c.select(c.compare("oeq", x, inf), inf, out)
    outside = c.select(c.compare("oeq", x, 0.0), -inf, nan)
    return c.select(c.compare("ogt", x, 0.0), out, outside)


def log(c: Code, x: Operand) -> str:
    """ln x."""
    n, f, half, rest = _log_parts(c, x)
    low = c.sub(c.sub(half, c.fma(n, LN2_LOW, rest)), f)
    return _log_edges(c, x, c.sub(c.mul(n, LN2_HIGH), low))


def _log_in_base(c: Code, x: Operand, whole: float, part: float) -> str:
    n, f, half, rest = _log_parts(c, x)
    out = c.fma(n, whole, c.mul(c.sub(f, c.sub(half, rest)), part))
    return _log_edges(c, x, out)


def log1p(c: Code, x: Operand) -> str:
    """ln u for u = 1 + x, and what rounding u lost."""
    u = c.add(x, 1.0)
    lost = c.div(c.sub(x, c.sub(u, 1.0)), u)
    inside = c.both("and", c.compare("ogt", u, 0.0), c.compare("olt", u, inf))
    out = c.add(log(c, u), c.select(inside, lost, 0.0))
    return c.select(c.compare("oeq", x, 0.0), x, out)


def softplus(c: Code, x: Operand) -> str:
    """max(x, 0) + ln(1 + e⁻ˡˣˡ)."""
    e = exp(c, c.neg(c.intrinsic("fabs", x)))
    return c.add(c.select(c.compare("ogt", x, 0.0), x, 0.0), log1p(c, e))


def logaddexp(c: Code, x: Operand, y: Operand) -> str:
    """The larger, and ln(1 + e⁻ˡˣ⁻ʸˡ)."""
    d = c.sub(x, y)
    larger = c.select(c.compare("ogt", d, 0.0), x, y)
    out = c.add(larger, log1p(c, exp(c, c.neg(c.intrinsic("fabs", d)))))
    return c.select(c.compare("oeq", x, y), c.add(x, LN2), out)  # also both infinite


# --- steps and choices ----------------------------------------------------------------------------


def sign(c: Code, x: Operand) -> str:
    """−1, 0 or 1."""
    below = c.select(c.compare("olt", x, 0.0), -1.0, c.add(x, 0.0))
    return c.select(c.compare("ogt", x, 0.0), 1.0, below)


def relu(c: Code, x: Operand) -> str:
    """max(x, 0), and nan for nan: one instruction, whose second operand wins where one is nan."""
    return c.select(c.compare("ugt", x, 0.0), x, 0.0)


def hinge(c: Code, x: Operand, y: Operand) -> str:
    """max(1 − x y, 0), rounded twice as eagerly: at a margin of 1 the derivative jumps."""
    return relu(c, c.two("fsub", 1.0, c.two("fmul", x, y)))


def maximum(c: Code, x: Operand, y: Operand, predicate: str = "ogt") -> str:
    """The larger of two numbers; nan if either is."""
    # With a number on one side the other alone can be nan.
    if isinstance(y, float) and y == y:
        return c.select(c.compare(f"u{predicate[1:]}", x, y), x, y)
    if isinstance(x, float) and x == x:
        return c.select(c.compare(f"u{predicate[1:]}", y, x), y, x)
    larger = c.select(c.compare(predicate, x, y), x, y)
    return c.select(c.compare("uno", x, 0.0), x, larger)


def clip_between(c: Code, x: Operand, low: Operand, high: Operand) -> str:
    """x limited to [low, high]; nan if any is."""
    x = c.select(c.compare("olt", x, low), low, x)
    x = c.select(c.compare("ogt", x, high), high, x)
    return c.select(c.compare("uno", low, high), nan, x)


def _quotient(c: Code, x: Operand, y: Operand) -> tuple[str, str]:
    """NumPy's divmod: fmod, moved to the sign of y, and the quotient snapped to a whole number."""
    left = c.library("fmod", x, y)
    quotient = c.div(c.sub(x, left), y)
    negative = c.put(
        f"xor {c.truth_type} {c.compare('olt', y, 0.0)}, {c.compare('olt', left, 0.0)}"
    )
    moved = c.both("and", c.compare("une", left, 0.0), negative)
    remainder = c.select(moved, c.add(left, y), left)
    zero = c.intrinsic("copysign", 0.0, y)
    remainder = c.select(c.compare("oeq", left, 0.0), zero, remainder)
    remainder = c.select(c.compare("oeq", y, 0.0), left, remainder)
    plain = c.div(x, y)
    quotient = c.select(moved, c.sub(quotient, 1.0), quotient)
    down = c.intrinsic("floor", quotient)
    snapped = c.select(c.compare("ogt", c.sub(quotient, down), 0.5), c.add(down, 1.0), down)
    zero = c.intrinsic("copysign", 0.0, plain)
    snapped = c.select(c.compare("oeq", quotient, 0.0), zero, snapped)
    return c.select(c.compare("oeq", y, 0.0), plain, snapped), remainder


def half_power(c: Code, x: Operand) -> str:
    """x to the power of one half, which differs from the root at −0 and at −inf."""
    return c.select(c.compare("oeq", x, -inf), inf, c.intrinsic("sqrt", c.add(x, 0.0)))


COMPARISONS = {
    "less": "olt",
    "less_equal": "ole",
    "greater": "ogt",
    "greater_equal": "oge",
    "equal": "oeq",
    "not_equal": "une",
}


def _comparison(predicate: str) -> Callable[..., str]:
    return lambda c, x, y: c.indicator(c.compare(predicate, x, y))


def _connective(operation: str) -> Callable[..., str]:
    return lambda c, x, y: c.indicator(c.both(operation, c.truth(x), c.truth(y)))


def _of_library(name: str) -> Callable[..., str]:
    return lambda c, *xs: c.library(name, *xs)


ROWS: dict[str, tuple[int, Callable[..., str]]] = {
    "add": (2, Code.add),
    "sub": (2, Code.sub),
    "mul": (2, Code.mul),
    "div": (2, Code.div),
    "neg": (1, Code.neg),
    "fma": (3, Code.fma),
    "identity": (1, lambda c, x: c.operand(x)),
    "reciprocal": (1, lambda c, x: c.div(1.0, x)),
    "square": (1, lambda c, x: c.mul(x, x)),
    "sqrt": (1, lambda c, x: c.intrinsic("sqrt", x)),
    "half_power": (1, half_power),
    "abs": (1, lambda c, x: c.intrinsic("fabs", x)),
    "sign": (1, sign),
    "floor": (1, lambda c, x: c.intrinsic("floor", x)),
    "ceil": (1, lambda c, x: c.intrinsic("ceil", x)),
    "floor_divide": (2, lambda c, x, y: _quotient(c, x, y)[0]),
    "remainder": (2, lambda c, x, y: _quotient(c, x, y)[1]),
    "relu": (1, relu),
    "hinge": (2, hinge),
    "maximum": (2, maximum),
    "minimum": (2, lambda c, x, y: maximum(c, x, y, "olt")),
    "clip_between": (3, clip_between),
    "where": (3, lambda c, condition, x, y: c.select(c.truth(condition), x, y)),
    "indicator": (2, lambda c, condition, like: c.indicator(c.truth(condition))),
    "logical_and": (2, _connective("and")),
    "logical_or": (2, _connective("or")),
    **{name: (2, _comparison(predicate)) for name, predicate in COMPARISONS.items()},
    "exp": (1, exp),
    "exp2": (1, exp2),
    "expm1": (1, expm1),
    "log": (1, log),
    "log1p": (1, log1p),
    "log2": (1, lambda c, x: _log_in_base(c, x, 1.0, 1 / LN2)),
    "log10": (1, lambda c, x: _log_in_base(c, x, LN2 / LN10, 1 / LN10)),
    "tanh": (1, tanh),
    "sigmoid": (1, sigmoid),
    "softplus": (1, softplus),
    "logaddexp": (2, logaddexp),
    "pow": (2, _of_library("pow")),
    "cbrt": (1, _of_library("cbrt")),
    "sin": (1, _of_library("sin")),
    "cos": (1, _of_library("cos")),
    "tan": (1, _of_library("tan")),
    "arcsin": (1, _of_library("asin")),
    "arccos": (1, _of_library("acos")),
    "arctan": (1, _of_library("atan")),
    "arctan2": (2, _of_library("atan2")),
    "hypot": (2, _of_library("hypot")),
    "sinh": (1, _of_library("sinh")),
    "cosh": (1, _of_library("cosh")),
    "arcsinh": (1, _of_library("asinh")),
    "arccosh": (1, _of_library("acosh")),
    "arctanh": (1, _of_library("atanh")),
    "erf": (1, erf),
    "erfc": (1, erfc),
}
"""Name: how many numbers it takes, and what writes it.

These are what a processor is asked for: its instructions and choices, and the functions that it lacks.
Some are formulas of others all the same, as every other row's are, which is taken apart: sigmoid,
softplus and logaddexp are one opcode each where a plan is bytecode; hinge must not be rounded once, as a
fused multiply-add would; reciprocal and square are what known powers become.
"""

SINGLE = frozenset(
    ("add", "sub", "mul", "div", "neg", "fma", "identity", "reciprocal", "square", "sqrt", "abs")
    + ("sign", "relu", "hinge", "maximum", "minimum", "where", "indicator", "clip_between")
    + ("logical_and", "logical_or", *COMPARISONS, "exp", "tanh", "sigmoid")
)
"""Rows that can be written for float32."""

HEAVY = frozenset(
    ("exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "tanh", "sigmoid", "softplus")
    + ("logaddexp", "erf", "erfc", "floor_divide", "remainder")
)
"""Rows of many instructions: where there are many of them, each becomes a function that is called."""
