"""Writing a plan as a function in some language: names, one line for each operation, comments.

A language is a table of spellings: what it calls a row. A row that is in no table is taken apart into
what it is made of; what cannot be is named in the error that refuses it. No derivative is written here:
the backward lines are the instructions of the plan's backward pass.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from autograd.engine.primitive import registry
from autograd.programs.planning.parts import taken_apart
from autograd.programs.planning.plan import TOTAL, Instruction, Plan, Register
from autograd.programs.planning.planner import Planner

LARGEST = 1000
"""Numbers of an array that is written out; a larger one is given as an input."""


class Language:
    """A table of spellings, and what else differs between languages.

    Attributes:
        name: what `to_source` calls it.
        words: names that a program may not use for its own.
    """

    name = ""
    words: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.used: dict[str, Any] = {}  # the helpers that were called

    def knows(self, step: Instruction) -> bool:
        """Whether a row has a spelling."""
        raise NotImplementedError

    def refuse(self, step: Instruction) -> NoReturn:
        """Raise where a row has no form."""
        raise ValueError(
            f"{step.name!r} has no form in {self.name}: neither a spelling nor parts "
            "(composite=) that have one"
        )

    def call(self, step: Instruction, words: Sequence[str], plan: Plan) -> str:
        """An instruction's right-hand side, of operands that are written."""
        raise NotImplementedError

    def number(self, x: float) -> str:
        """A number that is written out."""
        raise NotImplementedError

    def array(self, x: np.ndarray[Any, Any]) -> str:
        """An array that is written out."""
        raise NotImplementedError

    def ones(self, shape: tuple[int, ...]) -> str:
        """An array of ones."""
        raise NotImplementedError

    def source(self, planner: Planner, inputs: Sequence[Any], gradients: bool) -> SourceText:
        """A plan's lines in this language."""
        return SourceText(planner, self, inputs, gradients)

    def program(self, source: SourceText, name: str) -> str:
        """The whole text."""
        raise NotImplementedError


class SourceText:
    """A plan on its way to text.

    Attributes:
        arguments: the names of the function's arguments, inputs first.
        leaves: beside each argument the node or array that it stands for.
        constants: the names of arrays, and how each is written out.
        forward: the lines of the forward pass, and those of the backward pass.
        value: what is returned.
        gradients: leaf by leaf its argument's name, and what its gradient is.
    """

    def __init__(
        self, planner: Planner, language: Language, inputs: Sequence[Any], gradients: bool
    ) -> None:
        self.language = language
        self.planner = planner
        self.plan = self.prepared(planner.plan)
        self.named: dict[int, str] = {}
        self.taken = set(language.words)
        self.counts = {"v": 0, "g": 0}
        self.one = ""
        self.constants: dict[str, str] = {}
        self.forward: list[tuple[str, str]] = []
        self.backward: list[tuple[str, str]] = []
        self.gradients: list[tuple[str, str]] = []
        self.into = self.forward
        self.cotangents = {r: node for node, r in planner.cotangents.items()}
        self.name_leaves(inputs)
        self.write_passes(gradients)

    def name_leaves(self, inputs: Sequence[Any]) -> None:
        """Give the leaves their names, as arguments."""
        plan = self.plan
        registers = [*plan.inputs, *plan.parameters]
        order = {id(x): i for i, x in enumerate(inputs)}
        registers.sort(key=lambda r: order.get(id(plan.registers[r].holds), len(order)))
        self.leaves = [plan.registers[r].holds for r in registers]
        for i, (r, x) in enumerate(zip(registers, self.leaves, strict=True)):
            self.named[r] = self.free(getattr(x, "name", None) or f"x{i}")
        self.arguments = [self.named[r] for r in registers]

    def write_passes(self, gradients: bool) -> None:
        """The lines of the forward pass, and if they are wanted those of the backward pass."""
        plan = self.plan
        self.write(plan.forward, "v")
        self.value = self.word(plan.output)
        if gradients:
            self.into = self.backward
            self.seed()
            self.write(plan.backward, "g")
            for leaf, r in plan.gradients:
                self.gradients.append((self.named[self.planner.places[leaf]], self.word(r)))
            self.gradients.sort(key=lambda pair: self.arguments.index(pair[0]))

    def prepared(self, plan: Plan) -> Plan:
        """The plan without its effects, rows that the language has no word for in parts."""
        self.refuse_draws(plan)
        return taken_apart(plan.purified(), self.language.knows, lambda *_: False)

    @staticmethod
    def refuse_draws(plan: Plan) -> None:
        """What is drawn anew with each run has no text. (Averages are not moved by one.)"""
        drawn = [step.name for step in plan.impure if not registry[step.name].passes]
        if drawn:
            raise ValueError(
                f"the graph draws random numbers ({', '.join(sorted(set(drawn)))}): a source is of a "
                "graph without, such as a network's after model.eval()"
            )

    # --- names ------------------------------------------------------------------------------------

    def free(self, name: str) -> str:
        """A name that the language allows and nothing else has yet."""
        name = unicodedata.normalize("NFKC", str(name))
        name = "".join(c if f"x{c}".isidentifier() else "_" for c in name)
        name = re.sub("_+", "_", name).strip("_") or "x"
        name = f"x{name}" if name[0].isdigit() else name
        number, found = 2, f"{name}_" if keyword.iskeyword(name) else name
        while found in self.taken:
            found, number = f"{name}_{number}", number + 1
        self.taken.add(found)
        return found

    def name_of(self, r: int, kind: str) -> str:
        """A result's name: the user's, that of the node whose gradient it is, or a number."""
        node = self.plan.registers[r].node
        if kind == "v" and node is not None and node.name:
            return self.free(node.name)
        if kind == "g" and (of := self.cotangents.get(r)) is not None:
            place = self.planner.places.get(of)
            own = of.name or (None if place is None else self.named.get(place))
            if own:
                return self.free(f"grad_{own}")
        self.counts[kind] += 1
        return self.free(f"{kind}{self.counts[kind]}")

    def word(self, r: int) -> str:
        """How a register is written as an operand."""
        if r in self.named:
            return self.named[r]
        x = self.plan.registers[r].holds
        if isinstance(x, np.ndarray) and x.ndim:
            if x.size > LARGEST:
                self.refuse_large(x)
            name = self.named[r] = self.free(f"c{len(self.constants) + 1}")
            self.constants[name] = self.language.array(x)
            return name
        if isinstance(x, np.ndarray | np.generic):
            x = x.item()
        return repr(x) if isinstance(x, bool) else self.language.number(float(x))

    @staticmethod
    def refuse_large(x: np.ndarray[Any, Any]) -> NoReturn:
        """Raise where an array is too large to be written out."""
        raise ValueError(
            f"the graph holds a constant array of shape {x.shape}: give it as an input, "
            f"inputs=[...] (arrays of up to {LARGEST} numbers are written out)"
        )

    def seed(self) -> None:
        """The derivative of the value by itself."""
        register = self.plan.registers[self.plan.seed]
        text = self.one = self.language.number(1.0)
        if register.shape:
            name = self.free("seed")
            self.into.append((f"{name} = {self.language.ones(register.shape)}", shaped(register)))
            text = name
        self.named[self.plan.seed] = text

    def write(self, steps: Sequence[Instruction], kind: str) -> None:
        """Add the lines of instructions, without those that change nothing."""
        for step in steps:
            same = self.unchanged(step)
            if same is None:
                self.into.append(self.line(step, kind))
            else:
                self.named[step.out] = self.word(same)

    def unchanged(self, step: Instruction) -> int | None:
        """The argument that an instruction gives back: a total of one instance, or a product with 1."""
        if step.name == TOTAL:
            return step.arguments[0]
        if step.name == "mul":
            x, y = step.arguments
            out = self.plan.registers[step.out]
            for one, other in ((x, y), (y, x)):
                same = self.plan.registers[other]
                if self.named.get(one) == self.one:  # the derivative of the value by itself
                    return other if (same.shape, same.dtype) == (out.shape, out.dtype) else None
        return None

    def line(self, step: Instruction, kind: str) -> tuple[str, str]:
        """An assignment, and the comment beside it."""
        words = [self.word(r) for r in step.arguments]
        if not self.language.knows(step):
            self.language.refuse(step)
        text = self.language.call(step, words, self.plan)
        name = self.named[step.out] = self.name_of(step.out, kind)
        return f"{name} = {text}", shaped(self.plan.registers[step.out])


def shaped(register: Register) -> str:
    """A register's shape, as a comment says it."""
    return " × ".join(map(str, register.shape))
