"""Followed: arrays of a recording that are no nodes, and what NumPy makes of them.

Whole numbers and truth values have no gradient, so an input of them, and a comparison of nodes, is no
Tensor. A program must compute anew what is made of them all the same. While a `recording` is under way
they are therefore given as a `Followed`: it answers as the array would, and remembers each function of
NumPy that is called on it. Whatever else reads its numbers is noted, as for a node.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from autograd.context.modes import current_mode
from autograd.context.notes import BranchChanged, note_array, note_call, note_made, note_shape
from autograd.engine.graph import Node
from autograd.engine.primitive import Primitive, relations

Array = np.ndarray[Any, Any]

CALL = "numpy"
"""The name of the one row that is any function of NumPy: its option ``call`` is a `FollowedCall`."""

SILENT: set[Any] = {
    *(np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like, np.full_like),
    *(np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj, np.shares_memory),
    np.may_share_memory,
}
"""Functions whose results do not depend on the numbers."""

IMPURE = {np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis}
"""Functions that write into their first argument."""

SIZED: set[Any] = {
    *(
        np.ndarray.transpose,
        np.ndarray.ravel,
        np.ndarray.flatten,
        np.ndarray.copy,
        np.ndarray.astype,
    ),
    *(np.ndarray.squeeze, np.ndarray.swapaxes, np.ndarray.diagonal, np.ndarray.view, np.asarray),
    *(np.ndarray.all, np.ndarray.any, np.ndarray.argmax, np.ndarray.argmin, np.ndarray.argsort),
    *(np.ndarray.sum, np.ndarray.mean, np.ndarray.prod, np.ndarray.std, np.ndarray.var),
    *(np.ndarray.max, np.ndarray.min, np.ndarray.cumsum, np.ndarray.cumprod, np.ndarray.clip),
    *(np.ndarray.take, np.ndarray.dot, np.ndarray.round, np.ndarray.trace, np.ndarray.searchsorted),
    *(
        np.transpose,
        np.ravel,
        np.copy,
        np.squeeze,
        np.swapaxes,
        np.all,
        np.any,
        np.argmax,
        np.argmin,
    ),
    *(np.argsort, np.sort, np.sum, np.mean, np.prod, np.std, np.var, np.max, np.min, np.cumsum),
    *(np.cumprod, np.clip, np.take, np.take_along_axis, np.dot, np.round, np.isin, np.concatenate),
    *(
        np.stack,
        np.hstack,
        np.vstack,
        np.outer,
        np.einsum,
        np.tensordot,
        np.flip,
        np.diff,
        np.choose,
    ),
    *(
        np.expand_dims,
        np.moveaxis,
        np.searchsorted,
        np.digitize,
        np.tril,
        np.triu,
        np.broadcast_arrays,
    ),
    *(np.count_nonzero, np.isclose, np.select, np.meshgrid, np.trace, np.diagonal, np.median),
}
"""Functions whose results have a shape that the shapes of their arguments decide, as ufuncs' have."""

SIZED_BY_OPTIONS: set[Any] = {
    *(np.ndarray.reshape, np.ndarray.repeat, np.reshape, np.repeat, np.tile, np.pad, np.roll),
    *(np.broadcast_to, np.split, np.array_split, np.delete, np.insert, np.append, np.resize),
}
"""Functions of which that holds as long as the first argument alone is followed."""

OF_TRUTHS = {np.bitwise_and: np.logical_and, np.bitwise_or: np.logical_or}
"""What the operators ``&`` and ``|`` are for truth values."""


def relation_of(ufunc: Any) -> Primitive | None:
    """The row of a comparison or connective of NumPy's."""
    return relations.get(OF_TRUTHS.get(ufunc, ufunc))


def run(*arrays: Any, call: FollowedCall) -> Any:
    """The function of a `FollowedCall` on its arrays."""
    return call(*arrays)


ANY_FUNCTION = Primitive(
    CALL, run, arity=None, options={}, doc="Any function of NumPy.", registered=False
)


class Place(int):
    """Where an array stands in the arguments of a `FollowedCall`."""


class FollowedCall:
    """A function of NumPy with all its arguments but the arrays that a program gives anew."""

    __slots__ = ("args", "dtype", "function", "keywords", "name", "part", "shape")

    def __init__(
        self, name: str, function: Callable[..., Any], args: Any, keywords: Any, part: int | None
    ) -> None:
        self.name = name
        self.function = function
        self.args = args
        self.keywords = keywords
        self.part = part
        self.shape: tuple[int, ...] = ()
        self.dtype: Any = None

    def __call__(self, *arrays: Any) -> Any:
        args = filled(self.args, arrays)
        keywords = {key: filled(x, arrays) for key, x in self.keywords.items()}
        out = self.function(*args, **keywords)
        if self.part is not None:
            out = out[self.part]
        out = np.asarray(out)
        if out.shape != self.shape or out.dtype != self.dtype:
            raise BranchChanged(
                f"{self.name} gave numbers of shape {self.shape} ({self.dtype}) when the graph was "
                f"recorded, and of shape {out.shape} ({out.dtype}) with these inputs: a program has "
                "fixed shapes. Select with np.where(mask, x, 0) in place of x[mask], or record again"
            )
        return out

    def __repr__(self) -> str:
        return self.name


def filled(x: Any, arrays: Sequence[Any]) -> Any:
    """Arguments with the arrays of a call in their places."""
    if x.__class__ is Place:
        return arrays[x]
    if x.__class__ in (tuple, list):
        return x.__class__([filled(each, arrays) for each in x])
    return x


def plain(x: Any) -> Any:
    """The array of a `Followed`; anything else as it is."""
    return x._array if x.__class__ is Followed else x


def holds_followed(x: Any) -> bool:
    """Whether a `Followed` is x, or in it, a list or tuple."""
    if x.__class__ in (tuple, list):
        return any(map(holds_followed, x))
    return x.__class__ is Followed


def follow(
    name: str,
    function: Callable[..., Any],
    args: Sequence[Any],
    keywords: dict[str, Any] | None = None,
    row: Any = None,
) -> Any:
    """What a function of NumPy gives, as a `Followed` where a recording wants to compute it anew.

    Args:
        name: how messages call the function.
        function: what is called, on plain arrays.
        args: its arguments; a `Followed` or a node among them, or in a list there, is what is followed.
        keywords: likewise.
        row: the row that the function is, if it is one.
    """
    live: list[Any] = []
    numbers: list[Any] = []

    def taken(x: Any) -> Any:
        if x.__class__ is Followed:
            live.append(x._array)
            numbers.append(x._array)
        elif isinstance(x, Node):
            live.append(x)
            numbers.append(x._raw)
        elif x.__class__ in (tuple, list):
            return x.__class__([taken(each) for each in x])
        else:
            return x.copy() if isinstance(x, np.ndarray) and x.flags.writeable else x
        return Place(len(live) - 1)

    template = [taken(x) for x in args]
    named = {key: taken(x) for key, x in (keywords or {}).items()}
    result = function(
        *[filled(x, numbers) for x in template],
        **{key: filled(x, numbers) for key, x in named.items()},
    )
    if current_mode().notes is None or not live or function in SILENT:
        return result

    def made(out: Any, part: int | None) -> Any:
        if any(out is x for x in numbers):
            return Followed(out)
        array = out if isinstance(out, np.ndarray) else np.asarray(out)
        if part is None and row is not None and not named:
            note_made(array, row, [plain(x) for x in args], row.options)
        else:
            call = FollowedCall(name, function, template, named, part)
            call.shape, call.dtype = array.shape, array.dtype
            note_made(array, ANY_FUNCTION, live, {"call": call})
            if is_free(function, template, live):
                note_shape(array, f"the shape of what {name} gave")
        return Followed(array)

    if is_numbers(result):
        return made(result, None)
    if isinstance(result, tuple | list) and all(map(is_numbers, result)):
        parts = [made(out, i) for i, out in enumerate(result)]
        return parts if isinstance(result, list) else tuple(parts)

    def again(*arrays: Any) -> Any:
        given = {key: filled(x, arrays) for key, x in named.items()}
        return function(*[filled(x, arrays) for x in template], **given)

    note_call(name, again, tuple(live), result)
    return result


def is_free(function: Any, args: Sequence[Any], live: Sequence[Any]) -> bool:
    """Whether the numbers of what is followed may decide which shape a function's result has."""
    if function in SIZED or isinstance(getattr(function, "__self__", function), np.ufunc):
        return False
    if getattr(function, "__module__", None) == "_operator":  # a comparison
        return False
    if function is np.where:
        return len(args) == 1
    if function in (taken_at, _places):
        masks = live[1:] if function is taken_at and args[0].__class__ is Place else live
        return any(x.dtype == bool for x in masks if isinstance(x, np.ndarray))
    if function in SIZED_BY_OPTIONS:
        return len(live) > 1
    return True


def is_numbers(x: Any) -> bool:
    """Whether a program has room for x: an array, or a number of NumPy."""
    return isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "biuf"


def refused(how: str) -> TypeError:
    """The error for writing into an array that is followed."""
    return TypeError(
        f"{how} writes into an array that a program is to compute anew: while a graph is recorded, make "
        "a new one in its place, with np.where(mask, x, t) or t = t + x"
    )


class Followed:
    """An array of whole numbers, truth values or numbers made of these, while a graph is recorded.

    It has ndarray's attributes, methods and operators, and NumPy's functions take it: what they give
    is followed as well, and computed anew in each replay. With a Tensor or a Value it gives a node. It
    is no instance of ndarray, so that nobody reads its numbers unnoticed: ``int(t[0])``,
    ``if t.any():`` and ``table[t]`` with a plain table do, and are noted as comparisons of nodes are.
    A replay where they would be others raises `BranchChanged`. ``np.where(t > 0, x, y)``,
    ``t[:, None] == np.arange(n)`` for rows of ``np.eye(n)``, and ``x[t]`` of a Tensor x are followed.

    >>> import autograd, numpy as np
    >>> @autograd.compile
    ... def f(x, t):
    ...     return (x * (2 * t - 1)).sum()
    >>> x = np.array([1.0, 10.0])
    >>> f(x, np.array([0, 1])), f(x, np.array([1, 1]))
    (np.float64(9.0), np.float64(11.0))
    """

    __slots__ = ("__weakref__", "_array")

    def __init__(self, array: Array) -> None:
        self._array = array

    # --- what it is -------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its axes."""
        shape: tuple[int, ...] = self._array.shape
        return shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._array.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """What its elements are."""
        dtype: np.dtype[Any] = self._array.dtype
        return dtype

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._array.nbytes

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from one element to the next, along each axis."""
        strides: tuple[int, ...] = self._array.strides
        return strides

    @property
    def T(self) -> Any:  # noqa: N802  (NumPy's name)
        """The transpose: all axes reversed."""
        return follow("transpose", np.ndarray.transpose, (self,))

    @property
    def mT(self) -> Any:  # noqa: N802  (NumPy's name)
        """The last two axes exchanged."""
        return self.swapaxes(-1, -2)

    @property
    def flat(self) -> Iterator[Any]:
        """The elements one after another."""
        return iter(follow("ravel", np.ndarray.ravel, (self,)))

    def __len__(self) -> int:
        return len(self._array)

    # --- where its numbers leave ------------------------------------------------------------------

    def _read(self, how: str) -> Array:
        """Its array, the reading of which is noted."""
        note_array(self._array, how)
        return self._array

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        array = self._read("the numbers of an array, as np.asarray or an index of a plain array,")
        if copy is False and dtype in (None, array.dtype):
            view = array.view()
            view.flags.writeable = False
            return view
        return np.array(array, dtype=dtype)

    def __bool__(self) -> bool:
        return bool(follow("bool", np.asarray, (self,))._read("the truth of an array"))

    def __int__(self) -> int:
        return int(self._read("a whole number of an array"))

    def __float__(self) -> float:
        return float(self._read("a number of an array"))

    def __complex__(self) -> complex:
        return complex(self._read("a number of an array"))

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.item(), digits)

    def __index__(self) -> int:
        if self._array.ndim or self._array.dtype.kind not in "iu":
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        return int(self._read("a whole number of an array"))

    def __hash__(self) -> int:
        if self._array.ndim:
            raise TypeError("unhashable type: 'numpy.ndarray'")
        return hash(self._read("a number of an array").item())

    def __iter__(self) -> Iterator[Any]:
        if not self._array.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __contains__(self, x: Any) -> bool:
        return bool((self == x).any())

    def __repr__(self) -> str:
        return repr(self._read("the text of an array"))

    def __str__(self) -> str:
        return str(self._read("the text of an array"))

    def __format__(self, spec: str) -> str:
        array = self._read("the text of an array")
        return format(array if array.ndim else array[()], spec)

    def __reduce__(self) -> tuple[Any, ...]:
        return np.array, (self._read("a copy of an array"),)

    def __copy__(self) -> Any:
        return follow("copy", np.ndarray.copy, (self,))

    def __deepcopy__(self, memo: Any) -> Any:
        return follow("copy", np.ndarray.copy, (self,))

    def item(self, *place: Any) -> Any:
        """An element as a Python number."""
        return self._read("a number of an array").item(*place)

    def tolist(self) -> Any:
        """The elements as nested lists."""
        return self._read("the numbers of an array").tolist()

    def tobytes(self, *order: Any) -> bytes:
        """The elements as bytes."""
        return self._read("the numbers of an array").tobytes(*order)

    def numpy(self) -> Array:
        """A copy as a plain array."""
        return self._read("the numbers of an array").copy()

    @property
    def data(self) -> Any:
        """Its memory."""
        return self._read("the numbers of an array").data

    # --- what follows -----------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        return follow("an index", taken_at, (self, index))

    def __setitem__(self, index: Any, x: Any) -> NoReturn:
        raise refused("t[...] = x")

    def astype(self, dtype: Any, *options: Any, **more: Any) -> Any:
        """Its numbers in another dtype."""
        more.pop("copy", None)
        return follow("astype", np.ndarray.astype, (self, np.dtype(dtype), *options), more)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if any(isinstance(x, Node) for x in inputs):
            return NotImplemented
        out = options.pop("out", None)
        if out is not None or method == "at":
            raise refused(f"np.{ufunc.__name__} with out=" if out is not None else "a ufunc's at()")
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        row = relation_of(ufunc) if method == "__call__" and not options else None
        if row is not None and not all(is_simple(x, ufunc) for x in inputs):
            row = None
        return follow(f"np.{ufunc.__name__}", function, inputs, options, row)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(issubclass(kind, Node) for kind in types):
            return NotImplemented
        if kwargs.get("out") is not None or function in IMPURE:
            raise refused(f"np.{function.__name__}")
        return follow(f"np.{function.__name__}", function, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in WRITING:
            raise refused(f"t.{name}()")
        if name in dir(np.ndarray) and not name.startswith("__"):
            return getattr(self._read("the numbers of an array"), name)
        raise AttributeError(f"an array of a recording has no attribute {name!r}")


WRITING = {"fill", "put", "partition", "resize", "setfield", "setflags", "sort", "byteswap"}
"""ndarray's methods that write into it."""

METHODS = (
    *("all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip", "compress"),
    *("conj", "conjugate", "copy", "cumprod", "cumsum", "diagonal", "dot", "flatten", "max"),
    *("mean", "min", "nonzero", "prod", "ravel", "repeat", "reshape", "round", "searchsorted"),
    *("squeeze", "std", "sum", "swapaxes", "take", "trace", "transpose", "var", "view"),
)
"""ndarray's methods that give an array."""

OPERATORS = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul"),
    *("and", "or", "xor", "lshift", "rshift"),
)
UFUNCS = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "divmod": np.divmod,
    "pow": np.power,
    "matmul": np.matmul,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "neg": np.negative,
    "pos": np.positive,
    "abs": np.absolute,
    "invert": np.invert,
}
"""Python's operators, as NumPy's functions."""


def taken_at(array: Array, index: Any) -> Any:
    """``array[index]``."""
    return array[index]


def places(shape: tuple[int, ...], index: Any) -> Any:
    """The places of what an index selects in an array of a shape, counted through; followed."""
    return follow("an index", _places, (shape, index))


def _places(shape: tuple[int, ...], index: Any) -> Array:
    return np.asarray(np.arange(math.prod(shape)).reshape(shape)[index])


def is_simple(x: Any, ufunc: Any) -> bool:
    """Whether a program's own instruction takes an operand: truth values where they are connected."""
    x = plain(x)
    if ufunc in (np.bitwise_and, np.bitwise_or, np.logical_and, np.logical_or):
        return isinstance(x, np.ndarray) and x.dtype == bool
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def _method(name: str) -> Callable[..., Any]:
    function = getattr(np.ndarray, name)

    def method(self: Followed, *args: Any, **keywords: Any) -> Any:
        if keywords.get("out") is not None:
            raise refused(f"t.{name}() with out=")
        return follow(name, function, (self, *args), keywords)

    method.__doc__ = f"As ``ndarray.{name}``."
    method.__name__ = name
    return method


def _operator(ufunc: Any) -> Callable[..., Any]:
    def method(self: Followed, *others: Any) -> Any:
        if any(isinstance(x, Node) or not answers(x) for x in others):
            return NotImplemented
        return ufunc(self, *others)

    return method


def _reflected(ufunc: Any) -> Callable[..., Any]:
    def method(self: Followed, other: Any) -> Any:
        return ufunc(other, self) if answers(other) else NotImplemented

    return method


def _in_place(sign: str) -> Callable[..., Any]:
    def method(self: Followed, other: Any) -> NoReturn:
        raise refused(f"t {sign} x")

    return method


def answers(x: Any) -> bool:
    """Whether NumPy calculates with x."""
    return x is not None and not isinstance(x, str | dict | set)


for _name in METHODS:
    setattr(Followed, _name, _method(_name))
for _name, _ufunc in UFUNCS.items():
    setattr(Followed, f"__{_name}__", _operator(_ufunc))
for _name in OPERATORS:
    setattr(Followed, f"__r{_name}__", _reflected(UFUNCS[_name]))
for _name, _sign in {
    "add": "+=",
    "sub": "-=",
    "mul": "*=",
    "truediv": "/=",
    "floordiv": "//=",
    "mod": "%=",
    "pow": "**=",
    "matmul": "@=",
    "and": "&=",
    "or": "|=",
    "xor": "^=",
    "lshift": "<<=",
    "rshift": ">>=",
}.items():
    setattr(Followed, f"__i{_name}__", _in_place(_sign))
