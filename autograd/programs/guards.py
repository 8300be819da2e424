"""Guards: what left the graph while it was recorded must leave it the same way in a replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd.context.notes import BranchChanged, Check, Note, Setting
from autograd.engine.graph import Node
from autograd.engine.value import Value
from autograd.programs.planning.derived import Derived


class Guard:
    """One noted comparison, ``bool()`` or ``float()``, on what a replay computes."""

    def __init__(self, note: Note, inputs: Mapping[int, int], derived: Derived) -> None:
        self.note = note
        self.sides = note.sides
        self.places = [inputs.get(id(side)) for side in self.sides]
        others = [
            side for side, place in zip(self.sides, self.places, strict=True) if place is None
        ]
        self.nodes = [side for side in others if isinstance(side, Node)]
        self.arrays = [side for side in others if derived.comes_from(side) is not None]
        self.computed = {id(side) for side in (*self.nodes, *self.arrays)}
        # What a check of inputs alone looks at, and what tells of most inputs at a glance that they
        # are right: see `autograd.recording.check`.
        self.accepts: Any = None
        self.place = self.places[0] if len(self.places) == 1 else None
        if isinstance(note, Check) and not self.computed and note.plain:
            self.accepts = getattr(note.compare, "accepts", None)

    @property
    def lazy(self) -> bool:
        """Whether it has a say only when something else has failed."""
        return isinstance(self.note, Check) and self.note.lazy

    @property
    def useful(self) -> bool:
        """Whether a replay can have other numbers here, and they are known by then."""
        varies = bool(self.computed) or any(place is not None for place in self.places)
        return not self.sides or (varies and (self.early or not self.lazy))

    @property
    def early(self) -> bool:
        """Whether the inputs tell, before anything is computed."""
        return not self.computed

    @property
    def inputs(self) -> list[Any]:
        """The inputs that it looks at, which need not reach the output."""
        pairs = zip(self.sides, self.places, strict=True)
        return [side for side, place in pairs if place is not None]

    @property
    def way(self) -> str:
        """What to do instead, as a sentence."""
        if self.arrays or any(isinstance(side, np.ndarray) for side in self.sides):
            return (
                "Record again, or leave the choice to NumPy's functions, which a program calls anew: "
                "np.where(mask, x, y) for `if`, t[:, None] == np.arange(n) for rows of np.eye(n), and "
                "table[t] of a Tensor table"
            )
        if any(isinstance(side, Value) for side in self.sides):
            return (
                "Record again, or write the choice with autograd.where(autograd.greater(x, y), a, b), "
                "maximum, minimum, relu or clip: Python's own comparison of Values is a bool, which is "
                "computed once"
            )
        return (
            "Record again, or write the choice as autograd.where(x > 0, a, b), which a program "
            "computes anew"
        )

    def check(
        self, numbers: Mapping[int, Any], given: Sequence[Any], instances: int | None
    ) -> None:
        """Raise unless the comparison comes out as it did, for every instance; a check, where it does.

        Args:
            numbers: what the replay computed for the guarded nodes and arrays, by identity.
            given: the inputs of the replay.
            instances: how many there are, of a graph of Values.
        """
        if self.accepts is not None and instances is None:
            if self.place is not None:
                accepted = self.accepts(given[self.place])
            else:
                pairs = zip(self.sides, self.places, strict=True)
                accepted = self.accepts(*[x if i is None else given[i] for x, i in pairs])
            if accepted:
                return
        if not self.sides:  # a state, and no numbers
            state = self.note.compare()
            if state != self.note.result:
                before = self.note.result
                told = f"is {state!r:.40} and was {before!r:.40}"
                if isinstance(state, Setting) and isinstance(before, Setting):
                    told = state.since(before)
                raise BranchChanged(
                    f"{self.note.what}: {told} when the graph was recorded. {self.note.site}. "
                    "Record again"
                )
            return
        sides = [
            numbers[id(side)]
            if id(side) in self.computed
            else side
            if place is None
            else given[place]
            for side, place in zip(self.sides, self.places, strict=True)
        ]
        if isinstance(self.note, Check):
            with np.errstate(all="ignore"):
                self.note.ask(sides, instances)
            return
        compare, result = self.note.compare, self.note.result
        with np.errstate(all="ignore"):
            if instances is None or not self.note.whole:
                now = compare(*sides)
                if same(now, result):
                    return
                first = None if instances is None else first_change(now, result)
            else:
                rows = zip(*(np.broadcast_to(side, instances) for side in sides), strict=True)
                changes = (i for i, row in enumerate(rows) if not same(compare(*row), result))
                first = next(changes, None)
                if first is None:
                    return
        where = "" if first is None else f" (first for instance {first})"
        raise BranchChanged(
            f"with these numbers Python would have gone another way{where}: {self.note.what} was "
            f"{_short(result)} when the graph was recorded. {self.note.site}. {self.way}"
        )


def same(now: Any, then: Any) -> bool:
    """Whether a comparison, or what a function gave, is what it was."""
    if isinstance(then, tuple):
        return len(now) == len(then) and all(map(same, now, then))
    now, then = np.asarray(now), np.asarray(then)
    if then.ndim and now.shape != then.shape:
        return False
    return bool(np.all((now == then) | ((now != now) & (then != then))))


def first_change(now: Any, then: Any) -> int | None:
    """The first instance that differs, where there is a number for each."""
    places = np.flatnonzero(np.asarray(now) != np.asarray(then))
    return int(places[0]) if np.ndim(now) and len(places) else None


class Guards:
    """The guards of a program: one for each note about a number that can be another one in a replay.

    Attributes:
        nodes, arrays: what a replay has to compute for them.
        inputs: those that they look at, which need not reach the output.
    """

    def __init__(self, notes: Sequence[Note], inputs: Sequence[Any], derived: Derived) -> None:
        places = {id(x): i for i, x in enumerate(inputs)}
        guards = [each for note in notes if (each := Guard(note, places, derived)).useful]
        self.count = len(guards)
        self.lazy = [each for each in guards if each.lazy]
        self.early = [each for each in guards if each.early and not each.lazy]
        self.late = [each for each in guards if not each.early]
        self.nodes = [node for each in guards for node in each.nodes]
        self.inputs = [x for each in guards for x in each.inputs]
        self.arrays = list({id(x): x for each in guards for x in each.arrays}.values())

    def before(self, given: Sequence[Any], instances: int | None) -> None:
        """Check what the inputs tell, before anything is computed."""
        for guard in self.early:
            guard.check({}, given, instances)

    def explain(self, given: Sequence[Any], instances: int | None) -> None:
        """Say better what is wrong with inputs that something else has failed for."""
        for guard in self.lazy:
            guard.check({}, given, instances)

    def after(
        self, numbers: Mapping[int, Any], given: Sequence[Any], instances: int | None
    ) -> None:
        """Check what was computed: see `Guard.check`."""
        for guard in self.late:
            guard.check(numbers, given, instances)


def _short(x: Any) -> str:
    return f"{x.item() if isinstance(x, np.generic | np.ndarray) and not x.ndim else x!r:.40}"
