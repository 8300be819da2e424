"""Standardisation: inputs of zero mean and unit variance, by the statistics of the training set."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd

Array = np.ndarray[Any, Any]


class Standardiser:
    """(x − μ) / σ for each input, with the mean μ and the standard deviation σ of the training set.

    Args:
        x: the training inputs, of shape (instances, ...). Nothing else is ever measured: a held-out
            part that helped to choose μ and σ would no longer be held out.

    Attributes:
        mean: μ over instances, of shape x.shape[1:].
        std: σ = √(mean of (x − μ)²), the biased form, so that the variance comes out as exactly 1.

    An input that is the same in every training instance has σ = 0, and is only centred. float32 stays
    float32; other numbers become float64.

    Raises:
        ValueError: there are no instances, a number is not finite, or another shape is standardised.

    >>> import numpy as np
    >>> train, test = np.array([[0.0, 5.0], [2.0, 5.0]]), np.array([[3.0, 6.0]])
    >>> standardiser = Standardiser(train)
    >>> standardiser(train).tolist(), standardiser(test).tolist()
    ([[-1.0, 0.0], [1.0, 0.0]], [[2.0, 1.0]])
    >>> standardiser.inverse([[2.0, 1.0]]).tolist()
    [[3.0, 6.0]]

    Source: LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998, section 4.3.
    """

    def __init__(self, x: Any) -> None:
        x = real(x)
        if not x.ndim or not len(x):
            raise ValueError(
                f"Standardiser expected (instances, ...) with one or more, got {x.shape}"
            )
        bad = ~np.isfinite(x)
        if bad.any():
            at = [int(i) for i in np.argwhere(bad)[0]]
            raise ValueError(f"Standardiser expected finite numbers, got {x[tuple(at)]} at {at}")
        wide = x.astype(np.float64)
        self.mean: Array = wide.mean(axis=0)
        self.std: Array = wide.std(axis=0)
        # The mean of equal numbers may be off by a rounding error, and σ then is that and not 0.
        constant = wide.min(axis=0) == wide.max(axis=0)
        self.mean = np.where(constant, wide[0], self.mean)
        self.std = np.where(constant, 0.0, self.std)

    @property
    def scale(self) -> Array:
        """What is divided by: σ, or 1 where σ = 0."""
        scale: Array = np.where(self.std == 0, 1.0, self.std)
        return scale

    def __call__(self, x: Any) -> Array:
        """Standardise instances, or a single one."""
        x = self._checked(x)
        out: Array = ((x - self.mean) / self.scale).astype(x.dtype)
        return out

    def inverse(self, x: Any) -> Array:
        """The instances that were standardised to x."""
        x = self._checked(x)
        out: Array = (x * self.scale + self.mean).astype(x.dtype)
        return out

    def _checked(self, x: Any) -> Array:
        x = real(x)
        shape = self.mean.shape
        if x.shape != shape and x.shape[1:] != shape:
            wanted = f"(instances, {', '.join(map(str, shape))})" if shape else "(instances,)"
            raise ValueError(f"Standardiser expected {wanted}, got {x.shape}")
        checked: Array = x
        return checked

    def __repr__(self) -> str:
        return f"Standardiser(of inputs of shape {self.mean.shape})"


def standardise(train: Any, *others: Any) -> tuple[Array, ...]:
    """The training inputs and others, all by the mean and deviation of the training inputs.

    >>> train, test = standardise([[0.0], [2.0]], [[4.0]])
    >>> train.tolist(), test.tolist()
    ([[-1.0], [1.0]], [[3.0]])
    """
    standardiser = Standardiser(train)
    return tuple(standardiser(x) for x in (train, *others))


def real(x: Any) -> Array:
    """An array of float32 or float64."""
    array = np.asarray(autograd.check_array(x, "an input"))
    if array.dtype.kind not in "biuf":
        raise TypeError(f"inputs are real numbers, got {array.dtype} ({x!r:.60})")
    floats: Array = array
    if array.dtype not in (np.float32, np.float64):
        floats = array.astype(np.float64)
    return floats
