"""What a random program may call: every row of the registry, every NumPy function, operators, views.

A call is a text with ``{0}`` … in the place of its operands. Rows come from the registry and their
samples, and NumPy's functions from `numpy_functions`, so that a new row is called without a word here.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from programs.arbitrary.program import written
from samples import SAMPLES, Sample

import autograd
from autograd.engine.families import Relation
from autograd.engine.primitive import numpy_functions

COUNTERPARTS: dict[str, Callable[..., Any]] = {}
"""PyTorch's function for a row, where PyTorch is installed."""


class Slot(NamedTuple):
    """What is put in the place of an argument: of which shape (None: any), and from where to where."""

    shape: tuple[int, ...] | None
    low: float
    high: float
    given: Any = None  # the sample's own argument
    node: bool = True  # or a constant, that which is given


class Call(NamedTuple):
    """A way to call something: its text, its arguments, and the same call in PyTorch."""

    text: str
    slots: tuple[Slot, ...]
    row: str = ""
    options: dict[str, Any] = {}  # noqa: RUF012  (never written to)
    theirs: Callable[..., Any] | None = None


def interval(x: Any) -> tuple[float, float]:
    """From where to where the numbers of an argument go."""
    numbers = np.asarray(x, float)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return -1.0, 1.0
    low, high = float(numbers.min()), float(numbers.max())
    return (low, high) if low < high else (low - 0.25, low + 0.25)


def name_of(row: autograd.Primitive) -> str:
    """A row as users call it."""
    public = getattr(autograd, row.name, None) is row
    return f"autograd.{row.name}" if public else f"autograd.registry[{row.name!r}]"


@functools.cache
def numpy_names(row: autograd.Primitive) -> list[str]:
    """NumPy's functions that are this row."""
    return [
        f"np.{function.__name__}"
        for function, mine in numpy_functions.items()
        if mine is row and getattr(np, function.__name__, None) is function
    ]


def options_text(options: dict[str, Any]) -> str:
    """Options as they are written behind the operands."""
    return "".join(f", {key}={written(x)}" for key, x in options.items())


def theirs_of(row: str, options: dict[str, Any]) -> Callable[..., Any] | None:
    """The call in PyTorch, where it has it."""
    function = COUNTERPARTS.get(row)
    if function is None:
        return None
    given = {key: x for key, x in options.items() if key != "ties"}
    if options.get("ties", "share") != "share" or given.get("axis") == ():
        return None  # PyTorch shares ties, and takes () for all axes
    return functools.partial(function, **given) if given else function


# --- elementwise rows -----------------------------------------------------------------------------

OPERATORS = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "floor_divide": "{0} // {1}",
    "remainder": "{0} % {1}",
    "pow": "{0} ** {1}",
    "neg": "-{0}",
    "identity": "+{0}",
    "abs": "abs({0})",
}
HELPERS = ("patched",)
"""Rows that only other rows call, with arguments of one dtype that fit together."""

ELEMENTWISE = [
    row
    for row in autograd.registry.values()
    if row.family == "diagonal" and row.name not in HELPERS and not isinstance(row, Relation)
]
USUAL = [autograd.registry[name] for name in ("add", "mul", "sub", "div", "pow", "tanh", "exp")]
"""What programs are mostly made of: drawn as often as all others together."""


@functools.cache
def slots_of(row: autograd.Primitive) -> tuple[Slot, ...]:
    """The arguments of an elementwise row: each of any shape, in the interval of its samples."""
    arguments = SAMPLES[row.name][0].arguments
    without = not any(row.differentiable(i) for i in range(len(arguments)))  # random_like
    return tuple(
        Slot(None, *interval(x), node=without or row.differentiable(i))
        for i, x in enumerate(arguments)
    )


@functools.cache
def stretches(row: autograd.Primitive) -> bool:
    """Whether the arguments of an elementwise row broadcast; some have samples of equal shapes only."""
    shapes = [list(map(np.shape, sample.arguments)) for sample in SAMPLES[row.name]]
    return any(len(set(each)) > 1 for each in shapes)


@functools.cache
def elementwise_calls(row: autograd.Primitive) -> list[Call]:
    """The ways to write an elementwise row, with each of the options it has samples with."""
    slots = slots_of(row)
    places = ", ".join(f"{{{i}}}" for i in range(len(slots)))
    found: dict[str, Call] = {}
    for sample in SAMPLES[row.name]:
        options = sample.options
        theirs = theirs_of(row.name, options)
        texts = [f"{name_of(row)}({places}{options_text(options)})"]
        if not options:
            texts += [f"{name}({places})" for name in numpy_names(row)]
            if row.name in OPERATORS:
                texts.insert(0, OPERATORS[row.name])
        for text in texts:
            found.setdefault(text, Call(text, slots, row.name, options, theirs))
    return list(found.values())


# --- rows of other families -----------------------------------------------------------------------

OTHERS = [row for row in autograd.registry.values() if row.family != "diagonal"]


def sample_call(sample: Sample, numpy: bool) -> Call:
    """A sample's call, its arrays to be replaced by nodes of their shapes."""
    row = sample.row
    nodes = sample.slots or (0,)  # of a row without a derivative, the first argument
    slots = tuple(
        Slot(np.shape(x), *interval(x), given=x, node=slot in nodes)
        for slot, x in enumerate(sample.plain)
    )
    places = ", ".join(f"{{{i}}}" for i in range(len(slots)))
    options = sample.options
    text = f"{name_of(row)}({places}{options_text(options)})"
    if numpy and numpy_names(row):
        text = f"{numpy_names(row)[-1]}({places}{options_text(options)})"
    if row.name == "getitem":
        text = f"{{0}}[{written(options['index'])}]"
    return Call(text, slots, row.name, options, theirs_of(row.name, options))


WHOLE = [row for row in OTHERS if row.arity == 1 and "axis" in row.options]
"""Rows along axes of one array, of whatever shape."""


# --- NumPy's functions that are no rows -----------------------------------------------------------

MATRIX, VECTOR = (3, 4), (4,)
COMPOSITES: dict[Any, list[tuple[str, Sequence[tuple[int, ...]], Any]]] = {
    np.where: [
        (
            "np.where(np.array([True, False, True]), {0}, {1})",
            [(3,), (2, 3)],
            lambda t: lambda x, y: t.where(t.tensor([True, False, True]), x, y),
        ),
        ("np.where([[1, 0, 2]], {0}, 0)", [(2, 1)], None),
    ],
    np.concatenate: [
        ("np.concatenate([{0}, {1}])", [(2, 3), (1, 3)], lambda t: lambda x, y: t.cat([x, y])),
        ("np.concatenate(({0}, np.ones((2, 1)), {1}), axis=1)", [(2, 3), (2, 2)], None),
        ("np.concatenate([{0}, {1}], axis=None)", [(2, 3), (2,)], None),
    ],
    np.pad: [
        ("np.pad({0}, 1)", [(2, 3)], None),
        ("np.pad({0}, ((0, 1), (2, 0)), mode='constant')", [(2, 3)], None),
        ("np.pad({0}, 1, 'constant', constant_values=0)", [(3,)], None),
    ],
    np.astype: [("np.astype({0}, np.float32)", [(3,)], None)],
    np.ravel: [("np.ravel({0})", [(2, 3)], lambda t: t.ravel)],
    np.swapaxes: [("np.swapaxes({0}, 0, -1)", [(2, 1, 3)], lambda t: lambda x: x.swapaxes(0, -1))],
    np.moveaxis: [("np.moveaxis({0}, 0, -1)", [(2, 1, 3)], lambda t: lambda x: x.moveaxis(0, -1))],
    np.expand_dims: [("np.expand_dims({0}, 1)", [(2, 3)], lambda t: lambda x: x.unsqueeze(1))],
    np.squeeze: [
        ("np.squeeze({0})", [(1, 3, 1)], lambda t: t.squeeze),
        ("np.squeeze({0}, axis=0)", [(1, 3)], lambda t: lambda x: x.squeeze(0)),
    ],
    np.flip: [
        ("np.flip({0})", [(2, 3)], lambda t: lambda x: x.flip((0, 1))),
        ("np.flip({0}, 0)", [(3,)], lambda t: lambda x: x.flip(0)),
    ],
    np.einsum: [
        ("np.einsum('ij,kj->ik', {0}, {1})", [(2, 3), (2, 3)], lambda t: lambda x, y: x @ y.T),
        ("np.einsum('ii->i', {0})", [(3, 3)], lambda t: t.diagonal),
    ],
    np.dot: [
        ("np.dot({0}, {1})", [(2, 3), (3, 2)], lambda t: t.mm),
        ("np.dot({0}, {1})", [(3,), (3,)], lambda t: t.dot),
        ("np.dot({0}, {1})", [(2, 3), (3,)], lambda t: t.mv),
    ],
    np.inner: [("np.inner({0}, {1})", [(2, 3), (2, 3)], lambda t: t.inner)],
    np.outer: [("np.outer({0}, {1})", [(2,), (3,)], lambda t: t.outer)],
    np.tensordot: [
        ("np.tensordot({0}, {1}, axes=1)", [(2, 3), (3, 2)], lambda t: t.mm),
        ("np.tensordot({0}, {1}, axes=([1], [1]))", [(2, 3), (2, 3)], lambda t: t.inner),
    ],
    np.clip: [
        ("np.clip({0}, -1.0, 1.0)", [MATRIX], lambda t: lambda x: t.clamp(x, -1.0, 1.0)),
        ("np.clip({0}, None, {1})", [MATRIX, VECTOR], lambda t: lambda x, y: t.clamp(x, None, y)),
        ("np.clip({0}, {1}, {2})", [MATRIX, VECTOR, VECTOR], lambda t: t.clamp),
        ("np.clip({0}, a_min=-0.5, a_max=None)", [VECTOR], lambda t: lambda x: t.clamp(x, -0.5)),
    ],
    np.diag: [
        ("np.diag({0})", [(3, 3)], lambda t: t.diag),
        ("np.diag({0}, 1)", [(3,)], lambda t: lambda x: t.diag(x, 1)),
        ("np.diag({0}, -1)", [(2, 3)], lambda t: lambda x: t.diag(x, -1)),
    ],
    np.hstack: [("np.hstack([{0}, {1}])", [(2, 3), (2, 1)], lambda t: lambda *x: t.hstack(x))],
    np.vstack: [("np.vstack([{0}, {1}])", [(2, 3), (3,)], lambda t: lambda *x: t.vstack(x))],
    np.stack: [
        ("np.stack([{0}, {1}])", [(2, 3), (2, 3)], lambda t: lambda *x: t.stack(x)),
        ("np.stack([{0}, {1}], axis=-1)", [(), ()], lambda t: lambda *x: t.stack(x, -1)),
    ],
    np.linalg.norm: [
        ("np.linalg.norm({0})", [MATRIX], lambda t: t.linalg.vector_norm),
        (
            "np.linalg.norm({0}, axis=1)",
            [MATRIX],
            lambda t: lambda x: t.linalg.vector_norm(x, dim=1),
        ),
        ("np.linalg.norm({0}, ord=1)", [VECTOR], lambda t: lambda x: t.linalg.vector_norm(x, 1)),
        ("np.linalg.norm({0}, np.inf, axis=0)", [MATRIX], None),
    ],
    np.repeat: [
        ("np.repeat({0}, 2, axis=0)", [(2, 3)], lambda t: lambda x: x.repeat_interleave(2, 0)),
        ("np.repeat({0}, [0, 2, 1])", [(3,)], None),
    ],
    np.split: [
        ("np.split({0}, [1, 2])[1]", [(3, 2)], lambda t: lambda x: x[1:2]),
        ("np.split({0}, 2, axis=1)[0]", [(3, 4)], lambda t: lambda x: x[:, :2]),
    ],
    np.take: [
        ("np.take({0}, np.array([[2, 0], [-1, 2]]), 0)", [(3, 2)], None),
        ("np.take({0}, [4, 4, 1])", [(3, 2)], lambda t: lambda x: t.take(x, t.tensor([4, 4, 1]))),
    ],
    np.take_along_axis: [
        ("np.take_along_axis({0}, np.array([[0], [1], [1]]), 1)", [(3, 2)], None),
    ],
    np.tile: [("np.tile({0}, (2, 1))", [(2, 3)], lambda t: lambda x: x.tile(2, 1))],
    np.trace: [
        ("np.trace({0})", [(3, 3)], lambda t: t.trace),
        ("np.trace({0}, 1)", [(2, 3)], None),
    ],
    np.tril: [("np.tril({0})", [(3, 3)], lambda t: t.tril)],
    np.triu: [("np.triu({0}, 1)", [(2, 3)], lambda t: lambda x: x.triu(1))],
}
"""Calls of the functions that are made of rows, or take their arguments otherwise than the row does."""


def composite_calls(pytorch: Any) -> list[Call]:
    """The calls of `COMPOSITES`."""
    return [
        Call(
            text,
            tuple(Slot(shape, -2.0, 2.0) for shape in shapes),
            theirs=theirs(pytorch) if theirs is not None and pytorch is not None else None,
        )
        for calls in COMPOSITES.values()
        for text, shapes, theirs in calls
    ]


# --- constants ------------------------------------------------------------------------------------

SCALARS: tuple[Any, ...] = (
    *(2.0, 0.5, -1.5, 3, 1, -2, True, False),
    *(np.float64(1.25), np.float32(0.1), np.float32(2.0), np.int8(3), np.int64(2), np.uint8(2)),
    *(np.bool_(True), np.array(0.75), np.array(2), np.array(0.5, np.float32)),
)
SINGULAR: tuple[Any, ...] = (
    *(0, 0.0, -0.0, math.inf, -math.inf, math.nan, 1e300, 1e-300, -1),
    *(np.float32(0.0), np.int8(0), np.bool_(False), np.array(0), np.array(-0.0)),
)
"""Constants at which functions have an edge."""
