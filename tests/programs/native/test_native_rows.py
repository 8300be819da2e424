"""Every row that the native executor knows gives NumPy's numbers, at ordinary and singular points."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from plans import Native, Writer, by_numpy, evaluated, same
from samples import ELEMENTWISE, numbers, singular_points

import autograd
from autograd.programs.native.mathematics import ROWS
from autograd.programs.native.scalars import executor as native

pytest.importorskip("llvmlite", reason="the native executor needs llvmlite: .[fast]")


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


# --- one row --------------------------------------------------------------------------------------

# One exponent of ½ for a whole array makes NumPy take the square root: see test_rows_values.
POINTS = {name: singular_points(autograd.registry[name]) for name in ELEMENTWISE if name in ROWS}


def test_every_elementwise_row_has_a_native_form_or_parts_or_an_effect() -> None:
    missing = {name for name in ELEMENTWISE if name not in ROWS}
    whole = {name for name in missing if autograd.registry[name].composite is None}  # type: ignore[attr-defined]
    assert whole <= {"random_like", "track_moments"}


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


@pytest.mark.parametrize(
    "exponent", [0.0, 1.0, 2.0, 3.0, 4.0, -1.0, 0.5, 2.5, -2.0, 1 / 3, math.nan]
)
def test_a_power_that_is_known_is_the_power(exponent: float, engine: str) -> None:
    writer = Writer()
    writer.plan.output = writer.put("pow", writer.input(), writer.constant(exponent))
    x = np.array([p[0] for p in POINTS["exp"]])
    with np.errstate(all="ignore"):
        expected = np.power(x, np.full(x.shape, exponent))
    same(Native(writer.plan).forward([x], np.zeros(0)), expected)


@pytest.mark.parametrize(
    "name",
    [
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "tanh",
        "sigmoid",
        "softplus",
        "erf",
        "erfc",
    ],
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
    if name == "erfc":  # SciPy's is exact to 6e-14 far out
        expected = np.array(list(map(math.erfc, x.tolist())))
    actual = Native(writer.plan).forward([x], np.zeros(0))
    # exp(−x²) has the digits of x², which without a fused multiply-add is rounded.
    units = 2e-15 + (np.finfo(float).eps * x * x if name == "erfc" else 0 * x)
    known = np.isfinite(expected)
    np.testing.assert_array_equal(actual[~known], expected[~known])
    x, actual, expected, units = x[known], actual[known], expected[known], units[known]
    assert x[abs(actual - expected) > units * abs(expected) + 1e-307].tolist() == []


REDUCTIONS = (
    "sum",
    "mean",
    "centre",
    "prod",
    "max",
    "min",
    "logsumexp",
    "var",
    "std",
    "norm",
    "sum_squares",
)


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
