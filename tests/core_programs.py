"""What both builds of Values are given: ``python core_programs.py WHAT COUNT`` prints what comes of it.

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
    what = kinds[sys.argv[1]]
    for line in what(int(sys.argv[2])):
        print(line)
