"""Emitting: instructions on registers, one by one, as a plan is made.

A rule that is called with letters writes down a formula (`letters.Letter`), whose operations become
instructions; the rules of elementwise rows are read once for all numbers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from autograd.engine.families import Elementwise, Fused, Relation
from autograd.engine.graph import Node
from autograd.engine.letters import Letter, arguments_of, fold
from autograd.engine.primitive import registry
from autograd.engine.tensor import Tensor
from autograd.programs.planning.derived import Derived
from autograd.programs.planning.plan import TOTAL, Instruction, Plan, Register, row_of

FLOAT64: np.dtype[Any] = np.dtype(np.float64)
SMALL = 64
"""Constant arrays of up to this size are compared by their contents."""


class PlanWriter:
    """Adds instructions to a list, and gives each result and constant its register.

    Attributes:
        registers: those of the plan.
        into: the list that instructions are added to.
        about: the node that they belong to.
        constants: the registers of constants, by what they are; `ones` those that are a plain 1.
        copies: arrays that are constants, which must not be given to another meanwhile, and what they
            were, by identity.
    """

    def __init__(self, registers: list[Register], into: list[Instruction]) -> None:
        self.registers = registers
        self.into = into
        self.about: Node | None = None
        self.constants: dict[Any, int] = {}
        self.ones: set[int] = set()
        self.copies: dict[int, tuple[Any, Any]] = {}

    def register(
        self, kind: str, shape: tuple[int, ...], dtype: Any, *, varies: bool = False
    ) -> Register:
        register = Register(len(self.registers), kind, shape, dtype, varies)
        self.registers.append(register)
        return register

    def constant(self, x: Any) -> int:
        """The register of a number, an array, or whatever else a row takes."""
        if not isinstance(x, np.ndarray):
            key: Any = (x.__class__, repr(x))
        elif (r := self.given(x)) is not None:
            return r
        else:
            key = key_of(x)
        if key not in self.constants:
            register = self.register("constant", np.shape(x), dtype_of(x))
            register.holds = x
            if isinstance(x, np.ndarray):
                # What it was when the graph was recorded: a copy, for arrays can be written into.
                register.holds = np.array(x)
                self.copies[id(x)] = (x, register.holds)
            elif x.__class__ in (int, float) and x == 1:
                self.ones.add(register.index)
            self.constants[key] = register.index
        return self.constants[key]

    def given(self, x: np.ndarray[Any, Any]) -> int | None:
        """The register of an array that is no constant, or None."""
        return None

    def emit(
        self,
        name: str,
        arguments: Sequence[int],
        options: dict[str, Any],
        sample: Any = None,
    ) -> int:
        """The register of an instruction's result."""
        raise NotImplementedError


class Emitter(PlanWriter):
    """Writes the instructions of a plan, and gives leaves their registers as well.

    Equal instructions are shared, and those on constants alone computed at once.

    Attributes:
        places: the register of each node's data.
        arrays: that of each input array, and of what was made of them, by identity.
        reached: the registers that something is computed from.
        whole: the names of rows that are not taken apart.
        made: results by the instruction that made them.
        templates: what rows of numbers are made of, as `template` says, by the row and the arguments.
    """

    def __init__(self, derived: Derived, *, scalar: bool, whole: Container[str] = ()) -> None:
        self.derived = derived
        self.whole = whole
        self.plan = Plan(scalar=scalar)
        super().__init__(self.plan.registers, self.plan.forward)
        self.places: dict[Node, int] = {}
        self.arrays: dict[int, int] = {}
        self.reached: set[int] = set()
        self.made: dict[Any, int] = {}
        self.templates: dict[Any, Any] = {}

    def input(self, x: Any) -> None:
        """The register of a leaf or an array that each run is given."""
        data = x._raw if isinstance(x, Node) else x
        r = self.register("input", np.shape(data), dtype_of(x), varies=self.plan.scalar)
        r.holds = x
        self.plan.inputs.append(r.index)
        if isinstance(x, Node):
            r.node = x
            self.places[x] = r.index
        else:
            self.arrays[id(x)] = r.index

    def given(self, x: np.ndarray[Any, Any]) -> int | None:
        if id(x) in self.arrays:
            self.reached.add(self.arrays[id(x)])
            return self.arrays[id(x)]
        return None if self.derived.comes_from(x) is None else self.made_again(x)

    def as_it_was(self, x: Any) -> Any:
        """A constant as it was when the program was made."""
        return self.copies[id(x)][1] if id(x) in self.copies else x

    def place(self, x: Any) -> int:
        """The register of an argument: a node, a number or an array."""
        if not isinstance(x, Node):
            return self.constant(x)
        place = self.places.get(x)
        if place is None:
            r = self.register("parameter", np.shape(x._raw), dtype_of(x))
            r.holds = r.node = x
            place = self.places[x] = r.index
            self.plan.parameters.append(place)
        return place

    def emit(
        self,
        name: str,
        arguments: Sequence[int],
        options: dict[str, Any],
        sample: Any = None,
    ) -> int:
        """The register of an instruction's result; the instruction is added if it is a new one."""
        arguments = tuple(arguments)
        key = (name, arguments, key_of(options) if options else ())
        made = self.made.get(key)
        if made is not None:
            self.plan.shared += 1
            return made
        row = row_of(name)
        pure = row.impure is None or not row.is_impure(options)
        if not self.plan.scalar:  # whose recorded arguments are all that reaches it
            self.reached.update(arguments)
        registers = self.registers
        fixed, varies = name != TOTAL, False
        for r in arguments:
            register = registers[r]
            if register.kind != "constant":
                fixed = False
            if register.varies:
                varies = True
        if pure and fixed:
            self.plan.folded += 1
            return self.constant(
                self.computed(name, [registers[r].holds for r in arguments], options)
            )
        if name in ("mul", "pow") and (same := self.unchanged(name, arguments)) is not None:
            self.plan.folded += 1
            return same
        if self.plan.scalar:
            # What is drawn is another number for each instance, and a total is the same for all.
            varies = name != TOTAL and (varies or not pure)
            out = Register(len(registers), "result", (), FLOAT64, varies)
            registers.append(out)
        elif sample is None:
            raise ValueError(f"{name}: an instruction on arrays needs a sample of its result")
        else:
            out = self.register("result", np.shape(sample), dtype_of(sample), varies=varies)
        place = out.index
        self.into.append(Instruction(name, arguments, place, options, self.about))
        if pure:
            self.made[key] = place
        elif row.passes:
            return arguments[0]
        return place

    def unchanged(self, name: str, arguments: tuple[int, ...]) -> int | None:
        """The argument that a product with a plain 1, or a power of it, leaves as it is."""
        x, y = arguments
        if y in self.ones:
            return x
        return y if x in self.ones and name == "mul" else None

    def computed(self, name: str, numbers: Sequence[Any], options: dict[str, Any]) -> Any:
        """What an instruction on constants gives."""
        if self.plan.scalar:
            return scalar_call(name, [float(x) for x in numbers], options)
        return row_of(name).array(*numbers, **options)

    def made_again(self, x: Any) -> int:
        """The register of an array that was made of an input array, or of nodes."""
        if self.plan.scalar:
            self.derived.refuse(x, "a graph of Values has no arrays")
        for each in self.derived.steps(x, self.arrays):
            places = [self.place(y) for y in each.arguments]
            r = self.emit(each.row.name, places, each.options, each.out)
            self.arrays[id(each.out)] = r
        return self.arrays[id(x)]

    def as_recorded(self, node: Node, arguments: list[int]) -> list[int]:
        """The arguments' registers, whole numbers as the floats that they became when recording."""
        if not isinstance(node, Tensor):
            return arguments
        cast = registry["astype"]
        found = list(arguments)
        for i, (r, x) in enumerate(zip(arguments, node._arrays, strict=True)):
            held = self.registers[r].dtype
            if isinstance(x, np.ndarray) and x.dtype != held and held.kind in "biu":
                found[i] = self.emit(cast.name, [r], {"dtype": x.dtype}, x)
        return found

    # --- rules, read with letters -----------------------------------------------------------------

    def letter(self, r: int, x: Any) -> Any:
        """What a rule gets for a register: a letter, or a constant that is no array as it is."""
        data = x._raw if isinstance(x, Node) else x.sample if isinstance(x, Letter) else x
        if isinstance(data, np.ndarray | float | int | np.generic):
            if self.registers[r].kind == "constant" and not isinstance(data, np.ndarray):
                return data
            return Letter(f"r{r}", sample=data)
        return data

    def is_apart(self, row: Any) -> bool:
        """Whether a row is to be taken apart."""
        return has_parts(row) and row.name not in self.whole

    def lowered(self, formula: Any) -> int:
        """The register of a formula: its operations, innermost first, as instructions."""
        dtype = FLOAT64 if self.about is None else dtype_of(self.about)

        def leaf(x: Any) -> int:
            if isinstance(x, Letter):
                return int(x.function[1:])
            alike = isinstance(x, np.generic | np.ndarray) and not x.ndim and x.dtype == dtype
            # What a rule computed of plain numbers is a plain number again.
            return self.constant(x.item() if alike else x)

        def apply(x: Letter, places: list[int]) -> int:
            row = registry[x.function]
            options = row.options | x.options
            if not self.is_apart(row):
                return self.emit(x.function, places, options, x.sample)
            letters = [self.letter(r, each) for r, each in zip(places, x.arguments, strict=True)]
            return self.lowered(parts_of(row)(*letters, **options))

        return fold(formula, leaf, apply)

    def instantiated(
        self,
        primitive: Elementwise,
        slots: tuple[int | None, ...],
        options: dict[str, Any],
        places: Sequence[int],
    ) -> list[int]:
        """The registers of the contributions of an elementwise row, or (slot None) of its value."""
        key = (primitive, slots, key_of(options) if options else ())
        templates = self.templates.get(key)
        if templates is None:
            read = Options(options)
            templates = [template(primitive, slot, key[2], read) for slot in slots]
            self.templates[key] = templates
        return [
            places[steps] if steps.__class__ is int else self.placed(steps, places)
            for steps in templates
        ]

    def placed(self, steps: Any, places: Sequence[int]) -> int:
        """The register of what `as_steps` gives, on these places."""
        if not isinstance(steps, tuple):
            return places[steps] if steps.__class__ is int else self.constant(steps)
        done: list[int] = list(places)
        for name, arguments, chosen in steps:
            operands = [
                done[x] if x.__class__ is int else self.constant(float(x[0])) for x in arguments
            ]
            done.append(self.emit(name, operands, chosen))
        return done[-1]


# --- rules of elementwise rows, read once ---------------------------------------------------------


class Options:
    """Options as one argument of a cached function, told apart by the key beside it."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Options)

    def __hash__(self) -> int:
        return 0


@functools.lru_cache(maxsize=1024)
def template(primitive: Elementwise, slot: int | None, key: Any, options: Options) -> Any:
    """The cotangent times a local derivative, or (None) the row's parts, as `as_steps`.

    The places are those of the output, of the inputs, and of the cotangent.
    """
    count = len(primitive.derivatives) + 1
    *letters, g = letters_of(count + 1)
    try:
        if slot is None:
            made: Any = primitive.composite
            formula = made(*letters[1:], **options.options)
        else:
            formula = primitive.times(slot, g, letters[0], letters[1:], options.options)
    except TypeError as error:
        raise TypeError(f"the rule of {primitive.name} is no formula of letters: {error}") from None
    return as_steps(formula, count + 1)


def letters_of(count: int) -> list[Letter]:
    """Letters that stand for the first places."""
    return [Letter(f"r{i}", sample=0.5) for i in range(count)]


def as_steps(formula: Any, count: int) -> Any:
    """A formula of so many letters: the place of one, a number, or steps.

    A step is a name, arguments and options. An argument is the place of a letter or, after these, of an
    earlier step; or a number in a tuple of its own.
    """
    if not isinstance(formula, Letter):
        return float(formula)
    steps: list[Any] = []

    def composite(x: Any) -> Any:
        row = registry.get(x.function) if isinstance(x, Letter) else None
        return row.composite if isinstance(row, Elementwise) else None

    def parts(x: Any) -> Any:
        """What is computed before x: the arguments, or what a row is made of."""
        made = composite(x)
        if made is None:
            return arguments_of(x)
        return (made(*x.arguments, **(registry[x.function].options | x.options)),)

    def leaf(x: Any) -> Any:
        return int(x.function[1:]) if isinstance(x, Letter) else (x,)

    def step(x: Letter, arguments: list[Any]) -> Any:
        if composite(x) is not None:
            return arguments[0]
        steps.append((x.function, arguments, registry[x.function].options | x.options))
        return count + len(steps) - 1

    place = fold(formula, leaf, step, parts)
    return tuple(steps) if place == count + len(steps) - 1 and steps else place


def scalar_call(name: str, numbers: list[float], options: dict[str, Any]) -> float:
    """One instruction of a scalar plan on plain numbers."""
    row: Any = registry[name]
    if isinstance(row, Relation):  # of truths, which are numbers here
        return float(row.array(*numbers, **options))
    if isinstance(row, Elementwise):
        return float(row.evaluate(numbers, options))
    return float(row.on_numbers(np.array(numbers), options))


def dtype_of(x: Any) -> np.dtype[Any]:
    """The dtype of a node's data, or of an array; a plain number is float64."""
    data = x._raw if isinstance(x, Node) else x
    return getattr(data, "dtype", FLOAT64)


def key_of(x: Any) -> Any:
    """Something hashable that is equal for equal options, and arrays by identity."""
    if isinstance(x, dict):
        return tuple((name, key_of(each)) for name, each in x.items())
    if isinstance(x, tuple | list):
        return tuple(key_of(each) for each in x)
    if isinstance(x, slice):
        return ("slice", x.start, x.stop, x.step)
    if isinstance(x, np.ndarray):
        return (x.dtype.str, x.shape, x.tobytes()) if x.size <= SMALL else ("array", id(x))
    return (x.__class__, x) if x.__hash__ is not None else id(x)


def frozen(x: Any) -> Any:
    """Options with copies of their arrays, which can be written into."""
    if isinstance(x, dict):
        return {name: frozen(each) for name, each in x.items()}
    if x.__class__ in (tuple, list):
        return x.__class__([frozen(each) for each in x])
    return np.array(x) if isinstance(x, np.ndarray) and x.flags.writeable else x


def has_parts(row: Any) -> bool:
    """Whether a row is made of others, into which it is taken apart."""
    if isinstance(row, Elementwise):
        return row.composite is not None
    return isinstance(row, Fused) and not row.whole


def parts_of(row: Any) -> Callable[..., Any]:
    """The composite of a row that is made of others."""
    composite: Callable[..., Any] = row.composite
    return composite
