"""Edges: the local derivative of each edge of a graph of Values, as instructions.

A program multiplies a cotangent by it and forgets it. Who shows the pass wants the number itself, and a
program that computes it in the order in which the engine does.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from autograd.engine.choices import chosen
from autograd.engine.families import Elementwise, Reduction
from autograd.engine.graph import Node
from autograd.engine.letters import Letter
from autograd.programs.planning.emitting import Options, as_steps, key_of, letters_of
from autograd.programs.planning.planner import Planner
from autograd.programs.planning.vectors import Scalariser


@dataclass(slots=True, frozen=True, eq=False)
class GraphEdge:
    """The edge from a node to one of its parents.

    Attributes:
        node: the node whose derivative this is.
        slot: the position of the parent among ``node.parents``.
        parent: the parent.
        derivative: the register of the local derivative.
        passes: the register of a condition: where it does not hold, the derivative is a 0 that the
            cotangent is not multiplied by (see `engine.choices`). Or whether it always holds.
    """

    node: Node
    slot: int
    parent: Node
    derivative: int
    passes: int | bool

    @property
    def registers(self) -> tuple[int, ...]:
        """Both registers, or the one that there is."""
        return (
            (self.derivative,) if isinstance(self.passes, bool) else (self.derivative, self.passes)
        )


def edges_of(planner: Planner, node: Node) -> list[GraphEdge]:
    """The edges of a node of Values in the order of its parents; their instructions are added.

    Raises:
        TypeError: a row whose rule is no formula of letters.
    """
    primitive, emitter = node._primitive, planner.emitter
    assert primitive is not None  # a leaf has no edges
    options = planner.options[node]
    places = [emitter.place(x) for x in node.arguments]
    pairs = zip(node.arguments, node._edges(), strict=False)  # type: ignore[attr-defined]
    wanted = [(slot, x) for slot, (x, (_, d)) in enumerate(pairs) if d is not None]
    emitter.about = node
    if isinstance(primitive, Elementwise):
        done = (planner.places[node], *places)
        found = []
        for slot, _ in wanted:
            steps, passes = rule_of(primitive, slot, key_of(options), Options(options))
            holds = passes if isinstance(passes, bool) else emitter.placed(passes, done)
            found.append((emitter.placed(steps, done), holds))
    else:
        slots = [slot for slot, _ in wanted]
        scalariser = Scalariser(emitter, primitive, options)
        zero = emitter.constant(0.0)
        found = []
        for d in scalariser.derivatives(node, planner.places[node], places, slots):
            if not isinstance(primitive, Reduction):
                found.append((d, True))
            elif primitive.chooses:
                found.append((d, emitter.emit("not_equal", (d, zero), {})))
            else:  # a derivative of −0 is stored as 0
                constant = planner.plan.registers[d].kind == "constant"
                found.append((d if constant else emitter.emit("add", (d, zero), {}), True))
    return [
        GraphEdge(node, i, x, d, holds)
        for i, ((_, x), (d, holds)) in enumerate(zip(wanted, found, strict=True))
    ]


@functools.lru_cache(maxsize=1024)
def rule_of(primitive: Elementwise, slot: int, key: Any, options: Options) -> tuple[Any, Any]:
    """A local derivative, and where it is not a 0 that stops any cotangent, as `as_steps`."""
    out, *arguments = letters_of(len(primitive.derivatives) + 1)
    try:
        d = primitive.rule(slot)(out, *arguments, **options.options)
    except TypeError as error:
        raise TypeError(f"the rule of {primitive.name} is no formula of letters: {error}") from None
    count = len(arguments) + 1
    found = chosen(d, 1)
    holds = True if found is None else _passes(found)
    return as_steps(d, count), holds if isinstance(holds, bool) else as_steps(holds, count)


def _passes(choice: Any) -> Any:
    """Where a choice is not the 0 that leaves a cotangent out: a condition, or whether at all."""
    if not isinstance(choice, Letter):
        return choice != 0
    if choice.function == "where":
        condition, *branches = choice.arguments
        x, y = map(_passes, branches)
        if isinstance(x, bool) and isinstance(y, bool):
            return x if x == y else condition if x else condition == 0
        return Letter(
            "where",
            (condition, *(each * 1.0 if isinstance(each, bool) else each for each in (x, y))),
            sample=0.5,
        )
    if choice.function == "add":
        x, y = map(_passes, choice.arguments)
        if isinstance(x, bool) or isinstance(y, bool):
            return x is True or y is True or (y if isinstance(x, bool) else x)
        return x | y
    return True
