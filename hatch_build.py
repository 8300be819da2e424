"""Builds the Values in C with the package, where there is a C compiler.

Elsewhere the package is installed without them, and core.txt says why, which `autograd.show_config()`
prints. In the environment ``CHALKGRAD_NATIVE=1`` makes an error of that; ``CHALKGRAD_NATIVE=0`` leaves
them out. In a checkout, ``python hatch_build.py`` builds them in place.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a script, in an environment without it
    BuildHookInterface = object  # type: ignore[assignment, misc]

ROOT = Path(__file__).resolve().parent
HOME = Path("autograd", "engine")
SOURCES = ("scalars.c", "tensors.c")
REASON = HOME / "core.txt"
"""Where `show_config` finds why there is no core."""

VARIABLE = "CHALKGRAD_NATIVE"


def asked() -> str:
    """What the environment asks for: 0 (none of it), 1 (all or an error), or nothing."""
    word = os.environ.get(VARIABLE, "")
    if word not in ("", "0", "1"):
        raise ValueError(f"{VARIABLE} is 0 (Python), 1 (C) or not set, got {word!r:.60}")
    return word


def hindrance() -> str | None:
    """Why they will not be built, where that is known before all that a build needs is installed."""
    if asked() == "0":
        return f"{VARIABLE}=0 when the package was installed"
    if sys.implementation.name != "cpython":
        return f"they are for CPython, and this is {sys.implementation.name}"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "they rely on the interpreter's lock, which this Python has not"
    header = Path(sysconfig.get_path("include"), "Python.h")
    if not header.is_file():
        return (
            f"no headers of Python when the package was installed (Debian: python3-dev): {header}"
        )
    if os.name != "nt":  # where setuptools looks for one
        compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
        if shutil.which(compiler) is None:
            return f"no C compiler when the package was installed: {compiler} is not found"
    return None


def compile_core(folder: str) -> Path:
    """The compiled module, made in a folder."""
    from setuptools import Distribution, Extension

    # In a process of its own, where the package is the one that lies here, and in Python.
    written = f"import sys; sys.path.insert(0, {str(ROOT)!r}); " + (
        "from autograd.programs.languages.in_c import header; sys.stdout.write(header())"
    )
    environment = {**os.environ, VARIABLE: "0", "PYTHONDONTWRITEBYTECODE": "1"}
    rows = subprocess.run(
        [sys.executable, "-c", written],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        encoding="ascii",
    ).stdout
    Path(folder, "rows.h").write_text(rows, encoding="ascii")
    # Products and sums are rounded each, as Python's are. Who sets CFLAGS may want to debug.
    flags = ["/O2", "/fp:precise"] if os.name == "nt" else ["-O2", "-ffp-contract=off"]
    if os.name != "nt" and "CFLAGS" not in os.environ:
        flags.append("-g0")
    extension = Extension(
        "_scalars",
        [str(ROOT / HOME / name) for name in SOURCES],
        include_dirs=[folder],
        extra_compile_args=flags,
    )
    command = Distribution({"ext_modules": [extension]}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = folder, os.path.join(folder, "temporary")
    command.ensure_finalized()
    command.run()
    (made,) = command.get_outputs()
    return Path(made)


def told_of(error: Exception) -> str:
    """An error of a build in few words: which command failed, where it was one."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, subprocess.CalledProcessError):
            return f"{cause.cmd[0]} ended with status {cause.returncode} (pip install -v says more)"
        cause = cause.__context__
    return f"{type(error).__name__}: {error}"


def made_in(folder: str) -> dict[Path, Path]:
    """What is made in a folder, and its place in the package: the core, or why there is none."""
    reason = hindrance()
    if reason is None:
        try:
            made = compile_core(folder)
        except Exception as error:  # whatever is amiss: Values in Python do the same
            reason = f"to build them failed when the package was installed: {told_of(error)}"
        else:
            return {made: HOME / made.name}
    if asked() == "1":
        raise RuntimeError(f"{VARIABLE}=1 asks for Values in C: {reason}")
    told = Path(folder, REASON.name)
    told.write_text(f"{reason}\n", encoding="utf-8")
    return {told: REASON}


class Hook(BuildHookInterface):
    """Hatchling's hook: the core goes into the wheel, or beside its source in an editable one."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        # They are written from the rows, which are NumPy's, and compiled by setuptools.
        return [] if hindrance() else ["numpy>=2.1", "setuptools>=77"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        self.folder = tempfile.TemporaryDirectory()
        added = made_in(self.folder.name)
        if REASON not in added.values():
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
        if version == "editable":
            put_in_place(added)
        else:
            build_data["force_include"].update({str(a): str(b) for a, b in added.items()})

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self.target_name == "wheel":
            self.folder.cleanup()


def put_in_place(added: dict[Path, Path]) -> None:
    """Put what was made into the checkout, and take away what an earlier run put there."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    for earlier in [ROOT / REASON, *(ROOT / HOME).glob(f"_scalars*{suffix}")]:
        earlier.unlink(missing_ok=True)
    for made, place in added.items():
        shutil.copy(made, ROOT / place)


if __name__ == "__main__":
    if reason := hindrance():
        sys.exit(reason)
    with tempfile.TemporaryDirectory() as folder:
        made = compile_core(folder)
        put_in_place({made: HOME / made.name})
        print(HOME / made.name)
