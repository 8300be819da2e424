"""Training steps of `nn`, compiled, are the eager ones: layers, losses, activations, optimisers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs.replays import EXECUTORS, near

import autograd
import nn
from autograd import Tensor, Value
from nn.layers.activations import BY_NAME

STEPS = 20
X = np.random.default_rng(0).normal(size=(STEPS + 1, 6, 4))
CLASSES = np.random.default_rng(1).integers(3, size=(STEPS + 1, 6))
NUMBERS = np.random.default_rng(2).normal(size=(STEPS + 1, 6, 3))
PARTS = np.random.default_rng(3).dirichlet(np.ones(3), size=(STEPS + 1, 6))
SIGNS = np.sign(NUMBERS)
HALVES = np.random.default_rng(4).uniform(0.1, 0.9, size=(STEPS + 1, 6, 3))


def train(
    model: Any,
    loss: Callable[[Any, Any], Any],
    targets: Any,
    make: Callable[[Any], Any],
    compiled: bool,
    function: bool = False,
) -> tuple[list[float], list[Any]]:
    """The losses and the parameters of 20 steps, eager or compiled."""
    optimizer = make(model.parameters())
    run: Any = None
    if compiled and function:
        run = autograd.compile(lambda x, t: loss(model(x), t))
    elif compiled:
        x = Tensor(X[0], "x")
        t = targets[0].copy() if targets.dtype.kind == "i" else Tensor(targets[0], "t")
        twin = copy.deepcopy(model)  # recording draws masks and moves running averages, too
        output = loss(model(x), t)
        run = autograd.compile(output, inputs=[x, t])
        for one, other in zip(model.modules(), twin.modules(), strict=True):
            if hasattr(one, "rng"):
                one.rng.bit_generator.state = other.rng.bit_generator.state
        model.load_state_dict(twin.state_dict())
    losses = []
    for i in range(STEPS):
        optimizer.zero_grad()
        if run is None:
            # What was recorded was given nodes: the same operations, in the same order.
            out = loss(model(Tensor(X[i], requires_grad=False)), targets[i])
            out.backward()
            losses.append(out.item())
        else:
            losses.append(float(run(X[i], targets[i])))
            run.backward()
        optimizer.step()
    state = model.state_dict()
    return losses, [np.asarray(state[name]) for name in sorted(state)]


def check(
    make_model: Callable[[], Any],
    loss: Callable[[Any, Any], Any],
    targets: Any,
    make: Callable[[Any], Any] = lambda p: nn.optim.SGD(p, lr=0.05),
) -> None:
    """Both compiled forms train as the eager one does."""
    eager = train(make_model(), loss, targets, make, compiled=False)
    for function in (False, True):
        compiled = train(make_model(), loss, targets, make, compiled=True, function=function)
        near(compiled[0], eager[0])
        for one, other in zip(compiled[1], eager[1], strict=True):
            near(one, other, scale=1.0)  # a bias before a normalisation is nothing but rounding


LAYERS: dict[str, Callable[[], list[Any]]] = {
    "Linear": lambda: [nn.Linear(4, 3, rng=0)],
    "without a bias": lambda: [nn.Linear(4, 3, bias=False, rng=0)],
    "BatchNorm1d": lambda: [nn.Linear(4, 5, rng=0), nn.BatchNorm1d(5), nn.Linear(5, 3, rng=1)],
    "BatchNorm1d first": lambda: [nn.BatchNorm1d(4), nn.Linear(4, 3, rng=1)],
    "an average": lambda: [nn.Linear(4, 3, rng=0), nn.BatchNorm1d(3, running="average")],
    "LayerNorm": lambda: [nn.Linear(4, 5, rng=0), nn.LayerNorm(5), nn.Linear(5, 3, rng=1)],
    "RMSNorm": lambda: [nn.Linear(4, 5, rng=0), nn.RMSNorm(5), nn.Linear(5, 3, rng=1)],
    "Dropout": lambda: [nn.Linear(4, 9, rng=0), nn.Dropout(0.4, rng=7), nn.Linear(9, 3, rng=1)],
    "Dropout first": lambda: [nn.Dropout(0.4, rng=7), nn.Linear(4, 3, rng=1)],
    "GLU": lambda: [nn.GLU(4, 5, rng=0), nn.Linear(5, 3, rng=1)],
    "SwiGLU": lambda: [nn.SwiGLU(4, 5, rng=0), nn.Linear(5, 3, rng=1)],
    "ReGLU": lambda: [nn.ReGLU(4, 5, rng=0), nn.Linear(5, 3, rng=1)],
    "GEGLU": lambda: [nn.GEGLU(4, 5, rng=0), nn.Linear(5, 3, rng=1)],
    "PairProduct": lambda: [nn.Linear(4, 6, rng=0), nn.PairProduct()],
    "PairProduct first": lambda: [nn.PairProduct(), nn.Linear(2, 3, rng=0)],
    "Power": lambda: [nn.Tanh(), nn.Power(4, 5, rng=0), nn.Linear(5, 3, rng=1)],
    "Power, own exponents": lambda: [
        nn.Softplus(),
        nn.Power(4, 3, alpha=[[2.0, 0.0, 1.0], [1.0, 3.0, 0.0]], rng=0),
    ],
    "RReLU": lambda: [nn.Linear(4, 9, rng=0), nn.RReLU(rng=5), nn.Linear(9, 3, rng=1)],
    "MLP": lambda: [nn.MLP(4, [7, 6, 3], activation="tanh", norm="batch", rng=3)],
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_trains_in_a_program_as_eagerly(name: str) -> None:
    check(lambda: nn.Sequential(*LAYERS[name]()), nn.cross_entropy, CLASSES)


@pytest.mark.parametrize("name", [*BY_NAME, "Maxout"])
def test_an_activation_trains_in_a_program_as_eagerly(name: str) -> None:
    def make() -> Any:
        activation: Any = nn.Maxout(2) if name == "Maxout" else BY_NAME[name]()
        if name == "rrelu":
            activation = nn.RReLU(rng=4)
        width = 3 if name == "Maxout" else 6
        return nn.Sequential(nn.Linear(4, 6, rng=0), activation, nn.Linear(width, 3, rng=1))

    check(make, nn.mse, NUMBERS)


def weighted(**options: Any) -> Callable[[Any, Any], Any]:
    """The cross-entropy with some options."""
    return lambda z, t: nn.cross_entropy(z, t, **options)


each = np.array([0.5, 2.0, 1.25])
LOSSES: dict[str, tuple[Callable[[Any, Any], Any], Any]] = {
    "cross_entropy of classes": (nn.cross_entropy, CLASSES),
    "cross_entropy, weighted": (weighted(weight=each), CLASSES),
    "cross_entropy, ignoring": (weighted(ignore_index=2), CLASSES),
    "cross_entropy, smoothed": (weighted(label_smoothing=0.2), CLASSES),
    "cross_entropy, all": (weighted(weight=each, ignore_index=1, label_smoothing=0.2), CLASSES),
    "cross_entropy, summed": (lambda z, t: nn.cross_entropy(z, t, "sum"), CLASSES),
    "cross_entropy of parts": (nn.cross_entropy, PARTS),
    "cross_entropy of parts, all": (weighted(weight=each, label_smoothing=0.1), PARTS),
    "CrossEntropyLoss": (nn.CrossEntropyLoss(weight=each, ignore_index=0), CLASSES),
    "kl_divergence": (lambda z, t: nn.kl_divergence(nn.softmax(z), t), PARTS),
    "kl_divergence_with_logits": (nn.kl_divergence_with_logits, PARTS),
    "KLDivLoss": (lambda z, t: nn.KLDivLoss("batchmean")(nn.log_softmax(z), t), PARTS),
    "KLDivLoss of logs": (
        lambda z, t: nn.KLDivLoss("batchmean", log_target=True)(nn.log_softmax(z), t),
        np.log(PARTS),
    ),
    "binary_cross_entropy": (lambda z, t: nn.binary_cross_entropy(nn.sigmoid(z), t), HALVES),
    "BCEWithLogitsLoss": (nn.BCEWithLogitsLoss(pos_weight=each), HALVES),
    "binary_kl": (lambda z, t: nn.binary_kl_divergence(nn.sigmoid(z), t), HALVES),
    "binary_kl_with_logits": (nn.binary_kl_divergence_with_logits, HALVES),
    "mse": (nn.mse, NUMBERS),
    "l1": (nn.l1, NUMBERS),
    "huber": (nn.huber, NUMBERS),
    "l2_divergence": (nn.l2_divergence, NUMBERS),
    "hinge": (nn.hinge, SIGNS),
    "perceptron_loss": (nn.perceptron_loss, SIGNS),
    "perceptron_loss, mistakes": (
        lambda s, t: nn.perceptron_loss(s, t, at_zero="mistake"),
        SIGNS,
    ),
    "perceptron_loss, half": (lambda s, t: nn.perceptron_loss(s, t, at_zero=0.5), SIGNS),
    "multiclass_hinge": (nn.multiclass_hinge, CLASSES),
    "multiclass_hinge, weighted": (
        lambda s, t: nn.multiclass_hinge(s, t, p=2, weight=each),
        CLASSES,
    ),
    "MultiMarginLoss": (nn.MultiMarginLoss(), CLASSES),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_trains_in_a_program_as_eagerly(name: str) -> None:
    loss, targets = LOSSES[name]
    check(lambda: nn.MLP(4, [5, 3], activation="tanh", rng=0), loss, targets)


OPTIMISERS: dict[str, Callable[[Any], Any]] = {
    "momentum": lambda p: nn.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "weight decay": lambda p: nn.optim.SGD(p, lr=0.05, weight_decay=0.01),
    "Adam": lambda p: nn.optim.Adam(p, lr=0.01),
    "AdamW": lambda p: nn.optim.AdamW(p, lr=0.01),
    "RMSprop": lambda p: nn.optim.RMSprop(p, lr=0.01),
    "Adadelta": lambda p: nn.optim.Adadelta(p),
    "Adagrad": lambda p: nn.optim.Adagrad(p, lr=0.05),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_an_optimiser_trains_in_a_program_as_eagerly(name: str) -> None:
    make = OPTIMISERS[name]
    check(lambda: nn.MLP(4, [5, 3], activation="relu", rng=0), nn.cross_entropy, CLASSES, make)


def positive(shape: Any, rng: Any) -> Any:
    return rng.uniform(0.1, 0.5, size=shape)


def test_learned_exponents_train_in_a_program_as_eagerly() -> None:
    def make() -> Any:
        power = nn.Power(4, 3, learn=True, init=positive, rng=0)
        return nn.Sequential(nn.Softplus(), power, nn.Linear(3, 3, rng=1))

    check(make, nn.cross_entropy, CLASSES, lambda p: nn.optim.SGD(p, lr=0.01))


REGULARISERS: dict[str, Callable[[Any], Any]] = {
    "l1": lambda model: nn.regularisers.l1(model, 0.01),
    "l2": lambda model: nn.regularisers.l2(model, 0.01),
    "half of l2": lambda model: nn.regularisers.l2(model, 0.01, half=True),
    "elastic_net": lambda model: nn.regularisers.elastic_net(model, 0.01, 0.02),
    "half of elastic_net": lambda model: nn.regularisers.elastic_net(model, 0.01, 0.02, half=True),
    "elastic_net of some": lambda model: nn.regularisers.elastic_net(
        model.parameters(), 0.01, 0.02
    ),
}


@pytest.mark.parametrize("name", REGULARISERS)
def test_a_regulariser_trains_in_a_program_as_eagerly(name: str) -> None:
    model: list[Any] = []

    def make() -> Any:
        model[:] = [nn.MLP(4, [5, 3], activation="relu", rng=0)]
        return model[0]

    def loss(z: Any, t: Any) -> Any:
        return nn.cross_entropy(z, t) + REGULARISERS[name](model[0])

    check(make, loss, CLASSES)


# --- networks of Values ---------------------------------------------------------------------------


SCALAR_LOSSES: dict[str, tuple[Callable[[Any, Any], Any], list[float]]] = {
    "hinge": (nn.hinge, [1.0, -1.0, 1.0, -1.0]),
    "perceptron_loss": (nn.perceptron_loss, [1.0, -1.0, 1.0, -1.0]),
    "perceptron_loss, mistakes": (
        lambda s, t: nn.perceptron_loss(s, t, at_zero="mistake"),
        [1.0, -1.0, 1.0, -1.0],
    ),
    "mse": (nn.mse, [0.5, -2.0, 0.0, 1.0]),
    "l1": (nn.l1, [0.5, -2.0, 0.0, 1.0]),
    "huber": (nn.huber, [0.5, -2.0, 0.0, 1.0]),
    "l2_divergence": (nn.l2_divergence, [0.5, -2.0, 0.0, 1.0]),
    "binary_cross_entropy": (
        lambda s, t: nn.binary_cross_entropy(nn.sigmoid(s), t),
        [0.0, 1.0, 0.25, 1.0],
    ),
    "binary_cross_entropy_with_logits": (
        nn.binary_cross_entropy_with_logits,
        [0.0, 1.0, 0.25, 1.0],
    ),
    "binary_kl_divergence": (
        lambda s, t: nn.binary_kl_divergence(nn.sigmoid(s), t),
        [0.2, 0.9, 0.25, 0.5],
    ),
    "binary_kl_divergence_with_logits": (
        nn.binary_kl_divergence_with_logits,
        [0.2, 0.9, 0.25, 0.5],
    ),
}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", SCALAR_LOSSES)
def test_a_network_of_values_trains_on_all_instances_at_once(name: str, executor: str) -> None:
    loss, targets = SCALAR_LOSSES[name]
    model = nn.MLP(2, [4, 1], activation="tanh", rng=0).to_scalars()
    twin = nn.MLP(2, [4, 1], activation="tanh", rng=0).to_scalars()
    x1, x2, y = Value(0.0, "x1"), Value(0.0, "x2"), Value(0.0, "y")
    total = loss(model([x1, x2])[0], y) + nn.regularisers.l2(model, 1e-3)
    program = autograd.compile(total, inputs=[x1, x2, y], executor=executor)
    optimizers = [nn.optim.SGD(each.parameters(), lr=0.1) for each in (model, twin)]
    points, t = X[0, :4, :2], np.array(targets)
    for _ in range(STEPS):
        for optimizer in optimizers:
            optimizer.zero_grad()
        losses = program(points[:, 0], points[:, 1], t)
        program.backward()
        eager = []
        for point, target in zip(points.tolist(), targets, strict=True):
            out = loss(twin(point)[0], target) + nn.regularisers.l2(twin, 1e-3)
            out.backward(1 / 4)
            eager.append(out.data)
        near(losses, eager)
        for optimizer in optimizers:
            optimizer.step()
    for one, other in zip(model.parameters(), twin.parameters(), strict=True):
        near(one.data, other.data)


MULTIPLICATIVE: dict[str, Callable[[], Any]] = {
    "PairProduct": lambda: nn.Sequential(nn.Linear(2, 4, rng=0), nn.Tanh(), nn.PairProduct()),
    "Power": lambda: nn.Sequential(nn.Power(2, 3, rng=0)),
    "learned Power": lambda: nn.Sequential(
        nn.Softplus(), nn.Power(2, 3, learn=True, init=positive, rng=0)
    ),
}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", MULTIPLICATIVE)
def test_products_of_values_train_on_all_instances_at_once(name: str, executor: str) -> None:
    model, twin = (MULTIPLICATIVE[name]().to_scalars() for _ in range(2))
    x1, x2 = Value(0.4, "x1"), Value(0.3, "x2")

    def loss(each: Any, point: list[Any]) -> Any:
        error = sum(((out - 0.5) ** 2 for out in each(np.array(point))), Value(0.0))
        return error + nn.regularisers.elastic_net(each, 1e-3, 2e-3)

    program = autograd.compile(loss(model, [x1, x2]), inputs=[x1, x2], executor=executor)
    points = X[0, :4, :2]
    for _ in range(3):
        losses = program(points[:, 0], points[:, 1])
        program.backward()
        eager = []
        for point in points.tolist():
            out = loss(twin, [Value(x) for x in point])
            out.backward(1 / 4)
            eager.append(out.data)
        near(losses, eager)
        for one, two in zip(model.parameters(), twin.parameters(), strict=True):
            near(one.grad, two.grad, scale=1.0)
            one.data -= 0.05 * one.grad
            two.data -= 0.05 * two.grad
            one.grad = two.grad = None


@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.kl_divergence_with_logits])
def test_a_distribution_of_values_is_a_target_that_a_replay_gives(loss: Any) -> None:
    z, d = [Value(0.3), Value(-0.2), Value(1.0)], [Value(0.0, f"d{i}") for i in range(3)]
    out = loss(np.array(z), np.array(d))
    program = autograd.compile(out, inputs=d)
    for row in (PARTS[0, :1], np.eye(3)[1:2]):
        expected = loss(np.array([0.3, -0.2, 1.0]), row[0])
        near(program(*row.T), np.reshape(expected, (1,)))
