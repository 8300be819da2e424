r"""MathML from the LaTeX that the library writes, so that a page shows formulas without a library.

A formula is a tree of lists, ready for JSON: ``["msub", ["mi", "x"], ["mn", "1"]]`` is x with the
subscript 1, and ``["mrow.g", ...]`` is a row of the class ``g``. The script of the page makes elements
of it one by one; no text is ever read as markup.
"""

from __future__ import annotations

import re
from typing import Any

from autograd.formulas.names import GREEK

Tree = list[Any]

TOKEN = re.compile(
    r"\\[A-Za-z]+|\\.|[0-9]+(?:\{,\}[0-9]{3})*(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?|\s+|.", re.DOTALL
)

OPERATORS = {
    "cdot": "·",
    "odot": "⊙",
    "times": "×",
    "partial": "∂",
    "lt": "<",
    "gt": ">",
    "le": "≤",
    "ge": "≥",
    "ne": "≠",
    "land": "∧",
    "lor": "∨",
    "sum": "∑",
    "prod": "∏",
    "top": "⊤",
    "dots": "…",
    "backslash": "\\",
    "wedge": "^",
    "sim": "~",
    "lfloor": "⌊",
    "rfloor": "⌋",
    "lceil": "⌈",
    "rceil": "⌉",
    "|": "‖",
    "infty": "∞",
    "nabla": "∇",
    "leftarrow": "←",
}
SPACES = {",", ";", ":", "!", "quad", "qquad", "displaystyle", "limits"}
WORDS = {"operatorname", "mathrm", "mathbf", "mathbb"}
SET = {("mathbb", "1"): "𝟙", ("mathbf", "1"): "𝟏"}
"""Letters of other alphabets."""

ACCENTS = {"hat": "^", "tilde": "~"}
"""Signs above a letter."""

WIDTHS = {",": "\u2009", "quad": "\u2003", "qquad": "\u2003\u2003"}
"""Spaces, where there is room for them."""

TEXT = {r"\text", r"\textbf"}
LETTERS = {rf"\{sign}" for sign in "_{}$&#%"}
"""Signs that a backslash makes letters of a word."""

BRACED = {f"{{\\{name}}}": OPERATORS[name] for name in ("backslash", "wedge", "sim", "lt", "gt")}
"""Signs that braces make letters of a word."""

OPENING, CLOSING = {"(", "["}, {")", "]"}
OPERANDS = CLOSING | {"…", "∞", "⊤"}
"""Signs from which something can be taken away."""


def row(*children: Tree, kind: str = "") -> Tree:
    """Trees side by side, as one tree; with a class to be styled by."""
    return [f"mrow.{kind}" if kind else "mrow", *children]


def mathml(latex: str, *, tall: bool = False) -> Tree:
    r"""The tree of a formula. A command that is not known shows as its name.

    With `tall` the cases of a function stand one below the other, and not on one line.

    >>> mathml(r"\frac{\partial L}{\partial w_{1}}")[0]
    'mfrac'
    >>> mathml(r"\text{a}\_\text{name}")
    ['mtext', 'a_name']
    >>> mathml("x_{1} + 2")
    ['mrow', ['msub', ['mi', 'x'], ['mn', '1']], ['mo', '+'], ['mn', '2']]
    """
    return _Parser(latex, tall).group()


class _Parser:
    def __init__(self, latex: str, tall: bool) -> None:
        self.tall = tall
        self.tokens: list[str] = TOKEN.findall(latex)
        self.at = 0

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def group(self, *until: str) -> Tree:
        children: list[Tree] = []
        while (token := self.peek()) is not None and token not in until:
            if token.isspace():
                self.at += 1
            elif token == "-" and self.is_sign(children):
                self.at += 1
                number, after = (*self.tokens[self.at : self.at + 2], "", "")[:2]
                # Of -2^{2} the exponent belongs to the 2.
                alone = number[:1].isdigit() and after not in ("_", "^")
                children.append(["mn", f"−{self.argument()[1]}"] if alone else ["mo.prefix", "−"])
            elif token in ("_", "^"):
                children.append(self.script(_operand(children)))
            elif (child := self.atom()) is not None:
                children.append(child)
        if self.peek() is not None:
            self.at += 1
        return children[0] if len(children) == 1 else row(*children)

    def is_sign(self, before: list[Tree]) -> bool:
        """Whether nothing stands before a minus to take something from."""
        if not before:
            return True
        tag, last = before[-1][0], before[-1][-1]
        return (
            last not in OPERANDS
            if tag.startswith("mo")
            else tag == "mtext" and last[-1:] == "\u00a0"
        )

    def argument(self) -> Tree:
        while (token := self.peek()) is not None and token.isspace():
            self.at += 1
        return self.atom() or row()

    def script(self, base: Tree) -> Tree:
        """A base with what stands below it, above it, or both."""
        scripts: dict[str, Tree] = {}
        while (token := self.peek()) in ("_", "^") and token is not None and token not in scripts:
            self.at += 1
            scripts[token] = self.argument()
        if len(scripts) == 2:
            return ["msubsup", base, scripts["_"], scripts["^"]]
        ((sign, tree),) = scripts.items()
        return ["msub" if sign == "_" else "msup", base, tree]

    def atom(self) -> Tree | None:
        if (word := self.word()) is not None:
            # Spaces at its ends a browser would leave out.
            return ["mtext", re.sub("^ | $", "\u00a0", word)]
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        self.at += 1
        if token == "{":
            return self.group("}")
        if token.startswith("\\"):
            return self.command(token[1:])
        if token[:1].isdigit():
            return ["mn", token.replace("{,}", ",")]
        if token.isalpha():
            return ["mi", token]
        if token == "&":
            return ["mtext", WIDTHS["quad"]]
        return ["mo", "−" if token == "-" else token] if token else None

    def command(self, name: str) -> Tree | None:
        if self.tall and name in WIDTHS:
            return ["mtext", WIDTHS[name]]
        if name == "left":
            kind = "mo.tall" if self.tall else "mo"
            before, inside, after = self.argument(), self.group(r"\right"), self.argument()
            return row([kind, before[1]], inside, [kind, after[1]])
        if name in SPACES or name.isspace():
            return None
        if name in WORDS:
            words = self.words()
            return ["mi.upright", SET.get((name, words), words)]
        if name == "mathrel":  # += is one sign
            words = self.words()
            if self.peek() == "=":
                self.at += 1
                words += "="
            return ["mo", words]
        if name == "underset":
            below = self.argument()
            return ["munder", self.argument(), below]
        if name in ACCENTS:
            return ["mover", self.argument(), ["mo", ACCENTS[name]]]
        if name == "frac":
            return ["mfrac", self.argument(), self.argument()]
        if name == "sqrt":
            if self.peek() == "[":
                self.at += 1
                degree = self.group("]")
                return ["mroot", self.argument(), degree]
            return ["msqrt", self.argument()]
        if name == "begin" and self.tall:
            return self.cases()
        if name in ("begin", "end"):
            self.words()
            return ["mo", "{"] if name == "begin" else None
        if name == "\\":
            return ["mtext", f";{WIDTHS['quad']}"]  # the cases of a function, on one line
        if name in GREEK:
            return ["mi", GREEK[name]]
        if name in OPERATORS:
            return ["mo", OPERATORS[name]]
        return ["mi.upright", name] if name.isalpha() else ["mo", name]

    def cases(self) -> Tree:
        """The cases of a function, one below the other."""
        self.words()
        rows: list[list[Tree]] = [[]]
        ends = ("&", r"\\", r"\end")
        while self.peek() is not None:
            rows[-1].append(["mtd", self.group(*ends)])
            if (end := self.tokens[self.at - 1]) == r"\\":
                rows.append([])
            elif end == r"\end":
                self.words()
                break
        return row(["mo.tall", "{"], ["mtable", *(["mtr", *cells] for cells in rows)])

    def word(self) -> str | None:
        """The word that comes next, such as a_name: texts and signs with nothing between them."""
        word = None
        while (token := self.peek()) is not None:
            braced = BRACED.get("".join(self.tokens[self.at : self.at + 3]))
            if not (braced or token in TEXT or token in LETTERS):
                break
            self.at += 3 if braced else 1
            part = braced or (self.words() if token in TEXT else token[1:])
            word = part if word is None else word + part
        return word

    def words(self) -> str:
        """The text between braces, as it is."""
        if self.peek() != "{":
            return ""
        depth, parts = 0, []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            depth += (token == "{") - (token == "}")
            if depth == 0:
                break
            parts.append("_" if token == r"\_" else token)
        return "".join(parts[1:])


def _operand(trees: list[Tree]) -> Tree:
    """What an index or an exponent belongs to, taken off: the last tree, or all within its brackets."""
    depth = 0
    for start in reversed(range(len(trees))):
        sign = trees[start][1] if trees[start][0] == "mo" else None
        depth += (sign in CLOSING) - (sign in OPENING)
        if depth <= 0:
            operand = trees[start:]
            del trees[start:]
            return operand[0] if len(operand) == 1 else row(*operand)
    return trees.pop() if trees else row()
