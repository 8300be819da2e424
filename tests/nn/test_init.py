"""Initialisation: each rule against its formula, by name and as a function."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor
from nn import init

Array = np.ndarray[Any, Any]
OUT, IN = 30, 500  # the shape on which the two rules called Xavier differ

STD: dict[str, float] = {
    "lecun": 1 / math.sqrt(IN),
    "lecun_normal": 1 / math.sqrt(IN),
    "lecun_uniform": 1 / math.sqrt(IN),
    "glorot": math.sqrt(2 / (IN + OUT)),
    "glorot_normal": math.sqrt(2 / (IN + OUT)),
    "glorot_uniform": math.sqrt(2 / (IN + OUT)),
    "xavier": math.sqrt(2 / (IN + OUT)),
    "xavier_normal": math.sqrt(2 / (IN + OUT)),
    "xavier_uniform": math.sqrt(2 / (IN + OUT)),
    "xavier_uniform(tanh)": 5 / 3 * math.sqrt(2 / (IN + OUT)),
    "he": math.sqrt(2 / IN),
    "he_normal": math.sqrt(2 / IN),
    "he_uniform": math.sqrt(2 / IN),
    "kaiming": math.sqrt(2 / IN),
    "kaiming_normal": math.sqrt(2 / IN),
    "kaiming_uniform": math.sqrt(2 / IN),
    "lecun_normal(relu)": math.sqrt(2 / IN),
    "pytorch": 1 / math.sqrt(3 * IN),
    "normal": 0.01,
    "normal(0.3)": 0.3,
    "uniform": 0.01 / math.sqrt(3),
    "uniform(0.3)": 0.3 / math.sqrt(3),
    "orthogonal": 1 / math.sqrt(IN),
    "orthogonal(2)": 2 / math.sqrt(IN),
    "orthogonalised": 1 / math.sqrt(IN),
    "orthogonalised(he_normal)": math.sqrt(2 / IN),
    "random_walk": math.exp(1 / (2 * IN)) / math.sqrt(IN),
    "random_walk(relu)": math.sqrt(2 / IN) * math.exp(1.2 / (IN - 2.4)),
}
"""Names, and the standard deviation that the rule of the name has on a 30 × 500 weight."""


@pytest.mark.parametrize("name", STD)
def test_a_named_rule_has_the_standard_deviation_of_its_formula(name: str) -> None:
    weight = nn.Linear(IN, OUT, init=name, rng=0).weight.data
    assert weight.shape == (OUT, IN)
    # 15 000 numbers: their standard deviation is known to 0.6 %, their mean to 0.8 % of it.
    assert abs(weight.std() / STD[name] - 1) < 0.025
    assert abs(weight.mean()) < 0.04 * STD[name]


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("lecun_uniform", math.sqrt(3 / IN)),
        ("glorot_uniform", math.sqrt(6 / (IN + OUT))),
        ("xavier_uniform", math.sqrt(6 / (IN + OUT))),
        ("he_uniform", math.sqrt(6 / IN)),
        ("pytorch", 1 / math.sqrt(IN)),
        ("uniform(0.3)", 0.3),
    ],
)
def test_uniform_rules_fill_their_bounds(name: str, bound: float) -> None:
    weight = nn.Linear(IN, OUT, init=name, rng=0).weight.data
    assert 0.999 * bound < abs(weight).max() <= bound
    quarters = np.histogram(weight, bins=4, range=(-bound, bound))[0] / weight.size
    assert np.allclose(quarters, 0.25, atol=0.02)


@pytest.mark.parametrize(
    "name", ["lecun", "xavier_normal", "he_normal", "normal(0.3)", "random_walk"]
)
def test_normal_rules_are_normal(name: str) -> None:
    weight = nn.Linear(IN, OUT, init=name, rng=0).weight.data / STD[name]
    for k, share in ((1, 0.6827), (2, 0.9545)):
        assert abs((abs(weight) < k).mean() - share) < 0.015


def test_the_two_rules_that_lectures_call_xavier_differ_and_their_docstrings_say_so() -> None:
    lecun, glorot = (
        nn.Linear(IN, OUT, init=name, rng=0).weight.data.std() for name in ("lecun", "xavier")
    )
    assert abs(glorot / lecun - math.sqrt(2 * IN / (IN + OUT))) < 0.03  # 1.37
    for function in (
        init.lecun_normal,
        init.xavier_normal,
        init.xavier_uniform,
        init.xavier_normal_,
    ):
        assert "Xavier" in (function.__doc__ or "")
        assert "DD2424" in (function.__doc__ or "") or "lectures" in (function.__doc__ or "")
    assert init.xavier_normal is init.glorot_normal
    assert init.kaiming_uniform is init.he_uniform
    assert (init.lecun, init.xavier) == (init.lecun_normal, init.xavier_normal)


def test_rules_that_keep_variance_keep_it_through_layers() -> None:
    x = np.random.default_rng(0).normal(size=(200, 400))
    for name, f in (
        ("lecun", lambda z: z),
        ("he", lambda z: np.maximum(z, 0)),
        ("orthogonal", lambda z: z),
    ):
        h = x
        for layer in range(8):
            h = f(h @ init.initialiser(name)((400, 400), 100 + layer).T)
        assert 0.5 < (h**2).mean() / (0.5 if name == "he" else 1.0) < 2.0


# --- the pathologies -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["zeros", "constant(0.5)", "same_rows", "same_rows(he_normal)"])
def test_units_that_start_alike_stay_alike_which_is_the_pathology(name: str) -> None:
    alike = (
        "constant(0.2)" if name.startswith("same_rows") else name
    )  # how the next layer weighs them
    model = nn.Sequential(nn.Linear(3, 4, init=name, rng=0), nn.Tanh(), nn.Linear(4, 1, init=alike))
    x = np.random.default_rng(1).normal(size=(20, 3))
    hidden = model[:2](x).data
    assert (hidden == hidden[:, :1]).all()
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        ((model(x) - x[:, :1]) ** 2).mean().backward()
        optimizer.step()
    for weight in (model.state_dict()["layers.0.weight"], model.state_dict()["layers.2.weight"].T):
        assert np.allclose(weight, weight[0], atol=1e-15)


def test_zeros_constant_and_the_same_row_repeated_are_what_they_say() -> None:
    assert not nn.Linear(3, 2, init="zeros").weight.data.any()
    assert (nn.Linear(3, 2, init="constant(0.5)").weight.data == 0.5).all()
    assert init.constant((2,), value=3.0).tolist() == [3.0, 3.0]
    weight = nn.Linear(500, 3, init="same_rows", rng=0).weight.data
    assert (weight == weight[0]).all()
    assert abs(weight[0].std() * math.sqrt(500) - 1) < 0.1
    first = init.he_normal((3, 500), 0)[0]
    assert (nn.Linear(500, 3, init="same_rows(he_normal)", rng=0).weight.data == first).all()


# --- orthogonal ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (1, 5), (5, 1), (1, 1)])
@pytest.mark.parametrize("gain", [1.0, 2.5])
def test_orthogonal_has_orthonormal_rows_or_columns(shape: tuple[int, int], gain: float) -> None:
    w = init.orthogonal(shape, 0, gain=gain)
    assert w.shape == shape
    product = w @ w.T if shape[0] <= shape[1] else w.T @ w
    assert np.allclose(product, gain**2 * np.eye(min(shape)), atol=1e-13)


def test_orthogonal_matrices_are_evenly_distributed() -> None:
    # Under the Haar measure the trace has mean 0 and variance 1, and both signs of det are as likely.
    drawn = [init.orthogonal((3, 3), seed) for seed in range(2000)]
    traces = np.array([np.trace(w) for w in drawn])
    assert abs(traces.mean()) < 5 / math.sqrt(2000)
    assert abs(traces.var() - 1) < 0.2
    assert abs(np.mean([np.linalg.det(w) > 0 for w in drawn]) - 0.5) < 0.06


@pytest.mark.parametrize("rule", ["he_normal", "xavier_uniform", "normal(3)", init.lecun_uniform])
@pytest.mark.parametrize("shape", [(3, 5), (4, 4)])
def test_rows_of_any_rule_can_be_made_orthogonal(rule: Any, shape: tuple[int, int]) -> None:
    plain = init.initialiser(rule)(shape, 0)
    w = init.orthogonalised(rule)(shape, 0)
    # Gram and Schmidt by hand: each row without its parts along those before, at its own length.
    expected: list[Array] = []
    for row in plain:
        left = row.copy()
        for each in expected:
            left = left - (left @ each) / (each @ each) * each
        expected.append(left * np.linalg.norm(row) / np.linalg.norm(left))
    assert np.allclose(w, expected, atol=1e-10)
    gram = w @ w.T
    assert np.allclose(gram, np.diag((plain**2).sum(axis=1)), atol=1e-11)
    layer = nn.Linear(shape[1], shape[0], init=init.orthogonalised(rule), rng=0)
    assert (layer.weight.data == w).all()
    if isinstance(rule, str):
        named = nn.Linear(shape[1], shape[0], init=f"orthogonalised({rule})", rng=0)
        assert (named.weight.data == w).all()


def test_where_rows_are_too_many_columns_are_made_orthogonal() -> None:
    plain = init.he_normal((7, 3), 0)
    w = init.orthogonalised_rows(plain)
    assert np.allclose(w.T @ w, np.diag((plain**2).sum(axis=0)), atol=1e-12)


@pytest.mark.parametrize("name", ["same_rows", "zeros", "constant(2)"])
def test_rows_that_are_combinations_of_others_cannot_be_made_orthogonal(name: str) -> None:
    with pytest.raises(ValueError, match=r"rows cannot be made orthogonal: row [01] of 2"):
        init.orthogonalised(name)((2, 3), 0)


# --- random walk ---------------------------------------------------------------------------------


def drift(draw: Callable[[int], Array], width: int, rectified: bool) -> float:
    """The mean change, per layer, of the logarithm of a gradient's squared norm."""
    rng = np.random.default_rng(0)
    changes = []
    for seed in range(4000):
        g = rng.normal(size=width)
        back = draw(seed).T @ (g * (rng.random(width) < 0.5) if rectified else g)
        if back.any():
            changes.append(math.log((back @ back) / (g @ g)))
    return float(np.mean(changes))


@pytest.mark.parametrize("width", [10, 30])
@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_random_walk_keeps_the_logarithm_of_a_gradients_norm_where_other_rules_let_it_drift(
    width: int, activation: str
) -> None:
    rectified = activation == "relu"
    rule = init.initialiser(f"random_walk({activation})")
    by_variance = init.he_normal if rectified else init.lecun_normal
    spread = 5 * math.sqrt((5 if rectified else 2) / width / 4000)
    walk = drift(lambda seed: rule((width, width), seed), width, rectified)
    other = drift(lambda seed: by_variance((width, width), seed), width, rectified)
    assert abs(walk) < spread + 0.02  # the paper's formula for rectifiers is a fit
    assert other < -0.7 / width


def test_random_walk_takes_the_equation_of_the_activation_in_an_mlp() -> None:
    for activation, g in (
        ("relu", math.sqrt(2) * math.exp(1.2 / (400 - 2.4))),
        ("tanh", math.exp(1 / 800)),
        ("identity", math.exp(1 / 800)),
    ):
        model = nn.MLP(400, [300, 2], activation=activation, init="random_walk", rng=0)
        weight = model.state_dict()["layers.0.weight"]
        assert (weight == init.random_walk((300, 400), 0, gain=g)).all()
    with pytest.raises(ValueError, match=r"'linear' and 'relu', and takes gain= .* got 'tanh'"):
        init.random_walk((2, 2), activation="tanh")
    assert init.random_walk((2000, 3), 0, activation="relu").std() == pytest.approx(
        math.sqrt(2 / 3) * math.exp(1.2 / 3.6), rel=0.05
    )


# --- LSUV ----------------------------------------------------------------------------------------


def outputs_of_linears(model: nn.Module, x: Any) -> list[Array]:
    """What each Linear of a Sequential gives."""
    found = []
    for layer in model:  # type: ignore[attr-defined]
        x = layer(x)
        if isinstance(layer, nn.Linear):
            found.append(x.data)
    return found


@pytest.mark.parametrize(
    "options", [{}, {"activation": "tanh"}, {"norm": "layer"}, {"bias": False}]
)
def test_lsuv_gives_every_linear_unit_variance_in_one_pass(options: dict[str, Any]) -> None:
    x = 3 * np.random.default_rng(0).normal(size=(50, 6)) + 1
    model = nn.MLP(6, [8, 5, 7, 3], rng=0, **options)
    calls = []
    watched = nn.Sequential(lambda x: calls.append(1) or x, *model)
    assert init.lsuv(watched, x, rng=1) is watched
    assert len(calls) == 1
    for out in outputs_of_linears(model, x):
        assert abs(out.var() - 1) < 1e-12
    for layer in model:
        if isinstance(layer, nn.Linear):
            w = layer.weight.data
            product = w @ w.T if layer.n_out <= layer.n_in else w.T @ w
            assert np.allclose(product, product[0, 0] * np.eye(len(product)), atol=1e-12)
            assert layer.bias is None or not layer.bias.data.any()
            assert "forward" not in vars(layer)


def test_lsuv_works_on_any_module_and_leaves_the_rest_alone() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.parts = {"in": nn.Linear(4, 6, rng=0, dtype=np.float32), "norm": nn.BatchNorm1d(6)}
            self.scale = Tensor([2.0])
            self.unused = nn.Linear(3, 3, rng=0)

        def forward(self, x: Any) -> Any:
            x = self.parts["in"](x)
            return self.parts["in"](self.parts["norm"](x)[:, :4]) * self.scale

    model = Net()
    before = model.state_dict()
    x = np.random.default_rng(0).normal(size=(40, 4))
    init.lsuv(model, x, rng=0)
    after = model.state_dict()
    assert abs(model.parts["in"](x).data.var() - 1) < 1e-5
    assert after["parts.in.weight"].dtype == np.float32
    for name in before:
        if not name.startswith(("parts.in", "unused")):
            assert (before[name] == after[name]).all()


def test_lsuv_that_fails_changes_nothing() -> None:
    model = nn.MLP(3, [4, 2], rng=0, bias_init=0.5)
    before = model.state_dict()
    for x, error, message in (
        (np.zeros((5, 3)), ValueError, "output of layers.0 has standard deviation 0"),
        (np.full((5, 3), np.nan), ValueError, "layers.0 has standard deviation nan"),
        (np.ones((5, 4)), ValueError, "Linear expected"),
    ):
        with pytest.raises(error, match=message):
            init.lsuv(model, x)
        for name, array in model.state_dict().items():
            assert (array == before[name]).all()
        assert not any("forward" in vars(layer) for layer in model)
    with pytest.raises(ValueError, match="no Linear in Tanh"):
        init.lsuv(nn.Tanh(), np.ones(3))
    with pytest.raises(TypeError, match="takes a Module"):
        init.lsuv(np.tanh, np.ones(3))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"nn\.init\.lsuv\(model, x\)"):
        nn.Linear(2, 2, init="lsuv")


def test_lsuv_runs_on_a_network_of_values() -> None:
    x = np.random.default_rng(0).normal(size=(9, 3))
    model = nn.MLP(3, [4, 2], rng=0)
    scalars = model.to_scalars()
    init.lsuv(model, x, rng=1)
    init.lsuv(scalars, x, rng=1)
    for name, array in scalars.state_dict().items():
        assert np.allclose(array, model.state_dict()[name], atol=1e-12)


# --- Krähenbühl ----------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["normal(1)", "orthogonal", "he_normal"])
@pytest.mark.parametrize("options", [{}, {"activation": "tanh"}, {"norm": "layer"}])
def test_krahenbuhl_gives_every_unit_mean_zero_and_variance_one(
    rule: str, options: dict[str, Any]
) -> None:
    x = 3 * np.random.default_rng(0).normal(size=(50, 6)) + 1
    model = nn.MLP(6, [8, 5, 7, 3], rng=0, **options)
    assert init.krahenbuhl(model, x, rng=1, init=rule) is model
    for out in outputs_of_linears(model, x):
        assert abs(out.mean(axis=0)).max() < 1e-12
        assert abs(out.std(axis=0) - 1).max() < 1e-12
    again = nn.MLP(6, [8, 5, 7, 3], rng=5, **options)
    init.krahenbuhl(again, x, rng=1, init=rule)
    for name, array in model.state_dict().items():
        assert (array == again.state_dict()[name]).all()


def test_krahenbuhl_is_the_papers_loop_over_layers() -> None:
    # Algorithm 1 in NumPy, a layer after the other, on two rectifiers and a linear output.
    x = np.random.default_rng(0).normal(1, 2, size=(40, 5))
    model = init.krahenbuhl(nn.MLP(5, [4, 6, 3], rng=0), x, rng=7)
    rng, z, expected = np.random.default_rng(7), x, []
    drawn = [rng.normal(size=shape) for shape in ((4, 5), (6, 4), (3, 6))]
    for w in drawn:
        out = z @ w.T
        scale = 1 / out.std(axis=0)
        expected += [w * scale[:, None], -out.mean(axis=0) * scale]
        z = np.maximum(0, z @ expected[-2].T + expected[-1])
    for parameter, array in zip(model.parameters(), expected, strict=True):
        assert np.allclose(parameter.data, array, rtol=1e-12, atol=1e-12)


def test_krahenbuhl_starts_a_network_where_batch_norm_would_put_it() -> None:
    x = np.random.default_rng(0).normal(1, 2, size=(40, 5))
    model = init.krahenbuhl(nn.MLP(5, [4, 3], rng=0, init="normal(1)"), x, rng=0)
    first = model.layers[0]
    bare = nn.Linear(5, 4, bias=False, init="normal(1)", rng=0)
    hat = nn.BatchNorm1d(4, eps=0.0)(bare(x)).data
    assert np.allclose(first(x).data, hat, atol=1e-12)


def test_krahenbuhl_without_biases_scales_and_keeps_means() -> None:
    x = np.random.default_rng(0).normal(1, 2, size=(40, 5))
    model = init.krahenbuhl(nn.MLP(5, [4, 3], rng=0, bias=False), x, rng=0)
    outs = outputs_of_linears(model, x)
    assert all(abs(out.std(axis=0) - 1).max() < 1e-12 for out in outs)
    assert any(abs(out.mean(axis=0)).max() > 0.1 for out in outs)
    single = nn.MLP(5, [4, 3], rng=0, dtype=np.float32)
    init.krahenbuhl(single, x.astype(np.float32), rng=0)
    assert {p.data.dtype for p in single.parameters()} == {np.dtype(np.float32)}
    assert abs(single(x.astype(np.float32)).data.std(axis=0) - 1).max() < 1e-5


def test_krahenbuhl_runs_on_a_network_of_values() -> None:
    x = np.random.default_rng(0).normal(size=(9, 3))
    model = nn.MLP(3, [4, 2], rng=0)
    scalars = model.to_scalars()
    init.krahenbuhl(model, x, rng=1)
    init.krahenbuhl(scalars, x, rng=1)
    for name, array in scalars.state_dict().items():
        assert np.allclose(array, model.state_dict()[name], atol=1e-12)


def test_krahenbuhl_that_fails_changes_nothing() -> None:
    model = nn.MLP(3, [4, 2], rng=0, bias_init=0.5)
    before = model.state_dict()
    x = np.zeros((5, 3))
    with pytest.raises(ValueError, match=r"unit 0 of layers\.0 has standard deviation 0 on this"):
        init.krahenbuhl(model, x)
    with pytest.raises(ValueError, match="cannot be scaled"):
        init.krahenbuhl(model, np.ones((1, 3)))  # one instance has no deviation
    for name, array in model.state_dict().items():
        assert (array == before[name]).all()
    with pytest.raises(ValueError, match="krahenbuhl: there is no Linear in Tanh"):
        init.krahenbuhl(nn.Tanh(), np.ones(3))
    with pytest.raises(TypeError, match="krahenbuhl takes a Module"):
        init.krahenbuhl(np.tanh, np.ones(3))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"nn\.init\.krahenbuhl\(model, x\)"):
        nn.Linear(2, 2, init="krahenbuhl")


# --- gains ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("linear", 1.0),
        ("identity", 1.0),
        ("sigmoid", 1.0),
        ("tanh", 5 / 3),
        ("relu", math.sqrt(2)),
        ("leaky_relu", math.sqrt(2 / 1.0001)),
        ("selu", 0.75),
    ],
)
def test_gains_are_pytorchs(name: str, value: float) -> None:
    assert init.gain(name) == pytest.approx(value, rel=1e-15)
    assert init.calculate_gain(name) == init.gain(name)
    torch = pytest.importorskip("torch")
    if name != "identity":
        assert init.gain(name) == pytest.approx(torch.nn.init.calculate_gain(name), rel=1e-12)
    assert init.gain("leaky_relu", 0.2) == pytest.approx(
        torch.nn.init.calculate_gain("leaky_relu", 0.2), rel=1e-12
    )


def test_other_gains_keep_the_second_moment_of_a_signal() -> None:
    z = np.random.default_rng(0).normal(size=1_000_000)
    for activation, f in (
        ("softplus", lambda z: np.log1p(np.exp(z))),
        (nn.LeakyReLU(0.3), lambda z: np.where(z > 0, z, 0.3 * z)),
        (np.sin, np.sin),
        (lambda z: z**2, np.square),
    ):
        g = init.gain(activation)
        assert g**2 * np.mean(f(z) ** 2) == pytest.approx(1, abs=0.01)
    assert init.gain(lambda z: np.maximum(z, 0)) == pytest.approx(math.sqrt(2), rel=1e-8)
    step_twice = init.gain("binary_step") ** 2 * 0.5
    assert step_twice == pytest.approx(1, rel=1e-8)
    for mixing in ("softmax", "log_softmax"):
        with pytest.raises(ValueError, match="function of one number"):
            init.gain(mixing)
    with pytest.raises(ValueError, match="has no gain"):
        init.gain(np.zeros_like)
    with pytest.raises(ValueError, match="function of one number"):
        init.gain(np.sum)
    with pytest.raises(TypeError, match="only the gain of 'leaky_relu'"):
        init.gain("relu", 0.1)


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*STD, "zeros", "constant(0.1)", "same_rows"])
def test_every_name_works_in_an_mlp_and_a_seed_repeats_it(name: str) -> None:
    a, b = (nn.MLP(4, [5, 3], init=name, rng=3).state_dict() for _ in range(2))
    assert a["layers.0.weight"].shape == (5, 4)
    for key, array in a.items():
        assert (array == b[key]).all()
    assert nn.Linear(4, 5, init=name, rng=0, dtype=np.float32).weight.dtype == np.float32


def test_short_names_are_functions_too() -> None:
    for short in ("glorot", "he", "kaiming", "lecun", "xavier"):
        by_name = nn.Linear(7, 5, init=short, rng=3).weight.data
        assert (getattr(init, short)((5, 7), 3) == by_name).all()


@pytest.mark.parametrize("rule", [init.zeros, init.constant, init.normal, init.uniform, init.he])
@pytest.mark.parametrize("shape", [0.1, Tensor([[1.0, 2.0]]), "normal"])
def test_what_is_not_a_shape_is_told_how_rules_are_called(rule: Any, shape: Any) -> None:
    with pytest.raises(TypeError, match=r"for a shape.*init='normal\(0.1\)'"):
        rule(shape)


def test_a_function_is_an_initialiser() -> None:
    rule = functools.partial(init.normal, std=2.0)
    assert (nn.Linear(3, 2, init=rule, rng=0).weight.data == init.normal((2, 3), 0, std=2.0)).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gauss", "no initialisation 'gauss'; there are constant, glorot"),
        ("normal(", r"no initialisation 'normal\('"),
        ("normal(big)", r"normal\(...\) takes a number, its std, got 'big'"),
        ("he_normal(2)", "he_normal takes nothing in parentheses"),
        ("orthogonal(nope)", "no activation 'nope'"),
        ("orthogonalised(nope)", "no initialisation 'nope'"),
        ("normal(-1)", "std of normal .* got -1"),
        ("uniform(nan)", "bound of uniform .* got nan"),
    ],
)
def test_a_wrong_name_says_what_there_is(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nn.MLP(3, [4, 2], init=name)
