"""Containers: modules that run other modules one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from nn.arguments import width
from nn.init import Initialiser
from nn.layers.activations import RECTIFIERS, ReLU, activation_module
from nn.layers.linear import Linear
from nn.layers.normalisation import NORMS, norm_module
from nn.module import Module
from nn.randomness import Seed, generator


class Sequential(Module):
    """Modules in a row: each takes what the one before it gives.

    Args:
        modules: Modules, or functions of one argument.

    It has a length, and can be indexed (a slice is a Sequential that shares its layers) and
    iterated over.

    >>> import autograd, nn
    >>> model = Sequential(nn.Linear(2, 3, rng=0), autograd.tanh, nn.Linear(3, 1, rng=1))
    >>> model([0.5, -1.0]).shape
    (1,)
    >>> model
    Sequential(): 13 parameters
      layers.0: Linear(2, 3)  weight (3, 2), bias (3,)  9
      layers.1: Tanh()
      layers.2: Linear(3, 1)  weight (1, 3), bias (1,)  4
    """

    _in_a_row = True

    def __init__(self, *modules: Module | Callable[[Any], Any]) -> None:
        for module in modules:
            if not callable(module):
                raise TypeError(
                    "Sequential takes modules and functions, one after another: "
                    f"Sequential(a, b), got {type(module).__name__} ({module!r:.60})"
                )
        self.layers: list[Module] = [
            module if isinstance(module, Module) else activation_module(module)
            for module in modules
        ]

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def __getitem__(self, index: int | slice) -> Module:
        layers = self.layers[index]
        return layers if isinstance(layers, Module) else Sequential(*layers)


class MLP(Sequential):
    """A multilayer perceptron: affine maps with an activation after each but the last.

    Args:
        nin: the number of inputs.
        nouts: the widths of the layers, the last being the number of outputs.
        activation: after each hidden affine map: a name, a Module (copied for each layer), or a
            function.
        output_activation: the same after the last; none by default, so that the outputs are logits.
        bias: whether the affine maps have biases.
        bias_init: the number that biases start from.
        init: how weights are drawn, see `Linear`. By default He's normal distribution before rectifiers,
            Glorot's before others. `nn.init.lsuv` and `nn.init.krahenbuhl` draw them from data, once the
            model is there.
        norm: ``"batch"`` (`BatchNorm1d`), ``"layer"`` (`LayerNorm`), ``"rms"`` (`RMSNorm`), or a
            function that makes a Module from a width; it is put between each hidden affine map and
            its activation, never after the last.
        dtype: float32 or float64.
        rng: a Generator, an int to seed one, or None: one for all layers, which so start unlike each
            other. (Layers that are made one by one with ``rng=0`` each have equal weights.)

    >>> import nn
    >>> model = MLP(2, [16, 16, 1], rng=0)
    >>> model([[0.5, -1.0], [2.0, 3.0]]).shape, model([0.5, -1.0]).shape
    ((2, 1), (1,))
    >>> model
    MLP(): 337 parameters
      layers.0: Linear(2, 16)   weight (16, 2), bias (16,)    48
      layers.1: ReLU()
      layers.2: Linear(16, 16)  weight (16, 16), bias (16,)  272
      layers.3: ReLU()
      layers.4: Linear(16, 1)   weight (1, 16), bias (1,)     17
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: str | Module | type[Module] | Callable[[Any], Any] = "relu",
        output_activation: str | Module | type[Module] | Callable[[Any], Any] | None = None,
        bias: bool = True,
        bias_init: float = 0.0,
        init: str | Initialiser | None = None,
        norm: str | Callable[[int], Module] | None = None,
        dtype: Any = np.float64,
        rng: Seed = None,
    ) -> None:
        widths = [width(nin, "nin of MLP")]
        if not isinstance(nouts, list | tuple) or not nouts:
            raise TypeError(
                "nouts of MLP is a list of widths, the last being the number of outputs: "
                f"MLP(2, [16, 16, 1]), got {nouts!r:.60}"
            )
        widths += [width(n, f"nouts[{i}] of MLP") for i, n in enumerate(nouts)]
        if isinstance(norm, str) and norm not in NORMS:
            raise ValueError(
                f"norm of MLP: no normalisation {norm!r}; there are {', '.join(NORMS)}"
            )
        if norm is not None and not isinstance(norm, str) and not callable(norm):
            raise TypeError(
                f"norm of MLP is a name ({', '.join(NORMS)}), None, or a function that makes a Module "
                f"from a width, got {norm!r:.60}"
            )
        hidden = activation_module(activation)
        if init is None:
            init = "he_normal" if isinstance(hidden, RECTIFIERS) else "glorot_normal"
        elif init == "random_walk":
            init = "random_walk(relu)" if isinstance(hidden, ReLU) else "random_walk(linear)"
        rng = generator(rng)
        layers: list[Module] = []
        for place, (n_in, n_out) in enumerate(pairwise(widths), start=1):
            layers.append(Linear(n_in, n_out, bias, init, rng, dtype, bias_init=bias_init))
            if place < len(nouts):
                if norm is not None:
                    layers.append(norm_module(norm, n_out, dtype))
                layers.append(activation_module(activation, dtype, rng))
            elif output_activation is not None:
                layers.append(activation_module(output_activation, dtype, rng))
        super().__init__(*layers)
