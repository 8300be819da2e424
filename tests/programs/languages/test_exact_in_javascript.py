"""The functions of exact JavaScript beside the engine's."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from javascript import as_doubles, engine_of

import autograd
from autograd import Value
from autograd.programs.languages.exact_in_javascript import HELPERS
from autograd.programs.languages.live import LiveProgram

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
    "pow": Function(math.pow, (POSITIVE, 2 * SECOND), 20),
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
const exact = (() => {{
{exact}
return {{{names}}};
}})();
const out = cases.map(([f, right, xs, ys]) => {{
  let differ = 0, farthest = 0;
  for (let i = 0; i < xs.length; i++) {{
    const found = f(xs[i], ys && ys[i]);
    if (found !== right[i]) differ++;
    farthest = Math.max(farthest, Math.abs(found / right[i] - 1) / Number.EPSILON);
  }}
  return [differ, farthest];
}});
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library errs elsewhere")
@pytest.mark.parametrize("name", ["node", "browser"])
def test_functions_are_the_engine_s_but_for_one_argument_in_hundreds(
    name: str, tmp_path: Path
) -> None:
    engine = engine_of(name)
    cases = []
    for function, (of_engine, arguments, _) in (FUNCTIONS | STAY).items():
        right = [of_engine(*xs) for xs in zip(*(x.tolist() for x in arguments), strict=True)]
        found = f"{'exact' if function in FUNCTIONS else 'Math'}.{function}"
        cases.append(f"[{', '.join([found, *map(as_doubles, [right, *arguments])])}]")
    program = PROGRAM.format(exact="\n".join(HELPERS.values()), names=", ".join(FUNCTIONS))
    program = program.replace("const out", f"const cases = [{', '.join(cases)}];\nconst out")
    results = json.loads(engine(program, tmp_path))
    for (function, row), found in zip((FUNCTIONS | STAY).items(), results, strict=True):
        differ, farthest = found
        assert differ <= row.differ, (function, found)
        assert farthest <= 2.5, (function, found)


def test_only_what_is_called_is_written() -> None:
    x = Value(2.0)
    assert "low" not in LiveProgram(x * x).script
    script = LiveProgram(x.exp()).script
    assert "const exp_of =" in script
    assert "log_of" not in script


def test_the_readable_source_has_the_language_s_own_functions() -> None:
    assert "Math.exp(x)" in autograd.to_source(Value(2.0, "x").exp(), language="javascript")
