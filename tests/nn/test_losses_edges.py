"""Losses at infinite logits, and of batches without instances."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value

inf = math.inf

# --- infinite logits ------------------------------------------------------------------------------

CERTAIN = [
    (inf, 1.0, 1.0, 0.0, 0.0),
    (-inf, 0.0, 1.0, 0.0, 0.0),
    (inf, 0.0, 1.0, inf, 1.0),
    (-inf, 1.0, 1.0, inf, -1.0),
    (-inf, 1.0, 2.0, inf, -2.0),
    (-inf, 1.0, 0.0, 0.0, 0.0),
    (-inf, 0.5, 0.0, 0.0, 0.0),
    (inf, 0.5, 1.0, inf, 0.5),
]
"""A logit, a target, the weight of the positive ones; the loss, and its derivative by the logit."""


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("case", CERTAIN)
def test_an_infinite_logit_that_is_right_costs_nothing(case: Any, reduction: str) -> None:
    x, d, weight, loss, slope = case

    def f(z: Any) -> Any:
        return nn.binary_cross_entropy_with_logits(z, [d], reduction, pos_weight=[weight])

    z = Tensor([x])
    out = f(z)
    out.backward(np.ones(out.shape))
    assert out.item() == loss
    assert z.grad.tolist() == [slope]
    v = Value(x)
    scalar = f(np.array([v]))
    scalar = scalar[0] if reduction == "none" else scalar
    scalar.backward()
    assert (scalar.data, v.grad) == (loss, slope)
    for executor in ("numpy", "auto"):
        leaf = Tensor([0.5])
        program = autograd.compile(f(leaf), inputs=[leaf], executor=executor)
        found = program([x])
        program.backward(np.ones(out.shape))
        assert np.reshape(found, ()) == loss
        assert leaf.grad.tolist() == [slope]
        v = Value(0.5)
        scalar = f(np.array([v]))
        program = autograd.compile(
            scalar[0] if reduction == "none" else scalar, inputs=[v], executor=executor
        )
        assert program([x]).tolist() == [loss]
        program.backward(np.ones(1))
        assert float(v.grad) == slope


def test_the_divergence_of_an_infinite_logit_that_is_right_is_0() -> None:
    z = Tensor([inf, -inf])
    loss = nn.binary_kl_divergence_with_logits(z, [1.0, 0.0])
    loss.backward()
    assert loss.item() == 0
    assert z.grad.tolist() == [0, 0]


def test_a_margin_that_is_infinite_and_right_costs_nothing() -> None:
    for loss in (nn.hinge, nn.perceptron_loss):
        s = Tensor([inf, -inf])
        out = loss(s, [1, -1])
        out.backward()
        assert out.item() == 0
        assert s.grad.tolist() == [0, 0]
    s = Tensor([[inf, 0.0, -inf]])
    out = nn.multiclass_hinge(s, [0])
    with np.errstate(invalid="ignore"):
        out.backward()
    assert out.item() == 0
    assert s.grad.tolist() == [[0, 0, 0]]


def test_the_slope_of_leaky_relu_is_1_at_infinity_and_the_slope_at_0() -> None:
    for slope in (0.01, 1.0, 3.0, -0.5):
        x = Tensor([inf, 2.0, 0.0, -2.0])
        nn.leaky_relu(x, slope).backward(np.ones(4))
        assert x.grad.tolist() == [1, 1, slope, slope]


# --- nothing --------------------------------------------------------------------------------------

NONE = np.zeros((0, 3))
FLAT = np.zeros(0)
CLASSES = np.zeros(0, int)

LOSSES: dict[str, tuple[Callable[..., Any], Any, Any]] = {
    "cross_entropy": (nn.cross_entropy, NONE, CLASSES),
    "cross_entropy of distributions": (nn.cross_entropy, NONE, NONE),
    "cross_entropy with weights": (
        lambda z, t, r: nn.cross_entropy(z, t, r, weight=[1.0, 2.0, 1.0]),
        NONE,
        CLASSES,
    ),
    "cross_entropy, ignoring": (
        lambda z, t, r: nn.cross_entropy(z, t, r, ignore_index=1),
        NONE,
        CLASSES,
    ),
    "kl_divergence": (nn.kl_divergence, NONE, NONE),
    "kl_divergence_with_logits": (nn.kl_divergence_with_logits, NONE, NONE),
    "multiclass_hinge": (nn.multiclass_hinge, NONE, CLASSES),
    "l2_divergence": (nn.l2_divergence, NONE, NONE),
    **{
        name: (getattr(nn, name), FLAT, FLAT)
        for name in (
            *("mse", "l1", "huber", "hinge", "perceptron_loss", "binary_cross_entropy"),
            *("binary_cross_entropy_with_logits", "binary_kl_divergence"),
            "binary_kl_divergence_with_logits",
        )
    },
}
ELEMENTWISE = ("MSELoss", "L1Loss", "HuberLoss", "HingeLoss", "PerceptronLoss", "BCELoss")
ELEMENTWISE += ("BCEWithLogitsLoss", "BinaryKLDivergence", "BinaryKLDivergenceWithLogits")
MODULES: dict[str, tuple[Any, Any]] = {
    **dict.fromkeys((*ELEMENTWISE, "KLDivLoss"), (FLAT, FLAT)),
    "CrossEntropyLoss": (NONE, CLASSES),
    "KLDivergence": (NONE, NONE),
    "KLDivergenceWithLogits": (NONE, NONE),
    "L2Divergence": (NONE, NONE),
    "MultiMarginLoss": (NONE, CLASSES),
}
NOTHING = "has nothing to average: no instance counts"


def kinds(x: Any) -> list[Any]:
    """Nothing as an array, a Tensor, and an array of Values."""
    return [x, Tensor(x), autograd.values(x)]


@pytest.mark.parametrize("name", LOSSES)
def test_the_mean_over_an_empty_batch_is_refused_in_the_same_words(name: str) -> None:
    loss, prediction, target = LOSSES[name]
    for given in kinds(prediction):
        with pytest.raises(ValueError, match=NOTHING):
            loss(given, target, "mean")


@pytest.mark.parametrize("name", LOSSES)
def test_the_sum_over_an_empty_batch_is_0_and_the_losses_are_none(name: str) -> None:
    loss, prediction, target = LOSSES[name]
    z = Tensor(prediction)
    total = loss(z, target, "sum")
    total.backward()
    assert total.item() == 0
    assert z.grad.shape == prediction.shape
    assert loss(z, target, "none").shape == (0,)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_refuses_the_mean_over_an_empty_batch(name: str) -> None:
    prediction, target = MODULES[name]
    for given in kinds(prediction):
        with pytest.raises(ValueError, match=NOTHING):
            getattr(nn.losses.modules, name)()(given, target)
    if name == "KLDivLoss":
        with pytest.raises(ValueError, match=NOTHING):
            nn.KLDivLoss("batchmean")(prediction, target)


def test_every_loss_of_the_library_is_in_these_tests() -> None:
    modules = {
        name
        for name, each in vars(nn.losses.modules).items()
        if isinstance(each, type)
        and issubclass(each, nn.losses.modules.Loss)
        and each is not nn.losses.modules.Loss
    }
    assert modules == set(MODULES)
