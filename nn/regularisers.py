"""Regularisers: terms that are added to a loss so that weights stay small."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add
from typing import Any

import numpy as np

import autograd
from autograd import Node
from nn.module import Module

__all__ = ["l2"]


def l2(model: Module | Iterable[Any], lam: float) -> Any:
    """λ Σ ‖W‖²_F over the weights of a model: its derivative is 2λW.

    Args:
        model: a Module, whose parameters of two axes or more are its weights (a bias has one); or
            the parameters themselves, which then all count.
        lam: λ, 0 or more.

    >>> import nn
    >>> model = nn.Linear(2, 1, rng=0)
    >>> penalty = l2(model, 0.1)
    >>> penalty.backward()
    >>> bool((model.weight.grad == 0.2 * model.weight.data).all()), model.bias.grad
    (True, None)

    Source: KTH DD2424, lecture 3 (λ‖W‖², without the ½ that other courses put in front).
    """
    if isinstance(lam, bool) or not isinstance(lam, int | float | np.number):
        raise TypeError(f"lam is a number of 0 or more, got {type(lam).__name__}")
    if not 0 <= lam < np.inf:
        raise ValueError(f"lam is a number of 0 or more, got {lam}")
    if isinstance(model, Module):
        weights = [
            x
            for _, x in model._named_leaves()
            if np.ndim(x) >= 2 and (not isinstance(x, Node) or x.requires_grad)
        ]
        if not weights:
            raise ValueError(
                f"l2: no parameter of {type(model).__name__} has two axes or more; give l2 the "
                "parameters that count"
            )
    else:
        weights = list(model)
        if not weights or not all(isinstance(x, Node | np.ndarray) for x in weights):
            raise TypeError(f"l2 takes a Module or parameters, got {model!r:.60}")
    # One node per weight: the graph stays small, and the matrix is read once.
    return float(lam) * reduce(add, map(autograd.sum_squares, weights))
