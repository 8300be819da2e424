"""Applying a primitive to nodes: compute the result, and record it as a node of its own.

All nodes but leaves are made here, and in the operators of `Value` that are used most: those have the
common case of this written out, from the rows, by `primitives/methods.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd.context.modes import Mode, current_mode, mode_variable, under_way
from autograd.context.notes import note_made
from autograd.context.sites import getframe, library_files, record_site
from autograd.engine.arrays import check_array
from autograd.engine.choices import NOTHING
from autograd.engine.core import core
from autograd.engine.families import Elementwise, Reduction
from autograd.engine.followed import Followed, plain
from autograd.engine.graph import Node, tick
from autograd.engine.operands import FOLLOWED_RANK, TENSOR_RANK, VALUE_RANK, asarray
from autograd.engine.primitive import BAD_INPUT, SCALARS, Primitive, register_kind, registry
from autograd.engine.tensor import FLOAT32, FLOAT64, Buffer, Tensor, as_data
from autograd.engine.unbroadcast import unbroadcast
from autograd.engine.value import Value, blank, number

new = object.__new__
ndarray = np.ndarray


# --- Values ---------------------------------------------------------------------------------------


def apply_to_values(primitive: Primitive, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
    """Call a primitive where the highest kind among the arguments is a Value.

    Beside numbers it is a Value that comes of it, beside an array of Values an array of Values, and
    beside an array of numbers a Tensor: one node, and not one for each number.
    """
    if isinstance(primitive, Elementwise):
        if primitive.of_value is not None:
            return primitive.of_value(*arguments)
        if not any(isinstance(x, ndarray | list | tuple | Followed) for x in arguments):
            return record_scalar(primitive, arguments, options)
    arguments = [unboxed(asarray(x, primitive.name)) for x in arguments]
    if any(x.__class__ is Followed for x in arguments):
        return apply_to_tensors(primitive, tuple(arguments), options)
    arrays = [x for x in arguments if isinstance(x, ndarray)]
    if not arrays and isinstance(primitive, Elementwise):
        return record_scalar(primitive, arguments, options)
    if arrays and not any(x.dtype == object for x in arrays):
        return apply_to_tensors(primitive, tuple(arguments), options)
    arguments = [boxed(x) if x.__class__ is Value else x for x in arguments]
    with np.errstate(all="ignore"):
        return primitive.on_values(arguments, options)


def unboxed(x: Any) -> Any:
    """What an array without axes holds, a number or a Value; anything else as it is."""
    return x.item() if isinstance(x, ndarray) and not x.ndim else x


def boxed(value: Value) -> np.ndarray[Any, Any]:
    """A 0-d object array that holds a Value."""
    array = np.empty((), dtype=object)
    array[()] = value
    return array


def record_scalar(
    primitive: Elementwise, arguments: Sequence[Any], options: dict[str, Any] | None = None
) -> Value:
    """Compute one number from a few, elementwise, and record it."""
    options = primitive.options if options is None else options
    numbers = [x._raw if x.__class__ is Value else number(x, primitive.name) for x in arguments]
    out = primitive.evaluate(numbers, options)
    mode = current_mode()
    derivatives = [
        primitive.local_derivative(slot, out, numbers, options)
        if mode.recording
        and x.__class__ is Value
        and x._requires_grad
        and primitive.differentiable(slot)
        else None
        for slot, x in enumerate(arguments)
    ]
    return make(primitive, arguments, numbers, options, out, derivatives)


def record_flat(primitive: Primitive, arguments: Sequence[Any], options: dict[str, Any]) -> Value:
    """Compute one number from many, and record it as one n-ary node."""
    numbers = [x._raw if x.__class__ is Value else number(x, primitive.name) for x in arguments]
    vector: Any = np.array(numbers)
    derivatives: list[float | None]
    with np.errstate(all="ignore"):
        out = primitive.on_numbers(vector, options)
        if not current_mode().recording:
            derivatives = [None] * len(numbers)
        else:
            derivatives = primitive.flat_derivatives(np.float64(out), vector, options).tolist()
            for slot, x in enumerate(arguments):
                if x.__class__ is not Value or not x._requires_grad:
                    derivatives[slot] = None
                elif derivatives[slot] == 0 and isinstance(primitive, Reduction):
                    derivatives[slot] = NOTHING if primitive.chooses else 0.0
    return make(primitive, arguments, numbers, options, out, derivatives)


def make(
    primitive: Primitive,
    arguments: Sequence[Any],
    numbers: Sequence[float],
    options: dict[str, Any],
    out: float,
    derivatives: Sequence[float | None],
) -> Value:
    """The node of a computed number: interior if a gradient flows to any argument."""
    mode = current_mode()
    if options is not primitive.options:
        options = fixed(options)
    node: Value = blank()
    node._raw = out
    node._grad = node._name = None
    node._requires_grad = derivatives.count(None) < len(derivatives)
    if node._requires_grad or computed_anew(mode, primitive, arguments):
        node._primitive = primitive
        kept = tuple(
            [x if x.__class__ is Value else n for x, n in zip(arguments, numbers, strict=True)]
        )
        own = options is primitive.options
        if isinstance(primitive, Elementwise) and len(kept) <= 2 and own:
            node._x, node._y = (*kept, None)[:2]
            node._dx, node._dy = (*derivatives, None)[:2]
        else:
            node._x, node._y = kept, (*derivatives, options)
            node._dx = node._dy = None
    else:
        node._primitive = node._x = node._y = node._dx = node._dy = None
    node._scope = mode.scope
    node._serial = tick()
    record_site(node, getframe(2))
    if mode.anomaly is not None:
        mode.anomaly.check_forward(node, primitive, arguments)
    return node


register_kind(Value, VALUE_RANK, apply_to_values, record_flat)


def alias(x: Node) -> Value | Tensor:
    """A node with the same number, by which can be differentiated apart from x itself."""
    same: Value | Tensor = registry["identity"](x)
    if (
        not same._requires_grad
    ):  # of a constant: recorded, where a recording is under way, but no more
        same._requires_grad = True
        if isinstance(same, Value) and same._primitive is not None:
            # As many arguments are kept: the pass tells by them that nothing flows on.
            same._x, same._y = (x,), (None, same._primitive.options)
    return same


# --- Tensors --------------------------------------------------------------------------------------


def constant(x: Any, primitive: Primitive) -> Any:
    """A positional argument that is no node, ready for NumPy."""
    x = plain(x)
    if isinstance(x, list | tuple):
        x = np.asarray(as_data(x, None, f"an argument of {primitive.name}"))
    if isinstance(x, ndarray):
        check_array(x, f"an argument of {primitive.name}")
        if x.__class__ is not ndarray:
            x = x.view(ndarray)
        if x.dtype.kind == "f" and x.dtype not in (FLOAT32, FLOAT64):
            # Beside a Value alone it would make a Tensor of half or of extended precision.
            dtype = FLOAT32 if x.dtype.itemsize < 4 else FLOAT64
            return note_made(x.astype(dtype), registry["astype"], [x], {"dtype": dtype})
        if x.dtype.kind in "fbiu":
            return x
        if x.dtype == object:
            raise TypeError(
                f"{primitive.name}: a Tensor and an array of Values do not mix: a network made of "
                "Values comes from model.to_scalars(), an array of its numbers from v.data"
            )
        raise TypeError(f"{primitive.name}: expected real numbers, got an array of {x.dtype}")
    return np.float64(x) if isinstance(x, np.longdouble) else x


def fixed(x: Any) -> Any:
    """Options with copies of their arrays and lists: what selects or weighs does not change later.

    Arrays among the arguments are held as they are, in every row.
    """
    kind = x.__class__
    if kind is dict:
        for each in x.values():
            if each.__class__ in WRITABLE:
                return {name: fixed(each) for name, each in x.items()}
    elif kind is ndarray:
        return note_made(np.array(x), None, [x], {})  # a program says that it is no input
    elif kind is list:
        return [fixed(each) for each in x]
    elif kind is tuple:
        for each in x:
            if each.__class__ in WRITABLE:
                return tuple([fixed(each) for each in x])
    return x


WRITABLE = {ndarray, list, tuple}

SLOTS = [tuple(slot for slot in range(4) if mask >> slot & 1) for mask in range(16)]
"""The tracked arguments, by a number with one bit for each: no tuple is made for a common node."""


def apply_to_tensors(
    primitive: Primitive, arguments: tuple[Any, ...], options: dict[str, Any]
) -> Tensor:
    """Call a primitive where the highest kind among the arguments is a Tensor."""
    if options is not primitive.options:
        for each in options.values():  # as `fixed` does, without a call where nothing is to be done
            kind = each.__class__
            if kind in WRITABLE and (kind is not tuple or fixed(each) is not each):
                options = fixed(options)
                break
    arrays: list[Any] = []
    mask, bit = 0, 1
    for x in arguments:
        kind = x.__class__
        if kind is Tensor or isinstance(x, Node):
            arrays.append(x._raw)
            if x._requires_grad:
                mask += bit
        elif (
            kind is float
            or kind is int
            or (kind is ndarray and (x.dtype is FLOAT64 or x.dtype is FLOAT32))
        ):
            arrays.append(x)
        else:
            array = constant(x, primitive)
            whole = array.__class__ is ndarray and array.dtype.kind in "iub"
            if whole and primitive.family == "diagonal" and primitive.differentiable(len(arrays)):
                # A rule may take a logarithm, which is a half-precision number for small integers.
                tensors = [each.dtype for each in arguments if isinstance(each, Tensor)]
                dtype = np.result_type(array.dtype, np.float32, *(tensors or [FLOAT64]))
                given, array = array, array.astype(dtype)
                if under_way:
                    note_made(array, registry["astype"], [given], {"dtype": dtype})
            if array is not x:
                arguments = (*arguments[: len(arrays)], array, *arguments[len(arrays) + 1 :])
            arrays.append(array)
        bit += bit
    try:
        out = primitive.array(*arrays, **options) if options else primitive.array(*arrays)
    except BAD_INPUT as error:
        raise primitive.explained(error, arrays, options) from None
    if out.__class__ is not ndarray or (out.dtype is not FLOAT64 and out.dtype is not FLOAT32):
        out = as_result(out, primitive, arrays)
    mode = current_mode()
    mask &= primitive.passing
    node = new(Tensor)
    node._raw = out
    node._grad = node._name = node._buffer = None
    if mask and mode.recording:
        slots = SLOTS[mask] if mask < 16 else tuple(i for i in range(len(arrays)) if mask >> i & 1)
    else:
        slots = ()
    if slots:
        node._primitive = primitive
        node._arguments = arguments
        node._arrays = arrays
        node._options = options
        node._slots = slots
        node._parents = (
            arguments
            if len(slots) == len(arguments)
            else tuple([arguments[slot] for slot in slots])
        )
        node._requires_grad = True
    elif computed_anew(mode, primitive, arguments):
        node._primitive = primitive
        node._arguments, node._arrays, node._options = arguments, arrays, options
        node._slots = node._parents = ()
        node._requires_grad = False
    else:
        node._primitive = None
        node._arguments = node._arrays = node._slots = node._parents = ()
        node._options = {}
        node._requires_grad = False
    if out.base is not None:
        share_buffer(node, arguments)
    elif (
        out is arrays[0]
        or out is arrays[-1]
        or (len(arrays) > 2 and (out is arrays[1] or (len(arrays) > 3 and any_is(out, arrays))))
    ):
        share_buffer(node, arguments)  # a function that gives its argument back
    node._retain = mode.retain
    node._scope = mode.scope
    node._serial = tick()
    frame = getframe(1)
    while frame.f_code.co_filename in library_files:
        outer = frame.f_back
        if outer is None:
            break
        frame = outer
    node._code = frame.f_code
    node._lasti = frame.f_lasti
    if mode.anomaly is not None:
        mode.anomaly.check_forward(node, primitive, arguments)
    return node


def any_is(x: Any, items: Iterable[Any]) -> bool:
    """Whether x is one of these very objects."""
    return any(each is x for each in items)


def as_result(out: Any, primitive: Primitive, arrays: Sequence[Any]) -> Any:
    """What a row's function gave as an array of floats: whole numbers and truth values are made such."""
    if out.__class__ in SCALARS:
        return np.asarray(out)
    if out.__class__ is not ndarray:
        primitive.check_real(out)
        out = np.asarray(out)
    if out.dtype in (FLOAT32, FLOAT64):
        return out
    if out.dtype.kind not in "fbiu":
        primitive.check_real(out)
        raise TypeError(f"the function of {primitive.name} gave an array of {out.dtype}")
    # Not by the dtype alone: NumPy's float64 equals None.
    floats = [x.dtype for x in arrays if isinstance(x, ndarray) and x.dtype in (FLOAT32, FLOAT64)]
    return out.astype(np.result_type(*floats) if floats else FLOAT64)


def computed_anew(mode: Mode, primitive: Primitive, arguments: Iterable[Any]) -> bool:
    """Whether a program computes this with each run, though no gradient flows: it is recorded then.

    So it is inside `recording`, for numbers that are drawn, and for what is made of them.
    """
    if mode.notes is not None:
        return True
    if not mode.recording:
        return False
    return primitive.impure is not None or any(
        isinstance(x, Node) and not x.is_leaf for x in arguments
    )


def share_buffer(view: Tensor, arguments: Iterable[Any]) -> None:
    """A view has the buffer of the tensor whose memory it shows; of a constant's it is a copy."""
    for x in arguments:
        if isinstance(x, Tensor) and np.may_share_memory(x._raw, view._raw):
            if x._buffer is None:
                x._buffer = Buffer()
            view._buffer = x._buffer
            return
    for x in arguments:
        if isinstance(x, ndarray) and np.may_share_memory(x, view._raw):
            view._raw = view._raw.copy()
            return


def refuse(
    primitive: Primitive, error: Exception, arrays: Sequence[Any], options: dict[str, Any]
) -> None:
    """Raise NumPy's error about these arrays in the words of the row."""
    raise primitive.explained(error, arrays, options) from None


WHOLE = tuple(map(np.dtype, "?bBhHiIlLqQ"))
"""Of these may arrays be that a row takes as they are, where it is not elementwise."""

if core is not None:
    core.adopt_tensors(
        *(Tensor, ndarray, apply_to_tensors, refuse, as_result, share_buffer),
        *(mode_variable, library_files, BAD_INPUT, SLOTS, (FLOAT32, FLOAT64), WHOLE),
        *(tuple(WRITABLE), (Elementwise.family,), unbroadcast, Primitive),
    )
    apply_to_tensors = core.record
register_kind(Tensor, TENSOR_RANK, apply_to_tensors)


# --- arrays that a recording follows --------------------------------------------------------------


def apply_to_followed(
    primitive: Primitive, arguments: Sequence[Any], options: dict[str, Any]
) -> Any:
    """Call a primitive where the highest kind among the arguments is an array that is followed."""
    if primitive.is_impure(options):  # what is drawn anew is a node
        made = [as_node(x) if x.__class__ is Followed else x for x in arguments]
        return primitive(*made, **options)
    arrays = [plain(asarray(x, primitive.name)) for x in arguments]
    with np.errstate(all="ignore"):
        out = np.asarray(primitive.compute(arrays, options))
    if current_mode().notes is None:
        return out
    return Followed(note_made(out, primitive, arrays, options))


def as_node(x: Followed) -> Tensor:
    """A tensor of the same numbers, computed anew with each run; whole numbers become float64."""
    one = np.ones((), np.float32 if x.dtype == np.float32 else np.float64)
    node: Tensor = registry["mul"](x, Tensor(one, requires_grad=False))
    return node


register_kind(Followed, FOLLOWED_RANK, apply_to_followed)
