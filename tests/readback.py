"""Reading plain-text mathematics back: the tests' own evaluator of what the views print."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")

SIGNS = {
    "·": "*",
    "⊙": "*",
    "−": "-",
    "^": "**",
    "√(": "sqrt(",
    "∛(": "cbrt(",
    "π": "pi",
    "∞": "inf",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "∧": " and ",
    "∨": " or ",
    "⌊": "floor(",
    "⌋": ")",
    "⌈": "ceil(",
    "⌉": ")",
    "σ(": "sigmoid(",
}

FUNCTIONS: dict[str, Any] = {
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp")},
    **{name: getattr(np, name) for name in ("arcsin", "arccos", "arctan", "arctan2", "sqrt")},
    **{name: getattr(np, name) for name in ("arcsinh", "arccosh", "arctanh", "cbrt", "log2")},
    **{name: getattr(np, name) for name in ("log10", "floor", "ceil", "clip", "abs")},
    "ln": np.log,
    "sgn": np.sign,
    "σ": lambda x: 1 / (1 + np.exp(-x)),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "ReLU": lambda x: max(x, 0.0),
    "erf": math.erf,
    "erfc": math.erfc,
    "max": lambda *xs, **ties: max(xs),
    "min": lambda *xs, **ties: min(xs),
    "mean": lambda *xs: sum(xs) / len(xs),
    "var": lambda *xs: np.var(xs),
    "std": lambda *xs: np.std(xs),
    "logsumexp": lambda *xs: np.logaddexp.reduce(xs),
    "norm": lambda *xs: np.linalg.norm(np.array(xs).ravel()),
    "random_like": lambda x: 0.0,  # drawn from what gives zeros
    "indicator": lambda condition: float(bool(condition)),
    "compare": lambda x, y: float(x > y),
    "true": True,
    "false": False,
    "pi": math.pi,
    "inf": math.inf,
    "nan": math.nan,
}
"""What the words of a formula mean, in terms of NumPy and `math` alone."""


NAMES = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁽⁾", "0123456789__")


def spelled(name: str) -> str:
    """A name as Python: ``w⁽¹⁾₁₂`` as ``w_1_12``."""
    name = re.sub(r"⁽[⁰¹²³⁴⁵⁶⁷⁸⁹]+⁾", lambda m: m[0].translate(SUPERSCRIPTS), name)
    return re.sub(r"(?<=[₀-₉]),(?=[₀-₉])", "_", name).translate(NAMES)


def translated(text: str) -> str:
    """A formula as Python."""
    text = spelled(text)
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: f"**{m[0].translate(SUPERSCRIPTS)}", text)
    text = text.replace("𝟙[", "indicator[").replace(" = ", " == ")
    while "indicator[" in text:
        start = text.index("indicator[") + len("indicator[")
        depth, end = 1, start
        while depth:
            depth += {"[": 1, "]": -1}.get(text[end], 0)
            end += 1
        text = f"{text[: start - 1]}({text[start : end - 1]}){text[end:]}"
    for sign, meaning in SIGNS.items():
        text = text.replace(sign, meaning)
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    return re.sub(r"‖\(?([^‖]*?)\)?‖", r"norm(\1)", text)


def value(text: str, names: Mapping[str, Any] | None = None) -> float:
    """The number that a formula stands for, given the numbers of its names."""
    scope = FUNCTIONS | {spelled(name): np.float64(x) for name, x in (names or {}).items()}
    with np.errstate(all="ignore"):
        return float(eval(translated(text), {"__builtins__": {}}, scope))
