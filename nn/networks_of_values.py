"""Networks made of Values, run over arrays of instances: what `fit` and the pictures call."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd import Value
from nn.layers.normalisation import BatchNorm1d
from nn.module import Module, holds_values

call = autograd.recording.call

ONE_INSTANCE = "one_instance"
"""The attribute by which a class of Modules says that its forward takes one instance, a list."""


def network_of_values(model: Any) -> bool:
    """Whether a model's parameters, those that ``model.parameters()`` gives, are Values."""
    parameters = getattr(model, "parameters", None)
    if isinstance(model, type) or not callable(parameters):
        return False
    found = list(parameters())
    return bool(found) and all(isinstance(p, Value) for p in found)


def on_arrays(model: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A model as a function of arrays whose first axis is that of the instances.

    That is the model itself, unless it is a network of Values (`nn.scalar`, ``to_scalars()``, a class of
    your own with ``parameters()``): this is vectorized, see `autograd.vectorize`.
    """
    if not getattr(model, ONE_INSTANCE, False) and not network_of_values(model):
        return model
    if isinstance(model, Module) and any(isinstance(m, BatchNorm1d) for m in model.modules()):
        return model  # its instances have to do with each other, so they are given together
    return OnArrays(model)


class OnArrays:
    """A network of Values as a function of arrays.

    It takes one instance, as micrograd's do; or arrays, as ``to_scalars()`` and a class of your own that
    refuses one instance, or says another thing of it than in an array. The programs are kept as long as
    the network.
    """

    def __init__(self, model: Callable[[Any], Any]) -> None:
        self.model = model
        self.vectorized = kept(model)
        self.takes_arrays = False if getattr(model, ONE_INSTANCE, False) else None

    def __call__(self, x: Any) -> Any:
        self.decide(x)
        return call(self.model, x) if self.takes_arrays else self.vectorized(x)

    def each(self, x: Any) -> Any:
        """The results as Values, one instance after another: slow, with a graph to look into."""
        self.decide(x)
        return call(self.model, x) if self.takes_arrays else self.vectorized.one_by_one(x)

    def inside(self, x: Any) -> Any:
        """The results with a graph of what the network does, and not one node for all of it."""
        self.decide(x)
        return call(self.model, x) if self.takes_arrays else self.vectorized.by_rows(x)

    def decide(self, x: Any) -> None:
        """See whether the network takes arrays of instances, or one instance. Outside of recordings."""
        if self.takes_arrays is not None:
            return
        rows = autograd.recording.look(x)
        if not rows.ndim or not len(rows):
            raise ValueError(f"a network takes one instance or more, got an array of {rows.shape}")
        with autograd.no_grad():
            try:
                one = call(self.model, rows[0].tolist())
                self.takes_arrays = self.differs_on_arrays(rows, one)
            except Exception as error:
                try:
                    call(self.model, rows[:2])
                    self.takes_arrays = True
                except Exception:
                    raise error from None

    def differs_on_arrays(self, rows: Any, one: Any) -> bool:
        """Whether the network takes arrays, too, and says another thing of them: instances have to do
        with each other, as where a mean over the batch is subtracted."""
        look = autograd.recording.look
        length = rows.shape[1] if rows.ndim > 1 else 0
        count = 3 if length == 2 else 2  # so no list of numbers is taken for a list of instances
        some = rows[[0, *[-1] * (count - 1)]]
        try:
            together = look(np.asarray(call(self.model, some)))
        except Exception:
            return False
        first = look(np.asarray(one))
        if together.shape != (count, *first.shape):
            return False
        last = look(np.asarray(call(self.model, some[-1].tolist())))
        return not all(
            np.allclose(x, y, rtol=1e-8, equal_nan=True)
            for x, y in ((together[0], first), (together[-1], last))
        )


functions: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
"""The vectorized function of each network, which does not keep it alive."""


class Weakly:
    """A network, called and asked, but not kept alive."""

    def __init__(self, model: Any) -> None:
        self.model = weakref.ref(model)
        self.__name__ = getattr(model, "__name__", type(model).__name__)

    def __call__(self, x: Any) -> Any:
        return self.held()(x)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.held(), name)

    def held(self) -> Any:
        """The network, which whoever calls it holds."""
        model = self.model()
        if model is None:
            raise ReferenceError(f"the network {self.__name__} is gone")
        return model


def kept(model: Callable[[Any], Any]) -> Any:
    """The vectorized function of a network, the same with each call."""
    try:
        found = functions.get(model)
        if found is None:
            found = functions[model] = autograd.vectorize(Weakly(model), otherwise=together(model))
    except TypeError:  # what cannot be hashed, or referred to weakly
        return autograd.vectorize(model)
    return found


def together(model: Any) -> Any:
    """What computes all instances of a network that takes arrays as well; None if it does not."""
    if isinstance(model, Module) and any(holds_values(x) for _, x in model._named_leaves()):
        return Weakly(model)
    return None
