"""The kinds of operands that are no nodes: numbers, arrays, lists and letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine.arrays import check_array
from autograd.engine.followed import Followed, plain
from autograd.engine.letters import Letter
from autograd.engine.primitive import (
    Primitive,
    compute_arrays,
    compute_numbers,
    kinds,
    register_kind,
    registry,
)


def _compute_sequences(primitive: Primitive, arguments: Any, options: dict[str, Any]) -> Any:
    return primitive(*(asarray(x, primitive.name) for x in arguments), **options)


def _write(primitive: Primitive, arguments: Any, options: dict[str, Any]) -> Letter:
    samples = (x.sample if isinstance(x, Letter) else x for x in arguments)
    if primitive.is_impure(options):  # a formula is written without anything happening
        sample = next(iter(samples))
    else:
        sample = primitive.array(*samples, **options)
    shown = {key: value for key, value in options.items() if value is not primitive.options[key]}
    letter = Letter(primitive.name, arguments, shown, sample=sample)
    if primitive.reads_as is not None:
        read: Letter = primitive.reads_as(*arguments, **options)
        read.spelling = letter
        return read
    return letter


FOLLOWED_RANK, VALUE_RANK, TENSOR_RANK = 3, 4, 5  # in apply.py

register_kind(float, 0, compute_numbers)
register_kind(int, 0, compute_numbers)
register_kind(bool, 0, compute_numbers)
register_kind(np.ndarray, 1, compute_arrays)
register_kind(list, 2, _compute_sequences)
register_kind(tuple, 2, _compute_sequences)
register_kind(Letter, 9, _write)


def is_node(operand: Any) -> bool:
    """Whether what a rule makes of this operand is recorded, and may be differentiated again."""
    cls = operand.__class__
    kind = kinds.get(cls) or next((kinds[base] for base in cls.__mro__ if base in kinds), None)
    return kind is not None and VALUE_RANK <= kind.rank <= TENSOR_RANK


def accepts(operand: Any) -> bool:
    """Whether a primitive takes this operand; an operator answers NotImplemented when it does not."""
    return operand.__class__ in kinds or isinstance(operand, (np.bool_, np.number, *kinds))


def asarray(x: Any, name: str) -> Any:
    """A list as an array of numbers or of Values; anything else as it is."""
    check_array(x, f"an argument of {name}")
    if not isinstance(x, list | tuple):
        return x
    try:
        array = np.asarray(x)
    except (ValueError, TypeError) as error:
        raise type(error)(f"{name}: cannot make an array of {x!r:.60}: {error}") from None
    if array.dtype.kind not in "biufO":
        raise TypeError(f"{name}: expected real numbers, got {array.dtype} in {x!r:.60}")
    return array


def asarrays(xs: Sequence[Any], name: str) -> list[Any]:
    """What is to be joined or multiplied: lists as arrays, a Value beside arrays of numbers a Tensor.

    A row makes a Tensor of the two by itself; a composite that reshapes the Value first must not make an
    array of Values of it.
    """
    arrays = [asarray(x, name) for x in xs]
    ranks = [kinds[x.__class__].rank if x.__class__ in kinds else -1 for x in arrays]
    if VALUE_RANK not in ranks:
        return arrays
    others = [
        x.dtype
        for x, rank in zip(arrays, ranks, strict=True)
        if rank == TENSOR_RANK or (isinstance(x, np.ndarray) and x.ndim)
    ]
    if not others or any(dtype.kind == "O" for dtype in others):
        return arrays
    dtype = np.result_type(*others)
    one = np.ones(1, dtype if dtype.kind == "f" else np.float64)
    return [
        registry["reshape"](registry["mul"](x, one), shape=()) if rank == VALUE_RANK else x
        for x, rank in zip(arrays, ranks, strict=True)
    ]


def raw(x: Any) -> Any:
    """The number or array of a node, which does not leave the graph; anything else as it is."""
    if x.__class__ is Followed:
        return plain(x)
    return x if isinstance(x, np.ndarray | np.generic) else getattr(x, "_raw", x)


def nary(primitive: Primitive, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """One scalar output of many scalar arguments: a Value if any of them is one."""
    for x in arguments:
        kind = kinds.get(x.__class__)
        if kind is not None and kind.flat is not None:
            return kind.flat(primitive, arguments, options)
    return primitive.on_numbers(arguments, options)
