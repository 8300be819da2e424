"""What holds for every loss, the table of totals, and the losses of regression."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value
from nn.losses import checks

rng = np.random.default_rng(0)
LOGITS = rng.normal(size=(5, 4))
CLASSES = np.array([0, 3, 1, 1, 2])
DISTRIBUTIONS = rng.dirichlet(np.ones(4), size=5)
SIGNS = np.where(rng.random((5, 4)) < 0.5, -1, 1)
PROBABILITIES = rng.dirichlet(np.ones(4), size=5)
BETWEEN = rng.uniform(0.05, 0.95, size=(5, 4))
TARGETS = np.where(rng.random((5, 4)) < 0.5, rng.random((5, 4)), SIGNS > 0)

CALLS: dict[str, tuple[Any, Any, Any]] = {
    "cross-entropy of classes": (nn.cross_entropy, LOGITS, CLASSES),
    "cross-entropy of distributions": (nn.cross_entropy, LOGITS, DISTRIBUTIONS),
    "KL divergence": (nn.kl_divergence, PROBABILITIES, DISTRIBUTIONS),
    "KL divergence of certainties": (nn.kl_divergence, PROBABILITIES, np.eye(4)[CLASSES]),
    "L2 divergence": (nn.l2_divergence, LOGITS, DISTRIBUTIONS),
    "mse": (nn.mse, LOGITS, DISTRIBUTIONS),
    "KL divergence from logits": (nn.kl_divergence_with_logits, LOGITS, DISTRIBUTIONS),
    "multi-class hinge": (nn.multiclass_hinge, LOGITS, CLASSES),
    "hinge": (nn.hinge, LOGITS, SIGNS),
    "perceptron": (nn.perceptron_loss, LOGITS, SIGNS),
    "l1": (nn.l1, LOGITS, DISTRIBUTIONS),
    "Huber": (nn.huber, LOGITS, DISTRIBUTIONS),
    "binary cross-entropy": (nn.binary_cross_entropy, BETWEEN, TARGETS),
    "binary cross-entropy from logits": (nn.binary_cross_entropy_with_logits, LOGITS, TARGETS),
    "binary KL": (nn.binary_kl_divergence, BETWEEN, TARGETS),
    "binary KL from logits": (nn.binary_kl_divergence_with_logits, LOGITS, TARGETS),
}
OVER_ELEMENTS = (
    *(nn.mse, nn.l1, nn.huber, nn.hinge, nn.perceptron_loss),
    *(nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits),
    *(nn.binary_kl_divergence, nn.binary_kl_divergence_with_logits),
)
calls = pytest.mark.parametrize(("loss", "prediction", "target"), CALLS.values(), ids=CALLS.keys())


def gradient(loss: Any, prediction: Any, target: Any, **options: Any) -> tuple[float, Any]:
    """The value of a loss, and its derivative by the prediction."""
    x = Tensor(prediction)
    out = loss(x, target, **options)
    out.backward()
    return out.item(), x.grad


# --- what holds for each --------------------------------------------


@calls
def test_derivatives_agree_with_finite_differences(loss: Any, prediction: Any, target: Any) -> None:
    for reduction in ("mean", "sum"):
        autograd.gradcheck(
            lambda x, reduction=reduction: loss(x, target, reduction=reduction), [prediction]
        )


@calls
def test_a_scalar_network_gets_the_same_loss_and_gradients(
    loss: Any, prediction: Any, target: Any
) -> None:
    for reduction in ("mean", "sum"):
        value, grad = gradient(loss, prediction, target, reduction=reduction)
        values = autograd.values(prediction)
        out = loss(values, target, reduction=reduction)
        assert isinstance(out, Value)
        out.backward()
        assert abs(out.data - value) < 1e-12
        assert abs(np.array([v.grad for v in values.flat]).reshape(grad.shape) - grad).max() < 1e-12
        assert abs(loss(values.tolist(), target, reduction=reduction).data - value) < 1e-12


@calls
def test_reductions_are_the_mean_and_the_sum_of_none(
    loss: Any, prediction: Any, target: Any
) -> None:
    each = loss(Tensor(prediction), target, reduction="none")
    assert each.shape == ((5, 4) if loss in OVER_ELEMENTS else (5,))
    assert np.isclose(loss(Tensor(prediction), target).item(), each.data.mean(), atol=1e-15)
    assert np.isclose(
        loss(Tensor(prediction), target, reduction="sum").item(), each.data.sum(), atol=1e-14
    )
    with pytest.raises(ValueError, match="reduction is 'mean', 'sum' or 'none', got 'average'"):
        loss(Tensor(prediction), target, reduction="average")


@calls
def test_one_instance_is_a_vector(loss: Any, prediction: Any, target: Any) -> None:
    one = loss(Tensor(prediction[0]), target[0])
    assert one.shape == ()
    assert np.isclose(one.item(), loss(Tensor(prediction[:1]), target[:1]).item(), atol=1e-15)
    values = loss(autograd.values(prediction[0]), target[0])
    assert abs(values.data - one.item()) < 1e-12


@calls
def test_float32_stays_float32(loss: Any, prediction: Any, target: Any) -> None:
    x = Tensor(prediction, dtype=np.float32)
    narrow = target.astype(np.float32) if target.dtype == np.float64 else target
    for t in (narrow, target, target.tolist()):  # a constant in float64 does not widen it
        x.grad = None
        out = loss(x, t)
        out.backward()
        assert out.dtype == x.grad.dtype == np.float32
        assert np.allclose(x.grad, gradient(loss, prediction, target)[1], atol=1e-6)


@calls
def test_a_target_of_another_shape_is_refused_not_broadcast(
    loss: Any, prediction: Any, target: Any
) -> None:
    for wrong in (target[:-1], target[..., None], target[0], 0):
        with pytest.raises(ValueError, match=r"expected|has"):
            loss(Tensor(prediction), wrong)


@calls
def test_plain_numbers_give_a_plain_number(loss: Any, prediction: Any, target: Any) -> None:
    value, _ = gradient(loss, prediction, target)
    assert np.isclose(float(loss(prediction.tolist(), target.tolist())), value, atol=1e-14)


@calls
def test_every_way_of_reducing_gives_its_gradient(loss: Any, prediction: Any, target: Any) -> None:
    """The mini-batch's gradient is the sum, or the mean, of the instances' gradients."""
    each = [
        gradient(loss, prediction[i : i + 1], target[i : i + 1], reduction="sum")[1][0]
        for i in range(5)
    ]
    count = 20 if loss in OVER_ELEMENTS else 5
    assert np.allclose(gradient(loss, prediction, target, reduction="sum")[1], each, atol=1e-14)
    assert np.allclose(gradient(loss, prediction, target)[1], np.array(each) / count, atol=1e-14)


FROM_SCORES = {
    name: call
    for name, call in CALLS.items()
    if call[0] not in (nn.kl_divergence, nn.binary_kl_divergence, nn.binary_cross_entropy)
}


def exact(name: str, z: float, t: float) -> tuple[float, float]:
    """Value and derivative of a loss of one score of ±1000, worked out by hand.

    For t from 0 to 1; the losses of classes have the scores (z, 0) and the target (t, 1 − t).
    """
    sign = 2 * t - 1
    if "cross-entropy" in name or "KL" in name:
        up = z > 0
        entropy = 0.0 if t in (0, 1) else -t * math.log(t) - (1 - t) * math.log(1 - t)
        value = (1 - t) * z if up else -t * z
        return value - (entropy if "KL" in name else 0.0), float(up) - t
    e = z - t
    return {
        "mse": (e * e, 2 * e),
        "L2 divergence": (0.5 * (e * e + (1 - t) ** 2), e),
        "l1": (abs(e), math.copysign(1, e)),
        "Huber": (abs(e) - 0.5, math.copysign(1, e)),
        "hinge": (max(0, 1 - sign * z), -sign if sign * z < 1 else 0),
        "perceptron": (max(0, -sign * z), -sign if sign * z < 0 else 0),
        "multi-class hinge": (max(0, 1 - sign * z), -sign if sign * z < 1 else 0),
    }[name]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", FROM_SCORES)
def test_scores_of_1000_give_the_right_value_and_gradient(name: str, dtype: Any) -> None:
    loss, _, target = FROM_SCORES[name]
    of_pairs = name in ("L2 divergence", "multi-class hinge") or loss in (
        nn.cross_entropy,
        nn.kl_divergence_with_logits,
    )
    sharp = loss in (nn.hinge, nn.perceptron_loss, nn.multiclass_hinge) or target is CLASSES
    for z in (1000.0, -1000.0):
        for t in (0.0, 1.0) if sharp else (0.0, 0.25, 1.0):
            if of_pairs:
                x = Tensor([[z, 0.0]], dtype=dtype)
                d: Any = [int(1 - t)] if target is CLASSES else np.array([[t, 1 - t]], dtype)
            else:
                x = Tensor([[z]], dtype=dtype)
                d = np.array([[2 * t - 1 if target is SIGNS else t]], dtype)
            out = loss(x, d)
            out.backward()
            value, slope = exact(name, z, t)
            near = 1e-12 if dtype is np.float64 else 1e-6
            assert out.dtype == dtype
            assert math.isclose(out.item(), value, rel_tol=near, abs_tol=near)
            assert math.isclose(x.grad[0, 0], slope, rel_tol=near, abs_tol=near)
            assert np.isfinite(x.grad).all()


# --- the lectures' totals --------------------------------------------


def test_the_table_of_totals_gives_cmus_loss() -> None:
    n = len(LOGITS)
    total = 0.0
    for y, d in zip(LOGITS, DISTRIBUTIONS, strict=True):
        total += 0.5 * sum((yi - di) ** 2 for yi, di in zip(y, d, strict=True))
    assert math.isclose(nn.l2_divergence(LOGITS, DISTRIBUTIONS), total / n)
    total = 0.0
    for y, d in zip(PROBABILITIES, DISTRIBUTIONS, strict=True):
        total += sum(di * math.log(di) - di * math.log(yi) for yi, di in zip(y, d, strict=True))
    assert math.isclose(nn.kl_divergence(PROBABILITIES, DISTRIBUTIONS), total / n)


def test_the_table_of_totals_gives_dd2424s_j() -> None:
    model = nn.Linear(4, 4, rng=0)
    z = model(LOGITS).numpy()
    W, lam = model.weight.data, 0.1
    penalty = lam * sum(w * w for row in W for w in row)
    log_loss = sum(
        math.log(sum(math.exp(s) for s in row)) - row[c] for row, c in zip(z, CLASSES, strict=True)
    )
    ours = nn.cross_entropy(model(LOGITS), CLASSES) + nn.regularisers.l2(model, lam)
    assert math.isclose(ours.item(), log_loss / 5 + penalty)
    svm = sum(
        max(0.0, row[j] - row[c] + 1)
        for row, c in zip(z, CLASSES, strict=True)
        for j in range(4)
        if j != c
    )
    ours = nn.multiclass_hinge(model(LOGITS), CLASSES) + nn.regularisers.l2(model, lam)
    assert math.isclose(ours.item(), svm / 5 + penalty)


def test_the_table_of_totals_gives_cs_453xs_f() -> None:
    y, d = LOGITS[:, 0], DISTRIBUTIONS[:, 0]
    assert math.isclose(
        0.5 * nn.mse(y, d), sum((a - b) ** 2 for a, b in zip(y, d, strict=True)) / 10
    )
    assert math.isclose(nn.l2_divergence(y[:, None], d[:, None]), 0.5 * nn.mse(y, d))
    model = nn.Linear(4, 4, rng=0)
    p = nn.softmax(model(LOGITS)).numpy()
    f = (
        -sum(DISTRIBUTIONS[i, k] * math.log(p[i, k]) for i in range(5) for k in range(4)) / 5
        + 0.5 * 0.3 * (model.weight.data**2).sum()
    )
    penalty = nn.regularisers.l2(model, 0.3, half=True)
    assert math.isclose((nn.cross_entropy(model(LOGITS), DISTRIBUTIONS) + penalty).item(), f)


def test_the_table_of_totals_gives_the_notes_sum() -> None:
    total = sum(np.linalg.norm(y - a) ** 2 for y, a in zip(LOGITS, DISTRIBUTIONS, strict=True))
    assert math.isclose(nn.mse(LOGITS, DISTRIBUTIONS, reduction="sum"), total)
    assert math.isclose(nn.l2_divergence(LOGITS, DISTRIBUTIONS, reduction="sum"), total / 2)


# --- losses of regression --------------------------------------------


def test_l2_divergence_is_half_the_squared_distance() -> None:
    value, grad = gradient(nn.l2_divergence, LOGITS, DISTRIBUTIONS)
    assert np.isclose(value, 0.5 * ((LOGITS - DISTRIBUTIONS) ** 2).sum(axis=1).mean(), atol=1e-14)
    assert np.allclose(grad, (LOGITS - DISTRIBUTIONS) / 5, atol=1e-15)


def test_numbers_are_instances_of_one_component() -> None:
    v = Value(3.0)
    nn.l2_divergence(v, 1.0).backward()
    assert v.grad == 2.0
    assert nn.mse(Value(3.0), 1.0).data == 4.0
    assert nn.hinge(Value(0.25), -1).data == 1.25


def test_mse_equals_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.mse_loss(torch.tensor(LOGITS), torch.tensor(DISTRIBUTIONS))
    assert np.isclose(gradient(nn.mse, LOGITS, DISTRIBUTIONS)[0], theirs.item(), atol=1e-15)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("delta", [0.3, 1.0, 2.5])
def test_huber_and_l1_equal_pytorchs(delta: float, reduction: str) -> None:
    torch = pytest.importorskip("torch")
    y, d = 2 * LOGITS, DISTRIBUTIONS
    functional = torch.nn.functional
    for ours, theirs in (
        (
            lambda x: nn.l1(x, d, reduction),
            lambda x, t: functional.l1_loss(x, t, reduction=reduction),
        ),
        (
            lambda x: nn.huber(x, d, reduction, delta=delta),
            lambda x, t: functional.huber_loss(x, t, reduction=reduction, delta=delta),
        ),
    ):
        x, x_torch = Tensor(y), torch.tensor(y, requires_grad=True)
        out, out_torch = ours(x), theirs(x_torch, torch.tensor(d))
        assert np.allclose(out.numpy(), out_torch.detach().numpy(), atol=1e-14)
        autograd.sum(out).backward()
        out_torch.sum().backward()
        assert np.allclose(x.grad, x_torch.grad.numpy(), atol=1e-15)


def test_hubers_derivative_is_the_error_kept_between_its_bounds() -> None:
    errors = np.array([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0])
    _, grad = gradient(nn.huber, errors, np.zeros(7), reduction="sum")
    assert grad.tolist() == np.clip(errors, -1, 1).tolist()


def test_l1_has_derivative_0_where_it_is_0() -> None:
    assert gradient(nn.l1, [2.0, 1.0, -2.0], [1.0, 1.0, 1.0], reduction="sum")[1].tolist() == [
        1,
        0,
        -1,
    ]


@pytest.mark.parametrize(
    ("delta", "error"),
    [(0.0, ValueError), (-1, ValueError), (math.nan, ValueError), ("a", TypeError)],
)
def test_hubers_delta_is_above_0(delta: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"delta of huber is (above 0|a number)"):
        nn.huber([1.0], [0.0], delta=delta)
    with pytest.raises(error, match=r"delta of huber is (above 0|a number)"):
        nn.HuberLoss(delta=delta)


def test_whole_numbers_and_truth_values_are_numbers() -> None:
    assert nn.mse([True, False], [0, 0]) == 0.5
    assert nn.l1([1, 2], [True, False]) == 1.0
    with pytest.raises(
        TypeError, match="prediction of mse is made of real numbers, got complex128"
    ):
        nn.mse(np.array([1j]), [1.0])


def test_a_target_may_be_a_node_and_gets_its_gradient() -> None:
    d = Tensor(DISTRIBUTIONS)
    nn.l2_divergence(LOGITS, d, reduction="sum").backward()
    assert np.allclose(d.grad, DISTRIBUTIONS - LOGITS, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [2, 10, 30, 200])
def test_the_quick_look_at_distributions_accepts_only_what_the_exact_one_does(
    dtype: Any, classes: int
) -> None:
    within = 1e-5 if dtype is np.float32 else 1e-9
    check = checks.DistributionCheck(within, "a loss")
    rng = np.random.default_rng(classes)
    for scale in (0.0, 0.3, 0.9, 1.1, 3.0, 1e3):
        for worst in (0, 4):
            d = rng.dirichlet(np.ones(classes), 5)
            d[worst] *= 1 + scale * within * rng.choice([-1.0, 1.0])
            d = d.astype(dtype)
            right = bool(np.all(np.abs(d.sum(axis=1, dtype=np.float64) - 1) <= within))
            assert right or not check.accepts(d)
            if right:
                check(d)
            else:
                with pytest.raises(ValueError, match="sum to 1"):
                    check(d)
    d = np.full((2, classes), 1 / classes, dtype)
    for wrong in (-0.5, np.nan, np.inf):
        bad = d.copy()
        bad[1, 0] = wrong
        bad[1, 1] = 2 / classes - wrong
        with np.errstate(invalid="ignore"):
            assert not check.accepts(bad)
            with pytest.raises(ValueError, match="a loss expected"):
                check(bad)
