"""Gradient clipping: make gradients smaller between ``backward()`` and ``step()``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd import AnomalyError, Node, Value
from nn.arguments import listed, non_negative, positive
from nn.module import Module


def reached(parameters: Any, what: str) -> list[Any]:
    """The parameters that have a gradient."""
    if isinstance(parameters, Module):
        parameters = parameters.parameters()
    if isinstance(parameters, Node):
        parameters = [parameters]
    parameters = listed(parameters, f"parameters of {what}")
    for parameter in parameters:
        if not isinstance(parameter, Node):
            raise TypeError(
                f"{what} takes parameters, Tensors or Values, got {type(parameter).__name__}"
            )
    return [parameter for parameter in parameters if parameter.grad is not None]


def plain(gradient: Any) -> Any:
    """A gradient as numbers: it is a node after a pass with create_graph=True."""
    return gradient.data if isinstance(gradient, Node) else gradient


def fitting(parameter: Any, gradient: Any) -> Any:
    """A float for a Value, an array for a Tensor: NumPy gives neither for shape ()."""
    return float(gradient) if isinstance(parameter, Value) else np.asarray(gradient)


def clip_grad_norm(
    parameters: Module | Iterable[Any],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> float:
    """Scale all gradients by min(1, c / (‖g‖ + 1e-6)), with ‖g‖ over all of them as one vector.

    Args:
        parameters: a model, or its parameters: Tensors or Values.
        max_norm: c; ``math.inf`` only measures.
        norm_type: p of the p-norm; ``math.inf`` for the largest entry.
        error_if_nonfinite: raise where the norm is not finite.

    Returns:
        ‖g‖ before clipping: 0 where no parameter has a gradient.

    Where the norm is not finite nothing is scaled (PyTorch would turn every gradient into nan or 0):
    the optimiser's step then raises and names the parameter.

    >>> import autograd
    >>> w = autograd.Tensor([3.0, 4.0])
    >>> (w * w).sum().backward()
    >>> clip_grad_norm([w], 5.0), w.grad.round(4).tolist()
    (10.0, [3.0, 4.0])

    Source: Pascanu, Mikolov and Bengio 2013; the 1e-6 is PyTorch's.
    """
    max_norm = math.inf if max_norm == math.inf else non_negative(max_norm, "max_norm")
    p = math.inf if norm_type == math.inf else positive(norm_type, "norm_type")
    parameters = reached(parameters, "clip_grad_norm")
    total = norm([np.ravel(plain(parameter.grad)) for parameter in parameters], p)
    if not math.isfinite(total):
        if error_if_nonfinite:
            raise AnomalyError(f"the norm of the gradients is {total}, and nothing was clipped")
        return total
    scale = max_norm / (total + 1e-6)
    if scale < 1:
        for parameter in parameters:
            parameter.grad = fitting(parameter, plain(parameter.grad) * scale)
    return total


def norm(gradients: list[Any], p: float) -> float:
    """The p-norm of all gradients together, which squares and sums do not overflow."""
    with np.errstate(all="ignore"):
        largest = max((float(np.abs(g).max()) for g in gradients if g.size), default=0.0)
        if largest == 0 or not math.isfinite(largest) or math.isinf(p):
            # max() of Python loses a nan that is not first.
            wrong = any(np.isnan(g).any() for g in gradients)
            return math.nan if wrong else largest
        total = sum(float((np.abs(g / largest) ** p).sum(dtype=np.float64)) for g in gradients)
        return float(largest * total ** (1 / p))


def clip_grad_value(parameters: Module | Iterable[Any], clip_value: float) -> None:
    """Bring every entry of every gradient into [−c, c], with c = `clip_value`.

    >>> import autograd
    >>> w = autograd.Tensor([3.0, -0.25])
    >>> (w * w).sum().backward()
    >>> clip_grad_value([w], 1.0)
    >>> w.grad.tolist()
    [1.0, -0.5]
    """
    c = non_negative(clip_value, "clip_value")
    for parameter in reached(parameters, "clip_grad_value"):
        parameter.grad = fitting(parameter, np.clip(plain(parameter.grad), -c, c))


clip_grad_norm_ = clip_grad_norm
clip_grad_value_ = clip_grad_value
