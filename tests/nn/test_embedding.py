"""Embedding: the rows of a table at whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value

IDS = np.array([[0, 4, 0], [2, 2, 1]])


def one_hot(ids: Any, n: int) -> Any:
    return (np.asarray(ids)[..., None] == np.arange(n)).astype(float)


def test_an_embedding_is_a_product_with_one_hot_rows_and_so_is_its_gradient() -> None:
    layer, weight = nn.Embedding(5, 3, rng=0), Tensor(nn.Embedding(5, 3, rng=0).weight.data)
    seed = np.random.default_rng(1).normal(size=(2, 3, 3))
    for given in (IDS, IDS.tolist(), IDS.astype(np.uint8)):
        y = layer(given)
        expected = Tensor(one_hot(IDS, 5)) @ weight
        np.testing.assert_array_equal(y.data, expected.data)
        layer.zero_grad()
        weight.grad = None
        y.backward(seed)
        expected.backward(seed)
        np.testing.assert_allclose(layer.weight.grad, weight.grad, atol=1e-15)
        assert not layer.weight.grad[3].any()  # the row that nobody asked for
    assert layer(2).shape == (3,)
    assert layer(np.zeros((0, 2), int)).shape == (0, 2, 3)


def test_an_embedding_passes_gradcheck_to_the_second_order() -> None:
    layer = nn.Embedding(4, 2, rng=0)

    def f(weight: Any) -> Any:
        layer.weight = weight
        return autograd.sum(layer([[0, 3], [3, 1]]) ** 3)

    autograd.gradcheck(f, [layer.weight.data], order=2)


@pytest.mark.parametrize("padding", [None, 0, -1])
def test_an_embedding_and_its_gradient_are_those_of_pytorch(padding: int | None) -> None:
    torch = pytest.importorskip("torch")
    ours = nn.Embedding(5, 3, padding_idx=padding, rng=0)
    theirs = torch.nn.Embedding(5, 3, padding_idx=padding, dtype=torch.float64)
    assert ours.padding_idx == theirs.padding_idx
    with torch.no_grad():
        theirs.weight.copy_(torch.tensor(ours.weight.data))
    (ours(IDS) ** 2).sum().backward()
    (theirs(torch.tensor(IDS)) ** 2).sum().backward()
    np.testing.assert_array_equal(ours.weight.grad, theirs.weight.grad.numpy())


def test_the_padding_row_starts_as_zeros_and_gets_no_gradient_whatever_it_is() -> None:
    layer = nn.Embedding(4, 2, padding_idx=-2, rng=0)
    assert layer.padding_idx == 2
    assert not layer.weight.data[2].any()
    layer.weight.data[2] = 5.0
    (layer([2, 1]) ** 2).sum().backward()
    assert not layer.weight.grad[2].any()
    assert layer.weight.grad[1].all()
    assert layer([2]).data.tolist() == [[5.0, 5.0]]


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("padding", [None, 4])
def test_a_compiled_embedding_is_replayed_with_other_indices(
    executor: str, padding: int | None
) -> None:
    layer = nn.Embedding(5, 3, padding_idx=padding, rng=0)
    step = autograd.compile(lambda ids: (layer(ids) ** 2).sum(), executor=executor)
    for ids in (IDS, np.array([[4, 4, 4], [3, 2, 1]]), IDS[::-1]):
        layer.zero_grad()
        step(ids).backward()
        found, layer.weight.grad = layer.weight.grad, None
        (layer(ids) ** 2).sum().backward()
        np.testing.assert_allclose(found, layer.weight.grad, atol=1e-14)
    assert len(step.programs) == 1
    with pytest.raises(IndexError, match=r"from 0 to 4 .*, got 5 at \[1, 0\]"):
        step(np.array([[0, 0, 0], [5, 0, 0]]))


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_a_program_of_a_graph_is_given_other_indices_of_take(executor: str) -> None:
    table, ids = Tensor(np.arange(15.0).reshape(5, 3)), np.array([0, 1, 4])
    program = autograd.compile(
        (autograd.take(table, ids, axis=0) ** 2).sum(), inputs=[ids], executor=executor
    )
    other = np.array([2, -1, 2])
    assert program(other) == np.sum(table.data[other] ** 2)
    program.backward()
    expected = np.zeros((5, 3))
    np.add.at(expected, other, 2 * table.data[other])
    np.testing.assert_array_equal(table.grad, expected)


def test_rows_of_values_are_the_values_themselves_and_others_have_no_gradient() -> None:
    layer = nn.Embedding(3, 2, rng=0)
    scalars = layer.to_scalars()
    rows = scalars([2, 0, 2])
    assert rows[0, 1] is scalars.weight[2, 1]
    (rows**2).sum().backward()
    (layer([2, 0, 2]) ** 2).sum().backward()
    found = [[0.0 if p.grad is None else p.grad for p in row] for row in scalars.weight]
    np.testing.assert_allclose(found, layer.weight.grad, atol=1e-15)
    assert scalars.weight[1, 0].grad is None  # no instance touched it: it is no part of that graph
    optimizer = nn.optim.SGD(scalars.parameters(), lr=0.5)
    before = scalars.weight[1, 0].data
    optimizer.step()
    assert scalars.weight[1, 0].data == before


class Words(nn.Module):
    def __init__(self) -> None:
        self.table = nn.Embedding(6, 2, rng=0)
        self.out = nn.Linear(4, 6, rng=1)

    def forward(self, ids: Any) -> Any:
        rows = self.table(ids)
        return self.out(autograd.reshape(rows, shape=(*rows.shape[:-2], 4)))


def test_a_network_with_an_embedding_is_trained_observed_and_drawn() -> None:
    ids = np.random.default_rng(0).integers(0, 6, (40, 2))
    for compiled in (False, True):
        model = Words()
        history = nn.fit(
            model,
            nn.cross_entropy,
            (ids, ids[:, 1]),
            epochs=60,
            optimizer=nn.optim.Adam(model.parameters(), lr=0.1),
            compile=compiled,
        )
        assert history.steps["loss"][-1] < 0.05 < 1.0 < history.steps["loss"][0]
    seen = nn.inspect.observe(model, ids[:5], ids[:5, 1], nn.cross_entropy)
    assert seen.kinds["table"] == "Embedding"
    assert "Embedding(6, 2)" in autograd.draw(model, ids[:2]).svg


WRONG: list[tuple[Any, type[Exception], str]] = [
    ([0.5], TypeError, "whole numbers as indices, got float64"),
    ([True], TypeError, "whole numbers as indices, got bool"),
    (["a"], TypeError, "whole numbers as indices, got <U1"),
    (None, TypeError, "whole numbers as indices, got object"),
    (Tensor([1.0]), TypeError, "a list or an array, got a Tensor"),
    (Value(1.0), TypeError, "a list or an array, got a Value"),
    ([0, -1], IndexError, "from 0 to 4, got -1"),
    ([[0, 5]], IndexError, r"from 0 to 4 .*, got 5 at \[0, 1\]"),
]


@pytest.mark.parametrize(("ids", "kind", "message"), WRONG, ids=lambda x: str(x)[:20])
def test_wrong_indices_are_refused_with_what_was_expected(
    ids: Any, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        nn.Embedding(5, 3)(ids)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((0, 3), ValueError, "num_embeddings of Embedding is a whole number of 1 or more, got 0"),
        ((5, 2.5), TypeError, "embedding_dim of Embedding is a whole number"),
        ((5, 3, 5), ValueError, "padding_idx of Embedding is a row from -5 to 4, got 5"),
        ((5, 3, -6), ValueError, "padding_idx of Embedding is a whole number of -5 or more"),
        ((5, 3, None, lambda shape, rng: np.ones(3)), ValueError, r"a weight of shape \(5, 3\)"),
    ],
)
def test_wrong_options_are_refused(
    arguments: tuple[Any, ...], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        nn.Embedding(*arguments)
