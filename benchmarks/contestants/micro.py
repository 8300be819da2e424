"""micrograd, with the recursion limit raised, without which its backward pass fails on large graphs."""

from __future__ import annotations

import sys
from typing import Any

from micrograd.engine import Value
from micrograd.nn import MLP

from benchmarks.contest import Contest, in_layers, in_neurons, training
from benchmarks.workloads import Workload, expression

sys.setrecursionlimit(100_000)


def grad(w: Workload) -> Contest:
    """The expression, or the demo's training step with micrograd's own classes."""
    if not w.sizes:

        def step() -> None:
            total, _, _ = expression(Value, w.nodes)
            total.backward()

        def check() -> list[float]:
            total, a, b = expression(Value, w.nodes)
            total.backward()
            return [total.data, a.grad, b.grad]

        return Contest(step, check)

    model = MLP(w.sizes[0], list(w.sizes[1:]))
    for p, number in zip(model.parameters(), in_neurons(w.layers()), strict=True):
        p.data = number
    weights = [p for layer in model.layers for n in layer.neurons for p in n.w]
    inputs, targets = (array.tolist() for array in w.data())

    def training_step() -> Any:
        scores = [model(list(map(Value, x))) for x in inputs]
        hinges = [(1 + -y * s).relu() for s, (y,) in zip(scores, targets, strict=True)]
        loss = sum(hinges) * (1.0 / len(hinges)) + w.lam * sum(p * p for p in weights)
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= w.lr * p.grad
        return loss

    return training(
        w,
        training_step,
        lambda loss: loss.data,
        lambda: in_layers(w, [p.data for p in model.parameters()]),
    )


def grad_without_collector(w: Workload) -> Contest:
    """The same while Python's cyclic collector is off; the worker collects between rounds."""
    contest = grad(w)
    contest.collector = False
    return contest
