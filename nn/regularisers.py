"""Regularisers: terms that are added to a loss so that weights stay small.

A model's weights are its parameters of two axes or more (biases have one), without the γ and β of
normalisation layers; of an `nn.scalar.Neuron`, they are its `w`. An optimiser's ``weight_decay`` is not
one of these terms: it does not show in the loss, and it shrinks every parameter that the optimiser
holds. Over the same parameters, decay λ that is added to the gradient (`SGD`, `Adam`) moves them as
``l2(..., lam=λ, half=True)`` does; decay that is apart from it (`AdamW`) does not.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from functools import reduce
from operator import add
from typing import Any

import numpy as np

import autograd
from autograd import Node, Tensor
from nn.arguments import number
from nn.layers.normalisation import BatchNorm1d, LayerNorm, RMSNorm
from nn.module import Module, below
from nn.scalar import Neuron

__all__ = ["elastic_net", "l1", "l2"]

NORMALISATIONS = (BatchNorm1d, LayerNorm, RMSNorm)
"""Modules whose γ and β are no weights, also over an image, where they have two axes."""


@functools.cache
def role_of(cls: type) -> str:
    """What a class means here. Asked of each module in every step: issubclass may be slow."""
    if issubclass(cls, NORMALISATIONS):
        return "normalisation"
    return "neuron" if issubclass(cls, Neuron) else "other"


def l2(model: Module | Node | Iterable[Any], lam: float, half: bool = False) -> Any:
    """λ Σ ‖W‖²_F over the weights of a model: its derivative is 2λW.

    Args:
        model: a Module, whose parameters of two axes or more are its weights (a bias has one); or
            a parameter, or several, which then all count.
        lam: λ, 0 or more.
        half: put ½ in front, so that the derivative is λW.

    Raises:
        ValueError: λ is below 0 or not finite, or the model has no weights.
        TypeError: λ is no number, or `model` is neither a Module nor parameters.

    An optimiser's ``weight_decay=λ`` takes the same steps as ``half=True`` where it is added to the
    gradient (`SGD`, `Adam`) and holds the same parameters. It differs in that it also shrinks biases, γ
    and β that the optimiser holds, does not show in the loss, and in `AdamW` is not rescaled by the
    second moment.

    >>> import nn
    >>> model = nn.Linear(2, 1, rng=0)
    >>> penalty = l2(model, 0.1)
    >>> penalty.backward()
    >>> bool((model.weight.grad == 0.2 * model.weight.data).all()), model.bias.grad
    (True, None)

    Source: KTH DD2424, lecture 4 (λ‖W‖²); WPI CS 453X, class 21 (with the ½).
    """
    factor = number(lam, "lam") * (0.5 if half else 1.0)
    # One node per weight: the graph stays small, and the matrix is read once.
    return factor * reduce(add, map(autograd.sum_squares, weights(model, "l2")))


def l1(model: Module | Node | Iterable[Any], lam: float) -> Any:
    """λ Σ |w| over the weights of a model: its derivative is λ sign(w), and 0 at w = 0.

    Its pull does not weaken as a weight gets small, so that many end near 0.

    Args:
        model: a Module or parameters, as for `l2`.
        lam: λ, 0 or more.

    Raises:
        ValueError: λ is below 0 or not finite, or the model has no weights.
        TypeError: λ is no number, or `model` is neither a Module nor parameters.

    >>> import nn
    >>> model = nn.Linear(2, 1, rng=0)
    >>> bool(np.isclose(l1(model, 0.1).item(), 0.1 * np.abs(model.weight.data).sum()))
    True

    Source: Tibshirani, "Regression shrinkage and selection via the lasso", 1996.
    """
    factor = number(lam, "lam")
    return factor * reduce(add, [autograd.sum(autograd.abs(w)) for w in weights(model, "l1")])


def elastic_net(
    model: Module | Node | Iterable[Any], lam1: float, lam2: float, half: bool = False
) -> Any:
    """λ₁ Σ |w| + λ₂ Σ w² over the weights of a model: `l1` and `l2` together.

    Args:
        model: a Module or parameters, as for `l2`.
        lam1: λ₁, of the magnitudes, 0 or more.
        lam2: λ₂, of the squares, 0 or more.
        half: put ½ in front of the squares, as for `l2`.

    Raises:
        ValueError: a λ is below 0 or not finite, or the model has no weights.
        TypeError: a λ is no number, or `model` is neither a Module nor parameters.

    >>> import nn
    >>> model = nn.Linear(2, 1, rng=0)
    >>> elastic_net(model, 0.1, 0.2).item() == (l1(model, 0.1) + l2(model, 0.2)).item()
    True

    Source: Zou and Hastie, "Regularization and variable selection via the elastic net", 2005.
    """
    lam1, lam2 = number(lam1, "lam1"), number(lam2, "lam2")
    chosen = weights(model, "elastic_net")
    return l1(chosen, lam1) + l2(chosen, lam2, half=half)


def weights(model: Module | Node | Iterable[Any], regulariser: str) -> list[Any]:
    """The weights of a module, or the parameters that were given."""
    if isinstance(model, Module):
        found: list[Any] = []
        normalising: set[int] = set()
        for x in below(model):  # a module comes before what it holds
            if x.__class__ is Tensor:
                if x.ndim > 1 and x.requires_grad and id(x) not in normalising:
                    found.append(x)  # what is frozen is no parameter
            elif (role := role_of(x.__class__)) == "normalisation":
                normalising |= {id(vars(x).get("weight")), id(vars(x).get("bias"))}
            elif role == "neuron":
                found.append(np.asarray(x.w))  # a neuron's weights are a row, though no array
            elif isinstance(x, np.ndarray) and x.ndim > 1 and id(x) not in normalising:
                found.append(x)
        if not found:
            raise ValueError(
                f"{regulariser}: no parameter of {type(model).__name__} has two axes or more; "
                f"give {regulariser} the parameters that count"
            )
        return found
    if isinstance(model, Node):
        return [model]
    given = list(model) if isinstance(model, Iterable) else []
    if not given or not all(isinstance(x, Node | np.ndarray) for x in given):
        raise TypeError(f"{regulariser} takes a Module or parameters, got {model!r:.60}")
    return given


autograd.publish(__name__)
