"""The exits of a number from the graph, which recordings note and transforms refuse."""

from __future__ import annotations

import re
from types import FrameType
from typing import Any

from autograd.context.modes import current_mode
from autograd.context.notes import note_numbers
from autograd.context.sites import Site, getframe, user_frame


class GraphExitError(TypeError):
    """A number was to leave the graph under a transform. Users meet it as a TypeError."""


def leaving(node: Any, what: str = "its number", *, constant: bool = True) -> None:
    """The gate of every exit: numbers of a node leave the graph, as `what`.

    A recording notes it, so that a replay with other numbers can tell; a transform that differentiates
    by something the node depends on refuses it, because what is computed from a constant has no
    derivative. In plain code nothing happens.

    The exits: ``float int bool complex item data numpy tolist``, ``repr`` and ``format``, comparisons,
    ``argmax argmin argsort`` and NumPy's other functions without a derivative, the metrics of `nn`,
    copies, pickles and ``state_dict``, ``Flat.data`` and ``Vector.data``, ``grad`` after ``backward()``,
    ``local_derivatives``, and the inputs of a program. What gives whole numbers or truth values, whose
    derivative is 0, and what only shows numbers, says ``constant=False`` and is never refused.
    """
    mode = current_mode()
    if constant and mode.transforming and depends(node, mode.transforming):
        raise GraphExitError(refusal(what, user_frame(getframe(1))))
    if mode.notes is not None:
        note_numbers(node, what)


def depends(node: Any, identities: frozenset[int]) -> bool:
    """Whether a gradient would flow from a node to one of those with these identities."""
    stack, seen = [node], {node}
    while stack:
        x = stack.pop()
        if id(x) in identities:
            return True
        for parent in x._parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return False


def refusal(what: str, frame: FrameType) -> str:
    """Why a number may not leave the graph under a transform, and what to write instead."""
    site = Site.of(frame.f_code, frame.f_lasti)
    names = frame.f_globals | frame.f_locals
    called = re.findall(r"(?:\bmath\s*\.\s*)(\w+)", site.text)
    called += [
        word
        for word in re.findall(r"\b\w+\b", site.text)
        if getattr(names.get(word), "__module__", None) == "math"
    ]
    function = MATH_AS_NUMPY.get(called[0], called[0]) if called else "sin"
    wrong = f"math.{called[0]}" if called else "math.sin"
    return (
        f"{what} would leave the graph here, and what is computed from it would be a constant, without "
        f"a derivative. {site}. Write np.{function} for {wrong}, np.stack([...]) for an array that is "
        "filled element by element (c[0] = x[0]) or made of elements (np.array([x[0], x[1]])), and "
        "x.detach() where a constant is meant"
    )


MATH_AS_NUMPY = {
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "dist": "linalg.norm",
    "fabs": "abs",
    "fsum": "sum",
    "pow": "power",
    "remainder": "fmod",
}
"""Functions of ``math`` that NumPy has under another name."""
