"""A recorded graph as the text of a function that runs without this library."""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine.graph import Node
from autograd.engine.value import Value
from autograd.programs.options import checked_inputs
from autograd.programs.planning.planner import plan_of
from autograd.support.late import importing
from autograd.support.publishing import publish

LANGUAGES = {"numpy": ".py", "javascript": ".js"}
"""The languages, and how files in them end."""


def to_source(
    output: Node,
    inputs: Sequence[Any] | None = None,
    *,
    gradients: bool = True,
    language: str = "numpy",
    name: str = "f",
) -> str:
    """A graph as a plain function: one line for each operation, the backward pass written out.

    The function takes the inputs in their order, then the graph's other leaves, and returns the value
    and a dictionary with the gradient of each leaf that requires one, by its name: of the sum, where the
    value is an array. Its lines are the instructions of `compile`: the rows' rules, called with
    letters. Nothing of this library is needed to run it.

    Args:
        output: the node to compute.
        inputs: leaves, or arrays found by identity, that come first among the function's arguments; an
            array that is not among them is written into the text.
        gradients: whether the gradients are wanted too.
        language: ``"numpy"``; or ``"javascript"``, where the function returns an object
            ``{value, gradients}``. Arrays are flat there, row after row: those it gives are of the type
            Float64Array, and those it takes any that hold numbers (whole numbers and truth values too).
        name: what the function is called.

    Raises:
        TypeError: `output` is no node.
        ValueError: a language that there is none of; a name that is no identifier or is taken; a graph
            that draws random numbers, has a row that is neither known nor made of known ones, or holds
            an array of more than 1000 numbers that is no input; in JavaScript, numbers of float32.

    >>> import autograd
    >>> w, x = autograd.Value(3.0, "w"), autograd.Value(2.0, "x")
    >>> print(autograd.to_source(autograd.tanh(w * x), [x], gradients=False))
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    def f(x, w):
        x, w = np.float64((x, w))
        v1 = w * x
        v2 = np.tanh(v1)
        return v2
    <BLANKLINE>
    """
    if not isinstance(output, Node):
        raise TypeError(f"to_source takes a node, got {type(output).__name__}")
    if language not in LANGUAGES:
        raise ValueError(
            f"language is one of {', '.join(map(repr, LANGUAGES))}, got {language!r:.60}"
        )
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"name is an identifier, got {name!r:.60}")
    given = [] if inputs is None else list(checked_inputs(inputs, "to_source"))
    # Values stay the leaves that they are: a program's inputs would be many instances.
    planner = plan_of(output, [x for x in given if not isinstance(x, Value)])
    reached = {id(planner.plan.registers[r].holds) for r in planner.plan.parameters}
    for i, x in enumerate(given):
        if isinstance(x, Value) and id(x) not in reached:
            raise ValueError(f"input {i} ({x.name!r}) does not reach the output")
    with importing():  # here, so that nobody waits for these files who writes nothing
        from autograd.programs.languages.arrays_in_javascript import JavaScriptOfArrays
        from autograd.programs.languages.in_javascript import JavaScript
        from autograd.programs.languages.in_numpy import Numpy

    javascript = JavaScript if planner.plan.scalar else JavaScriptOfArrays
    chosen = Numpy() if language == "numpy" else javascript()
    if name in chosen.words - {"f", "value", "gradients"} or keyword.iskeyword(name):
        raise ValueError(f"name is a word that the source uses itself, {name!r}: give another one")
    with np.errstate(all="ignore"):
        source = chosen.source(planner, given, gradients)
    return chosen.program(source, name)


__all__ = ["to_source"]
publish(__name__)
