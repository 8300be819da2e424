"""Networks of single neurons, made of Values: micrograd's three classes.

Code written for micrograd runs on them when its import lines are changed. Each neuron is one affine
node and one activation, by the same functions that the layers of tensors use.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd
from autograd import Tensor, Value
from nn.arguments import width
from nn.layers.activations import (
    Activation,
    Identity,
    LogSoftmax,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    activation_module,
)
from nn.module import Module
from nn.networks_of_values import on_arrays
from nn.randomness import Seed, generator
from nn.settings import changes

__all__ = ["MLP", "Layer", "Neuron"]


Chosen = str | Module | type[Module] | Callable[[Any], Any] | None
"""What an ``activation=`` may be."""

STATELESS: dict[type[Module], Any] = {
    Identity: None,
    ReLU: autograd.relu,
    Sigmoid: autograd.sigmoid,
    Tanh: autograd.tanh,
}
"""The functions of activations that have nothing to learn: a neuron holds no module for one."""


def neuron_activation(activation: Chosen, rng: Seed = None) -> Any:
    """The function, or the Module where it learns or has settings, after an affine node; or None.

    Raises:
        ValueError: a name that there is none of, or one that needs several numbers, as softmax does.
        TypeError: neither a name, a Module nor a function.
    """
    if activation is None:
        return None
    module = activation_module(activation, rng=rng)
    if isinstance(module, Softmax | LogSoftmax):
        raise ValueError(
            f"{type(module).__name__} is over several numbers, and a neuron gives one: apply "
            "nn.functional.softmax to what the layer gives, or take nn.cross_entropy of its logits"
        )
    if type(module) is Activation:
        return module.function
    if type(module) in STATELESS and not (isinstance(module, ReLU) and module.at_zero):
        return STATELESS[type(module)]
    return module.to_scalars() if module.parameters() else module


def activation_name(activation: Any) -> str:
    """What a neuron with this activation is called: ``Tanh``, ``ReLU``, ``Linear``."""
    for module, function in STATELESS.items():
        if activation is function:
            return "Linear" if function is None else module.__name__
    name: str = getattr(activation, "__name__", type(activation).__name__)
    return name


class OfOne(Module):
    """A part of a network that takes one instance, a list of numbers or Values; and, besides, an array
    or a Tensor of many, (instances, inputs), which are computed at once, see `autograd.vectorize`."""

    one_instance = True

    _units: Any = None
    neurons: Sequence[Any] = ()
    """Of which it consists, in a row."""

    def _units_now(self) -> autograd.Units | None:
        """The neurons as `autograd.Units`; None where it is not the plain case.

        What is known of the neurons is kept until an attribute of a module is assigned, or the mode or
        the list is another.
        """
        mode = self.mode_now()
        if not mode.plain:
            return None
        key = (mode, changes.count)
        kept = self._units
        neurons = [*self.neurons]
        if kept is None or kept[0] != key or kept[1] != neurons:
            units = self.as_units()
            units = None if units is None else autograd.Units(units)
            self._units = kept = (key, neurons, units)
        return kept[2]  # type: ignore[no-any-return]

    def together(self, x: Sequence[Any]) -> list[Value] | None:
        """What the neurons give, by `autograd.Units`: a fraction of the work of calling each.

        None where it is not the plain case.
        """
        units = self._units_now()
        return None if units is None else units.record(x)

    def as_units(self) -> Any:
        """The neurons as `autograd.Units` takes them; None where one is of a class of the user's."""
        return None


def many(x: Any) -> bool:
    """Whether x is an array of instances."""
    return x.__class__ in ARRAYS and x.ndim > 1


ARRAYS = (np.ndarray, Tensor)


class Neuron(OfOne):
    """f(w · x + b): one output from a list of inputs.

    Args:
        nin: the number of inputs.
        nonlin: whether there is an activation; without one it is w · x + b.
        activation: f: a name (``"relu"``, ``"tanh"``, as for `nn.MLP`), a function or a Module, which
            is copied; None for none.
        rng: a Generator or an int. When left out, weights come from Python's ``random``, as
            micrograd's do, so that ``random.seed(1337)`` gives the network it gave there. Two neurons
            with the same int have equal weights: `MLP` draws one after another from one.

    Attributes:
        w: the weights, a list of Values, drawn from U(−1, 1).
        b: the bias, a Value that starts at 0.
        nonlin, activation: whether there is an activation, and which.

    >>> neuron = Neuron(2, nonlin=False, rng=0)
    >>> y = neuron([1.0, -2.0])
    >>> y.backward()
    >>> [w.grad for w in neuron.w], neuron.b.grad
    ([1.0, -2.0], 1.0)
    """

    one_unit = True
    """Pictures of layers show it as a unit of the one that it lies in."""

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        activation: Chosen = "relu",
        *,
        rng: Seed = None,
    ) -> None:
        if nonlin not in (True, False):
            raise TypeError(
                f"nonlin of {type(self).__name__} is True or False, got {nonlin!r:.60}: "
                'an activation is given as activation="tanh"'
            )
        f = neuron_activation(activation, rng)
        draw = random.uniform if rng is None else generator(rng).uniform
        self.w = [Value(draw(-1, 1)) for _ in range(width(nin, "nin of Neuron"))]
        self.b = Value(0.0)
        self.nonlin = bool(nonlin) and f is not None
        self.activation = f

    def forward(self, x: Any) -> Any:
        if many(x):
            return on_arrays(self)(x)
        if not hasattr(x, "__len__") or isinstance(x, Value | Tensor):
            raise TypeError(
                f"{self!r} takes a list of {len(self.w)} numbers or Values, or an array of shape "
                f"(instances, {len(self.w)}), got {type(x).__name__} for an instance"
            )
        if len(x) != len(self.w):
            raise ValueError(f"{self!r} expected {len(self.w)} inputs, got {len(x)}")
        if units := self.together(x):
            return units[0]
        found = autograd.linear(x, [self.w], [self.b])
        if np.shape(found) != (1,):
            raise ValueError(
                f"{self!r} takes a list of {len(self.w)} numbers or Values for an instance, and each of "
                f"these is of shape {np.shape(x)[1:]}: give many instances as an array of shape "
                f"(instances, {len(self.w)})"
            )
        (out,) = found
        return self.activation(out) if self.nonlin else out

    def as_unit(self, scope: Any) -> Any:
        """The neuron as `autograd.Units` takes it."""
        return self.w, self.b, self.activation if self.nonlin else None, scope

    def as_units(self) -> Any:
        return [self.as_unit(None)]

    def _takes(self) -> int:
        return len(self.w)

    def describe(self) -> str:
        return (
            f"{len(self.w)}, {activation_name(self.activation)}"
            if self.nonlin
            else f"{len(self.w)}"
        )

    def __repr__(self) -> str:
        return (
            f"{activation_name(self.activation) if self.nonlin else 'Linear'}Neuron({len(self.w)})"
        )


def is_plain(part: Any, cls: type[OfOne]) -> bool:
    """Whether a part is of one of these classes, and not of the user's that may do something else."""
    return (
        part.__class__ is cls
        and "forward" not in part.__dict__
        and (cls.forward, cls.__call__) == DONE[cls]
    )


class Layer(OfOne):
    """Neurons side by side. One gives a Value, several give a list of Values.

    >>> Layer(2, 3, rng=0)([1.0, -2.0])[2].name is None
    True
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        activation: Chosen = "relu",
        *,
        rng: Seed = None,
    ) -> None:
        rng = rng if rng is None else generator(rng)
        self.neurons = [
            Neuron(nin, nonlin, activation, rng=rng) for _ in range(width(nout, "nout of Layer"))
        ]

    def forward(self, x: Any) -> Any:
        if many(x):
            return on_arrays(self)(x)
        out = self.together(x)
        if out is None:
            out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def as_units(self) -> Any:
        if all(is_plain(neuron, Neuron) for neuron in self.neurons):
            return [neuron.as_unit(neuron.scope_inside()) for neuron in self.neurons]
        return None

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


DONE = {cls: (cls.forward, cls.__call__) for cls in (Neuron, Layer)}
"""What parts do as long as nobody gives their class another method."""


class MLP(OfOne):
    """Layers one after another, with an activation after each but the last.

    Args:
        nin: the number of inputs.
        nouts: the widths of the layers, the last being the number of outputs.
        activation: after each hidden layer, as for `Neuron`: relu, as in micrograd, when left out. A
            list has one for each hidden layer, or one for every layer.
        output_activation: the same after the last; none when left out, so that outputs are logits.
        rng: as for `Neuron`.

    The network of the lecture is ``MLP(3, [4, 4, 1], activation="tanh", output_activation="tanh")``.

    >>> model = MLP(2, [3, 1], rng=0)
    >>> model
    MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(3)]]
    >>> len(model.parameters()), model.parameters()[-1].name
    (13, 'layers.1.neurons.0.b')
    >>> MLP(2, [1, 1], activation="tanh", output_activation="sigmoid", rng=0)
    MLP of [Layer of [TanhNeuron(2)], Layer of [SigmoidNeuron(1)]]

    Raises:
        ValueError: no layers, an activation that there is none of (all names are listed), or a list of
            another length.
    """

    _in_a_row = True

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Chosen | Sequence[Chosen] = "relu",
        output_activation: Chosen = None,
        *,
        rng: Seed = None,
    ) -> None:
        rng = rng if rng is None else generator(rng)
        if not isinstance(nouts, list | tuple) or not nouts:
            raise ValueError(
                "nouts of MLP is a list of one width or more, MLP(2, [16, 16, 1]), "
                f"got {nouts!r:.60}"
            )
        sizes = [nin, *nouts]
        each = activations(activation, output_activation, len(nouts))
        self.layers = [
            Layer(sizes[i], sizes[i + 1], activation=each[i], rng=rng) for i in range(len(nouts))
        ]

    def forward(self, x: Any) -> Any:
        if many(x):
            return on_arrays(self)(x)
        for i, (layer, units) in enumerate(zip(self.layers, self._units_of_layers(), strict=True)):
            if i and isinstance(x, Value):
                x = [x]
            out = None if units is None else units.record(x)
            x = layer(x) if out is None else out[0] if len(out) == 1 else out
        return x

    def _units_of_layers(self) -> list[autograd.Units | None]:
        """The units of each layer, with the scopes that its calls run in; None where a layer is called.

        Kept as those of a layer are.
        """
        mode = self.mode_now()
        if not mode.plain:
            return [None] * len(self.layers)
        key = (mode, changes.count)
        kept = self._units
        held = [[layer, *getattr(layer, "neurons", ())] for layer in self.layers]
        if kept is None or kept[0] != key or kept[1] != held:
            units = [
                layer.run_inside(layer._units_now) if is_plain(layer, Layer) else None
                for layer in self.layers
            ]
            self._units = kept = (key, held, units)
        return kept[2]  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"


def activations(activation: Any, output: Any, layers: int) -> list[Any]:
    """What `MLP` has after each of its layers."""
    if not isinstance(activation, list | tuple):
        return [activation] * (layers - 1) + [output]
    if len(activation) == layers and output is None:
        return list(activation)
    if len(activation) == layers - 1:
        return [*activation, output]
    raise ValueError(
        f"activation of MLP is one for all hidden layers, or a list with one for each of the "
        f"{layers - 1} hidden layers (the last one's is output_activation) or for all {layers}, got "
        f"{len(activation)}"
    )


autograd.publish(__name__)
