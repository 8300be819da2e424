"""The native executor of scalar plans: one compiled sweep over the instances."""

from __future__ import annotations

import ctypes
import functools
import platform
import struct
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from autograd.programs.driver import FIELDS, driver
from autograd.programs.interpreter import BLOCK, Bytecode, interpreter
from autograd.programs.lowering import Lowered, Unsupported, lower
from autograd.programs.machine import Machine, available, machine_code, vector_width
from autograd.programs.plan import Plan
from autograd.programs.straight import StraightLine

__all__ = ["Native", "supports"]

Array = np.ndarray[Any, np.dtype[np.float64]]
FLOAT64: np.dtype[Any] = np.dtype(np.float64)

STRAIGHT_LIMIT = 12_000
"""Operands up to which a plan is compiled by itself; beyond, it becomes bytecode."""
ENOUGH = 200_000
"""Operands times instances from which on a second thread pays."""


def supports(plan: Plan) -> str | None:
    """None where this executor can run a plan, else why not."""
    try:
        lower(plan, backward=True)
    except Unsupported as reason:
        return str(reason)
    return available()


class Native:
    """A scalar plan as machine code.

    Each direction is compiled when it is first asked for; the backward one computes the losses on its
    way, block by block, so that nothing is kept between the two.

    Args:
        plan: A plan that `supports` has nothing against.
        threads: How many blocks may run at once, where there is enough work.
        extra: Registers whose numbers `forward` gives as well.

    Raises:
        Unsupported: The plan has no native form.
    """

    def __init__(self, plan: Plan, threads: int = 1, extra: Sequence[int] = ()) -> None:
        reason = available()
        if reason is not None:
            raise Unsupported(reason)
        self._plan, self._threads, self._extra = plan, threads, tuple(extra)

    @functools.cached_property
    def _forward(self) -> _Engine:
        return _Engine(self._plan, lower(self._plan, self._extra, backward=False), self._threads)

    @functools.cached_property
    def _backward(self) -> _Engine:
        return _Engine(self._plan, lower(self._plan, backward=True), self._threads)

    def forward(self, inputs: Sequence[Any], parameters: Array) -> Any:
        """The loss of every instance, (M,); with `extra`, also their numbers, (k, M).

        Args:
            inputs: float64, (M,) each, or () for a number that all instances share.
            parameters: float64, (P,), in the order of ``plan.parameters``.
        """
        losses, extra, _ = self._forward(inputs, parameters, None)
        return (losses, extra) if self._extra else losses

    def backward(
        self, inputs: Sequence[Any], parameters: Array, seed: Any
    ) -> tuple[Array, Array]:
        """The losses, (M,), and the gradients of Σ seed · loss in the order of ``plan.gradients``.

        Args:
            inputs: As for `forward`.
            parameters: As for `forward`.
            seed: float64, (M,), or () for one that all instances share.
        """
        losses, _, gradients = self._backward(inputs, parameters, seed)
        return losses, gradients

    def describe(self) -> dict[str, Any]:
        """What was compiled so far, by direction: the engine, operands, seconds, whether from disk."""
        done = {name: self.__dict__.get(f"_{name}") for name in ("forward", "backward")}
        return {name: engine.facts for name, engine in done.items() if engine is not None}
