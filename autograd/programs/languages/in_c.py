"""C's spellings of the rows: what `Value` computes in C is written from here when the core is built.

A formula has the bits that Python's floats give: the functions are those of the same library, and none
is taken for another. So `hypot` is in no table, as Python's is more exact than C's; a row without a
spelling, or with a rule that has none, stays in Python.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from autograd.engine import core
from autograd.engine.choices import edge_text
from autograd.engine.families import Elementwise
from autograd.engine.letters import Letter, Python
from autograd.engine.primitive import Primitive, registry
from autograd.primitives.methods import OPERATOR_METHODS, written_down

SOURCES = [Path(core.__file__).with_name(name) for name in ("scalars.c", "tensors.c")]

OPERATORS: Mapping[str, tuple[str, int]] = {
    **{name: Python.spellings[name] for name in ("add", "sub", "mul", "div", "neg")},
    **{name: Python.spellings[name] for name in ("less", "less_equal", "greater", "greater_equal")},
    **{name: Python.spellings[name] for name in ("equal", "not_equal")},
    "logical_and": ("({} && {})", 5),
    "logical_or": ("({} || {})", 5),
    "where": ("({} ? {} : {})", 5),
    "indicator": ("({} ? 1.0 : 0.0)", 5),
    "identity": ("{:5}", 5),
}
"""Row: how it is written, and how strongly that binds."""

FUNCTIONS: Mapping[str, str] = {
    "pow": "pow",
    "abs": "fabs",
    "exp": "exp",
    "exp2": "exp2",
    "expm1": "expm1",
    "log": "log",
    "log2": "log2",
    "log10": "log10",
    "log1p": "log1p",
    "sqrt": "sqrt",
    "cbrt": "cbrt",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "erf": "erf",
    "erfc": "erfc",
    **{name: f"py_{name}" for name in ("sign", "floor", "ceil", "relu", "hinge")},
    **{name: f"py_{name}" for name in ("sigmoid", "softplus", "logaddexp")},
}
"""Row: C's function, or one of `KERNELS`."""

KERNELS = f"""\
static double py_sign(double x) {{ return x > 0 || x < 0 ? copysign(1.0, x) : x + 0.0; }}
static double py_floor(double x) {{ return copysign(floor(x), x); }}
static double py_ceil(double x) {{ return copysign(ceil(x), x); }}
static double py_relu(double x) {{ return x <= 0 ? 0.0 : x; }}
static double py_hinge(double x, double y) {{ return py_relu(1.0 - x * y); }}
static double py_sigmoid(double x) {{
    double e = exp(x > 0 ? -x : x);
    return (x > 0 ? 1.0 : e) / (1.0 + e);
}}
static double py_softplus(double x) {{
    return (x > 0 ? x : 0.0) + log1p(exp(x > 0 ? -x : x));
}}
static double py_logaddexp(double x, double y) {{
    if (x == y) return x + {math.log(2)!r};
    return x > y ? x + log1p(exp(y - x)) : y + log1p(exp(x - y));
}}
"""
"""The functions of `primitives.kernels` that C lacks, or has otherwise."""


class C(Python):
    """Writes formulas of doubles."""

    spellings: ClassVar[dict[str, tuple[Any, int]]] = dict(OPERATORS)

    def constant(self, x: Any) -> str:
        x = float(x)
        if math.isfinite(x):
            return repr(x)
        return "NAN" if math.isnan(x) else "INFINITY" if x > 0 else "-INFINITY"

    def function(self, letter: Letter) -> str:
        if letter.function not in FUNCTIONS:
            raise LookupError(f"{letter.function} has no spelling in C")
        return FUNCTIONS[letter.function]

    def options(self, letter: Letter) -> NoReturn:
        raise LookupError(f"options of {letter.function} have no form in C")


def macro(row: Primitive) -> tuple[str, list[str]] | None:
    """The list that a row is in, and what stands there: name, function, derivatives.

    None of a row that stays in Python.
    """
    if not isinstance(row, Elementwise) or not row.method or row.options:
        return None
    if row.arity not in (1, 2) or None in row.derivatives:
        return None
    write = C().write
    out, rules = written_down(row)
    try:
        texts = [write(out), *(edge_text(rule, write) for rule in rules)]
    except LookupError:
        return None
    kind = "UNARY" if row.arity == 1 else "BINARY"
    if row.name in OPERATOR_METHODS:
        kind = "OPERATORS"
    if row.arity == 1:
        texts.append("ABSENT")
    return kind, [row.name, *texts]


def header() -> str:
    """The text of ``rows.h``: the rows as C, for scalars.c."""
    lists: dict[str, list[str]] = {"UNARY": [], "BINARY": [], "OPERATORS": []}
    for row in registry.values():
        found = macro(row)
        if found is not None:
            kind, texts = found
            lists[kind].append(f"    DO({', '.join(texts)})")
    parts = ["/* Written from the rows by autograd.programs.languages.in_c. */\n", KERNELS]
    for kind, lines in lists.items():
        parts.append(" \\\n".join([f"#define {kind}(DO)", *lines]) + "\n")
    text = "\n".join(parts)
    return f'{text}\n#define DIGEST "{digest(text)}"\n'


def digest(text: str) -> str:
    """What tells whether a core was built from these rows, and from the C files as they are."""
    sources = b"".join(path.read_bytes() for path in SOURCES)
    return hashlib.sha256(text.encode() + sources).hexdigest()
