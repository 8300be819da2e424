"""What leaves a graph while it is recorded: a replay computes it anew, or says that it cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs.replays import gradients, near

import autograd
import nn
from autograd import BranchChanged, Tensor, Value

A, B = np.array([1.0, 2.0]), np.array([10.0, -30.0])


def detached(w: Any, x: Any) -> Any:
    y = w * x
    return (y * y.detach() + y / (1.0 + abs(w.detach()))).sum()


def without_gradient(w: Any, x: Any) -> Any:
    with autograd.no_grad():
        largest = autograd.max(autograd.abs(w * x))
    return (w * x / largest).sum()


@pytest.mark.parametrize("function", [detached, without_gradient])
def test_where_gradients_stop_a_replay_computes_anew(function: Callable[..., Any]) -> None:
    w, other = Tensor([3.0, -2.0], "w"), Tensor([3.0, -2.0])
    run = autograd.compile(lambda x: function(w, x))
    for x in (A, B, A):
        expected = function(other, Tensor(x, requires_grad=False))
        expected.backward()
        near(run(x), expected.data)
        run.backward()
        near(*(gradients([leaf])[0] for leaf in (w, other)))


def test_a_detached_value_is_computed_anew_for_every_instance() -> None:
    w = Value(2.0, "w")
    run = autograd.compile(lambda x: (w * x).detach() * w + w)
    near(run(3.0), 14.0)
    near(run(4.0), 18.0)
    run.backward()
    assert w.grad == 9.0


def test_a_detached_tensor_needs_no_gradient_while_recording_either() -> None:
    w = Tensor(A, "w")
    with autograd.recording():
        constant = (w * 2.0).detach()
        with autograd.no_grad():
            product = w * 2.0
    assert not constant.requires_grad
    assert not product.requires_grad
    assert constant.parents == product.parents == ()


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.data,
        lambda x: x.numpy(),
        lambda x: np.asarray(x),
        lambda x: np.array(x.tolist()),
    ],
    ids=["data", "numpy", "asarray", "tolist"],
)
def test_numbers_that_are_read_while_recording_are_guarded(read: Callable[[Any], Any]) -> None:
    w = Tensor([3.0, -2.0], "w")

    def scaled(x: Any) -> Any:
        largest = read(x).max()
        return (w * x / largest).sum()

    run = autograd.compile(scaled)
    near(run(A), np.float64(-0.5))
    near(run(A), np.float64(-0.5))
    with pytest.raises(BranchChanged, match=r"its data was .*test_leaving"):
        run(B)


def test_the_number_of_a_value_that_is_read_is_guarded_for_every_instance() -> None:
    x, w = Value(2.0, "x"), Value(3.0, "w")
    with autograd.recording() as recorded:
        out = w * x / x.data
    program = autograd.compile(out, inputs=[x], recorded=recorded)
    near(program(np.array([2.0, 2.0])), [3.0, 3.0])
    with pytest.raises(BranchChanged, match="instance 1"):
        program(np.array([2.0, 4.0]))


def test_what_the_library_reads_to_check_is_no_guard() -> None:
    w = Tensor(np.ones((3, 2)), "w")
    run = autograd.compile(lambda x: nn.cross_entropy(w * x, np.array([0, 1, 1])))
    run(A)
    run(B)
    assert run.last is not None
    assert run.last.stats.guards == 0


def test_a_compiled_function_inside_another_is_part_of_it() -> None:
    w = Tensor([3.0, -2.0], "w")
    inner = autograd.compile(lambda x: (w * x).sum())
    outer = autograd.compile(lambda x: inner(x) * (w * x).sum())
    for x in (A, B):
        w.grad = None
        total = (w.data * x).sum()
        near(outer(x), total**2)
        outer.backward()
        near(w.grad, 2 * total * x)


def test_a_method_is_compiled_for_each_object() -> None:
    class Scaled:
        def __init__(self, w: float) -> None:
            self.w = Tensor([w], "w")

        @autograd.compile
        def total(self, x: Any) -> Any:
            return (self.w * x).sum()

    one, two = Scaled(2.0), Scaled(5.0)
    for x in (A, B):
        near(one.total(x), 2.0 * x.sum())
        near(two.total(x), 5.0 * x.sum())
    two.total.backward()
    assert one.w.grad is None
    near(two.w.grad, [B.sum()])


# --- states ---------------------------------------------------------------------------------------


def network() -> Any:
    layers = (nn.Linear(2, 3, rng=0), nn.BatchNorm1d(3), nn.Dropout(0.5, rng=1))
    return nn.Sequential(*layers)


def test_a_compiled_function_is_recorded_for_each_mode_of_a_network() -> None:
    model, twin = network(), network()
    x = np.random.default_rng(0).normal(size=(6, 2))
    run = autograd.compile(lambda x: (model(x) ** 2).sum())
    for training in (True, False, True, True, False):
        for each in (model, twin):
            each.train(training)
        near(run(x), (twin(x) ** 2).sum().data)
    assert len(run.programs) == 2


def test_a_program_says_that_the_mode_of_a_network_has_changed() -> None:
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Dropout(0.5, rng=1))
    x = Tensor(np.ones((4, 2)), "x", requires_grad=False)
    with autograd.recording() as recorded:
        out = model(x).sum()  # this line
    program = autograd.compile(out, inputs=[x], recorded=recorded)
    program(np.ones((4, 2)))
    model.eval()
    with pytest.raises(
        BranchChanged, match=r"training of Dropout: is False and was True.*this line"
    ):
        program(np.ones((4, 2)))
