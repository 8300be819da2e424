"""The forms in which the arguments of `fit` may be given: all of them take the same steps."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import autograd
import nn

X, Y = nn.data.two_moons(60, rng=0)


def fitted(**change: Any) -> tuple[nn.MLP, nn.History]:
    model = nn.MLP(2, [8, 2], rng=0)
    call: dict[str, Any] = {
        "data": (X, Y),
        "optimizer": lambda p: nn.optim.Adam(p, 0.001),
        "epochs": 6,
    }
    return model, nn.fit(model, nn.cross_entropy, **(call | change))


def same(model: nn.MLP, other: nn.MLP) -> bool:
    pairs = zip(model.parameters(), other.parameters(), strict=True)
    return all((p.data == q.data).all() for p, q in pairs)


@pytest.mark.parametrize(
    "change",
    [
        {"data": [X, Y]},
        {"data": (X.tolist(), Y.tolist())},
        {"data": (autograd.Tensor(X), Y)},
        {"data": [(X, Y)]},
        {"data": [[X, Y]]},
        {"data": nn.data.batches(X, Y, batch_size=60, shuffle=False)},
        {"batch_size": 60},
        {"optimizer": nn.optim.Adam},
        {"optimizer": "adam"},
        {"optimizer": functools.partial(nn.optim.Adam, lr=0.001)},
        {"callbacks": lambda event: None},
        {"validation": nn.data.batches(X[:9], Y[:9], batch_size=4)},
    ],
)
def test_every_form_of_an_argument_takes_the_same_steps(change: dict[str, Any]) -> None:
    assert same(fitted(**change)[0], fitted()[0])


def test_batches_as_validation_are_measured_whole() -> None:
    held = nn.data.batches(X[:9], Y[:9], batch_size=4, drop_last=True)
    whole = fitted(validation=(X[:9], Y[:9]))[1].epochs["validation loss"]
    assert fitted(validation=held)[1].epochs["validation loss"] == whole


def test_a_schedules_class_with_its_options_is_made_with_the_optimiser() -> None:
    made = functools.partial(nn.schedules.StepLR, step_size=2, gamma=0.5)
    history = fitted(schedule=made)[1]
    expected = 0.001 * 0.5 ** (np.arange(6) // 2)
    assert np.allclose(history.steps["lr"], expected, rtol=1e-12)


@pytest.mark.parametrize("every", [None, "step"])
def test_a_cycle_is_counted_in_steps_as_in_pytorchs_loop_and_a_stairway_in_epochs(
    every: Any,
) -> None:
    made = functools.partial(nn.schedules.OneCycleLR, max_lr=0.1, total_steps=19)
    cycle = fitted(schedule=made, schedule_every=every, batch_size=20)[1].steps["lr"]
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.Adam([torch.zeros(1, dtype=torch.float64, requires_grad=True)], 0.001)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=19)
    expected = []
    for _ in range(18):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    assert np.allclose(cycle, expected, rtol=1e-10)
    stairs = functools.partial(nn.schedules.ExponentialLR, gamma=0.5)
    rates = fitted(schedule=stairs, batch_size=20)[1].steps["lr"]
    assert np.allclose(rates, 0.001 * 0.5 ** (np.arange(18) // 3))


def test_ctrl_c_before_the_first_step_returns_an_empty_history() -> None:
    def interrupted(prediction: Any, y: Any) -> Any:
        raise KeyboardInterrupt

    model = nn.MLP(2, [8, 2], rng=0)
    history = nn.fit(model, interrupted, (X, Y), optimizer="sgd", epochs=3, tolerance=1e-3)
    assert (history.stopped, history.steps) == ("interrupted", {})
    assert same(model, nn.MLP(2, [8, 2], rng=0))


def test_patience_with_a_held_out_loss_that_is_no_number_says_so() -> None:
    bad = np.full_like(X[:9], np.nan)
    history = fitted(validation=(bad, Y[:9]), patience=2)[1]
    assert history.reason == "no validation loss that is a finite number for 2 epochs"
    assert (history.stopped, len(history.epochs["loss"])) == ("patience", 2)


def test_compiled_training_takes_the_same_steps():
    x, y = nn.data.two_moons(100, rng=0)
    histories = []
    for compiled in (False, True):
        model = nn.Sequential(
            nn.MLP(2, [8, 8], rng=0), nn.Dropout(0.2, rng=1), nn.Linear(8, 2, rng=2)
        )
        history = nn.fit(
            model,
            nn.cross_entropy,
            (x, y),
            optimizer=nn.optim.SGD(model.parameters(), 0.1, momentum=0.9),
            epochs=3,
            batch_size=30,  # the last batch of an epoch has 10
            metrics=nn.metrics.accuracy,
            progress=False,
            compile=compiled,
            rng=0,
        )
        histories.append((history, [p.data.copy() for p in model.parameters()]))
    (eager, parameters), (replayed, same) = histories
    np.testing.assert_allclose(replayed.steps["loss"], eager.steps["loss"], rtol=1e-12)
    assert replayed.steps["accuracy"] == eager.steps["accuracy"]
    for p, q in zip(parameters, same, strict=True):
        np.testing.assert_allclose(q, p, rtol=1e-12, atol=1e-14)


def test_a_compiled_run_that_diverges_names_the_primitive():
    x = np.array([[1.0], [-1.0]])
    model = nn.Linear(1, 1, rng=0)
    with pytest.raises(nn.training.history.DivergenceError, match="log"):
        nn.fit(
            model,
            lambda y, d: autograd.sum(autograd.log(y) + d),
            (x, x),
            optimizer=nn.optim.SGD(model.parameters(), 0.1),
            epochs=1,
            progress=False,
            compile=True,
        )


def test_a_model_of_values_is_trained_alike_with_compile_and_without():
    x, y = np.random.default_rng(0).standard_normal((6, 2)), np.ones((6, 1))
    losses = []
    for compiled in (False, True):
        model = nn.Linear(2, 1, rng=0).to_scalars()
        history = nn.fit(
            model,
            nn.mse,
            (x, y),
            optimizer=nn.optim.SGD(model.parameters(), 0.1),
            epochs=3,
            batch_size=2,
            rng=0,
            progress=False,
            compile=compiled,
        )
        losses.append(history.steps["loss"])
    assert len(losses[0]) == 9
    assert np.allclose(*losses, rtol=1e-12)


# --- validation as a part of the data -------------------------------------------------------------


@pytest.mark.parametrize("fraction", [0.2, np.float64(0.25), np.float32(0.5)])
@pytest.mark.parametrize("batched", [False, True])
def test_a_part_of_the_data_is_held_out_when_validation_is_a_fraction(
    fraction: float, batched: bool
) -> None:
    x, y = nn.data.two_moons(100, rng=0)
    x, y = x[np.argsort(y)], np.sort(y)  # in order of class, as files often are
    data: Any = nn.data.batches(x, y, batch_size=10, rng=0) if batched else (x, y)
    seen: list[Any] = []

    def loss(prediction: Any, target: Any) -> Any:
        seen.append(target)
        return nn.cross_entropy(prediction, target)

    model = nn.MLP(2, [4, 2], rng=0)
    options: Any = {} if batched else {"batch_size": 10, "rng": 0}
    history = nn.fit(
        *(model, loss, data),
        optimizer=nn.optim.SGD,
        epochs=2,
        validation=fraction,
        progress=False,
        **options,
    )
    held = history.held_out
    assert held is not None
    count = round(100 * float(fraction))
    assert len(set(held.tolist())) == count
    assert set(y[held].tolist()) == {0, 1}
    assert len(history.epochs["validation loss"]) == 2
    assert f"{count} instances were held out" in history.reason
    assert sum(len(each) for each in seen if len(each) == 10) <= 2 * (100 - count) + 20
    with autograd.no_grad():
        expected = nn.cross_entropy(model(x[held]), y[held])
    assert history.epochs["validation loss"][-1] == pytest.approx(float(expected.data))


def test_what_is_held_out_is_drawn_by_rng() -> None:
    x, y = nn.data.two_moons(50, rng=0)

    def rows(rng: Any) -> Any:
        model = nn.MLP(2, [2], rng=0)
        options: Any = {"optimizer": "sgd", "epochs": 1, "progress": False}
        return nn.fit(model, nn.cross_entropy, (x, y), validation=0.2, rng=rng, **options).held_out

    assert rows(1).tolist() == rows(1).tolist()
    assert rows(1).tolist() != rows(2).tolist()


@pytest.mark.parametrize(
    ("validation", "error"),
    [(0.0, ValueError), (1.0, ValueError), (1.5, ValueError), (np.nan, ValueError), (1, TypeError)],
)
def test_a_fraction_that_is_none_is_refused_before_anything_is_trained(
    validation: Any, error: type[Exception]
) -> None:
    x, y = nn.data.two_moons(20, rng=0)
    model = nn.MLP(2, [2], rng=0)
    before = model.state_dict()
    with pytest.raises(error, match="validation"):
        nn.fit(model, nn.cross_entropy, (x, y), optimizer="sgd", epochs=1, validation=validation)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_fraction_of_batches_that_are_only_iterated_over_is_refused() -> None:
    x, y = nn.data.two_moons(20, rng=0)
    model = nn.MLP(2, [2], rng=0)
    with pytest.raises(TypeError, match=r"give validation=\(x, y\)"):
        nn.fit(*(model, nn.cross_entropy, [(x, y)] * 3), optimizer="sgd", epochs=1, validation=0.2)


def test_a_list_of_two_batches_is_no_pair_of_which_a_part_is_held_out() -> None:
    x = np.random.default_rng(0).normal(size=(6, 2))
    model = nn.Linear(2, 2, rng=0)
    data = [(x, x), (x + 1, x + 1)]  # of shapes that a pair could have as well
    with pytest.raises(TypeError, match=r"validation=0\.5 .* data is a list"):
        nn.fit(model, nn.mse, data, optimizer="sgd", epochs=1, validation=0.5)
    history = nn.fit(model, nn.mse, [x, x], optimizer="sgd", epochs=1, validation=0.5)
    assert len(history.held_out) == 3


@pytest.mark.parametrize("compiled", [False, True])
def test_a_loss_that_begins_at_a_parameter_leaves_it_alone(compiled: bool) -> None:
    x, y = np.ones((4, 2)), np.zeros((4, 1))
    model, scale = nn.Linear(2, 1, rng=0), autograd.Tensor(0.25)

    def loss(prediction: Any, target: Any) -> Any:
        total = scale
        total += nn.mse(prediction, target)
        return total

    still = nn.optim.SGD([*model.parameters(), scale], lr=0.0)
    want = 0.25 + nn.mse(model(x), y).item()
    history = nn.fit(
        *(model, loss, (x, y)), optimizer=still, epochs=3, validation=(x, y), compile=compiled
    )
    assert scale.data == 0.25
    np.testing.assert_allclose(history.epochs["validation loss"], [want] * 3)
    np.testing.assert_allclose(history.epochs["loss"], [want] * 3)
    assert scale.grad == 1.0
