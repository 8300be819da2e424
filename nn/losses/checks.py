"""What every loss asks of its arguments, with errors that name the entry that is wrong."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd import Followed, Node, Value
from nn.arguments import one_of

Array = np.ndarray[Any, Any]
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


NODES = (Node, Followed)
ARRAYS = (np.ndarray, Followed)
REDUCTIONS = ("mean", "sum", "none")


# --- operands ----------------------------------------


def operand(x: Any, what: str, loss: str) -> Any:
    """A node or an array of real numbers as it is; lists and numbers as arrays."""
    if isinstance(x, NODES) or (x.__class__ is np.ndarray and x.dtype.kind in "fbiu"):
        return x
    autograd.check_array(x, f"the {what} of {loss}")
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"the {what} of {loss} is an array of numbers: {error}") from None
    except TypeError as error:  # a list of Tensors, which NumPy would take apart
        raise TypeError(f"the {what} of {loss}: {error}; autograd.stack joins Tensors") from None
    if array.dtype.kind == "O":
        return of_values(array, f"the {what} of {loss}")
    if array.dtype.kind not in "fbiu":
        raise TypeError(
            f"the {what} of {loss} is made of real numbers, got {array.dtype} ({x!r:.60})"
        )
    return array


def of_values(array: Array, what: str) -> Array:
    """An array of objects that are Values and numbers; with no Value among them, of floats."""
    if any(isinstance(x, Value) for x in array.flat):
        return array
    for x in array.flat:
        if not isinstance(x, int | float | np.number):
            raise TypeError(f"{what} is made of real numbers, got {type(x).__name__} ({x!r:.60})")
    try:
        return array.astype(np.float64)
    except OverflowError:
        raise ValueError(f"{what} has a number that no float holds") from None


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
    if isinstance(x, ARRAYS) and x.dtype.kind in "biu":
        return x.astype(np.float64)
    return x


def like(target: Any, prediction: Any) -> Any:
    """A constant in the prediction's dtype, so that float32 stays float32. Nodes stay as they are."""
    if not isinstance(target, ARRAYS) or target.dtype.kind == "O":
        return target
    dtype = getattr(prediction, "dtype", None)
    dtype = FLOAT32 if dtype == FLOAT32 else FLOAT64
    return target if target.dtype is dtype else autograd.astype(target, dtype=dtype)


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


def is_mixed(x: Any) -> bool:
    """Whether x is an array that may hold Values."""
    return isinstance(x, np.ndarray) and x.dtype.kind == "O"


def is_variable(x: Any) -> bool:
    """Whether Values that take part in the gradient are among these: their numbers are for now only.

    A graph of Values is recorded for one instance, and a program replays it for others.
    """
    if isinstance(x, Value):
        return x.requires_grad
    if isinstance(x, Node) or x.dtype.kind != "O":
        return False
    return any(isinstance(each, Value) and each.requires_grad for each in x.flat)


def check_logits(logits: Any, squashed: Any, loss: str) -> None:
    """Say once that logits have been through the function that the loss has in it."""
    made = logits.primitive if isinstance(logits, Node) else None
    if made is not None and made is squashed:
        name = made.name
        autograd.recording.say_once(
            f"{loss} takes logits, and was given the output of {name}, which it would apply "
            f"again: the network then learns slowly, and its loss does not reach 0 (this is said once). "
            f"Give it what comes before {name}"
        )


# --- targets ----------------------------------------


class DistributionCheck:
    """What raises where a row along the last axis is below 0 somewhere, or does not sum to 1."""

    def __init__(self, within: float, loss: str) -> None:
        self.within = within
        self.loss = loss

    def accepts(self, d: Any) -> bool:
        """Whether a quick look is enough: the sums in the targets' own precision are near 1."""
        if d.__class__ is not np.ndarray or d.ndim != 2 or not d.size:
            return False
        dtype, within = d.dtype, self.within / 2
        eps = EPS.get(dtype)
        if eps is None or d.shape[1] * eps > within / 2:
            return False
        off = d.dot(ones(d.shape[1], dtype))
        off -= 1
        # Of numbers below 0 that sum is no measure of the error, but they are looked for besides.
        return bool(off.dot(off) <= within * within and least(d, None) >= 0)

    def __call__(self, d: Array) -> None:
        if self.accepts(d):
            return
        loss, within = self.loss, self.within
        # In float64: a long row of float32 would lose more in the sum than in its entries.
        off = np.abs(np.sum(d, axis=-1, dtype=np.float64) - 1)
        if not np.all(off <= within):
            place = np.argwhere(~(np.asarray(off) <= within))[0]
            row = d[tuple(place)]
            raise ValueError(
                f"{loss} expected targets that sum to 1 along the last axis (within {within:g}), "
                f"got a sum of {row.sum(dtype=np.float64):.12g}{at(place)}"
            )
        if d.size and d.min() < 0:
            place = np.argwhere(d < 0)[0]
            raise ValueError(
                f"{loss} expected probabilities as targets, got {d[tuple(place)]:g}{at(place)}"
            )


EPS: dict[Any, float] = {dtype: float(np.finfo(dtype).eps) for dtype in (FLOAT32, FLOAT64)}
least = np.minimum.reduce


@functools.lru_cache(maxsize=16)
def ones(n: int, dtype: Any) -> Array:
    """A vector of ones, kept."""
    return np.ones(n, dtype)


distribution_check = functools.cache(DistributionCheck)


def ask(check: Callable[..., None], *operands: Any) -> None:
    """Call a check of data; `autograd.recording.check` does so with every replay as well."""
    if not autograd.recording.under_way:
        for x in operands:
            if x.__class__ is not np.ndarray or x.dtype.kind == "O":
                break
        else:
            check(*operands)
            return
    autograd.recording.check(check, *operands)


def check_distributions(target: Any, prediction: Any, loss: str) -> None:
    """Raise unless every row along the last axis is 0 or more and sums to 1."""
    if not is_variable(target):
        ask(distribution_check(tolerance(target, prediction), loss), target)


def check_between_0_and_1(target: Any, loss: str) -> None:
    """Raise unless every entry of a binary target is from 0 to 1."""
    if is_variable(target):
        return

    def check(d: Array) -> None:
        within = (d >= 0) & (d <= 1)  # false for nan
        if not np.all(within):
            place = np.argwhere(~within)[0]
            raise ValueError(
                f"{loss} expected targets from 0 to 1, got {d[tuple(place)]:g}{at(place)}"
            )

    ask(check, target)


def check_indices(indices: Any, classes: int, ignored: int | None, loss: str) -> None:
    """Raise unless every entry is a class, or `ignored`."""
    if isinstance(indices, Node) or indices.dtype.kind not in "iu":
        got = type(indices).__name__ if isinstance(indices, Node) else indices.dtype
        raise TypeError(f"{loss} expected integer class indices, got {got}{as_whole(indices)}")
    ask(indices_check(classes, ignored, loss), indices)


def as_whole(indices: Any) -> str:
    """How to make class indices of what is whole but not an integer, as the end of a sentence."""
    numbers = autograd.recording.look(indices)
    if numbers.dtype.kind not in "bf" or not np.all(np.mod(numbers, 1) == 0):
        return ": classes are whole numbers"
    array = "target.numpy()" if isinstance(indices, Node) else "np.asarray(target)"
    return f": write {array}.astype(int)"


def indices_check(classes: int, ignored: int | None, loss: str) -> Callable[[Array], None]:
    """What raises where an entry is no class, nor `ignored`."""

    def check(c: Array) -> None:
        if not c.size or (c.min() >= 0 and c.max() < classes):
            return
        wrong = (c < 0) | (c >= classes)
        if ignored is not None:
            wrong &= c != ignored
        if wrong.any():
            place = np.argwhere(wrong)[0]
            raise ValueError(
                f"{loss} expected class indices from 0 to {classes - 1}, "
                f"got {c[tuple(place)]}{at(place)}"
            )

    return check


@functools.cache
def signs_check(loss: str) -> Callable[[Array], None]:
    """What raises where a target is neither −1 nor 1."""

    def check(t: Array) -> None:
        wrong = np.abs(t if t.dtype.kind == "f" else t.astype(np.float64)) != 1.0
        if np.count_nonzero(wrong):
            place = np.argwhere(wrong)[0]
            raise ValueError(
                f"{loss} expected targets of -1 or 1, got {float(t[tuple(place)]):g}{at(place)}"
                + (": write 2 * target - 1 for 0 and 1" if np.all((t == 0) | (t == 1)) else "")
            )

    return check


def signs(target: Any, scores: Any, loss: str) -> Any:
    """Targets of −1 and 1, in the dtype of the scores. A node stays one: a program may replace it.

    A Value that takes part in the gradient is a variable, whose number is anything for now.
    """
    if is_variable(target):
        return target

    ask(signs_check(loss), target)
    if isinstance(target, Node):
        return target
    t = target
    if t.dtype.kind == "O":
        if is_mixed(scores) and any(isinstance(x, Node) for x in t.flat):
            return t
        t = t.astype(np.float64)
    if not t.ndim and isinstance(t, np.ndarray):
        return float(t)
    dtype = getattr(scores, "dtype", FLOAT64)
    if t.dtype == dtype or (t.dtype.kind == "f" and np.dtype(dtype).kind == "O"):
        return t
    return autograd.astype(t, dtype=dtype if np.dtype(dtype).kind == "f" else FLOAT64)


def check_probabilities(y: Any, d: Any, loss: str, binary: bool) -> None:
    """Raise where a prediction that counts is below 0, or above 1: most often it is a logit.

    In a binary loss y counts where d > 0, and 1 − y where d < 1; else y alone, where d > 0. Where
    d = 1 a little above 1 is let through, so that finite differences can be taken at y = 1.
    """
    if is_variable(d):
        return

    def check(y: Array, d: Array) -> None:
        if not y.size or not (y.min() < 0 or (binary and y.max() > 1)):
            return
        wrong = (y < 0) & (d > 0)
        if binary:
            wrong |= (y > 1) & ((d < 1) | (y > 1.01))
        if np.any(wrong):
            place = np.argwhere(wrong)[0]
            raise ValueError(
                f"{loss} expected predictions from 0 to 1, got {y[tuple(place)]:g}{at(place)}; "
                f"from logits there is {loss}_with_logits"
            )

    ask(check, y, d)


# --- reductions and weights ----------------------------------------


def check_reduction(reduction: str) -> None:
    """Raise unless `reduction` is one of three words."""
    if reduction.__class__ is not str or reduction not in REDUCTIONS:
        one_of(reduction, REDUCTIONS, "reduction")


def reduced(losses: Any, reduction: str, loss: str) -> Any:
    """One number from the losses of instances or elements, or the losses themselves.

    Nothing has a sum, which is 0, and no mean.
    """
    shape = getattr(losses, "shape", ())
    if reduction == "none" or shape == ():
        return losses
    if reduction == "mean" and 0 in shape:
        raise nothing_to_average(loss)
    return autograd.mean(losses) if reduction == "mean" else autograd.sum(losses)


def nothing_to_average(loss: str) -> ValueError:
    """The error of a mean over no instances."""
    return ValueError(f"{loss} has nothing to average: no instance counts")


def plain(x: Any, what: str, loss: str) -> Any:
    """Weights as an array of plain numbers, each 0 or more."""
    array = operand(x, what, loss)
    if isinstance(array, Node) or array.dtype.kind == "O":
        raise TypeError(f"the {what} of {loss} is made of plain numbers, got {type(x).__name__}")

    def check(weights: Array) -> None:
        if not np.all((weights >= 0) & np.isfinite(weights)):
            place = np.argwhere(~((weights >= 0) & np.isfinite(weights)))[0]
            raise ValueError(
                f"the {what} of {loss} is 0 or more, got {weights[tuple(place)]:g}{at(place)}"
            )

    ask(check, array)
    return array


def class_weights(weight: Any, classes: int, loss: str) -> Any:
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
