"""Compiled text on disk: object code under the hash of its text, its compiler and its processor."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from pathlib import Path

__all__ = ["folder", "key_of", "load", "save"]

MARK = b"chalkgrad object 1\n"
"""The first bytes of a file; the hash of the rest follows, then the rest."""
DIGEST = 32
MOST = 400
"""Files to keep; beyond, those that were not read for longest make room."""


def folder() -> Path | None:
    """Where compiled programs are kept: ``CHALKGRAD_CACHE``, or the user's cache; None to keep none.

    An empty ``CHALKGRAD_CACHE`` turns the cache off.
    """
    chosen = os.environ.get("CHALKGRAD_CACHE")
    if chosen is not None:
        return Path(chosen) if chosen else None
    windows = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None
    base = windows or os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "chalkgrad"
    except RuntimeError:  # a user without a home
        return None


def key_of(*parts: str) -> str:
    """A name for what these parts make together."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:".encode())
        digest.update(part.encode())
    return digest.hexdigest()


def load(key: str) -> bytes | None:
    """What was saved under a key, if it is there and whole."""
    place = folder()
    if place is None:
        return None
    path = place / f"{key}.o"
    try:
        data = path.read_bytes()
    except OSError:
        return None
    start = len(MARK) + DIGEST
    content = data[start:]
    if data[:start] != MARK + hashlib.sha256(content).digest():
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return content


def save(key: str, content: bytes) -> None:
    """Keep a file, whole or not at all; a folder that cannot be written keeps none."""
    place = folder()
    if place is None:
        return
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=place, suffix=".part")
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(MARK + hashlib.sha256(content).digest() + content)
        os.replace(name, place / f"{key}.o")
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
    else:
        _make_room(place)


def _make_room(place: Path) -> None:
    """Drop the files that were not used for longest, where there are too many."""
    with contextlib.suppress(OSError):
        files = list(place.glob("*.o"))
        if len(files) > MOST:
            files.sort(key=lambda path: path.stat().st_mtime)
            for path in files[: MOST // 4]:
                path.unlink(missing_ok=True)
