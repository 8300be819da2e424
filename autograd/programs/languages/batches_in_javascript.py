"""JavaScript for batches: a function that is made for a number of instances, and then called often.

Its arrays are made once, for that number, and filled again by each call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd.context.recording import recording
from autograd.engine.graph import Node
from autograd.engine.primitive import registry
from autograd.engine.tensor import Tensor
from autograd.programs.languages.arrays_in_javascript import ArraySource, JavaScriptOfArrays
from autograd.programs.languages.strided import Shape, Strided, array_at, number_at
from autograd.programs.planning.parts import taken_apart
from autograd.programs.planning.plan import Instruction, Plan
from autograd.programs.planning.planner import Planner, plan_of

LONGEST = 1500
"""Letters of a part, after which the next begins."""


class JavaScriptOfBatches(JavaScriptOfArrays):
    """JavaScript on flat arrays, with effects.

    Args:
        drawn: of the `sample` of a `random_like`, the expression that draws one number, or None.
        moved: of the `track` of `track_moments`, a function of a mean and a variance, as nodes, that
            gives (leaf, what it becomes) for each leaf that moves; or None.
    """

    words = JavaScriptOfArrays.words | {"m", "random"}

    def __init__(
        self,
        drawn: Callable[[Any], str | None],
        moved: Callable[[Any], Callable[[Node, Node], Sequence[tuple[Node, Node]]] | None],
    ) -> None:
        super().__init__()
        self.drawn = drawn
        self.moved = moved

    def knows(self, step: Instruction) -> bool:
        return step.name in ("random_like", "track_moments") or super().knows(step)

    def function(self, source: BatchSource, arguments: Sequence[str]) -> str:
        """The function of a number of instances that gives the function of a batch.

        Lines are parts, functions of their own: an engine compiles many short ones well.
        """
        given = f"({', '.join(arguments)})"
        lines = [f"const {name} = new Float64Array({n});" for name, n in source.made.items()]
        lines += [f"const {name} = {text};" for name, text in source.constants.items()]
        if source.numbers:
            lines.append(f"let {', '.join(source.numbers)};")
        moved = ", ".join(f"[{to}, {new}]" for to, new in source.moved)
        parts = parts_of([text for text, _ in source.into])
        if len(parts) > 1:
            for i, part in enumerate(parts):
                lines += [f"const part{i} = {given} => {{", *(f"  {text}" for text in part), "};"]
            parts = [[f"part{i}{given};" for i in range(len(parts))]]
        lines += [
            f"return {given} => {{",
            *(f"  {text}" for part in parts for text in part),
            f"  return {{outputs: [{', '.join(source.outputs)}], "
            f"gradients: [{', '.join(source.slopes)}], moved: [{moved}]}};",
            "};",
        ]
        return "\n".join(["m => {", *(f"  {text}" for text in lines), "}"])


def parts_of(lines: Sequence[str]) -> list[list[str]]:
    """Lines in parts of some length, each of whole statements."""
    parts: list[list[str]] = [[]]
    for text in lines:
        whole = not text.startswith((" ", "}"))
        if whole and sum(map(len, parts[-1])) > LONGEST:
            parts.append([])
        parts[-1].append(text)
    return parts


class BatchSource(ArraySource):
    """A plan of a batch on its way to text.

    Args:
        planner: the plan.
        language: the language, with the helpers that it has used so far.
        leaves: where the numbers of each leaf and input lie, by its identity; others are constants.
        outputs: the nodes that are returned.
        gradients: the leaves whose gradients are returned.
        outer: the source whose lines these follow.

    Attributes:
        outputs, slopes: the words of the outputs and gradients.
        moved: leaves that an effect moves, and what they become.
        numbers: the names of numbers, which all lines know.
    """

    language: JavaScriptOfBatches
    hoists = True

    def __init__(
        self,
        planner: Planner,
        language: JavaScriptOfBatches,
        leaves: Mapping[int, Strided],
        outputs: Sequence[Node],
        gradients: Sequence[Node] = (),
        outer: BatchSource | None = None,
    ) -> None:
        self.leaves_at = leaves
        self.results = outputs
        self.wanted = gradients
        self.outer = outer
        self.outputs: list[str] = []
        self.slopes: list[str] = []
        self.moved: list[tuple[str, str]] = []
        self.tracked: list[Instruction] = []
        self.numbers: list[str] = []
        super().__init__(planner, language, (), bool(gradients))

    def refuse_effects(self, plan: Plan) -> None:
        """Raise where numbers are drawn, or averages moved, in a way that has no form."""
        for step in plan.impure:
            passes = registry[step.name].passes
            asked = step.options["track" if passes else "sample"]
            if (self.language.moved if passes else self.language.drawn)(asked) is None:
                raise ValueError(
                    f"{step.name!r} has no form in {self.language.name}: it calls {asked!r:.80}"
                )

    def prepared(self, plan: Plan) -> Plan:
        self.refuse_effects(plan)
        self.check_dtypes(plan)
        plan = taken_apart(plan, self.language.knows, lambda *_: False)
        self.note_uses(plan)
        return plan

    def note_uses(self, plan: Plan) -> None:
        super().note_uses(plan)
        self.kept.update(self.planner.places[x] for x in self.results)

    def name_leaves(self, inputs: Sequence[Any]) -> None:
        if self.outer is not None:
            outer = self.outer
            self.into, self.made, self.constants = outer.into, outer.made, outer.constants
            self.taken, self.counts, self.returned = outer.taken, outer.counts, outer.returned
            self.numbers = outer.numbers
        for r in (*self.plan.inputs, *self.plan.parameters):
            x = self.plan.registers[r].holds
            place = self.leaves_at.get(id(x))
            self.places[r] = self.constant(np.array(x.data)) if place is None else place
            if place is not None:
                self.taken.add(place.word)

    def name_of(self, r: int, kind: str) -> str:
        self.counts[kind] += 1
        return self.free(f"{kind}{self.counts[kind]}")

    def array(self, name: str, shape: Shape) -> Strided:
        self.made[name] = math.prod(shape)
        return array_at(name, shape)

    def declared(self, name: str) -> str:
        self.numbers.append(name)
        return name

    def write_passes(self, gradients: bool) -> None:
        self.write(self.plan.forward, "v")
        if gradients:
            self.seed()
            self.write(self.plan.backward, "g")
            found = {id(leaf): r for leaf, r in self.plan.gradients}
            self.slopes = [
                self.listed(found[id(x)]) if id(x) in found else "null" for x in self.wanted
            ]
        self.outputs = [self.word(self.planner.places[x]) for x in self.results]
        for step in self.tracked:
            self.write_moved(step)

    def listed(self, r: int) -> str:
        """A register as an array, also where it is one number."""
        word = self.word(r)
        return word if self.plan.registers[r].shape else f"[{word}]"

    # --- effects ----------------------------------------------------------------------------------

    def looked_at(self, step: Instruction) -> Strided | None:
        if step.name == "track_moments":
            self.tracked.append(step)
            return self.place(step.arguments[0])
        return super().looked_at(step)

    def write_random_like(self, step: Instruction, out: Strided, x: Strided) -> None:
        text = self.language.drawn(step.options["sample"])
        self.fill(out, number_at(str(text), out.shape))

    def write_moved(self, step: Instruction) -> None:
        """What moments that are tracked make of the leaves that they move."""
        variance, mean = (self.in_order(self.place(r)) for r in step.arguments)
        moments = [Tensor(np.ones(x.shape), requires_grad=False) for x in (mean, variance)]
        move: Any = self.language.moved(step.options["track"])
        with recording():
            pairs = move(*moments)
        nodes = [new for _, new in pairs]
        planner = plan_of(nodes[0], [], extra=nodes[1:])
        at = {**self.leaves_at, id(moments[0]): mean, id(moments[1]): variance}
        inner = BatchSource(planner, self.language, at, nodes, outer=self)
        for (leaf, new), word in zip(pairs, inner.outputs, strict=True):
            to = self.leaves_at[id(leaf)].word.removesuffix("[0]")
            self.moved.append((to, word if new.shape else f"[{word}]"))
