"""How functions, relations and well-known numbers are written: the mathematician's signs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autograd.engine.letters import Letter
from autograd.engine.primitive import registry


class Formula(NamedTuple):
    """A piece of mathematics, written in two ways."""

    text: str
    latex: str


DOTS = "\0…"
"""The letter that stands for arguments left out; no node's symbol is this."""

PLAIN_SIGNS = {
    "less": "<",
    "less_equal": "≤",
    "greater": ">",
    "greater_equal": "≥",
    "equal": "=",
    "not_equal": "≠",
    "logical_and": "∧",
    "logical_or": "∨",
    "matmul": " @ ",
    "@abs": "|@|",
    "@norm": "‖@‖",
    "@floor": "⌊@⌋",
    "@ceil": "⌈@⌉",
    "@indicator": "𝟙[@]",
    "True": "true",
    "False": "false",
    DOTS: "…",
    "ones": "𝟏",
}
"""Relations and operators in Unicode; ``@`` stands for what is between two signs."""

LATEX_SIGNS = PLAIN_SIGNS | {
    "less": r"\lt",
    "less_equal": r"\le",
    "greater_equal": r"\ge",
    "not_equal": r"\ne",
    "logical_and": r"\land",
    "logical_or": r"\lor",
    "matmul": r"\, ",
    "@abs": r"\left|@\right|",
    "@norm": r"\left\|@\right\|",
    "@floor": r"\left\lfloor @\right\rfloor",
    "@ceil": r"\left\lceil @\right\rceil",
    "@indicator": r"\mathbb{1}[@]",
    "@sqrt": r"\sqrt{@}",
    "@cbrt": r"\sqrt[3]{@}",
    "True": r"\text{true}",
    "False": r"\text{false}",
    DOTS: r"\dots",
    "ones": r"\mathbf{1}",
}

READ_AS = {"centre": "mean"}
"""What a row is in a formula, that differs from another only in how it is rounded."""

PLAIN_CALLS = {
    "log": "ln",
    "sqrt": "√",
    "cbrt": "∛",
    "sigmoid": "σ",
    "relu": "ReLU",
    "maximum": "max",
    "minimum": "min",
    "sign": "sgn",
    "sum": "Σ",
    "prod": "Π",
    "clip_between": "clip",
    "einsum_all": "einsum",
}
"""What a function is called in a formula, where that is not its name."""

LATEX_CALLS = {
    **{name: rf"\{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min")},
    **{name: rf"\{name}" for name in ("arcsin", "arccos", "arctan")},
    "maximum": r"\max",
    "minimum": r"\min",
    "exp": r"\exp",
    "log": r"\ln",
    "log2": r"\log_{2}",
    "log10": r"\log_{10}",
    "sigmoid": r"\sigma",
    "relu": r"\operatorname{ReLU}",
    "sign": r"\operatorname{sgn}",
    "sum": r"\sum",
    "prod": r"\prod",
    "clip_between": r"\operatorname{clip}",
    "einsum_all": r"\operatorname{einsum}",
}


def _row(name: str, *arguments: Any) -> Any:
    return registry[name](*arguments)


def _silenced(x: Any, product: Any, value: int = 0) -> Any:
    """A product that is 0 where x has a value, whatever the other factor: with this case, unless it
    is known not to occur."""
    numbers = np.asarray(getattr(x, "sample", x))
    if np.all((numbers != value) & ~np.isnan(numbers)):
        return product
    if not isinstance(x, Letter):
        return 0
    case = Letter("equal", (x, value), sample=x.sample == value)
    return registry["where"](case, 0, product)


def _xlogy(x: Any, y: Any) -> Any:
    return _silenced(x, x * _row("log", y))


def _xlogy_else(x: Any, y: Any) -> Any:
    return _silenced(x, (1 - x) * _row("log", 1 - y), 1)


def _binary(x: Any, target: Any, entropy: bool = False) -> Any:
    if_yes, if_no = -_xlogy(target, x), _xlogy_else(target, x)
    loss = if_yes if _is_zero(if_no) else -if_no if _is_zero(if_yes) else if_yes - if_no
    return loss + _entropy(target) if entropy else loss


def _is_zero(x: Any) -> bool:
    return not isinstance(x, Letter) and bool(np.all(x == 0))


def _entropy(target: Any) -> Any:
    return _xlogy(target, target) + _xlogy_else(target, target)


def _logistic(x: Any, target: Any, weight: Any, entropy: bool = False) -> Any:
    loss = target * weight * _row("softplus", -x) + (1 - target) * _row("softplus", x)
    return loss + _entropy(target) if entropy else loss


def _kl(x: Any, target: Any, of_logs: bool = False, log_target: bool = False) -> Any:
    if log_target:
        return _row("exp", target) * (target - x)
    if of_logs:
        return _xlogy(target, target) - target * x
    return _xlogy(target, target) - _xlogy(target, x)


EXPANSIONS: dict[str, Callable[..., Any]] = {
    "identity": lambda x: x,
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x**2,
    "exp2": lambda x: 2**x,
    "expm1": lambda x: _row("exp", x) - 1,
    "log1p": lambda x: _row("log", 1 + x),
    "hypot": lambda x, y: _row("sqrt", x**2 + y**2),
    "hinge": lambda x, y: _row("maximum", 0, 1 - x * y),
    "logaddexp": lambda x, y: _row("log", _row("exp", x) + _row("exp", y)),
    "floor_divide": lambda x, y: _row("floor", x / y),
    "linear": lambda x, weight, bias=None: x @ weight.T if bias is None else x @ weight.T + bias,
    "remainder": lambda x, y: x - y * _row("floor", x / y),
    "mul_or_zero": lambda x, y: _silenced(x, x * y),
    "xlogy": _xlogy,
    "xlog1py": lambda x, y: _xlogy(x, 1 + y),
    "binary_cross_entropy": _binary,
    "logistic_cross_entropy": _logistic,
    "kl_divergence": _kl,
    "track_moments": lambda x, y, track=None: x,
}
"""Functions that mathematics writes with others: each as a formula of letters."""

CHOSEN = ("binary_cross_entropy", "logistic_cross_entropy", "kl_divergence", "track_moments")
"""Those of them whose formula depends on the options, which it is given."""

CONSTANTS = {
    math.log(2): Formula("ln(2)", r"\ln 2"),
    math.log(10): Formula("ln(10)", r"\ln 10"),
    2 / math.sqrt(math.pi): Formula("2/√(π)", r"\frac{2}{\sqrt{\pi}}"),
    math.pi: Formula("π", r"\pi"),
    math.e: Formula("e", "e"),
}
"""Numbers that have a sign of their own."""
