"""Activations as modules: each is its function in `nn.functional`, with what it was told to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd import Tensor, Value
from nn import functional
from nn.layers.linear import width
from nn.module import Module
from nn.randomness import Seed, generator

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "SMHT",
    "Activation",
    "BinaryStep",
    "Hardtanh",
    "Identity",
    "LeakyReLU",
    "LogSoftmax",
    "Maxout",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Swish",
    "Tanh",
]


def plain(x: Any, what: str) -> float:
    """An option that is one real number."""
    return float(functional.single(x, what))


class Activation(Module):
    """A function of one argument as a module.

    >>> import autograd
    >>> Activation(autograd.sin)
    Activation(sin)
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        if not callable(function):
            raise TypeError(f"Activation takes a function, got {type(function).__name__}")
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x)

    def describe(self) -> str:
        return getattr(self.function, "__name__", type(self.function).__name__)


class Identity(Module):
    """x itself."""

    def forward(self, x: Any) -> Any:
        return x


# --- piecewise ----------------------------------------


class BinaryStep(Module):
    """0 where x < 0, 1 where x > 0, `at_zero` at 0: see `binary_step`. Its derivative is 0."""

    def __init__(self, at_zero: float = 1.0) -> None:
        self.at_zero = plain(at_zero, "at_zero of BinaryStep")

    def forward(self, x: Any) -> Any:
        return functional.binary_step(x, self.at_zero)

    def describe(self) -> str:
        return "" if self.at_zero == 1 else f"at_zero={self.at_zero}"


class ReLU(Module):
    """max(x, 0); the derivative at 0 is `at_zero`, which is 0 unless told otherwise.

    >>> ReLU(), ReLU(at_zero=1.0)
    (ReLU(), ReLU(at_zero=1.0))
    """

    def __init__(self, at_zero: float = 0.0) -> None:
        self.at_zero = functional.check_subgradient(at_zero)

    def forward(self, x: Any) -> Any:
        return functional.relu(x, self.at_zero) if self.at_zero else autograd.relu(x)

    def describe(self) -> str:
        return f"at_zero={self.at_zero}" if self.at_zero else ""


class LeakyReLU(Module):
    """x where x > 0, slope · x elsewhere: see `leaky_relu`. DD2424's lecture 4 takes 0.1."""

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = plain(slope, "slope of LeakyReLU")

    def forward(self, x: Any) -> Any:
        return functional.leaky_relu(x, self.slope)

    def describe(self) -> str:
        return f"{self.slope}"


class PReLU(Module):
    """x where x > 0, a · x elsewhere, with a learned: see `prelu`.

    Args:
        num_parameters: 1 for one slope, or the number of units, for one slope each.
        init: what slopes start from.
        dtype: of the slopes, float32 or float64; the output keeps its input's.

    Shapes: x is (..., num_parameters), or any shape with one slope; `weight` is (num_parameters,).
    PyTorch counts channels along axis 1, here they lie along the last: the same for (batch, units).

    Raises:
        ValueError: there are several slopes, and the last axis of x has another length.

    >>> PReLU()
    PReLU(): weight (1,); 1 parameters
    >>> PReLU(2)([[-4.0, 4.0]]).data.tolist()
    [[-1.0, 4.0]]
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, dtype: Any = np.float64
    ) -> None:
        self.num_parameters = width(num_parameters, "num_parameters of PReLU")
        self.weight: Any = Tensor(
            np.full(self.num_parameters, plain(init, "init of PReLU")), "weight", dtype=dtype
        )

    def forward(self, x: Any) -> Any:
        if self.num_parameters == 1:
            return functional.prelu(*alike(x, self.weight[0]))
        if np.shape(x)[-1:] != (self.num_parameters,):
            raise ValueError(f"PReLU expected (..., {self.num_parameters}), got {np.shape(x)}")
        return functional.prelu(*alike(x, self.weight))

    def describe(self) -> str:
        return "" if self.num_parameters == 1 else f"{self.num_parameters}"


def alike(x: Any, parameter: Any) -> tuple[Any, Any]:
    """An input and a learned number, so that their product is of the input's kind.

    Beside float32 the number is one, and beside a Value an array of numbers is one of objects: a Value
    and an array of numbers would make a Tensor, and a network of Values is to stay one.
    """
    if isinstance(parameter, Value) and isinstance(x, list | np.ndarray):
        return np.asarray(x, dtype=object), parameter
    dtype = getattr(x, "dtype", None)
    if isinstance(parameter, Tensor) and dtype == np.float32 != parameter.dtype:
        return x, autograd.astype(parameter, dtype=dtype)
    return x, parameter


class RReLU(Module):
    """x where x > 0, a · x elsewhere, a being random in training and the mean else: see `rrelu`.

    Args:
        lower, upper: slopes are drawn from U(lower, upper), one per element.
        rng: a Generator, an int to seed one, or None. Two layers with the same int draw the same slopes:
            give both one Generator.

    >>> RReLU(0.25, 0.75).eval()([-4.0, 2.0]).tolist()
    [-2.0, 2.0]
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, rng: Seed = None) -> None:
        self.lower, self.upper = plain(lower, "lower of RReLU"), plain(upper, "upper of RReLU")
        if not lower <= upper:
            raise ValueError(f"RReLU expected lower <= upper, got {lower} and {upper}")
        self.rng = generator(rng)

    def forward(self, x: Any) -> Any:
        return functional.rrelu(x, self.lower, self.upper, self.training, self.rng)

    def describe(self) -> str:
        return f"{self.lower:.4g}, {self.upper:.4g}"


class Hardtanh(Module):
    """x limited to [min_val, max_val]; the derivative at a bound is 1: see `hardtanh`."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        self.min_val = plain(min_val, "min_val of Hardtanh")
        self.max_val = plain(max_val, "max_val of Hardtanh")
        if not min_val < max_val:
            raise ValueError(f"Hardtanh expected min_val < max_val, got {min_val} and {max_val}")

    def forward(self, x: Any) -> Any:
        return functional.hardtanh(x, self.min_val, self.max_val)

    def describe(self) -> str:
        bounds = (self.min_val, self.max_val)
        return "" if bounds == (-1.0, 1.0) else f"{self.min_val}, {self.max_val}"


class ELU(Module):
    """x where x > 0, α (eˣ − 1) elsewhere: see `elu`."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = plain(alpha, "alpha of ELU")

    def forward(self, x: Any) -> Any:
        return functional.elu(x, self.alpha)

    def describe(self) -> str:
        return "" if self.alpha == 1 else f"{self.alpha}"


class SELU(Module):
    """λ x where x > 0, λα (eˣ − 1) elsewhere, with the paper's λ and α: see `selu`."""

    def forward(self, x: Any) -> Any:
        return functional.selu(x)


class Maxout(Module):
    """The largest of each group of `pieces` neighbours along an axis: see `maxout`.

    After a `Linear` with n · pieces outputs it is a maxout layer of n units. It changes the width, so
    it is no ``activation=`` of an `MLP`.

    >>> import nn
    >>> nn.Sequential(nn.Linear(3, 8, rng=0), Maxout(4))([1.0, 2.0, 3.0]).shape
    (2,)
    """

    def __init__(self, pieces: int = 2, axis: int = -1, ties: str = "share") -> None:
        self.pieces = width(pieces, "pieces of Maxout")
        self.axis, self.ties = axis, ties

    def forward(self, x: Any) -> Any:
        return functional.maxout(x, self.pieces, self.axis, self.ties)

    def describe(self) -> str:
        axis = "" if self.axis == -1 else f", axis={self.axis}"
        return f"{self.pieces}{axis}" + ("" if self.ties == "share" else f", ties={self.ties!r}")


# --- smooth ----------------------------------------


class Sigmoid(Module):
    """1 / (1 + e⁻ˣ), with derivative σ(1 − σ)."""

    def forward(self, x: Any) -> Any:
        return functional.sigmoid(x)


class Tanh(Module):
    """(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), with derivative 1 − tanh²."""

    def forward(self, x: Any) -> Any:
        return functional.tanh(x)


class SMHT(Module):
    """(e^(ax) − e^(−bx)) / (e^(cx) + e^(−dx)): see `smht`."""

    def __init__(
        self, a: float = 1.0, b: float = 1.0, c: float | None = None, d: float | None = None
    ) -> None:
        scales = (a, b, a if c is None else c, b if d is None else d)
        self.a, self.b, self.c, self.d = (plain(x, "a scale of SMHT") for x in scales)

    def forward(self, x: Any) -> Any:
        return functional.smht(x, self.a, self.b, self.c, self.d)

    def describe(self) -> str:
        return f"{self.a}, {self.b}, {self.c}, {self.d}"


class GELU(Module):
    """x Φ(x), exact or by tanh: see `gelu`."""

    def __init__(self, approximate: str = "none") -> None:
        if not isinstance(approximate, str) or approximate not in ("none", "tanh"):
            raise ValueError(f"approximate of GELU is 'none' or 'tanh', got {approximate!r:.60}")
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        return functional.gelu(x, self.approximate)

    def describe(self) -> str:
        return "" if self.approximate == "none" else f"approximate={self.approximate!r}"


class Softplus(Module):
    """ln(1 + e^(βx)) / β, with derivative σ(βx)."""

    def __init__(self, beta: float = 1.0) -> None:
        self.beta = plain(beta, "beta of Softplus")
        if not beta > 0:
            raise ValueError(f"beta of Softplus is above 0, got {beta}")

    def forward(self, x: Any) -> Any:
        return functional.softplus(x, self.beta)

    def describe(self) -> str:
        return "" if self.beta == 1 else f"{self.beta}"


class SiLU(Module):
    """x σ(x): see `silu`."""

    def forward(self, x: Any) -> Any:
        return functional.silu(x)


class Swish(Module):
    """x σ(βx): see `swish`.

    Args:
        beta: β, or what it starts from.
        learn: whether β is a parameter.
        dtype: of a learned β; the output keeps its input's.

    >>> Swish(2.0), Swish(learn=True)
    (Swish(2.0), Swish(1.0, learn=True): beta (); 1 parameters)
    """

    def __init__(self, beta: float = 1.0, learn: bool = False, dtype: Any = np.float64) -> None:
        self.start = plain(beta, "beta of Swish")
        self.learn = bool(learn)
        self.beta: Any = Tensor(self.start, "beta", dtype=dtype) if learn else self.start

    def forward(self, x: Any) -> Any:
        return functional.swish(*alike(x, self.beta))

    def describe(self) -> str:
        return f"{self.start}" + (", learn=True" if self.learn else "")


class Mish(Module):
    """x tanh(ln(1 + eˣ)): see `mish`."""

    def forward(self, x: Any) -> Any:
        return functional.mish(x)


# --- along an axis ----------------------------------------


class Softmax(Module):
    """eˣ / Σ eˣ along an axis: a probability for each class, from logits."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return functional.softmax(x, axis=self.axis)

    def describe(self) -> str:
        return "" if self.axis == -1 else f"axis={self.axis}"


class LogSoftmax(Module):
    """x − ln Σ eˣ along an axis: the logarithm of `Softmax`, without its rounding."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return functional.log_softmax(x, axis=self.axis)

    def describe(self) -> str:
        return "" if self.axis == -1 else f"axis={self.axis}"


autograd.publish(__name__)
