"""Composites: functions made of primitives, with no rules of their own, under NumPy's names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.arrays import check_array
from autograd.dispatch import asarray, asarrays, numpy_functions, raw, shape_of
from autograd.primitives.elementwise import abs, clip_between, where
from autograd.primitives.linear import (
    broadcast_to,
    concatenate,
    expand_dims,
    getitem,
    moveaxis,
    normalize_axis,
    ravel,
    reshape,
    scatter,
)
from autograd.primitives.reductions import max, norm, sum
from autograd.recording import note_call

__all__ = [
    "argmax",
    "argmin",
    "clip",
    "diag",
    "flatten",
    "hstack",
    "repeat",
    "split",
    "stack",
    "take_along_axis",
    "tile",
    "trace",
    "tril",
    "triu",
    "vstack",
]

# --- choosing -------------------------------------------------------------------------------------


def clip(x: Any, min: Any = None, max: Any = None) -> Any:
    """x limited to [min, max]; either bound may be left out. At a bound the derivative is 1.

    >>> from autograd import Value, clip
    >>> v = Value(3.0)
    >>> clip(v, 0.0, 1.0).data
    1.0
    """
    if min is None and max is None:
        raise ValueError("clip takes at least one of min and max")
    return clip_between(x, -math.inf if min is None else min, math.inf if max is None else max)


def _numpy_clip(
    x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None
) -> Any:
    return clip(x, a_min if min is None else min, a_max if max is None else max)


def _extreme(find: Any, name: str, x: Any, axis: int | None, keepdims: bool) -> Any:
    x = asarray(x, name)
    objects = isinstance(x, np.ndarray) and x.dtype == object
    nodes = x.ravel().tolist() if objects else [x]
    shape = shape_of(x)

    def again(*numbers: Any) -> Any:
        array = np.array(numbers, float).reshape(shape) if objects else numbers[0]
        return find(array, axis=axis, keepdims=keepdims)

    try:
        result = again(*map(raw, nodes))
    except ValueError as error:
        raise ValueError(f"{name} of shape {shape}: {error}") from None
    note_call(name, again, tuple(nodes), result)
    return result


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest element is along `axis`, as plain integers; the first among ties."""
    return _extreme(np.argmax, "argmax", x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest element is along `axis`, as plain integers; the first among ties."""
    return _extreme(np.argmin, "argmin", x, axis, keepdims)


def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    """The elements that `indices` names along an axis, such as `argmax` gives them."""
    x = asarray(x, "take_along_axis")
    indices = np.array(check_array(indices, "the indices of take_along_axis"))  # it may change
    if indices.dtype.kind not in "iu":
        raise TypeError(f"take_along_axis takes integer indices, got {indices.dtype}")
    if axis is None:
        return getitem(ravel(x), index=indices)
    shape = shape_of(x)
    if indices.ndim != len(shape):
        raise ValueError(
            f"take_along_axis: indices of rank {indices.ndim} for an array of rank {len(shape)}"
        )
    axis = normalize_axis(axis, len(shape), "take_along_axis")
    index = [
        indices
        if i == axis
        else np.arange(n).reshape([-1 if j == i else 1 for j in range(len(shape))])
        for i, n in enumerate(shape)
    ]
    return getitem(x, index=tuple(index))


# --- joining, splitting, repeating ----------------------------------------------------------------


def stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    """Join arrays of one shape along a new axis.

    >>> from autograd import Tensor, stack
    >>> stack([Tensor([1.0, 2.0]), [3.0, 4.0]]).data.tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if not isinstance(arrays, list | tuple) or not arrays:
        raise TypeError("stack takes a list of one or more arrays")
    arrays = asarrays(arrays, "stack")
    if len({shape_of(x) for x in arrays}) > 1:
        raise ValueError(f"stack takes arrays of one shape, got {[shape_of(x) for x in arrays]}")
    return concatenate([expand_dims(x, axis) for x in arrays], axis)


def hstack(arrays: Sequence[Any]) -> Any:
    """Join arrays along the second axis, vectors along the first."""
    arrays = _at_least(1, arrays, "hstack")
    return concatenate(arrays, 0 if len(shape_of(arrays[0])) == 1 else 1)


def vstack(arrays: Sequence[Any]) -> Any:
    """Join arrays along the first axis, vectors as rows."""
    return concatenate(_at_least(2, arrays, "vstack"), 0)


def _at_least(rank: int, arrays: Any, name: str) -> list[Any]:
    """The arrays of a list, with new axes in front of those whose rank is lower."""
    if not isinstance(arrays, list | tuple) or not arrays:
        raise TypeError(f"{name} takes a list of one or more arrays")
    arrays = asarrays(arrays, name)
    return [
        x
        if len(shape_of(x)) >= rank
        else reshape(x, shape=(1,) * (rank - len(shape_of(x))) + shape_of(x))
        for x in arrays
    ]


def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Cut into equal parts (an int), or before the given places (a sequence), along `axis`."""
    x = asarray(x, "split")
    axis = normalize_axis(axis, len(shape_of(x)), "split")
    n = shape_of(x)[axis]
    if isinstance(indices_or_sections, int | np.integer):
        parts = int(indices_or_sections)
        if parts < 1 or n % parts:
            raise ValueError(f"split: a length of {n} does not divide into {parts} equal parts")
        places = [n // parts * i for i in range(1, parts)]
    else:
        places = [int(place) for place in indices_or_sections]
    before = (slice(None),) * axis
    edges = zip([0, *places], [*places, n], strict=True)
    return [getitem(x, index=(*before, slice(start, stop))) for start, stop in edges]


def tile(x: Any, reps: int | Sequence[int]) -> Any:
    """x laid side by side `reps` times along each axis."""
    x = asarray(x, "tile")
    counts = (int(reps),) if isinstance(reps, int | np.integer) else tuple(int(n) for n in reps)
    if any(n < 0 for n in counts):
        raise ValueError(f"tile: a number of repetitions is 0 or more, got {reps}")
    shape = shape_of(x)
    rank = len(shape) if len(shape) > len(counts) else len(counts)
    counts = (1,) * (rank - len(counts)) + counts
    shape = (1,) * (rank - len(shape)) + shape
    apart = tuple(length for n in shape for length in (1, n))
    repeated = tuple(length for pair in zip(counts, shape, strict=True) for length in pair)
    together = tuple(count * n for count, n in zip(counts, shape, strict=True))
    return reshape(broadcast_to(reshape(x, shape=apart), shape=repeated), shape=together)


def repeat(x: Any, repeats: int | Sequence[int], axis: int | None = None) -> Any:
    """Each element (or slice along `axis`) repeated."""
    x = asarray(x, "repeat")
    if axis is None:
        x, axis = ravel(x), 0
    axis = normalize_axis(axis, len(shape_of(x)), "repeat")
    try:
        index = np.repeat(np.arange(shape_of(x)[axis]), repeats)
    except ValueError as error:
        raise ValueError(f"repeat of shape {shape_of(x)}, {repeats} times: {error}") from None
    return getitem(x, index=(*(slice(None),) * axis, index))


def flatten(x: Any) -> Any:
    """x as a vector, row by row."""
    return ravel(x)


# --- matrices -------------------------------------------------------------------------------------


def diag(x: Any, k: int = 0) -> Any:
    """The k-th diagonal of a matrix, or the matrix with a vector on its k-th diagonal."""
    x = asarray(x, "diag")
    shape = shape_of(x)
    if len(shape) == 1:
        n = shape[0] + np.abs(k)
        rows = np.arange(shape[0]) - (k if k < 0 else 0)
        return scatter(x, index=(rows, rows + k), shape=(int(n), int(n)))
    if len(shape) != 2:
        raise ValueError(f"diag takes a vector or a matrix, got shape {shape}")
    rows, columns = np.nonzero(np.eye(shape[0], shape[1], k))
    return getitem(x, index=(rows, columns))


def _matrices(x: Any, name: str) -> Any:
    x = asarray(x, name)
    if len(shape_of(x)) < 2:
        raise ValueError(f"{name} takes a matrix, or a stack of them, got shape {shape_of(x)}")
    return x


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum along a diagonal."""
    x = _matrices(x, "trace")
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    n, m = shape_of(x)[-2:]
    rows, columns = np.nonzero(np.eye(n, m, offset))
    return sum(getitem(x, index=(..., rows, columns)), axis=-1)


def triu(x: Any, k: int = 0) -> Any:
    """The upper triangle from the k-th diagonal on, zeros below."""
    x = _matrices(x, "triu")
    n, m = shape_of(x)[-2:]
    return where(np.tri(n, m, k - 1, dtype=bool), 0, x)


def tril(x: Any, k: int = 0) -> Any:
    """The lower triangle up to the k-th diagonal, zeros above."""
    x = _matrices(x, "tril")
    n, m = shape_of(x)[-2:]
    return where(np.tri(n, m, k, dtype=bool), x, 0)


def _numpy_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """``np.linalg.norm``: Euclidean, or along one axis the sum or the maximum of magnitudes."""
    vector = isinstance(axis, int) or len(shape_of(x)) == 1
    if ord is None or (vector and ord == 2) or (ord == "fro" and not vector):
        return norm(x, axis=axis, keepdims=keepdims)
    if vector and ord == 1:
        return sum(abs(x), axis=axis, keepdims=keepdims)
    if vector and ord == math.inf:
        return max(abs(x), axis=axis, keepdims=keepdims)
    raise ValueError(f"norm: ord={ord!r} has no rule here; vectors have None, 1, 2 and inf")


numpy_functions |= {
    np.clip: _numpy_clip,
    np.diag: diag,
    np.hstack: hstack,
    np.linalg.norm: _numpy_norm,
    np.repeat: repeat,
    np.split: split,
    np.stack: stack,
    np.take_along_axis: take_along_axis,
    np.tile: tile,
    np.trace: trace,
    np.tril: tril,
    np.triu: triu,
    np.vstack: vstack,
}
