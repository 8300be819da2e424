"""Pictures of training: how it went, and what the model gets wrong. They need matplotlib."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.arguments import whole
from nn.inspect.figures import BLUE, COLOURS, GREY, ORANGE, RULE, new_figure, plain
from nn.metrics import confusion_matrix, plain_numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Array = np.ndarray[Any, Any]


def learning_curve(
    losses: Mapping[str, Sequence[float]],
    accuracy: Mapping[str, Any],
    *,
    title: str = "Loss and accuracy after each epoch",
) -> Figure:
    """Loss and accuracy after each epoch, one line per name: ``{"training": [...], ...}``.

    What is not finite, as after a divergence, leaves a gap.

    Raises:
        TypeError, ValueError: no mapping of names to one or more real numbers.

    >>> figure = learning_curve({"training": [2.3, 0.4, 0.1]}, {"training": [0.1, 0.9, 0.97]})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss', 'accuracy']
    """
    if title is not None and not isinstance(title, str):
        raise TypeError(f"title is a string, got {type(title).__name__} ({title!r:.60})")
    both = [checked_curves(losses, "losses"), checked_curves(accuracy, "accuracy")]
    figure = new_figure(9, 3.6)
    for axes, curves, label in zip(figure.subplots(1, 2), both, ("loss", "accuracy"), strict=True):
        looks = itertools.cycle(
            zip((BLUE, ORANGE, GREY, *COLOURS[2:4]), ("-", "--", ":", "-.", "-"), strict=True)
        )
        for (name, ys), (color, line) in zip(curves.items(), looks, strict=False):
            epochs = np.arange(1, len(ys) + 1)
            marker = "o" if len(ys) == 1 else None
            axes.plot(epochs, ys, line, color=color, label=name, linewidth=1.8, marker=marker)
        axes.set_xlabel("epoch", color=GREY)
        axes.set_ylabel(label, color=GREY)
        axes.set_xlim(0.5, max(len(ys) for ys in curves.values()) + 0.5)
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        plain(axes)
        axes.legend(frameon=False)
    drawn, right = (np.concatenate(list(curves.values())) for curves in both)
    largest = np.max(drawn, initial=0.0, where=np.isfinite(drawn))
    if largest > 0:
        figure.axes[0].set_ylim(
            min(0.0, np.min(drawn, where=np.isfinite(drawn), initial=0.0)), 1.05 * largest
        )
    least = np.min(right, initial=1.0, where=np.isfinite(right))
    highest = np.max(right, initial=1.0, where=np.isfinite(right))
    figure.axes[1].set_ylim(least - 0.05 * (1 - least) - 0.001, highest + 0.001)
    figure.suptitle(title, fontsize=11)
    return figure


def checked_curves(curves: Any, what: str) -> dict[str, Array]:
    """Names with their numbers after each epoch."""
    if not isinstance(curves, Mapping):
        raise TypeError(
            f"{what} of learning_curve are a dict of names and numbers, such as "
            f"{{'training': [0.5, 0.4]}}, got {type(curves).__name__} ({curves!r:.60})"
        )
    if not curves:
        raise ValueError(f"{what} of learning_curve has no names: there is nothing to draw")
    found = {}
    for name, ys in curves.items():
        if not isinstance(name, str):
            raise TypeError(
                f"a name in {what} is a string, got {type(name).__name__} ({name!r:.60})"
            )
        found[name] = real_array(ys, f"{what}[{name!r}]", 1)
    return found


def real_array(x: Any, what: str, axes: int) -> Array:
    """An array of real numbers, of which there is one or more, with so many axes."""
    try:
        array = plain_numbers(x)
    except ValueError:  # lists of unequal lengths
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{what} are real numbers, got {type(x).__name__} ({x!r:.60})")
    if array.ndim != axes or not array.size:
        of = ("a number", "a list", "a table", "a list of tables")[axes]
        raise ValueError(f"{what} is {of} of one or more numbers, got shape {array.shape}")
    floats: Array = array.astype(np.float64)
    return floats


def training_curves(
    steps: Mapping[str, Sequence[float]],
    epochs: Mapping[str, Sequence[Any]],
    *,
    title: str | None = None,
) -> Figure:
    """Losses, metrics, rates and gradients over epochs: what `History.plot` draws.

    Faint lines are of single steps, and dashed ones of the held-out part. A learning rate has a panel
    where it changes. The title says how long the training was, when none is given.

    >>> figure = training_curves({"loss": [2.0, 1.0], "lr": [0.1, 0.05]}, {"loss": [0.9]})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss', 'learning rate']
    """
    count, made = len(epochs.get("loss", ())), len(steps.get("loss", ()))
    if not made:
        raise ValueError("there is nothing to draw: no step was made")
    panels = [
        name for name in ("loss", *metrics_of(steps), *PER_STEP) if worth_a_panel(steps, name)
    ]
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    # As wide as the column of a notebook, so that its text is read there at the size it has.
    figure = new_figure((5.2, 8.6, 9.6)[columns - 1], 3.2 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.remove()
    for axes, name in zip(grid.flat, panels, strict=False):
        draw_curve(axes, name, steps, epochs)
    lengths = [f"{n:,} {unit}{'s' * (n != 1)}" for n, unit in ((count, "epoch"), (made, "step"))]
    figure.suptitle(f"Training: {', '.join(lengths)}" if title is None else title, fontsize=11)
    return figure


PER_STEP = ("lr", "gradient norm", "update ratio")
"""What is noted of steps only, beside the loss and the metrics."""


def metrics_of(steps: Mapping[str, Sequence[float]]) -> list[str]:
    """The names of the metrics of a history."""
    return [name for name in steps if name not in ("loss", *PER_STEP)]


def worth_a_panel(steps: Mapping[str, Sequence[float]], name: str) -> bool:
    """Whether numbers are there, and are not those of a rate that stays what the user set."""
    return name in steps and (name != "lr" or len(set(steps[name])) > 1)


def draw_curve(
    axes: Any,
    name: str,
    steps: Mapping[str, Sequence[float]],
    epochs: Mapping[str, Sequence[Any]],
    pace: float | None = None,
) -> list[Any]:
    """One panel: the numbers of steps, and of epochs where these are noted; the lines drawn."""
    count, made = len(epochs.get("loss", ())), len(steps["loss"])
    # Steps are placed within epochs; an epoch that was not finished is drawn at the pace of the rest.
    at = np.arange(1, made + 1) / (pace or max(1.0, epoch_length(epochs, made, count)))
    alone = name in PER_STEP
    lines = axes.plot(
        at,
        steps[name],
        color=COLOURS[2] if alone else BLUE,
        alpha=1.0 if alone else 0.3,
        linewidth=1.6 if name == "lr" else 0.8,
        marker="o" if made == 1 else None,
        label=None if alone else "steps",
    )
    if not alone:
        marker = "o" if count == 1 else None
        for key, color, line, label in (
            (name, BLUE, "-", "training"),
            (f"validation {name}", ORANGE, "--", "held out"),
        ):
            if epochs.get(key):
                ys = epochs[key]
                xs = np.arange(1, len(ys) + 1)
                lines += axes.plot(
                    xs, ys, line, color=color, linewidth=1.8, label=label, marker=marker
                )
        axes.legend(frameon=False, fontsize=9)
    positive = [y for y in steps[name] if y > 0]
    # Logarithmic where most numbers would lie on the floor; a cosine keeps its shape.
    low = len(positive) == made and max(positive) > 20 * float(np.median(positive))
    if alone and (low or (name == "update ratio" and len(positive) == made)):
        axes.set_yscale("log")
    elif name in ("loss", "lr") and min(steps[name]) >= 0:
        axes.set_ylim(0, 1.05 * axes.dataLim.ymax or None)
    axes.set_xlabel("epoch", color=GREY)
    axes.set_ylabel("learning rate" if name == "lr" else name, color=GREY)
    axes.set_xlim(0, max(float(at[-1]), 1e-9) * 1.02)
    plain(axes)
    found: list[Any] = lines
    return found


def epoch_length(epochs: Mapping[str, Sequence[Any]], made: int, count: int) -> float:
    """How many steps an epoch has, from those made and the whole epochs among them."""
    noted = epochs.get("steps")
    return noted[0] if noted else made / max(count, 1)


def mistakes(
    probabilities: Any,
    target: Any,
    images: Any,
    *,
    most: int = 12,
    names: Sequence[str] | None = None,
) -> Figure:
    """The confusion matrix, and beside it the images that the model got most wrong.

    Args:
        probabilities: of shape (instances, classes).
        target: class indices of shape (instances,).
        images: of shape (instances, height, width).
        most: how many images are drawn, those with the least probability on the truth first.
        names: what the classes are called; their indices when left out.

    Raises:
        TypeError, ValueError: arrays of other shapes, or of what is no number; targets that are no
            class indices; names that are not one for each class.
    """
    probabilities = real_array(probabilities, "probabilities", 2)
    images = real_array(images, "images", 3)
    target = real_array(target, "target", 1)
    instances, classes = probabilities.shape
    for x, what in ((target, "targets"), (images, "images")):
        if len(x) != instances:
            raise ValueError(
                f"mistakes expected {instances} {what}, one for each row, got {len(x)}"
            )
    most = whole(most, "most", 0)
    if names is not None and (
        isinstance(names, str) or not isinstance(names, Sequence | np.ndarray)
    ):
        raise TypeError(f"names is a list of strings, got {type(names).__name__} ({names!r:.60})")
    if names is not None and len(names) != classes:
        raise ValueError(f"names has one for each of {classes} classes, got {len(names)}")
    predicted = probabilities.argmax(axis=-1)
    counts = confusion_matrix(predicted, target, classes)
    target = target.astype(np.int64)
    figure = new_figure(9.6, 4.8)
    parts: Any = figure.subfigures(1, 2, width_ratios=(1.15, 1))
    left, right = parts
    called = [str(i) for i in range(classes)] if names is None else list(map(str, names))
    draw_matrix(left.subplots(), counts, called)
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
            f"{called[target[i]]}, taken for {called[predicted[i]]}\n"
            + told_apart(on_truth[i], probabilities[i, predicted[i]]),
            fontsize=9,
            color=GREY,
        )
    return figure


def told_apart(less: float, more: float) -> str:
    """``0.47 < 0.62``, with as many decimals as it takes to tell the two apart.

    >>> told_apart(0.467, 0.4741), told_apart(0.4741, 0.47412), told_apart(0.5, 0.5)
    ('0.467 < 0.474', '0.47410 < 0.47412', '0.50 = 0.50')
    """
    for decimals in range(2, 18):
        texts = f"{less:.{decimals}f}", f"{more:.{decimals}f}"
        if texts[0] != texts[1]:
            return " < ".join(texts)
    return f"{less:.2f} = {more:.2f}" if less == more else f"{less:.3g} < {more:.3g}"


def draw_matrix(axes: Any, counts: Array, names: Sequence[str]) -> None:
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
    axes.set_xticks(range(classes), names)
    axes.set_yticks(range(classes), names)
    axes.set_xticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=RULE, linewidth=0.8)
    axes.tick_params(which="both", length=0, colors=GREY)
    axes.spines[:].set_color(RULE)
    axes.set_xlabel("predicted digit" if classes == 10 else "predicted class", color=GREY)
    axes.set_ylabel("true digit" if classes == 10 else "true class", color=GREY)
