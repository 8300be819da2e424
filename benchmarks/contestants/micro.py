"""micrograd, with the recursion limit raised, without which its backward pass fails on large graphs."""

from __future__ import annotations

import math
import sys
from typing import Any

from micrograd.engine import Value
from micrograd.nn import MLP

from benchmarks.contest import Contest, in_rounds
from benchmarks.contestants import neurons, texts
from benchmarks.workloads import Workload

sys.setrecursionlimit(100_000)


def grad(w: Workload) -> Contest:
    """The expression, or the demo's training step with micrograd's own classes."""
    if w.texts:
        Value.exp, Value.log = exp, log
        return texts.one_by_one(w, Value)
    if not w.sizes:
        return in_rounds(w, Value)
    return neurons.demo(w, MLP, Value)


def exp(self: Any) -> Any:
    """What micrograd lacks for a softmax, in its manner."""
    out = Value(math.exp(self.data), (self,), "exp")

    def backward() -> None:
        self.grad += out.data * out.grad

    out._backward = backward
    return out


def log(self: Any) -> Any:
    """And for the loss of it."""
    out = Value(math.log(self.data), (self,), "log")

    def backward() -> None:
        self.grad += out.grad / self.data

    out._backward = backward
    return out


def grad_without_collector(w: Workload) -> Contest:
    """The same while Python's cyclic collector is off; the worker collects between rounds."""
    contest = grad(w)
    contest.collector = False
    return contest
