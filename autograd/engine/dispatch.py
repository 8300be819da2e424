"""Who computes and who records: the kinds of operands, and NumPy's protocols.

A primitive called with floats or arrays computes; with nodes it records; with letters it writes itself
down. Each kind of operand says here what a call does, and the highest rank among the arguments decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.engine.arrays import check_array
from autograd.engine.followed import Followed, follow, plain
from autograd.engine.letters import Letter
from autograd.engine.modes import current_mode, under_way
from autograd.engine.notes import note_call, note_made
from autograd.engine.numpy_calls import bound_call, check_plain_options, means_the_same, reading
from autograd.support.clashes import unlike

if TYPE_CHECKING:
    from autograd.engine.primitive import Primitive

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

SHAPELY: set[Any] = {
    *(np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like, np.full_like),
    *(np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj, np.shares_memory),
    np.may_share_memory,
}
"""Those of them that do not depend on the numbers."""

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


def _compute_arrays(primitive: Primitive, arguments: Any, options: dict[str, Any]) -> Any:
    for x in arguments:
        if x.__class__ is np.ndarray and x.dtype.kind not in "fbiu":
            if x.dtype.kind != "O":
                raise TypeError(f"{primitive.name}: expected real numbers, got {x.dtype}")
            with np.errstate(all="ignore"):  # a Value never warns
                return primitive.on_values(arguments, options)
    out = primitive.compute(arguments, options)
    return note_made(out, primitive, arguments, options) if under_way else out


def _compute_sequences(primitive: Primitive, arguments: Any, options: dict[str, Any]) -> Any:
    return primitive(*(asarray(x, primitive.name) for x in arguments), **options)


def _write(primitive: Primitive, arguments: Any, options: dict[str, Any]) -> Letter:
    samples = (x.sample if isinstance(x, Letter) else x for x in arguments)
    if primitive.is_impure(options):  # a formula is written without anything happening
        sample = next(iter(samples))
    else:
        sample = primitive.array(*samples, **options)
    shown = {key: value for key, value in options.items() if value is not primitive.options[key]}
    letter = Letter(primitive.name, arguments, shown, sample=sample)
    if primitive.reads_as is not None:
        read: Letter = primitive.reads_as(*arguments, **options)
        read.spelling = letter
        return read
    return letter


register_kind(float, 0, compute_numbers)
register_kind(int, 0, compute_numbers)
register_kind(bool, 0, compute_numbers)
register_kind(np.ndarray, 1, _compute_arrays)
register_kind(list, 2, _compute_sequences)
register_kind(tuple, 2, _compute_sequences)
FOLLOWED_RANK, VALUE_RANK, TENSOR_RANK = 3, 4, 5
register_kind(Letter, 9, _write)
_NUMPY_SCALAR = Kind(1, _compute_arrays)


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


def is_node(operand: Any) -> bool:
    """Whether what a rule makes of this operand is recorded, and may be differentiated again."""
    cls = operand.__class__
    kind = kinds.get(cls) or next((kinds[base] for base in cls.__mro__ if base in kinds), None)
    return kind is not None and VALUE_RANK <= kind.rank <= TENSOR_RANK


def accepts(operand: Any) -> bool:
    """Whether a primitive takes this operand; an operator answers NotImplemented when it does not."""
    return operand.__class__ in kinds or isinstance(operand, (np.bool_, np.number, *kinds))


def asarray(x: Any, name: str) -> Any:
    """A list as an array of numbers or of Values; anything else as it is."""
    check_array(x, f"an argument of {name}")
    if not isinstance(x, list | tuple):
        return x
    try:
        array = np.asarray(x)
    except (ValueError, TypeError) as error:
        raise type(error)(f"{name}: cannot make an array of {x!r:.60}: {error}") from None
    if array.dtype.kind not in "biufO":
        raise TypeError(f"{name}: expected real numbers, got {array.dtype} in {x!r:.60}")
    return array


def asarrays(xs: Sequence[Any], name: str) -> list[Any]:
    """What is to be joined or multiplied: lists as arrays, a Value beside arrays of numbers a Tensor.

    A row makes a Tensor of the two by itself; a composite that reshapes the Value first must not make an
    array of Values of it.
    """
    arrays = [asarray(x, name) for x in xs]
    ranks = [kinds[x.__class__].rank if x.__class__ in kinds else -1 for x in arrays]
    if VALUE_RANK not in ranks:
        return arrays
    others = [
        x.dtype
        for x, rank in zip(arrays, ranks, strict=True)
        if rank == TENSOR_RANK or (isinstance(x, np.ndarray) and x.ndim)
    ]
    if not others or any(dtype.kind == "O" for dtype in others):
        return arrays
    dtype = np.result_type(*others)
    one = np.ones(1, dtype if dtype.kind == "f" else np.float64)
    return [
        registry["reshape"](registry["mul"](x, one), shape=()) if rank == VALUE_RANK else x
        for x, rank in zip(arrays, ranks, strict=True)
    ]


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an array, node or letter; ``()`` for a number."""
    shape: tuple[int, ...] = getattr(x, "shape", ())
    return shape


def raw(x: Any) -> Any:
    """The number or array of a node, which does not leave the graph; anything else as it is."""
    if x.__class__ is Followed:
        return plain(x)
    return x if isinstance(x, np.ndarray | np.generic) else getattr(x, "_raw", x)


def nary(primitive: Primitive, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """One scalar output of many scalar arguments: a Value if any of them is one."""
    for x in arguments:
        kind = kinds.get(x.__class__)
        if kind is not None and kind.flat is not None:
            return kind.flat(primitive, arguments, options)
    return primitive.on_numbers(arguments, options)


# --- NumPy's protocols ----------------------------------------------------------------------------


def name_of(function: Any) -> str:
    """What a NumPy function is called: ``np.linalg.norm``."""
    module = getattr(function, "__module__", None) or "numpy"
    name = f"{module.replace('numpy', 'np', 1)}.{function.__name__}"
    return name.replace("np._core.", "np.")


def no_rule(function: Any) -> TypeError:
    """The error for a NumPy function that has no row and no composite here."""
    return TypeError(
        f"{name_of(function)} has no rule in autograd, and a result without one would be a constant: "
        "use a function that has one, or x.detach().numpy() where no gradient is wanted"
    )


def unwrapped(x: Any) -> Any:
    """Nodes as their data, also inside lists and tuples."""
    if isinstance(x, list | tuple):
        return type(x)([unwrapped(each) for each in x])
    return raw(x)


def plain_call(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A function of plain arrays. What it gives of Tensors a `recording` follows.

    What it gives of Values has left the graph, which is noted: it is no array.
    """
    if under_way and current_mode().notes is not None and any(map(holds_tensor, args)):
        return follow(f"np.{function.__name__}", function, args, kwargs)
    named = {key: unwrapped(x) for key, x in kwargs.items()}
    result = function(*(unwrapped(x) for x in args), **named)
    if current_mode().notes is not None and function not in SHAPELY:
        found: dict[int, Any] = {}

        def collect(x: Any) -> None:
            if isinstance(x, list | tuple):
                for each in x:
                    collect(each)
            elif kinds.get(x.__class__, (0,))[0] in (VALUE_RANK, TENSOR_RANK):
                found[id(x)] = x

        collect([*args, *kwargs.values()])
        places = {key: i for i, key in enumerate(found)}

        def again(*numbers: Any) -> Any:
            def given(x: Any) -> Any:
                if isinstance(x, list | tuple):
                    return type(x)([given(each) for each in x])
                return numbers[places[id(x)]] if id(x) in places else unwrapped(x)

            return function(*map(given, args), **{key: given(x) for key, x in kwargs.items()})

        note_call(f"np.{function.__name__}", again, tuple(found.values()), result)
    return result


def holds_tensor(x: Any) -> bool:
    """Whether x is a Tensor, or a list or tuple of some."""
    if isinstance(x, list | tuple):
        return any(map(holds_tensor, x))
    return x.__class__ in kinds and kinds[x.__class__].rank == TENSOR_RANK


def numpy_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """``__array_ufunc__`` of every node: NumPy's functions record."""
    if method != "__call__":
        raise TypeError(
            f"np.{ufunc.__name__}.{method} has no rule in autograd; "
            "sum, prod, max, min, cumsum and outer have one of their own"
        )
    out = options.pop("out", (None,))[0]
    if ufunc in numpy_functions:
        if options:
            check_plain_options(ufunc, options)
        result = numpy_functions[ufunc](*inputs, **options)
    elif ufunc in plain_functions:
        try:
            result = plain_call(ufunc, inputs, options)
        except ValueError as error:
            raise unlike(f"np.{ufunc.__name__}", [shape_of(x) for x in inputs], error) from None
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
        target = numpy_functions[function]
        if means_the_same(reading(function, target), args, kwargs):
            return target(*args, **kwargs)
        return as_numpy(function, target, args, kwargs, name_of(function))
    if function in plain_functions:
        return plain_call(function, args, kwargs)
    raise no_rule(function)


def as_numpy(
    function: Any, target: Any, args: Sequence[Any], kwargs: dict[str, Any], name: str
) -> Any:
    """Call a row or a composite with the arguments of a NumPy function, which stands for it."""
    call = bound_call(function, target, args, kwargs, name)
    return target(*call.args, **call.kwargs)
