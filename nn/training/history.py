"""What a run of `fit` leaves and tells: its history, its events, and the error that ends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd
from nn.inspect.training import training_curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]

__all__ = ["DivergenceError", "Event", "History"]


class History:
    """What happened during training: lists by name, one entry per step or per epoch.

    Attributes:
        steps: ``"loss"`` (of the batch, before the update), ``"lr"``, each metric of the batch, and with
            ``statistics=True`` ``"gradient norm"`` and ``"update ratio"`` (‖ΔW‖ / ‖W‖).
        epochs: ``"loss"`` and each metric over the whole training data after the epoch, in evaluation
            mode; ``"validation loss"`` and ``"validation accuracy"`` and so on; ``"lr"``; ``"steps"``,
            how many it had; and with ``statistics=True`` ``"layers"`` (`Observation.summary` of the last
            batch) and ``"update ratios"`` (of the whole epoch), which are dicts.
        criterion: L(0), L(1), …: the losses that `tolerance` compares; empty without it.
        stopped: why it ended: ``"epochs"``, ``"tolerance"``, ``"patience"``, ``"callback"`` or
            ``"interrupted"``; ``"running"`` before.
        reason: the same as a sentence.
        best_epoch: the epoch, from 1, with the least loss that patience watches.
        held_out: the rows of the data that ``validation=0.2`` has put aside; None without it.

    `plot` draws it; a notebook shows the picture where matplotlib is installed.
    """

    def __init__(self) -> None:
        self.steps: dict[str, list[float]] = {}
        self.epochs: dict[str, list[Any]] = {}
        self.criterion: list[float] = []
        self.stopped = "running"
        self.reason = "training has not ended"
        self.best_epoch: int | None = None
        self.held_out: Array | None = None

    def plot(self, title: str | None = None) -> Figure:
        """A matplotlib Figure: losses, metrics and the learning rate, over epochs.

        Its title is how many epochs and steps were made, when none is given.
        """
        return training_curves(self.steps, self.epochs, title=title)

    def _repr_png_(self) -> bytes | None:
        try:
            figure = self.plot()
        except (
            ImportError,
            ValueError,
        ):  # no matplotlib, or nothing to draw: a notebook prints repr
            return None
        # An image is kept where a notebook is not trusted, and is as wide as its column at most.
        return figure._repr_png_()  # type: ignore[attr-defined, no-any-return]

    def __repr__(self) -> str:
        steps, epochs = len(self.steps.get("loss", ())), len(self.epochs.get("loss", ()))
        last = ", ".join(
            f"{name} {values[-1]:.4g}"
            for name, values in self.epochs.items()
            if name not in ("steps", "layers", "update ratios")
        )
        return f"History({epochs} epochs, {steps} steps; {last or 'no epoch'}; {self.reason})"


@dataclass(frozen=True)
class Event:
    """What a callback is told: after each step, and after each epoch.

    Attributes:
        kind: ``"step"`` or ``"epoch"``.
        epoch, step: how many have begun, or been made, from 1.
        loss: of the batch at a step, of the training data at an epoch.
        model, optimizer, history: those of the run, to look at and to change.
    """

    kind: str
    epoch: int
    step: int
    loss: float
    model: Any
    optimizer: Any
    history: History


class DivergenceError(ArithmeticError):
    """A loss or a gradient that is not finite. No parameter was changed by it.

    Attributes:
        step, epoch: where, from 1.
        batch: (x, y), the instances it happened on.
        primitive: the name of the first primitive that gave a number which is not finite, or None.
        history: of the steps before.
    """

    def __init__(
        self,
        message: str,
        step: int,
        epoch: int,
        batch: tuple[Any, Any],
        primitive: str | None,
        history: History,
    ) -> None:
        super().__init__(message)
        self.step = step
        self.epoch = epoch
        self.batch = batch
        self.primitive = primitive
        self.history = history


autograd.publish(__name__)
