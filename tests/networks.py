"""Networks of every family and every loss, for tests of what can be written in other languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

import nn
from autograd import Tensor, Value
from nn.layers.activations import BY_NAME

NO_SOURCE = {"random_like": "draws random numbers", "track_moments": "moves averages"}
"""Rows that a source leaves out, and why."""

RNG = np.random.default_rng(0)
X, CLASSES = RNG.normal(size=(6, 4)), RNG.integers(3, size=6)
NUMBERS = RNG.normal(size=(6, 3))
ONE_HOT = np.eye(3)[CLASSES]


def around(layer: Callable[[], Any], width: int = 4) -> Callable[[], Any]:
    return lambda: nn.Sequential(nn.Linear(4, 4, rng=0), layer(), nn.Linear(width, 3, rng=1))


NETWORKS: dict[str, Callable[[], Any]] = {
    **{
        f"activation {name}": around(lambda make=make: make().eval())  # type: ignore[misc]
        for name, make in sorted(BY_NAME.items())
    },
    "LayerNorm": around(lambda: nn.LayerNorm(4)),
    "RMSNorm": around(lambda: nn.RMSNorm(4)),
    "BatchNorm in evaluation": around(lambda: nn.BatchNorm1d(4).eval()),
    "BatchNorm in training": around(lambda: nn.BatchNorm1d(4)),
    "Dropout in evaluation": around(lambda: nn.Dropout(0.5, rng=0).eval()),
    "GLU": around(lambda: nn.GLU(4, 2, rng=3), 2),
    "SwiGLU": around(lambda: nn.SwiGLU(4, 2, rng=3), 2),
    "PairProduct": around(nn.PairProduct, 2),
}
LOSSES: dict[str, Callable[[Any], Any]] = {
    "cross-entropy of classes": lambda z: nn.cross_entropy(z, CLASSES),
    "smoothed, weighted": lambda z: nn.cross_entropy(
        z, CLASSES, weight=np.array([1.0, 2.0, 0.5]), label_smoothing=0.1
    ),
    "cross-entropy of distributions": lambda z: nn.cross_entropy(z, ONE_HOT),
    "KL": lambda z: nn.kl_divergence(nn.softmax(z), ONE_HOT),
    "binary": lambda z: nn.binary_cross_entropy_with_logits(z, ONE_HOT),
    "mse": lambda z: nn.mse(z, NUMBERS),
    "hinge": lambda z: nn.multiclass_hinge(z, CLASSES),
    "huber": lambda z: nn.huber(z, NUMBERS),
}


def cases() -> dict[str, tuple[Any, Any]]:
    """A loss and its leaves, for each family of networks and of losses."""
    found = {}
    for name, make in NETWORKS.items():
        model = make()
        x = Tensor(X, "x")
        found[name] = nn.mse(model(x), NUMBERS) + nn.regularisers.l2(model, 0.01), x
    for name, loss in LOSSES.items():
        model = nn.MLP(4, [5, 3], rng=0)
        x = Tensor(X, "x")
        found[name] = loss(model(x)), x
    twin = nn.MLP(4, [3, 1], activation="tanh", rng=0).to_scalars()
    numbers = [Value(x, f"x{i}") for i, x in enumerate(X[0])]
    found["a network of Values"] = (twin(numbers)[0] - 1) ** 2, numbers
    return found


def argument(name: str) -> str:
    """A leaf's name as an argument."""
    return re.sub(r"\W+", "_", name).strip("_")
