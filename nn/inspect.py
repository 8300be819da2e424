"""Pictures of training: how it went, and what the model gets wrong. They need matplotlib.

Each function returns a matplotlib Figure of its own, which belongs to no window and no global state:
`figure.savefig("x.svg")` writes it, and a notebook shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["confusion_matrix", "learning_curve", "mistakes"]

Array = np.ndarray[Any, Any]

# Two hues of the Okabe-Ito palette, which colour-blind readers can tell apart.
BLUE, ORANGE = "#0068A5", "#C25A00"
GREY = "#4D4D4D"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            f'this picture is drawn with matplotlib: pip install "chalkgrad[plot]" ({error})'
        ) from None
    return Figure(figsize=(width, height), layout="constrained")


def plain(axes: Any) -> None:
    """Only the axes that are read."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=GREY)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)


def learning_curve(losses: Mapping[str, Sequence[float]], accuracy: Mapping[str, Any]) -> Figure:
    """Loss and accuracy after each epoch, one line per name: ``{"training": [...], ...}``.

    >>> figure = learning_curve({"training": [2.3, 0.4, 0.1]}, {"training": [0.1, 0.9, 0.97]})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss', 'accuracy']
    """
    figure = new_figure(9, 3.6)
    for axes, curves, label in zip(
        figure.subplots(1, 2), (losses, accuracy), ("loss", "accuracy"), strict=True
    ):
        for (name, ys), color, line in zip(
            curves.items(), (BLUE, ORANGE, GREY), ("-", "--", ":"), strict=False
        ):
            epochs = np.arange(1, len(ys) + 1)
            marker = "o" if len(ys) == 1 else None
            axes.plot(epochs, ys, line, color=color, label=name, linewidth=1.8, marker=marker)
        axes.set_xlabel("epoch", color=GREY)
        axes.set_ylabel(label, color=GREY)
        axes.set_xlim(0.5, max(len(ys) for ys in curves.values()) + 0.5)
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        plain(axes)
        axes.legend(frameon=False)
    figure.axes[0].set_ylim(0, 1.05 * max(max(ys) for ys in losses.values()))
    least = min(min(ys) for ys in accuracy.values())
    figure.axes[1].set_ylim(least - 0.05 * (1 - least) - 0.001, 1.001)
    return figure


def confusion_matrix(predicted: Any, target: Any, classes: int) -> Array:
    """How often each class (row) was taken for each class (column).

    >>> confusion_matrix([0, 1, 1], [0, 1, 0], 2).tolist()
    [[1, 1], [0, 1]]
    """
    predicted, target = np.asarray(predicted), np.asarray(target)
    if predicted.shape != target.shape:
        raise ValueError(f"{target.shape} targets, but {predicted.shape} predictions")
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (target, predicted), 1)
    return counts


def mistakes(probabilities: Any, target: Any, images: Any, *, most: int = 12) -> Figure:
    """The confusion matrix, and beside it the images that the model got most wrong.

    Args:
        probabilities: of shape (instances, classes).
        target: class indices of shape (instances,).
        images: of shape (instances, height, width).
        most: how many images are drawn, those with the least probability on the truth first.
    """
    probabilities, target = np.asarray(probabilities), np.asarray(target)
    classes = probabilities.shape[-1]
    predicted = probabilities.argmax(axis=-1)
    counts = confusion_matrix(predicted, target, classes)
    figure = new_figure(10.5, 5)
    parts: Any = figure.subfigures(1, 2, width_ratios=(1.15, 1))
    left, right = parts
    draw_matrix(left.subplots(), counts)
    left.suptitle(
        f"{int(np.trace(counts))} of {len(target)} right "
        f"({np.trace(counts) / len(target):.1%}); rows are the truth",
        fontsize=11,
    )
    wrong = np.flatnonzero(predicted != target)
    on_truth = probabilities[np.arange(len(target)), target]
    worst = wrong[np.argsort(on_truth[wrong], kind="stable")][:most]
    title = "no mistakes"
    if len(wrong):
        shown = f"the {len(worst)} worst" if len(wrong) > len(worst) else "all drawn"
        title = f"{len(wrong)} wrong, {shown}: p(truth) < p(prediction)"
    right.suptitle(title, fontsize=11)
    grid = right.subplots(3, -(-max(len(worst), 9) // 3), squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, i in zip(grid.flat, worst, strict=False):
        axes.imshow(images[i], cmap="gray_r", vmin=0, vmax=max(np.max(images), 1e-9))
        axes.set_title(
            f"{target[i]}, taken for {predicted[i]}\n"
            f"{on_truth[i]:.2f} < {probabilities[i, predicted[i]]:.2f}",
            fontsize=8,
            color=GREY,
        )
    return figure


def draw_matrix(axes: Any, counts: Array) -> None:
    """Counts in cells: hits on the diagonal in blue, mistakes in orange."""
    classes = len(counts)
    hits = np.eye(classes, dtype=bool)
    largest = max(counts.max(), 1)
    worst = max(counts[~hits].max(initial=0), 1)
    for chosen, cmap, top in ((hits, "Blues", 1.6 * largest), (~hits, "Oranges", 2.0 * worst)):
        cells = np.ma.masked_where(~chosen | (counts == 0), counts)
        axes.imshow(cells, cmap=cmap, vmin=0, vmax=top)
    for row, column in zip(*np.nonzero(counts), strict=True):
        axes.text(column, row, counts[row, column], ha="center", va="center", fontsize=10)
    axes.set_xticks(range(classes))
    axes.set_yticks(range(classes))
    axes.set_xticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#DDDDDD", linewidth=0.8)
    axes.tick_params(which="both", length=0, colors=GREY)
    axes.spines[:].set_color("#DDDDDD")
    axes.set_xlabel("predicted digit" if classes == 10 else "predicted class", color=GREY)
    axes.set_ylabel("true digit" if classes == 10 else "true class", color=GREY)
