"""Modes: what recording does here and now, how that is changed, and how the change is taken back.

A mode belongs to a thread and context (it is a context variable), so two threads record and
differentiate without seeing each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple

under_way: list[Any] = []
"""The recordings and transforms of all threads: while it is empty, nobody asks which numbers leave."""
# Functions, as those below: to call a method of a name that is imported takes longer.
announce = under_way.append
withdraw = under_way.remove


class Changed:
    """What a mode keeps beside its fields: the last `FixedChange` of it, and what that has made."""

    __slots__ = ("changed",)
    changed: tuple[Mapping[str, Any], Mode] | None


class Mode(Changed):
    """What recording does here and now. Immutable; the current one is a context variable.

    Attributes:
        recording: whether operations are recorded.
        retain: whether interior tensors keep their gradient after a pass.
        transforming: what the transforms under way differentiate by: identities, so that no mode
            holds a node.
        anomaly: what checks each number, under `detect_anomaly`, or None.
        scope: the `Scope` that nodes are made in, or None.
        notes: the `Notes` of a `recording`, or None.
        plain: the one test of the fast path: record what has a gradient, and check nothing.
    """

    __slots__ = ("anomaly", "notes", "plain", "recording", "retain", "scope", "transforming")

    def __init__(
        self,
        recording: bool = True,
        retain: bool = False,
        transforming: frozenset[int] = frozenset(),
        anomaly: Any = None,
        scope: Any = None,
        notes: Any = None,
    ) -> None:
        self.recording = recording
        self.retain = retain
        self.transforming = transforming
        self.anomaly = anomaly
        self.scope = scope
        self.notes = notes
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


mode_variable: ContextVar[Mode] = ContextVar("autograd.mode", default=Mode())  # noqa: B039  (immutable)
current_mode = mode_variable.get
enter = mode_variable.set
leave = mode_variable.reset


class Entry(NamedTuple):
    """A change of the mode that has been entered and not been left."""

    owner: object
    changes: Mapping[str, Any]
    before: Mode
    after: Mode
    outer: Entry | None


# What is entered belongs to the thread and context, and not to the object that was entered: several
# threads may enter the same one at once.
_entries: ContextVar[Entry | None] = ContextVar("autograd.entries", default=None)
latest_entry = _entries.get
put_entry = _entries.set


def begin(owner: object, changes: Mapping[str, Any]) -> None:
    """Change the mode until `end` of the same owner."""
    before = current_mode()
    after = before.but(**changes)
    put_entry(Entry(owner, changes, before, after, latest_entry()))
    enter(after)


def end(owner: object) -> None:
    """Take back what the owner changed last. What was changed since, and has not ended, stays."""
    latest = entry = latest_entry()
    if latest is not None and latest[0] is owner and current_mode() is latest[3]:  # mostly so
        put_entry(latest[4])
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
    put_entry(outer)
    now = current_mode()
    if now is not latest.after:  # inside the call of a module, which has a mode of its own
        restored = {name: getattr(mode, name) for name in entry.changes}
        mode = now.but(
            **{k: x for k, x in restored.items() if getattr(now, k) is getattr(latest.after, k)}
        )
    enter(mode)


def is_grad_enabled() -> bool:
    """Whether operations are being recorded in this thread and context."""
    return current_mode().recording
