"""`Units`: the neurons of a layer together give the nodes that each alone gives."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, registry
from autograd.engine.families import Elementwise
from nn.scalar import MLP, Layer, Neuron

UNARY = [
    row
    for row in registry.values()
    if isinstance(row, Elementwise) and row.arity == 1 and not row.options
]
INPUTS: dict[str, Callable[[], Any]] = {
    "floats": lambda: [0.5, -1.5],
    "whole numbers": lambda: [1, -2],
    "numbers of NumPy": lambda: [np.float64(0.5), np.float32(-1.5)],
    "an array": lambda: np.array([0.5, -1.5]),
    "Values": lambda: [Value(0.5, "x0"), Value(-1.5, "x1")],
    "a tuple": lambda: (Value(0.5, "x0"), Value(-1.5, "x1")),
    "the same Value twice": lambda: [Value(0.5, "x0")] * 2,
    "interior Values": lambda: [Value(0.5) * 2, Value(3.0) - 4],
    "a Value and a number": lambda: [Value(0.5), 2.0],
    "a constant": lambda: [Value(0.5), Value(2.0, requires_grad=False)],
    "infinity": lambda: [math.inf, 0.0],
}


def described(root: Any) -> list[Any]:
    """All that there is to a graph, without identities."""
    order = autograd.topological_order(root, arguments=True)
    places = {id(node): i for i, node in enumerate(order)}
    return [
        (
            node.primitive and node.primitive.name,
            [places.get(id(x), x) for x in node.arguments],
            node.options,
            node.local_derivatives,
            [places[id(x)] for x in node.parents],
            node.requires_grad,
            node.name,
            node.scope and (node.scope.path, node.scope.kind),
            node.is_leaf or (node.site.line, node.site.function),
        )
        for node in order
    ]


def graphs(layer: Any, x: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What a layer records, with its neurons together, and with each alone in the longer way."""
    found = []
    for alone in (False, True):
        with monkeypatch.context() as patched:
            if alone:
                patched.setattr(autograd.Units, "record", lambda units, x: None)
            found.append(layer(x))  # on one line for both
    return found


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", None])
def test_the_nodes_are_those_of_each_neuron_alone(
    kind: str, activation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = Layer(2, 3, activation=activation, rng=0)
    together, alone = graphs(layer, INPUTS[kind](), monkeypatch)
    assert len(together) == len(alone) == 3
    for node, other in zip(together, alone, strict=True):
        assert np.allclose(node.data, other.data, rtol=1e-14, equal_nan=True)
        for mine, theirs in zip(described(node), described(other), strict=True):
            assert mine[:3] == theirs[:3]
            assert np.allclose(mine[3], theirs[3], rtol=1e-14, equal_nan=True)
            assert mine[4:] == theirs[4:]


@pytest.mark.parametrize("row", UNARY, ids=lambda row: row.name)
def test_any_elementwise_row_is_an_activation(row: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Layer(2, 1, activation=row, rng=0)
    layer.neurons[0].b.data = 2.5
    together, alone = graphs(layer, [0.25, -0.5], monkeypatch)
    assert np.allclose(together.data, alone.data, equal_nan=True)
    assert [x[0] for x in described(together)] == [x[0] for x in described(alone)]
    assert np.allclose(together.local_derivatives, alone.local_derivatives, equal_nan=True)


def test_where_floats_raise_the_answer_is_that_of_ieee() -> None:
    layer = Layer(1, 1, activation=autograd.log, rng=0)
    layer.neurons[0].w[0].data = 0.0
    y = layer([1.0])
    assert y.data == -math.inf
    assert y.local_derivatives == (math.inf,)
    assert Layer(1, 1, activation=autograd.exp, rng=1)([1e6]).data in (0.0, math.inf)


def test_zero_times_an_infinite_derivative_is_still_nan() -> None:
    w, b, x = Value(1.0), Value(0.0), Value(math.inf)
    (z,) = autograd.Units([([w], b, None, None)]).record([x]) or [None]
    assert z is not None
    (z * 0.0).backward()
    assert math.isnan(w.grad)
    assert b.grad == 0.0
    w.grad = None
    (off,) = autograd.Units([([w], Value(-5.0), autograd.relu, None)]).record([2.0]) or [None]
    assert off is not None
    off.backward()
    assert w.grad == 0.0  # reached, by 0


def test_what_is_no_plain_case_is_left_to_each_neuron() -> None:
    w, b = [Value(1.0), Value(2.0)], Value(0.5)
    x = [1.0, 2.0]
    assert autograd.Units([(w, b, None, None)]).record(x) is not None
    frozen = Value(1.0, requires_grad=False)
    for weights, bias, activation in (
        ([1.0, 2.0], b, None),
        ([w[0], frozen], b, None),
        (w, 0.5, None),
        (w, frozen, None),
        (w[:1], b, None),
        (w, b, lambda z: z),
        (w, b, autograd.maximum),
    ):
        assert autograd.Units([(weights, bias, activation, None)]).record(x) is None
    for inputs in (
        1.0,
        Value(1.0),
        [autograd.Tensor(1.0), 2.0],
        [True, 2.0],
        ["a", 2.0],
        [10**400, 2.0],
    ):
        assert autograd.Units([(w, b, None, None)]).record(inputs) is None
    for mode in (autograd.no_grad, autograd.recording, autograd.detect_anomaly):
        with mode():
            assert autograd.Units([(w, b, None, None)]).record(x) is None


def test_what_is_changed_in_a_layer_counts_at_once() -> None:
    layer = Layer(2, 2, activation="tanh", rng=0)
    x = [0.5, -1.0]

    def expected() -> list[float]:
        return [neuron(x).data for neuron in layer.neurons]

    def now() -> list[float]:
        return [y.data for y in layer(x)]

    assert now() == expected()
    first = layer.neurons[0]
    first.w[1] = Value(3.0)
    assert now() == expected()
    first.w[1] = Value(first.w[1].data)  # another of the same number
    y = layer(x)[0]
    y.backward()
    assert first.w[1].grad is not None
    first.w[0].data = -7.0
    assert now() == expected()
    nn.optim.SGD(layer.parameters(), 0.1).step()
    assert now() == expected()
    with autograd.no_grad():
        first.w[0] -= 1.0
    assert now() == expected()
    first.w[0].requires_grad = False
    assert not any(parent is first.w[0] for parent in layer(x)[0].parents[0].parents)
    first.w = [Value(1.0), Value(1.0)]
    assert now() == expected()
    first.activation = autograd.relu
    assert now() == expected()
    first.nonlin = False
    assert now() == expected()
    assert now()[0] == -0.5 + first.b.data
    first.b = Value(10.0)
    assert now() == expected()
    layer.neurons[0], layer.neurons[1] = layer.neurons[1], layer.neurons[0]
    assert now() == expected()
    assert [y.scope.path for y in layer(x)] == ["neurons.0", "neurons.1"]
    layer.neurons.append(Neuron(2, rng=1))
    assert now() == expected()
    layer.neurons[2].forward = lambda x: Value(7.0)
    assert now()[2] == 7.0


def test_a_neuron_of_ones_own_class_does_what_it_does() -> None:
    class Doubled(Neuron):
        def forward(self, x: Any) -> Any:
            return super().forward(x) * 2.0

    layer = Layer(2, 1, rng=0)
    layer.neurons = [Doubled(2, False, rng=0)]
    plain = Neuron(2, False, rng=0)
    assert layer([1.0, 2.0]).data == 2 * plain([1.0, 2.0]).data


def test_the_places_and_scopes_are_those_of_the_call() -> None:
    model = MLP(2, [2, 1], rng=0)
    inner = [autograd.topological_order(y)[-1] for y in model.layers[0]([1.0, 2.0])]
    y = model([1.0, 2.0])
    assert y.site.text == "y = model([1.0, 2.0])"
    assert inner[0].site.text.startswith("inner = [")
    assert inner[1].scope.path == "neurons.1"
    assert y.scope.path == "layers.1.neurons.0"
    with autograd.Scope("outer", "Mine"):
        assert model([1.0, 2.0]).scope.path == "outer.layers.1.neurons.0"


def test_a_layer_keeps_no_graph_and_is_copied_and_pickled() -> None:
    model = MLP(2, [2, 1], rng=0)
    before = model([1.0, 2.0]).data
    copied = pickle.loads(pickle.dumps(model))
    assert copied([1.0, 2.0]).data == before
    copied.layers[0].neurons[0].w[0].data += 1.0
    assert model([1.0, 2.0]).data == before
    assert "_units" not in nn.module.attributes(model.layers[0])


@pytest.mark.parametrize("x", [{1.0: "a", 2.0: "b"}, {1.0, 2.0}, range(2), "12"], ids=repr)
def test_what_is_no_sequence_of_numbers_is_no_instance(x: Any) -> None:
    layer = nn.scalar.Layer(2, 2, rng=0)
    layer([1.0, 2.0])
    with pytest.raises(TypeError, match=type(x).__name__):
        layer(x)


@pytest.mark.parametrize("method", ["forward", "__call__"])
def test_a_method_that_the_class_of_neurons_is_given_counts_at_once(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, x = nn.scalar.Layer(2, 2, rng=0), [1.0, 2.0]
    before = [y.data for y in layer(x)]
    with monkeypatch.context() as patch:
        patch.setattr(nn.scalar.Neuron, method, lambda self, x: self.b + 7.0)
        assert [y.data for y in layer(x)] == [7.0, 7.0]
    assert [y.data for y in layer(x)] == before
