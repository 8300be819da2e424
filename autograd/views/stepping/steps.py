"""Steps: a pass over a recorded graph as a sequence of records, one operation or product at a time."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

import numpy as np

from autograd.context.scopes import Scope
from autograd.context.sites import Site
from autograd.engine.graph import Node, StaleGraphError, reachable, topological_order
from autograd.engine.letters import Letter
from autograd.engine.local_derivative import LocalDerivative
from autograd.engine.passes import check_fresh, walk_back
from autograd.engine.value import Value
from autograd.formulas.notation import Formula
from autograd.formulas.of_nodes import Formulas, derivative
from autograd.formulas.symbols import Symbols
from autograd.formulas.typeset import as_html, equations, in_page
from autograd.support.caching import cached_property
from autograd.support.publishing import publish

Form = Literal["numbers", "symbols", "both"]
FORMS = ("numbers", "symbols", "both")

LONGEST = 30
"""Characters of a local derivative with numbers put in; of a longer one only its value is shown."""

SMALL = 6
"""Elements of an array that are written out."""

LARGEST_MATRIX = 10_000
"""Entries of a Jacobian that `Step.matrix` computes."""

MOST_SHOWN = 100
"""Steps of a pass that a notebook shows."""

EQUALS = re.compile(r" ((?:\\mathrel\{\+\})?= )")
"""The sign at which the lines of a pass are aligned, in LaTeX."""


class PassNotation:
    """What the steps of one pass share: the graph's symbols and formulas, found when asked for."""

    def __init__(self, root: Node, digits: int, anywhere: bool = False) -> None:
        self.root = root
        self.digits = digits
        self.anywhere = anywhere

    @cached_property
    def formulas(self) -> Formulas:
        """The formulas of the graph."""
        return Formulas(Symbols(self.root), digits=self.digits, anywhere=self.anywhere)

    def gradient(self, node: Node) -> Formula:
        """∂L/∂node."""
        symbols = self.formulas.symbols
        return derivative(symbols[self.root], symbols[node])

    def number(self, x: Any) -> Formula:
        """A number or a small array; of a larger one, the shape."""
        if np.ndim(x) and np.size(x) > SMALL:
            shape = " × ".join(map(str, np.shape(x)))
            return Formula(f"[{shape}]", rf"[{shape.replace('×', chr(92) + 'times')}]")
        return self.formulas.write(Letter("number", sample=x), numbers=True)  # data: never 1/3


class OfNode:
    """What records of both passes tell of their node."""

    __slots__ = ()
    node: Node

    @property
    def site(self) -> Site | None:
        """Where the user's code made `node`."""
        return self.node.site

    @property
    def scope(self) -> Scope | None:
        """The module that `node` was computed in."""
        return self.node.scope


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Step(OfNode):
    """One chain-rule product of a backward pass: cotangent × local derivative, added to a sum.

    Attributes:
        index: which step of the pass this is, from 0.
        node: the node whose cotangent is being distributed.
        parent: the node that receives the contribution.
        slot: the position of `parent` among ``node.parents``.
        local_derivative: ∂node/∂parent: a float, or on tensors a `LocalDerivative`.
        cotangent: of `node`, complete; a float, or an array of its shape.
        contribution: cotangent times local derivative, of the parent's shape.
        before: the parent's sum before this step; ``None`` if this is the first contribution.
        after: the parent's sum with it.
        complete: whether this was the last contribution the parent gets, so that it may pass on its own.
        remaining: how many contributions to the parent are still to come.

    Arrays are read-only.
    """

    index: int
    node: Node
    parent: Node
    slot: int
    local_derivative: float | LocalDerivative
    cotangent: Any
    contribution: Any
    before: Any
    after: Any
    complete: bool
    remaining: int
    _reading: PassNotation = field(repr=False)

    def text(self, form: Form = "both") -> str:
        """The step as plain text, with symbols, with numbers, or with both.

        >>> import autograd
        >>> x, w = autograd.Value(2.0, "x1"), autograd.Value(-3.0, "w")
        >>> step, _ = autograd.steps(w * x)
        >>> for form in ("symbols", "numbers", "both"):
        ...     print(step.text(form))
        ∂L/∂w += ∂L/∂L · x₁
        ∂L/∂w += 1 · 2 = 2
        ∂L/∂w += ∂L/∂L · x₁ = 1 · 2 = 2
        """
        return self._formula(form).text

    def latex(self, form: Form = "both") -> str:
        r"""The step as LaTeX, without dollar signs.

        >>> import autograd
        >>> x, w = autograd.Value(2.0, "x1"), autograd.Value(-3.0, "w")
        >>> next(autograd.steps(w * x)).latex("numbers")
        '\\frac{\\partial L}{\\partial w} \\mathrel{+}= 1 \\cdot 2 = 2'
        """
        return self._formula(form).latex

    def matrix(self) -> Any:
        """The Jacobian ∂node/∂parent as a matrix: node's size by parent's size, both flattened.

        Raises:
            ValueError: it has more than 10,000 entries.
        """
        d = self.local_derivative
        if not isinstance(d, LocalDerivative):
            return np.array([[d]])
        rows, columns = d.shape
        if rows * columns > LARGEST_MATRIX:
            raise ValueError(
                f"the Jacobian of {self.node.primitive.name if self.node.primitive else 'a leaf'} "
                f"here is {rows} x {columns}: matrix() is for at most {LARGEST_MATRIX} entries; "
                "local_derivative.vjp and .jvp apply it without building it"
            )
        return d.matrix()

    def _formula(self, form: str) -> Formula:
        parts = [_symbols(self)] if _checked(form) != "numbers" else []
        if form != "symbols":
            parts += _numbers(self)
        parent = self._reading.gradient(self.parent)
        return Formula(
            f"{parent.text} += {' = '.join(part.text for part in parts)}",
            rf"{parent.latex} \mathrel{{+}}= {' = '.join(part.latex for part in parts)}",
        )

    def _repr_html_(self) -> str:
        return in_page(as_html(self.latex()), self._repr_latex_())

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __repr__(self) -> str:
        done = "complete" if self.complete else f"{self.remaining} to come"
        total = self._reading.number(self.after).text
        return f"<Step {self.index}: {self.text()}; sum {total}, {done}>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ForwardStep(OfNode):
    """One operation of the forward pass, as it was recorded.

    Attributes:
        index: which operation this is, from 0.
        node: what it made.
        arguments: what it was computed from, in order: nodes, numbers, arrays.
        value: the number or array of `node`.
    """

    index: int
    node: Node
    arguments: tuple[Any, ...]
    value: Any
    _reading: PassNotation = field(repr=False)

    def text(self, form: Form = "both") -> str:
        """The operation as plain text, with symbols, with numbers, or with both.

        >>> import autograd
        >>> x, w = autograd.Value(2.0, "x1"), autograd.Value(-3.0, "w")
        >>> (step,) = autograd.forward_steps(w * x)
        >>> step.text()
        'L = w · x₁ = −3 · 2 = −6'
        """
        return self._formula(form).text

    def latex(self, form: Form = "both") -> str:
        """The operation as LaTeX, without dollar signs."""
        return self._formula(form).latex

    def _formula(self, form: str) -> Formula:
        formulas, value = self._reading.formulas, self._reading.number(self.value)
        tree = formulas.operation_tree(self.node)
        dotted = bool(self.node.shape)
        parts = [formulas.symbols[self.node]]
        if _checked(form) != "numbers":
            parts.append(formulas.write(tree, hadamard=dotted))
        if form != "symbols":
            if _is_scalar(self.node, *self.arguments):
                substituted = formulas.substituted(tree, float(self.value))
                if substituted != value:  # y = 3 · 1 = 3, but not b = 3 = 3
                    parts.append(substituted)
            parts.append(value)
        return Formula(" = ".join(p.text for p in parts), " = ".join(p.latex for p in parts))

    def _repr_html_(self) -> str:
        return in_page(as_html(self.latex()), self._repr_latex_())

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __repr__(self) -> str:
        return f"<ForwardStep {self.index}: {self.text()}>"


Record = TypeVar("Record", bound=Step | ForwardStep)


class Pass(Iterator[Record], Generic[Record]):
    """The records of a pass, made one at a time as they are asked for.

    A notebook shows the whole pass, and whoever goes on asking gets what has not come yet.
    """

    def __init__(self, begin: Callable[[], Iterator[Record]], title: str) -> None:
        self._begin, self._title = begin, title
        self._left: Iterator[Record] = begin()

    def __next__(self) -> Record:
        return next(self._left)

    def _shown(self) -> tuple[list[Record], str]:
        """The first records of the whole pass, and a sentence where it does not end with them."""
        shown: list[Record] = []
        try:
            for each in self._begin():
                if len(shown) == MOST_SHOWN:
                    return shown, f"These are the first {MOST_SHOWN}: a loop gives all."
                shown.append(each)
        except StaleGraphError as error:  # what is looked at does not raise
            return shown, str(error)
        return shown, ""

    def __repr__(self) -> str:
        shown, more = self._shown()
        lines = [f"{each.index:>3}  {each.text()}" for each in shown]
        return "\n".join([f"{self._title}:", *lines, *([more] if more else [])])

    def _repr_html_(self) -> str:
        shown, more = self._shown()
        rows = equations(EQUALS.sub(r" &\1", each.latex(), count=1) for each in shown)
        return in_page(rows + html.escape(more), self._repr_latex_())

    def _repr_latex_(self) -> str:
        shown, more = self._shown()
        return "\n\n".join([each._repr_latex_() for each in shown] + ([more] if more else []))


def _checked(form: str) -> str:
    if form not in FORMS:
        raise ValueError(f"form is one of {', '.join(map(repr, FORMS))}, not {form!r}")
    return form


def _is_scalar(*operands: Any) -> bool:
    return all(np.shape(x if not isinstance(x, Node) else x._raw) == () for x in operands)


def _symbols(step: Step) -> Formula:
    """cotangent · local derivative, in symbols; on tensors, what the row's vjp makes of them."""
    reading, node = step._reading, step.node
    formulas, above = reading.formulas, reading.gradient(node)
    g = Letter(above.text, sample=step.cotangent)
    scalar = _is_scalar(node, step.parent)
    local = formulas.derivative_tree(node, step.slot) if scalar else None
    if local is None and not isinstance(node, Value):
        tree = formulas.contribution_tree(node, step.slot, g)
        if tree is not None:
            return formulas.write(tree, hadamard=True, also={above.text: above})
    if local is None:
        by = formulas.local_derivative(node, step.slot)
        return Formula(f"{above.text} · {by.text}", rf"{above.latex} \cdot {by.latex}")
    tree = Letter("times", (g, local), sample=step.contribution)
    return formulas.write(tree, also={above.text: above})


def _numbers(step: Step) -> list[Formula]:
    """The same in numbers, and the result; of arrays, the result alone."""
    reading = step._reading
    result = reading.number(step.contribution)
    d = step.local_derivative
    if not _is_scalar(step.node, step.parent):
        return [result]
    if isinstance(d, LocalDerivative):
        d = float(d.matrix().item())
    g = Letter("g", sample=step.cotangent)
    local: Any = reading.formulas.derivative_tree(step.node, step.slot)
    if not _worth_showing(reading, local, d):
        local = Letter("d", sample=d)
    tree = Letter("times", (g, local), sample=step.contribution)
    return [reading.formulas.substituted(tree, float(step.contribution)), result]


def _worth_showing(reading: PassNotation, local: Any, d: float) -> bool:
    """Whether numbers put into a local derivative say more than its value: 1 − 0.7², not 𝟙[2 > 0]."""
    if not isinstance(local, Letter) or not local.arguments:
        return isinstance(local, Letter)
    text = reading.formulas.substituted(local, d).text
    return len(text) <= LONGEST and not any(sign in text for sign in "𝟙[…<>=≤≥")


# --- the passes -----------------------------------------------------------------------------------


def steps(node: Node, *, seed: Any = None, digits: int = 4) -> Iterator[Step]:
    """The backward pass from `node`, one chain-rule product at a time, in the order of `backward()`.

    Nodes pass on their cotangents in reverse order of creation: when a node's turn comes, all its
    uses have had theirs, so its cotangent is complete. Each of a node's parents, in order, then gets

        contribution = cotangent of the node × local derivative ∂node/∂parent,

    and the contributions to a parent add up to exactly what `backward()` leaves in its ``.grad``. On
    tensors a step is one vjp. Nothing is changed: no gradient is written.

    Args:
        node: a Value, or a Tensor of one element; of more elements with a `seed`.
        seed: the cotangent to start from, of the node's shape; 1 if it is left out.
        digits: significant digits of the numbers in formulas.

    Raises:
        TypeError: for anything but a node, or a seed that is not made of real numbers.
        ValueError: the node was computed from nothing that requires a gradient; no seed where one
            is needed, or one of the wrong shape.
        StaleGraphError: data was assigned after it had been used: the formulas would be false.

    >>> import autograd
    >>> x, w, b = (autograd.Value(v, n) for v, n in ((2.0, "x"), (-3.0, "w"), (6.88, "b")))
    >>> for step in autograd.steps((w * x + b).tanh()):
    ...     print(step.text(), "complete" if step.complete else "")
    ∂L/∂v₂ += ∂L/∂L · (1 − L²) = 1 · (1 − 0.7064²) = 0.501 complete
    ∂L/∂v₁ += ∂L/∂v₂ · 1 = 0.501 · 1 = 0.501 complete
    ∂L/∂b += ∂L/∂v₂ · 1 = 0.501 · 1 = 0.501 complete
    ∂L/∂w += ∂L/∂v₁ · x = 0.501 · 2 = 1.002 complete
    ∂L/∂x += ∂L/∂v₁ · w = 0.501 · (−3) = −1.503 complete
    """
    _check_node(node, "steps")
    return steps_of(PassNotation(node, digits), seed)


def steps_of(reading: PassNotation, seed: Any = None) -> Pass[Step]:
    """`steps`, written as somebody has chosen already."""
    node = reading.root
    if not node.requires_grad:
        raise ValueError(
            f"steps from {node!r}: it was computed without recording, or from nothing that requires "
            "a gradient, so there is nothing to differentiate"
        )
    start = node._seed(seed, False)
    _, interior = reachable([node])
    check_fresh(interior, "steps")
    return Pass(lambda: _backward(node, start, interior, reading), "Backward")


def _backward(root: Node, seed: Any, interior: list[Node], reading: PassNotation) -> Iterator[Step]:
    remaining = Counter(parent for node in interior for parent in node.parents)
    sums = {root: _read_only(seed)}
    # A pass over Values adds to zeros, which turns −0 into 0; a pass over tensors starts a sum with
    # the first contribution.
    zero = 0.0 if isinstance(root, Value) else None
    index = 0
    for node, g in walk_back(interior, sums):
        check_fresh((node,), "steps")
        with np.errstate(all="ignore"):
            contributions = list(node._contributions(g))
        locals_ = node._local_derivatives
        for slot, (parent, contribution) in enumerate(contributions):
            contribution = _read_only(contribution)
            before = sums.get(parent)
            with np.errstate(all="ignore"):
                if before is not None:
                    after = _read_only(before + contribution)
                else:
                    after = contribution if zero is None else zero + contribution
            sums[parent] = after
            remaining[parent] -= 1
            yield Step(
                index=index,
                node=node,
                parent=parent,
                slot=slot,
                local_derivative=locals_[slot],
                cotangent=g,
                contribution=contribution,
                before=before,
                after=after,
                complete=not remaining[parent],
                remaining=remaining[parent],
                _reading=reading,
            )
            index += 1


def forward_steps(node: Node, *, digits: int = 4) -> Iterator[ForwardStep]:
    """The operations that computed `node`, one at a time, in the order in which they were recorded.

    Raises:
        TypeError: for anything but a node.
        StaleGraphError: data was assigned after it had been used: the formulas would be false.

    >>> import autograd
    >>> x, w = autograd.Value(2.0, "x"), autograd.Value(-3.0, "w")
    >>> for step in autograd.forward_steps((w * x + 1).tanh()):
    ...     print(step.text())
    v₁ = w · x = −3 · 2 = −6
    v₂ = v₁ + 1 = −6 + 1 = −5
    L = tanh(v₂) = tanh(−5) = −0.9999
    """
    _check_node(node, "forward_steps")
    return forward_steps_of(PassNotation(node, digits))


def forward_steps_of(reading: PassNotation) -> Pass[ForwardStep]:
    """`forward_steps`, written as somebody has chosen already."""
    order = [each for each in topological_order(reading.root, arguments=True) if not each.is_leaf]
    check_fresh(order, "forward steps")
    return Pass(lambda: _forward(order, reading), "Forward")


def _forward(order: list[Node], reading: PassNotation) -> Iterator[ForwardStep]:
    for index, node in enumerate(order):
        check_fresh((node,), "forward steps")
        yield ForwardStep(index, node, node.arguments, _read_only(node._raw), reading)


def _check_node(node: Any, what: str) -> None:
    if not isinstance(node, Node):
        raise TypeError(f"{what} takes a Value or a Tensor, got {type(node).__name__}")


def _read_only(x: Any) -> Any:
    """An array that a reader cannot change the pass by; a number as it is."""
    if isinstance(x, np.ndarray):
        x = x.view()
        x.flags.writeable = False
    return x


__all__ = ["ForwardStep", "Step", "forward_steps", "steps"]
publish(__name__)
