"""Linear rows: maps that move, repeat or add up elements, each with its transpose.

The functions at the end (`ravel`, `squeeze`, `moveaxis` ...) are reshapes and transposes under their
usual names.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine.axes import axis_index, axis_tuple, shape_of
from autograd.engine.declare import fused, linear_map
from autograd.engine.families import Fused, LinearMap
from autograd.engine.operands import asarrays
from autograd.engine.primitive import numpy_functions
from autograd.engine.unbroadcast import unbroadcast
from autograd.support.publishing import publish

reshape: LinearMap = linear_map(
    "reshape",
    lambda x, shape: np.reshape(x, shape),
    lambda g, x, shape: reshape(g, shape=shape_of(x)),
    doc="The same elements in another shape; one length may be −1.",
    numpy=(np.reshape,),
    shape=(-1,),
)

transpose: LinearMap = linear_map(
    "transpose",
    lambda x, axes: np.transpose(x, axes),
    lambda g, x, axes: transpose(
        g, axes=None if axes is None else tuple(int(axis) for axis in np.argsort(_positive(axes)))
    ),
    doc="The axes in another order, reversed by default.",
    symbol="ᵀ",
    numpy=(np.transpose,),
    axes=None,
)


def _positive(axes: Sequence[int]) -> list[int]:
    return [axis % len(axes) for axis in axes]


broadcast_to = linear_map(
    "broadcast_to",
    lambda x, shape: np.broadcast_to(x, shape),
    lambda g, x, shape: unbroadcast(g, x),
    doc="x repeated along new or length-1 axes, without copying.",
    numpy=(np.broadcast_to,),
    shape=(),
)


def _is_basic(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or isinstance(part, slice | int | np.integer)
        for part in parts
    )


def _zeros(shape: Any, dtype: Any) -> Any:
    """Zeros; among Values they are floats, where NumPy would put whole numbers."""
    zeros = np.zeros(shape, dtype)
    if zeros.dtype == object:
        zeros[...] = 0.0
    return zeros


def _scatter_array(x: Any, index: Any, shape: tuple[int, ...]) -> Any:
    x = np.asarray(x)
    out = _zeros(shape, x.dtype)
    if _is_basic(index):
        out[index] = x[()]  # NumPy would put a 0-d array of one Value in as an array
    else:
        np.add.at(out, index, x)
    return out


getitem = linear_map(
    "getitem",
    lambda x, index: np.asarray(x)[index],
    lambda g, x, index: scatter(g, index=index, shape=shape_of(x)),
    doc="x[index]: slices, integers, integer arrays with repeats, masks, newaxis, ellipsis.",
    symbol="[ ]",
    method=False,
    index=(),
)

scatter: LinearMap = linear_map(
    "scatter",
    _scatter_array,
    lambda g, x, index, shape: getitem(g, index=index),
    method=False,
    doc="The transpose of `getitem`: zeros of `shape` with x added at `index`, repeats adding up.",
    index=(),
    shape=(),
)


def _at_places(x: Any, places: Any, axis: int | None) -> Any:
    x, places = np.asarray(x), np.asarray(places).astype(np.intp, copy=False)
    if axis is None:
        x, axis = x.reshape(-1), 0
    try:
        return np.take(x, places, axis)
    except IndexError:
        n = x.shape[axis]
        at = tuple(np.argwhere((places < -n) | (places >= n))[0].tolist())
        where_ = f" at {list(at)}" if at else ""
        told = f"indices from 0 to {n - 1} (or from the end, -1 to {-n})" if n else "no indices"
        raise IndexError(f"expected {told}, got {places[at]}{where_}") from None


# What `take` is made of, and `getitem` while a recording follows its index, which is then an argument.
getitem_at: Fused = fused(
    "getitem_at",
    _at_places,
    (lambda g, out, x, places, axis: scatter_at(g, places, axis=axis, shape=shape_of(x)), None),
    (lambda t, out, x, places, axis: getitem_at(t, places, axis=axis), None),
    _at_places,
    doc="The elements of x at places: counted through all of x, row by row, in the shape of `places`,\n"
    "or along an axis, in whose stead the shape of `places` stands. The places are an argument:\n"
    "``x[index]`` in a program that is given other indices with each run.",
    symbol="[ ]",
    method=False,
    slot_kinds=("linear", "linear"),
    axis=None,
)


def _scatter_places(x: Any, places: Any, axis: int | None, shape: tuple[int, ...]) -> Any:
    x, places = np.asarray(x), np.asarray(places).astype(np.intp, copy=False)
    if axis is not None:
        places = np.take(np.arange(math.prod(shape)).reshape(shape), places, axis)
    out = _zeros(math.prod(shape), x.dtype)
    np.add.at(out, places.reshape(-1), x.reshape(-1))
    return out.reshape(shape)


scatter_at: Fused = fused(
    "scatter_at",
    _scatter_places,
    (lambda g, out, x, places, axis, shape: getitem_at(g, places, axis=axis), None),
    (lambda t, out, x, places, axis, shape: scatter_at(t, places, axis=axis, shape=shape), None),
    _scatter_places,
    method=False,
    doc="The transpose of `getitem_at`: zeros of `shape` with x added at `places`, repeats adding up.",
    slot_kinds=("linear", "linear"),
    axis=None,
    shape=(),
)


# --- joining and surrounding ----------------------------------------------------------------------


def _starts(shapes: Sequence[tuple[int, ...]], axis: int | None) -> tuple[int, ...]:
    """The place along the joined axis where each of the joined arrays starts."""
    lengths = [math.prod(shape) if axis is None else shape[axis] for shape in shapes]
    return tuple(itertools.accumulate(lengths, initial=0))


def _concatenate_transpose(g: Any, slot: int, *xs: Any, axis: int | None, starts: Any) -> Any:
    starts = starts or _starts([shape_of(x) for x in xs], axis)
    part = slice(starts[slot], starts[slot + 1])
    if axis is None:
        return reshape(getitem(g, index=part), shape=shape_of(xs[slot]))
    return getitem(g, index=(slice(None),) * axis_index(axis, g.ndim) + (part,))


concatenate_all = linear_map(
    "concatenate_all",
    lambda *xs, axis, starts: np.concatenate(xs, axis),
    _concatenate_transpose,
    arity=None,
    doc="`concatenate` with its arrays as separate inputs, and the place where each of them starts.",
    symbol="concatenate",
    axis=0,
    starts=(),
)


def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Any:
    """Join arrays along an existing axis; ``axis=None`` flattens them first.

    >>> import autograd
    >>> autograd.concatenate([autograd.Tensor([1.0]), [2.0, 3.0]]).data
    array([1., 2., 3.])
    """
    if not isinstance(arrays, list | tuple):
        raise TypeError(f"concatenate takes a list of arrays, got {type(arrays).__name__}")
    if not arrays:
        raise ValueError("concatenate takes at least one array")
    arrays = asarrays(arrays, "concatenate")
    shapes = [shape_of(x) for x in arrays]
    if axis is not None:
        axis = axis_index(axis, len(shapes[0]), "concatenate")
    alike = len({len(shape) for shape in shapes}) == 1
    # The places are found once: asking for them in each transpose would take the square of the time.
    starts = _starts(shapes, axis) if axis is None or alike else ()
    return concatenate_all(*arrays, axis=axis, starts=starts)


def pad_widths(pad_width: Any, ndim: int) -> list[list[int]]:
    """How many zeros come before and after each axis: a number, a pair, or one for each axis."""
    if isinstance(pad_width, dict):  # of the axes that are padded, as in NumPy
        pairs = [[0, 0] for _ in range(ndim)]
        for axis, width in pad_width.items():
            pairs[axis_index(axis, ndim, "pad")] = np.broadcast_to(width, 2).tolist()
        return pairs
    given = np.asarray(pad_width)
    if given.dtype.kind not in "iu":
        raise TypeError(f"pad_width of pad is made of whole numbers, got {pad_width!r:.60}")
    widths: list[list[int]] = np.broadcast_to(given, (ndim, 2)).tolist()
    return widths


def _pad_array(x: Any, pad_width: Any) -> Any:
    # Not 0: among Values that would be NumPy's whole numbers, whose reciprocal is one too.
    return np.pad(x, pad_widths(pad_width, np.ndim(x)), constant_values=0.0)


def _pad_transpose(g: Any, x: Any, pad_width: Any) -> Any:
    widths = pad_widths(pad_width, len(shape_of(x)))
    index = tuple(
        slice(before, before + n) for (before, _), n in zip(widths, shape_of(x), strict=True)
    )
    return getitem(g, index=index)


pad = linear_map(
    "pad",
    _pad_array,
    _pad_transpose,
    doc="x surrounded by zeros: ``pad_width`` as in NumPy.",
    pad_width=0,
)


def _numpy_pad(x: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    if not isinstance(mode, str) or mode != "constant":
        raise ValueError(f"pad has no rule for mode {mode!r:.60}: only 'constant', with zeros")
    around = options.pop("constant_values", 0)
    if not isinstance(around, int | float | np.number | list | tuple):
        raise TypeError(f"np.pad: constant_values= are numbers, got {around!r:.60}")
    if np.any(np.asarray(around) != 0):
        raise ValueError(
            f"pad surrounds with zeros, not with constant_values={around!r:.60}: for other values use "
            "where or concatenate"
        )
    return pad(x, pad_width=pad_width, **options)


def _opposite(shift: Any) -> Any:
    return tuple(-n for n in shift) if isinstance(shift, tuple | list) else -shift


roll: LinearMap = linear_map(
    "roll",
    lambda x, shift, axis: np.roll(x, shift, axis),
    lambda g, x, shift, axis: roll(g, shift=_opposite(shift), axis=axis),
    doc="Elements moved along an axis, those that fall off coming back at the other end.",
    numpy=(np.roll,),
    shift=0,
    axis=None,
)


def _cumsum_transpose(g: Any, x: Any, axis: int | None) -> Any:
    if axis is None:
        return reshape(flip(cumsum(flip(g, 0), axis=0), 0), shape=shape_of(x))
    return flip(cumsum(flip(g, axis), axis=axis), axis)


cumsum = linear_map(
    "cumsum",
    lambda x, axis: np.cumsum(x, axis),
    _cumsum_transpose,
    doc="Running sums along an axis; over the flattened array by default.",
    numpy=(np.cumsum,),
    axis=None,
)


def _astype_array(x: Any, dtype: Any) -> Any:
    dtype = np.dtype(dtype)
    if dtype not in (np.float32, np.float64):
        raise TypeError(
            f"dtype of astype: a Tensor is float32 or float64, not {dtype}; whole numbers for an "
            "index are np.floor(x).astype(int)"
        )
    x = np.asarray(x)
    if x.dtype != object:
        return x.astype(dtype)
    if dtype == np.float32:
        raise TypeError("astype: a Value is a 64-bit float")
    return x if x.ndim else x.item()


astype: LinearMap = linear_map(
    "astype",
    _astype_array,
    lambda g, x, dtype: astype(g, dtype=getattr(x, "dtype", np.float64)),
    formula=lambda x, dtype: x,  # mathematics has one kind of number
    doc="x as float32 or float64.",
    numpy=(np.astype,),
    dtype=np.float64,
)


# --- reshapes, transposes and slices under their usual names --------------------------------------


def ravel(x: Any) -> Any:
    """x as a vector."""
    return reshape(x, shape=(-1,))


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """x with two axes exchanged."""
    ndim = len(shape_of(x))
    axis1 = axis_index(axis1, ndim, "swapaxes")
    axis2 = axis_index(axis2, ndim, "swapaxes")
    axes = list(range(ndim))
    axes[axis1], axes[axis2] = axis2, axis1
    return transpose(x, axes=tuple(axes))


def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """x with some axes moved to other places, the others in their order."""
    ndim = len(shape_of(x))
    sources = axis_tuple(source, ndim, "moveaxis, source")
    destinations = axis_tuple(destination, ndim, "moveaxis, destination")
    if len(sources) != len(destinations):
        raise ValueError("moveaxis: source and destination have different lengths")
    axes = [axis for axis in range(ndim) if axis not in sources]
    for place, axis in sorted(zip(destinations, sources, strict=True)):
        axes.insert(place, axis)
    return transpose(x, axes=tuple(axes))


def expand_dims(x: Any, axis: int | tuple[int, ...]) -> Any:
    """x with new axes of length 1."""
    if axis == -1:  # a column for each row, in most rules
        return reshape(x, shape=(*shape_of(x), 1))
    axes = tuple(axis) if isinstance(axis, tuple | list) else (axis,)
    ndim = len(shape_of(x)) + len(axes)
    new = axis_tuple(axes, ndim, "expand_dims")
    lengths = iter(shape_of(x))
    return reshape(x, shape=tuple(1 if i in new else next(lengths) for i in range(ndim)))


def squeeze(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """x without its axes of length 1, or without those named."""
    shape = shape_of(x)
    if axis is None:
        return reshape(x, shape=tuple(n for n in shape if n != 1))
    gone = axis_tuple(axis, len(shape), "squeeze")
    if any(shape[i] != 1 for i in gone):
        raise ValueError(f"squeeze: axis {axis} of shape {shape} has a length other than 1")
    return reshape(x, shape=tuple(n for i, n in enumerate(shape) if i not in gone))


def flip(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """x with the order along some axes reversed, along all by default."""
    ndim = len(shape_of(x))
    axes = range(ndim) if axis is None else axis_tuple(axis, ndim, "flip")
    back = slice(None, None, -1)
    return getitem(x, index=tuple(back if i in axes else slice(None) for i in range(ndim)))


numpy_functions |= {
    np.concatenate: concatenate,
    np.pad: _numpy_pad,
    np.ravel: ravel,
    np.swapaxes: swapaxes,
    np.moveaxis: moveaxis,
    np.expand_dims: expand_dims,
    np.squeeze: squeeze,
    np.flip: flip,
}


publish(
    __name__,
    *("concatenate", "expand_dims", "flip", "moveaxis", "ravel", "squeeze", "swapaxes"),
)
