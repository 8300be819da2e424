"""The walk back: one for whatever travels, and a Value's own loop is the same."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value
from autograd.engine.letters import Letter
from autograd.engine.passes import add_up, cotangents, leading, walk_back, with_leaves


def random_graph(seed: int) -> tuple[list[Value], Value]:
    """Leaves, and a graph of Values with uses repeated, constants, dead ends and n-ary nodes."""
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(-2, 2), requires_grad=rng.random() < 0.8) for _ in range(4)]
    nodes = [*leaves, Value(1.0)]
    for _ in range(30):
        x, y = rng.choice(nodes), rng.choice(nodes)
        make = rng.choice(
            (
                lambda x, y: x * y,
                lambda x, y: x + y,
                lambda x, y: x - 0.5,
                lambda x, y: x.tanh(),
                lambda x, y: x.relu(),
                lambda x, y: autograd.maximum(x, y),
                lambda x, y: autograd.logsumexp([x, y, x]),
                lambda x, y: autograd.dot([x, y], [y, 2.0]).tanh(),
            )
        )
        nodes.append(make(x, y))
    return leaves, autograd.sum(nodes[-8:])


@pytest.mark.parametrize("seed", range(20))
def test_the_loop_of_a_value_leaves_what_the_walk_gives(seed: int) -> None:
    leaves, out = random_graph(seed)
    out.backward(1.5)
    order = [x for x in autograd.topological_order(out) if not x.is_leaf]
    sums = {out: 1.5}
    for node, g in walk_back(order, sums, kept=set(order)):
        add_up(sums, node._contributions(g))
    assert sums
    for node, g in sums.items():
        assert math.isclose(node.grad, g, rel_tol=1e-14), node
    assert all(leaf.grad is None for leaf in leaves if leaf not in sums)


@pytest.mark.parametrize("seed", range(5))
def test_what_travels_may_be_numbers_nodes_or_letters(seed: int) -> None:
    leaves, out = random_graph(seed)
    order = [x for x in autograd.topological_order(out) if not x.is_leaf]
    if not out.requires_grad:
        return
    seeds = {"numbers": 1.5, "nodes": Value(1.5), "letters": Letter("g", sample=1.5)}
    found = {}
    for kind, g in seeds.items():
        sums = {out: g}
        for node, c in walk_back(order, sums):
            pairs = zip(node.parents, node.local_derivatives, strict=True)
            add_up(sums, [(parent, c * d) for parent, d in pairs])
        found[kind] = sums
    for leaf in leaves:
        if leaf in found["numbers"]:
            expected = found["numbers"][leaf]
            assert found["nodes"][leaf].data == pytest.approx(expected)
            assert eval(found["letters"][leaf].text(), {"g": 1.5}) == pytest.approx(expected)


def test_a_sum_that_nobody_asks_for_is_let_go_at_its_turn() -> None:
    x = Value(2.0)
    y = x * x
    z = y.tanh()
    sums = {z: 1.0}
    for node, g in walk_back([y, z], sums):
        assert node not in sums
        add_up(sums, node._contributions(g))
    assert sums.keys() == {x}


def test_a_node_without_a_cotangent_has_no_turn() -> None:
    x = Value(2.0)
    y, z = x * x, x * 3.0
    assert [node for node, _ in walk_back([y, z], {y: 1.0})] == [y]


def test_the_nodes_that_lead_to_a_target_are_those_computed_from_it() -> None:
    x, w = Value(2.0), Value(3.0)
    a, b = x * 2.0, w * 2.0
    c = a * b
    assert leading([a, b, c], [x]) == {x, a, c}
    assert leading([a, b, c], [b]) == {b, c}
    assert leading([a, b, c], []) == set()


def test_a_leaf_has_its_turn_as_soon_as_all_its_uses_have_had_theirs() -> None:
    x, w, b = Value(2.0), Value(3.0), Value(1.0)
    p = w * x
    s = p + b
    out = s * x
    assert with_leaves([p, s, out]) == [x, w, p, b, s, out]
    done = []
    sums = {out: 1.0}
    for node, g in walk_back(with_leaves([p, s, out]), sums):
        done.append(node)
        if not node.is_leaf:
            add_up(sums, node._contributions(g))
    assert done == [out, s, b, p, w, x]


def test_only_what_leads_to_a_target_is_walked_and_nothing_below_it() -> None:
    x = Tensor(np.array([1.0, 2.0]))
    y = x * x
    z = (y * 3.0).sum()
    found = cotangents({z: np.ones(())}, wrt=[y])
    assert found.keys() == {y}
    assert found[y].tolist() == [3.0, 3.0]
