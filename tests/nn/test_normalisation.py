"""BatchNorm1d, LayerNorm and RMSNorm against the lectures' formulas, differences and PyTorch."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor

Array = np.ndarray[Any, Any]


def data(*shape: int, seed: int = 0) -> Array:
    """Numbers whose features differ in mean and scale."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=shape) * rng.uniform(0.5, 3, shape[1:]) + 2)


# --- BatchNorm1d against PyTorch -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {}),
        ({"momentum": 0.3, "eps": 1e-3}, {"momentum": 0.3, "eps": 1e-3}),
        ({"alpha": 0.7}, {"momentum": 0.3}),
        ({"running": "average"}, {"momentum": None}),
        ({"momentum": None}, {"momentum": None}),
        ({"affine": False}, {"affine": False}),
    ],
)
@pytest.mark.parametrize("shape", [(6, 4), (2, 4), (3, 4, 5), (1, 4, 2)])
def test_batch_norm_follows_pytorchs_over_several_steps(
    ours: dict[str, Any], theirs: dict[str, Any], shape: tuple[int, ...]
) -> None:
    torch = pytest.importorskip("torch")
    mine = nn.BatchNorm1d(4, **ours)
    other = torch.nn.BatchNorm1d(4, dtype=torch.float64, **theirs)
    if mine.weight is not None and mine.bias is not None:
        start = np.random.default_rng(9).normal(size=(2, 4))
        mine.weight.data, mine.bias.data = start
        other.load_state_dict(
            other.state_dict() | {"weight": torch.tensor(start[0]), "bias": torch.tensor(start[1])}
        )
    for step in range(5):
        s, g = data(*shape, seed=step), data(*shape, seed=100 + step)
        x, t = Tensor(s), torch.tensor(s, requires_grad=True)
        y, u = mine(x), other(t)
        y.backward(g)
        u.backward(torch.tensor(g))
        assert np.allclose(y.data, u.detach().numpy(), atol=1e-12)
        assert np.allclose(x.grad, t.grad.numpy(), atol=1e-9)
        for p, q in zip(mine.parameters(), other.parameters(), strict=True):
            assert np.allclose(p.grad, q.grad.numpy(), atol=1e-11)
        state = other.state_dict()
        assert mine.state_dict().keys() == state.keys()
        for name, array in mine.state_dict().items():
            assert np.allclose(array, state[name].numpy(), atol=1e-12)
    mine.eval()
    other.eval()
    s = data(*shape, seed=50)
    x, t = Tensor(s), torch.tensor(s, requires_grad=True)
    y, u = mine(x), other(t)
    y.backward(data(*shape, seed=51))
    u.backward(torch.tensor(data(*shape, seed=51)))
    assert np.allclose(y.data, u.detach().numpy(), atol=1e-12)
    assert np.allclose(x.grad, t.grad.numpy(), atol=1e-12)
    assert all(
        np.allclose(array, other.state_dict()[name].numpy(), atol=1e-12)
        for name, array in mine.state_dict().items()
    )


def test_the_state_of_pytorchs_layer_can_be_loaded() -> None:
    torch = pytest.importorskip("torch")
    other = torch.nn.BatchNorm1d(3, dtype=torch.float64)
    other(torch.tensor(data(5, 3)))
    mine = nn.BatchNorm1d(3)
    mine.load_state_dict({name: t.numpy() for name, t in other.state_dict().items()})
    x = data(4, 3, seed=1)
    expected = other.eval()(torch.tensor(x)).detach().numpy()
    assert np.allclose(mine.eval()(x).data, expected, atol=1e-13)


# --- running statistics --------------------------------------------------------------------------


def test_running_statistics_are_the_lectures_average_with_alpha() -> None:
    layer = nn.BatchNorm1d(3, alpha=0.9, running_variance="biased")
    assert layer.alpha == 0.9
    assert layer.momentum == pytest.approx(0.1, abs=1e-15)
    mean, variance = np.zeros(3), np.ones(3)
    for step in range(4):
        x = data(5, 3, seed=step)
        layer(x)
        mean = 0.9 * mean + 0.1 * x.mean(axis=0)
        variance = 0.9 * variance + 0.1 * ((x - x.mean(axis=0)) ** 2).mean(axis=0)
    assert np.allclose(layer.running_mean.data, mean, atol=1e-14)
    assert np.allclose(layer.running_var.data, variance, atol=1e-13)


def test_alpha_can_be_assigned_and_is_checked() -> None:
    layer = nn.BatchNorm1d(3)
    layer.alpha = 0.75
    assert layer.momentum == 0.25
    with pytest.raises(ValueError, match=r"alpha of BatchNorm1d is from 0 to 1, got 2"):
        layer.alpha = 2.0
    layer.alpha = None
    assert layer.momentum is None


@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_gives_a_tensor_whatever_it_is_given(affine: bool) -> None:
    layer = nn.BatchNorm1d(3, affine=affine)
    for module in (layer, nn.BatchNorm1d(3, affine=affine).eval()):
        for x in (data(4, 3), data(4, 3).tolist(), Tensor(data(4, 3))):
            assert isinstance(module(x), Tensor)


@pytest.mark.parametrize(("kind", "ddof"), [("unbiased", 1), ("biased", 0)])
def test_running_average_is_the_plain_mean_over_the_training_batches(kind: str, ddof: int) -> None:
    layer = nn.BatchNorm1d(3, running="average", running_variance=kind)
    batches = [data(n, 3, seed=n) for n in (2, 5, 7)]
    for x in batches:
        layer(x)
    assert np.allclose(layer.running_mean.data, np.mean([x.mean(0) for x in batches], axis=0))
    assert np.allclose(layer.running_var.data, np.mean([x.var(0, ddof=ddof) for x in batches], 0))
    assert layer.num_batches_tracked.item() == 3


def test_training_divides_by_the_biased_variance_whichever_is_averaged() -> None:
    x = data(4, 3)
    expected = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
    for kind in ("unbiased", "biased"):
        y = nn.BatchNorm1d(3, running_variance=kind)(x)
        assert np.allclose(y.data, expected, atol=1e-13)


def test_use_is_the_formula_with_running_statistics_and_changes_nothing() -> None:
    layer = nn.BatchNorm1d(3)
    layer.weight.data, layer.bias.data = [2.0, -1.0, 0.5], [0.1, 0.2, 0.3]  # type: ignore[union-attr]
    layer(data(6, 3))
    before = layer.state_dict()
    x = data(5, 3, seed=1)
    y = layer.eval()(x)
    root = np.sqrt(before["running_var"] + 1e-5)
    expected = before["weight"] * (x - before["running_mean"]) / root + before["bias"]
    assert np.allclose(y.data, expected, atol=1e-13)
    assert np.allclose(layer(x[0]).data, expected[0], atol=1e-13)  # one instance
    assert np.allclose(layer(x[:1]).data, expected[:1], atol=1e-13)
    for name, array in layer.state_dict().items():
        assert (array == before[name]).all()


def test_running_statistics_are_buffers_in_the_state_and_no_parameters() -> None:
    model = nn.MLP(2, [3, 1], norm="batch", rng=0)
    names = [name for name, _ in model.named_parameters()]
    assert "layers.1.weight" in names
    assert not [name for name in names if "running" in name or "tracked" in name]
    assert {"layers.1.running_mean", "layers.1.running_var"} <= model.state_dict().keys()
    model(data(4, 2))
    other = nn.MLP(2, [3, 1], norm="batch", rng=1)
    other.load_state_dict(model.state_dict())
    copies = [other, copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    x = data(3, 2, seed=1)
    for each in copies:
        assert (each.eval()(x).data == model.eval()(x).data).all()
    assert "running" not in repr(model)
    assert repr(model).startswith("MLP(): 19 parameters")
    assert repr(model[1]).endswith("weight (3,), bias (3,); 6 parameters")


def test_a_pass_leaves_no_gradient_on_buffers() -> None:
    layer = nn.BatchNorm1d(3).eval()
    layer(data(4, 3)).sum().backward()
    assert layer.running_mean.grad is None
    assert layer.weight is not None
    assert layer.weight.grad is not None


@pytest.mark.parametrize("shape", [(1, 3), (3,), (0, 3), (1, 3, 1)])
def test_a_batch_of_one_in_training_raises_and_changes_nothing(shape: tuple[int, ...]) -> None:
    layer = nn.BatchNorm1d(3)
    layer(data(4, 3))
    before = layer.state_dict()
    with pytest.raises(ValueError, match=r"two instances or more in training.* got [01] "):
        layer(np.ones(shape))
    for name, array in layer.state_dict().items():
        assert (array == before[name]).all()


@pytest.mark.parametrize("shape", [(4, 2), (2,), (4, 2, 3), (4, 3, 2, 2), ()])
@pytest.mark.parametrize("training", [True, False])
def test_a_wrong_shape_is_an_error_with_both(shape: tuple[int, ...], training: bool) -> None:
    layer = nn.BatchNorm1d(3).train(training)
    with pytest.raises(ValueError, match=r"BatchNorm1d expected \(N, 3\) or \(N, 3, L\), got"):
        layer(np.ones(shape))
    assert layer.num_batches_tracked.item() == 0


@pytest.mark.parametrize("kind", [nn.BatchNorm1d, nn.LayerNorm, nn.RMSNorm])
@pytest.mark.parametrize("training", [True, False])
def test_float32_stays_float32(kind: Any, training: bool) -> None:
    layer = kind(3, dtype=np.float32).train(training)
    x = Tensor(data(4, 3), dtype=np.float32)
    y = layer(x)
    (y * y).sum().backward()
    assert y.dtype == x.grad.dtype == np.float32
    assert {p.grad.dtype for p in layer.parameters()} == {np.dtype(np.float32)}
    assert layer(data(4, 3)).dtype == np.float32
    for name, array in layer.state_dict().items():
        assert array.dtype == (np.float64 if name == "num_batches_tracked" else np.float32)
        assert layer(x.data.tolist()).dtype == np.float32


# --- LayerNorm and RMSNorm against PyTorch -------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("LayerNorm", {}),
        ("LayerNorm", {"eps": 0.1}),
        ("LayerNorm", {"elementwise_affine": False}),
        ("LayerNorm", {"bias": False}),
        ("RMSNorm", {}),
        ("RMSNorm", {"eps": 0.1}),
        ("RMSNorm", {"elementwise_affine": False}),
    ],
)
@pytest.mark.parametrize(
    ("shape", "normalized"), [((5, 4), 4), ((4,), 4), ((2, 3, 4), 4), ((2, 3, 4), (3, 4))]
)
def test_norms_over_features_equal_pytorchs(
    name: str, options: dict[str, Any], shape: tuple[int, ...], normalized: Any
) -> None:
    torch = pytest.importorskip("torch")
    mine = getattr(nn, name)(normalized, **options)
    other = getattr(torch.nn, name)(normalized, dtype=torch.float64, **options)
    rng = np.random.default_rng(3)
    state = {key: rng.normal(size=array.shape) for key, array in mine.state_dict().items()}
    mine.load_state_dict(state)
    other.load_state_dict({key: torch.tensor(array) for key, array in state.items()})
    s, g = np.asarray(rng.normal(size=shape)), rng.normal(size=shape)
    x, t = Tensor(s), torch.tensor(s, requires_grad=True)
    y, u = mine(x), other(t)
    y.backward(g)
    u.backward(torch.tensor(g))
    assert np.allclose(y.data, u.detach().numpy(), atol=1e-13)
    assert np.allclose(x.grad, t.grad.numpy(), atol=1e-12)
    for p, q in zip(mine.parameters(), other.parameters(), strict=True):
        assert np.allclose(p.grad, q.grad.numpy(), atol=1e-12)
    assert (mine.eval()(s).data == y.data).all() if mine.parameters() else True


def test_layer_norm_and_rms_norm_are_their_formulas() -> None:
    x = data(3, 5)
    gamma, beta = np.arange(1.0, 6), np.linspace(-1, 1, 5)
    layer, rms = nn.LayerNorm(5, eps=0.01), nn.RMSNorm(5, eps=0.01)
    layer.load_state_dict({"weight": gamma, "bias": beta})
    rms.load_state_dict({"weight": gamma})
    mean, variance = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    assert np.allclose(layer(x).data, gamma * (x - mean) / np.sqrt(variance + 0.01) + beta)
    assert np.allclose(rms(x).data, gamma * x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 0.01))


@pytest.mark.parametrize("kind", [nn.LayerNorm, nn.RMSNorm])
def test_wrong_features_are_an_error_with_both_shapes(kind: Any) -> None:
    for normalized, x, message in (
        (3, np.ones((2, 4)), r"expected \(\.\.\., 3\), got \(2, 4\)"),
        ((2, 3), np.ones((3,)), r"expected \(\.\.\., 2, 3\), got \(3,\)"),
        (3, Tensor(1.0), r"got \(\)"),
    ):
        with pytest.raises(ValueError, match=message):
            kind(normalized)(x)


# --- in networks ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("norm", "kind"), [("batch", nn.BatchNorm1d), ("layer", nn.LayerNorm), ("rms", nn.RMSNorm)]
)
def test_an_mlp_takes_a_norm_by_name_in_its_dtype(norm: str, kind: type[nn.Module]) -> None:
    for given in (norm, kind):
        model = nn.MLP(2, [4, 3, 1], norm=given, dtype=np.float32, rng=0)
        assert [type(model[i]) for i in (1, 4)] == [kind, kind]
        assert len(model) == 7
        dtypes = {a.dtype for name, a in model.state_dict().items() if "tracked" not in name}
        assert dtypes == {np.dtype(np.float32)}
        assert model(data(5, 2)).dtype == np.float32


def test_an_unknown_norm_is_named() -> None:
    with pytest.raises(ValueError, match="no normalisation 'group'; there are batch, layer, rms"):
        nn.MLP(2, [3, 1], norm="group")


@pytest.mark.parametrize("norm", ["batch", "layer", "rms"])
def test_a_normalised_network_passes_gradcheck_to_second_order(norm: str) -> None:
    model = nn.MLP(3, [4, 2], activation="tanh", norm=norm, rng=0)
    target = data(5, 2, seed=2)
    for order in (1, 2):
        autograd.gradcheck(
            lambda x: autograd.sum(autograd.square(model(x) - target)), [data(5, 3)], order=order
        )


@pytest.mark.parametrize("norm", ["batch", "layer", "rms"])
@pytest.mark.parametrize("training", [True, False])
def test_a_network_of_values_equals_that_of_tensors(norm: str, training: bool) -> None:
    model = nn.MLP(3, [4, 4, 2], norm=norm, rng=0)
    model(data(6, 3))
    model.train(training)
    scalars = model.to_scalars()
    x = data(5, 3, seed=1)
    y, z = model(x), scalars(x)
    assert np.allclose(np.array(z, dtype=float), y.data, atol=1e-12)
    (y * y).sum().backward()
    autograd.sum(z * z).backward()
    gradients = [p.grad or 0.0 for p in scalars.parameters()]
    expected = np.concatenate([p.grad.ravel() for p in model.parameters()])
    assert np.allclose(gradients, expected, atol=1e-12)
    ours, theirs = model.state_dict(), scalars.state_dict()
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        assert np.allclose(array, theirs[name], atol=1e-12)
    if not training or norm != "batch":
        one = scalars(x[0].tolist())
        assert np.allclose([each.data for each in one], model(x[0]).data, atol=1e-12)
    assert not any("running" in p.name for p in scalars.parameters())


def test_values_given_to_a_layer_of_tensors_are_refused() -> None:
    for layer in (nn.BatchNorm1d(2), nn.LayerNorm(2), nn.RMSNorm(2)):
        with pytest.raises(TypeError, match="to_scalars"):
            layer(autograd.values(np.ones((3, 2))))


def test_batch_norm_lets_a_deep_network_train_that_starts_far_off() -> None:
    # DD2424's experiment: weights from N(0, 0.0001²) leave a deep network stuck without it.
    x = data(60, 2, seed=4)
    y = (x[:, 0] * x[:, 1] > x[:, 0].mean() * x[:, 1].mean()).astype(int)
    losses = {}
    for norm in (None, "batch"):
        model = nn.MLP(2, [16, 16, 16, 2], init="normal(0.0001)", norm=norm, rng=0)
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        for _ in range(60):
            optimizer.zero_grad()
            loss = nn.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        losses[norm] = loss.item()
    assert losses["batch"] < 0.3
    assert losses[None] > 0.6


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.BatchNorm1d(0), ValueError, "num_features of BatchNorm1d"),
        (lambda: nn.BatchNorm1d(2.5), TypeError, "num_features of BatchNorm1d"),
        (lambda: nn.BatchNorm1d(2, eps=-1), ValueError, "eps of BatchNorm1d .* got -1"),
        (lambda: nn.BatchNorm1d(2, momentum=1.5), ValueError, r"momentum .* from 0 to 1, got 1.5"),
        (lambda: nn.BatchNorm1d(2, alpha=-0.5), ValueError, r"alpha .* from 0 to 1, got -0.5"),
        (lambda: nn.BatchNorm1d(2, momentum=0.2, alpha=0.7), TypeError, "not both"),
        (lambda: nn.BatchNorm1d(2, momentum="a"), TypeError, "momentum .* got str"),
        (lambda: nn.BatchNorm1d(2, running_variance="x"), ValueError, "'unbiased' or 'biased'"),
        (lambda: nn.BatchNorm1d(2, running="x"), ValueError, "'exponential' or 'average'"),
        (lambda: nn.BatchNorm1d(2, running="average", alpha=0.9), TypeError, "takes no momentum"),
        (lambda: nn.BatchNorm1d(2, dtype=int), TypeError, "float32 or float64"),
        (lambda: nn.LayerNorm(()), ValueError, "normalized_shape of LayerNorm"),
        (lambda: nn.LayerNorm((2, 0)), ValueError, r"normalized_shape of LayerNorm\[1\]"),
        (lambda: nn.RMSNorm("3"), TypeError, "normalized_shape of RMSNorm"),
        (lambda: nn.RMSNorm(3, eps="x"), TypeError, "eps of RMSNorm"),
    ],
)
def test_bad_arguments_are_named(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()
