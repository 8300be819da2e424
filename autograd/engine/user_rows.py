"""What the functions of a row from a user's module give, held against what its family promises.

The library's own rows are held to it by the tests. A user's is checked with each call, so that what is
wrong with it is said with its name, and no number of a wrong shape goes on.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.context.sites import is_library
from autograd.engine.axes import normalise_axes, shape_of
from autograd.engine.letters import Letter
from autograd.engine.primitive import Rule, kinds


def is_users(*functions: Any) -> bool:
    """Whether any of these functions was written in Python, and outside the library."""
    codes = [getattr(function, "__code__", None) for function in functions]
    return any(code is not None and not is_library(code) for code in codes)


def elementwise_array(array: Callable[..., Any]) -> Callable[..., Any]:
    """The function of an elementwise row: its output has the shape that its operands broadcast to."""
    if isinstance(array, np.ufunc):  # has it anyhow, and is known by its class
        return array

    @functools.wraps(array)
    def checked(*operands: Any, **options: Any) -> Any:
        expected = np.broadcast_shapes(*map(shape_of, operands))
        return _of_shape(array(*operands, **options), expected)

    return checked


def reduction_array(array: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a reduction: its output has the shape without the axes, or with them kept."""

    @functools.wraps(array)
    def checked(x: Any, *, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
        axes, shape = normalise_axes(axis, len(x.shape)), enumerate(x.shape)
        if keepdims:
            expected = tuple(1 if i in axes else n for i, n in shape)
        else:
            expected = tuple(n for i, n in shape if i not in axes)
        return _of_shape(array(x, axis=axis, keepdims=keepdims, **options), expected)

    return checked


def _of_shape(out: Any, expected: tuple[int, ...]) -> Any:
    dtype = getattr(out, "dtype", None)
    number = isinstance(out, float | int) or (dtype is not None and dtype.kind in "fbiu")
    if number and shape_of(out) != expected:  # what is no number is refused as that
        raise ValueError(
            f"the function of this row gave an array of shape {shape_of(out)} where one of shape "
            f"{expected} was expected"
        )
    return out


def _is_operand(x: Any) -> bool:
    """Whether something is a number, an array, a node or a letter."""
    kind = x.__class__
    return kind in kinds or isinstance(x, float | int | complex | np.generic | np.ndarray | Letter)


def local_rule(name: str, rule: Rule | None, slot: int, like: int | None = None) -> Rule | None:
    """The rule of a local derivative: its number or array broadcasts against the output.

    Args:
        slot: the argument that it differentiates by.
        like: the place of what it broadcasts against among the rule's arguments: 0 is the output, 1 a
            reduction's argument.
    """
    if rule is None:
        return None
    place = like or 0

    @functools.wraps(rule)
    def checked(*operands: Any, **options: Any) -> Any:
        d = rule(*operands, **options)
        if not _is_operand(d) or isinstance(d, list | tuple):
            raise TypeError(
                f"the rule of {name} by argument {slot} is to give a number or an array, it gave "
                f"{d!r:.60}"
            )
        if d.__class__ is np.ndarray and d.dtype.kind == "c":
            raise TypeError(
                f"the rule of {name} by argument {slot} is to give real numbers, it gave {d.dtype}"
            )
        if d.__class__ is np.ndarray and d.ndim:
            against = shape_of(operands[place])
            try:
                fits = np.broadcast_shapes(d.shape, against) == against
            except ValueError:
                fits = False
            if not fits:
                raise ValueError(
                    f"the rule of {name} by argument {slot} gave a derivative of shape {d.shape}, "
                    f"which does not broadcast to {against}"
                )
        return d

    return checked


def map_rule(name: str, what: str, rule: Rule | None) -> Rule | None:
    """A transpose, a vjp or a jvp: it gives an array."""
    if rule is None:
        return None

    @functools.wraps(rule)
    def checked(*operands: Any, **options: Any) -> Any:
        g = rule(*operands, **options)
        if not hasattr(g, "shape"):
            raise TypeError(f"{what} of {name} is to give an array, it gave {g!r:.60}")
        return g

    return checked
