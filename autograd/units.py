"""Units: the neurons of a layer, f(w · x + b) on Values, recorded together.

What a network of neurons spends its time with is not arithmetic: it is to find out, for each of its
nodes, what kinds the operands are, which mode is current, and from where in the user's source it was
called. All of this is the same for the units of a layer, and is asked once here. The nodes are those
that `autograd.linear` and the activation make: an n-ary and a unary one, with the scope of their unit.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter, mul
from typing import Any

import numpy as np

from autograd.choices import edge_text
from autograd.dispatch import registry
from autograd.families import Elementwise
from autograd.graph import tick
from autograd.operators import formula_scope, formulas
from autograd.recording import Scope, current_mode, getframe, library_files, user_frame
from autograd.value import Value

__all__ = ["record_units"]

new = object.__new__
raw_of = attrgetter("_raw")
tracked = attrgetter("_requires_grad")
VALUES = {Value}
NUMBERS = {float, int, np.float64, np.float32, np.int64}

Unit = tuple[Sequence[Any], Any, Any, Scope | None]


def record_units(x: Sequence[Any], units: Iterable[Unit]) -> list[Value] | None:
    """What the units of a layer give for one instance, recorded; None where it is not the plain case.

    The plain case: inputs, weights and biases are tracked Values (inputs may be floats as well), each
    activation is an elementwise row of one argument (or None), as many weights as inputs, and operations
    are recorded as usual: neither for a program, nor under `no_grad` or `detect_anomaly`. In any other
    case nothing is recorded: call each unit, whose own code is right for all of them.

    Args:
        x: the inputs of the layer.
        units: (weights, bias, activation, scope) of each; no scope is the current one.

    >>> import autograd
    >>> w, b = [autograd.Value(2.0), autograd.Value(-1.0)], autograd.Value(0.5)
    >>> record_units([1.0, 3.0], [(w, b, autograd.relu, None), (w, b, None, None)])
    [Value(0.0, primitive=relu), Value(-0.5, primitive=matmul)]
    """
    mode = current_mode()
    kinds = set(map(type, x))
    if not mode.plain:
        return None
    if kinds == VALUES and all(map(tracked, x)):
        numbers = [*map(raw_of, x), 1.0]
        inputs = (*x, 1.0)
        before: tuple[Any, ...] = ()
    elif kinds <= NUMBERS:
        try:
            numbers = [*map(float, x), 1.0]
        except OverflowError:  # a whole number that no float holds
            return None
        inputs = tuple(numbers)
        before = (None,) * len(numbers)
    else:
        return None
    row: Any = registry["matmul"]  # the bias is a weight on 1, as in `linear`
    after = (*numbers, row.options)
    count = len(numbers) - 1
    frame = user_frame(getframe(1))
    code, lasti, scope = frame.f_code, frame.f_lasti, mode.scope
    found = []
    for weights, bias, activation, own in units:
        if (
            len(weights) != count
            or set(map(type, weights)) != VALUES
            or bias.__class__ is not Value
            or not bias._requires_grad
            or not all(map(tracked, weights))
        ):
            return None
        slopes: list[Any] = [*map(raw_of, weights), bias._raw]
        node = new(Value)
        node._raw = sum(map(mul, numbers, slopes))
        node._primitive = row
        node._x = (*inputs, *weights, bias)
        if before:
            node._y = before + after
        else:
            slopes[-1] = None  # of the 1 beside the bias
            node._y = (*slopes, *after)
        node._dx = node._dy = None
        node._scope = own or scope
        node._requires_grad = True
        node._serial = tick()
        node._code = code
        node._lasti = lasti
        if activation is not None:
            placed = functions.get(activation) or function_of(activation)
            if placed is None or (node := placed(node, own or scope, code, lasti)) is None:
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
    node = new(Value)
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
    if not isinstance(row, Elementwise) or row.arity != 1 or row.method is None:
        return None
    out, (dx,) = formulas(row, edge_text)
    text = _PLACED.format(out=out, dx=dx)
    filename = f"<autograd.units.{row.name}>"
    library_files.add(filename)
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    made: dict[str, Any] = {}
    exec(compile(text, filename, "exec"), formula_scope(row), made)
    functions[row] = made["placed"]
    return functions[row]
