"""Other code under our names is noticed, and two lines say what to do."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
from autograd.support.habits import HABITS

ROOT = Path(__file__).parents[2]

SUBMODULES = (
    *("numpy", "scipy", "misc", "extend", "test_util", "builtins", "core", "tracer", "util"),
    *("wrap_util", "differential_operators"),
)

# What HIPS autograd's folder looks like, written for this test.
THEIRS = {
    "__init__.py": "def grad(f): ...\ndef elementwise_grad(f): ...\n",
    "tracer.py": "",
    "core.py": "",
    "numpy/__init__.py": "from numpy import *\n",
}


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A copy of the library as pip leaves it."""
    place = tmp_path / "site-packages"
    for package in ("autograd", "nn"):
        shutil.copytree(
            ROOT / package, place / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return place


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def said(program: str, *places: Path, cwd: Path) -> tuple[int, str]:
    """The exit status of a program that finds modules in these places, and what it said of us."""
    rest = [each for each in sys.path if each and not (Path(each) / "autograd").exists()]
    path = [*map(str, places), *rest]
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {path!r}\n{program}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )
    return done.returncode, done.stderr


# --- modules of HIPS autograd ---------------------------------------------------------------------


@pytest.mark.parametrize("module", SUBMODULES)
def test_a_module_of_hips_autograd_says_what_to_write(module: str) -> None:
    for statement in (f"import autograd.{module} as m", f"from autograd.{module} import x"):
        with pytest.raises(ModuleNotFoundError, match="in chalkgrad: HIPS autograd's `") as error:
            exec(statement, {})
        assert error.value.name == f"autograd.{module}"
    with pytest.raises(ImportError, match=f"HIPS autograd's `{module}`"):
        exec(f"from autograd import {module}", {})


def test_whoever_only_asks_is_told_that_there_is_none() -> None:
    for module in SUBMODULES:
        assert importlib.util.find_spec(f"autograd.{module}") is None
        assert not hasattr(autograd, module)
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'autograd\.nothing'$"):
        importlib.import_module("autograd.nothing")


def test_the_table_knows_what_hips_autograd_offers() -> None:
    theirs = (
        *("elementwise_grad", "deriv", "make_vjp", "make_jvp", "make_hvp", "make_ggnvp"),
        *("hessian_vector_product", "hessian_tensor_product", "tensor_jacobian_product"),
        *("vector_jacobian_product", "grad_and_aux", "grad_named", "multigrad_dict"),
        *("holomorphic_grad", "checkpoint", "dict", "list", "tuple", "isinstance", "type"),
        *SUBMODULES,
    )
    known = {n for h in HABITS if h.library == "HIPS autograd" for n in h.names}
    assert set(theirs) <= known
    with pytest.raises(TypeError, match=r"`argnum=` is `argnums=` here"):
        autograd.grad(lambda x: x, argnum=0)


# --- HIPS autograd in the same place --------------------------------------------------------------


def test_ours_over_hips_autograd_says_so_and_works(packages: Path, tmp_path: Path) -> None:
    left = {name: text for name, text in THEIRS.items() if name != "__init__.py"}
    write(packages / "autograd", left)
    status, told = said("import nn; nn.MLP(2, [1])", packages, cwd=tmp_path)
    assert status == 0
    assert told.count("HIPS autograd lies in the folder of this library") == 1
    assert told.startswith("<string>:2: UserWarning: HIPS")  # the line that imports
    assert re.search(r"`pip uninstall -y autograd`, then `.*pip install --force-reinstall", told)
    # Their files would be found, and are for their nodes.
    status, told = said("import autograd.numpy as np", packages, cwd=tmp_path)
    assert status == 1
    assert "`import numpy as np`" in told


@pytest.mark.parametrize("how", ["over ours", "before ours", "before ours, imported"])
def test_hips_autograd_in_place_of_ours_says_so(packages: Path, tmp_path: Path, how: str) -> None:
    elsewhere = tmp_path / "theirs"
    write((packages if how == "over ours" else elsewhere) / "autograd", THEIRS)
    first = "import autograd; " if how.endswith("imported") else ""
    status, told = said(f"{first}import nn", elsewhere, packages, cwd=tmp_path)
    assert status == 1
    assert told.splitlines()[-2].startswith("ImportError: ")
    assert "HIPS autograd" in told.splitlines()[-2]
    assert told.splitlines()[-1].startswith("Run `pip uninstall -y autograd`, then install")


def test_what_removing_hips_autograd_leaves_says_so(packages: Path, tmp_path: Path) -> None:
    (packages / "autograd" / "__init__.py").unlink()
    status, told = said("import nn", packages, cwd=tmp_path)
    assert status == 1
    assert "has lost its __init__.py" in told.splitlines()[-2]
    assert "install this library again" in told.splitlines()[-1]


# --- files of the user's own ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["autograd.py", "autograd/__init__.py"])
def test_an_autograd_of_the_users_own_is_named_and_not_run(
    packages: Path, tmp_path: Path, name: str
) -> None:
    write(tmp_path / "work", {name: "raise SystemExit('run')"})
    status, told = said("import nn", tmp_path / "work", packages, cwd=tmp_path)
    assert status == 1
    assert f"`import autograd` finds {tmp_path / 'work' / name}" in told.splitlines()[-2]
    assert told.splitlines()[-1].startswith("Rename that file or folder")


@pytest.mark.parametrize("name", ["nn.py", "nn/__init__.py"])
@pytest.mark.parametrize("program", ["import autograd", "import nn, autograd"])
def test_an_nn_of_the_users_own_is_named(
    packages: Path, tmp_path: Path, name: str, program: str
) -> None:
    write(tmp_path / "work", {name: ""})
    status, told = said(program, tmp_path / "work", packages, cwd=tmp_path)
    assert status == 0
    assert told.count(f"`import nn` finds {tmp_path / 'work' / name}") == 1
    assert "rename that file or folder; if you want yours, all is well" in told


def test_an_nn_that_is_made_of_ours_is_meant(packages: Path, tmp_path: Path) -> None:
    write(tmp_path / "work", {"nn.py": "from autograd import Value"})
    assert said("import nn; nn.Value(1.0)", tmp_path / "work", packages, cwd=tmp_path) == (0, "")


def test_nothing_is_said_where_nothing_is_wrong(packages: Path, tmp_path: Path) -> None:
    (tmp_path / "nn").mkdir()  # a folder that is no package hides nothing
    for program in ("import autograd", "import nn", "import autograd, nn"):
        assert said(program, packages, tmp_path, cwd=tmp_path) == (0, "")
