"""Every NumPy function, every argument of it, in its place and by name: what NumPy does, or an error.

The tables are NumPy's own signatures: a parameter that a new NumPy adds is walked without a change here.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Tensor
from autograd.engine.primitive import numpy_functions

M = np.array([[0.5, -1.0, 2.0], [3.0, 0.25, -0.75]])
V = np.array([0.5, 2.0, 3.0])
S = np.array([[1.0, 2.0], [3.0, 5.0]])

# What a call needs, in the order of NumPy's parameters: arrays become Tensors.
NEEDED: dict[Any, tuple[Any, ...]] = {
    np.where: (M > 0, M, M + 1),
    np.reshape: (M, (3, 2)),
    np.broadcast_to: (V, (2, 3)),
    np.roll: (M, 1),
    np.astype: (M, np.float32),
    np.concatenate: ([M, M],),
    np.stack: ([M, M],),
    np.hstack: ([M, M],),
    np.vstack: ([M, M],),
    np.pad: (M, 1),
    np.swapaxes: (M, 0, 1),
    np.moveaxis: (M, 0, 1),
    np.expand_dims: (M, 0),
    np.einsum: ("ij,jk->ik", M, M.T),
    np.dot: (M, M.T),
    np.inner: (M, M),
    np.outer: (V, V),
    np.tensordot: (S, S + 1),
    np.clip: (M, -0.5, 1.0),
    np.repeat: (M, 2),
    np.split: (M, 1),
    np.take: (M, np.array([[0], [1]])),
    np.take_along_axis: (M, np.array([[0], [1]])),
    np.tile: (M, 2),
    np.trace: (S,),
}
FUNCTIONS = [
    each
    for each in numpy_functions
    if not isinstance(each, np.ufunc) and each.__module__.startswith("numpy")
]
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 5, 0.0, 0.5, (0,), (0, 1), (1, 0), (0, 0), [0]),
    *("C", "F", "K", "fro", "constant", "edge", "no", "same_kind", "x"),
    *(np.float32, np.float64, int, "float32", np.nan, 10**30),
    *(np.array(1), np.array([True, False, True]), np.zeros((2, 3)), [[0], [1]], {0: (1, 1)}),
)


def lifted(x: Any, i: int, function: Any) -> Any:
    """The same argument with Tensors in the place of float arrays."""
    if isinstance(x, list):
        return [lifted(each, i, function) for each in x]
    return Tensor(x) if isinstance(x, np.ndarray) and x.dtype == float else x


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives, as plain arrays, or the error that it raises."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return call()
    except Exception as error:
        return error


def plain(x: Any) -> Any:
    if isinstance(x, list | tuple):
        return [plain(each) for each in x]
    return x.data if isinstance(x, Tensor) else x


def same(got: Any, want: Any) -> bool:
    if isinstance(want, list | tuple):
        return len(got) == len(want) and all(map(same, got, want))
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape or got.dtype != want.dtype:
        return False
    return bool(np.allclose(got, want, rtol=1e-5, atol=1e-12, equal_nan=True))


def complaint(name: str, got: Any, want: Any) -> str | None:
    """What is wrong with ours beside NumPy's, if anything."""
    if isinstance(got, Exception):
        if not isinstance(got, TypeError | ValueError):
            return f"{type(got).__name__}: {got}"
        names = (name.rstrip("12"), "ddof") if name == "correction" else (name.rstrip("12"),)
        named = any(each in str(got) for each in names) or isinstance(want, Exception)
        return None if named else f"refused without its name: {got}"
    if isinstance(want, Exception):
        return f"gave {plain(got)!r:.80} where NumPy raises {want}"
    return None if same(plain(got), want) else f"gave {plain(got)!r:.80} for {want!r:.80}"


def places(function: Any) -> Iterator[tuple[str, Any, list[Any], dict[str, Any]]]:
    """Each parameter with each value, in its place where it has one, and by name."""
    parameters = list(inspect.signature(function).parameters.values())
    needed = list(NEEDED.get(function, (M,)))
    for i, parameter in enumerate(parameters):
        if i < len(needed) and parameter.default is parameter.empty and i == 0:
            continue  # the array itself
        if parameter.kind is parameter.VAR_POSITIONAL:
            continue
        for x in JUNK:
            if parameter.kind is parameter.VAR_KEYWORD:
                for key in ("constant_values", "dtype", "order", "casting", "where", "end_values"):
                    yield key, x, needed, {key: x}
                continue
            if parameter.kind is not parameter.KEYWORD_ONLY:
                before = [
                    needed[k] if k < len(needed) else each.default
                    for k, each in enumerate(parameters[:i])
                ]
                if all(each is not parameter.empty for each in before):
                    yield parameter.name, x, [*before, x, *needed[i + 1 :]], {}
            if parameter.kind is not parameter.POSITIONAL_ONLY and i >= len(needed):
                yield parameter.name, x, needed, {parameter.name: x}


def exempt(function: Any, name: str, x: Any, want: Any) -> bool:
    """Where ours is wider, or other than NumPy, and says so."""
    if isinstance(want, np.ndarray) and want.dtype == object:
        return True  # an array of whole numbers that no float holds
    if x is None and name in ("min", "max"):
        return True  # which is to leave the bound out
    # A list, where NumPy asks for an array or a tuple.
    return isinstance(x, list) and name in ("axis", "axes", "source", "destination", "indices")


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f"np.{f.__name__}")
def test_each_argument_does_what_it_does_in_numpy_or_is_refused(function: Any) -> None:
    wrong = []
    for name, x, args, kwargs in places(function):
        own = [lifted(each, i, function) for i, each in enumerate(args)]
        want = outcome(lambda: function(*args, **kwargs))  # noqa: B023
        got = outcome(lambda: function(*own, **kwargs))  # noqa: B023
        found = complaint(name, got, want)
        if found and not exempt(function, name, x, want):
            way = "by name" if kwargs else "in its place"
            wrong.append(f"{name}={x!r:.40} {way}: {found}")
    assert wrong == []


def test_every_function_is_walked() -> None:
    for function in FUNCTIONS:
        needed = NEEDED.get(function, (M,))
        got = function(*(lifted(x, i, function) for i, x in enumerate(needed)))
        assert same(plain(got), function(*needed)), function.__name__


# --- methods --------------------------------------------------------------------------------------

METHODS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("sum", "mean", "prod", "max", "min", "var", "std", "cumsum"), ()),
    **dict.fromkeys(("argmax", "argmin", "trace", "ravel", "flatten", "squeeze"), ()),
    "dot": (M.T,),
    "repeat": (2,),
    "swapaxes": (0, 1),
    "clip": (-0.5, 1.0),
    "reshape": ((3, 2),),
    "transpose": (),
    "astype": (np.float32,),
}
PLACES = 6
"""So many positions are tried, in each of which a library has something else."""


@pytest.mark.parametrize("name", METHODS)
def test_each_argument_of_a_method_does_what_that_of_numpys_method_does(name: str) -> None:
    needed, wrong = METHODS[name], []
    # The arguments that come before, where they say nothing.
    before: tuple[Any, ...] = (*needed, *(None,) * PLACES)
    if name in ("var", "std"):
        before = (None, None, None, 0)
    if name == "trace":
        before = (0, 0, 1, None)
    for place in range(PLACES):
        for x in JUNK:
            args = (*before[:place], x)
            if len(args) > place + 1 or len(before) < place:
                continue
            want = outcome(lambda: getattr(M, name)(*args))  # noqa: B023
            got = outcome(lambda: getattr(Tensor(M), name)(*args))  # noqa: B023
            if isinstance(got, Exception) and isinstance(got, TypeError | ValueError) and str(got):
                continue
            found = complaint(name, got, want)
            if found and not exempt(np.sum, "axis", x, want):
                wrong.append(f"{name}{args!r:.60}: {found}")
    assert wrong == []


def test_the_methods_do_what_numpys_do_with_every_option_they_have() -> None:
    t = Tensor(M)
    for got, want in (
        (t.sum(0, None, None, True), M.sum(0, None, None, True)),
        (t.var(0, None, None, 1, True), M.var(0, None, None, 1, True)),
        (t.std(1, None, None, 1), M.std(1, None, None, 1)),
        (t.var(correction=1), M.var(ddof=1)),
        (t.max(1, None, True), M.max(1, None, True)),
        (t.min(axis=0, keepdims=True), M.min(axis=0, keepdims=True)),
        (t.mean(-1, keepdims=True), M.mean(-1, keepdims=True)),
        (t.max(axis=1, ties="first"), M.max(axis=1)),
        (t.argmax(1, keepdims=True), M.argmax(1, keepdims=True)),
        (t.reshape(3, 2), M.reshape(3, 2)),
        (t.reshape((3, -1)), M.reshape((3, -1))),
        (t.reshape(-1, order="C"), M.reshape(-1, order="C")),
        (t.transpose(1, 0), M.transpose(1, 0)),
        (t.transpose((1, 0)), M.transpose((1, 0))),
        (t.transpose(), M.transpose()),
        (t.cumsum(1), M.cumsum(1)),
        (t.astype(np.float32), M.astype(np.float32)),
        (t.trace(1, 1, 0), M.trace(1, 1, 0)),
        (t.squeeze(), M.squeeze()),
        (t.flatten("C"), M.flatten("C")),
    ):
        assert same(plain(got), want)


REFUSED: list[tuple[Callable[[Tensor], Any], str]] = [
    (lambda t: t.sum(0, True), r"sum\(\) has no option 'dtype'.*given by name"),
    (lambda t: t.sum(0, np.float32), r"sum\(\) has no option 'dtype'"),
    (lambda t: t.std(0, 1), r"std\(\) has no option 'dtype'"),
    (lambda t: t.max(0, True), r"max\(\) has no option 'out'"),
    (lambda t: t.argmax(0, True), r"argmax\(\) has no option 'out'"),
    (lambda t: np.sum(t, 0, np.float32), r"np\.sum\(\) has no option 'dtype'"),
    (lambda t: np.var(t, 0, None, True), r"np\.var\(\) has no option 'out'"),
    (lambda t: t.reshape(), "Tensor.reshape takes a shape"),
    (lambda t: t.reshape(3, 2, order="F"), "no option 'order'"),
    (lambda t: autograd.sum(t, 0, np.float32), "keepdims of sum is True or False"),
    (lambda t: autograd.var(t, 0, 1), "keepdims of var is True or False"),
    (lambda t: autograd.var(t, ddof="1"), "ddof of var is a finite number"),
    (lambda t: autograd.sum(t, 0.0), "axis of sum is a whole number"),
    (lambda t: np.einsum("ij->j", t, dtype=float), "no option 'dtype'"),
    (lambda t: np.einsum("ij->j", t, where=True), "no option 'where'"),
    (lambda t: np.sum(t, dim=0), "dim"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_what_means_something_else_is_refused_by_name(
    call: Callable[[Tensor], Any], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        call(Tensor(M))


UFUNCS = [each for each in numpy_functions if isinstance(each, np.ufunc)]
OF_UFUNCS: dict[str, tuple[Any, ...]] = {
    "where": (True, False, M > 0, Tensor([1.0]), None, "x"),
    "dtype": (None, np.float32, float, int, "x"),
    "casting": ("same_kind", "unsafe", "no", "x"),
    "order": ("K", "C", "F", "x"),
    "subok": (True, False),
    "out": (None, np.zeros((2, 3)), (None,)),
    "axis": (0,),
    "keepdims": (True,),
    "axes": ([(0,)],),
    "signature": ("d->d",),
    "unknown": (1,),
}


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda f: f.__name__)
def test_options_of_ufuncs_do_what_they_do_in_numpy_or_are_refused(ufunc: np.ufunc) -> None:
    x = np.array([[0.5, 0.75, 0.25], [0.125, 0.5, 0.75]]) + (1.0 if ufunc is np.arccosh else 0.0)
    args = [x, x + 0.125][: ufunc.nin]
    if ufunc is np.matmul:
        args = [x, x.T]
    for option, values in OF_UFUNCS.items():
        for value in values:
            want = outcome(lambda: ufunc(*args, **{option: value}))  # noqa: B023
            got = outcome(lambda: ufunc(*map(Tensor, args), **{option: value}))  # noqa: B023
            if isinstance(want, np.ndarray) and want is value:
                assert isinstance(got, TypeError)
                assert "out=" in str(got)
                continue
            assert complaint(option, got, want) is None, (option, value, got)
