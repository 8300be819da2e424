"""Checking a reader's answer to an exercise, without giving the answer away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import numpy as np

from autograd.engine.operands import raw
from autograd.support.publishing import publish


def check_answer(
    answer: Any,
    truth: Any,
    *,
    arguments: Iterable[tuple[Any, ...]] | Callable[[], Iterable[tuple[Any, ...]]] | None = None,
    tolerance: float = 1e-6,
) -> str:
    """Whether an answer is right: a sentence that says so, or where it is wrong, and not what is right.

    Args:
        answer: a number, a node, a word, an array or a list of numbers; ``...`` or None while there is
            none. A function is compared by calling it, where `truth` is a list of (argument, value) or
            there are `arguments`.
        truth: what is right, or a function that computes it, called only when there is an answer.
        arguments: tuples of arguments, or what makes them when there is an answer: `answer` and `truth`
            are functions then, say a backward pass or a training loop, called with copies of each tuple.
            Where `truth` returns a tuple, its parts are compared one by one.
        tolerance: how far a number may be off, absolutely and relative to the right one.

    Raises:
        TypeError: there are `arguments` and `truth` is no function.

    >>> check_answer(..., 3.0)
    'not answered yet'
    >>> check_answer([1.0, 2.0], lambda: [1.0, 4.0])
    'not right yet: entry [1] differs'
    >>> check_answer(2.0, 2.0)
    'right'
    >>> check_answer(lambda x, g: (g, x), lambda x, g: (2 * g, x), arguments=[(3.0, 1.0)])
    'not right yet at (3.0, 1.0), part 1 of 2'
    """
    if arguments is not None and not callable(truth):
        raise TypeError(f"check_answer with arguments needs a function, got {type(truth).__name__}")
    if answer is None or answer is ...:
        return "not answered yet"
    if arguments is not None:
        return _algorithm(answer, truth, arguments, tolerance)
    right = truth() if callable(truth) else truth
    cases = isinstance(right, list) and bool(right) and isinstance(right[0], tuple)
    if callable(answer) != cases:
        kind = "a function is" if cases else "numbers are"
        return f"not right yet: {kind} expected, got {type(answer).__name__}"
    if cases:
        return _function(answer, right, tolerance)
    if isinstance(right, str | bool):
        same = str(answer).strip().lower() == str(right).strip().lower()
        return "right" if same else "not right yet"
    given, expected = _numbers(answer), _numbers(right)
    if given is None or expected is None:
        return f"not right yet: numbers are expected, got {type(answer).__name__}"
    if given.shape != expected.shape:
        return f"not right yet: the shape is {expected.shape}, yours is {given.shape}"
    wrong = np.argwhere(
        ~np.isclose(given, expected, rtol=tolerance, atol=tolerance, equal_nan=True)
    )
    if not len(wrong):
        return "right"
    place = wrong[0].tolist()
    return f"not right yet: entry {place} differs" if place else "not right yet"


def _function(answer: Callable[[Any], Any], cases: Any, tolerance: float) -> str:
    """An answer that is a function, at some points."""
    for argument, expected in cases:
        verdict = check_answer(answer(argument), expected, tolerance=tolerance)
        if verdict != "right":
            return verdict.replace("not right yet", f"not right yet at {argument!r:.40}")
    return "right"


def _algorithm(answer: Any, truth: Callable[..., Any], arguments: Any, tolerance: float) -> str:
    """An answer that is a function of several arguments, beside one that is right."""
    if not callable(answer):
        return f"not right yet: a function is expected, got {type(answer).__name__}"
    for given in arguments() if callable(arguments) else arguments:
        expected, found = truth(*deepcopy(given)), answer(*deepcopy(given))
        where = f"not right yet at {' '.join(repr(given).split()):.60}"  # on one line
        if not isinstance(expected, tuple):
            parts = [("", found, expected)]
        elif isinstance(found, tuple | list) and len(found) == len(expected):
            numbered = enumerate(zip(found, expected, strict=True), start=1)
            parts = [(f", part {i} of {len(expected)}", x, y) for i, (x, y) in numbered]
        else:
            return f"{where}: {len(expected)} results are expected, as a tuple"
        for part, x, y in parts:
            verdict = check_answer(x, y, tolerance=tolerance)
            if verdict != "right":
                return verdict.replace("not right yet", where + part).replace(
                    "not answered yet", f"{where}{part}: no result"
                )
    return "right"


def _numbers(x: Any) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    try:
        return np.asarray(raw(x), dtype=np.float64)
    except (TypeError, ValueError):
        return None


__all__ = ["check_answer"]
publish(__name__)
