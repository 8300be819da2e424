"""Matrix products by the BLAS that SciPy brings: where its functions are, and how code calls them."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os

from autograd.programs.native.cores import cores
from autograd.programs.native.llvm import Code, literal
from autograd.programs.native.tensors.operations import View
from autograd.support.installing import install_hint
from autograd.support.late import import_late

FUNCTIONS = ("dgemm", "sgemm")
"""What is called; as many threads take part as the BLAS is set to use, which is left as it is."""


def available() -> str | None:
    """None where the functions are found, else why not."""
    if importlib.util.find_spec("scipy") is None:
        return f"scipy is not installed: {install_hint('fast')}"
    return None


def threads() -> int:
    """How many threads OpenBLAS starts: what it reads when it is loaded."""
    for name in ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"):
        number = os.environ.get(name, "")
        if number.isdecimal() and int(number) > 0:
            return int(number)
    return cores()


@functools.cache
def addresses() -> tuple[int, ...]:
    """The addresses of the functions, in the order of `FUNCTIONS`."""
    capsules = import_late("scipy.linalg.cython_blas").__pyx_capi__
    name, pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return tuple(int(pointer(capsules[each], name(capsules[each]))) for each in FUNCTIONS)


def product(
    code: Code,
    function: str,
    half: bool,
    sizes: tuple[int, int, int],
    operands: tuple[tuple[View, str], tuple[View, str]],
    out: str,
    onto: bool,
) -> None:
    """Write a call: out = x · y, or out += x · y with `onto`, of matrices (m, k) and (k, n).

    BLAS counts by columns where NumPy counts by rows, and sees every matrix transposed: it is given
    yᵀ · xᵀ.
    """
    m, n, k = sizes
    kind = "float" if half else "double"
    passed: list[str] = []

    def place(typed: str, value: str) -> None:
        at = code.put(f"alloca {typed}")
        code.lines.append(f"  store {typed} {value}, ptr {at}")
        passed.append(f"ptr {at}")

    (x, x_at), (y, y_at) = operands
    for each in (y, x):
        place("i8", str(ord("N" if each.strides[1] == 1 else "T")))
    for size in (n, m, k):
        place("i32", str(size))
    place(kind, literal(1.0))
    for each, at in ((y, y_at), (x, x_at)):
        passed.append(f"ptr {at}")
        place("i32", str(each.strides[0] if each.strides[1] == 1 else each.strides[1]))
    place(kind, literal(1.0 if onto else 0.0))
    passed.append(f"ptr {out}")
    place("i32", str(n))
    code.lines.append(f"  call void {function}({', '.join(passed)})")
