"""The goals: by how much a contestant of ours is to be ahead of a peer, in one run on one thread."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.contestants import label_of
from benchmarks.harness import Result


@dataclasses.dataclass(frozen=True)
class Goal:
    """`ours` at a workload takes at most 1/`factor` of the time of `peer`."""

    workload: str
    ours: str
    peer: str
    factor: float


def goals() -> Iterator[Goal]:
    """The table of goals, line by line."""
    yield Goal("S2", "compiled", "micrograd", 5000)
    yield Goal("S2", "compiled-numpy", "micrograd", 1400)
    yield Goal("S2", "compiled-numpy", "compiled", 0.04)
    yield Goal("S2", "pasted", "micrograd", 40)
    yield Goal("S2", "pasted-nogc", "micrograd-nogc", 40)
    yield Goal("S2", "pasted-python", "micrograd", 4)
    yield Goal("S2", "compiled", "torch", 8)
    yield Goal("S2", "compiled", "jax", 1.3)
    yield Goal("S2", "compiled", "casadi-c", 1.3)
    yield Goal("GPT", "compiled", "micrograd", 4000)
    for workload, torch, jax in (
        ("T1", 8, 1.3),
        ("T2", 3.5, 1.2),
        ("T2-Adam", 3.5, 1.2),
        ("T3", 1.2, 0.95),
        ("T4", 1.6, 1.6),
        ("T5", 1.05, 0.9),
    ):
        yield Goal(workload, "compiled", "torch", torch)
        yield Goal(workload, "compiled", "jax", jax)
    for workload, torch in (("T1", 3), ("T2", 2.5), ("T2-Adam", 2.5), ("T3", 1.15), ("T4", 1.3)):
        yield Goal(workload, "eager", "torch", torch)
    yield Goal("T1", "eager", "hand", 1 / 2.2)
    yield Goal("T2", "eager", "hand", 1 / 1.5)
    yield Goal("S1", "eager", "micrograd", 60)
    yield Goal("S1", "eager", "torch-0d", 60)
    yield Goal("S1", "eager", "limit", 0.25)
    yield Goal("S1", "eager-python", "micrograd", 8)
    yield Goal("S1", "eager-python", "torch-0d", 6)
    yield Goal("S1", "eager-python", "slots", 0.8)


def lines(results: Mapping[str, Sequence[Result]]) -> Iterator[tuple[str, ...]]:
    """For each goal that was measured: work, ours, peer, goal, measured ratio, and whether it is met."""
    for goal in goals():
        timed = {r.key: r for r in results.get(goal.workload, ()) if r.times}
        if goal.workload not in results:
            continue
        names = [label_of(key, goal.workload) for key in (goal.ours, goal.peer)]
        if goal.ours not in timed or goal.peer not in timed:
            yield (goal.workload, *names, f"{goal.factor:,g}×", "", "not measured")
            continue
        ratio = timed[goal.peer].median / timed[goal.ours].median
        met = "met" if ratio >= goal.factor else f"not met: {ratio / goal.factor:.0%} of it"
        yield (goal.workload, *names, f"{goal.factor:,g}×", ratio_text(ratio), met)


def without_async_dispatch(results: Mapping[str, Sequence[Result]]) -> str:
    """The ratios to the JAX that hands nothing to another thread, which no goal was set for."""
    found = []
    for name, each in results.items():
        timed = {r.key: r for r in each if r.times}
        if "jax-sync" in timed and "compiled" in timed:
            ratio = timed["jax-sync"].median / timed["compiled"].median
            found.append(f"{name} {ratio_text(ratio)}")
    return ", ".join(found)


def ratio_text(ratio: float) -> str:
    """A ratio with as many digits as it deserves."""
    return f"{ratio:,.0f}×" if ratio >= 100 else f"{ratio:.3g}×"
