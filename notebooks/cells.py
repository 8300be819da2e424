"""Run a notebook's code cells in this process, without a kernel, and say where the first one failed.

    python notebooks/cells.py notebooks/05_what_to_minimise.ipynb

`faults` starts it, once for each notebook and fault: a kernel takes longer to start than most cells.
Pictures are made and not shown, and what a cell would display is not asked for.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import json
import linecache
import os
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import CodeType, ModuleType

LIBRARY = ("autograd", "nn")


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        how: ``"passed"``; ``"assertion"``, an AssertionError of a cell's own (or of NumPy's testing);
            ``"check"``, one of the library's, such as `gradcheck`'s, or a program's error about its
            first run; ``"crash"``, any other error in a cell; ``"import"``, the library could not even
            be imported.
        cell: which cell of the notebook it was, counted from 0, as it stands in the file.
        id: the identifier of that cell.
        line: the line of that cell.
        text: what stands there, or what the error says where no cell was reached.
        seconds: how long it took, imports included.
    """

    how: str
    cell: int | None = None
    id: str = ""
    line: int | None = None
    text: str = ""
    seconds: float = 0.0


def code_cells(path: Path) -> Iterator[tuple[int, str, str]]:
    """The place, the identifier and the source of each code cell."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for place, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            yield place, cell.get("id", ""), "".join(cell["source"])


def compiled(place: int, source: str) -> CodeType:
    """A cell's code, under a name by which its lines are found in a traceback."""
    filename = f"<cell {place}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    return compile(ast.parse(source), filename, "exec")


def in_library(filename: str) -> bool:
    """Whether a file is one of the library's."""
    homes = (os.path.dirname(sys.modules[name].__file__ or "") for name in LIBRARY)
    return any(filename.startswith(home + os.sep) for home in homes)


def failure(error: BaseException, place: int, identifier: str) -> Outcome:
    """What an error of a cell was, and the line of the cell from which it came."""
    frames = traceback.extract_tb(error.__traceback__)
    filename = f"<cell {place}>"
    own = [frame for frame in frames if frame.filename == filename]
    line = own[-1].lineno if own else getattr(error, "lineno", None)
    text = linecache.getline(filename, line or 0).strip()
    if isinstance(error, AssertionError) and not in_library(frames[-1].filename):
        how = "assertion"
    elif isinstance(error, AssertionError) or type(error).__name__ == "ProgramError":
        how = "check"
    else:
        how = "crash"
        text += f"  # {type(error).__name__}: {error}".splitlines()[0]
    return Outcome(how, place, identifier, line, text)


def run(path: Path) -> Outcome:
    """Run the code cells of a notebook, up to the first that fails."""
    try:
        for name in LIBRARY:
            importlib.import_module(name)
    except Exception as error:
        return Outcome("import", text=f"{type(error).__name__}: {error}")
    pyplot = importlib.import_module("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    page = ModuleType("__main__")  # what cells define has this name in a kernel, too
    sys.modules["__main__"] = page
    for place, identifier, source in code_cells(path):
        try:
            exec(compiled(place, source), vars(page))
        except Exception as error:
            return failure(error, place, identifier)
        finally:
            pyplot.close("all")
    return Outcome("passed")


def main(arguments: list[str]) -> int:
    """Run one notebook. What is printed is the outcome alone, as JSON."""
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        outcome = run(Path(arguments[0]))
    seconds = round(time.perf_counter() - start, 1)
    print(json.dumps(asdict(outcome) | {"seconds": seconds}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
