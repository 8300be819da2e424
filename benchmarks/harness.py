"""The contestants of a workload side by side: a process for each, and rounds that alternate."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.contest import TOLERANCE
from benchmarks.contestants import CONTESTANTS, label_of

ROOT = str(Path(__file__).parent.parent)

SETTINGS = {
    **dict.fromkeys(
        (
            "OPENBLAS_NUM_THREADS",
            "OMP_NUM_THREADS",
            "MKL_NUM_THREADS",
            "VECLIB_MAXIMUM_THREADS",
            "NUMEXPR_NUM_THREADS",
            "NPROC",  # JAX's pool
        ),
        "1",
    ),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "DEV": "CPU",  # tinygrad from here on
    "NUM_CPU_THREADS": "1",
    "TRAINING": "1",
}

# Our packages are found in a checkout's folder, first of all: in this one, or in the older one that it
# is held against. The peer that has our import name must not see that folder. The package `benchmarks`
# is this one always, so that all are measured by the same code.
START = """
import importlib.util, sys
sys.path[:] = {first!r} + [p for p in sys.path if p not in ('', {root!r})]
spec = importlib.util.spec_from_file_location('benchmarks', {root!r} + '/benchmarks/__init__.py')
sys.modules['benchmarks'] = importlib.util.module_from_spec(spec)
from benchmarks.worker import main
main({key!r})
"""

PREFERRED = ("torch", "torch-0d", "hand", "eager")
"""Whose results are right: the first of these that is there."""


class GoneError(Exception):
    """A worker that stopped, or that was stopped because it took too long."""


@dataclasses.dataclass
class Result:
    """What became of one contestant at one workload.

    Attributes:
        label: its name in the table.
        times: seconds per step, one for each round.
        trouble: why there are none, or an empty text.
        busy: how many processors it kept busy, at most.
        note: what a reader should know.
        version: of the peer.
        check, tolerance: its first steps' numbers, and how far they may be from the others'.
    """

    key: str
    label: str
    times: list[float] = dataclasses.field(default_factory=list)
    trouble: str = ""
    busy: float = 0.0
    note: str = ""
    version: str = ""
    check: list[float] | None = None
    tolerance: float = TOLERANCE

    @property
    def median(self) -> float:
        """Seconds per step."""
        return statistics.median(self.times)

    @property
    def spread(self) -> float:
        """The distance between the quartiles, as a part of the median."""
        if len(self.times) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.times, n=4, method="inclusive")
        return (high - low) / self.median


class Process:
    """A worker, and the lines that go to it and come from it.

    Args:
        key: the contestant.
        python: its interpreter.
        patience: seconds until an answer is given up.
        checkout: the folder that `autograd` and `nn` are taken from: this repository's by default.
        core: the processor that it must stay on, if any.
        environment: variables of its own.
    """

    def __init__(
        self,
        key: str,
        python: str,
        patience: float,
        *,
        checkout: str = ROOT,
        core: int | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.patience = patience
        self.errors: Any = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        own = CONTESTANTS[key].own
        code = START.format(first=[] if own else [checkout], root=ROOT, key=key)
        variables = {**os.environ, **SETTINGS, **dict(CONTESTANTS[key].environment), **environment}
        if own:
            variables.pop("PYTHONPATH", None)
        self.process: Any = subprocess.Popen(
            [python, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            encoding="utf-8",
            env=variables,
        )
        if core is not None:
            os.sched_setaffinity(self.process.pid, {core})

    def ask(self, **order: Any) -> dict[str, Any]:
        """One order and its answer."""
        timer = threading.Timer(self.patience, self.process.kill)
        timer.start()
        try:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.write(json.dumps(order) + "\n")
                self.process.stdin.flush()
            line = self.process.stdout.readline()
        finally:
            late = not timer.is_alive()
            timer.cancel()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        if late:
            raise GoneError(f"took longer than {self.patience:.0f} s")
        self.process.wait()
        self.errors.seek(0)
        last = self.errors.read().strip().splitlines()[-1:] or ["without a word"]
        raise GoneError(f"stopped with {self.process.returncode}: {last[0][:200]}")

    def close(self) -> None:
        """End the worker: it stops when nothing more can come."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()


@dataclasses.dataclass
class Harness:
    """How contestants are run.

    Attributes:
        rounds: how many rounds each.
        seconds: how long a round is, about; a slow contestant does one step.
        pythons: interpreters by a contestant's key or family.
        patience: seconds until a contestant is given up.
        clock: ``"wall"``, or ``"cpu"`` for the processor time of each process and all its threads: on a
            machine that is busy with something else, it is the steadier one.
        environment: variables of all contestants, as those of `instructions`.
    """

    rounds: int = 9
    seconds: float = 0.1
    pythons: dict[str, str] = dataclasses.field(default_factory=dict)
    patience: float = 300.0
    clock: str = "wall"
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def python(self, key: str) -> str:
        """The interpreter of a contestant, or an empty text when it has none."""
        contestant = CONTESTANTS[key]
        named = self.pythons.get(key) or self.pythons.get(contestant.family)
        return named or ("" if contestant.own else sys.executable)

    @contextlib.contextmanager
    def processes(self, keys: Sequence[str]) -> Iterator[dict[str, Process]]:
        """A running worker for each contestant that has an interpreter."""
        running: dict[str, Process] = {}
        try:
            for key in keys:
                if python := self.python(key):
                    running[key] = Process(key, python, self.patience, environment=self.environment)
            yield running
        finally:
            for process in running.values():
                process.close()

    def run(self, workload: str, keys: Sequence[str]) -> list[Result]:
        """All contestants at one workload, each in a fresh process."""
        with self.processes(keys) as running:
            return self.compare(workload, keys, running)

    def compare(
        self, workload: str, keys: Sequence[str], running: dict[str, Process]
    ) -> list[Result]:
        """Prepare and check the contestants one after another, then time them in turns."""
        results = {key: Result(key, label_of(key, workload)) for key in keys}
        for key, result in results.items():
            if key not in running:
                result.trouble = lacking(key, "autograd.numpy")
                continue
            answer = self.asked(running, result, prepare=workload, seconds=self.seconds)
            if answer:
                result.check, result.note = answer["check"], answer["note"]
                result.version, result.tolerance = answer["version"], answer["tolerance"]
        judge(results)
        for _ in range(self.rounds):
            for result in results.values():
                if not result.trouble and (answer := self.asked(running, result, round=True)):
                    share = answer["busy"] if self.clock == "cpu" else 1.0
                    result.times.append(answer["seconds"] * share)
                    result.busy = max(result.busy, answer["busy"])
        return list(results.values())

    def asked(
        self, running: dict[str, Process], result: Result, **order: Any
    ) -> dict[str, Any] | None:
        """An answer, or None once the reason for having none is in the result."""
        try:
            answer = running[result.key].ask(**order)
        except GoneError as gone:
            result.trouble = str(gone)
            running.pop(result.key).close()
            return None
        if "missing" in answer:
            result.trouble = lacking(result.key, answer["missing"])
        elif "error" in answer:
            result.trouble = f"failed: {answer['error']}"
        return None if result.trouble else answer


def lacking(key: str, module: str) -> str:
    """The line of a contestant that is not installed."""
    family = CONTESTANTS[key].family
    if CONTESTANTS[key].own:
        return f"needs an interpreter of its own, with {module}: --python {family}=/path/to/python"
    return f"{module} is not installed (another interpreter: --python {family}=/path/to/python)"


def judge(results: dict[str, Result]) -> None:
    """Compare everyone's first steps with PyTorch's, or with the next that there is."""
    there = [key for key, result in results.items() if result.check and not result.trouble]
    order = [key for key in PREFERRED if key in there] + there
    if not order:
        return
    # Plain floats have no derivatives to show: a shorter check is compared as far as it goes.
    judging = max(order, key=lambda key: len(results[key].check or []))
    right = results[judging].check or []
    for result in (results[key] for key in there):
        check, near = result.check or [], result.tolerance
        pairs = zip(check, right, strict=False)
        if not all(math.isclose(x, y, rel_tol=near, abs_tol=near) for x, y in pairs):
            result.trouble = (
                f"WRONG: its first steps gave {check}, those of {results[judging].label} {right}"
            )
