"""`nn.fit`: the loop, what ends it, what it notes, and what it says when numbers are not finite."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import nn

X, Y = nn.data.two_moons(60, rng=0)
RNG = np.random.default_rng(5)


def small(rng: int = 0, **options: Any) -> nn.MLP:
    return nn.MLP(2, [8, 2], rng=rng, **options)


def line_fit() -> tuple[nn.Linear, Any, Any]:
    """A least-squares problem whose trajectory is easily computed by hand."""
    x = np.array([[0.0], [1.0], [2.0], [3.0]])
    return nn.Linear(1, 1, rng=0), x, 2 * x + 1


def by_hand(w: float, b: float, lr: float, steps: int) -> tuple[list[float], float, float]:
    """L(0), L(1), … of gradient descent on the mean of (wx + b − 2x − 1)², and where it ends."""
    x = np.array([0.0, 1.0, 2.0, 3.0])
    losses = [np.mean((w * x + b - 2 * x - 1) ** 2)]
    for _ in range(steps):
        error = w * x + b - 2 * x - 1
        w, b = w - lr * 2 * np.mean(error * x), b - lr * 2 * np.mean(error)
        losses.append(np.mean((w * x + b - 2 * x - 1) ** 2))
    return losses, w, b


# --- the loop --------------------------------------------


def test_a_full_batch_takes_the_steps_of_gradient_descent_written_by_hand() -> None:
    model, x, y = line_fit()
    losses, w, b = by_hand(model.weight.item(), 0.0, 0.05, 20)
    history = nn.fit(
        model, nn.mse, (x, y), optimizer=nn.optim.SGD(model.parameters(), 0.05), epochs=20
    )
    assert np.allclose(history.steps["loss"], losses[:-1], atol=1e-12)
    assert np.allclose(history.epochs["loss"], losses[1:], atol=1e-12)
    assert np.allclose([model.weight.item(), model.bias.item()], [w, b], atol=1e-12)
    assert (history.stopped, len(history.steps["loss"])) == ("epochs", 20)


def test_mini_batches_take_the_steps_of_the_loop_written_by_hand() -> None:
    mine, other = small(), small()
    history = nn.fit(
        mine,
        nn.cross_entropy,
        (X, Y),
        optimizer=nn.optim.SGD(mine.parameters(), 0.1, momentum=0.9),
        epochs=3,
        batch_size=16,
        rng=7,
    )
    optimizer = nn.optim.SGD(other.parameters(), 0.1, momentum=0.9)
    losses = []
    epoch = nn.data.batches(X, Y, batch_size=16, rng=7)
    for _ in range(3):
        for x, y in epoch:
            optimizer.zero_grad()
            loss = nn.cross_entropy(other(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert history.steps["loss"] == losses
    assert all(
        (p.data == q.data).all() for p, q in zip(mine.parameters(), other.parameters(), strict=True)
    )
    assert history.epochs["loss"][-1] == nn.cross_entropy(other(X), Y).item()


@pytest.mark.parametrize("form", ["batches", "list", "class"])
def test_data_may_be_anything_that_gives_batches_again_and_again(form: str) -> None:
    model = small()
    epoch: Any = nn.data.batches(X, Y, batch_size=25, shuffle=False)
    if form == "list":
        epoch = list(epoch)
    elif form == "class":

        class Stream:
            def __iter__(self) -> Any:
                yield X[:25], Y[:25]
                yield X[25:], Y[25:]

        epoch = Stream()
    history = nn.fit(
        model, nn.cross_entropy, epoch, optimizer=lambda p: nn.optim.SGD(p, 0.1), epochs=2
    )
    # The parts are weighted by their sizes: the mean over all instances.
    assert np.isclose(history.epochs["loss"][-1], nn.cross_entropy(model(X), Y).item(), atol=1e-12)


def test_a_network_of_values_is_trained_as_the_one_of_tensors_is() -> None:
    tensors = nn.MLP(2, [3, 2], activation="tanh", rng=0)
    scalars = tensors.to_scalars()
    histories = [
        nn.fit(
            model,
            nn.cross_entropy,
            (X[:8], Y[:8]),
            optimizer=nn.optim.SGD(model.parameters(), 0.1),
            epochs=3,
            metrics=nn.metrics.accuracy,
        )
        for model in (tensors, scalars)
    ]
    assert np.allclose(histories[0].steps["loss"], histories[1].steps["loss"], atol=1e-12)
    assert histories[0].epochs["accuracy"] == histories[1].epochs["accuracy"]


def test_dropout_is_on_in_steps_and_off_when_measured_and_modes_come_back() -> None:
    class Spy(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.Linear(2, 2, rng=0)
            self.modes: list[bool] = []

        def forward(self, x: Any) -> Any:
            self.modes.append(self.training)
            return self.inner(x)

    model = Spy().eval()
    nn.fit(
        model,
        nn.cross_entropy,
        (X, Y),
        optimizer=nn.optim.SGD(model.parameters(), 0.1),
        epochs=2,
        validation=(X, Y),
    )
    assert model.modes == [True, False, False] * 2
    assert not model.training
    assert not model.inner.training


def test_metrics_are_noted_per_step_and_per_epoch_for_both_parts() -> None:
    model = small()
    history = nn.fit(
        model,
        nn.cross_entropy,
        (X, Y),
        optimizer=nn.optim.SGD(model.parameters(), 0.5),
        epochs=4,
        batch_size=30,
        validation=(X[:7], Y[:7]),
        metrics=[nn.metrics.accuracy, nn.metrics.top_k(2)],
        rng=0,
    )
    assert len(history.steps["accuracy"]) == 8
    assert history.epochs["top-2 accuracy"] == [1.0] * 4
    right = (model(X).numpy().argmax(axis=1) == Y).mean()
    assert history.epochs["accuracy"][-1] == right
    held = (model(X[:7]).numpy().argmax(axis=1) == Y[:7]).mean()
    assert history.epochs["validation accuracy"][-1] == held
    loss = nn.cross_entropy(model(X[:7]), Y[:7]).item()
    assert np.isclose(history.epochs["validation loss"][-1], loss, atol=1e-12)


# --- what ends it --------------------------------------------


@pytest.mark.parametrize("tolerance", [1e-1, 1e-2, 1e-4])
def test_tolerance_stops_at_the_first_update_that_changes_the_loss_by_no_more(
    tolerance: float,
) -> None:
    model, x, y = line_fit()
    losses, _, _ = by_hand(model.weight.item(), 0.0, 0.05, 1000)
    k = next(k for k in range(1, 1001) if abs(losses[k] - losses[k - 1]) <= tolerance)
    history = nn.fit(
        model,
        nn.mse,
        (x, y),
        optimizer=nn.optim.SGD(model.parameters(), 0.05),
        epochs=1000,
        tolerance=tolerance,
    )
    assert history.stopped == "tolerance"
    assert len(history.steps["loss"]) == k
    assert np.allclose(history.criterion, losses[: k + 1], atol=1e-12)


def test_tolerance_compares_with_the_loss_at_the_start_and_equality_counts() -> None:
    model, x, y = line_fit()
    frozen = nn.optim.SGD(model.parameters(), 0.0)
    history = nn.fit(model, nn.mse, (x, y), optimizer=frozen, epochs=9, tolerance=0.0)
    assert (history.stopped, len(history.epochs["loss"])) == ("tolerance", 1)


def test_with_mini_batches_tolerance_compares_the_loss_of_all_data_after_epochs() -> None:
    model, other = small(), small()
    options: dict[str, Any] = {"epochs": 200, "batch_size": 20, "rng": 3}
    history = nn.fit(
        model,
        nn.cross_entropy,
        (X, Y),
        optimizer=lambda p: nn.optim.SGD(p, 0.05),
        tolerance=1e-3,
        **options,
    )
    start = nn.cross_entropy(other(X), Y).item()
    losses = [start]
    nn.fit(
        other,
        nn.cross_entropy,
        (X, Y),
        optimizer=lambda p: nn.optim.SGD(p, 0.05),
        callbacks=[
            lambda event: (
                losses.append(nn.cross_entropy(other(X), Y).item())
                if event.kind == "epoch"
                else None
            )
        ],
        **options,
    )
    k = next(k for k in range(1, 201) if abs(losses[k] - losses[k - 1]) <= 1e-3)
    assert len(history.epochs["loss"]) == k
    assert np.allclose(history.criterion, losses[: k + 1], atol=1e-12)


def test_patience_stops_after_epochs_without_a_new_best_and_keeps_or_restores() -> None:
    def run(restore: bool) -> tuple[nn.History, Any, list[Any]]:
        model, x, y = line_fit()
        weights: list[Any] = []
        # The rate grows until the descent overshoots: the loss falls, then rises.
        history = nn.fit(
            model,
            nn.mse,
            (x, y),
            optimizer=nn.optim.SGD(model.parameters(), 0.01),
            schedule=lambda step: 0.02 * (1 + step),
            epochs=100,
            validation=(x, y),
            patience=3,
            restore_best=restore,
            callbacks=[lambda e: weights.append(model.weight.item()) if e.kind == "epoch" else 0],
        )
        return history, model, weights

    history, model, weights = run(restore=False)
    losses = history.epochs["validation loss"]
    best = int(np.argmin(losses)) + 1
    assert history.stopped == "patience"
    assert (history.best_epoch, len(losses)) == (best, best + 3)
    assert model.weight.item() == weights[-1]
    assert "restored" not in history.reason
    history, model, weights = run(restore=True)
    assert model.weight.item() == weights[best - 1]
    assert f"the parameters are those after epoch {best}" in history.reason


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Python's own answer to Ctrl-C, which a process that was started in the background lacks."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_finishes_the_step_and_keeps_what_there_is() -> None:
    model, other = small(), small()

    def press(event: nn.training.Event) -> None:
        if event.kind == "step" and event.step == 5:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    history = nn.fit(
        model,
        nn.cross_entropy,
        (X, Y),
        optimizer=nn.optim.SGD(model.parameters(), 0.1),
        epochs=10,
        batch_size=20,
        callbacks=[press],
        rng=0,
    )
    assert signal.getsignal(signal.SIGINT) is before
    assert (history.stopped, history.reason) == ("interrupted", "interrupted after step 5")
    assert (len(history.steps["loss"]), len(history.epochs["loss"])) == (5, 1)
    nn.fit(
        other,
        nn.cross_entropy,
        (X, Y),
        optimizer=nn.optim.SGD(other.parameters(), 0.1),
        epochs=10,
        batch_size=20,
        callbacks=[lambda event: event.step == 5],
        rng=0,
    )
    assert all(
        (p.data == q.data).all()
        for p, q in zip(model.parameters(), other.parameters(), strict=True)
    )


def test_a_keyboard_interrupt_from_within_keeps_what_there_is() -> None:
    model = small()

    def loss(prediction: Any, y: Any) -> Any:
        if len(history_of) == 2:
            raise KeyboardInterrupt
        history_of.append(0)
        return nn.cross_entropy(prediction, y)

    history_of: list[int] = []
    history = nn.fit(
        model,
        loss,
        [(X[:20], Y[:20])] * 4,
        optimizer=nn.optim.SGD(model.parameters(), 0.1),
        epochs=1,
    )
    assert (history.stopped, len(history.steps["loss"])) == ("interrupted", 2)


def test_a_callback_sees_every_step_and_epoch_and_may_end_the_training() -> None:
    model = small()
    events: list[nn.training.Event] = []

    def look(event: nn.training.Event) -> bool:
        events.append(event)
        return event.kind == "epoch" and event.epoch == 2

    history = nn.fit(
        model,
        nn.cross_entropy,
        (X, Y),
        optimizer=nn.optim.SGD(model.parameters(), 0.1),
        epochs=9,
        batch_size=30,
        callbacks=[look],
    )
    told = [(event.kind, event.epoch, event.step) for event in events]
    assert told == [
        ("step", 1, 1),
        ("step", 1, 2),
        ("epoch", 1, 2),
        ("step", 2, 3),
        ("step", 2, 4),
        ("epoch", 2, 4),
    ]
    assert events[0].model is model
    assert events[-1].loss == history.epochs["loss"][-1]
    assert history.stopped == "callback"


# --- schedules --------------------------------------------


class Halving:
    """A schedule in PyTorch's style."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer

    def step(self) -> None:
        self.optimizer.lr /= 2


@pytest.mark.parametrize(
    ("every", "rates"),
    [("epoch", [1.0, 1.0, 0.5, 0.5]), ("step", [1.0, 0.5, 0.25, 0.125])],
)
def test_a_schedule_object_advances_after_each_epoch_or_step(
    every: str, rates: list[float]
) -> None:
    model = small()
    optimizer = nn.optim.SGD(model.parameters(), 1.0)
    history = nn.fit(
        model,
        nn.cross_entropy,
        (X, Y),
        optimizer=optimizer,
        epochs=2,
        batch_size=30,
        schedule=Halving(optimizer),
        schedule_every=every,
    )
    assert history.steps["lr"] == rates


def test_a_schedule_that_asks_for_a_loss_gets_the_watched_one() -> None:
    model = small()
    seen: list[float] = []

    class Plateau:
        def step(self, metric: float) -> None:
            seen.append(metric)

    history = nn.fit(
        model,
        nn.cross_entropy,
        (X, Y),
        optimizer=nn.optim.SGD(model.parameters(), 0.1),
        epochs=3,
        validation=(X[:9], Y[:9]),
        schedule=Plateau(),
    )
    assert seen == history.epochs["validation loss"]


def test_a_function_of_the_step_is_a_schedule_too() -> None:
    model = small()
    history = nn.fit(
        model,
        nn.cross_entropy,
        (X, Y),
        optimizer=nn.optim.SGD(model.parameters(), 9.0),
        epochs=2,
        batch_size=30,
        schedule=lambda step: 1 / (1 + step),
    )
    assert history.steps["lr"] == [1, 1 / 2, 1 / 3, 1 / 4]


# --- mistakes in the call --------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "epochs is a whole number of 1 or more, got 0"),
        ({"epochs": 1.5}, TypeError, "epochs is a whole number"),
        ({"tolerance": -1.0}, ValueError, "tolerance is finite and 0 or more"),
        ({"patience": 0}, ValueError, "patience is a whole number"),
        ({"data": (X, Y[:-1])}, ValueError, "same number of rows"),
        ({"data": iter([(X, Y)])}, TypeError, "can be read only once"),
        ({"data": [(X, Y)], "batch_size": 3}, TypeError, "batch_size and rng belong to"),
        ({"data": []}, ValueError, "the data gave no batch"),
        ({"optimizer": 0.1}, TypeError, "optimizer is an optimiser, its name, or"),
        ({"data": [X, Y, X]}, TypeError, r"data gives batches \(x, y\), or is itself a tuple"),
        ({"optimizer": "sgdd"}, ValueError, "no optimiser 'sgdd'; there are adadelta, adagrad"),
        ({"loss": "mse"}, TypeError, "a model and a loss that can be called"),
        ({"loss": nn.CrossEntropyLoss}, TypeError, "loss is the class CrossEntropyLoss: make one"),
        ({"loss": lambda p, y: 1.0}, TypeError, "returned no node to differentiate"),
        (
            {"loss": lambda p, y: nn.cross_entropy(p, y, "none")},
            ValueError,
            r"numbers of shape \(60,\): fit needs one",
        ),
        ({"schedule": 3}, TypeError, "schedule is an object with step"),
        ({"schedule": lambda step: "slow"}, TypeError, "gives a learning rate, got str"),
        ({"schedule_every": "week"}, ValueError, "'epoch' or 'step'"),
        ({"metrics": "accuracy"}, TypeError, "metrics are functions .*'accuracy'"),
        (
            {"metrics": {"table": nn.metrics.confusion_matrix}},
            ValueError,
            "'table' gave numbers of shape .* is for a callback",
        ),
        ({"metrics": {"loss": nn.metrics.accuracy}}, ValueError, "the history uses it"),
        ({"validation": X}, TypeError, r"validation is a pair \(x, y\)"),
        ({"callbacks": [3]}, TypeError, "callbacks are functions"),
        (
            {"model": lambda x: x, "restore_best": True},
            TypeError,
            "restore_best needs a Module, got a function",
        ),
    ],
)
def test_a_mistake_in_the_call_is_named_and_nothing_is_changed(
    change: dict[str, Any], error: type[Exception], message: str
) -> None:
    model = small()
    before = model.state_dict()
    call: dict[str, Any] = {
        "model": model,
        "loss": nn.cross_entropy,
        "data": (X, Y),
        "optimizer": nn.optim.SGD(model.parameters(), 0.1),
        "epochs": 1,
    }
    with pytest.raises(error, match=message):
        nn.fit(**(call | change))
    after = model.state_dict()
    assert all((after[name] == before[name]).all() for name in before)
