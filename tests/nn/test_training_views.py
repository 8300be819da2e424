"""What is seen of training: statistics, plots, and the progress bar."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nn
from nn.training import progress

X, Y = nn.data.two_moons(60, rng=0)


def small(rng: int = 0, **options: Any) -> nn.MLP:
    return nn.MLP(2, [8, 2], rng=rng, **options)


def line_fit() -> tuple[nn.Linear, Any, Any]:
    """A least-squares problem whose trajectory is easily computed by hand."""
    x = np.array([[0.0], [1.0], [2.0], [3.0]])
    return nn.Linear(1, 1, rng=0), x, 2 * x + 1


def test_statistics_are_noted_on_request() -> None:
    model, x, y = line_fit()
    history = nn.fit(
        model,
        nn.mse,
        (x, y),
        optimizer=nn.optim.SGD(model.parameters(), 0.05),
        epochs=1,
        statistics=True,
    )
    start = nn.Linear(1, 1, rng=0)
    nn.mse(start(x), y).backward()
    g = np.array([start.weight.grad.item(), start.bias.grad.item()])
    assert np.isclose(history.steps["gradient norm"][0], np.linalg.norm(g))
    ratio = 0.05 * np.linalg.norm(g) / abs(start.weight.item())
    assert np.isclose(history.steps["update ratio"][0], ratio)
    layers = history.epochs["layers"][0]
    assert np.isclose(layers["Linear"]["mean"], model(x).numpy().mean())
    assert np.isclose(
        history.epochs["update ratios"][0]["weight"], 0.05 * abs(g[0] / start.weight.item())
    )
    assert (
        "gradient norm"
        not in nn.fit(
            model, nn.mse, (x, y), optimizer=lambda p: nn.optim.SGD(p, 0.05), epochs=1
        ).steps
    )


def test_a_history_plots_itself_and_prints_why_training_ended() -> None:
    pytest.importorskip("matplotlib")
    model = small()
    history = nn.fit(
        model,
        nn.cross_entropy,
        (X, Y),
        optimizer=nn.optim.SGD(model.parameters(), 0.1),
        epochs=2,
        batch_size=20,
        validation=(X, Y),
        metrics={"accuracy": nn.metrics.accuracy},
    )
    figure = history.plot()
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy"]
    assert figure.get_suptitle() == "Training: 2 epochs, 6 steps"
    assert history.plot("Two moons").get_suptitle() == "Two moons"
    lines = figure.axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["steps", "training", "held out"]
    assert list(lines[1].get_ydata()) == history.epochs["loss"]
    assert str(history._repr_png_())[2:] == str(history.plot()._repr_png_())[2:]  # no date in it
    assert "2 epochs, 6 steps" in repr(history)
    assert "all 2 epochs were made" in repr(history)
    empty = nn.History()
    assert empty._repr_png_() is None
    with pytest.raises(ValueError, match="nothing to draw"):
        empty.plot()


def test_a_rate_is_drawn_so_that_its_shape_is_seen_and_one_step_is_a_dot() -> None:
    pytest.importorskip("matplotlib")

    def drawn(rates: Any) -> Any:
        history = nn.History()
        history.steps = {"loss": [1.0] * len(rates), "lr": list(rates)}
        return history.plot().axes[1]

    steps = np.arange(90)
    assert drawn(0.1 * (1.0001 + np.cos(np.pi * steps / 90)) / 2).get_yscale() == "linear"
    assert drawn(0.1 ** (1 + steps // 30)).get_yscale() == "linear"
    assert drawn(1e-6 * 10 ** (steps / 15)).get_yscale() == "log"
    one = nn.History()
    one.steps = {"loss": [0.1], "lr": [0.1]}
    (axes,) = one.plot().axes
    assert axes.get_lines()[0].get_marker() == "o"
    assert axes.get_ylim()[1] > 0.1


@pytest.mark.parametrize(
    ("schedule", "panels"),
    [
        (None, ["loss"]),
        (lambda step: 0.1, ["loss"]),
        (lambda step: 0.1 / (1 + step), ["loss", "learning rate"]),
        (lambda step: 0.1 if step < 5 else 0.01, ["loss", "learning rate"]),
    ],
)
def test_a_learning_rate_has_a_panel_where_it_changes(schedule: Any, panels: list[str]) -> None:
    pytest.importorskip("matplotlib")
    history = nn.fit(
        small(),
        nn.cross_entropy,
        (X, Y),
        optimizer=lambda p: nn.optim.SGD(p, 0.1),
        epochs=3,
        batch_size=20,
        schedule=schedule,
        progress=False,
    )
    assert [axes.get_ylabel() for axes in history.plot().axes] == panels


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height, which stand at the same place in every PNG."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def test_a_notebook_is_given_an_image_of_a_history_and_no_svg_that_it_would_drop_or_cut_off() -> (
    None
):
    pytest.importorskip("matplotlib")
    IPython = pytest.importorskip("IPython")
    history = nn.History()
    history.steps = {"loss": [3.0, 2.0, 1.0], "lr": [0.3, 0.2, 0.1], "accuracy": [0.1, 0.2, 0.3]}
    formats, _ = IPython.core.formatters.DisplayFormatter().format(history)
    assert set(formats) == {"image/png", "text/plain"}
    width, _ = size_of(formats["image/png"])
    assert width <= 1000  # text of 10 points stays above 9 pixels in a column of 760


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "progress", "shown"),
    [(Terminal, True, True), (Terminal, False, False), (io.StringIO, True, False)],
)
def test_the_progress_bar_shows_on_a_terminal_only(
    stream: Any, progress: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = stream()
    monkeypatch.setattr(sys, "stderr", screen)
    model = small()
    nn.fit(
        model,
        nn.cross_entropy,
        (X, Y),
        optimizer=nn.optim.SGD(model.parameters(), 0.1),
        epochs=3,
        progress=progress,
    )
    assert ("epoch 3/3: 100%" in screen.getvalue()) is shown


@pytest.mark.parametrize("widgets", [False, True])
def test_in_a_notebook_the_bar_shows_though_there_is_no_terminal(
    widgets: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, bundle: dict[str, str], raw: bool) -> None:
            assert raw
            shown.append(bundle["text/plain"])

    def display(bundle: dict[str, str], raw: bool, display_id: bool) -> Any:
        assert display_id
        assert not shown  # one line, which is written over
        Handle().update(bundle, raw)
        return Handle()

    module, displays = ModuleType("IPython"), ModuleType("IPython.display")
    shell = SimpleNamespace(config={"IPKernelApp": {}})
    module.get_ipython = lambda: shell  # type: ignore[attr-defined]
    module.display = displays  # type: ignore[attr-defined]
    displays.display = display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", displays)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)  # as if it were not installed
    used = []
    if widgets:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
        fake = ModuleType("tqdm.notebook")
        fake.tqdm = lambda **options: used.append(options) or progress.NoBar()  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "tqdm.notebook", fake)
    assert progress.in_notebook()
    with progress.progress_bar(True, 2) as bar:
        bar.update()
        bar.update()
    if widgets:
        assert used == [{"total": 2, "unit": "step"}]
        assert shown == []
    else:
        assert "0/2" in shown[0]
        assert "2/2" in shown[-1]
    assert capsys.readouterr() == ("", "")  # a notebook prints standard error on red
    shell.config = {}
    assert not progress.in_notebook()


def test_without_a_bar_nothing_is_started() -> None:
    code = """
import sys, threading, nn
x, y = nn.data.two_moons(20, rng=0)
for progress in (False, True):  # standard error is no terminal here
    nn.fit(nn.MLP(2, [2], rng=0), nn.cross_entropy, (x, y), optimizer="adam", epochs=2,
           progress=progress)
print("tqdm" in sys.modules, threading.active_count())
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("False 1\n", "")
