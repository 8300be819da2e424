"""The learners that came before backpropagation, by their own rules, one instance at a time.

None of them needs a graph: each is a few lines on arrays, and a derivative is its row's. Where such a
rule is a gradient in disguise, its docstring says of what, and the tests hold it equal to the engine
with `nn.optim.SGD`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

import autograd
from autograd import AnomalyError
from nn.arguments import non_negative, one_of, width
from nn.randomness import Seed, generator

__all__ = ["Adaline", "DeltaRule", "Madaline", "Outcome", "Perceptron"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Outcome:
    """How a `fit` ended. It prints as a sentence, and is true where it converged.

    Attributes:
        converged: whether it stopped by itself.
        epochs: how many passes over the data were made.
        history: per epoch: mistakes (`Perceptron`, `Madaline`) or the mean of ½ (y − ŷ)² after it.
        reason: why it stopped.
    """

    converged: bool
    epochs: int
    history: list[float] = field(repr=False)
    reason: str = ""

    def __bool__(self) -> bool:
        return self.converged

    def __str__(self) -> str:
        word = "converged" if self.converged else "did not converge"
        return f"{word} in {self.epochs} epochs: {self.reason}"


# --- what is checked ----------------------------------------


def instances(x: Any, n_in: int, what: str) -> Array:
    """Inputs of shape (instances, n_in)."""
    array = np.asarray(autograd.check_array(x, f"the input of {what}"), dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != n_in:
        raise ValueError(f"{what} expected inputs of shape (instances, {n_in}), got {array.shape}")
    if not np.isfinite(array).all():
        place = np.argwhere(~np.isfinite(array))[0].tolist()
        raise ValueError(f"{what} expected finite inputs, got {array[tuple(place)]} at {place}")
    return array


def answers(y: Any, shape: tuple[int, ...], what: str) -> Array:
    """Finite targets of a given shape."""
    array = np.asarray(autograd.check_array(y, f"the target of {what}"), dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{what} expected targets of shape {shape}, got {array.shape}")
    if not np.isfinite(array).all():
        place = np.argwhere(~np.isfinite(array))[0].tolist()
        raise ValueError(f"{what} expected finite targets, got {array[tuple(place)]} at {place}")
    return array


def signs(y: Any, shape: tuple[int, ...], what: str) -> Array:
    """Targets of −1 and 1."""
    array = answers(y, shape, what)
    wrong = np.argwhere(np.abs(array) != 1)
    if len(wrong):
        place = tuple(wrong[0].tolist())
        at = f" at {list(place)}" if place else ""
        raise ValueError(f"{what} expected targets of -1 or 1, got {array[place]:g}{at}")
    return array


# --- the perceptron ----------------------------------------


class Perceptron:
    """Rosenblatt's perceptron: on a mistake, w ← w + η y x; the bias is a weight on the constant 1.

    It predicts +1 where s = wᵀx + b > 0, else −1. Instances come in the order given. On data that a
    hyperplane separates it stops, after at most (R/γ)² mistakes; on other data it never would.

    Args:
        n_in: the number of inputs. Weights and bias start at 0.
        lr: η. From w = 0 it only scales the weights.
        on_boundary: what a mistake is: False, the prediction is not y (at s = 0 only y = 1 is one);
            True, y s ≤ 0 (at s = 0 both are).

    Attributes:
        weight, bias: w of shape (n_in,) and b; assign them to start elsewhere.

    The rule is SGD with learning rate η on max(0, −y s) with the subgradient −y x where it is a
    mistake at s = 0: ``nn.perceptron_loss(s, y, at_zero="mistake")``, and ``at_zero=1`` for
    ``on_boundary=True``.

    >>> x, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [-1, -1, -1, 1]
    >>> learner = Perceptron(2)
    >>> print(learner.fit(x, y))
    converged in 6 epochs: no mistake in the last epoch
    >>> learner.weight.tolist(), learner.bias, learner.predict(x).tolist()
    ([2.0, 1.0], -2.0, [-1, -1, -1, 1])

    Source: Rosenblatt 1958; the bound: Novikoff 1962.
    """

    def __init__(self, n_in: int, lr: float = 1.0, *, on_boundary: bool = False) -> None:
        self.n_in = width(n_in, "n_in of Perceptron")
        self.lr = non_negative(lr, "lr")
        self.on_boundary = bool(on_boundary)
        self.weight: Array = np.zeros(self.n_in)
        self.bias = 0.0

    def score(self, x: Any) -> Array:
        """s = wᵀx + b of each instance."""
        scores: Array = instances(x, self.n_in, "Perceptron") @ self.weight + self.bias
        return scores

    def predict(self, x: Any) -> Array:
        """+1 where s > 0, else −1."""
        return np.where(self.score(x) > 0, 1, -1)

    def update(self, x: Any, y: float) -> bool:
        """Learn from one instance; whether it was a mistake."""
        (row,) = instances([x], self.n_in, "Perceptron")
        return self._update(row, float(signs(y, (), "Perceptron")))

    def _update(self, x: Array, y: float) -> bool:
        s = float(self.weight @ x + self.bias)
        mistaken = y * s <= 0 if self.on_boundary else (s > 0) != (y > 0)
        if mistaken:
            self.weight = self.weight + self.lr * y * x
            self.bias += self.lr * y
        return mistaken

    def fit(self, x: Any, y: Any, epochs: int = 1000) -> Outcome:
        """Pass over the instances until an epoch has no mistake, or `epochs` times."""
        x = instances(x, self.n_in, "Perceptron")
        y = signs(y, x.shape[:1], "Perceptron")
        return until_quiet(self._update, x, y, epochs)


def until_quiet(update: Callable[[Array, float], bool], x: Array, y: Array, epochs: int) -> Outcome:
    """Epochs of updates, until one had nothing to correct."""
    history: list[float] = []
    for epoch in range(1, width(epochs, "epochs") + 1):
        mistakes = sum(update(row, float(target)) for row, target in zip(x, y, strict=True))
        history.append(mistakes)
        if not mistakes:
            return Outcome(True, epoch, history, "no mistake in the last epoch")
    reason = f"{mistakes} mistakes in the last; the data may not be separable by this learner"
    return Outcome(False, epochs, history, reason)


# --- rules that follow an error ----------------------------------------


class DeltaRule:
    """Rumelhart's delta rule: w_ji ← w_ji + η (y_j − o_j) f′(net_j) x_i, for a layer of smooth units.

    The units give o_j = f(net_j) with net_j = Σ_i w_ji x_i + b_j. The rule is SGD with learning rate η
    on ½ Σ_j (y_j − o_j)², one instance at a time.

    Args:
        n_in, n_out: the numbers of inputs and units. Weights and biases start at 0.
        lr: η.
        activation: f: "sigmoid", "tanh" or "identity".

    Attributes:
        weight, bias: w of shape (n_out, n_in) and b of shape (n_out,); assign them to start elsewhere.

    Targets are of shape (instances, n_out), or (instances,) for one unit.

    >>> x, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 1]
    >>> learner = DeltaRule(2, lr=1.0)
    >>> outcome = learner.fit(x, y, epochs=200)
    >>> learner.output(x).round().ravel().tolist(), outcome.history[-1] < 0.01
    ([0.0, 1.0, 1.0, 1.0], True)

    Source: Rumelhart, Hinton and Williams 1986 (Parallel Distributed Processing, chapter 8).
    """

    def __init__(
        self,
        n_in: int,
        n_out: int = 1,
        lr: float = 0.1,
        activation: Literal["sigmoid", "tanh", "identity"] = "sigmoid",
    ) -> None:
        self.n_in = width(n_in, "n_in of DeltaRule")
        self.n_out = width(n_out, "n_out of DeltaRule")
        self.lr = non_negative(lr, "lr")
        self.activation = one_of(activation, tuple(ROWS), "activation")
        self.weight: Array = np.zeros((self.n_out, self.n_in))
        self.bias: Array = np.zeros(self.n_out)

    def output(self, x: Any) -> Array:
        """o = f(W x + b) of each instance, of shape (instances, n_out)."""
        return self._output(instances(x, self.n_in, "DeltaRule"))

    def _output(self, x: Array) -> Array:
        return np.asarray(ROWS[self.activation].array(x @ self.weight.T + self.bias))

    def update(self, x: Any, y: Any) -> Array:
        """Learn from one instance; its error y − o."""
        (row,) = instances([x], self.n_in, "DeltaRule")
        return self._update(row, answers(np.atleast_1d(y), (self.n_out,), "DeltaRule"))

    def _update(self, x: Array, y: Array) -> Array:
        f = ROWS[self.activation]
        with np.errstate(over="ignore", invalid="ignore"):
            net = self.weight @ x + self.bias
            o = f.array(net)
            error: Array = y - o
            delta = self.lr * error * f.derivatives[0](o, net)
            weight, bias = self.weight + delta[:, None] * x, self.bias + delta
        check_finite(weight, "DeltaRule")
        self.weight, self.bias = weight, bias
        return error

    def fit(self, x: Any, y: Any, epochs: int = 100, tolerance: float | None = None) -> Outcome:
        """Pass over the instances `epochs` times, or until the loss changes by at most `tolerance`."""
        x = instances(x, self.n_in, "DeltaRule")
        y = np.asarray(autograd.check_array(y, "the target of DeltaRule"), dtype=np.float64)
        if self.n_out == 1 and y.ndim == 1:
            y = y[:, None]
        y = answers(y, (len(x), self.n_out), "DeltaRule")

        def loss() -> float:
            return float(0.5 * np.square(y - self._output(x)).sum(axis=1).mean())

        return until_steady(self._update, loss, x, y, epochs, tolerance)


ROWS: dict[str, Any] = {
    "sigmoid": autograd.sigmoid,
    "tanh": autograd.tanh,
    "identity": autograd.identity,
}
"""Activations of the delta rule, which carry their derivative."""


class Adaline:
    """Widrow and Hoff's adaptive linear neuron: w ← w + η (y − ŷ) x with ŷ = wᵀx + b, always.

    It learns from the error before the threshold, on every instance, right or wrong: the Widrow-Hoff
    delta rule, also called LMS. It is SGD with learning rate η on ½ (y − ŷ)².

    Args:
        n_in: the number of inputs. Weights and bias start at 0.
        lr: η. Larger than 2 / (‖x‖² + 1) it diverges, which raises.

    Attributes:
        weight, bias: w of shape (n_in,) and b; assign them to start elsewhere.

    >>> x, y = [[-1, -1], [-1, 1], [1, -1], [1, 1]], [-1, 1, 1, 1]
    >>> learner = Adaline(2, lr=0.1)
    >>> outcome = learner.fit(x, y, epochs=50)
    >>> learner.predict(x).tolist(), outcome.history[-1] < 0.15
    ([-1, 1, 1, 1], True)

    Source: Widrow and Hoff 1960.
    """

    def __init__(self, n_in: int, lr: float = 0.01) -> None:
        self.n_in = width(n_in, "n_in of Adaline")
        self.lr = non_negative(lr, "lr")
        self.weight: Array = np.zeros(self.n_in)
        self.bias = 0.0

    def output(self, x: Any) -> Array:
        """ŷ = wᵀx + b of each instance."""
        outputs: Array = instances(x, self.n_in, "Adaline") @ self.weight + self.bias
        return outputs

    def predict(self, x: Any) -> Array:
        """+1 where ŷ > 0, else −1."""
        return np.where(self.output(x) > 0, 1, -1)

    def update(self, x: Any, y: float) -> float:
        """Learn from one instance; its error y − ŷ."""
        (row,) = instances([x], self.n_in, "Adaline")
        return self._update(row, float(answers(y, (), "Adaline")))

    def _update(self, x: Array, y: float) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            error = float(y - (self.weight @ x + self.bias))
            weight, bias = self.weight + self.lr * error * x, self.bias + self.lr * error
        check_finite(np.append(weight, bias), "Adaline")
        self.weight, self.bias = weight, bias
        return error

    def fit(self, x: Any, y: Any, epochs: int = 100, tolerance: float | None = None) -> Outcome:
        """Pass over the instances `epochs` times, or until the loss changes by at most `tolerance`."""
        x = instances(x, self.n_in, "Adaline")
        y = answers(y, x.shape[:1], "Adaline")

        def loss() -> float:
            return float(0.5 * np.square(y - self.output(x)).mean())

        return until_steady(self._update, loss, x, y, epochs, tolerance)


def check_finite(numbers: Array, name: str) -> None:
    """Raise where an update would leave the numbers."""
    if not np.isfinite(numbers).all():
        raise AnomalyError(f"{name} diverges: the update was not made; lr is too large")


def until_steady(
    update: Callable[[Array, Any], Any],
    loss: Callable[[], float],
    x: Array,
    y: Array,
    epochs: int,
    tolerance: float | None,
) -> Outcome:
    """Epochs of updates, until the loss stays where it is."""
    if tolerance is not None:
        tolerance = non_negative(tolerance, "tolerance")
    history: list[float] = []
    before = loss()
    for epoch in range(1, width(epochs, "epochs") + 1):
        for row, target in zip(x, y, strict=True):
            update(row, target)
        with np.errstate(over="ignore"):
            history.append(loss())
        if tolerance is not None and abs(history[-1] - before) <= tolerance:
            return Outcome(True, epoch, history, f"the loss changed by {tolerance:g} or less")
        before = history[-1]
    return Outcome(False, epochs, history, "all epochs were made")


# --- many ADALINEs ----------------------------------------


class Madaline:
    """Many ADALINEs behind one fixed logic unit, trained by **Madaline Rule I**.

    Hidden unit j gives +1 where s_j = w_jᵀx + b_j ≥ 0, else −1. The output is +1 where at least k of
    them are: k = 1 ("or"), all ("and"), or more than half ("majority"). Where it is wrong, as few units
    as can mend it are changed, those whose s_j is nearest to 0 among the ones on the wrong side: each
    by Widrow and Hoff's rule towards the right sign t, w_j ← w_j + η (t − s_j) x. The units are signs,
    so this is no gradient of anything. Inputs are −1 and 1, as in the sources: the rule may go around
    in circles where they are 0 and 1, and `fit` then says that it did not converge.

    Args:
        n_in, n_hidden: the numbers of inputs and of ADALINEs.
        lr: η.
        logic: "or", "and" or "majority".
        rng: a Generator, an int or None: weights and biases start in U(−½, ½), unlike each other.

    Attributes:
        weight, bias: of shapes (n_hidden, n_in) and (n_hidden,); assign them to start elsewhere.

    >>> x, y = [[1, 1], [1, -1], [-1, 1], [-1, -1]], [-1, 1, 1, -1]
    >>> learner = Madaline(2, 2, rng=0)
    >>> learner.fit(x, y).converged, learner.predict(x).tolist()
    (True, [-1, 1, 1, -1])

    Source: Ridgway 1962 (the rule); Widrow and Lehr 1990, section IV; Fausett, "Fundamentals of Neural
    Networks", 1994, section 2.4.3, which works XOR as its example.
    """

    def __init__(
        self,
        n_in: int,
        n_hidden: int = 2,
        lr: float = 0.5,
        logic: Literal["or", "and", "majority"] = "or",
        rng: Seed = None,
    ) -> None:
        self.n_in = width(n_in, "n_in of Madaline")
        self.n_hidden = width(n_hidden, "n_hidden of Madaline")
        self.lr = non_negative(lr, "lr")
        needed = {"or": 1, "and": self.n_hidden, "majority": self.n_hidden // 2 + 1}
        self.logic = one_of(logic, tuple(needed), "logic")
        self.needed = needed[logic]
        rng = generator(rng)
        self.weight: Array = rng.uniform(-0.5, 0.5, (self.n_hidden, self.n_in))
        self.bias: Array = rng.uniform(-0.5, 0.5, self.n_hidden)

    def predict(self, x: Any) -> Array:
        """+1 where enough units are on, else −1."""
        scores = instances(x, self.n_in, "Madaline") @ self.weight.T + self.bias
        return np.where((scores >= 0).sum(axis=1) >= self.needed, 1, -1)

    def update(self, x: Any, y: float) -> bool:
        """Learn from one instance; whether it was a mistake."""
        (row,) = instances([x], self.n_in, "Madaline")
        return self._update(row, float(signs(y, (), "Madaline")))

    def _update(self, x: Array, y: float) -> bool:
        scores = self.weight @ x + self.bias
        on = scores >= 0
        excess = int(on.sum()) - self.needed  # 0 or more: the output is +1
        if (excess >= 0) == (y > 0):
            return False
        wrong_side = np.flatnonzero(on != (y > 0))
        few = -excess if y > 0 else excess + 1
        nearest = wrong_side[np.argsort(np.abs(scores[wrong_side]), kind="stable")[:few]]
        change = self.lr * (y - scores[nearest])
        weight, bias = self.weight.copy(), self.bias.copy()
        weight[nearest] += np.outer(change, x)
        bias[nearest] += change
        check_finite(weight, "Madaline")
        self.weight, self.bias = weight, bias
        return True

    def fit(self, x: Any, y: Any, epochs: int = 1000) -> Outcome:
        """Pass over the instances until an epoch has no mistake, or `epochs` times."""
        x = instances(x, self.n_in, "Madaline")
        y = signs(y, x.shape[:1], "Madaline")
        return until_quiet(self._update, x, y, epochs)


autograd.publish(__name__)
