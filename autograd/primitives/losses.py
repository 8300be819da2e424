"""Losses of one node: made of other rows, so that a program can be given other targets.

Each takes the target as it was given. What a loss made of it before, outside the graph, would stay as it
was when the graph is replayed; and a target that needs no gradient makes no node of its own.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.engine.axes import shape_of
from autograd.engine.declare import elementwise, fused
from autograd.engine.families import Elementwise, Fused
from autograd.engine.letters import Letter
from autograd.engine.primitive import registry
from autograd.engine.sums import add_reduce, add_up, as_floats, largest, starts
from autograd.primitives.elementwise import (
    exp,
    indicator,
    log,
    of_nodes,
    patch,
    relu,
    sigmoid,
    softplus,
    where,
)
from autograd.primitives.entropy import (
    as_alike,
    ln_of_the_rest,
    mul_or_zero,
    x_ln_y,
    xlog1py,
    xlogy,
)
from autograd.primitives.fused import log_softmax, softmax
from autograd.primitives.linear import expand_dims
from autograd.primitives.reductions import sum

Rule = Callable[..., Any]


# --- how they are written -------------------------------------------------------------------------


def _binary_formula(x: Any, target: Any, entropy: bool = False) -> Any:
    if_yes, if_no = -x_ln_y(target, x), ln_of_the_rest(target, x)
    loss = if_yes if _is_zero(if_no) else -if_no if _is_zero(if_yes) else if_yes - if_no
    return loss + _entropy_formula(target) if entropy else loss


def _is_zero(x: Any) -> bool:
    return not isinstance(x, Letter) and bool(np.all(x == 0))


def _entropy_formula(target: Any) -> Any:
    return x_ln_y(target, target) + ln_of_the_rest(target, target)


def _logistic_formula(x: Any, target: Any, weight: Any, entropy: bool = False) -> Any:
    loss = target * weight * softplus(-x) + (1 - target) * softplus(x)
    return loss + _entropy_formula(target) if entropy else loss


def _kl_formula(x: Any, target: Any, of_logs: bool = False, log_target: bool = False) -> Any:
    if log_target:
        return exp(target) * (target - x)
    return x_ln_y(target, target) - (target * x if of_logs else x_ln_y(target, x))


# --- element by element ---------------------------------------------------------------------------


def elements(
    name: str, composite: Rule, *derivatives: Rule, doc: str, **options: Any
) -> Elementwise:
    """An elementwise row that is made of others: they compute it on floats and on arrays."""

    def array(*operands: Any, **chosen: Any) -> Any:
        with np.errstate(divide="ignore"):  # inf is the answer, and no accident
            return composite(*as_alike(*operands), **chosen)

    return elementwise(
        name, composite, array, *derivatives, doc=doc, composite=composite, **options
    )


def _entropy(d: Any) -> Any:
    """d ln d + (1 − d) ln(1 − d), 0 at both ends."""
    return xlogy(d, d) + xlog1py(1 - d, -d)


def _logit(d: Any) -> Any:
    """ln d − ln(1 − d), and 0 at both ends: the derivative of `_entropy`."""
    end = (d <= 0) | (d >= 1)
    return log(patch(end, 0.5, d)) - log(patch(end, 0.5, 1 - d))


def _binary(x: Any, target: Any, entropy: bool = False) -> Any:
    loss = 0 - (xlogy(target, x) + xlog1py(1 - target, -x))  # −x of a loss of 0 would be −0
    if not entropy:
        return loss
    if_yes = xlogy(target, target) - xlogy(target, x)
    return if_yes + (xlog1py(1 - target, -target) - xlog1py(1 - target, -x))


# At the ends, where neither the target nor the prediction leaves a doubt, the terms that are 0 · ∞ are
# 0 by convention; the derivative by the one does not exist by the other there.
def _ends(x: Any, target: Any) -> tuple[Any, Any]:
    return (target == 1) & (x >= 1), (target == 0) & (x <= 0)


def _binary_by_input(out: Any, x: Any, target: Any, entropy: bool) -> Any:
    return (1 - target) / where(target == 1, 1, 1 - x) - target / where(target == 0, 1, x)


def _binary_by_input_again(out: Any, x: Any, target: Any, entropy: bool) -> Any:
    yes, no = _ends(x, target)
    return patch(yes, 0, 1 - target) / where(yes, 1, 1 - x) - patch(no, 0, target) / where(no, 1, x)


def _binary_by_target(out: Any, x: Any, target: Any, entropy: bool) -> Any:
    yes, no = _ends(x, target)
    slope = log(patch(yes, 1, 1 - x, target)) - log(patch(no, 1, x, target))
    return slope + _logit(target) if entropy else slope


binary_cross_entropy = elements(
    "binary_cross_entropy",
    _binary,
    of_nodes(_binary_by_input, _binary_by_input_again),
    _binary_by_target,
    doc="−d ln x − (1 − d) ln(1 − x) of probabilities x and targets d, element by element. A term with\n"
    "the factor 0 is 0. With ``entropy`` less its least value: the KL divergence.",
    symbol="binary cross-entropy",
    formula=_binary_formula,
    method=False,
    entropy=False,
)


def _logistic(x: Any, target: Any, weight: Any, entropy: bool = False) -> Any:
    # Of an infinite logit that is right, the term without a factor would be 0 times inf.
    loss = mul_or_zero(target * weight, softplus(-x)) + mul_or_zero(1 - target, softplus(x))
    return loss + _entropy(target) if entropy else loss


def _logistic_by_target(out: Any, x: Any, target: Any, weight: Any, entropy: bool) -> Any:
    slope = mul_or_zero(weight, softplus(-x)) - softplus(x)
    return slope + _logit(target) if entropy else slope


logistic_cross_entropy = elements(
    "logistic_cross_entropy",
    _logistic,
    lambda out, x, target, weight, entropy: (
        (1 - target) * sigmoid(x) - target * weight * sigmoid(-x)
    ),
    _logistic_by_target,
    lambda out, x, target, weight, entropy: mul_or_zero(target, softplus(-x)),
    doc="−w d ln σ(x) − (1 − d) ln(1 − σ(x)) of logits x and targets d, w being a weight of the\n"
    "positive ones, element by element, right to the last digit at any logit. With ``entropy`` less\n"
    "the least value at w = 1: the KL divergence.",
    symbol="binary cross-entropy of logits",
    formula=_logistic_formula,
    method=False,
    entropy=False,
)


def _kl(x: Any, target: Any, of_logs: bool = False, log_target: bool = False) -> Any:
    if log_target:
        d = exp(target)
        return d * (where(d == 0, 0, target) - where(d == 0, 0, x))
    if of_logs:
        return xlogy(target, target) - target * where(target == 0, 0, x)
    return xlogy(target, target) - xlogy(target, x)


def _kl_by_input(out: Any, x: Any, target: Any, of_logs: bool, log_target: bool) -> Any:
    if of_logs or log_target:
        return -(exp(target) if log_target else target)
    return -target / where(target == 0, 1, x)


def _kl_by_input_again(out: Any, x: Any, target: Any, of_logs: bool, log_target: bool) -> Any:
    if of_logs or log_target:
        return _kl_by_input(out, x, target, of_logs, log_target)
    off = (target == 0) & (x <= 0)
    return -patch(off, 0, target) / where(off, 1, x)


def _kl_by_target(out: Any, x: Any, target: Any, of_logs: bool, log_target: bool) -> Any:
    if log_target:
        d = exp(target)
        return d * (where(d == 0, 0, target) - where(d == 0, 0, x) + 1)
    # The derivative of d ln d is −inf at 0, and 0 by convention; that of d ln x is ln x where it is
    # finite.
    surprise = log(patch(target == 0, 1, target)) + indicator(target > 0, target)
    if of_logs:
        return surprise - where((target == 0) & (x == -math.inf), 0, x)
    return surprise - log(patch((target == 0) & (x <= 0), 1, x, target))


kl_divergence = elements(
    "kl_divergence",
    _kl,
    of_nodes(_kl_by_input, _kl_by_input_again),
    _kl_by_target,
    doc="d ln d − d ln x of probabilities x and d, element by element; 0 where d = 0. With ``of_logs``\n"
    "x stands for ln x, with ``log_target`` d for ln d besides.",
    symbol="KL divergence",
    formula=_kl_formula,
    method=False,
    of_logs=False,
    log_target=False,
)


# --- targets that are classes ---------------------------------------------------------------------


UNSIGNED = {
    np.dtype(order + kind + size): np.dtype(order + "u" + size)
    for order in "<>"
    for kind in "iu"
    for size in "1248"
}


def _checked(indices: Any, classes: int, ignore: int | None) -> Any:
    """Class indices that are there, with 0 for those that are left out; and which these are."""
    if ignore is not None and not isinstance(ignore, int | np.integer):
        raise TypeError(f"expected a class index to ignore, or None, got {ignore!r:.60}")
    indices = np.asarray(indices)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"expected integer class indices, got {indices.dtype}")
    if not indices.size:
        return indices, None
    # Taken as unsigned, what is below 0 is larger than any class: one look at the numbers is enough.
    unsigned = indices.view(UNSIGNED[indices.dtype])
    if unsigned.item(unsigned.argmax()) < classes and (
        ignore is None or ignore < 0 or ignore >= classes
    ):
        return indices, None
    left_out = None if ignore is None else indices == ignore
    wrong = (indices < 0) | (indices >= classes)
    if left_out is not None:
        wrong &= ~left_out
    if wrong.any():
        place = [int(i) for i in np.argwhere(wrong)[0]]
        where_ = f" at {place}" if place else ""
        raise ValueError(
            f"expected class indices from 0 to {classes - 1}, got {indices[tuple(place)]}{where_}"
        )
    return indices if left_out is None else np.where(left_out, 0, indices), left_out


def _classes(x: Any) -> int:
    """How many classes x scores, along its last axis."""
    shape = shape_of(x)
    if not shape:
        raise ValueError("expected scores of classes along the last axis, got one number")
    return int(shape[-1])


def _weights(weight: Any, classes: int, dtype: Any) -> Any:
    """One weight for each class."""
    weights = np.asarray(weight, dtype)
    if weights.shape != (classes,):
        raise ValueError(
            f"expected one weight for each of {classes} classes, got shape {weights.shape}"
        )
    return weights


def _float_of(x: Any) -> Any:
    dtype = getattr(x, "dtype", None)
    return dtype if dtype is not None and dtype.kind == "f" else np.dtype(np.float64)


SMALL = 128
"""Up to so many classes, the unit matrix is kept: picking its rows is the fastest one-hot."""


@functools.lru_cache(maxsize=8)
def _certainties(classes: int, dtype: Any) -> Any:
    """The unit matrix: in row c, the distribution that is certain of class c."""
    table = np.eye(classes, dtype=dtype)
    table.flags.writeable = False
    return table


def _targets_array(x: Any, indices: Any, weight: Any, ignore: Any, smoothing: float) -> Any:
    classes = _classes(x)
    indices, left_out = _checked(indices, classes, ignore)
    dtype = _float_of(x)
    if classes <= SMALL:
        out = _certainties(classes, dtype).take(indices, axis=0)  # a copy
    else:
        out = np.zeros((*indices.shape, classes), dtype)
        np.put_along_axis(out, indices[..., None], 1, axis=-1)
    if smoothing:
        out = out * (1 - smoothing) + smoothing / classes
    if weight is not None:
        out = out * _weights(weight, classes, dtype)
    if left_out is not None:
        out[left_out] = 0
    return out.astype(dtype, copy=False)


class_targets = fused(
    "class_targets",
    _targets_array,
    (None, None),
    (None, None),
    _targets_array,
    doc="The distributions, of the shape and dtype of x, that class indices stand for: (1 − s) at the\n"
    "class and s/K everywhere, for a ``smoothing`` of s, times the classes' ``weight``; 0 for the\n"
    "instances that ``ignore`` leaves out. It has no derivative.",
    weight=None,
    ignore=-100,
    smoothing=0.0,
)


def _score_array(x: Any, indices: Any, weight: Any, ignore: Any) -> Any:
    classes = _classes(x)
    chosen, left_out = _checked(indices, classes, ignore)
    if chosen.shape != x.shape[:-1]:
        raise ValueError(f"expected class indices of shape {x.shape[:-1]}, got {chosen.shape}")
    out = x.reshape(-1).take(chosen + starts(chosen.size, classes).reshape(chosen.shape))
    if weight is not None:
        out = out * _weights(weight, classes, out.dtype)[chosen]
    return out if left_out is None else np.where(left_out, 0, out)


def _spread(g: Any, slope: Any) -> Any:
    """The cotangent of each instance times its slope, and left out where that is 0.

    Such a class is not scored, or is right by more than the margin: whatever g is, infinite or nan.
    """
    return where(slope == 0, 0, expand_dims(g, -1) * slope)


class_score: Fused = fused(
    "class_score",
    _score_array,
    (
        lambda g, out, x, indices, **options: _spread(g, class_targets(x, indices, **options)),
        None,
    ),
    (
        lambda t, out, x, indices, **options: class_score(t, indices, **options),
        None,
    ),
    _score_array,
    symbol="of the class",
    method=False,
    doc="x at the class of each instance, times the class's ``weight``, and 0 where ``ignore`` leaves\n"
    "an instance out: of (..., K) and class indices (...).",
    slot_kinds=("linear", "linear"),
    weight=None,
    ignore=-100,
)


def _total(indices: Any, classes: int, weight: Any, ignore: Any) -> Any:
    """How many instances count, or the sum of their weights."""
    total: Any
    if weight is None:
        total = indices.size if indices.__class__ is np.ndarray else np.size(indices)
        if ignore is not None:
            total -= int(np.count_nonzero(indices == ignore))
    else:
        indices, left_out = _checked(indices, classes, ignore)
        counts = _weights(weight, classes, float)[indices]
        total = float((counts if left_out is None else np.where(left_out, 0, counts)).sum())
    if not total > 0:
        raise ValueError("there is nothing to average: no instance counts")
    return total


def _count_array(x: Any, indices: Any, classes: int, weight: Any, ignore: Any) -> Any:
    return np.asarray(_total(indices, classes, weight, ignore), _float_of(x))


class_count = fused(
    "class_count",
    _count_array,
    (None, None),
    (None, None),
    _count_array,
    doc="The sum of the weights of the instances that count, in the dtype of x. No derivative.",
    classes=1,
    weight=None,
    ignore=-100,
)


def _mean_share(g: Any, out: Any, x: Any, indices: Any, **options: Any) -> Any:
    if x.__class__ is np.ndarray:
        share = np.empty(x.shape, x.dtype)
        share.fill(g / _total(indices, **options))
        return share
    count = class_count(x, indices, **options)
    return registry["broadcast_to"](g / count, shape=shape_of(x))


def _class_mean_array(x: Any, indices: Any, classes: int, weight: Any, ignore: Any) -> Any:
    return add_reduce(x, None) / _total(indices, classes, weight, ignore)


def _class_mean(x: Any, indices: Any, **options: Any) -> Any:
    return sum(x) / class_count(x, indices, **options)


class_mean = fused(
    "class_mean",
    _class_mean_array,
    (_mean_share, None),
    (lambda t, out, x, indices, **options: sum(t) / class_count(x, indices, **options), None),
    _class_mean,
    doc="The losses x of instances, added up and divided by the weights of their classes.",
    symbol="mean",
    formula=_class_mean,
    method=False,
    classes=1,
    weight=None,
    ignore=-100,
)


def _class_loss(x: Any, indices: Any, weight: Any, ignore: Any, smoothing: float) -> Any:
    log_p = log_softmax(x, axis=-1)
    if not smoothing:
        return 0 - class_score(log_p, indices, weight=weight, ignore=ignore)
    d = class_targets(x, indices, weight=weight, ignore=ignore, smoothing=smoothing)
    return 0 - sum(mul_or_zero(d, log_p), axis=-1)


def _class_array(x: Any, indices: Any, weight: Any, ignore: Any, smoothing: float) -> Any:
    classes = _classes(x)
    if classes and (smoothing or not x.size):
        return _class_loss(x, indices, weight, ignore, smoothing)
    if weight is None and x.ndim == 2 and indices.__class__ is np.ndarray and _whole(x):
        chosen, left_out = _checked(indices, classes, ignore)
        if left_out is None and chosen.shape == x.shape[:1]:
            return _least(x, chosen)
    return 0 - _score_array(log_softmax.array(x, axis=-1), indices, weight, ignore)


def _least(x: Any, indices: Any) -> Any:
    """−ln softmax(x) at one class of each row of a matrix, and at the others not computed."""
    x = as_floats(x)
    x = x - largest(x, -1)
    total = add_up(np.exp(x), axis=-1)
    return np.log(total, total) - x.reshape(-1).take(indices + starts(*x.shape))


def _class_product(g: Any, out: Any, x: Any, indices: Any, **options: Any) -> Any:
    slope = _class_slope(x, indices, **options)
    if g.__class__ is slope.__class__ is np.ndarray:
        slope *= g[..., None]
        return slope
    return expand_dims(g, -1) * slope


def _array_slope(x: Any, indices: Any, ignore: Any) -> Any:
    """p − d of arrays, for certain targets without weights: p, and 1 less at the class."""
    classes = x.shape[-1]
    chosen, left_out = _checked(indices, classes, ignore)
    p = softmax.array(x, axis=-1)
    if classes <= SMALL:
        p -= _certainties(classes, p.dtype).take(chosen, axis=0)
    else:
        flat = p.reshape(-1)
        flat[(chosen + starts(chosen.size, classes).reshape(chosen.shape)).reshape(-1)] -= 1
    if left_out is not None:
        p[left_out] *= 0
    return p


def _whole(x: Any) -> bool:
    """Whether there are numbers, and they lie in memory row after row."""
    return x.size > 0 and x.flags.c_contiguous  # type: ignore[no-any-return]


def _class_slope(x: Any, indices: Any, **options: Any) -> Any:
    plain = options["weight"] is None and not options["smoothing"]
    if plain and x.__class__ is indices.__class__ is np.ndarray and _whole(x):
        return _array_slope(x, indices, options["ignore"])
    d = class_targets(x, indices, **options)
    p = softmax(x, axis=-1)
    if options["weight"] is None:
        ignore = options["ignore"]
        # Of arrays it can be seen that no instance is left out, which is how it mostly is.
        seen = x.__class__ is indices.__class__ is np.ndarray
        if ignore is None or (seen and not np.count_nonzero(indices == ignore)):
            return p - d
    return p * sum(d, axis=-1, keepdims=True) - d


class_cross_entropy = fused(
    "class_cross_entropy",
    _class_array,
    (_class_product, None),
    (
        lambda t, out, x, indices, **options: sum(t * _class_slope(x, indices, **options), axis=-1),
        None,
    ),
    _class_loss,
    doc="−ln softmax(x) at the class of each instance: the cross-entropy of logits (..., K) and class\n"
    "indices (...), each instance times the ``weight`` of its class; the options are those of\n"
    "`class_targets`. A class that is not there raises, also in a program.",
    symbol="cross-entropy",
    method=False,
    weight=None,
    ignore=-100,
    smoothing=0.0,
)


def _excess(x: Any, indices: Any, margin: float) -> tuple[Any, Any]:
    right = class_targets(x, indices)
    own = sum(where(right == 1, x, 0), axis=-1, keepdims=True)
    # The right class itself would add the margin: it is left out before the maximum.
    return relu(where(right == 1, 0, (x - own) + margin)), right


def _margin_loss(x: Any, indices: Any, margin: float, p: int, weight: Any) -> Any:
    excess, _ = _excess(x, indices, margin)
    losses = sum(excess if p == 1 else excess * excess, axis=-1)
    if weight is None:
        return losses
    return losses * sum(class_targets(x, indices, weight=weight), axis=-1)


def _margin_slope(x: Any, indices: Any, margin: float, p: int, weight: Any) -> Any:
    excess, right = _excess(x, indices, margin)
    slope = indicator(excess > 0, excess) if p == 1 else 2 * excess
    slope = slope - right * sum(slope, axis=-1, keepdims=True)
    if weight is None:
        return slope
    return slope * sum(class_targets(x, indices, weight=weight), axis=-1, keepdims=True)


def _margin_array(x: Any, indices: Any, **options: Any) -> Any:
    with np.errstate(invalid="ignore"):  # inf − inf, of a right class, which is left out
        return _margin_loss(x, indices, **options)


multiclass_hinge = fused(
    "multiclass_hinge",
    _margin_array,
    (
        lambda g, out, x, indices, **options: _spread(g, _margin_slope(x, indices, **options)),
        None,
    ),
    (
        lambda t, out, x, indices, **options: sum(
            t * _margin_slope(x, indices, **options), axis=-1
        ),
        None,
    ),
    _margin_loss,
    doc="Σ max(0, x_j − x_c + margin)ᵖ over the classes j other than the right one, c: of scores\n"
    "(..., K) and class indices (...). The derivative on the edge of the margin is 0.",
    symbol="hinge",
    method=False,
    margin=1.0,
    p=1,
    weight=None,
)
