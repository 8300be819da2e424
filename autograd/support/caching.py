"""A property that is computed once, without the lock that Python 3.11 puts around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class cached_property(Generic[T]):  # noqa: N801 (named as the standard library's)
    """As ``functools.cached_property`` is from Python 3.12 on.

    The one of 3.11 holds a lock that all instances of the class share. A process that is forked while
    another thread computes such a property would have nobody to let go of it, and wait for ever.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Self | T:
        if instance is None:
            return self
        # Two threads may both compute it; the first to finish is the one that counts.
        return vars(instance).setdefault(self.name, self.compute(instance))  # type: ignore[no-any-return]
