"""Verifying: the first replay of a program against an eager pass over the recorded graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.families import Elementwise
from autograd.graph import Node
from autograd.programs.numpy_executor import NumpyExecutor
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.programs.planning import Planner

__all__ = ["ProgramError", "Verifier"]

CLOSE = {np.dtype(np.float64): 1e-8, np.dtype(np.float32): 1e-3}
"""How far a replay may be from the eager pass, relative to the largest number it was made from:
a replay adds up in another order, so only much more than rounding is a difference."""

INSTANCES = 3
"""Of a batch of instances so many are checked: the first, the last, and one between."""


class ProgramError(RuntimeError):
    """A replay gave other numbers than the eager pass."""


Again = Callable[[list[Any], Any], Sequence[Any]]


class Verifier:
    """Computes what a program computes, node by node from the rows, and compares."""

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self.plan = planner.plan
        self.forward_done = False
        self.numbers: list[dict[Node, Any]] = []
        self.chosen: list[int] = []
        self.given: list[Any] = []
        self.instances: int | None = None

    # --- forward ----------------------------------------------------------------------------------

    def check_forward(
        self,
        given: Sequence[Any],
        instances: int | None,
        out: Sequence[Any],
        watched: Mapping[Node, int],
    ) -> None:
        """Compare the output of the first replay, and keep the eager numbers for its backward pass."""
        self.given, self.instances = list(given), instances
        m = 1 if instances is None else instances
        self.chosen = sorted({0, m // 2, m - 1})[:INSTANCES]
        impure = {node: out[1 + watched[node]] for node in self.planner.impure()}
        parameters = [node for node in self.planner.order if node.is_leaf]
        self.numbers = []
        for i in self.chosen:
            numbers: dict[Node, Any] = {node: node._data for node in parameters}  # type: ignore[attr-defined]
            arrays: dict[int, Any] = {}
            for x, array in zip(self.planner.inputs, given, strict=True):
                value = array if instances is None else float(array[i])
                if isinstance(x, Node):
                    numbers[x] = value
                else:
                    arrays[id(x)] = value
            known = {n: x if instances is None else float(x[i]) for n, x in impure.items()}
            self.replay(numbers, arrays, known)
            self.numbers.append(numbers)
        self.arrays = arrays
        output = self.planner.output
        for i, numbers in zip(self.chosen, self.numbers, strict=True):
            got = out[0] if instances is None else out[0][i]
            if not self.same(got, numbers[output], self.scale(output, numbers)):
                raise self.error(i, "the output", got, numbers[output])
        self.forward_done = True

    def replay(
        self, numbers: dict[Node, Any], arrays: dict[int, Any], known: Mapping[Node, Any]
    ) -> None:
        """The eager forward pass on other numbers."""
        with np.errstate(all="ignore"):
            for node in self.planner.order:
                primitive = node._primitive
                if primitive is None or node in numbers:
                    continue
                if node in known:
                    numbers[node] = known[node]
                    continue
                arguments = [self.number(x, numbers, arrays) for x in node.arguments]
                options = primitive.options | node.options
                if isinstance(node, Value):
                    numbers[node] = primitive.again(arguments, options)
                else:
                    numbers[node] = np.asarray(primitive.array(*arguments, **options))

    @staticmethod
    def number(x: Any, numbers: Mapping[Node, Any], arrays: Mapping[int, Any]) -> Any:
        return numbers[x] if isinstance(x, Node) else arrays.get(id(x), x)

    # --- backward ---------------------------------------------------------------------------------

    def check_backward(self, weights: Any, gradients: Sequence[Any], again: Again) -> None:
        """Compare the gradients of the first replay's backward pass.

        Args:
            weights: its seed.
            gradients: what it gave.
            again: computes the gradients for other inputs and another seed.
        """
        if self.instances is None:
            sums = self.cotangents(self.numbers[0], np.asarray(weights))
            found = dict(zip((r for _, r in self.plan.gradients), gradients, strict=True))
        else:
            # The replay added up all instances: compare on the chosen ones alone.
            few = [np.ascontiguousarray(x[self.chosen]) for x in self.given]
            seed = np.ascontiguousarray(np.asarray(weights)[self.chosen])
            sums = {}
            for numbers, g in zip(self.numbers, seed.tolist(), strict=True):
                for node, x in self.cotangents(numbers, g).items():
                    sums[node] = sums.get(node, 0.0) + x
            found = dict(zip((r for _, r in self.plan.gradients), again(few, seed), strict=True))
        for leaf, r in self.plan.gradients:
            expected = sums.get(leaf)
            if expected is None:
                continue
            if not self.same(found[r], expected, np.max(np.abs(expected), initial=1)):
                raise self.error(0, f"the gradient of {leaf.name or 'a leaf'}", found[r], expected)

    def cotangents(self, numbers: Mapping[Node, Any], seed: Any) -> dict[Node, Any]:
        """The eager backward pass on other numbers."""
        sums: dict[Node, Any] = {self.planner.output: seed}
        given = {x for x in self.planner.inputs if isinstance(x, Node)}
        with np.errstate(all="ignore"):
            for node in reversed(self.planner.order):
                primitive = node._primitive
                if node not in sums or primitive is None or node in given:
                    continue
                g, out = sums[node], numbers[node]
                arguments = [self.number(x, numbers, self.arrays) for x in node.arguments]
                options = primitive.options | node.options
                flat: Any = None
                for slot, x in enumerate(node.arguments):
                    if not isinstance(x, Node) or not x.requires_grad:
                        continue
                    if isinstance(node, Value) and isinstance(primitive, Elementwise):
                        if not primitive.differentiable(slot):
                            continue
                        c = g * primitive.local_derivative(slot, out, arguments, options)
                    elif isinstance(node, Value):
                        if flat is None:
                            vector = np.array(arguments)
                            flat = primitive.flat_derivatives(np.float64(out), vector, options)
                        c = g * float(flat[slot])
                    elif primitive.differentiable(slot):
                        c = primitive.vjp(slot, g, out, arguments, options)
                    else:
                        continue
                    sums[x] = sums[x] + c if x in sums else c
        return sums

    # --- comparing --------------------------------------------------------------------------------

    def scale(self, node: Node, numbers: Mapping[Node, Any]) -> float:
        """The largest number that a node was made from."""
        sizes = [1.0]
        for x in (node, *node.arguments):
            if isinstance(x, Node):
                size = np.abs(numbers[x])
                sizes.append(float(np.max(size[np.isfinite(size)], initial=0) if np.ndim(size) else size))
        return max(size for size in sizes if np.isfinite(size))

    @staticmethod
    def same(got: Any, expected: Any, scale: Any) -> bool:
        got, expected = np.asarray(got), np.asarray(expected)
        close = CLOSE.get(expected.dtype, 1e-8)
        scale = scale if np.isfinite(scale) else 1.0
        return bool(
            np.allclose(got, expected, rtol=close, atol=close * float(scale), equal_nan=True)
        )

    def error(self, instance: int, what: str, got: Any, expected: Any) -> ProgramError:
        """The error, with the first instruction whose result differs."""
        culprit = self.culprit(instance)
        return ProgramError(
            f"a replay differs from the eager pass: {what} is {np.asarray(got)!r:.60} and should be "
            f"{np.asarray(expected)!r:.60}; {culprit}"
        )

    def culprit(self, instance: int) -> str:
        """The first recorded node whose replayed number differs, as the end of a sentence."""
        nodes = [n for n in self.planner.order if not n.is_leaf and n in self.planner.places]
        registers = [self.planner.places[node] for node in nodes]
        executor = NumpyExecutor(self.plan, registers, reuse=False).at(self.instances)
        leaves = [self.plan.registers[r].holds._data for r in self.plan.parameters]
        numbers = self.numbers[self.chosen.index(instance)] if self.numbers else {}
        with np.errstate(all="ignore"):
            out = executor.forward(self.given, leaves)
        for node, x in zip(nodes, out[1:], strict=True):
            got = x if self.instances is None or np.ndim(x) == 0 else x[instance]
            if node in numbers and not self.same(got, numbers[node], self.scale(node, numbers)):
                name = node._primitive.name if node._primitive else "a leaf"
                return f"the first instruction that differs is {name}, made at {node.site}"
        return "every forward instruction agrees, so a derivative differs"
