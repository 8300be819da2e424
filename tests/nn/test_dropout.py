"""Dropout: the mask, its scale, its derivative, and what is left of it in use."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_each_number_is_left_out_with_probability_p_or_divided_by_1_minus_p(p: float) -> None:
    n = 100_000
    x = np.random.default_rng(0).uniform(1, 2, n)
    y = nn.Dropout(p, rng=1)(x)
    kept = y != 0
    assert np.allclose(y[kept], x[kept] / (1 - p), rtol=1e-15)
    # Five standard deviations of a binomial share.
    assert abs(kept.mean() - (1 - p)) < 5 * np.sqrt(p * (1 - p) / n)


def test_the_expectation_is_what_went_in() -> None:
    layer = nn.Dropout(0.3, rng=0)
    x = np.array([1.0, -2.0, 0.5])
    mean = np.mean([layer(x) for _ in range(20_000)], axis=0)
    assert np.allclose(mean, x, atol=5 * 2 * np.sqrt(0.3 / 0.7 / 20_000))


def test_the_derivative_is_the_mask_that_the_call_drew() -> None:
    x = Tensor(np.random.default_rng(0).normal(size=(6, 5)))
    y = nn.Dropout(0.4, rng=1)(x)
    y.sum().backward()
    mask = y.data / x.data
    assert np.allclose(x.grad, mask, atol=1e-15)
    assert set(np.unique(x.grad.round(12))) == {0.0, round(1 / 0.6, 12)}


def test_its_gradient_passes_a_check_by_differences_when_the_mask_is_drawn_again() -> None:
    def loss(x: Any) -> Any:
        return autograd.sum(autograd.square(nn.Dropout(0.5, rng=3)(x)))

    autograd.gradcheck(loss, [np.random.default_rng(0).normal(size=(4, 3))])
    autograd.gradcheck(loss, [np.random.default_rng(0).normal(size=(4, 3))], order=2)


def test_after_eval_it_is_the_identity_and_train_brings_it_back() -> None:
    model = nn.Sequential(nn.Linear(3, 50, rng=0), nn.Dropout(0.5, rng=0))
    x = np.ones((2, 3))
    assert (model.eval()(x).data == model[0](x).data).all()
    assert (model.train()(x).data == 0).any()
    t = Tensor([1.0])
    assert nn.Dropout(0.5).eval()(t) is t


def test_a_seed_gives_the_same_masks_and_each_call_another() -> None:
    x = np.ones(64)
    one, same = nn.Dropout(0.5, rng=7), nn.Dropout(0.5, rng=7)
    first, second = one(x), one(x)
    assert (first == same(x)).all()
    assert (second == same(x)).all()
    assert (first != second).any()
    rng = np.random.default_rng(7)
    assert (nn.Dropout(0.5, rng=rng)(x) == first).all()
    assert (nn.Dropout(0.5, rng=rng)(x) == second).all()


def test_a_copy_and_a_pickle_draw_what_the_original_would_have() -> None:
    layer = nn.Dropout(0.5, rng=7)
    layer(np.ones(3))
    copies = [copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))]
    expected = layer(np.ones(64))
    for each in copies:
        assert (each(np.ones(64)) == expected).all()


@pytest.mark.parametrize(("p", "scale"), [(0.0, 1.0), (1.0, 0.0)])
def test_the_ends_of_p_keep_all_and_nothing(p: float, scale: float) -> None:
    x = Tensor([1.0, -2.0])
    y = nn.Dropout(p, rng=0)(x)
    y.sum().backward()
    assert (y.data == scale * x.data).all()
    assert (x.grad == scale).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_stays(dtype: Any) -> None:
    x = Tensor([1.0, 2.0, 3.0], dtype=dtype)
    y = nn.Dropout(0.5, rng=0)(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == dtype
    assert nn.Dropout(0.5, rng=0)(x.data).dtype == dtype
    assert nn.Dropout(0.5, rng=0)([1, 2, 3]).dtype == np.float64


def test_a_network_of_values_draws_the_same_mask_as_that_of_tensors() -> None:
    for mode in (True, False):
        model = nn.Sequential(nn.Linear(3, 6, rng=0), nn.Dropout(0.5, rng=5)).train(mode)
        scalars = model.to_scalars()
        x = np.random.default_rng(1).normal(size=(2, 3))
        y, z = model(x), scalars(x)
        assert np.allclose(np.array(z, dtype=float), y.data, atol=1e-12)
        (y * y).sum().backward()
        np.sum(z * z).backward()
        grads = [p.grad or 0.0 for p in scalars.parameters()]
        expected = np.concatenate([p.grad.ravel() for p in model.parameters()])
        assert np.allclose(grads, expected, atol=1e-12)


def test_a_value_and_a_list_of_values_are_taken() -> None:
    y = nn.Dropout(0.5, rng=0)([Value(1.0), Value(2.0)])
    assert {float(each) for each in y} <= {0.0, 2.0, 4.0}
    assert float(nn.Dropout(0.5, rng=0)(Value(1.0))) in (0.0, 2.0)


def test_it_has_no_parameters_and_prints_its_p() -> None:
    layer = nn.Dropout(0.25)
    assert layer.parameters() == []
    assert layer.state_dict() == {}
    assert repr(layer) == "Dropout(0.25)"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((1.5,), ValueError, "from 0 to 1, got 1.5"),
        ((-0.1,), ValueError, "from 0 to 1, got -0.1"),
        ((float("nan"),), ValueError, "from 0 to 1, got nan"),
        (("half",), TypeError, "p of Dropout, a probability, is a number, got str"),
        ((True,), TypeError, "got bool"),
        ((0.5, 1.5), TypeError, "rng is"),
    ],
)
def test_bad_arguments_are_named(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        nn.Dropout(*arguments)
