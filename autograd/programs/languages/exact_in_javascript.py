"""JavaScript that gives the digits the engine does.

The exponential of most browsers is another double than the C library's for one argument in ten, and a
difference in the last digit grows on its way. Some browsers call the C library themselves. So a program
asks first (`Probe`): where 200 of a browser's numbers have the bits of the engine's, its function is
used. Elsewhere these are, which are rounded rightly, as the C library's but for one argument in a
thousand: they compute with twice as many digits, as sums of two doubles, and round at the end.

What the C library itself gives to fewer digits (`tanh`, `expm1`, `log1p`) browsers compute by the same
formulas, and it stays theirs. `erf` and `erfc` are such as well, in most C libraries, but browsers have
none: the formulas are here. Sums add in the order of NumPy's. Not to be had are the C library's own
errors in `cbrt`, where a browser does not call it.
"""

from __future__ import annotations

import functools
import math
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import factorial
from typing import NamedTuple

from autograd.programs.languages.in_javascript import JavaScript
from autograd.programs.planning.plan import Instruction, Plan

LN2 = (0.6931471805599453, 2.3190468138462996e-17)
HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)
TWO_OVER_SQRT_PI = (1.1283791670955126, 1.533545961316588e-17)
LOG10_OF_2 = (0.30102999566361177, 3.694239077158931e-13)
"""Constants as sums of doubles. The first part of the last is short: products with it are exact."""


def series(name: str, coefficients: Sequence[Fraction], pairs: int) -> str:
    """Coefficients for `series`: the first ones to twice the digits, those after them not."""
    tail = [float(c) for c in reversed(coefficients[pairs:])]
    head = [(float(c), float(c - Fraction(float(c)))) for c in reversed(coefficients[:pairs])]
    pairs_of = [repr(x) for pair in head for x in pair]
    return f"const {name} = [[{', '.join(map(repr, tail))}],\n  [{', '.join(pairs_of)}]];"


EXP_SERIES = series("exp_series", [Fraction(1, factorial(i)) for i in range(9)], 5)
LOG_SERIES = series("log_series", [Fraction(2, 2 * i + 1) for i in range(15)], 5)
SIN_SERIES = series("sin_series", [Fraction((-1) ** i, factorial(2 * i + 1)) for i in range(11)], 6)
COS_SERIES = series("cos_series", [Fraction((-1) ** i, factorial(2 * i)) for i in range(12)], 6)

ERF_NEAR = (
    (
        *(0.128379167095512558561, -0.325042107247001499370, -0.0284817495755985104766),
        *(-0.00577027029648944159157, -2.37630166566501626084e-5),
    ),
    (
        *(1.0, 0.397917223959155352819, 0.0650222499887672944485, 0.00508130628187576562776),
        *(1.32494738004321644526e-4, -3.96022827877536812320e-6),
    ),
)
ERF_AT_1 = (
    (
        *(-0.00236211856075265944077, 0.414856118683748331666, -0.372207876035701323847),
        *(0.318346619901161753674, -0.110894694282396677476, 0.0354783043256182359371),
        -0.00216637559486879084300,
    ),
    (
        *(1.0, 0.106420880400844228286, 0.540397917702171048937, 0.0718286544141962662868),
        *(0.126171219808761642112, 0.0136370839120290507362, 0.0119844998467991074170),
    ),
)
ERFC_FAR = (
    (
        *(-0.00986494403484714822705, -0.693858572707181764372, -10.5586262253232909814),
        *(-62.3753324503260060396, -162.396669462573470355, -184.605092906711035994),
        *(-81.2874355063065934246, -9.81432934416914548592),
    ),
    (
        *(1.0, 19.6512716674392571292, 137.657754143519042600, 434.565877475229228821),
        *(645.387271733267880336, 429.008140027567833386, 108.635005541779435134),
        *(6.57024977031928170135, -0.0604244152148580987438),
    ),
)
ERFC_FARTHER = (
    (
        *(-0.00986494292470009928597, -0.799283237680523006574, -17.7579549177547519889),
        *(-160.636384855821916062, -637.566443368389627722, -1025.09513161107724954),
        -483.519191608651397019,
    ),
    (
        *(1.0, 30.3380607434824582924, 325.792512996573918826, 1536.72958608443695994),
        *(3199.85821950859553908, 2553.05040643316442583, 474.528541206955367215),
        -22.4409524465858183362,
    ),
)
ERF_1 = 0.845062911510467529297
"""Approximations by ratios of polynomials, after W. J. Cody ("Rational Chebyshev approximations for the
error function", 1969), with the coefficients of Sun's fdlibm (1993); and nearly erf(1)."""


def ratio(name: str, polynomials: Sequence[Sequence[float]]) -> str:
    """Coefficients for `ratio`."""
    return f"const {name} = {list(map(list, polynomials))};"


HELPERS: Mapping[str, str] = {
    "low": """// A number of twice the digits is a sum of two doubles, x and xl. A function returns the
// one, and leaves the other in `low`.
let low = 0;""",
    "plus": """const plus = (x, xl, y, yl) => {
  const s = x + y, z = s - x, rest = x - (s - z) + (y - z) + (xl + yl), all = s + rest;
  low = s - all + rest;
  return all;
};""",
    "times": """const times = (x, xl, y, yl) => {
  const a = 134217729 * x, b = 134217729 * y;  // 2^27 + 1: the halves have half the digits
  const p = x * y, xh = a - (a - x), yh = b - (b - y), xt = x - xh, yt = y - yh;
  const rest = xt * yt - (p - xh * yh - xt * yh - xh * yt) + (x * yl + xl * y), all = p + rest;
  low = p - all + rest;
  return all;
};""",
    "over": """const over = (x, xl, y, yl) => {
  const q = x / y, rest = (x - times(q, 0, y, yl) - low + xl) / y, all = q + rest;
  low = q - all + rest;
  return all;
};""",
    "root": """const root = (x, xl) => {
  const r = Math.sqrt(x), rest = (x - times(r, 0, r, 0) - low + xl) / (2 * r), all = r + rest;
  low = r - all + rest;
  return all;
};""",
    "series": """const series = (x, xl, [tail, head]) => {
  let all = 0;
  for (let i = 0; i < tail.length; i++) all = all * x + tail[i];
  low = 0;
  for (let i = 0; i < head.length; i += 2)
    all = plus(times(all, low, x, xl), low, head[i], head[i + 1]);
  return all;
};""",
    "scaled": """// x 2^k, in two steps that do not overflow
const scaled = (x, k) => x * 2 ** (k >> 1) * 2 ** (k - (k >> 1));""",
    "exp_of": f"""// e^(x - k ln 2) is the 64th power of a number close to 1
{EXP_SERIES}
const exp_of = (x, xl) => {{
  const k = Math.round(x / {LN2[0]}), r = plus(x, xl, times(-k, 0, {LN2[0]}, {LN2[1]}), low);
  let power = series(r / 64, low / 64, exp_series);
  for (let i = 0; i < 6; i++) power = times(power, low, power, low);
  low = scaled(low, k);
  return scaled(power, k);
}};""",
    "exp": """const exp = x => x > 710 ? Infinity : x < -746 ? 0 : x === x ? exp_of(x, 0) : x;""",
    "log_of": f"""// of x = m 2^k; ln m is 2 artanh((m - 1) / (m + 1))
{LOG_SERIES}
const log_of = x => {{
  const k = Math.round(Math.log2(x)), m = scaled(x, -k);
  const s = over(m - 1, 0, plus(1, 0, m, 0), low), sl = low;
  const y = times(s, sl, series(times(s, sl, s, sl), low, log_series), low), yl = low;
  return plus(times(k, 0, {LN2[0]}, {LN2[1]}), low, y, yl);
}};""",
    "log": """const log = x => x > 0 && x < Infinity ? log_of(x) : Math.log(x);""",
    "log2": f"""const log2 = x =>
  x > 0 && x < Infinity ? over(log_of(x), low, {LN2[0]}, {LN2[1]}) : Math.log2(x);""",
    "log10": f"""// of log, as the C library's
const log10 = x => {{
  if (!(x > 0 && x < Infinity)) return Math.log10(x);
  const k = Math.floor(Math.log2(x)) + (x < 1);
  return k * {LOG10_OF_2[1]} + Math.LOG10E * log(scaled(x, -k)) + k * {LOG10_OF_2[0]};
}};""",
    "raised": """const raised = (x, y) => {
  const near = Math.pow(x, y);
  if (!(x !== 0 && Math.abs(x) < Infinity && near !== 0 && Math.abs(near) < Infinity)) return near;
  const exact = exp_of(times(log_of(Math.abs(x)), low, y, 0), low);
  return near < 0 ? -exact : exact;
};""",
    "sin_of": f"""// up to a quarter turn
{SIN_SERIES}
const sin_of = (x, xl) => times(x, xl, series(times(x, xl, x, xl), low, sin_series), low);""",
    "cos_of": f"""// likewise
{COS_SERIES}
const cos_of = (x, xl) => series(times(x, xl, x, xl), low, cos_series);""",
    "turned": f"""// sin(x + q π / 2)
const turned = (x, q) => {{
  const k = Math.round(x / {HALF_PI[0]});
  const r = plus(x, 0, times(-k, 0, {HALF_PI[0]}, {HALF_PI[1]}), low - k * {HALF_PI[2]});
  const y = k + q & 1 ? cos_of(r, low) : sin_of(r, low);
  if (k + q & 2) low = -low;
  return k + q & 2 ? -y : y;
}};""",
    "sin": """const sin = x => x !== 0 && Math.abs(x) < 1e6 ? turned(x, 0) : Math.sin(x);""",
    "cos": """const cos = x => Math.abs(x) < 1e6 ? turned(x, 1) : Math.cos(x);""",
    "tan": """const tan = x => {
  if (!(x !== 0 && Math.abs(x) < 1e6)) return Math.tan(x);
  const y = turned(x, 0), yl = low;
  return over(y, yl, turned(x, 1), low);
};""",
    "arctan_of": """// what is left from y has the tangent (x cos y - sin y) / (cos y + x sin y)
const arctan_of = (x, xl) => {
  const y = Math.atan(x), s = sin_of(y, 0), sl = low, c = cos_of(y, 0);
  const rest = plus(times(x, xl, c, low), low, -s, -sl) / (c + x * s), all = y + rest;
  low = y - all + rest;
  return all;
};""",
    "angle": f"""// of a point whose coordinates are above 0
const angle = (y, x) => y <= x ? arctan_of(over(y, 0, x, 0), low)
  : plus({HALF_PI[0]}, {HALF_PI[1]}, -arctan_of(over(x, 0, y, 0), low), -low);""",
    "atan": """const atan = x => {
  const a = Math.abs(x);
  if (!(a > 1e-300 && a < 1e300)) return Math.atan(x);
  return x < 0 ? -angle(a, 1) : angle(a, 1);
};""",
    "atan2": f"""const atan2 = (y, x) => {{
  const a = Math.abs(y), b = Math.abs(x);
  if (!(Math.min(a, b) > 1e-140 && Math.max(a, b) < 1e140)) return Math.atan2(y, x);
  const whole = x > 0 ? angle(a, b)
    : plus({2 * HALF_PI[0]}, {2 * HALF_PI[1]}, -angle(a, b), -low);
  return y < 0 ? -whole : whole;
}};""",
    "arcsin_of": """// up to x = 0.75; the sine of what is left from y is (x - sin y) / cos y
const arcsin_of = (x, xl) => {
  const y = Math.asin(x), rest = (x - sin_of(y, 0) - low + xl) / Math.cos(y), all = y + rest;
  low = y - all + rest;
  return all;
};""",
    "asin": f"""const asin = x => {{
  const a = Math.abs(x);
  if (!(x !== 0 && a < 1)) return Math.asin(x);
  if (a <= 0.5) return arcsin_of(x, 0);
  const half = arcsin_of(root((1 - a) / 2, 0), low);
  const y = plus({HALF_PI[0]}, {HALF_PI[1]}, -2 * half, -2 * low);
  return x < 0 ? -y : y;
}};""",
    "acos": f"""const acos = x => {{
  const a = Math.abs(x);
  if (!(a < 1)) return Math.acos(x);
  if (a <= 0.5) return plus({HALF_PI[0]}, {HALF_PI[1]}, -arcsin_of(x, 0), -low);
  const half = arcsin_of(root((1 - a) / 2, 0), low);
  return x > 0 ? 2 * half : plus({2 * HALF_PI[0]}, {2 * HALF_PI[1]}, -2 * half, -2 * low);
}};""",
    "hypot": """const hypot = (x, y) => {
  const a = Math.max(Math.abs(x), Math.abs(y)), b = Math.min(Math.abs(x), Math.abs(y));
  if (!(b > 1e-9 * a && a < Infinity)) return Math.hypot(x, y);
  const k = Math.round(Math.log2(a)), c = scaled(a, -k), d = scaled(b, -k);
  const cc = times(c, 0, c, 0), ccl = low;
  return scaled(root(plus(cc, ccl, times(d, 0, d, 0), low), low), k);
};""",
    "cosh": """// of exp and expm1, as the C library's
const cosh = x => {
  const a = Math.abs(x);
  if (!(a < 700)) return Math.cosh(x);
  if (a > 22) return exp(a) / 2;
  if (a > Math.LN2 / 2) return exp(a) / 2 + 0.5 / exp(a);
  const t = Math.expm1(a);
  return 1 + t * t / (2 * (1 + t));
};""",
    "sinh": """// likewise: where e^-x is nothing beside e^x
const sinh = x => {
  const a = Math.abs(x);
  return a > 22 && a < 700 ? Math.sign(x) * (exp(a) / 2) : Math.sinh(x);
};""",
    "asinh": """// of log and log1p, as the C library's
const asinh = x => {
  const a = Math.abs(x), t = a * a;
  if (!(a > 2 ** -28 && a < Infinity)) return x;
  const y = a > 2 ** 28 ? log(a) + Math.LN2
    : a > 2 ? log(2 * a + 1 / (Math.sqrt(t + 1) + a)) : Math.log1p(a + t / (1 + Math.sqrt(1 + t)));
  return x < 0 ? -y : y;
};""",
    "acosh": """// likewise
const acosh = x => {
  if (!(x > 1 && x < Infinity)) return Math.acosh(x);
  if (x > 2 ** 28) return log(x) + Math.LN2;
  if (x > 2) return log(2 * x - 1 / (x + Math.sqrt(x * x - 1)));
  const t = x - 1;
  return Math.log1p(t + Math.sqrt(2 * t + t * t));
};""",
    "pairs": """// a polynomial, its coefficients two by two, the lowest first
const pairs = (x, list) => {
  let all = list[0] + list[1] * x, power = 1;
  for (let i = 2; i < list.length; i += 2) {
    power *= x * x;
    all += power * (i + 1 < list.length ? list[i] + list[i + 1] * x : list[i]);
  }
  return all;
};""",
    "ratio": "const ratio = (x, [above, under]) => pairs(x, above) / pairs(x, under);",
    "erf_near": ratio("erf_near", ERF_NEAR),
    "erf_at_1": ratio("erf_at_1", ERF_AT_1),
    "erfc_ratio": f"""// of x from 1.25 to 28; the square of its first 21 bits is exact
{ratio("erfc_far", ERFC_FAR)}
{ratio("erfc_farther", ERFC_FARTHER)}
const erfc_ratio = x => {{
  const z = x - x % 2 ** (11 - Math.clz32(x));
  const y = ratio(1 / (x * x), x < 1 / 0.35 ? erfc_far : erfc_farther);
  return exp(-z * z - 0.5625) * exp((z - x) * (z + x) + y) / x;
}};""",
    "erf_by_ratios": f"""const erf_by_ratios = x => {{
  const a = Math.abs(x);
  if (a < 0.84375) return x + x * ratio(x * x, erf_near);
  if (!(a < 6)) return Math.sign(x);
  return Math.sign(x) * (a < 1.25 ? {ERF_1} + ratio(a - 1, erf_at_1) : 1 - erfc_ratio(a));
}};""",
    "erfc_by_ratios": f"""const erfc_by_ratios = x => {{
  const a = Math.abs(x);
  if (a < 0.84375) {{
    const y = x * ratio(x * x, erf_near);
    return x < 0.25 ? 1 - (x + y) : 0.5 - (y + (x - 0.5));
  }}
  if (!(a < 28)) return 1 - Math.sign(x);
  if (a >= 1.25) return x > 0 ? erfc_ratio(a) : 2 - erfc_ratio(a);
  const y = ratio(a - 1, erf_at_1);
  return x > 0 ? 1 - {ERF_1} - y : 1 + ({ERF_1} + y);
}};""",
    "erf_of": f"""// 2/√π e^(-x²) (x + 2/3 x³ + 4/15 x⁵ + ...), up to x = 4
const erf_of = x => {{
  const t = times(2 * x, 0, x, 0), tl = low;
  let term = x, terml = 0, all = x, alll = 0;
  for (let n = 3; term > 1e-25 * all; n += 2) {{
    term = over(times(term, terml, t, tl), low, n, 0);
    terml = low;
    all = plus(all, alll, term, terml);
    alll = low;
  }}
  all = times(all, alll, {TWO_OVER_SQRT_PI[0]}, {TWO_OVER_SQRT_PI[1]});
  alll = low;
  return times(exp_of(-t / 2, -tl / 2), low, all, alll);
}};""",
    "erf": """const erf = x => {
  const a = Math.abs(x);
  if (!(a > 0 && a < Infinity)) return x === 0 ? x : Math.sign(x);
  const y = a <= 4 ? erf_of(a) : 1 - erfc(a);
  return x < 0 ? -y : y;
};""",
    "erfc": f"""// 1 - erf(x), farther out e^(-x²) / √π over a continued fraction
const erfc = x => {{
  const a = Math.abs(x);
  if (!(a > 0 && a < 28)) return x === x ? (x > 0 ? 0 : x < 0 ? 2 : 1) : x;
  if (a <= 4) return x > 0 ? plus(1, 0, -erf_of(a), -low) : plus(1, 0, erf_of(a), low);
  if (x < 0) return 2 - erfc(a);
  let f = a, fl = 0;
  for (let n = 40; n > 0; n--) {{
    f = plus(a, 0, over(n / 2, 0, f, fl), low);
    fl = low;
  }}
  const t = times(a, 0, a, 0), e = exp_of(-t, -low), el = low;
  const y = over(e, el, f, fl);
  return times(y, low, {TWO_OVER_SQRT_PI[0] / 2}, {TWO_OVER_SQRT_PI[1] / 2});
}};""",
    "pairwise": """// a sum in NumPy's order: eight at a time, long ones in halves
const pairwise = (xs, at = 0, n = xs.length) => {
  let s = 0, i = 0;
  if (n > 128) {
    const half = (n >> 1) - (n >> 1) % 8;
    return pairwise(xs, at, half) + pairwise(xs, at + half, n - half);
  }
  if (n > 7) {
    const r = xs.slice(at, at + 8);
    for (i = 8; i < n - n % 8; i++) r[i % 8] += xs[at + i];
    s = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  }
  for (; i < n; i++) s += xs[at + i];
  return s;
};""",
    "logsumexp": """// log(sum(exp(x))), without overflow
const logsumexp = xs => {
  const top = Math.max(...xs), largest = Number.isFinite(top) ? top : 0;
  return log(pairwise(xs.map(x => exp(x - largest)))) + largest;
};""",
    "norm": """// the root of the sum of squares, which neither overflow nor vanish
const norm = xs => {
  const top = Math.max(...xs.map(Math.abs)), scale = top > 0 && top < Infinity ? top : 1;
  return Math.sqrt(pairwise(xs.map(x => (x / scale) * (x / scale)))) * scale;
};""",
    "centre": """// the mean, and what it was rounded by
const centre = xs => {
  const n = xs.length, simple = pairwise(xs) / n;
  const mean = Number.isFinite(simple) ? simple : pairwise(xs.map(x => x / n));
  const rounded = pairwise(xs.map(x => x - mean)) / n;
  return mean + (Number.isFinite(rounded) ? rounded : 0);
};""",
    "variance": """// where the deviations are small beside the mean, what that was rounded by counts
const squares = (xs, mean) => pairwise(xs.map(x => (x - mean) * (x - mean)));
const variance = (xs, ddof) => {
  const n = xs.length, mean = pairwise(xs) / n, all = squares(xs, mean);
  const far = Math.sqrt(n) * Math.max(n * Number.EPSILON, 1 / 128), square = mean * mean;
  const apart = all > square * (far * far) || Math.sqrt(all) >= Math.abs(mean * far);
  return (square < Infinity && apart ? all : squares(xs, centre(xs))) / Math.max(n - ddof, 0);
};""",
    "deviation": """// the root of the variance, whose squares neither overflow nor vanish
const deviation = (xs, ddof) => {
  const simple = Math.sqrt(variance(xs, ddof)), top = Math.max(...xs.map(Math.abs));
  if (simple > 2 ** -459 && simple < Infinity) return simple;
  const scale = top > 0 && top < Infinity ? top : 1;
  return Math.sqrt(variance(xs.map(x => x / scale), ddof)) * scale;
};""",
}
"""Functions by the names that JavaScript has for them, and what they are made of."""

STEPS = (math.sqrt(5) / 2 - 0.5, math.sqrt(2) - 1)
AGREES = f"""// whether the bits of 200 numbers sum up to this: then they are the engine's
const agrees = (own, from, to, bits) => {{
  const x = new Float64Array(1), halves = new Uint32Array(x.buffer);
  let sum = 0;
  for (let i = 1; i <= 200; i++) {{
    x[0] = own({", ".join(f"from + (to - from) * (i * {step} % 1)" for step in STEPS)});
    sum = Math.imul(31, sum) + (halves[0] ^ halves[1]) >>> 0;
  }}
  return sum === bits;
}};"""


class Probe(NamedTuple):
    """What is used in place of one of `HELPERS` where it agrees with the engine's function."""

    own: str
    engine: Callable[..., float]
    start: float = -9
    stop: float = 9
    arguments: int = 1

    def text(self) -> str:
        """The question, whether they agree."""
        total = 0
        for i in range(1, 201):
            point = [
                self.start + (self.stop - self.start) * (i * step % 1)
                for step in STEPS[: self.arguments]
            ]
            low, high = struct.unpack("<II", struct.pack("<d", self.engine(*point)))
            total = (31 * total + (low ^ high)) % 2**32
        return f"agrees({self.own}, {self.start}, {self.stop}, {total})"


PROBES: Mapping[str, Probe] = {
    "exp": Probe("Math.exp", math.exp),
    "log": Probe("Math.log", math.log, 0),
    "log2": Probe("Math.log2", math.log2, 0),
    "log10": Probe("Math.log10", math.log10, 0),
    "raised": Probe("Math.pow", math.pow, 0, arguments=2),
    "sin": Probe("Math.sin", math.sin),
    "cos": Probe("Math.cos", math.cos),
    "tan": Probe("Math.tan", math.tan),
    "asin": Probe("Math.asin", math.asin, -1, 1),
    "acos": Probe("Math.acos", math.acos, -1, 1),
    "atan": Probe("Math.atan", math.atan),
    "atan2": Probe("Math.atan2", math.atan2, arguments=2),
    "hypot": Probe("Math.hypot", math.hypot, arguments=2),
    "cosh": Probe("Math.cosh", math.cosh),
    "asinh": Probe("Math.asinh", math.asinh),
    "acosh": Probe("Math.acosh", math.acosh, 1),
    "erf": Probe("erf_by_ratios", math.erf, -1.25, 1.25),  # where it takes no exponential
    "erfc": Probe("erfc_by_ratios", math.erfc, -1.25, 1.25),
}


@functools.cache
def probed(name: str) -> str:
    """One of `HELPERS`, or what agrees with the engine."""
    probe = PROBES[name]
    defined = f"const {name} = "
    return HELPERS[name].replace(defined, f"{defined}{probe.text()} ? {probe.own} : ", 1)


MANY: Mapping[str, str] = {
    "centre": "centre([{0}])",
    "var": "variance([{0}], {ddof})",
    "std": "deviation([{0}], {ddof})",
}
"""Row of many numbers: how one of `HELPERS` is asked for it."""


def exact(text: str) -> str:
    """A text that calls `HELPERS` in place of JavaScript's own functions."""
    text = text.replace("Math.pow(", "raised(")  # `pow` is a helper of the language's
    return re.sub(r"\bMath\.(\w+)\(", lambda m: f"{m[1]}(" if m[1] in HELPERS else m[0], text)


class ExactJavaScript(JavaScript):
    """JavaScript, on numbers, to the last digit."""

    helpers = {name: exact(text) for name, text in JavaScript.helpers.items()} | {
        **HELPERS,
        "agrees": AGREES,
    }

    def knows(self, step: Instruction) -> bool:
        return step.name in MANY or super().knows(step)

    def call(self, step: Instruction, words: Sequence[str], plan: Plan) -> str:
        if step.name in MANY:
            text = MANY[step.name].format(", ".join(words), **step.options)
        elif step.name == "sum" and len(words) > 7:
            text = f"pairwise([{', '.join(words)}])"
        else:
            text = exact(super().call(step, words, plan))
            if step.name in ("sum", "matmul"):
                text = f"0 + {text}"  # of zeros below 0 as well
        self.note_helpers(text)
        return text

    def note_helpers(self, text: str) -> None:
        for name in re.findall(r"(?<![.\w])[a-z_]\w*", re.sub("//.*", "", text)):
            if name in self.helpers and name not in self.used:
                helper = self.used[name] = probed(name) if name in PROBES else self.helpers[name]
                self.note_helpers(helper)
                self.used[name] = self.used.pop(name)  # after those that it calls at once
