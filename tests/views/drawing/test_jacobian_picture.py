"""Pictures of Jacobians: the matrix that is drawn, its structure, labels, limits and form."""

import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from numerics import check_close

import autograd
from autograd import Tensor, Value, jacobian_picture
from autograd.views.canvas import printing

SVG = "{http://www.w3.org/2000/svg}"
RNG = np.random.default_rng(0)
W = Tensor([[1.0, 2.0, -3.0], [3.0, 4.0, 0.5]], "W")
X = Tensor(RNG.standard_normal((3, 2)), "X")
V = Tensor([5.0, -6.0, 2.25], "x")


def texts(picture, kind):
    root = ElementTree.fromstring(picture.svg)
    return [text.text for text in root.iter(f"{SVG}text") if text.get("class") == kind]


def printed(picture):
    root = ElementTree.fromstring(picture.svg)
    found = [
        (float(t.get("y")), float(t.get("x")), float(t.text.replace("−", "-")))
        for t in root.iter(f"{SVG}text")
        if t.get("class") in ("number", "zero")
    ]
    return np.array([x for *_, x in sorted(found)]).reshape(picture.matrix.shape)


def differences(f, x, step=1e-6):
    columns = []
    for place in np.ndindex(x.shape):
        high, low = x.copy(), x.copy()
        high[place] += step
        low[place] -= step
        columns.append((f(high) - f(low)).ravel() / (2 * step))
    return np.array(columns).T


CASES = {
    "W x by W": (lambda: W @ V, W, lambda w: w @ V.data, "I₂ ⊗ xᵀ"),
    "W x by x": (lambda: W @ V, V, lambda v: W.data @ v, "W"),
    "W X by W": (lambda: W @ X, W, lambda w: w @ X.data, "I₂ ⊗ Xᵀ"),
    "W X by X": (lambda: W @ X, X, lambda x: W.data @ x, "W ⊗ I₂"),
    "tanh": (lambda: (V * 0.1).tanh(), None, lambda u: np.tanh(u), "diagonal"),
    "sum": (lambda: autograd.sum(X, axis=0), X, lambda x: x.sum(axis=0), "1ᵀ ⊗ I₂"),
    "add": (lambda: V + 1.0, V, lambda v: v + 1.0, "I₃"),
    "softmax": (
        lambda: autograd.softmax(V),
        V,
        lambda v: np.exp(v - v.max()) / np.exp(v - v.max()).sum(),
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_numbers_are_those_of_differences_and_the_structure_is_named(case):
    make, parent, f, structure = CASES[case]
    node = make()
    parent = node.parents[0] if parent is None else parent
    picture = jacobian_picture(node, parent, digits=17)
    expected = differences(f, parent.data)
    check_close(picture.matrix, expected, 1e-6)
    check_close(printed(picture), picture.matrix, 1e-12)
    assert picture.structure == structure
    assert f"{expected.shape[0]}×{expected.shape[1]}" in picture.title
    assert structure in texts(picture, "title")[0]


def test_the_title_says_the_kind_that_the_local_derivative_has():
    for node in (W @ V, V.tanh(), autograd.softmax(V), X.sum(), X.T):
        picture = jacobian_picture(node, node.parents[0])
        assert node.local_derivatives[0].kind == picture.kind
        assert picture.kind in texts(picture, "title")[0]


def test_rows_and_columns_are_labelled_by_index():
    node = W @ X
    node.name = "H"
    labels = texts(jacobian_picture(node, W), "label")
    assert labels == ["H₁₁", "H₁₂", "H₂₁", "H₂₂", "w₁₁", "w₁₂", "w₁₃", "w₂₁", "w₂₂", "w₂₃"]


def test_blocks_are_parted_by_lines():
    root = ElementTree.fromstring(jacobian_picture(W @ X, W).svg)
    lines = [path.get("d") for path in root.iter(f"{SVG}path") if path.get("class") == "block"]
    assert len(lines) == 3  # one across, one down, and the frame


def test_zeros_are_faint_and_signs_have_two_colours():
    root = ElementTree.fromstring(jacobian_picture(W @ V, V).svg)
    fills = [rect.get("fill") for rect in root.iter(f"{SVG}rect") if rect.get("fill")]
    assert len(set(fills)) == 2
    assert len(fills) == 6
    zeros = texts(jacobian_picture(V.tanh(), V), "zero")
    assert zeros == ["0"] * 6


def test_an_argument_that_is_used_twice_has_the_sum_of_its_uses():
    assert np.array_equal(jacobian_picture(V * V, V).matrix, np.diag(2 * V.data))


def test_a_value_has_a_matrix_of_one_number():
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    picture = jacobian_picture(a * b, a)
    assert picture.matrix.tolist() == [[-3.0]]
    assert texts(picture, "number") == ["−3"]


def test_numbers_that_are_not_finite_are_drawn():
    t = Tensor([0.0, 1.0], "t")
    with np.errstate(all="ignore"):
        picture = jacobian_picture(autograd.sqrt(t), t)
    assert "inf" in texts(picture, "number")


def test_a_matrix_that_is_too_large_raises_with_its_size_and_the_limit():
    big = Tensor(np.ones((10, 10)), "big")
    with pytest.raises(ValueError, match=r"64 rows and columns; this one is 100 x 100 \(10,000"):
        jacobian_picture(big.tanh(), big)
    empty = Tensor(np.ones((0,)), "none")
    with pytest.raises(ValueError, match="0 x 0"):
        jacobian_picture(empty.tanh(), empty)


def test_what_is_no_parent_raises_and_the_parents_are_named():
    with pytest.raises(ValueError, match="x is not a parent of the node; its parents are W, X"):
        jacobian_picture(W @ X, V)
    with pytest.raises(ValueError, match="its parents are none"):
        jacobian_picture(V, W)
    with pytest.raises(TypeError, match="two nodes, got float"):
        jacobian_picture(W @ X, 3.0)
    for options in ({"theme": "x"}, {"digits": 0}):
        with pytest.raises(ValueError, match=next(iter(options))):
            jacobian_picture(W @ V, V, **options)


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", 'a"b', "é🐍", "\n\x00", "]]>", "&amp;"]
)
def test_a_name_is_text_and_nothing_else(name):
    t = Tensor([1.0, 2.0], name)
    root = ElementTree.fromstring(jacobian_picture(t.tanh(), t).svg)
    tags = {each.tag.removeprefix(SVG) for each in root.iter()}
    assert tags == {"svg", "title", "style", "rect", "text", "path"}


def test_it_is_shown_like_a_drawing_and_saved_as_svg(tmp_path):
    picture = jacobian_picture(W @ V, W)
    bundle = picture._repr_mimebundle_()
    assert list(bundle) == ["text/html", "text/plain"]
    assert list(picture._repr_mimebundle_(exclude=["text/html"])) == list(bundle)[1:]
    path = tmp_path / "jacobian.svg"
    assert picture.save(path) == path
    assert path.read_text(encoding="utf-8") == picture.svg
    assert picture.svg == jacobian_picture(W @ V, W).svg
    assert re.findall(r"https?://[^\"' ]*", picture.svg) == ["http://www.w3.org/2000/svg"]
    with pytest.raises(ValueError, match=r"'jacobian\.gif': the name ends in \.svg, \.png, \.pdf"):
        picture.save(tmp_path / "jacobian.gif")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_saved_as_png_and_pdf_as_large_as_it_is_and_in_its_colours(theme, tmp_path):
    Image = pytest.importorskip("PIL.Image")
    pytest.importorskip("matplotlib")
    t = Tensor(RNG.standard_normal((2, 2)), "$t$ & <x>")
    picture = jacobian_picture(t.softmax(axis=1), t, theme=theme)
    png, pdf = (picture.save(tmp_path / f"jacobian.{ending}") for ending in ("png", "PDF"))
    assert pdf.read_bytes().startswith(b"%PDF")
    image = Image.open(png).convert("RGB")
    width, height = re.search(r'width="(\d+)" height="(\d+)"', picture.svg).groups()
    assert image.size == (2 * int(width), 2 * int(height))
    colours = {colour for _, colour in image.getcolors(1 << 16)}
    page = (255, 255, 255) if theme == "light" else (22, 24, 29)
    assert image.getpixel((1, 1)) == page
    assert any(r > g + 60 and r > b + 60 for r, g, b in colours)  # positive entries
    assert any(b > r + 20 for r, g, b in colours)  # negative entries
    assert picture.save(tmp_path / "again.png").read_bytes() == png.read_bytes()


def test_without_matplotlib_the_error_says_what_to_install_and_no_file_is_begun(
    monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'becomes PNG by matplotlib.*pip install "\.\[plot\]"'):
        jacobian_picture(W @ V, W).save(tmp_path / "jacobian.png")
    assert list(tmp_path.iterdir()) == []


def test_what_printing_does_not_know_is_an_error_and_is_not_left_out():
    pytest.importorskip("matplotlib")
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="x"/></svg>'
    with pytest.raises(ValueError, match="no element 'image'"):
        printing.printed(svg, "png")


def test_it_has_its_natural_size_wherever_it_is_opened():
    svg = jacobian_picture(W @ V, W).svg
    head = svg[: svg.index(">")]
    assert "%" not in head
    assert re.search(r'width="\d+" height="\d+"', head)


def test_a_wide_matrix_is_shaded_without_numbers():
    t = Tensor(RNG.standard_normal((5, 7)), "t")
    picture = jacobian_picture(t.T, t)
    assert texts(picture, "number") == []
    assert picture.matrix.sum() == 35
