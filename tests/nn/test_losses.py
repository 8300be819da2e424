"""Losses and regularisers against their formulas, finite differences and PyTorch."""

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
DISTRIBUTIONS = rng.dirichlet(np.ones(4), size=5)
SIGNS = np.where(rng.random((5, 4)) < 0.5, -1, 1)
PROBABILITIES = rng.dirichlet(np.ones(4), size=5)

CALLS: dict[str, tuple[Any, Any, Any]] = {
    "cross-entropy of classes": (nn.cross_entropy, LOGITS, CLASSES),
    "cross-entropy of distributions": (nn.cross_entropy, LOGITS, DISTRIBUTIONS),
    "KL divergence": (nn.kl_divergence, PROBABILITIES, DISTRIBUTIONS),
    "KL divergence of certainties": (nn.kl_divergence, PROBABILITIES, np.eye(4)[CLASSES]),
    "L2 divergence": (nn.l2_divergence, LOGITS, DISTRIBUTIONS),
    "mse": (nn.mse, LOGITS, DISTRIBUTIONS),
    "hinge": (nn.hinge, LOGITS, SIGNS),
}
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
    assert each.shape == ((5, 4) if loss in (nn.mse, nn.hinge) else (5,))
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
    t = target.astype(np.float32) if target.dtype == np.float64 else target
    out = loss(x, t)
    out.backward()
    assert out.dtype == x.grad.dtype == np.float32


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
    assert grad.tolist() == [[0.0, 0.0], [-0.5, 0.5]]


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
    with np.errstate(divide="ignore"):
        assert nn.kl_divergence(Tensor([0.0, 1.0]), [0.5, 0.5]).item() == math.inf
    assert nn.kl_divergence(autograd.values([0.0, 1.0]), [0.5, 0.5]).data == math.inf


def test_the_arguments_of_kl_are_not_alike() -> None:
    y, d = [0.9, 0.1], [0.5, 0.5]
    assert nn.kl_divergence(y, d) != nn.kl_divergence(d, y)


def test_kl_and_cross_entropy_coincide_for_certainties() -> None:
    z = Tensor(LOGITS)
    kl = nn.kl_divergence(nn.softmax(z), np.eye(4)[CLASSES])
    assert np.isclose(kl.item(), nn.cross_entropy(z, CLASSES).item(), atol=1e-13)


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


# --- mse and hinge --------------------------------------------


def test_mse_equals_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.mse_loss(torch.tensor(LOGITS), torch.tensor(DISTRIBUTIONS))
    assert np.isclose(gradient(nn.mse, LOGITS, DISTRIBUTIONS)[0], theirs.item(), atol=1e-15)


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


# --- regularisation --------------------------------------------


def test_l2_is_lambda_times_the_squared_weights_and_its_gradient_2_lambda_w() -> None:
    model = nn.MLP(3, [4, 2], rng=0, bias_init=1.0)
    penalty = nn.regularisers.l2(model, 0.1)
    weights = [array for name, array in model.state_dict().items() if name.endswith("weight")]
    assert np.isclose(penalty.item(), 0.1 * sum((w**2).sum() for w in weights), atol=1e-14)
    penalty.backward()
    for name, p in model.named_parameters():
        if name.endswith("bias"):
            assert p.grad is None
        else:
            assert np.allclose(p.grad, 0.2 * p.data, atol=1e-15)


def test_l2_works_on_scalar_models_and_on_parameters() -> None:
    model = nn.MLP(3, [4, 2], rng=0, bias_init=1.0)
    scalars = model.to_scalars()
    penalty = nn.regularisers.l2(scalars, 0.1)
    penalty.backward()
    assert abs(penalty.data - nn.regularisers.l2(model, 0.1).item()) < 1e-12
    weight = scalars.layers[0].weight[1, 2]  # type: ignore[attr-defined]
    assert abs(weight.grad - 0.2 * weight.data) < 1e-15
    neuron = nn.scalar.Neuron(2, rng=0)
    every = nn.regularisers.l2(neuron.parameters(), 1.0)
    assert abs(every.data - sum(p.data**2 for p in neuron.parameters())) < 1e-15


def test_the_graph_of_l2_is_small() -> None:
    model = nn.MLP(30, [40, 20, 10], rng=0)
    nodes = autograd.topological_order(nn.regularisers.l2(model, 0.1))
    assert len(nodes) == 9  # three weights, a node for each, two sums and λ


@pytest.mark.parametrize(
    ("model", "lam", "error", "message"),
    [
        (nn.ReLU(), 0.1, ValueError, "no parameter of ReLU"),
        (nn.Linear(1, 1), -0.1, ValueError, "0 or more, got -0.1"),
        (nn.Linear(1, 1), math.nan, ValueError, "got nan"),
        (nn.Linear(1, 1), "a", TypeError, "lam is a number"),
        ([], 0.1, TypeError, "takes a Module or parameters"),
        ([1.0], 0.1, TypeError, "takes a Module or parameters"),
    ],
)
def test_bad_arguments_of_l2_are_named(
    model: Any, lam: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        nn.regularisers.l2(model, lam)
