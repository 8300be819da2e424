"""What a node is called: one name for an input, a weight, a bias, in every view.

A name that somebody gave is typeset: ``x1`` is x₁, ``theta`` is θ. The path of a parameter says what it
is: ``layers.0.neurons.2.w.1``, of a neuron made of Values, and ``layers.0.weight[2, 1]``, of an array,
are both w⁽¹⁾₃₂, the weight of the first layer from its second input to its third neuron.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from autograd.context.scopes import Scope
from autograd.engine.graph import Node
from autograd.engine.value import Value
from autograd.formulas.notation import Formula
from autograd.formulas.plain import JOINERS

GREEK = dict(
    zip(
        (
            *(
                "alpha",
                "beta",
                "gamma",
                "delta",
                "epsilon",
                "zeta",
                "eta",
                "theta",
                "iota",
                "kappa",
            ),
            *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi"),
            *("psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon"),
            *("Phi", "Psi", "Omega"),
        ),
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
        strict=True,
    )
)
"""The letters that LaTeX and Python call by a word."""

LATEX = {letter: rf"\{word}" for word, letter in GREEK.items()}
SCALED, SLOPE = "γβ", "αβ"
"""What the lectures call the weight and the bias of a normalisation, and the slope of a rectifier."""

WEIGHTS = {"weight": ("W", "w"), "weights": ("W", "w"), "w": ("w", "w"), "W": ("W", "w")}
PARAMETERS = WEIGHTS | {"bias": ("b", "b"), "biases": ("b", "b"), "b": ("b", "b")}
"""How the lectures write a layer's parameters: the array, and one element of it."""

LONG = {"weight", "weights", "bias", "biases"}
"""Those that nobody writes after a dot who does not mean a module's."""

PRODUCTS = {"linear", "einsum", "outer"}
"""The products by weights, beside those written with @."""

CONTAINERS = {"layers", "modules", "blocks"}
"""Lists whose members are layers, whatever they hold."""

ESCAPES = {
    "\\": r"{\backslash}",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "^": r"{\wedge}",
    "~": r"{\sim}",
    "<": r"{\lt}",
    ">": r"{\gt}",
}
"""What LaTeX gives a meaning to, written so that both KaTeX and MathJax show the character.

Braces make an operator a letter, with no space around it.
"""

BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
ABOVE = str.maketrans("0123456789()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾")
LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉")
PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹", "01234567890123456789")

INDEXED = re.compile(r"(?P<name>.*?)(?P<index>(?:\[\d+(?:, ?\d+)*\])*)", re.DOTALL)
WORD = re.compile(r"(?P<letters>[A-Za-z]+?)_?(?P<digits>\d*)(?P<primes>'*)")
PRIMED = re.compile(r"\w+'*")
RESERVED = {"np", "autograd", "g", "G", "n", "dict", "lambda"}

LONGEST = 60
"""Characters of a name that are shown."""


# --- pieces -----------------------------------------------------------------------------------------


def escaped(text: str) -> str:
    """Any text as LaTeX that shows it and does nothing else."""
    shown, plain = "", ""
    for c in text:
        if c in ESCAPES:
            shown += (rf"\text{{{plain}}}" if plain else "") + ESCAPES[c]
            plain = ""
        else:
            plain += c
    return shown + (rf"\text{{{plain}}}" if plain else "")


def one_line(name: str) -> str:
    """A name on one line, and not too long."""
    line = " ".join("".join(c if c.isprintable() or c in JOINERS else " " for c in name).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def subscripted(base: Formula, index: str) -> Formula:
    """A letter with digits below it: v₁."""
    return Formula(base.text + index.translate(BELOW), f"{base.latex}_{{{index}}}")


def identifier(name: str) -> str:
    """A Python name as close to a given one as can be.

    >>> identifier("w⁽¹⁾₃₂"), identifier("lambda"), identifier("learning rate")
    ('w1_32', 'lambda_', 'learning_rate')
    """
    name = re.sub(r"⁽([⁰¹²³⁴⁵⁶⁷⁸⁹]+)⁾(?=[₀-₉])", r"\1_", name).translate(PLAIN)
    plain = re.sub(r"\W+", "_", re.sub("[⁽⁾]", "", name)).strip("_") or "v"
    if not plain.isidentifier():
        plain = f"v{plain}"
    if not plain.isidentifier():
        plain = re.sub(r"[^A-Za-z0-9_]+", "_", plain)
    return f"{plain}_" if keyword.iskeyword(plain) or plain in RESERVED else plain


def _base(word: str) -> tuple[Formula, str] | None:
    """A word such as ``x``, ``x1``, ``theta_2``, ``h_prev``: its letter, and what stands below it."""
    if (match := WORD.fullmatch(word)) and (letter := _letter(match["letters"])):
        primes = match["primes"]
        return Formula(letter.text + primes, letter.latex + primes), match["digits"]
    head, _, tail = word.partition("_")
    if (letter := _letter(head)) and tail.isalnum():
        return letter, tail
    return None


def _letter(word: str) -> Formula | None:
    """A word that mathematics writes as one letter, or ``None``."""
    if word in GREEK:
        return Formula(GREEK[word], rf"\{word}")
    alone = len(word) == 1 and word.isascii() and word.isalpha()
    return Formula(word, word) if alone else None


# --- one name ---------------------------------------------------------------------------------------


class Parts(NamedTuple):
    """What a name says: the layer, what of it, and which of these, counted from 0."""

    layer: str
    word: str
    place: tuple[int, ...]


@lru_cache(maxsize=100_000)
def _parts(name: str, array: bool | None) -> Parts:
    """A name taken apart. `array` tells whether it is that of a whole array; ``None``: not known."""
    match = INDEXED.fullmatch(name)
    assert match is not None  # it matches whatever comes
    path = match["name"].split(".")
    brackets = tuple(int(i) for i in re.findall(r"\d+", match["index"]))
    digits: list[int] = []
    while len(path) > 1 and path[-1].isdecimal() and not brackets:
        digits.insert(0, int(path.pop()))
    if path[-1][-1:].isdecimal() and digits and len(path) == 1:  # v1.2 is a name with a dot
        return Parts("", name, ())
    *owner, word = path
    index = (*digits, *brackets)
    # A number has one neuron as its owner where that stands in a list, and is a weight of one index or
    # a number of its own. An element of a layer's array has the layer itself.
    alone = len(index) == (1 if word in WEIGHTS else 0)
    known = array is False or (array is None and (digits or word in ("w", "b")))
    listed = len(owner) > 1 and owner[-1].isdecimal() and owner[-2] not in CONTAINERS
    if alone and known and not brackets and listed:
        index = (int(owner.pop()), *index)
        if len(owner) > 1 and owner[-2].isdecimal():
            owner.pop()  # layers.0.neurons is layers.0
    return Parts(".".join(owner), word, index)


class Layers(dict[str, int]):
    """The numbers of layers by their paths, counted from 1 as the lectures do.

    A layer is what multiplies its input by weights. What has parameters and is none, as a normalisation
    or a rectifier that learns its slope, has the number of the layer before it, and 0 before the first.

    Attributes:
        beside: what the weight and the bias of each such thing are called, by its path.
    """

    def __init__(self, numbers: Mapping[str, int], beside: Mapping[str, str]) -> None:
        super().__init__(numbers)
        self.beside = beside

    def counted(self) -> dict[str, int]:
        """The layers alone."""
        return {path: number for path, number in self.items() if path not in self.beside}

    def title(self, path: str, kind: str) -> str:
        """What a module is called: by the number of its layer, and by the words of its path.

        >>> layers = layers_of([("layers.0.weight", True), ("out.weight", True)])
        >>> layers.title("layers.0", "Linear"), layers.title("layers.1", "Tanh")
        ('layer 1 (Linear)', 'layer 1 (Tanh)')
        >>> layers.title("out", "Linear"), layers.title("", "Net")
        ('layer 2, out (Linear)', 'Net')
        """
        parts = path.split(".")
        words = ".".join(x for x in parts if not x.isdecimal() and x not in CONTAINERS)
        head, unit = self._number_of(path, parts)
        if unit:
            return f"{head}, unit {unit} ({kind})"
        if not head:
            return f"{path} ({kind})" if words else kind
        return f"{head}, {words} ({kind})" if words else f"{head} ({kind})"

    def _number_of(self, path: str, parts: list[str]) -> tuple[str, int]:
        """(the layer or layers that a module is of, its number among the units of one)."""
        counted = self.counted()
        inside = [n for each, n in counted.items() if f"{each}.".startswith(f"{path}.")]
        if path and inside:
            first, last = min(inside), max(inside)
            return f"layer {first}" if first == last else f"layers {first}–{last}", 0
        around = next((n for each, n in counted.items() if path.startswith(f"{each}.")), 0)
        if around:
            return f"layer {around}", int(parts[-1]) + 1 if parts[-1].isdecimal() else 0
        number = self.get(path, 0)
        if not number and parts[-1].isdecimal():
            # Of a list's members one without weights belongs to the layer before it.
            depth = len(parts) - 1
            members = ((each.split("."), n) for each, n in counted.items())
            number = max(
                (
                    n
                    for other, n in members
                    if other[:depth] == parts[:depth]
                    and len(other) > depth
                    and other[depth].isdecimal()
                    and int(other[depth]) < int(parts[-1])
                ),
                default=0,
            )
        return f"layer {number}" if number else "", 0


def layers_of(
    names: Iterable[tuple[str, bool | None]], beside: Mapping[str, str] | None = None
) -> Layers:
    """The number of each layer that has weights, from 1, by its path.

    Args:
        names: the parameters' names, those of a module in the order of its layers, and of each whether
            it is a whole array.
        beside: what has parameters and is no layer: by its path the letters of its weight and bias.

    >>> layers_of([("layers.0.weight", True), ("layers.2.weight", True)])
    {'layers.0': 1, 'layers.2': 2}
    """
    beside = beside or {}
    paths: dict[str, None] = {}
    for name, array in names:
        if layer := _layer_path(name, array):
            paths[layer] = None
    met: dict[tuple[str, ...], int] = {}

    def order(path: str) -> list[tuple[int, int]]:
        """Members of a list by their number, what has a name as it came."""
        parts = tuple(path.split("."))
        return [
            (0, int(part)) if part.isdecimal() else (1, met.setdefault(parts[: k + 1], len(met)))
            for k, part in enumerate(parts)
        ]

    keys = {path: order(path) for path in paths}
    numbers, count = {}, 0
    for path in sorted(paths, key=keys.__getitem__):
        count += path not in beside
        numbers[path] = count
    return Layers(numbers, beside)


def _layer_path(name: str, array: bool | None) -> str:
    """The path of the layer that a name is of, or none where it is of none."""
    layer, word, _ = _parts(name, array)
    path = layer and PRIMED.fullmatch(word) and all(part.strip() for part in layer.split("."))
    return layer if path else ""


def placed(
    base: Formula, layer: int | None, places: Sequence[int] = (), below: str = ""
) -> Formula:
    r"""A letter with the number of its layer above it and its places below, all counted from 1.

    `below` is what the letter has below it itself, as in h_prev.

    >>> placed(Formula("w", "w"), 1, [3, 2])
    Formula(text='w⁽¹⁾₃₂', latex='w^{(1)}_{32}')
    >>> placed(Formula("x", "x"), None, [3, 12]).text
    'x₃,₁₂'
    """
    text, latex = base
    digits = below if below.isdecimal() else ""
    if below and not digits:
        text = f"{text}_{below}"  # there are no small letters that every font has
        below = escaped(below) if len(below) > 1 else below
    if layer is not None:
        text += f"({layer})".translate(ABOVE)
        latex += f"^{{({layer})}}"
    comma = "," if any(place > 9 for place in places) else ""
    indices = comma.join(map(str, places))
    text += ",".join(filter(None, (digits, indices))).translate(BELOW)
    if below or indices:
        latex += f"_{{{','.join(filter(None, (below, indices)))}}}"
    return Formula(text, latex.replace("'^", "'{}^"))


def in_layer(symbol: Formula) -> bool:
    """Whether a symbol has the number of a layer above it."""
    return "⁾" in symbol.text


def lowered(symbol: Formula) -> Formula:
    """The symbol of a whole array with the number of its layer below it, as some courses write it.

    >>> lowered(formula_of("layers.0.weight"))
    Formula(text='W₁', latex='W_{1}')
    """
    text, mark, end = symbol.text.partition("⁽")
    number, _, rest = end.partition("⁾")
    latex = re.sub(r"\^\{\((\d+)\)\}$", r"_{\1}", symbol.latex)
    if not mark or rest or latex == symbol.latex:
        return symbol
    return Formula(text + number.translate(LOWERED), latex)


def formula_of(
    name: str, layers: Mapping[str, int] | None = None, *, array: bool | None = None
) -> Formula:
    r"""A name as text and as LaTeX.

    Neurons and inputs count from 1, and a layer is the number of its place among those that have
    weights. A name that is no identifier stands in brackets, for in a formula it would be read as one.

    Args:
        layers: the numbers of the layers; when left out, the layer of this name is the first.
        array: whether it is a whole array's; where that is not known it is seen from the path.

    >>> formula_of("layers.0.neurons.2.w.1")
    Formula(text='w⁽¹⁾₃₂', latex='w^{(1)}_{32}')
    >>> formula_of("layers.2.weight[11, 2]", {"layers.0": 1, "layers.2": 2}).text
    'w⁽²⁾₁₂,₃'
    >>> formula_of("layers.0.weight").text, formula_of("x1").text, formula_of("theta").latex
    ('W⁽¹⁾', 'x₁', '\\theta')
    >>> formula_of("learning rate")
    Formula(text='(learning rate)', latex='(\\text{learning rate})')
    """
    name = one_line(name)
    layer, word, index = _parts(name, array)
    number = None
    if layer:
        if layers is None and _is_path(name, array):
            layers = layers_of([(name, array)])
        number = (layers or {}).get(layer)
    if not PRIMED.fullmatch(word) or not word[0].isidentifier() or (layer and number is None):
        return Formula(f"({name})", f"({escaped(name)})")
    below = ""
    beside = layers.beside.get(layer) if isinstance(layers, Layers) else None
    if beside and word in LONG:
        letter = beside[word.startswith("bias")]
        base = Formula(letter, LATEX[letter])
    elif (layer or index or array) and word in PARAMETERS:
        letter = PARAMETERS[word][bool(index) and not array]
        base = Formula(letter, letter)
    elif (found := _base(word)) is not None:
        base, below = found
    else:
        latex = escaped(word)
        base = Formula(word, f"{{{latex}}}" if "_" in word and (number or index) else latex)
    return placed(base, number, [i + 1 for i in index], below)


# --- the names of a graph ---------------------------------------------------------------------------


class Names:
    """The names of nodes, each its own: of several alike the second and later end with #2, #3, ...

    Layers are counted in the outermost modules that made the nodes, so that a part of a network has the
    names that the whole has; where these are gone, among the nodes, or those around them.

    Attributes:
        symbols: text and LaTeX by node, for each that has a name.
        labels: a name as it stands alone in a box: without the brackets that it needs in a formula, and
            without a number where several are called alike, for a picture shows which is which.
        keys: the name that somebody gave, by node: what a result is asked for by.
        by_text: the symbols by their text.
        layers: the numbers of the layers.

    >>> import autograd
    >>> w = [autograd.Value(1.0, f"layers.0.neurons.2.w.{i}") for i in range(2)]
    >>> [Names(w).labels[each] for each in w]
    ['w⁽¹⁾₃₁', 'w⁽¹⁾₃₂']
    """

    def __init__(self, nodes: Sequence[Node], around: Sequence[Node] = ()) -> None:
        self.symbols: dict[Node, Formula] = {}
        self.labels: dict[Node, str] = {}
        self.keys: dict[Node, str] = {}
        self.by_text: dict[str, Formula] = {}
        self._latexes: set[str] = set()
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}
        self.layers = layers = layers_around(around or nodes)
        for node in nodes:
            if node.name:
                name = one_line(node.name)
                # A name that the user gave to what was computed is no path, whatever is in it.
                known = layers if node.is_leaf else {}
                self.add(node, name, formula_of(name, known, array=_is_array(node)))

    def add(self, node: Node, name: str, symbol: Formula) -> Formula:
        """Call a node by a name and its symbol, or as near to them as those before it allow."""
        bracketed = symbol.text == f"({name})"
        self.labels[node] = (node.name or name) if bracketed else symbol.text
        if symbol.text in self.by_text or symbol.latex in self._latexes:
            plain = Formula(name, escaped(name))  # x_1 beside x1
            if not bracketed and plain.text not in self.by_text:
                symbol = plain
        base, given = symbol, name
        count = self._counts.get(given, 1)  # where many are called alike, none is tried again
        while symbol.text in self.by_text or symbol.latex in self._latexes or name in self._taken:
            count += 1
            symbol = Formula(f"{base.text}#{count}", rf"{{{base.latex}}}_{{\#{count}}}")
            name = f"{given}#{count}"
        if count > 1:
            self._counts[given] = count
        self._latexes.add(symbol.latex)
        self._taken.add(name)
        self.by_text[symbol.text] = self.symbols[node] = symbol
        self.keys[node] = name
        return symbol

    def identifier(self, node: Node) -> str:
        """A Python name: of the one that was given, or for a path of what it is called."""
        symbol = self.symbols[node].text
        return identifier(symbol if "⁾" in symbol else self.keys[node])

    def has(self, symbol: Formula) -> bool:
        """Whether a symbol is taken."""
        return symbol.text in self.by_text or symbol.latex in self._latexes

    def reserve(self, symbol: Formula) -> None:
        """Take a symbol for something that is no node."""
        self.by_text[symbol.text] = symbol
        self._latexes.add(symbol.latex)


def elements_of(node: Node, otherwise: str, around: Sequence[Node] = ()) -> list[str]:
    """What the elements of a node are called, row by row; `otherwise` where it has no name.

    Args:
        around: nodes made in the same modules, by which its layer is counted.

    >>> import autograd
    >>> elements_of(autograd.Tensor([[1.0, 2.0]], "layers.0.weight"), "x")
    ['w⁽¹⁾₁₁', 'w⁽¹⁾₁₂']
    """
    name, layers = node.name or otherwise, layers_around([node, *around])
    places = (
        f"[{', '.join(map(str, place))}]" if place else "" for place in np.ndindex(node.shape)
    )
    return [formula_of(name + place, layers, array=False).text for place in places]


def _is_array(node: Node) -> bool:
    return not isinstance(node, Value)


def layers_around(nodes: Sequence[Node]) -> Layers:
    """The layers' numbers, by their paths in the modules that the nodes were made in.

    Args:
        nodes: arguments before outputs, as far as they depend on one another.
    """
    named: list[tuple[str, Node]] = []
    seen: set[int] = set()
    held: set[int] = set()
    kinds: dict[str, str] = {}
    for node in nodes:
        around: list[Scope] = []
        scope = node.scope
        while scope is not None and id(scope) not in seen:
            seen.add(id(scope))
            around.append(scope)
            kinds[scope.path] = scope.kind
            scope = scope.parent
        for outer in reversed(around if scope is None else []):
            found = [x for x in outer.parameters() if isinstance(x, Node)]
            new = [x for x in found if id(x) not in held]
            held.update(map(id, found))
            named += [(x.name, x) for x in new if x.name]
            if found:
                break
    own = [(x.name, x) for x in nodes if x.is_leaf and x.name and id(x) not in held]
    named += [(name, x) for name, x in own if _is_path(name, _is_array(x))]
    names = [(name, _is_array(x)) for name, x in named]
    return layers_of(names, _beside(named, nodes, kinds))


def _beside(
    named: Sequence[tuple[str, Node]], nodes: Sequence[Node], kinds: Mapping[str, str]
) -> dict[str, str]:
    """The paths of what has parameters and is no layer, each with what its weight and bias are called.

    A layer has a matrix of weights, or a vector of them in a product with ``@``; where nothing has, all
    that has parameters is a layer. A matrix of one row or column may be a scale: its use tells.
    """
    used: set[int] = set()
    multiplied: set[int] = set()
    for node in nodes:
        primitive = node.primitive
        if primitive is not None:
            arguments = [x for x in node.arguments if isinstance(x, Node)]
            used.update(map(id, arguments))
            if primitive.symbol == "@" or primitive.name in PRODUCTS:
                multiplied.update(id(_turned(x)) for x in arguments)
    layers: set[str] = set()
    others: dict[str, set[str]] = {}
    for name, x in named:
        array = _is_array(x)
        if path := _layer_path(name, array):
            _, word, place = _parts(name, array)
            others.setdefault(path, set()).add(word)
            axes = len(x.shape if array else place)
            wide = not array or sum(length > 1 for length in x.shape) > 1
            if id(x) in multiplied or (axes > 1 and (wide or id(x) not in used)):
                layers.add(path)
    if not layers:
        return {}
    return {
        path: SCALED
        if words & {"bias", "biases"} or "norm" in kinds.get(path, "norm").lower()
        else SLOPE
        for path, words in others.items()
        if path not in layers
    }


def _turned(node: Node) -> Node:
    """The leaf that a node is, transposed or reshaped; the node itself of others."""
    while node.primitive is not None and node.primitive.name in ("transpose", "reshape"):
        node = node.arguments[0]
    return node


def _is_path(name: str, array: bool | None) -> bool:
    """Whether a name is that of something in a module, and not a user's with a dot in it."""
    return _parts(name, array).word in LONG or any(x.isdecimal() for x in name.split("."))
