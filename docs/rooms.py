"""The rooms of the house and the imports between them, read from the files: `python -m docs.rooms`.

A room is a folder without the folders in it; a file right below `autograd` or `nn` is a room of its own.
The drawings, one for each package, show what each room says of itself, and an arrow to every room that
it imports from, unless a longer way along the arrows leads there as well. tests/test_architecture.py
holds the drawings to the files, and the imports to one direction.
"""

from __future__ import annotations

import ast
import html
import re
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("autograd", "nn")
PICTURES = {package: ROOT / "docs" / f"rooms-{package}.svg" for package in PACKAGES}

Graph = dict[str, set[str]]

FILES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "__pycache__" not in path.parts
)


def module_of(path: Path) -> str:
    """A file's dotted name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def room_of(module: str) -> str:
    """The folder that a module lies in, or the module itself where it lies beside the folders."""
    folder = MODULES[module].relative_to(ROOT).parent.as_posix().replace("/", ".")
    if folder not in PACKAGES:
        return folder
    return f"{folder}.__init__" if module == folder else module


@cache
def tree_of(path: Path) -> ast.Module:
    """A file, parsed once for whoever asks; nobody changes it."""
    return ast.parse(path.read_text(encoding="utf-8"))


def asked(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every import of a file: at its head, in functions, for type checkers, and by `import_late`.

    A module whose name is put together, as in f"autograd.programs.{kind}.executor", is every module
    that the name fits.
    """
    late = "import_late(" in path.read_text(encoding="utf-8")
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a name comes from"
            yield node.module or "", tuple(alias.name for alias in node.names)
        elif late and isinstance(node, ast.JoinedStr | ast.Constant):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            pattern = "".join(
                re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".+" for p in parts
            )
            if pattern.startswith(r"autograd\."):
                yield from ((each, ()) for each in MODULES if re.fullmatch(pattern, each))


@cache
def import_graph() -> Graph:
    """For each module of both packages the modules it imports, in whatever way."""
    graph: Graph = {}
    for module, path in MODULES.items():
        found = graph[module] = set()
        for package, names in asked(path):
            files = {f"{package}.{name}" for name in names} & MODULES.keys()
            found |= files
            if len(files) < max(len(names), 1) and package in MODULES:
                found.add(package)
        found.discard(module)
    return graph


def between_rooms(graph: Mapping[str, set[str]]) -> Graph:
    """The same between rooms."""
    rooms: Graph = {room_of(module): set() for module in graph}
    for module, others in graph.items():
        rooms[room_of(module)] |= {room_of(each) for each in others} - {room_of(module)}
    return rooms


def reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """Everything below a module or a room, directly or by others."""
    found: set[str] = set()
    left = [start]
    while left:
        new = graph[left.pop()] - found
        found |= new
        left += new
    return found


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The sets of modules each of which imports all the others, directly or not."""
    below = {module: reached(graph, module) for module in graph}
    found = {
        tuple(sorted(each for each in below[module] if module in below[each]))
        for module in graph
        if module in below[module]
    }
    return sorted(map(list, found))


def without_detours(graph: Mapping[str, set[str]]) -> Graph:
    """The arrows that no longer way makes superfluous; what lies in a circle keeps all of its own."""
    below = {room: reached(graph, room) for room in graph}
    return {
        room: {
            other
            for other in others
            if room in below[other]
            or not any(other in below[way] and way not in below[other] for way in others - {other})
        }
        for room, others in graph.items()
    }


# --- the drawing -----------------------------------------------------------------------------------


def file_of(room: str) -> Path:
    """The file that says what a room is."""
    return MODULES.get(room.removesuffix(".__init__"), ROOT / room / "__init__.py")


def said(room: str) -> str:
    """What a room says of itself: the first sentence of its docstring."""
    text = ast.get_docstring(tree_of(file_of(room))) or ""
    return text.split("\n\n")[0].replace("\n", " ").replace("`", "")


def name_of(room: str) -> str:
    """A room as the drawing calls it, by its path."""
    path = file_of(room).relative_to(ROOT)
    beside = room.count(".") == 1 and path.name != "__init__.py"
    return path.as_posix() if beside or room.endswith("__init__") else f"{path.parent.as_posix()}/"


def rooms_of(package: str) -> Graph:
    """The arrows between the rooms of one package, without detours."""
    inside = {
        room: {other for other in others if other.partition(".")[0] == package}
        for room, others in between_rooms(import_graph()).items()
        if room.partition(".")[0] == package
    }
    return without_detours(inside)


def dot(package: str) -> str:
    """The drawing of a package in Graphviz's language."""
    from autograd.views.canvas.theme import LIGHT

    fill, line = LIGHT.kinds["operation" if package == "autograd" else "output"]
    lines = [
        "digraph rooms {",
        f'bgcolor="{LIGHT.background}" nodesep=0.08 ranksep=0.3 pad=0.1',
        # Graphviz takes the letters for narrower than browsers draw them: the margin makes up for it.
        'node [shape=box style="rounded,filled" fontname="Helvetica,Arial,sans-serif" fontsize=10 '
        f'margin="0.14,0.07" fillcolor="{fill}" color="{line}"]',
        f'edge [color="{LIGHT.line}" arrowsize=0.7]',
    ]
    rooms = rooms_of(package)
    for room in rooms:
        name = (
            name_of(room)
            .removeprefix(f"{package}/")
            .replace("/", "/<BR/>", name_of(room).count("/") - 2)
        )
        lines_of = textwrap.wrap(said(room), 17, break_long_words=False, break_on_hyphens=False)
        words = "<BR/>".join(map(html.escape, lines_of))
        lines.append(f'"{room}" [label=<<B>{name}</B><BR/>{words}>]')
    for room, others in rooms.items():
        lines += (f'"{room}" -> "{other}"' for other in sorted(others))
    return "\n".join([*lines, "}"])


def drawn(svg: str) -> tuple[dict[str, str], Graph]:
    """What a drawing shows: the words in each box, and the arrows."""
    boxes: dict[str, str] = {}
    arrows: Graph = {}
    for kind, title, body in re.findall(
        r'class="(node|edge)">\s*<title>(.*?)</title>(.*?)</g>', svg, flags=re.DOTALL
    ):
        if kind == "node":
            words = re.findall(r"<text(?![^>]*bold)[^>]*>(.*?)</text>", body)
            boxes[title] = html.unescape(" ".join(word.strip() for word in words))
            arrows.setdefault(title, set())
        else:
            start, _, end = html.unescape(title).partition("->")
            arrows.setdefault(start, set()).add(end)
    return boxes, arrows


def main() -> None:
    """Draw the rooms as they are now."""
    from autograd.views.canvas.rendering import render

    for package, picture in PICTURES.items():
        picture.write_bytes(render(dot(package)))


if __name__ == "__main__":
    main()
