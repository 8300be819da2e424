"""Every rule, called with letters, writes down a formula that computes what the rule computes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numerics import check_close, weights
from samples import ALL, ELEMENTWISE, Sample

import autograd
from autograd.engine.letters import Letter, scalar_text
from autograd.primitives.methods import formulas

NAMES = ("x", "y", "z", "u", "v")

NAMESPACE: dict[str, Any] = dict(autograd.registry) | {
    "asarray": np.asarray,
    "inf": math.inf,
    "nan": math.nan,
}
"""What the text of a formula may name: the primitives, and NumPy's way to write an array."""


def letters_of(sample: Sample) -> tuple[list[Any], dict[str, Any]]:
    """A letter for each array argument, and what each stands for."""
    arguments, bindings = [], {}
    for slot, x in enumerate(sample.plain):
        if isinstance(x, np.ndarray):
            bindings[NAMES[slot]] = x
            x = Letter(NAMES[slot], sample=x)
        arguments.append(x)
    return arguments, bindings


def check_formula(
    rule: Callable[..., Any], sample: Sample, first: str, g: np.ndarray | None, out: np.ndarray
) -> None:
    """The text of ``rule(g, out, arguments)`` computes what the rule computes on arrays."""
    arguments, bindings = letters_of(sample)
    letter = None if g is None else Letter(first, sample=g)
    with np.errstate(all="ignore"):
        formula = rule(letter, Letter("out", sample=out), arguments)
        expected = rule(g, out, sample.plain)
        text = formula.text() if isinstance(formula, Letter) else repr(formula)
        actual = eval(text, {**NAMESPACE, **bindings, first: g, "out": out})
    np.testing.assert_array_equal(actual, expected)
    assert np.shape(actual) == np.shape(expected)


DIFFERENTIABLE = [sample for sample in ALL if sample.slots]


def output(sample: Sample) -> np.ndarray:
    """The plain array that a sample computes."""
    with np.errstate(all="ignore"):
        return np.asarray(sample(*sample.arrays))


PURE = [s for s in ALL if not s.row.is_impure(s.row.options | s.options)]


@pytest.mark.parametrize("sample", PURE, ids=repr)
def test_a_call_on_letters_computes_what_the_call_on_arrays_computes(sample: Sample) -> None:
    arguments, bindings = letters_of(sample)
    with np.errstate(all="ignore"):
        formula = sample.row(*arguments, **sample.options)
        actual = eval(formula.text(), {**NAMESPACE, **bindings})
    np.testing.assert_array_equal(actual, output(sample))


@pytest.mark.parametrize("sample", DIFFERENTIABLE, ids=repr)
def test_the_vjp_written_down_is_the_vjp(sample: Sample) -> None:
    out, options = output(sample), sample.row.options | sample.options
    for slot in sample.slots:
        check_formula(
            lambda g, out, xs, slot=slot: sample.row.vjp(slot, g, out, xs, options),
            sample,
            "g",
            weights(out.shape),
            out,
        )


@pytest.mark.parametrize("sample", DIFFERENTIABLE, ids=repr)
def test_the_jvp_written_down_is_the_jvp(sample: Sample) -> None:
    out, options = output(sample), sample.row.options | sample.options
    for slot in sample.slots:
        check_formula(
            lambda t, out, xs, slot=slot: sample.row.jvp(slot, t, out, xs, options),
            sample,
            "t",
            weights(np.shape(sample.arguments[slot])),
            out,
        )


@pytest.mark.parametrize(
    "sample", [s for s in DIFFERENTIABLE if s.row.family == "diagonal"], ids=repr
)
def test_the_local_derivative_written_down_is_the_rule(sample: Sample) -> None:
    out, options = output(sample), sample.row.options | sample.options
    for slot in sample.slots:
        check_formula(
            lambda _, out, xs, slot=slot: sample.row.rule(slot)(out, *xs, **options),
            sample,
            "g",
            None,
            out,
        )


@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if name != "indicator"])
def test_the_text_for_one_float_computes_the_function_and_its_derivatives(name: str) -> None:
    row = autograd.registry[name]
    scalars = {each: autograd.registry[each].scalar for each in ELEMENTWISE}
    text, texts = formulas(row)
    letters = NAMES[: row.arity]
    assert len(texts) == row.arity
    for sample in (s for s in ALL if s.primitive == name and s.smooth and not s.options):
        for point in zip(*map(np.ravel, np.broadcast_arrays(*sample.arguments)), strict=True):
            numbers = [x.item() for x in point]
            scope = scalars | dict(zip(letters, numbers, strict=True)) | {"abs": abs}
            scope["out"] = out = eval(text, scope)
            check_close(out, row.array(*numbers, **row.options), 1e-14)
            for slot in sample.slots:
                expected = row.rule(slot)(out, *numbers, **row.options)
                check_close(eval(texts[slot], scope), expected, 1e-14)


# --- letters themselves ---------------------------------------------------------------------------


def test_a_letter_refuses_to_be_a_truth_a_number_or_a_sequence() -> None:
    x = Letter("x", sample=0.5)
    with pytest.raises(TypeError, match="may not branch on an operand"):
        bool(x > 0)
    with pytest.raises(TypeError, match="may not turn an operand into a number"):
        float(x)
    with pytest.raises(TypeError, match="may not iterate"):
        list(x)


def test_a_formula_on_letters_reads_like_the_rule() -> None:
    x = Letter("x", sample=np.ones((2, 3), np.float32))
    assert (1 - x * x).text() == "1 - x * x"
    assert autograd.exp(-x).text() == "exp(-x)"
    assert autograd.sum(x, axis=0).text() == "sum(x, axis=0)"
    assert autograd.where(x > 0, x, 0).text() == "where((x > 0), x, 0)"
    assert scalar_text(autograd.where(x > 0, x, 0)) == "(x if (x > 0.0) else 0.0)"
    assert ((-2) ** x - (x - 1) - -(x / 3)).text() == "(-2) ** x - (x - 1) - -(x / 3)"


def test_a_letter_carries_the_shape_and_dtype_of_the_result() -> None:
    x = Letter("x", sample=np.ones((2, 3), np.float32))
    total = autograd.sum(x * 2, axis=1)
    assert (total.shape, total.ndim, total.size, total.dtype) == ((2,), 1, 2, np.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sample", DIFFERENTIABLE, ids=str)
def test_what_a_row_passes_on_through_all_its_slots_is_what_each_vjp_gives(
    sample: Sample, dtype: Any
) -> None:
    """To the bit: the one function that is written for a pass has the formulas of the others."""
    arrays = [
        x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
        for x in sample.plain
    ]
    row = autograd.registry[sample.primitive]
    options = row.options | sample.options if sample.options else row.options
    with np.errstate(all="ignore"):
        out = np.asarray(row.array(*arrays, **options))
        if out.dtype.kind != "f":
            out = out.astype(dtype)
        g = weights(out.shape).astype(out.dtype)
        slots = tuple(sample.slots)
        passed = row.contributions(slots, g, out, arrays, options)
        each = [row.vjp(slot, g, out, arrays, options) for slot in slots]
    assert len(passed) == len(each)
    for mine, theirs in zip(passed, each, strict=True):
        np.testing.assert_array_equal(mine, theirs, strict=True)
