"""Functions without parameters: the activations, PyTorch's split `glu`, and the losses of `nn.losses`.

The activations take numbers, lists, arrays, arrays of Values and nodes, and keep float32 as float32.
Each is made of autograd's rows, and none asks which side of a kink its input is on: `maximum`,
`minimum` and `relu` choose, so that a recorded graph can be replayed with other numbers.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import autograd
from autograd import (
    identity as identity,
    log_softmax as log_softmax,
    sigmoid as sigmoid,
    softmax as softmax,
    tanh as tanh,
)
from nn import arguments, randomness
from nn.losses.binary import *
from nn.losses.distances import *
from nn.losses.entropy import *
from nn.losses.margins import *
from nn.randomness import Seed

_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946
_ROOT_TWO_OVER_PI = float(np.sqrt(2 / np.pi))
_ROOT_HALF = float(np.sqrt(0.5))

_FIRST = autograd.Unsaid("first")
"""Which side a kink has its derivative from, where a function is made of a minimum or a maximum."""


def _left(x: Any) -> Any:
    """min(x, 0), with derivative 1 at 0: a kink at 0 then has the derivative of its left side."""
    return autograd.minimum(x, 0.0, ties=_FIRST)


# --- steps and lines ----------------------------------------


def binary_step(x: Any, at_zero: float = 1.0) -> Any:
    """0 where x < 0, 1 where x > 0, `at_zero` at 0. Its derivative is 0 everywhere.

    >>> binary_step([-2.0, 0.0, 3.0]).tolist(), binary_step(0.0, at_zero=0.0)
    ([0.0, 1.0, 1.0], 0.0)

    Source: the threshold unit of McCulloch and Pitts, 1943; KTH DD2424, lecture 4.
    """
    x, at_zero = arguments.operand(x), arguments.single(at_zero, "at_zero of binary_step")
    step = autograd.sign(x) * 0.5 + 0.5
    if at_zero == 0.5:
        return step
    # 1 at 0 and 0 elsewhere.
    here = autograd.sub(1.0, autograd.abs(autograd.sign(x)))
    return step + here * (at_zero - 0.5)


def relu(x: Any, at_zero: float = 0.0) -> Any:
    """max(0, x), with derivative 0 for x < 0, 1 for x > 0 and `at_zero` at 0.

    Args:
        x: any shape.
        at_zero: the subgradient taken at 0, from 0 (as PyTorch) to 1.

    Raises:
        ValueError: `at_zero` is not in [0, 1]: it would be no subgradient.

    >>> import autograd
    >>> [autograd.grad(lambda x: relu(x, at_zero))(0.0) for at_zero in (0.0, 0.5, 1.0)]
    [0.0, 0.5, 1.0]

    Source: KTH DD2424, lecture 4 (0 at 0); CMU 11-785, lecture 5.
    """
    if at_zero == 0:
        return autograd.relu(x)
    at_zero = arguments.share(at_zero, "at_zero of relu")
    if at_zero == 1:
        return autograd.maximum(x, 0.0, ties=_FIRST)
    # The second term is 0 everywhere, and so is its derivative but at 0, where it is `at_zero`.
    x = arguments.operand(x)
    return autograd.relu(x) + autograd.maximum(_left(x), 0.0, ties=_FIRST) * at_zero


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """x where x > 0, slope · x elsewhere; the derivative at 0 is `slope`, as in PyTorch.

    >>> import numpy as np
    >>> leaky_relu(np.array([-2.0, 0.0, 3.0])).tolist()
    [-0.02, 0.0, 3.0]

    Source: Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013.
    """
    slope = arguments.single(slope, "slope of leaky_relu")
    if slope == 0:  # where slope · x would be nan at −inf
        return autograd.relu(x)
    x = arguments.operand(x)
    # Not the larger of the two lines: at inf they meet again, and the left one would get the cotangent.
    return autograd.relu(x) + _left(x) * slope


def prelu(x: Any, slope: Any) -> Any:
    """max(0, x) + a · min(0, x): leaky ReLU with a slope that is learned.

    Args:
        x: any shape.
        slope: a, a number, array or node that broadcasts against x: one, or one per unit.

    Derivatives: by x, 1 for x > 0 and a elsewhere (also at 0, as in PyTorch); by a, min(0, x).

    >>> import autograd
    >>> a = autograd.Value(0.25)
    >>> y = prelu(-2.0, a)
    >>> y.backward()
    >>> y.data, a.grad
    (-0.5, -2.0)

    Source: He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015.
    """
    x = arguments.operand(x)
    return autograd.relu(x) + autograd.mul(_left(x), arguments.option(slope))


def rrelu(
    x: Any,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    rng: Seed = None,
) -> Any:
    """x where x > 0, a · x elsewhere: a drawn from U(lower, upper) for each element in training.

    Args:
        x: any shape.
        lower, upper: where slopes are drawn from; in evaluation a = (lower + upper) / 2.
        training: whether slopes are drawn.
        rng: a Generator, an int to seed one, or None.

    Raises:
        ValueError: lower > upper.

    The derivative at 0 is a.

    >>> rrelu([-4.0, 2.0], lower=0.25, upper=0.75).tolist()
    [-2.0, 2.0]

    Source: Xu, Wang, Chen, Li, "Empirical evaluation of rectified activations in convolutional
    network", 2015.
    """
    lower, upper = (
        arguments.single(lower, "lower of rrelu"),
        arguments.single(upper, "upper of rrelu"),
    )
    if not lower <= upper:
        raise ValueError(f"rrelu expected lower <= upper, got {lower} and {upper}")
    if not training:
        return leaky_relu(x, (lower + upper) / 2)
    x = arguments.operand(x)
    if isinstance(x, np.ndarray):
        x = np.ascontiguousarray(x)  # Values are drawn for one by one, in the order of their places
    drawn = functools.partial(randomness.generator(rng).uniform, lower, upper)
    return prelu(x, autograd.random_like(x, sample=drawn))


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """x limited to [min_val, max_val]. The derivative at a bound is 1, as `clip`'s (PyTorch: 0).

    Raises:
        ValueError: min_val is not below max_val.

    >>> hardtanh([-3.0, 0.5, 3.0]).tolist()
    [-1.0, 0.5, 1.0]

    Source: Collobert, "Large scale machine learning", 2004.
    """
    min_val = arguments.single(min_val, "min_val of hardtanh")
    max_val = arguments.single(max_val, "max_val of hardtanh")
    if not min_val < max_val:
        raise ValueError(f"hardtanh expected min_val < max_val, got {min_val} and {max_val}")
    return autograd.clip(x, min_val, max_val)


# --- exponentials ----------------------------------------


def smht(
    x: Any, a: float = 1.0, b: float = 1.0, c: float | None = None, d: float | None = None
) -> Any:
    """(e^(ax) − e^(−bx)) / (e^(cx) + e^(−dx)): the Soboleva modified hyperbolic tangent.

    Args:
        x: any shape.
        a, b: the scales of the numerator.
        c, d: those of the denominator; a and b where left out, as on the slide.

    With c = a and d = b it is tanh((a + b) x / 2), and tanh x with all ones. Stable at ±1000; where
    the quotient itself overflows, it is inf and its derivative nan.

    >>> import math
    >>> smht(0.5) == math.tanh(0.5), smht(1000.0, a=2.0, b=1.0)
    (True, 1.0)
    >>> abs(smht(1.0, 1, 2, 3, 4) - (math.e - math.e**-2) / (math.e**3 + math.e**-4)) < 1e-16
    True

    Source: Soboleva and Beskorovainyi, 2008; KTH DD2424, lecture 4.
    """
    scales = (a, b, a if c is None else c, b if d is None else d)
    a, b, c, d = (arguments.single(scale, "a scale of smht") for scale in scales)
    if c == a and d == b:  # both sides divided by e^((a − b) x / 2)
        half = (a + b) / 2
        return autograd.tanh(x if half == 1 else autograd.mul(x, half))
    # e^(ax) / (e^(cx) + e^(−dx)) = exp((a − c) x − ln(1 + e^(−(c + d) x))): nothing overflows that the
    # quotient does not.
    x = arguments.operand(x)
    rise, fall = -autograd.softplus(x * -(c + d)), -autograd.softplus(x * (c + d))
    # Left out where 0, for 0 · x is nan at inf.
    rise = rise if a == c else rise + x * (a - c)
    fall = fall if b == d else fall + x * (d - b)
    return autograd.exp(rise) - autograd.exp(fall)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, α (eˣ − 1) elsewhere; the derivative at 0 is α, as in PyTorch.

    >>> elu([-1000.0, 2.0]).tolist()
    [-1.0, 2.0]

    Source: Clevert, Unterthiner, Hochreiter, "Fast and accurate deep network learning by exponential
    linear units", ICLR 2016.
    """
    x = arguments.operand(x)
    return autograd.relu(x) + autograd.expm1(_left(x)) * arguments.option(alpha)


def selu(x: Any) -> Any:
    """λ x where x > 0, λα (eˣ − 1) elsewhere: the ELU that keeps mean 0 and variance 1.

    λ = 1.0507009873554805 and α = 1.6732632423543772. The derivative at 0 is λα, as in PyTorch.

    >>> round(selu(-1000.0), 4), round(selu(1.0), 4)
    (-1.7581, 1.0507)

    Source: Klambauer, Unterthiner, Mayr, Hochreiter, "Self-normalizing neural networks", NIPS 2017.
    """
    return elu(x, _SELU_ALPHA) * _SELU_SCALE


def gelu(x: Any, approximate: str = "none") -> Any:
    """x Φ(x), Φ being the normal distribution function: ½ x erfc(−x/√2).

    Args:
        x: any shape.
        approximate: ``"none"``, or ``"tanh"`` for ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).

    Raises:
        ValueError: another approximation.

    >>> round(gelu(1.0), 6), round(gelu(1.0, approximate="tanh"), 6)
    (0.841345, 0.841192)

    Source: Hendrycks and Gimpel, "Gaussian error linear units", 2016.
    """
    x = arguments.operand(x)
    if arguments.one_of(approximate, ("none", "tanh"), "approximate of gelu") == "none":
        # 1 + erf would have no digits left on the far left, where erfc has them all.
        return x * autograd.erfc(x * -_ROOT_HALF) * 0.5
    # ½ (1 + tanh u) is σ(2u), which is exact on the far left.
    inner = x * (x * x * 0.044715 + 1.0) * (2 * _ROOT_TWO_OVER_PI)
    return x * autograd.sigmoid(inner)


def softplus(x: Any, beta: float = 1.0) -> Any:
    """ln(1 + e^(βx)) / β, with derivative σ(βx): a smooth relu, the closer the larger β.

    Raises:
        ValueError: β is not above 0.

    >>> round(softplus(0.0), 6), softplus(1000.0, beta=2.0)
    (0.693147, 1000.0)

    Source: Dugas, Bengio, Bélisle, Nadeau, Garcia, NIPS 2000.
    """
    beta = arguments.single(beta, "beta of softplus")
    if not beta > 0:
        raise ValueError(f"beta of softplus is above 0, got {beta}")
    if beta == 1:
        return autograd.softplus(x)
    return autograd.div(autograd.softplus(autograd.mul(x, beta)), beta)


def swish(x: Any, beta: Any = 1.0) -> Any:
    """x σ(βx): x/2 with β = 0, relu as β grows.

    Args:
        x: any shape.
        beta: β, a number, or a node where it is learned.

    Derivatives: by x, σ + βx σ(1 − σ); by β, x² σ(1 − σ).

    >>> swish(2.0, beta=0.0), round(swish(1.0), 6)
    (1.0, 0.731059)

    Source: Ramachandran, Zoph, Le, "Searching for activation functions", 2017.
    """
    x, beta = arguments.operand(x), arguments.option(beta)
    plain = isinstance(beta, int | float) and beta == 1
    return x * autograd.sigmoid(x if plain else autograd.mul(x, beta))


def silu(x: Any) -> Any:
    """x σ(x): `swish` with β = 1.

    >>> silu([-1000.0, 0.0, 1000.0]).tolist()
    [-0.0, 0.0, 1000.0]

    Source: Elfwing, Uchibe, Doya, "Sigmoid-weighted linear units", 2018.
    """
    return swish(x)


def mish(x: Any) -> Any:
    """x tanh(ln(1 + eˣ)).

    >>> round(mish(1.0), 6)
    0.865098

    Source: Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020.
    """
    x = arguments.operand(x)
    return x * autograd.tanh(autograd.softplus(x))


# --- along an axis ----------------------------------------


def maxout(x: Any, pieces: int = 2, axis: int = -1, ties: str = "share") -> Any:
    """The largest of each group of `pieces` neighbours along an axis: n · pieces become n.

    Args:
        x: of shape (..., n · pieces) for the last axis.
        pieces: the size of a group.
        axis: where the groups lie.
        ties: ``"share"`` divides the cotangent equally among a group's equal largest elements,
            ``"first"`` gives all to the first.

    Raises:
        ValueError: the length of the axis is no multiple of `pieces`, or there is no such axis.

    >>> maxout([1.0, 5.0, 2.0, -3.0]).tolist(), maxout([1.0, 5.0, 2.0, -3.0], pieces=4).tolist()
    ([5.0, 2.0], [5.0])

    Source: Goodfellow, Warde-Farley, Mirza, Courville, Bengio, "Maxout networks", ICML 2013.
    """
    x = arguments.operand(x)
    shape, axis = arguments.length_along(x, axis, "maxout")
    pieces = arguments.whole(pieces, "pieces of maxout")
    if shape[axis] % pieces:
        raise ValueError(
            f"maxout expected a multiple of {pieces} elements along axis {axis}, got shape {shape}"
        )
    groups = (*shape[:axis], shape[axis] // pieces, pieces, *shape[axis + 1 :])
    return autograd.max(autograd.reshape(x, shape=groups), axis=axis + 1, ties=ties)


def glu(x: Any, axis: int = -1) -> Any:
    """u ⊗ σ(v), u and v being the halves of x along an axis: PyTorch's ``glu``.

    The layer with weights, whose gate is the first factor, is `nn.GLU`.

    Raises:
        ValueError: the axis has an odd length, or there is no such axis.

    >>> glu([3.0, 8.0, 0.0, 0.0]).tolist()
    [1.5, 4.0]

    Source: Dauphin, Fan, Auli, Grangier, "Language modeling with gated convolutional networks", 2017.
    """
    x = arguments.operand(x)
    shape, axis = arguments.length_along(x, axis, "glu")
    if shape[axis] % 2:
        raise ValueError(f"glu expected an even length along axis {axis}, got shape {shape}")
    u, v = autograd.split(x, 2, axis=axis)
    return u * autograd.sigmoid(v)


autograd.publish(__name__)
