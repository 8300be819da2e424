"""Folding: large graphs, and graphs of modules, drawn in few boxes that tell the truth."""

import itertools
import random
import re
import sys

import numpy as np
import pytest
from drawn import SVG, Picture, as_shown

import autograd
import nn
from autograd import Tensor, Value, draw
from autograd.views.drawing import picture as pictures


def chain(length=100_000):
    y = Value(1.0, "x")
    for _ in range(length):
        y = y.tanh()
    return y


def alternating(length=10_000):
    y, a = Value(1.0, "x"), Value(0.5, "a")
    for _ in range(length):
        y = y * a + 0.1
    return y


def wide_sum():
    return autograd.sum(autograd.values(np.arange(20_000.0), "x"))


def scalar_network():
    model = nn.MLP(784, [50, 10], rng=0).to_scalars()
    x = autograd.values(np.random.default_rng(0).random(784), "x")
    return autograd.sum(model(list(x)))


def batch_of_scalars():
    model = nn.MLP(2, [16, 16, 1], rng=0).to_scalars()
    return autograd.sum(autograd.square(model(np.random.default_rng(0).random((100, 2)))))


def unrolled_training():
    w, x = Tensor(np.ones(3), "w"), np.ones((5, 3))
    for _ in range(2000):
        w = w - 0.01 * (x.T @ (x @ w - 1.0))
    return (w * w).sum()


def many_steps_of_a_model():
    model, x = nn.MLP(4, [8, 3], rng=0), np.ones((5, 4))
    total = 0.0
    for _ in range(2000):
        total = total + nn.cross_entropy(model(x), np.zeros(5, int))
    return total


def random_graph(length=15_000):
    rng = random.Random(0)
    nodes = [Value(0.5, f"x{i}") for i in range(10)]
    for _ in range(length):
        a, b = rng.choice(nodes[-50:]), rng.choice(nodes[-2000:])
        nodes.append(rng.choice([a.tanh, lambda a=a, b=b: a * b, lambda a=a, b=b: a - b])())
    return autograd.sum(np.array(nodes[-50:], dtype=object))


def random_tree(leaves=10_000):
    rng = random.Random(1)
    trees = [Value(1.0) for _ in range(leaves)]
    while len(trees) > 1:
        i = rng.randrange(len(trees) - 1)
        a, b = trees.pop(i), trees.pop()
        trees.append(a * b if rng.random() < 0.5 else a + b)
    return trees[0]


def sum_of_instances():
    w, total = Value(2.0, "w"), 0.0
    for i in range(5_000):
        total = total + (w * float(i) - 1.0).tanh() ** 2
    return total


def many_outputs():
    return [Value(1.0) * 2.0 for _ in range(10_000)]


def everything_with_everything():
    nodes = [Value(float(i), f"x{i}") for i in range(250)]
    for _ in range(250):
        nodes.append(autograd.sum(np.array(nodes, dtype=object)))
    return nodes[-1]


def recurrent():
    cell, out = nn.Linear(3, 3, rng=0), nn.Linear(3, 3, rng=1)
    model = nn.Sequential(cell, nn.Tanh(), out)
    h = Tensor(np.ones(3), "h")
    for _ in range(200):
        h = model(h)
    return h.sum()


GRAPHS = [
    chain,
    alternating,
    wide_sum,
    scalar_network,
    batch_of_scalars,
    unrolled_training,
    many_steps_of_a_model,
    random_graph,
    random_tree,
    sum_of_instances,
    many_outputs,
    everything_with_everything,
    recurrent,
]


def truth(node, made):
    """Every arrow of a picture stands for edges of the graph, each edge for one arrow, in order."""
    nodes = autograd.topological_order(node, arguments=True)
    box = made.node_ids | made.folded
    assert set(box) == set(nodes)
    assert not set(made.node_ids) & set(made.folded)
    expected = set()
    for each in nodes:
        for x in each.arguments:
            if isinstance(x, autograd.Node) and box[x] != box[each]:
                expected.add((box[x], box[each]))
    arrows = {(arrow.tail, arrow.head) for arrow in made.arrows}
    assert {pair for pair in arrows if pair[0][0] != "c"} == expected
    # No way leads round in a circle.
    into = {}
    for tail, head in expected:
        into.setdefault(head, set()).add(tail)
    ready = [b for b in set(box.values()) if b not in into]
    done = set()
    while ready:
        tail = ready.pop()
        done.add(tail)
        for head, tails in into.items():
            tails.discard(tail)
            if not tails and head not in done and head not in ready:
                ready.append(head)
    assert done == set(box.values())
    # Each box says how many nodes are in it.
    for name in set(made.folded.values()):
        members = sum(other == name for other in made.folded.values())
        label = next(each for each in made.boxes if each.name == name).rows[0][0]
        if label.startswith("…"):
            assert label.startswith(f"… {members:,} more")
    # Each slot of a shown edge has its arrow.
    for each in made.node_ids:
        for slot, parent in enumerate(each.parents):
            if box[parent] != box[each]:
                assert made.edge_ids[each, slot] in {arrow.name for arrow in made.arrows}


@pytest.mark.parametrize("make", GRAPHS, ids=lambda make: make.__name__)
def test_a_large_graph_is_drawn_in_few_boxes_that_tell_the_truth(make):
    node = make()
    drawing = draw(node)
    read = Picture(drawing)
    assert 2 <= len(read.boxes) <= 300
    assert len(read.edges) <= 1000
    roots = node if isinstance(node, list) else [node]
    made = pictures.Picture(roots)
    truth(roots, made)
    total = len(made.node_ids) + len(made.folded)
    assert read.caption.startswith(f"Left out: {len(made.folded):,} of {total:,} nodes")


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 10, 50, 299])
def test_there_are_never_more_boxes_than_asked_for(limit):
    for make in (
        lambda: chain(300),
        lambda: random_tree(200),
        lambda: random_graph(400),
        recurrent,
    ):
        node = make()
        made = pictures.Picture([node], max_nodes=limit)
        truth([node], made)
        assert len(made.node_ids) + len(set(made.folded.values())) <= limit


@pytest.mark.parametrize("seed", range(30))
def test_random_graphs_in_random_modules_fold_to_the_truth_at_every_depth(seed):
    rng = random.Random(seed)
    nodes = [Value(0.5, f"x{i}") for i in range(4)]
    for _ in range(120):
        a, b = rng.choice(nodes[-20:]), rng.choice(nodes)
        path = rng.choice(["a", "b", "a.b", "a.c", ""])
        if path:
            with autograd.Scope(path.split(".")[0], "Outer"), autograd.Scope(path, "Inner"):
                nodes.append(a * b if rng.random() < 0.6 else a.tanh())
        else:
            nodes.append(a + b)
    out = autograd.sum(np.array(nodes[-5:], dtype=object))
    for options in ({"depth": 0}, {"depth": 1}, {"max_nodes": 20}, {"depth": 1, "max_nodes": 7}):
        truth([out], pictures.Picture([out], **options))


def lecture(wrap, backward=False):
    """The loss of four examples, as the micrograd lecture writes it."""
    model = nn.scalar.MLP(3, [4, 4, 1], rng=0)
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ys = [1.0, -1.0, -1.0, 1.0]
    loss = sum((model(list(map(wrap, x))) - y) ** 2 for x, y in zip(xs, ys, strict=True))
    if backward:
        loss.backward()
    return loss


def size_of(svg):
    return [int(re.search(rf'<svg[^>]*\b{side}="(\d+)"', svg)[1]) for side in ("width", "height")]


@pytest.mark.parametrize("wrap", [float, Value])
@pytest.mark.parametrize("backward", [False, True])
def test_the_loss_of_four_examples_fits_a_screen_folded_and_says_how_it_unfolds(wrap, backward):
    loss = lecture(wrap, backward)
    folded = draw(loss)
    width, height = size_of(folded.svg)
    assert width <= 1310
    assert height <= 950  # with its caption
    read = Picture(folded)
    assert any("3 numbers → 4 numbers, 4 times" in texts for texts in read.boxes.values())
    assert "depth=4" in read.caption
    assert 'unfold=("layers.0",)' in read.caption
    opened = pictures.Picture([loss], depth=4)
    assert not opened.folds
    assert len(opened.node_ids) == len(autograd.topological_order(loss, arguments=True))
    assert "layer 1, unit 1 (Neuron)" in draw(loss, depth=1, unfold=("layers.0",)).source


@pytest.mark.parametrize("wrap", [float, Value])
@pytest.mark.parametrize("sizes", [(3, [4, 4, 1]), (2, [3, 1]), (5, [2])])
def test_a_folded_network_says_what_goes_in_and_what_comes_out(wrap, sizes):
    nin, nouts = sizes
    out = nn.scalar.MLP(nin, nouts, rng=0)(list(map(wrap, range(nin))))
    read = Picture(draw(out, depth=1))
    flow = [texts[1] for texts in read.boxes.values() if "(Layer)" in texts[0]]
    counts = [f"{n} number{'s' * (n != 1)}" for n in [nin, *nouts]]
    assert flow == [f"{a} → {b}" for a, b in itertools.pairwise(counts)]


@pytest.mark.parametrize("sizes", [(3, [4, 4, 1]), (2, [2, 1]), (4, [3, 3, 2])])
@pytest.mark.parametrize("scalar", [False, True])
@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_inputs_neurons_and_weights_stand_in_their_order(sizes, scalar, rankdir):
    nin, nouts = sizes
    x = [Value(0.5 + i, f"x{i + 1}") for i in range(nin)]
    model = nn.scalar.MLP(nin, nouts, rng=0) if scalar else nn.MLP(nin, nouts, rng=0).to_scalars()
    out = model(x)
    drawing = draw(out if isinstance(out, Value) else list(out), rankdir=rankdir, depth=9)
    places = {}  # where the first text of each box stands, across
    for group in Picture(drawing).root.iter(f"{SVG}g"):
        if group.get("class").startswith("node"):
            text = group.find(f"{SVG}text")
            places[text.text] = float(text.get("y" if rankdir == "LR" else "x"))
    below, above = "₀₁₂₃₄", "⁰¹²³⁴"
    for layer, (before, width) in enumerate(itertools.pairwise([nin, *nouts]), 1):
        expected = []
        for i in range(width):
            rows = [f"{below[i + 1]}{below[j + 1]}" for j in range(before)]
            expected += [f"w⁽{above[layer]}⁾{row}" for row in rows]
            expected.append(f"b⁽{above[layer]}⁾{below[i + 1]}")
        assert expected == sorted(expected, key=places.__getitem__)
    inputs = [f"x{below[i + 1]}" for i in range(nin)]
    assert inputs == sorted(inputs, key=places.__getitem__)


def test_a_chain_shows_its_beginning_and_its_end_and_counts_what_is_between():
    read = Picture(draw(chain()))
    assert read.box("… 99,996 more tanh")
    assert read.box("x")
    assert len(read.boxes) == 6
    (first,) = (label for tail, _, label in read.edges if tail == read.box("x")[0])
    assert first == as_shown(1 - np.tanh(1.0) ** 2, 4)


def test_like_leaves_share_a_box_that_names_the_first_and_the_last():
    values = autograd.values(np.arange(515.0), "x")
    read = Picture(draw(autograd.sum(values)))
    box, texts = read.box("… 513 more leaves")
    assert texts[1] == "x₃ … x₅₁₅"
    assert [label for tail, _, label in read.edges if tail == box] == ["513 edges"]


def test_a_deep_chain_is_folded_without_recursion():
    node = chain(20_000)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        draw(node)
    finally:
        sys.setrecursionlimit(limit)


def network():
    model = nn.MLP(784, [50, 10], rng=0)
    out = model(np.ones((4, 784)))
    return model, nn.cross_entropy(out, np.array([1, 2, 3, 0]))


def test_depth_1_makes_one_box_of_each_module_with_its_shapes_and_parameter_count():
    model, loss = network()
    read = Picture(draw(loss, depth=1))
    assert read.box("layer 1 (Linear)")[1][1:] == ["(4, 784) → (4, 50)", "39,250 parameters"]
    assert read.box("layer 1 (ReLU)")[1][1:] == ["(4, 50) → (4, 50)", "0 parameters"]
    assert read.box("layer 2 (Linear)")[1][1:] == ["(4, 50) → (4, 10)", "510 parameters"]
    assert sum(p.size for p in model.parameters()) == 39_250 + 510
    assert list(read.frames.values()) == [["MLP"]]
    assert read.box("cross-entropy")


def test_depth_0_makes_one_box_of_the_whole_network():
    _, loss = network()
    read = Picture(draw(loss, depth=0))
    assert read.box("MLP")[1][1:] == ["(4, 784) → (4, 10)", "39,760 parameters"]
    assert not read.frames


def test_a_module_opens_by_its_path_while_the_others_stay_folded():
    _, loss = network()
    read = Picture(draw(loss, depth=1, unfold=("layers.2",)))
    assert read.box("layer 1 (Linear)")
    assert read.box("W⁽²⁾")
    assert sorted(read.frames.values()) == [["MLP"], ["layer 2 (Linear)"]]
    inside = Picture(draw(loss, depth=0, unfold=["layers.0"]))
    assert inside.box("W⁽¹⁾")
    assert inside.box("layer 2 (Linear)")


def test_a_module_alone_is_one_box_at_depth_1():
    layer = nn.Linear(3, 2, rng=0)
    read = Picture(draw(layer(np.ones(3)).sum(), depth=1))
    assert read.box("Linear")[1][1:] == ["(3,) → (2,)", "8 parameters"]


def test_the_deepest_modules_are_folded_first_and_only_as_many_as_need_be():
    inner = [nn.Sequential(nn.Linear(4, 4, rng=i), nn.Tanh()) for i in range(6)]
    model = nn.Sequential(*inner)
    out = model(np.ones((1, 4))).sum()
    whole = Picture(draw(out))
    assert len(whole.frames) == 1 + 6 + 12
    some = Picture(draw(out, max_nodes=20))
    assert len(some.frames) == 1 + 6
    few = Picture(draw(out, max_nodes=10))
    assert len(few.frames) == 1
    assert few.caption.startswith("Left out: ")


def test_a_graph_of_max_nodes_is_not_folded_and_one_node_more_is():
    for length, folded in ((299, False), (300, True)):
        made = pictures.Picture([chain(length)])
        assert bool(made.folded) is folded
        assert bool(made.caption) is folded


def test_two_modules_that_feed_each_other_in_turn_are_boxes_without_a_circle():
    a, b = nn.Linear(2, 2, rng=0), nn.Tanh()
    model = nn.Sequential(a, b)
    h = Tensor(np.ones(2), "h")
    for _ in range(3):
        h = model(h)
    made = pictures.Picture([h], depth=1)
    truth([h], made)
    assert len(set(made.folded.values())) <= 6


def test_a_folded_picture_is_the_same_text_each_time():
    assert draw(random_graph(2000)).source == draw(random_graph(2000)).source
    assert draw(scalar_network()).source == draw(scalar_network()).source


def test_few_nodes_with_more_edges_than_can_be_drawn_are_folded_too():
    nodes = [Value(float(i)) for i in range(100)]
    for _ in range(100):
        nodes.append(autograd.sum(np.array(nodes, dtype=object)))
    assert len(Picture(draw(nodes[-1])).edges) <= 300


def test_a_module_whose_parameters_stand_outside_its_boxes_counts_them_all_the_same():
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Tanh())
    h = model(model(np.ones(2)))
    boxes = Picture(draw(h, depth=1)).boxes.values()
    assert [texts[2] for texts in boxes if texts[0] == "layer 1 (Linear)"] == ["6 parameters"] * 2


def test_a_path_to_unfold_that_no_module_has_raises_and_the_paths_are_listed():
    _, loss = network()
    with pytest.raises(ValueError, match=r"unfold names 'layers.9'.*'layers.0', 'layers.1'"):
        draw(loss, depth=1, unfold=["layers.9"])
