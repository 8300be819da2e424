"""PyTorch's initialisers in place: ``xavier_uniform_(tensor)`` and its kin, on leaf Tensors.

Each draws all numbers first, then assigns them through ``tensor.data`` in the tensor's dtype, and
returns the tensor. An array of Values is taken too. Where PyTorch takes ``generator=``, these take
``rng=``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import Tensor
from nn.arguments import number, share
from nn.init import drawing
from nn.init.drawing import fans
from nn.init.gains import calculate_gain
from nn.init.names import Initialiser, initialiser
from nn.module import assign, holds_values
from nn.randomness import Seed, generator


def shape_of(tensor: Any, function: str) -> tuple[int, ...]:
    """The shape of what is to be changed: a Tensor, or an array of Values."""
    if isinstance(tensor, Tensor) or holds_values(tensor):
        shape: tuple[int, ...] = tensor.shape
        return shape
    raise TypeError(f"{function} changes a Tensor in place, got {type(tensor).__name__}")


def changed(tensor: Any, array: Any) -> Any:
    """The tensor, with other numbers."""
    assign(tensor, array.astype(tensor.dtype) if isinstance(tensor, Tensor) else array)
    return tensor


def initialise_(tensor: Any, init: str | Initialiser, rng: Seed = None) -> Any:
    """Draw a Tensor's numbers anew by any rule: a name or a function, see `initialiser`.

    >>> w = Tensor([[0.0, 0.0]])
    >>> initialise_(w, "constant(0.5)") is w, w.data.tolist()
    (True, [[0.5, 0.5]])
    """
    shape = shape_of(tensor, "initialise_")
    drawn = np.asarray(initialiser(init)(shape, rng))
    if drawn.shape != shape:
        raise ValueError(f"init: expected an array of shape {shape}, got {drawn.shape}")
    return changed(tensor, drawn)


# --- the same for every shape --------------------------------------------------------------------


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, *, rng: Seed = None) -> Any:
    """U(a, b)."""
    for bound in (a, b):
        number(bound, "a bound of uniform_", -math.inf)
    if a > b:
        raise ValueError(f"uniform_ takes bounds with a ≤ b, got {a} and {b}")
    return changed(tensor, generator(rng).uniform(a, b, shape_of(tensor, "uniform_")))


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, *, rng: Seed = None) -> Any:
    """N(mean, std²)."""
    std = number(std, "std of normal_")
    return changed(tensor, generator(rng).normal(mean, std, shape_of(tensor, "normal_")))


def trunc_normal_(
    tensor: Any,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    *,
    rng: Seed = None,
) -> Any:
    """N(mean, std²) limited to [a, b]: numbers outside are drawn again.

    Raises:
        ValueError: less than one number in 10 000 would lie in [a, b].
    """
    shape, rng = shape_of(tensor, "trunc_normal_"), generator(rng)
    std = number(std, "std of trunc_normal_")
    scale = math.sqrt(2) * (std or math.ulp(abs(mean)))
    inside = 0.5 * (math.erf((b - mean) / scale) - math.erf((a - mean) / scale))
    if not inside >= 1e-4:
        raise ValueError(
            f"trunc_normal_: N({mean}, {std}²) has next to nothing in [a, b] = [{a}, {b}]"
        )
    drawn = rng.normal(mean, std, shape)
    while (outside := (drawn < a) | (drawn > b)).any():
        drawn = np.where(outside, rng.normal(mean, std, shape), drawn)
    return changed(tensor, np.asarray(drawn))


def constant_(tensor: Any, val: float) -> Any:
    """One number everywhere.

    >>> constant_(Tensor([1.0, 2.0]), 0.25).data.tolist()
    [0.25, 0.25]
    """
    return changed(tensor, np.full(shape_of(tensor, "constant_"), float(val)))


def ones_(tensor: Any) -> Any:
    """All ones."""
    return changed(tensor, np.ones(shape_of(tensor, "ones_")))


def zeros_(tensor: Any) -> Any:
    """All zeros."""
    return changed(tensor, np.zeros(shape_of(tensor, "zeros_")))


def matrix_shape(tensor: Any, function: str) -> tuple[int, int]:
    """The shape of a matrix."""
    shape = shape_of(tensor, function)
    if len(shape) != 2:
        raise ValueError(f"{function} takes a matrix, got shape {shape}")
    return shape[0], shape[1]


def eye_(tensor: Any) -> Any:
    """The identity, as far as a matrix of this shape can be it: ones on the diagonal."""
    return changed(tensor, np.eye(*matrix_shape(tensor, "eye_")))


def sparse_(tensor: Any, sparsity: float, std: float = 0.01, *, rng: Seed = None) -> Any:
    """N(0, std²), with a share of each column set to 0.

    Args:
        sparsity: the share of zeros in each column, from 0 to 1; their number is rounded up.

    Source: Martens, "Deep learning via Hessian-free optimization", ICML 2010.
    """
    rows, columns = matrix_shape(tensor, "sparse_")
    sparsity = share(sparsity, "sparsity of sparse_")
    rng = generator(rng)
    drawn = rng.normal(0, number(std, "std of sparse_"), (rows, columns))
    places = rng.permuted(np.tile(np.arange(rows)[:, None], columns), axis=0)
    drawn[places < math.ceil(sparsity * rows)] = 0
    return changed(tensor, drawn)


# --- by the widths of the layer ------------------------------------------------------------------


def xavier_uniform_(tensor: Any, gain: float = 1.0, *, rng: Seed = None) -> Any:
    """U(±gain √(6 / (n_in + n_out))), as `xavier_uniform`. What DD2424 calls Xavier is `lecun_uniform`.

    >>> w = Tensor(np.zeros((30, 500)))
    >>> bool(abs(xavier_uniform_(w, rng=0).data).max() <= (6 / 530) ** 0.5)
    True
    """
    shape = shape_of(tensor, "xavier_uniform_")
    return changed(tensor, drawing.xavier_uniform(shape, rng, gain=gain))


def xavier_normal_(tensor: Any, gain: float = 1.0, *, rng: Seed = None) -> Any:
    """N(0, gain² 2 / (n_in + n_out)), as `xavier_normal`. What DD2424 calls Xavier is `lecun_normal`."""
    shape = shape_of(tensor, "xavier_normal_")
    return changed(tensor, drawing.xavier_normal(shape, rng, gain=gain))


def kaiming_std(shape: tuple[int, ...], a: float, mode: str, nonlinearity: str) -> float:
    """gain / √fan, with n_in or n_out as the fan."""
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode is 'fan_in' or 'fan_out', got {mode!r}")
    fan = fans(shape)[mode == "fan_out"]
    slope = a if nonlinearity == "leaky_relu" else None
    return calculate_gain(nonlinearity, slope) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Any,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: Seed = None,
) -> Any:
    """U(±gain √(3 / fan)): He's rule with the gain of an activation.

    Args:
        a: the slope, for ``"leaky_relu"``; with 0 that is ReLU.
        mode: ``"fan_in"`` keeps the size of signals, ``"fan_out"`` that of gradients.
        nonlinearity: an activation's name, see `gain`.
    """
    shape = shape_of(tensor, "kaiming_uniform_")
    bound = math.sqrt(3) * kaiming_std(shape, a, mode, nonlinearity)
    return changed(tensor, drawing.uniform(shape, rng, bound=bound))


def kaiming_normal_(
    tensor: Any,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: Seed = None,
) -> Any:
    """N(0, gain² / fan): He's rule with the gain of an activation, see `kaiming_uniform_`."""
    shape = shape_of(tensor, "kaiming_normal_")
    return changed(
        tensor, drawing.normal(shape, rng, std=kaiming_std(shape, a, mode, nonlinearity))
    )


def orthogonal_(tensor: Any, gain: float = 1, *, rng: Seed = None) -> Any:
    """Orthonormal rows, or columns where rows are too many, times `gain`: see `orthogonal`.

    >>> w = orthogonal_(Tensor(np.zeros((3, 3))), rng=0)
    >>> bool(np.allclose((w @ w.T).data, np.eye(3)))
    True
    """
    shape = shape_of(tensor, "orthogonal_")
    return changed(tensor, drawing.orthogonal(shape, rng, gain=gain))
