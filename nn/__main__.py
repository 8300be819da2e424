"""The command line: ``python -m nn digits`` trains a network on handwritten digits."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import nn
from nn.experiments.digits import Choices, DigitsRun, check_writable, schedules, side_by_side
from nn.training.checks import optimizers


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
    digits.add_argument(
        "--loss",
        choices=("cross-entropy", "kl"),
        default="cross-entropy",
        help="softmax with cross-entropy (default) or the Kullback-Leibler divergence",
    )
    task = digits.add_mutually_exclusive_group()
    task.add_argument(
        "--binary",
        type=one_digit,
        metavar="DIGIT",
        help="this digit or not: one sigmoid output, binary KL divergence",
    )
    task.add_argument(
        "--none-of-above",
        action="store_true",
        help="an eleventh output for patterns that are no digit, beside the ten-way network",
    )
    digits.add_argument(
        "--optimizer",
        type=str.lower,
        choices=list(optimizers()),
        default="sgd",
        help="default: sgd, with momentum",
    )
    digits.add_argument(
        "--schedule", choices=list(schedules()), default="cosine", help="default: cosine"
    )
    digits.add_argument(
        "--init",
        type=part_of_mlp("init"),
        metavar="NAME",
        help="of the weights; default: he_normal",
    )
    digits.add_argument(
        "--norm", type=part_of_mlp("norm"), metavar="NAME", help="batch, layer, ...; default: none"
    )
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


def one_digit(text: str) -> int:
    """The type of an option that is one of the ten digits."""
    if len(text) != 1 or text not in "0123456789":
        raise argparse.ArgumentTypeError(f"expected a digit from 0 to 9, got {text!r}")
    return int(text)


def part_of_mlp(option: str) -> Any:
    """The type of an option that `nn.MLP` takes by name: tried on a small one."""

    def name(text: str) -> str | None:
        if text == "none" and option == "norm":
            return None
        try:
            arguments: dict[str, Any] = {option: text}
            nn.MLP(2, [2, 2], rng=0, **arguments)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return text

    return name


def what_is_missing() -> str | None:
    """What to install before anything can be drawn, or None: better said before training than after."""
    try:
        nn.inspect.new_figure(1, 1)
    except (ImportError, RuntimeError) as error:
        return str(error)
    return None


def digits(out: Path, epochs: int, seed: int, choices: Choices | None = None) -> None:
    """Train, report, and write the pictures and the weights."""
    choices = choices or Choices()
    start = time.perf_counter()
    run = DigitsRun(seed, choices)
    print(f"{len(run.x)} images to train on, {len(run.held_x)} held out, seed {seed}")
    print(run.model)
    ten = None
    if choices.none_of_above:
        ten = DigitsRun(seed, replace(choices, none_of_above=False))
        ten.train(epochs)
    run.train(epochs)
    seconds = time.perf_counter() - start
    if run.history.stopped == "interrupted":
        print(run.history.reason)
    if not run.accuracies["held out"]:
        print("no epoch was finished: nothing is written")
        return
    made = len(run.accuracies["held out"])
    accuracy = run.accuracies["held out"][-1]
    wrong = round((1 - accuracy) * len(run.held_x))
    print(
        f"test accuracy {accuracy:.2%} ({wrong} of {len(run.held_x)} held-out images wrong) "
        f"after {made} epochs in {seconds:.1f} s"
    )
    for line in run.binary_report() if choices.binary is not None else ():
        print(line)
    for line in side_by_side(ten, run) if ten is not None else ():
        print(line)
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
    choices = Choices(
        loss=chosen.loss,
        binary=chosen.binary,
        none_of_above=chosen.none_of_above,
        optimizer=chosen.optimizer,
        schedule=chosen.schedule,
        init=chosen.init,
        norm=chosen.norm,
    )
    try:
        check_writable(chosen.out)
        digits(chosen.out, chosen.epochs, chosen.seed, choices)
    except OSError as error:
        command.error(f"cannot write into {chosen.out}: {error}")
    except KeyboardInterrupt:
        command.exit(130, "stopped\n")


if __name__ == "__main__":
    main()
