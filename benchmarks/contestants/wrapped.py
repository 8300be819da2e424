"""A scalar with the operators and the method that `workloads.expression` uses, around a peer's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def of(x: Any) -> Any:
    """The peer's scalar, or a number as it is."""
    return x.x if isinstance(x, Number) else x


class Number:
    """`x` is the peer's scalar, `rectify` its relu."""

    __slots__ = ("rectify", "x")

    def __init__(self, x: Any, rectify: Callable[[Any], Any]) -> None:
        self.x = x
        self.rectify = rectify

    def __add__(self, other: Any) -> Number:
        return Number(self.x + of(other), self.rectify)

    def __sub__(self, other: Any) -> Number:
        return Number(self.x - of(other), self.rectify)

    def __mul__(self, other: Any) -> Number:
        return Number(self.x * of(other), self.rectify)

    def __truediv__(self, other: Any) -> Number:
        return Number(self.x / of(other), self.rectify)

    def __pow__(self, other: Any) -> Number:
        return Number(self.x ** of(other), self.rectify)

    def relu(self) -> Number:
        return Number(self.rectify(self.x), self.rectify)


def given(leaves: Any, rectify: Callable[[Any], Any]) -> Callable[[float], Number]:
    """A maker of leaves that hands out those of the peer, one after another."""
    each = iter(leaves)
    return lambda _: Number(next(each), rectify)
