"""A call that fails changes nothing: running averages, generators and gradients are what they were."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs.replays import near

import autograd
import nn
from autograd import BranchChanged, Tensor, Value
from autograd.programs.verifying import ProgramError

X = np.random.default_rng(0).normal(size=(6, 4))
Y = np.array([0, 1, 2, 0, 1, 2])


class Net(nn.Module):
    """Batch normalisation and random numbers, before and after what fails."""

    def __init__(self) -> None:
        self.first = nn.Linear(4, 5, rng=1)
        self.norm = nn.BatchNorm1d(5)
        self.drop = nn.Dropout(0.5, rng=2)
        self.slopes = nn.RReLU(rng=3)
        self.last = nn.Linear(5, 3, rng=4)

    def forward(self, x: Any) -> Any:
        return self.last(self.slopes(self.drop(self.norm(self.first(x)))))


def state(net: Net) -> list[Any]:
    """All that effects change."""
    generators = [net.drop.rng.bit_generator.state, net.slopes.rng.bit_generator.state]
    averages = [net.norm.running_mean, net.norm.running_var, net.norm.num_batches_tracked]
    gradients = [None if p.grad is None else p.grad.tolist() for p in net.parameters()]
    return [generators, [x.data.tolist() for x in averages], gradients]


def check_twins(net: Net, twin: Net) -> None:
    """The same effects have been had, but for rounding."""
    (drawn, averages, _), (drawn_there, averages_there, _) = state(net), state(twin)
    assert drawn == drawn_there
    for one, other in zip(averages, averages_there, strict=True):
        near(one, other, 1e-10, 1.0)


def branch(net: Net, x: Any, y: Any) -> Any:
    z = net(x)
    loss = nn.cross_entropy(z, y)
    return loss if (x * x).sum() < 1e6 else loss * 2.0


def wrong_numbers(net: Net, x: Any, y: Any) -> Any:
    return nn.binary_cross_entropy(autograd.sigmoid(net(x))[:, 0], x[:, 1] * 0.0 + x[:, 0] ** 2)


def interrupted(net: Net, x: Any, y: Any) -> Any:
    def sample(shape: tuple[int, ...]) -> Any:
        if sample.broken:  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        return np.ones(shape)

    sample.broken = False  # type: ignore[attr-defined]
    net.sample = sample  # type: ignore[assignment]
    return nn.cross_entropy(net(x) * autograd.random_like(net.first.bias[:1], sample=sample), y)


def breaking(net: Net) -> None:
    net.sample.broken = True  # type: ignore[attr-defined]


FAILURES: dict[str, tuple[Callable[..., Any], Any, Callable[..., Any]]] = {
    "another branch": (branch, BranchChanged, lambda net: (X * 1e9, Y)),
    "a class out of range": (branch, ValueError, lambda net: (X, Y + 1)),
    "a check of data": (wrong_numbers, ValueError, lambda net: (X * 100.0, Y)),
    "another shape": (branch, ValueError, lambda net: (X, Y[:3])),
    "another dtype": (branch, (TypeError, ValueError), lambda net: (X.astype(complex), Y)),
    "too few inputs": (branch, TypeError, lambda net: (X,)),
    "Ctrl-C": (interrupted, KeyboardInterrupt, lambda net: (breaking(net), (X, Y))[1]),
}


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_replay_that_fails_leaves_everything_as_it_was(failure: str, executor: str) -> None:
    function, error, inputs = FAILURES[failure]
    net, twin = Net(), Net()
    x = Tensor(X, "x", requires_grad=False)
    start = np.abs(X) / 10 if function is wrong_numbers else X
    x.data = start
    y = Y.copy()
    with autograd.recording() as r:
        loss = function(net, x, y)
    function(twin, Tensor(start), Y)
    given = [x, y] if function is not wrong_numbers else [x]
    program = autograd.compile(loss, inputs=given, recorded=r, executor=executor)
    arrays = [start, Y][: len(given)]
    program(*arrays)
    function(twin, Tensor(start), Y)
    before = state(net)
    check_twins(net, twin)
    with pytest.raises(error):
        program(*inputs(net)[: max(len(given), 1)])
    assert state(net) == before
    if failure == "Ctrl-C":
        net.sample.broken = False  # type: ignore[attr-defined]
    # What comes next is what would have come without it.
    near(program(*arrays), function(twin, Tensor(start), Y).data, 1e-10)
    check_twins(net, twin)


@pytest.mark.parametrize("when", ["forward", "backward"])
def test_a_verification_that_fails_leaves_everything_as_it_was_and_is_made_again(
    when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = Net()
    run = autograd.compile(lambda x, y: branch(net, x, y))
    before = state(net)
    with monkeypatch.context() as patch:
        from autograd.programs.verifying import Verifier

        patch.setattr(Verifier, "same", lambda *a, **k: False)
        patch.setattr(Verifier, "is_noise", lambda *a, **k: False)
        if when == "forward":
            for _ in range(2):
                with pytest.raises(ProgramError):
                    run(X, Y)
                assert state(net) == before
                assert run.programs == {}
    run(X, Y)
    after = state(net)
    assert after != before
    with monkeypatch.context() as patch:
        patch.setattr(Verifier, "same", lambda *a, **k: False)
        patch.setattr(Verifier, "is_noise", lambda *a, **k: False)
        for _ in range(2):
            with pytest.raises(ProgramError):
                run.backward()
            assert state(net) == after
    run.backward()
    assert state(net)[:2] == after[:2]
    assert all(p.grad is not None for p in net.parameters())


@pytest.mark.parametrize("wrong", ["class", "exception"])
def test_the_first_call_of_a_compiled_function_that_fails_leaves_everything_as_it_was(
    wrong: str,
) -> None:
    net, twin = Net(), Net()

    def step(x: Any, y: Any) -> Any:
        loss = branch(net, x, y)
        if fails:
            raise ZeroDivisionError
        return loss

    run = autograd.compile(step)
    fails = wrong == "exception"
    before = state(net)
    for _ in range(2):
        with pytest.raises((ValueError, ZeroDivisionError)):
            run(X, Y if fails else Y + 1)
        assert state(net) == before
        assert run.last is None
    fails = False
    for _ in range(3):
        near(run(X, Y), branch(twin, Tensor(X), Y).data, 1e-10)
        check_twins(net, twin)


def test_a_failed_call_of_a_compiled_function_is_not_its_last() -> None:
    net = Net()
    run = autograd.compile(lambda x, y: branch(net, x, y))
    run(X, Y)
    program = run.last
    with pytest.raises(ValueError, match=r"range|from 0 to 2"):
        run(X[:3], Y[:3] + 1)
    assert run.last is program
    with pytest.raises(BranchChanged):
        run(X * 1e9, Y)
    with pytest.raises(ValueError, match=r"needs a run first.*its last call failed"):
        run.backward()


def test_inputs_that_do_not_fit_leave_the_run_before_to_be_differentiated() -> None:
    x, w = Tensor(np.ones(3), "x"), Tensor(np.ones(3), "w")
    program = autograd.compile((x * w).sum(), inputs=[x])
    program(np.array([1.0, 2.0, 3.0]))
    for wrong in (np.ones(4), np.ones(3, complex), "text"):
        with pytest.raises((TypeError, ValueError)):
            program(wrong)
    program.backward()
    near(w.grad, [1.0, 2.0, 3.0])


def test_fit_that_fails_in_a_replay_leaves_averages_and_generators_of_the_step_before() -> None:
    states = []

    def record(event: Any) -> None:
        if event.kind == "step":
            states.append(state(net)[:2])

    net = Net()
    data = [(X, Y), (X * 0.5, Y), (X, Y + 1)]
    with pytest.raises(ValueError, match="from 0 to 2"):
        nn.fit(
            net,
            nn.cross_entropy,
            data,
            optimizer=nn.optim.SGD(net.parameters(), 0.1),
            epochs=1,
            compile=True,
            progress=False,
            callbacks=record,
        )
    assert len(states) == 2
    assert state(net)[:2] == states[-1]


# --- what generators are reached by ---------------------------------------------------------------

module_rng = np.random.default_rng(5)
legacy = np.random.RandomState(6)


class Sampler:
    def __init__(self) -> None:
        self.rng = np.random.default_rng(7)
        self.nested = {"rngs": [np.random.default_rng(8)]}

    def sample(self, shape: Any) -> Any:
        return self.rng.random(shape) + self.nested["rngs"][0].random(shape)

    def __call__(self, shape: Any) -> Any:
        return self.sample(shape)


def samples() -> dict[str, tuple[Any, Callable[[], Any]]]:
    """Functions that draw, and what tells the state of what they draw from."""
    rng, sampler, plain = np.random.default_rng(9), Sampler(), random.Random(1)

    def of(g: Any) -> Callable[[], Any]:
        return lambda: g.bit_generator.state

    def both() -> Any:
        return [
            sampler.rng.bit_generator.state,
            sampler.nested["rngs"][0].bit_generator.state,
        ]

    def default(shape: Any, generator: Any = rng) -> Any:
        return generator.normal(size=shape)

    def by_python(shape: Any) -> Any:
        return np.full(shape, plain.random())

    def by_module(shape: Any) -> Any:
        return np.random.random(shape)

    def by_random(shape: Any) -> Any:
        return np.full(shape, random.random())

    return {
        "a generator's own method": (rng.random, of(rng)),
        "a closure": (lambda shape: rng.random(shape), of(rng)),
        "a default argument": (default, of(rng)),
        "a global": (lambda shape: module_rng.random(shape), of(module_rng)),
        "a method": (sampler.sample, both),
        "an object that is called": (sampler, both),
        "a RandomState": (legacy.random_sample, lambda: str(legacy.get_state())),
        "NumPy's own": (by_module, lambda: str(np.random.get_state())),
        "Python's": (by_python, plain.getstate),
        "Python's own": (by_random, random.getstate),
    }


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("kind", samples())
def test_generators_are_found_wherever_a_function_has_them(kind: str, executor: str) -> None:
    sample, read = samples()[kind]
    w = Tensor(np.ones(3), "w")

    def step(x: Any) -> Any:
        y = (x * w * autograd.random_like(x, sample=sample)).sum()
        return y if (x * x).sum() < 100.0 else -y

    run = autograd.compile(step, executor=executor)
    before = read()

    def failing(x: Any) -> Any:
        step(x)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        autograd.compile(failing)(np.ones(3))
    assert read() == before
    run(np.ones(3))
    run(np.ones(3))
    before = read()
    with pytest.raises(BranchChanged):
        run(np.full(3, 1e3))
    assert read() == before
    run(np.ones(3))
    assert read() != before


def test_a_generator_that_took_the_place_of_another_is_put_back() -> None:
    sampler, w = Sampler(), Tensor(np.ones(3), "w")

    @autograd.compile
    def run(x: Any) -> Any:
        y = (x * w * autograd.random_like(x, sample=sampler.sample)).sum()
        return y if (x * x).sum() < 100.0 else -y

    run(np.ones(3))
    sampler.rng = np.random.default_rng(77)
    before = sampler.rng.bit_generator.state
    with pytest.raises(BranchChanged):
        run(np.full(3, 1e3))
    assert sampler.rng.bit_generator.state == before


def test_what_is_told_is_told_once_a_run_has_succeeded() -> None:
    told: list[Any] = []
    x = Tensor(X, "x", requires_grad=False)
    with autograd.recording() as r:
        y = autograd.batch_norm(x, track=lambda mean, variance: told.append(mean.tolist()))
        out = y.sum() if (x * x).sum() < 1e6 else -y.sum()
    program = autograd.compile(out, inputs=[x], recorded=r)
    told.clear()
    with pytest.raises(BranchChanged):
        program(X * 1e9)
    assert told == []
    program(X)
    program(X + 1)
    assert len(told) == 2
    near(told, [[X.mean(axis=0)], [(X + 1).mean(axis=0)]])


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_averages_that_a_program_reads_are_moved_in_order_and_put_back(executor: str) -> None:
    nets = [nn.BatchNorm1d(4) for _ in range(2)]

    def step(norm: Any, x: Any) -> Any:
        norm.train()
        a = norm(x)
        norm.eval()
        b = norm(x)  # by the averages that have just moved
        norm.train()
        y = (a * a).sum() + (b * b * b).sum()
        return y if (x * x).sum() < 1e6 else -y

    run = autograd.compile(lambda x: step(nets[0], x), executor=executor)
    for batch in (X, X + 1.0, X * 2.0):
        near(run(batch), step(nets[1], Tensor(batch)).data, 1e-10)
        near(nets[0].running_mean.data, nets[1].running_mean.data)
    before = nets[0].running_mean.data.copy(), nets[0].running_var.data.copy()
    with pytest.raises(BranchChanged):
        run(X * 1e9)
    np.testing.assert_array_equal(nets[0].running_mean.data, before[0])
    np.testing.assert_array_equal(nets[0].running_var.data, before[1])


def test_averages_of_values_are_put_back() -> None:
    models = [nn.Sequential(nn.BatchNorm1d(2)).to_scalars() for _ in range(2)]
    columns = [Value(float(i), f"x{i}") for i in range(6)]
    numbers = [0.5 * i * i for i in range(6)]

    def step(model: Any, xs: Any) -> Any:
        y = model(np.array(xs, dtype=object).reshape(3, 2))
        total = (y * y * y).sum()
        return total if xs[1] * xs[1] < 100.0 else -total

    def averages(model: Any) -> list[Any]:
        return [np.array(x).tolist() for x in model.state_dict().values()]

    with autograd.recording() as r:
        out = step(models[0], columns)
    program = autograd.compile(out, inputs=columns, recorded=r)
    step(models[1], columns)
    program(*numbers)
    step(models[1], [Value(x) for x in numbers])
    before = averages(models[0])
    for mine, other in zip(before, averages(models[1]), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12)
    assert before != averages(nn.Sequential(nn.BatchNorm1d(2)).to_scalars())
    with pytest.raises(BranchChanged):
        program(0.0, 50.0, 1.0, 2.0, 3.0, 4.0)
    assert averages(models[0]) == before
