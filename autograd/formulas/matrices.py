"""Writing a formula of matrices: as LaTeX, as plain text, and as NumPy that computes it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from autograd.engine.families import Elementwise
from autograd.engine.letters import Letter, Piece, Python, written
from autograd.engine.primitive import registry
from autograd.formulas.algebra import make, matmul, ones, product, split
from autograd.formulas.latex import Latex, Plain
from autograd.formulas.notation import LATEX_SIGNS, PLAIN_SIGNS
from autograd.formulas.writing import ATOM, POWER, PRODUCT, Writer


class _MatrixWriter:
    """What LaTeX and plain text share: the operations that only formulas of matrices have."""

    instances: int | None  # how many there are; None where the formula has no n
    write: Callable[[Any], Piece]
    at_least: Callable[[int, Any], str]
    column: Callable[[Any], Piece]
    sum: Callable[[Any], Piece]
    call: Callable[[str, list[str], Mapping[str, Any]], Piece]
    transposed: Callable[[Piece], Piece]
    fraction: Callable[[Any, Any], Piece]
    signs: Mapping[str, str]
    thin: str
    dot: str
    one: str
    total: str  # the sum over instances,
    numbered: str  # what has the number of one, and
    raised: str  # what has an exponent −1/2
    filled: Callable[[str, Sequence[int]], Piece]
    leaf: Callable[[str], str]

    def _product(self, tree: Letter) -> Piece:
        scalars = [x for x in tree.arguments if not isinstance(x, Letter) or x.shape == ()]
        arrays = [x for x in tree.arguments if isinstance(x, Letter) and x.shape != ()]
        ratio, letters = Fraction(1), []
        for x in scalars:
            if isinstance(x, Letter) and x.function == "inverse":
                ratio /= x.options["count"]
            elif isinstance(x, int):
                ratio *= x
            else:
                letters.append(x)
        parts = [] if ratio == 1 else [self._ratio(ratio)]
        # One array needs no brackets unless it is a sum; beside ⊙ a product does.
        parts += [self.at_least(PRODUCT + 1, x) for x in letters]
        level = PRODUCT if len(arrays) < 2 else PRODUCT + 1
        last = [self.at_least(level, x) for x in arrays]
        return Piece(self.thin.join([*parts, *([self.dot.join(last)] if last else [])]), PRODUCT)

    def _ratio(self, ratio: Fraction) -> str:
        """A number with the factor 1/n in it, where n is the number of instances."""
        n = self.instances
        if n is not None and n > 1 and ratio.denominator % n == 0:
            rest = ratio.denominator // n
            below = Letter("n", sample=1.0) if rest == 1 else Letter(f"{rest}n", sample=1.0)
            return self.at_least(POWER - 1, self._over(ratio.numerator, below))
        if ratio.denominator == 1:
            return str(ratio.numerator)
        return self.at_least(POWER - 1, self._over(ratio.numerator, ratio.denominator))

    def _over(self, top: Any, bottom: Any) -> Piece:
        return self.fraction(top, bottom)

    def _inverse(self, tree: Letter) -> Piece:
        return Piece(self._ratio(Fraction(1, tree.options["count"])), ATOM)

    def _ones(self, tree: Letter) -> Piece:
        return Piece(self.one, ATOM)

    def _plus(self, tree: Letter) -> Piece:
        return self.sum(tree.arguments)

    def _matmul(self, tree: Letter) -> Piece:
        # The product of matrices is associative: no brackets within.
        parts = [self.at_least(PRODUCT, self.column(x)) for x in tree.arguments]
        for i, x in enumerate(tree.arguments):
            if isinstance(x, Letter) and x.function == "product":
                parts[i] = self.at_least(ATOM, x)
        return Piece(self.signs["matmul"].join(parts), PRODUCT)

    def _along(self, tree: Letter) -> Piece:
        return self.write(
            Letter(
                tree.options["call"], tree.arguments, tree.options["options"], sample=tree.sample
            )
        )

    def _softmax(self, tree: Letter) -> Piece:
        return self.call("softmax", [self.write(tree.arguments[0]).text], {})

    def _transpose(self, tree: Letter) -> Piece:
        if tree.options.get("axes") is not None:
            return self.call("transpose", [self.write(tree.arguments[0]).text], tree.options)
        return self.transposed(self.write(tree.arguments[0]))

    def _diagonal_power(self, tree: Letter) -> Piece:
        """A diagonal matrix to the power of a ratio below 0."""
        top, bottom = -tree.options["top"], tree.options["bottom"]
        base = self.at_least(ATOM, tree.arguments[0])
        return Piece(self.raised.format(base, top, bottom), POWER)

    def _count_ratio(self, tree: Letter) -> Piece:
        return self._over(tree.options["top"], Letter(tree.options["shown"], sample=1.0))

    def _over_instances(self, tree: Letter) -> Piece:
        """A sum over instances, of which each letter of theirs has the index."""
        leaf, letters = self.leaf, tree.options["letters"]
        self.leaf = lambda name: self.numbered.format(leaf(name)) if name in letters else leaf(name)
        inner = self.at_least(PRODUCT, tree.arguments[0])
        self.leaf = leaf
        return Piece(f"{self.total}{self.thin}{inner}", PRODUCT)

    def _sum(self, tree: Letter) -> Piece:
        """A sum along an axis of a matrix: the product with a vector of ones."""
        (x, *others), options = tree.arguments, tree.options
        if others or getattr(x, "ndim", 0) != 2 or options.get("keepdims") or tree.ndim != 1:
            return Writer._sum(self, tree)  # type: ignore[arg-type]
        first = np.ravel(options["axis"])[0] in (0, -2)
        turned = make("transpose", (x,), x.sample.T) if first else x
        return self.write(matmul(turned, ones(turned.shape[1])))

    def _reshape(self, tree: Letter) -> Piece:
        """A vector that is laid as a row or a column is that vector."""
        x = tree.arguments[0]
        laid = getattr(x, "ndim", 0) == 1 and tree.ndim == 2 and 1 in tree.shape
        return self.write(x) if laid else self.call("reshape", [self.write(x).text], tree.options)

    def _broadcast_to(self, tree: Letter) -> Piece:
        """A vector beside every instance: the product with a column of ones."""
        factors, vector = split(tree.arguments[0])
        laid = isinstance(vector, Letter) and vector.function == "reshape" and vector.shape[0] == 1
        if laid and tree.ndim == vector.ndim == 2 and vector.arguments[0].ndim == 1:
            column = make("ones", (), np.ones((tree.shape[0], 1)), n=tree.shape[0])
            return self.write(product([*factors, matmul(column, vector)]))
        return self.filled(self.write(tree.arguments[0]).text, tree.shape)


class MatrixText(_MatrixWriter, Plain):
    """Plain text in Unicode: Gᵀ H, G ⊙ Ind(S₁ > 0), (1/n) 𝟏."""

    signs = PLAIN_SIGNS | {"matmul": " ", "@indicator": "Ind(@)"}
    thin, dot, one = " ", " ⊙ ", "𝟏"
    total, numbered, raised = "Σᵢ", "{}ᵢ", "{}^(−{}/{})"

    def __init__(self, digits: int, leaf: Callable[[str], str], instances: int | None) -> None:
        super().__init__(digits, leaf)
        self.instances, self.hadamard = instances, True

    def _over(self, top: Any, bottom: Any) -> Piece:
        below = bottom.function if isinstance(bottom, Letter) else str(bottom)
        below = f"({below})" if len(below) > 1 and not below.isdigit() else below
        return Piece(f"({top}/{below})", ATOM)

    def _diag(self, tree: Letter) -> Piece:
        return Piece(f"diag({self.write(tree.arguments[0]).text})", ATOM)

    def _indicator(self, tree: Letter) -> Piece:
        return Piece(f"Ind({self.write(tree.arguments[0]).text})", ATOM)

    def filled(self, text: str, shape: Sequence[int]) -> Piece:
        return Piece(f"[{text}]_({' × '.join(map(str, shape))})", ATOM)

    def _array(self, tree: Letter) -> Piece:
        return Piece(self.array(tree.sample), ATOM)


class MatrixLatex(_MatrixWriter, Latex):
    r"""LaTeX: G^{\top} H, G \odot \operatorname{Ind}(S_{1} \gt 0)."""

    signs = LATEX_SIGNS | {"matmul": r"\, "}
    thin, dot, one = r"\, ", r" \odot ", r"\mathbf{1}"
    total, numbered, raised = r"\sum_{i}", "{{{}}}_{{i}}", r"{}^{{-\frac{{{}}}{{{}}}}}"

    def __init__(self, digits: int, leaf: Callable[[str], str], instances: int | None) -> None:
        super().__init__(digits, leaf)
        self.instances, self.hadamard = instances, True

    def _over(self, top: Any, bottom: Any) -> Piece:
        below = bottom.function if isinstance(bottom, Letter) else str(bottom)
        return Piece(rf"\frac{{{top}}}{{{below}}}", ATOM)

    def _diag(self, tree: Letter) -> Piece:
        inner = self.write(tree.arguments[0]).text
        return Piece(rf"\operatorname{{diag}}\left({inner}\right)", ATOM)

    def _indicator(self, tree: Letter) -> Piece:
        inner = self.write(tree.arguments[0]).text
        return Piece(rf"\operatorname{{Ind}}\left({inner}\right)", ATOM)

    def filled(self, text: str, shape: Sequence[int]) -> Piece:
        below = r" \times ".join(map(str, shape))
        return Piece(rf"\left[{text}\right]_{{{below}}}", ATOM)

    def _array(self, tree: Letter) -> Piece:
        return Piece(self.array(tree.sample), ATOM)


# --- NumPy ----------------------------------------------------------------------------------------


def called(name: str) -> str:
    """A function as Python calls it; rows of users, and some of ours, have no public name."""
    public = hasattr(sys.modules["autograd"], name)
    return f"autograd.{name}" if public or name not in registry else f"autograd.registry[{name!r}]"


NUMPY_CALLS = ("sum", "mean", "max", "min", "where")
"""Functions that are NumPy's own, as long as no option of ours is with them."""


def _is_minus(tree: Any) -> bool:
    return isinstance(tree, Letter) and tree.function == "neg"


def _plus(_: Any, tree: Letter, parts: list[Piece]) -> str:
    signs = [" - " if _is_minus(x) else " + " for x in tree.arguments]
    text = "".join(f"{sign}{part:2}" for sign, part in zip(signs, parts, strict=True))
    return text[3:] if signs[0] == " + " else f"-{text[3:]}"


def _along(_: Any, tree: Letter, parts: list[Piece]) -> str:
    """A function along an axis of matrices, counted from the end so that stacks will do."""
    name, axis = tree.options["call"], tree.options["axis"]
    options = [f"{key}={_option(x)}" for key, x in tree.options["options"].items()]
    end = ""
    if name == "softmax_cross_entropy":
        end = "[..., None, :]" if axis == 0 else "[..., None]"
        parts = [Piece(f"{x:5}.mT", 5) for x in parts] if axis == 0 else parts
    elif axis is not None:
        options.insert(0, f"axis={axis - 2}")
        if name not in ("softmax", "log_softmax"):
            options.append("keepdims=True")
    elif tree.shape:  # a matrix of one element
        options += ["axis=(-2, -1)", "keepdims=True"]
    return f"autograd.{name}({', '.join([*map(format, parts), *options])}){end}"


def _transpose(writer: NumPy, tree: Letter, parts: list[Piece]) -> str:
    if (axes := tree.options.get("axes")) is None:
        return f"{parts[0]:5}{writer.transpose}"
    return f"np.transpose({parts[0]}, {axes!r})"


def _over_instances(_: Any, tree: Letter, parts: list[Piece]) -> str:
    """A sum over a stack of matrices, one of each instance; of one instance there is no stack."""
    text, n = format(parts[0]), tree.options["n"]
    if tree.options["repeated"]:
        text = f"np.broadcast_to({text}, {(n, *tree.shape)})"
    return f"np.sum({text}, axis=0)" if n > 1 else f"({text})"


def _option(x: Any) -> str:
    return written(x).replace("asarray(", "np.asarray(")


class NumPy(Python):
    """NumPy source: evaluated over the named arrays, it gives what the formula says.

    Functions that NumPy lacks are called as ``autograd.<name>``, which compute on arrays.

    Args:
        transpose: how a transpose is written, ``.T`` or ``.mT`` (which leaves stacks of matrices).
        names: what the letters are called there.
    """

    spellings = Python.spellings | {
        "abs": ("np.absolute({})", 5),
        "product": (lambda _, tree, parts: " * ".join(f"{x:3}" for x in parts), 2),
        "matmul": (lambda _, tree, parts: " @ ".join(f"{x:3}" for x in parts), 2),
        "transpose": (_transpose, 5),
        "plus": (_plus, 1),
        "inverse": ("(1 / {letter.options[count]})", 5),
        "ones": (lambda _, x, parts: f"np.ones({x.shape if x.ndim > 1 else x.options['n']})", 5),
        "diag": ("(np.eye({letter.shape[0]}) * {:3})", 5),  # of a column, or a stack of them
        "along": (_along, 5),
        "diagonal_power": (
            "np.diag(np.diag({}) ** ({letter.options[top]} / {letter.options[bottom]}))",
            5,
        ),
        "count_ratio": ("({letter.options[top]} / {letter.options[bottom]})", 5),
        "over_instances": (_over_instances, 5),
        "indicator": ("({} * 1.0)", 5),
        "patched": ("np.where({}, {}, {})", 5),
        "reshape": ("np.reshape({}, {letter.shape})", 5),
        "broadcast_to": ("np.broadcast_to({}, {letter.shape})", 5),
    }

    def __init__(self, transpose: str = ".T", names: Mapping[str, str] | None = None) -> None:
        self.transpose = transpose
        self.names = names or {}

    def parts(self, x: Any) -> Sequence[Any]:
        if not isinstance(x, Letter) or x.function != "plus":
            return super().parts(x)
        return [each.arguments[0] if _is_minus(each) else each for each in x.arguments]

    def leaf(self, x: Any) -> Piece:
        is_array = isinstance(x, Letter) and x.is_symbol and x.function == "array"
        return super().leaf(x.sample if is_array else x)

    def constant(self, x: Any) -> str:
        if isinstance(x, np.ndarray) and x.ndim:  # an empty list does not say the shape
            return f"np.array({x.tolist()!r})" if x.size else f"np.zeros({x.shape!r})"
        text = repr(x.item() if isinstance(x, np.generic | np.ndarray) else x)
        return {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}.get(text, text)

    def options(self, letter: Letter) -> dict[str, str]:
        # A function, such as what tracks moments, has no source: it is not called again.
        return {key: _option(x) for key, x in letter.options.items() if not callable(x)}

    def function(self, letter: Letter) -> str:
        name, row = letter.function, registry.get(letter.function)
        if isinstance(row, Elementwise) and isinstance(row.array, np.ufunc) and not letter.options:
            return f"np.{row.array.__name__}"
        if name in NUMPY_CALLS and letter.options.keys() <= {"axis", "keepdims"}:
            return f"np.{name}"
        return name if name.startswith("vjp_") else called(name)
