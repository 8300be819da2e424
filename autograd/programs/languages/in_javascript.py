"""JavaScript's spellings of the rows, on numbers. (On arrays: `arrays_in_javascript`.)

A number is a double there as here, but the language's own functions leave out some of what IEEE
arithmetic says (``Math.pow(1, NaN)``), and a condition that is nan is false: see `HELPERS`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

from autograd.programs.languages.writing import Language, SourceText
from autograd.programs.native.mathematics import ERROR_FAR, ERROR_FARTHER, ERROR_NEAR
from autograd.programs.planning.plan import Instruction, Plan

RESERVED = frozenset(
    [
        *("arguments", "await", "break", "case", "catch", "class", "const", "continue"),
        *("debugger", "default", "delete", "do", "else", "enum", "eval", "export"),
        *("extends", "false", "finally", "for", "function", "if", "implements", "import"),
        *("in", "instanceof", "interface", "let", "new", "null", "package", "private"),
        *("protected", "public", "return", "static", "super", "switch", "this", "throw"),
        *("true", "try", "typeof", "var", "void", "while", "with", "yield"),
        *("Math", "Infinity", "NaN", "undefined", "value", "gradients", "f"),
    ]
)

ROWS: Mapping[str, str] = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "neg": "-{0}",
    "identity": "{0}",
    "reciprocal": "1 / {0}",
    "square": "{0} * {0}",
    "pow": "pow({0}, {1})",
    "floor_divide": "floor_divide({0}, {1})",
    "remainder": "remainder({0}, {1})",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "logical_and": "{0} != 0 && {1} != 0",
    "logical_or": "{0} != 0 || {1} != 0",
    "where": "{0} != 0 ? {1} : {2}",
    "indicator": "{0} != 0 ? 1 : 0",
    "sign": "Math.sign({0}) + 0",
    "abs": "Math.abs({0})",
    "floor": "Math.floor({0})",
    "ceil": "Math.ceil({0})",
    "exp": "Math.exp({0})",
    "exp2": "Math.pow(2, {0})",
    "expm1": "Math.expm1({0})",
    "log": "Math.log({0})",
    "log2": "Math.log2({0})",
    "log10": "Math.log10({0})",
    "log1p": "Math.log1p({0})",
    "sqrt": "Math.sqrt({0})",
    "cbrt": "Math.cbrt({0})",
    "sin": "Math.sin({0})",
    "cos": "Math.cos({0})",
    "tan": "Math.tan({0})",
    "arcsin": "Math.asin({0})",
    "arccos": "Math.acos({0})",
    "arctan": "Math.atan({0})",
    "arctan2": "Math.atan2({0}, {1})",
    "sinh": "Math.sinh({0})",
    "cosh": "Math.cosh({0})",
    "tanh": "Math.tanh({0})",
    "arcsinh": "Math.asinh({0})",
    "arccosh": "Math.acosh({0})",
    "arctanh": "Math.atanh({0})",
    "hypot": "Math.hypot({0}, {1})",
    "sigmoid": "sigmoid({0})",
    "softplus": "softplus({0})",
    "logaddexp": "logaddexp({0}, {1})",
    "relu": "{0} <= 0 ? 0 : {0}",
    "hinge": "hinge({0}, {1})",
    "maximum": "maximum({0}, {1})",
    "minimum": "minimum({0}, {1})",
    "clip_between": "clip({0}, {1}, {2})",
    "erf": "erf({0})",
    "erfc": "erfc({0})",
}
"""Row of numbers: how JavaScript, or one of `HELPERS`, is asked for it."""

MANY: Mapping[str, str] = {
    "max": "[{0}].reduce(maximum)",
    "min": "[{0}].reduce(minimum)",
    "logsumexp": "logsumexp([{0}])",
    "norm": "norm([{0}])",
}
"""Row of many numbers: likewise."""


def polynomial(name: str, coefficients: Sequence[float]) -> str:
    """A polynomial's coefficients, the highest first."""
    return f"const {name} = [{', '.join(map(repr, reversed(coefficients)))}];"


HELPERS: Mapping[str, str] = {
    "pow": """// 1 to any power is 1, also of nan, and -1 to an infinite one
const pow = (x, y) =>
  x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y);""",
    "remainder": """// of the sign of the divisor
const remainder = (x, y) => {
  const m = x % y;
  if (m === 0) return y < 0 || Object.is(y, -0) ? -0 : 0;
  return m < 0 !== y < 0 ? m + y : m;
};""",
    "floor_divide": """// rounded down
const floor_divide = (x, y) => {
  if (y === 0) return x / y;
  const m = x % y, adjust = m !== 0 && m < 0 !== y < 0 ? 1 : 0;
  const whole = (x - m) / y - adjust;
  if (whole === 0) return x / y < 0 || Object.is(x / y, -0) ? -0 : 0;
  const down = Math.floor(whole);
  return whole - down > 0.5 ? down + 1 : down;
};""",
    "sigmoid": """// 1 / (1 + exp(-x)), of an exponential that is at most 1
const sigmoid = x => {
  const e = Math.exp(-Math.abs(x));
  return (x > 0 ? 1 : e) / (1 + e);
};""",
    "softplus": """// log(1 + exp(x)), of an exponential that is at most 1
const softplus = x => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x)));""",
    "logaddexp": """// log(exp(x) + exp(y)), of an exponential that is at most 1
const logaddexp = (x, y) =>
  x === y ? x + Math.LN2
  : x > y ? x + Math.log1p(Math.exp(y - x)) : y + Math.log1p(Math.exp(x - y));""",
    "hinge": """const hinge = (x, y) => {
  const m = 1 - x * y;
  return m <= 0 ? 0 : m;
};""",
    "maximum": "const maximum = (x, y) => x >= y || x !== x ? x : y;",
    "minimum": "const minimum = (x, y) => x <= y || x !== x ? x : y;",
    "clip": """const clip = (x, low, high) => {
  if (low !== low || high !== high) return NaN;
  const above = x < low ? low : x;
  return above > high ? high : above;
};""",
    "logsumexp": """// log(sum(exp(x))), without overflow
const logsumexp = xs => {
  const top = Math.max(...xs), largest = Number.isFinite(top) ? top : 0;
  return Math.log(xs.reduce((sum, x) => sum + Math.exp(x - largest), 0)) + largest;
};""",
    "norm": """// the root of the sum of squares, which neither overflow nor vanish
const norm = xs => {
  const top = Math.max(...xs.map(Math.abs)), scale = top > 0 && top < Infinity ? top : 1;
  return Math.sqrt(xs.reduce((sum, x) => sum + (x / scale) * (x / scale), 0)) * scale;
};""",
    "polynomial": "const polynomial = (x, list) => list.reduce((sum, c) => sum * x + c, 0);",
    "erf": f"""// a series near 0, farther out 1 - exp(-x²) times a polynomial
{polynomial("erf_near", ERROR_NEAR)}
{polynomial("erf_far", ERROR_FAR)}
const erf = x => {{
  const a = Math.min(Math.abs(x), 6);
  if (a < 1) return x === 0 ? x : x * polynomial(a * a, erf_near);
  const far = 1 - Math.exp(-a * a) * polynomial((a - 2) / (a + 2), erf_far);
  return x < 0 ? -far : x > 0 ? far : x;
}};""",
    "erfc": f"""// 1 - erf(x) near 0, farther out exp(-x²) times a polynomial, x² to twice the digits
{polynomial("erfc_near", ERROR_NEAR)}
{polynomial("erfc_far", ERROR_FARTHER)}
const erfc = x => {{
  const a = Math.min(Math.abs(x), 28);
  if (a < 1) return 1 - x * polynomial(a * a, erfc_near);
  const high = Math.fround(a), low = a - high;
  const falling = Math.exp(-high * high) * Math.exp(-low * (a + high));
  const far = falling * polynomial((a - 2) / (a + 2) * (5 / 3) - 4 / 9, erfc_far);
  return x < 0 ? 2 - far : x > 0 ? far : x;
}};""",
}
"""What JavaScript has no function for, or one that is not IEEE's."""

NEEDS: Mapping[str, tuple[str, ...]] = {"erf": ("polynomial",), "erfc": ("polynomial",)}


class JavaScript(Language):
    """JavaScript, on numbers."""

    name = "javascript"
    words = RESERVED | frozenset(HELPERS) | {"erf_near", "erf_far", "erfc_near", "erfc_far"}
    helpers = HELPERS
    needs = NEEDS

    def knows(self, step: Instruction) -> bool:
        return step.name in ROWS or step.name in MANY or step.name in ("sum", "prod", "matmul")

    def number(self, x: float) -> str:
        if not math.isfinite(x):
            return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "(-Infinity)"
        whole = x == int(x) and abs(x) < 2**53 and str(x) != "-0.0"
        text = repr(int(x)) if whole else repr(x)
        return f"({text})" if text.startswith("-") else text

    def call(self, step: Instruction, words: Sequence[str], plan: Plan) -> str:
        name = step.name
        if name == "matmul":
            n = len(words) // 2
            pairs = zip(words[:n], words[n:], strict=True)
            return " + ".join(f"{x} * {y}" for x, y in pairs) or "0"
        if name in ("sum", "prod"):
            sign, empty = (" + ", "0") if name == "sum" else (" * ", "1")
            return sign.join(words) or empty
        if name == "pow" and words[1] == "2":
            text = ROWS["square"].format(words[0])
        elif name in MANY:
            text = MANY[name].format(", ".join(words))
        else:
            text = ROWS[name].format(*words)
        self.note_helpers(text)
        return text

    def note_helpers(self, text: str) -> None:
        """Note what a line calls that JavaScript has not."""
        for helper in re.findall(r"(?<![.\w])[a-z_]\w*", text):
            for each in (*self.needs.get(helper, ()), helper):
                if each in self.helpers:
                    self.used[each] = self.helpers[each]

    def statement(self, text: str, comment: str) -> str:
        """A line of the body."""
        return f"  const {text};"

    def program(self, source: SourceText, name: str) -> str:
        lines = [f"{helper}\n" for helper in self.used.values()]
        lines += [f"const {key} = {text};\n" for key, text in source.constants.items()]
        lines.append(f"function {name}({', '.join(source.arguments)}) {{")
        lines += [self.statement(*each) for each in source.forward]
        if source.gradients:
            lines += ["", "  // the backward pass"]
            lines += [self.statement(*each) for each in source.backward]
            found = ", ".join(f"{json.dumps(key)}: {text}" for key, text in source.gradients)
            lines += ["", f"  return {{value: {source.value}, gradients: {{{found}}}}};"]
        else:
            lines.append(f"  return {source.value};")
        return "\n".join([*lines, "}"]) + "\n"
