"""Losses of distributions over classes: cross-entropy, the KL divergence, and smooth targets."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd import Node
from nn.arguments import number, share, whole
from nn.losses.checks import (
    at,
    check_distributions,
    check_indices,
    check_logits,
    check_probabilities,
    check_reduction,
    class_weights,
    indices_check,
    is_variable,
    like,
    nothing_to_average,
    operand,
    pair,
    real,
    reduced,
)

__all__ = ["cross_entropy", "kl_divergence", "kl_divergence_with_logits", "smooth_labels"]

Array = np.ndarray[Any, Any]


# --- cross-entropy ----------------------------------------


def cross_entropy(
    logits: Any,
    target: Any,
    reduction: str = "mean",
    *,
    weight: Any = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
) -> Any:
    """−Σ d ln softmax(z): the information in the target that the prediction lacks.

    Args:
        logits: z of shape (..., K), before any softmax. (PyTorch has the classes on axis 1.)
        target: class indices 0 … K − 1 of shape (...), or distributions d of shape (..., K).
        reduction: over instances. With ``weight`` or ignored instances, ``"mean"`` of class indices
            divides by the sum of the weights of the instances that count, as PyTorch does.
        weight: one for each class, for the term of that class.
        ignore_index: an instance with this class index costs 0 and sends nothing back.
        label_smoothing: s from 0 to 1; d becomes (1 − s) d + s/K. It is K times the ε of the
            lecture's form, which `smooth_labels` writes.

    The derivative by z is p − d, with p = softmax(z), divided by the number of instances under
    ``"mean"``. Stable at logits of ±1000.

    Raises:
        ValueError: the target has another shape, an index is not below K, a row does not sum to 1,
            an option is out of range, or nothing is left to average.
        TypeError: class indices that are not integers.

    >>> import autograd
    >>> z = autograd.Tensor([[2.0, 0.0], [0.0, 0.0]])
    >>> loss = cross_entropy(z, [0, 1])
    >>> loss.backward()
    >>> round(loss.item(), 4), z.grad.round(3).tolist()
    (0.41, [[-0.06, 0.06], [0.25, -0.25]])

    Source: KTH DD2424, lecture 4; CMU 11-785, lecture 5; label smoothing: Szegedy et al.,
    "Rethinking the Inception architecture for computer vision", 2016.
    """
    check_reduction(reduction)
    logits = real(operand(logits, "logits", "cross_entropy"))
    target = operand(target, "target", "cross_entropy")
    check_logits(logits, autograd.softmax, "cross_entropy")
    shape = logits.shape
    if not shape:
        raise ValueError("cross_entropy expected logits of shape (..., classes), got one number")
    s = share(label_smoothing, "label_smoothing of cross_entropy")
    weights = None if weight is None else class_weights(weight, shape[-1], "cross_entropy")
    if target.shape == shape[:-1]:
        return of_classes(logits, target, reduction, weights, ignore_index, s)
    if target.shape != shape:
        raise ValueError(
            f"cross_entropy of logits of shape {shape} expected class indices of shape "
            f"{shape[:-1]} or distributions of shape {shape}, got {target.shape}"
            + (": write target[..., 0]" if target.shape == (*shape[:-1], 1) else "")
        )
    if ignore_index != -100:
        raise ValueError(
            "cross_entropy: ignore_index is a class index, and the targets are distributions"
        )
    check_distributions(target, logits, "cross_entropy")
    target = like(target, logits)
    if s != 0:
        target = target * (1 - s) + s / shape[-1]
    if weights is not None:
        target = target * like(weights, logits)
    return reduced(autograd.softmax_cross_entropy(logits, target), reduction, "cross_entropy")


def of_classes(
    logits: Any, target: Any, reduction: str, weights: Any, ignore_index: int, smoothing: float
) -> Any:
    """The cross-entropy for class indices, which are recorded as they are: a program can be given
    others."""
    classes = logits.shape[-1]
    if isinstance(target, Node) or target.dtype.kind not in "iu":
        check_indices(target, classes, ignore_index, "cross_entropy")
    counted: dict[str, Any] = {}  # which instances count, and how much, where that is said
    if weights is not None:
        counted = {"weight": weights, "ignore": ignore_index}
    elif ignore_index != -100:
        counted = {"ignore": ignore_index}
    options = {**counted, "smoothing": smoothing} if smoothing else counted
    losses, wrong = None, None
    try:
        losses = autograd.class_cross_entropy(logits, target, **options)
    except ValueError as error:
        wrong = error
    if wrong is not None:  # out here, so that one error is shown and not two
        check_indices(target, classes, ignore_index, "cross_entropy")
        raise wrong
    if autograd.recording.under_way:
        check = indices_check(classes, ignore_index, "cross_entropy")
        autograd.recording.explain(check, target)
    if reduction != "mean":
        return reduced(losses, reduction, "cross_entropy")
    try:
        return autograd.class_mean(losses, target, classes=classes, **counted)
    except ValueError:
        raise nothing_to_average("cross_entropy") from None


def smooth_labels(target: Any, K: int, eps: float) -> Array:  # the lecture's letter
    """Distributions with 1 − (K − 1) ε on the class and ε on each of the others.

    Args:
        target: class indices 0 … K − 1, of any shape (...).
        K: the number of classes.
        eps: ε from 0 to 1/(K − 1), so that all entries are probabilities.

    Returns:
        An array of shape (..., K), for `cross_entropy` and `kl_divergence`.

    The same as ``label_smoothing`` = K ε of `cross_entropy`, which spreads s/K over *all* classes.

    Raises:
        ValueError: an index is not below K, or ε is out of range.
        TypeError: class indices that are not integers.

    >>> smooth_labels([0, 2], 3, 0.1).tolist()
    [[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]]

    Source: CMU 11-785, lecture 5.
    """
    K = whole(K, "K, the number of classes of smooth_labels,")
    eps = number(eps, "eps of smooth_labels", high=1 / max(K - 1, 1))
    indices = operand(target, "target", "smooth_labels")
    check_indices(indices, K, None, "smooth_labels")
    certain = indices[..., None] == np.arange(K)
    return np.where(certain, 1 - (K - 1) * eps, eps)


# --- the KL divergence ----------------------------------------


def distributions(prediction: Any, target: Any, loss: str) -> tuple[Any, Any]:
    """A prediction and checked distributions of its shape."""
    y, d = pair(prediction, target, loss)
    if not y.shape:
        raise ValueError(f"{loss} expected distributions of shape (..., classes), got a number")
    check_distributions(d, y, loss)
    return y, like(d, y)


def kl_divergence(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """Σ d ln d − Σ d ln y over the last axis: what it costs to believe y when d is true.

    Args:
        prediction: y of shape (..., K), a distribution (after the softmax).
        target: d of the same shape.
        reduction: over instances (PyTorch's ``"batchmean"``: see `KLDivLoss`).

    Its least value is 0, at y = d, where the derivative by y is −d / y = −1 on every class that can
    occur, and not 0. A term with d = 0 contributes exactly 0 to value and derivative, even at y = 0;
    d > 0 at y = 0 is inf. From logits, `kl_divergence_with_logits` is stabler.

    Raises:
        ValueError: the shapes differ, a row of the target is no distribution, or a prediction that
            counts is below 0.

    >>> import autograd
    >>> y = autograd.Tensor([0.5, 0.25, 0.25])
    >>> loss = kl_divergence(y, [1.0, 0.0, 0.0])
    >>> loss.backward()
    >>> round(loss.item(), 4), (y.grad == [-2.0, 0.0, 0.0]).tolist()
    (0.6931, [True, True, True])

    Source: CMU 11-785, lecture 5.
    """
    check_reduction(reduction)
    y, d = distributions(prediction, target, "kl_divergence")
    check_probabilities(y, d, "kl_divergence", binary=False)
    return reduced(autograd.sum(autograd.kl_divergence(y, d), axis=-1), reduction, "kl_divergence")


def kl_divergence_with_logits(logits: Any, target: Any, reduction: str = "mean") -> Any:
    """`kl_divergence` of softmax(z), from logits z: Σ d ln d − Σ d ln softmax(z), stable at ±1000.

    The cross-entropy less the entropy of the target: its derivative by z is p − d as well, and its
    least value is 0, where the cross-entropy's is that entropy. For one-hot targets they coincide.

    Args:
        logits: z of shape (..., K), before any softmax.
        target: d of the same shape.
        reduction: over instances.

    Raises:
        ValueError: the shapes differ, or a row of the target is no distribution.

    >>> kl_divergence_with_logits([[1000.0, -1000.0], [0.0, 0.0]], [[0.0, 1.0], [0.5, 0.5]], "none")
    array([2000.,    0.])

    Source: CMU 11-785, lecture 5.
    """
    check_reduction(reduction)
    z, d = distributions(logits, target, "kl_divergence_with_logits")
    check_logits(z, autograd.softmax, "kl_divergence_with_logits")
    losses = autograd.softmax_cross_entropy(z, d, entropy=True)
    return reduced(losses, reduction, "kl_divergence_with_logits")


def kl_of_logarithms(
    log_y: Any, target: Any, reduction: str = "mean", log_target: bool = False
) -> Any:
    """d (ln d − ln y) element by element, from ln y: what PyTorch calls KLDivLoss."""
    if reduction != "batchmean":
        check_reduction(reduction)
    log_y, d = pair(log_y, target, "KLDivLoss")
    d = like(real(d), log_y)
    if not log_target and not is_variable(d):
        autograd.recording.check(check_not_negative, d)
    elements = autograd.kl_divergence(log_y, d, of_logs=True, log_target=log_target)
    if reduction == "batchmean":
        if not log_y.shape:
            raise ValueError("KLDivLoss: batchmean expected a batch, got one number")
        if not log_y.shape[0]:
            raise nothing_to_average("KLDivLoss")
        return autograd.sum(elements) / log_y.shape[0]
    return reduced(elements, reduction, "KLDivLoss")


def check_not_negative(d: Array) -> None:
    """Raise where a target of `kl_of_logarithms` is below 0."""
    if np.any(d < 0):
        place = np.argwhere(d < 0)[0]
        raise ValueError(
            f"KLDivLoss expected probabilities as targets, got {d[tuple(place)]:g}{at(place)} "
            "(logarithms need log_target=True)"
        )
