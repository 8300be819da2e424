"""requires_grad of a leaf can be set: a parameter is frozen, and set free again."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value

KINDS = {"Value": lambda x: Value(x), "Tensor": lambda x: Tensor(np.full(2, x))}
over_kinds = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


@over_kinds
def test_a_frozen_leaf_is_a_constant_in_what_is_recorded_afterwards(make: Any) -> None:
    p, q = make(2.0), make(3.0)
    p.requires_grad = False
    y = np.sum(p * q)
    y.backward()
    assert p.grad is None
    assert all(x is not p for x in y.parents)
    np.testing.assert_array_equal(q.grad, p.data)
    assert not (p * 2.0).requires_grad
    p.requires_grad = True
    np.sum(p * q).backward()
    np.testing.assert_array_equal(p.grad, q.data)


@over_kinds
def test_a_graph_that_was_recorded_before_stays_what_it_is(make: Any) -> None:
    p = make(2.0)
    y = np.sum(p * p)
    p.requires_grad = False
    y.backward()
    np.testing.assert_array_equal(p.grad, 2 * p.data)


@over_kinds
def test_only_a_leaf_can_be_frozen_and_only_with_a_truth_value(make: Any) -> None:
    p = make(2.0)
    y = p * 3.0
    y.requires_grad = True  # as it is: nothing to do
    with pytest.raises(ValueError, match=r"the result of mul.*detach\(\)"):
        y.requires_grad = False
    for wrong in (0, None, "no", np.array([True])):
        with pytest.raises(TypeError, match="requires_grad is True or False"):
            p.requires_grad = wrong
    assert p.requires_grad
    with autograd.no_grad():
        z = p * 3.0
    z.requires_grad = True  # nothing was recorded: it is a leaf
    np.sum(z * z).backward()
    np.testing.assert_array_equal(z.grad, 2 * z.data)


@over_kinds
def test_the_flag_is_copied_and_pickled(make: Any) -> None:
    p = make(2.0)
    p.requires_grad = False
    for other in (copy.copy(p), copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert not other.requires_grad


def test_views_and_transforms_of_a_frozen_leaf() -> None:
    p = Tensor([1.0, 2.0])
    p.requires_grad = False
    assert not p.reshape(2, 1).requires_grad
    np.testing.assert_array_equal(autograd.grad(lambda x: (x * p).sum())(np.ones(2)), p.data)
    np.testing.assert_array_equal(autograd.grad(lambda x: (x * x).sum())(p).data, 2 * p.data)


# --- training -------------------------------------------------------------------------------------


def network(scalars: bool) -> nn.Module:
    model: nn.Module = nn.MLP(2, [3, 1], activation="tanh", rng=0)
    return model.to_scalars() if scalars else model


def pass_back(model: nn.Module) -> None:
    model.zero_grad()
    y = model([0.5, -1.0])
    autograd.sum(y * y).backward()


def numbers(p: Any) -> Any:
    return np.array(p.data)


@pytest.mark.parametrize("scalars", [False, True], ids=["tensors", "Values"])
@pytest.mark.parametrize("rule", [nn.optim.SGD, nn.optim.Adam])
def test_an_optimiser_skips_what_is_frozen_and_takes_it_up_again(rule: Any, scalars: bool) -> None:
    model = network(scalars)
    parameters = model.parameters()
    options = {"momentum": 0.9} if rule is nn.optim.SGD else {"weight_decay": 0.1}
    optimizer = rule(parameters, lr=0.1, **options)
    frozen, others = parameters[:2], parameters[2:]

    def step() -> list[bool]:
        before = [numbers(p) for p in parameters]
        optimizer.step()
        pairs = zip(parameters, before, strict=True)
        return [not np.array_equal(numbers(p), old) for p, old in pairs]

    pass_back(model)
    assert all(step())
    pass_back(model)
    for p in frozen:
        p.requires_grad = False
    # Momentum and weight decay would move them even so, and there is a gradient from before.
    assert step() == [False] * len(frozen) + [True] * len(others)
    pass_back(model)
    assert frozen[0].grad is None
    assert step() == [False] * len(frozen) + [True] * len(others)
    for p in frozen:
        p.requires_grad = True
    pass_back(model)
    assert all(step())
    for p in parameters:
        p.requires_grad = False
    with pytest.raises(ValueError, match="no parameter has a gradient"):
        optimizer.step()


def test_a_frozen_parameter_is_none_of_the_models_but_stays_in_its_state() -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    names = [name for name, _ in model.named_parameters()]
    model.layers[0].weight.requires_grad = False
    assert [name for name, _ in model.named_parameters()] == names[1:]
    assert list(model.state_dict()) == names
    scalars = model.to_scalars()
    assert len(scalars.parameters()) == 3 + 3 + 1
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    before = model.layers[0].weight.data.copy()
    pass_back(model)
    optimizer.step()
    np.testing.assert_array_equal(model.layers[0].weight.data, before)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_fit_leaves_what_is_frozen_alone(compiled: bool) -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    optimizer = nn.optim.Adam(model.parameters(), lr=0.1)
    model.layers[0].weight.requires_grad = False
    before = model.layers[0].weight.data.copy()
    nn.fit(
        model,
        nn.mse,
        (np.ones((4, 2)), np.zeros((4, 1))),
        optimizer=optimizer,
        epochs=3,
        progress=False,
        compile=compiled,
    )
    np.testing.assert_array_equal(model.layers[0].weight.data, before)
    assert model.layers[0].weight.grad is None


# --- programs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("first", [True, False], ids=["frozen later", "set free later"])
@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_a_program_says_that_a_leaf_was_frozen_or_set_free(
    make: Any, first: bool, executor: str
) -> None:
    x, p, q = make(1.0), make(2.0), make(3.0)
    p.requires_grad = first
    program = autograd.compile(np.sum(x * p * q), inputs=[x], executor=executor)
    program(x.data)
    make(0.0).requires_grad = False  # somebody else's
    program(x.data)
    p.requires_grad = not first
    with pytest.raises(autograd.BranchChanged, match=f"requires_grad of a leaf is {not first}"):
        program(x.data)
    p.requires_grad = first
    program(x.data)
    program.backward()
    assert (p.grad is not None) is first


def test_a_compiled_function_is_recorded_anew() -> None:
    w, b = Tensor([1.0, 2.0], "w"), Tensor([3.0, 4.0], "b")
    f = autograd.compile(lambda x: (w * x + b).sum())

    def gradients() -> list[Any]:
        w.grad = b.grad = None
        assert f(np.ones(2)) == 10.0
        f.backward()
        return [p.grad is not None for p in (w, b)]

    for flags in ([True, True], [False, True], [True, False], [True, True]):
        w.requires_grad, b.requires_grad = flags
        assert gradients() == flags
