"""Linear: the affine map of a layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd
from autograd import Node, Tensor, linear
from nn.arguments import width
from nn.init import Initialiser, constant, glorot_normal, initialiser, uniform
from nn.module import Module
from nn.randomness import Seed, generator


class Linear(Module):
    """y = x Wᵀ + b: every output is a weighted sum of all inputs.

    Args:
        n_in, n_out: the number of inputs and of outputs.
        bias: whether there is a b.
        init: how W is drawn: a name such as ``"lecun"`` or ``"normal(0.1)"``, see `nn.init.initialiser`,
            or a function (shape, rng) -> array; Glorot's normal distribution when left out.
            ``"pytorch"`` draws W and b from U(±1/√n_in).
        rng: a Generator, an int to seed one, or None. Two layers of one shape that are given the same
            int have equal weights, and stay alike where their inputs are: give both one Generator, or
            let ``nn.MLP(2, [16, 16, 1], rng=0)`` draw one layer after another.
        dtype: float32 or float64.
        bias_init: the number that b starts from.

    Shapes: x is (..., n_in) and y is (..., n_out); W is (n_out, n_in) and b is (n_out,). One
    instance is a vector. Lists and arrays are taken as well as Tensors, in the layer's dtype.

    Raises:
        ValueError: the last axis of x is not n_in long.
        TypeError: x is made of Values, but the layer of a Tensor: see `Module.to_scalars`.

    >>> layer = Linear(3, 2, rng=0)
    >>> layer
    Linear(3, 2): weight (2, 3), bias (2,); 8 parameters
    >>> layer([1.0, 2.0, 3.0]).shape, layer([[1.0, 2.0, 3.0]]).shape
    ((2,), (1, 2))

    Source: KTH DD2424, lecture 4; the derivative by W is I ⊗ xᵀ, by x it is W.
    """

    _is_affine = True

    def __init__(
        self,
        n_in: int,
        n_out: int,
        bias: bool = True,
        init: str | Initialiser | None = None,
        rng: Seed = None,
        dtype: Any = np.float64,
        *,
        bias_init: float = 0.0,
    ) -> None:
        self.n_in = width(n_in, "n_in of Linear")
        self.n_out = width(n_out, "n_out of Linear")
        rng = generator(rng)
        draw = glorot_normal if init is None else initialiser(init)
        weight = draw((self.n_out, self.n_in), rng)
        if np.shape(weight) != (self.n_out, self.n_in):
            raise ValueError(
                f"init of Linear: expected a weight of shape {(self.n_out, self.n_in)}, "
                f"got {np.shape(weight)}"
            )
        self.weight = Tensor(weight, "weight", dtype=dtype)
        self.bias = None
        if bias:
            if init == "pytorch" and bias_init == 0:
                start = uniform((self.n_out,), rng, bound=1 / math.sqrt(self.n_in))
            else:
                start = constant((self.n_out,), value=bias_init)
            self.bias = Tensor(start, "bias", dtype=dtype)

    def forward(self, x: Any) -> Any:
        weight, bias = self.weight, self.bias
        if weight.__class__ is Tensor and not isinstance(x, Node):
            x = plain_input(x, weight.dtype)
        try:
            return linear(x, weight) if bias is None else linear(x, weight, bias)
        except ValueError:
            shape = x.shape if isinstance(x, Node) else np.asarray(x, dtype=object).shape
            if shape[-1:] == (self.n_in,):
                raise
            raise ValueError(f"Linear expected (..., {self.n_in}), got {shape}") from None

    def _takes(self) -> int:
        return self.n_in

    def describe(self) -> str:
        return f"{self.n_in}, {self.n_out}" + ("" if self.bias is not None else ", bias=False")


def plain_input(x: Any, dtype: Any) -> Any:
    """Numbers that a user gave to a layer of Tensors, as an array of the layer's dtype."""
    array: Any = x
    if not isinstance(x, autograd.Followed):
        array = np.asarray(autograd.check_array(x, "the input of a layer"))
    if array.dtype == object:
        raise TypeError(
            "a network made of Tensors takes numbers, arrays and Tensors, not a list or array of "
            f"{type(array.flat[0]).__name__}s: model.to_scalars() is the same network made of Values, "
            "and autograd.stack joins Tensors"
        )
    if array.dtype.kind not in "biuf":
        raise TypeError(f"a network takes real numbers, got {array.dtype} ({x!r:.60})")
    return array if array.dtype == dtype else autograd.astype(array, dtype=dtype)
