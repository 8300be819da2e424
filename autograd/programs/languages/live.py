"""A recorded graph as JavaScript that computes every number of its passes anew.

`sources` writes a function for people to read and take away. This is what runs in a page where a leaf is
given another number: all data, local derivatives and gradients, by the engine's operations in the
engine's order. The derivatives are the rows' rules, called with letters (`planning.edges`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from autograd.engine.graph import Node, reachable
from autograd.engine.passes import walk_back
from autograd.engine.value import Value
from autograd.programs.languages.exact_in_javascript import ExactJavaScript
from autograd.programs.languages.writing import SourceText
from autograd.programs.planning.derived import Derived
from autograd.programs.planning.edges import GraphEdge, edges_of
from autograd.programs.planning.parts import taken_apart
from autograd.programs.planning.plan import Instruction
from autograd.programs.planning.planner import Planner

Copy = tuple[int, int]
"""The place of a node whose number is another register's, and that register."""

Statement = Instruction | GraphEdge | Copy

LONGEST = 150
"""Statements of one function: an engine compiles many short ones well, and a long one not at all."""

SCRIPT = """(() => {{
{helpers}const leaves = {leaves};
const start = {start};
const reached = {reached};
const value = new Float64Array({nodes}), gradient = new Float64Array({nodes}).fill(NaN);
const local = new Float64Array({steps}), after = new Float64Array({steps});
const between = new Float64Array({between});
const result = {{value, local, after, gradient}};

{functions}

function run(numbers) {{
  if (numbers.length !== leaves.length)
    throw new RangeError(`run takes ${{leaves.length}} numbers, got ${{numbers.length}}`);
  for (let i = 0; i < leaves.length; i++) value[leaves[i]] = numbers[i];
  for (const i of reached) gradient[i] = 0;
{calls}
  return result;
}}
return {{leaves, start, reached, run}};
}})()"""


class LiveProgram:
    """A recorded graph of Values as JavaScript that computes every number of its passes anew.

    `script` is an expression; its value is an object with

    - ``leaves`` and ``reached``, as here;
    - ``start``: the number that each leaf held when this was made;
    - ``run(numbers)``: computes both passes with a number for each leaf, and returns
      ``{value, local, after, gradient}``: the data and the gradient of each node, and for each step the
      local derivative and the parent's sum after it, as arrays of doubles. They are the same arrays at
      each call, so nothing is allocated; who wants to keep one copies it. A node without a gradient
      has NaN there: those of `reached` have one. Any other number of numbers is a RangeError.

    The numbers are those of ``backward()`` on a graph recorded anew: the same operations in the same
    order. Python's own decisions are those of the recorded graph, and what was detached is a leaf of
    its own. The text contains nothing of the user's, and nothing that would end a ``<script>``.

    Args:
        root: a Value. If it requires no gradient there are no steps.
        seed: the cotangent to start from: 1 if it is left out.

    Attributes:
        nodes: the leaves, constants and results, arguments before what was computed from them.
        leaves: the places in `nodes` of all leaves, also of those that require no gradient.
        steps: for each chain-rule product of the backward pass, in the order of `autograd.steps`, the
            node whose cotangent is distributed, and the position of the parent among its parents.
        reached: the places in `nodes` of those that get a gradient.

    Raises:
        TypeError: `root` is no node, the seed no number, or a row's rule is no formula of letters.
        ValueError: the graph has Tensors, draws random numbers, or has a row that is neither known in
            JavaScript nor made of known ones.

    >>> import autograd
    >>> x, w = autograd.Value(2.0, "x"), autograd.Value(-3.0, "w")
    >>> live = LiveProgram((x * w).tanh())
    >>> live.leaves, live.reached, len(live.nodes), [slot for _, slot in live.steps]
    ((0, 1), (0, 1, 2, 3), 4, [0, 0, 1])
    >>> print(live.script)  # doctest: +ELLIPSIS
    (() => {
    ...
    function forward1() {
      value[2] = value[0] * value[1];
      value[3] = Math.tanh(value[2]);
    }
    <BLANKLINE>
    function backward1() {
      const t4 = value[3] * value[3];
      local[0] = 1 - t4;
      after[0] = gradient[2] += gradient[3] * local[0];
      local[1] = value[1];
      after[1] = gradient[0] += gradient[2] * local[1];
      local[2] = value[0];
      after[2] = gradient[1] += gradient[2] * local[2];
    }
    ...
    """

    def __init__(self, root: Node, seed: Any = None) -> None:
        if not isinstance(root, Node):
            raise TypeError(f"a live program is of a Value, got {type(root).__name__}")
        planner = Planner(root, [], [], Derived([], []), [], False)
        for node in planner.order:
            if not isinstance(node, Value):
                raise ValueError(
                    "what can be changed in a page is a graph of Values, such as that of "
                    f"model.to_scalars(); this one has a {type(node).__name__} of shape "
                    f"{node.shape}, which draw, steps and Stepper show as it is"
                )
        given = root._seed(seed, False)
        with np.errstate(all="ignore"):
            planner.go_forward()
            SourceText.refuse_draws(planner.plan)
            edges = walked(planner, root) if root.requires_grad else []
        places = planner.places.values()
        planner.finish([*places, *(r for edge in edges for r in edge.registers)])
        self.nodes: tuple[Node, ...] = tuple(planner.order)
        self.leaves = tuple(i for i, node in enumerate(self.nodes) if node.is_leaf)
        self.steps = tuple((edge.node, edge.slot) for edge in edges)
        reached = {root, *(edge.parent for edge in edges)} if root.requires_grad else set()
        self.reached = tuple(i for i, node in enumerate(self.nodes) if node in reached)
        self.script = _Script(self, planner, edges, given).text


def walked(planner: Planner, root: Node) -> list[GraphEdge]:
    """The edges of the backward pass in its order, their instructions the plan's backward ones."""
    planner.emitter.into = planner.plan.backward
    _, interior = reachable([root])
    found: list[GraphEdge] = []
    sums = {root: True}
    for node, _ in walk_back(interior, sums):
        edges = edges_of(planner, node)
        sums.update((edge.parent, True) for edge in edges)
        found += edges
    return found


class _Script:
    """The text of a live program.

    A node's register is an element of `value`; what lies between is a constant of its function, or an
    element of `between` where another function uses it.
    """

    def __init__(
        self, program: LiveProgram, planner: Planner, edges: Sequence[GraphEdge], seed: float
    ) -> None:
        self.language = language = ExactJavaScript()
        self.plan = plan = taken_apart(planner.plan.purified(), language.knows, lambda *_: False)
        self.place = {node: i for i, node in enumerate(program.nodes)}
        self.index = {edge: i for i, edge in enumerate(edges)}
        self.words: dict[int, str] = {}
        copies: list[Copy] = []
        for node, i in self.place.items():
            r = planner.places[node]
            if r in self.words or plan.registers[r].kind == "constant":
                copies.append((i, r))
            else:
                self.words[r] = f"value[{i}]"
        # What is computed for a node's derivatives stands before its products.
        of_node = {node: list(g) for node, g in groupby(plan.backward, lambda step: step.node)}
        backward: list[Statement] = []
        for i, edge in enumerate(edges):
            if edge.passes is True and plan.registers[edge.derivative].kind == "result":
                self.words.setdefault(edge.derivative, f"local[{i}]")
            backward += [*of_node.pop(edge.node, ()), edge]
        forward = in_parts("forward", [*plan.forward, *copies])
        backwards = in_parts("backward", backward)
        between = self.shared({**forward, **backwards})
        functions = [self.function(*each) for each in (*forward.items(), *backwards.items())]
        calls = [f"  {name}();" for name in forward]
        if program.reached:
            calls.append(f"  gradient[{self.place[planner.output]}] = {self.number(seed)};")
        calls += [f"  {name}();" for name in backwards]
        numbers = [self.number(program.nodes[i]._raw).strip("()") for i in program.leaves]
        self.text = SCRIPT.format(
            helpers="".join(f"{helper}\n" for helper in language.used.values()),
            leaves=list(program.leaves),
            start=f"[{', '.join(numbers)}]",
            reached=list(program.reached),
            nodes=len(program.nodes),
            steps=len(edges),
            between=between,
            functions="\n\n".join(functions),
            calls="\n".join(calls),
        )

    def shared(self, functions: dict[str, list[Statement]]) -> int:
        """Name the registers that several functions use, and say how many there are."""
        users: dict[int, set[str]] = {}
        for name, statements in functions.items():
            for each in statements:
                for r in registers_of(each):
                    users.setdefault(r, set()).add(name)
        several = [
            r
            for r, names in users.items()
            if len(names) > 1 and r not in self.words and self.plan.registers[r].kind == "result"
        ]
        self.words |= {r: f"between[{i}]" for i, r in enumerate(several)}
        return len(several)

    def function(self, name: str, statements: Sequence[Statement]) -> str:
        """Statements as a function."""
        lines = [f"  {line};" for each in statements for line in self.lines(each)]
        return "\n".join([f"function {name}() {{", *lines, "}"])

    def lines(self, each: Statement) -> list[str]:
        """What a statement is in JavaScript."""
        if isinstance(each, Instruction):
            if not self.language.knows(each):
                self.language.refuse(each)
            text = self.language.call(each, list(map(self.word, each.arguments)), self.plan)
            if each.out in self.words:
                return [f"{self.words[each.out]} = {text}"]
            self.words[each.out] = name = f"t{each.out}"
            return [f"const {name} = {text}"]
        if not isinstance(each, GraphEdge):
            i, r = each
            return [f"value[{i}] = {self.word(r)}"]
        i = self.index[each]
        derivative = self.word(each.derivative)
        product = f"gradient[{self.place[each.node]}] * local[{i}]"
        if each.passes is False:
            derivative = product = "0"
        elif each.passes is not True:
            holds = f"{self.word(each.passes)} != 0"
            derivative, product = f"{holds} ? {derivative} : 0", f"{holds} ? {product} : 0"
        total = f"after[{i}] = gradient[{self.place[each.parent]}] += {product}"
        own = f"local[{i}]"
        return [total] if derivative == own else [f"{own} = {derivative}", total]

    def word(self, r: int) -> str:
        """A register as an operand."""
        register = self.plan.registers[r]
        return self.number(register.holds) if register.kind == "constant" else self.words[r]

    def number(self, x: Any) -> str:
        return self.language.number(float(x))


def in_parts(name: str, statements: list[Statement]) -> dict[str, list[Statement]]:
    """Statements in several functions, by the functions' names."""
    starts = range(0, len(statements), LONGEST)
    return {f"{name}{i + 1}": statements[at : at + LONGEST] for i, at in enumerate(starts)}


def registers_of(each: Statement) -> Iterable[int]:
    """The registers that a statement reads or writes."""
    if isinstance(each, Instruction):
        return (*each.arguments, each.out)
    return each.registers if isinstance(each, GraphEdge) else each[1:]
