"""Compiled text on disk: object code under the hash of its text, its compiler and its processor.

What is loaded is run, so a file is believed only where nobody but this user can have put it: at an
absolute path, in a folder that is this user's own and that nobody else can write or replace, and that
nobody else can read the file. (What a repository brings is readable by others.) The hash of its content
tells whether a file is whole, and not who made it. Windows tells Python nothing of who may write: there
the folder is as safe as the user's profile, in which it lies by default.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import stat
import sys
import time
from pathlib import Path

MARK = b"chalkgrad object 2\n"
"""The first bytes of a file; the hash of its key and of the rest follows, then the rest."""
DIGEST = 32
MOST = 4000
"""Files to keep, of about 5 kB; beyond, those that were not read for longest make room."""
OFF = ("", "0", "off", "no", "false")
"""What turns the cache off."""
ABANDONED = 3600
"""Seconds after which nobody is still writing a file."""
POSIX = os.name == "posix"

told: set[str] = set()
"""What has been said of folders that are not used: once is enough."""
swept: set[Path] = set()
"""The folders that this process has looked through for what killed writers left."""


# --- where ----------------------------------------------------------------------------------------


def folder() -> Path | None:
    """Where compiled programs are kept: ``CHALKGRAD_CACHE``, or the user's cache; None to keep none.

    ``CHALKGRAD_CACHE`` is an absolute path, in which ``~`` stands for the user's home; ``0``, ``off``,
    ``no``, ``false`` and nothing at all turn the cache off.

    Raises:
        ValueError: it is a relative path, which would be another folder in each working directory.
    """
    chosen = os.environ.get("CHALKGRAD_CACHE")
    if chosen is not None:
        if chosen.strip().lower() in OFF:
            return None
        path = Path(os.path.expanduser(chosen))
        if not path.is_absolute():
            raise ValueError(
                "CHALKGRAD_CACHE is the absolute path of a folder for compiled programs, or one of 0, "
                f"off, no, false and nothing, which keep none; got {chosen!r}"
            )
        return path
    base = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    try:
        # The standard says of XDG_CACHE_HOME that a relative path in it is to be ignored.
        path = Path(base) if base and os.path.isabs(base) else Path.home() / ".cache"
    except RuntimeError:  # a user without a home
        return None
    return path / "chalkgrad" if path.is_absolute() else None


def obstacle(place: Path) -> str | None:
    """Why a folder is not used, or None: somebody else could put a file there, or another folder."""
    try:
        status = os.lstat(place)
        real = Path(os.path.realpath(place))
        around = [*place.parents, *real.parents]
        if not stat.S_ISDIR(status.st_mode):
            return "it is no folder, or a link to one"
        if not POSIX:
            return None
        if status.st_uid != os.geteuid():
            return f"it belongs to the user {status.st_uid}, and not to this one ({os.geteuid()})"
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return f"others can write there (mode {stat.S_IMODE(status.st_mode):o}): chmod go-w"
        for path in dict.fromkeys(around):
            if reason := _replaceable(path):
                return reason
    except OSError as error:
        return str(error)
    return None


def _replaceable(path: Path) -> str | None:
    """Why somebody else could put another folder in the place of one in this folder, or None."""
    status = os.lstat(path)
    if status.st_uid not in (0, os.geteuid()):
        return f"it lies in {path}, which belongs to the user {status.st_uid}"
    if stat.S_ISLNK(status.st_mode) or status.st_mode & stat.S_ISVTX:
        return (
            None  # a link has no mode; where the sticky bit is set only owners move what is theirs
        )
    if status.st_mode & stat.S_IWOTH:
        return f"it lies in {path}, where everybody can write"
    if status.st_mode & stat.S_IWGRP and not _is_own_group(status.st_gid):
        return f"it lies in {path}, where a group of users can write"
    return None


def _is_own_group(group: int) -> bool:
    """Whether a group is the one that many systems give each user, with nobody else in it."""
    import grp
    import pwd

    try:
        user, it = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:  # a user or a group without a name
        return False
    alone = set(it.gr_mem) <= {user.pw_name}
    return alone and (it.gr_gid == 0 or (it.gr_gid, it.gr_name) == (user.pw_gid, user.pw_name))


def _usable(place: Path) -> bool:
    """Whether a folder is there and safe; if it is there and not safe, that is said once."""
    if not os.path.lexists(place):
        return False
    reason = obstacle(place)
    if reason is None:
        if place not in swept:
            swept.add(place)
            with contextlib.suppress(OSError):
                _sweep(place)
        return True
    text = f"no compiled programs are kept in {place}: {reason}"
    if text not in told:
        told.add(text)
        logging.getLogger("chalkgrad").warning(text)
    return False


# --- what -----------------------------------------------------------------------------------------


def key_of(*parts: str) -> str:
    """A name for what these parts make together."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:".encode())
        digest.update(part.encode())
    return digest.hexdigest()


def _head(key: str, content: bytes) -> bytes:
    return MARK + hashlib.sha256(key.encode() + b"\n" + content).digest()


def load(key: str) -> bytes | None:
    """What was saved under a key, if it is there and whole, and nobody else can have put it there."""
    place = folder()
    if place is None or not _usable(place):
        return None
    path = place / f"{key}.o"
    try:
        data = _read(path)
    except OSError:
        return None
    start = len(MARK) + DIGEST
    content = data[start:]
    if data[:start] != _head(key, content):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return content


def _read(path: Path) -> bytes:
    """A file of this user's alone. No link is followed, and nothing that is no file is waited for."""
    careful = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
    with open(os.open(path, os.O_RDONLY | careful), "rb") as file:
        status = os.fstat(file.fileno())
        own = not POSIX or (status.st_uid == os.geteuid() and not status.st_mode & 0o077)
        if not stat.S_ISREG(status.st_mode) or not own:
            raise PermissionError(f"{path} is no file of this user's alone")
        return file.read()


def save(key: str, content: bytes) -> None:
    """Keep a file, whole or not at all; a folder that cannot be written, or is not safe, keeps none."""
    place = folder()
    if place is None:
        return
    part = place / f"{os.getpid()}.{secrets.token_hex(4)}.part"
    try:
        _make(place)
        if not _usable(place):
            return
        binary = getattr(os, "O_BINARY", 0)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | binary, 0o600)
    except OSError:
        return
    try:
        with open(handle, "wb") as file:
            file.write(_head(key, content) + content)
        os.replace(part, place / f"{key}.o")
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(part)
    else:
        _make_room(place)


def _make(place: Path) -> None:
    """A folder, and those around it that are missing, for this user alone."""
    missing = []
    while not place.exists():
        missing.append(place)
        place = place.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def _make_room(place: Path) -> None:
    """Drop the files that were not used for longest, where there are too many."""
    with contextlib.suppress(OSError):
        names = _sweep(place)
        if sum(name.endswith(".o") for name in names) > MOST:
            files = [place / name for name in names if name.endswith(".o")]
            files.sort(key=lambda path: path.stat().st_mtime)
            for path in files[: MOST // 4]:
                path.unlink(missing_ok=True)


def _sweep(place: Path) -> list[str]:
    """Drop what writers that were killed have left; the names of all that was there."""
    # As strings: after each compilation a path for every file would take half as long as to compile.
    names = os.listdir(place)
    for path in (place / name for name in names if name.endswith(".part")):
        with contextlib.suppress(OSError):
            old = time.time() - path.stat().st_mtime > ABANDONED
            if old or not _is_running(path.name.partition(".")[0]):
                path.unlink(missing_ok=True)
    return names


def _is_running(process: str) -> bool:
    """Whether a process of this number is there, or may be. (One of another machine's loses a file.)"""
    if not POSIX or not process.isdecimal():
        return True
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
