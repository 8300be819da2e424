"""One generator of random programs, whatever its choices come from."""

from __future__ import annotations

import importlib.util
import itertools
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from programs.arbitrary import operations
from programs.arbitrary.choices import Below, Choices
from programs.arbitrary.operations import Call, Slot
from programs.arbitrary.program import Array, Constant, Leaf, Program, Step, written
from samples import POINTS, SAMPLES, singular_points

import autograd

SHAPES: tuple[tuple[int, ...], ...] = (
    *((), (3,), (2, 3), (1,), (2, 1), (1, 3), (4,), (2, 2), (2, 3, 2), (1, 1), (2, 1, 3)),
    *((0,), (0, 3), (2, 0)),
)
LARGEST = 48
"""So many elements a result may have."""

REFUSED = (ValueError, TypeError, IndexError, ZeroDivisionError, OverflowError)
"""What NumPy raises for a call that makes no sense, which is then not made."""

CHECKS = {
    "values": (1, 2),
    "mixed": (1, 3),
    "pytorch": (3, 4),
    "differences": (2, 3),
    "directions": (2, 3),
    "second": (1, 4),
    "numpy": (1, 5),
    "native": (1, 50),
    "scalars": (1, 10),
    "scalars natively": (1, 80),
}
"""The comparisons beside those that are always made, and how often each."""

PARTS = math.sqrt(5) - 1


class Generator:
    """Draws a program step by step, and evaluates it on arrays as it goes, to know shapes."""

    def __init__(self, below: Below, rare: float = 1.0) -> None:
        self.draw = Choices(below)
        self.rare = rare  # how often the native executor is asked, relative to `CHECKS`
        self.leaves: list[Leaf] = []
        self.steps: list[Step] = []
        self.results: list[Any] = []  # of the leaves
        self.made: list[Any] = []  # of the steps
        self.wild = False
        self.dtype: Any = np.float64
        self.mixed = False

    def program(self) -> Program:
        """A program of up to a dozen steps."""
        draw = self.draw
        self.wild = draw.chance(2, 5)
        self.dtype = draw.pick([np.float64, np.float64, np.float64, np.float32])
        self.mixed = draw.chance(1, 8)  # of dtypes
        steps = draw.pick([1, 2, 3, 4, 6, 9])
        for _ in range(steps):
            before = len(self.leaves), len(self.steps)
            if not self.step():
                del self.leaves[before[0] :], self.results[before[0] :]
                del self.steps[before[1] :], self.made[before[1] :]
        if not self.steps:
            self.add("{0} * 1.0", [self.leaf((), -2.0, 2.0)])
        self.gather()
        also = frozenset(name for name, often in CHECKS.items() if self.often(name, often))
        change, changed = "", 0
        if draw.chance(1, 8):
            changed = draw.below(len(self.leaves))
            change = draw.pick(
                [
                    "{0}.data = {0}.data * 1.5",
                    "{0}.data -= 0.25",
                    "{0}.data = {0}.data * 1.0",
                    "with autograd.no_grad(): {0} -= 0.25",
                    "with autograd.no_grad(): {0} *= 1.5",
                ]
            )
        return self.numbered(also, change, changed)

    def gather(self) -> None:
        """Often, one number at the end of all results that nothing uses."""
        used = {x for step in self.steps for x in step.operands if not isinstance(x, Constant)}
        loose = [place for place in range(-len(self.made), 0) if place not in used]
        if len(loose) < 2 or self.draw.chance(1, 6):
            return
        total = None
        for i, place in enumerate(reversed(loose), start=1):
            part = self.add("autograd.sum({0})", [place], _total)
            assert part is not None
            if total is None:
                total = part
            else:
                total = self.add(f"{{0}} + {{1}} * {i / 2}", [total, part], _weighted(i / 2))

    def often(self, name: str, often: tuple[int, int]) -> bool:
        """Whether a comparison is made."""
        numerator, denominator = often
        if "nativ" in name:
            denominator = max(round(denominator / self.rare), 1)
        return self.draw.chance(numerator, denominator)

    def numbered(self, also: frozenset[str], change: str, changed: int) -> Program:
        """The program, with leaves first: while it was drawn they came as they were needed."""
        n = len(self.leaves)

        def place(x: int | Constant) -> int | Constant:
            return x if isinstance(x, Constant) else x if x >= 0 else n - x - 1

        steps = tuple(
            Step(s.text, tuple(map(place, s.operands)), s.theirs, s.row, s.reads)
            for s in self.steps
        )
        return Program(tuple(self.leaves), steps, also, change, changed)

    # --- numbers ----------------------------------------------------------------------------------

    def number(self, low: float, high: float) -> float:
        """One number: of a grid, so that equal ones meet, or any, or one where something happens."""
        draw = self.draw
        kind = draw.below(8 if self.wild else 4)
        if kind < 2:
            return low + (high - low) * ((6 + draw.below(9)) % 9) / 8
        if kind < 4:
            return low + (high - low) * ((draw.below(1024) * PARTS) % 1.0)
        if kind == 4:
            return float(draw.below(5) - 2)
        if kind == 5:
            return POINTS[draw.below(len(POINTS))]
        if kind == 6:
            return draw.pick([low, high])
        near = draw.pick([0.0, 1.0, -1.0, 2.0, low, high])
        return near + draw.pick([1e-9, -1e-9, 1e-5, -1e-5, 1e-300])

    def numbers(self, shape: Sequence[int], low: float, high: float, dtype: Any) -> Array:
        """An array of numbers; sometimes all the same."""
        size = math.prod(shape)
        if size and self.draw.chance(1, 16):
            each = [self.number(low, high)] * size
        else:
            each = [self.number(low, high) for _ in range(size)]
        return np.array(each, np.float64).reshape(shape).astype(dtype)

    def leaf(
        self,
        shape: Sequence[int],
        low: float,
        high: float,
        given: Any = None,
        exactly: Any = None,
    ) -> int:
        """A new leaf's place: of any numbers, mostly those given, or exactly some."""
        draw = self.draw
        dtype = self.dtype
        if self.mixed:
            dtype = draw.pick([np.float64, np.float32])
        if exactly is not None:
            numbers = exactly.astype(dtype)
        elif given is not None and draw.chance(1, 3):
            numbers = np.array(given, dtype)
        else:
            numbers = self.numbers(shape, low, high, dtype)
        if draw.chance(1, 2):
            other = self.numbers(shape, low, high, dtype)
        else:
            other = (numbers * dtype(1.125)).astype(dtype)
        kind = "Tensor"
        if shape == () and dtype is np.float64 and draw.chance(1, 2):
            kind = "Value"
        self.leaves.append(Leaf(kind, numbers, other))
        self.results.append(np.float64(numbers) if kind == "Value" else numbers)
        return len(self.leaves) - 1

    def constant(self, shape: Sequence[int], low: float, high: float) -> Constant:
        """A number of any kind, or an array, a mask, a list of a shape that fits."""
        draw = self.draw
        if not shape or draw.chance(1, 2):
            several = operations.SCALARS
            if self.wild:
                several = several + operations.SINGULAR
            else:
                inside = [x for x in several if low <= float(x) <= high]
                several = tuple(inside) or (round((low + high) / 2, 3),)
            return Constant(draw.pick(several))
        kind = draw.pick(["float64", "list", "float32", "int64", "bool", "int8", "broadcast"])
        numbers = self.numbers(shape, low, high, np.float64)
        if kind == "broadcast":
            return Constant(numbers[:1])
        if kind == "list":
            return Constant(numbers.tolist())
        if kind in ("int64", "int8", "bool"):
            numbers = np.clip(np.nan_to_num(numbers), -100, 100)
        if kind == "bool":
            return Constant(numbers > (low + high) / 2)
        return Constant(numbers.astype(kind))

    # --- the pool ---------------------------------------------------------------------------------

    def at(self, place: int) -> Any:
        """What a place holds, computed on arrays: leaves from 0, results from −1 downwards."""
        return self.results[place] if place >= 0 else self.made[-place - 1]

    def places(self) -> list[int]:
        """Everything so far that is no mask, the newest first."""
        return [*range(-len(self.made), 0), *range(len(self.leaves))]

    def shape(self, place: int) -> tuple[int, ...]:
        """The shape of a place."""
        return np.shape(self.at(place))

    def add(
        self,
        text: str,
        operands: Sequence[int | Constant],
        theirs: Any = None,
        row: str = "",
        reads: bool = False,
    ) -> int | None:
        """One more step, and its place; None where NumPy refuses it."""
        step = Step(text, tuple(operands), theirs, row, reads)
        pool = _Pool(self)
        try:
            out = step(pool)
        except REFUSED:
            return None
        out = np.asarray(out)
        if out.size > LARGEST or out.ndim > 5 or out.dtype.kind != "f":
            return None
        self.steps.append(step)
        self.made.append(out)
        return -len(self.made)

    def any_place(self) -> int:
        """A result or a leaf, mostly a new one; or a new leaf of any shape."""
        places = self.places()
        if not places or self.draw.chance(1, 5):
            return self.leaf(self.draw.pick(SHAPES), -2.0, 2.0)
        if self.made and self.draw.chance(1, 3):
            return -len(self.made)
        return int(self.draw.pick(places))

    def within(self, place: int, slot: Slot) -> int:
        """The place, brought between the bounds of an argument, so that most programs stay finite."""
        numbers = np.asarray(self.at(place), float)
        inside = bool(np.all((numbers >= slot.low) & (numbers <= slot.high)))
        if inside or (self.wild and self.draw.chance(1, 2)):
            return place
        middle, half = (slot.low + slot.high) / 2, (slot.high - slot.low) / 2
        low, high = round(middle, 3), round(0.95 * half, 3)
        squashed = self.add("autograd.tanh({0})", [place], SQUASHED.theirs, "tanh")
        if squashed is None:
            return place
        stretched = self.add(f"{{0}} * {high!r}", [squashed], lambda x: x * high, "mul")
        assert stretched is not None
        return self.add(f"{{0}} + {low!r}", [stretched], lambda x: x + low, "add") or place

    def operand(self, slot: Slot) -> int:
        """A node in the place of an argument of a shape."""
        assert slot.shape is not None
        places = self.places()
        if places and self.draw.chance(2, 3):
            place = int(self.draw.pick(places))
            fitted = self.fitted(place, slot.shape)
            if fitted is not None:
                return self.within(fitted, slot)
        return self.leaf(slot.shape, slot.low, slot.high, slot.given)

    def fitted(self, place: int, shape: tuple[int, ...]) -> int | None:
        """The place in another shape: stretched, reshaped, or some of its elements picked."""
        own = self.shape(place)
        if own == shape:
            return place
        size, wanted = math.prod(own), math.prod(shape)
        if size == wanted:
            return self.add(f"autograd.reshape({{0}}, shape={written(shape)})", [place])
        if not size:
            return None
        index = (np.arange(wanted) % size).reshape(shape)
        picked = f"autograd.getitem(autograd.ravel({{0}}), index={written(index)})"
        if shape == ():
            picked = "autograd.getitem(autograd.ravel({0}), index=0)"
        return self.add(picked, [place])

    # --- steps ------------------------------------------------------------------------------------

    def step(self) -> bool:
        """One more call, whatever it is; False where it could not be made."""
        kind = self.draw.pick(KINDS)
        out = getattr(self, kind)()
        return out is not None

    def elementwise(self) -> int | None:
        """An elementwise row, as a function, an operator, or a ufunc."""
        draw = self.draw
        rows = operations.ELEMENTWISE if draw.chance(3, 4) else operations.USUAL
        row = draw.pick(rows)
        call = draw.pick(operations.elementwise_calls(row))
        if self.wild and draw.chance(1, 4):
            return self.singular(call)
        operands: list[int | Constant] = []
        first: int | None = None
        order = sorted(range(len(call.slots)), key=lambda i: not call.slots[i].node)
        chosen: dict[int, int | Constant] = {}
        which = draw.below(len(order))  # an argument that is a node in any case
        for i in order:
            slot = call.slots[i]
            if not slot.node:
                shape = () if first is None else self.shape(first)
                flags = [bool(draw.below(2)) for _ in range(math.prod(shape))]
                chosen[i] = Constant(np.array(flags, bool).reshape(shape))
            elif first is None or (draw.chance(3, 5) or i == which):
                place = self.any_place() if first is None else self.beside(first)
                chosen[i] = self.within(place, slot)
                first = place
            else:
                chosen[i] = self.constant(self.shape(first), slot.low, slot.high)
        operands = [chosen[i] for i in range(len(order))]
        if not operations.stretches(row) and first is not None:
            operands = [first] * len(operands)
        if len(operands) > 1 and draw.chance(1, 4) and all(s.node for s in call.slots):
            if draw.chance(1, 2):
                operands.reverse()
            elif isinstance(operands[0], int) and isinstance(operands[1], int):
                operands[1] = operands[0]
        if not any(isinstance(x, int) for x in operands):
            return None
        if isinstance(operands[0], Constant) and isinstance(operands[0].value, list):
            call = operations.elementwise_calls(row)[-1]  # a list has no operators
        return self.add(call.text, operands, call.theirs, row.name)

    def singular(self, call: Call) -> int | None:
        """An elementwise row where functions have an edge: at a few of its own singular points."""
        draw = self.draw
        points = singular_points(autograd.registry[call.row])
        chosen = [draw.pick(points) for _ in range(draw.pick([1, 3]))]
        shape = () if len(chosen) == 1 else (len(chosen),)
        which = draw.below(len(call.slots))  # an argument that is a node in any case
        operands: list[int | Constant] = []
        for i, (slot, column) in enumerate(zip(call.slots, zip(*chosen, strict=True), strict=True)):
            numbers = np.array(column).reshape(shape)
            if not slot.node:
                operands.append(Constant(numbers > 0))
            elif i == which or draw.chance(2, 3):
                operands.append(self.leaf(shape, slot.low, slot.high, exactly=numbers))
            else:
                operands.append(
                    Constant(numbers if shape else draw.pick([float(numbers), numbers]))
                )
        if not any(isinstance(x, int) for x in operands):
            return None
        return self.add(call.text, operands, call.theirs, call.row)

    def beside(self, place: int) -> int:
        """A node whose shape broadcasts with another's."""
        shape = self.shape(place)
        fits = [other for other in self.places() if _broadcast(shape, self.shape(other))]
        if fits and self.draw.chance(2, 3):
            return int(self.draw.pick(fits))
        kind = self.draw.below(4)
        if kind == 1:
            shape = ()
        elif kind == 2:
            shape = shape[1:]
        elif kind == 3:
            shape = tuple(1 if self.draw.below(2) else n for n in shape)
        return self.leaf(shape, -2.0, 2.0)

    def sample(self) -> int | None:
        """A sample's call of a row of another family, with nodes in the place of its arrays."""
        draw = self.draw
        row = draw.pick(operations.OTHERS)
        sample = draw.pick(SAMPLES[row.name])
        return self.call(operations.sample_call(sample, numpy=draw.chance(1, 3)))

    def numpy(self) -> int | None:
        """A function of NumPy's."""
        return self.call(self.draw.pick(COMPOSITE_CALLS))

    def call(self, call: Call) -> int | None:
        """A call with arguments of the shapes that it asks for."""
        operands = [
            self.operand(slot) if slot.node else Constant(slot.given) for slot in call.slots
        ]
        if not any(isinstance(x, int) for x in operands):
            return None
        text = call.text
        if call.row == "getitem" and not call.slots[0].shape:  # a Value has no brackets
            text = f"autograd.getitem({{0}}, index={written(call.options['index'])})"
        return self.add(text, operands, call.theirs, call.row)

    def whole(self) -> int | None:
        """A reduction, a softmax or a norm along any axes of any array."""
        draw = self.draw
        row = draw.pick(operations.WHOLE)
        place = self.any_place()
        n = len(self.shape(place))
        axes: list[Any] = [None, *range(-n, n)]
        if row.family == "row":
            axes += list(itertools.permutations(range(n), 2))
        options = {"axis": draw.pick(axes)}
        if options["axis"] is None:
            options = {}
        if "keepdims" in row.options and draw.chance(1, 3):
            options["keepdims"] = True
        names = [operations.name_of(row), *operations.numpy_names(row)]
        text = f"{draw.pick(names)}({{0}}{operations.options_text(options)})"
        return self.add(text, [place], operations.theirs_of(row.name, options), row.name)

    def view(self) -> int | None:
        """A slice, a new shape or another order of the axes."""
        draw = self.draw
        place = self.any_place()
        shape = self.shape(place)
        if not shape:
            return self.add("autograd.reshape({0}, shape=(1,))", [place])
        kind = draw.below(6)
        if kind == 0:
            start, stop = draw.below(shape[0] + 1), draw.pick([None, shape[0], -1])
            step = draw.pick([None, 2, -1])
            index = slice(start or None, stop, step)
            if index.step == -1:
                index = slice(None, None, -1)
            inside = ":".join("" if x is None else str(x) for x in (index.start, index.stop))
            inside += "" if index.step is None else f":{index.step}"
            theirs = (lambda x: x.flip(0)) if index.step == -1 else (lambda x: x[index])
            return self.add(f"{{0}}[{inside}]", [place], theirs)
        if kind == 1:
            return self.add("{0}.reshape(-1)", [place], lambda x: x.reshape(-1))
        if kind == 2:
            return self.add("{0}.T", [place], lambda x: x.permute(*range(x.ndim)[::-1]))
        if kind == 3:
            return self.add("{0}[..., None]", [place], lambda x: x[..., None])
        if kind == 4:
            return self.add("{0}[..., -1:]", [place], lambda x: x[..., -1:])
        at = draw.below(shape[0]) if shape[0] else 0
        return self.add(f"{{0}}[{at}]", [place], lambda x: x[at])

    def branch(self) -> int | None:
        """A choice by the numbers themselves: an array of truth values, or the place of the largest."""
        draw = self.draw
        place = self.any_place()
        if draw.chance(1, 3) and math.prod(self.shape(place)):
            text = draw.pick(
                ["autograd.ravel({0})[autograd.argmax({0})]", "autograd.ravel({0})[np.argmin({0})]"]
            )
            return self.add(text, [place], reads=True)
        other = self.beside(place)
        text = draw.pick(
            [
                "np.where({0} > 0.5, {0}, {1})",
                "autograd.where({0} <= {1}, {1}, {0} * 2.0)",
                "{0} * {1} if autograd.sum({0}) > 0.5 else {0} - {1}",
                "{0} * ({1} > 0.25)",
            ]
        )
        return self.add(text, [place, other], reads=True)


class _Pool:
    """The pool as a step's operands are looked up in it while a program is drawn."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator

    def __getitem__(self, place: int) -> Any:
        return self.generator.at(place)


def _weighted(weight: float) -> Any:
    return lambda x, y: x + y * weight


def _total(x: Any) -> Any:
    """PyTorch's sum over all."""
    return x.sum()


def _broadcast(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    try:
        np.broadcast_shapes(one, other)
    except ValueError:
        return False
    return True


KINDS = [
    *["elementwise"] * 6,
    *["whole"] * 2,
    *["view"] * 2,
    *["sample"] * 4,
    *["numpy"] * 2,
    "branch",
]
"""What a step is, as often as it is named."""

if importlib.util.find_spec("torch") is not None:
    import programs.arbitrary.pytorch  # noqa: F401  (tells `operations` of the counterparts)
    import torch

    COMPOSITE_CALLS = operations.composite_calls(torch)
else:
    COMPOSITE_CALLS = operations.composite_calls(None)


SQUASHED = operations.elementwise_calls(operations.USUAL[5])[0]


def generate(below: Below, rare: float = 1.0) -> Program:
    """A random program from a source of choices: 0s give the simplest."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy, at the edges of domains
        return Generator(below, rare).program()
