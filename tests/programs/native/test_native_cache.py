"""The cache of machine code: what is loaded is run, so only what this user put there is loaded."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("llvmlite")

import autograd
from autograd.programs.native import cache
from autograd.programs.native.machine import machine_code

TEXT = """define void @run(ptr %a) {
  store double 42.0, ptr %a
  ret void
}
"""
GARBAGE = b"\x7fELF" + bytes(range(256)) * 40

posix = pytest.mark.skipif(
    os.name != "posix", reason="the owner and the mode of a file are POSIX's"
)
root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root gives files to other users"
)


@pytest.fixture(autouse=True)
def _told_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "told", set())
    monkeypatch.setattr(cache, "swept", set())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the cache that is not there yet."""
    path = tmp_path / "cache"
    monkeypatch.setenv("CHALKGRAD_CACHE", str(path))
    return path


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def planted(path: Path, key: str, content: bytes = GARBAGE, mode: int = 0o600) -> Path:
    """A file with a right checksum."""
    path.mkdir(parents=True, exist_ok=True)
    file = path / f"{key}.o"
    file.write_bytes(cache._head(key, content) + content)
    file.chmod(mode)
    return file


# --- where it is ----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["", "0", "off", "no", "false", "OFF", "False", " off ", "No"])
def test_words_turn_the_cache_off(
    word: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHALKGRAD_CACHE", word)
    with inside(tmp_path):
        assert cache.folder() is None
        cache.save("key", b"code")
        assert cache.load("key") is None
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "path",
    ["cache", "./cache", "../cache", "1", "on", "build/cache", "~nobody-of-this-name/x", "."],
)
def test_a_relative_path_is_refused_and_the_variable_is_named(
    path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHALKGRAD_CACHE", path)
    w = autograd.Value(2.0, "w")
    program = autograd.compile(w * w + 1.0, inputs=[w])
    with inside(tmp_path):
        for ask in (cache.folder, lambda: cache.load("key"), lambda: program(np.ones(2))):
            with pytest.raises(ValueError, match=r"CHALKGRAD_CACHE is the absolute path.*got '"):
                ask()
        with pytest.raises(ValueError, match="CHALKGRAD_CACHE"):
            cache.save("key", b"code")
    monkeypatch.setenv("CHALKGRAD_CACHE", "off")
    assert program(np.array([3.0, 4.0])).tolist() == [10.0, 17.0]


def test_the_home_is_written_as_a_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for path, expected in (("~/kept/here", tmp_path / "kept" / "here"), ("~", tmp_path)):
        monkeypatch.setenv("CHALKGRAD_CACHE", path)
        assert cache.folder() == expected


def test_a_relative_folder_of_the_desktop_standard_is_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    monkeypatch.delenv("CHALKGRAD_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for base, expected in (
        ("caches", tmp_path / ".cache" / "chalkgrad"),
        ("", tmp_path / ".cache" / "chalkgrad"),
        (str(tmp_path / "caches"), tmp_path / "caches" / "chalkgrad"),
    ):
        monkeypatch.setenv(variable, base)
        assert cache.folder() == expected
    monkeypatch.setenv("HOME", "relative")
    monkeypatch.setenv("USERPROFILE", "relative")
    monkeypatch.setenv(variable, "caches")
    assert cache.folder() is None


# --- who put it there -----------------------------------------------------------------------------


@posix
def test_folders_and_files_are_made_for_this_user_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHALKGRAD_CACHE", str(tmp_path / "a" / "b" / "c"))
    before = os.umask(0)
    try:
        cache.save("key", b"code")
    finally:
        os.umask(before)
    for each in ("a", "a/b", "a/b/c"):
        assert (tmp_path / each).stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a/b/c/key.o").stat().st_mode & 0o777 == 0o600
    assert cache.load("key") == b"code"


def unsafe(kind: str, tmp_path: Path) -> Path:
    """A folder, for ``CHALKGRAD_CACHE``, in which a file lies that must not be run."""
    place = tmp_path / "around" / "cache"
    file = planted(place, "key")
    place.chmod(0o700)
    elsewhere = tmp_path / "elsewhere"
    match kind:
        case "a folder that everybody can write":
            place.chmod(0o777)
        case "a folder that its group can write":
            place.chmod(0o770)
        case "a folder with the sticky bit":
            place.chmod(0o1777)
        case "a folder that can be replaced":
            place.parent.chmod(0o777)
        case "a link to a folder":
            place.rename(elsewhere)
            place.symlink_to(elsewhere)
        case "a folder behind a link that can be replaced":
            planted(elsewhere / "cache", "key").parent.chmod(0o700)
            other = tmp_path / "other"
            other.symlink_to(elsewhere)
            elsewhere.chmod(0o777)
            return other / "cache"
        case "a file that everybody can write":
            file.chmod(0o666)
        case "a file that its group can write":
            file.chmod(0o660)
        case "a file as a repository brings it":
            file.chmod(0o644)
        case "a link to a file":
            file.rename(elsewhere)
            file.symlink_to(elsewhere)
        case "a pipe":
            file.unlink()
            os.mkfifo(file, 0o600)
        case "a folder in the place of a file":
            file.unlink()
            file.mkdir(0o700)
        case "a folder of another user":
            os.chown(place, 12345, -1)
        case "a folder in one of another user":
            os.chown(place.parent, 12345, -1)
        case "a file of another user":
            os.chown(file, 12345, -1)
        case _:
            raise ValueError(kind)
    return place


KINDS = [
    "a folder that everybody can write",
    "a folder that its group can write",
    "a folder with the sticky bit",
    "a folder that can be replaced",
    "a link to a folder",
    "a folder behind a link that can be replaced",
    "a file that everybody can write",
    "a file that its group can write",
    "a file as a repository brings it",
    "a link to a file",
    "a pipe",
    "a folder in the place of a file",
    pytest.param("a folder of another user", marks=root),
    pytest.param("a folder in one of another user", marks=root),
    pytest.param("a file of another user", marks=root),
]


@posix
@pytest.mark.parametrize("kind", KINDS)
def test_what_another_may_have_put_there_is_not_loaded(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    place = unsafe(kind, tmp_path)
    monkeypatch.setenv("CHALKGRAD_CACHE", str(place))
    before = sorted(os.listdir(place))
    for _ in range(2):
        assert cache.load("key") is None
    if "file" not in kind and "pipe" not in kind:
        cache.save("other", b"code")
        assert sorted(os.listdir(place)) == before  # nor is anything written there
        (said,) = caplog.messages  # once
        assert said.startswith(f"no compiled programs are kept in {place}: ")
    text, _ = machine_code(TEXT)
    assert text  # compiled anew, whatever is there


@posix
@pytest.mark.parametrize("kind", ["0o777", "0o755 in the working directory"])
def test_a_program_runs_beside_an_object_that_would_end_the_interpreter(
    kind: str, tmp_path: Path
) -> None:
    """Every object that the program asks for is there, with a right checksum, and none is run."""
    code = textwrap.dedent(
        """
        import os, pathlib, sys
        import numpy as np
        import autograd
        from autograd.programs.native import cache
        garbage = bytes(range(256)) * 40
        asked = []
        def load(key, real=cache.load):
            path = pathlib.Path(sys.argv[1]) / f"{key}.o"
            path.write_bytes(cache._head(key, garbage) + garbage)
            asked.append(key)
            return real(key)
        cache.load = load
        w, x = autograd.Value(3.0), autograd.Value(1.0)
        program = autograd.compile((w * x - 1) ** 2, inputs=[x], executor="native")
        print(program(np.array([1.0, 2.0])).tolist(), bool(asked))
        """
    )
    folder = tmp_path / "0"
    folder.mkdir()
    folder.chmod(0o777 if kind == "0o777" else 0o755)
    environment = {**os.environ, "CHALKGRAD_CACHE": str(folder) if kind == "0o777" else "0"}
    environment["PYTHONPATH"] = str(Path(autograd.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "[4.0, 25.0] True\n", done.stderr
    assert done.returncode == 0


@posix
@pytest.mark.parametrize("kind", ["plain", "in a link", "in one with the sticky bit", "readable"])
def test_a_folder_that_is_safe_is_used(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "around" / "cache"
    place.mkdir(parents=True)
    match kind:
        case "in a link":
            (tmp_path / "link").symlink_to(place.parent)
            place = tmp_path / "link" / "cache"
        case "in one with the sticky bit":
            place.parent.chmod(0o1777)
        case "readable":
            place.chmod(0o755)
    monkeypatch.setenv("CHALKGRAD_CACHE", str(place))
    cache.save("key", b"code")
    assert cache.load("key") == b"code"


@posix
def test_a_folder_of_the_users_own_group_is_as_good_as_one_of_the_users_own(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.save("key", b"code")
    place.parent.chmod(0o775)
    for own, expected in ((True, b"code"), (False, None)):
        monkeypatch.setattr(cache, "_is_own_group", lambda group, own=own: own)
        assert cache.load("key") == expected


def test_a_file_under_the_name_of_another_is_not_loaded(place: Path) -> None:
    cache.save("one", b"code of one")
    cache.save("two", b"code of two")
    os.replace(place / "one.o", place / "two.o")
    assert cache.load("two") is None
    assert cache.load("one") is None


# --- what killed writers leave --------------------------------------------------------------------


def no_process() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


@posix
def test_what_killed_writers_left_goes_and_what_is_being_written_stays(place: Path) -> None:
    place.mkdir(0o700)
    mine, other = place / f"{os.getpid()}.1.part", place / "tmpabcdef.part"
    dead, old = place / f"{no_process()}.2.part", place / f"{os.getpid()}.3.part"
    older = place / "tmpghijkl.part"
    for path in (mine, other, dead, old, older):
        path.write_bytes(b"half")
    for path in (old, older):
        os.utime(path, (0, time.time() - 2 * cache.ABANDONED))
    assert cache.load("key") is None  # the first use in a process is enough
    assert sorted(place.iterdir()) == sorted([mine, other])
    dead.write_bytes(b"half")
    cache.save("key", b"code")
    assert sorted(place.iterdir()) == sorted([mine, other, place / "key.o"])


@posix
def test_a_writer_that_is_killed_half_way_leaves_nothing_for_good(place: Path) -> None:
    code = textwrap.dedent(
        """
        import os, signal
        from autograd.programs.native import cache
        cache.os.replace = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
        cache.save("key", b"code")
        """
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(autograd.__file__).parent.parent)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert [path.suffix for path in place.iterdir()] == [".part"]
    cache.save("key", b"code")
    assert [path.name for path in place.iterdir()] == ["key.o"]


def test_a_file_that_cannot_be_put_in_its_place_leaves_no_part(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*names: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "replace", full)
    cache.save("key", b"code")
    assert not list(place.iterdir())
