"""What both builds are given: ``python core_programs.py WHAT COUNT`` prints what comes of it.

Run by `test_core` once with the core in C and once without; a line of the output is a program's, or a
block's of them.
"""

from __future__ import annotations

import hashlib
import math
import random
import struct
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

import autograd
import nn.scalar
from autograd import Value, registry
from autograd.engine.families import Elementwise

ROWS = [
    row
    for row in registry.values()
    if isinstance(row, Elementwise)
    and row.method
    and row.arity in (1, 2)
    and None not in row.derivatives
]
UNARY = [row.name for row in ROWS if row.arity == 1]
BINARY = [row.name for row in ROWS if row.arity == 2]
OPERATORS = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "floor_divide": lambda x, y: x // y,
    "remainder": lambda x, y: x % y,
    "pow": lambda x, y: x**y,
}
STRANGE = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -2.5, math.inf, -math.inf, math.nan]
STRANGE += [5e-324, -1e-310, 1e-8, 1e8, 1.7e308, -1e200, 710.0, -745.0, 1e16]
WHOLE = [0, 1, -1, 2, -3, 10**15 + 1, 2**60 + 1, 10**400, True]


def bits(x: Any) -> bytes:
    """A number, all nans alike."""
    if x is None:
        return b"none"
    x = float(x)
    return b"nan" if x != x else struct.pack("<d", x)


def described(root: Value, leaves: list[Value]) -> list[Any]:
    """All that a graph holds."""
    order = autograd.topological_order(root, arguments=True)
    places = {id(node): i for i, node in enumerate(order)}
    return [
        (
            node.primitive and node.primitive.name,
            bits(node._raw),
            bits(node.grad),
            [places.get(id(x), x if isinstance(x, Value) else bits(x)) for x in node.arguments],
            [(type(d).__name__, bits(d)) for d in (node._dx, node._dy)],
            [bits(d) for d in node.local_derivatives],
            [places[id(x)] for x in node.parents],
            node.requires_grad,
            type(node._x).__name__,
            node.site and node.site.line,
        )
        for node in order
    ] + [bits(leaf.grad) for leaf in leaves]


def operation(rng: random.Random, at: list[Any]) -> Any:
    """A random operation on what there is."""
    x = rng.choice(at[-4:])
    if rng.random() < 0.4:
        return getattr(x, rng.choice(UNARY))()
    name = rng.choice([*OPERATORS, *OPERATORS, *BINARY])
    kind = rng.random()
    y: Any = rng.choice(at)
    if kind < 0.25:
        y = rng.uniform(-2, 2)
    elif kind < 0.35:
        y = rng.choice([-1, 2, 3])
    if name in OPERATORS:
        return OPERATORS[name](y, x) if rng.random() < 0.3 else OPERATORS[name](x, y)
    return registry[name](x, y)


def program(seed: int) -> list[Any]:
    """A random graph, its pass, and another pass from the middle."""
    rng = random.Random(seed)
    strange = rng.random() < 0.1
    draw = (lambda: rng.choice(STRANGE)) if strange else (lambda: rng.uniform(-2, 2))
    leaves = [Value(draw(), requires_grad=rng.random() < 0.95) for _ in range(3)]
    at: list[Any] = list(leaves)
    for _ in range(rng.randint(1, 8)):
        at.append(operation(rng, at))
    if at[-1].requires_grad:
        at[-1].backward(rng.choice([None, -2.0]))
    middle = rng.choice(at)
    if middle.requires_grad:
        middle.backward()
    return described(at[-1], leaves)


def blocks(count: int) -> Iterator[str]:
    """Digests of a thousand programs each."""
    for start in range(0, count, 1000):
        digest = hashlib.sha256()
        for seed in range(start, min(start + 1000, count)):
            digest.update(repr(program(seed)).encode())
        yield digest.hexdigest()


def single(seed: int) -> Iterator[str]:
    """Each node of one program."""
    yield from map(repr, program(seed))


def points(_: int) -> Iterator[str]:
    """Each row at strange numbers: what comes of it, or the error."""
    for name in UNARY:
        for x in STRANGE:
            yield f"{name}({x}) {told(lambda v, n=name: getattr(v, n)(), x)}"
    for name in [*OPERATORS, *BINARY]:
        call = OPERATORS.get(name) or registry[name]
        for x in STRANGE:
            for y in STRANGE:
                yield f"{name}({x}, {y}) {told(call, x, y)}"
            for y in [*STRANGE, *WHOLE]:
                yield f"{name}({x}, number {y}) {told(lambda v, c=call, y=y: c(v, y), x)}"
                yield f"{name}(number {y}, {x}) {told(lambda v, c=call, y=y: c(y, v), x)}"


def networks(count: int) -> Iterator[str]:
    """Layers of units, whose neurons are recorded together: the whole graph, and a second step."""
    for seed in range(count):
        rng = random.Random(seed)
        sizes = [rng.randint(1, 9) for _ in range(3)]
        chosen = rng.choice(["relu", "tanh", "sigmoid", "gelu", None])
        model = nn.scalar.MLP(sizes[0], sizes[1:], activation=chosen, rng=seed)
        uneven = rng.random() < 0.5  # so that what is lost by rounding counts
        draw = (1e16, 1.0, -1e16, 3, 0.1)
        x = [rng.choice(draw) if uneven else rng.uniform(-2, 2) for _ in range(sizes[0])]
        if rng.random() < 0.5:
            x = list(map(Value, x))
        for _ in range(2):
            out = model(x)
            total = sum(out) if isinstance(out, list) else out
            total.backward()
            yield hashlib.sha256(repr(described(total, model.parameters())).encode()).hexdigest()
            for p in model.parameters():
                p.data -= 0.1 * p.grad


SHAPES: list[tuple[int, ...]] = [(), (3,), (1,), (2, 3), (2, 1), (70, 3)]
MIXED = [1.5, -2, True, np.float32(0.5), np.array([1, 2, 0]), np.array([0.5, -1, 2], np.float16)]
ON_TENSORS: list[Any] = [
    *(lambda x, row=registry[name]: row(x) for name in UNARY),
    *(lambda x, name=name: getattr(x, name)() for name in ("sum", "mean", "max", "sum_squares")),
    lambda x: x.sum(axis=-1, keepdims=True),
    lambda x: x.softmax() if x.ndim else -x,
    lambda x: x.reshape(-1),
    lambda x: x[..., :2] if x.ndim else x * x,
    lambda x: x.T,
    lambda x: autograd.identity(x),
    lambda x: autograd.where(x > 0, x, 0.5),
    lambda x: autograd.linear(x, autograd.Tensor(np.ones((2, x.shape[-1])) * 0.3), np.ones(2)),
    lambda x: autograd.concatenate([x, x, np.ones(x.shape)]),
    lambda x: autograd.class_cross_entropy(x, np.zeros(x.shape[:-1], int)),
    lambda x: x.detach(),
    lambda x: x @ x,
]
BETWEEN_TENSORS = [*OPERATORS.values(), autograd.maximum, autograd.hinge, lambda x, y: x @ y]


def array_bits(x: Any) -> Any:
    """An array, all nans alike."""
    if x is None:
        return None
    x = np.asarray(x)
    return x.shape, x.dtype.str, np.where(x == x, x, np.nan).tobytes()


def of_tensors(seed: int) -> list[Any]:
    """A random graph of Tensors and what else meets them, and passes back through it."""
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    dtypes = rng.choice([[np.float64], [np.float32], [np.float32, np.float64]])

    def leaf() -> Any:
        numbers_of_it = numbers.uniform(-2, 2, rng.choice(SHAPES)).astype(rng.choice(dtypes))
        return autograd.Tensor(numbers_of_it, requires_grad=rng.random() < 0.9)

    at: list[Any] = [leaf() for _ in range(3)]
    leaves = [*at, Value(0.75)] if rng.random() < 0.2 else list(at)
    told: list[Any] = []
    for _ in range(rng.randint(1, 7)):
        x = rng.choice(at[-4:])
        try:
            if rng.random() < 0.5:
                out = rng.choice(ON_TENSORS)(x)
            else:
                y = rng.choice([*at, *leaves, rng.choice(MIXED)])
                x, y = (y, x) if rng.random() < 0.3 else (x, y)
                out = rng.choice(BETWEEN_TENSORS)(x, y)
        except (TypeError, ValueError, IndexError) as error:
            told.append((type(error).__name__, str(error)))
        else:
            at += [out] if isinstance(out, autograd.Tensor) else []
    at[-1].retain_grad()
    for node in (at[-1], rng.choice(at)):
        if node.requires_grad:
            node.backward(np.ones(node.shape))
    if rng.random() < 0.3:
        leaves[0].data = leaves[0].data * 0.5
        try:
            at[-1].backward(np.ones(at[-1].shape))
        except (RuntimeError, ValueError) as error:
            told.append(str(error))
    order = autograd.topological_order(at[-1], arguments=True)
    places = {id(node): i for i, node in enumerate(order)}
    for node in order:
        tensor = isinstance(node, autograd.Tensor)
        told += [
            node.primitive and node.primitive.name,
            array_bits(node.data),
            array_bits(node._grad),
            [places.get(id(x), repr(type(x))) for x in node.arguments],
            [places[id(x)] for x in node.parents],
            sorted(node.options.items(), key=repr),
            (node.requires_grad, node.is_leaf, node.scope, node.name),
            (node._slots, node._retain, node._buffer is None) if tensor else None,
            node.site and (node.site.line, node.site.function),
        ]
    return [*told, *(array_bits(leaf._grad) for leaf in leaves)]


def tensors(count: int) -> Iterator[str]:
    """Graphs of Tensors: a digest of each hundred."""
    for start in range(0, count, 100):
        with np.errstate(all="ignore"):
            found = [repr(of_tensors(seed)) for seed in range(start, start + 100)]
        yield hashlib.sha256("".join(found).encode()).hexdigest()


def single_of_tensors(seed: int) -> Iterator[str]:
    """All that is told of one graph of Tensors."""
    with np.errstate(all="ignore"):
        yield from map(repr, of_tensors(seed))


def told(call: Any, *numbers: float) -> str:
    """What a call of Values gives, with its pass."""
    leaves = [Value(x) for x in numbers]
    try:
        out = call(*leaves)
        out.backward()
    except (TypeError, ValueError, ArithmeticError) as error:
        return f"{type(error).__name__}: {error}"
    return repr(described(out, leaves)[len(leaves) :])


if __name__ == "__main__":
    warnings.simplefilter("error")
    kinds = {"blocks": blocks, "single": single, "points": points, "networks": networks}
    kinds |= {"tensors": tensors, "tensor": single_of_tensors}
    what = kinds[sys.argv[1]]
    for line in what(int(sys.argv[2])):
        print(line)
