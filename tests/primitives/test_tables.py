"""The README's tables of kinks and of differences name every function that belongs in them."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import ELEMENTWISE, POINTS, singular_points

import autograd
import nn
from autograd import Tensor

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
STEP = 1e-6
Array = np.ndarray[Any, Any]
Function = Callable[..., Any]

SIGNS = {"floor_divide": "//", "remainder": "%", "pow": "**", "div": "/", "clip_between": "clip"}
"""Rows that the tables name by a sign, or by another name."""


def table(after: str) -> list[str]:
    """The first column of the table that follows a sentence of the README."""
    lines = README[README.index(after) :].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("|"))
    rows = list(itertools.takewhile(lambda line: line.startswith("|"), lines[start:]))
    assert len(rows) > 3, after
    return [re.split(r"(?<!\\)\|", row)[1] for row in rows[2:]]


def names(column: list[str]) -> set[str]:
    """The functions and signs that a column names in backticks."""
    found: set[str] = set()
    for quoted in re.findall(r"`([^`]+)`", " ".join(column)):
        found |= set(re.findall(r"(?:nn\.)?[A-Za-z_]\w*|\*\*|//|%|/", quoted))
    return found


KINKS = names(table("Where a function has a kink"))
DIFFERENCES = names(table("Deliberate differences from PyTorch"))


# --- where there is a kink ------------------------------------------------------------------------


class Case:
    """A function of some arrays, element by element, and the points at which it is looked at."""

    def __init__(self, name: str, function: Function, points: Any, slots: Any = None) -> None:
        self.name, self.function = name, function
        self.columns = [np.array(x) for x in zip(*points, strict=True)]
        self.slots = list(range(len(self.columns))) if slots is None else slots

    def __repr__(self) -> str:
        return self.name

    def value(self, columns: list[Array]) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(self.function(*columns), dtype=float)

    def orders(self) -> tuple[list[Array], list[Array], list[Array]]:
        """The value, the gradient and the Hessian, each as a list of arrays over the points."""
        xs = [Tensor(x) if i in self.slots else x for i, x in enumerate(self.columns)]
        chosen = [xs[slot] for slot in self.slots]
        with np.errstate(all="ignore"):
            out = self.function(*xs)
            out.backward(np.ones(out.shape), create_graph=True)
        firsts, seconds = [x.grad for x in chosen], []
        for first in firsts:
            for x in chosen:
                x.grad = None
            if first.requires_grad:
                first.backward(np.ones(first.shape))
            seconds += [np.zeros(x.shape) if x.grad is None else x.grad for x in chosen]
        return [out.data], [first.data for first in firsts], seconds

    def gradient(self, columns: list[Array]) -> list[Array]:
        xs = [Tensor(x) if i in self.slots else x for i, x in enumerate(columns)]
        with np.errstate(all="ignore"):
            out = self.function(*xs)
            out.backward(np.ones(out.shape))
        return [xs[slot].grad for slot in self.slots]

    def moved(self, slot: int, step: float) -> list[Array]:
        return [x + step if i == slot else x for i, x in enumerate(self.columns)]

    def has_kink(self) -> bool:
        """Whether a first or second derivative from one side is not that from the other, or none."""
        here, gradient = self.value(self.columns), self.gradient(self.columns)
        for slot in self.slots:
            right, left = self.moved(slot, STEP), self.moved(slot, -STEP)
            with np.errstate(all="ignore"):
                sides = [((self.value(right) - here) / STEP, (here - self.value(left)) / STEP)]
                pairs = zip(self.gradient(right), gradient, self.gradient(left), strict=True)
                sides += [((a - b) / STEP, (b - c) / STEP) for a, b, c in pairs]
                for one, other in sides:
                    smooth = np.abs(one - other) <= 1e-2 * (1 + np.abs(one))
                    if not (smooth & (np.abs(one) < 0.1 / STEP))[np.isfinite(here)].all():
                        return True
        return False


def ordinary(point: tuple[float, ...]) -> bool:
    return all(math.isfinite(x) and (x == 0 or 1e-3 < abs(x) < 10) for x in point)


def of_row(name: str) -> Case:
    row = autograd.registry[name]
    points = [p for p in singular_points(row) if ordinary(p)]
    points += list(itertools.product((0.0, 1.0, 0.5), repeat=row.arity or 1))
    slots = [slot for slot in range(row.arity or 1) if row.differentiable(slot)]
    return Case(name, row, list(dict.fromkeys(points)), slots)


ROWS = [
    of_row(name)
    for name in ELEMENTWISE
    if any(autograd.registry[name].derivatives)
    and name not in ("where", "patched", "track_moments")  # a mask has no derivative
]
LINE = [(x / 4,) for x in range(-16, 17)]
PLANE = [(x / 2, y) for x in range(-4, 5) for y in (-1.0, 1.0)]
ACTIVATIONS = [
    Case(f"nn.{name}", getattr(nn.functional, name), LINE)
    for name in (
        *("relu", "leaky_relu", "rrelu", "elu", "selu", "gelu", "hardtanh", "binary_step", "smht"),
        *("softplus", "swish", "silu", "mish", "sigmoid", "tanh"),
    )
]
ACTIVATIONS += [
    Case("nn.prelu", lambda x: nn.functional.prelu(x, 0.25), LINE),
    Case("nn.elu", lambda x: nn.functional.elu(x, 0.5), LINE),
]
GROUPS = [
    Case("max", lambda x, y: autograd.max(autograd.stack([x, y]), axis=0), PLANE),
    Case("min", lambda x, y: autograd.min(autograd.stack([x, y]), axis=0), PLANE),
    Case("norm", lambda x, y: autograd.norm(autograd.stack([x, y]), axis=0), [(0.0, 0.0)]),
    Case("std", lambda x, y: autograd.std(autograd.stack([x, y]), axis=0), [(1.0, 1.0)]),
    Case("var", lambda x, y: autograd.var(autograd.stack([x, y]), axis=0), PLANE),
    Case("prod", lambda x, y: autograd.prod(autograd.stack([x, y]), axis=0), PLANE),
    Case("logsumexp", lambda x, y: autograd.logsumexp(autograd.stack([x, y]), axis=0), PLANE),
    Case("sum_squares", lambda x, y: autograd.sum_squares(autograd.stack([x, y]), axis=0), PLANE),
    Case(
        "nn.maxout",
        lambda x, y: nn.functional.maxout(autograd.stack([x, y]), axis=0).reshape(-1),
        PLANE,
    ),
]
LOSSES = [
    Case(f"nn.{name}", lambda s, t, f=f: f(s, t, reduction="none"), PLANE, [0])
    for name in ("l1", "mse", "hinge", "huber", "perceptron_loss")
    for f in [getattr(nn, name)]
]
CASES = [*ROWS, *ACTIVATIONS, *GROUPS, *LOSSES]


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_a_function_with_a_kink_is_in_the_table(case: Case) -> None:
    if case.has_kink():
        name = SIGNS.get(case.name, case.name)
        assert name in KINKS, (
            f"{name} has a kink, and the README's table of kinks says nothing of it"
        )


def test_the_walk_finds_the_kinks_that_are_known_and_no_others() -> None:
    kinked = {case.name for case in CASES if case.has_kink()}
    assert {"relu", "abs", "clip_between", "hypot", "norm", "std", "max", "pow", "sqrt"} <= kinked
    assert {"xlogy", "kl_divergence", "nn.elu", "nn.hardtanh", "nn.l1", "nn.maxout"} <= kinked
    smooth = {"exp", "tanh", "softplus", "mul", "logaddexp", "erf", "var", "prod", "logsumexp"}
    assert not kinked & (smooth | {"sum_squares", "nn.gelu", "nn.mish", "nn.mse", "nn.silu"})


def test_every_row_and_activation_is_walked() -> None:
    walked = {case.name for case in CASES}
    rows = {name for name, row in autograd.registry.items() if row.family in ("diagonal", "row")}
    constant = {name for name in rows if not autograd.registry[name].differentiable(0)}
    assert rows - constant - walked <= {
        *("where", "patched", "track_moments", "sum", "mean", "centre")  # linear, or for a mask
    }


def test_the_table_of_kinks_says_something_of_both_orders() -> None:
    lines = README[README.index("Where a function has a kink") :].splitlines()
    rows = list(itertools.takewhile(lambda line: line.startswith("|"), lines[2:]))
    for row in rows:
        first, *orders = [part.strip() for part in row.strip("|").split("|")]
        assert len(orders) == 2, row
        assert all(orders), first


# --- where PyTorch has something else -------------------------------------------------------------


def counterparts(torch: Any) -> dict[str, tuple[Case, Function]]:
    """Our functions at all their singular points, and PyTorch's of the same name."""
    functional = torch.nn.functional
    same = {
        name: getattr(torch, name)
        for name in ELEMENTWISE
        if hasattr(torch, name) and name not in ("where", "floor_divide")
    }
    same |= {"clip_between": torch.clamp, "softplus": functional.softplus}
    found = {}
    for name, theirs in same.items():
        row = autograd.registry[name]
        if any(row.derivatives) and all(rule is not None for rule in row.derivatives):
            found[name] = (Case(name, row, singular_points(row)), theirs)
    for name in ("leaky_relu", "rrelu", "elu", "selu", "hardtanh", "gelu", "mish", "silu"):
        case = Case(f"nn.{name}", getattr(nn.functional, name), [(x,) for x in POINTS])
        found[case.name] = (case, getattr(functional, name))
    return found


def by_torch(torch: Any, case: Case, function: Function) -> tuple[list[Array], ...]:
    xs = [torch.tensor(x, requires_grad=True) for x in case.columns]

    def slopes(y: Any, again: bool) -> list[Any]:
        if not y.requires_grad:
            return [torch.zeros_like(x) for x in xs]
        each = torch.autograd.grad(
            y.sum(), xs, create_graph=again, retain_graph=True, allow_unused=True
        )
        return [torch.zeros_like(x) if g is None else g for x, g in zip(xs, each, strict=True)]

    out = function(*xs)
    firsts = slopes(out, True)
    seconds = [second for first in firsts for second in slopes(first, False)]
    return tuple([x.numpy(force=True) for x in each] for each in ([out], firsts, seconds))


def test_every_difference_from_pytorch_at_a_singular_point_is_in_the_table() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare with")
    missing = []
    for name, (case, function) in counterparts(torch).items():
        theirs = by_torch(torch, case, function)
        for order, (ours, other) in enumerate(zip(case.orders(), theirs, strict=True)):
            for x, y in zip(ours, other, strict=True):
                with np.errstate(all="ignore"):
                    same = (x == y) | (np.isnan(x) & np.isnan(y))
                    same |= np.abs(x - y) <= 1e-6 * np.abs(x) + 1e-12
                    if order == 2:  # no number is no number
                        same |= ~np.isfinite(x) & ~np.isfinite(y)
                if not same.all() and SIGNS.get(name, name) not in DIFFERENCES:
                    at = [column[~same][0].item() for column in case.columns]
                    missing.append(f"{name}{at}, order {order}: {x[~same][0]}, {y[~same][0]}")
    assert not missing


def test_at_the_tip_of_a_cone_pytorch_has_what_the_table_says() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare with")
    hessian, origin = torch.autograd.functional.hessian, torch.zeros(3, dtype=torch.float64)
    assert not torch.isfinite(hessian(torch.linalg.vector_norm, origin)).any()
    assert not hessian(lambda x: torch.std(x, correction=0), origin).any()
    assert "second derivatives of `std` where it is 0 | nan | 0 |" in README
    for row in (autograd.norm, autograd.std):
        assert np.isnan(autograd.hessian(row)(np.zeros(3))).all()
