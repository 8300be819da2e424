"""The layered layout: nothing overlaps, edges run forward, and the same graph is placed the same."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings, strategies as st

from autograd.formulas.mathml import mathml
from autograd.views.canvas.layout import BoxSize, Layout, Link, lay_out, text_width
from autograd.views.canvas.stacking import fitted


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[BoxSize], list[Link]]:
    """Boxes of all sizes; each that is no leaf takes some that stand before it."""
    count = draw(st.integers(1, 25))
    boxes, links = [], []
    for i in range(count):
        arguments = draw(st.lists(st.integers(0, i - 1), max_size=4)) if i else []
        size = draw(st.tuples(st.integers(40, 160), st.integers(25, 120)))
        boxes.append(BoxSize(float(size[0]), float(size[1]), leaf=not arguments))
        links += [Link(j, i, draw(st.sampled_from([0.0, 15.0, 60.0]))) for j in arguments]
    return boxes, links


def check(layout: Layout, boxes: list[BoxSize], links: list[Link]) -> None:
    """No two boxes overlap, everything is inside, and edges end at the side of their head."""
    sides = []
    for (x, y), box in zip(layout.centres, boxes, strict=True):
        left, right = x - box.width / 2, x + box.width / 2
        top, bottom = y - box.height / 2, y + box.height / 2
        assert 0 <= left < right <= layout.width
        assert 0 <= top < bottom <= layout.height
        for other in sides:
            apart = left >= other[1] or right <= other[0] or top >= other[3] or bottom <= other[2]
            assert apart
        sides.append((left, right, top, bottom))
    for link, edge in zip(links, layout.edges, strict=True):
        left, right, top, bottom = sides[link.head]
        x, y = edge.end
        if edge.down:
            assert abs(y - top) < 0.1
            assert left < x < right
        else:
            assert abs(x - left) < 0.1
            assert top < y < bottom
        start = [float(n) for n in re.findall(r"-?[\d.]+", edge.path)[:2]]
        tail = sides[link.tail]
        assert tail[0] - 0.1 <= start[0] <= tail[1] + 0.1
        assert tail[2] - 0.1 <= start[1] <= tail[3] + 0.1


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_no_box_overlaps_another_and_edges_end_where_they_should(
    graph: tuple[list[BoxSize], list[Link]],
) -> None:
    check(lay_out(*graph), *graph)
    check(fitted(*graph), *graph)
    assert fitted(*graph) == fitted(*graph)


def test_a_chain_is_folded_to_fit_a_screen_and_a_fork_is_not() -> None:
    chain = [BoxSize(100.0, 60.0, True)] + [BoxSize(100.0, 60.0)] * 12
    links = [Link(i, i + 1, 30.0) for i in range(12)]
    assert fitted(chain, links).width < lay_out(chain, links).width
    assert any(edge.down for edge in fitted(chain, links).edges)
    fork = [Link(0, 1, 30.0), Link(0, 2, 30.0)]
    assert not any(edge.down for edge in fitted(chain[:3], fork).edges)


def test_text_is_never_wider_than_it_is_taken_to_be() -> None:
    # Widths of Helvetica, per thousand of the size, from its font metrics (Adobe's AFM files).
    digits, minus, equals = 556, 333, 584
    assert text_width("0.123", 1000.0) >= 4 * digits + 278
    assert text_width("-0.123 = 7", 1000.0) >= 5 * digits + 278 + minus + equals + 2 * 278


def test_latex_becomes_mathml_and_what_is_unknown_is_shown_by_its_name() -> None:
    assert mathml(r"\frac{a}{b}") == ["mfrac", ["mi", "a"], ["mi", "b"]]
    assert mathml(r"w^{(0)}_{3,1}")[0] == "msubsup"
    assert mathml(r"\tanh\left(x\right)") == [
        "mrow",
        ["mi.upright", "tanh"],
        ["mrow", ["mo", "("], ["mi", "x"], ["mo", ")"]],
    ]
    assert mathml(r"\text{a <b> {c}}") == ["mtext", "a <b> {c}"]
    assert mathml(r"\sqrt[3]{x}") == ["mroot", ["mi", "x"], ["mn", "3"]]
    assert mathml("") == ["mrow"]


@pytest.mark.parametrize("uses", [2, 3])
def test_labels_of_edges_between_the_same_two_boxes_lie_apart(uses: int) -> None:
    boxes = [BoxSize(66, 50, True), BoxSize(72, 70)]
    layout = lay_out(boxes, [Link(0, 1, 17.0)] * uses)
    labels = sorted(edge.label for edge in layout.edges)
    ends = sorted(edge.end[1] for edge in layout.edges)
    assert len({y for _, y in labels}) == len(set(ends)) == uses
    for (x, y), (other_x, other_y) in itertools.combinations(labels, 2):
        assert abs(y - other_y) >= 22.0 or abs(x - other_x) >= 17.0
    for (cx, _), box in zip(layout.centres, boxes, strict=True):
        assert all(abs(x - cx) >= (box.width + 17.0) / 2 for x, _ in labels)
