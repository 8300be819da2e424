"""The chain rule written out for a recorded graph, as the lectures write it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd.primitives.composites as _functions
from autograd.engine.graph import Node, describe, topological_order
from autograd.engine.passes import check_fresh
from autograd.engine.primitive import registry
from autograd.engine.value import Value
from autograd.formulas.typeset import ROW, equations, in_page
from autograd.support.late import importing
from autograd.support.publishing import publish
from autograd.views.derivation.lines import Line

SHOWN = 80
"""Lines of one part that are shown; of more, the first and the last. `Derivation.lines` holds all."""


DISPLAYED = 12
"""Rows of one display of LaTeX, between which pages cannot break."""


class _Functions:
    """What a line's Python finds as ``autograd``: the rows, which compute on arrays."""

    registry = registry

    def __getattr__(self, name: str) -> Any:
        if name in registry:
            return registry[name]
        return getattr(_functions, name)


@dataclass(frozen=True, slots=True, eq=False)
class Derivation:
    """The chain rule for one graph, line by line, made by `derivation`.

    A notebook shows it as mathematics; ``print`` shows plain text; `python` is the same as a program.

    Attributes:
        lines: `Line` objects, forward definitions first, in an order in which each can be evaluated.
        names: what the lines' Python refers to: inputs and forward values by their names.
        results: for each name in `wrt`, the name of the line that holds its gradient.
        transposed: the names in `wrt` whose gradient, in this layout, is the transpose of the
            library's.
        notes: sentences for the reader, such as what the layout is.
        paths: on Values, the number of paths from each node in `wrt` to the output.
    """

    lines: Sequence[Line]
    names: Mapping[str, Any]
    results: Mapping[str, str]
    transposed: frozenset[str]
    notes: tuple[str, ...]
    layout: str
    paths: Mapping[str, int]
    _back: Mapping[str, Any]
    _parts: Sequence[tuple[int, int]]
    _latex_notes: tuple[str, ...]

    def evaluate(self) -> dict[str, Any]:
        """Every line evaluated in order, by NumPy: the gradient of each name, as the layout has it."""
        scope = {"np": np, "autograd": _Functions(), **self.names}
        with np.errstate(all="ignore"):
            for line in self.lines:
                scope[line.name] = eval(line.python, scope)
        return {name: np.asarray(scope[result]) for name, result in self.results.items()}

    def gradients(self) -> dict[str, Any]:
        """`evaluate`, turned back to the shapes of the library: what ``backward()`` leaves."""
        return {name: self._back[name](x) for name, x in self.evaluate().items()}

    @property
    def python(self) -> str:
        """The lines as a NumPy program, over the arrays in `names`."""
        return "\n".join(f"{line.name} = {line.python}" for line in self.lines)

    @property
    def latex(self) -> str:
        r"""An ``aligned`` environment, for KaTeX and MathJax."""
        body = "\\\\[1.2ex]\n".join("\\\\[0.4ex]\n".join(rows) for rows in self._latex_parts())
        return "\\begin{aligned}\n" + body + "\n\\end{aligned}"

    def _latex_parts(self) -> list[list[str]]:
        """The rows of each section under its heading, and those of the notes."""
        parts: list[list[str]] = []
        section = None
        for line in self._shown():
            if isinstance(line, str):
                parts[-1].append(rf"& \text{{{line}}}")
                continue
            if line.section != section:
                section = line.section
                parts.append([rf"& \textbf{{{section}}}"])
            parts[-1].append(line.latex)
        if self._latex_notes:
            parts.append([f"& {note}" for note in self._latex_notes])
        return parts

    def _shown(self) -> list[Any]:
        """The lines, and a sentence in place of the middle of a long part."""
        shown: list[Any] = []
        for start, stop in self._parts:
            left = stop - start - SHOWN
            if left <= 0:
                shown += self.lines[start:stop]
                continue
            half = SHOWN // 2
            shown += self.lines[start : start + half]
            shown.append(f"{left:,} more lines, all of which are in .lines")
            shown += self.lines[stop - half : stop]
        return shown

    def __str__(self) -> str:
        rows: list[str] = []
        section = None
        for line in self._shown():
            if isinstance(line, str):
                rows.append(f"  {line}")
                continue
            if line.section != section:
                section = line.section
                rows += ([""] if rows else []) + [section]
            rows.append("  " + line.text.replace("\n", "\n  "))
        return "\n".join([*rows, "", *self.notes]).strip("\n")

    def __repr__(self) -> str:
        return str(self)

    def _repr_latex_(self) -> str:
        """Displays of a few lines each, for one display stands on one page."""
        displays = []
        for rows in self._latex_parts():
            waiting: list[str] = []
            for row in [each for line in rows for each in line.split(ROW)]:
                # A heading stays with the line below it, and a line with what continues it.
                if len(waiting) >= DISPLAYED and not row.startswith("&"):
                    displays.append(waiting)
                    waiting = []
                waiting.append(row)
            displays.append(waiting)
        return "\n".join(
            "\\begin{align*}\n" + "\\\\[0.4ex]\n".join(rows) + "\n\\end{align*}"
            for rows in displays
        )

    def _repr_html_(self) -> str:
        parts: list[str] = []
        section, lines = None, list[str]()
        for line in self._shown():
            if not isinstance(line, str) and line.section != section:
                parts += [equations(lines)] if lines else []
                section, lines = line.section, []
                parts.append(f"<b>{html.escape(line.section)}</b>")
            lines.append(rf"& \text{{{line}}}" if isinstance(line, str) else line.latex)
        parts += [equations(lines)] if lines else []
        parts += [f"<div>{html.escape(note)}</div>" for note in self.notes]
        return in_page("".join(parts), self._repr_latex_())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {
            "text/html": self._repr_html_(),
            "text/latex": self._repr_latex_(),
            "text/plain": str(self),
        }


def derivation(
    node: Node,
    wrt: Node | Iterable[Node] | None = None,
    *,
    layout: str = "rows",
    digits: int = 4,
    max_paths: int = 20,
) -> Derivation:
    """The chain rule for d(node)/d(wrt), written out.

    On Values it is the influence diagram: a sum over paths, each the product of the local derivatives
    on its way, and the same with common factors taken out, from the output back; with symbols, with
    numbers, and the result. On Tensors it is the backward pass of the batch, line by line, with the
    shapes, in the convention of a course:

    ============  ============================================================================
    ``layout``    for s = W x + b (in ``cmu``: z)
    ============  ============================================================================
    ``rows``      instances are rows: ∂L/∂W = Gᵀ X, ∂L/∂b = Gᵀ 1, as the library computes
    ``dd2424``    one instance, g a row: ∂J/∂W = gᵀ xᵀ, ∂J/∂b = g, then g W
    ``columns``   instances are columns: ∂J/∂W = (1/n) G Xᵀ, ∂J/∂b = (1/n) G 1, then Wᵀ G
    ``cmu``       derivatives are rows, and ∇_W = x ∇_z is in × out: an update takes its transpose
    ============  ============================================================================

    What has a name keeps it, and a module's parameters are called as in every view. What has none has
    the letter of the layout; capitals in a batch, and numbers where there are several:

    =======================  ================  ==========  ===========  =========
    letters                  ``rows``          ``dd2424``  ``columns``  ``cmu``
    =======================  ================  ==========  ===========  =========
    data, weights, biases    X, W⁽¹⁾, b⁽¹⁾     x, W₁, b₁   X, W₁, b₁    x, W₁, b₁
    sum of an affine layer   S⁽¹⁾              s₁          S₁           z₁
    activation               H                 h           H            y₁
    softmax of the last sum  P                 p           P            Y
    another output           S or H            s or h      S or H       Y
    target                   Y                 y           Y            d
    loss                     L                 J           J            L
    cotangent of s           ∂L/∂S⁽¹⁾, G_S⁽¹⁾  g           G            ∇_z₁
    batch normalisation      Ŝ, S̃              ŝ, s̃        Ŝ, S̃         ẑ₁, z̃₁
    its moments              μ_b, v_b, V_b     the same    the same     the same
    its parameters           γ, β              the same    the same     the same
    anything else            V                 v           V            v
    =======================  ================  ==========  ===========  =========

    There is one g, or G, when no line needs another one than the last. A scale of a penalty is λ, a mask
    m, class indices c; n is the number of instances. V_b is diag(v_b + ε), and a batch normalisation has
    DD2424's three lines in every layout, whether it is `autograd.batch_norm` or written by hand.

    In ``cmu`` the line of an activation is the product with its Jacobian, which has a line before it:
    J_Y(z) = diag(Y) − Y Yᵀ of softmax. A loss of logits is written by its parts there, as the lecture
    has it: first ∇_Y, the slope of the divergence of Y = softmax(z), then ∇_z = ∇_Y J_Y(z) = (Y − d)ᵀ.
    (It stays whole where a probability that counts has been rounded to 0.) ``dd2424`` has its
    lecture's g = −(y − p)ᵀ for it.

    The formulas are the rows' own rules, called with letters. Each line is also NumPy source, which
    computes what the line says.

    Args:
        node: the output: a Value, or a Tensor of one element.
        wrt: the node, or nodes, to differentiate by; all leaves that require a gradient when left out.
        layout: ``"rows"``, ``"dd2424"``, ``"columns"`` or ``"cmu"``; on Values they are the same.
        digits: significant digits of the numbers shown. (`Line.python` has all of them.)
        max_paths: above so many paths to a Value they are counted, and not listed.

    Raises:
        TypeError: something that is no node.
        ValueError: an output of more than one element, a node the output does not depend on, an
            unknown layout, or an operation that the layout cannot write (``"rows"`` writes all).
        StaleGraphError: data was assigned after it had been used.

    >>> import autograd
    >>> x = autograd.Value(3.0, "x")
    >>> d = derivation((1 + x ** 2).log())
    >>> round(float(d.gradients()["x"]), 6)
    0.6

    Source: KTH DD2424, lecture 4; CMU 11-785, lecture 5; WPI CS 453X, class 21; the matrix notes.
    """
    if not isinstance(node, Node):
        raise TypeError(f"derivation takes a node, a Value or a Tensor, got {type(node).__name__}")
    with importing():  # here, so that nobody waits for these files who derives nothing
        from autograd.views.derivation.conventions import LAYOUTS
        from autograd.views.derivation.tensors import tensor_lines
        from autograd.views.derivation.values import value_lines

    if layout not in LAYOUTS:
        raise ValueError(f"layout is one of {', '.join(map(repr, LAYOUTS))}, not {layout!r}")
    for number, what in ((digits, "digits"), (max_paths, "max_paths")):
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 0:
            raise ValueError(f"{what} is a whole number of 0 or more, got {number!r}")
    if not node.requires_grad:
        raise ValueError(f"{describe(node)} requires no gradient: there is nothing to derive")
    if np.size(node._raw) != 1:
        raise ValueError(
            f"derivation of an output of shape {node.shape}: reduce it to one number first, with "
            "sum() or mean()"
        )
    order = topological_order(node)
    check_fresh([each for each in order if not each.is_leaf], "a derivation")
    targets = _targets(order, wrt)
    digits = max(1, digits)
    if isinstance(node, Value):
        written = value_lines(node, targets, digits=digits, max_paths=max_paths)
    else:
        written = tensor_lines(node, targets, LAYOUTS[layout], digits=digits)
    return Derivation(
        lines=written.lines,
        names=written.names,
        results=written.results,
        transposed=frozenset(written.transposed),
        notes=tuple(note.text for note in written.notes),
        layout=layout,
        paths=written.paths,
        _back=written.back,
        _parts=written.parts,
        _latex_notes=tuple(note.latex for note in written.notes),
    )


def _targets(order: Sequence[Node], wrt: Any) -> list[Node]:
    """The nodes to differentiate by, checked."""
    if wrt is None:
        return [each for each in order if each.is_leaf and each.requires_grad] or [order[-1]]
    if isinstance(wrt, np.ndarray):
        wrt = wrt.ravel().tolist()
    given = [wrt] if isinstance(wrt, Node) else list(wrt)
    inside = set(order)
    targets: list[Node] = []
    for each in given:
        if not isinstance(each, Node):
            raise TypeError(f"wrt is a node or nodes, got {type(each).__name__}")
        if each not in inside:
            raise ValueError(f"the output does not depend on {describe(each)}")
        if not any(each is other for other in targets):
            targets.append(each)
    if not targets:
        raise ValueError("wrt is a node or nodes, got an empty list")
    return targets


__all__ = ["Derivation", "Line", "derivation"]
publish(__name__)
