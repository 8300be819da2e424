"""Training in a browser: a network, its loss and its optimisers as JavaScript."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import numpy as np

import autograd
from autograd import BatchFunctions, Node, Tensor
from nn import optim, regularisers
from nn.inspect.layers import kind_of, layer_outputs
from nn.layers.dropout import mask
from nn.layers.normalisation import BatchNorm1d
from nn.module import Module, modes_kept
from nn.optim.recorded import recorded_rule
from nn.training.checks import made_optimizer
from nn.trial import untouched

OPTIMIZERS: Mapping[str, Callable[[Any], Any]] = {
    "sgd": lambda parameters: optim.SGD(parameters, 0.1),
    "momentum": lambda parameters: optim.SGD(parameters, 0.1, momentum=0.9),
    "nesterov": lambda parameters: optim.SGD(parameters, 0.1, momentum=0.9, nesterov=True),
    "adam": lambda parameters: optim.Adam(parameters, 0.01),
}
"""The optimisers of a page, unless others are given."""


def engine_of(
    model: Module,
    loss: Callable[[Any, Any], Any],
    x: Any,
    y: Any,
    optimizers: Mapping[str, Any] = OPTIMIZERS,
) -> str:
    """A network that a page can train: the text of a JavaScript expression.

    The network, its loss, the backward pass and the optimisers are recorded, in evaluation and in
    training mode, and written from the rows' rules for a batch of any size: full-batch steps are those
    of `nn.fit`. What the expression gives, an object, has

    - ``parameters``, ``buffers``: ``[{name, shape, data, initial}]``, data being what is trained;
    - ``predict(x, m)``: what the network gives for m instances, in evaluation mode, m rows;
    - ``hidden(x, m)``: ``[{name, label, units, data}]``, what each layer gives, m rows of `units`;
    - ``loss(x, y, m)``: in evaluation mode, without the page's penalty;
    - ``step(x, y, m, {lr, l2})``: one step in training mode, with the penalty `nn.regularisers.l2` of
      λ = l2 (0 when left out); it returns the loss before the step, as `History` has it. Where the loss
      or a gradient is not finite, nothing changes and what is returned is not finite either;
    - ``optimizer``: which of ``optimizers`` steps; assigning another one begins anew;
    - ``reset()``: the numbers of the beginning; ``set(name, numbers)``: others;
    - ``seed``: where what `Dropout` and `RReLU` draw begins, which is not what NumPy draws.

    Arrays are flat, row after row, of any type that holds numbers; those that come back are the
    caller's. It is safe inside a ``<script>``: names are JSON, and no other text of yours is in it.

    Args:
        model: a Module of Tensors of float64, in whatever mode; it is left as it is.
        loss: called ``loss(prediction, target)``; it gives one number.
        x, y: examples: their shapes, but for the number of instances, and their dtypes count.
        optimizers: by name what makes an optimiser of a list of parameters, as in `fit`; the first is
            the one to begin with. Their options are those of the page, but for the rate.

    Raises:
        ValueError: something that has no form in JavaScript or depends on the number of instances
            otherwise than by lengths; an optimiser that `recorded_rule` does not take.
        TypeError: no Module, or a loss that gives no node.

    >>> import nn
    >>> x, y = nn.data.two_moons(100, rng=0)
    >>> text = engine_of(nn.MLP(2, [8, 2], rng=0), nn.cross_entropy, x, y)
    >>> text.startswith("(() => {"), "</" in text
    (True, False)
    """
    if not isinstance(model, Module):
        raise TypeError(f"engine_of takes a Module, got {type(model).__name__}")
    parameters = model.named_parameters()
    trained = {id(p) for _, p in parameters}
    buffers = [
        (name, leaf)
        for name, leaf in model._named_leaves()
        if isinstance(leaf, Tensor) and id(leaf) not in trained
    ]
    for name, leaf in (*parameters, *buffers):
        if not isinstance(leaf, Tensor):
            raise TypeError(
                f"engine_of takes a network of Tensors, and {name} is a {type(leaf).__name__}"
            )
    words = {leaf: f"p{i}" for i, (_, leaf) in enumerate(parameters)}
    words |= {leaf: f"b{i}" for i, (_, leaf) in enumerate(buffers)}
    page = BatchFunctions(words, drawn=drawn_as, moved=moved_by)
    layers: list[dict[str, Any]] = []
    reached: list[Any] = []

    def said(x: Any) -> tuple[Any, ...]:
        with autograd.no_grad():
            prediction = autograd.recording.call(model, x)
        if not isinstance(prediction, Node) or prediction.shape[:1] != x.shape[:1]:
            raise ValueError(
                f"engine_of takes a network that gives a row for each instance of (n, ...), got "
                f"{getattr(prediction, 'shape', type(prediction).__name__)} for {x.shape}"
            )
        nodes = []
        layers.clear()
        for name, (node, *others) in layer_outputs(prediction).items():
            if not others and node.shape[:1] == x.shape[:1]:
                units = int(np.prod(node.shape[1:]))
                layers.append({"name": name, "label": kind_of([node]), "units": units})
                nodes.append(node)
        return (prediction, *nodes)

    def loss_of(x: Any, y: Any) -> Any:
        value = autograd.recording.call(loss, autograd.recording.call(model, x), y)
        if not isinstance(value, Node):
            raise TypeError(f"loss returned no node, but {type(value).__name__} ({value!r:.60})")
        if np.prod(value.shape) != 1:
            raise ValueError(
                f"loss returned numbers of shape {value.shape}: one is needed, as reduction='mean' gives"
            )
        return autograd.reshape(value, shape=())

    def measured(x: Any, y: Any) -> Any:
        with autograd.no_grad():
            return loss_of(x, y)

    def descended(x: Any, y: Any, l2: Any) -> Any:
        value = loss_of(x, y)
        if any(p.ndim > 1 for _, p in parameters):
            value = value + l2 * regularisers.l2(model, 1.0)
        found = {id(each) for each in autograd.topological_order(value)}
        reached[:] = [p for _, p in parameters if id(p) in found]
        return value

    with untouched(model), modes_kept(model), autograd.enable_grad():
        model.eval()
        texts = {
            "said": page.function(said, [x]),
            "measured": page.function(measured, [x, y]),
        }
        model.train()
        example = [x, y, np.zeros(())]
        written = page.function(descended, example, [p for _, p in parameters])
        if len(reached) < len(parameters):
            written = page.function(descended, example, list(reached))
        texts["descended"] = written
    rules = {
        name: optimizer_text(page, made_optimizer(each, model)) for name, each in optimizers.items()
    }
    sizes = [p.size for p in reached]
    starts = dict(zip(map(id, reached), np.cumsum([0, *sizes]).tolist(), strict=False))
    lines = [f"const numbers = new Float64Array({sum(sizes)});"]
    for leaf, word in words.items():
        text = page.numbers(leaf.data)
        if id(leaf) in starts:
            start = starts[id(leaf)]
            lines.append(f"const {word} = numbers.subarray({start}, {start + leaf.size});")
            lines.append(f"{word}.set({text});")
        else:
            lines.append(f"const {word} = {text};")
    listed = {
        what: ", ".join(
            f"{{name: {quoted(name)}, shape: {list(leaf.shape)}, data: {words[leaf]}}}"
            for name, leaf in leaves
        )
        for what, leaves in (("parameters", parameters), ("buffers", buffers))
    }
    script = (files("nn.training") / "assets" / "engine.js").read_text(encoding="utf-8")
    return "\n".join(
        [
            "(() => {",
            script,
            *page.helpers,
            *lines,
            "return engineOf({",
            "numbers,",
            *(f"{what}: [{text}]," for what, text in listed.items()),
            *(f"{what}: kept({text})," for what, text in texts.items()),
            f"layers: {quoted(layers)},",
            f"optimizers: {{{', '.join(f'{quoted(name)}: {text}' for name, text in rules.items())}}},",
            "});",
            "})()",
        ]
    )


def optimizer_text(page: BatchFunctions, optimizer: Any) -> str:
    """An optimiser as JavaScript: from what its states start, its rate, and its rule."""
    starts, rule = recorded_rule(optimizer)
    like = np.ones(1)
    examples = [like, like, *[like for _ in starts], np.ones(()), np.ones(())]
    text = page.function(rule, examples)
    return f"{{starts: {list(starts.values())}, lr: {optimizer.lr!r}, rule: kept({text})}}"


def quoted(x: Any) -> str:
    """JSON that ends no script."""
    return json.dumps(x).replace("<", "\\u003c")


def drawn_as(sample: Any) -> str | None:
    """What draws a number as the function of a layer does."""
    if not isinstance(sample, functools.partial):
        return None
    if sample.func is mask:
        _, p, _ = sample.args
        return f"(random() < {float(p)!r} ? 0 : {1 / (1 - p or 1)!r})"
    if getattr(sample.func, "__name__", None) == "uniform" and len(sample.args) == 2:
        low, high = map(float, sample.args)
        return f"({low!r} + {high - low!r} * random())"
    return None


def moved_by(track: Any) -> Callable[[Node, Node], list[tuple[Any, Any]]] | None:
    """What a layer that follows the moments of batches makes of its buffers."""
    if not isinstance(track, functools.partial):
        return None
    layer = getattr(track.func, "__self__", None)
    if not isinstance(layer, BatchNorm1d):
        return None
    (count,) = track.args
    return lambda mean, variance: layer.moved(
        count, mean, variance, layer.num_batches_tracked + 1, lambda leaf: leaf
    )


autograd.publish(__name__, "engine_of")
