"""Page: the head of every page of HTML that the library writes, and names nothing else on one has."""

from __future__ import annotations

import html

from autograd.support.late import import_late

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body{marks}>
{body}
</body>
</html>
"""


def fingerprint(text: str, digits: int = 10) -> str:
    """A name that only this text has: no two pictures on a page may share theirs."""
    found: str = import_late("hashlib").sha256(text.encode()).hexdigest()
    return found[:digits]


def html_page(title: str, body: str, *, style: str = "", marks: str = "") -> bytes:
    """A page that needs no network and no other file, as the content of one.

    Args:
        title: its title, as text.
        body: what is in it, as HTML.
        style: its style sheet.
        marks: attributes of its body.

    >>> b"<title>a &lt; b</title>" in html_page("a < b", "<p>less</p>")
    True
    """
    for name, x in {"title": title, "body": body, "style": style, "marks": marks}.items():
        if not isinstance(x, str):
            raise TypeError(f"{name} is a text, got {type(x).__name__} ({x!r:.60})")
    space = " " if marks else ""
    return PAGE.format(
        title=html.escape(title), body=body, style=style, marks=f"{space}{marks}"
    ).encode()
