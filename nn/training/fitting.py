"""`fit`: the training loop that is otherwise written by hand."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

import autograd
from autograd import Node, Tensor
from nn.arguments import flag, number, whole
from nn.data.batching import Batches
from nn.inspect.layers import observe, update_ratios
from nn.metrics import plain_numbers
from nn.module import Module, modes_kept
from nn.networks_of_values import OnArrays, on_arrays
from nn.randomness import Seed, generator
from nn.training.checks import (
    held_out,
    made_optimizer,
    named_metrics,
    pairs,
    put_aside,
    training_data,
)
from nn.training.history import DivergenceError, Event, History
from nn.training.interrupting import interruptible
from nn.training.nonfinite import bad_backward, first_bad
from nn.training.progress import progress_bar
from nn.training.schedule import Schedule
from nn.training.stopping import StoppingRule
from nn.training.watching import MOST, Watch

Array = np.ndarray[Any, Any]
Loss = Callable[[Any, Any], Any]

QUIET = functools.partial(np.errstate, all="ignore")
"""NumPy need not warn of what is an error here as soon as it reaches the loss."""


def fit(
    model: Any,
    loss: Loss,
    data: Any,
    *,
    optimizer: Any,
    epochs: int,
    batch_size: int | None = None,
    validation: Any = None,
    metrics: Any = None,
    schedule: Any = None,
    schedule_every: str | None = None,
    tolerance: float | None = None,
    patience: int | None = None,
    restore_best: bool = False,
    callbacks: Callable[[Event], Any] | Iterable[Callable[[Event], Any]] = (),
    statistics: bool = False,
    progress: bool = True,
    live: bool = False,
    snapshots: int = 0,
    compile: bool = False,
    rng: Seed = None,
) -> History:
    """Gradient descent on ``loss(model(x), y)``: for each epoch, for each batch, one step.

    Args:
        model: a Module, or any function of x. A network of Values (`nn.scalar`, or a class of your own
            whose ``parameters()`` are Values, and which takes one instance) is run over a batch by
            `autograd.vectorize`: it gives (instances,), or (instances, outputs) where it gives a list.
        loss: called ``loss(prediction, target)``; a penalty on weights is added in it.
        data: a tuple (x, y); `nn.data.Batches`; or anything that gives (x, y) batches each time it is
            iterated over.
        optimizer: an optimiser of the model's parameters, ``nn.optim.SGD(model.parameters(), 0.1)``; or
            what makes one from them: a function, ``lambda p: nn.optim.SGD(p, 0.1)``, or a class or its
            name with their default rate, ``nn.optim.Adam``, ``"adam"``.
        epochs: how many at most.
        batch_size: instances per step when data is (x, y); all of them (full batch) when left out.
        validation: (x, y), or `Batches`, held out: measured after each epoch, never trained on. Or the
            part of the data that is to be held out, ``validation=0.2``: instances drawn by `rng`, in no
            order and of any class, whose rows are the history's `held_out`.
        metrics: functions (prediction, target) -> number: a dict by name, a list, or one.
        schedule: an object whose ``step()`` changes the optimiser's rate, called after each epoch or
            step; if its ``step`` asks for a number, it gets the watched loss. Or its class, bound to its
            options by ``functools.partial``, which is then called with the optimiser. Or a function from
            the number of the step, from 0, to a learning rate, which is set before each step.
        schedule_every: ``"epoch"`` or ``"step"``: when ``schedule.step()`` is called. When left out,
            after each step for `CyclicLR` and `OneCycleLR`, after each epoch for others.
        tolerance: ε: stop at the first k ≥ 1 with \\|L(k) − L(k−1)\\| ≤ ε, where L(k) is the loss of all
            training data after k epochs, in evaluation mode (a full batch has one update per epoch, so
            k then counts updates), and L(0) the loss at the start.
        patience: stop when the watched loss (of `validation`, or of the training data without it) has
            not been below its least for this many epochs.
        restore_best: give the model back the parameters it had after the best epoch; otherwise it
            keeps the last ones. The history's `reason` says so.
        callbacks: one or more functions of an `Event`; one that returns True ends the training.
        statistics: note gradient norms and update ratios per step, and `nn.inspect.observe`'s summary of
            each layer per epoch.
        progress: a progress bar, by tqdm; in a notebook, or where standard error is a terminal.
        live: in a notebook, a picture below the cell that is redrawn in place, some times a second: the
            curve, and for instances of two numbers with classes the decision boundary. Elsewhere there
            is the bar. It keeps 60 snapshots, too.
        snapshots: at how many moments, spread over the training, the boundary is kept for
            `History.animate`: the model is run on 6,400 points each time. 0 costs nothing.
        compile: record the first step for each shape of a batch, and replay it: the same numbers,
            sooner (`autograd.compile`). What the model does must not depend on more than x.
        rng: shuffles (x, y), and draws what is held out of it: a Generator, an int to seed one, or None.

    Modules are in training mode during steps and in evaluation mode while they are measured, and are
    afterwards in the modes they came in. Ctrl-C ends the training after the step that is running, and
    the history of what was done is returned.

    Raises:
        DivergenceError: a loss or gradient is not finite: with the step, the batch and the first
            primitive that gave such a number. The parameters stay what they were before that step.

    >>> import nn
    >>> x, y = nn.data.two_moons(200, rng=0)
    >>> model = nn.MLP(2, [16, 2], rng=0)
    >>> history = fit(model, nn.cross_entropy, (x, y), optimizer=nn.optim.SGD(model.parameters(), 0.5),
    ...     epochs=40, batch_size=20, metrics={"accuracy": nn.metrics.accuracy}, rng=0)
    >>> history.stopped, len(history.steps["loss"]), history.epochs["accuracy"][-1] > 0.95
    ('epochs', 400, True)

    Source: CMU 11-785, lecture 5 (the loop and its criterion of convergence).
    """
    run = TrainingRun(model, loss, optimizer, named_metrics(metrics), compile)
    whole(epochs, "epochs")
    rows = None
    if isinstance(validation, float | np.floating):
        if not isinstance(data, Batches):
            rng = generator(rng)  # one for both draws
        data, validation, rows = put_aside(data, float(validation), rng)
    run.history.held_out = rows
    epoch_data, full = training_data(data, batch_size, rng)
    validation = held_out(validation)
    if tolerance is not None:
        number(tolerance, "tolerance")
    if patience is not None:
        whole(patience, "patience")
    if restore_best and not callable(getattr(model, "parameters", None)):
        raise TypeError(f"restore_best needs a Module, got a {type(model).__name__} as the model")
    adjust = Schedule(schedule, schedule_every, run.optimizer)
    callbacks = (callbacks,) if callable(callbacks) else tuple(callbacks)
    if not all(map(callable, callbacks)):
        raise TypeError("callbacks are functions of an Event")
    rule = StoppingRule(
        tolerance,
        patience,
        restore_best,
        watched="loss" if validation is None else "validation loss",
    )
    flag(live, "live")
    if snapshots or isinstance(snapshots, bool):
        whole(snapshots, "snapshots")
    watch = None
    if live or snapshots:
        pace = len(epoch_data) if hasattr(epoch_data, "__len__") else None
        watch = Watch(run.history, model, full, live, snapshots or MOST, epochs, pace)
    with modes_kept(model):
        try:
            loop(
                run,
                epoch_data,
                full,
                validation,
                epochs,
                adjust,
                callbacks,
                rule,
                statistics,
                progress,
                watch,
            )
        finally:
            if watch is not None:
                watch.end()
    if rule.best_state is not None:
        run.restore(rule.best_state)
        run.history.reason += f"; the parameters are those after epoch {run.history.best_epoch}"
    return run.history


def loop(
    run: TrainingRun,
    data: Any,
    full: Any,
    validation: Any,
    epochs: int,
    adjust: Schedule,
    callbacks: tuple[Callable[[Event], Any], ...],
    rule: StoppingRule,
    statistics: bool,
    progress: bool,
    watch: Watch | None,
) -> History:
    """Epochs and steps, until something ends them."""
    history, model = run.history, run.model
    size = len(data) * epochs if hasattr(data, "__len__") else None
    wanted = progress and not (watch is not None and watch.shows)  # the picture tells as much
    with interruptible() as asked, progress_bar(wanted, size) as bar:
        try:
            if rule.tolerance is not None:
                history.criterion.append(run.measured(full, "", 0))
            for epoch in range(1, epochs + 1):
                bar.set_description(f"epoch {epoch}/{epochs}", refresh=False)
                before = run.state() if statistics else {}
                run.train_mode()
                count, x, y = 0, None, None
                for x, y in pairs(data):
                    count += 1
                    adjust.before_step(run.step)
                    value = run.update(x, y, epoch, count, statistics)
                    adjust.after("step", value)
                    bar.update()
                    if watch is not None:
                        watch.after_step(run.step)
                    if run.tell(callbacks, "step", epoch, value):
                        return run.ended("callback", f"a callback asked to, at step {run.step}")
                    if asked.is_set():
                        raise KeyboardInterrupt
                if not count:
                    raise ValueError("fit: the data gave no batch")
                latest = run.measured(full, "", epoch, history.epochs)
                if validation is not None:
                    run.measured([validation], "validation ", epoch, history.epochs)
                note(history.epochs, "steps", count)
                note(history.epochs, "lr", run.lr)
                if statistics:
                    note(history.epochs, "update ratios", update_ratios(before, run.state()))
                    if isinstance(model, Module):
                        note(history.epochs, "layers", observe(model, x, y, run.loss).summary())
                guard = history.epochs[rule.watched][-1]
                bar.set_postfix({rule.watched: f"{guard:.4g}"}, refresh=False)
                rule.watch(history, guard, epoch, run.state)
                adjust.after("epoch", guard)
                if run.tell(callbacks, "epoch", epoch, latest):
                    return run.ended("callback", f"a callback asked to, after epoch {epoch}")
                if (why := rule.reached(history, latest, epoch)) is not None:
                    return run.ended(*why)
                if asked.is_set():
                    raise KeyboardInterrupt
            return run.ended("epochs", f"all {epochs} epochs were made")
        except KeyboardInterrupt:
            return run.ended("interrupted", f"interrupted after step {run.step}")


class TrainingRun:
    """One call of `fit`: the parts that steps need, and what has been noted."""

    def __init__(
        self,
        model: Any,
        loss: Loss,
        optimizer: Any,
        metrics: Mapping[str, Loss],
        compiled: bool = False,
    ) -> None:
        for what, each in (("model", model), ("loss", loss)):
            if isinstance(each, type):
                raise TypeError(
                    f"{what} is the class {each.__name__}: make one, {each.__name__}(...)"
                )
        if not callable(model) or not callable(loss):
            raise TypeError(
                "fit takes a model and a loss that can be called: fit(model, nn.cross_entropy, "
                f"(x, y), ...), got {type(model).__name__} and {type(loss).__name__}"
            )
        optimizer = made_optimizer(optimizer, model)
        self.model = model
        self.predict = on_arrays(model)
        self.loss = loss
        self.optimizer = optimizer
        self.metrics = metrics
        self.history = History()
        self.step = 0
        self.parameters = list(getattr(optimizer, "parameters", ())) or model.parameters()
        self.compiled = autograd.compile(self.recorded_step) if compiled else None
        self.single = isinstance(model, Module) and all(
            getattr(p, "dtype", None) == np.float32 for p in self.parameters
        )

    @property
    def lr(self) -> float:
        """The optimiser's learning rate."""
        return float(self.optimizer.lr)

    def train_mode(self) -> None:
        """Training mode, where the model has modes."""
        if isinstance(self.model, Module):
            self.model.train()

    def state(self) -> dict[str, Array]:
        """Copies of all numbers of the model, or of the parameters of a function."""
        if isinstance(self.model, Module):
            return self.model.state_dict()
        named = [p.name for p in self.parameters]
        names = named if len(set(named)) == len(named) else [None] * len(named)
        return {
            name or f"parameter {i}": np.array(p.data)
            for i, (name, p) in enumerate(zip(names, self.parameters, strict=True))
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Give the model numbers that it had."""
        if isinstance(self.model, Module):
            self.model.load_state_dict(state)
            return
        for p, numbers in zip(self.parameters, state.values(), strict=True):
            p.data = numbers

    def ended(self, stopped: str, reason: str) -> History:
        """Note why."""
        held = self.history.held_out
        if held is not None:
            reason += f"; {len(held)} instances were held out for validation"
        self.history.stopped, self.history.reason = stopped, reason
        return self.history

    def tell(self, callbacks: Any, kind: str, epoch: int, loss: float) -> bool:
        """Call the callbacks, all of them; whether one asked to stop."""
        if not callbacks:
            return False
        event = Event(kind, epoch, self.step, loss, self.model, self.optimizer, self.history)
        answers = [callback(event) for callback in callbacks]  # all of them, even after a True
        return any(answer is True for answer in answers)

    def update(self, x: Any, y: Any, epoch: int, batch: int, statistics: bool) -> float:
        """One step of the optimiser: forward, backward, update; the batch's loss."""
        self.optimizer.zero_grad()
        if self.compiled is not None:
            loss: Any = self.compiled
            if isinstance(self.predict, OnArrays):
                self.predict.decide(x)  # which is no part of what is recorded
            arrays = (np.asarray(autograd.check_array(each, "a batch")) for each in (x, y))
            with autograd.no_grad():  # numbers will do: the program leaves the gradients itself
                value, prediction = self.compiled(*arrays)
            value = float(value)
        else:
            prediction, loss = self.recorded(x, y)
            value = one_number(loss)
        place = f"step {self.step + 1} (epoch {epoch}, batch {batch}, {len(x)} instances)"
        if not math.isfinite(value):
            what, primitive = first_bad(self.again(loss, x, y))
            self.diverged(f"the loss is {value} at {place}: {what}", epoch, (x, y), primitive)
        loss.backward()
        norm = self.gradient_norm()
        if not math.isfinite(norm):
            what, primitive = bad_backward(self.again(loss, x, y), self.parameters)
            self.diverged(f"a gradient is not finite at {place}: {what}", epoch, (x, y), primitive)
        steps = self.history.steps
        note(steps, "loss", value)
        note(steps, "lr", self.lr)
        for name, metric in self.metrics.items():
            note(steps, name, figure_of(name, metric(prediction, y)))
        before = [np.array(p.data) for p in self.parameters] if statistics else []
        self.optimizer.step()
        self.step += 1
        if statistics:
            moved = [p.data - old for p, old in zip(self.parameters, before, strict=True)]
            size, change = length(before), length(moved)
            note(steps, "gradient norm", norm)
            note(steps, "update ratio", change / size if size else math.inf)
        return value

    def recorded(self, x: Any, y: Any) -> tuple[Any, Any]:
        """The prediction and the loss of a batch, as nodes."""
        with QUIET():
            prediction = autograd.recording.call(self.predict, x)
            loss = autograd.recording.call(self.loss, prediction, y)
        if not isinstance(loss, Node):
            raise TypeError(
                f"loss returned no node to differentiate, but {type(loss).__name__} ({loss!r:.60})"
            )
        return prediction, loss

    def recorded_step(self, x: Any, y: Any) -> tuple[Any, Any]:
        """The loss and the prediction, for `autograd.compile`."""
        if self.single:
            # As layers and losses make of the arrays that an eager step gives them.
            x, y = (
                autograd.astype(each, dtype=np.float32) if isinstance(each, Tensor) else each
                for each in (x, y)
            )
        prediction, loss = self.recorded(x, y)
        return loss, prediction

    def again(self, loss: Any, x: Any, y: Any) -> Any:
        """The loss as a node, to see where it went wrong: recorded now where it was replayed."""
        if isinstance(self.predict, OnArrays):
            with QUIET():
                return autograd.recording.call(self.loss, self.predict.inside(x), y)
        return loss if isinstance(loss, Node) else self.recorded(x, y)[1]

    def gradient_norm(self) -> float:
        """The length of all gradients as one vector, inf or nan if one of them is not finite."""
        return length([plain_numbers(p.grad) for p in self.parameters if p.grad is not None])

    def measured(
        self,
        parts: Iterable[tuple[Any, Any]],
        prefix: str,
        epoch: int,
        into: dict[str, list[Any]] | None = None,
    ) -> float:
        """Loss and metrics over data, in evaluation mode, weighted by the sizes of its parts."""
        sums: dict[str, float] = {}
        total = 0
        with modes_kept(self.model):
            if isinstance(self.model, Module):
                self.model.eval()
            for x, y in pairs(parts):
                with autograd.no_grad(), QUIET():
                    prediction = autograd.recording.call(self.predict, x)
                    value = one_number(autograd.recording.call(self.loss, prediction, y))
                if not math.isfinite(value) and not prefix:
                    # Once more, recorded, to see where it came from.
                    with autograd.enable_grad(), QUIET():
                        what, primitive = first_bad(self.again(None, x, y))
                    self.diverged(
                        f"the loss of the training data is {value} after step {self.step} "
                        f"(epoch {epoch}): {what}",
                        epoch,
                        (x, y),
                        primitive,
                    )
                figures = {"loss": value}
                for name, metric in self.metrics.items():
                    figures[name] = figure_of(name, metric(prediction, y))
                for name, figure in figures.items():
                    sums[name] = sums.get(name, 0.0) + figure * len(x)
                total += len(x)
        means = {name: each / total for name, each in sums.items()}
        if into is not None:
            for name, mean in means.items():
                note(into, prefix + name, mean)
        return means["loss"]

    def diverged(self, message: str, epoch: int, batch: Any, primitive: str | None) -> None:
        """Raise the error that ends a run which cannot go on."""
        self.ended("diverged", message)
        step = self.step + 1
        raise DivergenceError(message, step, epoch, batch, primitive, self.history)


def note(table: dict[str, list[Any]], name: str, x: Any) -> None:
    """Add an entry to a list of the history."""
    table.setdefault(name, []).append(x)


def figure_of(name: str, measured: Any) -> float:
    """The number that a metric gave."""
    numbers = plain_numbers(measured)
    if numbers.size != 1:
        raise ValueError(
            f"the metric {name!r} gave numbers of shape {numbers.shape}: fit notes one; "
            "a table, as nn.metrics.confusion_matrix gives, is for a callback"
        )
    return float(numbers.reshape(()))


def one_number(loss: Any) -> float:
    """The number that a loss is."""
    numbers = plain_numbers(loss)
    if numbers.size != 1:
        raise ValueError(
            f"loss returned numbers of shape {numbers.shape}: fit needs one, as reduction='mean' gives"
        )
    return float(numbers.reshape(()))


def length(arrays: list[Any]) -> float:
    """The Euclidean norm of all numbers as one vector."""
    with np.errstate(over="ignore", invalid="ignore"):
        return math.sqrt(sum(float(np.sum(np.square(a, dtype=np.float64))) for a in arrays))
