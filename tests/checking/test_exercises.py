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


def layer(x: Any, w: Any, g: Any) -> tuple[Any, Any]:
    """The backward pass of x wᵀ."""
    return g @ w, g.T @ x


def hidden() -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(0)
    return [tuple(rng.normal(size=s) for s in ((n, 3), (2, 3), (n, 2))) for n in (1, 4)]


def wrong_way_round(x: Any, w: Any, g: Any) -> tuple[Any, Any]:
    return g @ w, x.T @ g


def greedy(x: Any, w: Any, g: Any) -> tuple[Any, Any]:
    """Writes into what it is given."""
    w *= 2
    return g @ (w / 2), g.T @ x


def test_an_algorithm_is_compared_with_the_right_one_on_hidden_arguments() -> None:
    assert check_answer(lambda x, w, g: [g @ w, (x.T @ g).T], layer, arguments=hidden) == "right"
    assert check_answer(greedy, layer, arguments=hidden()) == "right"
    told = check_answer(wrong_way_round, layer, arguments=hidden)
    assert told.startswith("not right yet at (array(")
    assert told.endswith(", part 2 of 2: the shape is (2, 3), yours is (3, 2)")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (1.0, "not right yet: a function is expected, got float"),
        (lambda x: x, "not right yet at (2.0,): 2 results are expected, as a tuple"),
        (lambda x: (x, None), "not right yet at (2.0,), part 2 of 2: no result"),
        (lambda x: (x, x), "not right yet at (2.0,), part 2 of 2"),
        (lambda x: (x, "4"), "right"),
    ],
)
def test_an_algorithm_is_told_where_it_is_wrong(answer: Any, told: str) -> None:
    assert check_answer(answer, lambda x: (x, x * x), arguments=[(2.0,)]) == told


def test_arguments_are_not_made_before_there_is_an_answer() -> None:
    def never() -> Any:
        raise AssertionError

    assert check_answer(..., layer, arguments=never) == "not answered yet"
    with pytest.raises(TypeError, match="needs a function, got float"):
        check_answer(..., 1.0, arguments=[(1.0,)])
