"""Writing a formula of matrices: as LaTeX, as plain text, and as NumPy that computes it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from autograd.engine.families import Elementwise
from autograd.engine.letters import OPERATORS, Letter, written
from autograd.engine.primitive import registry
from autograd.formulas.latex import Latex, Plain
from autograd.formulas.notation import LATEX_SIGNS, PLAIN_SIGNS
from autograd.formulas.writing import ATOM, POWER, PRODUCT, Piece


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


class MatrixText(_MatrixWriter, Plain):
    """Plain text in Unicode: Gᵀ H, G ⊙ Ind(S₁ > 0), (1/n) 𝟏."""

    signs = PLAIN_SIGNS | {"matmul": " ", "@indicator": "Ind(@)"}
    thin, dot, one = " ", " ⊙ ", "𝟏"

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

    def _broadcast_to(self, tree: Letter) -> Piece:
        shape = " × ".join(map(str, tree.shape))
        return Piece(f"[{self.write(tree.arguments[0]).text}]_({shape})", ATOM)

    def _array(self, tree: Letter) -> Piece:
        return Piece(self.array(tree.sample), ATOM)


class MatrixLatex(_MatrixWriter, Latex):
    r"""LaTeX: G^{\top} H, G \odot \operatorname{Ind}(S_{1} \gt 0)."""

    signs = LATEX_SIGNS | {"matmul": r"\, "}
    thin, dot, one = r"\, ", r" \odot ", r"\mathbf{1}"

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

    def _broadcast_to(self, tree: Letter) -> Piece:
        shape = r" \times ".join(map(str, tree.shape))
        return Piece(rf"\left[{self.write(tree.arguments[0]).text}\right]_{{{shape}}}", ATOM)

    def _array(self, tree: Letter) -> Piece:
        return Piece(self.array(tree.sample), ATOM)


# --- NumPy ----------------------------------------------------------------------------------------

BINDS = {"add": 1, "sub": 1, "mul": 2, "div": 2, "matmul": 2, "neg": 3, "pow": 4}
"""How strongly Python's operators bind."""


def called(name: str) -> str:
    """A function as Python calls it; rows of users, and some of ours, have no public name."""
    public = hasattr(sys.modules["autograd"], name)
    return f"autograd.{name}" if public or name not in registry else f"autograd.registry[{name!r}]"


NUMPY_CALLS = ("sum", "mean", "max", "min", "where")
"""Functions that are NumPy's own, as long as no option of ours is with them."""


class Python:
    """NumPy source: evaluated over the named arrays, it gives what the formula says.

    Functions that NumPy lacks are called as ``autograd.<name>``, which compute on arrays.

    Args:
        transpose: how a transpose is written, ``.T`` or ``.mT`` (which leaves stacks of matrices).
    """

    def __init__(self, transpose: str = ".T", names: Mapping[str, str] | None = None) -> None:
        self.transpose = transpose
        self.names = names or {}

    def write(self, tree: Any) -> str:
        """The source of a formula."""
        return self._written(tree)[0]

    def _written(self, tree: Any) -> tuple[str, int]:
        if not isinstance(tree, Letter):
            plain = isinstance(tree, np.generic) or (isinstance(tree, np.ndarray) and not tree.ndim)
            text = repr(tree.item() if plain else tree).replace("array(", "np.array(")
            text = {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}.get(text, text)
            return text, 3 if text.startswith("-") else 5
        name, options = tree.function, tree.options
        if not tree.arguments and not options:
            if name == "array":
                if not tree.sample.size:  # whose list does not say the shape
                    return f"np.zeros({tree.shape!r})", 5
                return f"np.array({tree.sample.tolist()!r})", 5
            return self.names.get(name, name), 5
        own = getattr(self, f"_{name}", None)
        if own is not None:
            found: tuple[str, int] = own(tree)
            return found
        if name in BINDS:
            level = BINDS[name]
            parts = [self.at_least(level + 1, x) for x in tree.arguments]
            if name in ("add", "sub"):
                parts[0] = self.at_least(level, tree.arguments[0])
            sign = OPERATORS[name][0].strip("()").replace("{}", "").strip()
            return (f"-{parts[0]}" if name == "neg" else f" {sign} ".join(parts)), level
        if name in OPERATORS and name != "abs":
            return OPERATORS[name][0].format(*(self.at_least(5, x) for x in tree.arguments)), 5
        return self._call(tree), 5

    def at_least(self, level: int, tree: Any) -> str:
        """The source of an operand, in brackets where it binds less."""
        text, own = self._written(tree)
        return text if own >= level else f"({text})"

    def _call(self, tree: Letter) -> str:
        row = registry.get(tree.function)
        name = tree.function if tree.function.startswith("vjp_") else called(tree.function)
        if isinstance(row, Elementwise) and isinstance(row.array, np.ufunc) and not tree.options:
            name = f"np.{row.array.__name__}"
        elif tree.function in NUMPY_CALLS and tree.options.keys() <= {"axis", "keepdims"}:
            name = f"np.{tree.function}"
        arguments = [self.write(x) for x in tree.arguments]
        # A function, such as what tracks moments, has no source: it is not called again.
        options = [f"{key}={self._option(x)}" for key, x in tree.options.items() if not callable(x)]
        return f"{name}({', '.join(arguments + options)})"

    @staticmethod
    def _option(x: Any) -> str:
        return written(x).replace("asarray(", "np.asarray(").replace("dtype='", "dtype='")

    def _product(self, tree: Letter) -> tuple[str, int]:
        return " * ".join(self.at_least(3, x) for x in tree.arguments), 2

    def _plus(self, tree: Letter) -> tuple[str, int]:
        text = ""
        for x in tree.arguments:
            minus = isinstance(x, Letter) and x.function == "neg"
            part = self.at_least(2, x.arguments[0] if minus else x)
            text += (f" {'-' if minus else '+'} {part}") if text else f"-{part}" if minus else part
        return text, 1

    def _matmul(self, tree: Letter) -> tuple[str, int]:
        return " @ ".join(self.at_least(3, x) for x in tree.arguments), 2

    def _transpose(self, tree: Letter) -> tuple[str, int]:
        inner = self.at_least(5, tree.arguments[0])
        if tree.options.get("axes") is None:
            return f"{inner}{self.transpose}", 5
        return f"np.transpose({inner}, {tree.options['axes']!r})", 5

    def _inverse(self, tree: Letter) -> tuple[str, int]:
        return f"(1 / {tree.options['count']})", 5

    def _ones(self, tree: Letter) -> tuple[str, int]:
        return f"np.ones({tree.shape if tree.ndim > 1 else tree.options['n']})", 5

    def _diag(self, tree: Letter) -> tuple[str, int]:
        # Of a column, or of each of a stack of them.
        return f"(np.eye({tree.shape[0]}) * {self.at_least(3, tree.arguments[0])})", 5

    def _along(self, tree: Letter) -> tuple[str, int]:
        """A function along an axis of matrices, counted from the end so that stacks will do."""
        name, axis = tree.options["call"], tree.options["axis"]
        parts = [self.write(x) for x in tree.arguments]
        options = [f"{key}={self._option(x)}" for key, x in tree.options["options"].items()]
        if name == "softmax_cross_entropy":
            if axis == 0:
                turned = [f"{self.at_least(5, x)}.mT" for x in tree.arguments]
                return f"autograd.{name}({', '.join(turned + options)})[..., None, :]", 5
            return f"autograd.{name}({', '.join(parts + options)})[..., None]", 5
        if axis is None and tree.shape:  # a matrix of one element
            return (
                f"autograd.{name}({', '.join([*parts, *options, 'axis=(-2, -1)', 'keepdims=True'])})",
                5,
            )
        if axis is None:
            return f"autograd.{name}({', '.join(parts + options)})", 5
        options.insert(0, f"axis={axis - 2}")
        if name not in ("softmax", "log_softmax"):
            options.append("keepdims=True")
        return f"autograd.{name}({', '.join(parts + options)})", 5

    def _indicator(self, tree: Letter) -> tuple[str, int]:
        return f"({self.write(tree.arguments[0])} * 1.0)", 5

    def _reshape(self, tree: Letter) -> tuple[str, int]:
        return f"np.reshape({self.write(tree.arguments[0])}, {tree.shape!r})", 5

    def _broadcast_to(self, tree: Letter) -> tuple[str, int]:
        return f"np.broadcast_to({self.write(tree.arguments[0])}, {tree.shape!r})", 5

    def _getitem(self, tree: Letter) -> tuple[str, int]:
        index = self._option(tree.options.get("index", ()))
        return f"{self.at_least(5, tree.arguments[0])}[{index}]", 5
