"""Scopes: the module of a network that a node was made in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autograd.context.modes import Mode, begin, current_mode, end, enter, leave
from autograd.support.publishing import better


class Scope:
    """The module a node was made in: its path from the outermost module, and the class's name.

    Use it as a context manager to frame part of a computation by hand:

    >>> import autograd
    >>> with autograd.Scope("encoder", "Block"):
    ...     y = autograd.Value(2.0) * 3.0
    >>> y.scope
    Scope('encoder', 'Block')

    One that was made without a parent lies, while it is entered, in the scope that is current then. It
    may be entered again inside itself, and by several threads at once.
    """

    __slots__ = ("_origin", "kind", "parent", "path")
    running = False
    """Whether it is the scope of a module's call."""

    def __init__(self, path: str, kind: str, parent: Scope | None = None) -> None:
        self.path = path
        self.kind = kind
        self.parent = parent
        self._origin: Scope | None = None  # what this is, as it was entered in another one

    def __repr__(self) -> str:
        return f"Scope({self.path!r}, {self.kind!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Scope, (self.path, self.kind, self.parent)

    def parameters(self) -> Iterable[Any]:
        """The parameters of the module, where the scope knows it."""
        return ()

    def inside(self, outer: Scope | None) -> Scope:
        """This scope where it is entered. It stays as it is itself: elsewhere it lies in no scope."""
        if outer is None or outer is self or self.parent is not None:
            return self
        if outer._origin is self:  # entered again
            return outer
        scope = Scope(self.path, self.kind, outer)
        scope._origin = self
        return scope

    def __enter__(self) -> Scope:
        scope = self.inside(current_mode().scope)
        begin(self, {"scope": scope})
        return scope

    def __exit__(self, *error: object) -> None:
        end(self)


class Scoped:
    """A callable whose calls run in a scope: what a layer of a network is.

    A subclass defines ``forward``, `_make_scope` and `_keeps_scope`. The mode of the last call is kept,
    so that a call from the same place costs next to nothing; it holds no node.
    """

    _entered: tuple[Mode, Mode] | None = None

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Run `forward` in this object's scope."""
        mode = current_mode()
        entered = self._entered
        if entered is None or entered[0] is not mode or not self._keeps_scope(entered[1].scope):
            entered = self._enter_anew(mode)
        token = enter(entered[1])
        try:
            return self.forward(*inputs, **options)
        except TypeError as error:
            if (
                not options
                or error.__traceback__ is None
                or error.__traceback__.tb_next is not None
            ):
                raise
            kind = type(self).__name__
            raise TypeError(better(error, self.forward, kind, options)) from None
        finally:
            leave(token)

    def _enter_anew(self, mode: Mode) -> tuple[Mode, Mode]:
        """The mode of a call from this one, with a scope of its own."""
        fields = (mode.recording, mode.retain, mode.transforming, mode.anomaly)
        inner = Mode(*fields, self._make_scope(mode.scope), mode.notes)
        self._entered = entered = (mode, inner)
        return entered

    def scope_inside(self) -> Scope | None:
        """The scope that a call runs in that is made now."""
        scope: Scope | None = self._mode_inside().scope
        return scope

    def run_inside(self, function: Callable[[], Any]) -> Any:
        """What a function gives in that scope."""
        token = enter(self._mode_inside())
        try:
            return function()
        finally:
            leave(token)

    def _mode_inside(self) -> Mode:
        mode = current_mode()
        entered = self._entered
        if entered is None or entered[0] is not mode or not self._keeps_scope(entered[1].scope):
            entered = self._enter_anew(mode)
        return entered[1]

    mode_now = staticmethod(current_mode)
    """The current mode: an object that stays the same while nothing changes it."""

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """The computation."""
        raise TypeError(f"{type(self).__name__} defines no forward(self, x)")

    def _make_scope(self, outer: Scope | None) -> Scope:
        """The scope of a call that is made inside `outer`."""
        raise TypeError(f"{type(self).__name__} defines no scope")

    def _keeps_scope(self, scope: Any) -> bool:
        """Whether the scope of the last call is still right for the next one."""
        raise TypeError(f"{type(self).__name__} defines no scope")
