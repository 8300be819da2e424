"""Plant mistakes in the library, one at a time: the notebooks that teach the thing have to notice.

    python notebooks/faults.py                       all of faults.toml
    python notebooks/faults.py --only "He's rule"    those whose names have this in them
    python notebooks/faults.py --only 06 --jobs 4    those that notebook 6 teaches, in it, four at once
    python notebooks/faults.py --list                what there is

An assertion that no mistake can break asserts nothing. Each fault of ``faults.toml`` is put into a copy
of the library, the code cells of the notebooks that teach it run on that copy, each in a process of its
own, and an assertion in one of their cells has to fail. That the library raises by itself, or can no
longer be imported, is no merit of the notebook, and does not count. First the notebooks run without a
fault. The status is 1 where a fault survives. Nothing is written into the checkout.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LIST = HERE / "faults.toml"
PACKAGES = ("autograd", "nn")
CAUGHT = ("assertion", "check")
"""The ways to end that are merits of a notebook: an assertion of a cell, or a check of the library's
that a cell asked for: `gradcheck`, or a program's comparison of its first run with an eager pass."""
PATIENCE = 1200
"""Seconds after which a notebook is given up."""
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Fault:
    """A mistake to plant.

    Attributes:
        name: what is wrong, in a few words.
        file: where, from the root of the checkout.
        text: what stands there, once.
        instead: what is put in its place.
        notebooks: the numbers of the notebooks that teach it, each of which has to notice.
        claims: the numbers of the lectures' claims that are false with it, as in ``claims.csv``.
    """

    name: str
    file: str
    text: str
    instead: str
    notebooks: tuple[str, ...]
    claims: tuple[int, ...] = ()

    def planted(self, source: str) -> str:
        """The source with the mistake in it.

        Raises:
            ValueError: the text is not there, or is there more than once: the list has to follow.
        """
        count = source.count(self.text)
        if count != 1:
            raise ValueError(f"{self.name}: its text stands {count} times in {self.file}, not once")
        return source.replace(self.text, self.instead)


@dataclass(frozen=True)
class Run:
    """A notebook that was run, on the library with a fault in it or as it is, and how that ended."""

    fault: Fault | None
    notebook: Path
    outcome: dict[str, Any]

    @property
    def caught(self) -> bool:
        """Whether the notebook noticed."""
        return self.outcome["how"] in CAUGHT

    def row(self) -> tuple[str, ...]:
        """What a reader is told."""
        found = self.outcome
        claims = ", ".join(map(str, self.fault.claims)) if self.fault else ""
        place = "" if found["cell"] is None else f"[{found['cell']}] {found['id']}:{found['line']}"
        how = found["how"] if found["how"] != "passed" else "SURVIVED"
        name = self.fault.name if self.fault else "no fault"
        seconds = f"{found['seconds']:.0f} s"
        return name, claims, self.notebook.name[:2], how, place, seconds, found["text"]


def read(path: Path = LIST) -> list[Fault]:
    """The faults of a file."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    faults = [
        Fault(
            file=file,
            name=each["name"],
            text=each["text"],
            instead=each["instead"],
            notebooks=tuple(each["notebooks"]),
            claims=tuple(each["claims"]),
        )
        for file, several in tables.items()
        for each in several
    ]
    twice = [name for name, count in Counter(fault.name for fault in faults).items() if count > 1]
    if twice:
        raise ValueError(f"two faults have the name {twice[0]!r}")
    return faults


def chosen(faults: Iterable[Fault], only: Sequence[str]) -> list[tuple[Fault, str]]:
    """Faults, and the numbers of notebooks that teach them: where `only` has words, those with one of
    these in their names, or in the notebook of this number."""
    pairs = [(fault, number) for fault in faults for number in fault.notebooks]
    return [x for x in pairs if not only or any(o in x[0].name or o == x[1] for o in only)]


# --- running --------------------------------------------------------------------------------------


def copied(base: Path, place: Path, fault: Fault | None) -> None:
    """Lay a copy of the library in a folder, with a fault in it."""
    for package in PACKAGES:
        # With the times of files, so that their bytecode is believed and need not be made again.
        shutil.copytree(base / package, place / package, copy_function=shutil.copy2)
    if fault is not None:
        file = place / fault.file
        source = fault.planted(file.read_text(encoding="utf-8"))
        for stale in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
            stale.unlink()
        file.write_text(source, encoding="utf-8")


def run(notebook: Path, library: Path) -> dict[str, Any]:
    """Run a notebook's cells in a fresh process, on the library in a folder."""
    environment = os.environ | ONE_THREAD
    environment |= {"PYTHONPATH": str(library), "PYTHONHASHSEED": "0", "CHALKGRAD_CACHE": "off"}
    environment["CHALKGRAD_NATIVE"] = "0"  # what was compiled knows nothing of the mistake
    command = [sys.executable, "-W", "ignore", str(HERE / "cells.py"), str(notebook)]
    try:
        done = subprocess.run(
            command,
            env=environment,
            cwd=notebook.parent,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return {"how": "timeout", "cell": None, "text": "", "seconds": PATIENCE}
    if done.returncode or not done.stdout:
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        return {"how": "crash", "cell": None, "text": last, "seconds": 0}
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


def examined(pairs: Iterable[tuple[Fault | None, Path]], base: Path, jobs: int) -> Iterator[Run]:
    """Run each notebook on its fault, several at once, and give what happened as it comes."""

    def one(fault: Fault | None, notebook: Path) -> Run:
        with tempfile.TemporaryDirectory() as folder:
            copied(base, Path(folder), fault)
            return Run(fault, notebook, run(notebook, Path(folder)))

    with ThreadPoolExecutor(jobs) as pool:
        runs: list[Future[Run]] = [pool.submit(one, *pair) for pair in pairs]
        for each in as_completed(runs):
            yield each.result()


def table(runs: Iterable[Run]) -> str:
    """The runs, one line each: what was not caught first."""
    told: list[tuple[str, ...]] = [("fault", "claims", "in", "how", "cell", "time", "what failed")]
    told += [each.row() for each in sorted(runs, key=lambda x: (x.caught, x.notebook.name))]
    widths = [max(len(row[i]) for row in told) for i in range(len(told[0]) - 1)] + [0]
    return "\n".join(
        "  ".join(f"{cell:{n}}" for cell, n in zip(row, widths, strict=True)).rstrip()
        for row in told
    )


# --- the command ----------------------------------------------------------------------------------


def main(
    arguments: Sequence[str] | None = None,
    *,
    faults: Sequence[Fault] | None = None,
    folder: Path = HERE,
    root: Path = ROOT,
) -> int:
    """Plant, run and tell; 1 when a notebook did not notice, 2 when one fails without a fault."""
    parser = argparse.ArgumentParser(description="Plant mistakes; the notebooks have to notice.")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        help="parts of names, or notebooks' numbers",
    )
    parser.add_argument("--list", action="store_true", help="list the faults, and run nothing")
    parser.add_argument("--jobs", type=int, default=1, help="how many notebooks to run at once")
    options = parser.parse_args(arguments)
    planned = chosen(read() if faults is None else faults, options.only)
    if not planned:
        parser.error(f"no fault is called {' or '.join(options.only)}")
    if options.list:
        for fault, number in planned:
            print(f"{number}  {fault.name}  ({fault.file})")
        return 0
    paths = {path.name[:2]: path for path in folder.glob("*.ipynb")}
    pairs = [(fault, paths[number]) for fault, number in planned]
    with tempfile.TemporaryDirectory() as base:
        for package in PACKAGES:  # the library as it is, whatever is done to the checkout meanwhile
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(root / package, Path(base, package), ignore=ignored)
        for fault, _ in planned:
            fault.planted(Path(base, fault.file).read_text(encoding="utf-8"))
        command = [sys.executable, "-m", "compileall", "-q", base]
        subprocess.run(command, check=True)
        needed = sorted({path for _, path in pairs})
        control = list(examined([(None, path) for path in needed], Path(base), options.jobs))
        failing = [each for each in control if each.outcome["how"] != "passed"]
        if failing:
            print(f"Without any fault these fail:\n{table(failing)}")
            return 2
        runs = []
        for each in examined(pairs, Path(base), options.jobs):
            runs.append(each)
            print("  ".join(each.row()[:6]), file=sys.stderr, flush=True)
    survivors = sum(not each.caught for each in runs)
    print(table(runs))
    count = len({fault.name for fault, _ in planned})
    print(f"\n{count} faults, {len(runs)} runs: {survivors} were not noticed")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main())
