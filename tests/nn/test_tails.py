"""Far out, where a number is nearly 0, it keeps its digits: values and derivatives, in every form."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value


class Tail(NamedTuple):
    """A function, the interval of its tail, and what value and derivative are there."""

    name: str
    function: Callable[..., Any]
    low: float
    high: float
    value: Callable[[float], float]
    slope: Callable[[float], float]


ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805
ROOT, C = math.sqrt(2 / math.pi), 0.044715


def density(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def logistic(x: float) -> float:
    return math.exp(x) / (1 + math.exp(x)) if x < 0 else 1 / (1 + math.exp(-x))


def inner(x: float) -> float:
    return 2 * ROOT * (x + C * x**3)


TAILS = [
    Tail("expm1", autograd.expm1, -700, -1, math.expm1, math.exp),
    Tail("elu", nn.elu, -700, -1, math.expm1, math.exp),
    Tail(
        "elu, alpha",
        lambda x: nn.elu(x, alpha=0.3),
        -700,
        -1,
        lambda x: 0.3 * math.expm1(x),
        lambda x: 0.3 * math.exp(x),
    ),
    Tail(
        "selu",
        nn.selu,
        -700,
        -1,
        lambda x: SCALE * ALPHA * math.expm1(x),
        lambda x: SCALE * ALPHA * math.exp(x),
    ),
    Tail("softplus", autograd.softplus, -700, -1, lambda x: math.log1p(math.exp(x)), logistic),
    Tail(
        "ln σ",
        lambda x: -autograd.softplus(-x),
        1,
        700,
        lambda x: -math.log1p(math.exp(-x)),
        lambda x: logistic(-x),
    ),
    Tail("sigmoid", autograd.sigmoid, -700, -1, logistic, lambda x: logistic(x) * logistic(-x)),
    Tail(
        "erfc",
        autograd.erfc,
        1,
        26,
        math.erfc,
        lambda x: -2 / math.sqrt(math.pi) * math.exp(-x * x),
    ),
    Tail(
        "gelu",
        nn.gelu,
        -36,
        -1,
        lambda x: x * math.erfc(-x / math.sqrt(2)) / 2,
        lambda x: math.erfc(-x / math.sqrt(2)) / 2 + x * density(x),
    ),
    Tail(
        "gelu, tanh",
        lambda x: nn.gelu(x, approximate="tanh"),
        -20,
        -1,
        lambda x: x * logistic(inner(x)),
        lambda x: (
            logistic(inner(x)) * (1 + x * logistic(-inner(x)) * 2 * ROOT * (1 + 3 * C * x * x))
        ),
    ),
    Tail(
        "silu",
        nn.silu,
        -700,
        -2,
        lambda x: x * logistic(x),
        lambda x: logistic(x) * (1 + x * logistic(-x)),
    ),
    Tail(
        "mish",
        nn.mish,
        -300,
        -2,
        lambda x: x * math.tanh(math.log1p(math.exp(x))),
        lambda x: (
            math.tanh(math.log1p(math.exp(x)))
            + x * logistic(x) / math.cosh(math.log1p(math.exp(x))) ** 2
        ),
    ),
    Tail(
        "logaddexp",
        lambda x: autograd.logaddexp(x, 0.0),
        -700,
        -1,
        lambda x: math.log1p(math.exp(x)),
        logistic,
    ),
    Tail("log1p", autograd.log1p, 1e-300, 1e-3, math.log1p, lambda x: 1 / (1 + x)),
]


@pytest.mark.parametrize("form", ["value", "tensor", "numpy", "native", "scalars"])
@pytest.mark.parametrize("tail", TAILS, ids=lambda tail: tail.name)
def test_a_tail_keeps_its_digits(tail: Tail, form: str) -> None:
    points = np.linspace(tail.low, tail.high, 101)
    values = np.array([tail.value(x) for x in points])
    slopes = np.array([tail.slope(x) for x in points])
    if form == "value":
        leaves = [Value(x) for x in points]
        outs = [tail.function(v) for v in leaves]
        for out in outs:
            out.backward()
        found, gradient = [out.data for out in outs], [v.grad for v in leaves]
    elif form == "tensor":
        t = Tensor(points)
        out = tail.function(t)
        out.backward(np.ones(101))
        found, gradient = out.data, t.grad
    elif form == "scalars":
        v = Value(0.5)
        program = autograd.compile(tail.function(v), inputs=[v])
        found = program(points)
        gradient = []
        for i in range(101):  # an input's gradient is the sum over the instances
            program(points[i : i + 1])
            v.grad = None
            program.backward(np.ones(1))
            gradient.append(float(v.grad))
    else:
        t = Tensor(np.full(101, 0.5))
        executor = "numpy" if form == "numpy" else "auto"
        program = autograd.compile(tail.function(t), inputs=[t], executor=executor)
        found = program(points)
        program.backward(np.ones(101))
        gradient = t.grad
    np.testing.assert_allclose(found, values, rtol=3e-13)
    np.testing.assert_allclose(gradient, slopes, rtol=3e-13)


@pytest.mark.parametrize("tail", TAILS, ids=lambda tail: tail.name)
def test_a_tail_keeps_its_digits_in_float32(tail: Tail) -> None:
    points = np.linspace(max(tail.low, -12), min(tail.high, 8), 51).astype(np.float32)
    t = Tensor(points, dtype=np.float32)
    out = tail.function(t)
    out.backward(np.ones(51))
    values = np.array([tail.value(float(x)) for x in points])
    slopes = np.array([tail.slope(float(x)) for x in points])
    assert out.dtype == t.grad.dtype == np.float32
    np.testing.assert_allclose(out.data, values, rtol=3e-5, atol=1e-37)
    np.testing.assert_allclose(t.grad, slopes, rtol=3e-5, atol=1e-37)
