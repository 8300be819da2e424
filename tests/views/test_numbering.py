"""One numbering: layers count 1, 2, 3 in every view, and what stands between them does not count."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value, draw
from autograd.formulas.names import Names, layers_of

PATH = re.compile(r"layers\.\d|⁽⁰⁾|₀")


def three_layers() -> Value:
    """The network of Values whose pictures once had w⁽⁰⁾, w⁽²⁾ and w⁽⁴⁾."""
    model = nn.MLP(2, [2, 2, 1], activation="tanh", rng=0).to_scalars()
    (y,) = model([Value(0.5, "x1"), Value(-1.0, "x2")])
    return y


def weights(text: str) -> set[str]:
    return {each[0] + each[2] for each in re.findall(r"[wW]⁽[⁰¹²³⁴⁵]⁾", text)}


def titles(node: Any, **options: Any) -> list[str]:
    """What stands at the heads of the frames."""
    pictured = autograd.draw(node, **options)._painting
    frames = {f for box in pictured.boxes for f in [box.frame[:k] for k in range(1, 9)] if f}
    return sorted({pictured.title(frame) for frame in frames})


def labels(node: Any) -> set[str]:
    return set(Names(autograd.topological_order(node, arguments=True)).labels.values())


def test_the_weights_of_three_layers_are_w1_w2_w3_in_every_view_of_values() -> None:
    y = three_layers()
    for text in (
        autograd.Stepper(y).html,
        autograd.Stepper(y, max_steps=20).html,
        draw(y).svg,
        draw(y, depth=1).svg.replace('unfold=("layers.0",)', ""),
        draw(y, view="network").svg,
        "\n".join(step.text() for step in autograd.steps(y)),
    ):
        assert PATH.findall(text) == []
    for text in (autograd.Stepper(y).html, draw(y).svg, draw(y, view="network").svg):
        assert weights(text) == {"w¹", "w²", "w³"}
        assert "w⁽¹⁾₁₁" in text
    assert r"w^{(1)}_{11}" in "".join(step.latex() for step in autograd.steps(y))


def test_frames_and_groups_are_titled_by_their_layers() -> None:
    y = three_layers()
    told = ["layer 1 (Linear)", "layer 1 (Tanh)", "layer 2 (Linear)", "layer 2 (Tanh)"]
    assert titles(y) == ["MLP", *told, "layer 3 (Linear)"]
    grouped = autograd.Stepper(y, max_steps=20).html
    assert all(each in grouped for each in [*told, "layer 3 (Linear)"])
    pictured = draw(nn.MLP(2, [2, 2, 1], rng=0)).svg
    assert re.findall(r">(layers? [\d–]+: )", pictured) == ["layer 1: ", "layer 2: ", "layer 3: "]


def test_derivations_and_jacobian_pictures_count_alike() -> None:
    model = nn.MLP(2, [2, 2, 1], activation="tanh", rng=0)
    z = model.layers[2](model.layers[1](model.layers[0](Tensor([[0.5, -1.0]], "x"))))
    loss = nn.mse(model(np.ones((3, 2))), np.zeros((3, 1)))
    for layout, called in (("rows", "W⁽{}⁾"), ("dd2424", "W{}")):
        told = str(autograd.derivation(loss, layout=layout))
        for above, below in zip("¹²³", "₁₂₃", strict=True):
            assert called.format(above if layout == "rows" else below) in told
        assert "⁽⁴⁾" not in told
        assert "W₄" not in told
    picture = autograd.jacobian_picture(z, model.layers[2].weight).svg
    assert "w⁽²⁾₁₁" in picture
    assert "∂W⁽²⁾" in picture
    assert "w⁽³⁾" not in picture


@pytest.mark.parametrize("between", [nn.BatchNorm1d, nn.LayerNorm, nn.PReLU, nn.RMSNorm])
@pytest.mark.parametrize("scalar", [False, True])
def test_what_has_parameters_and_is_no_layer_is_of_the_layer_before_it(
    between: Any, scalar: bool
) -> None:
    if scalar and between is not nn.PReLU:
        return  # of one instance of Values a normalisation over the batch has nothing to normalise
    model = nn.Sequential(nn.Linear(2, 3, rng=0), between(3), nn.Tanh(), nn.Linear(3, 1, rng=1))
    if scalar:
        (y,) = model.to_scalars()([Value(0.5), Value(-1.0)])
    else:
        y = model(np.ones((4, 2))).sum()
    letter = "α" if between is nn.PReLU else "γ"
    found = {each for each in labels(y) if each[0] in "wWαγ"}
    assert {each[:4] for each in found} == {f"{'w' if scalar else 'W'}⁽{k}⁾" for k in "¹²"} | {
        f"{letter}⁽¹⁾"
    }
    assert f"layer 1 ({between.__name__})" in titles(y)
    assert "layer 2 (Linear)" in titles(y)
    assert [name for name, _ in model.named_parameters()][2].startswith("layers.1.weight")


def test_sequentials_in_a_sequential_count_through() -> None:
    model = nn.Sequential(
        nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 3, rng=1), nn.PReLU()),
        nn.Sequential(nn.Linear(3, 2, rng=2), nn.Tanh()),
        nn.Linear(2, 1, rng=3),
    )
    y = model(np.ones((4, 2))).sum()
    assert {each for each in labels(y) if each[0] == "W"} == {f"W⁽{k}⁾" for k in "¹²³⁴"}
    assert {"layers 1–2 (Sequential)", "layer 2 (PReLU)", "layer 3 (Sequential)"} <= set(titles(y))
    assert "layer 3 (Tanh)" in titles(y)


def test_members_with_names_keep_them_beside_their_number() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.hidden = nn.Linear(2, 3, rng=0)
            self.act = nn.Tanh()
            self.out = nn.Linear(3, 1, rng=1)

        def forward(self, x: Any) -> Any:
            return self.out(self.act(self.hidden(x)))

    told = titles(Net()(np.ones((4, 2))).sum())
    assert told == ["Net", "act (Tanh)", "layer 1, hidden (Linear)", "layer 2, out (Linear)"]


class Neuron:
    """micrograd's, without the library's modules: its names are all that tells what it is."""

    def __init__(self, nin: int, path: str) -> None:
        self.w = [Value(0.1 * (i + 1), f"{path}.w.{i}") for i in range(nin)]
        self.b = Value(0.0, f"{path}.b")

    def __call__(self, x: Any) -> Any:
        return sum((w * each for w, each in zip(self.w, x, strict=True)), self.b).tanh()


def test_classes_of_a_users_own_count_by_their_names() -> None:
    x: Any = [Value(0.5, "x1"), Value(-1.0, "x2")]
    for number, (nin, nout) in enumerate([(2, 2), (2, 3), (3, 1)]):
        layer = [Neuron(nin, f"layers.{number}.neurons.{j}") for j in range(nout)]
        x = [neuron(x) for neuron in layer]
    assert weights(autograd.Stepper(x[0]).html) == {"w¹", "w²", "w³"}
    assert weights(draw(x[0]).svg) == {"w¹", "w²", "w³"}
    assert {"w⁽¹⁾₁₁", "w⁽²⁾₃₂", "w⁽³⁾₁₃", "b⁽³⁾₁"} <= labels(x[0])


@pytest.mark.parametrize("prefix", ["layers.", "", "net."])
def test_layers_are_known_by_names_alone(prefix: str) -> None:
    w = [Tensor(np.ones((2, 2)), f"{prefix}{k}.weight") for k in (0, 2, 4)]
    y = (w[2] @ (w[1] @ (w[0] @ np.ones(2)).tanh()).tanh()).sum()
    assert labels(y) == {"W⁽¹⁾", "W⁽²⁾", "W⁽³⁾"}


def test_a_vector_of_weights_is_a_layer_by_its_use() -> None:
    # One output unit: w·h + b, beside a scale of the same shape that is none.
    w1 = Tensor(np.ones((3, 2)), "layers.0.weight")
    scale, w2 = Tensor(np.ones(3), "layers.1.weight"), Tensor(np.ones(3), "layers.2.weight")
    y = w2 @ (scale * (w1 @ np.ones(2)))
    assert labels(y) == {"W⁽¹⁾", "γ⁽¹⁾", "W⁽²⁾"}


def test_where_nothing_has_a_matrix_all_that_has_weights_is_a_layer() -> None:
    x: Any = Value(0.5, "x")
    for k in range(2):
        x = (Value(2.0, f"layers.{k}.w") * x + Value(0.0, f"layers.{k}.b")).tanh()
    assert labels(x) == {"x", "w⁽¹⁾", "b⁽¹⁾", "w⁽²⁾", "b⁽²⁾"}
    assert layers_of([("a.weight", None), ("b.weight", None)]) == {"a": 1, "b": 2}


def test_a_part_of_a_network_has_the_numbers_of_the_whole() -> None:
    model = nn.Sequential(nn.Linear(1, 3, rng=0), nn.BatchNorm1d(3), nn.Linear(3, 1, rng=1))
    whole = model(np.ones((4, 1)))
    h = whole.parents[0]  # the normalised layer: the last layer is not in its graph
    assert {each for each in labels(h) if "⁾" in each} <= labels(whole)
    assert {"W⁽¹⁾", "γ⁽¹⁾"} <= labels(h)
