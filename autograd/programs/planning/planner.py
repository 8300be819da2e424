"""Planning: from a recorded graph to instructions, the rows' rules being read with letters.

The forward instructions are the recorded nodes. The backward ones come from the rows: a rule called with
letters writes down a formula (`letters.Letter`), whose operations become instructions. On the way
equal instructions are shared, those on constants alone are computed at once, and in the end those that
nothing needs are dropped.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

import numpy as np

from autograd.engine.families import Elementwise
from autograd.engine.graph import Node, topological_order
from autograd.engine.letters import Letter
from autograd.engine.passes import leading, walk_back
from autograd.engine.primitive import Primitive, registry
from autograd.engine.value import Value
from autograd.programs.planning.derived import Derived
from autograd.programs.planning.emitting import Emitter, dtype_of, frozen, parts_of
from autograd.programs.planning.plan import TOTAL
from autograd.programs.planning.vectors import Scalariser, joined, joined_contributions

NONE: dict[str, Any] = {}
"""The options of nodes that have none: one dictionary for all."""


def plan_of(
    output: Node,
    inputs: Sequence[Any],
    *,
    extra: Sequence[Node] = (),
    input_gradients: bool = True,
    derived: Derived | None = None,
    arrays: Sequence[Any] = (),
    unused: bool = False,
    gradients: bool = True,
    whole: Container[str] = (),
) -> Planner:
    """The finished planner of a recorded graph: its ``plan``, and the register of each node.

    Args:
        output: the node that the program computes.
        inputs: leaves, or constant arrays (found by identity), that each call gives anew.
        extra: nodes that are to be computed as well.
        input_gradients: whether the gradient of inputs is wanted too.
        derived: what was made of arrays and nodes while recording.
        arrays: what of that is to be computed as well.
        unused: whether an input may be one that the output does not depend on: of a function, whose
            arguments are followed, it is known to be none of it.
        gradients: whether there is a backward pass.
        whole: the names of rows that are not taken apart.

    Raises:
        ValueError: an input that the output does not depend on, unless `unused`.
        TypeError: a row whose rule is no formula of letters.
    """
    planner = Planner(output, inputs, extra, derived or Derived(inputs, ()), arrays, unused, whole)
    with np.errstate(all="ignore"):
        planner.go_forward()
        if gradients:
            planner.go_backward(input_gradients)
    planner.finish()
    return planner


class Planner:
    """A plan in the making.

    Attributes:
        order: the recorded nodes, arguments before outputs.
        places: the register of each node's data, and `read` those of its arguments.
        cotangents: the register of each node's cotangent, for those that have one.
    """

    def __init__(
        self,
        output: Node,
        inputs: Sequence[Any],
        extra: Sequence[Node],
        derived: Derived,
        arrays: Sequence[Any],
        unused: bool,
        whole: Container[str] = (),
    ) -> None:
        self.output = output
        self.unused = unused
        self.extra: list[Any] = [*extra, *arrays]
        self.derived = derived
        roots = dict.fromkeys([output, *extra, *derived.nodes])
        self.order = topological_order(list(roots), arguments=True)
        self.cotangents: dict[Node, int] = {}
        numbers = all(isinstance(x, Value) for x in inputs)
        scalar = numbers and all(isinstance(node, Value) for node in self.order)
        self.inputs = list(inputs)
        self.options: dict[Node, dict[str, Any]] = {}
        self.read: dict[Node, list[int]] = {}
        self.emitter = Emitter(derived, scalar=scalar, whole=whole)
        self.plan, self.places = self.emitter.plan, self.emitter.places
        for x in inputs:
            self.emitter.input(x)

    # --- forward ----------------------------------------------------------------------------------

    def go_forward(self) -> None:
        """Instructions for the recorded nodes, in the order in which they were recorded."""
        for node in self.order:
            primitive = node._primitive
            if node in self.places:
                continue
            if primitive is None:
                self.emitter.place(node)
                continue
            self.emitter.about = node
            options = node.options
            if options or primitive.options:
                self.derived.check_options(options)
                options = frozen(primitive.options | options)
            else:
                options = NONE
            self.options[node] = options
            arguments = self.read[node] = [self.emitter.place(x) for x in node.arguments]
            self.emitter.reached.update(arguments)  # also those that its parts do not need
            self.places[node] = self.forward_of(node, primitive, arguments, options)
            register = self.plan.registers[self.places[node]]
            if register.node is None:
                register.node = node
        self.plan.output = self.emitter.place(self.output)
        self.emitter.reached.update(
            [self.plan.output, *(self.emitter.place(x) for x in self.extra)]
        )
        for i, r in enumerate(self.plan.inputs):
            if r not in self.emitter.reached and not self.unused:
                x = self.inputs[i]
                name = getattr(x, "name", None)
                raise ValueError(
                    f"input {i}{f' ({name!r})' if name else ''} does not reach the output: it is no "
                    "argument of any recorded operation. What is computed from a node that needs no "
                    "gradient is a constant, unless it is recorded inside autograd.recording()"
                )

    def forward_of(
        self, node: Node, primitive: Primitive, arguments: list[int], options: dict[str, Any]
    ) -> int:
        """One recorded node. A fused row is taken apart, so that its parts are shared and reused."""
        if self.plan.scalar:
            if isinstance(primitive, Elementwise) and primitive.composite is not None:
                places = [-1, *arguments, -1]
                return self.emitter.instantiated(primitive, (None,), options, places)[0]
            return self.emitter.emit(primitive.name, arguments, options, node._raw)
        if isinstance(node, Value) and not isinstance(primitive, Elementwise):
            places = [int(x.function[1:]) for x in joined(self.emitter, node, primitive)]
            return self.emitter.emit(primitive.name, places, options, node._raw)
        arguments = self.emitter.as_recorded(node, arguments)
        dtypes = [self.plan.registers[r].dtype for r in arguments]
        mixed = any(each.kind == "f" and each != dtype_of(node) for each in dtypes)
        values = any(isinstance(x, Value) for x in node.arguments)
        if not self.emitter.is_apart(primitive) or mixed or values:
            return self.emitter.emit(primitive.name, arguments, options, node._raw)
        letters = [
            self.emitter.letter(r, x) for r, x in zip(arguments, node.arguments, strict=True)
        ]
        if isinstance(primitive, Elementwise):
            letters = primitive.alike(letters, dtype_of(node))
        out = self.emitter.lowered(parts_of(primitive)(*letters, **options))
        same = self.plan.registers[out].shape == node.shape
        if not same or self.plan.registers[out].dtype != dtype_of(node):
            return self.emitter.emit(primitive.name, arguments, options, node._raw)
        return out

    # --- backward ---------------------------------------------------------------------------------

    def go_backward(self, input_gradients: bool) -> None:
        """Instructions for the gradients: each node's parents get their contributions in turn."""
        plan = self.plan
        output = self.output
        self.emitter.into = plan.backward
        seed = self.emitter.register(
            "seed", np.shape(output._raw), dtype_of(output), varies=plan.scalar
        )
        plan.seed = seed.index
        given = {x for x in self.inputs if isinstance(x, Node)}
        wanted = {
            node
            for node in self.order
            if node.is_leaf and node.requires_grad and (input_gradients or node not in given)
        }
        leads = leading(self.order, wanted)
        if output not in leads:
            return
        samples: dict[int, Any] = {seed.index: np.ones(seed.shape, seed.dtype)}
        pending: dict[Node, list[int]] = {output: [seed.index]}
        self.samples = samples
        for node, parts in walk_back(self.order, pending):
            self.emitter.about = node
            g = self.cotangents[node] = self.added(parts, node)
            if node in wanted:
                # An input stands for all instances: its gradient is the sum over them, as any leaf's.
                over = self.emitter.emit(TOTAL, (g,), {}) if plan.registers[g].varies else g
                plan.gradients.append((node, over))
            if node._primitive is None or node in given:
                continue
            for parent, contribution in self.contributions(node, node._primitive, g, leads):
                if parent in pending:
                    pending[parent].append(contribution)
                else:
                    pending[parent] = [contribution]

    def added(self, contributions: list[int], node: Node) -> int:
        """The sum of a node's contributions; over the instances too, where the node does not vary."""
        registers = self.plan.registers
        if len(contributions) == 1:
            (only,) = contributions
            if registers[only].varies <= registers[self.places[node]].varies:
                return only
        if not self.plan.scalar:
            total = contributions[0]
            for each in contributions[1:]:
                sample = self.samples[total] + self.samples[each]
                total = self.emitter.emit(
                    "add", (total, each), dict(registry["add"].options), sample
                )
                self.samples[total] = sample
            return total
        varying = [r for r in contributions if registers[r].varies]
        if not varying or registers[self.places[node]].varies:
            return self.summed(contributions)
        over = self.emitter.emit(TOTAL, (self.summed(varying),), {})
        return self.summed([over, *(r for r in contributions if not registers[r].varies)])

    def summed(self, contributions: list[int]) -> int:
        if len(contributions) == 1:
            return contributions[0]
        if len(contributions) == 2:
            return self.emitter.emit("add", contributions, {})
        return self.emitter.emit("sum", contributions, dict(registry["sum"].options))

    def contributions(
        self, node: Node, primitive: Primitive, g: int, leads: set[Node]
    ) -> Iterable[tuple[Node, int]]:
        """(parent, register of cotangent × local derivative) for each parent that leads on."""
        options, arguments = self.options[node], node.arguments
        wanted = [
            slot
            for slot, x in enumerate(arguments)
            if isinstance(x, Node) and x in leads and x._requires_grad
        ]
        if not self.plan.scalar:
            pairs = [(slot, arguments[slot]) for slot in wanted]
            return self.array_contributions(node, primitive, g, pairs, options)
        out, places = self.places[node], self.read[node]
        if isinstance(primitive, Elementwise):
            wanted = [slot for slot in wanted if primitive.differentiable(slot)]
            found = self.emitter.instantiated(primitive, tuple(wanted), options, (out, *places, g))
        else:
            scalariser = Scalariser(self.emitter, primitive, options)
            found = scalariser.contributions(node, out, g, places, wanted)
        return zip([arguments[slot] for slot in wanted], found, strict=True)

    def array_contributions(
        self,
        node: Node,
        primitive: Primitive,
        g: int,
        wanted: list[tuple[int, Any]],
        options: dict[str, Any],
    ) -> Iterable[tuple[Node, int]]:
        cotangent = Letter(f"r{g}", sample=self.samples[g])
        if isinstance(node, Value) and not isinstance(primitive, Elementwise):
            formulas = joined_contributions(
                self.emitter, node, primitive, cotangent, wanted, options
            )
        else:
            places = self.emitter.as_recorded(node, [self.emitter.place(x) for x in node.arguments])
            letters = [
                self.emitter.letter(r, x) for r, x in zip(places, node.arguments, strict=True)
            ]
            out = Letter(f"r{self.places[node]}", sample=node._raw)
            formulas = [
                (x, primitive.vjp(slot, cotangent, out, letters, options))
                for slot, x in wanted
                if primitive.differentiable(slot)
            ]
        found = []
        for x, formula in formulas:
            if not isinstance(formula, Letter):
                raise TypeError(f"the rule of {primitive.name} is no formula of letters")
            r = self.emitter.lowered(formula)
            self.samples[r] = formula.sample
            found.append((x, r))
        return found

    # --- the end ----------------------------------------------------------------------------------

    def impure(self) -> list[Node]:
        """The recorded nodes that do more than compute: a replay of each gives something new."""
        return [
            node
            for node in self.order
            if node._primitive is not None
            and node._primitive.impure is not None
            and node._primitive.is_impure(node._primitive.options | node.options)
        ]

    def finish(self, also: Iterable[int] = ()) -> None:
        """Drop the instructions that nothing needs: neither the plan's results nor these registers."""
        plan = self.plan
        needed = {plan.output, *(r for _, r in plan.gradients), *also}
        needed.update(self.emitter.place(x) for x in self.extra)
        for part in (plan.backward, plan.forward):
            kept = []
            for step in reversed(part):
                if step.out in needed or step.is_impure:
                    needed.update(step.arguments)
                    kept.append(step)
            plan.dropped += len(part) - len(kept)
            part[:] = reversed(kept)
