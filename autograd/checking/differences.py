"""The slope of a function along a line from its numbers alone, and what can be said of it.

A difference is wrong where its step leaves the domain, crosses a kink, or drowns in rounding. So a rule
that disagrees with one is not blamed before smaller and larger steps, and each side by itself, have been
asked: `judged` says whether the rule is right, wrong, or cannot be told from here, and why.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

EPSILON = float(np.finfo(np.float64).eps)
SMALLEST = float(np.finfo(np.float64).tiny)
RIGHT, WRONG, STEP = "right", "wrong", "step"
NOISE = 8.0
"""Units of rounding error that a number may be off by: a few operations inside each primitive."""
LEAVES = (ArithmeticError, ValueError)
"""What a function raises that is asked for a number outside its domain."""


class LineFunction:
    """A function of one number near x, all of whose outputs lie in one array.

    Args:
        function: the outputs at a number.
        x: where the slope is asked for.
        centre: the outputs there, where they are known.
        epsilon: the relative rounding of the outputs' type.
    """

    def __init__(
        self,
        function: Callable[[float], Array],
        x: float,
        centre: Array | None = None,
        epsilon: float | Array = EPSILON,
    ) -> None:
        self.function, self.x = function, x
        self.errors: dict[float, Exception] = {}
        self._known: dict[float, Array] = {}
        self.centre = function(x) if centre is None else centre
        self.epsilon = np.broadcast_to(epsilon, self.centre.shape)

    def at(self, place: float) -> Array:
        """The outputs at a number: nan where the function refuses it."""
        if place == self.x:
            return self.centre
        if place not in self._known:
            try:
                with np.errstate(all="ignore"):
                    out = self.function(place)
            except LEAVES as error:
                self.errors[place] = error
                out = np.full_like(self.centre, np.nan)
            if out.shape != self.centre.shape:
                raise ValueError(
                    f"gradcheck: the function gives {self.centre.size} numbers at {self.x!r} and "
                    f"{out.size} at {place!r}"
                )
            self._known[place] = out
        return self._known[place]

    def slope(self, step: float) -> Array:
        """The central difference of all outputs."""
        return self._between(self.x - step, self.x + step, 2 * step)

    def side(self, step: float) -> Array:
        """The difference to one side of x: the right for a positive step, the left for a negative."""
        ends = (self.x, self.x + step) if step > 0 else (self.x + step, self.x)
        return self._between(*ends, abs(step))

    def _between(self, low: float, high: float, width: float) -> Array:
        # The numbers that x ± step are rounded to are what the function is asked for.
        real = high - low
        with np.errstate(all="ignore"):
            slope: Array = (self.at(high) - self.at(low)) / (real if 0 < real < math.inf else width)
        return slope

    def noise(self, row: int, step: float, within: float) -> float:
        """How far off a difference of one output may be by rounding.

        Args:
            within: the rounding error of all that the output is computed from, at x.
        """
        sizes = [abs(float(self.at(self.x + h)[row])) for h in (step, -step)]
        size = max((y for y in sizes if math.isfinite(y)), default=0.0)
        return NOISE * (max(within, float(self.epsilon[row]) * size) + SMALLEST) / step

    def least(self, eps: float) -> float:
        """The step eps, or a larger one where x is so large that eps would not change it."""
        return max(eps, float(np.spacing(abs(self.x)))) if math.isfinite(self.x) else eps

    def ladder(self, eps: float) -> list[float]:
        """Steps from wide to narrow: around eps, and around x itself where that is smaller."""
        size = abs(self.x) if math.isfinite(self.x) else 0.0
        top = 3 + (max(0, math.ceil(math.log10(size))) if size > 1 else 0)
        steps = [eps * 10.0**k for k in range(top, -11, -1)]
        if 0 < size < eps:
            steps += [size * 10.0**-k for k in range(1, 8)]
        narrowest = 4 * float(np.spacing(size))
        kept: list[float] = []
        for step in sorted(steps, reverse=True):
            if step > narrowest and (not kept or kept[-1] > 3 * step):
                kept.append(step)
        return kept


class Side(NamedTuple):
    """What the differences to one side of a point tend to.

    Attributes:
        limit: the slope, or nan where they tend to none.
        error: how far off it may be.
        grows: the infinity that they grow to, or 0.
        step: the step that told it.
    """

    limit: float
    error: float
    grows: float
    step: float


class Verdict(NamedTuple):
    """What differences say about a rule's derivative.

    Attributes:
        kind: RIGHT, WRONG, or STEP where it is the step that is at fault or nothing can be said.
        numeric: the slope that was found, or nan.
        why: a sentence about what was found.
    """

    kind: str
    numeric: float
    why: str = ""


def judged(
    line: LineFunction, row: int, analytic: float, noise: float, eps: float, rtol: float
) -> Verdict:
    """A rule's derivative of one output held against differences of several steps.

    Args:
        row: which of the line's outputs.
        noise: how far off the output's number may be by rounding.
    """
    if math.isnan(analytic) and not np.isfinite(line.centre).all():
        return Verdict(RIGHT, analytic)  # 0 times the slope of an output that is not finite itself
    asked = eps
    eps = line.least(eps)
    here = float(line.centre[row])
    if not math.isfinite(here):
        if not math.isfinite(analytic) or analytic == 0:  # not finite either, or of another input
            return Verdict(RIGHT, analytic)
        return Verdict(STEP, math.nan, f"the function itself is {here} there, where no slope is")
    wide = float(line.slope(eps)[row])
    gap = abs(analytic - wide)
    if math.isfinite(gap):
        limited = line.noise(row, eps, noise) > rtol * abs(wide)
        if limited and _agrees_wider(line, row, analytic, noise, eps, rtol):
            return Verdict(RIGHT, wide)
        if not limited and gap <= rtol * abs(wide):
            return Verdict(RIGHT, wide)
        crossed = _crossed(line, row, gap, eps)
        if not limited and not crossed and _vanishes(line, row, analytic, eps):
            return Verdict(RIGHT, wide)
    # Wider steps tell of what is further away: they are asked where rounding leaves no choice.
    widest = eps if math.isfinite(gap) and not limited else math.inf
    right, left = (_side(line, row, noise, eps, widest, rtol, sign) for sign in (1, -1))
    verdict = _of_sides(analytic, left, right, rtol)
    if verdict.kind == WRONG and eps > asked:
        known = [side for side in (left, right) if not math.isnan(side.limit)]
        if all(abs(side.limit) <= side.error for side in known):
            return Verdict(STEP, verdict.numeric, f"the numbers beside it are {eps:.3g} away")
    if verdict.kind == WRONG and math.isnan(analytic) and _has_left(line, eps):
        # 0 times the infinite slope of another output: that one is at its edge.
        return Verdict(STEP, verdict.numeric, "another output is at the edge of its domain there")
    if verdict.kind == WRONG and _breaks(line, row):
        return Verdict(STEP, verdict.numeric, "the numbers beside it have quite other values")
    if verdict.kind == WRONG or (verdict.kind == STEP and verdict.why):
        return verdict
    if (reason := _left(line, row, eps)) is not None:
        return Verdict(STEP, verdict.numeric, reason)
    if gap > rtol * abs(wide) + line.noise(row, eps, noise) and (
        _crossed(line, row, gap, eps) or gap > 0.01 * max(abs(wide), abs(analytic))
    ):
        return Verdict(STEP, verdict.numeric, f"differences of that step give {wide:.10g}")
    return Verdict(RIGHT, verdict.numeric)


def _agrees_wider(
    line: LineFunction, row: int, analytic: float, noise: float, eps: float, rtol: float
) -> bool:
    """Whether steps agree that are wide enough for rounding not to matter; of none, whether all do."""
    every = True
    for step in reversed([h for h in line.ladder(eps) if h >= eps]):
        slope = float(line.slope(step)[row])
        if not math.isfinite(slope):
            return False
        drowned = line.noise(row, step, noise)
        agrees = abs(analytic - slope) <= rtol * abs(slope) + drowned
        if drowned <= rtol * max(abs(slope), abs(analytic)):
            return agrees
        every = every and agrees
    return every


def _vanishes(line: LineFunction, row: int, analytic: float, eps: float) -> bool:
    """Whether the gap shrinks with the step, as it does where a function only bends."""
    gaps = [abs(analytic - float(line.slope(eps / k)[row])) for k in (1, 2, 4)]
    return all(b <= 0.51 * a for a, b in itertools.pairwise(gaps))


def _crossed(line: LineFunction, row: int, gap: float, eps: float) -> bool:
    """Whether a kink lies within a step: one side's slope is right, and the other's stays off."""
    jump, half = (abs(float(line.side(h)[row]) - float(line.side(-h)[row])) for h in (eps, eps / 2))
    return 1.5 * gap <= jump <= 2.5 * gap and half > 0.6 * jump  # a bend's would be half as large


def _breaks(line: LineFunction, row: int) -> bool:
    """Whether an output is another one at the next numbers, as beside a pole: no difference helps."""
    here = float(line.centre[row])
    if not SMALLEST < abs(line.x) < math.inf:
        return False
    beside = [float(line.at(math.nextafter(line.x, end))[row]) for end in (-math.inf, math.inf)]
    return here != 0 and all(abs(y - here) > 0.1 * abs(here) for y in beside)


def _has_left(line: LineFunction, eps: float) -> bool:
    """Whether any output has no number one step away."""
    return not all(np.isfinite(line.at(line.x + step)).all() for step in (eps, -eps))


def _left(line: LineFunction, row: int, eps: float) -> str | None:
    """What a function says one step away that has no number there."""
    for step, sign in ((eps, "+"), (-eps, "−")):
        place = line.x + step
        if not math.isfinite(out := float(line.at(place)[row])):
            error = line.errors.get(place)
            said = f"raises {type(error).__name__} ({error})" if error is not None else f"is {out}"
            return f"at x {sign} eps the function {said}"
    return None


def _side(
    line: LineFunction, row: int, noise: float, eps: float, widest: float, rtol: float, sign: int
) -> Side:
    """What the differences to one side tend to, as the step shrinks and before it drowns."""
    nothing = Side(math.nan, math.inf, 0.0, math.nan)
    steps: list[float] = []
    slopes: list[float] = []
    for step in line.ladder(eps):
        if step > widest:
            continue
        slope = float(line.side(sign * step)[row])
        if math.isfinite(slope):
            steps.append(step)
            slopes.append(slope)
        else:
            steps, slopes = [], []  # beyond an edge: only what is nearer counts
    if len(steps) < 3:
        return nothing
    drowned = [line.noise(row, step, noise) for step in steps]
    clear = [abs(y) for y, lost in zip(slopes, drowned, strict=True) if lost < 0.1 * abs(y)]
    last = [y for y, lost in zip(slopes, drowned, strict=True) if lost < 0.1 * abs(y)][-4:]
    if len(last) > 3 and all(
        abs(b) >= 1.3 * abs(a) and b * a > 0 for a, b in itertools.pairwise(last)
    ):
        return nothing._replace(grows=math.copysign(math.inf, last[-1]))
    moves = [math.inf, *(abs(b - a) for a, b in itertools.pairwise(slopes))]
    settled = [
        Side(slopes[k], moves[k] + drowned[k], 0.0, steps[k])
        for k in range(1, len(steps))
        if moves[k] <= max(rtol * abs(slopes[k]), 2 * drowned[k], moves[k - 1] / 2 if k > 1 else 0)
    ]
    if not settled:
        return nothing
    # What holds at the finest steps is the slope; the widest of the steps that say it says it best.
    good = [side for side in settled if side.error <= rtol * max(clear, default=0.0)]
    finest = good[-1] if good else min(settled, key=lambda side: side.error)
    same = [x for x in settled if abs(x.limit - finest.limit) <= x.error + finest.error]
    return min(same, key=lambda side: side.error)


def _of_sides(analytic: float, left: Side, right: Side, rtol: float) -> Verdict:
    """The verdict of the slopes to the left and to the right; without a word where they agree."""
    known = [side for side in (left, right) if not math.isnan(side.limit)]

    def near(side: Side) -> bool:
        return abs(analytic - side.limit) <= side.error + rtol * abs(side.limit)

    if len(known) == 2:
        low, high = sorted((left, right))
        surely = min(known, key=lambda side: side.error)
        size = max(abs(low.limit), abs(high.limit))
        if high.limit - low.limit <= low.error + high.error + rtol * size:
            return Verdict(RIGHT if near(surely) else WRONG, surely.limit)
        told = f"the slope is {left.limit:.6g} to the left and {right.limit:.6g} to the right"
        inside = low.limit - low.error <= analytic <= high.limit + high.error
        inside = inside or near(low) or near(high)
        return Verdict(STEP if inside else WRONG, (low.limit + high.limit) / 2, f"{told} of it")
    if len(known) == 1:
        (side,) = known
        which = "left" if side is left else "right"
        told = f"only to the {which} of it there is a slope, {side.limit:.6g}"
        return Verdict(STEP if near(side) else WRONG, side.limit, told)
    growing = [side.grows for side in (left, right) if side.grows]
    if growing and math.isinf(analytic) and analytic in growing:
        return Verdict(STEP, analytic, "the slope grows without bound towards it")
    if growing and not math.isinf(analytic):
        return Verdict(STEP, growing[0], "the slope grows without bound towards it")
    return Verdict(STEP, math.nan, "differences of smaller steps tend to nothing")
