"""The house keeps its plan: imports point one way, what is public says what it is."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import autograd
import nn
from docs import rooms
from docs.rooms import FILES, ROOT, tree_of

# The rooms from the top floor down: a file may import what lies on a lower floor, or in its own room.
# A room is a folder without the folders in it; a file beside them is one of its own.
FLOORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "autograd": (
        ("autograd.__init__", "autograd.__main__"),
        ("autograd.views.drawing", "autograd.views.stepping", "autograd.views.derivation"),
        ("autograd.views.living",),
        ("autograd.views",),
        ("autograd.views.canvas",),
        ("autograd.formulas",),
        ("autograd.checking", "autograd.expressions", "autograd.config"),
        ("autograd.transforms",),
        ("autograd.programs",),
        ("autograd.programs.languages",),
        ("autograd.programs.native.tensors",),
        ("autograd.programs.native.scalars",),
        ("autograd.programs.native",),
        ("autograd.programs.by_numpy",),
        ("autograd.programs.planning",),
        ("autograd.primitives",),
        ("autograd.engine",),
        ("autograd.context",),
        ("autograd.support",),
    ),
    "nn": (
        ("nn.__main__",),
        ("nn.experiments",),
        ("nn.__init__",),
        ("nn.live",),
        ("nn.training",),
        ("nn.historic", "nn.exporting"),
        ("nn.regularisers", "nn.schedules"),
        ("nn.optim", "nn.inspect", "nn.data"),
        ("nn.scalar",),
        ("nn.networks_of_values",),
        ("nn.layers",),
        ("nn.init",),
        ("nn.functional",),
        ("nn.losses",),
        ("nn.function_module",),
        ("nn.module",),
        ("nn.settings", "nn.trial", "nn.metrics"),
        ("nn.arguments", "nn.randomness", "nn.neighbours"),
    ),
}
FLOOR = {
    room: floor
    for floors in FLOORS.values()
    for floor, rooms in enumerate(floors)
    for room in rooms
}

CACHED = "cached_property"


@cache
def imports(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    """The modules a file imports when it runs, and the names it takes from each."""
    found: list[tuple[str, tuple[str, ...]]] = []

    def walk(node: ast.AST) -> Iterator[ast.AST]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        yield node
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    for node in walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found += ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative imports hide where a name comes from"
            found.append((node.module or "", tuple(alias.name for alias in node.names)))
    return found


def public_names(package: ModuleType) -> set[str]:
    """What a package offers, without its own files."""
    return {name for name in dir(package) if not inspect.ismodule(getattr(package, name))}


def name_of(path: Path) -> str:
    """A file's path below the root, for messages and test ids."""
    return path.relative_to(ROOT).as_posix()


AUTOGRAD = [p for p in FILES if name_of(p).startswith("autograd/")]


GRAPH = rooms.import_graph()


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert rooms.circles(GRAPH) == []


def test_a_circle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}
    assert rooms.circles(graph) == [["b", "c"]]


@pytest.mark.parametrize("module", GRAPH)
def test_imports_point_down(module: str) -> None:
    own = rooms.room_of(module)
    assert own in FLOOR, f"say in FLOORS where {own} lies"
    for other in GRAPH[module]:
        room = rooms.room_of(other)
        assert room in FLOOR, f"say in FLOORS where {room} lies"
        if room != own and room.partition(".")[0] == own.partition(".")[0]:
            assert FLOOR[room] > FLOOR[own], (
                f"{module} imports {other}, which lies above or beside it"
            )


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
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert node.value.id != "autograd" or node.attr in public, f"autograd.{node.attr}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_number_is_looked_for_in_a_range(path: Path) -> None:
    """A float, or a number of NumPy's, is compared with every member: a million for each text."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Compare):
            for operator, right in zip(node.ops, node.comparators, strict=True):
                looked = isinstance(operator, ast.In | ast.NotIn)
                called = isinstance(right, ast.Call) and isinstance(right.func, ast.Name)
                assert not (looked and called and right.func.id == "range"), node.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_property_is_cached_under_a_lock_that_a_forked_process_may_wait_for(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and node.attr == CACHED:
            assert ast.unparse(node) != f"functools.{CACHED}", node.lineno
    for module, names in imports(path):
        assert module != "functools" or CACHED not in names


@pytest.mark.parametrize("path", AUTOGRAD, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_that_is_imported_by_its_name_is_imported_by_import_late(path: Path) -> None:
    """So that no process is forked while it is imported, perhaps by another thread."""
    assert path.stem == "late" or "import_module(" not in path.read_text(encoding="utf-8")


def test_a_row_is_declared_where_rows_are_and_nowhere_else() -> None:
    declaring = ("elementwise", "reduction", "linear_map", "multilinear", "fused")
    for path in FILES:
        if path.parent.name == "primitives" or path.stem == "declare":
            continue
        for node in tree_of(path).body:
            called = node.value.func if isinstance(getattr(node, "value", None), ast.Call) else None
            assert getattr(called, "id", None) not in declaring, name_of(path)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_public_function_and_class_has_a_docstring(path: Path) -> None:
    tree = tree_of(path)
    assert ast.get_docstring(tree), f"{name_of(path)} does not say what it is"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{name_of(path)}: {node.name} has no docstring"


ROOMS = [path for path in FILES if path.stem == "__init__"]


@pytest.mark.parametrize("path", ROOMS, ids=name_of)
def test_a_room_says_in_which_order_to_read_it(path: Path) -> None:
    """The first lines of a folder name each of its files and folders."""
    said = ast.get_docstring(tree_of(path)) or ""
    inside = {each.stem for each in path.parent.glob("*.py") if not each.stem.startswith("__")}
    inside |= {each.parent.name for each in path.parent.glob("*/__init__.py")}
    assert inside <= set(re.findall(r"`(\w+)`", said)), f"{name_of(path)} leaves some out"


@pytest.mark.parametrize("package", rooms.PACKAGES)
def test_the_drawing_of_the_rooms_is_true(package: str) -> None:
    boxes, arrows = rooms.drawn(rooms.PICTURES[package].read_text(encoding="utf-8"))
    graph = rooms.rooms_of(package)
    again = "draw the rooms anew: python -m docs.rooms"
    assert boxes == {room: rooms.said(room) for room in graph}, again
    assert arrows == graph, again


def test_a_drawing_leaves_out_what_a_longer_way_shows() -> None:
    graph = {"a": {"b", "c"}, "b": {"c"}, "c": set(), "d": {"a", "c"}}
    assert rooms.without_detours(graph) == {"a": {"b"}, "b": {"c"}, "c": set(), "d": {"a"}}


TWICE = {
    "MLP": "the network, and that of Values, as micrograd has it",
    "OneLineParser": "of both commands: nn has no other names of autograd's than the public ones",
}
"""Names of classes that mean two things, and why they may."""


def test_one_class_name_means_one_thing() -> None:
    places: dict[str, list[str]] = {}
    for path in FILES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name.lstrip("_"), []).append(name_of(path))
    twice = {name: files for name, files in places.items() if len(files) > 1}
    assert twice.keys() == TWICE.keys(), twice


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
