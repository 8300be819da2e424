"""Losses of scores: a right answer costs nothing once its margin is wide enough."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from nn.arguments import number, share
from nn.losses.checks import (
    check_indices,
    check_reduction,
    class_weights,
    operand,
    pair,
    real,
    reduced,
    signs,
)

__all__ = ["hinge", "multiclass_hinge", "perceptron_loss"]

_FIRST = autograd.Unsaid("first")
"""Which side a kink has its derivative from."""


def hinge(scores: Any, target: Any, reduction: str = "mean") -> Any:
    """max(0, 1 − t s) over elements: zero where a score has the sign of ±1 and a margin of 1.

    Args:
        scores: s, of any shape.
        target: t of the same shape, made of −1 and 1.
        reduction: over elements.

    The derivative by s is −t inside the margin, and 0 beyond it and on its edge.

    Raises:
        ValueError: the shapes differ, or a target is neither −1 nor 1.

    >>> hinge([2.0, 0.5, -1.0], [1, 1, 1], reduction="none").tolist()
    [0.0, 0.5, 2.0]

    Source: micrograd's demo; Cortes and Vapnik, "Support-vector networks", 1995.
    """
    check_reduction(reduction)
    s, t = pair(scores, target, "hinge")
    return reduced(autograd.hinge(s, signs(t, s, "hinge")), reduction, "hinge")


def perceptron_loss(
    scores: Any, target: Any, reduction: str = "mean", *, at_zero: float | str = 0.0
) -> Any:
    """max(0, −t s) over elements: a score of the wrong sign costs its size.

    Args:
        scores: s, of any shape.
        target: t of the same shape, made of −1 and 1.
        reduction: over elements.
        at_zero: the derivative by s at s = 0, as a part of −t. Any number from 0 to 1 gives a
            subgradient. ``"mistake"`` counts as the perceptron does, which predicts +1 where s > 0
            only: at s = 0 a target of 1 is a mistake, a target of −1 is not.

    A step of stochastic gradient descent with learning rate 1 is the perceptron's w ← w + t x on a
    mistake; so from w = 0 the choice at s = 0 decides whether it starts.

    Raises:
        ValueError: the shapes differ, a target is neither −1 nor 1, or `at_zero` is out of range.

    >>> import autograd
    >>> s = autograd.Tensor([-2.0, 0.0, 0.0])
    >>> perceptron_loss(s, [1, 1, -1], reduction="sum", at_zero="mistake").backward()
    >>> s.grad.tolist()
    [-1.0, -1.0, 0.0]

    Source: Rosenblatt, "The perceptron", 1958; KTH DD2424, lecture 4.
    """
    check_reduction(reduction)
    s, t = pair(scores, target, "perceptron_loss")
    t = signs(t, s, "perceptron_loss")
    wrongness = autograd.neg(autograd.mul(s, t))
    part = check_at_zero(at_zero)
    if isinstance(part, str):
        # 0 everywhere, with derivative −1 at s = 0: it counts there for t = 1, and not for t = −1.
        here = autograd.maximum(
            autograd.minimum(autograd.neg(s), 0.0, ties=_FIRST), 0.0, ties=_FIRST
        )
        losses = autograd.relu(wrongness) + 0.5 * (here + autograd.mul(here, t))
        return reduced(losses, reduction, "perceptron_loss")
    if part == 0:
        return reduced(autograd.relu(wrongness), reduction, "perceptron_loss")
    # On a tie, maximum gives all to its first argument: derivative 1, where relu has 0.
    losses = autograd.maximum(wrongness, 0.0, ties=_FIRST)
    if part < 1:
        losses = part * losses + (1 - part) * autograd.relu(wrongness)
    return reduced(losses, reduction, "perceptron_loss")


def check_at_zero(at_zero: Any) -> float | str:
    """What `perceptron_loss` has as its derivative at 0: a number from 0 to 1, or a word."""
    if not isinstance(at_zero, str):
        return share(at_zero, "at_zero of perceptron_loss")
    if at_zero != "mistake":
        raise ValueError(f"at_zero is a number from 0 to 1 or 'mistake', got {at_zero!r}")
    return at_zero


def multiclass_hinge(
    scores: Any,
    target: Any,
    reduction: str = "mean",
    *,
    margin: float = 1.0,
    p: int = 1,
    weight: Any = None,
) -> Any:
    """Σ max(0, s_j − s_c + margin)ᵖ over the classes j other than the right one, c.

    Args:
        scores: s of shape (..., K).
        target: class indices 0 … K − 1 of shape (...).
        reduction: over instances.
        margin: by how much the right class is to lead.
        p: 1, or 2 for the squared hinge.
        weight: one for each class, for instances of that class.

    On the edge of the margin the derivative is 0. PyTorch's ``MultiMarginLoss`` divides the sum by K
    besides: the module `MultiMarginLoss` does so too.

    Raises:
        ValueError: the target has another shape, an index is not below K, or an option is wrong.
        TypeError: class indices that are not integers.

    >>> multiclass_hinge([[3.0, 1.0, 2.5], [0.0, 2.0, 0.0]], [0, 0], reduction="none").tolist()
    [0.5, 4.0]

    Source: Weston and Watkins, "Support vector machines for multi-class pattern recognition", 1999.
    """
    check_reduction(reduction)
    name = "multiclass_hinge"
    s = real(operand(scores, "scores", name))
    c = operand(target, "target", name)
    if not s.shape or c.shape != s.shape[:-1]:
        raise ValueError(
            f"{name} of scores of shape {s.shape} expected class indices of shape {s.shape[:-1]} "
            f"and at least one axis of scores, got {c.shape}"
        )
    check_indices(c, s.shape[-1], None, name)
    margin = number(margin, f"margin of {name}", -np.inf)
    check_power(p)
    weights = None if weight is None else class_weights(weight, s.shape[-1], name)
    losses = autograd.multiclass_hinge(s, c, margin=margin, p=p, weight=weights)
    return reduced(losses, reduction, name)


def check_power(p: Any) -> int:
    """The power of an excess in `multiclass_hinge`."""
    if p not in (1, 2):
        raise ValueError(f"p of multiclass_hinge is 1 or 2, got {p!r}")
    return int(p)
