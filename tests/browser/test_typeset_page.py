"""A derivation and a step on a page without a network: mathematics, and no LaTeX in sight."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Value

Open = Callable[..., Any]

PAGE = '<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>{}</body></html>'


def views() -> list[Any]:
    model = nn.scalar.MLP(2, [2, 1], rng=1)
    loss = (model([Value(0.5, "x1"), Value(-1.5, "x2")]) - 1.0) ** 2
    return [autograd.derivation(loss), next(autograd.steps(loss)), autograd.steps(loss)]


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
@pytest.mark.parametrize("rules", ["", "[hidden] { display: none !important }"])
def test_a_page_shows_mathematics_without_a_network(
    open_page: Open, tmp_path: Path, size: tuple[int, int], rules: str
) -> None:
    path = tmp_path / "page.html"
    body = "".join(view._repr_html_() for view in views())
    path.write_text(PAGE.format(f"<style>{rules}</style>{body}"), encoding="utf-8")
    page = open_page(path, size=size, java_script_enabled=False)  # and without a script
    formulas = page.locator("math")
    assert formulas.count() > 50
    for k in range(0, formulas.count(), 7):
        assert formulas.nth(k).is_visible()
        assert formulas.nth(k).bounding_box()["height"] > 8
    assert page.locator(".latex:visible").count() == 0
    tall = page.locator("math:has(mfrac)").first.bounding_box()["height"]
    flat = page.locator("math:not(:has(mfrac))").first.bounding_box()["height"]
    assert tall > flat  # it is set, and not only its text
    assert page.locator("body").bounding_box()["width"] <= size[0]


def test_where_styles_and_mathml_are_taken_out_the_latex_remains(
    open_page: Open, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(PAGE.format("".join(v._repr_html_() for v in views())), encoding="utf-8")
    page = open_page(path)
    # As front ends do with what is not trusted: elements go, their texts stay.
    page.evaluate(
        """() => {
      for (const style of document.querySelectorAll('style')) style.remove();
      for (const math of document.querySelectorAll('math')) math.replaceWith(math.textContent);
    }"""
    )
    assert page.locator(".chalk-math > .mathml:visible").count() == 0
    shown = page.locator("body").inner_text()
    assert r"\begin{align*}" in shown
    assert r"$\displaystyle \frac{\partial L}{\partial" in shown
