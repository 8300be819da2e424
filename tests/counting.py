"""How much work something takes, by what it calls: the same number on every machine, however busy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["calls_of", "grows_with"]


def calls_of(function: Callable[..., Any], *arguments: Any) -> int:
    """How many functions, Python's own included, are called while a function runs."""
    count = 0

    def counted(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        function(*arguments)
    finally:
        sys.setprofile(before)
    return count


def grows_with(function: Callable[..., Any], small: Any, large: Any, times: float) -> bool:
    """Whether what is `times` as large takes as many times the calls, or hardly more.

    >>> def work(n):
    ...     for i in range(n):
    ...         abs(i)
    >>> grows_with(work, 100, 400, 4)
    True
    >>> grows_with(lambda n: work(n * n), 10, 40, 4)
    False
    """
    return calls_of(function, large) <= 1.2 * times * calls_of(function, small)
