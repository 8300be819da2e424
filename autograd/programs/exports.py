"""A function of tensors as a model of ONNX, which other programs run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from autograd.context.notes import Check
from autograd.engine.followed import Followed
from autograd.engine.graph import Node
from autograd.engine.tensor import FLOATS, Tensor
from autograd.programs.effects import Backup, generators_of
from autograd.programs.function import argument_names, recorded_call
from autograd.programs.planning.derived import Derived
from autograd.programs.planning.planner import plan_of
from autograd.support.late import importing
from autograd.support.publishing import publish
from autograd.support.saving import write_as

Array = np.ndarray[Any, Any]


def to_onnx(
    function: Callable[..., Any],
    path: str | os.PathLike[str],
    example: Any,
    dtype: Any = np.float32,
    *,
    names: Mapping[Node, str] | None = None,
) -> None:
    """Save a function of tensors as a model of ONNX: `nn.to_onnx`, which says more, is for networks.

    Args:
        names: what leaves are called in the file, where it is not by their own name.
    """
    if dtype is None or dtype not in FLOATS:
        raise ValueError(f"dtype of to_onnx is float32 or float64, got {dtype!r:.60}")
    if not callable(function):
        raise TypeError(
            f"to_onnx takes a function or a network, got {type(function).__name__} ({function!r:.60})"
        )
    examples = [as_example(x) for x in (example if isinstance(example, tuple) else (example,))]
    if not examples:
        raise ValueError("example of to_onnx is an array, or a tuple of one or more, got ()")

    def content() -> bytes:
        return exported(function, examples, np.dtype(dtype), names or {})

    write_as(path, "a model of ONNX", {".onnx": content})


def as_example(x: Any) -> Array:
    """Instances, as an array of floats, of whole numbers or of truth values."""
    array = np.array(x.data if isinstance(x, Node) else x)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"example of to_onnx is an array of numbers, got one of {array.dtype}")
    if not array.ndim or not len(array):
        raise ValueError(
            "example of to_onnx has one instance or more along its first axis, got shape "
            f"{array.shape}"
        )
    if array.dtype in (*FLOATS, bool):
        return array
    return array.astype(np.float64 if array.dtype.kind == "f" else np.int64)


class Graph:
    """What a function records for some instances, as a plan without a backward pass.

    Attributes:
        outputs: the nodes that it gives.
        planner: the planner.
        operations: the nodes that are computed, in their order, each after the name of its row.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        arrays: Sequence[Array],
        whole: frozenset[str],
    ) -> None:
        self.name = name
        memory = Backup()
        memory.remember(generators_of(function))
        try:
            given, inputs, recorded = recorded_call(function, arrays, {}, memory, False)
        finally:
            memory.put_back()
        self.outputs = list(given) if isinstance(given, tuple) and given else [given]
        self.check_outputs()
        derived = Derived(inputs, recorded.notes.made)
        if recorded.notes.drew:
            self.refuse_draws("numbers from a generator")
        for note in recorded.notes:
            if not isinstance(note, Check) and any(derived.depends(x, inputs) for x in note.sides):
                raise ValueError(
                    f"{name} reads a number of what it is given ({note.what}), and a model of ONNX does "
                    f"the same whatever the numbers are. {note.site}. Write a choice as "
                    "autograd.where(x > 0, a, b)"
                )
        self.planner = plan_of(
            self.outputs[0],
            inputs,
            extra=self.outputs[1:],
            derived=derived,
            unused=True,
            gradients=False,
            whole=whole,
        )
        if not all(isinstance(node, Tensor) for node in self.planner.order):
            raise TypeError(
                f"{name} computes with Values: a model of ONNX is made of tensors, as the network is "
                "that to_scalars() was called on"
            )
        if self.planner.plan.impure:
            self.refuse_draws(", ".join(sorted({x.name for x in self.planner.plan.impure})))
        self.operations = [
            (row.name, node) for node in self.planner.order if (row := node.primitive) is not None
        ]

    def check_outputs(self) -> None:
        """Raise unless the function gave tensors."""
        for node in self.outputs:
            if not isinstance(node, Tensor):
                what = type(node).__name__
                if isinstance(node, Followed):
                    what = f"an array of {node.dtype}"
                raise TypeError(
                    f"{self.name} gave {what}: a model of ONNX gives a Tensor, or several in a tuple, "
                    "that is computed from what it is given"
                )

    def refuse_draws(self, what: str) -> None:
        """Raise where something happens beside computing."""
        raise ValueError(
            f"{self.name} does more than compute: {what}. A model of ONNX draws no random numbers and "
            "moves no averages: call eval() on the networks in it"
        )


def exported(
    function: Callable[..., Any],
    examples: Sequence[Array],
    dtype: np.dtype[Any],
    names: Mapping[Node, str],
) -> bytes:
    """The content of the file."""
    with importing():  # here, so that nobody waits for these files who writes no model
        from autograd.programs.languages.batches_in_onnx import BATCH, SIZES, FreeBatch, length
        from autograd.programs.languages.in_onnx import WHOLE, OnnxWriter
        from autograd.programs.languages.onnx_file import Port, imported, model_bytes
        from autograd.programs.languages.onnx_operations import free

    imported()
    name = getattr(function, "__name__", type(function).__name__)
    count = len(examples[0])
    graphs = graphs_of(name, function, examples, SIZES, WHOLE)
    plans = [graph.planner.plan for graph in graphs]

    taken: set[str] = set()
    counts: dict[str, int] = {}

    def named(key: str) -> str:
        return free(key, taken, counts)

    told = argument_names(function)
    inputs = [named(told[i] if i < len(told) else f"x{i}") for i in range(len(examples))]
    shapes = [[node.shape for node in graph.outputs] for graph in graphs]
    several = len(shapes[0]) > 1
    outputs = [named(f"output{i}" if several else "output") for i in range(len(shapes[0]))]
    common = [leaf for leaf in plans[0].leaves if leaf in {*plans[1].leaves}]
    leaves = {leaf: named(names.get(leaf) or leaf.name or "weight") for leaf in common}

    writings = []
    for graph, plan in zip(graphs, plans, strict=True):
        known = dict(zip(plan.inputs, inputs, strict=True))
        for r in plan.parameters:
            leaf = plan.registers[r].holds
            if leaf in leaves:
                known[r] = leaves[leaf]
            else:  # the function itself has made it, for this batch
                plan.registers[r].holds = leaf.data
        with np.errstate(all="ignore"):
            writings.append(OnnxWriter(plan, known, dtype))
        writings[-1].give([graph.planner.places[node] for node in graph.outputs], outputs)
    free_batch = FreeBatch(writings, inputs[0])
    check_few(graphs[0], function, examples, SIZES[0], WHOLE)

    into, out = [], []
    for key, x in zip(inputs, examples, strict=True):
        kind = dtype if x.dtype.kind == "f" else x.dtype
        into.append(Port(key, kind, (BATCH if len(x) == count else len(x), *x.shape[1:])))
    for key, here, there in zip(outputs, *shapes, strict=True):
        out.append(Port(key, dtype, tuple(map(length, here, there))))
    weights = {key: leaf.data.astype(dtype) for leaf, key in leaves.items()}
    return model_bytes(free_batch.operations, into, out, weights, name)


def instances(examples: Sequence[Array], n: int) -> list[Array]:
    """As many instances, made of those of the example."""
    count = len(examples[0])
    return [np.resize(x, (n, *x.shape[1:])) if len(x) == count else x for x in examples]


def graphs_of(
    name: str,
    function: Callable[..., Any],
    examples: Sequence[Array],
    sizes: Sequence[int],
    whole: frozenset[str],
) -> list[Graph]:
    """What a function records for as many instances, made of those of the example."""
    graphs: list[Graph] = []
    failed: Exception | None = None
    try:
        for n in sizes:
            graphs.append(Graph(name, function, instances(examples, n), whole))
    except Exception as error:
        failed = error
    if failed is None:
        return graphs
    Graph(name, function, examples, whole)  # what is wrong with the example raises by itself
    raise ValueError(
        f"{name} takes {len(examples[0])} instances, as in the example, and not {n}: the first axis of "
        f"what it is given is a batch of any size. {type(failed).__name__}: {failed}"
    ) from failed


def check_few(
    graph: Graph,
    function: Callable[..., Any],
    examples: Sequence[Array],
    size: int,
    whole: frozenset[str],
) -> None:
    """Raise where a function does something else for few instances than for as many as a graph's.

    That it takes no fewer than so many is no difference: its model does not either.
    """
    with importing():  # here, as in `exported`
        from autograd.programs.languages.onnx_operations import place_of

    count = len(examples[0])
    for n in sorted({1, 2, count}):
        try:
            few = Graph(graph.name, function, instances(examples, n), whole)
        except Exception:
            if n == count:  # what the example itself does not go through is wrong with it
                raise
            continue
        for here, there in zip_longest(
            graph.operations, few.operations, fillvalue=("nothing", None)
        ):
            if here[0] == there[0]:
                continue
            raise ValueError(
                f"{graph.name} is another one with a batch of {n} than of {size}: it has there "
                f"{there[0]}{place_of(there[1])}, and for {size} {here[0]}{place_of(here[1])}"
            )
        ranks = [[node.ndim for node in each.outputs] for each in (few, graph)]
        if ranks[0] != ranks[1]:
            raise ValueError(
                f"{graph.name} gives results of {ranks[0]} axes for a batch of {n}, and of {ranks[1]} "
                f"for {size}: squeeze takes each axis of length 1 away, so say which, squeeze(axis=1)"
            )


__all__ = ["to_onnx"]
publish(__name__)
