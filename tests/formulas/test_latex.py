"""Formulas of letters as text and as LaTeX: read back, they compute what the rows compute."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from readback import read, value
from samples import ALL, ELEMENTWISE, Sample

import autograd
from autograd.engine.letters import Letter
from autograd.formulas.latex import number, write
from autograd.formulas.notation import Formula
from autograd.formulas.of_nodes import settled
from autograd.formulas.writing import is_whole

NAMES = ("x", "y", "z", "u")

MACROS = {
    *("frac", "cdot", "odot", "left", "right", "lfloor", "rfloor", "lceil", "rceil", "sqrt"),
    *("sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "exp", "ln"),
    *("log", "max", "min", "sigma", "operatorname", "mathbb", "mathbf", "text", "begin", "end"),
    *("lt", "le", "ge", "ne", "land", "lor", "dots", "times", "top", "sum", "prod", "infty", "pi"),
    *("partial", "mathrel", "backslash", "wedge", "sim", "theta", "alpha", "beta", "eta"),
    *("gamma", "lambda", "gt"),
}
"""Commands that both KaTeX and MathJax know; tried in both."""


def check_latex(latex: str) -> None:
    """LaTeX that is balanced and uses only known commands."""
    assert set(re.findall(r"\\([A-Za-z]+)", latex)) <= MACROS
    bare = re.sub(r"\\[{}]", "", latex)
    depth = 0
    for c in bare:
        depth += {"{": 1, "}": -1}.get(c, 0)
        assert depth >= 0
    assert depth == 0
    assert len(re.findall(r"\\left(?![a-z])", latex)) == len(re.findall(r"\\right(?![a-z])", latex))
    assert latex.count(r"\begin{cases}") == latex.count(r"\end{cases}")
    assert not re.search(r"\^\{[^{}]*\}\^|_\{[^{}]*\}_", latex), "two exponents or two indices"
    assert latex.isprintable()


def points(sample: Sample) -> list[tuple[float, ...]]:
    """The points of an elementwise sample, one number for each argument."""
    broadcast = np.broadcast_arrays(*sample.arguments)
    return list(zip(*(x.ravel().tolist() for x in broadcast), strict=True))


ROWS = [sample for sample in ALL if sample.row.family == "diagonal"]


@pytest.mark.parametrize("sample", ROWS, ids=repr)
def test_an_operation_and_its_local_derivatives_read_back_are_the_rows(sample: Sample) -> None:
    row, options = sample.row, sample.row.options | sample.options
    for point in points(sample):
        letters = [Letter(name, sample=x) for name, x in zip(NAMES, point, strict=False)]
        with np.errstate(all="ignore"):
            out = float(row.array(*point, **options))
            trees: list[tuple[Any, float]] = []
            if not sample.options:
                trees.append((row(*letters, **sample.options), out))
            for slot in range(len(point)):
                if row.differentiable(slot):
                    rule = row.rule(slot)
                    expected = rule(np.float64(out), *map(np.float64, point), **options)
                    tree = rule(Letter("out", sample=out), *letters, **options)
                    trees.append((tree, float(expected)))
        names = dict(zip(NAMES, point, strict=False)) | {"out": out}
        for tree, expected in trees:
            symbols = write(tree, digits=17)
            check_latex(symbols.latex)
            assert value(symbols.text, names) == pytest.approx(expected, rel=1e-9, nan_ok=True)
            numbers = write(tree, digits=17, numbers=True)
            check_latex(numbers.latex)
            try:
                actual = value(numbers.text)
            except ZeroDivisionError:  # of Python's floats
                assert not math.isfinite(expected)
            else:
                assert actual == pytest.approx(expected, rel=1e-9, nan_ok=True)


def test_every_elementwise_row_has_been_printed() -> None:
    assert {sample.primitive for sample in ROWS} == set(ELEMENTWISE)


@pytest.mark.parametrize("hadamard", [False, True])
@pytest.mark.parametrize("sample", ALL, ids=repr)
def test_any_call_of_any_row_read_back_is_what_the_row_computes(
    sample: Sample, hadamard: bool
) -> None:
    letters, names = [], {}
    for name, x in zip(("x", "y", "z", "u", "v"), sample.plain, strict=False):
        if isinstance(x, np.ndarray):
            names[name] = x
            x = Letter(name, sample=x)
        letters.append(x)
    options = sample.row.options | sample.options
    with np.errstate(all="ignore"):
        expected = np.asarray(sample.row.array(*sample.plain, **options))
        tree = sample.row(*letters, **sample.options)
    for each in (tree, settled(tree)):
        formula = write(each, digits=17, hadamard=hadamard)
        check_latex(formula.latex)
        actual = np.asarray(read(formula.text, names))
        if actual.size == expected.size:  # no formula says whether axes of length 1 are kept
            actual = actual.reshape(expected.shape)
        expected = expected.astype(float)
        np.testing.assert_allclose(
            np.broadcast_to(actual, expected.shape),
            expected,
            rtol=1e-9,
            atol=1e-12,
            err_msg=formula.text,
        )


X, Y, Z = (Letter(name, sample=v) for name, v in zip("xyz", (2.0, 1.5, -0.5), strict=True))

FORMULAS = {
    "x + y": X + Y,
    "x − y": X - Y,
    "x − (y − z)": X - (Y - Z),
    "x − (y + z)": X - (Y + Z),
    "x + y − z": X + (Y - Z),
    "(x + y) · z": (X + Y) * Z,
    "x · y + z": X * Y + Z,
    "x · (−y − z)": X * (-Y - Z),
    "−x · y": -X * Y,
    "x · y · z": X * (Y * Z),
    "x / (y · z)": X / (Y * Z),
    "x · y / z": (X * Y) / Z,
    "x · (y / z)": X * (Y / Z),
    "x / (y / z)": X / (Y / Z),
    "x²": X * X,
    "x² · y": X * X * Y,
    "(x + y)²": (X + Y) * (X + Y),
    "(−x)²": (-X) ** 2,
    "−x²": -(X**2),
    "(x^y)^z": (X**Y) ** Z,
    "x^(y^z)": X ** (Y**Z),
    "x^(−1)": X**-1,
    "2^x": 2**X,
    "(x / y)³": (X / Y) ** 3,
    "x − 2 · y": X + -2 * Y,
    "exp(x)²": autograd.exp(X) ** 2,
    "|x − y|": abs(X - Y),
    "(x if y > 0 else z) · 2": autograd.where(Y > 0, X, Z) * 2,
    "1 / (2 · x)": 0.5 / X,
    "x · (1 / 3)": X * (1 / 3),
    "x · ln(2)": X * math.log(2),
    "max(x, y, z)": Letter("maximum", (X, Y, Z), sample=2.0),
    "𝟙[x > 0 ∧ (y < 1 ∨ z = 0)]": autograd.indicator((X > 0) & ((Y < 1) | (Z == 0)), X),
}


@pytest.mark.parametrize("text", FORMULAS)
def test_brackets_stand_where_they_are_needed_and_nowhere_else(text: str) -> None:
    tree = FORMULAS[text]
    assert write(tree).text == text
    expected = float(tree.sample) if tree.sample.dtype != bool else 0.0
    with np.errstate(all="ignore"):
        assert value(text, {"x": 2.0, "y": 1.5, "z": -0.5}) == pytest.approx(expected, nan_ok=True)
        again = value(write(tree, numbers=True).text)
    if not math.isnan(expected):  # a power of a negative number is complex in Python
        assert again == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tree", "latex"),
    [
        (X / Y, r"\frac{x}{y}"),
        ((X + Y) / 2, r"\frac{x + y}{2}"),
        ((X / Y) ** 2, r"\left(\frac{x}{y}\right)^{2}"),
        (autograd.exp(-X), "e^{-x}"),
        (autograd.exp(X / Y), r"\exp\left(\frac{x}{y}\right)"),
        (autograd.exp(X) ** 2, "(e^{x})^{2}"),
        (autograd.tanh(X), r"\tanh(x)"),
        (autograd.tanh(X / Y), r"\tanh\left(\frac{x}{y}\right)"),
        (autograd.sqrt(X), r"\sqrt{x}"),
        (autograd.indicator(X > 0, X), r"\mathbb{1}[x > 0]"),
        (
            autograd.where(X > 0, X, 0),
            r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
        ),
        (autograd.softplus(X), r"\operatorname{softplus}(x)"),
        (X * 1.5e-7, r"x \cdot (1.5\times 10^{-7})"),
    ],
    ids=str,
)
def test_latex_is_that_of_the_lectures(tree: Letter, latex: str) -> None:
    assert write(tree).latex == latex
    check_latex(latex)


def test_arrays_are_multiplied_with_a_circled_dot_when_asked() -> None:
    u, v = (Letter(name, sample=np.ones(3)) for name in "uv")
    assert write(u * v * 2).text == "u · v · 2"
    formula = write(u * (1 - v * v) * 2, hadamard=True)
    assert formula.text == "2 · u ⊙ (1 − v ⊙ v)"
    assert formula.latex == r"2 \cdot u \odot (1 - v \odot v)"
    assert write(u * (2 * v), hadamard=True).text == "2 · u ⊙ v"


@pytest.mark.parametrize(
    ("x", "text", "latex"),
    [
        (2.0, "2", "2"),
        (-0.0, "0", "0"),
        (1 / 3, "0.3333", "0.3333"),
        (-1e-20, "−1e−20", r"-1\times 10^{-20}"),
        (123456.0, "1.235e+05", r"1.235\times 10^{5}"),
        (math.inf, "∞", r"\infty"),
        (-math.inf, "−∞", r"-\infty"),
        (math.nan, "nan", r"\text{nan}"),
    ],
)
def test_a_number_has_so_many_significant_digits(x: float, text: str, latex: str) -> None:
    assert number(x) == Formula(text, latex)


@pytest.mark.parametrize("x", [0.1, 0.05, 0.00025, 0.7, 1.2, 0.9, 1e-3, 0.001234])
def test_what_somebody_wrote_as_a_decimal_stays_one(x: float) -> None:
    assert write(x * X).text == f"{x} · x"
    assert write(x * X, numbers=True).text == f"{x} · 2"


@pytest.mark.parametrize(
    ("x", "text"), [(1 / 3, "(1 / 3)"), (2 / 7, "(2 / 7)"), (1 / 64, "(1 / 64)")]
)
def test_a_ratio_that_no_short_decimal_is_stays_one(x: float, text: str) -> None:
    assert write(X * x, digits=3).text == f"x · {text}"


def test_a_long_sum_or_product_needs_no_recursion() -> None:
    total, product = X, X
    for _ in range(5000):
        total, product = total + Y, product * Z
    assert write(total).text.count("+") == 5000
    assert write(product).text == "x · z⁵⁰⁰⁰"


def test_names_are_looked_up_and_others_are_written_as_they_are() -> None:
    formula = write(X * Letter("loss", sample=1.0), {"x": Formula("x1", "x_{1}")})
    assert formula == Formula("x1 · loss", r"x_{1} \cdot \text{loss}")


@pytest.mark.parametrize(
    ("exponent", "text"),
    [
        (2, "x²"),
        (3.0, "x³"),
        (999_999, "x⁹⁹⁹⁹⁹⁹"),
        (np.float32(2.0), "x²"),
        (np.int64(12), "x¹²"),
        (1_000_000.0, "x^1e+06"),
        (0.5, "x^0.5"),
        (2.5, "x^2.5"),
        (999_999.5, None),
        (-2, "x^(−2)"),
        (math.inf, "x^∞"),
        (-math.inf, "x^(−∞)"),
        (math.nan, "x^nan"),
        (10**400, None),
    ],
    ids=str,
)
def test_only_whole_exponents_are_superscripts(exponent: Any, text: str | None) -> None:
    assert is_whole(exponent, 2, 1_000_000) == (text in ("x²", "x³", "x⁹⁹⁹⁹⁹⁹", "x¹²"))
    if text is not None:
        x = Letter("x", sample=np.float64(2.0))
        tree = Letter("pow", (x, exponent), sample=np.float64(1.0))
        assert write(tree, digits=4).text == text
