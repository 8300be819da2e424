"""Guards: what left the graph while it was recorded must leave it the same way in a replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd.graph import Node
from autograd.recording import Note

__all__ = ["BranchChanged", "Guard", "guards_of"]


class BranchChanged(RuntimeError):  # noqa: N818  (the contract's name)
    """A replay in which Python would have taken another branch than when the graph was recorded."""


class Guard:
    """One noted comparison, ``bool()`` or ``float()``, on what a replay computes."""

    def __init__(self, note: Note, inputs: Mapping[int, int]) -> None:
        self.note = note
        self.sides = (note.left, note.right)
        self.places = [inputs.get(id(side)) for side in self.sides]
        self.nodes = [
            side
            for side, place in zip(self.sides, self.places, strict=True)
            if isinstance(side, Node) and place is None
        ]

    def check(self, numbers: Mapping[Node, Any], given: Sequence[Any]) -> None:
        """Raise unless the comparison comes out as it did, for every instance.

        Args:
            numbers: what the replay computed for the guarded nodes.
            given: the inputs of the replay.
        """
        left, right = (
            numbers[side]
            if isinstance(side, Node) and place is None
            else side
            if place is None
            else given[place]
            for side, place in zip(self.sides, self.places, strict=True)
        )
        now = np.asarray(self.note.compare(left, right))
        same = now == np.asarray(self.note.result)
        if np.all(same):
            return
        where = "" if now.ndim == 0 else f" (first at {np.argwhere(~same)[0].tolist()})"
        raise BranchChanged(
            f"with these numbers Python would have gone another way{where}: {self.note.what} was "
            f"{_short(self.note.result)} when the graph was recorded. {self.note.site}. Record again, "
            "or write the choice as autograd.where(...)"
        )


def guards_of(notes: Sequence[Note], inputs: Sequence[Any]) -> list[Guard]:
    """A guard for each note about a number that can be another one in a replay."""
    places = {id(x): i for i, x in enumerate(inputs)}
    return [Guard(note, places) for note in notes]


def _short(x: Any) -> str:
    return f"{x!r:.40}"
