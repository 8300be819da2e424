"""How cost grows: time per node from 10² to 10⁶ nodes, time per step from batch 1 to 10⁵."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from benchmarks.harness import Harness
from benchmarks.workloads import find, operations


@dataclasses.dataclass(frozen=True)
class Curve:
    """One contestant at one workload, over sizes.

    Attributes:
        key, workload: whose.
        label: in the picture and the table.
        longest: seconds that a step may take: beyond it, larger sizes are left out.
    """

    key: str
    workload: str
    label: str
    longest: float = 30.0

    @property
    def nodes(self) -> bool:
        """Whether the sizes are nodes, not instances."""
        return self.workload == "S1"


CURVES = (
    Curve("eager", "S1", "chalkgrad, eager Values"),
    Curve("micrograd", "S1", "micrograd"),
    Curve("torch-0d", "S1", "PyTorch, 0-d tensors"),
    Curve("limit", "S1", "plain floats, no derivative"),
    Curve("compiled", "S2", "chalkgrad, S2 compiled (scalars)"),
    Curve("compiled", "T1", "chalkgrad, T1 compiled (tensors)"),
    Curve("torch", "T1", "PyTorch, eager"),
    Curve("jax", "T1", "jax.jit"),
)

NODES = (100, 1_000, 10_000, 100_000, 1_000_000)
BATCHES = (1, 10, 100, 1_000, 10_000, 100_000)

Points = dict[Curve, list[tuple[int, float]]]


def measured(
    harness: Harness,
    wanted: Callable[[str], bool],
    say: Callable[[str], None],
    nodes: Sequence[int] = NODES,
    batches: Sequence[int] = BATCHES,
) -> Points:
    """Seconds per node, or per step, for each curve and size; every contestant keeps its process."""
    points: Points = {curve: [] for curve in CURVES if wanted(curve.key)}
    for sizes, kind in ((nodes, True), (batches, False)):
        over: set[Curve] = set()
        curves = [curve for curve in points if curve.nodes == kind]
        for size in sizes:
            for workload in sorted({curve.workload for curve in curves}):
                here = [c for c in curves if c.workload == workload and c not in over]
                spec = f"{workload}@{size}"
                results = {r.key: r for r in harness.run(spec, [c.key for c in here])}
                for curve in here:
                    result = results[curve.key]
                    if not result.times:
                        over.add(curve)
                        say(f"- {curve.label} at {size:,}: {result.trouble}")
                        continue
                    count = operations(find(spec).nodes) if kind else 1
                    points[curve].append((size, result.median / count))
                    if result.median * 10 > curve.longest:
                        over.add(curve)
    return points
