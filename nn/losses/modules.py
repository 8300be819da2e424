"""Losses as modules: an object that keeps the options, called ``loss(prediction, target)``."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.arguments import number, positive, share
from nn.function_module import FunctionModule
from nn.losses.binary import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    binary_kl_divergence,
    binary_kl_divergence_with_logits,
)
from nn.losses.checks import check_reduction, operand, plain
from nn.losses.distances import huber, l1, l2_divergence, mse
from nn.losses.entropy import (
    cross_entropy,
    kl_divergence,
    kl_divergence_with_logits,
    kl_of_logarithms,
)
from nn.losses.margins import check_at_zero, check_power, hinge, multiclass_hinge, perceptron_loss

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "BinaryKLDivergence",
    "BinaryKLDivergenceWithLogits",
    "CrossEntropyLoss",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "KLDivergence",
    "KLDivergenceWithLogits",
    "L1Loss",
    "L2Divergence",
    "MSELoss",
    "MultiMarginLoss",
    "PerceptronLoss",
]


class Loss(FunctionModule):
    """A loss with its reduction. It has no parameters.

    >>> import nn
    >>> nn.MSELoss()([1.0, 2.0], [0.0, 4.0])
    np.float64(2.5)
    >>> nn.MSELoss(reduction="sum")
    MSELoss(reduction='sum')
    """

    def __init__(self, reduction: str = "mean") -> None:
        check_reduction(reduction)
        self.reduction = reduction

    def forward(self, prediction: Any, target: Any) -> Any:
        return self._applied(prediction, target)

    def describe(self) -> str:
        return f"reduction={self.reduction!r}"


def checked(weight: Any, what: str, loss: str) -> Any:
    """Weights as they were given, once they are known to be weights: PyTorch has them first, where
    other losses have the reduction, and a mistake is to be found where it is made."""
    if weight is not None:
        plain(weight, what, loss)
    return weight


class L2Divergence(Loss):
    """`l2_divergence`: ½‖y − d‖², reduced over instances."""

    function = staticmethod(l2_divergence)


class MSELoss(Loss):
    """`mse`: (y − d)², reduced over elements."""

    function = staticmethod(mse)


class L1Loss(Loss):
    """`l1`: |y − d|, reduced over elements."""

    function = staticmethod(l1)


class HuberLoss(Loss):
    """`huber`: a square up to δ, a line beyond, reduced over elements."""

    function = staticmethod(huber)

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = positive(delta, "delta of huber")

    def describe(self) -> str:
        return f"{super().describe()}, delta={self.delta}"


class CrossEntropyLoss(Loss):
    """`cross_entropy` of logits and class indices or distributions, reduced over instances.

    >>> import nn
    >>> loss = nn.CrossEntropyLoss(weight=[1.0, 3.0], label_smoothing=0.1)
    >>> round(float(loss([[2.0, 0.0], [0.0, 0.0]], [0, 1])), 4)
    0.6124
    """

    function = staticmethod(cross_entropy)

    def __init__(
        self,
        weight: Any = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.weight = checked(weight, "weight", "CrossEntropyLoss")
        self.ignore_index = ignore_index
        self.label_smoothing = share(label_smoothing, "label_smoothing of CrossEntropyLoss")

    def describe(self) -> str:
        parts = [super().describe()]
        if self.weight is not None:
            parts.append(f"weight of {np.size(self.weight)} classes")
        if self.ignore_index != -100:
            parts.append(f"ignore_index={self.ignore_index}")
        if self.label_smoothing:
            parts.append(f"label_smoothing={self.label_smoothing}")
        return ", ".join(parts)


class KLDivergence(Loss):
    """`kl_divergence` of probabilities, reduced over instances."""

    function = staticmethod(kl_divergence)


class KLDivergenceWithLogits(Loss):
    """`kl_divergence_with_logits`: from logits, reduced over instances."""

    function = staticmethod(kl_divergence_with_logits)


class KLDivLoss(Loss):
    """PyTorch's: d (ln d − x) from logarithms of probabilities x = ln y, reduced over *elements*.

    It differs from `KLDivergence` in three ways: its prediction is ln y and not y; ``"mean"`` divides
    by the number of all elements, so that only ``"batchmean"`` is the divergence averaged over
    instances; and rows are not asked to sum to 1. With ``log_target`` the target is ln d.

    A term with d = 0 contributes exactly 0 to value and derivative, also at x = −inf.

    >>> import numpy as np
    >>> import nn
    >>> y, d = np.array([[0.5, 0.5], [0.9, 0.1]]), np.array([[0.5, 0.5], [0.5, 0.5]])
    >>> ours, theirs = nn.KLDivergence()(y, d), nn.KLDivLoss("batchmean")(np.log(y), d)
    >>> bool(np.isclose(ours, theirs)), bool(np.isclose(ours, 2 * nn.KLDivLoss()(np.log(y), d)))
    (True, True)
    """

    function = staticmethod(kl_of_logarithms)

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__("mean" if reduction == "batchmean" else reduction)
        self.reduction = reduction
        self.log_target = bool(log_target)


class BCELoss(Loss):
    """`binary_cross_entropy` of probabilities, reduced over elements.

    Where a prediction rules out what occurs, this is inf; PyTorch's stops at 100.
    """

    function = staticmethod(binary_cross_entropy)

    def __init__(self, weight: Any = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.weight = checked(weight, "weight", "BCELoss")


class BCEWithLogitsLoss(Loss):
    """`binary_cross_entropy_with_logits`, reduced over elements."""

    function = staticmethod(binary_cross_entropy_with_logits)

    def __init__(self, weight: Any = None, reduction: str = "mean", pos_weight: Any = None) -> None:
        super().__init__(reduction)
        self.weight = checked(weight, "weight", "BCEWithLogitsLoss")
        self.pos_weight = checked(pos_weight, "pos_weight", "BCEWithLogitsLoss")


class BinaryKLDivergence(Loss):
    """`binary_kl_divergence` of probabilities, reduced over elements."""

    function = staticmethod(binary_kl_divergence)


class BinaryKLDivergenceWithLogits(Loss):
    """`binary_kl_divergence_with_logits`: from logits, reduced over elements."""

    function = staticmethod(binary_kl_divergence_with_logits)


class HingeLoss(Loss):
    """`hinge`: max(0, 1 − t s) for targets of ±1, reduced over elements."""

    function = staticmethod(hinge)


class PerceptronLoss(Loss):
    """`perceptron_loss`: max(0, −t s) for targets of ±1, reduced over elements."""

    function = staticmethod(perceptron_loss)

    def __init__(self, reduction: str = "mean", at_zero: float | str = 0.0) -> None:
        super().__init__(reduction)
        self.at_zero = check_at_zero(at_zero)

    def describe(self) -> str:
        return super().describe() + (f", at_zero={self.at_zero!r}" if self.at_zero else "")


class MultiMarginLoss(Loss):
    """PyTorch's: `multiclass_hinge` divided by the number of classes, reduced over instances."""

    def __init__(
        self, p: int = 1, margin: float = 1.0, weight: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction)
        self.p = check_power(p)
        self.margin = number(margin, "margin of MultiMarginLoss", -np.inf)
        self.weight = checked(weight, "weight", "MultiMarginLoss")

    def forward(self, prediction: Any, target: Any) -> Any:
        scores = operand(prediction, "scores", "MultiMarginLoss")
        losses = multiclass_hinge(
            scores, target, self.reduction, margin=self.margin, p=self.p, weight=self.weight
        )
        return losses / scores.shape[-1]

    def describe(self) -> str:
        return f"{super().describe()}, p={self.p}, margin={self.margin}"
