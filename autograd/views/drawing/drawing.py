"""Drawing: the graph below a node as a picture that a notebook shows and a file keeps."""

from __future__ import annotations

import html
import inspect
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.engine.graph import Node
from autograd.engine.value import Value
from autograd.formulas.tex import formula_in_tex
from autograd.support.caching import cached_property
from autograd.support.installing import install_hint
from autograd.support.late import importing
from autograd.support.publishing import publish
from autograd.views.canvas.embedding import Embedded
from autograd.views.canvas.page import fingerprint
from autograd.views.canvas.rendering import RenderingError, render
from autograd.views.canvas.theme import DARK, LIGHT, THEMES, style_sheet
from autograd.views.drawing.dot import DOOR, dot_source
from autograd.views.drawing.folding import READABLE, crowd
from autograd.views.drawing.painting import Painting
from autograd.views.drawing.picture import DETAILS, Picture

if TYPE_CHECKING:
    from autograd.views.drawing.living import LiveDrawing

SUFFIXES = (".svg", ".png", ".pdf", ".tex", ".html", ".htm", ".dot", ".gv")
"""The endings of files that a drawing can be saved as."""

POINTS = 9.75
"""The size of text in Graphviz's points: 13 pixels."""

WHOLE = 100
"""Boxes, or a third of the arrows, from which modules are folded unless else is asked for."""

RANKDIRS = ("LR", "RL", "TB", "BT")


def draw(
    node: Any,
    x: Any = None,
    *,
    view: str | None = None,
    depth: int | None = None,
    unfold: Sequence[str] = (),
    max_nodes: int | None = 300,
    values: bool = True,
    gradients: bool = True,
    local_derivatives: bool = True,
    details: bool | Sequence[str] = False,
    parts: bool = False,
    rankdir: str | None = None,
    theme: str = "auto",
    digits: int = 4,
) -> Any:
    """Draw the graph that a node was computed by; or a model, as its architecture or as a network.

    A box holds a node's operation, its name or a short formula, and of a Value its data and gradient
    (``grad not computed`` before a backward pass has reached it; ``grad not kept`` on an interior
    tensor, see `retain_grads`). The box of a tensor tells its shape, and its data and gradient where
    these are no more than three numbers; the rest is there when it is asked for, by ``details=True``:
    the dtype, and data and gradient, of more than 3 x 3 summed up by minimum, mean and maximum (and the
    norm of a gradient). The label of an edge is the local derivative ∂output/∂argument: the number
    itself between Values, the kind and shape of the Jacobian between tensors (``diagonal 6×6``). The
    gradient of a node is the sum over the edges that leave it of (label × gradient at the edge's end),
    which is all that a backward pass computes. Dashed edges carry no gradient.

    What was computed inside a module is framed and titled by its layer, ``layer 1 (Linear)``: those
    that multiply by weights count 1, 2, 3, in every view, and activations and normalisations belong to
    the layer before them. Boxes tell by their lines what they are: sharp corners on what the user
    made, round ones on what was computed; thick lines on a parameter (a leaf that lives in a module)
    and on the output; dashed lines on constants; dotted lines on a box that stands for many nodes. A
    layer of Values is one ``Σ w·x + b``; the constant 1 that multiplies its bias is not drawn.

    The drawing shows the graph as it is now. Nothing is rendered until it is shown or saved, and the
    same graph renders to the same bytes.

    **Models.** ``draw(model)`` shows the modules with their parameters, and needs no data.
    ``draw(model, view="network")`` shows units as circles and weights as lines, their size as thickness
    and their sign as colour; ``draw(model, x, view="network")`` fills the units by the values that they
    have for x (of a batch, the mean). It is for affine maps with activations between them, and leaves
    units out of layers of more than 64, which it says. Of an output of such a model
    ``draw(output, view="network")`` shows the same. A model is what has ``__draw__``, see
    `nn.Module.__draw__`; of the options ``depth``, ``theme`` and ``digits`` are for models.

    Args:
        node: a Value or a Tensor, or several of them; or a model.
        x: an input of the model.
        view: of a model ``"architecture"``, which it is when left out, or ``"network"``; of nodes
            ``"graph"``, or ``"network"``.
        depth: how many levels of modules are shown open: with ``depth=0`` the outermost module is one
            box with its shapes and its parameter count, with ``depth=1`` each module in it, and so on;
            a module with none inside is one box too. ``None`` opens all, but of more than 100 boxes no
            more than can be read on a screen; the picture says how the others are opened.
        unfold: the paths of modules to open all the same: ``unfold=("layers.0",)``. Those around them
            open too.
        max_nodes: a larger graph is folded until it has no more boxes than this: the deepest modules
            first, then long runs of like nodes; so is one with more than three times as many edges. The
            picture says what it leaves out. ``None`` draws all.
        values: whether boxes show data.
        gradients: whether boxes show gradients.
        local_derivatives: whether edges show local derivatives.
        details: what the box of a tensor tells beside its name and shape: ``True`` for all there is, or
            a list of ``"dtype"``, ``"data"`` and ``"grad"``.
        parts: whether a loss of logits, which is one operation of tensors, is drawn by its parts, as
            DD2424 draws J: softmax (or the sigmoid) p, the loss l of it, and beside them the penalty r
            of ``J = l + λ r``; each with its value and, after a backward pass, its gradient. The graph
            itself stays as it is, and so do names that are taken.
        rankdir: where the outputs are: ``"LR"`` right, ``"RL"`` left, ``"TB"`` bottom, ``"BT"`` top.
            When left out, right if the picture can be read so without scrolling (it is at most 1,300
            pixels wide), or is not wider than from top to bottom; else at the bottom.
        theme: ``"light"``, ``"dark"``, or ``"auto"``: light, and dark where the reader's browser asks
            for dark pages. Each has a background of its own, so that all of them read on any page.
        digits: significant digits of the numbers.

    Raises:
        TypeError: for anything but nodes and models, and for an option that the picture has no use for.
        ValueError: for an option with a value it cannot have, or a path to unfold that no node has.

    >>> import autograd
    >>> x, w = autograd.Value(2.0, "x"), autograd.Value(-3.0, "w")
    >>> y = (w * x).tanh()
    >>> drawing = autograd.draw(y)
    >>> drawing
    <Drawing of 4 nodes and 3 edges: .save("graph.svg"), .svg, .source>
    >>> "w|data −3|grad not computed" in drawing.source
    True
    """
    check_looks(theme, digits, depth)
    of_graphs = {
        "unfold": unfold,
        "max_nodes": max_nodes,
        "values": values,
        "gradients": gradients,
        "local_derivatives": local_derivatives,
        "details": details,
        "parts": parts,
        "rankdir": rankdir,
    }
    if callable(getattr(type(node), "__draw__", None)) and not isinstance(node, type):
        from autograd.views.drawing.models import draw_model

        _check_unused(of_graphs, "model")
        return draw_model(node, x, view=view, depth=depth, theme=theme, digits=digits)
    if callable(node) and not isinstance(node, Node):
        raise TypeError(no_model(node))
    roots = checked_roots(node, "draw()")
    if x is not None:
        raise TypeError(
            f"draw(model, x) is for a model, and draw(node) takes no input, got {x!r:.60}: a picture is "
            'saved by draw(node).save("graph.svg")'
        )
    if view not in (None, "graph", "network"):
        raise ValueError(f"view of nodes is 'graph' or 'network', not {view!r}")
    if view == "network":
        from autograd.views.drawing.network import network_picture

        _check_unused({**of_graphs, "depth": depth}, "network")
        return network_picture(roots, "Network", "", known=True, theme=theme, digits=digits)
    if rankdir is not None and rankdir not in RANKDIRS:
        raise ValueError(f"rankdir is one of {', '.join(RANKDIRS)}, not {rankdir!r}")
    if max_nodes is not None and (not _is_whole(max_nodes) or max_nodes < 1):
        raise ValueError(f"max_nodes is a positive whole number or None, not {max_nodes!r}")
    if isinstance(unfold, str) or not all(isinstance(path, str) for path in unfold):
        raise TypeError(f"unfold is a list of modules' paths, not {unfold!r}")
    kept: Mapping[Node, Any] | None = None
    if parts:
        with importing():  # here, so that nobody waits for the file who does not ask for it
            from autograd.views.drawing.parts import taken_apart

        roots, kept = taken_apart(roots)
    picture = Picture(
        roots,
        digits=digits,
        gradients=kept,
        details=_checked_details(details),
        values=values,
        show_gradients=gradients,
        local_derivatives=local_derivatives,
        depth=depth,
        unfold=tuple(unfold),
        max_nodes=max_nodes,
    )
    paths = {path for frame in picture.outline.frames for path, _ in frame}
    if unknown := [path for path in unfold if path not in paths]:
        raise ValueError(
            f"unfold names {unknown[0]!r}, and no node was made in a module of that path; there are "
            f"{', '.join(map(repr, sorted(paths)[:20])) or 'none'}"
        )
    painting = Painting(picture, rankdir)
    if depth is None and max_nodes is not None and WHOLE < crowd(picture.outline) <= max_nodes:
        # Modules are folded, the deepest first, until all can be read on a screen.
        deepest = max(map(len, picture.outline.frames))
        tries = [(level, max_nodes) for level in range(deepest - 1, 0, -1)]
        for level, most in [*tries, (1, READABLE)] if tries else []:
            if painting.fits:
                break
            picture = picture.folded_to(level, most)
            painting = Painting(picture, rankdir)
    words = counted(picture.nodes + len(picture.folded), "node")
    if picture.folded:
        words += f" ({len(picture.folded)} folded into {counted(len(picture.folds), 'box')})"
    words += f" and {counted(picture.edges, 'edge')}"
    return Drawing(painting, words, theme)


def _check_unused(given: Mapping[str, Any], what: str) -> None:
    """Raise where an option is given that a picture of another kind than a graph ignores."""
    parameters = inspect.signature(draw).parameters
    for name, x in given.items():
        if x != parameters[name].default:
            raise TypeError(
                f"{name}= is for the picture of a graph, got {x!r} for that of a {what}"
            )


def _checked_details(details: Any) -> tuple[str, ...]:
    if isinstance(details, bool):
        return DETAILS if details else ()
    if isinstance(details, str) or not isinstance(details, list | tuple | set | frozenset):
        raise TypeError(f"details is True, False or a list of words, not {details!r}")
    if unknown := [each for each in details if each not in DETAILS]:
        raise ValueError(f"details are of {', '.join(DETAILS)}, not {unknown[0]!r}")
    return tuple(details)


def no_model(x: Any) -> str:
    """Why a class, a function or a model of one's own is not drawn."""
    if isinstance(x, type):
        return f"draw() takes a model or a node, not the class {x.__name__}: make one, {x.__name__}(...)"
    return (
        f"draw() takes a Value or a Tensor, or an nn.Module, not {_kind(x)}: of a model of your own "
        'draw what it gives, draw(model(x)) or draw(model(x), view="network")'
    )


def check_looks(theme: Any, digits: Any, depth: Any) -> None:
    """Raise for options that all pictures have, and that have a value they cannot have."""
    if theme not in THEMES:
        raise ValueError(f"theme is one of {', '.join(THEMES)}, not {theme!r}")
    if not _is_whole(digits) or not 1 <= digits <= 17:
        raise ValueError(f"digits is a whole number from 1 to 17, not {digits!r}")
    if depth is not None and (not _is_whole(depth) or depth < 0):
        raise ValueError(f"depth is a whole number from 0, or None, not {depth!r}")


def counted(n: int, what: str) -> str:
    """A number of things: 1 edge, 3 edges, 3 boxes."""
    return f"{n} {what}" + ("" if n == 1 else "es" if what.endswith("x") else "s")


def _is_whole(x: Any) -> bool:
    return isinstance(x, int) and not isinstance(x, bool)


def checked_roots(node: Any, what: str) -> list[Node]:
    """A node, or several, as a list without repeats; `what` is named when it is neither."""
    if isinstance(node, Node):
        return [node]
    if isinstance(node, np.ndarray) and node.dtype == object:
        node = node.ravel().tolist()
    if not isinstance(node, list | tuple):
        raise TypeError(f"{what} takes a Value or a Tensor, or a list of them, not {_kind(node)}")
    for each in node:
        if not isinstance(each, Node):
            raise TypeError(f"{what} takes a list of Values and Tensors; one item is {_kind(each)}")
    if not node:
        raise ValueError(f"{what} takes at least one Value or Tensor, got an empty list")
    return list(dict.fromkeys(node))


def _kind(x: Any) -> str:
    return f"{type(x).__name__} ({x!r:.40})"


# --- the picture ------------------------------------------------------------------------------------


class Drawing(Embedded):
    """The picture of a graph, made by `draw`. A notebook shows it; `save` writes it.

    >>> import autograd
    >>> drawing = autograd.draw(autograd.Value(2.0, "x") ** 2)
    >>> drawing.source.startswith("digraph")
    True
    """

    def __init__(self, painting: Painting, contents: str, theme: str = "light") -> None:
        if not isinstance(painting, Painting) or not isinstance(contents, str):
            raise TypeError(
                f"a Drawing is made by draw(node), not of {type(painting).__name__} and "
                f"{type(contents).__name__}"
            )
        self._size = contents
        self._what = "drawing"
        picture = painting.picture
        self._contents = f"graph of {contents}: {picture.outline.words(picture.digits)}"
        self._theme = theme
        self._colours = DARK if theme == "dark" else LIGHT
        self._painting = painting
        self._values = all(isinstance(root, Value) for root in painting.picture.outline.roots)
        self._svg: str | None = None

    def __repr__(self) -> str:
        return f'<Drawing of {self._size}: .save("graph.svg"), .svg, .source>'

    @cached_property
    def source(self) -> str:
        """The picture in Graphviz's DOT language, which needs no Graphviz to be there."""
        painting = self._painting
        return dot_source(painting.picture, painting.rankdir, self._colours, POINTS)

    @property
    def svg(self) -> str:
        """The picture as SVG of its natural size, made when first asked for.

        Its ids begin with a hash of its source: other pictures have other ids, and the same graph has
        the same bytes. Graphs of Values are laid out by this library; those of tensors by Graphviz, and
        where there is none by this library too.
        """
        if self._svg is None:
            self._svg = self._by_graphviz() if not self._values else None
            if self._svg is None:
                self._svg = self._painting.svg(self._colours, self._theme, self._prefix())
            words = f'<svg role="img" aria-label="{html.escape(self._contents)}"'
            self._svg = self._svg.replace("<svg", words, 1)
        return self._svg

    def live(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        train: Sequence[Value] | None = None,
    ) -> LiveDrawing:
        """The drawing with leaves that can be changed: all numbers follow, in the notebook or a page.

        A leaf's box is dragged sideways, or changed by the arrow keys while it has the focus (with
        Shift in fine steps, by PageUp and PageDown in coarse ones), or by typing a number. Below the
        picture are a slider, gradient steps and their curve, and the code that runs: JavaScript, which
        the page carries with it. It needs no network and no kernel; where scripts do not run, the
        picture remains. What is folded has no numbers to show, and all leaves are in the list.

        Args:
            path: where a page is saved, .html; when left out none is.
            train: the leaves that a gradient step moves; it can be chosen in the page as well. When
                left out the parameters of modules, and where there are none the leaves that require a
                gradient and are not called as data are: x, x1, y, t, target and the like.

        Raises:
            TypeError: a graph of Tensors, or of several outputs.
            ValueError: a row that the page cannot compute; another ending; `train` has something that a
                gradient step cannot move.
            OSError: the file cannot be written.

        >>> import autograd
        >>> x, w = autograd.Value(2.0, "x"), autograd.Value(-3.0, "w")
        >>> autograd.draw((w * x).tanh()).live()
        <LiveDrawing of 4 nodes and 3 edges: .save("page.html"), .html>
        """
        roots = self._painting.picture.options["roots"]
        if len(roots) != 1:
            raise TypeError(f"a live drawing is of one output, and this one is of {len(roots)}")
        with importing():  # here, so that nobody waits for these files whose pictures are still
            from autograd.views.drawing.living import LiveDrawing

        live = LiveDrawing(self, self._painting, theme=self._theme, train=train)
        if path is not None:
            live.save(path)
        return live

    def _by_graphviz(self) -> str | None:
        try:
            picture = render(self.source, "svg").decode()
        except RenderingError:
            return None  # there is none: what is drawn without it shows the same
        return tidied(picture, self._prefix(), self._theme)

    def _printed(self, format: str) -> bytes:
        """The picture by Graphviz, of Values with everything in the places that the SVG has."""
        painting, source = self._painting, self.source
        if self._values:
            source = dot_source(
                painting.picture, painting.rankdir, self._colours, POINTS, painting.places()
            )
        try:
            return render(source, format, placed=self._values)
        except RenderingError as none:
            try:
                return super()._printed(format)
            except ImportError:
                raise RenderingError(
                    f"{none}; matplotlib makes it too: {install_hint('plot')}"
                ) from None

    def _formulas(self) -> Mapping[str, str]:
        names, found = self._painting.picture.outline.names, {}
        for box in self._painting.boxes:
            if box.node is None or not box.cells:
                continue
            text, symbol = box.cells[-1], names.symbols.get(box.node)
            if symbol is None and len(box.cells) > 1:
                found[text] = formula_in_tex(text)
            elif symbol is not None and text == symbol.text:
                found[text] = symbol.latex
        return found

    def _prefix(self) -> str:
        return f"g{fingerprint(f'{self._theme} {self.source}')}-"

    def _formats(self) -> Mapping[str, Callable[[], bytes]]:
        def source() -> bytes:
            return self.source.encode()

        return {**super()._formats(), ".dot": source, ".gv": source}


def tidied(picture: str, prefix: str, theme: str) -> str:
    """Graphviz's SVG made fit for a page: own ids, its size in pixels, no address, its style inside."""
    picture = picture[picture.index("<svg") :]  # without the address of a DTD
    head, rest = picture.split(">", 1)
    # A point is 4/3 of CSS's pixels.
    head = re.sub(
        r'\b(width|height)="([\d.]+)pt"', lambda m: f'{m[1]}="{float(m[2]) * 4 / 3:.0f}"', head
    )
    head = head.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    # Text in an SVG has its < and " escaped, so only Graphviz's own ids match.
    rest = rest.replace('<g id="', f'<g id="{prefix}')
    rest = headings_last(whole_arrows(re.sub(r"<!--.*?-->\n?", "", rest, flags=re.DOTALL)))
    style = style_sheet(f"{prefix}graph", theme)
    return f"{head}>\n<style>{style}</style>{rest}"


HEADING = re.compile(
    r'(<g id="([^"]*)" class="cluster">\n(<title>\w*</title>)\n<path [^>]*/>\n)(<text .*?</text>\n)',
    re.DOTALL,
)


def headings_last(picture: str) -> str:
    """What stands above a frame, drawn after the arrows into it: its halo keeps it legible."""
    headings = "".join(
        f'<g id="{frame}-heading" class="heading">\n{title}\n{text}</g>\n'
        for _, frame, title, text in HEADING.findall(picture)
    )
    before, _, after = HEADING.sub(r"\1", picture).rpartition("</g>\n</svg>")
    return f"{before}{headings}</g>\n</svg>{after}"


POINT = re.compile(rf'<g [^>]*class="node">\n<title>{DOOR}\d+</title>\n<ellipse [^>]*/>\n</g>\n')
FIRST_PART = re.compile(
    rf"<g [^>]*>\n<title>(\w+)[^<&]*&#45;&gt;({DOOR}\d+)[^<]*</title>\n"
    r'<path [^>]* d="([^"]*)"/>\n</g>\n'
)
SECOND_PART = re.compile(rf'<title>({DOOR}\d+)[^<&]*(&#45;&gt;.*</title>\n<path [^>]* d=")M')


def whole_arrows(picture: str) -> str:
    """The two parts of an arrow that passes through a point, as one arrow from box to box."""
    first = {point: (tail, path) for tail, point, path in FIRST_PART.findall(picture)}

    def joined(part: re.Match[str]) -> str:
        tail, path = first[part[1]]
        return f"<title>{tail}{part[2]}{path}L"

    if not first:
        return picture

    return SECOND_PART.sub(joined, FIRST_PART.sub("", POINT.sub("", picture)))


__all__ = ["Drawing", "draw"]
publish(__name__)
