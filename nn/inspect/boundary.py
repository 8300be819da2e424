"""The decision boundary of a classifier of points in the plane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd
from nn.arguments import real
from nn.inspect.figures import COLOURS, GREY, new_figure
from nn.metrics import classes_of, plain_numbers
from nn.module import Module, modes_kept
from nn.networks_of_values import on_arrays

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Array = np.ndarray[Any, Any]

MARKERS = "osD^v<>"


def evaluated(model: Callable[[Any], Any], x: Array) -> Array:
    """The numbers a model gives, in evaluation mode and unrecorded; its modes are left as they were."""
    # A model that runs away is drawn as well, and NumPy need not warn of it.
    with modes_kept(model), autograd.no_grad(), np.errstate(all="ignore"):
        if isinstance(model, Module):
            model.eval()
        return plain_numbers(autograd.recording.call(on_arrays(model), x))


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
        model: a Module, a network of Values (`nn.scalar`, or a class of your own with
            ``parameters()``), or a function of points (n, 2). Its outputs are scores (n, classes),
            of which the largest wins; or one number each, above `threshold` for class 1.
        x: points of shape (n, 2).
        y: class indices of shape (n,), −1 and 1, or distributions (n, classes).
        threshold: 0 for logits and margins, 0.5 for probabilities.
        resolution: how many points of the grid there are along each side.
        margin: how far the picture goes beyond the data, as a part of its width.
        axes: matplotlib axes to draw in, one panel of a larger figure; of its own when left out.

    A point in a region of another class has a black edge, as the legend says. The line between regions
    is where the two best scores are equal (or one score is `threshold`), found between the points of the
    grid; at steps, as of a perceptron, halfway, and their staircase is rounded off.

    Raises:
        ValueError: x is not (n, 2), or y has another number of rows.

    >>> import nn
    >>> x, y = nn.data.xor(40, rng=0)
    >>> figure = decision_boundary(lambda points: -points[:, 0] * points[:, 1], x, y)
    >>> figure.axes[0].get_title()
    '40 of 40 right (100.0%)'
    """
    if not callable(model):
        raise TypeError(
            "decision_boundary(model, x, y) takes a model first, or a function of points, got "
            f"{type(model).__name__}"
        )
    threshold = real(threshold, "threshold of decision_boundary")
    if axes is not None and not callable(getattr(axes, "imshow", None)):
        raise TypeError(f"axes of decision_boundary are matplotlib's, got {type(axes).__name__}")
    plane = Plane(x, y, resolution, margin)
    alone = axes is None
    if alone:
        axes = new_figure(*plane.size).subplots()
    plane.draw(axes, plane.scores(model), threshold, legend_below=alone)
    figure: Figure = axes.figure
    return figure


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a model said at one moment of its training.

    Attributes:
        step: how many steps had been made.
        scores: of the points of the plane, as `Plane.scores` gives them, where instances are two numbers
            with classes; else None.
    """

    step: int
    scores: Any


class Plane:
    """Points of classes in the plane, and a grid around them on which a model is evaluated.

    Attributes:
        x, labels: the points, and the class index of each; signs, whether they came as −1 and 1.
        size: of a picture of its own, in inches: as high as the data is, beside its width.
    """

    def __init__(self, x: Any, y: Any, resolution: int = 200, margin: float = 0.15) -> None:
        x, y = plain_numbers(x), plain_numbers(y)
        if x.ndim != 2 or x.shape[1] != 2 or not len(x):
            raise ValueError(f"decision_boundary expected points of shape (n, 2), got {x.shape}")
        if y.ndim == 2:
            y = y.argmax(axis=1) if y.shape[1] > 1 else y[:, 0]
        if y.shape != x.shape[:1]:
            raise ValueError(
                f"decision_boundary expected {len(x)} class indices, got shape {y.shape}"
            )
        self.x = x
        self.labels = np.where(y < 0, 0, y).astype(np.int64)
        self.signs = bool((y < 0).any())
        least, most = x.min(axis=0), x.max(axis=0)
        room = margin * np.maximum(most - least, 1e-9).max()
        self.sides = [
            np.linspace(a - room, b + room, resolution) for a, b in zip(least, most, strict=True)
        ]
        tall = float(np.ptp(self.sides[1]) / np.ptp(self.sides[0]))
        self.size = 5.6 * min(1.0, 1.6 / tall), 1.1 + 5.0 * min(1.6, max(0.33, tall))

    def scores(self, model: Callable[[Any], Any]) -> Array:
        """What a model says of each point of the grid, row by row, and then of the data."""
        across, up = np.meshgrid(*self.sides)
        grid = np.stack([across.ravel(), up.ravel()], axis=1)
        return evaluated(model, np.concatenate([grid, self.x]))

    def draw(
        self, axes: Any, scores: Array, threshold: float, *, legend_below: bool = True
    ) -> None:
        """The regions, the lines between them, the points, and how many are right."""
        from matplotlib.colors import ListedColormap
        from matplotlib.transforms import ScaledTranslation

        across, up = self.sides
        shape = len(up), len(across)
        said = classes_of(scores, threshold)
        regions, predicted = said[: -len(self.x)].reshape(shape), said[-len(self.x) :]
        classes = max(int(np.max(self.labels)), int(np.max(regions)), 1) + 1
        colours = [COLOURS[i % len(COLOURS)] for i in range(classes)]
        axes.imshow(
            regions,
            origin="lower",
            extent=(*across[[0, -1]], *up[[0, -1]]),
            cmap=ListedColormap(colours),
            vmin=-0.5,
            vmax=classes - 0.5,
            alpha=0.25,
            interpolation="bilinear",
            interpolation_stage="rgba",
            aspect="auto",
        )
        # The line around the last class is part of the others'.
        for lead in leads(scores[: -len(self.x)], regions, threshold)[:-1]:
            axes.contour(across, up, lead, levels=[0.0], colors=GREY, linewidths=1)
        missed = predicted != self.labels
        for label in range(classes):
            mine = self.labels == label
            marker = MARKERS[label % len(MARKERS)]
            for chosen, edge, width in (
                (mine & ~missed, "white", 0.6),
                (mine & missed, "black", 1.4),
            ):
                axes.scatter(
                    *self.x[chosen].T,
                    s=26,
                    c=colours[label],
                    marker=marker,
                    edgecolors=edge,
                    linewidths=width,
                )
            style = {"color": colours[label], "marker": marker, "markersize": 5}
            axes.plot([], [], linestyle="", label=f"class {label}", **style)
        if missed.any():
            style = {"color": "white", "marker": "o", "markersize": 5, "markeredgecolor": "black"}
            words = "black edge: in the wrong region"
            axes.plot([], [], linestyle="", label=words, markeredgewidth=1.4, **style)
        right = int((~missed).sum())
        axes.set_title(f"{right} of {len(missed)} right ({right / len(missed):.1%})", fontsize=11)
        axes.set_xlabel("x₁", color=GREY)
        axes.set_ylabel("x₂", color=GREY)
        axes.set_xlim(across[[0, -1]])
        axes.set_ylim(up[[0, -1]])
        axes.set_aspect("equal")
        place: dict[str, Any] = {"frameon": True, "framealpha": 0.9}
        if legend_below:  # where it hides no point
            below = ScaledTranslation(0, -0.45, axes.figure.dpi_scale_trans)
            place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "frameon": False}
            place |= {
                "bbox_transform": axes.transAxes + below,
                "ncols": min(classes, 3) + 1,
                "handletextpad": 0.2,
                "columnspacing": 1.2,
            }
        axes.legend(fontsize=8, **place)


def rounded(steps: Array) -> Array:
    """Steps up and down on a grid, as slopes: a staircase becomes the line that it stands for."""
    for _ in range(4):
        for _ in range(2):  # down, and then across
            wide = np.pad(steps, [(1, 1), (0, 0)], "edge")
            steps = ((wide[:-2] + 2 * steps + wide[2:]) / 4).T
    return steps


def leads(scores: Array, regions: Array, threshold: float) -> list[Array]:
    """By how much the score of each class that has a region is ahead of the others: 0 on its border.

    Each point of the grid is on the side of its class, also where scores are equal, infinite, or take a
    few values only: 0 is put halfway between the least lead inside and the greatest outside. What gives
    classes and no scores has a staircase there, which is rounded off.
    """
    found = []
    for label in np.unique(regions):
        inside = regions == label
        if scores.ndim == 2 and scores.shape[1] > 1:
            rest = np.delete(scores, label, axis=1).max(axis=1)
            with np.errstate(invalid="ignore"):  # infinities that are equal
                lead = scores[:, label] - rest
        elif scores.dtype.kind in "biu":  # classes themselves
            lead = np.where(inside, 1.0, -1.0)
        else:
            lead = (scores.reshape(-1) - threshold) * (1 if label else -1)
        lead = lead.astype(np.float64).reshape(regions.shape)
        largest = np.abs(lead).max(initial=1.0, where=np.isfinite(lead))
        lead = np.nan_to_num(lead, nan=0.0, posinf=largest, neginf=-largest)
        if not inside.all():
            lead -= (lead[inside].min() + lead[~inside].max()) / 2
            if len(np.unique(lead)) == 2:
                lead = rounded(lead)
        found.append(lead)
    return found
