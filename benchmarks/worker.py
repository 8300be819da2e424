"""One contestant in a process of its own, which does what the harness asks for, one line at a time.

A line that comes in is ``{"prepare": workload, "seconds": s}`` or ``{"round": true}``; an answer goes
out for each. ``{"import": module}`` and ``{"once": workload}`` time what a process does for the first
time.
"""

from __future__ import annotations

import gc
import importlib
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from benchmarks.contest import STEPS, Contest
from benchmarks.contestants import CONTESTANTS
from benchmarks.workloads import find

PACKAGES = {"autograd.numpy": "autograd"}
"""The distribution of a module, where it has another name."""


def missing(key: str) -> str:
    """Which module a contestant lacks here, or an empty text."""
    for name in CONTESTANTS[key].needs:
        try:
            found = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            found = None
        if found is None:
            return name
    return ""


def version(key: str) -> str:
    """The peer's version, or NumPy's where there is no peer."""
    for name in CONTESTANTS[key].needs or ("numpy",):
        return importlib.metadata.version(PACKAGES.get(name, name))
    return ""


def contest_of(key: str, workload: str) -> Contest:
    """The contestant's module is imported when it is needed, and no other."""
    module, _, function = CONTESTANTS[key].make.partition(".")
    made: Contest = getattr(importlib.import_module(f"benchmarks.contestants.{module}"), function)(
        find(workload)
    )
    return made


def run(contest: Contest, steps: int) -> float:
    """Seconds of so many steps."""
    start = time.perf_counter()
    for _ in range(steps):
        contest.step()
    contest.finish()
    return time.perf_counter() - start


def near_enough(check: list[float], exact: list[float]) -> None:
    """Raise where the losses in float32 are not those in float64."""
    for x, y in zip(check[:STEPS], exact, strict=False):
        if not math.isclose(x, y, rel_tol=1e-4):
            raise ValueError(
                f"WRONG in float32: losses {check[:STEPS]}, {exact[:STEPS]} in float64"
            )


class Worker:
    """The contest under way, and how many of its steps make a round."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.contest: Contest | None = None
        self.steps = 1

    def prepare(self, workload: str, seconds: float) -> dict[str, Any]:
        """Make the contest, do its first steps and find how many steps fill a round."""
        self.contest = None
        gc.enable()
        gc.collect()
        if lacking := missing(self.key):
            return {"missing": lacking}
        contest = contest_of(self.key, workload.partition(":")[0])
        check = None if contest.check is None else contest.check()
        if find(workload).dtype == "float32":  # float64 tells more in a check
            contest = contest_of(self.key, workload)
            if check and contest.check:
                near_enough(contest.check(), check)
        self.contest = contest
        if not contest.collector:
            gc.disable()
        # Warm: caches, and whatever compiles on its second or third call.
        spent, steps = run(contest, 1), 1
        while spent < seconds / 2:
            steps *= 2
            spent = run(contest, steps)
        self.steps = max(1, round(seconds * steps / spent))
        return {
            "check": check,
            "steps": self.steps,
            "note": contest.note,
            "tolerance": contest.tolerance,
            "version": version(self.key),
            "python": platform.python_version(),
        }

    def round(self) -> dict[str, float]:
        """Seconds per step, by the clock and of this process's processors."""
        assert self.contest is not None
        gc.collect()
        busy = time.process_time()
        wall = run(self.contest, self.steps)
        busy = time.process_time() - busy
        return {"seconds": wall / self.steps, "busy": busy / wall}


def once(task: Callable[[], Any]) -> dict[str, float]:
    """Seconds of what is done a single time, by the clock and of this process's processors."""
    busy, wall = time.process_time(), time.perf_counter()
    task()
    wall = time.perf_counter() - wall
    return {"seconds": wall, "busy": (time.process_time() - busy) / wall}


def answer(worker: Worker, order: dict[str, Any]) -> dict[str, Any]:
    """What goes back for one order; what goes wrong is a line as well."""
    try:
        if "prepare" in order:
            return worker.prepare(order["prepare"], order["seconds"])
        if "import" in order:  # NumPy is there: it is not ours to be quick
            return once(lambda: importlib.import_module(order["import"]))
        if "once" in order:
            return once(contest_of(worker.key, order["once"]).step)
        return worker.round()
    except Exception as error:  # a peer's failure is a result: the harness prints it
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}


def main(key: str) -> None:
    """Answer on what was the standard output; what peers print goes to the standard error."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        worker = Worker(key)
        for line in sys.stdin:
            print(json.dumps(answer(worker, json.loads(line))), file=out, flush=True)
