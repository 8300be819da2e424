"""Python's collector of cycles, kept out of where much is made that stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Make objects by the hundred thousand, none of which is garbage, without looking for cycles.

    The collector looks through the young objects for every 700 that are made, and through all of them
    again and again as they grow in number: while a large program is made that is a third of the time.
    """
    if not gc.isenabled():  # somebody's wish, or another thread is here and will see to it
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


__all__ = ["uncollected"]
