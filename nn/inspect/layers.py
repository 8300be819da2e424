"""Inside the layers: activations, their gradients, and the numbers that tell whether a layer learns.

A recorded graph knows which module made each node, so nothing has to be added to a model: the nodes of
a layer that are used outside it are its output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import autograd
from autograd import Node, Scope, Tensor, Value
from nn.metrics import plain_numbers
from nn.module import Module, Running
from nn.networks_of_values import OnArrays, network_of_values
from nn.trial import as_input, untouched

Array = np.ndarray[Any, Any]


# --- which nodes are a layer's ----------------------------------------


def within(scope: Scope | None, path: str) -> bool:
    """Whether a scope is the one with this path, or inside it."""
    while scope is not None:
        if scope.path == path:
            return True
        scope = scope.parent
    return False


def layer_outputs(prediction: Any) -> dict[str, list[Node]]:
    """The output nodes of each layer, in the order of the forward pass, by the layer's path.

    A layer that is called again after others, with shared weights, counts again, as
    ``"layers.0 (call 2)"``; one that is called on its own output is seen once, with what it gives last.
    A layer that returns its input, as `Identity` does, computes nothing and has no entry. Neurons are
    units of the layer that they lie in.
    """
    if isinstance(prediction, Node):
        roots = [prediction]
    else:
        roots = [x for x in np.asarray(prediction, dtype=object).flat if isinstance(x, Node)]
    order = autograd.topological_order(roots, arguments=True)
    outside = {id(root) for root in roots}
    for node in order:
        for argument in node.arguments:
            scope = argument.scope if isinstance(argument, Node) else None
            if scope is not None and not within(node.scope, scope.path):
                outside.add(id(argument))
    outputs: dict[str, list[Node]] = {}
    for node in order:
        if node.is_leaf or node.scope is None or id(node) not in outside:
            continue
        scope = layer_of(node.scope)
        name = scope.path or scope.kind
        if isinstance(node, Value):
            outputs.setdefault(name, []).append(node)
            continue
        call, key = 1, name
        while key in outputs:
            call += 1
            key = f"{name} (call {call})"
        outputs[key] = [node]
    return outputs


def layer_of(scope: Scope) -> Scope:
    """The scope of the layer that a scope is of: of the one around it, if it is a single neuron's."""
    module = scope._module() if isinstance(scope, Running) else None
    alone = getattr(module, "one_unit", False)
    return scope.parent if alone and isinstance(scope.parent, Running) else scope


def numbers_of(nodes: list[Node], read: Callable[[Node], Any]) -> Array:
    """What is read off a Tensor, or off the Values that together are a layer."""
    if len(nodes) == 1 and isinstance(nodes[0], Tensor):
        return np.array(read(nodes[0]))
    return np.array([read(node) for node in nodes], dtype=np.float64)


def kind_of(nodes: list[Node]) -> str:
    """The class of the layer that made these nodes."""
    scope = nodes[0].scope
    return "" if scope is None else layer_of(scope).kind


def is_of_one(node: Node) -> bool:
    """Whether a node is an elementwise function of one other."""
    primitive = node.primitive
    return primitive is not None and primitive.family == "diagonal" and len(node.arguments) == 1


def slopes(nodes: list[Node]) -> Array | None:
    """The derivative of each activation by its input; None unless the layer acts element by element.

    The Jacobian of such a layer is diagonal, so one pass from ones, within the layer, reads it off.
    """
    if all(isinstance(x, Value) and is_of_one(x) for x in nodes):
        return numbers_of(nodes, lambda node: node.local_derivatives[0])
    found = []
    for output in nodes:
        scope = output.scope
        sums: dict[Node, Any] = {output: np.ones(output.shape)}
        inputs: dict[Node, Any] = {}
        for node in reversed(autograd.topological_order(output)):
            g = sums.pop(node, None)
            if g is None:
                continue
            if scope is None or not within(node.scope, scope.path):
                if node.shape == output.shape and (not node.is_leaf or node.name is None):
                    inputs[node] = g
                continue
            for parent, derivative in zip(node.parents, node.local_derivatives, strict=True):
                if isinstance(derivative, float):
                    contribution: Any = g * derivative
                elif derivative.kind == "diagonal":
                    contribution = derivative.vjp(g)
                else:
                    return None
                sums[parent] = sums[parent] + contribution if parent in sums else contribution
        if len(inputs) != 1:
            return None
        found.append(np.asarray(next(iter(inputs.values()))))
    return found[0] if len(found) == 1 else np.array(found)


# --- numbers ----------------------------------------


def one_layers(x: Any, what: str, table: str = "activations") -> Array:
    """The numbers of one layer; a model or an observation of all layers gets advice."""
    if isinstance(x, Observation | Module):
        raise TypeError(
            f"{what} takes the numbers of one layer: {what}(seen.{table}['layers.1']) with "
            "seen = observe(model, x); seen.summary() has those of all layers"
        )
    return plain_numbers(x)


def zeros(activations: Any) -> float:
    """The fraction of activations that are exactly 0: about a half after a rectifier.

    >>> zeros([[0.0, 1.0], [0.0, 0.0]])
    0.75
    """
    return float((one_layers(activations, "zeros") == 0).mean())


def dead_units(activations: Any) -> float:
    """The fraction of units that are 0 for every instance: no gradient reaches their weights.

    Args:
        activations: of shape (instances, ..., units), the last axis being the units.

    >>> dead_units([[0.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    0.3333333333333333

    Source: KTH DD2424, lecture 4 ("dead ReLUs").
    """
    activations = one_layers(activations, "dead_units")
    if activations.ndim < 2:
        raise ValueError(
            f"dead_units expected activations (instances, ..., units), got {activations.shape}"
        )
    units = activations.reshape(-1, activations.shape[-1])
    return float((units == 0).all(axis=0).mean())


def saturation(slope: Any, *, below: float = 0.01) -> float:
    """The fraction of activations whose slope |f'(z)| is less than `below`: what stops a gradient.

    For tanh 0.01 means |tanh| > 0.995; for the sigmoid an output below 0.0102 or above 0.9898.

    Args:
        slope: f'(z) of each activation, as `Observation.slopes` holds them.

    >>> tanh = np.array([0.0, 0.99, 0.999])
    >>> round(saturation(1 - tanh**2), 4)
    0.3333
    """
    return float((abs(one_layers(slope, "saturation", "slopes")) < below).mean())


def update_ratios(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, float]:
    """‖ΔW‖ / ‖W‖ of each parameter between two `state_dict`s: about 0.001 per step is healthy.

    A parameter that was all zeros has ratio inf, or 0 when it did not move.

    >>> update_ratios({"w": [3.0, 4.0]}, {"w": [3.0, 4.5]})
    {'w': 0.1}

    Source: Stanford CS231n, "Neural networks 3" (ratio of weights and updates).
    """
    for state in (before, after):
        if not isinstance(state, Mapping):
            raise TypeError(
                f"update_ratios takes two state_dicts, got {type(state).__name__} ({state!r:.60})"
            )
    if list(before) != list(after):
        raise ValueError(
            f"update_ratios expected the same names, got {list(before)} and {list(after)}"
        )
    ratios = {}
    for name, old in before.items():
        one, other = (np.asarray(x) for x in (old, after[name]))
        if any(x.dtype.kind not in "biuf" for x in (one, other)) or one.shape != other.shape:
            raise ValueError(
                f"update_ratios expected real numbers of the same shape for {name!r}, got "
                f"{one.dtype} {one.shape} and {other.dtype} {other.shape}"
            )
        size = float(np.linalg.norm(one))
        moved = float(np.linalg.norm(other.astype(np.float64) - one))
        ratios[name] = moved / size if size else (float("inf") if moved else 0.0)
    return ratios


# --- one look ----------------------------------------


class Observation:
    """What one forward pass, and one backward pass if there was a loss, left in each layer.

    Attributes:
        activations: the output of each layer, by its path (``layers.1``), in the order of the pass.
        gradients: the derivative of the loss by each of them; empty without a loss.
        parameter_gradients: the derivative of the loss by each parameter, by name.
        slopes: f'(z) of each activation, for the layers that act element by element.
        kinds: the class of each layer.
    """

    def __init__(self, prediction: Any, instances: int | None = None) -> None:
        outputs = layer_outputs(prediction)
        shape = np.shape(prediction) if not isinstance(prediction, Node) else prediction.shape
        if instances is None:
            instances = shape[0] if len(shape) == 2 else 1

        def shaped(array: Array | None, nodes: list[Node]) -> Array | None:
            # Values come one by one, instance after instance.
            if array is None or isinstance(nodes[0], Tensor) or len(nodes) % instances:
                return array
            return array.reshape(instances, -1)

        self.kinds = {name: kind_of(nodes) for name, nodes in outputs.items()}
        self.activations: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}
        self.slopes: dict[str, Array] = {}
        self.parameter_gradients: dict[str, Array] = {}
        for name, nodes in outputs.items():
            data = shaped(numbers_of(nodes, lambda node: node.data), nodes)
            if data is not None:
                self.activations[name] = data
            if all(node.grad is not None for node in nodes):
                gradient = shaped(numbers_of(nodes, gradient_of), nodes)
                if gradient is not None:
                    self.gradients[name] = gradient
            slope = shaped(slopes(nodes), nodes)
            if slope is not None and self.kinds[name] != "Dropout":
                self.slopes[name] = slope

    def summary(self) -> dict[str, dict[str, float]]:
        """For each layer: mean, standard deviation, zeros, dead units, saturation, gradient size.

        Dead units need two axes, saturation a layer that acts element by element, and the root mean
        square of the gradients a loss; where one has no meaning it is absent.
        """
        table: dict[str, dict[str, float]] = {}
        for name, a in self.activations.items():
            row = {"mean": float(a.mean()), "std": float(a.std()), "zeros": zeros(a)}
            if a.ndim >= 2:
                row["dead"] = dead_units(a)
            if name in self.slopes:
                row["saturated"] = saturation(self.slopes[name])
            if name in self.gradients:
                row["gradient"] = float(np.sqrt(np.square(self.gradients[name]).mean()))
            table[name] = row
        return table

    def __repr__(self) -> str:
        rows = [f"Observation of {len(self.activations)} layers"]
        for name, numbers in self.summary().items():
            told = "  ".join(f"{what} {x:.3g}" for what, x in numbers.items())
            rows.append(f"  {name} {self.kinds[name]}: {told}")
        return "\n".join(rows)


def gradient_of(node: Node) -> Any:
    """The numbers of a node's gradient."""
    return node.grad.data if isinstance(node.grad, Node) else node.grad


def observe(
    model: Module, x: Any, target: Any = None, loss: Callable[[Any, Any], Any] | None = None
) -> Observation:
    """Run a model once and keep every layer's output, and with a loss every layer's gradient.

    Args:
        model: any Module; its code is not changed, and neither are its parameters, their gradients,
            running averages and random generators. It runs in the mode it is in.
        x: inputs, (instances, ...).
        target, loss: ``loss(model(x), target)`` is differentiated when both are given.

    Raises:
        TypeError: the model is no Module, or only one of target and loss is given.

    >>> import nn
    >>> x, y = nn.data.two_moons(100, rng=0)
    >>> model = nn.MLP(2, [8, 2], rng=0)
    >>> seen = observe(model, x, y, nn.cross_entropy)
    >>> {name: a.shape for name, a in seen.activations.items()}
    {'layers.0': (100, 8), 'layers.1': (100, 8), 'layers.2': (100, 2)}
    >>> seen.kinds["layers.1"], seen.gradients["layers.1"].shape, model.parameters()[0].grad
    ('ReLU', (100, 8), None)

    Source: KTH DD2424, lecture 4 (histograms of activations and of gradients).
    """
    if not isinstance(model, Module):
        raise TypeError(f"observe takes a Module, got {type(model).__name__}")
    if (target is None) != (loss is None):
        raise TypeError("observe takes a target and a loss together, or neither")
    named = model.named_parameters()
    tensors = [x for _, x in model._named_leaves() if isinstance(x, Tensor)]
    if tensors:
        x = as_input(model, x, tensors[0].dtype)
    run: Callable[[Any], Any] = model
    instances = None
    if not isinstance(x, Node) and np.ndim(x) > 1 and network_of_values(model):
        run, instances = OnArrays(model).each, len(x)  # Values, to look inside
    with untouched(model), autograd.enable_grad(), autograd.retain_grads():
        prediction = run(x)
        if loss is None:
            return Observation(prediction, instances)
        value = loss(prediction, target)
        # A loss may reach leaves beyond the model's (a penalty on another one): theirs are kept too.
        leaves = [node for node in autograd.topological_order(value) if node.is_leaf]
        held = [(leaf, leaf.grad) for leaf in leaves]
        try:
            for leaf in leaves:
                leaf.grad = None
            value.backward()
            seen = Observation(prediction, instances)
            seen.parameter_gradients = {
                name: np.array(gradient_of(p)) for name, p in named if p.grad is not None
            }
        finally:
            for leaf, grad in held:
                leaf.grad = grad
    return seen
