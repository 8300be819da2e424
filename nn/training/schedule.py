"""Schedule: what `fit` makes of its ``schedule`` argument, in whatever form it comes."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from nn.schedules import CyclicLR, OneCycleLR


class Schedule:
    """A schedule of any form: an object with ``step()``, its class, or a function of a number."""

    def __init__(self, schedule: Any, every: str | None, optimizer: Any) -> None:
        if every not in ("epoch", "step", None):
            raise ValueError(f"schedule_every is 'epoch' or 'step', or None, got {every!r:.60}")
        self.optimizer = optimizer
        self.function = None
        self.advance = None
        self.asks = False
        if schedule is None:
            return
        # A class, and functools.partial(StepLR, step_size=10), wait for the optimiser.
        if isinstance(getattr(schedule, "func", schedule), type):
            schedule = schedule(optimizer)
        # A cycle is counted in batches, as PyTorch's documentation has it; other schedules in epochs.
        usual = "step" if isinstance(schedule, CyclicLR | OneCycleLR) else "epoch"
        self.every = usual if every is None else every
        step = getattr(schedule, "step", None)
        if callable(step):
            self.advance = step
            # PyTorch's others have step(epoch=None), which is not for a loss.
            self.asks = any(
                p.default is p.empty or p.name in ("metric", "metrics", "loss")
                for p in inspect.signature(step).parameters.values()
                if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
            )
            if self.asks and self.every == "step":
                raise ValueError(
                    f"{type(schedule).__name__}.step() asks for a loss, which is measured after each "
                    "epoch: schedule_every='epoch'"
                )
        elif callable(schedule):
            self.function = schedule
        else:
            raise TypeError(
                "schedule is an object with step(), its class, or a function of the number of the step, "
                f"got {type(schedule).__name__} ({schedule!r:.60})"
            )

    def before_step(self, step: int) -> None:
        """Set the rate that the function gives for the step, counted from 0."""
        if self.function is not None:
            rate = self.function(step)
            if np.ndim(rate) or not isinstance(rate, int | float | np.integer | np.floating):
                raise TypeError(
                    "schedule, a function, is called with the number of the step and gives a learning "
                    f"rate, got {type(rate).__name__} ({rate!r:.60})"
                )
            self.optimizer.lr = float(rate)

    def after(self, event: str, loss: float) -> None:
        """Advance after a step or an epoch, with the watched loss if it is asked for."""
        if self.advance is not None and event == self.every:
            self.advance(loss) if self.asks else self.advance()
