"""The playground: a network of one's own that learns in a page, in front of the reader."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import DARK, LIGHT, asset, ground, html_page, inert, script, write_as
from nn.arguments import number, one_of, positive, whole
from nn.layers.normalisation import BatchNorm1d
from nn.live.given import Task, task_of
from nn.live.still import still_picture
from nn.module import Module
from nn.training.checks import made_optimizer

if TYPE_CHECKING:
    from pathlib import Path

Array = np.ndarray[Any, Any]

NAMES = {"sgd": "SGD", "momentum": "momentum 0.9", "nesterov": "Nesterov 0.9", "adam": "Adam"}
"""What the optimisers of every page are called there."""

RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
PENALTIES = (0.0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
BATCHES = (1, 2, 5, 10, 20, 50, 100)
NOISES = (0.05, 0.1, 0.2, 0.4)
"""Standard deviations of noise, as parts of the width of the points."""


@cache
def assets() -> tuple[str, str]:
    """The script and the style sheet."""
    parts = (asset("blocks.js"), asset("drawing.js", "nn.live"), asset("playground.js", "nn.live"))
    light = f".playground {{ {LIGHT.variables()} color-scheme: light; }}"
    dark = f'.playground[data-theme="dark"] {{ {DARK.variables()} color-scheme: dark; }}'
    return "\n".join(parts), "\n".join([light, dark, asset("playground.css", "nn.live")])


def playground(
    model: Module | Callable[[int], Module] | Mapping[str, Module],
    loss: Callable[[Any, Any], Any],
    data: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    validation: Any = None,
    optimizer: Any = "sgd",
    lr: float | None = None,
    l2: float = 0.0,
    batch_size: int | None = None,
    rng: int = 0,
    seeds: int = 10,
    threshold: float | None = None,
    theme: str = "auto",
    title: str | None = None,
) -> Playground:
    """A page in which a network of your own learns: its map, its units, its weights and its loss, live.

    The reader trains it, pauses, makes one step or one epoch, starts anew; sets the rate η, the
    penalty λ, the batch, noise, the seed and the optimiser; and adds points. The derivatives are those
    of this library, written in JavaScript: with all points in a batch, steps are those of `nn.fit`.

    Args:
        model: a Module of 1 or 2 inputs; or a function of a seed that makes one, ``lambda seed:
            nn.MLP(2, [8, 1], rng=seed)``: then the page has the networks of the first seeds, drawn here,
            so that seed 3 is the same network in Python. Or several that differ in their numbers only,
            by names among which the reader chooses: ``{"He": ..., "zeros": ...}``.
        loss: called ``loss(prediction, target)``, without a penalty on weights: the page has its λ.
        data: a pair (x, y), up to 2,000 points of shape (n, 2), or (n, 1) for a curve. Targets are
            classes (indices, 0 and 1, −1 and 1, distributions), or numbers.
        path: where to write the page, a name that ends in .html; nowhere when left out: a notebook
            shows what is returned.
        validation: as for `fit`, a pair that is measured and not trained on, or the part of the data
            that is held out, 0.2.
        optimizer: ``"sgd"``, ``"momentum"`` (μ = 0.9), ``"nesterov"`` (the same) or ``"adam"`` to begin
            with; or what `fit` takes, ``lambda p: nn.optim.RMSprop(p)``, which then joins these four.
        lr: the learning rate η to begin with; the optimiser's own when left out.
        l2: λ of the penalty λ‖W‖² (`nn.regularisers.l2`) to begin with.
        batch_size: points in a step, to begin with; all of them when left out.
        rng: the seed to begin with; it also draws what is held out.
        seeds: how many networks the page has, of a function of a seed.
        threshold: of one output, what separates class 0 from 1; when left out, where the loss of both is
            the same: 0 for logits and margins, ½ for probabilities.
        theme: ``"light"``, ``"dark"``, or ``"auto"``: as the notebook or the browser is.
        title: what stands above; when left out, what the network is.

    Returns:
        A `Playground`: a notebook shows it, ``.save("page.html")`` writes it, ``.html`` is the block.

    Noise and the order of batches are drawn in the page, from the seed, with other numbers than NumPy's.
    The model is only read. In a notebook that is not trusted there is a picture of it instead.

    Raises:
        ValueError: a model, data or a loss of another shape, too many points or parameters, numbers that
            are not finite, or a name with another ending.
        TypeError: something that is no model, no loss, no data.

    >>> import nn
    >>> x, y = nn.data.two_moons(100, rng=0)
    >>> model = nn.MLP(2, [8, 2], activation="tanh", rng=0)
    >>> page = playground(model, nn.cross_entropy, (x, y), validation=0.2, lr=0.3)
    >>> page
    <Playground of MLP, 42 parameters, 80 points to train on: .save("page.html"), .html>
    """
    # Here, so that nobody waits for these files who makes no page.
    from nn.training.in_javascript import OPTIMIZERS, engine_of

    one_of(theme, ("auto", "light", "dark"), "theme of playground")
    if title is not None and not isinstance(title, str):
        raise TypeError(f"title of playground is a text, not {title!r:.60}")
    if isinstance(loss, type) or not callable(loss):
        raise TypeError(
            f"playground takes a loss that can be called, as nn.cross_entropy, got {loss!r:.60}"
        )
    whole(rng, "rng of playground, a seed,", 0)
    models = networks(model, {*range(whole(seeds, "seeds of playground")), rng})
    first = models[rng] if rng in models else next(iter(models.values()))
    if threshold is not None:
        threshold = number(threshold, "threshold of playground", -math.inf)
    task = task_of(first, loss, data, validation, rng, threshold)
    rules = dict(OPTIMIZERS)
    rule = optimizer if isinstance(optimizer, str) and optimizer in rules else None
    own = made_optimizer(rules[rule] if rule else optimizer, first)
    if rule is None:
        rule = type(own).__name__
        rules[rule] = optimizer
    settings: dict[str, Any] = {
        "optimizer": rule,
        "lr": positive(own.lr if lr is None else lr, "lr of playground"),
        "l2": number(l2, "l2 of playground"),
        "batch": 0,
        "noise": 0,
        "seed": rng,
        "speed": "epoch",
    }
    if isinstance(model, Mapping):
        settings["start"] = next(iter(models))
    if batch_size is not None and whole(batch_size, "batch_size of playground") < task.count:
        settings["batch"] = batch_size
    engine = engine_of(first, loss, task.train.x, task.train.y, rules)
    made = Playground(first, models, loss, task, settings, engine, theme, title)
    if path is not None:
        made.save(path)
    return made


class Playground:
    """A network that learns in the reader's browser: made by `playground`.

    The block needs no network, no kernel and no other file. Where scripts do not run, there is a
    picture of the map as it was in Python.

    >>> import nn
    >>> data = [[-1.0], [0.0], [1.0]], [[1.0], [0.0], [1.0]]
    >>> page = nn.playground(nn.MLP(1, [4, 1], rng=0), nn.mse, data)
    >>> page.html.startswith("<div data-playground=")
    True
    """

    def __init__(
        self,
        model: Module,
        models: Mapping[Any, Module],
        loss: Callable[[Any, Any], Any],
        task: Task,
        settings: dict[str, Any],
        engine: str,
        theme: str,
        title: str | None,
    ) -> None:
        self._model, self._loss, self._task = model, loss, task
        self._starts = {name: flat(each) for name, each in models.items() if name is not None}
        self._settings, self._engine, self._theme = settings, engine, theme
        kind = type(model).__name__
        count = sum(parameter.size for parameter in model.parameters())
        self._what = f"{kind}, {count:,} parameters, {task.count:,} points to train on"
        self._title = title or f"{kind} of {count:,} parameters"
        self._still = still_picture(model, task, self._title)

    def __repr__(self) -> str:
        return f'<Playground of {self._what}: .save("page.html"), .html>'

    @property
    def html(self) -> str:
        """The block: one self-contained piece of HTML, the same for the same network and points."""
        code, style = assets()
        data = json.dumps(self._data(style), ensure_ascii=False, separators=(",", ":"))
        key = hashlib.sha256((code + self._engine + data).encode()).hexdigest()[:12]
        start = f"begin('[data-playground=\"{key}\"]', (host) => {{"
        start += f"host.playground = new Playground(host, {self._engine}); }});"
        picture = base64.b64encode(self._still.encode()).decode()
        return (
            f'<div data-playground="{key}" data-lm-suppress-shortcuts="true">'
            f'<img alt="{html.escape(self._alt())}" style="max-width: 100%; background: white" '
            f'src="data:image/svg+xml;base64,{picture}">'
            f'<script type="application/json" data-playground-data>{inert(data)}</script></div>\n'
            f"<script>{script(code, start)}</script>"
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a page that holds the block, and nothing else is needed to open it.

        Raises:
            ValueError: the name does not end in .html or .htm.
            OSError: the file cannot be written.
        """

        def page() -> bytes:
            style = f"{ground(self._theme)} body {{ margin: 0; padding: 8px }}"
            return html_page(self._title, self.html, style=style)

        return write_as(path, "a playground", {".html": page, ".htm": page})

    def _alt(self) -> str:
        """The still picture in words."""
        task = self._task
        count = f"{task.count:,} points"
        if task.inputs == 1:
            return f"{self._title}: its output over x, and {count}"
        what = "its numbers" if task.classes is None else "the region of each class"
        return f"{self._title}: {what} in the plane, and {count}"

    def _data(self, style: str) -> dict[str, Any]:
        """What the script reads."""
        task, settings = self._task, self._settings
        spread = float(np.ptp(task.train.x, axis=0).max()) or 1.0
        seeds = list(self._starts) or range(10)
        layers = ", ".join(
            f"{type(each).__name__}({each.describe()})"
            for _, each in self._model.named_modules()
            if len(each.modules()) == 1
        )
        of = getattr(self._loss, "__name__", type(self._loss).__name__)
        return {
            "title": self._title,
            "about": f"{layers}; loss {of}. Point at a unit, or at a line between two.",
            "theme": self._theme,
            "colours": LIGHT.series,
            "inputs": ["x₁", "x₂"][: task.inputs] if task.inputs == 2 else ["x"],
            "outputs": task.outputs,
            "classes": None if task.classes is None else task.classes.tolist(),
            "labels": labels(task),
            "threshold": task.threshold,
            "probabilities": task.probabilities,
            "shown": shown(task),
            "width": task.train.targets.shape[1],
            "range": task.target_range,
            "ranges": task.ranges(),
            "train": packed(task.train),
            "held": task.held and packed(task.held),
            "names": [name for name, _ in self._model._named_leaves()],
            "starts": {str(name): packed_numbers(start) for name, start in self._starts.items()},
            "settings": settings,
            # The moments of one instance are none.
            "least": 2 if any(isinstance(m, BatchNorm1d) for m in self._model.modules()) else 1,
            "choices": {
                "lr": with_own(RATES, settings["lr"]),
                "l2": with_own(PENALTIES, settings["l2"]),
                "batch": [
                    *with_own([b for b in BATCHES if b < task.count], settings["batch"] or 1),
                    0,
                ],
                "noise": [0, *(float(f"{spread * each:.1g}") / 4 for each in NOISES)],
                "seed": with_own(seeds if "start" not in settings else range(10), settings["seed"]),
                "start": [str(name) for name in self._starts],
                "optimizer": [
                    [name, NAMES.get(name, name)]
                    for name in dict.fromkeys([*NAMES, settings["optimizer"]])
                ],
            },
            "css": style,
        }

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": repr(self)}


def networks(model: Any, seeds: Iterable[int]) -> dict[Any, Module]:
    """The networks that a page can start from: by name, by seed, or the one there is, by None."""
    if isinstance(model, Module):
        return {None: model}
    made: dict[Any, Any]
    if isinstance(model, Mapping) and model:
        made = {str(name): each for name, each in model.items()}
    elif callable(model) and not isinstance(model, type):
        made = {seed: model(seed) for seed in sorted(seeds)}
    else:
        raise TypeError(
            "playground takes a Module; or a function of a seed that makes one, as "
            "lambda seed: nn.MLP(2, [8, 1], rng=seed); or a dict of Modules by name; "
            f"got {model!r:.60}"
        )
    for name, each in made.items():
        if not isinstance(each, Module):
            raise TypeError(
                "playground: a function of a seed makes a Module, as lambda seed: "
                f"nn.MLP(2, [8, 1], rng=seed), and a dict holds them, got {type(each).__name__} "
                f"for {name!r:.40}"
            )
    kinds = {repr(each) for each in made.values()}
    if len(kinds) > 1:
        raise ValueError(
            "playground: networks to start from differ in their numbers only, got\n"
            + "\n".join(sorted(kinds)[:2])
        )
    return made


def flat(model: Module) -> Array:
    """All numbers of a network, its parameters and its buffers, in a row."""
    return np.concatenate([np.ravel(leaf.data) for _, leaf in model._named_leaves()]).astype(float)


def packed_numbers(x: Array) -> str:
    """Numbers as text without a loss: the bytes of doubles."""
    return base64.b64encode(np.ascontiguousarray(x, dtype="<f8").tobytes()).decode()


def packed(part: Any) -> dict[str, Any]:
    """Points as text."""
    return {"n": len(part.x), "x": packed_numbers(part.x), "y": packed_numbers(part.targets)}


def labels(task: Task) -> list[str]:
    """What each class is called."""
    if task.classes is None:
        return []
    names = range(len(task.classes)) if task.classes.shape[1] > 1 else task.classes[:, 0]
    return [f"class {name:g}".replace("-", "−") for name in names]


def shown(task: Task) -> str:
    """What the map shows, in words."""
    if task.inputs == 1:
        return "Output over x"
    return "Output" if task.classes is None else "Region of each class"


def with_own(choices: Sequence[float], own: float) -> list[float]:
    """Choices in order, the given one among them."""
    return sorted({*choices, own})
