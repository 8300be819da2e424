"""A program at its public edge: what goes in, what comes out, and the errors between."""

from __future__ import annotations

import copy
import pickle
import sys
import threading
from typing import Any

import numpy as np
import pytest
from programs.replays import EXECUTORS, near

import autograd
import nn
from autograd import ProgramError, StaleGraphError, Tensor, Value, registry


def squares() -> tuple[autograd.Program, Value, Value]:
    """(w x − 1)², for x."""
    x, w = Value(0.0, "x"), Value(3.0, "w")
    return autograd.compile((w * x - 1) ** 2, inputs=[x]), x, w


def affine(dtype: Any = np.float64) -> tuple[autograd.Program, Tensor, Tensor]:
    """Σ (x w)² for x of shape (3, 2)."""
    x, w = Tensor(np.ones((3, 2)), "x", dtype=dtype), Tensor([1.0, 2.0], "w", dtype=dtype)
    return autograd.compile(((x * w) ** 2).sum(), inputs=[x]), x, w


# --- inputs ---------------------------------------------------------------------------------------


def test_a_wrong_shape_names_the_input() -> None:
    with pytest.raises(ValueError, match=r"input 'x' has shape \(3, 2\) .* got \(2, 3\)"):
        affine()[0](np.ones((2, 3)))


def test_a_wrong_dtype_names_the_input() -> None:
    with pytest.raises(TypeError, match=r"input 'x' has dtype float32 .* got float64"):
        affine(np.float32)[0](np.ones((3, 2)))
    with pytest.raises(TypeError, match=r"input 'x' has dtype float64 .* got complex128"):
        affine()[0](np.ones((3, 2), complex))
    with pytest.raises(TypeError, match=r"input 'x' is a number, or a vector .* got complex128"):
        squares()[0](np.ones(3, complex))
    with pytest.raises(TypeError, match=r"input 'x' .* of shape \(2, 2\)"):
        squares()[0](np.ones((2, 2)))


def test_a_wrong_count_names_the_inputs() -> None:
    program, *_ = affine()
    with pytest.raises(TypeError, match=r"takes 1 inputs \('x'\), got 2"):
        program(np.ones((3, 2)), 1.0)
    with pytest.raises(TypeError, match="got 0"):
        program()


def test_rows_of_several_lengths_name_the_input() -> None:
    program, _, _ = affine()
    with pytest.raises(ValueError, match="input 'x' is no array"):
        program([[1.0, 2.0], [3.0, 4.0], [5.0]])


def test_inputs_of_different_lengths_are_an_error() -> None:
    x, y = Value(1.0, "x"), Value(2.0, "y")
    program = autograd.compile(x * y, inputs=[x, y])
    with pytest.raises(ValueError, match="input 'y' has 3 instances, the inputs before it 2"):
        program(np.ones(2), np.ones(3))


def test_no_instance_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one instance"):
        squares()[0](np.zeros(0))


def test_an_empty_tensor_is_an_input_like_others() -> None:
    x, w = Tensor(np.zeros((0, 2)), "x"), Tensor([1.0, 2.0], "w")
    program = autograd.compile((x * w).sum(), inputs=[x])
    assert program(np.zeros((0, 2))) == 0.0
    program.backward()
    near(w.grad, [0.0, 0.0])


@pytest.mark.parametrize(
    "given",
    [[[1, 2], [3, 4], [5, 6]], np.arange(1, 7).reshape(3, 2), Tensor([[1.0, 2], [3, 4], [5, 6]])],
)
def test_lists_integers_and_tensors_are_inputs(given: Any) -> None:
    program, _, w = affine()
    assert program(given) == 1 + 16 + 9 + 64 + 25 + 144
    program.backward()
    near(w.grad, [2.0 * 35, 4.0 * 56])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_output_that_no_instance_changes_is_given_for_each(executor: str) -> None:
    x, w = Value(1.5, "x"), Value(2.0, "w")
    with autograd.recording() as recorded:
        out = max(x, w) * 2.0
    program = autograd.compile(out, inputs=[x], recorded=recorded, executor=executor)
    near(program(np.array([1.0, 1.5, -3.0])), [4.0, 4.0, 4.0])
    program.backward()
    assert (w.grad, x.grad) == (2.0, None)


def test_a_number_is_the_same_for_all_instances() -> None:
    x, y = Value(1.0, "x"), Value(2.0, "y")
    program = autograd.compile(x * y, inputs=[x, y])
    near(program([1, 2, 3], 2), [2.0, 4.0, 6.0])
    assert program(Value(3.0), 2) == 6.0
    assert np.shape(program(3.0, 2.0)) == ()


def test_plain_numbers_give_a_number() -> None:
    w = Value(3.0, "w")
    f = autograd.compile(lambda x: (w * x, w + x))
    for x in (1.0, 2.0):
        with autograd.no_grad():
            out, other = f(x)
        assert isinstance(out, float)
        assert isinstance(other, float)
        assert (out, other) == (3.0 * x, 3.0 + x)
    f.backward()
    assert w.grad == 2.0
    v = Value(1.0, "v")
    program = autograd.compile(v * w, inputs=[v])
    assert isinstance(program(2.0), float)
    near(program([2.0]), [6.0])
    near(program(np.array([2.0, 3.0])), [6.0, 9.0])
    assert isinstance(autograd.compile(w * w, inputs=[])(), float)


def test_an_array_that_is_not_contiguous_is_an_input_like_others() -> None:
    program, *_ = affine()
    wide = np.arange(12.0).reshape(2, 6)
    near(program(wide.T[::2]), program(np.ascontiguousarray(wide.T[::2])))
    scalar, *_ = squares()
    near(scalar(wide[0, ::-2]), scalar(wide[0, ::-2].copy()))


def test_float32_stays_float32() -> None:
    program, x, w = affine(np.float32)
    out = program(np.ones((3, 2), np.float32))
    assert out.dtype == np.float32
    program.backward()
    assert w.grad.dtype == x.grad.dtype == np.float32


def test_an_unreached_input_is_an_error() -> None:
    x, y = Value(1.0, "x"), Value(2.0, "y")
    with pytest.raises(ValueError, match="input 1 \\('y'\\) does not reach the output"):
        autograd.compile(x * 2.0, inputs=[x, y])


def test_an_input_is_given_once() -> None:
    x = Value(1.0, "x")
    with pytest.raises(ValueError, match="same input is given twice"):
        autograd.compile(x * 2.0, inputs=[x, x])


def test_an_input_is_a_leaf() -> None:
    x = Value(1.0, "x")
    y = x * 2.0
    with pytest.raises(ValueError, match="input 0 is the result of mul"):
        autograd.compile(y + x, inputs=[y])
    with pytest.raises(TypeError, match="input 0 is a leaf or an array, got float"):
        autograd.compile(y + x, inputs=[2.0])
    with pytest.raises(TypeError, match="needs the leaves that change"):
        autograd.compile(y)
    with pytest.raises(TypeError, match="a node or a function, got float"):
        autograd.compile(2.0)


def test_integer_classes_are_found_by_identity() -> None:
    z, t = Tensor(np.zeros((3, 4)), "z"), np.array([0, 1, 2])
    program = autograd.compile(nn.cross_entropy(z, t), inputs=[z, t])
    logits, classes = np.random.default_rng(0).normal(size=(3, 4)), np.array([3, 3, 0])
    expected = Tensor(logits)
    out = nn.cross_entropy(expected, classes)
    out.backward()
    near(program(logits, classes), out.data)
    program.backward()
    near(z.grad, expected.grad)
    with pytest.raises(ValueError, match=r"class indices from 0 to 3, got 4 at \[1\]"):
        program(logits, np.array([0, 4, 0]))
    with pytest.raises(TypeError, match=r"input 1 has dtype int64 .* got float64"):
        program(logits, np.array([0.5, 1.0, 2.0]))


# --- the backward pass ----------------------------------------------------------------------------


def test_a_backward_pass_needs_a_run() -> None:
    with pytest.raises(ValueError, match="needs a run first"):
        squares()[0].backward()


def test_a_second_backward_pass_adds_the_same_again() -> None:
    program, _, w = affine()
    program(np.full((3, 2), 2.0))
    program.backward()
    once = w.grad.copy()
    program.backward()
    near(w.grad, 2 * once)


@pytest.mark.parametrize("fewer", [0, 1])
def test_gradients_that_somebody_holds_stay_however_python_counts_references(
    fewer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = sys.getrefcount
    # Python 3.14 counts one less of a local variable; this function counts one more by itself.
    monkeypatch.setattr(sys, "getrefcount", lambda x: count(x) - 1 - fewer)
    x, w = Tensor(np.ones((3, 2)), requires_grad=False), Tensor([1.0, 2.0], "w")
    program = autograd.compile(((x * w) ** 2).sum(), inputs=[x], executor="numpy")
    kept = []
    for factor in (1.0, 2.0, 3.0):
        program(np.full((3, 2), factor))
        program.backward()
        kept.append(w.grad)
        w.grad = None
    for factor, gradient in zip((1.0, 2.0, 3.0), kept, strict=True):
        near(gradient, 6 * factor**2 * w.data)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_seed_weighs_the_instances(executor: str) -> None:
    x, w = Value(0.0, "x"), Value(3.0, "w")
    program = autograd.compile((w * x - 1) ** 2, inputs=[x], executor=executor)
    program([1.0, 2.0])
    for seed, expected in ((None, 12.0), (np.ones(2), 24.0), ([0.0, 1.0], 20.0), (2.0, 48.0)):
        w.grad = None
        program.backward(seed)
        near(w.grad, expected)
    with pytest.raises(ValueError, match=r"one weight for each of 2 instances, got \(3,\)"):
        program.backward(np.ones(3))


@pytest.mark.parametrize("seed", ["one", 1j, np.array([1.0, None])])
def test_a_seed_that_is_no_real_number_is_an_error(seed: Any) -> None:
    for program, given in ((squares()[0], [1.0, 2.0]), (affine()[0], np.ones((3, 2)))):
        program(given)
        with pytest.raises(TypeError, match="a seed is made of real numbers"):
            program.backward(seed)


def test_a_seed_of_another_shape_is_an_error() -> None:
    x = Tensor([1.0, 2.0], "x")
    program = autograd.compile(x * x, inputs=[x])
    program(np.ones(2))
    with pytest.raises(ValueError, match=r"from an output of shape \(2,\) needs a seed"):
        program.backward()
    with pytest.raises(ValueError, match=r"a seed of shape \(2,\) was expected, got \(3,\)"):
        program.backward(np.ones(3))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_parameter_assigned_after_the_run_is_stale(executor: str) -> None:
    x, w = Value(0.0, "x"), Value(3.0, "w")
    program = autograd.compile((w * x - 1) ** 2, inputs=[x], executor=executor)
    program([1.0])
    w.data = 4.0
    with pytest.raises(StaleGraphError, match="data of w was assigned after the run"):
        program.backward()
    tensors, _, v = affine()
    tensors(np.ones((3, 2)))
    v.data = np.array([3.0, 3.0])
    with pytest.raises(StaleGraphError, match="data of w"):
        tensors.backward()
    tensors(np.ones((3, 2)))
    tensors.backward()
    near(v.grad, [18.0, 18.0])


def test_an_input_may_be_written_into_after_the_run() -> None:
    program, _, w = affine()
    batch = np.full((3, 2), 2.0)
    program(batch)
    batch[:] = -7.0
    program.backward()
    near(w.grad, [2 * 4.0 * 3, 2 * 4.0 * 3 * 2])
    scalar, _, v = squares()
    column = np.array([1.0, 2.0])
    scalar(column)
    column[:] = -7.0
    scalar.backward()
    near(v.grad, 12.0)


def test_a_constant_may_be_written_into_after_compiling() -> None:
    x, c = Tensor([1.0, 2.0], "x"), np.array([3.0, 4.0])
    program = autograd.compile((x * c).sum(), inputs=[x])
    c[:] = 0.0
    assert program(np.ones(2)) == 7.0
    program.backward()
    near(x.grad, [3.0, 4.0])


def test_what_a_program_gives_is_the_users() -> None:
    x = Tensor([1.0, 2.0], "x")
    program = autograd.compile(x * 2.0, inputs=[x])
    first = program(np.ones(2))
    program(np.zeros(2))
    near(first, [2.0, 2.0])
    program.backward(np.ones(2))
    gradient = x.grad
    program(np.zeros(2))
    program.backward(np.ones(2))
    assert gradient is not None
    near(gradient, [2.0, 2.0])


def test_leaves_that_are_no_inputs_are_read_at_each_run() -> None:
    program, _, w = squares()
    near(program([1.0]), [4.0])
    w.data = 1.0
    near(program([1.0]), [0.0])


# --- threads, copies ------------------------------------------------------------------------------


def test_threads_may_call_one_program() -> None:
    x, w = Tensor(np.ones(50), "x"), Tensor(2.0, "w")
    program = autograd.compile(autograd.tanh(x * w) * w, inputs=[x])
    wrong: list[int] = []

    def work(i: int) -> None:
        for _ in range(200):
            out = program(np.full(50, float(i)))
            if not np.allclose(out, np.tanh(2.0 * i) * 2.0, rtol=1e-12, atol=0):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_program_is_not_copied_and_says_why(copied: Any) -> None:
    program, *_ = squares()
    with pytest.raises(TypeError, match="belongs to its leaves"):
        copied(program)


# --- the first replay is verified -----------------------------------------------------------------


@pytest.fixture
def wrong_rows() -> Any:
    """Rows whose rule on letters is another one than on arrays: one forward, one backward."""

    def backward(out: Any, x: Any) -> Any:
        return 2 * x if isinstance(x, np.ndarray | float | np.floating) else 3 * x

    autograd.elementwise("wrong_slope", lambda x: x * x, np.square, backward, doc="A wrong rule.")
    autograd.fused(
        "wrong_parts",
        lambda x: x * 2.0,
        (lambda g, out, x: g * 2.0,),
        (lambda t, out, x: t * 2.0,),
        lambda x: x * 3.0,
        doc="A wrong composite.",
    )
    autograd.fused(
        "wrong_pull",
        lambda x: x * 2.0,
        (lambda g, out, x: g * (2.0 if isinstance(g, np.ndarray | np.floating) else 3.0),),
        (lambda t, out, x: t * 2.0,),
        lambda x: x * 2.0,
        doc="A wrong vjp.",
    )
    yield
    del registry["wrong_slope"], registry["wrong_parts"], registry["wrong_pull"]


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_a_rule_that_writes_down_something_else_is_found(kind: Any, wrong_rows: Any) -> None:
    x, w = kind(2.0, "x"), kind(1.5, "w")
    point = np.array([2.0]) if kind is Value else np.array(2.0)
    row = registry["wrong_slope" if kind is Value else "wrong_pull"]
    program = autograd.compile(row(x * w) * 2.0, inputs=[x])
    program(point)
    with pytest.raises(
        ProgramError, match=r"the gradient of w .* derivative of wrong_(slope|pull), made at"
    ):
        program.backward()
    assert w.grad is None


def test_a_composite_that_computes_something_else_is_found(wrong_rows: Any) -> None:
    x = Tensor([1.0, 2.0], "x")
    program = autograd.compile(registry["wrong_parts"](x * 2.0).sum(), inputs=[x])
    with pytest.raises(
        ProgramError, match=r"first instruction that differs is wrong_parts, made at"
    ):
        program(np.ones(2))


def test_cancellation_infinities_and_nan_are_no_differences() -> None:
    x = Tensor(np.ones(4), "x")
    big = autograd.sum(x * 1e16) - autograd.sum(x) * 1e16 + autograd.log(x).sum()
    program = autograd.compile(big, inputs=[x])
    for point in ([1.0, 1 / 3, 3.0, 7.0], [0.0, 1.0, 2.0, 3.0], [-1.0, np.inf, 2.0, np.nan]):
        fresh = autograd.compile(big, inputs=[x])
        fresh(np.array(point))
        fresh.backward()
        program(np.array(point))
        x.grad = None
    v = Value(1.0, "v")
    scalar = autograd.compile((v * 1e16 + v) - v * 1e16 + autograd.exp(v * 800.0), inputs=[v])
    scalar(np.array([1 / 3, 1.0, np.nan]))
    scalar.backward()


def test_a_sum_that_is_0_or_nearly_0_may_be_on_either_side_of_a_kink() -> None:
    # The last row's middle element is its mean: less the mean it is 0 by one way to add up, and 1e-17 by
    # another.
    x = Tensor(
        [
            [-0.52, 1.9521359549995796, 0.42427190999915965],
            [-1.1035921350012607, 1.3685438199983189, -0.15932022500210152],
            [1.729223594996217, 0.20135954999579653, -1.3265044950046239],
        ],
        "x",
    )
    program = autograd.compile(abs(autograd.layer_norm(x)).sum(), inputs=[x], executor="numpy")
    program(x.data)
    program.backward()


def test_what_a_conversion_overflows_is_verified_as_converted() -> None:
    x = Tensor([1e300, -1e300, 0.1], "x")
    with np.errstate(over="ignore"):
        program = autograd.compile(autograd.astype(x, dtype=np.float32), inputs=[x])
        near(program(x.data), np.array([np.inf, -np.inf, 0.1], np.float32))


def test_verifying_can_be_left_out(wrong_rows: Any) -> None:
    x = Tensor([1.0, 2.0], "x")
    program = autograd.compile(registry["wrong_parts"](x).sum(), inputs=[x], verify=False)
    assert program(np.ones(2)) == 6.0


# --- looking at it --------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_stats_tell_the_memory_of_every_executor(executor: str) -> None:
    x, w = Value(0.0, "x"), Value(3.0, "w")
    program = autograd.compile(autograd.tanh(w * x) * w, inputs=[x], executor=executor)
    assert program.stats.buffer_bytes == 0  # nothing has been run
    program(np.ones(100))
    assert program.stats.buffer_bytes > 0  # how many instances a block has depends on the processor


def test_the_source_and_the_stats_say_what_a_program_does() -> None:
    program, *_ = squares()
    assert "= mul(r" in program.source
    assert "gradient of w" in program.source
    stats = program.stats
    assert stats.forward >= 3
    assert stats.backward >= 2
    assert stats.recorded == 3
    assert "instructions forward" in repr(program)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: 1 / autograd.sum(x * 0.0),
        lambda x: 1 / (x.reshape((3, 1)) * -0.0).sum(axis=1),
        lambda x: 1 / (-x.reshape((3, 1)) @ np.zeros((1, 2))),
        lambda x: autograd.arctan2(x.reshape((3, 1)).sum(axis=1) * -0.0, -1.0 - x * x),
        lambda x: autograd.arctan2((-x).reshape((3, 1)) @ np.zeros((1, 1)), -1.0),
        lambda x: (x * -0.0).sum() ** -1.0 + (x * 0.0).mean() ** -1.0,
    ],
)
@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_the_sign_of_a_zero_is_no_difference_on_a_first_replay(
    function: Any, executor: str
) -> None:
    zeros = np.array([0.0, -0.0, 1.0])
    x = Tensor(zeros, "x")
    with np.errstate(all="ignore"):
        program = autograd.compile(function(x), inputs=[x], executor=executor)
        out = program(zeros)
        program.backward(np.ones_like(out))


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("join", [autograd.sum, lambda v: autograd.dot(v, v[::-1])])
def test_the_sign_of_a_zero_that_was_added_up_is_no_difference(join: Any, executor: str) -> None:
    a, b = Value(-0.0, "a"), Value(1.0, "b")
    program = autograd.compile(1 / join(np.array([a, b]) * -0.0), inputs=[a, b], executor=executor)
    assert np.isinf(program(-0.0, 1.0))
    program.backward()


def test_a_difference_beside_zeros_is_still_found(wrong_rows: Any) -> None:
    x = Tensor([-1.0, 0.0], "x")
    program = autograd.compile(registry["wrong_parts"](x * 2.0).sum(), inputs=[x])
    with pytest.raises(ProgramError):
        program(np.array([-1.0, 0.0]))
