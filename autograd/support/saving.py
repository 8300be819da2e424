"""Writing a file whole or not at all: every file that the library makes is written here."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

try:
    import fcntl as _fcntl
except ImportError:  # Windows
    _fcntl = None  # type: ignore[assignment]

fcntl: Any = _fcntl

FLAGS = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

PART = ".part"
"""The end of the name under which a file is written, beside the place where it then goes."""

UNSYNCED = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES)
"""What a system says that cannot bring a folder to the disk."""


def write_as(
    path: str | os.PathLike[str],
    what: str,
    formats: Mapping[str, Callable[[], bytes | Sequence[bytes]]],
) -> Path:
    """Write a file in the format that the ending of its name says, by `write_whole`.

    Args:
        path: the file.
        what: what is saved, for the error.
        formats: what makes the content, by the ending of the name; of several contents the files are
            numbered, as by `write_numbered`, and the first is returned.

    Raises:
        TypeError: `formats` is no dict of functions.
        ValueError: another ending.
        OSError: the file cannot be written.

    >>> write_as("notes.md", "a note", {".txt": lambda: b"whole"})
    Traceback (most recent call last):
        ...
    ValueError: cannot save a note as 'notes.md': the name ends in .txt
    """
    from pathlib import Path

    path = Path(path)
    if not isinstance(formats, Mapping) or not all(map(callable, formats.values())):
        raise TypeError(f"formats is a dict of functions by ending, got {formats!r:.60}")
    make = formats.get(path.suffix.lower())
    if make is None:
        raise ValueError(
            f"cannot save {what} as {path.name!r}: the name ends in {', '.join(formats)}"
        )
    content = make()
    if isinstance(content, bytes):
        return write_whole(path, content)
    return write_numbered(path, content)[0]


def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file that is there whole, or as it was before: after a kill, on a full disk, at any error.

    The content is written beside the file, under its name and ``.part``, brought to the disk, and then
    put in its place in one step. What a killed writer left under that name the next one writes over. A
    link is followed, a file that is replaced keeps its permissions, and what is no ordinary file, such
    as a pipe, is written as it is.

    Raises:
        TypeError: the content is not bytes.
        OSError: the file cannot be written; what was there is unchanged, and nothing is left beside it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_whole(f"{folder}/notes.txt", b"whole")
    ...     file.read_bytes(), [each.name for each in file.parent.iterdir()]
    (b'whole', ['notes.txt'])
    """
    if not isinstance(content, bytes):
        raise TypeError(f"the content of a file is bytes, got {type(content).__name__}")
    from pathlib import Path  # with urllib, in Python 3.11: not for those who write no file

    path = Path(path)
    _write({path: content})
    return path


def write_numbered(path: str | os.PathLike[str], contents: Sequence[bytes]) -> list[Path]:
    """Write files that are numbered from 0: ``notes-000.txt`` and so on for ``notes.txt``.

    All are written beside their places before the first is put there, each as `write_whole` does. Files
    of that name with higher numbers stay as they are.

    Raises:
        OSError: the files cannot be written, and none is there that was not before.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [file.name for file in write_numbered(f"{folder}/notes.txt", [b"one", b"two"])]
    ['notes-000.txt', 'notes-001.txt']
    """
    from pathlib import Path

    path = Path(path)
    digits = max(3, len(str(len(contents) - 1)))
    names = (f"{path.stem}-{k:0{digits}}{path.suffix}" for k in range(len(contents)))
    files = dict(zip(map(path.with_name, names), contents, strict=True))
    _write(files)
    return list(files)


def _write(files: Mapping[Path, bytes]) -> None:
    """Write files, first all their parts, and then put these in their places."""
    ready: dict[Path, Path] = {}
    with contextlib.ExitStack() as held:
        try:
            for path, content in files.items():
                target = path.__class__(os.path.realpath(path))
                mode = None
                if target.exists():
                    mode = target.stat().st_mode
                    if not stat.S_ISREG(mode):
                        target.write_bytes(content)  # of a pipe or a terminal there is no part
                        continue
                    if not os.access(target, os.W_OK):
                        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
                part = target.with_name(target.name + PART)
                file = os.fdopen(_opened(part), "wb")
                first = not ready
                ready[part] = target
                # Who writes the same files waits for the first of them until all are in their places.
                with contextlib.nullcontext() if first else file:
                    if first:
                        held.enter_context(file)
                    if mode is not None:
                        os.chmod(part, stat.S_IMODE(mode))
                    file.truncate(0)
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            if fcntl is None:
                held.close()  # there no file can be moved while it is open
            for part, target in ready.items():
                os.replace(part, target)
        except BaseException:
            for part in ready:
                with contextlib.suppress(FileNotFoundError):
                    part.unlink()
            raise
    for folder in {target.parent for target in ready.values()}:
        _bring_to_disk(folder)


def _opened(part: Path) -> int:
    """The part opened for this writer alone: another of the same file waits for its turn."""
    while True:
        handle = os.open(part, FLAGS, 0o666)
        if fcntl is None:
            return handle
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), os.stat(part)):
                    return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # the other writer has put it in its place


def _bring_to_disk(folder: Path) -> None:
    """The folder's new entry, too, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in UNSYNCED:
            raise
