"""Places in the user's source: where a node was made, and which files are the library's."""

from __future__ import annotations

import itertools
import linecache
import os
import sys
from types import CodeType, FrameType
from typing import Any

import numpy as np

getframe = sys._getframe


library_files: set[str] = set()
"""Files whose frames are skipped when a node looks for the user's line."""


def register_library(package: str) -> None:
    """Count every file below a package's folder as library code when looking for the user's line.

    `package` is the path of any file in the folder, usually ``__file__`` of its ``__init__.py``.
    Nodes made by that code then carry the line that called into it.
    """
    for folder, _, files in os.walk(os.path.dirname(package)):
        library_files.update(os.path.join(folder, name) for name in files if name.endswith(".py"))


register_library(os.path.dirname(__file__))


NUMPY = os.path.dirname(np.__file__)


def is_library(code: CodeType) -> bool:
    """Whether code belongs to the library, or to NumPy, which calls the operators of Values."""
    return code.co_filename in library_files or code.co_filename.startswith(NUMPY)


def user_frame(frame: FrameType) -> FrameType:
    """The nearest frame outside the library, or the outermost one when all of them are inside."""
    while is_library(frame.f_code) and frame.f_back is not None:
        frame = frame.f_back
    return frame


class Site:
    """A place in the user's source: file, line, function, and the text of the line."""

    __slots__ = ("filename", "function", "line", "text")

    def __init__(self, filename: str, line: int, function: str, text: str) -> None:
        self.filename = filename
        self.line = line
        self.function = function
        self.text = text

    @classmethod
    def of(cls, code: CodeType, offset: int) -> Site:
        """Resolve a code object and the offset of an instruction in it."""
        line = next(itertools.islice(code.co_positions(), offset // 2, None), (None,))[0]
        line = code.co_firstlineno if line is None else line
        text = linecache.getline(code.co_filename, line).strip()
        return cls(code.co_filename, line, code.co_qualname, text)

    def __repr__(self) -> str:
        if "ipykernel_" in self.filename:  # a cell of a notebook: the name is that of no file
            inside = "" if self.function == "<module>" else f", in {self.function}"
            return f"a cell of the notebook, line {self.line}{inside}: {self.text}"
        return f'File "{self.filename}", line {self.line}, in {self.function}: {self.text}'


def record_site(node: Any, frame: FrameType) -> None:
    """Note the user's place on a node that was just made."""
    frame = user_frame(frame)
    node._code = frame.f_code
    node._lasti = frame.f_lasti
