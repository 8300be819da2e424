"""Fused rows equal their composites; functions without a rule of their own equal NumPy's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numerics import central_differences, check_close, weights
from samples import EINSUM, MATMUL, SAMPLES, Sample, mask, numbers

import autograd
from autograd import Tensor

inf = math.inf
FUSED = [
    s
    for name, row in autograd.registry.items()
    if row.family == "full" and not row.whole  # type: ignore[attr-defined]
    for s in SAMPLES[name]
    if s.slots
]


# --- fused = composite ----------------------------------------------------------------------------


def derivatives(
    function: Callable[..., Any], arrays: list[np.ndarray]
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Output, gradient and a gradient of the gradient."""
    tensors = [Tensor(x) for x in arrays]
    out = function(*tensors)
    out.backward(weights(out.shape), create_graph=True)
    firsts = [t.grad for t in tensors]
    for t in tensors:
        t.grad = None
    total = sum((g * g).sum() for g in firsts)
    if total.requires_grad:
        total.backward()
    seconds = [np.zeros(t.shape) if t.grad is None else t.grad for t in tensors]
    return out.data, [g.data for g in firsts], seconds


@pytest.mark.parametrize("sample", FUSED, ids=repr)
def test_a_fused_row_is_its_composite_to_second_order(sample: Sample) -> None:
    def composite(*arrays: Any) -> Any:
        arguments = list(sample.plain)
        for slot, x in zip(sample.slots, arrays, strict=True):
            arguments[slot] = x
        return sample.row.composite(*arguments, **(sample.row.options | sample.options))

    fused, made = derivatives(sample, sample.arrays), derivatives(composite, sample.arrays)
    check_close(fused[0], made[0], 1e-13)
    for one, other in zip(fused[1] + fused[2], made[1] + made[2], strict=True):
        check_close(one, other, 1e-12)


def test_log_softmax_of_logits_with_minus_infinity() -> None:
    x = Tensor([-inf, 0.0, 0.0])
    out = autograd.log_softmax(x)
    np.testing.assert_allclose(out.data, [-inf, math.log(0.5), math.log(0.5)])
    out[1].backward()
    np.testing.assert_allclose(x.grad, [0, 0.5, -0.5])


def test_softmax_of_logits_with_minus_infinity() -> None:
    x = Tensor([-inf, 0.0, 0.0])
    out = autograd.softmax(x)
    np.testing.assert_allclose(out.data, [0, 0.5, 0.5])
    out[1].backward()
    np.testing.assert_allclose(x.grad, [0, 0.25, -0.25])


def test_a_class_that_is_impossible_costs_nothing_when_it_is_not_the_target() -> None:
    x = Tensor([[-inf, 0.0, 0.0]])
    loss = autograd.softmax_cross_entropy(x, np.array([[0.0, 1.0, 0.0]]))
    np.testing.assert_allclose(loss.data, [math.log(2)])
    loss.backward()
    np.testing.assert_allclose(x.grad, [[0, -0.5, 0.5]])


def test_a_class_that_is_impossible_costs_everything_when_it_is_the_target() -> None:
    x = Tensor([[-inf, 0.0]])
    loss = autograd.softmax_cross_entropy(x, np.array([[1.0, 0.0]]))
    np.testing.assert_array_equal(loss.data, [inf])
    loss.backward()
    np.testing.assert_allclose(x.grad, [[-1, 1]])


def test_the_logarithm_of_an_empty_or_vanishing_sum_is_minus_infinity_without_a_warning() -> None:
    assert autograd.logsumexp(Tensor([])).item() == -inf
    assert autograd.logsumexp(Tensor([-inf, -inf])).item() == -inf
    assert autograd.logsumexp(Tensor([inf, 0.0])).item() == inf


# --- composites = NumPy ---------------------------------------------------------------------------


class Call(NamedTuple):
    """A function of arrays, and NumPy's function of the same name."""

    title: str
    ours: Callable[..., Any]
    numpys: Callable[..., Any]
    arrays: list[np.ndarray]


def both(name: str, *arrays: np.ndarray, **options: Any) -> Call:
    """A call of ``autograd.<name>`` and of ``np.<name>`` with the same arguments."""
    ours, numpys = getattr(autograd, name), getattr(np, name)
    shown = ", ".join(f"{key}={value!r}" for key, value in options.items())
    return Call(
        f"{name} {[x.shape for x in arrays]} {shown}",
        lambda *xs: ours(*xs, **options),
        lambda *xs: numpys(*xs, **options),
        list(arrays),
    )


def joined(name: str, *arrays: np.ndarray, **options: Any) -> Call:
    """The same for a function that takes a list of arrays."""
    ours, numpys = getattr(autograd, name), getattr(np, name)
    return Call(
        f"{name} {[x.shape for x in arrays]} {options}",
        lambda *xs: ours(list(xs), **options),
        lambda *xs: numpys(list(xs), **options),
        list(arrays),
    )


M = numbers(3, 4)
CALLS = [
    both("clip", M, min=-1.1, max=0.9),
    both("clip", M, min=-1.1),
    both("clip", M, max=0.9),
    *(both("ravel", numbers(*shape)) for shape in ((2, 3), (), (0, 2))),
    both("swapaxes", numbers(2, 3, 4), axis1=0, axis2=-1),
    both("moveaxis", numbers(2, 3, 4), source=0, destination=-1),
    both("moveaxis", numbers(2, 3, 4), source=(0, -1), destination=(-1, 0)),
    both("expand_dims", M, axis=1),
    both("expand_dims", M, axis=-1),
    both("expand_dims", M, axis=(0, -1)),
    both("expand_dims", M, axis=[0, 3]),
    both("squeeze", numbers(1, 3, 1)),
    both("squeeze", numbers(1, 3, 1), axis=0),
    both("squeeze", numbers(1, 3, 1), axis=(0, -1)),
    both("flip", M),
    both("flip", M, axis=0),
    both("flip", M, axis=(-1, 0)),
    *(both("diag", numbers(3), k=k) for k in (-2, -1, 0, 1, 2)),
    *(both("diag", M, k=k) for k in (-3, -2, -1, 0, 1, 2, 4)),
    *(both("trace", M, offset=k) for k in (-1, 0, 2)),
    both("trace", numbers(2, 3, 4)),
    both("trace", numbers(2, 3, 4), offset=1, axis1=-1, axis2=1),
    *(both("triu", M, k=k) for k in (-1, 0, 1)),
    *(both("tril", M, k=k) for k in (-1, 0, 1)),
    both("tril", numbers(2, 3, 3)),
    both("tile", numbers(3), reps=2),
    both("tile", M, reps=(2, 1, 2)),
    both("tile", numbers(2, 1, 2), reps=(2, 3)),
    both("tile", np.array(2.0), reps=(2, 2)),
    both("tile", M, reps=0),
    both("repeat", M, repeats=2),
    both("repeat", M, repeats=2, axis=-1),
    both("repeat", M, repeats=[1, 0, 2], axis=0),
    both("repeat", np.array(2.0), repeats=3),
    both("take", M, indices=np.array([[0, 2], [-1, 2]]), axis=0),
    both("take", numbers(2, 3, 2), indices=np.array([2, 0]), axis=-2),
    both("take", M, indices=np.array([[3], [-1]])),
    both("take", M, indices=1, axis=1),
    both("take_along_axis", M, indices=np.array([[0, 1, 2, 0], [2, 2, 2, 2]]), axis=0),
    both("take_along_axis", M, indices=np.array([[1], [0], [-1]]), axis=-1),
    both("take_along_axis", M, indices=np.array([3, 3, 0]), axis=None),
    *(joined("stack", numbers(2, 3), numbers(2, 3) + 1, axis=axis) for axis in (0, 1, -1)),
    joined("stack", np.array(1.0), np.array(2.0)),
    joined("concatenate", numbers(2, 3), numbers(1, 3)),
    joined("concatenate", numbers(2, 3), numbers(2, 1), axis=-1),
    joined("concatenate", numbers(2, 3), numbers(2), axis=None),
    joined("hstack", numbers(3), numbers(2)),
    joined("hstack", numbers(2, 3), numbers(2, 1)),
    joined("hstack", np.array(1.0), np.array(2.0)),
    joined("vstack", numbers(3), numbers(3) + 1),
    joined("vstack", numbers(2, 3), numbers(3)),
    *(
        both("dot", numbers(*a), numbers(*b, low=-1))
        for a, b in MATMUL
        if len(a) <= 2 and len(b) <= 2
    ),
    both("dot", np.array(2.0), M),
    both("dot", M, np.array(2.0)),
    both("dot", numbers(2, 3, 4), numbers(2, 4, 3)),
    both("dot", numbers(4), numbers(2, 4, 3)),
    both("dot", numbers(2, 3, 4), numbers(4)),
    both("inner", numbers(3), numbers(3, low=-1)),
    both("inner", M, numbers(2, 4)),
    both("inner", numbers(2, 3, 4), numbers(4)),
    both("inner", np.array(2.0), M),
    both("outer", numbers(3), numbers(2)),
    both("outer", M, numbers(2, 2)),
    both("outer", np.array(2.0), np.array(3.0)),
    both("tensordot", numbers(2, 3, 4), numbers(3, 4, 2)),
    both("tensordot", numbers(2, 3), numbers(3, 2), axes=1),
    both("tensordot", numbers(2), numbers(3), axes=0),
    both("tensordot", numbers(2, 3, 4), numbers(4, 2, 5), axes=([0, 2], [1, 0])),
    both("tensordot", numbers(2, 3, 4), numbers(4, 2, 5), axes=((-1, 0), (0, -2))),
    both("tensordot", numbers(2, 3), numbers(4, 3), axes=(1, 1)),
    both("tensordot", numbers(2, 3), numbers(2, 3), axes=2),
    *(both("matmul", numbers(*a), numbers(*b)) for a, b in MATMUL),
    *(
        Call(
            f"einsum {subscripts} {shapes}",
            lambda *xs, subscripts=subscripts: autograd.einsum(subscripts, *xs),
            lambda *xs, subscripts=subscripts: np.einsum(subscripts, *xs),
            [numbers(*shape, low=-1 - i) for i, shape in enumerate(shapes)],
        )
        for subscripts, shapes in EINSUM
    ),
    Call(
        "where",
        lambda x, y: autograd.where(mask(3, 4), x, y),
        lambda x, y: np.where(mask(3, 4), x, y),
        [M, numbers(4)],
    ),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.title)
def test_a_function_gives_numpys_result_and_the_gradient_of_central_differences(call: Call) -> None:
    expected = call.numpys(*call.arrays)
    tensors = [Tensor(x) for x in call.arrays]
    out = call.ours(*tensors)
    check_close(out.data, expected, 1e-14)
    out.backward(weights(out.shape))

    def total(*arrays: np.ndarray) -> float:
        result = call.numpys(*arrays)
        return float(np.sum(result * weights(np.shape(result))))

    for t, slope in zip(tensors, central_differences(total, call.arrays), strict=True):
        check_close(t.grad, slope, 1e-8)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.title)
def test_a_function_gives_the_same_on_plain_arrays(call: Call) -> None:
    out = call.ours(*call.arrays)
    assert not isinstance(out, Tensor)
    check_close(out, call.numpys(*call.arrays), 1e-14)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.title)
def test_a_function_gives_the_same_on_arrays_of_values(call: Call) -> None:
    values = [autograd.values(x) for x in call.arrays]
    out = np.asarray(call.ours(*values), dtype=object)
    check_close(out.astype(float), call.numpys(*call.arrays), 1e-13)
    seed = weights(out.shape)
    total = sum(x * w for x, w in zip(out.ravel(), seed.ravel(), strict=True))
    if isinstance(total, autograd.Value):
        total.backward()
    tensors = [Tensor(x) for x in call.arrays]
    call.ours(*tensors).backward(seed)
    for array, t in zip(values, tensors, strict=True):
        each = [
            0.0 if v.grad is None else v.grad for v in np.ravel(np.asarray(array, dtype=object))
        ]
        check_close(np.reshape(each, t.shape), t.grad, 1e-12)


@pytest.mark.parametrize(
    ("sections", "axis"), [(2, 0), (3, -1), ([1, 3], 0), ([1], 1), ([], 0), ([0, 4], 0), ([-1], 0)]
)
def test_split_cuts_where_numpy_cuts(sections: Any, axis: int) -> None:
    x = Tensor(numbers(4, 3))
    parts = autograd.split(x, sections, axis)
    expected = np.split(x.data, sections, axis)
    assert len(parts) == len(expected)
    for part, plain in zip(parts, expected, strict=True):
        check_close(part.data, plain)
    sum((part * (i + 1.0)).sum() for i, part in enumerate(parts)).backward()
    slope = np.concatenate([np.full(p.shape, i + 1.0) for i, p in enumerate(expected)], axis)
    check_close(x.grad, slope)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_the_place_of_an_extreme_is_a_plain_integer(name: str) -> None:
    x = np.array([[3.0, 1.0, 3.0], [2.0, 2.0, 0.0]])
    for options in ({}, {"axis": 1}, {"axis": 0, "keepdims": True}):
        expected = getattr(np, name)(x, **options)
        for operand in (Tensor(x), autograd.values(x), x, x.tolist()):
            out = getattr(autograd, name)(operand, **options)
            np.testing.assert_array_equal(out, expected)
            assert np.asarray(out).dtype.kind == "i"


# --- errors ---------------------------------------------------------------------------------------


ERRORS = [
    (lambda x: x + Tensor(np.ones(5)), ValueError, r"add of shapes \(3, 4\) and \(5,\)"),
    (lambda x: x @ Tensor(np.ones(5)), ValueError, r"matmul of shapes \(3, 4\) and \(5,\)"),
    (lambda x: x @ Tensor(2.0), ValueError, r"matmul of shapes \(3, 4\) and \(\)"),
    (lambda x: x[7], IndexError, r"getitem of shapes \(3, 4\): index 7 is out of bounds"),
    (lambda x: x[np.array([0, 3])], IndexError, r"getitem of shapes \(3, 4\): index 3 is out"),
    (lambda x: x[0, 0, 0], IndexError, r"getitem of shapes \(3, 4\): too many indices"),
    (lambda x: x[1.0], IndexError, "getitem"),
    (lambda x: x.sum(axis=2), ValueError, r"sum of shapes \(3, 4\): axis 2 is out of bounds"),
    (lambda x: x.max(axis=(0, 0)), ValueError, r"max of shapes \(3, 4\): duplicate"),
    (lambda x: autograd.softmax(x, axis=2), ValueError, r"softmax of shapes \(3, 4\): axis 2"),
    (lambda x: x.reshape(5), ValueError, r"reshape of shapes \(3, 4\): cannot reshape"),
    (lambda x: x.transpose(0, 0), ValueError, r"transpose of shapes \(3, 4\)"),
    (lambda x: x.broadcast_to((3, 5)), ValueError, r"broadcast_to of shapes \(3, 4\)"),
    (lambda x: x.squeeze(0), ValueError, r"squeeze: axis 0 of shape \(3, 4\)"),
    (lambda x: autograd.concatenate([x, Tensor(np.ones(2))]), ValueError, "concatenate"),
    (lambda x: autograd.concatenate(x), TypeError, "concatenate takes a list of arrays"),
    (lambda x: autograd.concatenate([]), ValueError, "concatenate takes at least one array"),
    (lambda x: autograd.hstack([]), TypeError, "hstack takes a list of one or more arrays"),
    (lambda x: autograd.vstack(x), TypeError, "vstack takes a list of one or more arrays"),
    (lambda x: autograd.split(x, [1], axis=2), ValueError, "split: axis 2 is out of bounds"),
    (lambda x: autograd.repeat(x, -1), ValueError, r"repeat of shape \(12,\), -1 times"),
    (lambda x: autograd.repeat(x, [1, 2], 0), ValueError, r"repeat of shape \(3, 4\)"),
    (lambda x: autograd.trace(x[0]), ValueError, "trace takes a matrix"),
    (lambda x: autograd.triu(x[0]), ValueError, "triu takes a matrix"),
    (lambda x: autograd.swapaxes(x, 0, 2), ValueError, "swapaxes: axis 2"),
    (lambda x: autograd.moveaxis(x, 0, 2), ValueError, "moveaxis, destination: axis 2"),
    (lambda x: autograd.flip(x, 2), ValueError, "flip: axis 2"),
    (lambda x: autograd.expand_dims(x, 4), ValueError, "expand_dims: axis 4"),
    (lambda x: autograd.roll(x, 1, 2), ValueError, r"roll of shapes \(3, 4\): axis 2"),
    (lambda x: autograd.pad(x, -1), ValueError, "pad of shapes"),
    (lambda x: autograd.stack([x, x[0]]), ValueError, r"stack takes arrays of one shape"),
    (lambda x: autograd.stack([]), TypeError, "stack takes a list of one or more arrays"),
    (lambda x: autograd.split(x, 2), ValueError, "does not divide into 2 equal parts"),
    (lambda x: autograd.tile(x, -1), ValueError, "tile"),
    (lambda x: autograd.diag(x[None]), ValueError, "diag takes a vector or a matrix"),
    (lambda x: autograd.clip(x), ValueError, "clip takes at least one of min and max"),
    (lambda x: autograd.einsum("ij,jk->ik", x), ValueError, "names 2 operands, got 1"),
    (lambda x: autograd.einsum("ijk->k", x), ValueError, "names 3 axes of an operand with 2"),
    (lambda x: autograd.einsum(x, "ij"), TypeError, "einsum takes its subscripts first"),
    (lambda x: autograd.einsum("ij->k", x), ValueError, "einsum"),
    (lambda x: autograd.tensordot(x, x, axes=3), ValueError, "cannot sum over 3 axes"),
    (lambda x: autograd.tensordot(x, x, axes=1), ValueError, "tensordot: shapes"),
    (lambda x: autograd.inner(x, x[:, :2]), ValueError, "shapes"),
    (lambda x: autograd.take(x, [0.5]), TypeError, "takes integer indices, got float64"),
    (lambda x: autograd.take(x, [True]), TypeError, "takes integer indices, got bool"),
    (lambda x: autograd.take(x, Tensor(1.0)), TypeError, "expected an array, got a Tensor"),
    (
        lambda x: autograd.take(x, [[0, 3]], axis=0),
        IndexError,
        r"from 0 to 2 .*, got 3 at \[0, 1\]",
    ),
    (lambda x: autograd.take(x, -13), IndexError, "from 0 to 11 .*, got -13"),
    (lambda x: autograd.take(x, 0, axis=2), ValueError, "axis 2"),
    (lambda x: np.take(x, 0, mode="clip"), TypeError, "mode="),
    (lambda x: autograd.take_along_axis(x, [[0.5]]), TypeError, "takes integer indices"),
    (lambda x: autograd.take_along_axis(x, [[0]], axis=2), ValueError, "axis 2"),
    (lambda x: x.astype(dtype=int), TypeError, "a Tensor is float32 or float64, not int64"),
    (lambda x: autograd.linear(x, np.ones((2, 3))), ValueError, r"linear of shapes \(3, 4\)"),
    (lambda x: autograd.linear(x, np.ones((2, 4)), np.ones(3)), ValueError, "a bias of shape"),
    (lambda x: autograd.sum(x, axes=1), TypeError, r"sum\(\) has no option 'axes'"),
    (lambda x: autograd.exp(x, x), TypeError, r"exp\(\) takes 1 inputs and 0 options"),
    (lambda x: autograd.add(x), TypeError, r"add\(\) takes 2 inputs, got 1"),
    (lambda x: autograd.exp("one"), TypeError, "exp: expected a number, an array"),
    (lambda x: autograd.exp(1j), TypeError, "exp: expected"),
    (lambda x: autograd.add(x, np.array([1j])), TypeError, "expected real numbers"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_a_call_that_cannot_be_is_an_error_that_says_so(
    call: Any, error: Any, message: str
) -> None:
    x = Tensor(numbers(3, 4))
    with pytest.raises(error, match=message):
        call(x)
    assert x.grad is None
