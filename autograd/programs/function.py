"""Compiled functions: recorded on the first call of each kind, replayed afterwards."""

from __future__ import annotations

import functools
import inspect
import threading
import types
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd.context.modes import current_mode
from autograd.context.recording import recording
from autograd.context.scopes import Scoped
from autograd.engine import graph
from autograd.engine.arrays import check_array
from autograd.engine.followed import Followed, plain
from autograd.engine.graph import Node
from autograd.engine.tensor import FLOATS, Tensor
from autograd.engine.value import Value
from autograd.programs.calls import INPUTS, CompiledCall, CompiledRow, tracked_leaves
from autograd.programs.effects import Backup, generators_of
from autograd.programs.program import Program
from autograd.support.publishing import publish

MOST = 64
"""Programs that a function keeps; then each new one takes the place of the oldest."""


class CompiledFunction:
    """A function of arrays that is recorded once for each combination of shapes, and then replayed.

    Arrays and floats are inputs; whatever else is given (a flag, a module, an int) is part of what the
    recording is for, and must be hashable. The result is a node where something that it depends on is
    tracked and operations are recorded, else the number or array; `backward` leaves the gradients of the
    last call. Of several outputs in a tuple it differentiates the first. A call that fails changes
    nothing: what its effects reach (running averages, generators of random numbers) is put back. Several
    threads may share it: each differentiates its own calls.

    Attributes:
        programs: the programs so far, by the kinds of their arguments, and the states (such as the
            training mode of a module) that were noted while recording.
        states: what gives those states.
    """

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        self.function = function
        self.options = options
        self.programs: dict[Any, Program] = {}
        self.states: list[Callable[[], Any]] = []
        self._local = threading.local()
        self._latest: tuple[Program | None, Any] = (None, None)
        self._threads = 0  # that have called it
        self.warned = False
        functools.update_wrapper(self, function, updated=())
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __getattr__(self, name: str) -> Any:
        """What a compiled network is asked for beside being called: ``parameters()``, ``train()``."""
        if name == "function" or name.startswith("__"):
            raise AttributeError(f"a compiled function has no attribute {name!r}")
        return getattr(self.function, name)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """The function's result for these arguments, replayed if they are of a kind that was seen."""
        mode = current_mode()
        if mode.notes is not None:  # part of another recording
            return self.function(*arguments, **keywords)
        recorded = mode.recording
        kinds = tuple([_kind(x, recorded) for x in arguments])
        named = [(name, _kind(x, recorded)) for name, x in sorted(keywords.items())]
        key = (kinds, tuple(named)) if named else (kinds, ())
        full = self.with_states(key) if self.states else key
        try:
            program = self.programs.get(full)
        except TypeError as error:
            raise TypeError(
                f"{self.__name__}: an argument is an array or a number, which each call gives anew, or "
                "is hashable, as a flag, a tuple or a module are, and has a program for each of its "
                f"values: {error}. Give np.array([...]) or a tuple for a list"
            ) from None
        flagged = program is not None and program.leaves.flagged != graph.latest_flag
        if program is not None and flagged and program.leaves.refrozen() is not None:
            program = None  # other gradients are asked for
        inputs = [*arguments, *[keywords[name] for name, _ in named]] if named else arguments
        given = [x for x in inputs if isinstance(x, INPUTS)]
        if program is None:
            backup = Backup()
            try:
                program = self.record(arguments, keywords, backup)
                results, call = self.replay(program, arguments, keywords, given, resumed=True)
            except BaseException:
                backup.put_back()
                raise
            if len(self.programs) >= MOST:
                self.forget(key)
            self.programs[self.with_states(key)] = program
        else:
            results, call = self.replay(program, arguments, keywords, given)
        self.last = program
        if call is None:
            return results
        rows = program.rows
        with program.lock:
            nodes = [
                rows[i].record(call) if i in rows else constant_of(x)
                for i, x in enumerate(call.results)
            ]
        for kind in (*kinds, *[kind for _, kind in named]):
            if kind[-1] is TRACKED:
                self.last_node = nodes[0]
                break
        return tuple(nodes) if program.also else nodes[0]

    def replay(
        self,
        program: Program,
        arguments: Sequence[Any],
        keywords: dict[str, Any],
        given: Sequence[Any],
        *,
        resumed: bool = False,
    ) -> tuple[Any, CompiledCall | None]:
        """What a run of a program gives, and the call, if it is to be a node of a larger graph."""
        with program.lock:
            results = program.run(given, resumed=resumed)
            if not current_mode().recording or not program.rows:
                return results, None
            several = results if program.also else (results,)
            return results, CompiledCall(
                self.function, arguments, keywords, given, program, several
            )

    @property
    def last(self) -> Program | None:
        """The program of this thread's last call; if it has made none, of the only thread that has."""
        last: Program | None = getattr(self._local, "last", None)
        return self._latest[0] if last is None and self._threads == 1 else last

    @last.setter
    def last(self, program: Program) -> None:
        if getattr(self._local, "last", None) is None:
            self._threads += 1
        self._local.last, self._local.node = program, None
        self._latest = program, None

    @property
    def last_node(self) -> Any:
        """The node that this thread's last call gave, if an argument of it was tracked."""
        mine = getattr(self._local, "last", None) is not None
        return self._local.node if mine else self._latest[1] if self._threads == 1 else None

    @last_node.setter
    def last_node(self, node: Any) -> None:
        self._local.node = node
        self._latest = self._latest[0], node

    def forget(self, key: tuple[Any, ...]) -> None:
        """Drop the oldest program, and say once what makes so many."""
        del self.programs[next(iter(self.programs))]
        if not self.warned:
            self.warned = True
            static = [kind[1] for kind in key[0] if isinstance(kind[0], type)]
            static += [kind[1] for _, kind in key[1] if isinstance(kind[0], type)]
            warnings.warn(
                f"{self.__name__} has been recorded for {MOST} kinds of arguments, and forgets the "
                "oldest from now on: each shape makes a program of its own, each value of what is no "
                f"array or float (now {', '.join(map(repr, static)) or 'none'}), and each setting of a "
                "module. A whole number that changes from call to call is better given as float(n) or "
                "np.array(n)",
                RuntimeWarning,
                stacklevel=3,
            )

    def with_states(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """What a program is found by: the kinds of the arguments, and the states as they are."""
        return (*key, *[read() for read in self.states])

    def record(self, arguments: Sequence[Any], keywords: dict[str, Any], backup: Backup) -> Program:
        """Call the function with nodes in the place of its inputs, and compile what it records."""
        tracked = current_mode().recording
        output, inputs, recorded = recorded_call(
            self.function, arguments, keywords, backup, tracked
        )
        if recorded.notes.drew:
            raise ValueError(
                f"{self.__name__} drew random numbers from a generator while it was recorded: a "
                "program would use the same ones for ever. autograd.random_like(x, sample=rng.random) "
                "draws with each call, as does nn.Dropout; or give the numbers as an argument"
            )
        # What is recorded for a state is found by it: there is nothing left to check.
        for each in recorded.notes:
            if not each.sides and each.compare not in self.states:
                self.states.append(each.compare)
        recorded.notes[:] = [each for each in recorded.notes if each.sides]
        output, *also = output if isinstance(output, tuple) and output else (output,)
        for node in (output, *also):
            if not isinstance(node, Node):
                what, way = type(node).__name__, ""
                if isinstance(node, Followed):
                    what = f"an array of {node.dtype}"
                    way = ". Return what it is made of, and make it outside, as in f(x).argmax(axis=1)"
                raise TypeError(
                    f"{self.__name__} returned {what}: a compiled function returns a Value or Tensor "
                    f"that it computed from its arguments, or several in a tuple{way}"
                )
        program = Program(output, inputs, recorded=recorded, also=also, unused=True, **self.options)
        program.rows = {
            i: CompiledRow(self.__name__, node, program, i, recorded)
            for i, node in enumerate((output, *also))
            if tracked_leaves(node)
        }
        return program

    def backward(self, seed: Any = None) -> None:
        """Leave the gradients of the last call on the leaves: see `Program.backward`."""
        program = self.last
        if program is None and self._threads > 1:
            raise ValueError(
                "backward() differentiates the last call of the same thread: this thread has not called "
                f"{self.__name__}, and {self._threads} others have. Call it in this thread first"
            )
        if program is None:
            raise ValueError(f"backward() needs a call of {self.__name__} first")
        if self.last_node is not None:
            self.last_node.backward(seed)  # its arguments get their gradients, too
        else:
            program.backward(seed)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: bound to the object, for each of which it is recorded."""
        return self if instance is None else types.MethodType(self, instance)

    __name__: str

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}: {len(self.programs)} programs>"


def recorded_call(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    keywords: Mapping[str, Any],
    memory: Backup,
    tracked: bool,
) -> tuple[Any, list[Any], recording]:
    """What a function gives for nodes in the place of its inputs, these inputs, and the recording.

    Args:
        memory: what remembers what an effect of the call can change.
        tracked: whether gradients flow to the inputs that require one.
    """
    names = argument_names(function)
    inputs = []

    def as_input(x: Any, name: str | None) -> Any:
        if not _is_input(x):
            return x
        given = node_of(x, name, tracked and _is_tracked(x))
        inputs.append(plain(given))
        return given

    places = [as_input(x, names[i] if i < len(names) else None) for i, x in enumerate(arguments)]
    named = {name: as_input(keywords[name], name) for name in sorted(keywords)}
    recorded = recording()
    recorded.notes.memory = memory
    recorded.notes.watch(generators_of(function))
    with recorded:
        output = function(*places, **named)
    recorded.notes.memory = None
    return output, inputs, recorded


def argument_names(function: Callable[..., Any]) -> list[str]:
    """What a function calls its arguments; nothing where it does not tell."""
    called = inspect.unwrap(function)
    called = called.forward if isinstance(called, Scoped) else called
    try:
        return list(inspect.signature(called).parameters)
    except (TypeError, ValueError):
        return []


FLOATING = (float, np.floating)
TRACKED = ("tracked",)
"""The end of the kind of an argument that a gradient flows to."""


def _is_input(x: Any) -> bool:
    return isinstance(x, INPUTS)


def _is_tracked(x: Any) -> bool:
    return isinstance(x, Node) and x.requires_grad


def constant_of(x: Any) -> Node:
    """A node that no gradient flows through, beside others that one flows through."""
    return (
        Tensor(x, requires_grad=False)
        if isinstance(x, np.ndarray)
        else Value(x, requires_grad=False)
    )


def _kind(x: Any, recorded: bool) -> Any:
    """What a recording is for: shape and dtype of an input, anything else itself."""
    if isinstance(x, np.ndarray):
        return ("array", x.shape, x.dtype.str)
    if isinstance(x, Tensor):
        return (
            "array",
            x.shape,
            x.dtype.str,
            *((TRACKED,) if recorded and x.requires_grad else ()),
        )
    if isinstance(x, Value):
        return ("number", *((TRACKED,) if recorded and x.requires_grad else ()))
    if isinstance(x, FLOATING):
        return ("number",)
    return (x.__class__, x)


def node_of(x: Any, name: str | None, tracked: bool) -> Any:
    """A leaf in the place of an input. Whole numbers and truth values stay arrays of their own."""
    data = x._raw if isinstance(x, Node) else check_array(x, f"input {name or 'of a program'}")
    if isinstance(data, np.ndarray):
        if data.dtype.kind not in "biuf":
            values = " (each Value can be an argument of its own: f(*values))"
            raise TypeError(
                f"input {name or 'of a program'} is an array of numbers, got one of {data.dtype}"
                f"{values if data.dtype == object else ''}"
            )
        if not data.dtype.isnative:
            data = data.astype(data.dtype.newbyteorder("="))
        if data.dtype not in FLOATS:
            return Followed(np.array(data))
        return Tensor(data, name, requires_grad=tracked)
    return Value(float(data), name, requires_grad=tracked)


__all__ = ["CompiledFunction"]
publish(__name__)
