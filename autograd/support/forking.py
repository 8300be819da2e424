"""Forked processes: a child has one thread, and nobody who would let go of what the others hold."""

from __future__ import annotations

import os
from typing import Any, Protocol, TypeVar


class Lock(Protocol):
    """What `held_at_forks` asks of a lock, which the thread that has it may take again."""

    def acquire(self, blocking: bool = True) -> bool:
        """Take it, if need be when it is free; whether it was taken."""

    def release(self) -> None:
        """Let go of it."""


L = TypeVar("L", bound=Lock)

_locks: list[Any] = []
_held: list[list[Any]] = []


def held_at_forks(lock: L) -> L:
    """A lock (returned as it came) that whoever forks the process holds meanwhile: no other thread does.

    >>> import threading
    >>> lock = held_at_forks(threading.RLock())
    """
    _locks.append(lock)
    return lock


def _acquire() -> None:
    """Take all locks, in no order: who waits for one holds no other, so no two threads wait in a circle.

    No fixed order would do: whatever a thread holds, the collector may free machine code there, under
    the compiler's lock.
    """
    first = None
    while True:
        held: list[Any] = []
        if first is not None:
            first.acquire()
            held.append(first)
        for lock in list(_locks):
            if lock is first:
                continue
            if not lock.acquire(blocking=False):
                for other in held:
                    other.release()
                first = lock
                break
            held.append(lock)
        else:
            _held.append(held)
            return


def _release() -> None:
    for lock in reversed(_held.pop()):
        lock.release()


def before_other_hooks() -> None:
    """From now on the locks are taken before those of all that was imported so far.

    Hooks run in the reverse order of their registration. That of `logging` holds a lock that a thread
    which imports a library may wait for: whoever forks is not to wait for that thread with it in hand.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_acquire, after_in_parent=_release, after_in_child=_release)


before_other_hooks()
