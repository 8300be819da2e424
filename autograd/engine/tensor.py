"""Tensor: a node that holds a float32 or float64 array.

Its local derivatives are evaluated when they are asked for, from the arrays that the node's arguments
hold. So data must not change under a recorded graph: every array that memory may be shared with has
one `Buffer`, which dates the last assignment.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.context.exits import leaving
from autograd.context.grad_modes import aside, no_grad
from autograd.context.modes import current_mode, under_way
from autograd.context.notes import note, note_whole
from autograd.context.said_once import said_once_of_float
from autograd.context.sites import getframe, record_site
from autograd.engine.arrays import check_array
from autograd.engine.followed import Followed, holds_followed, places
from autograd.engine.graph import Node, changed, tick
from autograd.engine.local_derivative import LocalDerivative
from autograd.engine.numpy_protocols import numpy_call, numpy_ufunc
from autograd.engine.passes import Differentiable
from autograd.engine.pickling import Copyable
from autograd.engine.primitive import registry
from autograd.engine.signatures import ArrayMethods
from autograd.support.publishing import Listed, TensorHabits, option_advice

Array = np.ndarray[Any, Any]
new = object.__new__
ndarray = np.ndarray
FLOAT64 = np.dtype(np.float64)
FLOAT32 = np.dtype(np.float32)
FLOATS = (FLOAT32, FLOAT64)
OPTIONS = ("data", "name", "requires_grad", "dtype")


class Buffer:
    """Memory that several tensors may share: when its data was last assigned, on the graph's clock."""

    __slots__ = ("changed",)

    def __init__(self, changed: int = 0) -> None:
        self.changed = changed


def as_data(data: Any, dtype: Any, what: str) -> Array:
    """A fresh float array with the numbers of `data`, or an error that says what came instead."""
    if isinstance(data, Node):
        raise TypeError(
            f"{what} is numbers, not a {type(data).__name__}: use `x.detach()` for a constant copy, "
            "`x.numpy()` for its array, or the node itself"
        )
    check_array(data, what)
    try:
        array = np.array(data)
    except ValueError as error:
        raise ValueError(f"{what} is a regular array of numbers: {error}") from None
    if array.dtype == object:
        raise TypeError(
            f"{what} is numbers, not objects such as {array.ravel()[:1].tolist()!r:.60}: an array of "
            "Values stays an object array, and networks of Values come from model.to_scalars()"
        )
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{what} is real numbers, got {array.dtype} ({data!r:.60})")
    if dtype is not None:
        if np.dtype(dtype) not in FLOATS:
            raise TypeError(f"a Tensor is float32 or float64, not {np.dtype(dtype)}")
        return array.astype(dtype, copy=False)
    if array.dtype in FLOATS:
        return array
    return array.astype(np.float64)


class Tensor(ArrayMethods, Differentiable, Copyable, TensorHabits, metaclass=Listed):
    """A node of the graph that holds an array.

    Args:
        data: numbers of any shape: nested lists, an array. They are copied. float32 and float64 stay
            what they are, integers and booleans become float64.
        name: shown in drawings and messages.
        requires_grad: whether a gradient flows to it; a constant can as well stay an array.
        dtype: float32 or float64, to convert.

    Operators, NumPy's functions and `autograd`'s record on it; NumPy's broadcasting holds.

    >>> from autograd import Tensor
    >>> import numpy as np
    >>> W = Tensor([[1.0, 2.0], [3.0, 4.0]], "W")
    >>> loss = np.tanh(W @ np.array([0.5, -0.25])).sum()
    >>> loss.backward()
    >>> W.grad.round(4).tolist()
    [[0.5, -0.25], [0.3932, -0.1966]]
    """

    __slots__ = (
        "__weakref__",
        "_arguments",
        "_arrays",
        "_buffer",
        "_code",
        "_grad",
        "_lasti",
        "_name",
        "_options",
        "_parents",
        "_primitive",
        "_raw",
        "_requires_grad",
        "_retain",
        "_scope",
        "_serial",
        "_slots",
    )

    def __init_subclass__(cls, **options: Any) -> None:
        raise TypeError(
            f"{cls.__name__}: a Tensor cannot be subclassed, because every operation gives a Tensor "
            "and the subclass would be lost: hold one in an object of your own, or declare a row"
        )

    _arguments: tuple[Any, ...]
    _arrays: Sequence[Any]  # the arguments' numbers; an assignment to a leaf keeps its array
    _buffer: Buffer | None
    _raw: Array
    _options: dict[str, Any]
    _parents: tuple[Node, ...]
    _retain: bool
    _slots: tuple[int, ...]  # the arguments through which a gradient flows

    def __init__(
        self,
        data: Any,
        name: str | None = None,
        *,
        requires_grad: bool = True,
        dtype: Any = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise TypeError(
                f"Tensor() has no option {next(iter(unknown))!r}: it takes data, name=, "
                f"requires_grad= and dtype={option_advice(unknown, OPTIONS)}"
            )
        if name is not None and not isinstance(name, str):
            raise TypeError(
                f"the second argument of Tensor is its name, a string, not {type(name).__name__}"
            )
        self._become_leaf(as_data(data, dtype, "the data of a Tensor"), bool(requires_grad))
        self._name = name
        record_site(self, getframe(1))

    if TYPE_CHECKING:  # what editors show: the others are there to be refused

        def __init__(  # type: ignore[misc]
            self,
            data: Any,
            name: str | None = None,
            *,
            requires_grad: bool = True,
            dtype: Any = None,
        ) -> None: ...

    def _become_leaf(self, data: Array, requires_grad: bool) -> None:
        self._raw = data
        self._grad = self._name = self._primitive = self._buffer = None
        self._arguments = self._arrays = self._slots = self._parents = ()
        self._options = {}
        self._requires_grad = requires_grad
        self._retain = False
        self._scope = current_mode().scope
        self._serial = tick()

    # --- what it holds ----------------------------------------------------------------------------

    @property
    def data(self) -> Array:
        """The array. On a leaf it can be assigned; nodes computed from the old one are then stale.

        Assigning copies into the same memory, and checks shape and dtype. The data of an interior
        node is read-only, and so is that of any node while a program is recorded, which would not
        write into it again.
        """
        if under_way:
            leaving(self, "its data")
            if current_mode().notes is not None:
                seen = self._raw.view()
                seen.flags.writeable = False
                return seen
        return self._raw if self._primitive is None else self.numpy()

    @data.setter
    def data(self, data: Any) -> None:
        held = self._raw
        if self._primitive is not None:
            raise ValueError(
                f"only a leaf's data can be assigned; this is the result of {self._primitive.name}"
            )
        if data is not held:
            check_array(data, "data")
            fresh = data if isinstance(data, ndarray) else as_data(data, held.dtype, "data")
            if fresh.shape != held.shape:
                raise ValueError(f"data of shape {held.shape} was expected, got {fresh.shape}")
            if fresh.dtype is not held.dtype:
                exact = fresh.dtype.kind in "biu" or np.can_cast(fresh.dtype, held.dtype)
                if fresh.dtype.kind not in "biuf" or not exact:
                    raise TypeError(f"data of dtype {held.dtype} was expected, got {fresh.dtype}")
        date = changed()
        if data is not held:
            held[...] = fresh
        if self._buffer is None:
            self._buffer = Buffer()
        self._buffer.changed = date

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self._raw.shape
        return shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._raw.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._raw.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        dtype: np.dtype[Any] = self._raw.dtype
        return dtype

    @property
    def T(self) -> Tensor:  # noqa: N802  (NumPy's name)
        """The transpose: all axes reversed."""
        transposed: Tensor = registry["transpose"](self)
        return transposed

    @property
    def arguments(self) -> tuple[Any, ...]:
        return self._arguments

    @property
    def options(self) -> dict[str, Any]:
        return dict(self._options)

    @property
    def parents(self) -> tuple[Node, ...]:
        return self._parents

    @property
    def local_derivatives(self) -> tuple[LocalDerivative, ...]:
        """∂self/∂parent for each parent: objects with ``kind``, ``vjp``, ``jvp`` and ``matrix``."""
        if under_way:
            for x in self._arguments:
                if isinstance(x, Node):
                    leaving(x, "a local derivative")
        return self._local_derivatives

    @property
    def _local_derivatives(self) -> tuple[LocalDerivative, ...]:
        if self._primitive is None:
            return ()
        return tuple(
            LocalDerivative(self._primitive, slot, self._raw, self._arrays, self._options)
            for slot in self._slots
        )

    def item(self) -> float:
        """The number in a one-element tensor."""
        if self._raw.size != 1:
            raise ValueError(
                f"item() needs a tensor of one element, this one has shape {self.shape}"
            )
        if under_way:
            leaving(self)
        return float(self._raw.reshape(()))

    def numpy(self) -> Array:
        """The array itself, read-only: copy it to write."""
        if under_way:
            leaving(self, "its data")
        view = self._raw.view()
        view.flags.writeable = False
        return view

    def tolist(self) -> Any:
        """The numbers as nested lists."""
        if under_way:
            leaving(self, "its data")
        return self._raw.tolist()

    def detach(self) -> Tensor:
        """A constant that shares this tensor's memory: no gradient flows through it."""
        if current_mode().notes is not None:
            with no_grad():  # recorded, so that a program computes it anew
                view: Tensor = registry["reshape"](self, self.shape)
            view._name = self._name
            return view
        if self._buffer is None:
            self._buffer = Buffer()
        constant = new(Tensor)
        constant._become_leaf(self._raw, requires_grad=False)
        constant._buffer = self._buffer
        constant._name = self._name
        record_site(constant, getframe(1))
        return constant

    def retain_grad(self) -> Tensor:
        """Keep this interior tensor's gradient after a backward pass. Returns the tensor."""
        self._retain = True
        return self

    # --- Python's protocols -----------------------------------------------------------------------

    def __float__(self) -> float:
        if self._requires_grad and not under_way:
            said_once_of_float()
        return self.item()

    def __int__(self) -> int:
        with aside():
            number = self.item()
        if under_way:
            note_whole(self, number)
        return int(number)

    def __bool__(self) -> bool:
        result = bool(self._raw)
        if current_mode().notes is not None:
            note("its truth", operator.ne, self, 0.0, np.full(self.shape, result))
        return result

    def __len__(self) -> int:
        if not self._raw.ndim:
            raise TypeError("a tensor of shape () has no length")
        return len(self._raw)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Tensor:
        if under_way and holds_followed(index):
            picked: Tensor = registry["getitem_at"](self, places(self.shape, index))
            return picked
        row: Tensor = registry["getitem"](self, index=plain_index(index))
        return row

    def __setitem__(self, index: Any, x: Any) -> None:
        """``t[index] = x`` on a leaf, under `no_grad`: an update in place, as ``t -= x`` is."""
        mode = current_mode()
        if self._primitive is not None or mode.recording or mode.transforming or under_way:
            raise TypeError(
                "a Tensor cannot be assigned into, because the graph keeps its numbers: build the new "
                "one with where(mask, x, t) or concatenate([t[:i], x, t[i:]]), or write a leaf's "
                "t.data[i] = x, or t[i] = x under `with autograd.no_grad():`"
            )
        numbers = x._raw if isinstance(x, Node) else as_data(x, None, "what is assigned")
        places = plain_index(index)
        held = self._raw[places]
        if np.shape(numbers) != held.shape:
            try:
                numbers = np.broadcast_to(numbers, held.shape)
            except ValueError:
                raise ValueError(
                    f"t[index] = x: the places have shape {held.shape}, and x has {np.shape(numbers)}"
                ) from None
        date = changed()
        self._raw[places] = numbers
        if self._buffer is None:
            self._buffer = Buffer()
        self._buffer.changed = date

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        if under_way:
            leaving(self, "its text", constant=False)
        with aside():
            return format(self.item(), spec)

    def __repr__(self) -> str:
        if under_way:
            leaving(self, "its text", constant=False)
        numbers = np.array2string(self._raw, separator=", ", prefix="Tensor(", threshold=100)
        parts = [numbers]
        if self._raw.dtype != np.float64:
            parts.append(f"dtype={self._raw.dtype}")
        if self._raw.size > 100 or not self._raw.size:
            parts.append(f"shape={self.shape}")
        if self._name is not None:
            parts.append(f"name={self._name!r}")
        if self._primitive is not None:
            parts.append(f"primitive={self._primitive.name}")
        if not self._requires_grad:
            parts.append("requires_grad=False")
        return f"Tensor({', '.join(parts)})"

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        if self._requires_grad:
            raise TypeError(
                "this Tensor is tracked, and as a plain array it would lose its gradient: "
                "use t.detach().numpy() or t.numpy() where plain numbers are meant, and np.stack([...]) "
                "to make one tensor of several, not np.array([x[0], x[1]])"
            )
        if under_way:
            leaving(self, "its data")
        return np.array(self._raw, dtype=dtype)

    __hash__ = object.__hash__
    __array_ufunc__ = numpy_ufunc
    __array_function__ = numpy_call

    # --- what the pass asks -----------------------------------------------------------------------

    def _seed(self, seed: Any, as_node: bool) -> Any:
        data = self._raw
        if seed is None:
            if data.size != 1:
                raise ValueError(
                    f"backward() from a tensor of shape {self.shape} needs a seed of that shape: "
                    "give `seed=`, or reduce it to one number first, with sum() or mean()"
                )
            g = np.ones(data.shape, data.dtype) if data.ndim else np.array(1, data.dtype)
        elif isinstance(seed, Node):
            if seed.shape != self.shape:
                raise ValueError(f"a seed of shape {self.shape} was expected, got {seed.shape}")
            if as_node:
                return seed
            g = np.array(seed._raw, dtype=data.dtype)
        else:
            g = as_data(seed, data.dtype, "a seed")
        if g.shape != data.shape:
            raise ValueError(f"a seed of shape {self.shape} was expected, got {g.shape}")
        return Tensor(g, requires_grad=False) if as_node else g

    def _contributions(self, g: Any) -> Iterable[tuple[Node, Any]]:
        return [
            (parent, c if parent.__class__ is Tensor else float(c))
            for parent, c in zip(
                self._parents,
                self._primitive.contributions(  # type: ignore[union-attr]
                    self._slots, g, self._raw, self._arrays, self._options
                ),
                strict=True,
            )
        ]

    def _spread(self, g: Any, sums: dict[Node, Any]) -> None:
        # `_contributions` written out, without the pairs: most of a small network's pass is here.
        passed = self._primitive.contributions(  # type: ignore[union-attr]
            self._slots, g, self._raw, self._arrays, self._options
        )
        parents = self._parents
        for i, c in enumerate(passed):
            parent = parents[i]
            if parent.__class__ is not Tensor:
                c = float(c)
            before = sums.get(parent)
            sums[parent] = c if before is None else before + c

    def _recorded_contributions(self, g: Any) -> Iterable[tuple[Node, Any]]:
        primitive, options = self._primitive, self._options
        arguments = [self._own_kind(x) for x in self._arguments]
        return [
            (self._arguments[slot], primitive.vjp(slot, g, self, arguments, options))  # type: ignore[union-attr]
            for slot in self._slots
        ]

    def _own_kind(self, x: Any) -> Any:
        """A Value as a Tensor of shape (), recorded: a rule would make arrays of Values of it."""
        if x.__class__ is Tensor or not isinstance(x, Node):
            return x
        return registry["mul"](x, Tensor(1.0, requires_grad=False, dtype=self._raw.dtype))

    def _tangent(self, tangents: dict[Node, Any], recorded: bool) -> Any:
        primitive, options = self._primitive, self._options
        arguments: Sequence[Any]
        out: Any
        if recorded:
            arguments, out = [self._own_kind(x) for x in self._arguments], self
        else:
            arguments, out = self._arrays, self._raw
        total = None
        for slot in self._slots:
            t = tangents.get(self._arguments[slot])
            if t is not None:
                t = self._own_kind(t) if recorded else np.asarray(t, dtype=self._raw.dtype)
                term = primitive.jvp(slot, t, out, arguments, options)  # type: ignore[union-attr]
                total = term if total is None else total + term
        return total

    def _stale_argument(self, numbers: bool) -> Node | None:
        serial = self._serial
        for x in self._arguments:
            if x.__class__ is Tensor:
                if x._buffer is not None and x._buffer.changed > serial:
                    return x
            elif isinstance(x, Node) and x._primitive is None and x._serial > serial:
                return x
        return None

    def _receive(self, g: Any, shared: bool) -> None:
        if self._grad is None and g.__class__ is ndarray and g.base is None and not shared:
            self._grad = g
            return
        if self._primitive is not None and isinstance(g, Node):
            g = np.array(g._raw)  # the graph of the gradient leads back here: never freed otherwise
        if not isinstance(g, Node):
            g = np.asarray(g)
            if shared or g.base is not None:
                g = g.copy()  # nobody else's memory, so that `grad *= 0.5` is safe
        held = self._grad
        self._grad = g if held is None or self._primitive is not None else held + g

    def _as_gradient(self, g: Any) -> Any:
        data = self._raw
        # An array that fits is held as it is, so that `t.grad *= 0.5` changes it in place.
        fits = g.__class__ is ndarray and g.dtype is data.dtype
        if not (fits or isinstance(g, Node) or g.__class__ is Followed):
            g = as_data(g, data.dtype, "a gradient")
        if g.shape != data.shape:
            raise ValueError(f"a gradient of shape {data.shape} was expected, got {g.shape}")
        return g

    def _take(self, result: Any, sign: str) -> None:
        if result.shape != self.shape:
            raise ValueError(
                f"`t {sign} x` keeps the shape of t, {self.shape}, and would make {result.shape} of it"
            )
        np.copyto(self._raw, result._raw, casting="same_kind")
        if self._buffer is None:
            self._buffer = Buffer()
        self._buffer.changed = changed()

    def _clone(self, copies: dict[int, Any]) -> Tensor:
        copy = new(Tensor)
        for field in ("_name", "_primitive", "_options", "_requires_grad", "_retain", "_slots"):
            setattr(copy, field, getattr(self, field))
        for field in ("_scope", "_serial", "_code", "_lasti"):
            setattr(copy, field, getattr(self, field))
        copy._raw = self._raw.copy()
        grad = self._grad
        copy._grad = np.array(grad._raw if isinstance(grad, Node) else grad)
        if grad is None:
            copy._grad = None
        copy._buffer = None if self._buffer is None else Buffer(self._buffer.changed)
        copy._arguments = tuple(copies.get(id(x), x) for x in self._arguments)
        copy._arrays = numbers_of(copy._arguments)
        copy._parents = tuple([copy._arguments[slot] for slot in self._slots])
        return copy

    def _state(self, grad: Any, site: Any) -> tuple[Any, ...]:
        changed = self._buffer is not None and self._buffer.changed > 0
        flags = (self._requires_grad, self._retain, changed, self._slots)
        data = (self._raw.copy(), grad)
        return (*data, self._name, flags, self._scope, site, self._options)

    @classmethod
    def _restore(cls, primitive: Any, arguments: Any, state: Any, number: int) -> Tensor:
        node = new(Tensor)
        node._raw, node._grad, node._name, flags, node._scope, site, node._options = state
        node._requires_grad, node._retain, changed, node._slots = flags
        node._buffer = Buffer() if changed else None
        node._code, node._lasti = site, 0
        node._primitive, node._arguments, node._serial = primitive, arguments, number
        node._arrays = numbers_of(arguments)
        node._parents = tuple([arguments[slot] for slot in node._slots])
        return node


def numbers_of(arguments: Iterable[Any]) -> list[Any]:
    """The arguments with nodes' numbers in place of nodes."""
    return [x._raw if isinstance(x, Node) else x for x in arguments]


def plain_index(index: Any) -> Any:
    """An index of plain numbers, its lists as arrays, or an error. What records it copies it."""
    if isinstance(index, tuple):
        return tuple(plain_index(part) for part in index)
    if isinstance(index, Node):
        raise TypeError(
            "an index is integers, slices or a boolean mask, not a node: use t.numpy().astype(int)"
        )
    if not isinstance(index, list | ndarray):
        return index
    check_array(index, "an index")
    return np.array(index) if isinstance(index, list) else index
