"""LeafArray: many leaf nodes as one flat array, by which optimisers and programs deal with them at once.

`Flat` is that of Tensors, `Vector` that of Values. Who uses them asks neither which of the two it has
nor where the numbers lie: they are read, changed and given gradients, all at one date.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from autograd.context.exits import leaving
from autograd.context.modes import under_way
from autograd.engine import graph
from autograd.engine.graph import Node
from autograd.support.caching import cached_property

Array = np.ndarray[Any, Any]


class LeafArray:
    """Leaf nodes of one kind and dtype as one flat array, one after another, each in row order.

    Attributes:
        leaves: the nodes.
        dtype: what their numbers are.
        size: how many numbers they hold.

    Raises:
        TypeError: something that is no node of the kind.
        ValueError: a node that is no leaf.
    """

    __slots__ = ("__dict__",)
    kind: ClassVar[type[Node]]

    def __init__(self, leaves: Iterable[Any], size: int, dtype: Any) -> None:
        self.leaves: tuple[Any, ...] = tuple(leaves)
        self.size = size
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self._frozen, self._flagged = False, -1  # as of a date: see `frozen`

    @classmethod
    def checked(cls, leaves: Any) -> tuple[Any, ...]:
        """What the user gave, if it is a list of leaves of this kind."""
        name, kind = cls.__name__, cls.kind.__name__
        if not isinstance(leaves, Iterable) or isinstance(leaves, Node):
            raise TypeError(
                f"{name} takes a list of {kind}s, got {type(leaves).__name__} ({leaves!r:.60})"
            )
        found = tuple(leaves)
        for x in found:
            if not isinstance(x, cls.kind):
                raise TypeError(f"{name} takes {kind}s, got {type(x).__name__} ({x!r:.60})")
            if x._primitive is not None:
                raise ValueError(f"{name} takes leaves, got {x!r:.80}")
        return found

    def __len__(self) -> int:
        return len(self.leaves)

    @cached_property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of each leaf."""
        return [x.shape for x in self.leaves]

    @cached_property
    def places(self) -> list[slice]:
        """Where each leaf's numbers lie in the flat array."""
        ends = np.cumsum([x.size for x in self.leaves]).tolist()
        return [slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]

    def split(self, flat: Array) -> list[Array]:
        """A view of each leaf's part of a flat array, in its shape."""
        parts = zip(self.places, self.shapes, strict=True)
        return [flat[place].reshape(shape) for place, shape in parts]

    @cached_property
    def spare(self) -> Array:
        """An array of this size to compute in, always the same; `subtract` may write into it."""
        return np.empty(self.size, self.dtype)

    @property
    def frozen(self) -> bool:
        """Whether some of the leaves require no gradient now."""
        if self._flagged != graph.latest_flag:
            self._flagged = graph.latest_flag
            self._frozen = not all(x._requires_grad for x in self.leaves)
        return self._frozen

    @property
    def data(self) -> Array:
        """The numbers, not to be written into. Those of Values are assigned, too, all at one date."""
        if under_way:
            for x in self.leaves:
                leaving(x, "its data")
        return self._numbers()

    @data.setter
    def data(self, data: Any) -> None:
        self._assign(data)

    @property
    def grad(self) -> Array | None:
        """The gradients, not to be written into: a view or a copy. None while any leaf has none.

        Those of Values are assigned, too.
        """
        if under_way:
            for x in self.leaves:
                x.grad  # noqa: B018  (which a recording notes)
        return self._gradients()

    @grad.setter
    def grad(self, gradients: Any) -> None:
        self._replace(gradients)

    # What each kind does.

    def _numbers(self) -> Array:
        raise TypeError(f"{type(self).__name__} has no numbers")

    def _gradients(self) -> Array | None:
        raise TypeError(f"{type(self).__name__} has no gradients")

    def _assign(self, data: Any) -> None:
        raise AttributeError(
            f"{type(self).__name__}.data is not assigned: subtract a change from it"
        )

    def _replace(self, gradients: Any) -> None:
        raise AttributeError(f"{type(self).__name__}.grad is not assigned: each leaf's is")

    def add_to_grad(self, gradients: Any) -> None:
        """What a backward pass does: each leaf's gradient, in order, is added to the one it holds."""
        raise TypeError(f"{type(self).__name__} takes no gradients")

    def subtract(self, change: Array, scale: float = 1.0) -> None:
        """x ← x − scale · change for every leaf, an assignment to all of them at one date."""
        raise TypeError(f"{type(self).__name__} is not changed")
