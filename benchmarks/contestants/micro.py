"""micrograd, with the recursion limit raised, without which its backward pass fails on large graphs."""

from __future__ import annotations

import sys

from micrograd.engine import Value
from micrograd.nn import MLP

from benchmarks.contest import Contest, in_rounds
from benchmarks.contestants import neurons
from benchmarks.workloads import Workload

sys.setrecursionlimit(100_000)


def grad(w: Workload) -> Contest:
    """The expression, or the demo's training step with micrograd's own classes."""
    if not w.sizes:
        return in_rounds(w, Value)
    return neurons.demo(w, MLP, Value)


def grad_without_collector(w: Workload) -> Contest:
    """The same while Python's cyclic collector is off; the worker collects between rounds."""
    contest = grad(w)
    contest.collector = False
    return contest
