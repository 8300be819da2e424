"""Runs of a program: the last one of each thread, and those that are kept to be differentiated later."""

from __future__ import annotations

import threading
from typing import Any

from autograd.engine.graph import Node, StaleGraphError


class Run:
    """The last run of one thread: what it was given, and what came out, as its backward pass needs it.

    An executor may compute output and gradients in one call. A thread that trains asks for both at
    once, and keeps the gradients until they are asked for.

    Attributes:
        begun, done: whether there is a run, and whether it has succeeded.
        counted: whether the thread is one of those that have run the program.
        given, instances: the inputs, and how many instances a graph of Values was run for.
        alone: whether those inputs were plain numbers, and the instance is the only one.
        date: of the leaves that it read.
        out: what was computed, until the first backward pass has been verified.
        ahead: the gradients for the default seed, where they were computed with the output.
        drawn: copies of what rows drew, once another run has drawn into the same memory.
        borrowed: the names of inputs that were not copied.
        rooms: the memory of the copies of inputs, which the next run uses again.
        number: counts the runs; and `kept`, a weak reference to the one of that number, if it was kept.
        trains, used: whether the thread differentiates with the default seed, and has done so.
        keeps: whether large inputs are copied in any case: a backward pass has missed them.
    """

    __slots__ = (
        *("ahead", "alone", "begun", "borrowed", "counted", "date", "done", "drawn", "given"),
        *("instances", "keeps", "kept", "number", "out", "rooms", "trains", "used"),
    )

    def __init__(self, inputs: int) -> None:
        self.begun = self.done = self.counted = self.alone = False
        self.trains = self.used = self.keeps = False
        self.given: list[Any] = []
        self.instances: int | None = None
        self.date = 0
        self.out: Any = None
        self.ahead: Any = None
        self.drawn: dict[int, Any] | None = None
        self.borrowed: list[str] = []
        self.number = 0
        self.kept: Any = None
        self.rooms: list[Any] = [None] * inputs

    def check_kept(self) -> None:
        """Raise where an input is asked for that was not copied."""
        if self.borrowed:
            self.keeps = True
            raise StaleGraphError(
                f"backward() of a program: input {self.borrowed[0]} is large, and was not kept as its "
                "gradients were computed with the output, for no seed and one pass: call the program "
                "again first, which will keep it from now on"
            )


class Kept:
    """One run of a program, as it is kept to be differentiated later, by this program or another.

    Attributes:
        given, instances: the inputs, which are nobody else's.
        drawn: what rows drew, by the node.
        run, number: by which the program tells whether it is still the last one of its thread.
    """

    __slots__ = ("__weakref__", "drawn", "given", "instances", "number", "run")

    def __init__(self, run: Run, drawn: dict[Node, Any]) -> None:
        self.given = run.given
        self.instances = run.instances
        self.drawn = drawn
        self.run = run
        self.number = run.number


class Runs:
    """The last run of each thread that runs a program."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.local = threading.local()
        self.threads = 0  # that have run it
        self.latest: Run | None = None

    @property
    def mine(self) -> Run:
        """The last run of this thread."""
        try:
            return self.local.run  # type: ignore[no-any-return]
        except AttributeError:
            self.local.run = run = self.new()
            return run

    def new(self) -> Run:
        """A run that no thread notices."""
        return Run(self.inputs)

    def count(self, run: Run) -> None:
        """Note that one thread more has run the program."""
        run.counted = True
        self.threads += 1

    def to_differentiate(self) -> Run:
        """The run that a backward pass of this thread differentiates."""
        run = self.mine
        if not run.begun and self.latest is not None:
            if self.threads > 1:
                raise ValueError(
                    "backward() of a program differentiates the last run of the same thread: this one "
                    f"has run nothing, and {self.threads} others have. Call the program here first"
                )
            run = self.latest
        if not run.done:
            failed = "; its last call failed" if run.begun else ""
            raise ValueError(
                f"backward() needs a run first: call the program with its inputs{failed}"
            )
        return run
