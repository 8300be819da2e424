"""The command line: ``python -m autograd draw EXPRESSION --at x=1 -o graph.svg``."""

from __future__ import annotations

import argparse
import io
import sys
import unicodedata
import warnings
from collections.abc import Sequence
from typing import NoReturn

from autograd.expressions import CONSTANTS, ExpressionError, functions, parse
from autograd.value import Value
from autograd.views.drawing import SUFFIXES, draw
from autograd.views.rendering import RenderingError

EXAMPLE = 'python -m autograd draw "tanh(w1*x1 + w2*x2 + b)" --at x1=2,x2=0,w1=-3,w2=1,b=6.88'


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaints are one line each."""

    def error(self, message: str) -> NoReturn:
        line = " ".join(message.split())
        self.exit(2, f"{self.prog}: {line}\n")


def command_line() -> tuple[OneLineParser, OneLineParser]:
    """The parser of the whole line, and that of ``draw``."""
    parser = OneLineParser(
        prog="python -m autograd",
        allow_abbrev=False,
        description="Automatic differentiation that one can read and watch.",
        epilog=f"example: {EXAMPLE} -o neuron.svg",
    )
    commands = parser.add_subparsers(dest="command", metavar="command", parser_class=OneLineParser)
    drawing = commands.add_parser(
        "draw",
        allow_abbrev=False,
        help="draw an expression with its gradients",
        description="Compute an expression, run the backward pass, and draw the graph: data, "
        "gradients, and the local derivative on each edge.",
        epilog=f"functions: {', '.join(functions())}; constants: {', '.join(CONSTANTS)}. "
        f"Example: {EXAMPLE} -o neuron.svg",
    )
    drawing.add_argument(
        "expression", help="numbers, names, + - * / // %% **, brackets, and the functions below"
    )
    drawing.add_argument(
        "--at",
        action="append",
        default=[],
        metavar="NAME=NUMBER,...",
        help="the value of each name; may be given several times",
    )
    drawing.add_argument(
        "-o",
        "--output",
        default="graph.svg",
        metavar="FILE",
        help=f"where the picture goes: {', '.join(SUFFIXES)} (default: graph.svg)",
    )
    return parser, drawing


def values_at(assignments: Sequence[str]) -> dict[str, float]:
    """The numbers of ``--at x=1,y=2``.

    >>> values_at(["x=1,y=-2.5", "z=1e3"])
    {'x': 1.0, 'y': -2.5, 'z': 1000.0}
    """
    values: dict[str, float] = {}
    for item in ",".join(assignments).split(",") if assignments else []:
        name, equals, number = (part.strip() for part in item.partition("="))
        name = unicodedata.normalize("NFKC", name)  # as Python reads names
        if not equals or not name.isidentifier():
            raise ExpressionError(f"--at takes NAME=NUMBER,..., and {item!r:.60} is not that")
        if name in values:
            raise ExpressionError(f"--at gives {name} twice")
        try:
            values[name] = float(number)
        except ValueError:
            raise ExpressionError(f"--at {name}: {number!r:.60} is not a number") from None
    return values


def draw_expression(text: str, assignments: Sequence[str], output: str) -> str:
    """Draw an expression into a file, and tell in one line what came out."""
    expression = parse(text)
    values = values_at(assignments)
    if missing := [name for name in expression.names if name not in values]:
        raise ExpressionError(
            f"no value for {', '.join(missing)}: add --at {','.join(f'{x}=...' for x in missing)}"
        )
    leaves = {name: Value(number, name) for name, number in values.items()}
    result = expression.evaluate(leaves)
    if not isinstance(result, Value) or not result.requires_grad:
        raise ExpressionError("there is nothing to differentiate: no gradient reaches a name")
    result.backward()
    path = draw(result).save(output)
    order = [*expression.names, *(name for name in values if name not in expression.names)]
    gradients = ", ".join(
        f"{name} {'none' if leaves[name].grad is None else format(leaves[name].grad, '.6g')}"
        for name in order
    )
    return f"value {result.data:.6g}; gradients: {gradients}; saved {path}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a mistake in it is one line on standard error, and status 2."""
    parser, drawing = command_line()
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = ("-h", "--help", "-o", "--output", "--at")
    if len(words) > 1 and words[1].startswith("-") and not words[1].startswith(options):
        words[1] = f" {words[1]}"  # an expression that begins with a minus
    chosen = parser.parse_args(words)
    if chosen.command is None:
        parser.print_help()
        return
    try:
        print(draw_expression(chosen.expression, chosen.at, chosen.output))
    except OSError as error:
        drawing.error(f"cannot write {chosen.output}: {error.strerror or error}")
    except (RenderingError, ValueError) as error:
        drawing.error(str(error))


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # Python's parser warns about texts that are then refused
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # any name, on any terminal
    main()
