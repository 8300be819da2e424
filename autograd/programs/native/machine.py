"""Machine code from LLVM text, compiled for this processor or read from the cache."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import importlib.util
import os
import sys
from collections.abc import Callable
from typing import Any

from autograd.programs.native import cache
from autograd.programs.native.llvm import LIBRARY
from autograd.support.forking import held_at_forks
from autograd.support.installing import install_hint
from autograd.support.late import import_late

VARIABLE = "CHALKGRAD_CPU_CAPABILITY"
LIMITS = {
    "avx512": (),
    "avx2": ("avx512", "avx10", "amx"),
    "default": ("avx", "amx", "fma", "f16c", "vaes", "vpclmulqdq", "xop"),
}
"""How the names of those features of an x86 processor begin that code of each capability is without."""

MINIMUM = (0, 45)
"""The first llvmlite whose LLVM reads the text that is written here."""


class NotNativeError(Exception):
    """A plan that has no native form; the message says why."""


def available() -> str | None:
    """None where llvmlite can be used, else why not."""
    if importlib.util.find_spec("llvmlite") is None:
        return f"llvmlite is not installed: {install_hint('fast')}"
    llvmlite = import_late("llvmlite")
    version = tuple(int(part) for part in llvmlite.__version__.split(".")[:2])
    if version < MINIMUM:
        return f"llvmlite {llvmlite.__version__} is older than {'.'.join(map(str, MINIMUM))}"
    return None


@functools.cache
def _host() -> tuple[Any, Any, str, str]:
    """llvmlite's binding, the target, and the name and the features of this processor."""
    binding = import_late("llvmlite.binding")
    # llvmlite holds a lock during every call of LLVM, also where it frees what is not needed any more,
    # and offers no other way to hold it. A child that was forked within a call could never make one.
    lock = getattr(getattr(binding.ffi.lib, "_lock", None), "_lock", None)
    if lock is not None:
        held_at_forks(lock)
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    for name, address in _library().items():
        binding.add_symbol(name, address)
    cpu = binding.get_host_cpu_name()
    try:
        features = binding.get_host_cpu_features().flatten()
    except RuntimeError:  # LLVM does not know them everywhere
        features = ""
    features = limited(features)
    if "+avx512f" in features:
        features += (
            ",-prefer-256-bit"  # which LLVM sets for some processors that have wider vectors
        )
    return binding, binding.Target.from_default_triple(), cpu, features


def limited(features: str) -> str:
    """The features that code may use: those of the processor, up to ``CHALKGRAD_CPU_CAPABILITY``.

    That variable is ``avx512``, ``avx2`` or ``default`` (neither), as PyTorch's ``ATEN_CPU_CAPABILITY``:
    to have the code, and the times, of an older processor of x86. Others have none of these features.

    Raises:
        ValueError: it is something else.
    """
    chosen = os.environ.get(VARIABLE, "avx512")
    if chosen not in LIMITS:
        raise ValueError(f"{VARIABLE} is one of {', '.join(LIMITS)}, got {chosen!r:.60}")
    return ",".join(
        [
            f"-{each[1:]}" if each.startswith("+") and each[1:].startswith(LIMITS[chosen]) else each
            for each in features.split(",")
        ]
    )


def _library() -> dict[str, int]:
    """The addresses of the C library's functions, which LLVM does not find by itself everywhere."""
    if sys.platform == "win32":
        library: Any = ctypes.CDLL("ucrtbase")
    else:
        library = ctypes.CDLL(ctypes.util.find_library("m"))
    found = {name: getattr(library, name) for name in LIBRARY}
    if sys.platform == "win32":
        found["__chkstk"] = ctypes.CDLL("ntdll").__chkstk
    return {name: ctypes.cast(f, ctypes.c_void_p).value or 0 for name, f in found.items()}


@functools.cache
def vector_width() -> int:
    """How many numbers one instruction of this processor takes."""
    features = _host()[3].split(",")
    if "+avx512f" in features and "+avx512dq" in features:
        return 8
    return 4 if "+avx2" in features and "+fma" in features else 2


def machine_code(text: str, effort: int = 2) -> tuple[bytes, bool]:
    """The object code of a module, and whether it came from the cache."""
    binding, target, cpu, features = _host()
    version = ".".join(map(str, binding.llvm_version_info))
    key = cache.key_of(text, version, binding.get_process_triple(), cpu, features, str(effort))
    found = cache.load(key)
    if found is not None:
        return found, True
    machine = target.create_target_machine(cpu=cpu, features=features, opt=effort, jit=True)
    module = binding.parse_assembly(text)
    module.verify()
    code: bytes = machine.emit_object(module)
    cache.save(key, code)
    return code, False


class Machine:
    """Loaded machine code, whose functions take one address."""

    def __init__(self, code: bytes) -> None:
        binding, target, cpu, features = _host()
        machine = target.create_target_machine(cpu=cpu, features=features, opt=2, jit=True)
        empty = binding.parse_assembly("")
        self._engine = binding.create_mcjit_compiler(empty, machine)
        self._engine.add_object_file(binding.ObjectFileRef.from_data(code))
        self._engine.finalize_object()

    def function(self, name: str) -> Callable[[int], None]:
        """A function by name; Python's lock is free while it runs."""
        address = self._engine.get_function_address(name)
        function: Callable[[int], None] = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)
        return function
