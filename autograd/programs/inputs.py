"""What a program is given: inputs and seeds as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine.arrays import check_array
from autograd.engine.graph import Node

OWN = 1 << 20
"""Bytes up to which an input is copied in every run, so that it may be written into before the backward
pass. (A copy of 400 kB takes 10 µs, one of 1.2 MB 60.) A larger one is not where the run computes the
gradients as well: nothing is read again then.
"""


def as_seed(seed: Any, dtype: Any) -> Any:
    """A seed as an array of the output's dtype."""
    array = np.asarray(seed._raw if isinstance(seed, Node) else check_array(seed, "a seed"))
    if array.dtype.kind not in "biuf":
        raise TypeError(f"a seed is made of real numbers, got {array.dtype}")
    return array.astype(dtype, copy=False)


def as_array(x: Any, name: str) -> Any:
    """What was given for an input, as an array of whatever it holds."""
    try:
        return np.asarray(x._raw if isinstance(x, Node) else check_array(x, f"input {name}"))
    except ValueError as error:  # a list of lists of several lengths
        raise ValueError(f"input {name} is no array: {error}") from None


def copied(x: Any, given: Any) -> Any:
    """An input that nobody else writes into: a copy, unless it was made of what was given just now."""
    fresh = isinstance(given, list | tuple | int | float | np.generic)
    return x if fresh else np.array(x)
