"""``python -m benchmarks [task ...]``: one Markdown table of ratios against the peers, in one run.

Each contestant has its own process and one BLAS thread; rounds alternate between the contestants, and
the medians are compared. Contestants must agree on their results before they are timed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import statistics
import subprocess
import sys
from typing import Any

from benchmarks.tasks import TASKS

PEER_PACKAGES = {"micrograd": "micrograd"}


def start(task: str, contestant: str) -> Any:
    """A worker process."""
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.worker", task, contestant],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **dict.fromkeys(threads, "1"), "MPLBACKEND": "Agg"},
    )


def ask(worker: Any) -> str:
    """The next line a worker prints."""
    line: str = worker.stdout.readline()
    if not line:
        raise RuntimeError(f"{' '.join(worker.args[-2:])} stopped: see its error above")
    return line


def run(name: str) -> dict[str, float]:
    """The median seconds per step of each contestant of a task."""
    task = TASKS[name]
    workers = {contestant: start(name, contestant) for contestant in task.contestants}
    try:
        checks = {contestant: json.loads(ask(worker)) for contestant, worker in workers.items()}
        first = checks["chalkgrad"]
        for contestant, check in checks.items():
            same = (math.isclose(a, b, rel_tol=1e-9) for a, b in zip(check, first, strict=True))
            if not all(same):
                raise RuntimeError(f"{name}: {contestant} computed {check}, chalkgrad {first}")
        times: dict[str, list[float]] = {contestant: [] for contestant in workers}
        for _ in range(task.rounds):
            for contestant, worker in workers.items():
                worker.stdin.write("go\n")
                worker.stdin.flush()
                times[contestant].append(float(ask(worker)))
    finally:
        for worker in workers.values():
            worker.stdin.close()
            worker.wait()
            worker.stdout.close()
    return {contestant: statistics.median(each) for contestant, each in times.items()}


def written(seconds: float) -> str:
    """A time as people read it."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.2f} ms"


def main() -> int:
    """Run the tasks that are named, or all, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("tasks", nargs="*", metavar="task", help=f"of {', '.join(TASKS)}")
    names = parser.parse_args().tasks or list(TASKS)
    if unknown := [name for name in names if name not in TASKS]:
        parser.error(f"no task {unknown[0]!r}: the tasks are {', '.join(TASKS)}")
    needed = {peer for name in names for peer in TASKS[name].contestants} & set(PEER_PACKAGES)
    if missing := [peer for peer in needed if importlib.util.find_spec(peer) is None]:
        print(f'{missing[0]} is not installed: pip install "chalkgrad[bench]"', file=sys.stderr)
        return 2
    versions = [
        f"{package} {importlib.metadata.version(package)}"
        for package in ("chalkgrad", "numpy", *sorted(PEER_PACKAGES[peer] for peer in needed))
    ]
    print(f"Python {platform.python_version()}, {', '.join(versions)}; medians per step.\n")
    print("| task | chalkgrad | peer | | peer's time / chalkgrad's |")
    print("|---|---:|---|---:|---:|")
    for name in names:
        medians = run(name)
        ours = medians.pop("chalkgrad")
        for peer, theirs in medians.items():
            row = (TASKS[name].title, written(ours), peer, written(theirs), f"{theirs / ours:.2f}")
            print(f"| {' | '.join(row)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
