"""Files are written whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import ast
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_architecture import name_of

import autograd
import nn
from autograd import Tensor, Value, write_whole
from autograd.support import saving
from autograd.support.saving import write_numbered
from docs.rooms import FILES, ROOT, tree_of

posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX")


def neuron() -> Value:
    return Value(2.0, "x") * Value(3.0, "w")


def layer() -> tuple[Tensor, Tensor]:
    x = Tensor([1.0, 2.0])
    return autograd.tanh(x), x


def figure() -> Any:
    pytest.importorskip("matplotlib")
    return nn.inspect.learning_curve({"a": [1.0, 0.5]}, {"a": [0.5, 1.0]})


SAVERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "write_whole": ("a.txt", lambda path: write_whole(path, b"content" * 10_000)),
    "a drawing's source": ("a.dot", lambda path: autograd.draw(neuron()).save(path)),
    "a stepper": ("a.html", lambda path: autograd.Stepper(neuron()).save(path)),
    "a document": ("a.tex", lambda path: autograd.Stepper(neuron()).save(path)),
    "a Jacobian": (
        "a.svg",
        lambda path: autograd.jacobian_picture(*layer()).save(path),
    ),
    "a figure": ("a.png", lambda path: figure().savefig(path)),
    "a figure by a string": ("a.svg", lambda path: figure().savefig(str(path))),
}
OLD = b"what was there before"


@pytest.mark.parametrize("what", SAVERS)
def test_a_file_is_replaced_and_nothing_is_left_beside_it(what: str, tmp_path: Path) -> None:
    name, save = SAVERS[what]
    path = tmp_path / name
    for _ in range(2):
        save(path)
        assert [each.name for each in tmp_path.iterdir()] == [name]
        assert len(path.read_bytes()) > 100


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("what", SAVERS)
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    what: str, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, save = SAVERS[what]
    path = tmp_path / name
    save(path)  # what is loaded on the way is loaded
    path.write_bytes(OLD)

    def full(*_: Any) -> None:
        assert (tmp_path / f"{name}.part").exists()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saving.os, step, full)
    with pytest.raises(OSError, match="No space left"):
        save(path)
    monkeypatch.undo()
    assert path.read_bytes() == OLD
    assert [each.name for each in tmp_path.iterdir()] == [name]
    path.unlink()
    monkeypatch.setattr(saving.os, step, full)
    with pytest.raises(OSError, match="No space left"):
        save(path)
    assert list(tmp_path.iterdir()) == []


def run(code: str, *arguments: str) -> int:
    """The status of Python code in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environment, check=False, capture_output=True).returncode


@posix
def test_a_disk_that_is_full_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(OLD)
    code = (
        "import resource, signal, sys, autograd\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try:\n    autograd.write_whole(sys.argv[1], bytes(100_000))\n"
        "except OSError:\n    sys.exit(7)\n"
    )
    assert run(code, str(path)) == 7
    assert path.read_bytes() == OLD
    assert [each.name for each in tmp_path.iterdir()] == ["weights"]


@posix
@pytest.mark.parametrize("step", ["os.fsync", "os.replace"])
def test_a_killed_writer_leaves_the_old_file_and_its_part_is_written_over(
    step: str, tmp_path: Path
) -> None:
    path = tmp_path / "weights"
    path.write_bytes(OLD)
    code = (
        "import os, signal, sys, autograd\n"
        f"{step} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "autograd.write_whole(sys.argv[1], b'new' * 1000)\n"
    )
    for _ in range(2):  # what is left does not pile up
        assert run(code, str(path)) == -signal.SIGKILL
        assert path.read_bytes() == OLD
        assert sorted(each.name for each in tmp_path.iterdir()) == ["weights", "weights.part"]
    write_whole(path, b"newer")
    assert path.read_bytes() == b"newer"
    assert [each.name for each in tmp_path.iterdir()] == ["weights"]


@posix
def test_a_run_that_is_killed_keeps_the_weights_of_the_one_before(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    weights = tmp_path / "weights.npz"
    np.savez(weights, a=np.ones(3))
    code = (
        "import os, signal, sys, nn.experiments.digits, nn.__main__\n"
        "nn.experiments.digits.DigitsRun.train = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "nn.__main__.what_is_missing = lambda: None\n"
        "nn.__main__.main(['digits', '--out', sys.argv[1]])\n"
    )
    assert run(code, str(tmp_path)) == -signal.SIGKILL
    assert np.load(weights)["a"].tolist() == [1, 1, 1]
    weights.unlink()
    assert run(code, str(tmp_path)) == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_writers_of_the_same_file_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    contents = [bytes([i]) * (50_000 * (i + 1)) for i in range(4)]
    seen: list[bool] = []

    def write(i: int) -> None:
        for _ in range(10):
            write_whole(path, contents[i])
            seen.append(path.read_bytes() in contents)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 40
    assert [each.name for each in tmp_path.iterdir()] == ["numbers"]


def test_numbered_files_are_all_there_or_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a-000.txt", "a-001.txt", "a-002.txt"]
    files = write_numbered(tmp_path / "a.txt", [OLD] * 3)
    assert [each.name for each in files] == names
    (tmp_path / names[1]).unlink()
    whole = saving.os.fsync
    calls = []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 3:
            assert len(list(tmp_path.glob("*.part"))) == 3
            raise OSError(28, "No space left on device")
        whole(handle)

    monkeypatch.setattr(saving.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_numbered(tmp_path / "a.txt", [b"new"] * 3)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {
        names[0]: OLD,
        names[2]: OLD,
    }
    monkeypatch.undo()
    (tmp_path / names[1]).mkdir()  # found before anything is put in its place
    with pytest.raises(IsADirectoryError):
        write_numbered(tmp_path / "a.txt", [b"new"] * 3)
    assert (tmp_path / names[0]).read_bytes() == OLD
    assert sorted(each.name for each in tmp_path.iterdir()) == names


def test_more_files_are_written_at_once_than_may_be_open(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        files = write_numbered(tmp_path / "a.txt", [b"x"] * 1001)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [files[0].name, files[-1].name] == ["a-0000.txt", "a-1000.txt"]
    assert len(list(tmp_path.iterdir())) == 1001


def test_writers_of_the_same_numbered_files_wait_for_each_other(tmp_path: Path) -> None:
    def write(i: int) -> None:
        for _ in range(5):
            write_numbered(tmp_path / "a.txt", [bytes([i]) * 10_000] * 4)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each.read_bytes() for each in tmp_path.iterdir()}) == 1  # all of one writer
    assert len(list(tmp_path.iterdir())) == 4


@posix
def test_links_are_followed_and_permissions_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "there", tmp_path / "link"
    path.write_bytes(OLD)
    path.chmod(0o600)
    link.symlink_to(path)
    assert write_whole(link, b"new") == link
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "nowhere")
    write_whole(dangling, b"new")
    assert (tmp_path / "nowhere").read_bytes() == b"new"


@posix
def test_what_is_no_file_is_written_as_it_is(tmp_path: Path) -> None:
    before = os.stat(os.devnull)
    write_whole(os.devnull, b"gone")
    assert os.path.samestat(before, os.stat(os.devnull))
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path, b"")
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "no folder" / "file", b"")
    with pytest.raises(TypeError, match="bytes, got str"):
        write_whole(tmp_path / "file", "text")  # type: ignore[arg-type]
    # A link where the part goes is not followed.
    victim = tmp_path / "victim"
    victim.write_bytes(OLD)
    (tmp_path / "file.part").symlink_to(victim)
    with pytest.raises(OSError, match=r"file\.part"):
        write_whole(tmp_path / "file", b"new")
    assert victim.read_bytes() == OLD


# The cache of machine code has its own: many writers at once, and no file of it need outlive a crash.
ELSEWHERE = {"autograd/support/saving.py", "autograd/programs/native/cache.py"}


@pytest.mark.parametrize("path", [x for x in FILES if name_of(x) not in ELSEWHERE], ids=name_of)
def test_no_other_file_of_the_library_writes_files(path: Path) -> None:
    writing = {"write_text", "write_bytes", "tofile", "savetxt", "dump", "touch", "imsave"}
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        assert name not in writing, node.lineno
        if name in ("open", "fdopen"):
            modes = [x.value for x in ast.walk(node) if isinstance(x, ast.Constant)]
            assert not any(isinstance(x, str) and set(x) & set("wax+") for x in modes), node.lineno
        if name in ("save", "savez", "savez_compressed", "savefig") and node.args:
            # Into memory, or by a method of ours that is tested above.
            first = ast.unparse(node.args[0])
            known = (
                "packed",
                "text",
                "picture",
                "fname",
                "curve",
                "matrix",
                "graph",
                "output",
                "path",
                "key",
            )
            assert first in known, f"{node.lineno}: {first}"
