"""Installing: where this copy of the library came from, and so what to type for one of its extras."""

from __future__ import annotations

import functools
import os

NAME = "chalkgrad"

PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def install_hint(extra: str) -> str:
    """What to type for an extra of the library: what pip needs depends on where this copy came from.

    In a clone, and for what was installed from one, it is ``pip install ".[svg]"``, given in the clone's
    folder, which is named where it is not the current one. What was installed by an address is asked for
    by that address again, and what came from an index by its name, ``pip install "chalkgrad[svg]"``.

    Args:
        extra: one of the extras, such as ``"svg"``; several with commas between them.

    >>> install_hint("plot").startswith("pip install ")
    True
    """
    clone, requirement = _origin()
    if clone is None:
        name, *address = requirement.split(" @ ")
        return f'pip install "{" @ ".join([f"{name}[{extra}]", *address])}"'
    if os.path.realpath(os.curdir) == os.path.realpath(clone):
        return f'pip install ".[{extra}]"'
    return f'pip install ".[{extra}]" in {clone if os.path.isdir(clone) else "its clone"}'


def again() -> str:
    """What to type to have the library's files put back where they were."""
    clone, requirement = _origin()
    where = "." if clone is not None else f'"{requirement}"'
    said = f"pip install --force-reinstall --no-deps {where}"
    return said if clone is None or not os.path.isdir(clone) else f"cd {clone} && {said}"


@functools.cache
def _origin() -> tuple[str | None, str]:
    """The folder of the clone, or None; and what pip is asked for where there is none."""
    around = os.path.dirname(PACKAGE)
    if os.path.isfile(os.path.join(around, "pyproject.toml")):
        return around, NAME  # run where it lies, or installed with -e
    # Read when something is missing, not when the library is imported.
    import json
    from importlib import metadata
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    for found in metadata.distributions(name=NAME, path=[around]):
        text = found.read_text("direct_url.json")
        if text is None:
            continue
        source = json.loads(text)
        address = urlsplit(source["url"])
        if "dir_info" in source and address.scheme == "file":
            return url2pathname(address.path), NAME
        if "vcs_info" in source:
            return None, f"{NAME} @ {source['vcs_info']['vcs']}+{source['url']}"
        return None, f"{NAME} @ {source['url']}"
    return None, NAME
