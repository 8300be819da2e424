"""gradcheck where a difference cannot be trusted: edges, kinks, scales, what draws at random."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from samples import ELEMENTWISE, SAMPLES, singular_points

import autograd
import nn
from autograd import GradientError, Tensor, Value, gradcheck

STEP = "leaves the domain of the function or crosses a kink or a jump"
NAMES = ("bad_square", "bad_relu", "bad_sqrt", "bad_log")


@pytest.fixture(scope="module")
def wrong() -> Iterator[dict[str, Any]]:
    """Rows whose derivative is wrong everywhere, at kinks and beside edges too."""
    rule = autograd.elementwise
    rows = [
        rule("bad_square", lambda x: x * x, np.square, lambda out, x: 3 * x),
        rule(
            "bad_relu",
            lambda x: max(x, 0.0),
            lambda x: np.maximum(x, 0),
            lambda out, x: 2.0 * (x > 0) + 7.0 * (x == 0) + 0.5 * (x < 0),
        ),
        rule("bad_sqrt", math.sqrt, np.sqrt, lambda out, x: 0.6 / out),
        rule("bad_log", math.log, np.log, lambda out, x: 1.1 / x),
    ]
    yield {row.name: row for row in rows}
    for row in rows:
        del autograd.registry[row.name]


def told(f: Any, inputs: Any, **options: Any) -> str:
    """What gradcheck says; nothing where it is content."""
    try:
        assert gradcheck(f, inputs, **options) is True
    except GradientError as error:
        return str(error)
    return ""


KINDS: dict[str, Callable[[float], Any]] = {
    "a Value": lambda x: x,
    "an array": lambda x: np.array([x, 1.5]),
}
EDGES: dict[str, tuple[Any, float]] = {
    "sqrt": (autograd.sqrt, 1e-9),
    "sqrt on the edge": (autograd.sqrt, 0.0),
    "log": (autograd.log, 1e-9),
    "log near": (autograd.log, 1e-7),
    "log of very little": (autograd.log, 1e-100),
    "log1p": (autograd.log1p, -1 + 1e-9),
    "arcsin": (autograd.arcsin, 1 - 1e-9),
    "a power": (lambda x: x**0.5, 1e-9),
    "a fraction": (lambda x: 1 / x, 1e-8),
    "relu": (autograd.relu, 1e-7),
    "relu from the left": (autograd.relu, -1e-7),
    "relu on the kink": (autograd.relu, 0.0),
    "abs": (autograd.abs, -1e-7),
    "floor on a jump": (autograd.floor, 1.0),
    "floor beside a jump": (autograd.floor, 1 + 1e-8),
    "maximum": (lambda x: autograd.maximum(x, 0.5), 0.5 + 1e-8),
    "cbrt": (autograd.cbrt, 1e-8),
    "a sum with a kink": (lambda x: 1e6 * autograd.sin(x) + autograd.relu(x - 0.5) * 1e6, 0.5),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("edge", EDGES)
def test_a_step_that_leaves_the_domain_or_crosses_a_kink_is_said_and_no_rule_is_blamed(
    edge: str, kind: str
) -> None:
    f, x = EDGES[edge]
    text = told(f, (KINDS[kind](x),))
    assert STEP in text
    assert "the rule is not to blame" in text
    assert "primitive" not in text
    assert f"input 0{'[0]' if kind == 'an array' else ''}:" in text


def test_with_a_step_that_fits_the_same_rules_are_right() -> None:
    for f, x, eps in (
        (autograd.sqrt, 1e-9, 1e-12),
        (autograd.log, 1e-9, 1e-12),
        (autograd.relu, 1e-7, 1e-8),
    ):
        assert gradcheck(f, (x,), eps=eps)


def test_what_a_function_raises_outside_its_domain_is_told() -> None:
    text = told(lambda p: nn.binary_cross_entropy(p, np.array([1.0])), (np.array([1e-9]),))
    assert STEP in text
    assert "raises ValueError (binary_cross_entropy expected predictions from 0 to 1" in text


def test_a_kink_of_the_gradient_is_told_at_second_order() -> None:
    for x in (0.0, 1e-7):
        assert gradcheck(lambda x: autograd.relu(x) ** 2, (x,))
        text = told(lambda x: autograd.relu(x) ** 2, (x,), order=2)
        assert text.startswith("the gradient of the gradient of output 0 by input 0:")
        assert STEP in text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("row", "x"),
    [
        *itertools.product(["bad_relu"], [1e-7, -1e-7, 0.0, 1e-12, 2.0]),
        *itertools.product(["bad_sqrt", "bad_log"], [1e-9, 1e-7, 1e-100, 1.0]),
        *itertools.product(["bad_square"], [1e-20, 1e-3, 1.0, 1e10, 1e100]),
    ],
)
def test_a_wrong_rule_is_blamed_beside_edges_and_kinks_and_at_every_scale(
    row: str, x: float, kind: str, wrong: dict[str, Any]
) -> None:
    text = told(wrong[row], (KINDS[kind](x),))
    assert f"primitive {row!r} disagrees with its own difference" in text


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e-10, 1e-5, 1.0, 1e10, 1e100])
def test_the_scale_of_a_function_changes_no_verdict(
    scale: float, order: int, wrong: dict[str, Any]
) -> None:
    x = np.array([0.3, 2.0])
    assert gradcheck(lambda x: scale * autograd.sin(x) * x[1], (x,), order=order)
    assert gradcheck(lambda x: scale * (x[0] ** 3 + x[1]), (np.zeros(2),), order=order)
    for f in (
        lambda x: scale * wrong["bad_square"](x),
        lambda x: (scale * wrong["bad_square"](x) * autograd.cos(x)).sum(),
    ):
        assert "primitive 'bad_square'" in told(f, (x,), order=order)


def test_a_wrong_rule_is_found_beside_a_step_that_cannot_tell(wrong: dict[str, Any]) -> None:
    x = np.array([1e-9, 1.0])
    text = told(lambda v: (autograd.sqrt(v) + wrong["bad_square"](v)).sum(), (x,))
    assert "input 0[1]" in text
    assert "primitive 'bad_square'" in text


def test_rounding_is_not_taken_for_a_wrong_rule() -> None:
    assert gradcheck(lambda x: (1e8 + x) - 1e8, (0.5,))
    assert gradcheck(lambda x: autograd.softmax(x).sum(), (np.array([0.3, 1.0, -2.0]),), order=2)
    assert gradcheck(lambda x: x * x, (1e10,))
    assert gradcheck(autograd.sin, (1e10,))
    assert gradcheck(lambda x: autograd.sin(x.astype(np.float32)), (np.array([0.3, 1.0]),))


@pytest.mark.parametrize("x", [math.nan, math.inf, -1.0, 1000.0])
def test_what_is_not_finite_on_both_sides_agrees(x: float) -> None:
    for f in (autograd.sqrt, autograd.exp):
        for kind in (x, np.array([x, 1.0])):
            assert gradcheck(f, (kind,))


def test_a_point_outside_the_domain_where_the_rule_gives_a_number_is_told() -> None:
    text = told(autograd.log, (-1.0,))
    assert STEP in text
    assert "the function itself is nan there" in text


@pytest.mark.parametrize("seed", range(10))
def test_a_function_that_draws_at_random_is_told_from_a_wrong_rule(seed: int) -> None:
    drop = nn.Dropout(0.5, rng=seed)
    rng = np.random.default_rng(seed)
    for f, x in (
        (lambda x: drop(x).sum(), np.ones(5)),
        (lambda x: drop(x), np.ones(3)),
        (lambda x: x * float(rng.normal()), 1.0),
    ):
        text = told(f, (x,))
        assert "gives other numbers when it is called again with the same input" in text
        assert "draws at random" in text
    drop.eval()
    assert gradcheck(lambda x: drop(x).sum(), (np.ones(5),))

    def seeded(x: Any) -> Any:
        return nn.Dropout(0.5, rng=seed)(x).sum()

    assert gradcheck(seeded, (np.ones(5),), order=2)


def test_a_function_that_remembers_its_calls_is_told() -> None:
    calls: list[int] = []

    def f(x: Any) -> Any:
        calls.append(1)
        return x * float(len(calls))

    assert "remembers its last call" in told(f, (2.0,))


def test_no_name_in_a_message_is_empty(wrong: dict[str, Any]) -> None:
    cube = wrong["bad_square"]
    nested = ({"w": np.ones((2, 2)), "b": [1.0, 2.0]}, 3.0)
    for f, inputs, name in (
        (lambda x: x.detach() * 2.0 + 0.0 * x, (2.0,), "input 0:"),
        (lambda p, x: (cube(p["w"]) * 2.0)[0, 1], nested, "input 0['w'][0, 1]:"),
        (lambda p, x: cube(p["b"][1]), nested, "input 0['b'][1]:"),
        (lambda p, x: cube(x), nested, "input 1:"),
        (lambda x: float(np.asarray(autograd.jvp(lambda y: y, (1.0,), (1.0,))[0])), (1.0,), ""),
    ):
        text = told(f, inputs)
        assert name in text
        assert ": )" not in text
        assert "''" not in text


def test_arrays_of_values_and_of_arrays_are_inputs(wrong: dict[str, Any]) -> None:
    values = autograd.values(np.array([1.0, 2.0]))
    assert gradcheck(lambda x: (x * x).sum(), (values,), order=2)
    mixed = np.empty(2, dtype=object)
    mixed[:] = [1.0, np.array([2.0, 3.0])]
    assert gradcheck(lambda x: (x[0] * x[1]).sum(), (mixed,), order=2)
    text = told(lambda x: wrong["bad_square"](x[1])[1] * x[0], (mixed,))
    assert "input 0[1][1]" in text


def test_a_part_that_is_not_recorded_is_said_to_be_so() -> None:
    assert "not recorded" in told(lambda x: x * x.detach(), (2.0,))
    assert "not recorded" in told(lambda x: math.exp(x), (2.0,))
    assert "not recorded" in told(lambda x: x * float(x.detach()) ** 2, (2.0,))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"eps": 0.0}, ValueError, "eps is a finite number above 0"),
        ({"eps": -1e-6}, ValueError, "eps is a finite number above 0"),
        ({"eps": math.nan}, ValueError, "eps is a finite number above 0"),
        ({"eps": "small"}, TypeError, "eps is a number, got str"),
        ({"rtol": -1}, ValueError, "rtol is a finite number of at least 0"),
        ({"rtol": None}, TypeError, "rtol is a number, got NoneType"),
        ({"atol": [1]}, TypeError, "atol is a number, got list"),
        ({"order": 3}, ValueError, "order is 1 or 2"),
    ],
)
def test_junk_options_are_refused_by_name(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        gradcheck(lambda x: x, 1.0, **options)


def test_junk_functions_and_inputs_are_refused() -> None:
    with pytest.raises(TypeError, match="gradcheck takes a function, got int"):
        gradcheck(3, 1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no numbers among the inputs"):
        gradcheck(lambda: 1.0, ())
    with pytest.raises(ValueError, match=r"gives 1 numbers at .* and 2 at"):
        gradcheck(lambda x: [x] if x >= 1 else [x, x], 1.0)


def test_a_tolerance_of_ones_own_holds_whatever_the_scale(wrong: dict[str, Any]) -> None:
    f = lambda x: 1e-10 * wrong["bad_square"](x)  # noqa: E731
    assert gradcheck(f, (2.0,), atol=1e-5)
    assert "tolerance 1e-12 + 0.001" in told(f, (2.0,), atol=1e-12)


ALONE = [name for name in ELEMENTWISE if autograd.registry[name].arity == 1]


@pytest.mark.parametrize("name", ALONE)
def test_no_row_of_the_library_is_blamed_at_or_beside_its_singular_points(name: str) -> None:
    row = autograd.registry[name]
    options = next((s.options for s in SAMPLES[name] if s.slots), None)
    if options is None:
        pytest.skip("has no derivative")
    for (point,) in singular_points(row):
        if abs(point) < 1e200:
            for offset in (0.0, 1e-9, -1e-9, 1e-7, -1e-7):
                text = told(lambda x: row(x, **options), (point + offset,))
                assert not text or STEP in text, text


@pytest.mark.parametrize("name", ["mul", "div", "maximum", "minimum", "arctan2", "hypot", "xlogy"])
def test_no_row_of_two_arguments_is_blamed_there_either(name: str) -> None:
    row = autograd.registry[name]
    for x, y in itertools.product((0.0, 1e-9, -1e-7, 1.0, -2.0), repeat=2):
        for kind in (float, lambda z: np.array([z, 0.7])):
            text = told(lambda x, y: row(x, y), (kind(x), kind(y)))
            assert not text or STEP in text, text


def test_nodes_are_inputs_like_numbers() -> None:
    assert gradcheck(lambda x, y: x * y, (Value(2.0, "x"), Tensor([1.0, 2.0], "y")), order=2)


CONES: dict[str, tuple[Any, Any]] = {
    "norm": (autograd.norm, [0.0, 0.0]),
    "a square of norm": (lambda x: autograd.norm(x) ** 2, [0.0, 0.0]),
    "one of several norms": (lambda x: autograd.norm(x[:2]) + (x**2).sum(), [0.0, 0.0, 1.0]),
    "a square of std": (lambda x: autograd.std(x) ** 2, [1.0, 1.0, 1.0]),
    "a kernel of a distance": (
        lambda x: autograd.exp(-(autograd.norm(x[:2] - x[2:]) ** 2)),
        [1.0, 2.0, 1.0, 2.0],
    ),
    "hypot": (lambda x: autograd.hypot(x[0], x[1]) ** 2, [0.0, 0.0]),
}


@pytest.mark.parametrize("what", CONES)
def test_a_second_derivative_that_is_nan_at_the_tip_of_a_cone_is_no_mistake(what: str) -> None:
    f, x = CONES[what]
    text = told(f, (np.array(x),), order=2)
    assert STEP in text, text
    assert "disagrees" not in text


def test_a_rule_that_is_nan_is_blamed_where_there_is_no_cone(wrong: dict[str, Any]) -> None:
    broken = autograd.elementwise("nan_of_a_rule", math.exp, np.exp, lambda out, x: out * math.nan)
    try:
        assert "'nan_of_a_rule' disagrees" in told(broken, (0.5,))
        both = lambda x: broken(x[0]) + autograd.norm(x)  # noqa: E731
        assert "'nan_of_a_rule' disagrees" in told(both, (np.array([0.5, 1.0]),))
    finally:
        del autograd.registry["nan_of_a_rule"]


@pytest.mark.parametrize(("f", "x"), [(autograd.tan, math.pi / 2), (autograd.tan, -math.pi / 2)])
def test_a_pole_that_lies_between_two_numbers_is_no_mistake_of_the_rule(f: Any, x: float) -> None:
    for point in (x, np.array([x])):
        text = told(f, (point,))
        assert STEP in text, text
