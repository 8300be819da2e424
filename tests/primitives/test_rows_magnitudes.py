"""Numbers so large that their squares overflow, so small that they vanish, and equal numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value

Array = np.ndarray[Any, Any]
FORMS = ["tensor", "numpy", "native"]


def value_and_gradient(f: Callable[..., Any], x: Array, form: str) -> tuple[Any, Array]:
    """By an eager pass, or by a program that was recorded at other numbers."""
    with np.errstate(all="ignore"):
        if form == "tensor":
            leaf = Tensor(x, dtype=x.dtype)
            out = f(leaf)
            out.backward()
            return out.data, leaf.grad
        leaf = Tensor(np.arange(1, x.size + 1).reshape(x.shape), dtype=x.dtype)
        program = autograd.compile(f(leaf), inputs=[leaf], executor=executor(form))
        found = program(x)
        program.backward()
        return found, leaf.grad


def executor(form: str) -> str:
    return "numpy" if form == "numpy" else "auto"


def on_values(f: Callable[..., Any], x: Array, form: str) -> tuple[float, list[float]]:
    """The same of an array of Values."""
    if form == "tensor":
        array = autograd.values(x)
        out = f(array)
        out.backward()
        return out.data, [v.grad for v in array]
    leaves = [Value(float(i + 1)) for i in range(x.size)]
    program = autograd.compile(f(np.array(leaves)), inputs=leaves, executor=executor(form))
    (found,) = program(*x[:, None])
    program.backward(np.ones(1))
    return found, [float(v.grad) for v in leaves]


EQUAL: list[list[float]] = [
    [0.1] * 3,
    [0.1] * 7,
    [1000.1] * 3,
    [1e30] * 3,
    [1e-30] * 5,
    [3e38] * 4,
    [-0.3] * 1001,
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("numbers", EQUAL, ids=lambda row: f"{len(row)} of {row[0]:g}")
def test_equal_numbers_do_not_vary(numbers: list[float], dtype: Any, form: str) -> None:
    x = np.array(numbers, dtype)
    for f in (autograd.std, autograd.var, lambda x: autograd.std(x, ddof=1)):
        out, gradient = value_and_gradient(f, x, form)
        assert out == 0
        assert np.abs(gradient).max() == 0
        if dtype is np.float64 and len(numbers) < 10:
            out, slopes = on_values(f, x, form)
            assert out == 0
            assert np.abs(slopes).max() == 0
    if np.abs(x).max() < 1e37:
        for row in (autograd.layer_norm, autograd.batch_norm):
            np.testing.assert_array_equal(row(x, axis=0), np.zeros_like(x))


SHAPES = [[1.0, 2.0, -1.0], [3.0, -3.0], [3.0, -3.0, -3.0], [0.5, 0.25, 0.125, 1.0]]
SCALES = {np.float32: (1e-30, 1e-20, 1e20, 1e30, 5e37), np.float64: (1e-290, 1e-200, 1e200, 2e307)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_deviation_and_a_norm_scale_with_the_numbers(dtype: Any, form: str) -> None:
    tolerance = 1e-5 if dtype is np.float32 else 1e-13
    for row in (autograd.std, autograd.norm):
        for numbers in SHAPES:
            plain, slope = value_and_gradient(row, np.array(numbers), "tensor")
            for scale in SCALES[dtype]:
                x = (np.array(numbers) * scale).astype(dtype)
                with np.errstate(over="ignore"):
                    expected = (plain * scale).astype(dtype)
                if not (np.isfinite(expected) and np.isfinite(x).all()):
                    continue
                out, gradient = value_and_gradient(row, x, form)
                assert out == pytest.approx(expected, rel=tolerance)
                np.testing.assert_allclose(gradient, slope, rtol=0, atol=tolerance)
                if dtype is np.float64:
                    found, slopes = on_values(row, x, form)
                    assert found == pytest.approx(expected, rel=tolerance)
                    np.testing.assert_allclose(slopes, slope, rtol=0, atol=tolerance)


@pytest.mark.parametrize("scale", [1e-290, 1e-200, 1e200, 5e307])
@pytest.mark.parametrize("kind", [Value, Tensor])
def test_hypot_and_arctan2_scale_with_the_numbers(kind: Any, scale: float) -> None:
    x, y = kind(0.3 * scale), kind(0.4 * scale)
    out = autograd.hypot(x, y)
    out.backward()
    assert out.item() == pytest.approx(0.5 * scale)
    assert [float(x.grad), float(y.grad)] == pytest.approx([0.6, 0.8])
    x, y = kind(0.3 * scale), kind(0.4 * scale)
    autograd.arctan2(x, y).backward()
    assert [float(x.grad), float(y.grad)] == pytest.approx([1.6 / scale, -1.2 / scale])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("row", ["layer_norm", "batch_norm", "rms_norm"])
def test_what_is_too_large_to_be_normalised_is_nan_and_not_silently_0(row: str, form: str) -> None:
    weights = np.arange(1.0, 4.0)

    def f(x: Any) -> Any:
        return (autograd.registry[row](x, axis=0) * weights.astype(x.dtype)).sum()

    for x in (np.array([1e30, 2e30, -1e30], np.float32), np.array([1e200, 2e200, -1e200])):
        out, gradient = value_and_gradient(f, x, form)
        assert math.isnan(out)
        assert np.isnan(gradient).all()
    # Up to there it is what it is of smaller numbers.
    for x, scale in (
        (np.array([1, 2, -1], np.float32), np.float32(1e18)),
        (np.array([1.0, 2.0, -1.0]), 1e150),
    ):
        np.testing.assert_allclose(
            value_and_gradient(f, x * scale, form)[0], value_and_gradient(f, x, form)[0], rtol=1e-4
        )


def test_the_variance_of_numbers_whose_sum_overflows_is_right() -> None:
    big = np.finfo(np.float64).max
    assert autograd.var(np.array([big / 2] * 4)) == 0
    with np.errstate(over="ignore"):
        assert autograd.var(np.array([big, -big, -big])) == math.inf
