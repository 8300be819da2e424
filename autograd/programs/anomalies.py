"""Anomalies in a program: under `detect_anomaly` a run is computed again, one instruction at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.engine.graph import AnomalyError, Node
from autograd.programs.by_numpy.executor import NumpyExecutor
from autograd.programs.planning.plan import Instruction, Plan


def check_forward(plan: Plan, given: Sequence[Any], drawn: Sequence[Any], many: int | None) -> None:
    """Raise at the first instruction of a run that gives a number which is not finite.

    Args:
        given, drawn: the inputs of the run, and what its effects drew.
        many: how many instances a scalar plan was run for.
    """
    pure = plan.purified()
    executor = NumpyExecutor(pure, [step.out for step in pure.forward], reuse=False)
    out = executor.at(many).forward([*given, *drawn], executor.leaves())
    for step, x in zip(pure.forward, out[1:], strict=True):
        if not np.isfinite(x).all():
            raise AnomalyError(f"{_named(step)} gave {_told(x)} in a program\n  at {_place(step)}")


def check_backward(
    plan: Plan,
    given: Sequence[Any],
    drawn: Sequence[Any],
    many: int | None,
    seed: Any,
) -> None:
    """Raise at the first instruction of a backward pass that gives a number which is not finite."""
    steps = plan.backward
    gradients: list[Any] = [(step.node, step.out) for step in steps]
    every = replace(plan, gradients=gradients)
    executor = NumpyExecutor(every.purified(), reuse=False)
    _, found = executor.at(many).both([*given, *drawn], executor.leaves(), seed)
    for step, x in zip(steps, found, strict=True):
        if not np.isfinite(x).all():
            raise AnomalyError(
                f"the backward pass of {_named(step)} gave {_told(x)} in a program\n"
                f"  at {_place(step)}"
            )


def _named(step: Instruction) -> str:
    """The primitive that an instruction belongs to."""
    node = step.node
    if isinstance(node, Node) and node._primitive is not None:
        return node._primitive.name
    return step.name


def _place(step: Instruction) -> str:
    """Where its node was made."""
    return str(step.node.site) if isinstance(step.node, Node) else "a place that was not recorded"


def _told(x: Any) -> str:
    """What is not finite, and where first."""
    data = np.asarray(x)
    bad = ~np.isfinite(data)
    at = tuple(int(i) for i in np.argwhere(bad)[0])
    name = "nan" if np.isnan(data[at]) else "inf" if data[at] > 0 else "-inf"
    return f"{name}{f' at {list(at)}' if at else ''} ({int(bad.sum())} of {data.size} not finite)"
