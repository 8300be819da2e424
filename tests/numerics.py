"""What the tests measure derivatives with: seeds, central differences, and a check of closeness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from samples import Sample, numbers

from autograd import Tensor

Array = np.ndarray[Any, Any]


def weights(shape: tuple[int, ...], shift: float = 0.0) -> Array:
    """A cotangent of mixed numbers, none of them small."""
    return np.asarray(numbers(*shape, low=0.5, high=1.5) + shift)


def central_differences(
    f: Callable[..., Any], arrays: Sequence[Array], step: float = 1e-5
) -> list[Array]:
    """The gradient of a function that returns one number, by each array, element by element."""
    gradients = []
    for i, x in enumerate(arrays):
        gradient = np.zeros(np.shape(x))
        for place in np.ndindex(np.shape(x)):
            sides = []
            for sign in (1, -1):
                moved = np.array(x, dtype=float)
                moved[place] += sign * step
                sides.append(float(f(*arrays[:i], moved, *arrays[i + 1 :])))
            gradient[place] = (sides[0] - sides[1]) / (2 * step)
        gradients.append(gradient)
    return gradients


def weighted(sample: Sample, *arrays: Array) -> float:
    """One number made of all outputs of a sample, computed by NumPy alone."""
    out = np.asarray(sample(*arrays), dtype=float)
    return float(np.sum(out * weights(out.shape)))


def gradients(sample: Sample, *arrays: Array) -> list[Array]:
    """The gradient of `weighted`, by a backward pass on tensors."""
    tensors = [Tensor(x) for x in arrays]
    out = sample(*tensors)
    out.backward(weights(out.shape))
    return [t.grad for t in tensors]


def check_close(actual: Any, expected: Any, tolerance: float = 1e-12) -> None:
    """Equal shapes, and numbers equal within a relative and absolute tolerance; nan equals nan."""
    assert np.shape(actual) == np.shape(expected)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)
