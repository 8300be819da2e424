"""The chain rule on a graph of Values: a sum over paths, and the same in factored form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np

from autograd.engine.families import Elementwise, Multilinear
from autograd.engine.graph import Node, topological_order
from autograd.engine.letters import Letter, arguments_of, walk
from autograd.engine.passes import cotangents, leading, walk_back, with_leaves
from autograd.formulas.latex import number
from autograd.formulas.matrices import NumPy, called
from autograd.formulas.notation import DOTS, Formula
from autograd.formulas.of_nodes import Formulas
from autograd.formulas.symbols import Symbols
from autograd.views.derivation.lines import Line, Written
from autograd.views.derivation.operations import is_constant
from autograd.views.derivation.paths import PathEdge, children_of, count_paths, paths_to

FORWARD = "Forward"
PATHS = "Sum over paths"
FACTORED = "Factored, from the output back"

LONGEST = 400
"""Factors in the paths to one node that are still written out."""

WIDE = 120
"""Characters of a sum above which each term has a row of its own."""

SMALL = 2000
"""Nodes up to which a gradient that is a constant, such as −1, stands as its number."""

TERMS = 12
"""Terms of a sum that are shown; of more, the first ones and the last. The Python has all."""


class Lazy(Sequence[Line]):
    """Lines that are written when they are looked at: a graph may have a million."""

    def __init__(self, writer: _ValueLines, plans: list[tuple[str, Node]]) -> None:
        self._writer = writer
        self._plans = plans

    def __len__(self) -> int:
        return len(self._plans)

    @overload
    def __getitem__(self, index: int) -> Line: ...

    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...

    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        if isinstance(index, slice):
            return [self._writer.line(*plan) for plan in self._plans[index]]
        return self._writer.line(*self._plans[index])

    def __iter__(self) -> Iterator[Line]:
        return (self._writer.line(*plan) for plan in self._plans)


def value_lines(root: Node, targets: Sequence[Node], *, digits: int, max_paths: int) -> Written:
    """The lines of d(root)/d(targets) on Values."""
    return _ValueLines(root, targets, digits, max_paths).written()


class _ValueLines:
    """What the lines of one graph share."""

    def __init__(self, root: Node, targets: Sequence[Node], digits: int, max_paths: int) -> None:
        self.root, self.targets, self.digits = root, targets, digits
        self.every = topological_order(root, arguments=True)
        self.order = topological_order(root)
        self.symbols = Symbols(root)
        self.formulas = Formulas(self.symbols, digits=digits)
        self.names = self._names()
        self.counts = count_paths(self.order, targets)
        self.max_paths = max_paths
        self.children: dict[Node, list[PathEdge]] = {}
        if any(count <= max_paths for count in self.counts.values()):
            self.children = children_of(self.order)
        self.shares: dict[Node, list[PathEdge]] = {}
        self.python = NumPy(
            names={self.symbols[node].text: name for node, name in self.names.items()}
        )

    def _names(self) -> dict[Node, str]:
        """A Python name for each node."""
        taken: set[str] = set()
        names: dict[Node, str] = {}
        for node in self.every:
            base = name = self.symbols.names.identifier(node)
            count = 1
            while name in taken:
                count += 1
                name = f"{base}_{count}"
            taken.add(name)
            names[node] = name
        return names

    def written(self) -> Written:
        """The plan of all lines, and what they need."""
        plans = [("forward", node) for node in self.every if not node.is_leaf]
        plans += [("paths", node) for node in self.targets]
        plans += [("factored", node) for node in self.backward()]
        written = Written(names={self.names[x]: np.float64(x._raw) for x in self.every})
        written.lines = Lazy(self, plans)
        kinds = [kind for kind, _ in plans]
        for kind in ("forward", "paths", "factored"):
            if kind in kinds:
                start = kinds.index(kind)
                written.parts.append((start, start + kinds.count(kind)))
        for node in self.targets:
            text = self.symbols.names.keys[node]
            written.results[text] = self.cotangent(node)
            written.back[text] = float
            written.paths[text] = self.counts[node]
        return written

    def backward(self) -> list[Node]:
        """The nodes in the order in which their gradients are complete; notes their shares."""
        leads = leading(self.order, self.targets)
        order = with_leaves(x for x in self.order if x is self.root or not x.is_leaf)
        shares = self.shares
        shares[self.root] = []
        done: list[Node] = []
        for node, _ in walk_back(order, shares, kept=leads):
            done.append(node)
            for place, parent in enumerate(node.parents):
                if parent in leads:
                    shares.setdefault(parent, []).append(PathEdge(node, place))
        return done

    # --- pieces -----------------------------------------------------------------------------------

    def cotangent(self, node: Node) -> str:
        """The Python name of a gradient."""
        return f"d{self.names[self.root]}_d{self.names[node]}"

    def partial(self, edge: PathEdge) -> Formula:
        """∂out/∂x; with the place in brackets where x is used twice in out."""
        parent = edge.output.parents[edge.place]
        out, x = self.symbols[edge.output], self.symbols[parent]
        again = [i for i, other in enumerate(edge.output.parents) if other is parent]
        mark = "" if len(again) == 1 else f"({again.index(edge.place) + 1})"
        return _partial(out, Formula(x.text + mark, x.latex + (f"_{{{mark}}}" if mark else "")))

    def gradient(self, node: Node) -> Letter:
        """∂L/∂node as a letter that holds its number."""
        name = _partial(self.symbols[self.root], self.symbols[node])
        self.symbols.by_text[name.text] = name
        return Letter(name.text, sample=np.float64(self.number_of(node)))

    def number_of(self, node: Node) -> float:
        """The gradient of a node, from its shares as a backward pass adds them up."""
        return self.values()[node]

    def values(self) -> dict[Node, float]:
        """Every gradient, from the local derivatives that the nodes hold."""
        if not hasattr(self, "_values"):
            found = cotangents({self.root: 1.0}, retain=True)
            self._values = {node: 0.0 + g for node, g in found.items()}  # no −0
        return self._values

    def derivative(self, edge: PathEdge) -> Any:
        """A local derivative as a tree; its name where the row has no formula."""
        tree = self.formulas.derivative_tree(edge.output, edge.place)
        if tree is not None:
            if isinstance(tree, Letter) and not _letters(tree):
                return np.float64(tree.sample)  # made of numbers alone, such as Ind(1 = 0)
            return tree
        name = self.partial(edge)
        self.symbols.by_text[name.text] = name
        return Letter(name.text, sample=np.float64(edge.output._local_derivatives[edge.place]))

    def source(self, edge: PathEdge) -> str:
        """A local derivative as Python: the rule's formula, or the number where it is cut short."""
        tree = self.derivative(edge)
        known = self.python.names
        found = _letters(tree)
        if all(name in known for name in found):
            return self.python.write(tree, 3)
        return repr(float(edge.output._local_derivatives[edge.place]))

    # --- lines ------------------------------------------------------------------------------------

    def line(self, kind: str, node: Node) -> Line:
        """One line of the plan."""
        with np.errstate(all="ignore"):
            if kind == "forward":
                return self.forward(node)
            return self.paths(node) if kind == "paths" else self.factored(node)

    def forward(self, node: Node) -> Line:
        """What a node computes."""
        primitive = node.primitive
        assert primitive is not None  # leaves have no such line
        symbols = self.formulas.operation(node)
        numbers = self.formulas.write(self.formulas.operation_tree(node), numbers=True)
        value = number(node._raw, self.digits)
        parts = [
            self.names[x] if isinstance(x, Node) else self.python.write(_plain(x))
            for x in node.arguments
        ]
        options = [f"{key}={x!r}" for key, x in node.options.items() if not callable(x)]
        if isinstance(primitive, Multilinear):
            n = len(parts) // (primitive.arity or 1)
            parts = [f"np.array([{', '.join(parts[i : i + n])}])" for i in range(0, len(parts), n)]
        elif not isinstance(primitive, Elementwise):
            parts = [f"np.array([{', '.join(parts)}])"]
        source = f"{called(primitive.name)}({', '.join(parts + options)})"
        if is_constant(node):
            source = repr(float(node._raw))
        text = symbols.text + _unless_same(numbers.text, value.text, " = ") + f" = {value.text}"
        left, _, right = symbols.latex.partition(" = ")
        middle = _unless_same(numbers.latex, value.latex, " = ")
        latex = f"{left} &= {right}{middle} = {value.latex}"
        return Line(self.names[node], source, text, latex, (), FORWARD)

    def paths(self, node: Node) -> Line:
        """d(root)/d(node) as a sum over paths, or how many there are."""
        count = self.counts[node]
        total = _derivative(self.symbols[self.root], self.symbols[node])
        name = f"{self.cotangent(node)}_paths"
        value = repr(self.number_of(node))
        ways = None
        if count <= self.max_paths:
            ways = paths_to(node, self.root, self.children, LONGEST)
        if ways is None:
            shown = _count(count)
            noun = "path" if count == 1 else "paths"
            text = f"{total.text}: a sum over {shown.text} {noun}, counted and not listed"
            said = rf"\text{{ {noun}, counted and not listed}}"
            latex = rf"{total.latex} &: \text{{ a sum over }} {shown.latex} {said}"
            return Line(name, value, text, latex, (), PATHS, numbers=value)
        chains, trees, sources, products = [], [], [], []
        for way in ways:
            partials = [self.partial(edge) for edge in way]
            chains.append(
                Formula(" · ".join(p.text for p in partials), r"\,".join(p.latex for p in partials))
            )
            tree: Any = np.float64(1)
            for edge in way:
                factor = self.derivative(edge)
                tree = factor if _is_one(tree) else tree if _is_one(factor) else tree * factor
            factors = [self.derivative(edge) for edge in way]
            # A path with a constant 0 in it adds nothing: it is listed, and not in the formula.
            if not any(_is_zero(x) for x in factors) or not np.isfinite(_sample(tree)):
                trees.append(tree)
            sources.append(" * ".join(self.source(edge) for edge in way) or "1.0")
            numbers = [float(edge.output._local_derivatives[edge.place]) for edge in way]
            products.append(" * ".join(self.python.write(x, 4) for x in numbers) or "1.0")
        first = Formula(
            " + ".join(c.text for c in chains) or "1", " + ".join(c.latex for c in chains) or "1"
        )
        if len(first.text) > WIDE and len(chains) > 1:
            first = Formula(
                "\n    + ".join(c.text for c in chains),
                "\\\\\n&\\quad + ".join(c.latex for c in chains),
            )
        rows = [] if ways == [[]] else [first]
        rows += self.stages(trees, node)
        text, latex = _stacked(total, rows)
        return Line(name, " + ".join(sources), text, latex, (), PATHS, numbers=" + ".join(products))

    def factored(self, node: Node) -> Line:
        """d(root)/d(node) from the gradients of its uses."""
        left = _partial(self.symbols[self.root], self.symbols[node])
        name = self.cotangent(node)
        if node is self.root:
            return Line(
                name, "1.0", f"{left.text} = 1", f"{left.latex} &= 1", (), FACTORED, numbers="1.0"
            )
        trees, sources, products, chains = [], [], [], []
        edges = self.shares[node]
        few = [*edges[: TERMS - 1], edges[-1]] if len(edges) > TERMS else edges
        for edge in few:
            g, d, p = self.gradient(edge.output), self.derivative(edge), self.partial(edge)
            above = _partial(self.symbols[self.root], self.symbols[edge.output])
            direct = edge.output is self.root
            chains.append(
                p if direct else Formula(f"{above.text} · {p.text}", rf"{above.latex}\,{p.latex}")
            )
            above_tree = np.float64(g.sample) if self.constant(edge.output) else g
            one = _is_one(above_tree)
            trees.append(d if direct or one else above_tree if _is_one(d) else above_tree * d)
        for edge in edges:
            g_name, d_source = self.cotangent(edge.output), self.source(edge)
            sources.append(f"{g_name} * {d_source}")
            d_number = float(edge.output._local_derivatives[edge.place])
            pair = self.number_of(edge.output), d_number
            products.append(" * ".join(self.python.write(x, 4) for x in pair))
        if few is not edges:
            trees.insert(-1, Letter(DOTS, sample=0.0))
            chains.insert(-1, Formula("…", r"\dots"))
        first = Formula(" + ".join(c.text for c in chains), " + ".join(c.latex for c in chains))
        text, latex = _stacked(left, [first, *self.stages(trees, node)])
        return Line(
            name, " + ".join(sources), text, latex, (), FACTORED, numbers=" + ".join(products)
        )

    def stages(self, trees: list[Any], node: Node) -> list[Formula]:
        """A sum of terms with symbols, with numbers, and the result."""
        symbols, numbers = self.sum_of(trees, False), self.sum_of(trees, True)
        rows = [symbols, numbers, number(self.number_of(node), self.digits)]
        return [row for i, row in enumerate(rows) if not i or row.text != rows[i - 1].text]

    def sum_of(self, trees: list[Any], numbers: bool) -> Formula:
        """A sum of terms, on one row or, when it is long, with a row for each term."""
        if not trees:
            return Formula("0", "0")
        tree = trees[0]
        for term in trees[1:]:
            tree = tree + term
        whole = self.formulas.write(tree, numbers=numbers)
        if len(whole.text) <= WIDE or len(trees) == 1:
            return whole
        terms = [self.formulas.write(term, numbers=numbers) for term in trees]
        text, latex = terms[0]
        for term in terms[1:]:
            minus = term.text.startswith("−") and term.latex.startswith("-")
            text += f"\n    − {term.text[1:]}" if minus else f"\n    + {term.text}"
            latex += "\\\\\n&\\quad " + (f"- {term.latex[1:]}" if minus else f"+ {term.latex}")
        return Formula(text, latex)

    def constant(self, node: Node) -> bool:
        """Whether a gradient is made of numbers alone: then it is not called by a name."""
        if len(self.order) > SMALL:
            return False
        if not hasattr(self, "_constant"):
            self._constant: set[Node] = {self.root}
            for each in reversed(self.order):
                edges = self.shares.get(each, [])
                if edges and all(
                    edge.output in self._constant and not isinstance(self.derivative(edge), Letter)
                    for edge in edges
                ):
                    self._constant.add(each)
        return node in self._constant


def _stacked(left: Formula, rows: list[Formula]) -> tuple[str, str]:
    """Equations one below the other."""
    kept = [row for i, row in enumerate(rows) if row.text != (rows[i - 1].text if i else left.text)]
    margin = " " * len(left.text)
    text = f"{left.text} = " + "\n".join(
        (f"{margin} = " if i else "") + row.text.replace("\n", f"\n{margin}")
        for i, row in enumerate(kept)
    )
    latex = f"{left.latex} &= " + "\\\\\n&= ".join(row.latex for row in kept)
    return text, latex


def _is_zero(tree: Any) -> bool:
    return not isinstance(tree, Letter) and bool(tree == 0)


def _sample(tree: Any) -> Any:
    return tree.sample if isinstance(tree, Letter) else tree


def _is_one(tree: Any) -> bool:
    return not isinstance(tree, Letter) and bool(tree == 1)


def _plain(x: Any) -> Any:
    return x.item() if isinstance(x, np.generic | np.ndarray) else x


def _letters(tree: Any) -> set[str]:
    """The names in a tree."""
    found = set()
    for x in walk(tree, _mattering):
        if isinstance(x, Letter) and x.is_symbol:
            found.add(x.function)
        elif len(arguments_of(x)) > 1 and x.function in ("sum", "prod", "sum_squares", "mean"):
            found.add(DOTS)  # n-ary: Python's function takes an array
    return found


def _mattering(x: Any) -> Sequence[Any]:
    """The arguments of a letter, but that of an indicator which says only in which dtype."""
    arguments = arguments_of(x)
    return arguments[:1] if isinstance(x, Letter) and x.function == "indicator" else arguments


def _partial(of: Formula, by: Formula) -> Formula:
    return Formula(
        f"∂{of.text}/∂{by.text}", rf"\frac{{\partial {of.latex}}}{{\partial {by.latex}}}"
    )


def _derivative(of: Formula, by: Formula) -> Formula:
    return Formula(f"d{of.text}/d{by.text}", rf"\frac{{d{of.latex}}}{{d{by.latex}}}")


def _unless_same(shown: str, value: str, sign: str) -> str:
    return "" if shown == value else sign + shown


def _count(count: int) -> Formula:
    """A number of paths: all its digits, or its magnitude where there are very many."""
    if count.bit_length() <= 256:
        digits = f"{count:,}"
        return Formula(digits, digits.replace(",", "{,}"))
    exponent = int((count.bit_length() - 1) * 0.30102999566398120)
    return Formula(f"about 10^{exponent:,}", rf"\text{{about }}10^{{{exponent}}}")
