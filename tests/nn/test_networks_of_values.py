"""Networks of Values where networks of tensors go: `fit`, pictures, observations, metrics."""

from __future__ import annotations

import gc
import itertools
import random
import warnings
import weakref
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value
from nn.scalar import MLP, Layer, Neuron

X, Y = nn.data.two_moons(30, rng=0)
SIGNS = 2 * Y - 1


class OwnNeuron:
    """As a student writes it."""

    def __init__(self, nin: int) -> None:
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(random.uniform(-1, 1))

    def __call__(self, x: Any) -> Any:
        act = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return act.tanh()

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]


class OwnMLP:
    """Layers of such neurons, the outputs in a list."""

    def __init__(self, *sizes: int) -> None:
        random.seed(0)
        pairs = itertools.pairwise(sizes)
        self.layers = [[OwnNeuron(nin) for _ in range(nout)] for nin, nout in pairs]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0] if len(x) == 1 else x

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for neuron in layer for p in neuron.parameters()]


def plain_function() -> Any:
    """A function with ``parameters()``."""
    network = OwnMLP(2, 4, 1)

    def model(x: Any) -> Any:
        return network(x)

    model.parameters = network.parameters  # type: ignore[attr-defined]
    return model


NETWORKS: dict[str, Any] = {
    "nn.scalar": lambda: MLP(2, [4, 1], activation="tanh", rng=0),
    "two outputs": lambda: MLP(2, [4, 2], rng=0),
    "a class of one's own": lambda: OwnMLP(2, 4, 1),
    "a class of one's own, two outputs": lambda: OwnMLP(2, 4, 2),
    "a function": plain_function,
    "to_scalars": lambda: nn.MLP(2, [4, 2], rng=0).to_scalars(),
}


def of(name: str) -> tuple[Any, Any, Any]:
    """A network, a loss and targets for it."""
    model = NETWORKS[name]()
    if np.ndim(model([0.5, 0.5])):
        return model, nn.cross_entropy, Y
    return model, nn.hinge, SIGNS


def penalised(model: Any, loss: Any) -> Any:
    return lambda p, t: loss(p, t) + 1e-3 * sum(w * w for w in model.parameters())


def by_hand(model: Any, loss: Any, x: Any, y: Any, rate: float, steps: int) -> list[float]:
    """Gradient descent as micrograd's demo writes it."""
    losses = []
    for _ in range(steps):
        out = np.array([model(row) for row in x.tolist()], dtype=object)
        total = penalised(model, loss)(out, y)
        for p in model.parameters():
            p.grad = None
        total.backward()
        for p in model.parameters():
            p.data -= rate * p.grad
        losses.append(total.data)
    return losses


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_fit_makes_the_steps_that_one_makes_by_hand(name: str, compiled: bool) -> None:
    model, loss, y = of(name)
    expected = by_hand(model, loss, X, y, 0.1, 3)
    model, loss, y = of(name)
    history = nn.fit(
        model,
        penalised(model, loss),
        (X, y),
        optimizer=lambda p: nn.optim.SGD(p, 0.1),
        epochs=3,
        metrics=nn.metrics.accuracy,
        compile=compiled,
        progress=False,
    )
    assert np.allclose(history.steps["loss"], expected, rtol=1e-9)
    assert 0 <= history.epochs["accuracy"][-1] <= 1


@pytest.mark.parametrize("name", NETWORKS)
def test_fit_in_batches_with_validation_and_the_best_parameters(name: str) -> None:
    model, loss, y = of(name)
    history = nn.fit(
        model,
        loss,
        (X, y),
        optimizer=lambda p: nn.optim.SGD(p, 0.1),
        epochs=3,
        batch_size=8,
        validation=(X[:5], y[:5]),
        restore_best=True,
        rng=0,
        progress=False,
    )
    assert len(history.steps["loss"]) == 12
    rows = np.array([model(row) for row in X[:5].tolist()], dtype=object)
    best = min(history.epochs["validation loss"])
    assert np.isclose(loss(rows, y[:5]).data, best, rtol=1e-9)


def test_mean_squared_error_of_a_network_of_values() -> None:
    model = MLP(2, [4, 1], activation="tanh", rng=0)
    history = nn.fit(
        model, nn.mse, (X, X[:, 0]), optimizer="adam", epochs=20, batch_size=10, progress=False
    )
    assert history.epochs["loss"][-1] < history.epochs["loss"][0]


@pytest.mark.parametrize("name", NETWORKS)
def test_decision_boundary_draws_the_regions_of_a_network_of_values(name: str) -> None:
    pytest.importorskip("matplotlib")
    model, _, y = of(name)
    figure = nn.inspect.decision_boundary(model, X, y, resolution=30)
    out = [autograd.recording.look(np.array(model(row), dtype=object)) for row in X.tolist()]
    right = (nn.metrics.classes_of(np.array(out)) == Y).sum()
    assert f"{right} of 30 right" in figure.axes[0].get_title()


def test_a_grid_is_one_run_of_a_program() -> None:
    calls = []

    class Counted(OwnMLP):
        def __call__(self, x: Any) -> Any:
            calls.append(x)
            return super().__call__(x)

    pytest.importorskip("matplotlib")
    nn.inspect.decision_boundary(Counted(2, 4, 1), X, Y)  # 40,000 points
    assert len(calls) < 10


def test_a_network_takes_arrays_and_tensors() -> None:
    for network, shape in ((MLP(2, [4, 1], rng=0), (30,)), (Layer(2, 3, rng=0), (30, 3))):
        y = network(X)
        assert y.shape == network(autograd.Tensor(X)).shape == shape
        first = np.array(network(X[0].tolist()), dtype=object)
        assert np.allclose(y.data[0], autograd.recording.look(first))
    assert Neuron(2, rng=0)(X).shape == (30,)


def test_observe_shows_the_layers_of_neurons() -> None:
    model = MLP(2, [4, 3, 1], activation="tanh", rng=0)
    seen = nn.inspect.observe(model, X, SIGNS, nn.hinge)
    shapes = {name: a.shape for name, a in seen.activations.items()}
    assert shapes == {"layers.0": (30, 4), "layers.1": (30, 3), "layers.2": (30, 1)}
    assert set(seen.kinds.values()) == {"Layer"}
    hidden = [[n(row).data for n in model.layers[0].neurons] for row in X.tolist()]
    assert np.allclose(seen.activations["layers.0"], hidden)
    assert np.allclose(seen.slopes["layers.0"], 1 - np.square(hidden))
    assert seen.gradients["layers.1"].shape == (30, 3)
    assert all(p.grad is None for p in model.parameters())


def test_statistics_of_training() -> None:
    model = MLP(2, [4, 1], rng=0)
    history = nn.fit(
        model, nn.hinge, (X, SIGNS), optimizer="sgd", epochs=2, statistics=True, progress=False
    )
    assert set(history.epochs["layers"][-1]) == {"layers.0", "layers.1"}
    assert len(history.epochs["update ratios"][-1]) == len(model.parameters())


def test_metrics_take_what_a_network_of_values_gives() -> None:
    model = MLP(2, [4, 2], rng=0)
    out = model(X)
    classes = nn.metrics.classes_of(out)
    assert nn.metrics.accuracy(out, Y) == (classes == Y).mean()
    assert nn.metrics.confusion_matrix(out, Y).sum() == 30


def test_a_network_that_takes_arrays_is_given_them() -> None:
    a, b = Value(0.5), Value(0.0)

    def model(x: Any) -> Any:
        return a * x[:, 0] + b

    model.parameters = lambda: [a, b]  # type: ignore[attr-defined]
    history = nn.fit(
        model, nn.mse, (X, X[:, 0]), optimizer=nn.optim.SGD([a, b], 0.1), epochs=5, progress=False
    )
    assert history.epochs["loss"][-1] < history.epochs["loss"][0]


def test_batch_normalisation_sees_the_whole_batch() -> None:
    model = nn.MLP(2, [3, 2], norm="batch", rng=0)
    scalars = model.to_scalars()
    for each in (model, scalars):
        nn.fit(each, nn.cross_entropy, (X, Y), optimizer="sgd", epochs=2, progress=False)
    for name, numbers in model.state_dict().items():
        assert np.allclose(scalars.state_dict()[name], numbers)


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ((np.ones((4, 3)), np.ones(4)), ValueError, "expected 2 inputs, got 3"),
        ((np.ones(4), np.ones(4)), TypeError, r"array of shape \(instances, 2\)"),
        ((np.ones((4, 2)), np.ones((4, 1))), ValueError, r"prediction's shape \(4,\)"),
    ],
)
def test_errors_speak_of_shapes(data: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        nn.fit(MLP(2, [3, 1]), nn.mse, data, optimizer="sgd", epochs=1, progress=False)


def test_a_network_is_not_kept_alive_by_its_programs() -> None:
    model = OwnMLP(2, 3, 1)
    nn.fit(
        model, nn.hinge, (X, SIGNS), optimizer=lambda p: nn.optim.SGD(p), epochs=1, progress=False
    )
    alive = weakref.ref(model)
    del model
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("compiled", [False, True])
def test_what_diverges_is_named_with_its_line(compiled: bool) -> None:
    a = Value(1.0, "a")

    def model(x: Any) -> Any:
        return (a * x[0]).log()

    model.parameters = lambda: [a]  # type: ignore[attr-defined]
    with pytest.raises(nn.DivergenceError, match=r"log.*was the first to give nan") as caught:
        nn.fit(
            model,
            nn.mse,
            (X, X[:, 0]),
            optimizer=nn.optim.SGD([a], 0.1),
            epochs=1,
            compile=compiled,
            progress=False,
        )
    assert caught.value.primitive == "log"
    assert "return (a * x[0]).log()" in str(caught.value)


def test_a_network_of_ones_own_class_is_asked_and_not_changed() -> None:
    """``act = self.b; act += w * x`` is an update under no_grad, where a user writes that."""

    class Unit:
        def __init__(self) -> None:
            self.w, self.b = [Value(0.5), Value(-1.0)], Value(0.25)

        def parameters(self) -> list[Any]:
            return [*self.w, self.b]

        def __call__(self, x: Any) -> Any:
            act = self.b
            for w, each in zip(self.w, x, strict=True):
                act += w * each
            return act

    x = np.array([[1.0, 2.0], [3.0, -1.0], [0.0, 0.5], [2.0, 2.0]])
    y = np.array([-1.0, 1.0, 1.0, -1.0])
    unit = Unit()
    want = [0.5 * a - b + 0.25 for a, b in x]
    still = nn.optim.SGD(unit.parameters(), lr=0.0)
    for _ in range(2):  # the second time there are gradients
        nn.fit(unit, nn.mse, (x, y), optimizer=still, epochs=2, validation=(x, y))
        nn.inspect.decision_boundary(unit, x, y, resolution=5)
        f = autograd.vectorize(unit)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # one program does it
            with autograd.no_grad():
                np.testing.assert_allclose(f(x).data, want)
            np.testing.assert_allclose(f(x).data, want)
        assert [p.data for p in unit.parameters()] == [0.5, -1.0, 0.25]
    assert unit.b.grad is not None


def test_a_network_whose_instances_have_to_do_with_each_other_is_given_all_of_them() -> None:
    class Centred:
        def __init__(self) -> None:
            self.w = Value(0.5)

        def parameters(self) -> list[Any]:
            return [self.w]

        def __call__(self, x: Any) -> Any:
            x = np.asarray(x)
            return self.w * (x - x.mean(axis=0))[..., 0]

    class First(Centred):
        def __call__(self, x: Any) -> Any:  # of an array it would be the first instance
            return self.w * x[0]

    for make, want in ((Centred, 0.5 * (X - X.mean(axis=0))[:, 0]), (First, 0.5 * X[:, 0])):
        model = make()
        still = nn.optim.SGD(model.parameters(), lr=0.0)
        history = nn.fit(model, nn.mse, (X, SIGNS), optimizer=still, epochs=1)
        np.testing.assert_allclose(history.epochs["loss"], np.mean((want - SIGNS) ** 2))
