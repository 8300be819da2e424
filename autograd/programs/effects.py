"""Effects of a program: had when a run has succeeded, and taken back when one has failed.

What a row tells somebody (`track_moments`: a batch's mean and variance) waits until nothing can go wrong
any more. What a row draws is needed at once: the generators that it can reach are remembered before,
and put back to where they were if the run fails. The same holds for the first call of a compiled
function, which is an eager one: what its effects can reach is remembered as they come.
"""

from __future__ import annotations

import functools
import random
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from autograd.context.sites import is_library
from autograd.engine.graph import Node
from autograd.engine.primitive import registry
from autograd.engine.tensor import Tensor
from autograd.engine.value import Value
from autograd.programs.planning.plan import Instruction, Plan

DEEP = 5
"""How many steps lead from a function to what it changes, at most."""
MANY = 1000
"""How many elements of a list or attributes of an object are looked at, at most."""


# --- what an effect can change --------------------------------------------------------------------


def generators_of(function: Any) -> list[Any]:
    """Generators of random numbers that a function, or a module that it calls, can reach."""
    return [x for x in reachable(function, methods=True)[0] if not isinstance(x, Node)]


def reachable(function: Any, *, methods: bool = False) -> tuple[list[Any], bool]:
    """Generators and buffers that a function can change, and whether it will always be the same ones.

    They are looked for in the arguments it is bound to, the object whose method it is, and the variables
    that it uses; not in what those of other libraries use in turn. With `methods` they are also looked
    for in the variables of ``forward`` and ``__call__`` of the objects found.
    """
    found: list[Any] = []
    seen: set[int] = set()
    fixed = True
    waiting = [(function, 0)]
    while waiting:
        x, depth = waiting.pop()
        if id(x) in seen or depth > DEEP:
            continue
        seen.add(id(x))
        if isinstance(x, np.random.Generator):
            found.append(x.bit_generator)
        elif isinstance(x, np.random.BitGenerator | np.random.RandomState | random.Random):
            found.append(x)
        elif isinstance(x, Node):
            if x.is_leaf and not x.requires_grad:
                found.append(x)
        elif not isinstance(x, type | types.ModuleType | str | bytes | int | float | None):
            bound = isinstance(x, functools.partial | types.BuiltinMethodType)
            inside = [*parts(x), *(calls_of(x) if methods else ())]
            fixed = fixed and (bound or not inside)
            waiting += [(each, depth + 1) for each in inside[:MANY]]
    return found, fixed


def parts(x: Any) -> Iterator[Any]:
    """What an object consists of, as far as it may lead to a generator or a buffer."""
    if isinstance(x, functools.partial):
        yield from (x.func, *x.args, *x.keywords.values())
    elif isinstance(x, types.BuiltinMethodType):
        yield x.__self__
    elif isinstance(x, types.MethodType):
        yield from (x.__func__, x.__self__)
    elif isinstance(x, types.FunctionType):
        yield from variables(x)
    elif isinstance(x, list | tuple | set | frozenset):
        yield from x
    elif isinstance(x, dict):
        yield from x.values()
    elif isinstance(x, np.ndarray):
        if x.dtype == object:
            yield from x.flat
    elif isinstance(getattr(x, "__dict__", None), dict):
        yield from vars(x).values()


def calls_of(x: Any) -> Iterator[Any]:
    """The functions that run when an object is called."""
    for name in ("forward", "__call__"):
        method = getattr(type(x), name, None)
        if isinstance(method, types.FunctionType):
            yield method


def names_in(code: types.CodeType) -> Iterator[str]:
    """The names that code looks up, with those of functions and comprehensions inside it."""
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from names_in(each)


def variables(function: types.FunctionType) -> Iterator[Any]:
    """What a function finds around it. Those of the library get all that they use as arguments."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    code = function.__code__
    if is_library(code):
        return
    names = dict.fromkeys(names_in(code))
    for name in names:
        x = function.__globals__.get(name)
        if isinstance(x, types.ModuleType):
            # The functions of such a module share one generator.
            if x is random:
                yield random._inst
            elif x is np.random or (x is np and "random" in names):
                yield np.random.mtrand._rand
        elif x is not None:
            yield x


def saved(x: Any) -> Callable[[], None]:
    """What puts a generator or a buffer back to what it is now."""
    if isinstance(x, np.random.BitGenerator):
        return functools.partial(setattr, x, "state", x.state)
    if isinstance(x, np.random.RandomState):
        return functools.partial(x.set_state, x.get_state(legacy=False))
    if isinstance(x, random.Random):
        return functools.partial(x.setstate, x.getstate())
    data = x._raw.copy() if isinstance(x, Tensor) else x._raw

    def put_back() -> None:
        if not np.array_equal(x._raw, data, equal_nan=True):
            x.data = data

    return put_back


class Backup:
    """Generators and buffers as they were when they were first seen."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, Callable[[], None]]] = {}

    def remember(self, things: Iterable[Any]) -> None:
        """Note what these are now, unless they are known already."""
        for x in things:
            if id(x) not in self.known:
                self.known[id(x)] = x, saved(x)

    def before(self, row: Any, options: dict[str, Any]) -> list[Any]:
        """Note what a call of a row can change, and return it."""
        found: list[Any] = []
        for function in (row.array, *options.values()):
            if callable(function):
                found += reachable(function)[0]
        self.remember(found)
        return found

    def put_back(self) -> None:
        """Everything as it was."""
        for _, put_back in self.known.values():
            put_back()


# --- the effects of a program ---------------------------------------------------------------------


class Waiting:
    """What is told a function once the run has succeeded. The arrays are lent, so they are copied."""

    def __init__(self, function: Any, queue: list[tuple[Any, tuple[Any, ...]]]) -> None:
        self.function = function
        self.queue = queue

    def __call__(self, *arrays: Any) -> None:
        self.queue.append((self.function, tuple([np.array(x) for x in arrays])))

    def __repr__(self) -> str:
        return repr(self.function)


class Effects:
    """The effects of a plan, whose instructions tell this object instead.

    A plan that reads what its effects assign (a network that is run in training and in evaluation mode)
    has them at once and in order; what they can reach is remembered then.
    """

    def __init__(self, plan: Plan) -> None:
        self.queue: list[tuple[Any, tuple[Any, ...]]] = []
        self.generators: list[Any] = []
        self.buffers: list[Any] = []
        self.moving: list[Any] = []  # functions that may reach others the next time
        self.steps = plan.impure
        self.at_once = reads_what_it_tells(plan, self.steps)
        for step in self.steps:
            row = registry[step.name]
            if row.passes and not self.at_once:
                step.options = {
                    key: Waiting(x, self.queue) if callable(x) else x
                    for key, x in step.options.items()
                }
                continue
            for function in (row.array, *step.options.values()):
                if callable(function):
                    found, fixed = reachable(function)
                    if not fixed:
                        self.moving.append(function)
                        continue
                    drawn = [x for x in found if isinstance(x, np.random.BitGenerator)]
                    self.generators += drawn
                    self.buffers += [x for x in found if not isinstance(x, np.random.BitGenerator)]

    def begin(self) -> tuple[list[Any], Backup | None]:
        """What there was before a run."""
        self.queue.clear()
        backup = None
        if self.moving or self.buffers:
            backup = Backup()
            backup.remember(self.buffers)
            for function in self.moving:
                backup.remember(reachable(function)[0])
        return [x.state for x in self.generators], backup

    def fail(self, before: tuple[list[Any], Backup | None]) -> None:
        """Nothing has happened."""
        states, backup = before
        self.queue.clear()
        for x, state in zip(self.generators, states, strict=True):
            x.state = state
        if backup is not None:
            backup.put_back()

    def succeed(self) -> None:
        """Tell what was to be told."""
        for function, arrays in self.queue:
            function(*arrays)
        self.queue.clear()


def reads_what_it_tells(plan: Plan, impure: Sequence[Instruction]) -> bool:
    """Whether an effect can assign a leaf that the plan reads, or one was while it was recorded."""
    told = [step for step in impure if registry[step.name].passes]
    if not told:
        return False
    functions = [x for step in told for x in step.options.values() if callable(x)]
    ids = {id(x) for function in functions for x in reachable(function)[0]}
    first = min(step.node._serial for step in plan.forward if step.node is not None)
    return any(id(leaf) in ids or assigned(leaf) > first for leaf in plan.leaves)


def assigned(leaf: Any) -> int:
    """The date of the last assignment to a leaf, or of its making."""
    if isinstance(leaf, Value):
        return leaf._serial
    return 0 if leaf._buffer is None else int(leaf._buffer.changed)
