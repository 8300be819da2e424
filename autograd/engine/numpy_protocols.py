"""NumPy's protocols: what ``np.exp(t)`` and ``np.concatenate([t, u])`` do with nodes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.context.modes import current_mode, under_way
from autograd.context.notes import note_call
from autograd.engine.axes import shape_of
from autograd.engine.followed import SILENT, follow
from autograd.engine.letters import OPERATORS, Letter
from autograd.engine.numpy_calls import bound_call, check_plain_options, means_the_same, reading
from autograd.engine.operands import TENSOR_RANK, VALUE_RANK, raw
from autograd.engine.primitive import kinds, numpy_functions, registry, relations
from autograd.support.clashes import unlike

plain_functions: set[Any] = {
    *(np.isfinite, np.isnan, np.isinf, np.signbit, np.logical_not, np.logical_xor),
    *(np.shape, np.ndim, np.size, np.argmax, np.argmin, np.argsort, np.nonzero),
    *(np.flatnonzero, np.argwhere, np.count_nonzero, np.any, np.all, np.allclose, np.isclose),
    *(np.array_equal, np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.result_type),
    *(np.can_cast, np.iscomplexobj, np.isrealobj, np.shares_memory, np.may_share_memory),
    *(np.array2string, np.array_repr, np.array_str, np.searchsorted, np.digitize),
}
"""NumPy functions whose results are indices, truth values or constants: they get plain arrays."""


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
    if current_mode().notes is not None and function not in SILENT:
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
    elif ufunc in plain_functions or ufunc in relations:
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


FOLDS: dict[Any, str] = {
    np.add: "sum",
    np.multiply: "prod",
    np.maximum: "max",
    np.minimum: "min",
}
"""NumPy's functions of two numbers, and the reduction that each is over many."""

BITS = {"bitwise_and": "logical_and", "bitwise_or": "logical_or"}


def write_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """``__array_ufunc__`` of every letter: a function in NumPy's words writes itself down, too."""
    name = BITS.get(ufunc.__name__, ufunc.__name__)
    if method == "reduce" and ufunc in FOLDS:
        asked = {key: x for key, x in options.items() if x is not None}
        row = registry[FOLDS[ufunc]]
        return row(
            *inputs, axis=options.get("axis", 0), **{k: asked[k] for k in asked.keys() - {"axis"}}
        )
    if method != "__call__" or "out" in options:
        raise no_rule(ufunc)
    check_plain_options(ufunc, options)
    if ufunc in numpy_functions:
        return numpy_functions[ufunc](*inputs)
    if name not in OPERATORS:
        raise no_rule(ufunc)
    samples = (x.sample if isinstance(x, Letter) else x for x in inputs)
    return Letter(name, inputs, sample=OPERATORS[name][1](*samples))


def write_call(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """``__array_function__`` of every letter; what depends on shapes alone is a constant."""
    if function in SILENT:
        return function(*(x.sample if isinstance(x, Letter) else x for x in args), **kwargs)
    if function not in numpy_functions:
        raise no_rule(function)
    return as_numpy(function, numpy_functions[function], args, kwargs, name_of(function))


def write_method(self: Letter, name: str) -> Any:
    """An array's method that is a row: ``x.sum(axis=0)``."""
    if name not in registry or not hasattr(np.ndarray, name):
        raise AttributeError(f"a letter has no {name!r}", name=name, obj=self)
    return functools.partial(registry[name], self)


Letter.__array_ufunc__ = write_ufunc
Letter.__array_function__ = write_call
Letter.__getattr__ = write_method  # type: ignore[attr-defined]


def as_numpy(
    function: Any, target: Any, args: Sequence[Any], kwargs: dict[str, Any], name: str
) -> Any:
    """Call a row or a composite with the arguments of a NumPy function, which stands for it."""
    call = bound_call(function, target, args, kwargs, name)
    return target(*call.args, **call.kwargs)
