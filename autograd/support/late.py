"""Modules that are imported when they are first needed, which may be in any thread."""

from __future__ import annotations

import importlib
import os
import threading
from typing import Any

LOCK = threading.RLock()
"""Held while a module is imported late: by `import_late`, or around an import in a function, which
type checkers can follow."""

if hasattr(os, "register_at_fork"):
    # Python holds a lock for each module that is being imported, and renews none of them in a forked
    # child, which would wait for a thread that it does not have. So no process is forked meanwhile.
    os.register_at_fork(
        before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=LOCK.release
    )


def import_late(name: str) -> Any:
    """The module of a name.

    >>> import_late("math").sqrt(4.0)
    2.0
    """
    with LOCK:
        return importlib.import_module(name)
