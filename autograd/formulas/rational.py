"""Collapsing an elementwise formula to a shorter one by exact arithmetic on polynomials."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from autograd.engine.letters import Letter, arguments_of, fold
from autograd.formulas.algebra import add, product, sample

Monomial = tuple[tuple[str, int], ...]
Polynomial = dict[Monomial, Fraction]
Ratio = tuple[Polynomial, Polynomial]

READ = ("product", "mul", "plus", "add", "sub", "neg", "div")
"""Functions whose ratio is one of their arguments' ratios."""

ONE: Polynomial = {(): Fraction(1)}
LARGEST = 60
"""Terms of a polynomial above which a formula is left as it is."""


class TooLongError(Exception):
    """A formula that is no short ratio of polynomials."""


def plus(a: Polynomial, b: Polynomial) -> Polynomial:
    """The sum."""
    total = dict(a)
    for monomial, x in b.items():
        total[monomial] = total.get(monomial, Fraction(0)) + x
    return {monomial: x for monomial, x in total.items() if x}


def by(a: Polynomial, b: Polynomial) -> Polynomial:
    """The product."""
    total: Polynomial = {}
    for m, x in a.items():
        for n, y in b.items():
            powers = dict(m)
            for atom, power in n:
                powers[atom] = powers.get(atom, 0) + power
            key = tuple(sorted(powers.items()))
            total[key] = total.get(key, Fraction(0)) + x * y
    if len(total) > LARGEST:
        raise TooLongError
    return {monomial: x for monomial, x in total.items() if x}


def quotient(a: Polynomial, b: Polynomial) -> Polynomial | None:
    """a / b where it divides without remainder."""
    atoms = sorted({atom for p in (a, b) for m in p for atom, _ in m})

    def order(m: Monomial) -> list[int]:
        return [dict(m).get(atom, 0) for atom in atoms]

    if not b:
        return None
    rest = a
    result: Polynomial = {}
    lead = max(b, key=order)
    for _ in range(LARGEST):
        if not rest:
            return result
        top = max(rest, key=order)
        powers = {atom: dict(top).get(atom, 0) - dict(lead).get(atom, 0) for atom in atoms}
        if min(powers.values(), default=0) < 0:
            return None
        term = {tuple(sorted((x, p) for x, p in powers.items() if p)): rest[top] / b[lead]}
        result = plus(result, term)
        rest = plus(rest, by(term, {m: -x for m, x in b.items()}))
    return None


class _Reader:
    """Reads a formula as a ratio of polynomials, under assumptions about masks."""

    def __init__(
        self,
        masks: dict[str, bool],
        given: dict[str, Fraction],
        data: Collection[str],
        meaning: Callable[[str], Any],
    ) -> None:
        self.masks, self.given, self.data, self.meaning = masks, given, data, meaning
        self.cases: dict[str, tuple[str, int] | None] = {}  # masks that stand in the formula
        self.atoms: dict[str, Letter] = {}
        self.letters = 0

    def read(self, x: Any) -> Ratio:
        """A formula as numerator and denominator."""
        return fold(x, self.leaf, self.combined, self.parts)

    def parts(self, x: Any) -> Sequence[Any]:
        """What a letter is read through: what it stands for, or the case that holds."""
        if not isinstance(x, Letter):
            return ()
        self.letters += 1
        name, arguments = x.function, x.arguments
        if not arguments:
            known = name == "inverse" or name in self.given
            return () if known or (meant := self.meaning(name)) is None else (meant,)
        mask = getattr(arguments[0], "function", "")
        if name == "where" and mask in self.masks:
            return (arguments[1 if self.masks[mask] else 2],)
        if name == "where" and (case := self.case(arguments[0])) is not None:
            return (arguments[2 if self.masks.get(case, True) else 1],)
        if name == "sigmoid":
            of = arguments[0]
            meant = of if arguments_of(of) else self.meaning(of.function)
            turned = isinstance(meant, Letter) and meant.function == "neg"
            return (Letter("sigmoid", meant.arguments, sample=1 - x.sample),) if turned else ()
        if name == "indicator":
            return ()
        if name in READ or (name == "broadcast_to" and sample(arguments[0]).shape == ()):
            return arguments
        raise TooLongError

    def combined(self, x: Letter, parts: list[Ratio]) -> Ratio:
        """A letter, from what it is read through."""
        name = x.function
        if name in ("product", "mul"):
            top, bottom = ONE, ONE
            for a, b in parts:
                top, bottom = by(top, a), by(bottom, b)
            return top, bottom
        if name in ("plus", "add", "sub", "neg"):
            if name in ("sub", "neg"):
                a, b = parts.pop()
                parts.append(({m: -c for m, c in a.items()}, b))
            top, bottom = parts[0]
            for a, b in parts[1:]:
                top, bottom = plus(by(top, b), by(a, bottom)), by(bottom, b)
            return top, bottom
        if name == "div":
            (a, b), (c, d) = parts
            return by(a, d), by(b, c)
        ((a, b),) = parts
        if name == "sigmoid":  # σ(−z) = 1 − σ(z)
            return plus(b, {m: -c for m, c in a.items()}), b
        return a, b

    def case(self, condition: Any) -> str | None:
        """The name of the mask y ≠ v, for a condition y = v on data."""
        if not isinstance(condition, Letter) or condition.function != "equal":
            return None
        of, value = condition.arguments
        if getattr(of, "function", None) not in self.data or value not in (0, 1):
            return None
        name = f"{of.function} ≠ {int(value)}"
        self.cases[name] = (of.function, int(value))
        return name

    def leaf(self, x: Any) -> Ratio:
        """A number, one that is given or that a mask says, or an atom."""
        if not isinstance(x, Letter):
            value = Fraction(x)
        elif x.function == "inverse":
            value = Fraction(1, x.options["count"])
        elif x.function == "indicator":
            mask = getattr(x.arguments[0], "function", "")
            if mask not in self.masks:
                raise TooLongError
            value = Fraction(self.masks[mask])
        elif x.is_symbol and x.function in self.given:
            value = self.given[x.function]
        else:
            return self.atom(x)
        return ({(): value} if value else {}), ONE

    def atom(self, x: Letter) -> Ratio:
        """Something that stands for itself."""
        if x.ndim == 0:
            raise TooLongError
        key = x.text()
        self.atoms[key] = x
        return {((key, 1),): Fraction(1)}, ONE


def collapsed(
    formula: Any,
    masks: dict[str, tuple[str, int] | None],
    data: Collection[str],
    meaning: Callable[[str], Any],
) -> Any | None:
    """A sum of at most two letters that equals the formula, or ``None`` where there is none.

    Args:
        formula: an elementwise formula.
        masks: the names of data that says where other data is not 0, or not 1, with that data's name
            and that number; None of a mask that holds everywhere.
        data: the names of data, for which a formula may make a case: where y = 0, or y = 1.
        meaning: what a name stands for, as a formula; ``None`` where it stands for itself.

    The formula is read with every mask holding; then, for each mask, where it does not hold, the data
    has that number, and both formulas must agree there too.
    """
    try:
        reader = _Reader(dict.fromkeys(masks, True), {}, data, meaning)
        top, bottom = reader.read(formula)
        result = quotient(top, bottom)
        if result is None or not 0 < len(result) <= 2:
            return None
        if any(sum(power for _, power in m) != 1 for m in result):
            return None
        every = masks | reader.cases
        for where in every.values():
            if where is None:  # it holds everywhere
                continue
            of, value = where
            holds = {name: other != where for name, other in every.items()}
            # Masks of the same data for the other number do hold where this one does not.
            there = _Reader(holds, {of: Fraction(value)}, data, meaning)
            a, b = there.read(formula)
            c = _at(result, of, Fraction(value))
            if not b or plus(a, by(b, {m: -x for m, x in c.items()})):
                return None
    except (TooLongError, OverflowError, ValueError, TypeError):
        return None
    if reader.letters < 8:
        return None
    return _formula(result, reader.atoms, formula)


def _at(p: Polynomial, name: str, value: Fraction) -> Polynomial:
    """A polynomial where an atom has a value."""
    total: Polynomial = {}
    for m, x in p.items():
        for atom, power in m:
            if atom == name:
                x = x * value**power
        total = plus(total, {tuple((atom, n) for atom, n in m if atom != name): x})
    return total


def _formula(p: Polynomial, atoms: dict[str, Letter], like: Letter) -> Any:
    """A polynomial of degree one as a formula: c (a − b) where the factors are opposite."""
    terms = sorted(p.items(), key=lambda term: term[1] < 0)
    (first, x), *rest = [(atoms[m[0][0]], c) for m, c in terms]
    with np.errstate(all="ignore"):
        if rest and rest[0][1] == -x and x > 0:
            second = rest[0][0]
            whole: Any = Letter("sub", (first, second), sample=first.sample - second.sample)
            return _scaled(x, whole, like.shape)
        every = [(first, x), *rest]
        return add([_scaled(c, letter, like.shape) for letter, c in every])


def _scaled(x: Fraction, letter: Letter, shape: tuple[int, ...]) -> Any:
    count = x.denominator
    inverse = [Letter("inverse", (), {"count": count}, sample=1 / count)] if count > 1 else []
    return product([x.numerator, *inverse, letter], shape)
