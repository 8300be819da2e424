"""Plans of numbers in groups: a NumPy call for all instructions that are alike gives what each gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from programs import test_graphs
from programs.replays import check_gradients, check_values, gradients, near
from programs.test_planning import chain

import autograd
import nn
import nn.scalar
from autograd import Value
from autograd.programs.by_numpy.executor import NumpyCode, NumpyExecutor
from autograd.programs.by_numpy.levels import Levels, nest_of
from autograd.programs.by_numpy.stacked import StackedCode
from autograd.programs.planning.plan import Plan
from tests.engine.test_random_graphs import quick

Array = np.ndarray[Any, Any]
Steps = list[tuple[str, list[int], int]]

AWKWARD = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, np.inf, -np.inf, np.nan, 1e308, 1e-320)
"""Numbers at which functions have kinks, poles and no value."""

UNARY = test_graphs.UNARY | {
    "log": autograd.log,
    "sqrt": autograd.sqrt,
    "clip": lambda x: autograd.clip(x, -0.5, 0.5),
    "erf": autograd.erf,
}
BINARY = test_graphs.BINARY | {
    "power": lambda x, y: abs(x) ** y,  # NumPy has two numbers for (−inf) ** 0.5
    "quotient": lambda x, y: x / y,
    "minimum": autograd.minimum,
    "where": lambda x, y: autograd.where(autograd.greater(x, y), x, 2 * y),
    "relu of a sum": lambda x, y: autograd.relu(x + y + 1),
    "hinge": nn.hinge,
}
MANY = test_graphs.MANY | {
    "min": autograd.min,
    "variance of two": lambda xs: autograd.var(xs[:2]),
    "product with itself": lambda xs: autograd.dot(xs, xs),
    "sum and more": lambda xs: autograd.sum(xs) + xs[0],
}


@st.composite
def steps(draw: Any) -> tuple[Steps, int]:
    """Functions of numbers so far back, or of another block's, and how many blocks do the same."""
    step = st.tuples(
        st.sampled_from([*UNARY, *BINARY, *MANY]),
        st.lists(st.integers(0, 12), min_size=2, max_size=6),
        st.integers(0, 3),
    )
    return draw(st.lists(step, min_size=1, max_size=8)), draw(st.integers(1, 6))


def computed(program: Steps, blocks: int, leaves: Sequence[Any]) -> Any:
    """What blocks compute side by side, each beginning with the leaves in another order."""
    pools: list[list[Any]] = [[*leaves[i:], *leaves[:i]] for i in range(blocks)]
    for name, places, shift in program:
        new: list[Any] = []
        for i, mine in enumerate(pools):
            other = pools[(i + shift) % blocks]
            xs = [
                (other if k % 2 else mine)[-1 - place % len(mine)] for k, place in enumerate(places)
            ]
            if name in MANY:
                new.append(MANY[name](np.array(xs, dtype=object)))
            else:
                new.append(UNARY[name](xs[0]) if name in UNARY else BINARY[name](*xs[:2]))
        for pool, x in zip(pools, new, strict=True):
            pool.append(x)
    return autograd.sum(np.array([pool[-1] for pool in pools])) + autograd.sum(np.array(leaves))


def plan_of(output: Any, inputs: Sequence[Any]) -> Plan:
    return autograd.compile(output, inputs=inputs, executor="numpy", verify=False).plan


@quick
@given(steps(), st.integers(1, 5), st.lists(st.sampled_from(AWKWARD), min_size=40, max_size=40))
def test_groups_give_every_number_that_instructions_give_one_after_another(
    drawn: tuple[Steps, int], instances: int, numbers: list[float]
) -> None:
    leaves = [Value(x) for x in numbers[:7]]
    plan = plan_of(computed(*drawn, leaves), leaves[:3])
    registers = [step.out for step in plan.forward]
    inputs = list(np.resize(numbers[7:], (3, instances)))
    seed = np.linspace(-1.0, 1.0, instances)
    assert Levels.can(plan)
    groups = StackedCode(Levels(plan, registers), registers, instances)
    alone = NumpyExecutor(plan, registers, reuse=False)
    code = alone.at(instances)
    assert isinstance(code, NumpyCode)
    for given_numbers in (
        inputs,
        [x[::-1].copy() for x in inputs],
    ):  # the second writes over the first
        found, slopes = groups.both(given_numbers, alone.leaves(), seed)
        expected, other_slopes = code.both(given_numbers, alone.leaves(), seed)
        for x, y in zip((*found, slopes), (*expected, np.array(other_slopes)), strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-300)
    again, _ = groups.both(inputs, alone.leaves(), seed)
    groups.backward(inputs, alone.leaves(), seed)
    np.testing.assert_array_equal(groups.forward(inputs, alone.leaves()), again)


@quick
@given(steps(), st.integers(1, 4))
def test_a_replay_in_groups_is_the_eager_pass_for_every_instance(
    drawn: tuple[Steps, int], instances: int
) -> None:
    weights = [Value(0.7, "v"), Value(-1.1, "w"), Value(0.4, "u")]
    tame = [(name, places, shift) for name, places, shift in drawn[0] if name in KNOWN]

    def function(*xs: Any) -> Any:
        return autograd.tanh(computed(tame, drawn[1], [*xs, *weights]))

    columns = list(np.random.default_rng(instances).uniform(0.1, 1.0, size=(3, instances)))
    check_values(function, columns, weights, 1e-9, executor="numpy")


KNOWN = {*test_graphs.UNARY, *test_graphs.BINARY, "sum", "mean", "logsumexp", "dot", "softmax"}


# --- how they come about --------------------------------------------------------------------------


def network(width: int) -> tuple[Any, list[Value], list[Value]]:
    model = nn.scalar.MLP(2, [width, width, 1])
    x = [Value(0.3, "a"), Value(-0.2, "b")]
    return nn.hinge(model(x), 1.0), x, list(model.parameters())


@pytest.mark.parametrize("instances", [1, 7, 100])
def test_a_network_takes_as_many_calls_however_wide_it_is(instances: int) -> None:
    counts = []
    for width in (8, 16):
        output, inputs, _ = network(width)
        plan = plan_of(output, inputs)
        code = NumpyExecutor(plan).at(instances)
        assert isinstance(code, StackedCode)
        counts.append(sum(map(len, code.calls)))
        assert counts[-1] < 100
    assert counts[0] == counts[1]
    assert len(plan.forward + plan.backward) > 10 * counts[1]


def test_a_batch_that_is_written_as_one_graph_takes_as_many_calls_as_one_instance() -> None:
    model = nn.scalar.MLP(2, [4, 1])

    def calls(rows: int) -> int:
        data = np.random.default_rng(0).normal(size=(rows, 3)).tolist()
        errors = [(model([Value(a), Value(b)]) - y) ** 2 for a, b, y in data]
        code = NumpyExecutor(plan_of(autograd.sum(np.array(errors)), [])).at(1)
        assert isinstance(code, StackedCode)
        return sum(map(len, code.calls))

    assert calls(40) <= calls(8) + 5


def test_a_parameter_that_is_assigned_and_trained_is_read_anew() -> None:
    output, inputs, parameters = network(5)
    program = autograd.compile(output, inputs=inputs, executor="numpy")
    optimiser = nn.optim.SGD(parameters, lr=0.1)
    rng = np.random.default_rng(0)
    for i in range(4):
        a, b = rng.normal(size=(2, 6))
        if i == 2:
            parameters[3].data = 0.25
        optimiser.zero_grad()
        losses = program(a, b)
        program.backward()
        found = gradients(parameters)
        expected, total = [], [np.zeros(())] * len(parameters)
        for each in zip(a.tolist(), b.tolist(), strict=True):
            for x, number in zip(inputs, each, strict=True):
                x.data = number
            out = nn.hinge(rebuilt(parameters, inputs, 5), 1.0)
            out.backward(1 / 6)
            expected.append(out.data)
            total = [t + g for t, g in zip(total, gradients(parameters), strict=True)]
        near(losses, expected)
        check_gradients(found, total, 1e-12, 1.0)
        for p, g in zip(parameters, found, strict=True):
            p.grad = float(g)
        optimiser.step()


def rebuilt(parameters: Sequence[Value], inputs: Sequence[Value], width: int) -> Any:
    """The network of `network`, written with operators."""
    at, h = 0, list(inputs)
    for i, n in enumerate((width, width, 1)):
        new = []
        for _ in range(n):
            act = parameters[at + len(h)]
            for w, x in zip(parameters[at : at + len(h)], h, strict=True):
                act = act + w * x
            new.append(act.relu() if i < 2 else act)
            at += len(h) + 1
        h = new
    return h[0]


def test_a_seed_of_a_number_or_of_weights_weighs_the_instances() -> None:
    output, inputs, parameters = network(4)
    program = autograd.compile(output, inputs=inputs, executor="numpy")
    columns = np.random.default_rng(1).normal(size=(2, 3))
    sums = []
    for seed in (
        np.array([1.0, 0.0, 0.0]),
        np.array([0.0, 2.0, -1.0]),
        np.array([1.0, 2.0, -1.0]),
        2.0,
    ):
        program(*columns)
        program.backward(seed)
        sums.append(np.array(gradients(parameters)))
    near(sums[0] + sums[1], sums[2])
    program(*columns)
    program.backward(np.full(3, 2.0))
    near(np.array(gradients(parameters)), sums[3])


def test_what_lies_nowhere_side_by_side_is_computed_one_by_one_for_many_instances() -> None:
    rng = np.random.default_rng(0)
    x = Value(0.5, "x")
    pool: list[Any] = [x, x * 2, x + 1]
    functions: list[Any] = [autograd.tanh, abs, autograd.exp]
    for _ in range(60):
        i, j, k = rng.integers(3, size=3)
        pool.append(functions[k](pool[-1 - i] * pool[-1 - j] - pool[-1]))
    executor = NumpyExecutor(plan_of(pool[-1], [x]))
    assert isinstance(executor.at(1), StackedCode)
    assert isinstance(executor.at(20_000), NumpyCode)


def test_numbers_that_are_drawn_are_computed_one_by_one() -> None:
    x = Value(0.5, "x")
    out = nn.Dropout(0.5, rng=0)(x * 3) * 2
    assert not Levels.can(plan_of(out, [x]))


def test_memory_is_used_again() -> None:
    output, inputs = chain(2_000)
    levels = Levels(plan_of(output, inputs), ())
    assert levels.rows[True] < 1_100  # of which the backward pass adds up a thousand


@pytest.mark.parametrize(
    ("places", "nest"),
    [
        ([4], []),
        ([4, 4, 4], [(3, 0)]),
        ([1, 3, 5, 7], [(4, 2)]),
        ([7, 5, 3], [(3, -2)]),
        ([0, 0, 5, 5, 10, 10], [(2, 0), (3, 5)]),
        ([0, 1, 0, 1, 9, 10, 9, 10], [(2, 1), (2, 0), (2, 9)]),
        ([0, 1, 3], None),
        ([0, 1, 2, 4, 5, 7], None),
        ([0, 1, 2, 3, 4, 9], None),
    ],
)
def test_places_at_regular_distances_are_axes(places: list[int], nest: Any) -> None:
    assert nest_of(np.array(places)) == nest
