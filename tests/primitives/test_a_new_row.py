"""A new row of each family, declared here with one sample, goes through everything: no other line."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from formulas.test_latex import check_latex
from numerics import central_differences, check_close, gradients, weighted, weights
from programs.replays import EXECUTORS, check_tensors, check_values
from samples import Sample, numbers

import autograd
from autograd import Tensor, Value
from autograd.engine.primitive import numpy_functions, registry


def declare() -> None:
    """One new row of each family."""
    autograd.elementwise(
        "softsign",
        lambda x: x / (1 + abs(x)),
        lambda x: x / (1 + np.abs(x)),
        lambda out, x: 1 / autograd.square(1 + abs(x)),
        numpy=(np.i0,),  # any function of NumPy's that has no row
    )
    autograd.elementwise(
        "logaddexp2",
        lambda x, y: max(x, y) + math.log2(1 + 2 ** -abs(x - y)),
        lambda x, y: np.maximum(x, y) + np.log2(1 + np.exp2(-np.abs(x - y))),
        lambda out, x, y: autograd.exp2(x - out),
        lambda out, x, y: autograd.exp2(y - out),
        numpy=(np.logaddexp2,),
    )
    autograd.reduction(
        "sum_cosh",
        lambda x, axis, keepdims: np.sum(np.cosh(x), axis=axis, keepdims=keepdims),
        lambda out, x, axis: autograd.sinh(x),
        numpy=(np.nansum,),
    )
    autograd.linear_map(
        "differences",
        lambda x: x[1:] - x[:-1],
        lambda g, x: autograd.concatenate([-g[:1], g[:-1] - g[1:], g[-1:]]),
        numpy=(np.ediff1d,),
    )
    autograd.multilinear(
        "products",
        lambda x, y: np.sum(x * y, axis=-1),
        lambda g, x, y: autograd.reshape(g, shape=(*g.shape, 1)) * y,
        lambda g, x, y: autograd.reshape(g, shape=(*g.shape, 1)) * x,
        numpy=(np.convolve,),
    )


SAMPLES = {
    "softsign": Sample("softsign", "a matrix", (numbers(3, 4),), {}),
    "logaddexp2": Sample("logaddexp2", "a row beside", (numbers(3, 4), numbers(4, low=-1)), {}),
    "sum_cosh": Sample("sum_cosh", "of rows", (numbers(3, 4),), {"axis": 1}),
    "differences": Sample("differences", "of rows", (numbers(5, 2),), {}),
    "products": Sample("products", "of rows", (numbers(3, 4), numbers(3, 4, low=-1)), {}),
}
"""The one sample of each."""

NUMPY = {
    "softsign": np.i0,
    "logaddexp2": np.logaddexp2,
    "sum_cosh": np.nansum,
    "differences": np.ediff1d,
    "products": np.convolve,
}
"""The function of NumPy that each row says it stands for."""

OF_VALUES = {"softsign": 1, "logaddexp2": 2, "sum_cosh": 4}
"""How many numbers those take that are nodes on Values."""

over_rows = pytest.mark.parametrize("name", SAMPLES)


@pytest.fixture(scope="module", autouse=True)
def rows() -> Iterator[None]:
    """The rows are there while these tests run: other tests know every row of the library."""
    before, functions = dict(registry), dict(numpy_functions)
    declare()
    yield
    for table, held in ((registry, before), (numpy_functions, functions)):
        table.clear()  # type: ignore[attr-defined]
        table.update(held)  # type: ignore[attr-defined]


def leaves_of(name: str) -> list[Any]:
    """A tensor for each argument of the sample."""
    return [Tensor(x, f"x{i}") for i, x in enumerate(SAMPLES[name].arrays)]


def loss_of(name: str, leaves: list[Any]) -> Any:
    """One number of all that the row gives, with derivatives of every order."""
    return autograd.sum(autograd.square(SAMPLES[name](*leaves)))


def values_of(name: str) -> list[Any]:
    """Values for each number that the row takes."""
    return [Value(x, f"x{i}") for i, x in enumerate(numbers(OF_VALUES[name]).tolist())]


def applied(name: str, values: Any) -> Any:
    """The row on Values, or on whatever else."""
    row = registry[name]
    return row(np.array(values, dtype=object)) if row.family == "row" else row(*values)


@over_rows
def test_its_value_is_that_of_its_function(name: str) -> None:
    sample = SAMPLES[name]
    expected = sample.row.array(*sample.arrays, **(sample.row.options | sample.options))
    np.testing.assert_array_equal(sample(*leaves_of(name)).data, expected)


@over_rows
def test_its_gradient_is_that_of_central_differences(name: str) -> None:
    sample = SAMPLES[name]
    expected = central_differences(lambda *xs: weighted(sample, *xs), sample.arrays)
    for one, other in zip(gradients(sample, *sample.arrays), expected, strict=True):
        check_close(one, other, 1e-8)


@over_rows
def test_its_second_order_is_right(name: str) -> None:
    arrays = SAMPLES[name].arrays
    autograd.gradcheck(lambda *xs: loss_of(name, list(xs)), arrays, order=2)


@over_rows
def test_its_jvp_is_the_transpose_of_its_vjp(name: str) -> None:
    sample = SAMPLES[name]
    tangents = [weights(np.shape(x), shift=0.2 * i) for i, x in enumerate(sample.arrays)]
    out, moved = autograd.jvp(sample, sample.arrays, tangents)
    _, pull = autograd.vjp(sample, *sample.arrays)
    backward = sum(np.sum(g * t) for g, t in zip(pull(weights(out.shape)), tangents, strict=True))
    check_close(np.sum(weights(out.shape) * moved), backward)


@over_rows
def test_numpys_function_records_it(name: str) -> None:
    sample = SAMPLES[name]
    out = NUMPY[name](*leaves_of(name), **sample.options)
    assert out.primitive is sample.row
    np.testing.assert_array_equal(out.data, sample(*leaves_of(name)).data)


@over_rows
def test_it_is_drawn(name: str) -> None:
    loss = loss_of(name, leaves_of(name))
    assert name in autograd.draw(loss).svg
    if name in OF_VALUES:
        assert name in autograd.draw(applied(name, values_of(name))).svg


@over_rows
def test_its_steps_are_the_backward_pass_and_print(name: str) -> None:
    leaves = leaves_of(name)
    loss = loss_of(name, leaves)
    loss.backward()
    taken = list(autograd.steps(loss))
    for leaf in leaves:
        mine = [step for step in taken if step.parent is leaf]
        check_close(sum(step.contribution for step in mine), leaf.grad)
    for step in [*taken, *autograd.forward_steps(loss)]:
        for form in ("symbols", "numbers", "both"):
            assert step.text(form).isprintable()  # type: ignore[arg-type]
            check_latex(step.latex(form))  # type: ignore[arg-type]


@over_rows
def test_its_derivation_computes_the_gradient(name: str) -> None:
    leaves = leaves_of(name)
    loss = loss_of(name, leaves)
    loss.backward()
    derivation = autograd.derivation(loss, layout="rows")
    assert name.replace("_", "\\_") in derivation.latex
    scope: dict[str, Any] = {"np": np, "autograd": autograd, **derivation.names}
    for line in derivation.lines:
        scope[line.name] = eval(line.python, scope)
    for leaf in leaves:
        check_close(np.asarray(scope[derivation.results[leaf.name]]), leaf.grad)


@pytest.mark.parametrize("name", OF_VALUES)
def test_its_derivation_on_values_computes_the_gradient(name: str) -> None:
    values = values_of(name)
    out = applied(name, values)
    out.backward()
    derivation = autograd.derivation(out)
    assert name.replace("_", "\\_") in derivation.latex
    for value in values:
        check_close(derivation.gradients()[value.name], value.grad)


@over_rows
@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_program_of_tensors_computes_it(name: str, executor: str, dtype: str) -> None:
    arrays = [x.astype(dtype) for x in SAMPLES[name].arrays]
    program = check_tensors(
        lambda *xs: loss_of(name, list(xs)),
        arrays,
        [np.asarray(x * x.dtype.type(0.875)) for x in arrays],
        1e-12 if dtype == "float64" else 1e-5,
        executor=executor,
    )
    assert program.stats.executor == executor


@pytest.mark.parametrize("name", OF_VALUES)
@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_program_of_values_computes_it(name: str, executor: str) -> None:
    columns = list(numbers(OF_VALUES[name], 9))
    program = check_values(
        lambda *xs: applied(name, xs) * 1.5 + sum(xs), columns, executor=executor
    )
    assert program.stats.executor == executor
