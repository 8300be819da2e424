"""Multilinear rows: products of arrays, with one vjp per slot."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from autograd.engine.axes import axis_tuple, explicit_subscripts, shape_of, whole_number
from autograd.engine.declare import multilinear
from autograd.engine.operands import asarray, asarrays, nary, raw
from autograd.engine.primitive import numpy_functions, registry
from autograd.engine.sums import add_products
from autograd.primitives.linear import expand_dims, reshape, squeeze, swapaxes, transpose
from autograd.support.publishing import publish


# A vector on the left is a row, on the right a column; the extra axis goes again at the end.
def _matmul_by_x(g: Any, x: Any, y: Any) -> Any:
    if y.ndim == 1:
        return g * y if x.ndim == 1 else expand_dims(g, -1) * y
    if x.ndim == 1:
        return squeeze(matmul(expand_dims(g, -2), swapaxes(y, -1, -2)), -2)
    return matmul(g, swapaxes(y, -1, -2))


def _matmul_by_y(g: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1:
        return g * x if y.ndim == 1 else expand_dims(x, -1) * expand_dims(g, -2)
    if y.ndim == 1:
        return squeeze(matmul(swapaxes(x, -1, -2), expand_dims(g, -1)), -1)
    return matmul(swapaxes(x, -1, -2), g)


def _matmul_values(x: Any, y: Any) -> Any:
    """On Values: one n-ary node per element of the result."""
    x, y = np.asarray(x), np.asarray(y)
    matmul.compute((np.empty(x.shape, bool), np.empty(y.shape, bool)), {})  # checks the shapes
    rows = x if x.ndim > 1 else x[None, :]
    columns = y.swapaxes(-1, -2) if y.ndim > 1 else y[None, :]
    stack = np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
    rows = np.broadcast_to(rows, stack + rows.shape[-2:])
    columns = np.broadcast_to(columns, stack + columns.shape[-2:])
    out = np.empty((*stack, rows.shape[-2], columns.shape[-2]), dtype=object)
    for place in np.ndindex(stack):
        right = columns[place].tolist()
        for i, row in enumerate(rows[place].tolist()):
            for j, column in enumerate(right):
                out[(*place, i, j)] = nary(matmul, (*row, *column), {})
    if x.ndim == 1:
        out = out[..., 0, :]
    if y.ndim == 1:
        out = out[..., 0]
    return out if np.ndim(out) else np.asarray(out).item()


def _matmul_array(x: Any, y: Any) -> Any:
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        raise ValueError("matmul takes arrays of rank 1 or more; multiply by a scalar with *")
    return np.matmul(x, y)


matmul = multilinear(
    "matmul",
    _matmul_array,
    _matmul_by_x,
    _matmul_by_y,
    symbol="@",
    doc="The matrix product, of vectors, matrices and stacks of matrices, as NumPy's ``@``.",
    numpy=(np.matmul,),
    values=_matmul_values,
    numbers=add_products,
)


# --- einsum ---------------------------------------------------------------------------------------


def _einsum_vjp(g: Any, slot: int, *xs: Any, subscripts: str) -> Any:
    terms, output = explicit_subscripts(subscripts, [len(shape_of(x)) for x in xs])
    lengths = {
        c: n
        for term, x in zip(terms, xs, strict=True)
        for c, n in zip(term, shape_of(x), strict=True)
        if n != 1
    }
    dtype = getattr(raw(g), "dtype", np.float64)
    others = [(terms[i], xs[i]) for i in range(len(xs)) if i != slot]
    target = ""
    spare = (c for c in string.ascii_letters if c not in "".join(terms) + output)
    for axis, c in enumerate(terms[slot]):
        if c in target:
            # A repeated index is a diagonal: name the axis anew, and tie it by an identity matrix.
            new = next(spare)
            lengths[new] = shape_of(xs[slot])[axis]
            others.append((c + new, np.eye(lengths[new], dtype=dtype)))
            target += new
        else:
            target += c
    # An index that only this operand has was summed away, and one that is stretched elsewhere has its
    # length from this operand alone: along both, the cotangent is the same everywhere.
    known = {
        (c, n) for term, x in [(output, g), *others] for c, n in zip(term, shape_of(x), strict=True)
    }
    for c in target:
        n = lengths.get(c, 1)
        if (c, n) not in known:
            others.append((c, np.ones(n, dtype=dtype)))
    inputs = ",".join([output, *(term for term, _ in others)])
    return einsum_all(g, *(x for _, x in others), subscripts=f"{inputs}->{target}")


einsum_all = multilinear(
    "einsum_all",
    lambda *xs, subscripts: np.einsum(subscripts, *xs, optimize=len(xs) > 2),
    _einsum_vjp,
    doc="`einsum` with its operands first.",
    symbol="einsum",
    values=lambda *xs, subscripts: _item(np.einsum(subscripts, *xs, optimize=False)),
    subscripts="",
)


def _item(x: Any) -> Any:
    return x if np.ndim(x) else np.asarray(x, dtype=object).item()


def einsum(subscripts: str, *operands: Any) -> Any:
    """The sum of products that `subscripts` names, as in NumPy, of any number of operands.

    >>> import autograd, numpy as np
    >>> A, B = autograd.Tensor(np.eye(2)), np.ones((2, 3))
    >>> autograd.einsum("ij,jk->ik", A, B).shape
    (2, 3)
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"einsum takes its subscripts first, got {type(subscripts).__name__}")
    arrays = [asarray(x, "einsum") for x in operands]
    explicit_subscripts(subscripts, [len(shape_of(x)) for x in arrays])
    return einsum_all(*arrays, subscripts=subscripts)


# --- products made of these -----------------------------------------------------------------------


def dot(x: Any, y: Any) -> Any:
    """NumPy's ``dot``: the product of scalars, the inner product of vectors, the matrix product.

    For higher ranks it sums over the last axis of `x` and the last but one of `y`.
    """
    x, y = asarray(x, "dot"), asarray(y, "dot")
    if not shape_of(x) or not shape_of(y):
        return registry["mul"](x, y)
    if len(shape_of(y)) <= 2:
        return matmul(x, y)
    return tensordot(x, y, axes=((-1,), (-2,)))


def inner(x: Any, y: Any) -> Any:
    """The sum of products over the last axes of both."""
    x, y = asarray(x, "inner"), asarray(y, "inner")
    if not shape_of(x) or not shape_of(y):
        return registry["mul"](x, y)
    return tensordot(x, y, axes=((-1,), (-1,)))


def outer(x: Any, y: Any) -> Any:
    """Every product of an element of `x` with one of `y`, both flattened: x yᵀ."""
    x, y = asarrays((x, y), "outer")
    return registry["mul"](reshape(x, shape=(-1, 1)), reshape(y, shape=(1, -1)))


def tensordot(x: Any, y: Any, axes: Any = 2) -> Any:
    """The sum of products over pairs of axes: a count, or the axes of `x` and those of `y`."""
    x, y = asarrays((x, y), "tensordot")
    nx, ny = len(shape_of(x)), len(shape_of(y))
    if np.ndim(axes) == 0 and not isinstance(axes, str | dict) and axes is not None:
        axes = whole_number(axes, "axes of tensordot")
        if not 0 <= axes <= min(nx, ny):
            raise ValueError(f"tensordot: cannot sum over {axes} axes of ranks {nx} and {ny}")
        ax, ay = tuple(range(nx - axes, nx)), tuple(range(axes))
    else:
        if not isinstance(axes, tuple | list | np.ndarray) or len(axes) != 2:
            raise TypeError(f"axes of tensordot is a whole number or a pair, got {axes!r:.60}")
        ax = axis_tuple(axes[0], nx, "tensordot")
        ay = axis_tuple(axes[1], ny, "tensordot")
    rest_x = tuple(i for i in range(nx) if i not in ax)
    rest_y = tuple(i for i in range(ny) if i not in ay)
    summed = [shape_of(x)[i] for i in ax]
    if summed != [shape_of(y)[i] for i in ay]:
        raise ValueError(
            f"tensordot: shapes {shape_of(x)} and {shape_of(y)} differ along axes {ax} and {ay}"
        )
    n = int(np.prod(summed, dtype=int))
    kept = tuple(shape_of(x)[i] for i in rest_x), tuple(shape_of(y)[i] for i in rest_y)
    rows = int(np.prod(kept[0], dtype=int))
    columns = int(np.prod(kept[1], dtype=int))
    left = reshape(transpose(x, axes=rest_x + ax), shape=(rows, n))
    right = reshape(transpose(y, axes=ay + rest_y), shape=(n, columns))
    return reshape(matmul(left, right), shape=kept[0] + kept[1])


numpy_functions |= {
    np.einsum: einsum,
    np.dot: dot,
    np.inner: inner,
    np.outer: outer,
    np.tensordot: tensordot,
}


publish(__name__, "dot", "einsum", "inner", "outer", "tensordot")
