"""Histograms of what flows through each layer, forward and backward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nn.inspect.figures import BLUE, GREY, ORANGE, new_figure, plain
from nn.inspect.layers import Observation
from nn.metrics import plain_numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["histogram", "histograms"]

Array = np.ndarray[Any, Any]


def histogram(
    x: Any, bins: int = 50, *, separate_zeros: bool = True, span: Any = None
) -> tuple[Array, Array, int]:
    """(counts, edges, zeros): how many numbers fall between neighbouring edges, exact zeros apart.

    Args:
        x: numbers of any shape.
        bins: how many intervals of equal width; the last one contains its right edge.
        separate_zeros: count exact zeros by themselves, so that a rectifier's do not dwarf the rest.
        span: (least, greatest) edge; that of the numbers which are counted when left out.

    Raises:
        ValueError: a number is not finite.

    >>> counts, edges, zeros = histogram([0.0, 0.0, 0.0, 1.0, 2.0, 3.0], bins=2)
    >>> counts.tolist(), edges.tolist(), zeros
    ([1, 2], [1.0, 2.0, 3.0], 3)
    """
    x = plain_numbers(x).ravel()
    bad = x[~np.isfinite(x)]
    if len(bad):
        raise ValueError(f"histogram expected finite numbers, got {bad[0]} ({len(bad)} not finite)")
    zeros = 0
    if separate_zeros:
        zeros, x = int((x == 0).sum()), x[x != 0]
    if span is None:
        span = (float(x.min()), float(x.max())) if len(x) else (0.0, 1.0)
        if span[0] == span[1]:  # an interval around one number, of a width that floats can divide
            half = max(abs(span[0]), 1.0) / 2
            span = (span[0] - half, span[0] + half)
    counts, edges = np.histogram(x, bins, span)
    return counts, edges, zeros


def histograms(
    seen: Observation,
    of: str = "activations",
    *,
    bins: int = 50,
    separate_zeros: bool = True,
    layers: Any = None,
) -> Figure:
    """One histogram per layer, the first layer first, on one scale, so that widths can be compared.

    Args:
        seen: what `observe` gave.
        of: ``"activations"``, ``"gradients"`` (of the loss by each layer's output) or
            ``"parameter_gradients"``.
        bins: how many bars a histogram has.
        separate_zeros: leave exact zeros out of the bars and say above them how many there are, as the
            slides do for rectifiers.
        layers: the paths to draw; all when left out.

    >>> import nn
    >>> x, y = nn.data.two_moons(100, rng=0)
    >>> seen = nn.inspect.observe(nn.MLP(2, [8, 8, 2], rng=0), x)
    >>> figure = histograms(seen, layers=["layers.1", "layers.3"])
    >>> figure.axes[0].get_title().splitlines()[0]
    'layers.1 ReLU'

    Source: KTH DD2424, lecture 4.
    """
    if not isinstance(seen, Observation):
        raise TypeError(
            "histograms takes what observe gave, histograms(observe(model, x)), "
            f"got {type(seen).__name__}"
        )
    if of not in ("activations", "gradients", "parameter_gradients"):
        raise ValueError(
            f"of is 'activations', 'gradients' or 'parameter_gradients', got {of!r:.60}"
        )
    arrays: dict[str, Array] = getattr(seen, of)
    if not arrays:
        raise ValueError(f"there are no {of}: give observe a target and a loss")
    chosen = list(arrays) if layers is None else list(layers)
    missing = [name for name in chosen if name not in arrays]
    if missing or not chosen:
        raise ValueError(f"no layer {missing}; there are {', '.join(arrays)}")
    # The scale of the widest layer; one where most numbers lie, when a few are far out.
    shown = [arrays[name].ravel() for name in chosen]
    shown = [a[a != 0] if separate_zeros else a for a in shown]
    least = min((float(np.quantile(a, 0.001)) for a in shown if len(a)), default=0.0)
    most = max((float(np.quantile(a, 0.999)) for a in shown if len(a)), default=1.0)
    if least == most:
        least, most = least - 0.5, most + 0.5
    columns = min(len(chosen), 4)
    rows = -(-len(chosen) // columns)
    figure = new_figure(2.9 * columns + 0.3, 2.4 * rows + 0.3)
    grid = figure.subplots(rows, columns, squeeze=False)
    color = BLUE if of == "activations" else ORANGE
    for axes in grid.flat[len(chosen) :]:
        axes.set_axis_off()
    for axes, name in zip(grid.flat, chosen, strict=False):
        a = arrays[name]
        counts, edges, zeros = histogram(a, bins, separate_zeros=separate_zeros, span=(least, most))
        axes.stairs(counts / a.size, edges, fill=True, color=color)
        told = f"mean {a.mean():.2g}, std {a.std():.2g}"
        if separate_zeros and zeros:
            told += f"\n{zeros / a.size:.1%} zeros, not drawn"
        axes.set_title(f"{name} {seen.kinds.get(name, '')}".rstrip() + f"\n{told}", fontsize=9)
        axes.set_xlim(least, most)
        axes.set_ylim(bottom=0)
        axes.tick_params(labelsize=8)
        axes.xaxis.get_major_locator().set_params(nbins=4)
        axes.yaxis.get_major_locator().set_params(nbins=4)
        plain(axes)
    words = {
        "activations": "activation",
        "gradients": "derivative of the loss by the activation",
        "parameter_gradients": "derivative of the loss by the parameter",
    }
    figure.supxlabel(words[of], fontsize=9, color=GREY)
    figure.supylabel("fraction", fontsize=9, color=GREY)
    return figure
