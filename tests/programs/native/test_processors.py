"""Machine code for other kinds of processor: narrower vectors, no masked loads, no fused products."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs.replays import near

import autograd
from autograd import Tensor, Value

pytest.importorskip("llvmlite", reason="machine code needs llvmlite: .[fast]")

from autograd.programs.native import machine

KINDS = {"this one": None, "AVX2": ("haswell", "+avx2,+fma"), "SSE2": ("x86-64", "")}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Compile for a kind of processor whose code runs on this one."""
    binding, target, cpu, features = machine._host()
    chosen = KINDS[request.param]
    if chosen is not None:
        if "x86_64" not in binding.get_process_triple():
            pytest.skip("this is no x86 processor")
        if not set(filter(None, chosen[1].split(","))) <= set(features.split(",")):
            pytest.skip(f"this processor has no {request.param}")
        cpu, features = chosen
    monkeypatch.setattr(machine, "_host", lambda: (binding, target, cpu, features))
    monkeypatch.setenv("CHALKGRAD_CACHE", "off")
    machine.vector_width.cache_clear()
    yield request.param
    machine.vector_width.cache_clear()


def test_a_variable_takes_the_wider_vectors_away(monkeypatch: pytest.MonkeyPatch) -> None:
    features = "+avx,+avx2,+avx512f,-avx512fp16,+fma,+sse2"
    monkeypatch.delenv(machine.VARIABLE, raising=False)
    assert machine.limited(features) == features
    monkeypatch.setenv(machine.VARIABLE, "avx2")
    assert machine.limited(features) == "+avx,+avx2,-avx512f,-avx512fp16,+fma,+sse2"
    monkeypatch.setenv(machine.VARIABLE, "default")
    assert machine.limited(features) == "-avx,-avx2,-avx512f,-avx512fp16,-fma,+sse2"
    monkeypatch.setenv(machine.VARIABLE, "avx3")
    with pytest.raises(ValueError, match="avx512, avx2, default, got 'avx3'"):
        machine.limited(features)


def test_machine_code_is_written_for_the_capability_that_was_asked_for(tmp_path: Path) -> None:
    """In a process of its own, as what the processor has is looked up once."""
    code = """
from autograd import Value, compile, show_config
x = Value(2.0)
print(compile(x * x * x, inputs=[x], executor="native")(3.0))
show_config()
"""
    for capability, most in (("default", 2), ("avx2", 4)):
        variables = {machine.VARIABLE: capability, "CHALKGRAD_CACHE": str(tmp_path)}
        out = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        lanes = re.search(r"by LLVM, (\d) doubles at a time", out)
        assert out.startswith("27.0\n")
        assert lanes is not None
        assert int(lanes[1]) <= most


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_of_every_length_are_divided_and_added_up(kind: str, dtype: Any) -> None:
    pytest.importorskip("scipy", reason="machine code of tensors needs SciPy: .[fast]")
    rng = np.random.default_rng(0)
    for n in range(1, 20):
        x, y = (
            Tensor(rng.normal(size=(2, n)), dtype=dtype),
            Tensor(rng.uniform(0.5, 2, (2, n)), dtype=dtype),
        )
        out = autograd.sum(x * (x / y), axis=-1) + autograd.max(x / y - 9, axis=-1)
        program = autograd.compile(out, inputs=[x, y], executor="native")
        tolerance = 1e-12 if dtype is np.float64 else 1e-5
        near(program(x.data, y.data), out.data, tolerance)


def test_scalars_are_computed_alike(kind: str) -> None:
    x, w = Value(0.0, "x"), Value(3.0, "w")
    out = autograd.tanh(w * x) * autograd.exp(-x * x) + autograd.erf(x)
    program = autograd.compile(out, inputs=[x], executor="native")
    points = np.linspace(-2, 2, 101)
    expected = [
        (autograd.tanh(w * p) * autograd.exp(-p * p) + autograd.erf(p)).data
        for p in points.tolist()
    ]
    near(program(points), np.array(expected), 1e-13)
