"""Products of pairs, and of powers, against the slide's derivatives and finite differences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor

ALPHA = np.array([[1.0, 2.0], [0.0, 3.0], [2.0, 1.0]])


def layer_of(alpha: Any, **options: Any) -> nn.Power:
    """A layer whose z is its input."""
    n_z, n_out = np.shape(alpha)
    layer = nn.Power(n_z, n_out, alpha=alpha, **options)
    layer.W.data = np.eye(n_z)
    return layer


def slides(z: Any, alpha: Any) -> Any:
    """αⱼᵢ zⱼ^(αⱼᵢ−1) ∏_{l≠j} zₗ^αₗᵢ, with no term where αⱼᵢ = 0."""
    n_z, n_out = alpha.shape
    d = np.zeros((n_out, n_z))
    for i in range(n_out):
        for j in range(n_z):
            rest = math.prod(z[k] ** alpha[k, i] for k in range(n_z) if k != j)
            if alpha[j, i]:
                d[i, j] = alpha[j, i] * z[j] ** (alpha[j, i] - 1) * rest
    return d


def test_a_pair_product_has_the_other_factor_as_its_derivative() -> None:
    y = Tensor([2.0, 3.0, -1.0, 0.0])
    out = nn.PairProduct()(y)
    assert out.data.tolist() == [6.0, 0.0]
    (out * np.array([1.0, 10.0])).sum().backward()
    assert y.grad.tolist() == [3.0, 2.0, 0.0, -10.0]
    batch = np.random.default_rng(0).normal(size=(4, 6))
    np.testing.assert_array_equal(
        nn.PairProduct()(batch), batch[:, [0, 2, 4]] * batch[:, [1, 3, 5]]
    )
    autograd.gradcheck(nn.PairProduct(), [batch], order=2)
    values = autograd.values([2.0, 3.0])
    nn.PairProduct()(values.tolist())[0].backward()
    assert [v.grad for v in values] == [3.0, 2.0]
    assert nn.PairProduct()(Tensor([1.0, 2.0], dtype=np.float32)).dtype == np.float32
    for odd in ([1.0, 2.0, 3.0], 1.0):
        with pytest.raises(ValueError, match="PairProduct expected an even width, got shape"):
            nn.PairProduct()(odd)


@pytest.mark.parametrize(
    "z", [[0.5, -1.5, 2.0], [0.0, -1.5, 2.0], [0.5, 0.0, 2.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]
)
def test_power_and_its_derivative_are_the_slides_also_at_zero_and_below(z: list[float]) -> None:
    numbers = np.array(z)
    x = Tensor(numbers)
    out = layer_of(ALPHA)(x)
    expected = [math.prod(numbers ** ALPHA[:, i]) for i in range(2)]
    np.testing.assert_allclose(out.data, expected, rtol=1e-14)
    for i in range(2):
        x.grad = None
        out[i].backward()
        np.testing.assert_allclose(x.grad, slides(numbers, ALPHA)[i], rtol=1e-14, atol=0)
    values = autograd.values(numbers)
    outs = layer_of(ALPHA).to_scalars()(values)
    autograd.sum(outs).backward()
    np.testing.assert_allclose([v.data for v in outs], expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        [v.grad for v in values], slides(numbers, ALPHA).sum(axis=0), rtol=0, atol=1e-12
    )


def test_negative_integer_exponents_take_any_sign_but_zero() -> None:
    out = layer_of([[-1.0], [-2.0]])([-2.0, 4.0])
    assert abs(out.item() - (-1 / 32)) < 1e-16


def test_learned_exponents_have_the_derivative_out_times_the_logarithm() -> None:
    alpha = np.array([[0.5, 1.0], [2.0, -1.5]])
    layer = layer_of(alpha, learn=True)
    z = np.array([0.7, 2.5])
    out = layer(z)
    autograd.sum(out).backward()
    outs = [math.prod(z ** alpha[:, i]) for i in range(2)]
    np.testing.assert_allclose(layer.alpha.grad, np.outer(np.log(z), outs), rtol=1e-13)
    assert [name for name, _ in layer.named_parameters()] == ["W", "alpha"]
    assert [name for name, _ in layer_of(alpha).named_parameters()] == ["W"]
    assert set(layer_of(alpha).state_dict()) == {"W", "alpha"}

    def run(y: Any, W: Any, alpha: Any) -> Any:
        copy = layer_of(np.ones((2, 2)), learn=True)
        copy.W, copy.alpha = W, alpha
        return copy(y)

    W = np.array([[0.8, 0.3], [0.2, 1.1]])
    autograd.gradcheck(run, [np.array([[0.7, 2.5], [1.2, 0.4]]), W, alpha], order=2)


def test_an_error_names_the_entry_that_is_not_above_zero() -> None:
    for learn, alpha in ((True, np.eye(2)), (False, np.array([[1.0, 0.0], [0.5, 1.0]]))):
        layer = layer_of(alpha, learn=learn)
        for bad in (-0.5, 0.0):
            for run in (layer, layer.to_scalars()):
                with pytest.raises(ValueError, match=rf"z > 0.*z\[1, 1\] = {bad:g}$"):
                    run(np.array([[1.0, 2.0], [3.0, bad]]))
    # The first weighted sum has whole exponents, and may be of any sign.
    assert layer([-1.0, 4.0]).data.tolist() == [-2.0, 4.0]


def test_w_is_out_by_in_and_widths_are_checked() -> None:
    layer = nn.Power(3, 2, rng=0, dtype=np.float32)
    assert layer.W.shape == (2, 3)
    y = np.array([[1.0, -2.0, 0.5]])
    z = y @ layer.W.data.T
    np.testing.assert_allclose(
        layer(y).data, np.stack([z[:, 0] * z[:, 1], z[:, 1]], axis=-1), rtol=1e-6
    )
    assert layer(y).dtype == np.float32
    with pytest.raises(ValueError, match=r"Power expected \(\.\.\., 3\), got \(2,\)"):
        layer([1.0, 2.0])
    with pytest.raises(ValueError, match=r"alpha of Power expected shape \(n_z, 2\), got \(2, 3\)"):
        nn.Power(3, 2, alpha=np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"finite exponents, got alpha\[1, 0\] = nan"):
        nn.Power(3, 1, alpha=[[1.0], [math.nan]])
