"""Gated layers: an affine map whose outputs another one lets through, GLU and its kin."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd import Node, Tensor
from nn import functional
from nn.init import Initialiser
from nn.layers.activations import alike
from nn.layers.linear import Linear, plain_input
from nn.module import Module
from nn.randomness import Seed, generator


class Gated(Module):
    """gate(x Wᵀ + b) ⊗ (x Vᵀ + c): what `GLU`, `ReGLU`, `GEGLU` and `SwiGLU` share.

    Args:
        n_in, n_out: the number of inputs and of outputs.
        bias: whether there are b and c.
        init, rng, dtype, bias_init: as `Linear` takes them, for both maps; W is drawn before V. Two
            layers with the same int as `rng` have equal weights.

    Shapes: x is (..., n_in) and the output (..., n_out); W and V are (n_out, n_in), b and c (n_out,).

    Raises:
        TypeError: a width is missing or not a whole number.
        ValueError: the last axis of x is not n_in long.

    Source: Dauphin, Fan, Auli, Grangier, "Language modeling with gated convolutional networks", 2017;
    Shazeer, "GLU variants improve transformer", 2020.
    """

    def __init__(
        self,
        n_in: int | None = None,
        n_out: int | None = None,
        bias: bool = True,
        init: str | Initialiser | None = None,
        rng: Seed = None,
        dtype: Any = np.float64,
        *,
        bias_init: float = 0.0,
    ) -> None:
        name = type(self).__name__
        if n_in is None or n_out is None:
            raise TypeError(
                f"nn.{name} is a layer with weights: nn.{name}(n_in, n_out); PyTorch's split of an "
                "axis in two halves is nn.functional.glu(x, axis)"
            )
        rng = generator(rng)
        gate = Linear(n_in, n_out, bias, init, rng, dtype, bias_init=bias_init)
        signal = Linear(n_in, n_out, bias, init, rng, dtype, bias_init=bias_init)
        self.n_in, self.n_out = gate.n_in, gate.n_out
        self.W, self.V = gate.weight, signal.weight
        self.b, self.c = gate.bias, signal.bias
        for leaf in (self.W, self.V, self.b, self.c):
            if leaf is not None:
                leaf.name = None  # it will be named by its place here

    def gate(self, z: Any) -> Any:
        """What is done to x Wᵀ + b: the sigmoid."""
        return functional.sigmoid(z)

    def forward(self, x: Any) -> Any:
        if isinstance(self.W, Tensor) and not isinstance(x, Node):
            x = plain_input(x, self.W.dtype)
        shape = np.shape(x)
        if shape[-1:] != (self.n_in,):
            raise ValueError(f"{type(self).__name__} expected (..., {self.n_in}), got {shape}")
        biases = [(leaf,) if leaf is not None else () for leaf in (self.b, self.c)]
        signal = autograd.linear(x, self.V, *biases[1])
        return self.gate(autograd.linear(x, self.W, *biases[0])) * signal

    def describe(self) -> str:
        return f"{self.n_in}, {self.n_out}" + ("" if self.b is not None else ", bias=False")


class GLU(Gated):
    """σ(x Wᵀ + b) ⊗ (x Vᵀ + c): the gate is the first factor. Arguments and shapes: `Gated`.

    PyTorch's ``GLU()`` has no weights and splits its input; that is `nn.functional.glu`.

    >>> layer = GLU(3, 2, rng=0)
    >>> layer
    GLU(3, 2): W (2, 3), V (2, 3), b (2,), c (2,); 16 parameters
    >>> layer([1.0, 2.0, 3.0]).shape
    (2,)
    """


class ReGLU(Gated):
    """max(0, x Wᵀ + b) ⊗ (x Vᵀ + c). Arguments and shapes: `Gated`.

    >>> ReGLU(3, 2, rng=0)([[1.0, 2.0, 3.0]]).shape
    (1, 2)
    """

    def gate(self, z: Any) -> Any:
        """The rectifier, with derivative 0 at 0."""
        return functional.relu(z)


class GEGLU(Gated):
    """GELU(x Wᵀ + b) ⊗ (x Vᵀ + c), with the exact GELU. Arguments and shapes: `Gated`.

    >>> GEGLU(3, 2, rng=0)([[1.0, 2.0, 3.0]]).shape
    (1, 2)
    """

    def gate(self, z: Any) -> Any:
        """x Φ(x), by the error function."""
        return functional.gelu(z)


class SwiGLU(Gated):
    """Swish_β(x Wᵀ + b) ⊗ (x Vᵀ + c). Other arguments and shapes: `Gated`.

    Args:
        beta: β of `swish`, or what it starts from.
        learn: whether β is a parameter.

    >>> SwiGLU(3, 2, beta=2.0, rng=0)
    SwiGLU(3, 2, beta=2.0): W (2, 3), V (2, 3), b (2,), c (2,); 16 parameters
    """

    def __init__(
        self,
        n_in: int | None = None,
        n_out: int | None = None,
        beta: float = 1.0,
        bias: bool = True,
        init: str | Initialiser | None = None,
        rng: Seed = None,
        dtype: Any = np.float64,
        *,
        bias_init: float = 0.0,
        learn: bool = False,
    ) -> None:
        super().__init__(n_in, n_out, bias, init, rng, dtype, bias_init=bias_init)
        self.start, self.learn = float(beta), bool(learn)
        self.beta: Any = Tensor(self.start, "beta", dtype=dtype) if learn else self.start

    def gate(self, z: Any) -> Any:
        """z σ(βz)."""
        return functional.swish(*alike(z, self.beta))

    def describe(self) -> str:
        learned = ", learn=True" if self.learn else ""
        return f"{super().describe()}, beta={self.start}{learned}"
