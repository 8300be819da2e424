"""The rows against PyTorch, where it is installed; and every place where the two differ, on purpose."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numerics import check_close, weights
from samples import ALL, Sample

import autograd
from autograd import Tensor

torch = pytest.importorskip("torch")
COUNTERPARTS = importlib.import_module("counterparts").COUNTERPARTS
F = torch.nn.functional
inf, nan = math.inf, math.nan


def comparable(sample: Sample) -> bool:
    """Whether PyTorch has this call, and no difference below is about it."""
    if sample.primitive not in COUNTERPARTS or not sample.slots:
        return False
    if sample.options.get("ties", "share") == "first":
        return False
    if sample.options.get("axis", None) == ():  # PyTorch takes () for all axes
        return False
    empty = any(np.size(x) == 0 for x in sample.arrays)
    if empty and sample.primitive in ("max", "min", "logsumexp", "std", "var", "einsum_all"):
        return False
    at_zero = sample.primitive in ("hypot", "xlogy", "xlog1py") and not sample.smooth
    fixed_bounds = sample.primitive in ("clip_between", "where") and len(sample.slots) == 1
    stretched = sample.primitive == "einsum_all" and "(1,)" in sample.title
    return not (at_zero or fixed_bounds or stretched)


def torch_tensor(x: Any, tracked: bool) -> Any:
    """An argument as a float64 tensor of PyTorch's; masks and plain numbers as they are."""
    if not isinstance(x, np.ndarray | list):
        return torch.tensor(x, dtype=torch.float64)
    x = np.asarray(x)
    return torch.tensor(x, requires_grad=tracked)


COMPARABLE = [sample for sample in ALL if comparable(sample)]


def test_most_samples_are_compared() -> None:
    assert len(COMPARABLE) > 0.5 * len(ALL)


@pytest.mark.parametrize("sample", COMPARABLE, ids=repr)
def test_a_row_is_pytorchs_to_second_order(sample: Sample) -> None:
    theirs = [torch_tensor(x, slot in sample.slots) for slot, x in enumerate(sample.arguments)]
    options = {key: option for key, option in sample.options.items() if key != "ties"}
    their_out = COUNTERPARTS[sample.primitive](*theirs, **options)
    seed = weights(tuple(their_out.shape))
    tracked = [theirs[slot] for slot in sample.slots]
    their_firsts = torch.autograd.grad(
        their_out, tracked, torch.tensor(seed), create_graph=True, materialize_grads=True
    )

    ours = [Tensor(x) for x in sample.arrays]
    out = sample(*ours)
    out.backward(seed, create_graph=True)
    firsts = [t.grad for t in ours]
    check_close(out.data, their_out.numpy(force=True), 1e-12)
    for one, other in zip(firsts, their_firsts, strict=True):
        check_close(one.data, other.numpy(force=True), 1e-11)
    if not sample.smooth or sample.title == "zero exponent":
        return
    total, their_total = (
        sum((g * g).sum() for g in firsts),
        sum((g * g).sum() for g in their_firsts),
    )
    if not (total.requires_grad and their_total.requires_grad):
        return
    for t in ours:
        t.grad = None
    total.backward()
    their_seconds = torch.autograd.grad(their_total, tracked, materialize_grads=True)
    for t, other in zip(ours, their_seconds, strict=True):
        check_close(np.zeros(t.shape) if t.grad is None else t.grad, other.numpy(force=True), 1e-10)


# --- the differences ------------------------------------------------------------------------------


def ours(function: Callable[..., Any], *points: Any) -> tuple[Any, list[Any]]:
    """Value and gradients here."""
    inputs = [Tensor(x) for x in points]
    with np.errstate(all="ignore"):
        out = function(*inputs)
    out.backward(np.ones(out.shape))
    return out.data.tolist(), [x.grad.tolist() for x in inputs]


def pytorchs(function: Callable[..., Any], *points: Any) -> tuple[Any, list[Any]]:
    """Value and gradients in PyTorch."""
    inputs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in points]
    out = function(*inputs)
    out.backward(torch.ones_like(out))
    return out.tolist(), [x.grad.tolist() for x in inputs]


DIFFERENCES = [
    (
        "a tie along an axis is shared; torch.max(dim=) gives one element all of it",
        (lambda x: autograd.max(x, axis=0), lambda x: torch.max(x, 0).values),
        ([1.0, 3.0, 3.0],),
        ((3, [[0, 0.5, 0.5]]), (3, [[0, 1, 0]])),
    ),
    (
        "hypot at the origin",
        (autograd.hypot, torch.hypot),
        (0.0, 0.0),
        ((0, [0, 0]), (0, [nan, nan])),
    ),
    (
        "abs at nan has the derivative nan",
        (autograd.abs, torch.abs),
        (nan,),
        ((nan, [nan]), (nan, [0])),
    ),
    (
        "sign of nan is nan, as in NumPy",
        (autograd.sign, torch.sign),
        (nan,),
        ((nan, [0]), (0, [0])),
    ),
    (
        "relu at nan has the derivative 0",
        (autograd.relu, torch.relu),
        (nan,),
        ((nan, [0]), (nan, [1])),
    ),
    (
        "maximum with a nan passes nothing on",
        (autograd.maximum, torch.maximum),
        (1.0, nan),
        ((nan, [0, 0]), (nan, [1, 1])),
    ),
    (
        "clip at a bound has derivative 1; hardtanh has 0, though torch.clamp has 1",
        (lambda x: autograd.clip(x, -1, 1), F.hardtanh),
        ([-1.0, 1.0],),
        (([-1, 1], [[1, 1]]), ([-1, 1], [[0, 0]])),
    ),
    (
        "with equal bounds the derivative goes to the bound that was hit",
        (autograd.clip, torch.clamp),
        (0.0, 1.0, 1.0),
        ((1, [0, 1, 0]), (1, [0, 0, 0])),
    ),
    (
        "the norm does not overflow",
        (autograd.norm, torch.linalg.vector_norm),
        ([3e200, 4e200],),
        ((5e200, [[0.6, 0.8]]), (inf, [[0, 0]])),
    ),
    (
        "prod with an infinite factor has the other factors' product as its derivative there",
        (autograd.prod, torch.prod),
        ([inf, 2.0, 3.0],),
        ((inf, [[6, inf, inf]]), (inf, [[nan, inf, inf]])),
    ),
    (
        "prod that underflows has the gradient that does not",
        (autograd.prod, torch.prod),
        ([1e-200, 1e-200],),
        ((0, [[1e-200, 1e-200]]), (0, [[0, 0]])),
    ),
    (
        "arctan2 near the origin does not underflow",
        (autograd.arctan2, torch.arctan2),
        (0.0, 1e-300),
        ((0, [1e300, 0]), (0, [0, 0])),
    ),
    (
        "a class with probability 0 that is not the target costs 0",
        (
            lambda x: autograd.softmax_cross_entropy(x, np.array([0.0, 1.0])),
            lambda x: F.cross_entropy(x, torch.tensor([0.0, 1.0], dtype=torch.float64)),
        ),
        ([-inf, 0.0],),
        ((0, [[0, 0]]), (nan, [[0, 0]])),
    ),
    (
        "std and var divide by n, as in NumPy",
        (autograd.var, torch.var),
        ([0.0, 2.0],),
        ((1, [[-1, 1]]), (2, [[-2, 2]])),
    ),
]


@pytest.mark.parametrize(
    ("functions", "points", "expected"),
    [row[1:] for row in DIFFERENCES],
    ids=[row[0] for row in DIFFERENCES],
)
def test_the_difference_from_pytorch_is_the_documented_one(
    functions: Any, points: Any, expected: Any
) -> None:
    for measure, function, (out, gradient) in zip(
        (ours, pytorchs), functions, expected, strict=True
    ):
        actual_out, actual_gradient = measure(function, *points)
        np.testing.assert_allclose(actual_out, out, rtol=1e-12)
        np.testing.assert_allclose(actual_gradient, gradient, rtol=1e-12)


def test_softplus_is_exact_beyond_20_where_pytorchs_is_the_identity() -> None:
    x = 21.0
    assert autograd.softplus(x) - x == pytest.approx(math.exp(-x), rel=1e-5)
    assert F.softplus(torch.tensor(x, dtype=torch.float64)).item() - x == 0.0


def test_floor_division_has_derivative_0_where_pytorch_has_none() -> None:
    assert ours(lambda x, y: x // y, 7.0, 2.0) == (3.0, [0.0, 0.0])
    with pytest.raises(RuntimeError, match="derivative for aten::floor_divide is not implemented"):
        pytorchs(lambda x, y: x // y, 7.0, 2.0)


def test_the_second_derivative_of_a_zeroth_power_at_0_is_0_where_pytorchs_is_nan() -> None:
    assert autograd.hessian(lambda x: x**0.0)(0.0) == 0
    theirs = torch.autograd.functional.hessian(lambda x: x ** torch.tensor(0.0), torch.tensor(0.0))
    assert theirs.isnan()


def test_the_second_derivative_of_the_norm_at_0_is_nan_as_pytorchs() -> None:
    assert np.isnan(autograd.hessian(autograd.norm)(np.zeros(2))).all()
    theirs = torch.autograd.functional.hessian(torch.linalg.vector_norm, torch.zeros(2))
    assert torch.isnan(theirs).all()


SAME = [
    ("a tie of maximum is halved", autograd.maximum, torch.maximum, (1.0, 1.0)),
    ("a tie of max over all is shared", autograd.max, torch.max, ([3.0, 3.0, 1.0],)),
    ("a tie of max is shared, as by amax", autograd.max, torch.amax, ([3.0, 3.0, 1.0],)),
    ("relu at 0", autograd.relu, torch.relu, (0.0,)),
    ("abs at 0", autograd.abs, torch.abs, (0.0,)),
    ("sqrt at 0", autograd.sqrt, torch.sqrt, (0.0,)),
    ("0 ** 0", autograd.pow, torch.pow, (0.0, 0.0)),
    ("0 ** 2", autograd.pow, torch.pow, (0.0, 2.0)),
    ("0 ** −1", autograd.pow, torch.pow, (0.0, -1.0)),
    ("(−2) ** 2", autograd.pow, torch.pow, (-2.0, 2.0)),
    ("arctan2 at the origin", autograd.arctan2, torch.arctan2, (0.0, 0.0)),
    ("norm at 0", autograd.norm, torch.linalg.vector_norm, ([0.0, 0.0],)),
    ("std of a constant", lambda x: autograd.std(x, ddof=1), torch.std, ([2.0, 2.0],)),
    ("prod with zeros", autograd.prod, torch.prod, ([0.0, 2.0, 0.0],)),
    (
        "clip at its bounds",
        lambda x: autograd.clip(x, 0, 1),
        lambda x: x.clamp(0, 1),
        ([0.0, 1.0],),
    ),
    ("the remainder", autograd.remainder, torch.remainder, (-7.5, 2.0)),
    ("logaddexp of infinities", autograd.logaddexp, torch.logaddexp, (inf, inf)),
]


@pytest.mark.parametrize("case", SAME, ids=[row[0] for row in SAME])
def test_the_convention_is_pytorchs(case: tuple[str, Any, Any, Any]) -> None:
    _, here, there, points = case
    out, gradient = ours(here, *points)
    their_out, their_gradient = pytorchs(there, *points)
    np.testing.assert_allclose(out, their_out, rtol=1e-15)
    np.testing.assert_allclose(gradient, their_gradient, rtol=1e-15)
