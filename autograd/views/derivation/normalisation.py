"""Batch normalisation as KTH DD2424 has it: μ_b, v_b and V_b = diag(v_b + ε), and three lines back.

    ∂J/∂v_b = −½ Σᵢ gᵢ V_b^(−3/2) diag(sᵢ − μ_b)
    ∂J/∂μ_b = −Σᵢ gᵢ V_b^(−1/2)
    g       = g V_b^(−1/2) + (2/n) ∂J/∂v_b diag(s − μ_b) + (1/n) ∂J/∂μ_b

They are no vjp of a row: v_b is no variable of ŝ there but for itself, and it depends on μ_b without a
slope, as Σᵢ (sᵢ − μ_b) = 0. A layout of a batch has the same lines for all instances at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from autograd.engine.graph import Node
from autograd.engine.letters import Letter
from autograd.views.derivation.transposes import T, op, power, ratio, times


class Normalisation(NamedTuple):
    """A node ŝ = (s − μ) / √(v + ε), where μ and v are those of the instances.

    Attributes:
        s: what is normalised.
        mean, variance: the nodes μ and v, where the graph has them.
        inner: all nodes between s and ŝ.
        eps: ε.
    """

    s: Node
    mean: Node | None
    variance: Node | None
    inner: frozenset[Node]
    eps: float


def normalisations(nodes: Sequence[Node], kept: Collection[Node]) -> dict[Node, Normalisation]:
    """The batch normalisations of a graph: by the row of that name, or of operations one by one.

    Nodes that somebody asks for are not taken as parts of one.
    """
    uses = Counter(parent for node in nodes for parent in set(node.parents))
    found: dict[Node, Normalisation] = {}
    for node in nodes:
        if _is(node, "batch_norm") and len(node.shape) == 2 and node.options["axis"] in (0, (0,)):
            s = node.arguments[0]
            if node.requires_grad:
                found[node] = Normalisation(s, None, None, frozenset(), node.options["eps"])
        elif (by_hand := _by_hand(node, uses)) and not by_hand.inner & set(kept):
            found[node] = by_hand
    return found


def _is(x: Any, *names: str) -> bool:
    return isinstance(x, Node) and x.primitive is not None and x.primitive.name in names


def _by_hand(node: Node, uses: Counter[Node]) -> Normalisation | None:
    """(s − μ) / √(v + ε), with the mean μ of s over its rows and that of (s − μ)², v."""
    if not _is(node, "div") or len(node.shape) != 2 or not node.requires_grad:
        return None
    centred, root = node.arguments
    if not (_is(centred, "sub") and _is(root, "sqrt") and _is(root.arguments[0], "add")):
        return None
    (s, mean), (v, eps) = centred.arguments, root.arguments[0].arguments
    if not (_is_mean(mean) and mean.arguments[0] is s and _is_mean(v) and isinstance(eps, float)):
        return None
    square = v.arguments[0]
    power_of = _is(square, "pow") and square.arguments[1] == 2
    if not (_is(square, "square") or power_of):
        return None
    again = square.arguments[0]
    if not _is(again, "sub") or again.arguments[0] is not s or again.arguments[1] is not mean:
        return None
    inner = [centred, again, mean, square, v, root.arguments[0], root]
    expected = {
        **dict.fromkeys(inner, 1),
        mean: len({centred, again}),
        centred: 1 + (again is centred),
    }
    if any(uses[x] != n for x, n in expected.items()):
        return None  # something else depends on it as well
    return Normalisation(s, mean, v, frozenset(inner), eps)


def _is_mean(x: Any) -> bool:
    return _is(x, "mean") and x.options["axis"] in (0, (0,), -2)


class Steps(NamedTuple):
    """The formulas of one normalisation: forward, and back.

    Attributes:
        mean, variance, matrix, output: μ_b, v_b, V_b and ŝ.
        by_variance, by_mean: the two sums over instances.
        by_input: the cotangent of s, as the course has it.
    """

    mean: Any
    variance: Any
    matrix: Any
    output: Any
    by_variance: Any
    by_mean: Any
    by_input: Any


class Called(NamedTuple):
    """What the letters of one normalisation are called in Python."""

    s: str
    mean: str
    variance: str
    matrix: str
    eps: str
    g: str
    by_variance: str
    by_mean: str


def steps(called: Called, n: int, m: int, kind: str, varies: bool = True) -> Steps:
    """The formulas for n instances of m features.

    Args:
        called: what the letters are called.
        n, m: how many.
        kind: how instances lie: ``"one"`` (s is a column, g a row), ``"columns"`` or ``"rows"``.
        varies: whether g has numbers for each instance; else it is the same for all.
    """
    vector = {"one": (m, 1), "columns": (m, 1), "rows": (m,)}[kind]
    across = {"one": (1, m), "columns": (m, 1), "rows": (m,)}[kind]  # of a cotangent
    batch = {"one": (m, 1), "columns": (m, n), "rows": (n, m)}[kind]
    s, mean, v = (
        op(called.s, (), batch),
        op(called.mean, (), vector),
        op(called.variance, (), vector),
    )
    by_v, by_mean = op(called.by_variance, (), across), op(called.by_mean, (), across)
    g = op(called.g, (), (1, m) if kind == "one" else batch)
    V = op(called.matrix, (), (m, m))
    one = op("ones", (), (n,) if kind == "rows" else (n, 1), n=n)
    root, cube = power(V, -1, 2), power(V, -3, 2)
    half, per, twice = ratio(1, 2), ratio(1, n, "n"), ratio(2, n, "n")
    eps = Letter(called.eps, sample=1.0)

    def over(x: Any) -> Any:
        """The sum over instances of what is there for each."""
        if kind == "one":
            letters, repeated = (called.s, called.g), n > 1 and not varies
            return op("over_instances", [x], x.shape, letters=letters, n=n, repeated=repeated)
        if kind == "columns":
            return times(x, one)
        return op("matmul", [op("transpose", [x], x.shape[::-1]), one], (m,))

    def each(x: Any) -> Any:
        """A vector beside every instance."""
        return times(x, T(one)) if kind == "columns" else x

    def scaled(*factors: Any, shape: tuple[int, ...]) -> Any:
        return op("product", factors, shape)

    centred = op("sub", [s, each(mean)], batch)
    squares = op("square", [centred], batch)
    if kind == "one":
        by_variance = over(op("matmul", [g, cube, op("diag", [centred], (m, m))], (1, m)))
        by_all = over(op("matmul", [g, root], (1, m)))
        direct = op("matmul", [g, root], (1, m))
        through = op("matmul", [by_v, op("diag", [centred], (m, m))], (1, m))
    else:
        dotted = over(op("product", [g, centred], batch))
        by_variance = op("matmul", [cube, *_factors(dotted)], across)
        by_all = op("matmul", [root, *_factors(over(g))], across)
        diagonal = op("diag", [by_v], (m, m))
        forwards = 1 if kind == "columns" else -1  # a row has the matrix on its right
        direct = op("matmul", [root, g][::forwards], batch)
        through = op("matmul", [diagonal, centred][::forwards], batch)
    return Steps(
        scaled(per, over(s), shape=vector),
        scaled(per, over(squares), shape=vector),
        op("diag", [op("plus", [v, eps], vector)], (m, m)),
        op("matmul", [centred, root] if kind == "rows" else [root, centred], batch),
        op("neg", [scaled(half, by_variance, shape=across)], across),
        op("neg", [by_all], across),
        op(
            "plus",
            [
                direct,
                scaled(twice, through, shape=direct.shape),
                scaled(per, each(by_mean), shape=direct.shape),
            ],
            direct.shape,
        ),
    )


def _factors(x: Any) -> Sequence[Any]:
    factors: Sequence[Any] = x.arguments
    return factors
