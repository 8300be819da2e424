"""Verifying: the first replay of a program against an eager pass over the recorded graph."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.engine.families import Elementwise
from autograd.engine.graph import Node
from autograd.engine.passes import add_up, walk_back
from autograd.engine.primitive import registry
from autograd.engine.value import Value
from autograd.programs.by_numpy.executor import NumpyExecutor
from autograd.support.collecting import uncollected

if TYPE_CHECKING:
    from autograd.programs.planning.planner import Planner

CLOSE, CLOSE_SINGLE = 1e-8, 1e-3
"""How far a replay may be from the eager pass, relative to its largest number: a replay adds up in
another order, so only much more than rounding is a difference. Where rounding does more than that,
`Verifier.noise` finds out how much."""

NOISE = 1000.0
"""How much more than rounding is a difference, where numbers cancel."""

INSTANCES = 3
"""Of a batch of instances so many are checked: the first, the last, and one between."""
NODES = 100_000
"""Nodes that are computed again for that: of a graph of more than a third as many, fewer instances are
checked, the first in any case. Each has every instruction of the program compute something."""


class ProgramError(RuntimeError):
    """A replay gave other numbers than the eager pass."""


class Blur:
    """How numbers are rounded badly: errors that are drawn, and zeros of this sign or that.

    The sign of a zero is lost where the terms of a sum are added in another order, and 1/0 is then
    inf or −inf.
    """

    ZEROS = ("kept", "turned", "plus", "minus", "drawn")

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)  # its own: nobody else's is drawn from
        self.uniform = self.generator.uniform
        self.which = 0

    def turn(self) -> None:
        """Go on to another way with zeros."""
        self.which = (self.which + 1) % len(self.ZEROS)

    def zero(self, x: Any) -> Any:
        """Zeros with the signs that they have this time."""
        way = self.ZEROS[self.which]
        if way == "kept":
            return x
        if way == "turned":
            return -x
        if way == "drawn":
            return np.copysign(x, self.uniform(-1, 1, np.shape(x)))
        return np.copysign(x, 1.0 if way == "plus" else -1.0)


Again = Callable[[list[Any], Any], Sequence[Any]]
Numbers = dict[Node, Any]


def quiet(options: dict[str, Any]) -> dict[str, Any]:
    """Options without the functions that a row would tell something."""
    if not options:
        return options
    told = {
        key for key, x in options.items() if callable(x) and not isinstance(x, type)
    }  # no dtype
    return {key: None if key in told else x for key, x in options.items()}


class Verifier:
    """Computes what a program computes, node by node from the rows, and compares."""

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self.plan = planner.plan
        self.single = any(register.dtype == np.float32 for register in self.plan.registers)
        self.numbers: list[Numbers] = []
        self.chosen: list[int] = []
        self.given: list[Any] = []
        self.instances: int | None = None
        self.drawn: list[Any] = []
        self.known: list[Mapping[Node, Any]] = []
        self.run: Any = None  # the outputs of the run that was looked at

    # --- forward ----------------------------------------------------------------------------------

    def look_at(
        self, given: Sequence[Any], instances: int | None, out: Any, watched: Mapping[Node, int]
    ) -> None:
        """Compute eagerly what a run of the program has computed."""
        self.run, self.given, self.instances = out, list(given), instances
        m = 1 if instances is None else instances
        count = max(1, min(INSTANCES, NODES // max(1, len(self.planner.order))))
        self.chosen = sorted(dict.fromkeys([0, m - 1, m // 2][:count]))
        impure = {node: out[1 + watched[node]] for node in self.planner.impure()}
        self.drawn = [
            impure[step.node]
            for step in self.plan.impure
            if step.node in impure and not registry[step.name].passes
        ]
        self.known = [
            {n: x if instances is None else float(x[i]) for n, x in impure.items()}
            for i in self.chosen
        ]
        self.numbers = [self.replay(i) for i in range(len(self.chosen))]

    @uncollected()
    def check_forward(
        self, given: Sequence[Any], instances: int | None, out: Any, watched: Mapping[Node, int]
    ) -> None:
        """Compare the output of a run with that of an eager pass."""
        self.look_at(given, instances, out, watched)
        output = self.planner.output
        for k, i in enumerate(self.chosen):
            got, expected = (out[0] if instances is None else out[0][i]), self.numbers[k][output]
            if not self.same(got, expected) and not self.is_noise(
                got, expected, functools.partial(self.output_of, k)
            ):
                raise self.error("the output", got, expected, self.culprit(k))

    def output_of(self, k: int, rng: Any) -> Any:
        """The output for one of the chosen instances, rounded badly."""
        return self.replay(k, rng)[self.planner.output]

    def arrays(self, k: int) -> tuple[Numbers, dict[int, Any]]:
        """The inputs of one of the chosen instances: of nodes, and of arrays by their identity."""
        numbers, arrays = {}, {}
        for x, array in zip(self.planner.inputs, self.given, strict=True):
            value = array if self.instances is None else float(array[self.chosen[k]])
            if isinstance(x, Node):
                numbers[x] = value
            else:
                arrays[id(x)] = value
        return numbers, arrays

    def replay(self, k: int, rng: Any = None) -> Numbers:
        """The eager forward pass for one of the chosen instances; with `rng` it rounds badly."""
        given, arrays = self.arrays(k)
        numbers: Numbers = {n: n._raw for n in self.planner.order if n.is_leaf}
        numbers |= given
        with np.errstate(all="ignore"):
            for node in self.planner.order:
                primitive = node._primitive
                if primitive is None or node in given:
                    continue
                arguments = [
                    numbers[x] if isinstance(x, Node) else self.constant(x, numbers, arrays)
                    for x in node.arguments
                ]
                if rng is not None and primitive.family not in ("diagonal", "linear"):
                    # Where terms are added up an exact 0 may be any small number otherwise.
                    arguments = [self.rounded(x, rng) for x in arguments]
                options = quiet(self.planner.options[node])
                if primitive.impure is not None and primitive.is_impure(options):
                    numbers[node] = self.known[k][node]
                    continue
                out: Any
                if isinstance(node, Value):
                    out = primitive.again(arguments, options)
                else:
                    out = np.asarray(primitive.array(*arguments, **options))
                numbers[node] = out if rng is None else self.rounded(out, rng)
        return numbers

    def constant(self, x: Any, numbers: Mapping[Node, Any], arrays: dict[int, Any]) -> Any:
        """The number or array of an argument that is no node, as it was when the program was made."""
        derived = self.planner.derived
        if id(x) not in arrays and derived.comes_from(x) is not None:
            for out, row, arguments, options in derived.steps(x, arrays):
                given = [
                    numbers[y] if isinstance(y, Node) else self.constant(y, numbers, arrays)
                    for y in arguments
                ]
                arrays[id(out)] = row.array(*given, **options)
        return arrays[id(x)] if id(x) in arrays else self.planner.emitter.as_it_was(x)

    def rounded(self, x: Any, rng: Any) -> Any:
        """x with an error of a few units in its last place."""
        eps = float(np.finfo(np.float32 if self.single else np.float64).eps)
        if isinstance(x, float):
            if x == 0:
                return rng.zero(x)
            return x * (1 + 4 * eps * rng.uniform(-1, 1))
        if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
            return x
        blurred = np.asarray(x * (1 + 4 * eps * rng.uniform(-1, 1, x.shape)), x.dtype)
        return np.where(x == 0, rng.zero(x), blurred)

    # --- backward ---------------------------------------------------------------------------------

    @uncollected()
    def check_backward(self, weights: Any, gradients: Sequence[Any], again: Again) -> None:
        """Compare the gradients of the run that was looked at.

        Args:
            weights: its seed.
            gradients: what it gave.
            again: computes the gradients for other inputs and another seed.
        """
        if self.instances is None:
            seeds, few = [np.asarray(weights)], []
        else:
            # The replay added up all instances: compare on the chosen ones alone.
            few = [np.ascontiguousarray(x[self.chosen]) for x in self.given]
            seed = np.ascontiguousarray(np.asarray(weights)[self.chosen])
            gradients = self.again(few, seed) if self.drawn else again(few, seed)
            seeds = seed.tolist()

        def total(leaf: Node, rng: Any = None) -> Any:
            found = [self.cotangents(k, g, rng).get(leaf) for k, g in enumerate(seeds)]
            return sum(x for x in found if x is not None)

        eager = [self.cotangents(k, g) for k, g in enumerate(seeds)]
        for (leaf, _), got in zip(self.plan.gradients, gradients, strict=True):
            found = [each[leaf] for each in eager if leaf in each]
            expected = sum(found)
            if not self.same(got, expected, sum(np.abs(x) for x in found)) and not self.is_noise(
                got, expected, functools.partial(total, leaf)
            ):
                what = f"the gradient of {leaf.name or 'a leaf'}"
                raise self.error(what, got, expected, self.slope_culprit(few, seeds, eager))

    def again(self, few: list[Any], seed: Any) -> Sequence[Any]:
        """The gradients of a few instances, with what was drawn for them."""
        return [float(g) for g in self.backward_of(self.plan, few, seed)]

    def backward_of(self, plan: Any, few: list[Any], seed: Any) -> Sequence[Any]:
        """What the backward pass of a plan gives, without effects."""
        alone = self.instances is None
        drawn = self.drawn if alone else [np.ascontiguousarray(x[self.chosen]) for x in self.drawn]
        given = [*(self.given if alone else few), *drawn]
        executor = NumpyExecutor(plan.purified(), reuse=False)
        code = executor.at(None if alone else len(seed))
        return code.both(given, executor.leaves(), seed)[1]

    def cotangents(self, k: int, seed: Any, rng: Any = None) -> Numbers:
        """The eager backward pass for one of the chosen instances; with `rng` it rounds badly."""
        numbers = self.numbers[k] if rng is None else self.replay(k, rng)
        sums: Numbers = {self.planner.output: seed}
        given, arrays = self.arrays(k)
        order = [x for x in self.planner.order if x._primitive is not None and x not in given]
        with np.errstate(all="ignore"):
            for node, g in walk_back(order, sums, kept=numbers):  # all stay
                arguments = [
                    numbers[x] if isinstance(x, Node) else self.constant(x, numbers, arrays)
                    for x in node.arguments
                ]
                found = self.contributions(node, g, numbers[node], arguments)
                if rng is not None:
                    found = [(x, self.rounded(c, rng)) for x, c in found]
                add_up(sums, found)
        return sums

    def contributions(
        self, node: Node, g: Any, out: Any, arguments: list[Any]
    ) -> list[tuple[Node, Any]]:
        """What a node passes on, from these numbers in place of its own."""
        primitive, options = node._primitive, quiet(self.planner.options[node])
        assert primitive is not None  # leaves have no turn
        slots = [
            (slot, x)
            for slot, x in enumerate(node.arguments)
            if isinstance(x, Node) and x._requires_grad and primitive.differentiable(slot)
        ]
        if not isinstance(node, Value):
            vjp = primitive.vjp
            return [(x, np.asarray(vjp(slot, g, out, arguments, options))) for slot, x in slots]
        if isinstance(primitive, Elementwise):
            local = primitive.local_derivative
            return [(x, g * local(slot, out, arguments, options)) for slot, x in slots]
        vector: Any = np.array(arguments)
        flat = primitive.flat_derivatives(np.float64(out), vector, options)
        return [(x, g * float(flat[slot])) for slot, x in slots]

    # --- comparing --------------------------------------------------------------------------------

    def same(self, got: Any, expected: Any, size: Any = None) -> bool:
        """Whether numbers are equal but for rounding, relative to the largest of them, or of `size`."""
        got, expected = np.asarray(got), np.asarray(expected)
        close = CLOSE_SINGLE if self.single else CLOSE
        if got.dtype.kind == expected.dtype.kind == "f":  # mostly so, and seen in one subtraction
            with np.errstate(invalid="ignore", over="ignore"):
                if np.max(np.abs(got - expected), initial=0.0) <= close:
                    return True
        sizes = np.abs(expected if size is None else np.asarray(size, float))
        scale = float(np.max(sizes[np.isfinite(sizes)], initial=1.0))
        return bool(np.allclose(got, expected, rtol=close, atol=close * scale, equal_nan=True))

    def is_noise(self, got: Any, expected: Any, blurred: Callable[[Any], Any]) -> bool:
        """Whether a difference is what rounding does to these numbers: tried by rounding badly."""
        difference = np.abs(np.asarray(got) - np.asarray(expected))
        noise = np.zeros(np.shape(expected))
        rng = Blur(0)
        for _ in range(2 * len(rng.ZEROS)):
            with np.errstate(all="ignore"):
                apart = np.abs(np.asarray(blurred(rng)) - np.asarray(expected))
            # What is nan for zeros of another sign is as far away as can be.
            apart = np.where(np.isnan(apart) & ~np.isnan(expected), np.inf, apart)
            noise = np.maximum(noise, apart)
            rng.turn()
        both = np.isfinite(np.asarray(got)) & np.isfinite(np.asarray(expected))
        alike = np.isclose(got, expected, equal_nan=True)
        fine = np.where(both, difference <= NOISE * noise, alike | ~np.isfinite(noise))
        return bool(np.all(fine | ~np.isfinite(noise)))

    def error(self, what: str, got: Any, expected: Any, culprit: str) -> ProgramError:
        """The error, with the first instruction whose result differs."""
        return ProgramError(
            f"a replay differs from the eager pass: {what} is {np.asarray(got)!r:.60} and should be "
            f"{np.asarray(expected)!r:.60}; {culprit}"
        )

    def culprit(self, k: int) -> str:
        """The first recorded node whose replayed number differs, as the end of a sentence."""
        nodes = [n for n in self.planner.order if not n.is_leaf and n in self.planner.places]
        registers = [self.planner.places[node] for node in nodes]
        plan = self.plan.purified()  # nothing is to happen a second time
        executor = NumpyExecutor(plan, registers, reuse=False)
        code = executor.at(self.instances)
        out = code.forward([*self.given, *self.drawn], executor.leaves())
        for node, x in zip(nodes, out[1:], strict=True):
            got = x if self.instances is None or np.ndim(x) == 0 else x[self.chosen[k]]
            if not self.same(got, self.numbers[k][node]):
                return f"the first instruction that differs is {described(node)}"
        return "no single instruction differs by itself"

    def slope_culprit(self, few: list[Any], seeds: Sequence[Any], eager: list[Numbers]) -> str:
        """The instruction whose derivative differs, as the end of a sentence."""
        made = {self.plan.seed, *(step.out for step in self.plan.forward + self.plan.backward)}
        registers = self.planner.cotangents
        nodes = [n for n in reversed(self.planner.order) if registers.get(n) in made]
        plan = replace(self.plan, gradients=[(node, registers[node]) for node in nodes])
        seed = seeds[0] if self.instances is None else np.array(seeds)
        found = self.backward_of(plan, few, seed)
        for node, x in zip(nodes, found, strict=True):
            expected = [each.get(node, 0.0) for each in eager]
            wanted = expected[0] if self.instances is None else expected
            wanted = np.sum(wanted) if np.ndim(x) == 0 and self.instances is not None else wanted
            if not self.same(x, wanted):
                users = [n for n in self.planner.order if any(y is node for y in n.arguments)]
                names = " or ".join(dict.fromkeys(map(described, users)))
                return f"the first that differs is the derivative of {names}"
        return "every forward instruction agrees, so a derivative differs"


def described(node: Node) -> str:
    """A node by its row and its place in the source."""
    return f"{node._primitive.name if node._primitive else 'a leaf'}, made at {node.site}"
