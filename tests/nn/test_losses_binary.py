"""Losses of yes-or-no questions against their formulas, finite differences and PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value

rng = np.random.default_rng(0)
LOGITS = 3 * rng.normal(size=(5, 4))
Y = rng.uniform(0.02, 0.98, size=(5, 4))
CERTAIN = (rng.random((5, 4)) < 0.5).astype(float)
D = np.where(rng.random((5, 4)) < 0.5, rng.random((5, 4)), CERTAIN)

FROM_PROBABILITIES = (nn.binary_cross_entropy, nn.binary_kl_divergence)
FROM_LOGITS = (nn.binary_cross_entropy_with_logits, nn.binary_kl_divergence_with_logits)
probabilities = pytest.mark.parametrize("loss", FROM_PROBABILITIES)
every = pytest.mark.parametrize("loss", FROM_PROBABILITIES + FROM_LOGITS)


def gradient(loss: Any, prediction: Any, target: Any, **options: Any) -> tuple[float, Any]:
    """The value of a loss, and its derivative by the prediction."""
    x = Tensor(prediction)
    out = loss(x, target, **options)
    out.backward()
    return out.item(), x.grad


def entropy(d: float) -> float:
    """−d ln d − (1 − d) ln(1 − d)."""
    return -sum(p * math.log(p) for p in (d, 1 - d) if p)


def sigmoid(z: Any) -> Any:
    """1 / (1 + e⁻ᶻ) for logits that are not large."""
    return 1 / (1 + np.exp(-z))


# --- formulas --------------------------------------------


def test_binary_cross_entropy_is_its_formula_over_elements() -> None:
    value, grad = gradient(nn.binary_cross_entropy, Y, D)
    assert np.isclose(value, -(D * np.log(Y) + (1 - D) * np.log(1 - Y)).mean(), atol=1e-14)
    assert np.allclose(grad, ((1 - D) / (1 - Y) - D / Y) / 20, atol=1e-14)


def test_binary_kl_adds_the_targets_own_terms() -> None:
    losses = nn.binary_kl_divergence(Y, D, reduction="none")
    for y, d, loss in zip(Y.flat, D.flat, losses.flat, strict=True):
        printed = -d * math.log(y) - (1 - d) * math.log(1 - y)
        assert math.isclose(loss, printed - entropy(d), abs_tol=1e-14)


def test_binary_kl_and_binary_cross_entropy_have_one_gradient() -> None:
    kl, same = gradient(nn.binary_kl_divergence, Y, D)
    ce, grad = gradient(nn.binary_cross_entropy, Y, D)
    assert np.allclose(same, grad, atol=1e-16)
    assert np.isclose(ce - kl, np.mean([entropy(d) for d in D.flat]), atol=1e-14)


def test_binary_kl_and_binary_cross_entropy_coincide_for_targets_of_0_and_1() -> None:
    assert np.isclose(
        nn.binary_kl_divergence(Y, CERTAIN), nn.binary_cross_entropy(Y, CERTAIN), atol=1e-15
    )
    kl, ce = (loss(LOGITS, CERTAIN) for loss in FROM_LOGITS)
    assert kl == ce


def test_binary_kl_is_0_exactly_at_y_equal_d() -> None:
    losses = nn.binary_kl_divergence(D, D, reduction="none")
    assert not losses.any()


def test_binary_kl_is_kl_of_two_classes() -> None:
    both = nn.kl_divergence(np.stack([Y, 1 - Y], -1), np.stack([D, 1 - D], -1), reduction="none")
    assert np.allclose(nn.binary_kl_divergence(Y, D, reduction="none"), both, atol=1e-14)


def test_the_arguments_are_not_alike() -> None:
    for loss in FROM_PROBABILITIES:
        assert not np.isclose(loss([0.9], [0.5]), loss([0.5], [0.9]))


@pytest.mark.parametrize(
    ("of_logits", "of_y"), list(zip(FROM_LOGITS, FROM_PROBABILITIES, strict=True))
)
def test_from_logits_is_the_same_after_the_sigmoid(of_logits: Any, of_y: Any) -> None:
    value, grad = gradient(of_logits, LOGITS, D)
    assert np.isclose(value, of_y(sigmoid(LOGITS), D), atol=1e-14)
    assert np.allclose(grad, (sigmoid(LOGITS) - D) / 20, atol=1e-15)


# --- PyTorch --------------------------------------------

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "weights": {"weight": rng.random((5, 4))},
    "weights of columns": {"weight": rng.random(4)},
}
OF_POSITIVES = {"pos_weight": np.array([1.0, 3.0, 0.5, 2.0])}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_binary_cross_entropy_equals_pytorchs(options: dict[str, Any], reduction: str) -> None:
    torch = pytest.importorskip("torch")
    compare(nn.BCELoss, torch.nn.BCELoss, Y, options, reduction)
    compare(nn.BCEWithLogitsLoss, torch.nn.BCEWithLogitsLoss, LOGITS, options, reduction)
    compare(
        nn.BCEWithLogitsLoss,
        torch.nn.BCEWithLogitsLoss,
        LOGITS,
        options | OF_POSITIVES,
        reduction,
    )


def compare(ours: Any, theirs: Any, x: Any, options: dict[str, Any], reduction: str) -> None:
    """Value and gradient of two modules."""
    torch = pytest.importorskip("torch")
    t, u = Tensor(x), torch.tensor(x, requires_grad=True)
    out = ours(reduction=reduction, **options)(t, D)
    of_torch = {key: torch.tensor(value) for key, value in options.items()}
    expected = theirs(reduction=reduction, **of_torch)(u, torch.tensor(D))
    assert np.allclose(out.numpy(), expected.detach().numpy(), atol=1e-13)
    autograd.sum(out).backward()
    expected.sum().backward()
    assert np.allclose(t.grad, u.grad.numpy(), rtol=1e-12, atol=1e-14)


# --- the ends --------------------------------------------


@probabilities
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_right_certainty_costs_exactly_nothing(loss: Any, dtype: Any) -> None:
    y = Tensor([0.0, 1.0], dtype=dtype)
    out = loss(y, [0.0, 1.0], reduction="none")
    assert out.numpy().tolist() == [0.0, 0.0]
    assert not np.signbit(out.numpy()).any()
    autograd.sum(out).backward()
    # The term with the factor 0 adds nothing; the other has the derivative 1/(1 − y), or −1/y.
    assert y.grad.tolist() == [1.0, -1.0]
    values = autograd.values([0.0, 1.0])
    loss(values, [0.0, 1.0], reduction="sum").backward()
    assert [v.grad for v in values] == [1.0, -1.0]


@probabilities
def test_a_wrong_certainty_is_infinite(loss: Any) -> None:
    losses = loss(Tensor([0.0, 1.0, 0.0, 1.0]), [1.0, 0.0, 0.5, 0.5], reduction="none")
    assert losses.numpy().tolist() == [math.inf] * 4
    assert loss(Value(0.0), 0.5).data == math.inf


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_logits_of_1000_give_the_right_value_and_gradient(dtype: Any) -> None:
    z = np.array([1000.0, 1000.0, 1000.0, -1000.0, -1000.0, -1000.0])
    d = np.array([0.0, 0.25, 1.0, 0.0, 0.25, 1.0])
    for loss, expected in (
        (FROM_LOGITS[0], [1000.0, 750.0, 0.0, 0.0, 250.0, 1000.0]),
        (FROM_LOGITS[1], [1000.0, 750.0 - entropy(0.25), 0.0, 0.0, 250.0 - entropy(0.25), 1000.0]),
    ):
        x = Tensor(z, dtype=dtype)
        out = loss(x, d, reduction="none")
        assert np.allclose(
            out.numpy(), expected, rtol=1e-7 if dtype is np.float32 else 1e-15, atol=0
        )
        autograd.sum(out).backward()
        assert x.grad.tolist() == [1.0, 0.75, 0.0, 0.0, -0.25, -1.0]
        assert out.dtype == x.grad.dtype == dtype


def test_a_right_logit_keeps_its_digits() -> None:
    """ln(1 + e⁻⁴⁰) = e⁻⁴⁰ to 17 digits, where 1 − σ(40) is rounded to 0."""
    value, grad = gradient(nn.binary_cross_entropy_with_logits, [40.0], [1.0])
    assert math.isclose(value, math.exp(-40), rel_tol=1e-14)
    assert math.isclose(grad[0], -math.exp(-40), rel_tol=1e-14)


# --- checks --------------------------------------------


@every
@pytest.mark.parametrize("wrong", [-0.1, 1.5, math.nan])
def test_a_target_outside_0_and_1_is_named(loss: Any, wrong: float) -> None:
    d = CERTAIN.copy()
    d[3, 2] = wrong
    with pytest.raises(ValueError, match=rf"targets from 0 to 1, got {wrong:g} at \[3, 2\]"):
        loss(Tensor(Y), d)
    with pytest.raises(ValueError, match=f"got {wrong:g}$"):
        loss(Value(0.5), wrong)


@probabilities
def test_logits_by_mistake_are_told_so(loss: Any) -> None:
    with pytest.raises(ValueError, match=r"got 3 at \[1\]; from logits there is .*_with_logits"):
        loss(Tensor([0.5, 3.0]), [1.0, 0.0])
    with pytest.raises(ValueError, match="got -2"):
        loss(Value(-2.0), 0.5)
    with pytest.raises(ValueError, match=r"got 5 at \[0\]"):  # ln 5 would make the loss negative
        loss(Tensor([5.0, 0.5]), [1.0, 1.0])


@probabilities
def test_finite_differences_can_be_taken_at_probabilities_of_0_and_1(loss: Any) -> None:
    autograd.gradcheck(lambda y: loss(y, [0.0, 1.0]), [np.array([0.0, 1.0])])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"weight": np.ones(3)}, ValueError, r"weight that broadcasts to .*\(5, 4\), got \(3,\)"),
        ({"weight": np.ones((2, 5, 4))}, ValueError, r"got \(2, 5, 4\)"),
        ({"pos_weight": [1.0, 1.0, -1.0, 1.0]}, ValueError, r"0 or more, got -1 at \[2\]"),
        ({"weight": Tensor([1.0])}, TypeError, "plain numbers, got Tensor"),
    ],
)
def test_bad_weights_are_named(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        nn.binary_cross_entropy_with_logits(Tensor(LOGITS), D, **options)
