"""The stepper's block as text: what it holds, what it never holds, and that it only reads the graph."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from counting import grows_with
from drawn import as_shown

import autograd
import nn
from autograd import Stepper, Tensor, Value


class Read(HTMLParser):
    """The elements of a block, the text of its table's rows, and its data, as a browser reads them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.rows: list[list[str]] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attributes
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")
        elif tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] == ["script"] and self.scripts:
            self.scripts[-1] += data
        elif self.tags[-1:] == ["td"]:
            self.rows[-1][-1] += data

    @property
    def data(self) -> Any:
        """What the script of the block reads."""
        return json.loads(self.scripts[0])

    @property
    def picture(self) -> ElementTree.Element:
        """The still picture."""
        (source,) = (value for name, value in self.attributes if name == "src")
        assert source is not None
        kind, _, content = source.partition(",")
        assert kind == "data:image/svg+xml;base64"
        return ElementTree.fromstring(base64.b64decode(content).decode())


def network() -> Value:
    """The 2-2-1 network that every course draws on the board, and its loss."""
    model = nn.MLP(2, [2, 1], activation="tanh", output_activation="sigmoid", rng=0).to_scalars()
    (prediction,) = model([Value(0.5, "x1"), Value(-1.0, "x2")])
    return (prediction - 1.0) ** 2


def long(steps: int) -> Value:
    """A graph of so many backward steps, a multiple of 5, with names like those of parameters."""
    w = [Value(0.01 * i + 0.5, f"layers.{i}.weight[{i}, {i}]") for i in range(steps // 5)]
    y = Value(0.5, "x")
    for each in w:
        y = (y * each + each).tanh()
    return y


def test_the_table_holds_every_sum_of_the_pass_and_ends_with_the_gradients_of_backward() -> None:
    loss = network()
    rows = [row for row in Read(Stepper(loss, digits=6).html).rows if row]
    steps = list(autograd.steps(loss))
    assert [row[0] for row in rows] == [str(k) for k in range(len(rows))]
    shown = [row[4] for row in rows if row[1] == "backward"]
    assert shown == [as_shown(step.after, 6) for step in steps]
    loss.backward()
    last = {step.parent: text for step, text in zip(steps, shown, strict=True)}
    assert all(text == as_shown(node.grad, 6) for node, text in last.items())


def test_the_still_picture_has_every_value_and_every_gradient() -> None:
    loss = network()
    texts = ["".join(t.itertext()) for t in Read(Stepper(loss).html).picture.iter() if t.text]
    loss.backward()
    for node in autograd.topological_order(loss):
        assert f"∂ {as_shown(node.grad, 3)}" in texts
        assert any(text.endswith(f" = {as_shown(node.data, 3)}") for text in texts)


def test_a_stepper_reads_the_graph_and_changes_nothing() -> None:
    loss = network()
    Stepper(loss).html  # noqa: B018
    assert all(node.grad is None for node in autograd.topological_order(loss))
    loss.backward()
    before = [(node.name, node.grad) for node in autograd.topological_order(loss)]
    Stepper(loss).html  # noqa: B018
    assert [(node.name, node.grad) for node in autograd.topological_order(loss)] == before


def test_the_same_graph_gives_the_same_bytes_and_the_page_holds_the_block(tmp_path: Path) -> None:
    loss = network()
    block = Stepper(loss).html
    assert Stepper(loss).html == block
    path = Stepper(loss).save(tmp_path / "step.html")
    page = path.read_text(encoding="utf-8")
    assert block in page
    assert len(page) < len(block) + 600
    bundle = Stepper(loss)._repr_mimebundle_()
    assert list(bundle) == ["text/html", "text/plain"]
    assert bundle["text/html"] == block


def test_nothing_is_asked_for_from_outside_and_no_id_is_set() -> None:
    block = Stepper(network()).html
    addresses = set(re.findall(r"https?://[^\s\"'<>]+", block))
    assert {address.split("/")[2] for address in addresses} == {"www.w3.org"}  # namespaces
    read = Read(block)
    names = {name for name, _ in read.attributes}
    assert not names & {"id", "href", "srcset", "onload", "onclick"}
    assert all("id" not in each.attrib for each in read.picture.iter())
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "fetch(",
        "eval(",
    ):
        assert word not in read.scripts[1]


@pytest.mark.parametrize(
    "name",
    [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "\"'&lt;\n\u2028\x00]]>",
        "😀 <img src=x>",
    ],
)
def test_a_name_is_text_and_cannot_leave_its_place(name: str) -> None:
    x, y = Value(2.0, name), Value(3.0, "y")
    z = x * y
    z.name = name
    plain_x, plain_y = Value(2.0, "x"), Value(3.0, "y")
    plain = plain_x * plain_y
    odd, ordinary = Read(Stepper(z).html), Read(Stepper(plain).html)
    assert odd.tags == ordinary.tags
    assert len(odd.scripts) == 2
    assert [e.tag for e in odd.picture.iter()] == [e.tag for e in ordinary.picture.iter()]


def test_300_steps_stay_below_a_megabyte_and_are_all_there() -> None:
    root = long(300)
    stepper = Stepper(root)
    assert len(list(autograd.steps(root))) == 300
    assert len(stepper.html.encode()) < 1_000_000
    phases = [moment["phase"] for moment in Read(stepper.html).data["moments"]]
    assert phases.count("backward") == 300


@pytest.mark.parametrize("most", [4, 10, 50, 304])
def test_above_max_steps_it_groups_and_says_so(most: int) -> None:
    read = Read(Stepper(long(305), max_steps=most).html)
    assert len(read.data["moments"]) <= most
    assert "305 steps are more than" in read.data["legend"]
    assert {moment["phase"] for moment in read.data["moments"]} >= {"forward", "seed", "backward"}


def test_groups_are_modules_where_there_are_modules() -> None:
    model = nn.MLP(8, [16, 16, 1], activation="tanh", rng=0).to_scalars()
    (prediction,) = model([0.1 * i for i in range(8)])
    loss = prediction**2
    read = Read(Stepper(loss).html)
    assert "by module" in read.data["legend"]
    headings = {each.text for each in read.picture.iter() if each.get("class") == "heading"}
    assert {"layer 1 (Linear)", "layer 1 (Tanh)", "layer 3 (Linear)"} <= headings
    loss.backward()
    bottom = np.sqrt(sum(p.grad**2 for p in model.parameters() if p.name.startswith("layers.0.")))
    texts = [each.text for each in read.picture.iter() if each.get("class") == "gradient"]
    assert f"∂ norm {as_shown(bottom, 3)}" in texts


def test_a_batch_is_grouped_by_module_with_all_its_calls() -> None:
    model = nn.MLP(2, [3, 1], activation="tanh", rng=0).to_scalars()
    losses = [(model([0.1 * i, 1.0])[0] - 0.05 * i) ** 2 for i in range(40)]
    loss = autograd.sum(np.array(losses))
    read = Read(Stepper(loss, start=-1).html)
    assert "all calls of a module together" in read.data["legend"]
    assert len(read.data["moments"]) < 20
    loss.backward()
    bottom = np.sqrt(sum(p.grad**2 for p in model.parameters() if p.name.startswith("layers.0.")))
    texts = [each.text for each in read.picture.iter() if each.get("class") == "gradient"]
    assert f"∂ norm {as_shown(bottom, 3)}" in texts
    # Every number has appeared at the end.
    shown = {(kind, i) for moment in read.data["moments"] for kind, i, _, _ in moment["sets"]}
    for i, card in enumerate(read.data["cards"]):
        assert ("value", i) in shown
        assert not card["gradient"] or ("gradient", i) in shown


def chain(nodes: int) -> Value:
    y = Value(0.5, "x")
    for _ in range(nodes):
        y = y + 1.0
    return y


def test_a_hundred_thousand_nodes_are_grouped_and_the_work_grows_as_they_do() -> None:
    assert len(Stepper(chain(100_000)).html) < 1_000_000

    def made(y: Value) -> str:
        return Stepper(y).html

    assert grows_with(made, chain(2_000), chain(8_000), 4)


def test_start_is_a_position_from_either_end_or_the_backward_pass() -> None:
    y = Value(2.0, "x") * Value(3.0, "y")
    for start, where in ((0, 0), (2, 2), (-1, 4), ("backward", 2)):
        assert Read(Stepper(y, start=start).html).data["start"] == where


def test_a_seed_is_where_the_backward_pass_begins() -> None:
    t = Tensor([1.0, 2.0], "t")
    y = t * 3.0
    rows = [row for row in Read(Stepper(y, seed=np.array([1.0, 10.0])).html).rows if row]
    assert rows[-1][4] == "[3, 30]"


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"start": 9}, ValueError, "start is a position from 0 to 4"),
        ({"start": 1.5}, TypeError, "start is a whole number"),
        ({"digits": 0}, ValueError, "digits is a whole number from 1 to 17"),
        ({"digits": "3"}, TypeError, "digits is a whole number"),
        ({"formula": "latex"}, ValueError, "formula is one of numbers, symbols, both"),
        ({"max_steps": 1}, ValueError, "max_steps is a whole number of at least 4"),
        ({"theme": "pink"}, ValueError, "theme is one of auto, light, dark"),
    ],
)
def test_an_option_it_cannot_have_is_an_error(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        Stepper(Value(2.0) * Value(3.0), **options)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Stepper(3.0), TypeError, "a Value or a Tensor, got float"),  # type: ignore[arg-type]
        (lambda: Stepper(Value(1.0, requires_grad=False)), ValueError, "nothing to step through"),
        (lambda: Stepper(Tensor([1.0, 2.0]) * 2.0), ValueError, "seed"),
        (
            lambda: Stepper(Value(1.0) * 2.0).save("step.gif"),
            ValueError,
            "cannot save a stepper as .step.gif",
        ),
    ],
)
def test_what_it_cannot_show_is_an_error(
    make: Callable[[], Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        make()


def test_data_that_was_assigned_since_is_an_error() -> None:
    x = Value(2.0, "x")
    y = x * x
    x.data = 5.0
    with pytest.raises(autograd.StaleGraphError):
        Stepper(y)


def test_a_matrix_in_one_line_has_one_comma_between_its_rows() -> None:
    t = Tensor([[1.0, 2.0], [3.0, 4.0]], "t")
    rows = Read(Stepper((t * t).sum()).html).rows
    assert [row[4] for row in rows if len(row) == 6][-1:] == ["[[2, 4], [6, 8]]"]
    assert not any(",," in cell for row in rows for cell in row)


def test_three_hundred_steps_with_long_names_and_many_crossings_stay_under_a_megabyte() -> None:
    t = Tensor(np.ones((2, 3)), "a_name_of_a_tensor_" * 10)
    total = t
    for i in range(149):
        total = total * t
        total.name = f"another_name_of_a_tensor_that_goes_on_and_on_{i}"
    stepper = Stepper(total.sum())
    assert "299 backward steps, 451 positions" in repr(stepper)
    assert len(stepper.html.encode()) < 1_000_000


def test_groups_of_a_graph_without_order_stay_under_a_megabyte() -> None:
    rng = np.random.default_rng(0)
    nodes = [Value(1.0) for _ in range(50)]
    for i in range(20_000):
        a, b = rng.integers(len(nodes), size=2)
        nodes.append(nodes[a] + nodes[b] if i % 2 else (nodes[a] * 0.5).tanh())
    assert len(Stepper(autograd.sum(nodes[-50:])).html.encode()) < 1_000_000


def test_a_constant_that_was_computed_stands_between_what_it_takes_and_what_takes_it() -> None:
    """Dropout's mask is drawn in the shape of its input: an arrow leads to it."""
    x = Tensor(np.ones((2, 3)), "x")
    block = Stepper(nn.Dropout(0.5, rng=0)(x.relu()).relu().sum())._repr_html_()
    assert "random(" in block
    assert not re.search("functools|&lt;function|Generator", block)
