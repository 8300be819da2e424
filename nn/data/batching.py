"""Mini-batches of instances, and the part that is held out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import autograd
from autograd import Node
from nn.arguments import whole
from nn.randomness import Seed, generator

Array = np.ndarray[Any, Any]


class Batches:
    """Mini-batches of instances; every iteration is one epoch. Made by `batches`."""

    def __init__(
        self,
        x: Any,
        y: Any,
        batch_size: int,
        rng: Seed = None,
        shuffle: bool = True,
        drop_last: bool = False,
    ) -> None:
        self.x, self.y = paired(x, y, "batches")
        self.batch_size = whole(batch_size, "batch_size")
        self.shuffle = shuffle
        self.drop_last = drop_last
        self._rng = generator(rng)

    def on(self, x: Any, y: Any) -> Batches:
        """The same batches of other instances; orders are drawn from the same generator."""
        return Batches(x, y, self.batch_size, self._rng, self.shuffle, self.drop_last)

    def __len__(self) -> int:
        whole, rest = divmod(len(self.x), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __repr__(self) -> str:
        return f"Batches({len(self.x)} instances, {len(self)} batches of {self.batch_size})"

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        n = len(self.x)
        order = self._rng.permutation(n) if self.shuffle else np.arange(n)
        for batch in range(len(self)):
            chosen = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            yield self.x[chosen], self.y[chosen]


def batches(
    x: Any,
    y: Any,
    *,
    batch_size: int,
    rng: Seed = None,
    shuffle: bool = True,
    drop_last: bool = False,
) -> Batches:
    """Mini-batches of instances, in a new random order in every epoch.

    Args:
        x, y: inputs and targets, one instance per row.
        batch_size: how many instances a batch has.
        rng: a Generator, an int to seed one, or None. With one int the epochs differ, and are the same
            in every run.
        shuffle: whether to draw an order; otherwise rows come as they stand.
        drop_last: whether to leave out a last batch that is not full.

    Returns:
        An iterable of (x, y) pairs of arrays, with a length; iterate again for another epoch.

    >>> epoch = batches([[0.0], [1.0], [2.0]], [0, 1, 2], batch_size=2, shuffle=False)
    >>> [(x.tolist(), y.tolist()) for x, y in epoch], len(epoch)
    ([([[0.0], [1.0]], [0, 1]), ([[2.0]], [2])], 2)
    """
    return Batches(x, y, batch_size, rng, shuffle, drop_last)


def split(
    x: Any, y: Any, fraction: float = 0.2, rng: Seed = None, *, stratify: bool = False
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """((x, y) to train on, (x, y) held out): a random part of the instances is put aside.

    Args:
        x, y: inputs and targets, one instance per row.
        fraction: the part that is held out, between 0 and 1.
        rng: a Generator, an int to seed one, or None.
        stratify: hold out the same fraction of each class of y, as nearly as whole numbers allow.

    >>> (x, _), (held, _) = split(range(10), range(10), 0.3, rng=0)
    >>> len(x), len(held), sorted([*x, *held]) == list(range(10))
    (7, 3, True)
    """
    x, y = paired(x, y, "split")
    if not isinstance(fraction, float) or not 0 < fraction < 1:
        raise ValueError(f"fraction is a number between 0 and 1, got {fraction!r}")
    order = generator(rng).permutation(len(x))
    if stratify:
        if y.ndim != 1:
            raise ValueError(f"split: classes have shape (instances,), got {y.shape}")
        # Within a class, the random order; a class of n gives its first round(n · fraction).
        groups = [order[y[order] == label] for label in np.unique(y)]
        held = np.concatenate([group[: round(len(group) * fraction)] for group in groups])
    else:
        held = order[: round(len(order) * fraction)]
    if not 0 < len(held) < len(order):
        raise ValueError(f"split: {fraction} of {len(order)} instances leaves one part empty")
    kept = order[~np.isin(order, held)]
    return (x[kept], y[kept]), (x[held], y[held])


def paired(x: Any, y: Any, what: str) -> tuple[Array, Array]:
    """Inputs and targets as arrays with as many rows; of nodes, their numbers: data is not learned."""
    x, y = (
        np.asarray(each.data if isinstance(each, Node) else autograd.check_array(each, name))
        for each, name in ((x, f"the input of {what}"), (y, f"the target of {what}"))
    )
    if not x.ndim or not y.ndim or len(x) != len(y) or not len(x):
        raise ValueError(
            f"{what} expected inputs and targets with the same number of rows, one or more, "
            f"got shapes {x.shape} and {y.shape}"
        )
    return x, y
