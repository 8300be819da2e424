"""What the tests of programs compare: an eager pass, and the same by a replay."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd
from autograd import Node, Tensor, Value

Array = np.ndarray[Any, Any]

EXECUTORS = ["numpy", "native"] if importlib.util.find_spec("llvmlite") else ["numpy"]
"""What runs a graph of Values here."""


def near(actual: Any, expected: Any, tolerance: float = 1e-12, scale: float = 0.0) -> None:
    """Equal shapes and dtypes; numbers equal relative to the largest of their array, or `scale`."""
    actual, expected = plain(actual), plain(expected)
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    finite = np.abs(expected[np.isfinite(expected)])
    largest = max(float(np.max(finite, initial=0.0)), scale)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * largest)


def plain(x: Any) -> Array:
    """The numbers of a node, such as a compiled function gives, or of anything else."""
    return x.numpy() if isinstance(x, Node) else np.asarray(x)


def gradients(leaves: Sequence[Any]) -> list[Any]:
    """The gradients that a pass left, which are taken away."""
    found = [None if x.grad is None else np.array(x.grad) for x in leaves]
    for x in leaves:
        x.grad = None
    return found


def check_gradients(
    actual: Sequence[Any], expected: Sequence[Any], tolerance: float = 1e-12, scale: float = 0.0
) -> None:
    """The same leaves were reached, with the same numbers."""
    for one, other in zip(actual, expected, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            near(one, other, tolerance, scale)


def check_tensors(
    function: Callable[..., Any],
    recorded: Sequence[Array],
    others: Sequence[Array],
    tolerance: float = 1e-12,
    scale: float = 0.0,
    **options: Any,
) -> autograd.Program:
    """A program recorded at one place gives at another what the eager pass gives there."""
    leaves = [Tensor(x, dtype=x.dtype) for x in recorded]
    eager = [Tensor(x, dtype=x.dtype) for x in others]
    with np.errstate(all="ignore"):
        program = autograd.compile(function(*leaves), inputs=leaves, **options)
        expected = function(*eager)
        seed = np.linspace(0.5, 1.5, expected.size).reshape(expected.shape).astype(expected.dtype)
        expected.backward(seed)
    near(program(*others), expected.data, tolerance, scale)
    program.backward(seed)
    check_gradients(gradients(leaves), gradients(eager), tolerance, scale)
    return program


def check_values(
    function: Callable[..., Any],
    columns: Sequence[Array],
    parameters: Sequence[Node] = (),
    tolerance: float = 1e-12,
    executor: str = "auto",
) -> autograd.Program:
    """A graph of Values, recorded for one instance, gives for all what each gives eagerly."""
    leaves = [Value(float(x[0]), f"x{i}") for i, x in enumerate(columns)]
    program = autograd.compile(function(*leaves), inputs=leaves, executor=executor)
    outputs, totals = [], [0.0] * len(columns)
    instances = len(columns[0])
    weights = np.linspace(0.5, 1.5, instances)
    for i in range(instances):
        eager = [Value(float(x[i])) for x in columns]
        out = function(*eager)
        outputs.append(out.data)
        out.backward(float(weights[i]))
        totals = [t + (x.grad or 0.0) for t, x in zip(totals, eager, strict=True)]
    expected = gradients(parameters)
    near(program(*columns), np.array(outputs), tolerance)
    program.backward(weights)
    check_gradients(gradients(parameters), expected, tolerance, 1.0)
    found = [0.0 if x.grad is None else x.grad for x in leaves]
    near(found, totals, tolerance, float(np.max(np.abs(totals), initial=1.0)))
    return program
