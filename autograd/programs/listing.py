"""A plan as text that a person reads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.programs.planning.plan import Instruction, Plan, Register


def listing(plan: Plan) -> str:
    """Each instruction on a line of its own, with what it belongs to on the right."""
    lines = ["# registers that come from outside"]
    for r in [*plan.inputs, *plan.parameters]:
        register = plan.registers[r]
        name = getattr(register.holds, "name", None)
        lines.append(f"r{r} = {register.kind} {name or ''}".rstrip() + _shape(register))
    lines += ["", "# forward", *_instructions(plan, plan.forward), f"return r{plan.output}"]
    if plan.gradients:
        lines += ["", "# backward", f"r{plan.seed} = seed"]
        lines += _instructions(plan, plan.backward)
        for leaf, r in plan.gradients:
            lines.append(f"gradient of {leaf.name or 'a leaf'}: {_operand(plan, r)}")
    return "\n".join(lines)


def _instructions(plan: Plan, steps: list[Instruction]) -> list[str]:
    texts = []
    for step in steps:
        words = [_operand(plan, r) for r in step.arguments]
        words += [f"{key}={_option(x)}" for key, x in step.options.items()]
        text = f"r{step.out} = {step.name}({', '.join(words)})"
        register = plan.registers[step.out]
        if register.node is not None and register.node.name:
            text = f"{text:<48}  # {register.node.name}"
        elif step.node is not None and step.node.site is not None:
            text = f"{text:<48}  # {step.node.site.text}"
        texts.append(text.rstrip())
    return texts


def _operand(plan: Plan, r: int) -> str:
    register = plan.registers[r]
    if register.kind != "constant":
        return f"r{r}"
    if isinstance(register.holds, np.ndarray):
        return f"constant{_shape(register).strip()}"
    return repr(register.holds)


def _option(x: Any) -> str:
    return f"array{x.shape}" if isinstance(x, np.ndarray) else repr(x)


def _shape(register: Register) -> str:
    return f"  {register.shape} {register.dtype}" if math.prod(register.shape) > 1 else ""
