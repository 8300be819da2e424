"""Publishing: what modules and objects offer, and what they answer to the names of other libraries."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dis import opmap
from types import FunctionType, ModuleType, UnionType
from typing import Any

from autograd.support.habits import advice, by_place

# --- attributes of objects ------------------------------------------------------------------------


class Elsewhere:
    """An attribute that instances of a class do not have: asking for it says what to write.

    A descriptor, as a class with a ``__getattr__`` is slower to read every other attribute of. The
    name is not there for ``hasattr``, ``getattr`` with a default, ``dir`` and ``help``.
    """

    __slots__ = ("home", "name", "place")

    def __init__(self, place: str, name: str, home: type) -> None:
        self.place, self.name, self.home = place, name, home

    def __get__(self, instance: Any, owner: type) -> Any:
        # A class of the user's may have the name from another base, which comes later in the order.
        for each in owner.__mro__[owner.__mro__.index(self.home) + 1 :]:
            found = vars(each).get(self.name, self)
            if not isinstance(found, Elsewhere):
                get = getattr(type(found), "__get__", None)
                return found if get is None else get(found, instance, owner)
        raise AttributeError(
            f"{owner.__name__!r} object has no attribute {self.name!r}: "
            f"{advice(self.place, self.name)}"
        )


class Fixed(Elsewhere):
    """The same where instances take no attributes of the user's: to assign it is an error as well."""

    __slots__ = ()

    def __set__(self, instance: Any, x: Any) -> None:
        self.__get__(instance, type(instance))


REFUSED = ("parents", "unknown")
"""Parameters of Value and Tensor that take what is refused with advice."""


class Listed(type):
    """The class of classes whose ``dir`` and ``help`` list what their instances have."""

    @property  # type: ignore[misc]
    def __class__(cls) -> type:
        """`type`, as for other classes: jedi takes a class whose class is another for an instance."""
        return type

    @property
    def __signature__(cls) -> inspect.Signature:
        """What ``__init__`` takes, without what it takes only to refuse it."""
        init: Any = getattr(cls, "_begin", None) or cls.__init__  # type: ignore[misc]
        if init is object.__init__:  # which takes nothing
            return inspect.Signature()
        signature = inspect.signature(init)
        _, *others = signature.parameters.values()
        kept = [each for each in others if each.name not in REFUSED]
        return signature.replace(parameters=kept)

    def __dir__(cls) -> list[str]:
        return [name for name in super().__dir__() if not is_elsewhere(cls, name)]

    def answer(cls, place: str, *, fixed: bool = False, home: type | None = None) -> None:
        """Let instances answer to the names that the table has for a place and the class has not.

        With ``fixed=True`` such a name cannot be assigned either. The answers are put into the class, or
        into a base of it, `home`.
        """
        kind = Fixed if fixed else Elsewhere
        home = cls if home is None else home
        for name in by_place().get(place, {}):
            if not any(name in vars(each) for each in cls.__mro__):
                setattr(home, name, kind(place, name, home))
        cls.__dir__ = visible  # type: ignore[assignment, method-assign]


class ValueHabits:
    """The last base of `Value`: what other libraries' numbers have."""

    __slots__ = ()


class TensorHabits:
    """The last base of `Tensor`: what other libraries' arrays have."""

    __slots__ = ()


def is_elsewhere(cls: type, name: str) -> bool:
    """Whether a name is in a class only to say what to write instead."""
    found = [vars(each)[name] for each in cls.__mro__ if name in vars(each)]
    return bool(found) and all(isinstance(x, Elsewhere) for x in found)


def visible(instance: Any) -> list[str]:
    """The attributes of an object, for its ``__dir__``."""
    cls, own = type(instance), getattr(instance, "__dict__", ())
    listed = object.__dir__(instance)
    return [name for name in listed if name in own or not is_elsewhere(cls, name)]


# --- options --------------------------------------------------------------------------------------


def option_advice(unknown: Iterable[str], known: Iterable[str]) -> str:
    """What to write instead of options that a call does not have, as the end of a message.

    >>> option_advice(["dim"], ["axis", "keepdims"])
    ": PyTorch's `dim=` is `axis=` here"
    >>> option_advice(["axes"], ["nothing"])
    ''
    """
    import difflib

    known = list(known)
    told = []
    for name in unknown:
        for habit in by_place()["option"].get(name, ()):
            if not habit.here or habit.here.removesuffix("=") in known:
                told.append(habit.advice("option", name))
                break
        else:
            if close := difflib.get_close_matches(name, known, n=1):
                told.append(f"did you mean `{close[0]}=`?")
    return f": {'; '.join(told)}" if told else ""


def advised(function: Callable[..., Any], shown: str) -> Callable[..., Any]:
    """A function whose caller is told what to write when the call itself was wrong.

    That is so when the error came before the first line of the function ran.
    """

    explain = better  # for `call`, which has other globals than this file's

    def call(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
            raise TypeError(explain(error, function, shown, options)) from None

    # Made anew with the globals of the function, which say to doctest where it belongs.
    copy = FunctionType(call.__code__, function.__globals__, shown, None, call.__closure__)
    functools.update_wrapper(copy, function)
    return copy


def better(
    error: TypeError, function: Callable[..., Any], shown: str, options: Mapping[str, Any]
) -> str:
    """The message of a call that does not fit, with the names that would."""
    parameters = [
        each
        for each in inspect.signature(function).parameters.values()
        if each.name != "self" and not each.name.startswith("_")
    ]
    names = [each.name for each in parameters]
    unknown = [name for name in options if name not in names]
    told = str(error).replace(function.__qualname__, shown)
    if unknown:
        more = option_advice(unknown, names)
        return told + (more or f"; it takes {', '.join(names) or 'no arguments'}")
    if called := advice("call", shown):
        return f"{told}: {called}"
    return f"{told}; it takes {', '.join(map(str, map(bare, parameters)))}"


def bare(parameter: inspect.Parameter) -> inspect.Parameter:
    """A parameter without its annotation, as a message shows it."""
    return parameter.replace(annotation=inspect.Parameter.empty)


# --- modules --------------------------------------------------------------------------------------


ADVISED: dict[Callable[..., Any], Callable[..., Any]] = {}
"""For each function that a module publishes what it is published as; for this, and for a method that
says how it is called, itself."""


def publish(module: str, *others: str, below: bool = False) -> None:
    """Let a module offer what is in its ``__all__``, and `others`: called at its end.

    A module without that list gets one: what it has but `others`, other modules, what is there for
    annotations, and what begins with an underscore. ``dir`` lists both and nothing else; a name that is
    missing, and an option that a function, class or method does not have, is answered from the table.

    With ``below=True`` a package answers for the functions and classes of the modules below it as well,
    and offers those of these modules that are published themselves: they need say nothing of their own.
    """
    if not isinstance(module, str) or module not in sys.modules:
        raise ValueError(f"publish takes the name of a module, `__name__`, got {module!r:.60}")
    scope = vars(sys.modules[module])
    for name in others:
        if name not in scope:
            raise ValueError(f"publish: {module} has no {name!r:.60}")
    if "__all__" not in scope:
        scope["__all__"] = [
            name
            for name, x in scope.items()
            if not name.startswith("_") and name not in others and is_offered(x, module, below)
        ]
    names = sorted({*scope["__all__"], *others})
    scope["__dir__"] = lambda: list(names)
    earlier = scope.get("__getattr__")

    def __getattr__(name: str) -> Any:  # noqa: N807  (a module's)
        if earlier is not None:
            try:
                return earlier(name)
            except AttributeError:
                pass
        raise missing(module, name, sys._getframe(1))

    scope["__getattr__"] = __getattr__
    inside = f"{module}."
    for name in names:
        x = scope[name]
        home = getattr(x, "__module__", None) or ""
        if home == module or (below and home.startswith(inside)):
            if isinstance(x, FunctionType):
                scope[name] = published(x)
            elif isinstance(x, type):
                advise_methods(x)
        if isinstance(x, type) and home.startswith(inside):
            x.__module__ = module  # so that tracebacks and pickles name the place that stays


def is_offered(x: Any, module: str, below: bool) -> bool:
    """Whether a module offers what it has under a public name."""
    if isinstance(x, ModuleType):
        home, _, _ = x.__name__.rpartition(".")
        return below and home == module and "__dir__" in vars(x)
    if isinstance(x, UnionType) or type(x).__module__ == "__future__":
        return False
    return getattr(x, "__module__", None) != "typing"


def published(function: FunctionType) -> Callable[..., Any]:
    """A function as modules publish it: the same wherever it is public, and where it is defined."""
    if function not in ADVISED:
        made = ADVISED[function] = advised(function, function.__name__)
        ADVISED[made] = made
        home = vars(sys.modules[function.__module__])
        home |= {name: made for name, x in home.items() if x is function}
    return ADVISED[function]


def missing(module: str, name: str, frame: Any) -> Exception:
    """The error for a name that a module does not have; ``from module import name`` asks too."""
    told = advice(module, name)
    if told is not None and frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]:
        return ImportError(f"cannot import name {name!r} from {module!r}: {told}", name=module)
    if told is None:
        return AttributeError(
            f"module {module!r} has no attribute {name!r}", name=name, obj=sys.modules[module]
        )
    return AttributeError(f"module {module!r} has no attribute {name!r}: {told}")


NOT_CALLED_BY_USERS = (
    *("as_units", "change", "check_group", "forward", "rates", "run_inside", "scope_inside"),
    "together",
)


def advise_methods(cls: type) -> None:
    """Let the methods that a class has from its package say how they are called, where they were not."""
    if issubclass(cls, BaseException) or "__slots__" in vars(cls):
        return  # what has slots is made and asked by the thousand
    package = cls.__module__.partition(".")[0]
    seen: set[str] = set()
    for owner in cls.__mro__:
        own = {name: x for name, x in vars(owner).items() if name not in seen}
        seen.update(own)  # what a class has in place of its base's is what its users call
        if owner.__module__.partition(".")[0] != package:
            continue
        for name, x in own.items():
            hidden = name.startswith("_") and name != "__init__"
            if hidden or name in NOT_CALLED_BY_USERS or not isinstance(x, FunctionType):
                continue
            if x not in ADVISED:
                made = advised(x, owner.__name__ if name == "__init__" else name)
                ADVISED[made] = made
                setattr(owner, name, made)
