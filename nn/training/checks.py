"""What may be given to `fit`: its arguments, checked and brought to one form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from autograd import Node
from nn import optim
from nn.arguments import number
from nn.data.batching import Batches, batches, paired, split
from nn.randomness import Seed

Array = np.ndarray[Any, Any]
Metric = Callable[[Any, Any], Any]


def pair(x: Any, what: str) -> tuple[Any, Any]:
    """An (inputs, targets) pair."""
    if not isinstance(x, tuple | list) or len(x) != 2:
        raise TypeError(f"{what} is a pair (x, y), got {type(x).__name__} ({x!r:.60})")
    return x[0], x[1]


def pairs(data: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """The (inputs, targets) pairs that data gives, each one checked to be a pair."""
    for each in data:
        if not isinstance(each, tuple | list) or len(each) != 2:
            raise TypeError(
                "data gives batches (x, y), or is itself a tuple (x, y) of all inputs and targets, "
                f"but a batch is {type(each).__name__} ({each!r:.60})"
            )
        yield each[0], each[1]


def held_out(validation: Any) -> tuple[Any, Any] | None:
    """The pair that is measured after each epoch, from a pair or from `Batches`."""
    if validation is None:
        return None
    if isinstance(validation, Batches):
        return validation.x, validation.y
    return paired(*pair(validation, "validation"), "validation")


def put_aside(data: Any, fraction: float, rng: Any) -> tuple[Any, tuple[Array, Array], Array]:
    """(data that is left, the pair that is measured, its rows): a random part of the instances."""
    what = "validation, as a part of the data,"
    fraction = number(fraction, what, high=1, below=True, above=True)
    batched = isinstance(data, Batches)
    if not batched and not (isinstance(data, tuple) and len(data) == 2) and not is_both(data):
        raise TypeError(
            f"validation={fraction} puts a part of (x, y) aside, and data is a {type(data).__name__}: "
            "give validation=(x, y)"
        )
    x, y = (data.x, data.y) if batched else paired(data[0], data[1], "fit")
    rows = np.arange(len(x))
    (kept, _), (held, _) = split(rows, rows, float(fraction), rng)
    left: Any = (x[kept], y[kept])
    return data.on(*left) if batched else left, (x[held], y[held]), held


def optimizers() -> dict[str, Any]:
    """The optimisers of `nn.optim`, by name in lower case."""
    base = optim.Optimizer
    return {
        name.lower(): each
        for name, each in sorted(vars(optim).items())
        if isinstance(each, type) and issubclass(each, base) and each is not base
    }


def made_optimizer(optimizer: Any, model: Any) -> Any:
    """An optimiser, from one, from what makes one of parameters, or from its name."""
    if isinstance(optimizer, str):
        known = optimizers()
        if optimizer.lower() not in known:
            raise ValueError(f"optimizer: no optimiser {optimizer!r}; there are {', '.join(known)}")
        optimizer = known[optimizer.lower()]
    if not isinstance(optimizer, type) and hasattr(optimizer, "step"):
        return optimizer
    if not callable(optimizer) or not callable(getattr(model, "parameters", None)):
        raise TypeError(
            "optimizer is an optimiser, its name, or a function that makes one from "
            f"model.parameters(), got {type(optimizer).__name__} ({optimizer!r:.60})"
        )
    return optimizer(model.parameters())


def named_metrics(metrics: Any) -> dict[str, Metric]:
    """Metrics by name."""
    if metrics is None:
        return {}
    if isinstance(metrics, Mapping):
        named = dict(metrics)
    else:
        several = [metrics] if callable(metrics) or isinstance(metrics, str) else list(metrics)
        named = {getattr(f, "__name__", type(f).__name__): f for f in several}
    for name, f in named.items():
        if not callable(f):
            raise TypeError(
                f"metrics are functions (prediction, target), as nn.metrics.accuracy, got {f!r:.60}"
            )
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


def is_both(data: Any) -> bool:
    """Whether a list is [x, y], and not a list of two batches."""
    return isinstance(data, list) and len(data) == 2 and isinstance(data[0], np.ndarray | Node)


def training_data(data: Any, batch_size: Any, rng: Seed) -> tuple[Any, Any]:
    """(what to iterate over in each epoch, all of it in parts that are measured one by one)."""
    if isinstance(data, tuple) or is_both(data):
        x, y = paired(*pair(tuple(data), "data"), "fit")
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
