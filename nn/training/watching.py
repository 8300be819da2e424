"""Watching a run of `fit`: snapshots of the model on the way, and a picture that is redrawn in place."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from nn.inspect.boundary import Plane, Snapshot
from nn.metrics import plain_numbers
from nn.training.history import History
from nn.training.progress import in_notebook, on_terminal

MOST = 60
"""Snapshots that ``live=True`` keeps."""

POINTS = 1000
"""Instances that are drawn of data with more."""

SHARE = 3.0
"""How many times as long as a picture takes to draw the training goes on before the next."""

LEAST, MOST_APART = 0.25, 1.0
"""Seconds between two pictures at least, and at most where steps are quick."""


def plane_of(full: Any) -> Plane | None:
    """The plane of a boundary, where instances are two numbers with classes; else None."""
    if not isinstance(full, list) or len(full) != 1:
        return None
    x, y = (plain_numbers(each) for each in full[0])
    if x.ndim != 2 or x.shape[1] != 2 or not len(x) or not is_classes(y):
        return None
    every = -(-len(x) // POINTS)
    return Plane(x[::every], y[::every], resolution=80)


def is_classes(y: Any) -> bool:
    """Whether targets are class indices, signs, or distributions over classes."""
    if y.dtype.kind not in "biuf" or not np.isfinite(y).all():
        return False
    if y.ndim == 2 and y.shape[1] > 1:
        return bool((y >= 0).all() and np.allclose(y.sum(axis=1), 1))
    found = np.unique(y)
    return y.ndim in (1, 2) and len(found) <= 20 and set(found) <= {*range(20), -1}


class Watch:
    """What is kept and shown of a run while it goes on.

    Snapshots are of every step until there are too many of them; then every other one goes, and from
    there on steps are passed over, so that they are always spread over the training.

    Args:
        history: of the run; it keeps the snapshots.
        model: what is trained.
        full: all data in parts, as `fit` measures it.
        live: whether a picture is redrawn in place, which notebooks can do.
        snapshots: how many are kept at most.
        epochs: how many there will be at most, for the title.
        pace: how many steps an epoch has, where that is known.
    """

    def __init__(
        self,
        history: History,
        model: Any,
        full: Any,
        live: bool,
        snapshots: int,
        epochs: int,
        pace: int | None,
    ) -> None:
        self.history, self.model, self.epochs, self.pace = history, model, epochs, pace
        self.most = snapshots
        self.every = 1
        history.plane = plane_of(full)
        self.handle: Any = None
        self.shows = live and in_notebook()
        self.next = 0.0
        if self.shows:
            import matplotlib.figure  # noqa: F401  (what is missing is told before the training)
        elif live and on_terminal():
            print("fit(live=True) draws in a notebook; here there is a bar", file=sys.stderr)
        self.keep(0)

    def keep(self, step: int) -> None:
        """Keep a snapshot of the model as it is."""
        plane = self.history.plane
        scores = None if plane is None else plane.scores(self.model)
        if scores is not None and scores.dtype.kind == "f":
            with np.errstate(over="ignore"):
                scores = scores.astype(np.float32)
        kept = self.history.snapshots
        kept.append(Snapshot(step, scores))
        if len(kept) > self.most:
            del kept[1::2]
            self.every *= 2

    def after_step(self, step: int) -> None:
        """Keep what is due, and show it when there has been time enough."""
        if step % self.every == 0:
            self.keep(step)
        if self.shows and time.perf_counter() > self.next:
            self.show()

    def show(self) -> None:
        """Draw the history so far, over the picture before."""
        import IPython.display

        from nn.inspect.animation import Scene

        began = time.perf_counter()
        scene = Scene(self.history, self.epochs, self.pace)
        scene.at(self.history.snapshots[-1])
        first = self.handle is None
        if first:
            display: Any = IPython.display.display
            self.handle = display(scene.figure, display_id=True)
        else:
            self.handle.update(scene.figure)
        now = time.perf_counter()
        # What the first one took was to load what draws it.
        self.next = now + (LEAST if first else max(LEAST, min(SHARE * (now - began), MOST_APART)))

    def end(self) -> None:
        """The last snapshot, and the last picture."""
        made = len(self.history.steps.get("loss", ()))
        if self.history.snapshots[-1].step != made:
            self.most += 1  # the last one takes no other's place
            self.keep(made)
        if self.shows and made:
            self.show()
