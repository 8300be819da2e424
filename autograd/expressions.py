"""Expressions: one line of arithmetic, read safely, that computes on numbers and on Values.

The text is parsed by Python's own `ast` and then translated, operation by operation, into a short list
of steps for a stack machine. Only what has a translation below exists in this language; nothing of the
text is ever run as Python.
"""

from __future__ import annotations

import ast
import difflib
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from autograd.engine.families import Elementwise, Relation
from autograd.engine.primitive import registry
from autograd.primitives.composites import clip


class ExpressionError(ValueError):
    """An expression that cannot be read, or a value it needs and does not have. One line says why."""


CONSTANTS = {"pi": math.pi, "e": math.e}
"""Names with a value of their own, unless another is given."""

OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "remainder",
    ast.Pow: "pow",
}

ELSEWHERE = {"ln": "log", "max": "maximum", "min": "minimum", "power": "pow", "atan2": "arctan2"}
"""What a function is called in other places, where that is not close enough to be found."""

ADVICE: dict[type[ast.AST], str] = {
    ast.Attribute: "there are no attributes: write tanh(x), not np.tanh(x) or x.tanh()",
    ast.BitXor: "^ is no operator here: powers are written x ** y",
    ast.MatMult: "@ is no operator here: an expression has numbers only",
    ast.Compare: "comparisons are no part of an expression",
    ast.Tuple: "a comma is allowed only between the arguments of a function",
    ast.Starred: "a function takes its arguments one by one, without *",
    ast.keyword: "a function takes its arguments by position, without a name",
    ast.Subscript: "there is no indexing: an expression has numbers only",
    ast.NamedExpr: "there is no assignment in an expression",
}


class _Function(NamedTuple):
    call: Callable[..., Any]
    arity: int


class _StackStep(NamedTuple):
    """Take `arity` results off the stack and put one back; without an operation, put the operand."""

    operation: Callable[..., Any] | None
    arity: int
    operand: Any


def functions() -> dict[str, _Function]:
    """What an expression can call, by name: the elementwise primitives, and clip.

    >>> sorted(functions())[:4], functions()["arctan2"].arity
    (['abs', 'add', 'arccos', 'arccosh'], 2)
    """
    hidden = {"clip_between", "indicator", "patched"}  # helpers of other functions
    relations = {name for name, row in registry.items() if isinstance(row, Relation)}
    found = {
        name: _Function(row, row.arity)
        for name, row in registry.items()
        if isinstance(row, Elementwise) and row.arity and name not in hidden | relations
    }
    return found | {"clip": _Function(clip, 3)}


class Expression:
    """A line of arithmetic that has been read by `parse`; call it with the values of its names.

    Attributes:
        text: the line.
        names: the names that need a value, in order of appearance.
    """

    def __init__(self, text: str, names: tuple[str, ...], steps: list[_StackStep]) -> None:
        self.text = text
        self.names = names
        self._steps = steps
        self._used = {step.operand for step in steps if isinstance(step.operand, str)}

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __call__(self, **values: Any) -> Any:
        """The value: `evaluate` with the values as keyword arguments."""
        return self.evaluate(values)

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """The value, given a float, an array, a Value or a Tensor for each name.

        On nodes it records. The arithmetic is IEEE's: ``1 / 0`` is inf.

        Raises:
            ExpressionError: a name has no value, or a value has no name here.

        >>> from autograd import Value
        >>> line = parse("x ** 2 + 1/x")
        >>> line.evaluate({"x": 2.0})
        4.5
        >>> x = Value(2.0)
        >>> line(x=x).backward()
        >>> x.grad
        3.75
        """
        if missing := [name for name in self.names if name not in values]:
            raise ExpressionError(f"no value for {', '.join(missing)}")
        if extra := [name for name in values if name not in self._used]:
            raise ExpressionError(
                f"{', '.join(extra)} is not in the expression; its names are "
                f"{', '.join(self.names) or 'none'}"
            )
        given = CONSTANTS | dict(values)
        stack: list[Any] = []
        for operation, arity, operand in self._steps:
            if operation is None:
                stack.append(given[operand] if isinstance(operand, str) else operand)
            else:
                arguments = stack[-arity:]
                del stack[-arity:]
                stack.append(operation(*arguments))
        return stack.pop()


def parse(text: str) -> Expression:
    """Read a line of arithmetic: numbers, names, ``+ - * / // % **``, brackets, function calls.

    The functions are the elementwise primitives by their names in `autograd` (``tanh``, ``log``,
    ``maximum`` ...) and ``clip``. ``pi`` and ``e`` are known, and may be given another value.

    Raises:
        ExpressionError: anything else, in one line.

    >>> parse("tanh(w*x + b)").names
    ('w', 'x', 'b')
    >>> parse("x ^ 2")
    Traceback (most recent call last):
        ...
    autograd.expressions.ExpressionError: ^ is no operator here: powers are written x ** y
    """
    if not isinstance(text, str):
        raise TypeError(f"an expression is a string, not {type(text).__name__}")
    steps = _translate(_tree(text))
    named = (step.operand for step in steps if isinstance(step.operand, str))
    names = tuple(name for name in dict.fromkeys(named) if name not in CONSTANTS)
    return Expression(text.strip(), names, steps)


def _tree(text: str) -> ast.expr:
    """Python's parse of the text, with its ways of failing made one."""
    text = text.strip()
    if not text:
        raise ExpressionError("the expression is empty")
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        place = f" (at character {error.offset})" if error.offset else ""
        reason = error.msg.partition(": value has")[0]  # what follows is advice to programmers
        raise ExpressionError(f"cannot read {_short(text)!r}: {reason}{place}") from None
    except (RecursionError, MemoryError):
        raise ExpressionError(
            f"cannot read {_short(text)!r}: it is longer or more deeply nested than Python's parser "
            "can take"
        ) from None
    except ValueError as error:  # null bytes, or half of a surrogate pair
        raise ExpressionError(f"cannot read {_short(text)!r}: {error}") from None


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def _translate(tree: ast.expr) -> list[_StackStep]:
    """The steps of an expression, arguments before the operation that takes them.

    A stack of things to do stands in for recursion: a sum of many terms is a deep tree.
    """
    known = functions()
    steps: list[_StackStep] = []
    to_do: list[ast.expr | _StackStep] = [tree]
    while to_do:
        item = to_do.pop()
        if isinstance(item, _StackStep):
            steps.append(item)
            continue
        step, operands = _translate_one(item, known)
        if step is not None:
            to_do.append(step)
        to_do.extend(reversed(operands))
    return steps


def _translate_one(
    tree: ast.expr, known: dict[str, _Function]
) -> tuple[_StackStep | None, list[ast.expr]]:
    """One operation, and the operands that have to be translated before it."""
    match tree:
        case ast.Constant(value=value):
            return _StackStep(None, 0, _literal(value)), []
        case ast.Name(id=name):
            if name in known:
                raise ExpressionError(f"{name} is a function: write {name}(...)")
            return _StackStep(None, 0, name), []
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
            return _StackStep(registry[OPERATORS[type(operator)]], 2, None), [left, right]
        case ast.BinOp(op=operator):
            raise _unsupported(operator)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _StackStep(registry["neg"], 1, None), [operand]
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return None, [operand]
        case ast.Call():
            return _call(tree, known)
    raise _unsupported(tree)


def _literal(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"{_short(repr(value))} is not a real number")
    try:
        return float(value)
    except OverflowError:
        raise ExpressionError("a whole number is too large for a float") from None


def _call(tree: ast.Call, known: dict[str, _Function]) -> tuple[_StackStep, list[ast.expr]]:
    if isinstance(tree.func, ast.Attribute):
        raise _unsupported(tree.func)
    if not isinstance(tree.func, ast.Name):
        raise ExpressionError("only a function can be called: a product is written with *")
    name = tree.func.id
    if name not in known:
        close = [ELSEWHERE[name]] if name in ELSEWHERE else difflib.get_close_matches(name, known)
        hint = (
            f"did you mean {' or '.join(close)}?"
            if close
            else "an expression can call the elementwise functions of autograd, and clip"
        )
        raise ExpressionError(f"there is no function {_short(name)}: {hint}")
    if tree.keywords:
        raise _unsupported(tree.keywords[0])
    for argument in tree.args:
        if isinstance(argument, ast.Starred):
            raise _unsupported(argument)
    call, arity = known[name]
    if len(tree.args) != arity:
        plural = "" if arity == 1 else "s"
        raise ExpressionError(f"{name} takes {arity} argument{plural}, got {len(tree.args)}")
    return _StackStep(call, arity, None), tree.args


def _unsupported(tree: ast.AST) -> ExpressionError:
    everything = (
        "an expression is made of numbers, names, + - * / // % **, brackets and calls of functions, "
        "and of nothing else"
    )
    return ExpressionError(ADVICE.get(type(tree), everything))
