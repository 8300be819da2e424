"""What compiling a large graph of Values takes, counted: a machine may be busy."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
from counting import calls_of, grows_with

import autograd
from autograd import Value
from autograd.programs import verifying
from autograd.programs.native.scalars import executor
from autograd.programs.planning.plan import Plan
from autograd.programs.verifying import Verifier

pytest.importorskip("llvmlite", reason="machine code needs llvmlite: .[fast]")

Graph = tuple[Any, list[Value]]


def neurons(count: int) -> Graph:
    """The squares of so many neurons of four weights, in three layers, and the inputs."""
    inputs = [Value(0.1 * i) for i in range(4)]
    layer: list[Any] = list(inputs)
    for _ in range(3):
        before = layer
        layer = []
        for j in range(count // 3):
            terms = [Value(0.01 * (i + j % 7)) * before[(j + i) % len(before)] for i in range(4)]
            layer.append(sum(terms).tanh())
    return sum(each**2 for each in layer), inputs


def first_step(graph: Graph) -> autograd.Program:
    """A program, and its first run and backward pass: all that somebody waits for."""
    output, inputs = graph
    program = autograd.compile(output, inputs=inputs, executor="native")
    program(*np.linspace(-1, 1, 4 * 9).reshape(4, 9))
    program.backward()
    return program


@pytest.fixture
def bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans of any size become bytecode."""
    monkeypatch.setattr(executor, "STRAIGHT_LIMIT", 0)
    first_step(neurons(12))  # what is compiled or read for the first time


@pytest.mark.usefixtures("bytecode")
def test_the_work_grows_as_the_graph_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert grows_with(first_step, neurons(300), neurons(1200), 4)
    # A node costs its part of planning, lowering and an eager pass, and nothing is done twice.
    monkeypatch.setattr(verifying, "NODES", 1)
    graph = neurons(1200)
    nodes = len(autograd.topological_order(graph[0], arguments=True))
    assert calls_of(first_step, graph) <= 200 * nodes


@pytest.mark.usefixtures("bytecode")
def test_a_plan_is_lowered_once_for_each_direction(monkeypatch: pytest.MonkeyPatch) -> None:
    lowered = []
    lower = executor.lower

    def counted(plan: Plan, *extra: Any, backward: bool) -> Any:
        lowered.append(backward)
        return lower(plan, *extra, backward=backward)

    monkeypatch.setattr(executor, "lower", counted)
    first_step(neurons(30))
    assert sorted(lowered) == [False, True]


def test_of_a_large_graph_fewer_instances_are_computed_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passes: list[int] = []
    replay = Verifier.replay

    def counted(self: Verifier, k: int, rng: Any = None) -> Any:
        passes.append(self.chosen[k])
        return replay(self, k, rng)

    monkeypatch.setattr(Verifier, "replay", counted)
    nodes = len(autograd.topological_order(neurons(30)[0], arguments=True))
    for most, chosen in ((3, [0, 4, 8]), (2, [0, 8]), (1, [0]), (0.5, [0])):
        monkeypatch.setattr(verifying, "NODES", int(most * nodes))
        passes.clear()
        first_step(neurons(30))
        assert passes == chosen


def test_the_collector_waits_while_a_program_is_made() -> None:
    collections: list[str] = []

    def collected(phase: str, info: dict[str, int]) -> None:
        collections.append(phase)

    graph = neurons(3000)
    gc.callbacks.append(collected)
    try:
        autograd.compile(graph[0], inputs=graph[1], executor="native")
    finally:
        gc.callbacks.remove(collected)
    assert len(collections) <= 2  # when it goes on
    assert gc.isenabled()
