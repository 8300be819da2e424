"""FunctionModule: a function with options as a module, which is what activations and losses are."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from nn.module import Module


class FunctionModule(Module):
    """A module that calls a function with the options it was made with.

    A subclass names its `function`. What its ``__init__`` takes it keeps, as attributes of the same
    names, and the function is called with them: so there is nothing else to write down.

    >>> import nn
    >>> class Cubed(FunctionModule):
    ...     function = staticmethod(lambda x, by=1.0: by * x**3)
    ...     def __init__(self, by: float = 1.0) -> None:
    ...         self.by = by
    ...     def forward(self, x):
    ...         return self._applied(x)
    >>> Cubed(), Cubed(by=2.0), Cubed(by=2.0)(3.0)
    (Cubed(), Cubed(by=2.0), 54.0)
    """

    function: ClassVar[Callable[..., Any]]
    _plain: ClassVar[Callable[..., Any]]
    _options: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "function" in vars(cls):
            # Without what tells a user of the function which options it has: the module knows them.
            cls._plain = staticmethod(inspect.unwrap(cls.function))
            code = getattr(inspect.unwrap(cls.__init__), "__code__", None)
            # Without an __init__ there is object's, which takes nothing.
            cls._options = code.co_varnames[1 : code.co_argcount] if code else ()

    def _applied(self, *inputs: Any) -> Any:
        """The function of some inputs, with the module's options."""
        if not self._options:
            return self._plain(*inputs)
        held, options = self.__dict__, {}
        for name in self._options:  # in a loop: a comprehension is one more call
            options[name] = held[name]
        return self._plain(*inputs, **options)

    def describe(self) -> str:
        """The options that are not what they are by default."""
        taken = inspect.signature(type(self)).parameters
        told = {name: getattr(self, name) for name in self._options if name in taken}
        return ", ".join(f"{name}={x!r}" for name, x in told.items() if x != taken[name].default)
