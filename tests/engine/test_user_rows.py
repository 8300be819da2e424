"""Rows declared in a user's module: what their rules may hold, and what is said when they are wrong."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value, gradcheck
from autograd.engine.primitive import numpy_functions


@pytest.fixture(autouse=True)
def the_registry_is_left_as_it_was() -> Iterator[None]:
    before = dict(autograd.registry)
    yield
    for name in set(autograd.registry) - set(before):
        del autograd.registry[name]


RULES = {
    "a NumPy number": lambda out, x: autograd.cos(x) * np.sqrt(4.0) / np.sqrt(4.0),
    "an array": lambda out, x: autograd.cos(x) * np.array(1.0),
    "an infinity": lambda out, x: autograd.where(x < math.inf, autograd.cos(x), 0.0),
    "a NumPy function": lambda out, x: np.cos(x),
}


@pytest.mark.parametrize("what", RULES)
@pytest.mark.parametrize("x", [0.5, np.array([0.5, 2.0])])
def test_a_rule_may_hold(what, x):
    row = autograd.elementwise(f"user's {what}", math.sin, np.sin, RULES[what])
    assert gradcheck(row, (x,), order=2)


def test_a_rule_may_hold_a_power_of_a_negative_number() -> None:
    row = autograd.elementwise("user's", math.sin, np.sin, lambda out, x: (-2.0) ** x)
    t = Tensor([1.0, 2.0])
    row(t).sum().backward()
    assert t.grad.tolist() == [-2.0, 4.0]


def test_the_function_on_arrays_may_need_an_array():
    row = autograd.elementwise(
        "user_sin", math.sin, lambda x: np.sin(x.copy()), lambda out, x: autograd.cos(x)
    )
    t = Tensor([0.5])
    row(t).backward()
    assert t.grad[0] == pytest.approx(math.cos(0.5))


def test_options_of_any_number_type_reach_the_rule():
    row = autograd.elementwise(
        "user_scale",
        lambda x, slope=1.0: x * slope,
        lambda x, slope=1.0: x * slope,
        lambda out, x, slope=1.0: slope,
        slope=1.0,
    )
    t = Tensor([1.0, 2.0])
    row(t, slope=np.float64(0.3)).sum().backward()
    assert t.grad.tolist() == [0.3, 0.3]
    v = Value(2.0)
    row(v, slope=0.3).backward()
    assert v.grad == 0.3


def test_a_row_does_not_take_over_the_numpy_function_it_uses():
    autograd.elementwise("user_exp", math.exp, np.exp, lambda out, x: 0)
    assert np.exp(Tensor([0.0])).primitive is autograd.exp


def test_a_transpose_of_the_wrong_shape_is_named():
    total = autograd.linear_map("user_total", lambda x: x.sum(0), lambda g, x: g)
    t = Tensor(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"transpose of user_total gave .* shape \(3,\)"):
        total(t).sum().backward()
    assert t.grad is None
    with pytest.raises(ValueError, match="one argument"):
        autograd.linear_map("user_two", lambda x, y: x + y, lambda g, x, y: g, arity=2)


def test_a_name_can_be_taken_once():
    with pytest.raises(ValueError, match="exists already"):
        autograd.elementwise("tanh", math.tanh, np.tanh, lambda out, x: 1 - out * out)


def test_constants_of_small_integers_lose_no_precision():
    e = Tensor([2.5, 2.5])
    (np.array([7, 3], np.uint8) ** e).sum().backward()
    np.testing.assert_allclose(e.grad, [7**2.5 * math.log(7), 3**2.5 * math.log(3)], rtol=1e-12)


# --- what a user's function gives -----------------------------------------------------------------


def declared(name: str, gives: Any) -> list[Any]:
    """A row of every family whose function on arrays is this one."""
    return [
        autograd.elementwise(f"{name}_elementwise", gives, gives, lambda out, x: 1),
        autograd.linear_map(f"{name}_linear", gives, lambda g, x: g),
        autograd.reduction(
            f"{name}_reduction", lambda x, axis, keepdims: gives(x), lambda out, x, axis: 1
        ),
        autograd.multilinear(f"{name}_multilinear", gives, lambda g, slot, x: g, arity=None),
        autograd.fused(
            f"{name}_fused",
            gives,
            (lambda g, out, x: g,),
            (lambda t, out, x: t,),
            gives,
        ),
    ]


def called(row: Any, x: Any) -> Any:
    """The row on x, no axis being reduced."""
    return row(x, axis=()) if row.family == "row" else row(x)


@pytest.mark.parametrize(
    ("gives", "said"),
    [
        (lambda x: x + 1j, "complex128"),
        (lambda x: None, "NoneType"),
        (lambda x: [1.0, 2.0], "list"),
        (lambda x: np.array("text"), "<U4"),
        (lambda x: "text", "str"),
    ],
    ids=["complex", "nothing", "a list", "an array of text", "text"],
)
def test_what_is_no_array_of_real_numbers_is_refused_by_the_name_of_the_row(
    gives: Any, said: str
) -> None:
    for row in declared("user_wrong", gives):
        for x in (Tensor([1.0, 2.0]), np.array([1.0, 2.0])):
            with pytest.raises(TypeError, match=f"function of {row.name} .*{said}"):
                row(x)
        if row.family == "diagonal":
            for number in (Value(1.5), 1.5):
                with pytest.raises(TypeError, match=f"function of {row.name}"):
                    row(number)


@pytest.mark.parametrize(
    "cast", [np.int64, np.int8, bool, np.float16, np.longdouble], ids=lambda cast: cast.__name__
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_of_another_dtype_are_floats_of_the_dtype_of_the_tensor(
    cast: Any, dtype: Any
) -> None:
    for row in declared("user_cast", lambda x: np.asarray(x).astype(cast)):
        t = Tensor([1.0, 2.0, 3.0], dtype=dtype)
        out = called(row, t)
        out.backward(np.ones(3))
        assert out.dtype == t.grad.dtype == dtype
        assert out.data.tolist() == np.array([1, 2, 3]).astype(cast).astype(float).tolist()
        assert t.grad.tolist() == [1, 1, 1]
        leaf = Tensor([1.0, 2.0, 3.0], dtype=dtype)
        program = autograd.compile(called(row, leaf) * 2, inputs=[leaf])
        assert program(np.array([3, 2, 1], dtype)).dtype == dtype
    v = Value(3.0)
    out = autograd.registry["user_cast_elementwise"](v)
    out.backward()
    assert (type(out.data), v.grad) == (float, 1.0)


def test_an_argument_that_is_given_back_is_a_view_whose_changes_are_dated() -> None:
    for row in declared("user_alias", lambda x: x):
        t = Tensor([1.0, 2.0])
        out = called(row, t)
        squares = out * out
        squares.backward(np.ones(2))
        assert t.grad.tolist() == [2, 4]
        with pytest.raises(ValueError, match="read-only"):
            out.data[0] = 5.0
        t.data = np.array([5.0, 6.0])
        with pytest.raises(autograd.StaleGraphError):
            squares.backward(np.ones(2))


def test_a_constant_that_is_given_back_is_copied() -> None:
    row = autograd.multilinear(
        "user_second", lambda x, y: y, lambda g, x, y: g * 0, lambda g, x, y: g
    )
    constant = np.array([1.0, 2.0])
    out = row(Tensor([3.0, 4.0]), constant)
    constant[:] = 9.0
    assert out.data.tolist() == [1, 2]


def test_a_complex_derivative_is_refused() -> None:
    row = autograd.elementwise("user_turned", lambda x: x, lambda x: x * 1.0, lambda out, x: 1j)
    with pytest.raises(TypeError, match="real numbers"):
        row(Tensor([1.0])).backward(np.ones(1))
    with pytest.raises(TypeError, match="rule of user_turned by argument 0"):
        row(Value(1.0))


def test_a_graph_of_a_row_that_is_not_declared_says_which() -> None:
    for kind in (Tensor, Value):
        row = autograd.elementwise("user_gone", math.cosh, np.cosh, lambda out, x: autograd.sinh(x))
        text = pickle.dumps(row(kind(1.0)))
        del autograd.registry["user_gone"]
        with pytest.raises(LookupError, match="'user_gone', which is not declared here: import"):
            pickle.loads(text)


@pytest.mark.parametrize("kind", [Tensor, Value])
def test_a_subclass_of_a_node_is_refused_where_it_is_defined(kind: type) -> None:
    with pytest.raises(TypeError, match=f"Mine: a {kind.__name__} cannot be subclassed, because"):
        type("Mine", (kind,), {})


WRONG_RULES = {
    "nothing": (lambda out, x: None, TypeError, r"rule of user_rule .* it gave None"),
    "a string": (lambda out, x: "1", TypeError, r"rule of user_rule .* it gave '1'"),
    "a list": (lambda out, x: [1.0, 2.0], TypeError, r"rule of user_rule .* it gave \[1.0, 2.0\]"),
    "complex numbers": (
        lambda out, x: np.array([1j, 2j]),
        TypeError,
        r"rule of user_rule .* it gave complex128",
    ),
    "another shape": (
        lambda out, x: np.ones(7),
        ValueError,
        r"rule of user_rule .* shape \(7,\), which does not broadcast to \(2,\)",
    ),
}


@pytest.mark.parametrize("what", WRONG_RULES)
@pytest.mark.parametrize("family", ["elementwise", "reduction"])
def test_a_rule_that_gives_something_else_than_a_derivative_is_named(what, family):
    rule, kind, message = WRONG_RULES[what]
    if family == "elementwise":
        row = autograd.elementwise("user_rule", lambda x: x, lambda x: x * 1.0, rule)
    else:
        row = autograd.reduction(
            "user_rule",
            lambda x, axis, keepdims: np.sum(x, axis=axis, keepdims=keepdims),
            lambda out, x, axis: rule(out, x),
        )
    t = Tensor([1.0, 2.0])
    with pytest.raises(kind, match=message):
        row(t).sum().backward()
    assert t.grad is None


@pytest.mark.parametrize("declare", ["linear_map", "multilinear", "fused"])
def test_a_map_that_gives_no_array_is_named(declare):
    if declare == "linear_map":
        row = autograd.linear_map("user_map", lambda x: x * 2.0, lambda g, x: None)
    elif declare == "multilinear":
        row = autograd.multilinear(
            "user_map", lambda x, y: x * y, lambda g, x, y: None, lambda g, x, y: None
        )
    else:
        row = autograd.fused(
            "user_map",
            lambda x: x * 2.0,
            (lambda g, out, x: None,),
            (lambda t, out, x: None,),
            lambda x: x * 2.0,
        )
    ones = [Tensor([1.0, 2.0])] * row.arity
    with pytest.raises(TypeError, match=r"of user_map is to give an array, it gave None"):
        row(*ones).sum().backward()


def test_an_elementwise_function_keeps_the_shape_of_its_operands():
    row = autograd.elementwise(
        "user_twice", lambda x: x, lambda x: np.concatenate([x, x]), lambda out, x: 1
    )
    with pytest.raises(ValueError, match=r"user_twice .* shape \(4,\) where one of shape \(2,\)"):
        row(Tensor([1.0, 2.0]))


@pytest.mark.parametrize("keepdims", [False, True])
def test_a_reduction_reduces_the_axes_that_it_is_told_to(keepdims):
    row = autograd.reduction(
        "user_total", lambda x, axis, keepdims: np.sum(x), lambda out, x, axis: 1
    )
    assert row(Tensor(np.ones((2, 3)))).data == 6.0
    with pytest.raises(ValueError, match=r"user_total .* shape \(\) where one of shape \("):
        row(Tensor(np.ones((2, 3))), axis=0, keepdims=keepdims)


def test_a_complex_number_for_many_values_does_not_lose_its_imaginary_part():
    row = autograd.reduction(
        "user_complex_sum",
        lambda x, axis, keepdims: np.sum(x, axis=axis, keepdims=keepdims) + 1j,
        lambda out, x, axis: 1,
    )
    with pytest.raises(TypeError, match=r"user_complex_sum .* complex128"):
        row(autograd.values(np.ones(2)))


# --- rows that are declared again -----------------------------------------------------------------

CELL = """
import math, numpy as np, autograd
tripled = autograd.elementwise("user_again", lambda x: {n} * x, lambda x: {n} * x, lambda out, x: {n})
"""


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("<stdin>", "<stdin>"),
        ("<ipython-input-1-abc>", "<ipython-input-2-def>"),
        ("/temporary/ipykernel_7/123.py", "/temporary/ipykernel_7/456.py"),
        ("/home/me/rows.py", "/home/me/rows.py"),
    ],
)
def test_a_row_is_replaced_when_its_cell_or_file_is_run_again(first: str, second: str) -> None:
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(CELL.format(n=3), first, "exec"), scope)
    x = Tensor([1.0, 2.0])
    old = scope["tripled"](x).sum()
    exec(compile("\n\n" + CELL.format(n=4), second, "exec"), scope)
    assert scope["tripled"](2.0) == 8.0
    assert autograd.registry["user_again"] is scope["tripled"]
    scope["tripled"](x).sum().backward()
    assert x.grad.tolist() == [4.0, 4.0]
    old.backward()  # a graph keeps the rows it was made with
    assert x.grad.tolist() == [7.0, 7.0]
    assert autograd.gradcheck(scope["tripled"], (np.array([1.0, 2.0]),), order=2)


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("/home/me/rows.py", "/home/me/others.py", ("__main__", "__main__")),
        ("/home/me/rows.py", "<stdin>", ("__main__", "__main__")),
        ("<string>", "<string>", ("one", "two")),
    ],
)
def test_a_row_of_another_place_stays(first: str, second: str, names: tuple[str, str]) -> None:
    scope: dict[str, Any] = {"__name__": names[0]}
    exec(compile(CELL.format(n=3), first, "exec"), scope)
    with pytest.raises(ValueError, match=f"exists already, declared in .*{first}"):
        exec(compile(CELL.format(n=4), second, "exec"), {"__name__": names[1]})
    assert autograd.registry["user_again"](1.0) == 3.0


def test_two_rows_of_one_name_in_one_cell_or_in_two_functions_are_a_mistake() -> None:
    twice = CELL.format(n=3) + CELL.format(n=4)
    with pytest.raises(ValueError, match="exists already"):
        exec(compile(twice, "<stdin>", "exec"), {"__name__": "__main__"})
    del autograd.registry["user_again"]

    def one() -> Any:
        return autograd.linear_map("user_again", lambda x: 2 * x, lambda g, x: 2 * g)

    def two() -> Any:
        return autograd.linear_map("user_again", lambda x: 3 * x, lambda g, x: 3 * g)

    assert one() is not one()
    with pytest.raises(ValueError, match="exists already"):
        two()


def test_every_kind_of_row_is_replaced_and_its_numpy_function_with_it() -> None:
    def mine(x: Any) -> Any:
        return 2 * x

    declare: list[Any] = [
        lambda: autograd.elementwise("user_again", mine, mine, lambda out, x: 2, numpy=(np.modf,)),
        lambda: autograd.reduction(
            "user_again", lambda x, axis, keepdims: np.sum(x, axis, keepdims=keepdims), lambda *a: 1
        ),
        lambda: autograd.linear_map("user_again", mine, lambda g, x: 2 * g),
        lambda: autograd.multilinear("user_again", np.multiply, *[lambda g, x, y: g * y] * 2),
        lambda: autograd.fused(
            "user_again", mine, (lambda g, out, x: g,), (lambda t, out, x: t,), mine
        ),
    ]
    for each in declare:
        first, second = each(), each()
        assert first is not second
        assert autograd.registry["user_again"] is second
        assert first not in numpy_functions.values()
        with pytest.raises(ValueError, match="exists already"):
            autograd.elementwise("user_again", mine, mine, lambda out, x: 2)
        del autograd.registry["user_again"]
    for function in [
        f for f, row in numpy_functions.items() if getattr(row, "name", "") == "user_again"
    ]:
        del numpy_functions[function]


def test_a_row_of_the_library_stays() -> None:
    with pytest.raises(ValueError, match="'exp' exists already, declared in the library"):
        exec(compile(CELL.format(n=3).replace("user_again", "exp"), "<stdin>", "exec"), {})
    assert autograd.exp(0.0) == 1.0
