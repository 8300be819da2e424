"""What a contestant hands to the worker: a step, and the numbers that all contestants must agree on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.workloads import Workload, expression

STEPS = 3
"""A contestant's first steps are compared: losses, and where they have taken the parameters."""

TOLERANCE = 1e-8
"""Relative; the numbers of a check are losses and projections of size 1 or so."""


def nothing() -> None:
    """Nothing is left to wait for."""


@dataclasses.dataclass
class Contest:
    """One contestant at one workload.

    Attributes:
        step: one whole training step; what it returns is kept alive no longer than the next.
        check: the first steps' numbers, or None for a limit, which computes no result.
        finish: wait until everything that `step` started is done.
        collector: whether Python's cyclic collector runs while it is timed.
        note: what a reader should know, for a line under the table.
        holds: what must not be freed while the contest lasts.
        tolerance: how far its first steps may be from the others'; where it is not rounding, the
            note says why.
    """

    step: Callable[[], Any]
    check: Callable[[], list[float]] | None = None
    finish: Callable[[], Any] = nothing
    collector: bool = True
    note: str = ""
    holds: Any = None
    tolerance: float = TOLERANCE


def in_rounds(w: Workload, value: Any, **options: Any) -> Contest:
    """The expression of a kind of scalar: forward, backward and drop.

    Args:
        value: makes a scalar of a float; it has ``data``, ``grad`` and ``backward()``.
    """

    def step() -> None:
        total, _, _ = expression(value, w.nodes)
        total.backward()

    def check() -> list[float]:
        total, a, b = expression(value, w.nodes)
        total.backward()
        return [total.data, a.grad, b.grad]

    return Contest(step, check, **options)


def training(
    workload: Workload,
    step: Callable[[], Any],
    loss: Callable[[Any], Any],
    parameters: Callable[[], Sequence[Any]],
    **options: Any,
) -> Contest:
    """A contest in training.

    Args:
        step: returns something that `loss` makes a float of.
        parameters: the parameters as they are now, as arrays in the order of `Workload.parameters`.
    """

    def check() -> list[float]:
        losses = [float(loss(step())) for _ in range(STEPS)]
        now, start = parameters(), workload.parameters()
        for p, p0 in zip(now, start, strict=True):
            if np.shape(p) != p0.shape:
                raise ValueError(f"a parameter of shape {p0.shape} came back as {np.shape(p)}")
        moved = np.concatenate(
            [np.ravel(p - p0).astype(float) for p, p0 in zip(now, start, strict=True)]
        )
        return [*losses, *projected(moved)]

    return Contest(step, check, **options)


def differentiation(
    step: Callable[[], Any],
    loss: Callable[[Any], Any],
    gradients: Callable[[], Sequence[Any]],
    **options: Any,
) -> Contest:
    """A contest in losses and their gradients.

    Args:
        step: returns something that `loss` makes a float of.
        gradients: those that the last step left, in the same order for all; None is 0.
    """

    def check() -> list[float]:
        found = float(loss(step()))
        return [found, *projected(np.array([0.0 if g is None else g for g in gradients()]))]

    return Contest(step, check, **options)


def projected(vector: Any) -> list[float]:
    """A vector's length, and its direction seen from three others: what tells it from any other."""
    size = float(np.sqrt(vector @ vector))
    directions = np.random.default_rng(2).normal(size=(3, vector.size))
    return [size, *(float(d @ vector) / size for d in directions)]


def in_neurons(layers: Sequence[Sequence[Any]]) -> list[float]:
    """Parameters in the order of a network of neurons: the weights and the bias of each in turn."""
    return [float(x) for W, b in layers for j in range(len(b)) for x in (*W[j], b[j])]


def in_layers(workload: Workload, numbers: Sequence[float]) -> list[Any]:
    """The reverse: W and b of each layer."""
    found: list[Any] = []
    at = 0
    for W, b in workload.layers():
        n_out, n_in = W.shape
        rows = np.reshape(numbers[at : at + n_out * (n_in + 1)], (n_out, n_in + 1))
        found += [rows[:, :-1], rows[:, -1]]
        at += b.size * (n_in + 1)
    return found
