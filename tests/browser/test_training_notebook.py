"""Training in a real notebook: the bar, the picture that is redrawn, and what a page of it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CELLS = (
    "import nn, autograd\n"
    "x, y = nn.data.two_moons(60, rng=0)\n"
    "model = nn.MLP(2, [4, 2], rng=0)\n"
    "options = {'optimizer': 'adam', 'epochs': 3, 'batch_size': 20, 'rng': 0}",
    "nn.fit(model, nn.cross_entropy, (x, y), **options)",
    "history = nn.fit(model, nn.cross_entropy, (x, y), live=True, **options)",
    "nn.fit(model, nn.cross_entropy, (x, y), progress=False, metrics=nn.metrics.accuracy, **options)",
    "autograd.draw(model, x[0], view='network')",
)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A notebook that has been run by a kernel without widgets."""
    nbformat = pytest.importorskip("nbformat", reason="the extra `browser` is not there")
    client = pytest.importorskip("nbclient", reason="the extra `browser` is not there")
    pytest.importorskip("ipykernel", reason="the extra `browser` is not there")
    pytest.importorskip("matplotlib")
    made = nbformat.v4.new_notebook()
    hidden = "import sys; sys.modules['ipywidgets'] = None"
    made.cells = [nbformat.v4.new_code_cell(source) for source in (hidden, *CELLS)]
    made.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    client.NotebookClient(made, timeout=120).execute()
    made.cells = made.cells[1:]
    return made


def test_nothing_is_printed_on_red_and_each_cell_leaves_one_of_each_output(notebook: Any) -> None:
    kinds = [
        [(each.output_type, *sorted(each.get("data", {}))) for each in cell.outputs]
        for cell in notebook.cells
    ]
    text = ("display_data", "text/plain")
    # As HTML, too: only there do today's front ends read the words for who sees no pictures.
    png = ("display_data", "image/png", "text/html", "text/plain")
    history = ("execute_result", "image/png", "text/plain")
    assert kinds[:4] == [[], [text, history], [png], [history]]
    (bar, _) = notebook.cells[1].outputs
    assert "epoch 3/3: 100%" in bar.data["text/plain"]
    assert "9/9" in bar.data["text/plain"]


@pytest.mark.parametrize("width", [1366, 390])
def test_a_page_of_it_shows_every_picture_within_its_column(
    notebook: Any, width: int, tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    nbconvert = pytest.importorskip("nbconvert", reason="the extra `browser` is not there")
    exporter = nbconvert.HTMLExporter(mathjax_url="", require_js_url="")
    text, _ = exporter.from_notebook_node(notebook)
    path = tmp_path / "training.html"
    path.write_text(text, encoding="utf-8")
    page = open_page(path, size=(width, 900))
    images = page.query_selector_all("img")
    assert len(images) == 4
    for image in images:
        box = image.evaluate(
            "e => [e.naturalWidth, e.parentElement.getBoundingClientRect().right, innerWidth]"
        )
        assert box[0] > 0
        assert box[1] <= box[2] + 1
