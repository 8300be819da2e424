"""Assets: the scripts and style sheets that pictures and blocks in a page carry with them."""

from __future__ import annotations

from functools import cache


@cache
def asset(name: str) -> str:
    """The text of a file of ``views/assets``, without comments of a line's length and indentation."""
    from importlib.resources import files

    text = (files("autograd.views") / "assets" / name).read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def script(*parts: str) -> str:
    """Texts as one script, whose names are its own."""
    return "\n".join(["(() => {", '"use strict";', *parts, "})();"])


def inert(text: str) -> str:
    r"""Text for inside a ``<script>`` that nothing in it can end: JSON, or code where it is in strings.

    >>> inert('{"name": "</script><b>"}')
    '{"name": "\\u003c/script\\u003e\\u003cb\\u003e"}'
    """
    for c in "<>&\u2028\u2029":
        text = text.replace(c, f"\\u{ord(c):04x}")
    return text
