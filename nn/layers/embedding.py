"""Embedding: a table of vectors, one for each word, and its rows by their indices."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd import Node, Tensor
from nn.arguments import came, whole, width
from nn.init import Initialiser, initialiser
from nn.module import Module
from nn.randomness import Seed, generator


def _standard_normal(shape: tuple[int, int], rng: np.random.Generator) -> Any:
    return rng.normal(size=shape)


class Embedding(Module):
    """y = W[i]: the rows of a table at whole numbers, as of words or letters that have numbers.

    Args:
        num_embeddings: how many rows there are.
        embedding_dim: how long each is.
        padding_idx: a row that starts as zeros, and that no gradient flows to; −1 is the last.
        init: how W is drawn, as in `nn.Linear`; N(0, 1) when left out, as in PyTorch.
        rng: a Generator, an int to seed one, or None.
        dtype: float32 or float64.

    Shapes: the indices are (...), and y is (..., embedding_dim); W is (num_embeddings, embedding_dim).
    It is `nn.Linear` of one-hot rows, without a bias and without the products with 0. The derivative by
    W adds up what comes back to each row: 0 for those that were not asked for. A compiled function is
    replayed with other indices.

    Raises:
        TypeError: indices that are no whole numbers.
        IndexError: an index that is not from 0 to num_embeddings − 1. (A program that is replayed counts
            those below 0 from the end, as `autograd.take` does.)

    >>> import autograd
    >>> letters = Embedding(27, 2, rng=0)
    >>> letters
    Embedding(27, 2): weight (27, 2); 54 parameters
    >>> y = letters([[0, 1, 0], [5, 5, 5]])
    >>> y.sum().backward()
    >>> y.shape, letters.weight.grad[[0, 1, 2, 5]].tolist()
    ((2, 3, 2), [[2.0, 2.0], [1.0, 1.0], [0.0, 0.0], [3.0, 3.0]])

    Source: Bengio et al., "A neural probabilistic language model", 2003: the matrix C.
    """

    _takes_indices = True

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        init: str | Initialiser | None = None,
        rng: Seed = None,
        dtype: Any = np.float64,
    ) -> None:
        self.num_embeddings = n = width(num_embeddings, "num_embeddings of Embedding")
        self.embedding_dim = width(embedding_dim, "embedding_dim of Embedding")
        if padding_idx is not None:
            padding_idx = whole(padding_idx, "padding_idx of Embedding", -n)
            if padding_idx >= n:
                raise ValueError(
                    f"padding_idx of Embedding is a row from {-n} to {n - 1}, got {padding_idx}"
                )
            padding_idx %= n
        self.padding_idx = padding_idx
        shape = (n, self.embedding_dim)
        weight = (_standard_normal if init is None else initialiser(init))(shape, generator(rng))
        if np.shape(weight) != shape:
            raise ValueError(
                f"init of Embedding: expected a weight of shape {shape}, got {np.shape(weight)}"
            )
        if padding_idx is not None:
            weight[padding_idx] = 0
        self.weight = Tensor(weight, "weight", dtype=dtype)

    def forward(self, x: Any) -> Any:
        if isinstance(x, Node):
            raise TypeError(f"Embedding takes whole numbers as a list or an array, got a {came(x)}")
        if not isinstance(x, autograd.Followed):
            x = np.asarray(autograd.check_array(x, "the indices of Embedding"))
        if x.dtype.kind not in "iu":
            raise TypeError(f"Embedding takes whole numbers as indices, got {x.dtype}")
        if isinstance(x, np.ndarray) and np.any(x < 0):  # `take` would count them from the end
            raise IndexError(
                f"Embedding expected indices from 0 to {self.num_embeddings - 1}, got {int(np.min(x))}"
            )
        rows = autograd.take(self.weight, x, axis=0)
        if self.padding_idx is None:
            return rows
        return autograd.where(x[..., None] == self.padding_idx, rows.detach(), rows)

    def describe(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
