"""Writing a formula of letters with as few brackets as its operators need.

There is no derivative in here. A row's rule, called with letters, gives a tree (`autograd.letters`);
a `Writer` knows how strongly each operator binds, and leaves to its two kinds, plain text and LaTeX, how
each looks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd.engine.families import Relation
from autograd.engine.letters import Letter, Piece, written
from autograd.engine.primitive import Unsaid, registry
from autograd.formulas.notation import CONSTANTS, DOTS, Formula, expanded
from autograd.formulas.plain import listed, significant
from autograd.support.late import import_late

# How strongly an expression holds together: what stands inside another needs brackets when it holds
# less strongly than its place asks for.
CASES, OR, AND, COMPARISON, SUM, PRODUCT, FRACTION, POWER, ATOM = range(9)

LARGEST = 10_000
"""The largest denominator of a number that is written as a ratio."""

UNTAKEN = {"entropy": False, "ignore": None, "track": None, "weight": None, "smoothing": 0.0}
"""Options of losses and normalisations, and the values of theirs that say: nothing was chosen."""

WRITTEN = 12
"""Significant digits of a decimal that somebody may have written."""


def is_number(tree: Any) -> bool:
    """Whether a tree is one plain number."""
    return not isinstance(tree, Letter) and np.ndim(tree) == 0


def is_whole(tree: Any, least: int, bound: int) -> bool:
    """Whether a tree is a whole number from `least` to below `bound`.

    ``x in range(...)`` says the same, but compares a number that is no int with every member.
    """
    return is_number(tree) and bool(least <= tree < bound) and float(tree).is_integer()


def _untaken(key: str, x: Any) -> bool:
    """Whether an option says that nothing was chosen, or is not the user's."""
    if isinstance(x, Unsaid):
        return True
    return key in UNTAKEN and np.ndim(x) == 0 and bool(x == UNTAKEN[key])


def _minus(tree: Any) -> tuple[bool, Any]:
    """Whether a tree is the negative of another, and that other."""
    if is_number(tree):
        negative = bool(np.signbit(tree)) and tree == tree and tree != 0
        return negative, -tree if negative else tree
    if isinstance(tree, Letter) and tree.function == "neg":
        return True, tree.arguments[0]
    return False, tree


def _factors(tree: Any) -> tuple[bool, list[Any]]:
    """The factors of a product in order, and whether a minus stands before it."""
    negative = False
    factors: list[Any] = []
    waiting = [tree]
    while waiting:
        minus, factor = _minus(waiting.pop())
        negative ^= minus
        if not isinstance(factor, Letter) or factor.function not in ("mul", "neg", "div"):
            factors.append(factor)
        elif factor.function == "div":
            minus, top = _factors(factor.arguments[0])
            if minus:
                bottom = factor.arguments[1]
                factor = Letter("div", (_product(top), bottom), sample=-factor.sample)
            negative ^= minus
            factors.append(factor)
        else:
            waiting.extend(reversed(factor.arguments))
    return negative, factors


def _product(factors: list[Any]) -> Any:
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return product


class Writer:
    """What the two ways of writing share: which operators there are, and where brackets go."""

    signs: Mapping[str, str]
    plus, minus = " + ", " − "

    def __init__(self, digits: int, leaf: Callable[[str], str] = str) -> None:
        self.digits = digits
        self.leaf = leaf
        self.numbers = self.hadamard = False

    # --- what each way of writing says for itself -------------------------------------------------

    def number(self, x: Any) -> Piece:
        """A number."""
        raise TypeError(f"{type(self).__name__} writes no numbers")

    def known(self, formula: Formula) -> str:
        """A well-known constant."""
        raise TypeError(f"{type(self).__name__} writes no constants")

    def bracketed(self, text: str) -> str:
        """An expression in brackets."""
        raise TypeError(f"{type(self).__name__} writes no brackets")

    def fraction(self, top: Any, bottom: Any) -> Piece:
        """A quotient."""
        raise TypeError(f"{type(self).__name__} writes no fractions")

    def power(self, base: Piece, exponent: Any) -> Piece:
        """A power."""
        raise TypeError(f"{type(self).__name__} writes no powers")

    def times(self, left: Any, right: Any) -> str:
        """The sign between two factors."""
        raise TypeError(f"{type(self).__name__} writes no products")

    def call(self, name: str, arguments: list[str], options: Mapping[str, Any]) -> Piece:
        """A function of arguments."""
        raise TypeError(f"{type(self).__name__} writes no calls")

    def wrapped(self, name: str, tree: Letter) -> Piece:
        """An expression between two signs: |x|, ⌊x⌋, 𝟙[…]."""
        template = self.signs[f"@{name}"]
        inner = [self.write(x).text for x in tree.arguments]
        if name == "indicator":
            inner = inner[:1]  # the second argument says only in which dtype
        text = inner[0] if len(inner) == 1 else self.bracketed(", ".join(inner))
        return Piece(template.replace("@", text), ATOM)

    def cases(self, condition: Any, x: Any, y: Any) -> Piece:
        """One of two expressions."""
        raise TypeError(f"{type(self).__name__} writes no cases")

    def transposed(self, piece: Piece) -> Piece:
        """A transpose."""
        raise TypeError(f"{type(self).__name__} writes no transposes")

    # --- what they share --------------------------------------------------------------------------

    def write(self, tree: Any) -> Piece:
        """A tree as a piece of text."""
        if not isinstance(tree, Letter):
            return self.constant(tree)
        if not tree.arguments and not tree.options:
            if tree.function == DOTS:
                return Piece(self.signs[DOTS], ATOM)
            if self.numbers:
                x = tree.sample
                return Piece(self.array(x, computed=True), ATOM) if x.ndim else self.number(x)
            # ∂L/∂x needs brackets under a power or a transpose.
            text = self.leaf(tree.function)
            if text.startswith(("∂", r"\frac")):
                return Piece(text, FRACTION)
            return Piece(text, POWER if "^" in text or "⁾" in text else ATOM)
        name = tree.function
        own = getattr(self, f"_{name}", None)
        if own is not None:
            piece: Piece = own(tree)
            return piece
        if (formula := expanded(tree)) is not tree:
            return self.write(formula)
        if isinstance(registry.get(name), Relation):  # the connectives have a level of their own
            return self.joined(tree.arguments, f" {self.signs[name]} ", COMPARISON)
        if f"@{name}" in self.signs and not self.shown(tree.options):
            return self.wrapped(name, tree)
        arguments = [self.write(argument).text for argument in tree.arguments]
        return self.call(name, arguments, tree.options)

    def shown(self, options: Mapping[str, Any]) -> dict[str, str]:
        """Options as text, without ``keepdims``, which is about arrays and not about mathematics,
        without functions, and without a choice that was not taken."""
        return {
            key: self.option(x)
            for key, x in options.items()
            if key != "keepdims" and not callable(x) and not _untaken(key, x)
        }

    def constant(self, x: Any) -> Piece:
        """What is no letter: a number, an array, an option."""
        if isinstance(x, bool | np.bool_):
            return Piece(self.signs[str(bool(x))], ATOM)
        if isinstance(x, str) or not np.isrealobj(x) or np.asarray(x).dtype.kind not in "biuf":
            return self.call(str(x), [], {})
        if np.ndim(x) == 0:
            return self.exact(np.asarray(x).item()) or self.number(np.asarray(x).item())
        if np.size(x) > 1 and np.all(np.asarray(x) == 1):
            return Piece(self.signs["ones"], ATOM)
        return Piece(self.array(np.asarray(x)), ATOM)

    def exact(self, x: Any) -> Piece | None:
        """A number of a rule that has a sign of its own, or is a ratio: ln 2, 1/3, not 0.3333.

        What somebody wrote as a decimal, such as 0.1, is no ratio.
        """
        if (known := CONSTANTS.get(abs(x))) is not None:
            text = self.known(known)
            level = PRODUCT if x < 0 or "/" in text or "frac" in text else ATOM
            return Piece(text if x > 0 else self.minus.strip() + text, level)
        if not np.isfinite(x) or float(significant(x, self.digits)) == x:
            return None
        ratio = import_late("fractions").Fraction(x).limit_denominator(LARGEST)
        if float(ratio) != x or ratio.denominator == 1:
            return None
        halves = ratio.denominator & (ratio.denominator - 1) == 0
        if float(significant(x, WRITTEN)) == x and not halves:
            return None
        piece = self.fraction(abs(ratio.numerator), ratio.denominator)
        return piece if x > 0 else Piece(self.minus.strip() + piece.text, PRODUCT)

    def array(self, x: Any, *, computed: bool = False) -> str:
        """A small array in square brackets; of a larger one the shape.

        Numbers that were computed are rounded; those of a constant may be ratios, as `exact` has them.
        """
        if x.size > 6:
            return self.call("array", [" × ".join(map(str, x.shape))], {}).text
        entry = self.number if computed and x.dtype != bool else self.constant
        return listed(x, lambda each: entry(each).text)

    def at_least(self, level: int, tree: Any) -> str:
        """A tree, in brackets where it holds together less than its place asks for."""
        piece = tree if isinstance(tree, Piece) else self.write(tree)
        return piece.text if piece.level >= level else self.bracketed(piece.text)

    def joined(self, trees: Any, sign: str, level: int) -> Piece:
        """Operands with a sign between them, each holding together more strongly than it."""
        return Piece(sign.join(self.at_least(level + 1, tree) for tree in trees), level)

    def _add(self, tree: Letter) -> Piece:
        return self.sum(tree.arguments)

    def sum(self, terms: Any) -> Piece:
        """A sum; a term with a minus is subtracted. Nested sums are unfolded without recursion."""
        flat: list[tuple[bool, Any]] = []
        waiting = [(False, term) for term in reversed(terms)]
        while waiting:
            negative, term = waiting.pop()
            if isinstance(term, Letter) and term.function in ("add", "sub") and not negative:
                left, right = term.arguments
                waiting += [(term.function == "sub", right), (False, left)]
            else:
                flat.append((negative, term))
        text = ""
        for place, (negative, each) in enumerate(flat):
            sign, shown = self.term(self.write(each), negative, not place)
            text += sign + shown
        return Piece(text, SUM)

    def term(self, piece: Piece, negative: bool, first: bool) -> tuple[str, str]:
        """The sign before a term of a sum, and the term; `negative` is one that is subtracted."""
        minus = piece.level == PRODUCT and self.begins_with_minus(piece)
        if minus and not (negative and self.numbers):
            shown, negative = piece.text[len(self.minus.strip()) :], not negative
        elif minus:
            shown = self.bracketed(piece.text)
        else:
            shown = self.at_least(PRODUCT, piece) if negative or not first else piece.text
        sign = self.minus if negative else self.plus
        return sign if not first else sign.strip() if negative else "", shown

    def guarded(self, piece: Piece) -> str:
        """A piece that stands after a minus."""
        level = PRODUCT + 1 if self.begins_with_minus(piece) else PRODUCT
        return self.at_least(level, piece)

    def begins_with_minus(self, piece: Piece) -> bool:
        """Whether the first sign of a piece is a minus."""
        return piece.text.startswith(self.minus.strip())

    def _sub(self, tree: Letter) -> Piece:
        return self.sum((tree,))

    def _neg(self, tree: Letter) -> Piece:
        return self.product(tree)

    def _mul(self, tree: Letter) -> Piece:
        return (self.outer(tree) if self.hadamard else None) or self.product(tree)

    def product(self, tree: Any) -> Piece:
        """A product: minus signs in front, factors of 1 left out, equal neighbours as powers."""
        negative, factors = _factors(tree)
        factors = [f for f in factors if not (is_number(f) and f == 1)] or factors[:1]
        factors.sort(key=self.dotted)  # 2 · g ⊙ x: numbers before arrays, each in their order
        runs: list[tuple[Piece, int, Any]] = []
        key: str | None = None
        for factor in factors:
            # Equal letters, not equal numbers: 2 · w at w = 2 is 2 · 2.
            before, key = key, None if is_dots(factor) or self.dotted(factor) else written(factor)
            if key is not None and key == before and isinstance(factor, Letter):
                runs[-1] = (runs[-1][0], runs[-1][1] + 1, factor)
            else:
                runs.append((self.write(factor), 1, factor))
        if len(runs) == 1 and runs[0][1] == 1:
            piece = runs[0][0]
            if not negative:
                return piece
            return Piece(self.minus.strip() + self.guarded(piece), PRODUCT)
        text = ""
        last: Any = None
        for place, (piece, count, factor) in enumerate(runs):
            if count > 1:
                piece = self.power(piece, count)
            needed = PRODUCT + 1 if place or negative else PRODUCT
            text += (self.times(last, factor) if place else "") + self.at_least(needed, piece)
            last = factor
        return Piece((self.minus.strip() if negative else "") + text, PRODUCT)

    def _times(self, tree: Letter) -> Piece:
        """The product of a chain rule: every factor is written, also a 1."""
        left, right = tree.arguments
        text = self.at_least(PRODUCT, left) + self.times(left, right)
        return Piece(text + self.at_least(PRODUCT + 1, right), PRODUCT)

    def dotted(self, factor: Any) -> bool:
        """Whether a product with this factor is one of arrays, element by element."""
        return self.hadamard and isinstance(factor, Letter) and factor.ndim > 0

    def _div(self, tree: Letter) -> Piece:
        top, bottom = tree.arguments
        negative, factors = _factors(top)
        rest = _product(factors) if negative else top
        if isinstance(rest, Letter) and rest.function == "div":  # x / y / z has one line
            rest, bottom = rest.arguments[0], rest.arguments[1] * bottom
        if is_number(rest) and 0 < rest < 1 and float(1 / rest).is_integer() and rest >= 1e-3:
            rest, bottom = 1, round(1 / float(rest)) * bottom
        piece = self.fraction(rest, bottom)
        if not negative:
            return piece
        return Piece(self.minus.strip() + piece.text, PRODUCT)

    def _pow(self, tree: Letter) -> Piece:
        base, exponent = tree.arguments
        if is_number(exponent) and exponent == 1:
            return self.write(base)
        return self.power(self.write(base), exponent)

    def _where(self, tree: Letter) -> Piece:
        return self.cases(*tree.arguments)

    def _logical_and(self, tree: Letter) -> Piece:
        return self.joined(tree.arguments, f" {self.signs['logical_and']} ", AND)

    def _logical_or(self, tree: Letter) -> Piece:
        return self.joined(tree.arguments, f" {self.signs['logical_or']} ", OR)

    def _sum(self, tree: Letter) -> Piece:
        if len(tree.arguments) > 1:
            return self.sum(tree.arguments)
        return self.call("sum", [self.at_least(PRODUCT, tree.arguments[0])], tree.options)

    def _prod(self, tree: Letter) -> Piece:
        if len(tree.arguments) > 1:
            return self.product(_product(list(tree.arguments)))
        return self.call("prod", [self.at_least(PRODUCT, tree.arguments[0])], tree.options)

    def _sum_squares(self, tree: Letter) -> Piece:
        if len(tree.arguments) > 1:
            return self.sum([x if is_dots(x) else x**2 for x in tree.arguments])
        return self.call("sum_squares", [self.write(tree.arguments[0]).text], tree.options)

    def _transpose(self, tree: Letter) -> Piece:
        (inner,) = tree.arguments
        if tree.ndim != 2 or tree.options.get("axes") not in (None, (1, 0)):
            return self.call("transpose", [self.write(inner).text], tree.options)
        return self.transposed(self.write(inner))

    def _swapaxes(self, tree: Letter) -> Piece:
        return self.transposed(self.write(tree.arguments[0]))

    def _reshape(self, tree: Letter) -> Piece:
        (inner,) = tree.arguments
        product = isinstance(inner, Letter) and inner.function == "matmul"
        if tree.shape == inner.shape or (
            product and tree.ndim == 1 and tree.size == max(inner.shape)
        ):
            return self.write(inner)
        return self.call("reshape", [self.write(inner).text], tree.options)

    def _broadcast_to(self, tree: Letter) -> Piece:
        (inner,) = tree.arguments
        if isinstance(inner, Letter) and inner.ndim == 0:
            return self.product(Letter("mul", (inner, np.ones(2)), sample=tree.sample))
        return self.call("broadcast_to", [self.write(inner).text], tree.options)

    def _matmul(self, tree: Letter) -> Piece:
        left, right = (self.column(operand) for operand in tree.arguments)
        text = (
            self.at_least(PRODUCT, left) + self.signs["matmul"] + self.at_least(PRODUCT + 1, right)
        )
        return Piece(text, PRODUCT)

    def column(self, tree: Any) -> Piece:
        """A factor of a matrix product: a vector is a column, and as a row it is transposed."""
        if isinstance(tree, Letter) and tree.function == "reshape" and tree.ndim == 2:
            (inner,) = tree.arguments
            if inner.ndim == 1 and tree.shape == (inner.size, 1):
                return self.write(inner)
            if inner.ndim == 1 and tree.shape == (1, inner.size):
                return self.transposed(self.write(inner))
        return self.write(tree)

    def outer(self, tree: Letter) -> Piece | None:
        """The product of a column and a row, element by element, is their matrix product."""
        left, right = tree.arguments
        if not (isinstance(left, Letter) and isinstance(right, Letter) and tree.ndim == 2):
            return None
        if left.shape != (tree.shape[0], 1) or right.shape[-1:] != (tree.shape[1],):
            return None
        if right.shape == (tree.shape[1],):
            row = self.transposed(self.write(right))
        elif right.shape == (1, tree.shape[1]):
            row = self.column(right)
        else:
            return None
        ahead = self.at_least(PRODUCT, self.column(left))
        return Piece(ahead + self.signs["matmul"] + self.at_least(PRODUCT + 1, row), PRODUCT)

    def _getitem(self, tree: Letter) -> Piece:
        index = tree.options.get("index", ())
        if isinstance(index, tuple) and not index:
            return self.write(tree.arguments[0])
        parts = index if isinstance(index, tuple) else (index,)
        inner = ", ".join(self.index(part) for part in parts)
        return Piece(self.subscript(self.at_least(ATOM, tree.arguments[0]), inner), ATOM)

    def option(self, x: Any, inside: bool = False) -> str:
        """The value of an option; one thing alone needs no tuple, unless it is inside another."""
        if isinstance(x, tuple) and len(x) == 1 and not inside:
            return self.option(x[0], True)
        if isinstance(x, tuple):
            parts = ", ".join(self.option(each, True) for each in x)
            return self.bracketed(f"{parts}," if len(x) == 1 else parts)
        if isinstance(x, slice | np.ndarray | int) or x is Ellipsis:
            return self.index(x)
        return self.decimal(x) if isinstance(x, float) else self.word(str(x))

    def index(self, part: Any) -> str:
        """One part of an index."""
        if isinstance(part, slice):
            ends = ["" if end is None else str(end) for end in (part.start, part.stop)]
            return ":".join([*ends, *([] if part.step is None else [str(part.step)])])
        if part is Ellipsis:
            return self.signs[DOTS]
        if np.ndim(part):
            return self.array(np.asarray(part))
        if np.asarray(part).dtype.kind not in "iuf":  # True, None
            return self.word(str(part))
        return str(part).replace("-", self.minus.strip())

    def word(self, text: str) -> str:
        """Text that is no mathematics, such as the value of an option."""
        return text

    def decimal(self, x: float) -> str:
        """A number with all its digits."""
        return str(x)

    def subscript(self, text: str, inner: str) -> str:
        """An index after what it picks from."""
        return f"{text}[{inner}]"


def is_dots(tree: Any) -> bool:
    """Whether a tree is the dots that stand for arguments left out."""
    return isinstance(tree, Letter) and tree.function == DOTS
