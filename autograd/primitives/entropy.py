"""Products with a logarithm: x ln y, where a factor of 0 silences the logarithm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.engine.declare import elementwise
from autograd.engine.letters import Letter
from autograd.primitives.elementwise import log, log1p, of_nodes, patch, where


def as_alike(*operands: Any) -> list[Any]:
    """Operands as arrays of one float dtype: a plain number widens nothing, integers become
    floats."""
    dtype = np.result_type(*operands)
    dtype = dtype if dtype.kind == "f" else np.dtype(np.float64)
    return [np.asarray(x, dtype) for x in operands]


def _xlogy_array(x: Any, y: Any) -> Any:
    x, y = as_alike(x, y)
    silent = np.equal(x, 0) & ~np.isnan(y)
    return np.where(silent, 0, x * np.log(np.where(silent, 1, y)))


def _xlog1py_array(x: Any, y: Any) -> Any:
    x, y = as_alike(x, y)
    silent = np.equal(x, 0) & ~np.isnan(y)
    return np.where(silent, 0, x * np.log1p(np.where(silent, 0, y)))


# --- how they are written -------------------------------------------------------------------------


def silenced(x: Any, product: Any, value: int = 0) -> Any:
    """A product that is 0 where x has a value, whatever the other factor: with this case, unless it
    is known not to occur."""
    numbers = np.asarray(getattr(x, "sample", x))
    if np.all((numbers != value) & ~np.isnan(numbers)):
        return product
    if not isinstance(x, Letter):
        return 0
    return where(Letter("equal", (x, value), sample=x.sample == value), 0, product)


def x_ln_y(x: Any, y: Any) -> Any:
    """x ln y, as it is written."""
    return silenced(x, x * log(y))


def ln_of_the_rest(x: Any, y: Any) -> Any:
    """(1 − x) ln(1 − y), as it is written."""
    return silenced(x, (1 - x) * log(1 - y), 1)


# --- the rows -------------------------------------------------------------------------------------


# Where x = 0 the product is 0 whatever y is, and so is the derivative by y; the one by x is the
# logarithm, and 0 where that would be infinite or none. At such an edge there is no mixed derivative.
def _edge(x: Any, y: Any, least: float) -> Any:
    return (x == 0) & (y <= least)


xlogy = elementwise(
    "xlogy",
    lambda x, y: x * math.log(y) if x != 0 or y != y else 0.0,
    _xlogy_array,
    lambda out, x, y: log(patch(_edge(x, y, 0), 1, y, x)),
    of_nodes(
        lambda out, x, y: x / where(_edge(x, y, 0), 1, y),
        lambda out, x, y: patch(_edge(x, y, 0), 0, x) / where(_edge(x, y, 0), 1, y),
    ),
    composite=lambda x, y: x * log(where((x == 0) & (y == y), 1, y)),
    formula=x_ln_y,
    method=False,
    doc="x ln y, and 0 where x = 0: a case that cannot occur costs nothing.\n\n"
    ">>> import autograd\n>>> autograd.xlogy(0.0, 0.0), round(autograd.xlogy(2.0, 3.0), 4)\n"
    "(0.0, 2.1972)",
)

xlog1py = elementwise(
    "xlog1py",
    lambda x, y: x * math.log1p(y) if x != 0 or y != y else 0.0,
    _xlog1py_array,
    lambda out, x, y: log1p(patch(_edge(x, y, -1), 0, y, x)),
    of_nodes(
        lambda out, x, y: x / where(_edge(x, y, -1), 1, 1 + y),
        lambda out, x, y: patch(_edge(x, y, -1), 0, x) / where(_edge(x, y, -1), 1, 1 + y),
    ),
    composite=lambda x, y: x * log1p(where((x == 0) & (y == y), 0, y)),
    formula=lambda x, y: x_ln_y(x, 1 + y),
    method=False,
    doc="x ln(1 + y), exact for small y, and 0 where x = 0.",
)


def _mul_or_zero_array(x: Any, y: Any) -> Any:
    x, y = as_alike(x, y)
    return x * np.where(np.equal(x, 0), 0, y)


mul_or_zero = elementwise(
    "mul_or_zero",
    lambda x, y: x * (0.0 if x == 0 else y),
    _mul_or_zero_array,
    lambda out, x, y: y,
    lambda out, x, y: x,
    composite=lambda x, y: x * where(x == 0, 0, y),
    formula=lambda x, y: silenced(x, x * y),
    method=False,
    doc="x y, and 0 where x = 0 whatever y is, infinite or nan.",
)
