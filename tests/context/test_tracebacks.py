"""Tracebacks in pytest and IPython show the user's lines, and the library's where the library failed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor
from autograd.context.tracebacks import hidden, shown

ROOT = Path(__file__).parents[2]

LINES = {
    "an operator": "t @ t",
    "a function": "autograd.einsum('ij,jk', t, t)",
    "an unknown option": "nn.MLP(2, [3], rgn=0)",
    "a layer": "nn.MLP(5, [3], rng=0)(t)",
    "a loss": "nn.cross_entropy(t, [7, 7])",
    "an optimiser": "nn.optim.SGD(model.parameters(), 0.1).step()",
    "a method": "t.backward()",
    "a Value": "Value('a')",
    "NumPy's": "np.add(t, np.ones(5))",
    "an assignment": "t.grad = 'x'",
    "an attribute": "t.view",
    "a transform": "autograd.grad(lambda x: x @ t)(np.ones((2, 2)) + t.data)",
    "a compiled function": "autograd.compile(lambda x: x @ t)(np.ones((2, 3)))",
    "the user's own": "nn.Activation(lambda x: 1 / 0)(t)",
    "a picture": "autograd.draw(3)",
}
START = (
    "import numpy as np\nimport autograd, nn\nfrom autograd import Tensor, Value\n"
    "t = Tensor(np.ones((2, 3)))\nmodel = nn.MLP(2, [3], rng=0)\n"
)
BROKEN = "autograd.registry['exp'].bind = None\nautograd.exp(t, axis=0)"


def ran(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout) + done.stderr


def library_lines(text: str) -> list[str]:
    """The lines of a report that name a file of the library."""
    lines = [line for line in text.splitlines() if "<module " not in line]  # a variable's repr
    path = rf"{re.escape(str(ROOT))}/(autograd|nn)/|^(autograd|nn)/\S*:"
    return [line for line in lines if re.search(path, line)]


# --- pytest ---------------------------------------------------------------------------------------


def test_pytest_shows_the_users_lines(tmp_path: Path) -> None:
    file = tmp_path / "test_mine.py"
    tests = "".join(f"\ndef test_{i}():\n    {line}\n" for i, line in enumerate(LINES.values()))
    file.write_text(START + tests)
    options = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", str(file))
    text = ran(*options)
    assert f"{len(LINES)} failed" in text
    assert library_lines(text) == []
    for line in LINES.values():
        assert f">       {line}" in text or f">   {line}" in text, line
    assert library_lines(ran(*options, "--full-trace"))
    assert library_lines(ran(*options, CHALKGRAD_TRACEBACKS="full"))


def test_pytest_shows_where_the_library_itself_failed(tmp_path: Path) -> None:
    file = tmp_path / "test_mine.py"
    body = BROKEN.replace("\n", "\n    ")
    file.write_text(f"{START}\ndef test_it():\n    {body}\n")
    text = ran("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", str(file))
    assert library_lines(text)


def test_every_module_asks() -> None:
    for name in (
        "autograd.engine.tensor",
        "autograd.engine.value",
        "nn.module",
        "nn.layers.linear",
        "nn",
    ):
        assert vars(sys.modules[name])["__tracebackhide__"] is hidden
    assert autograd.Value.hypot.__globals__["__tracebackhide__"] is hidden
    assert "__tracebackhide__" not in dir(autograd)


# --- IPython --------------------------------------------------------------------------------------

SHELL = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
if len(sys.argv) > 2:
    shell.run_line_magic("xmode", sys.argv[2])
for cell in sys.argv[1].split("---"):
    shell.run_cell(cell)
"""


@pytest.mark.parametrize("mode", ["Context", "Plain", "Verbose", "Minimal"])
def test_ipython_shows_the_users_lines(mode: str, tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    cells = "---".join([START, *LINES.values()])
    text = ran("-c", SHELL, cells, mode, IPYTHONDIR=str(tmp_path))
    assert len(re.findall(r"(?m)^\w*Error: ", text)) == len(LINES)
    assert library_lines(text) == []
    if mode == "Context":
        for line in LINES.values():
            assert f"----> 1 {line}" in text, line


def test_ipython_shows_where_the_library_itself_failed(tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    text = ran("-c", SHELL, f"{START}---{BROKEN}", IPYTHONDIR=str(tmp_path))
    assert library_lines(text)


# --- which frames ---------------------------------------------------------------------------------


def test_frames_of_users_are_left_and_those_between_go() -> None:
    def forward(x: Tensor) -> Tensor:
        return x @ x

    with pytest.raises(ValueError, match="matmul") as raised:
        nn.Activation(forward)(Tensor(np.ones((2, 3))))
    names = [frame.name for frame in traceback.extract_tb(shown(raised.value.__traceback__))]
    assert names == ["test_frames_of_users_are_left_and_those_between_go", "forward"]


def test_errors_that_have_nothing_to_do_with_the_library_stay_as_they_are() -> None:
    with pytest.raises(np.linalg.LinAlgError) as raised:
        np.linalg.inv(np.ones(3))
    trace = raised.value.__traceback__
    assert traceback.extract_tb(shown(trace)) == traceback.extract_tb(trace)
    assert shown(None) is None
