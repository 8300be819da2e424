"""Classes of points in the plane that show what a network can and cannot separate.

Each function returns (x, y): float64 points of shape (n, 2), and class indices from 0 of shape (n,),
in a random order. ``noise`` is the standard deviation of what is added to each coordinate. With the
same ``rng`` seed the points are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nn.arguments import number, whole
from nn.randomness import Seed, generator

Array = np.ndarray[Any, Any]


def scattered(
    n: int,
    classes: int,
    noise: float,
    rng: Seed,
    curve: Callable[[int, Array, np.random.Generator], Array],
) -> tuple[Array, Array]:
    """n points on curves, one curve per class, of t from U(0, 1), with noise, in a random order."""
    n, noise = whole(n, "n", classes), number(noise, "noise")
    rng = generator(rng)
    y = rng.permutation(np.arange(n) % classes)
    x = np.empty((n, 2))
    for label in range(classes):
        chosen = y == label
        x[chosen] = curve(label, rng.random(int(chosen.sum())), rng)
    return x + rng.normal(0.0, noise, x.shape), y


def two_moons(n: int = 200, noise: float = 0.1, rng: Seed = None) -> tuple[Array, Array]:
    """Two half circles of radius 1 that reach into each other.

    Class 0 is (cos πt, sin πt), class 1 is (1 − cos πt, ½ − sin πt), with t from U(0, 1).

    >>> x, y = two_moons(100, rng=0)
    >>> x.shape, np.bincount(y).tolist()
    ((100, 2), [50, 50])
    """

    def curve(label: int, t: Array, rng: np.random.Generator) -> Array:
        upper = np.stack([np.cos(np.pi * t), np.sin(np.pi * t)], axis=1)
        return upper if label == 0 else np.array([1.0, 0.5]) - upper

    return scattered(n, 2, noise, rng, curve)


def circles(
    n: int = 200, noise: float = 0.05, rng: Seed = None, *, factor: float = 0.5
) -> tuple[Array, Array]:
    """A circle of radius 1 (class 0) around one of radius `factor` (class 1).

    >>> x, y = circles(100, noise=0, rng=0)
    >>> bool(np.allclose((x**2).sum(axis=1), np.where(y == 0, 1, 0.25)))
    True
    """
    factor = number(factor, "factor")

    def curve(label: int, t: Array, rng: np.random.Generator) -> Array:
        radius = factor if label else 1.0
        points: Array = np.stack([np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)], axis=1)
        return radius * points

    return scattered(n, 2, noise, rng, curve)


def spirals(
    n: int = 300,
    noise: float = 0.02,
    rng: Seed = None,
    *,
    classes: int = 3,
    turns: float = 0.75,
) -> tuple[Array, Array]:
    """Arms that wind around the origin: radius t, angle 2π(turns · t + class / classes).

    >>> x, y = spirals(99, rng=0)
    >>> np.bincount(y).tolist()
    [33, 33, 33]
    """
    classes, turns = whole(classes, "classes"), number(turns, "turns")

    def curve(label: int, t: Array, rng: np.random.Generator) -> Array:
        angle = 2 * np.pi * (turns * t + label / classes)
        points: Array = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return t[:, None] * points

    return scattered(n, classes, noise, rng, curve)


def blobs(
    n: int = 200, noise: float = 0.5, rng: Seed = None, *, centres: Any = 3
) -> tuple[Array, Array]:
    """Normal clouds of standard deviation `noise`, one per class, around their centres.

    Args:
        centres: how many, then evenly placed on the circle of radius 2; or an array (classes, 2).

    >>> x, y = blobs(4, noise=0, rng=0, centres=[[0.0, 1.0], [2.0, 3.0]])
    >>> (x == np.array([[0.0, 1.0], [2.0, 3.0]])[y]).all()
    np.True_
    """
    if np.ndim(centres) == 0:
        angles = 2 * np.pi * np.arange(whole(centres, "centres")) / centres
        centres = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    try:
        middles = np.asarray(centres, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(
            f"centres is a number or an array (classes, 2), got {centres!r:.60}"
        ) from None
    if middles.ndim != 2 or middles.shape[1] != 2 or not len(middles):
        raise ValueError(f"centres is a number or has shape (classes, 2), got {middles.shape}")

    def curve(label: int, t: Array, rng: np.random.Generator) -> Array:
        return np.tile(middles[label], (len(t), 1))

    return scattered(n, len(middles), noise, rng, curve)


def xor(n: int = 200, noise: float = 0.2, rng: Seed = None) -> tuple[Array, Array]:
    """Clouds around (±1, ±1): class 1 where the signs differ. No line separates the classes.

    >>> x, y = xor(100, noise=0, rng=0)
    >>> bool((y == (x[:, 0] * x[:, 1] < 0)).all())
    True

    Source: Minsky and Papert, "Perceptrons", 1969.
    """

    def curve(label: int, t: Array, rng: np.random.Generator) -> Array:
        first = np.where(rng.permutation(len(t)) % 2 == 0, 1.0, -1.0)
        return np.stack([first, -first if label else first], axis=1)

    return scattered(n, 2, noise, rng, curve)
