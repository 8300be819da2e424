"""Transforms: functions from functions to functions, built on the two passes of the graph.

The functions take and give numbers, arrays, and nested lists, tuples and dicts of them; a result has
the structure of what it is the derivative of. Inside, each input becomes a node; a transform inside
another records its own pass, so derivatives nest to any order.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.context.exits import GraphExitError
from autograd.context.grad_modes import Transforming, enable_grad
from autograd.context.modes import current_mode
from autograd.engine.apply import alias
from autograd.engine.followed import Followed
from autograd.engine.graph import Node
from autograd.engine.operands import raw
from autograd.engine.passes import cotangents, tangents
from autograd.engine.primitive import registry
from autograd.engine.tensor import Tensor
from autograd.engine.value import Value
from autograd.primitives.composites import stack
from autograd.support.publishing import publish

Function = Callable[..., Any]


# --- nested structures ----------------------------------------------------------------------------


def leaves_of(tree: Any) -> list[Any]:
    """The numbers, arrays and nodes in nested lists, tuples, dicts and arrays of Values, in order."""
    if tree is None:
        return []
    if isinstance(tree, list | tuple):
        return [leaf for branch in tree for leaf in leaves_of(branch)]
    if isinstance(tree, dict):
        return [leaf for branch in tree.values() for leaf in leaves_of(branch)]
    if isinstance(tree, np.ndarray) and tree.dtype == object:
        return [leaf for branch in tree.ravel().tolist() for leaf in leaves_of(branch)]
    return [tree]


def rebuilt(tree: Any, leaves: Any) -> Any:
    """The structure of `tree` with leaves taken from the iterator `leaves`."""
    if tree is None:
        return None
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*[rebuilt(branch, leaves) for branch in tree])
    if isinstance(tree, list | tuple):
        return type(tree)([rebuilt(branch, leaves) for branch in tree])
    if isinstance(tree, dict):
        return {key: rebuilt(branch, leaves) for key, branch in tree.items()}
    if isinstance(tree, np.ndarray) and tree.dtype == object:
        out = np.empty(tree.shape, dtype=object)
        for place in np.ndindex(tree.shape):
            out[place] = rebuilt(tree[place], leaves)
        return numeric(out)
    return next(leaves)


def numeric(array: Any) -> Any:
    """An object array of numbers, or of arrays of one shape, as one array of numbers."""
    parts = array.ravel().tolist()
    if parts and all(isinstance(part, float | int | np.number | np.ndarray) for part in parts):
        shapes = {np.shape(part) for part in parts}
        if len(shapes) == 1 and not any(np.asarray(part).dtype == object for part in parts):
            return np.array(parts).reshape(array.shape + shapes.pop())
    return array


def shaped(tree: Any, leaves: Sequence[Any]) -> Any:
    """The structure of `tree` with other leaves."""
    return rebuilt(tree, iter(leaves))


# --- numbers to nodes and back --------------------------------------------------------------------


def lifted(x: Any) -> Node:
    """A node that is this input's alone, so that differentiating by it is differentiating by it."""
    if isinstance(x, Node):
        return alias(x)
    if isinstance(x, Followed):  # whole numbers that a recording computes anew
        return alias(registry["add"](Tensor(0.0, requires_grad=False), x))
    if isinstance(x, np.ndarray):
        return Tensor(x)
    return Value(x)


def plain(x: Any) -> Any:
    """The number or array of a node, as a copy; anything else as it is."""
    if isinstance(x, Value):
        return x._raw
    return np.array(x._raw) if isinstance(x, Tensor) else x


def zeros(node: Node, nested: bool) -> Any:
    """The derivative of what does not depend on `node`."""
    if isinstance(node, Value):
        return Value(0.0, requires_grad=False) if nested else 0.0
    zero = np.zeros_like(node._raw)
    return Tensor(zero, requires_grad=False) if nested else zero


def finished(derivative: Any, like: Node, nested: bool) -> Any:
    """A derivative as the caller gets it: a node inside another transform, else plain numbers."""
    if derivative is None:
        return zeros(like, nested)
    if nested:
        if isinstance(derivative, Node):
            return derivative
        constant: type[Value] | type[Tensor] = type(like)  # type: ignore[assignment]
        return constant(derivative, requires_grad=False)
    derivative = plain(derivative)
    return float(derivative) if isinstance(like, Value) else np.array(derivative)


class TransformedCall:
    """One call of a function under a transform: its arguments made into nodes, and what it returned.

    Attributes:
        nested: the results must be nodes, because another transform will differentiate them, or
            because a recording that is under way must know where they come from.
        inputs: the nodes differentiated by, flat. trees: the chosen arguments they came from.
        output: what the function returned. outputs: its leaves.
    """

    def __init__(
        self,
        f: Function,
        arguments: tuple[Any, ...],
        options: dict[str, Any],
        chosen: Sequence[int],
    ) -> None:
        self.trees = [arguments[i] for i in chosen]
        plain_leaves = leaves_of(self.trees)
        mode = current_mode()
        self.nested = (
            bool(mode.transforming)
            or mode.notes is not None
            or any(isinstance(x, Node) for x in plain_leaves)
        )
        with enable_grad():
            self.inputs = [lifted(x) for x in plain_leaves]
        with Transforming(inputs=self.inputs):
            nodes = iter(self.inputs)
            arguments_in = list(arguments)
            for i, tree in zip(chosen, self.trees, strict=True):
                arguments_in[i] = rebuilt(tree, nodes)
            try:
                self.output = f(*arguments_in, **options)
            except ValueError as error:
                # NumPy says "setting an array element with a sequence", where it had asked for a number.
                if isinstance(error.__cause__, GraphExitError):
                    raise error.__cause__ from None
                raise
        self.outputs = leaves_of(self.output)

    def result(self) -> Any:
        """What the function returned, as the caller gets it."""
        return self.output if self.nested else shaped(self.output, list(map(plain, self.outputs)))

    def pull(
        self, seeds: Sequence[Any], nested: bool, outputs: Sequence[Any] | None = None
    ) -> list[Any]:
        """The cotangents of the inputs from those of the outputs, or of some of them."""
        sums: dict[Node, Any] = {}
        for node, seed in zip(self.outputs if outputs is None else outputs, seeds, strict=True):
            if isinstance(node, Node) and node.requires_grad:
                seed = node._seed(seed, nested)
                sums[node] = sums[node] + seed if node in sums else seed
        found = cotangents(sums, create_graph=nested, wrt=self.inputs)
        return [finished(found.get(x), x, nested) for x in self.inputs]

    def push(self, seeds: Sequence[Any]) -> list[Any]:
        """The tangents of the outputs from those of the inputs."""
        sums = {x: x._seed(t, self.nested) for x, t in zip(self.inputs, seeds, strict=True)}
        nodes = [x for x in self.outputs if isinstance(x, Node)]
        found = dict(zip(nodes, tangents(sums, nodes, recorded=self.nested), strict=True))
        return [
            finished(found[x], x, self.nested)
            if isinstance(x, Node)
            else np.zeros_like(x, dtype=float) + 0.0
            for x in self.outputs
        ]

    def per_argument(self, leaves: Sequence[Any]) -> list[Any]:
        """Derivatives by the inputs, in the structures of the chosen arguments."""
        each = iter(leaves)
        return [rebuilt(tree, each) for tree in self.trees]


def function(f: Any, transform: str) -> Function:
    """f itself, if it can be called."""
    if not callable(f):
        raise TypeError(f"{transform} takes a function, got {type(f).__name__}")
    checked: Function = f
    return checked


def positions(argnums: Any, count: int) -> tuple[list[int], bool]:
    """The chosen arguments, counted from the front, and whether one was asked for by an int."""
    single = not isinstance(argnums, tuple | list)
    numbers = [argnums] if single else list(argnums)
    for i in numbers:
        if not isinstance(i, int | np.integer) or isinstance(i, bool):
            raise TypeError(f"argnums is an int or a tuple of ints, got {argnums!r}")
        if not -count <= i < count:
            raise ValueError(f"argnums={argnums!r}, but the function was given {count} arguments")
    chosen = [int(i) % count for i in numbers]
    if len(set(chosen)) != len(chosen):
        raise ValueError(f"argnums={argnums!r} names an argument twice")
    return chosen, single


def same_structure(tree: Any, like: Any, what: str) -> list[Any]:
    """The leaves of `tree`, which must have the structure of `like`; dicts are matched by key."""
    if isinstance(like, np.ndarray) and like.dtype == object and isinstance(tree, np.ndarray):
        if tree.shape != like.shape:
            raise ValueError(f"{what}: expected an array of shape {like.shape}, got {tree.shape}")
        return list(tree.ravel().tolist())
    if isinstance(like, list | tuple | dict):
        alike = isinstance(tree, dict if isinstance(like, dict) else type(like))
        if not alike or len(tree) != len(like):
            raise ValueError(
                f"{what}: expected a {type(like).__name__} of {len(like)}, got "
                + (f"one of {len(tree)}" if alike else f"{type(tree).__name__} ({tree!r:.60})")
            )
        if isinstance(like, dict):
            if tree.keys() != like.keys():
                raise ValueError(f"{what}: expected the keys {list(like)}, got {list(tree)}")
            return [leaf for key in like for leaf in same_structure(tree[key], like[key], what)]
        return [
            leaf
            for branch, like_branch in zip(tree, like, strict=True)
            for leaf in same_structure(branch, like_branch, what)
        ]
    leaves = leaves_of(tree)
    if like is None or len(leaves) != 1:
        expected = "nothing" if like is None else "one number or array"
        raise ValueError(f"{what}: expected {expected}, got {tree!r:.60}")
    return leaves


# --- the transforms -------------------------------------------------------------------------------


def value_and_grad(
    f: Function, argnums: int | tuple[int, ...] = 0, *, has_aux: bool = False
) -> Function:
    """The function that gives ``(f(*args), gradient)``, computing f once.

    >>> import autograd
    >>> autograd.value_and_grad(lambda x: x ** 3)(2.0)
    (8.0, 12.0)
    """

    function(f, "value_and_grad")

    @functools.wraps(f, updated=())
    def wrapped(*arguments: Any, **options: Any) -> Any:
        chosen, single = positions(argnums, len(arguments))
        call = TransformedCall(f, arguments, options, chosen)
        value, aux = call.output, None
        if has_aux:
            if not isinstance(call.output, tuple) or len(call.output) != 2:
                raise TypeError("with has_aux=True the function returns a pair (value, aux)")
            value, aux = call.output
            call.output, call.outputs = value, leaves_of(value)
        one = isinstance(value, Node | float | int | np.number | np.ndarray)
        if not one or getattr(value, "size", 1) != 1:
            raise TypeError(
                "grad takes a function that returns one number, and it returned "
                f"{value!r:.60}: use jacobian or vjp"
            )
        gradients = call.per_argument(call.pull([None], call.nested))
        gradient = gradients[0] if single else tuple(gradients)
        if not has_aux:
            return call.result(), gradient
        if not call.nested:
            aux = shaped(aux, list(map(plain, leaves_of(aux))))
        return (call.result(), aux), gradient

    return wrapped


def grad(f: Function, argnums: int | tuple[int, ...] = 0, *, has_aux: bool = False) -> Function:
    """The gradient of a function that returns one number, by its arguments `argnums`.

    Args:
        f: a function of numbers, arrays, or nested lists, tuples and dicts of them.
        argnums: which argument, or arguments, to differentiate by.
        has_aux: f returns ``(number, anything)``, and so does the gradient.

    >>> import autograd
    >>> autograd.grad(lambda p: p["w"] * 3 + p["b"])({"w": 1.0, "b": 2.0})
    {'w': 3.0, 'b': 1.0}
    >>> autograd.grad(autograd.grad(autograd.tanh))(0.5) == -2 * autograd.tanh(0.5) * (
    ...     1 - autograd.tanh(0.5) ** 2)
    True
    """
    both = value_and_grad(function(f, "grad"), argnums, has_aux=has_aux)

    @functools.wraps(f, updated=())
    def wrapped(*arguments: Any, **options: Any) -> Any:
        value, gradient = both(*arguments, **options)
        return (gradient, value[1]) if has_aux else gradient

    return wrapped


def vjp(f: Function, *arguments: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """``f(*arguments)``, and the function from a cotangent of it to one of each argument.

    >>> import autograd
    >>> out, pull = autograd.vjp(lambda x, y: x * y, 2.0, 3.0)
    >>> out, pull(10.0)
    (6.0, (30.0, 20.0))
    """
    call = TransformedCall(function(f, "vjp"), arguments, {}, range(len(arguments)))

    def pull(cotangent: Any) -> tuple[Any, ...]:
        seeds = same_structure(cotangent, call.output, "a cotangent")
        nested = (
            call.nested
            or bool(current_mode().transforming)
            or current_mode().notes is not None
            or any(isinstance(seed, Node) for seed in seeds)
        )
        return tuple(call.per_argument(call.pull(seeds, nested)))

    return call.result(), pull


def jvp(f: Function, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """``f(*primals)`` and its derivative along `tangents`, by one pass forward.

    `primals` and `tangents` are tuples or lists, one entry per argument of f.

    >>> import autograd
    >>> autograd.jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    primals, tangents = arguments_of(primals), arguments_of(tangents)
    if len(primals) != len(tangents):
        raise ValueError(f"jvp: {len(primals)} primals, but {len(tangents)} tangents")
    seeds = same_structure(tangents, primals, "tangents")
    call = TransformedCall(function(f, "jvp"), primals, {}, range(len(primals)))
    if any(isinstance(seed, Node) for seed in seeds):
        call.nested = True
    return call.result(), shaped(call.output, call.push(seeds))


def arguments_of(x: Any) -> tuple[Any, ...]:
    """A tuple or list as several arguments, anything else as one."""
    return tuple(x) if isinstance(x, list | tuple) else (x,)


def jacobian(f: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The derivative of every element of f's result by every element of its arguments.

    The result has the shape of the output followed by that of the input; for nested structures, the
    structure of the output with that of the input at each of its leaves.

    >>> import autograd, numpy as np
    >>> A = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> autograd.jacobian(lambda x: A @ x)(np.ones(2)).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """

    function(f, "jacobian")

    @functools.wraps(f, updated=())
    def wrapped(*arguments: Any, **options: Any) -> Any:
        chosen, single = positions(argnums, len(arguments))
        call = TransformedCall(f, arguments, options, chosen)
        blocks = []
        for out in call.outputs:
            rows = rows_of(call, out)
            per_argument = call.per_argument(rows)
            blocks.append(per_argument[0] if single else tuple(per_argument))
        return shaped(call.output, blocks)

    return wrapped


def rows_of(call: TransformedCall, out: Any) -> list[Any]:
    """For each input, the derivative of the output `out` by it: one pass back per element."""
    shape = np.shape(raw(out))
    rows = []
    for place in np.ndindex(shape):
        # The other outputs take no part: their zeros would be nan where a derivative is infinite.
        seed = np.zeros(shape)
        seed[place] = 1.0
        rows.append(call.pull([seed], call.nested, [out]))
    blocks = []
    for i, x in enumerate(call.inputs):
        if shape == () and rows:
            blocks.append(rows[0][i])
        elif call.nested:
            flat = stack([tensor(row[i]) for row in rows]) if rows else Tensor(np.zeros(0))
            blocks.append(registry["reshape"](flat, shape=shape + x.shape))
        else:
            blocks.append(np.array([row[i] for row in rows]).reshape(shape + x.shape))
    return blocks


def tensor(x: Any) -> Any:
    """A node as a Tensor: a Value as one of shape ()."""
    return x if isinstance(x, Tensor) else x * Tensor(1.0, requires_grad=False)


def hessian(f: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The second derivatives of a function that returns one number.

    >>> import autograd
    >>> autograd.hessian(lambda x: (x ** 3).sum())(autograd.Tensor([1.0, 2.0]).numpy()).tolist()
    [[6.0, 0.0], [0.0, 12.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, primals: Any, tangents: Any) -> Any:
    """The Hessian of f times a vector, by a forward pass over the gradient; no Hessian is formed.

    `primals` and `tangents` are as in `jvp`; with one argument the product is given bare.

    >>> import autograd, numpy as np
    >>> autograd.hvp(lambda x: (x ** 3).sum(), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    array([ 6., 12.])
    """
    primals = arguments_of(primals)
    product = jvp(grad(f, tuple(range(len(primals)))), primals, tangents)[1]
    return product[0] if len(primals) == 1 else product


__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]
publish(__name__)
