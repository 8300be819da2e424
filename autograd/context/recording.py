"""`recording`: the mode under which everything is recorded, for a program that computes it anew."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self

import numpy as np

from autograd.context.exits import leaving
from autograd.context.grad_modes import ModeChange
from autograd.context.modes import announce, current_mode, under_way, withdraw
from autograd.context.notes import Check, Note, Notes, is_mixed, plain_numbers
from autograd.context.said_once import once

asked: ContextVar[bool] = ContextVar("asked", default=False)
"""Whether a function of a user's is asked for what it says of data: `recording.call`."""


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
        announce(self)
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        withdraw(self)
        self.notes.look_at_draws()
        for each, settle in self.notes.settling:
            each.result = settle(each.result)
        self.notes.settling.clear()
        super().__exit__(kind, error, trace)
