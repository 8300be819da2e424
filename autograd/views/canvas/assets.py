"""Assets: the scripts and style sheets that pictures and blocks in a page carry with them."""

from __future__ import annotations

import re
from functools import cache

COMMENT = re.compile(r"//.*|/\*.*\*/")


@cache
def asset(name: str, package: str = "autograd.views") -> str:
    """A script or a style sheet in the folder ``assets`` of a package, as blocks of a page carry it.

    >>> text = asset("blocks.js")
    >>> "function make(" in text, "// What" in text
    (True, False)
    """
    for what, x in {"name": name, "package": package}.items():
        if not isinstance(x, str):
            raise TypeError(f"{what} of asset is a text, got {type(x).__name__} ({x!r:.60})")
    from importlib.resources import files

    return compact((files(package) / "assets" / name).read_text(encoding="utf-8"))


def compact(text: str) -> str:
    """A script or a style sheet without comments of a line's length and indentation."""
    if not isinstance(text, str):
        raise TypeError(f"a script is a text, got {type(text).__name__} ({text!r:.60})")
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not COMMENT.fullmatch(line))


def script(*parts: str, code: str = "") -> str:
    """Texts of JavaScript as one script, whose names are its own.

    What a page shows to its readers is `code`: it comes first, with its comments and indentation.

    >>> print(script("const x = 1;"))
    (() => {
    "use strict";
    const x = 1;
    })();
    """
    if not isinstance(code, str):
        raise TypeError(f"code of a script is a text, got {type(code).__name__} ({code!r:.60})")
    shown = [code] if code else []
    return "\n".join(["(() => {", '"use strict";', *shown, *map(compact, parts), "})();"])


def inert(text: str) -> str:
    r"""Text for inside a ``<script>`` that nothing in it can end: JSON, or code where it is in strings.

    >>> inert('{"name": "</script><b>"}')
    '{"name": "\\u003c/script\\u003e\\u003cb\\u003e"}'
    """
    if not isinstance(text, str):
        raise TypeError(f"inert takes a text, got {type(text).__name__} ({text!r:.60})")
    for c in "<>&\u2028\u2029":
        text = text.replace(c, f"\\u{ord(c):04x}")
    return text
