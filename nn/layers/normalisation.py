"""Normalisation layers: BatchNorm1d over the instances, LayerNorm and RMSNorm over the features."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd
from autograd import Node, Tensor
from nn.arguments import float_type, number, one_of, share, width
from nn.layers.linear import plain_input
from nn.module import Module, assign, numbers

Array = np.ndarray[Any, Any]


def prepared(x: Any, leaf: Any, dtype: Any) -> Any:
    """An input as a Tensor, a float array of the layer's dtype, or an object array of Values.

    Args:
        leaf: a parameter or a buffer of the layer: if it is a Tensor, Values are refused.
    """
    if isinstance(x, Tensor):
        return x
    if isinstance(leaf, Tensor):
        return x if isinstance(x, Node) else plain_input(x, dtype)
    if isinstance(x, autograd.Followed):
        return plain_input(x, dtype)
    array = np.asarray(autograd.check_array(x, "the input of a layer"))
    return array if array.dtype == object else plain_input(array, dtype)


MOMENTUM = 0.1
"""PyTorch's default: the weight of a new batch in the running statistics."""


def momentum_of(momentum: Any, alpha: Any) -> float:
    """The weight of a new batch, from PyTorch's ``momentum`` or the lectures' ``alpha``."""
    if alpha is not None and momentum != MOMENTUM:
        raise TypeError("BatchNorm1d takes momentum= or alpha= (which is 1 − momentum), not both")
    name, given = ("momentum", momentum) if alpha is None else ("alpha", alpha)
    weight = share(given, f"{name} of BatchNorm1d")
    return weight if alpha is None else 1 - weight


class Gathered:
    """Moments of Values, which come one feature at a time: passed on when all are there.

    From a program each is an array with one number per instance: as many batches, one after the other.
    """

    def __init__(self, features: int, track: Callable[[Any, Any], None]) -> None:
        self.features = features
        self.track = track
        self.moments: list[tuple[Any, Any]] = []

    def __call__(self, mean: Any, variance: Any) -> None:
        self.moments.append((np.array(mean, ndmin=1), np.array(variance, ndmin=1)))
        if len(self.moments) == self.features:
            means, variances = (np.stack(each, axis=-1) for each in zip(*self.moments, strict=True))
            self.moments = []
            for batch in zip(means, variances, strict=True):
                self.track(*batch)


class BatchNorm1d(Module):
    """Each feature to mean 0 and variance 1 over the batch, then scaled by γ and shifted by β.

    In training, with μ and v the mean and the biased variance of a feature over the n instances,

        s = (x − μ) / √(v + ε),    y = γ s + β,

    and the running statistics move: ``running ← (1 − momentum) running + momentum · batch``. After
    `eval()`, they take the place of μ and v, and a single instance may be given.

    Args:
        num_features: C, the number of features.
        eps: ε, inside the root.
        momentum: PyTorch's: the weight of the new batch; None is ``running="average"``.
        alpha: the lectures' α = 1 − momentum, the weight of the past, in its place.
        affine: whether there are γ (``weight``) and β (``bias``).
        dtype: float32 or float64.
        running_variance: which variance of a batch is averaged: ``"unbiased"``, Σ(x − μ)² / (n − 1),
            as PyTorch, or ``"biased"``, with n, the lecture's. Training always normalises by the
            biased one.
        running: ``"exponential"`` as above, or ``"average"``: the plain mean over all training
            batches so far.

    Attributes:
        weight, bias: γ and β, parameters of shape (C,), starting at 1 and 0; None without `affine`.
        running_mean, running_var: buffers of shape (C,), starting at 0 and 1: they are in
            `state_dict()`, but no parameters.
        num_batches_tracked: a buffer, the number of training batches so far.

    Shapes: x is (N, C), or (N, C, L), where the mean is over N and L; after `eval()` also (C,).

    Raises:
        ValueError: x has another shape; or, in training, there is one instance, whose variance is 0:
            nothing has changed then.

    >>> import numpy as np
    >>> layer = BatchNorm1d(2)
    >>> layer([[1.0, 10.0], [3.0, 50.0]]).data.round(4).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    >>> layer.running_mean.data.round(4).tolist(), layer.running_var.data.round(4).tolist()
    ([0.2, 3.0], [1.1, 80.9])
    >>> layer.eval()([1.0, 10.0]).shape, [name for name, _ in layer.named_parameters()]
    ((2,), ['weight', 'bias'])

    Source: Ioffe and Szegedy, "Batch normalization", ICML 2015; KTH DD2424, lecture 4.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = MOMENTUM,
        affine: bool = True,
        dtype: Any = np.float64,
        *,
        alpha: float | None = None,
        running_variance: str = "unbiased",
        running: str = "exponential",
    ) -> None:
        self.num_features = width(num_features, "num_features of BatchNorm1d")
        self.eps = number(eps, "eps of BatchNorm1d")
        one_of(running_variance, ("unbiased", "biased"), "running_variance")
        one_of(running, ("exponential", "average"), "running")
        if momentum is None and alpha is None:
            running = "average"
        elif running == "average" and not (momentum == MOMENTUM and alpha is None):
            raise TypeError(
                "running='average' weighs all batches alike: it takes no momentum or alpha"
            )
        self.momentum = None if running == "average" else momentum_of(momentum, alpha)
        self.running_variance = running_variance
        self.running = running
        self.dtype = float_type(dtype, "BatchNorm1d")
        ones, zeros = np.ones(self.num_features), np.zeros(self.num_features)
        self.weight = Tensor(ones, "weight", dtype=dtype) if affine else None
        self.bias = Tensor(zeros, "bias", dtype=dtype) if affine else None
        self.running_mean = Tensor(zeros, "running_mean", requires_grad=False, dtype=dtype)
        self.running_var = Tensor(ones, "running_var", requires_grad=False, dtype=dtype)
        # Always a double: float32 counts no further than 2²⁴.
        self.num_batches_tracked = Tensor(0.0, "num_batches_tracked", requires_grad=False)

    @property
    def alpha(self) -> float | None:
        """The lectures' α, the weight of the past: 1 − momentum; None with ``running="average"``."""
        return None if self.momentum is None else 1 - self.momentum

    @alpha.setter
    def alpha(self, alpha: float | None) -> None:
        self.momentum = None if alpha is None else momentum_of(MOMENTUM, alpha)

    def forward(self, x: Any) -> Any:
        x = prepared(x, self.running_mean, self.dtype)
        if isinstance(self.running_mean, Tensor) and isinstance(x, np.ndarray):
            x = Tensor(x, requires_grad=False, dtype=x.dtype)
        shape = x.shape if isinstance(x, Tensor) else np.shape(x)
        rank = len(shape)
        features = shape[0] if rank == 1 else shape[1] if rank in (2, 3) else None
        if features != self.num_features:
            n = self.num_features
            raise ValueError(f"BatchNorm1d expected (N, {n}) or (N, {n}, L), got {shape}")
        axes: tuple[int, ...] = (0, 2) if rank == 3 else (0,)
        if self.training:
            count = 1 if rank == 1 else math.prod(shape[axis] for axis in axes)
            if count < 2:
                raise ValueError(
                    "BatchNorm1d needs two instances or more in training, whose variance it divides "
                    f"by, got {count} (shape {shape}); call eval() to use the running statistics"
                )
            track: Callable[[Any, Any], None] = functools.partial(self.follow, count)
            if not isinstance(x, Tensor) and x.dtype == object:
                track = Gathered(self.num_features, track)
            out = autograd.batch_norm(x, axis=axes if rank > 2 else 0, eps=self.eps, track=track)
            if self.weight is None:
                return out
            return out * self.along(self.weight, rank) + self.along(self.bias, rank)
        scale = 1 / autograd.sqrt(self.running_var + self.eps)
        if self.weight is not None:
            scale = scale * self.weight
        out = (x - self.along(self.running_mean, rank)) * self.along(scale, rank)
        return out if self.bias is None else out + self.along(self.bias, rank)

    @staticmethod
    def along(vector: Any, rank: int) -> Any:
        """A vector of one number per feature, shaped to be broadcast along axis 1."""
        return vector if rank < 3 else vector.reshape((-1, 1))

    def follow(self, count: int, mean: Any, variance: Any) -> None:
        """Move the running statistics by one batch of so many numbers for each feature."""
        seen = float(numbers(self.num_batches_tracked)) + 1
        for leaf, new in self.moved(count, mean, variance, seen, numbers):
            assign(leaf, np.asarray(new))

    def moved(
        self, count: int, mean: Any, variance: Any, seen: Any, read: Callable[[Any], Any]
    ) -> list[tuple[Any, Any]]:
        """(buffer, what it becomes) by a batch: as numbers, or as nodes where these are read.

        Args:
            count: how many numbers of each feature the batch has.
            mean, variance: the moments of the batch.
            seen: how many batches that makes.
            read: gives what a buffer is to be computed with.
        """
        share = 1 / seen if self.momentum is None else self.momentum
        unbiased = count / (count - 1) if self.running_variance == "unbiased" else 1.0
        statistics = (
            (self.running_mean, mean, share),
            (self.running_var, variance, share * unbiased),
        )
        found = [
            (leaf, read(leaf) * (1 - share) + part * new.reshape((-1,)))
            for leaf, new, part in statistics
        ]
        return [*found, (self.num_batches_tracked, seen)]

    def describe(self) -> str:
        how = "running='average'" if self.momentum is None else f"momentum={self.momentum:g}"
        biased = ", running_variance='biased'" if self.running_variance == "biased" else ""
        affine = "" if self.weight is not None else ", affine=False"
        return f"{self.num_features}, eps={self.eps:g}, {how}{biased}{affine}"


class OverFeatures(Module):
    """What LayerNorm and RMSNorm share: a shape of features, at the end of the input's."""

    weight: Tensor | None

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: float, affine: bool, dtype: Any
    ) -> None:
        what = f"normalized_shape of {type(self).__name__}"
        given = normalized_shape
        if not isinstance(given, list | tuple):
            given = (width(given, what),)
        elif not given:
            raise ValueError(f"{what} is a width or a list of one width or more, got {given!r}")
        self.normalized_shape = tuple(width(n, f"{what}[{i}]") for i, n in enumerate(given))
        self.eps = number(eps, f"eps of {type(self).__name__}")
        self.dtype = float_type(dtype, type(self).__name__)
        ones = np.ones(self.normalized_shape)
        self.weight = Tensor(ones, "weight", dtype=dtype) if affine else None

    def _checked(self, x: Any) -> tuple[Any, tuple[int, ...]]:
        """The input, ready for a primitive, and the axes of the features."""
        x = prepared(x, self.weight, self.dtype)
        shape = x.shape if isinstance(x, Tensor) else np.shape(x)
        expected = self.normalized_shape
        if shape[-len(expected) :] != expected:
            wanted = ", ".join(map(str, expected))
            raise ValueError(f"{type(self).__name__} expected (..., {wanted}), got {shape}")
        return x, tuple(range(-len(expected), 0))

    def describe(self) -> str:
        shape = self.normalized_shape
        affine = "" if self.weight is not None else ", elementwise_affine=False"
        return f"{shape[0] if len(shape) == 1 else shape}, eps={self.eps:g}{affine}"


class LayerNorm(OverFeatures):
    """Each instance to mean 0 and variance 1 over its features, then scaled by γ and shifted by β.

    y = γ (x − μ) / √(v + ε) + β, with the mean μ and the biased variance v of one instance. Nothing
    depends on the other instances, so training and use are the same.

    Args:
        normalized_shape: the width of the last axis, or the lengths of the last axes.
        eps: ε, inside the root.
        elementwise_affine: whether there is a γ (``weight``), starting at 1.
        bias: whether there is a β as well, starting at 0.
        dtype: float32 or float64.

    Shapes: x is (..., *normalized_shape), and so is y.

    Raises:
        ValueError: the last axes of x are others.

    >>> LayerNorm(2)([[1.0, 3.0], [10.0, 50.0]]).data.round(4).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]

    Source: Ba, Kiros, Hinton, "Layer normalization", 2016.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__(normalized_shape, eps, elementwise_affine, dtype)
        self.bias = None
        if elementwise_affine and bias:
            self.bias = Tensor(np.zeros(self.normalized_shape), "bias", dtype=dtype)

    def forward(self, x: Any) -> Any:
        x, axes = self._checked(x)
        out = autograd.layer_norm(x, axis=axes, eps=self.eps)
        if self.weight is not None:
            out = out * self.weight
        return out if self.bias is None else out + self.bias


class RMSNorm(OverFeatures):
    """Each instance divided by the root mean square of its features, then scaled by γ.

    y = γ x / √(mean(x²) + ε). Unlike `LayerNorm` it does not move the mean, and has no β.

    Args:
        normalized_shape: the width of the last axis, or the lengths of the last axes.
        eps: ε, inside the root; the machine epsilon of `dtype` when left out, as PyTorch.
        elementwise_affine: whether there is a γ (``weight``), starting at 1.
        dtype: float32 or float64.

    Shapes: x is (..., *normalized_shape), and so is y.

    Raises:
        ValueError: the last axes of x are others.

    >>> RMSNorm(2)([3.0, 4.0]).data.round(4).tolist()
    [0.8485, 1.1314]

    Source: Zhang and Sennrich, "Root mean square layer normalization", NeurIPS 2019.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        dtype: Any = np.float64,
    ) -> None:
        if eps is None:
            eps = float(np.finfo(float_type(dtype, "RMSNorm")).eps)
        super().__init__(normalized_shape, eps, elementwise_affine, dtype)

    def forward(self, x: Any) -> Any:
        x, axes = self._checked(x)
        out = autograd.rms_norm(x, axis=axes, eps=self.eps)
        return out if self.weight is None else out * self.weight


NORMS: dict[str, type[BatchNorm1d | LayerNorm | RMSNorm]] = {
    "batch": BatchNorm1d,
    "layer": LayerNorm,
    "rms": RMSNorm,
}
"""The names that an MLP's ``norm`` may have."""


def norm_module(norm: Any, n: int, dtype: Any) -> Module:
    """A normalisation of n features for a ``norm`` argument: a name, or a function of the width."""
    make: Any = NORMS[norm] if isinstance(norm, str) else norm
    module: Module = make(n, dtype=dtype) if make in NORMS.values() else make(n)
    return module
