"""Running JavaScript: by node, and by a browser without a window."""

from __future__ import annotations

import base64
import math
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FAR = {
    "kl_divergence": 32,
    "binary_cross_entropy": 16,
    "erfc": 16,
    "arctan2": 8,
    "cbrt": 4,
    "xlogy": 4,
    "pow": 4,
    "hypot": 4,
}
"""How many floats a row may be away from what the C library gives; the others 2. A browser has its own
functions; with kl_divergence a difference of logarithms is taken."""

Engine = Callable[[str, Path], str]
"""Runs a program in a folder: the JSON of what it calls `out`."""

EXACTLY = """
const bits = x => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
};
const number = text => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt("0x" + text));
  return view.getFloat64(0);
};
"""
"""A number as the text of its bits, and back: JSON has neither nan nor −0."""


def by_node(program: str, folder: Path) -> str:
    """The program run by node."""
    file = folder / "run.js"
    file.write_text(f"{EXACTLY}{program}\nconsole.log(JSON.stringify(out));", encoding="utf-8")
    run = subprocess.run(["node", str(file)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout


def by_browser(path: str) -> Engine:
    """The program run in a page of a browser."""

    def run(program: str, folder: Path) -> str:
        page = folder / "run.html"
        shown = "document.body.textContent = '<<' + JSON.stringify(out) + '>>';"
        text = (
            f"<!doctype html><meta charset=utf-8><body><script>{EXACTLY}{program}\n{shown}</script>"
        )
        page.write_text(text.replace("</body>", ""), encoding="utf-8")
        words = [
            path,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={folder / 'u'}",
        ]
        told = subprocess.run(
            [*words, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=False
        )
        found = re.search(r"&lt;&lt;(.*)&gt;&gt;", told.stdout, re.S)
        assert found, (told.stdout[-500:], told.stderr[-2000:])
        return found[1]

    return run


def engines() -> dict[str, Engine]:
    """What there is here."""
    found: dict[str, Engine] = {}
    if shutil.which("node"):
        found["node"] = by_node
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is not None:
        found["browser"] = by_browser(path)
    return found


def engine_of(name: str) -> Engine:
    """What runs JavaScript; the test is skipped where there is none of that name."""
    engine = engines().get(name)
    if engine is None:
        pytest.skip(f"there is no {name} here")
    return engine


def as_doubles(numbers: Any) -> str:
    """An expression whose value is a Float64Array with the same bits."""
    text = base64.b64encode(np.ascontiguousarray(numbers, "<f8").tobytes()).decode()
    return f'new Float64Array(Uint8Array.from(atob("{text}"), c => c.charCodeAt(0)).buffer)'


def packed(x: float) -> str:
    return struct.pack(">d", x).hex()


def unpacked(text: str) -> float:
    (x,) = struct.unpack(">d", bytes.fromhex(text))
    return float(x)


def apart(x: float, y: float) -> float:
    """How many floats lie between two: 0 for nan and nan, and for 0 and −0."""
    if math.isnan(x) or math.isnan(y):
        return 0 if math.isnan(x) and math.isnan(y) else math.inf
    if x == y:
        return 0
    if math.isinf(x) or math.isinf(y):
        return math.inf
    return abs(x - y) / math.ulp(max(abs(x), abs(y)))
