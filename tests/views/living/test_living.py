"""Living graphs without a browser: marks, formulas with marks, and what a block is made of."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from samples import RECORDED, SAMPLES

import autograd
import nn
from autograd import Stepper, Tensor, Value, draw
from autograd.engine.letters import Letter
from autograd.formulas.latex import write
from autograd.formulas.plain import number
from autograd.views.canvas.layout import text_width
from autograd.views.living.formulas import marked
from autograd.views.living.graph import LiveGraph
from autograd.views.living.marks import ALPHABETS, BASE, KINDS, LOOKS, Marks


def product() -> Value:
    x, w = Value(2.0, "x"), Value(-3.0, "w")
    return (w * x).tanh()


def data_of(block: str) -> Any:
    """What the script of a block reads."""
    (text,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', block, flags=re.S)
    return json.loads(text)


# --- marks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", range(1, 18))
def test_a_mark_is_as_wide_as_the_widest_number(digits: int) -> None:
    widest = max(
        text_width(number(x, digits), 1.0)
        for x in (-1.2345678901234567e-308, -8.8888888888888888e300, -1.2345678901234567e-4, -8e-5)
    )
    for start in ALPHABETS:
        taken = "".join(map(chr, range(0x2800, start)))
        assert text_width(Marks(digits, taken)("value", 0), 1.0) >= widest


@given(st.sampled_from(KINDS), st.integers(0, BASE**3 - 1), st.sampled_from(LOOKS))
def test_a_mark_says_what_it_stands_for(kind: str, index: int, look: str) -> None:
    marks = Marks(3, "")
    found: list[tuple[str, int]] = []

    def asked(kind: str, index: int) -> float:
        found.append((kind, index))
        return 1.0

    assert marks.filled(f"a{marks(kind, index, look)}b", asked) == "a1b"
    assert found == [(kind, index)]


def test_no_letter_of_a_mark_is_in_the_texts_around_it() -> None:
    braille = "".join(map(chr, range(0x2800, 0x2900)))
    assert not set(Marks(3, braille)("value", 5)) & set(braille)
    with pytest.raises(ValueError, match=r"262,144"):
        Marks(3, "")("value", BASE**3)


# --- formulas ---------------------------------------------------------------------------------------


def filled(text: str, marks: Marks, numbers: dict[int, float]) -> str:
    """A text of marks as the page fills it in: what the looks mean, said a second time."""

    def one(match: re.Match[str]) -> str:
        _, look, *places = (ord(c) - marks.start for c in match[0])
        shown = number(numbers[places[0] + BASE * places[1]], marks.digits)
        negative = shown.startswith("−")
        return {
            "plain": shown,
            "bracketed": f"({shown})" if negative else shown,
            "absolute": shown.removeprefix("−"),
            "sign": " − " if negative else " + ",
            "open": "(" if negative else "",
            "close": ")" if negative else "",
        }[LOOKS[look]]

    return marks.pattern.sub(one, text)


NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 2.5, -2.5, 1e-7, -1e-7, 3e8, -3e8])


@st.composite
def trees(draw: Any) -> tuple[Any, list[float]]:
    """A tree of letters a0, a1, ... and their numbers."""
    numbers = draw(st.lists(NUMBERS, min_size=1, max_size=4))

    def letter(x: float, i: int) -> Letter:
        return Letter(f"a{i}", sample=x)

    pool: list[Any] = [letter(x, i) for i, x in enumerate(numbers)]
    for _ in range(draw(st.integers(1, 5))):
        x, y = draw(st.sampled_from(pool)), draw(st.sampled_from(pool))
        sign = draw(st.sampled_from(["+", "-", "*", "neg", "**", "tanh", "const"]))
        with_sign = {
            "+": lambda x=x, y=y: x + y,
            "-": lambda x=x, y=y: x - y,
            "*": lambda x=x, y=y: x * y,
            "neg": lambda x=x: -x,
            "**": lambda x=x: x**2,
            "tanh": lambda x=x: Letter("tanh", (x,), sample=0.5),
            "const": lambda x=x: 3.0 * x,
        }
        pool.append(with_sign[sign]())
    return pool[-1], numbers


@given(trees())
def test_a_formula_of_marks_filled_in_is_the_formula_of_the_numbers(
    made: tuple[Any, list[float]],
) -> None:
    tree, numbers = made
    marks = Marks(3, "")
    letters = {f"a{i}": marks("value", i) for i in range(len(numbers))}
    text, _ = marked(tree, {}, marks, letters)
    wanted = write(tree, digits=3, numbers=True).text
    assert filled(text, marks, dict(enumerate(numbers))) == wanted


# --- a graph ----------------------------------------------------------------------------------------


def leaves_of(root: Value, train: Any = None) -> dict[str, bool]:
    """Which leaves a gradient step moves."""
    data = data_of(draw(root).live(train=train).html)
    return {leaf["name"]: leaf["train"] for leaf in data["live"]["leaves"]}


def test_a_step_moves_parameters_and_else_what_is_not_called_as_data_are() -> None:
    names = (
        "x",
        "x1",
        "X_2",
        "y",
        "t",
        "target",
        "inputs[0]",
        "theta",
        "temperature",
        "yes",
        "w",
        "b",
    )
    total = sum((Value(0.5, name) ** 2 for name in names), Value(1.0, "c"))
    moved = [name for name, train in leaves_of(total).items() if train]
    assert sorted(moved) == ["b", "c", "temperature", "w", "yes", "θ"]
    assert leaves_of(Value(2.0, "x") * Value(3.0, "y")) == {"x": True, "y": True}
    model = nn.scalar.MLP(1, [1], rng=0)
    given = leaves_of(model([Value(0.5, "v")]) ** 2)
    assert given == {"v": False, "w⁽¹⁾₁₁": True, "b⁽¹⁾₁": True}


def test_a_leaf_that_gets_no_gradient_can_be_changed_and_is_never_moved() -> None:
    x, w = Value(2.0, "x", requires_grad=False), Value(-3.0, "w")
    loss = (w * x * Value(5.0, requires_grad=False)).tanh()
    (first, second) = data_of(Stepper(loss, live=True).html)["live"]["leaves"]
    assert {(each["name"], each["moves"], each["train"]) for each in (first, second)} == {
        ("x", False, False),
        ("w", True, True),
    }
    with pytest.raises(ValueError, match=r"train names .*'x'"):
        draw(loss).live(train=[x])


def test_a_constant_alone_can_be_changed_and_has_no_gradient_to_step_along() -> None:
    (leaf,) = data_of(draw(Value(2.0, "a", requires_grad=False)).live().html)["live"]["leaves"]
    assert (leaf["name"], leaf["moves"], leaf["train"]) == ("a", False, False)


def test_what_to_train_is_a_list_of_leaves_of_the_graph() -> None:
    loss = product()
    with pytest.raises(TypeError, match="train is a list of leaves"):
        draw(loss).live(train="w")
    with pytest.raises(TypeError, match="train is a list of leaves"):
        draw(loss).live(train=[3.0])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="only leaves of this graph"):
        Stepper(loss, live=True, train=[Value(1.0, "other")])
    with pytest.raises(TypeError, match="live=True"):
        Stepper(loss, train=[])


def test_a_graph_of_tensors_is_refused_with_what_to_do() -> None:
    loss = (Tensor([1.0, 2.0], "x") ** 2).sum()
    for make in (lambda: draw(loss).live(), lambda: Stepper(loss, live=True)):
        with pytest.raises(TypeError, match=r"model\.to_scalars\(\)"):
            make()


def test_a_graph_of_several_outputs_and_a_lone_constant_are_refused() -> None:
    x = Value(2.0, "x")
    with pytest.raises(TypeError, match="of one output"):
        draw([x * 2, x * 3]).live()
    with pytest.raises(ValueError, match="no number to change"):
        draw(Value(2.0, requires_grad=False) * 3).live()


def test_the_picture_shows_the_numbers_of_now_and_has_room_for_others() -> None:
    loss = product()
    graph = LiveGraph(loss, digits=3, avoid="")
    text = "".join(graph.marks(kind, 0) + ";" for kind in ("value", "gradient", "local"))
    root = product()
    root.backward()
    (first,) = (
        x for x in autograd.topological_order(root) if x.name == graph.program.nodes[0].name
    )
    assert graph.still(text) == ";".join(
        [number(first.data, 3), number(first.grad, 3), number(1 - root.data**2, 3), ""]
    )
    still, live = Stepper(loss)._diagram, Stepper(loss, live=True)._diagram
    assert live.width > still.width
    assert re.findall(">([^<]+)<", live.svg) == re.findall(">([^<]+)<", still.svg)


def test_the_same_graph_is_the_same_block_and_another_one_has_another_key() -> None:
    assert draw(product()).live().html == draw(product()).live().html
    keys = {
        re.findall('data-drawing="([^"]*)"', draw(root).live().html)[0]
        for root in (product(), product() * 2.0)
    }
    assert len(keys) == 2


def test_a_stepper_that_is_not_live_carries_nothing_of_it() -> None:
    still = Stepper(product()).html
    for word in ("class Graph", "class Panel", "PROGRAM", "text.changed", "toExponential"):
        assert word not in still
        assert word in Stepper(product(), live=True).html
    assert "class Graph" not in draw(product())._repr_html_()


def test_it_begins_where_all_numbers_are_shown_unless_told_otherwise() -> None:
    assert data_of(Stepper(product(), live=True).html)["start"] == 6
    assert data_of(Stepper(product(), live=True, start=0).html)["start"] == 0
    assert data_of(Stepper(product()).html)["start"] == 0


def test_a_page_is_saved_where_one_is_asked_for(tmp_path: Path) -> None:
    live = draw(product()).live(tmp_path / "live.html")
    assert live.html in (tmp_path / "live.html").read_text(encoding="utf-8")
    assert live._repr_mimebundle_()["text/html"] == live.html
    with pytest.raises(ValueError, match=r"\.html"):
        live.save(tmp_path / "live.png")
    assert list(tmp_path.iterdir()) == [tmp_path / "live.html"]


POINTS = ((0.37, 0.29, 0.83, 0.4), (-0.61, 1.7, -0.2, 0.9), (-0.3, -2.5, 0.1, -0.7))


@pytest.mark.parametrize("name", RECORDED)
def test_the_formulas_of_a_row_are_the_same_whatever_the_numbers(name: str) -> None:
    row = autograd.registry[name]
    seen = []
    for point in POINTS:
        leaves = [Value(x, f"a{i}") for i, x in enumerate(point[: row.arity])]
        with np.errstate(all="ignore"):
            out = row(*leaves, **SAMPLES[name][0].options)
            if not out.requires_grad:
                return
            live = Stepper(out * 1.5, live=True)._live
        assert live is not None
        seen.append([(each.say, each.text, each.symbols, each.numbers) for each in live.moments])
    assert seen[0] == seen[1] == seen[2]


def test_at_a_singular_point_stands_the_formula_of_all_other_points() -> None:
    def says(x: float, y: float, live: bool) -> list[str]:
        loss = autograd.hypot(Value(x, "x"), Value(y, "y")) * 2.0
        stepper = Stepper(loss, live=live)
        return [each.say for each in (stepper._live or stepper._timeline).moments]

    assert says(0.0, 0.0, False) != says(3.0, 4.0, False)
    assert says(0.0, 0.0, True) == says(3.0, 4.0, True) == says(3.0, 4.0, False)
