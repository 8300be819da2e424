"""The functions of exact JavaScript beside the engine's."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from javascript import Engine, as_doubles, engine_of

import autograd
from autograd import Value
from autograd.programs.languages.exact_in_javascript import AGREES, HELPERS, PROBES, Probe
from autograd.programs.languages.live import LiveProgram

GLIBC = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="another C library errs elsewhere"
)

COUNT = 10_000
RNG = np.random.default_rng(0)
NORMAL, UNIFORM = RNG.normal(size=COUNT), RNG.uniform(-1, 1, size=COUNT)
POSITIVE, SECOND = np.exp(3 * RNG.normal(size=COUNT)), RNG.normal(size=COUNT)


class Function(NamedTuple):
    """A function of the engine's, arguments, and how many in 10,000 may differ from it."""

    engine: Callable[..., float]
    arguments: tuple[Any, ...]
    differ: int


FUNCTIONS: dict[str, Function] = {
    "exp": Function(math.exp, (4 * NORMAL,), 15),
    "log": Function(math.log, (POSITIVE,), 15),
    "log2": Function(math.log2, (POSITIVE,), 20),
    "log10": Function(math.log10, (POSITIVE,), 15),
    "raised": Function(math.pow, (POSITIVE, 2 * SECOND), 20),
    "sin": Function(math.sin, (4 * NORMAL,), 30),
    "cos": Function(math.cos, (4 * NORMAL,), 40),
    "tan": Function(math.tan, (4 * NORMAL,), 50),
    "asin": Function(math.asin, (UNIFORM,), 40),
    "acos": Function(math.acos, (UNIFORM,), 20),
    "atan": Function(math.atan, (3 * NORMAL,), 30),
    "atan2": Function(math.atan2, (NORMAL, SECOND), 40),
    "hypot": Function(math.hypot, (NORMAL, SECOND), 5),
    "cosh": Function(math.cosh, (2 * NORMAL,), 25),
    "asinh": Function(math.asinh, (3 * NORMAL,), 25),
    "acosh": Function(math.acosh, (1 + POSITIVE,), 25),
    "erf": Function(math.erf, (1.5 * NORMAL,), 700),
    "erfc": Function(math.erfc, (2 * NORMAL,), 2500),
    "erf_by_ratios": Function(math.erf, (1.5 * NORMAL,), 5),
    "erfc_by_ratios": Function(math.erfc, (2 * NORMAL,), 25),
}
STAY: dict[str, Function] = {
    "tanh": Function(math.tanh, (1.5 * NORMAL,), 25),
    "sinh": Function(math.sinh, (2 * NORMAL,), 40),
    "atanh": Function(math.atanh, (UNIFORM,), 25),
    "expm1": Function(math.expm1, (2 * NORMAL,), 40),
    "log1p": Function(math.log1p, (POSITIVE,), 40),
}
"""Those of which a browser's own is the C library's."""


PROGRAM = """
const out = (() => {{
{helpers}
const cases = [{cases}];
return cases.map(([f, agrees, right, xs, ys]) => {{
  let differ = 0, farthest = 0;
  for (let i = 0; i < xs.length; i++) {{
    const found = f(xs[i], ys && ys[i]);
    if (found !== right[i]) differ++;
    farthest = Math.max(farthest, Math.abs(found / right[i] - 1) / Number.EPSILON);
  }}
  return [differ, farthest, agrees];
}});
}})();
"""


def compared(engine: Engine, folder: Path, cases: Sequence[tuple[str, str, Function]]) -> Any:
    """For each function by its text how often it differs, how far, and what is asked of it."""
    texts = []
    for text, question, (of_engine, arguments, _) in cases:
        right = [of_engine(*xs) for xs in zip(*(x.tolist() for x in arguments), strict=True)]
        texts.append(f"[{', '.join([text, question, *map(as_doubles, [right, *arguments])])}]")
    helpers = "\n".join([*HELPERS.values(), AGREES])
    return json.loads(engine(PROGRAM.format(helpers=helpers, cases=", ".join(texts)), folder))


@GLIBC
@pytest.mark.parametrize("name", ["node", "browser"])
def test_functions_are_the_engine_s_but_for_one_argument_in_hundreds(
    name: str, tmp_path: Path
) -> None:
    cases = [(text, "null", row) for text, row in FUNCTIONS.items()]
    cases += [(f"Math.{text}", "null", row) for text, row in STAY.items()]
    results = compared(engine_of(name), tmp_path, cases)
    for (text, _, row), (differ, farthest, _) in zip(cases, results, strict=True):
        assert differ <= row.differ, (text, differ)
        assert farthest <= 2.5, (text, farthest)


@GLIBC
@pytest.mark.parametrize("name", ["node", "browser"])
def test_what_gives_the_engine_s_bits_is_used_and_nothing_else(name: str, tmp_path: Path) -> None:
    cases = [(probe.own, probe.text(), FUNCTIONS[text]) for text, probe in PROBES.items()]
    results = compared(engine_of(name), tmp_path, cases)
    for (own, question, _), (differ, _, agrees) in zip(cases, results, strict=True):
        assert differ <= 25 if agrees else differ > 25, (own, question, differ)


@pytest.mark.parametrize("name", ["node", "browser"])
def test_one_bit_of_one_number_is_seen(name: str, tmp_path: Path) -> None:
    def wrong(x: float) -> float:
        nonlocal count
        count += 1
        return math.nextafter(math.sqrt(x), 9) if count == 77 else math.sqrt(x)

    count = 0
    questions = [Probe("Math.sqrt", f, 0).text() for f in (math.sqrt, wrong)]
    text = engine_of(name)(f"{AGREES}\nconst out = [{', '.join(questions)}];", tmp_path)
    assert json.loads(text) == [True, False]


def test_only_what_is_called_is_written() -> None:
    x = Value(2.0)
    assert "agrees" not in LiveProgram(x * x).script
    assert "low" not in LiveProgram(x * x).script
    script = LiveProgram(x.exp()).script
    assert "const exp_of =" in script
    assert "log_of" not in script


def test_the_readable_source_has_the_language_s_own_functions() -> None:
    assert "Math.exp(x)" in autograd.to_source(Value(2.0, "x").exp(), language="javascript")
