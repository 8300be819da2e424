"""Drawings: what stands in the boxes and on the edges, and in which frames."""

import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from drawn import SVG, Picture, neuron, read

import autograd
import nn
from autograd import Scope, Tensor, Value, draw
from autograd.formulas.names import Names


def test_a_box_shows_operation_name_data_and_gradient():
    out = neuron()
    out.backward()
    picture = Picture(draw(out))
    assert picture.box("x")[1] == ["x", "data 2", "grad −2.359"]
    assert picture.box("×")[1] == ["×", "x × w", "data −6", "grad 0.7864"]
    assert picture.box("tanh")[1] == ["tanh", "out", "data 0.4621", "grad 1"]
    assert len(picture.boxes) == 6


def test_an_edge_shows_the_local_derivative():
    picture = Picture(draw(neuron()))
    assert picture.edge("x", "×") == ["−3"]
    assert picture.edge("w", "×") == ["2"]
    assert picture.edge("+", "tanh") == ["0.7864"]
    assert len(picture.edges) == 5


def test_a_node_used_twice_has_an_edge_for_each_use():
    x, y = Value(3.0, "x"), Value(0.5, "y")
    assert Picture(draw(x * x)).edge("x", "×") == ["3", "3"]
    picture = Picture(draw((x * y).tanh() * x * 2.0 - x))
    (product, *_), (out, *_) = picture.box("×", "x × y"), picture.box("−")
    into = {
        (tail, head): label for tail, head, label in picture.edges if tail == picture.box("x")[0]
    }
    assert into[picture.box("x")[0], product] == "0.5"
    assert into[picture.box("x")[0], out] == "−1"
    assert len(into) == 3


def test_a_gradient_that_no_pass_has_reached_is_said_not_to_be_computed_and_is_never_a_number():
    out = neuron()
    boxes = Picture(draw(out)).boxes.values()
    assert [texts[-1] for texts in boxes] == ["grad not computed"] * 6
    out.backward()
    out.grad = None
    source = draw(out).source
    assert source.count("grad not computed") == 1
    assert len(re.findall(r"grad −?\d", source)) == 5


def test_an_interior_tensor_that_let_its_gradient_go_says_so():
    t = Tensor([1.0, 2.0], "t")
    u = t * 3.0
    kept = u * 2.0
    kept.retain_grad()
    loss = kept.sum()
    before = Picture(draw(loss))
    assert before.box("×", "t × 3")[1][-1] == "grad not computed"
    loss.backward()
    after = Picture(draw(loss))
    assert after.box("×", "t × 3")[1][-1] == "grad not kept"
    assert after.box("×", "t × 3 × 2")[1][-1] == "grad [1, 1]"
    assert after.box("t")[1][-1] == "grad [6, 6]"


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
    assert "grad 6" not in before.svg
    assert "grad 6" in draw(y).svg


def test_constants_are_small_boxes_and_carry_no_derivative():
    x = Value(2.0, "x")
    c = Value(5.0, "c", requires_grad=False)
    picture = Picture(draw(x**3 * c))
    assert picture.edge("3", "^") == [""]
    assert picture.edge("x", "^") == ["12"]
    assert picture.edge("c", "×") == [""]
    assert picture.box("c")[1] == ["c", "data 5"]  # and no gradient: it can have none


def test_many_constants_of_one_node_share_a_box_that_counts_them():
    terms = np.array([Value(1.0, "x"), *np.arange(20.0)], dtype=object)
    picture = Picture(draw(autograd.sum(terms)))
    assert picture.edge("20 constants", "Σ") == [""]
    assert len(picture.boxes) == 3


def test_a_tensor_shows_its_name_and_shape_and_numbers_of_three_at_most():
    model = nn.MLP(4, [3, 2], rng=0)
    loss = nn.cross_entropy(model(np.ones((5, 4))), np.zeros(5, int))
    loss.backward()
    read = Picture(draw(loss))
    names = ("W⁽¹⁾", "b⁽¹⁾", "W⁽²⁾", "b⁽²⁾")
    for name, parameter in zip(names, model.parameters(), strict=True):
        _, shape, *more = read.box(name)[1]
        assert shape == str(parameter.shape)
        assert bool(more) == (parameter.size <= 3)
    product = next(texts for texts in read.boxes.values() if texts[0] == "Wx + b")
    assert product == ["Wx + b", "(5, 3)"]
    assert ["(5, 4)"] in read.boxes.values()  # the data
    output = next(texts for box, texts in read.boxes.items() if read.kinds[box] == "output")
    assert output[-2:] == [f"data {loss.item():.4g}", "grad not kept"]


def test_details_tell_the_dtype_the_data_and_the_gradient_each_when_asked_for():
    w = Tensor(np.arange(8, dtype=np.float32).reshape(4, 2), "w")
    loss = (w * w).sum()
    loss.backward()
    told = {
        "dtype": ["(4, 2) float32"],
        "data": ["(4, 2)", "data min 0, mean 3.5, max 7"],
        "grad": ["(4, 2)", "grad norm 23.66", "min 0, mean 7, max 14"],
    }
    for word, lines in told.items():
        assert Picture(draw(loss, details=[word])).box("w")[1][1:] == lines
    everything = Picture(draw(loss, details=True))
    assert everything.box("w")[1][1:] == [
        *told["dtype"],
        *told["data"][1:],
        *told["grad"][1:],
    ]
    assert draw(loss, details=True).source == draw(loss, details=("dtype", "data", "grad")).source
    assert draw(loss, details=False).source == draw(loss, details=[]).source == draw(loss).source


@pytest.mark.parametrize(
    ("details", "error"), [("data", TypeError), (3, TypeError), (["size"], ValueError)]
)
def test_details_that_there_are_not_are_named(details, error):
    with pytest.raises(error, match=r"details (is|are) .*(data|3|size)"):
        draw(Tensor([1.0]), details=details)


def test_tensors_show_numbers_when_few_and_a_summary_when_many():
    small = Tensor([[1.0, -2.0], [0.5, 1 / 3]], "small")
    big = Tensor(np.arange(8, dtype=np.float32).reshape(4, 2) - 2.5, "big")
    picture = Picture(draw(big @ small, details=True))
    matrix = ["data", "[[1, −2],", "[0.5, 0.3333]]"]
    assert picture.box("small")[1][:-1] == ["small", "(2, 2) float64", *matrix]
    sums = big.data.min(), big.data.mean(), big.data.max()
    assert picture.box("big")[1][1:3] == [
        "(4, 2) float32",
        "data min {:.3g}, mean {:.3g}, max {:.3g}".format(*sums).replace("-", "−"),
    ]
    assert Picture(draw(Tensor([1.0, 2.0], "v"))).box("v")[1][2] == "data [1, 2]"
    assert Picture(draw(Tensor(7.0, "s"))).box("s")[1][1:3] == ["()", "data 7"]
    empty = Picture(draw(Tensor(np.ones((0, 3)), "none"), details=True)).box("none")[1]
    assert empty[1:3] == ["(0, 3) float64", "data empty"]


def test_an_edge_between_tensors_shows_the_kind_and_shape_of_the_jacobian():
    w, b = Tensor(np.ones((2, 3)), "w"), Tensor(np.ones(2), "b")
    h = autograd.linear(np.ones((4, 3)), w, b).tanh()
    picture = Picture(draw(h.sum(axis=0)))
    assert picture.edge("w", "Wx + b") == ["multilinear 8×6"]
    assert picture.edge("(4, 3)", "Wx + b") == [""]
    assert picture.edge("tanh", "Σ axis=0") == ["row 2×8"]
    assert picture.edge("Wx + b", "tanh") == ["diagonal 8×8"]


def test_an_array_used_twice_is_one_box():
    x, w = np.ones(5), Tensor(np.ones(5), "w")
    picture = Picture(draw((w * x + x).sum()))
    array, _ = next(item for item in picture.boxes.items() if item[1][0] == "(5,)")
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
    assert picture.box("÷")[1] == ["÷", "1 ÷ x", "data inf", "grad not computed"]
    assert picture.edge("x", "÷") == ["−inf"]


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
    "🐍 x",
    "$x$ & `y`",
    "a\u0301",
    "</text><script>alert(1)</script>",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_it_is_whatever_it_holds(name):
    x = Value(2.0, name)
    y = x * x
    y.name = name
    for rankdir in ("LR", "TB"):
        picture = Picture(draw(y, rankdir=rankdir))
        assert picture.box(name)[1] == [name, "data 2", "grad not computed"]
        assert picture.box("×")[1] == ["×", name, "data 4", "grad not computed"]


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
    assert Picture(draw(Value(2.0, name))).box(shown)[1] == [shown, "data 2", "grad not computed"]


def test_an_empty_name_is_no_name():
    assert Picture(draw(Value(2.0, ""))).boxes == {"n0": ["data 2", "grad not computed"]}


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
    assert sorted(picture.frames.values()) == [["Net"], ["layer 1, encoder (Linear)"]]
    inner = re.search(r"subgraph cluster_1 \{(.*?)\n\t\t\}", source, re.DOTALL).group(1)
    assert "W⁽¹⁾" in inner
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
    assert len(Picture(draw((x.exp(), x.log(), x))).boxes) == 3
    assert len(Picture(draw(autograd.values(np.ones(4), name="w"))).boxes) == 4


def test_a_chain_of_100000_nodes_can_be_written_whole_without_recursion():
    y = Value(1.0, "x")
    for _ in range(100_000):
        y = y.tanh()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        whole = draw(y, max_nodes=None)
    finally:
        sys.setrecursionlimit(limit)
    assert whole.source.count("data") == 100_001


def test_a_graph_with_many_long_edges_is_laid_out_with_straight_ones():
    x = Value(1.0, "x")
    y = x
    for _ in range(250):
        y = y + x * 0.5
    whole = draw(y, max_nodes=None)
    assert 'splines="line"' in whole.source
    assert "splines" not in draw(neuron()).source
    assert len(Picture(whole).boxes) > 500


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


@pytest.mark.parametrize(
    "options",
    [{"theme": "sepia"}, {"depth": -1}, {"depth": 1.5}, {"max_nodes": True}, {"digits": True}],
)
def test_an_option_of_the_picture_with_an_impossible_value_raises_and_is_named(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        draw(Value(1.0), **options)


def test_paths_to_unfold_are_a_list():
    with pytest.raises(TypeError, match="unfold is a list of modules' paths"):
        draw(Value(1.0), unfold="layers.0")


def test_data_gradients_and_local_derivatives_can_each_be_left_out():
    out = neuron()
    out.backward()
    assert Picture(draw(out, values=False)).box("x")[1] == ["x", "grad −2.359"]
    assert Picture(draw(out, gradients=False)).box("x")[1] == ["x", "data 2"]
    assert Picture(draw(out, values=False, gradients=False)).box("x")[1] == ["x"]
    bare = Picture(draw(out, local_derivatives=False))
    assert [label for *_, label in bare.edges] == [""] * 5
    assert len(bare.boxes) == 6


def test_every_edge_of_a_scalar_network_carries_the_derivative_that_differences_give():
    model = nn.MLP(2, [2, 1], activation="tanh", rng=0).to_scalars()
    x = [Value(0.5, "x1"), Value(-1.0, "x2")]
    (y,) = model(x)
    y.backward()
    picture = Picture(draw(y, digits=12))
    hidden = [box for box, texts in picture.boxes.items() if texts[0] == "tanh"]
    last = next(box for box, kind in picture.kinds.items() if kind == "output")
    into = {tail: read(label) for tail, head, label in picture.edges if head == last}
    weights = model.layers[2].weight[0]
    assert sorted(into[box] for box in hidden) == pytest.approx(sorted(w.data for w in weights))
    gradients = {
        texts[0]: read(texts[-1].removeprefix("grad "))
        for texts in picture.boxes.values()
        if texts[0][0] in "xwb"
    }
    names = Names([*x, *model.parameters()]).labels
    for leaf in names:
        before, step = leaf.data, 1e-6
        leaf.data = before + step
        high = model(x)[0].data
        leaf.data = before - step
        low = model(x)[0].data
        leaf.data = before
        assert gradients[names[leaf]] == pytest.approx((high - low) / (2 * step), abs=1e-7)
    assert len(gradients) == 11


def test_parameters_have_the_name_of_their_path_and_stand_in_their_modules_frame():
    model = nn.MLP(2, [2, 1], activation="tanh", rng=0).to_scalars()
    (y,) = model([Value(0.5, "x1"), Value(-1.0, "x2")])
    picture = Picture(draw(y))
    assert sorted(texts[0] for texts in picture.frames.values()) == [
        "MLP",
        "layer 1 (Linear)",
        "layer 1 (Tanh)",
        "layer 2 (Linear)",
    ]
    for label in Names(model.parameters()).labels.values():
        assert picture.kinds[picture.box(label)[0]] == "parameter"
    assert {picture.kinds[picture.box(name)[0]] for name in ("x₁", "x₂")} == {"leaf"}


def test_kinds_of_boxes_differ_in_their_lines_and_not_in_colour_alone():
    model = nn.Sequential(nn.Linear(2, 2, rng=0))
    x, c = Tensor(np.ones(2), "x"), Tensor(np.ones(2), "c", requires_grad=False)
    picture = Picture(draw((model(x) * c).sum()))
    lines = {}
    for group in picture.root.iter("{http://www.w3.org/2000/svg}g"):
        kind, *more = group.get("class").split()
        if kind == "node":
            outline = next(part for part in group if part.tag.endswith(("path", "polygon")))
            style = outline.get("stroke-width"), outline.get("stroke-dasharray")
            lines.setdefault(more[0], set()).add((outline.tag[-4:], *style))
    assert set(lines) == {"leaf", "parameter", "operation", "output", "constant"}
    assert all(len(styles) == 1 for styles in lines.values())
    assert len({next(iter(styles)) for styles in lines.values()}) == 5


def test_a_formula_is_what_the_node_computes():
    a, b = Value(1.5, "a"), Value(-0.25, "b")
    nodes = [a - (b - a), (a - b) - a, (a + b) * a, a / (b * a), (-a) * b, a * -2.0, (a + b) ** 2.0]
    nodes += [(a**2.0) ** 2.0, (a * b).tanh(), a - (-b), 2.0 / a / b]
    for node in nodes:
        cells = Picture(draw(node)).boxes
        text = next(
            texts[1] for box, texts in cells.items() if Picture(draw(node)).kinds[box] == "output"
        )
        python = text.replace("×", "*").replace("−", "-").replace("÷", "/").replace("^", "**")
        value = eval(python, {"a": a.data, "b": b.data, "tanh": np.tanh})
        assert value == pytest.approx(node.data), text


def test_many_edges_between_two_boxes_are_one_arrow_that_counts_them():
    x = Value(1.0, "x")
    picture = Picture(draw(autograd.sum(np.array([x] * 1000, dtype=object))))
    assert picture.edge("x", "Σ") == ["1,000 edges"]


def test_drawing_writes_nothing_into_the_graph():
    out = neuron()
    nodes = autograd.topological_order(out)
    before = [(node.name, node.grad, node.data) for node in nodes]
    draw(out).svg  # noqa: B018  (rendering is the point)
    assert [(node.name, node.grad, node.data) for node in nodes] == before


def ends_of(path):
    """Where an arrow's line begins and ends, across."""
    numbers = [float(x) for x in re.findall(r"-?[\d.]+", path)]
    return numbers[0], numbers[-2]


@pytest.mark.parametrize("rankdir", ["LR", "RL", "TB", "BT"])
def test_arrows_into_a_module_lead_in_one_line_from_an_input_to_what_uses_it(rankdir):
    model = nn.MLP(2, [2, 1], rng=0).to_scalars()
    x = [Value(0.5, "x1"), Value(-1.0, "x2")]
    (y,) = model(x)
    drawing = draw(y, rankdir=rankdir)
    picture = Picture(drawing)
    for node in x:
        box, _ = picture.box(Names(x).labels[node])
        assert len([head for tail, head, _ in picture.edges if tail == box]) == 2
    # As many boxes and arrows as the graph has nodes and parents: what guides a line is no box.
    nodes = autograd.topological_order(y)
    assert len(picture.boxes) == len(nodes)
    assert len(picture.edges) == sum(len(node.parents) for node in nodes)
    assert "door" not in drawing.svg
    if rankdir == "LR":
        frame = next(g for g in picture.root.iter(f"{SVG}g") if g.get("class") == "cluster")
        left = ends_of(frame.find(f"{SVG}path").get("d"))[0]
        for group in picture.root.iter(f"{SVG}g"):
            title = group.findtext(f"{SVG}title")
            if group.get("class") == "edge" and title.startswith(picture.box("x₁")[0] + "->"):
                begin, end = ends_of(group.find(f"{SVG}path").get("d"))
                assert begin < left < end


def test_an_emoji_of_several_characters_is_one_in_the_picture():
    assert Picture(draw(Value(1.0, "👩\u200d🔬"))).box("👩\u200d🔬")


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_what_stands_above_a_frame_is_drawn_after_the_arrows_with_a_halo(kind):
    model = nn.MLP(2, [3, 2], rng=0)
    model = model.to_scalars() if kind is Value else model
    x = [Value(1.0), Value(2.0)] if kind is Value else Tensor([[1.0, 2.0]])
    svg = draw(model(x), depth=2).svg
    classes = [g.get("class") for g in ElementTree.fromstring(svg).iter(f"{SVG}g")]
    assert classes.count("heading") == classes.count("cluster") > 0
    assert classes.index("heading") > max(k for k, c in enumerate(classes) if "edge" in c)
    assert re.search(r"\.heading text \{ paint-order: stroke", svg)
    assert not re.search(r'class="cluster">[^g]*<text', svg)


def test_no_view_tells_of_an_option_that_the_library_itself_gave():
    z = autograd.values(np.array([1.0, 2.0, 3.0]), name="z")
    x = Tensor([1.0, -2.0], "x")
    library = [
        list(autograd.softmax(z)),
        nn.cross_entropy(z, 1),
        nn.PReLU()(x),
        nn.relu(x, at_zero=1.0),
        nn.relu(x, at_zero=0.5),
        nn.BatchNorm1d(2)(Tensor([[1.0, 2.0], [3.0, 5.0]], "s")),
    ]
    for node in library:
        assert not re.search(r"ties|axis|eps", draw(node).source)
    softmax = library[0][0]
    steps = [step.text() for step in [*autograd.forward_steps(softmax), *autograd.steps(softmax)]]
    assert not any("ties" in each for each in steps)
    assert "ties" not in autograd.Stepper(softmax).html
    assert "ties" not in str(autograd.derivation(nn.PReLU()(x).sum()))
    # What the user chose is told.
    assert "max ties='first'" in draw(autograd.max(x, ties="first")).source
    assert "ties=first" in next(iter(autograd.forward_steps(autograd.max(x, ties="first")))).text()
