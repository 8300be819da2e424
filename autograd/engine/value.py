"""Value: a node that holds one float, with the derivative on each edge stored when it is recorded.

Its operators and methods are written from the rows, by `primitives/methods.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from autograd.context.exits import leaving
from autograd.context.grad_modes import no_grad
from autograd.context.modes import current_mode, mode_variable, under_way
from autograd.context.notes import note, note_whole
from autograd.context.said_once import said_once_of_float
from autograd.context.sites import NUMPY, getframe, library_files, record_site
from autograd.engine import graph
from autograd.engine.arrays import check_array
from autograd.engine.choices import NOTHING
from autograd.engine.core import core
from autograd.engine.families import Elementwise
from autograd.engine.followed import Followed
from autograd.engine.graph import LOCK, Node, changed, tick
from autograd.engine.numpy_protocols import numpy_call, numpy_ufunc
from autograd.engine.passes import Differentiable, add_up
from autograd.engine.pickling import Copyable
from autograd.engine.primitive import registry
from autograd.engine.signatures import ScalarMethods
from autograd.support.publishing import Listed, ValueHabits, option_advice, publish

new = object.__new__
OPTIONS = ("data", "name", "requires_grad", "label")


def number(x: Any, what: str) -> float:
    """A real number as a Python float, or an error that says what came instead."""
    if isinstance(x, float | int | np.integer | np.floating | np.bool_):
        try:
            return float(x)
        except OverflowError:
            raise ValueError(f"{what}: a whole number is too large for a float") from None
    if isinstance(x, Node):
        raise TypeError(
            f"{what} is a real number, not a {type(x).__name__}: use `x.detach()` for a constant "
            "copy, or the node itself"
        )
    check_array(x, what)
    if isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "biuf":
        return float(x)
    raise TypeError(f"{what} is a real number, got {type(x).__name__} ({x!r:.60})")


class Given:
    """A number that a function may make Values of, and nothing else: so all that depends on it is
    recorded. See `autograd.vectorize`.

    Attributes:
        number: the number.
        made: the Values that were made of it.
    """

    __slots__ = ("made", "number")

    def __init__(self, number: float) -> None:
        self.number = number
        self.made: list[Value] = []

    def taken_by(self, value: Value) -> float:
        """The number, for a Value that is being made."""
        self.made.append(value)
        return self.number


class Fields:
    """What a Value consists of, where the core does not have it in C.

    `_x`, `_y` are the arguments, `_dx`, `_dy` the derivatives by them: None where no gradient flows.
    With more than two arguments `_x` holds all of them and `_y` their derivatives, as tuples, with the
    options at the end, and `_dx` and `_dy` are None; so it is with options that are not the primitive's
    own. `_grad` and `_name` may be unset.
    """

    __slots__ = (
        "__weakref__",
        "_code",
        "_dx",
        "_dy",
        "_grad",
        "_lasti",
        "_name",
        "_primitive",
        "_raw",
        "_requires_grad",
        "_scope",
        "_serial",
        "_x",
        "_y",
    )
    _raw: float
    _dx: Any
    _dy: Any
    _x: Any
    _y: Any


if not TYPE_CHECKING and core is not None:
    Fields = core.Scalar


class ValueClass(Listed):
    """The class of Value."""


class Value(Fields, ScalarMethods, Differentiable, Copyable, ValueHabits, metaclass=ValueClass):
    """A node of the graph that holds one Python float.

    Args:
        data: a real number.
        name: shown in drawings and messages.
        requires_grad: whether a gradient flows to it; a constant can as well stay a number.
        label: the same as `name`, for those who come from micrograd.

    Operators, comparisons and the methods of every elementwise primitive work on it. A comparison
    gives a plain bool, and compares numbers; `hash` is by identity. With numbers it makes a Value, with
    a Tensor or an array of numbers (of rank 1 or more; a list is one) a Tensor, one node for all of
    them, and with an array of Values an array of Values.

    >>> from autograd import Value
    >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
    >>> c = (a * b + 10).tanh()
    >>> c.backward()
    >>> round(a.grad, 6), round(b.grad, 6)
    (-0.004023, 0.002682)
    >>> (a * b).local_derivatives
    (-3.0, 2.0)
    """

    __slots__ = ()
    _retain = True  # every Value holds its gradient after a pass

    def __init_subclass__(cls, **options: Any) -> None:
        raise TypeError(
            f"{cls.__name__}: a Value cannot be subclassed, because every operation gives a Value "
            "and the subclass would be lost: hold one in an object of your own, or declare a row"
        )

    def _begin(
        self,
        data: float,
        name: str | None = None,
        *parents: Any,
        requires_grad: bool = True,
        label: str | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise TypeError(
                f"Value() has no option {next(iter(unknown))!r}: it takes data, name= (or label=) "
                f"and requires_grad={option_advice(unknown, OPTIONS)}"
            )
        told = name if label is None else label
        if parents or not isinstance(name, str | None) or not isinstance(told, str | None):
            strange = next((x for x in (name, label) if not isinstance(x, str | None)), None)
            got = f"{len(parents) + 2} arguments" if strange is None else type(strange).__name__
            raise TypeError(
                f"the second and last argument of Value is its name, a string, not {got}; "
                "parents are recorded by the operators, never passed in"
            )
        if name is not None and label is not None:
            raise TypeError("Value(): name= and label= are the same, and both were given")
        given: Any = data
        if given.__class__ is Given:  # which no user gives
            self._raw = given.taken_by(self)
        else:
            self._raw = given if given.__class__ is float else number(given, "the data of a Value")
        self._grad = None
        self._name = told
        self._primitive = None
        self._x = self._y = self._dx = self._dy = None
        self._requires_grad = bool(requires_grad)
        self._scope = current_mode().scope
        self._serial = tick()
        record_site(self, getframe(1))

    if TYPE_CHECKING:  # what editors show: the others are there to be refused

        def __init__(
            self,
            data: float,
            name: str | None = None,
            *,
            requires_grad: bool = True,
            label: str | None = None,
        ) -> None: ...

    # --- what it holds ----------------------------------------------------------------------------

    @property
    def data(self) -> float:
        """The number. Assignable on a leaf; nodes computed from the old one are then stale."""
        if under_way:
            leaving(self, "its data")
        return self._raw

    @data.setter
    def data(self, data: float) -> None:
        if self._primitive is not None:
            raise ValueError(
                f"only a leaf's data can be assigned; this is the result of {self._primitive.name}"
            )
        if data.__class__ is not float:
            data = number(data, "the data of a Value")
        self._serial = changed()
        self._raw = data

    @property
    def label(self) -> str | None:
        """Micrograd's word for `name`. Assignable."""
        return self.name

    @label.setter
    def label(self, label: str | None) -> None:
        self.name = label

    @property
    def shape(self) -> tuple[int, ...]:
        return ()

    @property
    def ndim(self) -> int:
        """0."""
        return 0

    @property
    def size(self) -> int:
        """1."""
        return 1

    @property
    def arguments(self) -> tuple[Any, ...]:
        x = self._x
        if x.__class__ is tuple:
            return x
        primitive = self._primitive
        if primitive is None:
            return ()
        return (x,) if primitive.arity == 1 else (x, self._y)

    @property
    def options(self) -> dict[str, Any]:
        if self._x.__class__ is tuple:
            return dict(self._y[-1])
        return {} if self._primitive is None else dict(self._primitive.options)

    @property
    def parents(self) -> tuple[Node, ...]:
        """The arguments through which a gradient flows, repeats kept: ``x * x`` has ``(x, x)``."""
        return tuple(x for x, d in self._edges() if d is not None)

    _parents = parents

    @property
    def local_derivatives(self) -> tuple[float, ...]:
        """∂self/∂parent for each parent, stored when the node was recorded."""
        if under_way:
            for _, d in self._recorded_derivatives() if self._primitive is not None else ():
                if isinstance(d, Node):
                    leaving(d, "a local derivative")
        return self._local_derivatives

    @property
    def _local_derivatives(self) -> tuple[float, ...]:
        return tuple(0.0 if d is NOTHING else d for _, d in self._edges() if d is not None)

    def _edges(self) -> Iterable[tuple[Any, float | None]]:
        if self._x.__class__ is tuple:
            return zip(self._x, self._y, strict=False)  # the options are left over
        return ((self._x, self._dx), (self._y, self._dy))

    def item(self) -> float:
        """The number."""
        if under_way:
            leaving(self)
        return self._raw

    def conjugate(self) -> Value:
        """The node itself, as a float's: NumPy asks for it in ``np.var([v, w])``."""
        return self

    def numpy(self) -> np.ndarray[Any, Any]:
        """The number as a 0-d array."""
        if under_way:
            leaving(self, "its data")
        return np.asarray(self._raw)

    def detach(self) -> Value:
        """A constant with the same number: no gradient flows through it."""
        if current_mode().notes is not None:
            with no_grad():  # recorded, so that a program computes it anew
                same: Value = registry["mul"](self, 1.0)
            same._name = self._name
            return same
        return Value(self._raw, self.name, requires_grad=False)

    # --- Python's protocols -----------------------------------------------------------------------

    def __float__(self) -> float:
        if under_way:
            leaving(self, "its number, by float() or math.sin(),")
        elif self._requires_grad:
            said_once_of_float()
        return self._raw

    def __int__(self) -> int:
        if current_mode().notes is not None:
            note_whole(self, self._raw)
        return int(self._raw)

    def __bool__(self) -> bool:
        result = self._raw != 0.0
        if current_mode().notes is not None:
            note("its truth", operator.ne, self, 0.0, result)
        return result

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        if under_way:
            leaving(self, "its text", constant=False)
        return format(self._raw, spec)

    def __repr__(self) -> str:
        if under_way:
            leaving(self, "its text", constant=False)
        parts = [repr(self._raw)]
        if self.name is not None:
            parts.append(f"name={self.name!r}")
        if self._primitive is not None:
            parts.append(f"primitive={self._primitive.name}")
        if (grad := self.grad) is not None:
            parts.append(f"grad={grad._raw if isinstance(grad, Node) else grad!r}")
        if not self._requires_grad:
            parts.append("requires_grad=False")
        return f"Value({', '.join(parts)})"

    def __iter__(self) -> NoReturn:
        raise TypeError("a Value is one number and cannot be iterated over")

    def __complex__(self) -> NoReturn:
        raise TypeError("a Value is real")

    __hash__ = object.__hash__
    __array_ufunc__ = numpy_ufunc
    __array_function__ = numpy_call

    # --- what the pass asks -----------------------------------------------------------------------

    def backward(
        self, seed: Any = None, *, create_graph: bool = False, **torch_options: Any
    ) -> None:
        # The plain case is written out: it is the one that people wait for.
        if (
            torch_options
            or create_graph
            or not self._requires_grad
            or under_way
            or current_mode().anomaly is not None
        ):
            super().backward(seed, create_graph=create_graph, **torch_options)
        else:
            _pass(self, self._seed(seed, False))

    backward.__doc__ = Differentiable.backward.__doc__

    def _seed(self, seed: Any, as_node: bool) -> Any:
        if isinstance(seed, Node):
            if seed.shape != ():
                raise ValueError(f"the seed of a Value is one number, got shape {seed.shape}")
            return seed if as_node else float(seed._raw)
        g = 1.0 if seed is None else number(seed, "the seed of a Value")
        return Value(g, requires_grad=False) if as_node else g

    def _contributions(self, g: Any) -> Iterable[tuple[Node, Any]]:
        return [(x, g * d) for x, d in self._edges() if d is not None]

    def _spread(self, g: Any, sums: dict[Node, Any]) -> None:
        add_up(sums, self._contributions(g))

    def _recorded_contributions(self, g: Any) -> Iterable[tuple[Node, Any]]:
        return self._recorded_products(lambda x: g)

    def _recorded_derivatives(self) -> Iterable[tuple[Any, Any]]:
        """(parent, local derivative as a node) for each parent, from the row's rule."""
        primitive = self._primitive
        assert primitive is not None  # only interior nodes are asked
        arguments, options = self.arguments, self.options
        if isinstance(primitive, Elementwise):
            derivatives = [
                None if d is None else primitive.derivative(slot, self, arguments, options)
                for slot, (_, d) in zip(range(len(arguments)), self._edges(), strict=False)
            ]
        else:
            derivatives = list(primitive.flat_derivatives(self, arguments, options))
        return [
            (x, derivative)
            for (x, d), derivative in zip(self._edges(), derivatives, strict=False)
            if d is not None
        ]

    def _recorded_products(self, factor: Any) -> list[tuple[Any, Any]]:
        """(parent, its factor times the local derivative by it) as nodes, from the row's rule.

        A parent whose factor is None is left out.
        """
        primitive = self._primitive
        assert primitive is not None  # only interior nodes are asked
        arguments, options = self.arguments, self.options
        if isinstance(primitive, Elementwise):
            if options == primitive.options:
                options = primitive.options  # whose rules have been written
        else:
            derivatives = list(primitive.flat_derivatives(self, arguments, options))
        products = []
        for slot, (x, d) in zip(range(len(arguments)), self._edges(), strict=False):
            if d is None or (g := factor(x)) is None:
                continue
            if isinstance(primitive, Elementwise):
                product = primitive.times(slot, g, self, arguments, options)
            elif d is NOTHING:
                product = registry["where"](False, g, 0.0)
            else:
                product = g * derivatives[slot]
            products.append((x, product))
        return products

    def _tangent(self, tangents: dict[Node, Any], recorded: bool) -> Any:
        if recorded:
            terms = self._recorded_products(
                lambda x: tangents.get(x) if isinstance(x, Node) else None
            )
        else:
            terms = [
                (x, t * d)
                for x, d in self._edges()
                if d is not None and isinstance(x, Node) and (t := tangents.get(x)) is not None
            ]
        total = None
        for _, term in terms:
            total = term if total is None else total + term
        return total

    def _stale_argument(self, numbers: bool) -> Node | None:
        if not numbers:
            for x in self.arguments:
                if x.__class__ is Value and x._primitive is None and x._serial > self._serial:
                    return x
        return None

    def _receive(self, g: Any, shared: bool) -> None:
        if self._primitive is not None and isinstance(g, Node):
            g = g._raw  # the graph of the gradient leads back here, and would never be freed
        held = self.grad
        self.grad = g if held is None or self._primitive is not None else held + g

    def _as_gradient(self, g: Any) -> Any:
        if g.__class__ is float:
            return g
        if isinstance(g, Node):
            if g.shape != ():
                raise ValueError(f"the gradient of a Value is one number, got shape {g.shape}")
            return g
        return g if g.__class__ is Followed else number(g, "the gradient of a Value")

    def _take(self, result: Any, sign: str) -> None:
        if result.__class__ is not Value:
            raise ValueError(
                f"a Value stays one number: `v {sign} x` got an x of shape {result.shape}"
            )
        self._raw = result._raw
        self._serial = changed()

    def _clone(self, copies: dict[int, Any]) -> Value:
        copy: Value = blank()
        for field in ("_raw", "_primitive", "_dx", "_dy", "_requires_grad"):
            setattr(copy, field, getattr(self, field))
        for field in ("_scope", "_serial", "_code", "_lasti"):
            setattr(copy, field, getattr(self, field))
        grad = self.grad
        copy._grad, copy._name = grad._raw if isinstance(grad, Node) else grad, self.name
        x, y = self._x, self._y
        if x.__class__ is tuple:
            x = tuple(copies.get(id(each), each) for each in x)
        copy._x, copy._y = copies.get(id(x), x), copies.get(id(y), y)
        return copy

    def _state(self, grad: Any, site: Any) -> tuple[Any, ...]:
        many = self._y if self._x.__class__ is tuple else None
        edges = (self._dx, self._dy, many)
        return (self._raw, grad, self.name, self._requires_grad, self._scope, site, edges)

    @classmethod
    def _restore(cls, primitive: Any, arguments: Any, state: Any, number: int) -> Value:
        node: Value = blank()
        node._raw, node._grad, node._name, node._requires_grad, node._scope, site, edges = state
        node._code, node._lasti = site, 0
        node._primitive, node._serial = primitive, number
        node._dx, node._dy, many = edges
        if many is not None:
            node._x, node._y = arguments, many
        else:
            node._x, node._y = (*arguments, None, None)[:2]
        return node


# --- how it is made -------------------------------------------------------------------------------

blank: Callable[[], Any] = type.__call__.__get__(Value)
"""A Value without anything in it: what every operation begins with."""


def make(cls: Any, *given: Any, **options: Any) -> Any:
    """Make a leaf."""
    value = blank()
    value._begin(*given, **options)
    return value


# Where a class has no `__init__`, `blank` takes two thirds of the time of ``object.__new__``. (Not in
# the body of the class, where editors would take it for what Values are made by.)
ValueClass.__call__ = make  # type: ignore[assignment, method-assign]


# --- the scalar pass ------------------------------------------------------------------------------

by_serial = attrgetter("_serial")


def _pass(root: Value, seed: float) -> None:
    """`passes.leave_gradients` for a graph of Values, on the flat slots: three times as fast.

    A test holds it equal to `passes.walk_back`.
    """
    sums = {root: seed}
    stack = [root]
    order: list[Value] = []
    pop, push, put = stack.pop, stack.append, order.append
    last, sorted_already = root._serial, True
    while stack:
        node = pop()
        if node._dx is not None:
            x = node._x
            if x not in sums:
                sums[x] = 0.0
                push(x)
            if node._dy is not None:
                x = node._y
                if x not in sums:
                    sums[x] = 0.0
                    push(x)
        elif node._dy is not None:
            x = node._y
            if x not in sums:
                sums[x] = 0.0
                push(x)
        elif node._primitive is not None:
            for x, d in zip(node._x, node._y, strict=False):
                if d is not None and x not in sums:
                    sums[x] = 0.0
                    push(x)
        else:
            continue
        put(node)
        serial = node._serial
        if serial > last:
            sorted_already = False
        last = serial
    if not sorted_already:  # to find out costs less than to sort
        order.sort(key=by_serial, reverse=True)
    # To a unit that is switched off, as half of those after a rectifier are, comes 0, and nothing has to
    # be added to what it was computed from; unless an infinite derivative makes nan of it.
    for node in order:
        g = sums[node]
        d = node._dx
        if d is not None:
            sums[node._x] += g * d
            d = node._dy
            if d is not None:
                sums[node._y] += g * d
        elif node._dy is not None:
            sums[node._y] += g * node._dy
        elif g or not node._primitive.keeps_zero or node._raw - node._raw:  # type: ignore[union-attr]
            for x, d in zip(node._x, node._y, strict=False):
                if d is not None:
                    sums[x] += g * d
    with LOCK:
        _leave(sums.items())


def _leave(gradients: Iterable[tuple[Value, float]]) -> None:
    for node, g in gradients:
        if node._primitive is not None or node._grad is None:
            node._grad = g
        else:
            held = node.grad
            node.grad = g if held is None else held + g


def _pass_in_c(root: Value, seed: float) -> None:
    """The same. Gradients that meet a node or a `Pending` are left here."""
    with LOCK:
        _leave(core.backward(root, seed))


if core is not None:
    _known = (mode_variable, library_files, NUMPY, NOTHING, under_way, vars(graph))
    core.adopt(Value, Node, *_known, {**vars(Node), **vars(Value)})
    _pass = _pass_in_c


# --- arrays of Values -----------------------------------------------------------------------------


def values(data: Any, name: str | None = None, *, requires_grad: bool = True) -> Any:
    """An object array of Values with the numbers of `data`, named ``name[i, j]``.

    NumPy's ``+ - * / ** @``, ``sum``, ``mean``, ``dot``, ``einsum`` and the unary functions that a
    Value has as a method work on it, and so do all of ``autograd.*`` and ``nn.*``.

    >>> import numpy as np
    >>> w = values([1.0, 2.0], "w")
    >>> y = (w * np.array([3.0, 4.0])).sum()
    >>> y.backward()
    >>> [each.grad for each in w], w[1].name
    ([3.0, 4.0], 'w[1]')
    """
    numbers = np.asarray(check_array(data, "the data of values"))
    if numbers.dtype.kind not in "biuf":
        raise TypeError(f"values takes real numbers, got an array of {numbers.dtype}")
    out = np.empty(numbers.shape, dtype=object)
    for place in np.ndindex(numbers.shape):
        label = None
        if name is not None:
            label = f"{name}[{', '.join(map(str, place))}]" if place else name
        out[place] = Value(float(numbers[place]), label, requires_grad=requires_grad)
    return out if out.ndim else out.item()


publish(__name__)
