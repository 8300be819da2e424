"""Mini-batches, the held-out part, the digits, and seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from nn.randomness import generator

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)


def test_every_epoch_has_each_instance_once_with_its_target() -> None:
    epoch = nn.data.batches(X, Y, batch_size=4, rng=0)
    assert len(epoch) == 3
    for _ in range(2):
        batches = list(epoch)
        assert [len(x) for x, _ in batches] == [4, 4, 2]
        assert sorted(int(y) for _, ys in batches for y in ys) == list(range(10))
        assert all((x[:, 0] == 2 * y).all() for x, y in batches)


def test_epochs_differ_and_a_seed_repeats_them() -> None:
    def orders() -> list[list[int]]:
        epoch = nn.data.batches(X, Y, batch_size=10, rng=0)
        return [y.tolist() for _ in range(3) for _, y in epoch]

    assert orders() == orders()
    assert len({tuple(order) for order in orders()}) == 3


def test_batches_come_in_order_without_shuffling_and_may_drop_the_last() -> None:
    epoch = nn.data.batches(X, Y, batch_size=4, shuffle=False, drop_last=True)
    assert len(epoch) == 2
    assert [y.tolist() for _, y in epoch] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(nn.data.batches(X, Y, batch_size=5)) == 2


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((X, Y[:-1]), {}, ValueError, r"same number of rows.* got shapes \(10, 2\) and \(9,\)"),
        ((X[:0], Y[:0]), {}, ValueError, "one or more"),
        ((1.0, 2.0), {}, ValueError, "same number of rows"),
        ((X, Y), {"batch_size": 0}, ValueError, "batch_size is 1 or more, got 0"),
        ((X, Y), {"batch_size": 2.0}, TypeError, "batch_size is a whole number, got float"),
        ((X, Y), {"rng": "a"}, TypeError, "rng is a"),
    ],
)
def test_bad_arguments_of_batches_are_named(
    arguments: Any, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        nn.data.batches(*arguments, **({"batch_size": 2} | options))


def test_a_split_puts_every_instance_in_one_part() -> None:
    (x, y), (held_x, held_y) = nn.data.split(X, Y, 0.3, rng=0)
    assert (len(x), len(held_x)) == (7, 3)
    assert sorted([*y, *held_y]) == list(range(10))
    assert (x[:, 0] == 2 * y).all()
    assert (held_x[:, 0] == 2 * held_y).all()


def test_a_stratified_split_takes_the_same_part_of_each_class() -> None:
    y = np.array([0] * 50 + [1] * 30 + [2] * 20)
    (_, kept), (_, held) = nn.data.split(np.arange(100), y, 0.2, rng=0, stratify=True)
    assert np.bincount(held).tolist() == [10, 6, 4]
    assert np.bincount(kept).tolist() == [40, 24, 16]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, Y, 0.0), "fraction is a number between 0 and 1"),
        ((X, Y, 1), "fraction is a number between 0 and 1"),
        ((X, Y, 0.01), "leaves one part empty"),
        ((X, Y[1:], 0.5), "same number of rows"),
    ],
)
def test_bad_arguments_of_split_are_named(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nn.data.split(*arguments)


def test_the_digits_are_1797_images_between_0_and_1_of_ten_kinds() -> None:
    images, labels = nn.data.digits()
    assert images.shape == (1797, 64)
    assert images.dtype == np.float64
    assert (images.min(), images.max()) == (0.0, 1.0)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (images[0, :8] * 16).tolist() == [0, 0, 5, 13, 9, 1, 0, 0]


def test_a_seed_is_a_generator_an_int_or_none() -> None:
    rng = np.random.default_rng(3)
    assert generator(rng) is rng
    assert generator(np.int64(3)).random() == np.random.default_rng(3).random()
    assert generator().random() != generator().random()
    for wrong in (True, 1.0, "a", np.random.RandomState(0)):
        with pytest.raises(TypeError, match="rng is a"):
            generator(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="0 or more, got -1"):
        generator(-1)
