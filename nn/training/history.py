"""What a run of `fit` leaves and tells: its history, its events, and the error that ends it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd
from nn.arguments import number
from nn.inspect.boundary import Plane, Snapshot
from nn.inspect.training import training_curves

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]


class History(metaclass=autograd.Listed):
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
        snapshots: with ``snapshots=`` or ``live=True`` what the model said at moments of the training,
            the first of them before the first step; empty otherwise.

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
        self.snapshots: list[Snapshot] = []
        self.plane: Plane | None = None

    def plot(self, title: str | None = None) -> Figure:
        """A matplotlib Figure: losses, metrics and the learning rate, over epochs.

        Its title is how many epochs and steps were made, when none is given.
        """
        return training_curves(self.steps, self.epochs, title=title)

    def animate(
        self, path: str | os.PathLike[str], *, fps: float = 12, boundary: bool | None = None
    ) -> Path:
        """Write the training as a moving picture: a ``.gif``, or a page ``.html`` with a slider.

        The curve of the loss grows; beside it the decision boundary bends where instances are two
        numbers with classes and `fit` kept snapshots (``snapshots=60``, or ``live=True``), or else the
        first metric grows. The page needs no network and no other file. matplotlib is needed.

        Args:
            path: where to.
            fps: pictures in a second.
            boundary: whether it is drawn; as there are snapshots of it, when left out.

        Raises:
            ValueError: another ending; no step was made; a boundary is asked for, and there are no
                snapshots of it.
            ImportError: matplotlib is not there.
            OSError: the file cannot be written.

        >>> import nn, os, tempfile
        >>> x, y = nn.data.two_moons(50, rng=0)
        >>> history = nn.fit(nn.MLP(2, [4, 2], rng=0), nn.cross_entropy, (x, y), optimizer="adam",
        ...     epochs=5, snapshots=3)
        >>> [snapshot.step for snapshot in history.snapshots]
        [0, 2, 4, 5]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     history.animate(os.path.join(folder, "training.gif")).suffix
        '.gif'
        """
        from pathlib import Path

        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in (".gif", ".html", ".htm"):
            raise ValueError(f"an animation is saved as .gif or .html, not as {path.name!r}")
        fps = number(fps, "fps", high=100, above=True)
        if not self.steps.get("loss"):
            raise ValueError("there is nothing to animate: no step was made")
        seen = self.plane is not None and len(self.snapshots) > 1
        if boundary and not seen:
            raise ValueError(
                "there are no snapshots of a boundary: fit(..., snapshots=60) and fit(..., live=True) "
                "keep them, for instances of two numbers with classes"
            )
        from nn.inspect.animation import as_gif, as_html, frames

        images = frames(self, seen if boundary is None else boundary)
        if suffix == ".gif":
            return autograd.write_whole(path, as_gif(images, fps))
        return autograd.write_whole(path, as_html(images, fps, f"Training: {self.reason}"))

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


autograd.Listed.answer(History, "History")
