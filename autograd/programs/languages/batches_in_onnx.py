"""Two writings of one function, for two sizes of a batch, as one in which the size is free.

Both must consist of the same operations. A constant that is the same in both stays one. A length or a
place that is n in one and m in the other is the size of the batch; 2n and 2m are twice that, n − 1 and
m − 1 one less, a factor of 1/n and 1/m is its reciprocal: these are computed of the size that a run
meets. Whatever else differs is refused, with the place in the user's code that it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from autograd.programs.languages.onnx_operations import (
    Array,
    OnnxOperation,
    OnnxOperations,
    free,
    place_of,
    vector,
)

SIZES = (53, 76)
"""The sizes: unusual ones, whose difference is a prime, so that a remainder of them differs, too."""


BATCH = "batch"
"""What the size is called in a file."""


class OfSize(NamedTuple):
    """Numbers by the size n of a batch: ``slope * n + offset``, or with `inverse` ``slope / n``."""

    slope: Array
    offset: Array
    inverse: bool = False


def of_size(first: Array, second: Array) -> OfSize | None:
    """What numbers are by the size of the batch; None where that cannot be told."""
    n, m = SIZES
    x, y = first.astype(float), second.astype(float)
    slope = np.round((y - x) / (m - n))
    offset = x - slope * n
    told = np.array_equal(slope * m + offset, y)  # that 2n + 3 was meant is a guess
    if told and np.all((offset == 0) | (np.abs(slope) <= 1)):
        return OfSize(slope.astype(first.dtype), offset.astype(first.dtype))
    if first.dtype.kind == "f":
        close = {"rtol": 4 * np.finfo(first.dtype).eps, "atol": 0}
        if np.allclose(x / n, y / m, **close):
            return OfSize((x / n).astype(first.dtype), np.zeros_like(first))
        if np.allclose(x * n, y * m, **close):
            return OfSize((x * n).astype(first.dtype), np.zeros_like(first), inverse=True)
    return None


class FreeBatch:
    """The operations of two writings, with the size of the batch computed wherever it counts.

    Attributes:
        operations: the operations.
    """

    def __init__(self, writings: Sequence[OnnxOperations], batch: str) -> None:
        one, other = (writing.operations for writing in writings)
        self.batch = batch
        self.taken, self.counts = writings[0].taken, writings[0].counts
        self.operations: list[OnnxOperation] = []
        self.sizes: dict[Any, str] = {}
        for here, there in zip(one, other, strict=False):
            if here._replace(inputs=(), node=None) != there._replace(inputs=(), node=None):
                what = f"{here.kind} is {there.kind} there, or has other options"
                self.refuse(here if here.node is not None else there, what)
            pairs = zip(here.inputs, there.inputs, strict=True)
            inputs = [self.merged(here, x, y) for x, y in pairs]
            self.operations.append(here._replace(inputs=tuple(inputs)))
        if len(one) != len(other):
            longer = max(one, other, key=len)[min(len(one), len(other))]
            self.refuse(longer, f"{longer.kind} is there for one of them alone")

    def merged(self, operation: OnnxOperation, x: Any, y: Any) -> Any:
        """An input of an operation that is right for every size: a name, or a constant."""
        if isinstance(x, str) or isinstance(y, str):
            if not (isinstance(x, str) and isinstance(y, str) and x == y):
                self.refuse(operation, f"{operation.kind} is of other operands")
            return x
        if x.dtype != y.dtype or x.ndim != y.ndim:
            self.refuse(operation, f"a constant of shape {x.shape} has shape {y.shape} there")
        if x.shape == y.shape:
            if np.array_equal(x, y, equal_nan=x.dtype.kind == "f"):
                return x
            found = None if x.dtype.kind == "b" else of_size(x, y)
            if found is None:
                self.refuse(
                    operation, f"a constant of {operation.kind}, {told(x)}, is {told(y)} there"
                )
            if operation.kind == "Reshape" and np.array_equal(found.slope * found.offset, 0 * x):
                varies = found.slope != 0
                if np.count_nonzero(varies) == 1 and 0 not in x:
                    return np.where(varies, -1, x)  # the length that is left
            return self.computed(found)
        value = x.reshape(-1)[:1]
        if x.size and np.all(x == value) and np.all(y == value):  # as np.zeros((len(x), 8))
            shape = self.merged(operation, vector(*x.shape), vector(*y.shape))
            return self.put("Expand", value.reshape(()), shape)
        return self.refuse(
            operation,
            f"a constant array of shape {x.shape} has shape {y.shape} there: with the size of the "
            "batch only arrays of one number may grow, such as np.zeros((len(x), 8))",
        )

    def computed(self, x: OfSize) -> str:
        """The name of numbers that are computed of the size of the batch."""
        size = self.size(x.slope.dtype, min(x.slope.ndim, 1))
        if x.inverse:
            return self.put("Div", x.slope, size)
        if np.any(x.slope != 1):
            size = self.put("Mul", size, x.slope)
        return self.put("Add", size, x.offset) if np.any(x.offset) else size

    def size(self, dtype: Any, axes: int) -> str:
        """The name of the size of the batch, as a number or, with one of `axes`, as a vector of one."""
        key = np.dtype(dtype), axes
        if key not in self.sizes:
            if dtype != np.int64:
                out = self.put("Cast", self.size(np.int64, axes), to=np.dtype(dtype))
            elif not axes:
                out = self.put("Squeeze", self.size(np.int64, 1), vector(0))
            else:
                out = self.put("Shape", self.batch, start=0, end=1)
            self.sizes[key] = out
        return self.sizes[key]

    def put(self, kind: str, *inputs: Any, **attributes: Any) -> str:
        """Add an operation; the name of its result."""
        out = free(f"batch/{kind}", self.taken, self.counts)
        self.operations.append(OnnxOperation(kind, inputs, out, attributes, None))
        return out

    @staticmethod
    def refuse(operation: OnnxOperation, what: str) -> NoReturn:
        """Say which operation differs, and where it was made."""
        n, m = SIZES
        raise ValueError(
            f"the function is another one for {m} instances than for {n}: {what}"
            f"{place_of(operation.node)}"
        )


def told(x: Array) -> str:
    """A constant, in a message."""
    return f"{x.tolist()!r:.40}"


def length(n: int, m: int) -> int | str:
    """A length of a result, by its number for either size: a number, or a word for what it is."""
    if n == m:
        return n
    found = of_size(vector(n), vector(m))
    if found is None:
        return f"{BATCH} dependent"
    slope, offset = int(found.slope.item()), int(found.offset.item())
    many = BATCH if slope == 1 else f"{slope} * {BATCH}"
    return f"{many} {'+' if offset > 0 else '-'} {np.abs(offset)}" if offset else many
