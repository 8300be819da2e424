"""Where and how operations are recorded: the user's place in the source, module scopes, and modes.

A mode belongs to a thread and context (it is a context variable), so two threads record and
differentiate without seeing each other.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import linecache
import os
import random
import re
import sys
import warnings
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Mapping, Sequence
from contextvars import ContextVar
from types import CodeType, FrameType, TracebackType
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

import numpy as np

from autograd.support.habits import better

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


register_library(os.path.dirname(__file__))


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


class Setting:
    """What something is set to, such as a layer, in words; equal to itself alone.

    Args:
        values: what is set, by name.
    """

    __slots__ = ("__weakref__", "values")

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)

    def since(self, before: Setting) -> str:
        """What is another than before, as the end of a sentence."""
        for name in {**self.values, **before.values}:
            now, then = self.values.get(name), before.values.get(name)
            if now != then:
                break
        told = [x[1] if isinstance(x, tuple) else x for x in (now, then)]
        texts = [f"{x!r:.40}" for x in told]
        if texts[0] == texts[1]:
            return f"{name} is another {texts[0]} than it was"
        return f"{name} is {texts[0]} and was {texts[1]}"


class Check(Note):
    """What a function asks of numbers that are its arguments: it raises where they are not right.

    A replay asks the same of its own numbers. For a graph of Values, whose numbers come with one more
    axis in front, it asks for all instances at once, and for the first that is wrong by itself, so that
    the error is the one that these numbers alone would get.
    """

    __slots__ = ("lazy", "operands")

    def __init__(
        self, function: Callable[..., None], operands: tuple[Any, ...], lazy: bool = False
    ) -> None:
        sides: list[Any] = []
        operands = tuple([getattr(x, "_array", x) for x in operands])
        for x in operands:
            sides += [each for each in x.flat if hasattr(each, "_raw")] if is_mixed(x) else [x]
        super().__init__(f"what {function} asks", function, tuple(sides), None)
        self.operands = operands
        self.lazy = lazy

    @property
    def plain(self) -> bool:
        """Whether the operands are the sides."""
        return not any(map(is_mixed, self.operands))

    def ask(self, sides: Sequence[Any], instances: int | None) -> None:
        """Raise what the function raises for the numbers of a replay, which stand for `sides`."""
        given = iter(sides)
        arrays: list[Any] = []
        for x in self.operands:
            if not is_mixed(x):
                arrays.append(next(given))
                continue
            lead = () if instances is None else (instances,)
            array = np.empty((*lead, *x.shape))
            for place in np.ndindex(x.shape):
                held = x[place]
                array[(..., *place)] = next(given) if hasattr(held, "_raw") else held
            arrays.append(array)
        try:
            self.compare(*map(np.asarray, arrays))
        except ValueError:
            for i in range(instances or 0):
                rows = [
                    np.asarray(a[i] if np.ndim(a) > np.ndim(x) else a)
                    for a, x in zip(arrays, self.operands, strict=True)
                ]
                self.compare(*rows)
            raise


def is_mixed(x: Any) -> bool:
    """Whether x is an array that holds nodes."""
    return isinstance(x, np.ndarray) and x.dtype == object


def plain_numbers(x: Any) -> np.ndarray[Any, Any]:
    """The numbers of a node, an array, or an array that holds nodes, as a plain array."""
    data = getattr(x, "_array" if hasattr(x, "_array") else "_raw", x)
    if not is_mixed(data):
        return np.asarray(data)
    numbers = [getattr(each, "_raw", each) for each in data.flat]  # nothing leaves the graph here
    return np.array(numbers, float).reshape(data.shape)


def note(what: str, compare: Any, left: Any, right: Any, result: Any) -> None:
    """Note that a number left the graph, if a `recording` wants to know."""
    notes = current_mode().notes
    if notes is not None:
        notes.append(Note(what, compare, (left, right), result))


def note_whole(node: Any, number: float) -> None:
    """Note that a number left the graph as a whole one, if a `recording` wants to know."""
    note("its whole number", _same_whole, node, number, True)


def _same_whole(x: Any, y: Any) -> Any:
    return np.trunc(x) == np.trunc(y)


def note_numbers(node: Any, what: str = "its number") -> None:
    """Note that the numbers of a node left the graph as they are, if a `recording` wants to know."""
    notes = current_mode().notes
    if notes is not None:
        numbers = node._raw
        held = numbers if isinstance(numbers, float) else numbers.copy()
        notes.append(Note(what, _itself, (node,), held))


def note_array(array: Any, what: str) -> None:
    """Note that the numbers of an array that is followed left, if a `recording` wants to know."""
    notes = current_mode().notes
    if notes is not None:
        notes.append(Note(what, _itself, (array,), array.copy()))


def note_shape(array: Any, what: str) -> None:
    """Note that the shape of an array that is followed is known, if a `recording` wants to know."""
    notes = current_mode().notes
    if notes is not None:
        notes.append(Note(what, np.shape, (array,), array.shape, whole=True))


def _itself(x: Any) -> Any:
    return x


class BranchChanged(RuntimeError):  # noqa: N818  (the contract's name)
    """A replay in which Python would have taken another branch than when the graph was recorded."""


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


def drawn_so_far() -> Any:
    """Where the generators that everybody shares are: that of ``random``, and that of ``np.random``."""
    name, keys, *rest = np.random.get_state(legacy=True)
    return random.getstate(), name, keys.tobytes(), tuple(rest)  # type: ignore[union-attr]


def state_of(generator: Any) -> Any:
    """Where a generator of random numbers is, to be compared."""
    if isinstance(generator, np.random.BitGenerator):
        return comparable(generator.state)
    if isinstance(generator, np.random.RandomState):
        return comparable(generator.get_state(legacy=False))
    return generator.getstate()


def comparable(state: Any) -> Any:
    """A state without arrays, which are not compared by ``==``."""
    if isinstance(state, Mapping):
        return {key: comparable(x) for key, x in state.items()}
    return state.tobytes() if isinstance(state, np.ndarray) else state


def drawn_anew(draw: Callable[[], Any]) -> Any:
    """Call a function that a program calls with each run; what it draws is no constant."""
    notes = current_mode().notes
    if notes is None:
        return draw()
    notes.look_at_draws()
    out = draw()
    notes.drawn = notes.drawn_so_far()
    return out


class Notes(list[Note]):
    """The notes of a recording, what rows made of plain arrays meanwhile, and gradients that were left.

    Attributes:
        made: what rows made of plain arrays.
        drew: whether numbers were drawn from a shared generator that no program would draw anew.
        states: what was noted by `recording.note_state`, and what it was; `settling` what of it is asked
            once more at the end.
        generators: more generators that what is recorded can draw from.
        gradients: the recorded gradients behind the numbers that passes left on nodes, by the node.
        memory: what is asked to remember what an effect can change, before it is had; or None.
    """

    def __init__(self) -> None:
        self.made: list[Made] = []
        self.gradients: dict[Any, list[Any]] = {}
        self.states: dict[Any, Any] = {}
        self.generators: list[Any] = []
        self.drawn = self.drawn_so_far()
        self.drew = False
        self.settling: list[tuple[Note, Callable[[Any], Any]]] = []
        self.memory: Any = None

    def watch(self, generators: Iterable[Any]) -> None:
        """Notice from now on what is drawn from these generators, too."""
        self.generators = list(generators)
        self.drawn = self.drawn_so_far()

    def spare(self, things: Iterable[Any]) -> None:
        """Notice no longer what is drawn from these: a row that a program calls anew draws from them."""
        self.look_at_draws()
        ids = {id(x) for x in things}
        self.watch([x for x in self.generators if id(x) not in ids])

    def drawn_so_far(self) -> Any:
        """Where all generators are that are watched."""
        return drawn_so_far(), [state_of(x) for x in self.generators]

    def look_at_draws(self) -> None:
        """Notice what was drawn since the last look."""
        self.drew = self.drew or self.drawn_so_far() != self.drawn


def note_effect(row: Any, options: dict[str, Any]) -> None:
    """Note that a row is about to have an effect, if a `recording` wants to know."""
    notes = current_mode().notes
    if notes is not None and notes.memory is not None:
        reached = notes.memory.before(row, options)
        if not row.draws:  # which is noticed by `drawn_anew`
            notes.spare(reached)


def note_made(out: Any, row: Any, arguments: Iterable[Any], options: dict[str, Any]) -> Any:
    """Note what a row made of plain arrays, if a `recording` wants to know. Returns it.

    An array is found by its identity: an argument that a row gives as it is comes back as a copy.
    """
    notes = current_mode().notes
    if notes is not None and isinstance(out, np.ndarray):
        arguments = tuple(arguments)
        if any(out is x for x in arguments):
            out = out.copy()
        notes.made.append(Made(out, row, arguments, options))
    return out


# --- the exits of a number from a node ------------------------------------------------------------

under_way: list[Any] = []
"""The recordings and transforms of all threads: while it is empty, nobody asks which numbers leave."""


class GraphExitError(TypeError):
    """A number was to leave the graph under a transform. Users meet it as a TypeError."""


def leaving(node: Any, what: str = "its number", *, constant: bool = True) -> None:
    """The gate of every exit: numbers of a node leave the graph, as `what`.

    A recording notes it, so that a replay with other numbers can tell; a transform that differentiates
    by something the node depends on refuses it, because what is computed from a constant has no
    derivative. In plain code nothing happens.

    The exits: ``float int bool complex item data numpy tolist``, ``repr`` and ``format``, comparisons,
    ``argmax argmin argsort`` and NumPy's other functions without a derivative, the metrics of `nn`,
    copies, pickles and ``state_dict``, ``Flat.data`` and ``Vector.data``, ``grad`` after ``backward()``,
    ``local_derivatives``, and the inputs of a program. What gives whole numbers or truth values, whose
    derivative is 0, and what only shows numbers, says ``constant=False`` and is never refused.
    """
    mode = current_mode()
    if constant and mode.transforming and depends(node, mode.transforming):
        raise GraphExitError(refusal(what, user_frame(getframe(1))))
    if mode.notes is not None:
        note_numbers(node, what)


def depends(node: Any, identities: frozenset[int]) -> bool:
    """Whether a gradient would flow from a node to one of those with these identities."""
    stack, seen = [node], {node}
    while stack:
        x = stack.pop()
        if id(x) in identities:
            return True
        for parent in x._parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return False


def refusal(what: str, frame: FrameType) -> str:
    """Why a number may not leave the graph under a transform, and what to write instead."""
    site = Site.of(frame.f_code, frame.f_lasti)
    names = frame.f_globals | frame.f_locals
    called = re.findall(r"(?:\bmath\s*\.\s*)(\w+)", site.text)
    called += [
        word
        for word in re.findall(r"\b\w+\b", site.text)
        if getattr(names.get(word), "__module__", None) == "math"
    ]
    function = MATH_AS_NUMPY.get(called[0], called[0]) if called else "sin"
    wrong = f"math.{called[0]}" if called else "math.sin"
    return (
        f"{what} would leave the graph here, and what is computed from it would be a constant, without "
        f"a derivative. {site}. Write np.{function} for {wrong}, np.stack([...]) for an array that is "
        "filled element by element (c[0] = x[0]) or made of elements (np.array([x[0], x[1]])), and "
        "x.detach() where a constant is meant"
    )


MATH_AS_NUMPY = {
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "dist": "linalg.norm",
    "fabs": "abs",
    "fsum": "sum",
    "pow": "power",
    "remainder": "fmod",
}
"""Functions of ``math`` that NumPy has under another name."""


def once(text: str) -> None:
    """Warn with this text the first time in this process."""
    if text not in warned:
        warned.add(text)
        warnings.warn(text, stacklevel=depth_of_user(getframe(1)))


def said_once_of_float() -> None:
    """Say once that what is computed from ``float()`` of a tracked node is not differentiated."""
    once(
        "float() of a tracked node gives a plain number, and what is computed from it is not "
        "differentiated (this is said once): use np.sin(v) for math.sin(v), and v.item() where a "
        "number is meant"
    )


def said_once_of_gradient(frame: FrameType) -> None:
    """Say once, to a user's line, that a gradient which is None has not been kept."""
    if not is_library(frame.f_code):
        once(
            "the gradient of a Tensor that was computed is not kept, so .grad is None, also after a "
            "backward pass (this is said once): call t.retain_grad() before it, or run it inside "
            "`with autograd.retain_grads():`"
        )


asked: ContextVar[bool] = ContextVar("asked", default=False)
"""Whether a function of a user's is asked for what it says of data: `recording.call`."""

warned: set[str] = set()


def depth_of_user(frame: FrameType) -> int:
    """How many calls up the user's line is, as ``stacklevel`` counts them."""
    depth, user = 2, user_frame(frame)
    while frame is not user and frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


class Changed:
    """What a mode keeps beside its fields: the last `FixedChange` of it, and what that has made."""

    __slots__ = ("changed",)
    changed: tuple[Mapping[str, Any], Mode] | None


class Mode(Changed):
    """What recording does here and now. Immutable; the current one is a context variable."""

    __slots__ = ("anomaly", "notes", "plain", "recording", "retain", "scope", "transforming")

    def __init__(
        self,
        recording: bool = True,
        retain: bool = False,
        transforming: frozenset[int] = frozenset(),
        anomaly: Any = None,
        scope: Scope | None = None,
        notes: Notes | None = None,
    ) -> None:
        self.recording = recording
        self.retain = retain
        # What the transforms under way differentiate by: identities, so that no mode holds a node.
        self.transforming = transforming
        self.anomaly = anomaly
        self.scope = scope
        self.notes = notes
        # The one test of the fast path: record what has a gradient, and check nothing.
        self.plain = recording and anomaly is None and notes is None
        self.changed = None

    def but(self, **changes: Any) -> Mode:
        """The same mode with some fields changed."""
        mode = object.__new__(Mode)
        mode.recording = recording = changes.get("recording", self.recording)
        mode.retain = changes.get("retain", self.retain)
        mode.transforming = changes.get("transforming", self.transforming)
        mode.anomaly = anomaly = changes.get("anomaly", self.anomaly)
        mode.scope = changes.get("scope", self.scope)
        mode.notes = notes = changes.get("notes", self.notes)
        mode.plain = recording and anomaly is None and notes is None
        mode.changed = None
        return mode


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
        mode = current_mode()
        entered = self._entered
        if entered is None or entered[0] is not mode or not self._keeps_scope(entered[1].scope):
            entered = self._enter_anew(mode)
        return entered[1].scope

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


# --- changes of the mode --------------------------------------------------------------------------


class Entry(NamedTuple):
    """A change of the mode that has been entered and not been left."""

    owner: object
    changes: Mapping[str, Any]
    before: Mode
    after: Mode
    outer: Entry | None


_latest: ContextVar[Entry | None] = ContextVar("autograd.entries", default=None)
"""The changes that are entered here, the last one first. What is entered belongs to the thread and
context, and not to the object that was entered: several threads may enter the same one at once."""


def begin(owner: object, changes: Mapping[str, Any]) -> None:
    """Change the mode until `end` of the same owner."""
    before = current_mode()
    after = before.but(**changes)
    _latest.set(Entry(owner, changes, before, after, _latest.get()))
    enter(after)


def end(owner: object) -> None:
    """Take back what the owner changed last. What was changed since, and has not ended, stays."""
    latest = entry = _latest.get()
    if latest is not None and latest[0] is owner and current_mode() is latest[3]:  # mostly so
        _latest.set(latest[4])
        enter(latest[2])
        return
    since = []
    while entry is not None and entry.owner is not owner:
        since.append(entry)
        entry = entry.outer
    if entry is None or latest is None:
        raise RuntimeError(
            f"{type(owner).__name__} is left in a thread or context that it was not entered in: the "
            "mode belongs to each of them"
        )
    mode, outer = entry.before, entry.outer
    for each in reversed(since):  # a generator may end before, or after, what was entered meanwhile
        before, mode = mode, mode.but(**each.changes)
        outer = Entry(each.owner, each.changes, before, mode, outer)
    _latest.set(outer)
    now = current_mode()
    if now is not latest.after:  # inside the call of a module, which has a mode of its own
        restored = {name: getattr(mode, name) for name in entry.changes}
        mode = now.but(
            **{k: x for k, x in restored.items() if getattr(now, k) is getattr(latest.after, k)}
        )
    enter(mode)


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
        self.own = _latest.get()
        for each in self.open:
            begin(each.owner, each.changes)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        own, entry = self.own, _latest.get()
        self.open = []
        while entry is not None and entry is not own:
            self.open.insert(0, entry)
            entry = entry.outer
        if own is not None:
            _latest.set(own)
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
        _latest.set(Entry._make((self, changes, before, after, _latest.get())))
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
        under_way.append(self)
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        under_way.remove(self)
        super().__exit__(*error)


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
    """The recordings and transforms of all threads: nothing has to be noted while there is none."""

    def __init__(self) -> None:
        self.notes = Notes()
        # What a transform differentiates by is no part of what is recorded: stand-ins are.
        super().__init__(recording=True, notes=self.notes, transforming=frozenset())

    @staticmethod
    def look(x: Any, *, noted: bool = False) -> np.ndarray[Any, Any]:
        """The numbers of a node, or of an array that may hold Values, to be checked or shown.

        They do not leave the graph, so nothing that is made of them may become part of a result.

        With `noted` they do, for what has the derivative 0 wherever it has one, such as a metric: a
        program notes it, and no transform refuses it.

        >>> import autograd
        >>> autograd.grad(lambda x: x * x if autograd.recording.look(x) > 0 else x)(3.0)
        6.0
        """
        if noted and under_way:
            for each in x.flat if is_mixed(x) else [x]:
                if hasattr(each, "_raw"):
                    leaving(each, "its data", constant=False)
        return plain_numbers(x)

    @staticmethod
    def note_state(
        what: str, read: Callable[[], Any], settle: Callable[[Any], Any] | None = None
    ) -> None:
        """Note that what is recorded depends on more than numbers: on what `read` gives.

        A program then raises `BranchChanged` when `read` gives something else; a compiled function
        is recorded once for each answer. `nn.Module.training` is noted this way, and what a module's
        attributes are. ``settle(answer)`` gives the answer that counts at the end of the recording,
        where what is recorded may change it itself.

        >>> import autograd
        >>> fast = {"on": True}
        >>> @autograd.compile
        ... def f(x):
        ...     autograd.recording.note_state("fast", lambda: fast["on"])
        ...     return x * 2.0 if fast["on"] else x * 3.0
        >>> f(1.0)
        np.float64(2.0)
        >>> fast["on"] = False
        >>> f(1.0)
        np.float64(3.0)
        """
        notes = current_mode().notes
        if notes is not None:
            result = read()
            if read not in notes.states or notes.states[read] is not result:
                notes.states[read] = result
                notes.append(Note(what, read, (), result, whole=True))
                if settle is not None:
                    notes.settling.append((notes[-1], settle))

    @staticmethod
    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        """What a function of a user's says of data, a network mostly: it is asked, and updates nothing,
        so ``act = self.b; act += w * x`` is arithmetic in it, also under `no_grad` (see `in_place`)."""
        token = asked.set(True)
        try:
            return function(*arguments)
        finally:
            asked.reset(token)

    @staticmethod
    def say_once(text: str) -> None:
        """Warn with a text, at the user's line, the first time in this process."""
        once(text)

    @staticmethod
    def explain(function: Callable[..., None], *operands: Any) -> None:
        """As `check`, for what a row checks by itself: called only when a replay has failed.

        The row's error does not know which loss it is a part of; this one may.
        """
        notes = current_mode().notes
        if notes is not None:
            notes.append(Check(function, operands, lazy=True))

    @staticmethod
    def check(function: Callable[..., None], *operands: Any) -> None:
        """Call a function that raises where the numbers of its operands are not right.

        It gets plain arrays, and so does it in every replay of what is recorded: with other numbers a
        program raises what the eager call would. Losses check their targets this way. A function with
        a method ``accepts``, which says of most right numbers that they are, is asked that first.

        >>> import autograd, numpy as np
        >>> def above_0(x):
        ...     if (x <= 0).any():
        ...         raise ValueError("above 0")
        >>> @autograd.compile
        ... def f(x):
        ...     autograd.recording.check(above_0, x)
        ...     return autograd.log(x).sum()
        >>> f(np.ones(2))
        np.float64(0.0)
        >>> f(np.zeros(2))
        Traceback (most recent call last):
        ValueError: above 0
        """
        function(*map(plain_numbers, operands))
        notes = current_mode().notes
        if notes is not None:
            notes.append(Check(function, operands))

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
        self.notes.look_at_draws()
        for each, settle in self.notes.settling:
            each.result = settle(each.result)
        self.notes.settling.clear()
        super().__exit__(kind, error, trace)


def is_grad_enabled() -> bool:
    """Whether operations are being recorded in this thread and context."""
    return current_mode().recording
