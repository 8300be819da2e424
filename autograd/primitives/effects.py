"""Rows with an effect, which a program has again with each of its runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.context.grad_modes import aside
from autograd.context.modes import current_mode
from autograd.context.notes import drawn_anew
from autograd.engine.declare import elementwise


def _drawn(x: Any, sample: Any) -> Any:
    shape = np.shape(x)
    out = _sampled(shape, sample)
    if out.shape != shape:
        raise ValueError(f"sample gave an array of shape {out.shape} where {shape} was asked for")
    dtype = getattr(x, "dtype", None)
    return out.astype(dtype if dtype is not None and dtype.kind == "f" else np.float64, copy=False)


def _drawn_number(x: Any, sample: Any = np.zeros) -> float:
    return float(_sampled((), sample))


def _sampled(shape: tuple[int, ...], sample: Any) -> Any:
    def apart() -> Any:
        with aside():
            return np.asarray(sample(shape))

    return drawn_anew(apart)


random_like = elementwise(
    "random_like",
    _drawn_number,
    _drawn,
    None,
    doc="Numbers drawn anew, in the shape and dtype of x: ``sample(shape)`` gives them.\n\n"
    "There is no derivative. A program draws with each run: for a graph of Values one number for each\n"
    "instance.\n\n"
    ">>> import autograd, numpy as np\n"
    ">>> rng = np.random.default_rng(0)\n"
    ">>> autograd.random_like(np.zeros(3), sample=rng.random).round(3).tolist()\n"
    "[0.637, 0.27, 0.041]",
    symbol="random",
    impure=lambda options: True,
    sample=np.zeros,
)
random_like.draws = True


ASIDE = aside()


def told(track: Any, *moments: Any) -> None:
    """Call a function with moments; what it reads and assigns is no part of the result."""
    mode = current_mode()
    if mode.notes is None and not mode.transforming:  # as it is aside
        track(*moments)
        return
    with ASIDE:
        track(*moments)


def _told(x: Any, y: Any, track: Any = None) -> Any:
    if track is not None:
        told(track, y, x)
    return x


track_moments = elementwise(
    "track_moments",
    _told,
    _told,
    lambda out, x, y, track: 1,
    None,
    doc="The variance x itself; ``track(y, x)``, of a mean y and the variance, is called with each\n"
    "evaluation, also in a program. The arrays are lent: what is to be kept must be copied.",
    formula=lambda x, y, track: x,
    method=False,
    impure=lambda options: options["track"] is not None,
    track=None,
)
track_moments.passes = True
