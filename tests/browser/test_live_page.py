"""Living graphs in a real browser: what is changed by hand, what follows, and that it is Python's."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn import as_shown

import autograd
import nn
from autograd import Stepper, Value, draw
from autograd.formulas.plain import number
from autograd.programs.languages.live import LiveProgram
from autograd.views.canvas.assets import asset
from autograd.views.stepping.timeline import Timeline

Open = Callable[..., Any]
Graph = Callable[[Mapping[str, float]], Value]

# --- graphs, made of leaves by name -----------------------------------------------------------------


def leaves_at(at: Mapping[str, float], **first: float) -> list[Value]:
    return [Value(at.get(name, x), name) for name, x in first.items()]


def neuron(at: Mapping[str, float]) -> Value:
    x1, x2, w1, w2, b = leaves_at(at, x1=2.0, x2=0.0, w1=-3.0, w2=1.0, b=6.88)
    return autograd.tanh(w1 * x1 + w2 * x2 + b)


def parabola(at: Mapping[str, float]) -> Value:
    """Arithmetic alone: the same bits in every language."""
    x, y, w, b = leaves_at(at, x=1.5, y=2.0, w=-0.5, b=0.25)
    return (w * x + b - y) ** 2 + 0.125 * w * w


def classifier(at: Mapping[str, float]) -> Value:
    """Two layers, and the loss of a softmax."""
    model = nn.scalar.MLP(2, [3, 2], activation="tanh", rng=0)
    for parameter in model.parameters():
        parameter.data = at.get(parameter.name, parameter.data)
    scores = model(leaves_at(at, x1=0.5, x2=-1.0))
    return autograd.logsumexp(scores) - scores[0]


def many_signs(at: Mapping[str, float]) -> Value:
    """Operations whose formulas need brackets and signs of all kinds."""
    a, b, c, d, e = leaves_at(at, a=0.3, b=-1.2, c=2.0, d=-0.7, e=1.5)
    u = a * b - c * d
    v = (u + a) ** 2 / (c - d)
    w = -(a * e) + (-b) * c - (-d) + 3 * e
    z = autograd.exp(-w / 10) * v + autograd.log(c * c + 1) - a / b
    r = autograd.maximum(z, w) + (u * u * 0.5) - autograd.relu(b + e)
    return r + autograd.sigmoid(r / 5) * e - 2.5 * a**3


def chain(n: int) -> Graph:
    def graph(at: Mapping[str, float]) -> Value:
        (value,) = leaves_at(at, x=0.7)
        for i in range(n // 4):
            (w,) = leaves_at(at, **{f"w{i}": 1.0 + 0.01 * (i % 7)})
            value = autograd.tanh(w * value + w)
        return value

    return graph


def named_leaves(root: Value) -> list[Value]:
    return [x for x in autograd.topological_order(root, arguments=True) if x.is_leaf and x.name]


# --- the page ---------------------------------------------------------------------------------------

HOST = "document.querySelector('[data-stepper], [data-drawing]').shadowRoot"

PUT = f"""(numbers) => {{
  const root = {HOST}, list = root.querySelector('.which'), field = root.querySelector('.field');
  numbers.forEach((x, k) => {{
    list.value = String(k);
    list.dispatchEvent(new Event('change'));
    field.value = x;
    field.dispatchEvent(new Event('input'));
    field.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'Enter', bubbles: true }}));
  }});
}}"""

SHOWN = f"""async () => {{
  for (let k = 0; k < 3; k += 1) await new Promise((next) => requestAnimationFrame(next));
  const texts = (group) => [...group.querySelectorAll('text')].map((each) => each.textContent);
  return [...{HOST}.querySelectorAll('.card, .node')].map(texts);
}}"""

WALKED = f"""async () => {{
  for (let k = 0; k < 3; k += 1) await new Promise((next) => requestAnimationFrame(next));
  const root = {HOST}, click = (name) => root.querySelector(`button.${{name}}`).click();
  const texts = (where, what) => [...where.querySelectorAll(what)].map((each) => each.textContent);
  click('list');
  const cells = (row) => [...row.cells].map((cell) => cell.textContent);
  const table = [...root.querySelectorAll('tbody tr')].map(cells);
  click('list');
  click('first');
  const moments = table.map((_, k) => {{
    if (k) click('next');
    return {{
      formulas: texts(root, '.formula math'),
      value: [...root.querySelectorAll('.card')].map((card) => texts(card, 'text.value')),
      gradient: [...root.querySelectorAll('.card')].map((card) => texts(card, 'text.gradient')),
      local: texts(root, 'text.local'),
    }};
  }});
  return {{ moments, table }};
}}"""


def page_of(kind: str, root: Value, path: Path, **options: Any) -> Path:
    if kind == "stepper":
        return Stepper(root, live=True, **options).save(path)
    train = options.pop("train", None)
    draw(root, **options).live(path, train=train)
    return path


def put(page: Any, numbers: Mapping[str, float], root: Value) -> None:
    """Type the numbers of leaves."""
    page.evaluate(PUT, [repr(numbers[leaf.name]) for leaf in named_leaves(root)])


def expected(root: Value, kind: str, digits: int) -> list[list[str]]:
    """What the boxes say of the graph after a pass: numbers alone."""
    root.backward()
    boxes = []
    for node in autograd.topological_order(root, arguments=True):
        grads = [] if node.grad is None else [as_shown(node.grad, digits)]
        boxes.append([as_shown(node.data, digits), *grads])
    return boxes


def numbers_in(page: Any) -> list[list[str]]:
    """The numbers in the boxes of the page."""
    found = []
    for texts in page.evaluate(SHOWN):
        lines = [x for x in texts if " = " in x or x.startswith(("∂ ", "data ", "grad "))]
        found.append([x.rpartition("= ")[2].removeprefix("∂ ")[-40:].split(" ")[-1] for x in lines])
    return found


def check(page: Any, graph: Graph, at: Mapping[str, float], kind: str, digits: int = 4) -> None:
    """The page shows what Python computes of the same numbers."""
    boxes = [box for box in numbers_in(page) if box]
    wanted = expected(graph(at), kind, digits)
    assert sorted(boxes) == sorted(wanted)
    if kind == "stepper":
        assert boxes == wanted


KINDS = pytest.mark.parametrize("kind", ["stepper", "drawing"])


# --- numbers ----------------------------------------------------------------------------------------


def test_numbers_are_written_as_python_writes_them(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "empty.html"
    path.write_text('<!doctype html><link rel="icon" href="data:,">', encoding="utf-8")
    rng = np.random.default_rng(0)
    numbers = [
        0.0,
        -0.0,
        np.inf,
        -np.inf,
        np.nan,
        5e-324,
        1.7976931348623157e308,
        2.2250738585072014e-308,
    ]
    numbers += [
        0.5,
        1.5,
        2.5,
        0.125,
        0.375,
        2.675,
        1e16,
        12345.5,
        1234.5,
        99999.5,
        9.9995,
        1e-5,
        9.9995e-5,
    ]
    numbers += [k / 2**j for k in range(-40, 41) for j in range(9)]  # ties at many digits
    numbers += [float(k * 10**j) for k in (1, 5, 15, 25, 35, 999, 9995) for j in range(20)]
    numbers += list(rng.normal(size=2000)) + list(
        rng.normal(size=2000) * 10.0 ** rng.integers(-320, 300, 2000)
    )
    numbers += list(np.round(rng.normal(size=500) * 100, 2))
    numbers += [float(x) for x in rng.integers(0, 2**63, 2000).view(np.float64)]
    cases = [(x, digits) for x in map(float, numbers) for digits in (1, 2, 3, 4, 6, 17)]
    page = open_page(path)
    written = page.evaluate(
        f"(cases) => {{ {asset('live.js')}; return cases.map(([x, d]) => significant(Number(x), d)); }}",
        [(repr(x).replace("inf", "Infinity").replace("nan", "NaN"), digits) for x, digits in cases],
    )
    wrong = [
        (x, d, text) for (x, d), text in zip(cases, written, strict=True) if text != number(x, d)
    ]
    assert wrong == []


# --- all that follows -------------------------------------------------------------------------------


class Anywhere(Timeline):
    """A timeline of numbers, whose formulas are true of all others."""

    anywhere = True


def flat(tree: Any) -> str:
    return tree if isinstance(tree, str) else "".join(map(flat, tree[1:]))


def drawn_at_random(rng: random.Random) -> float:
    size = rng.choice([1.0, 1.0, 1e-6, 1e5])
    return rng.choice(
        [rng.gauss(0, 1) * size, float(rng.randint(-3, 3)), round(rng.gauss(0, 2), 1)]
    )


@pytest.mark.parametrize(
    "graph", [neuron, classifier, many_signs], ids=lambda graph: graph.__name__
)
def test_every_moment_its_formulas_and_the_table_follow(
    open_page: Open, tmp_path: Path, graph: Graph
) -> None:
    first = graph({})
    page = open_page(Stepper(first, live=True).save(tmp_path / "live.html"))
    for trial in range(6):
        rng = random.Random(trial)
        at = {leaf.name: drawn_at_random(rng) for leaf in named_leaves(first)}
        put(page, at, first)
        walked = page.evaluate(WALKED)
        timeline = Anywhere(graph(at), digits=3)
        assert len(walked["moments"]) == len(timeline.moments)
        for moment, shown, row in zip(
            timeline.moments, walked["moments"], walked["table"], strict=True
        ):
            trees = [tree for tree in (moment.symbols, moment.numbers) if tree]
            if trees:
                assert shown["formulas"] == list(map(flat, trees))
            assert [row[1], row[2], row[4]] == [moment.phase, moment.say, moment.result]
            if moment.phase in ("forward", "backward"):
                assert row[3].endswith(f" = {row[4]}") or moment.phase == "backward"
            for kind, i, lines, _ in moment.sets:
                there = shown[kind][i]
                assert [there] if kind == "local" else there == lines


@KINDS
def test_a_number_is_changed_by_dragging_keys_typing_touch_and_the_slider(
    open_page: Open, tmp_path: Path, kind: str
) -> None:
    path = page_of(kind, neuron({}), tmp_path / "live.html", digits=4)
    page = open_page(path, has_touch=True)
    box = page.get_by_role("slider", name="w₁").first
    at = {"w1": -3.0}
    check(page, neuron, at, kind)
    # by dragging: five pixels are a step of a tenth
    place = box.bounding_box()
    x, y = place["x"] + 20, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 35, y + 3, steps=4)
    page.mouse.up()
    at["w1"] = -2.3
    check(page, neuron, at, kind)
    page.mouse.move(x + 80, y)
    check(page, neuron, at, kind)
    # by keys, of which each has its size
    for key, number_after in (
        ("ArrowRight", -2.2),
        ("ArrowUp", -2.1),
        ("ArrowLeft", -2.2),
        ("ArrowDown", -2.3),
        ("Shift+ArrowRight", -2.29),
        ("PageUp", -1.29),
        ("Shift+PageDown", -1.39),
        ("PageDown", -2.39),
    ):
        page.keyboard.press(key)
        at["w1"] = number_after
        check(page, neuron, at, kind)
    # by typing
    page.keyboard.type("-1.5e-1")
    page.keyboard.press("Enter")
    at["w1"] = -0.15
    check(page, neuron, at, kind)
    assert box.evaluate("box => box.getRootNode().activeElement === box")
    # what is no number changes nothing
    page.keyboard.press("Enter")
    field = page.locator(".field")
    field.fill("a lot")
    page.keyboard.press("Enter")
    assert field.get_attribute("aria-invalid") == "true"
    page.keyboard.press("Escape")
    check(page, neuron, at, kind)
    # nor does what JavaScript alone takes for one
    for text in ("0x10", "", "1e400", "1,234,5"):
        field.fill(text)
        page.keyboard.press("Enter")
        assert field.get_attribute("aria-invalid") == "true"
    page.keyboard.press("Escape")
    check(page, neuron, at, kind)
    # by the slider, of another leaf
    page.locator(".which").select_option(label="b")
    slide = page.locator(".slide")
    slide.focus()
    page.keyboard.press("ArrowLeft")
    at["b"] = 6.78
    check(page, neuron, at, kind)
    slide.evaluate(
        "s => { s.value = '0.5'; s.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    at["b"] = 0.5
    check(page, neuron, at, kind)
    # by touch
    session = page.context.new_cdp_session(page)
    place = page.get_by_role("slider", name="x₂").first.bounding_box()
    x, y = place["x"] + 20, place["y"] + 10
    for what, dx in (("touchStart", 0), ("touchMove", 12), ("touchMove", 25), ("touchEnd", None)):
        points = [] if dx is None else [{"x": x + dx, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": what, "touchPoints": points})
    at["x2"] = 0.5
    check(page, neuron, at, kind)


# The page looks itself: on a busy machine the moment is over before it could be asked from outside.
NOTED_WHEN_CHANGED = f"""() => {{
  window.noted = new Promise((done) => {{
    const look = () => {{
      const marked = [...{HOST}.querySelectorAll('text.changed')];
      if (marked.length === 0) {{ requestAnimationFrame(look); return; }}
      done(marked.map((text) => {{
        const style = getComputedStyle(text);
        return [text.textContent, style.textDecorationLine, style.animationName];
      }}));
    }};
    look();
  }});
}}"""


@KINDS
def test_what_changed_is_marked_for_a_moment_and_not_by_colour_alone(
    open_page: Open, tmp_path: Path, kind: str
) -> None:
    page = open_page(page_of(kind, neuron({}), tmp_path / "live.html"), reduced_motion="reduce")
    assert page.locator("text.changed").count() == 0
    page.evaluate(NOTED_WHEN_CHANGED)
    page.get_by_role("slider", name="x₁").first.focus()
    page.keyboard.press("ArrowRight")
    changed = page.evaluate("() => window.noted")
    assert {(line, animation) for _, line, animation in changed} == {("underline", "none")}
    texts = [text for text, _, _ in changed]
    assert any("2.1" in text for text in texts)
    assert not any("6.88" in text for text in texts)  # b does not depend on it
    page.wait_for_function(f"{HOST}.querySelectorAll('text.changed').length === 0")


def test_what_is_under_the_hand_stays_there(open_page: Open, tmp_path: Path) -> None:
    path = page_of("stepper", chain(60)({}), tmp_path / "live.html", max_steps=1000)
    page = open_page(path, size=(900, 600))
    stage = page.locator(".stage")
    page.get_by_role("button", name="Larger").click()
    box = page.get_by_role("slider", name="w₁₄").first
    box.scroll_into_view_if_needed()
    before = stage.evaluate("s => [s.scrollLeft, s.scrollTop]")
    assert before != [0, 0]
    place = box.bounding_box()
    x, y = place["x"] + 20, place["y"] + 10
    page.mouse.move(x, y)
    page.mouse.down()
    for dx in (10, 20, 30):
        page.mouse.move(x + dx, y)
        page.wait_for_timeout(50)
    page.mouse.up()
    assert page.locator(".field").input_value() == "1.6"
    assert stage.evaluate("s => [s.scrollLeft, s.scrollTop]") == before


# --- gradient steps ---------------------------------------------------------------------------------


def descended(graph: Graph, moved: list[str], steps: int, rate: float) -> dict[str, float]:
    """What gradient steps make of leaves, in Python."""
    at = {leaf.name: leaf.data for leaf in named_leaves(graph({}))}
    for _ in range(steps):
        root = graph(at)
        root.backward()
        for leaf in named_leaves(root):
            if leaf.name in moved:
                at[leaf.name] = leaf.data - rate * leaf.grad
    return at


def steps_made(page: Any) -> int:
    return int(page.locator(".count").text_content().removeprefix("step ").partition(":")[0])


@pytest.mark.parametrize(
    ("text", "rate"), [("0,5", 0.5), ("\N{MINUS SIGN}.5", -0.5), (" 5e-1 ", 0.5), ("half", None)]
)
def test_a_rate_is_read_as_a_leafs_number_is(
    open_page: Open, tmp_path: Path, text: str, rate: float | None
) -> None:
    page = open_page(page_of("drawing", parabola({}), tmp_path / "live.html"))
    field = page.get_by_label("Learning rate η")
    field.fill(text)
    assert field.get_attribute("aria-invalid") == str(rate is None).lower()
    page.get_by_role("button", name="step", exact=True).click()
    used = 0.1 if rate is None else rate
    check(page, parabola, descended(parabola, ["w", "b"], 1, used), "drawing", 4)


@KINDS
def test_steps_and_training_are_those_of_python_to_the_last_digit(
    open_page: Open, tmp_path: Path, kind: str
) -> None:
    page = open_page(page_of(kind, parabola({}), tmp_path / "live.html", digits=17))
    page.get_by_label("Learning rate η").fill("0.05")
    page.get_by_role("button", name="step", exact=True).click()
    check(page, parabola, descended(parabola, ["w", "b"], 1, 0.05), kind, 17)
    page.get_by_role("button", name="train", exact=True).click()
    page.wait_for_function(
        f"/^step ([5-9]\\d|\\d{{3,}}):/.test({HOST}.querySelector('.count').textContent)"
    )
    page.get_by_role("button", name="pause", exact=True).click()
    page.wait_for_timeout(100)
    count = steps_made(page)
    assert count >= 50
    check(page, parabola, descended(parabola, ["w", "b"], count, 0.05), kind, 17)
    said = page.locator(".curve").get_attribute("aria-label")
    assert said.startswith("L against the step: from ")
    assert f"at step {count}" in said
    assert page.locator(".curve .line").get_attribute("d").count("L") == count
    page.get_by_role("button", name="reset").click()
    check(page, parabola, {}, kind, 17)
    assert steps_made(page) == 0


def test_a_classifier_learns_as_in_python(open_page: Open, tmp_path: Path) -> None:
    first = classifier({})
    page = open_page(page_of("drawing", first, tmp_path / "live.html", digits=10))
    for _ in range(20):
        page.get_by_role("button", name="step", exact=True).click()
    weights = [leaf.name for leaf in named_leaves(first) if not leaf.name.startswith("x")]
    check(page, classifier, descended(classifier, weights, 20, 0.1), "drawing", 10)


@KINDS
@pytest.mark.parametrize("way", ["python", "page"])
def test_who_is_moved_can_be_chosen(open_page: Open, tmp_path: Path, kind: str, way: str) -> None:
    first = parabola({})
    (w,) = (leaf for leaf in named_leaves(first) if leaf.name == "w")
    options = {"train": [w]} if way == "python" else {}
    page = open_page(page_of(kind, first, tmp_path / "live.html", **options))
    if way == "page":
        page.locator(".which").select_option(label="b")
        page.get_by_label("Whether a gradient step moves b").uncheck()
    page.get_by_role("button", name="step", exact=True).click()
    check(page, parabola, descended(parabola, ["w"], 1, 0.1), kind, 3 if kind == "stepper" else 4)
    page.locator(".which").select_option(label="w")
    page.get_by_label("Whether a gradient step moves w").uncheck()
    assert page.get_by_role("button", name="step", exact=True).is_disabled()


def test_a_training_that_leaves_the_numbers_stops(open_page: Open, tmp_path: Path) -> None:
    page = open_page(page_of("drawing", parabola({}), tmp_path / "live.html"))
    page.get_by_label("Learning rate η").fill("1e6")
    page.get_by_role("button", name="train", exact=True).click()
    page.wait_for_function(f"/inf|nan/.test({HOST}.querySelector('.count').textContent)")
    page.get_by_role("button", name="train", exact=True).wait_for()


# --- whoever uses it --------------------------------------------------------------------------------


@KINDS
def test_a_reader_is_told_to_drag_and_no_two_controls_have_one_word(
    open_page: Open, tmp_path: Path, kind: str
) -> None:
    page = open_page(page_of(kind, parabola({}), tmp_path / "live.html"))
    assert page.get_by_text("drag a box, or").is_visible()
    words = page.locator(".controls :is(button, label)").all_inner_texts()
    assert {"trainable", "step", "train", "reset", "code"} <= set(words)
    assert len(words) == len(set(words))


@KINDS
def test_the_keyboard_alone_reaches_and_does_everything(
    open_page: Open, tmp_path: Path, kind: str
) -> None:
    page = open_page(page_of(kind, parabola({}), tmp_path / "live.html", digits=6))
    name_of = f"""() => {{ const e = {HOST}.activeElement;
      return e && (e.getAttribute('aria-label') || e.textContent || e.title); }}"""
    seen: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(name_of) or "")
    for wanted in ("x", "y", "w", "b", "Leaf", "b, its number", "Whether a gradient step moves b",
                   "Learning rate η", "step", "train", "reset", "code"):  # fmt: skip
        assert wanted in seen

    def focus(name: str) -> None:
        for _ in range(80):
            if page.evaluate(name_of) == name:
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{name} cannot be reached")

    focus("w")
    page.keyboard.press("ArrowRight")
    focus("step")
    page.keyboard.press("Space")
    at = descended(lambda at: parabola({"w": -0.4} | dict(at)), ["w", "b"], 1, 0.1)
    check(page, parabola, at, kind, 6)
    focus("code")
    page.keyboard.press("Enter")
    pages = page.locator(".listing pre")
    assert pages.count() == 2
    assert pages.nth(0).text_content() == LiveProgram(parabola({})).script
    assert pages.nth(1).text_content() == autograd.to_source(parabola({}))
    page.keyboard.press("Escape")
    assert page.locator(".listing").is_hidden()
    focus("train")
    page.keyboard.press("Enter")
    page.wait_for_function(f"!/^step [01]:/.test({HOST}.querySelector('.count').textContent)")
    page.keyboard.press("Enter")
    focus("reset")
    page.keyboard.press("Enter")
    check(page, parabola, {}, kind, 6)


@KINDS
def test_a_screen_reader_is_told_name_number_gradient_and_output(
    open_page: Open, tmp_path: Path, kind: str
) -> None:
    page = open_page(page_of(kind, parabola({}), tmp_path / "live.html", digits=4))
    root = parabola({"w": 0.5})
    root.backward()
    sliders = page.locator('[role="slider"], .slide')
    assert sliders.count() == 5
    box = page.get_by_role("slider", name="w", exact=True).first
    page.locator(".which").select_option(label="w")
    page.locator(".field").fill("0.5")
    page.keyboard.press("Enter")
    page.wait_for_timeout(60)
    (w,) = (leaf for leaf in named_leaves(root) if leaf.name == "w")
    for element in (box, page.locator(".slide")):
        told = {
            name: element.get_attribute(f"aria-{name}")
            for name in ("valuenow", "valuetext", "label")
        }
        assert told == {
            "valuenow": "0.5",
            "valuetext": f"0.5; gradient {number(w.grad, 4)}; L {number(root.data, 4)}",
            "label": "w",
        }
        low, high = (float(element.get_attribute(f"aria-value{side}")) for side in ("min", "max"))
        assert low <= 0.5 <= high
    nameless = page.evaluate(
        f"""() => [...{HOST}.querySelectorAll('button, input, select, [role]')]
          .filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length))
          .map((e) => e.outerHTML)"""
    )
    assert nameless == []


EXTREMES = {
    "x": -1.2345678901234567e-308,
    "y": -9.876543e299,
    "w": 1.2345e-300,
    "b": -1.23456789e-5,
}


@KINDS
@pytest.mark.parametrize("digits", [1, 3, 6])
def test_boxes_have_room_for_every_number_and_nothing_moves(
    open_page: Open, tmp_path: Path, kind: str, digits: int
) -> None:
    first = parabola({})
    page = open_page(page_of(kind, first, tmp_path / "live.html", digits=digits))
    boxes = ".card > .box, .node > polygon, .node > path, .stage"
    places = f"""() => [...{HOST}.querySelectorAll('{boxes}')]
      .map((e) => {{ const b = e.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; }})"""
    before = page.evaluate(places)
    put(page, EXTREMES, first)
    wide = page.evaluate(
        f"""async () => {{
          for (let k = 0; k < 3; k += 1) await new Promise((next) => requestAnimationFrame(next));
          return [...{HOST}.querySelectorAll('.card, .node')].flatMap((group) => {{
            const box = group.querySelector('.box, polygon, path').getBBox();
            return [...group.querySelectorAll('text')].map((t) => t.getBBox())
              .filter((t) => t.x < box.x || t.x + t.width > box.x + box.width)
              .map((t) => [t.width, box.width]);
          }});
        }}"""
    )
    assert wide == []
    assert page.evaluate(places) == before


# --- anywhere ---------------------------------------------------------------------------------------

HOSTILE = [
    '</script><b onclick="alert(1)">',
    "a'\"&amp;`${alert(1)}\\",
    "w" * 300,
    "👩‍🔬 \u2028 é",
    "⠿⠿",
    "<!--<script>",
]


def hostile(at: Mapping[str, float]) -> Value:
    leaves = [Value(at.get(name, 0.1 * i + 0.1), name) for i, name in enumerate(HOSTILE)]
    total = leaves[0] * leaves[1]
    for leaf in leaves[2:]:
        total = total + leaf * leaf
    return total


@KINDS
def test_names_that_mean_harm_are_names(open_page: Open, tmp_path: Path, kind: str) -> None:
    page = open_page(page_of(kind, hostile({}), tmp_path / "live.html"), size=(900, 700))
    assert page.locator(".which option").count() == len(HOSTILE)
    assert page.locator("b").count() == 0
    at = dict.fromkeys(HOSTILE, -0.5)
    put(page, at, hostile({}))
    check(page, hostile, at, kind, 3 if kind == "stepper" else 4)
    page.get_by_role("button", name="code").click()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 900


@KINDS
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1440, 1920])
def test_nothing_is_wider_than_the_window(
    open_page: Open, tmp_path: Path, kind: str, width: int, scheme: str
) -> None:
    page = open_page(
        page_of(kind, classifier({}), tmp_path / "live.html"),
        size=(width, 800),
        color_scheme=scheme,
    )
    page.get_by_role("button", name="code").click()
    page.get_by_role("button", name="step", exact=True).click()
    wide = page.evaluate(
        f"""() => [document.scrollingElement, ...{HOST}.querySelectorAll('.controls, .one, .descent')]
          .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => [e.className, e.scrollWidth])"""
    )
    assert wide == []
    outside = page.evaluate(
        f"""() => [...{HOST}.querySelectorAll('.controls :is(button, input, select, .curve)')]
          .filter((e) => e.getBoundingClientRect().right > innerWidth).map((e) => e.outerHTML)"""
    )
    assert outside == []
    background = page.evaluate(
        f"getComputedStyle({HOST}.querySelector('.stepper, .living')).backgroundColor"
    )
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


@KINDS
def test_two_graphs_on_a_page_live_each_for_itself(
    open_page: Open, tmp_path: Path, kind: str
) -> None:
    blocks = [
        Stepper(root, live=True).html if kind == "stepper" else draw(root).live().html
        for root in (parabola({}), parabola({"w": 2.0}), parabola({}))
    ]
    path = tmp_path / "three.html"
    head = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'
    path.write_text(head + "<p>text</p>".join(blocks), encoding="utf-8")
    page = open_page(path)
    hosts = page.locator("[data-stepper], [data-drawing]")
    assert hosts.count() == 3
    told = [hosts.nth(i).locator(".count").text_content() for i in range(3)]
    assert told[0] == told[2] != told[1]
    hosts.nth(0).get_by_role("button", name="step", exact=True).click()
    page.wait_for_timeout(60)
    assert hosts.nth(0).locator(".count").text_content() != told[0]
    assert [hosts.nth(i).locator(".count").text_content() for i in (1, 2)] == told[1:]
    ids = page.evaluate(
        """() => [...document.querySelectorAll('[data-stepper], [data-drawing]')]
          .map((host) => [...host.shadowRoot.querySelectorAll('[id]')].map((e) => e.id))"""
    )
    for own in ids:
        assert len(own) == len(set(own))
    if kind == "drawing":
        assert set(ids[0]).isdisjoint(ids[1])


@KINDS
def test_without_scripts_the_picture_remains(open_page: Open, tmp_path: Path, kind: str) -> None:
    page = open_page(page_of(kind, neuron({}), tmp_path / "live.html"), java_script_enabled=False)
    image = page.locator("img")
    assert image.bounding_box()["width"] > 300
    assert "w₁" in image.get_attribute("alt")
    assert "0.706" in image.get_attribute("alt")


@KINDS
def test_on_paper_is_the_picture_without_controls(
    open_page: Open, tmp_path: Path, kind: str
) -> None:
    page = open_page(page_of(kind, neuron({}), tmp_path / "live.html"))
    page.emulate_media(media="print")
    assert page.locator(".stage svg").first.is_visible()
    assert page.locator(".curve").is_visible()
    for control in (".one", ".once", ".run", ".opener", ".rate"):
        assert page.locator(control).is_hidden()


# --- large graphs -----------------------------------------------------------------------------------


@KINDS
def test_a_thousand_nodes_are_folded_and_every_leaf_is_in_the_list(
    open_page: Open, tmp_path: Path, kind: str
) -> None:
    graph = chain(1000)
    first = graph({})
    page = open_page(page_of(kind, first, tmp_path / "live.html"))
    assert page.locator(".which option").count() == len(named_leaves(first)) == 251
    page.locator(".which").select_option(index=100)
    chosen = named_leaves(first)[100].name
    page.locator(".field").fill("0.25")
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    root = graph({chosen: 0.25})
    assert page.locator(".count").text_content() == (
        f"step 0: L = {number(root.data, 3 if kind == 'stepper' else 4)}"
    )
    if kind == "stepper":
        timeline = Stepper(root)._timeline
        wanted = [card.gradient_lines() for card in timeline.cards]
        shown = page.evaluate(
            f"""() => [...{HOST}.querySelectorAll('.card')].map((card) =>
              [...card.querySelectorAll('text.gradient')].map((text) => text.textContent))"""
        )
        assert shown == wanted
