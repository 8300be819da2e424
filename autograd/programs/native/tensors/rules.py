"""How reductions, products and the rows that move elements are written as loops and BLAS calls."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.engine.axes import normalise_axes
from autograd.programs.native.machine import vector_width
from autograd.programs.native.tensors.blas import threads
from autograd.programs.native.tensors.builder import Builder
from autograd.programs.native.tensors.operations import (
    FLOATS,
    HALF,
    REAL,
    Number,
    Operation,
    View,
    contiguous,
    transposed,
)
from autograd.programs.native.tensors.tiles import suits
from autograd.programs.planning.plan import Instruction

FEW = 32_768
"""Multiply-adds up to which a product with a vector, or a thin one, is a loop of its own."""
THIN = 4
"""Terms of a matrix product that are written out as multiply-adds."""
SMALL = 32_768
"""Multiply-adds up to which loops of our own are faster than a call of BLAS, on every processor."""
MIDDLING = 16_000_000
"""Multiply-adds up to which they are on a processor with AVX2.

On Zen 5 kept to AVX2, against OpenBLAS's code for Haswell, they are 1.2 to 3 times as fast in a
64-128-10 network with a batch of 64, 1.0 to 1.2 times at 15 million, and 0.9 times (at worst 0.65) at
512 × 512 × 512. With AVX-512 they are faster wherever it was measured.
"""
SHARED = 1 << 20
"""Multiply-adds up to which they are when BLAS has more threads than one."""
NARROW = 32
"""Columns up to which a loop keeps a whole row of a strided operand in registers."""

Shape = tuple[int, ...]
Rule = Callable[[Builder, Instruction, list[Any], Shape, Any], View | None]


def astype(low: Builder, step: Instruction, xs: list[Any], shape: Shape, dtype: Any) -> View:
    """Numbers of another dtype."""
    return low.point("identity", xs, shape, dtype)


# --- reductions -----------------------------------------------------------------------------------


def reduction(name: str) -> Rule:
    """A reduction that a loop knows by name."""

    def rule(
        low: Builder, step: Instruction, xs: list[Any], shape: Shape, dtype: Any
    ) -> View | None:
        x = xs[0]
        if not isinstance(x, View) or low.roots[x.root].dtype not in FLOATS:
            return None
        axes = normalise_axes(step.options.get("axis"), len(x.shape))
        if name in ("max", "min") and 0 in (x.shape[i] for i in axes):
            return None
        return low.reduce(name, x, axes, bool(step.options["keepdims"]), dtype)

    return rule


# --- elements that move ---------------------------------------------------------------------------


def part(memory: np.ndarray[Any, Any], array: Any, root: int) -> View:
    """A view of new memory as a view of a root."""
    size = memory.itemsize
    start = array.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    return View(root, start // size, array.shape, tuple(n // size for n in array.strides))


def scatter(
    low: Builder, step: Instruction, xs: list[Any], shape: Shape, dtype: Any
) -> View | None:
    """Zeros, with x at a slice."""
    memory = np.empty(shape, dtype)
    there = memory[step.options["index"]]
    if not isinstance(there, np.ndarray) or not np.may_share_memory(there, memory):
        return None
    out = low.result(shape, dtype)
    low.fill(out, 0.0)
    low.point("identity", xs, there.shape, dtype, into=part(memory, there, out.root))
    return out


def concatenate(
    low: Builder, step: Instruction, xs: list[Any], shape: Shape, dtype: Any
) -> View | None:
    """Arrays one after another."""
    if not all(isinstance(x, View) for x in xs):
        return None
    memory = np.empty(shape, dtype)
    out = low.result(shape, dtype)
    axis, start = step.options["axis"], 0
    for x in xs:
        # Without an axis every array is flattened.
        end = start + (math.prod(x.shape) if axis is None else x.shape[axis])
        if axis is None:
            there = memory[start:end].reshape(x.shape)
        else:
            there = memory[(slice(None),) * (axis % len(shape)) + (slice(start, end),)]
        start = end
        if there.size:
            low.point("identity", [x], x.shape, dtype, into=part(memory, there, out.root))
    return out


# --- products -------------------------------------------------------------------------------------


def matmul(low: Builder, step: Instruction, xs: list[Any], shape: Shape, dtype: Any) -> View | None:
    """A product of vectors and matrices."""
    x, y = xs
    if not (isinstance(x, View) and isinstance(y, View)):
        return None
    if any(low.roots[each.root].dtype != dtype for each in xs):
        return None
    if len(x.shape) not in (1, 2) or len(y.shape) not in (1, 2):
        return None
    if len(x.shape) == 1:
        x = View(x.root, x.offset, (1, *x.shape), (0, *x.strides))
    if len(y.shape) == 1:
        y = View(y.root, y.offset, (*y.shape, 1), (*y.strides, 0))
    (m, k), n = x.shape, y.shape[1]
    if m * n == 0:
        return low.result(shape, dtype)
    if k == 0:
        return low.point("identity", [Number(0.0)], shape, dtype)
    out = product(low, step, x, y, dtype)
    return View(out.root, 0, shape, contiguous(shape))


def product(low: Builder, step: Instruction, x: View, y: View, dtype: Any) -> View:
    """A product of matrices, (m, k) and (k, n)."""
    (m, k), n = x.shape, y.shape[1]
    if n == 1 and is_ones(low, y):
        return low.reduce("sum", x, [1], True, dtype)
    if m == 1 and is_ones(low, x):
        return low.reduce("sum", y, [0], True, dtype)
    if k == 1:
        return low.point("mul", [x, y], (m, n), dtype)
    if (m == 1 or n == 1) and m * n * k <= FEW:
        matrix, vector = (x, y) if n == 1 else (transposed(y), transposed(x))
        # A sum along rows, or of rows, whichever way the matrix lies in memory.
        if abs(matrix.strides[0]) >= abs(matrix.strides[1]):
            terms = low.point("mul", [matrix, transposed(vector)], matrix.shape, REAL)
            out = low.reduce("sum", terms, [1], True, dtype)
        else:
            matrix = transposed(matrix)
            terms = low.point("mul", [matrix, vector], matrix.shape, REAL)
            out = low.reduce("sum", terms, [0], True, dtype)
        return View(out.root, 0, (m, n), contiguous((m, n)))
    if k <= THIN and m * n * k <= FEW and (n <= NARROW or y.strides[1] == 1):
        return thin(low, x, y, dtype)
    out = low.result((m, n), dtype)
    own = m * n * k <= most_tiled()
    if own and suits(x, y):
        operation = Operation("product", "tiles", out.root, (x, y), (m, n, k), dtype == HALF)
    else:
        pair = (usable(low, x), usable(low, y))
        operation = Operation("product", "blas", out.root, pair, (m, n, k), dtype == HALF)
    low.into.append(operation)
    low.products[step.out] = operation
    return out


def most_tiled() -> float:
    """Multiply-adds up to which a product of matrices is made of tiles, rather than left to BLAS."""
    width = vector_width()
    if width < 4:  # where it has not been measured that more would gain
        return SMALL
    if threads() > 1:
        return SHARED
    return MIDDLING if width == 4 else math.inf


def thin(low: Builder, x: View, y: View, dtype: Any) -> View:
    """x₁ y₁ + ... + xₖ yₖ, of columns and rows."""
    shape = (x.shape[0], y.shape[1])
    pairs = [
        [
            View(x.root, x.offset + i * x.strides[1], (shape[0], 1), (x.strides[0], 0)),
            View(y.root, y.offset + i * y.strides[0], (1, shape[1]), (0, y.strides[1])),
        ]
        for i in range(x.shape[1])
    ]
    out = low.point("mul", pairs[0], shape, REAL)
    for pair in pairs[1:-1]:
        out = low.point("fma", [*pair, out], shape, REAL)
    return low.point("fma", [*pairs[-1], out], shape, dtype)


def is_ones(low: Builder, view: View) -> bool:
    """Whether a view is of a constant that is 1 everywhere."""
    holds = low.roots[view.root].holds
    return holds is not None and low.is_whole(view) and bool(np.all(holds == 1))


def usable(low: Builder, view: View) -> View:
    """A matrix as BLAS takes it: one of its axes without gaps."""
    (m, n), (down, right) = view.shape, view.strides
    if (right == 1 or n == 1) and (down >= n or m == 1):
        return View(view.root, view.offset, view.shape, (down if m > 1 else n, 1))
    if (down == 1 or m == 1) and (right >= m or n == 1):
        return View(view.root, view.offset, view.shape, (1, right if n > 1 else m))
    return low.copy(view, view.shape, low.roots[view.root].dtype)


RULES: dict[str, Rule] = {
    "astype": astype,
    "sum": reduction("sum"),
    "prod": reduction("prod"),
    "max": reduction("max"),
    "min": reduction("min"),
    "scatter": scatter,
    "concatenate_all": concatenate,
    "matmul": matmul,
}
"""What writes each row that is a loop, a move or a product, and no formula of others; those are taken
apart. None from a rule is for what it does not cover, which is then called."""
