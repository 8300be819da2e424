"""Declaring a row: one call of one of these functions, from the library or from a user's module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.engine.families import Elementwise, Fused, LinearMap, Multilinear, Reduction
from autograd.engine.primitive import Rule
from autograd.engine.user_rows import (
    elementwise_array,
    is_users,
    local_rule,
    map_rule,
    reduction_array,
)

Impurity = Callable[[dict[str, Any]], bool]


def check_rules(name: Any, what: str, rules: Any, *, some: bool = False) -> None:
    """Raise unless every rule is a function, or None where an argument is never differentiated."""
    if not isinstance(rules, tuple | list) or not rules:
        raise TypeError(f"{name!r:.60} takes {what} for each of its arguments, got {rules!r:.60}")
    for rule in rules:
        if not (callable(rule) or (rule is None and some)):
            raise TypeError(f"{what} of {name!r:.60} is a function, got {rule!r:.60}")


def elementwise(
    name: str,
    scalar: Callable[..., Any],
    array: Callable[..., Any],
    *derivatives: Rule | None,
    doc: str = "",
    symbol: str | None = None,
    numpy: Sequence[Any] = (),
    formula: Rule | None = None,
    method: bool = True,
    impure: Impurity | None = None,
    composite: Rule | None = None,
    **options: Any,
) -> Elementwise:
    """Declare an elementwise primitive.

    Args:
        name: its public name.
        scalar: the function on Python floats; it may raise where IEEE arithmetic has an answer.
        array: the function on NumPy arrays, usually a ufunc.
        derivatives: one rule per argument, ``rule(out, x, y, ...)``, written in primitives;
            ``None`` for an argument that is never differentiated (a mask).
        impure: says of a call's options whether it does more than compute (it draws random numbers,
            or tells somebody): then a program has the effect again with every run. The output has the
            shape and dtype of the first argument.
        composite: the same function made of other rows, into which a program takes it apart. Without
            one, machine code is made of what `array` or `scalar` does, where that is one formula of
            operators and of NumPy's functions that have rows.
        symbol: the mathematician's sign or word, for drawings and formulas.
        formula: how mathematics writes it, ``formula(x, y, ..., **options)`` written in primitives: for
            people only, so it may be short where the functions are stable.
        method: whether nodes have it as a method, where it is a row of the library.
        options: keyword arguments with their defaults, passed on to all of these.

    >>> import math, numpy as np, autograd
    >>> from autograd import registry
    >>> my_cosh = autograd.elementwise(
    ...     "doctest_cosh", math.cosh, np.cosh, lambda out, x: autograd.sinh(x))
    >>> round(autograd.grad(my_cosh)(1.0), 6)
    1.175201
    >>> del registry["doctest_cosh"]
    """
    check_rules(name, "a derivative", derivatives, some=True)
    check_rules(name, "scalar", (scalar,))
    check_rules(name, "composite", (composite,), some=True)
    if is_users(array, *derivatives) and impure is None:
        array = elementwise_array(array)
        derivatives = tuple(local_rule(name, rule, slot) for slot, rule in enumerate(derivatives))
    return Elementwise(
        name,
        scalar,
        array,
        derivatives,
        composite,
        options=options,
        doc=doc,
        symbol=symbol,
        numpy=numpy,
        formula=formula,
        method=method,
        impure=impure,
    )


def reduction(
    name: str,
    array: Callable[..., Any],
    row: Rule,
    *,
    doc: str = "",
    symbol: str | None = None,
    numpy: Sequence[Any] = (),
    formula: Rule | None = None,
    method: bool = True,
    chooses: bool = False,
    composite: Rule | None = None,
    numbers: Callable[..., Any] | None = None,
    **options: Any,
) -> Reduction:
    """Declare a reduction: ``array(x, axis, keepdims)`` and ``row(out, x, axis)``.

    The row is ∂out/∂x along the reduced axes; `out` has those axes kept, so that it broadcasts.
    With ``chooses=True`` a 0 in the row leaves the cotangent out, whatever it is, instead of
    multiplying it: the output does not depend on that element.

    Machine code is made of what `array` does where that can be read with letters: it is one formula of
    NumPy's functions that have rows, and branches on nothing but shapes and options. Of another,
    `composite` is the same function in such a form, ``composite(x, axis, keepdims)``.

    `numbers` is what a Value holds, of a vector, where that is rounded otherwise than `array`.
    """
    check_rules(name, "row", (row,))
    check_rules(name, "composite", (composite,), some=True)
    if is_users(array, row):
        array, row = reduction_array(array), local_rule(name, row, 0, 1) or row
    options = {"axis": None, "keepdims": False} | options
    return Reduction(
        name,
        array,
        row,
        chooses,
        composite,
        numbers,
        options=options,
        doc=doc,
        symbol=symbol,
        numpy=numpy,
        formula=formula,
        method=method,
    )


def linear_map(
    name: str,
    array: Callable[..., Any],
    transpose: Rule,
    *,
    arity: int | None = 1,
    doc: str = "",
    symbol: str | None = None,
    numpy: Sequence[Any] = (),
    formula: Rule | None = None,
    method: bool = True,
    **options: Any,
) -> LinearMap:
    """Declare a linear map and its transpose: ``transpose(g, x)``, or ``transpose(g, slot, *xs)``
    when it takes any number of arguments (``arity=None``)."""
    check_rules(name, "transpose", (transpose,))
    if is_users(transpose):
        transpose = map_rule(name, "the transpose", transpose) or transpose
    if arity is not None and (not isinstance(arity, int) or arity != 1):
        raise ValueError(
            f"a linear map takes one argument, or any number (arity=None), not {arity}"
        )
    return LinearMap(
        name,
        array,
        transpose,
        arity,
        options=options,
        doc=doc,
        symbol=symbol,
        numpy=numpy,
        formula=formula,
        method=method,
    )


def multilinear(
    name: str,
    array: Callable[..., Any],
    *vjps: Rule,
    arity: int | None = None,
    doc: str = "",
    symbol: str | None = None,
    numpy: Sequence[Any] = (),
    formula: Rule | None = None,
    method: bool = True,
    values: Callable[..., Any] | None = None,
    numbers: Callable[..., Any] | None = None,
    **options: Any,
) -> Multilinear:
    """Declare a multilinear primitive: one ``vjp(g, x, y)`` per slot, or one
    ``vjp(g, slot, *xs)`` when it takes any number of arguments.

    `numbers` is what Values hold, of vectors, where that is rounded otherwise than `array`."""
    check_rules(name, "a vjp", vjps)
    if is_users(*vjps):
        vjps = tuple(map_rule(name, "a vjp", rule) or rule for rule in vjps)
    several = len(vjps) > 1
    return Multilinear(
        name,
        array,
        vjps if several else vjps[0],
        len(vjps) if several else arity,
        options=options,
        doc=doc,
        symbol=symbol,
        numpy=numpy,
        formula=formula,
        method=method,
        values=values,
        numbers=numbers,
    )


def fused(
    name: str,
    array: Callable[..., Any],
    vjps: tuple[Rule | None, ...],
    jvps: tuple[Rule | None, ...],
    composite: Callable[..., Any],
    *,
    doc: str = "",
    symbol: str | None = None,
    numpy: Sequence[Any] = (),
    formula: Rule | None = None,
    method: bool = True,
    values: Callable[..., Any] | None = None,
    slot_kinds: tuple[str, ...] | None = None,
    required: int | None = None,
    impure: Impurity | None = None,
    **options: Any,
) -> Fused:
    """Declare a primitive that states ``vjp(g, out, *xs)`` and ``jvp(t, out, *xs)`` per slot.

    `composite` is the same function made of other primitives: a test holds the two equal, and it is
    what runs on arrays of Values.
    """
    check_rules(name, "a vjp", vjps, some=True)
    check_rules(name, "a jvp", jvps, some=True)
    check_rules(name, "composite", (composite,))
    if len(jvps) != len(vjps):
        raise ValueError(
            f"{name!r:.60} has {len(vjps)} vjps and {len(jvps)} jvps: one of each a slot"
        )
    if is_users(*vjps, *jvps):
        vjps = tuple(map_rule(name, "a vjp", rule) for rule in vjps)
        jvps = tuple(map_rule(name, "a jvp", rule) for rule in jvps)
    return Fused(
        name,
        array,
        vjps,
        jvps,
        composite,
        slot_kinds,
        options=options,
        doc=doc,
        symbol=symbol,
        numpy=numpy,
        formula=formula,
        method=method,
        values=values,
        required=required,
        impure=impure,
    )
