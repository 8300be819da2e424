"""Normalisations: numbers shifted and scaled to mean 0 and variance 1, or to root mean square 1.

Each is fused because its composite records six nodes and keeps as many arrays. They share one rule:
with r the factor 1/√(v + ε) and s the output, the Jacobian r (I − 1 1ᵀ/n − s sᵀ/n) is symmetric, so
the same product is the vjp and the jvp. Without the mean, the term with 1 1ᵀ is missing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine.axes import normalise_axes
from autograd.engine.declare import fused
from autograd.engine.sums import add_up
from autograd.primitives.effects import told, track_moments
from autograd.primitives.elementwise import sqrt, square
from autograd.primitives.reductions import centre, deviations, mean


def _count(x: Any, axis: Any) -> int:
    """The number of elements that are normalised together; 1 where there are none."""
    n = 1
    for i in normalise_axes(axis, x.ndim):
        n *= x.shape[i]
    return n or 1


def _standardise_array(x: Any, axis: Any, eps: float, track: Any = None) -> Any:
    n = _count(x, axis)
    out, middle, total = deviations(x, axis, n)
    # In place from here on: out belongs to this function, and a pass over memory is what time goes to.
    variance = total / n
    if track is not None:
        told(track, middle, variance)
    out *= _factor(variance + eps, np.sqrt)
    return out


def _factor(v: Any, root: Any = sqrt) -> Any:
    """1/√v, and nan where v is infinite: numbers whose squares overflow are not silently 0."""
    return root(v) / v


def _standardise_product(g: Any, out: Any, x: Any, axis: Any, eps: float, track: Any = None) -> Any:
    if x.__class__ is out.__class__ is g.__class__ is np.ndarray:
        n = _count(x, axis)
        r = 1 / np.sqrt(deviations(x, axis, n)[2] / n + eps)
        along = g * out
        along = add_up(along, axis=axis, keepdims=True) / n
        product = g - add_up(g, axis=axis, keepdims=True) / n
        product -= out * along
        product *= r
        return product
    # Written as the composite is, so that a program computes the factor once for both.
    centred = x - centre(x, axis=axis, keepdims=True)
    r = 1 / sqrt(mean(square(centred), axis=axis, keepdims=True) + eps)
    along = mean(g * out, axis=axis, keepdims=True)
    return r * (g - mean(g, axis=axis, keepdims=True) - out * along)


def _standardise_composite(x: Any, axis: Any, eps: float, track: Any = None) -> Any:
    middle = centre(x, axis=axis, keepdims=True)
    centred = x - middle
    variance = mean(square(centred), axis=axis, keepdims=True)
    if track is not None:
        variance = track_moments(variance, middle, track=track)
    return centred * _factor(variance + eps)


batch_norm = fused(
    "batch_norm",
    _standardise_array,
    (_standardise_product,),
    (_standardise_product,),
    _standardise_composite,
    doc="(x − μ) / √(v + ε) with the mean μ and the biased variance v along `axis`, over instances: "
    "the first. Jacobian of each feature: (I − 1 1ᵀ/n − s sᵀ/n) / √(v + ε), where s is the output.\n\n"
    "``track(μ, v)`` is called with each evaluation, also in a program: see `track_moments`.",
    symbol="batch norm",
    method=False,
    impure=lambda options: options["track"] is not None,
    axis=0,
    eps=1e-5,
    track=None,
)

layer_norm = fused(
    "layer_norm",
    _standardise_array,
    (_standardise_product,),
    (_standardise_product,),
    _standardise_composite,
    doc="(x − μ) / √(v + ε) with the mean μ and the biased variance v along `axis`, over features: "
    "the last. Jacobian of each instance: (I − 1 1ᵀ/n − s sᵀ/n) / √(v + ε), where s is the output.",
    symbol="layer norm",
    method=False,
    axis=-1,
    eps=1e-5,
)


def _rms_norm_array(x: Any, axis: Any, eps: float) -> Any:
    v = add_up(np.square(x), axis=axis, keepdims=True) / _count(x, axis) + eps
    return x * _factor(v, np.sqrt)


def _rms_norm_product(g: Any, out: Any, x: Any, axis: Any, eps: float) -> Any:
    r = 1 / sqrt(mean(square(x), axis=axis, keepdims=True) + eps)
    return r * (g - out * mean(g * out, axis=axis, keepdims=True))


rms_norm = fused(
    "rms_norm",
    _rms_norm_array,
    (_rms_norm_product,),
    (_rms_norm_product,),
    lambda x, axis, eps: x * _factor(mean(square(x), axis=axis, keepdims=True) + eps),
    doc="x / √(mean(x²) + ε) along `axis`, the last. Jacobian of each instance: "
    "(I − s sᵀ/n) / √(mean(x²) + ε), where s is the output.",
    symbol="rms norm",
    method=False,
    axis=-1,
    eps=1e-5,
)
