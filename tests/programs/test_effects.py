"""Randomness and effects happen again with every replay, once each, as with every eager call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs.replays import near

import autograd
import nn
from autograd import Tensor, Value

ONES = np.ones((3, 5))
BATCHES = np.random.default_rng(0).normal(2.0, 3.0, size=(6, 8, 4))


def test_two_replays_of_dropout_draw_two_masks() -> None:
    x = Tensor(ONES, "x")
    program = autograd.compile(nn.Dropout(0.5, rng=0)(x), inputs=[x])
    assert not np.array_equal(program(ONES), program(ONES))


def test_replays_of_dropout_draw_what_eager_calls_would_draw_next() -> None:
    layer, twin = nn.Dropout(0.3, rng=11), nn.Dropout(0.3, rng=11)
    x = Tensor(ONES, "x")
    program = autograd.compile(layer(x), inputs=[x])
    twin(Tensor(ONES))  # the recording itself drew the first
    for _ in range(4):
        np.testing.assert_array_equal(program(ONES), twin(Tensor(ONES)).data)


def test_the_first_call_of_a_compiled_function_draws_once() -> None:
    layer, twin = nn.Dropout(0.3, rng=11), nn.Dropout(0.3, rng=11)
    w = Tensor(2.0, "w")
    run = autograd.compile(lambda x: (layer(x * w) * w).sum())
    for _ in range(3):
        expected = Tensor(2.0)
        out = (twin(Tensor(ONES) * expected) * expected).sum()
        out.backward()
        near(run(ONES), out.data)
        w.grad = None
        run.backward()
        near(w.grad, expected.grad)


def test_the_gradient_is_that_of_the_mask_that_was_drawn() -> None:
    x = Tensor(ONES, "x")
    program = autograd.compile(nn.Dropout(0.5, rng=3)(x * 2.0), inputs=[x])
    for _ in range(3):
        out = program(ONES)
        program.backward(ONES)
        np.testing.assert_array_equal(x.grad, out)
        x.grad = None


def test_a_second_backward_pass_has_the_same_mask() -> None:
    layer = nn.Dropout(0.5, rng=3)
    x = Tensor(ONES, "x")
    program = autograd.compile(autograd.tanh(layer(x * 2.0)), inputs=[x])
    program(ONES)
    program.backward(ONES)
    once = np.array(x.grad)
    state = layer.rng.bit_generator.state
    program.backward(ONES)
    np.testing.assert_array_equal(x.grad, 2 * once)
    assert layer.rng.bit_generator.state == state


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_what_was_drawn_lies_in_memory_that_nothing_before_it_used(executor: str) -> None:
    # The products with constants are needed by nobody else: their memory is free when the mask is drawn.
    turn = np.random.default_rng(1).normal(size=(5, 5))
    layer, twin = nn.Dropout(0.3, rng=11), nn.Dropout(0.3, rng=11)
    w, other = Tensor(np.ones(5), "w"), Tensor(np.ones(5))

    def step(x: Any, w: Any, drop: Any) -> Any:
        h = autograd.tanh(x @ turn @ turn @ turn)
        return (drop(h) * w).sum()

    run = autograd.compile(lambda x: step(x, w, layer), executor=executor)
    for _ in range(3):
        expected = step(Tensor(ONES, requires_grad=False), other, twin)
        near(run(ONES), expected.data)
        for _ in range(2):  # the second pass computes what the first wrote over
            run.backward()
            expected.backward()
        near(w.grad, other.grad)
        w.grad = other.grad = None


def test_verifying_draws_nothing() -> None:
    layers = [nn.Dropout(0.5, rng=3) for _ in range(2)]
    for layer, verify in zip(layers, (True, False), strict=True):
        x = Tensor(ONES, "x")
        program = autograd.compile(layer(x).sum(), inputs=[x], verify=verify)
        program(ONES)
        program.backward()
    states = [layer.rng.bit_generator.state for layer in layers]
    assert states[0] == states[1]


def test_rrelu_draws_its_slopes_anew() -> None:
    layer, twin = nn.RReLU(rng=2), nn.RReLU(rng=2)
    x = Tensor(-ONES, "x")
    program = autograd.compile(layer(x), inputs=[x])
    twin(Tensor(-ONES))
    for _ in range(3):
        np.testing.assert_array_equal(program(-ONES), twin(Tensor(-ONES)).data)


def test_dropout_on_values_draws_a_mask_for_each_instance() -> None:
    layer = nn.Dropout(0.5, rng=0)
    x, w = Value(1.0, "x"), Value(3.0, "w")
    program = autograd.compile(layer(np.array([x, x]))[0] * w, inputs=[x])
    out = program(np.ones(200))
    assert set(out.tolist()) == {0.0, 6.0}
    assert 60 < np.count_nonzero(out) < 140
    program.backward(np.ones(200))
    assert w.grad == out.sum() / 3
    program.backward(np.ones(200))
    assert w.grad == 2 * out.sum() / 3


def test_a_number_that_no_instance_changes_is_dropped_for_each_of_them() -> None:
    layer = nn.Dropout(0.5, rng=0)
    x, w = Value(1.0, "x"), Value(3.0, "w")
    program = autograd.compile(x * layer(w), inputs=[x])
    out = program(np.ones(100))
    assert set(out.tolist()) == {0.0, 6.0}
    program.backward(np.ones(100))
    assert w.grad == out.sum() / 3


def test_a_scalar_program_with_dropout_says_why_it_is_not_native() -> None:
    pytest.importorskip("llvmlite")
    x = Value(1.0, "x")
    program = autograd.compile(nn.Dropout(0.5, rng=0)(x) * x, inputs=[x])
    assert program.stats.executor == "numpy"
    assert "random_like" in program.stats.why_not_native


@pytest.mark.parametrize("running", ["exponential", "average"])
def test_running_averages_move_with_every_replay(running: str) -> None:
    layer, twin = (nn.BatchNorm1d(4, running=running) for _ in range(2))
    x = Tensor(BATCHES[0], "x")
    program = autograd.compile(layer(x), inputs=[x])
    twin(Tensor(BATCHES[0]))
    for batch in BATCHES[1:]:
        program(batch)
        program.backward(batch)
        program.backward(batch)
        twin(Tensor(batch))
    for name, leaf in twin.state_dict().items():
        near(layer.state_dict()[name], leaf)


def test_running_averages_move_once_with_the_first_call_of_a_compiled_function() -> None:
    layer, twin = nn.BatchNorm1d(4), nn.BatchNorm1d(4)
    run = autograd.compile(lambda x: layer(x).sum())
    for batch in BATCHES:
        run(batch)
        run.backward()
        twin(Tensor(batch))
    for name, leaf in twin.state_dict().items():
        near(layer.state_dict()[name], leaf)


def test_running_averages_move_in_a_program_of_values() -> None:
    layer, twin = nn.BatchNorm1d(2).to_scalars(), nn.BatchNorm1d(2).to_scalars()
    batches = BATCHES[:, :3, :2]
    x = autograd.values(batches[0], "x")
    program = autograd.compile(autograd.sum(layer(x) * 2.0), inputs=list(x.flat))
    program(*batches[1:].reshape(5, 6).T)  # five batches at once, one after the other
    program.backward()
    for batch in batches:
        twin(autograd.values(batch))
    for name, leaf in twin.state_dict().items():
        near(layer.state_dict()[name], leaf)


def test_gradcheck_and_letters_do_not_move_running_averages() -> None:
    calls: list[Any] = []

    def track(mean: Any, variance: Any) -> None:
        calls.append((np.ravel(mean).copy(), np.ravel(variance).copy()))

    x = Tensor(BATCHES[0], "x")
    out = autograd.batch_norm(x, track=track)
    assert len(calls) == 1
    near(calls[0][0], BATCHES[0].mean(axis=0))
    near(calls[0][1], BATCHES[0].var(axis=0))
    out.sum().backward(create_graph=True)
    program = autograd.compile(out, inputs=[x])
    assert len(calls) == 1
    program(BATCHES[1])
    program.backward(BATCHES[1])
    assert len(calls) == 2
    near(calls[1][1], BATCHES[1].var(axis=0))


def test_a_sample_of_another_shape_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"random_like.*shape \(2,\) where \(3,\)"):
        autograd.random_like(Tensor(np.zeros(3)), sample=lambda shape: np.zeros(2))


def test_what_is_made_of_drawn_numbers_alone_is_drawn_anew_too() -> None:
    rng = np.random.default_rng(0)
    noise = autograd.random_like(np.zeros(3), sample=rng.random)  # of an array: a constant
    x = Tensor(np.zeros(3), "x", requires_grad=False)
    w = Tensor(np.ones(3), "w")
    drawn = autograd.random_like(x, sample=rng.random) * 2.0 - 1.0
    program = autograd.compile(w * (x + drawn) + noise, inputs=[x])
    assert not np.array_equal(program(np.zeros(3)), program(np.zeros(3)))


def test_a_row_that_gives_its_own_argument_is_followed_like_any_other() -> None:
    told: list[float] = []

    def tracked(y: Any, x: Any) -> None:
        told.append(float(np.sum(y)))

    w = Tensor([1.0, 2.0, 3.0], "w")

    @autograd.compile
    def fast(labels: Any) -> Any:
        rows = autograd.class_targets(np.zeros((2, 3)), labels)
        return autograd.sum(w * autograd.track_moments(rows, rows, track=tracked))

    assert float(np.asarray(fast(np.array([0, 1])).data)) == 3.0
    assert float(np.asarray(fast(np.array([2, 2])).data)) == 6.0
    assert len(told) >= 2


def test_numbers_drawn_in_the_shape_of_followed_ones_have_their_dtype() -> None:
    def drawn(x: Any, t: Any) -> Any:
        return x.sum() + autograd.random_like(t.astype(np.float32), sample=np.ones).sum()

    compiled = autograd.compile(drawn, executor="numpy")
    x, t = np.ones(2, np.float32), np.arange(3)
    for _ in range(2):
        assert compiled(x, t).dtype == np.float32 == drawn(Tensor(x), t).dtype
        assert compiled(x, t) == 5.0
