"""A lecture page: toy data, a network, and the playground of both: ``python -m nn playground``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import nn
from nn.live.playground import Playground

Array = np.ndarray[Any, Any]

SEED = 0
"""Of the points, which stay the same whatever the networks are."""


def sine(n: int, noise: float = 0.1, rng: Any = None) -> tuple[Array, Array]:
    """A curve: sin 2x at n places in (−2, 2), with noise."""
    rng = np.random.default_rng(rng)
    x = rng.uniform(-2, 2, (n, 1))
    return x, np.sin(2 * x) + rng.normal(0.0, noise, x.shape)


DATA: dict[str, Callable[..., tuple[Array, Array]]] = {
    "moons": nn.data.two_moons,
    "circles": nn.data.circles,
    "spirals": nn.data.spirals,
    "blobs": nn.data.blobs,
    "xor": nn.data.xor,
    "sine": sine,
}
"""What ``--data`` names: points in the plane with classes, and one curve."""


def lecture_page(
    data: str, hidden: Sequence[int], *, points: int, noise: float | None, **options: Any
) -> Playground:
    """The playground of toy data and a perceptron of many layers, one for each seed.

    Args:
        data: a name in `DATA`.
        hidden: widths of the hidden layers.
        points: how many there are.
        noise: of the points; that of their kind when left out.
        options: `activation`, `init` and `norm` go to `MLP`, the others to `playground`.

    >>> lecture_page("xor", [4], points=60, noise=None, activation="tanh")
    <Playground of MLP, 22 parameters, 60 points to train on: .save("page.html"), .html>
    """
    of_noise = {} if noise is None else {"noise": noise}
    x, y = DATA[data](points, rng=SEED, **of_noise)
    curve = data == "sine"
    outputs = 1 if curve else int(y.max()) + 1
    widths = [*hidden, outputs]
    parts = {name: options.pop(name) for name in ("activation", "init", "norm") if name in options}

    def network(seed: int) -> nn.MLP:
        return nn.MLP(x.shape[1], widths, rng=seed, **parts)

    shape = "-".join(map(str, [x.shape[1], *widths]))
    options.setdefault("title", f"{data.capitalize()}, a network of {shape} units")
    return nn.playground(network, nn.mse if curve else nn.cross_entropy, (x, y), **options)
