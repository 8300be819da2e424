"""What NumPy makes of whole numbers and of comparisons is computed anew, or noted; never a constant."""

from __future__ import annotations

import copy
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs.replays import near

import autograd
import nn
from autograd import BranchChanged, Followed, Tensor, Value

T = [np.array([0, 1, 2, 0]), np.array([2, 2, 1, 1]), np.array([0, 0, 2, 1])]
X = np.linspace(-1.0, 1.0, 12).reshape(4, 3)

FOLLOWED: dict[str, Callable[..., Any]] = {
    "2 t − 1": lambda x, t: (x * (2 * t - 1)[:, None]).sum(),
    "−t": lambda x, t: (x.sum(axis=1) * -t).sum(),
    "~t, divmod, powers": lambda x, t: (x.sum(axis=1) * (~t + t // 2 + t % 2 + t**2 + 2**t)).sum(),
    "t.sum()": lambda x, t: x.sum() * t.sum(),
    "methods": lambda x, t: x.sum() * (t.max() - t.min() + t.mean() + t.std() + t.prod() + t.any()),
    "a view": lambda x, t: (x[:2, :2] * t.reshape(2, 2)).sum() + x[0, 0] * t.ravel()[1],
    "parts": lambda x, t: (x[:2, 0] * t[::2]).sum() + x[0, 0] * t[0] + (x[:, 0] * t[::-1]).sum(),
    "masks": lambda x, t: (x.sum(axis=1) * (t == 1)).sum() + (x * (t[:, None] == np.arange(3))).sum(),
    "connectives": lambda x, t: (x.sum(axis=1) * ((t > 0) & (t < 2) | (t == 0) ^ (t != 2))).sum(),
    "astype": lambda x, t: (x.sum(axis=1) * t.astype(float)).sum() + x.sum() * t.astype(bool).sum(),
    "where": lambda x, t: autograd.where(t > 0, x.sum(axis=1), 0).sum(),
    "np.where": lambda x, t: x.sum() * np.where(t > 1, 3, t).sum(),
    "np.where of nodes": lambda x, t: np.where(t[:, None] > 0, x, -x).sum(),
    "one-hot": lambda x, t: -(autograd.log_softmax(x) * (t[:, None] == np.arange(3))).sum(),
    "a table": lambda x, t: (x * Tensor(np.eye(3), requires_grad=False)[t]).sum(),
    "np.take": lambda x, t: x.sum() * np.take(t, [1, 3]).sum(),
    "np.eye(3) made of it": lambda x, t: (x * np.equal.outer(t, np.arange(3))).sum(),
    "x[t]": lambda x, t: x[t].sum() + x[np.arange(4), t].sum() + x[t, 1].mean() + x[[0, 1], t[:2]].sum(),
    "take": lambda x, t: x.take(t, 0).sum() + autograd.take(x, t[:2], axis=1).mean(),
    "np.take of nodes": lambda x, t: np.take(x, t * 2).sum(),
    "take_along_axis": lambda x, t: np.take_along_axis(x, t[:, None], 1).sum(),
    "iteration": lambda x, t: sum(x[i].sum() * k for i, k in enumerate(t)),
    "len and shape": lambda x, t: x.sum() * len(t) * t.shape[0] * np.size(t) + (x.sum() * t).sum(),
    "lists": lambda x, t: (np.concatenate([t, t[:1]]) * np.stack([t, t]).sum() * x.sum()).sum(),
    "several results": lambda x, t: sum(p.sum() * x.sum() for p in np.split(t, 2)),
    "divmod": lambda x, t: x.sum() * divmod(t, 2)[0].sum(),
    "histogram": lambda x, t: (x.sum(axis=0) * np.bincount(t, minlength=3)).sum(),
    "a loss": lambda x, t: nn.cross_entropy(x, t) + nn.mse(x[:, 0], t) + nn.multiclass_hinge(x, t),
    "targets of ±1": lambda x, t: nn.hinge(x[:, 0], 2 * (t > 0) - 1),
    "smooth labels": lambda x, t: nn.cross_entropy(x, nn.losses.smooth_labels(t, 3, 0.1)),
    "accuracy in the loss": lambda x, t: x.sum() * (x.argmax(axis=1) == t).mean(),
    "an argmax as an index": lambda x, t: x[np.arange(4), x.argmax(1)].sum() + (x[:, 0] * t).sum(),
    "argsort": lambda x, t: (np.argsort(t) * x[:, 0]).sum() + (np.argsort(x, axis=1) * x).sum(),
}  # fmt: skip


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("name", FOLLOWED)
def test_what_is_made_of_whole_numbers_is_made_anew(name: str, executor: str) -> None:
    function = FOLLOWED[name]
    w, other = Tensor(np.ones(3), "w"), Tensor(np.ones(3))
    run = autograd.compile(lambda x, t: function(x * w, t), executor=executor)
    rng = np.random.default_rng(0)
    for t in T:
        x = rng.normal(size=(4, 3))
        expected = function(Tensor(x) * other, t)
        near(run(x, t), expected.data)
        run.backward()
        expected.backward()
        near(w.grad, other.grad)
        w.grad = other.grad = None
    assert len(run.programs) == 1


READ: dict[str, Callable[..., Any]] = {
    "if": lambda x, t: x if t[0] > 0 else -x,
    "if any": lambda x, t: x if (t == 0).any() else -x,
    "int": lambda x, t: x * int(t[0]),
    "float": lambda x, t: x * float(t[0]),
    "item": lambda x, t: x * t[0].item(),
    "tolist": lambda x, t: x * t.tolist()[0],
    "index of a list": lambda x, t: x * [1.0, 2.0, 3.0][t[0]],
    "index of a plain array": lambda x, t: x * np.array([1.0, 2.0, 3.0])[t].sum(),
    "assignment at it": lambda x, t: x * filled(t).sum(),
    "range": lambda x, t: sum((x for _ in range(t[0] + 1)), 0.0),
    "asarray": lambda x, t: x * np.asarray(t)[0],
    "a key": lambda x, t: x * {0: 1.0, 1: 2.0, 2: 5.0}[t[0]],
    "in": lambda x, t: x * 2.0 if 0 in t else x,
    "max of Python": lambda x, t: x * max(t),
    "text": lambda x, t: x * len(f"{t[0]} {t}".replace("0", "")),
    "a copy": lambda x, t: x * pickle.loads(pickle.dumps(t))[0],
    "array_equal": lambda x, t: x * 2.0 if np.array_equal(t, T[0]) else x,
    "allclose": lambda x, t: x * 2.0 if np.allclose(t, T[0]) else x,
    "assert": lambda x, t: x if bool(t.sum() < 4) else -x,
    "round": lambda x, t: x * round(t[0]) + round(t[1] * 1.5, 1),
}  # fmt: skip


def filled(t: Any) -> Any:
    """One-hot rows, the way that writes into a plain array; weighted, so that the classes count."""
    out = np.zeros((4, 3))
    out[np.arange(4), t] = 1.0
    return out * [1.0, 2.0, 4.0]


SHAPED: dict[str, Callable[..., Any]] = {
    "size": lambda x, t: x * x[x > 2].size,
    "shape": lambda x, t: x * x[(x > 2) & (t > 0)].shape[0],
    "empty at first": lambda x, t: x[x > 2].sum() + x,
    "truth of one number": lambda x, t: x[t[0] > 0].sum() + x,
    "nonzero": lambda x, t: x * len(np.nonzero(x > 2)[0]),
    "compress": lambda x, t: x * np.compress(x > 2, t).size,
    "unused, but how many there are": lambda x, t: x * len(t[t > 0]),
    "size of a selection": lambda x, t: x * t[t == 1].size,
    "unique": lambda x, t: x * len(np.unique(t)),
    "nonzero whole numbers": lambda x, t: x * np.nonzero(t)[0].shape[0],
    "repeat": lambda x, t: x * np.repeat(t, t).size,
    "intersect1d": lambda x, t: x * np.intersect1d(t, [1, 2]).size,
    "where of one": lambda x, t: x * len(np.where(t > 1)[0]),
}


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("name", SHAPED)
def test_how_much_a_mask_selects_is_no_constant(name: str, executor: str) -> None:
    function = SHAPED[name]
    run = autograd.compile(function, executor=executor)
    first = np.array([1.0, 2.0, -1.0]), np.array([0, 1, 2])
    for x, t in (first, first):
        near(run(x, t), function(Tensor(x), t).data)
    with pytest.raises(BranchChanged, match=r"shape.*Record again|shape.*fixed shapes"):
        run(np.array([3.0, 2.0, 5.0]), np.array([3, 3, 3]))


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_an_argument_that_a_function_does_not_use_is_none_of_its_results(executor: str) -> None:
    for function in (lambda x, t: x * 2.0, lambda x, t: x * len(t), lambda x, t: x * t.ndim):
        for t in (T[0], T[0] * 1.0, Tensor(T[0]), np.ones(4, np.float32)):
            x = Tensor(np.arange(4.0))
            run = autograd.compile(function, executor=executor)
            for _ in range(2):
                x.grad = None
                run(x, t).sum().backward()
                near(run(x, t).data, function(x, t).data)
                near(x.grad, np.full(4, float(function(1.0, t))))
    mixed = autograd.compile(lambda v, t: v * 2.0, executor=executor)
    assert mixed(1.5, np.ones(3)) == 3.0
    assert mixed(2.5, np.zeros(3)) == 5.0
    x, t = Tensor(np.ones(4), "x"), np.array([0, 1, 2, 0])
    with autograd.recording() as recorded:  # where nothing follows t
        y = (x * -t).sum()
    with pytest.raises(ValueError, match="input 1 does not reach the output"):
        autograd.compile(y, inputs=[x, t], recorded=recorded, executor=executor)
    with pytest.raises(TypeError, match=r"returned an array of int64.*outside"):
        autograd.compile(lambda x, t: x.argmax())(np.ones(3), T[0])


@pytest.mark.parametrize("name", READ)
def test_what_reads_whole_numbers_is_noted(name: str) -> None:
    function = READ[name]
    w = Tensor(2.0, "w")
    run = autograd.compile(lambda x, t: function(x * w, t) + 0.0 * t.sum())
    near(run(1.5, T[0]), np.asarray(function(3.0, T[0])))
    near(run(2.5, T[0].copy()), np.asarray(function(5.0, T[0])))
    with pytest.raises(BranchChanged, match=r"another way.*test_followed.py.*Record again"):
        run(1.0, T[1])


def test_a_selection_of_another_size_is_an_error() -> None:
    w = Tensor(np.ones(4), "w")
    run = autograd.compile(lambda t: (w * 1.0)[t > 0].sum())
    assert run(T[0]) == 2.0
    assert run(T[2]) == 2.0
    with pytest.raises(BranchChanged, match=r"fixed shapes.*np.where"):
        run(T[1])


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("name", FOLLOWED)
def test_a_recorded_graph_follows_an_array_that_is_given_as_followed(
    name: str, executor: str
) -> None:
    function = FOLLOWED[name]
    x, rng = Tensor(np.ones((4, 3)), "x"), np.random.default_rng(0)
    t = Followed(T[0])
    with autograd.recording() as recorded:
        y = function(x, t) * 1.0
    program = autograd.compile(y, inputs=[x, t], recorded=recorded, executor=executor)
    for given in T:
        numbers = rng.normal(size=(4, 3))
        near(program(numbers, given), function(Tensor(numbers), given).data)


@pytest.mark.parametrize(
    "write",
    [
        lambda t: operator.setitem(t, 0, 1),
        lambda t: operator.iadd(t, 1),
        lambda t: np.add(t, 1, out=t),
        lambda t: np.add.at(t, [0], 1),
        lambda t: t.sort(),
        lambda t: t.fill(0),
        lambda t: np.copyto(t, 0),
        lambda t: t.cumsum(out=np.zeros(4, int)),
    ],
)
def test_writing_into_an_input_is_refused(write: Any) -> None:
    w = Tensor(1.0, "w")

    def f(t: Any) -> Any:
        write(t)
        return (w * t).sum()

    with pytest.raises(TypeError, match=r"writes into an array.*make a new one"):
        autograd.compile(f)(T[0].copy())


def test_every_attribute_of_an_array_is_there_or_says_why() -> None:
    found: dict[str, Any] = {}

    @autograd.compile
    def f(t: Any) -> Any:
        for name in dir(np.ndarray):
            if name.startswith("__"):
                continue
            try:
                found[name] = getattr(t, name)
            except TypeError as error:
                found[name] = str(error)
        return (Tensor(np.ones(2), "w") * t).sum()

    f(T[0].reshape(2, 2))
    assert found.keys() == {name for name in dir(np.ndarray) if not name.startswith("__")}
    assert "writes into" in found["sort"]
    assert found["shape"] == (2, 2)


def test_outside_a_recording_it_is_an_array() -> None:
    kept: list[Any] = []
    w = Tensor(np.ones(4), "w")

    @autograd.compile
    def f(t: Any) -> Any:
        kept.append(t)
        return (w * t).sum()

    f(T[0])
    (t,) = kept
    assert isinstance(t, Followed)
    assert type(t + 1) is np.ndarray
    assert t.sum() == 3
    np.testing.assert_array_equal(copy.deepcopy(t), T[0])
    assert (w * t).sum().item() == 3.0


COMPARED: dict[str, Callable[..., Any]] = {
    "autograd.where": lambda x: autograd.where(x > 0, x, 0.1 * x).sum(),
    "np.where": lambda x: np.where(x > 0, x * x, -x).sum(),
    "a product": lambda x: ((x > 0) * x).sum() + (x * (x <= 0.2)).sum(),
    "connectives": lambda x: np.where((x > -0.5) & (x < 0.5) | ~(x < 2.0), x, 2 * x).sum(),
    "of two nodes": lambda x: np.where(x > x.mean(), x, x.mean()).sum(),
    "a count": lambda x: x.sum() * (x > 0).sum() + (x > 0).mean() * x.sum(),
    "functions": lambda x: np.where(np.isfinite(1 / x) & np.greater(x, 0), x, 0).sum(),
    "logical_and": lambda x: np.where(np.logical_and(x > 0, np.logical_not(x > 1)), x, 0).sum(),
    "astype": lambda x: (x * (x > 0).astype(float)).sum(),
    "equal": lambda x: np.where(x == x.max(axis=0), x, 0).sum(),
    "indicator": lambda x: (autograd.indicator(x > 0, x) * x).sum(),
    "a part of the mask": lambda x: np.where((x > 0)[:, :1], x, 0).sum(),
    "a gradient inside": lambda x: autograd.grad(lambda y: (autograd.relu(y) ** 2).sum())(x).sum(),
}


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", COMPARED)
def test_a_comparison_of_nodes_is_recorded(name: str, dtype: Any, executor: str) -> None:
    function = COMPARED[name]
    w, other = Tensor(np.ones(3), "w", dtype=dtype), Tensor(np.ones(3), dtype=dtype)
    run = autograd.compile(lambda x: function(x * w), executor=executor)
    rng = np.random.default_rng(0)
    for _ in range(4):
        x = rng.normal(size=(4, 3)).astype(dtype)
        expected = function(Tensor(x) * other)
        near(run(x), expected.data, 1e-5 if dtype == np.float32 else 1e-12)
        run.backward()
        expected.backward()
        near(w.grad, other.grad, 1e-5 if dtype == np.float32 else 1e-12)
        w.grad = other.grad = None
    assert run.last is not None
    assert run.last.stats.guards == 0


@pytest.mark.parametrize(
    "leave",
    [
        lambda m: 2.0 if m.all() else 1.0,
        lambda m: 2.0 if np.all(m) else 1.0,
        lambda m: np.array([1.0, 2.0])[m.astype(int)].max(),
        lambda m: float(m.sum()),
        lambda m: len([each for each in m if each]) + 1.0,
    ],
)
def test_a_comparison_that_leaves_is_guarded(leave: Any) -> None:
    run = autograd.compile(lambda x: x.sum() * leave(x > 0))
    assert run(np.array([1.0, 2.0])) == 3.0 * leave(np.array([True, True]))
    assert run(np.array([3.0, 2.0])) == 5.0 * leave(np.array([True, True]))
    with pytest.raises(BranchChanged, match=r"np.where\(mask, x, y\)"):
        run(np.array([-1.0, -2.0]))


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_a_comparison_of_values_is_recorded_by_name(executor: str) -> None:
    w = Value(2.0, "w")

    @autograd.compile(executor=executor)
    def f(x: Any) -> Any:
        inside = autograd.greater(x, 0.0) * autograd.less_equal(x, autograd.Value(3.0))
        edge = autograd.equal(x, 3.0) + autograd.not_equal(x, x) + autograd.greater_equal(x, 5.0)
        return autograd.where(inside, w * x, -x) + edge + autograd.less(x, -4.0)

    def plain(x: float) -> float:
        y = 2.0 * x if 0 < x <= 3 else -x
        return y + float(x == 3) + float(x != x) + float(x >= 5) + float(x < -4)

    for x in (1.0, -1.0, 3.0, 5.0, -7.0):
        assert f(x) == plain(x)
    assert len(f.programs) == 1
    v = autograd.greater(Value(1.0), 0.5)
    assert isinstance(v, Value)
    assert not v.requires_grad
    assert autograd.greater(2.0, 1.0) is True
    np.testing.assert_array_equal(autograd.less(Tensor([1.0, 3.0]), 2.0), [True, False])


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_comparisons_of_values_are_connected_as_numbers(executor: str) -> None:
    def f(x: Any, y: Any) -> Any:
        p, q = autograd.greater(x, 0.0), autograd.less(y, 1.0)
        both = autograd.where(p * q, x * y, 0.0)
        return both + autograd.where(1 - p, y, 0.0) + autograd.where(autograd.maximum(p, q), x, 2.0)

    run = autograd.compile(f, executor=executor)
    for x, y in ((1.0, 2.0), (1.0, 0.5), (-1.0, 2.0), (-1.0, 0.5)):
        right = (x * y if x > 0 and y < 1 else 0) + (y if x <= 0 else 0)
        near(run(x, y), right + (x if x > 0 or y < 1 else 2.0))
    assert len(run.programs) == 1


def test_the_error_for_a_comparison_of_values_names_what_works() -> None:
    run = autograd.compile(lambda x: autograd.where(x > 0, x, -x))
    run(1.0)
    with pytest.raises(BranchChanged, match=r"autograd.where\(autograd.greater"):
        run(-1.0)


def test_a_function_of_numbers_and_whole_numbers_alone_is_replayed() -> None:
    run = autograd.compile(lambda v, t: (v * t).sum() * 2.0)
    for t in T:
        assert run(1.5, t) == 3.0 * t.sum()
    branching = autograd.compile(lambda v, t: v * 2.0 if t[0] > 0 else v * 3.0)
    assert branching(1.0, T[0]) == 3.0
    assert branching(2.0, T[2]) == 6.0
    with pytest.raises(BranchChanged):
        branching(1.0, T[1])


def test_draws_for_whole_numbers_are_drawn_anew() -> None:
    layer = nn.Dropout(0.5, rng=0)
    run = autograd.compile(lambda t: layer(t).sum())
    t = np.ones(50, int)
    assert len({float(run(t)) for _ in range(5)}) > 1


def test_fit_compiles_a_loss_that_calculates_with_whole_targets() -> None:
    x = np.random.default_rng(0).normal(size=(12, 3))
    t = np.random.default_rng(1).integers(0, 2, (12, 1))
    losses = {
        "signs": lambda y, t: nn.hinge(y, 2 * t - 1),
        "a mask": lambda y, t: nn.mse(y * (t > 0), t.astype(float)),
        "one-hot": lambda y, t: nn.mse(y, (t == np.arange(2)).astype(float)[:, :1]),
    }
    for name, loss in losses.items():
        figures = []
        for compiled in (False, True):
            model = nn.MLP(3, [4, 1], rng=0)
            history = nn.fit(
                model,
                loss,
                (x, t),
                optimizer=nn.optim.SGD(model.parameters(), lr=0.1),
                epochs=3,
                batch_size=5,
                progress=False,
                rng=0,
                compile=compiled,
            )
            figures.append(history.steps["loss"])
        assert np.allclose(*figures, rtol=1e-9), name
