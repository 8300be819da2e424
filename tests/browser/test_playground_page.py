"""A playground in a real browser: its steps are those of `nn.fit`, and its controls do what they say."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn

Open = Callable[..., Any]

STEP_BY_STEP = """count => {
  const block = document.querySelector('[data-playground]').shadowRoot;
  const losses = [];
  for (let k = 0; k < count; k += 1) {
    block.querySelector('button.step').click();
    losses.push(Number(block.querySelector('.playground').dataset.loss));
  }
  return losses;
}"""

PARAMETERS = """() => Object.fromEntries(document.querySelector('[data-playground]').playground
  .engine.parameters.map(({name, data}) => [name, [...data]]))"""

PIXELS = """selector => {
  const canvas = document.querySelector('[data-playground]').shadowRoot.querySelector(selector);
  return canvas.toDataURL();
}"""

OPTIMIZERS: dict[str, Any] = {
    "sgd": lambda p, lr: nn.optim.SGD(p, lr),
    "momentum": lambda p, lr: nn.optim.SGD(p, lr, momentum=0.9),
    "nesterov": lambda p, lr: nn.optim.SGD(p, lr, momentum=0.9, nesterov=True),
    "adam": lambda p, lr: nn.optim.Adam(p, lr),
    "rmsprop": lambda p, lr: nn.optim.RMSprop(p, lr),
}


def moons(seed: int = 0) -> nn.MLP:
    """A small network of two inputs."""
    return nn.MLP(2, [6, 5, 2], activation="tanh", rng=seed)


DATA = nn.data.two_moons(60, rng=1)


def state(page: Any, name: str) -> Any:
    """Something that the block knows."""
    return page.evaluate(f"document.querySelector('[data-playground]').playground.{name}")


def choose(page: Any, name: str, value: Any) -> None:
    """Choose from one of the lists of the bar."""
    page.locator(f"select[name={name}]").select_option(str(value))


def press(page: Any, name: str) -> None:
    """One of the buttons of the bar."""
    page.locator(f"button.{name}").click()


def reached(page: Any, steps: int) -> None:
    """Wait until so many steps are made."""
    playground = "document.querySelector('[data-playground]').playground"
    page.wait_for_function(f"{playground}.steps >= {steps}")


def compared(page: Any, model: Any, losses: list[float], expected: list[float]) -> None:
    """The losses of the page, and the parameters it ended with, are those of Python."""
    np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-9)
    found = page.evaluate(PARAMETERS)
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(
            np.reshape(found[name], parameter.shape), parameter.data, rtol=0, atol=1e-9
        )


# --- steps ----------------------------------------


# With batch normalisation larger rates make any rounding grow, in Python as well; and Adam divides the
# gradient of a bias before it, which is 0 but for rounding, by itself.
@pytest.mark.parametrize(
    ("optimizer", "lr", "norm"),
    [
        ("sgd", 0.3, None),
        ("momentum", 0.1, None),
        ("nesterov", 0.1, None),
        ("adam", 0.03, None),
        ("rmsprop", 0.01, None),
        ("sgd", 0.01, "batch"),
        ("momentum", 0.003, "batch"),
    ],
)
def test_two_hundred_steps_by_the_button_are_those_of_fit(
    open_page: Open, tmp_path: Path, optimizer: str, lr: float, norm: str | None
) -> None:
    path = tmp_path / "page.html"
    model = nn.MLP(2, [6, 5, 2], activation="tanh", norm=norm, rng=0)
    nn.playground(model, nn.cross_entropy, DATA, path, optimizer=optimizer, lr=lr)
    page = open_page(path)
    losses = page.evaluate(STEP_BY_STEP, 200)
    history = nn.fit(
        model,
        nn.cross_entropy,
        DATA,
        optimizer=OPTIMIZERS[optimizer](model.parameters(), lr),
        epochs=200,
        progress=False,
    )
    compared(page, model, losses, history.epochs["loss"])
    assert history.epochs["loss"][-1] < 0.7 * history.epochs["loss"][0]


def test_the_penalty_is_that_of_the_regulariser(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    nn.playground(moons(), nn.cross_entropy, DATA, path, lr=0.1)
    page = open_page(path)
    choose(page, "l2", 0.01)
    losses = page.evaluate(STEP_BY_STEP, 50)
    model = moons()
    expected = []
    for _ in range(50):
        nn.fit(
            model,
            lambda z, y: nn.cross_entropy(z, y) + nn.regularisers.l2(model, 0.01),
            DATA,
            optimizer=nn.optim.SGD(model.parameters(), 0.1),
            epochs=1,
            progress=False,
        )
        expected.append(nn.cross_entropy(model(DATA[0]), DATA[1]).item())
    compared(page, model, losses, expected)


def test_a_seed_is_the_network_that_python_makes_of_it(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    nn.playground(moons, nn.cross_entropy, DATA, path, rng=2)
    page = open_page(path)
    for seed in (2, 7, 0):
        choose(page, "seed", seed)
        found = page.evaluate(PARAMETERS)
        for name, parameter in moons(seed).named_parameters():
            assert found[name] == parameter.data.ravel().tolist(), "bit for bit"


def test_a_start_by_name_is_that_network(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    starts = {"1": moons(1), "two": moons(2)}
    nn.playground(starts, nn.cross_entropy, DATA, path)
    page = open_page(path)
    press(page, "step")
    for name in ("two", "1"):
        choose(page, "start", name)
        found = page.evaluate(PARAMETERS)
        for key, parameter in starts[name].named_parameters():
            assert found[key] == parameter.data.ravel().tolist(), "bit for bit"
    assert state(page, "steps") == 0


def test_an_epoch_of_batches_takes_every_point_once_in_an_order_of_its_seed(
    open_page: Open, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    nn.playground(moons(), nn.cross_entropy, DATA, path, batch_size=16)
    page = open_page(path)
    page.evaluate("""() => {
      const {engine} = document.querySelector('[data-playground]').playground;
      const step = engine.step;
      window.taken = [];
      engine.step = function (x, y, n, options) {
        window.taken.push([...x]);
        return step.call(this, x, y, n, options);
      };
    }""")

    def orders() -> list[list[float]]:
        page.evaluate("window.taken = []")
        press(page, "epoch")
        taken: list[list[float]] = page.evaluate("window.taken")
        return taken

    first, second = orders(), orders()
    assert [len(batch) // 2 for batch in first] == [16, 16, 16, 12]
    for epoch in (first, second):
        points = [tuple(batch[i : i + 2]) for batch in epoch for i in range(0, len(batch), 2)]
        assert sorted(points) == sorted(map(tuple, DATA[0].tolist()))
    assert first != second
    assert state(page, "steps") == 8
    press(page, "reset")
    assert orders() == first
    press(page, "reset")
    choose(page, "seed", 4)
    assert orders() != first


def test_with_batch_normalisation_no_batch_is_of_one_point(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    model = nn.MLP(2, [4, 2], norm="batch", rng=0)
    nn.playground(model, nn.cross_entropy, (DATA[0][:51], DATA[1][:51]), path, batch_size=10)
    page = open_page(path)
    press(page, "epoch")
    assert state(page, "steps") == 5
    choose(page, "batch", 1)
    press(page, "epoch")
    assert state(page, "steps") == 5 + 25
    assert np.isfinite(state(page, "latest[1]"))


# --- controls ----------------------------------------


def test_train_runs_until_it_is_paused_and_reset_goes_back(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    nn.playground(moons(), nn.cross_entropy, DATA, path, lr=0.3, validation=0.25)
    page = open_page(path)
    start = page.evaluate(PARAMETERS)
    assert "step 0" in page.locator(".numbers").inner_text()
    before = page.evaluate(PIXELS, ".plane canvas")
    for speed in ("slow", "epoch", "fast"):
        choose(page, "speed", speed)
        steps = state(page, "steps")
        press(page, "play")
        assert page.locator("button.play").inner_text() == "Pause"
        reached(page, steps + 2)
        press(page, "play")
        steps = state(page, "steps")
        page.wait_for_timeout(150)
        assert state(page, "steps") == steps
        assert page.locator("button.play").inner_text() == "Train"
    assert page.evaluate(PIXELS, ".plane canvas") != before
    assert f"step {steps:,}" in page.locator(".numbers").inner_text()
    assert state(page, "latest[1]") < state(page, "history[0][1]")
    press(page, "reset")
    assert page.evaluate(PARAMETERS) == start
    assert state(page, "steps") == 0
    assert page.evaluate(PIXELS, ".plane canvas") == before


def test_noise_moves_the_points_and_no_noise_puts_them_back(
    open_page: Open, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    nn.playground(moons(), nn.cross_entropy, DATA, path, validation=0.25)
    page = open_page(path)
    plain = [state(page, f"{part}.x") for part in ("train", "held")]
    sizes = [o for o in page.locator("select[name=noise] option").all_inner_texts() if o != "0"]
    moved = []
    for size in (sizes[0], sizes[-1]):
        choose(page, "noise", size)
        noisy = [state(page, f"{part}.x") for part in ("train", "held")]
        moved.append(np.subtract(noisy[0], plain[0]))
        assert np.std(moved[-1]) == pytest.approx(float(size), rel=0.25)
        assert np.std(np.subtract(noisy[1], plain[1])) > 0
    np.testing.assert_allclose(moved[1] / float(sizes[-1]), moved[0] / float(sizes[0]))
    choose(page, "noise", 0)
    assert [state(page, f"{part}.x") for part in ("train", "held")] == plain


def test_a_click_adds_a_point_of_the_chosen_class_and_it_is_trained_on(
    open_page: Open, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    nn.playground(moons(), nn.cross_entropy, DATA, path)
    page = open_page(path)
    page.get_by_label("class 1").check()
    box = page.locator(".plane canvas").bounding_box()
    page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.3 * box["height"])
    assert state(page, "train.n") == 61
    x, y = (state(page, f"train.{name}") for name in "xy")
    assert y[-1] == 1
    losses = page.evaluate(STEP_BY_STEP, 20)
    model = moons()
    data = np.vstack([DATA[0], x[-2:]]), np.append(DATA[1], 1)
    history = nn.fit(
        model,
        nn.cross_entropy,
        data,
        optimizer=nn.optim.SGD(model.parameters(), 0.1),
        epochs=20,
        progress=False,
    )
    compared(page, model, losses, history.epochs["loss"])
    page.get_by_role("button", name="Remove added").click()
    assert state(page, "train.n") == 60
    page.mouse.click(box["x"] + 5, box["y"] + 0.3 * box["height"])
    assert state(page, "train.n") == 60, "beside the axes there is no point"


def test_with_the_keyboard_alone_a_network_is_trained_looked_into_and_given_points(
    open_page: Open, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    nn.playground(moons(), nn.cross_entropy, DATA, path, lr=0.3)
    page = open_page(path)
    focus = "document.querySelector('[data-playground]').shadowRoot.activeElement?.className ?? ''"

    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if name in page.evaluate(focus).split():
                return
        raise AssertionError(f"no {name} on the way")

    tab_to("play")
    page.keyboard.press("Space")
    reached(page, 5)
    page.keyboard.press("Enter")
    steps = state(page, "steps")
    tab_to("step")
    page.keyboard.press("Enter")
    assert state(page, "steps") == steps + 1
    assert f"step {steps + 1}" in page.locator(".spoken").inner_text()
    tab_to("unit")
    assert page.locator(".caption").inner_text() == "Map of x₁"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    said = page.locator(".noted").inner_text()
    w = np.reshape(page.evaluate(PARAMETERS)["layers.0.weight"], (6, 2))
    row = next(r for r in w if f"{r[0]:.3g}".replace("-", "−") in said)
    assert f"{row[1]:.3g}".replace("-", "−") in said
    tab_to("plane")
    page.keyboard.press("1")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowRight")
    assert "At " in page.locator(".told").inner_text()
    page.keyboard.press("Enter")
    assert state(page, "train.n") == 61
    assert "class 1" in page.locator(".spoken").inner_text()
    page.keyboard.press("Delete")
    assert state(page, "train.n") == 60


def test_a_unit_and_a_weight_that_are_pointed_at_show_what_they_are(
    open_page: Open, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    nn.playground(moons(), nn.cross_entropy, DATA, path)
    page = open_page(path)
    whole = page.evaluate(PIXELS, ".plane canvas")
    unit = page.locator(".column").nth(1).locator(".unit").nth(2)
    unit.hover()
    assert "unit 3" in page.locator(".caption").inner_text()
    assert page.evaluate(PIXELS, ".plane canvas") != whole
    assert "bias 0; weights" in page.locator(".noted").inner_text()
    page.mouse.move(1, 1)
    assert page.evaluate(PIXELS, ".plane canvas") == whole
    x, y = page.locator("path.weight").first.evaluate("""path => {
      const middle = path.getPointAtLength(path.getTotalLength() / 3);
      const box = path.ownerSVGElement.getBoundingClientRect();
      return [box.left + middle.x, box.top + middle.y];
    }""")
    page.mouse.move(x, y)
    first = page.evaluate(PARAMETERS)["layers.0.weight"][0]
    assert f"{first:.3g}".replace("-", "−") in page.locator(".noted").inner_text()
    count = page.locator("path.weight").count()
    assert count == 2 * 6 + 6 * 5 + 5 * 2
    below = page.locator("path.weight.negative")
    found = page.evaluate(PARAMETERS)
    weights = [w for name in found if name.endswith("weight") for w in found[name]]
    assert below.count() == sum(w < 0 for w in weights)
    assert below.first.evaluate("e => getComputedStyle(e).strokeDasharray") != "none"


def test_a_unit_that_is_dead_for_every_point_is_crossed_out(
    open_page: Open, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    model = nn.MLP(2, [8, 2], bias_init=-1.5, rng=0)
    nn.playground(model, nn.cross_entropy, DATA, path)
    page = open_page(path)
    units = page.locator(".column").nth(1).locator(".unit")
    found = ["constant" in unit.get_attribute("class") for unit in units.all()]
    hidden = np.maximum(DATA[0] @ model.layers[0].weight.data.T - 1.5, 0)
    assert found == (hidden == 0).all(axis=0).tolist()
    assert 0 < sum(found) < 8
    dead = units.nth(found.index(True))
    assert dead.get_attribute("aria-label").endswith("the same for all points")
    dead.hover()
    assert "0 for all points; bias −1.5" in page.locator(".noted").inner_text()


def test_a_rate_that_is_too_large_ends_with_words_and_reset_begins_anew(
    open_page: Open, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    x = np.linspace(-3, 3, 20)[:, None]
    nn.playground(nn.MLP(1, [8, 1], rng=0), nn.mse, (x, x**3), path, lr=10.0)
    page = open_page(path)
    choose(page, "speed", "fast")
    press(page, "play")
    page.wait_for_selector(".playground.failed")
    assert "try a smaller rate" in page.locator(".told").inner_text()
    assert page.locator("button.play").inner_text() == "Train"
    press(page, "reset")
    assert page.locator(".playground.failed").count() == 0
    choose(page, "lr", 0.001)
    press(page, "step")
    assert state(page, "steps") == 1


def test_the_curve_can_be_one_of_powers_of_ten(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    nn.playground(moons(), nn.cross_entropy, DATA, path, lr=1.0, validation=0.25)
    page = open_page(path)
    page.evaluate(STEP_BY_STEP, 100)
    plain = page.evaluate(PIXELS, ".curve")
    page.get_by_label("loss as powers of 10").check()
    assert page.evaluate(PIXELS, ".curve") != plain
    page.get_by_label("loss as powers of 10").uncheck()
    assert page.evaluate(PIXELS, ".curve") == plain


# --- what is shown ----------------------------------------


SPIRALS = nn.data.spirals(90, rng=0)
PLANE = np.random.default_rng(0).uniform(-1, 1, (50, 2))
CURVE = np.linspace(-2, 2, 40)[:, None]
SIGNS = 2.0 * DATA[1][:, None] - 1

KINDS = {
    "two classes": (lambda: moons(), nn.cross_entropy, DATA),
    "three classes": (
        lambda: nn.MLP(2, [8, 8, 8, 8, 8, 3], activation="relu", rng=0),
        nn.cross_entropy,
        SPIRALS,
    ),
    "one logit": (
        lambda: nn.MLP(2, [4, 1], rng=0),
        nn.binary_cross_entropy_with_logits,
        (DATA[0], DATA[1][:, None].astype(float)),
    ),
    "signs": (lambda: nn.MLP(2, [32, 1], rng=0), nn.mse, (DATA[0], SIGNS)),
    "numbers in the plane": (
        lambda: nn.MLP(2, [8, 1], activation="tanh", rng=0),
        nn.mse,
        (PLANE, PLANE[:, :1] * PLANE[:, 1:]),
    ),
    "a curve": (
        lambda: nn.MLP(1, [8, 8, 1], activation="tanh", rng=0),
        nn.mse,
        (CURVE, np.sin(CURVE)),
    ),
    "classes on a line": (
        lambda: nn.MLP(1, [8, 2], activation="tanh", rng=0),
        nn.cross_entropy,
        (CURVE, (CURVE[:, 0] > 0).astype(int)),
    ),
}


@pytest.mark.parametrize("width", [390, 700, 1440])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_fits_every_width_and_learns(
    open_page: Open, tmp_path: Path, kind: str, width: int
) -> None:
    make, loss, data = KINDS[kind]
    path = tmp_path / "page.html"
    nn.playground(make(), loss, data, path, optimizer="adam", lr=0.01, validation=0.2)
    page = open_page(path, size=(width, 900), color_scheme="dark" if width == 700 else "light")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    losses = page.evaluate(STEP_BY_STEP, 60)
    assert losses[-1] < 0.9 * losses[0]
    inside = page.evaluate("""() => {
      const root = document.querySelector('[data-playground]').shadowRoot;
      const wide = root.querySelector('.playground').getBoundingClientRect();
      return [...root.querySelectorAll('button, select, canvas, .noted, .told, .numbers')]
        .filter(e => e.getClientRects().length)
        .map(e => e.getBoundingClientRect())
        .every(b => b.left >= wide.left - 1 && b.right <= wide.right + 1);
    }""")
    assert inside
    if width == 390 and kind in ("a curve", "numbers in the plane"):
        box = page.locator(".plane canvas").bounding_box()
        count = state(page, "train.n")
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert state(page, "train.n") == count + 1


def test_two_blocks_of_one_page_keep_apart(open_page: Open, tmp_path: Path) -> None:
    one = nn.playground(moons(), nn.cross_entropy, DATA)
    other = nn.playground(moons(1), nn.cross_entropy, DATA)
    path = tmp_path / "page.html"
    path.write_text(f"<!DOCTYPE html><body>{one.html}{other.html}{one.html}</body>", "utf-8")
    page = open_page(path)
    assert page.locator("button.step").count() == 3
    page.locator("button.step").nth(0).click()
    steps = "[...document.querySelectorAll('[data-playground]')].map(e => e.playground.steps)"
    assert page.evaluate(steps) == [1, 0, 0]
    page.locator("button.step").nth(1).click()
    page.locator("button.step").nth(1).click()
    assert page.evaluate(steps) == [1, 2, 0]


def test_the_map_has_a_name_that_follows_and_texts_can_be_read(
    open_page: Open, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    nn.playground(moons(), nn.cross_entropy, DATA, path, title="Moons <b>&")
    page = open_page(path)
    assert page.title() == "Moons <b>&"
    assert page.locator(".title").inner_text() == "Moons <b>&"
    canvas = page.locator(".plane canvas")
    assert canvas.get_attribute("role") == "img"
    before = canvas.get_attribute("aria-label")
    assert re.search(r"step 0; epoch 0; loss [\d.]+; right [\d.]+%", before)
    press(page, "step")
    assert "step 1; epoch 1" in canvas.get_attribute("aria-label")
    unnamed = page.evaluate("""() => [...document.querySelector('[data-playground]').shadowRoot
      .querySelectorAll('button, select, input')]
      .filter(e => !e.textContent.trim() && !e.getAttribute('aria-label') && !e.labels?.length)
      .length""")
    assert unnamed == 0


def test_where_no_script_runs_there_is_a_picture_with_words(
    open_page: Open, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    nn.playground(moons(), nn.cross_entropy, DATA, path)
    page = open_page(path, java_script_enabled=False)
    image = page.locator("img")
    assert "60 points" in image.get_attribute("alt")
    assert image.bounding_box()["width"] == 300
    picture = base64.b64decode(image.get_attribute("src").partition(",")[2]).decode()
    assert picture.count("M") > 60
    assert "Train" not in page.inner_text("body")


def test_a_page_of_a_notebook_has_blocks_that_learn(open_page: Open, tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="the extra `browser` is not there")
    nbconvert = pytest.importorskip("nbconvert", reason="the extra `browser` is not there")
    notebook = nbformat.v4.new_notebook()
    for seed in (0, 1):
        shown = nn.playground(moons(seed), nn.cross_entropy, DATA)._repr_mimebundle_()
        output = nbformat.v4.new_output("display_data", data=shown)
        notebook.cells.append(nbformat.v4.new_code_cell("page", outputs=[output]))
    exporter = nbconvert.HTMLExporter(mathjax_url="", require_js_url="")
    path = tmp_path / "lesson.html"
    path.write_text(exporter.from_notebook_node(notebook)[0], encoding="utf-8")
    page = open_page(path, size=(820, 900))
    page.locator("button.step").nth(1).click()
    steps = "[...document.querySelectorAll('[data-playground]')].map(e => e.playground.steps)"
    assert page.evaluate(steps) == [0, 1]


def test_what_is_out_of_sight_does_not_train(open_page: Open, tmp_path: Path) -> None:
    block = nn.playground(moons(), nn.cross_entropy, DATA).html
    path = tmp_path / "page.html"
    path.write_text(f'<!DOCTYPE html>{block}<div style="height: 4000px"></div>', "utf-8")
    page = open_page(path)
    press(page, "play")
    reached(page, 5)
    page.evaluate("scrollTo(0, 3000)")
    page.wait_for_function("!document.querySelector('[data-playground]').playground.visible")
    steps = state(page, "steps")
    page.wait_for_timeout(200)
    assert state(page, "steps") == steps
    page.evaluate("scrollTo(0, 0)")
    reached(page, steps + 5)
    press(page, "play")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_that_of_the_browser_and_reduced_motion_paints_less_often(
    open_page: Open, tmp_path: Path, scheme: str
) -> None:
    path = tmp_path / "page.html"
    nn.playground(moons(), nn.cross_entropy, DATA, path)
    page = open_page(path, color_scheme=scheme, reduced_motion="reduce")
    assert page.locator(".playground").get_attribute("data-theme") == scheme
    page.evaluate("""() => {
      const {playground} = document.querySelector('[data-playground]');
      const paint = playground.paint;
      window.painted = [];
      playground.paint = function () { window.painted.push(performance.now()); paint.call(this); };
    }""")
    press(page, "play")
    reached(page, 100)
    first, *later = page.evaluate("window.painted")
    assert not later or (later[-1] - first) / len(later) > 700, "about once a second"
    press(page, "play")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_of_the_colour_of_what_is_on_it(
    open_page: Open, tmp_path: Path, scheme: str
) -> None:
    path = tmp_path / "page.html"
    nn.playground(moons(), nn.cross_entropy, DATA, path)
    page = open_page(path, color_scheme=scheme)
    colour = "e => getComputedStyle(e).backgroundColor"
    block = page.locator(".playground").evaluate(colour)
    assert page.locator("html").evaluate(colour) == block


def test_on_paper_it_is_smaller_and_every_line_ends_at_its_units(
    open_page: Open, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    nn.playground(moons(), nn.cross_entropy, DATA, path)
    page = open_page(path, size=(1440, 900))
    page.wait_for_function("document.querySelector('[data-playground]').playground.edges[0].ends")
    page.emulate_media(media="print")
    off = page.evaluate("""() => {
      const {edges, units} = document.querySelector('[data-playground]').playground;
      const box = (element) => element.getBoundingClientRect();
      return Math.max(...edges.map(({path, c, i, o}) => Math.max(
        Math.abs(box(path).left - box(units[c][i].button).right),
        Math.abs(box(path).right - box(units[c + 1][o].button).left))));
    }""")
    assert off < 2
    assert page.locator(".playground").evaluate("e => e.getBoundingClientRect().width") <= 700
