"""The quick form of the suite looks into every room, and is small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import quick

ROOT = Path(__file__).parent.parent


def test_slow_tests_are_there() -> None:
    for file, names in quick.SLOW.items():
        there = re.findall(r"^def (test_\w+)\(", (ROOT / file).read_text("utf-8"), flags=re.M)
        assert set(names) <= set(there), file


def test_every_file_of_tests_has_a_quick_one(request: pytest.FixtureRequest) -> None:
    files: dict[str, bool] = {}
    for item in request.session.items:
        file = item.nodeid.partition("::")[0]
        files[file] = files.get(file, False) or item.get_closest_marker("quick") is not None
    left_out = {file for file, looked_into in files.items() if not looked_into}
    slow = {file for file in left_out if file in quick.SLOW}
    browser = {file for file in left_out if file.startswith("tests/browser/")}
    assert left_out == slow | browser


def test_the_quick_form_takes_the_first_case_of_a_test(request: pytest.FixtureRequest) -> None:
    tests = [
        item.nodeid.partition("[")[0]
        for item in request.session.items
        if item.get_closest_marker("quick")
    ]
    assert len(tests) == len(set(tests)) > 0
