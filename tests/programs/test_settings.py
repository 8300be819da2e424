"""What a recording read of a module besides numbers is asked again with every replay."""

from __future__ import annotations

import collections
import copy
import dataclasses
import gc
import pickle
import random
import types
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs.replays import near

import autograd
import nn
from autograd import BranchChanged, Tensor

X = np.linspace(-1.0, 1.0, 6).reshape(2, 3)


@dataclasses.dataclass
class Config:
    """What a module is made with, kept together."""

    bias: float = 0.25
    gain: dict[str, float] = dataclasses.field(default_factory=lambda: {"first": 1.0})


class Scaled(nn.Module):
    """A module with attributes of every kind."""

    def __init__(self) -> None:
        self.inner = [nn.Linear(3, 3, rng=0), nn.Tanh()]
        self.more = {"last": nn.Linear(3, 2, rng=1)}
        self.scale, self.kind, self.squared = 2.0, "sum", False
        self.shape = (1, 2)
        self.w = Tensor(np.ones(2), "w")
        self.seen: Any = None
        self.calls = 0
        self.factors, self.order = {1.0, 2.0}, collections.deque([1.0, 2.0])
        self.config, self.space = Config(), types.SimpleNamespace(shift=0.5, inner=Config())

    def forward(self, x: Any) -> Any:
        for layer in self.inner:
            x = layer(x)
        y = self.more["last"](x) * self.scale * self.w * self.shape[1]
        y = y * sum(self.factors) * self.order[0] + self.config.gain["first"] * self.config.bias
        y = y + self.space.shift * self.space.inner.bias
        self.seen, self.calls = y, self.calls + 1
        y = y * y if self.squared else y
        return y.sum() if self.kind == "sum" else y.mean()


CHANGES: dict[str, Callable[[Scaled], Any]] = {
    "a number": lambda m: setattr(m, "scale", 3.0),
    "a word": lambda m: setattr(m, "kind", "mean"),
    "a flag": lambda m: setattr(m, "squared", True),
    "a tuple": lambda m: setattr(m, "shape", (1, 5)),
    "a parameter": lambda m: setattr(m, "w", Tensor([3.0, 4.0], "w")),
    "a layer in a list": lambda m: m.inner.__setitem__(1, nn.ReLU()),
    "a further layer": lambda m: m.inner.append(nn.Tanh()),
    "a layer in a dict": lambda m: m.more.__setitem__("last", nn.Linear(3, 2, rng=9)),
    "a number of a set": lambda m: m.factors.add(9.0),
    "a number of a deque": lambda m: m.order.appendleft(9.0),
    "a field of a dataclass": lambda m: setattr(m.config, "bias", 4.0),
    "a dict in a dataclass": lambda m: m.config.gain.update(first=9.0),
    "another dataclass": lambda m: setattr(m, "config", Config(2.0)),
    "a name of a namespace": lambda m: setattr(m.space, "shift", 4.0),
    "a dataclass in a namespace": lambda m: setattr(m.space.inner, "bias", 4.0),
    "an attribute of a layer": lambda m: setattr(m.inner[0], "bias", None),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_compiled_function_is_recorded_anew_for_other_settings(name: str) -> None:
    model = Scaled()
    run = autograd.compile(lambda x: model(x))
    for _ in range(3):
        near(run(X), model(X).data)
    assert len(run.programs) == 1
    CHANGES[name](model)
    for _ in range(2):
        near(run(X), model(X).data)
    assert len(run.programs) == 2


@pytest.mark.parametrize("name", CHANGES)
def test_a_recorded_graph_says_which_setting_has_changed(name: str) -> None:
    model, x = Scaled(), Tensor(X)
    with autograd.recording() as recorded:
        out = model(x)
    program = autograd.compile(out, inputs=[x], recorded=recorded)
    near(program(X), out.data)
    near(program(2 * X), model(2 * X).data)
    CHANGES[name](model)
    with pytest.raises(BranchChanged, match=r"an attribute of \w+ has changed: \w+ is"):
        program(X)


def test_a_setting_that_comes_back_finds_its_program() -> None:
    layer = nn.Dropout(0.5, rng=0)
    run = autograd.compile(lambda x: layer(x).sum())
    for p in (0.5, 0.0, 0.5, 0.0):
        layer.p = p
        total = float(run(np.ones(4)))
        assert p != 0.0 or total == 4.0
    assert len(run.programs) == 2


def test_parameters_that_move_are_no_other_setting() -> None:
    model = nn.MLP(3, [4, 1], rng=0)
    optimiser = nn.optim.SGD(model.parameters(), lr=0.1)
    run = autograd.compile(lambda x: nn.mse(model(x), np.zeros((2, 1))))
    for _ in range(5):
        optimiser.zero_grad()
        run(X)
        run.backward()
        optimiser.step()
    model.train()
    run(X)
    assert len(run.programs) == 1


def test_settings_are_no_part_of_copies_and_keep_no_module_alive() -> None:
    model = nn.MLP(3, [4, 1], rng=0)
    run = autograd.compile(lambda x: model(x).sum())
    run(X)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert "_settings" not in vars(twin)
        near(twin(X).sum().data, run(X))
    assert not any("settings" in name for name in model.state_dict())

    def temporary(x: Any) -> Any:
        layer = nn.Linear(3, 2, rng=0)
        seen.append(weakref.ref(layer))
        return layer(x).sum()

    seen: list[Any] = []
    fresh = autograd.compile(temporary)
    assert fresh(X) == fresh(X)
    gc.collect()
    assert seen[0]() is None
    assert len(fresh.programs) == 1


def test_whole_numbers_as_arguments_do_not_make_programs_for_ever() -> None:
    w = Tensor(2.0, "w")
    run = autograd.compile(lambda x, n: (w * x).sum() + n)
    with warnings.catch_warnings(record=True) as said, autograd.no_grad():
        warnings.simplefilter("always")
        for n in range(80):
            assert run(X, n) == pytest.approx(n)
    assert len(run.programs) == 64
    assert len(said) == 1
    assert "better given as float(n) or np.array(n)" in str(said[0].message)
    count = autograd.compile(lambda x, n: (w * x).sum() + n)
    for n in range(80):
        assert count(X, np.array(n)).item() == pytest.approx(n)
    assert len(count.programs) == 1


def test_a_list_as_an_argument_is_refused_with_what_to_give() -> None:
    run = autograd.compile(lambda x: x.sum())
    for wrong in ([1.0, 2.0], {"a": 1.0}):
        with pytest.raises(TypeError, match=r"Give np.array\(\[...\]\) or a tuple for a list"):
            run(wrong)
    with pytest.raises(TypeError, match="a tuple for a list"):
        autograd.compile(lambda x, k: x.sum())(X, k=[1])


def test_an_array_that_holds_no_numbers_is_refused_as_an_argument() -> None:
    run = autograd.compile(lambda x: (x * 2.0).sum())
    with pytest.raises(TypeError, match=r"array of numbers, got one of object \(each Value can be"):
        run(autograd.values(X[0]))
    for wrong in (X + 1j, np.array(["a"]), np.array(["2020-01-01"], "M8[D]")):
        with pytest.raises(TypeError, match=r"numbers|complex"):
            run(wrong)
    assert not run.programs
    assert autograd.compile(lambda *v: sum(v) * 2.0)(*autograd.values(X[0])).data == 2 * X[0].sum()


def test_draws_from_a_shared_generator_are_refused_unless_they_are_made_anew() -> None:
    w = Tensor(1.0, "w")
    for draw in (lambda: np.random.random(), lambda: random.random()):

        def f(x: Any, draw: Any = draw) -> Any:
            return (w * x * draw()).sum()

        with pytest.raises(ValueError, match=r"autograd\.random_like"):
            autograd.compile(f)(X)
    run = autograd.compile(
        lambda x: (w * autograd.random_like(x, sample=np.random.random_sample)).sum()
    )
    assert run(X) != run(X)


NOISE = np.random.default_rng(0)
BITS = np.random.RandomState(0)
OLD = random.Random(0)


class Noisy(nn.Module):
    """A layer that draws in ``forward``, from its own generator or one that is around."""

    def __init__(self, draw: Any, rng: Any = None) -> None:
        self.draw = draw
        self.rng = rng

    def forward(self, x: Any) -> Any:
        return x + self.draw(self)


class OfGlobal(nn.Module):
    """A layer that draws from a global generator."""

    def forward(self, x: Any) -> Any:
        return x + sum(NOISE.normal() for _ in range(2))


DRAWS: dict[str, Any] = {
    "a global": lambda w: lambda x: (w * x * NOISE.normal()).sum(),
    "in a comprehension": lambda w: lambda x: sum([w * x * NOISE.normal() for _ in range(2)]).sum(),
    "a RandomState": lambda w: lambda x: (w * x * BITS.normal()).sum(),
    "Python's": lambda w: lambda x: (w * x * OLD.random()).sum(),
    "a variable around": lambda w: (lambda rng: lambda x: (w * x * rng.normal(size=x.shape)).sum())(
        np.random.default_rng(1)
    ),
    "by a function": lambda w: lambda x: (w * x * drawn()).sum(),
    "a layer's own": lambda w: nn.Sequential(
        Noisy(lambda layer: layer.rng.normal(), np.random.default_rng(2)), nn.Linear(3, 1)
    ),
    "a layer's global": lambda w: nn.Sequential(OfGlobal(), nn.Linear(3, 1)),
    "beside a dropout's": lambda w: (
        lambda rng: nn.Sequential(
            nn.Dropout(0.5, rng=rng), Noisy(lambda layer: layer.rng.normal(), rng)
        )
    )(np.random.default_rng(3)),
}


def drawn() -> Any:
    return NOISE.random()


@pytest.mark.parametrize("name", DRAWS)
def test_draws_from_a_generator_of_ones_own_are_refused_unless_they_are_made_anew(
    name: str,
) -> None:
    with pytest.raises(ValueError, match=r"autograd\.random_like"):
        autograd.compile(DRAWS[name](Tensor(1.0, "w")))(X)


def test_draws_that_are_made_anew_are_not_refused_whatever_the_generator() -> None:
    rng = np.random.default_rng(0)
    dropout = nn.Dropout(0.5, rng=rng)
    for x, runs in ((X, 1), (1.5, 1)):
        run = autograd.compile(lambda x: dropout(x) + autograd.random_like(x, sample=rng.random))
        assert np.any(np.asarray(run(x)) != np.asarray(run(x)))
        run = autograd.compile(
            lambda x: x * autograd.random_like(x, sample=np.random.random_sample)
        )
        assert np.any(np.asarray(run(x)) != np.asarray(run(x)))
        assert len(run.programs) == runs
    ours = autograd.elementwise(
        "jittered",
        lambda x: x + NOISE.random(),
        lambda x: x + NOISE.random(np.shape(x)),
        lambda out, x: 1,
        impure=lambda options: True,
    )
    run = autograd.compile(lambda x: ours(x).sum())
    assert run(X) != run(X)


def test_a_global_can_be_noted_by_hand() -> None:
    switch = {"on": True}

    def f(x: Any) -> Any:
        autograd.recording.note_state("the switch", lambda: switch["on"])
        return x.sum() * (2.0 if switch["on"] else 3.0)

    x = Tensor(X)
    with autograd.recording() as recorded:
        out = f(x)
    program = autograd.compile(out, inputs=[x], recorded=recorded)
    program(X)
    switch["on"] = False
    with pytest.raises(BranchChanged, match=r"the switch: is False and was True"):
        program(X)
