"""A thousand programs that nobody thought of are the same however they are computed."""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from programs.arbitrary import comparisons, generator, operations
from programs.arbitrary.choices import Choices, Recorded, Replayed, shrunk
from programs.arbitrary.program import Leaf, Program, Step

import autograd
from autograd.engine.primitive import numpy_functions


@st.composite
def any_program(draw: st.DrawFn) -> Program:
    """A program whose choices are hypothesis's, which makes them small where it fails."""
    return generator.generate(lambda n: draw(st.integers(0, n - 1)))


@settings(
    max_examples=1000,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(any_program())
def test_a_random_program_is_the_same_however_it_is_computed(program: Program) -> None:
    comparisons.check(program)


# --- the generator itself -------------------------------------------------------------------------


def programs(count: int, seed: str = "coverage") -> list[Program]:
    return [generator.generate(Recorded(f"{seed}:{i}").below) for i in range(count)]


def test_a_program_is_a_text_that_can_be_run() -> None:
    of_tensors = [p for p in programs(150) if all(leaf.kind == "Tensor" for leaf in p.leaves)]
    assert len(of_tensors) > 50
    for program in of_tensors:
        names: dict[str, object] = {}
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            exec(str(program), names)
            expected = program.run(program.nodes())[-1]
        last = names[program.name(len(program.leaves) + len(program.steps) - 1)]
        np.testing.assert_array_equal(last.data, expected.data)


def test_random_programs_reach_every_row_and_every_function_of_numpy() -> None:
    texts = " ".join(step.text for program in programs(6000) for step in program.steps)
    rows = [*operations.ELEMENTWISE, *operations.OTHERS]
    calls = [operations.name_of(row) + "(" for row in rows]
    calls += [f"np.{function.__name__}(" for function in numpy_functions]
    texts = texts.replace("np.linalg.", "np.")
    missing = [call for call in calls if call not in texts]
    assert missing == []


def test_every_function_of_numpy_is_a_row_or_has_a_call() -> None:
    rows = set(autograd.registry.values())
    missing = [
        function.__name__
        for function, mine in numpy_functions.items()
        if mine not in rows and function not in operations.COMPOSITES
    ]
    assert missing == []


def test_no_choices_give_the_simplest_program() -> None:
    program = generator.generate(Replayed([]).below)
    assert str(program).splitlines()[4:] == ["x0 = Tensor(np.array(1.0))", "y0 = x0 + 0.5"]


def test_choices_are_made_fewer_and_smaller_while_it_fails() -> None:
    def fails(source: Replayed) -> bool:
        draw = Choices(source.below)
        return sum(draw.below(100) for _ in range(draw.below(30))) >= 150

    found = shrunk([20, *[90] * 20], fails)
    assert fails(Replayed(found))
    assert len(found) == 3
    assert sum(found[1:]) == 150


# --- the comparisons find what is wrong -----------------------------------------------------------

ALL = frozenset(generator.CHECKS) - {"native", "scalars natively"}


def program_of(text: str, *numbers: float) -> Program:
    leaf = Leaf("Tensor", np.array(numbers), np.array(numbers) * 1.125)
    return Program((leaf,), (Step(text, (0,), None, "tanh"),), ALL)


def test_what_is_right_passes_every_comparison() -> None:
    done: Counter[str] = Counter()
    comparisons.check(program_of("autograd.tanh({0})", 0.5, -1.0), done)
    assert {"values", "directions", "differences", "second", "numpy"} <= set(done)
    assert not [name for name in done if name.startswith("excused")]


@pytest.fixture
def wrong_row():
    """A row whose derivative is off by a thousandth."""
    row = autograd.elementwise(
        "slightly_wrong", np.tanh, np.tanh, lambda out, x: 1 - out * out + 1e-3
    )
    yield row
    del autograd.registry["slightly_wrong"]


def test_a_derivative_that_is_slightly_wrong_is_found(wrong_row: autograd.Primitive) -> None:
    with pytest.raises(comparisons.DifferenceError, match="by differences"):
        comparisons.check(program_of("autograd.registry['slightly_wrong']({0})", 0.5, -1.0))


def test_rounding_that_a_program_makes_large_is_no_difference() -> None:
    # (1 + 1e-9 x) − 1 has seven digits left: whatever rounds otherwise is as far away.
    comparison = comparisons.Comparison(program_of("({0} * 1e-9 + 1) - 1", 0.3, 0.7))
    comparison.forward()
    comparison.backward()
    moved = comparison.output.data * (1 + 1e-8)
    with pytest.raises(comparisons.DifferenceError):
        comparison.output_same("moved", moved)
    steps = (
        Step("{0} * 1e-9", (0,), None, "mul"),
        Step("{0} + 1", (1,), None, "add"),
        Step("{0} - 1", (2,), None, "sub"),
    )
    comparison = comparisons.Comparison(Program(comparison.program.leaves, steps))
    comparison.forward()
    comparison.backward()
    comparison.output_same("moved", moved)
    assert comparison.done["excused: the output"] == 1
