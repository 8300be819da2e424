"""What a random program is: leaves, and steps that are texts of Python."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import autograd
from autograd import Tensor, Value
from autograd.engine.primitive import numpy_functions

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Constant:
    """An operand that is no node: a number of any kind, an array, a mask, a list."""

    value: Any


@dataclass(frozen=True)
class Leaf:
    """A leaf of a program: of which kind, its numbers, and those of a replay."""

    kind: str  # "Tensor" or "Value"
    numbers: Array
    other: Array


@dataclass(frozen=True)
class Step:
    """One call: its text with ``{0}``, ``{1}`` … in the place of the operands.

    An operand is a place in the pool, where leaves come first and results after them, or a constant.
    `theirs` is the same call on PyTorch's tensors, where there is one.
    """

    text: str
    operands: tuple[int | Constant, ...]
    theirs: Callable[..., Any] | None = field(default=None, compare=False)
    row: str = ""
    reads: bool = False  # numbers leave the graph: a comparison, argmax

    def arguments(self, pool: Sequence[Any]) -> list[Any]:
        """The operands themselves."""
        return [x.value if isinstance(x, Constant) else pool[x] for x in self.operands]

    def __call__(self, pool: Sequence[Any], values: bool = False) -> Any:
        """The call; with `values`, NumPy's functions are those that take arrays of Values."""
        return self.on(self.arguments(pool), values)

    def on(self, arguments: Sequence[Any], values: bool = False) -> Any:
        """The call on other operands."""
        return called(self.text, len(self.operands), values)(*arguments)


@dataclass(frozen=True, repr=False)
class Program:
    """Leaves and steps. The last result is the output; `also` says what else is to be compared.

    `change` is a statement that is run between the forward and the backward pass, in which ``{0}`` is
    the leaf `changed`.
    """

    leaves: tuple[Leaf, ...]
    steps: tuple[Step, ...]
    also: frozenset[str] = frozenset()
    change: str = ""
    changed: int = 0

    def __str__(self) -> str:
        """The program as a text that can be run."""
        lines = [
            "import numpy as np",
            "import autograd",
            "from autograd import Tensor, Value",
            "nan, inf = np.nan, np.inf",
        ]
        for i, leaf in enumerate(self.leaves):
            number = written(leaf.numbers)
            if leaf.kind == "Value":
                number = written(float(leaf.numbers))
            lines.append(f"{self.name(i)} = {leaf.kind}({number})")
        for i, step in enumerate(self.steps, len(self.leaves)):
            lines.append(f"{self.name(i)} = {self.text(step)}")
        return "\n".join(lines)

    __repr__ = __str__

    def name(self, place: int) -> str:
        """What a place of the pool is called in the text."""
        n = len(self.leaves)
        return f"x{place}" if place < n else f"y{place - n}"

    def text(self, step: Step) -> str:
        """A step with its operands' names."""
        names = [
            written(x.value) if isinstance(x, Constant) else self.name(x) for x in step.operands
        ]
        return step.text.format(*names)

    @property
    def double(self) -> bool:
        """Whether all is computed in float64."""
        return all(leaf.numbers.dtype == np.float64 for leaf in self.leaves) and not any(
            "float32" in step.text for step in self.steps
        )

    @property
    def reads(self) -> bool:
        """Whether numbers leave the graph, to choose by."""
        return any(step.reads for step in self.steps)

    def needed(self) -> list[int]:
        """The places of the steps that the output is computed from, in order."""
        n = len(self.leaves)
        last = n + len(self.steps) - 1
        wanted, found = {last}, []
        for place in range(last, n - 1, -1):
            if place in wanted:
                found.append(place)
                operands = self.steps[place - n].operands
                wanted |= {x for x in operands if not isinstance(x, Constant)}
        return found[::-1]

    def choosers(self) -> list[tuple[int, int]]:
        """The constants by which the output is chosen, class indices and masks: step and operand."""
        n = len(self.leaves)
        return [
            (place - n, i)
            for place in self.needed()
            for i, x in enumerate(self.steps[place - n].operands)
            if isinstance(x, Constant)
            and isinstance(x.value, np.ndarray)
            and x.value.size
            and (self.steps[place - n].row, i, x.value.dtype.kind) in CHOOSERS
        ]

    def chosen_by(self, arrays: Sequence[Any]) -> Program:
        """The program with other constants in the place of its `choosers`."""
        steps = list(self.steps)
        for (place, i), array in zip(self.choosers(), arrays, strict=True):
            operands = list(steps[place].operands)
            operands[i] = Constant(array)
            steps[place] = replace(steps[place], operands=tuple(operands))
        return replace(self, steps=tuple(steps))

    def at_others(self, moved: Sequence[Any]) -> Program:
        """The program with the numbers of a replay, at the leaves, or elements, that are moved."""
        leaves = [
            Leaf(x.kind, np.where(m, x.other, x.numbers), x.numbers)
            for x, m in zip(self.leaves, moved, strict=True)
        ]
        return replace(self, leaves=tuple(leaves))

    def run(
        self,
        leaves: Sequence[Any],
        values: bool = False,
        call: Callable[[Step, list[Any]], Any] | None = None,
    ) -> list[Any]:
        """The leaves and all results; `call` may compute a step otherwise."""
        pool = list(leaves)
        for step in self.steps:
            arguments = step.arguments(pool)
            pool.append(step.on(arguments, values) if call is None else call(step, arguments))
        return pool

    # --- the leaves, as what the program is run on ------------------------------------------------

    def arrays(self, other: bool = False) -> list[Any]:
        """Plain arrays, and floats of NumPy for Values."""
        numbers = [leaf.other if other else leaf.numbers for leaf in self.leaves]
        return [
            np.float64(x) if leaf.kind == "Value" else x.copy()
            for leaf, x in zip(self.leaves, numbers, strict=True)
        ]

    def nodes(self, other: bool = False) -> list[Any]:
        """Nodes, each of its own kind."""
        return [
            Value(float(x)) if leaf.kind == "Value" else Tensor(x)
            for leaf, x in zip(self.leaves, self.arrays(other), strict=True)
        ]

    def tensors(self, other: bool = False) -> list[Any]:
        """Tensors alone."""
        return [Tensor(np.asarray(x)) for x in self.arrays(other)]

    def values(self, other: bool = False) -> list[Any]:
        """Values, and arrays of them."""
        return [
            Value(float(x)) if np.ndim(x) == 0 else autograd.values(x) for x in self.arrays(other)
        ]


CHOOSERS = {
    *(("where", 0, "b"), ("indicator", 0, "b"), ("multiclass_hinge", 1, "i")),
    *(
        (name, 1, "i")
        for name in (
            "class_cross_entropy",
            "class_targets",
            "class_score",
            "class_count",
            "class_mean",
        )
    ),
}
"""Arguments that are no numbers to differentiate by, but may be inputs of a compiled function."""


# --- text -----------------------------------------------------------------------------------------


def written(x: Any) -> str:
    """An operand or an option as Python."""
    if isinstance(x, np.ndarray):
        dtype = "" if x.dtype in (np.float64, np.int64, np.bool_) else f", np.{x.dtype.name}"
        if x.size == 0:
            return f"np.zeros({x.shape}, np.{x.dtype.name})"
        return f"np.array({written(x.tolist())}{dtype})"
    if isinstance(x, np.bool_):
        return f"np.bool_({bool(x)})"
    if isinstance(x, np.generic):
        return f"np.{x.dtype.name}({written(x.item())})"
    if isinstance(x, list):
        return "[" + ", ".join(map(written, x)) + "]"
    if isinstance(x, tuple):
        return "(" + "".join(f"{written(each)}, " for each in x).rstrip() + ")"
    if isinstance(x, type):
        return f"np.{x.__name__}"
    if x is Ellipsis:
        return "..."
    if callable(x):
        return f"np.{x.__name__}"
    return repr(x)


OURS = {np.argmax: autograd.argmax, np.argmin: autograd.argmin}
"""What NumPy does not ask an object array about, and does in its own way: nan is the largest there."""


class Recording:
    """NumPy, but with our functions in the place of those that record: what takes arrays of Values."""

    def __init__(self, module: Any = np) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.module, name)
        if name == "linalg":
            return Recording(found)
        try:
            return OURS.get(found) or numpy_functions.get(found, found)
        except TypeError:  # not hashable, so no function
            return found


NAMES = {"autograd": autograd, "inf": math.inf, "nan": math.nan, "Ellipsis": ...}


@functools.lru_cache(maxsize=4096)
def called(text: str, operands: int, values: bool) -> Callable[..., Any]:
    """The function of its operands that a text is."""
    names = [f"x{i}" for i in range(operands)]
    source = f"lambda {', '.join(names)}: {text.format(*names)}"
    made: Callable[..., Any] = eval(source, NAMES | {"np": Recording() if values else np})
    return made
