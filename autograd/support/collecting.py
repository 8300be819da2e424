"""Python's collector of cycles, kept out of where much is made that stays."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

_stopped = False
"""Whether the collector waits for us, and not because somebody else has stopped it."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Make objects by the hundred thousand, none of which is garbage, without looking for cycles.

    The collector looks through the young objects for every 700 that are made, and through all of them
    again and again as they grow in number: while a large program is made that is a third of the time.
    """
    global _stopped
    if not gc.isenabled():  # somebody's wish, or another thread is here and will see to it
        yield
        return
    _stopped = True
    gc.disable()
    try:
        yield
    finally:
        _go_on()


def _go_on() -> None:
    """Let the collector work again; in a forked process nobody else would, of what a thread was at."""
    global _stopped
    if _stopped:
        _stopped = False
        gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_go_on)

__all__ = ["uncollected"]
