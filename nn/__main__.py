"""The command line: ``python -m nn digits`` trains a network on handwritten digits."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from tqdm import tqdm

import autograd
import nn

# Found by trying twenty seeds: noise on the images regularises more than any weight penalty does.
WIDTHS = [128, 10]
BATCH = 32  # such small products stay on one thread, which is fastest, above all on a busy machine
RATE, MOMENTUM, PENALTY, NOISE = 0.1, 0.9, 3e-4, 0.25


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaints are one line each."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


def command_line() -> tuple[OneLineParser, OneLineParser]:
    """The parser of the whole line, and that of ``digits``."""
    parser = OneLineParser(
        prog="python -m nn", allow_abbrev=False, description="Neural networks on autograd."
    )
    commands = parser.add_subparsers(dest="command", metavar="command", parser_class=OneLineParser)
    digits = commands.add_parser(
        "digits",
        allow_abbrev=False,
        help="train a network on handwritten digits",
        description="Train a multilayer perceptron on 1,797 handwritten digits, a fifth of them held "
        "out, and write the learning curve, the mistakes, the graph and the weights into a folder.",
    )
    digits.add_argument(
        "--out", type=Path, default=Path("digits-run"), help="the folder (default: digits-run)"
    )
    digits.add_argument("--epochs", type=whole(1), default=40, help="default: 40")
    digits.add_argument("--seed", type=whole(0), default=0, help="default: 0")
    return parser, digits


def whole(least: int) -> Any:
    """The type of an option that is a whole number."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(
                f"expected a whole number, {least} or more, got {text!r}"
            )
        return int(text)

    return number


def what_is_missing() -> str | None:
    """What to install before anything can be drawn, or None: better said before training than after."""
    try:
        nn.inspect.new_figure(1, 1)
        _ = autograd.draw(autograd.Value(1.0)).svg
    except (ImportError, RuntimeError) as error:
        return str(error)
    return None


class Run:
    """One training run on the digits: the data, the model, and how it fares after each epoch."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        (self.x, self.y), (self.held_x, self.held_y) = nn.data.split(
            *nn.data.digits(), 0.2, self.rng, stratify=True
        )
        self.model = nn.MLP(self.x.shape[1], WIDTHS, rng=self.rng)
        self.losses: dict[str, list[float]] = {"training": [], "held out": []}
        self.accuracies: dict[str, list[float]] = {"training": [], "held out": []}

    def loss(self, x: Any, y: Any) -> Any:
        """Softmax cross-entropy with L2 regularisation."""
        return nn.cross_entropy(self.model(x), y) + nn.regularisers.l2(self.model, PENALTY)

    def train(self, epochs: int) -> None:
        """Mini-batch gradient descent; the learning rate falls to 0 along half a cosine."""
        optimizer = nn.optim.SGD(self.model.parameters(), RATE, MOMENTUM)
        batches = nn.data.batches(self.x, self.y, batch_size=BATCH, rng=self.rng)
        progress = tqdm(range(epochs), desc="training", unit="epoch")
        for epoch in progress:
            optimizer.lr = RATE * (1 + np.cos(np.pi * epoch / epochs)) / 2
            for x, y in batches:
                optimizer.zero_grad()
                self.loss(x + self.rng.normal(0, NOISE, x.shape), y).backward()
                optimizer.step()
            self.look()
            progress.set_postfix(
                loss=f"{self.losses['training'][-1]:.4f}",
                held_out=f"{self.accuracies['held out'][-1]:.1%}",
                refresh=False,
            )

    def look(self) -> None:
        """Note loss and accuracy on both parts, without noise. No epoch is chosen by them."""
        parts = {"training": (self.x, self.y), "held out": (self.held_x, self.held_y)}
        with autograd.no_grad():
            for name, (x, y) in parts.items():
                logits = self.model(x)
                self.losses[name].append(nn.cross_entropy(logits, y).item())
                self.accuracies[name].append(float((logits.numpy().argmax(axis=1) == y).mean()))

    def write(self, out: Path) -> list[tuple[Path, str]]:
        """Write what there is to see, and the weights: the files and what they show."""
        files = [
            (out / "learning-curve.svg", "loss and accuracy after each epoch"),
            (out / "mistakes.svg", "the confusion matrix and the worst mistakes"),
            (out / "network.svg", "the graph of one mini-batch's loss, with gradients"),
            (out / "weights.npz", "the weights, by name: numpy.load"),
        ]
        curve, matrix, graph, weights = (path for path, _ in files)
        nn.inspect.learning_curve(self.losses, self.accuracies).savefig(curve)
        with autograd.no_grad():
            probabilities = nn.softmax(self.model(self.held_x)).numpy()
        images = self.held_x.reshape(-1, 8, 8)
        nn.inspect.mistakes(probabilities, self.held_y, images).savefig(matrix)
        self.model.zero_grad()
        batch = autograd.Tensor(self.x[:BATCH], "images", requires_grad=False)
        with autograd.retain_grads():
            loss = self.loss(batch, self.y[:BATCH])
            loss.name = "loss"
            loss.backward()
        autograd.draw(loss).save(graph)
        arrays: dict[str, Any] = self.model.state_dict()
        np.savez(weights, **arrays)
        return files


def digits(out: Path, epochs: int, seed: int) -> None:
    """Train, report, and write the pictures and the weights."""
    run = Run(seed)
    print(f"{len(run.x)} images to train on, {len(run.held_x)} held out, seed {seed}")
    print(run.model)
    start = time.perf_counter()
    run.train(epochs)
    seconds = time.perf_counter() - start
    accuracy = run.accuracies["held out"][-1]
    wrong = round((1 - accuracy) * len(run.held_x))
    print(
        f"test accuracy {accuracy:.2%} ({wrong} of {len(run.held_x)} held-out images wrong) "
        f"after {epochs} epochs in {seconds:.1f} s"
    )
    files = run.write(out)
    width = max(len(str(path)) for path, _ in files)
    for path, what in files:
        print(f"  {path!s:<{width}}  {what}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a mistake in it is one line on standard error, and status 2."""
    parser, command = command_line()
    chosen = parser.parse_args(arguments)
    if chosen.command is None:
        parser.print_help()
        return
    if missing := what_is_missing():
        command.error(missing)
    try:
        chosen.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        command.error(f"cannot make the folder {chosen.out}: {error.strerror or error}")
    try:
        (chosen.out / "weights.npz").touch()
        digits(chosen.out, chosen.epochs, chosen.seed)
    except OSError as error:
        command.error(f"cannot write into {chosen.out}: {error}")
    except KeyboardInterrupt:
        command.exit(130, "stopped\n")


if __name__ == "__main__":
    main()
