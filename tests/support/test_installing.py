"""What is said about installing is what works where this copy of the library came from."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograd import install_hint
from autograd.support import installing

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    installing._origin.cache_clear()
    yield
    installing._origin.cache_clear()


def installed(folder: Path, direct_url: dict[str, object] | None) -> str:
    """A place for packages that has the library as pip leaves it; gives the package's folder."""
    metadata = folder / "chalkgrad-0.1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.4\nName: chalkgrad\nVersion: 0.1.0\n")
    if direct_url is not None:
        (metadata / "direct_url.json").write_text(json.dumps(direct_url))
    return str(folder / "autograd")


def test_in_a_clone_it_is_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    assert install_hint("svg") == 'pip install ".[svg]"'
    monkeypatch.chdir(tmp_path)
    assert install_hint("svg,plot") == f'pip install ".[svg,plot]" in {ROOT}'


def test_what_was_installed_from_a_clone_is_installed_from_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clone = tmp_path / "my clone"
    clone.mkdir()
    package = installed(tmp_path / "site-packages", {"url": clone.as_uri(), "dir_info": {}})
    monkeypatch.setattr(installing, "PACKAGE", package)
    assert install_hint("plot") == f'pip install ".[plot]" in {clone}'
    monkeypatch.chdir(clone)
    assert install_hint("plot") == 'pip install ".[plot]"'
    monkeypatch.chdir(tmp_path)
    clone.rmdir()
    assert install_hint("plot") == 'pip install ".[plot]" in its clone'


@pytest.mark.parametrize(
    ("direct_url", "hint"),
    [
        (None, 'pip install "chalkgrad[fast]"'),
        (
            {"url": "https://host/c.git", "vcs_info": {"vcs": "git", "commit_id": "0"}},
            'pip install "chalkgrad[fast] @ git+https://host/c.git"',
        ),
        (
            {"url": "file:///home/me/c-0.1.0.whl", "archive_info": {}},
            'pip install "chalkgrad[fast] @ file:///home/me/c-0.1.0.whl"',
        ),
    ],
    ids=["from an index", "from a repository", "from a wheel"],
)
def test_without_a_clone_it_is_asked_for_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    direct_url: dict[str, object] | None,
    hint: str,
) -> None:
    monkeypatch.setattr(installing, "PACKAGE", installed(tmp_path / "packages", direct_url))
    assert install_hint("fast") == hint


def test_files_that_nothing_is_known_of_are_asked_for_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(installing, "PACKAGE", str(tmp_path / "autograd"))
    assert install_hint("svg") == 'pip install "chalkgrad[svg]"'


def texts(tree: ast.AST) -> Iterator[str]:
    """What is said: every text of a program but its docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in docstrings:
            yield node.value


def test_every_hint_comes_from_the_one_function_and_names_an_extra_that_there_is() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = extras["project"]["optional-dependencies"]
    asked = 0
    for package in ("autograd", "nn", "benchmarks"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            if path != Path(installing.__file__):
                told = [text for text in texts(tree) if re.search(r"pip install \S*\[", text)]
                assert told == [], path
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and "install_hint" in ast.unparse(node.func):
                    (name,) = node.args
                    assert isinstance(name, ast.Constant)
                    assert set(name.value.split(",")) <= set(extras), path
                    asked += 1
    assert asked >= 6


@pytest.mark.parametrize("page", ["README.md", "notebooks/README.md", "CHANGELOG.md"])
def test_pages_install_from_the_clone_what_there_is(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for asked in re.findall(r"pip install (?:-e )?\"?([^\"\s]*\[[^\]]*\])", text):
        name, _, wanted = asked.rstrip("]").partition("[")
        assert name == "."
        assert set(wanted.split(",")) <= set(extras["project"]["optional-dependencies"])
