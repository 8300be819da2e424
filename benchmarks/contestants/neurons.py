"""micrograd's demo for any kind of scalar: a network of neurons, written with Python's operators."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from benchmarks.contest import Contest, in_layers, in_neurons, training
from benchmarks.workloads import Workload


def score(w: Workload, numbers: Sequence[Any], x: Sequence[Any], rectify: Any) -> Any:
    """The network's output for one instance, as micrograd's `Neuron` computes it."""
    at, h = 0, list(x)
    for i, n_out in enumerate(w.sizes[1:]):
        out = []
        for _ in range(n_out):
            weights, bias = numbers[at : at + len(h)], numbers[at + len(h)]
            act = bias
            for weight, each in zip(weights, h, strict=True):
                act = act + weight * each
            out.append(rectify(act) if i < w.last else act)
            at += len(h) + 1
        h = out
    return h[0]


def penalty(w: Workload, numbers: Sequence[Any]) -> Any:
    """λ Σ w² over the weights."""
    at, weights = 0, []
    for n_in, n_out in itertools.pairwise(w.sizes):
        for _ in range(n_out):
            weights += numbers[at : at + n_in]
            at += n_in + 1
    first, *others = weights
    return sum((p * p for p in others), first * first) * w.lam


def loss_of_neurons(w: Workload, numbers: Sequence[Any], x: Any, t: Any) -> Any:
    """The mean hinge loss of all instances, with the penalty."""
    scores = [score(w, numbers, row, relu) for row in x]
    hinges = [relu(1 - y * s) for s, (y,) in zip(scores, t, strict=True)]
    return sum(hinges) * (1.0 / len(hinges)) + penalty(w, numbers)


def relu(x: Any) -> Any:
    """relu of a scalar that has it as a method."""
    return x.relu()


def demo(w: Workload, MLP: Any, Value: Any) -> Contest:
    """The training step of micrograd's demo, with the classes of whoever has them."""
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
