"""What an installation builds: Values in C where that can be, else the reason why not."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

import hatch_build

SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))
needs_setuptools = pytest.mark.skipif(find_spec("setuptools") is None, reason="to build needs it")
Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def _usual(monkeypatch: Patch) -> None:
    for name in ("CC", "CFLAGS", hatch_build.VARIABLE):
        monkeypatch.delenv(name, raising=False)


def made(folder: Path) -> tuple[str, str]:
    """The place in the package of what is made, and what it says if it is the reason."""
    ((file, place),) = hatch_build.made_in(str(folder)).items()
    return place.as_posix(), file.read_text() if place == hatch_build.REASON else ""


def needs() -> list[str]:
    """What has to be installed before the package can be built."""
    found: list[str] = hatch_build.Hook.dependencies(object.__new__(hatch_build.Hook))
    return found


@needs_setuptools
def test_where_there_is_a_compiler_the_core_is_built_and_runs(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    if reason := hatch_build.hindrance():
        pytest.skip(reason)
    assert [need.partition(">")[0] for need in needs()] == ["numpy", "setuptools"]
    assert made(tmp_path) == (f"autograd/engine/_scalars{SUFFIX}", "")
    run = "import sys, _scalars; sys.modules['autograd.engine._scalars'] = _scalars; " + (
        "import autograd; v = autograd.Value(2.0); w = v * v; w.backward(); print(v.grad); "
        "autograd.show_config()"
    )
    path = os.pathsep.join([str(tmp_path), str(hatch_build.ROOT)])
    out = subprocess.run(
        [sys.executable, "-c", run],
        env={**os.environ, "PYTHONPATH": path, hatch_build.VARIABLE: "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert out.startswith("4.0\n")
    assert "Values: in C" in out


def test_a_compiler_that_is_missing_is_the_reason_and_nothing_is_needed(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    if os.name == "nt":
        pytest.skip("setuptools looks for the compiler")
    monkeypatch.setenv("CC", f"{tmp_path / 'none'} -m64")
    place, reason = made(tmp_path)
    assert place == "autograd/engine/core.txt"
    assert reason.startswith("no C compiler")
    assert f"{tmp_path / 'none'} is not found" in reason
    assert needs() == []


@needs_setuptools
def test_a_compiler_that_fails_is_the_reason(tmp_path: Path, monkeypatch: Patch) -> None:
    if reason := hatch_build.hindrance():
        pytest.skip(reason)
    broken = tmp_path / "broken.c"
    broken.write_text("int main(void) { return no_such_name; }\n")
    monkeypatch.setattr(hatch_build, "SOURCES", (broken,))
    try:
        raise AttributeError("handled by those who call the hook")
    except AttributeError:
        place, reason = made(tmp_path)
    assert place == "autograd/engine/core.txt"
    assert "to build them failed when the package was installed: " in reason
    assert "status 1" in reason or "exit code" in reason
    assert reason.count("\n") == 1
    assert len(reason) < 300
    assert needs() != []


def test_without_setuptools_the_package_is_in_python(tmp_path: Path, monkeypatch: Patch) -> None:
    if reason := hatch_build.hindrance():
        pytest.skip(reason)
    monkeypatch.setitem(sys.modules, "setuptools", None)
    place, reason = made(tmp_path)
    assert place == "autograd/engine/core.txt"
    assert "setuptools" in reason


def test_without_pythons_headers_the_reason_names_them(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    assert (
        f"no headers of Python when the package was installed (Debian: python3-dev): {tmp_path}"
        in (made(tmp_path)[1])
    )
    assert needs() == []


def test_another_python_than_cpython_with_its_lock_is_not_tried(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sys, "implementation", SimpleNamespace(name="pypy"))
        reason = hatch_build.hindrance()
    assert reason == "they are for CPython, and this is pypy"
    config = {"Py_GIL_DISABLED": 1}
    monkeypatch.setattr(sysconfig, "get_config_var", config.get)
    assert (
        hatch_build.hindrance() == "they rely on the interpreter's lock, which this Python has not"
    )


def test_the_environment_forbids_the_core(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("CHALKGRAD_NATIVE", "0")
    reason = "CHALKGRAD_NATIVE=0 when the package was installed\n"
    assert made(tmp_path) == ("autograd/engine/core.txt", reason)
    assert needs() == []


def test_the_environment_requires_the_core(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("CHALKGRAD_NATIVE", "1")
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(RuntimeError, match=r"CHALKGRAD_NATIVE=1 asks for .*: no headers of Python"):
        made(tmp_path)
    monkeypatch.setenv("CHALKGRAD_NATIVE", "yes")
    with pytest.raises(ValueError, match=r"is 0 \(Python\), 1 \(C\) or not set, got 'yes'"):
        made(tmp_path)


def test_in_a_checkout_what_an_earlier_build_left_is_taken_away(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(hatch_build, "ROOT", tmp_path)
    home = tmp_path / hatch_build.HOME
    home.mkdir(parents=True)
    core, other = home / f"_scalars{SUFFIX}", home / "_scalars.of-another-python.so"
    for file in (core, other):
        file.write_text("earlier")
    reason = tmp_path / "reason.txt"
    reason.write_text("because")
    hatch_build.put_in_place({reason: hatch_build.REASON})
    assert not core.exists()
    assert other.exists()
    assert (tmp_path / hatch_build.REASON).read_text() == "because"
    new = tmp_path / "new"
    new.write_text("new")
    hatch_build.put_in_place({new: hatch_build.HOME / core.name})
    assert core.read_text() == "new"
    assert not (tmp_path / hatch_build.REASON).exists()
