"""`vectorize`: a function of one instance, made of Values, over arrays of many."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value

RNG = np.random.default_rng(0)
X = RNG.normal(size=(7, 3))
W = [Value(float(each), f"w{i}") for i, each in enumerate(RNG.normal(size=3))]


def dot(x: Any) -> Any:
    return sum((w * each for w, each in zip(W, x, strict=True)), Value(0.5))


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "one output": lambda x: dot(x).tanh(),
    "several outputs": lambda x: [dot(x).exp(), W[0] * x[1], (W[1] / (x[2] * x[2] + 1)).relu()],
    "an output of one": lambda x: [dot(x)],
    "an input as it is": lambda x: [x[0], dot(x)],
    "one output twice": lambda x: [dot(x)] * 2,
    "n-ary nodes": lambda x: autograd.sum([W[0] * x[0], x[1], 2.0]) * autograd.logsumexp(x),
    "an affine map": lambda x: autograd.linear(x, [W, W], [W[0], 1.0]),
    "softmax": lambda x: autograd.softmax([W[i] * x[i] for i in range(3)]),
    "the largest": lambda x: autograd.max([W[i] * x[i] for i in range(3)]),
    "no instance in it": lambda x: W[0] * W[1],
    "Values that it makes of numbers": lambda x: [
        dot([each if isinstance(each, Value) else Value(each) for each in x[:2]] + [1.0]),
        W[0] * (x[1] if isinstance(x[1], Value) else Value(x[1])),
    ],
    "a choice by name": lambda x: autograd.where(autograd.greater(x[0], 0.0), W[0] * x[0], W[1]),
}


def one_by_one(function: Callable[[Any], Any], x: Any, weights: Any) -> Any:
    """Numbers, and gradients of their weighted sum, by calling the function for each instance."""
    total, numbers = Value(0.0), []
    for row, weight in zip(x, weights, strict=True):
        out = np.asarray(function(row.tolist()), dtype=object)
        numbers.append(autograd.recording.look(out))
        for each, factor in zip(out.flat, np.ravel(weight), strict=True):
            total = total + each * factor
    return np.array(numbers), total


def gradients(node: Any) -> list[float]:
    """What a backward pass leaves on the parameters."""
    for w in W:
        w.grad = None
    node.backward()
    return [0.0 if w.grad is None else float(w.grad) for w in W]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numbers_and_gradients_are_those_of_one_instance_after_another(name: str) -> None:
    function = FUNCTIONS[name]
    y = autograd.vectorize(function)(X)
    weights = np.random.default_rng(1).normal(size=y.shape)
    numbers, total = one_by_one(function, X, weights)
    assert isinstance(y, Tensor)
    assert y.shape == numbers.shape
    assert np.allclose(y.data, numbers, rtol=1e-12, atol=1e-14)
    assert np.allclose(gradients((y * weights).sum()), gradients(total), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_tracked_argument_gets_its_gradient(name: str) -> None:
    function = FUNCTIONS[name]
    f = autograd.vectorize(function)
    x = Tensor(X, "x")
    y = f(x)
    assert np.allclose(y.data, f(X).data, rtol=1e-12, atol=1e-14)
    weights = np.random.default_rng(1).normal(size=y.shape)
    if name == "no instance in it":
        return
    (y * weights).sum().backward()
    for i in range(len(X)):
        row = [Value(each) for each in X[i]]
        out = np.asarray(function(row), dtype=object)
        sum(each * w for each, w in zip(out.flat, np.ravel(weights[i]), strict=True)).backward()
        assert np.allclose(x.grad[i], [each.grad or 0.0 for each in row], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_derivatives_go_through(name: str) -> None:
    function = FUNCTIONS[name]
    weights = np.random.default_rng(1).normal(size=autograd.vectorize(function)(X).shape)

    def squared_gradients(node: Any) -> list[float]:
        for w in W:
            w.grad = None
        (node * node).backward(create_graph=True)
        found = [w.grad for w in W if w.grad is not None]
        return gradients(sum(g * g for g in found))

    many = squared_gradients((autograd.vectorize(function)(X) * weights).sum())
    alone = squared_gradients(one_by_one(function, X, weights)[1])
    assert np.allclose(many, alone, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_part_of_a_compiled_function(name: str) -> None:
    f = autograd.vectorize(FUNCTIONS[name])

    @autograd.compile(executor="numpy")
    def loss(x: Any) -> Any:
        y = f(x)
        return (y * y).sum()

    for x in (X, X[::-1].copy() * 2.0):
        expected = gradients((f(x) ** 2).sum())
        with autograd.no_grad():
            value = loss(x)
        for w in W:
            w.grad = None
        loss.backward()
        assert np.allclose(value, (f(x).data ** 2).sum())
        assert np.allclose([0.0 if w.grad is None else w.grad for w in W], expected)


def test_a_function_that_makes_values_of_numbers_is_one_program() -> None:
    w = Value(2.0)

    def wraps(x: Any) -> Any:
        assert not isinstance(x[0], Value)
        x = list(map(Value, x))
        return (w * x[0] + x[1]) * x[0]

    f = autograd.vectorize(wraps)
    y = f(X)
    assert not f.why_not
    assert np.allclose(y.data, (2 * X[:, 0] + X[:, 1]) * X[:, 0])
    y.sum().backward()
    assert np.isclose(w.grad, (X[:, 0] ** 2).sum())
    x = Tensor(X)
    f(x).sum().backward()
    assert np.allclose(x.grad[:, 1], X[:, 0])


def test_a_function_that_takes_floats_alone_is_called_with_them() -> None:
    w = Value(2.0)
    f = autograd.vectorize(lambda x: w * float.__abs__(x[0]))
    with pytest.warns(RuntimeWarning, match="but it takes floats"):
        y = f(X)
    assert np.allclose(autograd.recording.look(y), 2 * abs(X[:, 0]))
    with pytest.raises(ZeroDivisionError):
        autograd.vectorize(lambda x: w * (1 / 0))(X)


def test_without_recording_it_gives_a_constant_and_the_program_is_made_once() -> None:
    f = autograd.vectorize(FUNCTIONS["one output"])
    with autograd.no_grad():
        assert not f(X).requires_grad
    assert f(X).requires_grad
    (recorded,) = f.recordings.values()
    f(X[:2])
    f(X[:2] + 1.0)
    assert list(f.recordings.values()) == [recorded]


def test_a_branch_on_data_is_computed_instance_by_instance_and_says_so() -> None:
    def leaky(x: Any) -> Any:
        z = dot(x)
        return z if z.data > 0 else 0.1 * z

    f = autograd.vectorize(leaky)
    with pytest.warns(RuntimeWarning, match=r"one instance after another.*another way"):
        y = f(X)
    weights = np.ones(len(X))
    numbers, total = one_by_one(leaky, X, weights)
    assert np.array_equal(autograd.recording.look(y), numbers)
    assert np.allclose(gradients(y.sum()), gradients(total))
    assert "its data" in f.why_not
    with pytest.raises(TypeError, match="fit without compile=True"):
        autograd.compile(lambda x: f(x).sum())(X)


def test_comparisons_that_come_out_alike_for_all_are_no_branch() -> None:
    f = autograd.vectorize(lambda x: W[0] * x[0] if x[0] > -100 else W[1])
    f(X)
    assert not f.why_not
    with pytest.warns(RuntimeWarning, match="another way"):
        y = f(np.array([[0.0], [-200.0]]))
    assert autograd.recording.look(y).tolist() == [0.0, W[1].data]


def test_random_numbers_are_drawn_for_each_instance() -> None:
    f = autograd.vectorize(lambda x: dot(x) * random.random())
    with pytest.warns(RuntimeWarning, match="draws random numbers"):
        y = f(np.ones((5, 3)))
    assert len(set(autograd.recording.look(y).tolist())) == 5


def test_what_has_changed_since_is_recorded_anew() -> None:
    held = {"factor": 1.0, "weight": Value(2.0)}
    f = autograd.vectorize(lambda x: held["weight"] * x[0] * held["factor"])
    assert np.allclose(f(X).data, 2 * X[:, 0])
    held["factor"] = 3.0
    assert np.allclose(f(X).data, 6 * X[:, 0])
    before, held["weight"] = held["weight"], Value(2.0)  # another of the same number
    f(X).sum().backward()
    assert before.grad is None
    assert np.isclose(held["weight"].grad, 3 * X[:, 0].sum())
    held["weight"].data = 5.0
    assert np.allclose(f(X).data, 15 * X[:, 0])


def test_a_frozen_parameter_gets_no_gradient() -> None:
    a, b = Value(2.0), Value(3.0)
    f = autograd.vectorize(lambda x: a * x[0] + b)
    f(X)
    a.requires_grad = False
    f(X).sum().backward()
    assert a.grad is None
    assert b.grad == len(X)


def test_instances_of_any_shape() -> None:
    w = Value(2.0)
    assert np.allclose(autograd.vectorize(lambda x: w * x)(X[:, 0]).data, 2 * X[:, 0])
    y = autograd.vectorize(lambda x: w * x[0][1] + x[1][0])(X[:, :1].repeat(4, 1).reshape(7, 2, 2))
    assert np.allclose(y.data, 3 * X[:, 0])
    whole = autograd.vectorize(lambda x: w * x[0])(np.arange(6).reshape(3, 2))
    assert whole.data.tolist() == [0.0, 4.0, 8.0]


@pytest.mark.parametrize(
    ("x", "error", "text"),
    [
        (np.zeros((0, 3)), ValueError, "one instance or more"),
        (1.0, ValueError, "one instance or more"),
        ([["a"]], TypeError, "real numbers"),
        (Value(1.0), TypeError, "arrays of instances"),
    ],
)
def test_what_holds_no_instances_is_refused(x: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        autograd.vectorize(dot)(x)


def test_results_that_are_no_values_are_refused() -> None:
    with (
        pytest.warns(RuntimeWarning, match="no Value that it computed"),
        pytest.raises(TypeError, match="gives a Value or a list of them"),
    ):
        autograd.vectorize(lambda x: "five")(X)
    with pytest.raises(TypeError, match="function of one instance, got int"):
        autograd.vectorize(5)  # type: ignore[arg-type]


def test_a_copy_is_a_function_of_the_copied_network() -> None:
    x = np.array([[1.0, 2.0], [0.5, -1.0]])
    model = nn.scalar.MLP(2, [2, 1], rng=0)
    for copied in (copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))):
        f = autograd.vectorize(model)
        want = f(x).data
        net, g = copied((model, f))
        np.testing.assert_array_equal(g(x).data, want)
        net.parameters()[-1].data = 5.0
        np.testing.assert_allclose(g(x).data, want + 5.0 - model.parameters()[-1].data)
        np.testing.assert_array_equal(f(x).data, want)
