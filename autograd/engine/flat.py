"""Flat: leaf Tensors whose gradients are read, and which are changed, as one flat array."""

from __future__ import annotations

import functools
import importlib.util
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd.engine import graph
from autograd.engine.exits import leaving
from autograd.engine.graph import Node
from autograd.engine.modes import under_way
from autograd.engine.tensor import Buffer, Tensor
from autograd.support.late import import_late

Array = np.ndarray[Any, Any]

LARGE = 1 << 14
"""Entries from which x ← x − a·y in one pass through memory is worth a call of BLAS."""


@functools.cache
def axpy(kind: str) -> Callable[..., Any] | None:
    """BLAS's y ← y + a·x for a dtype, if SciPy is there."""
    if importlib.util.find_spec("scipy") is None:
        return None
    found: Callable[..., Any] = getattr(import_late("scipy.linalg.blas"), f"{kind}axpy")
    return found


class Flat:
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
        ValueError: a Tensor that is no leaf, or no tensors at all.
    """

    __slots__ = (
        *("_add", "_base", "_copies", "_flagged", "_frozen", "_gathered", "_large", "_parts"),
        *("_runs", "_small", "_spare", "_start", "_views"),
        *("dtype", "places", "shapes", "size", "tensors"),
    )

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        if not isinstance(tensors, Iterable) or isinstance(tensors, Node):
            raise TypeError(
                f"Flat takes a list of Tensors, got {type(tensors).__name__} ({tensors!r:.60})"
            )
        self.tensors = tuple(tensors)
        for x in self.tensors:
            if not isinstance(x, Tensor):
                raise TypeError(f"Flat takes Tensors, got {type(x).__name__} ({x!r:.60})")
            if x._primitive is not None:
                raise ValueError(f"Flat takes leaves, got {x!r:.80}")
        if not self.tensors:
            raise ValueError("Flat takes one Tensor or more, got none")
        self.dtype: np.dtype[Any] = self.tensors[0].dtype
        if any(x.dtype != self.dtype for x in self.tensors):
            kinds = ", ".join(sorted({str(x.dtype) for x in self.tensors}))
            raise TypeError(f"Flat takes Tensors of one dtype, got {kinds}")
        ends = np.cumsum([x.size for x in self.tensors]).tolist()
        self.places = [slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
        self.shapes = [x.shape for x in self.tensors]
        self.size: int = ends[-1]
        self._gathered: Array | None = None
        self._copies: list[Array] = []  # its parts
        self._spare: Array | None = None
        self._views: list[Array] = []  # the parts of what is spare, for small tensors
        self._add: Callable[..., Any] | None = None
        if any(x.size >= LARGE for x in self.tensors):
            self._add = axpy("d" if self.dtype == np.float64 else "s")
        self._small = [x for x in self.tensors if not self._is_large(x)]
        pairs = zip(self.tensors, self.places, strict=True)
        self._large = [(x, place) for x, place in pairs if self._is_large(x)]
        # Where small tensors lie, between the large ones.
        edges = [0, *(edge for _, at in self._large for edge in (at.start, at.stop)), self.size]
        self._runs = [slice(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]
        # Weak, so that who made the gradients can tell whether anybody still looks at them.
        self._base: Callable[[], Any] = lambda: None
        self._frozen, self._flagged = False, -1  # as of a date: see `frozen`
        self._start = 0
        self._parts: list[Callable[[], Any]] = []

    def _is_large(self, x: Tensor) -> bool:
        return self._add is not None and x.size >= LARGE

    def split(self, flat: Array) -> list[Array]:
        """A view of each tensor's part of a flat array, in its shape."""
        parts = zip(self.places, self.shapes, strict=True)
        return [flat[place].reshape(shape) for place, shape in parts]

    @property
    def frozen(self) -> bool:
        """Whether some of the tensors require no gradient now."""
        if self._flagged != graph.latest_flag:
            self._flagged = graph.latest_flag
            self._frozen = not all(x._requires_grad for x in self.tensors)
        return self._frozen

    @property
    def data(self) -> Array:
        """The numbers: a copy."""
        if under_way:
            for x in self.tensors:
                leaving(x, "its data")
        return np.concatenate([x._raw.reshape(-1) for x in self.tensors])

    @property
    def grad(self) -> Array | None:
        """The gradients, not to be written into: a view or a copy. None while any tensor has none.

        Raises:
            ValueError: a gradient that has not its tensor's shape.
        """
        if under_way:
            for x in self.tensors:
                x.grad  # noqa: B018  (which a recording notes)
        base = self._base()
        if base is not None:
            for part, x in zip(self._parts, self.tensors, strict=True):
                if part() is not x._grad:
                    break
            else:
                whole: Array = base[self._start : self._start + self.size]
                return whole
        gradients = []
        for x, shape in zip(self.tensors, self.shapes, strict=True):
            g = x._grad
            if g is None:
                return None
            if isinstance(g, Node):  # from a pass with create_graph=True
                g = g._raw
            if np.shape(g) != shape:
                title = f"a tensor of shape {shape}" if x.name is None else repr(x.name)
                raise ValueError(
                    f"the gradient of {title} has shape {np.shape(g)}, expected {shape}"
                )
            gradients.append(g)
        return self._joined(gradients)

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
        for copy, g in zip(self._copies, gradients, strict=True):
            copy[...] = g
        return self._gathered

    @property
    def spare(self) -> Array:
        """An array of this size to compute in, always the same; `subtract` may write into it."""
        if self._spare is None:
            self._spare = np.empty(self.size, self.dtype)
            parts = zip(self.tensors, self.split(self._spare), strict=True)
            self._views = [part for x, part in parts if not self._is_large(x)]
        return self._spare

    def subtract(self, change: Array, scale: float = 1.0) -> None:
        """x ← x − scale · change for every tensor, an assignment to all of them at one date."""
        date = graph.changed()
        spare = self.spare
        if scale != 1 or change is not spare:
            for run in self._runs:
                np.multiply(change[run], scale, out=spare[run])
        for x, part in zip(self._small, self._views, strict=True):
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
