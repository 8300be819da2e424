"""A compiled function is a primitive: a node where something that it depends on is tracked."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs.replays import near

import autograd
import nn
from autograd import Tensor, Value

A = np.array
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 2))
W = A([0.5, -1.5, 2.0])

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "cube": lambda x: (x**3).sum(),
    "tanh": lambda x: (np.tanh(x) * x).sum(),
    "logsumexp": lambda x: autograd.logsumexp(x * 2.0),
    "norm": lambda x: np.linalg.norm(x) ** 3,
}


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_transforms_pass_through_a_compiled_function(f: Any, executor: str) -> None:
    run = autograd.compile(f, executor=executor)
    t = A([1.0, 2.0, -1.0])
    for x in (W, W[::-1].copy()):
        near(run(Tensor(x)).data, f(x), 1e-12)
        near(autograd.grad(run)(x), autograd.grad(f)(x), 1e-12)
        near(autograd.vjp(run, x)[1](2.0)[0], autograd.vjp(f, x)[1](2.0)[0], 1e-12)
        near(autograd.jvp(run, (x,), (t,))[1], autograd.jvp(f, (x,), (t,))[1], 1e-12)
        near(autograd.hessian(run)(x), autograd.hessian(f)(x), 1e-12)
        near(autograd.hvp(run, (x,), (t,)), autograd.hvp(f, (x,), (t,)), 1e-12)
        near(
            autograd.jacobian(autograd.grad(run))(x), autograd.jacobian(autograd.grad(f))(x), 1e-12
        )


def test_a_compiled_function_of_floats_has_derivatives_of_every_order() -> None:
    run = autograd.compile(lambda x, y: x**3 * y)
    assert autograd.grad(run)(2.0, 5.0) == 60.0
    assert autograd.grad(autograd.grad(run))(2.0, 5.0) == 60.0
    assert autograd.grad(autograd.grad(autograd.grad(run)))(2.0, 5.0) == 30.0
    assert autograd.grad(autograd.grad(run), argnums=1)(2.0, 5.0) == 12.0
    assert autograd.jvp(run, (2.0, 5.0), (1.0, 1.0))[1] == 68.0


def test_a_tracked_argument_keeps_its_gradient() -> None:
    w = Tensor(A([1.0, 2.0]), "w")
    run = autograd.compile(lambda x: (x**2).sum())
    (w.sum() + run(w)).backward()
    near(w.grad, 1 + 2 * w.data)


def test_parameters_get_the_gradients_of_the_whole_loss() -> None:
    model, twin = nn.MLP(3, [4, 2], rng=0), nn.MLP(3, [4, 2], rng=0)
    fast = autograd.compile(model)
    for _ in range(4):
        for each, forward in ((model, fast), (twin, twin)):
            each.zero_grad()
            (nn.mse(forward(X), Y) + nn.regularisers.l2(each, 0.1)).backward()
        for p, q in zip(model.parameters(), twin.parameters(), strict=True):
            near(p.grad, q.grad, 1e-13)
            p.data -= 0.1 * p.grad
            q.data -= 0.1 * q.grad
    assert fast.parameters()[0] is model.parameters()[0]


def test_each_of_several_calls_has_its_own_gradient() -> None:
    model, twin = nn.MLP(3, [4, 2], rng=0), nn.MLP(3, [4, 2], rng=0)
    fast = autograd.compile(model)
    batch = X.copy()
    first = fast(batch)
    batch[:] = 7.0  # a small input is the call's own
    loss = (first * fast(X + 1.0)).sum() + (fast(2 * X) ** 2).sum()
    loss.backward()
    ((twin(X) * twin(X + 1.0)).sum() + (twin(2 * X) ** 2).sum()).backward()
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        near(p.grad, q.grad, 1e-12)


def test_an_input_that_depends_on_the_same_parameter_is_told_apart_from_it() -> None:
    w = Tensor(A([1.0, 2.0]), "w")
    run = autograd.compile(lambda x: (x * w * w).sum())
    run(w * 2.0).backward()
    near(w.grad, 6 * w.data**2)

    def twice(v: Any) -> Any:
        inner = autograd.compile(lambda x: (x * v.detach() * x).sum())
        return inner(v * v)

    x = A([1.5, -0.5])
    near(autograd.hessian(twice)(x), np.diag(12 * x**2 * x))


def test_one_node_may_be_several_arguments() -> None:
    run, scalar = (
        autograd.compile(lambda a, b: (a * b * b).sum()),
        autograd.compile(lambda a, b: a * b**2),
    )
    v = A([1.0, 2.0])
    near(autograd.grad(lambda x: run(x, b=x))(v), 3 * v**2)
    near(autograd.hessian(lambda x: run(x, x))(v), np.diag(6 * v))
    near(autograd.jvp(lambda x: run(x, x), (v,), (np.ones(2),))[1], (3 * v**2).sum())
    assert autograd.grad(autograd.grad(lambda x: scalar(x, x)))(2.0) == 12.0


def test_the_second_derivative_by_a_parameter_is_right() -> None:
    w, x = Tensor(A([1.0, 2.0]), "w"), A([2.0, 3.0])
    run = autograd.compile(lambda x: (x * w**3).sum())
    out = run(x)
    x[:] = 7.0  # the call has its own
    out.backward(create_graph=True)
    gradient, w.grad = w.grad, None
    gradient.sum().backward()
    near(w.grad, 6 * w.data * A([2.0, 3.0]))


def test_every_output_of_a_tuple_is_a_node() -> None:
    w = Tensor(A([1.0, 2.0]), "w")
    run = autograd.compile(lambda x: ((x * w).sum(), x * w * w, x.detach() * 2.0))
    for x in (A([1.0, 1.0]), A([2.0, 3.0])):
        w.grad = None
        total, each, constant = run(x)
        assert not constant.requires_grad
        near(constant, 2 * x)
        (total + (each * each).sum()).backward()
        near(w.grad, x + 4 * x * x * w.data**3, 1e-12)


def test_draws_belong_to_their_call() -> None:
    layer = nn.Dropout(0.5, rng=0)
    w = Tensor(np.ones(50), "w")
    run = autograd.compile(lambda x: layer(x * w))
    first, second = run(np.ones(50)), run(np.ones(50))
    assert (first.data != second.data).any()
    (first * 2.0 + second).sum().backward()
    near(w.grad, 2 * first.data + second.data)


def test_what_is_drawn_is_not_drawn_a_second_time_for_a_second_derivative() -> None:
    layer = nn.Dropout(0.5, rng=0)

    @autograd.compile
    def noisy(x: Any) -> Any:
        return (layer(x) ** 2).sum()

    assert autograd.grad(noisy)(np.ones(4)).shape == (4,)
    with pytest.raises(TypeError, match="noisy draws random numbers"):
        autograd.hessian(noisy)(np.ones(4))


def test_without_recording_a_compiled_function_gives_numbers() -> None:
    w = Tensor(A([1.0, 2.0]), "w")
    run = autograd.compile(lambda x: x * w)
    with autograd.no_grad():
        assert isinstance(run(A([1.0, 1.0])), np.ndarray)
        assert isinstance(run(Tensor(A([1.0, 1.0]))), np.ndarray)
    assert isinstance(run(A([1.0, 1.0])), Tensor)
    assert isinstance(autograd.compile(lambda x: x * 2.0)(A([1.0])), np.ndarray)


def test_a_graph_of_values_is_a_node_of_a_larger_one() -> None:
    model, twin = (nn.MLP(2, [3, 1], rng=0).to_scalars() for _ in range(2))
    run = autograd.compile(lambda a, b: model([a, b])[0])
    a = Value(0.5, "a")
    (run(a, 1.0) * run(2.0, a)).backward()
    got, a.grad = a.grad, None
    (twin([a, 1.0])[0] * twin([2.0, a])[0]).backward()
    near(got, a.grad, 1e-12)
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        near(p.grad, q.grad, 1e-12)


def test_backward_of_a_compiled_function_reaches_its_tracked_arguments() -> None:
    w, x = Tensor(A([1.0, 2.0]), "w"), Tensor(A([3.0, 4.0]), "x")
    run = autograd.compile(lambda x: (x * w).sum())
    run(x)
    run.backward()
    near(x.grad, w.data)
    near(w.grad, x.data)


def test_a_parameter_that_was_assigned_after_the_call_is_noticed() -> None:
    w = Tensor(A([1.0, 2.0]), "w")
    out = autograd.compile(lambda x: (x * w).sum())(A([1.0, 1.0]))
    w.data = A([5.0, 6.0])
    with pytest.raises(autograd.StaleGraphError):
        out.backward()


def test_a_call_is_drawn_and_stepped_through_and_not_pickled() -> None:
    w = Tensor(A([1.0, 2.0]), "w")

    @autograd.compile
    def weighted(x: Any) -> Any:
        return (x * w).sum()

    y = weighted(A([1.0, 1.0])) * 2.0
    assert "weighted" in autograd.draw(y).source
    assert list(autograd.steps(y))
    near(y.parents[0].local_derivatives[0].matrix(), [[1.0, 1.0]])
    copy.deepcopy(y).backward()
    with pytest.raises(TypeError, match="compiled function weighted"):
        pickle.dumps(y)


@pytest.mark.parametrize("kind", ["plain", "batch", "layer", "dropout"])
def test_fit_and_a_loop_by_hand_agree_compiled_and_eager(kind: str) -> None:
    x, y = nn.data.two_moons(64, rng=0)

    def network() -> Any:
        layers: list[Any] = [nn.Linear(2, 8, rng=0), nn.Tanh(), nn.Linear(8, 2, rng=1)]
        between = {
            "batch": lambda: nn.BatchNorm1d(8),
            "layer": lambda: nn.LayerNorm(8),
            "dropout": lambda: nn.Dropout(0.3, rng=3),
        }
        if kind in between:
            layers.insert(1, between[kind]())
        return nn.Sequential(*layers)

    def by_fit(compiled: bool) -> Any:
        model = network()
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
        nn.fit(
            model,
            nn.cross_entropy,
            (x, y),
            epochs=3,
            batch_size=16,
            rng=5,
            progress=False,
            optimizer=optimizer,
            compile=compiled,
        )
        return model.state_dict()

    def by_hand(compiled: bool) -> Any:
        model = network()
        forward = autograd.compile(model) if compiled else model
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
        batches = nn.data.batches(x, y, batch_size=16, rng=5)
        for _ in range(3):
            for a, b in batches:
                optimizer.zero_grad()
                nn.cross_entropy(forward(a), b).backward()
                optimizer.step()
        return model.state_dict()

    expected = by_hand(False)
    for found in (by_hand(True), by_fit(False), by_fit(True)):
        for name, array in expected.items():
            near(found[name], array, 1e-10, scale=1.0)
