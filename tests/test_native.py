"""The native executor gives NumPy's numbers: every row, every size of a block, both engines."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import ELEMENTWISE, numbers, singular_points

import autograd
from autograd.letters import OPERATORS
from autograd.programs import native
from autograd.programs.lowering import Unsupported
from autograd.programs.native import Native, supports
from autograd.programs.plan import TOTAL, Instruction, Plan, Register

pytest.importorskip("llvmlite", reason="the native executor needs llvmlite: chalkgrad[fast]")

Array = np.ndarray[Any, Any]


@pytest.fixture(scope="module", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of these tests' own, so that what they compile is what they run."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHALKGRAD_CACHE", str(folder))
        yield folder


@pytest.fixture(params=["straight line", "bytecode"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the two engines, whatever the size of the plan."""
    limit = 0 if request.param == "bytecode" else 10**9
    monkeypatch.setattr(native, "STRAIGHT_LIMIT", limit)
    return str(request.param)


class Writer:
    """Writes a scalar plan by hand."""

    def __init__(self) -> None:
        self.plan = Plan(scalar=True)
        self.into = self.plan.forward

    def register(self, kind: str, varies: bool, holds: Any = None) -> int:
        index = len(self.plan.registers)
        float64 = np.dtype(np.float64)
        self.plan.registers.append(Register(index, kind, (), float64, varies, holds))
        return index

    def input(self) -> int:
        self.plan.inputs.append(self.register("input", varies=True))
        return self.plan.inputs[-1]

    def parameter(self) -> int:
        self.plan.parameters.append(self.register("parameter", varies=False))
        return self.plan.parameters[-1]

    def constant(self, number: float) -> int:
        return self.register("constant", varies=False, holds=number)

    def seed(self, varies: bool = True) -> int:
        self.into = self.plan.backward
        self.plan.seed = self.register("seed", varies)
        return self.plan.seed

    def put(self, name: str, *arguments: int, **options: Any) -> int:
        varies = any(self.plan.registers[x].varies for x in arguments) and name != TOTAL
        out = self.register("result", varies)
        self.into.append(Instruction(name, arguments, out, options, None))
        return out

    def gradient(self, register: int) -> None:
        self.plan.gradients.append((None, register))  # type: ignore[arg-type]


def by_numpy(plan: Plan, inputs: list[Any], parameters: Any, seed: Any = None) -> dict[int, Any]:
    """The numbers of all registers, from the rows' functions on arrays."""
    held: dict[int, Any] = dict(zip(plan.inputs, inputs, strict=True))
    held |= dict(zip(plan.parameters, parameters, strict=True))
    held |= {r.index: np.float64(r.holds) for r in plan.registers if r.kind == "constant"}
    instructions = plan.forward if seed is None else plan.forward + plan.backward
    if seed is not None:
        held[plan.seed] = seed
    instances = max((np.size(x) for x in inputs), default=1)
    for each in instructions:
        xs = [held[x] for x in each.arguments]
        if each.name == TOTAL:
            held[each.out] = np.sum(np.broadcast_to(xs[0], (instances,)))
            continue
        with np.errstate(all="ignore"):
            held[each.out] = evaluated(each.name, xs, each.options)
    return held


def evaluated(name: str, xs: list[Any], options: dict[str, Any]) -> Any:
    if name in ("logical_and", "logical_or"):
        return OPERATORS[name][1](np.asarray(xs[0], bool), np.asarray(xs[1], bool)) * 1.0
    if name not in autograd.registry:
        return OPERATORS[name][1](*xs) * 1.0
    row = autograd.registry[name]
    if row.family == "diagonal":
        return row.array(*xs, **(row.options | options))
    if name == "matmul":
        n = len(xs) // 2
        return sum((x * y for x, y in zip(xs[:n], xs[n:], strict=True)), start=np.float64(0.0))
    if not xs:
        return row.array(np.zeros(0), **(row.options | options))
    stacked = np.stack(np.broadcast_arrays(*xs))
    return row.array(stacked, **(row.options | {"axis": 0} | options))


def same(actual: Any, expected: Any, tolerance: float = 1e-12) -> None:
    actual = np.asarray(actual)
    expected = np.broadcast_to(np.asarray(expected, dtype=float), actual.shape)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=1e-300)


# --- one row --------------------------------------------------------------------------------------

COMPARED = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
CONNECTED = ("logical_and", "logical_or")
# One exponent of ½ for a whole array makes NumPy take the square root: see test_rows_values.
POINTS = {
    **{name: singular_points(autograd.registry[name]) for name in ELEMENTWISE},
    **dict.fromkeys((*COMPARED, *CONNECTED), singular_points(autograd.registry["add"])),
}


@pytest.mark.parametrize("name", POINTS)
def test_a_row_equals_numpys_at_every_singular_point(name: str, engine: str) -> None:
    points = np.array(POINTS[name], dtype=float)
    ordinary = numbers(64, points.shape[1], low=-3, high=3)
    columns = list(np.concatenate([points, ordinary, 10 * ordinary, 1e-3 * ordinary]).T.copy())
    writer = Writer()
    writer.plan.output = writer.put(name, *(writer.input() for _ in columns))
    with np.errstate(all="ignore"):
        expected = evaluated(name, columns, {})
    same(Native(writer.plan).forward(columns, np.zeros(0)), expected)


@pytest.mark.parametrize("name", POINTS)
def test_a_row_takes_uniform_operands_in_every_place(name: str, engine: str) -> None:
    points = POINTS[name][:: max(1, len(POINTS[name]) // 12)]
    arity = len(points[0])
    for fixed in range(1, 2**arity):
        writer = Writer()
        operands = [
            writer.parameter() if fixed >> slot & 1 else writer.input() for slot in range(arity)
        ]
        writer.plan.output = writer.put(name, *operands)
        executor = Native(writer.plan)
        for point in points:
            columns = [np.full(1, x) for x in point]
            inputs = [x for slot, x in enumerate(columns) if not fixed >> slot & 1]
            parameters = [x for slot, x in enumerate(point) if fixed >> slot & 1]
            with np.errstate(all="ignore"):
                expected = evaluated(name, columns, {})
            same(executor.forward(inputs, np.array(parameters)), expected)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.0, 4.0, -1.0, 0.5, 2.5, -2.0, 1 / 3, math.nan])
def test_a_power_that_is_known_is_the_power(exponent: float, engine: str) -> None:
    writer = Writer()
    writer.plan.output = writer.put("pow", writer.input(), writer.constant(exponent))
    x = np.array([p[0] for p in POINTS["exp"]])
    with np.errstate(all="ignore"):
        expected = np.power(x, np.full(x.shape, exponent))
    same(Native(writer.plan).forward([x], np.zeros(0)), expected)


@pytest.mark.parametrize(
    "name",
    ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "tanh", "sigmoid", "softplus"],
)
def test_our_own_functions_are_right_to_a_few_units_in_the_last_place(name: str) -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [
            rng.normal(size=4000) * 10.0 ** rng.uniform(-12, 2.8, 4000),
            np.linspace(-3, 3, 4001),
            1 + rng.normal(size=1000) * 10.0 ** rng.uniform(-15, 0, 1000),
        ]
    )
    writer = Writer()
    writer.plan.output = writer.put(name, writer.input())
    with np.errstate(all="ignore"):
        expected = autograd.registry[name].array(x)
    np.testing.assert_allclose(
        Native(writer.plan).forward([x], np.zeros(0)), expected, rtol=2e-15, atol=1e-307
    )


REDUCTIONS = ("sum", "mean", "prod", "max", "min", "logsumexp", "var", "std", "norm", "sum_squares")


@pytest.mark.parametrize("count", [1, 2, 5, 8, 40])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_reduction_equals_numpys(name: str, count: int, engine: str) -> None:
    writer = Writer()
    operands = [writer.parameter() if i % 3 == 1 else writer.input() for i in range(count)]
    writer.plan.output = writer.put(name, *operands)
    inputs = list(numbers(len(writer.plan.inputs), 9).copy())
    for place, special in enumerate((math.inf, -math.inf, math.nan, 0.0, 1000.0, 1e200)):
        inputs[0][place] = special
    parameters = numbers(len(writer.plan.parameters), low=-1, high=3)
    expected = by_numpy(writer.plan, inputs, parameters)[writer.plan.output]
    same(Native(writer.plan).forward(inputs, parameters), expected)


@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.parametrize("ddof", [1, 2, 4])
def test_degrees_of_freedom_are_taken_off(name: str, ddof: int, engine: str) -> None:
    writer = Writer()
    writer.plan.output = writer.put(name, *(writer.input() for _ in range(4)), ddof=ddof)
    inputs = list(numbers(4, 5).copy())
    expected = by_numpy(writer.plan, inputs, [])[writer.plan.output]
    same(Native(writer.plan).forward(inputs, np.zeros(0)), expected)


@pytest.mark.parametrize("name", ["sum", "prod", "logsumexp", "norm", "sum_squares", "matmul"])
def test_a_reduction_of_nothing_is_what_numpy_says(name: str, engine: str) -> None:
    writer = Writer()
    nothing = writer.put(name)
    writer.plan.output = writer.put("add", writer.input(), nothing)
    expected = by_numpy(writer.plan, [np.ones(3)], [])[writer.plan.output]
    same(Native(writer.plan).forward([np.ones(3)], np.zeros(0)), expected)


# --- networks -------------------------------------------------------------------------------------


def network(sizes: tuple[int, ...], activation: str = "tanh") -> Plan:
    """A network of scalars with a squared error, weight decay, and the derivatives of all."""
    writer = Writer()
    put, x = writer.put, [writer.input() for _ in range(sizes[0])]
    target, one = writer.input(), writer.constant(1.0)
    layers = [
        [[writer.parameter() for _ in range(n + 1)] for _ in range(m)]
        for n, m in zip(sizes, sizes[1:], strict=False)
    ]
    activations = [x]
    for neurons in layers:
        h = [put("matmul", *weights, *activations[-1], one) for weights in neurons]
        activations.append([put(activation, s) for s in h])
    error = put("sub", put("sum", *activations[-1]), target)
    decay = put("mul", writer.constant(1e-2), put("sum_squares", *writer.plan.parameters))
    writer.plan.output = put("add", put("square", error), decay)
    seed = writer.seed()
    total = put(TOTAL, seed)
    g = [put("mul", put("mul", writer.constant(2.0), error), seed)] * sizes[-1]
    gradients: dict[int, int] = {}
    for depth in reversed(range(len(layers))):
        out = activations[depth + 1]
        if activation == "tanh":
            slopes = [put("sub", one, put("mul", y, y)) for y in out]
        else:
            slopes = [put("indicator", put("greater", y, writer.constant(0.0)), y) for y in out]
        g = [put("mul", each, slope) for each, slope in zip(g, slopes, strict=True)]
        for each, weights in zip(g, layers[depth], strict=True):
            for w, y in zip(weights, activations[depth], strict=False):
                gradients[w] = put(TOTAL, put("mul", each, y))
            gradients[weights[-1]] = put(TOTAL, each)
        g = [
            put("matmul", *g, *(weights[i] for weights in layers[depth]))
            for i in range(sizes[depth])
        ]
    for w in writer.plan.parameters:
        shrink = put("mul", put("mul", writer.constant(2e-2), w), total)
        writer.gradient(put("add", gradients[w], shrink))
    return writer.plan


def arguments(plan: Plan, instances: int) -> tuple[list[Array], Array, Array]:
    rng = np.random.default_rng(instances)
    inputs = list(rng.normal(size=(len(plan.inputs), instances)))
    return inputs, rng.normal(size=len(plan.parameters)), rng.uniform(0.5, 1.5, instances)


def check(plan: Plan, executor: Native, instances: int) -> None:
    inputs, parameters, seed = arguments(plan, instances)
    held = by_numpy(plan, inputs, parameters, seed)
    losses, gradients = executor.backward(inputs, parameters, seed)
    same(losses, held[plan.output])
    np.testing.assert_allclose(gradients, [held[g] for _, g in plan.gradients], rtol=1e-11, atol=1e-12)
    same(executor.forward(inputs, parameters), held[plan.output])


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_blocks_of_every_size_give_the_same_numbers(engine: str, activation: str) -> None:
    plan = network((3, 5, 2), activation)
    executor = Native(plan)
    for instances in [*range(1, 41), 63, 64, 65, 127, 129, 300]:
        check(plan, executor, instances)


def test_derivatives_equal_finite_differences(engine: str) -> None:
    plan = network((2, 4, 1))
    inputs, parameters, seed = arguments(plan, 21)
    executor = Native(plan)
    _, gradients = executor.backward(inputs, parameters, seed)
    for i in range(len(parameters)):
        step = np.zeros(len(parameters))
        step[i] = 1e-6
        above = executor.forward(inputs, parameters + step) @ seed
        below = executor.forward(inputs, parameters - step) @ seed
        assert gradients[i] == pytest.approx((above - below) / 2e-6, rel=1e-6, abs=1e-6)


def test_code_of_several_functions_gives_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = network((4, 9, 6, 2))
    for chunk in (1, 7, 60, 400):
        monkeypatch.setattr("autograd.programs.straight.CHUNK", chunk)
        for instances in (1, 40, 100):
            check(plan, Native(plan), instances)


@pytest.mark.parametrize("unroll", [1, 2, 3])
def test_several_vectors_at_a_time_give_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch, unroll: int
) -> None:
    monkeypatch.setattr(native, "UNROLL", unroll)
    plan = network((2, 4, 2))
    for instances in range(1, 50):
        check(plan, Native(plan), instances) if instances == 1 else None
        check(plan, _kept(plan, unroll), instances)


_executors: dict[int, Native] = {}


def _kept(plan: Plan, unroll: int) -> Native:
    return _executors.setdefault(unroll, Native(plan))
