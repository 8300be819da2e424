"""Every contestant kept to the instructions of an older processor, each by a variable of its own."""

from __future__ import annotations

import numpy as np

from benchmarks.harness import SETTINGS

ISAS = ("native", "avx2")
"""What this processor has, or AVX2 at most: vectors of four doubles in place of eight."""


def numpy_features() -> list[str]:
    """What NumPy calls its code for AVX-512: it knows the names that it was built with."""
    dispatched: list[str] = np._core._multiarray_umath.__cpu_dispatch__
    return [name for name in dispatched if name.startswith("AVX512") or name == "X86_V4"]


def variables(isa: str) -> dict[str, str]:
    """The environment of a contestant that is to use no more than these instructions.

    tinygrad's compiler has no such variable: it uses what there is.
    """
    if isa == "native":
        return {}
    return {
        "CHALKGRAD_CPU_CAPABILITY": "avx2",
        "NPY_DISABLE_CPU_FEATURES": " ".join(numpy_features()),
        "OPENBLAS_CORETYPE": "Haswell",  # NumPy's and SciPy's
        "XLA_FLAGS": f"{SETTINGS['XLA_FLAGS']} --xla_cpu_max_isa=AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",  # PyTorch from here on
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "CFLAGS": "-mno-avx512f",  # CasADi's C, by gcc
    }
