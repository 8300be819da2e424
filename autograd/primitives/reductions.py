"""Reductions: the function along an axis, and its row of the Jacobian.

In a rule `out` has the reduced axes kept, so it broadcasts against `x`; `axis` is a tuple.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from autograd.engine.axes import normalise_axes
from autograd.engine.declare import reduction
from autograd.engine.sums import add_products, add_up, as_floats
from autograd.primitives.elementwise import abs, direction, exp, indicator, sqrt, where
from autograd.primitives.linear import concatenate, cumsum, getitem, reshape, transpose


def _count(x: Any, axis: tuple[int, ...]) -> int:
    shape = x.shape
    return math.prod(shape if len(axis) == len(shape) else [shape[i] for i in axis])


def _settled(out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """A result whose reduced axes were kept, with or without them."""
    if keepdims or not x.shape:
        return out
    gone = normalise_axes(axis, len(x.shape))
    return out.reshape(tuple(n for i, n in enumerate(x.shape) if i not in gone))


def _scale(x: Any, axis: Any) -> Any:
    """The largest magnitude along `axis`, which is kept: divided by it, squares neither overflow nor
    vanish. 1 where that is no number to divide by."""
    if not x.size:
        return np.ones_like(np.sum(x, axis=axis, keepdims=True))
    largest = np.max(np.abs(x), axis=axis, keepdims=True)
    return np.where((largest > 0) & (largest < math.inf), largest, 1)


def _along_last(x: Any, axis: tuple[int, ...], function: Any) -> Any:
    """Apply `function`, which works along the last axis, along several axes taken as one."""
    order = tuple(i for i in range(len(x.shape)) if i not in axis) + axis
    moved = transpose(x, axes=order)
    flat = reshape(moved, shape=moved.shape[: len(order) - len(axis)] + (_count(x, axis),))
    back = tuple(int(i) for i in np.argsort(order))
    return transpose(reshape(function(flat), shape=moved.shape), axes=back)


sum = reduction(
    "sum",
    lambda x, axis, keepdims: add_up(x, axis=axis, keepdims=keepdims),
    lambda out, x, axis: 1,
    symbol="Σ",
    doc="The sum along `axis` (an int, a tuple, or None for all).",
    numpy=(np.sum,),
)


def _mean_array(x: Any, axis: Any, keepdims: bool) -> Any:
    total = add_up(x, axis=axis, keepdims=keepdims)
    count = x.size // (total.size or 1)
    # NumPy warns about an empty mean, in its own words.
    return total / count if count else x.mean(axis=axis, keepdims=keepdims)


mean = reduction(
    "mean",
    _mean_array,
    lambda out, x, axis: 1 / (_count(x, axis) or 1),
    composite=lambda x, axis, keepdims: (
        sum(x, axis=axis, keepdims=keepdims) / (_count(x, normalise_axes(axis, x.ndim)) or 1)
    ),
    doc="The arithmetic mean along `axis`.",
    numpy=(np.mean,),
)


def _centre_array(x: Any, axis: Any, keepdims: bool) -> Any:
    x = as_floats(np.asarray(x))
    count = _count(x, normalise_axes(axis, x.ndim)) or math.nan
    with np.errstate(all="ignore"):  # of numbers that are not finite, or that are far apart
        centre = add_up(x, axis=axis, keepdims=True) / count
        if x.size and not np.vdot(centre, centre) < math.inf and not np.isfinite(centre).all():
            centre = add_up(x / count, axis=axis, keepdims=True)
        rounded = add_up(x - centre, axis=axis, keepdims=True) / count
        if not np.vdot(rounded, rounded) < math.inf:
            rounded = np.where(np.isfinite(rounded), rounded, 0)
    return _settled(centre + rounded, x, axis, keepdims)


def _centre_parts(x: Any, axis: Any, keepdims: bool) -> Any:
    """`centre` without a look at the numbers: made smaller in any case, so that no sum overflows."""
    n = _count(x, normalise_axes(axis, x.ndim))
    small = 2.0 ** -n.bit_length()  # a power of two, which rounds nothing
    centre = sum(x * small, axis=axis, keepdims=True) / (n * small)
    rounded = sum((x - centre) * small, axis=axis, keepdims=True) / (n * small)
    return _settled(centre + where(abs(rounded) < math.inf, rounded, 0), x, axis, keepdims)


@functools.cache
def _rounding(dtype: Any) -> float:
    return float(np.finfo(dtype).eps)


CLOSE = 2**-7
"""Below so much of the mean, a standard deviation is asked what the mean was rounded by."""


def deviations(x: Any, axis: Any, count: float) -> tuple[Any, Any, Any]:
    """x less its mean, the mean, and the squares of the former added up; `axis` is kept.

    The mean is that of `centre` wherever there is a difference: where numbers are equal, or so close to
    each other that what the mean is rounded by counts, and where their sum overflows.
    """
    middle = add_up(x, axis=axis, keepdims=True) / count
    squares = np.vdot(middle, middle)
    if squares < math.inf:
        centred = x - middle
        total = add_up(np.square(centred), axis=axis, keepdims=True)
        # The digits that are lost: a few in any case, and all where a long sum has drifted.
        drift = count * _rounding(centred.dtype)
        close = math.sqrt(count) * (drift if drift > CLOSE else CLOSE)
        # Mostly the least is enough for all; zeros and the like are looked at one by one.
        if np.minimum.reduce(total, None, initial=math.inf) > squares * (close * close) or np.all(
            np.sqrt(total) >= np.abs(middle * close)  # false for nan
        ):
            return centred, middle, total
    middle = _centre_array(x, axis, True)
    centred = x - middle
    return centred, middle, add_up(np.square(centred), axis=axis, keepdims=True)


# Three times 0.1 have the mean 0.10000000000000002, and so a deviation whose direction is made of
# rounding errors: what var, std and the normalisations subtract is this instead.
centre = reduction(
    "centre",
    _centre_array,
    lambda out, x, axis: 1 / (_count(x, axis) or 1),
    composite=_centre_parts,
    symbol="mean",
    formula=mean,
    method=False,
    doc="The mean along `axis`, and what it was rounded by: of equal numbers exactly that number. Its "
    "sum does not overflow.",
)


def _others(x: Any) -> Any:
    """For each element along the last axis, the product of the others, without a division.

    The product of those before times the product of those after, each by doubling steps: exact
    with any number of zeros, and so are its derivatives.
    """
    n = x.shape[-1]
    ones = np.ones(x.shape, dtype=x.dtype if x.dtype.kind == "f" else np.float64)

    def before(x: Any) -> Any:
        shift, product = 1, concatenate([ones[..., :1], getitem(x, index=(..., slice(n - 1)))], -1)
        while shift < n:
            shorter = getitem(product, index=(..., slice(n - shift)))
            product = product * concatenate([ones[..., :shift], shorter], -1)
            shift *= 2
        return product

    backwards = (..., slice(None, None, -1))
    return before(x) * getitem(before(getitem(x, index=backwards)), index=backwards)


prod = reduction(
    "prod",
    lambda x, axis, keepdims: np.multiply.reduce(x, axis=axis, keepdims=keepdims),
    lambda out, x, axis: _along_last(x, axis, _others) if _count(x, axis) else 1,
    symbol="Π",
    doc="The product along `axis`; its derivative is exact with any number of zeros.",
    numpy=(np.prod,),
)


# Kink: tied extremes share the cotangent equally, or with ties="first" the first gets it all.
def _row_of_extreme(out: Any, x: Any, axis: tuple[int, ...], ties: str) -> Any:
    tied = indicator(x == out, x)
    if ties == "first":
        return _along_last(tied, axis, lambda m: m * indicator(cumsum(m, axis=-1) == 1, m))
    return tied / sum(tied, axis=axis, keepdims=True)


max = reduction(
    "max",
    lambda x, axis, keepdims, ties: np.maximum.reduce(x, axis=axis, keepdims=keepdims),
    _row_of_extreme,
    doc="The largest element along `axis`. Ties share the cotangent equally; with "
    "``ties='first'`` the first gets it all.",
    numpy=(np.max, np.amax),
    chooses=True,
    ties="share",
)
min = reduction(
    "min",
    lambda x, axis, keepdims, ties: np.minimum.reduce(x, axis=axis, keepdims=keepdims),
    _row_of_extreme,
    doc="The smallest element along `axis`. Ties as in `max`.",
    numpy=(np.min, np.amin),
    chooses=True,
    ties="share",
)


def _logsumexp_array(x: Any, axis: Any, keepdims: bool) -> Any:
    x = as_floats(x)
    largest: Any = 0
    if x.size:
        largest = np.max(x, axis=axis, keepdims=True)
        largest = np.where(np.abs(largest) < math.inf, largest, 0)  # nan comes back with the terms
    total = np.sum(np.exp(x - largest), axis=axis, keepdims=True)
    with np.errstate(divide="ignore"):  # the logarithm of an empty sum is −inf, not a mistake
        out = np.log(total) + largest
    return _settled(out, x, axis, keepdims)


def _logsumexp_numbers(x: Any, axis: Any, keepdims: bool) -> Any:
    """By the C library's exponential: NumPy's own of arrays rounds as the processor is."""
    largest = float(np.max(x, initial=-math.inf))
    if not math.isfinite(largest):
        return _logsumexp_array(x, axis, keepdims)
    return math.log(np.add.reduce([math.exp(each - largest) for each in x.tolist()])) + largest


logsumexp = reduction(
    "logsumexp",
    _logsumexp_array,
    lambda out, x, axis: exp(x - out),
    numbers=_logsumexp_numbers,
    doc="ln Σ eˣ along `axis`, without overflow. Its row is the softmax.",
)


def _var_array(x: Any, axis: Any, keepdims: bool, ddof: int) -> Any:
    # np.var warns in Python where nothing is left to divide by; the division itself says the same,
    # and on Values it is silent.
    x = as_floats(np.asarray(x))
    axes = normalise_axes(axis, x.ndim)
    count = _count(x, axes)
    with np.errstate(over="ignore"):  # of the sum: it is seen to
        _, _, total = deviations(x, axis, count or math.nan)
    return np.divide(_settled(total, x, axes, keepdims), count - ddof if count > ddof else 0)


def _std_array(x: Any, axis: Any, keepdims: bool, ddof: int) -> Any:
    x = as_floats(np.asarray(x))
    with np.errstate(over="ignore"):
        out = np.sqrt(_var_array(x, axis, keepdims, ddof))
    info = np.finfo(x.dtype)
    if np.all((out > np.sqrt(info.tiny) / info.eps) & np.isfinite(out)):
        return out
    # Squares overflow or vanish, perhaps: once more with numbers of which the largest is 1.
    scale = _scale(x, axis)
    return np.sqrt(_var_array(x / scale, axis, keepdims, ddof)) * scale.reshape(out.shape)


def _scaled_variance(x: Any, axis: Any, ddof: int) -> tuple[Any, Any]:
    """`_scale`, and the variance of the numbers divided by it, without a look at them; axes kept."""
    scale = _scale(x, axis)
    n = _count(x, normalise_axes(axis, x.ndim))
    deviations = x / scale
    for _ in range(2):  # the second time for what the mean was rounded by
        deviations = deviations - sum(deviations, axis=axis, keepdims=True) / n
    total = sum(deviations * deviations, axis=axis, keepdims=True)
    return scale, total / float(n - ddof if n > ddof else 0)


def _var_parts(x: Any, axis: Any, keepdims: bool, ddof: int) -> Any:
    scale, variance = _scaled_variance(x, axis, ddof)
    return _settled(variance * scale * scale, x, axis, keepdims)


def _std_parts(x: Any, axis: Any, keepdims: bool, ddof: int) -> Any:
    scale, variance = _scaled_variance(x, axis, ddof)
    return _settled(sqrt(variance) * scale, x, axis, keepdims)


def _degrees(x: Any, axis: tuple[int, ...], ddof: int) -> float:
    degrees = float(_count(x, axis) - ddof)
    return degrees if degrees > 0 else math.nan


var = reduction(
    "var",
    _var_array,
    lambda out, x, axis, ddof: (
        (x - centre(x, axis=axis, keepdims=True)) * (2 / _degrees(x, axis, ddof))
    ),
    composite=_var_parts,
    doc="The mean squared deviation along `axis`: Σ(x − x̄)² / (n − ddof).",
    numpy=(np.var,),
    ddof=0,
)

# Kink: std and norm have gradient 0, and second derivatives nan, where they are 0.
std = reduction(
    "std",
    _std_array,
    lambda out, x, axis, ddof: (
        direction(out, x - centre(x, axis=axis, keepdims=True)) / _degrees(x, axis, ddof)
    ),
    composite=_std_parts,
    doc="The square root of `var`. Gradient 0 where it is 0.",
    numpy=(np.std,),
    ddof=0,
)


def _norm_array(x: Any, axis: Any, keepdims: bool) -> Any:
    x = as_floats(x)
    scale = _scale(x, axis)
    out = np.sqrt(np.sum(np.square(x / scale), axis=axis, keepdims=True)) * scale
    return _settled(out, x, axis, keepdims)


norm = reduction(
    "norm",
    _norm_array,
    lambda out, x, axis: direction(out, x),
    symbol="‖ ‖",
    doc="The Euclidean norm √Σx² along `axis` (Frobenius over all). Gradient 0 at 0.",
)


def _sum_squares_array(x: Any, axis: Any, keepdims: bool) -> Any:
    if axis is None and not keepdims:
        return np.vdot(x, x)  # no array of squares
    return add_up(np.square(x), axis=axis, keepdims=keepdims)


def _sum_squares_parts(x: Any, axis: Any, keepdims: bool) -> Any:
    if x.ndim == 1 and not keepdims:
        return x @ x  # no square for each number of a network of Values
    return sum(x * x, axis=axis, keepdims=keepdims)


# One node where sum(square(x)) makes two and an array between them: 20 times faster on a large
# weight, which L2 regularisation reads in every step.
sum_squares = reduction(
    "sum_squares",
    _sum_squares_array,
    lambda out, x, axis: 2 * x,
    composite=_sum_squares_parts,
    numbers=lambda x, axis, keepdims: add_products(x, x),
    symbol="Σ( )²",
    doc="Σ x² along `axis`: the square of `norm`, with derivative 2x.",
)
