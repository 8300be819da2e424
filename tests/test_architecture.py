"""The house keeps its plan: imports point one way, what is public says what it is."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import autograd
import nn

ROOT = Path(__file__).parent.parent
FILES = sorted(
    path
    for package in ("autograd", "nn")
    for path in (ROOT / package).rglob("*.py")
    if "__pycache__" not in path.parts
)

# From left to right: a file may import only what stands to its right, or its own folder's files.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("__main__",),
    ("exercises", "expressions", "views", "programs", "checking"),
    ("transforms", "units"),
    ("operators",),
    ("functions",),
    ("apply", "flat", "in_place", "vector"),
    ("value", "tensor", "pickling"),
    ("signatures", "primitives"),
    ("declare", "local_derivative"),
    ("user_rows", "families"),
    ("primitive", "choices"),
    ("dispatch",),
    ("followed",),
    ("letters", "graph"),
    ("tracebacks",),
    ("recording", "arrays", "caching", "late", "numpy_calls", "saving", "differences"),
    ("neighbours",),
    ("installing", "habits", "clashes"),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}

# graph asks for pickling when a node is pickled, not before: the one import that points left.
LATE = {("graph", "pickling")}

STDLIB_CACHED = "functools.cached_property"

PRIMITIVES = (
    *("losses", "fused", "normalisation", "reductions", "products", "linear"),
    *("entropy", "effects", "elementwise"),
)


def imports(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The modules a file imports when it runs, and the names it takes from each."""

    def walk(node: ast.AST) -> Iterator[ast.AST]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        yield node
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    for node in walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, ()
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative imports hide where a name comes from"
            yield node.module or "", tuple(alias.name for alias in node.names)


def inside_autograd(path: Path) -> Iterator[str]:
    """What a file imports from autograd, as dotted names without the ``autograd.``."""
    for module, names in imports(path):
        package, _, rest = module.partition(".")
        if package != "autograd":
            continue
        if rest and rest != "primitives":
            yield rest
        else:
            yield from (f"{rest}.{name}".lstrip(".") for name in names)


def public_names(package: ModuleType) -> set[str]:
    """What a package offers, without its own files."""
    return {name for name in dir(package) if not inspect.ismodule(getattr(package, name))}


def name_of(path: Path) -> str:
    """A file's path below the root, for messages and test ids."""
    return path.relative_to(ROOT).as_posix()


AUTOGRAD = [p for p in FILES if name_of(p).startswith("autograd/")]


@pytest.mark.parametrize("path", AUTOGRAD, ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    place = path.relative_to(ROOT / "autograd").with_suffix("").parts
    if place == ("__init__",):  # the public names, from everywhere
        return
    own = place[0]
    assert own in RANK, f"say in LAYERS where {name_of(path)} stands"
    for module in inside_autograd(path):
        top, _, rest = module.partition(".")
        assert top in RANK, f"{name_of(path)} imports autograd.{module}, which has no place"
        if top != own:
            allowed = RANK[top] > RANK[own] or (own, top) in LATE
            assert allowed, f"{name_of(path)} imports autograd.{module}, which stands to its left"
        elif own == "primitives" and place[1] != "__init__":
            assert PRIMITIVES.index(rest.split(".")[0]) > PRIMITIVES.index(place[1])


def test_autograd_never_imports_nn() -> None:
    for path in AUTOGRAD:
        assert all(module.partition(".")[0] != "nn" for module, _ in imports(path)), name_of(path)


@pytest.mark.parametrize(
    "path", [path for path in FILES if name_of(path).startswith("nn/")], ids=name_of
)
def test_nn_uses_only_the_public_names_of_autograd(path: Path) -> None:
    public = public_names(autograd)
    for module, names in imports(path):
        if module.partition(".")[0] == "autograd":
            assert module == "autograd", f"{name_of(path)} imports from {module}"
            assert set(names) <= public
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert node.value.id != "autograd" or node.attr in public, f"autograd.{node.attr}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_number_is_looked_for_in_a_range(path: Path) -> None:
    """A float, or a number of NumPy's, is compared with every member: a million for each text."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare):
            for operator, right in zip(node.ops, node.comparators, strict=True):
                looked = isinstance(operator, ast.In | ast.NotIn)
                called = isinstance(right, ast.Call) and isinstance(right.func, ast.Name)
                assert not (looked and called and right.func.id == "range"), node.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_property_is_cached_under_a_lock_that_a_forked_process_may_wait_for(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.Attribute) and ast.unparse(node) == STDLIB_CACHED), (
            node.lineno
        )
    for module, names in imports(path):
        assert module != "functools" or "cached_property" not in names


@pytest.mark.parametrize("path", AUTOGRAD, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_that_is_imported_by_its_name_is_imported_by_import_late(path: Path) -> None:
    """So that no process is forked while it is imported, perhaps by another thread."""
    assert path.stem == "late" or "import_module(" not in path.read_text(encoding="utf-8")


def test_a_row_is_declared_where_rows_are_and_nowhere_else() -> None:
    declaring = ("elementwise", "reduction", "linear_map", "multilinear", "fused")
    for path in FILES:
        if path.parent.name == "primitives" or path.stem == "declare":
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            called = node.value.func if isinstance(getattr(node, "value", None), ast.Call) else None
            assert getattr(called, "id", None) not in declaring, name_of(path)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_public_function_and_class_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{name_of(path)} does not say what it is"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{name_of(path)}: {node.name} has no docstring"


@pytest.mark.parametrize("package", [autograd, nn], ids=lambda package: package.__name__)
def test_everything_a_package_offers_says_what_it_is(package: ModuleType) -> None:
    silent = []
    for name in sorted(public_names(package)):
        offered = getattr(package, name)
        if not callable(offered):
            continue
        if not inspect.getdoc(offered):
            silent.append(name)
        if inspect.isclass(offered):
            silent += [
                f"{name}.{each}"
                for each, member in vars(offered).items()
                if not each.startswith("_")
                and (callable(member) or isinstance(member, property))
                and not inspect.getdoc(getattr(offered, each))
            ]
    assert silent == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_file_can_be_imported_by_itself(path: Path) -> None:
    if path.stem == "__main__":
        return
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    assert importlib.import_module(name).__name__ == name


@pytest.mark.parametrize("name", sorted(autograd.__all__))
def test_the_examples_of_a_row_run(name: str) -> None:
    row = getattr(autograd, name)
    if not isinstance(row, autograd.Primitive):
        return
    assert row.__doc__
    examples = doctest.DocTestParser().get_doctest(row.__doc__, {}, name, None, 0)
    results = doctest.DocTestRunner(verbose=False).run(examples)
    assert results.failed == 0
    if row.family in ("diagonal", "row"):
        assert results.attempted >= 2
