"""Optimizer: what every rule of `nn.optim` shares, so that a rule is only its formula on a `Block`."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

import autograd
from autograd import Node, Value, Vector
from nn.arguments import flag, fraction, listed, non_negative, pair_of_fractions
from nn.module import Module
from nn.optim.blocks import Block

Array = np.ndarray[Any, Any]
Check = Callable[[Any, str], Any]


def options_of(init: Any, fractions: tuple[str, ...] = ()) -> dict[str, Check]:
    """The options that a rule's ``__init__`` takes, with the check of each: it follows from the default.

    Numbers are 0 or more; those named in `fractions` are below 1 as well.
    """
    checks: dict[type, Check] = {bool: flag, tuple: pair_of_fractions, float: non_negative}
    defaults = init.__defaults__ or ()
    names = init.__code__.co_varnames[: init.__code__.co_argcount][-len(defaults) :]
    return {
        name: fraction if name in fractions else checks[type(default)]
        for name, default in zip(names, defaults, strict=True)
    }


class ParameterGroup(UserDict[str, Any]):
    """Parameters that share options: a dict as PyTorch's, in which every assignment is checked.

    ``group["params"]`` holds the parameters, ``group["lr"]`` and the others the options of the rule;
    ``group["initial_lr"]`` is where a schedule started.
    """

    def __init__(self, kind: type[Optimizer], parameters: Iterable[Any], options: Any) -> None:
        super().__init__()
        self.kind = kind
        self.data["params"] = tuple(parameters)
        self.update(options)

    def __getitem__(self, name: str) -> Any:
        return self.data[name]

    def __setitem__(self, name: str, x: Any) -> None:
        if name == "params":
            raise TypeError("the parameters of a group stay: optimizer.add_param_group adds others")
        check = non_negative if name == "initial_lr" else self.kind.OPTIONS.get(name)
        if check is None:
            raise ValueError(
                f"{self.kind.__name__} has no option {name!r}: it takes "
                f"{', '.join(self.kind.OPTIONS)}{autograd.option_advice([name], self.kind.OPTIONS)}"
            )
        self.data[name] = check(x, name)

    def options(self) -> dict[str, Any]:
        """Everything but the parameters."""
        return {name: x for name, x in self.data.items() if name != "params"}


# --- optimisers ----------------------------------------


class Optimizer(metaclass=autograd.Listed):
    """What all optimisers share: groups of checked parameters, their options, state and `step`.

    A rule is a subclass that lists its options in `OPTIONS`, its states in `STATES`, and gives
    ``change(block, group)``: what is subtracted from a block's parameters.

    Attributes:
        parameters: the leaves that are changed, Tensors or Values, of all groups in order.
        param_groups: the groups; ``optimizer.param_groups[0]["lr"] = 0.1`` sets an option of one.
        defaults: the options of groups that do not give their own.
    """

    OPTIONS: ClassVar[Mapping[str, Check]] = {"lr": non_negative}
    STATES: ClassVar[tuple[str, ...]] = ()

    def __init__(self, parameters: Iterable[Any], **options: Any) -> None:
        name = type(self).__name__
        if isinstance(parameters, Module):
            raise TypeError(f"{name} takes parameters: {name}(model.parameters(), ...)")
        if isinstance(parameters, Node):
            raise TypeError(f"{name} takes a list of parameters: {name}([p], ...)")
        self.defaults = ParameterGroup(type(self), (), options).options()
        self.parameters: list[Any] = []
        self.param_groups: list[ParameterGroup] = []
        self._states: list[dict[str, Any]] = []
        self._blocks: list[Block] = []
        self._reached: list[int] = []
        groups = listed(parameters, f"parameters of {name}")
        if not any(isinstance(group, Mapping) for group in groups):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)
        if not self.parameters:
            raise ValueError(f"{name} got no parameters")

    def _chosen(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options among the arguments of an ``__init__``, its ``locals()``."""
        return {name: given[name] for name in self.OPTIONS if name in given}

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add parameters with options of their own: ``{"params": [...], "lr": 0.01}``.

        Raises:
            ValueError: a parameter that is here already, or an option that does not fit.
            TypeError: something that is not a Tensor or a Value.
        """
        name = type(self).__name__
        if not isinstance(group, Mapping) or "params" not in group:
            raise TypeError(
                f"a group of {name} is a dict with 'params', got {type(group).__name__} "
                f"({group!r:.60})"
            )
        given = group["params"]
        if isinstance(given, Module):
            raise TypeError(f"a group of {name} takes parameters: {{'params': layer.parameters()}}")
        parameters = (
            [given] if isinstance(given, Node) else listed(given, f"params of a group of {name}")
        )
        for parameter in parameters:
            if not isinstance(parameter, Node):
                raise TypeError(
                    f"{name} takes Tensors and Values, got {type(parameter).__name__} "
                    f"({parameter!r:.60})"
                )
            if not parameter.is_leaf or not parameter.requires_grad:
                raise ValueError(
                    f"{name} takes leaves that require a gradient, got {parameter!r:.80}"
                )
        everything = self.parameters + parameters
        if len({id(parameter) for parameter in everything}) < len(everything):
            raise ValueError(f"{name} got the same parameter twice")
        options = {key: x for key, x in group.items() if key != "params"}
        made = ParameterGroup(type(self), parameters, self.defaults | options)
        self.check_group(made)
        self.param_groups.append(made)
        self.parameters = everything
        self._states.extend({} for _ in parameters)
        self._all = list(range(len(self.parameters)))
        self._settle()

    @property
    def vector(self) -> Vector | None:
        """All parameters as one vector, where they are Values; None where some are Tensors."""
        try:
            return self._vector
        except AttributeError:
            values = all(isinstance(parameter, Value) for parameter in self.parameters)
            self._vector: Vector | None = Vector(self.parameters) if values else None
            return self._vector

    def check_group(self, group: ParameterGroup) -> None:
        """Raise where the options of a group exclude each other."""

    def change(self, block: Block, group: ParameterGroup) -> Array:
        """What is subtracted from the block's parameters: the rule itself."""
        raise TypeError(f"{type(self).__name__} defines no change(block, group)")

    @property
    def lr(self) -> float:
        """The learning rate: a finite number, 0 or more. The first group's; assigning sets all."""
        lr: float = self.param_groups[0]["lr"]
        return lr

    @lr.setter
    def lr(self, lr: float) -> None:
        lr = non_negative(lr, "lr")
        for group in self.param_groups:
            group["lr"] = lr

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set every parameter's gradient to ``None``, so that the next pass starts anew.

        With ``set_to_none=False``, gradients that are there become 0 instead: `step` then takes a
        parameter that no pass reaches along, by its momentum or its weight decay.
        """
        if set_to_none and self.vector is not None:
            self.vector.grad = None
            return
        for parameter in self.parameters:
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                scalar = isinstance(parameter, Value)
                parameter.grad = 0.0 if scalar else np.zeros_like(parameter.data)

    def step(self) -> None:
        """Change every parameter that has a gradient; one that no pass reached, or that is frozen
        (``p.requires_grad = False``), is skipped.

        Graphs that were recorded before are stale afterwards: compute the loss anew.

        Raises:
            ValueError: no parameter has a gradient, or a gradient has not its parameter's shape.
            autograd.AnomalyError: a gradient is not finite.
            In each case neither a parameter nor the optimiser's state has changed.
        """
        with np.errstate(all="ignore"):
            # Mostly, the same parameters have gradients as in the last step, and blocks find them.
            known = len(self._reached) == len(self.parameters)
            if not known or not all(block.gather() for block in self._blocks):
                self._gather()
            for block in self._blocks:
                self.check_group(block.group)
            for block in self._blocks:
                block.step += 1
                block.move(self.change(block, block.group))

    def _gather(self) -> None:
        """Find the parameters that have a gradient now, and read those."""
        vector = self.vector
        if vector is not None and not vector.frozen and vector.grad is not None:
            reached = self._all
        else:
            reached = [
                i for i, p in enumerate(self.parameters) if p.requires_grad and p.grad is not None
            ]
        if not reached:
            raise ValueError(
                f"{type(self).__name__}.step(): no parameter has a gradient, or all that have one are "
                "frozen; call backward() on a loss that was computed from them first"
            )
        if reached != self._reached:
            self._arrange(reached)
        for block in self._blocks:
            block.gather()

    def _arrange(self, reached: list[int]) -> None:
        """Make blocks of the parameters that have a gradient now."""
        vector = self.vector
        self._settle()
        self._vector = vector
        groups = [group for group in self.param_groups for _ in group["params"]]
        together: dict[Any, list[int]] = {}
        for i in reached:
            parameter, state = self.parameters[i], self._states[i]
            kind = None if isinstance(parameter, Value) else parameter.dtype
            key = (id(groups[i]), kind, state.get("step", 0), tuple(sorted(state)))
            together.setdefault(key, []).append(i)
        self._blocks = [
            Block(groups[members[0]], [(self.parameters[i], self._states[i]) for i in members])
            for members in together.values()
        ]
        self._reached = reached

    def _settle(self) -> None:
        """Give every parameter its own state back: blocks are made anew by the next step."""
        self._note_steps()
        self._blocks, self._reached = [], []
        vars(self).pop("_vector", None)

    def _note_steps(self) -> None:
        for block in self._blocks:
            for state in block.states:
                if block.step:
                    state["step"] = block.step

    # --- state ----------------------------------------

    @property
    def state(self) -> dict[Any, dict[str, Any]]:
        """What is remembered of each parameter that has been changed: ``state[p]["step"]``, arrays."""
        self._note_steps()
        pairs = zip(self.parameters, self._states, strict=True)
        return {parameter: state for parameter, state in pairs if state}

    def state_dict(self) -> dict[str, Any]:
        """State and options, with parameters given by their place: copies, laid out as PyTorch's.

        >>> import autograd
        >>> from nn.optim import SGD
        >>> SGD([autograd.Tensor([1.0])], lr=0.1).state_dict()["param_groups"][0]["lr"]
        0.1
        """
        self._note_steps()
        places = iter(range(len(self.parameters)))
        return {
            "state": {
                i: {name: x if name == "step" else np.array(x) for name, x in state.items()}
                for i, state in enumerate(self._states)
                if state
            },
            "param_groups": [
                group.options() | {"params": [next(places) for _ in group["params"]]}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take what `state_dict` gave. Everything is checked before anything changes.

        Raises:
            ValueError: groups, parameters, names or shapes do not fit this optimiser.
            TypeError: not a dict with 'state' and 'param_groups'.
        """
        name = f"load_state_dict of {type(self).__name__}"
        if not isinstance(state, Mapping) or not {"state", "param_groups"} <= set(state):
            raise TypeError(f"{name} takes what state_dict() gave, got {state!r:.60}")
        sizes = [len(group["params"]) for group in self.param_groups]
        given = [len(group["params"]) for group in state["param_groups"]]
        if sizes != given:
            raise ValueError(f"{name}: expected groups of {sizes} parameters, got {given}")
        groups = []
        for mine, theirs in zip(self.param_groups, state["param_groups"], strict=True):
            options = {key: x for key, x in theirs.items() if key != "params"}
            missing = set(self.OPTIONS) - set(options)
            if missing:
                raise ValueError(f"{name}: missing {', '.join(sorted(missing))}")
            groups.append(ParameterGroup(type(self), mine["params"], options))
            self.check_group(groups[-1])
        order = [place for group in state["param_groups"] for place in group["params"]]
        unknown = set(state["state"]) - set(order)
        if unknown:
            raise ValueError(f"{name}: state of unknown parameters {sorted(unknown)}")
        states = [
            self._loaded(state["state"].get(place, {}), parameter, f"{name}: parameter {place}")
            for place, parameter in zip(order, self.parameters, strict=True)
        ]
        for old, new in zip(self.param_groups, groups, strict=True):
            old.data = new.data  # the groups stay: schedules hold them
        self._blocks, self._reached, self._states = [], [], states

    def _loaded(self, given: Mapping[str, Any], parameter: Any, what: str) -> dict[str, Any]:
        """One parameter's state, checked and copied."""
        state: dict[str, Any] = {}
        if not given:
            return state
        if set(given) - {"step", *self.STATES} or "step" not in given:
            raise ValueError(
                f"{what} expected step and {', '.join(self.STATES) or 'nothing else'}, "
                f"got {', '.join(map(str, given))}"
            )
        step = float(given["step"])
        if step < 1 or step != int(step):
            raise ValueError(f"{what}: step is a whole number of 1 or more, got {step:g}")
        state["step"] = int(step)
        dtype = np.float64 if isinstance(parameter, Value) else parameter.dtype
        for name, x in given.items():
            if name == "step":
                continue
            array = np.array(autograd.check_array(x, f"{what}: {name}"), dtype=dtype)
            if array.shape != parameter.shape:
                raise ValueError(
                    f"{what}: {name} has shape {array.shape}, expected {parameter.shape}"
                )
            state[name] = array
        return state

    def __getstate__(self) -> dict[str, Any]:
        self._settle()
        return dict(vars(self))

    def __repr__(self) -> str:
        rows = []
        for group in self.param_groups:
            options = ", ".join(f"{name}={x}" for name, x in group.options().items())
            numbers = sum(parameter.size for parameter in group["params"])
            rows.append(f"{type(self).__name__}({options}): {numbers:,} parameters")
        return "\n".join(rows)


autograd.Listed.answer(Optimizer, "Optimizer", fixed=True)
