"""Letters: symbolic stand-ins for operands, with which a rule writes itself down.

A rule such as ``lambda out, x: 1 - out * out`` computes when it is called with floats or arrays, and
records when it is called with nodes. Called with letters it returns an expression, whose text is the
formula: as Python for arrays, or as Python for one float, which is how `Value`'s operators are made.

A letter carries a sample array, so that a rule can ask for its shape and dtype; a rule may not ask
for its truth or its number, because a formula has none.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, NoReturn, TypeVar

import numpy as np

OPERATORS: dict[str, tuple[str, Callable[..., Any], int]] = {
    "add": ("{:1} + {:2}", operator.add, 1),
    "sub": ("{:1} - {:2}", operator.sub, 1),
    "mul": ("{:2} * {:3}", operator.mul, 2),
    "div": ("{:2} / {:3}", operator.truediv, 2),
    "floor_divide": ("{:2} // {:3}", operator.floordiv, 2),
    "remainder": ("{:2} % {:3}", operator.mod, 2),
    "matmul": ("{:2} @ {:3}", operator.matmul, 2),
    "neg": ("-{:4}", operator.neg, 3),
    "pow": ("{:5} ** {:5}", operator.pow, 4),
    "abs": ("abs({})", operator.abs, 5),
    "less": ("({} < {})", operator.lt, 5),
    "less_equal": ("({} <= {})", operator.le, 5),
    "greater": ("({} > {})", operator.gt, 5),
    "greater_equal": ("({} >= {})", operator.ge, 5),
    "equal": ("({} == {})", operator.eq, 5),
    "not_equal": ("({} != {})", operator.ne, 5),
    "logical_and": ("({:5} & {:5})", operator.and_, 5),
    "logical_or": ("({:5} | {:5})", operator.or_, 5),
    "getitem": ("{:5}[{index}]", operator.getitem, 5),
}
"""Name: how an operator is written, what it does to samples, and how strongly it binds.

``{:2}`` is an operand, in brackets where it binds less strongly than 2.
"""

Result = TypeVar("Result")


class Letter:
    """An operand in a formula: a symbol, or an expression of letters and numbers."""

    __slots__ = ("arguments", "function", "options", "sample", "spelling")
    __hash__ = object.__hash__
    # NumPy's functions write themselves down, as in `array @ letter`: see `numpy_protocols`.
    __array_ufunc__: Any = None
    __array_function__: Any = None

    def __init__(
        self,
        function: str,
        arguments: tuple[Any, ...] = (),
        options: Mapping[str, Any] | None = None,
        *,
        sample: Any,
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.options = dict(options or {})
        self.sample = np.asarray(sample)
        self.spelling: Letter | None = None  # what text() shows: a row that reads as another one

    @property
    def is_symbol(self) -> bool:
        """Whether it is a name alone, and no expression."""
        return not self.arguments and not self.options

    def with_arguments(self, arguments: Sequence[Any]) -> Letter:
        """The same function, with the same result, of arguments that are written otherwise."""
        return Letter(self.function, tuple(arguments), self.options, sample=self.sample)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the sample."""
        shape: tuple[int, ...] = self.sample.shape
        return shape

    @property
    def ndim(self) -> int:
        """The rank of the sample."""
        return self.sample.ndim

    @property
    def size(self) -> int:
        """The number of elements of the sample."""
        return self.sample.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the sample."""
        dtype: np.dtype[Any] = self.sample.dtype
        return dtype

    def __bool__(self) -> NoReturn:
        raise TypeError("a rule may not branch on an operand: use where(condition, a, b)")

    def __float__(self) -> NoReturn:
        raise TypeError("a rule may not turn an operand into a number")

    def __iter__(self) -> NoReturn:
        raise TypeError("a rule may not iterate over an operand: use its shape")

    def __getitem__(self, index: Any) -> Letter:
        return Letter("getitem", (self,), {"index": index}, sample=self.sample[index])

    def reshape(self, shape: tuple[int, ...]) -> Letter:
        """The primitive of that name, which arrays and tensors have as a method."""
        return Letter("reshape", (self,), {"shape": shape}, sample=self.sample.reshape(shape))

    def dot(self, other: Any) -> Letter:
        """The matrix product with a vector or a matrix."""
        product: Letter = self @ other
        return product

    @property
    def T(self) -> Letter:  # noqa: N802  (NumPy's name)
        """The transpose."""
        return Letter("transpose", (self,), sample=self.sample.T)

    def __repr__(self) -> str:
        return f"Letter({self.text()!r})"

    def text(self) -> str:
        """The formula as Python, to be evaluated with the primitives' public functions in scope.

        >>> x, out = Letter("x", sample=0.5), Letter("out", sample=0.5)
        >>> (1 - out * x).text()
        '1 - out * x'
        """
        return Python().write(self)


def arguments_of(x: Any) -> Sequence[Any]:
    """What an expression is made of; nothing of a symbol or a number."""
    return x.arguments if isinstance(x, Letter) else ()


def fold(
    tree: Any,
    leaf: Callable[[Any], Result],
    apply: Callable[[Letter, list[Result]], Result],
    parts: Callable[[Any], Sequence[Any]] = arguments_of,
) -> Result:
    """What a formula amounts to, from its leaves up, without recursion.

    Args:
        tree: a formula: letters, numbers, arrays.
        leaf: what has no parts, made a result.
        apply: a letter and the results of its parts, made a result.
        parts: what counts of each, where that is not its arguments.

    >>> x = Letter("x", sample=0.5)
    >>> fold(x * x + 1, lambda leaf: 1, lambda letter, counts: sum(counts))  # how many leaves
    3
    """
    done: dict[int, Result] = {}
    kept: list[Any] = []  # what is known by its identity must not go
    waiting: list[tuple[Any, Sequence[Any] | None]] = [(tree, None)]
    while waiting:
        x, found = waiting.pop()
        if found is not None:
            done[id(x)] = apply(x, [done[id(y)] for y in found])
        elif id(x) not in done:
            if found := parts(x):
                kept.append(found)
                waiting.append((x, found))
                waiting += [(y, None) for y in reversed(found)]
            else:
                done[id(x)] = leaf(x)
    return done[id(tree)]


def walk(tree: Any, parts: Callable[[Any], Sequence[Any]] = arguments_of) -> list[Any]:
    """Everything in a formula once, each after its parts, and these in their order.

    Args:
        tree: a formula: letters, numbers, arrays.
        parts: what is to be visited of each, where that is not its arguments.

    >>> x = Letter("x", sample=0.5)
    >>> [each.text() for each in walk(x * x + abs(x))]
    ['x', 'x * x', 'abs(x)', 'x * x + abs(x)']
    """
    found: list[Any] = []
    fold(tree, found.append, lambda x, _: found.append(x), parts)
    return found


def written(operand: Any) -> str:
    """An operand or an option as Python text: a letter, a number, a small array, an index, a dtype."""
    if isinstance(operand, Letter):
        return operand.text()
    if isinstance(operand, np.ndarray):
        text = f"asarray({operand.tolist()!r}, dtype={operand.dtype.name!r})"
        return text if operand.size else f"{text}.reshape({operand.shape})"
    if isinstance(operand, np.generic):
        return f"asarray({operand.item()!r}, dtype={operand.dtype.name!r})"
    if isinstance(operand, np.dtype | type):
        return repr(np.dtype(operand).name)
    if isinstance(operand, tuple):
        parts = [written(part) for part in operand]
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
    if isinstance(operand, slice):
        return f"slice({', '.join(map(written, (operand.start, operand.stop, operand.step)))})"
    return repr(operand)


class Piece(NamedTuple):
    """A written expression, and how strongly it holds together: formatted, in brackets below a level."""

    text: str
    level: int

    def __format__(self, least: str) -> str:
        return self.text if not least or self.level >= int(least) else f"({self.text})"


class Python:
    """Writes formulas as Python, by a table of spellings: a template (or a method), and how it binds."""

    spellings: ClassVar[dict[str, tuple[Any, int]]] = {
        name: (template, level) for name, (template, _, level) in OPERATORS.items()
    }
    names: Mapping[str, str] = {}

    def write(self, tree: Any, least: int = 0) -> str:
        """A formula, in brackets where it binds less strongly than its place asks for."""
        return format(fold(tree, self.leaf, self.apply, self.parts), str(least))

    def parts(self, x: Any) -> Sequence[Any]:
        """What is to be written before a letter is."""
        if x.__class__ is not Letter:
            return ()
        return x.arguments if x.spelling is None else (x.spelling,)

    def leaf(self, x: Any) -> Piece:
        """A symbol, a function of no operands, or a constant."""
        if isinstance(x, Letter):
            name = x.function
            return Piece(self.names.get(name, name), 5) if x.is_symbol else self.apply(x, [])
        text = self.constant(x)
        return Piece(text, 3 if text.startswith("-") else 5)

    def apply(self, letter: Letter, parts: list[Piece]) -> Piece:
        """A function of operands that are written."""
        if letter.spelling is not None:
            return parts[0]
        options = self.options(letter) if letter.options else {}
        spelling, level = self.spellings.get(letter.function, (None, 5))
        if spelling is None:
            named = [f"{key}={text}" for key, text in options.items()]
            return Piece(f"{self.function(letter)}({', '.join([*map(format, parts), *named])})", 5)
        if callable(spelling):
            return Piece(spelling(self, letter, parts), level)
        options.setdefault("index", "()")
        return Piece(spelling.format(*parts, letter=letter, **options), level)

    def constant(self, x: Any) -> str:
        """A number or an array."""
        return written(x)

    def options(self, letter: Letter) -> dict[str, str]:
        """The options of a function."""
        return {key: written(x) for key, x in letter.options.items()}

    def function(self, letter: Letter) -> str:
        """What a function that has no spelling is called."""
        return letter.function


class _OnFloats(Python):
    spellings = Python.spellings | {
        "where": ("({1} if {0} else {2})", 5),
        "patched": ("({1} if {0} else {2})", 5),
        "indicator": ("(1.0 if {0} else 0.0)", 5),
    }

    def constant(self, x: Any) -> str:
        return repr(float(x))


class ForArrays(Python):
    """Writes formulas for arrays of one dtype, with numbers beside them as arrays without axes.

    NumPy takes longer to look at a Python number than to multiply a small array by it.

    Attributes:
        constants: the names that the text has for numbers, and the arrays.
    """

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        self.constants: dict[str, Any] = {}

    def apply(self, letter: Letter, parts: list[Piece]) -> Piece:
        if letter.function in BESIDE_ARRAYS and letter.arguments:
            x, y = letter.arguments
            parts = [self.beside(x, y, parts[0]), self.beside(y, x, parts[1])]
        return super().apply(letter, parts)

    def beside(self, x: Any, other: Any, piece: Piece) -> Piece:
        """An operand: its name where it is a number, and the other one an array of the dtype."""
        if (
            x.__class__ not in (int, float)
            or not isinstance(other, Letter)
            or other.dtype.kind != "f"
        ):
            return piece
        number = np.array(x, self.dtype)
        number.flags.writeable = False
        name = f"n{len(self.constants)}"
        self.constants[name] = number
        return Piece(name, 5)


BESIDE_ARRAYS = ("add", "sub", "mul", "div", "less", "less_equal", "greater", "greater_equal")
"""The operators that `ForArrays` gives arrays for numbers."""

scalar_text = _OnFloats().write
"""The formula as Python on floats: conditionals inline, every number a float."""


def _operator(name: str) -> Callable[..., Letter]:
    compute = OPERATORS[name][1]

    def forward(*operands: Any) -> Letter:
        samples = (x.sample if isinstance(x, Letter) else x for x in operands)
        return Letter(name, operands, sample=compute(*samples))

    return forward


def _reflected(name: str) -> Callable[[Any, Any], Letter]:
    forward = _operator(name)
    return lambda self, other: forward(other, self)


for _method, _name in {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "truediv": "div",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "pow",
    "matmul": "matmul",
    "and": "logical_and",
    "or": "logical_or",
}.items():
    setattr(Letter, f"__{_method}__", _operator(_name))
    setattr(Letter, f"__r{_method}__", _reflected(_name))
for _method, _name in {
    "neg": "neg",
    "abs": "abs",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}.items():
    setattr(Letter, f"__{_method}__", _operator(_name))
