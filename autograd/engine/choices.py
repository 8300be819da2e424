"""Choices: local derivatives that let a cotangent pass or stop it, whatever it is.

The derivative of relu is 1 or 0, and a cotangent is not multiplied by that 0 but left out: infinity
times zero is nan, and what a function does not depend on has derivative 0 however steep that is which
comes after it. A row says so by writing its rule with `indicator` or `where`, or as the number 0; here
such a rule is read as the choice that it is. Other zeros, such as that of a product with 0, stay
numbers: there the product is what IEEE says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.engine.letters import Letter, scalar_text
from autograd.engine.primitive import registry

ndarray = np.ndarray
BOOL: Any = np.dtype(bool)
SHORT: Any = np.dtype(np.int8)


class Nothing(float):
    """The local derivative 0 of a Value that is a choice: a cotangent is not multiplied by it."""

    __slots__ = ()

    def __mul__(self, other: Any) -> Any:
        return 0.0 if isinstance(other, float) else NotImplemented

    __rmul__ = __mul__

    def __reduce__(self) -> str:
        return "NOTHING"


NOTHING = Nothing(0.0)


# --- reading a rule -------------------------------------------------------------------------------


def _choose(condition: Any, x: Any, y: Any) -> Any:
    return registry["where"](condition, x, y)


def _keep(condition: Any, x: Any, y: Any) -> Any:
    """The choice as a call of `kept`, where one of the two is 0."""
    if _is_zero(y):
        return Letter("kept", (condition, x), sample=0.5)
    if _is_zero(x):
        return Letter("kept", (condition == 0, y), sample=0.5)
    return _choose(condition, x, y)


def _is_zero(x: Any) -> bool:
    return x.__class__ in (int, float) and x == 0


def _times(g: Any, d: Any) -> Any:
    for one, other in ((g, d), (d, g)):
        if not isinstance(one, Letter) and np.ndim(one) == 0 and one in (1, -1):
            return other if one == 1 else -other
    return g * d


def chosen(d: Any, g: Any, choose: Callable[[Any, Any, Any], Any] = _choose) -> Any:
    """The cotangent g times a local derivative, both written down, where that is a choice.

    None where it is a product and nothing else.

    >>> import autograd
    >>> x, g = Letter("x", sample=0.5), Letter("g", sample=0.5)
    >>> chosen(-(x * autograd.indicator(x > 0, x)), g).text()
    'where((x > 0), -g * x, 0)'
    >>> chosen(x * 0, g) is None
    True
    """
    if not isinstance(d, Letter):
        return 0 if _is_zero(d) else None
    name, parts = d.function, d.arguments
    if name == "indicator":
        return choose(parts[0], g, 0)
    if name == "where":
        branches = [chosen(each, g, choose) for each in parts[1:]]
        if all(each is None for each in branches):
            return None
        for i, (branch, each) in enumerate(zip(branches, parts[1:], strict=True)):
            if branch is None and each.__class__ is float and each != each:
                # A second time: a later derivative multiplies what is left out by nan as well.
                branches[i] = _choose(parts[0], *((g, 0) if i == 0 else (0, g))) * each
            elif branch is None:
                branches[i] = _times(g, each)
        return choose(parts[0], *branches)
    if name == "neg":
        return chosen(parts[0], -g, choose)
    if name == "mul":
        for one, other in (parts, parts[::-1]):
            if isinstance(one, Letter):
                found = chosen(one, _times(g, other), choose)
                if found is not None:
                    return found
    if name == "sub" and parts[0].__class__ is int and parts[0] == 1:
        other = parts[1]
        if isinstance(other, Letter) and other.function == "indicator":
            return choose(other.arguments[0], 0, g)
    if name == "add" and all(isinstance(each, Letter) for each in parts):
        terms = [chosen(each, g, choose) for each in parts]
        if all(each is not None for each in terms):
            return terms[0] + terms[1]
    return None


def as_choice(d: Any, g: Letter) -> tuple[str, str] | None:
    """The text of `chosen` for arrays, with `kept`, and for operands of any kind; None for a product."""
    if (found := chosen(d, g)) is None:
        return None
    if not isinstance(found, Letter):
        return f"kept(False, {g.text()})", f"where(False, {g.text()}, 0)"
    return chosen(d, g, _keep).text(), found.text()


def passed_on(d: Any, g: Letter) -> Any:
    """The cotangent g times a local derivative, both written down for arrays: `kept` or a product."""
    found = chosen(d, g, _keep)
    if found is None:
        return _times(g, d)
    return found if isinstance(found, Letter) else Letter("kept", (False, g), sample=0.5)


def edge_text(d: Any, write: Callable[[Any], str] = scalar_text) -> str:
    """A local derivative as text of one number, with NOTHING where a choice leaves a cotangent out."""
    found = chosen(d, 1)
    return write(d if found is None else _marked(found))


def _marked(x: Any) -> Any:
    if isinstance(x, Letter) and x.function == "where":
        condition, *branches = x.arguments
        return Letter("where", (condition, *map(_marked, branches)), sample=0.5)
    return Letter("NOTHING", sample=0.5) if _is_zero(x) else x


# --- choosing on arrays ---------------------------------------------------------------------------

FEW = 64
SOME = 1 << 16
ZEROS: dict[str, Any] = {"f": np.zeros((), np.float32), "d": np.zeros(())}
INTEGERS: dict[str, Any] = {"f": np.dtype(np.int32), "d": np.dtype(np.int64)}
where, negative = np.where, np.negative
both: Any = np.bitwise_and


def kept(mask: Any, g: Any) -> Any:
    """g where a mask holds and 0 elsewhere, also where g is infinite or nan: ``where(mask, g, 0)``.

    NumPy's `where` takes as long as six products, unless the mask is short or can be guessed.
    """
    if g.__class__ is not ndarray:
        return registry["where"](mask, g, 0)
    dtype, size = g.dtype, g.size
    kind = dtype.char
    if (
        FEW < size <= SOME
        and kind in ZEROS
        and mask.__class__ is ndarray
        and mask.dtype is BOOL
        and mask.shape == g.shape
    ):
        product = mask.astype(dtype)
        product *= g
        flat = product.ravel()
        total = flat.dot(flat)
        return product if total == total else where(mask, g, ZEROS[kind])
    if mask.__class__ is not ndarray or mask.dtype is not BOOL or kind not in ZEROS:
        return where(mask, g, ZEROS.get(kind, 0))
    if size <= FEW:
        return where(mask, g, ZEROS[kind])
    # The bits of a number and all ones, or none.
    return both(g.view(INTEGERS[kind]), negative(mask.view(SHORT))).view(dtype)
