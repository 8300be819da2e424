"""Composites: functions made of primitives, with no rules of their own, under NumPy's names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.context.modes import current_mode
from autograd.context.notes import note_call
from autograd.engine.arrays import check_array
from autograd.engine.axes import (
    axis_index,
    axis_tuple,
    check_axes,
    check_flag,
    shape_of,
    whole_number,
)
from autograd.engine.families import Elementwise
from autograd.engine.followed import follow, holds_followed, places
from autograd.engine.graph import Node
from autograd.engine.numpy_protocols import holds_tensor, plain_call
from autograd.engine.operands import asarray, asarrays, raw
from autograd.engine.primitive import numpy_functions
from autograd.primitives.elementwise import (
    abs,
    clip_between,
    identity,
    where,
)
from autograd.primitives.linear import (
    astype,
    broadcast_to,
    concatenate,
    expand_dims,
    getitem,
    getitem_at,
    moveaxis,
    ravel,
    reshape,
    scatter,
)
from autograd.primitives.reductions import max, norm, sum
from autograd.support.publishing import publish

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
    if (a_min is None and a_max is None) == (min is None and max is None):
        if min is None and max is None:
            return identity(x)
        raise ValueError(
            "np.clip takes its bounds as a_min and a_max, or as min= and max=, not as both"
        )
    return clip(x, a_min if min is None else min, a_max if max is None else max)


def _numpy_where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    if x is None and y is None:
        return plain_call(np.nonzero, (condition,), {})
    return where(condition, x, y)


def as_type(x: Any, dtype: Any = np.float64) -> Any:
    """x as float32 or float64; of what is flat already (`floor`), as plain whole numbers, an index.

    >>> from autograd import Tensor, floor
    >>> floor(Tensor([1.5, 2.5])).astype(int)
    array([1, 2])

    Raises:
        TypeError: whole numbers or truth values are asked for, of something that a gradient flows to:
            rounding would lose it.
    """
    try:
        if isinstance(dtype, np.ndarray | Node):
            raise TypeError
        kind = np.dtype(dtype).kind
    except TypeError:
        raise TypeError(f"dtype of astype is a dtype of NumPy, got {dtype!r:.60}") from None
    if kind not in "iub" or (isinstance(x, Node) and not is_flat(x)):
        return astype(x, dtype=dtype)
    return plain_call(np.astype, (x, dtype), {})


def is_flat(x: Node) -> bool:
    """Whether every way from x to a tracked leaf leads through a step, such as `floor` or `sign`."""
    seen, stack = {x}, [x] if x.requires_grad else []
    while stack:
        node = stack.pop()
        row = node.primitive
        if row is None:
            return False
        if isinstance(row, Elementwise) and row.is_step():
            continue
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return True


def _extreme(find: Any, name: str, x: Any, axis: int | None, keepdims: bool) -> Any:
    if holds_followed(x) or (current_mode().notes is not None and holds_tensor(x)):
        return follow(name, find, (x,), {"axis": axis, "keepdims": keepdims})
    x = asarray(x, name)
    if axis is not None:
        check_axes(whole_number(axis, f"axis of {name}"), f"axis of {name}")
    check_flag(keepdims, f"keepdims of {name}")
    objects = isinstance(x, np.ndarray) and x.dtype == object
    nodes = x.ravel().tolist() if objects else [x]
    shape = shape_of(x)

    def again(*numbers: Any) -> Any:
        array = np.array(numbers, float).reshape(shape) if objects else numbers[0]
        return find(array, axis=axis, keepdims=keepdims)

    try:
        result = again(*map(raw, nodes))
    except (ValueError, OverflowError) as error:
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
    if not holds_followed(indices):
        indices = np.array(check_array(indices, "the indices of take_along_axis"))  # it may change
    if indices.dtype.kind not in "iu":
        raise TypeError(f"take_along_axis takes integer indices, got {indices.dtype}")
    if axis is None:
        if indices.ndim != 1:
            raise ValueError(
                "take_along_axis with axis=None takes a vector of indices, got shape "
                f"{indices.shape}"
            )
        return _at(ravel(x), indices)
    shape = shape_of(x)
    if indices.ndim != len(shape):
        raise ValueError(
            f"take_along_axis: indices of rank {indices.ndim} for an array of rank {len(shape)}"
        )
    axis = axis_index(axis, len(shape), "take_along_axis")
    index = [
        indices
        if i == axis
        else np.arange(n).reshape([-1 if j == i else 1 for j in range(len(shape))])
        for i, n in enumerate(shape)
    ]
    return _at(x, tuple(index))


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The elements of x at `indices`: of all of x, row by row, or the parts of it along an axis.

    The shape of the indices stands where the axis was: of a table (n, m), ``take(table, i, axis=0)`` has
    shape (*i.shape, m). As in NumPy they may repeat, and −1 is the last. The derivative adds up what
    comes back to each element: 0 for those that were not taken.

    An array of indices is an argument of the node, not a part of it, so that a program can be given
    others (``compile(loss, inputs=[indices])``); it is to stay as it is until the backward pass.

    Raises:
        TypeError: indices that are no whole numbers.
        IndexError: an index that is not there, also in a program.

    >>> import autograd
    >>> table = autograd.Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> rows = autograd.take(table, [2, 0, 2], axis=0)
    >>> rows.sum().backward()
    >>> rows.data.tolist(), table.grad.tolist()
    ([[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]], [[1.0, 1.0], [0.0, 0.0], [2.0, 2.0]])
    """
    x = asarray(x, "take")
    if isinstance(indices, Node):
        raise TypeError(
            "take: the indices are whole numbers, to which no gradient flows: expected an array, got a "
            f"{type(indices).__name__}"
        )
    if not holds_followed(indices):
        indices = np.asarray(check_array(indices, "the indices of take"))
    if indices.dtype.kind not in "iu":
        raise TypeError(f"take takes integer indices, got {indices.dtype}")
    if axis is not None:
        axis = axis_index(axis, len(shape_of(x)), "take")
    return getitem_at(x, indices, axis=axis)


def _numpy_take(
    a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise"
) -> Any:
    if out is not None or mode != "raise":
        raise TypeError("np.take of a node takes neither out= nor a mode= other than 'raise'")
    return take(a, indices, axis)


def _at(x: Any, index: Any) -> Any:
    """``x[index]``, where a recording may follow the index."""
    if holds_followed(index):
        return getitem_at(x, places(shape_of(x), index))
    return getitem(x, index=index)


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
    axis = axis_index(axis, len(shape_of(x)), "split")
    n = shape_of(x)[axis]
    what = "indices_or_sections of split"
    if isinstance(indices_or_sections, str | dict) or indices_or_sections is None:
        raise TypeError(
            f"{what} is a whole number, or a list of them, got {indices_or_sections!r:.60}"
        )
    if np.ndim(indices_or_sections) == 0:
        parts = whole_number(indices_or_sections, what)
        if parts < 1 or n % parts:
            raise ValueError(f"split: a length of {n} does not divide into {parts} equal parts")
        places = [n // parts * i for i in range(1, parts)]
    else:
        places = [whole_number(place, what) for place in indices_or_sections]  # type: ignore[union-attr]
    before = (slice(None),) * axis
    edges = zip([0, *places], [*places, n], strict=True)
    return [getitem(x, index=(*before, slice(start, stop))) for start, stop in edges]


def tile(x: Any, reps: int | Sequence[int]) -> Any:
    """x laid side by side `reps` times along each axis."""
    x = asarray(x, "tile")
    if isinstance(reps, str | dict) or reps is None:
        raise TypeError(f"reps of tile is a whole number, or a list of them, got {reps!r:.60}")
    several: Any = (reps,) if np.ndim(reps) == 0 else reps
    counts = tuple(whole_number(n, "reps of tile") for n in several)
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
    axis = axis_index(axis, len(shape_of(x)), "repeat")
    try:
        index = np.repeat(np.arange(shape_of(x)[axis]), repeats)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"repeat of shape {shape_of(x)}, {repeats} times: {error}") from None
    return _at(x, (*(slice(None),) * axis, index))


def flatten(x: Any) -> Any:
    """x as a vector, row by row."""
    return ravel(x)


# --- matrices -------------------------------------------------------------------------------------


def diag(x: Any, k: int = 0) -> Any:
    """The k-th diagonal of a matrix, or the matrix with a vector on its k-th diagonal."""
    x, k = asarray(x, "diag"), whole_number(k, "k of diag")
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
    x, offset = _matrices(x, "trace"), whole_number(offset, "offset of trace")
    rank = len(shape_of(x))
    axes = axis_index(axis1, rank, "trace, axis1"), axis_index(axis2, rank, "trace, axis2")
    x = moveaxis(x, axes, (-2, -1))
    n, m = shape_of(x)[-2:]
    rows, columns = np.nonzero(np.eye(n, m, offset))
    return sum(getitem(x, index=(..., rows, columns)), axis=-1)


def triu(x: Any, k: int = 0) -> Any:
    """The upper triangle from the k-th diagonal on, zeros below."""
    x, k = _matrices(x, "triu"), whole_number(k, "k of triu")
    n, m = shape_of(x)[-2:]
    return where(np.tri(n, m, k - 1, dtype=bool), 0, x)


def tril(x: Any, k: int = 0) -> Any:
    """The lower triangle up to the k-th diagonal, zeros above."""
    x, k = _matrices(x, "tril"), whole_number(k, "k of tril")
    n, m = shape_of(x)[-2:]
    return where(np.tri(n, m, k, dtype=bool), x, 0)


def _numpy_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """``np.linalg.norm``: of everything Euclidean; of vectors the sum or the maximum as well."""
    x = asarray(x, "norm")
    rank = len(shape_of(x))
    if ord is None:
        if axis is not None and len(axis_tuple(axis, rank, "norm")) > 2:
            raise ValueError(f"norm is taken along one axis or two, got axis={axis!r:.60}")
        return norm(x, axis=axis, keepdims=keepdims)
    axes = tuple(range(rank)) if axis is None else axis_tuple(axis, rank, "norm")
    if len(axes) not in (1, 2):
        raise ValueError(
            f"norm: ord={ord!r:.60} is for vectors and matrices, got shape {shape_of(x)}"
        )
    number = isinstance(ord, int | float | np.number) and not isinstance(ord, bool)
    if len(axes) == 2 and isinstance(ord, str) and ord in ("fro", "f"):
        return norm(x, axis=axes, keepdims=keepdims)
    if len(axes) == 1 and number and ord == 2:
        return norm(x, axis=axes, keepdims=keepdims)
    if len(axes) == 1 and number and ord == 1:
        return sum(abs(x), axis=axes, keepdims=keepdims)
    if len(axes) == 1 and number and ord == math.inf:
        return max(abs(x), axis=axes, keepdims=keepdims)
    raise ValueError(
        f"norm: ord={ord!r:.60} has no rule here; vectors have None, 1, 2 and inf, matrices None "
        "and 'fro'"
    )


numpy_functions |= {
    np.astype: as_type,
    np.clip: _numpy_clip,
    np.diag: diag,
    np.hstack: hstack,
    np.linalg.norm: _numpy_norm,
    np.repeat: repeat,
    np.split: split,
    np.stack: stack,
    np.take: _numpy_take,
    np.take_along_axis: take_along_axis,
    np.tile: tile,
    np.trace: trace,
    np.tril: tril,
    np.triu: triu,
    np.vstack: vstack,
    np.where: _numpy_where,
}


publish(__name__)
