"""Second derivatives at singular points: right and symmetric, and no number where there is none."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from samples import ELEMENTWISE, singular_points

import autograd
from autograd import Tensor, Value

Array = np.ndarray[Any, Any]
inf, nan = math.inf, math.nan
STEP = 1e-6

PIECEWISE_LINEAR = {
    *("abs", "relu", "maximum", "minimum", "clip_between", "hinge", "remainder", "floor_divide"),
    *("floor", "ceil", "sign"),
}
"""Rows whose second derivative is 0 also at a kink or a jump, by convention."""

CONES = {"hypot", "arctan2"}
"""Rows that have no derivative at the origin, where the gradient is 0 and the Hessian nan."""

OPTIONS: dict[str, list[dict[str, Any]]] = {
    "binary_cross_entropy": [{}, {"entropy": True}],
    "logistic_cross_entropy": [{}, {"entropy": True}],
    "kl_divergence": [{}, {"of_logs": True}, {"of_logs": True, "log_target": True}],
    "maximum": [{}, {"ties": "first"}],
    "minimum": [{}, {"ties": "first"}],
}

ROWS = [
    (name, options)
    for name in ELEMENTWISE
    if any(autograd.registry[name].derivatives)
    and name not in ("where", "patched", "track_moments")
    for options in OPTIONS.get(name, [{}])
]
over_rows = pytest.mark.parametrize(("name", "options"), ROWS)


def ordinary(x: float) -> bool:
    """Whether differences with `STEP` can be taken: nothing infinite, or smaller than the step."""
    return math.isfinite(x) and (x == 0 or 1e-3 < abs(x) < 50)


def points_of(row: autograd.Primitive) -> list[tuple[float, ...]]:
    """The singular points of a row, and the ends of the interval of probabilities."""
    own = [p for p in singular_points(row) if all(map(ordinary, p))]
    ends = itertools.product((0.0, 1.0, 0.25), repeat=row.arity or 0)
    return list(dict.fromkeys([*own, *ends]))


def moved(columns: list[Array], slot: int, step: float) -> list[Array]:
    return [x + step if i == slot else x for i, x in enumerate(columns)]


def gradient(row: Any, slots: list[int], columns: list[Array], options: dict[str, Any]) -> Array:
    """The derivative by each argument, at all points at once."""
    xs = [Tensor(x) for x in columns]
    with np.errstate(all="ignore"):
        row(*xs, **options).backward(np.ones(xs[0].shape))
    return np.array([xs[slot].grad for slot in slots])


def blocks(row: Any, slots: list[int], columns: list[Array], options: dict[str, Any]) -> Array:
    """The Hessian at all points at once: slots × slots × points."""
    xs = [Tensor(x) for x in columns]
    with np.errstate(all="ignore"):
        row(*xs, **options).backward(np.ones(xs[0].shape), create_graph=True)
    firsts = [xs[slot].grad for slot in slots]
    found = []
    for first in firsts:
        for x in xs:
            x.grad = None
        if first.requires_grad:
            first.backward(np.ones(first.shape))
        found.append(
            [np.zeros(len(columns[0])) if xs[s].grad is None else xs[s].grad for s in slots]
        )
    return np.array(found)


@over_rows
def test_the_hessian_is_symmetric_and_the_difference_of_the_gradient_from_both_sides(
    name: str, options: dict[str, Any]
) -> None:
    row = autograd.registry[name]
    points = points_of(row)
    slots = [slot for slot in range(row.arity) if row.differentiable(slot)]
    columns = [np.array(x) for x in zip(*points, strict=True)]
    here = gradient(row, slots, columns, options)
    hessian = blocks(row, slots, columns, options)
    with np.errstate(all="ignore"):
        inside = np.isfinite(row.array(*columns, **(row.options | options)))
        for slot, step in itertools.product(range(row.arity), (STEP, -STEP)):
            near = row.array(*moved(columns, slot, step), **(row.options | options))
            inside &= ~np.isnan(near)  # on the edge of the domain there is no other side
    inside &= np.isfinite(here).all(axis=0)
    assert inside.any()
    finite = np.isfinite(hessian)
    swapped = hessian.transpose(1, 0, 2)
    np.testing.assert_array_equal(finite[..., inside], finite.transpose(1, 0, 2)[..., inside])
    both = finite & inside
    np.testing.assert_allclose(hessian[both], swapped[both], rtol=1e-9, atol=1e-9)
    for j, slot in enumerate(slots):
        with np.errstate(all="ignore"):
            right, left = (
                (gradient(row, slots, moved(columns, slot, step), options) - here) / step
                for step in (STEP, -STEP)
            )
            # Where the gradient is no number on one side, the other side is left.
            alone = np.isnan(right) != np.isnan(left)
            left = np.where(np.isnan(left), right, left)
            right = np.where(np.isnan(right), left, right)
            scale = 1 + np.abs(right)
            agree = np.abs(right - left) <= 1e-3 * scale
            large = scale > 0.1 / STEP  # as large as the difference of a jump is
        for i, k in itertools.product(range(len(slots)), np.flatnonzero(inside)):
            says = f"{name}{points[k]}, {options}: ∂²/∂{slots[i]}∂{slot}"
            number, middle = hessian[i, j, k], (float(right[i, k]) + float(left[i, k])) / 2
            if name in CONES and not any(points[k]):
                assert math.isnan(number), says
            elif agree[i, k] and not large[i, k] and not alone[i, k]:
                assert number == pytest.approx(middle, rel=1e-4, abs=1e-4), says
            elif name in PIECEWISE_LINEAR:
                assert number == 0, says
            elif math.isfinite(number):
                assert agree[i, k], says
                assert number == pytest.approx(middle, rel=1e-4, abs=1e-4), says


@over_rows
def test_values_have_the_hessian_of_tensors(name: str, options: dict[str, Any]) -> None:
    row = autograd.registry[name]
    points = points_of(row)[:: 1 if row.arity < 3 else 5]
    slots = [slot for slot in range(row.arity) if row.differentiable(slot)]
    expected = blocks(row, slots, [np.array(x) for x in zip(*points, strict=True)], options)
    for k, point in enumerate(points):
        vs = [Value(x) for x in point]
        row(*vs, **options).backward(create_graph=True)
        firsts = [vs[slot].grad for slot in slots]
        for i, first in enumerate(firsts):
            for v in vs:
                v.grad = None
            if isinstance(first, Value) and first.requires_grad:
                first.backward()
            for j, slot in enumerate(slots):
                number, other = vs[slot].grad or 0.0, expected[i, j, k]
                if math.isfinite(number) or math.isfinite(other):
                    assert number == pytest.approx(other, rel=1e-12, abs=1e-12), (point, i, j)


@pytest.mark.parametrize("y", [-2.0, 0.0, 0.5, 1.0, 2.0, 3.0])
def test_a_power_with_a_constant_exponent_keeps_its_second_derivative(y: float) -> None:
    second = autograd.grad(autograd.grad(lambda x: x**y))
    for x in (0.0, 0.5, 3.0, 1e-320):
        with np.errstate(all="ignore"):
            expected = 0.0 if y in (0, 1) else y * (y - 1) * np.float64(x) ** (y - 2)
        assert second(x) == pytest.approx(expected, rel=1e-12)


def test_mixed_derivatives_where_an_argument_is_0_are_those_of_the_formula() -> None:
    def mixed(f: Any, x: float, y: float) -> tuple[float, float]:
        hessian = autograd.hessian(f, (0, 1))(x, y)
        return hessian[0][1], hessian[1][0]

    assert mixed(lambda x, y: x**y, 4.0, 0.0) == (0.25, 0.25)
    assert mixed(autograd.xlogy, 0.0, 4.0) == (0.25, 0.25)
    assert mixed(autograd.xlog1py, 0.0, 3.0) == (0.25, 0.25)
    assert mixed(autograd.mul_or_zero, 0.0, 3.0) == (1, 1)
    assert mixed(autograd.kl_divergence, 0.25, 0.0) == (-4, -4)
    loss = autograd.binary_cross_entropy
    for target in (0.0, 1.0):
        assert mixed(loss, 0.25, target) == pytest.approx((-4 - 4 / 3,) * 2)
    assert autograd.hessian(loss, (0, 1))(1.0, 1.0)[0][0] == 1


def test_the_entropy_of_a_target_has_no_second_derivative_at_0() -> None:
    row, z, d = autograd.softmax_cross_entropy, np.zeros(3), np.array([0.0, 0.5, 0.5])
    seconds = autograd.hessian(lambda d: row(z, d, entropy=True))(d)
    assert math.isnan(seconds[0, 0])
    np.testing.assert_allclose(np.diag(seconds)[1:], [2, 2])
    np.testing.assert_array_equal(autograd.hessian(lambda d: row(z, d))(d), np.zeros((3, 3)))
    by_logits = autograd.hessian(lambda z: row(z, d, entropy=True))(z)
    np.testing.assert_allclose(by_logits, (np.eye(3) - 1 / 3) / 3)


# --- the tips of cones ----------------------------------------------------------------------------

TIPS: dict[str, tuple[Callable[[Any], Any], Array]] = {
    "norm": (autograd.norm, np.zeros(3)),
    "norm of one number": (autograd.norm, np.zeros(1)),
    "norm, squared": (lambda x: autograd.norm(x) ** 2, np.zeros(3)),
    "np.linalg.norm, squared": (lambda x: np.linalg.norm(x) ** 2, np.zeros(3)),
    "norm of ord 2": (lambda x: np.linalg.norm(x, 2) ** 2, np.zeros(3)),
    "norm, Frobenius": (lambda x: np.linalg.norm(x, "fro") ** 2, np.zeros((2, 2))),
    "norms of rows": (lambda x: (np.linalg.norm(x, axis=1) ** 2).sum(), np.zeros((2, 2))),
    "norm, kept": (lambda x: (autograd.norm(x, axis=0, keepdims=True) ** 2).sum(), np.zeros(2)),
    "norm times itself": (lambda x: autograd.norm(x) * autograd.norm(x), np.zeros(3)),
    "square of norm": (lambda x: autograd.square(autograd.norm(x)), np.zeros(3)),
    "cosh of norm": (lambda x: autograd.cosh(autograd.norm(x)), np.zeros(3)),
    "a Gaussian": (lambda x: np.exp(-(np.linalg.norm(x - 1) ** 2)), np.ones(3)),
    "hypot, squared": (lambda x: autograd.hypot(x[0], x[1]) ** 2, np.zeros(2)),
    "np.hypot": (lambda x: np.hypot(x[0], x[1]), np.zeros(2)),
    "std, squared": (lambda x: autograd.std(x) ** 2, np.full(4, 0.5)),
    "np.std": (np.std, np.full(4, 0.5)),
    "std of rows": (lambda x: (autograd.std(x, axis=1, ddof=1) ** 2).sum(), np.ones((2, 2))),
    "arctan2": (lambda x: autograd.arctan2(x[0], x[1]), np.zeros(2)),
}


@pytest.mark.parametrize("name", TIPS)
def test_at_the_tip_of_a_cone_the_gradient_is_0_and_the_second_derivative_nan(name: str) -> None:
    f, x = TIPS[name]
    v = np.ones_like(x)

    def along(x: Any) -> Any:
        return autograd.jvp(f, (x,), (v,))[1]

    np.testing.assert_array_equal(autograd.grad(f)(x), np.zeros_like(x))
    assert along(x) == 0
    t = Tensor(x)
    f(t).backward(create_graph=True)
    first, t.grad = t.grad, None
    np.testing.assert_array_equal(first.data, np.zeros_like(x))
    first.sum().backward()
    everywhere = np.full(x.shape, nan)
    np.testing.assert_array_equal(t.grad, everywhere)
    np.testing.assert_array_equal(autograd.hessian(f)(x), np.full(x.shape * 2, nan))
    np.testing.assert_array_equal(autograd.hvp(f, (x,), (v,)), everywhere)
    np.testing.assert_array_equal(autograd.jvp(autograd.grad(f), (x,), (v,))[1], everywhere)
    np.testing.assert_array_equal(autograd.grad(along)(x), everywhere)
    _, pull = autograd.vjp(autograd.grad(f), x)
    np.testing.assert_array_equal(pull(v)[0], everywhere)


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("name", [name for name in TIPS if name not in ("norms of rows",)])
def test_a_program_of_a_gradient_says_nan_at_the_tip_as_well(name: str, executor: str) -> None:
    f, x = TIPS[name]
    t = Tensor(x)
    f(t).backward(create_graph=True)
    first, t.grad = t.grad, None
    program = autograd.compile(first.sum(), inputs=[t], executor=executor)
    assert program(x) == 0
    program.backward()
    np.testing.assert_array_equal(t.grad, np.full(x.shape, nan))


@pytest.mark.parametrize("row", ["norm", "std"])
def test_the_tip_of_a_cone_on_values(row: str) -> None:
    vs = autograd.values([1.5, 1.5, 1.5] if row == "std" else np.zeros(3))
    (autograd.registry[row](vs) ** 2).backward(create_graph=True)
    firsts = [v.grad for v in vs]
    assert [g.data for g in firsts] == [0, 0, 0]
    for v in vs:
        v.grad = None
    firsts[0].backward()
    assert all(math.isnan(v.grad) for v in vs)


def test_the_mixed_derivative_of_a_gaussian_kernel_is_never_a_silent_0() -> None:
    def kernel(a: Any, b: Any) -> Any:
        return np.exp(-(np.linalg.norm(a - b) ** 2))

    def smooth(a: Any, b: Any) -> Any:
        return np.exp(-autograd.sum_squares(a - b))

    mixed = autograd.jacobian(autograd.grad(kernel), argnums=1)
    assert np.isnan(mixed(np.ones(3), np.ones(3))).all()
    right = autograd.jacobian(autograd.grad(smooth), argnums=1)
    np.testing.assert_allclose(right(np.ones(3), np.ones(3)), 2 * np.eye(3))
    a, b = np.array([1.0, 2.0]), np.array([1.0, 1.5])
    np.testing.assert_allclose(mixed(a, b), right(a, b))


def test_beside_the_tip_of_one_cone_the_others_have_their_second_derivatives() -> None:
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    seconds = autograd.hessian(lambda x: np.linalg.norm(x, axis=1).sum())(x)
    np.testing.assert_allclose(seconds[1, :, 1], [[0.128, -0.096], [-0.096, 0.072]], rtol=1e-12)
    assert np.isnan(seconds[0, :, 0]).all()
