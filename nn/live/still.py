"""A playground where no script runs: the decision map as it was in Python, as SVG."""

from __future__ import annotations

import html
from itertools import pairwise
from typing import Any

import numpy as np

from autograd import LIGHT
from nn.inspect.boundary import evaluated
from nn.live.given import Points, Task
from nn.metrics import classes_of
from nn.module import Module

Array = np.ndarray[Any, Any]

SIDE, CELLS = 300, 50
SHADES = 9
"""Into how many steps the numbers of a map are put."""

MOST = 400
"""Points that are drawn: a sample of more."""


def still_picture(model: Module, task: Task, title: str) -> str:
    """The picture as SVG, small: runs of one colour are one rectangle, points of one class one path."""
    ranges = task.ranges()
    shapes = plane(model, task, ranges) if task.inputs == 2 else curve(model, task, ranges)
    shapes += dots(task, ranges)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE}" height="{SIDE + 24}" '
        f'viewBox="0 0 {SIDE} {SIDE + 24}"><rect width="{SIDE}" height="{SIDE + 24}" '
        f'fill="{LIGHT.background}"/>{"".join(shapes)}'
        f'<rect width="{SIDE}" height="{SIDE}" fill="none" stroke="{LIGHT.line}"/>'
        f'<text x="{SIDE / 2:g}" y="{SIDE + 17}" text-anchor="middle" font-family="Helvetica, Arial, '
        f'sans-serif" font-size="12" fill="{LIGHT.text}">{html.escape(title[:48])}</text></svg>'
    )


def plane(model: Module, task: Task, ranges: list[tuple[float, float]]) -> list[str]:
    """The regions of the classes, or the numbers in shades, row by row."""
    (a, b), (c, d) = ranges
    middles = (np.arange(CELLS) + 0.5) / CELLS
    across, up = np.meshgrid(a + (b - a) * middles, d - (d - c) * middles)
    said = evaluated(model, np.stack([across.ravel(), up.ravel()], axis=1))
    if task.classes is not None:
        steps = classes_of(said, task.threshold).reshape(CELLS, CELLS)
        fills = [(LIGHT.series[k % len(LIGHT.series)], 0.25) for k in range(max(2, task.outputs))]
    else:
        low, high = task.target_range
        shade = np.clip(
            (np.nan_to_num(said.reshape(CELLS, CELLS)) - low) / max(high - low, 1e-9), 0, 1
        )
        steps = (shade * (SHADES - 1)).round().astype(int)
        middle = (SHADES - 1) / 2
        fills = [
            (LIGHT.series[int(k > middle)], 0.8 * abs(k - middle) / middle) for k in range(SHADES)
        ]
    runs: list[list[str]] = [[] for _ in fills]
    for r, row in enumerate(steps):
        edges = [0, *(np.flatnonzero(np.diff(row)) + 1).tolist(), CELLS]
        for start, end in pairwise(edges):
            runs[row[start]].append(f"M{start} {r}h{end - start}v1H{start}z")
    scale = SIDE / CELLS
    return [
        f'<path transform="scale({scale:g})" fill="{fill}" fill-opacity="{opacity:.2g}" '
        f'd="{"".join(run)}"/>'
        for (fill, opacity), run in zip(fills, runs, strict=True)
        if run and opacity
    ]


def curve(model: Module, task: Task, ranges: list[tuple[float, float]]) -> list[str]:
    """The outputs over one input, as lines."""
    xs = np.linspace(*ranges[0], 100)
    said = np.nan_to_num(evaluated(model, xs[:, None]).reshape(len(xs), -1))
    lines = []
    for k in range(said.shape[1]):
        places = places_of(np.stack([xs, said[:, k]], axis=1), ranges)
        corners = " ".join(f"{x:.0f},{y:.0f}" for x, y in np.clip(places, -SIDE, 2 * SIDE))
        lines.append(
            f'<polyline points="{corners}" fill="none" stroke="{LIGHT.text}" stroke-width="2"/>'
        )
    return lines


def dots(task: Task, ranges: list[tuple[float, float]]) -> list[str]:
    """The points to learn from: those of class 1 are squares."""
    part: Points = task.train
    chosen = np.unique(np.linspace(0, len(part.x) - 1, min(MOST, len(part.x))).astype(int))
    truths = np.zeros(len(part.x), int) if task.classes is None else task.truths(part)
    places = part.x if task.inputs == 2 else np.hstack([part.x, part.targets[:, :1]])
    if task.inputs == 1 and task.outputs > 1:
        places[:, 1] = ranges[1][0] * 0.94 + ranges[1][1] * 0.06
    drawn = []
    colours = LIGHT.series if task.classes is not None else (LIGHT.line,)
    for label in np.unique(truths):
        of = places_of(places[chosen][truths[chosen] == label], ranges)
        path = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in of)
        drawn.append(
            f'<path d="{path}" stroke="{colours[label % len(colours)]}" stroke-width="5" '
            f'stroke-linecap="{"square" if label % 2 else "round"}"/>'
        )
    return drawn


def places_of(points: Array, ranges: list[tuple[float, float]]) -> Array:
    """From numbers to places in the picture."""
    (a, b), (c, d) = ranges
    return np.stack(
        [(points[:, 0] - a) / (b - a) * SIDE, (d - points[:, 1]) / (d - c) * SIDE], axis=1
    )
