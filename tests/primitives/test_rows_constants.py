"""A constant in any slot of any row, of any kind, is what an array of its numbers is."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from samples import ALL, ELEMENTWISE, SAMPLES, Sample

import autograd
from autograd import Tensor, Value

inf, nan = math.inf, math.nan

CONSTANTS: tuple[Any, ...] = (
    *(0, 0.0, -0.0, inf, -inf, nan, 2, -3, True, False),
    *(np.float16(2), np.float32(2), np.float32(0), np.float64(0.3), np.int8(2), np.int8(0)),
    *(np.int64(3), np.bool_(True), np.array(0.0), np.array(2), np.array(0.3, np.float32)),
    *(np.array([2, 0, 3], np.int8), np.array([0.25, 0.5, 2], np.float16), [0, 1, 2]),
    *(np.longdouble(2), np.array([0.25, 0.5, 2], np.longdouble)),
)
FLOATS = (np.float64, np.float32)

CASES = [
    (name, slot)
    for name in ELEMENTWISE
    if name != "patched"  # whose value does not depend on all of its arguments
    for slot in range(autograd.registry[name].arity or 0)
    if any(
        autograd.registry[name].differentiable(i)
        for i in range(autograd.registry[name].arity or 0)
        if i != slot
    )
]
"""Elementwise rows and a slot beside which a gradient flows."""


class Case:
    """A row with a constant in one slot, and arrays of three numbers in the others."""

    def __init__(self, name: str, slot: int, constant: Any, dtype: Any) -> None:
        self.row = autograd.registry[name]
        self.slot, self.constant = slot, constant
        sample = SAMPLES[name][0]
        self.options = sample.options
        self.base: list[Any] = [
            np.array(np.broadcast_to(x, (2, 3))[0], dtype)
            if self.row.differentiable(i)
            else np.array([True, False, True])
            for i, x in enumerate(sample.arguments)
        ]
        self.others = [i for i in range(len(self.base)) if i != slot and self.row.differentiable(i)]

    @property
    def arrays(self) -> list[Any]:
        return [self.base[i] for i in self.others]

    def __call__(self, *arrays: Any) -> Any:
        arguments = list(self.base)
        for i, x in zip(self.others, arrays, strict=True):
            arguments[i] = x
        arguments[self.slot] = self.constant
        return self.row(*arguments, **self.options)

    def as_array(self) -> Case:
        """The same with the constant as an array of float64, and so everything in float64."""
        same = Case(self.row.name, self.slot, self.constant, np.float64)
        dtype = np.float64 if self.row.differentiable(self.slot) else bool
        same.constant = np.broadcast_to(np.asarray(self.constant), (3,)).astype(dtype)
        same.base = [x.astype(np.float64) if x.dtype != bool else x for x in self.base]
        return same


def first_and_second(f: Callable[..., Any], arrays: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Value; the gradients, and those of the sum of their squares, one after the other."""
    tensors = [Tensor(x, dtype=x.dtype) for x in arrays]
    out = f(*tensors)
    out.backward(np.ones(out.shape), create_graph=True)
    firsts: list[Any] = [t.grad for t in tensors]
    total = sum(((g * g).sum() for g in firsts), start=0.0)
    for t in tensors:
        t.grad = None
    if isinstance(total, Tensor) and total.requires_grad:
        total.backward()
    seconds = [np.zeros(t.shape) if t.grad is None else t.grad for t in tensors]
    return out, [g.data for g in firsts] + seconds


def result_dtype(case: Case) -> Any:
    """What NumPy's promotion says; there are no Tensors of more precision than float64."""
    constant = case.constant
    if not case.row.differentiable(case.slot):
        return case.arrays[0].dtype
    weak = type(constant) in (int, float, bool)
    given = constant if weak else np.asarray(constant).dtype
    if given == np.longdouble:
        given = np.float64
    return np.result_type(given, *case.arrays)


def close(actual: Any, expected: Any, tolerance: float) -> None:
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("name", "slot"), CASES)
def test_a_constant_of_any_kind_is_what_an_array_of_its_numbers_is(name: str, slot: int) -> None:
    for dtype in FLOATS:
        for constant in CONSTANTS:
            case = Case(name, slot, constant, dtype)
            with np.errstate(all="ignore"):
                exact, expected = first_and_second(case.as_array(), case.as_array().arrays)
                out, found = first_and_second(case, case.arrays)
                ones = tuple(np.ones_like(x) for x in case.arrays)
                _, tangent = autograd.jvp(case, tuple(case.arrays), ones)
            tolerance = 1e-13 if dtype is np.float64 else 3e-5
            if name != "track_moments":  # whose output is its first argument
                assert out.dtype == result_dtype(case), (constant, dtype)
            close(out.data, exact.data, tolerance)
            n = len(case.arrays)
            for g, right in zip(found[:n], expected[:n], strict=True):
                assert g.dtype == dtype
                close(g, right, tolerance)
            for g, right in zip(found[n:], expected[n:], strict=True):
                close(g, right, 30 * tolerance)
            with np.errstate(all="ignore"):
                close(tangent, sum(expected[:n]), tolerance)
            assert tangent.dtype == out.dtype


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize(("name", "slot"), CASES)
def test_a_program_takes_a_constant_of_any_kind(name: str, slot: int, executor: str) -> None:
    for dtype in FLOATS:
        for constant in CONSTANTS:
            case = Case(name, slot, constant, dtype)
            tensors = [Tensor(x, dtype=dtype) for x in case.arrays]
            with np.errstate(all="ignore"):
                recorded = case(*tensors)
                recorded.backward(np.ones(recorded.shape))
                expected = [t.grad for t in tensors]
                for t in tensors:
                    t.grad = None
                program = autograd.compile(recorded, inputs=tensors, executor=executor)
                out = program(*case.arrays)
                program.backward(np.ones(recorded.shape))
            tolerance = 1e-12 if dtype is np.float64 else 3e-6
            assert out.dtype == recorded.dtype
            close(out, recorded.data, tolerance)
            for t, right in zip(tensors, expected, strict=True):
                close(t.grad, right, tolerance)


@pytest.mark.parametrize(("name", "slot"), CASES)
def test_a_value_takes_a_constant_of_any_kind_without_a_warning(name: str, slot: int) -> None:
    for constant in CONSTANTS:
        if np.ndim(constant):
            continue
        case = Case(name, slot, constant, np.float64)
        with np.errstate(all="ignore"):
            exact, expected = first_and_second(case.as_array(), case.as_array().arrays)
        arguments: list[Any] = [x.tolist()[0] for x in case.base]
        values = [Value(arguments[i]) for i in case.others]
        for i, x in zip(case.others, values, strict=True):
            arguments[i] = x
        arguments[slot] = constant
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            out = case.row(*arguments, **case.options)
            out.backward(create_graph=True)
            firsts: list[Any] = [x.grad for x in values]
            total = sum((g * g for g in firsts), start=0.0)
            for x in values:
                x.grad = None
            if isinstance(total, Value) and total.requires_grad:
                total.backward()
        close(out.data, exact.data[0], 1e-13)
        seconds = [0.0 if x.grad is None else float(x.grad) for x in values]
        found = [float(g) for g in firsts] + seconds
        for g, right in zip(found, expected, strict=True):
            close(g, right[0], 1e-11)


def test_a_constant_of_less_precision_does_not_make_the_derivative_less_exact() -> None:
    exact = [2.0**x * math.log(2) for x in (0.5, 1.5)]
    for base in (
        np.int8(2),
        np.float16(2),
        np.float32(2),
        np.array(2, np.int8),
        Tensor(2.0, dtype=np.float32),
    ):
        x = Tensor([0.5, 1.5])
        (base**x).backward(np.ones(2))
        np.testing.assert_allclose(x.grad, exact, rtol=1e-15)


OTHER_FAMILIES = [
    sample
    for sample in ALL
    if sample.row.family != "diagonal"
    and len(sample.arguments) > 1
    and all(isinstance(x, np.ndarray) for x in sample.arguments)
    and len(sample.slots) > 1
]


@pytest.mark.parametrize("sample", OTHER_FAMILIES, ids=repr)
@pytest.mark.parametrize("kind", [bool, np.int8, np.int64, np.float16, np.float32, np.longdouble])
def test_a_product_takes_constants_of_any_dtype(sample: Sample, kind: Any) -> None:
    for slot in sample.slots:
        constant = np.abs(np.round(sample.arguments[slot])).astype(kind)
        both = []
        for given in (constant, constant.astype(np.float64)):
            tensors = [Tensor(sample.arguments[i]) for i in sample.slots if i != slot]
            waiting = iter(tensors)
            arguments = [
                given if i == slot else next(waiting) if i in sample.slots else x
                for i, x in enumerate(sample.arguments)
            ]
            out = sample.row(*arguments, **sample.options)
            out.backward(np.ones(out.shape))
            assert out.dtype == np.float64
            assert all(t.grad.dtype == np.float64 for t in tensors)
            both.append([out.data, *(t.grad for t in tensors)])
        for one, other in zip(*both, strict=True):
            close(one, other, 1e-13)
