"""micrograd's classes, and its own examples with only the import lines changed."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value
from nn.scalar import MLP, Layer, Neuron


def test_the_example_of_micrograds_readme(capsys: pytest.CaptureFixture[str]) -> None:
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    print(f"{g.data:.4f}")  # prints 24.7041, the outcome of this forward pass
    g.backward()
    print(f"{a.grad:.4f}")  # prints 138.8338, i.e. the numerical value of dg/da
    print(f"{b.grad:.4f}")  # prints 645.5773, i.e. the numerical value of dg/db
    assert capsys.readouterr().out.split() == ["24.7041", "138.8338", "645.5773"]


def make_moons(n_samples: int, noise: float) -> tuple[Any, Any]:
    """Two interleaved half circles, from NumPy's global generator, as the demo's library does."""
    t = np.linspace(0, np.pi, n_samples // 2)
    outer = np.stack([np.cos(t), np.sin(t)], axis=1)
    inner = np.stack([1 - np.cos(t), 0.5 - np.sin(t)], axis=1)
    x = np.concatenate([outer, inner]) + np.random.normal(scale=noise, size=(n_samples, 2))
    return x, np.repeat([0, 1], n_samples // 2)


def demo(MLP: Any, Value: Any, steps: int) -> tuple[list[float], list[float], Any]:
    """The cells of micrograd's training demo, on whichever classes are given."""
    np.random.seed(1337)
    random.seed(1337)
    X, y = make_moons(n_samples=100, noise=0.1)
    y = y * 2 - 1  # make y be -1 or 1
    model = MLP(2, [16, 16, 1])  # 2-layer neural network

    def loss() -> tuple[Any, float]:
        Xb, yb = X, y
        inputs = [list(map(Value, xrow)) for xrow in Xb]
        # forward the model to get scores
        scores = list(map(model, inputs))
        # svm "max-margin" loss
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(yb, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        # L2 regularization
        alpha = 1e-4
        reg_loss = alpha * sum((p * p for p in model.parameters()))  # noqa: UP034
        total_loss = data_loss + reg_loss
        # also get accuracy
        accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(yb, scores, strict=True)]
        return total_loss, sum(accuracy) / len(accuracy)

    history, accuracies = [], []
    for k in range(steps):
        total_loss, acc = loss()
        # backward
        model.zero_grad()
        total_loss.backward()
        # update (sgd)
        learning_rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= learning_rate * p.grad
        history.append(total_loss.data)
        accuracies.append(acc)
    return history, accuracies, model


def test_the_cells_of_micrograds_demo_learn() -> None:
    losses, accuracies, _ = demo(MLP, Value, 25)
    assert losses[-1] < 0.3 < losses[0]
    assert accuracies[-1] >= 0.9


def test_the_demo_gives_micrograds_numbers_from_the_same_seed() -> None:
    engine = pytest.importorskip("micrograd.engine")
    theirs = pytest.importorskip("micrograd.nn")
    ours_losses, ours_accuracies, ours = demo(MLP, Value, 3)
    losses, accuracies, other = demo(theirs.MLP, engine.Value, 3)
    assert np.allclose(ours_losses, losses, rtol=1e-9)
    assert ours_accuracies == accuracies
    mine = [p.data for p in ours.parameters()]
    assert np.allclose(mine, [p.data for p in other.parameters()], rtol=1e-9)
    assert repr(ours) == repr(other)


def test_a_neuron_has_micrograds_attributes() -> None:
    neuron = Neuron(3, rng=0)
    assert [type(w) for w in neuron.w] == [Value] * 3
    assert all(-1 <= w.data <= 1 for w in neuron.w)
    assert (type(neuron.b), neuron.b.data, neuron.nonlin) == (Value, 0.0, True)
    assert all(p is q for p, q in zip(neuron.parameters(), [*neuron.w, neuron.b], strict=True))
    assert repr(neuron) == "ReLUNeuron(3)"
    assert repr(Neuron(3, nonlin=False)) == "LinearNeuron(3)"


def test_a_neuron_is_its_formula_also_after_its_weights_are_replaced() -> None:
    neuron = Neuron(2, nonlin=False, rng=0)
    neuron.w[0], neuron.b = Value(3.0), Value(0.5)
    y = neuron([2.0, -1.0])
    assert y.data == 3.0 * 2.0 - neuron.w[1].data + 0.5
    y.backward()
    assert [p.grad for p in neuron.parameters()] == [2.0, -1.0, 1.0]


@pytest.mark.parametrize(
    "x",
    [
        [0.5, -2.0],
        (0.5, -2.0),
        [np.float64(0.5), np.float32(-2.0)],
        np.array([0.5, -2.0]),
        [Value(0.5), Value(-2.0)],
        [Value(0.5), -2],
    ],
)
def test_inputs_are_floats_numpy_numbers_or_values(x: Any) -> None:
    model = MLP(2, [3, 1], rng=0)
    y = model(x)
    assert isinstance(y, Value)
    assert y.data == model([0.5, -2.0]).data


def test_one_output_is_a_value_and_several_are_a_list() -> None:
    assert isinstance(Layer(2, 1, rng=0)([1.0, 2.0]), Value)
    several = Layer(2, 3, nonlin=False, rng=0)([1.0, 2.0])
    assert type(several) is list
    assert [type(y) for y in several] == [Value] * 3
    assert isinstance(MLP(2, [1, 1], rng=0)([1.0, 2.0]), Value)


def test_the_last_layer_is_linear_and_the_others_are_not() -> None:
    model = MLP(2, [3, 2, 1])
    assert [neuron.nonlin for layer in model.layers for neuron in layer.neurons] == [
        *[True] * 3,
        *[True] * 2,
        False,
    ]


def test_parameters_are_a_flat_list_of_values() -> None:
    model = MLP(2, [3, 1])
    assert type(model.parameters()) is list
    assert len(model.parameters()) == 13
    assert all(isinstance(p, Value) for p in model.parameters())
    assert isinstance(sum(p * p for p in model.parameters()), Value)


def test_a_neuron_is_one_affine_node_in_its_own_scope() -> None:
    model = MLP(2, [3, 1], rng=0)
    y = model([1.0, 2.0])
    assert len(y.parents) == 3 + 3 + 1
    assert (y.scope.path, y.scope.kind) == ("layers.1.neurons.0", "Neuron")


def test_seeds_repeat_networks() -> None:
    def numbers(model: Any) -> list[float]:
        return [p.data for p in model.parameters()]

    assert numbers(MLP(2, [3, 1], rng=0)) == numbers(MLP(2, [3, 1], rng=0))
    random.seed(5)
    first = numbers(MLP(2, [3, 1]))
    random.seed(5)
    assert numbers(MLP(2, [3, 1])) == first


def test_a_wrong_number_of_inputs_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"ReLUNeuron\(2\) expected 2 inputs, got 3"):
        MLP(2, [3, 1])([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="nin of Neuron"):
        Neuron(2.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one width or more"):
        MLP(2, [])


# --- activations ----------------------------------------


@pytest.mark.parametrize(
    ("activation", "function", "name"),
    [
        ("relu", lambda z: max(z, 0.0), "ReLU"),
        ("tanh", np.tanh, "Tanh"),
        ("sigmoid", lambda z: 1 / (1 + np.exp(-z)), "Sigmoid"),
        ("leaky_relu", lambda z: max(z, 0.01 * z), "LeakyReLU"),
        (autograd.tanh, np.tanh, "Tanh"),
        (autograd.sin, np.sin, "sin"),
        (nn.layers.activations.LeakyReLU(0.5), lambda z: max(z, 0.5 * z), "LeakyReLU"),
        (nn.layers.activations.Tanh, np.tanh, "Tanh"),
        ("identity", lambda z: z, "Linear"),
        (None, lambda z: z, "Linear"),
    ],
)
def test_activations_are_names_functions_and_modules(
    activation: Any, function: Any, name: str
) -> None:
    for part in (
        Neuron(2, activation=activation, rng=0),
        Layer(2, 1, activation=activation, rng=0),
        MLP(2, [1], output_activation=activation, rng=0),
    ):
        neuron = part if isinstance(part, Neuron) else getattr(part, "layers", [part])[0].neurons[0]
        z = neuron.w[0].data * 0.3 + neuron.w[1].data * -2.0
        assert np.isclose(part([0.3, -2.0]).data, function(z))
        assert f"{name}Neuron(2)" in repr(part)


def test_the_network_of_the_lecture() -> None:
    model = MLP(3, [4, 4, 1], activation="tanh", output_activation="tanh", rng=0)
    assert repr(model).count("TanhNeuron") == 9
    assert abs(model([2.0, 3.0, -1.0]).data) < 1


def test_each_layer_may_have_its_own_activation() -> None:
    for given in (["tanh", "sigmoid"], ["tanh", "sigmoid", None]):
        kinds = [repr(layer.neurons[0]) for layer in MLP(2, [1, 1, 1], given).layers]
        assert kinds == ["TanhNeuron(2)", "SigmoidNeuron(1)", "LinearNeuron(1)"]
    with pytest.raises(ValueError, match="one for each of the 2 hidden layers"):
        MLP(2, [1, 1, 1], ["tanh"])


def test_what_an_activation_learns_is_among_the_parameters() -> None:
    model = MLP(2, [2, 1], activation="prelu", rng=0)
    assert len(model.parameters()) == 2 * 3 + 2 + 3
    y = model(np.array([[0.5, -1.0], [1.0, 2.0]]))
    assert np.allclose(y.data, [model(row).data for row in ([0.5, -1.0], [1.0, 2.0])])
    y.sum().backward()
    slopes = [p for p in model.parameters() if "activation" in (p.name or "")]
    assert [type(p) for p in slopes] == [Value] * 2
    assert any(p.grad for p in slopes)


def test_an_activation_that_there_is_none_of_gets_the_list() -> None:
    for make in (Neuron, Layer, MLP):
        sizes: Any = {Neuron: (2,), Layer: (2, 1), MLP: (2, [2, 1])}[make]
        with pytest.raises(ValueError, match=r"no activation 'tanhh'; there are .*relu.*tanh"):
            make(*sizes, activation="tanhh")
        with pytest.raises(ValueError, match="over several numbers"):
            make(*sizes, activation="softmax")
        with pytest.raises(TypeError, match=r"a name \(.*tanh.*\), a Module or a function"):
            make(*sizes, activation=3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.scalar.Neuron(3, "tanh"),  # type: ignore[arg-type]
        lambda: nn.scalar.Layer(3, 2, autograd.tanh),  # type: ignore[arg-type]
        lambda: nn.scalar.Neuron(3, None),  # type: ignore[arg-type]
    ],
)
def test_an_activation_in_the_place_of_nonlin_is_not_taken_for_true(make: Any) -> None:
    with pytest.raises(TypeError, match=r"is True or False, got .*: an activation is given as"):
        make()


@pytest.mark.parametrize("nin", [1, 2])
def test_lists_in_a_list_are_no_instance(nin: int) -> None:
    many = [[0.5] * nin] * nin
    for model in (Neuron(nin, rng=0), MLP(nin, [2, 1], rng=0)):
        with pytest.raises(ValueError, match=rf"array of shape \(instances, {nin}\)"):
            model(many)
        with pytest.raises(ValueError, match=rf"shape \({nin},\): give many"):
            model(np.array([many]))
        assert model(np.array(many)).shape == (nin,)


# --- layers that are recorded at once -------------------------------------------------------------


def looked_at(y: Any) -> list[Any]:
    """What is to be known of the nodes of a graph."""
    return [
        (n.data, n.primitive, repr(n.scope), n.name, n.local_derivatives)
        for n in autograd.topological_order(y)
    ]


def test_a_network_gives_what_its_layers_give_one_after_another() -> None:
    class Called(MLP):
        """The same, where each layer is called."""

        def forward(self, x: Any) -> Any:
            for i, layer in enumerate(self.layers):
                x = layer([x] if i and isinstance(x, Value) else x)
            return x

    for widths in ([4, 3, 1], [1, 1], [3]):
        networks = [cls(2, widths, "tanh", rng=0) for cls in (MLP, Called)]
        for x in ([0.5, -1.0], (Value(0.5), Value(2.0)), np.array([1.0, 2.0])):
            for with_scope in (False, True):
                scope = autograd.Scope("a", "B") if with_scope else autograd.Scope("", "")
                with scope:
                    found = [network(x) for network in networks]
                outs = [each if isinstance(each, list) else [each] for each in found]
                one, other = ([*map(looked_at, each)] for each in outs)
                assert repr(one) == repr(other)
                made = [n for y in outs[0] for n in autograd.topological_order(y) if not n.is_leaf]
                assert {"network(x)" in n.site.text for n in made} == {True}


def test_a_network_sees_what_is_done_to_its_layers() -> None:
    x = [0.5, -1.0]

    def expected(model: Any) -> float:
        h = x
        for layer in model.layers:
            sums = [
                sum(w.data * v for w, v in zip(n.w, h, strict=True)) + n.b.data
                for n in layer.neurons
            ]
            h = [max(s, 0.0) if n.nonlin else s for s, n in zip(sums, layer.neurons, strict=True)]
        return sum(h)

    model = MLP(2, [3, 2, 1], rng=1)
    assert model(x).data == pytest.approx(expected(model))
    for change in (
        lambda: setattr(model.layers[0].neurons[0].w[0], "data", 0.75),
        lambda: model.layers[0].neurons[1].w.__setitem__(0, Value(-0.5)),
        lambda: model.layers[1].neurons.__setitem__(0, Neuron(3, rng=5)),
        lambda: model.layers.__setitem__(0, Layer(2, 3, rng=7)),
        lambda: model.layers.insert(1, Layer(3, 3, rng=8)),
        lambda: setattr(model.layers[0], "neurons", Layer(2, 3, rng=9).neurons),
        lambda: setattr(model.layers[0].neurons[0], "nonlin", False),
    ):
        change()
        assert model(x).data == pytest.approx(expected(model))
        with autograd.no_grad():
            assert model(x).data == pytest.approx(expected(model))
        paths = {n.scope.path for n in autograd.topological_order(model(x)) if n.scope is not None}
        assert paths == {name for name, part in model.named_modules() if isinstance(part, Neuron)}


def test_a_layer_of_the_users_is_called_in_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    class Twice(Layer):
        def forward(self, x: Any) -> Any:
            return [y + y for y in super().forward(x)]

    model = MLP(2, [3, 1], rng=0)
    before = model([1.0, 2.0]).data
    plain = model.layers[0]
    model.layers[0] = Twice(2, 3, rng=0)
    model.layers[0].neurons = plain.neurons
    doubled = model([1.0, 2.0]).data
    assert doubled != before
    model.layers[0] = plain
    assert model([1.0, 2.0]).data == before
    monkeypatch.setattr(Layer, "forward", Twice.forward)
    with pytest.raises(TypeError, match="super"):
        model([1.0, 2.0])
    monkeypatch.undo()
    assert model([1.0, 2.0]).data == before
    model.layers[0].forward = lambda x: [Value(0.0)] * 3
    assert model([1.0, 2.0]).data == model.layers[1].neurons[0].b.data
