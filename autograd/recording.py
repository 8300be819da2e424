"""Where and how operations are recorded: the user's place in the source, module scopes, and modes.

A mode belongs to a thread and context (it is a context variable), so two threads record and
differentiate without seeing each other.
"""

from __future__ import annotations

import itertools
import linecache
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import ContextDecorator
from contextvars import ContextVar, Token
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple, Self

import numpy as np

__all__ = [
    "Made",
    "Scope",
    "Scoped",
    "Site",
    "enable_grad",
    "is_grad_enabled",
    "no_grad",
    "note",
    "note_made",
    "note_numbers",
    "note_read",
    "recording",
    "register_library",
    "retain_grads",
]

getframe = sys._getframe


# --- where a node was made ------------------------------------------------------------------------

library_files: set[str] = set()
"""Files whose frames are skipped when a node looks for the user's line."""


def register_library(package: str) -> None:
    """Count every file below a package's folder as library code when looking for the user's line.

    `package` is the path of any file in the folder, usually ``__file__`` of its ``__init__.py``.
    Nodes made by that code then carry the line that called into it.
    """
    for folder, _, files in os.walk(os.path.dirname(package)):
        library_files.update(os.path.join(folder, name) for name in files if name.endswith(".py"))


register_library(__file__)


NUMPY = os.path.dirname(np.__file__)


def is_library(code: CodeType) -> bool:
    """Whether code belongs to the library, or to NumPy, which calls the operators of Values."""
    return code.co_filename in library_files or code.co_filename.startswith(NUMPY)


def user_frame(frame: FrameType) -> FrameType:
    """The nearest frame outside the library, or the outermost one when all of them are inside."""
    while is_library(frame.f_code) and frame.f_back is not None:
        frame = frame.f_back
    return frame


class Site:
    """A place in the user's source: file, line, function, and the text of the line."""

    __slots__ = ("filename", "function", "line", "text")

    def __init__(self, filename: str, line: int, function: str, text: str) -> None:
        self.filename = filename
        self.line = line
        self.function = function
        self.text = text

    @classmethod
    def of(cls, code: CodeType, offset: int) -> Site:
        """Resolve a code object and the offset of an instruction in it."""
        line = next(itertools.islice(code.co_positions(), offset // 2, None), (None,))[0]
        line = code.co_firstlineno if line is None else line
        text = linecache.getline(code.co_filename, line).strip()
        return cls(code.co_filename, line, code.co_qualname, text)

    def __repr__(self) -> str:
        if "ipykernel_" in self.filename:  # a cell of a notebook: the name is that of no file
            inside = "" if self.function == "<module>" else f", in {self.function}"
            return f"a cell of the notebook, line {self.line}{inside}: {self.text}"
        return f'File "{self.filename}", line {self.line}, in {self.function}: {self.text}'


def record_site(node: Any, frame: FrameType) -> None:
    """Note the user's place on a node that was just made."""
    frame = user_frame(frame)
    node._code = frame.f_code
    node._lasti = frame.f_lasti


# --- modes: what recording does, per thread and context -------------------------------------------


class Scope:
    """The module a node was made in: its path from the outermost module, and the class's name.

    Use it as a context manager to frame part of a computation by hand:

    >>> import autograd
    >>> with autograd.Scope("encoder", "Block"):
    ...     y = autograd.Value(2.0) * 3.0
    >>> y.scope
    Scope('encoder', 'Block')
    """

    __slots__ = ("_token", "kind", "parent", "path")

    def __init__(self, path: str, kind: str, parent: Scope | None = None) -> None:
        self.path = path
        self.kind = kind
        self.parent = parent
        self._token: Token[Mode] | None = None

    def __repr__(self) -> str:
        return f"Scope({self.path!r}, {self.kind!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Scope, (self.path, self.kind, self.parent)

    def parameters(self) -> Iterable[Any]:
        """The parameters of the module, where the scope knows it."""
        return ()

    def __enter__(self) -> Scope:
        mode = current_mode()
        if self.parent is None:
            self.parent = mode.scope
        self._token = enter(mode.but(scope=self))
        return self

    def __exit__(self, *error: object) -> None:
        if self._token is not None:
            leave(self._token)
            self._token = None


class Note:
    """Where a number left the graph: a comparison, a ``bool()`` or ``float()``, a function of NumPy.

    ``compare(*sides)`` gave `result`; a replay with other numbers must give the same. With `whole` it
    is no elementwise comparison, and a graph of Values is asked for one instance at a time.
    """

    __slots__ = ("compare", "result", "sides", "site", "what", "whole")

    def __init__(
        self, what: str, compare: Any, sides: tuple[Any, ...], result: Any, whole: bool = False
    ) -> None:
        self.what = what
        self.compare = compare
        self.sides = sides
        self.result = result
        self.whole = whole
        frame = user_frame(getframe(2))
        self.site = Site.of(frame.f_code, frame.f_lasti)


def note(what: str, compare: Any, left: Any, right: Any, result: Any) -> None:
    """Note that a number left the graph, if a `recording` wants to know."""
    notes = current_mode().notes
    if notes is not None:
        notes.append(Note(what, compare, (left, right), result))


def note_numbers(node: Any, what: str = "its number") -> None:
    """Note that the numbers of a node left the graph as they are, if a `recording` wants to know."""
    notes = current_mode().notes
    if notes is not None:
        numbers = node._data
        held = numbers if isinstance(numbers, float) else numbers.copy()
        notes.append(Note(what, _itself, (node,), held))


def note_read(node: Any) -> None:
    """Note that somebody else than the library read the data of a node."""
    if getframe(2).f_code.co_filename not in library_files:
        note_numbers(node, "its data")


def _itself(x: Any) -> Any:
    return x


def note_call(what: str, compare: Any, sides: tuple[Any, ...], result: Any) -> None:
    """Note what a function of whole nodes gave, if a `recording` wants to know."""
    notes = current_mode().notes
    if notes is not None:
        notes.append(Note(what, compare, sides, result, whole=True))


class Made(NamedTuple):
    """An array that a row made of plain arrays, of which one may be an input of a program."""

    out: Any
    row: Any
    arguments: tuple[Any, ...]
    options: dict[str, Any]


class Notes(list[Note]):
    """The notes of a recording, and what rows made of plain arrays meanwhile."""

    def __init__(self) -> None:
        self.made: list[Made] = []


def note_made(out: Any, row: Any, arguments: Iterable[Any], options: dict[str, Any]) -> Any:
    """Note what a row made of plain arrays, if a `recording` wants to know. Returns it."""
    notes = current_mode().notes
    if notes is not None and isinstance(out, np.ndarray):
        notes.made.append(Made(out, row, tuple(arguments), options))
    return out


class Mode:
    """What recording does here and now. Immutable; the current one is a context variable."""

    __slots__ = ("anomaly", "notes", "plain", "recording", "retain", "scope", "transforming")

    def __init__(
        self,
        recording: bool = True,
        retain: bool = False,
        transforming: bool = False,
        anomaly: Any = None,
        scope: Scope | None = None,
        notes: Notes | None = None,
    ) -> None:
        self.recording = recording
        self.retain = retain
        self.transforming = transforming
        self.anomaly = anomaly
        self.scope = scope
        self.notes = notes
        # The one test of the fast path: record what has a gradient, and check nothing.
        self.plain = recording and anomaly is None and notes is None

    def but(self, **changes: Any) -> Mode:
        """The same mode with some fields changed."""
        fields = {"recording": self.recording, "retain": self.retain, "anomaly": self.anomaly}
        fields |= {"transforming": self.transforming, "scope": self.scope, "notes": self.notes}
        return Mode(**(fields | changes))


_mode: ContextVar[Mode] = ContextVar("autograd.mode", default=Mode())  # noqa: B039  (immutable)
current_mode = _mode.get
enter = _mode.set
leave = _mode.reset


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
            scope = self._make_scope(mode.scope)
            fields = (mode.recording, mode.retain, mode.transforming, mode.anomaly)
            inner = Mode(*fields, scope, mode.notes)
            self._entered = entered = (mode, inner)
        token = enter(entered[1])
        try:
            return self.forward(*inputs, **options)
        finally:
            leave(token)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """The computation."""
        raise TypeError(f"{type(self).__name__} defines no forward(self, x)")

    def _make_scope(self, outer: Scope | None) -> Scope:
        """The scope of a call that is made inside `outer`."""
        raise TypeError(f"{type(self).__name__} defines no scope")

    def _keeps_scope(self, scope: Any) -> bool:
        """Whether the scope of the last call is still right for the next one."""
        raise TypeError(f"{type(self).__name__} defines no scope")


class ModeChange(ContextDecorator):
    """A context manager, or decorator, under which the current mode has other fields."""

    def __init__(self, **changes: Any) -> None:
        self._changes = changes
        self._tokens: list[Token[Mode]] = []

    def __enter__(self) -> Self:
        self._tokens.append(enter(current_mode().but(**self._changes)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        leave(self._tokens.pop())

    def _recreate_cm(self) -> ModeChange:
        return type(self)._fresh(self._changes)

    @classmethod
    def _fresh(cls, changes: dict[str, Any]) -> ModeChange:
        change = cls.__new__(cls)
        ModeChange.__init__(change, **changes)
        return change


class no_grad(ModeChange):  # noqa: N801  (PyTorch's name)
    """Compute without recording: results have no parents and ``requires_grad`` is False.

    >>> import autograd
    >>> v = autograd.Value(2.0)
    >>> with autograd.no_grad():
    ...     y = v * v
    >>> y.requires_grad, y.parents
    (False, ())
    """

    def __init__(self) -> None:
        super().__init__(recording=False)


class enable_grad(ModeChange):  # noqa: N801  (PyTorch's name)
    """Record again inside `no_grad`."""

    def __init__(self) -> None:
        super().__init__(recording=True)


class retain_grads(ModeChange):  # noqa: N801  (named like no_grad)
    """Interior tensors recorded or differentiated in here keep their gradient after a pass.

    >>> import autograd
    >>> t = autograd.Tensor([1.0, 2.0])
    >>> with autograd.retain_grads():
    ...     u = t * 3
    >>> u.sum().backward()
    >>> u.grad
    array([1., 1.])
    """

    def __init__(self) -> None:
        super().__init__(retain=True)


under_way: list[recording] = []
"""The recordings of all threads: while it is empty, nobody wants to know which numbers are read."""


class recording(ModeChange):  # noqa: N801  (named like no_grad)
    """Record everything, and note where numbers leave the graph, for `autograd.compile`.

    Operations on nodes that need no gradient are recorded too, so that a program computes them anew;
    and each comparison, ``bool()`` and ``float()`` of a node is noted in ``notes``, so that a replay
    can tell when Python would have taken another branch. So is each time that its numbers are read
    (``.data``, ``.numpy()``): what is made of them is a constant, which is right for these numbers
    only. `no_grad` and ``detach()`` stop gradients in here, and what they are for is still recorded.

    >>> import autograd
    >>> v = autograd.Value(2.0, "v")
    >>> with autograd.recording() as r:
    ...     y = v * v if v > 0 else -v
    >>> len(r.notes), r.notes[0].result
    (1, True)
    """

    under_way = under_way
    """The recordings of all threads: nothing has to be noted while there is none."""

    def __init__(self) -> None:
        self.notes = Notes()
        super().__init__(recording=True, notes=self.notes)

    @staticmethod
    def note_state(what: str, read: Callable[[], Any]) -> None:
        """Note that what is recorded depends on more than numbers: on what `read` gives.

        A program then raises `BranchChanged` when `read` gives something else; a compiled function
        is recorded once for each answer. `nn.Module.training` is noted this way.

        >>> import autograd
        >>> fast = {"on": True}
        >>> @autograd.compile
        ... def f(x):
        ...     autograd.recording.note_state("fast", lambda: fast["on"])
        ...     return x * 2.0 if fast["on"] else x * 3.0
        >>> f(1.0).tolist()
        [2.0]
        >>> fast["on"] = False
        >>> f(1.0).tolist()
        [3.0]
        """
        notes = current_mode().notes
        if notes is not None:
            notes.append(Note(what, read, (), read(), whole=True))

    def __enter__(self) -> Self:
        under_way.append(self)
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        under_way.remove(self)
        super().__exit__(kind, error, trace)


def is_grad_enabled() -> bool:
    """Whether operations are being recorded in this thread and context."""
    return current_mode().recording
