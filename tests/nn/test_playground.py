"""What `nn.playground` takes, refuses and writes; what the page does is in tests/browser."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from nn.__main__ import main

X, Y = nn.data.two_moons(40, rng=0)


def net(seed: int = 0) -> nn.MLP:
    """A small network of two inputs and two outputs."""
    return nn.MLP(2, [4, 2], activation="tanh", rng=seed)


def data_of(page: nn.live.Playground) -> Any:
    """What the script of a block reads."""
    found = re.search(r"data-playground-data>(.*?)</script>", page.html)
    assert found is not None
    return json.loads(found[1])


def doubles(text: str) -> Any:
    """Numbers from a block."""
    return np.frombuffer(base64.b64decode(text), "<f8")


def picture_of(page: nn.live.Playground) -> str:
    """The still picture of a block."""
    found = re.search(r'base64,([^"]*)"', page.html)
    assert found is not None
    return base64.b64decode(found[1]).decode()


def test_the_points_are_in_the_block_bit_for_bit_and_the_held_out_are_apart() -> None:
    page = nn.playground(net(), nn.cross_entropy, (X, Y), validation=0.25, rng=3)
    data = data_of(page)
    (x, y), (held_x, held_y) = nn.data.split(X, Y, 0.25, rng=3)
    assert doubles(data["train"]["x"]).tolist() == x.ravel().tolist()
    assert doubles(data["train"]["y"]).tolist() == y.tolist()
    assert doubles(data["held"]["x"]).tolist() == held_x.ravel().tolist()
    assert doubles(data["held"]["y"]).tolist() == held_y.tolist()


def test_a_function_of_a_seed_gives_the_weights_of_each_seed() -> None:
    page = nn.playground(net, nn.cross_entropy, (X, Y), seeds=3, rng=12)
    data = data_of(page)
    assert data["choices"]["seed"] == [0, 1, 2, 12]
    for seed, start in data["starts"].items():
        expected = [np.ravel(p.data) for _, p in net(int(seed)).named_parameters()]
        assert doubles(start).tolist() == np.concatenate(expected).tolist()
    assert data_of(nn.playground(net(), nn.cross_entropy, (X, Y)))["starts"] == {}


@pytest.mark.parametrize(
    ("loss", "targets", "threshold"),
    [
        (nn.binary_cross_entropy_with_logits, [0.0, 1.0], 0.0),
        (nn.binary_cross_entropy, [0.0, 1.0], 0.5),
        (nn.mse, [0.0, 1.0], 0.5),
        (nn.mse, [-1.0, 1.0], 0.0),
        (nn.hinge, [-1.0, 1.0], 0.0),
        (nn.perceptron_loss, [-1.0, 1.0], 0.0),
    ],
)
def test_classes_are_separated_where_the_loss_of_both_is_the_same(
    loss: Any, targets: list[float], threshold: float
) -> None:
    model = nn.MLP(2, [3, 1], output_activation="sigmoid", rng=0)
    page = nn.playground(model, loss, (X, np.array(targets)[Y][:, None]))
    data = data_of(page)
    assert data["threshold"] == threshold
    assert data["classes"] == [[targets[0]], [targets[1]]]


def test_targets_are_classes_as_indices_and_as_distributions_or_numbers() -> None:
    assert data_of(nn.playground(net(), nn.cross_entropy, (X, Y)))["classes"] == [[0], [1]]
    rows = np.eye(2)[Y]
    assert data_of(nn.playground(net(), nn.cross_entropy, (X, rows)))["classes"] == rows_of(2)
    number = nn.MLP(2, [3, 1], rng=0)
    assert data_of(nn.playground(number, nn.mse, (X, X[:, :1])))["classes"] is None


def test_networks_by_name_are_starts_to_choose_from() -> None:
    starts = {"one": net(1), 0: net(2)}
    data = data_of(nn.playground(starts, nn.cross_entropy, (X, Y)))
    assert data["choices"]["start"] == ["one", "0"]
    assert data["settings"]["start"] == "one"
    for name, seed in (("one", 1), ("0", 2)):
        expected = [np.ravel(p.data) for _, p in net(seed).named_parameters()]
        assert doubles(data["starts"][name]).tolist() == np.concatenate(expected).tolist()


def rows_of(n: int) -> list[list[float]]:
    """One row for each class."""
    return np.eye(n).tolist()


def test_the_model_and_its_modes_are_left_as_they_were() -> None:
    model = nn.MLP(2, [4, 2], norm="batch", rng=0)
    model.layers[1].eval()
    before = model.state_dict()
    modes = [m.training for m in model.modules()]
    assert nn.playground(model, nn.cross_entropy, (X, Y)).html
    assert [m.training for m in model.modules()] == modes
    after = model.state_dict()
    assert all((after[name] == before[name]).all() for name in before)
    assert all(p.grad is None for p in model.parameters())


def test_the_still_picture_has_the_region_of_each_class_and_the_points() -> None:
    model = nn.MLP(2, [1], rng=0)
    model.layers[0].weight.data = [[1.0, 0.0]]
    targets = (X[:, :1] > 0).astype(float)
    page = nn.playground(model, nn.binary_cross_entropy_with_logits, (X, targets))
    picture = picture_of(page)
    first, second = re.findall(r'fill-opacity="0.25" d="([^"]*)"', picture)
    (low, high), _ = data_of(page)["ranges"]
    edge = round(50 * -low / (high - low))
    assert set(re.findall(r"M(\d+) \d+h(\d+)", first)) == {("0", str(edge))}
    assert set(re.findall(r"M(\d+) \d+h(\d+)", second)) == {(str(edge), str(50 - edge))}
    dots = re.findall(r'<path d="([^"]*)" stroke="(#\w+)"', picture)
    assert [path.count("M") for path, _ in dots] == np.bincount(targets[:, 0].astype(int)).tolist()
    assert [colour for _, colour in dots] == list(autograd.LIGHT.series[:2])


def test_hostile_names_and_texts_stay_text() -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            self.parts = {"</script><b>": nn.Linear(2, 2, rng=0)}

        def forward(self, x: Any) -> Any:
            return self.parts["</script><b>"](x)

    page = nn.playground(Named(), nn.cross_entropy, (X, Y), title='</script>"<!--')
    assert page.html.count("</script>") == 2
    assert "<!--" not in page.html


def test_a_page_stays_what_it_was_when_the_model_and_the_points_change() -> None:
    model, x, y = net(), X.copy(), Y.copy()
    page = nn.playground(model, lambda z, y: nn.cross_entropy(z.reshape(z.shape), y), (x, y))
    before = page.html
    model.layers[0].weight.data = model.layers[0].weight.data + 1
    x += 1
    y[:] = 0
    assert page.html == before


def test_a_notebook_gets_the_block_and_its_words() -> None:
    page = nn.playground(net(), nn.cross_entropy, (X, Y))
    bundle = page._repr_mimebundle_()
    assert bundle == {"text/html": page.html, "text/plain": repr(page)}
    assert page.html == nn.playground(net(), nn.cross_entropy, (X, Y)).html
    assert repr(page) == (
        '<Playground of MLP, 22 parameters, 40 points to train on: .save("page.html"), .html>'
    )


def test_a_block_without_its_points_and_its_picture_is_small() -> None:
    page = nn.playground(net(), nn.cross_entropy, (X, Y))
    points = sum(len(x) for x in data_of(page)["train"].values() if isinstance(x, str))
    picture = base64.b64encode(picture_of(page).encode())
    assert len(page.html.encode()) - points - len(picture) < 66_000


# --- what is refused ----------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": nn.MLP(3, [2], rng=0)}, r"expected \(\.\.\., 3\), got \(40, 2\)"),
        ({"data": (np.zeros((5, 3)), np.zeros(5, int))}, r"\(n, 2\), or \(n, 1\) .* got \(5, 3\)"),
        ({"data": (X, Y[:-1])}, r"40 instances, .* got \(39,\)"),
        ({"data": (np.where(X > 1, np.nan, X), Y)}, "inputs of data are finite"),
        ({"data": (X, np.where(Y, np.inf, 0.0))}, "targets of data are finite"),
        ({"data": (np.zeros((2001, 2)), np.zeros(2001, int))}, "up to 2,000 points, got 2,001"),
        ({"validation": (X[:, :1], Y)}, r"validation has inputs \(40, 1\)"),
        ({"validation": 1.5}, "above 0, up to below 1"),
        ({"model": nn.MLP(2, [60, 60, 2], rng=0)}, "1 to 2,500 parameters, got 3,962"),
        ({"model": lambda seed: nn.MLP(2, [2 + seed, 2], rng=0)}, "differ in their numbers only"),
        ({"model": {"a": net(), "b": nn.MLP(2, [4, 2], rng=0)}}, "differ in their numbers only"),
        ({"loss": nn.CrossEntropyLoss(reduction="none")}, r"one number, .* got shape \(40,\)"),
        ({"loss": nn.mse}, r"\(40, 2\).*\(40,\)"),
        ({"loss": nn.mse, "data": (X, 3 * X)}, "drawn for one output, got 2"),
        ({"path": "page.svg"}, r"'page\.svg': the name ends in \.html, \.htm"),
        ({"optimizer": "lion"}, "no optimiser 'lion'; there are adadelta, "),
        ({"optimizer": lambda p: nn.optim.SGD(p, 0.1, dampening=0.5)}, "SGD with dampening"),
        ({"model": nn.MLP(2, [2], dtype=np.float32, rng=0)}, "float32"),
        ({"theme": "blue"}, "'auto', 'light' or 'dark', got 'blue'"),
        ({"lr": 0.0}, "above 0, got 0.0"),
        ({"l2": -1.0}, "0 or more, got -1.0"),
        ({"batch_size": 0}, "1 or more, got 0"),
        ({"rng": -1}, "0 or more, got -1"),
        ({"seeds": 0}, "1 or more, got 0"),
        ({"threshold": np.nan}, "finite, got nan"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_came(
    change: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options: dict[str, Any] = {"model": net(), "loss": nn.cross_entropy, "data": (X, Y)}
    with pytest.raises(ValueError, match=words):
        nn.playground(**(options | change))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": nn.MLP}, "takes a Module; or a function of a seed"),
        ({"model": lambda x: x}, "a function of a seed makes a Module.*got int for 0"),
        ({"model": {"a": 3}}, "a dict holds them, got int for 'a'"),
        ({"model": {}}, "a dict of Modules by name"),
        ({"model": 3}, "takes a Module; or a function of a seed"),
        ({"loss": nn.CrossEntropyLoss}, "a loss that can be called"),
        ({"data": X}, r"data is a pair \(x, y\)"),
        ({"title": 3}, "title of playground is a text"),
        ({"rng": 0.5}, "whole number"),
        ({"lr": "fast"}, "is a number"),
    ],
)
def test_what_is_of_another_kind_is_refused(change: dict[str, Any], words: str) -> None:
    options: dict[str, Any] = {"model": net(), "loss": nn.cross_entropy, "data": (X, Y)}
    with pytest.raises(TypeError, match=words):
        nn.playground(**(options | change))


# --- the command ----------------------------------------


def run(capsys: Any, *arguments: str) -> tuple[int, str, str]:
    """Status, standard output and standard error of the command, in this process."""
    try:
        main(["playground", *arguments])
        status = 0
    except SystemExit as stop:
        status = int(stop.code or 0)
    return status, *capsys.readouterr()


@pytest.mark.parametrize("data", ["moons", "circles", "spirals", "blobs", "xor", "sine"])
def test_the_command_writes_a_lecture_page(
    capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: str
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ("--data", data, "--hidden", "8,8", "--activation", "tanh", "-o", "page.html")
    status, out, error = run(capsys, *arguments)
    assert (status, error) == (0, "")
    assert re.fullmatch(
        r"Playground of MLP, \d+ parameters, 160 points to train on: saved page\.html \(\d+ KB\)\n",
        out,
    )
    page = Path("page.html").read_text("utf-8")
    assert f"<title>{data.capitalize()}, a network of " in page
    assert "http" not in page.replace("http://www.w3.org/", "")


def test_options_of_the_command_are_those_of_the_function(
    capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    options = "--hidden none --points 50 --held-out 0 --optimizer adam --lr 0.02 --l2 0.001"
    more = "--batch-size 10 --seed 4 --init he_normal --norm none --title Lesson --noise 0.3"
    status, out, _ = run(capsys, *options.split(), *more.split())
    assert status == 0
    assert out.startswith("Playground of MLP, 6 parameters, 50 points")
    found = re.search(r"data-playground-data>(.*?)</script>", Path("page.html").read_text("utf-8"))
    assert found is not None
    data = json.loads(found[1])
    expected = {"optimizer": "adam", "lr": 0.02, "l2": 0.001, "batch": 10, "seed": 4}
    assert {name: data["settings"][name] for name in expected} == expected
    assert (data["title"], data["held"]) == ("Lesson", None)
    x, _ = nn.data.two_moons(50, noise=0.3, rng=0)
    assert doubles(data["train"]["x"]).tolist() == x.ravel().tolist()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--data", "rings"), "invalid choice"),
        (("--hidden", "8,x"), "expected a whole number, 1 or more, got 'x'"),
        (("--hidden", "90,90"), "1 to 2,500 parameters"),
        (("--activation", "wavy"), "wavy"),
        (("--lr", "fast"), "expected a number, got 'fast'"),
        (("--lr", "-1"), "above 0"),
        (("-o", "page.svg"), "the name ends in .html"),
        (("-o", "nowhere/page.html"), "cannot write nowhere/page.html: No such file"),
    ],
)
def test_a_mistake_in_the_command_is_one_line(
    capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, error = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert error.count("\n") == 1
    assert words in error
    assert not list(tmp_path.iterdir())
