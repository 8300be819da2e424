"""Tracebacks: the library's own frames are left out of them, in IPython and in pytest.

What a user did wrong is in the user's lines, and the error says what it is. Everything is shown where
the library itself has failed: where the last frame is the library's, and no ``raise`` stands there. It
is shown always when the environment says ``CHALKGRAD_TRACEBACKS=full``, and by ``pytest --full-trace``.
"""

from __future__ import annotations

import os
import sys
from dis import opmap
from types import TracebackType
from typing import Any

from autograd.context import sites
from autograd.context.sites import NUMPY, library_files

PROGRAM = "<program>"  # what an executor has written
RAISE = opmap["RAISE_VARARGS"]


def entries(trace: TracebackType | None) -> list[tuple[TracebackType, bool]]:
    """Each entry of a traceback, and whether it is the library's, or NumPy's below the library's."""
    found, inside = [], False
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        inside = name in library_files or name == PROGRAM or (inside and name.startswith(NUMPY))
        found.append((trace, inside))
        trace = trace.tb_next
    return found


def is_for_users(trace: TracebackType | None) -> bool:
    """Whether an error is about what the user did, so that the library's frames say nothing."""
    found = entries(trace)
    if os.environ.get("CHALKGRAD_TRACEBACKS") == "full" or all(inside for _, inside in found):
        return False
    last, inside = found[-1]
    return not inside or last.tb_frame.f_code.co_code[last.tb_lasti] == RAISE


def shown(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the library's frames, where they say nothing."""
    if not is_for_users(trace):
        return trace
    rest = None
    for each, inside in reversed(entries(trace)):
        if not inside:
            rest = TracebackType(rest, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return rest


# --- pytest ---------------------------------------------------------------------------------------


def hidden(raised: Any) -> bool:
    """What pytest asks of a frame, as ``__tracebackhide__`` of its module: whether to leave it out."""
    mark()  # modules that were imported since
    return raised is not None and is_for_users(raised.value.__traceback__)


def mark() -> None:
    """Let pytest ask in each of the library's modules."""
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) in library_files:
            vars(module).setdefault("__tracebackhide__", hidden)


def register_library(package: str) -> None:
    """Let code of a package that builds on this one count as the library's, and not as the user's.

    Nodes that it makes then carry the line that called into it, and its frames are left out of
    tracebacks as the library's are. To be called when the package has been imported.

    Args:
        package: the path of a file in its folder, usually ``__file__`` of its ``__init__.py``.
    """
    sites.register_library(package)
    mark()


# --- IPython --------------------------------------------------------------------------------------


def hide() -> None:
    """Leave the library's frames out where pytest asks, and in IPython, where that is running."""
    mark()
    ultratb = sys.modules.get("IPython.core.ultratb")
    formatter: Any = getattr(ultratb, "FormattedTB", None)
    if formatter is None or getattr(formatter, "hides_chalkgrad", False):
        return
    formatted = formatter.structured_traceback

    def structured_traceback(
        self: Any, etype: Any, evalue: Any = None, etb: Any = None, *rest: Any, **options: Any
    ) -> Any:
        if isinstance(etb, TracebackType):  # IPython gives itself lists as well
            etb = shown(etb)
        return formatted(self, etype, evalue, etb, *rest, **options)

    formatter.structured_traceback = structured_traceback
    formatter.hides_chalkgrad = True
