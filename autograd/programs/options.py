"""The options of `compile`, checked where they come in."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.context.recording import recording
from autograd.engine.followed import plain
from autograd.engine.graph import Node
from autograd.programs.native.cores import cores

EXECUTORS = ("auto", "numpy", "native")


def most_threads() -> int:
    """How many threads a program may be given: each has memory of its own."""
    return max(64, cores())


def check_options(executor: Any, threads: Any, verify: Any, recorded: Any = None) -> None:
    """Raise where an option of `compile` is none."""
    known = f"executor is one of {', '.join(EXECUTORS)}"
    if not isinstance(executor, str):
        raise TypeError(f"{known}, got {type(executor).__name__} ({executor!r:.60})")
    if executor not in EXECUTORS:
        raise ValueError(f"{known}, not {executor!r:.60}")
    what = f"threads is a whole number from 1 to {most_threads()}, or None for the best"
    if threads is not None:
        if isinstance(threads, bool) or not isinstance(threads, int | np.integer):
            raise TypeError(f"{what}, got {type(threads).__name__} ({threads!r:.60})")
        if not 1 <= threads <= most_threads():
            raise ValueError(f"{what}, got {threads}")
    if not isinstance(verify, bool | np.bool_):
        raise TypeError(f"verify is True or False, got {type(verify).__name__} ({verify!r:.60})")
    if recorded is not None and not isinstance(recorded, recording):
        raise TypeError(
            "recorded is what `with autograd.recording() as recorded:` gave, or None, got "
            f"{type(recorded).__name__} ({recorded!r:.60})"
        )


def checked_inputs(inputs: Any, caller: str = "compile") -> list[Any]:
    """The leaves and arrays that each call of a program gives anew."""
    if not isinstance(inputs, list | tuple):
        raise TypeError(
            f"{caller}(output, inputs=[...]) takes a list of the leaves that change, got "
            f"{type(inputs).__name__}"
        )
    inputs = list(map(plain, inputs))
    for i, x in enumerate(inputs):
        if isinstance(x, Node) and not x.is_leaf:
            raise ValueError(
                f"input {i} is the result of {x.primitive.name if x.primitive else '?'}: an "
                "input is a leaf, or an array"
            )
        if not isinstance(x, Node | np.ndarray):
            raise TypeError(f"input {i} is a leaf or an array, got {type(x).__name__}")
    if len({id(x) for x in inputs}) < len(inputs):
        raise ValueError("the same input is given twice")
    return list(inputs)
