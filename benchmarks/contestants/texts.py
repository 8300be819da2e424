"""The GPT of notebooks/gpt.py for any kind of scalar: the mean loss of some names."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from benchmarks.contest import Contest, differentiation
from benchmarks.workloads import Workload

FILE = Path(__file__).parents[2] / "notebooks" / "gpt.py"


def script() -> Any:
    """The script, of this checkout whatever is measured: it is no part of the packages."""
    spec = importlib.util.spec_from_file_location("gpt", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def one_by_one(w: Workload, Value: Any) -> Contest:
    """A graph for each text, with the class of whoever has one."""
    gpt = script()
    parameters = (model := gpt.GPT(Value)).parameters()
    texts = [gpt.tokens_of(name) for name in w.names()]

    def step() -> float:
        for p in parameters:
            p.grad = 0.0
        mean = 0.0
        for text in texts:
            loss = model.loss(text) / len(texts)
            loss.backward()
            mean += loss.data
        return mean

    return differentiation(step, float, lambda: [p.grad for p in parameters])
