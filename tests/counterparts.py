"""PyTorch's functions in the place of the rows. To be imported only where PyTorch is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from samples import ELEMENTWISE

import autograd


def reduced(function: Callable[..., Any]) -> Callable[..., Any]:
    """A PyTorch reduction that takes NumPy's ``axis``."""

    def call(x: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
        if axis is None:
            axis = tuple(range(x.ndim))
        return function(x, dim=axis, keepdim=keepdims, **options)

    return call


def with_ddof(function: Callable[..., Any]) -> Callable[..., Any]:
    """var or std, whose ``ddof`` PyTorch calls ``correction`` and sets to 1."""
    call = reduced(function)
    return lambda x, ddof=0, **options: call(x, correction=ddof, **options)


def product(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """PyTorch's prod, which takes one axis at a time."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    for each in sorted((a % x.ndim for a in axes), reverse=True):
        x = torch.prod(x, dim=each, keepdim=keepdims)
    return x


UNLIKE = {
    "floor_divide": "not differentiable there",
    "binary_cross_entropy": "of logarithms that are cut off",
}
"""Elementwise rows whose name PyTorch has for something else, and what that is."""


def of_name(name: str) -> Callable[..., Any] | None:
    """PyTorch's function of the name of an elementwise row, wherever it has it; None if it has none."""
    row = autograd.registry[name]
    if name in UNLIKE or not any(map(row.differentiable, range(row.arity or 0))):
        return None
    places = (torch, torch.special, torch.nn.functional)
    return next((getattr(place, name) for place in places if hasattr(place, name)), None)


COUNTERPARTS: dict[str, Callable[..., Any]] = {
    name: function for name in ELEMENTWISE if (function := of_name(name)) is not None
} | {
    "identity": torch.positive,
    "clip_between": torch.clamp,
    "sum": reduced(torch.sum),
    "mean": reduced(torch.mean),
    "prod": product,
    "max": reduced(torch.amax),
    "min": reduced(torch.amin),
    "logsumexp": reduced(torch.logsumexp),
    "var": with_ddof(torch.var),
    "std": with_ddof(torch.std),
    "norm": reduced(torch.linalg.vector_norm),
    "matmul": torch.matmul,
    "einsum_all": lambda *xs, subscripts: torch.einsum(subscripts, *xs),
    "linear": torch.nn.functional.linear,
    "softmax": lambda x, axis=-1: torch.softmax(x, axis),
    "log_softmax": lambda x, axis=-1: torch.log_softmax(x, axis),
    "softmax_cross_entropy": lambda x, target, entropy=False: (
        (torch.special.xlogy(target, target) if entropy else 0) - target * torch.log_softmax(x, -1)
    ).sum(-1),
    "cumsum": lambda x, axis=None: (
        torch.cumsum(x.reshape(-1), 0) if axis is None else torch.cumsum(x, axis)
    ),
    "transpose": lambda x, axes=None: torch.permute(x, axes or tuple(range(x.ndim))[::-1]),
    "broadcast_to": lambda x, shape: torch.broadcast_to(x, shape),
}
"""Row: PyTorch's function with the same arguments and options."""


# --- rows that only random programs compare -------------------------------------------------------


def concatenated(*arrays: Any, axis: Any = 0, starts: Any = ()) -> Any:
    """``concatenate``, of which PyTorch has no flattening form."""
    if axis is None:
        return torch.cat([x.reshape(-1) for x in arrays])
    return torch.cat(arrays, dim=axis)


def rolled(x: Any, shift: Any = 0, axis: Any = None) -> Any:
    """``roll``, where PyTorch wants as many shifts as axes."""
    if axis is None:
        return torch.roll(x, shift)
    if isinstance(axis, tuple) and isinstance(shift, int):
        shift = (shift,) * len(axis)
    return torch.roll(x, shift, axis)


def normalised(x: Any, axis: Any, eps: float, centred: bool = True) -> Any:
    """The formula of a normalisation."""
    if centred:
        x = x - x.mean(axis, keepdim=True)
    return x / torch.sqrt((x * x).mean(axis, keepdim=True) + eps)


MORE: dict[str, Callable[..., Any]] = {
    "reshape": lambda x, shape=(-1,): x.reshape(shape),
    "concatenate_all": concatenated,
    "roll": rolled,
    "sum_squares": reduced(lambda x, dim, keepdim: (x * x).sum(dim, keepdim=keepdim)),
    "batch_norm": lambda x, axis=0, eps=1e-5: normalised(x, axis, eps),
    "layer_norm": lambda x, axis=-1, eps=1e-5: normalised(x, axis, eps),
    "rms_norm": lambda x, axis=-1, eps=1e-5: normalised(x, axis, eps, centred=False),
    "hinge": lambda x, y: torch.relu(1 - x * y),
    "kl_divergence": lambda x, y, of_logs=False, log_target=False: (
        torch.exp(y) * (y - x)
        if log_target
        else torch.xlogy(y, y) - y * (x if of_logs else x.log())
    ),
}
