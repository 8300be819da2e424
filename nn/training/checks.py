"""What may be given to `fit`: its arguments, checked and brought to one form."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nn.data.batching import Batches, batches, paired
from nn.randomness import Seed

__all__ = ["named_metrics", "number", "pair", "training_data", "whole"]

Metric = Callable[[Any, Any], Any]


def whole(n: Any, what: str) -> None:
    """Raise unless n is a whole number of 1 or more."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer):
        raise TypeError(
            f"{what} is a whole number of 1 or more, got {type(n).__name__} ({n!r:.60})"
        )
    if n < 1:
        raise ValueError(f"{what} is a whole number of 1 or more, got {n}")


def number(x: Any, what: str) -> None:
    """Raise unless x is None or a finite number of 0 or more."""
    if x is None:
        return
    if isinstance(x, bool) or not isinstance(x, int | float | np.integer | np.floating):
        raise TypeError(f"{what} is a number of 0 or more, got {type(x).__name__} ({x!r:.60})")
    if not 0 <= x < math.inf:
        raise ValueError(f"{what} is a number of 0 or more, got {x}")


def pair(x: Any, what: str) -> tuple[Any, Any]:
    """An (inputs, targets) pair."""
    if not isinstance(x, tuple | list) or len(x) != 2:
        raise TypeError(f"{what} is a pair (x, y), got {type(x).__name__} ({x!r:.60})")
    return x[0], x[1]


def named_metrics(metrics: Any) -> dict[str, Metric]:
    """Metrics by name."""
    if metrics is None:
        return {}
    if isinstance(metrics, Mapping):
        named = dict(metrics)
    else:
        several = [metrics] if callable(metrics) else list(metrics)
        named = {getattr(f, "__name__", type(f).__name__): f for f in several}
    for name, f in named.items():
        if not callable(f):
            raise TypeError(f"metrics are functions (prediction, target), got {f!r:.60}")
        if name in (
            "loss",
            "lr",
            "layers",
            "steps",
            "gradient norm",
            "update ratio",
            "update ratios",
        ):
            raise ValueError(f"a metric cannot have the name {name!r}: the history uses it")
    return named


def training_data(data: Any, batch_size: Any, rng: Seed) -> tuple[Any, Any]:
    """(what to iterate over in each epoch, all of it in parts that are measured one by one)."""
    if isinstance(data, tuple):
        x, y = paired(*pair(data, "data"), "fit")
        size = len(x) if batch_size is None else batch_size
        # A full batch is the same in any order, so none is drawn: its sums stay the same too.
        full = isinstance(size, int | np.integer) and size >= len(x)
        return batches(x, y, batch_size=size, rng=rng, shuffle=not full), [(x, y)]
    if batch_size is not None or rng is not None:
        raise TypeError("batch_size and rng belong to data of the form (x, y), a tuple of arrays")
    if isinstance(data, Batches):
        if not len(data):
            raise ValueError(
                "fit: the data gives no batch: there are fewer instances than one holds"
            )
        return data, [(data.x, data.y)]
    if not hasattr(data, "__iter__"):
        raise TypeError(
            "data is a tuple (x, y), nn.data.batches(...), or anything that gives batches, "
            f"got {type(data).__name__}"
        )
    if iter(data) is data:
        raise TypeError(
            f"data is a {type(data).__name__}, which can be read only once, but every epoch reads it: "
            "give a list of batches, or an object with __iter__"
        )
    return data, data
