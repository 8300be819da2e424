"""Steppers and living graphs in a real JupyterLab, trusted and not, and in a page of nbconvert."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from drawn import as_shown

import autograd
import nn

Open = Callable[..., Any]

SOURCE = """\
import autograd, nn
model = nn.MLP(2, [2, 1], activation="tanh", output_activation="sigmoid", rng=0).to_scalars()
(prediction,) = model([autograd.Value(0.5, "x1"), autograd.Value(-1.0, "x2")])
loss = (prediction - 1.0) ** 2
autograd.Stepper(loss)
"""
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
CELLS = 2  # the same twice: two steppers on one page
WAIT = 90_000


def gradients() -> list[str]:
    """What a backward pass leaves on the graph of the notebook."""
    model = nn.MLP(2, [2, 1], activation="tanh", output_activation="sigmoid", rng=0).to_scalars()
    (prediction,) = model([autograd.Value(0.5, "x1"), autograd.Value(-1.0, "x2")])
    loss = (prediction - 1.0) ** 2
    loss.backward()
    return [f"∂ {as_shown(node.grad, 3)}" for node in autograd.topological_order(loss)]


def written(folder: Path) -> Path:
    """A notebook whose cells have been run, by a kernel like a reader's."""
    nbformat = pytest.importorskip("nbformat", reason="the extra `browser` is not there")
    client = pytest.importorskip("nbclient", reason="the extra `browser` is not there")
    pytest.importorskip("ipykernel", reason="the extra `browser` is not there")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(SOURCE) for _ in range(CELLS)]
    notebook.metadata["kernelspec"] = KERNEL
    client.NotebookClient(notebook, timeout=120).execute()
    path = folder / "lesson.ipynb"
    nbformat.write(notebook, path)
    return path


def environment(folder: Path) -> dict[str, str]:
    """Settings and state of Jupyter in a folder that goes away, and this checkout on the path."""
    paths = {
        name: str(folder / name.lower())
        for name in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")
    }
    paths |= {
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "ws"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    paths["JUPYTERLAB_SETTINGS_DIR"] = str(folder / "settings")
    here = str(Path(autograd.__file__).parent.parent)
    return os.environ | paths | {"PYTHONPATH": here, "PYTHONWARNINGS": "ignore"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the notebook; kernels started from here find the checkout."""
    folder = tmp_path_factory.mktemp("notebooks")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(folder).items():
            patch.setenv(name, value)
        written(folder)
        yield folder


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[str]:
    """The address of a JupyterLab on this machine, with its token."""
    pytest.importorskip("jupyterlab", reason="the extra `browser` is not there")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--port-retries=0", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.root_dir={folder}", "--LabApp.news_url=", "--allow-root"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            _wait_for(f"http://127.0.0.1:{port}/api?token={token}", server)
            yield f"http://127.0.0.1:{port}/lab/tree/{{}}?token={token}&reset"
        finally:
            server.terminate()
            server.wait(20)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        if server.poll() is not None:
            raise RuntimeError(f"JupyterLab ended with status {server.returncode}")
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.25)
    raise TimeoutError("JupyterLab did not answer within a minute")


def stepped(page: Any) -> None:
    """Step the second of two blocks to its end, while the first stays."""
    blocks = page.locator(".stepper.ready")
    blocks.nth(CELLS - 1).wait_for(timeout=WAIT)
    blocks.nth(1).focus()
    for k in range(29):
        page.keyboard.press("ArrowRight")
        assert blocks.nth(1).get_attribute("data-position") == str(k + 1)
    shown = blocks.nth(1).locator(".card")
    texts = [each.locator("text.gradient").text_content() for each in shown.all()]
    assert texts == gradients()
    assert blocks.nth(0).get_attribute("data-position") == "0"


def trust(folder: Path, name: str) -> None:
    """Sign a notebook, as `jupyter trust` does."""
    subprocess.run(
        [sys.executable, "-m", "jupyter", "trust", str(folder / name)],
        check=True,
        capture_output=True,
    )


def test_a_trusted_notebook_in_jupyterlab_steps(
    open_page: Open, folder: Path, lab: str, tmp_path: Path
) -> None:
    trust(folder, "lesson.ipynb")
    page = open_page(lab.format("lesson.ipynb"), size=(1280, 900))
    stepped(page)
    # The keys of the notebook do not act on the block's: no cell was added, none was left.
    assert page.locator(".jp-CodeCell").count() == CELLS
    page.screenshot(path=tmp_path / "trusted.png")


def test_a_notebook_that_is_not_trusted_shows_the_picture_and_the_table(
    open_page: Open, folder: Path, lab: str, tmp_path: Path
) -> None:
    # The signature is of the content: another one has none.
    text = (folder / "lesson.ipynb").read_text(encoding="utf-8")
    changed = text.replace("autograd, nn", "nn, autograd")
    (folder / "other.ipynb").write_text(changed, encoding="utf-8")
    page = open_page(lab.format("other.ipynb"), size=(1280, 900))
    picture = page.locator(".jp-OutputArea img").first
    picture.wait_for(timeout=WAIT)
    page.wait_for_timeout(1000)
    assert page.locator(".stepper").count() == 0
    assert picture.bounding_box()["width"] > 500
    assert picture.evaluate("image => image.complete && image.naturalWidth > 500")
    page.locator(".jp-OutputArea summary").first.click()
    rows = page.locator(".jp-OutputArea table").first.locator("tbody tr")
    assert rows.count() == 30
    assert (
        gradients()[0].removeprefix("∂ ") in page.locator(".jp-OutputArea table").first.inner_text()
    )
    assert "KEY" not in page.locator(".jp-OutputArea").first.inner_text()
    assert '"phase"' not in page.locator(".jp-OutputArea").first.inner_text()
    page.screenshot(path=tmp_path / "untrusted.png")


def test_a_page_that_nbconvert_makes_steps(open_page: Open, folder: Path, browser: Any) -> None:
    nbconvert = pytest.importorskip("nbconvert", reason="the extra `browser` is not there")
    text, _ = nbconvert.HTMLExporter(mathjax_url="", require_js_url="").from_filename(
        str(folder / "lesson.ipynb")
    )
    path = folder / "lesson.html"
    path.write_text(text, encoding="utf-8")
    stepped(open_page(path))


# --- a derivation --------------------------------------------------------------------------------------


def derived(folder: Path, name: str) -> Path:
    """A notebook with a derivation and a step as its outputs."""
    nbformat = pytest.importorskip("nbformat", reason="the extra `browser` is not there")
    model = nn.scalar.MLP(2, [2, 1], rng=1)
    loss = (model([autograd.Value(0.5, "x1"), autograd.Value(-1.5, "x2")]) - 1.0) ** 2
    step = next(autograd.steps(loss))
    bundles: list[dict[str, str]] = [
        autograd.derivation(loss)._repr_mimebundle_(),
        {
            "text/html": step._repr_html_(),
            "text/latex": step._repr_latex_(),
            "text/plain": repr(step),
        },
    ]
    notebook = nbformat.v4.new_notebook()
    outputs = [nbformat.v4.new_output("display_data", bundle) for bundle in bundles]
    notebook.cells = [nbformat.v4.new_code_cell(f"# {name}", outputs=outputs)]
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def test_a_derivation_is_mathematics_in_a_trusted_notebook(
    open_page: Open, folder: Path, lab: str, tmp_path: Path
) -> None:
    derived(folder, "chain")
    trust(folder, "chain.ipynb")
    page = open_page(lab.format("chain.ipynb"), size=(1280, 900))
    page.locator(".chalk-math math").first.wait_for(timeout=WAIT)
    assert page.locator(".chalk-math math:visible").count() > 50
    assert page.locator(".chalk-math .latex:visible").count() == 0
    page.screenshot(path=tmp_path / "trusted-chain.png")


def test_a_derivation_is_typeset_latex_in_a_notebook_that_is_not_trusted(
    open_page: Open, folder: Path, lab: str, tmp_path: Path
) -> None:
    derived(folder, "foreign")
    page = open_page(lab.format("foreign.ipynb"), size=(1280, 900))
    page.locator(".chalk-math .latex mjx-container").first.wait_for(timeout=WAIT)
    assert page.locator(".chalk-math > .mathml").count() == 2
    assert page.locator(".chalk-math > .mathml:visible").count() == 0
    shown = page.locator(".chalk-math").first.inner_text()
    assert r"\begin" not in shown
    assert "0.5·0.02364" not in shown  # what remains of elements that are taken out
    page.screenshot(path=tmp_path / "untrusted-chain.png")


def test_a_derivation_is_mathematics_on_a_page_of_nbconvert_without_a_network(
    open_page: Open, folder: Path, browser: Any
) -> None:
    nbconvert = pytest.importorskip("nbconvert", reason="the extra `browser` is not there")
    text, _ = nbconvert.HTMLExporter(mathjax_url="", require_js_url="").from_filename(
        str(derived(folder, "exported"))
    )
    path = folder / "exported.html"
    path.write_text(text, encoding="utf-8")
    page = open_page(path)
    assert page.locator(".chalk-math math:visible").count() > 50
    assert page.locator(".chalk-math .latex:visible").count() == 0


# --- living graphs ------------------------------------------------------------------------------------


def lively(folder: Path, name: str) -> Path:
    """A notebook with a live drawing and a live stepper as its outputs."""
    nbformat = pytest.importorskip("nbformat", reason="the extra `browser` is not there")
    x, w = autograd.Value(1.5, "x"), autograd.Value(-0.5, "w")
    loss = (w * x - 2.0) ** 2
    shown = (autograd.draw(loss).live(), autograd.Stepper(loss, live=True))
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = KERNEL  # or it is asked for in a dialog
    outputs = [nbformat.v4.new_output("display_data", x._repr_mimebundle_()) for x in shown]
    notebook.cells = [nbformat.v4.new_code_cell(f"# {name}", outputs=outputs)]
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def changed(page: Any) -> None:
    """Change w in each of two blocks, by keys and by typing, and take a step."""
    page.locator(".living .controls").wait_for(timeout=WAIT)
    page.locator(".stepper.ready .controls").wait_for(timeout=WAIT)
    expect = pytest.importorskip("playwright.sync_api").expect
    for block, digits in ((page.locator(".living"), 4), (page.locator(".stepper.ready"), 3)):
        box = block.get_by_role("slider", name="w", exact=True).first
        box.click()
        expect(box).to_be_focused()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(block.locator(".field")).to_have_value("−0.3")
        page.keyboard.type("2")
        page.keyboard.press("Enter")
        expect(block.locator(".count")).to_have_text("step 0: L = 1")
        block.get_by_role("button", name="step", exact=True).click()
        expect(block.locator(".count")).to_have_text(f"step 1: L = {0.3025:.{digits}g}")


def test_living_graphs_live_in_a_trusted_notebook(
    open_page: Open, folder: Path, lab: str, tmp_path: Path
) -> None:
    lively(folder, "alive")
    trust(folder, "alive.ipynb")
    page = open_page(lab.format("alive.ipynb"), size=(1280, 1000))
    changed(page)
    assert page.locator(".jp-CodeCell").count() == 1
    page.screenshot(path=tmp_path / "alive.png")


def test_living_graphs_are_pictures_in_a_notebook_that_is_not_trusted(
    open_page: Open, folder: Path, lab: str, tmp_path: Path
) -> None:
    lively(folder, "still")
    page = open_page(lab.format("still.ipynb"), size=(1280, 1000))
    pictures = page.locator(".jp-OutputArea img")
    pictures.first.wait_for(timeout=WAIT)
    page.wait_for_timeout(1000)
    assert pictures.count() == 2
    assert page.locator(".living, .stepper").count() == 0
    for i in range(2):
        assert pictures.nth(i).evaluate("image => image.complete && image.naturalWidth > 300")
    assert '"leaves"' not in page.locator(".jp-OutputArea").first.inner_text()
    page.screenshot(path=tmp_path / "still.png")


def test_living_graphs_live_on_a_page_of_nbconvert(
    open_page: Open, folder: Path, browser: Any
) -> None:
    nbconvert = pytest.importorskip("nbconvert", reason="the extra `browser` is not there")
    text, _ = nbconvert.HTMLExporter(mathjax_url="", require_js_url="").from_filename(
        str(lively(folder, "converted"))
    )
    path = folder / "converted.html"
    path.write_text(text, encoding="utf-8")
    changed(open_page(path))
