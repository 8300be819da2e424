"""Scalar plans written by hand, and their numbers by NumPy."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import autograd
from autograd.programs.native.scalars.executor import ScalarExecutor
from autograd.programs.planning.plan import TOTAL, Instruction, Plan, Register

Array = np.ndarray[Any, Any]


class Writer:
    """Writes a scalar plan by hand."""

    def __init__(self) -> None:
        self.plan = Plan(scalar=True)
        self.into = self.plan.forward

    def register(self, kind: str, varies: bool, holds: Any = None) -> int:
        index = len(self.plan.registers)
        float64 = np.dtype(np.float64)
        self.plan.registers.append(Register(index, kind, (), float64, varies, holds))
        return index

    def input(self) -> int:
        self.plan.inputs.append(self.register("input", varies=True))
        return self.plan.inputs[-1]

    def parameter(self) -> int:
        self.plan.parameters.append(self.register("parameter", varies=False))
        return self.plan.parameters[-1]

    def constant(self, number: float) -> int:
        return self.register("constant", varies=False, holds=number)

    def seed(self, varies: bool = True) -> int:
        self.into = self.plan.backward
        self.plan.seed = self.register("seed", varies)
        return self.plan.seed

    def put(self, name: str, *arguments: int, **options: Any) -> int:
        varies = any(self.plan.registers[x].varies for x in arguments) and name != TOTAL
        out = self.register("result", varies)
        self.into.append(Instruction(name, arguments, out, options, None))
        return out

    def gradient(self, register: int) -> None:
        self.plan.gradients.append((None, register))  # type: ignore[arg-type]


def by_numpy(plan: Plan, inputs: list[Any], parameters: Any, seed: Any = None) -> dict[int, Any]:
    """The numbers of all registers, from the rows' functions on arrays."""
    held: dict[int, Any] = dict(zip(plan.inputs, inputs, strict=True))
    held |= dict(zip(plan.parameters, parameters, strict=True))
    held |= {r.index: np.float64(r.holds) for r in plan.registers if r.kind == "constant"}
    instructions = plan.forward if seed is None else plan.forward + plan.backward
    if seed is not None:
        held[plan.seed] = seed
    instances = max((np.size(x) for x in inputs), default=1)
    for each in instructions:
        xs = [held[x] for x in each.arguments]
        if each.name == TOTAL:
            held[each.out] = np.sum(np.broadcast_to(xs[0], (instances,)))
            continue
        with np.errstate(all="ignore"):
            held[each.out] = evaluated(each.name, xs, each.options)
    return held


def evaluated(name: str, xs: list[Any], options: dict[str, Any]) -> Any:
    row = autograd.registry[name]
    if row.family == "diagonal":
        return row.array(*xs, **(row.options | options)) * 1.0
    if name == "matmul":
        n = len(xs) // 2
        return sum((x * y for x, y in zip(xs[:n], xs[n:], strict=True)), start=np.float64(0.0))
    if not xs:
        return row.array(np.zeros(0), **(row.options | options))
    stacked = np.stack(np.broadcast_arrays(*xs))
    return row.array(stacked, **(row.options | {"axis": 0} | options))


def same(actual: Any, expected: Any, tolerance: float = 1e-12) -> None:
    actual = np.asarray(actual)
    expected = np.broadcast_to(np.asarray(expected, dtype=float), actual.shape)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=1e-300)


def network(sizes: tuple[int, ...], activation: str = "tanh") -> Plan:
    """A network of scalars with a squared error, weight decay, and the derivatives of all."""
    writer = Writer()
    put, x = writer.put, [writer.input() for _ in range(sizes[0])]
    target, one = writer.input(), writer.constant(1.0)
    layers = [
        [[writer.parameter() for _ in range(n + 1)] for _ in range(m)]
        for n, m in itertools.pairwise(sizes)
    ]
    activations = [x]
    for neurons in layers:
        h = [put("matmul", *weights, *activations[-1], one) for weights in neurons]
        activations.append([put(activation, s) for s in h])
    error = put("sub", put("sum", *activations[-1]), target)
    decay = put("mul", writer.constant(1e-2), put("sum_squares", *writer.plan.parameters))
    writer.plan.output = put("add", put("square", error), decay)
    seed = writer.seed()
    total = put(TOTAL, seed)
    g = [put("mul", put("mul", writer.constant(2.0), error), seed)] * sizes[-1]
    gradients: dict[int, int] = {}
    for depth in reversed(range(len(layers))):
        out = activations[depth + 1]
        if activation == "tanh":
            slopes = [put("sub", one, put("mul", y, y)) for y in out]
        else:
            slopes = [put("indicator", put("greater", y, writer.constant(0.0)), y) for y in out]
        g = [put("mul", each, slope) for each, slope in zip(g, slopes, strict=True)]
        for each, weights in zip(g, layers[depth], strict=True):
            for w, y in zip(weights, activations[depth], strict=False):
                gradients[w] = put(TOTAL, put("mul", each, y))
            gradients[weights[-1]] = put(TOTAL, each)
        g = [
            put("matmul", *g, *(weights[i] for weights in layers[depth]))
            for i in range(sizes[depth])
        ]
    for w in writer.plan.parameters:
        shrink = put("mul", put("mul", writer.constant(2e-2), w), total)
        writer.gradient(put("add", gradients[w], shrink))
    return writer.plan


def arguments(plan: Plan, instances: int) -> tuple[list[Array], Array, Array]:
    rng = np.random.default_rng(instances)
    inputs = list(rng.normal(size=(len(plan.inputs), instances)))
    return inputs, rng.normal(size=len(plan.parameters)), rng.uniform(0.5, 1.5, instances)


class Native:
    """The native executor of a scalar plan, called with the parameters' numbers."""

    def __init__(self, plan: Plan, **options: Any) -> None:
        self.executor = ScalarExecutor(plan, **options)
        self.describe = self.executor.describe

    @property
    def buffer_bytes(self) -> int:
        return self.executor.buffer_bytes

    def forward(self, inputs: list[Any], parameters: Any) -> Any:
        """The losses; with extra registers, those too."""
        losses, *extra = self.executor.forward(inputs, parameters)
        return (losses, np.array(extra)) if extra else losses

    def backward(self, inputs: list[Any], parameters: Any, seed: Any) -> tuple[Any, Any]:
        """The losses and the gradients."""
        (losses,), gradients = self.executor.both(inputs, parameters, seed)
        np.testing.assert_array_equal(
            self.executor.backward(inputs, parameters, seed), gradients, strict=True
        )
        return losses, gradients
