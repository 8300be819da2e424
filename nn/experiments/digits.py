"""The experiments behind ``python -m nn digits``: digits, one digit or not, and none of the above."""

from __future__ import annotations

import errno
import io
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import autograd
import nn
import nn.schedules
from nn.data.batching import Batches
from nn.module import modes_kept
from nn.training.checks import optimizers
from nn.trial import untouched

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]

# Found by trying twenty seeds: noise on the images regularises more than any weight penalty does.
HIDDEN = [128]
BATCH = 32  # such small products stay on one thread, which is fastest, above all on a busy machine
RATE, MOMENTUM, PENALTY, NOISE = 0.1, 0.9, 3e-4, 0.25

FILES = {
    "learning-curve.svg": "loss and accuracy after each epoch",
    "mistakes.svg": "the confusion matrix and the worst mistakes",
    "network.svg": "the graph of one mini-batch's loss",
    "weights.npz": "the weights, by name: numpy.load",
}
"""What a run leaves in its folder."""

RATES = {"adadelta": 6.0, "adagrad": 0.1, "adam": 0.008, "adamw": 0.008, "rmsprop": 0.006}
"""The learning rates that other optimisers start from; that of a newer one is Adam's."""


@dataclass(frozen=True)
class Choices:
    """What the command line chose.

    Attributes:
        loss: ``"cross-entropy"`` or ``"kl"``.
        binary: the digit that is told from all others by one sigmoid output, or None.
        none_of_above: whether there is an eleventh output for what is no digit.
        optimizer, schedule, init, norm: names; None is the default of `MLP`.
    """

    loss: str = "cross-entropy"
    binary: int | None = None
    none_of_above: bool = False
    optimizer: str = "sgd"
    schedule: str = "cosine"
    init: str | None = None
    norm: str | None = None


# --- names, looked up in what nn offers ----------------------------------------


def make_optimizer(name: str, parameters: list[Any], schedule: str) -> Any:
    """An optimiser with a rate that suits the digits."""
    make = optimizers()[name]
    if name == "sgd":
        # A rate that stays high to the end leaves the weights shaking: half of it is better there.
        rate = RATE / 2 if schedule in ("constant", "warm-up") else RATE
        return make(parameters, lr=rate, momentum=MOMENTUM)
    return make(parameters, lr=RATES.get(name, RATES["adam"]))


def constant(optimizer: Any, epochs: int, steps: int) -> tuple[Any, str]:
    """The same rate from first to last."""
    return None, "epoch"


def cosine(optimizer: Any, epochs: int, steps: int) -> tuple[Any, str]:
    """Half a cosine, from epoch to epoch, down to 0 after the last one."""
    top = float(optimizer.lr)
    return lambda step: top * (1 + math.cos(math.pi * (step // steps) / epochs)) / 2, "epoch"


CLASSES: dict[str, tuple[str, str, Callable[[float, int, int], dict[str, Any]]]] = {
    "step": (
        "StepLR",
        "epoch",
        lambda top, epochs, steps: {"step_size": max(1, epochs // 3), "gamma": 0.2},
    ),
    "exponential": (
        "ExponentialLR",
        "epoch",
        lambda top, epochs, steps: {"gamma": 0.02 ** (1 / epochs)},
    ),
    "warm-up": (
        "LinearLR",
        "epoch",
        lambda top, epochs, steps: {"start_factor": 0.1, "total_iters": min(5, epochs)},
    ),
    "cyclical": (
        "CyclicLR",
        "step",
        lambda top, epochs, steps: {
            "base_lr": top / 100,
            "max_lr": top,
            "step_size_up": max(1, epochs * steps // 8),
            "cycle_momentum": False,  # some optimisers have none
        },
    ),
    "one-cycle": (
        "OneCycleLR",
        "step",
        lambda top, epochs, steps: {
            "max_lr": 2 * top,
            "total_steps": epochs * steps + 1,
            "cycle_momentum": False,
        },
    ),
    "plateau": ("ReduceLROnPlateau", "epoch", lambda top, epochs, steps: {"patience": 2}),
}
"""Schedules of `nn.schedules`: class, when it advances, options from (rate, epochs, steps per epoch)."""


def schedules() -> dict[str, Callable[[Any, int, int], tuple[Any, str]]]:
    """Functions (optimiser, epochs, steps per epoch) -> (schedule for `fit`, when it advances)."""
    known: dict[str, Callable[[Any, int, int], tuple[Any, str]]]
    known = {"constant": constant, "cosine": cosine}
    offered = nn.schedules
    for name, (title, every, options) in CLASSES.items():
        make = getattr(offered, title, None)
        if make is not None:
            known[name] = made_by(make, every, options)
    return known


def made_by(
    make: Any, every: str, options: Callable[[float, int, int], dict[str, Any]]
) -> Callable[[Any, int, int], tuple[Any, str]]:
    """The function that makes schedules of one class."""
    return lambda optimizer, epochs, steps: (
        make(optimizer, **options(float(optimizer.lr), epochs, steps)),
        every,
    )


# --- data ----------------------------------------


class NoisyBatches(Batches):
    """Mini-batches with noise on the inputs; `x` and `y`, which are measured, stay clean."""

    def __iter__(self) -> Iterator[Pair]:
        for x, y in super().__iter__():
            yield x + self._rng.normal(0, NOISE, x.shape), y


def non_digits(x: Any, y: Any, n: int, rng: np.random.Generator) -> Array:
    """n patterns that are no digits: half are images with shuffled pixels, half two digits at once.

    A shuffled image keeps its ink and loses its strokes. A mixed one has, in each pixel, the darker of
    two images of different digits: it keeps the strokes. Only the given images are used, so patterns of
    a training part hold nothing of a held-out one.
    """
    shuffled = rng.permuted(x[rng.integers(len(x), size=n // 2)], axis=1)
    first = rng.integers(len(x), size=n - n // 2)
    second = np.array([rng.choice(np.flatnonzero(y != y[i])) for i in first])
    return np.concatenate([shuffled, np.maximum(x[first], x[second])])


# --- a run ----------------------------------------


class DigitsRun:
    """One training run on the digits: the data, the model, and how it fares after each epoch."""

    def __init__(self, seed: int, choices: Choices | None = None) -> None:
        self.choices = choices = choices or Choices()
        self.rng = np.random.default_rng(seed)
        (self.x, self.y), (self.held_x, self.held_y) = nn.data.split(
            *nn.data.digits(), 0.2, self.rng, stratify=True
        )
        self.names = [str(digit) for digit in range(10)]
        if choices.binary is not None:
            self.names = [f"not {choices.binary}", str(choices.binary)]
            self.y, self.held_y = (
                (y == choices.binary).astype(np.int64) for y in (self.y, self.held_y)
            )
        elif choices.none_of_above:
            self.names.append("none")
            # Of a generator of their own, so that the split and the weights are those of ten classes.
            patterns = np.random.default_rng([seed, 11])
            self.x, self.y = with_patterns(self.x, self.y, patterns)
            self.held_x, self.held_y = with_patterns(self.held_x, self.held_y, patterns)
        outputs = 1 if choices.binary is not None else len(self.names)
        options: dict[str, Any] = {"init": choices.init, "norm": choices.norm}
        chosen = {name: x for name, x in options.items() if x is not None}
        self.widths = [*HIDDEN, outputs]
        self.model = nn.MLP(self.x.shape[1], self.widths, rng=self.rng, **chosen)
        self.losses: dict[str, list[float]] = {"training": [], "held out": []}
        self.accuracies: dict[str, list[float]] = {"training": [], "held out": []}

    def loss(self, prediction: Any, y: Any) -> Any:
        """The chosen divergence; L2 regularisation as well in training mode, not when it is measured."""
        y = np.asarray(y)
        if self.choices.binary is not None:
            targets = y.reshape(prediction.shape).astype(np.float64)
            divergence = nn.losses.binary_kl_divergence_with_logits(prediction, targets)
        elif self.choices.loss == "kl":
            divergence = nn.losses.kl_divergence_with_logits(prediction, np.eye(len(self.names))[y])
        else:
            divergence = nn.cross_entropy(prediction, y)
        if not self.model.training:
            return divergence
        return divergence + nn.regularisers.l2(self.model, PENALTY)

    def train(self, epochs: int) -> None:
        """Mini-batch descent. Both parts are measured after each epoch; no epoch is chosen by them."""
        choices = self.choices
        optimizer = make_optimizer(choices.optimizer, self.model.parameters(), choices.schedule)
        data = NoisyBatches(self.x, self.y, BATCH, self.rng)
        schedule, every = schedules()[choices.schedule](optimizer, epochs, len(data))
        callbacks = []
        if choices.schedule == "plateau":
            # Fit would give it the held-out loss, which must not steer the training that it judges.
            plateau, schedule = schedule, None

            def by_training_loss(event: nn.training.Event) -> None:
                if event.kind == "epoch":
                    plateau.step(event.loss)

            callbacks.append(by_training_loss)
        self.history = nn.fit(
            self.model,
            self.loss,
            data,
            optimizer=optimizer,
            epochs=epochs,
            validation=(self.held_x, self.held_y),
            metrics={"accuracy": nn.metrics.accuracy},
            schedule=schedule,
            schedule_every=every,
            callbacks=callbacks,
        )
        noted = self.history.epochs
        for part, prefix in (("training", ""), ("held out", "validation ")):
            self.losses[part] = noted.get(f"{prefix}loss", [])
            self.accuracies[part] = noted.get(f"{prefix}accuracy", [])

    def probabilities(self, x: Any) -> Array:
        """(instances, classes), in evaluation mode; of one output, those of no and yes."""
        with modes_kept(self.model), autograd.no_grad():
            logits = self.model.eval()(x)
            if self.choices.binary is None:
                told: Array = nn.softmax(logits).numpy()
            else:
                told = np.concatenate(
                    [nn.sigmoid(-logits).numpy(), nn.sigmoid(logits).numpy()], axis=1
                )
        return told

    def predicted(self, x: Any) -> Array:
        """The class of each instance."""
        classes: Array = self.probabilities(x).argmax(axis=1)
        return classes

    # --- reports ----------------------------------------

    def binary_report(self) -> list[str]:
        """Accuracy beside what is had for nothing, precision and recall, on the held-out part."""
        predicted, truth = self.predicted(self.held_x), self.held_y
        positives = int(truth.sum())
        majority = int(np.argmax(np.bincount(self.y, minlength=2)))
        baseline = float((truth == majority).mean())
        precision, recall = nn.metrics.precision_and_recall(predicted, truth)
        (_, false), (missed, hits) = nn.metrics.confusion_matrix(predicted, truth, 2).tolist()
        digit = (
            f"an {self.choices.binary}" if self.choices.binary == 8 else f"a {self.choices.binary}"
        )
        return [
            f"majority baseline {baseline:.2%} (always {self.names[majority]!r}: "
            f"{positives} of {len(truth)} held-out images are {digit})",
            f"precision {precision:.2%} ({hits} of {hits + false} taken for {digit} are one)",
            f"recall {recall:.2%} ({hits} of {hits + missed} that are {digit} were found)",
        ]

    def write(self, out: Path) -> list[tuple[Path, str]]:
        """Write what there is to see, and the weights: the files and what they show."""
        files = [(out / name, what) for name, what in FILES.items()]
        curve, matrix, graph, weights = (path for path, _ in files)
        nn.inspect.learning_curve(self.losses, self.accuracies).savefig(curve)
        images = self.held_x.reshape(-1, 8, 8)
        nn.inspect.mistakes(
            self.probabilities(self.held_x), self.held_y, images, names=self.names
        ).savefig(matrix)
        batch = autograd.Tensor(self.x[:BATCH], "images", requires_grad=False)
        # A pass in training mode moves running averages; they are put back.
        with untouched(self.model), autograd.retain_grads():
            self.model.zero_grad()
            loss = self.loss(self.model(batch), self.y[:BATCH])
            loss.name = "loss"
            loss.backward()
            autograd.draw(loss).save(graph)
        arrays: dict[str, Any] = self.model.state_dict()
        packed = io.BytesIO()
        np.savez(packed, **arrays)
        autograd.write_whole(weights, packed.getvalue())
        return files


def check_writable(out: Path) -> None:
    """Raise when a folder cannot take the files of a run: better before training than after."""
    for name in FILES:
        path = out / name
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    with tempfile.TemporaryFile(dir=out) as file:
        file.write(b"0")


def with_patterns(x: Array, y: Array, rng: np.random.Generator) -> Pair:
    """A part with non-digits added, twice as many as a digit has images, as class 10."""
    patterns = non_digits(x, y, len(x) // 5, rng)
    return np.concatenate([x, patterns]), np.concatenate([y, np.full(len(patterns), 10)])


def side_by_side(ten: DigitsRun, eleven: DigitsRun) -> list[str]:
    """What ten and eleven outputs make of held-out digits, and of held-out patterns that are none."""
    digits, labels = ten.held_x, ten.held_y
    patterns = eleven.held_x[eleven.held_y == 10]
    half = len(patterns) // 2
    kinds = {"shuffled": patterns[:half], "mixed": patterns[half:]}
    rows: list[tuple[str, ...]] = [("", "ten-way", "eleven-way")]

    def add(what: str, cells: list[float | None]) -> None:
        rows.append((what, *("-" if x is None else f"{x:.2%}" for x in cells)))

    def refused(x: Array) -> list[float | None]:
        return [None, float((eleven.predicted(x) == 10).mean())]

    def likeliest(x: Array) -> list[Array]:
        return [run.probabilities(x)[:, :10] for run in (ten, eleven)]

    right = [float((run.predicted(digits) == labels).mean()) for run in (ten, eleven)]
    among = [float((p.argmax(axis=1) == labels).mean()) for p in likeliest(digits)]
    add(f"{len(digits)} digits: right", [*right])
    add("  right among the ten digits", [*among])
    add("  taken for none", refused(digits))
    for kind, x in kinds.items():
        add(f"{len(x)} {kind} images: taken for none", refused(x))
        surest = [float(p.max(axis=1).mean()) for p in likeliest(x)]
        add("  mean probability of the likeliest digit", [*surest])
    left = max(len(row[0]) for row in rows)
    return [f"{a:<{left}}  {b:>8}  {c:>10}" for a, b, c in rows]
