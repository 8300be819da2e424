"""What a playground is made from: the points, checked, and what their targets mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd
from nn.inspect.boundary import evaluated
from nn.metrics import plain_numbers
from nn.module import Module
from nn.training.checks import held_out, pair, put_aside

Array = np.ndarray[Any, Any]

POINTS = 2000
"""The most points of a page."""

PARAMETERS = 2500
"""The most parameters of its network."""


@dataclass(frozen=True, eq=False)
class Points:
    """Instances in rows: inputs (n, 1 or 2), and targets as they were given and as (n, width)."""

    x: Array
    y: Array

    @property
    def targets(self) -> Array:
        """One row of numbers for each instance."""
        rows: Array = self.y.reshape(len(self.y), -1).astype(np.float64)
        return rows


@dataclass(frozen=True, eq=False)
class Task:
    """What the targets of some points are.

    Attributes:
        train, held: the points to learn from, and those to measure on, if any.
        outputs: how many numbers the network gives for one instance.
        classes: the target of each class as a row, or None where targets are numbers.
        threshold: of one output, what separates class 0 from class 1.
        probabilities: whether the outputs are probabilities already.
    """

    train: Points
    held: Points | None
    outputs: int
    classes: Array | None
    threshold: float
    probabilities: bool

    @property
    def inputs(self) -> int:
        """1 or 2."""
        return int(self.train.x.shape[1])

    @property
    def count(self) -> int:
        """How many points there are to train on."""
        return len(self.train.x)

    @property
    def parts(self) -> list[Points]:
        """All points there are."""
        return parts_of(self.train, self.held)

    @property
    def target_range(self) -> tuple[float, float]:
        """The least and the greatest target."""
        targets = np.concatenate([part.targets for part in self.parts])
        return float(targets.min()), float(targets.max())

    def truths(self, part: Points) -> Array:
        """The class index of each point."""
        assert self.classes is not None
        if part.targets.shape[1] > 1:
            most: Array = part.targets.argmax(axis=1)
            return most
        found: Array = np.searchsorted(self.classes[:, 0], part.targets[:, 0])
        return found

    def ranges(self) -> list[tuple[float, float]]:
        """From where to where the map goes, across and up: somewhat beyond the points."""
        x = np.concatenate([part.x for part in self.parts])
        columns = [(column.min(), column.max()) for column in x.T]
        if self.inputs == 1:
            low, high = self.target_range
            if self.classes is not None and self.outputs > 1:
                low, high = (0.0, 1.0) if self.probabilities else (-4.0, 4.0)
            columns.append((low, high))
        widths = [max(float(high - low), 1e-9) for low, high in columns]
        alike = self.inputs == 2 and max(widths) < 3 * min(widths)
        margins = (0.15, 0.15) if self.inputs == 2 else (0.04, 0.25)
        ranges = []
        for (low, high), width, margin in zip(columns, widths, margins, strict=True):
            half = (max(widths) if alike else width) * (0.5 + margin)
            middle = float(low + high) / 2
            ranges.append((middle - half, middle + half))
        return ranges


def points(data: Any, what: str) -> Points:
    """Points from a pair of inputs and targets."""
    x, y = (plain_numbers(each) for each in pair(data, what))
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2 or x.shape[1] not in (1, 2) or not len(x):
        raise ValueError(
            f"playground: {what} has inputs of shape (n, 2), or (n, 1) for a curve, got {x.shape}"
        )
    if y.ndim not in (1, 2) or len(y) != len(x):
        raise ValueError(
            f"playground: {what} has {len(x)} instances, so that targets have shape ({len(x)},) or "
            f"({len(x)}, outputs), got {y.shape}"
        )
    for each, name in ((x, "inputs"), (y, "targets")):
        if each.dtype.kind not in "biuf" or not np.isfinite(each).all():
            raise ValueError(f"playground: the {name} of {what} are finite numbers")
    return Points(x.astype(np.float64), np.array(y))


def task_of(
    model: Module,
    loss: Callable[[Any, Any], Any],
    data: Any,
    validation: Any,
    rng: Any,
    threshold: float | None,
) -> Task:
    """The task of a model and a loss on data, after one run that shows they fit together."""
    if isinstance(validation, float | np.floating):
        data, validation, _ = put_aside(data, float(validation), rng)
    train = points(data, "data")
    apart = held_out(validation)
    held = None if apart is None else points(apart, "validation")
    count = sum(len(part.x) for part in parts_of(train, held))
    if count > POINTS:
        raise ValueError(f"playground: a page has up to {POINTS:,} points, got {count:,}")
    if held is not None and (held.x.shape[1:], held.y.shape[1:]) != (
        train.x.shape[1:],
        train.y.shape[1:],
    ):
        raise ValueError(
            f"playground: validation has inputs {held.x.shape} and targets {held.y.shape}, and data "
            f"has {train.x.shape} and {train.y.shape}"
        )
    size = sum(parameter.size for parameter in model.parameters())
    if not 0 < size <= PARAMETERS:
        raise ValueError(
            f"playground: the network of a page has 1 to {PARAMETERS:,} parameters, got {size:,}"
        )
    said = evaluated(model, train.x)
    if said.ndim not in (1, 2) or len(said) != len(train.x):
        raise ValueError(
            f"playground: the model gives (n, outputs) for inputs {train.x.shape}, got {said.shape}"
        )
    value = measured(loss, said, train.y)
    if value.size != 1:
        raise ValueError(
            f"playground: the loss is one number, as reduction='mean' gives, got shape {value.shape}"
        )
    outputs = said.shape[1] if said.ndim == 2 else 1
    classes = classes_of_targets(
        np.concatenate([p.targets for p in parts_of(train, held)]), outputs
    )
    if classes is None and outputs > 1:
        raise ValueError(
            f"playground: targets that are no classes are drawn for one output, got {outputs}"
        )
    if threshold is None:
        threshold = separating(loss, classes, said[:1], train.y[:1])
    sums = said.reshape(len(said), -1).sum(axis=1)
    probabilities = outputs > 1 and bool((said >= 0).all() and np.allclose(sums, 1))
    return Task(train, held, outputs, classes, threshold, probabilities)


def parts_of(train: Points, held: Points | None) -> list[Points]:
    """Both, or the one there is."""
    return [train] if held is None else [train, held]


def classes_of_targets(targets: Array, outputs: int) -> Array | None:
    """The target of each class as a row, in order; None where the targets are numbers.

    One output has classes 0 and 1, or −1 and 1; several have class indices, or distributions.
    """
    found = np.unique(targets)
    if targets.shape[1] > 1:
        shares = (targets >= 0).all() and np.allclose(targets.sum(axis=1), 1)
        return np.eye(targets.shape[1]) if shares else None
    if outputs > 1:
        whole = (found == found.round()).all() and found.min() >= 0 and found.max() < outputs
        return np.arange(outputs, dtype=np.float64)[:, None] if whole else None
    for pair_ in ([0.0, 1.0], [-1.0, 1.0]):
        if set(found) <= set(pair_):
            return np.array(pair_)[:, None]
    return None


def measured(loss: Callable[[Any, Any], Any], prediction: Array, target: Array) -> Array:
    """The loss of a prediction, which is given as the Tensor that a model gives."""
    with autograd.no_grad(), np.errstate(all="ignore"):
        return plain_numbers(loss(autograd.Tensor(prediction), target))


def separating(
    loss: Callable[[Any, Any], Any], classes: Array | None, said: Array, target: Array
) -> float:
    """Of one output, the number at which the loss is the same for both classes: 0, or ½."""
    if classes is None or classes.shape != (2, 1) or said.size != 1:
        return 0.0
    for candidate in (0.0, 0.5):
        prediction = np.full_like(said, candidate)
        both = [measured(loss, prediction, np.full_like(target, c)).item() for c in classes[:, 0]]
        if np.isclose(both[0], both[1]):
            return candidate
    return 0.0
