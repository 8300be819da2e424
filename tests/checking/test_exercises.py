"""`check_answer`: what it says to answers that are right, wrong, and of the wrong shape or kind."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, Value, check_answer

SQUARES = [(x, x * x) for x in (1.0, 2.0, 3.0)]


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        (0.5, 0.5),
        (1 / 3, lambda: 0.333333333),
        (Value(2.0), 2),
        (Tensor([1.0, 2.0]), [1.0, 2.0]),
        ((1, 2), np.array([1.0, 2.0])),
        ([[1.0], [2.0]], [[1.0], [2.0]]),
        (math.nan, math.nan),
        (" Sigmoid", "sigmoid"),
        (True, True),
        (lambda x: x * x, SQUARES),
        (lambda x: x * x, lambda: SQUARES),
    ],
)
def test_a_right_answer_is_called_right(answer: Any, truth: Any) -> None:
    assert check_answer(answer, truth) == "right"


@pytest.mark.parametrize(
    ("answer", "truth", "told"),
    [
        (0.51, 0.5, "not right yet"),
        ([1.0, 2.5], [1.0, 2.0], "not right yet: entry [1] differs"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], "not right yet: the shape is (2,), yours is (3,)"),
        ([1.0], 1.0, "not right yet: the shape is (), yours is (1,)"),
        ([[1.0], [2.0, 3.0]], [1.0, 2.0], "not right yet: numbers are expected, got list"),
        ("a half", 0.5, "not right yet: numbers are expected, got str"),
        (2j, 0.5, "not right yet: numbers are expected, got complex"),
        (math.sin, 0.5, "not right yet: numbers are expected, got builtin_function_or_method"),
        (9.0, SQUARES, "not right yet: a function is expected, got float"),
        (lambda x: 2 * x, SQUARES, "not right yet at 1.0"),
        ("tanh", "sigmoid", "not right yet"),
        (False, True, "not right yet"),
    ],
)
def test_any_other_answer_is_told_what_is_wrong_with_it_and_not_what_is_right(
    answer: Any, truth: Any, told: str
) -> None:
    assert check_answer(answer, truth) == told


@pytest.mark.parametrize("answer", [None, ...])
def test_the_truth_is_not_computed_before_there_is_an_answer(answer: Any) -> None:
    def truth() -> float:
        raise AssertionError("computed")

    assert check_answer(answer, truth) == "not answered yet"
