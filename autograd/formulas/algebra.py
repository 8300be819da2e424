"""The algebra of written formulas: a rule's letters, tidied without changing what they compute."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine.families import Relation
from autograd.engine.letters import Letter, fold, walk
from autograd.engine.primitive import registry
from autograd.formulas.notation import read_as


def is_relation(name: str) -> bool:
    """Whether a function's result is true or false."""
    return isinstance(registry.get(name), Relation)


def make(function: str, arguments: Sequence[Any], sample: Any, **options: Any) -> Letter:
    """A letter whose sample is given: for operations that no row knows, such as ``diag``."""
    return Letter(function, tuple(arguments), options, sample=sample)


def inverse(count: int) -> Letter:
    """1 / count, kept as a fraction: what a mean multiplies by."""
    return make("inverse", (), 1 / count, count=count)


def sample(x: Any) -> Any:
    """The numbers of a formula."""
    return x.sample if isinstance(x, Letter) else np.asarray(x)


def is_scalar(x: Any) -> bool:
    """Whether a formula is one number."""
    return not isinstance(x, Letter) or x.shape == ()


def ones(n: int) -> Letter:
    """A vector of ones."""
    return make("ones", (), np.ones(n), n=n)


# --- products -------------------------------------------------------------------------------------


def product(factors: Sequence[Any], shape: tuple[int, ...] | None = None) -> Any:
    """The elementwise product, flat: one number, then scalars, then arrays.

    A factor that was only repeated to the shape of the others is taken as it was before.
    """
    flat: list[Any] = []
    for x in factors:
        if isinstance(x, Letter) and x.function == "product":
            flat.extend(x.arguments)
        elif isinstance(x, Letter) and x.function == "neg":
            inner = x.arguments[0]
            flat.append(-1)
            flat.extend(inner.arguments if getattr(inner, "function", "") == "product" else [inner])
        else:
            flat.append(x)
    shape = np.broadcast_shapes(*(sample(x).shape for x in flat)) if shape is None else shape
    # A scalar that fills an array need not fill it when another factor has that shape.
    for i, x in enumerate(flat):
        if isinstance(x, Letter) and x.function == "broadcast_to":
            inner = x.arguments[0]
            others = [sample(y).shape for j, y in enumerate(flat) if j != i]
            if is_scalar(inner) or np.broadcast_shapes(sample(inner).shape, *others) == shape:
                flat[i] = inner
    number: Any = 1
    scalars: list[Letter] = []
    arrays: list[Letter] = []
    for x in _flattened(flat):
        if not isinstance(x, Letter):
            number = number * x
        elif x.shape == ():
            scalars.append(x)
        else:
            arrays.append(x)
    if number == 0 and not arrays:
        return 0
    sign = number < 0
    number = -number if sign else number
    parts = ([] if number == 1 else [number]) + scalars + arrays
    if not parts:
        whole: Any = number
    elif len(parts) == 1:
        whole = parts[0]
    else:
        value = np.ones(())
        with np.errstate(all="ignore"):
            for part in parts:
                value = value * sample(part)
        whole = make("product", parts, value)
    if sample(whole).shape != shape:
        whole = make("broadcast_to", (whole,), np.broadcast_to(sample(whole), shape), shape=shape)
    return negative(whole) if sign else whole


def _flattened(factors: Sequence[Any]) -> list[Any]:
    flat: list[Any] = []
    for x in factors:
        if isinstance(x, Letter) and x.function == "product":
            flat.extend(x.arguments)
        else:
            flat.append(x)
    return flat


def negative(x: Any) -> Any:
    """−x, where −(−x) is x."""
    if not isinstance(x, Letter):
        return -x
    if x.function == "neg":
        return x.arguments[0]
    return make("neg", (x,), -x.sample)


def split(x: Any) -> tuple[list[Any], Any]:
    """The scalar factors of a product and the array that is left (1 where none is)."""
    if isinstance(x, Letter) and x.function == "neg":
        scalars, rest = split(x.arguments[0])
        return [-1, *scalars], rest
    if is_scalar(x):
        return ([] if not isinstance(x, Letter) and x == 1 else _parts(x)), 1
    if x.function == "broadcast_to" and is_scalar(x.arguments[0]):
        scalars, _ = split(x.arguments[0])
        return scalars, make("broadcast_to", (1,), np.ones(x.shape), shape=x.shape)
    if x.function != "product":
        return [], x
    scalars = [y for y in x.arguments if is_scalar(y)]
    return scalars, product([y for y in x.arguments if not is_scalar(y)])


def _parts(x: Any) -> list[Any]:
    return list(x.arguments) if isinstance(x, Letter) and x.function == "product" else [x]


def matmul(x: Any, y: Any) -> Any:
    """The matrix product, with the scalars in front."""
    left, x = split(x)
    right, y = split(y)
    with np.errstate(all="ignore"):
        value = sample(x) @ sample(y)
    whole = make("matmul", (x, y), value)
    return product([*left, *right, whole]) if left or right else whole


def add(terms: Sequence[Any]) -> Any:
    """The sum, flat, without zeros."""
    flat: list[Any] = []
    for x in terms:
        if isinstance(x, Letter) and x.function == "plus":
            flat.extend(x.arguments)
        elif isinstance(x, Letter) or x != 0:
            flat.append(x)
    if not flat:
        return 0
    if len(flat) == 1:
        return flat[0]
    value = sample(flat[0])
    with np.errstate(all="ignore"):
        for x in flat[1:]:
            value = value + sample(x)
    return make("plus", flat, value)


# --- tidying --------------------------------------------------------------------------------------


def tidy(formula: Any, constants: frozenset[str] = frozenset(), count: int | None = None) -> Any:
    """A formula that computes the same and reads better.

    With a `count`, the number 1/count is kept as a fraction: it is the factor of a mean.

    `constants` are the names of data: a part made of data alone that is 1 everywhere, such as the sum
    of a target distribution, is written 1.
    """

    def leaf(x: Any) -> Any:
        whole = x if isinstance(x, Letter) else _constant(x)
        if count is not None and count > 1 and not isinstance(whole, Letter) and whole == 1 / count:
            return inverse(count)
        return whole

    return fold(formula, leaf, lambda x, arguments: _tidied(x, arguments, constants))


def _constant(x: Any) -> Any:
    """A number or an array that stands in a rule."""
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        return x
    if array.ndim == 0:
        number = array.item()
        whole = isinstance(number, float) and number.is_integer() and abs(number) < 1e15
        return int(number) if whole else number
    if array.ndim == 1 and bool((array == 1).all()):
        return ones(array.size)
    if array.size and bool((array == array.flat[0]).all()):
        return make("broadcast_to", (_constant(array.flat[0]),), array, shape=array.shape)
    return make("array", (), array)


def names(formula: Any) -> set[str]:
    """The names of the letters in a formula."""
    return {x.function for x in walk(formula) if isinstance(x, Letter) and x.is_symbol}


def substituted(formula: Any, name: str, other: str) -> Any:
    """The formula with another letter in the place of one."""

    def leaf(x: Any) -> Any:
        replaced = isinstance(x, Letter) and x.is_symbol and x.function == name
        return Letter(other, sample=x.sample) if replaced else x

    return fold(formula, leaf, Letter.with_arguments)


def _tidied(x: Letter, arguments: list[Any], constants: frozenset[str]) -> Any:
    function = read_as(x.function)
    if function != x.function:
        x = Letter(function, x.arguments, x.options, sample=x.sample)
    if x.dtype != bool and x.shape != () and function not in ("broadcast_to", "reshape"):
        found = names(x)
        # Data of which each instance has the sum 1: to rounding, as targets may be computed.
        if found and found <= constants and function == "sum" and np.allclose(x.sample, 1, 1e-12):
            return make("broadcast_to", (1,), np.ones(x.shape), shape=x.shape)
    if function == "number":
        return arguments[0]
    if function == "mul":
        row = _outer(arguments, x.shape)
        return product(arguments, x.shape) if row is None else matmul(arguments[0], row)
    if function == "neg":
        return product([-1, *arguments], x.shape)
    if function == "add":
        total = add(arguments)
        if _same(total, x):
            return total
    if function == "sub":
        first, second = arguments
        if not isinstance(second, Letter) and second == 0 and _same(first, x):
            return first
        if not isinstance(first, Letter) and first == 0 and _same(second, x):
            return negative(second)
    if function == "matmul":
        return matmul(*arguments)
    if function == "pow":
        base, exponent = arguments
        if not isinstance(exponent, Letter) and exponent == 1:
            return base
    if function == "div":
        arguments = [arguments[0], _divisor(*arguments)]
    if function == "div" and isinstance(arguments[0], Letter) and arguments[0].function == "neg":
        top = arguments[0].arguments[0]
        return negative(make("div", (top, *arguments[1:]), -x.sample))
    if function == "where" and _nowhere(arguments[0], constants) and _same(arguments[2], x):
        return arguments[2]
    if function == "where" and not isinstance(arguments[0], Letter) and arguments[0] in (0, 1):
        chosen = arguments[1] if arguments[0] else arguments[2]
        if _same(chosen, x):
            return chosen
    if is_relation(function) and not any(isinstance(y, Letter) for y in arguments):
        return bool(x.sample)
    if function == "indicator":
        return make("indicator", arguments[:1], x.sample)
    if function == "reshape":
        inner = arguments[0]
        if _same(inner, x):
            return inner
        if not isinstance(inner, Letter):
            return make("broadcast_to", (inner,), x.sample, shape=x.shape)
        if inner.function == "broadcast_to":
            scalar = inner.arguments[0]
            if is_scalar(scalar):
                return make("broadcast_to", (scalar,), x.sample, shape=x.shape)
        return make("reshape", arguments, x.sample, shape=x.shape)
    if function == "broadcast_to":
        inner = arguments[0]
        if _same(inner, x):
            return inner
        filled = isinstance(inner, Letter) and inner.function == "broadcast_to"
        if filled and is_scalar(inner.arguments[0]):
            inner = inner.arguments[0]
        return make("broadcast_to", (inner,), x.sample, shape=x.shape)
    if function == "transpose":
        inner = arguments[0]
        if x.ndim < 2:
            return inner
        axes = x.options.get("axes")
        if axes is not None and tuple(axes) == tuple(range(len(axes))):
            return inner
        plain = axes is None or tuple(axes) == tuple(reversed(range(len(axes))))
        again = isinstance(inner, Letter) and inner.function == "transpose"
        if plain and again and not inner.options:
            return inner.arguments[0]
        laid = isinstance(inner, Letter) and inner.function == "reshape" and x.ndim == 2
        if plain and laid and inner.arguments[0].ndim == 1:  # a row turned: the vector as a column
            return make("reshape", inner.arguments, x.sample, shape=x.shape)
        if plain and isinstance(inner, Letter) and inner.function == "matmul" and inner.ndim == 2:
            turned = [make("transpose", (y,), y.sample.T) for y in reversed(inner.arguments)]
            if all(y.ndim == 2 for y in turned):
                return matmul(*(_tidied(y, list(y.arguments), constants) for y in turned))
        if plain:
            scalars, rest = split(inner)
            if scalars and isinstance(rest, Letter):
                return product([*scalars, make("transpose", (rest,), rest.sample.T)])
            return make("transpose", arguments, x.sample)
    if function == "astype" and _same(arguments[0], x):
        return arguments[0]
    if function == "getitem":
        index = x.options.get("index")
        if isinstance(index, tuple) and not index:
            return arguments[0]
        if not isinstance(arguments[0], Letter):  # of a number there are only copies
            return (
                make("broadcast_to", arguments, x.sample, shape=x.shape) if x.ndim else arguments[0]
            )
    return Letter(function, tuple(arguments), x.options, sample=x.sample)


def _outer(factors: Sequence[Any], shape: tuple[int, ...]) -> Letter | None:
    """The second factor as a row, where the first is a vector set upright: g xᵀ, of one instance."""
    x, y = factors
    if not (isinstance(x, Letter) and isinstance(y, Letter) and x.function == "reshape"):
        return None
    upright = x.arguments[0].ndim == 1 and x.shape == (shape[0], 1) and len(shape) == 2
    if not upright or y.shape != (shape[1],):
        return None
    return make("reshape", (y,), y.sample[None], shape=(1, shape[1]))


def _nowhere(condition: Any, constants: frozenset[str]) -> bool:
    """Whether data never has a value that a case is made for."""
    if not isinstance(condition, Letter) or condition.function != "equal":
        return False
    return names(condition) <= constants and not condition.sample.any()


def _divisor(top: Any, bottom: Any) -> Any:
    """What a quotient is divided by, without a case that only keeps it from 0 / 0, where none occurs.

    A rule divides by 1 where its numerator is 0: −d / (1 if d = 0 else y) is −d / y unless y is 0.
    """
    if not isinstance(bottom, Letter) or bottom.function not in ("where", "patched"):
        return bottom
    condition, other, divisor = bottom.arguments[:3]
    matters = np.asarray(sample(condition), bool) & (sample(top) != 0)
    needed = isinstance(other, Letter) or np.any(matters) or not np.all(sample(divisor))
    return divisor if not needed and sample(divisor).shape == bottom.shape else bottom


def _same(formula: Any, x: Letter) -> bool:
    """Whether a formula has the shape of the letter it would replace."""
    return bool(sample(formula).shape == x.shape)


def times(x: Any, n: int) -> Any:
    """n times a formula, where a factor 1/n in it goes."""
    if isinstance(x, Letter):
        if x.function == "plus":
            return add([times(y, n) for y in x.arguments])
        if x.function == "neg":
            return negative(times(x.arguments[0], n))
        if x.function == "broadcast_to":
            value = x.sample * n
            inner = times(x.arguments[0], n)
            return make("broadcast_to", (inner,), value, shape=x.shape)
        parts = _parts(x)
        for i, y in enumerate(parts):
            if isinstance(y, Letter) and y.function == "inverse" and y.options["count"] % n == 0:
                left = y.options["count"] // n
                rest = [*parts[:i], *([inverse(left)] if left > 1 else []), *parts[i + 1 :]]
                return product(rest, x.shape) if rest else 1
    return product([n, x])


def count_of(x: Any) -> int:
    """The N of the factor 1/N that all terms of a formula have; 1 where there is none."""
    if not isinstance(x, Letter):
        return 1
    if x.function == "plus":
        counts = {count_of(y) for y in x.arguments}
        return counts.pop() if len(counts) == 1 else 1
    if x.function in ("neg", "broadcast_to"):
        return count_of(x.arguments[0])
    return math.prod(
        y.options["count"] for y in _parts(x) if isinstance(y, Letter) and y.function == "inverse"
    )


def coefficient(x: Any) -> bool:
    """Whether a formula is a number made of numbers and constant scalars alone, or fills an array."""
    if isinstance(x, Letter) and x.function == "neg":
        return coefficient(x.arguments[0])
    if isinstance(x, Letter) and x.function == "broadcast_to":
        inner = x.arguments[0]
        return bool(is_scalar(inner) and coefficient(inner))
    if not isinstance(x, Letter):
        return math.isfinite(x) if isinstance(x, float) else True
    parts = _parts(x)
    return len(parts) <= 4 and all(
        not isinstance(y, Letter) or (y.shape == () and not y.arguments) for y in parts
    )
