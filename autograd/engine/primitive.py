"""Primitive: what every family of primitives can do, and undoing a broadcast."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import numpy as np

from autograd.engine.dispatch import (
    compute_numbers,
    kind_of,
    kinds,
    numpy_functions,
    registry,
    shape_of,
)
from autograd.engine.modes import under_way
from autograd.engine.notes import note_effect
from autograd.engine.sites import Site, getframe, is_library
from autograd.support.habits import option_advice

Rule = Callable[..., Any]

ndarray = np.ndarray

add_reduce: Any = np.add.reduce  # whose annotations know no axis or keepdims that is a variable

FEW = 128
"""Up to so many terms a sum by BLAS is as exact as NumPy's, which adds them in pairs."""


@functools.lru_cache(maxsize=64)
def ones(n: int, dtype: Any) -> Any:
    """A vector of ones, kept: nobody may write into it."""
    vector = np.ones(n, dtype=dtype)
    vector.flags.writeable = False
    return vector


def starts(rows: int, width: int) -> Any:
    """Where each row of a matrix begins, in the order of memory. Not to be written into."""
    return _starts(rows, width) if rows <= KEPT_ROWS else np.arange(0, rows * width, width)


KEPT_ROWS = 4096
"""Batches of so many rows come again, and what is kept for them is small."""


@functools.lru_cache(maxsize=64)
def _starts(rows: int, width: int) -> Any:
    places = np.arange(rows) * width
    places.flags.writeable = False
    return places


def add_up(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum along `axis`. Of a matrix along one axis by BLAS, 3 to 5 times faster on a batch."""
    if axis is not None and x.ndim == 2 and x.dtype.char in "fd":
        if axis == 0 or axis == (0,):
            out = ones(len(x), x.dtype).dot(x)  # NumPy's, too, adds rows one after the other
            return out[None] if keepdims else out
        if (axis == -1 or axis == 1 or axis == (1,)) and x.shape[1] <= FEW:
            out = x.dot(ones(x.shape[1], x.dtype))
            return out[:, None] if keepdims else out
    return add_reduce(x, axis=axis, keepdims=keepdims)


def largest(x: Any, axis: int) -> Any:
    """The maximum along `axis`, which is kept; −inf where there is nothing.

    NumPy finds the place of the maximum of a short row faster than the maximum.
    """
    if axis in (-1, 1) and x.ndim == 2 and x.size and x.flags.c_contiguous:
        places = x.argmax(axis=1)
        places += starts(*x.shape)
        return x.reshape(-1).take(places)[:, None]
    return np.max(x, axis=axis, keepdims=True, initial=-np.inf)


def as_floats(x: Any) -> Any:
    """Whole numbers as floats, for functions that need an infinity; floats as they are."""
    return x if x.dtype.kind == "f" else x.astype(np.float64)


SCALARS = {float, np.float64, np.float32}
"""What a function on arrays may give in the place of an array without axes."""

BAD_INPUT = (ValueError, IndexError, TypeError, OverflowError)
"""What NumPy raises for operands it cannot use."""


# --- shapes ---------------------------------------------------------------------------------------


def unbroadcast(g: Any, like: Any) -> Any:
    """Sum a cotangent over the axes along which `like` was stretched, and give it `like`'s dtype."""
    if g.__class__ is like.__class__ is ndarray and g.shape == like.shape and g.dtype is like.dtype:
        return g
    shape = shape_of(like)
    if g.shape != shape:
        extra = len(g.shape) - len(shape)
        stretched = tuple(
            axis for axis, n in enumerate(g.shape) if axis < extra or n != shape[axis - extra]
        )
        if g.__class__ is ndarray:
            g = add_up(g, axis=stretched).reshape(shape)
        else:
            g = registry["reshape"](registry["sum"](g, axis=stretched), shape=shape)
    dtype = getattr(like, "dtype", None)
    if dtype is not None and g.dtype is not dtype and g.dtype != dtype and dtype.kind == "f":
        if g.dtype.kind == "c":
            raise TypeError(f"a rule gave a derivative of {g.dtype}: it is made of real numbers")
        g = registry["astype"](g, dtype=dtype)
    return g


def normalise_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """An ``axis`` option as a tuple of axes counted from the front, in the order of the shape."""
    if axis is None:
        return tuple(range(ndim))
    if axis.__class__ is int and -ndim <= axis < ndim:
        return (axis % ndim,)
    if ndim == 0 and axis in (0, -1):  # NumPy allows it
        return ()
    if isinstance(axis, tuple):
        if len(axis) == 1 and axis[0].__class__ is int and 0 <= axis[0] < ndim:
            return axis
        return tuple(sorted(axis_tuple(axis, ndim)))
    return (axis_index(axis, ndim),)


MOST_AXES = 64
"""NumPy's arrays have no more."""

LARGEST = 2**62
"""No array is longer, and NumPy's whole numbers reach a little farther."""


def whole_number(x: Any, what: str) -> int:
    """A whole number, of any class that stands for one, that NumPy can count to; True is none."""
    try:
        if isinstance(x, bool | np.bool_):
            raise TypeError
        number: int = operator.index(x)
    except TypeError:
        raise TypeError(f"{what} is a whole number, got {type(x).__name__} ({x!r:.60})") from None
    if not -LARGEST < number < LARGEST:
        raise ValueError(f"{what} is out of range: got one of {number.bit_length()} bits")
    return number


def axis_index(axis: Any, ndim: int, name: str | None = None) -> int:
    """An axis counted from the front; any whole number that is none raises NumPy's AxisError."""
    number = whole_number(axis, "an axis" if name is None else f"the axis of {name}")
    if not -ndim <= number < ndim:
        raise np.exceptions.AxisError(number, ndim, name)
    return number % ndim


def axis_tuple(axes: Any, ndim: int, name: str | None = None) -> tuple[int, ...]:
    """One axis, or several in a tuple or list, counted from the front, each once."""
    several = axes if isinstance(axes, tuple | list) else (axes,)
    found = tuple(axis_index(axis, ndim, name) for axis in several)
    if len(set(found)) < len(found):
        raise ValueError(f"{name or 'axis'}: an axis is named twice in {axes!r:.60}")
    return found


def check_flag(x: Any, what: str) -> None:
    """Raise unless x is True or False, of Python's or of NumPy's."""
    if not isinstance(x, bool | np.bool_):
        raise TypeError(f"{what} is True or False, got {type(x).__name__} ({x!r:.60})")


def check_axes(axis: Any, what: str) -> None:
    """Raise unless an axis is a whole number, or a tuple of those."""
    for each in axis if isinstance(axis, tuple) else (axis,):
        if each.__class__ is int and -MOST_AXES <= each < MOST_AXES:
            continue
        if not -MOST_AXES <= whole_number(each, what) < MOST_AXES:
            raise ValueError(
                f"{what} is out of range: an array has at most {MOST_AXES}, got {each}"
            )


# --- the interface --------------------------------------------------------------------------------


class SignatureOfRow:
    """The signature of a row, which is called; the class of rows has that of its ``__init__``."""

    def __get__(self, row: Primitive | None, cls: type[Primitive]) -> inspect.Signature:
        kind = inspect.Parameter
        if row is None:
            _, *others = inspect.signature(cls.__init__).parameters.values()
            return inspect.Signature(others)
        if row.arity is None:
            inputs = [kind("arguments", kind.VAR_POSITIONAL)]
        else:
            inputs = [
                kind(letter, kind.POSITIONAL_ONLY)
                for letter in ("x", "y", "z", "u", "v")[: row.arity]
            ]
        named = [
            kind(key, kind.KEYWORD_ONLY, default=default) for key, default in row.options.items()
        ]
        return inspect.Signature(inputs + named)


class Declaration:
    """Where a row was declared: a cell that is run again, or a module that is loaded again, replaces it.

    That is so from the same function (or none) of the same file; all cells of a notebook, and all lines
    of a prompt, are one file, because a cell that was edited has another name. Two rows of one name
    which one run of the code declares are a mistake.
    """

    __slots__ = ("code", "file", "offset")

    def __init__(self, frame: FrameType) -> None:
        while is_library(frame.f_code) and frame.f_back is not None:
            if frame.f_back.f_code.co_filename.startswith("<frozen importlib"):
                break  # a file of the library is being imported
            frame = frame.f_back
        self.code, self.offset = frame.f_code, frame.f_lasti
        name = self.code.co_filename
        typed = name.startswith("<") or "ipykernel_" in name
        self.file = frame.f_globals.get("__name__", "") if typed else name

    def repeats(self, earlier: Declaration | None) -> bool:
        """Whether this is the declaration that an earlier one was."""
        if earlier is None or is_library(earlier.code):
            return False
        same = (self.file, self.code.co_qualname) == (earlier.file, earlier.code.co_qualname)
        return same and (self.code is not earlier.code or self.offset == earlier.offset)

    def __str__(self) -> str:
        return "the library" if is_library(self.code) else str(Site.of(self.code, self.offset))


class Primitive:
    """A function whose derivative is declared: one row of the table. Call it on anything.

    Attributes:
        name: the public name, ``autograd.<name>``.
        symbol: the mathematician's sign, for drawings.
        array: the function on NumPy arrays.
        options: the keyword arguments and their defaults; never differentiated.
        family: the shape of the Jacobian, in one word.
        impure: says of a call's options whether it has an effect, which a replay must have again.
    """

    family = "primitive"
    __signature__ = SignatureOfRow()
    keeps_zero = False
    """Whether a finite output of many Values has finite derivatives: 0 times them is 0 then."""

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
        impure: Callable[[dict[str, Any]], bool] | None = None,
        registered: bool = True,
    ) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError(f"the name of a primitive is a string, got {name!r:.60}")
        for what, text in (("doc", doc), ("symbol", symbol)):
            if text is not None and not isinstance(text, str):
                raise TypeError(f"{what} of {name} is a string, got {type(text).__name__}")
        for what, function in (("array", array), ("values", values), ("impure", impure)):
            if not (callable(function) or (function is None and what != "array")):
                raise TypeError(f"{what} of {name} is a function, got {function!r:.60}")
        if not isinstance(numpy, tuple | list) or not all(map(callable, numpy)):
            raise TypeError(f"numpy of {name} is a list of NumPy's functions, got {numpy!r:.60}")
        if arity is not None and (not isinstance(arity, int) or arity < 1):
            raise TypeError(
                f"arity of {name} is a whole number of 1 or more, or None, got {arity!r:.60}"
            )
        self.declaration = Declaration(getframe(1)) if registered else None
        earlier = registry.get(name) if registered else None
        if earlier is not None:
            if not self.declaration.repeats(earlier.declaration):  # type: ignore[union-attr]
                raise ValueError(
                    f"a primitive named {name!r} exists already, declared in {earlier.declaration}: "
                    "it can be declared anew where it was, as when a cell is run again"
                )
            for function in [f for f, row in numpy_functions.items() if row is earlier]:
                del numpy_functions[function]
        self.name = self.__name__ = name
        self.shown = name.removesuffix("_all").removesuffix("_between")  # in messages
        self.symbol = symbol or name
        self.array = array
        self.arity = arity
        self.required = arity if required is None else required
        self.options = options
        self.values = values
        self.impure = impure
        # So many arguments alone need not be sorted; the effect of a call is noted on that way.
        self.direct = arity if impure is None else None
        self.reduces, self.has_axis = "keepdims" in options, "axis" in options  # see `check`
        self.has_ties, self.has_ddof = "ties" in options, "ddof" in options
        self.checked = self.reduces or self.has_axis or self.has_ties or self.has_ddof
        self.__doc__ = doc
        if registered:
            registry[name] = self
        for function in numpy:
            numpy_functions[function] = self

    def __repr__(self) -> str:
        return f"<{self.family} primitive {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _find, (self.name,)

    def __deepcopy__(self, memo: Any) -> Primitive:
        return self

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Compute on numbers and arrays; record on nodes."""
        if options or len(arguments) != self.direct:
            arguments, options = self.bind(arguments, options)
        else:
            options = self.options
        rank = -1
        apply: Callable[..., Any] = compute_numbers
        for x in arguments:
            kind = kinds.get(x.__class__)
            if kind is None:
                kind = kind_of(x, self)
            if kind[0] > rank:
                rank, apply, _ = kind
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
            if not options.keys() <= bound.keys():
                unknown = [key for key in options if key not in bound]
                raise TypeError(
                    f"{self.name}() has no option {unknown[0]!r}; "
                    f"its options are {', '.join(bound) or 'none'}{option_advice(unknown, bound)}"
                )
            bound = bound | options
        if self.checked:
            self.check(bound)
        if self.impure is not None and under_way and self.impure(bound):
            note_effect(self, bound)
        return arguments, bound

    def check(self, options: dict[str, Any]) -> None:
        """Raise when an option has a value that no call can use."""
        if self.reduces:
            keepdims = options["keepdims"]
            if keepdims is not False and keepdims is not True:
                check_flag(keepdims, f"keepdims of {self.name}")
        if self.has_axis:
            axis = options["axis"]
            if axis is not None and (
                axis.__class__ is not int or not -MOST_AXES <= axis < MOST_AXES
            ):
                check_axes(axis, f"axis of {self.name}")
        if self.has_ties:
            ties = options["ties"]
            if not isinstance(ties, str) or ties not in ("share", "first"):
                raise ValueError(f"ties is 'share' or 'first', not {ties!r:.60}")
        if self.has_ddof:
            ddof = options["ddof"]
            if not isinstance(ddof, int | float | np.number) or not -LARGEST < ddof < LARGEST:
                raise ValueError(f"ddof of {self.name} is a finite number, got {ddof!r:.60}")

    def compute(self, arrays: Sequence[Any], options: dict[str, Any]) -> Any:
        """The value on NumPy arrays, with errors that name the primitive and the shapes."""
        try:
            out = self.array(*arrays, **options)
        except BAD_INPUT as error:
            raise self.explained(error, arrays, options) from None
        if out.__class__ is ndarray:
            if out.dtype.kind not in "fbiuO":
                self.check_real(out)
        elif out.__class__ not in SCALARS:
            self.check_real(out)
        return out

    def check_real(self, out: Any) -> None:
        """Raise where a row's function gave something else than real numbers, or nodes."""
        kind = getattr(getattr(out, "dtype", None), "kind", None)
        if kind is None and (isinstance(out, float | int) or out.__class__ in kinds):
            kind = "f" if not isinstance(out, list | tuple) else None
        if kind is None or kind not in "fbiuO":
            got = type(out).__name__ if kind is None else out.dtype
            raise TypeError(
                f"the function of {self.name} is to give an array of real numbers, it gave {got}"
            )

    def as_number(self, out: Any) -> float:
        """One real number that a row's function gave, as Python's."""
        if out.__class__ is not np.float64:
            self.check_real(out)
        return float(out)

    def explained(
        self, error: Exception, arrays: Sequence[Any], options: dict[str, Any]
    ) -> Exception:
        """NumPy's error about these arrays, with the primitive, the shapes, and what clashes in them."""
        from autograd.support.clashes import clash

        shapes = " and ".join(
            str(shape_of(x)) if not isinstance(x, str) else repr(x) for x in arrays
        )
        kinds = (IndexError, TypeError) if "index" in self.options else (TypeError,)
        kind = type(error) if type(error) in kinds else ValueError
        told = None
        if kind is ValueError and not any(isinstance(x, str) for x in arrays):
            shapes_of = [shape_of(x) for x in arrays]
            told = clash(self.shown, shapes_of, options, broadcasts="broadcast" in str(error))
        return kind(f"{self.shown} of shapes {shapes}: {told or error}")

    def evaluate(self, numbers: Sequence[Any], options: dict[str, Any]) -> Any:
        """The value on floats, with IEEE's answers where Python's would raise."""
        try:
            floats = [np.float64(x) for x in numbers]
        except OverflowError:
            raise ValueError(f"{self.name}: a whole number is too large for a float") from None
        with np.errstate(all="ignore"):
            out = self.compute(floats, options)
        return out if np.ndim(out) else float(out)

    def on_values(self, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        """The value on object arrays of Values: by default the NumPy function itself."""
        if self.values is not None:
            return self.values(*arguments, **options)
        out = self.compute(arguments, options)
        # One Value is a Value, and no array without axes.
        return out[()] if out.__class__ is ndarray and not out.ndim else out

    def alike(self, arguments: Sequence[Any], dtype: Any) -> list[Any]:
        """The arguments that can be differentiated by, in the dtype of the output.

        A rule then computes as arrays do, also with plain numbers: 1 / 0 is inf, and a logarithm of
        an int8 or a float32 is as exact as the output.
        """
        found = []
        for slot, x in enumerate(arguments):
            kind = x.__class__
            if kind is float or kind is int:  # the plain cases first: a pass waits for them
                x = np.array(x, dtype)
            elif kind is ndarray and x.dtype is dtype:
                pass
            elif not self.differentiable(slot):
                x = np.asarray(x) if isinstance(x, bool | np.bool_) else x
            elif isinstance(x, float | int | np.generic):
                x = np.asarray(x, dtype)
            elif (own := getattr(x, "dtype", dtype)) is not dtype and own != dtype:
                x = registry["astype"](x, dtype=dtype)
            found.append(x)
        return found

    def of_one_dtype(self, arguments: Sequence[Any], out: Any) -> Sequence[Any]:
        """`alike` of arrays, as they are where nothing is to be done."""
        dtype = getattr(out, "dtype", None)
        if dtype is None:  # of a Value
            return arguments
        for slot, x in enumerate(arguments):
            if x.__class__ is ndarray and x.dtype is not dtype and self.differentiable(slot):
                return self.alike(arguments, dtype)
        return arguments

    def slot_kind(self, slot: int) -> str:
        """The kind of the Jacobian by one argument."""
        return self.family

    def vjp(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        """Cotangent of the output in, cotangent of argument `slot` out."""
        raise TypeError(f"{self.name} has no derivative by argument {slot}")

    def shown_vjp(
        self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]
    ) -> Any:
        """The vjp as it is written for people: a product also where the derivative is a choice."""
        return self.vjp(slot, g, out, arguments, options)

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

    def is_impure(self, options: dict[str, Any]) -> bool:
        """Whether a call does more than compute: it draws random numbers, or tells somebody."""
        return self.impure is not None and self.impure(options)

    passes = False
    """Whether the value is the first argument as it is, so that only an effect is left to run."""

    draws = False
    """Whether what it does beside computing is to draw by `recording.drawn_anew`, which is noticed."""

    reads_as: Callable[..., Any] | None = None
    """What the row writes itself down as, where that is made of other rows."""

    constant_slots = False
    """Whether some argument is never differentiated."""

    def differentiable(self, slot: int) -> bool:
        """Whether a gradient flows through argument `slot`."""
        return True


def _find(name: str) -> Primitive:
    if name not in registry:
        raise LookupError(
            f"a pickled graph was made by the primitive {name!r}, which is not declared here: import "
            "the module that declares it first (by autograd.elementwise or one of its siblings)"
        )
    return registry[name]
