"""Instances: a function of one instance, made of Values, called with arrays of many.

The function is called once, on Values, and what it records is a `Program`, which computes all instances
at once; so is its backward pass. A call gives a Tensor: a node of the larger graph.
"""

from __future__ import annotations

import copy
import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import numpy as np

from autograd.context.grad_modes import aside, enable_grad
from autograd.context.modes import current_mode
from autograd.context.notes import BranchChanged, Check
from autograd.context.recording import recording
from autograd.context.said_once import depth_of_user
from autograd.context.sites import getframe
from autograd.engine.apply import apply_to_tensors
from autograd.engine.arrays import check_array
from autograd.engine.families import Elementwise, Reduction
from autograd.engine.followed import Followed
from autograd.engine.graph import Node, reachable, tick, topological_order
from autograd.engine.operands import nary
from autograd.engine.passes import cotangents, tangents
from autograd.engine.primitive import Primitive, registry
from autograd.engine.tensor import Tensor
from autograd.engine.value import Given, Value
from autograd.primitives.composites import stack
from autograd.programs.calls import zero_of
from autograd.programs.program import Program
from autograd.support.publishing import publish

Array = np.ndarray[Any, Any]

KEPT = 16
"""Programs that a function keeps: one for each length of an instance, and each state of its modules."""


class NotOneProgram(Exception):  # noqa: N818  (nobody meets it as an error)
    """A function does not do the same for all instances, in words: it is called for each of them."""


def vectorize(
    function: Callable[[Any], Any], *, otherwise: Callable[[Any], Any] | None = None
) -> InstanceFunction:
    """A function of one instance as a function of arrays, whose first axis is that of the instances.

    Args:
        function: called with one instance, a list of d Values (nested lists for more axes, a Value
            for none), it gives a Value or a list of k Values. `nn.scalar.MLP` is such a function, and
            so is a network that you write on Values yourself.

    Called with an array or a Tensor of shape (instances, d) it gives a Tensor of shape (instances,) or
    (instances, k), through which gradients flow to the Values that the function uses, and to the
    argument if it is tracked; derivatives of derivatives too. The function runs once for a new length of
    an instance, on Values, and all instances are computed by the program of what it recorded. With every
    call it also runs for one instance alone, and where it gives another number (it was changed since, or
    draws random numbers) or would take another branch (``if`` on the number of a Value), it is recorded
    anew, and at last called for each instance, which is slow and is said once.

    Raises:
        TypeError, ValueError: what the function raises; an argument that holds no instances; results
            that are no Values.

    >>> import autograd, numpy as np
    >>> w = autograd.Value(3.0, "w")
    >>> f = autograd.vectorize(lambda x: (w * x[0] + x[1]).tanh())
    >>> y = f(np.array([[0.0, 0.0], [1.0, -3.0], [2.0, 0.0]]))
    >>> y.shape, y.data.round(4).tolist()
    ((3,), [0.0, 0.0, 1.0])
    >>> y.sum().backward()
    >>> round(w.grad, 4)
    1.0
    """
    for each in (function, function if otherwise is None else otherwise):
        if not callable(each):
            raise TypeError(
                f"vectorize takes a function of one instance, got {type(each).__name__}"
            )
    return InstanceFunction(function, otherwise)


class InstanceFunction:
    """What `vectorize` makes.

    Attributes:
        function: of one instance.
        recordings: what has been recorded, by the shape of an instance and the modes of the function.
        why_not: why the last call was computed instance by instance, or an empty text.
    """

    def __init__(self, function: Callable[[Any], Any], otherwise: Any = None) -> None:
        self.function = function
        self.otherwise = otherwise or self.one_by_one
        self.recordings: dict[Any, Recorded | NotOneProgram] = {}
        self.why_not = ""
        self.lock = threading.RLock()
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    def __call__(self, x: Any) -> Any:
        """The function's results for all instances, as a Tensor."""
        x = instances_of(x)
        key = (x.shape[1:], self.modes())
        with self.lock:
            try:
                out = self.by_program(x, key)
            except NotOneProgram as reason:
                self.keep(key, reason)  # which is not tried again
                if not self.why_not:
                    warnings.warn(
                        f"{self.__name__} is computed for one instance after another, which is slow: "
                        f"{reason}",
                        RuntimeWarning,
                        stacklevel=depth_of_user(getframe(1)),
                    )
                self.why_not = str(reason)
                return self.otherwise(x)
            self.why_not = ""
            return out

    def __getattr__(self, name: str) -> Any:
        """What a network is asked for beside being called: ``parameters()``."""
        if name == "function" or name.startswith("__"):
            raise AttributeError(f"a vectorized function has no attribute {name!r}")
        return getattr(self.function, name)

    def modes(self) -> Any:
        """In which mode each module of the function is, where it has some."""
        modules = getattr(self.function, "modules", None)
        if not callable(modules):
            return None
        return tuple([getattr(m, "training", None) for m in modules()])

    def by_program(self, x: Any, key: Any) -> Any:
        """All instances at once; recorded anew where what was recorded is not what happens now."""
        recorded = self.recordings.get(key)
        if isinstance(recorded, NotOneProgram):
            raise recorded.with_traceback(None)
        if recorded is not None:
            try:
                return recorded(x)
            except NotOneProgram:
                pass  # the function may have been changed since
        recorded = self.record(x)
        out = recorded(x)
        self.keep(key, recorded)
        return out

    def record(self, x: Any) -> Recorded:
        """What the function does for one instance: of Values, or of numbers that it makes Values of."""
        errors = []
        for kind in (Value, Given):
            try:
                return Recorded(self.function, x, kind)
            except NotOneProgram:
                raise
            except Exception as error:  # which it raises for plain numbers as well, or not
                errors.append(error)
        recording.call(self.function, self.nested(x, 0))
        raise NotOneProgram(
            f"it takes neither Values nor numbers to make Values of, but it takes floats: {errors[0]}"
        )

    def keep(self, key: Any, recorded: Recorded | NotOneProgram) -> None:
        """Remember what was found, and forget the oldest of many."""
        if key not in self.recordings and len(self.recordings) >= KEPT:
            del self.recordings[next(iter(self.recordings))]
        self.recordings[key] = recorded

    def by_rows(self, x: Any) -> Any:
        """The same, recorded row by row on Tensors of all instances: a graph to look into."""
        x = instances_of(x)
        try:
            return self.record(x).on_columns(x)
        except NotOneProgram:
            return self.otherwise(x)

    def one_by_one(self, x: Any) -> Any:
        """The results for one instance after another, as an array of Values."""
        found = [self.alone(self.nested(x, i)) for i in range(len(x))]
        for each in found:
            for number in each.flat:
                if not isinstance(number, Value | float | int | np.number | np.bool_):
                    raise TypeError(
                        f"{self.__name__} gives a Value or a list of them for one instance, got "
                        f"{type(number).__name__} ({number!r:.40})"
                    )
        shapes = {each.shape for each in found}
        if len(shapes) > 1:
            raise ValueError(
                f"{self.__name__} gave results of different shapes for different instances: "
                f"{', '.join(map(str, sorted(shapes)))}"
            )
        out = np.empty((len(found), *shapes.pop()), dtype=object)
        for i, each in enumerate(found):
            out[i] = each if each.shape else each.item()
        return out

    def alone(self, instance: Any) -> Array:
        """The results for one instance."""
        return np.asarray(recording.call(self.function, instance), dtype=object)

    def nested(self, x: Any, i: int) -> Any:
        """One instance: a number, a list of numbers, or of lists."""
        if not isinstance(x, Tensor):
            return x[i].tolist()
        if x.requires_grad or current_mode().notes is not None:
            raise TypeError(
                f"{self.__name__} is computed for one instance after another, so it is neither compiled "
                f"(fit without compile=True) nor differentiated by its argument (call it with lists of "
                f"Values): {self.why_not}"
            )
        return x._raw[i].tolist()

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy has no programs yet: they belong to the leaves of the function."""
        otherwise = None if self.otherwise == self.one_by_one else self.otherwise
        return InstanceFunction, (self.function, otherwise)

    def __repr__(self) -> str:
        return f"<vectorized {self.__name__}: {len(self.recordings)} programs>"


def instances_of(x: Any) -> Any:
    """An argument with an axis of instances: an array of floats, or a Tensor."""
    if x.__class__ is Followed:  # of whole numbers: what is made of it is computed anew
        x = registry["mul"](x, Tensor(1.0, requires_grad=False))
    if not isinstance(x, Tensor):
        if isinstance(x, Node):
            raise TypeError("a vectorized function takes arrays of instances, got a Value")
        x = np.asarray(check_array(x, "the argument of a vectorized function"))
        if x.dtype.kind not in "biuf":
            raise TypeError(
                f"a vectorized function takes an array of real numbers, got one of {x.dtype}: call "
                "the function itself with Values"
            )
    if not x.ndim or not len(x):
        raise ValueError(
            f"a vectorized function takes one instance or more along the first axis, got {x.shape}"
        )
    return x


class Recorded:
    """What a function recorded for one instance, as a program of all.

    Attributes:
        inputs: the Values that stand for the numbers of an instance, and `places`: for which of them.
        outputs: the nodes that it gave, one for each number of the result, whose shape is `shape`.
        seeds: stands for the cotangents of the outputs; the program differentiates Σ seed · output.
    """

    def __init__(self, function: Callable[[Any], Any], x: Any, kind: type[Value | Given]) -> None:
        self.function = function
        self.calls = 0
        first = np.asarray(x._raw if isinstance(x, Tensor) else x)[0]
        numbers = np.ravel(first).tolist()
        given: list[Any] = [
            Value(each, requires_grad=False) if kind is Value else Given(float(each))
            for each in numbers
        ]
        count = iter(given)

        def instance(shape: tuple[int, ...]) -> Any:
            return [instance(shape[1:]) for _ in range(shape[0])] if shape else next(count)

        self.recording = recording()
        start = tick()
        with self.recording:
            out = recording.call(function, instance(first.shape))
            array = np.asarray(out, dtype=object)
            self.shape = array.shape
            self.outputs = list(array.flat)
            if not self.outputs or not all(isinstance(each, Value) for each in self.outputs):
                got = next((each for each in self.outputs if not isinstance(each, Value)), out)
                raise NotOneProgram(
                    f"for one instance it gave {type(got).__name__} ({got!r:.40}), which is no Value "
                    "that it computed"
                )
            self.seeds = [Value(0.0, requires_grad=False) for _ in self.outputs]
            terms = [s * each for s, each in zip(self.seeds, self.outputs, strict=True)]
            total = terms[0] if len(terms) == 1 else registry["sum"](np.array(terms, dtype=object))
        if self.recording.notes.drew:
            raise NotOneProgram("it draws random numbers")
        made = [[each] if kind is Value else each.made for each in given]
        pairs = [(i, value) for i, values in enumerate(made) for value in values]
        self.places, self.inputs = [i for i, _ in pairs], [value for _, value in pairs]
        standing = set(map(id, self.inputs))
        self.leaves = tuple([x for x in leaves_of(self.outputs) if id(x) not in standing])
        self.used = used(self.leaves, start)
        self.row = InstancesRow(getattr(function, "__name__", type(function).__name__))
        with aside():
            self.program = Program(
                total,
                [*self.inputs, *self.seeds],
                recorded=self.recording,
                also=self.outputs,
                unused=True,
                verify=False,
                input_gradients=False,
            )

    def __call__(self, x: Any) -> Any:
        """The results for all instances, as a Tensor."""
        data = x._raw if isinstance(x, Tensor) else x
        flat = np.asarray(data, dtype=np.float64).reshape(len(data), -1)
        columns = [np.ascontiguousarray(flat[:, i]) for i in self.places]
        try:
            with aside():
                _, *found = self.program(*columns, *[0.0] * len(self.seeds))
        except BranchChanged as change:
            raise NotOneProgram(str(change)) from None
        result = np.stack([np.broadcast_to(each, len(data)) for each in found], axis=-1)
        self.check(data, result)
        result = result.reshape((len(data), *self.shape))
        mode = current_mode()
        if mode.notes is not None or (mode.recording and isinstance(x, Tensor) and x.requires_grad):
            return self.on_columns(x)
        if not mode.recording or not self.leaves:
            return Tensor(result, requires_grad=False)
        return apply_to_tensors(
            self.row, self.leaves, {"call": CallOfInstances(self, flat.copy(), columns, result)}
        )

    def check(self, data: Array, result: Array) -> None:
        """Compare with what the function itself gives: for the first and the last instance in the first
        call, for another one in each later call."""
        chosen = (0, len(data) - 1) if not self.calls else (self.calls % len(data),)
        self.calls += 1
        with aside():
            for i in dict.fromkeys(chosen):
                start = tick()
                out = np.asarray(recording.call(self.function, data[i].tolist()), dtype=object)
                alone = recording.look(out).ravel()
                if out.shape != self.shape or not np.allclose(
                    alone, result[i], rtol=1e-8, atol=1e-10 * size(alone), equal_nan=True
                ):
                    raise NotOneProgram(
                        f"for instance {i} alone it gives {alone.tolist()!r:.60}, and by what it did "
                        f"for the first one {result[i].tolist()!r:.60}"
                    )
                if current_mode().recording and used(leaves_of(out.flat), start) != self.used:
                    raise NotOneProgram(f"for instance {i} it uses other parameters")

    # --- by rows on tensors -----------------------------------------------------------------------

    def on_columns(self, x: Any) -> Tensor:
        """The same, by the rows of the graph on Tensors with a number for each instance.

        So it is recorded as a part of what is around: for a program, and for further derivatives.
        """
        x = x if isinstance(x, Tensor) else Tensor(x, requires_grad=False)
        n = len(x._raw)
        flat = registry["reshape"](x, shape=(n, x._raw[0].size))
        columns = Columns(n)
        for i, leaf in zip(self.places, self.inputs, strict=True):
            columns.places[leaf] = flat[:, i]
        for node in topological_order(self.outputs, arguments=True):
            if node._primitive is not None:
                columns.place(node)
        self.note(columns)
        out = columns.joined([columns.places.get(each, each) for each in self.outputs])
        out = out if out.shape[:-1] else registry["broadcast_to"](out, shape=(n, *out.shape))
        return registry["reshape"](out, shape=(n, *self.shape))  # type: ignore[no-any-return]

    def note(self, columns: Columns) -> None:
        """Tell the recording that is around what left the graph, and is to leave it the same way."""
        notes = current_mode().notes
        if notes is None:
            return
        for each in self.recording.notes:
            if each.sides and (each.whole or isinstance(each, Check)):
                raise NotOneProgram(f"{each.what} leaves the graph. {each.site}")
            mapped = copy.copy(each)
            mapped.sides = tuple(
                [columns.places.get(x, x) if isinstance(x, Node) else x for x in each.sides]
            )
            notes.append(mapped)


def size(numbers: Array) -> float:
    """The largest finite size among numbers."""
    return float(np.max(np.abs(numbers), initial=0.0, where=np.isfinite(numbers)))


def leaves_of(outputs: Iterable[Any]) -> tuple[Node, ...]:
    """The tracked leaves below several nodes, in the order of creation."""
    leaves, _ = reachable([x for x in outputs if isinstance(x, Node) and x.requires_grad])
    return tuple(sorted((x for x in leaves if x.requires_grad), key=lambda x: x._serial))


def used(leaves: Iterable[Node], start: int) -> list[int]:
    """The identities of those leaves that are older than a call, which may make some of its own."""
    return [id(x) for x in leaves if x._serial < start]


class Columns:
    """The nodes of a graph of Values as Tensors with a number for each of n instances.

    Attributes:
        places: what stands for a node: a Tensor, or a Value where no instance has a say.
    """

    def __init__(self, n: int) -> None:
        self.ones = np.ones(n)
        self.places: dict[Node, Any] = {}
        self.together: dict[tuple[int, ...], Any] = {}

    def place(self, node: Node) -> None:
        """Apply a node's row to what stands for its arguments."""
        row: Any = node._primitive
        options = node.options
        given = [self.places.get(x, x) if isinstance(x, Node) else x for x in node.arguments]
        if isinstance(row, Elementwise):
            out = row(*given, **options)
        elif not any(isinstance(x, Tensor) for x in given):
            out = nary(row, tuple(given), options)
        elif isinstance(row, Reduction):
            out = row(self.joined(given), **options | {"axis": -1})
        elif row is registry["matmul"]:
            half = len(given) // 2
            x, w = self.joined(given[:half]), self.joined(given[half:])
            out = row(x, w) if 1 in (x.ndim, w.ndim) and x.ndim == 2 else dot_of_rows(x, w)
        else:
            raise NotOneProgram(f"{row.name} of many Values has no form on Tensors")
        if isinstance(out, Value | Tensor):  # which was made where the Value was
            out._code, out._lasti, out._scope = node._code, node._lasti, node._scope
        self.places[node] = out

    def joined(self, numbers: Sequence[Any]) -> Any:
        """Numbers of each instance side by side, (n, k); (k,) where all instances have the same."""
        key = tuple(map(id, numbers))  # `places` and the graph keep them alive
        if key not in self.together:
            same = not any(isinstance(x, Tensor) for x in numbers)
            one = self.ones[:1] if same else self.ones
            parts = [x if isinstance(x, Tensor) else registry["mul"](x, one) for x in numbers]
            self.together[key] = (
                registry["concatenate_all"](*parts, axis=0) if same else stack(parts, axis=-1)
            )
        return self.together[key]


def dot_of_rows(x: Any, w: Any) -> Any:
    """Σ x w along the last axis."""
    return registry["sum"](registry["mul"](x, w), axis=-1)


class InstancesRow(Primitive):
    """All instances of a vectorized function, as a primitive of the Values that it uses.

    Its cotangents are the program's; a derivative of a derivative, and a tangent, come from the rows of
    the graph on Tensors.
    """

    family = "full"

    def __init__(self, name: str) -> None:
        super().__init__(
            name,
            lambda *_, call: call.result,
            arity=None,
            options={"call": None},
            doc=f"The function {name} for many instances.",
            registered=False,
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a node that the vectorized function {self.name} made is not pickled: it belongs to a "
            "program. Pickle numbers"
        )

    def vjp(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        return options["call"].cotangents(g)[slot]

    def jvp(self, slot: int, t: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        return options["call"].tangent(slot, t, out)


class CallOfInstances:
    """One call for many instances: what its derivatives are computed from, whenever that is.

    Args:
        recorded: what was recorded for one instance.
        x: all instances.
        columns: the inputs, each with a number for each instance.
        result: what came out.
    """

    def __init__(self, recorded: Recorded, x: Array, columns: list[Array], result: Array) -> None:
        self.recorded = recorded
        self.x = x
        self.columns = columns
        self.result = result
        self.last: Any = None  # the last cotangent of the result, and what came of it

    def on_columns(self) -> Tensor:
        """The result, recorded by the rows on Tensors."""
        with enable_grad():
            return self.recorded.on_columns(self.x)

    def cotangents(self, g: Any) -> Sequence[Any]:
        """The cotangents of the parameters; all of them are computed when the first is asked for."""
        if self.last is None or self.last[0] is not g:
            leaves = self.recorded.leaves
            if isinstance(g, Node):
                found = cotangents({self.on_columns(): g}, create_graph=True, wrt=leaves)
            else:
                found = self.by_program(g)
            self.last = (g, [found[x] if x in found else zero_of(x) for x in leaves])
        return self.last[1]  # type: ignore[no-any-return]

    def by_program(self, g: Any) -> dict[Node, Any]:
        """The cotangents as numbers."""
        program, n = self.recorded.program, len(self.result)
        seeds = list(np.ascontiguousarray(np.reshape(g, (n, -1)).T, dtype=np.float64))
        with program.lock, aside():
            program(*self.columns, *seeds)
            found = program.differentiate(program.keep(), np.ones(n))
        return {leaf: float(each) for leaf, each in found.items()}

    def tangent(self, slot: int, t: Any, out: Any) -> Any:
        """The tangent of the result from that of one of the parameters."""
        recorded = isinstance(t, Node)
        seeds: dict[Node, Any] = {self.recorded.leaves[slot]: t if recorded else float(t)}
        (found,) = tangents(seeds, [self.on_columns()], recorded=recorded)
        return np.zeros_like(self.result) if found is None else found


__all__ = ["InstanceFunction", "vectorize"]
publish(__name__)
