"""Cross-entropy, the KL divergence and smooth labels against their formulas and PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor

rng = np.random.default_rng(0)
LOGITS = rng.normal(size=(5, 4))
CLASSES = np.array([0, 3, 1, 1, 2])
DISTRIBUTIONS = rng.dirichlet(np.ones(4), size=5)
PROBABILITIES = rng.dirichlet(np.ones(4), size=5)


def gradient(loss: Any, prediction: Any, target: Any, **options: Any) -> tuple[float, Any]:
    """The value of a loss, and its derivative by the prediction."""
    x = Tensor(prediction)
    out = loss(x, target, **options)
    out.backward()
    return out.item(), x.grad


# --- cross-entropy --------------------------------------------


def test_cross_entropy_is_minus_log_softmax_and_its_derivative_p_minus_d() -> None:
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    value, grad = gradient(nn.cross_entropy, LOGITS, CLASSES)
    assert np.isclose(value, -np.log(p[np.arange(5), CLASSES]).mean(), atol=1e-14)
    assert np.allclose(grad, (p - np.eye(4)[CLASSES]) / 5, atol=1e-15)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("target", [CLASSES, DISTRIBUTIONS], ids=["classes", "distributions"])
def test_cross_entropy_equals_pytorchs(target: Any, reduction: str) -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.tensor(LOGITS, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(theirs, torch.tensor(target), reduction=reduction)
    loss.backward()
    value, grad = gradient(nn.cross_entropy, LOGITS, target, reduction=reduction)
    assert np.isclose(value, loss.item(), atol=1e-13)
    assert np.allclose(grad, theirs.grad.numpy(), atol=1e-14)


def test_cross_entropy_is_stable_at_large_logits() -> None:
    value, grad = gradient(nn.cross_entropy, [[1000.0, -1000.0], [-1000.0, 1000.0]], [0, 0])
    assert value == 1000.0
    assert math.copysign(1, nn.cross_entropy([1000.0, -1000.0], 0)) == 1  # 0, and not −0
    assert grad.tolist() == [[0.0, 0.0], [-0.5, 0.5]]


@pytest.mark.parametrize("classes", [127, 128, 129, 5000])
def test_many_classes_are_no_different(classes: int) -> None:
    z, c = rng.normal(size=(3, 2, classes)), rng.integers(0, classes, size=(3, 2))
    losses = nn.cross_entropy(z, c, "none")
    for place in np.ndindex(3, 2):
        assert np.isclose(losses[place], np.log(np.exp(z[place]).sum()) - z[place][c[place]])
    assert nn.cross_entropy(z[0, 0], c[0, 0]) == losses[0, 0]


def test_logits_may_be_whole_numbers() -> None:
    assert np.isclose(nn.cross_entropy([1, 2, 3], 0), np.log(1 + np.e + np.e**2), atol=1e-14)


def test_distributions_may_be_given_as_whole_numbers() -> None:
    one_hot = np.eye(4, dtype=int)[CLASSES]
    assert (
        gradient(nn.cross_entropy, LOGITS, one_hot)[0]
        == gradient(nn.cross_entropy, LOGITS, CLASSES)[0]
    )


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        ([0, 1, 2, 3, 4], ValueError, r"indices from 0 to 3, got 4 at \[4\]"),
        ([0, -1, 2, 3, 0], ValueError, r"indices from 0 to 3, got -1 at \[1\]"),
        ([0.0, 1.0, 2.0, 3.0, 0.0], TypeError, "integer class indices, got float64"),
        ([True] * 5, TypeError, "integer class indices, got bool"),
        ([0, 1], ValueError, r"shape \(5,\) or distributions of shape \(5, 4\), got \(2,\)"),
        (["a"] * 5, TypeError, "real numbers"),
    ],
)
def test_bad_classes_are_refused(target: Any, error: type[Exception], message: str) -> None:
    x = Tensor(LOGITS)
    with pytest.raises(error, match=message):
        nn.cross_entropy(x, target)
    assert x.grad is None


def test_a_class_out_of_range_for_one_instance_is_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 3, got 9"):
        nn.cross_entropy(Tensor(LOGITS[0]), 9)
    with pytest.raises(ValueError, match="got one number"):
        nn.cross_entropy(Tensor(1.0), 0)


# --- KL and L2 divergence --------------------------------------------


def test_kl_divergence_equals_its_formula_and_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    d, y = DISTRIBUTIONS, PROBABILITIES
    value, grad = gradient(nn.kl_divergence, y, d)
    assert np.isclose(value, (d * np.log(d / y)).sum(axis=1).mean(), atol=1e-14)
    assert np.allclose(grad, -d / y / 5, atol=1e-14)
    theirs = torch.nn.functional.kl_div(
        torch.tensor(y).log(), torch.tensor(d), reduction="batchmean"
    )
    assert np.isclose(value, theirs.item(), atol=1e-14)


def test_kl_divergence_is_0_at_y_equal_d_where_its_derivative_is_not() -> None:
    value, grad = gradient(nn.kl_divergence, [0.2, 0.8], [0.2, 0.8])
    assert value == 0.0
    assert grad.tolist() == [-1.0, -1.0]


def test_an_impossible_class_contributes_nothing_to_kl_even_at_0() -> None:
    value, grad = gradient(nn.kl_divergence, [0.0, 1.0], [0.0, 1.0])
    assert value == 0.0
    assert (grad == [0.0, -1.0]).all()
    v = autograd.values([0.0, 1.0])
    nn.kl_divergence(v, [0.0, 1.0]).backward()
    assert v[1].grad == -1.0
    assert not v[0].grad


def test_kl_is_infinite_where_the_prediction_rules_out_what_occurs() -> None:
    value, grad = gradient(nn.kl_divergence, [0.0, 1.0], [0.5, 0.5])  # and warns of nothing
    assert value == math.inf
    assert grad.tolist() == [-math.inf, -0.5]
    assert nn.kl_divergence(autograd.values([0.0, 1.0]), [0.5, 0.5]).data == math.inf


def test_the_arguments_of_kl_are_not_alike() -> None:
    y, d = [0.9, 0.1], [0.5, 0.5]
    assert nn.kl_divergence(y, d) != nn.kl_divergence(d, y)


def test_kl_and_cross_entropy_coincide_for_certainties() -> None:
    z = Tensor(LOGITS)
    kl = nn.kl_divergence(nn.softmax(z), np.eye(4)[CLASSES])
    assert np.isclose(kl.item(), nn.cross_entropy(z, CLASSES).item(), atol=1e-13)


# --- options of cross-entropy --------------------------------------------

OPTIONS: dict[str, dict[str, Any]] = {
    "smoothing": {"label_smoothing": 0.2},
    "weights": {"weight": np.array([1.0, 0.5, 2.0, 0.0])},
    "both": {"label_smoothing": 0.2, "weight": np.array([1.0, 0.5, 2.0, 3.0])},
    "complete smoothing": {"label_smoothing": 1.0},
}
IGNORING: dict[str, dict[str, Any]] = {
    "ignored": {},
    "ignored by another index": {"ignore_index": 1},
    "ignored by an index below 0": {"ignore_index": -1},
    "ignored, weights, smoothing": OPTIONS["both"],
    "ignored by another index, weights, smoothing": {**OPTIONS["both"], "ignore_index": 1},
}


def same_as_pytorchs(target: Any, options: dict[str, Any], reduction: str) -> None:
    torch = pytest.importorskip("torch")
    x, theirs = Tensor(LOGITS), torch.tensor(LOGITS, requires_grad=True)
    of_torch = {k: torch.tensor(v) if k == "weight" else v for k, v in options.items()}
    expected = torch.nn.functional.cross_entropy(
        theirs, torch.tensor(target), reduction=reduction, **of_torch
    )
    out = nn.cross_entropy(x, target, reduction, **options)
    assert np.allclose(out.numpy(), expected.detach().numpy(), atol=1e-13)
    autograd.sum(out).backward()
    expected.sum().backward()
    assert np.allclose(x.grad, theirs.grad.numpy(), atol=1e-14)
    values = autograd.values(LOGITS)
    scalar = nn.cross_entropy(values, target, reduction, **options)
    assert np.allclose(np.vectorize(float)(scalar), expected.detach().numpy(), atol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
@pytest.mark.parametrize("target", [CLASSES, DISTRIBUTIONS], ids=["classes", "distributions"])
def test_weights_and_smoothing_equal_pytorchs(
    target: Any, options: dict[str, Any], reduction: str
) -> None:
    same_as_pytorchs(target, options, reduction)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("options", IGNORING.values(), ids=IGNORING.keys())
def test_ignored_instances_equal_pytorchs(options: dict[str, Any], reduction: str) -> None:
    target = CLASSES.copy()
    target[[0, 3]] = options.get("ignore_index", -100)
    same_as_pytorchs(target, options, reduction)


def test_an_ignored_instance_costs_nothing_and_sends_nothing_back() -> None:
    out = nn.cross_entropy(Tensor([[1.0, 2.0], [3.0, 4.0]]), [0, -100], "none")
    assert out.numpy()[1] == 0
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    nn.cross_entropy(x, [0, -100]).backward()
    alone = Tensor([[1.0, 2.0]])
    nn.cross_entropy(alone, [0]).backward()
    assert x.grad[1].tolist() == [0.0, 0.0]
    assert np.allclose(x.grad[:1], alone.grad, atol=1e-16)


def test_derivatives_with_every_option_agree_with_finite_differences() -> None:
    target = CLASSES.copy()
    target[1] = -100
    autograd.gradcheck(lambda z: nn.cross_entropy(z, target, **OPTIONS["both"]), [LOGITS])


def test_options_keep_float32() -> None:
    x = Tensor(LOGITS, dtype=np.float32)
    target = CLASSES.copy()
    target[1] = -100
    out = nn.cross_entropy(x, target, **OPTIONS["both"])
    out.backward()
    assert out.dtype == x.grad.dtype == np.float32


@pytest.mark.parametrize(
    ("target", "options", "error", "message"),
    [
        (CLASSES, {"weight": [1.0, 2.0]}, ValueError, r"one weight for each of 4 classes.*\(2,\)"),
        (CLASSES, {"weight": [1.0, -2.0, 1, 1]}, ValueError, r"0 or more, got -2 at \[1\]"),
        (CLASSES, {"label_smoothing": 1.5}, ValueError, "from 0 to 1, got 1.5"),
        (CLASSES, {"label_smoothing": "a"}, TypeError, "label_smoothing .* is a number, got str"),
        (np.full(5, -100), {}, ValueError, "nothing to average"),
        (np.array([0, 1, -1, 4, -100]), {}, ValueError, r"from 0 to 3, got -1 at \[2\]"),
        (np.array([0, 1, 2, 3, -100]), {"ignore_index": -1}, ValueError, r"got -100 at \[4\]"),
        (DISTRIBUTIONS, {"ignore_index": 0}, ValueError, "the targets are distributions"),
    ],
)
def test_bad_options_are_named(
    target: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        nn.cross_entropy(Tensor(LOGITS), target, **options)


# --- targets that are no distributions --------------------------------------------

OF_DISTRIBUTIONS = (
    (nn.cross_entropy, LOGITS),
    (nn.kl_divergence, PROBABILITIES),
    (nn.kl_divergence_with_logits, LOGITS),
)


@pytest.mark.parametrize(("loss", "prediction"), OF_DISTRIBUTIONS)
@pytest.mark.parametrize(
    ("dtype", "good", "bad"), [(np.float64, 5e-10, 2e-9), (np.float32, 5e-6, 2e-5)]
)
def test_rows_sum_to_1_within_the_dtypes_tolerance(
    loss: Any, prediction: Any, dtype: Any, good: float, bad: float
) -> None:
    x = Tensor(prediction, dtype=dtype)
    for sign in (1, -1):
        d = np.full((5, 4), 0.25)
        d[3, 1] += sign * good
        loss(x, d.astype(dtype))
        d[3, 1] = 0.25 + sign * bad
        with pytest.raises(ValueError, match=r"sum to 1 .* got a sum of [01]\.\d+ at \[3\]"):
            loss(x, d.astype(dtype))


@pytest.mark.parametrize(("loss", "prediction"), OF_DISTRIBUTIONS)
def test_a_target_with_a_negative_or_missing_entry_is_refused(loss: Any, prediction: Any) -> None:
    d = DISTRIBUTIONS.copy()
    d[2] = [1.5, -0.5, 0.0, 0.0]
    with pytest.raises(ValueError, match=r"probabilities as targets, got -0.5 at \[2, 1\]"):
        loss(Tensor(prediction), d)
    d[2] = [np.nan, 0.5, 0.5, 0.0]
    with pytest.raises(ValueError, match=r"sum to 1 .* got a sum of nan at \[2\]"):
        loss(Tensor(prediction), d)
    with pytest.raises(ValueError, match=r"got a sum of 3$"):
        loss(autograd.values(prediction[0]), [1.0, 1.0, 1.0, 0.0])


def test_kl_of_logits_by_mistake_is_told_so() -> None:
    with pytest.raises(
        ValueError, match=r"got -2 at \[1\]; from logits there is kl_divergence_with"
    ):
        nn.kl_divergence(Tensor([3.0, -2.0]), [0.5, 0.5])


# --- KL from logits, and in float32 --------------------------------------------


def test_kl_from_logits_is_kl_of_the_softmax_with_the_derivative_p_minus_d() -> None:
    value, grad = gradient(nn.kl_divergence_with_logits, LOGITS, DISTRIBUTIONS)
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    assert np.isclose(value, (DISTRIBUTIONS * np.log(DISTRIBUTIONS / p)).sum() / 5, atol=1e-14)
    assert np.allclose(grad, (p - DISTRIBUTIONS) / 5, atol=1e-15)


def test_kl_is_0_at_its_least_where_cross_entropy_is_the_entropy() -> None:
    d = DISTRIBUTIONS
    kl, grad = gradient(nn.kl_divergence_with_logits, np.log(d), d)
    ce, same = gradient(nn.cross_entropy, np.log(d), d)
    assert abs(kl) < 1e-15
    assert np.isclose(ce, -(d * np.log(d)).sum() / 5, atol=1e-14)
    assert np.array_equal(grad, same)
    assert np.allclose(grad, 0, atol=1e-16)


def test_kl_and_cross_entropy_from_logits_coincide_for_certainties() -> None:
    certain = np.eye(4)[CLASSES]
    kl = gradient(nn.kl_divergence_with_logits, LOGITS, certain)
    ce = gradient(nn.cross_entropy, LOGITS, CLASSES)
    assert kl[0] == ce[0]
    assert np.array_equal(kl[1], ce[1])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_hot_kl_at_y_equal_d_has_derivative_minus_1_and_not_0(dtype: Any) -> None:
    y = Tensor([0.0, 1.0, 0.0], dtype=dtype)
    loss = nn.kl_divergence(y, [0.0, 1.0, 0.0])
    loss.backward()
    assert loss.item() == 0
    assert (y.grad == [0.0, -1.0, 0.0]).all()


def test_kl_by_its_target_is_ln_d_over_y_plus_1() -> None:
    d, y = Tensor(DISTRIBUTIONS), PROBABILITIES
    nn.kl_divergence(y, d, reduction="sum").backward()
    assert np.allclose(d.grad, np.log(DISTRIBUTIONS / y) + 1, atol=1e-13)


# --- smooth labels --------------------------------------------


@pytest.mark.parametrize("eps", [0.0, 0.01, 0.05, 0.25])
def test_smooth_labels_are_the_lectures_form(eps: float) -> None:
    smooth = nn.smooth_labels(CLASSES, 4, eps)
    assert smooth.shape == (5, 4)
    for row, c in zip(smooth, CLASSES, strict=True):
        assert all(row[k] == (1 - 3 * eps if k == c else eps) for k in range(4))


@pytest.mark.parametrize("eps", [0.0, 0.01, 0.05, 0.25])
def test_pytorchs_smoothing_is_k_times_the_lectures_epsilon(eps: float) -> None:
    smooth = nn.smooth_labels(CLASSES, 4, eps)
    lecture = gradient(nn.cross_entropy, LOGITS, smooth)
    options = gradient(nn.cross_entropy, LOGITS, CLASSES, label_smoothing=4 * eps)
    assert np.isclose(lecture[0], options[0], atol=1e-14)
    assert np.allclose(lecture[1], options[1], atol=1e-15)
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.cross_entropy(
        torch.tensor(LOGITS), torch.tensor(CLASSES), label_smoothing=4 * eps
    )
    assert np.isclose(lecture[0], theirs.item(), atol=1e-14)


def test_smooth_labels_keep_the_shape_of_their_indices() -> None:
    assert nn.smooth_labels(1, 2, 0.1).tolist() == [0.1, 0.9]
    assert (
        nn.smooth_labels([[0, 1], [1, 0]], 2, 0.0).tolist() == np.eye(2)[[[0, 1], [1, 0]]].tolist()
    )


@pytest.mark.parametrize(
    ("target", "K", "eps", "error", "message"),
    [
        ([0, 4], 4, 0.1, ValueError, r"from 0 to 3, got 4 at \[1\]"),
        ([0, -100], 4, 0.1, ValueError, r"from 0 to 3, got -100 at \[1\]"),
        ([0.0], 4, 0.1, TypeError, "integer class indices, got float64"),
        ([0], 4, 0.5, ValueError, "eps of smooth_labels is from 0 to 0.333"),
        ([0], 4, -0.1, ValueError, "got -0.1"),
        ([0], 0, 0.1, ValueError, "K, .* of 1 or more, got 0"),
    ],
)
def test_bad_arguments_of_smooth_labels_are_named(
    target: Any, K: Any, eps: float, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        nn.smooth_labels(target, K, eps)
