"""The quick form of the suite is there, is small, and looks into every room of the tests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import quick

ROOT = Path(__file__).parent.parent


def test_the_quick_tests_are_there() -> None:
    for file, names in quick.QUICK.items():
        there = re.findall(r"^def (test_\w+)\(", (ROOT / file).read_text("utf-8"), flags=re.M)
        assert set(names) <= set(there), file


def test_they_are_fewer_than_thirty_and_from_every_room() -> None:
    assert 20 <= sum(map(len, quick.QUICK.values())) < 30
    rooms = {file.split("/")[1] for file in quick.QUICK}
    assert rooms >= {"engine", "primitives", "formulas", "programs", "views", "nn"}


def test_m_quick_runs_them_and_looks_into_no_other_file() -> None:
    asked = [sys.executable, "-m", "pytest", "-m", "quick", "--collect-only", "-q", "-q"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counted = dict(re.findall(r"^(tests/\S+\.py): (\d+)$", done.stdout, flags=re.M))
    assert counted.keys() == quick.QUICK.keys(), done.stdout
    assert "deselected" not in done.stdout
