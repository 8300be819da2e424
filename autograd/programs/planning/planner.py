"""Planning: from a recorded graph to instructions, the rows' rules being read with letters.

The forward instructions are the recorded nodes. The backward ones come from the rows: a rule called with
letters writes down a formula (`letters.Letter`), whose operations become instructions. On the way
equal instructions are shared, those on constants alone are computed at once, and in the end those that
nothing needs are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd.engine.families import Elementwise
from autograd.engine.graph import Node, topological_order
from autograd.engine.letters import Letter, fold
from autograd.engine.passes import leading, walk_back
from autograd.engine.primitive import Primitive, registry
from autograd.engine.value import Value
from autograd.programs.planning.derived import Derived, as_recorded, made_again
from autograd.programs.planning.formulas import (
    FLOAT64,
    SMALL,
    Options,
    dtype_of,
    frozen,
    has_parts,
    key_of,
    parts_of,
    scalar_call,
    template,
)
from autograd.programs.planning.joining import joined, joined_contributions
from autograd.programs.planning.plan import TOTAL, Instruction, Plan, Register, function_of
from autograd.programs.planning.scalarising import Scalariser


def plan_of(
    output: Node,
    inputs: Sequence[Any],
    *,
    extra: Sequence[Node] = (),
    input_gradients: bool = True,
    derived: Derived | None = None,
    arrays: Sequence[Any] = (),
    unused: bool = False,
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

    Raises:
        ValueError: an input that the output does not depend on, unless `unused`.
        TypeError: a row whose rule is no formula of letters.
    """
    planner = Planner(output, inputs, extra, derived or Derived(inputs, ()), arrays, unused)
    with np.errstate(all="ignore"):
        planner.go_forward()
        planner.go_backward(input_gradients)
    planner.finish()
    return planner


class Planner:
    """A plan in the making.

    Attributes:
        order: the recorded nodes, arguments before outputs.
        places: the register of each node's data.
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
        self.plan = Plan(scalar=scalar)
        self.places: dict[Node, int] = {}
        self.numbers: dict[Any, int] = {}  # constants by what they are
        self.made: dict[Any, int] = {}  # results by the instruction that made them
        # Constant arrays, which must not be given to another meanwhile, and what they were.
        self.copies: dict[int, tuple[Any, Any]] = {}
        self.options: dict[Node, dict[str, Any]] = {}
        self.into = self.plan.forward
        self.folded = 0
        self.shared = 0
        self.about: Node | None = None  # the node that instructions belong to
        self.inputs = list(inputs)
        self.arrays: dict[int, int] = {}  # input arrays, and what was made of them, by identity
        for x in inputs:
            node = x if isinstance(x, Node) else None
            r = self.register(
                "input", np.shape(x if node is None else x._raw), dtype_of(x), varies=scalar
            )
            r.holds, r.node = x, node
            self.plan.inputs.append(r.index)
            if node is None:
                self.arrays[id(x)] = r.index
            else:
                self.places[node] = r.index
        self.reached: set[int] = set()

    # --- registers and instructions ---------------------------------------------------------------

    def register(
        self, kind: str, shape: tuple[int, ...], dtype: Any, *, varies: bool = False
    ) -> Register:
        register = Register(len(self.plan.registers), kind, shape, dtype, varies)
        self.plan.registers.append(register)
        return register

    def constant(self, x: Any) -> int:
        """The register of a number, an array, or whatever else a row takes."""
        if isinstance(x, np.ndarray):
            if id(x) in self.arrays:
                self.reached.add(self.arrays[id(x)])
                return self.arrays[id(x)]
            if self.derived.comes_from(x) is not None:
                return made_again(self, x)
            small = x.size <= SMALL
            key: Any = (x.dtype.str, x.shape, x.tobytes()) if small else id(x)
        else:
            key = (x.__class__, repr(x))
        if key not in self.numbers:
            r = self.register("constant", np.shape(x), dtype_of(x))
            # What they were when the graph was recorded: a copy, for arrays can be written into.
            r.holds = np.array(x) if isinstance(x, np.ndarray) else x
            self.numbers[key] = r.index
            if isinstance(x, np.ndarray) and x.flags.writeable:
                self.copies[id(x)] = (x, r.holds)
        return self.numbers[key]

    def as_it_was(self, x: Any) -> Any:
        """A constant as it was when the program was made."""
        return self.copies[id(x)][1] if id(x) in self.copies else x

    def place(self, x: Any) -> int:
        """The register of an argument: a node, a number or an array."""
        if not isinstance(x, Node):
            return self.constant(x)
        if x not in self.places:
            r = self.register("parameter", np.shape(x._raw), dtype_of(x))
            r.holds = r.node = x
            self.places[x] = r.index
            self.plan.parameters.append(r.index)
        return self.places[x]

    def emit(
        self,
        name: str,
        arguments: Sequence[int],
        options: dict[str, Any],
        sample: Any = None,
    ) -> int:
        """The register of an instruction's result; the instruction is added if it is a new one."""
        row = registry.get(name)
        registers = self.plan.registers
        arguments = tuple(arguments)
        self.reached.update(arguments)
        fixed, varies = name != TOTAL, False
        for r in arguments:
            register = registers[r]
            fixed = fixed and register.kind == "constant"
            varies = varies or register.varies
        pure = row is None or not row.is_impure(options)
        key = (name, arguments, key_of(options) if options else ())
        if pure:
            if (known := self._known(name, arguments, key)) is not None:
                return known
            if fixed:
                self.folded += 1
                numbers = [registers[r].holds for r in arguments]
                return self.constant(self._computed(name, numbers, options))
        if self.plan.scalar:
            # What is drawn is another number for each instance, and a total is the same for all.
            varies = name != TOTAL and (varies or not pure)
            out = self.register("result", (), FLOAT64, varies=varies)
        elif sample is None:
            raise ValueError(f"{name}: an instruction on arrays needs a sample of its result")
        else:
            out = self.register("result", np.shape(sample), dtype_of(sample), varies=varies)
        self.into.append(Instruction(name, arguments, out.index, options, self.about))
        if pure:
            self.made[key] = out.index
        elif row is not None and row.passes:
            return arguments[0]
        return out.index

    def _known(self, name: str, arguments: tuple[int, ...], key: Any) -> int | None:
        """The register that holds the result already, if there is one."""
        if key in self.made:
            self.shared += 1
            return self.made[key]
        if name == "mul":
            for one, other in (arguments, arguments[::-1]):
                if self.is_number(one, 1) and self.plan.registers[other].kind != "constant":
                    self.folded += 1
                    return other
        if name == "pow" and self.is_number(arguments[1], 1):
            self.folded += 1
            return arguments[0]
        return None

    def is_number(self, r: int, number: float) -> bool:
        """Whether a register is this constant, written as a plain number."""
        held = self.plan.registers[r].holds
        return held.__class__ in (int, float) and bool(held == number)

    def _computed(self, name: str, numbers: Sequence[Any], options: dict[str, Any]) -> Any:
        if self.plan.scalar:
            return scalar_call(name, [float(x) for x in numbers], options)
        return function_of(name)(*numbers, **options)

    # --- forward ----------------------------------------------------------------------------------

    def go_forward(self) -> None:
        """Instructions for the recorded nodes, in the order in which they were recorded."""
        for node in self.order:
            primitive = node._primitive
            if node in self.places:
                continue
            if primitive is None:
                self.place(node)
                continue
            self.about = node
            self.derived.check_options(node.options)
            options = self.options[node] = frozen(primitive.options | node.options)
            arguments = [self.place(x) for x in node.arguments]
            self.reached.update(arguments)  # also those that its parts do not need
            self.places[node] = self.forward_of(node, primitive, arguments, options)
            register = self.plan.registers[self.places[node]]
            if register.node is None:
                register.node = node
        self.plan.output = self.place(self.output)
        self.reached.update([self.plan.output, *(self.place(x) for x in self.extra)])
        for i, r in enumerate(self.plan.inputs):
            if r not in self.reached and not self.unused:
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
                return self.instantiated(primitive, None, options, (-1, *arguments, -1))
            return self.emit(primitive.name, arguments, options, node._raw)
        if isinstance(node, Value) and not isinstance(primitive, Elementwise):
            places = [int(x.function[1:]) for x in joined(self, node, primitive)]
            return self.emit(primitive.name, places, options, node._raw)
        arguments = as_recorded(self, node, arguments)
        dtypes = [self.plan.registers[r].dtype for r in arguments]
        mixed = any(each.kind == "f" and each != dtype_of(node) for each in dtypes)
        values = any(isinstance(x, Value) for x in node.arguments)
        if not has_parts(primitive) or mixed or values:
            return self.emit(primitive.name, arguments, options, node._raw)
        letters = [self.letter(r, x) for r, x in zip(arguments, node.arguments, strict=True)]
        if isinstance(primitive, Elementwise):
            letters = primitive.alike(letters, dtype_of(node))
        out = self.lowered(parts_of(primitive)(*letters, **options))
        same = self.plan.registers[out].shape == node.shape
        if not same or self.plan.registers[out].dtype != dtype_of(node):
            return self.emit(primitive.name, arguments, options, node._raw)
        return out

    # --- letters ----------------------------------------------------------------------------------

    def letter(self, r: int, x: Any) -> Any:
        """What a rule gets for a register: a letter, or a constant that is no array as it is."""
        data = x._raw if isinstance(x, Node) else x.sample if isinstance(x, Letter) else x
        if isinstance(data, np.ndarray | float | int | np.generic):
            if self.plan.registers[r].kind == "constant" and not isinstance(data, np.ndarray):
                return data
            return Letter(f"r{r}", sample=data)
        return data

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
            row = registry.get(x.function)
            options = x.options if row is None else row.options | x.options
            if not has_parts(row):
                return self.emit(x.function, places, options, x.sample)
            letters = [self.letter(r, each) for r, each in zip(places, x.arguments, strict=True)]
            return self.lowered(parts_of(row)(*letters, **options))

        return fold(formula, leaf, apply)

    # --- backward ---------------------------------------------------------------------------------

    def go_backward(self, input_gradients: bool) -> None:
        """Instructions for the gradients: each node's parents get their contributions in turn."""
        plan = self.plan
        output = self.output
        self.into = plan.backward
        seed = self.register("seed", np.shape(output._raw), dtype_of(output), varies=plan.scalar)
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
            self.about = node
            g = self.cotangents[node] = self.added(parts, node)
            if node in wanted:
                # An input stands for all instances: its gradient is the sum over them, as any leaf's.
                over = self.emit(TOTAL, (g,), {}) if plan.registers[g].varies else g
                plan.gradients.append((node, over))
            if node._primitive is None or node in given:
                continue
            for parent, contribution in self.contributions(node, node._primitive, g, leads):
                pending.setdefault(parent, []).append(contribution)

    def added(self, contributions: list[int], node: Node) -> int:
        """The sum of a node's contributions; over the instances too, where the node does not vary."""
        registers = self.plan.registers
        if not self.plan.scalar:
            total = contributions[0]
            for each in contributions[1:]:
                sample = self.samples[total] + self.samples[each]
                total = self.emit("add", (total, each), dict(registry["add"].options), sample)
                self.samples[total] = sample
            return total
        varying = [r for r in contributions if registers[r].varies]
        if registers[self.places[node]].varies or not varying:
            return self.summed(contributions)
        over = self.emit(TOTAL, (self.summed(varying),), {})
        return self.summed([over, *(r for r in contributions if not registers[r].varies)])

    def summed(self, contributions: list[int]) -> int:
        if len(contributions) == 1:
            return contributions[0]
        if len(contributions) == 2:
            return self.emit("add", contributions, {})
        return self.emit("sum", contributions, dict(registry["sum"].options))

    def contributions(
        self, node: Node, primitive: Primitive, g: int, leads: set[Node]
    ) -> Iterable[tuple[Node, int]]:
        """(parent, register of cotangent × local derivative) for each parent that leads on."""
        options = self.options[node]
        wanted = [
            (slot, x)
            for slot, x in enumerate(node.arguments)
            if isinstance(x, Node) and x.requires_grad and x in leads
        ]
        if not self.plan.scalar:
            return self.array_contributions(node, primitive, g, wanted, options)
        places = [self.place(x) for x in node.arguments]
        if isinstance(primitive, Elementwise):
            out = self.places[node]
            return [
                (x, self.instantiated(primitive, slot, options, (out, *places, g)))
                for slot, x in wanted
                if primitive.differentiable(slot)
            ]
        scalariser = Scalariser(self, primitive, options)
        found = scalariser.contributions(node, g, places, [slot for slot, _ in wanted])
        return [(x, r) for (_, x), r in zip(wanted, found, strict=True)]

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
            formulas = joined_contributions(self, node, primitive, cotangent, wanted)
        else:
            places = as_recorded(self, node, [self.place(x) for x in node.arguments])
            letters = [self.letter(r, x) for r, x in zip(places, node.arguments, strict=True)]
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
            r = self.lowered(formula)
            self.samples[r] = formula.sample
            found.append((x, r))
        return found

    # --- scalar rules, read once ------------------------------------------------------------------

    def instantiated(
        self,
        primitive: Elementwise,
        slot: int | None,
        options: dict[str, Any],
        places: Sequence[int],
    ) -> int:
        """The register of the contribution of an elementwise row, or (slot None) of its value."""
        steps = template(primitive, slot, key_of(options), Options(options))
        if not isinstance(steps, tuple):
            return places[steps] if steps.__class__ is int else self.constant(steps)
        done: list[int] = list(places)
        for name, arguments, chosen in steps:
            operands = [
                done[x] if x.__class__ is int else self.constant(float(x[0])) for x in arguments
            ]
            done.append(self.emit(name, operands, chosen))
        return done[-1]

    # --- the end ----------------------------------------------------------------------------------

    def impure(self) -> list[Node]:
        """The recorded nodes that do more than compute: a replay of each gives something new."""
        return [
            node
            for node in self.order
            if node._primitive is not None
            and node._primitive.is_impure(node._primitive.options | node.options)
        ]

    def finish(self) -> None:
        """Drop the instructions that nothing needs."""
        plan = self.plan
        needed = {plan.output, *(r for _, r in plan.gradients)}
        needed.update(self.place(x) for x in self.extra)
        for part in (plan.backward, plan.forward):
            kept = []
            for step in reversed(part):
                row = registry.get(step.name)
                if step.out in needed or (row is not None and row.is_impure(step.options)):
                    needed.update(step.arguments)
                    kept.append(step)
            plan.dropped += len(part) - len(kept)
            part[:] = reversed(kept)
        plan.folded, plan.shared = self.folded, self.shared
