"""Which operations share a loop, what is kept in memory, and where."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from autograd.programs.native.tensors.lowering import Lowering
from autograd.programs.native.tensors.operations import Number, Operand, Operation, View, contiguous

MOST = 32
"""Operations in one loop: beyond, numbers do not stay in registers."""
LITTLE = 4096
"""Elements that may be filled with a number long before they are used."""
LINE = 64
"""Bytes in a line of the processor's cache, to which memory is aligned."""


@dataclass(slots=True, eq=False)
class Group:
    """Operations that share a loop, or one product, or one call."""

    kind: str  # "loop", "product", "call"
    space: tuple[int, ...]
    operations: list[Operation] = field(default_factory=list)

    @property
    def points(self) -> set[int]:
        """The roots whose elements the loop computes one by one."""
        return {
            each.out for each in self.operations if each.kind == "point" and each.region is None
        }


def is_element(operand: Operand, space: tuple[int, ...]) -> bool:
    """Whether a loop reads of a root what it is about to compute, or has just computed, there."""
    return operand.offset == 0 and operand.strides == contiguous(space)


def is_start(operation: Operation) -> bool:
    """Whether an operation fills a little memory with a number."""
    numbers = all(isinstance(x, Number) for x in operation.arguments)
    little = math.prod(operation.space) <= LITTLE
    return operation.kind == "point" and numbers and little and operation.region is None


def grouped(lowering: Lowering, operations: Sequence[Operation]) -> list[Group]:
    """The groups of one direction, in the order in which they run."""
    groups: list[Group] = []
    made: dict[int, int] = {}  # the group that wrote a root last
    # What sums start from is written first, so that they can join the loops of what they add up.
    first = [each for each in operations if is_start(each)]
    for operation in [*first, *(each for each in operations if not is_start(each))]:
        earliest = 0
        for x in operation.arguments:
            if not isinstance(x, Operand | View) or x.root not in made:
                continue
            at = made[x.root]
            group = groups[at]
            within = (
                isinstance(x, Operand)
                and group.kind == "loop"
                and group.space == operation.space
                and is_element(x, operation.space)
                and lowering.roots[x.root].size == math.prod(operation.space)
                and x.root in group.points
            )
            earliest = max(earliest, at if within else at + 1)
        if operation.out in made:  # a product or a reduction that goes on from what is there
            earliest = max(earliest, made[operation.out] + 1)
        if operation.kind == "call":
            # What has an effect stays behind what came before it.
            earliest = len(groups)
        kind = operation.kind if operation.kind in ("product", "call") else "loop"
        place = len(groups)
        if kind == "loop":
            for at in range(earliest, len(groups)):
                group = groups[at]
                fits = group.kind == "loop" and group.space == operation.space
                if fits and len(group.operations) < MOST:
                    place = at
                    break
        if place == len(groups):
            groups.append(Group(kind, operation.space))
        groups[place].operations.append(operation)
        made[operation.out] = place
    return groups


class Memory:
    """Which roots are kept, and the place of each in the arena or among the gradients.

    Attributes:
        kept: roots that are written to memory.
        places: byte offsets into the arena.
        gradients: element offsets into the array of all gradients of a dtype.
        size: bytes of the arena.
        totals: elements of all gradients, by dtype.
    """

    def __init__(
        self, lowering: Lowering, forward: Sequence[Group], backward: Sequence[Group]
    ) -> None:
        self.lowering = lowering
        self.kept: set[int] = set()
        self.places: dict[int, int] = {}
        self.gradients: dict[int, int] = {}
        self.totals: dict[str, int] = {}
        self.size = 0
        self.free: dict[int, list[int]] = {}
        for view in lowering.gradients:
            kind, size = lowering.roots[view.root].dtype.str, lowering.roots[view.root].size
            self.gradients[view.root] = self.totals.get(kind, 0)
            self.totals[kind] = self.gradients[view.root] + size
        groups = [*forward, *backward]
        ends = self.ends(groups)
        dying: dict[int, list[int]] = {}
        for root, end in ends.items():
            dying.setdefault(end, []).append(root)
        for now, group in enumerate(groups):
            leaving = [root for root in dying.get(now, ()) if root in self.places]
            for operation in group.operations:
                self.settle(operation, group, leaving)
            for root in dying.get(now, ()):
                if root in self.places and root not in self.taken:
                    self.free.setdefault(self.room(root), []).append(self.places[root])

    def ends(self, groups: Sequence[Group]) -> dict[int, int]:
        """The last group that needs each root; on the way, which roots are kept."""
        never = len(groups)
        self.taken: set[int] = set()
        ends: dict[int, int] = {}
        for now, group in enumerate(groups):
            points = group.points if group.kind == "loop" else set()
            for operation in group.operations:
                ends.setdefault(operation.out, now)
                if operation.kind != "point" or operation.region is not None:
                    self.kept.add(operation.out)
                    ends[operation.out] = max(ends[operation.out], now)
                if operation.step is not None and operation.step.is_impure:
                    ends[operation.out] = never
                for root in operation.reads:
                    ends[root] = max(ends.get(root, 0), now)
                    if root not in points:
                        self.kept.add(root)
        for view in (*self.lowering.outputs, *self.lowering.gradients):
            ends[view.root] = never
            self.kept.add(view.root)
        return ends

    def room(self, root: int) -> int:
        it = self.lowering.roots[root]
        return max(LINE, -(-it.size * it.dtype.itemsize // LINE) * LINE)

    def settle(self, operation: Operation, group: Group, leaving: Sequence[int]) -> None:
        """Give the result of an operation its place."""
        out = operation.out
        new = out not in self.places and out not in self.gradients
        if not new or out not in self.kept or self.lowering.roots[out].kind != "result":
            return
        if operation.kind == "point" and operation.region is None:
            for root in leaving:
                if self.follows(root, out, group):
                    self.taken.add(root)
                    self.places[out] = self.places[root]
                    return
        size = self.room(out)
        # What was drawn stays when the pass is run again: nothing before it may be written there.
        drawn = operation.step is not None and operation.step.is_impure
        if self.free.get(size) and not drawn:
            self.places[out] = self.free[size].pop()
        else:
            self.places[out] = self.size
            self.size += size

    def follows(self, root: int, out: int, group: Group) -> bool:
        """Whether a result may be written over a root that this loop is the last to read."""
        roots = self.lowering.roots
        alike = roots[root].dtype == roots[out].dtype and roots[root].size == roots[out].size
        if not alike or root in self.taken or any(each.out == root for each in group.operations):
            return False
        return all(
            is_element(x, each.space)
            for each in group.operations
            for x in each.arguments
            if isinstance(x, Operand) and x.root == root
        )
