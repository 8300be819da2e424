"""Steps of very long graphs, and what they leave in memory."""

from __future__ import annotations

import collections
import gc
import weakref

from autograd import Value, forward_steps, steps


def test_a_chain_of_a_million_nodes_is_stepped_through() -> None:
    y = x = Value(1.0, "x")
    for _ in range(1_000_000):
        y = -y
    assert next(steps(y)).complete
    (last,) = collections.deque(steps(y), maxlen=1)
    assert (last.index, last.parent, last.after) == (999_999, x, 1.0)
    assert last.text() == "∂L/∂x += ∂L/∂v₁ · (−1) = −1 · (−1) = 1"
    assert sum(1 for _ in forward_steps(y)) == 1_000_000


def test_steps_hold_the_graph_no_longer_than_they_live() -> None:
    y = Value(2.0, "x") * 3.0
    taken = list(steps(y))
    str(taken)
    ghost = weakref.ref(y)
    gc.disable()
    try:
        del y, taken
        assert ghost() is None
    finally:
        gc.enable()
