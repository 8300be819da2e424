"""One naming: every view of a network calls its inputs, weights and biases the same."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value, draw
from autograd.formulas.mathml import mathml
from autograd.formulas.names import Names


class Own(nn.Module):
    """micrograd's network written by a user: lists of lists, other words."""

    def __init__(self) -> None:
        self.first = [nn.scalar.Neuron(2, rng=i) for i in range(3)]
        self.last = nn.scalar.Neuron(3, nonlin=False, rng=7)

    def forward(self, x: Any) -> Any:
        return self.last([neuron(x) for neuron in self.first])


def of_values() -> Any:
    return nn.scalar.MLP(2, [3, 1], rng=0)


def to_scalars() -> Any:
    return nn.MLP(2, [3, 1], activation="tanh", rng=0).to_scalars()


NETWORKS: dict[str, Callable[[], Any]] = {
    "nn.scalar": of_values,
    "to_scalars": to_scalars,
    "a user's": Own,
}

NAMES = (
    *("w⁽¹⁾₁₁", "w⁽¹⁾₁₂", "w⁽¹⁾₂₁", "w⁽¹⁾₂₂", "w⁽¹⁾₃₁", "w⁽¹⁾₃₂"),
    *("b⁽¹⁾₁", "b⁽¹⁾₂", "b⁽¹⁾₃"),
)


def loss_of(network: Any) -> Value:
    x = [Value(0.5, "x1"), Value(-1.5, "x2")]
    out = np.ravel(network(x))[0]
    loss: Value = (out - 1.0) ** 2
    loss.backward()
    return loss


def words(picture: str) -> set[str]:
    """The texts of an SVG or a page, without what is equal to or follows."""
    texts = re.findall(r">([^<>]+)<", picture)
    return {html.unescape(text).partition(" = ")[0].strip() for text in texts}


def latex_of(name: str) -> str:
    """``w⁽¹⁾₃₂`` as LaTeX."""
    letter, layer, index = re.fullmatch(r"(\w)⁽(.)⁾([₀-₉]+)", name).groups()  # type: ignore[union-attr]
    plain = index.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"))
    return rf"{letter}^{{({'⁰¹²³'.index(layer)})}}_{{{plain}}}"


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS.keys())
def test_every_view_calls_a_weight_the_same(network: Callable[[], Any]) -> None:
    loss = loss_of(network())
    drawn = words(draw(loss, depth=None).svg)
    stepper = autograd.Stepper(loss)
    board = words(stepper._diagram.svg)
    cells = words(stepper.html)
    trees = json.dumps([m.symbols for m in stepper._timeline.moments], ensure_ascii=False)
    steps = list(autograd.steps(loss))
    forward = list(autograd.forward_steps(loss))
    derivation = autograd.derivation(loss)
    for name in [*NAMES, "x₁", "x₂"]:
        latex = latex_of(name) if "⁽" in name else f"x_{{{'₀₁₂'.index(name[1])}}}"
        assert name in drawn
        assert name in board
        assert any(name in cell for cell in cells)
        assert json.dumps(mathml(latex), ensure_ascii=False) in trees
        assert any(step.text().startswith(f"∂L/∂{name} += ") for step in steps)
        assert any(rf"\partial {latex}" in step.latex() for step in steps)
        assert any(name in step.text() for step in forward)
        assert any(latex in step.latex() for step in forward)
        assert f"∂L/∂{name} = " in str(derivation)
        assert rf"\partial {latex}" in derivation.latex
    everything = "\n".join(
        [*drawn, *board, *cells, trees, str(derivation), derivation.latex]
        + [each.text() + each.latex() for each in (*steps, *forward)]
    )
    # Only a module is called by its path, at its frame.
    assert not re.search(r"neurons\.\d\.", everything)
    assert not re.search(r"(weight|bias)\[|\.[wb]\b", everything)


@pytest.mark.parametrize("network", [of_values, to_scalars])
def test_the_picture_of_a_network_and_that_of_a_jacobian_call_them_so_too(
    network: Callable[[], Any],
) -> None:
    model = network()
    told = draw(model, [0.5, -1.5], view="network").svg
    for name in NAMES:
        assert f"{name} = " in told
    whole = nn.MLP(2, [3, 1], rng=0)
    loss = whole(Tensor(np.ones((2, 2)), "x")).sum()
    weight = whole.layers[2].weight
    last = next(x for x in autograd.topological_order(loss) if any(p is weight for p in x.parents))
    picture = autograd.jacobian_picture(last, weight)
    assert "/∂W⁽²⁾: " in picture.title
    assert {"w⁽²⁾₁₁", "w⁽²⁾₁₂", "w⁽²⁾₁₃"} <= words(picture.svg)


def test_of_many_that_are_called_alike_each_has_its_own_number() -> None:
    nodes = [Value(float(i), "w") for i in range(2000)]
    texts = [Names(nodes).symbols[node].text for node in nodes[:3]]
    assert texts == ["w", "w#2", "w#3"]
    assert len(set(Names(nodes).keys.values())) == 2000


def test_layers_with_weights_count_and_others_do_not() -> None:
    model = nn.Sequential(
        nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 2, rng=0), nn.ReLU(), nn.Linear(2, 1, rng=0)
    )
    loss = model(Tensor(np.ones((4, 2)), "x")).sum()
    labels = Names(autograd.topological_order(loss)).labels
    assert [labels[p] for p in model.parameters()] == [f"{a}⁽{n}⁾" for n in "¹²³" for a in "Wb"]
    assert {"W⁽³⁾", "b⁽³⁾"} <= words(draw(loss).svg)
    assert "∂L/∂W⁽³⁾" in str(autograd.derivation(loss))
    assert "∂L/∂W⁽²⁾" in "".join(step.text() for step in autograd.steps(loss))


def test_a_part_of_a_network_has_the_names_of_the_whole() -> None:
    model = nn.scalar.MLP(2, [2, 2, 1], rng=0)
    last = model([1.0, 2.0])
    # The activation before the last layer: nothing of the first two layers is a parent of the third's.
    names = Names([last, *model.layers[2].parameters()])
    assert list(names.labels.values()) == ["w⁽³⁾₁₁", "w⁽³⁾₁₂", "b⁽³⁾₁"]


def test_indices_of_two_digits_are_told_apart_by_a_comma() -> None:
    model = nn.scalar.MLP(12, [12, 1], rng=0)
    labels = Names(model.parameters()).labels
    named = {str(node.name): label for node, label in labels.items()}
    assert named["layers.0.neurons.0.w.0"] == "w⁽¹⁾₁₁"
    assert named["layers.0.neurons.11.w.2"] == "w⁽¹⁾₁₂,₃"
    assert named["layers.0.neurons.0.w.11"] == "w⁽¹⁾₁,₁₂"
    assert named["layers.0.neurons.11.b"] == "b⁽¹⁾₁₂"
    assert len(set(named.values())) == len(named)


@pytest.mark.parametrize("name", ["learning rate", "x-y", "a+b", "2x", "a.b", "x y", "1/n"])
def test_a_name_that_is_no_identifier_stands_in_brackets_in_every_formula(name: str) -> None:
    loss = Value(2.0, name) * Value(3.0, "w")
    texts = [
        step.text("symbols") for step in (*autograd.steps(loss), *autograd.forward_steps(loss))
    ]
    assert f"∂L/∂({name}) += ∂L/∂L · w" in texts
    assert f"L = ({name}) · w" in texts
    derivation = autograd.derivation(loss)
    assert f"∂L/∂({name}) = w" in str(derivation)
    assert rf"\partial (\text{{{name}}})" in derivation.latex
    assert derivation.gradients()[name] == 3.0
    assert name in words(draw(loss).svg)


def test_what_a_user_calls_by_a_path_with_a_dot_is_no_layer() -> None:
    y = Value(2.0, "a.b") + Value(1.0, "v1.2")
    assert list(Names(y.parents).labels.values()) == ["a.b", "v1.2"]


def test_python_in_a_derivation_calls_a_weight_what_the_formula_does() -> None:
    derivation = autograd.derivation(loss_of(of_values()))
    assert "dL_dw1_32 = " in derivation.python
    assert "layers" not in derivation.python
    assert derivation.gradients()["layers.0.neurons.2.w.1"] == pytest.approx(
        float(derivation.evaluate()["layers.0.neurons.2.w.1"])
    )
