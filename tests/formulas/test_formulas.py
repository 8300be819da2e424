"""Symbols and formulas of recorded nodes: read back, they are true of the numbers on the graph."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from readback import value

import autograd
import nn
from autograd import Tensor, Value
from autograd.engine.letters import Letter
from autograd.formulas.names import formula_of
from autograd.formulas.of_nodes import Formulas
from autograd.formulas.symbols import Symbols
from tests.formulas.test_latex import check_latex


@pytest.fixture(autouse=True)
def the_registry_is_left_as_it_was() -> Iterator[None]:
    before = dict(autograd.registry)
    yield
    for name in set(autograd.registry) - set(before):
        del autograd.registry[name]


# --- symbols ---------------------------------------------------------------------------------------


def test_a_node_is_called_by_its_name_and_others_are_numbered_in_order_of_creation() -> None:
    x, w = Value(2.0, "x"), Value(3.0)
    product = x * w
    total = product + 1.0
    symbols = Symbols(total)
    assert [symbols[node].text for node in (x, w, product, total)] == ["x", "v₁", "v₂", "L"]
    assert [symbols[node].latex for node in (w, product)] == ["v_{1}", "v_{2}"]
    numbered = Symbols(total, output=None)
    assert numbered[total].text == "v₃"
    assert Symbols([product, total])[total].text == "v₃"


def test_symbols_are_unique_though_names_are_not() -> None:
    nodes = [Value(float(i), name) for i, name in enumerate(["w", "w", "x1", "x_1", "v1", "w#2"])]
    total: Any = Value(0.0)
    for node in nodes:
        total = total + node
    symbols = Symbols(total)
    order = autograd.topological_order(total)
    assert len({symbols[node].text for node in order}) == len(order)
    assert len({symbols[node].latex for node in order}) == len(order)
    assert [symbols[node].text for node in nodes[:3]] == ["w", "w#2", "x₁"]
    for node in order:
        check_latex(symbols[node].latex)


def test_an_output_called_like_a_node_is_numbered() -> None:
    x = Value(2.0, "L")
    y = x * 2
    assert (Symbols(y)[x].text, Symbols(y)[y].text) == ("L", "v₁")


@pytest.mark.parametrize(
    ("name", "text", "latex"),
    [
        ("x", "x", "x"),
        ("x1", "x₁", "x_{1}"),
        ("w_12", "w₁₂", "w_{12}"),
        ("h_prev", "h_prev", r"h_{\text{prev}}"),
        ("theta", "θ", r"\theta"),
        ("beta2", "β₂", r"\beta_{2}"),
        ("lambda", "λ", r"\lambda"),
        ("x'", "x'", "x'"),
        ("loss", "loss", r"\text{loss}"),
        ("learning_rate", "learning_rate", r"\text{learning}\_\text{rate}"),
        ("größe", "größe", r"\text{größe}"),
        ("w[3, 1]", "w₄₂", "w_{42}"),
        ("w[11, 1]", "w₁₂,₂", "w_{12,2}"),
        ("h[0][1]", "h₁₂", "h_{12}"),
        ("x1[2]", "x₁,₃", "x_{1,3}"),
        ("layers.0.weight", "W⁽¹⁾", "W^{(1)}"),
        ("layers.0.weight[2, 1]", "w⁽¹⁾₃₂", "w^{(1)}_{32}"),
        ("layers.0.weight[11, 2]", "w⁽¹⁾₁₂,₃", "w^{(1)}_{12,3}"),
        ("layers.0.bias[2]", "b⁽¹⁾₃", "b^{(1)}_{3}"),
        ("layers.0.neurons.2.w.1", "w⁽¹⁾₃₂", "w^{(1)}_{32}"),
        ("layers.0.neurons.2.b", "b⁽¹⁾₃", "b^{(1)}_{3}"),
        ("layers.0.2.w.1", "w⁽¹⁾₃₂", "w^{(1)}_{32}"),
        ("layers.0.w.2.1", "w⁽¹⁾₃₂", "w^{(1)}_{32}"),
        ("neurons.11.w.2", "w⁽¹⁾₁₂,₃", "w^{(1)}_{12,3}"),
        ("w.1", "w₂", "w_{2}"),
        ("encoder.layers.12.weight", "W⁽¹⁾", "W^{(1)}"),
        ("first.weight", "W⁽¹⁾", "W^{(1)}"),
        ("layers.1.gamma", "γ⁽¹⁾", r"\gamma^{(1)}"),
        ("layers.0.running_mean", "running_mean⁽¹⁾", r"{\text{running}\_\text{mean}}^{(1)}"),
        ("a b", "(a b)", r"(\text{a b})"),
        ("x-y", "(x-y)", r"(\text{x-y})"),
        ("a+b", "(a+b)", r"(\text{a+b})"),
        ("2x", "(2x)", r"(\text{2x})"),
        ("v1.2", "(v1.2)", r"(\text{v1.2})"),
        ("h[-1]", "(h[-1])", r"(\text{h[-1]})"),
        ("50%", "(50%)", r"(\text{50}\%)"),
        (r"\frac{x}", r"(\frac{x})", r"({\backslash}\text{frac}\{\text{x}\})"),
        ("$x$", "($x$)", r"(\$\text{x}\$)"),
        ("<script>", "(<script>)", r"({\lt}\text{script}{\gt})"),
        (
            "a^b~c&d#e",
            "(a^b~c&d#e)",
            r"(\text{a}{\wedge}\text{b}{\sim}\text{c}\&\text{d}\#\text{e})",
        ),
        ("😀", "(😀)", r"(\text{😀})"),
    ],
)
def test_a_name_is_mathematics_where_it_can_be_and_else_text_that_no_formula_reads_as_its_own(
    name: str, text: str, latex: str
) -> None:
    assert formula_of(name) == (text, latex)
    check_latex(latex)


def test_a_name_of_several_lines_is_one_line_and_a_long_one_is_cut() -> None:
    x = Value(1.0, "two\nlines\t" + "x" * 100)
    symbol = Symbols(x * 2)[x]
    assert symbol.text.startswith("(two lines xxx")
    assert len(symbol.text) <= 62
    assert "\n" not in symbol.latex


def test_constant_arrays_have_symbols_in_the_order_of_the_graph() -> None:
    first, second = np.ones((2, 3)), np.ones(2)
    t = Tensor(np.ones(3), "t")
    out = first @ t + second
    symbols = Symbols(out)
    arrays = [x for node in autograd.topological_order(out) for x in node.arguments]
    arrays = [x for x in arrays if isinstance(x, np.ndarray)]
    assert [symbols[x].text for x in arrays] == ["c₁", "c₂"]


# --- formulas of Values ----------------------------------------------------------------------------


def parameters(n: int) -> list[Value]:
    """Values called p1, p2, ..., whose numbers are mixed."""
    return [Value(0.3 + 0.45 * ((7 * i) % n), f"p{i + 1}") for i in range(n)]


def reductions(n: int) -> list[Value]:
    """One node of each reduction, and a product of vectors, of n Values."""
    p = np.array(parameters(n), dtype=object)
    names = ("sum", "mean", "prod", "max", "min", "logsumexp", "var", "std", "norm", "sum_squares")
    nodes = [getattr(autograd, name)(p) for name in names]
    nodes += [autograd.var(p, ddof=1), autograd.max(p, ties="first")]
    nodes.append(autograd.matmul(p, np.array([*parameters(n - 1), Value(2.0, "q")], dtype=object)))
    tied = np.array([Value(1.0, "p1"), Value(1.0, "p2"), Value(0.5, "p3")], dtype=object)
    return [*nodes, autograd.max(tied), autograd.min(tied), autograd.max(tied, ties="first")]


def check_node(node: Value, formulas: Formulas) -> None:
    """The formulas of one node, evaluated on both sides."""
    symbols = formulas.symbols
    names = {symbols[x].text: x.data for x in (node, *node.arguments) if isinstance(x, Value)}
    names = {name.replace("#", "_"): x for name, x in names.items()}
    for numbers in (False, True):
        operation = formulas.operation(node, numbers=numbers)
        check_latex(operation.latex)
        if "=first" not in operation.text and "ddof" not in operation.text:
            left, right = operation.text.replace("#", "_").split(" = ", 1)
            assert value(left, names) == node.data
            assert value(right, names) == pytest.approx(node.data, rel=1e-12)
        for place, d in enumerate(node.local_derivatives):
            formula = formulas.local_derivative(node, place, numbers=numbers)
            check_latex(formula.latex)
            assert value(formula.text.replace("#", "_"), names) == pytest.approx(d, rel=1e-9)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_formulas_of_a_node_of_many_values_are_true(n: int) -> None:
    for node in reductions(n):
        check_node(node, Formulas(Symbols(node), digits=17))


def test_the_formulas_of_every_value_in_a_graph_are_true() -> None:
    x, w = Value(0.7, "x"), Value(-1.3, "w")
    y = (x * w + 2) ** 2 / (1 + x**2) - autograd.exp(-w) * autograd.hypot(x, w)
    y = y + autograd.arctan2(x, w) + autograd.maximum(x, w) * autograd.sigmoid(y)
    y = y + (x**2) ** w + abs(w) ** x + autograd.where(x > 0, x * x, w) + autograd.relu(-x)
    formulas = Formulas(Symbols(y), digits=17)
    for node in autograd.topological_order(y):
        if not node.is_leaf:
            check_node(node, formulas)


@pytest.mark.parametrize(
    ("make", "operation", "derivatives"),
    [
        (lambda x, y: x + y, "x + y", ["1", "1"]),
        (lambda x, y: x * y, "x · y", ["y", "x"]),
        (lambda x, y: x / y, "x / y", ["1 / y", "−L / y"]),
        (lambda x, y: x**3, "x³", ["3 · x²"]),
        (lambda x, y: x**y, "x^y", ["y · x^(y − 1)", "L · ln(x)"]),
        (lambda x, y: x.tanh(), "tanh(x)", ["1 − L²"]),
        (lambda x, y: x.exp(), "exp(x)", ["L"]),
        (lambda x, y: x.log(), "ln(x)", ["1 / x"]),
        (lambda x, y: x.relu(), "ReLU(x)", ["𝟙[x > 0]"]),
        (lambda x, y: x.sigmoid(), "σ(x)", ["L · (1 − L)"]),
        (lambda x, y: autograd.hypot(x, y), "√(x² + y²)", ["x / L", "y / L"]),
        (lambda x, y: autograd.sum([x, y]), "x + y", ["1", "1"]),
        (lambda x, y: autograd.mean([x, y, y]), "mean(x, y, y)", ["1 / 3"] * 3),
        (lambda x, y: autograd.dot([x, y], [y, 2.0]), "x · y + y · 2", ["y", "2", "x"]),
        (lambda x, y: autograd.logsumexp([x, y]), "logsumexp(x, y)", ["exp(x − L)", "exp(y − L)"]),
        (lambda x, y: autograd.norm([x, y]), "‖(x, y)‖", ["x / L", "y / L"]),
        (lambda x, y: autograd.prod([x, y, x]), "x · y · x", ["y · x", "x²", "y · x"]),
    ],
)
def test_formulas_are_those_of_the_lectures(
    make: Any, operation: str, derivatives: list[str]
) -> None:
    x, y = Value(2.0, "x"), Value(1.5, "y")
    node = make(x, y)
    formulas = Formulas(Symbols(node))
    assert formulas.operation(node).text == f"L = {operation}"
    written = [formulas.local_derivative(node, i).text for i in range(len(node.parents))]
    assert [text.replace("y · x", "x · y") for text in written] == [
        text.replace("y · x", "x · y") for text in derivatives
    ]


@pytest.mark.parametrize("name", ["x", "x0", "x1", "out", "g", "…", "exp", "L", "d", "number"])
def test_a_node_may_be_called_what_a_rule_calls_its_letters(name: str) -> None:
    p = np.array([Value(0.5, "p1"), Value(1.5, "p2")], dtype=object)
    largest = autograd.max(p)
    largest.name = name
    formulas, shown = Formulas(Symbols(largest)), formula_of(name).text
    assert formulas.local_derivative(largest, 1).text == (
        f"𝟙[p₂ = {shown}] / (𝟙[p₁ = {shown}] + 𝟙[p₂ = {shown}])"
    )
    assert value(formulas.local_derivative(largest, 1, numbers=True).text) == 1.0


def test_the_condition_of_where_is_no_parent() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    node = autograd.where(x, x * 2, y)
    formulas = Formulas(Symbols(node))
    assert [formulas.slot(node, place) for place in (0, 1)] == [1, 2]
    check_node(node, Formulas(Symbols(node), digits=17))


def test_long_nodes_show_the_first_arguments_and_the_last() -> None:
    p = np.array([Value(float(i), f"p{i}") for i in range(1000)], dtype=object)
    total, largest, product = autograd.sum(p), autograd.max(p), autograd.prod(p[1:20])
    assert Formulas(Symbols(total)).operation(total).text == (
        "L = p₀ + p₁ + p₂ + p₃ + p₄ + p₅ + … + p₉₉₉"
    )
    share = Formulas(Symbols(largest)).local_derivative(largest, 999).text
    assert share.startswith("𝟙[p₉₉₉ = L] / (𝟙[p₀ = L] + ")
    assert share.endswith(" + … + 𝟙[p₉₉₉ = L])")
    formulas = Formulas(Symbols(product))
    assert formulas.local_derivative(product, 3).text == "∂L/∂p₄"
    number = formulas.local_derivative(product, 3, numbers=True).text
    assert value(number) == pytest.approx(product.local_derivatives[3], rel=1e-3)


def test_a_layer_of_a_network_reads_like_the_board() -> None:
    model = nn.MLP(2, [2, 1], rng=np.random.default_rng(0)).to_scalars()
    x1, x2 = Value(2.0, "x1"), Value(-1.0, "x2")
    out = np.ravel(model([x1, x2]))[0]
    first = next(node for node in autograd.topological_order(out) if not node.is_leaf)
    formula = Formulas(Symbols(out)).operation(first)
    assert formula.text == ("v₁ = x₁ · w⁽¹⁾₁₁ + x₂ · w⁽¹⁾₁₂ + b⁽¹⁾₁")
    assert formula.latex == (
        r"v_{1} = x_{1} \cdot w^{(1)}_{11} + x_{2} \cdot w^{(1)}_{12} + b^{(1)}_{1}"
    )
    formulas = Formulas(Symbols(out), digits=17)
    for node in autograd.topological_order(out):
        for place, d in enumerate(node.local_derivatives):
            number = formulas.local_derivative(node, place, numbers=True)
            assert value(number.text) == pytest.approx(d)


# --- rows of a user's module -----------------------------------------------------------------------


def test_a_users_row_prints_by_its_own_rule() -> None:
    row = autograd.elementwise(
        "cube",
        lambda x: x**3,
        lambda x: x**3,
        lambda out, x: 3 * x * x,
        doc="x³.\n\n>>> 1\n1\n>>> 2\n2",
    )
    node = row(Value(2.0, "x"))
    formulas = Formulas(Symbols(node))
    assert formulas.operation(node).text == "L = cube(x)"
    assert formulas.operation(node).latex == r"L = \operatorname{cube}(x)"
    assert formulas.local_derivative(node, 0).text == "3 · x²"
    assert formulas.local_derivative(node, 0, numbers=True).text == "3 · 2²"


def test_a_rule_that_is_no_formula_of_letters_is_shown_by_its_number() -> None:
    row = autograd.elementwise(
        "wave_",
        math.sin,
        np.sin,
        lambda out, x: np.vectorize(math.cos)(x),
        doc="sin x.",
    )
    node = row(Value(0.5, "x"))
    formulas = Formulas(Symbols(node))
    assert formulas.derivative_tree(node, 0) is None
    assert formulas.local_derivative(node, 0).text == "∂L/∂x"
    assert formulas.local_derivative(node, 0).latex == r"\frac{\partial L}{\partial x}"
    assert formulas.local_derivative(node, 0, numbers=True).text == "0.8776"
    assert formulas.operation(node).latex == r"L = \operatorname{wave\_}(x)"


# --- tensors ---------------------------------------------------------------------------------------


def test_what_a_tensors_parent_gets_is_what_the_rows_vjp_writes() -> None:
    W, x = Tensor([[0.5, -1.0], [2.0, 0.25]], "W"), Tensor([1.5, -0.5], "x")
    b = Tensor([0.1, 0.2], "b")
    z = W @ x
    h = autograd.tanh(z + b)
    total = h.sum()
    formulas = Formulas(Symbols(total))
    g = Letter("g", sample=np.ones(2))
    texts = {
        "g ⊙ (1 − v₃ ⊙ v₃)": (h, 0),
        "g @ xᵀ": (z, 0),
        "Wᵀ @ g": (z, 1),
    }
    for text, (node, place) in texts.items():
        tree = formulas.contribution_tree(node, place, g)
        assert formulas.write(tree, hadamard=True).text == text
        expected = node.local_derivatives[place].vjp(np.ones(2))
        np.testing.assert_allclose(tree.sample, expected)
    assert formulas.local_derivative(h, 0, hadamard=True).text == "1 − v₃ ⊙ v₃"


def test_leaves_have_no_formulas() -> None:
    x = Value(1.0, "x")
    formulas = Formulas(Symbols(x))
    with pytest.raises(ValueError, match="a leaf was made by the user"):
        formulas.operation(x)
    with pytest.raises(ValueError, match="a leaf has no local derivatives"):
        formulas.local_derivative(x, 0)
    with pytest.raises(ValueError, match="a leaf passes no cotangent on"):
        formulas.contribution_tree(x, 0, Letter("g", sample=1.0))
