"""Training that is watched: snapshots, moving pictures, and a picture that is redrawn in place."""

from __future__ import annotations

import base64
import json
import pickle
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nn
from nn.training import watching

X, Y = nn.data.two_moons(60, rng=0)


def fitted(
    model: Any = None, x: Any = X, y: Any = Y, loss: Any = nn.cross_entropy, **options: Any
) -> Any:
    options = {"epochs": 4, "batch_size": 20, "rng": 0, "progress": False, **options}
    model = nn.MLP(2, [4, 2], rng=0) if model is None else model
    return nn.fit(model, loss, (x, y), optimizer=lambda p: nn.optim.SGD(p, 0.1), **options)


# --- snapshots ----------------------------------------


def test_nothing_is_kept_and_the_model_is_not_run_where_nobody_watches() -> None:
    runs = []

    class Counted(nn.MLP):
        def forward(self, x: Any) -> Any:
            runs.append(len(x))
            return super().forward(x)

    history = fitted(Counted(2, [4, 2], rng=0))
    assert history.snapshots == []
    assert history.plane is None
    assert runs == [20, 20, 20, 60] * 4  # steps, and the measure after each epoch


@pytest.mark.parametrize("most", [1, 2, 5, 8, 60])
@pytest.mark.parametrize("epochs", [1, 3, 10])
def test_snapshots_are_spread_over_the_training_from_its_start_to_its_end(
    most: int, epochs: int
) -> None:
    history = fitted(epochs=epochs, snapshots=most)
    steps = [snapshot.step for snapshot in history.snapshots]
    made = 3 * epochs
    assert steps[0] == 0
    assert steps[-1] == made
    assert len(steps) <= most + 1
    assert len(steps) > min(most, made) / 2
    gaps = set(np.diff(steps[:-1]))
    assert len(gaps) <= 1


def test_watching_changes_nothing_of_the_training() -> None:
    plain, seen = nn.MLP(2, [4, 2], norm="batch", rng=0), nn.MLP(2, [4, 2], norm="batch", rng=0)
    one, other = fitted(plain), fitted(seen, snapshots=5)
    assert one.steps == other.steps
    assert one.epochs == other.epochs
    for name, array in plain.state_dict().items():
        assert np.array_equal(array, seen.state_dict()[name])


def test_a_snapshot_holds_what_the_model_said() -> None:
    model = nn.MLP(2, [4, 2], rng=0)
    history = fitted(model, snapshots=5)
    said = history.plane.scores(model)
    assert np.allclose(history.snapshots[-1].scores, said, rtol=1e-5)
    assert np.allclose(
        history.snapshots[0].scores, history.plane.scores(nn.MLP(2, [4, 2], rng=0)), rtol=1e-5
    )
    assert pickle.loads(pickle.dumps(history)).snapshots[1].step == history.snapshots[1].step


ONE = ("binary_cross_entropy_with_logits", 1)


@pytest.mark.parametrize(
    ("y", "seen"),
    [
        (Y, True),
        (Y.astype(float), True),
        (2 * Y - 1, True),
        (Y[:, None], True),
        (np.eye(2)[Y], True),
        (X[:, 0], False),
        (X, False),
        (np.linspace(0, 1, 60), False),
        (np.where(Y == 0, np.nan, 1.0), False),
    ],
    ids=["indices", "floats", "signs", "column", "one-hot", "a number", "two", "ramp", "nan"],
)
def test_a_boundary_is_of_two_numbers_with_classes(y: Any, seen: bool) -> None:
    assert (watching.plane_of([(X, y)]) is not None) is seen
    assert watching.plane_of([(np.c_[X, X], y)]) is None
    assert watching.plane_of(iter([(X, y)])) is None


def test_of_much_data_a_thousand_points_are_drawn() -> None:
    x, y = nn.data.two_moons(5000, rng=0)
    plane = watching.plane_of([(x, y)])
    assert plane is not None
    assert len(plane.x) == len(plane.labels) == 1000


def test_a_run_that_is_ended_has_its_last_snapshot_too() -> None:
    history = fitted(epochs=50, snapshots=4, callbacks=lambda event: event.step == 7)
    assert history.stopped == "callback"
    assert history.snapshots[-1].step == 7
    with pytest.raises(nn.DivergenceError) as caught:
        fitted(epochs=50, snapshots=4, schedule=lambda step: 0.1 if step < 5 else 1e300)
    assert caught.value.history.snapshots[-1].step == len(caught.value.history.steps["loss"])


# --- moving pictures ----------------------------------------


def images_of(path: Path) -> list[Any]:
    """The pictures in a file, as arrays."""
    Image = pytest.importorskip("PIL.Image")
    if path.suffix == ".gif":
        found = []
        with Image.open(path) as gif:
            for k in range(gif.n_frames):
                gif.seek(k)
                found.append(np.asarray(gif.convert("RGB"), dtype=int))
        return found
    text = path.read_text(encoding="utf-8")
    frames = json.loads(re.search(r"const frames = (\[.*?\]);", text)[1])  # type: ignore[index]
    io = pytest.importorskip("io")
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(each))).convert("RGB"), dtype=int)
        for each in frames
    ]


@pytest.mark.parametrize("ending", [".gif", ".html"])
def test_the_curve_grows_and_the_boundary_bends(ending: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    history = fitted(epochs=6, snapshots=5)
    path = history.animate(tmp_path / f"training{ending}")
    assert path == tmp_path / f"training{ending}"
    images = images_of(path)
    assert len(images) == len(history.snapshots)
    assert len({image.shape for image in images}) == 1
    middle = images[0].shape[1] // 2
    # In the panel of the curve more and more is not as it was at first.
    panel = [each[40:-60, 60:middle] for each in images]
    grown = [int((np.abs(each - panel[0]).max(axis=2) > 40).sum()) for each in panel]
    assert grown == sorted(grown)
    assert grown[0] == 0 < grown[2] < grown[-1]
    assert np.abs(images[0][:, middle:] - images[-1][:, middle:]).max() > 60  # the boundary


def test_a_page_asks_for_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    page = fitted(epochs=2).animate(tmp_path / "training.html").read_text(encoding="utf-8")
    assert re.findall(r"https?://|//[a-z]+\.", page) == []
    assert 'type="range"' in page


def test_without_snapshots_the_curve_and_the_metric_grow(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    history = fitted(epochs=3, metrics=nn.metrics.accuracy)
    images = images_of(history.animate(tmp_path / "training.gif"))
    assert len(images) == 10  # before the first step, and after each of nine
    right = [image[:, image.shape[1] // 2 :] for image in images]
    assert (right[0] != right[-1]).any()


def test_what_cannot_be_animated_is_said_and_no_file_is_begun(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    history = fitted(epochs=1)
    for path, options, words in (
        ("x.mp4", {}, r"saved as \.gif or \.html, not as 'x\.mp4'"),
        ("x.gif", {"fps": 0}, "fps is above 0, up to 100"),
        ("x.gif", {"boundary": True}, r"no snapshots of a boundary: fit\(\.\.\., snapshots=60\)"),
    ):
        with pytest.raises(ValueError, match=words):
            history.animate(tmp_path / path, **options)
    with pytest.raises(ValueError, match="no step was made"):
        nn.History().animate(tmp_path / "x.gif")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("probabilities", [False, True])
def test_one_score_is_held_against_a_half_where_it_is_a_probability(probabilities: bool) -> None:
    animation = pytest.importorskip("nn.inspect.animation")
    activation, loss = (
        ("sigmoid", nn.binary_cross_entropy)
        if probabilities
        else (None, nn.binary_cross_entropy_with_logits)
    )
    model = nn.MLP(2, [4, 1], output_activation=activation, rng=0)
    history = fitted(model, y=Y[:, None].astype(float), loss=loss, snapshots=3)
    assert animation.threshold_of(history) == (0.5 if probabilities else 0.0)


def test_networks_of_values_are_watched_too(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    model = nn.scalar.MLP(2, [3, 1], rng=0)
    history = nn.fit(
        model,
        nn.hinge,
        (X, 2.0 * Y - 1),
        optimizer=lambda p: nn.optim.SGD(p, 0.1),
        epochs=2,
        progress=False,
        snapshots=3,
    )
    assert history.snapshots[-1].scores.shape[0] == 80 * 80 + 60
    assert history.animate(tmp_path / "values.gif").exists()


# --- live ----------------------------------------


class Notebook:
    """What `fit` sees of IPython, and what was shown."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shown: list[Any] = []
        self.titles: list[str] = []
        module, display = ModuleType("IPython"), ModuleType("IPython.display")
        shell = SimpleNamespace(config={"IPKernelApp": {}})
        module.get_ipython = lambda: shell  # type: ignore[attr-defined]
        module.display = display  # type: ignore[attr-defined]
        display.display = self.display  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "IPython", module)
        monkeypatch.setitem(sys.modules, "IPython.display", display)

    def display(self, figure: Any, *, display_id: bool) -> Any:
        assert display_id
        assert not self.shown  # one place, which is written over
        self.update(figure)
        return self

    def update(self, figure: Any) -> None:
        self.shown.append(figure)
        self.titles.append(figure.get_suptitle())
        assert figure._repr_png_().startswith(b"\x89PNG")


def test_in_a_notebook_one_picture_is_redrawn_until_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("matplotlib")
    notebook = Notebook(monkeypatch)
    monkeypatch.setattr(watching, "LEAST", 0.0)
    monkeypatch.setattr(watching, "SHARE", 0.0)
    history = fitted(epochs=3, live=True)
    assert len(notebook.shown) == 10  # after each step, and at the end
    assert notebook.titles[0] == "Epoch 1 of 3, step 1"
    (line,) = notebook.shown[0].axes[0].get_lines()
    assert line.get_xdata() == pytest.approx([1 / 3])  # of an epoch of three steps
    assert notebook.titles[-1] == "Epoch 3 of 3, step 9"
    assert [axes.get_ylabel() for axes in notebook.shown[-1].axes] == ["loss", "x₂"]
    assert len(history.snapshots) == 10
    notebook = Notebook(monkeypatch)
    fitted(x=np.c_[X, X], model=nn.MLP(4, [2], rng=0), live=True, metrics=nn.metrics.accuracy)
    assert [axes.get_ylabel() for axes in notebook.shown[-1].axes] == ["loss", "accuracy"]
    monkeypatch.setattr(watching, "LEAST", 1e9)
    notebook = Notebook(monkeypatch)
    fitted(epochs=3, live=True)
    assert len(notebook.shown) == 2  # the first step and the end, where there is no time for more


def test_elsewhere_live_is_the_bar_and_snapshots(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    history = fitted(live=True)
    assert len(history.snapshots) == 13
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(watching, "on_terminal", lambda: True)
    fitted(live=True)
    assert capsys.readouterr().err == "fit(live=True) draws in a notebook; here there is a bar\n"


def test_mistakes_in_what_is_watched_are_named() -> None:
    with pytest.raises(TypeError, match="live is True or False, got int"):
        fitted(live=1)
    with pytest.raises(ValueError, match="snapshots is a whole number of 1 or more, got -1"):
        fitted(snapshots=-1)
    with pytest.raises(TypeError, match="snapshots is a whole number of 1 or more, got bool"):
        fitted(snapshots=True)
