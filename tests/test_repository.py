"""The repository holds what was written, and little else."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

BINARY = {
    "docs/live.gif": "the README's picture of a graph whose numbers are changed in its page",
    "docs/playground.gif": "the README's picture of a page in which a network learns",
    "docs/stepper.png": "the README's picture of the stepper",
    "nn/data/digits.csv.gz": "the digits that `python -m nn digits` reads",
}
"""Files that are no text, and why they are here."""


def tracked() -> list[Path]:
    """The files that git keeps; the test is skipped where it cannot say."""
    if shutil.which("git") is None:
        pytest.skip("there is no git here, which knows the files of the repository")
    asked = ["git", "-C", str(ROOT), "ls-files", "-z", "--full-name"]
    done = subprocess.run(asked, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this is no clone, so that nothing knows the files of the repository")
    files = [ROOT / name for name in done.stdout.decode().split("\0") if name]
    if ROOT / "tests" / Path(__file__).name not in files:
        pytest.skip("the repository around here is another one")
    return [file for file in files if file.is_file()]


def test_what_is_kept_is_text_but_for_a_short_list() -> None:
    binary = set()
    for file in tracked():
        content = file.read_bytes()
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            binary.add(file.relative_to(ROOT).as_posix())
        if b"\0" in content:
            binary.add(file.relative_to(ROOT).as_posix())
    assert binary == set(BINARY)


def test_what_is_made_is_not_kept() -> None:
    made = (".o", ".so", ".pyc", ".pyd", ".dll", ".dylib", ".a", ".ll", ".egg-info", ".part")
    names = [file.relative_to(ROOT).as_posix() for file in tracked()]
    assert [name for name in names if name.endswith(made) or "__pycache__" in name] == []
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert {"*.o", "__pycache__/", ".venv/", "digits-run/"} <= set(ignored)


CLOCKS = {
    "tests/test_benchmarks.py": "asks that something was measured",
    "tests/programs/arbitrary/command.py": "tells how many programs it tries in a second",
    "tests/programs/test_threads.py": "ends a child that hangs",
    "tests/programs/native/test_native_cache.py": "makes a file old",
}
"""Tests that read a clock, and why; none compares what it measures with what was expected."""


def test_no_test_depends_on_how_fast_a_machine_is() -> None:
    clock = re.compile(
        r"perf_counter|process_time|monotonic|thread_time|time\.time|timeit|\[\"seconds\"\]"
    )
    reading = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "tests").rglob("*.py")
        if file != Path(__file__) and clock.search(file.read_text(encoding="utf-8"))
    }
    assert reading == set(CLOCKS)
