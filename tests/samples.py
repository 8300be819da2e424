"""One row of samples per primitive: the points at which the tests hold every rule to account.

`SAMPLES[name]` lists calls of ``autograd.registry[name]``; `singular_points` gives the points of an
elementwise row where Python's floats and IEEE arithmetic could part ways. A test fails when a
primitive has no row here.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

import autograd
from autograd.engine.families import Relation

inf, nan = math.inf, math.nan


class Sample(NamedTuple):
    """A call of a primitive: its positional arguments and its options."""

    primitive: str
    title: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    smooth: bool = True  # differentiable here: compared with finite differences
    wrt: tuple[int, ...] | None = None  # the slots differentiated by; None for all that can be
    step: float = 1e-5  # of finite differences; exact arithmetic allows a large one

    @property
    def row(self) -> autograd.Primitive:
        """The primitive itself."""
        return autograd.registry[self.primitive]

    @property
    def slots(self) -> tuple[int, ...]:
        """The arguments to differentiate by: those that are arrays, unless `wrt` says otherwise."""
        if self.wrt is not None:
            return self.wrt
        return tuple(
            slot
            for slot, x in enumerate(self.arguments)
            if self.row.differentiable(slot) and isinstance(x, np.ndarray)
        )

    @property
    def plain(self) -> list[Any]:
        """The arguments as a tensor keeps them: lists as arrays."""
        return [np.asarray(x) if isinstance(x, list) else x for x in self.arguments]

    @property
    def arrays(self) -> list[Any]:
        """The arguments of `slots`."""
        return [self.arguments[slot] for slot in self.slots]

    def __call__(self, *arrays: Any) -> Any:
        """The primitive with other arguments in `slots`."""
        arguments = list(self.arguments)
        for slot, x in zip(self.slots, arrays, strict=True):
            arguments[slot] = x
        return self.row(*arguments, **self.options)

    def __repr__(self) -> str:
        return f"{self.primitive}: {self.title}"


def numbers(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray[Any, Any]:
    """Numbers spread over an interval, in an order that mixes them; the same on every machine."""
    n = math.prod(shape)
    places = (np.arange(n) * 0.6180339887498949 + 0.37) % 1.0
    return np.asarray(low + (high - low) * places.reshape(shape))


def mask(*shape: int) -> np.ndarray[Any, Any]:
    """A boolean mask of mixed entries."""
    return np.asarray(numbers(*shape) > 0)


SAMPLES: dict[str, list[Sample]] = {}


def add(name: str, title: str, *arguments: Any, smooth: bool = True, **fields: Any) -> None:
    """Add one sample; fields of `Sample` by name, the rest are the primitive's options."""
    own = {key: fields.pop(key) for key in ("wrt", "step") if key in fields}
    SAMPLES.setdefault(name, []).append(Sample(name, title, arguments, fields, smooth, **own))


# --- elementwise ----------------------------------------------------------------------------------

UNARY: dict[str, tuple[float, float]] = {
    "neg": (-2, 2),
    "identity": (-2, 2),
    "abs": (0.3, 2),
    "sign": (0.3, 2),
    "floor": (0.2, 0.8),
    "ceil": (0.2, 0.8),
    "exp": (-2, 2),
    "exp2": (-2, 2),
    "expm1": (-1, 1),
    "log": (0.3, 3),
    "log2": (0.3, 3),
    "log10": (0.3, 3),
    "log1p": (-0.5, 2),
    "sqrt": (0.3, 3),
    "cbrt": (-3, -0.4),
    "reciprocal": (0.4, 2),
    "square": (-2, 2),
    "sin": (-3, 3),
    "cos": (-3, 3),
    "tan": (-1, 1),
    "arcsin": (-0.8, 0.8),
    "arccos": (-0.8, 0.8),
    "arctan": (-3, 3),
    "sinh": (-2, 2),
    "cosh": (-2, 2),
    "tanh": (-2, 2),
    "arcsinh": (-2, 2),
    "arccosh": (1.3, 3),
    "arctanh": (-0.8, 0.8),
    "sigmoid": (-4, 4),
    "softplus": (-4, 4),
    "relu": (0.2, 2),
    "erf": (-1.5, 1.5),
    "erfc": (-1.5, 1.5),
}
"""Elementwise rows of one argument, and an interval inside their domain without a kink."""

BINARY: dict[str, tuple[float, float, float, float]] = {
    "mul_or_zero": (0.3, 2, -2, 2),
    "xlogy": (0.3, 2, 0.3, 3),
    "xlog1py": (0.3, 2, -0.5, 2),
    "binary_cross_entropy": (0.2, 0.8, 0.1, 0.9),
    "kl_divergence": (0.2, 0.8, 0.1, 0.9),
    "add": (-2, 2, -2, 2),
    "sub": (-2, 2, -2, 2),
    "mul": (-2, 2, -2, 2),
    "div": (-2, 2, 0.5, 2),
    "floor_divide": (2.1, 2.9, 1.0, 1.04),
    "remainder": (-2.9, -2.1, 1.0, 1.04),
    "pow": (0.4, 2, -1.5, 2.5),
    "arctan2": (0.3, 2, -2, 2),
    "hypot": (-2, 2, 0.3, 2),
    "logaddexp": (-2, 2, -2, 2),
    "hinge": (-2, 2, 0.8, 1.2),
    "maximum": (-2, -0.1, 0.1, 2),
    "minimum": (-2, -0.1, 0.1, 2),
}
"""Elementwise rows of two arguments, and an interval for each."""

for _name, (_low, _high) in UNARY.items():
    add(_name, "a vector", numbers(4, low=_low, high=_high))
    add(_name, "0-d", np.array(_low + 0.4 * (_high - _low)))
    add(_name, "a column", numbers(2, 1, low=_low, high=_high))
    add(_name, "empty", np.zeros((0, 3)))

for _name, (_a, _b, _c, _d) in BINARY.items():
    for _left, _right in (
        ((2, 3), (2, 3)),
        ((2, 3), (3,)),
        ((3,), (2, 3)),
        ((2, 1), (1, 3)),
        ((), (2,)),
        ((3,), ()),
        ((), ()),
        ((0, 3), (3,)),
        ((2, 1, 2), (3, 1)),
    ):
        add(
            _name,
            f"{_left} and {_right}",
            numbers(*_left, low=_a, high=_b),
            numbers(*_right, low=_c, high=_d) if _right else np.array((_c + _d) / 2),
        )
    add(_name, "a constant on the right", numbers(3, low=_a, high=_b), (_c + _d) / 2)
    add(_name, "a constant on the left", (_a + _b) / 2, numbers(3, low=_c, high=_d))

add("abs", "negative", -numbers(3, low=0.3, high=2))
add("abs", "at its kink", np.array([0.0, 1.0]), smooth=False)
add("relu", "negative", -numbers(3, low=0.3, high=2))
add("relu", "at its kink", np.array([0.0, 1.0, -1.0]), smooth=False)
add("cbrt", "positive", numbers(3, low=0.4, high=2))
add("floor_divide", "negative", np.array([-2.5, 2.5, -2.5]), np.array([1.1, -1.1, -1.1]))
add("remainder", "negative", np.array([-2.5, 2.5, -2.5]), np.array([1.1, -1.1, -1.1]))
add("pow", "negative base", np.array([-2.0, -0.5, -1.5]), np.array([2.0, 3.0, -1.0]), wrt=(0,))
add("pow", "a square", np.array([-2.0, 0.0, 1.5]), 2)
add("pow", "zero exponent", np.array([-2.0, 0.0, 1.5]), 0.0)
add("arctan2", "all quadrants", np.array([1.0, 1.0, -1.0, -1.0]), np.array([2.0, -2.0, 2.0, -2.0]))
add("arctan2", "at the origin", np.array([0.0, 1.0]), np.array([0.0, 2.0]), smooth=False)
add("hypot", "at the origin", np.array([0.0, 1.0]), np.array([0.0, 2.0]), smooth=False)
for _name in ("maximum", "minimum"):
    for _ties in ("share", "first"):
        _tied = (np.array([1.0, 2.0, -1.0]), np.array([1.0, 0.0, 3.0]))
        add(_name, f"a tie, {_ties}", *_tied, ties=_ties, smooth=False)
        add(_name, f"no tie, {_ties}", _tied[0] + 0.25, _tied[1], ties=_ties)

_flags = mask(2, 3)
add("indicator", "a mask", _flags, numbers(2, 3))
add("indicator", "0-d", np.array(True), np.array(2.0))
add("where", "a mask", _flags, numbers(2, 3), numbers(2, 3, low=-1))
add("where", "broadcast", mask(3), numbers(2, 1), numbers(3))
add("where", "constants", _flags, numbers(2, 3), 0)
add("where", "0-d", np.array(True), np.array(2.0), np.array(3.0))
add("where", "empty", np.zeros((0,), bool), np.zeros(0), np.zeros(0))
_no = np.zeros((2, 3), bool)
add("patched", "nowhere", _no, 1.0, numbers(2, 3), numbers(2, 3, low=-1))
add("patched", "broadcast", _no[0], 0.5, numbers(2, 1), numbers(3))
add("patched", "0-d", np.array(False), np.array(1.0), np.array(2.0), np.array(3.0))
_wide = np.array([[-3.0, -0.5, 0.25], [0.5, 2.0, 4.0]])
add("clip_between", "constants", _wide, -1.0, 1.0)
add("clip_between", "one bound", _wide, -inf, 1.0)
add("clip_between", "arrays", _wide, np.array([-1.0, -0.75, 0.5]), np.array([[0.1], [3.0]]))
add("clip_between", "0-d", np.array(2.0), np.array(0.0), np.array(1.0))
add("clip_between", "at the bounds", np.array([-1.0, 0.0, 1.0]), -1.0, 1.0, smooth=False)


# --- reductions -----------------------------------------------------------------------------------

AXES: tuple[tuple[tuple[int, ...], Any, bool], ...] = (
    ((2, 3, 2), None, False),
    ((2, 3, 2), None, True),
    ((2, 3, 2), 1, False),
    ((2, 3), 0, True),
    ((2, 3, 2), (0, 2), False),
    ((2, 3, 2), (-1, 0), True),
    ((2, 3), -1, False),
    ((2, 3), (), False),
    ((), None, False),
    ((1, 3), 0, False),
    ((3, 1), 0, True),
)
for _name in (
    "sum",
    "mean",
    "centre",
    "prod",
    "max",
    "min",
    "logsumexp",
    "var",
    "std",
    "norm",
    "sum_squares",
):
    for _shape, _axis, _keepdims in AXES:
        _kept = ", keepdims" if _keepdims else ""
        # Where nothing varies, std is at its kink: its gradient there is 0, and so is var's.
        _several = np.size(np.sum(np.ones(_shape), axis=_axis)) < np.prod(_shape) and _shape != ()
        add(
            _name,
            f"{_shape} over {_axis}{_kept}",
            numbers(*_shape),
            axis=_axis,
            keepdims=_keepdims,
            smooth=_several or _name != "std",
        )
for _name in ("sum", "prod", "logsumexp", "norm", "sum_squares"):
    add(_name, "an empty axis", np.zeros((0, 3)), axis=0)
for _name in (
    "sum",
    "mean",
    "centre",
    "prod",
    "max",
    "min",
    "logsumexp",
    "var",
    "std",
    "norm",
    "sum_squares",
):
    add(_name, "beside an empty axis", np.zeros((0, 3)), axis=1)
for _name in ("max", "min"):
    for _ties in ("share", "first"):
        _tied = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [-1.0, -1.0, 0.0]])
        add(_name, f"ties, {_ties}", _tied, axis=1, ties=_ties, smooth=False)
        add(_name, f"ties everywhere, {_ties}", np.ones((2, 2)), ties=_ties, smooth=False)
        add(_name, f"several axes, {_ties}", numbers(2, 3, 2), axis=(0, 2), ties=_ties)
for _name in ("var", "std"):
    add(_name, "ddof=1", numbers(2, 4), axis=1, ddof=1)
    add(_name, "ddof=2 over all", numbers(2, 3), ddof=2)
    add(_name, "constant", np.ones((2, 3)), axis=1, smooth=_name == "var")
for _count in range(4):
    _factors = np.array([2.0, -1.5, 0.5, 3.0])
    _factors[:_count] = 0.0
    add("prod", f"{_count} zeros", _factors)
add("prod", "zeros in rows", np.array([[1.0, 2.0, 0.0], [0.0, 3.0, 0.0], [4.0, 5.0, 6.0]]), axis=1)
add("logsumexp", "large", np.array([1000.0, 999.0, 998.5]))
add("logsumexp", "a term that vanishes", np.array([-inf, 0.0, 1.0]), smooth=False)
add("norm", "at 0", np.zeros((2, 2)), smooth=False)
add("norm", "a row of zeros", np.array([[0.0, 0.0], [3.0, 4.0]]), axis=1, smooth=False)


# --- linear maps ----------------------------------------------------------------------------------

add("reshape", "to a matrix", numbers(6), shape=(2, 3))
add("reshape", "with −1", numbers(2, 3, 2), shape=(3, -1))
add("reshape", "to a vector", numbers(2, 2), shape=-1)
add("reshape", "to 0-d", numbers(1, 1), shape=())
add("reshape", "empty", np.zeros((0, 3)), shape=(3, 0))
add("transpose", "by default", numbers(2, 3))
add("transpose", "an order", numbers(2, 3, 4), axes=(1, 2, 0))
add("transpose", "a negative order", numbers(2, 3, 4), axes=(-1, 0, -2))
add("transpose", "0-d", np.array(2.0))
add("transpose", "a vector", numbers(3))
add("broadcast_to", "new axes", numbers(3), shape=(2, 3))
add("broadcast_to", "stretched", numbers(2, 1), shape=(4, 2, 3))
add("broadcast_to", "0-d", np.array(2.0), shape=(2, 2))
add("broadcast_to", "empty", numbers(1, 3), shape=(0, 3))

INDICES: dict[str, tuple[tuple[int, ...], Any]] = {
    "an integer": ((4, 3), 1),
    "a negative integer": ((4, 3), -2),
    "an element": ((4, 3), (1, -1)),
    "a slice": ((5, 2), slice(1, 4)),
    "a negative step": ((5, 2), slice(None, None, -2)),
    "backwards": ((5,), slice(4, 1, -1)),
    "two slices": ((4, 4), (slice(None, None, -1), slice(0, 3, 2))),
    "an empty slice": ((4, 3), slice(2, 2)),
    "newaxis": ((2, 3), (slice(None), None)),
    "ellipsis": ((2, 3, 2), (..., 0)),
    "ellipsis inside": ((2, 3, 2), (0, ..., slice(None, None, -1))),
    "ellipsis alone": ((2, 3), ...),
    "nothing": ((2, 3), ()),
    "0-d": ((), ()),
    "0-d with newaxis": ((), (None, ...)),
    "an integer array": ((4, 2), np.array([0, 2])),
    "a list": ((4, 2), [3, 1, 1]),
    "repeats": ((4, 2), np.array([1, 1, 1, 0])),
    "a matrix of indices": ((4,), np.array([[0, 1], [1, -1]])),
    "pairs of indices": ((3, 3), (np.array([0, 0, 2]), np.array([1, 1, 0]))),
    "indices that broadcast": ((3, 4), (np.array([[0], [2]]), np.array([1, 3, 1]))),
    "an array and a slice": ((3, 4), (np.array([0, 2, 0]), slice(None, None, 2))),
    "a slice and an array": ((3, 4), (slice(1, None), np.array([0, 0, 3]))),
    "arrays apart": ((2, 3, 2), (np.array([0, 1]), slice(None), np.array([1, 1]))),
    "an array and newaxis": ((3, 2), (np.array([2, 2]), None)),
    "a mask": ((2, 3), mask(2, 3)),
    "a mask of rows": ((4, 2), np.array([True, False, True, True])),
    "a mask beside a slice": ((4, 2), (np.array([True, False, True, True]), slice(0, 1))),
    "an empty mask": ((3,), np.zeros(3, bool)),
    "no indices": ((3, 2), np.array([], int)),
    "a boolean": ((3,), True),
}
"""Every way to index that NumPy has: the shape that is indexed, and the index."""

for _title, (_shape, _index) in INDICES.items():
    add("getitem", _title, numbers(*_shape), index=_index)
    _part = np.ones(_shape)[_index].shape
    add("scatter", _title, numbers(*_part), index=_index, shape=_shape)

add("concatenate_all", "rows", numbers(2, 3), numbers(1, 3), numbers(0, 3))
add("concatenate_all", "columns", numbers(2, 3), numbers(2, 1), axis=-1)
add("concatenate_all", "flattened", numbers(2, 3), numbers(2), axis=None)
add("concatenate_all", "one array", numbers(2, 3))
add("concatenate_all", "with a constant", numbers(2), [1.0, 2.0], axis=0)
add("pad", "all sides", numbers(2, 3), pad_width=1)
add("pad", "before and after", numbers(2, 3), pad_width=(1, 2))
add("pad", "each axis", numbers(2, 3), pad_width=((1, 0), (0, 2)))
add("pad", "one pair per axis, broadcast", numbers(2, 3), pad_width=((1,), (2,)))
add("pad", "nothing", numbers(2), pad_width=0)
add("roll", "flattened", numbers(2, 3), shift=2)
add("roll", "along an axis", numbers(2, 3), shift=-1, axis=1)
add("roll", "several axes", numbers(2, 3), shift=(1, -2), axis=(0, -1))
add("roll", "one shift, several axes", numbers(2, 3), shift=1, axis=(0, 1))
add("roll", "one axis twice", numbers(4), shift=(1, 2), axis=(0, 0))
add("cumsum", "flattened", numbers(2, 3))
add("cumsum", "down", numbers(3, 2), axis=0)
add("cumsum", "across", numbers(2, 3), axis=-1)
add("cumsum", "0-d", np.array(2.0))
add("cumsum", "empty", np.zeros((0, 2)), axis=0)
add("astype", "to float64", numbers(3), dtype=np.float64)
# Multiples of a quarter and a step of a quarter are exact in float32.
add("astype", "to float32", np.array([0.25, -1.5, 2.0]), dtype=np.float32, step=0.25)
add("astype", "by name", np.array([0.25, -1.5, 2.0]), dtype="float32", step=0.25)


# --- products -------------------------------------------------------------------------------------

MATMUL: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((1, 3), (3, 1)),
    ((2, 2, 3), (2, 3, 2)),
    ((2, 2, 3), (3, 2)),
    ((2, 3), (2, 3, 2)),
    ((2, 1, 2, 3), (2, 3, 2)),
    ((1, 2, 3), (2, 3, 2)),
    ((2, 2, 3), (3,)),
    ((3,), (2, 3, 2)),
    ((2, 1, 2, 3), (3,)),
    ((3,), (2, 1, 3, 2)),
    ((2, 0), (0, 3)),
    ((0, 3), (3, 2)),
    ((0,), (0,)),
)
"""Pairs of shapes that ``@`` takes."""

for _left, _right in MATMUL:
    add("matmul", f"{_left} @ {_right}", numbers(*_left), numbers(*_right, low=-1))
add("matmul", "a constant on the left", [[1.0, 2.0], [3.0, 4.0]], numbers(2))
add("matmul", "a constant on the right", numbers(3, 2), [[1.0, 2.0], [3.0, 4.0]])

EINSUM: tuple[tuple[str, tuple[tuple[int, ...], ...]], ...] = (
    ("i->", ((3,),)),
    ("ij->ji", ((2, 3),)),
    ("ij->i", ((2, 3),)),
    ("ii->", ((3, 3),)),
    ("ii->i", ((3, 3),)),
    ("iij->j", ((2, 2, 3),)),
    ("iii->i", ((2, 2, 2),)),
    ("...ij->...ji", ((2, 2, 3),)),
    ("...->...", ((2, 3),)),
    ("ij,jk->ik", ((2, 3), (3, 2))),
    ("ij,jk", ((2, 3), (3, 2))),
    ("ij,ij->", ((2, 3), (2, 3))),
    ("i,j->ij", ((2,), (3,))),
    ("i,j->", ((2,), (3,))),
    ("ij,k->i", ((2, 3), (2,))),
    ("bij,bjk->bik", ((2, 2, 3), (2, 3, 2))),
    ("...ij,...jk->...ik", ((2, 1, 2, 3), (2, 3, 2))),
    ("...i,i->...", ((2, 2, 3), (3,))),
    ("...i,...i", ((2, 3), (3,))),
    ("ij,j->i", ((2, 1), (3,))),
    ("ij,j,j->i", ((2, 1), (3,), (1,))),
    ("ii,ij->j", ((2, 2), (2, 3))),
    (",i->i", ((), (3,))),
    (",->", ((), ())),
    ("i,ij,j->", ((2,), (2, 3), (3,))),
    ("ij,jk,kl->il", ((2, 2), (2, 3), (3, 2))),
    ("i,i,i->i", ((3,), (3,), (3,))),
    ("ab,bc,cd,d->a", ((2, 2), (2, 2), (2, 3), (3,))),
)
"""Subscripts, and the shapes of their operands."""

for _subscripts, _shapes in EINSUM:
    _operands = [numbers(*shape, low=-2 + 0.1 * i) for i, shape in enumerate(_shapes)]
    add("einsum_all", f"{_subscripts} {_shapes}", *_operands, subscripts=_subscripts)


# --- fused ----------------------------------------------------------------------------------------

_W, _b = numbers(2, 3), numbers(2)
add("linear", "a batch", numbers(4, 3), _W, _b)
add("linear", "an instance", numbers(3), _W, _b)
add("linear", "batches of batches", numbers(2, 2, 3), _W, _b)
add("linear", "without a bias", numbers(4, 3), _W)
add("linear", "an instance without a bias", numbers(3), _W)
add("linear", "a constant batch", [[1.0, 2.0, 3.0]], _W, _b)
add("linear", "an empty batch", np.zeros((0, 3)), _W, _b)
add("linear", "one output", numbers(4, 3), numbers(1, 3), numbers(1))
for _name in ("softmax", "log_softmax"):
    add(_name, "a vector", numbers(4))
    add(_name, "rows", numbers(2, 3))
    add(_name, "columns", numbers(2, 3), axis=0)
    add(_name, "a middle axis", numbers(2, 3, 2), axis=-2)
    add(_name, "large", np.array([1000.0, 998.0, 999.0]))
    add(_name, "one class", numbers(2, 1))
    add(_name, "no instances", np.zeros((0, 3)))
_target = np.array([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]])
add("softmax_cross_entropy", "a batch", numbers(2, 3), _target + 0.1)
add("softmax_cross_entropy", "an instance", numbers(3), _target[0])
add("softmax_cross_entropy", "less the entropy", numbers(2, 3), _target + 0.1, entropy=True)
add(
    "softmax_cross_entropy",
    "one-hot, less the entropy",
    numbers(2, 3),
    _target,
    wrt=(0,),
    entropy=True,
)
add("softmax_cross_entropy", "one-hot", numbers(2, 3), _target, wrt=(0,))
add("softmax_cross_entropy", "broadcast", numbers(2, 3), _target[0])
add("softmax_cross_entropy", "a constant target", numbers(2, 3), [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
add("softmax_cross_entropy", "not summing to one", numbers(2, 3), _target * 2 + 0.1)
add("softmax_cross_entropy", "large", np.array([[1000.0, 998.0, 0.0]]), _target[:1], wrt=(0,))

for _name in ("batch_norm", "layer_norm", "rms_norm"):
    add(_name, "a batch", numbers(4, 3))
    add(_name, "two instances, two features", numbers(2, 2))
    add(_name, "a vector", numbers(5), axis=0)
    add(_name, "several axes", numbers(3, 2, 4), axis=(0, 2))
    add(_name, "a negative axis", numbers(2, 3, 2), axis=-2)
    add(_name, "another eps", numbers(3, 4), eps=0.1)
    add(_name, "constant along the axis", np.ones((3, 3)), eps=0.5)
    add(_name, "large", 1000 + numbers(3, 3), eps=1e-3)
    add(_name, "beside an empty axis", np.zeros((0, 3)), axis=1)


add("compare", "alike", numbers(2, 3), numbers(2, 3, low=-1))
add("compare", "a number", numbers(3), 0.5, how="less_equal")
for _name in ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal"):
    add(
        _name, "broadcast", np.array([[1.0, -0.0, nan], [2.0, inf, 3.0]]), np.array([1.0, 0.0, nan])
    )
    add(_name, "a number", numbers(3), 0.5)
for _name in ("logical_and", "logical_or"):
    add(_name, "truths", mask(2, 3), mask(3))
add("getitem_at", "a matrix", numbers(2, 3), np.array([[0, 5], [5, 1]]))
add("getitem_at", "one place", numbers(4), np.array(2))
add("getitem_at", "rows", numbers(3, 2), np.array([2, 0, -1]), axis=0)
add("getitem_at", "tables along an axis", numbers(2, 3, 2), np.array([[0, 2], [1, -3]]), axis=1)
add("scatter_at", "repeats", numbers(2, 2), np.array([[0, 5], [5, 1]]), shape=(2, 3))
add("scatter_at", "rows", numbers(3, 2), np.array([2, 0, -1]), axis=0, shape=(3, 2))
add(
    "scatter_at",
    "tables along an axis",
    numbers(2, 2, 2, 2),
    np.array([[0, 2], [1, -3]]),
    axis=1,
    shape=(2, 3, 2),
)


# --- rows with an effect, and losses ---------------------------------------------------------------

add("random_like", "a matrix", numbers(2, 3))
add("random_like", "0-d", np.array(2.0))
add("track_moments", "alike", numbers(1, 3), numbers(1, 3, low=-1), wrt=(0,))
add("mul_or_zero", "zeros", np.array([0.0, 0.0, 2.0]), np.array([-inf, 3.0, 1.0]), smooth=False)
add("xlogy", "zeros", np.array([0.0, 0.0, 2.0]), np.array([0.0, 3.0, 1.0]), smooth=False)
add("xlog1py", "zeros", np.array([0.0, 0.0, 2.0]), np.array([-1.0, 3.0, 1.0]), smooth=False)
_p, _d = numbers(2, 3, low=0.1, high=0.9), numbers(2, 3, low=0.2, high=0.8)
_sure = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
for _entropy in (False, True):
    add("binary_cross_entropy", f"probable, {_entropy}", _p, _d, entropy=_entropy)
    add("binary_cross_entropy", f"certain, {_entropy}", _p, _sure, wrt=(0,), entropy=_entropy)
    add("logistic_cross_entropy", f"alike, {_entropy}", numbers(2, 3), _d, 1.0, entropy=_entropy)
    add("logistic_cross_entropy", f"weighted, {_entropy}", numbers(2, 3), _d, _p, entropy=_entropy)
    add("logistic_cross_entropy", f"large, {_entropy}", 900 * _p, _d, _p[0], entropy=_entropy)
add("binary_cross_entropy", "at the ends", _sure, _sure, smooth=False)
add("kl_divergence", "certain", _p, _sure, wrt=(0,))
add("kl_divergence", "of logarithms", np.log(_p), _d, of_logs=True)
add("kl_divergence", "of logarithms, certain", np.log(_p), _sure, wrt=(0,), of_logs=True)
add("kl_divergence", "all logarithms", np.log(_p), np.log(_d), log_target=True)
_classes = np.array([0, 2, 1, 2])
_rows = numbers(4, 3)
_each = np.array([0.5, 2.0, 1.5])
CLASSES: dict[str, dict[str, Any]] = {
    "alike": {},
    "weighted": {"weight": _each},
    "left out": {"ignore": 2},
    "weighted and left out": {"weight": _each, "ignore": 0},
}
for _name in ("class_cross_entropy", "class_targets", "class_score"):
    for _title, _options in CLASSES.items():
        add(_name, _title, _rows, _classes, **_options)
        if _name != "class_score":
            add(_name, f"{_title}, smooth", _rows, _classes, smoothing=0.1, **_options)
    add(_name, "one instance", numbers(3), np.array(1))
    add(_name, "two axes", numbers(2, 2, 3), _classes.reshape(2, 2))
add("class_cross_entropy", "large", np.array([[1000.0, 998.0, 0.0]]), np.array([1]))
add("class_cross_entropy", "no instances", np.zeros((0, 3)), np.zeros(0, int))
for _title, _options in CLASSES.items():
    add("class_count", _title, numbers(4), _classes, classes=3, **_options)
    add("class_mean", _title, numbers(4), _classes, classes=3, **_options)
for _power in (1, 2):
    add("multiclass_hinge", f"power {_power}", _rows, _classes, p=_power)
    add("multiclass_hinge", f"weighted, {_power}", _rows, _classes, p=_power, weight=_each)
    add("multiclass_hinge", f"margin, {_power}", numbers(3), np.array(1), p=_power, margin=0.3)


# --- singular points of elementwise rows ----------------------------------------------------------

POINTS: tuple[float, ...] = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -8.0, 20.0, -20.0, 40.0, -40.0),
    *(1000.0, -1000.0, 1e-300, -1e-300, 1e300, -1e300, 5e-324, inf, -inf, nan),
)
PAIRS: tuple[float, ...] = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, 1 / 3, -0.5, 2.0, -2.0, 3.0, -8.0, 2.5, -2.5, 1000.0, -1000.0),
    *(1e-300, 1e300, -1e300, inf, -inf, nan),
)
TRIPLES: tuple[float, ...] = (0.0, -0.0, 1.0, -1.0, 2.0, inf, -inf, nan)


def singular_points(row: autograd.Primitive) -> Sequence[tuple[float, ...]]:
    """The points of an elementwise row at which the Value must equal the Tensor."""
    if row.arity == 1:
        return [(x,) for x in POINTS]
    if row.arity == 2:
        return list(itertools.product(PAIRS, PAIRS))
    if row.arity == 3:
        return list(itertools.product(TRIPLES, TRIPLES, TRIPLES))
    return list(itertools.product((0.0, 1.0, nan), (0.0, 1.0), TRIPLES, TRIPLES))


ALL = [sample for samples in SAMPLES.values() for sample in samples]
ELEMENTWISE = [name for name, row in autograd.registry.items() if row.family == "diagonal"]
RECORDED = [name for name in ELEMENTWISE if not isinstance(autograd.registry[name], Relation)]
"""Elementwise rows that make a node: what a comparison gives is true or false."""
