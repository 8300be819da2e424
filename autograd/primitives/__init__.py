"""The rows: every primitive of the library, declared once."""

from autograd.primitives import elementwise, fused, linear, normalisation, products, reductions

__all__ = ["elementwise", "fused", "linear", "normalisation", "products", "reductions"]
