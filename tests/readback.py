"""Reading plain-text mathematics back: the tests' own evaluator of what the views print."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import autograd

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
    "…": "...",
    "𝟏": "1",
    "ᵀ": ".T",
}


def reduced(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function along an axis that takes several numbers as well; how ties are shared is no value."""

    def call(*xs: Any, ties: str = "share", **options: Any) -> Any:
        return function(xs[0] if len(xs) == 1 else np.array(xs), **options)

    return call


def logsumexp(x: Any, axis: Any = None) -> Any:
    if not np.size(x):
        return np.log(np.sum(x, axis=axis))
    largest = np.max(x, axis=axis, keepdims=True)
    return np.log(np.sum(np.exp(x - largest), axis=axis)) + np.max(x, axis=axis)


FUNCTIONS: dict[str, Any] = {
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp")},
    **{name: getattr(np, name) for name in ("arcsin", "arccos", "arctan", "arctan2", "sqrt")},
    **{name: getattr(np, name) for name in ("arcsinh", "arccosh", "arctanh", "cbrt", "log2")},
    **{name: getattr(np, name) for name in ("log10", "floor", "ceil", "clip", "abs", "where")},
    **{name: getattr(np, name) for name in ("cumsum", "roll", "reshape", "broadcast_to")},
    "transpose": np.transpose,
    "ln": np.log,
    "sgn": np.sign,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "ReLU": lambda x: np.maximum(x, 0.0),
    "erf": np.vectorize(math.erf, [float]),
    "erfc": np.vectorize(math.erfc, [float]),
    "mean": reduced(np.mean),
    "var": reduced(np.var),
    "std": reduced(np.std),
    "logsumexp": reduced(logsumexp),
    "norm": reduced(lambda x, axis=None: np.sqrt(np.sum(np.square(x), axis=axis))),
    "sum_squares": reduced(lambda x, axis=None: np.sum(np.square(x), axis=axis)),
    "Σ": reduced(np.sum),
    "Π": reduced(np.prod),
    "indicator": lambda condition: np.where(condition, 1.0, 0.0),
    "true": True,
    "false": False,
    "share": "share",
    "first": "first",
    "pi": math.pi,
    "inf": math.inf,
    "nan": math.nan,
}
"""What the words of a formula mean, in terms of NumPy and `math` alone."""


def extreme(each: Callable[..., Any], along: Callable[..., Any]) -> Callable[..., Any]:
    """The larger of several numbers or arrays, or the largest along an axis."""

    def call(*xs: Any, ties: str = "share", **options: Any) -> Any:
        out = xs[0]
        for x in xs[1:]:
            out = each(out, x)
        return out if len(xs) > 1 else along(out, **options)

    return call


FUNCTIONS |= {"max": extreme(np.maximum, np.max), "min": extreme(np.minimum, np.min)}


def of_rows(name: str) -> Callable[..., Any]:
    """What any other word means: the row that is called so, by its function on arrays.

    That is all there is to say of a row that no formula of others shows, such as one declared yesterday.
    """
    rows = [row for row in autograd.registry.values() if row.formula is None]
    row = {x.symbol: x for x in rows}.get(name) or {x.name: x for x in rows}[name]

    def call(*xs: Any, **options: Any) -> Any:
        return row.array(*map(np.asarray, xs), **(row.options | options))

    return call


NAMES = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁽⁾", "0123456789__")


def spelled(name: str) -> str:
    """A name as Python: ``w⁽¹⁾₁₂`` as ``w_1_12``."""
    name = re.sub(r"⁽[⁰¹²³⁴⁵⁶⁷⁸⁹]+⁾", lambda m: m[0].translate(SUPERSCRIPTS), name)
    return re.sub(r"(?<=[₀-₉]),(?=[₀-₉])", "_", name).translate(NAMES)


def closing(text: str, start: int, ends: str = ")]") -> int:
    """Where the bracket closes, or the argument ends, that begins at `start`."""
    depth = 0
    for place in range(start, len(text)):
        if not depth and text[place] in ends:
            return place
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text[place], 0)
    return len(text)


def translated(text: str) -> str:
    """A formula as Python."""
    text = re.sub(r"subscripts=([^() ]*)", lambda m: f"subscripts={m[1]!r}", text)
    text = spelled(text)
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: f"**{m[0].translate(SUPERSCRIPTS)}", text)
    text = text.replace("𝟙[", "indicator[").replace(" = ", " == ")
    while "indicator[" in text:
        start = text.index("indicator[") + len("indicator[")
        end = closing(text, start)
        text = f"{text[: start - 1]}({text[start:end]}){text[end + 1 :]}"
    for sign, meaning in SIGNS.items():
        text = text.replace(sign, meaning)
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    if (place := text.find("index=")) >= 0:  # an index may hold slices
        start = place + len("index=")
        end = closing(text, start, ",)")
        index = text[start:end]
        if index.startswith("(") and closing(index, 1) == len(index) - 1 and index != "()":
            index = index[1:-1]
        text = f"{text[:start]}s_[{index}]{text[end:]}"
    return re.sub(r"‖\(?([^‖]*?)\)?‖", r"norm(\1)", text)


class OfArrays(ast.NodeTransformer):
    """What Python writes for one truth, number or matrix, as functions of arrays."""

    def _call(self, name: str, *arguments: ast.expr) -> ast.expr:
        return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        parts = [self.visit(x) for x in (node.test, node.body, node.orelse)]
        none = ast.arguments([], [], None, [], [], None, [])
        return self._call("chosen", parts[0], *(ast.Lambda(none, x) for x in parts[1:]))

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        operation = ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr()
        first, *others = [self._call("truth", self.visit(x)) for x in node.values]
        for x in others:
            first = ast.BinOp(first, operation, x)
        return first

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return self._call("transposed", self.visit(node.value))


def chosen(condition: Any, x: Callable[[], Any], y: Callable[[], Any]) -> Any:
    """One of two expressions: of one truth only that one is computed."""
    if np.ndim(condition) == 0:
        return x() if condition else y()
    return np.where(condition, x(), y())


SYNTAX = {
    "chosen": chosen,
    "truth": lambda x: np.asarray(x, bool),
    "transposed": lambda x: x.T if np.ndim(x) == 2 else np.asarray(x)[None],  # a vector as a row
    "s_": np.s_,
}


def read(text: str, names: Mapping[str, Any] | None = None) -> Any:
    """The number or the array that a formula stands for, given those of its names."""
    tree = OfArrays().visit(ast.parse(translated(text).strip(), mode="eval"))
    scope = FUNCTIONS | SYNTAX | {spelled(name): x for name, x in (names or {}).items()}
    words = {x.id for x in ast.walk(tree) if isinstance(x, ast.Name)}
    scope |= {word: of_rows(word) for word in words - scope.keys()}
    with np.errstate(all="ignore"):
        code = compile(ast.fix_missing_locations(tree), text, "eval")
        return eval(code, scope | {"__builtins__": {}})


def value(text: str, names: Mapping[str, Any] | None = None) -> float:
    """The number that a formula stands for, given the numbers of its names."""
    return float(read(text, {name: np.float64(x) for name, x in (names or {}).items()}))
