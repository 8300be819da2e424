"""Every row and function of nn at ±0, ±inf and nan against PyTorch: equal, or in the README's table."""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from samples import ELEMENTWISE

import autograd
import nn
from autograd import Tensor, Value

torch = pytest.importorskip("torch")
of_name = importlib.import_module("counterparts").of_name
F = torch.nn.functional
inf, nan = math.inf, math.nan
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

POINTS = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, inf, -inf, nan)
FAR = (20.0, -20.0, 1000.0, -1000.0, 1e200, -1e200)

WITHOUT = {
    "identity": "x itself",
    "cbrt": "not in PyTorch",
    "floor_divide": "not differentiable there",
    "hinge": "not in PyTorch element by element",
    "mul_or_zero": "not in PyTorch",
    "track_moments": "an effect",
    "patched": "a row inside rules",
    "binary_cross_entropy": "below, with targets from 0 to 1",
    "logistic_cross_entropy": "below, with targets from 0 to 1",
    "kl_divergence": "below, with targets from 0 to 1",
}
"""Elementwise rows that are not compared at all pairs of points, and why."""

FUNCTIONS: dict[str, tuple[int, Callable[..., Any], Callable[..., Any]]] = {
    **{
        name: (row.arity, row, function)
        for name, row in autograd.registry.items()
        if name in ELEMENTWISE and (function := of_name(name)) is not None
    },
    "softplus, beta": (1, lambda x: nn.softplus(x, beta=2.0), lambda x: F.softplus(x, beta=2.0)),
    "clip_between": (3, autograd.clip, torch.clamp),
    "where": (
        2,
        lambda x, y: autograd.where(np.array(True), x, y),
        lambda x, y: torch.where(torch.tensor(True), x, y),
    ),
    "clip": (1, lambda x: autograd.clip(x, -1, 1), lambda x: torch.clamp(x, -1, 1)),
    "clip from below": (1, lambda x: autograd.clip(x, -1), lambda x: torch.clamp(x, -1)),
    "nn.relu": (1, nn.relu, F.relu),
    "nn.leaky_relu": (1, nn.leaky_relu, F.leaky_relu),
    "nn.rrelu": (1, nn.functional.rrelu, F.rrelu),
    "nn.elu": (1, nn.elu, F.elu),
    "nn.selu": (1, nn.selu, F.selu),
    "nn.gelu": (1, nn.gelu, F.gelu),
    "nn.gelu, tanh": (
        1,
        lambda x: nn.gelu(x, approximate="tanh"),
        lambda x: F.gelu(x, approximate="tanh"),
    ),
    "nn.silu": (1, nn.silu, F.silu),
    "nn.mish": (1, nn.mish, F.mish),
    "nn.hardtanh": (1, nn.hardtanh, F.hardtanh),
    "nn.mse": (
        2,
        lambda x, y: nn.mse(x, y, "none"),
        lambda x, y: F.mse_loss(x, y, reduction="none"),
    ),
    "nn.l1": (2, lambda x, y: nn.l1(x, y, "none"), lambda x, y: F.l1_loss(x, y, reduction="none")),
    "nn.huber": (
        2,
        lambda x, y: nn.huber(x, y, "none"),
        lambda x, y: F.huber_loss(x, y, reduction="none"),
    ),
}
"""Name: how many arguments, and both functions."""


class Difference(NamedTuple):
    """Functions that differ where something holds of the arguments, and the README's words for it."""

    names: tuple[str, ...]
    holds: Callable[..., bool]
    words: str


def any_nan(*xs: float) -> bool:
    return any(x != x for x in xs)


DIFFERENCES = [
    Difference(
        ("relu", "nn.relu", "nn.hardtanh", "maximum", "minimum", "nn.leaky_relu", "nn.rrelu")
        + ("abs", "nn.elu", "nn.selu"),
        any_nan,
        "derivative at nan: `relu`, `hardtanh`, `maximum`, `minimum`; `nn.leaky_relu`, "
        "`nn.prelu`, `nn.rrelu`; `abs`, `l1`; `elu`, `selu`",
    ),
    Difference(("sign",), any_nan, "| `sign` of nan | nan | 0 |"),
    Difference(("nn.l1",), lambda x, y: any_nan(x - y), "`abs`, `l1`"),
    Difference(("hypot",), lambda x, y: x == y == 0, "| `hypot` at (0, 0) | gradient 0 | nan |"),
    Difference(("nn.hardtanh",), lambda x: abs(x) == 1, "`nn.hardtanh` at its bounds"),
    Difference(("xlogy",), lambda x, y: x == 0 and not y > 0, "`xlogy(0, 0)` by y"),
    Difference(("xlog1py",), lambda x, y: x == 0 and not y > -1, "`xlogy(0, 0)` by y"),
    Difference(("clip_between",), lambda x, y, z: y == z, "`clip` with equal bounds"),
    Difference(("expm1",), lambda x: x < -8, "`expm1'` on the far left"),
    Difference(("nn.gelu", "nn.gelu, tanh"), lambda x: x < -8, "`gelu` on the far left"),
    Difference(("arcsinh",), lambda x: abs(x) > 1e154, "`arcsinh'` at 1e200"),
    Difference(("arccosh",), lambda x: x == -1, "`arccosh'` outside its domain"),
    Difference(("pow",), lambda x, y: x == -inf and y == 0.5, "`x ** 0.5` of one exponent at −inf"),
]


def ours(f: Callable[..., Any], point: tuple[float, ...]) -> list[float]:
    inputs = [Tensor(x) for x in point]
    with np.errstate(all="ignore"):
        out = f(*inputs)
        if out.requires_grad:
            out.backward()
    return [out.item(), *(0.0 if x.grad is None else float(x.grad) for x in inputs)]


def theirs(f: Callable[..., Any], point: tuple[float, ...]) -> list[float]:
    inputs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
    out = f(*inputs)
    gradients = torch.autograd.grad(out, inputs, materialize_grads=True)
    return [out.item(), *(g.item() for g in gradients)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_pytorchs_at_every_edge_or_its_difference_is_in_the_readme(name: str) -> None:
    arity, here, there = FUNCTIONS[name]
    points = list(itertools.product(POINTS, repeat=arity))
    if arity == 1:
        points += [(x,) for x in FAR]
    allowed = [difference for difference in DIFFERENCES if name in difference.names]
    unknown, seen = [], set()
    for point in points:
        found, expected = ours(here, point), theirs(there, point)
        if not np.allclose(found, expected, rtol=1e-9, atol=1e-300, equal_nan=True):
            why = [each.words for each in allowed if each.holds(*point)]
            seen.update(why)
            if not why:
                unknown.append((point, found, expected))
    assert unknown == []
    assert seen == {each.words for each in allowed}  # no difference that is none
    for each in allowed:
        assert each.words in README


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_elementwise_row_with_a_derivative_is_compared_or_said_why_not(name: str) -> None:
    row = autograd.registry[name]
    if not any(map(row.differentiable, range(row.arity or 0))):
        assert name not in FUNCTIONS
    elif name not in FUNCTIONS and name not in WITHOUT:
        pytest.skip(f"PyTorch has no {name}: there is nothing to compare with")
    assert not (name in FUNCTIONS and name in WITHOUT)


SIGNED = (0.0, -0.0, 1.0, -1.0, inf, -inf)


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_arctan2_has_pytorchs_sign_and_gradient_at_every_pair_of_zeros(kind: Any) -> None:
    for x, y in itertools.product(SIGNED, SIGNED):
        a, b = kind(x), kind(y)
        with np.errstate(all="ignore"):
            out = autograd.arctan2(a, b)
            out.backward()
        expected = theirs(torch.arctan2, (x, y))
        assert math.copysign(1, out.item()) == math.copysign(1, expected[0])
        np.testing.assert_allclose([out.item(), float(a.grad), float(b.grad)], expected, rtol=1e-15)


PROBABILITIES = (0.0, 0.5, 1.0)


def test_losses_of_logits_are_pytorchs_at_infinity_or_finite_where_its_are_nan() -> None:
    for x, d in itertools.product((inf, -inf, nan, 0.0, 1e200), PROBABILITIES):
        found = ours(lambda z, d=d: nn.binary_cross_entropy_with_logits(z, d), (x,))
        expected = theirs(
            lambda z, d=d: F.binary_cross_entropy_with_logits(
                z, torch.tensor(d, dtype=torch.float64)
            ),
            (x,),
        )
        if x == x and math.isnan(expected[0]):
            assert found[0] in (0, inf)
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_divergence_is_pytorchs_where_that_is_a_number() -> None:
    for x, d in itertools.product((0.0, 0.25, 1.0, nan), PROBABILITIES):
        found = ours(lambda y, d=d: autograd.kl_divergence(y, d), (x,))
        expected = theirs(
            lambda y, d=d: F.kl_div(
                torch.log(y), torch.tensor(d, dtype=torch.float64), reduction="none"
            ),
            (x,),
        )
        for one, other in zip(found, expected, strict=True):
            assert one == pytest.approx(other, nan_ok=True) or math.isnan(other)


# --- along an axis --------------------------------------------------------------------------------

WEIGHTS = np.array([1.0, 2.0, 3.0])
ALONG: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "sum": (autograd.sum, torch.sum),
    "mean": (autograd.mean, torch.mean),
    "prod": (autograd.prod, torch.prod),
    "max": (autograd.max, torch.amax),
    "min": (autograd.min, torch.amin),
    "logsumexp": (autograd.logsumexp, lambda x: torch.logsumexp(x, 0)),
    "var": (autograd.var, lambda x: torch.var(x, correction=0)),
    "std": (autograd.std, lambda x: torch.std(x, correction=0)),
    "norm": (autograd.norm, torch.linalg.vector_norm),
    "sum_squares": (autograd.sum_squares, lambda x: (x * x).sum()),
    "softmax": (
        lambda x: (autograd.softmax(x) * WEIGHTS).sum(),
        lambda x: (torch.softmax(x, 0) * torch.tensor(WEIGHTS)).sum(),
    ),
    "log_softmax": (
        lambda x: (autograd.log_softmax(x) * WEIGHTS).sum(),
        lambda x: (torch.log_softmax(x, 0) * torch.tensor(WEIGHTS)).sum(),
    ),
    "class_cross_entropy": (
        lambda x: autograd.class_cross_entropy(x, np.array(0)),
        lambda x: F.cross_entropy(x[None], torch.tensor([0])),
    ),
    "cumsum": (lambda x: autograd.cumsum(x).sum(), lambda x: torch.cumsum(x, 0).sum()),
    "nn.glu": (lambda x: nn.functional.glu(x[:2]).sum(), lambda x: F.glu(x[:2], 0).sum()),
}


def of_a_vector(f: Callable[..., Any], numbers: Any, there: bool) -> list[float]:
    """The value of one number and its gradient by three."""
    if there:
        x = torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
        out = f(x)
        (gradient,) = torch.autograd.grad(out, x)
        return [out.item(), *gradient.tolist()]
    t = Tensor(numbers)
    with np.errstate(all="ignore"):
        out = f(t)
        out.backward()
    return [out.item(), *t.grad]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ALONG)
def test_a_reduction_is_pytorchs_at_every_edge_or_its_difference_is_in_the_readme(
    name: str,
) -> None:
    here, there = ALONG[name]
    for numbers in itertools.product((0.0, 1.0, inf, -inf, nan), repeat=2):
        point = (*numbers, 0.5)
        found, expected = of_a_vector(here, point, False), of_a_vector(there, point, True)
        same = np.allclose(found, expected, rtol=1e-9, equal_nan=True)
        if name == "prod" and not np.isfinite(numbers).all():
            assert found[0] == pytest.approx(expected[0], nan_ok=True)
            others = [np.prod(np.delete(point, i)) for i in range(3)]
            np.testing.assert_allclose(found[1:], others)
            continue
        assert same, (point, found, expected)
    assert "gradient of `prod` with an infinite factor" in README


def test_the_largest_of_numbers_with_a_nan_has_the_gradient_nan_as_amax_and_not_as_max() -> None:
    point = (1.0, nan, 0.5)
    found = of_a_vector(autograd.max, point, False)
    np.testing.assert_array_equal(found, of_a_vector(torch.amax, point, True))
    assert of_a_vector(torch.max, point, True)[1:] == [0, 1, 0]
    assert "| `max`, `min` over all with a nan |" in README
