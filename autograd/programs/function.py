"""The function form of `compile`: recorded on the first call of each kind, replayed afterwards."""

from __future__ import annotations

import functools
import inspect
import threading
import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from autograd.engine import graph
from autograd.engine.arrays import check_array
from autograd.engine.followed import Followed, plain
from autograd.engine.graph import Node
from autograd.engine.modes import current_mode
from autograd.engine.recording import recording
from autograd.engine.tensor import FLOATS, Tensor
from autograd.engine.value import Value
from autograd.programs.calls import INPUTS, CompiledCall, CompiledRow, tracked_leaves
from autograd.programs.effects import Memory, generators_of
from autograd.programs.options import check_options, checked_inputs
from autograd.programs.program import Program
from autograd.support.habits import publish

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
            memory = Memory()
            try:
                program = self.record(arguments, keywords, memory)
                results, call = self.replay(program, arguments, keywords, given, resumed=True)
            except BaseException:
                memory.put_back()
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

    def record(self, arguments: Sequence[Any], keywords: dict[str, Any], memory: Memory) -> Program:
        """Call the function with nodes in the place of its inputs, and compile what it records."""
        tracked = current_mode().recording
        try:
            names = list(inspect.signature(self.function).parameters)
        except (TypeError, ValueError):  # a callable that does not tell
            names = []
        inputs = []

        def as_input(x: Any, name: str | None) -> Any:
            if not _is_input(x):
                return x
            given = _node_of(x, name, tracked and _is_tracked(x))
            inputs.append(plain(given))
            return given

        places = [
            as_input(x, names[i] if i < len(names) else None) for i, x in enumerate(arguments)
        ]
        named = {name: as_input(keywords[name], name) for name in sorted(keywords)}
        recorded = recording()
        recorded.notes.memory = memory
        recorded.notes.watch(generators_of(self.function))
        with recorded:
            output = self.function(*places, **named)
        recorded.notes.memory = None
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


def _node_of(x: Any, name: str | None, tracked: bool) -> Any:
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


@overload
def compile(
    output: Node,
    *,
    inputs: Sequence[Any],
    recorded: recording | None = ...,
    executor: str = ...,
    threads: int | None = ...,
    verify: bool = ...,
) -> Program:
    """A program of a recorded graph."""


@overload
def compile(
    output: Callable[..., Any],
    *,
    executor: str = ...,
    threads: int | None = ...,
    verify: bool = ...,
) -> CompiledFunction:
    """A function that is recorded and replayed."""


@overload
def compile(
    output: None = None, *, executor: str = ..., threads: int | None = ..., verify: bool = ...
) -> Callable[[Callable[..., Any]], CompiledFunction]:
    """A decorator with options."""


def compile(
    output: Any = None,
    *,
    inputs: Sequence[Any] | None = None,
    recorded: recording | None = None,
    executor: str = "auto",
    threads: int | None = None,
    verify: bool = True,
) -> Any:
    """Make a program of a recorded graph, or of a function, to replay it with other numbers.

    ``compile(loss, inputs=[x, t])`` takes the graph that `loss` was computed by. The program's call
    computes the loss for other inputs, and its ``backward()`` leaves the gradients on the leaves, as the
    eager pass would. A graph of Values is replayed for many instances at once: give each input an array
    with one number per instance, and `backward` leaves the gradient of the mean.

    ``@compile`` makes a function that is recorded on the first call for each combination of
    shapes and dtypes, and replayed afterwards; also for each mode of a network
    (`nn.Module.train`, ``eval``), for each value of its layers' attributes, and for each value of
    an argument that is no array or float: a flag, a tuple, a whole number. It keeps the latest 64
    programs, and warns when it first forgets one: a whole number that changes with each call is
    given as ``float(n)`` or ``np.array(n)``. It is a primitive: where an argument or a parameter that
    its result depends on is tracked, a call gives a node of the larger graph, whose backward pass is
    the program's, also after later calls; a second derivative or a tangent calls the function itself
    once more (refused where it draws numbers or moves averages). Otherwise, and under `no_grad`, it
    gives numbers. Inside another one it is part of that recording, and so are a transform (`grad`,
    `jvp` ...) and a backward pass. Arrays of whole numbers and truth
    values are inputs, and what NumPy makes of them (``2 * t - 1``, ``t == 1``, ``t.reshape(-1)``,
    ``np.where(t > 0, x, y)``, ``x[t]`` of a Tensor) is computed anew: the function gets each as a
    `Followed`. So is a comparison of Tensors: ``np.where(x > 0, x, y)`` chooses anew, as
    ``autograd.where(autograd.greater(x, 0), x, y)`` does with Values, whose own comparison is a
    bool. (A comparison of Values by name is 1 or 0: ``p * q`` says that both hold, ``1 - p`` the
    contrary, ``autograd.maximum(p, q)`` that one of them does.)
    Where such numbers are read (``if t[0] > 0``, ``int(t[0])``, ``np.eye(3)[t]``), as where
    those of a node are, a replay that would read others raises `BranchChanged`.

    What a program cannot notice: ``forward`` and the function are not run again. A global or a
    variable of the function around that is no argument (`recording.note_state` notes it), an
    attribute of an object that is no `nn.Module`, or of a module whose methods were called but
    not the module itself, an array that was written into after it had been recorded as a
    constant, a file or a clock are what they were when the graph was recorded. Draws from
    ``np.random``, from ``random`` and from generators that the function, its variables or the
    ``forward`` of its modules lead to are refused (`random_like` draws anew); those of one that is
    hidden deeper are constants. Without `recording` (``compile(loss, inputs=...)`` alone) no comparison,
    attribute or check of a loss is asked again; and of an input array that is no Tensor only the
    array itself and, in a recording, its views and what rows make of it are found: what NumPy
    makes of it (``-t``, ``t.sum()``) is found where it is given to the function, inside the
    recording, as ``t = autograd.Followed(t)``, which is then the input.

    Args:
        output: the node to compute, or a function of arrays that returns one.
        inputs: the leaves that each call gives anew; an array that was given as it is (class indices)
            is found by identity. All other leaves, such as parameters, are read at each run: assign to
            their ``data``. Another Tensor put in the place of one (``layer.weight = Tensor(...)``) is
            noticed where a recording has noted the layer. Constants stay what they were.
        recorded: the `recording` that the graph was made in: then every replay checks that Python would
            have taken the same branches, and raises `BranchChanged` otherwise.
        executor: ``"numpy"``, ``"native"`` (machine code, with the extra ``fast``), or the best.
        threads: of the native executor, for graphs of Values with enough work: by default two, where
            there are two cores; a whole number from 1 to 64, or to the number of processors.
        verify: compare the first replay with an eager pass.

    Raises:
        TypeError: no node, or a row whose rule cannot be written down; an option that is none.
        ValueError: an input that the output does not depend on; an executor or a number of threads
            that there is not.

    >>> import autograd, numpy as np
    >>> x, w = autograd.Value(0.0, "x"), autograd.Value(3.0, "w")
    >>> program = autograd.compile((w * x - 1) ** 2, inputs=[x])
    >>> program(np.array([1.0, 2.0])).tolist()
    [4.0, 25.0]
    >>> program.backward()
    >>> w.grad
    12.0
    """
    check_options(executor, threads, verify, recorded)
    options: dict[str, Any] = {"executor": executor, "threads": threads, "verify": verify}
    if isinstance(output, Node):
        if inputs is None:
            raise TypeError("compile(output, inputs=[...]) needs the leaves that change")
        return Program(output, checked_inputs(inputs), recorded=recorded, **options)
    if inputs is not None:
        raise TypeError("compile(function) takes no inputs=: they are the function's arguments")
    if recorded is not None:
        raise TypeError("compile(function) takes no recorded=: it records the function itself")
    if output is None:
        return lambda function: compile(function, **options)
    if not callable(output):
        raise TypeError(f"compile takes a node or a function, got {type(output).__name__}")
    return CompiledFunction(output, **options)


__all__ = ["CompiledFunction", "compile"]
publish(__name__)
