"""The core: Values in C (scalars.c), where it was built; Values in Python where it was not.

`core` is the module that was compiled, or None, and `reason` says why it is which. A core is built when
the package is installed, if there is a C compiler: see hatch_build.py. ``CHALKGRAD_NATIVE=0`` in the
environment forbids it, and ``CHALKGRAD_NATIVE=1`` requires it, then and when the package is imported.
"""

from __future__ import annotations

import os
from typing import Any

VARIABLE = "CHALKGRAD_NATIVE"


def find() -> tuple[Any, str]:
    """The compiled module or None, and why."""
    asked = os.environ.get(VARIABLE, "")
    if asked not in ("", "0", "1"):
        raise ImportError(f"{VARIABLE} is 0 (Python), 1 (C) or not set, got {asked!r:.60}")
    if asked == "0":
        return None, f"{VARIABLE}=0"
    try:
        import autograd.engine._scalars as found  # type: ignore[import-not-found]
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError)
        told = why_not_built() if missing else f"what was built cannot be loaded: {error}"
        if asked == "1":
            raise ImportError(f"{VARIABLE}=1 asks for Values in C: {told}") from None
        return None, told
    return found, f"{VARIABLE}=1" if asked else "it was built when the package was installed"


def why_not_built() -> str:
    """What the installation has left behind where it could not compile."""
    path = f"{os.path.splitext(__file__)[0]}.txt"
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return "they were not built when the package was installed"


core, reason = find()
