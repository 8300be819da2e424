"""NumPy's functions and operators on nodes record, or raise; they never return a constant silently."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numerics import central_differences, check_close, weights
from samples import BINARY, UNARY, mask, numbers

import autograd
from autograd import Tensor, Value
from autograd.engine.primitive import numpy_functions

M = numbers(3, 4)
UFUNCS = [f for f in numpy_functions if isinstance(f, np.ufunc)]

# A call of every NumPy function that records, as people write it.
CALLS: dict[Any, list[tuple[Callable[..., Any], list[np.ndarray]]]] = {
    np.where: [(lambda t: np.where(mask(3, 4), t, 0.0), [M])],
    np.reshape: [(lambda t: np.reshape(t, (4, 3)), [M]), (lambda t: np.reshape(t, -1), [M])],
    np.transpose: [(np.transpose, [M]), (lambda t: np.transpose(t, (1, 0)), [M])],
    np.broadcast_to: [(lambda t: np.broadcast_to(t, (2, 3, 4)), [M])],
    np.pad: [
        (lambda t: np.pad(t, 1), [M]),
        (lambda t: np.pad(t, ((0, 1), (2, 0)), mode="constant"), [M]),
        (lambda t: np.pad(t, 1, "constant", constant_values=0), [M]),
    ],
    np.roll: [(lambda t: np.roll(t, 2), [M]), (lambda t: np.roll(t, 1, axis=0), [M])],
    np.cumsum: [(np.cumsum, [M]), (lambda t: np.cumsum(t, 1), [M])],
    np.astype: [(lambda t: np.astype(t, np.float64), [M])],
    np.concatenate: [
        (lambda t, u: np.concatenate([t, u]), [M, M + 1]),
        (lambda t, u: np.concatenate((t, np.ones((3, 1)), u), axis=1), [M, M + 1]),
    ],
    np.ravel: [(np.ravel, [M])],
    np.swapaxes: [(lambda t: np.swapaxes(t, 0, 1), [M])],
    np.moveaxis: [(lambda t: np.moveaxis(t, 0, -1), [M])],
    np.expand_dims: [(lambda t: np.expand_dims(t, 1), [M])],
    np.squeeze: [(np.squeeze, [M[:1]]), (lambda t: np.squeeze(t, axis=0), [M[:1]])],
    np.flip: [(np.flip, [M]), (lambda t: np.flip(t, 0), [M])],
    np.einsum: [(lambda t, u: np.einsum("ij,kj->ik", t, u), [M, M + 1])],
    np.dot: [(np.dot, [M, M.T.copy()])],
    np.inner: [(np.inner, [M, M + 1])],
    np.outer: [(np.outer, [M[0], M[1]])],
    np.tensordot: [(lambda t, u: np.tensordot(t, u, axes=([1], [1])), [M, M + 1])],
    np.sum: [(np.sum, [M]), (lambda t: np.sum(t, axis=0, keepdims=True), [M])],
    np.mean: [(np.mean, [M]), (lambda t: np.mean(t, 1), [M])],
    np.prod: [(np.prod, [M]), (lambda t: np.prod(t, axis=(0, 1)), [M])],
    np.max: [(np.max, [M]), (lambda t: np.max(t, axis=-1), [M])],
    np.amax: [(np.amax, [M])],
    np.min: [(np.min, [M]), (lambda t: np.min(t, 0, keepdims=True), [M])],
    np.amin: [(np.amin, [M])],
    np.var: [(np.var, [M]), (lambda t: np.var(t, axis=0, ddof=1), [M])],
    np.std: [(np.std, [M]), (lambda t: np.std(t, axis=1, keepdims=True), [M])],
    np.clip: [
        (lambda t: np.clip(t, -1.05, 1.05), [M]),
        (lambda t: np.clip(t, None, 1.05), [M]),
        (lambda t: np.clip(t, a_min=-1.05, a_max=None), [M]),
        (lambda t: np.clip(t, max=1.05), [M]),
    ],
    np.diag: [(np.diag, [M]), (lambda t: np.diag(t, 1), [M[0]])],
    np.hstack: [(lambda t, u: np.hstack([t, u]), [M, M + 1])],
    np.vstack: [(lambda t, u: np.vstack((t, u)), [M, M + 1])],
    np.stack: [(lambda t, u: np.stack([t, u], axis=1), [M, M + 1])],
    np.linalg.norm: [
        (np.linalg.norm, [M]),
        (lambda t: np.linalg.norm(t, axis=1), [M]),
        (lambda t: np.linalg.norm(t, "fro"), [M]),
        (lambda t: np.linalg.norm(t, axis=(0, 1)), [M]),
        (lambda t: np.linalg.norm(t, ord=1), [M[0]]),
        (lambda t: np.linalg.norm(t, np.inf, axis=0), [M]),
        (lambda t: np.linalg.norm(t, 2, axis=0, keepdims=True), [M]),
    ],
    np.repeat: [(lambda t: np.repeat(t, 2, axis=0), [M])],
    np.split: [(lambda t: np.split(t, [1, 2])[1], [M])],
    np.take: [
        (lambda t: np.take(t, [1, 1, -1], axis=0), [M]),
        (lambda t: np.take(t, np.array([[3], [0]])), [M]),
    ],
    np.take_along_axis: [(lambda t: np.take_along_axis(t, np.array([[0], [1], [1]]), 1), [M])],
    np.tile: [(lambda t: np.tile(t, (2, 1)), [M])],
    np.trace: [(np.trace, [M]), (lambda t: np.trace(t, 1), [M])],
    np.tril: [(np.tril, [M])],
    np.triu: [(lambda t: np.triu(t, 1), [M])],
}

for _name, _interval in UNARY.items():
    _function = {"neg": "negative", "identity": "positive"}.get(_name, _name)
    if hasattr(np, _function):
        CALLS[getattr(np, _function)] = [
            (getattr(np, _function), [numbers(2, 3, low=_interval[0], high=_interval[1])])
        ]
for _name, _ends in BINARY.items():
    _function = {"sub": "subtract", "mul": "multiply", "div": "divide", "pow": "power"}.get(
        _name, _name
    )
    if hasattr(np, _function):
        _operands = [
            numbers(2, 3, low=_ends[0], high=_ends[1]),
            numbers(3, low=_ends[2], high=_ends[3]),
        ]
        CALLS[getattr(np, _function)] = [(getattr(np, _function), _operands)]
CALLS[np.matmul] = [(np.matmul, [M, M.T.copy()])]

EVERY = [
    pytest.param(function, arrays, id=f"{key.__name__} {i}")
    for key, calls in CALLS.items()
    for i, (function, arrays) in enumerate(calls)
]


def test_every_function_of_numpy_that_records_is_called_here() -> None:
    assert set(CALLS) == set(numpy_functions)


@pytest.mark.parametrize(("function", "arrays"), EVERY)
def test_numpys_function_records_what_it_computes_on_arrays(
    function: Callable[..., Any], arrays: list[np.ndarray]
) -> None:
    tensors = [Tensor(x) for x in arrays]
    out = function(*tensors)
    assert isinstance(out, Tensor)
    assert not out.is_leaf
    check_close(out.data, function(*arrays), 1e-14)
    out.backward(weights(out.shape))

    def total(*xs: np.ndarray) -> float:
        return float(np.sum(function(*xs) * weights(out.shape)))

    for t, slope in zip(tensors, central_differences(total, arrays), strict=True):
        check_close(t.grad, slope, 1e-7)


@pytest.mark.parametrize(
    "ufunc", [f for f in UFUNCS if f is not np.matmul], ids=lambda f: f.__name__
)
def test_numpys_ufuncs_take_a_value(ufunc: np.ufunc) -> None:
    numbers_in = [x.ravel()[0].item() for x in CALLS[ufunc][0][1]]
    inputs = [Value(x) for x in numbers_in]
    out = ufunc(*inputs)
    assert isinstance(out, Value)
    assert out.primitive is numpy_functions[ufunc]
    assert out.data == pytest.approx(float(ufunc(*numbers_in)), rel=1e-14)


# --- what has no rule -----------------------------------------------------------------------------


NO_RULE: dict[str, Callable[[Any], Any]] = {
    "np.sort": np.sort,
    "np.fft.fft": np.fft.fft,
    "np.linalg.inv": lambda t: np.linalg.inv(t[:, :3]),
    "np.linalg.det": lambda t: np.linalg.det(t[:, :3]),
    "np.linalg.solve": lambda t: np.linalg.solve(np.eye(3), t),
    "np.cumprod": np.cumprod,
    "np.convolve": lambda t: np.convolve(t[0], t[1]),
    "np.median": np.median,
    "np.quantile": lambda t: np.quantile(t, 0.5),
    "np.average": np.average,
    "np.diff": np.diff,
    "np.gradient": np.gradient,
    "np.kron": lambda t: np.kron(t, t),
    "np.interp": lambda t: np.interp(t, [0, 1], [0, 1]),
    "np.unique": np.unique,
    "np.round": np.round,
    "np.nan_to_num": np.nan_to_num,
    "np.copyto": lambda t: np.copyto(np.zeros((3, 4)), t),
    "np.fmod": lambda t: np.fmod(t, 2),
    "np.float_power": lambda t: np.float_power(t, 2),
    "np.fabs": np.fabs,
    "np.modf": np.modf,
    "np.add.reduce": np.add.reduce,
    "np.add.accumulate": np.add.accumulate,
    "np.multiply.outer": lambda t: np.multiply.outer(t, t),
    "np.add.at": lambda t: np.add.at(np.zeros(3), [0, 1, 2], t[:, 0]),
    "np.add.reduceat": lambda t: np.add.reduceat(t, [0, 1]),
}


@pytest.mark.parametrize("name", NO_RULE)
def test_a_numpy_function_without_a_rule_raises_and_names_itself(name: str) -> None:
    with pytest.raises(TypeError, match=rf"{name} has no rule in autograd"):
        NO_RULE[name](Tensor(M))


def test_a_constant_is_not_turned_into_an_array_silently_either() -> None:
    with pytest.raises(TypeError, match=r"np\.sort has no rule"):
        np.sort(Tensor(M, requires_grad=False))


def test_a_tracked_tensor_does_not_become_an_array() -> None:
    t = Tensor(M)
    with pytest.raises(TypeError, match=r"use t\.detach\(\)\.numpy\(\) or t\.numpy\(\)"):
        np.asarray(t)
    with pytest.raises(TypeError, match="would lose its gradient"):
        np.zeros((3, 4))[...] = t
    np.testing.assert_array_equal(np.asarray(t.detach()), M)


OPTIONS: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda t: np.mean(t, dtype=np.float32), TypeError, r"mean\(\) has no option 'dtype'"),
    (lambda t: np.sum(t, initial=1.0), TypeError, r"sum\(\) has no option 'initial'"),
    (lambda t: np.max(t, where=t > 0), TypeError, r"max\(\) has no option 'where'"),
    (lambda t: np.exp(t, where=t > 0), TypeError, r"exp\(\) has no option 'where'"),
    (lambda t: np.exp(t, dtype=np.float32), TypeError, r"exp\(\) has no option 'dtype'"),
    (lambda t: np.pad(t, 1, mode="edge"), ValueError, "pad has no rule for mode 'edge'"),
    (lambda t: np.pad(t, 1, constant_values=2), ValueError, "pad surrounds with zeros"),
    (lambda t: np.linalg.norm(t, ord="nuc"), ValueError, "ord='nuc' has no rule here"),
    (lambda t: np.linalg.norm(t, ord=2), ValueError, "ord=2 has no rule here"),
    (lambda t: np.reshape(t, (4, 3), order="F"), TypeError, "no option 'order'"),
    (
        lambda t: np.add(t, 1, out=np.zeros((3, 4))),
        TypeError,
        "np.add cannot write a recorded result",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), OPTIONS)
def test_an_option_of_numpys_that_has_no_rule_is_an_error(
    call: Callable[[Any], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(Tensor(M))


# --- plain answers --------------------------------------------------------------------------------


def test_questions_about_a_tensor_get_plain_answers() -> None:
    t = Tensor(M)
    assert (np.shape(t), np.ndim(t), np.size(t)) == ((3, 4), 2, 12)
    assert np.argmax(t) == np.argmax(M)
    assert np.allclose(t, M)
    assert np.array_equal(t, t)
    assert not np.isnan(t).any()
    np.testing.assert_array_equal(np.zeros_like(t), np.zeros((3, 4)))
    np.testing.assert_array_equal(np.ones_like(t), np.ones((3, 4)))
    np.testing.assert_array_equal(np.argsort(t, axis=0), np.argsort(M, axis=0))
    np.testing.assert_array_equal(np.isfinite(t), np.ones((3, 4), bool))
    assert type(np.less(t, 0)) is np.ndarray


@pytest.mark.parametrize("compare", ["lt", "le", "gt", "ge", "eq", "ne"])
def test_comparisons_are_of_numbers_and_carry_no_gradient(compare: str) -> None:
    function = getattr(operator, compare)
    t, u = Tensor(M), Tensor(M[::-1])
    for left, right in ((t, u), (t, M[::-1]), (M, u), (t, 0.5), (0.5, u), (t, Value(0.5))):
        out = function(left, right)
        plain = [x.data if isinstance(x, Tensor | Value) else x for x in (left, right)]
        assert type(out) is np.ndarray
        np.testing.assert_array_equal(out, function(*plain))
    a, b = Value(1.0), Value(2.0)
    for left, right in ((a, b), (a, 1.0), (1, b), (a, a), (np.float64(1), b), (a, np.float64(2))):
        out = function(left, right)
        assert out == function(float(left), float(right))
        assert type(out) in (bool, np.bool_)


def test_nodes_hash_by_identity_and_compare_by_number() -> None:
    a, b = Value(1.0), Value(1.0)
    assert a == b
    assert len({a, b}) == 2
    assert len({Tensor([1.0]), Tensor([1.0])}) == 2


# --- empty, 0-d and size-1 ------------------------------------------------------------------------


def test_empty_arrays_reduce_as_numpys() -> None:
    t = Tensor(np.zeros((0, 3)))
    for name in ("sum", "prod"):
        for axis in (None, 0, 1, (0, 1)):
            out = getattr(np, name)(t, axis=axis)
            np.testing.assert_array_equal(out.data, getattr(np, name)(t.data, axis=axis))
            out.backward(np.ones(out.shape))
            assert t.grad.shape == (0, 3)


@pytest.mark.parametrize("name", ["max", "min"])
def test_an_empty_array_has_no_extreme(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} of shapes \(0,\): zero-size array"):
        getattr(np, name)(Tensor([]))


def test_the_mean_of_nothing_is_nan_with_numpys_warning() -> None:
    with pytest.warns(RuntimeWarning) as warned:
        out = np.mean(Tensor([]))
    assert any("Mean of empty slice" in str(each.message) for each in warned)
    assert math.isnan(out.item())
    with pytest.warns(RuntimeWarning, match=r"Degrees of freedom|invalid value"):
        assert math.isnan(np.var(Tensor([1.0]), ddof=1).item())


def test_scalars_stay_0_dimensional() -> None:
    t = Tensor(2.0)
    for out in (t + 1, np.exp(t), t.sum(), t * t, t.reshape(()), t[()], np.sum(t), t.T):
        assert out.shape == ()
        assert out.data.ndim == 0
    (t * t).backward()
    assert t.grad.shape == ()
    t.grad = None
    (np.sum(t, axis=0) * autograd.softmax(t)).backward()  # NumPy lets a scalar have axis 0 and −1
    assert t.grad == 1.0


def test_axes_of_length_1_stretch_and_shrink_as_numpys() -> None:
    row, column = Tensor(numbers(1, 3)), Tensor(numbers(2, 1))
    out = row * column
    assert out.shape == (2, 3)
    out.sum().backward()
    check_close(row.grad, np.full((1, 3), column.data.sum()), 1e-15)
    check_close(column.grad, np.full((2, 1), row.data.sum()), 1e-15)
