"""The backward pass of a graph of tensors as lines: one vjp after another, on letters."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.engine.families import ARITHMETIC, Elementwise, Fused, Reduction
from autograd.engine.graph import Node, topological_order
from autograd.engine.letters import Letter, fold
from autograd.engine.passes import leading, walk_back, with_leaves
from autograd.engine.primitive import registry
from autograd.engine.value import Value
from autograd.formulas.algebra import (
    add,
    coefficient,
    make,
    names,
    product,
    sample,
    split,
    tidy,
)
from autograd.formulas.notation import Formula
from autograd.formulas.rational import collapsed
from autograd.support.caching import cached_property
from autograd.views.derivation.conventions import Convention
from autograd.views.derivation.instances import instance_axes
from autograd.views.derivation.lines import Written
from autograd.views.derivation.naming import Naming
from autograd.views.derivation.normalisation import normalisations
from autograd.views.derivation.operations import Operations, is_constant
from autograd.views.derivation.parts import in_parts
from autograd.views.derivation.tensor_lines import Lines

NO_FORMULA = (AttributeError, LookupError, NameError, *ARITHMETIC)
"""What a user's rule raises when it is no formula of letters, beside TypeError."""


def tensor_lines(
    root: Node, targets: Sequence[Node], layout: Convention, *, digits: int
) -> Written:
    """The lines of d(root)/d(targets), in the convention of a course."""
    if layout.jacobians:
        root, new = in_parts(root)
        targets = [new.get(target, target) for target in targets]
    return _Walk(root, targets, layout, digits).written()


class _Walk:
    """One backward pass on letters."""

    def __init__(
        self, root: Node, targets: Sequence[Node], layout: Convention, digits: int
    ) -> None:
        self.root, self.targets, self.layout = root, targets, layout
        self.nodes = topological_order(root, arguments=True)
        self.operations = Operations(self.nodes)
        normal = normalisations(self.nodes, targets)
        data = [each.s for each in normal.values() if each.s.is_leaf]
        self.axes = instance_axes(self.nodes, self.operations, data)
        self.normal = {x: each for x, each in normal.items() if self.axes.get(each.s) == 0}
        self.naming = Naming(self.nodes, layout, self.operations, self.normal)
        self.leads = leading(self.nodes, targets)
        self.leaves = {x for x in self.nodes if x.is_leaf}
        self.inner = {x for x in self.nodes if any(parent in self.leads for parent in x.parents)}
        self.constants = frozenset(
            name for x, name in self._inputs() if not (isinstance(x, Node) and x.requires_grad)
        )
        self.lines = Lines(root, layout, self.naming, self.axes, digits)
        self.softmaxes: dict[str, str] = {}
        self.functions: dict[str, Any] = {}
        self.locals: dict[str, tuple[str, Letter]] = {}  # what the Jacobians are made of, by letter

    def _inputs(self) -> list[tuple[Any, str]]:
        found = [(x, self.naming.nodes[x]) for x in self.nodes if x.is_leaf or is_constant(x)]
        return found + [(x, self.naming.arrays[id(x)]) for x in self.naming.held]

    # --- letters ----------------------------------------------------------------------------------

    def letter(self, x: Any) -> Any:
        """An argument in a formula."""
        name = self.naming.of(x)
        if isinstance(x, Node):
            if x.primitive is not None and self._short(x):
                # γ ⊙ ŝ, not ŝ ⊙ γ
                weights = x.primitive.name == "mul" and x.arguments[1] in self.leaves
                arguments = reversed(x.arguments) if weights else x.arguments
                return tidy(x.primitive(*map(self.letter, arguments), **x.options))
            return Letter(str(name), sample=x._raw)
        if name is not None:
            return Letter(name, sample=x)
        if isinstance(x, np.ndarray | np.generic) and np.ndim(x) == 0:
            return self.scalar(x.item())
        if isinstance(x, float):
            return self.scalar(x)
        return x

    def scalar(self, x: Any) -> Any:
        """A number of the user's: λ where it scales a penalty."""
        return self.penalties.get(x, x) if isinstance(x, float) else x

    penalties: dict[float, Letter]

    def _short(self, node: Node) -> bool:
        """Whether a node is written where it is used: a difference to the target, a part of a layer."""
        if node in self.naming.inlined:
            return True
        if node.primitive is None or node.primitive.name != "sub" or node.name or node is self.root:
            return False
        first, second = node.arguments
        constant = not isinstance(second, Node) or (second.is_leaf and not second.requires_grad)
        return (
            constant
            and isinstance(first, Node)
            and np.shape(getattr(second, "data", second)) == node.shape == first.shape != ()
            and not (first.primitive is not None and first.primitive.name == "sub")
        )

    def find_penalties(self) -> None:
        """Name λ the numbers that scale what depends on parameters alone."""
        self.penalties = {}
        # A node is a penalty when only leaves that require a gradient, and numbers, are below it.
        free = {x for x in self.nodes if x.is_leaf and x.requires_grad and self.axes.get(x) is None}
        for x in self.nodes:
            if x.is_leaf or x.primitive is None:
                continue
            arrays = [y for y in x.arguments if isinstance(y, np.ndarray) and y.ndim]
            if not arrays and all(y in free for y in x.arguments if isinstance(y, Node)):
                free.add(x)
        scales: list[float] = []
        for x in self.nodes:
            if x in free and x.primitive is not None and x.primitive.name == "mul" and not x.shape:
                floats = [y for y in x.arguments if isinstance(y, float)]
                scales += [y for y in floats if y not in (1.0, 0.5)]
        distinct = [] if self.naming.has("λ") else list(dict.fromkeys(scales))
        for i, scale in enumerate(distinct):
            shown = "λ" if len(distinct) == 1 else f"λ{i + 1}"
            name = "lam" if len(distinct) == 1 else f"lam{i + 1}"
            while name in self.naming.symbols:
                name += "_"
            index = "" if len(distinct) == 1 else f"_{{{i + 1}}}"
            text = shown[0] + "₀₁₂₃₄₅₆₇₈₉"[i + 1] if index and i < 9 else shown
            self.naming.symbols[name] = Formula(text, rf"\lambda{index}")
            self.penalties[scale] = Letter(name, sample=scale)
            self.lines.inputs[name] = scale

    # --- the forward pass -------------------------------------------------------------------------

    def operation(self, node: Node) -> Any:
        """What a node computes, as a formula."""
        primitive, arguments, options = self.operations[node]
        assert primitive is not None  # a leaf computes nothing
        letters = [self.letter(x) for x in arguments]
        if isinstance(primitive, Fused) and (
            "multilinear" in primitive.slot_kinds or primitive.name == "class_mean"
        ):
            formula = primitive.composite(*letters, **options)
            formula = self.operations.named(node, formula, self.naming.arrays)
            return tidy(formula, self.constants)
        if not any(isinstance(x, Letter) for x in letters):
            return Letter(primitive.name, tuple(letters), options, sample=node._raw)
        return tidy(primitive(*letters, **options))

    def softmax(self, formula: Any) -> Any:
        """A formula in which softmax(s) is p, by a line that says so."""

        def replaced(x: Letter, parts: list[Any]) -> Letter:
            of = parts[0]
            if x.function != "softmax" or not isinstance(of, Letter) or of.arguments:
                return x.with_arguments(parts)
            key = of.function
            for node, name in self.naming.nodes.items():
                known = node.primitive is not None and node.primitive.name == "softmax"
                if known and self.naming.of(node.arguments[0]) == key:
                    self.softmaxes[key] = name
            if key not in self.softmaxes:
                letter = self.layout.letters.probabilities
                name = letter if self.layout.single or x.ndim < 2 else letter.upper()
                self.softmaxes[key] = self.naming.add(name)
                source = next(x for x, name in self.naming.nodes.items() if name == key)
                self.lines.define(self.softmaxes[key], x, self.axes.get(source))
            return Letter(self.softmaxes[key], sample=x.sample)

        return fold(formula, lambda x: x, replaced)

    # --- the backward pass ------------------------------------------------------------------------

    def written(self) -> Written:
        """Every line."""
        self.find_penalties()
        for x, name in self._inputs():
            self.lines.input(name, x)
        parts = {x for each in self.normal.values() for x in each.inner}
        for node in self.nodes:
            if node in self.normal:
                self.lines.normalise(node, self.normal[node])
            elif not node.is_leaf and not is_constant(node) and node not in parts:
                self.lines.forward(
                    self.naming.nodes[node], node, functools.partial(self.operation, node)
                )
        shares: dict[Node, list[Any]] = {
            self.root: [
                make("broadcast_to", (1,), np.ones(self.root.shape), shape=self.root.shape)
                if self.root.shape
                else 1
            ]
        }
        wanted = set(self.targets)
        order = with_leaves(x for x in self.nodes if x is self.root or not x.is_leaf)
        for node, parts in walk_back(order, shares):
            g = self.total(node, parts, keep=node in wanted)
            if node in self.inner:
                for parent, share in self.spread(node, g):
                    shares.setdefault(parent, []).append(share)
        return self.lines.written(self.targets, self.functions)

    def total(self, node: Node, shares: list[Any], keep: bool) -> Any:
        """The cotangent of a node: a letter with a line of its own, or a number that fills it."""
        # What came down the layers first, then what penalties add.
        g = add(sorted(shares, key=lambda x: not any(y.startswith("G_") for y in names(x))))
        if not isinstance(g, Letter) or g.shape != node.shape:
            g = (
                make("broadcast_to", (g,), np.broadcast_to(sample(g), node.shape), shape=node.shape)
                if node.shape
                else g
            )
        turned = (
            node in self.naming.inlined and self.operations[node].primitive is registry["transpose"]
        )
        if not keep and (turned or (coefficient(g) and node not in self.normal)):
            return g
        if isinstance(g, Letter) and node.shape:
            shorter = collapsed(g, self.masks(), self.constants, self.meaning)
            g = g if shorter is None else shorter
        if keep and (node.is_leaf or node not in self.inner):
            self.lines.gradient(node, g)
            return None
        return self.lines.cotangent(node, g, keep, self.without_jacobian(g))

    def meaning(self, name: str) -> Any:
        """What a letter stands for, where an elementwise formula may be read through it."""
        if name in self.lines.formulas:
            return self.lines.formulas[name]
        if name in self.complements:
            other = self.complements[name]
            x = Letter(other, sample=self.lines.data[other])
            return Letter("sub", (1, x), sample=1 - x.sample)
        if name not in self.lines.definitions:
            return None
        formula = self.lines.definitions[name][0]()
        known = ("where", "neg", "add", "sub", "mul", "div", "product", "plus")
        return formula if isinstance(formula, Letter) and formula.function in known else None

    @cached_property
    def complements(self) -> dict[str, str]:
        """Data y that is 1 − x of other data x, by their names."""
        found: dict[str, str] = {}
        arrays = [(x, self.naming.arrays[id(x)]) for x in self.naming.held if x.dtype.kind == "f"]
        for i, (x, name) in enumerate(arrays):
            for y, other in arrays[i + 1 :]:
                if name not in found and x.shape == y.shape and np.array_equal(y, 1 - x):
                    found.setdefault(other, name)
        found.pop("", None)
        return {other: name for other, name in found.items() if other != name}

    def masks(self) -> dict[str, tuple[str, int] | None]:
        """Data that says where other data is not 0, or not 1, by their names; None: it always is."""
        found: dict[str, tuple[str, int] | None] = {
            self.naming.arrays[id(x)]: None
            for x in self.naming.held
            if x.dtype == bool and bool(x.all())
        }
        held = [(x, self.naming.arrays[id(x)]) for x in self.naming.held]
        for mask, name in held:
            for x, other in held:
                usable = mask.dtype == bool and x.dtype.kind == "f" and x.shape == mask.shape
                if usable and other not in self.complements and name not in found:
                    for value in (0, 1):
                        if np.array_equal(mask, x != value):
                            found.setdefault(name, (other, value))
        return found

    def spread(self, node: Node, g: Any) -> list[tuple[Node, Any]]:
        """What each parent gets from a node: the vjp of the primitive, on letters."""
        if not isinstance(g, Letter):
            g = make("number", (g,), np.asarray(float(g)))
        factors, array = self.lines.deferred(node), g
        if node in self.normal:
            s = self.normal[node].s
            share = self.lines.through(node, self.normal[node], g)
            share = product([*factors, share], s.shape) if factors else share
            return [(s, share)] if s in self.leads else []
        out = self.letter(node)
        arguments = [self.letter(x) for x in self.operations[node].arguments]
        shares = []
        for place, slot in enumerate(_slots(node)):
            parent = node.arguments[slot]
            if parent not in self.leads:
                continue
            share = self.by_jacobian(node, slot, array, out, arguments)
            if share is None:
                share = self.vjp(node, place, slot, array, out, arguments)
            if factors:
                share = product([*factors, share], np.shape(parent._raw))
            shares.append((parent, share))
        return shares

    def by_jacobian(self, node: Node, slot: int, g: Any, out: Any, arguments: list[Any]) -> Any:
        """A cotangent times the Jacobian of an activation, where it is written so; ``None`` elsewhere.

        That of softmax is diag(p) − p pᵀ. That of an elementwise function is diagonal, and has a line
        of its own in a course that has it, as has that of softmax then.
        """
        primitive, _, options = self.operations[node]
        rank = len(node.shape)
        one = rank == 1 or (rank == 2 and self.axes.get(node) == 0)
        if primitive is None or not self.layout.single or not one or node.shape != g.shape:
            return None
        if primitive.name == "softmax" and options["axis"] in (-1, rank - 1):
            share = g.sample - np.sum(g.sample * out.sample, axis=-1, keepdims=True)
            factor, of = share * out.sample, out
        elif self.layout.jacobians and isinstance(primitive, Elementwise):
            try:
                with np.errstate(all="ignore"):
                    of = tidy(primitive.shown_vjp(slot, 1, out, arguments, options), self.constants)
            except (*NO_FORMULA, TypeError):
                return None
            if not self.naming.is_activation(node) or sample(of).shape != node.shape:
                return None
            factor = g.sample * of.sample
        else:
            return None
        kind = "softmax" if primitive.name == "softmax" else "diag"
        if not self.layout.jacobians:
            return make("by_jacobian", (g, of), factor, kind=kind)
        letter = self.lines.jacobian(node, node.arguments[slot], of, kind)
        self.locals[letter.function] = kind, of
        return make("by_jacobian", (g, letter), factor, kind="letter")

    def without_jacobian(self, g: Any) -> Any:
        """What a product with a Jacobian comes to: y − d, of a loss and its output; or ``None``."""
        scalars, product_ = split(g)
        if not isinstance(product_, Letter) or product_.function != "by_jacobian":
            return None
        before, jacobian = product_.arguments
        kind, of = self.locals.get(jacobian.function, (product_.options["kind"], jacobian))
        if kind == "diag":
            whole = product([*scalars, before, of], g.shape)
            return collapsed(whole, self.masks(), self.constants, self.meaning)
        more, slope = split(self.meaning(before.function))
        if not isinstance(slope, Letter) or slope.function != "div":
            return None
        top, bottom = slope.arguments
        known = names(top) <= self.constants and np.allclose(np.sum(top.sample, axis=-1), 1, 1e-12)
        if not known or not isinstance(bottom, Letter) or bottom.function != of.function:
            return None
        error = make("sub", (of, top), of.sample - top.sample)
        return product([-1, *scalars, *more, error], g.shape)

    def vjp(self, node: Node, place: int, slot: int, g: Any, out: Any, arguments: list[Any]) -> Any:
        """Cotangent of the output in, that of an argument out."""
        primitive, operands, options = self.operations[node]
        assert primitive is not None  # a leaf passes nothing on
        if isinstance(node, Value):
            return product([tidied(g), float(node._local_derivatives[place])])
        count = None
        if isinstance(primitive, Reduction) and primitive.name == "mean" and node._raw.size:
            count = operands[0]._raw.size // node._raw.size
        try:
            with np.errstate(all="ignore"):
                formula = primitive.shown_vjp(slot, g, out, arguments, options)
                formula = self.operations.named(node, formula, self.naming.arrays)
            found = self.softmax(tidy(formula, self.constants, count))
        except (*NO_FORMULA, TypeError):
            found = None
        expected = np.shape(node.arguments[slot]._raw)
        if found is not None and np.shape(sample(found)) == expected:
            return found
        # A user's rule need not be a formula of letters: then it is called.
        name = f"vjp_{self.naming.nodes[node]}_{slot}"
        derivative = node._local_derivatives[place]
        self.functions[name] = derivative.vjp
        value = derivative.vjp(sample(g))
        return Letter(name, (tidied(g),), sample=value)


def tidied(g: Any) -> Any:
    """A cotangent as it stands in a formula."""
    return tidy(g)


def _slots(node: Node) -> list[int]:
    """The positions of the parents among the arguments."""
    slots = getattr(node, "_slots", None)
    if slots is not None:
        return list(slots)
    return [i for i, (_, d) in enumerate(node._edges()) if d is not None]  # type: ignore[attr-defined]
