"""HIPS autograd, in an interpreter of its own: it has our import name."""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
import numpy as np

import autograd
from benchmarks.contest import Contest, training
from benchmarks.contestants.formulas import Names, loss_of, moved
from benchmarks.contestants.wrapped import given
from benchmarks.workloads import Workload, expression, one_hot


def log_softmax(z: Any) -> Any:
    """z − ln Σ exp z, with the largest taken off first."""
    shifted = z - anp.max(z, axis=1, keepdims=True)
    return shifted - anp.log(anp.sum(anp.exp(shifted), axis=1, keepdims=True))


NAMES = Names(anp.tanh, lambda z: anp.maximum(z, 0.0), anp.sqrt, log_softmax)


def eager(w: Workload) -> Contest:
    """`value_and_grad` of the loss, and the optimiser in NumPy."""
    if not w.sizes:
        return scalars(w)
    layers = w.layers()
    x, t = w.data()
    if w.loss == "cross_entropy":
        t = one_hot(w, t)
    running = [(np.zeros(n, w.dtype), np.ones(n, w.dtype)) for n in w.sizes[1:-1]]
    states = [[(np.zeros_like(p), np.zeros_like(p)) for p in layer] for layer in layers]
    taken = 0

    def function(layers: Any) -> Any:
        nonlocal running
        loss, later = loss_of(w, NAMES, layers, running, x, t)
        running = [tuple(getattr(s, "_value", s) for s in pair) for pair in later]
        return loss

    both = autograd.value_and_grad(function)

    def step() -> Any:
        nonlocal taken
        taken += 1
        loss, gradients = both(layers)
        for layer, gs, held in zip(layers, gradients, states, strict=True):
            for k, (p, g) in enumerate(zip(layer, gs, strict=True)):
                layer[k], held[k] = moved(w, p, g, held[k], taken, np.sqrt)
        return loss

    return training(w, step, float, lambda: [p for layer in layers for p in layer])


def relu(x: Any) -> Any:
    """max(0, x)."""
    return anp.maximum(x, 0.0)


def scalars(w: Workload) -> Contest:
    """The expression."""

    def function(leaves: Any) -> Any:
        a, b = leaves
        return expression(given((a, b, 0.0), relu), w.nodes)[0].x

    both = autograd.value_and_grad(function)

    def step() -> Any:
        return both((1.1, 0.7))

    def check() -> list[float]:
        total, gradients = step()
        return [float(total), *map(float, gradients)]

    return Contest(step, check)
