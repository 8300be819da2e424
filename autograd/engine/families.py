"""The four families of primitives: functions whose derivative is declared.

The shape of the Jacobian is the taxonomy:

==============  ============================  ====================================
family          Jacobian                      what the row declares
==============  ============================  ====================================
`elementwise`   diagonal                      one local derivative per argument
`reduction`     one row per output            the row
`linear`        the map itself                its transpose
`multilinear`   the map, one slot replaced    one vjp per slot
==============  ============================  ====================================

A `fused` primitive fits none and states its vjp and jvp; a test holds it equal to its composite.

Rules are written in primitives, so one rule is read four ways: with floats and arrays it computes,
with nodes it records, with letters it writes itself down. A rule neither multiplies by the cotangent
nor undoes a broadcast nor accumulates: the families below do each of these once.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.engine.axes import normalise_axes, shape_of
from autograd.engine.choices import NOTHING, as_choice, kept, passed_on
from autograd.engine.letters import ForArrays, Letter, scalar_text, written
from autograd.engine.operands import VALUE_RANK, asarray, is_node, nary
from autograd.engine.primitive import (
    Primitive,
    Rule,
    kinds,
    numpy_functions,
    registry,
    relations,
)
from autograd.engine.unbroadcast import unbroadcast

ndarray = np.ndarray
FLOAT64 = np.dtype(np.float64)

ARITHMETIC = (ZeroDivisionError, OverflowError, ValueError)
"""What Python's floats raise where IEEE arithmetic has an answer."""


def passing(rules: Sequence[Rule | None]) -> int:
    """A bit for each argument that has a rule."""
    return sum(1 << slot for slot, rule in enumerate(rules) if rule is not None)


class Elementwise(Primitive):
    """Each output depends on one element of each argument: the Jacobian is diagonal."""

    family = "diagonal"

    def __init__(
        self,
        name: str,
        scalar: Callable[..., Any],
        array: Callable[..., Any],
        derivatives: tuple[Rule | None, ...],
        composite: Rule | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(name, array, arity=len(derivatives), **fields)
        self.composite = composite
        self.scalar = scalar
        self.derivatives = derivatives
        self._array_rules: list[Any] | None = None  # written when first used, as the next
        self._with_options: dict[Any, list[Any]] = {}
        self.quick: dict[tuple[tuple[int, ...], Any], Any] = {}  # by slots and dtype
        self.of_value: Callable[..., Any] | None = None  # a Value's method, of one argument
        self.passing = passing(derivatives)
        if isinstance(array, np.ufunc) and any(derivatives):
            numpy_functions.setdefault(array, self)  # a user's row does not take np.exp over

    def differentiable(self, slot: int) -> bool:
        return self.derivatives[slot] is not None

    def _rules(self, options: dict[str, Any]) -> list[tuple[Any, Any, Any]]:
        """For each argument: the rule as a NumPy expression, and the choice that it is, if it is one.

        Both are made from the text that the rule writes: the same formulas undispatched. A rule that is
        a whole number, such as those of + and −, stays one. A choice is a function of the cotangent as
        well, for arrays and for operands of any kind.
        """
        if options is self.options and self._array_rules is not None:
            return self._array_rules
        key: Any = tuple(options.items())
        try:
            found = self._with_options.get(key)
        except TypeError:  # an option that cannot be hashed
            key = found = None
        if found is None:
            found = [self._written(slot, options) for slot in range(len(self.derivatives))]
            # A function among the options would be kept alive, with all that it belongs to.
            held = key is not None and not any(map(callable, options.values()))
            if held and len(self._with_options) < 64:
                self._with_options[key] = found
        if options is self.options:
            self._array_rules = found
        return found

    def _written(self, slot: int, options: dict[str, Any]) -> tuple[Any, Any, Any]:
        rule = self.derivatives[slot]
        if rule is None:
            return None, None, None
        names = ("x", "y", "z", "u", "v")[: len(self.derivatives)]
        samples = [np.array(0.5) for _ in names]
        plain: dict[str, Any] = {"asarray": np.asarray, "inf": math.inf, "nan": math.nan}
        arrays = {row.name: row.array for row in registry.values() if isinstance(row, Elementwise)}
        arrays |= plain | {"kept": kept}
        operands = ", ".join(("out", *names))
        try:
            with np.errstate(all="ignore"):  # arccosh(0.5)
                # A formula is written without anything happening.
                impure = self.is_impure(options)
                out = samples[0] if impure else np.asarray(self.array(*samples, **options))
                letters = [Letter(name, sample=0.5) for name in names]
                formula = rule(Letter("out", sample=out), *letters, **options)
                choice = as_choice(formula, Letter("g", sample=0.5))
                if choice is not None:
                    choose = eval(f"lambda g, {operands}: {choice[0]}", arrays)
                    anyhow = eval(f"lambda g, {operands}: {choice[1]}", dict(registry) | plain)
                    for each in (choose, anyhow):
                        each(np.ones(()), out, *samples)
                    return (formula if formula.__class__ is int else None), choose, anyhow
                if formula.__class__ is int:
                    return formula, None, None
                written_rule = eval(f"lambda {operands}: {written(formula)}", arrays)
                written_rule(out, *samples)
        except (AttributeError, NameError, SyntaxError, TypeError, ValueError):
            # A user's rule need not be a formula of letters: then it is called as it is.
            return functools.partial(rule, **options), None, None
        return written_rule, None, None

    def _written_backward(self, slots: tuple[int, ...], dtype: Any) -> Any:
        """What the row passes on through several slots, as one function of arrays of a dtype.

        It is written from the rules, with the cotangent in it. None where a rule is no formula.
        """
        rules = self._rules(self.options)
        if self.impure is not None or any(d.__class__ is functools.partial for d, _, _ in rules):
            return None
        names = ("x", "y", "z", "u", "v")[: len(self.derivatives)]
        writer = ForArrays(dtype)
        g, samples = Letter("g", sample=0.5), [np.array(0.5) for _ in names]
        with np.errstate(all="ignore"):  # arccosh(0.5)
            out = Letter("out", sample=self.array(*samples, **self.options))
            letters = [Letter(name, sample=0.5) for name in names]
            passed = [
                writer.write(passed_on(self.rule(slot)(out, *letters, **self.options), g))
                for slot in slots
            ]
        scope: dict[str, Any] = {
            row.name: row.array for row in registry.values() if isinstance(row, Elementwise)
        }
        scope |= {"asarray": np.asarray, "inf": math.inf, "nan": math.nan, "kept": kept}
        text = f"lambda g, out, {', '.join(names)}: [{', '.join(passed)}]"
        return eval(text, scope | writer.constants)

    def contributions(
        self, slots: tuple[int, ...], g: Any, out: Any, arguments: Any, options: dict[str, Any]
    ) -> Sequence[Any]:
        dtype = out.dtype
        plain = options is self.options
        for x in arguments:
            if x.__class__ is not ndarray or x.dtype is not dtype:
                plain = False
        if plain:
            backward = self.quick.get((slots, dtype), Elementwise._written_backward)
            if backward is Elementwise._written_backward:
                backward = self.quick[slots, dtype] = self._written_backward(slots, dtype)
            if backward is not None:
                passed: list[Any] = backward(g, out, *arguments)
                for i, c in enumerate(passed):
                    x = arguments[slots[i]]
                    if c.shape != x.shape or c.dtype is not dtype:
                        passed[i] = unbroadcast(c, x)
                return passed
        return Primitive.contributions(self, slots, g, out, arguments, options)

    def is_step(self) -> bool:
        """Whether each of its derivatives is 0 everywhere: `floor`, `sign`."""
        rules = zip(self.derivatives, self._rules(self.options), strict=True)
        return all(rule is None or (d.__class__ is int and d == 0) for rule, (d, _, _) in rules)

    def rule(self, slot: int) -> Rule:
        """The rule of the local derivative by one argument."""
        rule = self.derivatives[slot]
        if rule is None:
            raise TypeError(f"{self.name} has no derivative by argument {slot}")
        return rule

    def evaluate(self, numbers: Sequence[Any], options: dict[str, Any]) -> Any:
        try:
            out = self.scalar(*map(float, numbers), **options)
            if out.__class__ is float:
                return out
        except ARITHMETIC:
            pass
        out = super().evaluate(numbers, options)
        if out.__class__ is not float:
            raise TypeError(f"{self.name} of single numbers is one number, got {out!r:.60}")
        return out

    again = evaluate

    def local_derivative(
        self, slot: int, out: float, numbers: Sequence[Any], options: dict[str, Any]
    ) -> float:
        """The local derivative by argument `slot` on floats: the number on the edge."""
        d = float(self.derivative(slot, out, numbers, options))
        if d == 0 or d != d:
            anyhow = self._rules(options)[slot][2]
            if anyhow is not None and float(anyhow(math.inf, out, *numbers)) == 0:
                return NOTHING
        return d

    def derivative(
        self, slot: int, out: Any, arguments: Sequence[Any], options: dict[str, Any]
    ) -> Any:
        """The local derivative by argument `slot` on floats, or on Values that record it.

        Where Python's arithmetic of floats would raise, or leave the real numbers, IEEE's answers.
        """
        rule = self.derivatives[slot] or self.rule(slot)
        try:
            d = rule(out, *arguments, **options)
            if not isinstance(d, complex):
                return d
        except ARITHMETIC:
            pass
        with np.errstate(all="ignore"):
            lifted = [np.float64(x) if isinstance(x, float | int) else x for x in (out, *arguments)]
            d = rule(*lifted, **options)
        if isinstance(d, complex):
            raise TypeError(f"the rule of {self.name} by argument {slot} gave a complex number")
        return d

    def times(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        """A cotangent or tangent times the local derivative, on operands of any kind."""
        dtype = getattr(out, "dtype", None)
        if dtype is not None:  # not of a Value
            arguments = self.alike(arguments, dtype)
        anyhow = self._rules(options)[slot][2]
        if anyhow is not None:
            return anyhow(g, out, *arguments)
        d = self.derivative(slot, out, arguments, options)
        if d.__class__ is int and d in (1, -1):
            return g if d == 1 else -g
        return g * d

    def vjp(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        rules = self._array_rules
        if rules is None or options is not self.options:
            rules = self._rules(options)
        d, choose, _ = rules[slot]
        if choose is not None:
            for x in arguments:
                if x.__class__ is not ndarray:
                    g = self.times(slot, g, out, arguments, options)
                    break
            else:
                g = choose(g, out, *arguments)
            return unbroadcast(g, arguments[slot])
        if d.__class__ is not int:
            dtype = out.dtype
            for x in arguments:
                if x.__class__ is not ndarray or x.dtype is not dtype:
                    d = self._mixed(slot, d, out, arguments, options)
                    break
            else:
                d = d(out, *arguments)
        if d.__class__ is not int or d != 1:
            g = g * d
        return unbroadcast(g, arguments[slot])

    def _mixed(
        self, slot: int, written: Rule, out: Any, arguments: Any, options: dict[str, Any]
    ) -> Any:
        """The local derivative where the arguments are not all arrays of the output's dtype."""
        dtype = out.dtype
        if dtype is FLOAT64:  # plain numbers are of it already: only Python's arithmetic may fail
            for x in arguments:
                kind = x.__class__
                if (
                    kind is not float
                    and kind is not int
                    and (kind is not ndarray or x.dtype is not dtype)
                ):
                    break
            else:
                try:
                    d = written(out, *arguments)
                    if d.__class__ is not complex:
                        return d
                except ARITHMETIC:
                    pass
        arguments = self.alike(arguments, dtype)
        for x in arguments:
            if x.__class__ is not ndarray:
                return self.rule(slot)(out, *arguments, **options)
        return written(out, *arguments)

    def shown_vjp(
        self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]
    ) -> Any:
        g = g * self.rule(slot)(out, *self.alike(arguments, out.dtype), **options)
        return unbroadcast(g, arguments[slot])

    def jvp(self, slot: int, t: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        product = self.times(slot, t, out, arguments, options)
        shape = shape_of(out)
        return product if product.shape == shape else registry["broadcast_to"](product, shape=shape)

    def on_values(self, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        try:
            np.broadcast_shapes(*map(np.shape, arguments))
        except ValueError as error:
            raise self.explained(error, arguments, options) from None
        each = np.frompyfunc(lambda *xs: self(*xs, **options), len(arguments), 1)
        return each(*arguments)


class Relation(Elementwise):
    """A comparison, or a connective: true or false, so it has no derivative and makes no Tensor.

    In a formula, and in a program, it is a row as all others. Called with arrays and Tensors it is
    Python's operator; of Values, whose operator gives a bool, it is `compare`.
    """

    def __init__(self, name: str, operation: Callable[..., Any], array: Any, **fields: Any) -> None:
        super().__init__(name, operation, array, (None, None), **fields)
        relations[array] = self

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        (x, y), _ = self.bind(arguments, options)
        x, y = asarray(x, self.name), asarray(y, self.name)
        values = [x.__class__ in kinds and kinds[x.__class__].rank == VALUE_RANK for x in (x, y)]
        if any(values) and all(
            value or isinstance(each, float | int | np.number)
            for each, value in zip((x, y), values, strict=True)
        ):
            return registry["compare"](x, y, how=self.name)
        try:
            return self.scalar(x, y)
        except ValueError as error:
            if is_node(x) or is_node(y):
                raise  # which says it already
            raise self.explained(error, (x, y), {}) from None


class Reduction(Primitive):
    """Each output is a function of a group of elements along `axis`: one row per output."""

    family = "row"

    def __init__(
        self,
        name: str,
        array: Callable[..., Any],
        row: Rule,
        chooses: bool = False,
        composite: Rule | None = None,
        numbers: Callable[..., Any] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(name, array, arity=1, **fields)
        self.numbers = numbers or array
        self.row = row
        self.chooses = chooses
        self.composite = composite
        self._rest = [key for key in self.options if key not in ("axis", "keepdims")]
        self._on_floats: Callable[[float, float], float] | None = None  # the row, written out

    def _kept(self, x: Any, g: Any, out: Any, options: dict[str, Any]) -> tuple[Any, Any, Any]:
        """The cotangent and the output with the reduced axes kept, and the row."""
        axes = normalise_axes(options["axis"], len(x.shape))
        if not options["keepdims"] and out.shape:
            kept = tuple(1 if axis in axes else n for axis, n in enumerate(x.shape))
            g = g if g is None else g.reshape(kept)
            out = out.reshape(kept)
        if not self._rest:
            return g, axes, self.row(out, x, axes)
        return g, axes, self.row(out, x, axes, **{key: options[key] for key in self._rest})

    def vjp(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        x = arguments[0]
        g, _, row = self._kept(x, g, out, options)
        if row.__class__ is not int or row != 1:
            g = self.times(g, row) if self.chooses else g * row
        return g if g.shape == x.shape else self._spread(g, x)

    def shown_vjp(
        self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]
    ) -> Any:
        x = arguments[0]
        g, _, row = self._kept(x, g, out, options)
        return self._spread(g if row.__class__ is int and row == 1 else g * row, x)

    def times(self, g: Any, row: Any) -> Any:
        """A cotangent or tangent times the row; left out where a row that chooses is 0."""
        return registry["where"](row == 0, 0, g * row) if self.chooses else g * row

    def _spread(self, g: Any, x: Any) -> Any:
        if g.shape == x.shape:
            return g
        if isinstance(g, np.ndarray | np.generic):
            full = np.empty(x.shape, dtype=g.dtype)
            full[...] = g  # faster than np.broadcast_to on the arrays of a small network
            return full
        return registry["broadcast_to"](g, shape=x.shape)

    def jvp(self, slot: int, t: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        _, axes, row = self._kept(arguments[0], None, out, options)
        return registry["sum"](self.times(t, row), axis=axes, keepdims=options["keepdims"])

    def on_values(self, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        # One n-ary node per output: move the reduced axes last, and call the row on each group.
        x = np.asarray(arguments[0], dtype=object)
        try:
            axes = normalise_axes(options["axis"], x.ndim)
        except ValueError as error:
            raise ValueError(f"{self.name} of shape {x.shape}: {error}") from None
        rest = tuple(axis for axis in range(x.ndim) if axis not in axes)
        count = math.prod(x.shape[axis] for axis in axes)
        groups = x.transpose(rest + axes).reshape(*(x.shape[axis] for axis in rest), count)
        flat = self.options | {key: options[key] for key in self._rest}
        out = np.empty(groups.shape[:-1], dtype=object)
        for place in np.ndindex(out.shape):
            out[place] = nary(self, tuple(groups[place]), flat)
        if options["keepdims"]:
            out = out.reshape([1 if axis in axes else n for axis, n in enumerate(x.shape)])
        return out if out.ndim else out.item()

    def on_numbers(self, numbers: Sequence[Any], options: dict[str, Any]) -> float:
        return self.as_number(self.numbers(np.asarray(numbers, dtype=np.float64), **options))

    def flat_derivatives(self, out: Any, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        x = np.asarray(arguments)
        rest = {key: options[key] for key in self._rest}
        if self.numbers is not self.array and x.dtype != object:  # as numbers, not as an array
            return np.array(self._row_of_floats(float(out), x.tolist(), rest))
        row = self.row(out, x, (0,), **rest)
        return np.broadcast_to(np.asarray(row, dtype=x.dtype), x.shape)

    def _row_of_floats(self, out: float, x: list[float], rest: dict[str, Any]) -> list[Any]:
        if not rest:
            if self._on_floats is None:
                rule = self.row(Letter("out", sample=0.5), Letter("x", sample=0.5), ())
                scope = {n: r.scalar for n, r in registry.items() if isinstance(r, Elementwise)}
                self._on_floats = eval(f"lambda out, x: {scalar_text(rule)}", scope)
            try:
                return [self._on_floats(out, each) for each in x]
            except ARITHMETIC:
                pass  # what IEEE says to it, the rows themselves know
        return [self.row(out, each, (), **rest) for each in x]


class LinearMap(Primitive):
    """The output is a linear map of the arguments: the Jacobian is the map itself."""

    family = "linear"

    def __init__(
        self,
        name: str,
        array: Callable[..., Any],
        transpose: Rule,
        arity: int | None,
        **fields: Any,
    ) -> None:
        super().__init__(name, array, arity=arity, **fields)
        self.transpose = transpose

    def vjp(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        if self.arity is None:
            g = unbroadcast(self.transpose(g, slot, *arguments, **options), arguments[slot])
        else:
            g = self.transpose(g, *arguments, **options)
        if g.shape != shape_of(arguments[slot]):
            raise ValueError(
                f"the transpose of {self.name} gave a cotangent of shape {g.shape} for an argument "
                f"of shape {shape_of(arguments[slot])}"
            )
        return g

    def jvp(self, slot: int, t: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        others = [
            t if i == slot else np.zeros(shape_of(x), getattr(x, "dtype", t.dtype))
            for i, x in enumerate(arguments)
        ]
        return self(*others, **options)


class Multilinear(Primitive):
    """Linear in each argument: the Jacobian by one is the map with that slot replaced."""

    family = "multilinear"
    keeps_zero = True  # a sum of products of the arguments, which are the derivatives

    def __init__(
        self,
        name: str,
        array: Callable[..., Any],
        vjps: Any,
        arity: int | None,
        numbers: Callable[..., Any] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(name, array, arity=arity, **fields)
        self.vjps = vjps
        self.numbers = numbers or array

    def vjp(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        like = arguments[slot]
        arguments = self.of_one_dtype(arguments, out)
        if self.arity is None:
            g = self.vjps(g, slot, *arguments, **options)
        else:
            g = self.vjps[slot](g, *arguments, **options)
        return unbroadcast(g, like)

    def jvp(self, slot: int, t: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        return self(*arguments[:slot], t, *arguments[slot + 1 :], **options)

    def _slots(self, flat: Any) -> list[Any]:
        """The vectors that lie end to end in `flat`: x1 ... xn, y1 ... yn."""
        n = len(flat) // (self.arity or 1)
        return [flat[i * n : i * n + n] for i in range(self.arity or 1)]

    def on_numbers(self, numbers: Sequence[Any], options: dict[str, Any]) -> float:
        return self.as_number(self.numbers(*self._slots(np.asarray(numbers)), **options))

    def flat_derivatives(self, out: Any, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        slots = self._slots(np.asarray(arguments))
        one = 1.0 if slots[0].dtype != object else np.array(1.0, dtype=object)
        return np.concatenate(
            [self.vjp(slot, one, out, slots, options) for slot in range(len(slots))]
        )


class Fused(Primitive):
    """States its own vjp and jvp; worth it only where its composite is slower or less stable."""

    family = "full"

    def __init__(
        self,
        name: str,
        array: Callable[..., Any],
        vjps: tuple[Rule | None, ...],
        jvps: tuple[Rule | None, ...],
        composite: Callable[..., Any],
        slot_kinds: tuple[str, ...] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(name, array, arity=len(vjps), **fields)
        self.vjps = vjps
        self.jvps = jvps
        self.passing = passing(vjps)
        self.quick = vjps
        # A function on arrays that is its own composite has no parts.
        self.composite = composite
        self.whole = composite is array
        self.slot_kinds = slot_kinds or ("full",) * len(vjps)

    def slot_kind(self, slot: int) -> str:
        return self.slot_kinds[slot]

    def differentiable(self, slot: int) -> bool:
        return self.vjps[slot] is not None

    def vjp(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        rule = self.vjps[slot]
        if rule is None:
            raise TypeError(f"{self.name} has no derivative by argument {slot}")
        g = rule(g, out, *self.of_one_dtype(arguments, out), **options)
        return unbroadcast(g, arguments[slot])

    def contributions(
        self, slots: tuple[int, ...], g: Any, out: Any, arguments: Any, options: dict[str, Any]
    ) -> Sequence[Any]:
        alike = self.of_one_dtype(arguments, out)
        rules: tuple[Any, ...] = self.vjps
        passed = []
        for slot in slots:
            c = rules[slot](g, out, *alike, **options) if options else rules[slot](g, out, *alike)
            x = alike[slot]
            if x is not arguments[slot] or c.shape != x.shape or c.dtype is not x.dtype:
                c = unbroadcast(c, arguments[slot])
            passed.append(c)
        return passed

    def jvp(self, slot: int, t: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        rule = self.jvps[slot]
        if rule is None:
            raise TypeError(f"{self.name} has no derivative by argument {slot}")
        return rule(t, out, *self.of_one_dtype(arguments, out), **options)

    def on_values(self, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        return (self.values or self.composite)(*arguments, **options)
