"""Module: a part of a network, with parameters that are found by walking its attributes."""

from __future__ import annotations

import copy
import functools
import weakref
from abc import ABCMeta
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from operator import is_, itemgetter
from typing import Any, Self

import numpy as np

import autograd
from autograd import Node, Scope, Scoped, Tensor, Value
from nn.settings import Settings, changes
from nn.trial import run_once

Array = np.ndarray[Any, Any]
Keys = tuple[Any, ...]


PLAIN = {bool, int, float, str, type(None), np.dtype}
"""Attributes of these types are looked at no further."""


kinds: dict[type, str] = {}
"""What `walk` does with each class it has met: to ask an object with an ABC in its ancestry is slow."""


def kind_of(cls: type) -> str:
    """What `walk` does with objects of a class."""
    families = {
        "node": (Node,),
        "sequence": (list, tuple),
        "dict": (dict,),
        "module": (Module,),
        "array": (np.ndarray,),
    }
    kinds[cls] = next((kind for kind, bases in families.items() if issubclass(cls, bases)), "other")
    return kinds[cls]


# --- walking ----------------------------------------


def walk(root: Module) -> Iterator[tuple[Keys, Any]]:
    """The modules, leaves and arrays of Values below a module, with the keys that lead to each.

    Attributes, lists, tuples and dicts are followed in order, depth first; an object that is reached
    twice (a shared weight, a child that knows its parent) counts the first time.
    """
    seen: set[int] = set()
    stack: list[tuple[Keys, Any]] = [((), root)]
    while stack:
        keys, x = stack.pop()
        if x.__class__ in PLAIN or id(x) in seen:
            continue
        items: Iterable[tuple[Any, Any]] = ()
        kind = kinds.get(x.__class__) or kind_of(x.__class__)
        if kind == "node":
            if not x.is_leaf:
                continue
            yield keys, x
        elif kind == "sequence":
            items = enumerate(x)
        elif kind == "dict":
            items = x.items()
        elif kind == "module":
            yield keys, x
            items = attributes(x).items()
        elif kind == "array" and holds_values(x):
            yield keys, x
        else:
            continue
        seen.add(id(x))
        if items:
            stack.extend([((*keys, key), each) for key, each in items][::-1])


CACHES = ("_below", "_entered", "_places", "_settings", "_units")
"""Attributes that a module keeps for itself."""


def below(root: Module) -> list[Any]:
    """What `walk` finds, in its order, without the keys.

    Loops ask for it at each step, so it is kept, until an attribute of a module is assigned or a list or
    dict that leads to it holds other things.
    """
    kept = vars(root).get("_below")
    if kept is None or not kept.stands():
        kept = vars(root)["_below"] = Below(root)
    return [root, *kept.found]


class Below:
    """What is below a module, and what led there.

    Attributes:
        found: modules, leaves and arrays of Values.
        held: each list, tuple and dict on the way, with what it held.
        count: the assignments before; -1 where arrays hold Values, which may be exchanged for others.
    """

    __slots__ = ("count", "found", "held")

    def __init__(self, root: Module) -> None:
        self.found: list[Any] = []
        self.held: list[tuple[Any, list[Any]]] = []
        self.count = changes.count
        seen: set[int] = set()
        stack: list[Any] = [root]
        while stack:
            x = stack.pop()
            cls = x.__class__
            if cls in PLAIN or id(x) in seen:
                continue
            kind = kinds.get(cls) or kind_of(cls)
            items: list[Any] = []
            if kind == "node":
                if not x.is_leaf:
                    continue
                self.found.append(x)
            elif kind in ("sequence", "dict"):
                items = [*(x if kind == "sequence" else x.values())]
                self.held.append((x, items))
            elif kind == "module":
                if x is not root:  # which would never be freed
                    self.found.append(x)
                items = [each for key, each in vars(x).items() if key not in CACHES]
            elif kind == "array" and x.dtype == object:
                self.count = -1
                if not holds_values(x):
                    continue
                self.found.append(x)
            else:
                continue
            seen.add(id(x))
            stack.extend([each for each in items if each.__class__ not in PLAIN][::-1])

    def stands(self) -> bool:
        """Whether it would be found again."""
        if self.count != changes.count:
            return False
        for x, items in self.held:
            now = x.values() if isinstance(x, dict) else x
            if len(now) != len(items) or not all(map(is_, now, items)):
                return False
        return True


def attributes(module: Module) -> dict[str, Any]:
    """What the user assigned to a module, without what it keeps for itself."""
    return {key: x for key, x in vars(module).items() if key not in CACHES}


def holds_values(x: Any) -> bool:
    """Whether x is an object array with a Value in it."""
    return (
        isinstance(x, np.ndarray)
        and x.dtype == object
        and any(isinstance(each, Value) for each in x.flat)
    )


def has_parameter(x: Any) -> bool:
    """Whether x is, or holds, a leaf that requires a gradient. A module may hold any."""
    if isinstance(x, Node):
        # What a transform differentiates by is a leaf, or a second name of a node that it was given.
        return x.requires_grad and (x.is_leaf or x.primitive is autograd.identity)
    if isinstance(x, np.ndarray):
        return holds_values(x) and any(map(has_parameter, x.flat))
    if isinstance(x, list | tuple | dict):
        return any(map(has_parameter, x.values() if isinstance(x, dict) else x))
    return isinstance(x, Module)


def check_kept(module: Module, name: str, held: Any, x: Any) -> None:
    """Raise where an assignment would take a parameter away: ``layer.weight = layer.weight - x``."""
    where = f"{type(module).__name__}.{name}"
    if held is x:
        # `weight -= x` on an array of Values puts other Values into it, and NumPy asks nobody.
        made = [v for v in x.flat if isinstance(v, Value)] if holds_values(x) else []
        lost = [v for v in made if not v.is_leaf or not (v.requires_grad or v.name)]
        if lost and (not lost[0].is_leaf or not autograd.is_grad_enabled()):
            raise TypeError(
                f"an operator in place has put new nodes into the array of Values {where}, and its "
                "parameters are lost: change their numbers, `for v in weight.flat: v.data -= ...`"
            )
    elif x is not None and has_parameter(held) and not has_parameter(x):
        kind = type(x).__name__
        if isinstance(x, Node):
            kind = f"a {kind} that is no leaf" if not x.is_leaf else f"a constant {kind}"
        raise TypeError(
            f"{where} is a parameter, and would be lost to an assignment of {kind}. To change its "
            f"numbers write `{name}.data = x` (or `{name} -= x` under no_grad), to freeze it "
            f"`{name}.requires_grad = False`, to replace it give a leaf that requires a gradient; for "
            f"anything else `del module.{name}` first"
        )


def path(keys: Keys) -> str:
    """Keys as people write them: ``layers.0.weight``."""
    return ".".join(map(str, keys))


class ModulePath:
    """Where a module is, below another: its path, and the way to it."""

    __slots__ = ("name", "steps")

    def __init__(self, root: Module, keys: Keys) -> None:
        self.name = path(keys)
        self.steps: list[Callable[[Any], Any]] = []
        x: Any = root
        for key in keys:
            if isinstance(x, Module):
                self.steps.append(vars)
                x = vars(x)
            self.steps.append(itemgetter(key))
            x = x[key]

    def leads(self, root: Any, module: Module) -> bool:
        """Whether the way still leads from `root` to `module`."""
        x = root
        try:
            for step in self.steps:
                x = step(x)
        except LOST:
            return False
        return x is module


LOST = (AttributeError, KeyError, IndexError, TypeError)
"""What is raised on a way that is not what it was."""


# --- the module that is running ----------------------------------------


class Running(Scope):
    """The scope of a module's calls. It does not keep the module alive: nodes outlive it.

    Attributes:
        module: the module that is called, or ``None`` once it is gone.
        root: the module around it from which its path is told, and `place`, the way from there.
    """

    __slots__ = ("_module", "_root", "place")
    running = True

    def __init__(self, module: Module, outer: Scope | None) -> None:
        super().__init__("" if outer is None else outer.path, module.__class__.__name__, outer)
        self._module = weakref.ref(module)
        self._root: weakref.ref[Module] | None = None
        self.place: ModulePath | None = None
        while outer is not None:
            root = outer._module() if isinstance(outer, Running) else None
            if root is not None:
                self._root = weakref.ref(root)
                self.place = root._place_of(module)
                name = self.kind if self.place is None else self.place.name
                self.path = ".".join(filter(None, (self.path, name)))
                break
            outer = outer.parent

    def parameters(self) -> Iterable[Any]:
        module = self._module()
        return () if module is None else module.parameters()


class ModuleMeta(autograd.Listed, ABCMeta):
    """The class of modules: an instance that has just been built names its parameters by path."""

    def __setattr__(cls, name: str, x: Any) -> None:
        changes.count += 1  # it is an attribute of the modules as well: ``Neuron.forward = ...``
        super().__setattr__(name, x)

    def __delattr__(cls, name: str) -> None:
        changes.count += 1
        super().__delattr__(name)


def build(cls: Any, *arguments: Any, **options: Any) -> Any:
    """Make a module, and name its parameters."""
    module = super(ModuleMeta, cls).__call__(*arguments, **options)
    module.name_parameters()
    return module


# Not in the body of the class, where editors would take it for what the classes of modules are made by.
ModuleMeta.__call__ = build  # type: ignore[assignment, method-assign]


# --- modules ----------------------------------------


class Module(Scoped, metaclass=ModuleMeta):
    """A part of a network: parameters and other modules as attributes, and a ``forward``.

    A parameter is a leaf (a `Tensor`, a `Value`, or each Value of an object array) that is found in
    an attribute, or in lists, tuples and dicts there, at any depth. Its name is its path, as in
    PyTorch: ``layers.0.weight``. Nothing has to be registered, and ``super().__init__()`` need not
    be called. An array or a Tensor with ``requires_grad=False`` is no parameter.

    Call the module, not its ``forward``: the nodes that are made then know the module they were
    made in (``node.scope``), which drawings and error reports show.

    >>> import autograd, nn
    >>> class Affine(nn.Module):
    ...     def __init__(self):
    ...         self.scale = autograd.Tensor([2.0, 3.0])
    ...         self.inner = [nn.Linear(2, 1, rng=0)]
    ...     def forward(self, x):
    ...         return self.inner[0](self.scale * x)
    >>> model = Affine()
    >>> [name for name, _ in model.named_parameters()]
    ['scale', 'inner.0.weight', 'inner.0.bias']
    >>> y = model([1.0, 1.0])
    >>> y.shape, y.scope
    ((1,), Scope('inner.0', 'Linear'))
    """

    @property
    def training(self) -> bool:
        """Whether the module is being trained: layers such as dropout behave differently then."""
        if autograd.recording.under_way:
            autograd.recording.note_state(f"training of {type(self).__name__}", self._mode)
        return self._mode()

    @training.setter
    def training(self, mode: bool) -> None:
        vars(self)["training"] = mode

    def _mode(self) -> bool:
        mode: bool = vars(self).get("training", True)
        return mode

    _places: Mapping[int, ModulePath] = {}

    def __setattr__(self, name: str, x: Any) -> None:
        if name not in CACHES:
            changes.count += 1
            held = self.__dict__.get(name)
            if isinstance(held, Node | np.ndarray):
                check_kept(self, name, held, x)
        super().__setattr__(name, x)

    def __delattr__(self, name: str) -> None:
        changes.count += 1
        super().__delattr__(name)

    def _make_scope(self, outer: Scope | None) -> Scope:
        if autograd.recording.under_way:
            settings = vars(self).get("_settings")
            if settings is None:
                settings = Settings(self, (*CACHES, "training"))
                vars(self)["_settings"] = settings
            what = f"an attribute of {type(self).__name__} has changed"
            autograd.recording.note_state(what, settings.read, settings.settle)
        return Running(self, outer)

    def _keeps_scope(self, scope: Any) -> bool:
        """Whether this module is still where it was when the scope was made."""
        root = scope._root
        if root is None:
            return True
        x, place = root(), scope.place
        return x is not None and place is not None and place.leads(x, self)

    def _place_of(self, module: Module) -> ModulePath | None:
        """Where a module is below this one; ``None`` where it is not.

        Remembered by identity, and believed only while the way still leads there: lists may have
        been edited, and modules moved, since.
        """
        place = self._places.get(id(module))
        if place is None or not place.leads(self, module):
            self._places = {
                id(x): ModulePath(self, keys) for keys, x in walk(self) if isinstance(x, Module)
            }
            place = self._places.get(id(module))
        return place

    def __getstate__(self) -> dict[str, Any]:
        return attributes(self)

    # --- what it is made of ----------------------------------------

    def named_modules(self) -> list[tuple[str, Module]]:
        """This module, named ``""``, and all below it, each once, with their paths."""
        return [(path(keys), x) for keys, x in walk(self) if isinstance(x, Module)]

    def modules(self) -> list[Module]:
        """This module and all below it, each once."""
        return [module for _, module in self.named_modules()]

    def named_parameters(self) -> list[tuple[str, Any]]:
        """(path, parameter) for each leaf that requires a gradient, each once.

        A Value in an array has its place at the end of its name: ``layers.0.weight[3, 1]``.
        """
        named: list[tuple[str, Any]] = []
        for name, x in self._named_leaves():
            if not isinstance(x, np.ndarray):
                named.append((name, x))
                continue
            for place in np.ndindex(x.shape):
                where = f"[{', '.join(map(str, place))}]" if place else ""
                named.append((name + where, x[place]))
        once: dict[int, tuple[str, Any]] = {}
        for name, x in named:
            if isinstance(x, Node) and x.is_leaf and x.requires_grad:
                once.setdefault(id(x), (name, x))
        return list(once.values())

    def parameters(self) -> list[Any]:
        """The leaves that require a gradient: what an optimiser changes. Each once."""
        found: list[Any] = []
        # As `named_parameters`, without the names: loops ask for it at each step.
        for x in below(self):
            if x.__class__ is Value or isinstance(x, Node):
                found.append(x)
            elif isinstance(x, np.ndarray):
                found += [each for each in x.flat if isinstance(each, Node)]
        once = {id(x): x for x in found if x.is_leaf and x.requires_grad}
        return list(once.values())

    def _named_leaves(self) -> list[tuple[str, Any]]:
        """Leaf Tensors, leaf Values and arrays of Values, with their paths."""
        leaves = [(path(keys), x) for keys, x in walk(self) if not isinstance(x, Module)]
        if len({name for name, _ in leaves}) < len(leaves):
            names = [name for name, _ in leaves]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"two parameters of {type(self).__name__} have the path {twice!r}")
        return leaves

    def name_parameters(self) -> Self:
        """Give parameters their path as a name, for drawings. A name that the user chose stays.

        Done by itself when a module has been built: ``weight`` in a `Linear` becomes
        ``layers.0.weight`` in the `Sequential` around it. Call it again after adding layers.
        """
        for name, parameter in self.named_parameters():
            named = parameter.name
            # A longer path comes from a container, a shorter one from a child that knows its parent.
            if named is None or name.endswith(f".{named}") or named.endswith(f".{name}"):
                parameter.name = name
        return self

    # --- modes and gradients ----------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in every module below. Returns the module."""
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self) -> Self:
        """``train(False)``: behave as in use, not as in training. Returns the module."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Set every parameter's gradient to ``None``, so that the next pass starts anew."""
        for x in below(self):
            if x.__class__ is Value or isinstance(x, Node):
                x.grad = None
            elif isinstance(x, np.ndarray):
                for each in x.flat:
                    if isinstance(each, Value):
                        each.grad = None

    # --- numbers in and out ----------------------------------------

    def state_dict(self) -> dict[str, Array]:
        """The numbers of every leaf, by path: copies, so that training does not change them.

        A network made of Values gives the same names and arrays as the one made of tensors.

        >>> import nn
        >>> model = nn.Linear(3, 2, rng=0)
        >>> {name: array.shape for name, array in model.state_dict().items()}
        {'weight': (2, 3), 'bias': (2,)}
        """
        return {name: numbers(x) for name, x in self._named_leaves()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take numbers from what `state_dict` gave. Everything is checked before anything changes.

        Raises:
            ValueError: names are missing or unexpected, or a shape differs; all of them are listed.
            TypeError: an array's numbers do not fit the parameter's dtype without loss.
        """
        if not isinstance(state, Mapping):
            raise TypeError(
                f"load_state_dict takes a dict from names to arrays, got {type(state).__name__}"
            )
        leaves = dict(self._named_leaves())
        missing = [name for name in leaves if name not in state]
        unexpected = [name for name in state if name not in leaves]
        if missing or unexpected:
            raise ValueError(
                f"load_state_dict of {type(self).__name__}: "
                f"missing {', '.join(missing) or 'nothing'}; "
                f"unexpected {', '.join(map(str, unexpected)) or 'nothing'}; "
                f"expected {', '.join(leaves) or 'no names'}"
            )
        arrays = {
            # Copies: the state may hold this module's own arrays, in another order.
            name: np.array(x.data if isinstance(x, Node) else autograd.check_array(x, name))
            for name, x in state.items()
        }
        held = {name: numbers(leaf) for name, leaf in leaves.items()}
        shapes = [
            f"{name} has shape {held[name].shape}, got {arrays[name].shape}"
            for name in leaves
            if arrays[name].shape != held[name].shape
        ]
        if shapes:
            raise ValueError(f"load_state_dict of {type(self).__name__}: {'; '.join(shapes)}")
        dtypes = [
            f"{name} is {held[name].dtype}, got {arrays[name].dtype}"
            for name in leaves
            if arrays[name].dtype.kind not in "biuf"
            or not np.can_cast(arrays[name].dtype, held[name].dtype)
        ]
        if dtypes:
            raise TypeError(
                f"load_state_dict of {type(self).__name__}: {'; '.join(dtypes)} "
                "(convert with astype where a loss of precision is wanted)"
            )
        for name, leaf in leaves.items():
            assign(leaf, arrays[name])

    def to_scalars(self) -> Self:
        """A copy of this network in which every number is a `Value`, to look inside.

        Each Tensor becomes an object array of Values named ``layers.0.weight[3, 1]``. The same code
        runs on it: give it a list of floats or Values (one instance), or an array of instances.

        >>> import nn
        >>> model = nn.MLP(2, [3, 1], activation="tanh", rng=0)
        >>> scalars = model.to_scalars()
        >>> y = scalars([0.5, -1.0])[0]
        >>> abs(y.data - model([0.5, -1.0]).item()) < 1e-12
        True
        >>> y.backward()
        >>> scalars.layers[0].weight[2, 1].name, len(scalars.parameters())
        ('layers.0.weight[2, 1]', 13)
        """
        memo: dict[int, Any] = {
            id(x): autograd.values(x.data, name, requires_grad=x.requires_grad)
            for name, x in self._named_leaves()
            if isinstance(x, Tensor)
        }
        return copy.deepcopy(self, memo)

    # --- how it prints, and how it is drawn ----------------------------------------

    def describe(self) -> str:
        """What stands between the parentheses of the module's repr. A layer gives its sizes."""
        return ""

    _in_a_row = False
    """Whether the modules in it run one after another, in their order."""

    _is_affine = False
    """Whether it is an affine map of a `weight` and a `bias`, as `nn.Linear`."""

    _takes_indices = False
    """Whether it takes whole numbers, which stay what they are."""

    def _takes(self) -> int | None:
        """How many numbers an instance has that it takes, where the module itself tells."""
        return None

    def __draw__(self) -> tuple[list[dict[str, Any]], Callable[..., Any]]:
        """What `autograd.draw` asks of a model: (its parts, how to run it once).

        Each part is a module, those around it first: a dict of its ``path``, ``title``, ``parameters``
        (its own, as text), their ``count``, ``leaves`` (these themselves, by whose names its layer is
        counted), and ``row``: whether those in it run in order. The function
        is called with an input, or None, and gives the nodes of the output, and by path what each module
        computes itself and the shape it gives. Whatever has this method is drawn as a model.
        """
        parts = []
        for name, module in self.named_modules():
            shapes, count = own_parameters(module)
            if shapes and not shapes.replace("()", "").count("("):
                shapes = f"{count} Values"  # each by itself, as a neuron has them
            title = f"{type(module).__name__}({module.describe()})"
            size = int(count.replace(",", "") or 0)
            row = {"path": name, "title": title, "parameters": shapes, "count": size}
            leaves = [each for _, x in own_leaves(module) for each in nodes(x)]
            parts.append({**row, "leaves": leaves, "row": module._in_a_row})
        return parts, functools.partial(run_once, self)

    def __repr__(self) -> str:
        title = f"{type(self).__name__}({self.describe()})"
        total = f"{sum(parameter.size for parameter in self.parameters()):,} parameters"
        shapes, _ = own_parameters(self)
        below = self.named_modules()[1:]
        if not below:
            return f"{title}: {shapes}; {total}" if shapes else title
        rows = [
            (f"  {name}: {type(module).__name__}({module.describe()})", *own_parameters(module))
            for name, module in below
        ]
        if shapes:
            rows.insert(0, ("  its own", *own_parameters(self)))
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [
            f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}".rstrip()
            for row in rows
        ]
        return "\n".join([f"{title}: {total}", *lines])


@contextmanager
def modes_kept(model: Any) -> Iterator[None]:
    """Leave the modules of a model in the modes that they were in; a function has none."""
    before = [(m, m.training) for m in model.modules()] if isinstance(model, Module) else []
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode


def own_leaves(module: Module) -> list[tuple[str, Any]]:
    """The parameters, by name, that are a module's own and not of one below."""
    below = tuple(f"{name}." for name, _ in module.named_modules()[1:])
    return [
        (name, x)
        for name, x in module._named_leaves()
        if not name.startswith(below) and any(each.requires_grad for each in nodes(x))
    ]


def own_parameters(module: Module) -> tuple[str, str]:
    """The shapes, and the number, of the parameters that are a module's own and not of one below."""
    leaves = own_leaves(module)
    if not leaves:
        return "", ""
    shapes = ", ".join(f"{name} {np.shape(numbers(x))}" for name, x in leaves)
    return shapes, f"{sum(np.size(numbers(x)) for _, x in leaves):,}"


def nodes(leaf: Any) -> list[Node]:
    """A leaf, or the Values of an array."""
    return [x for x in ([leaf] if isinstance(leaf, Node) else leaf.flat) if isinstance(x, Node)]


def numbers(leaf: Any) -> Array:
    """A copy of the numbers of a leaf, or of an array of Values."""
    if not holds_values(leaf):
        return np.array(leaf.data)
    flat = [each.data if isinstance(each, Node) else each for each in leaf.flat]
    return np.array(flat, dtype=np.float64).reshape(leaf.shape)


def assign(leaf: Any, array: Array) -> None:
    """Give a leaf, or the Values of an array, other numbers."""
    if isinstance(leaf, Tensor | Value):
        leaf.data = array
        return
    for place in np.ndindex(leaf.shape):
        if isinstance(leaf[place], Value):
            leaf[place].data = array[place]
        else:
            leaf[place] = float(array[place])


autograd.Listed.answer(Module, "Module")
