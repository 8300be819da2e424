"""Primitive: what every family of primitives can do, and the tables that a call goes by.

A primitive called with floats or arrays computes; with nodes it records; with letters it writes itself
down. Each kind of operand says what a call does, and the highest rank among the arguments decides.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from autograd.context.modes import under_way
from autograd.context.notes import note_effect, note_made
from autograd.context.sites import Site, getframe, is_library
from autograd.engine.arrays import check_array
from autograd.engine.axes import LARGEST, MOST_AXES, check_axes, check_flag, shape_of
from autograd.support.publishing import option_advice

Rule = Callable[..., Any]
ndarray = np.ndarray

SCALARS = {float, np.float64, np.float32}
"""What a function on arrays may give in the place of an array without axes."""

BAD_INPUT = (ValueError, IndexError, TypeError, OverflowError)
"""What NumPy raises for operands it cannot use."""


class Unsaid(str):
    """An option that the library's own code gives where it computes something else: no view tells of it.

    A softmax of Values is made of a maximum that is subtracted, and whatever that does at a tie, the
    softmax does not: a picture of the lecture's softmax has no word of ties.

    >>> Unsaid("first") == "first", Unsaid("first")
    (True, 'first')
    """

    __slots__ = ()


# --- the tables ---------------------------------------------------------------------------------

registry: dict[str, Primitive] = {}
"""Every primitive by name. The tests, the operators and the drawings loop over it."""

numpy_functions: dict[Any, Callable[..., Any]] = {}
"""NumPy's ufuncs and functions, and what records in their place."""

relations: dict[Any, Primitive] = {}
"""NumPy's comparisons and connectives, and their rows: what they give is true or false, and no node."""

# --- kinds of operands: who computes, who records -------------------------------------------------


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


def compute_numbers(primitive: Primitive, arguments: Any, options: dict[str, Any]) -> Any:
    """Call a primitive where every argument is a plain number."""
    return primitive.evaluate(arguments, options)


def compute_arrays(primitive: Primitive, arguments: Any, options: dict[str, Any]) -> Any:
    """Call a primitive where the highest kind among the arguments is an array."""
    for x in arguments:
        if x.__class__ is np.ndarray and x.dtype.kind not in "fbiu":
            if x.dtype.kind != "O":
                raise TypeError(f"{primitive.name}: expected real numbers, got {x.dtype}")
            with np.errstate(all="ignore"):  # a Value never warns
                return primitive.on_values(arguments, options)
    out = primitive.compute(arguments, options)
    return note_made(out, primitive, arguments, options) if under_way else out


_NUMPY_SCALAR = Kind(1, compute_arrays)


def kind_of(operand: Any, primitive: Primitive) -> Kind:
    """The kind of an operand whose class is not registered itself."""
    if isinstance(operand, np.bool_ | np.number):
        if np.iscomplexobj(operand):
            raise TypeError(f"{primitive.name}: expected real numbers, got complex")
        return _NUMPY_SCALAR
    check_array(operand, f"an argument of {primitive.name}")
    for cls in type(operand).__mro__:
        if cls in kinds:
            return kinds[cls]
    raise TypeError(
        f"{primitive.name}: expected a number, an array, a Value or a Tensor, "
        f"got {type(operand).__name__} ({operand!r:.60})"
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
        formula: how mathematics writes it, of letters: where that is not its name and its arguments.
        method: whether nodes have it as a method, where it is a row of the library.
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
        formula: Callable[..., Any] | None = None,
        method: bool = True,
        registered: bool = True,
    ) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError(f"the name of a primitive is a string, got {name!r:.60}")
        for what, text in (("doc", doc), ("symbol", symbol)):
            if text is not None and not isinstance(text, str):
                raise TypeError(f"{what} of {name} is a string, got {type(text).__name__}")
        functions = {"array": array, "values": values, "impure": impure, "formula": formula}
        for what, function in functions.items():
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
        self.formula = formula
        self.method = method
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
        indexed = "index" in self.options or self.symbol == "[ ]"
        kinds = (IndexError, TypeError) if indexed else (TypeError,)
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

    def contributions(
        self, slots: tuple[int, ...], g: Any, out: Any, arguments: Any, options: dict[str, Any]
    ) -> Sequence[Any]:
        """The vjps by several arguments, of arrays: what a backward pass over numbers asks for."""
        if len(slots) == 1:
            return [self.vjp(slots[0], g, out, arguments, options)]
        return [self.vjp(slot, g, out, arguments, options) for slot in slots]

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

    quick: Any = None
    """What the core calls in the place of `contributions`, where all arrays are of one dtype."""

    passing = -1
    """A bit for each argument through which a gradient can flow: see `differentiable`."""

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
