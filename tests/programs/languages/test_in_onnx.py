"""Every row as operations of ONNX, executed by ONNX Runtime beside the row."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from samples import ALL, RECORDED, Sample, singular_points

import autograd
from autograd import Tensor
from autograd.programs.exports import Graph
from autograd.programs.languages.in_onnx import WHOLE, OnnxWriter
from autograd.programs.languages.onnx_file import Port, model_bytes

Array = np.ndarray[Any, Any]
onnxruntime.set_default_logger_severity(3)


def written(function: Any, arrays: list[Array], dtype: Any) -> bytes:
    """A function as a model of fixed shapes."""
    graph = Graph("f", function, arrays, WHOLE)
    plan = graph.planner.plan
    names = [f"x{i}" for i in range(len(arrays))]
    writer = OnnxWriter(plan, dict(zip(plan.inputs, names, strict=True)), np.dtype(dtype))
    (out,) = graph.outputs
    writer.give([plan.output], ["out"])
    kinds = [np.dtype(dtype) if x.dtype.kind == "f" else x.dtype for x in arrays]
    inputs = [Port(*each) for each in zip(names, kinds, [x.shape for x in arrays], strict=True)]
    return model_bytes(
        writer.operations, inputs, [Port("out", np.dtype(dtype), out.shape)], {}, "f"
    )


def run(content: bytes, arrays: list[Array], dtype: Any) -> Array:
    """What ONNX Runtime computes."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    given = {f"x{i}": x.astype(dtype) if x.dtype.kind == "f" else x for i, x in enumerate(arrays)}
    return np.asarray(session.run(None, {p.name: given[p.name] for p in session.get_inputs()})[0])


SINGLE = ("tan", "arcsin", "arccos", "arctan", "arctan2")
SINGLE += ("sinh", "cosh", "arcsinh", "arccosh", "arctanh")
"""Rows that ONNX Runtime has no kernel for in float64: the model is valid, and others may have one."""

ONE = Tensor(1.0, requires_grad=False)
KINDS = [np.float64, np.float32]
CLOSE = {np.float64: 1e-12, np.float32: 2e-6}


def in_dtype(x: Any, dtype: Any) -> Any:
    """An array of floats in a dtype, anything else as it is."""
    return x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("sample", ALL, ids=repr)
def test_a_row_in_onnx_gives_what_the_row_gives(sample: Sample, dtype: Any) -> None:
    slots = [i for i, x in enumerate(sample.arguments) if isinstance(x, np.ndarray)]
    arrays = [sample.arguments[i] for i in slots]

    def function(*given: Any) -> Any:
        arguments = list(sample.arguments)
        for i, x in zip(slots, given, strict=True):
            arguments[i] = x
        out = sample.row(*arguments, **sample.options)
        return out if isinstance(out, Tensor) else autograd.where(out, ONE, 0.0)

    with np.errstate(all="ignore"):
        arguments = [in_dtype(x, dtype) for x in sample.plain]
        expected = sample.row.array(*arguments, **(sample.row.options | sample.options))
    if sample.primitive == "random_like":
        with pytest.raises(ValueError, match="does more than compute: random_like"):
            written(function, arrays, dtype)
        return
    try:
        content = written(function, arrays, dtype)
    except ValueError as error:
        if "has no form in ONNX" in str(error) and any(0 in x.shape for x in arrays):
            return  # there are no numbers, of which a formula could be written
        raise
    if dtype is np.float64 and sample.primitive in SINGLE:
        return
    found = run(content, arrays, dtype)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=CLOSE[dtype], atol=CLOSE[dtype])


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("name", [x for x in RECORDED if x != "random_like"])
def test_a_row_in_onnx_is_right_at_every_singular_point(name: str, dtype: Any) -> None:
    row = autograd.registry[name]
    points = list(np.array(singular_points(row), float).T)

    def function(*columns: Any) -> Any:
        return row(*columns)

    with np.errstate(all="ignore"):
        content = written(function, points, dtype)
        if dtype is np.float64 and name in SINGLE:
            return
        found = run(content, points, dtype)
        expected = row.array(*(x.astype(dtype) for x in points), **row.options)
    tiny = {"sigmoid": np.finfo(dtype).eps, "erfc": np.finfo(dtype).eps / 2}.get(name, 0)
    np.testing.assert_allclose(found, expected, rtol=CLOSE[dtype], atol=tiny)
