"""What both builds of Values are asked that is out of the ordinary: ``python core_strangers.py``.

Run by `test_core` once with the core in C and once without: it prints each question, with the answer or
the error.
"""

from __future__ import annotations

import copy
import decimal
import fractions
import functools
import inspect
import math
import operator
import pickle
import re
import warnings
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

import numpy as np

import autograd
from autograd import Tensor, Value


class Reflecting:
    """Has the other side of the operators, and says which was called."""

    def __radd__(self, other: Any) -> str:
        return f"radd {shown(other)}"

    def __rsub__(self, other: Any) -> Any:
        return NotImplemented

    def __rmul__(self, other: Any) -> Any:
        raise KeyError("its own error")

    def __rpow__(self, other: Any) -> str:
        return f"rpow {shown(other)}"

    def __add__(self, other: Any) -> Any:
        return NotImplemented

    def __iadd__(self, other: Any) -> str:
        return f"iadd {shown(other)}"


class Above:
    """What NumPy's operators leave alone."""

    __array_ufunc__ = None

    def __radd__(self, other: Any) -> str:
        return f"above {shown(other)}"


class Half(float):
    """A float of another class."""


class Whole(int):
    """A whole number of another class."""


class Floating:
    """Becomes a float when it is asked."""

    def __float__(self) -> float:
        return 2.5


class Indexing:
    """Becomes a whole number when it is asked."""

    def __index__(self) -> int:
        return 3


OPERANDS: dict[str, Callable[[], Any]] = {
    "Value": lambda: Value(0.5),
    "constant": lambda: Value(0.5, requires_grad=False),
    "node": lambda: Value(0.5) * 3.0,
    "infinite": lambda: Value(math.inf),
    "None": lambda: None,
    "True": lambda: True,
    "0": lambda: 0,
    "-3": lambda: -3,
    "0.0": lambda: 0.0,
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "large": lambda: 10**400,
    "-large": lambda: -(10**400),
    "2**53+1": lambda: 2**53 + 1,
    "complex": lambda: 1j,
    "Decimal": lambda: decimal.Decimal("0.5"),
    "Fraction": lambda: fractions.Fraction(1, 3),
    "str": lambda: "2",
    "bytes": lambda: b"2",
    "list": lambda: [1.0, 2.0],
    "empty list": list,
    "tuple": lambda: (1.0, 2.0),
    "dict": dict,
    "set": lambda: {1.0},
    "float64": lambda: np.float64(1.5),
    "float32": lambda: np.float32(0.1),
    "float16": lambda: np.float16(0.1),
    "longdouble": lambda: np.longdouble("0.1"),
    "int64": lambda: np.int64(-2),
    "uint8": lambda: np.uint8(200),
    "bool_": lambda: np.bool_(True),
    "complex128": lambda: np.complex128(1j),
    "datetime64": lambda: np.datetime64("2020-01-01"),
    "0-d": lambda: np.array(1.5),
    "0-d whole": lambda: np.array(2),
    "0-d object": lambda: np.array(Value(2.0)),
    "1-d": lambda: np.array([1.0, -2.0]),
    "1-d of Values": lambda: autograd.values([1.0, -2.0]),
    "no numbers": lambda: np.array([]),
    "masked": lambda: np.ma.masked_array([1.0], [True]),
    "strings": lambda: np.array(["a"]),
    "0-d Tensor": lambda: Tensor(1.5),
    "Tensor": lambda: Tensor([1.0, -2.0]),
    "Reflecting": Reflecting,
    "Above": Above,
    "Half": lambda: Half(0.5),
    "Whole": lambda: Whole(2),
    "Floating": Floating,
    "Indexing": Indexing,
    "class": lambda: Value,
    "function": lambda: math.sin,
    "NotImplemented": lambda: NotImplemented,
    "generator": lambda: iter((1.0,)),
}


def questions(text: str) -> list[str]:
    """Expressions of x and y, with ; between."""
    return text.strip().replace("\n", "; ").split("; ")


BETWEEN = questions("""
x + y; y + x; x - y; y - x; x * y; y * x; x / y; y / x; x // y; y // x; x % y; y % x; x ** y; y ** x
x @ y; y @ x; x < y; y <= x; x == y; y != x; x in [y]
""")
MORE = questions("""
iadd(x, y); isub(x, y); imul(x, y); itruediv(x, y); ipow(x, y); ifloordiv(x, y); imod(x, y)
imatmul(x, y); iadd(node(), y); imul(node(), y); iadd(y, x); isub(y, x); imul(y, x); itruediv(y, x)
ipow(y, x); x.logaddexp(y); x.maximum(y); x.hinge(y); x.arctan2(y); x.hypot(y); x.add(y); x.mul(y)
x.clip(y); divmod(x, y); divmod(y, x); pow(x, y, 3); pow(y, x, 3); pow(3, x, y); pow(x, 2, y)
sum([x, x], y); max(x, y); Value.__mul__(x, y); Value.__rmul__(x, y); Value.__imul__(x, y)
np.add(x, y); np.add(y, x); np.multiply(x, y); np.power(y, x); np.hypot(x, y); np.maximum(y, x)
Value(y); Value(1.0, y); Value(1.0, label=y); Value(1.0, requires_grad=y); Value(y, y, y); passed(y)
""")
ALONE = questions("""
-x; +x; abs(x); ~x; not x; index(x); float(x); int(x); bool(x); complex(x); str(x); repr(x)
f"{x:.3f}"; format(x, "q"); round(x); round(x, 1); math.floor(x); math.trunc(x); math.sin(x)
math.log(x); len(x); list(x); x[0]; x(); vars(x); hash(x) == hash(x); copy.copy(x)
weakref.ref(x)() is x; iter(x); np.sin(x); np.isnan(x); np.array(x); np.asarray([x, x])
del_(x, "data"); del_(x, "grad"); del_(x, "name"); del_(x, "is_leaf"); del_(x, "strange")
del_(x, "tanh"); del_(x, "__mul__"); set_(x, "tanh", 1); set_(x, "__mul__", 1)
set_(x, "__class__", object); set_(x, "primitive", None); x.__dict__; x.strange
""")
CALLS = questions(
    "(); (1.0); (1.0, 2.0); (other=1.0); (1.0, other=1.0); (out=None); (x=1.0); (self=x)"
)
MODES: dict[str, Callable[[], Any]] = {
    "": lambda: autograd.Scope("a", "B"),
    "no_grad": autograd.no_grad,
    "anomaly": autograd.detect_anomaly,
    "recording": autograd.recording,
}


def shown(x: Any) -> str:
    """What something is, and all that it holds if it is a node."""
    if isinstance(x, Value | Tensor):
        arguments = ", ".join(map(brief, x.arguments))
        derivatives = x.local_derivatives if isinstance(x, Value) and x.primitive else ()
        scope = x._scope and x._scope.path
        return f"{x!r} of ({arguments}) by {derivatives} {x.requires_grad} in {scope}"
    return brief(x)


def brief(x: Any) -> str:
    return re.sub(r" at 0x\w+", "", f"{type(x).__name__} {x!r}")


def del_(x: Any, name: str) -> None:
    delattr(x, name)


def set_(x: Any, name: str, y: Any) -> Any:
    setattr(x, name, y)
    return getattr(x, name), x


def node() -> Value:
    return Value(2.0) * 3.0


def passed(seed: Any) -> Any:
    x = Value(2.0)
    (x * x).backward(seed)
    return x


@functools.cache
def compiled(question: str) -> CodeType:
    return compile(question, "<question>", "eval")


def told(question: str, **names: Any) -> str:
    """The answer to a question, with what is said beside it; or the error."""
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            answer = shown(eval(compiled(question), {**globals(), **vars(operator), **names}))
        answer += "".join(f" [{each.category.__name__}: {each.message}]" for each in said)
    except Exception as error:
        answer = re.sub(r" at 0x\w+", "", f"{type(error).__name__}: {error}")
    return f"{question}: {answer}".replace("\n", "\n  ")


def operations() -> Iterator[str]:
    """A Value and anything else, on both sides, in every mode."""
    for what, make in OPERANDS.items():
        for mode, entered in MODES.items():
            for question in BETWEEN:
                with entered():
                    yield f"{what}, {mode}: {told(question, x=Value(2.0), y=make())}"
        for question in MORE:
            yield f"{what}: {told(question, x=Value(2.0), y=make())}"
            with autograd.no_grad():
                yield f"{what}, no_grad: {told(question, x=Value(2.0), y=make())}"


def calls() -> Iterator[str]:
    """Methods and properties that are called and assigned as they should not be."""
    for what in ("Value", "constant", "node", "infinite"):
        for question in ALONE:
            yield f"{what}: {told(question, x=OPERANDS[what]())}"
        for name in (
            "data",
            "grad",
            "name",
            "label",
            "requires_grad",
            "is_leaf",
            "shape",
            "strange",
        ):
            for other, make in OPERANDS.items():
                answer = told(f"set_(x, {name!r}, y)", x=OPERANDS[what](), y=make())
                yield f"{what}, {other}: {answer}"
    for name in ("tanh", "relu", "log", "neg", "abs", "logaddexp", "arctan2", "add", "clip"):
        for arguments in CALLS:
            yield told(f"x.{name}{arguments}", x=Value(0.5))
    yield told("type('Mine', (Value,), {})")
    yield told("[each.__qualname__ for each in Value.__mro__]")


def copies() -> Iterator[str]:
    """Copies and pickles of graphs."""
    x, frozen = Value(2.0, "x"), Value(3.0, "frozen", requires_grad=False)
    many = autograd.sum([x, frozen, 2.0, x * 3])
    y = (x * frozen + 2).tanh() * many - x**2
    y.backward()
    ways: dict[str, Callable[[Any], Any]] = {"copy": copy.copy, "deepcopy": copy.deepcopy}
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        ways[f"pickle {protocol}"] = lambda a, p=protocol: pickle.loads(pickle.dumps(a, p))
    for name, way in ways.items():
        for each in autograd.topological_order(y, arguments=True):
            yield f"{name} {each!r}: {shown(way(each))}"
        again = way([y, x])
        order = autograd.topological_order(again[0], arguments=True)
        yield f"{name}: {any(each is again[1] for each in order)}"
        again[0].backward()
        yield from (f"{name} {shown(each)} {each.grad} {each.site}" for each in order)


def looks() -> Iterator[str]:
    """How names of the class are documented and called."""
    for name in sorted(dir(Value)):
        member = inspect.getattr_static(Value, name)
        try:
            signature = str(inspect.signature(getattr(Value, name)))
        except (TypeError, ValueError):
            signature = "-"
        if name not in ("__weakref__", "__slots__", "__doc__"):
            yield f"{name}{signature}: {inspect.getdoc(member)}"
    yield f"{inspect.signature(Value)}: {inspect.getdoc(Value)}"


def replaced() -> Iterator[str]:
    """Operators of the class that somebody replaces."""
    for name in ("__mul__", "__rmul__", "__neg__", "tanh", "__imul__"):
        before = getattr(Value, name)
        setattr(Value, name, lambda *arguments: f"replaced {arguments}")
        for question in ("x * 3", "3 * x", "x * x", "-x", "imul(x, 3)", "x.tanh()"):
            yield f"{name} replaced: {told(question, x=Value(2.0))}"
        setattr(Value, name, before)
        yield f"{name} as before: {told('x * 3, 3 * x, x * x, -x, x.tanh()', x=Value(2.0))}"


if __name__ == "__main__":
    for part in (operations, calls, copies, looks, replaced):
        for line in part():
            print(line)
