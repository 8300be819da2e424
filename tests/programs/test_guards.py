"""A branch that Python took while recording is checked in every replay, and named when it changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs.replays import EXECUTORS, near

import autograd
from autograd import BranchChanged, Tensor, Value


def record(function: Any, *leaves: Any, **options: Any) -> autograd.Program:
    """A program of what a function records, with its branches."""
    with autograd.recording() as recorded:
        out = function(*leaves)
    return autograd.compile(out, inputs=list(leaves), recorded=recorded, **options)


def leaky(v: Any) -> Any:
    return v * 2.0 if v > 0 else v * 0.5


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_changed_branch_of_any_instance_raises_with_the_users_line(executor: str) -> None:
    v = Value(1.0, "v")
    program = record(leaky, v, executor=executor)
    near(program(np.array([1.0, 2.0])), [2.0, 4.0])
    with pytest.raises(BranchChanged, match=r"test_guards.py.*v \* 2.0 if v > 0 else") as error:
        program(np.array([1.0, 2.0, -1.0]))
    assert "instance 2" in str(error.value)
    with pytest.raises(ValueError, match="needs a run first"):
        program.backward()  # what was not accepted has no gradients
    near(program(np.array([3.0])), [6.0])


def test_a_changed_branch_of_a_tensor_raises() -> None:
    program = record(lambda t: t * 2.0 if t.sum() > 0 else -t, Tensor([1.0, 2.0], "t"))
    near(program(np.array([1.0, -0.5])), [2.0, -1.0])
    with pytest.raises(BranchChanged, match="the truth of an array was True"):
        program(np.array([1.0, -5.0]))


def test_a_changed_truth_raises() -> None:
    program = record(lambda v: v + 1.0 if v else v - 1.0, Value(1.0, "v"))
    near(program(np.array([2.0, -2.0])), [3.0, -1.0])
    with pytest.raises(BranchChanged, match="its truth"):
        program(np.array([2.0, 0.0]))


def test_a_changed_float_raises_and_the_same_one_does_not() -> None:
    program = record(lambda v, w: v * float(w), Value(1.0, "v"), Value(3.0, "w"))
    near(program(np.array([2.0]), 3.0), [6.0])
    with pytest.raises(BranchChanged, match="its number"):
        program(np.array([2.0]), 4.0)


def test_a_number_of_a_tensor_that_leaves_the_graph_is_guarded() -> None:
    program = record(lambda t: t * t.sum().item(), Tensor([1.0, 2.0], "t"))
    near(program(np.array([2.0, 1.0])), [6.0, 3.0])
    with pytest.raises(BranchChanged):
        program(np.array([2.0, 2.0]))


@pytest.mark.parametrize(
    ("function", "alike", "other"),
    [
        (np.argmax, [0.0, 5.0, 1.0], [5.0, 0.0, 1.0]),
        (np.argsort, [0.0, 9.0, 3.0], [5.0, 0.0, 1.0]),
        (np.flatnonzero, [2.0, 3.0, 1.0], [0.0, 2.0, 3.0]),
        (np.nonzero, [2.0, 3.0, 1.0], [0.0, 2.0, 3.0]),
        (np.isfinite, [2.0, 3.0, 1.0], [np.inf, 2.0, 3.0]),
        (lambda t: np.any(t > 0), [2.0, 3.0, 1.0], [-1.0, -2.0, -3.0]),
        (lambda t: np.count_nonzero(t), [2.0, -3.0, 1.0], [-1.0, 0.0, -3.0]),
        (lambda t: np.searchsorted([0.5, 2.5], t), [1.0, 7.0, 1.0], [1.0, 1.0, 7.0]),
    ],
)
def test_what_numpy_finds_in_a_node_is_guarded(function: Any, alike: Any, other: Any) -> None:
    """Where it is read. What is only calculated with is computed anew."""

    def choose(t: Any) -> Any:
        found = function(t)
        for each in found if isinstance(found, tuple) else (found,):
            np.asarray(each)
        return t * 2.0

    program = record(choose, Tensor([1.0, 3.0, 2.0], "t"))
    program(np.array(alike))
    with pytest.raises(BranchChanged, match=r"another way.*an array|fixed shapes"):
        program(np.array(other))


def test_what_numpy_finds_in_a_value_is_guarded_for_every_instance() -> None:
    def choose(v: Any) -> Any:
        return v * 2.0 if np.isfinite(v) else v

    program = record(choose, Value(1.0, "v"))
    program(np.array([1.0, 2.0]))
    with pytest.raises(BranchChanged, match=r"instance 1.*np.isfinite"):
        program(np.array([1.0, np.inf, 2.0]))


def test_a_guarded_node_need_not_lead_to_the_output() -> None:
    def choose(v: Any) -> Any:
        distance = (v - 3.0) ** 2
        return v * 2.0 if distance < 9.0 else v

    program = record(choose, Value(1.0, "v"))
    near(program(np.array([1.0, 5.0])), [2.0, 10.0])
    with pytest.raises(BranchChanged):
        program(np.array([1.0, 50.0]))


@pytest.mark.parametrize("other", [[0.5, 2.0, 3.0, 4.0], [[0.5], [4.0]], []])
@pytest.mark.parametrize("of_values", [True, False])
def test_a_value_beside_an_array_is_compared_with_each_of_its_numbers(
    of_values: bool, other: Any
) -> None:
    v, numbers = Value(1.0, "v"), np.array(other, float)
    array = autograd.values(numbers) if of_values else numbers
    with autograd.recording() as recorded:
        mask = v <= array
        output = v * (1.0 + np.sum(mask))
    np.testing.assert_array_equal(mask, numbers >= 1.0)
    assert mask.dtype == bool
    program = autograd.compile(output, inputs=[v], recorded=recorded)
    near(program(np.array([1.0, 1.5])), np.array([1.0, 1.5]) * (1.0 + np.sum(mask)))
    if numbers.size:
        with pytest.raises(BranchChanged):
            program(np.array([1.0, 0.25]))


def test_the_output_itself_may_be_guarded() -> None:
    x = autograd.values([1.0, 2.0, 3.0])
    with autograd.recording() as recorded:
        sums = autograd.cumsum(x)
        output = sums[autograd.argmax(sums)]
    program = autograd.compile(output, inputs=[x[0]], recorded=recorded)
    near(program(np.array([1.0, 4.0])), [6.0, 9.0])
    program.backward(np.array([1.0, 1.0]))
    assert [v.grad for v in x] == [2.0, 2.0, 2.0]


def test_a_comparison_of_a_node_that_needs_no_gradient_is_guarded() -> None:
    def choose(t: Any) -> Any:
        return w * 2.0 if (t * 2.0).sum() > 0 else w

    w = Value(1.0, "w")
    t = Tensor([1.0, 2.0], "t", requires_grad=False)
    with autograd.recording() as recorded:
        out = choose(t) * t.sum()
    program = autograd.compile(out, inputs=[t], recorded=recorded)
    program(np.array([1.0, 2.0]))
    with pytest.raises(BranchChanged):
        program(np.array([-1.0, -2.0]))


def test_a_parameter_that_crosses_a_guard_raises() -> None:
    w = Value(1.0, "w")
    program = record(lambda x: leaky(w) * x, Value(1.0, "x"))
    program(np.ones(2))
    w.data = -1.0
    with pytest.raises(BranchChanged):
        program(np.ones(2))


def test_the_decorator_notes_branches() -> None:
    w = Value(3.0, "w")

    @autograd.compile
    def f(x: float) -> Any:
        return w * x if x > 0 else w - x

    assert f(2.0) == 6.0
    f.backward()
    assert w.grad == 2.0
    assert f(4.0) == 12.0
    with pytest.raises(BranchChanged, match="w \\* x if x > 0"):
        f(-4.0)


def test_a_nan_that_stays_one_changes_nothing() -> None:
    program = record(lambda v: v * 2.0 if np.isnan(v) else v, Value(np.nan, "v"))
    assert np.isnan(program(np.array([np.nan])))[0]


def test_without_recording_the_branch_is_replayed_and_stats_say_so() -> None:
    v = Value(1.0, "v")
    program = autograd.compile(leaky(v), inputs=[v])
    near(program(np.array([-1.0])), [-2.0])
    assert program.stats.branches.startswith("not noted")
    assert program.stats.guards == 0
    assert record(leaky, Value(1.0)).stats.guards == 1
    assert "1 noted" in record(leaky, Value(1.0)).stats.branches


def test_shapes_are_no_branches() -> None:
    program = record(
        lambda t: t * np.ones_like(t) if np.ndim(t) == 1 and np.size(t) == 2 else t,
        Tensor([1.0, 2.0], "t"),
    )
    assert program.stats.guards == 0


def test_nodes_hold_no_guards() -> None:
    v = Value(1.0, "v")
    with autograd.recording() as recorded:
        leaky(v)
    assert len(recorded.notes) == 1
    assert not any("note" in name or "guard" in name for name in dir(v))
