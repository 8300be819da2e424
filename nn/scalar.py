"""Networks of single neurons, made of Values: micrograd's three classes.

Code written for micrograd runs on them when its import lines are changed. Each neuron is one affine
node and one activation, by the same functions that the layers of tensors use.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import autograd
from autograd import Value
from nn.layers.linear import width
from nn.module import Module
from nn.randomness import Seed, generator

__all__ = ["MLP", "Layer", "Neuron"]


class Neuron(Module):
    """relu(w · x + b), or w · x + b: one output from a list of inputs.

    Args:
        nin: the number of inputs.
        nonlin: whether there is a relu.
        rng: a Generator or an int. When left out, weights come from Python's ``random``, as
            micrograd's do, so that ``random.seed(1337)`` gives the network it gave there.

    Attributes:
        w: the weights, a list of Values, drawn from U(−1, 1).
        b: the bias, a Value that starts at 0.

    >>> neuron = Neuron(2, nonlin=False, rng=0)
    >>> y = neuron([1.0, -2.0])
    >>> y.backward()
    >>> [w.grad for w in neuron.w], neuron.b.grad
    ([1.0, -2.0], 1.0)
    """

    def __init__(self, nin: int, nonlin: bool = True, *, rng: Seed = None) -> None:
        draw = random.uniform if rng is None else generator(rng).uniform
        self.w = [Value(draw(-1, 1)) for _ in range(width(nin, "nin of Neuron"))]
        self.b = Value(0.0)
        self.nonlin = bool(nonlin)

    def forward(self, x: Sequence[Any]) -> Any:
        if len(x) != len(self.w):
            raise ValueError(f"{self!r} expected {len(self.w)} inputs, got {len(x)}")
        (out,) = autograd.linear(x, [self.w], [self.b])
        return autograd.relu(out) if self.nonlin else out

    def _takes(self) -> int:
        return len(self.w)

    def describe(self) -> str:
        return f"{len(self.w)}"

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """Neurons side by side. One gives a Value, several give a list of Values.

    >>> Layer(2, 3, rng=0)([1.0, -2.0])[2].name is None
    True
    """

    def __init__(self, nin: int, nout: int, nonlin: bool = True, *, rng: Seed = None) -> None:
        rng = rng if rng is None else generator(rng)
        self.neurons = [Neuron(nin, nonlin, rng=rng) for _ in range(width(nout, "nout of Layer"))]

    def forward(self, x: Sequence[Any]) -> Any:
        out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(Module):
    """Layers one after another, the last without a relu.

    >>> model = MLP(2, [3, 1], rng=0)
    >>> model
    MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(3)]]
    >>> len(model.parameters()), model.parameters()[-1].name
    (13, 'layers.1.neurons.0.b')
    """

    _in_a_row = True

    def __init__(self, nin: int, nouts: Sequence[int], *, rng: Seed = None) -> None:
        rng = rng if rng is None else generator(rng)
        sizes = [nin, *nouts]
        if not nouts:
            raise ValueError("nouts of MLP is a list of one width or more, got none")
        self.layers = [
            Layer(sizes[i], sizes[i + 1], nonlin=i < len(nouts) - 1, rng=rng)
            for i in range(len(nouts))
        ]

    def forward(self, x: Sequence[Any]) -> Any:
        for layer in self.layers:
            x = layer(x)
            if isinstance(x, Value) and layer is not self.layers[-1]:
                x = [x]
        return x

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"


autograd.publish(__name__)
