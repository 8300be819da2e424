"""The least class in Python that means what a Value means: how far its other code is from that.

It has data and gradient, arguments and local derivatives, a row's name, a serial number and a name of
its own; it asks whether to record, is sorted and freed without recursion, and can be referred to weakly.
It has no place in the source, no scope, no infinities, no errors, and no operands but itself and floats.

The class is compared, and not what is in memory beside it: Python's collector looks through all of that
now and then. So the library is imported here as well.
"""

from __future__ import annotations

import itertools
from contextvars import ContextVar
from operator import attrgetter
from typing import Any

import nn.scalar  # noqa: F401
from benchmarks.contest import Contest, in_rounds
from benchmarks.workloads import Workload

recording = ContextVar("recording", default=True).get
tick = itertools.count().__next__
new = object.__new__


class Value:
    __slots__ = ("__weakref__", "data", "dx", "dy", "grad", "name", "row", "serial", "x", "y")
    data: float
    dx: Any
    dy: Any
    grad: Any
    name: str | None
    row: str | None
    serial: int
    x: Any
    y: Any

    def __init__(self, data: float, name: str | None = None) -> None:
        self.data, self.name, self.serial = data, name, tick()
        self.row = self.x = self.y = self.dx = self.dy = self.grad = None

    def __add__(self, other: Any) -> Value:
        if other.__class__ is Value:
            return node("add", self.data + other.data, self, 1.0, other, 1.0)
        return node("add", self.data + other, self, 1.0, other)

    def __sub__(self, other: Any) -> Value:
        if other.__class__ is Value:
            return node("sub", self.data - other.data, self, 1.0, other, -1.0)
        return node("sub", self.data - other, self, 1.0, other)

    def __mul__(self, other: Any) -> Value:
        if other.__class__ is Value:
            return node("mul", self.data * other.data, self, other.data, other, self.data)
        return node("mul", self.data * other, self, other, other)

    def __truediv__(self, other: Any) -> Value:
        if other.__class__ is Value:
            y = other.data
            out = self.data / y
            return node("div", out, self, 1.0 / y, other, -out / y)
        return node("div", self.data / other, self, 1.0 / other, other)

    def __pow__(self, y: float) -> Value:
        return node("pow", self.data**y, self, y * self.data ** (y - 1.0), y)

    def relu(self) -> Value:
        on = self.data > 0.0
        return node("relu", self.data if on else 0.0, self, 1.0 if on else 0.0)

    def backward(self, seed: float = 1.0) -> None:
        sums = {self: seed}
        stack = [self]
        order: list[Value] = []
        pop, push, put = stack.pop, stack.append, order.append
        while stack:
            node = pop()
            if node.row is not None:
                put(node)
                x = node.x
                if x not in sums:
                    sums[x] = 0.0
                    push(x)
                if node.dy is not None:
                    x = node.y
                    if x not in sums:
                        sums[x] = 0.0
                        push(x)
        order.sort(key=attrgetter("serial"), reverse=True)
        for node in order:
            g = sums[node]
            sums[node.x] += g * node.dx
            d = node.dy
            if d is not None:
                sums[node.y] += g * d
        for node, g in sums.items():
            node.grad = g if node.row is not None or node.grad is None else node.grad + g


def node(
    row: str, data: float, x: Value, dx: float, y: Any = None, dy: float | None = None
) -> Value:
    """What an operation gives, recorded unless recording is off."""
    made = new(Value)
    made.data = data
    made.serial = tick()
    made.name = made.grad = None
    if recording():
        made.row = row
        made.x = x
        made.dx = dx
        made.y = y
        made.dy = dy
    else:
        made.row = made.x = made.dx = made.y = made.dy = None
    return made


def eager(w: Workload) -> Contest:
    """Forward, backward and drop."""
    return in_rounds(w, Value)
