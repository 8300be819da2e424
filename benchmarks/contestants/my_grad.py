"""MyGrad: its own layers, losses and tensors."""

from __future__ import annotations

from typing import Any

import mygrad
import numpy as np
from mygrad.nnet.activations import relu
from mygrad.nnet.layers import batchnorm
from mygrad.nnet.losses import softmax_crossentropy

from benchmarks.contest import Contest, training
from benchmarks.contestants.formulas import moved
from benchmarks.contestants.wrapped import Number
from benchmarks.workloads import EPS, MOMENTUM, Workload, expression


def eager(w: Workload) -> Contest:
    """A graph recorded for each step, and the optimiser in NumPy."""
    if not w.sizes:
        return scalars(w)
    layers = [[mygrad.tensor(p) for p in layer] for layer in w.layers()]
    parameters = [p for layer in layers for p in layer]
    x, t = w.data()
    n = w.batch
    running = [[np.zeros(k, w.dtype), np.ones(k, w.dtype)] for k in w.sizes[1:]]
    states: list[Any] = [(np.zeros_like(p.data), np.zeros_like(p.data)) for p in parameters]
    taken = 0

    def loss_of() -> Any:
        h = x
        for i, layer in enumerate(layers):
            h = mygrad.matmul(h, layer[0].T) + layer[1]
            if len(layer) == 4:
                mean, var = h.data.mean(axis=0), h.data.var(axis=0)
                old = running[i]
                old[0] = (1 - MOMENTUM) * old[0] + MOMENTUM * mean
                old[1] = (1 - MOMENTUM) * old[1] + MOMENTUM * var * n / (n - 1)
                h = batchnorm(h, gamma=layer[2], beta=layer[3], eps=EPS)
            if w.active(i):
                h = relu(h) if w.activation == "relu" else mygrad.tanh(h)
        if w.loss == "cross_entropy":
            return softmax_crossentropy(h, t)
        if w.loss == "mse":
            return mygrad.mean((h - t) ** 2)
        loss = mygrad.mean(relu(1 - t * h))
        return loss + w.lam * sum(mygrad.sum(layer[0] ** 2) for layer in layers)

    def step() -> Any:
        nonlocal taken
        taken += 1
        loss = loss_of()
        loss.backward()
        for k, p in enumerate(parameters):
            p.data[...], states[k] = moved(w, p.data, p.grad, states[k], taken, np.sqrt)
        return loss

    return training(w, step, lambda loss: loss.item(), lambda: [p.data for p in parameters])


def scalars(w: Workload) -> Contest:
    """The expression on 0-d tensors."""

    def forward() -> Any:
        return expression(lambda x: Number(mygrad.tensor(x), relu), w.nodes)

    def step() -> None:
        forward()[0].x.backward()

    def check() -> list[float]:
        total, a, b = forward()
        total.x.backward()
        return [total.x.item(), float(a.x.grad), float(b.x.grad)]

    return Contest(step, check)
