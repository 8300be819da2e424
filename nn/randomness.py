"""Where randomness enters: every function that draws numbers takes an ``rng``."""

from __future__ import annotations

import numpy as np

Seed = np.random.Generator | int | None
"""What an ``rng`` argument may be."""


def generator(rng: Seed = None) -> np.random.Generator:
    """The Generator that an ``rng`` argument stands for.

    Args:
        rng: a Generator is used as it is, and moves on; an int of 0 or more seeds a new one, so that
            two calls draw the same numbers; ``None`` takes fresh entropy from the system.

    Raises:
        TypeError: anything else.

    >>> generator(0).integers(100, size=3).tolist() == generator(0).integers(100, size=3).tolist()
    True
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None:
        return np.random.default_rng()
    if isinstance(rng, int | np.integer) and not isinstance(rng, bool):
        if rng < 0:
            raise ValueError(f"rng: a seed is 0 or more, got {rng}")
        return np.random.default_rng(int(rng))
    raise TypeError(
        "rng is a numpy.random.Generator, an int to seed one, or None, "
        f"got {type(rng).__name__} ({rng!r:.60})"
    )
