"""Where the numbers of an array lie, as machine code finds it: by the array's head.

To ask an array for the address of its data takes longer than a small program does, so code gets the
address of the array itself, in whose head that of the data stands.
"""

from __future__ import annotations

import ctypes
import platform
from typing import Any

import numpy as np

HEAD = object.__basicsize__
"""Where in an array's head the address of its data is, in CPython."""


def _are_readable() -> bool:
    if platform.python_implementation() != "CPython":
        return False
    probe = np.zeros(2)
    return ctypes.c_void_p.from_address(id(probe) + HEAD).value == probe.ctypes.data


READABLE = _are_readable()


def stand_in(x: Any) -> tuple[int, Any]:
    """The address of what looks like an array's head, and what must be kept as long as it is used."""
    cell = ctypes.c_void_p(x.ctypes.data)
    return ctypes.addressof(cell) - HEAD, cell
