"""Drawing by parts: p, l, r and J of the lectures inside a loss that is one operation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value, draw

RNG = np.random.default_rng(5)
W, X = RNG.normal(size=(3, 2)), RNG.normal(size=2)


def told(node: Any, **options: Any) -> dict[str, Any]:
    """(data, gradient) of each node of the drawing that has a name."""
    picture = draw(node, parts=True, **options)._painting.picture
    named = {n.name: n for n in picture.outline.nodes if n.name}
    gradients = picture.gradients or {}
    return {name: (np.asarray(n._raw), gradients.get(n)) for name, n in named.items()}


def state(node: Any) -> list[Any]:
    return [
        (n, n.name, n._grad, n.arguments) for n in autograd.topological_order(node, arguments=True)
    ]


def softmax(s: Any) -> Any:
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_the_graph_of_j_has_p_l_and_r_with_their_values_and_gradients() -> None:
    w = Tensor(W, "W")
    j = nn.cross_entropy(w @ X, 1) + nn.regularisers.l2([w], 0.1)
    j.backward()
    p = softmax(W @ X)
    found = told(j)
    one_hot = np.eye(3)[1]
    expected = {
        "p": (p, -one_hot / p[1]),
        "p_y": (p[1], -1 / p[1]),
        "l": (-np.log(p[1]), 1.0),
        "r": ((W**2).sum(), 0.1),
        "J": (-np.log(p[1]) + 0.1 * (W**2).sum(), 1.0),
        "W": (W, np.outer(p - one_hot, X) + 0.2 * W),
    }
    assert set(found) == set(expected)
    for name, (data, gradient) in expected.items():
        np.testing.assert_allclose(found[name][0], data, rtol=1e-12)
        np.testing.assert_allclose(found[name][1], gradient, rtol=1e-9, atol=1e-12)
    svg = draw(j, parts=True).svg
    assert all(f">{each}<" in svg for each in ("softmax", "p", "l", "r", "J"))
    assert "cross-entropy" in draw(j).source
    assert "cross-entropy" not in draw(j, parts=True).source


def test_the_graph_itself_stays_as_it_is() -> None:
    w = Tensor(W, "W")
    j = nn.cross_entropy(w @ X, 1) + nn.regularisers.l2([w], 0.1)
    j.backward()
    before = state(j)
    told(j)
    assert [a == b for a, b in zip(before, state(j), strict=True)] == [True] * len(before)


LOSSES: dict[str, tuple[Any, Any]] = {
    "indices": (lambda s: nn.cross_entropy(s, [0, 2]), (3,)),
    "smoothed": (lambda s: nn.cross_entropy(s, [0, 2], label_smoothing=0.1), (3,)),
    "weights": (lambda s: nn.cross_entropy(s, [0, 2], weight=[1.0, 2.0, 3.0]), (3,)),
    "left out": (lambda s: nn.cross_entropy(s, [0, 2], ignore_index=2), (3,)),
    "distributions": (
        lambda s: nn.cross_entropy(s, np.array([[0.2, 0.8, 0.0], [1.0, 0.0, 0.0]])),
        (3,),
    ),
    "kl": (
        lambda s: nn.kl_divergence_with_logits(s, np.array([[0.2, 0.8, 0.0], [0.1, 0.1, 0.8]])),
        (3,),
    ),
    "binary": (lambda s: nn.binary_cross_entropy_with_logits(s, np.array([[1.0], [0.0]])), (1,)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_parts_of_every_fused_loss_give_its_value_and_gradient(name: str) -> None:
    loss, width = LOSSES[name]
    s = Tensor(RNG.normal(size=(2, *width)), "s")
    whole = loss(s)
    whole.backward()
    picture = draw(whole, parts=True)._painting.picture
    (root,) = picture.outline.roots
    assert root is not whole
    np.testing.assert_allclose(root._raw, whole._raw, rtol=1e-12)
    copy = Tensor(s.data, "s")
    (again,) = draw(loss(copy), parts=True)._painting.picture.outline.roots
    again.backward()  # through the parts
    assert s.grad is not None
    np.testing.assert_allclose(copy.grad, s.grad, rtol=1e-10, atol=1e-14)
    probabilities = softmax(s.data) if width == (3,) else 1 / (1 + np.exp(-s.data))
    np.testing.assert_allclose(told(whole)["p"][0], probabilities, rtol=1e-12)
    assert "l" in told(whole)


def test_before_a_pass_no_gradient_is_told() -> None:
    s = Tensor([1.0, 2.0], "s")
    assert draw(nn.cross_entropy(s, 0), parts=True)._painting.picture.gradients is None
    assert "grad not computed" in draw(nn.cross_entropy(s, 0), parts=True).svg


def test_names_that_are_taken_stay_where_they_are() -> None:
    p = Tensor([1.0, 2.0], "p")
    found = told(nn.cross_entropy(p, 0))
    np.testing.assert_array_equal(found["p"][0], p.data)


def test_what_has_no_fused_loss_is_drawn_as_ever() -> None:
    x = Value(2.0, "x")
    assert draw(x * x, parts=True).source == draw(x * x).source
    with pytest.raises(TypeError, match="parts= is for the picture of a graph"):
        draw(nn.Linear(2, 1, rng=0), parts=True)
