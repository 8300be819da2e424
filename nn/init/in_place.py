"""PyTorch's initialisers in place: ``xavier_uniform_(tensor)`` and its kin, on leaf Tensors.

Each draws all numbers first, then assigns them through ``tensor.data`` in the tensor's dtype, and
returns the tensor. An array of Values is taken too. Where PyTorch takes ``generator=``, these take
``rng=``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor
from nn.arguments import number, one_of, share
from nn.init import drawing
from nn.init.drawing import fans
from nn.init.gains import calculate_gain
from nn.init.names import Initialiser, initialiser
from nn.module import assign, holds_values
from nn.randomness import Seed, generator


def drawn_into(tensor: Any, draw: Callable[[tuple[int, ...]], Any]) -> Any:
    """A Tensor, or an array of Values, with the numbers that a function gives for its shape."""
    if not isinstance(tensor, Tensor) and not holds_values(tensor):
        raise TypeError(f"nn.init changes a Tensor in place, got {type(tensor).__name__}")
    array = np.asarray(draw(tensor.shape))
    if array.shape != tensor.shape:
        raise ValueError(f"init: expected an array of shape {tensor.shape}, got {array.shape}")
    assign(tensor, array.astype(tensor.dtype) if isinstance(tensor, Tensor) else array)
    return tensor


def initialise_(tensor: Any, init: str | Initialiser, rng: Seed = None) -> Any:
    """Draw a Tensor's numbers anew by any rule: a name or a function, see `initialiser`.

    >>> w = Tensor([[0.0, 0.0]])
    >>> initialise_(w, "constant(0.5)") is w, w.data.tolist()
    (True, [[0.5, 0.5]])
    """
    return drawn_into(tensor, lambda shape: initialiser(init)(shape, rng))


# --- the same for every shape --------------------------------------------------------------------


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, *, rng: Seed = None) -> Any:
    """U(a, b)."""
    for bound in (a, b):
        number(bound, "a bound of uniform_", -math.inf)
    if a > b:
        raise ValueError(f"uniform_ takes bounds with a ≤ b, got {a} and {b}")
    return drawn_into(tensor, lambda shape: generator(rng).uniform(a, b, shape))


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, *, rng: Seed = None) -> Any:
    """N(mean, std²)."""
    std = number(std, "std of normal_")
    return drawn_into(tensor, lambda shape: generator(rng).normal(mean, std, shape))


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
    rng, std = generator(rng), number(std, "std of trunc_normal_")
    scale = math.sqrt(2) * (std or math.ulp(abs(mean)))
    inside = 0.5 * (math.erf((b - mean) / scale) - math.erf((a - mean) / scale))
    if not inside >= 1e-4:
        raise ValueError(
            f"trunc_normal_: N({mean}, {std}²) has next to nothing in [a, b] = [{a}, {b}]"
        )

    def draw(shape: tuple[int, ...]) -> Any:
        drawn = rng.normal(mean, std, shape)
        while (outside := (drawn < a) | (drawn > b)).any():
            drawn = np.where(outside, rng.normal(mean, std, shape), drawn)
        return drawn

    return drawn_into(tensor, draw)


def constant_(tensor: Any, val: float) -> Any:
    """One number everywhere.

    >>> constant_(Tensor([1.0, 2.0]), 0.25).data.tolist()
    [0.25, 0.25]
    """
    return drawn_into(tensor, lambda shape: drawing.constant(shape, value=val))


def ones_(tensor: Any) -> Any:
    """All ones."""
    return drawn_into(tensor, np.ones)


def zeros_(tensor: Any) -> Any:
    """All zeros."""
    return drawn_into(tensor, np.zeros)


def matrix(shape: tuple[int, ...], function: str) -> tuple[int, int]:
    """The shape of a matrix."""
    if len(shape) != 2:
        raise ValueError(f"{function} takes a matrix, got shape {shape}")
    return shape[0], shape[1]


def eye_(tensor: Any) -> Any:
    """The identity, as far as a matrix of this shape can be it: ones on the diagonal."""
    return drawn_into(tensor, lambda shape: np.eye(*matrix(shape, "eye_")))


def sparse_(tensor: Any, sparsity: float, std: float = 0.01, *, rng: Seed = None) -> Any:
    """N(0, std²), with a share of each column set to 0.

    Args:
        sparsity: the share of zeros in each column, from 0 to 1; their number is rounded up.

    Source: Martens, "Deep learning via Hessian-free optimization", ICML 2010.
    """
    sparsity, std = share(sparsity, "sparsity of sparse_"), number(std, "std of sparse_")
    rng = generator(rng)

    def draw(shape: tuple[int, ...]) -> Any:
        rows, columns = matrix(shape, "sparse_")
        drawn = rng.normal(0, std, shape)
        places = rng.permuted(np.tile(np.arange(rows)[:, None], columns), axis=0)
        drawn[places < math.ceil(sparsity * rows)] = 0
        return drawn

    return drawn_into(tensor, draw)


# --- by the widths of the layer ------------------------------------------------------------------


def xavier_uniform_(tensor: Any, gain: float = 1.0, *, rng: Seed = None) -> Any:
    """U(±gain √(6 / (n_in + n_out))), as `xavier_uniform`. What DD2424 calls Xavier is `lecun_uniform`.

    >>> w = Tensor(np.zeros((30, 500)))
    >>> bool(abs(xavier_uniform_(w, rng=0).data).max() <= (6 / 530) ** 0.5)
    True
    """
    return drawn_into(tensor, lambda shape: drawing.xavier_uniform(shape, rng, gain=gain))


def xavier_normal_(tensor: Any, gain: float = 1.0, *, rng: Seed = None) -> Any:
    """N(0, gain² 2 / (n_in + n_out)), as `xavier_normal`. What DD2424 calls Xavier is `lecun_normal`."""
    return drawn_into(tensor, lambda shape: drawing.xavier_normal(shape, rng, gain=gain))


def kaiming_std(shape: tuple[int, ...], a: float, mode: str, nonlinearity: str) -> float:
    """gain / √fan, with n_in or n_out as the fan."""
    fan = fans(shape)[one_of(mode, ("fan_in", "fan_out"), "mode") == "fan_out"]
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

    def draw(shape: tuple[int, ...]) -> Any:
        bound = math.sqrt(3) * kaiming_std(shape, a, mode, nonlinearity)
        return drawing.uniform(shape, rng, bound=bound)

    return drawn_into(tensor, draw)


def kaiming_normal_(
    tensor: Any,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: Seed = None,
) -> Any:
    """N(0, gain² / fan): He's rule with the gain of an activation, see `kaiming_uniform_`."""

    def draw(shape: tuple[int, ...]) -> Any:
        return drawing.normal(shape, rng, std=kaiming_std(shape, a, mode, nonlinearity))

    return drawn_into(tensor, draw)


def orthogonal_(tensor: Any, gain: float = 1, *, rng: Seed = None) -> Any:
    """Orthonormal rows, or columns where rows are too many, times `gain`: see `orthogonal`.

    >>> w = orthogonal_(Tensor(np.zeros((3, 3))), rng=0)
    >>> bool(np.allclose((w @ w.T).data, np.eye(3)))
    True
    """
    return drawn_into(tensor, lambda shape: drawing.orthogonal(shape, rng, gain=gain))
