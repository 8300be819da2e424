"""tinygrad: a whole training step in one `TinyJit`."""

from __future__ import annotations

import itertools
from typing import Any

from tinygrad import Tensor, TinyJit, dtypes, nn as layers_of
from tinygrad.helpers import DEFAULT_FLOAT
from tinygrad.nn.optim import SGD, Adam

from benchmarks.contest import Contest, training
from benchmarks.workloads import ADAM_EPS, EPS, MOMENTUM, Workload, one_hot

ROUGH = {"tolerance": 1e-3, "note": "its Adam keeps the powers of β₁ and β₂ in float32"}


def jitted(w: Workload) -> Contest:
    """Loss, gradients, optimiser and running statistics in one."""
    dtype = getattr(dtypes, w.dtype)
    DEFAULT_FLOAT.value = w.dtype
    layers = [[Tensor(p, dtype=dtype) for p in layer] for layer in w.layers()]
    norms: list[Any] = []
    for layer, (_, width) in zip(layers, itertools.pairwise(w.sizes), strict=True):
        norms.append(
            layers_of.BatchNorm(width, EPS, momentum=MOMENTUM) if len(layer) == 4 else None
        )
        if norms[-1] is not None:
            norms[-1].weight, norms[-1].bias = layer[2], layer[3]
    parameters = [p for layer in layers for p in layer]
    for p in parameters:
        p.requires_grad = True
    if w.optimiser == "SGD":
        optimiser = SGD(parameters, lr=w.lr)
    else:
        optimiser = Adam(parameters, lr=w.lr, eps=ADAM_EPS)
    xb, tb = w.data()
    if w.loss == "cross_entropy":
        tb = one_hot(w, tb)
    x = Tensor(xb, dtype=dtype).realize()
    t = Tensor(tb, dtype=dtype).realize()

    def loss_of() -> Any:
        h = x
        for i, layer in enumerate(layers):
            h = h.linear(layer[0].T, layer[1])
            if norms[i] is not None:
                h = norms[i](h)
            if w.active(i):
                h = h.relu() if w.activation == "relu" else h.tanh()
        if w.loss == "cross_entropy":
            return -(t * h.log_softmax()).sum() / w.batch
        if w.loss == "mse":
            return ((h - t) ** 2).mean()
        loss = (1 - t * h).relu().mean()
        return loss + w.lam * sum((layer[0] ** 2).sum() for layer in layers)

    statistics = [s for norm in norms if norm for s in (norm.running_mean, norm.running_var)]

    @TinyJit
    def update() -> Any:
        optimiser.zero_grad()
        loss = loss_of().backward()
        return loss.realize(*optimiser.schedule_step(), *statistics)

    loss = None

    def step() -> Any:
        nonlocal loss
        loss = update()
        return loss

    return training(
        w,
        step,
        lambda loss: loss.item(),
        lambda: [p.numpy() for p in parameters],
        finish=lambda: loss is None or loss.item(),
        **({} if w.optimiser == "SGD" else ROUGH),
    )
