"""The network as a network: units as circles, weights as lines, read off a recorded graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from autograd.context.scopes import Scope
from autograd.engine.graph import Node, topological_order
from autograd.engine.value import Value
from autograd.formulas.names import formula_of, layers_around
from autograd.formulas.plain import number
from autograd.views.canvas.layout import text_width
from autograd.views.canvas.sheet import ModelPicture, Rules, safe
from autograd.views.labels import has_bias

Array = np.ndarray[Any, Any]

WIDEST = 64
"""Units of a layer that are all drawn."""

ENDS = 12
"""Units at either end of a layer of more that are drawn."""


# --- reading the graph ------------------------------------------------------------------------------


@dataclass(eq=False)
class DrawnLayer:
    """One affine map and what follows it: its weights (out, in), biases, units and activation.

    The units are what the next layer takes, or what comes out: a Tensor, or one Value for each.
    """

    weight: Array
    bias: Array | None
    taken: Any
    units: Any
    activation: list[str]
    names: Sequence[Sequence[str | None]]  # of the weights by unit, and last of the biases
    columns: bool = False  # whether instances are columns, as in W X + b


class Affine(NamedTuple):
    """An affine map of parameters: what it takes, its weights (out, in) and biases, and their names.

    Of a Value, a neuron, there is one unit.
    """

    taken: Sequence[Any]
    weight: Array
    bias: Any
    names: Sequence[Sequence[str | None]]
    bias_names: Sequence[str | None]
    columns: bool = False


LOSSES = {"neg", "log", "square", "abs", "sqrt", "sum", "mean"}
"""Functions of one thing that are rather a loss's than an activation."""


class NoChainError(ValueError):
    """A graph is no chain of affine maps and activations."""

    def __init__(self, why: str) -> None:
        super().__init__(
            'view="network" draws affine maps with activations between them, one after another, and '
            f'{why}; view="architecture" draws any model, and draw(output) any graph'
        )


def layers_below(outputs: Sequence[Node]) -> list[DrawnLayer]:
    """The layers of a network, from the nodes that it gave for one input, or for a batch of Tensors.

    Raises:
        ValueError: it is no chain of affine maps with activations between them.
    """
    return _NetworkReading(outputs).layers


class _NetworkReading:
    """One walk from the input to the outputs.

    A node's level is the number of affine maps below it. In a chain every level has one affine map of
    Tensors, or neurons that take the same Values, and nothing joins two levels.
    """

    def __init__(self, outputs: Sequence[Node]) -> None:
        self.levels: dict[Node, int] = {}
        self.below: dict[Node, Node] = {}  # an affine node that a node was computed from
        self.inputs: set[int] = set()  # what the first layer takes, by identity
        self.affine: list[list[Node]] = []
        self.after: list[dict[Node, str]] = []  # what else was computed at a level, with a name
        self.added: dict[Node, Node] = {}  # biases that code adds itself, by affine node
        nodes = topological_order(outputs, arguments=True)
        self.sums, inside = sums_of_products(nodes)
        for node in nodes:
            if node.primitive is not None and node not in inside:
                self.read(node)
        if not self.affine:
            raise NoChainError("there is no affine map")
        if self.affine[-1][0].scope is None:
            self.leave_out_the_loss()
        self.layers = [self.layer(k, outputs) for k in range(len(self.affine))]

    def read(self, node: Node) -> None:
        """Give one node its level, and note what it is there."""
        parts = self.affine_of(node)
        taken = node.arguments if parts is None else parts.taken
        came = [x for x in taken if isinstance(x, Node) and x in self.levels]
        levels = {self.levels[x] for x in came}
        if came and any(id(x) in self.inputs for x in node.arguments):
            levels.add(0)
        if len(levels) > 1:
            what = node.primitive.name if node.primitive else ""
            raise NoChainError(f"here {what} joins what has gone through different layers")
        level = levels.pop() if levels else 0
        if parts is None:
            if came:  # else it is made of data or of parameters alone
                self.levels[node] = level
                self.below[node] = self.below[came[0]]
                self.note(node, level - 1)
            return
        if not level:
            self.inputs |= {id(x) for x in taken if isinstance(x, Node | np.ndarray)}
        self.levels[node] = level + 1
        self.below[node] = node
        if level == len(self.affine):
            self.affine.append([])
            self.after.append({})
        self.affine[level].append(node)

    def affine_of(self, node: Node) -> Affine | None:
        """The affine map that a node is, in one operation or in many."""
        return self.sums.get(node) or affine(node)

    def note(self, node: Node, k: int) -> None:
        """What follows an affine map: a bias that is added, an activation, or no part of the network."""
        source = self.affine[k][0]
        if outermost(node.scope) is not outermost(source.scope) and source.scope is not None:
            return  # a loss
        base = self.below[node]
        others = [x for x in node.arguments if isinstance(x, Node) and x not in self.levels]
        if (
            node.primitive is not None
            and node.primitive.name == "add"
            and any(x is base for x in node.arguments)
        ):
            count = len(part.weight) if (part := self.affine_of(base)) is not None else 0
            vector = [x for x in others if x.requires_grad and np.size(x.data) == count]
            if vector and base not in self.added:
                self.added[base] = vector[0]
                self.after[k][node] = ""
                return
        made_in = node.scope
        functional = made_in is None or encloses(made_in, base.scope)
        assert node.primitive is not None
        name = node.primitive.name if functional or made_in is None else made_in.kind
        self.after[k][node] = name

    def leave_out_the_loss(self) -> None:
        """Of code without modules the network ends where something other than an activation begins."""
        kept: dict[Node, str] = {}
        ends = self.affine[-1]
        for node, name in self.after[-1].items():
            primitive = node.primitive
            alone = primitive is not None and primitive.arity == 1 and name not in LOSSES
            if not name or (alone and any(node.arguments[0] is x for x in (*ends, *kept))):
                kept[node] = name
        self.after[-1] = kept

    def activation(self, k: int) -> list[str]:
        """What is between an affine map and the next, each once."""
        return list(dict.fromkeys(filter(None, self.after[k].values())))

    def layer(self, k: int, outputs: Sequence[Node]) -> DrawnLayer:
        """The k-th layer, from 0."""
        nodes = self.affine[k]
        parts = [part for node in nodes if (part := self.affine_of(node)) is not None]
        last = k + 1 == len(self.affine)
        first = parts[0]
        if not isinstance(nodes[0], Value):
            if len(nodes) > 1:
                raise NoChainError(f"layer {k + 1} has {len(nodes)} affine maps beside each other")
            bias, bias_names = first.bias, first.bias_names
            if bias is None and nodes[0] in self.added:
                added = self.added[nodes[0]]
                bias, bias_names = np.ravel(added.data), elements(added, np.size(added.data))
            units = self.tensor_units(k) if last else self.taken_by(k + 1)
            wide = np.shape(units.data)[0 if first.columns else -1]
            if wide != len(first.weight):
                raise NoChainError(f"layer {k + 1} has {len(first.weight)} units, and {wide} go on")
            names = [*first.names, bias_names]
            activation = self.activation(k)
            return DrawnLayer(
                first.weight, bias, first.taken[0], units, activation, names, first.columns
            )
        if any(not alike(part.taken, first.taken) for part in parts):
            raise NoChainError(
                f"the neurons of layer {k + 1} take different inputs (of a network of Values give one "
                "instance, a list of its inputs)"
            )
        given = list(self.value_units(k, outputs) if last else self.taken_by(k + 1))
        if len(given) != len(parts):
            raise NoChainError(f"layer {k + 1} has {len(parts)} neurons, and {len(given)} go on")
        # The order is that in which they are taken, where each comes from one neuron.
        order = [nodes.index(self.below[x]) for x in given if self.below.get(x) in nodes]
        if sorted(order) != list(range(len(nodes))):
            order = list(range(len(nodes)))
        parts = [parts[i] for i in order]
        weight = np.concatenate([part.weight for part in parts])
        bias = np.array([0.0 if part.bias is None else part.bias for part in parts])
        names = [part.names[0] for part in parts] + [[part.bias_names[0] for part in parts]]
        return DrawnLayer(weight, bias, list(first.taken), given, self.activation(k), names)

    def taken_by(self, k: int) -> Any:
        """What the affine map of a level takes: one Tensor or array, or Values."""
        node = self.affine[k][0]
        found = self.affine_of(node)
        assert found is not None
        return found.taken if isinstance(node, Value) else found.taken[0]

    def tensor_units(self, k: int) -> Any:
        """What comes out of the last affine map: after the activations that keep its shape."""
        node = self.affine[k][0]
        same = [each for each in self.after[k] if each.shape == node.shape]
        return same[-1] if same else node

    def value_units(self, k: int, outputs: Sequence[Node]) -> list[Node]:
        """The Values that come out: the outputs, or where these are a loss, what the neurons gave."""
        own = set(self.after[k]) | set(self.affine[k])
        if len(outputs) == len(self.affine[k]) and own.issuperset(outputs):
            return list(outputs)
        latest: dict[Node, Node] = {}
        for each in [*self.affine[k], *self.after[k]]:
            latest[self.below[each]] = each
        return [latest[each] for each in self.affine[k]]


def affine(node: Node) -> Affine | None:
    """The affine map of parameters that a node is; ``None`` of other nodes."""
    primitive = node.primitive
    if primitive is None or primitive.name not in ("linear", "matmul"):
        return None
    arguments = node.arguments
    if isinstance(node, Value):
        half = len(arguments) // 2
        bias = arguments[-1] if has_bias(node) else None
        weights = arguments[half:] if bias is None else arguments[half:-1]
        if not all(isinstance(w, Node) and w.is_leaf for w in weights):
            return None
        numbers = np.array([[w.data for w in weights]])
        names = [[w.name for w in weights]]
        taken = arguments[: len(weights)]
        if bias is None:
            return Affine(taken, numbers, None, names, [None])
        return Affine(taken, numbers, bias.data, names, [bias.name])
    if primitive.name == "linear":
        x, weight, *rest = arguments
        if not is_weight(weight):
            return None
        bias = rest[0] if rest and isinstance(rest[0], Node) else None
        count = len(weight.data)
        return Affine(
            [x],
            weight.data,
            None if bias is None else bias.data,
            matrix(weight),
            elements(bias, count),
        )
    left, right = arguments
    if is_weight(right) and not (is_weight(left) and is_data(right)):
        names = [list(column) for column in zip(*matrix(right), strict=True)]
        return Affine([left], right.data.T, None, names, elements(None, len(names)))
    if is_weight(left):
        columns = len(np.shape(right.data if isinstance(right, Node) else right)) > 1
        return Affine(
            [right], left.data, None, matrix(left), elements(None, len(left.data)), columns
        )
    return None


def sums_of_products(nodes: Sequence[Node]) -> tuple[dict[Node, Affine], set[Node]]:
    """Neurons that are written out, ``sum(w * x for ...) + b`` of Values; and the nodes inside these.

    Of two leaves that are multiplied the input is the one that other products have as well, or else the
    second.
    """
    users: Counter[Node] = Counter()
    factors: Counter[Node] = Counter()
    adds: list[Node] = []
    held: set[Node] = set()
    for node in nodes:
        if not isinstance(node, Value) or node.primitive is None:
            continue
        inputs = [x for x in node.arguments if isinstance(x, Node)]
        users.update(inputs)
        if node.primitive.name == "mul":
            if len(set(inputs)) == len(inputs):  # squares tell nothing
                factors.update(inputs)
        elif node.primitive.name == "add":
            adds.append(node)
            held.update(inputs)
    parts = {x for x in held if users[x] == 1 and x in set(adds)}
    found: dict[Node, Affine] = {}
    inside: set[Node] = set()
    for top in adds:
        if top in parts:
            continue
        biases: list[Any] = []
        pairs: list[tuple[Any, Any]] = []
        within: list[Node] = []
        stack: list[Any] = [top]
        whole = True
        while stack and whole:
            x = stack.pop()
            if not isinstance(x, Node):
                whole = x == 0  # what Python's sum begins with
            elif x is top or x in parts:
                within.append(x)
                stack += reversed(x.arguments)
            elif x.primitive is None:
                biases.append(x)
            elif x.primitive.name == "mul" and (pair := weighted(x, factors)) is not None:
                within.append(x)
                pairs.append(pair)
            else:
                whole = False
        if whole and pairs and len(biases) <= 1:
            bias = biases[0] if biases else None
            found[top] = Affine(
                [x for _, x in pairs],
                np.array([[w.data for w, _ in pairs]]),
                None if bias is None else bias.data,
                [[w.name for w, _ in pairs]],
                [None if bias is None else bias.name],
            )
            inside.update(within[1:])
    return found, inside


def weighted(product: Node, factors: Mapping[Node, int]) -> tuple[Any, Any] | None:
    """(weight, input) of a product; None where no factor is a leaf."""
    left, right = product.arguments
    leaves = [isinstance(x, Node) and x.is_leaf for x in (left, right)]
    if left is right or not any(leaves):
        return None
    if all(leaves):
        return (right, left) if factors[left] > factors[right] else (left, right)
    return (left, right) if leaves[0] else (right, left)


def matrix(weight: Node) -> Sequence[Sequence[str | None]]:
    """The names of the elements of a matrix."""
    rows, columns = weight.shape
    if weight.name is None:
        return [[None] * columns] * rows
    return [[f"{weight.name}[{i}, {j}]" for j in range(columns)] for i in range(rows)]


def elements(vector: Node | None, count: int) -> Sequence[str | None]:
    """The names of the elements of a vector; of none, none."""
    if vector is None or vector.name is None:
        return [None] * count
    return [f"{vector.name}[{i}]" for i in range(count)]


def is_data(x: Node) -> bool:
    """Whether a leaf that is a matrix is rather what a weight is applied to."""
    return not x.requires_grad or (x.name or "").lower().startswith("x")


def alike(these: Sequence[Any], those: Sequence[Any]) -> bool:
    """Whether two neurons take the same: nodes are compared by identity, numbers as numbers."""
    return len(these) == len(those) and all(
        a is b or (not isinstance(a, Node) and not isinstance(b, Node) and a == b)
        for a, b in zip(these, those, strict=True)
    )


def is_weight(x: Any) -> bool:
    """Whether x is a leaf that is a matrix."""
    return isinstance(x, Node) and x.is_leaf and len(x.shape) == 2


def outermost(scope: Scope | None) -> Any:
    """The scope of the whole model, or what stands for none."""
    while scope is not None and scope.parent is not None:
        scope = scope.parent
    return scope


def encloses(outer: Scope, inner: Scope | None) -> bool:
    """Whether a scope is another one, or lies around it."""
    while inner is not None:
        if inner is outer or inner.path == outer.path:
            return True
        inner = inner.parent
    return False


# --- the drawing ------------------------------------------------------------------------------------

RULES: Rules = {
    ".head": "font: bold 13px Helvetica, Arial, sans-serif",
    ".value": "font: 10px Helvetica, Arial, sans-serif",
    ".unit": "fill: {background}; stroke: {faint}; stroke-width: 1",
    ".dot": "fill: {faint}",
    ".up": "stroke: {positive}",
    ".down": "stroke: {negative}",
    ".plus": "fill: {positive}",
    ".minus": "fill: {negative}",
}


def called(name: str | None, k: int, otherwise: str, numbers: Mapping[str, int]) -> str:
    """What all views call a parameter, by the layers' numbers; `otherwise`, in the k-th, of no name."""
    if name is None:
        return formula_of(otherwise, {"layers.0": k}, array=False).text
    return formula_of(name, numbers, array=False).text


def values_of(units: Any, columns: bool = False) -> Array:
    """One number for each unit: of a batch the mean."""
    if isinstance(units, list | tuple):
        return np.array([x.data if isinstance(x, Node) else x for x in units], dtype=np.float64)
    data = np.asarray(units.data if isinstance(units, Node) else units, dtype=np.float64)
    data = data.T if columns else data
    mean: Array = data.reshape(-1, data.shape[-1]).mean(axis=0)
    return mean


class Column:
    """The units of one layer: which of them are drawn, and where."""

    def __init__(self, count: int, values: Array | None, head: list[str]) -> None:
        self.count, self.values, self.head = count, values, head
        if count <= WIDEST:
            self.shown = list(range(count))
        else:
            self.shown = [*range(ENDS), *range(count - ENDS, count)]
        self.left_out = count - len(self.shown)
        slots = len(self.shown) + 2 * bool(self.left_out)
        self.apart = min(46.0, 510 / slots)
        self.radius = min(17.0, 0.4 * self.apart)
        self.height = self.apart * slots
        self.x = 0.0
        self.top = 0.0
        self.largest = 1.0
        if values is not None:
            self.largest = float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0

    def y(self, slot: int) -> float:
        """The middle of the unit that is drawn in a place."""
        gap = 2 if self.left_out and slot >= ENDS else 0
        return self.top + (slot + gap + 0.5) * self.apart

    def middle(self) -> float:
        """The middle of the gap."""
        return self.top + (ENDS + 1) * self.apart


def network_picture(
    outputs: Sequence[Node], kind: str, rest: str, *, known: bool, theme: str, digits: int
) -> ModelPicture:
    """Draw the network that some nodes came out of; with `known`, its units hold the values it had.

    The title says what kind of model it is, the widths of its layers, and the rest.
    """
    layers = layers_below(outputs)
    first = layers[0]
    widths = [str(first.weight.shape[1]), *(str(len(layer.weight)) for layer in layers)]
    if len(widths) > 12:
        widths[6:-5] = ["…"]
    title = ": ".join(filter(None, (f"{kind} {'-'.join(widths)}", rest)))
    weights = np.concatenate([np.abs(each.weight).ravel() for each in layers])
    biases = [np.abs(each.bias).ravel() for each in layers if each.bias is not None]
    every = np.concatenate([weights, *biases])
    scale = float(every[np.isfinite(every)].max(initial=0.0)) or 1.0
    columns = [
        Column(
            first.weight.shape[1],
            values_of(first.taken, first.columns) if known else None,
            ["input"],
        )
    ]
    for k, layer in enumerate(layers, start=1):
        name = "output" if k == len(layers) else f"hidden {k}" if len(layers) > 2 else "hidden"
        values = values_of(layer.units, layer.columns) if known else None
        columns.append(Column(len(layer.weight), values, [name]))
        columns[-1].head += [", ".join(layer.activation)] if layer.activation else []
    for column in columns:
        column.head.insert(1, f"{column.count:,} unit{'s' * (column.count != 1)}")
    numbers = layers_around(topological_order(outputs, arguments=True))
    notes = legend(columns, known, digits, scale)
    size = place(columns, title, notes)
    edges: list[tuple[float, str]] = []
    for k, (layer, left, right) in enumerate(
        zip(layers, columns[:-1], columns[1:], strict=True), start=1
    ):
        edges += lines(layer, left, right, scale, k, digits, numbers)
    edges.sort(key=lambda each: each[0])  # the strongest lie on top
    shapes = [f'<text class="title" x="16" y="26">{safe(title)}</text>']
    shapes += [shape for _, shape in edges]
    for k, column in enumerate(columns):
        shapes += circles(column, k, layers, scale, digits, numbers)
    shapes += legend_shapes(notes, size[1] - 18.0 * len(notes) - 4)
    heads = ", ".join(" ".join(column.head[:2]) for column in columns)
    told = f"network {title}: a column of circles for each layer ({heads}), a line for each weight"
    return ModelPicture(shapes, size, title, what="model", rules=RULES, theme=theme, told=told)


def place(columns: list[Column], title: str, notes: list[tuple[str, str]]) -> tuple[float, float]:
    """Give each column its place; the size of the whole."""
    tallest = max(column.height for column in columns)
    heads = 16.0 * max(len(column.head) for column in columns)
    broadest = max(text_width(line, 13) for column in columns for line in column.head)
    gap = max(150.0, broadest + 28, 0.3 * tallest)
    left = max(64.0, broadest / 2 + 20)
    for k, column in enumerate(columns):
        column.x = left + k * gap
        column.top = 50 + heads + (tallest - column.height) / 2
    width = max(
        2 * left + (len(columns) - 1) * gap,
        text_width(title, 15) * 1.06 + 32,
        *(text_width(words, 12) + 72 for _, words in notes),
    )
    return width, 50 + heads + tallest + 20 + 18 * len(notes) + 10


def lines(
    layer: DrawnLayer,
    left: Column,
    right: Column,
    scale: float,
    k: int,
    digits: int,
    numbers: Mapping[str, int],
) -> list[tuple[float, str]]:
    """(|w| as a part of the largest, the line) of the weights between two columns."""
    count = len(left.shown) * len(right.shown)
    few = count <= 600
    thickest = 5.0 if few else 2.5
    # Of many lines the weak ones fade, or all would be one surface.
    fading, faintest = (1.0, 0.2) if few else (1.0 + min(count / 1500, 2.0), 0.04)
    found = []
    for b, j in enumerate(right.shown):
        for a, i in enumerate(left.shown):
            w = float(layer.weight[j, i])
            if not w:
                continue
            part = min(abs(w) / scale, 1.0) if np.isfinite(w) else 1.0
            opacity = faintest + (0.9 - faintest) * part**fading
            start, end = (left.x + left.radius, left.y(a)), (right.x - right.radius, right.y(b))
            told = ""
            if few:
                name = called(layer.names[j][i], k, f"layers.0.weight[{j}, {i}]", numbers)
                told = f"<title>{safe(name)} = {number(w, digits)}</title>"
            found.append(
                (
                    part,
                    f'<path class="{"up" if w > 0 else "down"}" '
                    f'd="M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}" '
                    f'stroke-width="{0.4 + thickest * part:.2f}" '
                    f'stroke-opacity="{opacity:.2f}">{told}</path>',
                )
            )
    return found


def circles(
    column: Column,
    k: int,
    layers: list[DrawnLayer],
    scale: float,
    digits: int,
    numbers: Mapping[str, int],
) -> list[str]:
    """The units of a column, what stands above it, and the gap where some are left out."""
    out = []
    last = k == len(layers)
    bias = layers[k - 1].bias if k else None
    name = "x" if not k else "y" if last else "h"
    for row, line in enumerate(column.head):
        kind = "head" if not row else "faint"
        out.append(
            f'<text class="{kind}" x="{column.x:.1f}" y="{50 + 16 * row}" '
            f'text-anchor="middle">{safe(line)}</text>'
        )
    r = column.radius
    for slot, i in enumerate(column.shown):
        at = f'cx="{column.x:.1f}" cy="{column.y(slot):.1f}" r="{r:.1f}"'
        unit = called(None, k, f"layers.0.h[{i}]" if name == "h" else f"{name}{i + 1}", numbers)
        words = [unit]
        parts = [f'<circle class="unit" {at}/>']
        text = ""
        if column.values is not None:
            x = float(column.values[i])
            words = [f"{unit} = {number(x, digits)}"]
            part = min(abs(x) / column.largest, 1.0) if np.isfinite(x) else 1.0
            if x:
                kind = "plus" if x > 0 else "minus"
                parts.append(
                    f'<circle class="{kind}" {at} fill-opacity="{0.08 + 0.62 * part:.2f}"/>'
                )
            texts = (number(x, few) for few in (2, 1))
            text = next((each for each in texts if text_width(each, 10) < 2 * r - 3), "")
        if bias is not None:
            b = float(bias[i])
            called_b = called(layers[k - 1].names[-1][i], k, f"layers.0.bias[{i}]", numbers)
            words.append(f"{safe(called_b)} = {number(b, digits)}")
            if b and np.isfinite(b):
                ring = 0.8 + min(4.0, 0.4 * r) * min(abs(b) / scale, 1.0)
                kind = "up" if b > 0 else "down"
                parts.append(f'<circle class="{kind}" {at} fill="none" stroke-width="{ring:.2f}"/>')
        if text and r >= 12:
            parts.append(
                f'<text class="value" x="{column.x:.1f}" y="{column.y(slot) + 3.5:.1f}" '
                f'text-anchor="middle">{text}</text>'
            )
        out.append(f"<g><title>{', '.join(words)}</title>{''.join(parts)}</g>")
        if (not k or last) and column.apart >= 14 and (column.count > 1 or not last):
            side, anchor = (-r - 7, "end") if not k else (r + 7, "start")
            out.append(
                f'<text class="faint" x="{column.x + side:.1f}" y="{column.y(slot) + 4:.1f}" '
                f'text-anchor="{anchor}">{unit}</text>'
            )
    if column.left_out:
        for step in (-1, 0, 1):
            y = column.middle() + 6 * step
            out.append(f'<circle class="dot" cx="{column.x:.1f}" cy="{y:.1f}" r="1.8"/>')
    return out


def legend(columns: list[Column], known: bool, digits: int, scale: float) -> list[tuple[str, str]]:
    """(what is shown, what it means) in lines."""
    most = number(scale, 3)
    notes = [
        ("up", f"positive weight; the thickest lines are of size {most}"),
        ("down", "negative weight; a ring around a unit is its bias, on the same scale"),
    ]
    if known:
        notes.append(
            (
                "plus",
                "positive unit; the stronger its colour, the nearer to the largest of its layer",
            )
        )
        notes.append(("minus", "negative unit"))
    else:
        notes.append(("unit", 'unit without a value: draw(model, x, view="network") fills it'))
    if any(column.left_out for column in columns):
        told = [
            f"{column.left_out:,} of {column.count:,} ({column.head[0]})"
            for column in columns
            if column.left_out
        ]
        notes.append(("", f"⋯ units left out with their weights: {', '.join(told)}"))
    return notes


def legend_shapes(notes: list[tuple[str, str]], top: float) -> list[str]:
    """The lines below the picture."""
    out = []
    for row, (kind, words) in enumerate(notes):
        y = top + 18 * row
        if kind in ("up", "down"):
            out.append(f'<path class="{kind}" d="M18 {y - 4:g}L44 {y - 4:g}" stroke-width="3"/>')
        elif kind:
            opacity = "" if kind == "unit" else ' fill-opacity="0.6"'
            out.append(f'<circle class="unit" cx="31" cy="{y - 4:g}" r="6"/>')
            out.append(f'<circle class="{kind}" cx="31" cy="{y - 4:g}" r="6"{opacity}/>')
        out.append(f'<text class="faint" x="54" y="{y:g}">{safe(words)}</text>')
    return out
