"""Formulas: the rules of elementwise rows as steps on single numbers, and what tells options apart."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.engine.families import Elementwise, Fused
from autograd.engine.graph import Node
from autograd.engine.letters import OPERATORS, Letter, arguments_of, fold
from autograd.engine.primitive import registry

FLOAT64: np.dtype[Any] = np.dtype(np.float64)
SMALL = 64
"""Constant arrays of up to this size are compared by their contents."""


class Options:
    """Options as one argument of a cached function, told apart by the key beside it."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Options)

    def __hash__(self) -> int:
        return 0


@functools.lru_cache(maxsize=1024)
def template(primitive: Elementwise, slot: int | None, key: Any, options: Options) -> Any:
    """The cotangent times a local derivative, or (None) the row's parts: a place, a number, or steps.

    A step is a name, arguments and options.

    An argument is the place of an earlier result (0 is the output, then the inputs, the cotangent, and
    the steps), or a number in a tuple of its own.
    """
    count = len(primitive.derivatives) + 1
    letters = [Letter(f"r{i}", sample=0.5) for i in range(count)]
    g = Letter(f"r{count}", sample=0.5)
    try:
        if slot is None:
            made: Any = primitive.composite
            formula = made(*letters[1:], **options.options)
        else:
            formula = primitive.times(slot, g, letters[0], letters[1:], options.options)
    except TypeError as error:
        raise TypeError(f"the rule of {primitive.name} is no formula of letters: {error}") from None
    if not isinstance(formula, Letter):
        return float(formula)
    steps: list[Any] = []

    def composite(x: Any) -> Any:
        row = registry.get(x.function) if isinstance(x, Letter) else None
        return row.composite if isinstance(row, Elementwise) else None

    def parts(x: Any) -> Any:
        """What is computed before x: the arguments, or what a row is made of."""
        made = composite(x)
        if made is None:
            return arguments_of(x)
        return (made(*x.arguments, **(registry[x.function].options | x.options)),)

    def leaf(x: Any) -> Any:
        return int(x.function[1:]) if isinstance(x, Letter) else (x,)

    def step(x: Letter, arguments: list[Any]) -> Any:
        if composite(x) is not None:
            return arguments[0]
        row = registry.get(x.function)
        steps.append((x.function, arguments, x.options if row is None else row.options | x.options))
        return count + len(steps)

    place = fold(formula, leaf, step, parts)
    return tuple(steps) if place == count + len(steps) and steps else place


def scalar_call(name: str, numbers: list[float], options: dict[str, Any]) -> float:
    """One instruction of a scalar plan on plain numbers."""
    if name in registry:
        row: Any = registry[name]
        if isinstance(row, Elementwise):
            return float(row.array(*numbers, **options))
        return float(row.on_numbers(np.array(numbers), options))
    function: Callable[..., Any] = OPERATORS[name][1]
    if name in ("logical_and", "logical_or"):  # which take truth values, and those are numbers here
        return float(function(*map(bool, numbers)))
    return float(function(*numbers))


def dtype_of(x: Any) -> np.dtype[Any]:
    """The dtype of a node's data, or of an array; a plain number is float64."""
    data = x._raw if isinstance(x, Node) else x
    return getattr(data, "dtype", FLOAT64)


def key_of(x: Any) -> Any:
    """Something hashable that is equal for equal options, and arrays by identity."""
    if isinstance(x, dict):
        return tuple((name, key_of(each)) for name, each in x.items())
    if isinstance(x, tuple | list):
        return tuple(key_of(each) for each in x)
    if isinstance(x, slice):
        return ("slice", x.start, x.stop, x.step)
    if isinstance(x, np.ndarray):
        return (x.dtype.str, x.shape, x.tobytes()) if x.size <= SMALL else ("array", id(x))
    return (x.__class__, x) if x.__hash__ is not None else id(x)


def frozen(x: Any) -> Any:
    """Options with copies of their arrays, which can be written into."""
    if isinstance(x, dict):
        return {name: frozen(each) for name, each in x.items()}
    if x.__class__ in (tuple, list):
        return x.__class__([frozen(each) for each in x])
    return np.array(x) if isinstance(x, np.ndarray) and x.flags.writeable else x


def has_parts(row: Any) -> bool:
    """Whether a row is made of others, into which it is taken apart."""
    if isinstance(row, Elementwise):
        return row.composite is not None
    return isinstance(row, Fused) and not row.whole


def parts_of(row: Any) -> Callable[..., Any]:
    """The composite of a row that is made of others."""
    composite: Callable[..., Any] = row.composite
    return composite
