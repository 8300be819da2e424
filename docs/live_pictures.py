"""The README's moving pictures of live pages, from the pages themselves: `python -m docs.live_pictures`.

It needs the extras `browser` and `plot`, and the Chromium of the system. Each picture is what a reader
sees who does what is done here: live.gif drags a weight of a graph and trains it, playground.gif trains
a network.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nn
from autograd import Value, draw

FOLDER = Path(__file__).parent
COLOURS = 64
LIMIT = 400_000
"""Bytes of a picture: it is loaded by whoever looks at the README."""

Frames = Iterator[int]
"""How long to show what the page shows at that moment, in milliseconds."""


def graph(path: Path) -> None:
    """The graph of the README, live."""
    w, b, x = Value(0.8, "w"), Value(-0.5, "b"), Value(2.0, "x")
    L = ((w * x + b).tanh() + 0.5) ** 2
    draw(L).live(path, train=[w, b])


def drag_and_train(page: Any) -> Frames:
    """A weight is dragged to the left, and then gradient steps bring the loss down."""
    yield 1500
    box = page.get_by_role("slider", name="w", exact=True).first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for shift in (5, 10, 15, 20):
        page.mouse.move(x - shift, y)
        yield 500
    page.mouse.up()
    yield 1000
    page.get_by_label("η").fill("0.02")
    for _ in range(10):
        page.get_by_role("button", name="step", exact=True).click()
        yield 400
    yield 2500


def network(path: Path) -> None:
    """The playground of the README."""
    x, y = nn.data.two_moons(200, rng=0)
    net = nn.MLP(2, [8, 2], activation="tanh", rng=0)
    nn.playground(net, nn.cross_entropy, (x, y), path, validation=0.2, optimizer="adam", lr=0.03)


def train(page: Any) -> Frames:
    """Epochs, few at first."""
    yield 1500
    for epochs in (10, 30, 60, 100):
        for _ in range(epochs):
            page.get_by_role("button", name="Epoch").click()
        yield 1200
    yield 2000


PICTURES: dict[str, tuple[Callable[[Path], None], Callable[[Any], Frames], tuple[int, int]]] = {
    "live.gif": (graph, drag_and_train, (1120, 430)),
    "playground.gif": (network, train, (1000, 724)),
}


def main() -> None:
    """Make each picture anew."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium)
        for name, (write, act, (width, height)) in PICTURES.items():
            path = Path(folder) / "page.html"
            write(path)
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(path.as_uri())
            images, times = [], []
            for time in act(page):
                page.wait_for_timeout(700)  # marks of what has changed fade
                image = Image.open(io.BytesIO(page.screenshot()))
                images.append(image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE))
                times.append(time)
            page.close()
            file = FOLDER / name
            images[0].save(
                file, save_all=True, append_images=images[1:], duration=times, loop=0, optimize=True
            )
            size = file.stat().st_size
            print(f"{name}: {len(images)} moments, {size / 1000:.0f} kB")
            if size > LIMIT:
                raise SystemExit(f"{name} is larger than {LIMIT / 1000:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
