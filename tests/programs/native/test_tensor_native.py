"""The native executor of tensor plans computes what the NumPy one and the eager pass compute."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings, strategies as st
from programs.replays import check_gradients, gradients, near
from samples import ALL, Sample, numbers

import autograd
import nn
from autograd import Tensor
from autograd.programs.by_numpy.executor import NumpyExecutor
from autograd.programs.planning.planner import plan_of

if not all(importlib.util.find_spec(name) for name in ("llvmlite", "scipy")):
    pytest.skip("needs the extra fast", allow_module_level=True)

from autograd.programs.native.tensors.executor import TensorCode, TensorExecutor, obstacle

Array = np.ndarray[Any, Any]

CALLED = {
    *("concatenate_all", "einsum_all", "scatter", "getitem", "cumsum", "roll", "pad", "matmul"),
    *("class_targets", "class_score", "class_count", "getitem_at", "scatter_at"),
}
"""Rows that the executor calls, of some arguments or all, between two stretches of its own code."""


def both(output: Any, inputs: Sequence[Tensor]) -> tuple[TensorCode, Any]:
    """A graph with the native executor and with NumPy's."""
    plan = plan_of(output, inputs).plan
    return TensorCode(plan), NumpyExecutor(plan).at(None)


def compare(
    function: Callable[..., Any],
    arrays: Sequence[Array],
    tolerance: float = 1e-12,
    scale: float = 1.0,
    times: int = 1,
) -> TensorCode:
    """The output and the gradients of both executors, which are to be the same."""
    with np.errstate(all="ignore"):
        leaves = [Tensor(x, dtype=x.dtype) for x in arrays]
        output = function(*leaves)
        native, numpy = both(output, leaves)
        seed = np.linspace(0.5, 1.5, output.size).reshape(output.shape).astype(output.dtype)
        for _ in range(times):
            one, other = native.forward(arrays, []), numpy.forward(arrays, [])
            near(one[0], other[0], tolerance, scale)
            pairs = zip(
                native.backward(arrays, [], seed), numpy.backward(arrays, [], seed), strict=True
            )
            for g, h in pairs:
                near(g, h, tolerance, scale)
    return native


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sample", [each for each in ALL if each.slots], ids=repr)
def test_every_row_gives_what_numpy_gives(sample: Sample, dtype: Any) -> None:
    arrays = [np.asarray(x, dtype) for x in sample.arrays]
    finite = [np.abs(x[np.isfinite(x)]) for x in arrays]
    scale = max([1.0, *(float(np.max(x, initial=0.0)) for x in finite)])
    native = compare(sample, arrays, 1e-12 if dtype is np.float64 else 1e-5, scale, times=2)
    called = {
        group.operations[0].name for part in native.parts for group in part if group.kind == "call"
    }
    # What mixes dtypes, or has no terms, may be called whole.
    mixed = any(np.asarray(x).dtype not in (dtype, bool) for x in sample.plain if np.ndim(x))
    empty = any(np.size(x) == 0 for x in arrays)
    assert called <= CALLED or (mixed and dtype is np.float32) or empty


NETWORKS: dict[str, Callable[[Any], tuple[Any, Callable[..., Any], int]]] = {
    "T1": lambda dtype: (
        nn.MLP(2, [16, 16, 1], activation="relu", rng=0, dtype=dtype),
        nn.hinge,
        100,
    ),
    "T2": lambda dtype: (
        nn.MLP(64, [128, 10], activation="relu", rng=0, dtype=dtype),
        nn.cross_entropy,
        64,
    ),
    "T3": lambda dtype: (
        nn.MLP(78, [25, 10], activation="relu", rng=0, dtype=dtype),
        nn.cross_entropy,
        12,
    ),
    "T4": lambda dtype: (
        nn.MLP(30, [20, 10, 10, 10], activation="relu", norm="batch", rng=0, dtype=dtype),
        nn.cross_entropy,
        20,
    ),
    "T5": lambda dtype: (
        nn.MLP(50, [50] * 10 + [10], activation="tanh", rng=0, dtype=dtype),
        nn.cross_entropy,
        10,
    ),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_training_step_of_a_network_is_the_eager_one(name: str, dtype: Any) -> None:
    model, loss, batch = NETWORKS[name](dtype)
    rng = np.random.default_rng(1)
    for parameter in model.parameters():
        parameter.data += (0.05 * rng.normal(size=parameter.shape)).astype(dtype)
    wide = model.parameters()[0].shape[1]
    outputs = model.parameters()[-1].shape[-1]

    def drawn() -> tuple[Array, Array]:
        x = rng.normal(size=(batch, wide)).astype(dtype)
        if loss is nn.hinge:
            return x, np.sign(rng.normal(size=(batch, 1))).astype(dtype)
        return x, np.eye(outputs, dtype=dtype)[rng.integers(0, outputs, batch)]

    first = [Tensor(x, requires_grad=False, dtype=dtype) for x in drawn()]

    def objective(x: Any, t: Any) -> Any:
        return loss(model(x), t) + nn.regularisers.l2(model, 1e-3)

    program = autograd.compile(objective(*first), inputs=first, executor="native")
    assert program.stats.executor == "native"
    for _ in range(3):
        x, t = drawn()
        out = program(x, t)
        program.backward()
        found = gradients(model.parameters())
        expected = objective(x, t)
        expected.backward()
        tolerance = 1e-12 if dtype is np.float64 else 1e-5
        near(out, expected.data, 10 * tolerance)
        check_gradients(found, gradients(model.parameters()), 10 * tolerance, 1.0)


def test_batch_normalisation_follows_its_averages_natively() -> None:
    def trained(compiled: bool) -> list[Array]:
        model = nn.MLP(5, [4, 3], norm="batch", rng=0)
        x = Tensor(numbers(7, 5), requires_grad=False)
        if compiled:
            program = autograd.compile(autograd.sum(model(x) ** 2), inputs=[x], executor="native")
            for i in range(3):
                program(numbers(7, 5) * (i + 1))
                program.backward()
        else:
            model(x)
            for i in range(3):
                autograd.sum(model(numbers(7, 5) * (i + 1)) ** 2).backward()
        return [np.array(x) for x in model.state_dict().values()]

    for one, other in zip(trained(True), trained(False), strict=True):
        near(one, other)


def test_dropout_draws_anew_and_a_second_backward_pass_keeps_what_was_drawn() -> None:
    x = Tensor(numbers(6, 5))
    layer = nn.Dropout(0.5, rng=0)
    program = autograd.compile(autograd.sum(layer(x) * 2), inputs=[x], executor="native")
    one, other = program(np.ones((6, 5))), program(np.ones((6, 5)))
    assert one != other
    program.backward()
    program.backward()
    # Each of the two passes has 2 / keep where the mask is 1: what the output counts.
    assert np.sum(x.grad) == pytest.approx(2 * other)


SHAPES = [
    (),
    (1,),
    (3,),
    (2, 3),
    (4, 1),
    (1, 3),
    (2, 4, 3),
    (2, 1, 1),
    (0, 3),
    (17,),
    (9, 33),
    (100,),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("one", SHAPES, ids=str)
@pytest.mark.parametrize("other", SHAPES, ids=str)
def test_arrays_of_all_shapes_are_broadcast(one: Any, other: Any, dtype: Any) -> None:
    try:
        np.broadcast_shapes(one, other)
    except ValueError:
        return
    arrays = [numbers(*one).astype(dtype), numbers(*other, low=0.5).astype(dtype)]
    tolerance = 1e-12 if dtype is np.float64 else 1e-5
    compare(lambda x, y: autograd.tanh(x * y) - x / y, arrays, tolerance)


AXES = [None, 0, -1, 1, (0, 2), (0, 1), (1, 2), (2, 0)]


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (0, 2, 1)], ids=str)
@pytest.mark.parametrize(
    "name", ["sum", "mean", "centre", "max", "min", "prod", "sum_squares", "var"]
)
def test_arrays_are_reduced_along_all_axes_in_any_order(name: str, order: Any, axis: Any) -> None:
    row = autograd.registry[name]

    def function(x: Any) -> Any:
        return row(autograd.transpose(x, axes=order) * 1.5, axis=axis)

    compare(function, [numbers(5, 11, 9)])
    compare(lambda x: row(autograd.transpose(x, axes=order), axis=axis), [numbers(5, 11, 9)])
    compare(function, [numbers(5, 11, 9).astype(np.float32)], 1e-5)


SIZES = [
    (1, 1, 1),
    (3, 1, 4),
    (1, 5, 4),
    (7, 5, 1),
    (5, 2, 3),
    (40, 3, 70),
    (33, 17, 20),
    (64, 64, 64),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_products_of_matrices_in_any_order(size: Any, turned: Any, dtype: Any) -> None:
    m, k, n = size
    x = numbers(*((k, m) if turned[0] else (m, k))).astype(dtype)
    y = numbers(*((n, k) if turned[1] else (k, n))).astype(dtype)

    def function(x: Any, y: Any) -> Any:
        x, y = (each.T if turn else each for each, turn in zip((x, y), turned, strict=True))
        return x @ y + autograd.sum(x) * 0.01

    compare(function, [x, y], 1e-12 if dtype is np.float64 else 1e-5, scale=4.0 * k)


def test_products_of_matrices_that_lie_backwards_or_in_steps() -> None:
    def function(x: Any, y: Any) -> Any:
        return autograd.tanh(x[::2, ::-1] @ y[:, ::3]) @ y[::-1, 1::3].T

    compare(function, [numbers(9, 20), numbers(20, 33)], scale=100.0)


def test_special_numbers_go_through_as_in_numpy() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, 1e300, 5e-324, -2.5, 710.0, 3.0])
    y = np.roll(x, 1)
    for name in ("maximum", "minimum", "add", "mul", "div", "pow", "logaddexp"):
        compare(autograd.registry[name], [x, y])
    for name in ("relu", "exp", "log", "tanh", "sigmoid", "softplus", "sqrt", "abs", "log1p"):
        compare(autograd.registry[name], [x])
    for name in ("max", "min", "sum", "mean"):
        compare(lambda x, row=autograd.registry[name]: row(x), [x])
        compare(lambda x, row=autograd.registry[name]: row(x), [x[1:2]])


def test_inputs_without_contiguous_memory_and_of_another_order_are_taken() -> None:
    x, w = Tensor(numbers(4, 6)), Tensor(numbers(6, 3))
    program = autograd.compile(autograd.sum(autograd.tanh(x @ w)), inputs=[x], executor="native")
    for array in (numbers(6, 4).T, numbers(4, 12)[:, ::2], numbers(4, 6)[::-1]):
        eager = Tensor(array)
        expected = autograd.sum(autograd.tanh(eager @ w))
        near(program(array), expected.data)
        program.backward()
        found = gradients([x, w])
        expected.backward()
        check_gradients(found, gradients([eager, w]))
    w.data = np.asfortranarray(numbers(6, 3) * 2)
    near(program(numbers(4, 6)), np.sum(np.tanh(numbers(4, 6) @ (numbers(6, 3) * 2))))


def test_what_was_given_is_read_anew_also_where_it_was_copied() -> None:
    x = numbers(6, 4)
    native, _ = both(autograd.sum(leaf := Tensor(x.T)), [leaf])
    view = x.T
    near(native.forward([view], [])[0], np.sum(x))
    x *= 2
    near(native.forward([view], [])[0], np.sum(x))


def test_gradients_that_somebody_holds_are_not_written_over() -> None:
    x = Tensor(numbers(5))
    native, _ = both(autograd.sum(x * x), [x])
    one = np.ones(())
    held = []
    for i in range(4):
        native.forward([numbers(5) * i], [])
        held.append(native.backward([numbers(5) * i], [], one)[0][1:])
    for i, part in enumerate(held):
        near(part, 2 * numbers(5)[1:] * i)
    del held, part
    native.backward([numbers(5)], [], one)
    (g,) = native.backward([numbers(5)], [], one)
    assert np.shares_memory(g, next(iter(native.flat.values())))
    memory = id(native.flat)
    del g
    for _ in range(3):
        native.backward([numbers(5)], [], one)
        assert id(native.flat) == memory


def test_threads_that_share_a_program_get_their_own_numbers() -> None:
    x = Tensor(numbers(50, 20))
    program = autograd.compile(
        autograd.sum(autograd.exp(x), axis=-1), inputs=[x], executor="native"
    )
    wrong = []

    def work(k: int) -> None:
        array = numbers(50, 20) * k
        expected = np.sum(np.exp(array), axis=-1)
        for _ in range(100):
            if not np.allclose(program(array), expected, rtol=1e-12):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong


def test_code_is_found_again_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHALKGRAD_CACHE", str(tmp_path))
    x, y = Tensor(numbers(4, 3)), Tensor(numbers(3, 5))
    plans = [plan_of(autograd.sum(autograd.sin(x @ y)), [x, y]).plan for _ in range(2)]
    first, second = TensorCode(plans[0]), TensorCode(plans[1])
    assert not first.cached
    assert second.cached
    arrays = [x.data, y.data]
    near(first.forward(arrays, [])[0], second.forward(arrays, [])[0])


def test_a_plan_that_is_not_compiled_says_why() -> None:
    x = Tensor(numbers(4))
    assert obstacle(plan_of(autograd.sum(x), [x]).plan) is None
    long = x
    for _ in range(2000):
        long = autograd.sin(long)
    assert "instructions" in str(obstacle(plan_of(long, [x]).plan))
    called = plan_of(autograd.roll(x, shift=1), [x]).plan
    assert "roll" in str(obstacle(called))
    program = autograd.compile(autograd.roll(x, shift=1), inputs=[x])
    assert program.stats.executor == "numpy"
    assert "roll" in program.stats.why_not_native
    with pytest.raises(ValueError, match="roll"):
        autograd.compile(autograd.roll(x, shift=1), inputs=[x], executor="native")


def test_compiling_waits_for_the_first_run() -> None:
    x = Tensor(numbers(4))
    executor = TensorExecutor(plan_of(autograd.sum(x * x), [x]).plan)
    assert executor.buffer_bytes == 0
    near(executor.at(None).forward([numbers(4)], [])[0], np.sum(numbers(4) ** 2))
    assert executor.buffer_bytes > 0
    assert executor.at(None) is executor.at(None)


def test_rows_without_a_native_form_are_called_between_stretches_of_code() -> None:
    def function(x: Any) -> Any:
        y = autograd.cumsum(autograd.exp(x), axis=0) * 2
        return autograd.sum(autograd.einsum("ij,kj->ik", y, x) * 0.5) + autograd.sum(y)

    compare(function, [numbers(4, 5)], times=2)


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / (1.5 + y * y),
    "maximum": autograd.maximum,
    "where": lambda x, y: autograd.where(x.data > 0, x, y),
    "tanh": lambda x, y: autograd.tanh(x),
    "relu": lambda x, y: autograd.relu(x),
    "softmax": lambda x, y: autograd.softmax(x) if x.shape else x,
    "mean": lambda x, y: autograd.mean(x, axis=-1, keepdims=True) if x.shape else x,
    "first": lambda x, y: autograd.sum(x, axis=0) if x.shape else x,
    "flip": lambda x, y: x[::-1] if x.shape else x,
    "transpose": lambda x, y: autograd.transpose(x),
    "gram": lambda x, y: x @ x.T if x.shape else x,
    "column": lambda x, y: autograd.reshape(x, shape=(-1, 1)),
    "var": lambda x, y: autograd.var(x),
}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 9), st.integers(0, 9)),
        min_size=2,
        max_size=14,
    )
)
def test_random_graphs_are_what_the_eager_pass_is(steps: list[tuple[str, int, int]]) -> None:
    def function(*leaves: Any) -> Any:
        pool: list[Any] = [*leaves]
        for name, i, j in steps:
            x, y = pool[-1 - i % len(pool)], pool[-1 - j % len(pool)]
            try:
                np.broadcast_shapes(x.shape, y.shape)
            except ValueError:
                y = x
            out = OPERATIONS[name](x, y)
            assume(out.size <= 4000)
            assume(bool(np.all(np.abs(out.data) < 30)))
            pool.append(out)
        return sum((autograd.sum(x) for x in pool[-4:]), start=autograd.sum(leaves[0]))

    arrays = [numbers(3), numbers(2, 3), numbers(2, 1), numbers(), numbers(7, 12)]
    leaves = [Tensor(x) for x in arrays]
    output = function(*leaves)
    output.backward()
    reached = [(x, a) for x, a in zip(leaves, arrays, strict=True) if x.grad is not None]
    found = gradients([x for x, _ in reached])
    plan = plan_of(output, []).plan
    native = TensorCode(plan)
    given_leaves = [plan.registers[r].holds.data for r in plan.parameters]
    scale = max([1.0, *(float(np.max(np.abs(g))) for g in found)])
    for _ in range(2):
        near(native.forward([], given_leaves)[0], output.data, 1e-11, 1.0)
        result = native.backward([], given_leaves, np.ones(()))
        by_leaf = {leaf: g for (leaf, _), g in zip(plan.gradients, result, strict=True)}
        for (leaf, _), expected in zip(reached, found, strict=True):
            near(by_leaf[leaf], expected, 1e-11, scale)


def test_what_is_beyond_the_end_of_a_row_is_not_added_up() -> None:
    def function(x: Any, y: Any) -> Any:
        return autograd.sum(x * (x / y), axis=-1) + autograd.max(x / y - 9, axis=-1)

    for n in range(1, 20):
        compare(function, [numbers(2, n), numbers(2, n, low=0.5)])


@pytest.mark.parametrize("n", [*range(1, 20), 31, 33, 50, 58])
def test_every_length_of_a_row_is_read_and_written_whole(n: int) -> None:
    def function(x: Any, y: Any, w: Any) -> Any:
        hidden = autograd.relu(x * w + y)
        return autograd.mean(hidden * hidden * w, axis=0) + autograd.sum(hidden, axis=0)

    compare(function, [numbers(9, n), numbers(9, n, low=0.3), numbers(n)])
