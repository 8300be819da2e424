"""Elementwise rows, as a table: each output depends on one element of each argument.

A row is its name; the function on floats; the function on arrays; one local derivative by each argument,
``rule(out, x, y, z)``, or None where no gradient flows; and what people read: the sign, how mathematics
writes it, what it is. Everything else follows from the row. Functions that `math` and NumPy lack are in
`kernels`; rules longer than an expression are below the table. Where a function has a kink, its row says
what the derivative is there, and so does the table of the README.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from autograd.engine.declare import elementwise
from autograd.engine.families import Elementwise, Relation
from autograd.engine.operands import is_node
from autograd.engine.primitive import Rule
from autograd.primitives import kernels

LN2, LN10, TWO_OVER_SQRT_PI = math.log(2), math.log(10), 2 / math.sqrt(math.pi)


def _relation(name: str, symbol: str, operation: Any, array: Any) -> Relation:
    """The row of a comparison of Python's; the doc of those that people call says more."""
    doc = f"""Where x {symbol} y: of arrays and Tensors an array of truth values.

    Of Values a Value that is 1 or 0, for Python's own comparison of two Values is a bool, which a
    program cannot compute anew: ``where({name}(x, y), a, b)`` can be replayed with other numbers, as
    ``where(x {symbol} y, a, b)`` can with Tensors. It has no derivative.

    >>> import autograd
    >>> autograd.{name}(autograd.Value(2.0), 1.0).data
    {float(operation(2.0, 1.0))}
    """
    return Relation(name, operation, array, symbol=symbol, doc=doc, options={})


# fmt: off

# --- arithmetic -----------------------------------------------------------------------------------

add = elementwise("add", operator.add, np.add, lambda out, x, y: 1, lambda out, x, y: 1,
    symbol="+", doc="x + y.")
sub = elementwise("sub", operator.sub, np.subtract, lambda out, x, y: 1, lambda out, x, y: -1,
    symbol="−", doc="x − y.")
mul = elementwise("mul", operator.mul, np.multiply, lambda out, x, y: y, lambda out, x, y: x,
    symbol="×", doc="x · y, elementwise.")
div = elementwise("div", operator.truediv, np.divide,
    lambda out, x, y: 1 / y, lambda out, x, y: -out / y, symbol="÷",
    doc="x / y; 1/0 is inf and 0/0 is nan, for a Value as for an array.")
floor_divide = elementwise("floor_divide", operator.floordiv, np.floor_divide,
    lambda out, x, y: 0, lambda out, x, y: 0,  # Kink: 0, also where it jumps.
    symbol="//", formula=lambda x, y: floor(x / y), doc="⌊x / y⌋; its derivatives are 0.")
remainder = elementwise("remainder", operator.mod, np.remainder,
    lambda out, x, y: 1, lambda out, x, y: -(x // y),  # Kink: these, also where it jumps.
    symbol="%", formula=lambda x, y: x - y * floor(x / y),
    doc="x − y⌊x / y⌋, with the sign of y. Derivatives: 1 and −⌊x / y⌋.")
neg = elementwise("neg", operator.neg, np.negative, lambda out, x: -1, symbol="−", doc="−x.")
# identity gives a node a second name of its own: transforms differentiate by it.
identity = elementwise("identity", operator.pos, np.positive, lambda out, x: 1, symbol="=",
    formula=lambda x: x, doc="x itself, as a new node.")
pow = elementwise("pow", operator.pow, np.power,
    lambda out, x, y: pow_by_base(out, x, y),      # Kink: x ** 0 has the derivative 0, also at 0;
    lambda out, x, y: pow_by_exponent(out, x, y),  # 0 ** y has 0 by y for y ≥ 0, nan where x < 0.
    symbol="^",
    doc="x ** y, real: a negative base with a fractional exponent gives nan, 0 ** 0 is 1.\n\n"
    "∂/∂x = y x^(y−1) and ∂/∂y = x^y ln x; the second is 0 at x = 0 with y ≥ 0, nan for x < 0.")
abs = elementwise("abs", operator.abs, np.abs, lambda out, x: sign(x), symbol="| |",
    doc="|x|.")  # Kink: abs'(0) = 0.
sign: Elementwise = elementwise("sign", kernels.sign_float, np.sign, lambda out, x: 0, symbol="sgn",
    doc="−1, 0 or 1. Derivative 0.")  # Kink, as of the next two: 0 everywhere.
floor: Elementwise = elementwise("floor", kernels.floor_float, np.floor, lambda out, x: 0,
    doc="The largest integer not above x. Derivative 0.")
ceil = elementwise("ceil", kernels.ceil_float, np.ceil, lambda out, x: 0,
    doc="The smallest integer not below x. Derivative 0.")

# --- exponentials, logarithms, roots --------------------------------------------------------------

exp = elementwise("exp", math.exp, np.exp, lambda out, x: out, doc="eˣ; exp(1000) is inf.")
exp2 = elementwise("exp2", math.exp2, np.exp2, lambda out, x: out * LN2, formula=lambda x: 2**x,
    doc="2ˣ.")
expm1 = elementwise("expm1", math.expm1, np.expm1, lambda out, x: exp(x),  # out + 1 has no digits at −40
    formula=lambda x: exp(x) - 1, doc="eˣ − 1, exact near 0.")
log = elementwise("log", math.log, np.log, lambda out, x: 1 / x, symbol="ln",
    doc="ln x; log(0) is −inf.")
log2 = elementwise("log2", math.log2, np.log2, lambda out, x: 1 / (x * LN2), doc="Base-2 logarithm.")
log10 = elementwise("log10", math.log10, np.log10, lambda out, x: 1 / (x * LN10),
    doc="Base-10 logarithm.")
log1p = elementwise("log1p", math.log1p, np.log1p, lambda out, x: 1 / (1 + x),
    formula=lambda x: log(1 + x), doc="ln(1 + x), exact near 0.")
sqrt: Elementwise = elementwise("sqrt", math.sqrt, np.sqrt, lambda out, x: 0.5 / out, symbol="√",
    doc="√x; its derivative at 0 is inf.")  # Kink: sqrt'(0) = inf, and cbrt'(0) = inf.
cbrt = elementwise("cbrt", math.cbrt, np.cbrt, lambda out, x: 1 / (3 * out * out), symbol="∛",
    doc="∛x, also for x < 0.")
reciprocal = elementwise("reciprocal", lambda x: 1.0 / x, kernels.reciprocal_array,
    lambda out, x: -out * out, symbol="1/", formula=lambda x: 1 / x,
    doc="1 / x.", numpy=(np.reciprocal,))
square = elementwise("square", lambda x: x * x, np.square, lambda out, x: 2 * x, symbol="²",
    formula=lambda x: x**2, doc="x².")

# --- trigonometric and hyperbolic -----------------------------------------------------------------

sin = elementwise("sin", math.sin, np.sin, lambda out, x: cos(x), doc="sin x, in radians.")
cos: Elementwise = elementwise("cos", math.cos, np.cos, lambda out, x: -sin(x), doc="cos x, in radians.")
tan = elementwise("tan", math.tan, np.tan, lambda out, x: 1 + out * out, doc="tan x, in radians.")
arcsin = elementwise("arcsin", math.asin, np.arcsin, lambda out, x: 1 / sqrt((1 - x) * (1 + x)),
    doc="Inverse sine.")
arccos = elementwise("arccos", math.acos, np.arccos, lambda out, x: -1 / sqrt((1 - x) * (1 + x)),
    doc="Inverse cosine.")
arctan = elementwise("arctan", math.atan, np.arctan, lambda out, x: 1 / (1 + x * x),
    doc="Inverse tangent.")
arctan2 = elementwise("arctan2", math.atan2, np.arctan2,
    lambda out, x, y: turn(x, y), lambda out, x, y: -turn(y, x),
    doc="The angle of the point (y, x): arctan2(x, y) = arg(y + ix). Gradient 0 at the origin.")
hypot = elementwise("hypot", math.hypot, np.hypot,  # Kink, as of arctan2: 0 at the origin, then nan.
    lambda out, x, y: direction(out, x), lambda out, x, y: direction(out, y),
    formula=lambda x, y: sqrt(x**2 + y**2), doc="√(x² + y²) without overflow. Gradient 0 at the origin.")
sinh = elementwise("sinh", math.sinh, np.sinh, lambda out, x: cosh(x), doc="Hyperbolic sine.")
cosh: Elementwise = elementwise("cosh", math.cosh, np.cosh, lambda out, x: sinh(x),
    doc="Hyperbolic cosine.")
tanh = elementwise("tanh", math.tanh, np.tanh, lambda out, x: 1 - out * out,
    doc="tanh x; its derivative is 1 − tanh² x.")
arcsinh = elementwise("arcsinh", math.asinh, np.arcsinh, lambda out, x: 1 / hypot(x, 1),
    doc="Inverse hyperbolic sine.")
arccosh = elementwise("arccosh", math.acosh, np.arccosh, lambda out, x: 1 / sqrt((x - 1) * (x + 1)),
    doc="Inverse hyperbolic cosine.")
arctanh = elementwise("arctanh", math.atanh, np.arctanh, lambda out, x: 1 / ((1 - x) * (1 + x)),
    doc="Inverse hyperbolic tangent.")

# --- the network's own ----------------------------------------------------------------------------

sigmoid = elementwise("sigmoid", kernels.sigmoid_float, kernels.sigmoid_array,
    lambda out, x: out * (1 - out), symbol="σ",
    doc="The logistic function 1 / (1 + e⁻ˣ), stable at ±1000; derivative σ(1 − σ).")
softplus = elementwise("softplus", kernels.softplus_float, kernels.softplus_array,
    lambda out, x: sigmoid(x),
    doc="ln(1 + eˣ), stable at ±1000; derivative σ(x).")
relu = elementwise("relu", kernels.relu_float, kernels.relu_array,
    lambda out, x: indicator(x > 0, x),  # Kink: relu'(0) = 0.
    symbol="ReLU", doc="max(0, x); its derivative at 0 is 0.")
# One node where relu(1 − x y) makes three: a third of the time of a small network's loss.
hinge = elementwise("hinge", kernels.hinge_float, kernels.hinge_array,  # Kink: 0 at a margin of 1.
    lambda out, x, y: -(y * indicator(out > 0, out)), lambda out, x, y: -(x * indicator(out > 0, out)),
    formula=lambda x, y: maximum(0, 1 - x * y),
    doc="max(0, 1 − x y): the hinge loss of a score and a target of ±1; both derivatives are 0 at\n"
    "and beyond a margin of 1.")
erf = elementwise("erf", math.erf, kernels.on_arrays("erf"),
    lambda out, x: TWO_OVER_SQRT_PI * exp(-x * x),
    doc="The error function 2/√π ∫₀ˣ exp(−t²) dt.")
erfc = elementwise("erfc", math.erfc, kernels.on_arrays("erfc"),
    lambda out, x: -TWO_OVER_SQRT_PI * exp(-x * x),
    doc="1 − erf x, exact where it is small: 2e-45 at 10.")
logaddexp = elementwise("logaddexp", kernels.logaddexp_float, np.logaddexp,
    lambda out, x, y: sigmoid(x - y), lambda out, x, y: sigmoid(y - x),
    formula=lambda x, y: log(exp(x) + exp(y)), doc="ln(eˣ + eʸ) without overflow.")

# --- choosing and comparing -----------------------------------------------------------------------

# Kink: at a tie both arguments get half of the cotangent, or with ties="first" the first gets it all.
maximum: Elementwise = elementwise("maximum", kernels.maximum_float, kernels.maximum_array,
    lambda out, x, y, ties="share": share(x > y, x >= y, x, ties, first=True),
    lambda out, x, y, ties="share": share(y > x, y >= x, y, ties, first=False),
    symbol="max", numpy=(np.maximum,), ties="share",
    doc="The larger of two numbers; nan if either is. Ties share the cotangent equally, or with "
    "``ties='first'`` the first argument gets it all.")
minimum = elementwise("minimum", kernels.minimum_float, kernels.minimum_array,
    lambda out, x, y, ties="share": share(x < y, x <= y, x, ties, first=True),
    lambda out, x, y, ties="share": share(y < x, y <= x, y, ties, first=False),
    symbol="min", numpy=(np.minimum,), ties="share",
    doc="The smaller of two numbers; nan if either is. Ties as in `maximum`.")
clip_between = elementwise("clip_between", kernels.clip_float, kernels.clip_array,
    lambda out, x, y, z: indicator((x >= y) & (x <= z), x),  # Kink: at a bound 1 by x, 0 by the bound.
    lambda out, x, y, z: indicator((x < y) & (y <= z), y),
    lambda out, x, y, z: indicator((x > z) | (y > z), z),
    symbol="clip", method=False,
    doc="x limited to [low, high]; `clip` is this with either bound optional.")
where: Elementwise = elementwise("where", lambda condition, x, y: x if condition else y, np.where,
    None, lambda out, condition, x, y: indicator(condition, x),
    lambda out, condition, x, y: 1 - indicator(condition, y),
    doc="x where a condition holds and y elsewhere; no gradient flows to the condition.",
    numpy=(np.where,))
# A formula that fails at a point, such as x / r at 0, is given another number there. Were that a
# choice, the derivative of the formula would silently be 0 at this point: it has none, and says so.
patched = elementwise("patched",
    lambda condition, x, y, z: x if condition else y,
    lambda condition, x, y, z: np.where(condition, x, y),
    None,
    lambda out, condition, x, y, z: where(condition, math.nan, 0),
    lambda out, condition, x, y, z: indicator(condition == 0, y) / indicator(condition == 0, y),
    lambda out, condition, x, y, z: where(condition, math.nan, 0),
    composite=lambda condition, x, y, z: where(condition, x, y), symbol="where",
    doc="y, and the number x in its place where a condition on y and z holds, as `where`: the value is\n"
    "a convention at such a point, and the derivatives there are nan, as there are none.")
indicator: Elementwise = elementwise("indicator",
    lambda condition, like: 1.0 if condition else 0.0, kernels.indicator_array, None, None,
    doc="1 where a condition holds and 0 elsewhere, in the dtype of the second argument.\n\n"
    "The lectures' Ind(·). It has no derivative.\n\n"
    ">>> import autograd\n>>> autograd.indicator(2.0 > 0, 2.0)\n1.0")
compare = elementwise("compare",
    lambda x, y, how="greater": 1.0 if comparison(how)(x, y) else 0.0,
    lambda x, y, how="greater": kernels.indicator_array(comparison(how)(x, y), x if np.ndim(x) else y),
    None, None, how="greater",
    composite=lambda x, y, how: compared(x, y, how), formula=lambda x, y, how: compared(x, y, how),
    doc="1 where two numbers compare as `how` says, by a name of NumPy's, and 0 elsewhere.\n\n"
    "It has no derivative. `greater` and its like are this on Values.")
greater = _relation("greater", ">", operator.gt, np.greater)
greater_equal = _relation("greater_equal", "≥", operator.ge, np.greater_equal)
less = _relation("less", "<", operator.lt, np.less)
less_equal = _relation("less_equal", "≤", operator.le, np.less_equal)
equal = _relation("equal", "=", operator.eq, np.equal)
not_equal = _relation("not_equal", "≠", operator.ne, np.not_equal)
logical_and = Relation("logical_and", operator.and_, np.logical_and, options={}, symbol="∧",
    doc="Where both of two conditions hold.\n\n>>> True & False\nFalse")
logical_or = Relation("logical_or", operator.or_, np.logical_or, options={}, symbol="∨",
    doc="Where one of two conditions holds, or both.\n\n>>> True | False\nTrue")
# fmt: on

patched.reads_as = patched.composite


# --- rules longer than an expression --------------------------------------------------------------


def of_nodes(rule: Rule, again: Rule) -> Rule:
    """A rule of two operands that is written in another way where both can be differentiated again."""

    def either(out: Any, x: Any, y: Any, **options: Any) -> Any:
        return (again if is_node(x) and is_node(y) else rule)(out, x, y, **options)

    return either


# In formulas that are right to differentiate by the other operand as well: the mixed derivative is
# x^(y−1) (1 + y ln x), which is 1/x at y = 0; at x = 0 it is 0 for y > 1 and none below.
def _pow_by_base_again(out: Any, x: Any, y: Any) -> Any:
    constant = y == 0
    flat = patch(constant & (x <= 0), 0, y) / where(constant & (x != 0) & (x == x), x, 1)
    exponent = patch((x == 0) & (y <= 1), y - 1, y - 1)
    return where(constant, flat, y * x ** where(constant, 0, exponent))


def _pow_by_exponent_again(out: Any, x: Any, y: Any) -> Any:
    zero = x == 0
    base = patch(zero & (y <= 1), where(y >= 0, 1, x), where(zero & (y > 1), 1, x))
    return out * log(patch(zero & (y == 0), 1, base, y))


pow_by_base: Rule = of_nodes(lambda out, x, y: y * x ** where(y == 0, 0, y - 1), _pow_by_base_again)
pow_by_exponent: Rule = of_nodes(
    lambda out, x, y: out * log(where((x == 0) & (y >= 0), 1, x)), _pow_by_exponent_again
)


def direction(r: Any, x: Any) -> Any:
    """x / r, and 0 where r is 0, at the tip of a cone: its derivative there is nan."""
    return where(r == 0, 0, x) / patch(r == 0, 1, r)


def turn(x: Any, y: Any) -> Any:
    """y / (x² + y²), and 0 at the origin."""
    r = hypot(x, y)
    return direction(r, y) / where(r == 0, 1, r)


def share(ahead: Any, level: Any, like: Any, ties: str, first: bool) -> Any:
    """1 where an argument is ahead of the other; where it is level with it, what `ties` says."""
    if ties == "first":
        return indicator(level if first else ahead, like)
    return (indicator(ahead, like) + indicator(level, like)) * 0.5


def patch(condition: Any, number: Any, x: Any, other: Any = 0.0) -> Any:
    """x with a number in its place where a condition on it, and on another operand, holds."""
    return patched(condition, number, x, other)


COMPARISONS = {
    row.name: row for row in (greater, greater_equal, less, less_equal, equal, not_equal)
}


def comparison(how: Any) -> Any:
    """The comparison of a name."""
    if not isinstance(how, str) or how not in COMPARISONS:
        raise ValueError(f"how of compare is one of {', '.join(COMPARISONS)}, not {how!r:.60}")
    return COMPARISONS[how].scalar


def compared(x: Any, y: Any, how: str) -> Any:
    """1 where two numbers compare as `how` says, and 0 elsewhere."""
    return indicator(comparison(how)(x, y), x)
