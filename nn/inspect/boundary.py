"""The decision boundary of a classifier of points in the plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd
from nn.inspect.figures import COLOURS, new_figure
from nn.metrics import classes_of, plain_numbers
from nn.module import Module

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["decision_boundary"]

Array = np.ndarray[Any, Any]


def evaluated(model: Callable[[Any], Any], x: Array) -> Array:
    """The numbers a model gives, in evaluation mode and unrecorded; its modes are left as they were."""
    modes = [(m, m.training) for m in model.modules()] if isinstance(model, Module) else []
    try:
        if isinstance(model, Module):
            model.eval()
        with autograd.no_grad():
            return plain_numbers(model(x))
    finally:
        for module, mode in modes:
            module.training = mode


def decision_boundary(
    model: Callable[[Any], Any],
    x: Any,
    y: Any,
    *,
    threshold: float = 0.0,
    resolution: int = 200,
    margin: float = 0.15,
    axes: Any = None,
) -> Figure:
    """The regions that a model assigns to each class, with the data on top.

    Args:
        model: a Module, or a function of points (n, 2). Its outputs are scores (n, classes), of which
            the largest wins; or one number each, above `threshold` for class 1.
        x: points of shape (n, 2).
        y: class indices of shape (n,), −1 and 1, or distributions (n, classes).
        threshold: 0 for logits and margins, 0.5 for probabilities.
        resolution: how many points of the grid there are along each side.
        margin: how far the picture goes beyond the data, as a part of its width.
        axes: matplotlib axes to draw in, one panel of a larger figure; of its own when left out.

    Points that lie in a region of another class have a black edge.

    Raises:
        ValueError: x is not (n, 2), or y has another number of rows.

    >>> import nn
    >>> x, y = nn.data.xor(40, rng=0)
    >>> figure = decision_boundary(lambda points: -points[:, 0] * points[:, 1], x, y)
    >>> figure.axes[0].get_title()
    '40 of 40 right (100.0%)'
    """
    x, y = plain_numbers(x), plain_numbers(y)
    if x.ndim != 2 or x.shape[1] != 2 or not len(x):
        raise ValueError(f"decision_boundary expected points of shape (n, 2), got {x.shape}")
    if y.ndim == 2:
        y = y.argmax(axis=1) if y.shape[1] > 1 else y[:, 0]
    if y.shape != x.shape[:1]:
        raise ValueError(f"decision_boundary expected {len(x)} class indices, got shape {y.shape}")
    if isinstance(threshold, bool) or not isinstance(threshold, int | float | np.number):
        raise TypeError(f"threshold of decision_boundary is a number, got {threshold!r:.60}")
    if axes is not None and not callable(getattr(axes, "imshow", None)):
        raise TypeError(f"axes of decision_boundary are matplotlib's, got {type(axes).__name__}")
    labels = np.where(y < 0, 0, y).astype(np.int64)
    least, most = x.min(axis=0), x.max(axis=0)
    room = margin * np.maximum(most - least, 1e-9).max()
    sides = [np.linspace(a - room, b + room, resolution) for a, b in zip(least, most, strict=True)]
    across, up = np.meshgrid(*sides)
    grid = evaluated(model, np.stack([across.ravel(), up.ravel()], axis=1))
    regions = classes_of(grid, threshold).reshape(across.shape)
    predicted = classes_of(evaluated(model, x), threshold)

    from matplotlib.colors import ListedColormap

    classes = max(int(np.max(labels)), int(np.max(regions)), 1) + 1
    colours = [COLOURS[i % len(COLOURS)] for i in range(classes)]
    extent = (*sides[0][[0, -1]], *sides[1][[0, -1]])
    # As high as the data is, beside its width: one unit is as long up as across.
    tall = float(np.ptp(sides[1]) / np.ptp(sides[0]))
    if axes is None:
        across_by_up = 5.6 * min(1.0, 1.6 / tall), 0.6 + 5.0 * min(1.6, max(0.4, tall))
        axes = new_figure(*across_by_up).subplots()
    axes.imshow(
        regions,
        origin="lower",
        extent=extent,
        cmap=ListedColormap(colours),
        vmin=-0.5,
        vmax=classes - 0.5,
        alpha=0.25,
        interpolation="nearest",
        aspect="auto",
    )
    for label in range(classes - 1):  # a line at each step from one class to the next
        if (regions <= label).any() and (regions > label).any():
            axes.contour(across, up, regions > label, levels=[0.5], colors="#333333", linewidths=1)
    missed = predicted != labels
    markers = "osD^v<>"
    for label in range(classes):
        mine = labels == label
        for chosen, edge, width in ((mine & ~missed, "white", 0.6), (mine & missed, "black", 1.4)):
            axes.scatter(
                x[chosen, 0],
                x[chosen, 1],
                s=26,
                c=colours[label],
                marker=markers[label % len(markers)],
                edgecolors=edge,
                linewidths=width,
                label=f"class {label}" if edge == "white" else None,
            )
    right = int((~missed).sum())
    axes.set_title(f"{right} of {len(x)} right ({right / len(x):.1%})", fontsize=11)
    axes.set_xlim(extent[:2])
    axes.set_ylim(extent[2:])
    axes.set_aspect("equal")
    axes.legend(frameon=True, framealpha=0.9, fontsize=8)
    figure: Figure = axes.figure
    return figure
