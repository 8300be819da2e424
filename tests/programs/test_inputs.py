"""Inputs that are no doubles: a replay makes of them what the recording made, in the same dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs.replays import near

import autograd
import nn
from autograd import Tensor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3))
CLASSES = [np.array([0, 1, 2, 0]), np.array([2, 2, 1, 1]), np.array([0, 0, 2, 1])]


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.int8, np.bool_, np.float16])
@pytest.mark.parametrize(
    "function",
    [
        lambda w, t: (w * t).sum(),
        lambda w, t: ((w - t) ** 2).mean(),
        lambda w, t: (w**t).sum() + autograd.where(t, w, 2 * w).sum(),
        lambda w, t: (w * t.reshape(2, 2)[:, :, None]).sum() if t.ndim == 1 else w.sum(),
        lambda w, t: nn.mse(w * 2.0, t) + nn.huber(w, t),
    ],
    ids=["product", "difference", "power and choice", "reshaped", "losses"],
)
def test_what_is_made_of_whole_numbers_is_made_anew(
    function: Callable[..., Any], dtype: Any, executor: str
) -> None:
    w, other = Tensor([1.5, 2.0, 0.5, 1.0], "w"), Tensor([1.5, 2.0, 0.5, 1.0])
    if function(other, CLASSES[0]).shape != ():
        pytest.skip("no number")
    run = autograd.compile(lambda t: function(w, t), executor=executor)
    for t in CLASSES:
        w.grad = other.grad = None
        expected = function(other, t.astype(dtype))
        expected.backward()
        near(run(t.astype(dtype)), expected.data)
        run.backward()
        near(w.grad, other.grad)


def test_classes_that_are_used_twice_are_replaced_twice() -> None:
    w, other = Tensor(np.ones(3), "w"), Tensor(np.ones(3))

    def loss(w: Any, x: Any, t: Any) -> Any:
        z = x * w
        return nn.cross_entropy(z, t) + (z.sum(axis=1) * t).sum()

    run = autograd.compile(lambda x, t: loss(w, x, t))
    for t in CLASSES:
        near(run(X, t), loss(other, X, t).data)


def test_an_index_that_a_program_could_not_replace_is_an_error() -> None:
    t = CLASSES[0]
    z = Tensor(X)
    with autograd.recording() as recorded:
        out = nn.cross_entropy(z, t) - z[np.arange(4), t].sum()
    with pytest.raises(ValueError, match=r"input 1 is an array.*as an index"):
        autograd.compile(out, inputs=[z, t], recorded=recorded)


@pytest.mark.parametrize(
    "view",
    [
        lambda t: t.reshape(-1),
        lambda t: t[::2],
        lambda t: t[::-1],
        lambda t: t.T,
        lambda t: t.reshape(2, 2)[:, 1:],
        lambda t: np.asarray(t)[1:3],
    ],
)
@pytest.mark.parametrize("start", [0, 4])
def test_any_view_of_an_input_is_found_by_its_memory(view: Any, start: int) -> None:
    labels = np.arange(12) % 3
    t = labels[start : start + 4]
    w = Tensor(np.ones(1), "w")
    with autograd.recording() as recorded:
        out = (w * view(t)).sum() + (w * t).sum()
    program = autograd.compile(out, inputs=[t], recorded=recorded)
    for other in CLASSES:
        near(program(other), (view(other).sum() + other.sum()) * 1.0)


def test_an_array_that_overlaps_an_input_is_an_error() -> None:
    labels = np.arange(12) % 3
    t = labels[:4]
    w = Tensor(np.ones(1), "w")

    def record(function: Callable[[], Any], x: Any) -> Any:
        with autograd.recording() as recorded:
            out = function()
        return autograd.compile(out, inputs=[x], recorded=recorded)

    with pytest.raises(ValueError, match="shows other memory besides its own"):
        record(lambda: (w * labels[2:6]).sum() + (w * t).sum(), t)
    with pytest.raises(ValueError, match="a view of its memory as uint8"):
        record(lambda: (w * t.view(np.uint8)).sum() + (w * t).sum(), t)
    columns = np.arange(8).reshape(4, 2)
    left, right = columns[:, 0], columns[:, 1]
    program = record(lambda: (w * left * right).sum(), left)
    near(program(np.ones(4, int)), 16.0)


def test_numbers_whose_bytes_are_in_another_order_are_an_input() -> None:
    w = Tensor(np.ones(3), "w")
    run = autograd.compile(lambda x: (x * w).sum())
    for x in (X, 2 * X):
        near(run(x.astype(">f8")), x.sum())


@pytest.mark.parametrize(
    ("loss", "targets", "units"),
    [
        (nn.cross_entropy, RNG.integers(0, 2, 8), 2),
        (nn.mse, RNG.integers(0, 5, (8, 2)), 2),
        (nn.hinge, 2 * RNG.integers(0, 2, (8, 1)) - 1, 1),
        (nn.binary_cross_entropy_with_logits, RNG.integers(0, 2, (8, 1)).astype(bool), 1),
    ],
)
def test_fit_compiles_with_pixels_and_whole_targets(loss: Any, targets: Any, units: int) -> None:
    pixels = RNG.integers(0, 255, (8, 3)).astype(np.uint8)
    figures = []
    for compiled in (False, True):
        model = nn.MLP(3, [4, units], rng=0)
        history = nn.fit(
            model,
            loss,
            (pixels, targets),
            optimizer=nn.optim.Adam(model.parameters(), lr=1e-3),
            epochs=3,
            batch_size=3,
            progress=False,
            rng=0,
            compile=compiled,
        )
        figures.append(history.steps["loss"])
    near(*figures, tolerance=1e-9)


@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.mse])
def test_fit_computes_a_network_of_float32_in_float32_compiled_too(loss: Any) -> None:
    x, numbers = RNG.normal(size=(8, 3)), RNG.normal(size=(8, 2))
    targets = numbers if loss is nn.mse else RNG.integers(0, 2, 8)
    figures = []
    for compiled in (False, True):
        model = nn.MLP(3, [4, 2], rng=0, dtype=np.float32)
        history = nn.fit(
            model,
            loss,
            (x, targets),
            optimizer=nn.optim.SGD(model.parameters(), lr=0.1),
            metrics={"single": lambda prediction, t: float(prediction.dtype == np.float32)},
            epochs=2,
            batch_size=3,
            progress=False,
            rng=0,
            compile=compiled,
        )
        assert history.steps["single"] == [1.0] * 6
        figures.append(history.steps["loss"])
    near(*figures, tolerance=1e-5)
