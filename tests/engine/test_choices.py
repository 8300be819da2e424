"""A mask chooses: where a function does not depend on a number, no infinity that follows reaches it."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from samples import numbers

import autograd
import nn
from autograd import Tensor, Value
from autograd.engine.choices import FEW, NOTHING, SOME, kept

inf, nan = math.inf, math.nan
Function = Callable[[Any], Any]

OUTER: dict[str, Function] = {
    "sqrt": autograd.sqrt,
    "log": autograd.log,
    "pow": lambda x: x**0.5,
    "cbrt": autograd.cbrt,
    "reciprocal": lambda x: 1 / x,
    "out of its domain": lambda x: autograd.sqrt(x - 1),
}
"""Functions whose derivative at 0 is infinite or nan."""

MASKING: dict[str, Function] = {
    "relu": autograd.relu,
    "relu of relu": lambda x: autograd.relu(autograd.relu(x) - 0.5),
    "relu, at_zero": lambda x: nn.functional.relu(x, at_zero=0.5),
    "maximum": lambda x: autograd.maximum(x, 0.0),
    "maximum of a constant": lambda x: autograd.maximum(0.0, x),
    "maximum, first": lambda x: autograd.maximum(x, 0.0, ties="first"),
    "minimum": lambda x: -autograd.minimum(-x, 0.0),
    "clip": lambda x: autograd.clip(x, 0.0, 9.0),
    "hardtanh": lambda x: nn.functional.hardtanh(x, 0.0, 9.0),
    "leaky_relu without a slope": lambda x: nn.functional.leaky_relu(x, 0.0),
    "hinge": lambda x: autograd.hinge(1 - x, 1.0),
    "hinge, by its target": lambda x: autograd.hinge(1.0, 1 - x),
    "floor": lambda x: autograd.floor(x / 4) + 1,
    "ceil": lambda x: autograd.ceil(x / 4),
    "sign": lambda x: autograd.sign(x) + 1,
    "floor_divide": lambda x: x // 4 + 1,
    "floor_divide, by the divisor": lambda x: 4 // (x - 4) + 1,
    "binary_step": nn.functional.binary_step,
    "where": lambda x: autograd.where(np.array(False), x, 0.0),
    "where, otherwise": lambda x: autograd.where(np.array(True), 0.0, x),
    "where, of numbers": lambda x: autograd.where(np.array(0.0), x, 0.0),
}
"""Functions that are 0 at −1 and do not depend on x there."""

over_pairs = pytest.mark.parametrize(
    ("inner", "outer"), [(inner, outer) for inner in MASKING for outer in OUTER]
)
EXECUTORS = ["numpy", "native"] if find_spec("llvmlite") else ["numpy"]


@over_pairs
@pytest.mark.parametrize("count", [1, FEW + 1, SOME + 1])
def test_what_is_masked_gets_gradient_0_on_tensors(inner: str, outer: str, count: int) -> None:
    for dtype in (np.float64, np.float32):
        x = Tensor(np.full(count, -1.0, dtype))
        with np.errstate(all="ignore"):
            out = OUTER[outer](MASKING[inner](x)).sum()
        out.backward()
        np.testing.assert_array_equal(x.grad, np.zeros(count))
        assert x.grad.dtype == dtype
        x.grad = None
        out.backward(create_graph=True)
        np.testing.assert_array_equal(x.grad.data, np.zeros(count))
        assert x.grad.dtype == dtype


@over_pairs
def test_what_is_masked_gets_gradient_0_on_values_and_to_second_order(
    inner: str, outer: str
) -> None:
    def f(x: Any) -> Any:
        return OUTER[outer](MASKING[inner](x))

    x = Value(-1.0)
    with np.errstate(all="ignore"):
        out = f(x)
    out.backward()
    assert x.grad == 0
    x.grad = None
    out.backward(create_graph=True)
    assert x.grad.data == 0
    with np.errstate(all="ignore"):
        assert autograd.grad(f)(-1.0) == 0
        assert autograd.grad(autograd.grad(f))(-1.0) == 0
        assert autograd.hvp(f, -1.0, 1.0) == 0
        assert autograd.hessian(lambda x: f(x).sum())(np.array([-1.0, -1.0])).tolist() == [
            [0, 0],
            [0, 0],
        ]


@over_pairs
@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_is_masked_gets_gradient_0_in_a_program(inner: str, outer: str, executor: str) -> None:
    def f(x: Any) -> Any:
        with np.errstate(all="ignore"):
            return OUTER[outer](MASKING[inner](x))

    for count in (2, 2 * FEW):
        x = Tensor(np.full(count, -1.0))
        program = autograd.compile(f(x).sum(), inputs=[x], executor=executor)
        program(x.data)
        program.backward()
        np.testing.assert_array_equal(x.grad, np.zeros(count))
    v = Value(-1.0)
    program = autograd.compile(f(v), inputs=[v], executor=executor)
    program(-1.0)
    program.backward()
    assert v.grad == 0
    v.grad = None
    program(np.full(100, -1.0))
    program.backward()
    assert v.grad == 0


GROUPS: dict[str, tuple[Function, list[float], list[float]]] = {
    "max": (lambda x: autograd.max(x), [-1.0, 0.0], [0, inf]),
    "min": (lambda x: autograd.min(x), [0.0, 2.0], [inf, 0]),
    "max, first": (lambda x: autograd.max(x, ties="first"), [0.0, 0.0], [inf, 0]),
    "maxout": (lambda x: nn.functional.maxout(x)[0], [-1.0, 0.0], [0, inf]),
    "an element": (lambda x: x[1], [-1.0, 0.0], [0, inf]),
    "tril": (lambda x: np.tril(x.reshape(1, 2), -1).sum(), [-1.0, 2.0], [0, 0]),
}


@pytest.mark.parametrize("name", GROUPS)
def test_an_element_that_is_not_the_largest_gets_0(name: str) -> None:
    function, point, expected = GROUPS[name]
    x = Tensor(point)
    out = autograd.sqrt(function(x))
    out.backward()
    np.testing.assert_array_equal(x.grad, expected)
    x.grad = None
    out.backward(create_graph=True)
    np.testing.assert_array_equal(x.grad.data, expected)
    for executor in EXECUTORS:
        x = Tensor(point)
        program = autograd.compile(autograd.sqrt(function(x)), inputs=[x], executor=executor)
        program(np.array(point))
        program.backward()
        np.testing.assert_array_equal(x.grad, expected)
    if name.startswith(("max,", "min")) or name == "max":
        v = autograd.values(point)
        out = autograd.sqrt(function(v))
        out.backward()
        np.testing.assert_array_equal([each.grad for each in v], expected)
        for each in v:
            each.grad = None
        out.backward(create_graph=True)
        np.testing.assert_array_equal([each.grad.data for each in v], expected)


def test_the_triangle_that_is_left_out_gets_0() -> None:
    x = Tensor(np.arange(9.0).reshape(3, 3) + 1)
    for triangle, mask in ((np.tril, np.tri(3)), (np.triu, np.tri(3).T)):
        x.grad = None
        autograd.sqrt(triangle(x)).sum().backward()
        np.testing.assert_allclose(x.grad, mask * 0.5 / np.sqrt(x.data), rtol=1e-15)


def test_a_class_that_is_not_scored_and_a_margin_that_is_kept_get_0() -> None:
    x = Tensor([[0.0, 5.0, 7.0]])
    autograd.sqrt(autograd.registry["class_score"](x, np.array([0]))).sum().backward()
    np.testing.assert_array_equal(x.grad, [[inf, 0, 0]])
    x = Tensor([[9.0, 5.0, 7.0]])
    autograd.sqrt(autograd.registry["multiclass_hinge"](x, np.array([0]))).sum().backward()
    np.testing.assert_array_equal(x.grad, [[0, 0, 0]])


def test_torch_gives_0_at_the_same_places() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    inner = {
        "relu": torch.relu,
        "maximum": lambda x: torch.maximum(x, torch.zeros(())),
        "minimum": lambda x: -torch.minimum(-x, torch.zeros(())),
        "clip": lambda x: torch.clip(x, 0, 9),
        "hinge": lambda x: torch.clamp(1 - (1 - x), min=0),
        "floor": lambda x: torch.floor(x / 4) + 1,
        "ceil": lambda x: torch.ceil(x / 4),
        "sign": lambda x: torch.sign(x) + 1,
        "where": lambda x: torch.where(torch.tensor(False), x, torch.zeros(())),
    }
    for name, function in inner.items():
        assert name in MASKING
        x = torch.tensor(-1.0, requires_grad=True)
        torch.sqrt(function(x)).backward()
        assert x.grad.item() == 0


# --- what stays a product -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_a_product_with_0_is_still_what_ieee_says(kind: type) -> None:
    for f in (
        lambda x: autograd.sqrt(x * 0),
        lambda x: autograd.sqrt(autograd.abs(x)),
        lambda x: autograd.sqrt(x) * 0,
        lambda x: autograd.sqrt(x**2.0),
    ):
        x = kind(0.0)
        f(x).backward()
        assert math.isnan(x.grad)


def test_an_infinity_passes_a_mask_that_is_open() -> None:
    for kind in (Value, Tensor):
        x = kind(1.0)
        autograd.sqrt(autograd.relu(x) - 1).backward()
        assert x.grad == inf


# --- the pieces -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (8, 9), (50, 60), (70, 80)])
def test_kept_is_where_with_zeros(shape: tuple[int, ...], dtype: Any) -> None:
    g = numbers(*shape).astype(dtype)
    mask = np.asarray(numbers(*shape[::-1]).T > 0)
    for special in (1.0, inf, -inf, nan):
        with np.errstate(all="ignore"):
            given = (g * dtype(special)).astype(dtype)
            found = np.asarray(kept(mask, given))
        np.testing.assert_array_equal(found, np.where(mask, given, 0))
        assert found.dtype == dtype
    if len(shape) == 2 and shape[1]:
        row = g[:1] * dtype(inf)
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(kept(mask, row), np.where(mask, row, 0))


def test_nothing_is_a_float_that_nothing_is_multiplied_by() -> None:
    assert isinstance(NOTHING, float)
    assert repr(NOTHING) == "0.0"
    assert inf * NOTHING == nan * NOTHING == NOTHING * inf == 0
    assert type(inf * NOTHING) is float
    assert pickle.loads(pickle.dumps(NOTHING)) is NOTHING
    v = Value(-1.0)
    assert v.relu().local_derivatives == (0.0,)
    copy = pickle.loads(pickle.dumps(autograd.sqrt(v.relu())))
    copy.backward()
    (relu,) = copy.parents
    assert relu.parents[0].grad == 0


def test_a_users_row_chooses_when_its_rule_is_written_with_a_mask() -> None:
    row = autograd.elementwise(
        "test_half_square",
        lambda x: x * x if x > 0 else 0.0,
        lambda x: np.where(np.asarray(x) > 0, np.square(x), 0),
        lambda out, x: 2 * x * autograd.indicator(x > 0, x),
    )
    try:
        for x in (Value(-1.0), Tensor(-1.0), Tensor([-1.0] * 100)):
            autograd.sum(autograd.sqrt(row(x))).backward()
            np.testing.assert_array_equal(x.grad, np.zeros(x.shape))
        assert autograd.grad(autograd.grad(row))(3.0) == 2
    finally:
        del autograd.registry["test_half_square"]
