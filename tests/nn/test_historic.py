"""The historic learners: their rules by hand, and the same steps taken by the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor
from nn.historic import Adaline, DeltaRule, Madaline, Perceptron

AND = ([[0, 0], [0, 1], [1, 0], [1, 1]], [-1, -1, -1, 1])
XOR = ([[1, 1], [1, -1], [-1, 1], [-1, -1]], [-1, 1, 1, -1])


def separable(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 3))
    s = x @ [1.0, -2.0, 0.5] + 0.3
    keep = abs(s) > 0.2
    return x[keep], np.where(s[keep] > 0, 1, -1)


# --- the perceptron ----------------------------------------


def test_a_mistake_adds_y_x_and_the_bias_is_a_weight_on_one() -> None:
    learner = Perceptron(2)
    assert learner.update([2.0, -3.0], 1)
    assert (learner.weight.tolist(), learner.bias) == ([2.0, -3.0], 1.0)
    assert not learner.update([2.0, -3.0], 1)
    assert learner.update([1.0, 0.0], -1)
    assert (learner.weight.tolist(), learner.bias) == ([1.0, -3.0], 0.0)


def test_at_score_zero_the_prediction_is_minus_one_and_only_a_one_is_a_mistake() -> None:
    learner = Perceptron(2)
    assert learner.predict([[1.0, 1.0]]).tolist() == [-1]
    assert not learner.update([1.0, 1.0], -1)
    assert learner.update([1.0, 1.0], 1)


def test_on_the_boundary_both_labels_are_mistakes_if_asked() -> None:
    assert Perceptron(2, on_boundary=True).update([1.0, 1.0], -1)
    assert Perceptron(2, on_boundary=True).update([1.0, 1.0], 1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("on_boundary", [False, True])
def test_it_converges_on_separable_data_within_novikoffs_bound(
    seed: int, on_boundary: bool
) -> None:
    x, y = separable(seed)
    learner = Perceptron(3, on_boundary=on_boundary)
    outcome = learner.fit(x, y)
    assert outcome.converged
    assert (learner.predict(x) == y).all()
    separator = np.array([1.0, -2.0, 0.5, 0.3])
    ones = np.column_stack([x, np.ones(len(x))])
    margin = (y * (ones @ separator)).min() / np.linalg.norm(separator)
    radius = np.linalg.norm(ones, axis=1).max()
    assert sum(outcome.history) <= (radius / margin) ** 2


def test_on_data_that_is_not_separable_it_stops_and_says_so() -> None:
    outcome = Perceptron(2).fit(*XOR, epochs=50)
    assert (outcome.converged, bool(outcome), outcome.epochs) == (False, False, 50)
    assert "did not converge in 50 epochs" in str(outcome)
    assert "may not be separable" in str(outcome)


@pytest.mark.parametrize(("on_boundary", "at_zero"), [(False, "mistake"), (True, 1.0)])
@pytest.mark.parametrize("seed", range(3))
def test_the_perceptron_is_sgd_on_the_perceptron_loss_from_weights_of_zero(
    on_boundary: bool, at_zero: Any, seed: int
) -> None:
    x, y = separable(seed)
    learner = Perceptron(3, on_boundary=on_boundary)
    w, b = Tensor(np.zeros(3)), Tensor(0.0)
    optimizer = nn.optim.SGD([w, b], lr=1.0)
    for _ in range(2):
        for row, target in zip(x, y, strict=True):
            learner.update(row, target)
            optimizer.zero_grad()
            score = autograd.sum(w * row) + b
            nn.perceptron_loss(score, float(target), at_zero=at_zero).backward()
            optimizer.step()
            assert abs(w.data - learner.weight).max() < 1e-12
            assert abs(b.item() - learner.bias) < 1e-12
    assert learner.weight.any()


def test_the_engine_starts_from_zero_on_both_labels_as_the_perceptron_does() -> None:
    for target in (-1.0, 1.0):
        for on_boundary, at_zero in ((False, "mistake"), (True, 1.0)):
            learner, w = Perceptron(1, on_boundary=on_boundary), Tensor([0.0])
            learner.update([2.0], target)
            score = autograd.sum(w * np.array([2.0]))
            nn.perceptron_loss(score, target, at_zero=at_zero).backward()
            nn.optim.SGD([w], lr=1.0).step()
            assert w.data.tolist() == learner.weight.tolist()


# --- ADALINE and the delta rule ----------------------------------------


def test_adaline_is_sgd_on_half_the_squared_error_step_for_step() -> None:
    rng = np.random.default_rng(0)
    learner = Adaline(3, lr=0.05)
    w, b = Tensor(np.zeros(3)), Tensor(0.0)
    optimizer = nn.optim.SGD([w, b], lr=0.05)
    for _ in range(100):
        x, y = rng.normal(size=3), float(rng.choice([-1, 1]))
        learner.update(x, y)
        optimizer.zero_grad()
        (0.5 * (y - (autograd.sum(w * x) + b)) ** 2).backward()
        optimizer.step()
        assert abs(w.data - learner.weight).max() < 1e-12
        assert abs(b.item() - learner.bias) < 1e-12


def test_adaline_learns_from_right_answers_too() -> None:
    learner = Adaline(1, lr=0.5)
    learner.weight, learner.bias = np.array([1.0]), 0.0
    assert learner.update([2.0], 1) == -1.0  # the prediction is right, the output 2 is not
    assert (learner.weight.tolist(), learner.bias) == ([0.0], -0.5)


def test_adaline_comes_near_the_least_squares_solution() -> None:
    x, y = separable(1)
    learner = Adaline(3, lr=0.001)
    outcome = learner.fit(x, y, epochs=5000, tolerance=1e-12)
    best = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y, rcond=None)[0]
    assert outcome.converged
    assert np.allclose(np.append(learner.weight, learner.bias), best, atol=0.01)


def test_a_rate_that_is_too_large_raises_and_keeps_the_last_finite_weights() -> None:
    learner = Adaline(1, lr=1e150)
    with pytest.raises(autograd.AnomalyError, match="Adaline diverges"):
        learner.fit([[1.0], [2.0]], [1.0, -1.0])
    assert np.isfinite(learner.weight).all()


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "identity"])
def test_the_delta_rule_is_sgd_on_half_the_squared_error_step_for_step(activation: Any) -> None:
    rng = np.random.default_rng(0)
    learner = DeltaRule(3, 2, lr=0.1, activation=activation)
    start = rng.normal(size=(2, 3))
    learner.weight = start.copy()
    w, b = Tensor(start), Tensor(np.zeros(2))
    optimizer = nn.optim.SGD([w, b], lr=0.1)
    for _ in range(100):
        x, y = rng.normal(size=3), rng.uniform(size=2)
        learner.update(x, y)
        optimizer.zero_grad()
        out = getattr(nn, activation)(autograd.linear(x, w, b))
        nn.l2_divergence(out, y).backward()
        optimizer.step()
        assert abs(w.data - learner.weight).max() < 1e-12
        assert abs(b.data - learner.bias).max() < 1e-12


def test_the_delta_rule_with_identity_is_adalines() -> None:
    x, y = separable(2)
    one, other = Adaline(3, lr=0.01), DeltaRule(3, lr=0.01, activation="identity")
    first, second = one.fit(x, y, epochs=5), other.fit(x, y, epochs=5)
    assert np.allclose(one.weight, other.weight[0], atol=1e-12)
    assert np.allclose(first.history, second.history, atol=1e-12)


# --- MADALINE ----------------------------------------


@pytest.mark.parametrize("logic", ["or", "and"])
@pytest.mark.parametrize("seed", range(10))
def test_madaline_learns_xor_which_no_single_unit_can(logic: Any, seed: int) -> None:
    x, y = XOR
    learner = Madaline(2, 2, logic=logic, rng=seed)
    assert learner.fit(x, y, epochs=200).converged
    assert learner.predict(x).tolist() == y


def test_rule_one_takes_the_steps_of_its_xor_example_worked_by_hand() -> None:
    """Fausett's start and rate, and the rule applied on paper to each of the first four instances."""
    learner = Madaline(2, 2, lr=0.5)
    learner.weight, learner.bias = np.array([[0.05, 0.2], [0.1, 0.2]]), np.array([0.3, 0.15])
    by_hand = [
        # s = 0.55, 0.45: both are on and should be off; each moves by ½ (−1 − s) x.
        ([[-0.725, -0.575], [-0.625, -0.525]], [-0.475, -0.575]),
        # s = −0.625, −0.675: one should be on; the first is nearer to 0.
        ([[0.0875, -1.3875], [-0.625, -0.525]], [0.3375, -0.575]),
        # s = −1.1375, −0.475: one should be on; the second is nearer to 0.
        ([[0.0875, -1.3875], [-1.3625, 0.2125]], [0.3375, 0.1625]),
        # s = 1.6375, 1.3125: both should be off.
        ([[1.40625, -0.06875], [-0.20625, 1.36875]], [-0.98125, -0.99375]),
    ]
    for x, y, (weight, bias) in zip(*XOR, by_hand, strict=True):
        assert learner.update(x, y)
        assert np.allclose(learner.weight, weight, atol=1e-12)
        assert np.allclose(learner.bias, bias, atol=1e-12)
    assert learner.fit(*XOR).converged


def test_rule_one_learns_xor_in_four_epochs_from_the_weights_of_a_textbook() -> None:
    x, y = XOR
    learner = Madaline(2, 2, lr=0.5)
    learner.weight, learner.bias = np.array([[0.05, 0.2], [0.1, 0.2]]), np.array([0.3, 0.15])
    outcome = learner.fit(x[1:] + x[:1], y[1:] + y[:1])
    assert (outcome.converged, outcome.epochs) == (True, 4)
    assert learner.weight.round(2).tolist() == [[-0.73, 1.53], [1.27, -1.33]]
    assert learner.bias.round(2).tolist() == [-0.99, -1.09]


def test_a_majority_changes_as_few_units_as_mend_it() -> None:
    learner = Madaline(1, 3, lr=1.0, logic="majority")
    learner.weight, learner.bias = np.zeros((3, 1)), np.array([-0.1, -0.2, 0.3])
    learner.update([0.0], 1)
    assert learner.bias.tolist() == [1.0, -0.2, 0.3]
    assert not learner.update([0.0], 1)


# --- errors ----------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Perceptron(2).fit([[1.0]], [1]), r"shape \(instances, 2\), got \(1, 1\)"),
        (lambda: Perceptron(1).fit([[1.0]], [0]), r"targets of -1 or 1, got 0 at \[0\]"),
        (lambda: Perceptron(1).fit([[1.0]], [1, 1]), r"shape \(1,\), got \(2,\)"),
        (lambda: Perceptron(1).fit([[np.nan]], [1]), r"finite inputs, got nan at \[0, 0\]"),
        (lambda: Perceptron(1, lr=-1.0), "lr is finite and 0 or more"),
        (lambda: Adaline(1).fit([[1.0]], [np.inf]), r"finite targets, got inf at \[0\]"),
        (lambda: Adaline(1).fit([[1.0]], [1.0], tolerance=-1.0), "tolerance is finite"),
        (lambda: DeltaRule(1, activation="relu"), "activation is 'sigmoid', 'tanh' or 'identity'"),
        (lambda: DeltaRule(1, 2).fit([[1.0]], [1.0]), r"shape \(1, 2\), got \(1,\)"),
        (lambda: Madaline(1, logic="xor"), "logic is 'or', 'and' or 'majority'"),
        (lambda: Madaline(2).fit([[1.0, 1.0]], [0.5]), "targets of -1 or 1, got 0.5"),
    ],
)
def test_bad_arguments_are_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
