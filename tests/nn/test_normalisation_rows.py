"""The fused rows of normalisation: the slides' backward pass, their composites, their formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor

Array = np.ndarray[Any, Any]
ROWS = ("batch_norm", "layer_norm", "rms_norm")


def data(*shape: int, seed: int = 0) -> Array:
    """Numbers whose features differ in mean and scale."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=shape) * rng.uniform(0.5, 3, shape[1:]) + 2)


# --- the backward pass on the slides -------------------------------------------------------------


def slides(s: Array, g: Array, eps: float) -> dict[str, Array]:
    """DD2424's backward pass through batch normalisation, instance by instance, as it is written.

    s and g are the scores and ∂J/∂ŝ of shape (n, features); V_b = diag(v + ε), no γ and β.
    """
    n = len(s)
    mu = sum(s) / n
    v = sum((s_i - mu) ** 2 for s_i in s) / n
    V = np.diag(v + eps)
    root, cube = np.diag(np.diag(V) ** -0.5), np.diag(np.diag(V) ** -1.5)
    by_v = -0.5 * sum(g_i @ cube @ np.diag(s_i - mu) for g_i, s_i in zip(g, s, strict=True))
    by_mu = -sum(g_i @ root for g_i in g)
    by_s = [
        g_i @ root + (2 / n) * by_v @ np.diag(s_i - mu) + by_mu / n
        for g_i, s_i in zip(g, s, strict=True)
    ]
    return {"v": by_v, "mu": by_mu, "s": np.array(by_s)}


@pytest.mark.parametrize("n", [2, 3, 8])
@pytest.mark.parametrize("eps", [1e-5, 0.1, 0.0])
def test_the_gradient_equals_the_slides_three_lines(n: int, eps: float) -> None:
    s, g = data(n, 4), data(n, 4, seed=1)
    expected = slides(s, g, eps)
    # The fused row, the layer without γ and β, and the composite with μ and v as nodes of their own.
    for f in (
        lambda x: autograd.batch_norm(x, eps=eps),
        nn.BatchNorm1d(4, eps=eps, affine=False),
    ):
        x = Tensor(s)
        f(x).backward(g)
        assert np.allclose(x.grad, expected["s"], rtol=1e-10, atol=1e-10)
    x = Tensor(s)
    mu = autograd.mean(x, axis=0)
    # On the slides v is a function of s and μ, and J's derivative by μ is taken with v held, because
    # ∂v/∂μ = 0: so the centre inside v is a node of its own here, and its gradient is looked at.
    centre = Tensor(mu.data)
    v = autograd.mean(autograd.square(x - centre), axis=0)
    out = (x - mu) / autograd.sqrt(v + eps)
    with autograd.retain_grads():
        mu.retain_grad()
        v.retain_grad()
        out.backward(g)
    assert np.allclose(v.grad, expected["v"], rtol=1e-10, atol=1e-12)
    assert np.allclose(mu.grad, expected["mu"], rtol=1e-10, atol=1e-12)
    assert np.allclose(x.grad, expected["s"], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("n", [2, 3, 8])
def test_the_variance_does_not_depend_on_its_centre_to_first_order(n: int) -> None:
    s = data(n, 4)
    mu = Tensor(s.mean(axis=0))
    autograd.mean(autograd.square(s - mu), axis=0).sum().backward()
    assert np.allclose(mu.grad, 0, atol=1e-14)


@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_two_instances_become_plus_and_minus_one_but_for_epsilon(eps: float) -> None:
    s = data(2, 3)
    half = np.abs(s[0] - s[1]) / 2
    expected = np.sign(s - s.mean(axis=0)) * half / np.sqrt(half**2 + eps)
    assert np.allclose(nn.BatchNorm1d(3, eps=eps)(s).data, expected, atol=1e-12)


# --- the fused rows ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize(
    ("shape", "axis"), [((4, 3), 0), ((2, 2), 0), ((3, 5), -1), ((3, 2, 4), (0, 2)), ((6,), 0)]
)
@pytest.mark.parametrize("eps", [1e-5, 0.3])
def test_a_fused_row_equals_its_composite_to_second_order(
    name: str, shape: tuple[int, ...], axis: Any, eps: float
) -> None:
    row: Any = autograd.registry[name]
    x, g, d = data(*shape), data(*shape, seed=1), data(*shape, seed=2)
    ways: list[Callable[[Any], Any]] = [
        lambda x: row(x, axis=axis, eps=eps),
        lambda x: row.composite(x, axis=axis, eps=eps),
    ]
    results = []
    for f in ways:
        out = f(Tensor(x))
        first, pull = autograd.vjp(f, x)
        forward = autograd.jvp(f, [x], [d])[1]
        second = autograd.hvp(lambda x, f=f: (f(x) * g).sum(), [x], [d])
        results.append((out.data, first, pull(g)[0], forward, np.asarray(second).reshape(shape)))
    for fused, composite in zip(*results, strict=True):
        assert np.allclose(fused, composite, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", ROWS)
def test_a_fused_row_passes_gradcheck_to_second_order(name: str) -> None:
    row: Any = autograd.registry[name]
    for order in (1, 2):
        autograd.gradcheck(
            lambda x: autograd.sum(row(x, eps=1e-2) * data(4, 3, seed=3)), [data(4, 3)], order=order
        )


@pytest.mark.parametrize("name", ROWS)
def test_the_jacobian_is_the_formula_of_the_row(name: str) -> None:
    x, eps = data(5), 0.01
    n, mean = len(x), x.mean() if name != "rms_norm" else 0.0
    root = np.sqrt(np.mean((x - mean) ** 2) + eps)
    s = (x - mean) / root
    expected = np.eye(n) - np.outer(s, s) / n
    if name != "rms_norm":
        expected -= np.ones((n, n)) / n
    row: Any = autograd.registry[name]
    out = row(Tensor(x), axis=0, eps=eps)
    assert np.allclose(out.data, s, atol=1e-14)
    assert np.allclose(out.local_derivatives[0].matrix(), expected / root, atol=1e-13)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_stable_at_a_thousand_and_beyond(name: str, dtype: Any) -> None:
    row: Any = autograd.registry[name]
    for x in (
        [[1000.0, -1000.0], [-1000.0, 1000.0]],
        [[1e6, 3.0], [1e6 + 2, 3.0]],
        [[7.0] * 2] * 2,
    ):
        t = Tensor(x, dtype=dtype)
        out = row(t)
        out.backward(np.array([[1.0, 2.0], [-3.0, 0.5]]))
        assert out.dtype == t.grad.dtype == dtype
        assert np.isfinite(out.data).all()
        assert np.isfinite(t.grad).all()
        exact = row.composite(np.asarray(x, dtype=np.longdouble), **row.options)
        assert np.allclose(out.data, np.asarray(exact, dtype=float), rtol=1e-5, atol=1e-5)
