"""The graph: nodes, the order they were made in, and when data was assigned.

A node records the primitive that made it and the arguments it was made from. Everything a backward
pass needs to know beyond that belongs to the pass (passes.py). Two facts keep this file short:

* **Creation order is a topological order.** An argument exists before its output, so every node takes
  a number from one clock when it is made, and sorting by that number is the topological sort.
* **The same clock dates data.** Assigning to a leaf's ``data`` stamps it with a new number. A node is
  stale exactly when one of its arguments carries a later stamp than the node itself.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from types import CodeType
from typing import Any

import numpy as np

from autograd.context.arithmetic import is_operand
from autograd.context.modes import current_mode, under_way
from autograd.context.notes import note_numbers
from autograd.context.said_once import said_once_of_gradient
from autograd.context.scopes import Scope
from autograd.context.sites import Site, getframe
from autograd.engine.core import core
from autograd.engine.primitive import Primitive
from autograd.support.forking import held_at_forks


class StaleGraphError(RuntimeError):
    """Data was assigned after a node had been computed from it, so its derivative would be wrong."""


class AnomalyError(ArithmeticError):
    """A number that is not finite, or a write behind the graph's back, under `detect_anomaly`."""


# --- the clock ------------------------------------------------------------------------------------

tick: Callable[[], int] = itertools.count(1).__next__ if core is None else core.tick
"""Serial numbers: one clock for nodes made and data assigned (atomic under the interpreter's lock)."""

serial = attrgetter("_serial")

latest_change = 0
"""When data was last assigned, anywhere: a graph that is younger has no stale node."""

latest_flag = 0
"""When ``requires_grad`` of a leaf was last set, anywhere: what was made later knows it."""

LOCK = held_at_forks(threading.RLock())
"""Held while gradients are written, so that passes that share leaves leave whole sums."""

latest_displacement = 0
"""When the place of a `Pending` was last taken, on any Value: those that were there then still are."""


def displaced() -> int:
    """The date on which a Value's gradient took the place of a `Pending`."""
    global latest_displacement
    with LOCK:
        latest_displacement = tick()
        return latest_displacement


class Pending:
    """The gradients of many Values as one array, which each of them holds in place of its number.

    Attributes:
        places: where in the array a Value's gradient is, by its identity: no reference leads back.
        numbers: the gradients, or None after they have been cleared.
    """

    __slots__ = ("numbers", "places")

    def __init__(self, places: dict[int, int]) -> None:
        self.places = places
        self.numbers: Any = None

    def of(self, node: Node) -> float | None:
        """One Value's gradient."""
        return None if self.numbers is None else float(self.numbers[self.places[id(node)]])


def changed() -> int:
    """The date of an assignment to a leaf's data."""
    global latest_change
    if under_way and current_mode().notes is not None:
        raise RuntimeError(
            "data was to be assigned while a program is recorded: a replay would not assign it again. "
            "Assign, and step an optimiser, outside of the compiled function or of recording()"
        )
    if core is not None:
        return core.changed()  # type: ignore[no-any-return]
    with LOCK:
        latest_change = tick()
        return latest_change


# --- nodes ----------------------------------------------------------------------------------------


class Node:
    """Anything in the graph: a `Value` or a `Tensor`. The interface that the pass and the views use."""

    __slots__ = ()

    # Fields of every node. `_code` is a code object, or a Site once a node has been pickled.
    _code: CodeType | Site | None
    _raw: Any
    _grad: Any
    _lasti: int
    _name: str | None
    _parents: tuple[Node, ...]
    _primitive: Primitive | None
    _requires_grad: bool
    _retain: bool  # whether an interior node holds its gradient after a pass
    _scope: Scope | None
    _serial: int

    __hash__ = object.__hash__  # by identity: `==` compares numbers

    # What each kind of node says of itself.

    @property
    def data(self) -> Any:
        """The node's number or array."""
        raise TypeError(f"{type(self).__name__} holds no data")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the data: ``()`` for a Value."""
        raise TypeError(f"{type(self).__name__} has no shape")

    @property
    def arguments(self) -> tuple[Any, ...]:
        """All positional inputs in order: nodes, constants, masks. Empty on a leaf."""
        raise TypeError(f"{type(self).__name__} has no arguments")

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of the primitive: ``axis``, ``shape`` and so on."""
        raise TypeError(f"{type(self).__name__} has no options")

    @property
    def parents(self) -> tuple[Node, ...]:
        """The arguments through which a gradient flows, repeats kept: ``x * x`` has ``(x, x)``."""
        raise TypeError(f"{type(self).__name__} has no parents")

    @property
    def local_derivatives(self) -> tuple[Any, ...]:
        """One local derivative per parent."""
        raise TypeError(f"{type(self).__name__} has no local derivatives")

    @property
    def _local_derivatives(self) -> tuple[Any, ...]:
        """The same for the library's pictures, which takes no number out of the graph."""
        raise TypeError(f"{type(self).__name__} has no local derivatives")

    def backward(
        self, seed: Any = None, *, create_graph: bool = False, **torch_options: Any
    ) -> None:
        """Leave the gradient of this node on every leaf it was computed from."""
        raise TypeError(f"{type(self).__name__} runs no backward pass")

    # What the pass asks of each kind of node.

    def _contributions(self, g: Any) -> Iterable[tuple[Node, Any]]:
        """(parent, cotangent times local derivative), computed on numbers."""
        raise TypeError(f"{type(self).__name__} has no contributions")

    def _spread(self, g: Any, sums: dict[Node, Any]) -> None:
        """Add each contribution to the sums of a pass over numbers."""
        raise TypeError(f"{type(self).__name__} has no contributions")

    def _recorded_contributions(self, g: Any) -> Iterable[tuple[Node, Any]]:
        """The same, computed on nodes, so that the gradient can be differentiated again."""
        raise TypeError(f"{type(self).__name__} has no contributions")

    def _tangent(self, tangents: dict[Node, Any], recorded: bool) -> Any:
        """The node's tangent from its parents'."""
        raise TypeError(f"{type(self).__name__} has no tangent")

    def _seed(self, seed: Any, as_node: bool) -> Any:
        """A checked seed of the node's shape and dtype, as numbers or as a node; ``None`` is one."""
        raise TypeError(f"{type(self).__name__} takes no seed")

    def _stale_argument(self, numbers: bool) -> Node | None:
        """The first argument whose data was assigned after this node was computed from it.

        With ``numbers=True`` only what would make `_contributions` wrong counts: a Value keeps its
        local derivatives as numbers, so nothing does.
        """
        raise TypeError(f"{type(self).__name__} has no arguments")

    def _receive(self, g: Any, shared: bool) -> None:
        """Take the gradient a pass leaves: leaves add it up, interior nodes hold the last one.

        With ``shared=True`` other nodes may be given the same object.
        """
        raise TypeError(f"{type(self).__name__} takes no gradient")

    def _as_gradient(self, g: Any) -> Any:
        """What a user assigns as this node's gradient, or an error that says what was expected."""
        raise TypeError(f"{type(self).__name__} takes no gradient")

    def _take(self, result: Any, sign: str) -> None:
        """Give a leaf the numbers of a result, as ``p -= x`` does: an assignment, which is dated."""
        raise TypeError(f"{type(self).__name__} is not changed in place")

    def _clone(self, copies: dict[int, Any]) -> Node:
        """A copy whose arguments are looked up in `copies` by identity."""
        raise TypeError(f"{type(self).__name__} cannot be copied")

    def _state(self, grad: Any, site: Site | None) -> tuple[Any, ...]:
        """What a pickle keeps of this node beside its primitive and its arguments."""
        raise TypeError(f"{type(self).__name__} cannot be pickled")

    @classmethod
    def _restore(
        cls, primitive: Primitive | None, arguments: tuple[Any, ...], state: Any, number: int
    ) -> Node:
        """The node that `_state` describes."""
        raise TypeError(f"{cls.__name__} cannot be unpickled")

    # What every node has.

    @property
    def grad(self) -> Any:
        """The gradient the last pass left; ``None`` until one reaches the node.

        Assignable: a number for a Value, and for a Tensor numbers of its shape, which become its dtype.
        """
        if under_way:
            notes = current_mode().notes
            for recorded in () if notes is None else notes.gradients.get(self, ()):
                note_numbers(recorded, "a gradient")
        g = getattr(self, "_grad", None)  # unset on a Value that was just recorded
        if g is None:
            frame = getframe(1)
            if is_operand(frame.f_code, frame.f_lasti):
                raise TypeError(
                    f"arithmetic with a gradient that is None: {self._without_gradient()}"
                )
            if not (self._retain or self._primitive is None) and self._requires_grad:
                said_once_of_gradient(frame)
            return None
        return g.of(self) if g.__class__ is Pending else g

    @grad.setter
    def grad(self, gradient: Any) -> None:
        if gradient is not None:
            gradient = self._as_gradient(gradient)
        if getattr(self, "_grad", None).__class__ is Pending:
            displaced()
        if under_way and (notes := current_mode().notes) is not None:
            notes.gradients.pop(self, None)
        self._grad = gradient

    def _without_gradient(self) -> str:
        """Why the gradient is None, and what to do, in a sentence."""
        if not self._requires_grad:
            return f"{describe(self)} has requires_grad=False, and no pass leaves one there"
        if self._primitive is not None and not self._retain:
            return (
                f"that of {describe(self)}, which was computed, is not kept: call its retain_grad()"
            )
        return (
            "since the last zero_grad(), if there was one, no backward pass has reached "
            f"{describe(self)}. Call backward() of what is computed from it; a parameter on which the "
            "loss does not depend is left out, as by optimizer.step(): `if p.grad is not None`"
        )

    @property
    def name(self) -> str | None:
        """The node's name in drawings and messages. Assignable."""
        return getattr(self, "_name", None)

    @name.setter
    def name(self, name: str | None) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"a name is a string or None, not {type(name).__name__}")
        self._name = name  # type: ignore[misc]  # a slot of each subclass

    @property
    def primitive(self) -> Primitive | None:
        """The primitive that made this node; ``None`` on a leaf."""
        return self._primitive

    @property
    def is_leaf(self) -> bool:
        """Whether the user made this node, rather than a primitive."""
        return self._primitive is None

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient flows to, or through, this node. Assignable on a leaf.

        A leaf that is frozen (``p.requires_grad = False``) is a constant in what is recorded from then
        on; graphs that were recorded before stay what they are. Optimisers leave it alone, and a
        program that was compiled before says so, or is recorded anew.
        """
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, flag: bool) -> None:
        global latest_flag
        if not isinstance(flag, bool | np.bool_):
            raise TypeError(
                f"requires_grad is True or False, got {type(flag).__name__} ({flag!r:.60})"
            )
        if bool(flag) == self._requires_grad:
            return
        if self._primitive is not None:
            raise ValueError(
                "requires_grad can be set on a leaf only, and this is the result of "
                f"{self._primitive.name}: x.detach() is a constant with its numbers, and in "
                "`with autograd.no_grad():` nothing is tracked"
            )
        with LOCK:
            self._requires_grad = bool(flag)  # type: ignore[misc]  # a slot of each subclass
            latest_flag = tick()

    @property
    def scope(self) -> Scope | None:
        """The module this node was computed in, or ``None``."""
        return self._scope

    @property
    def site(self) -> Site | None:
        """Where the user's code made this node."""
        code = self._code
        return Site.of(code, self._lasti) if isinstance(code, CodeType) else code


def describe(node: Node) -> str:
    """A short name for messages: the user's name, or kind, shape and where it was made."""
    kind = type(node).__name__
    if node.name is not None:
        return f"{kind} {node.name!r}"
    made = "leaf" if node.primitive is None else f"result of {node.primitive.name}"
    return f"{kind} of shape {node.shape} ({made}, made at {node.site})"


# --- order ----------------------------------------------------------------------------------------


def reachable(roots: Iterable[Node], arguments: bool = False) -> tuple[list[Node], list[Node]]:
    """The leaves below `roots`, and the interior nodes in order of creation."""
    first = dict.fromkeys(roots)  # a root may be named twice
    seen = set(first)
    leaves = [node for node in first if node._primitive is None]
    interior = [node for node in first if node._primitive is not None]
    for node in interior:  # which grows as it is gone through
        for parent in node._parents if not arguments else node.arguments:
            if (arguments and not isinstance(parent, Node)) or parent in seen:
                continue
            seen.add(parent)
            (leaves if parent._primitive is None else interior).append(parent)
    interior.sort(key=serial)
    return leaves, interior


def topological_order(
    root: Node | Sequence[Node] | np.ndarray[Any, Any], *, arguments: bool = False
) -> list[Node]:
    """Every node that `root` depends on, arguments before outputs, `root` last.

    The order is that of creation (leaves first), so it is deterministic and needs no recursion.
    With ``arguments=True`` nodes that take part in the value but not in the gradient are included.

    >>> import autograd
    >>> a = autograd.Value(1.0, "a")
    >>> b = a + a
    >>> c = b * b
    >>> [node is other for node, other in zip(autograd.topological_order(c), (a, b, c))]
    [True, True, True]
    """
    roots: Any = root.ravel().tolist() if isinstance(root, np.ndarray) else root
    if isinstance(root, Node):
        roots = [root]
    if not isinstance(roots, Sequence) or not all(isinstance(x, Node) for x in roots):
        raise TypeError(
            f"topological_order takes a node, or a list or an array of nodes, got {root!r:.60}"
        )
    leaves, interior = reachable(roots, arguments)
    # A leaf's number moves when its data is assigned; no leaf has arguments, so leaves go first.
    return sorted(leaves, key=serial) + interior
