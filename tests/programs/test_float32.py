"""Programs of float32 compute in float32, to its last places."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from samples import numbers

import autograd
from autograd import Tensor

if not all(importlib.util.find_spec(name) for name in ("llvmlite", "scipy")):
    pytest.skip("needs the extra fast", allow_module_level=True)


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "relu", "sqrt", "sign", "abs"])
def test_float32_is_as_near_to_the_truth_as_its_last_places(name: str) -> None:
    scales = np.repeat([1e-30, 1e-6, 1e-3, 0.1, 1.0, 10.0, 50.0], 200)
    x = (numbers(scales.size) * scales).astype(np.float32)
    x = np.concatenate(
        [x, np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 88.7, 89, -104, 1e-45], x.dtype)]
    )
    row = autograd.registry[name]
    leaf = Tensor(np.zeros_like(x), dtype=np.float32)
    with np.errstate(all="ignore"):
        output = row(leaf)
        program = autograd.compile(output, inputs=[leaf], executor="native", verify=False)
        exact = np.asarray(row.array(x.astype(float)))
        expected = exact.astype(np.float32)
        got = program(x)
    assert got.dtype == np.float32
    plain = np.isfinite(expected) & (np.abs(expected) > 1e-37)
    np.testing.assert_array_equal(got[~np.isfinite(expected)], expected[~np.isfinite(expected)])
    np.testing.assert_allclose(got[plain], expected[plain], 4 * np.finfo(np.float32).eps / 2)
    np.testing.assert_allclose(
        got[~plain & np.isfinite(expected)], expected[~plain & np.isfinite(expected)], 0, 1e-44
    )


def test_a_long_sum_of_float32_loses_no_more_than_numpys() -> None:
    x = (numbers(30_000, 3) + 2).astype(np.float32)
    for axis in (0, 1, None):
        leaf = Tensor(x, dtype=np.float32)
        program = autograd.compile(leaf.sum(axis=axis), inputs=[leaf], executor="native")
        exact = x.astype(float).sum(axis=axis)
        np.testing.assert_allclose(program(x), exact, 2e-7)
