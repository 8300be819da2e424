"""Losses of scores against their formulas and PyTorch, with their kinks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value

rng = np.random.default_rng(0)
LOGITS = rng.normal(size=(5, 4))
CLASSES = np.array([0, 3, 1, 1, 2])
SIGNS = np.where(rng.random((5, 4)) < 0.5, -1, 1)


def gradient(loss: Any, prediction: Any, target: Any, **options: Any) -> tuple[float, Any]:
    """The value of a loss, and its derivative by the prediction."""
    x = Tensor(prediction)
    out = loss(x, target, **options)
    out.backward()
    return out.item(), x.grad


def test_hinge_is_max_of_0_and_1_minus_the_margin() -> None:
    value, grad = gradient(nn.hinge, LOGITS, SIGNS)
    assert np.isclose(value, np.maximum(0, 1 - SIGNS * LOGITS).mean(), atol=1e-15)
    assert np.allclose(grad, np.where(SIGNS * LOGITS < 1, -SIGNS, 0) / 20, atol=1e-15)


def test_hinge_takes_only_signs() -> None:
    with pytest.raises(ValueError, match="targets of -1 or 1, got 0"):
        nn.hinge(Tensor([1.0, 2.0]), [0, 1])


def test_hinge_takes_a_list_of_values() -> None:
    scores = [Value(0.5), Value(-2.0)]
    loss = nn.hinge(scores, [1, 1])
    loss.backward()
    assert loss.data == 1.75
    assert [s.grad for s in scores] == [-0.5, -0.5]


def test_a_bad_sign_is_named_with_its_place() -> None:
    for loss in (nn.hinge, nn.perceptron_loss):
        with pytest.raises(ValueError, match=r"targets of -1 or 1, got 0.5 at \[1, 0\]"):
            loss(Tensor([[1.0], [2.0]]), [[1.0], [0.5]])
        with pytest.raises(ValueError, match="got nan at"):
            loss(Tensor([1.0]), [math.nan])


# --- the perceptron's loss --------------------------------------------


def test_perceptron_loss_is_max_of_0_and_minus_t_s() -> None:
    value, grad = gradient(nn.perceptron_loss, LOGITS, SIGNS)
    assert np.isclose(value, np.maximum(0, -SIGNS * LOGITS).mean(), atol=1e-15)
    assert np.allclose(grad, np.where(SIGNS * LOGITS < 0, -SIGNS, 0) / 20, atol=1e-15)


@pytest.mark.parametrize(
    ("at_zero", "slopes"),
    [(0.0, [0.0, 0.0]), (1.0, [-1.0, 1.0]), (0.25, [-0.25, 0.25]), ("mistake", [-1.0, 0.0])],
)
def test_the_subgradient_at_0_can_be_chosen(at_zero: Any, slopes: list[float]) -> None:
    s, t = [0.0, 0.0, 2.0, -3.0, 2.0, -3.0], [1, -1, 1, 1, -1, -1]
    value, grad = gradient(nn.perceptron_loss, s, t, reduction="sum", at_zero=at_zero)
    assert value == 3 + 2
    assert grad.tolist() == [*slopes, 0.0, -1.0, 1.0, 0.0]
    values = autograd.values(s)
    nn.perceptron_loss(values, t, reduction="sum", at_zero=at_zero).backward()
    assert [v.grad for v in values] == grad.tolist()
    one = Value(0.0)
    nn.perceptron_loss(one, 1, at_zero=at_zero).backward()
    assert one.grad == slopes[0]


def test_sgd_on_the_perceptron_loss_is_rosenblatts_rule_from_w_equal_0() -> None:
    x = np.array([[1.0, 2.0], [2.0, -1.0], [-1.0, -1.0], [-2.0, 0.5], [0.5, 0.5]])
    t = np.array([1, 1, -1, -1, -1])
    w, by_hand = Tensor([0.0, 0.0]), np.zeros(2)
    for _ in range(4):
        for xi, ti in zip(x, t, strict=True):
            if (1 if by_hand @ xi > 0 else -1) != ti:
                by_hand = by_hand + ti * xi
            w.grad = None
            nn.perceptron_loss(w @ xi, ti, at_zero="mistake").backward()
            w.data = w.data - w.grad
            assert w.data.tolist() == by_hand.tolist()
    assert by_hand.any()


def test_bad_choices_at_0_are_named() -> None:
    for wrong in (1.5, -0.1, "both"):
        with pytest.raises(ValueError, match=r"at_zero .*from 0 to 1"):
            nn.perceptron_loss([1.0], [1], at_zero=wrong)


# --- several classes --------------------------------------------


def test_multiclass_hinge_is_the_sum_over_the_other_classes() -> None:
    losses = nn.multiclass_hinge(LOGITS, CLASSES, reduction="none")
    for row, c, loss in zip(LOGITS, CLASSES, losses, strict=True):
        assert np.isclose(loss, sum(max(0, row[j] - row[c] + 1) for j in range(4) if j != c))


def test_multiclass_hinge_has_derivative_0_on_its_edge() -> None:
    _, grad = gradient(nn.multiclass_hinge, [[1.0, 0.0, 0.5]], [0], reduction="sum")
    assert grad.tolist() == [[-1.0, 0.0, 1.0]]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    "options", [{}, {"p": 2}, {"margin": 0.3}, {"weight": np.array([1.0, 0.5, 2.0, 0.0]), "p": 2}]
)
def test_multi_margin_loss_equals_pytorchs(options: dict[str, Any], reduction: str) -> None:
    torch = pytest.importorskip("torch")
    of_torch = {k: torch.tensor(v) if k == "weight" else v for k, v in options.items()}
    x, theirs = Tensor(LOGITS), torch.tensor(LOGITS, requires_grad=True)
    out = nn.MultiMarginLoss(**options, reduction=reduction)(x, CLASSES)
    expected = torch.nn.MultiMarginLoss(**of_torch, reduction=reduction)(
        theirs, torch.tensor(CLASSES)
    )
    assert np.allclose(out.numpy(), expected.detach().numpy(), atol=1e-14)
    autograd.sum(out).backward()
    expected.sum().backward()
    assert np.allclose(x.grad, theirs.grad.numpy(), atol=1e-15)
    ours = nn.multiclass_hinge(LOGITS, CLASSES, reduction, **options)
    assert np.allclose(ours, 4 * out.numpy(), atol=1e-14)


@pytest.mark.parametrize(
    ("target", "options", "error", "message"),
    [
        ([0, 1, 2, 3, 4], {}, ValueError, r"from 0 to 3, got 4 at \[4\]"),
        ([0.0] * 5, {}, TypeError, "integer class indices, got float64"),
        ([0, 1], {}, ValueError, r"shape \(5,\).*got \(2,\)"),
        (CLASSES, {"p": 3}, ValueError, "p of multiclass_hinge is 1 or 2, got 3"),
        (CLASSES, {"margin": "a"}, TypeError, "margin .* is a number, got str"),
        (CLASSES, {"weight": [1.0]}, ValueError, "one weight for each of 4 classes"),
    ],
)
def test_bad_arguments_of_multiclass_hinge_are_named(
    target: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        nn.multiclass_hinge(Tensor(LOGITS), target, **options)
