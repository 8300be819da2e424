"""A replay asks of its numbers what the eager call asks, and says it in the same words."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs.replays import EXECUTORS, near

import autograd
import nn
from autograd import Tensor, Value

LOGITS = np.array([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]])
SURE = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
NEGATIVE = np.array([[0.2, 0.3, 0.5], [1.5, -0.5, 0.0]])
TOO_MUCH = np.array([[0.2, 0.3, 0.5], [0.9, 0.2, 0.1]])
SCORES, SIGNS = np.array([0.5, -2.0]), np.array([1.0, -1.0])
HALVES, OUTSIDE = np.array([0.25, 0.5]), np.array([0.25, 1.5])
BELOW, YES_NO = np.array([-0.1, 0.5]), np.array([1.0, 0.0])
CLASSES, NO_CLASSES = np.array([0, 2]), np.array([0, 3])

power = nn.Power(2, 2, learn=True, rng=0)
power.W.data = np.eye(2) + 0.5

CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...], tuple[Any, ...]]] = {
    "hinge": (nn.hinge, (SCORES, SIGNS), (SCORES, np.array([1.0, 0.0]))),
    "hinge, whole": (nn.hinge, (SCORES, np.array([1, -1])), (SCORES, np.array([1, 0]))),
    "perceptron": (nn.perceptron_loss, (SCORES, SIGNS), (SCORES, np.array([2.0, 1.0]))),
    "cross_entropy, sum": (nn.cross_entropy, (LOGITS, SURE), (LOGITS, TOO_MUCH)),
    "cross_entropy, below 0": (nn.cross_entropy, (LOGITS, SURE), (LOGITS, NEGATIVE)),
    "cross_entropy, classes": (nn.cross_entropy, (LOGITS, CLASSES), (LOGITS, NO_CLASSES)),
    "multiclass_hinge": (nn.multiclass_hinge, (LOGITS, CLASSES), (LOGITS, NO_CLASSES)),
    "kl": (nn.kl_divergence, (SURE, SURE), (SURE, TOO_MUCH)),
    "kl, prediction": (nn.kl_divergence, (SURE, SURE), (-SURE, SURE)),
    "kl of logits": (nn.kl_divergence_with_logits, (LOGITS, SURE), (LOGITS, NEGATIVE)),
    "KLDivLoss": (nn.KLDivLoss(), (np.log(SURE + 0.1), SURE), (np.log(SURE + 0.1), NEGATIVE)),
    "bce": (nn.binary_cross_entropy, (HALVES, YES_NO), (HALVES, 2 * YES_NO)),
    "bce, prediction": (nn.binary_cross_entropy, (HALVES, YES_NO), (OUTSIDE, YES_NO)),
    "bce, prediction below 0": (nn.binary_cross_entropy, (HALVES, YES_NO), (BELOW, YES_NO)),
    "bce of logits": (
        nn.binary_cross_entropy_with_logits,
        (SCORES, YES_NO),
        (SCORES, 2 * YES_NO),
    ),
    "bce of logits, whole": (
        nn.binary_cross_entropy_with_logits,
        (SCORES, np.array([1, 0])),
        (SCORES, np.array([2, 0])),
    ),
    "binary kl": (nn.binary_kl_divergence, (HALVES, YES_NO), (HALVES, -YES_NO)),
    "binary kl of logits": (
        nn.binary_kl_divergence_with_logits,
        (SCORES, HALVES),
        (SCORES, OUTSIDE),
    ),
    "power": (lambda z: power(z).sum(), (np.ones(2),), (np.array([1.0, -3.0]),)),
}


def error_of(call: Callable[[], Any]) -> str:
    """What a call raises, as text."""
    with pytest.raises(ValueError) as error:  # noqa: PT011  (the texts are compared)
        call()
    return str(error.value)


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("name", CASES)
def test_a_replay_raises_what_the_eager_loss_raises(name: str, executor: str) -> None:
    loss, good, bad = CASES[name]
    w = Tensor(1.0, "w")
    run = autograd.compile(lambda x, *rest: loss(x * w, *rest), executor=executor)
    expected = run(*good)
    wanted = error_of(lambda: loss(Tensor(bad[0]), *bad[1:]))
    assert error_of(lambda: run(*bad)) == wanted
    near(run(*good), expected)
    run.backward()
    assert w.grad is not None


@pytest.mark.parametrize("name", [name for name in CASES if "whole" not in name])
def test_a_recorded_graph_raises_it_too(name: str) -> None:
    loss, good, bad = CASES[name]
    leaves = [Tensor(x, requires_grad=False) if x.dtype == float else x for x in good]
    with autograd.recording() as recorded:
        out = loss(*leaves)
    program = autograd.compile(out, inputs=leaves, recorded=recorded)
    program(*good)
    wanted = error_of(lambda: loss(Tensor(bad[0]), *bad[1:]))
    assert error_of(lambda: program(*bad)) == wanted


@pytest.mark.parametrize("executor", EXECUTORS)
def test_every_instance_of_a_graph_of_values_is_asked(executor: str) -> None:
    w = Value(2.0, "w")
    run = autograd.compile(lambda s, t: nn.hinge(w * s, t), executor=executor)
    run(1.0, 1.0)
    assert error_of(lambda: run(1.0, 0.0)) == error_of(lambda: nn.hinge(2.0, 0.0))
    s, t = Value(1.0, "s"), Value(1.0, "t", requires_grad=False)
    with autograd.recording() as recorded:
        out = nn.hinge(w * s, t) + nn.binary_cross_entropy(s * 0.5, t)
    program = autograd.compile(out, inputs=[s, t], recorded=recorded, executor=executor)
    program(np.array([0.5, 0.5, 0.5]), np.array([1.0, 1.0, 1.0]))
    wrong = error_of(lambda: program(np.array([0.5, 0.5, 0.5]), np.array([1.0, 1.0, 0.5])))
    assert wrong == error_of(lambda: nn.hinge(1.0, 0.5))
    outside = error_of(lambda: program(np.array([0.5, 3.0, 0.5]), np.ones(3)))
    assert outside == error_of(lambda: nn.binary_cross_entropy(1.5, 1.0))


def test_distributions_made_of_values_are_checked_for_every_instance() -> None:
    z = autograd.values(LOGITS[0], "z")
    d = autograd.values(SURE[0], "d", requires_grad=False)
    with autograd.recording() as recorded:
        out = nn.cross_entropy(z, d)
    program = autograd.compile(out, inputs=[*z, *d], recorded=recorded)
    program(*LOGITS.T, *SURE.T)
    wanted = error_of(lambda: nn.cross_entropy(LOGITS[1], TOO_MUCH[1]))
    assert error_of(lambda: program(*LOGITS.T, *TOO_MUCH.T)) == wanted


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("first", [[0, 1, 2], [0, -100, 2], [-100, 1, -100]])
def test_an_instance_to_ignore_may_come_in_any_batch(
    first: list[int], reduction: str, executor: str
) -> None:
    z = np.random.default_rng(0).normal(size=(3, 3))
    w, other = Tensor(np.ones(3), "w"), Tensor(np.ones(3))
    loss = functools.partial(nn.cross_entropy, reduction=reduction)
    run = autograd.compile(lambda x, t: loss(x * w, t), executor=executor)
    t = np.array(first)
    program = autograd.compile(loss(Tensor(z), t), inputs=[t], executor=executor)
    for classes in ([0, 1, 2], [2, -100, 1], [-100, -100, 0], [1, 1, -100]):
        expected = loss(z * other, np.array(classes))
        near(run(z, np.array(classes)), expected.data)
        near(program(np.array(classes)), expected.data)
        seed = np.ones(expected.shape)
        run.backward(seed)
        expected.backward(seed)
        near(w.grad, other.grad)
        w.grad = other.grad = None
    if reduction == "mean":
        nobody = np.full(3, -100)
        assert "nothing to average" in error_of(lambda: run(z, nobody))


def test_ones_own_check_is_made_by_every_replay() -> None:
    def sorted_(x: Any) -> None:
        if np.any(np.diff(x) < 0):
            raise ValueError("sort it first")

    def f(x: Any) -> Any:
        autograd.recording.check(sorted_, x * 1.0)
        return x.sum()

    run = autograd.compile(f)
    assert run(np.array([1.0, 2.0])) == 3.0
    assert error_of(lambda: run(np.array([2.0, 1.0]))) == "sort it first"
    assert run(np.array([3.0, 4.0])) == 7.0
