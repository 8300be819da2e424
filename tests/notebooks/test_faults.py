"""The command that plants mistakes: its list fits the sources, and it tells what was noticed."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"


def by_path(path: Path) -> Any:
    """A module that is no part of the package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look for their module there
    spec.loader.exec_module(module)
    return module


faults = by_path(FOLDER / "faults.py")
ALL = faults.read()


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_a_faults_text_stands_once_in_its_file_and_gives_python(fault: Any) -> None:
    source = (ROOT / fault.file).read_text(encoding="utf-8")
    assert fault.text != fault.instead
    compile(fault.planted(source), fault.file, "exec")


def test_there_are_faults_of_every_notebook_and_all_are_of_some() -> None:
    numbers = {path.name[:2] for path in FOLDER.glob("*.ipynb")}
    assert {number for fault in ALL for number in fault.notebooks} == numbers
    assert all(fault.notebooks for fault in ALL)
    assert len(ALL) >= 60


def test_a_text_that_is_gone_or_stands_twice_is_an_error() -> None:
    gone = faults.Fault("a name", "nn/x.py", "one", "two", ("01",))
    for source in ("two", "one and one"):
        with pytest.raises(ValueError, match="not once"):
            gone.planted(source)


# --- running --------------------------------------------------------------------------------------


def written(folder: Path, *cells: str) -> None:
    kept = [{"cell_type": "markdown", "id": "c0", "source": "# A page"}]
    kept += [
        {"cell_type": "code", "id": f"c{i}", "source": cell} for i, cell in enumerate(cells, 1)
    ]
    (folder / "01_tiny.ipynb").write_text(json.dumps({"cells": kept}), encoding="utf-8")


IMPORT = "import autograd\nimport numpy as np"
TANH = "y = autograd.tanh(0.5)\n\nassert np.isclose(y, np.tanh(0.5))"
HALVED = faults.Fault(
    "tanh is halved",
    "autograd/primitives/elementwise.py",
    '"tanh", math.tanh',
    '"tanh", lambda x: math.tanh(x) / 2',
    ("01",),
    (115,),
)
RAISING = faults.Fault(
    "mish raises",
    "nn/functional.py",
    "return x * autograd.tanh(autograd.softplus(x))",
    'raise KeyError("mish")',
    ("01",),
)
BROKEN = faults.Fault(
    "no import", "nn/functional.py", "import functools", "import nowhere", ("01",)
)


def outcome(folder: Path, fault: Any, *cells: str) -> tuple[int, Any]:
    pytest.importorskip("matplotlib", reason='pip install ".[notebooks]"')
    written(folder, *cells)
    return faults.main(["--jobs", "2"], faults=[fault], folder=folder, root=ROOT)


@pytest.mark.notebooks
def test_an_assertion_that_fails_is_a_catch_and_its_line_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(tmp_path, HALVED, IMPORT, TANH) == 0
    told = capsys.readouterr().out
    assert "assertion  [2] c2:3" in told
    assert "assert np.isclose(y, np.tanh(0.5))" in told


@pytest.mark.notebooks
def test_a_fault_that_nothing_asserts_survives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(tmp_path, HALVED, IMPORT, "print(autograd.tanh(0.5))") == 1
    assert "SURVIVED" in capsys.readouterr().out


@pytest.mark.notebooks
def test_an_error_of_the_library_is_no_catch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(tmp_path, RAISING, "import nn", "assert nn.functional.mish(0.0) == 0") == 1
    told = capsys.readouterr().out
    assert "crash" in told
    assert "KeyError: 'mish'" in told


@pytest.mark.notebooks
def test_a_library_that_cannot_be_imported_is_no_catch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(tmp_path, BROKEN, IMPORT, TANH) == 1
    told = capsys.readouterr().out
    assert "import" in told
    assert "nowhere" in told


@pytest.mark.notebooks
def test_a_check_of_the_library_that_a_cell_asks_for_is_told_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(tmp_path, HALVED, IMPORT, "autograd.gradcheck(autograd.tanh, (0.5,))") == 0
    assert "check" in capsys.readouterr().out


@pytest.mark.notebooks
def test_a_notebook_that_fails_without_a_fault_ends_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(tmp_path, HALVED, IMPORT, "assert 1 + 1 == 3") == 2
    assert "Without any fault" in capsys.readouterr().out


def test_the_list_is_told_without_running_anything(capsys: pytest.CaptureFixture[str]) -> None:
    assert faults.main(["--list", "--only", "06"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == sum("06" in fault.notebooks for fault in ALL)
    assert all(line.startswith("06") for line in lines)
