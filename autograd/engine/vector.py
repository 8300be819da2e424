"""Vector: leaf Values that are read, assigned and given gradients all at once, as one array.

Reading or writing hundreds of Values one by one takes longer than a compiled program's whole pass. Two
clocks make that unnecessary. While no leaf has been assigned since a vector was last read, its array is
still right (`graph.latest_change`); while no Value's gradient was displaced since a vector's were left,
all of them are still there (`graph.latest_displacement`).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd.engine import graph
from autograd.engine.arrays import check_array
from autograd.engine.core import core
from autograd.engine.graph import Node, Pending
from autograd.engine.leaves import Array, LeafArray
from autograd.engine.value import Value

banks: weakref.WeakValueDictionary[frozenset[int], Bank] = weakref.WeakValueDictionary()
"""The banks that are in use, by what they hold: vectors of the same Values share one."""


class Vector(LeafArray):
    """Leaf Values as one array.

    >>> import autograd
    >>> a, b = autograd.Value(1.0), autograd.Value(2.0)
    >>> v = autograd.Vector([a, b])
    >>> v.data = v.data * 10
    >>> a.data, b.data, v.grad
    (10.0, 20.0, None)
    >>> (a * b).backward()
    >>> v.grad.tolist()
    [20.0, 10.0]

    Raises:
        TypeError: something that is not a Value.
        ValueError: a Value that is no leaf, or is given twice.
    """

    __slots__ = ()
    kind = Value

    def __init__(self, values: Iterable[Value]) -> None:
        found = self.checked(values)
        super().__init__(found, len(found), np.float64)
        self.values: tuple[Value, ...] = self.leaves
        key = frozenset(map(id, found))
        if len(key) < len(found):
            raise ValueError("Vector got the same Value twice")
        bank = banks.get(key)
        if bank is None:
            bank = banks[key] = Bank(found)
        self._bank = bank
        order = [bank.pending.places[id(x)] for x in found]
        same = order == list(range(len(order)))
        self._order: Any = None if same else np.array(order, dtype=np.intp)

    def _mine(self, of_bank: Array) -> Array:
        return of_bank if self._order is None else of_bank[self._order]

    def _banks(self, mine: Any, what: str) -> Array:
        """A checked array of this vector's, in the order of the bank, that nobody else writes to."""
        if mine.__class__ is np.ndarray and mine.dtype is self.dtype:
            array = mine.copy()
        else:
            array = np.array(check_array(mine, what), dtype=np.float64)
        if array.shape != (len(self.values),):
            raise ValueError(
                f"{what} of shape {(len(self.values),)} was expected, got {array.shape}"
            )
        return self._ordered(array)

    def _ordered(self, mine: Array) -> Array:
        """An array of this vector's in the order of the bank."""
        if self._order is None:
            return mine
        ordered = np.empty_like(mine)
        ordered[self._order] = mine
        return ordered

    def _numbers(self) -> Array:
        return self._mine(self._bank.read())

    def _gradients(self) -> Array | None:
        gradients = self._bank.gradients()
        return None if gradients is None else self._mine(gradients)

    def _assign(self, data: Any) -> None:
        self._bank.assign(self._banks(data, "data"))

    def _replace(self, gradients: Any) -> None:
        if gradients is not None:
            gradients = self._banks(gradients, "a gradient")
        self._bank.put(gradients)

    def add_to_grad(self, gradients: Any) -> None:
        self._bank.leave(self._banks(gradients, "a gradient"))

    def subtract(self, change: Array, scale: float = 1.0) -> None:
        if scale != 1:
            change = np.multiply(change, scale, out=self.spare)
        self._bank.assign(self._ordered(self._numbers() - change))

    def __repr__(self) -> str:
        return f"<Vector of {len(self.values)} Values>"


def assign_each(values: tuple[Value, ...], numbers: Array, date: int) -> None:
    """Give every Value its number, at a date."""
    for x, number in zip(values, numbers.tolist(), strict=True):
        x._raw = number
        x._serial = date


assign: Callable[[tuple[Value, ...], Array, int], None] = getattr(core, "assign", assign_each)


class Bank:
    """What vectors of the same Values share: the numbers, and the gradients."""

    def __init__(self, values: tuple[Value, ...]) -> None:
        self.values = values
        self.pending = Pending({id(x): i for i, x in enumerate(values)})
        self.data: Array = np.empty(0)
        self.date = -1  # when `data` was what the Values hold
        self.left = -1  # when all gradients were those of `pending`

    def read(self) -> Array:
        """The numbers: the array of last time, if nothing has been assigned since."""
        date = graph.latest_change
        if self.date != date:
            self.data = np.array([x._raw for x in self.values])
            self.data.flags.writeable = False
            self.date = date
        return self.data

    def assign(self, data: Array) -> None:
        """Give every Value its number."""
        with graph.LOCK:
            date = graph.changed()
            assign(self.values, data, date)
            data.flags.writeable = False
            self.data, self.date = data, date

    def pends(self) -> bool:
        """Whether every Value's gradient is the one that is kept here."""
        if self.left == graph.latest_displacement:
            return True
        pending = self.pending
        if all(getattr(x, "_grad", None) is pending for x in self.values):
            self.left = graph.latest_displacement
            return True
        return False

    def gradients(self) -> Array | None:
        """All gradients as numbers, or None while one is missing."""
        if self.pends():
            numbers: Array | None = self.pending.numbers
            return numbers
        gradients = [x.grad for x in self.values]
        if any(g is None for g in gradients):
            return None
        return np.array([g._raw if isinstance(g, Node) else g for g in gradients])

    def put(self, gradients: Array | None) -> None:
        """Replace every Value's gradient."""
        with graph.LOCK:
            if not self.pends():
                for x in self.values:
                    x._grad = self.pending
                self.left = graph.displaced()
            self.pending.numbers = gradients

    def leave(self, gradients: Array) -> None:
        """Add to every Value's gradient."""
        with graph.LOCK:
            if self.pends():
                held = self.pending.numbers
                self.pending.numbers = gradients if held is None else held + gradients
                return
            helds = [x.grad for x in self.values]
            if any(isinstance(held, Node) for held in helds):
                for x, held, g in zip(self.values, helds, gradients.tolist(), strict=True):
                    x.grad = g if held is None else held + g
                return
            self.put(gradients + [0.0 if held is None else held for held in helds])
