"""What is compared of a random program, and how near is near.

Where two ways of computing the same differ by more than the last places, the program is run again with
each inexact result rounded badly (`disturbed`): what moves by as much under that is no difference, but
an ill-conditioned program. Steps that only move, compare or choose numbers are not disturbed, so that
ties and edges stay what they are.
"""

from __future__ import annotations

import functools
import importlib.util
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from programs.arbitrary.program import Array, Constant, Program, Step

import autograd
from autograd import BranchChanged, Node, StaleGraphError, Tensor, Value
from autograd.engine.operands import raw

NATIVE = all(importlib.util.find_spec(name) for name in ("llvmlite", "scipy"))
PYTORCH = importlib.util.find_spec("torch") is not None

Numbers = list[Any]


class DifferenceError(AssertionError):
    """Two ways of computing the same gave different numbers."""


# --- near -----------------------------------------------------------------------------------------


def numbers_of(x: Any) -> Any:
    """The plain numbers of a node, of an array of Values, or of anything."""
    if isinstance(x, Node):
        return raw(x)  # and not x.data, by which a number leaves the graph
    if isinstance(x, np.ndarray) and x.dtype == object:
        each = [numbers_of(v) for v in x.ravel().tolist()]
        return np.array(each, float).reshape(x.shape)
    return x


def weights(x: Any, shift: int = 0) -> Array:
    """Mixed numbers of an array's shape and dtype, none of them 0."""
    shape, dtype = np.shape(x), getattr(x, "dtype", np.float64)
    places = (np.arange(np.size(x)) * 0.6180339887498949 + 0.37 + 0.13 * shift) % 1.0
    return np.asarray((0.4 + 1.1 * places).reshape(shape), dtype)


def exact(arguments: Sequence[Any], out: Array) -> Array:
    """Which elements of a result are known without rounding: moved ones, and short binary fractions."""
    known = [np.ravel(np.abs(np.asarray(numbers_of(x), out.dtype))) for x in arguments]
    fraction = (np.abs(out) < 2**20) & (out * 2**12 == np.floor(out * 2**12))
    return np.asarray(fraction | np.isin(np.abs(out), np.concatenate(known)) | ~np.isfinite(out))


LARGE = 1e4
"""Of larger results the rounding is too large for differences."""

KINKED = ("max", "min", "std", "norm")
"""Rows of several terms with a kink, which must not be moved off it."""


def adds_up(step: Step) -> bool:
    """Whether inside a step terms are added up that may cancel, which its result does not show."""
    row = autograd.registry.get(step.row)
    return row is not None and row.family not in ("diagonal", "linear") and step.row not in KINKED


def without_derivative(step: Step) -> bool:
    """Whether a step's row passes no gradient on by any argument."""
    row = autograd.registry.get(step.row)
    return row is not None and not any(map(row.differentiable, range(len(step.operands))))


def disturbed(rng: np.random.Generator) -> Callable[[Step, list[Any]], Any]:
    """How a step of tensors is computed with bad rounding, forward and backward."""

    def badly(x: Any) -> Array:
        data = numbers_of(x)
        return np.asarray(
            16 * float(np.finfo(data.dtype).eps) * rng.uniform(-1, 1, data.shape), data.dtype
        )

    def call(step: Step, arguments: list[Any]) -> Any:
        given = []
        for x in arguments:
            if isinstance(x, Tensor) and x.dtype.kind == "f":
                if adds_up(step):
                    x = x * (1 + badly(x))
                # Nothing is added, but the cotangent of this use is rounded.
                more = autograd.where(np.isfinite(numbers_of(x)), x, 0.0) * badly(x)
                x = x + (more - numbers_of(more))
            given.append(x)
        out = step.on(given)
        data = numbers_of(out)
        if data.base is None and data.flags.writeable:
            # In place, so that a derivative that is made of the result sees it as well.
            data *= np.asarray(np.where(exact(arguments, data), 0.0, badly(out)) + 1, data.dtype)
        return out

    return call


def difference(
    got: Any, expected: Any, tolerance: float, scale: float = 0.0, zeros: bool = False
) -> Array | None:
    """Where two arrays differ; None where they are the same within a part of the largest number.

    With `zeros` the two zeros are different numbers.
    """
    got, expected = np.asarray(got), np.asarray(expected)
    if expected.dtype.kind != "f":
        expected = expected.astype(np.float64)
    with np.errstate(all="ignore"):
        finite = np.isfinite(expected)
        largest = max(float(np.max(np.abs(expected[finite]), initial=0.0)), scale)
        last = 16 * float(
            np.finfo(expected.dtype).smallest_subnormal
        )  # below which nothing is exact
        apart = np.abs(got - expected) > tolerance * largest + last
        wrong = np.where(finite, apart | ~np.isfinite(got), got != expected)
        wrong &= ~(np.isnan(expected) & np.isnan(got))
        if zeros:
            wrong |= (got == 0) & (expected == 0) & (np.signbit(got) != np.signbit(expected))
    return wrong if wrong.any() else None


class Comparison:
    """The comparisons of one program.

    Attributes:
        done: how often each comparison was made, and how often one was excused or not possible.
    """

    def __init__(self, program: Program, done: Counter[str] | None = None) -> None:
        self.program = program
        self.done: Counter[str] = Counter() if done is None else done
        self.double = program.double
        self.tolerance = 1e-12 if self.double else 2e-5
        self.size = 0.0  # of what is added up inside steps

    def check(self) -> None:
        """Make all comparisons that the program asks for. The first difference raises."""
        with np.errstate(all="ignore"):
            self.forward()
            if not self.tracked:
                self.done["untracked"] += 1
                return
            self.backward()
            for name, check in CHECKS.items():
                if name in self.program.also or (name == "changed" and self.program.change):
                    check(self)
                    self.done[name] += 1

    # --- the reference: tensors -------------------------------------------------------------------

    def forward(self) -> None:
        """Each step's shape, dtype and numbers are those of NumPy on the operands' numbers."""
        program = self.program
        self.leaves = program.tensors()
        self.pool = program.run(self.leaves)
        self.output = self.pool[-1]
        plain = [numbers_of(x) for x in self.pool]
        for place, step in enumerate(program.steps, len(program.leaves)):
            got, expected = self.pool[place], np.asarray(step(plain))
            what = f"{program.name(place)} = {program.text(step)}"
            if not isinstance(got, Tensor):
                raise DifferenceError(f"{what} is a {type(got).__name__}, not a Tensor")
            self.same_kind(what, got.data, expected)
            if "linalg.norm" in step.text or step.row == "std":
                # README: our norm and std neither overflow nor underflow, where NumPy's do.
                expected = np.asarray(step(plain, values=True))
            if adds_up(step):
                numbers = [np.abs(np.asarray(x, float)) for x in step.arguments(plain)]
                largest = [x[np.isfinite(x)].max(initial=1.0) for x in numbers]
                self.size = max(self.size, *largest)
            tolerance = 4 * float(np.finfo(expected.dtype).eps)
            # A diagonal is added to zeros, where −0 becomes 0; which of two equal numbers is the largest
            # depends on the machine.
            zeros = not any(name in step.text for name in ("diag", "max", "min", "clip"))
            scale = 0.0
            if step.row in ("var", "std"):  # of equal numbers exactly 0, where NumPy's mean rounds
                scale = float(np.abs(plain[step.operands[0]]).max(initial=0.0))
            if difference(got.data, expected, tolerance, scale, zeros=zeros) is not None:
                raise DifferenceError(f"{what} is {got.data!r} on tensors, {expected!r} on arrays")
        self.tracked = self.output.requires_grad
        self.done["forward"] += 1

    def backward(self) -> None:
        """One pass back: each leaf below the output has a gradient of its own shape and dtype."""
        self.seed = weights(self.output.data)
        self.output.backward(self.seed)
        below = set(map(id, autograd.topological_order(self.output)))
        for i, leaf in enumerate(self.leaves):
            if (leaf.grad is not None) != (id(leaf) in below):
                raise DifferenceError(f"the gradient of {self.program.name(i)} is {leaf.grad!r}")
            if leaf.grad is not None:
                self.same_kind(f"the gradient of {self.program.name(i)}", leaf.grad, leaf.data)
        self.reached = [leaf.grad is not None for leaf in self.leaves]
        self.gradients = [
            np.zeros_like(x.data) if x.grad is None else np.array(x.grad) for x in self.leaves
        ]
        self.finite = all(
            bool(np.isfinite(numbers_of(x)).all()) for x in [*self.pool, *self.gradients]
        )
        self.done["finite" if self.finite else "not finite"] += 1

    @functools.cached_property
    def bad(self) -> list[tuple[Any, Numbers]]:
        """Outputs and gradients of runs that round badly."""
        found = []
        for seed in range(3):
            leaves = self.program.tensors()
            pool = self.program.run(leaves, call=disturbed(np.random.default_rng(seed)))
            pool[-1].backward(self.seed)
            found.append(
                (pool[-1].data, [np.zeros(x.shape) if x.grad is None else x.grad for x in leaves])
            )
        return found

    def same_kind(self, what: str, got: Any, expected: Any) -> None:
        """Equal shapes and dtypes."""
        got, expected = np.asarray(got), np.asarray(expected)
        if got.shape != expected.shape or got.dtype != expected.dtype:
            raise DifferenceError(
                f"{what} has shape {got.shape} and dtype {got.dtype}, "
                f"not {expected.shape} and {expected.dtype}"
            )

    def same(
        self,
        what: str,
        got: Any,
        expected: Any,
        noisy: Callable[[], Sequence[Any]],
        tolerance: float | None = None,
        scale: float = 0.0,
        kind: bool = True,
        zeros: bool = False,
    ) -> None:
        """Equal, or as far apart as bad rounding moves what is expected."""
        if kind:
            self.same_kind(what, got, expected)
        scale = max(scale, self.size)
        wrong = difference(got, expected, tolerance or self.tolerance, scale, zeros)
        if wrong is None:
            return
        with np.errstate(all="ignore"):
            moves = [np.abs(np.asarray(x) - np.asarray(expected)) for x in noisy()]
            spread = np.max(moves, axis=0)
            # What rounds into one element may as well round into its neighbour.
            largest = np.max(spread[np.isfinite(spread)], initial=0.0)
            allowed = np.abs(np.asarray(got) - np.asarray(expected)) <= 100 * largest
            unsteady = np.isnan(spread) & ~np.isnan(np.asarray(expected)) | np.isinf(spread)
        if np.all(allowed | unsteady | ~wrong):
            self.done[f"excused: {what.split(',')[0].split(' of ')[0]}"] += 1
            return
        raise DifferenceError(f"{what}: {got!r}, expected {expected!r}")

    def gradients_same(self, what: str, got: Sequence[Any], **options: Any) -> None:
        """All gradients, 0 where a leaf was not reached."""
        for i, (g, expected) in enumerate(zip(got, self.gradients, strict=True)):
            noisy = functools.partial(lambda i: [grads[i] for _, grads in self.bad], i)
            name = f"the gradient of {self.program.name(i)}, {what}"
            self.same(name, np.zeros_like(expected) if g is None else g, expected, noisy, **options)

    def output_same(self, what: str, got: Any, **options: Any) -> None:
        """The output."""
        noisy = lambda: [out for out, _ in self.bad]  # noqa: E731
        self.same(f"the output, {what}", got, self.output.data, noisy, **options)

    # --- other ways to compute the same -----------------------------------------------------------

    def possibly(self, leaves: Sequence[Any], how: str) -> list[Any] | None:
        """All results on Values; None where that is not meant to work."""
        if any(map(self.is_square_root, self.program.steps)):
            self.done[f"not possible: {how}, a power of one half"] += 1
            return None
        try:
            return self.program.run(leaves, values=True)
        except TypeError as error:
            # A Value with an array of numbers is a Tensor, and in a new shape an array of Values: those
            # two do not meet, and say so.
            if "do not mix" not in str(error):
                raise
        except ZeroDivisionError:
            pass  # what pads or scatters Values puts plain zeros beside them, which Python divides
        self.done[f"not possible: {how}"] += 1
        return None

    def is_square_root(self, step: Step) -> bool:
        """Whether NumPy takes the square root of −inf or −0 for a power (test_rows_values)."""
        if step.row != "pow":
            return False
        x, y = (np.asarray(numbers_of(each), float) for each in step.arguments(self.pool))
        return bool(np.any((y == 0.5) & ((x == -np.inf) | ((x == 0) & np.signbit(x)))))

    def on_values(self) -> None:
        """Values, and arrays of them, give what tensors give."""
        if not self.double:
            return
        program = self.program
        leaves = program.values()
        pool = self.possibly(leaves, "on Values")
        if pool is None:
            return
        if any(isinstance(x, np.float32) for x in pool):
            # What nothing is differentiated by is a plain number, of which NumPy makes a float32 beside
            # another.
            self.done["not possible: on Values, float32"] += 1
            return
        self.output_same("on Values", numbers_of(pool[-1]), kind=False, zeros=True)
        back(pool[-1], self.seed)
        self.value_gradients_same("on Values", leaves)

    def value_gradients_same(self, how: str, leaves: Sequence[Any]) -> None:
        """The gradients that a pass left on Values, and arrays of them, are those of tensors.

        Where those are nan, Values may have a number: a cotangent of 0 reaches each element of a tensor,
        and times an infinite derivative it is nan; a Value that nothing uses has no cotangent.
        """
        found = [gradient_of(x) for x in leaves]
        if not self.finite:
            found = [
                np.where(np.isnan(expected), np.nan, g)
                for g, expected in zip(found, self.gradients, strict=True)
            ]
        self.gradients_same(how, found, kind=False)

    def on_both(self) -> None:
        """Values and Tensors in one graph give what tensors give."""
        program = self.program
        if not self.double or all(leaf.kind == "Tensor" for leaf in program.leaves):
            return
        leaves = program.nodes()
        pool = self.possibly(leaves, "on Values and Tensors")
        if pool is None:
            return
        self.output_same("on Values and Tensors", numbers_of(pool[-1]), kind=False)
        back(pool[-1], self.seed)
        self.value_gradients_same("on Values and Tensors", leaves)

    def by_pytorch(self) -> None:
        """PyTorch gives the same, where it has all of it and no documented difference is about it."""
        from programs.arbitrary import pytorch

        reason = pytorch.obstacle(self.program, [numbers_of(x) for x in self.pool])
        if reason is not None:
            self.done[f"not possible: PyTorch, {reason}"] += 1
            return
        try:
            out, gradients = pytorch.evaluated(self.program, self.seed)
        except (RuntimeError, IndexError, TypeError, ValueError) as error:
            self.done[f"not possible: PyTorch raises {str(error)[:40]}"] += 1
            return
        if any(step.row in ("max", "min") for step in self.program.steps):
            # Ours choose; PyTorch multiplies by a mask, and 0 times a cotangent of inf or nan is nan.
            gradients = [
                np.where(np.isnan(g) & np.isfinite(ours), ours, g)
                for g, ours in zip(gradients, self.gradients, strict=True)
            ]
        self.output_same("by PyTorch", out, tolerance=1e-11)
        self.gradients_same("by PyTorch", gradients, tolerance=1e-10)
        self.done["PyTorch"] += 1

    # --- derivatives ------------------------------------------------------------------------------

    def function(self, *leaves: Any) -> Any:
        """The program as a function of its leaves."""
        return self.program.run(leaves)[-1]

    def scalar(self, *leaves: Any) -> Any:
        """One number made of the output."""
        return autograd.sum(self.function(*leaves) * self.seed)

    @functools.cached_property
    def points(self) -> list[Any]:
        """Where the program is differentiated: arrays."""
        return [np.asarray(x) for x in self.program.arrays()]

    def directions(self, shift: int = 0) -> list[Array]:
        """A direction for each leaf."""
        return [weights(x, shift + i) for i, x in enumerate(self.points)]

    def in_direction(
        self, gradients: Sequence[Any], directions: Sequence[Any]
    ) -> tuple[float, float]:
        """The sum of the products, and of their magnitudes."""
        each = [
            np.asarray(g, float) * np.asarray(d, float)
            for g, d in zip(gradients, directions, strict=True)
        ]
        return sum(float(x.sum()) for x in each), sum(float(np.abs(x).sum()) for x in each)

    def transforms(self) -> None:
        """`jvp` and `vjp` tell the same of a direction, and `vjp` what a backward pass leaves."""
        if self.program.reads:  # a number that leaves the graph under a transform may be an error
            return
        out, pull = autograd.vjp(self.function, *self.points)
        self.output_same("by vjp", out)
        self.gradients_same("by vjp", pull(self.seed))
        directions = self.directions()
        out, tangent = autograd.jvp(self.function, self.points, directions)
        self.output_same("by jvp", out)
        self.same_kind("the tangent", tangent, self.output.data)
        if not self.finite or not np.isfinite(tangent).all():
            return
        forward, size = self.in_direction([tangent], [self.seed])
        reverse, other = self.in_direction(self.gradients, directions)
        self.same(
            "the derivative along a direction, by jvp",
            forward,
            reverse,
            lambda: [self.in_direction(grads, directions)[0] for _, grads in self.bad],
            scale=max(size, other, 0.0 if self.double else 1e-30),  # float32 underflows
            tolerance=1e-10 if self.double else 1e-4,
        )

    def differences(self) -> None:
        """Where the program is smooth, the gradient is that of differences."""
        if not self.double or not self.finite:
            return
        directions = self.directions(1)
        slope, size = self.in_direction(self.gradients, directions)
        measured = self.slope(directions)
        if measured is None:
            self.done["not possible: differences"] += 1
            return
        found, error = measured
        if abs(found - slope) <= max(1e-5 * max(size, abs(found)), 10 * error, 1e-10):
            return
        if self.at_a_kink():
            self.done["not possible: differences, a kink"] += 1
            return
        self.same(
            "the derivative along a direction, by differences",
            found,
            slope,
            lambda: [self.in_direction(grads, directions)[0] for _, grads in self.bad],
        )

    def moved(self, directions: Sequence[Array], step: float) -> list[Array]:
        """All results as one row of numbers, with the leaves moved along the directions."""
        leaves = [x + step * d for x, d in zip(self.points, directions, strict=True)]
        pool = self.program.run(leaves)
        return [np.ravel(np.asarray(x, float)) for x in pool]

    def slope(self, directions: Sequence[Array]) -> tuple[float, float] | None:
        """The output's slope by differences, and how sure that is; None near a kink of any step."""
        at = self.moved(directions, 0.0)
        sides = {}
        for h in (1e-5, 2e-5, 1e-6):
            ahead, behind = self.moved(directions, h), self.moved(directions, -h)
            sides[h] = [
                ((a - x) / h, (x - b) / h, np.abs(x))
                for a, x, b in zip(ahead, at, behind, strict=True)
            ]
        if any(np.abs(x).max(initial=0.0) > LARGE for x in at):
            return None
        weight = np.ravel(np.asarray(self.seed, float))
        for i in range(len(at)):
            (f1, b1, size), (f2, b2, _), (f3, b3, _) = (sides[h][i] for h in (1e-5, 2e-5, 1e-6))
            if not all(np.isfinite(x).all() for x in (f1, b1, f2, b2, f3, b3)):
                return None
            # One-sided slopes part by the curvature, which is proportional to the step: otherwise
            # there is a kink. Rounding moves a slope by ε/h of the result's size.
            rounding = 1e-9 * size.max(initial=1.0)
            bound = 1e-4 * np.maximum(np.abs(f1), np.abs(b1)) + 1e-6 + rounding
            if np.any(np.abs(f1 - b1) > 100 * bound) or np.any(
                np.abs((f2 - b2) - 2 * (f1 - b1)) > bound
            ):
                return None
            if np.any(np.abs(f3 - b3) > np.abs(f1 - b1) * 0.3 + 10 * rounding + 1e-6):
                return None
            if np.any(np.abs(f1 - f3) > np.abs(f1 - b1) + 10 * rounding + bound):
                return None  # a kink that is alike on both sides, as that of cbrt
        f1, b1, _ = sides[1e-5][-1]
        f2, b2, _ = sides[2e-5][-1]
        f3, b3, _ = sides[1e-6][-1]
        one, two, three = (float(weight @ (f + b)) / 2 for f, b in ((f1, b1), (f2, b2), (f3, b3)))
        size = float(np.abs(weight) @ np.abs(at[-1]))
        return one, abs(one - two) + abs(one - three) + 1e-10 * size

    def second(self) -> None:
        """The Hessian along a direction: backward over backward, and forward over backward."""
        if not self.double or self.program.reads:
            return
        directions, others = self.directions(2), self.directions(3)
        count = tuple(range(len(self.points)))
        gradient = autograd.grad(self.scalar, argnums=count)

        def slope(*leaves: Any) -> Any:
            return sum(
                autograd.sum(g * d) for g, d in zip(gradient(*leaves), directions, strict=True)
            )

        _, forward = autograd.jvp(gradient, self.points, directions)
        backward = autograd.grad(slope, argnums=count)(*self.points)

        def along(*leaves: Any) -> Any:
            return autograd.jvp(self.scalar, leaves, directions)[1]

        mixed = autograd.grad(along, argnums=count)(*self.points)
        for name, each in (("forward over backward", forward), ("backward over forward", mixed)):
            for i, (g, h) in enumerate(zip(each, backward, strict=True)):
                self.same_kind(f"a second derivative, {name}", g, self.points[i])
                self.same_kind("a second derivative, backward over backward", h, self.points[i])
        ways = [*forward, *backward, *mixed]
        if not self.finite or not all(np.isfinite(x).all() for x in ways):
            self.done["second: not finite"] += 1
            return
        found = [self.in_direction(way, others) for way in (backward, forward, mixed)]
        size = max(s for _, s in found)

        def noisy() -> list[float]:
            return [self.bad_second(seed, directions, others) for seed in range(3)]

        for (way, _), name in zip(
            found[1:], ("forward over backward", "backward over forward"), strict=True
        ):
            self.same(
                f"a second derivative, {name}",
                way,
                found[0][0],
                noisy,
                scale=size,
                tolerance=1e-9,
                kind=False,
            )
        if "values" in self.program.also:
            self.second_on_values(found[0][0], size, directions, others, noisy)
        measured = self.slope(directions)
        if measured is None:
            return
        self.second_by_differences(found[0][0], size, directions, others)

    def second_on_values(
        self,
        expected: float,
        size: float,
        directions: Sequence[Array],
        others: Sequence[Array],
        noisy: Callable[[], Sequence[float]],
    ) -> None:
        """A recorded backward pass of Values, passed back through once more."""
        leaves = self.program.values()
        pool = self.possibly(leaves, "second on Values")
        if pool is None:
            return
        output = total_of(pool[-1], self.seed)
        if not (isinstance(output, Node) and output.requires_grad):
            return
        output.backward(create_graph=True)
        flat = [v for x in leaves for v in (x.ravel() if isinstance(x, np.ndarray) else [x])]
        along = np.concatenate([np.ravel(d) for d in directions])
        slope: Any = 0.0
        for v, weight in zip(flat, along.tolist(), strict=True):
            if v.grad is not None:
                slope = slope + v.grad * weight
            v.grad = None
        if isinstance(slope, Node) and slope.requires_grad:
            slope.backward()
        found = self.in_direction([gradient_of(x) for x in leaves], others)[0]
        self.same(
            "a second derivative, on Values",
            found,
            expected,
            noisy,
            scale=size,
            tolerance=1e-9,
            kind=False,
        )
        self.done["second: on Values"] += 1

    def bad_second(self, seed: int, directions: Sequence[Array], others: Sequence[Array]) -> float:
        """A second derivative, rounded badly."""

        def scalar(*leaves: Any) -> Any:
            rng = np.random.default_rng(seed)
            return autograd.sum(self.program.run(leaves, call=disturbed(rng))[-1] * self.seed)

        gradient = autograd.grad(scalar, argnums=tuple(range(len(self.points))))
        _, found = autograd.jvp(gradient, self.points, directions)
        return self.in_direction(found, others)[0]

    def second_by_differences(
        self, found: float, size: float, directions: Sequence[Array], others: Sequence[Array]
    ) -> None:
        """The differences of the gradient, where those agree with each other."""
        sides = {}
        for h in (1e-5, 2e-5):
            for sign in (1, -1):
                leaves = [
                    Tensor(x + sign * h * d) for x, d in zip(self.points, directions, strict=True)
                ]
                self.function(*leaves).backward(self.seed)
                gradients = [np.zeros(x.shape) if x.grad is None else x.grad for x in leaves]
                sides[sign * h] = self.in_direction(gradients, others)[0]
        at = self.in_direction(self.gradients, others)[0]
        one = (sides[1e-5] - sides[-1e-5]) / 2e-5
        two = (sides[2e-5] - sides[-2e-5]) / 4e-5
        bends = (sides[1e-5] - at) / 1e-5 - (at - sides[-1e-5]) / 1e-5
        more = (sides[2e-5] - at) / 2e-5 - (at - sides[-2e-5]) / 2e-5
        bound = 1e-4 * max(size, abs(one)) + 1e-6 + 1e-9 * abs(at)
        if not np.isfinite([one, two, bends, more]).all():
            return
        if abs(one - two) > bound or abs(more - 2 * bends) > bound or abs(bends) > 100 * bound:
            self.done["not possible: second differences"] += 1
            return
        self.done["second: differences"] += 1
        if abs(found - one) <= 10 * bound:
            return
        if self.at_a_kink():
            self.done["not possible: second differences, a kink"] += 1
            return
        self.same(
            "the second derivative along two directions, by differences",
            one,
            found,
            lambda: [self.bad_second(seed, directions, others) for seed in range(3)],
        )

    def at_a_kink(self) -> bool:
        """Whether a step has a kink in one of its operands, though the program may be smooth there.

        ``relu(x) - relu(-x)`` is x, and its derivative at 0 is 0 by convention; so are the others of the
        README's table of kinks.
        """
        plain = [numbers_of(x) for x in self.pool]
        for step in self.program.steps:
            if "clip" in step.text and len(step.operands) == 3:
                x, low, high = map(np.asarray, step.arguments(plain))
                if np.any(
                    (low >= high) & (x == low)
                ):  # 1 by x, as in PyTorch, though all is constant
                    return True
            for i, x in enumerate(step.operands):
                if isinstance(x, Constant) or not np.size(plain[x]):
                    continue
                arguments = step.arguments(plain)
                results = []
                for h in (-1e-6, 0.0, 1e-6):
                    arguments[i] = plain[x] + h * weights(plain[x], i)
                    results.append(np.asarray(step.on(arguments), float))
                bend = np.abs(results[0] - 2 * results[1] + results[2])
                slopes = np.abs(results[2] - results[0])
                if not np.all(bend <= 1e-3 * slopes + 1e-12 * np.abs(results[1]) + 1e-300):
                    return True
        return False

    # --- data that changes ------------------------------------------------------------------------

    def changed(self) -> None:
        """A leaf assigned after use: the pass refuses, or gives the gradient of what was computed."""
        program = self.program
        leaves = program.tensors()
        output = program.run(leaves)[-1]
        names = {"leaf": leaves[program.changed], "np": np, "autograd": autograd}
        exec(program.change.format("leaf"), names)
        try:
            output.backward(self.seed)
        except StaleGraphError:
            if any(x.grad is not None for x in leaves):
                raise DifferenceError("a pass that failed left a gradient") from None
            self.done["changed: refused"] += 1
            return
        self.gradients_same("after a leaf was assigned", [x.grad for x in leaves])
        self.done["changed: right"] += 1

    # --- programs ---------------------------------------------------------------------------------

    def natively(self, check: Callable[[str], None]) -> None:
        """A comparison by the native executor, where it takes the program."""
        try:
            check("native")
        except ValueError as error:
            if "no native executor" not in str(error):
                raise
            self.done["not possible: native"] += 1

    def replayed(self, executor: str) -> None:
        """A compiled graph, and a compiled function, at the same numbers and at others."""
        program = self.program
        others = Comparison(program.at_others(self.reached), self.done)
        others.forward()
        others.backward()
        # A graph alone replays the branch it was recorded with, and what needs no gradient as it was.
        if not program.reads and not any(map(without_derivative, program.steps)):
            leaves = program.tensors()
            output = program.run(leaves)[-1]
            inputs = [x for x, r in zip(leaves, self.reached, strict=True) if r]
            graph = autograd.compile(output, inputs=inputs, executor=executor)
            for each in (self, others):
                given = [x for x, r in zip(each.points, self.reached, strict=True) if r]
                each.output_same(f"replayed by {executor}", graph(*given))
                graph.backward(self.seed)
                each.gradients_same(f"replayed by {executor}", [x.grad for x in leaves])
                for x in leaves:
                    x.grad = None
        # An argument that the result does not depend on is refused: it stays the constant that it is.
        fixed, count = self.points, sum(self.reached)

        def function(*given: Any) -> Any:
            leaves = iter(given[:count])
            each = [next(leaves) if r else x for x, r in zip(fixed, self.reached, strict=True)]
            return program.chosen_by(given[count:]).run(each)[-1]

        choosers = [program.steps[place].operands[i].value for place, i in program.choosers()]
        turned = [~x if x.dtype == bool else np.roll(x, 1) for x in choosers]
        others = Comparison(program.chosen_by(turned).at_others(self.reached), self.done)
        others.forward()
        others.backward()
        fast = autograd.compile(function, executor=executor)
        for each, chosen in ((self, choosers), (others, turned)):
            points = [x for x, r in zip(each.points, self.reached, strict=True) if r]
            how = f"by a compiled function, {executor}"
            try:
                found = fast(*points, *chosen)
                tracked = [Tensor(x) for x in points]
                node = fast(*tracked, *chosen)
            except BranchChanged:
                if each is self or not program.reads:
                    raise DifferenceError(f"BranchChanged of {executor} without a branch") from None
                self.done["replayed: BranchChanged"] += 1
                continue
            each.output_same(how, numbers_of(found), zeros=True)
            each.output_same(how, numbers_of(node))
            if not isinstance(node, Node):
                raise DifferenceError(f"{how} of tracked tensors gives {node!r:.60}, no node")
            node.backward(self.seed)
            gradients = iter(x.grad for x in tracked)
            each.gradients_same(how, [next(gradients) if r else None for r in self.reached])
            if "second" in program.also and self.double and each.finite and not program.reads:
                try:
                    each.second_of(lambda *xs, c=chosen: fast(*xs, *c), points, self.reached)
                except TypeError as error:
                    if "draws random numbers" not in str(error):
                        raise
                    self.done["not possible: second of a compiled function"] += 1

    def second_of(self, fast: Any, points: Sequence[Any], reached: Sequence[bool]) -> None:
        """The second derivative of a compiled function is that of the function."""
        directions = [d for d, r in zip(self.directions(2), reached, strict=True) if r]

        def eager(*given: Any) -> Any:
            leaves = iter(given)
            return self.function(
                *(next(leaves) if r else x for x, r in zip(self.points, reached, strict=True))
            )

        found = []
        for f in (fast, eager):

            def total(*given: Any, f: Any = f) -> Any:
                return autograd.sum(f(*given) * self.seed)

            gradient = autograd.grad(total, argnums=tuple(range(len(points))))
            products = autograd.jvp(gradient, points, directions)[1]
            found.append(self.in_direction(products, directions))
        (got, _), (expected, size) = found
        if not np.isfinite([got, expected]).all():
            return
        everywhere = self.directions(2)
        self.same(
            "a second derivative of a compiled function",
            got,
            expected,
            lambda: [self.bad_second(seed, everywhere, everywhere) for seed in range(3)],
            scale=size,
            tolerance=1e-9,
            kind=False,
        )

    def scalars(self, executor: str) -> None:
        """A graph of Values replayed for several instances at once."""
        program = self.program
        if not self.double:
            return
        leaves = program.values()
        with autograd.recording() as recorded:  # or what needs no gradient is a constant
            pool = self.possibly(leaves, "of instances")
        if pool is None:
            return
        output = pool[-1]
        if not isinstance(output, Value) or not output.requires_grad:
            return
        if any(
            isinstance(x, Tensor) for x in pool
        ):  # which may be watched: no graph of Values alone
            return
        below = set(map(id, autograd.topological_order(output)))
        flat = [v for x in leaves for v in (np.ravel(x) if isinstance(x, np.ndarray) else [x])]
        inputs = [v for v in flat if id(v) in below]
        # A Value that the output does not depend on is no input, and stays what it is.
        moves = [np.vectorize(lambda v: id(v) in below, otypes=[bool])(x) for x in leaves]
        others = Comparison(program.at_others(moves), self.done)
        others.forward()
        others.backward()
        rows = [np.concatenate([np.ravel(x) for x in each.points]) for each in (self, others)]
        columns = [
            np.array(column)
            for v, column in zip(flat, zip(*rows, strict=True), strict=True)
            if id(v) in below
        ]
        graph = autograd.compile(output, inputs=inputs, executor=executor, recorded=recorded)
        try:
            found = graph(*columns)
        except BranchChanged:
            if not program.reads:
                raise
            self.done["scalars: BranchChanged"] += 1
            return
        for out, each in zip(found, (self, others), strict=True):
            each.output_same(f"of instances, {executor}", out, kind=False, zeros=True)
        for i, each in enumerate((self, others)):
            seed = np.zeros(2)
            seed[i] = self.seed
            graph.backward(seed)
            if self.finite and others.finite:  # 0 · inf of the other instance is nan
                each.gradients_same(
                    f"of instances, {executor}", [gradient_of(x) for x in leaves], kind=False
                )
            for v in flat:
                v.grad = None


def total_of(output: Any, seed: Any) -> Any:
    """The sum of a node's elements, or of an array's of Values, each times its weight."""
    if isinstance(output, np.ndarray):
        pairs = zip(output.ravel().tolist(), np.ravel(seed).tolist(), strict=True)
        return sum(node * weight for node, weight in pairs)
    if isinstance(output, Value):
        return output * float(seed)
    return autograd.sum(output * seed)


def back(output: Any, seed: Any) -> None:
    """A backward pass of a node, or of each of an array of Values."""
    total = total_of(output, seed)
    if isinstance(total, Node) and total.requires_grad:
        total.backward()


def gradient_of(x: Any) -> Any:
    """The gradient of a node, or of an array of Values; 0 where there is none."""
    if isinstance(x, np.ndarray):
        return np.array([0.0 if v.grad is None else v.grad for v in x.ravel()], float).reshape(
            x.shape
        )
    return np.zeros(np.shape(x.data)) if x.grad is None else np.asarray(x.grad)


CHECKS: dict[str, Callable[[Comparison], None]] = {
    "values": Comparison.on_values,
    "mixed": Comparison.on_both,
    "directions": Comparison.transforms,
    "differences": Comparison.differences,
    "second": Comparison.second,
    "changed": Comparison.changed,
    "numpy": lambda self: self.replayed("numpy"),
    "scalars": lambda self: self.scalars("numpy"),
}
if NATIVE:
    CHECKS["native"] = lambda self: self.natively(self.replayed)
    CHECKS["scalars natively"] = lambda self: self.natively(self.scalars)
if PYTORCH:
    CHECKS["pytorch"] = Comparison.by_pytorch


def check(program: Program, done: Counter[str] | None = None) -> None:
    """Make all comparisons of a program. What fails is raised with the program's text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of NumPy, at the edges of domains
            Comparison(program, done).check()
    except Exception as error:
        asked = ", ".join(sorted(program.also)) or "the usual"
        change = f"\n# then: {program.change.format(program.name(program.changed))}"
        raise DifferenceError(
            f"{type(error).__name__}: {error}\n\n{program}{change if program.change else ''}\n"
            f"# compared: {asked}"
        ) from error
