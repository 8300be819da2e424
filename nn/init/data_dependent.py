"""Weights scaled by what a batch of data does in the network: LSUV, and Krähenbühl's rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd import Tensor
from nn.init.names import Initialiser, initialiser
from nn.module import Module, assign, numbers
from nn.randomness import Seed, generator


def lsuv(model: Module, x: Any, rng: Seed = None, *, init: str | Initialiser = "orthogonal") -> Any:
    """Layer-sequential unit variance: every `Linear` gives variance 1 on a batch.

    The weights of each Linear are drawn orthonormal and its biases set to 0. Then the batch goes
    through the network once; where it leaves a Linear, that layer's weights are divided by the standard
    deviation of all numbers that it gives (over instances and units), and so are these numbers before
    they go on. A map without biases scales with its weights, so one pass is exact: the paper's loop
    until a tolerance is met ends after one round.

    Args:
        model: any Module; Linears are found at any depth, and other parameters stay as they are. It runs
            in the mode it is in; running statistics are put back.
        x: the batch, some tens of instances or more.
        rng: a Generator, an int to seed one, or None.
        init: how weights are drawn before they are scaled.

    Returns:
        The model.

    Raises:
        TypeError: model is not a Module.
        ValueError: there is no Linear, or what one gives does not vary. Nothing has changed then.

    >>> import nn
    >>> x = np.random.default_rng(0).normal(size=(100, 8))
    >>> model = lsuv(nn.MLP(8, [16, 16, 4], rng=0), x, rng=0)
    >>> round(float(model(x).data.std()), 9)
    1.0

    Source: Mishkin and Matas, "All you need is a good init", ICLR 2016.
    """
    return by_data(model, x, rng, init, "lsuv", per_unit=False)


def krahenbuhl(
    model: Module, x: Any, rng: Seed = None, *, init: str | Initialiser = "normal(1)"
) -> Any:
    """Krähenbühl's data-dependent start: each unit of each `Linear` has mean 0, variance 1 on a batch.

    Where `lsuv` divides a layer by one number, here each unit i has its own: with μ_i and σ_i the mean
    and the standard deviation of what it gives on the batch while its bias is 0,

        W_i ← W_i / σ_i,    b_i ← −μ_i / σ_i.

    The batch then goes on to the next layer as it is now. It is what batch normalisation does, once,
    before training, and with nothing left to compute later. A Linear without biases keeps its mean: its
    units are divided by σ_i alone. The paper's second part, which makes all layers learn at one rate,
    is not in it.

    Args:
        model: any Module; Linears are found at any depth, and other parameters stay as they are. It runs
            in the mode it is in; running statistics are put back.
        x: the batch, some tens of instances or more.
        rng: a Generator, an int to seed one, or None.
        init: how weights are drawn before they are scaled. Their deviation does not matter, as σ_i takes
            it out.

    Returns:
        The model.

    Raises:
        TypeError: model is not a Module.
        ValueError: there is no Linear, or a unit gives the same for all instances. Nothing has changed
            then.

    >>> import nn
    >>> x = np.random.default_rng(0).normal(3, 5, size=(100, 8))
    >>> model = krahenbuhl(nn.MLP(8, [16, 16, 4], rng=0), x, rng=0)
    >>> out = model(x).data
    >>> bool(abs(out.mean(axis=0)).max() < 1e-12), bool(abs(out.std(axis=0) - 1).max() < 1e-12)
    (True, True)

    Source: Krähenbühl, Doersch, Donahue, Darrell, "Data-dependent initializations of convolutional
    neural networks", ICLR 2016, algorithm 1; named in KTH DD2424, lecture 4.
    """
    return by_data(model, x, rng, init, "krahenbuhl", per_unit=True)


def by_data(
    model: Module, x: Any, rng: Seed, init: str | Initialiser, rule: str, *, per_unit: bool
) -> Any:
    """Draw every Linear, and scale each by what it gives on a batch: as a whole, or unit by unit."""
    if not isinstance(model, Module):
        raise TypeError(f"{rule} takes a Module and a batch, got {type(model).__name__}")
    layers: dict[str, Any] = {name: part for name, part in model.named_modules() if part._is_affine}
    if not layers:
        raise ValueError(f"{rule}: there is no Linear in {type(model).__name__}")
    draw, rng = initialiser(init), generator(rng)
    before = [(leaf, numbers(leaf)) for _, leaf in model._named_leaves()]
    own = {id(leaf) for layer in layers.values() for leaf in (layer.weight, layer.bias)}
    try:
        for layer in layers.values():
            change(layer.weight, draw((layer.n_out, layer.n_in), rng))
            if layer.bias is not None:
                change(layer.bias, np.zeros(layer.n_out))
        for name, layer in layers.items():
            vars(layer)["forward"] = scaling(layer, name or "the layer", rule, per_unit)
        try:
            with autograd.no_grad():
                model(x)
        finally:
            for layer in layers.values():
                vars(layer).pop("forward", None)
    except BaseException:
        restore(before)
        raise
    restore([(leaf, array) for leaf, array in before if id(leaf) not in own])
    return model


def scaling(layer: Any, name: str, rule: str, per_unit: bool) -> Callable[[Any], Any]:
    """A ``forward`` for a Linear that, the first time, scales its weights for its output's sake."""

    def forward(x: Any) -> Any:
        vars(layer).pop("forward", None)  # a layer that is called again is as it will be
        out = layer.forward(x)
        held = autograd.recording.look(out)
        given = held.reshape(-1, layer.n_out if per_unit else 1)
        mean, std = given.mean(axis=0, dtype=np.float64), given.std(axis=0, dtype=np.float64)
        wrong = np.flatnonzero(~((std > 0) & (std < np.inf)))
        if wrong.size:
            unit = f"unit {wrong[0]} of " if per_unit else ""
            raise ValueError(
                f"{rule}: the output of {unit}{name} has standard deviation {std[wrong[0]]:g} on this "
                "batch, and cannot be scaled to 1"
            )
        change(layer.weight, numbers(layer.weight) / std[:, None])
        if per_unit and layer.bias is not None:
            change(layer.bias, -mean / std)
            out = out - mean.astype(held.dtype)
        return out / std.astype(held.dtype)

    return forward


def change(leaf: Any, array: Any) -> None:
    """Give a leaf other numbers, in its own dtype."""
    array = np.asarray(array)
    assign(leaf, array.astype(leaf.dtype) if isinstance(leaf, Tensor) else array)


def restore(leaves: list[tuple[Any, Any]]) -> None:
    """Give leaves back the numbers they had; those that still have them are left alone."""
    for leaf, array in leaves:
        if not np.array_equal(numbers(leaf), array, equal_nan=True):
            assign(leaf, array)
