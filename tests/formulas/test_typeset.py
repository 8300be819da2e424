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
from autograd.formulas.mathml import mathml
from autograd.views.derivation.conventions import LAYOUTS

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
