"""The table of kinks: what each derivative is where the mathematics leaves a choice."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from samples import SAMPLES

import autograd
from autograd import Tensor, Value

inf, nan = math.inf, math.nan


class Kink(NamedTuple):
    """A function at a point, its value there, and its derivatives by convention."""

    says: str
    function: Callable[..., Any]
    point: tuple[float, ...]
    out: float
    gradient: tuple[float, ...]


KINKS = [
    Kink("relu'(0) = 0", autograd.relu, (0.0,), 0, (0,)),
    Kink("relu'(nan) is 0, the value nan", autograd.relu, (nan,), nan, (0,)),
    Kink("abs'(0) = 0", autograd.abs, (0.0,), 0, (0,)),
    Kink("abs'(0) = 0, as an operator", abs, (0.0,), 0, (0,)),
    Kink("maximum shares a tie", autograd.maximum, (2.0, 2.0), 2, (0.5, 0.5)),
    Kink("minimum shares a tie", autograd.minimum, (2.0, 2.0), 2, (0.5, 0.5)),
    Kink(
        "maximum, ties='first'",
        lambda x, y: autograd.maximum(x, y, ties="first"),
        (2.0, 2.0),
        2,
        (1, 0),
    ),
    Kink(
        "minimum, ties='first'",
        lambda x, y: autograd.minimum(x, y, ties="first"),
        (2.0, 2.0),
        2,
        (1, 0),
    ),
    Kink("x ** 0 at 0", lambda x: x**0, (0.0,), 1, (0,)),
    Kink("x ** 0.0 at a negative base", lambda x: x**0.0, (-2.0,), 1, (0,)),
    Kink("0 ** 0 = 1", lambda x, y: x**y, (0.0, 0.0), 1, (0, 0)),
    Kink("0 ** y by y is 0", lambda x, y: x**y, (0.0, 2.0), 0, (0, 0)),
    Kink("a negative base by its exponent is nan", lambda x, y: x**y, (-2.0, 2.0), 4, (-4, nan)),
    Kink("a cube root of a negative number is nan", lambda x: x ** (1 / 3), (-8.0,), nan, (nan,)),
    Kink("0 ** -1 is inf", lambda x: x**-1, (0.0,), inf, (-inf,)),
    Kink("0 ** -1 by both", lambda x, y: x**y, (0.0, -1.0), inf, (-inf, -inf)),
    Kink("0.5 * 0 ** -0.5", lambda x: x**0.5, (0.0,), 0, (inf,)),
    Kink("sqrt'(0) = inf", autograd.sqrt, (0.0,), 0, (inf,)),
    Kink("cbrt'(0) = inf", autograd.cbrt, (0.0,), 0, (inf,)),
    Kink("sqrt of a negative number is nan", autograd.sqrt, (-1.0,), nan, (nan,)),
    Kink("log(0) is −inf", autograd.log, (0.0,), -inf, (inf,)),
    Kink("1 / 0 is inf", lambda x: 1 / x, (0.0,), inf, (-inf,)),
    Kink("exp overflows to inf", autograd.exp, (1000.0,), inf, (inf,)),
    Kink("hypot at the origin", autograd.hypot, (0.0, 0.0), 0, (0, 0)),
    Kink("arctan2 at the origin", autograd.arctan2, (0.0, 0.0), 0, (0, 0)),
    Kink("clip at its lower bound", lambda x: autograd.clip(x, -1, 1), (-1.0,), -1, (1,)),
    Kink("clip at its upper bound", lambda x: autograd.clip(x, -1, 1), (1.0,), 1, (1,)),
    Kink("clip outside", lambda x: autograd.clip(x, -1, 1), (1.5,), 1, (0,)),
    Kink("a bound of clip, at it", autograd.clip, (1.0, 1.0, 2.0), 1, (1, 0, 0)),
    Kink("a bound of clip, beyond it", autograd.clip, (0.5, 1.0, 2.0), 1, (0, 1, 0)),
    Kink("clip with crossed bounds", autograd.clip, (0.5, 2.0, 1.0), 1, (0, 0, 1)),
    Kink("floor'", autograd.floor, (2.0,), 2, (0,)),
    Kink("ceil'", autograd.ceil, (2.5,), 3, (0,)),
    Kink("sign'", autograd.sign, (0.0,), 0, (0,)),
    Kink("// is a step", lambda x, y: x // y, (7.0, 2.0), 3, (0, 0)),
    Kink("% has 1 and −⌊x/y⌋", lambda x, y: x % y, (7.5, 2.0), 1.5, (1, -3)),
    Kink("% of a negative number", lambda x, y: x % y, (-7.5, 2.0), 0.5, (1, 4)),
    Kink("% at a multiple", lambda x, y: x % y, (6.0, 2.0), 0, (1, -3)),
    Kink(
        "where ignores what it does not choose",
        lambda x: autograd.where(False, 1 / x, x),
        (0.0,),
        0,
        (nan,),
    ),
    Kink("softplus, far left", autograd.softplus, (-1000.0,), 0, (0,)),
    Kink("softplus, far right", autograd.softplus, (1000.0,), 1000, (1,)),
    Kink("sigmoid, far left", autograd.sigmoid, (-1000.0,), 0, (0,)),
]


@pytest.mark.parametrize("kink", KINKS, ids=lambda kink: kink.says)
@pytest.mark.parametrize("kind", [Value, Tensor])
def test_a_kink_has_the_derivative_of_the_table(kink: Kink, kind: type) -> None:
    inputs = [kind(x) for x in kink.point]
    with np.errstate(all="ignore"):
        out = kink.function(*inputs)
    out.backward()
    np.testing.assert_array_equal(out.item(), kink.out)
    np.testing.assert_array_equal([float(x.grad) for x in inputs], kink.gradient)


ARRAYS = [
    ("max shares ties", autograd.max, [1.0, 3.0, 3.0], {}, [0, 0.5, 0.5]),
    ("min shares ties", autograd.min, [1.0, 1.0, 1.0, 2.0], {}, [1 / 3, 1 / 3, 1 / 3, 0]),
    ("max, ties='first'", autograd.max, [1.0, 3.0, 3.0], {"ties": "first"}, [0, 1, 0]),
    ("min, ties='first'", autograd.min, [1.0, 1.0, 1.0, 2.0], {"ties": "first"}, [1, 0, 0, 0]),
    ("norm at 0", autograd.norm, [0.0, 0.0], {}, [0, 0]),
    ("std of a constant", autograd.std, [2.0, 2.0, 2.0], {}, [0, 0, 0]),
    ("var of a constant", autograd.var, [2.0, 2.0, 2.0], {}, [0, 0, 0]),
    ("prod without zeros", autograd.prod, [2.0, 3.0, 4.0], {}, [12, 8, 6]),
    ("prod with one zero", autograd.prod, [0.0, 3.0, 4.0], {}, [12, 0, 0]),
    ("prod with two zeros", autograd.prod, [0.0, 0.0, 4.0], {}, [0, 0, 0]),
    ("logsumexp with −inf", autograd.logsumexp, [-inf, 0.0], {}, [0, 1]),
    ("softmax far apart", lambda x: autograd.softmax(x)[0], [1000.0, -1000.0], {}, [0, 0]),
    ("log_softmax far apart", lambda x: autograd.log_softmax(x)[0], [0.0, 1000.0], {}, [1, -1]),
]


@pytest.mark.parametrize(
    ("function", "point", "options", "gradient"),
    [row[1:] for row in ARRAYS],
    ids=[row[0] for row in ARRAYS],
)
def test_a_reduction_has_the_gradient_of_the_table(
    function: Any, point: list[float], options: dict[str, Any], gradient: list[float]
) -> None:
    x = Tensor(point)
    function(x, **options).backward()
    np.testing.assert_allclose(x.grad, gradient, rtol=1e-15)
    if function not in (row[1] for row in ARRAYS[-2:]):
        v = autograd.values(point)
        function(v, **options).backward()
        np.testing.assert_allclose([each.grad for each in v], gradient, rtol=1e-15)


def test_ties_over_several_axes_share_among_all_of_them() -> None:
    x = Tensor(np.ones((2, 3, 2)))
    autograd.max(x, axis=(0, 2)).sum().backward()
    np.testing.assert_array_equal(x.grad, np.full((2, 3, 2), 1 / 4))
    x = Tensor(np.ones((2, 3, 2)))
    autograd.max(x, axis=(0, 2), ties="first").sum().backward()
    first = np.zeros((2, 3, 2))
    first[0, :, 0] = 1
    np.testing.assert_array_equal(x.grad, first)


def test_an_unknown_way_to_break_ties_is_an_error() -> None:
    with pytest.raises(ValueError, match="ties is 'share' or 'first', not 'last'"):
        autograd.max(Tensor([1.0, 2.0]), ties="last")
    with pytest.raises(ValueError, match="ties is 'share' or 'first', not 'last'"):
        autograd.maximum(Value(1.0), 2.0, ties="last")


@pytest.mark.parametrize("zeros", [0, 1, 2, 3])
def test_prod_is_exact_to_second_order_with_any_number_of_zeros(zeros: int) -> None:
    factors = np.array([2.0, -1.5, 0.5, 3.0])
    factors[:zeros] = 0.0

    def others(*gone: int) -> float:
        return math.prod(x for i, x in enumerate(factors) if i not in gone)

    first = [others(i) for i in range(4)]
    second = [[0.0 if i == j else others(i, j) for j in range(4)] for i in range(4)]
    np.testing.assert_array_equal(autograd.grad(autograd.prod)(factors), first)
    np.testing.assert_array_equal(autograd.hessian(autograd.prod)(factors), second)


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_a_zero_cotangent_still_reaches_its_parent(kind: type) -> None:
    x = kind(2.0)
    (x * 0).backward()
    assert x.grad == 0.0
    x = kind(2.0)
    autograd.floor(x).backward()
    assert x.grad == 0.0
    x, y = kind(2.0), kind(3.0)
    autograd.maximum(x, y).backward()
    assert (x.grad, y.grad) == (0.0, 1.0)


def test_zero_times_an_infinite_derivative_is_nan_on_both_kinds() -> None:
    # 0 · inf: what the chain rule says at sqrt(0) · 0, as in PyTorch.
    for kind in (Value, Tensor):
        x = kind(0.0)
        (autograd.sqrt(x) * 0).backward()
        assert math.isnan(x.grad)


@pytest.mark.parametrize("name", ["hypot", "arctan2", "norm", "std"])
def test_second_derivatives_beside_the_origin_are_those_of_the_formula(name: str) -> None:
    samples = [sample for sample in SAMPLES[name] if sample.smooth and sample.arrays[0].size]
    assert samples
    for sample in samples:
        seconds = autograd.hessian(lambda *xs, f=sample: f(*xs).sum())(*sample.arrays)
        assert np.isfinite(seconds).all()


# --- the backward pass is silent ------------------------------------------------------------------


def test_the_forward_pass_on_tensors_warns_as_numpy_does() -> None:
    x = Tensor([0.0, -1.0])
    with pytest.warns(RuntimeWarning, match="divide by zero encountered in log"):
        autograd.log(x[:1])
    with pytest.warns(RuntimeWarning, match="invalid value encountered in sqrt"):
        autograd.sqrt(x[1:])


def test_the_backward_pass_is_silent() -> None:
    x = Tensor([0.0, 1.0])
    autograd.sqrt(x).backward([1.0, 1.0])  # warnings are errors in this suite
    np.testing.assert_array_equal(x.grad, [inf, 0.5])


def test_arrays_of_values_never_warn() -> None:
    assert math.isnan(autograd.var([Value(1.0)], ddof=1).data)
    assert math.isnan(autograd.softmax(autograd.values([-inf, -inf]))[0].data)
    assert autograd.mean(autograd.values([1e308, 1e308])).data == inf
    assert math.isnan(autograd.prod(autograd.values([inf, 0.0])).data)


def test_values_never_warn() -> None:
    x = Value(0.0)
    for out in (1 / x, x / x, autograd.log(x), autograd.exp(x + 1000), autograd.sqrt(x - 1)):
        out.backward()
    assert math.isnan(x.grad)


@pytest.mark.parametrize(
    "condition", [[0, 1, 2, 0], [0.0, 0.5, 2.0, -0.0], [False, True, True, False]]
)
def test_a_choice_by_numbers_has_the_gradient_of_one_by_truth_values(condition):
    truth = np.array(condition).astype(bool).astype(float)
    x, y = autograd.Tensor(np.arange(4.0)), autograd.Tensor(np.ones(4))
    autograd.where(np.array(condition), x, y * 2.0).sum().backward()
    np.testing.assert_array_equal(x.grad, truth)
    np.testing.assert_array_equal(y.grad, 2.0 - 2.0 * truth)
