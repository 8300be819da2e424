"""The progress bar of `fit`, in a notebook and on a terminal."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any


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
