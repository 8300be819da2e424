"""The networks as functions of lists of arrays, for the peers that differentiate functions."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from benchmarks.workloads import ADAM_EPS, BETA1, BETA2, EPS, MOMENTUM, Workload


@dataclasses.dataclass(frozen=True)
class Names:
    """What a peer calls the functions that the formulas need."""

    tanh: Any
    relu: Any
    sqrt: Any
    log_softmax: Any


def loss_of(
    w: Workload, names: Names, layers: Sequence[Sequence[Any]], running: Any, x: Any, t: Any
) -> tuple[Any, Any]:
    """The loss of one batch (targets one-hot), and the running statistics of the norms after it."""
    h, later = x, []
    for i, layer in enumerate(layers):
        h = h @ layer[0].T + layer[1]
        if len(layer) == 4:
            mean = h.mean(axis=0)
            centred = h - mean
            var = (centred * centred).mean(axis=0)
            h = centred / names.sqrt(var + EPS) * layer[2] + layer[3]
            old_mean, old_var = running[i]
            unbiased = var * (w.batch / (w.batch - 1))
            later.append(
                (
                    (1 - MOMENTUM) * old_mean + MOMENTUM * mean,
                    (1 - MOMENTUM) * old_var + MOMENTUM * unbiased,
                )
            )
        if w.active(i):
            h = names.relu(h) if w.activation == "relu" else names.tanh(h)
    if w.loss == "hinge":
        loss = names.relu(1 - t * h).mean()
        return loss + w.lam * sum((layer[0] ** 2).sum() for layer in layers), later
    if w.loss == "cross_entropy":
        return -(t * names.log_softmax(h)).sum() / w.batch, later
    d = h - t
    return (d * d).mean(), later


def moved(w: Workload, p: Any, g: Any, state: Any, taken: Any, sqrt: Any) -> tuple[Any, Any]:
    """A parameter after a step of the optimiser, and its state."""
    if w.optimiser == "SGD":
        return p - w.lr * g, state
    m, v = state
    m = BETA1 * m + (1 - BETA1) * g
    v = BETA2 * v + (1 - BETA2) * g * g
    down = sqrt(v / (1 - BETA2**taken)) + ADAM_EPS
    return p - w.lr / (1 - BETA1**taken) * m / down, (m, v)
