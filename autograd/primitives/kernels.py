"""Kernels: what elementwise rows compute on floats and on arrays, where `math` and NumPy have nothing
that does.

There is no derivative in here. Each is named in a row of `elementwise`, and is right at every float: no
intermediate result overflows, and −0 and nan are what IEEE arithmetic says.
"""

from __future__ import annotations

import functools
import importlib.util
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.support.late import import_late

BOOL = np.dtype(bool)
LN2 = math.log(2)


def indicator_array(condition: Any, like: Any) -> Any:
    """1 and 0 in the dtype of `like`."""
    if condition.__class__ is like.__class__ is np.ndarray and condition.dtype is BOOL:
        return condition.astype(like.dtype)
    dtype = getattr(like, "dtype", None)
    holds = np.asarray(condition, dtype=bool)
    return holds.astype(dtype if dtype is not None else np.float64)


def sign_float(x: float) -> float:
    """−1, 0 or 1."""
    return math.copysign(1.0, x) if x > 0 or x < 0 else x + 0.0  # −0 has sign +0, as in NumPy


def floor_float(x: float) -> float:
    """The largest whole number not above x."""
    return math.copysign(math.floor(x), x)  # so that −0 stays −0


def ceil_float(x: float) -> float:
    """The smallest whole number not below x."""
    return math.copysign(math.ceil(x), x)


def reciprocal_array(x: Any) -> Any:
    """1 / x."""
    return np.divide(1, x)  # NumPy's reciprocal of a whole number is a whole number, mostly 0


def sigmoid_float(x: float) -> float:
    """1 / (1 + e⁻ˣ), of an exponential that is at most 1."""
    e = math.exp(-x if x > 0 else x)
    return (1.0 if x > 0 else e) / (1.0 + e)


def sigmoid_array(x: Any) -> Any:
    """`sigmoid_float` on arrays."""
    e = np.exp(0.0 - np.abs(x))  # of unsigned numbers too, where -x would be large
    return np.maximum(x > 0, e) / (1 + e)  # 1 or e: faster than np.where


def softplus_float(x: float) -> float:
    """ln(1 + eˣ), of an exponential that is at most 1."""
    return (x if x > 0 else 0.0) + math.log1p(math.exp(-x if x > 0 else x))


def softplus_array(x: Any) -> Any:
    """`softplus_float` on arrays."""
    return np.logaddexp(x, 0)


def relu_float(x: float) -> float:
    """max(0, x), and nan of nan."""
    return x if not x <= 0 else 0.0


@functools.lru_cache(maxsize=32)
def _zeros(shape: tuple[int, ...], dtype: Any) -> Any:
    zeros = np.zeros(shape, dtype=dtype)
    zeros.flags.writeable = False
    return zeros


def relu_array(x: Any) -> Any:
    """`relu_float` on arrays."""
    # NumPy compares two arrays about twice as fast as an array and a number.
    small = x.__class__ is np.ndarray and x.size <= 65536
    return np.maximum(x, _zeros(x.shape, x.dtype) if small else 0)


def hinge_float(x: float, y: float) -> float:
    """max(0, 1 − x y), and nan of nan."""
    return m if not (m := 1.0 - x * y) <= 0 else 0.0


def hinge_array(x: Any, y: Any) -> Any:
    """`hinge_float` on arrays."""
    return np.maximum(1.0 - x * y, 0)


@functools.cache
def _vectorised(name: str) -> Any:
    """SciPy's, with the extra ``fast``: 6 times faster than `math.erf` for each element."""
    spec = importlib.util.find_spec("scipy")
    if spec is None or spec.origin is None:  # a folder of that name is not SciPy
        return np.frompyfunc(getattr(math, name), 1, 1)
    return getattr(import_late("scipy.special"), name)


def on_arrays(name: str) -> Callable[[Any], Any]:
    """A function of `math`'s that NumPy lacks, on arrays."""

    def array(x: Any) -> Any:
        x = np.asarray(x)
        dtype = x.dtype if x.dtype.kind == "f" else np.float64
        # One number does not wait until SciPy is loaded.
        function = _vectorised(name) if x.ndim else getattr(math, name)
        return np.asarray(function(x)).astype(dtype, copy=False)

    return array


def logaddexp_float(x: float, y: float) -> float:
    """ln(eˣ + eʸ), of an exponential that is at most 1."""
    if x == y:  # also both infinite, where x − y is nan
        return x + LN2
    return x + math.log1p(math.exp(y - x)) if x > y else y + math.log1p(math.exp(x - y))


def maximum_float(x: float, y: float, ties: str = "share") -> float:
    """The larger, and nan if either is; how ties are shared is no value."""
    return x if x >= y or x != x else y


def minimum_float(x: float, y: float, ties: str = "share") -> float:
    """The smaller, likewise."""
    return x if x <= y or x != x else y


def maximum_array(x: Any, y: Any, ties: str = "share") -> Any:
    """`maximum_float` on arrays."""
    return np.maximum(x, y)


def minimum_array(x: Any, y: Any, ties: str = "share") -> Any:
    """`minimum_float` on arrays."""
    return np.minimum(x, y)


def clip_float(x: float, low: float, high: float) -> float:
    """x limited to [low, high], and nan if a bound is."""
    if low != low or high != high:
        return math.nan
    x = low if x < low else x
    return high if x > high else x


def clip_array(x: Any, low: Any, high: Any) -> Any:
    """`clip_float` on arrays."""
    if not isinstance(x, np.ndarray):  # np.clip would make float64 of a plain number
        x = np.asarray(x, np.result_type(x, low, high))
    return np.clip(x, low, high)
