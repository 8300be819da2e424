"""One contestant in a process of its own: a round is run for each line that comes in."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import sys
import time

from benchmarks.tasks import TASKS


def main(task_name: str, contestant: str) -> None:
    """Print the contestant's check, then the seconds per step of each round that is asked for."""
    for module in ("numpy", "matplotlib.pyplot"):  # what a notebook has imported
        if importlib.util.find_spec(module.split(".")[0]):
            importlib.import_module(module)
    task = TASKS[task_name]
    step, check = task.contestants[contestant]()
    if not task.collector:
        gc.disable()
    step()
    print(json.dumps(check), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        for _ in range(task.steps):
            step()
        print((time.perf_counter() - start) / task.steps, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
