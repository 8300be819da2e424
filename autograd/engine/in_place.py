"""Updates in place: what ``p -= x`` and its kin do to a leaf.

On an interior node Python gives the name a new node, as with every number. A leaf is an object that
others hold (an optimiser, a module, a list of parameters), so ``p -= 0.1 * g`` must change that object,
and not leave it behind:

* under `no_grad` the leaf's data is changed, and graphs that were computed from it are stale;
* else, on a leaf that requires a gradient, a `TypeError` names ``p.data -= ...``. Only where x is a node
  that is tracked, and no pass has reached the leaf, it is taken for the start of a sum
  (``total += loss``), and the name gets a new node;
* a constant's data is changed, but by a node that is tracked: then the name gets a new node.

Inside a function under a transform, and in a recording, the operators are arithmetic: the leaf is the
argument. So they are in a module's ``forward`` on a leaf from outside of it (``act = self.b``, and then
``act += w * x``), and in a function that the library asks for what it says of data: a network of a class
of one's own, which `nn.fit` measures and `decision_boundary` draws under `no_grad`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.context.grad_modes import no_grad
from autograd.context.modes import current_mode
from autograd.context.recording import asked
from autograd.engine.graph import Node, describe
from autograd.engine.operands import accepts
from autograd.engine.primitive import Primitive


def in_place(row: Primitive, sign: str) -> Callable[[Any, Any], Any]:
    """The method of an operator such as ``-=``, made from the row of ``-``."""

    def method(self: Any, other: Any) -> Any:
        # Where it says NotImplemented, Python calls the operator itself, and gives the name its result.
        if self._primitive is not None or not accepts(other) or gives_a_node(self, other, sign):
            return NotImplemented
        with no_grad():
            self._take(row(self, other), sign)
        return self

    method.__doc__ = f"``p {sign} x``: see `autograd.in_place`."
    return method


def gives_a_node(leaf: Any, other: Any, sign: str) -> bool:
    """Whether the operator is arithmetic here, and no update; raises where an update would be lost."""
    mode = current_mode()
    if mode.transforming:
        return True
    inside = asked.get() or (leaf._scope is None and mode.scope and mode.scope.running)
    if mode.recording:
        flows = is_tracked(other)
        if leaf._requires_grad and (not flows or not (inside or leaf.grad is None)):
            raise refused(leaf, sign)
        if leaf._requires_grad or flows:
            return True
    elif leaf._requires_grad and inside:
        return True
    if mode.notes is not None:
        if leaf._requires_grad:
            raise TypeError(
                f"`p {sign} x` on {describe(leaf)} while a program is recorded: a replay would not "
                "repeat the update. Make it outside, or by an optimiser"
            )
        return True
    return not np.asarray(leaf._raw).flags.writeable  # a view that repeats its elements


def is_tracked(x: Any) -> bool:
    """Whether a gradient flows to x, or to a Value in an array or list."""
    if isinstance(x, Node):
        return x._requires_grad
    if isinstance(x, list | tuple) or (isinstance(x, np.ndarray) and x.dtype == object):
        return any(map(is_tracked, x if isinstance(x, list | tuple) else x.flat))
    return False


def refused(leaf: Any, sign: str) -> TypeError:
    """The error for an update outside of `no_grad`."""
    return TypeError(
        f"`p {sign} x` on {describe(leaf)}, which requires a gradient, would give the name p a node and "
        f"leave the leaf as it is. To update the leaf write `p.data {sign} x`, or the same under "
        f"`with autograd.no_grad():`; for a node write `p = p {sign.removesuffix('=')} x`"
    )
