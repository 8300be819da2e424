"""What goes on around the steps of `fit`: the schedule, the progress bar, and Ctrl-C."""

from __future__ import annotations

import importlib.util
import inspect
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from nn.schedules import CyclicLR, OneCycleLR


class Schedule:
    """A schedule of any form: an object with ``step()``, its class, or a function of a number."""

    def __init__(self, schedule: Any, every: str | None, optimizer: Any) -> None:
        if every not in ("epoch", "step", None):
            raise ValueError(f"schedule_every is 'epoch' or 'step', or None, got {every!r:.60}")
        self.optimizer = optimizer
        self.function = None
        self.advance = None
        self.asks = False
        if schedule is None:
            return
        # A class, and functools.partial(StepLR, step_size=10), wait for the optimiser.
        if isinstance(getattr(schedule, "func", schedule), type):
            schedule = schedule(optimizer)
        # A cycle is counted in batches, as PyTorch's documentation has it; other schedules in epochs.
        usual = "step" if isinstance(schedule, CyclicLR | OneCycleLR) else "epoch"
        self.every = usual if every is None else every
        step = getattr(schedule, "step", None)
        if callable(step):
            self.advance = step
            # PyTorch's others have step(epoch=None), which is not for a loss.
            self.asks = any(
                p.default is p.empty or p.name in ("metric", "metrics", "loss")
                for p in inspect.signature(step).parameters.values()
                if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
            )
            if self.asks and self.every == "step":
                raise ValueError(
                    f"{type(schedule).__name__}.step() asks for a loss, which is measured after each "
                    "epoch: schedule_every='epoch'"
                )
        elif callable(schedule):
            self.function = schedule
        else:
            raise TypeError(
                "schedule is an object with step(), its class, or a function of the number of the step, "
                f"got {type(schedule).__name__} ({schedule!r:.60})"
            )

    def before_step(self, step: int) -> None:
        """Set the rate that the function gives for the step, counted from 0."""
        if self.function is not None:
            rate = self.function(step)
            if np.ndim(rate) or not isinstance(rate, int | float | np.integer | np.floating):
                raise TypeError(
                    "schedule, a function, is called with the number of the step and gives a learning "
                    f"rate, got {type(rate).__name__} ({rate!r:.60})"
                )
            self.optimizer.lr = float(rate)

    def after(self, event: str, loss: float) -> None:
        """Advance after a step or an epoch, with the watched loss if it is asked for."""
        if self.advance is not None and event == self.every:
            self.advance(loss) if self.asks else self.advance()


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this, whose standard error is no terminal but can show a bar."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and "IPKernelApp" in getattr(shell, "config", {})


class NoBar:
    """What a loop tells of its progress where nobody watches."""

    def __enter__(self) -> NoBar:
        return self

    def __exit__(self, *exception: object) -> None:
        return

    def update(self) -> None:
        """One step more."""

    def set_description(self, text: str, refresh: bool = True) -> None:
        """What is under way."""

    def set_postfix(self, numbers: dict[str, str], refresh: bool = True) -> None:
        """What has come out."""


def progress_bar(wanted: bool, total: int | None) -> Any:
    """A bar over steps, which shows in a notebook and on a terminal, and nowhere else.

    Where there is none tqdm is not even imported: it starts a thread that watches its bars.
    """
    notebook = in_notebook()
    if not wanted or not (notebook or on_terminal()):
        return NoBar()
    if notebook and importlib.util.find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm
    else:
        from tqdm.std import tqdm

        if notebook:
            return tqdm(total=total, unit="step", file=InPlace(), ncols=80, ascii=False)
    return tqdm(total=total, unit="step")


class InPlace:
    """A file that is one line below a notebook's cell: what is written takes the place of what was.

    Standard error would be printed on red, and an exported page shows each state of a stream.
    """

    def __init__(self) -> None:
        self.handle: Any = None

    def write(self, text: str) -> None:
        """Show a line."""
        import IPython.display

        text = text.strip("\r\n")
        if not text:
            return
        if self.handle is None:
            display: Any = IPython.display.display
            self.handle = display({"text/plain": text}, raw=True, display_id=True)
        else:
            self.handle.update({"text/plain": text}, raw=True)

    def flush(self) -> None:
        """Nothing waits."""


def on_terminal() -> bool:
    """Whether standard error is there, and somebody reads it as it comes."""
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """While in here Ctrl-C sets the event, so that a step is finished; the second time it interrupts.

    Where signals cannot be caught, in threads, or where a program handles them itself, nothing changes,
    and a KeyboardInterrupt comes as it comes.
    """
    asked = threading.Event()
    mine = threading.current_thread() is threading.main_thread()
    if not mine or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield asked
        return

    def handler(number: int, frame: Any) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    signal.signal(signal.SIGINT, handler)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
