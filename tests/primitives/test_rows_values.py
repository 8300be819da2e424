"""A Value is a Tensor of one element: the same numbers, at ordinary and at singular points."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numerics import check_close, gradients, weights
from samples import ALL, BINARY, RECORDED, SAMPLES, Sample, numbers, singular_points

import autograd
from autograd import Tensor, Value

DIFFERENTIABLE = [
    sample for sample in ALL if sample.slots and sample.options.get("dtype") in (None, np.float64)
]
over_samples = pytest.mark.parametrize("sample", DIFFERENTIABLE, ids=repr)


# --- one number at a time -------------------------------------------------------------------------


CONSTANT = ("compare", "indicator", "random_like")
"""Rows without a derivative, which make no node on Values."""


def options_of(name: str) -> list[dict[str, Any]]:
    """The options an elementwise row is tried with."""
    return (
        [{"ties": "share"}, {"ties": "first"}]
        if "ties" in autograd.registry[name].options
        else [{}]
    )


def on_values(row: Any, point: tuple[float, ...], **options: Any) -> tuple[float, list[float]]:
    """Output and local derivatives of a row on Values."""
    inputs = [Value(x) if row.differentiable(slot) else x for slot, x in enumerate(point)]
    out = row(*inputs, **options)
    assert type(out.data) is float
    assert all(type(d) is float for d in out.local_derivatives)
    return out.data, list(out.local_derivatives)


def on_tensors(row: Any, point: tuple[float, ...], **options: Any) -> tuple[float, list[float]]:
    """Output and local derivatives of a row on 0-d Tensors."""
    inputs = [Tensor(x) if row.differentiable(slot) else x for slot, x in enumerate(point)]
    with np.errstate(all="ignore"):
        out = row(*inputs, **options)
    return out.item(), [float(d.vjp(1.0)) for d in out.local_derivatives]


# With one exponent of ½ for a whole array NumPy may take the square root, which is nan and −0 here,
# where the power itself, and NumPy with an array of exponents, are inf and 0. A Value has the power.
SQUARE_ROOTS = [("pow", (-math.inf, 0.5)), ("pow", (-0.0, 0.5))]


def test_a_value_to_the_power_of_one_half_is_the_power_and_not_the_square_root() -> None:
    by_values = [(Value(x) ** 0.5).data for x in (-math.inf, -0.0)]
    np.testing.assert_equal(by_values, np.power([-math.inf, -0.0], np.array([0.5, 0.5])).tolist())
    assert by_values == [math.inf, 0.0]


@pytest.mark.parametrize("name", [name for name in RECORDED if name not in CONSTANT])
def test_a_value_equals_a_tensor_at_every_singular_point_without_a_warning(name: str) -> None:
    row = autograd.registry[name]
    different = []
    for options in options_of(name):
        for point in singular_points(row):
            value, tensor = on_values(row, point, **options), on_tensors(row, point, **options)
            same = np.allclose(
                [value[0], *value[1]],
                [tensor[0], *tensor[1]],
                rtol=1e-13,
                atol=1e-305,
                equal_nan=True,
            )
            if not same and (name, point) not in SQUARE_ROOTS:
                different.append((point, options, value, tensor))
    assert different == []


# 1 / x tells the two zeros apart. Which of two equal numbers NumPy's maximum and minimum return depends
# on the machine.
@pytest.mark.parametrize(
    "name", [name for name in RECORDED if name not in (*CONSTANT, "maximum", "minimum")]
)
def test_a_zero_of_a_value_has_the_sign_that_numpy_gives_it(name: str) -> None:
    row = autograd.registry[name]
    different = []
    for point in singular_points(row):
        out, expected = on_values(row, point)[0], on_tensors(row, point)[0]
        one_zero = out == expected == 0 and math.copysign(1, out) != math.copysign(1, expected)
        if one_zero and (name, point) not in SQUARE_ROOTS:
            different.append((point, out, expected))
    assert different == []


METHODS = {
    "add": "__add__",
    "sub": "__sub__",
    "mul": "__mul__",
    "div": "__truediv__",
    "floor_divide": "__floordiv__",
    "remainder": "__mod__",
    "pow": "__pow__",
    "neg": "__neg__",
    "abs": "__abs__",
    "identity": "__pos__",
}


@pytest.mark.parametrize("name", [name for name in RECORDED if hasattr(Value, name)] + [*METHODS])
def test_the_method_of_a_value_is_the_row_itself_at_every_singular_point(name: str) -> None:
    row = autograd.registry[name]
    method = METHODS.get(name, name)
    for point in singular_points(row):
        first, *others = map(Value, point)
        out = getattr(first, method)(*others)
        expected = on_values(row, point)
        np.testing.assert_equal([out.data, *out.local_derivatives], [expected[0], *expected[1]])


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "floor_divide", "remainder", "pow"])
def test_an_operator_with_a_plain_number_is_the_row_itself(name: str) -> None:
    row = autograd.registry[name]
    forward = METHODS[name]
    for x, y in singular_points(row):
        expected, (by_x, by_y) = on_values(row, (x, y))
        left = getattr(Value(x), forward)(y)
        right = getattr(Value(y), forward.replace("__", "__r", 1))(x)
        np.testing.assert_equal([left.data, *left.local_derivatives], [expected, by_x])
        np.testing.assert_equal([right.data, *right.local_derivatives], [expected, by_y])


@pytest.mark.parametrize("name", [name for name in RECORDED if name not in CONSTANT])
def test_the_second_derivative_of_a_value_is_that_of_a_tensor(name: str) -> None:
    row = autograd.registry[name]
    sample = SAMPLES[name][0]
    points = zip(*(np.ravel(x) for x in np.broadcast_arrays(*sample.arguments)), strict=True)
    for point in points:
        numbers = [x.item() for x in point]
        seconds = []
        for kind in (Value, Tensor):
            inputs = [kind(x) if row.differentiable(i) else x for i, x in enumerate(numbers)]
            nodes = [x for x in inputs if isinstance(x, kind)]
            (row(*inputs, **sample.options) ** 2).backward(create_graph=True)
            slope = sum((x.grad * x.grad for x in nodes), start=0.0 * nodes[0])
            for x in nodes:
                x.grad = None
            slope.backward()
            seconds.append([float(x.grad) for x in nodes])
        check_close(seconds[0], seconds[1], 1e-12)


# --- arrays of Values -----------------------------------------------------------------------------


def as_numbers(out: Any) -> np.ndarray:
    """The numbers of an array of Values, or of one Value."""
    return np.asarray(out, dtype=object).astype(float)


def on_arrays_of_values(sample: Sample, create_graph: bool = False) -> tuple[Any, list[Any]]:
    """A sample on arrays of Values: its numbers, and the Values that were its arguments."""
    inputs = [autograd.values(x) for x in sample.arrays]
    out = sample(*inputs)
    seed = weights(np.shape(out))
    terms = zip(np.ravel(np.asarray(out, dtype=object)), seed.ravel(), strict=True)
    total = sum((x * w for x, w in terms), start=Value(0.0))
    total.backward(create_graph=create_graph)
    return as_numbers(out), inputs


def gradient_of(values: Any) -> np.ndarray:
    """The gradients on an array of Values; where none arrived, 0."""
    each = np.frompyfunc(lambda v: 0.0 if v.grad is None else float(v.grad), 1, 1)
    return np.asarray(each(np.asarray(values, dtype=object)), dtype=float)


@over_samples
def test_an_array_of_values_gives_what_a_tensor_gives(sample: Sample) -> None:
    out, inputs = on_arrays_of_values(sample)
    with np.errstate(all="ignore"):
        expected = sample(*(Tensor(x) for x in sample.arrays)).data
    check_close(out, expected, 1e-12)
    for values, gradient in zip(inputs, gradients(sample, *sample.arrays), strict=True):
        check_close(gradient_of(values), gradient, 1e-12)


@over_samples
def test_an_array_of_values_has_the_second_derivative_of_a_tensor(sample: Sample) -> None:
    _, inputs = on_arrays_of_values(sample, create_graph=True)
    nodes = [v for values in inputs for v in np.ravel(np.asarray(values, dtype=object))]
    firsts = [Value(0.0) if v.grad is None else v.grad for v in nodes]
    for v in nodes:
        v.grad = None
    sum((g * g for g in firsts), start=Value(0.0)).backward()

    tensors = [Tensor(x) for x in sample.arrays]
    out = sample(*tensors)
    out.backward(weights(out.shape), create_graph=True)
    total = sum((t.grad * t.grad).sum() for t in tensors)
    for t in tensors:
        t.grad = None
    if total.requires_grad:
        total.backward()
    for values, t in zip(inputs, tensors, strict=True):
        expected = np.zeros(t.shape) if t.grad is None else t.grad
        check_close(gradient_of(values), expected, 1e-11)


# --- a Value beside a Tensor ----------------------------------------------------------------------


def mixed_derivatives(row: Any, points: list[Any]) -> list[Any]:
    """Output, gradients, second derivatives and jvp of a row with floats as Values."""

    def nodes() -> list[Any]:
        return [Value(x) if isinstance(x, float) else Tensor(x) for x in points]

    inputs = nodes()
    out = row(*inputs)
    out.backward(weights(out.shape), create_graph=True)
    firsts = [x.grad for x in inputs]
    for x in inputs:
        x.grad = None
    total = sum((g * g).sum() for g in firsts)
    if total.requires_grad:
        total.backward()
    seconds = [np.zeros(np.shape(x.data)) if x.grad is None else x.grad for x in inputs]
    tangents = [np.ones(np.shape(x)) if np.ndim(x) else 1.0 for x in points]
    forward = autograd.jvp(row, points, tangents)[1]
    return [out.data, *(g.data for g in firsts), *seconds, forward]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("slot", [0, 1])
def test_a_value_beside_a_tensor_is_a_tensor_of_no_axes_to_second_order(
    name: str, slot: int
) -> None:
    low, high = BINARY[name][:2], BINARY[name][2:]
    points: list[Any] = [
        numbers(2, 3, low=low[0], high=low[1]),
        numbers(2, 3, low=high[0], high=high[1]),
    ]
    points[slot] = points[slot][0, 0].item()
    mixed = mixed_derivatives(autograd.registry[name], points)
    points[slot] = np.array(points[slot])
    for one, other in zip(mixed, mixed_derivatives(autograd.registry[name], points), strict=True):
        check_close(one, other, 1e-14)


def test_values_are_float64_and_cannot_be_made_float32() -> None:
    with pytest.raises(TypeError, match="a Value is a 64-bit float"):
        autograd.astype(autograd.values([1.0, 2.0]), dtype=np.float32)
