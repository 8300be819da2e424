"""Moving transposes outwards in a formula of matrices, where there are fewer of them."""

from __future__ import annotations

from typing import Any

from autograd.engine.letters import Letter, fold
from autograd.views.derivation.conventions import is_elementwise, op


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
