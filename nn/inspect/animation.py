"""Training as a moving picture: the curve as it grows, and the boundary as it bends."""

from __future__ import annotations

import base64
import html
import json
from io import BytesIO
from typing import Any, Protocol

import numpy as np

from autograd import DARK, LIGHT, html_page
from nn.inspect.boundary import Plane, Snapshot
from nn.inspect.figures import new_figure
from nn.inspect.training import draw_curve, epoch_length, metrics_of


class Animated(Protocol):
    """What is animated: the `nn.training.History` of a run."""

    steps: dict[str, list[float]]
    epochs: dict[str, list[Any]]
    snapshots: list[Snapshot]
    plane: Plane | None


class Scene:
    """A figure of a history that can be set to any moment of it.

    Left is the loss; right the boundary where there are snapshots of it, else the first metric.

    Args:
        history: what happened.
        epochs: how many there will be; those of the history when left out.
        pace: how many steps an epoch has; as far as the history tells when left out.
        boundary: whether there is one.
    """

    def __init__(
        self,
        history: Animated,
        epochs: int | None = None,
        pace: float | None = None,
        boundary: bool = True,
    ) -> None:
        self.history = history
        self.plane = history.plane if boundary else None
        made, count = len(history.steps["loss"]), len(history.epochs.get("loss", ()))
        self.pace = pace or max(1.0, epoch_length(history.epochs, made, count))
        self.epochs = epochs or max(count, 1)
        metrics = metrics_of(history.steps)
        two = self.plane is not None or metrics
        self.figure = new_figure(9.6 if two else 5.2, 4.4 if self.plane is not None else 3.4)
        panels = self.figure.subplots(1, 2 if two else 1, squeeze=False)[0]
        curves = [(panels[0], "loss")]
        self.axes: Any = None
        if self.plane is not None:
            self.axes = panels[1]
        elif metrics:
            curves.append((panels[1], metrics[0]))
        self.lines = []
        for axes, name in curves:
            drawn = draw_curve(axes, name, history.steps, history.epochs, self.pace)
            self.lines += [(line, *line.get_data()) for line in drawn]
        self.threshold = threshold_of(history)

    def at(self, snapshot: Snapshot) -> None:
        """Set the figure to a moment: what came later is not there yet."""
        epoch = snapshot.step / self.pace
        for line, xs, ys in self.lines:
            known = int(np.searchsorted(xs, epoch + 1e-9, side="right"))
            line.set_data(xs[:known], ys[:known])
        self.figure.suptitle(
            f"Epoch {min(int(epoch) + (epoch % 1 > 1e-9), self.epochs)} of {self.epochs}, "
            f"step {snapshot.step:,}",
            fontsize=11,
        )
        if self.plane is not None and snapshot.scores is not None:
            for artist in (*self.axes.images, *self.axes.collections, *self.axes.lines):
                artist.remove()
            self.plane.draw(self.axes, snapshot.scores, self.threshold)


def threshold_of(history: Animated) -> float:
    """What one score is held against: 0.5 where all that were given are probabilities of 0 and 1."""
    scores = [s.scores for s in history.snapshots if s.scores is not None]
    signs = history.plane is not None and history.plane.signs
    if signs or not all(each.min() >= 0 and each.max() <= 1 for each in scores):
        return 0.0
    return 0.5


def frames(history: Animated, boundary: bool) -> list[Any]:
    """The pictures of a history in order, as images of one size."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    moments = history.snapshots
    made = len(history.steps["loss"])
    if len(moments) < 2:
        moments = [Snapshot(int(k), None) for k in np.unique(np.linspace(0, made, 61).astype(int))]
    scene = Scene(history, boundary=boundary)
    scene.at(moments[-1])
    canvas: Any = FigureCanvasAgg(scene.figure)
    canvas.draw()
    scene.figure.set_layout_engine("none")  # nothing moves from one picture to the next
    images = []
    for moment in moments:
        scene.at(moment)
        canvas.draw()
        images.append(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"))
    return images


def as_gif(images: list[Any], fps: float) -> bytes:
    """Images as a GIF that begins anew, after a rest on the last one."""
    picture = BytesIO()
    lasting = [round(1000 / fps)] * (len(images) - 1) + [2000]
    first, *others = images
    first.save(
        picture,
        "GIF",
        save_all=True,
        append_images=others,
        duration=lasting,
        loop=0,
        optimize=False,
    )
    return picture.getvalue()


STYLE = f"""
body {{ margin: 0; font: 15px Helvetica, Arial, sans-serif }}
body {{ background: {LIGHT.background}; color: {LIGHT.text} }}
main {{ margin: 0 auto; padding: 8px }}
img {{ display: block; width: 100%; height: auto }}
.bar {{ display: flex; gap: 8px; align-items: center }}
button {{ font: inherit; min-width: 44px; min-height: 40px }}
input {{ flex: 1; min-width: 60px }}
@media (prefers-color-scheme: dark) {{ body {{ background: {DARK.background}; color: {DARK.text} }} }}
"""

BODY = """<main style="max-width: {width}px">
<img id="picture" alt="{title}" src="data:image/png;base64,{last}">
<div class="bar">
<button id="play" type="button" aria-label="play or pause">&#9654;</button>
<input id="place" type="range" min="0" max="{most}" value="{most}" aria-label="moment">
</div>
</main>
<script>
(() => {{
  const frames = {frames};
  const picture = document.getElementById("picture");
  const place = document.getElementById("place");
  const play = document.getElementById("play");
  let timer = null;
  const show = k => {{ place.value = k; picture.src = "data:image/png;base64," + frames[k]; }};
  const stop = () => {{ clearInterval(timer); timer = null; play.textContent = "\\u25B6"; }};
  const step = () => {{ const k = +place.value + 1; if (k < frames.length) show(k); else stop(); }};
  play.onclick = () => {{
    if (timer !== null) return stop();
    if (+place.value === frames.length - 1) show(0);
    play.textContent = "\\u23F8";
    timer = setInterval(step, {pause});
  }};
  place.oninput = () => {{ stop(); show(+place.value); }};
}})();
</script>"""


def as_html(images: list[Any], fps: float, title: str) -> bytes:
    """Images as a page with a slider, which needs no network and no other file."""
    texts = []
    for image in images:
        picture = BytesIO()
        image.quantize(128).save(picture, "PNG")
        texts.append(base64.b64encode(picture.getvalue()).decode())
    body = BODY.format(
        title=html.escape(title),
        width=images[0].width,
        last=texts[-1],
        most=len(texts) - 1,
        frames=json.dumps(texts),
        pause=round(1000 / fps),
    )
    return html_page(title, body, style=STYLE)
