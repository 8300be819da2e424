"""Checking: derivatives against finite differences, and the place where numbers stop being finite."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.checking.differences import NOISE, RIGHT, STEP, WRONG, LineFunction, Verdict, judged
from autograd.context.exits import GraphExitError
from autograd.context.grad_modes import ModeChange
from autograd.engine.arrays import check_array
from autograd.engine.graph import AnomalyError, Node, describe, topological_order
from autograd.engine.operands import raw
from autograd.engine.passes import cotangents
from autograd.engine.primitive import Primitive
from autograd.engine.value import Value
from autograd.support.publishing import publish
from autograd.transforms import (
    Function,
    TransformedCall,
    arguments_of,
    function,
    leaves_of,
    shaped,
    vjp,
)


class GradientError(AssertionError):
    """A derivative differs from its finite difference."""


# --- gradcheck ------------------------------------------------------------------------------------


def gradcheck(
    f: Function,
    inputs: Any,
    order: int = 1,
    *,
    eps: float = 1e-6,
    atol: float | None = None,
    rtol: float = 1e-3,
) -> bool:
    """Compare the derivatives of f with central differences; True, or a `GradientError`.

    Every entry of the Jacobian must agree: ``|analytic − numeric| <= rtol · |numeric|``, and what
    rounding takes from numeric = (f(x + eps) − f(x − eps)) / 2 eps, so that a derivative of 1e-10 is
    checked as one of 1 is. The relative error shown is |analytic − numeric| / (|analytic| + |numeric|),
    as in DD2424 and CS231n. Where f is not finite and the rule says so as well, they agree.

    Before a rule is blamed, smaller and larger steps and each side by itself are asked. Where a step
    left the domain of f or crossed a kink, and where the point lies on one, the error says that.

    Args:
        f: a function of nodes: numbers become Values, arrays become float64 Tensors. It gives the same
            numbers each time, and float64 all the way.
        inputs: a tuple or list of arguments, or a single one. Arguments may be nested.
        order: 1, or 2 to check the derivatives of the gradient as well.
        eps: half the width of the difference.
        atol: a gap that is as good as none, whatever the scale; by default that of rounding.
        rtol: the relative gap that is as good as none.

    Raises:
        GradientError: with the worst entry, both numbers, and the primitive that is to blame; or what
            kept a difference from telling: an edge, a kink, or a function that draws at random.
        ValueError: another order, a step that is not positive, no inputs, no outputs.

    >>> import autograd
    >>> autograd.gradcheck(lambda x, y: x.tanh() * y, (0.5, 2.0), order=2)
    True
    >>> autograd.gradcheck(autograd.sqrt, 1e-9)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    autograd.GradientError: the gradient of output 0 by input 0: the step eps = 1e-06 ...
    """
    if order not in (1, 2):
        raise ValueError(f"order is 1 or 2, got {order!r}")
    for x, what, least in (
        (eps, "eps", "above"),
        (rtol, "rtol", "of at least"),
        (atol, "atol", "of at least"),
    ):
        if x is None and what == "atol":
            continue
        if isinstance(x, bool) or not isinstance(x, int | float | np.integer | np.floating):
            raise TypeError(f"{what} is a number, got {type(x).__name__} ({x!r:.60})")
        if not (0 <= x < np.inf and (x or what != "eps")):
            raise ValueError(f"{what} is a finite number {least} 0, got {x}")
    inputs = shaped(arguments_of(inputs), [_double(x) for x in leaves_of(arguments_of(inputs))])
    if not leaves_of(inputs):
        raise ValueError("gradcheck: there are no numbers among the inputs")
    tolerances = _Tolerances(float(eps), float(rtol), None if atol is None else float(atol))
    function(f, "gradcheck")
    _Comparison(f, inputs, tolerances, "the gradient").run()
    if order == 2:

        def gradient(*arguments: Any) -> Any:
            out, pull = vjp(f, *arguments)
            rng = np.random.default_rng(0)  # the same cotangent at every evaluation
            seeds = [rng.uniform(0.5, 1.5, np.shape(raw(x))) for x in leaves_of(out)]
            return pull(shaped(out, [g if g.shape else float(g) for g in seeds]))

        _Comparison(gradient, inputs, tolerances, "the gradient of the gradient").run()
    return True


def _double(x: Any) -> Any:
    """A fresh float or float64 array with an input's numbers."""
    x = raw(check_array(x, "an input of gradcheck"))
    return np.array(x, dtype=np.float64) if isinstance(x, np.ndarray) else Value(x)._raw


class _Tolerances(NamedTuple):
    eps: float
    rtol: float
    atol: float | None


class _Mismatch(NamedTuple):
    """One entry of a Jacobian that a difference disagrees with, and what is to be said of it."""

    error: float
    text: str


class _Comparison:
    """The Jacobian of one function at one point, held against differences."""

    def __init__(self, f: Function, inputs: Any, tolerances: _Tolerances, what: str) -> None:
        self.f, self.inputs, self.tolerances, self.what = f, inputs, tolerances, what
        self.leaves = [np.array(x) for x in leaves_of(inputs)]
        self.paths = _paths(inputs)
        self.call = self.called(self.leaves)
        self.outputs = [np.asarray(raw(x)) for x in self.call.outputs]
        if not self.outputs:
            raise ValueError("gradcheck: the function returned no numbers")
        self.places = [
            (o, at) for o, out in enumerate(self.outputs) for at in np.ndindex(out.shape)
        ]
        # The rounding that a difference of one output has, where nothing within is larger than it.
        self.coarse = np.array(
            [float(_epsilon(self.outputs[o]) * abs(self.outputs[o][at])) for o, at in self.places]
        )
        self.epsilons = np.array([_epsilon(self.outputs[o]) for o, _ in self.places])
        self._noise: dict[int, float] = {}

    def called(self, leaves: Sequence[Any]) -> TransformedCall:
        """One call of the function on nodes."""
        moved = [
            x if x.shape or isinstance(old, np.ndarray) else float(x)
            for x, old in zip(leaves, leaves_of(self.inputs), strict=True)
        ]
        try:
            with np.errstate(all="ignore"):  # what is not finite is told of here
                call = TransformedCall(
                    self.f, shaped(self.inputs, moved), {}, range(len(self.inputs))
                )
        except GraphExitError as error:
            raise GradientError(f"a part of the function is not recorded: {error}") from error
        call.nested = False
        return call

    def numbers(self, call: TransformedCall) -> Any:
        """All outputs of a call in a row."""
        flat = [np.ravel(np.asarray(raw(x))).astype(np.float64) for x in call.outputs]
        return np.concatenate(flat) if flat else np.empty(0)

    def rows(self, call: TransformedCall, place: tuple[int, Any] | None = None) -> list[Any]:
        """The gradients of one output by each input, or with `place` None of all outputs together."""
        if place is None:
            return call.pull([np.ones(out.shape) for out in self.outputs], False)
        seed = np.zeros(self.outputs[place[0]].shape)
        seed[place[1]] = 1.0
        return call.pull([seed], False, [call.outputs[place[0]]])

    def check_repeats(self, times: int) -> None:
        """Raise when the function gives other numbers for the same input."""
        before, rows = self.numbers(self.call), self.rows(self.call)
        for _ in range(times):
            call = self.called(self.leaves)
            again = self.numbers(call)
            same = np.array_equal(again, before, equal_nan=True) and all(
                np.array_equal(a, b, equal_nan=True)
                for a, b in zip(self.rows(call), rows, strict=True)
            )
            if not same:
                raise GradientError(
                    "the function gives other numbers when it is called again with the same input "
                    f"({_few(before)}, then {_few(again)}, or other gradients): what draws at random, "
                    "as dropout does, or remembers its last call, has no differences. Call eval() on "
                    "a model, or make the generator anew inside the function, from one seed"
                )

    def run(self) -> None:
        """Every entry; the worst that is wrong is raised, else the worst that cannot be told."""
        self.check_repeats(1)
        rows = [self.rows(self.call, place) for place in self.places]
        wrong: list[_Mismatch] = []
        unsure: list[_Mismatch] = []
        for i, x in enumerate(self.leaves):
            analytic = np.array([np.ravel(row[i]) for row in rows]).reshape(len(rows), -1)
            for column, at in enumerate(np.ndindex(x.shape)):
                line = self.line(i, at)
                for row in self.suspects(line, analytic[:, column]):
                    verdict = judged(line, row, analytic[row, column], self.noise(row), *self.steps)
                    if verdict.kind == WRONG and np.isnan(analytic[row, column]) and self.at_tip():
                        verdict = Verdict(STEP, verdict.numeric, TIP)
                    if verdict.kind != RIGHT:
                        entry = self.entry(row, i, at, line, analytic[row, column], verdict)
                        (wrong if verdict.kind == WRONG else unsure).append(entry)
        if wrong or unsure:
            self.check_repeats(4)
        if wrong:
            worst = max(wrong, key=lambda entry: entry.error)
            raise GradientError(f"{worst.text}\n  {_blame(self.call.outputs, *self.steps)}")
        if unsure:
            raise GradientError(max(unsure, key=lambda entry: entry.error).text)

    def at_tip(self) -> bool:
        """Whether a formula of the graph was patched here: its derivative is nan, and right so."""
        nodes = topological_order([x for x in self.call.outputs if isinstance(x, Node)])
        return any(_is_patched(node) and np.any(raw(node.arguments[0])) for node in nodes)

    @property
    def steps(self) -> tuple[float, float]:
        """The step and the relative tolerance."""
        return self.tolerances.eps, self.tolerances.rtol

    def line(self, i: int, at: Any) -> LineFunction:
        """The outputs as a function of one element of an input."""

        def function(x: float) -> Any:
            moved = [leaf.copy() if j == i else leaf for j, leaf in enumerate(self.leaves)]
            moved[i][at] = x
            return self.numbers(self.called(moved))

        x, centre = float(self.leaves[i][at]), self.numbers(self.call)
        return LineFunction(function, x, centre, self.epsilons)

    def suspects(self, line: LineFunction, analytic: Any) -> list[int]:
        """The outputs whose derivative is not, at first sight, its difference."""
        return _suspects(line, analytic, *self.tolerances)

    def noise(self, row: int) -> float:
        """How far off one output may be by the rounding of all that it is computed from.

        To first order that is Σ |∂out/∂node| · |node| · ε over the nodes of its graph.
        """
        if row not in self._noise:
            o, at = self.places[row]
            out = self.call.outputs[o]
            total = float(self.coarse[row])
            if isinstance(out, Node) and out.requires_grad:
                seed = np.zeros(self.outputs[o].shape)
                seed[at] = 1.0
                found = cotangents({out: out._seed(seed, False)}, retain=True)
                with np.errstate(all="ignore"):
                    parts = [
                        float(_epsilon(raw(node)) * np.sum(np.abs(raw(g) * raw(node))))
                        for node, g in found.items()
                    ]
                total = max(total, sum(part for part in parts if np.isfinite(part)))
            self._noise[row] = total
        return self._noise[row]

    def entry(
        self, row: int, i: int, at: Any, line: LineFunction, analytic: float, verdict: Verdict
    ) -> _Mismatch:
        """What is to be said of an entry."""
        eps, rtol, atol = self.tolerances
        o, place = self.places[row]
        numeric = verdict.numeric
        with np.errstate(all="ignore"):
            gap = abs(analytic - numeric)
            relative = gap / (abs(analytic) + abs(numeric)) if gap else 0.0
        where = f"input {self.paths[i]}{_place(at)}"
        head = f"{self.what} of output {o}{_place(place)} by {where}:"
        both = f"  analytic  {analytic:.10g}\n  numeric   {numeric:.10g}\n"
        error = float(np.nan_to_num(relative, nan=np.inf, posinf=np.inf))
        if verdict.kind == WRONG:
            tolerance = f"{rtol:g} |numeric|" if atol is None else f"{atol:g} + {rtol:g} |numeric|"
            why = f"\n  {verdict.why}" if verdict.why else ""
            return _Mismatch(
                error,
                f"{head}\n{both}  relative error {relative:.3g} (absolute {gap:.3g}; tolerance "
                f"{tolerance}){why}",
            )
        told = f"  {verdict.why}\n" if verdict.why else ""
        return _Mismatch(
            error,
            f"{head} the step eps = {line.least(eps):.3g} leaves the domain of the function or crosses "
            f"a kink or a jump, or x = {line.x:.10g} lies on one; the rule is not to blame for that\n"
            f"{told}{both}  Check at a point further from there, or with a smaller eps",
        )


TIP = "at the tip of a cone, such as norm's at 0, a second derivative is nan by convention"


def _is_patched(node: Node) -> bool:
    return node.primitive is not None and node.primitive.name == "patched"


def _suspects(
    line: LineFunction, analytic: Any, eps: float, rtol: float, atol: float | None = None
) -> list[int]:
    """The outputs whose derivative is not, at first sight, its difference."""
    step = line.least(eps)
    numeric = line.slope(step)
    with np.errstate(all="ignore"):
        gap = np.abs(analytic - numeric)
        tolerance = rtol * np.abs(numeric)
        floor = NOISE * line.epsilon * np.abs(line.centre) / step
        # What rounding may hide is let pass where it hides nothing beside the other entries.
        largest = np.max(np.abs(numeric), initial=0.0, where=np.isfinite(numeric))
        agrees = (gap <= tolerance) & (floor <= tolerance)
        agrees |= (floor <= rtol * largest) & (gap <= tolerance + floor)
        if atol is not None:
            agrees |= gap <= atol + tolerance
        agrees |= (analytic == numeric) & np.isfinite(numeric)
    found: list[int] = np.flatnonzero(~agrees).tolist()
    return found


def _epsilon(x: Any) -> float:
    """The relative rounding of an array's or a number's type."""
    dtype = getattr(x, "dtype", np.dtype(np.float64))
    return float(np.finfo(dtype).eps) if dtype.kind == "f" else float(np.finfo(np.float64).eps)


def _few(numbers: Any) -> str:
    """Some numbers for a message."""
    shown = ", ".join(f"{x:.10g}" for x in numbers[:3])
    return shown if len(numbers) <= 3 else f"{shown}, …"


def _paths(tree: Any, path: str | None = None) -> list[str]:
    """How each number or array of the inputs is reached: ``0``, ``1['weight']``, ``2[0]``."""
    if tree is None:
        return []
    if isinstance(tree, dict):
        keyed = [(f"{path}[{key!r}]", branch) for key, branch in tree.items()]
    elif isinstance(tree, list | tuple):
        keyed = [
            (str(i) if path is None else f"{path}[{i}]", branch) for i, branch in enumerate(tree)
        ]
    elif isinstance(tree, np.ndarray) and tree.dtype == object:
        keyed = [(f"{path}{list(at)}", tree[at]) for at in np.ndindex(tree.shape)]
    else:
        return ["0" if path is None else path]
    return [leaf for inner, branch in keyed for leaf in _paths(branch, inner)]


def _place(place: Sequence[Any]) -> str:
    return f"[{', '.join(map(str, map(int, place)))}]" if place else ""


def _blame(outputs: Sequence[Any], eps: float, rtol: float) -> str:
    """The primitive whose own local derivative is furthest from its own finite difference."""
    worst, blamed = 0.0, None
    nodes = [x for x in outputs if isinstance(x, Node)]
    for node in topological_order(nodes):
        if node.primitive is not None:
            error = _local_error(node, eps, rtol)
            if error > worst:
                worst, blamed = error, node
    if blamed is not None and blamed.primitive is not None:
        return (
            f"primitive {blamed.primitive.name!r} disagrees with its own difference "
            f"(relative error {worst:.3g}), recorded at {blamed.site}"
        )
    names = sorted({node.primitive.name for node in nodes if node.primitive is not None})
    whose = f"the output's: {', '.join(names)}" if names else "the output is that of none"
    return (
        f"no single primitive disagrees with its own difference ({whose}): "
        "look for a kink, a discontinuity, or a part of f that is not recorded"
    )


SMALL = 4096
"""Entries of a local Jacobian that are held against differences one by one."""


def _local_error(node: Node, eps: float, rtol: float) -> float:
    """The largest relative error of a node's local derivatives, of those that differences call wrong."""
    primitive = node.primitive
    if primitive is None or _is_patched(node):  # which says itself where it has no derivative
        return 0.0
    arguments = [raw(x) for x in node.arguments]
    slots = [
        slot
        for slot, x in enumerate(node.arguments)
        if isinstance(x, Node) and x.requires_grad and primitive.differentiable(slot)
    ]
    out = np.asarray(raw(node))

    def again(slot: int, x: Any) -> Any:
        moved = [x if i == slot else y for i, y in enumerate(arguments)]
        return np.ravel(_again(node, primitive, moved)).astype(np.float64)

    worst = 0.0
    for slot, derivative in zip(slots, node._local_derivatives, strict=True):
        x = arguments[slot]
        if isinstance(derivative, float):
            lines = [
                (LineFunction(functools.partial(again, slot), float(x)), np.array([derivative]))
            ]
        elif out.size * np.size(x) <= SMALL:
            lines = _lines(functools.partial(again, slot), np.asarray(x), out, derivative)
        else:
            lines = [_direction(functools.partial(again, slot), np.asarray(x), out, derivative)]
        for line, analytic in lines:
            for row in _suspects(line, analytic, eps, rtol):
                size = abs(float(line.centre[row])) + abs(analytic[row] * line.x)
                noise = _epsilon(out) * size if np.isfinite(size) else 0.0
                verdict = judged(line, row, float(analytic[row]), noise, eps, rtol)
                if verdict.kind == WRONG:
                    gap = abs(analytic[row] - verdict.numeric)
                    error = gap / (abs(analytic[row]) + abs(verdict.numeric))
                    worst = max(worst, error if error == error else np.inf)
    return worst


def _lines(
    again: Callable[[Any], Any], x: Any, out: Any, derivative: Any
) -> list[tuple[LineFunction, Any]]:
    """All outputs along each element of an argument, and the column of the Jacobian for it."""
    jacobian = np.empty((out.size, x.size))
    for k in range(out.size):
        seed = np.zeros(out.size)
        seed[k] = 1.0
        jacobian[k] = np.ravel(derivative.vjp(seed.reshape(out.shape).astype(out.dtype)))

    def moved(value: float, place: int) -> Any:
        there = np.array(x)
        there.flat[place] = value
        return again(there)

    return [
        (
            LineFunction(
                functools.partial(moved, place=j), float(x.flat[j]), epsilon=_epsilon(out)
            ),
            jacobian[:, j],
        )
        for j in range(x.size)
    ]


def _direction(
    again: Callable[[Any], Any], x: Any, out: Any, derivative: Any
) -> tuple[LineFunction, Any]:
    """One number of the outputs along one direction of an argument, and its slope: of large arrays."""
    rng = np.random.default_rng(0)
    t, g = rng.uniform(0.5, 1.5, x.shape), rng.uniform(0.5, 1.5, out.shape)

    def along(h: float) -> Any:
        return np.ravel(np.sum(again(x + h * t).reshape(out.shape) * g))

    with np.errstate(all="ignore"):
        analytic = np.ravel(np.sum(derivative.vjp(g.astype(out.dtype)) * t))
    return LineFunction(along, 0.0, epsilon=_epsilon(out)), analytic


def _again(node: Node, primitive: Primitive, arguments: Sequence[Any]) -> Any:
    """The primitive computed once more, on plain numbers."""
    with np.errstate(all="ignore"):
        if isinstance(node, Value):
            return primitive.again(arguments, node.options)
        return primitive.compute(arguments, node.options)


# --- detect_anomaly -------------------------------------------------------------------------------


def _finite(x: Any) -> bool:
    return bool(np.all(np.isfinite(raw(x))))


def _kinds_of(x: Any) -> str:
    """What is not finite in x, and where first."""
    data = np.asarray(raw(x))
    bad = ~np.isfinite(data)
    at = tuple(int(i) for i in np.argwhere(bad)[0])
    name = "nan" if np.isnan(data[at]) else "inf" if data[at] > 0 else "-inf"
    return (
        f"{name}{' at ' + str(list(at)) if at else ''} ({int(bad.sum())} of {data.size} not finite)"
    )


def _mark(x: Any) -> int:
    """A fingerprint of an argument's numbers."""
    data = raw(x)
    return zlib.crc32(data.tobytes()) if isinstance(data, np.ndarray) else hash(data)


class Anomaly:
    """What `detect_anomaly` asks of each node: finite forward, finite backward, unwritten between."""

    def __init__(self) -> None:
        self._marks: dict[int, list[int]] = {}

    def check_forward(self, node: Node, primitive: Primitive, arguments: Sequence[Any]) -> None:
        """After a node was computed."""
        if not _finite(node):
            shapes = ", ".join(_operand(x) for x in arguments)
            raise AnomalyError(
                f"{primitive.name} gave {_kinds_of(node)} from {shapes}\n  at {node.site}"
            )
        self._marks[node._serial] = [_mark(x) for x in arguments]

    def check_untouched(self, node: Node) -> None:
        """Before a node is used by a backward pass: are its arguments what it was computed from?"""
        marks = self._marks.get(node._serial)
        if marks is not None:
            changed = [x for x, mark in zip(node.arguments, marks, strict=True) if _mark(x) != mark]
        else:
            again = _again(node, node.primitive, [raw(x) for x in node.arguments])  # type: ignore[arg-type]
            same = np.array_equal(np.asarray(again), np.asarray(node._raw), equal_nan=True)
            changed = [] if same else [x for x in node.arguments if isinstance(x, Node)]
        if changed:
            name = node.primitive.name if node.primitive else "leaf"
            told = [
                describe(x) if isinstance(x, Node) else f"a constant {_operand(x)}" for x in changed
            ]
            which = " or ".join(dict.fromkeys(told))
            raise AnomalyError(
                f"the data of {which} was written after {name} had been computed from it\n"
                f"  at {node.site}"
            )

    def check_backward(self, node: Node, parent: Node, contribution: Any) -> None:
        """After a contribution to a parent's cotangent was computed."""
        if not _finite(contribution):
            name = node.primitive.name if node.primitive else "leaf"
            shapes = ", ".join(_operand(x) for x in node.arguments)
            raise AnomalyError(
                f"the backward pass of {name} gave {_kinds_of(contribution)} for "
                f"{describe(parent)}; its arguments were {shapes}\n  at {node.site}"
            )


def _operand(x: Any) -> str:
    """An argument for a message: its kind, shape and range, or its number."""
    data = raw(x)
    kind = "" if not isinstance(x, Node) else f"{type(x).__name__} "
    name = f"{x.name!r} " if isinstance(x, Node) and x.name else ""
    if not isinstance(data, np.ndarray):
        return f"{kind}{name}{data!r}"
    span = f" in [{np.min(data):.6g}, {np.max(data):.6g}]" if data.size else ""
    return f"{kind or 'array '}{name}of shape {data.shape}{span}"


class detect_anomaly(ModeChange):  # noqa: N801  (PyTorch's name)
    """Turn the first number that is not finite into an error that names where it came from.

    Forward and backward, NaN and infinities. A write into an array behind the graph's back is found
    by the next backward pass as well. A program's run is computed a second time, one instruction after
    another, and the first that is not finite is named, with the line that recorded it.

    >>> import autograd
    >>> with autograd.detect_anomaly():
    ...     y = autograd.Value(-1.0, "x").log()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    autograd.AnomalyError: log gave nan (1 of 1 not finite) from Value 'x' -1.0
      at ...
    """

    def __init__(self) -> None:
        super().__init__(anomaly=Anomaly())


__all__ = ["GradientError", "detect_anomaly", "gradcheck"]
publish(__name__)
