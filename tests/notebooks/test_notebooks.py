"""The notebooks: each runs from a clean kernel and gives what its file shows, which is fit to be read.

What can be seen in a file is checked always. Running needs the extra ``notebooks``; without it these
tests are skipped, and ``-m "not notebooks"`` leaves them out where it is there.
"""

from __future__ import annotations

import ast
import copy
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
WATCH = Path(__file__).with_name("watch_figures.py")
LIMIT, LONG = 40, 90
"""Seconds on two quiet cores; those that train on much data may take longer."""
LONG_ONES = ("09", "10")
BUSY = 5  # how many times longer a machine that does other things may take
MEGABYTES = 15


def by_path(path: Path) -> Any:
    """A module that is no part of the package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


refresh = by_path(FOLDER / "refresh.py")
claims = by_path(FOLDER / "claims.py")
NOTEBOOKS = refresh.names()
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def outputs_of(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [output for cell in code_cells(notebook) for output in cell["outputs"]]


def source(cell: dict[str, Any]) -> str:
    return refresh.joined(cell["source"])


# --- what stands in the file ----------------------------------------------------------------------


@each_notebook
def test_a_notebook_is_run_in_order_and_without_errors(path: Path) -> None:
    notebook = refresh.read(path)
    counts = [cell["execution_count"] for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    kinds = [output["output_type"] for output in outputs_of(notebook)]
    assert "error" not in kinds
    streams = {output["name"] for output in outputs_of(notebook) if "name" in output}
    assert streams <= {"stdout"}, "warnings, or other complaints"


@each_notebook
def test_a_notebook_is_saved_as_refresh_saves_it(path: Path) -> None:
    # No times of execution, no versions, no trust: python notebooks/refresh.py leaves it as it is.
    notebook = refresh.read(path)
    assert notebook == refresh.normalised(notebook)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)


@each_notebook
def test_no_cell_was_changed_after_a_notebook_was_run(path: Path) -> None:
    notebook = refresh.read(path)
    told = "not up to date: python notebooks/refresh.py"
    assert notebook["metadata"][refresh.DIGEST] == refresh.digest(notebook), told


MACHINE = re.compile(
    r"/tmp/|/home/|/root/|/usr/|/Users/|[A-Z]:\\|ipykernel_\d|site-packages|\b0x[0-9a-fA-F]{6,}"
)
TIME = re.compile(r"\b\d+(?:\.\d+)? ?(?:ns|µs|us|ms|s|sec|seconds|minutes|it/s)\b")


@each_notebook
def test_a_notebook_tells_nothing_of_a_machine_or_its_clock(path: Path) -> None:
    notebook = refresh.read(path)
    told = [text for output in outputs_of(notebook) for text in refresh.texts(output).values()]
    told += [source(cell) for cell in notebook["cells"]]
    assert [found.group() for text in told for found in MACHINE.finditer(text)] == []
    streams = [refresh.texts(x).get("stdout", "") for x in outputs_of(notebook)]
    assert [found.group() for text in streams for found in TIME.finditer(text)] == []


@each_notebook
def test_a_notebook_begins_with_its_number_and_says_which_lecture_it_follows(path: Path) -> None:
    notebook = refresh.read(path)
    first = source(notebook["cells"][0])
    assert re.match(rf"# {int(path.name[:2])}\. \S", first), first[:60]
    prose = "\n".join(source(c) for c in notebook["cells"] if c["cell_type"] == "markdown")
    assert re.search(r"DD2424|11-785|CS ?453X|[Nn]otes", prose)


@each_notebook
def test_a_notebook_checks_what_it_claims_and_shows_a_figure(path: Path) -> None:
    notebook = refresh.read(path)
    checks = sum(len(re.findall(r"^\s*assert\b", source(c), re.M)) for c in code_cells(notebook))
    assert checks >= 5
    images = [
        x["data"]["image/png"] for x in outputs_of(notebook) if "image/png" in x.get("data", {})
    ]
    assert images
    for image in images:
        assert min(refresh.size(refresh.joined(image))) > 100
        assert len(refresh.joined(image)) * 3 / 4 < 200e3


@each_notebook
def test_every_picture_of_a_notebook_has_an_alternative_text(path: Path) -> None:
    assert refresh.without_text(refresh.read(path)) == []


def exercises(notebook: dict[str, Any]) -> dict[str, tuple[dict[str, Any], ast.Call]]:
    """The cell that checks an answer, and its call of `check_answer`, by the answer's name."""
    found = {}
    for cell in code_cells(notebook):
        for node in ast.walk(ast.parse(source(cell))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("check_answer"):
                found[ast.unparse(node.args[0])] = cell, node
    return found


@each_notebook
def test_exercises_wait_for_an_answer(path: Path) -> None:
    notebook = refresh.read(path)
    asked = [
        name
        for cell in code_cells(notebook)
        for name in re.findall(r"^(answer_\d+) = \.\.\.$", source(cell), re.M)
    ]
    assert 3 <= len(asked) <= 8
    assert asked == [f"answer_{number}" for number in range(1, len(asked) + 1)]
    checked = exercises(notebook)
    assert list(checked) == asked
    for cell, _ in checked.values():
        told = [text for output in cell["outputs"] for text in refresh.texts(output).values()]
        assert [text.strip("'\n") for text in told] == ["not answered yet"]


def test_the_folder_is_small() -> None:
    assert sum(path.stat().st_size for path in NOTEBOOKS) < MEGABYTES * 1e6


def test_the_readme_has_a_line_for_each_in_order() -> None:
    table = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(.+)\]\((\S+\.ipynb)\) \| (.+) \| (\d+) s \|$", table, re.M)
    assert [name for _, name, _, _ in rows] == [path.name for path in NOTEBOOKS]
    for (title, name, lecture, seconds), path in zip(rows, NOTEBOOKS, strict=True):
        heading = source(refresh.read(path)["cells"][0]).splitlines()[0].lstrip("# ")
        assert title == heading, name
        assert lecture.strip()
        assert int(seconds) < (LONG if name.startswith(LONG_ONES) else LIMIT)
    assert sum(int(seconds) for *_, seconds in rows) < 8 * 60


# --- the lectures' claims -------------------------------------------------------------------------

UNCHECKABLE = {137: "a year"}


@pytest.mark.parametrize("claim", claims.claims(), ids=lambda claim: f"{claim.number}")
def test_a_claim_of_a_lecture_is_asserted_by_a_cell(claim: Any) -> None:
    found = claims.cells().get(claim.number, [])
    if claim.number in UNCHECKABLE:
        assert not found
        return
    assert any(claims.asserts(cell.source) for cell in found), f"{claim.heading}: {claim.claim}"


def test_the_readme_lists_the_claims_with_their_cells() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert claims.readme() == text, "run python notebooks/claims.py"


def test_a_cell_names_only_claims_that_there_are() -> None:
    assert set(claims.cells()) <= {claim.number for claim in claims.claims()}


def test_an_assertion_is_told_from_a_figure() -> None:
    assert claims.asserts("assert x == 1")
    assert claims.asserts("for x in y:\n    np.testing.assert_allclose(x, 1)")
    assert not claims.asserts("figure = plt.figure()  # assert nothing")


# --- running --------------------------------------------------------------------------------------


def trials(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Cells that give a right and a wrong answer to each exercise: its truth can be computed."""
    added = []
    for name, (_, call) in exercises(notebook).items():
        options = "".join(f", {ast.unparse(each)}" for each in call.keywords)
        algorithm = any(each.arg == "arguments" for each in call.keywords)
        lines = [
            "from autograd import check_answer as judged",
            f"truth = {ast.unparse(call.args[1])}",
        ]
        lines += (
            [
                "right, wrong = truth, lambda *given: 12345.678",
            ]
            if algorithm
            else [
                "truth = truth() if callable(truth) else truth",
                "cases = isinstance(truth, list) and isinstance(truth[0], tuple)",
                "right = (lambda x: next(v for a, v in truth if a is x)) if cases else truth",
                "wrong = (lambda x: 12345.678) if cases else 12345.678",
            ]
        )
        lines += [
            f"print({name!r}, judged(right, truth{options}))",
            f"print({name!r}, judged(wrong, truth{options}))",
        ]
        added.append(
            {
                "cell_type": "code",
                "id": f"trial-{name}",
                "metadata": {},
                "source": "\n".join(lines),
                "execution_count": None,
                "outputs": [],
            }
        )
    return added


@pytest.mark.notebooks
@each_notebook
def test_a_notebook_gives_from_a_clean_kernel_what_its_file_shows(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in refresh.NEEDED:
        pytest.importorskip(module, reason='to run notebooks: pip install ".[notebooks]"')
    noted = tmp_path / "figures.json"
    monkeypatch.setenv("CHALKGRAD_FIGURES", str(noted))
    committed = refresh.read(path)
    more = trials(committed)
    run = refresh.executed(
        committed | {"cells": committed["cells"] + more},
        timeout=BUSY * (LONG if path.name.startswith(LONG_ONES) else LIMIT),
        startup=[WATCH],
    )
    tried = run["cells"][len(committed["cells"]) :]
    run["cells"] = run["cells"][: len(committed["cells"])]
    stale = refresh.differences(committed, run)
    assert stale == [], "not up to date: python notebooks/refresh.py"
    for cell in tried:
        right, wrong = refresh.joined(cell["outputs"][0]["text"]).splitlines()
        assert right.endswith(" right"), right
        assert "not right yet" in wrong, wrong
    lines = noted.read_text(encoding="utf-8").splitlines() if noted.exists() else []
    figures = [json.loads(line) for line in lines]
    assert len(figures) >= sum("image/png" in x.get("data", {}) for x in outputs_of(committed))
    assert [told for told in figures if told] == [], "what figures lack"


# --- the comparison itself ------------------------------------------------------------------------


def output(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def notebook_with(*outputs: dict[str, Any]) -> dict[str, Any]:
    cell = {"cell_type": "code", "id": "c01", "metadata": {}, "source": "f()", "execution_count": 1}
    return refresh.normalised({"cells": [cell | {"outputs": list(outputs)}]})


def picture(width: int, height: int) -> dict[str, Any]:
    import base64
    import struct

    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", width, height)
    data = {"image/png": base64.b64encode(head).decode(), "text/plain": "<Figure>"}
    return {"output_type": "display_data", "metadata": {}, "data": data}


ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (output("3 wrong\n"), output("4 wrong\n"), "3 wrong"),
        (output("loss 0.25\n"), output("loss 0.26\n"), "0.25"),
        (output("right\n"), output("wrong\n"), "right"),
        (output("right\n"), ERROR, "error"),
        (picture(300, 200), output("right\n"), "image/png"),
        (picture(300, 200), picture(400, 200), "300 × 200"),
    ],
)
def test_a_change_is_noticed(old: dict[str, Any], new: dict[str, Any], told: str) -> None:
    found = refresh.differences(notebook_with(old), notebook_with(new))
    assert len(found) == 1
    assert told in found[0]


def test_rounding_is_no_change() -> None:
    old = notebook_with(output("loss 0.12345, 3.1e-17 at 7\n"), picture(300, 200))
    new = notebook_with(output("loss 0.12346, -2.0e-16 at 7\n"), picture(301, 200))
    assert refresh.differences(old, new) == []


def test_missing_outputs_and_other_cells_are_noticed() -> None:
    old = notebook_with(output("right\n"))
    assert refresh.differences(old, notebook_with()) != []
    other = copy.deepcopy(old)
    other["cells"][0]["source"] = ["g()"]
    assert refresh.differences(old, other) != []
    other["cells"].append(other["cells"][0])
    assert refresh.differences(old, other) != []


def test_a_changed_cell_is_noticed_also_where_its_picture_has_the_same_size() -> None:
    saved = notebook_with(picture(300, 200))
    edited = copy.deepcopy(saved)
    edited["cells"][0]["source"] = ["g()"]
    run = refresh.normalised(edited)
    assert refresh.differences(saved, refresh.normalised(saved)) == []
    (found,) = refresh.differences(edited, run)
    assert "changed after" in found


def test_words_of_a_picture_are_compared() -> None:
    def drawn(label: str) -> dict[str, Any]:
        import autograd

        html = autograd.draw(autograd.Value(2.0, label))._repr_html_()
        return {"output_type": "display_data", "metadata": {}, "data": {"text/html": html}}

    assert refresh.differences(notebook_with(drawn("w")), notebook_with(drawn("w"))) == []
    (found,) = refresh.differences(notebook_with(drawn("w")), notebook_with(drawn("v")))
    assert "text/html" in found


def test_a_stream_in_pieces_is_one_and_times_are_dropped() -> None:
    pieces = notebook_with(output("a\n"), output("b\n"))
    assert pieces == notebook_with(output("a\nb\n"))
    pieces["cells"][0]["metadata"]["execution"] = {"iopub.status.busy": "2026-11-21T09:00:00Z"}
    assert refresh.normalised(pieces) == notebook_with(output("a\nb\n"))


def described(alt: str | list[str], *outputs: dict[str, Any]) -> dict[str, Any]:
    """A cell that says what its images show, saved."""
    notebook = notebook_with()
    notebook["cells"][0] |= {"outputs": list(outputs), "metadata": {"alt": alt, "claims": [3]}}
    return refresh.normalised(notebook)


def test_an_image_is_saved_with_the_text_of_its_cell_where_readers_look_for_it() -> None:
    notebook = described("The loss falls, and < 1", output("a\n"), picture(300, 200))
    (cell,) = notebook["cells"]
    assert cell["metadata"] == {"alt": "The loss falls, and < 1", "claims": [3]}
    image = cell["outputs"][1]
    assert image["metadata"] == {"image/png": {"alt": "The loss falls, and < 1"}}
    (page,) = image["data"]["text/html"]
    assert page.startswith('<img alt="The loss falls, and &lt; 1" src="data:image/png;base64,iVBOR')
    assert refresh.normalised(notebook) == notebook
    assert refresh.without_text(notebook) == []


def test_each_image_of_a_cell_has_a_text_of_its_own() -> None:
    notebook = described(["first", "second"], picture(300, 200), picture(200, 200))
    told = [x["metadata"]["image/png"]["alt"] for x in notebook["cells"][0]["outputs"]]
    assert told == ["first", "second"]
    with pytest.raises(ValueError, match=r"2 images needs as many alternative texts .* and has 1"):
        described("one for two", picture(300, 200), picture(200, 200))


def test_pictures_without_a_text_are_told_with_their_cell() -> None:
    def shown(page: str) -> dict[str, Any]:
        return {"output_type": "display_data", "metadata": {}, "data": {"text/html": page}}

    (told,) = refresh.without_text(notebook_with(picture(300, 200), picture(300, 200)))
    assert told == 'cell 1 (c01): 2 pictures have no alternative text ("alt")'
    for page in ('<img src="x.png">', '<img alt=" " src="x.png">', "<svg><g/></svg>"):
        assert len(refresh.without_text(notebook_with(shown(page)))) == 1, page
    for page in ('<img alt="a" src="x.png">', '<svg role="img" aria-label="a"></svg>'):
        assert refresh.without_text(notebook_with(shown(page))) == [], page


@pytest.mark.notebooks
def test_a_page_made_by_nbconvert_has_the_alternative_texts() -> None:
    nbconvert = pytest.importorskip("nbconvert", reason='pip install ".[notebooks]"')
    nbformat = pytest.importorskip("nbformat", reason='pip install ".[notebooks]"')
    notebook = described("The loss falls", picture(300, 200))
    for template in ("lab", "classic"):
        exporter = nbconvert.HTMLExporter(template_name=template)
        page, _ = exporter.from_notebook_node(nbformat.reads(json.dumps(notebook), as_version=4))
        assert re.findall(r'<img[^>]*alt="([^"]*)"', page) == ["The loss falls"], template


@pytest.mark.notebooks
def test_a_cell_that_raises_ends_the_run() -> None:
    nbclient = pytest.importorskip("nbclient", reason='pip install ".[notebooks]"')
    pytest.importorskip("ipykernel", reason='pip install ".[notebooks]"')
    pytest.importorskip("matplotlib", reason='pip install ".[notebooks]"')
    broken = notebook_with()
    broken["cells"][0]["source"] = ["assert 1 + 1 == 3"]
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="AssertionError"):
        refresh.executed(broken)


@pytest.mark.notebooks
def test_figures_without_labels_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in refresh.NEEDED:
        pytest.importorskip(module, reason='pip install ".[notebooks]"')
    noted = tmp_path / "figures.json"
    monkeypatch.setenv("CHALKGRAD_FIGURES", str(noted))
    bare = notebook_with()
    bare["cells"][0]["source"] = [
        "import matplotlib.pyplot as plt\n",
        "figure, axes = plt.subplots()\n",
        "axes.plot([1, 2], label='a')\n",
        "axes.plot([2, 1], label='b')\n",
        "axes.set_ylabel('loss')",
    ]
    refresh.executed(bare, startup=[WATCH])
    (told,) = [json.loads(line) for line in noted.read_text(encoding="utf-8").splitlines()]
    assert told == ["no title", "axes 1: no x label", "axes 1: no legend for a, b"]
