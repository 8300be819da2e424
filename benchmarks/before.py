"""An older checkout against this one: what has become slower, and by how much.

Both are measured in one run, by the code of this checkout and on one processor: a process of each at a
time, whose rounds alternate. Two processes of the very same code differ by a few hundredths, because
their memory lies elsewhere; so every pair of processes is started several times. A ratio is that of two
rounds next to each other, new by old; what counts is the median of all ratios, and its quartiles say how
sure it is.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from benchmarks.contest import TOLERANCE
from benchmarks.contestants import CONTESTANTS, OURS
from benchmarks.harness import ROOT, GoneError, Process
from benchmarks.tables import row, time_text
from benchmarks.workloads import WORKLOADS

WORSE = 1.03
"""The ratio from which on something has become slower."""

FIRST = ("import", "first")
"""What a process does once, beside the workloads."""


@dataclasses.dataclass(frozen=True)
class Task:
    """Something that both checkouts do.

    Attributes:
        name: what the table calls it.
        key: the contestant that does it.
        prepare: what is asked of a process first, if it does the same again and again.
        measure: what it is asked for in each round.
        kept: whether machine code is found on disk.
    """

    name: str
    key: str
    measure: Mapping[str, Any]
    prepare: Mapping[str, Any] | None = None
    kept: bool = True


@dataclasses.dataclass
class Pair:
    """Seconds of one task, old beside new in each round, or why there are none."""

    task: Task
    old: list[float] = dataclasses.field(default_factory=list)
    new: list[float] = dataclasses.field(default_factory=list)
    trouble: str = ""

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """Of the ratios new / old."""
        ratios = [y / x for x, y in zip(self.old, self.new, strict=True)]
        if len(ratios) < 2:
            return ratios[0], ratios[0], ratios[0]
        low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return low, middle, high

    @property
    def verdict(self) -> str:
        """Slower where three quarters of the rounds say so, perhaps slower where half of them do."""
        low, middle, _ = self.quartiles
        return "slower" if low > WORSE else "perhaps slower" if middle > WORSE else ""


def tasks(only: Sequence[str], dtype: str, seconds: float) -> Iterator[Task]:
    """The workloads by each contestant of ours, the imports, and the first replays of programs."""
    for name in WORKLOADS:
        prepare = {"prepare": f"{name}:{dtype}", "seconds": seconds}
        for contestant in (CONTESTANTS[key] for key in OURS):
            if name in only and name in contestant.workloads:
                title = f"{name}, {contestant.label.removeprefix('chalkgrad, ')}"
                yield Task(title, contestant.key, {"round": True}, prepare)
    if "import" in only:
        for module in ("autograd", "nn"):
            yield Task(f"import {module}", "eager", {"import": module})
    if "first" in only:
        for name in WORKLOADS:
            once = {"once": f"{name}:{dtype}"}
            for key, kept, how in (
                ("first", False, "compiled"),
                ("first", True, "its machine code found on disk"),
                ("first-numpy", True, "compiled for NumPy"),
            ):
                yield Task(f"{name}, {how} and replayed once", key, once, kept=kept)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How the two are run.

    Attributes:
        old: the older checkout's folder.
        rounds: how many of each task, in all.
        starts: how many pairs of processes these are spread over.
        core: the processor that all stay on, if any.
        clock: ``"wall"`` or ``"cpu"``.
        environment: variables of both.
    """

    old: str
    rounds: int = 15
    starts: int = 5
    core: int | None = None
    clock: str = "wall"
    patience: float = 300.0
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def measured(self, task: Task) -> Pair:
        """All rounds of a task; what is done once has a pair of processes for each."""
        pair = Pair(task)
        starts = min(self.starts, self.rounds) if task.prepare else self.rounds
        with tempfile.TemporaryDirectory() as folder:
            cache = {"CHALKGRAD_CACHE": folder if task.kept else "off"}
            # Bytecode of both is made here, whatever lies in their folders.
            if task.prepare is None:
                cache |= {"PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
            try:
                if (
                    task.prepare is None
                ):  # once for what is then found on disk: bytecode, machine code
                    with self.processes(task, cache) as both:
                        self.round(task, both, 0)
                for i in range(starts):
                    with self.processes(task, cache) as both:
                        if task.prepare:
                            self.prepare(task, both)
                        for j in range(i, self.rounds, starts):
                            old, new = self.round(task, both, j)
                            pair.old.append(old)
                            pair.new.append(new)
            except (GoneError, WrongError) as error:
                pair.trouble = str(error)
        return pair

    @contextlib.contextmanager
    def processes(self, task: Task, variables: Mapping[str, str]) -> Iterator[tuple[Process, ...]]:
        """A process of the old checkout and one of the new."""
        with contextlib.ExitStack() as stack:
            yield tuple(
                stack.enter_context(
                    closing(
                        Process(
                            task.key,
                            sys.executable,
                            self.patience,
                            checkout=checkout,
                            core=self.core,
                            environment={**self.environment, **variables},
                        )
                    )
                )
                for checkout in (self.old, ROOT)
            )

    def prepare(self, task: Task, both: Sequence[Process]) -> None:
        """Both at work, and their first steps compared."""
        checks = [asked(process, task.prepare or {})["check"] for process in both]
        for x, y in zip(*checks, strict=True):
            if not math.isclose(x, y, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
                raise WrongError(
                    f"WRONG: the old first steps gave {checks[0]}, the new {checks[1]}"
                )

    def round(self, task: Task, both: Sequence[Process], number: int) -> list[float]:
        """Seconds of the old and the new; who is first changes from round to round."""
        seconds = [0.0, 0.0]
        for side in (0, 1) if number % 2 else (1, 0):
            answer = asked(both[side], task.measure)
            seconds[side] = answer["seconds"] * (answer["busy"] if self.clock == "cpu" else 1.0)
        return seconds


class WrongError(Exception):
    """A checkout that does not do a task, or that computes something else."""


def asked(process: Process, order: Mapping[str, Any]) -> dict[str, Any]:
    """An answer that is no complaint."""
    answer = process.ask(**order)
    if trouble := answer.get("error") or answer.get("missing"):
        raise WrongError(trouble)
    return answer


def line(pair: Pair) -> str:
    """A row of the table."""
    if not pair.old:
        return row((pair.task.name, "", "", "", "", pair.trouble))
    low, middle, high = pair.quartiles
    return row(
        (
            pair.task.name,
            *(time_text(statistics.median(times)) for times in (pair.old, pair.new)),
            f"{middle:.3f}",
            f"{low:.3f} … {high:.3f}",
            pair.trouble or pair.verdict,
        )
    )


def run(
    comparison: Comparison,
    only: Sequence[str],
    dtype: str,
    seconds: float,
    say: Callable[[str], None],
) -> int:
    """Measure, and print each row as it is known. 1 when something is slower, or wrong."""
    say(row(("task", "before", "now", "ratio", "quartiles", "")))
    say("|---|---:|---:|---:|---|---|")
    pairs = []
    for task in tasks(only, dtype, seconds):
        pairs.append(comparison.measured(task))
        say(line(pairs[-1]))
    return int(any(pair.trouble or pair.verdict == "slower" for pair in pairs))
