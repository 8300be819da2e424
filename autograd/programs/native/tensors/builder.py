"""Building: operations of a tensor program, one after another, and the memory that they work on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.programs.native.tensors.operations import (
    FLOATS,
    HALF,
    NEUTRAL,
    REAL,
    TERMS,
    Number,
    Operand,
    Operation,
    Root,
    View,
    contiguous,
    spread,
)


@dataclass(slots=True)
class Builder:
    """Operations in the making.

    Attributes:
        roots: the memory that there is so far.
        into: where operations are added, those of one direction.
        products: the matrix products, by the register of an instruction.
    """

    roots: list[Root] = field(default_factory=list)
    into: list[Operation] = field(default_factory=list)
    products: dict[int, Operation] = field(default_factory=dict)

    # --- memory --------------------------------------------------------------------------

    def root(self, kind: str, dtype: Any, size: int, **more: Any) -> int:
        self.roots.append(Root(kind, np.dtype(dtype), size, **more))
        return len(self.roots) - 1

    def result(self, shape: tuple[int, ...], dtype: Any) -> View:
        """New memory for an array."""
        return View(self.root("result", dtype, math.prod(shape)), 0, shape, contiguous(shape))

    def constant(self, x: Any) -> Any:
        if isinstance(x, bool | int | float | np.generic) and np.asarray(x).dtype.kind in "biuf":
            return Number(float(x), weak=not isinstance(x, np.generic))
        if not isinstance(x, np.ndarray) or x.dtype.kind not in "biuf":
            return x
        if x.ndim == 0:
            return Number(float(x), weak=False)
        if x.dtype not in FLOATS and x.dtype != bool and x.dtype.isnative:
            return x
        array = np.ascontiguousarray(x, dtype=x.dtype.newbyteorder("="))
        root = self.root("constant", array.dtype, array.size, holds=array)
        return View(root, 0, x.shape, contiguous(x.shape))

    def is_whole(self, view: View) -> bool:
        """Whether a view is all of its root in order."""
        space = tuple(n for n in view.shape if n != 1)
        whole = view.offset == 0 and self.roots[view.root].size == math.prod(view.shape)
        return whole and spread(view, view.shape) == contiguous(space)

    def copy(self, x: Any, shape: tuple[int, ...], dtype: Any) -> View:
        if isinstance(x, np.ndarray):
            x = self.constant(x.astype(dtype))
        return self.point("identity", [x], shape, dtype)

    # --- operations -------------------------------------------------------------------------------

    def point(
        self,
        name: str,
        arguments: Sequence[Any],
        shape: tuple[int, ...],
        dtype: Any,
        into: View | None = None,
    ) -> View:
        """An elementwise operation, whose result is new, or a part of what there is."""
        floats = [
            self.roots[x.root].dtype
            for x in arguments
            if isinstance(x, View) and self.roots[x.root].dtype != bool
        ]
        strong = any(isinstance(x, Number) and not x.weak for x in arguments)
        half = bool(floats) and not strong and all(each == HALF for each in floats)
        out = self.result(shape, dtype) if into is None else into
        region = None if into is None else Operand(into.root, into.offset, spread(into, shape))
        operands = tuple(
            Operand(x.root, x.offset, spread(x, shape)) if isinstance(x, View) else x
            for x in arguments
        )
        if math.prod(shape):
            space = tuple(n for n in shape if n != 1)
            self.into.append(
                Operation("point", name, out.root, operands, space, half, region=region)
            )
        return out

    def reduce(self, name: str, x: Any, axes: Sequence[int], keepdims: bool, dtype: Any) -> View:
        """A reduction of a view."""
        shape = tuple(1 if i in axes else m for i, m in enumerate(x.shape))
        kept = tuple(m for i, m in enumerate(x.shape) if i not in axes)
        final = shape if keepdims else kept
        if math.prod(x.shape) == 0:
            out = self.point("identity", [Number(NEUTRAL[name])], shape, dtype)
            return View(out.root, 0, final, contiguous(final))
        space = tuple(m for m in x.shape if m != 1)
        flags = [i in axes for i, m in enumerate(x.shape) if m != 1]
        if not any(flags):
            # A sum begins with 0, as NumPy's does: that of −0 alone is 0.
            alone = ("add", [x, Number(0.0)]) if name == "sum" else ("identity", [x])
            out = self.point(*alone, shape, dtype)
            return View(out.root, 0, final, contiguous(final))
        steps = spread(x, x.shape)
        order = self.order(steps, flags)
        outward = spread(View(-1, 0, shape, contiguous(shape)), x.shape)
        space, strides = tuple(space[i] for i in order), tuple(outward[i] for i in order)
        reduced = [flags[i] for i in order]
        operand = Operand(x.root, x.offset, tuple(steps[i] for i in order))
        leading = reduced[0] and not reduced[-1]
        # A sum of many rows is kept in float64.
        many = math.prod(x.shape) > TERMS * math.prod(shape)
        kept_as = REAL if leading and many else dtype
        out = self.result(shape, kept_as)
        if leading:
            self.fill(out, NEUTRAL[name])
        self.into.append(
            Operation("reduce", name, out.root, (operand,), space, strides=strides, into=leading)
        )
        if kept_as != dtype:
            out = self.copy(out, shape, dtype)
        return View(out.root, 0, final, contiguous(final))

    @staticmethod
    def order(steps: Sequence[int], reduced: Sequence[bool]) -> list[int]:
        """The order of axes: that of memory, if the reduced ones come first or last, else them last."""
        axes = range(len(steps))
        for order in (sorted(axes, key=lambda i: -abs(steps[i])), list(axes)):
            flags = [reduced[i] for i in order]
            kept = [i for i in order if not reduced[i]]
            # As long as the kept axes stay in order, the result is written in order.
            together = flags == sorted(flags) or flags == sorted(flags)[::-1]
            natural = order == list(axes)
            if kept == sorted(kept) and together and (all(steps) or natural):
                return order
        return [i for i in axes if not reduced[i]] + [i for i in axes if reduced[i]]

    def fill(self, out: View, number: float) -> None:
        space = tuple(n for n in out.shape if n != 1)
        self.into.append(Operation("point", "identity", out.root, (Number(number),), space))
