"""The conventions of courses: a formula of the library's arrays, turned into that of their matrices.

The library has instances as rows, biases as vectors, and the cotangent in the shape of its node. Each
course has matrices and columns. Nothing is differentiated here: a formula is first written with
matrices only (a vector of features is a row, one number per instance a column), then each letter is
replaced by the transpose of the course's letter, and the transposes are moved inwards.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd.engine.families import Reduction
from autograd.engine.letters import Letter, fold
from autograd.engine.primitive import registry
from autograd.formulas.algebra import is_relation, make, sample
from autograd.views.derivation.transposes import T, is_elementwise, jacobian, op, times, unknown

UNCHANGED = ("sum", "mean", "max", "min", "prod", "logsumexp")
"""Reductions that over no axis at all give their argument back."""


class Letters(NamedTuple):
    """What a course calls a tensor that has no name: a capital where it holds a batch as a matrix.

    Attributes:
        sum: what an affine layer computes.
        activation: what a function makes of it.
        probabilities: what softmax makes of it.
        target: what a loss compares with.
        output: what the network says in the end; empty where it has no letter of its own.
        counted: whether an activation has the number of its layer even where it is the only one.
    """

    sum: str = "s"
    activation: str = "h"
    probabilities: str = "p"
    target: str = "y"
    output: str = ""
    counted: bool = False


class Convention(NamedTuple):
    """What a course agrees on.

    Attributes:
        name: the argument of `derivation`.
        loss: how the loss is called, when it has no name.
        single: whether formulas are those of one instance, the batch being their mean.
        turned: whether the gradient of a weight is in × out, to be transposed in an update.
        negated: whether the error is written −(y − p).
        above: whether the number of its layer stands above a letter, W⁽¹⁾, or below it, W₁.
        about: one sentence for the reader.
        letters: how what has no name is called.
        jacobians: whether an activation's line is the product with its Jacobian, which has a line of
            its own, and a loss of logits is written by its parts: the output, and a loss of that.
    """

    name: str
    loss: str
    single: bool
    turned: bool
    negated: bool
    above: bool
    about: str
    letters: Letters = Letters()
    jacobians: bool = False


LAYOUTS = {
    layout.name: layout
    for layout in (
        Convention(
            "rows",
            "L",
            False,
            False,
            False,
            True,
            "Instances are rows, as the library computes: a gradient has the shape of its node.",
        ),
        Convention(
            "dd2424",
            "J",
            True,
            False,
            True,
            False,
            "One instance: columns forward, and the gradient g is a row.",
        ),
        Convention(
            "columns",
            "J",
            False,
            False,
            True,
            False,
            "Instances are columns; G is without the factor of the mean, which the parameters' "
            "lines have.",
        ),
        Convention(
            "cmu",
            "L",
            True,
            True,
            False,
            False,
            "One instance: columns forward, derivatives are rows, and that by a weight is in × out: "
            "an update takes its transpose.",
            Letters("z", "y", "y", "d", output="Y", counted=True),
            jacobians=True,
        ),
    )
}


class Role(NamedTuple):
    """What a letter stands for: how many axes it has in the library, and which one is instances'."""

    rank: int
    instances: int | None
    cotangent: bool


class Typed(NamedTuple):
    """A formula of matrices in the library's orientation.

    Attributes:
        tree: the formula; matrices of two axes, or a scalar.
        rank: the number of axes in the library.
        instances: the axis of the matrix along which instances lie.
        summed: whether a sum over instances is in it.
    """

    tree: Any
    rank: int
    instances: int | None
    summed: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Two lengths, or () of a scalar."""
        return self.tree.shape if isinstance(self.tree, Letter) else ()


class Matrices:
    """Formulas of the library's arrays, written with matrices.

    Args:
        layout: the convention.
        roles: what each letter stands for.
    """

    def __init__(self, layout: Convention, roles: dict[str, Role]) -> None:
        self.layout = layout
        self.roles = roles
        self.rows: int | None = None  # the number of instances; None where they have no axis
        self.of_one: set[str] = set()  # cotangents of what has no instances, from one of them

    def refuse(self, what: str) -> ValueError:
        """The error about something that the convention has no words for."""
        return ValueError(
            f"layout {self.layout.name!r} cannot write {what}: it has matrices, vectors and numbers "
            'only; layout="rows" writes everything as the library computes it'
        )

    # --- letters ----------------------------------------------------------------------------------

    def letter(self, x: Letter) -> Typed:
        """A letter, in the library's orientation: the transpose of the course's, as a rule."""
        role = self.roles.get(x.function)
        if role is None:
            role = Role(x.ndim, None, False)
        if x.ndim > 2:
            raise self.refuse(f"{x.function}, which has {x.ndim} axes")
        if role.rank == 0 or x.shape == ():
            return Typed(x, 0, None)
        shape = self.shape(x.shape, role)
        own = op(x.function, (), self.own_shape(shape, role))
        summed = x.function in self.of_one
        return Typed(self.turn(own, role), role.rank, role.instances, summed)

    def shape(self, shape: tuple[int, ...], role: Role) -> tuple[int, int]:
        """The shape as a matrix in the library's orientation."""
        if len(shape) == 2:
            rows, columns = shape
        elif role.instances == 0:
            rows, columns = shape[0], 1
        else:
            rows, columns = 1, shape[0]
        if self.layout.single and role.instances is not None:
            return (1, columns) if role.instances == 0 else (rows, 1)
        return rows, columns

    def turned(self, role: Role) -> bool:
        """Whether the course's letter is the transpose of the library's matrix."""
        if role.rank == 0:
            return False
        if self.layout.single and role.cotangent:
            if role.rank == 1 or role.instances is not None:
                return role.instances == 1 and role.rank == 2
            return self.layout.turned
        if role.rank == 1:
            return True
        return role.instances == 0

    def own_shape(self, shape: tuple[int, int], role: Role) -> tuple[int, int]:
        """The shape of the course's letter."""
        return (shape[1], shape[0]) if self.turned(role) else shape

    def turn(self, tree: Any, role: Role) -> Any:
        """From the library's orientation to the course's, or back."""
        return T(tree) if self.turned(role) else tree

    # --- formulas ---------------------------------------------------------------------------------

    def typed(self, x: Any) -> Typed:
        """A tidy formula of the library's arrays as one of matrices."""
        return fold(x, self._leaf, self._typed)

    def _typed(self, x: Letter, parts: list[Typed]) -> Typed:
        name = x.function
        if name in ("product", "plus", "neg") or is_elementwise(name):
            return self._elementwise(x, parts)
        if name == "matmul":
            return self._matmul(x, parts)
        if name == "given":
            return Typed(self.turn(x.options["tree"], Role(2, 0, True)), 2, 0)
        if name == "by_jacobian":
            g, of = parts
            letter = x.options["kind"] == "letter"
            matrix = of.tree if letter else jacobian(x.options["kind"], T(of.tree))
            return Typed(times(g.tree, matrix), x.ndim, g.instances, g.summed)
        if name == "transpose" and x.ndim <= 2:
            (part,) = parts
            if x.ndim < 2:
                return part
            other = None if part.instances is None else 1 - part.instances
            return Typed(T(part.tree), 2, other, part.summed)
        if name == "reshape":
            return self._reshape(x, parts[0])
        if name == "broadcast_to":
            return self._broadcast(x, parts[0])
        if name in ("softmax", "log_softmax") and x.options.get("axis", -1) in (-1, x.ndim - 1):
            (part,) = parts
            if part.instances != 1:
                whole = op("along", [part.tree], part.shape, call=name, axis=1, options={})
                return Typed(whole, part.rank, part.instances)
        if name == "softmax_cross_entropy":
            return self._cross_entropy(x, parts)
        if isinstance(registry.get(name), Reduction):
            return self._reduced(x, parts[0])
        raise self.refuse(f"{name} of shape {np.shape(sample(x.arguments[0]))}")

    def _leaf(self, x: Any) -> Typed:
        if not isinstance(x, Letter):
            return Typed(x, 0, None)
        if x.function == "ones":
            return Typed(op("ones", (), (x.shape[0], 1), n=x.shape[0]), 1, None)
        if x.function == "inverse" or x.shape == ():
            return Typed(x, 0, None)
        if x.function == "array":
            raise self.refuse("an array of numbers inside a rule")
        return self.letter(x)

    def _elementwise(self, x: Letter, parts: list[Typed]) -> Typed:
        arrays = [part for part in parts if part.shape]
        if not arrays:
            return Typed(
                make(x.function, [p.tree for p in parts], unknown(()), **x.options), 0, None
            )
        instances = {part.instances for part in arrays if part.instances is not None}
        if len(instances) > 1:
            raise self.refuse(f"{x.function} of instances as rows and as columns")
        shape = np.broadcast_shapes(*(part.shape for part in arrays))
        rank = max(part.rank for part in arrays)
        if x.ndim > 2:
            raise self.refuse(f"{x.function} of {x.ndim} axes")
        trees = [self._fill(part, shape) if part.shape else part.tree for part in parts]
        if x.function == "product":
            trees = [
                y
                for tree in trees
                for y in (
                    tree.arguments
                    if isinstance(tree, Letter) and tree.function == "product"
                    else [tree]
                )
            ]
            trees = [
                y for y in trees if not (isinstance(y, Letter) and self._single_one(y))
            ] or trees
        whole = make(x.function, trees, unknown(shape), **x.options)
        summed = any(part.summed for part in parts)
        return Typed(whole, rank, min(instances, default=None), summed)

    def _single_one(self, tree: Letter) -> bool:
        return tree.function == "ones" and tree.shape == (1, 1)

    def _fill(self, part: Typed, shape: tuple[int, ...]) -> Any:
        """A row or a column repeated: the product with a vector of ones.

        Of a condition its operands are repeated: what is true or false is not multiplied.
        """
        tree = part.tree
        if part.shape != shape and isinstance(tree, Letter) and is_relation(tree.function):
            parts = [Typed(x, part.rank, part.instances) for x in tree.arguments]
            filled = [self._fill(x, shape) if x.shape else x.tree for x in parts]
            return make(tree.function, filled, unknown(shape), **tree.options)
        if part.shape[0] != shape[0]:
            tree = times(op("ones", (), (shape[0], 1), n=shape[0]), tree)
        if part.shape[1] != shape[1]:
            tree = times(
                tree, op("transpose", [op("ones", (), (shape[1], 1), n=shape[1])], (1, shape[1]))
            )
        return tree

    def _matmul(self, x: Letter, parts: list[Typed]) -> Typed:
        left, right = parts
        a, b = left.tree, right.tree
        is_one = isinstance(b, Letter) and b.function == "ones"
        if right.rank == 1 and not is_one and right.instances != 0:
            b = T(b)  # a vector on the right is a column
        if left.rank == 1 and left.instances == 0:
            a = T(a)
        inner = left.instances == 1 or (left.rank == 1 and left.instances == 0)
        summed = left.summed or right.summed
        if inner:
            summed = True
            if is_one and self.layout.single:
                # The sum over instances is taken at the end: of one instance it is itself.
                return self._oriented(a, x, None, True)
        elif self.layout.single and right.instances == 0:
            raise self.refuse(f"a product that mixes instances, {x.function}")
        instances = left.instances if not inner and left.rank == 2 else None
        if right.rank == 2 and right.instances == 1:
            if instances is not None:
                raise self.refuse("a product of instances with instances")
            instances = 1
        if self.layout.single and is_one and a.shape[1] == 1:
            return self._oriented(a, x, instances, summed)
        return self._oriented(times(a, b), x, instances, summed)

    def _oriented(self, tree: Any, x: Letter, instances: int | None, summed: bool) -> Typed:
        """A matrix product as the library's shape has it: a vector of features lies in a row."""
        if x.ndim == 0:
            return Typed(self.number(tree), 0, None, summed)
        if x.ndim == 1 and instances is None and tree.shape[1] == 1 and tree.shape[0] == x.shape[0]:
            tree = T(tree)
        return Typed(tree, x.ndim, instances, summed)

    def number(self, tree: Any) -> Any:
        """A matrix of one element as a number."""
        return make("reshape", [tree], unknown(()), shape=())

    def _reshape(self, x: Letter, part: Typed) -> Typed:
        inner = x.arguments[0]
        lengths = [n for n in inner.shape if n != 1]
        if part.shape == () or x.ndim > 2 or lengths != [n for n in x.shape if n != 1]:
            raise self.refuse(f"a reshape from {inner.shape} to {x.shape}")
        tree, instances = part.tree, part.instances
        shape = part.shape
        if x.ndim == 2:
            # One instance is one row; lengths that were 1 before stay where they are.
            wanted = x.shape
            if self.layout.single and instances is not None:
                wanted = (1, wanted[1]) if instances == 0 else (wanted[0], 1)
            if shape != wanted:
                tree = T(tree)
                instances = None if instances is None else 1 - instances
        elif x.ndim == 1 and instances is None and shape[0] != 1:
            tree = T(tree)
        elif x.ndim == 1 and instances == 1:
            tree, instances = T(tree), 0
        return Typed(tree, x.ndim, instances, part.summed)

    def _broadcast(self, x: Letter, part: Typed) -> Typed:
        if x.ndim > 2:
            raise self.refuse(f"an array of {x.ndim} axes")
        if part.shape == ():
            shape = x.shape if x.ndim == 2 else (1, x.shape[0])
            if self.layout.single and self.rows is not None and x.shape[0] == self.rows:
                shape = (1, x.shape[1] if x.ndim == 2 else 1)
            one = op("ones", (), (shape[0], 1), n=shape[0])
            across = op("transpose", [op("ones", (), (shape[1], 1), n=shape[1])], (1, shape[1]))
            tree = one if shape[1] == 1 else across if shape[0] == 1 else times(one, across)
            if isinstance(part.tree, Letter) or part.tree != 1:
                tree = op("product", [part.tree, tree], shape)
            instances = 0 if self.rows is not None and x.shape[0] == self.rows else None
            if instances == 0 and x.ndim == 1 and not self.layout.single:
                tree = T(tree)
            return Typed(tree, x.ndim, instances)
        shape = x.shape if x.ndim == 2 else (1, x.shape[0])
        instances = part.instances
        if self.rows is not None and instances is None and x.ndim == 2 and x.shape[0] == self.rows:
            instances = 0 if part.rank == 1 or part.shape[0] == 1 else None
        if self.layout.single and instances is not None:
            shape = (1, shape[1]) if instances == 0 else (shape[0], 1)
        return Typed(self._fill(part, shape), x.ndim, instances, part.summed)

    def _reduced(self, x: Letter, part: Typed) -> Typed:
        """A reduction along one axis, or over everything."""
        inner = x.arguments[0]
        axis, keepdims = x.options.get("axis"), x.options.get("keepdims", False)
        rest = {k: v for k, v in x.options.items() if k not in ("axis", "keepdims")}
        axes = range(inner.ndim) if axis is None else np.atleast_1d(axis)
        gone = sorted({int(a) % inner.ndim for a in axes}) if inner.ndim else []
        if inner.ndim == 1:
            gone = [1 if part.instances is None else 0] if gone else []
        over_instances = part.instances is not None and part.instances in gone
        if over_instances and self.layout.single and x.function == "sum":
            # The sum over instances is taken at the end: of one instance it is itself.
            gone = [axis for axis in gone if axis != part.instances]
            if not gone:
                tree = part.tree
                if x.ndim == 1 and part.instances == 1:
                    tree = T(tree)
                return Typed(tree, x.ndim, None, True)
        elif over_instances and self.layout.single:
            raise self.refuse(f"{x.function} over instances, of which it sees one")
        tree = part.tree
        if not gone:
            if x.function not in UNCHANGED:
                raise self.refuse(f"{x.function} over no axis")
            return part
        if len(gone) == 2 or (inner.ndim == 1 and gone):
            whole = op("along", [tree], (), call=x.function, axis=None, options=rest)
            if keepdims:
                whole = op("along", [tree], (1, 1), call=x.function, axis=None, options=rest)
                return Typed(whole, inner.ndim, None, part.summed or over_instances)
            return Typed(whole, 0, None, part.summed or over_instances)
        (place,) = gone
        if x.function == "sum":
            n = part.shape[place]
            one = op("ones", (), (n, 1), n=n)
            tree = times(tree, one) if place == 1 else times(op("transpose", [one], (1, n)), tree)
        else:
            shape = (part.shape[0], 1) if place == 1 else (1, part.shape[1])
            tree = op("along", [tree], shape, call=x.function, axis=place, options=rest)
        instances = None if over_instances else part.instances
        if x.ndim == 1 and place == 1 and instances is None:
            tree = T(tree)
        return Typed(tree, x.ndim, instances, part.summed or over_instances)

    def _cross_entropy(self, x: Letter, parts: list[Typed]) -> Typed:
        logits, target = parts
        shape = (logits.shape[0], 1)
        trees = [logits.tree, target.tree]
        options = x.options
        tree = make("along", trees, unknown(shape), call=x.function, axis=1, options=options)
        if x.ndim == 0:
            return Typed(self.number(tree), 0, None)
        return Typed(tree, 1, logits.instances)
