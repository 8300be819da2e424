"""``python -m benchmarks``: all workloads against the peers that are installed.

Each contestant has a process of its own and one thread; it is checked against PyTorch (or against
backpropagation by hand) before it is timed; rounds alternate between the contestants, and medians are
compared. What is not installed is XX"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from autograd import install_hint
from benchmarks import before, instructions, pictures, scaling, tables
from benchmarks.before import FIRST, Comparison
from benchmarks.contestants import CONTESTANTS, Contestant
from benchmarks.harness import Harness, Result
from benchmarks.workloads import WORKLOADS


def processor() -> str:
    """What this machine computes on."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    return f"{name}, {os.cpu_count()} processors"


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options, each name in them checked."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = f"contestants (or families of them): {', '.join(CONTESTANTS)}"
    parser.add_argument(
        "--only", metavar="S2,T1", help=f"of {', '.join(WORKLOADS)}, scaling; import, first"
    )
    parser.add_argument(
        "--rounds", type=int, help="rounds for each contestant (9; 15 with --before; 3 when quick)"
    )
    parser.add_argument("--without", metavar="torch,jax", default="", help=known)
    parser.add_argument(
        "--with",
        dest="also",
        metavar="torch.compile",
        default="",
        help="contestants that are left out otherwise, being slow to start: torch.compile",
    )
    parser.add_argument(
        "--python",
        metavar="NAME=PATH",
        action="append",
        default=[],
        help="the interpreter of a contestant or a family; may be given several times",
    )
    parser.add_argument(
        "--dtype",
        choices=("float32", "float64"),
        default="float32",
        help="of the tensors in T1 to T5 (float32); scalars are doubles, and so is every check",
    )
    parser.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="time that passes (wall), or processor time (cpu), for a machine that is busy",
    )
    parser.add_argument(
        "--isa",
        choices=instructions.ISAS,
        default="native",
        help="keep all to these instructions: what the processor has (native), or no AVX-512 (avx2)",
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="where the pictures go (docs)")
    parser.add_argument("--format", choices=("svg", "png"), default="svg", help="of the pictures")
    parser.add_argument("--quick", action="store_true", help="short rounds, and few of them")
    parser.add_argument(
        "--before", type=Path, metavar="CHECKOUT", help="an older checkout to be compared with"
    )
    parser.add_argument(
        "--core", type=int, metavar="N", help="with --before: the processor that all stay on"
    )
    options = parser.parse_args(arguments)
    others = FIRST if options.before else ("scaling",)
    options.only = options.only.split(",") if options.only else [*WORKLOADS, *others]
    for name in options.only:
        if name not in (*WORKLOADS, *others):
            parser.error(
                f"no workload {name!r}: there are {', '.join(WORKLOADS)} and {' and '.join(others)}"
            )
    if options.before and not (options.before / "autograd" / "__init__.py").is_file():
        parser.error(f"--before {options.before}: no checkout there, with a folder autograd")
    if options.core is not None and (not options.before or not hasattr(os, "sched_setaffinity")):
        parser.error("--core goes with --before, on Linux")
    options.without = [name for name in options.without.split(",") if name]
    options.also = [name for name in options.also.split(",") if name]
    options.pythons = dict(pair.partition("=")[::2] for pair in options.python)
    for name in (*options.without, *options.also, *options.pythons):
        if not any(c.goes_by(name) for c in CONTESTANTS.values()):
            parser.error(f"no contestant {name!r}: there are {', '.join(CONTESTANTS)}")
    for name, path in options.pythons.items():
        if not os.access(path, os.X_OK):
            parser.error(f"--python {name}={path}: no interpreter there")
    if options.rounds is None:
        options.rounds = 3 if options.quick else 15 if options.before else 9
    if options.rounds < 1:
        parser.error(f"--rounds is 1 or more, got {options.rounds}")
    return options


def taking_part(options: argparse.Namespace, c: Contestant) -> bool:
    """Whether a contestant is asked for."""
    if any(c.goes_by(name) for name in options.without):
        return False
    return not c.optional or c.key in options.also


def say(line: str = "") -> None:
    """A line, at once: a run takes minutes."""
    print(line, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, print the tables, draw the pictures. 1 when a result was wrong."""
    options = parsed(arguments)
    seconds = 0.02 if options.quick else 0.1
    environment = instructions.variables(options.isa)
    harness = Harness(
        options.rounds, seconds, options.pythons, clock=options.clock, environment=environment
    )
    results: dict[str, list[Result]] = {}
    specified: dict[str, list[Result]] = {}  # the same, with the dtype in the name
    made_on = f"Python {platform.python_version()}, NumPy {np.__version__}, {processor()}"
    how = "" if options.clock == "wall" else "processor time, "
    how += "" if options.isa == "native" else f"{options.isa} at most, "
    caption = f"{made_on}; one thread each, {how}medians of {options.rounds} interleaved rounds"
    say(f"{caption}.")
    say()
    if options.before:
        old = str(options.before.resolve())
        comparison = Comparison(
            old, options.rounds, core=options.core, clock=options.clock, environment=environment
        )
        return before.run(comparison, options.only, options.dtype, seconds, say)
    for name in options.only:
        if name == "scaling":
            continue
        keys = [
            c.key for c in CONTESTANTS.values() if name in c.workloads and taking_part(options, c)
        ]
        spec = f"{name}:{options.dtype}"
        results[name] = specified[spec] = harness.run(spec, keys)
        for line in tables.table(spec, results[name]):
            say(line)
    for line in tables.goal_table(results):
        say(line)
    if peers := tables.versions(results):
        say(f"Peers: {peers}.")
        say()
    folder: Path = options.output or Path("docs")
    drawing = importlib.util.find_spec("matplotlib") is not None
    if not drawing:
        say(f"matplotlib is not installed, so there are no pictures: {install_hint('plot')}")
    if results and drawing:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"benchmarks.{options.format}"
        pictures.draw_workloads(specified, caption + (f"; {peers}" if peers else ""), path)
        say(f"Drawn: {path}")
    if "scaling" in options.only:
        points = scaling.measured(
            dataclasses.replace(harness, rounds=min(5, options.rounds)),
            lambda key: taking_part(options, CONTESTANTS[key]),
            say,
            *((scaling.NODES[:3], scaling.BATCHES[:4]) if options.quick else ()),
        )
        for line in tables.scaling_table(points):
            say(line)
        if drawing:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"scaling.{options.format}"
            pictures.draw_scaling(points, caption, path)
            say(f"Drawn: {path}")
    wrong = [r for each in results.values() for r in each if "WRONG" in r.trouble]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
