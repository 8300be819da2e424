"""Activations as modules, and their names: what an ``activation=`` argument may be.

Each is its function in `nn.functional`, with what it was told to do. It acts on one element at a time,
but for softmax, log-softmax and maxout, which act along an axis. To add one: the function goes into
`nn.functional`, its module here, and both into ``nn/__init__.py``; its name follows.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Self

import numpy as np

import autograd
from autograd import Tensor, Value
from nn import functional
from nn.arguments import number, one_of, positive, real, width
from nn.function_module import FunctionModule
from nn.module import Module
from nn.randomness import Seed, generator


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


class NamedActivation(FunctionModule):
    """An activation that can be given by the name of its function, ``activation="relu"``."""

    def forward(self, x: Any) -> Any:
        return self._applied(x)

    @classmethod
    def _made(cls, dtype: Any, rng: Seed) -> Self:
        """One with its default options, in a layer of a dtype that draws its numbers from rng."""
        return cls()


class Identity(NamedActivation):
    """x itself."""

    function = staticmethod(functional.identity)

    def forward(self, x: Any) -> Any:
        return x


# --- piecewise ----------------------------------------


class BinaryStep(NamedActivation):
    """0 where x < 0, 1 where x > 0, `at_zero` at 0: see `binary_step`. Its derivative is 0."""

    function = staticmethod(functional.binary_step)

    def __init__(self, at_zero: float = 1.0) -> None:
        self.at_zero = real(at_zero, "at_zero of BinaryStep")


class ReLU(NamedActivation):
    """max(x, 0); the derivative at 0 is `at_zero`, which is 0 unless told otherwise.

    >>> ReLU(), ReLU(at_zero=1.0)
    (ReLU(), ReLU(at_zero=1.0))
    """

    function = staticmethod(functional.relu)

    def __init__(self, at_zero: float = 0.0) -> None:
        self.at_zero = number(at_zero, "at_zero of relu", high=1)

    def forward(self, x: Any) -> Any:
        return functional.relu(x, self.at_zero) if self.at_zero else autograd.relu(x)


class LeakyReLU(NamedActivation):
    """x where x > 0, slope · x elsewhere: see `leaky_relu`. DD2424's lecture 4 takes 0.1."""

    function = staticmethod(functional.leaky_relu)

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = real(slope, "slope of LeakyReLU")

    def describe(self) -> str:
        return f"{self.slope}"


class PReLU(NamedActivation):
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

    function = staticmethod(functional.prelu)

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, dtype: Any = np.float64
    ) -> None:
        self.num_parameters = width(num_parameters, "num_parameters of PReLU")
        slopes = np.full(self.num_parameters, real(init, "init of PReLU"))
        self.weight: Any = Tensor(slopes, "weight", dtype=dtype)

    @classmethod
    def _made(cls, dtype: Any, rng: Seed) -> Self:
        return cls(dtype=dtype)

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


class RReLU(NamedActivation):
    """x where x > 0, a · x elsewhere, a being random in training and the mean else: see `rrelu`.

    Args:
        lower, upper: slopes are drawn from U(lower, upper), one per element.
        rng: a Generator, an int to seed one, or None. Two layers with the same int draw the same slopes:
            give both one Generator.

    >>> RReLU(0.25, 0.75).eval()([-4.0, 2.0]).tolist()
    [-2.0, 2.0]
    """

    function = staticmethod(functional.rrelu)

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, rng: Seed = None) -> None:
        self.lower, self.upper = real(lower, "lower of RReLU"), real(upper, "upper of RReLU")
        if not lower <= upper:
            raise ValueError(f"RReLU expected lower <= upper, got {lower} and {upper}")
        self.rng = generator(rng)

    @classmethod
    def _made(cls, dtype: Any, rng: Seed) -> Self:
        # A stream of its own, which leaves the numbers that the other one draws as they were.
        return cls(rng=None if rng is None else generator(rng).spawn(1)[0])

    def forward(self, x: Any) -> Any:
        return functional.rrelu(x, self.lower, self.upper, self.training, self.rng)

    def describe(self) -> str:
        return f"{self.lower:.4g}, {self.upper:.4g}"


class Hardtanh(NamedActivation):
    """x limited to [min_val, max_val]; the derivative at a bound is 1: see `hardtanh`."""

    function = staticmethod(functional.hardtanh)

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        self.min_val = real(min_val, "min_val of Hardtanh")
        self.max_val = real(max_val, "max_val of Hardtanh")
        if not min_val < max_val:
            raise ValueError(f"Hardtanh expected min_val < max_val, got {min_val} and {max_val}")

    def describe(self) -> str:
        bounds = (self.min_val, self.max_val)
        return "" if bounds == (-1.0, 1.0) else f"{self.min_val}, {self.max_val}"


class ELU(NamedActivation):
    """x where x > 0, α (eˣ − 1) elsewhere: see `elu`."""

    function = staticmethod(functional.elu)

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = real(alpha, "alpha of ELU")

    def describe(self) -> str:
        return "" if self.alpha == 1 else f"{self.alpha}"


class SELU(NamedActivation):
    """λ x where x > 0, λα (eˣ − 1) elsewhere, with the paper's λ and α: see `selu`."""

    function = staticmethod(functional.selu)


class Maxout(FunctionModule):
    """The largest of each group of `pieces` neighbours along an axis: see `maxout`.

    After a `Linear` with n · pieces outputs it is a maxout layer of n units. It changes the width,
    which the layer after it would have to know: so it is no ``activation=`` of an `MLP`.

    >>> import nn
    >>> nn.Sequential(nn.Linear(3, 8, rng=0), Maxout(4))([1.0, 2.0, 3.0]).shape
    (2,)
    """

    function = staticmethod(functional.maxout)

    def __init__(self, pieces: int = 2, axis: int = -1, ties: str = "share") -> None:
        self.pieces = width(pieces, "pieces of Maxout")
        self.axis, self.ties = axis, ties

    def forward(self, x: Any) -> Any:
        return self._applied(x)

    def describe(self) -> str:
        axis = "" if self.axis == -1 else f", axis={self.axis}"
        return f"{self.pieces}{axis}" + ("" if self.ties == "share" else f", ties={self.ties!r}")


# --- smooth ----------------------------------------


class Sigmoid(NamedActivation):
    """1 / (1 + e⁻ˣ), with derivative σ(1 − σ)."""

    function = staticmethod(functional.sigmoid)


class Tanh(NamedActivation):
    """(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), with derivative 1 − tanh²."""

    function = staticmethod(functional.tanh)


class SMHT(NamedActivation):
    """(e^(ax) − e^(−bx)) / (e^(cx) + e^(−dx)): see `smht`."""

    function = staticmethod(functional.smht)

    def __init__(
        self, a: float = 1.0, b: float = 1.0, c: float | None = None, d: float | None = None
    ) -> None:
        scales = (a, b, a if c is None else c, b if d is None else d)
        self.a, self.b, self.c, self.d = (real(x, "a scale of SMHT") for x in scales)

    def describe(self) -> str:
        return f"{self.a}, {self.b}, {self.c}, {self.d}"


class GELU(NamedActivation):
    """x Φ(x), exact or by tanh: see `gelu`."""

    function = staticmethod(functional.gelu)

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = one_of(approximate, ("none", "tanh"), "approximate of GELU")


class Softplus(NamedActivation):
    """ln(1 + e^(βx)) / β, with derivative σ(βx)."""

    function = staticmethod(functional.softplus)

    def __init__(self, beta: float = 1.0) -> None:
        self.beta = positive(beta, "beta of Softplus")

    def describe(self) -> str:
        return "" if self.beta == 1 else f"{self.beta}"


class SiLU(NamedActivation):
    """x σ(x): see `silu`."""

    function = staticmethod(functional.silu)


class Swish(NamedActivation):
    """x σ(βx): see `swish`.

    Args:
        beta: β, or what it starts from.
        learn: whether β is a parameter.
        dtype: of a learned β; the output keeps its input's.

    >>> Swish(2.0), Swish(learn=True)
    (Swish(2.0), Swish(1.0, learn=True): beta (); 1 parameters)
    """

    function = staticmethod(functional.swish)

    def __init__(self, beta: float = 1.0, learn: bool = False, dtype: Any = np.float64) -> None:
        self.start = real(beta, "beta of Swish")
        self.learn = bool(learn)
        self.beta: Any = Tensor(self.start, "beta", dtype=dtype) if learn else self.start

    def forward(self, x: Any) -> Any:
        return functional.swish(*alike(x, self.beta))

    def describe(self) -> str:
        return f"{self.start}" + (", learn=True" if self.learn else "")


class Mish(NamedActivation):
    """x tanh(ln(1 + eˣ)): see `mish`."""

    function = staticmethod(functional.mish)


# --- along an axis ----------------------------------------


class Softmax(NamedActivation):
    """eˣ / Σ eˣ along an axis: a probability for each class, from logits."""

    function = staticmethod(functional.softmax)

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis


class LogSoftmax(NamedActivation):
    """x − ln Σ eˣ along an axis: the logarithm of `Softmax`, without its rounding."""

    function = staticmethod(functional.log_softmax)

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis


# --- by name ----------------------------------------


BY_NAME: dict[str, type[NamedActivation]] = {
    kind.function.__name__: kind
    for kind in sorted(NamedActivation.__subclasses__(), key=lambda kind: kind.function.__name__)
}
"""What an activation may be called: as its function in `nn.functional`."""

RECTIFIERS = (ReLU, LeakyReLU, PReLU, RReLU)
"""Activations that pass about half of a centred signal: He's initialisation is made for them."""


def activation_module(
    activation: str | Module | type[Module] | Callable[[Any], Any],
    dtype: Any = np.float64,
    rng: Seed = None,
) -> Module:
    """A module of its own for an ``activation`` argument.

    Args:
        activation: a name (``"relu"``), a Module (it is copied, so that layers share nothing; a copy
            of one that draws numbers draws others), a Module class, or any function of one argument.
        dtype: of what it learns, where it is made from a name or a class.
        rng: where it draws numbers from, the same: a stream spawned from this one.

    >>> activation_module("tanh"), activation_module(LeakyReLU(0.1))
    (Tanh(), LeakyReLU(0.1))
    """
    if isinstance(activation, str):
        if activation not in BY_NAME:
            raise ValueError(f"no activation {activation!r}; there are {', '.join(BY_NAME)}")
        return BY_NAME[activation]._made(dtype, rng)
    if isinstance(activation, Module):
        return copied(activation)
    if isinstance(activation, type) and issubclass(activation, Module):
        if issubclass(activation, NamedActivation):
            return activation._made(dtype, rng)
        return activation()
    if not callable(activation):
        raise TypeError(
            f"an activation is a name ({', '.join(BY_NAME)}), a Module or a function, "
            f"got {type(activation).__name__} ({activation!r:.60})"
        )
    name = getattr(activation, "__name__", "")
    kind = BY_NAME.get(name)
    if kind is not None and activation in (kind.function, getattr(autograd, name, None)):
        return kind._made(dtype, rng)
    return Activation(activation)


def copied(module: Module) -> Module:
    """A copy that shares nothing: not its random numbers either."""
    copy_of_it = copy.deepcopy(module)
    for original, each in zip(module.modules(), copy_of_it.modules(), strict=True):
        if isinstance(original, RReLU) and isinstance(each, RReLU):
            each.rng = original.rng.spawn(1)[0]
    return copy_of_it
