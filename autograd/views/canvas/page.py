"""Page: the head that every page of HTML has which the library writes."""

from __future__ import annotations

import html

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
