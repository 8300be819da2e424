"""What is collected: helpers that need an extra are looked through only where it is there."""

from __future__ import annotations

import importlib.util

collect_ignore = (
    []
    if importlib.util.find_spec("torch")
    else ["counterparts.py", "programs/arbitrary/pytorch.py"]
)
