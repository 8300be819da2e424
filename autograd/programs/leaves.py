"""The leaves of a program that are no inputs: read at each run, and watched."""

from __future__ import annotations

from autograd.context.notes import BranchChanged
from autograd.engine import graph
from autograd.engine.graph import Node, StaleGraphError
from autograd.engine.tensor import Tensor
from autograd.programs.planning.plan import Plan


class Leaves:
    """The leaves that a plan reads.

    Attributes:
        flagged: the date at which the flags were last looked at, to be compared with
            `graph.latest_flag`.
    """

    def __init__(self, plan: Plan) -> None:
        self.leaves: list[Node] = plan.leaves
        self.flagged = graph.latest_flag
        self.flags = [leaf._requires_grad for leaf in self.leaves]

    def __len__(self) -> int:
        return len(self.leaves)

    def refrozen(self) -> Node | None:
        """A leaf that was frozen, or set free, since the graph was compiled; None if there is none."""
        for leaf, flag in zip(self.leaves, self.flags, strict=True):
            if leaf._requires_grad is not flag:
                return leaf
        return None

    def check_flags(self) -> None:
        """Raise where a leaf's ``requires_grad`` has changed: other gradients are asked for now."""
        date, leaf = graph.latest_flag, self.refrozen()
        if leaf is not None:
            raise BranchChanged(
                f"requires_grad of {leaf.name or 'a leaf'} is {leaf.requires_grad} and was "
                f"{not leaf.requires_grad} when the program was made. Record and compile again"
            )
        self.flagged = date

    def check_unchanged(self, date: int) -> None:
        """Raise if a leaf has been assigned after the run that is differentiated."""
        for leaf in self.leaves:
            changed = leaf._serial
            if isinstance(leaf, Tensor):
                changed = 0 if leaf._buffer is None else leaf._buffer.changed
            if changed > date:
                raise StaleGraphError(
                    f"backward() of a program: the data of {leaf.name or 'a leaf'} was assigned after "
                    "the run; call the program again first"
                )
