"""The command line: ``python -m nn digits`` trains a network on handwritten digits, and
``python -m nn playground`` writes a page in which one learns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import nn
from nn.experiments.digits import Choices, DigitsRun, check_writable, schedules, side_by_side
from nn.experiments.lecture import DATA, lecture_page
from nn.training.checks import optimizers
from nn.training.in_javascript import OPTIMIZERS


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaints are one line each."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


def command_line() -> tuple[OneLineParser, dict[str, OneLineParser]]:
    """The parser of the whole line, and those of its commands by name."""
    parser = OneLineParser(
        prog="python -m nn", allow_abbrev=False, description="Neural networks on autograd."
    )
    commands = parser.add_subparsers(dest="command", metavar="command", parser_class=OneLineParser)
    made = {"digits": digits_options(commands), "playground": playground_options(commands)}
    return parser, made


def digits_options(commands: Any) -> OneLineParser:
    """The parser of ``digits``."""
    digits: OneLineParser = commands.add_parser(
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
    return digits


def playground_options(commands: Any) -> OneLineParser:
    """The parser of ``playground``."""
    page: OneLineParser = commands.add_parser(
        "playground",
        allow_abbrev=False,
        help="write a page in which a network learns",
        description="Write one file in which a multilayer perceptron learns in the browser: its map, "
        "its units, its weights and its loss, with buttons to train it and lists to change how.",
    )
    page.add_argument("--data", choices=list(DATA), default="moons", help="default: moons")
    page.add_argument(
        "--hidden",
        type=widths,
        default=[8, 8],
        metavar="8,8",
        help="widths of the hidden layers, or none; default: 8,8",
    )
    page.add_argument(
        "--activation",
        type=part_of_mlp("activation"),
        default="tanh",
        metavar="NAME",
        help="default: tanh",
    )
    page.add_argument(
        "-o", "--out", type=Path, default=Path("page.html"), help="the file (default: page.html)"
    )
    page.add_argument("--points", type=whole(10), default=200, help="default: 200")
    page.add_argument("--noise", type=real, help="of the points; default: that of their kind")
    page.add_argument(
        "--held-out", type=real, default=0.2, help="part that is not trained on; default: 0.2"
    )
    page.add_argument("--optimizer", choices=list(OPTIMIZERS), default="sgd", help="default: sgd")
    page.add_argument("--lr", type=real, help="the rate at the start; default: the optimiser's")
    page.add_argument("--l2", type=real, default=0.0, help="λ of λ‖W‖² at the start; default: 0")
    page.add_argument("--batch-size", type=whole(1), help="default: all points in one")
    page.add_argument("--seed", type=whole(0), default=0, help="at the start; default: 0")
    page.add_argument(
        "--init",
        type=part_of_mlp("init"),
        metavar="NAME",
        help="of the weights; default: he_normal before rectifiers, else glorot_normal",
    )
    page.add_argument(
        "--norm", type=part_of_mlp("norm"), metavar="NAME", help="batch, layer, ...; default: none"
    )
    page.add_argument("--title", help="what stands above; default: the data and the network")
    return page


def whole(least: int) -> Any:
    """The type of an option that is a whole number."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(
                f"expected a whole number, {least} or more, got {text!r}"
            )
        return int(text)

    return number


def real(text: str) -> float:
    """The type of an option that is a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}") from None


def widths(text: str) -> list[int]:
    """The type of an option that is a list of widths."""
    if text == "none":
        return []
    number = whole(1)
    return [number(each.strip()) for each in text.split(",")]


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
    parser, commands = command_line()
    chosen = parser.parse_args(arguments)
    if chosen.command is None:
        parser.print_help()
        return
    run = {"digits": run_digits, "playground": run_playground}[chosen.command]
    run(chosen, commands[chosen.command])


def run_digits(chosen: argparse.Namespace, command: OneLineParser) -> None:
    """Train, and leave the files in the folder."""
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


def run_playground(chosen: argparse.Namespace, command: OneLineParser) -> None:
    """Write the page."""
    output: Path = chosen.out
    try:
        page = lecture_page(
            chosen.data,
            chosen.hidden,
            points=chosen.points,
            noise=chosen.noise,
            activation=chosen.activation,
            init=chosen.init,
            norm=chosen.norm,
            validation=chosen.held_out or None,
            optimizer=chosen.optimizer,
            lr=chosen.lr,
            l2=chosen.l2,
            batch_size=chosen.batch_size,
            rng=chosen.seed,
            **({"title": chosen.title} if chosen.title else {}),
        )
        size = page.save(output).stat().st_size
    except ValueError as error:
        command.error(str(error))
    except OSError as error:
        command.error(f"cannot write {output}: {error.strerror or error}")
    print(f"{page!r}".partition(":")[0].lstrip("<") + f": saved {output} ({size / 1024:.0f} KB)")


if __name__ == "__main__":
    main()
