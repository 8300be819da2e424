"""chalkgrad: the eager pass and the compiled one, as its README writes them."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
import nn
import nn.scalar
from autograd import Tensor, Value
from benchmarks.contest import Contest, in_layers, in_neurons, training
from benchmarks.contestants.neurons import demo
from benchmarks.workloads import Workload, expression, one_hot

LOSSES: dict[str, Any] = {"hinge": nn.hinge, "cross_entropy": nn.cross_entropy, "mse": nn.mse}


def eager(w: Workload) -> Contest:
    """A graph recorded for each step."""
    if not w.sizes:
        return eager_expression(w)
    return eager_neurons(w) if w.name.startswith("S2") else eager_tensors(w)


def pasted(w: Workload) -> Contest:
    """micrograd's demo with other import lines."""
    return demo(w, nn.scalar.MLP, Value)


def pasted_without_collector(w: Workload) -> Contest:
    """The same while Python's cyclic collector is off."""
    contest = pasted(w)
    contest.collector = False
    return contest


def compiled(w: Workload) -> Contest:
    """A graph recorded once and replayed, by the best executor there is."""
    return with_executor(w, "auto")


def compiled_numpy(w: Workload) -> Contest:
    """The same on the NumPy executor, which needs no extra."""
    return with_executor(w, "numpy")


def with_executor(w: Workload, executor: str) -> Contest:
    """A program on one executor."""
    if not w.sizes:
        return compiled_expression(w, executor)
    make = compiled_neurons if w.name.startswith("S2") else compiled_tensors
    return make(w, executor)


# --- the expression --------------------------------------------------------------------------------


def eager_expression(w: Workload) -> Contest:
    """Forward, backward and drop."""

    def step() -> None:
        total, _, _ = expression(Value, w.nodes)
        total.backward()

    def check() -> list[float]:
        total, a, b = expression(Value, w.nodes)
        total.backward()
        return [total.data, a.grad, b.grad]

    return Contest(step, check)


def eager_without_collector(w: Workload) -> Contest:
    """The same while Python's cyclic collector is off."""
    contest = eager_expression(w)
    contest.collector = False
    return contest


def compiled_expression(w: Workload, executor: str) -> Contest:
    """The recorded expression, for one instance."""
    total, a, b = expression(Value, w.nodes)
    program = autograd.compile(total, inputs=[a, b], executor=executor, threads=1)
    x, y = np.array([1.1]), np.array([0.7])

    def step() -> Any:
        a.grad = b.grad = None
        out = program(x, y)
        program.backward()
        return out

    def check() -> list[float]:
        return [float(step()[0]), a.grad, b.grad]

    return Contest(step, check, note=f"{program.stats.executor} executor")


# --- a network of neurons --------------------------------------------------------------------------


def neurons(w: Workload) -> tuple[Any, Any]:
    """micrograd's classes, and an optimiser."""
    model = nn.scalar.MLP(w.sizes[0], list(w.sizes[1:]))
    for p, number in zip(model.parameters(), in_neurons(w.layers()), strict=True):
        p.data = number
    return model, nn.optim.SGD(model.parameters(), lr=w.lr)


def eager_neurons(w: Workload) -> Contest:
    """All instances in one graph, as micrograd's demo writes it."""
    model, optimiser = neurons(w)
    inputs, targets = (array.tolist() for array in w.data())

    def step() -> Any:
        hinges = [nn.hinge(model(x), y) for x, (y,) in zip(inputs, targets, strict=True)]
        loss = sum(hinges) * (1 / w.batch) + nn.regularisers.l2(model, w.lam)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss

    return training(w, step, float, lambda: in_layers(w, [p.data for p in model.parameters()]))


def compiled_neurons(w: Workload, executor: str) -> Contest:
    """One instance recorded, all of them replayed in one sweep."""
    model, optimiser = neurons(w)
    x1, x2, y = Value(0.0, "x1"), Value(0.0, "x2"), Value(1.0, "y")
    loss = nn.hinge(model([x1, x2]), y) + nn.regularisers.l2(model, w.lam)
    program = autograd.compile(loss, inputs=[x1, x2, y], executor=executor, threads=1)
    X, T = w.data()
    X0, X1, Y = (np.ascontiguousarray(column) for column in (X[:, 0], X[:, 1], T[:, 0]))

    def step() -> Any:
        optimiser.zero_grad()
        losses = program(X0, X1, Y)
        program.backward()
        optimiser.step()
        return losses

    return training(
        w,
        step,
        lambda losses: losses.mean(),
        lambda: in_layers(w, [p.data for p in model.parameters()]),
        note=f"{program.stats.executor} executor",
    )


# --- tensors ---------------------------------------------------------------------------------------


def network(w: Workload) -> tuple[Any, Any]:
    """`nn.MLP` with the workload's parameters, and an optimiser."""
    model = nn.MLP(
        w.sizes[0],
        list(w.sizes[1:]),
        w.activation,
        output_activation=w.activation if w.closing else None,
        norm="batch" if w.norm else None,
        dtype=w.dtype,
    )
    for p, data in zip(model.parameters(), w.parameters(), strict=True):
        p.data = data
    return model, getattr(nn.optim, w.optimiser)(model.parameters(), lr=w.lr)


def eager_tensors(w: Workload) -> Contest:
    """The five lines of a training loop."""
    model, optimiser = network(w)
    x, t = w.data()
    loss_of = LOSSES[w.loss]

    def step() -> Any:
        loss = loss_of(model(x), t)
        if w.lam:
            loss = loss + nn.regularisers.l2(model, w.lam)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss

    return training(w, step, float, lambda: [p.data for p in model.parameters()])


def compiled_tensors(w: Workload, executor: str) -> Contest:
    """The loss as a program of the batch and its targets."""
    model, optimiser = network(w)
    xb, tb = w.data()
    if w.loss == "cross_entropy":
        tb = one_hot(w, tb)
    x = Tensor(xb, "x", requires_grad=False, dtype=w.dtype)
    t = Tensor(tb, "t", requires_grad=False, dtype=w.dtype)
    loss = LOSSES[w.loss](model(x), t)
    if w.lam:
        loss = loss + nn.regularisers.l2(model, w.lam)
    program = autograd.compile(loss, inputs=[x, t], executor=executor, threads=1)

    def step() -> Any:
        optimiser.zero_grad()
        loss = program(xb, tb)
        program.backward()
        optimiser.step()
        return loss

    return training(
        w,
        step,
        float,
        lambda: [p.data for p in model.parameters()],
        note=f"{program.stats.executor} executor",
    )
