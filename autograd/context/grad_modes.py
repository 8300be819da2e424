"""`no_grad` and its kin: context managers, and decorators, under which the mode has other fields."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Mapping
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from autograd.context.modes import (
    Entry,
    announce,
    begin,
    current_mode,
    end,
    enter,
    latest_entry,
    put_entry,
    withdraw,
)

Function = TypeVar("Function", bound=Callable[..., Any])


class ModeChange:
    """A context manager, or decorator, under which the current mode has other fields.

    It may be entered again inside itself, by several threads and tasks at once, and any number of times.
    Decorated are functions and methods: a generator's mode is changed while its body runs, and is the
    caller's own in between; that of a coroutine likewise.

    Raises:
        TypeError: something else is decorated, such as a class.
    """

    _changes: Mapping[str, Any]

    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        if not arguments:
            return super().__new__(cls)
        if len(arguments) > 1 or options or not _decorable(arguments[0]):
            given = ", ".join(type(x).__name__ for x in arguments)
            raise TypeError(
                f"{cls.__name__} takes no arguments, or the function that it decorates, got {given}"
            )
        return cls()(arguments[0])  # @no_grad without brackets

    # What a call is shown to take: the first releases of Python 3.11 ask `__new__`, and not `__init__`.
    __new__.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter("cls", inspect.Parameter.POSITIONAL_ONLY)]
    )

    def __init__(self, **changes: Any) -> None:
        self._changes = changes

    def __enter__(self) -> Self:
        begin(self, self._changes)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end(self)

    def __call__(self, function: Function) -> Function:
        """The function under this mode."""
        return _decorated(self, function)  # type: ignore[no-any-return]


def _decorable(x: Any) -> bool:
    return callable(x) or isinstance(x, classmethod)


def _decorated(change: ModeChange, function: Any) -> Any:
    """A function, a method, a generator function or a coroutine function, under a mode."""
    name = type(change).__name__
    if isinstance(function, type):
        raise TypeError(
            f"@{name} decorates functions and methods, not the class {function.__name__}: decorate its "
            "methods, such as __init__ or forward"
        )
    if not _decorable(function):
        raise TypeError(f"@{name} decorates a function, got {type(function).__name__}")
    if isinstance(function, staticmethod | classmethod):
        return type(function)(_decorated(change, function.__func__))
    called = function
    if not inspect.isroutine(function) and not isinstance(function, functools.partial):
        called = function.__call__  # which may be a generator function
    return functools.update_wrapper(_wrapper(change, function, called), function)


def _wrapper(change: ModeChange, function: Any, called: Any) -> Any:
    """What runs a function, of the kind of `called`, under a mode."""
    if inspect.isgeneratorfunction(called):

        def generator(*arguments: Any, **options: Any) -> Generator[Any, Any, Any]:
            return (yield from Stretches(change).steps(function(*arguments, **options)))

        return generator
    if inspect.iscoroutinefunction(called):

        async def coroutine(*arguments: Any, **options: Any) -> Any:
            return await Awaited(Stretches(change), function(*arguments, **options))

        return coroutine
    if inspect.isasyncgenfunction(called):

        async def asynchronous(*arguments: Any, **options: Any) -> AsyncIterator[Any]:
            stretches, body = Stretches(change), function(*arguments, **options)
            step, sent = body.asend, None
            while True:
                try:
                    out = await Awaited(stretches, step(sent))
                except StopAsyncIteration:
                    return
                try:
                    step, sent = body.asend, (yield out)
                except GeneratorExit:
                    await Awaited(stretches, body.aclose())
                    raise
                except BaseException as error:
                    step, sent = body.athrow, error

        return asynchronous

    def plain(*arguments: Any, **options: Any) -> Any:
        with change:
            return function(*arguments, **options)

    return plain


class Stretches:
    """The stretches in which the body of one generator or coroutine runs: a mode is changed in each.

    What the body itself has entered when it gives way is entered again when it goes on.
    """

    def __init__(self, change: ModeChange) -> None:
        self.change = change
        self.open: list[Entry] = []  # the body's own, the outermost first
        self.own: Entry | None = None

    def __enter__(self) -> None:
        self.change.__enter__()
        self.own = latest_entry()
        for each in self.open:
            begin(each.owner, each.changes)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        own, entry = self.own, latest_entry()
        self.open = []
        while entry is not None and entry is not own:
            self.open.insert(0, entry)
            entry = entry.outer
        if own is not None:
            put_entry(own)
            enter(own.after)
        self.change.__exit__(kind, error, trace)

    def steps(self, body: Any) -> Any:
        """A generator that runs the body, a generator or a coroutine."""
        step, sent = body.send, None
        while True:
            try:
                with self:
                    out = step(sent)
            except StopIteration as stop:
                return stop.value
            try:
                step, sent = body.send, (yield out)
            except GeneratorExit:
                with self:
                    body.close()
                raise
            except BaseException as error:
                step, sent = body.throw, error


class Awaited:
    """A coroutine that is awaited in stretches."""

    def __init__(self, stretches: Stretches, body: Any) -> None:
        self.stretches = stretches
        self.body = body

    def __await__(self) -> Any:
        return self.stretches.steps(self.body)


class FixedChange(ModeChange):
    """A change that is always the same: what it makes of a mode is made once, and kept with that."""

    fixed: ClassVar[Mapping[str, Any]]

    def __init__(self) -> None:
        self._changes = self.fixed

    def __enter__(self) -> Self:
        before, changes = current_mode(), self._changes
        kept = before.changed
        if kept is None or kept[0] is not changes:
            kept = before.changed = (changes, before.but(**changes))
        after = kept[1]
        put_entry(Entry._make((self, changes, before, after, latest_entry())))
        enter(after)
        return self


class no_grad(FixedChange):  # noqa: N801  (PyTorch's name)
    """Compute without recording: results have no parents and ``requires_grad`` is False.

    >>> import autograd
    >>> v = autograd.Value(2.0)
    >>> with autograd.no_grad():
    ...     y = v * v
    >>> y.requires_grad, y.parents
    (False, ())
    """

    fixed: ClassVar[Mapping[str, Any]] = {"recording": False}


class enable_grad(FixedChange):  # noqa: N801  (PyTorch's name)
    """Record again inside `no_grad`."""

    fixed: ClassVar[Mapping[str, Any]] = {"recording": True}


class retain_grads(FixedChange):  # noqa: N801  (named like no_grad)
    """Interior tensors recorded or differentiated in here keep their gradient after a pass.

    >>> import autograd
    >>> t = autograd.Tensor([1.0, 2.0])
    >>> with autograd.retain_grads():
    ...     u = t * 3
    >>> u.sum().backward()
    >>> u.grad
    array([1., 1.])
    """

    fixed: ClassVar[Mapping[str, Any]] = {"retain": True}


class aside(FixedChange):  # noqa: N801  (named like no_grad)
    """Look at numbers without taking them out of the graph: for effects, checks and pictures.

    What is done in here is neither recorded for a program nor refused by a transform, so nothing that
    comes out of it may become part of a result.
    """

    fixed: ClassVar[Mapping[str, Any]] = {"notes": None, "transforming": frozenset()}


class Transforming(ModeChange):
    """The mode of a function under a transform that differentiates by `inputs`."""

    def __init__(self, *, inputs: Iterable[Any]) -> None:
        ids = current_mode().transforming | {id(x) for x in inputs}
        super().__init__(recording=True, transforming=ids)

    def __enter__(self) -> Self:
        announce(self)
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        withdraw(self)
        super().__exit__(*error)
