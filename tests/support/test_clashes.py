"""Errors about shapes say which dimensions clash and how long they are, and none of NumPy's jargon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Tensor
from autograd.engine.families import Elementwise

JARGON = ("gufunc", "core dimension", "remapped", "newaxis", "einstein", "signature", "operand 1")


def told(call: Callable[[], Any]) -> str:
    """The message of the error of a call."""
    with pytest.raises(ValueError) as raised:  # noqa: PT011  (what it says is looked at)
        call()
    text = str(raised.value)
    assert not any(word in text for word in JARGON), text
    return text


KINDS: dict[str, Callable[[Any], Any]] = {
    "tensors": Tensor,
    "arrays": lambda x: x,
    "Values": autograd.values,
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(
    ("x", "y", "lengths"),
    [
        ((2, 3), (4, 5), "1 of the first is 3 and dimension 0 of the second is 4"),
        ((2, 3), (4,), "1 of the first is 3 and dimension 0 of the second is 4"),
        ((4,), (2, 3), "0 of the first is 4 and dimension 0 of the second is 2"),
        ((3,), (4,), "0 of the first is 3 and dimension 0 of the second is 4"),
        ((7, 2, 3), (7, 4, 5), "2 of the first is 3 and dimension 1 of the second is 4"),
        ((2, 3, 4), (3, 4, 5), "of the stacks of matrices, dimension 0 is 2 in the first and 3"),
    ],
)
def test_a_matrix_product_says_which_two_dimensions_differ(
    make: Any, x: Any, y: Any, lengths: str
) -> None:
    text = told(lambda: autograd.matmul(make(np.ones(x)), make(np.ones(y))))
    assert lengths in text
    assert f"matmul of shapes {x} and {y}" in text


def test_every_way_to_a_matrix_product_says_it() -> None:
    x, y = np.ones((2, 3)), np.ones((4, 3))
    a, b = Tensor(x), Tensor(y)
    ways: list[Callable[[], Any]] = [
        *(lambda: a @ b, lambda: a @ y, lambda: x @ b, lambda: np.matmul(a, b)),
        *(lambda: np.dot(a, b), lambda: a.dot(b), lambda: autograd.dot(a, y)),
        lambda: autograd.grad(lambda x: (x @ y).sum())(x),
        lambda: autograd.compile(lambda x: x @ y)(x),
        lambda: autograd.jvp(lambda x: x @ y, (x,), (x,)),
    ]
    for way in ways:
        text = told(way)
        assert "is 3 and dimension 0 of the second is 4" in text
        assert "x @ y.T would fit" in text
    assert (x @ y.T).shape == (2, 4)
    assert "x.T @ y would fit" in told(lambda: Tensor(np.ones((4, 2))) @ b)
    assert "would fit" not in told(lambda: a @ np.ones((4, 5)))


BROADCASTING = sorted(
    name
    for name, row in autograd.registry.items()
    if isinstance(row, Elementwise) and row.arity == 2 and not row.options
    if name != "indicator"  # whose second argument is asked for its dtype alone
    if not name.startswith("logical")  # which nodes have no operator for
)


@pytest.mark.parametrize("name", BROADCASTING)
@pytest.mark.parametrize("make", [Tensor, autograd.values])
def test_every_row_that_broadcasts_says_where_the_lengths_differ(name: str, make: Any) -> None:
    row = autograd.registry[name]
    text = told(lambda: row(make(np.full((2, 3), 0.5)), make(np.full((4, 3), 0.5))))
    assert "dimension 0 is 2 in the first and 4 in the second" in text
    text = told(lambda: row(make(np.full((2, 3), 0.5)), make(np.full(2, 0.5))))
    assert "dimension 1 of the first is 3 and dimension 0 of the second is 2" in text


@pytest.mark.parametrize(
    "sign", ["+", "-", "*", "/", "**", "%", "//", "<", "<=", ">", ">=", "==", "!="]
)
def test_every_operator_of_tensors_says_it(sign: str) -> None:
    scope = {"a": Tensor(np.ones((2, 3))), "b": np.ones((2, 5))}
    for code in (f"a {sign} b", f"b {sign} a"):
        text = told(lambda code=code: eval(code, scope))  # type: ignore[misc]
        assert "dimension 1 is" in text
        assert "3" in text
        assert "5" in text


@pytest.mark.parametrize(
    ("subscripts", "shapes", "expected"),
    [
        ("ij,jk->ik", [(2, 3), (4, 5)], "j is 3 in the first and 4 in the second"),
        ("ij,ij", [(2, 3), (2, 4)], "j is 3 in the first and 4 in the second"),
        ("ii->i", [(2, 3)], "i is both 2 and 3 in the first"),
        ("...i,...i->...", [(2, 3), (2, 4)], "i is 3 in the first and 4 in the second"),
        ("i,j,k,i->jk", [(2,), (3,), (4,), (5,)], "i is 2 in the first and 5 in the fourth"),
        ("ij->im", [(2, 3)], "m stands in the output and in no operand"),
    ],
)
def test_einsum_says_which_letter_has_two_lengths(
    subscripts: str, shapes: list[Any], expected: str
) -> None:
    assert expected in told(
        lambda: autograd.einsum(subscripts, *(Tensor(np.ones(shape)) for shape in shapes))
    )


T = Tensor(np.ones((2, 3)))
CALLS: list[tuple[Callable[[], Any], str]] = [
    (lambda: autograd.concatenate([T, np.ones((4, 5))]), "dimension 1 is 3 in the first and 5"),
    (lambda: np.concatenate([T, np.ones((4, 5))], axis=1), "dimension 0 is 2 in the first and 4"),
    (lambda: autograd.concatenate([T, np.ones(3)]), "first has 2 dimensions and the second 1"),
    (lambda: autograd.hstack([T, np.ones((4, 3))]), "dimension 0 is 2 in the first and 4"),
    (lambda: T.broadcast_to((4, 3)), "dimension 0 is 2, and cannot be stretched to the 4"),
    (lambda: T.broadcast_to((3,)), "has fewer dimensions"),
    (lambda: T.reshape(4, -1), "4 does not divide 6"),
    (lambda: T.reshape(4, 2), "cannot reshape"),
    (lambda: T.transpose(0, 1, 2), "3 axes (0, 1, 2) for 2 dimensions"),
    (lambda: autograd.pad(T, ((1, 1), (0, 0), (1, 1))), "3 entries for 2 dimensions"),
    (lambda: autograd.linear(T, np.ones((4, 5))), "the last dimension of x is 3"),
    (lambda: autograd.where(np.ones((2, 3), bool), T, np.ones((2, 4))), "3 in the first and 4"),
    (lambda: autograd.clip(T, np.ones(2), 1.0), "is 3 and dimension 0 of the second is 2"),
    (lambda: autograd.tensordot(T, np.ones((4, 5)), 1), "shapes (2, 3) and (4, 5)"),
    (lambda: autograd.softmax_cross_entropy(T, np.ones((2, 4))), "3 in the first and 4"),
]


@pytest.mark.parametrize(("call", "expected"), CALLS)
def test_other_rows_say_what_clashes(call: Callable[[], Any], expected: str) -> None:
    assert expected in told(call)
