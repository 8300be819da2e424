"""Activations against their formulas, finite differences and PyTorch, kinks and ±1000 included."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value

X = np.array([-1000.0, -7.5, -2.0, -0.75, -1e-3, 1e-3, 0.4, 1.7, 6.0, 1000.0])
CALM = np.array([-3.1, -1.4, -0.6, -0.2, 0.3, 0.7, 1.9, 3.3])


def normal(x: float) -> float:
    """The normal distribution function, from the tail that does not cancel."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def bell(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


def grows(x: float) -> float:
    """ln(1 + eˣ)."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


L, A = 1.0507009873554805, 1.6732632423543772
Formula = Callable[[float], float]
CASES: dict[str, tuple[Any, Formula, Formula]] = {
    "identity": (nn.Identity(), lambda x: x, lambda x: 1.0),
    "binary step": (nn.BinaryStep(), lambda x: float(x >= 0), lambda x: 0.0),
    "sigmoid": (nn.Sigmoid(), logistic, lambda x: logistic(x) * logistic(-x)),
    "tanh": (nn.Tanh(), math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    "smht": (nn.SMHT(), math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    "relu": (nn.ReLU(), lambda x: max(x, 0.0), lambda x: float(x > 0)),
    "relu, 1 at 0": (nn.ReLU(at_zero=1), lambda x: max(x, 0.0), lambda x: float(x >= 0)),
    "relu, 0.3 at 0": (nn.ReLU(0.3), lambda x: max(x, 0.0), lambda x: float(x > 0)),
    "leaky": (nn.LeakyReLU(), lambda x: x if x > 0 else 0.01 * x, lambda x: 1 if x > 0 else 0.01),
    "leaky 0.1": (nn.LeakyReLU(0.1), lambda x: max(x, 0.1 * x), lambda x: 1 if x > 0 else 0.1),
    "prelu": (nn.PReLU(), lambda x: x if x > 0 else 0.25 * x, lambda x: 1 if x > 0 else 0.25),
    "rrelu": (
        nn.RReLU().eval(),
        lambda x: x if x > 0 else x * 11 / 48,
        lambda x: 1 if x > 0 else 11 / 48,
    ),
    "elu": (
        nn.ELU(1.5),
        lambda x: x if x > 0 else 1.5 * math.expm1(x),
        lambda x: 1 if x > 0 else 1.5 * math.exp(x),
    ),
    "selu": (
        nn.SELU(),
        lambda x: L * x if x > 0 else L * A * math.expm1(x),
        lambda x: L if x > 0 else L * A * math.exp(x),
    ),
    "gelu": (nn.GELU(), lambda x: x * normal(x), lambda x: normal(x) + x * bell(x)),
    "softplus": (nn.Softplus(), grows, logistic),
    "softplus 3": (nn.Softplus(3), lambda x: grows(3 * x) / 3, lambda x: logistic(3 * x)),
    "silu": (
        nn.SiLU(),
        lambda x: x * logistic(x),
        lambda x: logistic(x) * (1 + x * logistic(-x)),
    ),
    "swish 2": (
        nn.Swish(2),
        lambda x: x * logistic(2 * x),
        lambda x: logistic(2 * x) * (1 + 2 * x * logistic(-2 * x)),
    ),
    "hardtanh": (nn.Hardtanh(), lambda x: min(max(x, -1.0), 1.0), lambda x: float(abs(x) <= 1)),
    "mish": (
        nn.Mish(),
        lambda x: x * math.tanh(grows(x)),
        lambda x: math.tanh(grows(x)) + x * (1 - math.tanh(grows(x)) ** 2) * logistic(x),
    ),
}
cases = pytest.mark.parametrize(("module", "f", "slope"), CASES.values(), ids=CASES.keys())


def slopes(function: Any, x: Any) -> tuple[Any, Any]:
    """Values and local derivatives of a function that acts on each element."""
    t = Tensor(x)
    y = function(t)
    autograd.sum(y).backward()
    return y.data, t.grad


@cases
def test_value_and_derivative_are_the_formulas_up_to_a_thousand(
    module: Any, f: Formula, slope: Formula
) -> None:
    y, d = slopes(module, X)
    np.testing.assert_allclose(y, [f(x) for x in X], rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(d, [slope(x) for x in X], rtol=1e-12, atol=1e-14)


@cases
def test_float32_stays_float32_and_is_as_stable(module: Any, f: Formula, slope: Formula) -> None:
    x = X.astype(np.float32)
    y, d = slopes(module, x)
    assert y.dtype == d.dtype == np.float32
    np.testing.assert_allclose(y, [f(float(each)) for each in x], rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(d, [slope(float(each)) for each in x], rtol=4e-6, atol=2e-6)


@cases
def test_first_and_second_derivatives_agree_with_finite_differences(
    module: Any, f: Formula, slope: Formula
) -> None:
    autograd.gradcheck(module, [CALM], order=2)


@cases
def test_values_lists_arrays_and_numbers_give_what_tensors_give(
    module: Any, f: Formula, slope: Formula
) -> None:
    scalars = module.to_scalars()
    y, d = slopes(module, X)
    values = autograd.values(X)
    out = scalars(values)
    autograd.sum(out).backward()
    np.testing.assert_allclose([float(v) for v in out], y, rtol=0, atol=1e-12)
    np.testing.assert_allclose([v.grad for v in values], d, rtol=0, atol=1e-12)
    for given in (X, X.tolist(), autograd.values(X).tolist()):
        out = scalars(given)
        np.testing.assert_allclose(np.asarray(out, dtype=float), y, rtol=0, atol=1e-12)
    assert abs(float(scalars(0.4)) - f(0.4)) < 1e-14
    assert abs(scalars(Value(0.4)).data - f(0.4)) < 1e-14


TORCH: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "relu": (nn.relu, "relu", {}),
    "leaky": (lambda x: nn.leaky_relu(x, 0.1), "leaky_relu", {"negative_slope": 0.1}),
    "elu": (lambda x: nn.elu(x, 2.0), "elu", {"alpha": 2.0}),
    "selu": (nn.selu, "selu", {}),
    "rrelu in evaluation": (nn.rrelu, "rrelu", {}),
    "gelu": (nn.gelu, "gelu", {}),
    "gelu by tanh": (lambda x: nn.gelu(x, "tanh"), "gelu", {"approximate": "tanh"}),
    "softplus": (lambda x: nn.softplus(x, 2.0), "softplus", {"beta": 2.0, "threshold": 1e9}),
    "silu": (nn.silu, "silu", {}),
    "mish": (nn.mish, "mish", {}),
    "log softmax": (nn.log_softmax, "log_softmax", {"dim": -1}),
    "softmax": (nn.softmax, "softmax", {"dim": -1}),
    "glu": (nn.functional.glu, "glu", {"dim": -1}),
}


@pytest.mark.parametrize(("mine", "name", "options"), TORCH.values(), ids=TORCH.keys())
def test_functions_equal_pytorchs_and_so_do_their_derivatives_at_the_kink(
    mine: Any, name: str, options: dict[str, Any]
) -> None:
    torch = pytest.importorskip("torch")
    x = np.append(CALM, [0.0, 0.0, 30.0, -30.0])
    a, b = Tensor(x), torch.tensor(x, requires_grad=True)
    y, t = mine(a), getattr(torch.nn.functional, name)(b, **options)
    seed = np.random.default_rng(0).normal(size=y.shape)
    (y * seed).sum().backward()
    (t * torch.tensor(seed)).sum().backward()
    np.testing.assert_allclose(y.data, t.detach().numpy(), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(a.grad, b.grad.numpy(), rtol=1e-12, atol=1e-13)


def test_an_option_that_is_numpys_number_widens_no_float32() -> None:
    x, option = Tensor([-1.0, 0.0, 2.0], dtype=np.float32), np.float64(0.5)
    for y in (
        nn.leaky_relu(x, option),
        nn.prelu(x, option),
        nn.rrelu(x, option, option),
        nn.rrelu(x, option, np.float64(0.75), training=True, rng=0),
        nn.elu(x, option),
        nn.softplus(x, option),
        nn.swish(x, option),
        nn.smht(x, option),
        nn.smht(x, option, option, option, np.float64(1.5)),
        nn.relu(x, option),
        nn.binary_step(x, option),
    ):
        assert y.dtype == np.float32
        y.sum().backward()
    assert x.grad.dtype == np.float32


def test_softplus_is_exact_where_it_is_a_line() -> None:
    for beta in (3.0, 49.0, 0.1):
        assert nn.softplus(1000.0, beta) == 1000.0


# --- kinks ----------------------------------------


@pytest.mark.parametrize(
    ("function", "at", "expected"),
    [
        (nn.relu, 0.0, 0.0),
        (lambda x: nn.relu(x, at_zero=1.0), 0.0, 1.0),
        (lambda x: nn.relu(x, at_zero=0.3), 0.0, 0.3),
        (lambda x: nn.leaky_relu(x, 0.1), 0.0, 0.1),
        (lambda x: nn.leaky_relu(x, 0.0), 0.0, 0.0),
        (lambda x: nn.prelu(x, 0.25), 0.0, 0.25),
        (nn.rrelu, 0.0, (1 / 8 + 1 / 3) / 2),
        (lambda x: nn.elu(x, 2.0), 0.0, 2.0),
        (nn.selu, 0.0, L * A),
        (nn.hardtanh, 1.0, 1.0),
        (nn.hardtanh, -1.0, 1.0),
        (nn.binary_step, 0.0, 0.0),
    ],
)
def test_the_derivative_at_a_kink_is_the_one_in_the_table(
    function: Any, at: float, expected: float
) -> None:
    assert slopes(function, [at, at])[1].tolist() == [expected, expected]
    v = Value(at)
    function(v).backward()
    assert v.grad == expected


def test_relu_refuses_what_is_no_subgradient() -> None:
    for wrong in (-0.1, 1.5):
        with pytest.raises(ValueError, match="at_zero of relu is from 0 to 1"):
            nn.ReLU(at_zero=wrong)
        with pytest.raises(ValueError, match="at_zero of relu is from 0 to 1"):
            nn.relu([1.0], at_zero=wrong)
    with pytest.raises(TypeError, match="at_zero of relu is a number, got str"):
        nn.ReLU(at_zero="1")  # type: ignore[arg-type]


def test_the_binary_step_takes_the_value_at_zero_it_is_told() -> None:
    for at_zero in (0.0, 0.5, 1.0):
        assert nn.BinaryStep(at_zero)([-1e-300, 0.0, 1e-300]).tolist() == [0.0, at_zero, 1.0]


# --- the Soboleva modified tanh ----------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "c", "d"),
    [(1, 1, 1, 1), (2, 0.5, 2, 0.5), (1, 2, 3, 4), (1.5, 1, 1, 2), (0.5, 0.25, 0.5, 1)],
)
def test_smht_is_its_quotient_and_its_derivative_the_quotients(
    a: float, b: float, c: float, d: float
) -> None:
    e = np.exp
    p, q = e(a * CALM) - e(-b * CALM), e(c * CALM) + e(-d * CALM)
    dp, dq = a * e(a * CALM) + b * e(-b * CALM), c * e(c * CALM) - d * e(-d * CALM)
    y, slope = slopes(lambda x: nn.smht(x, a, b, c, d), CALM)
    np.testing.assert_allclose(y, p / q, rtol=1e-12)
    np.testing.assert_allclose(slope, (dp * q - p * dq) / q**2, rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_smht_at_a_thousand_is_its_limit(dtype: Any) -> None:
    x = np.array([-1000.0, 1000.0], dtype=dtype)
    for options, limit in (
        ({}, [-1.0, 1.0]),
        ({"a": 2.0, "b": 0.5}, [-1.0, 1.0]),
        ({"a": 1.0, "b": 1.0, "c": 2.0, "d": 3.0}, [0.0, 0.0]),
        ({"a": 1.0, "b": 1.0, "c": 1.0, "d": 3.0}, [0.0, 1.0]),
    ):
        y, slope = slopes(lambda x, options=options: nn.smht(x, **options), x)
        assert y.tolist() == limit
        assert slope.tolist() == [0.0, 0.0]
    with np.errstate(over="ignore"):
        assert nn.smht(x, 2.0, 1.0, 1.0, 1.0).tolist() == [-1.0, math.inf]


# --- what is learned, and what is drawn ----------------------------------------


def test_the_slope_of_prelu_is_learned_one_or_one_per_unit() -> None:
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(5, 3))
    for n in (1, 3):
        mine, theirs = nn.PReLU(n, init=0.3), torch.nn.PReLU(n, init=0.3, dtype=torch.float64)
        autograd.sum(autograd.square(mine(Tensor(x)))).backward()
        theirs(torch.tensor(x)).square().sum().backward()
        np.testing.assert_allclose(mine.weight.grad, theirs.weight.grad.numpy(), rtol=1e-12)
    assert [name for name, _ in mine.named_parameters()] == ["weight"]
    with pytest.raises(ValueError, match=r"PReLU expected \(\.\.\., 3\), got \(2,\)"):
        mine([1.0, 2.0])


def test_the_beta_of_swish_is_learned_by_option() -> None:
    assert nn.Swish(2.0).parameters() == []
    swish = nn.Swish(1.5, learn=True)
    assert swish.parameters() == [swish.beta]
    autograd.sum(swish(Tensor(CALM))).backward()
    s = 1 / (1 + np.exp(-1.5 * CALM))
    assert abs(swish.beta.grad - (CALM**2 * s * (1 - s)).sum()) < 1e-12
    autograd.gradcheck(nn.swish, [CALM, np.array(1.5)], order=2)


def test_a_network_of_float32_stays_so_with_learned_activations() -> None:
    for activation in ("prelu", nn.PReLU(), nn.Swish(learn=True)):
        model = nn.MLP(2, [3, 1], activation=activation, dtype=np.float32, rng=0)
        assert model(np.ones((4, 2), dtype=np.float32)).dtype == np.float32


def test_rrelu_draws_a_slope_per_element_in_training_and_takes_the_mean_in_use() -> None:
    x = np.full(20000, -1.0)
    layer = nn.RReLU(0.1, 0.4, rng=0)
    y, slope = slopes(layer, x)
    np.testing.assert_array_equal(-y, slope)
    assert slope.min() >= 0.1
    assert slope.max() <= 0.4
    assert abs(slope.mean() - 0.25) < 0.003
    assert abs(slope.std() - 0.3 / math.sqrt(12)) < 0.003
    assert np.array_equal(nn.RReLU(0.1, 0.4, rng=0)(x), y)
    assert not np.array_equal(layer(x), y)
    np.testing.assert_allclose(layer.eval()(x), np.full(20000, -0.25), rtol=1e-15)
    assert nn.RReLU(rng=0)(Tensor([-1.0], dtype=np.float32)).dtype == np.float32
    with pytest.raises(ValueError, match="lower <= upper, got 2 and 1"):
        nn.RReLU(2, 1)


def test_layers_of_rrelu_draw_different_numbers_and_a_seeded_network_the_same_again() -> None:
    for activation in ("rrelu", nn.RReLU):
        first, second = (nn.MLP(2, [4, 4, 1], activation=activation, rng=0) for _ in range(2))
        assert first([1.0, -1.0]).item() == second([1.0, -1.0]).item()
    model = nn.MLP(2, [4, 4, 1], activation=nn.RReLU(rng=0), rng=0)
    x = np.full(4, -1.0)
    assert not np.array_equal(model[1](x), model[3](x))


# --- along an axis ----------------------------------------


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_and_its_logarithm_act_along_any_axis(axis: int) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4))
    p = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(nn.Softmax(axis)(Tensor(x)).data, p, rtol=1e-13)
    np.testing.assert_allclose(nn.LogSoftmax(axis)(Tensor(x)).data, np.log(p), rtol=1e-12)
    huge = Tensor(x * 1000)
    y = nn.log_softmax(huge, axis=axis)
    y.sum().backward()
    assert np.isfinite(y.data).all()
    assert np.isfinite(huge.grad).all()


def test_maxout_is_the_largest_of_each_group_and_only_that_one_gets_the_gradient() -> None:
    x = np.random.default_rng(0).normal(size=(2, 6, 4))
    for axis, pieces in ((1, 3), (-1, 2), (2, 4), (1, 1)):
        out = nn.Maxout(pieces, axis=axis)(Tensor(x))
        moved = np.moveaxis(x, axis, -1)
        groups = moved.reshape(*moved.shape[:-1], -1, pieces)
        np.testing.assert_array_equal(out.data, np.moveaxis(groups.max(axis=-1), -1, axis))
        autograd.gradcheck(lambda x, p=pieces, a=axis: nn.maxout(x, p, a), [x])
    assert slopes(nn.maxout, [1.0, 4.0, 3.0, 2.0])[1].tolist() == [0.0, 1.0, 1.0, 0.0]
    assert slopes(nn.maxout, [1.0, 1.0])[1].tolist() == [0.5, 0.5]
    assert slopes(lambda x: nn.maxout(x, ties="first"), [1.0, 1.0])[1].tolist() == [1.0, 0.0]
    values = autograd.values([1.0, 4.0])
    nn.maxout(values)[0].backward()
    assert [v.grad for v in values] == [0.0, 1.0]
    for wrong, message in (((5, 2), "a multiple of 2"), ((4, 0), "1 or more")):
        with pytest.raises(ValueError, match=message):
            nn.maxout(np.ones(wrong[0]), wrong[1])
    with pytest.raises(ValueError, match="axis 1 is not an axis"):
        nn.maxout([1.0, 2.0], axis=1)


def test_functional_glu_is_pytorchs_split_along_any_axis() -> None:
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(4, 3, 6))
    for axis in (0, 2, -1):
        theirs = torch.nn.functional.glu(torch.tensor(x), axis).numpy()
        np.testing.assert_allclose(nn.functional.glu(Tensor(x), axis).data, theirs, rtol=1e-13)
    with pytest.raises(ValueError, match=r"an even length along axis 1, got shape \(4, 3, 6\)"):
        nn.functional.glu(x, axis=1)


def test_what_acts_along_an_axis_shows_which() -> None:
    modules = (nn.Softmax(0), nn.LogSoftmax(), nn.Maxout(3, axis=0, ties="first"), nn.Maxout())
    shown = ["Softmax(axis=0)", "LogSoftmax()", "Maxout(3, axis=0, ties='first')", "Maxout(2)"]
    assert [repr(module) for module in modules] == shown
    for function in (nn.maxout, nn.functional.glu):
        with pytest.raises(ValueError, match="axis None is not an axis"):
            function(np.ones((2, 2)), axis=None)


# --- what one costs ----------------------------------------


def softsign(x: Any, scale: float = 1.0) -> Any:
    """x / (scale + |x|)."""
    return x / (autograd.abs(x) + scale)


class Softsign(nn.layers.activations.NamedActivation):
    """`softsign`."""

    function = staticmethod(softsign)

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale


def test_an_activation_is_a_function_and_a_class_that_names_it_with_its_options() -> None:
    layer = Softsign(scale=2.0)
    assert (repr(layer), repr(Softsign())) == ("Softsign(scale=2.0)", "Softsign()")
    assert np.allclose(layer(CALM), CALM / (2 + abs(CALM)))
    autograd.gradcheck(layer, CALM, order=2)
    model = nn.MLP(2, [3, 1], activation=layer, rng=0)
    assert type(model[1]) is Softsign
    assert model[1] is not layer
    scalars = model.to_scalars()
    assert abs(scalars([0.5, -1.0])[0].data - model([0.5, -1.0]).item()) < 1e-12
    assert nn.init.gain(Softsign) == nn.init.gain(Softsign())
    assert "Softsign" in autograd.draw(model).svg


# --- by name ----------------------------------------


def test_every_name_makes_its_module_and_every_function_too() -> None:
    for name, kind in nn.layers.activations.BY_NAME.items():
        for given in (name, kind, getattr(nn, name)):
            model = nn.MLP(2, [3, 1], activation=given, rng=0)
            assert type(model[1]) is kind
            assert np.isfinite(model([0.5, -1.0]).data).all()
    assert type(nn.layers.activations.activation_module(autograd.softplus)) is nn.Softplus


def test_options_are_checked() -> None:
    for call, message in (
        (lambda: nn.gelu([1.0], approximate="erf"), "'none' or 'tanh', got 'erf'"),
        (lambda: nn.GELU("erf"), "'none' or 'tanh', got 'erf'"),
        (lambda: nn.softplus([1.0], beta=0), "beta of softplus is above 0, got 0"),
        (lambda: nn.Softplus(-1), "beta of Softplus is above 0, got -1"),
        (lambda: nn.Hardtanh(1, -1), "min_val < max_val, got 1 and -1"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
