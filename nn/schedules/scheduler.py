"""LRScheduler: what every schedule of `nn.schedules` shares, so that a schedule is only its formula."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import autograd
from nn.arguments import non_negative
from nn.optim.optimizer import Optimizer, ParameterGroup

# --- arguments ----------------------------------------


def per_group(x: Any, optimizer: Optimizer, what: str) -> list[float]:
    """A number for each parameter group, from one number or a list."""
    groups = len(optimizer.param_groups)
    numbers = list(x) if isinstance(x, list | tuple) else [x] * groups
    if len(numbers) != groups:
        raise ValueError(f"{what}: expected {groups} numbers, one per group, got {len(numbers)}")
    return [non_negative(each, what) for each in numbers]


def check_optimizer(optimizer: Any, name: str) -> None:
    """Raise unless it is an optimiser."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{name} takes an optimiser, got {type(optimizer).__name__}")


def set_momentum(group: ParameterGroup, momentum: float) -> None:
    """Give a group another momentum: β₁ where it has betas."""
    if "betas" in group:
        group["betas"] = (momentum, group["betas"][1])
    else:
        group["momentum"] = momentum


def check_momentum(optimizer: Optimizer, name: str) -> None:
    """Raise unless every group has a momentum to cycle."""
    if not {"momentum", "betas"} & set(optimizer.OPTIONS):
        raise ValueError(
            f"{name}: {type(optimizer).__name__} has no momentum and no betas to cycle; "
            "give cycle_momentum=False"
        )


# --- what schedules share ----------------------------------------


class LRScheduler(metaclass=autograd.Listed):
    """What all schedules share: the rate of each group at step t = `last_epoch`, from 0.

    Attributes:
        optimizer: whose groups' ``lr`` is set.
        base_lrs: the groups' rates before any schedule: ``group["initial_lr"]``.
        last_epoch: t, the number of calls of `step`.
        interval: "epoch" or "step": what one call of `step` is meant to follow.
    """

    interval: ClassVar[str] = "epoch"

    def __init__(self, optimizer: Optimizer) -> None:
        check_optimizer(optimizer, type(self).__name__)
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            if "initial_lr" not in group:
                group["initial_lr"] = group["lr"]
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = 0
        self._set()

    def rates(self) -> list[float]:
        """The rate of each group at t, from t and the rates before."""
        raise TypeError(f"{type(self).__name__} defines no rates()")

    def current(self) -> list[float]:
        """The rates that the groups have now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def step(self) -> None:
        """Go to t + 1, and set the rates."""
        self.last_epoch += 1
        self._set()

    def restart(self) -> None:
        """Go back to t = 0, and to the rates that belong there."""
        for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=False):
            group["lr"] = base
        self.last_epoch = 0
        self._set()

    def _set(self) -> None:
        # A group that was added after the schedule was made keeps its own rate.
        for group, rate in zip(self.optimizer.param_groups, self.rates(), strict=False):
            group["lr"] = rate

    def get_last_lr(self) -> list[float]:
        """The rates as they are now, one per group."""
        return self.current()

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimiser, which has a `state_dict` of its own."""
        return {name: x for name, x in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take what `state_dict` gave. The rates come with the optimiser's own state."""
        expected = set(self.state_dict())
        if not isinstance(state, Mapping) or set(state) != expected:
            got = sorted(map(str, state)) if isinstance(state, Mapping) else type(state).__name__
            raise ValueError(
                f"load_state_dict of {type(self).__name__} expected {sorted(expected)}, got {got}"
            )
        vars(self).update(state)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(t={self.last_epoch}, lr={self.current()})"


autograd.Listed.answer(LRScheduler, "LRScheduler")
