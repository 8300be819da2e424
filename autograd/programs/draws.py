"""What rows draw: where an executor keeps it, and which run's it is.

Random numbers are needed again by a backward pass, and by a run that computes again what another has
written over. Every run draws into the same memory, so what it held is copied before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd.engine.graph import Node
from autograd.engine.primitive import registry
from autograd.programs.executor import Executor
from autograd.programs.planning.plan import Instruction
from autograd.programs.runs import Run


class Draws:
    """The numbers that the rows of a program have drawn.

    Attributes:
        steps: the instructions that do more than compute.
        run: the one whose numbers lie in the executor's memory, until another draws.
    """

    def __init__(self, steps: Sequence[Instruction], executor: Executor) -> None:
        self.steps = steps
        self.executor = executor
        self.run: Run | None = None

    def places(self, run: Run) -> dict[int, Any]:
        """Where the executor keeps what is drawn in a run of this size, by the register."""
        places = self.executor.at(run.instances).places
        return {step.out: places[step.out] for step in self.steps if step.out in places}

    def begin(self, run: Run) -> None:
        """A run is about to draw."""
        if self.run is not run:
            self.save()
        run.drawn, self.run = None, run

    def save(self) -> None:
        """Copy what lies in the memory: another run is about to draw, or to put back what it drew."""
        if self.run is not None and self.run.done:
            self.run.drawn = {r: x.copy() for r, x in self.places(self.run).items()}

    def restore(self, run: Run) -> None:
        """Put what a run has drawn back to where another has drawn since."""
        self.save()
        for r, x in self.places(run).items():
            np.copyto(x, run.drawn[r])  # type: ignore[index]
        run.drawn, self.run = None, run

    def copies(self, run: Run) -> list[Any]:
        """What was drawn in a run, in the order of the plan: the further inputs of `Plan.purified`."""
        drawn = self.places(run) if run.drawn is None else run.drawn
        return [drawn[s.out].copy() for s in self.steps if not registry[s.name].passes]

    def by_node(self, run: Run) -> dict[Node, Any]:
        """Copies of what was drawn last, by the recorded node."""
        places = self.places(run) if self.steps else {}
        return {
            step.node: places[step.out].copy()
            for step in self.steps
            if step.out in places and step.node is not None
        }

    def put(self, drawn: Mapping[Node, Any], run: Run) -> None:
        """Put numbers in the place of those that were drawn last in a run of this size."""
        places = self.places(run)
        for step in self.steps:
            if step.out in places and step.node is not None and step.node in drawn:
                places[step.out][...] = drawn[step.node]

    def recorded(self) -> dict[Node, Any]:
        """What was drawn when the graph was recorded."""
        return {step.node: step.node._raw for step in self.steps if step.node is not None}
