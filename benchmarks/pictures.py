"""What is drawn: time per step of every contestant, and how cost grows."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import Result
from benchmarks.scaling import Points
from benchmarks.tables import ours, time_text
from benchmarks.workloads import find

# Okabe and Ito's colours, told apart by all; ours is also bold and has another marker.
OURS, PEER, HAND, LIMIT = "#D55E00", "#0072B2", "#666666", "#000000"
CURVE_STYLES = {
    "eager": ("#D55E00", "o", "-"),
    "compiled S2": ("#D55E00", "o", "-"),
    "compiled T1": ("#E69F00", "D", "-."),
    "micrograd": ("#009E73", "s", "--"),
    "torch": ("#0072B2", "^", "--"),
    "torch-0d": ("#0072B2", "^", "--"),
    "jax": ("#CC79A7", "v", "--"),
    "limit": ("#000000", "", ":"),
}


def pyplot() -> Any:
    """matplotlib without a screen."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update(
        {
            "svg.hashsalt": "chalkgrad",
            "svg.fonttype": "none",  # text as text: less than half the size
            "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 10,
        }
    )
    import matplotlib.pyplot

    return matplotlib.pyplot


def seconds_axis(axis: Any, low: float, high: float) -> None:
    """Ticks as people read times."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    between = (1.0,) if high / low > 50 else (1.0, 2.0, 5.0)
    axis.set_major_locator(LogLocator(10, subs=between, numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda seconds, _: time_text(seconds)))
    axis.set_minor_formatter(NullFormatter())


def draw_workloads(results: Mapping[str, Sequence[Result]], caption: str, path: Path) -> None:
    """One panel for each workload: a mark for each median, a line for all its rounds."""
    plt = pyplot()
    timed = {name: [r for r in each if r.times] for name, each in results.items()}
    timed = {name: each for name, each in timed.items() if each}
    if not timed:
        return
    columns = min(2, len(timed))
    names = list(timed)
    grid = [names[i : i + columns] for i in range(0, len(names), columns)]
    heights = [max(len(timed[name]) for name in row) + 3.2 for row in grid]
    figure, panels = plt.subplots(
        len(grid),
        columns,
        figsize=(6.2 * columns, 0.215 * sum(heights) + 0.7),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for panel in panels.flat[len(names) :]:
        panel.set_axis_off()
    for name, panel in zip(names, panels.flat, strict=False):
        draw_panel(panel, name, timed[name])
    figure.supxlabel(textwrap.fill(caption, 150), fontsize=8, color="#555555")
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=110)
    plt.close(figure)


def draw_panel(panel: Any, name: str, results: Sequence[Result]) -> None:
    """One workload, the fastest on top."""
    workload = find(name)
    limits = [r for r in results if r.key == "limit"]
    rows = sorted((r for r in results if r.key != "limit"), key=lambda r: -r.median)
    for y, r in enumerate(rows):
        hand = r.key.startswith("hand")
        colour = OURS if ours(r.key) else HAND if hand else PEER
        marker = "D" if ours(r.key) else "s" if hand else "o"
        panel.plot([min(r.times), max(r.times)], [y, y], color=colour, lw=1.5, alpha=0.5)
        panel.plot(r.median, y, marker, color=colour, ms=5.5)
        panel.annotate(
            time_text(r.median),
            (max(r.times), y),
            (7, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=colour,
        )
    panel.set_yticks(range(len(rows)), [r.label for r in rows])
    for label, r in zip(panel.get_yticklabels(), rows, strict=True):
        label.set_color(OURS if ours(r.key) else "#333333")
        label.set_fontweight("bold" if ours(r.key) else "normal")
    panel.set_xscale("log")
    low, high = min(min(r.times) for r in results), max(max(r.times) for r in results)
    panel.set_xlim(low / 1.5, high * (high / low) ** 0.2 * 1.6)
    panel.set_ylim(-0.7, len(rows) - 0.3)
    for r in limits:
        panel.axvline(r.median, color=LIMIT, lw=1, ls=(0, (4, 2)))
        panel.annotate(
            f"{r.label}: {time_text(r.median)}",
            (r.median, -0.62),
            (4, 1),
            textcoords="offset points",
            fontsize=7.5,
            color=LIMIT,
        )
    panel.grid(axis="x", color="#E4E4E4", lw=0.7)
    panel.grid(axis="y", color="#F2F2F2", lw=0.7)
    panel.set_axisbelow(True)
    panel.tick_params(axis="y", length=0)
    seconds_axis(panel.xaxis, low, high)
    kind = f", {workload.dtype}" if name.startswith("T") else ""
    title = textwrap.fill(f"{name.partition('-')[0]}: {workload.title}{kind}", 50)
    panel.set_title(title, fontsize=9, fontweight="bold", color="#333333")


def draw_scaling(points: Points, caption: str, path: Path) -> None:
    """Cost per node over nodes, and cost per step over the batch."""
    plt = pyplot()
    if not any(points.values()):
        return
    figure, panels = plt.subplots(1, 2, figsize=(12.4, 4.9), layout="constrained")
    for panel, nodes in zip(panels, (True, False), strict=True):
        for curve, each in points.items():
            if curve.nodes != nodes or not each:
                continue
            key = f"{curve.key} {curve.workload}" if curve.key == "compiled" else curve.key
            colour, marker, line = CURVE_STYLES[key]
            xs, ys = zip(*each, strict=True)
            panel.plot(xs, ys, line, marker=marker, color=colour, label=curve.label, ms=5)
        panel.set_xscale("log")
        panel.set_yscale("log")
        costs = [cost for c, each in points.items() if c.nodes == nodes for _, cost in each]
        seconds_axis(panel.yaxis, min(costs, default=1), max(costs, default=1))
        panel.grid(color="#E4E4E4", lw=0.7)
        panel.set_axisbelow(True)
        if panel.get_legend_handles_labels()[0]:
            panel.legend(
                frameon=False,
                fontsize=8.5,
                ncols=2,
                loc="upper center",
                bbox_to_anchor=(0.5, -0.13),
            )
    panels[0].set_title("Mixed scalar operations: forward + backward + drop, time per operation")
    panels[0].set_xlabel("operations in the graph")
    panels[1].set_title("2-16-16-1 relu, hinge + L2, SGD: time per training step")
    panels[1].set_xlabel("instances in the batch")
    figure.supxlabel(textwrap.fill(caption, 150), fontsize=8, color="#555555")
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=110)
    plt.close(figure)
