"""What this installation consists of: `show_config`."""

from __future__ import annotations

import platform

import numpy as np

from autograd.engine.core import core, reason
from autograd.support.late import import_late


def show_config() -> None:
    """Print which builds of the library run here, and why, for a report of a fault or of a time.

    Values are in C where there was a C compiler when the package was installed, and in Python elsewhere;
    both do the same, to the bit, and C is ten to twenty times as fast. ``CHALKGRAD_NATIVE=0`` in the
    environment asks for Python, ``CHALKGRAD_NATIVE=1`` for C or an error, when the package is installed
    and when it is imported.
    Programs are run by LLVM where the extra ``fast`` is there, else by NumPy.

    >>> import autograd
    >>> autograd.show_config()  # doctest: +ELLIPSIS
    Python ..., NumPy ...
    Values: in ...
    programs: by ...
    """
    if core is None:
        values = f"in Python ({reason})"
    else:
        values = f"in C, {len(core.rows.split())} rows of it ({reason})"
    machine = import_late("autograd.programs.native.machine")
    without = machine.available()
    programs = f"by NumPy ({without})"
    if without is None:
        programs = f"by LLVM, {machine.vector_width()} doubles at a time"
    print(f"Python {platform.python_version()}, NumPy {np.__version__}")
    print(f"Values: {values}")
    print(f"programs: {programs}")
