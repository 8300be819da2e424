"""Metrics: accuracy, top-k, precision, recall."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
import nn

RNG = np.random.default_rng(5)


def test_accuracy_counts_right_classes_in_every_form_of_output_and_target() -> None:
    scores = np.array([[1.0, 2.0, 0.0], [5.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
    assert nn.metrics.accuracy(scores, [1, 0, 0]) == pytest.approx(2 / 3)
    assert nn.metrics.accuracy(scores, np.eye(3)[[1, 0, 0]]) == pytest.approx(2 / 3)
    assert nn.metrics.accuracy(autograd.Tensor(scores), [1, 0, 2]) == 1.0
    assert nn.metrics.accuracy([[0.7], [0.2]], [[1], [1]], threshold=0.5) == 0.5
    assert nn.metrics.accuracy([0.7, -0.2], [1, -1]) == 1.0
    with pytest.raises(ValueError, match=r"\(2,\) targets, but \(3, 3\) predictions"):
        nn.metrics.accuracy(scores, [0, 1])


def test_integers_are_classes_already_and_one_score_cannot_tell_three() -> None:
    assert nn.metrics.accuracy([2, 1, 0], [2, 1, 1]) == 2 / 3
    assert nn.metrics.accuracy(np.array([1, -1, 1]), [1, -1, -1]) == 2 / 3
    assert nn.metrics.accuracy(np.array([1, 1]), [1, -1]) == 1 / 2
    with pytest.raises(ValueError, match="two classes apart, but target 2 is 2"):
        nn.metrics.accuracy([0.1, 0.9, 0.8], [0, 1, 2])
    with pytest.raises(ValueError, match="one instance or more"):
        nn.metrics.accuracy(np.zeros((0, 3)), [])


def test_a_confusion_matrix_of_scores_is_that_of_the_largest() -> None:
    scores, y = autograd.Tensor(RNG.normal(size=(60, 4))), RNG.integers(4, size=60)
    counts = nn.metrics.confusion_matrix(scores, y)
    for truth in range(4):
        for taken in range(4):
            expected = ((y == truth) & (scores.data.argmax(1) == taken)).sum()
            assert counts[truth, taken] == expected
    assert (nn.metrics.confusion_matrix(scores.data.argmax(1), y, 4) == counts).all()
    assert (nn.metrics.confusion_matrix(scores, np.eye(4)[y]) == counts).all()
    assert np.trace(counts) / 60 == nn.metrics.accuracy(scores, y)
    with pytest.raises(TypeError, match="class indices or scores"):
        nn.metrics.confusion_matrix([0.3, 0.7], [0, 1])


def test_top_k_agrees_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    scores, y = RNG.normal(size=(50, 8)), RNG.integers(8, size=50)
    for k in (1, 3, 8):
        named = torch.tensor(scores).topk(k).indices.numpy()
        expected = np.mean([label in row for label, row in zip(y, named, strict=True)])
        assert nn.metrics.top_k(k)(scores, y) == expected
        assert nn.metrics.top_k_accuracy(autograd.Tensor(scores), y, k=k) == expected
    with pytest.raises(ValueError, match="k of top_k"):
        nn.metrics.top_k(0)


def test_precision_and_recall_are_counted_and_nan_where_nothing_is() -> None:
    predicted, truth = [1, 1, 1, 0, 0], [1, 0, 0, 1, 0]
    assert nn.metrics.precision_and_recall(predicted, truth) == (1 / 3, 1 / 2)
    precision, recall = nn.metrics.precision_and_recall([0], [0])
    assert precision != precision
    assert recall != recall
