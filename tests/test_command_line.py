"""The command that writes a page to step through an expression; `test_expressions` has the other."""

from __future__ import annotations

import json
import linecache
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import autograd
from autograd.__main__ import PLACE, computed, main

NEURON = "tanh(w1*x1 + w2*x2 + b)"
AT = "x1=2,x2=0,w1=-3,w2=1,b=6.88"


def run(capsys: Any, *arguments: str) -> tuple[int, str, str]:
    """Status, standard output and standard error of the command, in this process."""
    try:
        main(arguments)
        status = 0
    except SystemExit as stop:
        status = int(stop.code or 0)
    return status, *capsys.readouterr()


class Cells(HTMLParser):
    """The cells of the tables of a page, and the addresses it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.addresses: list[str] = []
        self._open = False

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.addresses += [v for k, v in attributes if k in ("src", "href") and v]
        if tag == "td":
            self._open = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.cells[-1] += data


def test_the_command_of_the_readme_writes_a_lesson(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "autograd", "step", NEURON, "--at", AT, "-o", "lesson.html"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(autograd.__file__).parents[1])},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith("value 0.706419; gradients: w1 1.00194, x1 -1.50292, w2 0")
    assert done.stdout.endswith("; 9 steps backward; saved lesson.html\n")
    page = Cells()
    page.feed((tmp_path / "lesson.html").read_text(encoding="utf-8"))
    assert all(address.startswith("data:") for address in page.addresses)
    assert sum(cell == "backward" for cell in page.cells) == 9
    assert sum(cell == "forward" for cell in page.cells) == 5
    assert sum(NEURON in cell for cell in page.cells) >= 14, "the user's line is the expression"


def test_the_page_goes_to_step_html_unless_told_otherwise(
    capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, "step", "x*x", "--at", "x=3")
    assert (status, err) == (0, "")
    assert out == "value 9; gradients: x 6; 2 steps backward; saved step.html\n"
    assert [path.name for path in tmp_path.iterdir()] == ["step.html"]
    status, out, _ = run(capsys, "step", "-x", "--at", "x=3")
    assert (status, out) == (0, "value -3; gradients: x -1; 1 step backward; saved step.html\n")


def test_options_reach_the_stepper(
    capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    pages = set()
    for options in (
        [],
        ["--start", "2"],
        ["--start", "-1"],
        ["--start", "backward"],
        ["--digits", "6"],
        ["--formula", "numbers"],
        ["--formula", "symbols"],
        ["--ask"],
    ):
        status, _, err = run(capsys, "step", NEURON, "--at", AT, *options)
        assert (status, err) == (0, "")
        pages.add((tmp_path / "step.html").read_text(encoding="utf-8"))
    assert len(pages) == 8
    assert sum("0.706419" in page for page in pages) == 1


def test_each_command_writes_the_file_that_its_name_says(
    capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    begins = {".svg": b"<svg", ".tex": b"% pdflatex", ".html": b"<!DOCTYPE", ".dot": b"digraph"}
    for command, endings in (("draw", begins), ("step", (".tex", ".html"))):
        for ending in endings:
            status, out, err = run(
                capsys, command, "x*x", "--at", "x=3", "-o", f"{command}{ending}"
            )
            assert (status, err) == (0, "")
            assert out.endswith(f"saved {command}{ending}\n")
            assert (tmp_path / f"{command}{ending}").read_bytes().startswith(begins[ending])
    status, out, _ = run(capsys, "step", "x*x", "--at", "x=3", "-o", "lesson.svg")
    assert (status, out.endswith("saved lesson-000.svg and the slides after it\n")) == (0, True)
    assert len(list(tmp_path.glob("lesson-*.svg"))) == 5


def test_slides_without_matplotlib_are_one_line_that_says_what_to_install(
    capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    status, out, err = run(capsys, "step", "x*x", "--at", "x=3", "-o", "lesson.pdf")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert 'pip install ".[plot]"' in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x +", "--at", "x=1"], "cannot read"),
        (["x * y", "--at", "x=1"], r"no value for y: add --at y=\.\.\."),
        (["x", "--at", "x=one"], "'one' is not a number"),
        (["2 + 3"], "no gradient"),
        (
            ["x", "--at", "x=1", "-o", "lesson.gif"],
            r"a stepper as 'lesson\.gif': the name ends in \.html, \.htm, \.pdf, \.tex, \.svg",
        ),
        (["x", "--at", "x=1", "-o", ""], r"a stepper as '': the name ends in \.html"),
        (["x", "--at", "x=1", "-o", "absent/x.html"], "cannot write absent/x.html"),
        (["x", "--at", "x=1", "-o", "folder.html"], "cannot write folder.html"),
        (["x", "--at", "x=1", "--start", "last"], "a whole number or \"backward\", not 'last'"),
        (["x*x", "--at", "x=1", "--start", "100"], "start is a position from 0 to"),
        (["x", "--at", "x=1", "--digits", "0"], "digits is a whole number from 1 to 17"),
        (["x", "--at", "x=1", "--digits", "two"], "invalid int value: 'two'"),
        (["x", "--at", "x=1", "--formula", "tex"], "invalid choice: 'tex'"),
        (["x", "--at", "x=1", "--colour", "red"], "unrecognized arguments: --colour red"),
        ([], "required: expression"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.html").mkdir()
    status, out, err = run(capsys, "step", *arguments)
    assert (status, out) == (2, "")
    assert re.fullmatch(r"python -m autograd( step)?: [^\n]+\n", err)
    assert re.search(message, err)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.html"]


def test_the_line_that_made_a_node_is_the_expression() -> None:
    result, leaves = computed(" exp(x) * y ", ["x=0,y=2"])
    assert result.data == 2.0
    assert list(leaves) == ["x", "y"]
    for node in autograd.topological_order(result):
        if not node.is_leaf:
            assert node.site is not None
            assert (node.site.filename, node.site.line) == (PLACE, 1)
            assert node.site.text == "exp(x) * y"
    linecache.checkcache()
    assert linecache.getline(PLACE, 1) == "exp(x) * y\n"


def test_the_help_tells_the_options(capsys: Any) -> None:
    status, out, _ = run(capsys, "step", "--help")
    assert status == 0
    for word in ("--at", "--output", "--start", "--digits", "--formula", "--ask", "tanh", ".html"):
        assert word in out
    status, out, _ = run(capsys)
    assert status == 0
    assert "step" in out
    assert "draw" in out


def test_a_living_page_is_written_and_what_a_step_moves_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, "live", NEURON, "--at", AT, "--train", "w1, b", "--digits", "3")
    assert (status, err) == (0, "")
    assert out.startswith("value 0.706419; gradients: w1 1.00194,")
    assert out.endswith("saved live.html\n")
    page = Path("live.html").read_text(encoding="utf-8")
    data = json.loads(page.partition("data-drawing-data>")[2].partition("</script>")[0])
    moved = {leaf["name"]: leaf["train"] for leaf in data["live"]["leaves"]}
    assert moved == {"w₁": True, "x₁": False, "w₂": False, "x₂": False, "b": True}
    assert data["live"]["marks"]["digits"] == 3
    status, _, err = run(capsys, "live", NEURON, "--at", AT, "--train", "w9")
    assert (status, err.count("\n")) == (2, 1)
    assert "w9" in err
    status, _, err = run(capsys, "live", NEURON, "--at", AT, "-o", "live.svg")
    assert (status, err.count("\n")) == (2, 1)


def test_a_lesson_can_be_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "step", NEURON, "--at", AT, "--live")[0] == 0
    live = Path("step.html").read_text(encoding="utf-8")
    assert run(capsys, "step", NEURON, "--at", AT)[0] == 0
    still = Path("step.html").read_text(encoding="utf-8")
    assert "class Graph" in live
    assert "class Graph" not in still
    assert len(still) < 0.7 * len(live)


@pytest.mark.parametrize(("language", "file"), [("numpy", "f.py"), ("javascript", "f.js")])
def test_a_source_is_printed_or_saved(
    language: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["source", "tanh(w*x + b)", "--language", language]
    main(command)
    shown = capsys.readouterr().out
    main([*command, "-o", file])
    assert capsys.readouterr().out == f"saved {file}\n"
    assert (tmp_path / file).read_text(encoding="utf-8") == shown
    with pytest.raises(SystemExit):
        main([*command, "-o", "f.txt"])
    assert f"the name ends in {Path(file).suffix}" in capsys.readouterr().err


def test_a_source_of_numpy_gives_the_gradients(capsys: Any) -> None:
    main(["source", "w*x + b"])
    scope: dict[str, Any] = {}
    exec(capsys.readouterr().out, scope)
    assert scope["f"](2.0, 3.0, 1.0) == (7.0, {"w": 3.0, "x": 2.0, "b": 1.0})
