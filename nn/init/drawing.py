"""Functions ``(shape, rng) -> array`` that draw a layer's first weights.

A weight has shape (out, in), so ``n_in = shape[1]`` and ``n_out = shape[0]``. The aim of every rule
with a name is that signals, or gradients, keep their size from layer to layer: the sum of n_in
products of independent inputs and weights has n_in times the variance of one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nn.arguments import number
from nn.randomness import Seed, generator

Array = np.ndarray[Any, Any]


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """(n_in, n_out) of a weight of shape (out, in), or (out, in, ...) where the rest counts for both.

    >>> fans((2, 3)), fans((8, 4, 3, 3))
    ((3, 2), (36, 72))
    """
    shape = lengths(shape)
    if len(shape) < 2 or min(shape) < 1:
        raise ValueError(f"a weight has shape (out, in), got {tuple(shape)}")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def lengths(shape: Any) -> tuple[int, ...]:
    """A shape, or an error that says how these functions are called."""
    given = (shape,) if isinstance(shape, int | np.integer) else shape
    if not isinstance(given, list | tuple) or not all(
        isinstance(n, int | np.integer) for n in given
    ):
        raise TypeError(
            f"an initialisation is drawn for a shape, as in he_normal((2, 3), rng), got {shape!r:.60}; "
            "nn.init.initialise_(tensor, 'he_normal') changes a Tensor, and a layer takes an option "
            "with the name: init='normal(0.1)'"
        )
    return tuple(int(n) for n in given)


# --- the same for every shape --------------------------------------------------------------------


def zeros(shape: Sequence[int], rng: Seed = None) -> Array:
    """All zeros: right for biases, and a pathology for weights, whose units then all stay equal.

    >>> zeros((2, 3)).sum()
    np.float64(0.0)
    """
    return np.zeros(lengths(shape))


def constant(shape: Sequence[int], rng: Seed = None, *, value: float = 0.0) -> Array:
    """One number everywhere: as weights, a pathology like `zeros`.

    >>> constant((1, 2), value=0.1).tolist()
    [[0.1, 0.1]]
    """
    return np.full(lengths(shape), float(value))


def normal(shape: Sequence[int], rng: Seed = None, *, std: float = 0.01) -> Array:
    """N(0, std²)."""
    return generator(rng).normal(0.0, number(std, "std of normal"), lengths(shape))


def uniform(shape: Sequence[int], rng: Seed = None, *, bound: float = 0.01) -> Array:
    """U(−bound, bound)."""
    bound = number(bound, "bound of uniform")
    return generator(rng).uniform(-bound, bound, lengths(shape))


def same_rows(shape: Sequence[int], rng: Seed = None) -> Array:
    """One row, from N(0, 1/n_in), for all units: the lectures' pathology.

    Units with the same weights have the same output: the layer is one unit wide, however many it has.
    While the next layer weighs them alike too, they have the same gradient, and stay so. By name,
    ``"same_rows(he_normal)"`` repeats the first row of another rule: see `initialiser`.

    >>> w = same_rows((3, 2), 0)
    >>> bool((w == w[0]).all()), bool((w[0] != 0).all())
    (True, True)

    Source: WPI CS 453X, class 21 (weight initialization).
    """
    return repeated_first_row(lecun_normal(shape, rng))


def repeated_first_row(weight: Any) -> Array:
    """The first row of a weight in place of all."""
    weight = np.asarray(weight)
    return np.array(np.broadcast_to(weight[:1], weight.shape))


# --- by the widths of the layer ------------------------------------------------------------------


def lecun_normal(shape: Sequence[int], rng: Seed = None, *, gain: float = 1.0) -> Array:
    """N(0, gain²/n_in): keeps the variance of signals through a linear layer.

    KTH DD2424 calls this rule Xavier, and CS 453X writes its σ as 1/√cols(W). PyTorch and the paper
    call another one so: `xavier_normal`.

    >>> bool(abs(lecun_normal((30, 500), 0).std() - 1 / 500**0.5) < 1e-3)
    True

    Source: LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998; KTH DD2424, lecture 4.
    """
    n_in, _ = fans(shape)
    return normal(shape, rng, std=number(gain, "gain") / math.sqrt(n_in))


def lecun_uniform(shape: Sequence[int], rng: Seed = None, *, gain: float = 1.0) -> Array:
    """U(±gain √(3 / n_in)): the variance of `lecun_normal`, with bounded weights."""
    n_in, _ = fans(shape)
    return uniform(shape, rng, bound=number(gain, "gain") * math.sqrt(3 / n_in))


def he_normal(shape: Sequence[int], rng: Seed = None) -> Array:
    """N(0, 2 / n_in): keeps the second moment of signals through rectifiers, which halve it.

    Also called ``kaiming_normal``.

    >>> bool(abs(he_normal((500, 200), 0).std() - (2 / 200) ** 0.5) < 1e-3)
    True

    Source: He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015; KTH DD2424, lecture 4.
    """
    n_in, _ = fans(shape)
    return normal(shape, rng, std=math.sqrt(2 / n_in))


def he_uniform(shape: Sequence[int], rng: Seed = None) -> Array:
    """U(±√(6 / n_in)): the variance of `he_normal`, with bounded weights. Also ``kaiming_uniform``."""
    n_in, _ = fans(shape)
    return uniform(shape, rng, bound=math.sqrt(6 / n_in))


def glorot_normal(shape: Sequence[int], rng: Seed = None, *, gain: float = 1.0) -> Array:
    """N(0, gain² 2 / (n_in + n_out)): between keeping the variance of signals and that of gradients.

    Also called ``xavier_normal``, as in PyTorch and the notes. KTH DD2424 gives the name Xavier to
    σ = 1/√n_in, which is `lecun_normal` and differs unless the layer is as wide as its input.

    >>> bool(abs(glorot_normal((300, 500), 0).std() - (2 / 800) ** 0.5) < 1e-3)
    True

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010.
    """
    n_in, n_out = fans(shape)
    return normal(shape, rng, std=number(gain, "gain") * math.sqrt(2 / (n_in + n_out)))


def glorot_uniform(shape: Sequence[int], rng: Seed = None, *, gain: float = 1.0) -> Array:
    """U(±gain √(6 / (n_in + n_out))): the variance of `glorot_normal`, with bounded weights.

    Also called ``xavier_uniform``, as in PyTorch; for the lectures' use of Xavier see `glorot_normal`.
    """
    n_in, n_out = fans(shape)
    return uniform(shape, rng, bound=number(gain, "gain") * math.sqrt(6 / (n_in + n_out)))


# The words of the lectures, for the normal distribution.
lecun, xavier, glorot, he, kaiming = (
    lecun_normal,
    glorot_normal,
    glorot_normal,
    he_normal,
    he_normal,
)
xavier_normal, xavier_uniform = glorot_normal, glorot_uniform
kaiming_normal, kaiming_uniform = he_normal, he_uniform


def pytorch_uniform(shape: Sequence[int], rng: Seed = None) -> Array:
    """U(±1/√n_in): what PyTorch's ``nn.Linear`` draws its weights from, and its biases too."""
    n_in, _ = fans(shape)
    return uniform(shape, rng, bound=1 / math.sqrt(n_in))


def random_walk(
    shape: Sequence[int],
    rng: Seed = None,
    *,
    activation: str = "linear",
    gain: float | None = None,
) -> Array:
    """N(0, g²/n_in), with g such that the logarithm of a gradient's norm takes an unbiased random walk.

    Rules about the variance keep the mean of a squared norm; its logarithm then drifts down, by
    1/(2N) each layer of N units, which in a deep and narrow network adds up. Here

        g = e^{1/(2N)} for linear units,    g = √2 e^{1.2 / (max(N, 6) − 2.4)} for rectifiers,

    and N = n_in, since that many numbers make up the gradient that a layer passes back.

    Args:
        activation: ``"linear"`` or ``"relu"``: the paper has equations for these. In an `MLP`,
            ``init="random_walk"`` takes the one for rectifiers before a ReLU; before others the linear
            one, which is right while signals stay in the linear part of the activation.
        gain: a g of your own, for another activation.

    >>> w = random_walk((400, 10), 0, activation="relu")
    >>> bool(abs(w.std() / (2 / 10) ** 0.5 - np.exp(1.2 / 7.6)) < 0.02)
    True

    Source: Sussillo and Abbott, "Random walk initialization for training very deep feedforward
    networks", 2014.
    """
    n_in, _ = fans(shape)
    if gain is not None:
        g = number(gain, "gain of random_walk")
    elif activation in ("linear", "identity"):
        g = math.exp(1 / (2 * n_in))
    elif activation == "relu":
        g = math.sqrt(2) * math.exp(1.2 / (max(n_in, 6) - 2.4))
    else:
        raise ValueError(
            "random_walk has equations for activation='linear' and 'relu', and takes gain= for others, "
            f"got {activation!r}"
        )
    return normal(shape, rng, std=g / math.sqrt(n_in))


# --- orthogonal ----------------------------------------------------------------------------------


def orthogonal(shape: Sequence[int], rng: Seed = None, *, gain: float = 1.0) -> Array:
    """Orthonormal rows times `gain`, evenly distributed; orthonormal columns where rows are too many.

    W Wᵀ = gain² I if n_out ≤ n_in, else Wᵀ W = gain² I: a square one changes no length, forward or
    backward. Further axes of a shape count as inputs.

    >>> w = orthogonal((2, 3), 0)
    >>> bool(np.allclose(w @ w.T, np.eye(2), atol=1e-12))
    True

    Source: Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks", ICLR 2014.
    """
    fans(shape)
    flat = generator(rng).normal(size=(shape[0], math.prod(shape[1:])))
    wide = flat if flat.shape[0] <= flat.shape[1] else flat.T
    unit = gram_schmidt(wide)
    out = unit if wide is flat else unit.T
    return np.ascontiguousarray(out * number(gain, "gain of orthogonal")).reshape(tuple(shape))


def gram_schmidt(rows: Array) -> Array:
    """Orthonormal rows, each what is left of one row without the part along those before it.

    Raises:
        ValueError: a row is a combination of those before it, so that nothing is left.
    """
    q, r = np.linalg.qr(rows.T)
    left = np.diag(r)
    lost = np.abs(left) <= 1e-10 * np.linalg.norm(rows, axis=1)
    if lost.any():
        raise ValueError(
            f"rows cannot be made orthogonal: row {int(np.argmax(lost))} of {len(rows)} is a "
            "combination of those before it"
        )
    # QR leaves signs open: with those of the diagonal, each row keeps its direction, and random ones
    # are evenly distributed.
    unit: Array = (q * np.sign(left)).T
    return unit


def orthogonalised_rows(weight: Any) -> Array:
    """A weight with its rows made orthogonal, in order, each keeping its length.

    Gram and Schmidt's procedure: from each row, the parts along the rows before it are taken away, and
    the rest gets the row's length back. Where there are more rows than columns, rows cannot all be
    orthogonal: the columns are made so.

    >>> w = orthogonalised_rows([[3.0, 4.0], [2.0, 0.0]])
    >>> w.round(12).tolist()
    [[3.0, 4.0], [1.6, -1.2]]

    Raises:
        ValueError: a row is a combination of those before it.
    """
    weight = np.asarray(weight, dtype=np.float64)
    if weight.ndim != 2:
        raise ValueError(f"a weight has shape (out, in), got {weight.shape}")
    wide = weight if weight.shape[0] <= weight.shape[1] else weight.T
    out = gram_schmidt(wide) * np.linalg.norm(wide, axis=1, keepdims=True)
    return np.ascontiguousarray(out if wide is weight else out.T)
