"""What options are checked by: each check gives a plain number or word, or says what is wrong."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn import arguments

CHECKS: dict[str, tuple[Callable[[Any], Any], list[Any], list[Any], str]] = {
    # (the check, what it takes, what is out of range, the range in words)
    "whole": (lambda x: arguments.whole(x, "n"), [1, 7], [0, -1], "whole number of 1 or more"),
    "width": (lambda x: arguments.width(x, "n"), [1, 7], [0, 2**40], "whole number of 1|memory"),
    "count": (lambda x: arguments.count(x, "n"), [1, 5.0], [0, -2.0], "whole number of 1 or more"),
    "non-negative": (
        lambda x: arguments.non_negative(x, "n"),
        [0, 0.5, 1e9],
        [-1e-9, math.inf, math.nan, 10**400],
        "finite and 0 or more|too large",
    ),
    "positive": (lambda x: arguments.positive(x, "n"), [1e-9, 3], [0, -1, math.nan], "above 0"),
    "fraction": (lambda x: arguments.fraction(x, "n"), [0, 0.99], [1, -0.1], "from 0 to below 1"),
    "share": (lambda x: arguments.share(x, "n"), [0, 0.5, 1.0], [1.01, -0.1], "from 0 to 1"),
    "bounded": (
        lambda x: arguments.number(x, "n", high=2, above=True),
        [0.1, 2],
        [0, 2.1, math.nan],
        "above 0, up to 2",
    ),
}
JUNK = ["1", None, [1.0], {}, 1j, object(), np.ones(2), True]


@pytest.mark.parametrize("name", CHECKS)
def test_a_number_in_range_comes_back_as_pythons_own(name: str) -> None:
    check, good, _, _ = CHECKS[name]
    for x in good:
        for given in (x, np.float64(x), np.int64(x)) if x == int(x) else (x, np.float64(x)):
            if name in ("whole", "width") and isinstance(given, np.floating):
                continue
            found = check(given)
            assert found == x
            assert type(found) in (int, float)


@pytest.mark.parametrize("name", CHECKS)
def test_a_number_out_of_range_is_refused_with_the_range_and_the_number(name: str) -> None:
    check, _, bad, words = CHECKS[name]
    for x in bad:
        with pytest.raises(ValueError, match=rf"^n.*({words})"):
            check(x)


@pytest.mark.parametrize("name", CHECKS)
def test_what_is_no_number_is_refused_with_its_type(name: str) -> None:
    check, _, _, _ = CHECKS[name]
    for x in JUNK:
        with pytest.raises(TypeError, match=f"^n is a .*number.*, got {type(x).__name__}"):
            check(x)


def test_a_word_a_flag_a_pair_a_list_and_a_dtype_are_checked_likewise() -> None:
    assert arguments.one_of("sum", ("mean", "sum"), "reduction") == "sum"
    assert arguments.flag(np.True_, "live") is True
    assert arguments.pair_of_fractions([0.9, 0], "betas") == (0.9, 0.0)
    assert arguments.listed(np.ones(2), "parameters") == [1.0, 1.0]
    assert arguments.float_type("f4", "mnist") == np.float32
    with pytest.raises(ValueError, match="reduction is 'mean', 'sum' or 'none', got 'max'"):
        arguments.one_of("max", ("mean", "sum", "none"), "reduction")
    with pytest.raises(TypeError, match="live is True or False, got int"):
        arguments.flag(1, "live")
    with pytest.raises(ValueError, match=r"betas\[1\] is from 0 to below 1, got 1"):
        arguments.pair_of_fractions((0.9, 1), "betas")
    with pytest.raises(TypeError, match="parameters is a list, got int"):
        arguments.listed(3, "parameters")
    for wrong in ("f2", "what", np.int64):
        with pytest.raises(TypeError, match="dtype of mnist is float32 or float64, got"):
            arguments.float_type(wrong, "mnist")


def test_no_other_file_of_nn_asks_whether_an_option_is_a_number() -> None:
    """A check by hand begins with this: True is an int, and no number of units."""
    asking = []
    for path in sorted(Path(nn.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            asks = isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance"
            if asks and ast.unparse(node.args[1]) == "bool":  # type: ignore[attr-defined]
                asking.append(path.name)
    assert set(asking) <= {"arguments.py", "randomness.py", "fitting.py"}  # seeds; snapshots=False
