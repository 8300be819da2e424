"""Products of matrices, and transposes: moved inwards to letters, or outwards where fewer remain."""

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


def times(x: Any, y: Any) -> Any:
    """The product of matrices, with scalars in front."""
    fx, x = _scalars(x)
    fy, y = _scalars(y)
    chain: list[Any] = []
    for part in (x, y):
        chain.extend(part.arguments if part.function == "matmul" else [part])
    whole = op("matmul", chain, (x.shape[0], y.shape[1]))
    return op("product", [*fx, *fy, whole], whole.shape) if fx or fy else whole


def _scalars(x: Any) -> tuple[list[Any], Any]:
    if x.function == "neg":
        factors, rest = _scalars(x.arguments[0])
        return [-1, *factors], rest
    if x.function != "product":
        return [], x
    scalars = [y for y in x.arguments if not isinstance(y, Letter) or y.shape == ()]
    arrays = [y for y in x.arguments if isinstance(y, Letter) and y.shape != ()]
    if len(arrays) == 1:
        return scalars, arrays[0]
    return scalars, op("product", arrays, x.shape)


def jacobian(kind: str, column: Any) -> Letter:
    """A Jacobian of a vector by a vector: diag(f), or that of softmax, diag(p) − p pᵀ."""
    shape = (column.shape[0],) * 2
    diagonal = op("diag", [column], shape)
    if kind == "diag":
        return diagonal
    return op("plus", [diagonal, op("neg", [times(column, T(column))], shape)], shape)


def power(matrix: Letter, top: int, bottom: int) -> Letter:
    """A diagonal matrix to the power of a ratio."""
    return op("diagonal_power", [matrix], matrix.shape, top=top, bottom=bottom)


def ratio(top: int, bottom: int, shown: str = "") -> Letter:
    """A number, which may be called by a letter below its line: 2/n."""
    return make("count_ratio", (), top / bottom, top=top, bottom=bottom, shown=shown or str(bottom))


SYMMETRIC = ("diag", "diagonal_power")
"""Matrices that are their own transposes."""


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
    if not isinstance(x, Letter) or x.shape == () or x.function in SYMMETRIC:
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
