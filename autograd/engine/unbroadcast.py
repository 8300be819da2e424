"""Undoing a broadcast, which the engine does once, for every rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine.axes import shape_of
from autograd.engine.primitive import registry
from autograd.engine.sums import add_up

ndarray = np.ndarray


def unbroadcast(g: Any, like: Any) -> Any:
    """Sum a cotangent over the axes along which `like` was stretched, and give it `like`'s dtype."""
    if g.__class__ is like.__class__ is ndarray and g.shape == like.shape and g.dtype is like.dtype:
        return g
    shape = shape_of(like)
    if g.shape != shape:
        extra = len(g.shape) - len(shape)
        stretched = tuple(
            axis for axis, n in enumerate(g.shape) if axis < extra or n != shape[axis - extra]
        )
        if g.__class__ is ndarray:
            g = add_up(g, axis=stretched).reshape(shape)
        else:
            g = registry["reshape"](registry["sum"](g, axis=stretched), shape=shape)
    dtype = getattr(like, "dtype", None)
    if dtype is not None and g.dtype is not dtype and g.dtype != dtype and dtype.kind == "f":
        if g.dtype.kind == "c":
            raise TypeError(f"a rule gave a derivative of {g.dtype}: it is made of real numbers")
        g = registry["astype"](g, dtype=dtype)
    return g
