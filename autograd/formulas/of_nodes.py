"""Formulas read off the rows: a node's operation and its local derivatives, in letters or numbers.

Nothing is derived here, and there is no table: a row's function and its rules are called with letters
that bear the nodes' symbols and data, and what they return is the formula.
"""

from __future__ import annotations

import itertools
from collections import ChainMap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.engine.families import ARITHMETIC, Elementwise, Multilinear, Reduction
from autograd.engine.graph import Node
from autograd.engine.letters import OPERATORS, Letter, fold
from autograd.engine.primitive import Primitive, registry
from autograd.engine.value import Value
from autograd.formulas.latex import rounded, write
from autograd.formulas.notation import DOTS, Formula, read_as
from autograd.formulas.symbols import Symbols
from autograd.formulas.writing import is_number

NO_FORMULA = (AttributeError, LookupError, NameError, TypeError, *ARITHMETIC)
"""What a user's rule raises when it is no formula of letters."""

Element = Callable[[int], Any]
"""What gives the element at a place of a vector."""

LISTED = 8
"""Terms of a sum or a product that are written out; of more, the first few and the last."""


class Formulas:
    """The formulas of a graph's nodes.

    A case distinction that a local derivative makes is shown as the case that holds. With `anywhere` it
    stands as it is, unless it is about single points, so that the formula is true of other data too.

    Trees are letters and numbers, and can be multiplied and added before they are written: the letter
    of a node is called by its symbol's text and holds its data.

    >>> import autograd
    >>> x, w = autograd.Value(2.0, "x"), autograd.Value(-3.0, "w")
    >>> n = w * x
    >>> y = n.tanh()
    >>> formulas = Formulas(Symbols(y))
    >>> formulas.operation(n).text, formulas.operation(n, numbers=True).text
    ('v₁ = w · x', '−6 = −3 · 2')
    >>> formulas.local_derivative(y, 0).text, formulas.local_derivative(n, 0, numbers=True).text
    ('1 − L²', '2')
    """

    def __init__(self, symbols: Symbols, *, digits: int = 4, anywhere: bool = False) -> None:
        self.symbols = symbols
        self.digits = digits
        self.anywhere = anywhere

    # --- letters ----------------------------------------------------------------------------------

    def letter(self, operand: Any) -> Any:
        """An argument as it stands in a formula: a node or an array as a letter, a number as it is."""
        if isinstance(operand, Node):
            unnamed = operand.name is None and operand.is_leaf and not operand.requires_grad
            if unnamed and not operand.shape:
                return np.float64(operand._raw)
            return Letter(self.symbols[operand].text, sample=operand._raw)
        if isinstance(operand, np.ndarray) and operand.ndim:
            return Letter(self.symbols[operand].text, sample=operand)
        if isinstance(operand, int | float) and not isinstance(operand, bool):
            return np.float64(operand)  # whose arithmetic is IEEE's
        return operand

    def write(
        self,
        tree: Any,
        *,
        numbers: bool = False,
        hadamard: bool = False,
        also: dict[str, Formula] | None = None,
        digits: int | None = None,
    ) -> Formula:
        """A tree as text and LaTeX, with symbols or with numbers; `also` names further letters."""
        names = self.symbols.by_text if also is None else ChainMap(also, self.symbols.by_text)
        shown = self.digits if digits is None else digits
        return write(tree, names, digits=shown, numbers=numbers, hadamard=hadamard)

    def substituted(self, tree: Any, value: float) -> Formula:
        """A tree of scalars with numbers in place of letters, to as many digits as make it true.

        Where digits cancel more of them are shown: 1 − 0.9999877², not 1 − 1², is 2.458e−05.
        """
        digits = self.digits
        tolerance = 2 * 10.0 ** (1 - digits) * abs(value)
        try:
            with np.errstate(all="ignore"):
                while digits < 17 and abs(_computed(tree, digits) - value) > tolerance:
                    digits += 1
        except NO_FORMULA:
            digits = self.digits  # some terms are not shown, so nobody can check the sum
        return self.write(tree, numbers=True, digits=digits)

    # --- the operation ----------------------------------------------------------------------------

    def operation_tree(self, node: Node) -> Any:
        """What the node's primitive computes, as a tree."""
        primitive = node.primitive
        if primitive is None:
            raise ValueError("a leaf was made by the user, not by an operation")
        with np.errstate(all="ignore"):
            letters = [self.letter(x) for x in node.arguments]
            if not _is_flat(node, primitive):
                if any(isinstance(x, Letter) for x in letters):
                    return primitive(*letters, **node.options)
                return Letter(primitive.name, tuple(letters), sample=node._raw)
            if isinstance(primitive, Multilinear):
                n = len(letters) // (primitive.arity or 1)
                slots = [letters[i * n : i * n + n] for i in range(primitive.arity or 1)]
                terms = [_multiplied(factors) for factors in zip(*_shortened(*slots), strict=True)]
                return Letter("sum", tuple(terms), sample=node._raw)
            if len(letters) == 1 and primitive.name in ("sum", "mean", "prod"):
                return letters[0]
            (terms,) = _shortened(letters)
            own = {k: x for k, x in node.options.items() if k not in ("axis", "keepdims")}
            shown = {k: x for k, x in own.items() if x != primitive.options[k]}
            return Letter(primitive.name, tuple(terms), shown, sample=node._raw)

    def operation(self, node: Node, *, numbers: bool = False) -> Formula:
        """``out = tanh(x)``: the node's symbol, or its number, and the operation that gave it."""
        tree = self.operation_tree(node)
        if numbers and isinstance(node, Value):
            right = self.substituted(tree, node._raw)
        else:
            right = self.write(tree, numbers=numbers, hadamard=bool(node.shape))
        left = self.write(self.letter(node), numbers=numbers)
        return Formula(f"{left.text} = {right.text}", f"{left.latex} = {right.latex}")

    # --- the local derivative ---------------------------------------------------------------------

    def slot(self, node: Node, place: int) -> int:
        """The position among the arguments of the parent at `place` among the parents."""
        primitive, arguments = node.primitive, node.arguments
        if primitive is None:
            raise ValueError("a leaf has no arguments")
        slots = (
            slot
            for slot, x in enumerate(arguments)
            if isinstance(x, Node) and x.requires_grad and primitive.differentiable(slot)
        )
        return next(itertools.islice(slots, place, None))

    def derivative_tree(self, node: Node, place: int) -> Any | None:
        """The local derivative by the parent at `place`, as a tree; ``None`` where the rule has none.

        Of an elementwise operation on tensors it is the diagonal of the Jacobian.
        """
        primitive = node.primitive
        if primitive is None:
            raise ValueError("a leaf has no local derivatives")
        slot = self.slot(node, place)
        try:
            with np.errstate(all="ignore"):
                if isinstance(primitive, Elementwise):
                    letters = [self.letter(x) for x in node.arguments]
                    out = self.letter(node)
                    tree = primitive.rule(slot)(out, *letters, **node.options)
                    if isinstance(tree, complex) or tree is None:
                        return None
                    return settled(tree, self.anywhere)
                if _is_flat(node, primitive):
                    return settled(self._flat_derivative(node, primitive, slot), self.anywhere)
        except NO_FORMULA:
            pass
        return None

    def local_derivative(
        self, node: Node, place: int, *, numbers: bool = False, hadamard: bool = False
    ) -> Formula:
        """The local derivative by the parent at `place`, as text and LaTeX.

        Where the rule is no formula of letters, or the Jacobian is not diagonal, it is ∂out/∂x; with
        numbers, the number on the edge.
        """
        tree = self.derivative_tree(node, place)
        if tree is not None and numbers and isinstance(node, Value):
            return self.substituted(tree, node._local_derivatives[place])
        if tree is not None:
            return self.write(tree, numbers=numbers, hadamard=hadamard)
        if numbers and not node.shape and isinstance(node._local_derivatives[place], float):
            return self.write(np.float64(node._local_derivatives[place]))
        return derivative(self.symbols[node], self.symbols[node.parents[place]])

    def contribution_tree(self, node: Node, place: int, g: Any) -> Any | None:
        """Cotangent times local derivative, as the row's vjp writes it: what a tensor's parent gets.

        `g` is the letter of the cotangent. ``None`` where the rule is no formula of letters.
        """
        primitive = node.primitive
        if primitive is None:
            raise ValueError("a leaf passes no cotangent on")
        letters = [self.letter(x) for x in node.arguments]
        try:
            with np.errstate(all="ignore"):
                slot = self.slot(node, place)
                tree = primitive.shown_vjp(slot, g, self.letter(node), letters, node.options)
                return settled(tree)
        except NO_FORMULA:
            return None

    def _flat_derivative(self, node: Node, primitive: Primitive, slot: int) -> Any:
        """The derivative of one output of many scalars, from the row on whole vectors.

        The row is evaluated on vectors of letters, and the element of the result is picked out.
        """
        numbers = np.array([float(getattr(x, "_raw", x)) for x in node.arguments])
        out = self.letter(node)
        own = {k: x for k, x in node.options.items() if k not in ("axis", "keepdims")}
        arity = primitive.arity or 1
        n = len(numbers) // arity
        # The vectors are called what no node can be.
        parts = {f"\0{i}": slice(i * n, i * n + n) for i in range(arity)}
        vectors = [Letter(name, sample=numbers[part]) for name, part in parts.items()]
        columns = {name: list(node.arguments[part]) for name, part in parts.items()}
        try:
            if isinstance(primitive, Reduction):
                tree = primitive.row(out, vectors[0], (0,), **own)
            else:
                tree = primitive.shown_vjp(slot // n, 1.0, out, vectors, own)
            return self._elements(tree, columns)(slot % n)
        except NO_FORMULA:
            if len(node.arguments) > LISTED:
                raise
        # A row that mixes the elements, such as that of prod: on letters one by one.
        letters: Any = np.empty(len(node.arguments), dtype=object)
        for i, x in enumerate(node.arguments):
            letters[i] = self.letter(x)
        return primitive.flat_derivatives(out, letters, node.options)[slot]

    def _elements(self, tree: Any, columns: dict[str, list[Any]]) -> Element:
        """The elements of a tree of vectors, each as a tree of scalars."""

        def leaf(x: Any) -> Element:
            if isinstance(x, Letter):
                return lambda i: self.letter(columns[x.function][i]) if x.function in columns else x
            return lambda i: x if np.ndim(x) == 0 else np.ravel(x)[i if np.size(x) > 1 else 0]

        return fold(tree, leaf, _element)


def _element(x: Letter, parts: list[Element]) -> Element:
    """The elements of a letter, from those of its arguments."""
    row, name = registry.get(x.function), x.function
    sample = x.sample.ravel()
    if name in OPERATORS or isinstance(row, Elementwise):
        return lambda i: Letter(
            name, tuple(part(i) for part in parts), x.options, sample=sample[i if x.size > 1 else 0]
        )
    (inner,), (part,) = x.arguments, parts
    if name in ("reshape", "transpose") and inner.size == x.size:
        return part
    if not isinstance(row, Reduction) and name != "cumsum":
        raise LookupError(f"{name} mixes the elements of a vector")
    shown = read_as("sum" if name == "cumsum" else name)

    def reduced(i: int) -> Any:
        places = range(i + 1 if name == "cumsum" else inner.size)
        terms = _with_dots([part(j) for j in _few(places)], len(places))
        if len(terms) == 1 and shown in ("sum", "mean"):
            return terms[0]
        return Letter(shown, tuple(terms), sample=sample[i if x.size > 1 else 0])

    return reduced


def derivative(of: Formula, by: Formula) -> Formula:
    """∂of/∂by."""
    return Formula(
        f"∂{of.text}/∂{by.text}", rf"\frac{{\partial {of.latex}}}{{\partial {by.latex}}}"
    )


def settled(tree: Any, anywhere: bool = False) -> Any:
    """A tree in which a case distinction that the data settles is the case that holds, and what is 0
    by that is not subtracted. With `anywhere` it is what holds at all but single points."""
    return fold(tree, lambda x: x, lambda x, parts: _settled(x, parts, anywhere))


def _settled(tree: Letter, parts: list[Any], anywhere: bool) -> Any:
    if tree.function == "where":
        holds = _generic(tree.arguments[0]) if anywhere else _held(tree.arguments[0])
        if holds is not None:
            return parts[1 if holds else 2]
    if tree.function == "div" and all(map(is_number, parts)) and parts[0] == 0 != parts[1]:
        return 0.0
    if tree.function == "sub":
        for place, part in enumerate(parts):
            gone = isinstance(tree.arguments[place], Letter) and is_number(part) and part == 0
            if gone and not tree.ndim:
                return parts[0] if place else -parts[1]
    name = read_as(tree.function)
    return Letter(name, tuple(parts), tree.options, sample=tree.sample)


def _held(condition: Any) -> bool | None:
    """What the data say of a condition, if they all say the same."""
    truths = np.asarray(getattr(condition, "sample", condition), dtype=bool)
    return bool(truths.all()) if truths.all() or not truths.any() else None


def _generic(condition: Any) -> bool | None:
    """What holds of a condition at all but single points, if that is known."""
    if not isinstance(condition, Letter) or not condition.arguments:
        return _held(condition)
    relation, parts = condition.function, condition.arguments
    if relation in ("equal", "not_equal"):
        return (relation == "equal") == (parts[0] is parts[1])
    if relation not in ("logical_and", "logical_or"):
        return None
    truths, deciding = [_generic(part) for part in parts], relation == "logical_or"
    return deciding if deciding in truths else None if None in truths else not deciding


def _computed(tree: Any, digits: int) -> float:
    """What a reader computes from a tree of scalars written with so many digits."""

    def leaf(x: Any) -> float:
        if not isinstance(x, Letter):
            return rounded(float(x), digits, literal=True)
        if x.function == DOTS:
            raise LookupError("some terms are not shown")
        return rounded(float(x.sample), digits, literal=False)

    def apply(x: Letter, numbers: list[float]) -> float:
        parts = list(map(np.float64, numbers))  # whose arithmetic is IEEE's
        if x.function == "times":
            return float(parts[0] * parts[1])
        if x.function in OPERATORS:
            return float(OPERATORS[x.function][1](*parts))
        row = registry[x.function]
        if isinstance(row, Reduction):
            return float(row(np.array(parts), **x.options))
        return float(row(*parts, **x.options))

    return fold(tree, leaf, apply)


def _is_flat(node: Node, primitive: Primitive) -> bool:
    """Whether a node is one scalar output of many scalar arguments."""
    return isinstance(node, Value) and isinstance(primitive, Reduction | Multilinear)


def _few(places: Sequence[int]) -> list[int]:
    """All of a few places; of many, the first ones and the last."""
    return list(places) if len(places) <= LISTED else [*places[: LISTED - 2], places[-1]]


def _shortened(*columns: list[Any]) -> list[list[Any]]:
    """Columns of terms, with dots in place of most of many."""
    return [
        _with_dots([column[i] for i in _few(range(len(column)))], len(column)) for column in columns
    ]


def _with_dots(terms: list[Any], count: int) -> list[Any]:
    """The terms that are shown of so many, with dots in place of the others."""
    return [*terms[:-1], Letter(DOTS, sample=0.0), terms[-1]] if count > LISTED else terms


def _multiplied(factors: Sequence[Any]) -> Any:
    """The product of a term's factors; of dots, the dots."""
    product = factors[0]
    if isinstance(product, Letter) and product.function == DOTS:
        return product
    for factor in factors[1:]:
        product = product * factor
    return product
