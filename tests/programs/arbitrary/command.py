"""Random programs by the thousand: what ``python -m tests.programs COUNT SEED`` runs.

Each program is computed in every way there is (see `comparisons.py`). What differs is made as
small as it goes and printed as Python that can be run; the status is then 1.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import time
from collections import Counter

from programs.arbitrary import comparisons, generator
from programs.arbitrary.choices import Recorded, Replayed, shrunk

SHOWN = 20
"""So many kinds of failures are made small and printed."""


LONGEST = 30
"""So many seconds of the processor a program may take, where there is an alarm (not on Windows)."""

ALARM = getattr(signal, "SIGVTALRM", None)


def kind(failure: Exception) -> str:
    """What failures have in common that are likely to be one: the message without its numbers."""
    told = ": ".join(str(failure).splitlines()[0].split(": ")[:2])
    return re.sub(r"[xy]?\d+", "…", told)[:80]


def failure_of(source: Recorded | Replayed, native: float, done: Counter[str]) -> Exception | None:
    """What is wrong with the program of a source of choices."""
    if ALARM is not None:
        signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)
    try:
        comparisons.check(generator.generate(source.below, native), done)
    except comparisons.DifferenceError as error:
        return error
    finally:
        if ALARM is not None:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return None


def too_long(number: int, frame: object) -> None:
    """What the alarm does."""
    raise TimeoutError(f"a program takes more than {LONGEST} seconds")


def smallest(choices: list[int], failure: Exception, native: float) -> Exception:
    """The same kind of failure of as small a program as can be found."""

    def fails(source: Replayed) -> bool:
        found = failure_of(source, native, Counter())
        return found is not None and kind(found) == kind(failure)

    best = shrunk(choices, fails)
    return failure_of(Replayed(best), native, Counter()) or failure


def main() -> int:
    """Run as many programs as asked for, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs", description=__doc__)
    parser.add_argument("count", type=int, help="how many programs")
    parser.add_argument("seed", help="where their choices come from; any text")
    parser.add_argument("--first", type=int, default=0, help="the number of the first program")
    parser.add_argument(
        "--native",
        type=float,
        default=1.0,
        help="how often programs are compiled to machine code, relative to the usual",
    )
    asked = parser.parse_args()
    done: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    kept: dict[str, tuple[int, list[int], Exception]] = {}
    for number in (signal.SIGINT, signal.SIGTERM):  # also in the background: say how far it came
        signal.signal(number, signal.default_int_handler)
    if ALARM is not None:
        signal.signal(ALARM, too_long)
    start, ran = time.perf_counter(), 0
    try:
        for i in range(asked.first, asked.first + asked.count):
            source = Recorded(f"{asked.seed}:{i}")
            failure = failure_of(source, asked.native, done)
            ran += 1
            if failure is not None:
                name = kind(failure)
                failures[name] += 1
                if name not in kept or len(source.choices) < len(kept[name][1]):
                    kept[name] = i, source.choices, failure
            if ran % 1000 == 0:
                rate = ran / (time.perf_counter() - start)
                told = f"{ran:,}: {failures.total()} failures, {rate:.0f} a second"
                print(told, file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    rate = ran / (time.perf_counter() - start)
    for name, times in failures.most_common(SHOWN):
        i, choices, failure = kept[name]
        print(f"\n--- {times} times, such as program {i}: {name}")
        print(smallest(choices, failure, asked.native))
    print("\ncompared:", ", ".join(f"{name} {n:,}" for name, n in sorted(done.items())))
    skipped = [
        *([] if comparisons.PYTORCH else ["not compared with PyTorch, which is not installed"]),
        *([] if comparisons.NATIVE else ["not compiled to machine code without the extra fast"]),
    ]
    print(
        f"{ran:,} programs of seed {asked.seed}, {rate:.0f} a second: "
        f"{failures.total():,} failures of {len(failures)} kinds"
        + "".join(f"; {reason}" for reason in skipped)
    )
    return 1 if failures else 0
