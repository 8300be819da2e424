"""Arrays that a graph was computed from, and that are written into before its pass.

An array among the arguments of a row is held as it is, as by PyTorch's ``from_numpy``: a write between
the recording and the pass gives a wrong gradient, which `detect_anomaly` finds. An option, such as an
index or the weights of classes, is copied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from samples import ALL, Sample

import autograd
import nn
from autograd import Tensor, Value

Array = np.ndarray[Any, Any]


def written(x: Array) -> None:
    """Other numbers in the same array."""
    if x.dtype == bool:
        x[...] = ~x
    elif x.dtype.kind in "iu":
        x[...] = x[..., ::-1].copy() if x.ndim else 1 - x
    else:
        x[...] = 0.375 + 0.25 * x


HELD = [
    (sample, slot)
    for sample in ALL
    for slot, x in enumerate(sample.arguments)
    if isinstance(x, np.ndarray) and x.size and any(i != slot for i in sample.slots)
]


@pytest.mark.parametrize(
    ("sample", "slot"), HELD, ids=lambda x: repr(x) if isinstance(x, Sample) else str(x)
)
def test_a_write_into_a_held_argument_is_found_in_every_row(sample: Sample, slot: int) -> None:
    arguments = [x.copy() if isinstance(x, np.ndarray) else x for x in sample.arguments]
    tracked = next(i for i in sample.slots if i != slot)
    held, leaf = arguments[slot], Tensor(arguments[tracked])
    arguments[tracked] = leaf
    before = held.copy()
    with np.errstate(all="ignore"), autograd.detect_anomaly():
        out = sample.row(*arguments, **sample.options)
        written(held)
        if np.array_equal(held, before):  # classes that read the same from both ends
            return
        if out._arrays[slot] is not held:  # whole numbers, which became floats of their own
            out.backward(np.ones(out.shape))
            return
        with pytest.raises(autograd.AnomalyError, match="was written after"):
            out.backward(np.ones(out.shape))


COPIED: list[tuple[str, Any, Callable[[Tensor, Any], Any]]] = [
    ("an index", np.array([0, 2]), lambda t, i: t[i]),
    ("a mask", np.array([True, False, True]), lambda t, m: t[m]),
    ("an index beside a slice", np.array([0, 2]), lambda t, i: t[i, :2]),
    ("an index of the row", np.array([0, 2]), lambda t, i: autograd.getitem(t, index=i)),
    ("an index in a list", [0, 2], lambda t, i: t[i]),
    (
        "where scatter puts it",
        np.array([2, 0, 1]),
        lambda t, i: autograd.scatter(t, index=(i,), shape=(4, 3)),
    ),
    (
        "indices along an axis",
        np.array([[0], [1], [2]]),
        lambda t, i: autograd.take_along_axis(t, i, axis=1),
    ),
    ("a list of widths", [[1, 1], [0, 0]], lambda t, w: autograd.pad(t, pad_width=w)),
    (
        "weights of classes",
        np.array([1.0, 2.0, 3.0]),
        lambda t, w: nn.cross_entropy(t, [0, 2, 1], weight=w),
    ),
    (
        "weights of classes of a hinge",
        np.array([1.0, 2.0, 3.0]),
        lambda t, w: nn.multiclass_hinge(t, [0, 2, 1], weight=w),
    ),
]


@pytest.mark.parametrize("case", COPIED, ids=lambda case: case[0])
def test_an_option_may_change_after_it_was_used(case: Any) -> None:
    _, option, f = case
    numbers = np.linspace(-1, 1, 9).reshape(3, 3)
    gradients = []
    for write in (False, True):
        given = np.array(option) if isinstance(option, np.ndarray) else [*option]
        leaf = Tensor(numbers)
        out = f(leaf, given)
        if write and isinstance(given, list):
            given.reverse()
        elif write:
            written(given)
        out.backward(np.ones(out.shape))
        gradients.append(leaf.grad)
    np.testing.assert_array_equal(*gradients)


TARGETS: list[tuple[str, Any, Callable[[Any, Any], Any]]] = [
    ("mse", np.array([0.25, 0.5]), nn.mse),
    ("l1", np.array([0.25, 0.5]), nn.l1),
    ("huber", np.array([0.25, 0.5]), nn.huber),
    ("hinge", np.array([1.0, -1.0]), nn.hinge),
    ("perceptron_loss", np.array([1.0, -1.0]), nn.perceptron_loss),
    ("binary_cross_entropy", np.array([0.25, 0.5]), nn.binary_cross_entropy),
    ("with logits", np.array([0.25, 0.5]), nn.binary_cross_entropy_with_logits),
    ("kl_divergence", np.array([0.25, 0.75]), nn.kl_divergence),
    ("cross_entropy of a distribution", np.array([0.25, 0.75]), nn.cross_entropy),
    ("where", np.array([True, False]), lambda x, m: autograd.where(m, x, 0.0)),
    ("stack", np.array([1.0, 2.0]), lambda x, y: autograd.stack([x, y]) * 2),
    ("take", np.array([0, 1]), autograd.take),
    ("a product", np.array([1.0, 2.0]), lambda x, y: x * y),
]


@pytest.mark.parametrize("case", TARGETS, ids=lambda case: case[0])
def test_a_write_into_a_target_or_a_mask_is_found(case: Any) -> None:
    _, target, f = case
    held, leaf = target.copy(), Tensor([0.4, 0.6])
    with autograd.detect_anomaly():
        out = f(leaf, held)
        held[...] = held[::-1].copy()
        with pytest.raises(autograd.AnomalyError, match="was written after"):
            out.backward(np.ones(out.shape))


def test_a_value_keeps_the_number_of_a_constant() -> None:
    constant, x = np.array(2.0), Value(3.0)
    out = x * constant.item() + autograd.maximum(x, constant)
    constant[...] = 5.0
    out.backward()
    assert x.grad == 3.0
