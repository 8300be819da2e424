"""Regularisers against their formulas, on models, scalar models and parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor


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


def test_micrograds_networks_are_penalised_for_their_w_and_not_for_their_b() -> None:
    model = nn.scalar.MLP(2, [3, 1], rng=0)
    penalty = nn.regularisers.l2(model, 0.1)
    penalty.backward()
    neurons = [neuron for layer in model.layers for neuron in layer.neurons]
    assert math.isclose(penalty.data, 0.1 * sum(w.data**2 for n in neurons for w in n.w))
    for neuron in neurons:
        assert neuron.b.grad is None
        for w in neuron.w:
            assert math.isclose(w.grad, 0.2 * w.data)  # type: ignore[arg-type]


def test_a_single_parameter_may_be_given_without_a_list() -> None:
    bias = Tensor([1.0, -2.0])
    nn.regularisers.l1(bias, 0.5).backward()
    assert bias.grad.tolist() == [0.5, -0.5]
    assert nn.regularisers.l2(autograd.Value(3.0), 0.5).data == 4.5


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


# --- l2 with its half, l1 and the elastic net --------------------------------------------

CALLS: dict[str, Any] = {
    "l2": (lambda m: nn.regularisers.l2(m, 0.1), lambda w: 0.1 * (w**2).sum(), lambda w: 0.2 * w),
    "half of l2": (
        lambda m: nn.regularisers.l2(m, 0.1, half=True),
        lambda w: 0.05 * (w**2).sum(),
        lambda w: 0.1 * w,
    ),
    "l1": (
        lambda m: nn.regularisers.l1(m, 0.1),
        lambda w: 0.1 * np.abs(w).sum(),
        lambda w: 0.1 * np.sign(w),
    ),
    "elastic net": (
        lambda m: nn.regularisers.elastic_net(m, 0.1, 0.3),
        lambda w: 0.1 * np.abs(w).sum() + 0.3 * (w**2).sum(),
        lambda w: 0.1 * np.sign(w) + 0.6 * w,
    ),
    "elastic net, half": (
        lambda m: nn.regularisers.elastic_net(m, 0.1, 0.3, half=True),
        lambda w: 0.1 * np.abs(w).sum() + 0.15 * (w**2).sum(),
        lambda w: 0.1 * np.sign(w) + 0.3 * w,
    ),
}
calls = pytest.mark.parametrize(("penalty", "value", "slope"), CALLS.values(), ids=CALLS.keys())


def network() -> Any:
    """Weights, biases, and the γ and β of each kind of normalisation, one over an image."""
    return nn.Sequential(
        nn.Linear(3, 4, rng=0, bias_init=1.0),
        nn.BatchNorm1d(4),
        nn.ReLU(),
        nn.RMSNorm(4),
        nn.Linear(4, 2, rng=1, bias_init=1.0),
        nn.LayerNorm(2),
    )


@calls
def test_a_penalty_is_its_formula_over_weights_alone(penalty: Any, value: Any, slope: Any) -> None:
    model = network()
    out = penalty(model)
    weights = [model[0].weight.data, model[4].weight.data]
    assert math.isclose(out.item(), sum(map(value, weights)), rel_tol=1e-14)
    out.backward()
    reached = {name for name, p in model.named_parameters() if p.grad is not None}
    assert {name.rpartition(".")[2] for name in reached} == {"weight"}
    assert len(reached) == 2
    for layer, w in ((model[0], weights[0]), (model[4], weights[1])):
        assert np.allclose(layer.weight.grad, slope(w), atol=1e-16)


@calls
def test_a_scalar_model_has_the_same_penalty_and_gradients(
    penalty: Any, value: Any, slope: Any
) -> None:
    model = nn.MLP(3, [4, 2], rng=0)
    scalars: Any = model.to_scalars()
    out = penalty(scalars)
    out.backward()
    assert abs(out.data - penalty(model).item()) < 1e-12
    for w in scalars.layers[0].weight.flat:
        assert abs(w.grad - slope(np.array(w.data))) < 1e-15


@calls
def test_a_penalty_keeps_float32_and_agrees_with_finite_differences(
    penalty: Any, value: Any, slope: Any
) -> None:
    w = np.array([[0.5, -1.0], [2.0, 0.25]])
    autograd.gradcheck(lambda x: penalty([x]), [w])
    narrow = Tensor(w, dtype=np.float32)
    out = penalty([narrow])
    out.backward()
    assert out.dtype == narrow.grad.dtype == np.float32


def test_gamma_and_beta_over_an_image_are_no_weights() -> None:
    model = nn.Sequential(nn.LayerNorm((3, 4)), nn.Linear(4, 2, rng=0))
    model[0].weight.data = np.full((3, 4), 100.0)
    expected = (model[1].weight.data ** 2).sum()
    assert math.isclose(nn.regularisers.l2(model, 1.0).item(), expected)
    assert math.isclose(nn.regularisers.l2(model.to_scalars(), 1.0).data, expected)


def test_a_shared_weight_counts_once() -> None:
    layer = nn.Linear(3, 3, rng=0)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    assert math.isclose(nn.regularisers.l2(model, 1.0).item(), (layer.weight.data**2).sum())


def test_l1_has_derivative_0_at_0() -> None:
    w = Tensor([[0.0, 2.0], [-3.0, 0.0]])
    nn.regularisers.l1([w], 0.5).backward()
    assert w.grad.tolist() == [[0.0, 0.5], [-0.5, 0.0]]


def test_l2_in_the_loss_is_weight_decay_for_plain_sgd() -> None:
    """One step with ½λ‖W‖² in the loss and one by hand that shrinks W by 1 − ηλ agree."""
    model = nn.Linear(3, 2, rng=0)
    W, x, lam, rate = model.weight.data.copy(), np.ones((4, 3)), 0.1, 0.5
    nn.mse(model(x), np.zeros((4, 2))).backward()
    data_gradient = model.weight.grad.copy()
    model.zero_grad()
    (nn.mse(model(x), np.zeros((4, 2))) + nn.regularisers.l2(model, lam, half=True)).backward()
    stepped = W - rate * model.weight.grad
    assert np.allclose(stepped, (1 - rate * lam) * W - rate * data_gradient, atol=1e-15)


@pytest.mark.parametrize("lam", [-0.1, math.nan, math.inf])
def test_a_lambda_below_0_is_named(lam: float) -> None:
    model = nn.Linear(1, 1)
    with pytest.raises(ValueError, match=f"^lam is finite and 0 or more, got {lam}"):
        nn.regularisers.l1(model, lam)
    with pytest.raises(ValueError, match=f"lam1 is finite and 0 or more, got {lam}"):
        nn.regularisers.elastic_net(model, lam, 0.1)
    with pytest.raises(ValueError, match=f"lam2 is finite and 0 or more, got {lam}"):
        nn.regularisers.elastic_net(model, 0.1, lam)
    with pytest.raises(ValueError, match="l1: no parameter of ReLU has two axes"):
        nn.regularisers.l1(nn.ReLU(), 0.1)
    with pytest.raises(TypeError, match="elastic_net takes a Module or parameters"):
        nn.regularisers.elastic_net([], 0.1, 0.1)
