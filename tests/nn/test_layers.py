"""Linear, Sequential, MLP, activations and initialisation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value

# --- Linear --------------------------------------------


def test_linear_is_x_times_the_transpose_plus_b_at_every_rank() -> None:
    layer = nn.Linear(3, 2, rng=0, bias_init=0.5)
    for shape in ((3,), (4, 3), (2, 4, 3), (0, 3)):
        x = np.random.default_rng(1).normal(size=shape)
        expected = x @ layer.weight.data.T + 0.5
        for given in (x, x.tolist() if x.size else x, Tensor(x)):
            y = layer(given)
            assert y.shape == expected.shape
            assert np.allclose(y.data, expected, atol=1e-14)


def test_linear_passes_gradcheck_with_and_without_a_bias() -> None:
    x = np.random.default_rng(0).normal(size=(4, 3))
    for bias in (True, False):
        layer = nn.Linear(3, 2, bias=bias, rng=0)

        def f(x: Any, weight: Any, layer: nn.Linear = layer) -> Any:
            layer.weight = weight
            return autograd.sum(autograd.square(layer(x)))

        autograd.gradcheck(f, [x, layer.weight.data])


def test_linear_keeps_its_dtype_whatever_numbers_it_is_given() -> None:
    layer = nn.Linear(2, 1, rng=0, dtype=np.float32)
    for x in ([1, 2], [1.0, 2.0], np.array([1, 2]), np.array([1.0, 2.0]), np.array([True, False])):
        y = layer(x)
        assert y.dtype == np.float32
        y.backward()
    assert layer.weight.grad.dtype == np.float32


@pytest.mark.parametrize(
    "x", [np.zeros((100, 63)), np.zeros(63), [[0.0] * 63], Tensor(np.zeros(3))]
)
def test_a_wrong_width_is_an_error_with_both_shapes(x: Any) -> None:
    shape = np.shape(x)
    with pytest.raises(ValueError, match=r"Linear expected \(\.\.\., 64\), got") as caught:
        nn.Linear(64, 2)(x)
    assert str(caught.value).endswith(f"got {shape}")
    assert not [p for p in nn.Linear(64, 2).parameters() if p.grad is not None]


def test_a_scalar_layer_says_the_same_of_a_wrong_width() -> None:
    with pytest.raises(ValueError, match=r"Linear expected \(\.\.\., 2\), got \(3,\)"):
        nn.Linear(2, 1, rng=0).to_scalars()([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "x", [[Value(1.0), Value(2.0)], np.array([Value(1.0), Value(2.0)]), [1.0, Value(2.0)]]
)
def test_values_given_to_a_tensor_network_name_to_scalars(x: Any) -> None:
    with pytest.raises(TypeError, match=r"to_scalars\(\)"):
        nn.MLP(2, [3, 1])(x)


@pytest.mark.parametrize("x", [["a", "b"], [1j, 2.0], [[1.0, 2.0], [3.0]], None, "ab"])
def test_what_is_not_numbers_is_refused(x: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        nn.Linear(2, 1)(x)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((2.0, 1), TypeError, "n_in of Linear is a whole number of 1 or more, got float"),
        ((True, 1), TypeError, "got bool"),
        ((0, 1), ValueError, "n_in of Linear is a whole number of 1 or more, got 0"),
        ((1, -3), ValueError, "n_out .* got -3"),
        ((1, 1, True, "she"), ValueError, "no initialisation 'she'; there are constant, glorot"),
        ((1, 1, True, 3), TypeError, "init is a name"),
        ((1, 1, True, lambda shape, rng: np.zeros(3)), ValueError, r"shape \(1, 1\), got \(3,\)"),
        ((1, 1, True, None, "seed"), TypeError, "rng is a numpy.random.Generator"),
        ((1, 1, True, None, None, int), TypeError, "float32 or float64"),
    ],
)
def test_bad_arguments_of_linear_are_named(
    arguments: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        nn.Linear(*arguments)


# --- containers --------------------------------------------


def test_an_mlp_equals_its_formula() -> None:
    model = nn.MLP(3, [4, 2], activation="tanh", output_activation="sigmoid", rng=0)
    x = np.random.default_rng(1).normal(size=(5, 3))
    state = model.state_dict()
    hidden = np.tanh(x @ state["layers.0.weight"].T + state["layers.0.bias"])
    z = hidden @ state["layers.2.weight"].T + state["layers.2.bias"]
    assert np.allclose(model(x).data, 1 / (1 + np.exp(-z)), atol=1e-14)


def test_an_mlp_equals_pytorchs_with_the_same_weights() -> None:
    torch = pytest.importorskip("torch")
    model = nn.MLP(3, [5, 4, 2], rng=0, bias_init=0.1)
    theirs = torch.nn.Sequential(
        torch.nn.Linear(3, 5),
        torch.nn.ReLU(),
        torch.nn.Linear(5, 4),
        torch.nn.ReLU(),
        torch.nn.Linear(4, 2),
    ).double()
    ours = model.state_dict()
    theirs.load_state_dict({name[7:]: torch.tensor(array) for name, array in ours.items()})
    x = np.random.default_rng(1).normal(size=(6, 3))
    y, t = model(x), theirs(torch.tensor(x))
    (y * y).sum().backward()
    (t * t).sum().backward()
    assert np.allclose(y.data, t.detach().numpy(), atol=1e-13)
    for p, q in zip(model.parameters(), theirs.parameters(), strict=True):
        assert np.allclose(p.grad, q.grad.numpy(), atol=1e-12)


def test_one_instance_gives_one_output_vector() -> None:
    model = nn.MLP(2, [3, 4], rng=0)
    x = np.array([[0.5, -1.0], [2.0, 3.0]])
    assert model(x[0]).shape == (4,)
    assert np.allclose(model(x[0]).data, model(x).data[0], atol=1e-15)


def test_norm_comes_after_each_hidden_map_and_before_its_activation_never_last() -> None:
    class Scale(nn.Module):
        def __init__(self, n: int) -> None:
            self.gain = Tensor(np.full(n, 2.0))

        def forward(self, x: Any) -> Any:
            return self.gain * x

    model = nn.MLP(2, [3, 4, 1], norm=Scale, output_activation="tanh", rng=0)
    assert [type(layer).__name__ for layer in model] == [
        *("Linear", "Scale", "ReLU"),
        *("Linear", "Scale", "ReLU"),
        *("Linear", "Tanh"),
    ]
    assert model.layers[1].gain.shape == (3,)  # type: ignore[attr-defined]


def test_equal_widths_are_no_riddle() -> None:
    assert len(nn.MLP(3, [3, 3, 3])) == 5


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((2, []), {}, TypeError, "nouts of MLP is a list of widths"),
        ((2, 4), {}, TypeError, "nouts of MLP is a list of widths.* got 4"),
        ((2, [3, -1]), {}, ValueError, r"nouts\[1\] of MLP .* got -1"),
        ((2, [3, 1.5]), {}, TypeError, r"nouts\[1\] of MLP .* got float"),
        ((2.5, [3]), {}, TypeError, "nin of MLP"),
        ((2, [3, 1]), {"activation": "rellu"}, ValueError, "no activation 'rellu'; there are"),
        ((2, [3, 1]), {"activation": 3}, TypeError, "an activation is a name"),
        ((2, [3, 1]), {"output_activation": "x"}, ValueError, "no activation 'x'"),
        ((2, [3, 1]), {"norm": 3}, TypeError, "norm of MLP is a name .*got 3"),
        ((2, [3, 1]), {"init": "x"}, ValueError, "no initialisation 'x'"),
        ((2, [3, 1]), {"rng": 1.5}, TypeError, "rng is"),
        ((2, [3, 1]), {"rng": -1}, ValueError, "a seed is 0 or more"),
    ],
)
def test_bad_arguments_of_mlp_are_named(
    arguments: Any, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        nn.MLP(*arguments, **options)


def test_sequential_is_a_sequence() -> None:
    a, b = nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1)
    model = nn.Sequential(a, np.tanh, b)
    assert len(model) == 3
    assert model[0] is a
    assert model[-1] is b
    assert [type(each).__name__ for each in model] == ["Linear", "Activation", "Linear"]
    part = model[:2]
    assert isinstance(part, nn.Sequential)
    assert part[0] is a
    assert np.allclose(b(part([1.0, 2.0])).data, model([1.0, 2.0]).data)
    with pytest.raises(TypeError, match="one after another"):
        nn.Sequential([a, b])  # type: ignore[arg-type]


# --- activations --------------------------------------------


ACTIVATIONS = {
    nn.ReLU: "relu",
    nn.LeakyReLU: "leaky_relu",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
    nn.Softplus: "softplus",
    nn.Softmax: "softmax",
    nn.LogSoftmax: "log_softmax",
    nn.Identity: None,
}


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_activations_equal_pytorchs_in_value_and_derivative(kind: type[nn.Module]) -> None:
    torch = pytest.importorskip("torch")
    name = ACTIVATIONS[kind]
    options = {"dim": -1} if name in ("softmax", "log_softmax") else {}
    x = np.array([[-3.0, -0.5, 0.0, 0.25, 2.0], [1000.0, -1000.0, 1.0, 2.0, 3.0]])
    mine, theirs = Tensor(x), torch.tensor(x, requires_grad=True)
    y = kind()(mine)
    t = theirs * 1 if name is None else getattr(torch.nn.functional, name)(theirs, **options)
    seed = np.random.default_rng(0).normal(size=x.shape)
    (y * seed).sum().backward()
    (t * torch.tensor(seed)).sum().backward()
    assert np.allclose(y.data, t.detach().numpy(), atol=1e-14)
    assert np.allclose(mine.grad, theirs.grad.numpy(), atol=1e-14)


@pytest.mark.parametrize("slope", [0.01, 0.1, 1.0, -1.0, 3.0])
def test_leaky_relu_has_its_slope_on_the_left_and_at_0(slope: float) -> None:
    x = Tensor([-2.0, 0.0, 3.0])
    y = nn.LeakyReLU(slope)(x)
    y.sum().backward()
    assert y.data.tolist() == [-2.0 * slope, 0.0, 3.0]
    assert x.grad.tolist() == [slope, slope, 1.0]
    for each, expected in ((-2.0, slope), (3.0, 1.0)):
        v = Value(each)
        nn.leaky_relu(v, slope).backward()
        assert v.grad == expected


def test_activations_take_lists_arrays_and_values() -> None:
    for kind in ACTIVATIONS:
        plain = np.asarray(kind()([0.5, -1.0]), dtype=float)
        values = np.asarray(kind()(autograd.values([0.5, -1.0])), dtype=float)
        assert np.allclose(plain, values, atol=1e-14)


def test_an_activation_is_a_name_a_module_a_class_or_a_function() -> None:
    leaky = nn.LeakyReLU(0.2)
    for given, kind in (
        ("tanh", nn.Tanh),
        (leaky, nn.LeakyReLU),
        (nn.Sigmoid, nn.Sigmoid),
        (autograd.relu, nn.ReLU),
        (nn.leaky_relu, nn.LeakyReLU),
        (autograd.sin, nn.Activation),
        (lambda x: x * x, nn.Activation),
    ):
        model = nn.MLP(2, [3, 3, 1], activation=given)
        assert type(model[1]) is kind
        assert model[1] is not model[3]
    assert model([1.0, 2.0]).shape == (1,)


# --- initialisation --------------------------------------------


@pytest.mark.parametrize(
    ("name", "std"),
    [
        ("he_normal", math.sqrt(2 / 500)),
        ("he_uniform", math.sqrt(2 / 500)),
        ("glorot_normal", math.sqrt(2 / 800)),
        ("glorot_uniform", math.sqrt(2 / 800)),
        ("pytorch", 1 / math.sqrt(3 * 500)),
        ("normal", 0.01),
        ("uniform", 0.01 / math.sqrt(3)),
    ],
)
def test_initial_weights_have_the_standard_deviation_of_their_formula(
    name: str, std: float
) -> None:
    weights = nn.init.initialiser(name)((300, 500), 0)
    assert weights.shape == (300, 500)
    assert abs(weights.std() / std - 1) < 0.01
    assert abs(weights.mean()) < std / 50


@pytest.mark.parametrize(
    ("function", "bound"),
    [
        (nn.init.he_uniform, math.sqrt(6 / 500)),
        (nn.init.glorot_uniform, math.sqrt(6 / 800)),
        (nn.init.pytorch_uniform, 1 / math.sqrt(500)),
    ],
)
def test_uniform_rules_fill_their_bounds(function: Any, bound: float) -> None:
    weights = function((300, 500), 0)
    assert 0.999 * bound < abs(weights).max() <= bound


def test_rectifiers_start_by_he_and_others_by_glorot_with_biases_at_0() -> None:
    for activation, std in (("relu", 2 / 400), (nn.LeakyReLU(), 2 / 400), ("tanh", 2 / 700)):
        model = nn.MLP(400, [300, 10], activation=activation, rng=0)
        weight = model.state_dict()["layers.0.weight"]
        assert abs(weight.std() / math.sqrt(std) - 1) < 0.02
        assert not model.state_dict()["layers.0.bias"].any()


def test_pytorchs_initialisation_draws_biases_too() -> None:
    state = nn.MLP(100, [200, 2], init="pytorch", rng=0).state_dict()
    for name in ("layers.0.weight", "layers.0.bias"):
        assert 0.09 < abs(state[name]).max() <= 0.1
    assert abs(state["layers.2.bias"]).max() <= 1 / math.sqrt(200)


def test_a_seed_gives_the_same_network_and_layers_that_differ() -> None:
    a, b = nn.MLP(3, [3, 3], rng=0), nn.MLP(3, [3, 3], rng=0)
    for name, array in a.state_dict().items():
        assert (array == b.state_dict()[name]).all()
    assert (a.state_dict()["layers.0.weight"] != a.state_dict()["layers.2.weight"]).any()
    rng = np.random.default_rng(0)
    assert (nn.Linear(3, 3, rng=rng).weight.data != nn.Linear(3, 3, rng=rng).weight.data).any()


def test_fresh_networks_differ() -> None:
    assert (nn.Linear(3, 3).weight.data != nn.Linear(3, 3).weight.data).any()


def test_a_weight_has_two_axes() -> None:
    with pytest.raises(ValueError, match=r"shape \(out, in\), got \(3,\)"):
        nn.init.he_normal((3,))
    assert nn.init.constant((2,), value=3.0).tolist() == [3.0, 3.0]
    assert not nn.init.zeros((2, 2)).any()


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: nn.Linear(3, 3, rng=rng),
        lambda rng: nn.GLU(3, 3, rng=rng),
        lambda rng: nn.ReGLU(3, 3, rng=rng),
        lambda rng: nn.SwiGLU(3, 3, rng=rng),
        lambda rng: nn.GEGLU(3, 3, rng=rng),
        lambda rng: nn.Power(3, 3, rng=rng),
        lambda rng: nn.scalar.Neuron(3, rng=rng),
    ],
)
def test_layers_with_one_seed_have_equal_weights_which_their_help_says(make: Any) -> None:
    def numbers(layer: Any) -> list[Any]:
        return [np.asarray(p.data).tolist() for p in layer.parameters()]

    one, other = make(0), make(0)
    assert numbers(one) == numbers(other)
    rng = np.random.default_rng(0)
    assert numbers(make(rng)) != numbers(make(rng))
    documented = [cls.__doc__ or "" for cls in type(one).__mro__]
    assert any(
        "have equal\n            weights" in doc or "equal weights" in doc for doc in documented
    )


@pytest.mark.parametrize("make", [nn.MLP, nn.scalar.MLP])
def test_the_layers_of_a_network_with_one_seed_differ(make: Any) -> None:
    model = make(3, [3, 3], rng=0)
    first, second = (
        [float(p.data.flat[0]) if np.ndim(p.data) else p.data for p in layer.parameters()]
        for layer in model.layers
        if layer.parameters()
    )
    assert first != second
