"""What every loss asks of its arguments, with errors that name the entry that is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd import Node, Value

__all__: list[str] = []

Array = np.ndarray[Any, Any]
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


# --- operands ----------------------------------------


def operand(x: Any, what: str, loss: str) -> Any:
    """A node or an array of real numbers as it is; lists and numbers as arrays."""
    if isinstance(x, Node):
        return x
    autograd.check_array(x, f"the {what} of {loss}")
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"the {what} of {loss} is an array of numbers: {error}") from None
    except TypeError as error:  # a list of Tensors, which NumPy would take apart
        raise TypeError(f"the {what} of {loss}: {error}; autograd.stack joins Tensors") from None
    if array.dtype.kind not in "fbiuO":
        raise TypeError(
            f"the {what} of {loss} is made of real numbers, got {array.dtype} ({x!r:.60})"
        )
    return array


def pair(prediction: Any, target: Any, loss: str) -> tuple[Any, Any]:
    """Both sides of a loss, of one shape."""
    prediction, target = operand(prediction, "prediction", loss), operand(target, "target", loss)
    if prediction.shape != target.shape:
        raise ValueError(
            f"{loss} expected a target of the prediction's shape {prediction.shape}, "
            f"got {target.shape}"
        )
    return real(prediction), target


def real(x: Any) -> Any:
    """Whole numbers and truth values as floats: an array of bool has no minus."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "biu":
        return x.astype(np.float64)
    return x


def like(target: Any, prediction: Any) -> Any:
    """A constant in the prediction's dtype, so that float32 stays float32. Nodes stay as they are."""
    if not isinstance(target, np.ndarray) or target.dtype.kind == "O":
        return target
    dtype = getattr(prediction, "dtype", None)
    dtype = FLOAT32 if dtype == FLOAT32 else FLOAT64
    return target if target.dtype is dtype else autograd.astype(target, dtype=dtype)


def numbers(x: Any) -> Any:
    """The plain numbers of a node, or of an array that may hold Values."""
    if isinstance(x, Node):
        return np.asarray(x.data)
    return x.astype(np.float64) if x.dtype.kind == "O" else x


def tolerance(*operands: Any) -> float:
    """How far a sum of probabilities may be from 1: float32 rounds at 1e-7, float64 at 1e-16."""
    for x in operands:
        if getattr(x, "dtype", None) == FLOAT32:
            return 1e-5
    return 1e-9


def at(place: Any) -> str:
    """Where an entry is, as the end of a sentence; nothing for a single number."""
    place = [int(i) for i in place]
    return f" at {place}" if place else ""


def is_variable(x: Any) -> bool:
    """Whether Values that take part in the gradient are among these: their numbers are for now only.

    A graph of Values is recorded for one instance, and a program replays it for others.
    """
    if isinstance(x, Value):
        return x.requires_grad
    if isinstance(x, Node) or x.dtype.kind != "O":
        return False
    return any(isinstance(each, Value) and each.requires_grad for each in x.flat)


# --- targets ----------------------------------------


def check_distributions(target: Any, prediction: Any, loss: str) -> None:
    """Raise unless every row along the last axis is 0 or more and sums to 1."""
    if is_variable(target):
        return
    d = numbers(target)
    # In float64: a long row of float32 would lose more in the sum than in its entries.
    off = np.abs(np.sum(d, axis=-1, dtype=np.float64) - 1)
    if not np.all(off <= tolerance(target, prediction)):
        place = np.argwhere(~(np.asarray(off) <= tolerance(target, prediction)))[0]
        row = d[tuple(place)]
        raise ValueError(
            f"{loss} expected targets that sum to 1 along the last axis (within "
            f"{tolerance(target, prediction):g}), got a sum of "
            f"{row.sum(dtype=np.float64):.12g}{at(place)}"
        )
    if d.size and d.min() < 0:
        place = np.argwhere(d < 0)[0]
        raise ValueError(
            f"{loss} expected probabilities as targets, got {d[tuple(place)]:g}{at(place)}"
        )


def check_between_0_and_1(target: Any, loss: str) -> None:
    """Raise unless every entry of a binary target is from 0 to 1."""
    if is_variable(target):
        return
    d = numbers(target)
    within = (d >= 0) & (d <= 1)  # false for nan
    if not np.all(within):
        place = np.argwhere(~within)[0]
        raise ValueError(f"{loss} expected targets from 0 to 1, got {d[tuple(place)]:g}{at(place)}")


def check_indices(indices: Any, classes: int, ignored: int | None, loss: str) -> Array | None:
    """Raise unless every entry is a class, or `ignored`; say where it is ignored, if anywhere."""
    if isinstance(indices, Node) or indices.dtype.kind not in "iu":
        got = type(indices).__name__ if isinstance(indices, Node) else indices.dtype
        raise TypeError(f"{loss} expected integer class indices, got {got}")
    if not indices.size:
        return None
    good = indices.min() >= 0 and indices.max() < classes
    if good and (ignored is None or ignored < 0):
        return None
    skipped: Array | None = None if ignored is None else np.asarray(indices == ignored)
    if not good:
        wrong = (indices < 0) | (indices >= classes)
        wrong = wrong if skipped is None else wrong & ~skipped
        if wrong.any():
            place = np.argwhere(wrong)[0]
            raise ValueError(
                f"{loss} expected class indices from 0 to {classes - 1}, "
                f"got {indices[tuple(place)]}{at(place)}"
            )
    return skipped


def signs(target: Any, scores: Any, loss: str) -> Any:
    """Targets of −1 and 1, in the dtype of the scores. A node stays one: a program may replace it.

    A Value that takes part in the gradient is a variable, whose number is anything for now.
    """
    if is_variable(target):
        return target
    t = target.data if isinstance(target, Node) else target
    if t.__class__ is not np.ndarray or t.dtype.kind != "f":
        t = np.asarray(t)
        t = autograd.astype(t, dtype=np.float64) if t.dtype.kind in "biu" else t.astype(np.float64)
    wrong = np.abs(t) != 1.0
    if np.count_nonzero(wrong):
        place = np.argwhere(wrong)[0]
        raise ValueError(f"{loss} expected targets of -1 or 1, got {t[tuple(place)]:g}{at(place)}")
    if isinstance(target, Node):
        return target
    dtype = getattr(scores, "dtype", FLOAT64)
    if not t.ndim:
        return float(t)
    if t.dtype == dtype or np.dtype(dtype).kind == "O":
        return t.astype(dtype, copy=False)
    return autograd.astype(t, dtype=dtype)


def check_probabilities(y: Any, d: Any, loss: str, binary: bool) -> None:
    """Raise where a prediction that counts is below 0, or above 1: most often it is a logit.

    In a binary loss y counts where d > 0, and 1 − y where d < 1; else y alone, where d > 0. Where
    d = 1 a little above 1 is let through, so that finite differences can be taken at y = 1.
    """
    if is_variable(d):
        return
    y = numbers(y)
    if not y.size or not (y.min() < 0 or (binary and y.max() > 1)):
        return
    d = numbers(d)
    wrong = (y < 0) & (d > 0)
    if binary:
        wrong |= (y > 1) & ((d < 1) | (y > 1.01))
    if np.any(wrong):
        place = np.argwhere(wrong)[0]
        raise ValueError(
            f"{loss} expected predictions from 0 to 1, got {y[tuple(place)]:g}{at(place)}; "
            f"from logits there is {loss}_with_logits"
        )


# --- reductions and weights ----------------------------------------


def check_reduction(reduction: str) -> None:
    """Raise unless `reduction` is one of three words."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction is 'mean', 'sum' or 'none', got {reduction!r}")


def reduced(losses: Any, reduction: str) -> Any:
    """One number from the losses of instances or elements, or the losses themselves."""
    if reduction == "none" or getattr(losses, "shape", ()) == ():
        return losses
    return autograd.mean(losses) if reduction == "mean" else autograd.sum(losses)


def plain(x: Any, what: str, loss: str) -> Array:
    """Weights as an array of plain numbers, each 0 or more."""
    array = operand(x, what, loss)
    if isinstance(array, Node) or array.dtype.kind == "O":
        raise TypeError(f"the {what} of {loss} is made of plain numbers, got {type(x).__name__}")
    if not np.all((array >= 0) & np.isfinite(array)):
        place = np.argwhere(~((array >= 0) & np.isfinite(array)))[0]
        raise ValueError(
            f"the {what} of {loss} is 0 or more, got {array[tuple(place)]:g}{at(place)}"
        )
    return np.asarray(array)


def class_weights(weight: Any, classes: int, loss: str) -> Array:
    """One weight for each class."""
    array = plain(weight, "weight", loss)
    if array.shape != (classes,):
        raise ValueError(
            f"{loss} expected one weight for each of {classes} classes, got shape {array.shape}"
        )
    return array


def element_weights(weight: Any, prediction: Any, what: str, loss: str) -> Any:
    """Weights that broadcast to the prediction, in its dtype."""
    array = plain(weight, what, loss)
    try:
        fits = np.broadcast_shapes(array.shape, prediction.shape) == prediction.shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"{loss} expected a {what} that broadcasts to the prediction's shape "
            f"{prediction.shape}, got {array.shape}"
        )
    return like(array, prediction)


def check_number(x: Any, what: str, loss: str, low: float, high: float = np.inf) -> float:
    """A finite number from `low` to `high`, or an error that names it."""
    if isinstance(x, bool | np.bool_) or not isinstance(x, int | float | np.number):
        raise TypeError(f"{what} of {loss} is a number, got {type(x).__name__}")
    if not (low <= x <= high and x < np.inf):
        bounds = f"{low:g} or more" if high == np.inf else f"from {low:g} to {high:g}"
        raise ValueError(f"{what} of {loss} is {bounds}, got {x}")
    return float(x)
