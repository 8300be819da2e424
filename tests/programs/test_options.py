"""The options of compile: what is none of them is an error that says what was expected and what came."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value
from autograd.programs.native.cores import cores
from autograd.programs.options import most_threads


def forms(**options: Any) -> list[Any]:
    """The ways in which compile is called with options."""
    v = Value(2.0, "v")
    y = v * v

    def f(x: Any) -> Any:
        return x * x

    return [
        lambda: autograd.compile(y, inputs=[v], **options),
        lambda: autograd.compile(f, **options),
        lambda: autograd.compile(**options)(f),
        lambda: autograd.Program(y, [v], **options),
    ]


@pytest.mark.parametrize("threads", [0, -1, 10**6, 10**30, np.int64(-3), most_threads() + 1])
def test_a_number_of_threads_that_there_is_not_is_a_value_error(threads: Any) -> None:
    for make in forms(threads=threads):
        with pytest.raises(
            ValueError, match=rf"threads is a whole number from 1 to \d+.*{threads}"
        ):
            make()


@pytest.mark.parametrize(
    "threads", ["abc", "2", 2.5, 2.0, True, False, [2], np.ones(2), Value(2.0)]
)
def test_threads_that_are_no_whole_number_are_a_type_error(threads: Any) -> None:
    for make in forms(threads=threads):
        with pytest.raises(TypeError, match=rf"threads is .*got {type(threads).__name__}"):
            make()


@pytest.mark.parametrize("threads", [None, 1, 2, 3, np.int32(2), cores(), most_threads()])
@pytest.mark.parametrize("executor", ["auto", "numpy"])
def test_every_number_of_threads_gives_the_same(threads: Any, executor: str) -> None:
    x, w = Value(0.0, "x"), Value(3.0, "w")
    program = autograd.compile((w * x).tanh(), inputs=[x], threads=threads, executor=executor)
    numbers = np.linspace(-1, 1, 101)
    np.testing.assert_allclose(program(numbers), np.tanh(3 * numbers), rtol=1e-12)
    program.backward()
    assert w.grad == pytest.approx(np.mean(numbers * (1 - np.tanh(3 * numbers) ** 2)))


@pytest.mark.parametrize("executor", ["numba", "", "NUMPY", "n"])
def test_an_executor_that_there_is_not_is_a_value_error(executor: str) -> None:
    for make in forms(executor=executor):
        with pytest.raises(
            ValueError, match=f"executor is one of auto, numpy, native, not {executor!r}"
        ):
            make()


@pytest.mark.parametrize("executor", [None, 1, True, ["auto"], np.array(["auto", "numpy"]), len])
def test_an_executor_that_is_no_name_is_a_type_error(executor: Any) -> None:
    for make in forms(executor=executor):
        with pytest.raises(TypeError, match=f"executor is one of.*got {type(executor).__name__}"):
            make()


@pytest.mark.parametrize("verify", [None, 1, 0, "no", "always", [], np.ones(2)])
def test_verify_is_true_or_false(verify: Any) -> None:
    for make in forms(verify=verify):
        with pytest.raises(
            TypeError, match=f"verify is True or False, got {type(verify).__name__}"
        ):
            make()


@pytest.mark.parametrize("recorded", [True, [], autograd.recording, autograd.no_grad()])
def test_recorded_is_a_recording(recorded: Any) -> None:
    for make in forms(recorded=recorded)[:1]:
        with pytest.raises(TypeError, match=r"recorded is what `with autograd\.recording"):
            make()


def test_a_function_is_recorded_by_compile_itself() -> None:
    with autograd.recording() as r:
        pass
    with pytest.raises(TypeError, match="takes no recorded="):
        autograd.compile(lambda x: x, recorded=r)
    for make in (
        lambda x: autograd.compile(lambda x: x, inputs=x),
        lambda x: autograd.compile(inputs=x),
    ):
        with pytest.raises(TypeError, match="takes no inputs="):
            make([Value(1.0)])


@pytest.mark.parametrize(
    "inputs", [Value(1.0), Tensor([1.0, 2.0]), np.ones(2), 5, "ab", {}, iter([])]
)
def test_inputs_are_a_list(inputs: Any) -> None:
    v = Value(2.0)
    with pytest.raises(
        TypeError, match=rf"takes a list of the leaves.*got {type(inputs).__name__}"
    ):
        autograd.compile(v * v, inputs=inputs)


@pytest.mark.parametrize("function", [5, "f", [len], np.ones(2)])
def test_what_is_decorated_is_a_function(function: Any) -> None:
    for make in (autograd.compile, autograd.compile(executor="numpy")):
        with pytest.raises(TypeError, match="compile takes a node or a function, got "):
            make(function)
