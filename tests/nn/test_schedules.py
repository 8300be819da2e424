"""Schedules: the rates, and the trajectories, that PyTorch's schedules of the same names give."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor
from nn import schedules

# PyTorch's schedules warn where rates are looked at without steps between.
pytestmark = pytest.mark.filterwarnings("ignore:Detected call of:UserWarning")

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "step": ("StepLR", {"step_size": 7, "gamma": 0.5}),
    "milestones": ("MultiStepLR", {"milestones": [3, 20, 20, 31], "gamma": 0.5}),
    "exponential": ("ExponentialLR", {"gamma": 0.93}),
    "cosine": ("CosineAnnealingLR", {"T_max": 17, "eta_min": 0.001}),
    "cosine of one": ("CosineAnnealingLR", {"T_max": 1}),
    "cosine again and again": ("CosineAnnealingWarmRestarts", {"T_0": 6, "eta_min": 0.001}),
    "cosine ever longer": ("CosineAnnealingWarmRestarts", {"T_0": 5, "T_mult": 2}),
    "a function of t": ("LambdaLR", {"lr_lambda": lambda t: (1 + t / 9) ** -0.5}),
    "warm-up": ("LinearLR", {"start_factor": 0.1, "total_iters": 12}),
    "line down": ("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 30}),
    "triangle": ("CyclicLR", {"base_lr": 0.001, "max_lr": 0.02, "step_size_up": 8}),
    "uneven triangle": (
        "CyclicLR",
        {"base_lr": 0.001, "max_lr": 0.02, "step_size_up": 5, "step_size_down": 9},
    ),
    "halved triangle": (
        "CyclicLR",
        {"base_lr": 0.001, "max_lr": 0.02, "step_size_up": 6, "mode": "triangular2"},
    ),
    "exponential triangle": (
        "CyclicLR",
        {"base_lr": 0.0, "max_lr": 0.02, "step_size_up": 6, "mode": "exp_range", "gamma": 0.97},
    ),
    "still momentum": (
        "CyclicLR",
        {"base_lr": 0.001, "max_lr": 0.02, "step_size_up": 4, "cycle_momentum": False},
    ),
    "one cycle": ("OneCycleLR", {"max_lr": 0.03, "total_steps": 50}),
    "one cycle of lines": (
        "OneCycleLR",
        {"max_lr": 0.03, "epochs": 6, "steps_per_epoch": 10, "anneal_strategy": "linear"},
    ),
    "one cycle in three": (
        "OneCycleLR",
        {"max_lr": 0.03, "total_steps": 60, "three_phase": True, "pct_start": 0.4},
    ),
}


def pair(lr: float = 0.01, name: str = "SGD", **options: Any) -> tuple[Any, ...]:
    torch = pytest.importorskip("torch")
    start = np.array([[-0.5, 1.0], [0.25, 2.0]])
    mine, theirs = Tensor(start), torch.tensor(start, requires_grad=True)
    if name == "SGD":
        options = {"momentum": 0.9} | options
    ours = getattr(nn.optim, name)([mine], lr=lr, **options)
    other = getattr(torch.optim, name)([theirs], lr=lr, **options)
    return torch, mine, theirs, ours, other


def update(p: Any, optimizer: Any) -> None:
    optimizer.zero_grad()
    ((p - 1) ** 2 / 2 + (p * p) ** 2 / 8).sum().backward()
    optimizer.step()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("optimizer", ["SGD", "AdamW"])
def test_fifty_steps_under_a_schedule_are_pytorchs(name: str, optimizer: str) -> None:
    torch, mine, theirs, ours, other = pair(name=optimizer)
    kind, options = CASES[name]
    schedule = getattr(schedules, kind)(ours, **options)
    reference = getattr(torch.optim.lr_scheduler, kind)(other, **options)
    for _ in range(50):
        assert abs(ours.lr - other.param_groups[0]["lr"]) < 1e-12
        update(mine, ours)
        update(theirs, other)
        assert abs(mine.data - theirs.detach().numpy()).max() < 1e-10
        schedule.step()
        reference.step()
        for key in ("momentum", "betas"):
            if key in ours.param_groups[0]:
                assert np.allclose(
                    ours.param_groups[0][key], other.param_groups[0][key], rtol=0, atol=1e-12
                )
        assert np.allclose(schedule.get_last_lr(), reference.get_last_lr(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {"factor": 0.5, "patience": 2},
        {"factor": 0.1, "patience": 0, "cooldown": 3, "min_lr": 1e-4},
        {"mode": "max", "factor": 0.5, "patience": 1, "threshold": 0.1, "threshold_mode": "abs"},
        {"mode": "max", "factor": 0.5, "patience": 1, "threshold": 0.1},
        {"threshold_mode": "abs", "threshold": 0.3, "patience": 1},
    ],
)
@pytest.mark.parametrize("offset", [0.0, -3.0])
def test_a_plateau_is_noticed_when_pytorch_notices_it(
    options: dict[str, Any], offset: float
) -> None:
    torch, _, _, ours, other = pair()
    schedule = schedules.ReduceLROnPlateau(ours, **options)
    reference = torch.optim.lr_scheduler.ReduceLROnPlateau(other, **options)
    rng = np.random.default_rng(0)
    rates = set()
    for t in range(50):
        loss = offset + math.exp(-t / 5) + 0.3 * rng.uniform()
        schedule.step(loss)
        reference.step(loss)
        rates.add(ours.lr)
        assert abs(ours.lr - other.param_groups[0]["lr"]) < 1e-15
    assert len(rates) > 1


def test_a_loss_that_is_not_a_number_is_no_improvement() -> None:
    torch, _, _, ours, other = pair()
    schedule = schedules.ReduceLROnPlateau(ours, patience=1)
    reference = torch.optim.lr_scheduler.ReduceLROnPlateau(other, patience=1)
    for loss in (math.nan, math.nan, 1.0, math.nan, math.nan, math.inf):
        schedule.step(loss)
        reference.step(loss)
        assert abs(ours.lr - other.param_groups[0]["lr"]) < 1e-15


def test_a_triangle_is_the_assignments_formula() -> None:
    low, high, n = 1e-5, 1e-1, 5
    optimizer = nn.optim.SGD([Tensor([1.0])])
    schedule = schedules.CyclicLR(optimizer, low, high, step_size_up=n, cycle_momentum=False)
    for t in range(4 * n + 1):
        cycle = t // (2 * n)
        if 2 * cycle * n <= t <= (2 * cycle + 1) * n:
            rate = low + (t - 2 * cycle * n) / n * (high - low)
        else:
            rate = high - (t - (2 * cycle + 1) * n) / n * (high - low)
        assert abs(optimizer.lr - rate) < 1e-15
        assert optimizer.momentum == 0
        schedule.step()


def test_warm_up_and_then_a_cosine_and_a_fall_are_pytorchs() -> None:
    torch, _, _, ours, other = pair(lr=0.2)
    every: list[Any] = []
    for module, optimizer in ((schedules, ours), (torch.optim.lr_scheduler, other)):
        parts = [
            module.LinearLR(optimizer, start_factor=0.1, total_iters=5),
            module.CosineAnnealingLR(optimizer, T_max=20),
            module.StepLR(optimizer, step_size=4, gamma=0.5),
        ]
        every.append(module.SequentialLR(optimizer, parts, milestones=[5, 22]))
    for _ in range(40):
        assert abs(ours.lr - other.param_groups[0]["lr"]) < 1e-12
        for schedule in every:
            schedule.step()


def test_two_schedules_of_one_optimiser_multiply_as_pytorchs_do() -> None:
    torch, _, _, ours, other = pair(lr=0.2)
    every: list[Any] = []
    for module, optimizer in ((schedules, ours), (torch.optim.lr_scheduler, other)):
        every.append(module.LinearLR(optimizer, total_iters=6))
        every.append(module.CosineAnnealingLR(optimizer, T_max=9, eta_min=0.001))
        every.append(module.ExponentialLR(optimizer, gamma=0.97))
    for _ in range(50):
        for schedule in every:
            schedule.step()
        assert abs(ours.lr - other.param_groups[0]["lr"]) < 1e-12


def test_a_cosine_whose_rate_another_schedule_takes_below_its_end_stops_at_zero() -> None:
    optimizer = nn.optim.SGD([Tensor([1.0])], lr=0.1)
    every = [
        schedules.LinearLR(optimizer, 1.0, 0.0, total_iters=5),
        schedules.CosineAnnealingLR(optimizer, T_max=4, eta_min=0.02),
    ]
    for _ in range(30):
        for schedule in every:
            schedule.step()
        assert 0 <= optimizer.lr <= 0.1


def test_counts_may_be_numpys_whole_numbers() -> None:
    optimizer = nn.optim.SGD([Tensor([1.0])], lr=0.5)
    schedule = schedules.StepLR(optimizer, np.ceil(3.5), 0.5)
    schedule.load_state_dict(schedules.StepLR(optimizer, np.int64(4), 0.5).state_dict())
    assert schedule.step_size == 4


def test_each_group_has_its_own_rate() -> None:
    torch = pytest.importorskip("torch")
    ours = nn.optim.SGD([{"params": [Tensor([1.0])]}, {"params": [Tensor([1.0])], "lr": 0.5}], 0.1)
    leaves = [torch.ones(1, requires_grad=True) for _ in range(2)]
    other = torch.optim.SGD([{"params": leaves[:1]}, {"params": leaves[1:], "lr": 0.5}], 0.1)
    other.step()
    schedule = schedules.CosineAnnealingLR(ours, 10)
    reference = torch.optim.lr_scheduler.CosineAnnealingLR(other, 10)
    for _ in range(15):
        schedule.step()
        reference.step()
        assert np.allclose(schedule.get_last_lr(), reference.get_last_lr(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_a_schedule_goes_on_from_its_state(name: str) -> None:
    kind, options = CASES[name]
    make = getattr(schedules, kind)
    first = nn.optim.SGD([Tensor([1.0])], lr=0.01, momentum=0.9)
    second = nn.optim.SGD([Tensor([1.0])], lr=0.7, momentum=0.9)
    one, other = make(first, **options), make(second, **options)
    for _ in range(9):
        one.step()
    other.load_state_dict(pickle.loads(pickle.dumps(one.state_dict())))
    second.load_state_dict(first.state_dict())
    for _ in range(20):
        one.step()
        other.step()
        assert first.lr == second.lr


def test_copies_of_optimiser_and_schedule_stay_tied() -> None:
    optimizer = nn.optim.SGD([Tensor([1.0])], lr=0.8)
    pairs = (optimizer, schedules.ExponentialLR(optimizer, 0.5))
    for other, schedule in (copy.deepcopy(pairs), pickle.loads(pickle.dumps(pairs))):
        schedule.step()
        assert (other.lr, optimizer.lr) == (0.4, 0.8)


def test_one_cycle_says_when_it_is_over() -> None:
    schedule = schedules.OneCycleLR(nn.optim.Adam([Tensor([1.0])]), 0.1, total_steps=3)
    for _ in range(3):
        schedule.step()
    with pytest.raises(ValueError, match="made for 3 steps"):
        schedule.step()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda o: schedules.StepLR(1, 2), TypeError, "takes an optimiser, got int"),
        (lambda o: schedules.StepLR(o, 0), ValueError, "step_size is a whole number"),
        (lambda o: schedules.ExponentialLR(o, -1.0), ValueError, "gamma is finite and 0 or more"),
        (lambda o: schedules.CosineAnnealingLR(o, 2.5), TypeError, "T_max is a whole number"),
        (lambda o: schedules.CosineAnnealingLR(o, math.inf), TypeError, "T_max is a whole number"),
        (lambda o: schedules.LambdaLR(o, 0.9), TypeError, "lr_lambda is a function of t"),
        (lambda o: schedules.LinearLR(o, 0.0), ValueError, "start_factor is above 0, up to 1"),
        (lambda o: schedules.CyclicLR(o, 0.1, [1.0, 2.0]), ValueError, "expected 1 numbers"),
        (
            lambda o: schedules.CyclicLR(o, 0.1, 1.0, mode="saw"),
            ValueError,
            "mode is 'triangular', ",
        ),
        (lambda o: schedules.OneCycleLR(o, 0.1), ValueError, "needs total_steps"),
        (lambda o: schedules.OneCycleLR(o, 0.1, 5, pct_start=2), ValueError, "from 0 to 1, got 2"),
        (lambda o: schedules.ReduceLROnPlateau(o, factor=1.0), ValueError, "factor is from 0"),
        (lambda o: schedules.SequentialLR(o, [], []), ValueError, "one schedule or more"),
        (
            lambda o: schedules.CyclicLR(nn.optim.Adagrad(o.parameters), 0.1, 1.0),
            ValueError,
            "Adagrad has no momentum and no betas",
        ),
    ],
)
def test_bad_arguments_are_named(make: Any, error: type[Exception], message: str) -> None:
    optimizer = nn.optim.SGD([Tensor([1.0])], lr=0.3)
    with pytest.raises(error, match=message):
        make(optimizer)
    assert optimizer.lr == 0.3
