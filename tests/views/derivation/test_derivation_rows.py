"""Derivations of every row in every layout: lines that compute the gradient, or a sentence that refuses.

A layout of matrices refuses what it has no words for by a ValueError that names it and the layout that
writes everything, ``"rows"``, which refuses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from samples import ELEMENTWISE, SAMPLES, Sample

import autograd
from autograd import Node, Tensor, Value, derivation

LAYOUTS = ("rows", "dd2424", "columns", "cmu")
ROWS = sorted(name for name, samples in SAMPLES.items() if any(s.slots for s in samples))
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # singular and empty samples
Graph = Callable[[], tuple[Any, list[Node]]]


def one_number(out: Any, reduced: Any = autograd.sum) -> Any:
    """A loss of a row's output: the output itself where it is one number."""
    return out if not out.shape else reduced(autograd.square(out))


def agrees(graph: Graph, layout: str, title: str) -> bool:
    """Whether the lines, run as NumPy, give backward()'s gradients; False where they are refused."""
    root, leaves = graph()
    if not isinstance(root, Node) or not root.requires_grad:  # the row has no derivative here
        return False
    try:
        d = derivation(root, layout=layout)
    except ValueError as error:
        refused = re.match(f'layout {layout!r} cannot write .*layout="rows" writes', str(error))
        if layout == "rows" or refused is None:
            raise
        return False
    assert str(d)
    assert d.latex
    with np.errstate(all="ignore"):
        root.backward()
        scope: dict[str, Any] = {"np": np, "autograd": autograd, **d.names}
        for line in d.lines:
            scope[line.name] = eval(line.python, scope)
    turned = d.gradients()
    for leaf in leaves:
        if leaf.grad is None:
            continue
        assert leaf.name is not None
        printed = np.asarray(scope[d.results[leaf.name]])
        if leaf.name in d.transposed:
            printed = printed.T
        for got in (printed.reshape(np.shape(leaf.data)), turned[leaf.name]):
            np.testing.assert_allclose(got, leaf.grad, rtol=1e-7, atol=1e-12, err_msg=title)
    return True


def of_leaves(sample: Sample) -> Graph:
    """A row of tensors that are leaves."""

    def graph() -> tuple[Any, list[Node]]:
        arguments, leaves = list(sample.arguments), list[Node]()
        for slot in sample.slots:
            arguments[slot] = Tensor(np.asarray(arguments[slot], dtype=float), f"x{slot}")
            leaves.append(arguments[slot])
        return one_number(sample.row(*arguments, **sample.options)), leaves

    return graph


def of_instances(sample: Sample, slot: int, reduced: Any) -> Graph:
    """A row of what a layer makes of a batch, the other arguments being leaves."""

    def graph() -> tuple[Any, list[Node]]:
        rows = np.asarray(sample.arguments[slot], dtype=float)
        arguments, leaves = list(sample.arguments), list[Node]([Tensor(rows.T, "W")])
        for other in sample.slots:
            if other != slot:
                arguments[other] = Tensor(np.asarray(arguments[other], dtype=float), f"x{other}")
                leaves.append(arguments[other])
        arguments[slot] = autograd.linear(np.eye(len(rows)), leaves[0])
        return one_number(sample.row(*arguments, **sample.options), reduced), leaves

    return graph


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ROWS)
def test_every_sample_of_a_row_is_derived_or_refused_by_name(name: str, layout: str) -> None:
    for sample in SAMPLES[name]:
        if sample.slots:
            agrees(of_leaves(sample), layout, str(sample))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ROWS)
def test_every_row_of_a_batch_is_derived_or_refused_by_name(name: str, layout: str) -> None:
    for sample in SAMPLES[name]:
        for slot in sample.slots:
            if np.ndim(sample.arguments[slot]) == 2:
                for reduced in (autograd.sum, autograd.mean):
                    agrees(of_instances(sample, slot, reduced), layout, f"{sample}, slot {slot}")


def of_rank(name: str, rank: int) -> Iterator[Graph]:
    """An elementwise row of arguments of one rank, and of one of them beside numbers."""
    sample = next(s for s in SAMPLES[name] if s.slots)
    numbers = [np.ravel(sample.arguments[slot]) for slot in sample.slots]
    shape = ((), (2,), (2, 2))[rank]
    size = int(np.prod(shape))
    arrays = [np.resize(x, size).reshape(shape) for x in numbers]
    for chosen in [range(len(arrays)), *([slot] for slot in range(len(arrays)))]:

        def graph(chosen: Any = chosen) -> tuple[Any, list[Node]]:
            arguments = list(sample.arguments)
            leaves = list[Node]()
            for i, slot in enumerate(sample.slots):
                arguments[slot] = Tensor(arrays[i], f"x{i}") if i in chosen else arrays[i].flat[0]
                leaves += [arguments[slot]] if i in chosen else []
            for slot, x in enumerate(arguments):  # masks
                if isinstance(x, np.ndarray):
                    arguments[slot] = np.resize(x, size).reshape(shape)
            return one_number(sample.row(*arguments, **sample.options)), leaves

        yield graph


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", sorted(set(ELEMENTWISE) & set(ROWS)))
def test_elementwise_rows_of_numbers_vectors_and_matrices_are_derived(
    name: str, layout: str
) -> None:
    for rank in range(3):
        for graph in of_rank(name, rank):
            root, _ = graph()
            has_derivative = isinstance(root, Node) and root.requires_grad
            assert agrees(graph, layout, f"{name} of rank {rank}") == has_derivative


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", sorted(set(ELEMENTWISE) & set(ROWS)))
def test_elementwise_rows_of_values_are_derived(name: str, layout: str) -> None:
    sample = next(s for s in SAMPLES[name] if s.slots)

    def graph() -> tuple[Any, list[Node]]:
        arguments = [x.flat[0] if isinstance(x, np.ndarray) else x for x in sample.arguments]
        leaves = list[Node]()
        for slot in sample.slots:
            arguments[slot] = Value(float(arguments[slot]), f"x{slot}")
            leaves.append(arguments[slot])
        return sample.row(*arguments, **sample.options) * 1.5, leaves

    assert agrees(graph, layout, name)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_a_softmax_of_one_vector_is_derived_in_every_layout(name: str, layout: str) -> None:
    sample = Sample(name, "a vector", (np.array([0.3, -1.0, 2.0]),), {})
    assert agrees(of_leaves(sample), layout, name)


def test_most_samples_are_written_and_not_refused() -> None:
    told = {
        layout: [
            agrees(of_leaves(sample), layout, str(sample))
            for name in sorted(set(ELEMENTWISE) & set(ROWS))
            for sample in SAMPLES[name]
            if sample.slots and all(np.ndim(x) < 3 for x in sample.arguments)
        ]
        for layout in LAYOUTS
    }
    assert all(sum(each) > 0.7 * len(each) for each in told.values()), {
        layout: (sum(each), len(each)) for layout, each in told.items()
    }


@pytest.mark.parametrize("name", ["odd_cube", "tanh_of_mine"])
def test_a_row_of_a_users_is_called_by_the_name_that_it_is_registered_by(name: str) -> None:
    row = autograd.elementwise(name, lambda x: x**3, lambda x: x**3, lambda out, x: 3 * x**2)
    try:
        for x in (Tensor([[1.0, -2.0]], "x"), Value(1.5, "x")):
            graph = lambda x=x: (autograd.sum(row(x) * row(x)), [x])  # noqa: E731
            if isinstance(x, Value):
                graph = lambda x=x: (row(x) * row(x), [x])  # noqa: E731
            for layout in LAYOUTS:
                x.grad = None
                assert agrees(graph, layout, name)
    finally:
        del autograd.registry[name]
