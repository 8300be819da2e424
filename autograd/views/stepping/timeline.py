"""The timeline of a stepper: what there is to see, and what each position of it adds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.engine.graph import Node
from autograd.engine.letters import Letter
from autograd.formulas.mathml import Tree, mathml, row
from autograd.formulas.plain import described, extent, is_small, number
from autograd.formulas.symbols import Symbols
from autograd.formulas.writing import is_whole
from autograd.views.labels import sign
from autograd.views.outline import Outline
from autograd.views.stepping.diagram import DERIVATIVE, Card, CardEdge, printable
from autograd.views.stepping.steps import (
    ForwardStep,
    PassNotation,
    Step,
    forward_steps_of,
    steps_of,
)

LONGEST = 18
"""Characters of a heading or a name in a box."""

WIDEST = 120
"""Characters of a line of the user's."""

WAITING = " …"
"""What follows a sum to which contributions are still to come."""

POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹"


@dataclass(slots=True)
class Moment:
    """One position of the timeline: the numbers that appear, what is lit, and the words beside it.

    Attributes:
        phase: ``"start"``, ``"forward"``, ``"seed"`` or ``"backward"``.
        sets: the numbers that appear: (``"value"``, ``"gradient"`` or ``"local"``, place of the card or
            arrow, lines, whether the number is final).
        source: the card that gives, and
        target: the card that receives; either may be missing.
        edge: the arrow between them.
        symbols, numbers: the formula, to be typeset.
        say: the formula in one line of text, without the number that is asked for in "ask" mode.
        result: that number.
        text: the formula in numbers, in one line of text.
        note: a few words more.
        where: the file and line that made the node, and that line.
    """

    phase: str
    sets: list[tuple[str, int, list[str], bool]] = field(default_factory=list)
    source: int | None = None
    target: int | None = None
    edge: int | None = None
    symbols: Tree | None = None
    numbers: Tree | None = None
    say: str = ""
    result: str = ""
    text: str = ""
    note: str = ""
    where: tuple[str, str] = ("", "")


def short_symbol(symbols: Symbols, node: Node) -> str:
    """A node's symbol, or what fits of it."""
    text = printable(symbols[node].text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def place_of(node: Node) -> tuple[str, str]:
    """Where the user's code made a node: the file's name and the line's number, and the line."""
    site = node.site
    if site is None:
        return "", ""
    if "ipykernel_" in site.filename:  # a cell of a notebook, which has no name of its own
        place = f"cell, line {site.line}"
    else:
        place = f"{os.path.basename(site.filename)}:{site.line}"
    line = site.text.strip()
    return place, line if len(line) <= WIDEST else f"{line[: WIDEST - 1]}…"


def _heading(node: Node) -> str:
    """The sign of an operation, with its number where it has one: ``− 1``, ``( )²``."""
    primitive = node.primitive
    if primitive is None:
        return ""
    arguments = node.arguments
    constants = [x for x in arguments if isinstance(x, bool | int | float)]
    text = sign(node)
    if text == "ᵀ":
        text = "transpose"
    if len(arguments) == 2 and len(constants) == 1:
        (c,) = constants
        if primitive.symbol == "^" and arguments[1] is c and is_whole(c, 2, 10):
            text = f"( ){POWERS[int(c)]}"
        elif primitive.symbol == "^" and arguments[1] is c:
            text = f"( )^{number(c, 3)}"
        elif len(primitive.symbol) == 1:
            text = f"{text} {number(c, 3)}" if arguments[1] is c else f"{number(c, 3)} {text}"
    text = printable(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def lines_of(x: Any, digits: int) -> list[str]:
    """A number, a small array row by row, or of a larger one the shape and three numbers."""
    if isinstance(x, np.ndarray) and x.size and not is_small(x):
        low, mean, high = extent(x, digits)
        return [f"{' × '.join(map(str, x.shape))}, mean {mean}", f"{low} … {high}"]
    return described(x, digits)


def in_one_line(lines: Sequence[str]) -> str:
    """Lines of numbers as one."""
    return ", ".join(line.removesuffix(",") for line in lines)


def one_line_of(x: Any, digits: int) -> str:
    """A number or an array in one line."""
    return in_one_line(lines_of(x, digits))


class Timeline:
    """All positions of a graph whose every node has a card, forward and then backward.

    Attributes:
        cards, arrows: what the board shows.
        moments: the positions, the first before anything has been computed.
        complete: for each card the position at which its gradient is complete, or where none arrives,
            the one at which its value is computed.
        gradients: what the pass leaves on each node.
    """

    anywhere = False
    """Whether formulas are to be true of other data too."""

    def __init__(self, root: Node, *, digits: int, seed: Any = None) -> None:
        self.root = root
        self.digits = digits
        self.seed = root._seed(seed, False)
        self.outline = Outline([root])
        self.nodes = self.outline.nodes
        self.index = {node: i for i, node in enumerate(self.nodes)}
        self.reading = PassNotation(root, digits, self.anywhere)
        self.formulas = self.reading.formulas
        self.symbols = self.formulas.symbols
        self.steps: Sequence[Step] = list(steps_of(self.reading, seed))
        self.gradients: dict[Node, Any] = {root: self.seed}
        self.drafts: dict[Node, list[str]] = {}
        for step in self.steps:
            self.gradients[step.parent] = step.after
            if not step.complete:
                draft = self._after(step)[0] + WAITING
                self.drafts.setdefault(step.parent, []).append(draft)
        self.names = [short_symbol(self.symbols, node) for node in self.nodes]
        self.cards = [self._card(node) for node in self.nodes]
        self.arrows: list[CardEdge] = []
        self.edge_of: dict[tuple[Node, int], int] = {}
        self._join()
        self.moments = self._moments()
        self.complete = self._complete()

    # --- the numbers ------------------------------------------------------------------------------

    def _value(self, node: Node) -> list[str]:
        return lines_of(node._raw, self.digits)

    def _gradient(self, node: Node) -> list[str]:
        return lines_of(self.gradients[node], self.digits) if node in self.gradients else []

    def _local(self, node: Node, slot: int) -> str:
        derivative = node._local_derivatives[slot]
        if isinstance(derivative, float | int):
            return number(derivative, self.digits)
        rows, columns = derivative.shape
        return f"{rows} × {columns}"

    def _after(self, step: Step) -> list[str]:
        return lines_of(step.after, self.digits)

    def _before(self, step: Step) -> str:
        return number(step.before, self.digits)

    def _factors(self, step: Step) -> tuple[str, str]:
        """The cotangent and the local derivative of scalars."""
        d = step.local_derivative
        local = float(d if isinstance(d, float | int) else d.matrix().item())
        return number(step.cotangent, self.digits), number(local, self.digits)

    def _put_in(self, node: Node) -> Tree:
        """The operation of a node with numbers in the place of letters."""
        tree = self.formulas.operation_tree(node)
        return mathml(self.formulas.write(tree, numbers=True).latex)

    def _in_line(self, step: ForwardStep | Step) -> str:
        """The step in numbers, in one line of text."""
        sign = " = " if isinstance(step, ForwardStep) else " += "
        return step.text("numbers").partition(sign)[2]

    # --- the board --------------------------------------------------------------------------------

    def _card(self, node: Node) -> Card:
        i = self.index[node]
        symbol, name = self.names[i], self.symbols[node].text
        made, line = place_of(node)
        title = [f"{name} in {place}" if (place := self.outline.place(node)) else name]
        if not node.is_leaf and made:
            title.append(f"{made}: {line}")
        return Card(
            kind=self.outline.kind(node),
            name=", made at ".join(title),
            heading=_heading(node),
            label=f"{symbol} = " if not node.shape else f"{symbol}: ",
            value=self._value(node),
            gradient=self._gradient(node),
            drafts=self.drafts.get(node, []),
        )

    def _join(self) -> None:
        for node in self.nodes:
            head, slot = self.index[node], 0
            parents = node.parents
            for argument in node.arguments:
                if not isinstance(argument, Node):
                    continue
                tail = self.index[argument]
                if slot < len(parents) and argument is parents[slot]:
                    self.edge_of[node, slot] = len(self.arrows)
                    self.arrows.append(CardEdge(tail, head, self._local(node, slot)))
                    slot += 1
                else:
                    self.arrows.append(CardEdge(tail, head, "", passive=True))

    # --- the positions ----------------------------------------------------------------------------

    def _moments(self) -> list[Moment]:
        root = self.index[self.root]
        start = Moment(
            "start",
            sets=[
                ("value", i, card.value_lines(), True)
                for i, card in enumerate(self.cards)
                if self.nodes[i].is_leaf
            ],
            say="The numbers that are given.",
            note="Nothing has been computed yet.",
        )
        symbol = self.symbols[self.root]
        seed = one_line_of(self.seed, self.digits)
        seeded = Moment(
            "seed",
            sets=[("gradient", root, self.cards[root].gradient_lines(), True)],
            source=root,
            numbers=row(
                row(self._quotient(self.root), kind="g"),
                ["mo", "="],
                row(["mtext", seed], kind="a"),
            ),
            say=f"∂{symbol.text}/∂{symbol.text}",
            result=seed,
            note="The backward pass begins at the output.",
            where=place_of(self.root),
        )
        forward = [self._forward(s) for s in forward_steps_of(self.reading)]
        return [start, *forward, seeded, *(self._backward(step) for step in self.steps)]

    def _forward(self, step: ForwardStep) -> Moment:
        node = step.node
        i = self.index[node]
        sets = [("value", i, self.cards[i].value_lines(), True)]
        for slot in range(len(node.parents)):
            edge = self.edge_of[node, slot]
            sets.append(("local", edge, [self.arrows[edge].label], True))
        formulas, symbol = self.formulas, mathml(self.symbols[node].latex)
        tree = formulas.operation_tree(node)
        dotted = bool(node.shape)
        symbols = row(
            row(symbol, kind="a"),
            ["mo", "="],
            mathml(formulas.write(tree, hadamard=dotted).latex),
        )
        result = in_one_line(self._value(node))
        scalars = not any(np.ndim(getattr(x, "_raw", x)) for x in (node, *step.arguments))
        numbers = None
        if scalars:
            numbers = row(row(_number(result), kind="a"), ["mo", "="], self._put_in(node))
        elif node.shape:
            numbers = row(["mtext", "shape " + " × ".join(map(str, node.shape))])
        return Moment(
            "forward",
            sets=sets,
            target=i,
            symbols=symbols,
            numbers=numbers,
            say=step.text("symbols"),
            result=result,
            text=self._in_line(step),
            note=self._scope(node),
            where=place_of(node),
        )

    def _quotient(self, node: Node) -> Tree:
        """∂L/∂node."""
        above, below = (mathml(self.symbols[each].latex) for each in (self.root, node))
        return ["mfrac", row(["mo", "∂"], above), row(["mo", "∂"], below)]

    def _backward(self, step: Step) -> Moment:
        source, target = self.index[step.node], self.index[step.parent]
        after = self._after(step)
        edge = self.edge_of[step.node, step.slot]
        shown = list(after)
        if len(shown) < len(self.cards[target].gradient):
            shown += [""] * (len(self.cards[target].gradient) - len(shown))
        shown[0] = f"{DERIVATIVE}{shown[0]}" + ("" if step.complete else WAITING)
        alone = step.before is None and step.complete
        symbols = row(
            row(self._quotient(step.parent), kind="a"),
            ["mo", "=" if alone else "+="],
            *self._product(step),
        )
        return Moment(
            "backward",
            sets=[("gradient", target, shown, step.complete)],
            source=source,
            target=target,
            edge=edge,
            symbols=symbols,
            numbers=self._numbers(step, after),
            say=step.text("symbols"),
            result=in_one_line(after),
            text=self._in_line(step),
            note="; ".join(filter(None, (self._arrived(step), self._scope(step.node)))),
            where=place_of(step.node),
        )

    def _product(self, step: Step) -> list[Tree]:
        """Cotangent times local derivative in symbols; on tensors, what the row makes of them."""
        above = f"∂{self.symbols[self.root].text}/∂{self.symbols[step.node].text}"
        if np.ndim(step.cotangent) or np.ndim(step.after):
            latex = step.latex("symbols").partition("+}=")[2]
            return [mathml(latex)]
        tree = self.formulas.derivative_tree(step.node, step.slot)
        if tree is None:
            local = self.formulas.local_derivative(step.node, step.slot).latex
        else:
            # Beside a product a sum stands in brackets: the printer puts them where they are needed.
            product = Letter("times", (Letter(above, sample=1.0), tree), sample=1.0)
            local = self.formulas.write(product).latex.partition(r"\cdot")[2] or (
                self.formulas.write(tree).latex
            )
        return [row(self._quotient(step.node), kind="g"), ["mo", "·"], row(mathml(local), kind="l")]

    def _numbers(self, step: Step, after: list[str]) -> Tree | None:
        if np.ndim(step.cotangent) or np.ndim(step.after):
            d = step.local_derivative
            kind = getattr(d, "kind", "")
            sizes = " × ".join(map(str, getattr(d, "shape", ())))
            g = " × ".join(map(str, np.shape(step.cotangent))) or "1"
            x = " × ".join(map(str, np.shape(step.after))) or "1"
            return row(
                row(["mtext", f"cotangent {g}"], kind="g"),
                ["mo", "→"],
                row(["mtext", f"{kind} Jacobian {sizes}"], kind="l"),
                ["mo", "→"],
                row(["mtext", f"contribution {x}"], kind="a"),
            )
        parts: list[Tree] = [row(_number(after[0]), kind="a"), ["mo", "="]]
        if step.before is not None:
            parts += [_number(self._before(step)), ["mo", "+"]]
        above, local = self._factors(step)
        parts += [row(_number(above), kind="g"), ["mo", "·"]]
        return row(*parts, row(_number(local, bracket=True), kind="l"))

    def _arrived(self, step: Step) -> str:
        name = self.names[self.index[step.parent]]
        if step.complete:
            return f"{name} is complete"
        more = "1 contribution" if step.remaining == 1 else f"{step.remaining} contributions"
        return f"{name} waits for {more} more"

    def _scope(self, node: Node) -> str:
        return f"in {place}" if (place := self.outline.place(node)) else ""

    def _complete(self) -> list[int]:
        complete = [0] * len(self.cards)
        for k, moment in enumerate(self.moments):
            for kind, i, _, final in moment.sets:
                if kind != "local" and final:
                    complete[i] = k
        return complete


def _number(text: str, bracket: bool = False) -> Tree:
    """A number as a tree; a negative factor stands in brackets."""
    if bracket and text.startswith("−"):
        return row(["mo", "("], ["mn", text], ["mo", ")"])
    return ["mn", text]
