"""Losses of yes-or-no questions: each element is a probability of its own, or the logit of one."""

from __future__ import annotations

from typing import Any

import autograd
from nn.losses.checks import (
    check_between_0_and_1,
    check_logits,
    check_probabilities,
    check_reduction,
    element_weights,
    like,
    pair,
    reduced,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "binary_kl_divergence",
    "binary_kl_divergence_with_logits",
]


def probabilities(prediction: Any, target: Any, loss: str) -> tuple[Any, Any]:
    """Checked y and d of one shape."""
    y, d = pair(prediction, target, loss)
    check_between_0_and_1(d, loss)
    check_probabilities(y, d, loss, binary=True)
    return y, like(d, y)


def logits_of(prediction: Any, target: Any, loss: str) -> tuple[Any, Any]:
    """Checked z and d of one shape."""
    z, d = pair(prediction, target, loss)
    check_logits(z, autograd.sigmoid, loss)
    check_between_0_and_1(d, loss)
    return z, like(d, z)


def binary_cross_entropy(
    prediction: Any, target: Any, reduction: str = "mean", *, weight: Any = None
) -> Any:
    """−d ln y − (1 − d) ln(1 − y) over elements, from probabilities.

    Args:
        prediction: y from 0 to 1, of any shape (after the sigmoid).
        target: d from 0 to 1, of the same shape.
        reduction: over elements.
        weight: of each element's loss; broadcasts to the prediction's shape.

    A term with the factor 0 contributes exactly 0 to value and derivative; a prediction that rules
    out what occurs costs inf (PyTorch stops at 100). The lecture prints this as its binary KL
    divergence, which it is for targets of 0 and 1: see `binary_kl_divergence`. From logits,
    `binary_cross_entropy_with_logits` is stabler.

    Raises:
        ValueError: the shapes differ, or a target or a prediction is not from 0 to 1.

    >>> import autograd
    >>> y = autograd.Tensor([0.5, 0.0])
    >>> loss = binary_cross_entropy(y, [1.0, 0.0], reduction="sum")
    >>> loss.backward()
    >>> round(loss.item(), 4), y.grad.tolist()
    (0.6931, [-2.0, 1.0])

    Source: CMU 11-785, lecture 5; PyTorch's ``BCELoss``.
    """
    check_reduction(reduction)
    y, d = probabilities(prediction, target, "binary_cross_entropy")
    losses = autograd.binary_cross_entropy(y, d)
    return weighted(losses, weight, y, reduction, "binary_cross_entropy")


def binary_cross_entropy_with_logits(
    prediction: Any,
    target: Any,
    reduction: str = "mean",
    *,
    weight: Any = None,
    pos_weight: Any = None,
) -> Any:
    """−d ln σ(z) − (1 − d) ln(1 − σ(z)) over elements, from logits.

    Computed as d · softplus(−z) + (1 − d) · softplus(z): right to the last digit at any logit, where
    1 − σ(z) has long been rounded to 0. The derivative is σ(z) − d.

    Args:
        prediction: z, of any shape, before any sigmoid.
        target: d from 0 to 1, of the same shape.
        reduction: over elements.
        weight: of each element's loss; broadcasts to the prediction's shape.
        pos_weight: of the term of d alone, against rare positives; broadcasts likewise.

    Raises:
        ValueError: the shapes differ, or a target is not from 0 to 1.

    >>> binary_cross_entropy_with_logits([1000.0, -1000.0], [1, 1], reduction="none").tolist()
    [0.0, 1000.0]

    Source: PyTorch's ``BCEWithLogitsLoss``.
    """
    check_reduction(reduction)
    name = "binary_cross_entropy_with_logits"
    z, d = logits_of(prediction, target, name)
    positive = 1.0
    if pos_weight is not None:
        positive = element_weights(pos_weight, z, "pos_weight", name)
    losses = autograd.logistic_cross_entropy(z, d, positive)
    return weighted(losses, weight, z, reduction, name)


def binary_kl_divergence(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """d ln(d / y) + (1 − d) ln((1 − d) / (1 − y)) over elements: 0 where y = d.

    The cross-entropy −d ln y − (1 − d) ln(1 − y), less the entropy of d. That entropy is 0 for
    targets of 0 and 1, and has no derivative by y: so both have the same gradient always, and the
    same value then. (The lecture prints the cross-entropy: it is `binary_cross_entropy` here.)

    Args:
        prediction: y from 0 to 1, of any shape (after the sigmoid).
        target: d from 0 to 1, of the same shape.
        reduction: over elements.

    A term with the factor 0 contributes exactly 0 to value and derivative; a prediction that rules
    out what occurs costs inf.

    Raises:
        ValueError: the shapes differ, or a target or a prediction is not from 0 to 1.

    >>> binary_kl_divergence([0.25, 0.5], [0.25, 1.0], reduction="none").round(4).tolist()
    [0.0, 0.6931]

    Source: CMU 11-785, lecture 5.
    """
    check_reduction(reduction)
    y, d = probabilities(prediction, target, "binary_kl_divergence")
    losses = autograd.binary_cross_entropy(y, d, entropy=True)
    return reduced(losses, reduction, "binary_kl_divergence")


def binary_kl_divergence_with_logits(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """`binary_kl_divergence` of σ(z), from logits z, stable at ±1000. The derivative is σ(z) − d.

    Args:
        prediction: z, of any shape, before any sigmoid.
        target: d from 0 to 1, of the same shape.
        reduction: over elements.

    Raises:
        ValueError: the shapes differ, or a target is not from 0 to 1.

    >>> binary_kl_divergence_with_logits([0.0, 1000.0], [0.5, 0.0], reduction="none").tolist()
    [0.0, 1000.0]
    """
    check_reduction(reduction)
    z, d = logits_of(prediction, target, "binary_kl_divergence_with_logits")
    losses = autograd.logistic_cross_entropy(z, d, 1.0, entropy=True)
    return reduced(losses, reduction, "binary_kl_divergence_with_logits")


def weighted(losses: Any, weight: Any, prediction: Any, reduction: str, loss: str) -> Any:
    """The losses of elements times their weights, reduced."""
    if weight is not None:
        losses = losses * element_weights(weight, prediction, "weight", loss)
    return reduced(losses, reduction, loss)
