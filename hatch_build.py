"""Builds the Values in C with the package, when ``CHALKGRAD_NATIVE=1`` asks for them.

It fails where they cannot be built. In a checkout, ``python hatch_build.py`` builds them in place.
"""

from __future__ import annotations

import os
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
SOURCE = HOME / "scalars.c"
REASON = HOME / "core.txt"
"""Where `show_config` finds why there is no core."""


def compile_core(folder: str) -> Path:
    """The compiled module, made in a folder."""
    if sys.implementation.name != "cpython":
        raise RuntimeError(f"they are for CPython, and this is {sys.implementation.name}")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise RuntimeError("they rely on the interpreter's lock, which this Python has not")
    from setuptools import Distribution, Extension

    # In a process of its own, where the package is the one that lies here, and in Python.
    asked = f"import sys; sys.path.insert(0, {str(ROOT)!r}); " + (
        "from autograd.programs.languages.in_c import header; sys.stdout.write(header())"
    )
    environment = {**os.environ, "CHALKGRAD_NATIVE": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    rows = subprocess.run(
        [sys.executable, "-c", asked],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        encoding="ascii",
    ).stdout
    Path(folder, "rows.h").write_text(rows, encoding="ascii")
    # Products and sums are rounded each, as Python's are.
    flags = ["/O2", "/fp:precise"] if os.name == "nt" else ["-O2", "-ffp-contract=off"]
    extension = Extension(
        "_scalars", [str(ROOT / SOURCE)], include_dirs=[folder], extra_compile_args=flags
    )
    command = Distribution({"ext_modules": [extension]}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = folder, os.path.join(folder, "temporary")
    command.ensure_finalized()
    command.run()
    (made,) = command.get_outputs()
    return Path(made)


def asked_for() -> bool:
    """Whether the environment asks for Values in C."""
    return os.environ.get("CHALKGRAD_NATIVE") == "1"


class Hook(BuildHookInterface):
    """Hatchling's hook: the core goes into the wheel, or beside its source in an editable one."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        # They are written from the rows, which are NumPy's, and compiled by setuptools.
        return ["numpy>=2.1", "setuptools>=77"] if asked_for() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        self.folder = tempfile.mkdtemp()
        if asked_for():
            made = compile_core(self.folder)
            added = {made: HOME / made.name}
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
        else:
            reason = Path(self.folder, "reason.txt")
            reason.write_text("CHALKGRAD_NATIVE=1 when installing builds them\n", encoding="utf-8")
            added = {reason: REASON}
        if version == "editable":
            put_in_place(added)
        else:
            build_data["force_include"].update({str(a): str(b) for a, b in added.items()})

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self.target_name == "wheel":
            shutil.rmtree(self.folder)


def put_in_place(added: dict[Path, Path]) -> None:
    """Put what was made into the checkout, and take away what an earlier run put there."""
    for earlier in [ROOT / REASON, *(ROOT / HOME).glob(f"_scalars*{suffix()}")]:
        earlier.unlink(missing_ok=True)
    for made, place in added.items():
        shutil.copy(made, ROOT / place)


def suffix() -> str:
    """What a compiled module of this Python ends with."""
    return str(sysconfig.get_config_var("EXT_SUFFIX"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        made = compile_core(folder)
        put_in_place({made: HOME / made.name})
        print(HOME / made.name)
