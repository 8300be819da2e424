"""Schedules that are called after every update, and move momentum against the rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

from nn.arguments import count, fraction, non_negative, one_of, positive, share
from nn.optim.optimizer import Optimizer
from nn.schedules.scheduler import (
    LRScheduler,
    check_momentum,
    check_optimizer,
    per_group,
    set_momentum,
)


class CyclicLR(LRScheduler):
    """η goes up and down between η_min and η_max along straight lines: a triangle wave.

    With n_s = `step_size_up`, in cycle l: η_t = η_min + (t − 2 l n_s)/n_s (η_max − η_min) on the way
    up, for 2 l n_s ≤ t ≤ (2l + 1) n_s, and η_max − (t − (2l + 1) n_s)/n_s (η_max − η_min) on the way
    down. Call `step` after every update.

    Args:
        optimizer: whose rates are set.
        base_lr, max_lr: η_min and η_max; one number, or one per group.
        step_size_up, step_size_down: updates on the way up, and down (as many, when left out).
        mode: "triangular"; "triangular2" halves the height each cycle; "exp_range" makes it γᵗ.
        gamma: γ.
        cycle_momentum: whether momentum (β₁, where there are betas) moves against η, as in PyTorch by
            default. **An SGD without momentum gets one**: give False for the assignments' plain SGD.
        base_momentum, max_momentum: its range.

    >>> import autograd, nn
    >>> optimizer = nn.optim.SGD([autograd.Tensor([1.0])])
    >>> schedule = CyclicLR(optimizer, 0.0, 1.0, step_size_up=2, cycle_momentum=False)
    >>> [optimizer.lr] + [schedule.step() or optimizer.lr for _ in range(5)]
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.5]

    Source: Smith, "Cyclical learning rates for training neural networks", 2017.
    """

    interval: ClassVar[str] = "step"

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | Sequence[float],
        max_lr: float | Sequence[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        cycle_momentum: bool = True,
        base_momentum: float = 0.8,
        max_momentum: float = 0.9,
    ) -> None:
        check_optimizer(optimizer, "CyclicLR")
        self.bottoms = per_group(base_lr, optimizer, "base_lr")
        self.tops = per_group(max_lr, optimizer, "max_lr")
        self.up = count(step_size_up, "step_size_up")
        self.down = self.up if step_size_down is None else count(step_size_down, "step_size_down")
        self.mode = one_of(mode, ("triangular", "triangular2", "exp_range"), "mode")
        self.gamma = non_negative(gamma, "gamma")
        self.cycle_momentum = bool(cycle_momentum)
        self.base_momentum = fraction(base_momentum, "base_momentum")
        self.max_momentum = fraction(max_momentum, "max_momentum")
        if self.cycle_momentum:
            check_momentum(optimizer, "CyclicLR")
        for group, bottom in zip(optimizer.param_groups, self.bottoms, strict=True):
            group["lr"] = group["initial_lr"] = bottom
        super().__init__(optimizer)

    def height(self) -> float:
        """Where the wave is at t: 0 at the bottom, 1 at the top of the first cycle."""
        cycle, t = divmod(self.last_epoch, self.up + self.down)
        line = t / self.up if t <= self.up else 1 - (t - self.up) / self.down
        if self.mode == "triangular2":
            return float(line / 2**cycle)
        return float(line * self.gamma**self.last_epoch) if self.mode == "exp_range" else line

    def rates(self) -> list[float]:
        height = self.height()
        pairs = zip(self.bottoms, self.tops, strict=True)
        return [bottom + (top - bottom) * height for bottom, top in pairs]

    def _set(self) -> None:
        super()._set()
        if self.cycle_momentum:
            fall = (self.max_momentum - self.base_momentum) * self.height()
            for group in self.optimizer.param_groups:
                set_momentum(group, self.max_momentum - fall)


class OneCycleLR(LRScheduler):
    """One cycle: η from η_max/`div_factor` up to η_max, then far down, momentum the other way.

    The rate ends at η_max / (`div_factor` `final_div_factor`). Call `step` after every update.

    Args:
        optimizer: whose rates are set.
        max_lr: η_max; one number, or one per group.
        total_steps: the updates of the whole cycle; or give `epochs` and `steps_per_epoch`.
        pct_start: the share of the updates on the way up.
        anneal_strategy: "cos" or "linear": the shape of each part.
        cycle_momentum, base_momentum, max_momentum: as in `CyclicLR`.
        div_factor, final_div_factor: how far below η_max it starts, and how far below that it ends.
        three_phase: go down as fast as up, and only then to the end.

    Raises:
        ValueError: `step` is called more often than there are updates.

    >>> import autograd, nn
    >>> optimizer = nn.optim.SGD([autograd.Tensor([1.0])], momentum=0.9)
    >>> schedule = OneCycleLR(optimizer, 1.0, total_steps=5, pct_start=0.4, anneal_strategy="linear")
    >>> [round(optimizer.lr, 3)] + [schedule.step() or round(optimizer.lr, 3) for _ in range(4)]
    [0.04, 1.0, 0.667, 0.333, 0.0]

    Source: Smith and Topin 2018.
    """

    interval: ClassVar[str] = "step"

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        check_optimizer(optimizer, "OneCycleLR")
        if total_steps is None and (epochs is None or steps_per_epoch is None):
            raise ValueError("OneCycleLR needs total_steps, or both epochs and steps_per_epoch")
        if total_steps is None:
            total_steps = count(epochs, "epochs") * count(steps_per_epoch, "steps_per_epoch")
        self.total_steps = count(total_steps, "total_steps")
        self.tops = per_group(max_lr, optimizer, "max_lr")
        pct_start = share(pct_start, "pct_start")
        div_factor = positive(div_factor, "div_factor")
        final_div_factor = positive(final_div_factor, "final_div_factor")
        self.anneal_strategy = one_of(anneal_strategy, ("cos", "linear"), "anneal_strategy")
        self.cycle_momentum = bool(cycle_momentum)
        self.momenta = (
            fraction(max_momentum, "max_momentum"),
            fraction(base_momentum, "base_momentum"),
        )
        self.factors = (1 / div_factor, 1.0, 1 / (div_factor * final_div_factor))
        if self.cycle_momentum:
            check_momentum(optimizer, "OneCycleLR")
        # (the last t, which factor it starts from and ends at) of each part; momenta likewise.
        peak, last = pct_start * self.total_steps - 1, self.total_steps - 1.0
        self.parts = [(peak, (0, 1), (0, 1)), (last, (1, 2), (1, 0))]
        if three_phase:
            down = 2 * pct_start * self.total_steps - 2
            self.parts[1:] = [(down, (1, 0), (1, 0)), (last, (0, 2), (0, 0))]
        for group, top in zip(optimizer.param_groups, self.tops, strict=True):
            group["lr"] = group["initial_lr"] = top / div_factor
        super().__init__(optimizer)

    def between(self, start: float, end: float, share: float) -> float:
        """A part of the way from start to end."""
        if self.anneal_strategy == "cos":
            share = (1 - math.cos(math.pi * share)) / 2
        # One step more than there are updates is allowed, and a line would go below 0 there.
        share = min(share, 1.0)
        return start + (end - start) * share

    def now(self) -> tuple[float, float]:
        """The factor of η_max at t, and the momentum."""
        t, before = self.last_epoch, 0.0
        for last, (a, b), (c, d) in self.parts:
            if t <= last or last == self.parts[-1][0]:
                share = (t - before) / (last - before) if last != before else 1.0
                factor = self.between(self.factors[a], self.factors[b], share)
                return factor, self.between(self.momenta[c], self.momenta[d], share)
            before = last
        raise ValueError(f"OneCycleLR has no part for t = {t}")

    def step(self) -> None:
        if self.last_epoch >= self.total_steps:
            raise ValueError(
                f"OneCycleLR was made for {self.total_steps} steps, and its cycle is over"
            )
        super().step()

    def rates(self) -> list[float]:
        factor, _ = self.now()
        return [top * factor for top in self.tops]

    def _set(self) -> None:
        super()._set()
        if self.cycle_momentum:
            _, momentum = self.now()
            for group in self.optimizer.param_groups:
                set_momentum(group, momentum)
