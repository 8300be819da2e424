"""Units: the neurons of a layer, f(w · x + b) on Values, recorded together.

What a network of neurons spends its time with is not arithmetic: it is to find out, for each of its
nodes, what kinds the operands are, which mode is current, and from where in the user's source it was
called. What is the same for all units of a layer is asked once here, and what stays the same from one
instance to the next (the numbers of the weights, and whether they are tracked) is kept until data has
been assigned, anywhere, or a flag, or a list holds others. The nodes are those that `autograd.linear`
and the activation make: an n-ary and a unary one, with the scope of their unit.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from functools import reduce
from operator import add, attrgetter, is_, mul
from typing import Any

import numpy as np

from autograd.context.modes import current_mode
from autograd.context.scopes import Scope
from autograd.context.sites import getframe, library_files, user_frame
from autograd.engine import graph
from autograd.engine.choices import edge_text
from autograd.engine.core import core
from autograd.engine.families import Elementwise
from autograd.engine.graph import tick
from autograd.engine.primitive import registry
from autograd.engine.value import Value, blank
from autograd.primitives.methods import formula_scope, formulas

raw_of = attrgetter("_raw")
tracked = attrgetter("_requires_grad")
VALUES = {Value}
NUMBERS = {float, int, np.float64, np.float32, np.int64}
SEQUENCES = {
    list,
    tuple,
    np.ndarray,
}  # a dict and a set have a length as well, and are no instances

Unit = tuple[Sequence[Any], Any, Any, Scope | None]


class Units:
    """The units of a layer: what they have in common, and what is known of each.

    Args:
        units: (weights, bias, activation, scope) of each. The lists of weights are looked at again in
            each call, so they may be edited; no scope is the one that is current then.

    >>> import autograd
    >>> w, b = [autograd.Value(2.0), autograd.Value(-1.0)], autograd.Value(0.5)
    >>> units = autograd.Units([(w, b, autograd.relu, None), (w, b, None, None)])
    >>> units.record([1.0, 3.0])
    [Value(0.0, primitive=relu), Value(-0.5, primitive=matmul)]
    """

    def __init__(self, units: Sequence[Unit]) -> None:
        self.units = units
        self.date: tuple[int, int] | None = None
        # How many inputs they take, or -1 where they are no plain case; and of each unit its list of
        # weights, the weights and the bias as they were, their numbers, both with nothing by the 1
        # beside the bias, what applies the activation, the scope, and the activation.
        self.known: tuple[int, list[tuple[Any, ...]]] = (-1, [])

    def look(self) -> bool:
        """See what the units are; whether all of them are the plain case."""
        date = (graph.latest_change, graph.latest_flag)
        known = [self.seen(*unit) for unit in self.units]
        counts = {-1 if unit is None else len(unit[0]) for unit in known}
        count = counts.pop() if len(counts) == 1 else -1
        self.known = (count, [unit for unit in known if unit is not None])  # at once, for threads
        self.date = date
        return count >= 0

    @staticmethod
    def seen(weights: Any, bias: Any, activation: Any, scope: Any) -> tuple[Any, ...] | None:
        """What is known of a unit; None where it is no plain case."""
        held = (*weights, bias)
        if set(map(type, held)) != VALUES or not all(map(tracked, held)):
            return None
        placed = None
        if activation is not None:
            placed = function_of(activation)
            if placed is None:
                return None
        numbers = tuple(map(raw_of, held))
        return weights, held, numbers, (held, (*numbers[:-1], None)), placed, scope, activation

    def record(self, x: Sequence[Any]) -> list[Value] | None:
        """What the units give for one instance, recorded; None where it is not the plain case.

        The plain case: inputs, weights and biases are tracked Values (inputs may be numbers as well),
        each activation is an elementwise row of one argument, or None, there are as many weights as
        inputs, and operations are recorded as usual: neither for a program, nor under `no_grad` or
        `detect_anomaly`. In any other case nothing is recorded: call each unit, whose own code is right
        for all of them.
        """
        mode = current_mode()
        if not mode.plain or x.__class__ not in SEQUENCES:
            return None
        if self.date != (graph.latest_change, graph.latest_flag):
            self.look()
        count, known = self.known
        if count != len(x):
            return None
        row: Any = registry["matmul"]  # the bias is a weight on 1, as in `linear`
        if core is not None:
            together = core.units(known, x, row, row.options, mode.scope)
            if together is not None:
                return together  # type: ignore[no-any-return]
        kinds = set(map(type, x))
        if kinds == VALUES and all(map(tracked, x)):
            numbers = (*map(raw_of, x), 1.0)
            inputs = (*x, 1.0)
            before: tuple[Any, ...] | None = None
        elif kinds <= NUMBERS:
            try:
                inputs = numbers = (*map(float, x), 1.0)
            except OverflowError:  # a whole number that no float holds
                return None
            before = (None,) * len(numbers)
        else:
            return None
        after = (*numbers, row.options)
        frame = user_frame(getframe(1))
        code, lasti, current = frame.f_code, frame.f_lasti, mode.scope
        found = []
        for weights, held, own, (_, slopes), placed, scope, _ in known:
            if len(weights) != count or not all(map(is_, weights, held)):
                return self.record(x) if self.look() else None
            node = blank()
            # Not sum(), which rounds otherwise from Python 3.12 on.
            node._raw = reduce(add, map(mul, numbers, own), 0.0)
            node._primitive = row
            node._x = inputs + held
            node._y = (before or slopes) + after
            node._dx = node._dy = None
            node._scope = scope = scope or current
            node._requires_grad = True
            node._serial = tick()
            node._code = code
            node._lasti = lasti
            if placed is not None and (node := placed(node, scope, code, lasti)) is None:
                return None
            found.append(node)
        return found


# --- activations whose place is known ---------------------------------------------------------------

_PLACED = """
def placed(node, scope, code, lasti):
    x = node._raw
    try:
        out = {out}
        dx = {dx}
    except ARITHMETIC:
        return None
    self = node
    node = blank()
    node._raw = out
    node._primitive = primitive
    node._x = self
    node._y = None
    node._dx = dx
    node._dy = None
    node._scope = scope
    node._requires_grad = True
    node._serial = tick()
    node._code = code
    node._lasti = lasti
    return node
"""

functions: dict[Any, Callable[..., Any]] = {}
"""By the row: what applies it to a Value and records it in a scope and at a place that are known; the
text of its method (see `operators`) without the parts that find these out."""


def function_of(row: Any) -> Callable[..., Any] | None:
    """What an elementwise row of one argument does, written from the row; None of anything else."""
    if not isinstance(row, Elementwise) or row.arity != 1 or row.of_value is None:
        return None
    if row in functions:
        return functions[row]
    out, (dx,) = formulas(row, edge_text)
    text = _PLACED.format(out=out, dx=dx)
    filename = f"<autograd.units.{row.name}>"
    library_files.add(filename)
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    made: dict[str, Any] = {}
    exec(compile(text, filename, "exec"), formula_scope(row), made)
    functions[row] = made["placed"]
    return functions[row]
