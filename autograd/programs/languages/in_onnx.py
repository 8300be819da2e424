"""ONNX's spellings of the rows, for graphs of tensors.

A row is one operation of ONNX (`OPERATIONS`, `REDUCTIONS`), a few of them (the methods ``write_...``),
or made of other rows (`FORMULAS`); what is in none of these is taken apart by its ``composite=``. What
ONNX Runtime has no kernel for in float64, or a wrong one, is made of other rows there (`DOUBLE`). Three
things are left as its kernels have them: the maximum of numbers with nan among them, of which ONNX says
nothing; of Sigmoid what is below the rounding of 1; and in float32 the small values of erfc, 1 − Erf.

What depends on the size of a batch is an input of an operation, never an attribute, so that two writings
of one function can be set beside each other, and the size be found in them: see `batches_in_onnx`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from autograd.engine.axes import axis_index, explicit_subscripts, normalise_axes
from autograd.engine.followed import CALL, FollowedCall, _places as places_of, filled
from autograd.engine.primitive import registry, relations
from autograd.primitives.elementwise import (
    COMPARISONS,
    abs,
    arctan,
    exp,
    log,
    maximum,
    minimum,
    reciprocal,
    relu,
    sign,
    where,
)
from autograd.primitives.fused import log_softmax
from autograd.primitives.linear import pad_widths
from autograd.primitives.reductions import mean, sum
from autograd.programs.languages.onnx_operations import (
    Array,
    OnnxOperand,
    OnnxOperations,
    place_of,
    vector,
)
from autograd.programs.native.mathematics import ERROR_FAR, ERROR_FARTHER, ERROR_NEAR
from autograd.programs.planning.parts import taken_apart
from autograd.programs.planning.plan import Instruction, Plan

FLOAT64 = np.dtype(np.float64)
KINDS: Mapping[str, Any] = {"i": np.int64, "b": bool}
"""What is no float, by the letter of its dtype."""

FIRST, LAST = -(2**63), 2**63 - 1
"""Ends of a slice that is open."""

# --- the tables -----------------------------------------------------------------------------------

OPERATIONS: Mapping[str, str] = {
    "add": "Add",
    "sub": "Sub",
    "mul": "Mul",
    "div": "Div",
    "neg": "Neg",
    "reciprocal": "Reciprocal",
    "pow": "Pow",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "abs": "Abs",
    "sign": "Sign",
    "floor": "Floor",
    "ceil": "Ceil",
    "sin": "Sin",
    "cos": "Cos",
    "tan": "Tan",
    "arcsin": "Asin",
    "arccos": "Acos",
    "arctan": "Atan",
    "sinh": "Sinh",
    "cosh": "Cosh",
    "tanh": "Tanh",
    "arcsinh": "Asinh",
    "arccosh": "Acosh",
    "arctanh": "Atanh",
    "sigmoid": "Sigmoid",
    "softplus": "Softplus",
    "relu": "Relu",
    "erf": "Erf",
    "maximum": "Max",
    "minimum": "Min",
    "less": "Less",
    "less_equal": "LessOrEqual",
    "greater": "Greater",
    "greater_equal": "GreaterOrEqual",
    "equal": "Equal",
    "matmul": "MatMul",
    "identity": "Identity",
}
"""Rows of numbers that are one operation."""

CONNECTIVES: Mapping[str, str] = {"logical_and": "And", "logical_or": "Or"}
"""Rows of truth values that are one operation."""

REDUCTIONS: Mapping[str, str] = {
    "sum": "ReduceSum",
    "mean": "ReduceMean",
    "prod": "ReduceProd",
    "max": "ReduceMax",
    "min": "ReduceMin",
    "logsumexp": "ReduceLogSumExp",
    "norm": "ReduceL2",
    "sum_squares": "ReduceSumSquare",
}
"""Rows along axes that are one operation."""

SOFTMAXES: Mapping[str, str] = {"softmax": "Softmax", "log_softmax": "LogSoftmax"}

WHOLE = frozenset({"linear", *SOFTMAXES})
"""Rows that a plan for ONNX does not take apart, though they are made of others."""


def polynomial(x: Any, coefficients: Sequence[float]) -> Any:
    """A polynomial of x, from its constant coefficient on."""
    out: Any = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        out = out * x + c
    return out


def expm1(x: Any) -> Any:
    """eˣ − 1: near 0 what eˣ was rounded by is in its logarithm as well."""
    u = exp(x)
    return where(abs(x) < 1, where(u == 1, x, (u - 1) * (x / log(u))), u - 1)


def log1p(x: Any) -> Any:
    """ln(1 + x), likewise."""
    u = 1 + x
    return where(abs(x) < 1, where(u == 1, x, log(u) * (x / (u - 1))), log(u))


def hypot(x: Any, y: Any) -> Any:
    """√(x² + y²), of squares of at most 1."""
    x, y = abs(x), abs(y)
    large = maximum(x, y)
    ratio = minimum(x, y) / large
    root = where(large == 0, 0, large * (1 + ratio * ratio) ** 0.5)
    return where((x == math.inf) | (y == math.inf), math.inf, root)


def arctan2(x: Any, y: Any) -> Any:
    """The angle of the point (y, x), by its quadrant, which the signs of zeros tell as well."""
    up, right = abs(x), abs(y)
    ratio = where((up == math.inf) & (right == math.inf), 1, up / right)
    acute = arctan(where((x == 0) & (y == y), 0, ratio))
    angle = where((y < 0) | (reciprocal(y) < 0), math.pi - acute, acute)
    return where((x < 0) | (reciprocal(x) < 0), -angle, angle)


def logaddexp(x: Any, y: Any) -> Any:
    """ln(eˣ + eʸ), of an exponential that is at most 1."""
    return where(x == y, x + math.log(2), maximum(x, y) + log1p(exp(-abs(x - y))))


def clip_between(x: Any, low: Any, high: Any) -> Any:
    """x between two bounds, of which one may be infinite and so none."""
    above = x if isinstance(low, float) and low == -math.inf else maximum(x, low)
    return above if isinstance(high, float) and high == math.inf else minimum(above, high)


def centre(x: Any, axis: Any, keepdims: bool) -> Any:
    """The mean, and what it was rounded by."""
    rounded = mean(x - mean(x, axis=axis, keepdims=True), axis=axis, keepdims=keepdims)
    return mean(x, axis=axis, keepdims=keepdims) + rounded


def var(x: Any, axis: Any, keepdims: bool, ddof: float) -> Any:
    """Σ(x − x̄)² / (n − ddof)."""
    away = x - mean(x, axis=axis, keepdims=True)
    count = math.prod(x.shape[i] for i in normalise_axes(axis, x.ndim))
    total = sum(away * away, axis=axis, keepdims=keepdims)
    return total / float(count - ddof if count > ddof else 0)


def erf(x: Any) -> Any:
    """A series near 0; farther out 1 − exp(−x²) times a polynomial."""
    a = minimum(abs(x), 6)
    far = 1 - exp(-a * a) * polynomial((a - 2) / (a + 2), ERROR_FAR)
    return where(a < 1, x * polynomial(a * a, ERROR_NEAR), sign(x) * far)


def erfc(x: Any) -> Any:
    """1 − erf(x) near 0; farther out exp(−x²) times a polynomial."""
    a = minimum(abs(x), 28)
    far = exp(-a * a) * polynomial((a - 2) / (a + 2) * (5 / 3) - 4 / 9, ERROR_FARTHER)
    return where(a < 1, 1 - x * polynomial(a * a, ERROR_NEAR), where(x < 0, 2 - far, far))


FORMULAS: Mapping[str, Callable[..., Any]] = {
    "square": lambda x: x * x,
    "exp2": lambda x: 2.0**x,
    "expm1": expm1,
    "log1p": log1p,
    "log2": lambda x: log(x) * (1 / math.log(2)),
    "log10": lambda x: log(x) * (1 / math.log(10)),
    "cbrt": lambda x: sign(x) * abs(x) ** (1 / 3),
    "hypot": hypot,
    "arctan2": arctan2,
    "logaddexp": logaddexp,
    "hinge": lambda x, y: relu(1 - x * y),
    "clip_between": clip_between,
    "erfc": lambda x: 1 - registry["erf"](x),
    "centre": centre,
    "var": var,
    "std": lambda x, **options: var(x, **options) ** 0.5,
}
"""Rows that ONNX has no operation for, as formulas of others."""

DOUBLE: Mapping[str, Callable[..., Any]] = {
    "erf": erf,
    "erfc": erfc,
    "softplus": lambda x: relu(x) + log1p(exp(-abs(x))),
    "log_softmax": log_softmax.composite,
}
"""Rows that ONNX Runtime has no kernel for in float64, or one that overflows or loses nan."""

TRUTHS: Mapping[Any, str] = {
    np.logical_not: "Not",
    np.invert: "Not",
    np.logical_and: "And",
    np.bitwise_and: "And",
    np.logical_or: "Or",
    np.bitwise_or: "Or",
    np.logical_xor: "Xor",
    np.bitwise_xor: "Xor",
}
"""NumPy's functions of truth values that a recording follows, for those that are one operation."""

ALIKE: Mapping[Any, str] = {
    np.add: "Add",
    np.subtract: "Sub",
    np.multiply: "Mul",
    np.negative: "Neg",
    np.absolute: "Abs",
    np.maximum: "Max",
    np.minimum: "Min",
    **{row.array: OPERATIONS[name] for name, row in COMPARISONS.items() if name in OPERATIONS},
}
"""Likewise, of operands that are made alike: whole numbers, or floats where one is a float."""


# --- writing --------------------------------------------------------------------------------------


class OnnxWriter(OnnxOperations):
    """A plan's forward pass as operations of ONNX."""

    def __init__(self, plan: Plan, names: Mapping[int, str], dtype: np.dtype[Any]) -> None:
        # In the file every float is of one dtype: here as well, for formulas mix none.
        registers = [
            replace(r, dtype=FLOAT64) if r.dtype.kind == "f" else r for r in plan.registers
        ]
        self.double = dtype == np.float64
        formulas = {**FORMULAS, **DOUBLE} if self.double else FORMULAS
        plan = taken_apart(replace(plan, registers=registers), self.knows, narrow, formulas)
        super().__init__(plan.registers, names, dtype)
        self.places: dict[int, Instruction] = {}  # written where they are asked for
        for step in plan.forward:
            self.about = step.node
            if step.name == CALL and step.options["call"].function is places_of:
                self.places[step.out] = step
            else:
                self.named[step.out] = self.written(step)

    def operand(self, r: int) -> OnnxOperand:
        if r in self.places and r not in self.named:
            self.named[r] = self.written(self.places[r])
        return super().operand(r)

    def knows(self, step: Instruction) -> bool:
        """Whether a row has a spelling of its own."""
        name = step.name
        if self.double and name in DOUBLE:
            return False
        if name == CALL:
            function = step.options["call"].function
            spelled = function in TRUTHS or function in ALIKE
            return spelled or hasattr(self, f"call_{function.__name__}")
        spelled = name in OPERATIONS or name in REDUCTIONS or name in CONNECTIVES
        return spelled or name in SOFTMAXES or hasattr(self, f"write_{name}")

    def written(self, step: Instruction) -> Any:
        """The name of what an instruction gives."""
        if step.name == "getitem_at" and (places := self.places.get(step.arguments[1])):
            _, index = places.options["call"].args
            index = filled(index, [self.operand(r) for r in places.arguments])
            return self.indexed(self.operand(step.arguments[0]), index)
        name, xs = step.name, [self.operand(r) for r in step.arguments]
        if not self.knows(step):
            self.refuse(str(step.options["call"]) if name == CALL else name)
        if name in OPERATIONS:
            return self.put(OPERATIONS[name], *map(self.number, xs))
        if name in CONNECTIVES:
            return self.put(CONNECTIVES[name], *map(self.truth, xs))
        if name in REDUCTIONS:
            return self.reduced(REDUCTIONS[name], xs[0], **step.options)
        if name in SOFTMAXES:
            axis = axis_index(step.options["axis"], xs[0].ndim)
            return self.put(SOFTMAXES[name], self.number(xs[0]), axis=axis)
        return getattr(self, f"write_{name}")(*xs, **step.options)

    def refuse(self, name: str) -> NoReturn:
        """Say what has no form."""
        raise ValueError(
            f"{name!r} has no form in ONNX: neither a spelling nor parts (composite=) that have one"
            f"{place_of(self.about)}"
        )

    # --- rows that one operation does not say -----------------------------------------------------

    def reduced(self, kind: str, x: OnnxOperand, axis: Any, keepdims: bool, **unused: Any) -> str:
        """A reduction along axes."""
        axes, ref = normalise_axes(axis, x.ndim), self.number(x)
        if not axes:  # which means all axes to ONNX
            return self.put(kind, self.put("Unsqueeze", ref, vector(-1)), vector(-1), keepdims=0)
        return self.put(kind, ref, vector(*axes), keepdims=int(keepdims))

    def write_not_equal(self, x: OnnxOperand, y: OnnxOperand) -> str:
        return self.put("Not", self.put("Equal", self.number(x), self.number(y)))

    def write_where(self, condition: OnnxOperand, x: OnnxOperand, y: OnnxOperand) -> str:
        return self.put("Where", self.truth(condition), self.number(x), self.number(y))

    def write_indicator(self, condition: OnnxOperand, like: OnnxOperand) -> Any:
        return self.number(OnnxOperand(self.truth(condition), condition.shape, "b"))

    def write_remainder(self, x: OnnxOperand, y: OnnxOperand) -> str:
        left, m, moved = self.divided(x, y)
        return self.put("Where", moved, self.put("Add", m, left[1]), m)

    def write_floor_divide(self, x: OnnxOperand, y: OnnxOperand) -> str:
        (x_, y_), m, moved = self.divided(x, y)
        q = self.put("Div", self.put("Sub", x_, m), y_)
        q = self.put("Where", moved, self.put("Sub", q, self.one), q)
        down = self.put("Floor", q)
        up = self.put("Greater", self.put("Sub", q, down), self.one / 2)
        q = self.put("Where", up, self.put("Add", down, self.one), down)
        none = self.put("Equal", y_, 0 * self.one)
        return self.put("Where", none, self.put("Div", x_, y_), q)

    @property
    def one(self) -> Any:
        """The number 1."""
        return np.ones((), self.dtype)

    def divided(self, x: OnnxOperand, y: OnnxOperand) -> tuple[tuple[Any, Any], str, str]:
        """Both operands, what a division towards 0 leaves, and where the quotient is 1 too large."""
        x_, y_ = self.number(x), self.number(y)
        m, zero = self.put("Mod", x_, y_, fmod=1), 0 * self.one
        signs = self.put("Xor", self.put("Less", m, zero), self.put("Less", y_, zero))
        left = self.put("Not", self.put("Equal", m, zero))
        return (x_, y_), m, self.put("And", left, signs)

    def write_astype(self, x: OnnxOperand, dtype: Any) -> Any:
        ref = self.number(x)
        if np.dtype(dtype) == np.float64 or not self.double:
            return ref
        rounded = self.put("Cast", ref, to=np.dtype(np.float32))
        return self.put("Cast", rounded, to=self.dtype)

    def write_linear(
        self, x: OnnxOperand, weight: OnnxOperand, bias: OnnxOperand | None = None
    ) -> str:
        refs = [self.number(each) for each in (x, weight, bias) if each is not None]
        if x.ndim == 2:
            return self.put("Gemm", *refs, transB=1)
        out = self.put("MatMul", refs[0], self.put("Transpose", refs[1], perm=[1, 0]))
        return out if bias is None else self.put("Add", out, refs[2])

    def write_einsum_all(self, *xs: OnnxOperand, subscripts: str) -> str:
        terms, out = explicit_subscripts(subscripts, [x.ndim for x in xs])
        wide = {
            c for i, x in enumerate(xs) for c, n in zip(terms[i], x.shape, strict=True) if n != 1
        }
        refs = []
        for i, x in enumerate(xs):  # an axis that is stretched is none of an operand's here
            stretched = [k for k, c in enumerate(terms[i]) if c in wide and x.shape[k] == 1]
            terms[i] = "".join(c for k, c in enumerate(terms[i]) if k not in stretched)
            ref = self.number(x)
            refs.append(self.put("Squeeze", ref, vector(*stretched)) if stretched else ref)
        return self.put("Einsum", *refs, equation=f"{','.join(terms)}->{out}")

    def write_reshape(self, x: OnnxOperand, shape: Any) -> str:
        return self.reshaped(self.number(x), np.empty(x.shape, bool).reshape(shape).shape)

    def reshaped(self, ref: Any, shape: Sequence[int]) -> str:
        """The same numbers in another shape."""
        empty = {"allowzero": 1} if 0 in shape else {}
        return self.put("Reshape", ref, vector(*shape), **empty)

    def write_transpose(self, x: OnnxOperand, axes: Any) -> Any:
        order = range(x.ndim)[::-1] if axes is None else [int(i) % x.ndim for i in axes]
        if not x.ndim:
            return self.number(x)
        return self.put("Transpose", self.number(x), perm=list(order))

    def write_broadcast_to(self, x: OnnxOperand, shape: Any) -> str:
        shape = (shape,) if np.ndim(shape) == 0 else shape
        return self.put("Expand", self.number(x), vector(*shape))

    def write_concatenate_all(self, *xs: OnnxOperand, axis: int | None, starts: Any) -> str:
        refs = [self.number(x) for x in xs]
        if axis is None:
            refs = [self.reshaped(ref, (-1,)) for ref in refs]
        return self.put("Concat", *refs, axis=0 if axis is None else axis_index(axis, xs[0].ndim))

    def write_pad(self, x: OnnxOperand, pad_width: Any) -> str:
        before, after = zip(*pad_widths(pad_width, x.ndim), strict=True)
        return self.put("Pad", self.number(x), vector(*before, *after))

    def write_roll(self, x: OnnxOperand, shift: Any, axis: Any) -> Any:
        ref = self.number(x)
        if axis is None:
            order = np.roll(np.arange(math.prod(x.shape)), shift)
            flat = self.put("Gather", self.reshaped(ref, (-1,)), order, axis=0)
            return self.reshaped(flat, x.shape)
        for n, each in np.broadcast(shift, axis):
            i = axis_index(int(each), x.ndim)
            ref = self.put("Gather", ref, np.roll(np.arange(x.shape[i]), n), axis=i)
        return ref

    def write_cumsum(self, x: OnnxOperand, axis: int | None) -> str:
        ref = self.number(x)
        if axis is None or not x.ndim:
            ref, axis = self.reshaped(ref, (-1,)), 0
        return self.put("CumSum", ref, np.array(axis))

    # --- indices ----------------------------------------------------------------------------------

    def write_getitem(self, x: OnnxOperand, index: Any) -> Any:
        return self.indexed(x, index)

    def indexed(self, x: OnnxOperand, index: Any) -> Any:
        """``x[index]``: new axes first, then slices, then places along one axis or several."""
        items = [
            np.asarray(i) if i.__class__ in (list, tuple, bool, np.bool_) else i
            for i in (index if index.__class__ is tuple else (index,))
        ]
        if any(isinstance(i, np.ndarray) and i.dtype == bool and not i.ndim for i in items):
            places = np.arange(math.prod(x.shape)).reshape(x.shape)[index]
            return self.write_getitem_at(x, OnnxOperand(places, places.shape, "i"))
        ref, axes = self.cast(x, KINDS.get(x.kind, self.dtype)), by_axis(items, x.ndim)
        if new := [i for i, item in enumerate(axes) if item is None]:
            ref = self.put("Unsqueeze", ref, vector(*new))
        ref = self.sliced(ref, {i: item for i, item in enumerate(axes) if isinstance(item, slice)})
        chosen = {
            i: self.whole(item) if isinstance(item, OnnxOperand) else np.asarray(item)
            for i, item in enumerate(axes)
            if not (item is None or isinstance(item, slice))
        }
        followed = [i for i, places in chosen.items() if isinstance(places, str)]
        if len(chosen) == 1 or not (followed or any(each.ndim for each in chosen.values())):
            for i in sorted(chosen, reverse=True):
                ref = self.put("Gather", ref, chosen[i], axis=i)
            return ref
        if followed:
            self.refuse("an index of several arrays")
        return self.gathered(ref, len(axes), chosen)

    def sliced(self, ref: Any, slices: Mapping[int, slice]) -> Any:
        """A part along some axes."""
        parts = {i: part for i, part in slices.items() if part != slice(None)}
        if not parts:
            return ref
        starts, ends, steps = [], [], []
        for part in parts.values():
            step = 1 if part.step is None else int(part.step)
            first, last = (0, LAST) if step > 0 else (LAST, FIRST)
            starts.append(first if part.start is None else int(part.start))
            ends.append(last if part.stop is None else int(part.stop))
            steps.append(step)
        return self.put(
            "Slice", ref, vector(*starts), vector(*ends), vector(*parts), vector(*steps)
        )

    def gathered(self, ref: Any, ndim: int, chosen: Mapping[int, Array]) -> str:
        """What several arrays of places select together, where NumPy puts it."""
        rest = [i for i in range(ndim) if i not in chosen]
        ref = self.put("Transpose", ref, perm=[*chosen, *rest])
        places = np.stack(np.broadcast_arrays(*chosen.values()), axis=-1)
        found = self.put("GatherND", ref, places)
        first, last, axes = min(chosen), max(chosen), places.ndim - 1
        if last - first >= len(chosen) or not first:  # apart, and so in front
            return found
        order = [*range(axes, axes + first), *range(axes), *range(axes + first, axes + len(rest))]
        return self.put("Transpose", found, perm=order)

    def write_getitem_at(self, x: OnnxOperand, places: OnnxOperand, axis: int | None = None) -> str:
        if axis is not None:
            return self.put("Gather", self.number(x), self.whole(places), axis=axis)
        return self.put("Gather", self.reshaped(self.number(x), (-1,)), self.whole(places), axis=0)

    def write_scatter(self, x: OnnxOperand, index: Any, shape: tuple[int, ...]) -> str:
        places = np.arange(math.prod(shape)).reshape(shape)[index]
        places = np.broadcast_to(places, x.shape)
        return self.write_scatter_at(x, OnnxOperand(places, places.shape, "i"), shape)

    def write_scatter_at(
        self,
        x: OnnxOperand,
        places: OnnxOperand,
        shape: tuple[int, ...],
        axis: int | None = None,
    ) -> str:
        to: Any = self.whole(places)
        if axis is not None:
            table = np.arange(math.prod(shape)).reshape(shape)
            to = self.put("Gather", table, to, axis=axis)
        flat = [self.reshaped(ref, (-1,)) for ref in (to, self.number(x))]
        zeros = np.zeros(math.prod(shape), self.dtype)
        out = self.put("ScatterElements", zeros, *flat, axis=0, reduction="add")
        return self.reshaped(out, shape)

    # --- what a recording follows of truth values and whole numbers -------------------------------

    def write_numpy(self, *xs: OnnxOperand, call: FollowedCall) -> Any:
        args = [filled(x, xs) for x in call.args]
        keywords = {key: filled(x, xs) for key, x in call.keywords.items()}
        function = call.function
        if function not in TRUTHS and function not in ALIKE:
            write = getattr(self, f"call_{function.__name__}")
            try:
                inspect.signature(write).bind(*args, **keywords)
            except TypeError:  # an option of NumPy's that has no form
                self.refuse(str(call))
            return write(*args, **keywords)
        operands = [constant(x) for x in args]
        truths = all(x.kind == "b" for x in operands)
        if keywords or not (truths if function in TRUTHS else function in relations or not truths):
            self.refuse(str(call))
        if function in TRUTHS:
            return self.put(TRUTHS[function], *(x.ref for x in operands))
        return self.put(ALIKE[function], *self.alike(operands))

    def alike(self, xs: Sequence[OnnxOperand]) -> list[Any]:
        """Operands as floats where one is of floats, else as whole numbers."""
        dtype = self.dtype if any(x.kind == "f" for x in xs) else np.int64
        return [self.cast(x, dtype) for x in xs]

    def call_not_equal(self, x: Any, y: Any) -> str:
        """Where two numbers differ."""
        return self.put("Not", self.put("Equal", *self.alike([constant(x), constant(y)])))

    def call_isnan(self, x: OnnxOperand) -> str:
        """Where there is no number."""
        return self.put("IsNaN", self.number(x))

    def call_isinf(self, x: OnnxOperand) -> str:
        """Where numbers are infinite."""
        return self.put("IsInf", self.number(x))

    def call_isfinite(self, x: OnnxOperand) -> str:
        """Where numbers are finite: the difference from itself is 0 there, and else nan."""
        ref = self.number(x)
        return self.put("Not", self.put("IsNaN", self.put("Sub", ref, ref)))

    def call_astype(self, x: OnnxOperand, dtype: np.dtype[Any], *options: Any, **more: Any) -> Any:
        """Numbers of another kind."""
        return self.cast(x, KINDS.get("i" if dtype.kind == "u" else dtype.kind, self.dtype))

    def call_any(self, x: OnnxOperand, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether some are true."""
        return self.put("Cast", self.reduced("ReduceMax", x, axis, keepdims), to=np.dtype(bool))

    def call_all(self, x: OnnxOperand, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether all are true."""
        return self.put("Cast", self.reduced("ReduceMin", x, axis, keepdims), to=np.dtype(bool))

    def call_argmax(
        self, x: OnnxOperand, axis: int | None = None, keepdims: bool = False, kind: str = "ArgMax"
    ) -> str:
        """The place of the largest number."""
        ref = self.number(x)
        if axis is None:
            flat = self.put(kind, self.reshaped(ref, (-1,)), axis=0, keepdims=0)
            return self.reshaped(flat, (1,) * x.ndim) if keepdims else flat
        return self.put(kind, ref, axis=axis_index(axis, x.ndim), keepdims=int(keepdims))

    def call_argmin(self, x: OnnxOperand, axis: int | None = None, keepdims: bool = False) -> str:
        """The place of the smallest number."""
        return self.call_argmax(x, axis, keepdims, "ArgMin")

    def call_taken_at(self, x: Any, index: Any) -> Any:
        """``x[index]``."""
        return self.indexed(constant(x), index)

    def call__places(self, shape: tuple[int, ...], index: Any) -> Any:
        """The places of what an index selects, counted through all of an array."""
        return self.indexed(constant(np.arange(math.prod(shape)).reshape(shape)), index)

    # --- classes ----------------------------------------------------------------------------------

    def left_out(self, classes: OnnxOperand, ignore: Any) -> Any:
        """Where instances do not count."""
        return self.put("Equal", self.whole(classes), np.array(LAST if ignore is None else ignore))

    def write_class_targets(
        self, x: OnnxOperand, classes: OnnxOperand, weight: Any, ignore: Any, smoothing: float
    ) -> str:
        n = x.shape[-1]
        column = self.put("Unsqueeze", self.whole(classes), vector(-1))
        own = OnnxOperand(self.put("Equal", column, np.arange(n)), (), "b")
        out = self.number(own)
        if smoothing:
            out = self.put("Mul", out, self.one * (1 - smoothing))
            out = self.put("Add", out, self.one * (smoothing / n))
        if weight is not None:
            out = self.put("Mul", out, np.asarray(weight, self.dtype))
        left_out = self.put("Unsqueeze", self.left_out(classes, ignore), vector(-1))
        return self.put("Where", left_out, 0 * self.one, out)

    def write_class_score(
        self, x: OnnxOperand, classes: OnnxOperand, weight: Any, ignore: Any
    ) -> str:
        left_out = self.left_out(classes, ignore)
        chosen = self.put("Where", left_out, np.array(0), self.whole(classes))
        column = self.put("Unsqueeze", chosen, vector(-1))
        out = self.put("GatherElements", self.number(x), column, axis=-1)
        out = self.put("Squeeze", out, vector(-1))
        if weight is not None:
            table = np.asarray(weight, self.dtype)
            out = self.put("Mul", out, self.put("Gather", table, chosen, axis=0))
        return self.put("Where", left_out, 0 * self.one, out)

    def write_class_count(
        self, x: OnnxOperand, indices: OnnxOperand, classes: int, weight: Any, ignore: Any
    ) -> str:
        left_out = self.left_out(indices, ignore)
        each = np.ones(classes, self.dtype) if weight is None else np.asarray(weight, self.dtype)
        chosen = self.put("Where", left_out, np.array(0), self.whole(indices))
        counts = self.put("Gather", each, chosen, axis=0)
        counts = self.put("Where", left_out, 0 * self.one, counts)
        return self.put("ReduceSum", counts, keepdims=0)


def narrow(terms: float, functions: set[str]) -> bool:
    """Parts are in the dtype of the whole."""
    return False


def constant(x: Any) -> OnnxOperand:
    """What a function is given beside what is followed."""
    if isinstance(x, OnnxOperand):
        return x
    array = np.asarray(x)
    return OnnxOperand(array, array.shape, "i" if array.dtype.kind == "u" else array.dtype.kind)


def by_axis(items: Sequence[Any], ndim: int) -> list[Any]:
    """An index as one item for each axis, the new ones counted: None, a slice, a place, or an array."""
    found: list[Any] = []
    for item in items:
        if isinstance(item, np.ndarray) and item.dtype == bool:
            found += item.nonzero()
        else:
            found.append(item)
    missing = ndim - len([i for i in found if i is not None and i is not Ellipsis])
    at = next((i for i, item in enumerate(found) if item is Ellipsis), len(found))
    return [*found[:at], *[slice(None)] * missing, *found[at + 1 :]]
