"""Entries: the lines of a backward pass on tensors before they are printed, and their other forms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from autograd.engine.letters import Letter, fold
from autograd.formulas.algebra import make, names, ones, substituted
from autograd.formulas.matrices import MatrixLatex, MatrixText, NumPy
from autograd.formulas.notation import Formula
from autograd.formulas.writing import ATOM, POWER
from autograd.views.derivation.conventions import Convention
from autograd.views.derivation.lines import Line
from autograd.views.derivation.transposes import T, is_elementwise, op


class Writers(NamedTuple):
    """The three ways a formula is written."""

    text: MatrixText
    latex: MatrixLatex
    python: NumPy


@dataclass
class LineDraft:
    """A line before it is printed.

    Attributes:
        cotangent: whether it is what a node passes on.
        summed: whether the sum over instances is still to be taken.
        local: whether it is a Jacobian, or part of another line: of no interest by itself.
        short: what the formula comes to, if that is worth a second sign of equality.
    """

    name: str
    left: Formula
    tree: Any
    shape: tuple[int, ...]
    section: str
    cotangent: bool = False
    summed: bool = False
    local: bool = False
    short: Any = None

    @property
    def names(self) -> set[str]:
        """The letters that it refers to."""
        return names(self.tree) | (set() if self.short is None else names(self.short))


def without_idle(entries: list[LineDraft]) -> list[LineDraft]:
    """The lines without cotangents that are another one as it is, such as those of a sum's terms.

    What only the copy used goes under the name of the copy, which is the nearer to what follows.
    """
    entries = list(entries)
    for entry in list(entries):
        tree = entry.tree
        if not entry.cotangent or not isinstance(tree, Letter) or tree.arguments or tree.options:
            continue
        source = next((x for x in entries if x.cotangent and x.name == tree.function), None)
        if source is None or (source.shape, source.summed) != (entry.shape, entry.summed):
            continue
        if all(x is entry or source.name not in names(x.tree) for x in entries):
            entry.tree = source.tree
            entries.remove(source)
        else:
            for x in entries:
                x.tree = substituted(x.tree, entry.name, source.name)
            entries.remove(entry)
    return entries


def with_ones(tree: Any) -> Any:
    """A formula of arrays in which a column that stands beside every other one is v 𝟏ᵀ."""

    def apply(x: Letter, parts: list[Any]) -> Letter:
        elementwise = x.function in ("product", "plus") or is_elementwise(x.function)
        if elementwise and x.ndim == 2:
            parts = [_spread(part, x.shape[1]) for part in parts]
        return x.with_arguments(parts)

    return fold(tree, lambda x: x, apply)


def _spread(x: Any, k: int) -> Any:
    laid = isinstance(x, Letter) and x.function == "reshape" and x.arguments[0].ndim == 1
    if not laid or x.shape[1:] != (1,) or k == 1:
        return x
    one = make("reshape", (ones(k),), np.ones((1, k)), shape=(1, k))
    return make("matmul", (x, one), np.broadcast_to(x.sample, (x.shape[0], k)))


def diagonal(
    entry: LineDraft, write: Writers, layout: Convention, cotangents: set[str], batch: bool
) -> Line | None:
    """The line of an elementwise layer with diag(·) in place of ⊙; of a batch, for instance i."""
    tree = entry.tree
    if not entry.cotangent or not isinstance(tree, Letter) or tree.ndim not in (1, 2):
        return None
    sign = tree.function == "neg"
    inner = tree.arguments[0] if sign else tree
    if not isinstance(inner, Letter) or inner.function != "product":
        return None
    arrays = [x for x in inner.arguments if isinstance(x, Letter) and x.shape != ()]
    scalars = [x for x in inner.arguments if not (isinstance(x, Letter) and x.shape != ())]
    before = [x for x in arrays if names(x) & cotangents]
    if len(before) != 1 or len(arrays) < 2 or any(x.shape != inner.shape for x in arrays):
        return None
    (g,) = before
    if batch and g.arguments:  # in softmax a sum, whose index i would be of no help
        return None
    others = [x for x in arrays if x is not g]
    f = others[0] if len(others) == 1 else op("product", others, inner.shape)
    right = layout.name == "columns"
    front = "" if not scalars else write.python.write(op("product", [*scalars, 1.0], ())) + " * "
    front = ("-" if sign else "") + front
    if right or batch or tree.ndim == 1:
        a, b = write.python.write(g, 5), write.python.write(f, 5)
        k = inner.shape[0 if right else -1]
        if right and batch:
            source = f"((np.eye({k}) * {b}.T[:, None, :]) @ {a}.T[:, :, None])[:, :, 0].T"
        elif right:
            source = f"(np.eye({k}) * {b}) @ {a}"
        elif batch and tree.ndim == 2:
            source = f"({a}[:, None, :] @ (np.eye({k}) * {b}[:, None, :]))[:, 0, :]"
        elif tree.ndim == 1:
            source = f"{a} @ np.diag({b})"
        else:
            return None
    elif inner.shape[0] == 1:
        f = T(f)
        source = write.python.write(op("matmul", [g, op("diag", [f], (f.shape[0],) * 2)], g.shape))
    else:
        return None
    mark = ("ᵢ", "_{i}") if batch and tree.ndim == 2 else ("", "")
    shown = []
    for writer, minus, thin, way in ((write.text, "−", " ", 0), (write.latex, "-", r"\, ", 1)):
        one, all_of = writer.at_least(ATOM, g), writer.write(f).text
        if mark[way]:
            one, all_of = f"({one}){mark[way]}", f"({all_of}){mark[way]}"
        middle = f"diag({all_of})" if way == 0 else rf"\operatorname{{diag}}\left({all_of}\right)"
        parts = [writer.at_least(POWER, x) for x in scalars]
        parts += [middle, one] if right else [one, middle]
        shown.append((minus if sign else "") + thin.join(parts))
    which = "column" if right else "row"
    text = f"{shown[0]} for each {which} i" if mark[0] else shown[0]
    latex = rf"{shown[1]} \text{{ for each {which} }} i" if mark[0] else shown[1]
    return Line(entry.name, front + source, text, latex, entry.shape, entry.section)


def shown_shape(shape: tuple[int, ...]) -> Formula:
    """A shape as it stands under a formula."""
    if not shape:
        return Formula("number", r"\text{number}")
    if len(shape) == 1:
        return Formula(f"{shape[0]}", f"{shape[0]}")
    return Formula(" × ".join(map(str, shape)), r" \times ".join(map(str, shape)))


def joined(line: Line, also: Line) -> Line:
    """A line that shows two ways of writing a formula."""
    text, _, shape = line.text.partition("    (")
    sign = ", that is " if "for each" in also.text else " = "
    between = r",\quad " if "for each" in also.text else " = "
    return replace(
        line,
        text=f"{text}{sign}{also.text}    ({shape}",
        latex=f"{line.latex}{between}{also.latex}",
        also=also,
    )


def sentence(text: str) -> str:
    """A sentence of ours as LaTeX."""
    for sign, command in {"×": r"\times", "−": "-"}.items():
        text = text.replace(f" {sign} ", rf" }} {command} \text{{ ").replace(sign, f"${command}$")
    return rf"\text{{{text}}}"
