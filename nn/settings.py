"""Settings: a module's attributes, as far as what is recorded of it depends on them.

A program does not run ``forward`` again: an attribute that was read there is a constant. So each module
that is called while a graph is recorded is asked, with every replay, whether its attributes are what
they were: the same numbers, texts and flags, also in lists, dicts, sets, dataclasses and namespaces, the
same layers, parameters and other objects. Nothing is asked about what lies in such an object: a
parameter's numbers may change.
"""

from __future__ import annotations

import collections
import dataclasses
import operator
import types
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Node, Setting

PLAIN = (bool, int, float, str, bytes, type(None), np.dtype, np.generic)
"""Compared by what they are; everything else by whether it is the same object."""

KEPT = 64
"""Settings of a module that are told apart; then the oldest is forgotten."""


class Changes:
    """How often an attribute of any module has been assigned: while it stands, nothing is asked."""

    count = 0


changes = Changes()


class Same:
    """An object, equal to itself alone."""

    __slots__ = ("held",)

    def __init__(self, held: Any) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.held is self.held

    def __hash__(self) -> int:
        return id(self.held)

    def __repr__(self) -> str:
        return type(self.held).__name__


class Settings:
    """What a module's attributes are, now and whenever they were others.

    Args:
        module: whose attributes. It is not kept alive.
        ignored: the attributes that do not count.
    """

    def __init__(self, module: Any, ignored: tuple[str, ...]) -> None:
        self.module = weakref.ref(module)
        self.ignored = ignored
        self.known: dict[Any, Setting] = {}
        self.current: Setting | None = None
        self.date = -1  # of the last look
        self.length = -1
        self.values: tuple[Any, ...] = ()
        self.pick: Callable[[Any], Any] = tuple
        self.inside: list[tuple[Any, tuple[Any, ...]]] = []

    def read(self) -> Setting | None:
        """What the attributes are: the same object as long as they are the same."""
        if self.date == changes.count:
            for items, known in self.inside:
                if len(items) != len(known) or not all(map(operator.is_, items, known)):
                    break
            else:
                return self.current
        module = self.module()
        if module is None:
            return self.current
        self.date = changes.count
        held = module.__dict__
        try:
            if len(held) == self.length and all(map(operator.is_, self.pick(held), self.values)):
                for items, known in self.inside:
                    if len(items) != len(known) or not all(map(operator.is_, items, known)):
                        break
                else:
                    return self.current
        except KeyError:  # an attribute is gone
            pass
        return self.look(held)

    def settle(self, before: Setting | None) -> Setting | None:
        """What counts after a recording: what ``forward`` itself has assigned there does not."""
        now = self.read()
        if now is not before and now is not None and before is not None:
            names = {*now.values, *before.values}
            changed = {key for key in names if now.values.get(key) != before.values.get(key)}
            self.ignored = (*self.ignored, *changed)
            self.date = self.length = -1
            now = self.read()
        return now

    def look(self, held: dict[str, Any]) -> Setting:
        """Look at all attributes, one by one."""
        counted = {key: x for key, x in held.items() if key not in self.ignored}
        # What forward left there of the last call is no setting.
        counted = {key: x for key, x in counted.items() if not is_result(x)}
        self.length = len(held)
        self.values = tuple(counted.values())
        keys = list(counted)
        self.pick = operator.itemgetter(*keys) if len(keys) > 1 else Few(keys)
        self.inside = []
        told = {key: self.told(x) for key, x in counted.items()}
        key = tuple(told.items())
        if key not in self.known:
            if len(self.known) >= KEPT:
                del self.known[next(iter(self.known))]
            self.known[key] = Setting(told)
        self.current = self.known[key]
        return self.current

    def told(self, x: Any) -> Any:
        """Something hashable that is equal for what makes no difference."""
        if isinstance(x, PLAIN):
            return x.__class__, x
        kind = x.__class__
        if issubclass(kind, list | tuple | collections.deque):
            self.inside.append((x, tuple(x)))
            return kind, tuple([self.told(each) for each in x])
        if issubclass(kind, set | frozenset):
            self.inside.append((x, tuple(x)))
            return kind, frozenset([self.told(each) for each in x])
        if is_configuration(x):
            x = vars(x)
        if isinstance(x, dict):
            self.inside += [(x, tuple(x)), (x.values(), tuple(x.values()))]
            named = [(each if isinstance(each, str) else Same(each)) for each in x]
            return kind, tuple(zip(named, [self.told(each) for each in x.values()], strict=True))
        return Same(x)


def is_configuration(x: Any) -> bool:
    """Whether x is an object made to hold settings: a dataclass, or a namespace."""
    held = dataclasses.is_dataclass(x) and not isinstance(x, type) and hasattr(x, "__dict__")
    return held or isinstance(x, types.SimpleNamespace)


class Few:
    """What picks no attribute, or one, as a tuple."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys

    def __call__(self, held: dict[str, Any]) -> tuple[Any, ...]:
        return tuple([held[key] for key in self.keys])


def is_result(x: Any) -> bool:
    """Whether x was computed from others."""
    return isinstance(x, Node) and not x.is_leaf
