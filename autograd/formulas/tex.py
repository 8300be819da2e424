r"""TeX: any text, and formulas written as text, as LaTeX in ASCII that ``pdflatex`` sets.

A page shows LaTeX by MathJax or KaTeX, which take every letter there is; pdflatex stops at a letter that
its fonts have not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from autograd.formulas.mathml import OPERATORS, Tree
from autograd.formulas.names import LATEX
from autograd.formulas.notation import LATEX_WORDS
from autograd.formulas.plain import JOINERS

SPECIAL = {
    **{c: rf"\{c}" for c in "_&#%"},
    "$": r"$\mathdollar$",
    "\\": r"$\backslash$",
    "{": r"$\{$",
    "}": r"$\}$",
    "^": r"\textasciicircum{}",
    "~": r"$\sim$",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
}
"""What has a meaning in LaTeX, as text."""

MATHEMATICS = {
    **{sign: rf"\{name}" for name, sign in OPERATORS.items() if not sign.isascii()},
    **LATEX,
    "−": "-",
    "→": r"\to",
    "⇒": r"\Rightarrow",
    "↑": r"\uparrow",
    "↓": r"\downarrow",
    "↦": r"\mapsto",
    "÷": r"\div",
    "±": r"\pm",
    "∓": r"\mp",
    "∫": r"\int",
    "⋯": r"\cdots",
    "µ": r"\mu",
    "⊗": r"\otimes",
    "∈": r"\in",
    "≈": r"\approx",
    "√": r"\surd",
    "∛": r"\sqrt[3]{\,}",
    "Σ": r"\Sigma",
    "𝟏": r"\mathbf{1}",
    "𝟙": r"\indicator",
    "′": "'",
}
"""Signs of mathematics, by what they are in it."""

LETTERS = {
    "–": "--",
    "—": "---",
    "…": r"\dots{}",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "⁄": "/",
    "°": r"${}^{\circ}$",
    "\u00a0": "~",
    **dict.fromkeys(JOINERS, ""),
    "ß": r"\ss{}",
    "ı": r"\i{}",
    **{
        c: rf"\{word}{{}}"
        for c, word in zip("æÆœŒøØłŁ", ("ae", "AE", "oe", "OE", "o", "O", "l", "L"), strict=True)
    },
}
"""Letters and signs of text that have no other letter in them."""

MARKS = (0x300, 0x301, 0x302, 0x303, 0x304, 0x306, 0x307, 0x308, 0x30A, 0x30B, 0x30C, 0x323, 0x327)
ACCENTS = dict(zip(map(chr, MARKS), "`'^~=u.\"rHvdc", strict=True))
"""Signs above and below letters."""

SCRIPT = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀ]+|[₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ]+")
"""What stands above or below the line."""

LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
TOKEN = re.compile(
    rf"(?:{SCRIPT.pattern})+|[{LATIN}][{LATIN}0-9_\u0300-\u036f]*|[0-9.]+|\s+|.", re.DOTALL
)

FOREIGN = re.compile("(?:[A-Za-z](?=[\u0300-\u036f]))?[^\x00-\x7f]+")
"""Letters that are not ASCII, and what an accent stands on."""

KINDS = {"a": "gradient", "g": "cotangent", "l": "local"}
"""What the parts of a formula are that have a colour of their own, by their class in its tree."""

PREAMBLE = r"""\usepackage{amsmath, amssymb}
\providecommand{\lt}{<}
\providecommand{\gt}{>}
\providecommand{\indicator}{\mathrm{1\mkern-4mu l}}
"""
"""What the formulas here need in a document."""


def text_in_tex(text: str) -> str:
    r"""Any text as LaTeX that shows it and does nothing else.

    Signs above and below the line and those of mathematics are set as mathematics, accents as accents;
    a letter of a script that pdflatex has no font for is written as Python escapes it.

    >>> text_in_tex("50 % of w₁ · x_1"), text_in_tex("naïve"), text_in_tex("你")
    ('50 \\% of w$_{1}$ $\\cdot$ x\\_1', 'na\\"{\\i}ve', '$\\backslash$u4f60')
    """
    out, at = [], 0
    for scripts in re.finditer(f"(?:{SCRIPT.pattern})+", text):
        out += [_letters(text[at : scripts.start()]), f"${_scripts(scripts[0])}$"]
        at = scripts.end()
    return "".join([*out, _letters(text[at:])])


def formula_in_tex(text: str) -> str:
    r"""A formula that is written as text, as the LaTeX of mathematics.

    >>> formula_in_tex("tanh(w⁽¹⁾₃₂ × x₁ + bias)")
    '\\tanh(w^{(1)}_{32} \\times x_{1} + \\mathrm{bias})'
    """
    out = ""
    for token in TOKEN.findall(unicodedata.normalize("NFC", text)):
        if SCRIPT.match(token):
            part = _scripts(token)
        elif token in LATEX_WORDS or token in MATHEMATICS:
            part = LATEX_WORDS.get(token) or MATHEMATICS[token]
        elif token.isascii() and token[0].isalpha():
            part = token if len(token) == 1 else rf"\mathrm{{{text_in_tex(token)}}}"
        elif token.isascii() and token not in SPECIAL:
            part = token
        else:
            part = token if token in "<>|-,'" else rf"\text{{{text_in_tex(token)}}}"
        # A command ends where no letter follows.
        apart = " " if part[:1].isalpha() and re.search(r"\\[a-zA-Z]+$", out) else ""
        out += apart + part
    return out


def in_ascii(latex: str) -> str:
    r"""LaTeX of the library for pdflatex: letters that are not ASCII as text, and no alphabet it lacks.

    >>> in_ascii(r"\text{größe}_{1}")
    '\\text{gr\\text{\\"{o}\\ss{}}e}_{1}'
    """
    latex = latex.replace(r"\mathbb{1}", r"\indicator{}")
    return FOREIGN.sub(lambda found: rf"\text{{{text_in_tex(found[0])}}}", latex)


def tree_in_tex(tree: Tree) -> str:
    r"""The tree of a formula as the LaTeX of mathematics; a part of a kind is in its command.

    >>> from autograd.formulas.mathml import mathml, row
    >>> tree_in_tex(row(mathml(r"\frac{\partial L}{\partial w_{1}}"), kind="a"))
    '\\chalkgradient{\\frac{\\partial L}{\\partial{w}_{1}}}'
    """
    tag, _, kind = tree[0].partition(".")
    if tag == "mrow":
        parts = ""
        for child in tree[1:]:
            part = tree_in_tex(child)
            apart = part[:1].isalpha() and re.search(r"\\[a-zA-Z]+$", parts)
            parts += f" {part}" if apart else part
        return rf"\chalk{KINDS[kind]}{{{parts}}}" if kind else parts
    if tag in FORMS:
        return FORMS[tag].format(*(tree_in_tex(child) for child in tree[1:]))
    word = str(tree[1])
    if tag == "mo" and word == "+=":
        return r"\mathrel{+}="
    if tag == "mtext" or (tag == "mn" and not re.fullmatch("−?[0-9.]+", word)):
        return rf"\text{{{text_in_tex(word)}}}"
    return formula_in_tex(word)


FORMS = {
    "mfrac": r"\frac{{{}}}{{{}}}",
    "msub": "{{{}}}_{{{}}}",
    "msup": "{{{}}}^{{{}}}",
    "msubsup": "{{{}}}_{{{}}}^{{{}}}",
    "msqrt": r"\sqrt{{{}}}",
    "mroot": r"\sqrt[{1}]{{{0}}}",
    "munder": r"\underset{{{1}}}{{{0}}}",
    "mover": r"\overset{{{1}}}{{{0}}}",
}


def _scripts(text: str) -> str:
    """Runs above and below the line, as exponents and indices."""
    out, used = "", ""
    for run in SCRIPT.findall(text):
        sign = "^" if "<super>" in unicodedata.decomposition(run[0]) else "_"
        out += ("{}" if sign in used else "") + sign + f"{{{_plain(run)}}}"
        used = sign if sign in used else used + sign
    return out


def _plain(run: str) -> str:
    return unicodedata.normalize("NFKC", run).replace("−", "-")


def _apart(text: str) -> Iterator[str]:
    """The letters and the accents of a text, and signs as they are."""
    for c in unicodedata.normalize("NFC", text):
        yield from c if c in MATHEMATICS or c in LETTERS else unicodedata.normalize("NFD", c)


def _letters(text: str) -> str:
    out: list[str] = []
    for c in _apart(text):
        if c in ACCENTS and out and out[-1].isascii() and out[-1].isalpha():
            base = rf"\{out[-1]}" if out[-1] in "ij" and c not in "\u0323\u0327" else out[-1]
            out[-1] = rf"\{ACCENTS[c]}{{{base}}}"
            continue
        if c in SPECIAL or c in LETTERS:
            sign = SPECIAL.get(c) or LETTERS[c]
        elif c in MATHEMATICS:
            sign = f"${MATHEMATICS[c]}$"
        elif c.isascii() and c.isprintable():
            sign = c
        else:
            other = unicodedata.normalize("NFKD", c)
            plain = other != c and other.replace("⁄", "/").isascii() and other.isprintable()
            sign = _letters(other if plain else c.encode("unicode_escape").decode())
        # Two of these are another sign.
        doubled = sign[:1] in tuple("-,'`") and out[-1:] != [] and out[-1][-1:] in tuple("-,'`!?")
        out.append("{}" * doubled + sign)
    return "".join(out)
