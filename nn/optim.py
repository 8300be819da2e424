"""Optimisers: rules that change parameters along their gradients, in place and outside the graph."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd import Node, Value
from nn.module import Module

__all__ = ["SGD", "Optimizer"]


class Optimizer:
    """What all optimisers share: checked parameters, a learning rate, and `zero_grad`.

    Attributes:
        parameters: the leaves that are changed, Tensors or Values.
        lr: the learning rate; assign it to change it between steps.
    """

    def __init__(self, parameters: Iterable[Any], lr: float) -> None:
        name = type(self).__name__
        if isinstance(parameters, Module):
            raise TypeError(f"{name} takes parameters: {name}(model.parameters(), ...)")
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError(f"{name} got no parameters")
        for parameter in self.parameters:
            if not isinstance(parameter, Node):
                raise TypeError(
                    f"{name} takes Tensors and Values, got {type(parameter).__name__} "
                    f"({parameter!r:.60})"
                )
            if not parameter.is_leaf or not parameter.requires_grad:
                raise ValueError(
                    f"{name} takes leaves that require a gradient, got {parameter!r:.80}"
                )
        if len({id(parameter) for parameter in self.parameters}) < len(self.parameters):
            raise ValueError(f"{name} got the same parameter twice")
        self.lr = lr

    @property
    def lr(self) -> float:
        """The learning rate: a finite number, 0 or more."""
        return self._lr

    @lr.setter
    def lr(self, lr: float) -> None:
        self._lr = checked(lr, "lr", math.inf)

    def zero_grad(self) -> None:
        """Set every parameter's gradient to ``None``, so that the next pass starts anew."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """Change every parameter that has a gradient."""
        raise TypeError(f"{type(self).__name__} defines no step()")


class SGD(Optimizer):
    """Stochastic gradient descent: p ← p − η v, where v ← μ v + g remembers earlier gradients.

    Args:
        parameters: the leaves to change: ``model.parameters()``.
        lr: the learning rate η.
        momentum: μ, from 0 (plain gradient descent, v = g) to below 1.

    A parameter whose ``.grad`` is None is left alone. Graphs that were recorded before a step are
    stale after it: compute the loss anew.

    >>> import autograd
    >>> w = autograd.Tensor([1.0, -2.0])
    >>> optimizer = SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data.tolist()
    [0.8, -1.6]

    Source: Polyak's heavy ball (1964) in PyTorch's form, in which η scales v and not g.
    """

    def __init__(self, parameters: Iterable[Any], lr: float, momentum: float = 0.0) -> None:
        super().__init__(parameters, lr)
        self.momentum = momentum
        self.velocities: list[Any] = [None] * len(self.parameters)

    @property
    def momentum(self) -> float:
        """μ: a number from 0 to below 1."""
        return self._momentum

    @momentum.setter
    def momentum(self, momentum: float) -> None:
        self._momentum = checked(momentum, "momentum", 1.0)

    def step(self) -> None:
        lr, momentum, velocities = self._lr, self._momentum, self.velocities
        # All gradients are checked before any parameter changes.
        for i, (parameter, g) in enumerate(
            [(parameter, gradient(parameter)) for parameter in self.parameters]
        ):
            if g is None:
                continue
            if momentum:
                v = velocities[i]
                g = velocities[i] = g + 0.0 if v is None else momentum * v + g
            parameter.data -= lr * g


def gradient(parameter: Any) -> Any:
    """The numbers of a parameter's gradient, of its shape; ``None`` where no pass reached it."""
    g = parameter.grad
    if g is None:
        return None
    if isinstance(g, Node):  # from a pass with create_graph=True
        g = g.data
    if np.shape(g) != parameter.shape or np.asarray(g).dtype.kind not in "biuf":
        raise ValueError(
            f"the gradient of {parameter.name or 'a parameter'} has shape {parameter.shape}, got "
            f"{type(g).__name__} of shape {np.shape(g)}"
        )
    return g if isinstance(g, np.ndarray) or isinstance(parameter, Value) else np.asarray(g)


def checked(x: Any, what: str, below: float) -> float:
    """A number from 0 to less than `below`."""
    if isinstance(x, bool) or not isinstance(x, int | float | np.integer | np.floating):
        raise TypeError(f"{what} is a number, got {type(x).__name__} ({x!r:.60})")
    if not 0 <= x < below:
        bound = "is finite and 0 or more" if below == math.inf else f"is from 0 to below {below:g}"
        raise ValueError(f"{what} {bound}, got {x}")
    return float(x)
