"""chalkgrad: the eager pass and the compiled one, as its README writes them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

import autograd
import nn
import nn.scalar
from autograd import Tensor, Value
from benchmarks.contest import (
    Contest,
    differentiation,
    in_layers,
    in_neurons,
    in_rounds,
    training,
)
from benchmarks.contestants import texts
from benchmarks.contestants.neurons import demo
from benchmarks.workloads import Workload, expression, one_hot

LOSSES: dict[str, Any] = {"hinge": nn.hinge, "cross_entropy": nn.cross_entropy, "mse": nn.mse}


def eager(w: Workload) -> Contest:
    """A graph recorded for each step."""
    if w.texts:
        return texts.one_by_one(w, Value)
    if not w.sizes:
        return in_rounds(w, Value)
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
    return replayed(w, "auto")


def compiled_numpy(w: Workload) -> Contest:
    """The same on the NumPy executor, which needs no extra."""
    return replayed(w, "numpy")


def compiling(w: Workload) -> Contest:
    """The way to the first gradients: a recorded graph compiled and replayed once."""
    return first_replay(w, "auto")


def compiling_numpy(w: Workload) -> Contest:
    """The same on the NumPy executor."""
    return first_replay(w, "numpy")


# --- the expression --------------------------------------------------------------------------------


def eager_without_collector(w: Workload) -> Contest:
    """The expression, while Python's cyclic collector is off."""
    return in_rounds(w, Value, collector=False)


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


# --- what is compiled ------------------------------------------------------------------------------


@dataclasses.dataclass
class Recorded:
    """A graph to compile.

    Attributes:
        output: the node it ends in.
        inputs: the leaves that a replay is given numbers for.
        arrays: these numbers.
        leaves: the others that gradients are left on, in the order of `Workload.parameters`.
        optimiser: what moves them, if anything does.
    """

    output: Any
    inputs: list[Any]
    arrays: list[Any]
    leaves: list[Any]
    optimiser: Any = None

    def compiled(self, executor: str) -> Any:
        """Its program, on one thread."""
        return autograd.compile(self.output, inputs=self.inputs, executor=executor, threads=1)


def recorded(w: Workload) -> Recorded:
    """The graph of a workload."""
    if w.texts:
        return recorded_text(w)
    if not w.sizes:
        total, a, b = expression(Value, w.nodes)
        return Recorded(total, [a, b], [np.array([1.1]), np.array([0.7])], [a, b])
    return recorded_neurons(w) if w.name.startswith("S2") else recorded_tensors(w)


def recorded_neurons(w: Workload) -> Recorded:
    """One instance, whose program replays all of them in one sweep."""
    model, optimiser = neurons(w)
    x1, x2, y = Value(0.0, "x1"), Value(0.0, "x2"), Value(1.0, "y")
    loss = nn.hinge(model([x1, x2]), y) + nn.regularisers.l2(model, w.lam)
    X, T = w.data()
    columns = [np.ascontiguousarray(column) for column in (X[:, 0], X[:, 1], T[:, 0])]
    return Recorded(loss, [x1, x2, y], columns, list(model.parameters()), optimiser)


def recorded_text(w: Workload) -> Recorded:
    """One text, whose tokens are inputs: its program replays all of them in one sweep."""
    gpt = texts.script()
    model = gpt.GPT(Value)
    text, weights = gpt.placeholders(Value)
    inputs = [number for token in text[1:] for number in token] + weights
    columns = [np.array(column) for column in gpt.columns(w.names())]
    parameters = model.parameters()
    optimiser = nn.optim.SGD(parameters)
    return Recorded(model.loss(text, weights), inputs, columns, parameters, optimiser)


def recorded_tensors(w: Workload) -> Recorded:
    """The loss of the batch and its targets."""
    model, optimiser = network(w)
    xb, tb = w.data()
    if w.loss == "cross_entropy":
        tb = one_hot(w, tb)
    x = Tensor(xb, "x", requires_grad=False, dtype=w.dtype)
    t = Tensor(tb, "t", requires_grad=False, dtype=w.dtype)
    loss = LOSSES[w.loss](model(x), t)
    if w.lam:
        loss = loss + nn.regularisers.l2(model, w.lam)
    return Recorded(loss, [x, t], [xb, tb], list(model.parameters()), optimiser)


def replayed(w: Workload, executor: str) -> Contest:
    """Training steps of a program, or replays of an expression's."""
    graph = recorded(w)
    program, optimiser = graph.compiled(executor), graph.optimiser
    note = f"{program.stats.executor} executor"
    if w.texts:
        return replayed_texts(graph, program, note)
    if optimiser is None:
        a, b = graph.leaves
        x, y = graph.arrays

        def replay() -> Any:
            a.grad = b.grad = None
            out = program(x, y)
            program.backward()
            return out

        return Contest(replay, lambda: [float(replay()[0]), a.grad, b.grad], note=note)
    arrays = graph.arrays

    def step() -> Any:
        optimiser.zero_grad()
        loss = program(*arrays)
        program.backward()
        optimiser.step()
        return loss

    def parameters() -> list[Any]:
        numbers = [p.data for p in graph.leaves]
        return in_layers(w, numbers) if w.name.startswith("S2") else numbers

    return training(w, step, lambda loss: float(np.mean(loss)), parameters, note=note)


def replayed_texts(graph: Recorded, program: Any, note: str) -> Contest:
    """The losses of all texts, and the gradient of their mean."""

    def step() -> Any:
        graph.optimiser.zero_grad()
        losses = program(*graph.arrays)
        program.backward()
        return losses

    return differentiation(step, np.mean, lambda: [p.grad for p in graph.leaves], note=note)


def first_replay(w: Workload, executor: str) -> Contest:
    """Compile a recorded graph, and replay it once."""
    graph = recorded(w)

    def step() -> Any:
        program = graph.compiled(executor)
        program(*graph.arrays)
        program.backward()
        return program

    return Contest(step)
