"""What is timed: for each task, the same computation by each contestant.

A contestant is a function that prepares its data and returns ``(step, check)``: `step` does one round,
`check` gives numbers that all contestants of a task must agree on.
"""

from __future__ import annotations

import itertools
import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], Any]
Contestant = Callable[[], tuple[Step, list[float]]]

# --- a scalar expression of about 10,000 operations -----------------------------------------------


def expression(value: Any) -> tuple[Any, Any]:
    """About 10,000 of + - * / ** relu on scalars; returns the result and one leaf."""
    a, b = value(1.1), value(0.7)
    total = value(0.0)
    for _ in range(50):
        c = a * b + b
        for _ in range(20):
            c = c * b + a
            c = c - b * 0.5
            c = (c / a).relu()
            c = c + (c * 0.1) ** 2
            c = c * 0.3
        total = total + c
    return total, a


def scalar_expression(value: Any) -> tuple[Step, list[float]]:
    """Forward, backward and drop."""

    def step() -> None:
        total, _ = expression(value)
        total.backward()

    total, leaf = expression(value)
    total.backward()
    return step, [total.data, leaf.grad]


def scalar_chalkgrad() -> tuple[Step, list[float]]:
    """`autograd.Value`."""
    from autograd import Value

    return scalar_expression(Value)


def scalar_micrograd() -> tuple[Step, list[float]]:
    """micrograd's Value, with the recursion limit raised, without which its backward pass fails."""
    from micrograd.engine import Value

    sys.setrecursionlimit(20_000)
    return scalar_expression(Value)


# --- micrograd's training step: 2-16-16-1, hinge loss and L2, on 20 samples ------------------------


def scalar_network(mlp: Any, value: Any) -> tuple[Step, list[float]]:
    """The training step of micrograd's demo, on a network of scalars."""
    random.seed(0)
    model = mlp(2, [16, 16, 1])
    rng = np.random.default_rng(0)
    parameters = model.parameters()
    for p, data in zip(parameters, rng.uniform(-1, 1, len(parameters)), strict=True):
        p.data = float(data)
    xs = rng.normal(size=(20, 2)).tolist()
    ys = [1.0 if x * y > 0 else -1.0 for x, y in xs]

    def loss() -> Any:
        scores = [model(list(map(value, x))) for x in xs]
        hinges = [(1 + -y * score).relu() for y, score in zip(ys, scores, strict=True)]
        penalty = 1e-4 * sum(p * p for p in model.parameters())
        return sum(hinges) * (1.0 / len(hinges)) + penalty

    def step() -> None:
        total = loss()
        model.zero_grad()
        total.backward()

    total = loss()
    model.zero_grad()
    total.backward()
    return step, [total.data, sum(p.data * p.grad for p in parameters)]


def network_chalkgrad() -> tuple[Step, list[float]]:
    """`nn.scalar.MLP`."""
    import nn.scalar
    from autograd import Value

    return scalar_network(nn.scalar.MLP, Value)


def network_micrograd() -> tuple[Step, list[float]]:
    """micrograd's MLP."""
    from micrograd.engine import Value
    from micrograd.nn import MLP

    sys.setrecursionlimit(20_000)
    return scalar_network(MLP, Value)


# --- a tensor network: forward and backward --------------------------------------------------------


def network_data(sizes: list[int], batch: int) -> tuple[list[Any], list[Any], Any]:
    """The same weights, biases and inputs for every contestant."""
    rng = np.random.default_rng(0)
    weights = [
        rng.normal(size=(out, into)) * np.sqrt(2 / into) for into, out in itertools.pairwise(sizes)
    ]
    biases = [rng.normal(size=out) * 0.1 for out in sizes[1:]]
    return weights, biases, rng.normal(size=(batch, sizes[0]))


def by_hand(sizes: list[int], batch: int) -> tuple[Step, list[float]]:
    """Backpropagation written out in NumPy, as a student writes it, allocating its results."""
    weights, biases, x = network_data(sizes, batch)
    target = np.arange(batch) % sizes[-1]
    signs = np.where(np.arange(batch) % 2, 1.0, -1.0)[:, None]
    last = len(weights) - 1

    def step() -> tuple[Any, list[Any]]:
        layers = [x]
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            z = layers[-1] @ w.T + b
            layers.append(np.maximum(z, 0) if i < last else z)
        z = layers[-1]
        if sizes[-1] == 1:
            margin = 1 - signs * z
            loss = np.maximum(margin, 0).mean()
            g = -signs * (margin > 0) / batch
        else:
            e = np.exp(z - z.max(axis=1, keepdims=True))
            p = e / e.sum(axis=1, keepdims=True)
            loss = -np.log(p[np.arange(batch), target]).mean()
            g = p
            g[np.arange(batch), target] -= 1
            g /= batch
        gradients = []
        for i in range(last, -1, -1):
            gradients.append((g.T @ layers[i], g.sum(axis=0)))
            if i:
                g = (g @ weights[i]) * (layers[i] > 0)
        return loss, gradients

    loss, gradients = step()
    return step, [float(loss), float(np.abs(gradients[-1][0]).sum())]


def by_chalkgrad(sizes: list[int], batch: int) -> tuple[Step, list[float]]:
    """`nn.MLP` with the loss of the same name."""
    import nn

    weights, biases, x = network_data(sizes, batch)
    target = np.arange(batch) % sizes[-1]
    signs = np.where(np.arange(batch) % 2, 1.0, -1.0)[:, None]
    model = nn.MLP(sizes[0], sizes[1:])
    parameters = list(model.parameters())
    for p, data in zip(
        parameters,
        [each for pair in zip(weights, biases, strict=True) for each in pair],
        strict=True,
    ):
        p.data = data

    def step() -> Any:
        z = model(x)
        loss = nn.hinge(z, signs) if sizes[-1] == 1 else nn.cross_entropy(z, target)
        for p in parameters:
            p.grad = None
        loss.backward()
        return loss

    loss = step()
    return step, [float(loss), float(np.abs(parameters[0].grad).sum())]


SMALL, LARGE = ([2, 16, 16, 1], 100), ([784, 256, 10], 128)


class Task:
    """One line of the table: contestants, whether the collector runs, rounds and steps per round."""

    def __init__(
        self,
        title: str,
        contestants: dict[str, Contestant],
        rounds: int,
        steps: int,
        collector: bool = True,
    ) -> None:
        self.title = title
        self.contestants = contestants
        self.rounds = rounds
        self.steps = steps
        self.collector = collector


TASKS = {
    "scalar-on": Task(
        "10,000 scalar operations, forward + backward + drop",
        {"chalkgrad": scalar_chalkgrad, "micrograd": scalar_micrograd},
        rounds=25,
        steps=1,
    ),
    "scalar-off": Task(
        "the same, garbage collector off",
        {"chalkgrad": scalar_chalkgrad, "micrograd": scalar_micrograd},
        rounds=25,
        steps=1,
        collector=False,
    ),
    "network": Task(
        "scalar network 2-16-16-1, 20 samples, one step",
        {"chalkgrad": network_chalkgrad, "micrograd": network_micrograd},
        rounds=25,
        steps=1,
    ),
    "small": Task(
        "tensors, 2-16-16-1, batch 100, hinge, one step",
        {"chalkgrad": lambda: by_chalkgrad(*SMALL), "NumPy by hand": lambda: by_hand(*SMALL)},
        rounds=101,
        steps=50,
    ),
    "large": Task(
        "tensors, 784-256-10, batch 128, cross-entropy, one step",
        {"chalkgrad": lambda: by_chalkgrad(*LARGE), "NumPy by hand": lambda: by_hand(*LARGE)},
        rounds=101,
        steps=3,
    ),
}
