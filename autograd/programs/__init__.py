"""Programs: a recorded graph, replayed with other numbers."""

from autograd.programs.function import CompiledFunction, compile
from autograd.programs.guards import BranchChanged
from autograd.programs.instances import InstanceFunction, vectorize
from autograd.programs.program import Program, ProgramStats
from autograd.programs.verifying import ProgramError

__all__ = [
    "BranchChanged",
    "CompiledFunction",
    "InstanceFunction",
    "Program",
    "ProgramError",
    "ProgramStats",
    "compile",
    "vectorize",
]
