"""What a line of the user's does with what it reads: whether arithmetic takes it."""

from __future__ import annotations

import dis
from bisect import bisect_right
from functools import lru_cache
from types import CodeType

OPERATORS = {"+", "-", "*", "/", "//", "**", "@"}
"""Those that take no None, on either side. (``%`` formats one, ``|`` makes a type with one.)"""


@lru_cache(maxsize=1024)
def is_operand(code: CodeType, offset: int) -> bool:
    """Whether the attribute that the instruction at an offset reads is an operand of arithmetic.

    What follows is followed while it only puts other operands beside it.

    >>> def step(p, rate):
    ...     return p.data - rate * p.grad
    >>> reads = [i.offset for i in dis.get_instructions(step) if i.argval in ("data", "grad")]
    >>> [is_operand(step.__code__, offset) for offset in reads]
    [True, True]
    """
    instructions = list(dis.get_instructions(code))
    # Where Python has put the property's own code in, the offset is within the instruction's.
    at = bisect_right(instructions, offset, key=lambda each: each.offset) - 1
    if instructions[at].opname != "LOAD_ATTR":
        return False
    above = 0  # how much lies on it
    for each in instructions[at + 1 :]:
        if each.opname == "BINARY_OP":
            if above < 2:
                return each.argrepr.removesuffix("=") in OPERATORS
            above -= 1
        elif each.opname == "UNARY_NEGATIVE":
            if not above:
                return True
        elif each.opname.startswith("LOAD_"):
            if not above and each.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                return False
            above += dis.stack_effect(each.opcode, each.arg)
        elif each.opname not in ("NOP", "EXTENDED_ARG"):
            return False
    return False
