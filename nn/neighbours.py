"""Neighbours: whether the `autograd` that is found is this library's, asked before nn is run.

What has taken its place has none of this library's names, nor its errors.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

__all__ = ["autograd"]

PLACE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
"""Where both packages lie."""

AGAIN = (
    "Run `pip uninstall -y autograd`, then install this library again, with `pip install "
    "--force-reinstall --no-deps .` in its folder, and start Python (a notebook: its kernel) anew; or "
    "give each a virtual environment."
)


def _found() -> None:
    """Raise where `import autograd` would run something else, or has."""
    module = sys.modules.get("autograd")
    file = getattr(module, "__file__", None)
    if module is None:
        spec = find_spec("autograd")
        file = None if spec is None else spec.origin
    if file is None or os.path.dirname(os.path.dirname(os.path.realpath(file))) == PLACE:
        return  # what it is shows when it is imported
    folder = os.path.dirname(file)
    if os.path.isfile(os.path.join(folder, "tracer.py")):
        raise _error(f"`import autograd` finds HIPS autograd, {folder}, in place of ours", AGAIN)
    raise _error(
        f"`import autograd` finds {file}, which is no part of this library and hides ours",
        "Rename that file or folder, and delete the folder __pycache__ beside it.",
    )


def _imported() -> ModuleType:
    """This library's `autograd`, or an error that says whose it is."""
    module = import_module("autograd")
    if hasattr(module, "register_library"):
        return module
    if hasattr(module, "elementwise_grad"):
        raise _error(f"HIPS autograd has overwritten ours in {PLACE}", AGAIN)
    if getattr(module, "__file__", None) is None:
        raise _error(
            f"the folder `autograd` in {PLACE} has lost its __init__.py, as when HIPS autograd was "
            "installed there and removed",
            AGAIN,
        )
    raise _error(f"{module.__file__} is not this library's, or was not run to its end", AGAIN)


def _error(what: str, to_do: str) -> ImportError:
    return ImportError(f"{what}.\n{to_do}", name="autograd")


_found()
autograd = _imported()
