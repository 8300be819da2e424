"""Every row as operations of ONNX, executed by ONNX Runtime beside the row."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from samples import ALL, RECORDED, Sample, singular_points

import autograd
from autograd import Tensor
from autograd.programs.exports import Graph
from autograd.programs.languages.in_onnx import (
    CONNECTIVES,
    DOUBLE,
    FORMULAS,
    OPERATIONS,
    REDUCTIONS,
    SOFTMAXES,
    WHOLE,
    OnnxWriter,
)
from autograd.programs.languages.onnx_file import Port, model_bytes

onnxruntime = pytest.importorskip("onnxruntime", reason="no wheel for this machine")
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


def run(content: bytes, arrays: list[Array], dtype: Any, name: str = "") -> Array:
    """What ONNX Runtime computes of a row; or ONNX's own reference, in NumPy, where it has no kernel."""
    if dtype is np.float64 and name in SINGLE:
        session: Any = ReferenceEvaluator(onnx.load_from_string(content))
        with np.errstate(all="ignore"):
            return np.asarray(session.run(None, {f"x{i}": x for i, x in enumerate(arrays)})[0])
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
    found = run(content, arrays, dtype, sample.primitive)
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
        found = run(content, points, dtype, name)
        expected = row.array(*(x.astype(dtype) for x in points), **row.options)
    tiny = {"sigmoid": np.finfo(dtype).eps, "erfc": np.finfo(dtype).eps / 2}.get(name, 0)
    np.testing.assert_allclose(found, expected, rtol=CLOSE[dtype], atol=tiny)


inf, nan = np.inf, np.nan
GROUPS = np.array(
    [
        *([1.0, nan, 3.0], [nan, 1.0, 2.0], [1.0, 2.0, nan], [nan, nan, nan]),
        *([inf, -inf, 0.0], [-inf, -inf, -inf], [inf, inf, 2.0], [-inf, 1.0, 2.0]),
        *([0.0, -0.0, 0.0], [2.0, 2.0, 2.0], [1000.0, 999.0, 998.0], [-1000.0, -999.0, 3.0]),
    ]
)
"""Groups of numbers that are not finite, tied, or far apart."""

ALONG = ("sum", "mean", "prod", "max", "min", "logsumexp", "sum_squares", "norm")
ALONG += ("softmax", "log_softmax", "cumsum")


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("name", ALONG)
def test_a_row_along_an_axis_is_right_where_numbers_are_singular(name: str, dtype: Any) -> None:
    row = autograd.registry[name]
    with np.errstate(all="ignore"):
        found = run(written(lambda x: row(x, axis=1), [GROUPS], dtype), [GROUPS], dtype)
        expected = row.array(GROUPS.astype(dtype), **(row.options | {"axis": 1}))
    if name in ("max", "min"):
        # ONNX does not say what its maximum of nan is: ONNX Runtime leaves some out.
        known = ~np.isnan(GROUPS).any(axis=1)
        found, expected = found[known], expected[known]
    np.testing.assert_allclose(found, expected, rtol=CLOSE[dtype], atol=CLOSE[dtype])


def test_a_user_s_row_is_taken_apart_or_named() -> None:
    def soft(x: Any) -> Any:
        return x / (1 + abs(x))

    def opaque(x: Any) -> Any:
        return np.asarray([float(each) ** 2 for each in np.ravel(x)]).reshape(np.shape(x))

    known = autograd.elementwise("soft", soft, soft, lambda out, x: (1 - abs(out)) ** 2)
    unknown = autograd.elementwise("opaque", lambda x: float(x) ** 2, opaque, lambda out, x: 2 * x)
    try:
        x = np.array([1.0, -2.0])
        np.testing.assert_allclose(run(written(known, [x], np.float64), [x], np.float64), soft(x))
        with pytest.raises(ValueError, match=r"'opaque' has no form in ONNX.*test_in_onnx\.py"):
            written(lambda x: unknown(x), [x], np.float64)
    finally:
        for name in ("soft", "opaque"):
            autograd.registry.pop(name, None)


def test_every_row_has_one_translation() -> None:
    """None is in two tables, and none that is there is no row."""
    tables = (OPERATIONS, CONNECTIVES, REDUCTIONS, SOFTMAXES, FORMULAS)
    written_apart = {x.removeprefix("write_") for x in dir(OnnxWriter) if x.startswith("write_")}
    named = [name for table in (*tables, written_apart) for name in table]
    assert len(named) == len(set(named))
    assert set(named) - {"numpy"} <= autograd.registry.keys()
    assert DOUBLE.keys() <= {*OPERATIONS, *SOFTMAXES, *FORMULAS}
