"""What a program is given: inputs and seeds as arrays, and whether one was written over meanwhile."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from autograd.arrays import check_array
from autograd.graph import Node

__all__ = ["OWN", "as_array", "as_seed", "fingerprint", "kept"]

OWN = 1 << 18
"""Bytes up to which an input is copied, so that it may be written into before the backward pass."""
SAMPLED = 499
"""Numbers of a larger input that are looked at, to notice a write: a prime, so no axis hides one."""


def as_seed(seed: Any, dtype: Any) -> Any:
    """A seed as an array of the output's dtype."""
    array = np.asarray(seed._data if isinstance(seed, Node) else check_array(seed, "a seed"))
    if array.dtype.kind not in "biuf":
        raise TypeError(f"a seed is made of real numbers, got {array.dtype}")
    return array.astype(dtype, copy=False)


def as_array(x: Any, name: str) -> Any:
    """What was given for an input, as an array of whatever it holds."""
    try:
        return np.asarray(x._data if isinstance(x, Node) else check_array(x, f"input {name}"))
    except ValueError as error:  # a list of lists of several lengths
        raise ValueError(f"input {name} is no array: {error}") from None


def kept(x: Any, given: Any) -> Any:
    """An input as a program keeps it until its backward pass: small ones are copied."""
    data = given._data if isinstance(given, Node) else given
    shared = isinstance(data, np.ndarray) and np.may_share_memory(x, data)
    return x.copy() if shared and x.nbytes <= OWN else x


def fingerprint(x: Any) -> bytes | None:
    """Some numbers of a large input, which tell whether another batch was written over it."""
    if x.nbytes <= OWN:
        return None
    flat, places = sampled(x.shape)
    # `take` would copy an array that is not contiguous.
    numbers = x.take(flat) if x.flags.c_contiguous else x[places]
    written: bytes = numbers.tobytes()
    return written


@functools.lru_cache(maxsize=64)
def sampled(shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Places spread over an array, counted through and by index."""
    size = int(np.prod(shape))
    flat = np.linspace(0, size - 1, SAMPLED).astype(np.intp)
    return flat, np.unravel_index(flat, shape)
