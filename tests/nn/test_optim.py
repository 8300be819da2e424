"""Optimisers: their rules, what they accept, and that graphs notice."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value


def rosenbrock(x: Any, y: Any) -> Any:
    return (1 - x) ** 2 + 10 * (y - x * x) ** 2


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_takes_the_steps_that_pytorch_takes(momentum: float) -> None:
    torch = pytest.importorskip("torch")
    start = np.array([[-0.5, 1.0], [0.25, 2.0]])
    mine, theirs = Tensor(start), torch.tensor(start, requires_grad=True)
    ours = nn.optim.SGD([mine], lr=0.003, momentum=momentum)
    other = torch.optim.SGD([theirs], lr=0.003, momentum=momentum)
    for step in range(50):
        ours.zero_grad()
        other.zero_grad()
        rosenbrock(mine[0], mine[1]).sum().backward()
        rosenbrock(theirs[0], theirs[1]).sum().backward()
        if step == 25:
            ours.lr = 0.001
            other.param_groups[0]["lr"] = 0.001
        ours.step()
        other.step()
        assert abs(mine.data - theirs.detach().numpy()).max() < 1e-10


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_values_take_the_same_steps_as_tensors(momentum: float) -> None:
    t, v = Tensor([-0.5, 1.0]), [Value(-0.5), Value(1.0)]
    first = nn.optim.SGD([t], lr=0.01, momentum=momentum)
    second = nn.optim.SGD(v, lr=0.01, momentum=momentum)
    for _ in range(20):
        first.zero_grad()
        second.zero_grad()
        rosenbrock(t[0], t[1]).backward()
        rosenbrock(*v).backward()
        first.step()
        second.step()
        assert np.allclose(t.data, [x.data for x in v], atol=1e-12)


def test_a_step_is_in_place_and_keeps_float32() -> None:
    p = Tensor([1.0, 2.0], dtype=np.float32)
    memory = p.data
    optimizer = nn.optim.SGD([p], lr=0.1, momentum=0.5)
    for _ in range(2):
        optimizer.zero_grad()
        (p * p).sum().backward()
        optimizer.step()
    assert p.data is memory
    assert p.data.dtype == optimizer.state[p]["momentum_buffer"].dtype == np.float32


def test_momentum_does_not_write_into_gradients() -> None:
    p = Tensor([1.0])
    optimizer = nn.optim.SGD([p], lr=0.1, momentum=0.5)
    (p * 3).sum().backward()
    grad = p.grad
    optimizer.step()
    optimizer.step()
    assert grad.tolist() == [3.0]
    assert np.allclose(p.data, [1.0 - 0.3 - 0.45])


def test_a_parameter_without_a_gradient_is_left_alone() -> None:
    p, q = Tensor([1.0]), Tensor([2.0])
    optimizer = nn.optim.SGD([p, q], lr=0.1, momentum=0.9)
    p.sum().backward()
    optimizer.step()
    assert (p.data.tolist(), q.data.tolist()) == ([0.9], [2.0])


def test_a_step_makes_older_graphs_stale() -> None:
    p = Tensor([1.0], "p")
    loss = (p * p).sum()
    loss.backward()
    nn.optim.SGD([p], lr=0.1).step()
    with pytest.raises(autograd.StaleGraphError, match="'p'"):
        loss.backward()


def test_a_gradient_that_is_a_node_counts_as_its_numbers() -> None:
    p = Tensor([2.0])
    (p * p).sum().backward(create_graph=True)
    nn.optim.SGD([p], lr=0.25).step()
    assert p.data.tolist() == [1.0]
    p.grad = None


def test_zero_grad_clears_the_gradients() -> None:
    model = nn.Linear(2, 1, rng=0)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    model([1.0, 2.0]).backward()
    optimizer.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_any_iterable_of_parameters_will_do() -> None:
    model = nn.MLP(2, [3, 1])
    optimizer = nn.optim.SGD((p for p in model.parameters()), lr=0.1)
    assert len(optimizer.parameters) == 4


@pytest.mark.parametrize(
    ("parameters", "options", "error", "message"),
    [
        (nn.Linear(1, 1), {}, TypeError, r"SGD\(model\.parameters\(\), \.\.\.\)"),
        ([], {}, ValueError, "SGD got no parameters"),
        ([1.0], {}, TypeError, "takes Tensors and Values, got float"),
        ([Tensor([1.0]) * 2], {}, ValueError, "leaves that require a gradient"),
        ([Value(1.0, requires_grad=False)], {}, ValueError, "leaves that require a gradient"),
        ([Value(1.0)] * 2, {}, ValueError, "the same parameter twice"),
        ([Value(1.0)], {"lr": -1.0}, ValueError, "lr is finite and 0 or more, got -1.0"),
        ([Value(1.0)], {"lr": math.inf}, ValueError, "lr is finite"),
        ([Value(1.0)], {"lr": math.nan}, ValueError, "lr is finite"),
        ([Value(1.0)], {"lr": "fast"}, TypeError, "lr is a number, got str"),
        ([Value(1.0)], {"momentum": 1.0}, ValueError, "momentum is from 0 to below 1, got 1.0"),
        ([Value(1.0)], {"momentum": None}, TypeError, "momentum is a number, got NoneType"),
    ],
)
def test_bad_arguments_of_sgd_are_named(
    parameters: Any, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        nn.optim.SGD(parameters, **({"lr": 0.1} | options))


def test_a_bad_learning_rate_cannot_be_assigned_later() -> None:
    optimizer = nn.optim.SGD([Value(1.0)], lr=0.1)
    with pytest.raises(ValueError, match="lr is finite"):
        optimizer.lr = -1.0
    assert optimizer.lr == 0.1


# --- every rule ----------------------------------------

RULES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.003}),
    ("SGD", {"lr": 0.003, "momentum": 0.9, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.003, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.003, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("RMSprop", {}),
    ("RMSprop", {"alpha": 0.9, "weight_decay": 0.1, "momentum": 0.5}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.9, "eps": 1e-3}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.05, "initial_accumulator_value": 0.2}),
    ("Adagrad", {"lr": 0.1, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.02}),
    ("Adam", {"lr": 0.02, "betas": (0.5, 0.9), "weight_decay": 0.1, "eps": 1e-3}),
    ("Adam", {"lr": 0.02, "amsgrad": True, "betas": (0.9, 0.8)}),
    ("AdamW", {"lr": 0.02}),
    ("AdamW", {"lr": 0.02, "weight_decay": 0.3, "amsgrad": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1}),
]
NAMES = ["SGD", "RMSprop", "Adagrad", "Adam", "AdamW", "Adadelta"]


def starts() -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape) for shape in ((3, 2), (3,), (1, 3), ())]


def network(p: Any, x: Any) -> Any:
    """A loss that every parameter takes part in, by operators that tensors of both kinds have."""
    hidden = x @ p[0].T + p[1]
    return ((hidden * hidden) @ p[2].T + p[3] - 1.0).__pow__(2).mean()


@pytest.mark.parametrize(("name", "options"), RULES)
def test_fifty_steps_are_pytorchs(name: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    mine = [Tensor(x) for x in starts()]
    theirs = [torch.tensor(x, requires_grad=True) for x in starts()]
    ours = getattr(nn.optim, name)(mine, **options)
    other = getattr(torch.optim, name)(theirs, **options)
    x = np.random.default_rng(1).normal(size=(8, 2))
    for _ in range(50):
        ours.zero_grad()
        other.zero_grad()
        network(mine, x).backward()
        network(theirs, torch.tensor(x)).backward()
        ours.step()
        other.step()
        for p, q in zip(mine, theirs, strict=True):
            assert abs(p.data - q.detach().numpy()).max() < 1e-10


@pytest.mark.parametrize(("name", "options"), RULES)
def test_skipped_parameters_groups_and_switches_are_pytorchs(
    name: str, options: dict[str, Any]
) -> None:
    torch = pytest.importorskip("torch")
    mine = [Tensor(x) for x in starts()]
    theirs = [torch.tensor(x, requires_grad=True) for x in starts()]
    every = []
    for module, p in ((nn.optim, mine), (torch.optim, theirs)):
        groups = [{"params": p[:2]}, {"params": p[2:], "lr": 0.007, "weight_decay": 0.05}]
        every.append(getattr(module, name)(groups, **options))
    rng = np.random.default_rng(2)
    for step in range(50):
        reached = {0, 1, 2, 3} if step % 7 == 0 else {i for i in range(4) if rng.uniform() < 0.6}
        for i, (p, q) in enumerate(zip(mine, theirs, strict=True)):
            g = rng.normal(size=p.shape) if i in reached else None
            p.grad = None if g is None else np.array(g)
            q.grad = None if g is None else torch.tensor(g)
        if step == 20:
            for optimizer in every:
                optimizer.param_groups[1]["lr"] = 0.02
                optimizer.param_groups[0]["weight_decay"] = 0.2
        if reached:
            for optimizer in every:
                optimizer.step()
        for p, q in zip(mine, theirs, strict=True):
            assert abs(p.data - q.detach().numpy()).max() < 1e-10


@pytest.mark.parametrize(("name", "options"), RULES)
def test_networks_of_values_take_the_same_steps(name: str, options: dict[str, Any]) -> None:
    model = nn.MLP(3, [4, 2], activation="tanh", rng=0)
    scalars = model.to_scalars()
    first = getattr(nn.optim, name)(model.parameters(), **options)
    second = getattr(nn.optim, name)(scalars.parameters(), **options)
    x = np.random.default_rng(0).normal(size=(3, 3))
    for _ in range(5):
        for network, optimizer in ((model, first), (scalars, second)):
            optimizer.zero_grad()
            nn.mse(network(x), np.ones((3, 2))).backward()
            optimizer.step()
        for key, array in model.state_dict().items():
            assert np.allclose(array, scalars.state_dict()[key], rtol=0, atol=1e-12)


def test_tensors_of_both_dtypes_and_values_share_one_optimiser() -> None:
    leaves = [Tensor([1.0, 2.0]), Tensor([3.0], dtype=np.float32), Value(4.0)]
    optimizer = nn.optim.Adam(leaves, lr=0.5)
    leaves[0].grad, leaves[1].grad, leaves[2].grad = np.ones(2), np.ones(1, np.float32), 1.0
    optimizer.step()
    assert leaves[1].data.dtype == np.float32
    assert isinstance(leaves[2].data, float)
    assert np.allclose([*leaves[0].data, *leaves[1].data, leaves[2].data], [0.5, 1.5, 2.5, 3.5])


# --- what a step leaves alone ----------------------------------------


def snapshot(optimizer: Any) -> Any:
    return [np.array(p.data) for p in optimizer.parameters], optimizer.state_dict()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("started", [False, True])
def test_a_gradient_that_is_not_finite_raises_and_changes_nothing(
    name: str, wrong: float, started: bool
) -> None:
    leaves = [Tensor([1.0, 2.0], "p"), Tensor([[3.0], [4.0]], "q"), Value(5.0, "v")]
    options = {"momentum": 0.9} if name == "SGD" else {}
    optimizer = getattr(nn.optim, name)(leaves, **options)
    for leaf in leaves:
        leaf.grad = 1.0 if isinstance(leaf, Value) else np.ones(leaf.shape)
    if started:
        optimizer.step()
    before = snapshot(optimizer)
    leaves[1].grad[1, 0] = wrong
    loss = leaves[0].sum()
    with pytest.raises(autograd.AnomalyError, match=rf"'q' is {wrong} at \[1, 0\]"):
        optimizer.step()
    np.testing.assert_equal(snapshot(optimizer), before)
    loss.backward()  # not stale: nothing was assigned
    leaves[1].grad, leaves[2].grad = None, wrong
    with pytest.raises(autograd.AnomalyError, match="'v'"):
        optimizer.step()
    np.testing.assert_equal(snapshot(optimizer), before)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_that_no_pass_reached_raises_and_changes_nothing(name: str) -> None:
    optimizer = getattr(nn.optim, name)([Tensor([1.0]), Value(2.0)])
    before = snapshot(optimizer)
    with pytest.raises(ValueError, match="no parameter has a gradient"):
        optimizer.step()
    np.testing.assert_equal(snapshot(optimizer), before)


def test_a_gradient_of_another_shape_raises_and_changes_nothing() -> None:
    p, q = Tensor([1.0, 2.0], "p"), Tensor([1.0, 2.0], "q")
    p.grad, q.grad = np.ones(2), np.ones(2)
    q.grad.resize(1)  # which nobody can be kept from
    with pytest.raises(ValueError, match=r"'q' has shape \(1,\), expected \(2,\)"):
        nn.optim.Adam([p, q]).step()
    assert p.data.tolist() == [1.0, 2.0]


def test_gradients_whose_squares_overflow_are_finite() -> None:
    p = Tensor([1.0, 2.0])
    p.grad = np.array([1e200, -1e200])
    nn.optim.SGD([p], lr=1e-200).step()
    assert p.data.tolist() == [0.0, 3.0]


@pytest.mark.parametrize("name", NAMES)
def test_no_step_writes_into_a_gradient(name: str) -> None:
    for leaves in ([Tensor([1.0, 2.0])], [Tensor([1.0, 2.0]), Tensor([3.0])]):
        for leaf in leaves:
            leaf.grad = np.full(leaf.shape, 2.0)
        optimizer = getattr(nn.optim, name)(leaves, weight_decay=0.1)
        optimizer.step()
        optimizer.step()
        assert all((leaf.grad == 2.0).all() for leaf in leaves)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_is_in_the_parameters_own_memory_and_dates_each_of_them(name: str) -> None:
    leaves = [Tensor([1.0, 2.0], "p"), Tensor([[3.0]], "q")]
    memory = [leaf.data for leaf in leaves]
    losses = [(leaf * leaf).sum() for leaf in leaves]
    for loss in losses:
        loss.backward()
    getattr(nn.optim, name)(leaves).step()
    assert all(leaf.data is array for leaf, array in zip(leaves, memory, strict=True))
    for loss, label in zip(losses, "pq", strict=True):
        with pytest.raises(autograd.StaleGraphError, match=f"'{label}'"):
            loss.backward()


def test_numbers_that_are_assigned_between_steps_are_the_ones_that_move() -> None:
    p, q = Tensor([1.0, 2.0]), Tensor(np.asfortranarray(np.ones((2, 3))))
    optimizer = nn.optim.AdamW([p, q], lr=0.5, weight_decay=0.0)
    for _ in range(2):
        p.grad, q.grad = np.ones(2), np.ones((2, 3))
        p.data = np.array([10.0, 20.0])
        optimizer.step()
    assert np.allclose(p.data, [9.5, 19.5])
    assert np.allclose(q.data, 0.0, atol=1e-7)


# --- copies, pickles, state ----------------------------------------


def trained(name: str) -> tuple[Any, Any]:
    model = nn.MLP(2, [3, 1], rng=0)
    options = {"momentum": 0.9} if name == "SGD" else {}
    optimizer = getattr(nn.optim, name)(model.parameters(), **options)
    train(model, optimizer)
    return model, optimizer


def train(model: Any, optimizer: Any, steps: int = 3) -> None:
    x = np.random.default_rng(0).normal(size=(5, 2))
    for _ in range(steps):
        optimizer.zero_grad()
        nn.mse(model(x), x[:, :1]).backward()
        optimizer.step()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["copy", "pickle"]
)
def test_copies_of_model_and_optimiser_stay_tied_and_apart(name: str, duplicate: Any) -> None:
    model, optimizer = trained(name)
    other, tied = duplicate((model, optimizer))
    assert all(a is b for a, b in zip(other.parameters(), tied.parameters, strict=True))
    before = model.state_dict()
    train(other, tied)
    np.testing.assert_equal(model.state_dict(), before)
    train(model, optimizer)
    np.testing.assert_equal(model.state_dict(), other.state_dict())
    np.testing.assert_equal(optimizer.state_dict(), tied.state_dict())


@pytest.mark.parametrize("name", NAMES)
def test_training_goes_on_from_a_state(name: str) -> None:
    model, optimizer = trained(name)
    saved, numbers = pickle.loads(pickle.dumps(optimizer.state_dict())), model.state_dict()
    train(model, optimizer)
    fresh = nn.MLP(2, [3, 1], rng=1)
    fresh.load_state_dict(numbers)
    other = getattr(nn.optim, name)(fresh.parameters(), lr=0.7)
    other.load_state_dict(saved)
    train(fresh, other)
    np.testing.assert_equal(fresh.state_dict(), model.state_dict())


@pytest.mark.parametrize("name", ["RMSprop", "Adagrad", "Adam", "AdamW", "Adadelta"])
def test_states_have_pytorchs_names_and_numbers(name: str) -> None:
    torch = pytest.importorskip("torch")
    p, q = Tensor([1.0, -2.0]), torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    ours, other = getattr(nn.optim, name)([p]), getattr(torch.optim, name)([q])
    for _ in range(3):
        p.grad, q.grad = np.array([0.5, 2.0]), torch.tensor([0.5, 2.0], dtype=torch.float64)
        ours.step()
        other.step()
    theirs = other.state_dict()["state"][0]
    mine = ours.state_dict()["state"][0]
    assert set(mine) == set(theirs)
    assert all(np.allclose(mine[key], theirs[key].numpy(), atol=1e-12) for key in theirs)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: s["param_groups"].append({"params": []}), r"groups of \[4\] parameters"),
        (lambda s: s["param_groups"][0].pop("lr"), "missing lr"),
        (lambda s: s["param_groups"][0].update(lr=-1.0), "lr is finite"),
        (lambda s: s["param_groups"][0].update(speed=1.0), "no option 'speed'"),
        (lambda s: s["state"][3].update(exp_avg=np.zeros(7)), r"parameter 3: exp_avg has shape"),
        (lambda s: s["state"][1].update(velocity=0), "expected step and exp_avg"),
        (lambda s: s["state"].update({9: {}}), r"unknown parameters \[9\]"),
    ],
)
def test_a_state_that_does_not_fit_raises_and_changes_nothing(spoil: Any, message: str) -> None:
    _, optimizer = trained("Adam")
    before = optimizer.state_dict()
    state = copy.deepcopy(before)
    spoil(state)
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(state)
    np.testing.assert_equal(optimizer.state_dict(), before)


# --- groups and options ----------------------------------------


def test_groups_can_be_added_and_every_assignment_is_checked() -> None:
    p, q = Tensor([1.0]), Tensor([1.0])
    optimizer = nn.optim.SGD([p], lr=0.1)
    optimizer.add_param_group({"params": [q], "lr": 0.5})
    p.grad, q.grad = np.ones(1), np.ones(1)
    optimizer.step()
    assert (p.data.tolist(), q.data.tolist()) == ([0.9], [0.5])
    optimizer.lr = 0.25
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.25]
    with pytest.raises(ValueError, match="lr is finite"):
        optimizer.param_groups[1]["lr"] = math.nan
    with pytest.raises(ValueError, match="SGD has no option 'beta'"):
        optimizer.param_groups[1]["beta"] = 0.5
    with pytest.raises(ValueError, match="the same parameter twice"):
        optimizer.add_param_group({"params": [p]})
    assert optimizer.param_groups[1]["lr"] == 0.25


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("Adam", {"betas": (0.9, 1.0)}, ValueError, r"betas\[1\] is from 0 to below 1, got 1.0"),
        ("Adam", {"betas": 0.9}, TypeError, "betas is a pair of numbers"),
        ("Adam", {"amsgrad": 1}, TypeError, "amsgrad is True or False"),
        ("RMSprop", {"alpha": 1.5}, ValueError, "alpha is from 0 to below 1"),
        ("Adagrad", {"eps": -1.0}, ValueError, "eps is finite and 0 or more"),
        ("Adadelta", {"weight_decay": -1.0}, ValueError, "weight_decay is finite"),
        ("SGD", {"nesterov": True}, ValueError, "nesterov needs momentum above 0"),
    ],
)
def test_bad_options_are_named(
    name: str, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        getattr(nn.optim, name)([Tensor([1.0])], **options)


def test_weight_decay_in_sgd_is_half_the_squared_norm_in_the_loss() -> None:
    start = np.random.default_rng(0).normal(size=(2, 3))
    p, q = Tensor(start), Tensor(start)
    decay, plain = nn.optim.SGD([p], lr=0.1, weight_decay=0.3), nn.optim.SGD([q], lr=0.1)
    for _ in range(10):
        decay.zero_grad()
        plain.zero_grad()
        (p * p * p).sum().backward()
        ((q * q * q).sum() + nn.regularisers.l2([q], 0.15)).backward()
        decay.step()
        plain.step()
        assert abs(p.data - q.data).max() < 1e-12
