"""Run notebooks from a clean kernel and save them with their outputs.

    python notebooks/refresh.py                   all of them
    python notebooks/refresh.py 10 11_looking     those whose names begin so
    python notebooks/refresh.py --check           run and compare, save nothing

It needs ``pip install ".[notebooks]"``. What is saved does not depend on who runs it, or when: a
kernel without the user's settings, no times, no machine, no metadata but the kernel's name.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import html
import json
import os
import re
import shutil
import struct
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
DIGEST = "run_with"
"""The entry of a notebook's metadata that holds the digest of the code its outputs are from."""
ALT = "alt"
"""The entry of a cell's metadata that says what its images show: a sentence, or one for each image."""
KEPT = ("alt", "claims", "tags")
"""What is kept of a cell's metadata; its claims are the rows of claims.csv that it asserts."""
IMAGES = ("image/png", "image/jpeg", "image/svg+xml")
NEEDED = ("nbclient", "nbformat", "ipykernel", "matplotlib")
"""Without these a notebook cannot be run."""

Notebook = dict[str, Any]


def names(*beginnings: str) -> list[Path]:
    """The notebooks whose names begin with one of these, all when there is none; in order."""
    paths = sorted(HERE.glob("*.ipynb"))
    return [p for p in paths if not beginnings or p.name.startswith(beginnings)]


def read(path: Path) -> Notebook:
    """A notebook as it stands in its file."""
    notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
    return notebook


# --- running --------------------------------------------------------------------------------------


@contextmanager
def quiet_environment(startup: Sequence[Path]) -> Iterator[None]:
    """An environment in which every kernel behaves the same: the user's settings are not in it."""
    import matplotlib
    import matplotlib.font_manager  # builds its cache here, where what it says harms nobody

    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder, "ipython", "profile_default", "startup")
        first.mkdir(parents=True)
        for path in startup:
            shutil.copy(path, first)
        changes = {
            "IPYTHONDIR": str(Path(folder, "ipython")),
            "JUPYTER_CONFIG_DIR": str(Path(folder, "config")),
            "JUPYTER_DATA_DIR": str(Path(folder, "data")),
            "JUPYTER_RUNTIME_DIR": str(Path(folder, "runtime")),
            "JUPYTER_PREFER_ENV_PATH": "1",
            "MATPLOTLIBRC": str(Path(matplotlib.get_data_path(), "matplotlibrc")),
            "PYTHONPATH": os.pathsep.join(
                filter(None, (str(HERE.parent), os.environ.get("PYTHONPATH")))
            ),
            "PYTHONHASHSEED": "0",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            # One thread adds in one order, and small products are fastest on it.
            **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
        }
        # A backend of the user's would leave the pages without figures.
        removed = ("MPLBACKEND", "NO_COLOR", "FORCE_COLOR", "PYTHONWARNINGS", "JUPYTER_PATH")
        before = dict(os.environ)
        try:
            for name in removed:
                os.environ.pop(name, None)
            os.environ.update(changes)
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def executed(notebook: Notebook, *, timeout: float = 300, startup: Sequence[Path] = ()) -> Notebook:
    """A copy of a notebook, run from a clean kernel in this folder, with what its cells then gave.

    Args:
        timeout: seconds that one cell may take.
        startup: Python files that the kernel runs before the first cell.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raised; the message has its traceback.
    """
    import nbclient
    import nbformat

    copy = nbformat.reads(json.dumps(notebook), as_version=4)
    with quiet_environment(startup):
        nbclient.NotebookClient(
            copy,
            timeout=int(timeout),
            kernel_name="python3",
            resources={"metadata": {"path": str(HERE)}},
        ).execute()
    return normalised(copy)


# --- what is saved --------------------------------------------------------------------------------


def normalised(notebook: Notebook) -> Notebook:
    """A notebook without what depends on the run: times, trust, versions, a stream's pieces.

    Its metadata have a digest of its code, so that a cell which was changed and not run is noticed
    also where its output is a picture.
    """
    cells = []
    for number, cell in enumerate(notebook["cells"], start=1):
        kept = {
            "cell_type": cell["cell_type"],
            "id": cell.get("id", f"c{number:02d}"),
            "metadata": {k: v for k, v in cell.get("metadata", {}).items() if k in KEPT},
            "source": lines(joined(cell["source"])),
        }
        if cell["cell_type"] == "code":
            kept["execution_count"] = cell.get("execution_count")
            kept["outputs"] = described(merged(cell.get("outputs", [])), kept["metadata"].get(ALT))
        cells.append(kept)
    return {
        "cells": cells,
        "metadata": METADATA | {DIGEST: digest(notebook)},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def digest(notebook: Notebook) -> str:
    """What tells the code of a notebook from any other."""
    sources = [joined(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()[:16]


def merged(outputs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Outputs, a stream in one piece: how many a kernel sends is a matter of time."""
    kept: list[dict[str, Any]] = []
    for output in outputs:
        output = {k: v for k, v in output.items() if k != "transient"}
        if "text" in output:
            text = joined(output["text"])
            last = kept[-1] if kept else {}
            if last.get("output_type") == "stream" and last.get("name") == output.get("name"):
                last["text"] = lines(joined(last["text"]) + text)
                continue
            output["text"] = lines(text)
        if "data" in output:
            output["data"] = {
                mime: data if mime.endswith("json") else stored(mime, joined(data))
                for mime, data in output["data"].items()
            }
        kept.append(output)
    return kept


def stored(mime: str, text: str) -> str | list[str]:
    """What is displayed, as it lies in the file: text by lines, an image in one."""
    return text.strip() + "\n" if mime in ("image/png", "image/jpeg") else lines(text)


def described(
    outputs: list[dict[str, Any]], alt: str | Sequence[str] | None
) -> list[dict[str, Any]]:
    """Outputs whose images have the alternative texts of their cell.

    Each text stands where Jupyter's readers look for one, beside the image in the output's metadata.
    JupyterLab, and the page that nbconvert makes unless it is told another template, look nowhere and
    show an image without a text; so the same image is there as HTML too, which they prefer.

    Raises:
        ValueError: there are other than as many texts as images.
    """
    if alt is None:
        return outputs
    images = [(x, mime) for x in outputs for mime in IMAGES if mime in x.get("data", {})]
    told = [alt] if isinstance(alt, str) else list(alt)
    if len(told) != len(images):
        raise ValueError(
            f"a cell with {len(images)} images needs as many alternative texts ({ALT!r} in its "
            f"metadata), and has {len(told)}: {told}"
        )
    for (output, mime), text in zip(images, told, strict=True):
        output["metadata"] = output.get("metadata", {}) | {mime: {ALT: text}}
        data = joined(output["data"][mime])
        if mime == "image/svg+xml":
            data = base64.b64encode(data.encode()).decode()
        output["data"]["text/html"] = [
            f'<img alt="{html.escape(text)}" src="data:{mime};base64,{data.strip()}">'
        ]
    return outputs


class Alternatives(HTMLParser):
    """How many pictures of a page have no alternative text."""

    def __init__(self) -> None:
        super().__init__()
        self.missing = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "img":
            self.missing += not (given.get("alt") or "").strip()
        elif tag == "svg" and given.get("aria-hidden") != "true":
            self.missing += not (given.get("aria-label") or given.get("aria-labelledby"))


def without_text(notebook: Notebook) -> list[str]:
    """The cells that show a picture which has no alternative text: what to write into, one line each."""
    found = []
    for number, cell in enumerate(notebook["cells"], start=1):
        missing = 0
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            parser = Alternatives()
            parser.feed(joined(data.get("text/html", "")))
            told = output.get("metadata", {})
            missing += parser.missing + sum(
                mime in data and not told.get(mime, {}).get(ALT, "").strip() for mime in IMAGES
            )
        if missing:
            plural = "s have" if missing > 1 else " has"
            where = f"cell {number} ({cell['id']})"
            found.append(f'{where}: {missing} picture{plural} no alternative text ("{ALT}")')
    return found


def joined(text: str | Sequence[str]) -> str:
    """Text that a notebook may hold as a list of lines."""
    return text if isinstance(text, str) else "".join(text)


def lines(text: str) -> list[str]:
    """Text as a list of lines, as notebooks hold it: changes are then seen line by line."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def written(notebook: Notebook, path: Path) -> None:
    """Save: the same notebook gives the same bytes."""
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


# --- whether two runs say the same ----------------------------------------------------------------

NUMBER = re.compile(r"[-−+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
CLOSE = 1e-3
"""How far decimals may be apart, relatively: other processors add in another order."""


class Words(HTMLParser):
    """The words of a page, and of the pictures in it; neither its scripts nor its style."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.depth = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.depth += tag in ("script", "style", "title")  # Graphviz titles a box by its number
        for name, text in attributes:
            if name == "src" and text and text.startswith("data:image/svg+xml;base64,"):
                self.words.append(labels(base64.b64decode(text.partition(",")[2]).decode()))
            elif name == "alt" and text:
                self.words.append(text)

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag in ("script", "style", "title")

    def handle_data(self, text: str) -> None:
        if not self.depth:
            self.words.append(text)


def words(page: str) -> str:
    """What a reader reads of a page."""
    parser = Words()
    parser.feed(page)
    return " ".join(" ".join(parser.words).split())


def labels(picture: str) -> str:
    """What a reader reads of an SVG; in alphabetical order, for where things stand does not matter."""
    parser = Words()
    parser.feed(picture)
    return " | ".join(sorted(filter(None, (each.strip() for each in parser.words))))


def size(picture: str) -> tuple[int, int]:
    """Width and height of a PNG, in pixels."""
    width, height = struct.unpack(">II", base64.b64decode(picture)[16:24])
    return width, height


def texts(output: dict[str, Any]) -> dict[str, str]:
    """What can be read of an output, by kind."""
    if output["output_type"] == "stream":
        return {output["name"]: joined(output["text"])}
    if output["output_type"] == "error":
        return {"error": f"{output['ename']}: {output['evalue']}"}
    found = {}
    for mime, data in output["data"].items():
        if mime == "text/html":
            found[mime] = words(joined(data))
        elif mime == "image/svg+xml":
            found[mime] = labels(joined(data))
        elif mime.endswith("json"):
            found[mime] = json.dumps(data, sort_keys=True)
        elif not mime.startswith("image/"):
            found[mime] = joined(data)
    return found


def same_text(old: str, new: str) -> bool:
    """The same words and whole numbers, and decimals that are close."""
    if old == new:
        return True
    if NUMBER.sub("#", old) != NUMBER.sub("#", new):
        return False
    for a, b in zip(NUMBER.findall(old), NUMBER.findall(new), strict=True):
        if a == b:
            continue
        if not set(a) & set(".eE") and not set(b) & set(".eE"):
            return False
        x, y = (float(each.replace("−", "-")) for each in (a, b))
        if abs(x - y) > 1e-9 + CLOSE * max(abs(x), abs(y)):
            return False
    return True


def differences(old: Notebook, new: Notebook) -> list[str]:
    """What a run gave otherwise than what is in the file: one line each, none when it is up to date.

    Cells, kinds of outputs, words and whole numbers are to be the same; decimals and the sizes of
    images close, since not all machines round alike. What an image shows is not compared.
    """
    if len(old["cells"]) != len(new["cells"]):
        return [f"{len(old['cells'])} cells, and {len(new['cells'])} when run"]
    found = []
    if old["metadata"].get(DIGEST) != digest(old):
        found.append("a code cell was changed after the outputs had been saved")
    for number, (a, b) in enumerate(zip(old["cells"], new["cells"], strict=True), start=1):
        if (a["cell_type"], joined(a["source"])) != (b["cell_type"], joined(b["source"])):
            found.append(f"cell {number}: another source")
        if a["cell_type"] != "code":
            continue
        if a.get("execution_count") != b.get("execution_count"):
            found.append(
                f"cell {number}: count {a.get('execution_count')}, {b.get('execution_count')} when run"
            )
        was, now = merged(a.get("outputs", [])), merged(b.get("outputs", []))
        if [kinds(x) for x in was] != [kinds(x) for x in now]:
            told = [[", ".join(kinds(x)) for x in each] for each in (was, now)]
            found.append(f"cell {number}: outputs {told[0]}, {told[1]} when run")
            continue
        for x, y in zip(was, now, strict=True):
            found += [f"cell {number}: {told}" for told in changed(x, y)]
    return found


def kinds(output: dict[str, Any]) -> list[str]:
    """What kinds of data an output has."""
    return [output["output_type"], *sorted(output.get("data", [output.get("name", "")]))]


def changed(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """How one output differs from another of the same kinds."""
    was, now = texts(old), texts(new)
    for kind, text in was.items():
        if not same_text(text, now[kind]):
            at = next(
                (i for i, (a, b) in enumerate(zip(text, now[kind], strict=False)) if a != b),
                min(len(text), len(now[kind])),
            )
            start = max(0, at - 30)
            yield f"{kind} is …{text[start : at + 40]!r}, …{now[kind][start : at + 40]!r} when run"
    if "image/png" in old.get("data", {}):
        a, b = (size(joined(each["data"]["image/png"])) for each in (old, new))
        if any(abs(x - y) > 2 + 0.01 * x for x, y in zip(a, b, strict=True)):
            yield f"an image of {a[0]} × {a[1]}, {b[0]} × {b[1]} when run"


# --- the command ----------------------------------------------------------------------------------


def processor_time() -> float:
    """Seconds that kernels which have ended were at work: what a quiet machine would take."""
    times = os.times()
    return times.children_user + times.children_system


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, compare, save; 1 when `--check` found a notebook that is not up to date."""
    parser = argparse.ArgumentParser(description="Run notebooks from a clean kernel and save them.")
    parser.add_argument("names", nargs="*", help="how their names begin; all when left out")
    parser.add_argument("--check", action="store_true", help="compare, and save nothing")
    chosen = parser.parse_args(arguments)
    paths = names(*chosen.names)
    if not paths:
        parser.error(f"no notebook here begins with {' or '.join(chosen.names) or 'anything'}")
    stale = 0
    for path in paths:
        old = read(path)
        start, busy = time.perf_counter(), processor_time()
        new = executed(old)
        seconds, busy = time.perf_counter() - start, processor_time() - busy
        found = differences(old, new)
        stale += bool(found)
        if not chosen.check:
            written(new, path)
        megabytes = len(json.dumps(new)) / 1e6
        told = "as it was" if not found else "not up to date" if chosen.check else "changed"
        clock = f"{seconds:5.1f} s, {busy:4.1f} s of work"
        print(f"{path.name:36s} {clock}, {megabytes:.2f} MB, {told}", flush=True)
        for line in found[:5]:
            print(f"  {line}")
        if len(found) > 5:
            print(f"  and {len(found) - 5} more")
        for line in without_text(new):
            print(f"  {line}")
    return int(chosen.check and stale > 0)


if __name__ == "__main__":
    sys.exit(main())
