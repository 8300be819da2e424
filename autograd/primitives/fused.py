"""Fused primitives: they fit no family, or are measurably faster or stabler than their composite.

Each states its vjp and jvp; a test holds it equal to the composite it names.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.engine.axes import shape_of
from autograd.engine.declare import fused
from autograd.engine.families import Fused
from autograd.engine.operands import nary
from autograd.engine.primitive import Unsaid, registry
from autograd.engine.sums import add_up, as_floats, largest, ones
from autograd.primitives.elementwise import exp, indicator, log, patch
from autograd.primitives.entropy import as_alike, mul_or_zero, xlogy
from autograd.primitives.linear import expand_dims, swapaxes
from autograd.primitives.products import matmul
from autograd.primitives.reductions import max, sum

Array = np.ndarray

# --- the affine map of a layer --------------------------------------------------------------------


def _linear_array(x: Any, weight: Any, bias: Any = None) -> Any:
    if not (isinstance(x, Array) and isinstance(weight, Array) and x.ndim and weight.ndim == 2):
        raise ValueError("linear takes x of shape (..., in) and a weight of shape (out, in)")
    out = x.dot(weight.T)
    if bias is None:
        return out
    if not isinstance(bias, Array) or bias.shape != out.shape[-1:]:
        raise ValueError(f"a bias of shape {shape_of(bias)} for {out.shape[-1]} outputs")
    return np.add(out, bias, out) if bias.dtype is out.dtype else out + bias


def _rows(x: Any) -> Any:
    """x as a matrix: every axis but the last taken as one."""
    *rest, n = x.shape
    return x.reshape((math.prod(rest), n))  # −1 would be unknown of an empty array


def _linear_by_bias(g: Any, out: Any, x: Any, weight: Any, bias: Any) -> Any:
    g = g if g.ndim == 2 else _rows(g)
    return g.T.dot(ones(g.shape[0], g.dtype))  # a sum over the rows


def _linear_by_weight(g: Any, out: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    if g.ndim == 2:  # and x as well
        return g.T.dot(x)
    return _rows(g).T.dot(_rows(x))


def _linear_composite(x: Any, weight: Any, bias: Any = None) -> Any:
    out = matmul(x, swapaxes(weight, -1, -2))
    return out if bias is None else out + bias


def _linear_values(x: Any, weight: Any, bias: Any = None) -> Any:
    """On Values: one n-ary node per output, the bias being a weight on the constant 1."""
    x, weight = np.asarray(x), np.asarray(weight)
    shape = (*x.shape[:-1], weight.shape[0]) if weight.ndim == 2 else ()
    if x.ndim == 0 or weight.ndim != 2 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            "linear takes x of shape (..., in) and a weight of shape (out, in), "
            f"got {x.shape} and {weight.shape}"
        )
    if bias is not None and np.shape(bias) != shape[-1:]:
        raise ValueError(f"a bias of shape {np.shape(bias)} for {shape[-1]} outputs")
    rows = weight.tolist()
    ends = [()] * len(rows) if bias is None else [(b,) for b in np.asarray(bias).tolist()]
    out = np.empty((math.prod(shape[:-1]), shape[-1]), dtype=object)
    for i, each in enumerate(x.reshape(len(out), x.shape[-1]).tolist()):
        if bias is not None:
            each.append(1.0)
        for j, row in enumerate(rows):
            out[i, j] = nary(matmul, (*each, *row, *ends[j]), {})
    return out.reshape(shape)


linear: Fused = fused(
    "linear",
    _linear_array,
    (
        lambda g, out, x, weight, bias=None: g.dot(weight),
        _linear_by_weight,
        _linear_by_bias,
    ),
    (
        lambda t, out, x, weight, bias=None: linear(t, weight),
        lambda t, out, x, weight, bias=None: linear(x, t),
        lambda t, out, x, weight, bias: registry["broadcast_to"](t, shape=shape_of(out)),
    ),
    _linear_composite,
    doc="x Wᵀ + b for x of shape (..., in), W (out, in) and b (out): the affine map of a layer.",
    symbol="Wx + b",
    formula=_linear_composite,
    method=False,
    values=_linear_values,
    slot_kinds=("multilinear", "multilinear", "linear"),
    required=2,
)


FIRST = Unsaid("first")
"""How the largest number is found that is subtracted for stability: at a tie it makes no difference."""

# --- softmax and its logarithm --------------------------------------------------------------------


def _softmax_array(x: Any, axis: int) -> Any:
    x = as_floats(x)
    e = np.exp(x - largest(x, axis))
    e /= add_up(e, axis=axis, keepdims=True)
    return e


def _softmax_product(g: Any, out: Any, x: Any, axis: int) -> Any:
    """(diag(p) − p pᵀ) g: the Jacobian is symmetric, so this is the vjp and the jvp."""
    return out * (g - sum(g * out, axis=axis, keepdims=True))


def _softmax_composite(x: Any, axis: int) -> Any:
    if 0 in x.shape:
        return exp(x)  # which is as empty, and has no maximum
    e = exp(x - max(x, axis=axis, keepdims=True, ties=FIRST))
    return e / sum(e, axis=axis, keepdims=True)


softmax = fused(
    "softmax",
    _softmax_array,
    (_softmax_product,),
    (_softmax_product,),
    _softmax_composite,
    doc="eˣ / Σ eˣ along `axis` (the last), stable at ±1000. Jacobian: diag(p) − p pᵀ.",
    axis=-1,
)


def _log_softmax_array(x: Any, axis: int) -> Any:
    x = as_floats(x)
    out = x - largest(x, axis)
    out -= np.log(add_up(np.exp(out), axis=axis, keepdims=True))
    return out


def _log_softmax_composite(x: Any, axis: int) -> Any:
    if 0 in x.shape:
        return exp(x)
    # The same parts as those of softmax: a program computes them once for both.
    shifted = x - max(x, axis=axis, keepdims=True, ties=FIRST)
    return shifted - log(sum(exp(shifted), axis=axis, keepdims=True))


log_softmax = fused(
    "log_softmax",
    _log_softmax_array,
    (lambda g, out, x, axis: g - exp(out) * sum(g, axis=axis, keepdims=True),),
    (lambda t, out, x, axis: t - sum(exp(out) * t, axis=axis, keepdims=True),),
    _log_softmax_composite,
    doc="x − ln Σ eˣ along `axis` (the last), stable at ±1000. Jacobian: I − 1 pᵀ.",
    axis=-1,
)


# --- softmax and cross-entropy in one -------------------------------------------------------------


def _cross_entropy_array(x: Any, target: Any, entropy: bool) -> Any:
    if getattr(x, "ndim", 0) == 0:
        raise ValueError(
            "softmax_cross_entropy takes logits of shape (..., classes), got one number"
        )
    if getattr(target, "dtype", None) is not x.dtype:
        x, target = as_alike(x, target)
    # Where the target is 0 the logarithm may be −inf, and does not count.
    log_p = np.where(np.equal(target, 0), 0, _log_softmax_array(x, -1))
    loss = 0 - np.sum(target * log_p, axis=-1)  # −x of a loss of 0 would be −0
    return loss + np.sum(xlogy(target, target), axis=-1) if entropy else loss


def _cross_entropy_slope(x: Any, target: Any) -> Any:
    """p Σd − d: the derivative by the logits; p − d when the target sums to one."""
    return softmax(x, axis=-1) * sum(target, axis=-1, keepdims=True) - target


def _cross_entropy_composite(x: Any, target: Any, entropy: bool) -> Any:
    log_p = log_softmax(x, axis=-1)
    loss = 0 - sum(mul_or_zero(target, log_p), axis=-1)
    return loss + sum(xlogy(target, target), axis=-1) if entropy else loss


def _cross_entropy_by_target(x: Any, target: Any, entropy: bool) -> Any:
    slope = -log_softmax(x, axis=-1)
    if not entropy:
        return slope
    # The derivative of d ln d is −inf at 0, and 0 by convention.
    return slope + log(patch(target == 0, 1, target)) + indicator(target > 0, target)


softmax_cross_entropy = fused(
    "softmax_cross_entropy",
    _cross_entropy_array,
    (
        lambda g, out, x, target, entropy: expand_dims(g, -1) * _cross_entropy_slope(x, target),
        lambda g, out, x, target, entropy: (
            expand_dims(g, -1) * _cross_entropy_by_target(x, target, entropy)
        ),
    ),
    (
        lambda t, out, x, target, entropy: sum(t * _cross_entropy_slope(x, target), axis=-1),
        lambda t, out, x, target, entropy: sum(
            t * _cross_entropy_by_target(x, target, entropy), axis=-1
        ),
    ),
    _cross_entropy_composite,
    doc="−Σ d ln softmax(x) along the last axis: one loss per instance, from logits and a target "
    "distribution. Its derivative by the logits is p − d. A term with d = 0 contributes exactly 0. With "
    "``entropy`` less the entropy of the target: the KL divergence.",
    symbol="cross-entropy",
    method=False,
    entropy=False,
)
