"""Derivations and steps as HTML: mathematics that a page shows without a library or a network."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import autograd
import nn
from autograd import Value
from autograd.engine.letters import Letter
from autograd.formulas.latex import write
from autograd.formulas.mathml import mathml
from autograd.formulas.names import formula_of
from autograd.formulas.typeset import element, equations
from autograd.views.derivation.conventions import LAYOUTS
from autograd.views.derivation.lines import Line

MATHML = {
    *("math", "mrow", "mi", "mn", "mo", "mtext", "mfrac", "msqrt", "mroot", "msub", "msup"),
    *("msubsup", "munder", "mtable", "mtr", "mtd"),
}


def of_tensors() -> Any:
    model = nn.MLP(3, [4, 2], activation="relu", rng=0)
    x = np.random.default_rng(0).standard_normal((5, 3))
    return nn.cross_entropy(model(x), np.array([0, 1, 1, 0, 1])) + nn.regularisers.l2(model, 0.1)


def of_values() -> Any:
    model = nn.scalar.MLP(2, [2, 1], rng=1)
    return (model([Value(0.5, "x1"), Value(-1.5, "x2")]) - 1.0) ** 2


def of_cases() -> Any:
    x, y = Value(2.0, "x"), Value(-3.0, "learning <rate> & $y$")
    return autograd.where(x > 1.0, x.relu() * y, x.exp() / y) + abs(y)


GRAPHS: list[Callable[[], Any]] = [of_tensors, of_values, of_cases]


def shown(page: str) -> Any:
    """What a page shows where it is trusted, as a tree: that it is one is a test too."""
    root = ElementTree.fromstring(page.replace("\n", " "))
    assert root.get("class") == "chalk-math"
    style, mathematics, latex = root
    assert style.tag == "style"
    assert mathematics.get("style") == "display: none"
    assert latex.get("class") == "latex"
    return mathematics


def views_of(graph: Any) -> list[Any]:
    layouts = ["rows"] if isinstance(graph, Value) else list(LAYOUTS)
    derivations = [autograd.derivation(graph, layout=layout) for layout in layouts]
    lines = [line for derivation in derivations for line in derivation.lines]
    return [*derivations, *lines, *autograd.steps(graph), *autograd.forward_steps(graph)]


@pytest.mark.parametrize("graph", GRAPHS)
def test_every_view_that_is_latex_is_mathml_in_html_too(graph: Callable[[], Any]) -> None:
    for view in views_of(graph()):
        tree = shown(view._repr_html_())
        elements = list(tree.iter())
        assert {x.tag for x in elements} <= MATHML | {"div", "b"}
        assert any(x.tag == "math" for x in elements)
        texts = [x.text for x in elements if x.tag in ("mi", "mo", "mtext") and x.text]
        assert not any("\\" in text for text in texts), texts
        # A command that is not known would show as its name.
        commands = set(re.findall(r"\\([A-Za-z]{2,})", view._repr_latex_()))
        names = {"exp", "ln", "log", "tanh", "max", "min"}
        assert commands.isdisjoint(set(texts) - names - {"text"}), commands & set(texts)


def test_nothing_in_a_name_is_markup() -> None:
    pages = "".join(view._repr_html_() for view in views_of(of_cases()))
    assert "<rate>" not in pages
    assert "&lt;" in pages


@pytest.mark.parametrize("graph", GRAPHS)
def test_what_latex_prints_is_in_displays_that_fit_a_page(graph: Callable[[], Any]) -> None:
    latex = autograd.derivation(graph())._repr_latex_()
    displays = re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", latex, re.DOTALL)
    outside = re.sub(r"\\begin\{align\*\}.*?\\end\{align\*\}", "", latex, flags=re.DOTALL)
    assert not outside.strip()
    assert len(displays) > 1
    assert all(display.count("\n") < 20 for display in displays)
    for display in displays:  # no display begins with what continues another line
        first = display.partition("\n")[0]
        assert not first.startswith("&") or first.startswith((r"& \textbf", r"& \text", "& n"))


def test_a_bundle_has_html_before_latex_before_text() -> None:
    bundle = autograd.derivation(of_values())._repr_mimebundle_()
    assert list(bundle) == ["text/html", "text/latex", "text/plain"]


def test_cases_stand_one_below_the_other_where_there_is_room() -> None:
    latex = r"\begin{cases} x & \text{if } y \gt -1 \\ z^{2} & \text{otherwise} \end{cases} + 1"
    tall = mathml(latex, tall=True)
    table = tall[1][2]
    assert table[0] == "mtable"
    assert [cell[1] for cell in table[2][1:]] == [
        ["msup", ["mi", "z"], ["mn", "2"]],
        ["mtext", "otherwise"],
    ]
    assert tall[-1] == ["mn", "1"]
    assert "mtable" not in str(mathml(latex))  # on the stepper's one line


A, D = Letter("a", sample=-0.3), Letter("d", sample=0.3)
B, C = (Letter(name, sample=np.ones((2, 2))) for name in "bc")


@pytest.mark.parametrize(
    ("tree", "latex", "page"),
    [
        (
            A**2,
            "(-0.3)^{2}",
            '<msup><mrow><mo stretchy="false">(</mo><mn>−0.3</mn><mo stretchy="false">)</mo></mrow>'
            "<mn>2</mn></msup>",
        ),
        (
            -(D**2),
            "-0.3^{2}",
            '<mo form="prefix">−</mo><msup><mn>0.3</mn><mn>2</mn></msup>',
        ),
        (2.0**A, "2^{-0.3}", "<msup><mn>2</mn><mn>−0.3</mn></msup>"),
        (
            abs(A) ** 2,
            r"\left|-0.3\right|^{2}",
            "<msup><mrow><mo>|</mo><mn>−0.3</mn><mo>|</mo></mrow><mn>2</mn></msup>",
        ),
        (abs(A) - 2, r"\left|-0.3\right| - 2", "<mo>−</mo><mn>2</mn>"),
    ],
    ids=str,
)
def test_an_exponent_has_the_base_that_is_raised(tree: Any, latex: str, page: str) -> None:
    assert write(tree, numbers=True).latex == latex
    assert page in element(mathml(latex, tall=True))


@pytest.mark.parametrize("tall", [False, True])
def test_an_index_belongs_to_a_word_and_not_to_the_space_before_it(tall: bool) -> None:
    space = [["mtext", "\u2009"]] if tall else []
    weight = ["msub", ["mtext", "weight"], ["mn", "1"]]
    assert mathml(r"\lambda\, \text{weight}_{1}", tall=tall) == [
        *("mrow", ["mi", "λ"], *space, weight)
    ]
    assert mathml(r"\text{a}\,\text{weight}_{1}", tall=tall) == [
        *("mrow", ["mtext", "a"], *space, weight)
    ]
    assert mathml(r"\text{if } \text{weight}_{1}", tall=tall) == [
        *("mrow", ["mtext", "if\u00a0"], weight)
    ]
    assert mathml(r"\text{h}\_\text{prev}^{2}", tall=tall) == [
        *("msup", ["mtext", "h_prev"], ["mn", "2"])
    ]


def test_a_case_distinction_has_marks_of_its_own() -> None:
    cases = write(autograd.where(A > 0, A, 2.0)).latex
    line = Line("a", "a", "a", rf"\frac{{1}}{{{cases}}} + {cases}", (), "Backward")
    (row,) = next(x for x in shown(line._repr_html_()) if x.get("class") == "rows")
    before, after = row
    assert not len(before)  # nothing is aligned
    assert [len(table) for table in after.iter("mtable")] == [2, 2]
    assert all(len(cells) == 2 for cells in after.iter("mtr"))
    assert line._repr_latex_() == f"$\\displaystyle {line.latex}$"


def test_rows_are_aligned_at_their_own_marks_alone() -> None:
    name = formula_of("R & D").latex
    page = equations([name + " &= \\begin{cases} 1 & 2 \\end{cases}\\\\\n&= 3"])
    rows = ElementTree.fromstring(page)
    cells = [["".join(cell.itertext()) for cell in row] for row in rows]
    assert cells == [["(R & D)", "={12"], ["", "=3"]]


@pytest.mark.parametrize(
    ("tree", "latex", "words"),
    [
        (
            autograd.einsum("ij,jk->ik", B, C),
            r"\operatorname{einsum}(b, c, \text{subscripts} = \text{ij,jk-}{\gt}\text{ik})",
            ["subscripts", "ij,jk->ik"],
        ),
        (B[True], r"{b}_{\text{True}}", ["True"]),
        (B[:, None], r"{b}_{:, \text{None}}", ["None"]),
        (
            Letter("f", (B,), {"full": True, "mode": None, "eps": 1e-5, "top": np.inf}, sample=1.0),
            r"\operatorname{f}(b, \text{full} = \text{True}, \text{mode} = \text{None}, "
            r"\text{eps} = 1\times 10^{-5}, \text{top} = \infty)",
            ["full", "True", "mode", "None", "eps", "top"],
        ),
        (Letter("a-b", (B,), {}, sample=1.0), r"\text{a-b}(b)", ["a-b"]),
    ],
    ids=str,
)
def test_options_are_words_with_all_their_characters(
    tree: Any, latex: str, words: list[str]
) -> None:
    assert write(tree).latex == latex
    page = ElementTree.fromstring(f"<math>{element(mathml(latex))}</math>")
    assert [x.text for x in page.iter("mtext")] == words


@pytest.mark.parametrize(
    "name",
    ["learning <rate> & $y$", "a#2", "<script>", "{a}", "50%", "x^2~y", "C:\\temp", "a_b <c"],
)
def test_a_name_is_one_word_whatever_is_in_it(name: str) -> None:
    latex = formula_of(name).latex
    bracketed = ["mrow", ["mo", "("], ["mtext", name], ["mo", ")"]]
    assert mathml(latex) == bracketed
    assert mathml(f"{latex}^{{2}}") == ["msup", bracketed, ["mn", "2"]]
    page = ElementTree.fromstring(f"<math>{element(mathml(latex))}</math>")
    assert [x.text for x in page.iter("mtext")] == [name]


def test_a_relation_between_words_is_no_part_of_them() -> None:
    loss, bound = (Letter(name, sample=1.0) for name in ("loss", "bound"))
    assert mathml(write(loss < bound).latex) == [
        *("mrow", ["mtext", "loss"], ["mo", "<"], ["mtext", "bound"])
    ]


def test_the_digits_of_a_number_are_one_number() -> None:
    assert mathml("1{,}093{,}000.5") == ["mn", "1,093,000.5"]
    assert mathml("w_{12,3}")[2] == ["mrow", ["mn", "12"], ["mo", ","], ["mn", "3"]]  # two indices


def test_a_minus_is_a_sign_where_there_is_nothing_to_subtract_from() -> None:
    signs = {
        "-x": True,
        "= -x": True,
        r"2 \cdot (-x)": True,
        r"\text{if } -x": True,
        "x - y": False,
        "(x) - y": False,
        "[x] - y": False,
        r"\left|x\right| - y": False,
        r"x + \dots - y": False,
        r"\infty - y": False,
    }
    for latex, sign in signs.items():
        assert ('form="prefix"' in element(mathml(latex))) == sign, latex
    assert mathml(r"x + \dots - 0.5")[-1] == ["mn", "0.5"]
