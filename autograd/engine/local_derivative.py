"""The local derivative of a tensor's primitive, as an object that can be applied or looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.engine.primitive import Primitive


class LocalDerivative:
    """The derivative of a tensor's primitive by one of its arguments, at the recorded point.

    ``kind`` says what the Jacobian of the primitive looks like (before any broadcasting):
    ``"diagonal"``, ``"row"``, ``"linear"``, ``"multilinear"`` or ``"full"``.

    >>> import autograd
    >>> W, x = autograd.Tensor([[1.0, 2.0], [3.0, 4.0]]), autograd.Tensor([5.0, 6.0])
    >>> by_W, by_x = (W @ x).local_derivatives
    >>> by_x.kind, by_x.matrix().tolist()
    ('multilinear', [[1.0, 2.0], [3.0, 4.0]])
    >>> by_W.matrix().tolist()
    [[5.0, 6.0, 0.0, 0.0], [0.0, 0.0, 5.0, 6.0]]
    """

    __slots__ = ("_arguments", "_options", "_out", "_primitive", "_slot", "kind")

    def __init__(
        self, primitive: Primitive, slot: int, out: Any, arguments: Any, options: dict[str, Any]
    ) -> None:
        if not isinstance(primitive, Primitive):
            raise TypeError(
                f"a local derivative is of a primitive, got {primitive!r:.60}: "
                "node.local_derivatives has them"
            )
        self._primitive = primitive
        self._slot = slot
        self._out = out
        self._arguments = arguments
        self._options = options
        self.kind = primitive.slot_kind(slot)

    @property
    def shape(self) -> tuple[int, int]:
        """(size of the output, size of the argument)."""
        return np.size(self._out), np.size(self._arguments[self._slot])

    def __repr__(self) -> str:
        rows, columns = self.shape
        return f"<{self.kind} local derivative of {self._primitive.name}, {rows} x {columns}>"

    def vjp(self, g: Any) -> Any:
        """The cotangent of the argument from that of the output: ``g @ matrix``, shaped."""
        g = self._shaped(g, self._out, "cotangent")
        with np.errstate(all="ignore"):
            product = self._primitive.vjp(self._slot, g, self._out, self._arguments, self._options)
        return np.array(product)

    def jvp(self, t: Any) -> Any:
        """The tangent of the output from that of the argument: ``matrix @ t``, shaped."""
        t = self._shaped(t, self._arguments[self._slot], "tangent")
        with np.errstate(all="ignore"):
            product = self._primitive.jvp(self._slot, t, self._out, self._arguments, self._options)
        return np.array(product)

    def _shaped(self, x: Any, like: Any, what: str) -> Any:
        x = np.asarray(x, dtype=np.asarray(like).dtype)
        if x.shape != np.shape(like):
            raise ValueError(
                f"a {what} of {self._primitive.name} has shape {np.shape(like)}, got {x.shape}"
            )
        return x

    def matrix(self) -> Any:
        """The dense Jacobian, output size by argument size, both flattened row by row."""
        rows, columns = self.shape
        argument = np.asarray(self._arguments[self._slot])
        if self._primitive.family == "diagonal":  # zeros beside it, also where a number is infinite
            matrix = np.zeros((rows, columns), dtype=self._out.dtype)
            places = np.arange(columns).reshape(argument.shape)
            along = np.broadcast_to(places, np.shape(self._out)).ravel()
            matrix[np.arange(rows), along] = self.jvp(np.ones_like(argument)).ravel()
            return matrix
        if rows <= columns:
            basis = np.eye(rows, dtype=self._out.dtype).reshape(rows, *np.shape(self._out))
            return np.array([self.vjp(g).ravel() for g in basis]).reshape(rows, columns)
        basis = np.eye(columns, dtype=argument.dtype).reshape(columns, *argument.shape)
        return np.array([self.jvp(t).ravel() for t in basis]).reshape(columns, rows).T
