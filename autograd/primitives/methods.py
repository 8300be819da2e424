"""The operators and methods of Value and Tensor, written from the rows.

A Value's are compiled from the text that each rule gives when it is called with letters: one function
that computes the result and its local derivatives on floats. There is no second table of formulas;
`source("mul")` shows what was written. A Tensor's call the primitive.
"""

from __future__ import annotations

import functools
import inspect
import linecache
import operator
from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np

from autograd.context.modes import current_mode
from autograd.context.notes import note
from autograd.context.sites import getframe, is_library, library_files, record_site
from autograd.context.tracebacks import hidden
from autograd.engine.apply import apply_to_tensors, record_scalar
from autograd.engine.choices import NOTHING, edge_text
from autograd.engine.core import core
from autograd.engine.families import ARITHMETIC, Elementwise, Reduction
from autograd.engine.followed import UFUNCS, Followed, follow, plain, relation_of
from autograd.engine.graph import Node, tick
from autograd.engine.in_place import in_place
from autograd.engine.letters import OPERATORS, Letter, scalar_text
from autograd.engine.numpy_protocols import as_numpy
from autograd.engine.operands import accepts, raw
from autograd.engine.primitive import Primitive, registry
from autograd.engine.tensor import Tensor
from autograd.engine.value import Value, blank
from autograd.primitives import (  # noqa: F401  (declare the rows)
    effects,
    elementwise,
    entropy,
    fused,
    losses,
    normalisation,
    reductions,
)
from autograd.primitives.composites import (
    argmax,
    argmin,
    as_type,
    clip,
    flatten,
    repeat,
    split,
    take,
    take_along_axis,
    tile,
    trace,
)
from autograd.primitives.linear import expand_dims, flip, moveaxis, ravel, squeeze, swapaxes
from autograd.primitives.products import dot, inner, outer
from autograd.support.clashes import unlike
from autograd.support.publishing import Listed, TensorHabits, ValueHabits

OPERATOR_METHODS = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "div": "truediv",
    "floor_divide": "floordiv",
    "remainder": "mod",
    "pow": "pow",
    "matmul": "matmul",
}
"""Row name: the name of Python's operator method, without underscores."""

SIGNS = {name: OPERATORS[name][0].format("", "").strip("( )") + "=" for name in OPERATOR_METHODS}
"""Row name: the operator that updates in place, such as ``-=``."""

UNARY_OPERATORS = {"__neg__": "neg", "__abs__": "abs", "__pos__": "identity"}
COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")


# --- Value: the text of a method ------------------------------------------------------------------

_NODE = """
{i}frame = getframe(1)
{i}code = frame.f_code
{i}node = blank()
{i}node._raw = out
{i}node._primitive = primitive
{i}node._x = {x}
{i}node._y = {y}
{i}node._dx = {dx}
{i}node._dy = {dy}
{i}node._scope = mode.scope
{i}node._requires_grad = True
{i}node._serial = tick()
{i}if code is not user_code and inside(code):
{i}    record_site(node, frame)
{i}else:
{i}    node._code = code
{i}    node._lasti = frame.f_lasti
{i}return node
"""

_UNARY = """
def {method}(self, /):
    mode = current_mode()
    if mode.plain and self._requires_grad:
        x = self._raw
        try:
            out = {out}
            dx = {dx}
        except ARITHMETIC:
            return record_scalar(primitive, (self,)){node}
    return record_scalar(primitive, (self,))
"""

_BINARY = """
def {method}(self, other, /):
    mode = current_mode()
    if mode.plain and self._requires_grad:
        kind = other.__class__
        if kind is Value:
            if other._requires_grad:
                x = self._raw
                y = other._raw
                try:
                    out = {out}
                    dx = {dx}
                    dy = {dy}{check}
                except ARITHMETIC:
                    return record_scalar(primitive, (self, other)){both}
        elif kind is float or kind is int:
            x = self._raw
            try:
                y = other if kind is float else float(other)
                out = {out}
                dx = {dx}{check_constant}
            except ARITHMETIC:
                return record_scalar(primitive, (self, other)){constant}
    return operate(primitive, self, other)
"""

_REFLECTED = """
def {method}(self, other, /):
    mode = current_mode()
    if mode.plain and self._requires_grad:
        kind = other.__class__
        if kind is float or kind is int:
            y = self._raw
            try:
                x = other if kind is float else float(other)
                out = {out}
                dy = {dy}{check_constant}
            except ARITHMETIC:
                return record_scalar(primitive, (other, self)){constant}
    return operate(primitive, other, self)
"""


def operate(primitive: Primitive, x: Any, y: Any) -> Any:
    """A binary operator on operands of any kind; NotImplemented for what the library does not know."""
    return primitive(x, y) if accepts(x) and accepts(y) else NotImplemented


def formulas(row: Elementwise, write: Callable[[Any], str] = scalar_text) -> tuple[str, list[str]]:
    """The text of a row's function on floats, and of each of its local derivatives."""
    out, trees = written_down(row)
    return scalar_text(out), ["None" if tree is None else write(tree) for tree in trees]


@functools.cache
def written_down(row: Elementwise) -> tuple[Any, list[Any]]:
    """A row's function on floats, and each of its local derivatives, as formulas of letters."""
    letters = [Letter(name, sample=0.5) for name in ("x", "y", "z", "u", "v")[: row.arity]]
    try:
        out = row.scalar(*letters)
    except TypeError:  # not a formula but a function of math, or one that branches
        out = Letter(row.name, tuple(letters), sample=0.5)
    with np.errstate(all="ignore"):  # arccosh(0.5)
        symbol = Letter("out", sample=row.array(*(0.5 for _ in letters), **row.options))
        rules = row.derivatives
        return out, [rule and rule(symbol, *letters, **row.options) for rule in rules]


def source(name: str, method: str | None = None, *, reflected: bool = False) -> str:
    """The Python text of a Value's operator or method, as written from its row.

    >>> "dx = 1.0 - out * out" in source("tanh")
    True
    """
    row = registry[name]
    if not isinstance(row, Elementwise) or row.arity not in (1, 2):
        raise ValueError(f"{name} is not a unary or binary elementwise primitive")
    method = method or name
    out, texts = formulas(row, edge_text)
    if row.arity == 1:
        node = _NODE.format(i=" " * 8, x="self", y="None", dx="dx", dy="None")
        return _UNARY.format(method=method, out=out, dx=texts[0], node=node)
    # A negative base and a fractional exponent make Python answer with a complex number.
    check = "\n{}if out.__class__ is not float:\n{}    raise ValueError" if name == "pow" else ""
    inner, outer = check.format(" " * 20, " " * 20), check.format(" " * 16, " " * 16)
    if reflected:
        node = _NODE.format(i=" " * 12, x="x", y="self", dx="None", dy="dy")
        return _REFLECTED.format(
            method=method, out=out, dy=texts[1], check_constant=outer, constant=node
        )
    return _BINARY.format(
        method=method,
        out=out,
        dx=texts[0],
        dy=texts[1],
        check=inner,
        check_constant=outer,
        both=_NODE.format(i=" " * 16, x="self", y="other", dx="dx", dy="dy"),
        constant=_NODE.format(i=" " * 12, x="self", y="y", dx="dx", dy="None"),
    )


def formula_scope(row: Elementwise) -> dict[str, Any]:
    """The names that the text of a row, and of a node that it makes, is made of."""
    scope: dict[str, Any] = {
        name: each.scalar for name, each in registry.items() if isinstance(each, Elementwise)
    }
    return scope | {
        "ARITHMETIC": ARITHMETIC,
        "NOTHING": NOTHING,
        "Value": Value,
        "primitive": row,
        "blank": blank,
        "abs": abs,
        "tick": tick,
    }


def _install(row: Elementwise, method: str, *, reflected: bool = False) -> None:
    """Compile a method from its row, and give it to Value."""
    text = source(row.name, method, reflected=reflected)
    filename = f"<autograd.Value.{method}>"
    library_files.add(filename)
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    scope = formula_scope(row)
    scope |= {"current_mode": current_mode, "getframe": getframe}
    scope |= {"operate": operate, "record_scalar": record_scalar, "record_site": record_site}

    def inside(code: CodeType) -> bool:
        if is_library(code):
            return True
        scope["user_code"] = code  # most operations come from the code that the last one came from
        return False

    scope |= {"user_code": None, "inside": inside, "__tracebackhide__": hidden}
    made: dict[str, Any] = {}  # apart from the scope, where the same name is the function on floats
    exec(compile(text, filename, "exec"), scope, made)
    function = made[method]
    function.__doc__ = row.__doc__
    function.__qualname__ = f"Value.{method}"
    function.__module__ = __name__
    if core is not None and method not in UNARY_OPERATORS:
        here = core.connect(row.name, "reflected" if reflected else "method", function)
        if here and method == row.name:
            inputs = "$self, /" if row.arity == 1 else "$self, other, /"
            function = core.method(method, f"{method}({inputs})\n--\n\n{row.__doc__}")
    setattr(Value, method, function)
    if row.arity == 1:
        row.of_value = getattr(Value, method)


def _method(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A method that calls a primitive or a composite."""

    def method(self: Any, *others: Any, **options: Any) -> Any:
        return function(self, *others, **options)

    method.__doc__ = function.__doc__
    method.__name__ = name
    _, *rest = inspect.signature(function).parameters.values()
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    as_keywords = inspect.Parameter.KEYWORD_ONLY in {each.kind for each in rest}
    method.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [own, *rest] if not as_keywords else [own, *(_plain(each) for each in rest)]
    )
    return method


def _plain(parameter: inspect.Parameter) -> inspect.Parameter:
    """An option of a primitive, which a method takes by position as well."""
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
        return parameter.replace(kind=inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return parameter


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Numbers are compared: a plain bool, or an array of them against an array."""

    def method(self: Value, other: Any) -> Any:
        if other.__class__ is Value:
            result = compare(self._raw, other._raw)
        elif isinstance(other, float | int | np.number | np.bool_):
            result = bool(compare(self._raw, other))
        elif isinstance(other, np.ndarray):
            if other.dtype == object or (other.ndim and current_mode().notes is not None):
                # Each on its own, so that each is noted as one of numbers, of which a replay of several
                # instances has a column each.
                found = [method(self, each) for each in other.ravel().tolist()]
                return np.array(found, bool).reshape(other.shape)
            result = compare(self._raw, other)
        elif other.__class__ is Followed:
            return follow("a comparison", compare, (self, other))
        else:  # a Tensor knows how
            return NotImplemented
        if current_mode().notes is not None:
            note("a comparison", compare, self, other, result)
        return result

    return method


def documented(row: Primitive) -> str:
    """A row's docstring, with its local derivatives as the rules write them, and an example."""
    parts = [(row.__doc__ or row.name).rstrip()]
    if isinstance(row, Elementwise):
        letters = "xyzuv"[: row.arity]
        texts = zip(letters, formulas(row)[1], strict=True)
        rules = [f"∂/∂{letter} = {text}" for letter, text in texts if text != "None"]
        parts.append(
            "Elementwise, with NumPy's broadcasting, on numbers, arrays, nodes and arrays of Values."
            + (f" Local derivatives: {'; '.join(rules)}." if rules else "")
        )
        # A number inside the domain: 0.5, but for arccosh.
        start = 0.5 if row.arity != 1 or row(0.5) == row(0.5) else 1.5
        arguments: tuple[Any, ...] = (start, 0.25, 2.0, 3.0, 4.0)[: row.arity]
        shown = ", ".join(map(repr, arguments))
    elif isinstance(row, Reduction):
        parts.append(
            "Args: ``axis`` (an int, a tuple of ints, or None for all), ``keepdims``, and the other "
            "options of the signature. Raises ValueError when an axis is out of range."
        )
        arguments, shown = ([1.0, 2.0, 4.0],), "[1.0, 2.0, 4.0]"
    else:
        return parts[0]
    if ">>>" not in parts[0]:
        with np.errstate(all="ignore"):
            result = row(*arguments)
        parts.append(f">>> import autograd\n>>> autograd.{row.name}({shown})\n{result!r}")
    return "\n\n".join(parts)


for _row in list(registry.values()):
    _row.__doc__ = documented(_row)
for _row in list(registry.values()):
    if core is not None:
        core.connect(_row.name, "primitive", _row)
    if not isinstance(_row, Elementwise) or not _row.method:
        continue
    if _row.name in OPERATOR_METHODS:
        _install(_row, f"__{OPERATOR_METHODS[_row.name]}__")
        _install(_row, f"__r{OPERATOR_METHODS[_row.name]}__", reflected=True)
    elif _row.arity in (1, 2) and not _row.options and _row.differentiable(0):
        _install(_row, _row.name)
    if not hasattr(Value, _row.name) and _row.differentiable(0):
        setattr(Value, _row.name, _method(_row.name, _row))
    for _dunder, _name in UNARY_OPERATORS.items():
        if _row.name == _name:
            _install(_row, _dunder)
for _name, _dunder in OPERATOR_METHODS.items():
    if hasattr(Value, f"__{_dunder}__"):
        _update = in_place(registry[_name], SIGNS[_name])
        setattr(Value, f"__i{_dunder}__", _update)
        if core is not None:
            core.connect(_name, "update", _update)
for _name in COMPARISONS:
    setattr(Value, f"__{_name}__", _comparison(getattr(operator, _name)))
setattr(Value, "clip", _method("clip", clip))  # noqa: B010  (as below)


# --- Tensor: methods that call the primitive ------------------------------------------------------


def _operator(row: Primitive, reflected: bool = False) -> Callable[[Any, Any], Any]:
    # Nothing ranks above a Tensor among these, so the call can record at once.
    direct = {Tensor, np.ndarray, float, int}
    options = row.options
    if reflected:

        def method(self: Tensor, other: Any) -> Any:
            if other.__class__ in direct:
                return apply_to_tensors(row, (other, self), options)
            return row(other, self) if accepts(other) else NotImplemented

    else:

        def method(self: Tensor, other: Any) -> Any:
            if other.__class__ in direct:
                return apply_to_tensors(row, (self, other), options)
            return row(self, other) if accepts(other) else NotImplemented

    method.__doc__ = row.__doc__
    return method


def _comparison_of_arrays(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    ufunc = UFUNCS[compare.__name__]

    def method(self: Tensor, other: Any) -> Any:
        if not isinstance(other, Node) and not accepts(other):
            return NotImplemented
        if current_mode().notes is None:
            theirs = raw(other)
            try:
                return compare(self._raw, theirs)
            except ValueError as error:
                raise unlike("a comparison", [self.shape, np.shape(theirs)], error) from None
        x = plain(other)
        simple = isinstance(x, Node | float | int)
        simple = simple or (isinstance(x, np.ndarray) and x.dtype.kind == "f")
        row = relation_of(ufunc) if simple else None
        return follow("a comparison", ufunc, (self, other), row=row)

    return method


def _as_of_arrays(name: str, numpy: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """A method whose arguments come in the order of NumPy's: ``t.var(0, None, None, 1)``."""
    first, *own = inspect.signature(function).parameters.values()
    names = {each.name for each in own}
    alike = 1 if own else 0  # NumPy's first argument after the array is ours as well

    row = function if isinstance(function, Primitive) else None

    def method(self: Tensor, *others: Any, **options: Any) -> Any:
        if not others and not options and row is not None:
            return apply_to_tensors(row, (self,), row.options)
        if len(others) <= alike and (not options or options.keys() <= names):
            return function(self, *others, **options)
        return as_numpy(numpy, function, (self, *others), options, f"Tensor.{name}")

    method.__doc__ = function.__doc__
    method.__name__ = name
    _, *given = inspect.signature(numpy).parameters.values()
    extra = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for each in own
        if each.name not in {other.name for other in given}
    ]
    method.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [first.replace(name="self", kind=inspect.Parameter.POSITIONAL_ONLY), *given, *extra]
    )
    return method


def check_usual(name: str, options: dict[str, Any]) -> None:
    """Take NumPy's other options of a reshape away, which have no other value here."""
    for key, usual in (("order", "C"), ("copy", None)):
        if key in options and options.pop(key) != usual:
            raise TypeError(f"Tensor.{name}() has no option {key!r} in autograd")


def _sequence_option(name: str, option: str) -> Callable[..., Any]:
    """A method that takes its lengths or axes one by one or as a tuple: ``t.reshape(2, 3)``."""
    row = registry[name]

    def method(self: Tensor, *items: Any, **options: Any) -> Any:
        if options:
            check_usual(name, options)
        if not items and option not in options and row.options[option] is not None:
            raise TypeError(
                f"Tensor.{name} takes a {option}: lengths one by one, or a tuple of them"
            )
        if items:
            several = len(items) == 1 and (items[0] is None or not np.isscalar(items[0]))
            options = {option: items[0] if several else items} | options
        return row(self, **options)

    method.__doc__ = row.__doc__
    method.__name__ = name
    return method


for _name, _dunder in OPERATOR_METHODS.items():
    setattr(Tensor, f"__{_dunder}__", _operator(registry[_name]))
    setattr(Tensor, f"__r{_dunder}__", _operator(registry[_name], reflected=True))
    setattr(Tensor, f"__i{_dunder}__", in_place(registry[_name], SIGNS[_name]))
for _dunder, _name in UNARY_OPERATORS.items():
    setattr(Tensor, _dunder, _method(_dunder, registry[_name]))
for _name in COMPARISONS:
    setattr(Tensor, f"__{_name}__", _comparison_of_arrays(getattr(operator, _name)))

for _name, _primitive in registry.items():
    if _primitive.method and _primitive.arity is not None and _primitive.differentiable(0):
        setattr(Tensor, _name, _method(_name, _primitive))
for _name, _option in {"reshape": "shape", "transpose": "axes", "broadcast_to": "shape"}.items():
    setattr(Tensor, _name, _sequence_option(_name, _option))
_function: Callable[..., Any]
for _function in (clip, argmax, argmin, repeat, flatten, trace, take, take_along_axis, split, tile):
    setattr(Tensor, _function.__name__, _method(_function.__name__, _function))
for _function in (ravel, swapaxes, moveaxis, expand_dims, squeeze, flip, dot, inner, outer):
    setattr(Tensor, _function.__name__, _method(_function.__name__, _function))
for _name in ("sum", "mean", "prod", "max", "min", "var", "std", "cumsum"):
    setattr(Tensor, _name, _as_of_arrays(_name, getattr(np, _name), registry[_name]))
for _function in (argmax, argmin, trace, ravel, dot, repeat, squeeze, swapaxes):
    _name = _function.__name__
    setattr(Tensor, _name, _as_of_arrays(_name, getattr(np, _name), _function))
setattr(Tensor, "flatten", _as_of_arrays("flatten", np.ravel, flatten))  # noqa: B010
setattr(Tensor, "astype", _as_of_arrays("astype", np.astype, as_type))  # noqa: B010

Listed.answer(Value, "Value", fixed=True, home=ValueHabits)
Listed.answer(Tensor, "Tensor", fixed=True, home=TensorHabits)
if core is not None:
    core.operators()
