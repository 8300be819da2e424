"""Matrix products in tiles are NumPy's, of every size and shape that the loops are written for."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from samples import numbers

import autograd
from autograd import Tensor
from autograd.programs.native.tensors import rules as tensor_rules

if not all(importlib.util.find_spec(name) for name in ("llvmlite", "scipy")):
    pytest.skip("needs the extra fast", allow_module_level=True)

from autograd.programs.native.llvm import symbols
from autograd.programs.native.machine import Machine, machine_code, vector_width
from autograd.programs.native.tensors.executor import TensorExecutor
from autograd.programs.native.tensors.operations import View
from autograd.programs.native.tensors.tails import declarations
from autograd.programs.native.tensors.tiles import suits, tiles

Array = np.ndarray[Any, Any]

CALL = """define void @go(ptr %table) {
  %p1 = getelementptr i64, ptr %table, i64 1
  %p2 = getelementptr i64, ptr %table, i64 2
  %p3 = getelementptr i64, ptr %table, i64 3
  %x = load ptr, ptr %table
  %y = load ptr, ptr %p1
  %out = load ptr, ptr %p2
  %room = load ptr, ptr %p3
  call void @product(ptr %x, ptr %y, ptr %out, ptr %room)
  ret void
}
"""


def seen(root: int, array: Array) -> View:
    """An array as the code sees it."""
    return View(root, 0, array.shape, tuple(n // array.itemsize for n in array.strides))


def product(x: Array, y: Array, out: Array, width: int, onto: bool) -> bool:
    """Write x · y into `out`, or add it; False if the loops are not written for such matrices."""
    views = seen(0, x), seen(1, y)
    if not suits(*views):
        return False
    text, called, room = tiles("product", x.dtype == np.float32, width, *views, onto)
    text = declarations(text) + symbols(called) + text + CALL
    machine = Machine(machine_code(text, effort=1)[0])
    space = np.full(room + 8, 255, np.uint8)  # nan, whatever the dtype
    table = np.array([each.ctypes.data for each in (x, y, out, space)], np.int64)
    machine.function("go")(table.ctypes.data)
    return True


SIZES = [
    *((4, 2, 1), (5, 3, 2), (7, 33, 37), (10, 10, 100), (100, 10, 10), (33, 70, 130), (8, 49, 16)),
    *((23, 29, 301), (3, 50, 99), (50, 1, 110), (6, 40, 1030), (9, 21, 2100)),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_product_in_tiles_is_numpys(size: tuple[int, int, int], dtype: Any) -> None:
    m, n, k = size
    written = 0
    for kind in range(8):
        turned, onto = (kind & 1, kind & 2), bool(kind & 4)
        x = numbers(*((k, m) if turned[0] else (m, k))).astype(dtype)
        y = numbers(*((n, k) if turned[1] else (k, n))).astype(dtype)
        x, y = (a.T if turn else a for a, turn in zip((x, y), turned, strict=True))
        for width in {2, 4, vector_width()}:
            out = numbers(m, n).astype(dtype) if onto else np.full((m, n), np.nan, dtype)
            expected = x.astype(float) @ y.astype(float) + (out if onto else 0)
            if product(x, y, out, width, onto):
                written += 1
                near = (1e-13 if dtype is np.float64 else 1e-6) * k
                np.testing.assert_allclose(out, expected, near, near * np.abs(expected).max())
    assert written


def test_a_product_in_tiles_takes_matrices_that_lie_backwards_or_in_steps() -> None:
    x, y = numbers(40, 60)[::-2, ::3], numbers(40, 90)[::-2, 5:80]
    out = np.empty((20, 75))
    assert product(x, y, out, vector_width(), onto=False)
    np.testing.assert_allclose(out, x @ y, 1e-12, 1e-12)


def network(x: Array) -> tuple[Any, list[Tensor]]:
    """A loss, and its weights, which share the sizes of some products."""
    weights = [Tensor(numbers(90, 70) / 9), *(Tensor(numbers(90, 90) / 9) for _ in range(2))]
    h: Any = x
    for w in weights:
        h = autograd.tanh(h @ w.T)
    return (h * h).sum(), weights


@pytest.mark.parametrize("threads", [1, 4])
def test_a_network_trains_alike_with_tiles_and_with_blas(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensor_rules, "threads", lambda: threads)
    monkeypatch.setattr(tensor_rules, "SHARED", 1 << 10)
    data = numbers(50, 70)
    x = Tensor(data, requires_grad=False)
    loss, weights = network(x)
    program = autograd.compile(loss, inputs=[x], executor="native")
    assert program(data) == pytest.approx(loss.item(), rel=1e-12)
    program.backward()
    compiled = [w.grad for w in weights]
    for w in weights:
        w.grad = None
    loss.backward()
    for w, g in zip(weights, compiled, strict=True):
        np.testing.assert_allclose(g, w.grad, 1e-11, 1e-12)
    assert isinstance(program.executor, TensorExecutor)
    assert program.executor.compiled is not None
    text = program.executor.compiled.text()
    assert ("@tiles0" in text) == (threads == 1 and vector_width() >= 4)
