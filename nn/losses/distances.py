"""Losses of regression: how far the numbers of a prediction are from those of a target."""

from __future__ import annotations

from typing import Any

import autograd
from nn.arguments import positive
from nn.losses.checks import check_reduction, like, pair, reduced

__all__ = ["huber", "l1", "l2_divergence", "mse"]


def difference(prediction: Any, target: Any, loss: str) -> Any:
    """y − d, of two arguments of one shape."""
    y, d = pair(prediction, target, loss)
    return autograd.sub(y, like(d, y))


def l2_divergence(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """½ Σ (y − d)² over the last axis: half the squared distance, with derivative y − d.

    Args:
        prediction: y of shape (..., K), or one number.
        target: d of the same shape.
        reduction: over instances. A vector is one instance: a batch of n single numbers has the
            shape (n, 1).

    Raises:
        ValueError: the shapes differ.

    >>> import autograd
    >>> y = autograd.Tensor([1.0, 2.0])
    >>> loss = l2_divergence(y, [0.0, 4.0])
    >>> loss.backward()
    >>> loss.item(), y.grad.tolist()
    (2.5, [1.0, -2.0])

    Source: CMU 11-785, lecture 5.
    """
    check_reduction(reduction)
    squares = autograd.square(difference(prediction, target, "l2_divergence"))
    if squares.shape:
        squares = autograd.sum(squares, axis=-1)
    return reduced(0.5 * squares, reduction, "l2_divergence")


def mse(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """(y − d)² over elements: the mean squared error, with derivative 2 (y − d) / n.

    Args:
        prediction: y, of any shape.
        target: d of the same shape.
        reduction: over elements.

    Raises:
        ValueError: the shapes differ.

    >>> mse([1.0, 2.0], [0.0, 4.0])
    np.float64(2.5)

    Source: PyTorch's ``MSELoss``; ``reduction="sum"`` is Σ|y − a|².
    """
    check_reduction(reduction)
    squares = autograd.square(difference(prediction, target, "mse"))
    return reduced(squares, reduction, "mse")


def l1(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """|y − d| over elements: the mean absolute error. Its derivative is ±1, and 0 at y = d.

    Args:
        prediction: y, of any shape.
        target: d of the same shape.
        reduction: over elements.

    Raises:
        ValueError: the shapes differ.

    >>> l1([1.0, 2.0], [0.0, 4.0], reduction="none").tolist()
    [1.0, 2.0]

    Source: PyTorch's ``L1Loss``.
    """
    check_reduction(reduction)
    return reduced(autograd.abs(difference(prediction, target, "l1")), reduction, "l1")


def huber(prediction: Any, target: Any, reduction: str = "mean", *, delta: float = 1.0) -> Any:
    """½ e² where |e| ≤ δ, and δ (|e| − ½ δ) elsewhere, e = y − d: over elements.

    A square near the target and a line far from it, so that an outlier pulls with a force of δ and
    not more: the derivative is e, kept between −δ and δ.

    Args:
        prediction: y, of any shape.
        target: d of the same shape.
        reduction: over elements.
        delta: δ, above 0.

    Raises:
        ValueError: the shapes differ, or δ is not above 0.

    >>> huber([0.5, 3.0], [0.0, 0.0], reduction="none").tolist()
    [0.125, 2.5]

    Source: Huber, "Robust estimation of a location parameter", 1964; PyTorch's ``HuberLoss``.
    """
    check_reduction(reduction)
    delta = positive(delta, "delta of huber")
    error = difference(prediction, target, "huber")
    # ½ a² + δ |e − a| with a the error kept in bounds is both pieces at once. No square overflows, and
    # where e is infinite nothing infinite is multiplied by a slope of 0.
    bounded = autograd.clip(error, -delta, delta)
    losses = 0.5 * autograd.square(bounded) + delta * autograd.abs(error - bounded)
    return reduced(losses, reduction, "huber")
