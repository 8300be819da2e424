"""Neighbours: other code under our names, looked for here, mixed into our folder, or hiding ours."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from types import ModuleType

from autograd.support.habits import advice
from autograd.support.installing import PACKAGE, again

OURS = {"autograd", "nn"}

PASSED = OURS | {"importlib", "_frozen_importlib", "_frozen_importlib_external"}
"""Whose frames lie between a line that imports the library and what is said about it."""

HIPS = ("tracer.py", "core.py", os.path.join("numpy", "__init__.py"))
"""Files of the package called autograd, of which this library has none."""


class Signpost:
    """What `import autograd.numpy` asks last: the table of other libraries' names says what to write.

    It finds nothing, for whoever only asks (`importlib.util.find_spec`), and answers to an import.
    """

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: object = None) -> None:
        """Raise for a module that another library has and this one has not; else find nothing."""
        package, _, module = name.rpartition(".")
        if package not in OURS:
            return
        told = advice(package, module)
        if told is not None and sys._getframe(2).f_code.co_name == "_find_and_load_unlocked":
            raise ModuleNotFoundError(f"No module named {name!r} in chalkgrad: {told}", name=name)


def look_around() -> None:
    """Say what is wrong with the folder of this library, or with who is found as `nn`, once."""
    mixed = any(os.path.exists(os.path.join(PACKAGE, each)) for each in HIPS)
    if Signpost not in sys.meta_path:
        # Where its files lie among ours they would be found: the signpost is asked first.
        sys.meta_path.insert(0 if mixed else len(sys.meta_path), Signpost)
    if mixed:
        _say(
            f"HIPS autograd lies in the folder of this library, {PACKAGE}: both are called `autograd`.",
            f"Run `pip uninstall -y autograd`, then `{again()}`; or give each a virtual environment.",
        )
    other = _other_nn(sys.modules.get("nn"))
    if other is not None:
        _say(
            f"`import nn` finds {other}, which hides the `nn` of this library.",
            "If you want this library's, rename that file or folder; if you want yours, all is well.",
        )


def _say(what: str, to_do: str) -> None:
    # The line that is shown is the one that imports the library, by one of its packages or the other.
    frame = sys._getframe()
    while (
        frame.f_back is not None
        and str(frame.f_globals.get("__name__")).partition(".")[0] in PASSED
    ):
        frame = frame.f_back
    warnings.warn_explicit(
        f"{what}\n{to_do}", UserWarning, frame.f_code.co_filename, frame.f_lineno
    )


def _other_nn(loaded: ModuleType | None) -> str | None:
    """The file of another `nn` that is or would be imported in place of ours, or None."""
    root = os.path.dirname(PACKAGE)
    if loaded is not None:
        # One that imports this library while it is itself imported is somebody's own, and meant.
        if getattr(loaded.__spec__, "_initializing", False):
            return None
        file = getattr(loaded, "__file__", None)
        ours = file is None or os.path.dirname(os.path.dirname(os.path.realpath(file))) == root
        return None if ours else file
    for folder in sys.path:
        folder = os.path.realpath(folder or os.curdir)
        if folder == root:
            return None
        for name in ("nn.py", os.path.join("nn", "__init__.py")):
            if os.path.isfile(os.path.join(folder, name)):
                return os.path.join(folder, name)
    return None
