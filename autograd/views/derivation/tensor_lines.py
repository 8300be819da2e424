"""Printing the lines of a backward pass on tensors in the convention of a course."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.engine.graph import Node
from autograd.engine.letters import Letter
from autograd.formulas.algebra import (
    add,
    count_of,
    inverse,
    make,
    names,
    negative,
    product,
    sample,
    times,
)
from autograd.formulas.latex import number
from autograd.formulas.matrices import MatrixLatex, MatrixText, NumPy
from autograd.formulas.notation import Formula
from autograd.views.derivation.conventions import Convention, Matrices, Role
from autograd.views.derivation.entries import (
    LineDraft,
    Writers,
    diagonal,
    joined,
    sentence,
    shown_shape,
    with_ones,
    without_idle,
)
from autograd.views.derivation.lines import Line, Written
from autograd.views.derivation.naming import Naming
from autograd.views.derivation.normalisation import Called, Normalisation, Steps, steps
from autograd.views.derivation.transposes import T, gathered, jacobian, unknown

FORWARD = "Forward"
BACKWARD = "Backward"


class Lines:
    """The lines of one derivation, collected as formulas, and printed at the end.

    In a layout of one instance, g is n times the cotangent of an instance's row when the loss is a
    mean over n instances, so that gradients of parameters are means.
    """

    def __init__(
        self,
        root: Node,
        layout: Convention,
        naming: Naming,
        axes: dict[Any, int | None],
        digits: int,
    ) -> None:
        self.root, self.layout, self.naming, self.axes, self.digits = (
            root,
            layout,
            naming,
            axes,
            digits,
        )
        self.instances = self._instances()
        inner = {x for each in naming.normal.values() for x in each.inner}
        self.mean = any(
            primitive is not None
            and node not in inner
            and primitive.name == "mean"
            and node._raw.size
            and axes.get(arguments[0]) is not None
            and axes.get(node) is None
            for node in naming.nodes
            for primitive, arguments, _ in [naming.operations[node]]
        )
        self.roles: dict[str, Role] = {}
        self.matrices = Matrices(layout, self.roles)
        self.matrices.rows = self.instances
        if layout.single and self.instances == 0:
            raise self.matrices.refuse("a batch of no instances, of which it writes one")
        self.inputs: dict[str, Any] = {}
        self.epsilons: dict[str, float] = {}  # those of normalisations
        self.definitions: dict[str, tuple[Callable[[], Any], Role, tuple[int, ...]]] = {}
        self.data: dict[str, Any] = {}
        self.entries: list[LineDraft] = []
        self.waiting: dict[Node, list[Any]] = {}
        self.results: dict[str, str] = {}
        self.given: dict[str, Any] = {}  # definitions as the course has them
        self.steps: dict[Node, Callable[..., Steps]] = {}  # of batch normalisations
        self.remarks: list[Formula] = []
        self.formulas: dict[str, Any] = {}  # of cotangents, in the library's orientation

    def _instances(self) -> int | None:
        for x, name in [*self.naming.nodes.items(), *self._arrays()]:
            key = x if isinstance(x, Node) else id(x)
            axis = self.axes.get(key)
            if axis is not None and name:
                return int(np.shape(getattr(x, "_raw", x))[axis])
        return None

    def _arrays(self) -> list[tuple[Any, str]]:
        return [(x, self.naming.arrays[id(x)]) for x in self.naming.held]

    @property
    def plain(self) -> bool:
        """Whether formulas stay those of the library."""
        return self.layout.name == "rows"

    @property
    def stacked(self) -> bool:
        """Whether letters stand for one of several instances."""
        return self.layout.single and self.instances is not None and self.instances > 1

    def symbol(self, node: Node) -> Formula:
        """How a node is written."""
        return self.naming.symbols[self.naming.nodes[node]]

    # --- forward ----------------------------------------------------------------------------------

    def input(self, name: str, x: Any) -> None:
        """A leaf or a constant array."""
        data = np.asarray(x._raw if isinstance(x, Node) else x)
        role = Role(data.ndim, self.axes.get(x if isinstance(x, Node) else id(x)), False)
        self.roles[name] = role
        self.data[name] = data

    def forward(self, name: str, node: Node, formula: Callable[[], Any]) -> None:
        """A node that was computed; its line is printed when another needs it."""
        data = np.asarray(node._raw)
        self.roles[name] = role = Role(data.ndim, self.axes.get(node), False)
        self.data[name] = data
        self.definitions[name] = (formula, role, data.shape)

    def define(self, name: str, formula: Any, axis: int | None) -> None:
        """A value that is no node of the graph, such as p = softmax(s)."""
        self.roles[name] = role = Role(formula.ndim, axis, False)
        self.data[name] = formula.sample
        self.definitions[name] = (lambda: formula, role, formula.shape)

    def forward_entries(self) -> list[LineDraft]:
        """The definitions that the backward lines refer to, in order."""
        needed: set[str] = set()
        for entry in self.entries:
            needed |= entry.names
        trees: dict[str, Any] = {}
        place = {name: i for i, name in enumerate(self.definitions)}
        queue = [name for name in needed if name in self.definitions]
        while queue:
            name = queue.pop()
            if name in trees:
                continue
            formula, role, _ = self.definitions[name]
            given = self.given.get(name)
            trees[name] = tree = self.oriented(formula(), role) if given is None else given
            queue.extend(each for each in names(tree) if each in place and each not in trees)
        defined = [name for name in place if name in trees]
        # What is no node comes last in `definitions`, and refers to nodes alone.
        return [
            LineDraft(
                name,
                self.naming.symbols[name],
                trees[name],
                self.shape(self.definitions[name][2], self.definitions[name][1]),
                FORWARD,
            )
            for name in defined
        ]

    # --- backward ---------------------------------------------------------------------------------

    def deferred(self, node: Node) -> list[Any]:
        """The factors that a node's letter is without: what it passes on has them again."""
        return self.waiting.get(node, [])

    def jacobian(self, node: Node, parent: Any, of: Letter, kind: str) -> Letter:
        """A line for the Jacobian of an activation; its letter."""
        y, z = self.symbol(node), self.symbol(parent)
        role = Role(len(node.shape), self.axes.get(node), False)
        left = Formula(f"J_{y.text}({z.text})", f"J_{{{y.latex}}}({z.latex})")
        name = self.naming.add(f"J_{self.naming.nodes[node]}", left)
        tree = jacobian(kind, self.oriented(of, role))
        self.entries.append(LineDraft(name, left, tree, tree.shape, BACKWARD, local=True))
        return Letter(name, sample=unknown(tree.shape))

    def normalise(self, node: Node, found: Normalisation) -> None:
        """Lines for a batch normalisation, forward; printed when another needs them."""
        n, m = node.shape
        output = self.naming.nodes[node]
        mean, variance, matrix = self.naming.moments[node]
        eps = next((name for name, x in self.epsilons.items() if x == found.eps), None)
        if eps is None:
            eps = self.naming.add("epsilon")
            self.epsilons[eps] = self.inputs[eps] = found.eps
        kind = "rows" if self.plain else "one" if self.layout.single else "columns"
        called = Called(
            *(self.naming.nodes[found.s], mean, variance, matrix, eps),
            *(f"G_{output}", f"G_{variance}", f"G_{mean}"),
        )
        self.steps[node] = functools.partial(steps, called, n, m, kind)
        formulas = self.steps[node]()
        s = np.asarray(found.s._raw)
        v = s.var(axis=0)
        for name, data, tree, axis in (
            (mean, s.mean(axis=0), formulas.mean, None),
            (variance, v, formulas.variance, None),
            (matrix, np.diag(v + found.eps), formulas.matrix, None),
            (output, np.asarray(node._raw), formulas.output, 0),
        ):
            self.data[name], self.given[name] = data, tree
            self.roles[name] = role = Role(data.ndim, axis, False)
            self.definitions[name] = (lambda: None, role, data.shape)

    def through(self, node: Node, found: Normalisation, g: Letter) -> Any:
        """What a batch normalisation passes on, by two lines of its own."""
        mean, variance, _ = self.naming.moments[node]
        varies = any(
            self.roles[name].instances is not None
            for name in names(self.formulas[f"G_{self.naming.nodes[node]}"])
        )
        formulas = self.steps[node](varies)
        for name, tree in ((variance, formulas.by_variance), (mean, formulas.by_mean)):
            left = self.by(self.naming.symbols[name])
            self.naming.symbols[f"G_{name}"] = left
            self.entries.append(
                LineDraft(f"G_{name}", left, tree, tree.shape, BACKWARD, local=True)
            )
        if self.deferred(node):
            first, second = (self.naming.symbols[f"G_{name}"] for name in (variance, mean))
            said = " are those of the sum over instances, as is what reaches them, and not of its mean."
            self.remarks.append(
                Formula(
                    f"{first.text} and {second.text}{said}",
                    rf"{first.latex} \text{{ and }} {second.latex} \text{{{said}}}",
                )
            )
        out, tree = node._raw, formulas.by_input
        centred = g.sample - g.sample.mean(axis=0) - out * (g.sample * out).mean(axis=0)
        share = centred / np.sqrt(np.var(found.s._raw, axis=0) + found.eps)
        if self.plain:
            return make(tree.function, tree.arguments, share, **tree.options)
        return make("given", (g,), share, tree=tree)

    def cotangent(self, node: Node, g: Any, keep: bool, short: Any = None) -> Letter:
        """A line for the cotangent of a node that passes it on; its letter.

        `short` is the same formula, shorter.
        """
        name = f"G_{self.naming.nodes[node]}"
        batch = self.axes.get(node) is not None
        full = g
        summed = False
        if not self.plain:
            if self.layout.single:
                short = None if short is None else self.per_instance(node, short)[0]
                g, summed = self.per_instance(node, g)
            elif batch and (count := count_of(g)) > 1:
                g = times(g, count)
                self.waiting[node] = [inverse(count)]
        self.formulas[name] = g
        role = Role(len(node.shape), self.axes.get(node), True)
        self.roles[name] = role
        if summed:
            self.summed.add(name)
        if self.layout.negated:
            g, short = self.negated(g), self.negated(short)
        tree = self.oriented(g, role)
        short = None if short is None else self.oriented(short, role)
        symbol = self.symbol(node)
        self.naming.symbols[name] = _of("∇" if self.layout.turned else "G", symbol)
        shape = self.shape(node.shape, role)
        self.entries.append(
            LineDraft(name, self.left(node), tree, shape, BACKWARD, True, summed, short=short)
        )
        letter = Letter(name, sample=sample(full))
        if keep:
            back = product([*self.deferred(node), letter], node.shape)
            self.gradient(node, back)
        return letter

    @property
    def summed(self) -> set[str]:
        """The names of cotangents of one instance that belong to no instance, such as a weight's."""
        return self.matrices.of_one

    def per_instance(self, node: Node, g: Any) -> tuple[Any, bool]:
        """A cotangent's formula for one instance, and whether its mean (or sum) is still to be taken."""
        n = self.instances or 1
        if n == 1:
            return g, False
        if self.axes.get(node) is not None:
            if self.mean:
                g = times(g, n)
                self.waiting[node] = [inverse(n)]
            return g, False
        terms = list(g.arguments) if isinstance(g, Letter) and g.function == "plus" else [g]
        flags = [self.matrices.typed(x).summed for x in terms]
        if not any(flags):
            return g, False
        for i, flag in enumerate(flags):
            if flag and self.mean:
                terms[i] = times(terms[i], n)
            elif not flag and not self.mean:
                terms[i] = product([inverse(n), terms[i]])
        if self.mean:
            self.waiting[node] = [inverse(n)]
        return add(terms), True

    def gradient(self, node: Node, g: Any) -> None:
        """A line for what the derivation is asked for."""
        own = self.naming.nodes[node]
        name = f"d{self.naming.nodes[self.root]}_d{own}"
        summed = False
        before = self.waiting.get(node)
        if self.layout.single and self.axes.get(node) is None:
            g, summed = self.per_instance(node, g)
        if before is None:
            self.waiting.pop(node, None)
        role = Role(len(node.shape), self.axes.get(node), True)
        tree = self.oriented(g, role)
        self.entries.append(
            LineDraft(
                name, self.left(node), tree, self.shape(node.shape, role), BACKWARD, False, summed
            )
        )
        self.results[own] = name

    def left(self, node: Node) -> Formula:
        """∂L/∂node, or what the course writes for it."""
        return self.by(self.symbol(node))

    def by(self, by: Formula) -> Formula:
        """The derivative of the loss by what is written so."""
        loss = self.symbol(self.root)
        if self.layout.turned:
            return Formula(f"∇_{by.text}", rf"\nabla_{{{by.latex}}}")
        return Formula(
            f"∂{loss.text}/∂{by.text}", rf"\frac{{\partial {loss.latex}}}{{\partial {by.latex}}}"
        )

    def negated(self, g: Any) -> Any:
        """p − y written as −(y − p), where y is data."""
        if not isinstance(g, Letter):
            return g
        if g.function == "neg":
            return negative(self.negated(g.arguments[0]))
        if g.function == "product":
            return product([self.negated(x) for x in g.arguments], g.shape)
        if g.function == "sub":
            first, second = g.arguments
            known = isinstance(second, Letter) and second.function in self.data
            if known and second.function not in self.definitions and isinstance(first, Letter):
                return negative(make("sub", (second, first), -g.sample))
        return g

    # --- orientation ------------------------------------------------------------------------------

    def oriented(self, formula: Any, role: Role) -> Any:
        """A formula as the course has it."""
        if self.plain:
            return formula
        if role.rank > 2:
            raise self.matrices.refuse(f"an array of {role.rank} axes")
        typed = self.matrices.typed(formula)
        if typed.summed and not role.cotangent and role.instances is None and self.stacked:
            raise self.matrices.refuse("a sum over instances, of which it sees one")
        if role.rank == 0:
            return typed.tree
        expected = self.matrices.shape(sample(formula).shape, role)
        tree = typed.tree
        if typed.shape != expected:
            if typed.shape == expected[::-1]:
                tree = T(tree)
            else:
                raise self.matrices.refuse(f"a formula of shape {sample(formula).shape}")
        return gathered(self.matrices.turn(tree, role))

    def shape(self, shape: tuple[int, ...], role: Role) -> tuple[int, ...]:
        """The shape in the course's convention."""
        if self.plain or not 0 < role.rank < 3:
            return shape
        return self.matrices.own_shape(self.matrices.shape(shape, role), role)

    def value(self, name: str) -> Any:
        """The data of a letter in the course's convention: stacked, where it is of one instance."""
        data, role = self.data[name], self.roles[name]
        if self.plain or not 0 < role.rank < 3:
            return data
        if self.stacked and role.instances is not None:
            rows = np.moveaxis(data, role.instances, 0)
            return rows.reshape(rows.shape[0], -1, 1)
        if role.rank == 1 and role.instances is None:
            return data.reshape(-1, 1)
        if role.rank == 1:
            return data.reshape(1, -1)
        return data.T if role.instances == 0 else data

    def back(self, node: Node) -> Callable[[Any], Any]:
        """From a gradient in the course's convention to the library's."""
        role, shape = Role(len(node.shape), self.axes.get(node), True), node.shape
        if self.stacked and role.instances == 1:
            return lambda x: x.reshape(shape[::-1]).T
        if role.rank == 2 and not self.plain and self.matrices.turned(role) and not self.stacked:
            return lambda x: x.T
        if role.rank == 2 and self.stacked and role.instances is None and self.layout.turned:
            return lambda x: x.T
        return lambda x: np.reshape(x, shape)

    # --- printing ---------------------------------------------------------------------------------

    def written(self, targets: Sequence[Node], functions: dict[str, Any]) -> Written:
        """All lines, as text, LaTeX and NumPy."""
        self.drop_unused()
        self.entries = without_idle(self.entries)
        renamed = self.one_letter()
        entries = [*self.forward_entries(), *self.entries]
        symbols = self.naming.symbols

        def text(name: str) -> str:
            return symbols[name].text if name in symbols else name

        def latex(name: str) -> str:
            return symbols[name].latex if name in symbols else name

        write = Writers(
            MatrixText(self.digits, text, self.instances),
            MatrixLatex(self.digits, latex, self.instances),
            NumPy(".mT" if self.layout.single else ".T", renamed),
        )
        lines = []
        for entry in entries:
            line = self._line(entry, write, renamed)
            also = diagonal(entry, write, self.layout, self.cotangents(), self.in_rows(entry))
            if entry.short is not None:
                short = write.text.write(entry.short).text, write.latex.write(entry.short).text
                source = write.python.write(entry.short)
                also = Line(line.name, source, *short, entry.shape, entry.section)
            lines.append(line if also is None else joined(line, replace(also, name=line.name)))
        written = Written(lines, self.values(entries) | functions)
        if self.stacked:
            written.lines = [*lines, *self._batch_lines()]
        for node in targets:
            name = self.naming.nodes[node]
            written.results[name] = self.results[name]
            written.back[name] = self.back(node)
            role = Role(len(node.shape), self.axes.get(node), True)
            library_turned = role.rank == 2 and not self.plain and self.matrices.turned(role)
            if library_turned and not (self.stacked and role.instances is not None):
                written.transposed.add(name)
        edges = [
            0,
            *(
                i
                for i in range(1, len(written.lines))
                if written.lines[i].section != written.lines[i - 1].section
            ),
            len(written.lines),
        ]
        written.parts = list(itertools.pairwise(edges))
        written.notes += self._notes(written)
        return written

    def _line(self, entry: LineDraft, write: Writers, renamed: dict[str, str]) -> Line:
        name = renamed.get(entry.name, entry.name)
        shown = with_ones(entry.tree) if self.plain else entry.tree
        right = Formula(write.text.write(shown).text, write.latex.write(shown).text)
        left = entry.left
        middle = Formula("", "")
        if entry.cotangent:
            symbol = self.naming.symbols[entry.name]
            if renamed or self.layout.turned:
                left = symbol if renamed else left
            else:
                middle = Formula(f"{symbol.text} = ", f"{symbol.latex} = ")
        shape = shown_shape(entry.shape)
        text = f"{left.text} = {middle.text}{right.text}    ({shape.text})"
        latex = rf"{left.latex} &= {middle.latex}\underset{{{shape.latex}}}{{{right.latex}}}"
        source = write.python.write(entry.tree)
        return Line(name, source, text, latex, entry.shape, entry.section)

    def drop_unused(self) -> None:
        """Leave out cotangents that a shorter formula has passed by."""
        used: set[str] = set()
        kept: list[LineDraft] = []
        for entry in reversed(self.entries):
            if not (entry.cotangent or entry.local) or entry.name in used:
                used |= names(entry.tree)
                kept.append(entry)
        self.entries = kept[::-1]

    def one_letter(self) -> dict[str, str]:
        """One g for all cotangents, as the lectures have it, where none is needed after the next."""
        if self.layout.name not in ("dd2424", "columns"):
            return {}
        cotangents = {entry.name for entry in self.entries if entry.cotangent}
        current: set[str] = set()
        for entry in self.entries:
            if not names(entry.tree) & cotangents <= current:
                return {}
            if entry.cotangent:
                current = {entry.name}
        letter = "g" if self.layout.single else "G"
        if self.naming.has(letter):
            return {}
        for name in cotangents:
            self.naming.symbols[name] = Formula(letter, letter)
        return dict.fromkeys(cotangents, letter)

    def in_rows(self, entry: LineDraft) -> bool:
        """Whether a line is about all instances at once."""
        role = self.roles.get(entry.name)
        return role is not None and role.instances is not None and not self.layout.single

    def cotangents(self) -> set[str]:
        """The names of the cotangents' letters."""
        return {entry.name for entry in self.entries if entry.cotangent}

    def values(self, entries: Sequence[LineDraft]) -> dict[str, Any]:
        """The data of every letter that a line refers to, in order."""
        used: set[str] = set()
        for entry in entries:
            used |= entry.names
            if entry.section == FORWARD:
                used.add(entry.name)
        found = {name: self.value(name) for name in self.data if name in used}
        return found | {name: x for name, x in self.inputs.items() if name in used}

    def _batch_lines(self) -> list[Line]:
        n = self.instances
        section = f"Batch: the {'mean' if self.mean else 'sum'} over its {n} instances"
        lines = []
        for entry in self.entries:
            if entry.summed and not entry.cotangent:
                function = "np.mean" if self.mean else "np.sum"
                left, shape = entry.left, shown_shape(entry.shape)
                front = Formula("(1/n) ", r"\frac{1}{n} ") if self.mean else Formula("", "")
                text = f"{left.text} = {front.text}Σᵢ ({left.text})ᵢ    ({shape.text})"
                inner = rf"{front.latex}\sum_{{i=1}}^{{n}} \left({left.latex}\right)_{{i}}"
                latex = rf"{left.latex} &= \underset{{{shape.latex}}}{{{inner}}}"
                source = f"{function}({entry.name}, axis=0)"
                lines.append(Line(entry.name, source, text, latex, entry.shape, section))
        return lines

    def _notes(self, written: Written) -> list[Formula]:
        about = self.layout.about
        plain = [f'layout "{self.layout.name}": {about}']
        if self.stacked:
            plain.append(
                "In Python the letters of one instance hold all of them, one after another."
            )
        if not self.plain and not self.axes:
            plain.append("No array has an axis of instances: matrices stay as the code has them.")
        notes = [*(Formula(text, sentence(text)) for text in plain), *self.remarks]
        if self.instances is not None:
            n = self.instances
            word = "instance" if n == 1 else "instances"
            notes.append(Formula(f"n = {n} {word}.", rf"n = {n} \text{{ {word}}}"))
        for name, x in self.inputs.items():
            if name in written.names:
                shown = self.naming.symbols[name]
                value = number(x, self.digits)
                notes.append(
                    Formula(f"{shown.text} = {value.text}", f"{shown.latex} = {value.latex}")
                )
        if written.transposed:
            symbols = [self.naming.symbols[name] for name in sorted(written.transposed)]
            said = "Transposed, compared with the library's .grad: "
            notes.append(
                Formula(
                    said + ", ".join(symbol.text for symbol in symbols) + ".",
                    rf"\text{{{said}}}" + r",\ ".join(symbol.latex for symbol in symbols),
                )
            )
            if self.layout.turned:
                notes.append(
                    Formula(
                        "An update: W ← W − η (∇_W)ᵀ",
                        r"\text{An update: } W \leftarrow W - \eta\, \nabla_{W}^{\top}",
                    )
                )
        return notes


def _of(letter: str, symbol: Formula) -> Formula:
    """A letter with the symbol of a node below it."""
    shown = {"∇": r"\nabla"}.get(letter, letter)
    return Formula(f"{letter}_{symbol.text}", f"{shown}_{{{symbol.latex}}}")
