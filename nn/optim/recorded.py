"""An optimiser's rule as a graph: its formula on a `Block`, which records instead of computing.

A rule writes into arrays, as ``m *= beta1`` or ``np.sqrt(v, out=spare)``; a node is never written into.
`Overwritten` stands for such an array: it holds the node that was written last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nn.optim.optimizer import Optimizer


class Overwritten(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that is a node, and after it has been written into another one."""

    def __init__(self, node: Any = None) -> None:
        self.node = node

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: tuple[Any, ...] | None = None
    ) -> Overwritten:
        found = ufunc(*[node_in(x) for x in inputs])
        if out is None:
            return Overwritten(found)
        (into,) = out
        into.node = found
        return into  # type: ignore[no-any-return]

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        if function is not np.copyto:
            return NotImplemented
        into, x = arguments
        into.node = node_in(x)
        return None


def node_in(x: Any) -> Any:
    """What is written in an array, or a number as it is."""
    return x.node if isinstance(x, Overwritten) else x


class RecordingBlock:
    """In the place of a `Block`: `state` gives what is written there, and notes from what it starts.

    Args:
        x, g, step: nodes for the parameters, their gradients, and the number of the step, from 1.
        states: nodes for the states, by name; others are made of zeros.
    """

    def __init__(self, x: Any, g: Any, step: Any, states: dict[str, Any]) -> None:
        self.x, self.g, self.step = Overwritten(x), Overwritten(g), Overwritten(step)
        self.spare = Overwritten()
        self.scale: Any = 1.0
        self.arrays = {name: Overwritten(node) for name, node in states.items()}
        self.starts: dict[str, float] = {}

    def state(self, name: str, start: float = 0.0) -> Overwritten:
        """The state of a name, as in `Block`."""
        self.starts[name] = start
        return self.arrays[name]


def recorded_rule(optimizer: Optimizer) -> tuple[dict[str, float], Callable[..., tuple[Any, ...]]]:
    """From what each state starts, and a function of nodes that is one step of a rule.

    The function takes parameters, gradients and states, all of one shape, and then the learning rate and
    the number of the step, from 1. It gives the new parameters and the new states.

    Raises:
        ValueError: an optimiser with several groups, or with a first step that is another than those
            after it (`dampening`).

    >>> import autograd
    >>> w, g = autograd.Tensor([1.0, -2.0]), autograd.Tensor([2.0, -4.0])
    >>> from nn.optim import SGD
    >>> starts, rule = recorded_rule(SGD([w], momentum=0.9))
    >>> v, lr, step = autograd.Tensor([1.0, 1.0]), autograd.Tensor(0.1), autograd.Tensor(2.0)
    >>> [x.data.round(2).tolist() for x in rule(w, g, v, lr, step)]
    [[0.71, -1.69], [2.9, -3.1]]
    """
    kind = type(optimizer).__name__
    if len(optimizer.param_groups) != 1:
        raise ValueError(f"one group of parameters is recorded, {kind} has several")
    options = optimizer.param_groups[0].options()
    if options.get("dampening"):
        raise ValueError(
            f"{kind} with dampening has a first step of its own, which is not recorded"
        )

    def run(x: Any, g: Any, states: dict[str, Any], lr: Any, step: Any) -> tuple[Any, Any]:
        block: Any = RecordingBlock(x, g, step, states)
        group: Any = options | {"lr": Overwritten(lr)}
        change = optimizer.change(block, group)
        return block, node_in(block.x - change * block.scale)

    like = np.ones(1)
    block, _ = run(like, like, dict.fromkeys(optimizer.STATES, like), np.ones(()), np.ones(()))
    starts = dict(block.starts)

    def rule(x: Any, g: Any, *others: Any) -> tuple[Any, ...]:
        *states, lr, step = others
        block, new = run(x, g, dict(zip(starts, states, strict=True)), lr, step)
        return (new, *(block.arrays[name].node for name in starts))

    return starts, rule


__all__: Sequence[str] = ()
