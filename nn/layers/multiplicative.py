"""Multiplicative combination: layers whose outputs are products of their inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd import Node, Tensor
from nn.arguments import operand, width
from nn.init import Initialiser, glorot_normal, initialiser
from nn.layers.linear import plain_input
from nn.module import Module
from nn.randomness import Seed, generator


class PairProduct(Module):
    """oᵢ = y₂ᵢ₋₁ y₂ᵢ, counted from 1: the product of each two neighbours, 2n inputs giving n outputs.

    The derivative by each factor is the other one.

    Raises:
        ValueError: the last axis has an odd length.

    >>> PairProduct()([2.0, 3.0, -1.0, 5.0]).tolist()
    [6.0, -5.0]

    Source: CMU 11-785, lecture 5, special case 2.
    """

    def forward(self, y: Any) -> Any:
        y = operand(y)
        shape = np.shape(y)
        if not shape or shape[-1] % 2:
            raise ValueError(f"PairProduct expected an even width, got shape {shape}")
        return y[..., 0::2] * y[..., 1::2]


class Power(Module):
    """z = W y, then outᵢ = ∏ₗ zₗ^αₗᵢ: products of powers of weighted sums.

    Args:
        n_in, n_out: the number of inputs and of outputs.
        learn: whether α is a parameter; then every z has to be above 0.
        alpha: the exponents, of shape (n_z, n_out), n_z being the number of weighted sums. When left
            out, n_z = n_out and outᵢ = zᵢ zᵢ₊₁, the last being z alone.
        init, rng, dtype: as `Linear` takes them, for W. Two layers with the same int as `rng` have equal
            weights.

    Shapes: y is (..., n_in) and the output (..., n_out); W is (n_z, n_in).

    Derivatives: by zⱼ, αⱼᵢ zⱼ^(αⱼᵢ−1) ∏_{l≠j} zₗ^αₗᵢ, without a division, so that it is right at zⱼ = 0;
    by αⱼᵢ, outᵢ ln zⱼ.

    Raises:
        ValueError: the last axis of y is not n_in long; `alpha` has another shape or an entry that is
            not finite; z is not above 0 where its exponent is learned or no whole number. The entry
            is named.

    >>> layer = Power(2, 1, alpha=[[2.0], [1.0]])
    >>> layer.W.data = [[1.0, 0.0], [0.0, 1.0]]
    >>> layer([-3.0, 2.0]).data.tolist()
    [18.0]

    Source: CMU 11-785, lecture 5, special case 2.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        learn: bool = False,
        alpha: Any = None,
        init: str | Initialiser | None = None,
        rng: Seed = None,
        dtype: Any = np.float64,
    ) -> None:
        self.n_in = width(n_in, "n_in of Power")
        self.n_out = width(n_out, "n_out of Power")
        self.learn = bool(learn)
        if alpha is None:
            alpha = np.eye(self.n_out) + np.eye(self.n_out, k=-1)
        alpha = np.asarray(autograd.check_array(alpha, "alpha of Power"), dtype=np.float64)
        if alpha.ndim != 2 or alpha.shape[0] < 1 or alpha.shape[1] != self.n_out:
            raise ValueError(
                f"alpha of Power expected shape (n_z, {self.n_out}), got {alpha.shape}"
            )
        if not np.all(np.isfinite(alpha)):
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(alpha))[0])
            raise ValueError(
                f"alpha of Power is made of finite exponents, got alpha{list(place)} = "
                f"{alpha[place]:g}"
            )
        draw = glorot_normal if init is None else initialiser(init)
        weight = draw((len(alpha), self.n_in), generator(rng))
        self.W: Any = Tensor(weight, "W", dtype=dtype)
        self.alpha: Any = Tensor(alpha, "alpha", dtype=dtype, requires_grad=self.learn)

    def forward(self, y: Any) -> Any:
        if isinstance(self.W, Tensor) and not isinstance(y, Node):
            y = plain_input(y, self.W.dtype)
        shape = np.shape(y)
        if shape[-1:] != (self.n_in,):
            raise ValueError(f"Power expected (..., {self.n_in}), got {shape}")
        z = autograd.linear(y, self.W)
        self.check_positive(z)
        powers = autograd.pow(autograd.expand_dims(z, -1), self.alpha)
        return autograd.prod(powers, axis=-2)

    def check_positive(self, z: Any) -> None:
        """Raise where a base is not above 0 and an exponent is learned, or no whole number."""
        learned = self.learn

        def check(bases: Any, alpha: Any) -> None:
            fractional = np.any(alpha != np.round(alpha), axis=-1)
            wrong = ~(bases > 0) & (learned | fractional)
            if np.any(wrong):
                place = tuple(int(i) for i in np.argwhere(wrong)[0])
                why = "learned" if learned else "fractional"
                raise ValueError(
                    f"Power expected z > 0 under {why} exponents, got z{list(place)} = "
                    f"{bases[place]:g}"
                )

        autograd.recording.check(check, z, self.alpha)

    def describe(self) -> str:
        return f"{self.n_in}, {self.n_out}" + (", learn=True" if self.learn else "")
