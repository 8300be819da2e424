"""One palette: every colour of every picture and page is written in one file."""

import re
from pathlib import Path

import pytest

from autograd import DARK, LIGHT
from autograd.views.canvas.theme import page_style
from autograd.views.stepping.stepper import _assets

ROOT = Path(__file__).parents[2]
# In scripts rgb(colour) reads one of the theme's, and `rgb(${...})` writes what was computed of them.
COLOUR = re.compile(
    r"#[0-9A-Fa-f]{6}\b|#[0-9A-Fa-f]{3}\b(?=[;\"' ])|\brgb\((?!0 0 0 |colour\)|this\.ink\.|\$\{)"
)
PLACES = [
    path
    for folder in ("autograd", "nn")
    for suffix in ("py", "css", "js")
    for path in (ROOT / folder).rglob(f"*.{suffix}")
]


def test_a_colour_is_written_in_the_theme_and_nowhere_else():
    found = {path.name for path in PLACES if COLOUR.search(path.read_text(encoding="utf-8"))}
    # Black is what SVG fills with where nothing is said.
    assert found == {"theme.py", "shapes.py"}


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_variable_of_the_steppers_style_has_a_colour_in_both_themes(theme):
    _, style, _ = _assets()
    used = set(re.findall(r"var\((--[a-z-]+)\)", style))
    given = set(re.findall(r"(--[a-z-]+):", theme.variables()))
    assert used <= given
    assert theme.variables() in page_style("stepper")


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_stands_out_from_what_it_is_written_on(theme):
    def luminance(colour: str) -> float:
        parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
        return sum(weight * x for weight, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    def contrast(a: str, b: str) -> float:
        low, high = sorted((luminance(a), luminance(b)))
        return (high + 0.05) / (low + 0.05)

    grounds = [theme.background, theme.frame, *(fill for fill, _ in theme.kinds.values())]
    assert min(contrast(theme.text, ground) for ground in grounds) > 7
    named = (theme.faint, theme.cotangent, theme.local, theme.gradient)
    assert min(contrast(x, theme.background) for x in named) > 4.5
