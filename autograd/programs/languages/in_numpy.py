"""NumPy's spellings of the rows."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd.engine.families import Elementwise, Multilinear, Reduction
from autograd.engine.letters import OPERATORS
from autograd.programs.languages import helpers
from autograd.programs.languages.writing import Language, SourceText
from autograd.programs.planning.plan import Instruction, Plan, row_of

INFIX = {
    name: OPERATORS[name][0]
    for name in (
        *("add", "sub", "mul", "div", "floor_divide", "remainder", "matmul", "neg", "pow"),
        *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
        *("logical_and", "logical_or"),
    )
}
CALLS: Mapping[str, str] = {
    "identity": "+{0}",
    "reciprocal": "1 / {0}",
    "sigmoid": "sigmoid({0})",
    "softplus": "np.logaddexp({0}, 0)",
    "relu": "np.maximum({0}, 0)",
    "hinge": "np.maximum(1 - {0} * {1}, 0)",
    "erf": "erf({0})",
    "erfc": "erfc({0})",
    "maximum": "np.maximum({0}, {1})",
    "minimum": "np.minimum({0}, {1})",
    "clip_between": "np.clip({0}, {1}, {2})",
    "where": "np.where({0}, {1}, {2})",
    "reshape": "np.reshape({0}, {shape})",
    "broadcast_to": "np.broadcast_to({0}, {shape})",
    "getitem": "{0:array}[{index}]",
    "scatter": "scatter({0}, np.s_[{index}], {shape})",
    "getitem_at": "np.take({0}, {1}, {axis})",
    "scatter_at": "scatter_at({0}, {1}, {axis}, {shape})",
    "pad": "np.pad({0}, {pad_width})",
    "roll": "np.roll({0}, {shift}, {axis})",
    "cumsum": "np.cumsum({0}, {axis})",
    "centre": "centre({0}, {axis}, {keepdims})",
    "logsumexp": "logsumexp({0}, {axis}, {keepdims})",
    "norm": "norm({0}, {axis}, {keepdims})",
    "class_targets": "class_targets({0}, {1}, {weight}, {ignore}, {smoothing})",
    "class_score": "class_score({0}, {1}, {weight}, {ignore})",
    "class_count": "class_count({1}, {weight}, {ignore})",
    "class_mean": "np.sum({0}) / class_count({1}, {weight}, {ignore})",
    "sum_squares": "np.sum({0} ** 2, axis={axis}, keepdims={keepdims})",
}
"""Row: how NumPy, or one of `helpers`, is asked for it. ``{0}`` is an operand, ``{axis}`` an option."""

REDUCTIONS = ("sum", "mean", "prod", "max", "min", "var", "std")
"""Rows that NumPy's function of the same name is."""


class Numpy(Language):
    """NumPy."""

    name = "numpy"
    words = frozenset({"np", "math", "f", "value", *dir(helpers)} - {"Any", "annotations"})

    def knows(self, step: Instruction) -> bool:
        row = row_of(step.name)
        return (
            step.name in ("transpose", "indicator", "astype", "concatenate_all", "einsum_all")
            or step.name in INFIX
            or step.name in CALLS
            or step.name in REDUCTIONS
            or isinstance(row.array, np.ufunc)
        )

    def number(self, x: float) -> str:
        if not math.isfinite(x):
            return "np.nan" if math.isnan(x) else "np.inf" if x > 0 else "(-np.inf)"
        text = repr(int(x)) if x == int(x) and abs(x) < 2**53 and str(x) != "-0.0" else repr(x)
        return f"({text})" if text.startswith("-") else text

    def array(self, x: np.ndarray[Any, Any]) -> str:
        return array_text(x)

    def ones(self, shape: tuple[int, ...]) -> str:
        return f"np.ones({shape})"

    def call(self, step: Instruction, words: Sequence[str], plan: Plan) -> str:
        name, row = step.name, row_of(step.name)
        options = dict(step.options)
        if plan.scalar and isinstance(row, Multilinear):
            n = len(words) // 2
            return (
                " + ".join(f"{x} * {y}" for x, y in zip(words[:n], words[n:], strict=True)) or "0.0"
            )
        if plan.scalar and isinstance(row, Reduction):
            if name == "sum":
                return " + ".join(words) or "0.0"
            words, options = [f"np.array([{', '.join(words)}])"], options | {"axis": None}
        if name in INFIX:
            return INFIX[name].format(*map(Word, words))
        write: Callable[..., str] | None = getattr(self, f"write_{name}", None)
        if write is not None:
            return write(step, words, plan)
        if name in CALLS:
            text = CALLS[name]
            for helper in re.findall(r"(?<![.\w])\w+(?=\()", text):
                self.used[helper] = getattr(helpers, helper)
            return text.format(
                *map(Word, words), **{key: option_text(key, x) for key, x in options.items()}
            )
        if name in REDUCTIONS:
            told = [
                f"{key}={option_text(key, x)}"
                for key, x in options.items()
                if key != "ties" and x is not None and x is not False and (key, x) != ("ddof", 0)
            ]
            return f"np.{name}({', '.join([*words, *told])})"
        assert isinstance(row, Elementwise)
        return f"np.{row.array.__name__}({', '.join(words)})"

    # Rows that one template does not say.

    def write_transpose(self, step: Instruction, words: Sequence[str], plan: Plan) -> str:
        axes = step.options.get("axes")
        return f"{Word(words[0]):array}.T" if axes is None else f"np.transpose({words[0]}, {axes})"

    def write_indicator(self, step: Instruction, words: Sequence[str], plan: Plan) -> str:
        return f"np.asarray({words[0]}, {dtype_text(plan.registers[step.out].dtype)})"

    def write_astype(self, step: Instruction, words: Sequence[str], plan: Plan) -> str:
        return f"np.asarray({words[0]}, {dtype_text(np.dtype(step.options['dtype']))})"

    def write_concatenate_all(self, step: Instruction, words: Sequence[str], plan: Plan) -> str:
        joined = (
            "".join(f"{word}, " for word in words).rstrip() if len(words) == 1 else ", ".join(words)
        )
        return f"np.concatenate(({joined}), {step.options['axis']})"

    def write_einsum_all(self, step: Instruction, words: Sequence[str], plan: Plan) -> str:
        return f"np.einsum({', '.join([repr(step.options['subscripts']), *words])})"

    def program(self, source: SourceText, name: str) -> str:
        lines = ["import numpy as np"]
        if {"erf", "erfc"} & set(self.used):
            lines.insert(0, "import math")
        for helper in self.used.values():
            lines += [
                "",
                "",
                inspect.getsource(helper).replace(": Any", "").replace(" -> Any", "").rstrip(),
            ]
        if source.constants:
            lines += ["", *(f"{key} = {text}" for key, text in source.constants.items())]
        lines += ["", "", f"def {name}({', '.join(source.arguments)}):"]
        body = []
        if source.plan.scalar and source.arguments:
            many = ", ".join(source.arguments)
            body.append(
                (
                    f"{many} = np.float64(({many}))"
                    if len(source.arguments) > 1
                    else f"{many} = np.float64({many})",
                    "",
                )
            )
        body += source.forward
        if source.gradients:
            body += [("", ""), ("", "the backward pass"), *source.backward]
            found = ", ".join(f"{key!r}: {text}" for key, text in source.gradients)
            body += [("", ""), (f"return {source.value}, {{{found}}}", "")]
        else:
            body += [(f"return {source.value}", "")]
        return "\n".join(lines + [written(*each) for each in body]) + "\n"


class Word(str):
    """A word in a template: an operator's asks for brackets by a number, which no name needs."""

    def __format__(self, wanted: str) -> str:
        return f"np.asarray({self})" if wanted == "array" and not self.isidentifier() else str(self)


def written(text: str, comment: str) -> str:
    """A line of the body, its comment in a column."""
    if not text:
        return f"    # {comment}" if comment else ""
    return f"    {text:<52}  # {comment}" if comment else f"    {text}"


def dtype_text(dtype: np.dtype[Any]) -> str:
    """A dtype as code."""
    return "bool" if dtype.kind == "b" else f"np.{dtype.name}"


def array_text(x: np.ndarray[Any, Any]) -> str:
    """An array as code."""
    if not x.size:
        return f"np.zeros({x.shape}, {dtype_text(x.dtype)})"
    numbers = re.sub(r"\b(nan|inf)\b", r"np.\1", repr(x.tolist()))
    return f"np.array({numbers}, {dtype_text(x.dtype)})"


def option_text(key: str, x: Any) -> str:
    """An option as code."""
    if key == "index":
        return index_text(x)
    if isinstance(x, np.ndarray):
        return array_text(x)
    if isinstance(x, np.generic):
        return repr(x.item())
    if isinstance(x, tuple):
        parts = [option_text("", part) for part in x]
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
    return repr(x)


def index_text(index: Any) -> str:
    """What stands between the brackets of an index."""
    if isinstance(index, tuple):
        parts = [index_text(part) for part in index]
        return f"{parts[0]}," if len(parts) == 1 else ", ".join(parts) or "()"
    if isinstance(index, slice):
        ends = ["" if x is None else str(x) for x in (index.start, index.stop)]
        return ":".join(ends + ([str(index.step)] if index.step is not None else []))
    return "..." if index is Ellipsis else option_text("", index)
