"""Metrics: what is counted when a classifier is judged. Each is called ``metric(prediction, target)``.

A prediction is what a model gave: scores or probabilities of shape (instances, classes), of which the
largest wins; or one number per instance, (instances,) or (instances, 1), which is a vote for class 1
when it is above the threshold; or integers of shape (instances,), which are the classes themselves.
Targets are class indices, or distributions of the same shape as the scores, whose largest entry is the
truth. `top_k` makes a metric; `confusion_matrix` gives a table, not a number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd import Node
from nn.arguments import whole

__all__ = [
    "accuracy",
    "classes_of",
    "confusion_matrix",
    "precision_and_recall",
    "top_k",
    "top_k_accuracy",
]

Array = np.ndarray[Any, Any]


def plain_numbers(x: Any) -> Array:
    """The numbers of a Tensor, of Values in lists or arrays, or of plain numbers."""
    if not isinstance(x, Node):
        x = np.asarray(autograd.check_array(x, "an argument of a metric"))
    return autograd.recording.look(x, noted=True)


def classes_of(prediction: Any, threshold: float = 0.0) -> Array:
    """The class index of each instance: of the largest score, or whether one score is above `threshold`.

    Integers are class indices already; −1 and 1 are 0 and 1.

    >>> classes_of([[0.1, 2.0], [3.0, 1.0]]).tolist(), classes_of([0.3, -0.2]).tolist()
    ([1, 0], [1, 0])
    >>> classes_of([2, 0, 1]).tolist(), classes_of([-1, 1]).tolist()
    ([2, 0, 1], [0, 1])
    """
    scores = plain_numbers(prediction)
    if scores.ndim == 1 and scores.dtype.kind in "biu" and not (scores < 0).any():
        return scores.astype(np.int64)
    if scores.ndim == 2 and scores.shape[1] > 1:
        best: Array = scores.argmax(axis=1)
        return best
    if scores.ndim == 1 or (scores.ndim == 2 and scores.shape[1] == 1):
        out: Array = (scores.reshape(-1) > threshold).astype(np.int64)
        return out
    raise ValueError(
        "a metric expected scores of shape (instances, classes) or (instances,), "
        f"got {scores.shape}"
    )


def truths_of(prediction: Any, target: Any) -> Array:
    """The class index of each target: indices, −1 and 1, or distributions."""
    scores, truth = plain_numbers(prediction), plain_numbers(target)
    if truth.ndim == 2 and truth.shape[1] > 1 and truth.shape == scores.shape:
        best: Array = truth.argmax(axis=1)
        return best
    if truth.ndim == 2 and truth.shape[1] == 1:
        truth = truth[:, 0]
    if not truth.size:
        raise ValueError(f"a metric needs one instance or more, got targets of shape {truth.shape}")
    if not scores.ndim or truth.shape != scores.shape[:1]:
        raise ValueError(f"{truth.shape} targets, but {scores.shape} predictions")
    labels = scores.ndim == 1 and scores.dtype.kind in "biu" and not (truth < 0).any()
    if not labels and (scores.ndim == 1 or scores.shape[1] == 1):
        # One output: targets may be 0 and 1, -1 and 1, or probabilities.
        if (abs(truth) > 1).any():
            at = int(np.argmax(abs(truth) > 1))
            raise ValueError(
                f"one score per instance tells two classes apart, but target {at} is {truth[at]}"
            )
        out: Array = (truth > (0 if (truth < 0).any() else 0.5)).astype(np.int64)
        return out
    if truth.dtype.kind not in "biu" and not (truth == truth.round()).all():
        raise TypeError(f"class indices are whole numbers, got {truth.dtype}")
    return truth.astype(np.int64)


def accuracy(prediction: Any, target: Any, *, threshold: float = 0.0) -> float:
    """The fraction of instances whose class is right.

    With one output per instance, `threshold` is what separates the classes: 0 for logits and margins,
    0.5 for probabilities. Targets are then 0 and 1, or −1 and 1.

    >>> accuracy([[0.1, 2.0], [3.0, 1.0]], [1, 1]), accuracy([0.3, -0.2], [1, -1])
    (0.5, 1.0)
    >>> accuracy([2, 1, 0], [2, 1, 1])
    0.6666666666666666
    """
    truth = truths_of(prediction, target)
    return float((classes_of(prediction, threshold) == truth).mean())


def top_k_accuracy(prediction: Any, target: Any, k: int = 5) -> float:
    """The fraction of instances whose class is among the k with the largest scores.

    A class that ties with the k-th score counts as among them only if fewer than k score higher or
    stand before it, so that k of them are named, never more.

    >>> top_k_accuracy([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]], [1, 2], k=2)
    0.5
    """
    whole(k, "k of top_k")
    scores = plain_numbers(prediction)
    if scores.ndim != 2 or scores.shape[1] < 2:
        raise ValueError(f"top_k expected scores (instances, classes), got {scores.shape}")
    named = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    hits = (named == truths_of(scores, target)[:, None]).any(axis=1)
    return float(hits.mean())


def top_k(k: int) -> Any:
    """The metric `top_k_accuracy` for one k, as `nn.fit` takes it.

    >>> metric = top_k(2)
    >>> metric([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]], [1, 2]), metric.__name__
    (0.5, 'top-2 accuracy')
    """
    whole(k, "k of top_k")

    def metric(prediction: Any, target: Any) -> float:
        return top_k_accuracy(prediction, target, k)

    metric.__name__ = metric.__qualname__ = f"top-{k} accuracy"
    return metric


def confusion_matrix(prediction: Any, target: Any, classes: int | None = None) -> Array:
    """How often each class (row) was taken for each class (column).

    Args:
        prediction: class indices of shape (instances,), or scores (instances, classes).
        target: class indices, or distributions of the same shape as the scores.
        classes: how many there are; as many as there are scores, or up to the largest index that
            occurs, when left out.

    >>> confusion_matrix([0, 1, 1], [0, 1, 0], 2).tolist()
    [[1, 1], [0, 1]]
    >>> confusion_matrix([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1]], [0, 0]).tolist()
    [[1, 1, 0], [0, 0, 0], [0, 0, 0]]
    """
    predicted, truth = plain_numbers(prediction), plain_numbers(target)
    if predicted.ndim == 2 and predicted.shape[1] > 1:
        classes = predicted.shape[1] if classes is None else classes
        predicted, truth = classes_of(predicted), truths_of(predicted, truth)
    if predicted.shape != truth.shape:
        raise ValueError(f"{truth.shape} targets, but {predicted.shape} predictions")
    if classes is None:
        classes = 1 + max((int(x.max()) for x in (predicted, truth) if x.size), default=0)
    for what, indices in (("predictions", predicted), ("targets", truth)):
        if indices.dtype.kind not in "biu" and not (indices == indices.round()).all():
            raise TypeError(
                f"{what} are class indices or scores of several classes, got {indices.dtype}"
            )
        if indices.size and not 0 <= indices.min() <= indices.max() < classes:
            wrong = indices.min() if indices.min() < 0 else indices.max()
            raise ValueError(f"{what} are class indices from 0 to {classes - 1}, got {wrong}")
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (truth.astype(np.int64), predicted.astype(np.int64)), 1)
    return counts


def precision_and_recall(predicted: Any, target: Any, positive: int = 1) -> tuple[float, float]:
    """Of those taken for `positive`, how many are; of those that are, how many were found.

    Precision is nan when nothing was taken for it, recall when nothing is.

    >>> precision_and_recall([1, 1, 0, 0], [1, 0, 1, 1])
    (0.5, 0.3333333333333333)
    """
    if not isinstance(positive, int | float | np.number):
        raise TypeError(
            f"positive is a class index, got {type(positive).__name__} ({positive!r:.60})"
        )
    taken, real = plain_numbers(predicted) == positive, plain_numbers(target) == positive
    if taken.shape != real.shape:
        raise ValueError(f"{real.shape} targets, but {taken.shape} predictions")
    hits = int((taken & real).sum())
    return (
        hits / int(taken.sum()) if taken.any() else float("nan"),
        hits / int(real.sum()) if real.any() else float("nan"),
    )


autograd.publish(__name__)
