"""Executors: what runs a plan, and which one does."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from autograd.programs.by_numpy.executor import NumpyExecutor
from autograd.programs.planning.plan import Plan
from autograd.support.installing import install_hint
from autograd.support.late import import_late


class PlanCode(Protocol):
    """A plan made fast, for one number of instances or for any.

    A caller sees to it that only one thread at a time is inside, and gives as `leaves` what its executor
    reads.
    """

    @property
    def places(self) -> Mapping[int, Any]:
        """Where what rows drew is kept, by the register."""

    def forward(self, inputs: Sequence[Any], leaves: Any) -> Sequence[Any]:
        """The output and the extra registers, which are the caller's."""

    def refresh(self, inputs: Sequence[Any], leaves: Any) -> Sequence[Any]:
        """Leave again what `forward` does for `backward`, without the effects: what was drawn stays."""

    def backward(self, inputs: Sequence[Any], leaves: Any, seed: Any) -> Sequence[Any]:
        """The gradients in the plan's order, by what `forward` left, once."""

    def both(
        self, inputs: Sequence[Any], leaves: Any, seed: Any
    ) -> tuple[Sequence[Any], Sequence[Any]]:
        """What `forward` gives, and what `backward` gives."""


class Executor(Protocol):
    """What runs a plan.

    Attributes:
        name: ``"numpy"`` or ``"native"``.
        gives: whether the gradients are the caller's; else the next run writes into them.
        at_once: whether output and gradients are had for hardly more than the gradients alone.
    """

    name: str
    gives: bool

    @property
    def at_once(self) -> bool:
        """See above."""

    def at(self, instances: int | None) -> PlanCode:
        """The code for this many instances, or (None) for a plan on arrays."""

    def leaves(self) -> Any:
        """The numbers of the plan's parameters, as its code takes them."""

    def forget(self) -> None:
        """Forget what was given last: in a forked process, another thread may have been half done."""

    @property
    def buffer_bytes(self) -> int:
        """Memory held for intermediate results."""


def executor_of(
    plan: Plan, extra: Sequence[int], wanted: str, threads: int | None, *, in_order: bool
) -> tuple[Executor, str]:
    """What runs a plan, and why that is not the native executor, or an empty text.

    Args:
        plan: what to run.
        extra: registers that are given besides the output.
        wanted: ``"numpy"``, ``"native"``, or ``"auto"`` for the best.
        threads: of the native executor of scalar plans.
        in_order: whether instructions are to run one after another, as only NumPy's do.

    Raises:
        ValueError: the native executor is wanted, and cannot run this.
    """
    executor: Executor | None = None
    reason = "another was asked for"
    if wanted != "numpy":
        executor, reason = native_executor_of(plan, extra, threads)
    if in_order:
        reason = reason or "it reads what its own effects assign, and so depends on their order"
    if executor is not None and not reason:
        return executor, ""
    if wanted == "native":
        raise ValueError(f"no native executor for this program: {reason}")
    return NumpyExecutor(plan, extra), reason


def native_executor_of(
    plan: Plan, extra: Sequence[int], threads: int | None
) -> tuple[Executor | None, str]:
    """The native executor, which compiles a plan when it is run; or None, and why there is none."""
    if importlib.util.find_spec("llvmlite") is None:
        return None, f"llvmlite is not installed: {install_hint('fast')}"
    # Imported when there is something to run.
    native: Any = import_late(
        f"autograd.programs.native.{'scalars' if plan.scalar else 'tensors'}.executor"
    )
    try:
        return native.executor_of(plan, extra, threads), ""
    except native.NotNativeError as reason:
        return None, str(reason)
