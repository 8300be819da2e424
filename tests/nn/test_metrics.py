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


def test_top_k_agrees_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    scores, y = RNG.normal(size=(50, 8)), RNG.integers(8, size=50)
    for k in (1, 3, 8):
        named = torch.tensor(scores).topk(k).indices.numpy()
        expected = np.mean([label in row for label, row in zip(y, named, strict=True)])
        assert nn.metrics.top_k(k)(scores, y) == expected
    with pytest.raises(ValueError, match="k of top_k"):
        nn.metrics.top_k(0)


def test_precision_and_recall_are_counted_and_nan_where_nothing_is() -> None:
    predicted, truth = [1, 1, 1, 0, 0], [1, 0, 0, 1, 0]
    assert nn.metrics.precision_and_recall(predicted, truth) == (1 / 3, 1 / 2)
    precision, recall = nn.metrics.precision_and_recall([0], [0])
    assert precision != precision
    assert recall != recall
