"""NumPy's calls, argument by argument: what each of them means to a row, and which has no rule.

A row has its own options, and NumPy's functions have theirs in another order: in
``np.sum(t, 0, np.float32)`` a dtype stands where `sum` has `keepdims`. So a call is bound to NumPy's own
signature, and each argument is passed on under its name; what a row does not know is refused by name,
unless it has NumPy's default.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.support.publishing import option_advice

KINDS = inspect.Parameter

OTHER_NAMES = {"correction": "ddof"}
"""NumPy's second names of options."""

MEAN_NOTHING: dict[str, Callable[[Any], bool]] = {
    "where": lambda x: x is True,
    "optimize": lambda x: True,  # how einsum goes about it
    "device": lambda x: isinstance(x, str) and x == "cpu",
    "order": lambda x: isinstance(x, str) and x == "C",
    "subok": lambda x: isinstance(x, bool),
    "casting": lambda x: isinstance(x, str) and x in ("same_kind", "unsafe"),
}
"""Values beside the default that change nothing about a result here."""

OF_UFUNCS: dict[str, Any] = MEAN_NOTHING | {
    "order": lambda x: isinstance(x, str) and x in ("C", "K"),
}


class Call(NamedTuple):
    """A call of NumPy's function as the row, or composite, takes it."""

    args: list[Any]
    kwargs: dict[str, Any]


class Reading(NamedTuple):
    """How one NumPy function is read: the two signatures."""

    numpy: inspect.Signature
    own: inspect.Signature
    inputs: dict[str, str]  # NumPy's name of an input: ours
    direct: range  # so many leading arguments mean the same in both
    named: frozenset[str]  # options that mean the same in both


@functools.cache
def reading(function: Any, target: Any) -> Reading | None:
    """What two signatures have in common; None where one of them cannot be told."""
    try:
        numpy, own = inspect.signature(function), inspect.signature(target)
    except (TypeError, ValueError):  # a function of C's that does not tell
        return None
    theirs, ours = list(numpy.parameters.values()), list(own.parameters.values())
    if any(each.kind is KINDS.VAR_POSITIONAL for each in (*theirs, *ours)):
        return Reading(numpy, own, {}, range(0), frozenset())
    inputs = {
        a.name: b.name
        for i, (a, b) in enumerate(zip(theirs, ours, strict=False))
        if not i
        or b.kind is KINDS.POSITIONAL_ONLY
        or (a.name not in own.parameters and b.name not in numpy.parameters)
    }
    direct = 0
    for a, b in zip(theirs, ours, strict=False):
        if inputs.get(a.name, a.name) != b.name:
            break
        direct += 1
    required = sum(each.default is KINDS.empty for each in theirs)
    same = frozenset(numpy.parameters.keys() & own.parameters.keys() - inputs.keys())
    return Reading(numpy, own, inputs, range(required, direct + 1), same)


def means_the_same(read: Reading | None, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    """Whether a call can be passed on as it is: most are."""
    return read is None or (
        len(args) in read.direct
        and (not kwargs or kwargs.keys() <= read.named)
        and kwargs.get("keepdims", False).__class__ is bool
    )


def bound_call(
    function: Any, target: Any, args: Sequence[Any], kwargs: dict[str, Any], name: str
) -> Call:
    """The call of `target` that a call of NumPy's `function` means.

    Raises:
        TypeError: an argument that NumPy does not take, or that has no rule; it is named.
    """
    read = reading(function, target)
    if read is None or means_the_same(read, args, kwargs):
        return Call(list(args), kwargs)
    extra = {key: x for key, x in kwargs.items() if key not in read.numpy.parameters}
    # An option of the row's own, such as ties=, is given by name.
    own = {key: extra.pop(key) for key in list(extra) if key in read.own.parameters}
    rest = {key: x for key, x in kwargs.items() if key not in own}
    unknown = next(iter(extra), None)
    if unknown is not None and not takes_any(read.numpy):
        raise refused(name, read, unknown)
    try:
        bound = read.numpy.bind(*args, **rest).arguments
    except TypeError as error:
        raise TypeError(f"{name}(): {error}") from None
    positional: list[Any] = []
    for key, x in bound.items():
        parameter = read.numpy.parameters[key]
        mine = read.inputs.get(key, OTHER_NAMES.get(key, key))
        if parameter.kind is KINDS.VAR_POSITIONAL:
            positional.extend(x)
        elif parameter.kind is KINDS.VAR_KEYWORD:
            for each, value in x.items():
                take(own, read, each, value, name)
        elif x is parameter.default or x is np._NoValue:
            continue
        elif key in read.inputs:
            positional.append(x)
        else:
            take(own, read, mine, x, name, key)
    return Call(positional, own)


def take(
    own: dict[str, Any], read: Reading, mine: str, x: Any, name: str, theirs: str | None = None
) -> None:
    """Pass an option on, if there is one of that name, and refuse it otherwise."""
    theirs = theirs or mine
    if mine in read.own.parameters or takes_any(read.own):
        if mine in own:
            raise ValueError(f"{name}(): {theirs}= and {mine}= are the same, and both were given")
        own[mine] = flag(x, name, theirs) if mine == "keepdims" else x
    elif theirs not in read.numpy.parameters or not MEAN_NOTHING.get(theirs, never)(x):
        raise refused(name, read, theirs, x)


def never(x: Any) -> bool:
    """Whether an option that no row knows may be left out: unless it says so, it may not."""
    return False


def takes_any(signature: inspect.Signature) -> bool:
    """Whether there are options without a name in the signature."""
    return any(each.kind is KINDS.VAR_KEYWORD for each in signature.parameters.values())


def flag(x: Any, name: str, key: str) -> bool:
    """True or False; NumPy takes 1 and 0 for them."""
    if isinstance(x, bool | np.bool_ | int | np.integer) and x in (0, 1):
        return bool(x)
    raise TypeError(f"{name}(): {key}= is True or False, got {x!r:.60}")


def refused(name: str, read: Reading, key: str, x: Any = None) -> TypeError:
    """The error for an argument that no row has."""
    options = [each for each in read.own.parameters if each not in read.inputs.values()]
    known = f"its options are {', '.join(options) or 'none'}{option_advice([key], options)}"
    if isinstance(x, bool):  # another library has keepdims in this place
        known = f"its options are {', '.join(options)}, which are given by name after the first"
    return TypeError(f"{name}() has no option {key!r} in autograd; {known}")


def check_plain_options(ufunc: Any, options: dict[str, Any]) -> None:
    """Drop a ufunc's options that change nothing, such as NumPy's defaults; refuse others by name."""
    for key in list(options):
        x = options.pop(key)
        if not (x is None and key in ("dtype", "signature")) and not OF_UFUNCS.get(key, never)(x):
            raise TypeError(f"np.{ufunc.__name__}() has no option {key!r} in autograd")
