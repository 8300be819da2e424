"""Transposes in a formula of matrices: moved inwards to its letters, or outwards, where fewer remain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine.families import Elementwise
from autograd.engine.letters import Letter, fold
from autograd.engine.primitive import registry
from autograd.formulas.algebra import make


def unknown(shape: tuple[int, ...]) -> Any:
    """A sample that has a shape, no numbers, and takes no memory."""
    return np.broadcast_to(np.nan, shape)


def op(function: str, arguments: Any, shape: tuple[int, ...], **options: Any) -> Letter:
    """A letter of which only the shape is known."""
    return make(function, arguments, unknown(shape), **options)


def is_elementwise(name: str) -> bool:
    """Whether a function acts on each element of matrices."""
    return isinstance(registry.get(name), Elementwise)


def T(tree: Any) -> Any:  # noqa: N802  (the mathematician's letter)
    """The transpose of a formula, moved inwards as far as it goes."""
    return fold(tree, _turned, _turned_inside, _turning)


def _turning(x: Any) -> Sequence[Any]:
    """What a transpose of x moves into."""
    if not isinstance(x, Letter) or x.shape == ():
        return ()
    moves = x.function in ("matmul", "product", "plus", "neg", "along")
    return x.arguments if moves or is_elementwise(x.function) else ()


def _turned(x: Any) -> Any:
    if not isinstance(x, Letter) or x.shape == ():
        return x
    return x.arguments[0] if x.function == "transpose" else op("transpose", [x], x.shape[::-1])


def _turned_inside(x: Letter, parts: list[Any]) -> Letter:
    options = x.options
    if x.function == "along" and options["axis"] is not None:
        options = options | {"axis": 1 - options["axis"]}
    parts = parts[::-1] if x.function == "matmul" else parts
    return op(x.function, parts, x.shape[::-1], **options)


def gathered(tree: Any) -> Any:
    """Transposes moved outwards through elementwise operations: Ind(sᵀ > 0) is Ind(s > 0)ᵀ."""
    return fold(tree, lambda x: x, _gathered)


def _gathered(tree: Letter, parts: list[Any]) -> Letter:
    name = tree.function
    arrays = [x for x in parts if isinstance(x, Letter) and x.shape != ()]
    # A factor or a sign stays outside: −(y − p)ᵀ.
    scaled = name == "neg" or (name == "product" and len(arrays) == 1)
    moves = name in ("product", "plus", "along") or is_elementwise(name)
    if moves and not scaled and arrays and tree.shape != ():
        inner = [_untransposed(x) if isinstance(x, Letter) and x.shape else x for x in parts]
        if all(x is not None for x in inner):
            options = dict(tree.options)
            if name == "along" and options["axis"] is not None:  # over everything stays so
                options["axis"] = 1 - options["axis"]
            return op("transpose", [op(name, inner, tree.shape[::-1], **options)], tree.shape)
    if name == "transpose" and isinstance(parts[0], Letter) and parts[0].function == "transpose":
        twice: Letter = parts[0].arguments[0]
        return twice
    return op(name, parts, tree.shape, **tree.options)


def _untransposed(x: Letter) -> Letter | None:
    """What x is the transpose of, up to a factor or a sign; ``None`` where it is none."""
    if x.function == "transpose":
        inner: Letter = x.arguments[0]
        return inner
    arrays = [y for y in x.arguments if isinstance(y, Letter) and y.shape != ()]
    if x.function in ("neg", "product") and len(arrays) == 1:
        found = _untransposed(arrays[0])
        if found is not None:
            parts = [found if y is arrays[0] else y for y in x.arguments]
            return op(x.function, parts, x.shape[::-1])
    return None
