"""What NumPy has no function for: each is written into a source that calls it, and needs NumPy alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), of an exponential that is at most 1."""
    e = np.exp(-np.abs(x))
    return np.maximum(x > 0, e) / (1 + e)


def centre(x: Any, axis: Any, keepdims: Any) -> Any:
    """The mean, and what it was rounded by."""
    mean = np.mean(x, axis=axis, keepdims=True)
    out = mean + np.mean(x - mean, axis=axis, keepdims=True)
    return out if keepdims else np.squeeze(out, axis)


def logsumexp(x: Any, axis: Any, keepdims: Any) -> Any:
    """log(sum(exp(x))), without overflow."""
    largest = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    largest = np.where(np.isfinite(largest), largest, 0)
    out = np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return out if keepdims else np.squeeze(out, axis)


def norm(x: Any, axis: Any, keepdims: Any) -> Any:
    """The root of the sum of squares, which neither overflow nor vanish."""
    scale = np.max(np.abs(x), axis=axis, keepdims=True, initial=0)
    scale = np.where((scale > 0) & np.isfinite(scale), scale, 1)
    out = np.sqrt(np.sum(np.square(x / scale), axis=axis, keepdims=True)) * scale
    return out if keepdims else np.squeeze(out, axis)


def scatter(x: Any, index: Any, shape: Any) -> Any:
    """Zeros with x added at an index."""
    out = np.zeros(shape, np.asarray(x).dtype)
    np.add.at(out, index, x)
    return out


def scatter_at(x: Any, places: Any, axis: Any, shape: Any) -> Any:
    """Zeros with x added at places along an axis, or counted through all of the array."""
    out = np.zeros(shape, np.asarray(x).dtype)
    at = np.take(np.arange(out.size).reshape(shape), np.asarray(places, int), axis)
    np.add.at(out.reshape(-1), at.reshape(-1), np.reshape(x, -1))
    return out


def erf(x: Any) -> Any:
    """The error function."""
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x), np.asarray(x).dtype)


def erfc(x: Any) -> Any:
    """What the error function lacks to 1."""
    return np.asarray(np.frompyfunc(math.erfc, 1, 1)(x), np.asarray(x).dtype)


def class_targets(x: Any, c: Any, weight: Any, ignore: Any, smoothing: Any) -> Any:
    """One row for each class index: certain of it, smoothed, weighted; 0 where it is left out."""
    left_out = np.asarray(c) == ignore
    c = np.where(left_out, 0, c)
    out = np.eye(x.shape[-1], dtype=x.dtype)[c] * (1 - smoothing) + smoothing / x.shape[-1]
    if weight is not None:
        out = out * np.asarray(weight, x.dtype)
    return np.where(left_out[..., None], 0, out)


def class_score(x: Any, c: Any, weight: Any, ignore: Any) -> Any:
    """x at the class of each row, weighted; 0 where it is left out."""
    left_out = np.asarray(c) == ignore
    c = np.where(left_out, 0, c)
    out = np.take_along_axis(x, c[..., None], -1)[..., 0]
    if weight is not None:
        out = out * np.asarray(weight, x.dtype)[c]
    return np.where(left_out, 0, out)


def class_count(c: Any, weight: Any, ignore: Any) -> Any:
    """How many rows count, or the sum of the weights of their classes."""
    kept = np.asarray(c)[np.asarray(c) != ignore]
    return kept.size if weight is None else np.sum(np.asarray(weight)[kept])
