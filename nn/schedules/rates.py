"""The rates of the schedules, each a formula on the optimiser's rates and the count of calls."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from nn.arguments import count, fraction, listed, non_negative, number, one_of, share
from nn.optim.optimizer import Optimizer
from nn.schedules.scheduler import LRScheduler, check_optimizer, per_group

# --- steps, exponentials, cosines, lines ----------------------------------------


class StepLR(LRScheduler):
    """η ← γ η after every `step_size` calls.

    >>> import autograd, nn
    >>> optimizer = nn.optim.SGD([autograd.Tensor([1.0])], lr=0.8)
    >>> schedule = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> [schedule.step() or optimizer.lr for _ in range(4)]
    [0.8, 0.4, 0.4, 0.2]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size = count(step_size, "step_size")
        self.gamma = non_negative(gamma, "gamma")
        super().__init__(optimizer)

    def rates(self) -> list[float]:
        falls = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return [lr * self.gamma if falls else lr for lr in self.current()]


class MultiStepLR(LRScheduler):
    """η ← γ η at each milestone (twice where one is listed twice).

    >>> import autograd, nn
    >>> optimizer = nn.optim.SGD([autograd.Tensor([1.0])], lr=0.8)
    >>> schedule = MultiStepLR(optimizer, [1, 3], gamma=0.5)
    >>> [schedule.step() or optimizer.lr for _ in range(4)]
    [0.4, 0.4, 0.2, 0.2]
    """

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1) -> None:
        each = listed(milestones, "milestones of MultiStepLR")
        self.milestones = Counter(count(milestone, "a milestone") for milestone in each)
        self.gamma = non_negative(gamma, "gamma")
        super().__init__(optimizer)

    def rates(self) -> list[float]:
        factor = self.gamma ** self.milestones[self.last_epoch]
        return [lr * factor for lr in self.current()]


class ExponentialLR(LRScheduler):
    """η_t = η₀ γᵗ.

    >>> import autograd, nn
    >>> optimizer = nn.optim.SGD([autograd.Tensor([1.0])], lr=0.8)
    >>> schedule = ExponentialLR(optimizer, gamma=0.5)
    >>> [schedule.step() or optimizer.lr for _ in range(3)]
    [0.4, 0.2, 0.1]
    """

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = non_negative(gamma, "gamma")
        super().__init__(optimizer)

    def rates(self) -> list[float]:
        return [lr * self.gamma if self.last_epoch else lr for lr in self.current()]


class CosineAnnealingLR(LRScheduler):
    """η_t = η_min + ½ (η₀ − η_min)(1 + cos(π t / T)): down to η_min at T = `T_max`, then up again.

    >>> import autograd, nn
    >>> optimizer = nn.optim.SGD([autograd.Tensor([1.0])], lr=1.0)
    >>> schedule = CosineAnnealingLR(optimizer, T_max=2)
    >>> [schedule.step() or round(optimizer.lr, 6) for _ in range(4)]
    [0.5, 0.0, 0.5, 1.0]

    Source: Loshchilov and Hutter 2017, without restarts. Where another schedule takes the rate below
    η_min, this one does not take it below 0 (PyTorch's goes on to negative rates).
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        self.T_max = count(T_max, "T_max")
        self.eta_min = non_negative(eta_min, "eta_min")
        super().__init__(optimizer)

    def rates(self) -> list[float]:
        t, least, now = self.last_epoch, self.eta_min, self.current()
        if not t:
            return now
        # By what changed since the last call, so that schedules can be multiplied.
        if (t - 1) % (2 * self.T_max) == self.T_max:  # no factor leads up from the bottom
            pairs = zip(now, self.base_lrs, strict=False)
            return [max(lr + (base - least) * cosine(t, self.T_max), 0.0) for lr, base in pairs]
        factor = cosine(t, self.T_max) / cosine(t - 1, self.T_max)
        return [max(least + (lr - least) * factor, 0.0) for lr in now]


class CosineAnnealingWarmRestarts(LRScheduler):
    """η = η_min + ½ (η₀ − η_min)(1 + cos(π t / T)), again from t = 0 after every T = `T_0` calls.

    Args:
        optimizer: whose rates are set.
        T_0: T of the first period.
        T_mult: each period is so many times as long as the one before.
        eta_min: η_min.

    >>> import autograd, nn
    >>> optimizer = nn.optim.SGD([autograd.Tensor([1.0])], lr=1.0)
    >>> schedule = CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
    >>> [schedule.step() or round(optimizer.lr, 3) for _ in range(6)]
    [0.5, 1.0, 0.854, 0.5, 0.146, 1.0]

    Source: Loshchilov and Hutter 2017. Set from t alone: where another schedule changes the same
    rates, this one has the last word.
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0
    ) -> None:
        self.T_0 = count(T_0, "T_0")
        self.T_mult = count(T_mult, "T_mult")
        self.eta_min = non_negative(eta_min, "eta_min")
        super().__init__(optimizer)

    def rates(self) -> list[float]:
        t, period = self.last_epoch, self.T_0
        if self.T_mult == 1:
            t %= period
        while t >= period:
            t, period = t - period, period * self.T_mult
        share = cosine(t, period)
        return [self.eta_min + (base - self.eta_min) * share for base in self.base_lrs]


def cosine(t: int, period: int) -> float:
    """½ (1 + cos(π t / period)): from 1 at t = 0 to 0 at the period."""
    return (1 + math.cos(math.pi * t / period)) / 2


class LinearLR(LRScheduler):
    """η_t = η₀ (s + (e − s) min(t, n) / n): a line from factor s to factor e in n calls; warm-up.

    Args:
        optimizer: whose rates are set.
        start_factor: s, above 0 and at most 1.
        end_factor: e, from 0 to 1.
        total_iters: n.

    >>> import autograd, nn
    >>> optimizer = nn.optim.SGD([autograd.Tensor([1.0])], lr=1.0)
    >>> schedule = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> [optimizer.lr] + [schedule.step() or optimizer.lr for _ in range(3)]
    [0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        self.start_factor = number(start_factor, "start_factor", high=1, above=True)
        self.end_factor = share(end_factor, "end_factor")
        self.total_iters = count(total_iters, "total_iters")
        super().__init__(optimizer)

    def factor(self, t: int) -> float:
        """The factor at t."""
        slope = (self.end_factor - self.start_factor) / self.total_iters
        return self.start_factor + slope * t

    def rates(self) -> list[float]:
        t = self.last_epoch
        if t > self.total_iters:
            return self.current()
        # By what changed since the last call, so that schedules can be multiplied.
        factor = self.factor(t) / self.factor(t - 1) if t else self.start_factor
        return [lr * factor for lr in self.current()]


class LambdaLR(LRScheduler):
    """η_t = η₀ f(t): a factor that you give as a function of t; any warm-up or decay.

    Args:
        optimizer: whose rates are set.
        lr_lambda: f, or a list of one per group. It is not part of `state_dict`.

    >>> import autograd, nn
    >>> optimizer = nn.optim.SGD([autograd.Tensor([1.0])], lr=1.0)
    >>> schedule = LambdaLR(optimizer, lambda t: min(1.0, (t + 1) / 4))
    >>> [optimizer.lr] + [schedule.step() or optimizer.lr for _ in range(4)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
    ) -> None:
        check_optimizer(optimizer, "LambdaLR")
        groups = len(optimizer.param_groups)
        given: list[Any] = [lr_lambda] * groups
        if isinstance(lr_lambda, list | tuple):
            given = list(lr_lambda)
        if len(given) != groups or not all(map(callable, given)):
            raise TypeError(
                f"lr_lambda is a function of t, or a list of {groups}, one per group, "
                f"got {lr_lambda!r:.60}"
            )
        self.lr_lambdas: list[Callable[[int], float]] = given
        super().__init__(optimizer)

    def rates(self) -> list[float]:
        pairs = zip(self.base_lrs, self.lr_lambdas, strict=True)
        return [base * f(self.last_epoch) for base, f in pairs]

    def state_dict(self) -> dict[str, Any]:
        return {name: x for name, x in super().state_dict().items() if name != "lr_lambdas"}


class SequentialLR(LRScheduler):
    """One schedule after another: the next one starts from its t = 0 at each milestone.

    Args:
        optimizer: whose rates are set.
        schedulers: the schedules, made on the same optimiser.
        milestones: when each but the first starts, rising.

    The module's own example is a linear warm-up, then a cosine.
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int]
    ) -> None:
        check_optimizer(optimizer, "SequentialLR")
        for what, several in (("schedules", schedulers), ("milestones", milestones)):
            if not isinstance(several, list | tuple):
                raise TypeError(f"SequentialLR takes a list of {what}, got {several!r:.60}")
        if not all(isinstance(each, LRScheduler) for each in schedulers):
            raise TypeError(f"SequentialLR takes a list of schedules, got {schedulers!r:.60}")
        self.schedulers = list(schedulers)
        self.milestones = [count(each, "a milestone") for each in milestones]
        if not self.schedulers or any(each.optimizer is not optimizer for each in self.schedulers):
            raise ValueError("SequentialLR takes one schedule or more, all of this optimiser")
        if len(self.milestones) != len(self.schedulers) - 1:
            raise ValueError(
                f"SequentialLR of {len(self.schedulers)} schedules expected "
                f"{len(self.schedulers) - 1} milestones, got {len(self.milestones)}"
            )
        if sorted(set(self.milestones)) != self.milestones:
            raise ValueError(f"milestones rise, got {self.milestones}")
        super().__init__(optimizer)

    def step(self) -> None:
        self.last_epoch += 1
        place = bisect_right(self.milestones, self.last_epoch)
        if place and self.milestones[place - 1] == self.last_epoch:
            self.schedulers[place].restart()
        else:
            self.schedulers[place].step()

    def restart(self) -> None:
        self.last_epoch = 0
        self.schedulers[0].restart()

    def _set(self) -> None:
        self.schedulers[0].restart()

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()
        return state | {"schedulers": [each.state_dict() for each in self.schedulers]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        mine = self.schedulers
        if not isinstance(state, Mapping) or len(state.get("schedulers", ())) != len(mine):
            raise ValueError(f"load_state_dict of SequentialLR expected {len(mine)} schedules")
        for each, theirs in zip(mine, state["schedulers"], strict=True):
            each.load_state_dict(theirs)
        super().load_state_dict({**state, "schedulers": mine})


# --- by what is measured ----------------------------------------


class ReduceLROnPlateau(LRScheduler):
    """η ← max(`factor` η, `min_lr`) when a measurement has not improved for `patience` calls.

    Args:
        optimizer: whose rates are set.
        mode: "min" or "max": which way is better.
        factor: what η is multiplied by, below 1.
        patience: how many calls in a row may bring no improvement.
        threshold, threshold_mode: what counts as one: better than best (1 ∓ threshold) under "rel",
            than best ∓ threshold under "abs".
        cooldown: calls after a reduction in which nothing is counted.
        min_lr: how low η may get; one number, or one per group.
        eps: a reduction by no more than this is not made.

    >>> import autograd, nn
    >>> optimizer = nn.optim.SGD([autograd.Tensor([1.0])], lr=1.0)
    >>> schedule = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> [schedule.step(loss) or optimizer.lr for loss in (3.0, 2.0, 2.0, 2.0, 1.0)]
    [1.0, 1.0, 1.0, 0.5, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        check_optimizer(optimizer, "ReduceLROnPlateau")
        self.mode = one_of(mode, ("min", "max"), "mode")
        self.factor = fraction(factor, "factor")
        self.patience = int(non_negative(patience, "patience"))
        self.threshold = non_negative(threshold, "threshold")
        self.threshold_mode = one_of(threshold_mode, ("rel", "abs"), "threshold_mode")
        self.cooldown = int(non_negative(cooldown, "cooldown"))
        self.min_lrs = per_group(min_lr, optimizer, "min_lr")
        self.eps = non_negative(eps, "eps")
        self.best = math.inf if self.mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = 0
        super().__init__(optimizer)

    def rates(self) -> list[float]:
        return self.current()

    def better(self, x: float) -> bool:
        """Whether x improves on the best so far."""
        sign = -1.0 if self.mode == "min" else 1.0
        part = sign * self.threshold
        bound = self.best * (1 + part) if self.threshold_mode == "rel" else self.best + part
        return sign * x > sign * bound

    def step(self, metrics: Any) -> None:  # type: ignore[override]
        """Note a measurement: a number, or a node of one."""
        x = float(metrics)
        self.last_epoch += 1
        if self.better(x):
            self.best, self.num_bad_epochs = x, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for group, least in zip(self.optimizer.param_groups, self.min_lrs, strict=False):
                lower = max(group["lr"] * self.factor, least)
                if group["lr"] - lower > self.eps:
                    group["lr"] = lower
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
