"""What is printed: Markdown, a table for each workload and one for the goals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks import goals
from benchmarks.contestants import CONTESTANTS
from benchmarks.goals import ratio_text
from benchmarks.harness import Result
from benchmarks.scaling import Points
from benchmarks.workloads import find, operations


def time_text(seconds: float) -> str:
    """A time as people read it, to three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds < 1000 * size else f"{seconds:.0f} s"
    return f"{seconds * 1e9:.3g} ns"


def row(cells: Sequence[str]) -> str:
    """A row of Markdown."""
    return f"| {' | '.join(cells)} |"


def table(workload: str, results: Sequence[Result]) -> Iterator[str]:
    """Contestants from the fastest to the slowest, and a line for each that was not timed."""
    w = find(workload)
    timed = sorted((r for r in results if r.times), key=lambda r: r.median)
    medians = {r.key: r.median for r in timed}
    kind = f", {w.dtype}" if w.name.startswith("T") else ""
    yield f"### {w.name}: {w.title}{kind}"
    yield ""
    heads, sides = ["contestant", f"per {w.unit}"], ["---", "---:"]
    if w.nodes:
        heads.append("per operation")
        sides.append("---:")
    heads += ["÷ ours compiled", "÷ ours eager", "spread"]
    sides += ["---:", "---:", "---:"]
    if timed:
        yield row(heads)
        yield row(sides).replace(" ", "")
    for r in timed:
        cells = [f"**{r.label}**" if ours(r.key) else r.label, time_text(r.median)]
        if w.nodes:
            cells.append(time_text(r.median / operations(w.nodes)))
        for key in ("compiled", "eager"):
            cells.append(ratio_text(r.median / medians[key]) if key in medians else "")
        yield row([*cells, f"{r.spread:.0%}"])
    yield ""
    for r in results:
        if r.trouble:
            yield f"- {r.label}: {r.trouble}"
        if r.note:
            yield f"- {r.label}: {r.note}"
        if r.busy > 1.2:
            yield f"- {r.label} kept {r.busy:.1f} processors busy, though asked for one thread"
    yield ""


def ours(key: str) -> bool:
    """Whether a contestant is this library."""
    return key.startswith(("compiled", "eager"))


def goal_table(results: Mapping[str, Sequence[Result]]) -> Iterator[str]:
    """The goals that these results can tell about."""
    rows = list(goals.lines(results))
    if not rows:
        return
    yield "### Goals"
    yield ""
    yield row(("work", "ours", "peer", "goal", "measured", ""))
    yield "|---|---|---|---:|---:|---|"
    for cells in rows:
        yield row(cells)
    yield ""
    if others := goals.without_async_dispatch(results):
        yield f"With JAX's async dispatch off, `jax.jit` takes this many times compiled's: {others}."
        yield ""


def versions(results: Mapping[str, Sequence[Result]]) -> str:
    """The packages that took part."""
    found = {
        package: r.version
        for each in results.values()
        for r in each
        for package in CONTESTANTS[r.key].needs
        if r.version
    }
    return ", ".join(
        f"{NAMES.get(package, package)} {version}" for package, version in found.items()
    )


NAMES = {"torch": "PyTorch", "jax": "JAX", "autograd.numpy": "HIPS autograd", "mygrad": "MyGrad"}


def scaling_table(points: Points) -> Iterator[str]:
    """Cost per node, and per step, by size."""
    for nodes, title, head in (
        (True, "Cost per operation, by operations in the graph", "operations"),
        (False, "Cost per step of 2-16-16-1, by instances in the batch", "instances"),
    ):
        curves = [curve for curve in points if curve.nodes == nodes and points[curve]]
        if not curves:
            continue
        yield f"### {title}"
        yield ""
        yield row((head, *(curve.label for curve in curves)))
        yield "|---:|" + "---:|" * len(curves)
        for size in sorted({size for curve in curves for size, _ in points[curve]}):
            costs = (dict(points[curve]).get(size) for curve in curves)
            yield row((f"{size:,}", *("" if c is None else time_text(c) for c in costs)))
        yield ""
