"""Modules that are imported when they are first needed, which may be in any thread."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Iterator
from typing import Any

from autograd.support.forking import before_other_hooks, held_at_forks

# Python holds a lock for each module that is being imported, and renews none of them in a forked child,
# which would wait for a thread that it does not have. So no process is forked meanwhile.
_lock = held_at_forks(threading.RLock())
_first = True


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Held while a module is imported late: by `import_late`, or around an import in a function, which
    type checkers can follow.
    """
    global _first
    if _first:
        # Libraries ask for their logger while they are imported, with the lock of all loggers.
        import logging  # noqa: F401

        _first = False
        before_other_hooks()
    with _lock:
        yield


def import_late(name: str) -> Any:
    """The module of a name.

    >>> import_late("math").sqrt(4.0)
    2.0
    """
    with importing():
        return importlib.import_module(name)
