"""Optimisers: their rules, what they accept, and that graphs notice."""

from __future__ import annotations

import math
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
    assert p.data.dtype == optimizer.velocities[0].dtype == np.float32


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
