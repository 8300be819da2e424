"""Junk in any argument of any public function is refused by an error that is meant for it.

Every function gets arguments that it takes, found by trying; then each of them in turn is replaced by
each piece of junk. What is raised is a TypeError or a ValueError (or one of the library's own), never
what the inside of a function happened to raise: an AttributeError, an IndexError, an OverflowError.
"""

from __future__ import annotations

import inspect
import random
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType, TracebackType
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value

MODULES: tuple[ModuleType, ...] = (
    *(autograd, nn, nn.functional, nn.losses, nn.init, nn.optim, nn.schedules, nn.regularisers),
    *(nn.historic, nn.scalar),  # nn.data, nn.inspect and nn.metrics: tests/nn/test_junk.py
)
CLEAR = (
    *(TypeError, ValueError, ImportError, OSError),
    *(autograd.AnomalyError, autograd.GradientError, autograd.StaleGraphError),
)
INDICES = {"getitem", "getitem_at", "scatter", "scatter_at", "take", "take_along_axis"}
"""Where an index that is out of range is an IndexError, as it is in NumPy."""


class Odd:
    """A class of nobody's."""


def junk() -> list[Any]:
    return [
        *(None, "a", "", object(), [], {}, (), {"a": 1}, [None], set(), b"x", Odd),
        *(10**30, -1, 0, 3, 2.5, True, float("nan"), float("inf"), 1j, lambda *x: None),
        *(
            [[1.0], [2.0, 3.0]],
            np.array(["a", "b"]),
            np.zeros((0, 3)),
            np.array(None),
            np.array(1j),
        ),
        *(np.array([1, 2]), np.ma.array([1.0], mask=[1]), Value(1.0), Tensor([1.0, 2.0])),
    ]


def sensible() -> list[Any]:
    matrix = [[0.5, 0.25], [0.75, 0.5]]
    return [
        *(Tensor(matrix), np.array(matrix), np.array([0, 1]), Tensor([1.0, 2.0]), Value(0.5)),
        *([0.5, 0.25], (Tensor([1.0]),), [Tensor([1.0])], np.random.default_rng(0)),
        *(0, 1, 2, 0.5, (2, 2), "tanh", "x", nn.MLP(2, [3, 1], rng=0), nn.mse),
        *(lambda x: (x * x).sum(), nn.optim.SGD([Tensor([1.0])], lr=0.1)),
    ]


def public() -> dict[str, Callable[..., Any]]:
    """Every public function and class, once, but what writes files or raises by its nature."""
    found: dict[str, Callable[..., Any]] = {}
    for module in MODULES:
        for name in module.__all__:
            each = getattr(module, name)
            known = any(each is other for other in found.values())
            error = inspect.isclass(each) and issubclass(each, BaseException)
            if callable(each) and not known and not error:
                found[f"{module.__name__}.{name}"] = each
    return found


PUBLIC = public()


@pytest.fixture(autouse=True)
def _as_it_was(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)  # a path may be among what is given
    rows = dict(autograd.registry)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
    for name in set(autograd.registry) - set(rows):
        del autograd.registry[name]


def arguments(function: Any) -> tuple[list[inspect.Parameter], list[Any], dict[str, Any]]:
    """The parameters, and arguments that the function takes, or the last that were tried."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return [], [], {}
    draw, things = random.Random(0), sensible()
    needed = [p for p in parameters if p.default is p.empty]
    for _ in range(60):
        args = [
            draw.choice(things)
            for p in needed
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        args += [draw.choice(things) for p in needed if p.kind is p.VAR_POSITIONAL and not args]
        kwargs = {p.name: draw.choice(things) for p in needed if p.kind is p.KEYWORD_ONLY}
        if outcome(function, args, kwargs) is None:
            break
    return parameters, args, kwargs


def outcome(function: Any, args: list[Any], kwargs: dict[str, Any]) -> Exception | None:
    try:
        function(*args, **kwargs)
    except Exception as error:
        return error
    return None


def is_clear(error: Exception, name: str) -> bool:
    """Whether an error is one for users, or came out of a function that the test gave."""
    if isinstance(error, CLEAR) and str(error):
        return True
    if isinstance(error, IndexError) and name.rpartition(".")[2] in INDICES:
        return True
    last: TracebackType | None = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is not None and last.tb_frame.f_code.co_filename == __file__


@pytest.mark.parametrize("name", PUBLIC)
def test_junk_in_one_argument_is_refused_clearly(name: str) -> None:
    function = PUBLIC[name]
    parameters, args, kwargs = arguments(function)
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    unclear = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        for x in junk():
            given, named = list(args), dict(kwargs)
            if parameter.kind is parameter.VAR_POSITIONAL:
                given = [x, *args[1:]]
            elif parameter in positional[: len(args)]:
                given[positional.index(parameter)] = x
            else:
                named[parameter.name] = x
            error = outcome(function, given, named)
            if error is not None and not is_clear(error, name):
                unclear.append(f"{parameter.name}={x!r:.40}: {type(error).__name__}: {error}")
    assert unclear == []


@pytest.mark.parametrize("name", PUBLIC)
def test_junk_in_every_argument_is_refused_clearly(name: str) -> None:
    function, draw, things = PUBLIC[name], random.Random(1), junk()
    parameters, args, kwargs = arguments(function)
    unclear = []
    for _ in range(20):
        given = [draw.choice(things) for _ in args]
        named = {key: draw.choice(things) for key in kwargs}
        optional = [
            p.name for p in parameters if p.default is not p.empty and p.kind is p.KEYWORD_ONLY
        ]
        named |= {key: draw.choice(things) for key in optional if draw.random() < 0.3}
        error = outcome(function, given, named)
        if error is not None and not is_clear(error, name):
            unclear.append(f"{given!r:.60}, {named!r:.60}: {type(error).__name__}: {error}")
    assert unclear == []


# --- methods --------------------------------------------------------------------------------------


METHODS = [
    name for name in dir(Tensor) if not name.startswith("_") and callable(getattr(Tensor, name))
]


@pytest.mark.parametrize("name", METHODS)
def test_junk_in_an_argument_of_a_method_is_refused_clearly(name: str) -> None:
    unclear = []
    for kind in (Tensor([[0.5, 0.25], [0.75, 0.5]]), Value(0.5)):
        method = getattr(kind, name, None)
        for x in junk() if method is not None else ():
            for given in ([x], [x, 0], [0, x]):
                error = outcome(method, given, {})
                if error is not None and not is_clear(error, name):
                    unclear.append(f"{given!r:.60}: {type(error).__name__}: {error}")
    assert unclear == []


@pytest.mark.parametrize("axis", [10**30, -(10**30), 2**40, 64, -65, 7])
@pytest.mark.parametrize(
    "function",
    [
        *(autograd.sum, autograd.mean, autograd.prod, autograd.max, autograd.var, autograd.std),
        *(autograd.norm, autograd.logsumexp, autograd.softmax, autograd.log_softmax),
        *(autograd.cumsum, autograd.flip, autograd.squeeze, autograd.expand_dims, autograd.argmax),
        lambda x, axis: autograd.stack([x, x], axis),
        lambda x, axis: autograd.concatenate([x, x], axis),
        lambda x, axis: autograd.roll(x, 1, axis),
        lambda x, axis: autograd.repeat(x, 2, axis),
        lambda x, axis: autograd.split(x, 1, axis),
        lambda x, axis: autograd.swapaxes(x, 0, axis),
        lambda x, axis: autograd.moveaxis(x, axis, 0),
        lambda x, axis: autograd.transpose(x, (0, axis)),
        lambda x, axis: autograd.sum(x, axis=(0, axis)),
        lambda x, axis: autograd.tensordot(x, x, axes=((axis,), (0,))),
        lambda x, axis: autograd.trace(x, 0, axis),
        lambda x, axis: np.sum(Tensor(np.ones(x.shape)), axis=axis),
        lambda x, axis: Tensor(np.ones(x.shape)).max(axis),
    ],
)
def test_an_axis_that_is_not_there_is_out_of_range(function: Any, axis: int) -> None:
    for x in (Tensor(np.ones((2, 3))), np.ones((2, 3)), autograd.values(np.ones((2, 3)))):
        with pytest.raises(ValueError, match=r"axis|axes|range|bounds|dimension"):
            function(x, axis)


@pytest.mark.parametrize("size", [10**30, 2**62])
def test_a_shape_that_cannot_be_is_a_value_error(size: int) -> None:
    t = Tensor(np.ones((2, 3)))
    for make in (
        lambda: t.reshape(size, 2),
        lambda: autograd.broadcast_to(t, shape=(size, 3)),
        lambda: autograd.tile(t, size),
        lambda: autograd.repeat(t, size),
        lambda: autograd.pad(t, size),
        lambda: t[size],
    ):
        with pytest.raises((TypeError, ValueError, IndexError)):
            make()


LARGE: list[Callable[[Any], Any]] = [
    lambda n: Value(n),
    lambda n: Value(1.0) * n,
    lambda n: n * Value(1.0),
    lambda n: Value(1.0) ** n,
    lambda n: Tensor([1.0]) * n,
    lambda n: autograd.exp(n),
    lambda n: autograd.where(True, Value(1.0), n),
    lambda n: autograd.clip(Value(1.0), 0, n),
    lambda n: nn.optim.SGD([Tensor([1.0])], lr=n),
]


@pytest.mark.parametrize("call", LARGE)
def test_a_whole_number_that_no_float_can_hold_is_refused(call: Callable[[Any], Any]) -> None:
    for n in (10**400, 10**5000):  # of the second, Python does not write the digits
        with pytest.raises(ValueError, match=r"too large|whole number"):
            call(n)
