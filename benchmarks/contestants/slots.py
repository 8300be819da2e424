"""The least class in Python that means what a Value means: how far its other code is from that.

It has data and gradient, arguments and local derivatives, a row's name, a serial number and a name of
its own; it asks whether to record, is sorted and freed without recursion, and can be referred to weakly.
It has no place in the source, no scope, no infinities, no errors, and no operands but itself and floats.
"""

from __future__ import annotations

import itertools
import math
from contextvars import ContextVar
from operator import attrgetter
from typing import Any

from benchmarks.contest import Contest, in_rounds
from benchmarks.workloads import Workload

recording = ContextVar("recording", default=True).get
tick = itertools.count().__next__


class Value:
    __slots__ = ("__weakref__", "data", "dx", "dy", "grad", "name", "row", "serial", "x", "y")
    data: Any
    dx: Any
    dy: Any
    grad: Any
    row: Any
    x: Any
    y: Any

    def __init__(self, data: float, name: str | None = None) -> None:
        self.data, self.name, self.serial = data, name, tick()
        self.row = self.x = self.y = self.dx = self.dy = self.grad = None

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


# --- the operators --------------------------------------------------------------------------------

NODE = """
        node = new(Value)
        node.data = out
        node.serial = tick()
        node.name = node.grad = None
        if recording():
            node.row = row
            node.x = self
            node.dx = {dx}
            node.y = {y}
            node.dy = {dy}
        else:
            node.row = node.x = node.dx = node.y = node.dy = None
        return node
"""
UNARY = """
def method(self):
    if True:
        x = self.data
        out = {out}""" + NODE.replace("{y}", "None")  # fmt: skip
BINARY = """
def method(self, other):
    x = self.data
    if other.__class__ is Value:
        y = other.data
        out = {out}""" + NODE.replace("{y}", "other") + """
    else:
        y = other
        out = {out}""" + NODE.replace("{y}", "y").replace("{dy}", "None")  # fmt: skip

for method, text, out, dx, dy in (
    ("__add__", BINARY, "x + y", "1.0", "1.0"),
    ("__sub__", BINARY, "x - y", "1.0", "-1.0"),
    ("__mul__", BINARY, "x * y", "y", "x"),
    ("__truediv__", BINARY, "x / y", "1.0 / y", "-out / y"),
    ("__pow__", BINARY, "x ** y", "y * x ** (y - 1.0)", "out * log(x)"),
    ("relu", UNARY, "x if x > 0.0 else 0.0", "1.0 if x > 0.0 else 0.0", "None"),
):
    scope: dict[str, Any] = {"new": object.__new__, "tick": tick, "recording": recording}
    scope |= {"Value": Value, "row": method, "log": math.log}
    exec(text.format(out=out, dx=dx, dy=dy), scope)
    setattr(Value, method, scope["method"])


def eager(w: Workload) -> Contest:
    """Forward, backward and drop."""
    return in_rounds(w, Value)
