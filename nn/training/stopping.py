"""When `fit` stops before its last epoch: the loss stands still, or has not improved for a while."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from nn.training.history import History


class StoppingRule:
    """When to stop before the last epoch, and the best parameters on the way.

    Args:
        tolerance: ε: stop where the training loss has changed by no more in an epoch; None for never.
        patience: stop where the watched loss has not been below its least for so many epochs; None for
            never.
        restore: whether the parameters of the best epoch are kept.
        watched: the name of the watched loss in the history.
    """

    def __init__(
        self, tolerance: float | None, patience: int | None, restore: bool, watched: str
    ) -> None:
        self.tolerance = tolerance
        self.patience = patience
        self.restore = restore
        self.watched = watched
        self.best = math.inf
        self.best_state: dict[str, Any] | None = None

    def watch(
        self, history: History, loss: float, epoch: int, state: Callable[[], dict[str, Any]]
    ) -> None:
        """Remember the epoch if it is the best, and the state that the model is in."""
        if loss < self.best:
            self.best, history.best_epoch = loss, epoch
            if self.restore:
                self.best_state = state()

    def reached(self, history: History, loss: float, epoch: int) -> tuple[str, str] | None:
        """Why this epoch is the last, in a word and in a sentence; None where it is not."""
        if self.tolerance is not None:
            history.criterion.append(loss)
            change = abs(loss - history.criterion[-2])
            if change <= self.tolerance:
                told = f"the loss changed by {change:.3g} ≤ {self.tolerance:g} in epoch {epoch}"
                return "tolerance", told
        best = history.best_epoch or 0
        if self.patience is not None and epoch - best >= self.patience:
            least = f"below that of epoch {best}" if best else "that is a finite number"
            return "patience", f"no {self.watched} {least} for {self.patience} epochs"
        return None
