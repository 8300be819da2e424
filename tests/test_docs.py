"""The pages for contributors: their examples run, and what they point at is there."""

from __future__ import annotations

import ast
import doctest
import re
from pathlib import Path

import pytest

import autograd
from docs.rooms import FILES, tree_of

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

README = ROOT / "README.md"

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def defined(path: Path) -> set[str]:
    """The names that a file defines, and its own or, for an `__init__`, its folder's."""
    names = {path.stem, path.parent.name if path.stem == "__init__" else path.name}
    for node in tree_of(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


@each_page
def test_examples_run_and_print_what_they_say(page: Path) -> None:
    blocks = re.findall(r"```pycon\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.S)
    told = "\n".join(re.sub(r"^$", "<BLANKLINE>", block.rstrip(), flags=re.M) for block in blocks)
    test = doctest.DocTestParser().get_doctest(told, {}, page.name, str(page), 0)
    said: list[str] = []
    assert doctest.DocTestRunner(verbose=False).run(test, out=said.append).failed == 0, "".join(
        said
    )
    if page.parent == ROOT / "docs":
        assert test.examples


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.name)
def test_links_lead_to_files_that_define_what_the_link_says(page: Path) -> None:
    for text, target in re.findall(r"\[([^\]]+)\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        file, _, heading = target.partition("#")
        path = (page.parent / file).resolve()
        assert path.is_file(), target
        if path.suffix == ".py" and (name := re.fullmatch(r"`(\w+)`", text)):
            assert name[1] in defined(path), f"{name[1]} is not in {target}"
        if heading:
            titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), flags=re.M)
            anchors = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
            assert heading in anchors, target


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.name)
def test_files_and_folders_that_are_named_are_there(page: Path) -> None:
    for name in re.findall(r"(?<![\w/.])(?:\w+/)+[\w.-]*", page.read_text(encoding="utf-8")):
        if name.partition("/")[0] in ("autograd", "nn", "tests", "docs", "benchmarks"):
            assert (ROOT / name).exists(), name


def test_the_row_that_is_shown_is_the_row_of_the_library() -> None:
    (shown,) = re.findall(
        r"```python\n(tanh = .*?)```",
        (ROOT / "docs/architecture.md").read_text(encoding="utf-8"),
        flags=re.S,
    )
    rule = ast.unparse(ast.parse(shown).body[0].value.args[-1].body)  # type: ignore[attr-defined]
    out = 0.5
    assert eval(rule) == autograd.registry["tanh"].derivatives[0](out, None) == 0.75


def test_a_change_is_checked_by_the_commands_that_contributors_are_told() -> None:
    told = re.findall(r"```sh\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), flags=re.S)
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    install, quick, everything = told[0].splitlines()
    assert '".[test]"' in install
    for command in (quick, *told[1].splitlines()[0].split(" && ")):
        assert f"\n{command}\n" in script
    assert everything.startswith("python -m pytest ")
    hooks = re.findall(r"entry: (.*)", (ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [hook.split(" --")[0] for hook in hooks] == ["ruff check", "ruff format", "mypy"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_docstring_names_no_file_that_is_gone(path: Path) -> None:
    names = {each.name for each in FILES}
    for name in re.findall(r"`(?:\w+/)*(\w+\.py)`", ast.get_docstring(tree_of(path)) or ""):
        assert name in names, name
