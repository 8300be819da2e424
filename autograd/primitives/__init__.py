"""The rows: every primitive of the library, declared once."""

from autograd.primitives import (
    effects,
    elementwise,
    entropy,
    fused,
    linear,
    losses,
    normalisation,
    products,
    reductions,
)

__all__ = [
    "effects",
    "elementwise",
    "entropy",
    "fused",
    "linear",
    "losses",
    "normalisation",
    "products",
    "reductions",
]
