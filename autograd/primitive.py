"""Primitives: functions whose derivative is declared, in four families, and their registry.

The shape of the Jacobian is the taxonomy:

==============  ============================  ====================================
family          Jacobian                      what the row declares
==============  ============================  ====================================
`elementwise`   diagonal                      one local derivative per argument
`reduction`     one row per output            the row
`linear`        the map itself                its transpose
`multilinear`   the map, one slot replaced    one vjp per slot
==============  ============================  ====================================

A `fused` primitive fits none and states its vjp and jvp; a test holds it equal to its composite.

Rules are written in primitives, so one rule is read four ways: with floats and arrays it computes,
with nodes it records, with letters it writes itself down. A rule neither multiplies by the cotangent
nor undoes a broadcast nor accumulates: the families below do each of these once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.letters import Letter

__all__ = [
    "Elementwise",
    "Fused",
    "Linear",
    "LocalDerivative",
    "Multilinear",
    "Primitive",
    "Reduction",
    "elementwise",
    "fused",
    "linear_map",
    "multilinear",
    "reduction",
    "registry",
    "unbroadcast",
]

Rule = Callable[..., Any]

registry: dict[str, Primitive] = {}
"""Every primitive by name. The tests, the operators and the drawings loop over it."""

numpy_functions: dict[Any, Callable[..., Any]] = {}
"""NumPy's ufuncs and functions, and what records in their place."""

plain_functions: set[Any] = {
    *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal),
    *(np.isfinite, np.isnan, np.isinf, np.signbit, np.logical_and, np.logical_or, np.logical_not),
    *(np.logical_xor, np.shape, np.ndim, np.size, np.argmax, np.argmin, np.argsort, np.nonzero),
    *(np.flatnonzero, np.argwhere, np.count_nonzero, np.any, np.all, np.allclose, np.isclose),
    *(np.array_equal, np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.result_type),
    *(np.can_cast, np.iscomplexobj, np.isrealobj, np.shares_memory, np.may_share_memory),
    *(np.array2string, np.array_repr, np.array_str, np.searchsorted, np.digitize),
}
"""NumPy functions whose results are indices, truth values or constants: they get plain arrays."""

ARITHMETIC = (ZeroDivisionError, OverflowError, ValueError)
"""What Python's floats raise where IEEE arithmetic has an answer."""


# --- kinds of operands: who computes, who records ------------------------------------------------------


class Kind(NamedTuple):
    """A kind of operand. The highest rank among the arguments decides what a call does."""

    rank: int
    apply: Callable[[Primitive, tuple[Any, ...], dict[str, Any]], Any]
    flat: Callable[[Primitive, tuple[Any, ...], dict[str, Any]], Any] | None = None


kinds: dict[type, Kind] = {}


def register_kind(
    cls: type, rank: int, apply: Callable[..., Any], flat: Callable[..., Any] | None = None
) -> None:
    """Say what a primitive does with an operand of this class; node classes register themselves.

    `apply` takes arguments as the user gave them, `flat` one scalar output's many scalar arguments.
    """
    kinds[cls] = Kind(rank, apply, flat)


def _compute_numbers(primitive: Primitive, arguments: Any, options: dict[str, Any]) -> Any:
    return primitive.evaluate(arguments, options)


def _compute_arrays(primitive: Primitive, arguments: Any, options: dict[str, Any]) -> Any:
    if any(isinstance(x, np.ndarray) and x.dtype.hasobject for x in arguments):
        return primitive.on_values(arguments, options)
    return primitive.compute(arguments, options)


def _compute_sequences(primitive: Primitive, arguments: Any, options: dict[str, Any]) -> Any:
    return primitive(*(asarray(x, primitive.name) for x in arguments), **options)


def _write(primitive: Primitive, arguments: Any, options: dict[str, Any]) -> Letter:
    samples = (x.sample if isinstance(x, Letter) else x for x in arguments)
    sample = primitive.array(*samples, **options)
    shown = {key: value for key, value in options.items() if value is not primitive.options[key]}
    return Letter(primitive.name, arguments, shown, sample=sample)


register_kind(float, 0, _compute_numbers)
register_kind(int, 0, _compute_numbers)
register_kind(bool, 0, _compute_numbers)
register_kind(np.ndarray, 1, _compute_arrays)
register_kind(list, 2, _compute_sequences)
register_kind(tuple, 2, _compute_sequences)
VALUE_RANK, TENSOR_RANK = 3, 4
register_kind(Letter, 9, _write)
_NUMPY_SCALAR = Kind(1, _compute_arrays)


def kind_of(operand: Any, primitive: Primitive) -> Kind:
    """The kind of an operand whose class is not registered itself."""
    if isinstance(operand, np.bool_ | np.number):
        if np.iscomplexobj(operand):
            raise TypeError(f"{primitive.name}: expected real numbers, got complex")
        return _NUMPY_SCALAR
    for cls in type(operand).__mro__:
        if cls in kinds:
            return kinds[cls]
    raise TypeError(
        f"{primitive.name}: expected a number, an array, a Value or a Tensor, "
        f"got {type(operand).__name__} ({operand!r:.60})"
    )


def accepts(operand: Any) -> bool:
    """Whether a primitive takes this operand; an operator answers NotImplemented when it does not."""
    return operand.__class__ in kinds or isinstance(
        operand, (np.bool_, np.number, *kinds)
    )


def asarray(x: Any, name: str) -> Any:
    """A list as an array of numbers or of Values; anything else as it is."""
    if not isinstance(x, list | tuple):
        return x
    try:
        array = np.asarray(x)
    except (ValueError, TypeError) as error:
        raise type(error)(f"{name}: cannot make an array of {x!r:.60}: {error}") from None
    if array.dtype.kind not in "biufO":
        raise TypeError(f"{name}: expected real numbers, got {array.dtype} in {x!r:.60}")
    return array


# --- shapes ------------------------------------------------------------------------------------------------


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an array, node or letter; ``()`` for a number."""
    shape: tuple[int, ...] = getattr(x, "shape", ())
    return shape


def unbroadcast(g: Any, like: Any) -> Any:
    """Sum a cotangent over the axes along which `like` was stretched, and give it `like`'s dtype."""
    shape = shape_of(like)
    if g.shape != shape:
        extra = len(g.shape) - len(shape)
        stretched = tuple(
            axis for axis, n in enumerate(g.shape) if axis < extra or n != shape[axis - extra]
        )
        if g.__class__ is np.ndarray:
            g = np.add.reduce(g, axis=stretched).reshape(shape)
        else:
            g = registry["reshape"](registry["sum"](g, axis=stretched), shape=shape)
    dtype = getattr(like, "dtype", None)
    if dtype is not None and g.dtype is not dtype and g.dtype != dtype and dtype.kind == "f":
        g = registry["astype"](g, dtype=dtype)
    return g


def normalise_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """An ``axis`` option as a tuple of axes counted from the front."""
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, tuple):
        return tuple(np.lib.array_utils.normalize_axis_tuple(axis, ndim))
    return (np.lib.array_utils.normalize_axis_index(axis, ndim),)


# --- the families ----------------------------------------------------------------------------------------


class Primitive:
    """A function whose derivative is declared: one row of the table. Call it on anything.

    Attributes:
        name: the public name, ``autograd.<name>``.
        symbol: the mathematician's sign, for drawings.
        array: the function on NumPy arrays.
        options: the keyword arguments and their defaults; never differentiated.
        family: the shape of the Jacobian, in one word.
    """

    family = "primitive"

    def __init__(
        self,
        name: str,
        array: Callable[..., Any],
        *,
        arity: int | None,
        options: dict[str, Any],
        doc: str,
        symbol: str | None = None,
        required: int | None = None,
        numpy: Sequence[Any] = (),
        values: Callable[..., Any] | None = None,
    ) -> None:
        if name in registry:
            raise ValueError(f"a primitive named {name!r} exists already")
        self.name = self.__name__ = name
        self.symbol = symbol or name
        self.array = array
        self.arity = arity
        self.required = arity if required is None else required
        self.options = options
        self.values = values
        self.__doc__ = doc
        registry[name] = self
        for function in numpy:
            numpy_functions[function] = self

    def __repr__(self) -> str:
        return f"<{self.family} primitive {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _find, (self.name,)

    def __deepcopy__(self, memo: Any) -> Primitive:
        return self

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter
        if self.arity is None:
            inputs = [kind("arguments", kind.VAR_POSITIONAL)]
        else:
            inputs = [
                kind(letter, kind.POSITIONAL_ONLY)
                for letter in ("x", "y", "z", "u", "v")[: self.arity]
            ]
        named = [
            kind(key, kind.KEYWORD_ONLY, default=default) for key, default in self.options.items()
        ]
        return inspect.Signature(inputs + named)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Compute on numbers and arrays; record on nodes."""
        if options or len(arguments) != self.arity:
            arguments, options = self.bind(arguments, options)
        else:
            options = self.options
        rank, apply = -1, _compute_numbers
        for x in arguments:
            kind = kinds.get(x.__class__)
            if kind is None:
                kind = kind_of(x, self)
            if kind.rank > rank:
                rank, apply = kind.rank, kind.apply
        return apply(self, arguments, options)

    def bind(
        self, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort a call into inputs and options, or say what is wrong with it."""
        bound = self.options
        if self.arity is not None and len(arguments) > self.arity:
            extra = arguments[self.arity :]
            arguments = arguments[: self.arity]
            if len(extra) > len(bound):
                raise TypeError(
                    f"{self.name}() takes {self.arity} inputs and {len(bound)} options "
                    f"({', '.join(bound) or 'none'}), got {self.arity + len(extra)} arguments"
                )
            named = dict(zip(bound, extra, strict=False))
            if twice := named.keys() & options.keys():
                raise TypeError(f"{self.name}() got option {min(twice)!r} twice")
            options = named | options
        if len(arguments) < (1 if self.required is None else self.required):
            raise TypeError(
                f"{self.name}() takes {self.required or 'at least 1'} inputs, got {len(arguments)}"
            )
        if options:
            if unknown := [key for key in options if key not in bound]:
                raise TypeError(
                    f"{self.name}() has no option {unknown[0]!r}; "
                    f"its options are {', '.join(bound) or 'none'}"
                )
            bound = bound | options
        self.check(bound)
        return arguments, bound

    def check(self, options: dict[str, Any]) -> None:
        """Raise when an option has a value that no call can use."""
        if "ties" in options and options["ties"] not in ("share", "first"):
            raise ValueError(f"ties is 'share' or 'first', not {options['ties']!r}")

    def compute(self, arrays: Sequence[Any], options: dict[str, Any]) -> Any:
        """The value on NumPy arrays, with errors that name the primitive and the shapes."""
        try:
            return self.array(*arrays, **options)
        except (ValueError, IndexError, TypeError) as error:
            shapes = " and ".join(
                str(shape_of(x)) if not isinstance(x, str) else repr(x) for x in arrays
            )
            kind = type(error) if type(error) in (IndexError, TypeError) else ValueError
            raise kind(f"{self.name} of shapes {shapes}: {error}") from None

    def evaluate(self, numbers: Sequence[Any], options: dict[str, Any]) -> float:
        """The value on floats, with IEEE's answers where Python's would raise."""
        with np.errstate(all="ignore"):
            return float(self.array(*map(np.float64, numbers), **options))

    def on_values(self, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        """The value on object arrays of Values: by default the NumPy function itself."""
        if self.values is not None:
            return self.values(*arguments, **options)
        return self.compute(arguments, options)

    def slot_kind(self, slot: int) -> str:
        """The kind of the Jacobian by one argument."""
        return self.family

    def vjp(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        """Cotangent of the output in, cotangent of argument `slot` out."""
        raise TypeError(f"{self.name} has no derivative by argument {slot}")

    def jvp(self, slot: int, t: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        """Tangent of argument `slot` in, its share of the output's tangent out."""
        raise TypeError(f"{self.name} has no derivative by argument {slot}")

    def on_numbers(self, numbers: Sequence[Any], options: dict[str, Any]) -> float:
        """One output of many scalar arguments: what an n-ary node of Values holds."""
        raise TypeError(f"{self.name} is not defined on scalars")

    def again(self, numbers: Sequence[Any], options: dict[str, Any]) -> float:
        """What a Value made by this primitive holds, computed from its arguments' numbers."""
        return self.on_numbers(numbers, options)

    def flat_derivatives(self, out: Any, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        """The local derivatives of one output by many scalar arguments."""
        raise TypeError(f"{self.name} is not defined on scalars")

    constant_slots = False
    """Whether some argument is never differentiated."""

    def differentiable(self, slot: int) -> bool:
        """Whether a gradient flows through argument `slot`."""
        return True


def _find(name: str) -> Primitive:
    return registry[name]


class Elementwise(Primitive):
    """Each output depends on one element of each argument: the Jacobian is diagonal."""

    family = "diagonal"

    def __init__(
        self,
        name: str,
        scalar: Callable[..., Any],
        array: Callable[..., Any],
        derivatives: tuple[Rule | None, ...],
        **fields: Any,
    ) -> None:
        super().__init__(name, array, arity=len(derivatives), **fields)
        self.scalar = scalar
        self.derivatives = derivatives
        self.constant_slots = None in derivatives
        if isinstance(array, np.ufunc):
            numpy_functions[array] = self

    def differentiable(self, slot: int) -> bool:
        return self.derivatives[slot] is not None

    def rule(self, slot: int) -> Rule:
        """The rule of the local derivative by one argument."""
        rule = self.derivatives[slot]
        if rule is None:
            raise TypeError(f"{self.name} has no derivative by argument {slot}")
        return rule

    def evaluate(self, numbers: Sequence[Any], options: dict[str, Any]) -> float:
        try:
            out = self.scalar(*map(float, numbers), **options)
            if out.__class__ is float:
                return out  # type: ignore[no-any-return]
        except ARITHMETIC:
            pass
        return super().evaluate(numbers, options)

    again = evaluate

    def local_derivative(
        self, slot: int, out: float, numbers: Sequence[Any], options: dict[str, Any]
    ) -> float:
        """The local derivative by argument `slot` on floats: the number on the edge."""
        rule = self.rule(slot)
        try:
            d = rule(out, *numbers, **options)
            if not isinstance(d, complex):
                return float(d)
        except ARITHMETIC:
            pass
        with np.errstate(all="ignore"):
            return float(rule(np.float64(out), *map(np.float64, numbers), **options))

    def vjp(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        d = self.rule(slot)(out, *arguments, **options)
        if not (d.__class__ is int and d == 1):
            g = g * d
        return unbroadcast(g, arguments[slot])

    def jvp(self, slot: int, t: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        product = t * self.rule(slot)(out, *arguments, **options)
        shape = shape_of(out)
        return product if product.shape == shape else registry["broadcast_to"](product, shape=shape)

    def on_values(self, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        each = np.frompyfunc(lambda *xs: self(*xs, **options), len(arguments), 1)
        return each(*arguments)


class Reduction(Primitive):
    """Each output is a function of a group of elements along `axis`: one row per output."""

    family = "row"

    def __init__(self, name: str, array: Callable[..., Any], row: Rule, **fields: Any) -> None:
        super().__init__(name, array, arity=1, **fields)
        self.row = row
        self._rest = [key for key in self.options if key not in ("axis", "keepdims")]

    def _kept(self, x: Any, g: Any, out: Any, options: dict[str, Any]) -> tuple[Any, Any, Any]:
        """The cotangent and the output with the reduced axes kept, and the row."""
        axes = normalise_axes(options["axis"], len(x.shape))
        if not options["keepdims"]:
            kept = tuple(1 if axis in axes else n for axis, n in enumerate(x.shape))
            g = g if g is None or not kept else registry["reshape"](g, shape=kept)
            out = out if not kept else registry["reshape"](out, shape=kept)
        return g, axes, self.row(out, x, axes, **{key: options[key] for key in self._rest})

    def vjp(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        x = arguments[0]
        g, _, row = self._kept(x, g, out, options)
        if not (row.__class__ is int and row == 1):
            g = g * row
        return g if g.shape == x.shape else registry["broadcast_to"](g, shape=x.shape)

    def jvp(self, slot: int, t: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        _, axes, row = self._kept(arguments[0], None, out, options)
        return registry["sum"](t * row, axis=axes, keepdims=options["keepdims"])

    def on_values(self, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        # One n-ary node per output: move the reduced axes last, and call the row on each group.
        x = np.asarray(arguments[0], dtype=object)
        try:
            axes = normalise_axes(options["axis"], x.ndim)
        except ValueError as error:
            raise ValueError(f"{self.name} of shape {x.shape}: {error}") from None
        rest = tuple(axis for axis in range(x.ndim) if axis not in axes)
        groups = x.transpose(rest + axes).reshape(*(x.shape[axis] for axis in rest), -1)
        flat = self.options | {key: options[key] for key in self._rest}
        out = np.empty(groups.shape[:-1], dtype=object)
        for place in np.ndindex(out.shape):
            out[place] = nary(self, tuple(groups[place]), flat)
        if options["keepdims"]:
            out = out.reshape([1 if axis in axes else n for axis, n in enumerate(x.shape)])
        return out if out.ndim else out.item()

    def on_numbers(self, numbers: Sequence[Any], options: dict[str, Any]) -> float:
        return float(self.array(np.array(numbers, dtype=np.float64), **options))

    def flat_derivatives(self, out: Any, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        x = np.array(arguments)
        row = self.row(out, x, (0,), **{key: options[key] for key in self._rest})
        return np.broadcast_to(np.asarray(row, dtype=x.dtype), x.shape)


class Linear(Primitive):
    """The output is a linear map of the arguments: the Jacobian is the map itself."""

    family = "linear"

    def __init__(
        self, name: str, array: Callable[..., Any], transpose: Rule, arity: int | None, **fields: Any
    ) -> None:
        super().__init__(name, array, arity=arity, **fields)
        self.transpose = transpose

    def vjp(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        if self.arity is None:
            return unbroadcast(self.transpose(g, slot, *arguments, **options), arguments[slot])
        return self.transpose(g, *arguments, **options)

    def jvp(self, slot: int, t: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        others = [t if i == slot else np.zeros_like(raw(x)) for i, x in enumerate(arguments)]
        return self(*others, **options)


class Multilinear(Primitive):
    """Linear in each argument: the Jacobian by one is the map with that slot replaced."""

    family = "multilinear"

    def __init__(
        self, name: str, array: Callable[..., Any], vjps: Any, arity: int | None, **fields: Any
    ) -> None:
        super().__init__(name, array, arity=arity, **fields)
        self.vjps = vjps

    def vjp(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        if self.arity is None:
            g = self.vjps(g, slot, *arguments, **options)
        else:
            g = self.vjps[slot](g, *arguments, **options)
        return unbroadcast(g, arguments[slot])

    def jvp(self, slot: int, t: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        return self(*arguments[:slot], t, *arguments[slot + 1 :], **options)

    def on_numbers(self, numbers: Sequence[Any], options: dict[str, Any]) -> float:
        slots = np.split(np.array(numbers, dtype=np.float64), self.arity or 1)
        return float(self.array(*slots, **options))

    def flat_derivatives(self, out: Any, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        # Vectors of Values, end to end: x1 ... xn, y1 ... yn.
        slots = np.split(np.array(arguments), self.arity or 1)
        one = 1.0 if slots[0].dtype != object else np.array(1.0, dtype=object)
        return np.concatenate(
            [self.vjp(slot, one, out, slots, options) for slot in range(len(slots))]
        )


class Fused(Primitive):
    """States its own vjp and jvp; worth it only where its composite is slower or less stable."""

    family = "full"

    def __init__(
        self,
        name: str,
        array: Callable[..., Any],
        vjps: tuple[Rule | None, ...],
        jvps: tuple[Rule | None, ...],
        composite: Callable[..., Any],
        slot_kinds: tuple[str, ...] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(name, array, arity=len(vjps), **fields)
        self.vjps = vjps
        self.jvps = jvps
        self.constant_slots = None in vjps
        self.composite = composite
        self.slot_kinds = slot_kinds or ("full",) * len(vjps)

    def slot_kind(self, slot: int) -> str:
        return self.slot_kinds[slot]

    def differentiable(self, slot: int) -> bool:
        return self.vjps[slot] is not None

    def vjp(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        rule = self.vjps[slot]
        if rule is None:
            raise TypeError(f"{self.name} has no derivative by argument {slot}")
        return unbroadcast(rule(g, out, *arguments, **options), arguments[slot])

    def jvp(self, slot: int, t: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        rule = self.jvps[slot]
        if rule is None:
            raise TypeError(f"{self.name} has no derivative by argument {slot}")
        return rule(t, out, *arguments, **options)

    def on_values(self, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        return (self.values or self.composite)(*arguments, **options)


def raw(x: Any) -> Any:
    """The number or array of a node; anything else as it is."""
    return getattr(x, "data", x) if not isinstance(x, np.ndarray) else x


def nary(primitive: Primitive, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """One scalar output of many scalar arguments: a Value if any of them is one."""
    for x in arguments:
        kind = kinds.get(x.__class__)
        if kind is not None and kind.flat is not None:
            return kind.flat(primitive, arguments, options)
    return primitive.on_numbers(arguments, options)


# --- NumPy's protocols -----------------------------------------------------------------------------------------


def no_rule(function: Any) -> TypeError:
    """The error for a NumPy function that has no row and no composite here."""
    module = getattr(function, "__module__", None) or "numpy"
    name = f"{module.replace('numpy', 'np', 1)}.{function.__name__}".replace("np._core.", "np.")
    return TypeError(
        f"{name} has no rule in autograd, and a result without one would be a constant: "
        "use a function that has one, or x.detach().numpy() where no gradient is wanted"
    )


def unwrapped(x: Any) -> Any:
    """Nodes as their data, also inside lists and tuples."""
    if isinstance(x, list | tuple):
        return type(x)([unwrapped(each) for each in x])
    return raw(x)


def numpy_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """``__array_ufunc__`` of every node: NumPy's functions record."""
    if method != "__call__":
        raise TypeError(
            f"np.{ufunc.__name__}.{method} has no rule in autograd; "
            "sum, prod, max, min, cumsum and outer have one of their own"
        )
    out = options.pop("out", (None,))[0]
    if ufunc in numpy_functions:
        result = numpy_functions[ufunc](*inputs, **options)
    elif ufunc in plain_functions:
        result = ufunc(*map(unwrapped, inputs), **options)
    else:
        raise no_rule(ufunc)
    if out is None:
        return result
    if not (isinstance(out, np.ndarray) and out.dtype == object):
        raise TypeError(
            f"np.{ufunc.__name__} cannot write a recorded result into an array of numbers "
            "(out= or an in-place operator): assign the result to a name instead"
        )
    out[...] = result
    return out


def numpy_call(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """``__array_function__`` of every node: NumPy's functions record."""
    if function in numpy_functions:
        return numpy_functions[function](*args, **kwargs)
    if function in plain_functions:
        plain = {key: unwrapped(x) for key, x in kwargs.items()}
        return function(*(unwrapped(x) for x in args), **plain)
    raise no_rule(function)


# --- declaring a row ------------------------------------------------------------------------------------------


def elementwise(
    name: str,
    scalar: Callable[..., Any],
    array: Callable[..., Any],
    *derivatives: Rule | None,
    doc: str = "",
    symbol: str | None = None,
    numpy: Sequence[Any] = (),
    **options: Any,
) -> Elementwise:
    """Declare an elementwise primitive.

    Args:
        name: its public name.
        scalar: the function on Python floats; it may raise where IEEE arithmetic has an answer.
        array: the function on NumPy arrays, usually a ufunc.
        derivatives: one rule per argument, ``rule(out, x, y, ...)``, written in primitives;
            ``None`` for an argument that is never differentiated (a mask).
        options: keyword arguments with their defaults, passed on to all of these.

    >>> import math, numpy as np, autograd
    >>> from autograd import primitive
    >>> sinc = primitive.elementwise(
    ...     "doctest_cosh", math.cosh, np.cosh, lambda out, x: autograd.sinh(x))
    >>> round(autograd.grad(sinc)(1.0), 6)
    1.175201
    >>> del primitive.registry["doctest_cosh"]
    """
    return Elementwise(
        name, scalar, array, derivatives, options=options, doc=doc, symbol=symbol, numpy=numpy
    )


def reduction(
    name: str,
    array: Callable[..., Any],
    row: Rule,
    *,
    doc: str = "",
    symbol: str | None = None,
    numpy: Sequence[Any] = (),
    **options: Any,
) -> Reduction:
    """Declare a reduction: ``array(x, axis, keepdims)`` and ``row(out, x, axis)``.

    The row is ∂out/∂x along the reduced axes; `out` has those axes kept, so that it broadcasts.
    """
    options = {"axis": None, "keepdims": False} | options
    return Reduction(name, array, row, options=options, doc=doc, symbol=symbol, numpy=numpy)


def linear_map(
    name: str,
    array: Callable[..., Any],
    transpose: Rule,
    *,
    arity: int | None = 1,
    doc: str = "",
    symbol: str | None = None,
    numpy: Sequence[Any] = (),
    **options: Any,
) -> Linear:
    """Declare a linear map and its transpose: ``transpose(g, x)``, or ``transpose(g, slot, *xs)``
    when it takes any number of arguments (``arity=None``)."""
    return Linear(
        name, array, transpose, arity, options=options, doc=doc, symbol=symbol, numpy=numpy
    )


def multilinear(
    name: str,
    array: Callable[..., Any],
    *vjps: Rule,
    arity: int | None = None,
    doc: str = "",
    symbol: str | None = None,
    numpy: Sequence[Any] = (),
    values: Callable[..., Any] | None = None,
    **options: Any,
) -> Multilinear:
    """Declare a multilinear primitive: one ``vjp(g, x, y)`` per slot, or one
    ``vjp(g, slot, *xs)`` when it takes any number of arguments."""
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
        values=values,
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
    values: Callable[..., Any] | None = None,
    slot_kinds: tuple[str, ...] | None = None,
    required: int | None = None,
    **options: Any,
) -> Fused:
    """Declare a primitive that states ``vjp(g, out, *xs)`` and ``jvp(t, out, *xs)`` per slot.

    `composite` is the same function made of other primitives: a test holds the two equal, and it is
    what runs on arrays of Values.
    """
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
        values=values,
        required=required,
    )


# --- the local derivative as an object --------------------------------------------------------------------------


class LocalDerivative:
    """The derivative of a tensor's primitive by one of its arguments, at the recorded point.

    ``kind`` says what the Jacobian of the primitive looks like (before any broadcasting):
    ``"diagonal"``, ``"row"``, ``"linear"``, ``"multilinear"`` or ``"full"``.

    >>> import autograd
    >>> W, x = autograd.Tensor([[1.0, 2.0], [3.0, 4.0]]), autograd.Tensor([5.0, 6.0])
    >>> by_W, by_x = (W @ x).local_derivatives
    >>> by_x.kind, by_x.matrix().tolist()
    ('multilinear', [[1.0, 2.0], [3.0, 4.0]])
    >>> by_W.matrix().tolist()
    [[5.0, 6.0, 0.0, 0.0], [0.0, 0.0, 5.0, 6.0]]
    """

    __slots__ = ("_arguments", "_options", "_out", "_primitive", "_slot", "kind")

    def __init__(
        self, primitive: Primitive, slot: int, out: Any, arguments: Any, options: dict[str, Any]
    ) -> None:
        self._primitive = primitive
        self._slot = slot
        self._out = out
        self._arguments = arguments
        self._options = options
        self.kind = primitive.slot_kind(slot)

    @property
    def shape(self) -> tuple[int, int]:
        """(size of the output, size of the argument)."""
        return np.size(self._out), np.size(self._arguments[self._slot])

    def __repr__(self) -> str:
        rows, columns = self.shape
        return f"<{self.kind} local derivative of {self._primitive.name}, {rows} x {columns}>"

    def vjp(self, g: Any) -> Any:
        """The cotangent of the argument from that of the output: ``g @ matrix``, shaped."""
        g = self._shaped(g, self._out, "cotangent")
        with np.errstate(all="ignore"):
            product = self._primitive.vjp(
                self._slot, g, self._out, self._arguments, self._options
            )
        return np.array(product)

    def jvp(self, t: Any) -> Any:
        """The tangent of the output from that of the argument: ``matrix @ t``, shaped."""
        t = self._shaped(t, self._arguments[self._slot], "tangent")
        with np.errstate(all="ignore"):
            product = self._primitive.jvp(
                self._slot, t, self._out, self._arguments, self._options
            )
        return np.array(product)

    def _shaped(self, x: Any, like: Any, what: str) -> Any:
        x = np.asarray(x, dtype=np.asarray(like).dtype)
        if x.shape != np.shape(like):
            raise ValueError(
                f"a {what} of {self._primitive.name} has shape {np.shape(like)}, got {x.shape}"
            )
        return x

    def matrix(self) -> Any:
        """The dense Jacobian, output size by argument size, both flattened row by row."""
        rows, columns = self.shape
        argument = np.asarray(self._arguments[self._slot])
        if rows <= columns:
            basis = np.eye(rows, dtype=self._out.dtype).reshape(rows, *np.shape(self._out))
            return np.array([self.vjp(g).ravel() for g in basis]).reshape(rows, columns)
        basis = np.eye(columns, dtype=argument.dtype).reshape(columns, *argument.shape)
        return np.array([self.jvp(t).ravel() for t in basis]).reshape(columns, rows).T
