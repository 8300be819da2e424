"""Checking: derivatives against finite differences, and the place where numbers stop being finite."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.arrays import check_array
from autograd.dispatch import raw
from autograd.graph import AnomalyError, Node, describe, topological_order
from autograd.primitive import Primitive
from autograd.recording import ModeChange
from autograd.transforms import Call, Function, arguments_of, leaves_of, shaped, vjp
from autograd.value import Value

__all__ = ["GradientError", "detect_anomaly", "gradcheck"]


class GradientError(AssertionError):
    """A derivative differs from its finite difference."""


# --- gradcheck ------------------------------------------------------------------------------------


def gradcheck(
    f: Function,
    inputs: Any,
    order: int = 1,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
) -> bool:
    """Compare the derivatives of f with central differences; True, or a `GradientError`.

    Every entry of the Jacobian must agree: ``|analytic − numeric| <= atol + rtol · |numeric|`` with
    numeric = (f(x + eps) − f(x − eps)) / 2 eps. The relative error shown is
    |analytic − numeric| / max(1e-12, |analytic| + |numeric|), as in DD2424 and CS231n.

    Args:
        f: a function of nodes: numbers become Values, arrays become float64 Tensors.
        inputs: a tuple or list of arguments, or a single one. Arguments may be nested.
        order: 1, or 2 to check the derivatives of the gradient as well.
        eps: half the width of the difference.

    Raises:
        GradientError: with the worst entry, both numbers, and the primitive that is to blame.

    >>> import autograd
    >>> autograd.gradcheck(lambda x, y: x.tanh() * y, (0.5, 2.0), order=2)
    True
    """
    if order not in (1, 2):
        raise ValueError(f"order is 1 or 2, got {order!r}")
    inputs = shaped(arguments_of(inputs), [_double(x) for x in leaves_of(arguments_of(inputs))])
    _compare(f, inputs, eps, atol, rtol, "the gradient")
    if order == 2:

        def gradient(*arguments: Any) -> Any:
            out, pull = vjp(f, *arguments)
            rng = np.random.default_rng(0)  # the same cotangent at every evaluation
            seeds = [rng.uniform(0.5, 1.5, np.shape(raw(x))) for x in leaves_of(out)]
            return pull(shaped(out, [g if g.shape else float(g) for g in seeds]))

        _compare(gradient, inputs, eps, atol, rtol, "the gradient of the gradient")
    return True


def _double(x: Any) -> Any:
    """A fresh float or float64 array with an input's numbers."""
    x = raw(check_array(x, "an input of gradcheck"))
    return np.array(x, dtype=np.float64) if isinstance(x, np.ndarray) else Value(x)._data


def _compare(f: Function, inputs: Any, eps: float, atol: float, rtol: float, what: str) -> None:
    call = Call(f, inputs, {}, range(len(inputs)))
    call.nested = False
    leaves = [np.array(x) for x in leaves_of(inputs)]
    outputs = [np.asarray(raw(x)) for x in call.outputs]
    if not outputs:
        raise ValueError("gradcheck: the function returned no numbers")
    worst: tuple[float, str] | None = None
    for o, out in enumerate(outputs):
        seeds: list[Any] = [np.zeros(each.shape) for each in outputs]
        rows = []
        for place in np.ndindex(out.shape):
            seeds[o][place] = 1.0
            rows.append(call.pull(seeds, False))
            seeds[o][place] = 0.0
        for i, x in enumerate(leaves):
            analytic = np.array([row[i] for row in rows]).reshape(out.shape + x.shape)
            numeric = np.empty_like(analytic)
            for at in np.ndindex(x.shape):
                numeric[(..., *at)] = _difference(f, inputs, leaves, i, at, o, eps)
            gap = np.abs(analytic - numeric)
            relative = gap / np.maximum(1e-12, np.abs(analytic) + np.abs(numeric))
            agree = (gap <= atol + rtol * np.abs(numeric)) | (analytic == numeric)
            if np.all(agree):
                continue
            error = np.where(agree, -1.0, np.nan_to_num(relative, nan=np.inf))
            at = np.unravel_index(int(np.argmax(error)), error.shape)
            if worst is None or error[at] > worst[0]:
                split = len(out.shape)
                worst = (
                    error[at],
                    (
                        f"{what} of output {o}{_place(at[:split])} by input {i}{_place(at[split:])}:\n"
                        f"  analytic  {analytic[at]:.10g}\n  numeric   {numeric[at]:.10g}\n"
                        f"  relative error {relative[at]:.3g} (absolute {gap[at]:.3g}; "
                        f"tolerance {atol:g} + {rtol:g} |numeric|)"
                    ),
                )
    if worst is not None:
        raise GradientError(f"{worst[1]}\n  {_blame(call.outputs, eps)}")


def _place(place: Sequence[Any]) -> str:
    return f"[{', '.join(map(str, map(int, place)))}]" if place else ""


def _difference(
    f: Function, inputs: Any, leaves: Any, i: int, at: Any, o: int, eps: float
) -> np.ndarray[Any, Any]:
    """The central difference of output `o` by element `at` of input `i`."""
    sides = []
    for step in (eps, -eps):
        moved = [x.copy() for x in leaves]
        moved[i][at] += step
        moved = [
            x if x.shape or isinstance(old, np.ndarray) else float(x)
            for x, old in zip(moved, leaves_of(inputs), strict=True)
        ]
        out = Call(f, shaped(inputs, moved), {}, range(len(inputs))).outputs[o]
        sides.append(np.asarray(raw(out)))
    difference: np.ndarray[Any, Any] = (sides[0] - sides[1]) / (2 * eps)
    return difference


def _blame(outputs: Sequence[Any], eps: float) -> str:
    """The primitive whose own local derivative is furthest from its own finite difference."""
    worst, blamed = 1e-4, None
    nodes = [x for x in outputs if isinstance(x, Node)]
    for node in topological_order(nodes):
        if node.primitive is not None:
            error = _local_error(node, eps)
            if error > worst:
                worst, blamed = error, node
    if blamed is not None and blamed.primitive is not None:
        return (
            f"primitive {blamed.primitive.name!r} disagrees with its own difference "
            f"(relative error {worst:.3g}), recorded at {blamed.site}"
        )
    names = sorted({node.primitive.name for node in nodes if node.primitive is not None})
    return (
        f"no single primitive disagrees with its own difference (the output's: {', '.join(names)}): "
        "look for a kink, a discontinuity, or a part of f that is not recorded"
    )


def _local_error(node: Node, eps: float) -> float:
    """The relative error of a node's local derivatives along one direction each."""
    primitive = node.primitive
    if primitive is None:
        return 0.0
    worst = 0.0
    rng = np.random.default_rng(0)
    arguments = [raw(x) for x in node.arguments]
    slots = [
        slot
        for slot, x in enumerate(node.arguments)
        if isinstance(x, Node) and x.requires_grad and primitive.differentiable(slot)
    ]
    for slot, derivative in zip(slots, node._local_derivatives, strict=True):
        if isinstance(derivative, float):
            t: Any = 1.0
            analytic = np.asarray(derivative)
        else:
            t = rng.uniform(0.5, 1.5, np.shape(arguments[slot]))
            g = rng.uniform(0.5, 1.5, np.shape(node._data))
            analytic = np.sum(derivative.vjp(g) * t)
        sides = []
        for step in (eps, -eps):
            moved = [x + step * t if i == slot else x for i, x in enumerate(arguments)]
            sides.append(np.asarray(_again(node, primitive, moved)))
        numeric = (sides[0] - sides[1]) / (2 * eps)
        if not isinstance(derivative, float):
            numeric = np.sum(numeric * g)
        scale = max(1e-3, float(np.abs(analytic) + np.abs(numeric)))
        error = float(np.abs(analytic - numeric)) / scale
        worst = max(worst, error if error == error else np.inf)
    return worst


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
            same = np.array_equal(np.asarray(again), np.asarray(node._data), equal_nan=True)
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
    by the next backward pass as well.

    >>> import autograd
    >>> with autograd.detect_anomaly():
    ...     y = autograd.Value(-1.0, "x").log()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    autograd.graph.AnomalyError: log gave nan (1 of 1 not finite) from Value 'x' -1.0
      at ...
    """

    def __init__(self) -> None:
        super().__init__(anomaly=Anomaly())
