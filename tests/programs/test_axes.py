"""Every row with an `axis` takes axes in any order, from either end, in every executor, both ways."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from programs.replays import check_gradients, check_tensors, gradients, near

import autograd
from autograd import Tensor, registry

SEVERAL = [
    name
    for name, row in registry.items()
    if "axis" in row.options and row.arity == 1 and name != "cumsum"
]
"""Rows of one array that take one axis, several, or all. (Indices that are an argument go along one.)"""
SHAPES = [(), (3,), (2, 3), (3, 1), (2, 1, 2)]


def axes_of(rank: int) -> Iterator[Any]:
    """None, each axis, and axes in every order, each counted from the front or from the end."""
    yield None
    yield from range(-rank, rank)
    for count in range(rank + 1):
        for axes in itertools.permutations(range(rank), count):
            mixed = tuple(axis - rank * (i % 2) for i, axis in enumerate(axes))
            if rank < 3:
                yield axes
                yield tuple(axis - rank for axis in axes)
                yield tuple(np.int64(axis) for axis in mixed)
            elif count > 1:
                yield mixed


def calls(name: str, shape: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    """The options to call a row with."""
    row = registry[name]
    for axis in axes_of(len(shape)):
        for keepdims in (False, True):
            if "keepdims" in row.options:
                yield {"axis": axis, "keepdims": keepdims}
            elif not keepdims and name == "roll":
                if axis != ():
                    several = isinstance(axis, tuple)
                    yield {"axis": axis, "shift": tuple(range(1, len(axis) + 1)) if several else 1}
            elif not keepdims:
                yield {"axis": axis}


def drawn(shape: tuple[int, ...], seed: int) -> Any:
    return np.random.default_rng(seed).uniform(0.5, 2.0, shape)


def in_order(options: dict[str, Any], rank: int) -> dict[str, Any]:
    """The same call with the axes counted from the front, in their order."""
    axis = options["axis"]
    if not isinstance(axis, tuple) or "shift" in options:
        return options
    return options | {"axis": tuple(sorted(int(a) % rank for a in axis))}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", SEVERAL)
def test_the_order_of_axes_does_not_matter_eagerly(name: str, shape: tuple[int, ...]) -> None:
    row = registry[name]
    for options in calls(name, shape):
        results = []
        for each in (options, in_order(options, len(shape))):
            x = Tensor(drawn(shape, 0), "x")
            y = row(x * x, **each)
            y.backward(np.linspace(0.5, 1.5, y.size).reshape(y.shape))
            results.append((y.data, x.grad))
        near(results[0][0], results[1][0])
        near(results[0][1], results[1][1])


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", SEVERAL)
def test_a_program_takes_axes_in_any_order(
    name: str, shape: tuple[int, ...], executor: str
) -> None:
    row = registry[name]
    for options in calls(name, shape):
        check_tensors(
            lambda x, options=options: row(x * x, **options) * 2.0,
            [drawn(shape, 0)],
            [drawn(shape, 1)],
            1e-11,
            scale=1.0,
            executor=executor,
        )


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("name", SEVERAL)
def test_a_program_takes_axes_in_any_order_of_a_view(name: str, executor: str) -> None:
    row = registry[name]
    for options in calls(name, (2, 3)):
        check_tensors(
            lambda x, options=options: row(x.T[:2], **options),
            [drawn((3, 4), 0)],
            [drawn((3, 4), 1)],
            1e-11,
            scale=1.0,
            executor=executor,
        )


@pytest.mark.parametrize("name", ["cumsum"])
def test_a_row_that_takes_one_axis_takes_it_from_either_end_and_refuses_several(name: str) -> None:
    row = registry[name]
    for executor, axis in itertools.product(("numpy", "auto"), (None, 0, 1, -1, -2, np.int64(1))):
        check_tensors(
            lambda x, axis=axis: row(x * x, axis=axis),
            [drawn((2, 3), 0)],
            [drawn((2, 3), 1)],
            executor=executor,
        )
    with pytest.raises(TypeError, match=f"{name} of shapes"):
        row(Tensor(drawn((2, 3), 0)), axis=(1, 0))


@pytest.mark.parametrize("name", [name for name in SEVERAL if registry[name].family == "row"])
def test_axes_of_arrays_of_values_come_in_any_order(name: str) -> None:
    row = registry[name]
    numbers = drawn((2, 3), 0)
    for options in calls(name, (2, 3)):
        xs, t = autograd.values(numbers), Tensor(numbers)
        scalars, tensor = row(xs, **options), row(t, **options)
        flat = np.array(scalars, dtype=object).ravel().tolist()
        near(np.array([y.data for y in flat]), tensor.data.ravel())
        autograd.sum(np.array(flat, dtype=object)).backward()
        tensor.backward(np.ones(tensor.shape))
        check_gradients(
            [np.array([0.0 if x.grad is None else x.grad for x in xs.ravel()])],
            [gradients([t])[0].ravel()],
            scale=1.0,
        )


@pytest.mark.parametrize("name", ["max", "min"])
def test_the_first_of_equal_numbers_is_the_first_in_memory_whatever_the_order_of_axes(
    name: str,
) -> None:
    row = registry[name]
    for axis in axes_of(2):
        if axis == ():
            continue
        x, xs = Tensor(np.ones((2, 3))), autograd.values(np.ones((2, 3)))
        row(x, axis=axis, ties="first").sum().backward()
        y = row(xs, axis=axis, ties="first")
        autograd.sum(np.array(y, dtype=object).reshape(-1)).backward()
        found = np.array([each.grad or 0.0 for each in xs.ravel()]).reshape(2, 3)
        near(found, x.grad)
        program = autograd.compile(row(x, axis=axis, ties="first").sum(), inputs=[x])
        x.grad = None
        program(np.ones((2, 3)))
        program.backward()
        near(x.grad, found)
