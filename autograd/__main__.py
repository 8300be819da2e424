"""The command line: ``python -m autograd draw``, ``step``, ``live`` and ``source``, of an expression."""

from __future__ import annotations

import argparse
import io
import linecache
import os
import sys
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from autograd.engine.value import Value
from autograd.expressions import CONSTANTS, ExpressionError, functions, parse
from autograd.programs.sources import LANGUAGES, to_source
from autograd.support.saving import write_as
from autograd.views.canvas.rendering import RenderingError
from autograd.views.drawing.drawing import SUFFIXES, draw
from autograd.views.stepping.stepper import Stepper
from autograd.views.stepping.steps import FORMS, steps

EXAMPLE = 'python -m autograd {} "tanh(w1*x1 + w2*x2 + b)" --at x1=2,x2=0,w1=-3,w2=1,b=6.88 -o {}'


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaints are one line each."""

    def error(self, message: str) -> NoReturn:
        line = " ".join(message.split())
        self.exit(2, f"{self.prog}: {line}\n")


def command_line() -> tuple[OneLineParser, dict[str, OneLineParser]]:
    """The parser of the whole line, and those of the commands."""
    parser = OneLineParser(
        prog="python -m autograd",
        allow_abbrev=False,
        description="Automatic differentiation that one can read and watch.",
        epilog=f"example: {EXAMPLE.format('draw', 'neuron.svg')}",
    )
    commands = parser.add_subparsers(dest="command", metavar="command", parser_class=OneLineParser)
    drawing = commands.add_parser(
        "draw",
        allow_abbrev=False,
        help="draw an expression with its gradients",
        description="Compute an expression, run the backward pass, and draw the graph: data, "
        "gradients, and the local derivative on each edge.",
        epilog=epilog("draw", "neuron.svg"),
    )
    add_expression(drawing, "graph.svg", f"where the picture goes: {', '.join(SUFFIXES)}")
    stepping = commands.add_parser(
        "step",
        allow_abbrev=False,
        help="write a page that steps through the passes over an expression",
        description="Compute an expression, and write a page on which its forward and backward pass "
        "can be stepped through, one chain-rule product at a time. The page needs no network.",
        epilog=epilog("step", "lesson.html"),
    )
    add_expression(
        stepping,
        "step.html",
        "where it goes: .html, a page; slides as .pdf or .tex, or as numbered .svg",
    )
    stepping.add_argument(
        "--start",
        type=position,
        metavar="POSITION",
        help='the position shown first: a number from 0, or "backward" (default: 0, live: the end)',
    )
    stepping.add_argument(
        "--digits", type=int, default=3, help="significant digits of the numbers (default: 3)"
    )
    stepping.add_argument(
        "--formula", choices=FORMS, default="both", help="how formulas are shown (default: both)"
    )
    stepping.add_argument(
        "--ask", action="store_true", help="hide each new number until the next key"
    )
    stepping.add_argument(
        "--live",
        action="store_true",
        help="with numbers that can be changed, as on a page of `live`",
    )
    living = commands.add_parser(
        "live",
        allow_abbrev=False,
        help="write a page on which numbers are changed, and all gradients follow",
        description="Compute an expression, and write a page with its graph in which the numbers of the "
        "names can be dragged: every number, local derivative and gradient follows. Gradient steps can "
        "be made, with their curve. The page needs no network.",
        epilog=epilog("live", "live.html"),
    )
    add_expression(living, "live.html", "where the page goes: .html")
    living.add_argument(
        "--train",
        metavar="NAME,...",
        help="the names that a gradient step moves (default: those not called as data are: x1, y, t)",
    )
    living.add_argument(
        "--digits", type=int, default=4, help="significant digits of the numbers (default: 4)"
    )
    writing = commands.add_parser(
        "source",
        allow_abbrev=False,
        help="write an expression and its gradients as the code of a function",
        description="Write a function that computes an expression and its gradients, one operation a "
        "line, and needs nothing of this library.",
        epilog=epilog("source", "neuron.py"),
    )
    add_expression(writing, "-", "where the code goes: - for here")
    writing.add_argument(
        "--language", choices=tuple(LANGUAGES), default="numpy", help="(default: numpy)"
    )
    return parser, {"draw": drawing, "step": stepping, "live": living, "source": writing}


def epilog(command: str, output: str) -> str:
    """What every command's help ends with."""
    known = f"functions: {', '.join(functions())}; constants: {', '.join(CONSTANTS)}."
    return f"{known} Example: {EXAMPLE.format(command, output)}"


def add_expression(command: OneLineParser, output: str, what: str) -> None:
    """The arguments of every command: an expression, the values of its names, and a file."""
    command.add_argument(
        "expression", help="numbers, names, + - * / // %% **, brackets, and the functions below"
    )
    command.add_argument(
        "--at",
        action="append",
        default=[],
        metavar="NAME=NUMBER,...",
        help="the value of each name; may be given several times",
    )
    command.add_argument(
        "-o", "--output", default=output, metavar="FILE", help=f"{what} (default: {output})"
    )


def position(text: str) -> int | str:
    """Where a stepper starts."""
    if text == "backward":
        return text
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'a position is a whole number or "backward", not {text!r:.60}'
        ) from None


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


def computed(text: str, assignments: Sequence[str]) -> tuple[Value, dict[str, Value]]:
    """The value of an expression, and the leaves it was computed from."""
    expression = parse(text)
    values = values_at(assignments)
    if missing := [name for name in expression.names if name not in values]:
        raise ExpressionError(
            f"no value for {', '.join(missing)}: add --at {','.join(f'{x}=...' for x in missing)}"
        )
    leaves = {name: Value(number, name) for name, number in values.items()}
    # A node knows the line of the user's that made it: here that is the expression. So the call is
    # made from a place of its own, whose first line `linecache` has; the text itself is never run.
    linecache.cache[PLACE] = (len(text), None, [f"{expression.text}\n"], PLACE)
    call = compile("evaluate(leaves)", PLACE, "eval")
    result = eval(call, {"evaluate": expression.evaluate, "leaves": leaves})
    if not isinstance(result, Value) or not result.requires_grad:
        raise ExpressionError("there is nothing to differentiate: no gradient reaches a name")
    order = [*expression.names, *(name for name in values if name not in expression.names)]
    return result, {name: leaves[name] for name in order}


PLACE = "command line"
"""The file, as it were, that the nodes of an expression were made in."""


def told(result: Value, leaves: dict[str, Value]) -> str:
    """The value and the gradients after a backward pass, in one line."""
    result.backward()
    gradients = ", ".join(
        f"{name} {'none' if leaf.grad is None else format(leaf.grad, '.6g')}"
        for name, leaf in leaves.items()
    )
    return f"value {result.data:.6g}; gradients: {gradients}"


def draw_expression(text: str, assignments: Sequence[str], output: str) -> str:
    """Draw an expression into a file, and tell in one line what came out."""
    result, leaves = computed(text, assignments)
    line = told(result, leaves)
    return f"{line}; saved {draw(result).save(output)}"


def step_expression(text: str, assignments: Sequence[str], output: str, **options: Any) -> str:
    """Write the stepper of an expression as a page, and tell in one line what came out."""
    result, leaves = computed(text, assignments)
    path = Stepper(result, **options).save(output)
    count = sum(1 for _ in steps(result))
    more = "" if path.name == os.path.basename(output) else " and the slides after it"
    return f"{told(result, leaves)}; {count} step{'s' * (count != 1)} backward; saved {path}{more}"


def live_expression(
    text: str, assignments: Sequence[str], output: str, train: str | None, digits: int
) -> str:
    """Write a living graph of an expression as a page, and tell in one line what came out."""
    result, leaves = computed(text, assignments)
    moved = None
    if train is not None:
        names = [name.strip() for name in train.split(",")]
        if unknown := [name for name in names if name not in leaves]:
            raise ExpressionError(f"--train names {unknown[0]!r:.60}, which the expression has not")
        moved = [leaves[name] for name in names]
    line = told(result, leaves)
    return f"{line}; saved {draw(result, digits=digits).live(train=moved).save(output)}"


def source_of_expression(text: str, assignments: Sequence[str], output: str, language: str) -> str:
    """The code of an expression, or where it was saved. The numbers of the names do not matter."""
    given = values_at(assignments)
    numbers = [f"{name}=0.5" for name in parse(text).names if name not in given]
    result, leaves = computed(text, [*assignments, *numbers])
    source = to_source(result, [leaves[name] for name in parse(text).names], language=language)
    if output == "-":
        return source.rstrip()
    return f"saved {write_as(output, 'a source', {LANGUAGES[language]: source.encode})}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a mistake in it is one line on standard error, and status 2."""
    parser, commands = command_line()
    words = list(sys.argv[1:] if arguments is None else arguments)
    known = (
        "-h",
        "--help",
        "-o",
        "--output",
        "--at",
        "--start",
        "--digits",
        "--formula",
        "--ask",
        "--language",
        "--train",
        "--live",
    )
    if len(words) > 1 and words[1].startswith("-") and not words[1].startswith(known):
        words[1] = f" {words[1]}"  # an expression that begins with a minus
    chosen = vars(parser.parse_args(words))
    name = chosen.pop("command")
    if name is None:
        parser.print_help()
        return
    commanded: dict[str, Callable[..., str]] = {
        "draw": draw_expression,
        "step": step_expression,
        "live": live_expression,
        "source": source_of_expression,
    }
    run = commanded[name]
    text, at, output = (chosen.pop(key) for key in ("expression", "at", "output"))
    try:
        print(run(text, at, output, **chosen))
    except OSError as error:
        commands[name].error(f"cannot write {output}: {error.strerror or error}")
    except (ImportError, RenderingError, ValueError) as error:
        commands[name].error(str(error))


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # Python's parser warns about texts that are then refused
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # any name, on any terminal
    main()
