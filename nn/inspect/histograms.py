"""Histograms of what flows through each layer, forward and backward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.inspect.figures import BLUE, GREY, ORANGE, new_figure, plain
from nn.inspect.layers import Observation
from nn.metrics import plain_numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    one_scale: bool = True,
    span: Any = None,
    log: bool = False,
    axes: Any = None,
) -> Figure:
    """One histogram per layer, the first layer first; on one scale, so that widths can be compared.

    Panels that have an axis in common share its numbers too: they stand below the lowest of a column and
    left of the first of a row. Heights have one scale unless the highest bar of one panel is more than
    five times that of another, which would be flat.

    Args:
        seen: what `observe` gave.
        of: ``"activations"``, ``"gradients"`` (of the loss by each layer's output) or
            ``"parameter_gradients"``.
        bins: how many bars a histogram has.
        separate_zeros: leave exact zeros out of the bars and say above them how many there are, as the
            slides do for rectifiers.
        layers: the paths to draw; all when left out. A dict says what each is called in its title.
        one_scale: whether all panels have the same horizontal axis; otherwise each has its own range.
        span: (least, greatest) of all horizontal axes, whatever the numbers are.
        log: a logarithmic vertical axis, which shows the tails.
        axes: matplotlib axes to draw in, one for each layer: a row of a larger figure; a figure of its
            own when left out.

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
    called = {name: f"{name} {seen.kinds.get(name, '')}".rstrip() for name in chosen}
    called.update(layers if isinstance(layers, Mapping) else {})
    shown = {name: arrays[name].ravel() for name in chosen}
    shown = {name: a[a != 0] if separate_zeros else a for name, a in shown.items()}
    panels, small, figure = panels_for(len(chosen), axes)
    tops = []
    for panel, name in zip(panels, chosen, strict=True):
        a = arrays[name]
        least, most = span or bounds(list(shown.values()) if one_scale else [shown[name]])
        counts, edges, zeros = histogram(a, bins, separate_zeros=separate_zeros, span=(least, most))
        panel.stairs(
            counts / a.size, edges, fill=True, color=BLUE if of == "activations" else ORANGE
        )
        told = f"std {a.std():.2g}" if small else f"mean {a.mean():.2g}, std {a.std():.2g}"
        if separate_zeros and zeros:
            told += f"\n{zeros / a.size:.1%} zeros" + ("" if small else ", not drawn")
        panel.set_title(f"{called[name]}\n{told}", fontsize=8 if small else 9)
        panel.set_xlim(least, most)
        if log:
            # Not from the data: those of a layer that passes nothing on have no height.
            panel.set_autoscaley_on(False)
            panel.set_yscale("log")
            panel.set_ylim(0.5 / max(arrays[name].size for name in chosen), 1)
        else:
            panel.set_yscale("linear")
            panel.set_ylim(bottom=0)
            panel.yaxis.get_major_locator().set_params(nbins=4)
        tops.append(panel.get_ylim()[1])
        panel.tick_params(labelsize=7 if small else 9)
        panel.xaxis.get_major_locator().set_params(nbins=2 if small else 4)
        if small:
            # 0.05 as 5 of 1e-2: three numbers fit beside each other.
            panel.ticklabel_format(axis="x", scilimits=(-1, 3))
            panel.xaxis.get_offset_text().set_fontsize(7)
            panel.minorticks_off()
        plain(panel)
    together = log or max(tops) <= 5 * min(tops)
    columns = len(panels) if axes is not None else min(len(panels), MOST)
    for i, panel in enumerate(panels):
        if together and not log:
            panel.set_ylim(0, max(tops))
        above_another = axes is None and i + columns < len(panels)
        panel.tick_params(
            labelleft=not together or i % columns == 0,
            labelbottom=not ((one_scale or span is not None) and above_another),
        )
    if axes is None:
        figure.supxlabel(WORDS[of], fontsize=10, color=GREY)
        figure.supylabel("fraction", fontsize=10, color=GREY)
    else:
        # Beside the middle, and below the powers of ten that a panel may have there.
        panels[len(panels) // 2].set_xlabel(WORDS[of], fontsize=9, color=GREY, labelpad=12)
        panels[0].set_ylabel("fraction", fontsize=9, color=GREY)
    return figure


MOST = 4
"""Panels that stand side by side."""

WORDS = {
    "activations": "activation",
    "gradients": "derivative of the loss by the activation",
    "parameter_gradients": "derivative of the loss by the parameter",
}
"""What the horizontal axis shows."""


def panels_for(count: int, axes: Any) -> tuple[list[Any], bool, Figure]:
    """(the axes to draw in, whether they are small, their figure)."""
    if axes is not None:
        panels = list(np.asarray(axes, dtype=object).flat)
        if len(panels) != count:
            raise ValueError(
                f"histograms of {count} layers expected {count} axes, got {len(panels)}"
            )
        return panels, True, panels[0].figure
    columns = min(count, MOST)
    rows = -(-count // columns)
    # As wide as the column of a notebook, so that its text is read there at the size it has.
    figure = new_figure(2.35 * columns + (0.5 if columns > 2 else 1.2), 2.2 * rows + 0.4)
    grid = figure.subplots(rows, columns, squeeze=False)
    for spare in grid.flat[count:]:
        spare.set_axis_off()
    return list(grid.flat[:count]), False, figure


def bounds(arrays: list[Array]) -> tuple[float, float]:
    """The scale of the widest layer; one where most numbers lie, when a few are far out."""
    least = min((float(np.quantile(a, 0.001)) for a in arrays if len(a)), default=0.0)
    most = max((float(np.quantile(a, 0.999)) for a in arrays if len(a)), default=1.0)
    return (least, most) if least != most else (least - 0.5, most + 0.5)
