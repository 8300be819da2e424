"""Words that are said once in a process, at the user's line."""

from __future__ import annotations

import warnings
from types import FrameType

from autograd.context.sites import getframe, is_library, user_frame


def once(text: str) -> None:
    """Warn with this text the first time in this process."""
    if text not in warned:
        warned.add(text)
        warnings.warn(text, stacklevel=depth_of_user(getframe(1)))


def said_once_of_float() -> None:
    """Say once that what is computed from ``float()`` of a tracked node is not differentiated."""
    once(
        "float() of a tracked node gives a plain number, and what is computed from it is not "
        "differentiated (this is said once): use np.sin(v) for math.sin(v), and v.item() where a "
        "number is meant"
    )


def said_once_of_gradient(frame: FrameType) -> None:
    """Say once, to a user's line, that a gradient which is None has not been kept."""
    if not is_library(frame.f_code):
        once(
            "the gradient of a Tensor that was computed is not kept, so .grad is None, also after a "
            "backward pass (this is said once): call t.retain_grad() before it, or run it inside "
            "`with autograd.retain_grads():`"
        )


warned: set[str] = set()


def depth_of_user(frame: FrameType) -> int:
    """How many calls up the user's line is, as ``stacklevel`` counts them."""
    depth, user = 2, user_frame(frame)
    while frame is not user and frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    return depth
