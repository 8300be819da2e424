r"""Mathematics in a page: MathML, which a browser shows without a library and without a network.

Beside it stands the same as LaTeX, out of sight. A notebook that is not trusted shows neither MathML nor
the style that brings it into sight: there the LaTeX remains, which front ends typeset.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from autograd.formulas.mathml import Tree, mathml

STYLE = """
.chalk-math>.mathml{display:block!important;overflow-x:auto}
.chalk-math>.latex{display:none}
.chalk-math .rows{display:table;margin:.1em 0 .6em}
.chalk-math .rows>div{display:table-row;break-inside:avoid}
.chalk-math .rows>div>div{display:table-cell;padding:.16em 0;vertical-align:baseline}
.chalk-math .rows>div>div:first-child{text-align:right;padding-right:.35em;white-space:nowrap}
.chalk-math .more{padding-left:1.6em!important}
.chalk-math math{font-size:1.08em}
"""

BRACKETS = "()[]{}|‖⌊⌋⌈⌉"

ROW = "\\\\\n"
"""What ends a row of an equation; the rows of a case distinction have no end of line."""

MARK = re.compile(r"((?:[^&\\]|\\(?!begin\b).)*)&", re.DOTALL)
"""A row as far as it is aligned: no ``&`` of a name is meant, and none of a case distinction."""


def element(tree: Tree) -> str:
    """A tree as an element.

    >>> element(mathml("x_{1} < 2"))
    '<mrow><msub><mi>x</mi><mn>1</mn></msub><mo>&lt;</mo><mn>2</mn></mrow>'
    """
    tag, _, kind = tree[0].partition(".")
    # One letter is set in italics, unless it says that it is not. A bracket is as high as a line.
    more = ' mathvariant="normal"' if kind == "upright" and len(tree[1]) == 1 else ""
    if kind == "prefix":  # after a sign of equality too
        more = ' form="prefix"'
    elif tag == "mo" and kind != "tall" and tree[1] in BRACKETS:
        more = ' stretchy="false"'
    inside = "".join(element(x) if isinstance(x, list) else html.escape(x) for x in tree[1:])
    return f"<{tag}{more}>{inside}</{tag}>"


def as_html(latex: str) -> str:
    """A formula as a ``math`` element."""
    return f'<math displaystyle="true">{element(mathml(latex, tall=True))}</math>'


def at_mark(row: str) -> tuple[str, str]:
    r"""What stands before and after the ``&`` at which a row is aligned; all after it where none is.

    >>> at_mark(r"\text{a}\&\text{b} &= 2"), at_mark(r"\begin{cases} x & y \end{cases}")
    (('\\text{a}\\&\\text{b} ', '= 2'), ('', '\\begin{cases} x & y \\end{cases}'))
    """
    mark = MARK.match(row)
    return ("", row) if mark is None else (mark[1], row[mark.end() :])


def without_marks(latex: str) -> str:
    """Equations as they are written where nothing aligns them."""
    return ROW.join("".join(at_mark(row)) for row in latex.split(ROW))


def equations(lines: Iterable[str]) -> str:
    """Equations one below the other, aligned where each has its ``&``."""
    rows = []
    for line in lines:
        for row in line.split(ROW):
            left, right = at_mark(row)
            more = right.lstrip().startswith(r"\quad")
            cells = [as_html(part) if part.strip() else "" for part in (left, right)]
            kind = ' class="more"' if more else ""
            rows.append(f"<div><div>{cells[0]}</div><div{kind}>{cells[1]}</div></div>")
    return f'<div class="rows">{"".join(rows)}</div>'


def in_page(shown: str, latex: str) -> str:
    """What a notebook or a page shows: `shown`, and where that is not to be seen, `latex`."""
    # What typesets LaTeX in pages is to leave the names in it alone.
    return (
        f'<div class="chalk-math"><style>{STYLE}</style>'
        '<div class="mathml tex2jax_ignore mathjax_ignore" style="display: none">'
        f"{shown}</div>"
        f'<div class="latex">{html.escape(latex)}</div></div>'
    )
