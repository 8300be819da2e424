"""Flat: leaf Tensors whose gradients are read, and which are changed, as one flat array."""

from __future__ import annotations

import functools
import importlib.util
import sys
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from autograd.engine import graph
from autograd.engine.graph import Node
from autograd.engine.leaves import Array, LeafArray
from autograd.engine.tensor import Buffer, Tensor
from autograd.support.caching import cached_property
from autograd.support.late import import_late

LARGE = 1 << 14
"""Entries from which x ← x − a·y in one pass through memory is worth a call of BLAS."""


@functools.cache
def axpy(kind: str) -> Callable[..., Any] | None:
    """BLAS's y ← y + a·x for a dtype, if SciPy is there."""
    if importlib.util.find_spec("scipy") is None:
        return None
    found: Callable[..., Any] = getattr(import_late("scipy.linalg.blas"), f"{kind}axpy")
    return found


class Flat(LeafArray):
    """Leaf Tensors of one dtype as one flat array, one after another, each in row order.

    What an optimiser needs of many tensors at once. They keep their own memory; the gradients that a
    compiled program leaves are one array already, which is given as it is.

    >>> import autograd
    >>> a, b = autograd.Tensor([1.0, 2.0]), autograd.Tensor([[3.0]])
    >>> flat = autograd.Flat([a, b])
    >>> flat.grad is None
    True
    >>> ((a * a).sum() + b.sum()).backward()
    >>> flat.grad.tolist()
    [2.0, 4.0, 1.0]
    >>> flat.subtract(flat.grad, 0.5)
    >>> a.data.tolist(), b.data.tolist()
    ([0.0, 0.0], [[2.5]])

    Raises:
        TypeError: something that is not a Tensor, or tensors of different dtypes.
        ValueError: a Tensor that is no leaf, or no tensors at all; by `grad`, a gradient that has not
            its tensor's shape.
    """

    __slots__ = ()
    kind = Tensor

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        found = self.checked(tensors)
        if not found:
            raise ValueError("Flat takes one Tensor or more, got none")
        dtype = found[0].dtype
        if any(x.dtype != dtype for x in found):
            kinds = ", ".join(sorted({str(x.dtype) for x in found}))
            raise TypeError(f"Flat takes Tensors of one dtype, got {kinds}")
        super().__init__(found, sum(x.size for x in found), dtype)
        self.tensors: tuple[Tensor, ...] = self.leaves
        self._gathered: Array | None = None
        self._copies: list[Array] = []  # its parts
        # Weak, so that who made the gradients can tell whether anybody still looks at them.
        self._base: Callable[[], Any] | None = None
        self._start = 0
        self._parts: list[Callable[[], Any]] = []
        self._made: list[Array] = []  # the parts that `add_to_grad` left last
        self._alone: Any = None

    def _numbers(self) -> Array:
        return np.concatenate([x._raw.reshape(-1) for x in self.tensors])

    def _gradients(self) -> Array | None:
        base = self._base() if self._base is not None else None
        if base is not None:
            for part, x in zip(self._parts, self.tensors, strict=True):
                if part() is not x._grad:
                    break
            else:
                whole: Array = base[self._start : self._start + self.size]
                return whole
        if self._gathered is not None and (copied := self._copied()) is not None:
            return copied
        gradients = []
        shapes = self.shapes
        for i, x in enumerate(self.tensors):
            g, shape = x._grad, shapes[i]
            if g is None:
                return None
            if isinstance(g, Node):  # from a pass with create_graph=True
                g = g._raw
            if (g.shape if g.__class__ is np.ndarray else np.shape(g)) != shape:
                title = f"a tensor of shape {shape}" if x.name is None else repr(x.name)
                raise ValueError(
                    f"the gradient of {title} has shape {np.shape(g)}, expected {shape}"
                )
            gradients.append(g)
        return self._joined(gradients)

    def _copied(self) -> Array | None:
        """The gradients in the array that was made for them, where they are arrays of their own."""
        copies = self._copies
        for i, x in enumerate(self.tensors):
            g, copy = x._grad, copies[i]
            if g.__class__ is not np.ndarray or g.base is not None or g.shape != copy.shape:
                return None
            copy[...] = g
        return self._gathered

    def _joined(self, gradients: list[Any]) -> Array:
        """The gradients as one flat array: a part of the one that they are parts of, or a copy."""
        base = gradients[0].base if isinstance(gradients[0], np.ndarray) else None
        if (
            base is not None
            and base.ndim == 1
            and base.dtype == self.dtype
            and base.flags.c_contiguous
        ):
            size = base.itemsize
            first = gradients[0].__array_interface__["data"][0]
            if all(
                isinstance(g, np.ndarray)  # a number may be the gradient of a tensor of shape ()
                and g.base is base
                and g.dtype == self.dtype  # which a view need not share with its base
                and g.flags.c_contiguous
                and g.__array_interface__["data"][0] == first + place.start * size
                for g, place in zip(gradients, self.places, strict=True)
            ):
                self._start = (first - base.__array_interface__["data"][0]) // size
                self._base, self._parts = weakref.ref(base), [weakref.ref(g) for g in gradients]
                whole: Array = base[self._start : self._start + self.size]
                return whole
        if len(gradients) == 1:
            return np.ravel(np.asarray(gradients[0], self.dtype))
        if self._gathered is None:
            self._gathered = np.empty(self.size, self.dtype)
            self._copies = self.split(self._gathered)
        copies = self._copies
        for i, g in enumerate(gradients):
            copies[i][...] = g
        return self._gathered

    def add_to_grad(self, gradients: Any) -> None:
        """What a backward pass does: each tensor's gradient is added to the one it holds.

        Gradients that are the first become parts of one flat array. It is used again in the next pass if
        nobody holds a part of it any more, or a view of one; who does keeps what it had.
        """
        tensors = self.tensors
        if any(x._grad is not None for x in tensors):
            for x, g in zip(tensors, gradients, strict=True):
                held = x._grad
                x.grad = np.array(g, self.dtype) if held is None else held + g
            return
        if not self._made or holders([self._made[0].base], self._made) != self._alone:
            self._made = self.split(np.empty(self.size, self.dtype))
            self._alone = holders([self._made[0].base], self._made)
        for x, part, g in zip(tensors, self._made, gradients, strict=True):
            np.copyto(part, g)
            x._grad = part

    @cached_property
    def _add(self) -> Callable[..., Any] | None:
        """BLAS's y ← y + a·x, where a tensor is large."""
        if any(x.size >= LARGE for x in self.tensors):
            return axpy("d" if self.dtype == np.float64 else "s")
        return None

    @cached_property
    def _large(self) -> list[tuple[Tensor, slice]]:
        """The tensors that are changed in one pass through memory each, and their places."""
        pairs = zip(self.tensors, self.places, strict=True)
        return [(x, at) for x, at in pairs if self._add is not None and x.size >= LARGE]

    @cached_property
    def _small(self) -> list[tuple[Tensor, Array]]:
        """The others, and their parts of `spare`."""
        large = {id(x) for x, _ in self._large}
        pairs = zip(self.tensors, self.split(self.spare), strict=True)
        return [(x, part) for x, part in pairs if id(x) not in large]

    @cached_property
    def _runs(self) -> list[slice]:
        """Where small tensors lie, between the large ones."""
        edges = [0, *(edge for _, at in self._large for edge in (at.start, at.stop)), self.size]
        return [slice(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]

    def subtract(self, change: Array, scale: float = 1.0) -> None:
        """x ← x − scale · change for every tensor, an assignment to all of them at one date."""
        date = graph.changed()
        spare = self.spare
        if scale != 1 or change is not spare:
            for run in self._runs:
                np.multiply(change[run], scale, out=spare[run])
        for x, part in self._small:
            np.subtract(x._raw, part, x._raw)
        for x, place in self._large:
            data = x._raw
            if self._add is not None and data.flags.c_contiguous:
                self._add(change[place], data.reshape(-1), a=-scale)
            else:
                np.subtract(data, scale * change[place].reshape(data.shape), data)
        for x in self.tensors:
            if x._buffer is None:
                x._buffer = Buffer()
            x._buffer.changed = date

    def __repr__(self) -> str:
        return f"<Flat of {len(self.tensors)} Tensors, {self.size:,} entries of {self.dtype}>"


def holders(flats: Sequence[Array | None], views: Sequence[Array]) -> Any:
    """How many references there are to arrays, which are views of flat ones, and to those.

    What is a reference differs between versions of Python (3.14 borrows local variables), so this is
    only to be compared with what it gave when nobody held any.
    """
    return set(map(sys.getrefcount, views)), list(map(sys.getrefcount, flats))
