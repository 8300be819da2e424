"""Losses: how far a prediction is from its target, as one number to make smaller.

Every loss is called ``loss(prediction, target)``, and takes ``reduction="mean"``, ``"sum"`` or
``"none"``. What is averaged differs, as it does in the lectures and in PyTorch:

====================================================  ================================================
`cross_entropy`, `kl_divergence`, `l2_divergence`     sum over the last axis (the components of one
                                                      instance), reduce over instances; a vector is
                                                      one instance
`mse`, `hinge`                                        reduce over elements
====================================================  ================================================

They run on Tensors, and on arrays or lists of Values from a scalar network. Shapes must agree exactly:
a (100, 1) prediction against a (100,) target is an error, not a broadcast.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd import Node

__all__ = ["cross_entropy", "hinge", "kl_divergence", "l2_divergence", "mse"]


def operand(x: Any, what: str, loss: str, like: Any = None) -> Any:
    """A node or an array as it is; lists and whole numbers as arrays of the dtype of `like`."""
    if isinstance(x, Node):
        return x
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"the {what} of {loss} is a regular array, got {x!r:.60}") from None
    kind = array.dtype.kind
    if kind not in "biufO":
        raise TypeError(
            f"the {what} of {loss} is made of real numbers, got {array.dtype} ({x!r:.60})"
        )
    dtype = getattr(like, "dtype", None)
    plain = kind in "biu" or (kind == "f" and not isinstance(x, np.ndarray))
    # Numbers without a float dtype of their own do not widen a float32 prediction.
    if plain and dtype in (np.float32, np.float64) and array.shape == like.shape:
        return array.astype(dtype)
    return array


def operands(prediction: Any, target: Any, loss: str) -> tuple[Any, Any]:
    """Both sides of a loss, of one shape."""
    prediction = operand(prediction, "prediction", loss)
    target = operand(target, "target", loss, prediction)
    if prediction.shape != target.shape:
        raise ValueError(
            f"{loss} expected a target of the prediction's shape {prediction.shape}, "
            f"got {target.shape}"
        )
    return prediction, target


def reduced(losses: Any, reduction: str) -> Any:
    """One number from the losses of instances or elements, or the losses themselves."""
    if reduction == "none" or getattr(losses, "shape", ()) == ():
        return losses
    return autograd.mean(losses) if reduction == "mean" else autograd.sum(losses)


def check_reduction(reduction: str) -> None:
    """Raise unless `reduction` is one of three words."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction is 'mean', 'sum' or 'none', got {reduction!r}")


def cross_entropy(logits: Any, target: Any, reduction: str = "mean") -> Any:
    """−Σ d ln softmax(z): the information in the target that the prediction lacks.

    Args:
        logits: z of shape (..., K), before any softmax.
        target: class indices 0 … K − 1 of shape (...), or distributions d of shape (..., K).
        reduction: over instances.

    The derivative by z is p − d, with p = softmax(z), divided by the number of instances under
    ``"mean"``. Stable at logits of ±1000.

    Raises:
        ValueError: the target has another shape, or an index is not below K.
        TypeError: class indices that are not integers.

    >>> import autograd
    >>> z = autograd.Tensor([[2.0, 0.0], [0.0, 0.0]])
    >>> loss = cross_entropy(z, [0, 1])
    >>> loss.backward()
    >>> round(loss.item(), 4), z.grad.round(3).tolist()
    (0.41, [[-0.06, 0.06], [0.25, -0.25]])

    Source: KTH DD2424, lecture 3; CMU 11-785, lecture 5.
    """
    check_reduction(reduction)
    logits = operand(logits, "logits", "cross_entropy")
    target = operand(target, "target", "cross_entropy", logits)
    if not logits.shape:
        raise ValueError("cross_entropy expected logits of shape (..., classes), got one number")
    if target.shape == logits.shape[:-1]:
        target = one_hot(target, logits.shape[-1], getattr(logits, "dtype", None))
    elif target.shape != logits.shape:
        raise ValueError(
            f"cross_entropy of logits of shape {logits.shape} expected class indices of shape "
            f"{logits.shape[:-1]} or distributions of shape {logits.shape}, got {target.shape}"
        )
    return reduced(autograd.softmax_cross_entropy(logits, target), reduction)


def one_hot(indices: Any, classes: int, dtype: Any) -> Any:
    """Distributions that are certain of one class, from checked class indices."""
    if isinstance(indices, Node) or indices.dtype.kind not in "iu":
        got = type(indices).__name__ if isinstance(indices, Node) else indices.dtype
        raise TypeError(f"cross_entropy expected integer class indices, got {got}")
    if indices.size and not 0 <= indices.min() <= indices.max() < classes:
        wrong = indices.min() if indices.min() < 0 else indices.max()
        place = tuple(int(i) for i in np.argwhere(indices == wrong)[0])
        raise ValueError(
            f"cross_entropy expected class indices from 0 to {classes - 1}, "
            f"got {wrong}" + (f" at {list(place)}" if place else "")
        )
    dtype = dtype if dtype in (np.float32, np.float64) else np.float64
    certain = np.zeros((*indices.shape, classes), dtype=dtype)
    np.put_along_axis(certain, indices[..., None], 1.0, axis=-1)
    return certain


def kl_divergence(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """Σ d ln(d / y) over the last axis: what it costs to believe y when d is true.

    Args:
        prediction: y of shape (..., K), a distribution (after the softmax).
        target: d of the same shape.
        reduction: over instances.

    Its least value is 0, at y = d, where the derivative by y is −d / y = −1 on every class that can
    occur. A term with d = 0 contributes exactly 0 to value and derivative, even at y = 0; d > 0 at
    y = 0 is inf. From logits, `cross_entropy` has the same derivative and is stabler.

    Raises:
        ValueError: the shapes differ.

    >>> import autograd
    >>> y = autograd.Tensor([0.5, 0.25, 0.25])
    >>> loss = kl_divergence(y, [1.0, 0.0, 0.0])
    >>> loss.backward()
    >>> round(loss.item(), 4), (y.grad == [-2.0, 0.0, 0.0]).tolist()
    (0.6931, [True, True, True])

    Source: CMU 11-785, lecture 5.
    """
    check_reduction(reduction)
    y, d = operands(prediction, target, "kl_divergence")
    if not y.shape:
        raise ValueError(
            "kl_divergence expected distributions of shape (..., classes), got a number"
        )
    impossible = d == 0
    # ln 1 = 0 stands in for both logarithms where d = 0, so that nothing flows back from there.
    surprise = autograd.log(autograd.where(impossible, 1, d))
    prediction_surprise = autograd.log(autograd.where(impossible, 1, y))
    return reduced(autograd.sum(d * (surprise - prediction_surprise), axis=-1), reduction)


def l2_divergence(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """½ Σ (y − d)² over the last axis: half the squared distance, with derivative y − d.

    Args:
        prediction: y of shape (..., K), or one number.
        target: d of the same shape.
        reduction: over instances.

    >>> import autograd
    >>> y = autograd.Tensor([1.0, 2.0])
    >>> loss = l2_divergence(y, [0.0, 4.0])
    >>> loss.backward()
    >>> loss.item(), y.grad.tolist()
    (2.5, [1.0, -2.0])

    Source: CMU 11-785, lecture 5.
    """
    check_reduction(reduction)
    y, d = operands(prediction, target, "l2_divergence")
    squares = autograd.square(autograd.sub(y, d))
    if y.shape:
        squares = autograd.sum(squares, axis=-1)
    return reduced(0.5 * squares, reduction)


def mse(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """(y − d)² over elements: the mean squared error.

    >>> mse([1.0, 2.0], [0.0, 4.0])
    np.float64(2.5)
    """
    check_reduction(reduction)
    y, d = operands(prediction, target, "mse")
    return reduced(autograd.square(autograd.sub(y, d)), reduction)


def hinge(scores: Any, target: Any, reduction: str = "mean") -> Any:
    """max(0, 1 − t s) over elements: zero where a score has the sign of ±1 and a margin of 1.

    Args:
        scores: s, of any shape.
        target: t of the same shape, made of −1 and 1.
        reduction: over elements.

    Raises:
        ValueError: the shapes differ, or a target is neither −1 nor 1.

    >>> hinge([2.0, 0.5, -1.0], [1, 1, 1], reduction="none").tolist()
    [0.0, 0.5, 2.0]
    """
    check_reduction(reduction)
    s, t = operands(scores, target, "hinge")
    t = t.data if isinstance(t, Node) else np.asarray(t, dtype=np.float64)
    wrong = np.abs(t) != 1.0
    if not np.count_nonzero(wrong):
        # In the dtype of the scores, so that float32 stays float32.
        signs = t.astype(getattr(s, "dtype", np.float64), copy=False) if t.ndim else float(t)
        return reduced(autograd.hinge(s, signs), reduction)
    raise ValueError(f"hinge expected targets of -1 or 1, got {np.asarray(t)[wrong].flat[0]:g}")
