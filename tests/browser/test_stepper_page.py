"""The saved page of a stepper in a real browser: what it shows, at which size, and to which keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn import as_shown

import autograd
import nn
from autograd import Stepper, Tensor, Value

Open = Callable[..., Any]

SHOWN = """() => [...document.querySelectorAll('[data-stepper]')].map(host =>
  [...host.shadowRoot.querySelectorAll('[data-box]')].map(card => ({
    value: [...card.querySelectorAll('text.value')].map(t => t.textContent).join(' '),
    gradient: [...card.querySelectorAll('text.gradient')].map(t => t.textContent).join(' '),
  })))"""

PLACES = """() => [...document.querySelector('[data-stepper]').shadowRoot
  .querySelectorAll('[data-box], .strip, .bar, button, .stage')].map(element => {
    const box = element.getBoundingClientRect();
    return [box.x, box.y, box.width, box.height];
  })"""

SIZES = """() => {
  const root = document.querySelector('[data-stepper]').shadowRoot;
  const sizes = [];
  for (const text of root.querySelectorAll('svg text')) {
    if (!text.textContent) continue;
    const scale = text.getScreenCTM().a;
    sizes.push([text.textContent, parseFloat(getComputedStyle(text).fontSize) * scale]);
  }
  for (const element of root.querySelectorAll('header *, .strip *, .bar button')) {
    const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (own && element.getClientRects().length)
      sizes.push([element.textContent, parseFloat(getComputedStyle(element).fontSize)]);
  }
  return sizes;
}"""

HIDDEN_PARTS = """() => {
  const root = document.querySelector('[data-stepper]').shadowRoot;
  const parts = ['.stage', '.formula', '.bar'].map(name => root.querySelector(name));
  return [document.scrollingElement, ...parts]
    .filter(e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)
    .map(e => [e.className, e.scrollWidth, e.clientWidth, e.scrollHeight, e.clientHeight]);
}"""


def network(activation: str = "tanh", output: str | None = "sigmoid") -> Value:
    """The 2-2-1 network that every course draws on the board, and its loss."""
    model = nn.MLP(2, [2, 1], activation=activation, output_activation=output, rng=0).to_scalars()
    (prediction,) = model([Value(0.5, "x1"), Value(-1.0, "x2")])
    return (prediction - 1.0) ** 2


def written_out() -> Value:
    """The same network with every + and × a node of its own."""
    x1, x2 = Value(0.5, "x1"), Value(-1.0, "x2")
    w = [Value(0.37 * i - 1.234, f"w{i}") for i in range(1, 7)]
    b = [Value(0.11 * i, f"b{i}") for i in range(1, 4)]
    h1 = (w[0] * x1 + w[1] * x2 + b[0]).tanh()
    h2 = (w[2] * x1 + w[3] * x2 + b[1]).tanh()
    return (autograd.sigmoid(w[4] * h1 + w[5] * h2 + b[2]) - 1.0) ** 2


def position(page: Any) -> int:
    """Where the first stepper of a page stands."""
    return int(page.locator(".stepper").first.get_attribute("data-position"))


def state(page: Any) -> Any:
    """All texts in the boxes of the first stepper."""
    return page.evaluate(SHOWN)[0]


def places_of(root: Value) -> dict[Any, int]:
    """Which box is whose: nodes are found by identity, for `==` compares numbers."""
    return {node: i for i, node in enumerate(autograd.topological_order(root))}


def focused(page: Any) -> None:
    """Give the block the keyboard."""
    page.locator(".stepper").first.focus()


def test_every_step_shows_the_sum_of_that_step_and_the_last_the_gradients_of_backward(
    open_page: Open, tmp_path: Path
) -> None:
    loss = network()
    page = open_page(Stepper(loss, digits=4).save(tmp_path / "step.html"))
    nodes = places_of(loss)
    forward = [node for node in nodes if not node.is_leaf]
    focused(page)
    assert all("?" in card["gradient"] for card in state(page))
    for node in forward:
        assert state(page)[nodes[node]]["value"].endswith("?")
        page.keyboard.press("ArrowRight")
        shown = state(page)[nodes[node]]["value"]
        assert shown.rpartition(" = ")[2] == as_shown(node.data, 4)
    assert all("?" in card["gradient"] for card in state(page))
    page.keyboard.press("ArrowRight")
    sums: dict[Any, float] = {loss: 1.0}
    for step in autograd.steps(loss):
        page.keyboard.press("ArrowRight")
        sums[step.parent] = sums.get(step.parent, 0.0) + step.contribution
        for node, card in zip(nodes, state(page), strict=True):
            text = card["gradient"].removeprefix("∂ ").removesuffix(" …")
            assert text == (as_shown(sums[node], 4) if node in sums else "?")
    loss.backward()
    for node, card in zip(nodes, state(page), strict=True):
        assert card["gradient"] == f"∂ {as_shown(node.grad, 4)}"
    page.keyboard.press("ArrowRight")
    assert position(page) == len(forward) + 1 + 20


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)], ids=["1280x720", "1920x1080"])
@pytest.mark.parametrize("graph", [network, lambda: network("relu", None), written_out])
@pytest.mark.parametrize("way", ["page", "full screen"])
def test_the_small_network_fits_a_wall_with_text_of_18_pixels(
    open_page: Open, tmp_path: Path, size: tuple[int, int], graph: Callable[[], Value], way: str
) -> None:
    path = Stepper(graph()).save(tmp_path / "step.html")
    if way == "full screen":
        block = path.read_text(encoding="utf-8").replace(" data-stepper-page", "")
        path.write_text(block, encoding="utf-8")
    page = open_page(path, size=size)
    if way == "full screen":
        page.get_by_role("button", name="Full screen").click()
        page.wait_for_function("document.fullscreenElement !== null")
    focused(page)
    page.wait_for_timeout(200)
    for _ in range(60):
        assert page.evaluate(HIDDEN_PARTS) == []
        small = [(text, px) for text, px in page.evaluate(SIZES) if px < 18]
        assert small == []
        before = position(page)
        page.keyboard.press("PageDown")
        if position(page) == before:
            break
    assert "?" not in "".join(card["gradient"] for card in state(page))


def test_nothing_moves_between_steps(open_page: Open, tmp_path: Path) -> None:
    page = open_page(Stepper(network()).save(tmp_path / "step.html"))
    focused(page)
    places = page.evaluate(PLACES)
    for _ in range(29):
        page.keyboard.press("ArrowRight")
        assert page.evaluate(PLACES) == places


def test_the_current_nodes_and_edge_are_lit_and_the_formula_stands_beside_them(
    open_page: Open, tmp_path: Path
) -> None:
    x, w = Value(2.0, "x"), Value(-3.0, "w")
    y = (w * x).tanh()
    page = open_page(Stepper(y, start=-1).save(tmp_path / "step.html"))
    nodes = places_of(y)
    lit = page.locator(".card.from, .card.to")
    assert {int(each.get_attribute("data-box")) for each in lit.all()} == {
        nodes[x],
        nodes[y.parents[0]],
    }
    assert page.locator(".edge.now").count() == 1
    assert "∂x" in page.locator(".formula").get_attribute("aria-label")
    assert page.locator(".formula math").count() == 2
    assert "y = (w * x).tanh()" in page.locator("code").text_content()


def test_keys_act_only_while_the_block_has_the_focus(open_page: Open, tmp_path: Path) -> None:
    path = Stepper(network()).save(tmp_path / "step.html")
    text = path.read_text(encoding="utf-8").replace(" data-stepper-page", "")
    text = text.replace("<body>", "<body><input id=other>")
    path.write_text(
        text.replace("</body>", "<p style='height:3000px'></p></body>"), encoding="utf-8"
    )
    page = open_page(path)
    page.locator("#other").focus()
    for key in ("ArrowRight", "ArrowLeft", "End"):
        page.keyboard.press(key)
    assert position(page) == 0
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("PageDown")
    page.wait_for_function("window.scrollY > 100")
    assert position(page) == 0
    page.wait_for_timeout(800)  # until it has scrolled
    page.evaluate("window.scrollTo({top: 0, behavior: 'instant'})")
    focused(page)
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowRight")
    assert position(page) == 2
    page.wait_for_timeout(200)
    assert page.evaluate("window.scrollY") == 0
    page.keyboard.press("PageUp")
    assert position(page) == 1
    for key, where in (("End", 29), ("Home", 0), ("ArrowDown", 29), ("ArrowUp", 0)):
        page.keyboard.press(key)
        assert position(page) == where


def test_buttons_slider_and_table_go_where_they_say(open_page: Open, tmp_path: Path) -> None:
    page = open_page(Stepper(network()).save(tmp_path / "step.html"))
    for name, where in (
        ("Next step", 1),
        ("Next step", 2),
        ("Previous step", 1),
        ("Last step", 29),
        ("First step", 0),
        ("Go to the backward pass", 9),
    ):
        page.get_by_role("button", name=name).click()
        assert position(page) == where
    page.get_by_role("slider").fill("17")
    assert position(page) == 17
    page.get_by_role("button", name="Table of all steps").click()
    rows = page.locator(".panel tbody tr")
    assert rows.count() == 30
    rows.nth(12).get_by_role("button").click()
    assert position(page) == 12
    assert rows.nth(12).get_attribute("aria-current") == "step"


def test_it_plays_by_itself_at_the_speed_asked_for_and_stops_at_the_end(
    open_page: Open, tmp_path: Path
) -> None:
    x = Value(2.0, "x")
    page = open_page(Stepper(x * 3.0).save(tmp_path / "step.html"))
    page.get_by_role("button", name="Speed").click()
    page.get_by_role("button", name="Speed").click()
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "document.querySelector('[data-stepper]').shadowRoot"
        ".querySelector('.stepper').dataset.position === '3'"
    )
    page.get_by_role("button", name="Play").wait_for()


def test_clicking_a_node_goes_to_where_its_gradient_is_complete(
    open_page: Open, tmp_path: Path
) -> None:
    loss = network()
    page = open_page(Stepper(loss).save(tmp_path / "step.html"))
    nodes, steps = places_of(loss), list(autograd.steps(loss))
    first = position(page) + sum(not node.is_leaf for node in nodes) + 2
    for node in list(nodes)[:-1]:
        page.locator(f"[data-box='{nodes[node]}']").click()
        (done,) = (step.index for step in steps if step.parent is node and step.complete)
        assert position(page) == first + done
    card = page.locator("[data-box='0']")
    page.keyboard.press("Home")
    card.focus()
    page.keyboard.press("Enter")
    (done,) = (step.index for step in steps if nodes[step.parent] == 0 and step.complete)
    assert position(page) == first + done


def test_ask_hides_each_new_number_until_the_next_key(open_page: Open, tmp_path: Path) -> None:
    x, w = Value(2.0, "x"), Value(-3.0, "w")
    page = open_page(Stepper(w * x, ask=True).save(tmp_path / "step.html"))
    focused(page)
    page.keyboard.press("ArrowRight")
    assert state(page)[2]["value"] == "L = ?"
    assert "-6" not in page.locator(".stepper .formula").inner_text()
    assert "?" in page.locator(".stepper .formula").inner_text()
    page.keyboard.press("ArrowRight")
    assert position(page) == 1
    assert state(page)[2]["value"] == "L = −6"
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    assert [card["gradient"] for card in state(page)] == ["∂ −3", "∂ 2", "∂ 1"]
    page.locator("button.ask").click()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert state(page)[2]["value"] == "L = −6"


def test_two_steppers_on_one_page_do_not_disturb_each_other(
    open_page: Open, tmp_path: Path
) -> None:
    stepper = Stepper(network())
    path = stepper.save(tmp_path / "step.html")
    text = path.read_text(encoding="utf-8").replace(" data-stepper-page", "")
    path.write_text(text.replace("</body>", stepper.html + "</body>"), encoding="utf-8")
    page = open_page(path)
    blocks = page.locator(".stepper")
    assert blocks.count() == 2
    blocks.nth(1).focus()
    page.keyboard.press("ArrowRight")
    assert blocks.nth(0).get_attribute("data-position") == "0"
    assert blocks.nth(1).get_attribute("data-position") == "1"
    first, second = page.evaluate(SHOWN)
    assert first != second
    assert page.evaluate("document.querySelectorAll('[id]').length") == 0


def test_without_scripts_the_picture_and_the_table_remain(open_page: Open, tmp_path: Path) -> None:
    loss = network()
    path = Stepper(loss).save(tmp_path / "step.html")
    page = open_page(path, java_script_enabled=False)
    picture = page.locator("img")
    assert picture.is_visible()
    assert picture.bounding_box()["width"] > 600
    assert page.locator("table").is_hidden()
    page.locator("summary").click()
    assert page.locator("table tbody tr").count() == 30
    loss.backward()
    last = page.locator("table tbody tr").last.inner_text()
    assert as_shown(loss.parents[0].grad, 3) in page.locator("table").inner_text()
    assert last.startswith("29")
    assert page.locator("body").inner_text().count("{") == 0  # no data, no script shows


def test_reduced_motion_moves_nothing(open_page: Open, tmp_path: Path) -> None:
    path = Stepper(network(), start=15).save(tmp_path / "step.html")
    running = (
        "() => document.querySelector('[data-stepper]').shadowRoot.getAnimations().length + "
        "document.getAnimations().length"
    )
    assert open_page(path).evaluate(running) > 0
    assert open_page(path, reduced_motion="reduce").evaluate(running) == 0


def test_readers_of_screens_are_told_every_step(open_page: Open, tmp_path: Path) -> None:
    page = open_page(Stepper(network()).save(tmp_path / "step.html"))
    live = page.locator("[aria-live='polite']")
    focused(page)
    said = set()
    for _ in range(29):
        page.keyboard.press("ArrowRight")
        said.add(live.inner_text())
    assert len(said) == 29
    unnamed = page.evaluate(
        """() => [...document.querySelector('[data-stepper]').shadowRoot
        .querySelectorAll('button, input, [role=button], [role=group]')]
        .filter(e => !e.getAttribute('aria-label')).length"""
    )
    assert unnamed == 0
    # By keyboard alone: every control is reached by Tab.
    focused(page)
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "() => document.querySelector('[data-stepper]').shadowRoot"
                ".activeElement?.getAttribute('aria-label')"
            )
        )
    assert {"First step", "Next step", "Play", "Full screen", "Step"} <= reached


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_as_light_or_dark_as_the_reader_asks(
    open_page: Open, tmp_path: Path, scheme: str
) -> None:
    paper = """() => getComputedStyle(document.querySelector('[data-stepper]')
      .shadowRoot.querySelector('.stepper')).backgroundColor"""
    page = open_page(Stepper(network()).save(tmp_path / "step.html"), color_scheme=scheme)
    light = page.evaluate(paper) == "rgb(255, 255, 255)"
    assert light == (scheme == "light")
    fixed = Stepper(network(), theme="dark").save(tmp_path / "dark.html")
    assert open_page(fixed, color_scheme=scheme).evaluate(paper) != "rgb(255, 255, 255)"


def test_names_are_text_and_nothing_else(open_page: Open, tmp_path: Path) -> None:
    x = Value(2.0, "</script><script>alert(1)</script>")
    y = Value(3.0, "\"quotes\" 'and'\nlines & <img src=x onerror=alert(2)> 😀\x00\u2028")
    z = x * y
    z.name = "<!--<script>"
    page = open_page(Stepper(z).save(tmp_path / "step.html"))
    focused(page)
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert [card["gradient"] for card in state(page)] == ["∂ 3", "∂ 2", "∂ 1"]
    assert state(page)[0]["value"].startswith("(</script>")


def test_a_tensor_graph_is_stepped_through_vjp_by_vjp(open_page: Open, tmp_path: Path) -> None:
    weight = Tensor([[0.5, -1.0], [2.0, 0.25]], "W")
    x = Tensor([1.0, -2.0], "x")
    loss = autograd.tanh(weight @ x).sum()
    page = open_page(Stepper(loss, start=-1).save(tmp_path / "step.html"))
    loss.backward()
    rows = ", ".join("[" + ", ".join(as_shown(g, 3) for g in row) + "]" for row in weight.grad)
    shown = state(page)[0]["gradient"]
    assert shown.replace("∂ ", "").replace(",", "").split() == f"[{rows}]".replace(",", "").split()
    np.testing.assert_allclose(x.grad, weight.data.T @ (1 - np.tanh(weight.data @ x.data) ** 2))


def test_a_frame_that_allows_no_full_screen_is_filled(open_page: Open, tmp_path: Path) -> None:
    # As in Colab: an origin of its own, and nothing allowed but scripts.
    block = Stepper(network()).html.replace("&", "&amp;").replace('"', "&quot;")
    path = tmp_path / "frame.html"
    frame = f'<iframe sandbox="allow-scripts" width=1200 height=640 srcdoc="{block}"></iframe>'
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8>{frame}", encoding="utf-8")
    inside = open_page(path).frame_locator("iframe")
    inside.get_by_role("button", name="Full screen").click()
    inside.locator(".stepper.maximised.fill").wait_for()
    box = inside.locator(".stepper").bounding_box()
    assert box["height"] == pytest.approx(640, abs=2)
    inside.locator(".stepper").press("PageDown")
    assert inside.locator(".stepper").get_attribute("data-position") == "1"
    inside.locator(".stepper").press("Escape")
    inside.locator(".stepper:not(.maximised)").wait_for()


def test_a_large_graph_is_stepped_through_in_groups(open_page: Open, tmp_path: Path) -> None:
    model = nn.MLP(8, [16, 16, 1], activation="tanh", rng=0).to_scalars()
    (prediction,) = model([0.1 * i for i in range(8)])
    page = open_page(Stepper(prediction**2).save(tmp_path / "step.html"))
    assert "by module" in page.locator(".legend").inner_text()
    focused(page)
    page.keyboard.press("ArrowRight")
    assert "layer 1 (Linear): 16 operations" in page.locator(".formula").inner_text()
    assert page.locator(".bar").bounding_box()["width"] <= 1280  # however long the notice is
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    assert all("?" not in card["gradient"] for card in state(page))


# --- the size, and what is in sight -----------------------------------------------------------------

LIT = """() => {
  const root = document.querySelector('[data-stepper]').shadowRoot;
  const stage = root.querySelector('.stage').getBoundingClientRect();
  return [...root.querySelectorAll('.card.to .ring, .card.from .ring')].map(ring => {
    const box = ring.getBoundingClientRect();
    return [box.left - stage.left, box.top - stage.top, stage.right - box.right,
      stage.bottom - box.bottom];
  });
}"""

INPUTS = """() => {
  const root = document.querySelector('[data-stepper]').shadowRoot;
  const stage = root.querySelector('.stage').getBoundingClientRect();
  return [...root.querySelectorAll('.card.leaf')].map(card => {
    const box = card.getBoundingClientRect();
    return box.left >= stage.left && box.top >= stage.top && box.right <= stage.right
      && box.bottom <= stage.bottom;
  });
}"""


def wide(*sizes: int) -> Value:
    """A network of micrograd's classes, on named inputs."""
    model = nn.scalar.MLP(sizes[0], list(sizes[1:]), rng=1)
    x = [Value(0.5 * i - 1.0, f"x{i + 1}") for i in range(sizes[0])]
    loss: Value = (model(x) - 1.0) ** 2
    return loss


SIZES_OF_WINDOWS = [(1366, 768), (390, 844)]


@pytest.mark.parametrize("size", SIZES_OF_WINDOWS)
@pytest.mark.parametrize("sizes", [(3, 4, 4, 1), (2, 3, 3, 3, 1)])
def test_a_wide_network_starts_with_its_inputs_in_sight(
    open_page: Open, tmp_path: Path, sizes: tuple[int, ...], size: tuple[int, int]
) -> None:
    page = open_page(Stepper(wide(*sizes)).save(tmp_path / "step.html"), size=size)
    assert page.evaluate(INPUTS) == [True] * sizes[0]


@pytest.mark.parametrize("size", SIZES_OF_WINDOWS)
def test_what_is_lit_is_in_sight_with_its_whole_frame_at_every_step(
    open_page: Open, tmp_path: Path, size: tuple[int, int]
) -> None:
    page = open_page(Stepper(wide(3, 4, 4, 1)).save(tmp_path / "step.html"), size=size)
    focused(page)
    last = int(page.get_by_role("slider").get_attribute("max"))
    for k in range(1, last + 1):
        page.keyboard.press("ArrowRight")
        rings = page.evaluate(LIT)
        assert rings
        # Of two cards that do not fit side by side, one is whole.
        assert any(min(ring) >= 0 for ring in rings), (k, rings)


def test_the_size_is_the_readers_to_choose(open_page: Open, tmp_path: Path) -> None:
    page = open_page(Stepper(wide(3, 4, 4, 1)).save(tmp_path / "step.html"), size=(1366, 768))

    def sizes() -> list[float]:
        return page.evaluate(
            """() => {
          const root = document.querySelector('[data-stepper]').shadowRoot;
          const svg = root.querySelector('.stage svg').getBoundingClientRect();
          const stage = root.querySelector('.stage');
          return [svg.width, svg.height, stage.clientWidth, stage.clientHeight];
        }"""
        )

    before = sizes()
    assert before[0] > before[2]
    fit = page.get_by_role("button", name="Fit the whole picture")
    fit.click()
    assert fit.get_attribute("aria-pressed") == "true"
    width, height, *room = sizes()
    assert width <= room[0]
    assert height <= room[1]
    page.get_by_role("button", name="Larger").click()
    assert sizes()[0] == pytest.approx(1.25 * width, rel=1e-3)
    assert fit.get_attribute("aria-pressed") == "false"
    page.get_by_role("button", name="Smaller").click()
    assert sizes()[0] == pytest.approx(width, rel=1e-3)
    fit.click()
    fit.click()
    assert sizes() == before
    focused(page)
    for key, larger in (("+", True), ("-", False)):
        now = sizes()[0]
        page.keyboard.press(key)
        assert (sizes()[0] > now) == larger
    page.keyboard.press("0")
    assert sizes()[0] == pytest.approx(width, rel=1e-3)


@pytest.mark.parametrize("title", ["", "The chain rule, at work"])
def test_all_controls_can_be_reached_on_a_telephone(
    open_page: Open, tmp_path: Path, title: str
) -> None:
    page = open_page(Stepper(network(), title=title).save(tmp_path / "s.html"), size=(390, 844))
    for control in (*page.locator(".bar button").all(), page.get_by_role("slider")):
        box = control.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["y"] + box["height"] <= 844
    assert page.get_by_role("slider").bounding_box()["width"] >= 140
    page.get_by_role("button", name="Table of all steps").click()
    panel, bar = page.locator(".panel").bounding_box(), page.locator(".bar").bounding_box()
    assert panel["y"] + panel["height"] <= bar["y"]


def test_a_triangle_plays_and_one_with_a_line_steps(open_page: Open, tmp_path: Path) -> None:
    page = open_page(Stepper(network()).save(tmp_path / "step.html"))
    shapes = {
        name: page.get_by_role("button", name=name, exact=True).locator("path").get_attribute("d")
        for name in ("First step", "Previous step", "Play", "Next step", "Last step")
    }
    triangles = {name: shape.count("z") for name, shape in shapes.items()}
    lines = {name: shape.count("v14M") for name, shape in shapes.items()}
    assert list(triangles.values()) == [2, 1, 1, 1, 2]
    assert list(lines.values()) == [1, 1, 0, 1, 1]


def test_a_title_stands_above_the_picture_and_in_the_tab(open_page: Open, tmp_path: Path) -> None:
    page = open_page(Stepper(network(), title="A <b> & c").save(tmp_path / "step.html"))
    assert page.title() == "A <b> & c"
    assert page.locator("header .name").inner_text() == "A <b> & c"
    assert page.locator("header .heading").inner_text() == "Start"


def test_the_frame_of_the_focus_is_above_all_that_is_in_the_block(
    open_page: Open, tmp_path: Path
) -> None:
    page = open_page(Stepper(network()).save(tmp_path / "step.html"))
    page.keyboard.press("Tab")
    focused(page)
    page.keyboard.press("ArrowRight")
    frame = page.evaluate(
        """() => {
      const block = document.querySelector('[data-stepper]').shadowRoot.querySelector('.stepper');
      const style = getComputedStyle(block, '::after');
      return [style.position, style.borderTopWidth, style.top, style.bottom, style.left, style.right];
    }"""
    )
    assert frame == ["absolute", "2px", "0px", "0px", "0px", "0px"]


def test_there_is_one_minus_sign(open_page: Open, tmp_path: Path) -> None:
    page = open_page(Stepper(wide(2, 2, 1)).save(tmp_path / "step.html"))
    page.get_by_role("slider").fill("20")
    texts = page.evaluate(
        """() => {
      const root = document.querySelector('[data-stepper]').shadowRoot;
      const shown = [...root.querySelectorAll('svg text, math mn, math mo, td:not(:last-child)')];
      const told = [...root.querySelectorAll('[aria-label]')];
      return [...shown.map(e => e.textContent), ...told.map(e => e.getAttribute('aria-label'))];
    }"""
    )
    assert any("−" in text for text in texts)
    assert [text for text in texts if "-" in text.partition(" made at ")[0]] == []


@pytest.mark.parametrize("size", SIZES_OF_WINDOWS)
def test_a_block_in_a_notebook_is_no_higher_than_the_window(
    open_page: Open, tmp_path: Path, size: tuple[int, int]
) -> None:
    block = Stepper(wide(3, 4, 4, 1)).html
    path = tmp_path / "notebook.html"
    head = (
        '<!DOCTYPE html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    )
    path.write_text(f'{head}<body style="margin: 8px">{block}</body>', encoding="utf-8")
    page = open_page(path, size=size)
    assert page.locator(".stepper").bounding_box()["height"] <= size[1]
    assert page.evaluate(INPUTS) == [True] * 3
    page.get_by_role("button", name="Fit the whole picture").click()
    svg = page.locator(".stage svg").bounding_box()
    stage = page.locator(".stage").bounding_box()
    assert svg["x"] >= stage["x"]
    assert svg["y"] >= stage["y"]
    assert svg["x"] + svg["width"] <= stage["x"] + stage["width"]
    assert svg["y"] + svg["height"] <= stage["y"] + stage["height"]


def test_a_page_answers_to_keys_before_anybody_has_clicked_into_it(
    open_page: Open, tmp_path: Path
) -> None:
    page = open_page(Stepper(wide(2, 2, 1)).save(tmp_path / "step.html"), size=(1366, 768))
    assert page.evaluate("document.activeElement === document.body")
    for key, position in (("ArrowRight", 1), ("PageDown", 2), ("ArrowLeft", 1), ("Home", 0)):
        page.keyboard.press(key)
        assert page.get_by_role("slider").input_value() == str(position)


@pytest.mark.parametrize("size", SIZES_OF_WINDOWS)
def test_a_network_on_plain_numbers_starts_with_its_first_weights_in_sight(
    open_page: Open, tmp_path: Path, size: tuple[int, int]
) -> None:
    y = nn.scalar.MLP(3, [4, 4, 1], rng=1)([2.0, 3.0, -1.0])
    page = open_page(Stepper(y).save(tmp_path / "step.html"), size=size)
    seen = page.evaluate(INPUTS.replace(".card.leaf", ".card.parameter"))
    assert seen[:4] == [True] * 4
